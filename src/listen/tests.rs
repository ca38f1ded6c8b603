//! Odd files and plain ones, made in code, through all of it.

use std::path::Path;

use super::*;
use crate::audio::g711;
use crate::audio::wav::made::MadeWav;
use crate::ear::voice::made::{at_level, person};

/// A folder for one test that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("baton-listen-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(plan: &Plan) -> anyhow::Result<String> {
    let mut out = Vec::new();
    run_to(plan, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn json(files: &[&Path]) -> anyhow::Result<serde_json::Value> {
    let plan =
        Plan { files: files.iter().map(|path| path.to_path_buf()).collect(), json: true, ..Plan::default() };
    Ok(serde_json::from_str(&said(&plan)?)?)
}

fn refused(path: &Path) -> String {
    format!("{:#}", json(&[path]).unwrap_err())
}

/// Somebody speaks in these spans, over quiet noise, at this rate.
fn voice(rate: u32, seconds: f64, spans: &[(f64, f64)]) -> Vec<f64> {
    let words: Vec<(f32, f32)> = spans.iter().map(|&(from, to)| (from as f32, to as f32)).collect();
    let spoken = at_level(&person(seconds as f32, &words, 140.0, 3), -22.0);
    let mut seed = 5_u32;
    let mut sample = |n: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(seed >> 16) / 65_536.0 - 0.5;
        let place = n as f64 * 8_000.0 / f64::from(rate);
        let (whole, part) = (place as usize, place.fract());
        let at = |n: usize| f64::from(spoken.get(n).copied().unwrap_or_default()) / 32_768.0;
        0.000_5 * noise + at(whole) * (1.0 - part) + at(whole + 1) * part
    };
    (0..(seconds * f64::from(rate)) as usize).map(&mut sample).collect()
}

fn to_i16(sound: &[f64]) -> Vec<i16> {
    sound.iter().map(|s| (s * 32_767.0) as i16).collect()
}

fn near(found: &serde_json::Value, wanted: f64) -> bool {
    (found.as_f64().unwrap() - wanted).abs() < 0.12
}

const SPANS: [(f64, f64); 2] = [(1.0, 2.0), (4.0, 5.5)];

fn assert_heard(heard: &serde_json::Value, what: &str) {
    let segments = heard["channels"][0]["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 2, "{what}: {segments:?}");
    for (segment, (from, to)) in segments.iter().zip(SPANS) {
        assert!(near(&segment["from_s"], from) && near(&segment["to_s"], to), "{what}: {segment}");
    }
    assert!(near(&heard["seconds"], 7.0), "{what}");
}

#[test]
fn every_kind_of_file_is_heard_alike() {
    let folder = Folder::new("kinds");
    let plain = voice(8_000, 7.0, &SPANS);
    let samples = to_i16(&plain);
    let ulaw: Vec<u8> = samples.iter().map(|&s| g711::encode(s)).collect();
    let alaw: Vec<u8> = samples.iter().map(|&s| g711::encode_alaw(s)).collect();
    let wide = |shift: u32, bytes: usize| -> Vec<u8> {
        plain
            .iter()
            .flat_map(|s| ((s * f64::from(1 << shift)) as i32).to_le_bytes()[..bytes].to_vec())
            .collect()
    };
    let files = [
        ("pcm16.wav", MadeWav::pcm16(8_000, 1, &samples).bytes()),
        (
            "pcm8.wav",
            MadeWav::coded(
                1,
                8,
                8_000,
                1,
                plain.iter().map(|s| ((s * 127.0).round() + 128.0) as u8).collect(),
            )
            .bytes(),
        ),
        ("pcm24.wav", MadeWav::coded(1, 24, 8_000, 1, wide(23, 3)).bytes()),
        ("pcm32.wav", MadeWav::coded(1, 32, 8_000, 1, wide(30, 4)).bytes()),
        (
            "float.wav",
            MadeWav::coded(3, 32, 8_000, 1, plain.iter().flat_map(|&s| (s as f32).to_le_bytes()).collect())
                .bytes(),
        ),
        ("ulaw.wav", MadeWav::coded(7, 8, 8_000, 1, ulaw.clone()).bytes()),
        ("alaw.wav", MadeWav::coded(6, 8, 8_000, 1, alaw.clone()).bytes()),
        ("raw.ulaw", ulaw.clone()),
        ("raw.ul", ulaw.clone()),
        ("raw.RAW", ulaw),
        ("raw.alaw", alaw),
        ("raw.s16", samples.iter().flat_map(|s| s.to_le_bytes()).collect()),
        ("streamed.wav", MadeWav { claimed: Some(u32::MAX), ..MadeWav::pcm16(8_000, 1, &samples) }.bytes()),
        ("unfinished.wav", MadeWav { claimed: Some(0), ..MadeWav::pcm16(8_000, 1, &samples) }.bytes()),
        (
            "tagged.wav",
            MadeWav { extra: true, extensible: true, ..MadeWav::pcm16(8_000, 1, &samples) }.bytes(),
        ),
    ];
    for (name, bytes) in files {
        assert_heard(&json(&[&folder.with(name, &bytes)]).unwrap(), name);
    }
    for rate in [11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000] {
        let file = MadeWav::pcm16(rate, 1, &to_i16(&voice(rate, 7.0, &SPANS))).bytes();
        assert_heard(&json(&[&folder.with("rate.wav", &file)]).unwrap(), &format!("{rate} Hz"));
    }
}

#[test]
fn channels_are_parties_and_of_many_the_wanted_ones_are_heard() {
    let folder = Folder::new("channels");
    let (one, two) = (to_i16(&voice(8_000, 7.0, &SPANS)), to_i16(&voice(8_000, 7.0, &[(2.5, 3.6)])));
    let quiet = vec![3_i16; one.len()];
    let woven = |all: &[&Vec<i16>]| -> Vec<i16> {
        (0..one.len()).flat_map(|n| all.iter().map(move |c| c[n])).collect()
    };
    let stereo = folder.with("stereo.wav", &MadeWav::pcm16(8_000, 2, &woven(&[&one, &two])).bytes());
    let heard = json(&[&stereo]).unwrap();
    assert_heard(&heard, "stereo");
    assert_eq!(heard["channels"][1]["name"], "other");
    let turns: Vec<_> =
        heard["turns"].as_array().unwrap().iter().map(|turn| turn["who"].as_str().unwrap()).collect();
    assert_eq!(turns, ["prospect", "other", "prospect"]);
    assert!(
        near(&heard["turns"][1]["latency_s"], 0.5) && near(&heard["turns"][2]["latency_s"], 0.4),
        "{}",
        heard["turns"]
    );

    let six = folder.with(
        "six.wav",
        &MadeWav::pcm16(8_000, 6, &woven(&[&quiet, &quiet, &one, &quiet, &two, &quiet])).bytes(),
    );
    let plan = Plan { files: vec![six.clone()], channels: vec![3, 5], json: true, ..Plan::default() };
    assert_heard(&serde_json::from_str(&said(&plan).unwrap()).unwrap(), "channels 3 and 5 of six");
    let first_two = json(&[&six]).unwrap();
    assert!(first_two["notes"].to_string().contains("has 6 channels; the first two were heard"));
    let absent = Plan { channels: vec![7], ..plan };
    assert!(said(&absent).unwrap_err().to_string().contains("has no channel 7: it has 6"));

    let left = folder.with("left.wav", &MadeWav::pcm16(8_000, 1, &one).bytes());
    let short =
        folder.with("right.ulaw", &two[..8_000 * 4].iter().map(|&s| g711::encode(s)).collect::<Vec<_>>());
    let pair = json(&[&left, &short]).unwrap();
    assert_heard(&pair, "two files, one shorter and of another kind");
    assert_eq!(pair["turns"].as_array().unwrap().len(), 3);

    let twice = folder.with("twice.wav", &MadeWav::pcm16(8_000, 2, &woven(&[&one, &one])).bytes());
    assert!(json(&[&twice]).unwrap()["notes"].to_string().contains("both channels hold the same sound"));
    assert!(json(&[&left, &left, &left]).unwrap_err().to_string().contains("3 files"));
}

#[test]
fn what_cannot_be_heard_says_why_and_what_to_do() {
    let folder = Folder::new("refused");
    let whole = MadeWav::pcm16(8_000, 1, &[0; 100]).bytes();
    for (name, bytes, says) in [
        ("empty.wav", &b""[..], "is empty"),
        ("nothing.wav", &MadeWav::pcm16(8_000, 1, &[]).bytes(), "holds no sound"),
        ("cut.wav", &whole[..30], "ends inside its header"),
        ("text.wav", b"Dear Sir or Madam, ", "--format"),
        ("song.mp3", b"ID3\x04\0\0\0\0\0\0\0\0", "is MP3, which is not read here: ffmpeg"),
        ("call.m4a", b"\0\0\0\x20ftypM4A \0\0\0\0", "is MP4/M4A"),
        ("call.opus", b"OggS\0\x02\0\0\0\0\0\0", "Ogg"),
        ("letter.txt", b"Dear Sir or Madam, ", "say --format ulaw, alaw or s16"),
        ("adpcm.wav", &MadeWav::coded(0x11, 8, 8_000, 1, vec![0; 64]).bytes(), "IMA ADPCM"),
        ("slow.wav", &MadeWav::pcm16(100, 1, &[0; 100]).bytes(), "no rate of speech"),
    ] {
        let error = refused(&folder.with(name, bytes));
        assert!(error.contains(says), "{name}: {error}");
    }
    assert!(refused(&folder.0).contains("is a folder: name the one or two files"));
    assert!(
        refused(&folder.0.join("not-there.wav")).contains("not-there.wav cannot be opened: No such file")
    );
    let nowhere = folder.0.join("not-there/page.html");
    let plan = Plan { files: vec![folder.with("good.wav", &whole)], html: Some(nowhere), ..Plan::default() };
    assert!(format!("{:#}", said(&plan).unwrap_err()).contains("page.html cannot be written"));
    assert!(said(&Plan::default()).unwrap_err().to_string().contains("name a file"));
}

#[test]
fn a_file_that_ends_too_early_is_heard_as_far_as_it_goes() {
    let folder = Folder::new("early");
    let whole = MadeWav::pcm16(8_000, 1, &to_i16(&voice(8_000, 9.0, &SPANS))).bytes();
    let heard = json(&[&folder.with("early.wav", &whole[..=44 + 7 * 16_000])]).unwrap();
    assert_heard(&heard, "cut off in its sound, in the middle of a sample");
    assert!(
        heard["notes"].to_string().contains("was cut off: 2.0 s fewer than its header says"),
        "{}",
        heard["notes"]
    );
    // A file of three samples is short, not wrong.
    let short = json(&[&folder.with("three.wav", &MadeWav::pcm16(8_000, 1, &[1, 2, 3]).bytes())]).unwrap();
    assert_eq!(short["channels"][0]["tracks"][0]["values"].as_array().unwrap().len(), 1);
    assert!(short["notes"].to_string().contains("nobody speaks"));
}

#[test]
fn raw_sound_is_read_as_told() {
    let folder = Folder::new("raw");
    let wide = to_i16(&voice(16_000, 7.0, &SPANS));
    let file = folder.with("sound.bin", &wide.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<_>>());
    let plan = Plan {
        files: vec![file],
        format: Some(RawFormat::S16),
        rate: Some(16_000),
        json: true,
        ..Plan::default()
    };
    assert_heard(&serde_json::from_str(&said(&plan).unwrap()).unwrap(), "raw 16 kHz");
}

#[test]
fn each_output_says_what_was_found() {
    let folder = Folder::new("outputs");
    let (one, two) = (to_i16(&voice(8_000, 7.0, &SPANS)), to_i16(&voice(8_000, 7.0, &[(2.5, 3.6)])));
    let woven: Vec<i16> = one.iter().zip(&two).flat_map(|(&a, &b)| [a, b]).collect();
    let file = folder.with("call \"<b>\".wav", &MadeWav::pcm16(8_000, 2, &woven).bytes());
    let plan = Plan { files: vec![file], ..Plan::default() };
    let text = said(&plan).unwrap();
    assert!(text.contains("2 channels, 16-bit PCM, 8000 Hz") && text.contains("answered after"), "{text}");

    let table = |table| said(&Plan { csv: Some(table), ..plan.clone() }).unwrap();
    for (which, rows, columns) in [
        (Table::Segments, 3..=3, 3),
        (Table::Turns, 3..=3, 6),
        (Table::Tracks, 1_400..=1_400, 7),
        // Once there is enough voice, of the prospect only.
        (Table::Features, 1..=12, 18),
        (Table::Mood, 13..=14, 12),
    ] {
        let csv = table(which);
        assert!(rows.contains(&(csv.lines().count() - 1)), "{which:?}: {csv:.300}");
        assert!(csv.lines().all(|line| line.split(',').count() == columns), "{which:?}: {csv:.300}");
    }
    let spoken = table(Table::Tracks).lines().filter(|line| line.split(',').nth(2) == Some("1")).count();
    assert!((340..=380).contains(&spoken), "{spoken} hops of 10 ms in 3.6 s");

    let page = folder.0.join("page.html");
    let out = said(&Plan { html: Some(page.clone()), ..plan.clone() }).unwrap();
    assert!(out.contains("The page is in "));
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.len() > 2 * 7 * 8_000 * 4 / 3, "the sound of both is in it");
    assert!(html.contains("call &quot;&lt;b&gt;&quot;.wav"));
    said(&Plan { html: Some(page.clone()), sound_megabytes: Some(0), ..plan.clone() }).unwrap();
    let silent = std::fs::read_to_string(&page).unwrap();
    assert!(
        silent.len() < html.len() - 100_000 && silent.contains("it has no sound; --sound-limit MB"),
        "{}",
        silent.len()
    );
    let both = Plan { json: true, csv: Some(Table::Turns), ..plan };
    assert!(said(&both).unwrap_err().to_string().contains("choose one"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]
    #[test]
    fn whatever_a_file_holds_it_is_heard_or_refused(
        damage in proptest::collection::vec((12_usize..60, proptest::prelude::any::<u8>()), 0..4),
        length in 0_usize..4_000,
    ) {
        let folder = Folder::new("damaged");
        let mut bytes = MadeWav::pcm16(16_000, 2, &to_i16(&voice(16_000, 0.1, &[(0.0, 0.1)]))).bytes();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        bytes.truncate(length);
        let plan = Plan {
            files: vec![folder.with("damaged.wav", &bytes)],
            html: Some(folder.0.join("page.html")),
            ..Plan::default()
        };
        if let Err(e) = said(&plan) {
            proptest::prop_assert!(format!("{e:#}").contains("damaged.wav"), "{e:#} does not say of which file");
        }
    }
}
