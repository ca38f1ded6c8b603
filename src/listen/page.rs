//! The page: one file with everything inside, to look at and to listen to, without a network.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::analysis::{Estimate, Event, Heard, Segment, TurnAt};
use super::summary::LINES;
use super::{Analysis, Channel};

/// Megabytes of sound that a page holds unless told otherwise: 26 minutes of two parties. As base64 they take a third more.
pub const SOUND_MEGABYTES: u32 = 25;

/// Bytes of µ-law for all channels together.
pub(super) fn sound_bytes(megabytes: u32) -> usize {
    megabytes as usize * 1_000_000
}

/// What the page is told; tracks are bytes in base64, one a step.
#[derive(Serialize)]
struct Shown<'a> {
    files: &'a [Heard],
    notes: Vec<&'a str>,
    seconds: f64,
    step_s: f64,
    channels: Vec<ShownChannel<'a>>,
    turns: &'a [TurnAt],
    events: &'a [Event],
    lines: Vec<(&'static str, Vec<String>)>,
    sound_note: Option<String>,
}

#[derive(Serialize)]
struct ShownChannel<'a> {
    name: &'static str,
    segments: &'a [Segment],
    peaks: String,
    level: Option<String>,
    score: Option<String>,
    pitch: Option<String>,
    mood_names: Vec<&'static str>,
    /// A row a time; what there was no evidence for is null.
    mood: Vec<MoodRow>,
    sound: String,
}

/// When, then value and confidence of each name.
type MoodRow = (f64, Vec<Option<(f64, f64)>>);

/// Writes the page; the sound in it is at most so many megabytes.
pub(super) fn write(analysis: &Analysis, megabytes: u32, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<&str> = analysis.files.iter().map(|file| file.name.as_str()).collect();
    let title = escaped(&names.join(" and "));
    let shown = serde_json::to_string(&shown(analysis, megabytes))?;
    let parts =
        [("title", title.as_str()), ("style", STYLE), ("analysis", &in_a_script(&shown)), ("script", SCRIPT)];
    fill(PAGE, &parts, out)
}

/// Writes a page with each of these parts in the place of its `{{name}}`.
pub(crate) fn fill(page: &str, parts: &[(&str, &str)], out: &mut dyn Write) -> io::Result<()> {
    let mut rest = page;
    // Each once and in this order: what is put in is never looked at again.
    for (name, part) in parts {
        let mark = format!("{{{{{name}}}}}");
        let (before, after) =
            rest.split_once(&mark).expect("the page has each mark once, in this order: a test reads it");
        out.write_all(before.as_bytes())?;
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn shown(analysis: &Analysis, megabytes: u32) -> Shown<'_> {
    let hops = analysis.channels.iter().map(|channel| channel.peaks.len()).max().unwrap_or_default();
    let every = hops.div_ceil(MOST_POINTS).max(1);
    let kept = analysis.channels.iter().map(|channel| channel.sound.len()).min().unwrap_or_default() as f64
        / 8_000.0;
    let sound_note = (kept + 0.05 < analysis.seconds).then(|| {
        let of_it = if kept > 0.0 {
            format!("only the first {} are in it to hear", super::progress::clock(kept))
        } else {
            "it has no sound".to_owned()
        };
        format!("This page may hold {megabytes} MB of sound, so {of_it}; --sound-limit MB changes that.")
    });
    let mut notes: Vec<&str> = analysis.notes.iter().map(String::as_str).collect();
    if every > 1 {
        notes.push("The recording is long: its tracks are thinned out here; --csv=tracks has them all.");
    }
    let read = |(what, read): &(&'static str, fn(&super::analysis::Side) -> String)| {
        (*what, analysis.channels.iter().map(|channel| read(&channel.shape)).collect())
    };
    Shown {
        files: &analysis.files,
        notes,
        seconds: super::analysis::thousandths(analysis.seconds),
        step_s: every as f64 / 100.0,
        channels: analysis.channels.iter().map(|channel| shown_channel(channel, every)).collect(),
        turns: &analysis.turns,
        events: &analysis.events,
        lines: LINES.iter().map(read).collect(),
        sound_note,
    }
}

fn shown_channel(channel: &Channel, every: usize) -> ShownChannel<'_> {
    let track = |name: &str, byte: fn(f32) -> u8| {
        let values = channel.track(name)?;
        // Of some points the largest stands for them: a short word must not vanish.
        Some(
            BASE64.encode(
                values
                    .chunks(every)
                    .map(|some| some.iter().map(|&v| byte(v)).max().unwrap_or(0))
                    .collect::<Vec<_>>(),
            ),
        )
    };
    let peaks: Vec<u8> =
        channel.peaks.chunks(every).map(|some| some.iter().copied().max().unwrap_or(0)).collect();
    let all = channel.mood.iter().map(|mood| (mood.at_s, mood.named()));
    let mood_names =
        all.clone().flat_map(|(_, named)| named).filter(|(_, estimate)| estimate.is_some()).fold(
            Vec::new(),
            |names, (name, _)| if names.contains(&name) { names } else { [names, vec![name]].concat() },
        );
    let two = |e: Estimate| {
        (super::analysis::thousandths(e.value.into()), super::analysis::thousandths(e.confidence.into()))
    };
    let mood = all
        .map(|(at_s, named)| {
            let of =
                |name: &&str| named.iter().find(|(known, _)| known == name).and_then(|(_, e)| e.map(two));
            (super::analysis::thousandths(at_s), mood_names.iter().map(of).collect())
        })
        .collect();
    ShownChannel {
        name: channel.name,
        segments: &channel.segments,
        peaks: BASE64.encode(peaks),
        level: track("level_dbfs", level_byte),
        score: track("score", share_byte),
        pitch: track("f0_hz", pitch_byte),
        mood_names,
        mood,
        sound: BASE64.encode(&channel.sound),
    }
}

/// Half decibels above -100; 0: not known.
fn level_byte(dbfs: f32) -> u8 {
    if dbfs.is_finite() { (2.0 * (dbfs + 100.0)).round().clamp(1.0, 255.0) as u8 } else { 0 }
}

/// 254ths, from one; 0: not known.
fn share_byte(share: f32) -> u8 {
    if share.is_finite() { 1 + (share * 254.0).round().clamp(0.0, 254.0) as u8 } else { 0 }
}

/// 66 steps an octave above 50 Hz, from one, so that 620 Hz are 240; 0: unvoiced.
fn pitch_byte(hertz: f32) -> u8 {
    if hertz > 0.0 { (1.0 + 66.0 * libm::log2f(hertz / 50.0)).round().clamp(1.0, 255.0) as u8 } else { 0 }
}

/// Text inside an element of the page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// JSON inside a script: nothing in it may end the script, or be an end of a line to an old browser.
pub(crate) fn in_a_script(json: &str) -> String {
    let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Two hours at a step of 10 ms, about 8 MB of tracks for two parties; of what is longer, some points become one.
const MOST_POINTS: usize = 720_000;

const PAGE: &str = include_str!("page.html");
/// How the pages look, dark and light.
pub(crate) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_for_what_they_say() {
        assert_eq!([level_byte(-100.0), level_byte(0.0), level_byte(f32::NAN)], [1, 200, 0]);
        assert_eq!([share_byte(0.0), share_byte(1.0), share_byte(f32::NAN)], [1, 255, 0]);
        assert_eq!(
            [pitch_byte(0.0), pitch_byte(50.0), pitch_byte(100.0), pitch_byte(620.0)],
            [0, 1, 67, 241]
        );
    }

    #[test]
    fn nothing_that_a_file_is_called_gets_out_of_its_place() {
        let name = "</script><script>alert(1)</script>&\"'{{script}}\u{2028}.wav".to_owned();
        let heard = Heard { name: name.clone(), coding: "µ-law".to_owned(), rate: 8_000, channels: 1 };
        let analysis = Analysis { files: vec![heard], notes: vec![name.clone()], ..Analysis::default() };
        let mut page = Vec::new();
        write(&analysis, 1, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script>alert"), "a name became a script");
        assert_eq!(page.matches("</script>").count(), PAGE.matches("</script>").count());
        assert_eq!(page.matches("\u{2028}").count(), 1, "only in the title, where it is text");
        let json =
            page.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
        let shown: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(shown["files"][0]["name"], name, "and it is still the same name");
    }

    #[test]
    fn the_page_needs_nothing_from_anywhere() {
        for part in [PAGE, STYLE, SCRIPT] {
            for foreign in [
                "http:",
                "https:",
                "//cdn",
                "@import",
                "src=",
                "fetch(",
                "innerHTML",
                "eval(",
                "document.write",
            ] {
                assert!(!part.contains(foreign), "{foreign}");
            }
        }
        assert!(!SCRIPT.contains("</") && !STYLE.contains("</"), "it would end its own element");
    }

    #[test]
    fn every_element_is_closed_in_its_order() {
        let mut open = Vec::new();
        let mut rest = PAGE;
        while let Some((_, tag)) = rest.split_once('<') {
            let (tag, after) = tag.split_once('>').expect("each tag ends");
            rest = after;
            let name = tag.split_whitespace().next().unwrap();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed)),
                None if ["!doctype", "meta", "input", "br", "col", "link"].contains(&name) => {}
                None => open.push(name),
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}
