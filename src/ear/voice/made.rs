//! Sounds for the tests of the voice, by plain maths and chance that is always the same: people, tones, noises, music.

use std::f32::consts::TAU;

use crate::audio::g711;
use crate::audio::made_up::Chance;

/// A sound of so many seconds, sample by sample from its time in seconds.
pub(super) fn sound(seconds: f32, mut at: impl FnMut(f32) -> f32) -> Vec<f32> {
    (0..(seconds * 8_000.0) as usize).map(|n| at(n as f32 / 8_000.0)).collect()
}

/// As the telephone carries it.
pub(crate) fn telephone(sound: &[f32]) -> Vec<i16> {
    let through = |&sample: &f32| g711::decode(g711::encode(sample.clamp(-32_000.0, 32_000.0) as i16));
    sound.iter().map(through).collect()
}

/// Two sounds at once.
pub(super) fn mix(one: &[f32], other: &[f32]) -> Vec<f32> {
    let at = |sound: &[f32], n: usize| sound.get(n).copied().unwrap_or(0.0);
    (0..one.len().max(other.len())).map(|n| at(one, n) + at(other, n)).collect()
}

/// The same, louder or softer by so many dB.
pub(super) fn gain(sound: &[f32], db: f32) -> Vec<f32> {
    let times = 10.0_f32.powf(db / 20.0);
    sound.iter().map(|sample| sample * times).collect()
}

/// The same sound at this level (root mean square of what is not silent).
pub(crate) fn at_level(sound: &[f32], dbfs: f32) -> Vec<f32> {
    let loud: Vec<f32> = sound.iter().copied().filter(|sample| sample.abs() > 0.0).collect();
    let power = loud.iter().map(|sample| sample * sample).sum::<f32>() / loud.len().max(1) as f32;
    gain(sound, dbfs + 90.31 - 10.0 * power.max(1e-9).log10())
}

/// Lines that stand, all equally loud, switched by `on`.
pub(super) fn lines(seconds: f32, hertz: &[f32], on: impl Fn(f32) -> bool) -> Vec<f32> {
    sound(seconds, |t| if on(t) { hertz.iter().map(|hertz| (TAU * hertz * t).sin()).sum() } else { 0.0 })
}

/// One line whose pitch follows `hertz`.
pub(super) fn sweep(seconds: f32, hertz: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut phase = 0.0;
    sound(seconds, |t| {
        phase = (phase + TAU * hertz(t) / 8_000.0) % TAU;
        f32::sin(phase)
    })
}

/// Noise between -1 and 1.
pub(super) fn white(seconds: f32, seed: u64) -> Vec<f32> {
    let mut chance = Chance(seed);
    sound(seconds, |_| chance.below(2_001) as f32 / 1_000.0 - 1.0)
}

/// Noise that falls with frequency: `keep` 0.6 sounds like rain, 0.95 like a road.
pub(super) fn dark(seconds: f32, seed: u64, keep: f32) -> Vec<f32> {
    let mut held = 0.0;
    white(seconds, seed)
        .into_iter()
        .map(|sample| {
            held = keep * held + (1.0 - keep) * sample;
            held
        })
        .collect()
}

/// Clicks of a few milliseconds at odd times, so many a second.
pub(super) fn clicks(seconds: f32, seed: u64, a_second: f32) -> Vec<f32> {
    let mut chance = Chance(seed);
    let (mut left, mut ring) = (0.0_f32, 0.0_f32);
    let spacing = (8_000.0 / a_second) as u64;
    let mut next = chance.below(2 * spacing);
    sound(seconds, |t| {
        if next == 0 {
            left = 0.5 + 0.005 * chance.below(100) as f32;
            ring = 1_200.0 + chance.below(1_500) as f32;
            next = spacing / 3 + chance.below(2 * spacing);
        }
        next -= 1;
        left *= 0.985;
        left * ((TAU * ring * t).sin() + chance.below(2_001) as f32 / 1_000.0 - 1.0)
    })
}

/// Plucked notes of a chord, with harmonics: what a small organ or a guitar plays while one waits.
pub(super) fn plucked(seconds: f32, notes: &[f32], each: f32) -> Vec<f32> {
    sound(seconds, |t| {
        let number = (t / each) as usize;
        let since = t - number as f32 * each;
        let root = notes[number % notes.len()];
        let voice = |ratio: f32| -> f32 {
            (1..5).map(|h| (TAU * root * ratio * h as f32 * t).sin() / (h * h) as f32).sum()
        };
        (voice(1.0) + voice(1.25) + voice(1.5)) * (-4.0 * since).exp() * (since * 200.0).min(1.0)
    })
}

/// Chords that are held, each voice wavering a little, as strings do.
pub(super) fn strings(seconds: f32, chords: &[[f32; 3]], each: f32) -> Vec<f32> {
    let mut phases = [0.0_f32; 3];
    sound(seconds, |t| {
        let chord = chords[(t / each) as usize % chords.len()];
        let mut sum = 0.0;
        for (n, (phase, hertz)) in phases.iter_mut().zip(chord).enumerate() {
            let waver = 1.0 + 0.004 * (TAU * (5.0 + 0.3 * n as f32) * t).sin();
            *phase = (*phase + TAU * hertz * waver / 8_000.0) % TAU;
            sum += (1..6).map(|h| (h as f32 * *phase).sin() / h as f32).sum::<f32>();
        }
        sum
    })
}

/// A string that was plucked (Karplus and Strong): a loop of noise that goes dull as it goes round. Notes follow each other,
/// each cut off by the next.
pub(super) fn guitar(seconds: f32, notes: &[f32], each: f32, seed: u64) -> Vec<f32> {
    let mut chance = Chance(seed);
    let mut string: Vec<f32> = Vec::new();
    let (mut at, mut number) = (0, usize::MAX);
    sound(seconds, |t| {
        if (t / each) as usize != number {
            number = (t / each) as usize;
            let length = (8_000.0 / notes[number % notes.len()]) as usize;
            string = (0..length).map(|_| chance.below(2_001) as f32 / 1_000.0 - 1.0).collect();
            at = 0;
        }
        let next = (at + 1) % string.len();
        let out = string[at];
        string[at] = 0.498 * (string[at] + string[next]);
        at = next;
        out
    })
}

/// Rotor blades: noise that swells and dies away so many times a second.
pub(super) fn rotor(seconds: f32, seed: u64, a_second: f32, keep: f32) -> Vec<f32> {
    let noise = dark(seconds, seed, keep);
    let swell = |n: usize| {
        let part = (n as f32 / 8_000.0 * a_second).fract();
        0.1 + (-6.0 * part).exp() * (part * 12.0).min(1.0)
    };
    noise.iter().enumerate().map(|(n, sample)| sample * swell(n)).collect()
}

/// An engine: so many explosions a second, no two alike, in a metal box, and noise beside them.
pub(super) fn engine(seconds: f32, seed: u64, fires: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut chance = Chance(seed);
    let (mut phase, mut strength) = (0.0_f32, 1.0);
    let mut boxes = [[0.0_f32; 2]; 3];
    sound(seconds, |t| {
        phase += fires(t) / 8_000.0;
        let noise = chance.below(2_001) as f32 / 1_000.0 - 1.0;
        let mut pulse = 0.03 * noise;
        if phase >= 1.0 {
            phase -= 1.0;
            strength = 0.7 + 0.3 * noise;
            pulse += strength;
        }
        let mut out = 0.0;
        for (state, hertz) in boxes.iter_mut().zip([110.0, 340.0, 900.0]) {
            let next = pulse + 1.9 * (TAU * hertz / 8_000.0).cos() * state[0] - 0.9025 * state[1];
            *state = [next, state[0]];
            out += next * 110.0 / hertz;
        }
        out
    })
}

/// Notes of an electric piano: one line that wavers in frequency with another, fading.
pub(super) fn chimes(seconds: f32, notes: &[f32], each: f32) -> Vec<f32> {
    sound(seconds, |t| {
        let number = (t / each) as usize;
        let since = t - number as f32 * each;
        let hertz = notes[number % notes.len()];
        let bend = 2.0 * (-6.0 * since).exp() * (TAU * 2.0 * hertz * t).sin();
        (TAU * hertz * t + bend).sin() * (-2.0 * since).exp() * (since * 400.0).min(1.0)
    })
}

/// Somebody who speaks: pulses of a moving pitch through three moving formants, syllables of 80 to 200 ms, words of two
/// to five of them, hiss where an "s" would be. `words` says from and to in seconds; what lies between is silence.
pub(crate) fn person(seconds: f32, words: &[(f32, f32)], pitch: f32, seed: u64) -> Vec<f32> {
    let mut chance = Chance(seed);
    let mut filters = [[0.0_f32; 2]; 3];
    let vowels = [
        [730.0, 1_090.0, 2_440.0],
        [270.0, 2_290.0, 3_010.0],
        [530.0, 1_840.0, 2_480.0],
        [570.0, 840.0, 2_410.0],
    ];
    let (mut formants, mut towards) = (vowels[0], vowels[1]);
    let (mut phase, mut syllable_left, mut length, mut hiss) = (0.0_f32, 0_usize, 1_usize, 0_usize);
    sound(seconds, |t| {
        if syllable_left == 0 {
            length = 640 + chance.below(960) as usize;
            syllable_left = length;
            hiss = if chance.below(3) == 0 { length / 3 } else { 0 };
            towards = vowels[chance.below(4) as usize];
        }
        syllable_left -= 1;
        let Some(word) = words.iter().find(|word| (word.0..word.1).contains(&t)) else { return 0.0 };
        let done = length - syllable_left;
        let falling = 1.15 - 0.3 * (t - word.0) / (word.1 - word.0);
        let hertz = pitch * falling * (1.0 + 0.08 * (TAU * done as f32 / length as f32).sin());
        phase += hertz * (1.0 + 0.01 * (chance.below(200) as f32 / 100.0 - 1.0)) / 8_000.0;
        let noise = chance.below(2_001) as f32 / 1_000.0 - 1.0;
        if done < hiss {
            return noise * 0.25;
        }
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 } + 0.02 * noise;
        phase = phase.fract();
        let mut out = 0.0;
        for (n, filter) in filters.iter_mut().enumerate() {
            formants[n] += (towards[n] - formants[n]) * 0.0015;
            let radius = (-std::f32::consts::PI * (60.0 + 40.0 * n as f32) / 8_000.0).exp();
            let next = pulse + 2.0 * radius * (TAU * formants[n] / 8_000.0).cos() * filter[0]
                - radius * radius * filter[1];
            filter[1] = filter[0];
            filter[0] = next;
            out += next / (n + 1) as f32;
        }
        let edge = ((t - word.0).min(word.1 - t) * 40.0).min(1.0);
        let swell = 0.25 + 0.75 * (std::f32::consts::PI * done as f32 / length as f32).sin();
        out * swell * edge * 0.2
    })
}
