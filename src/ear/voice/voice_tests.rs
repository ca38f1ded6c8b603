//! The ear on made sounds: people, tones, music, noise, echo; and on the corpus where there is one.

use std::f32::consts::TAU;

use super::made::*;
use super::*;
use crate::ear::spectrum::{HOP, REACH, spectra};

/// What an ear made of a sound.
struct Judged {
    speaking: Vec<bool>,
    changes: Vec<(usize, Change)>,
}

fn judge(sound: &[i16], playing: impl Fn(usize) -> f32) -> Judged {
    let mut voice = Voice::default();
    let mut reach = [0.0; REACH];
    let mut judged = Judged { speaking: Vec::new(), changes: Vec::new() };
    for (n, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        reach.copy_within(2 * HOP.., 0);
        reach[REACH - FRAME_SAMPLES..].copy_from_slice(&frame.map(f32::from));
        let voiced = voice.hear(MediaTime((n * FRAME_SAMPLES) as u64), frame, &spectra(&reach), playing(n));
        judged.speaking.push(voiced.speaking);
        judged.changes.extend(voiced.change.map(|change| (n, change)));
    }
    judged
}

/// The sound through a telephone on a line that hisses at -65 dBFS, and what an ear makes of it when we play nothing.
fn heard(sound: &[f32]) -> Judged {
    judge(&on_line(sound), |_| -96.0)
}

fn on_line(sound: &[f32]) -> Vec<i16> {
    telephone(&mix(sound, &at_level(&white(sound.len() as f32 / 8_000.0, 99), -65.0)))
}

fn after(seconds: f32, sound: &[f32]) -> Vec<f32> {
    let mut later = vec![0.0; (seconds * 8_000.0) as usize];
    later.extend(sound);
    later
}

impl Judged {
    fn began(&self) -> Vec<f32> {
        let began = |change: &(usize, Change)| match change.1 {
            Change::Began { at } => Some(at.0 as f32 / 8_000.0),
            _ => None,
        };
        self.changes.iter().filter_map(began).collect()
    }

    /// Seconds held for speech between these two.
    fn spoken(&self, from: f32, to: f32) -> f32 {
        let frames = self
            .speaking
            .iter()
            .enumerate()
            .filter(|(n, speaking)| **speaking && (from..to).contains(&(*n as f32 * 0.02)));
        frames.count() as f32 * 0.02
    }
}

#[test]
fn a_person_is_heard_from_the_first_word_to_the_last_and_three_clocks_ring_after_it() {
    for (pitch, level) in [(105.0, -20.0), (130.0, -30.0), (210.0, -25.0), (240.0, -36.0)] {
        let words = [(1.0, 2.2), (2.3, 3.5), (6.0, 6.35)];
        let judged = heard(&at_level(&person(8.5, &words, pitch, 7), level));
        let near = |at: MediaTime, seconds: f32| (at.0 as f32 / 8_000.0 - seconds).abs() < 0.12;
        let kinds: Vec<Change> = judged.changes.iter().map(|change| change.1).collect();
        let said = format!("{pitch} Hz, {level} dBFS: {:?}", judged.changes);
        let [
            Change::Began { at: first },
            Change::Paused { since: one },
            Change::TurnMayBeOver { since: two },
            Change::LongSilence { since: three },
            Change::Began { at: second },
            Change::Paused { since: last },
            Change::TurnMayBeOver { .. },
            Change::LongSilence { .. },
        ] = kinds[..]
        else {
            panic!("{said}")
        };
        assert!(near(first, 1.0) && near(one, 3.5) && near(second, 6.0) && near(last, 6.35), "{said}");
        assert!(one == two && two == three, "one silence, one beginning: {said}");
        let told: Vec<usize> = judged.changes.iter().map(|change| change.0).collect();
        assert!(
            (told[0] as f32 * 0.02 - 1.0) < 0.16,
            "the first word on a line that nobody has heard: {said}"
        );
        assert!((told[4] as f32 * 0.02 - 6.0) < 0.12, "{said}");
        for (told, after) in told[1..4].iter().zip([0.2, 0.7, 1.5]) {
            let silent = *told as f32 * 0.02 + 0.02 - one.0 as f32 / 8_000.0;
            assert!((after - 0.001..after + 0.05).contains(&silent), "{silent} for {after}: {said}");
        }
    }
}

#[test]
fn no_tone_of_a_machine_is_ever_speech() {
    let always = |_: f32| true;
    let hum =
        |hertz: f32| sound(6.0, move |t| (1..9).map(|h| (TAU * hertz * h as f32 * t).sin() / h as f32).sum());
    let digit = |low: f32, high: f32| lines(3.0, &[low, high], |t| t % 0.2 < 0.1);
    let sounds = [
        ("ringback, America", lines(8.0, &[440.0, 480.0], |t| t % 6.0 < 2.0)),
        (
            "ringback, Britain",
            lines(8.0, &[400.0, 450.0], |t| t % 3.0 < 0.4 || (0.6..1.0).contains(&(t % 3.0))),
        ),
        ("ringback, Europe", lines(6.0, &[425.0], |t| t % 5.0 < 1.0)),
        ("ringback, Japan", lines(6.0, &[385.0, 415.0], |t| t % 3.0 < 1.0)),
        ("busy", lines(5.0, &[480.0, 620.0], |t| t % 1.0 < 0.5)),
        ("all lines busy", lines(5.0, &[480.0, 620.0], |t| t % 0.5 < 0.25)),
        ("dial", lines(4.0, &[350.0, 440.0], always)),
        ("keys 1", digit(697.0, 1_209.0)),
        ("keys 5", digit(770.0, 1_336.0)),
        ("keys 9", digit(852.0, 1_477.0)),
        ("keys D", digit(941.0, 1_633.0)),
        ("fax calls", lines(5.0, &[1_100.0], |t| t % 3.5 < 0.5)),
        ("fax answers", lines(4.0, &[2_100.0], always)),
        ("no such number", sweep(2.0, |t| [985.2, 1_428.5, 1_776.7][((t / 0.33) as usize).min(2)])),
        ("alarm", lines(6.0, &[1_000.0], |t| t % 0.2 < 0.1)),
        ("two-tone horn", sweep(6.0, |t| if t % 1.0 < 0.5 { 440.0 } else { 585.0 })),
        ("warble", sweep(6.0, |t| if t % 0.125 < 0.062 { 800.0 } else { 1_000.0 })),
        ("siren", sweep(8.0, |t| 900.0 + 500.0 * (1.9 * t).sin())),
        ("rising", sweep(8.0, |t| 300.0 + 380.0 * t)),
        ("buzzer", sound(5.0, |t| 2.0 * ((t * 120.0) % 1.0) - 1.0)),
        ("hum of 50 Hz", hum(50.0)),
        ("hum of 60 Hz", hum(60.0)),
    ];
    for (name, sound) in sounds {
        for level in [-14.0, -26.0, -38.0] {
            for silence in [0.0, 1.5] {
                let judged = heard(&after(silence, &at_level(&sound, level)));
                assert!(judged.began().is_empty(), "{name} at {level} dBFS after {silence} s");
            }
        }
    }
}

#[test]
fn noise_is_not_speech_or_not_for_long() {
    let gusts = |keep: f32| -> Vec<f32> {
        let swell = |n: usize| 1.0 + 0.9 * (n as f32 / 4_244.0).sin();
        dark(9.0, 10, keep).iter().enumerate().map(|(n, sample)| sample * swell(n)).collect()
    };
    let bursts: Vec<f32> = white(9.0, 17)
        .iter()
        .enumerate()
        .map(|(n, sample)| if n / 4_000 % 3 == 1 { *sample } else { 0.0 })
        .collect();
    // What may be taken for speech of nine seconds: on a line heard from the start, and after a silence.
    let sounds = [
        ("white", white(9.0, 5), 0.0, 0.4),
        ("rain", dark(9.0, 8, 0.6), 0.0, 0.6),
        ("wind", gusts(0.9), 0.5, 0.8),
        ("road", dark(9.0, 9, 0.95), 1.4, 1.2),
        ("bursts", bursts, 0.5, 0.6),
        ("keyboard", clicks(9.0, 12, 6.0), 0.6, 0.9),
    ];
    for (name, sound, from_start, after_silence) in sounds {
        for level in [-20.0, -30.0, -42.0, -52.0] {
            let first = heard(&at_level(&sound, level));
            assert!(first.spoken(0.0, 9.0) <= from_start, "{name} at {level}: {} s", first.spoken(0.0, 9.0));
            let later = heard(&after(2.0, &at_level(&sound, level)));
            assert!(
                later.spoken(0.0, 11.0) <= after_silence,
                "{name} at {level}: {} s",
                later.spoken(0.0, 11.0)
            );
        }
    }
}

#[test]
fn music_that_a_call_begins_with_is_not_speech() {
    let chords = [[262.0, 330.0, 392.0], [220.0, 262.0, 330.0], [247.0, 294.0, 392.0]];
    for (name, sound) in [
        ("plucked", plucked(12.0, &[262.0, 330.0, 392.0, 349.0], 0.4)),
        ("plucked low", plucked(12.0, &[131.0, 165.0, 196.0, 147.0], 0.5)),
        ("strings", strings(12.0, &chords, 1.5)),
    ] {
        for level in [-16.0, -24.0, -34.0] {
            let judged = heard(&at_level(&sound, level));
            assert!(judged.spoken(0.0, 12.0) < 0.5, "{name} at {level}: {} s", judged.spoken(0.0, 12.0));
        }
    }
}

/// What of ten seconds may be taken for speech: on a line heard from the start, and after a silence; at the worst of three
/// levels.
#[test]
fn rotors_engines_sirens_and_fast_tunes_are_not_speech_or_not_for_long() {
    let swelling: Vec<f32> = dark(10.0, 8, 0.8)
        .iter()
        .enumerate()
        .map(|(n, sample)| sample * (1.0 + 0.9 * (TAU * 14.0 * n as f32 / 8_000.0).sin()))
        .collect();
    let siren = |middle: f32, reach: f32, a_second: f32| {
        sweep(10.0, move |t| middle + reach * (TAU * a_second * t).sin())
    };
    let square = |each: f32| {
        sound(10.0, move |t| {
            let hertz = TUNE[(t / each) as usize % TUNE.len()];
            if (t * hertz).fract() < 0.5 { 1.0 } else { -1.0 }
        })
    };
    let trembling = sound(10.0, |t| {
        let chord = if t % 3.0 < 1.5 { [262.0, 330.0, 392.0] } else { [220.0, 262.0, 330.0] };
        let swell = 1.0 + 0.7 * (TAU * 5.5 * t).sin();
        swell
            * chord
                .iter()
                .map(|hertz| (TAU * hertz * t).sin() + 0.4 * (2.0 * TAU * hertz * t).sin())
                .sum::<f32>()
    });
    let ringing = |beats: f32| {
        sound(10.0, move |t| {
            let on = t % 3.0 < 0.4 || (0.6..1.0).contains(&(t % 3.0));
            let swell = 1.0 + 0.9 * (TAU * beats * t).sin();
            if on { swell * (TAU * 400.0 * t).sin() } else { 0.0 }
        })
    };
    let sounds = [
        ("rotor of 11 beats", rotor(10.0, 3, 11.0, 0.9), 0.3, 0.7),
        ("rotor of 15 beats", rotor(10.0, 4, 15.0, 0.8), 0.1, 0.7),
        ("rotor of 20 beats", rotor(10.0, 5, 20.0, 0.9), 0.1, 0.7),
        ("rotor, bright", rotor(10.0, 6, 13.0, 0.5), 0.1, 0.5),
        ("noise that swells 14 times", swelling, 0.3, 1.5),
        ("engine, idle", engine(10.0, 3, |t| 28.0 * (1.0 + 0.05 * (3.0 * t).sin())), 0.1, 0.6),
        ("engine", engine(10.0, 4, |t| 55.0 * (1.0 + 0.03 * (2.0 * t).sin())), 0.0, 0.1),
        ("engine that is revved", engine(10.0, 5, |t| 80.0 - 40.0 * (1.2 * t).cos()), 0.0, 0.1),
        ("siren, slow", siren(700.0, 300.0, 0.15), 0.1, 0.1),
        ("siren", siren(900.0, 400.0, 1.2), 0.1, 0.1),
        ("siren, fast", siren(900.0, 500.0, 3.0), 0.1, 0.1),
        ("siren, very fast", siren(900.0, 500.0, 10.0), 0.1, 0.5),
        ("guitar", guitar(10.0, &[196.0, 247.0, 294.0, 392.0, 294.0, 247.0], 0.25, 1), 0.3, 0.3),
        ("guitar, low", guitar(10.0, &[82.4, 123.5, 164.8, 196.0, 247.0, 196.0], 0.4, 4), 0.1, 0.1),
        ("electric piano", chimes(10.0, &TUNE, 0.3), 0.1, 0.1),
        ("electric piano, fast", chimes(10.0, &TUNE, 0.15), 0.2, 0.2),
        ("plucked tune", plucked(10.0, &TUNE, 0.2), 0.0, 0.0),
        ("plucked tune, fast", plucked(10.0, &TUNE, 0.12), 1.3, 1.3),
        ("square tune", square(0.3), 0.0, 0.0),
        ("trembling chords", trembling, 0.0, 0.0),
        ("ringback, Australia", ringing(25.0), 0.0, 0.0),
        ("ringback, India", ringing(16.7), 0.0, 0.0),
        (
            "dial, Italy",
            lines(10.0, &[425.0], |t| t % 2.0 < 0.2 || (0.4..1.4).contains(&(t % 2.0))),
            0.0,
            0.0,
        ),
        ("busy, Britain", lines(10.0, &[400.0], |t| t % 0.75 < 0.375), 0.0, 0.0),
        ("congestion", lines(10.0, &[425.0], |t| t % 0.4 < 0.2), 0.0, 0.0),
    ];
    for (name, sound, from_start, after_silence) in sounds {
        for level in [-16.0, -26.0, -38.0] {
            for (silence, most) in [(0.0, from_start), (2.0, after_silence)] {
                let spoken = heard(&after(silence, &at_level(&sound, level))).spoken(0.0, 12.0);
                assert!(spoken <= most, "{name} at {level} dBFS after {silence} s: {spoken} s");
            }
        }
    }
}

/// Hertz of eight notes.
const TUNE: [f32; 8] = [262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 392.0];

#[test]
fn a_tone_ends_a_word_where_it_begins() {
    let word = at_level(&person(2.0, &[(0.5, 2.0)], 130.0, 5), -24.0);
    let beep = at_level(&lines(2.0, &[1_000.0], |_| true), -20.0);
    let judged = heard(&[word, beep].concat());
    let paused = judged.changes.iter().find_map(|change| match change.1 {
        Change::Paused { since } => Some((change.0, since)),
        _ => None,
    });
    let (told, since) = paused.expect("the word ended");
    assert!((since.0 as f32 / 8_000.0 - 2.0).abs() < 0.06, "{since:?}");
    assert!((told as f32 * 0.02 - 2.0) < 0.16, "100 ms and the frame: {told}");
    assert!(judged.spoken(2.14, 4.0) <= 0.0);
}

/// What we play: somebody who talks nearly all the time; and its level, frame by frame.
fn played(seconds: f32, dbfs: f32) -> (Vec<f32>, Vec<f32>) {
    let words: Vec<(f32, f32)> = (0..20).map(|n| (n as f32 * 1.6 + 0.2, n as f32 * 1.6 + 1.5)).collect();
    let sound = at_level(&person(seconds, &words, 190.0, 21), dbfs);
    let level = |frame: &[f32]| {
        let power = frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32;
        (10.0 * power.max(1e-3).log10() - 90.31).max(-96.0)
    };
    let levels = sound.chunks(FRAME_SAMPLES).map(level).collect();
    (sound, levels)
}

#[test]
fn our_own_echo_is_not_speech_and_who_speaks_over_it_is_heard() {
    for (loss, late) in [(15.0, 0.06), (15.0, 0.3), (18.0, 0.48), (24.0, 0.15), (30.0, 0.4)] {
        let (sound, levels) = played(12.0, -20.0);
        let echo = gain(&after(late, &sound), -loss);
        let playing = |n: usize| levels.get(n).copied().unwrap_or(-96.0);
        let alone = judge(&on_line(&echo), playing);
        assert!(alone.began().is_empty(), "an echo {loss} dB below, {late} s late");
        let own = at_level(&person(12.0, &[(7.0, 8.2)], 115.0, 3), -24.0);
        let both = judge(&on_line(&mix(&echo, &own)), playing);
        let began = both.began();
        assert!(
            began.len() <= 3 && (6.9..7.25).contains(&began[0]),
            "over an echo {loss} dB below: {began:?}"
        );
        assert!(both.spoken(7.0, 8.4) > 0.8 && both.spoken(8.7, 12.0) <= 0.0, "{began:?}");
    }
}

#[test]
fn a_line_without_echo_lets_a_soft_voice_interrupt() {
    let (_, levels) = played(12.0, -20.0);
    let own = at_level(&person(12.0, &[(7.0, 8.2)], 115.0, 3), -40.0);
    let judged = judge(&on_line(&own), |n| levels.get(n).copied().unwrap_or(-96.0));
    assert!(judged.spoken(7.0, 8.3) > 0.7, "{:?}", judged.changes);
}

#[test]
fn the_floor_follows_a_noise_that_comes_and_goes_and_does_not_get_stuck() {
    let mut floor = floor::Floor::default();
    let mut hear = |level: f32, score: f32, frames: usize| {
        (0..frames).for_each(|n| floor.hear(level + if n % 2 == 0 { 0.7 } else { -0.7 }, score, false));
        floor.dbfs()
    };
    assert!((-63.0..-58.0).contains(&hear(-60.0, 0.1, 100)));
    assert!(
        (-36.0..-29.0).contains(&hear(-30.0, 0.9, 200)),
        "steady, though the network takes it for speech"
    );
    assert!((-63.0..-58.0).contains(&hear(-60.0, 0.1, 25)), "half a second later");
}

#[test]
fn a_loss_within_a_word_does_not_end_it() {
    let sound = on_line(&at_level(&person(4.0, &[(0.5, 2.5)], 130.0, 5), -24.0));
    let mut voice = Voice::default();
    let mut reach = [0.0; REACH];
    let mut changes = Vec::new();
    for (n, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        if (60..90).contains(&n) {
            voice.skip();
            continue;
        }
        reach.copy_within(2 * HOP.., 0);
        reach[REACH - FRAME_SAMPLES..].copy_from_slice(&frame.map(f32::from));
        let voiced = voice.hear(MediaTime((n * FRAME_SAMPLES) as u64), frame, &spectra(&reach), -96.0);
        changes.extend(voiced.change);
    }
    assert!(matches!(changes[0], Change::Began { .. }), "{changes:?}");
    assert!(
        matches!(changes[1], Change::Paused { since } if (19_000..21_500).contains(&since.0)),
        "{changes:?}"
    );
}

#[test]
fn a_leg_can_afford_it() {
    assert!(size_of::<Voice>() <= 14 * 1_024, "{} bytes", size_of::<Voice>());
}

proptest::proptest! {
    #[test]
    fn whatever_comes_nothing_breaks_and_the_story_stays_in_order(
        pieces in proptest::collection::vec((0_u8..6, 1_u16..60, -32_768_i32..32_768, 0_u8..4), 1..12),
    ) {
        let mut voice = Voice::default();
        let mut chance = crate::audio::made_up::Chance(1);
        let speech = on_line(&at_level(&person(3.0, &[(0.1, 2.9)], 130.0, 5), -24.0));
        let (mut at, mut said, mut told, mut speaking) = (MediaTime(0), 0_usize, MediaTime(0), false);
        for (kind, frames, size, playing) in pieces {
            for n in 0..frames {
                if kind == 0 {
                    voice.skip();
                    at = at + FRAME_SAMPLES as u64;
                    continue;
                }
                let frame: [i16; FRAME_SAMPLES] = match kind {
                    1 => [size as i16; FRAME_SAMPLES],
                    2 => std::array::from_fn(|_| (chance.below(65_536) as i32 - 32_768) as i16),
                    3 => std::array::from_fn(|n| if n % 2 == 0 { size as i16 } else { i16::MIN }),
                    _ => {
                        said = (said + 1) % (speech.len() / FRAME_SAMPLES);
                        *speech[said * FRAME_SAMPLES..].first_chunk().unwrap()
                    }
                };
                // The spectra need not belong to the sound, nor be numbers.
                let odd = [f32::NAN, f32::INFINITY, 0.0, f32::from(n)][usize::from(playing)];
                let power = if kind == 5 { [odd; 129] } else { [size.unsigned_abs() as f32; 129] };
                let playing = [-96.0, -20.0, f32::NAN, f32::INFINITY][usize::from(playing)];
                let voiced = voice.hear(at, &frame, &[power; 2], playing);
                proptest::prop_assert!((0.0..=1.0).contains(&voiced.score), "{}", voiced.score);
                proptest::prop_assert!((-96.0..=0.0).contains(&voiced.level_dbfs));
                proptest::prop_assert!((-96.0..=0.0).contains(&voiced.floor_dbfs));
                if let Some(change) = voiced.change {
                    let (when, begins) = match change {
                        Change::Began { at } => (at, true),
                        Change::Paused { since } => (since, false),
                        Change::TurnMayBeOver { since } | Change::LongSilence { since } => {
                            proptest::prop_assert!(!speaking && since == told, "{change:?}");
                            (since, false)
                        }
                    };
                    let alternates = matches!(change, Change::Began { .. } | Change::Paused { .. });
                    proptest::prop_assert!(!alternates || begins != speaking, "{change:?} after the same");
                    proptest::prop_assert!(told <= when && when <= at + FRAME_SAMPLES as u64, "{change:?} at {at:?}");
                    (told, speaking) = (when, begins);
                }
                proptest::prop_assert_eq!(voiced.speaking, speaking);
                at = at + FRAME_SAMPLES as u64;
            }
        }
    }
}
