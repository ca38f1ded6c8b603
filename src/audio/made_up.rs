//! Sound for tests, by plain maths: a voice so smooth that a click stands out, pauses, and chance that is always the same.

use std::f32::consts::TAU;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// Chance that follows a seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// The next number below this.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Somebody who speaks and pauses by turns for so many seconds.
pub(crate) fn talk(seconds: usize, speech_millis: usize, pause_millis: usize) -> Vec<[u8; FRAME_SAMPLES]> {
    let mut chance = Chance(9);
    let mut frames = Vec::new();
    while frames.len() < seconds * 50 {
        frames.extend(hum(&mut chance, 120.0, speech_millis * 8));
        frames.extend((0..pause_millis / 20).map(|_| line_noise(&mut chance)));
    }
    frames.truncate(seconds * 50);
    frames
}

/// Somebody who talks with somebody else: ITU-T P.59, means of a conversation.
pub(crate) fn conversation(seconds: usize) -> Vec<[u8; FRAME_SAMPLES]> {
    talk(seconds, 1_000, 1_580)
}

fn hum(chance: &mut Chance, pitch: f32, length: usize) -> Vec<[u8; FRAME_SAMPLES]> {
    let (mut phase, mut hertz, mut towards) = (0.0_f32, pitch, pitch);
    let sample = |n: usize| {
        if n.is_multiple_of(1_600) {
            towards = pitch * (0.75 + 0.005 * chance.below(100) as f32);
        }
        hertz += (towards - hertz) * 0.002;
        phase = (phase + TAU * hertz / 8_000.0) % TAU;
        let edge = n.min(length - n) as f32 / 320.0;
        let tones = phase.sin() + 0.35 * (2.0 * phase).sin() + 0.2 * (3.0 * phase).sin();
        g711::encode((tones * edge.min(1.0) * 5_000.0) as i16)
    };
    let sound: Vec<u8> = (0..length).map(sample).collect();
    sound.chunks_exact(FRAME_SAMPLES).map(|frame| *frame.first_chunk().unwrap()).collect()
}

/// What an open microphone picks up: about -66 dBFS.
pub(crate) fn line_noise(chance: &mut Chance) -> [u8; FRAME_SAMPLES] {
    std::array::from_fn(|_| g711::encode(chance.below(61) as i16 - 30))
}

/// A click is larger than any step of a voice.
pub(crate) fn largest_step(sound: &[u8]) -> i32 {
    let step = |pair: &[u8]| (i32::from(g711::decode(pair[1])) - i32::from(g711::decode(pair[0]))).abs();
    sound.windows(2).map(step).max().unwrap_or_default()
}

/// A step that is so much larger than any of the voice's own is a click.
pub(crate) const CLICK: f64 = 1.4;

/// A steady voice of this pitch with two overtones, at this sample.
pub(crate) fn voiced(hertz: f32, n: usize) -> f32 {
    let phase = TAU * hertz * n as f32 / 8_000.0;
    6_000.0 * phase.sin() + 2_000.0 * (2.0 * phase).sin() + 900.0 * (5.0 * phase).sin()
}

/// The largest step from one sample to the next: a click is one that the sound itself does not make.
pub(crate) fn largest_jump(sound: &[f32]) -> f32 {
    sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}
