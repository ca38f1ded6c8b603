//! What the ear costs: a frame of somebody who talks and pauses, step by step and whole.
//!
//! Times are this machine's; whoever wants to compare two machines or two days takes the count of instructions.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::g711;
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::heads::Heads;
use crate::ear::prosody::Prosody;
use crate::ear::spectrum::{REACH, spectra};
use crate::ear::voice::{TURN_OVER_MILLIS, Voice};
use crate::ear::whole::Ear;
use crate::handoff::Phrase;
use crate::live::clock;
use crate::live::house_voice::HouseVoice;
use crate::time::MediaTime;

/// Whose ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The prospect's: all of it.
    Prospect,
    /// Anybody else's: whether they speak.
    Other,
}

/// What a step costs for a frame of 20 ms.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// Which step.
    pub step: &'static str,
    /// Half of the frames cost at most this, in microseconds.
    pub median_us: f64,
    /// All but one in a thousand.
    pub p999_us: f64,
    /// How much it keeps, in bytes.
    pub state_bytes: usize,
}

/// An ear of this kind.
pub fn ear(whose: Whose) -> anyhow::Result<Ear> {
    Ok(match whose {
        Whose::Prospect => {
            Ear::of_mood(TURN_OVER_MILLIS, Heads::shipped().context("the weights of the mood")?)
        }
        Whose::Other => Ear::of_voice(TURN_OVER_MILLIS),
    })
}

/// Somebody who talks and pauses, for ever: a phrase of the house voice, then as much silence with a little noise.
pub struct Talker {
    frames: Vec<[u8; FRAME_SAMPLES]>,
    next: usize,
}

impl Default for Talker {
    fn default() -> Self {
        let voice = HouseVoice::built_in();
        let clip = voice.phrase(Phrase::Introduction);
        let mut frames: Vec<_> = (0..clip.frames()).filter_map(|n| clip.frame(n).copied()).collect();
        let noise = |n: usize| std::array::from_fn(|at| 0xff - ((at * 7 + n * 13) % 3) as u8);
        frames.extend((0..PAUSE).map(noise));
        Self { frames, next: 0 }
    }
}

impl Talker {
    /// The next 20 ms.
    pub fn frame(&mut self) -> Frame {
        let at = MediaTime((self.next * FRAME_SAMPLES) as u64);
        let sound = self.frames[self.next % self.frames.len()];
        self.next += 1;
        Frame { at, sound }
    }
}

/// Lets an ear hear so many frames; for the count of instructions.
pub fn hear(whose: Whose, frames: u32) -> anyhow::Result<()> {
    let (mut ear, mut talker, talk) = (ear(whose)?, Talker::default(), Conversation::default());
    for _ in 0..frames {
        black_box(ear.hear(&talker.frame(), g711::QUIETEST_DBFS, &talk));
    }
    Ok(())
}

/// Measures each step by itself, then the whole.
pub fn measure() -> anyhow::Result<Vec<Cost>> {
    let mut prosody = Prosody::default();
    let mut voice = Voice::default();
    let mut reach = [0.0; REACH];
    let mut costs = vec![
        cost("the spectra", 0, |frame| {
            slide(&mut reach, frame);
            black_box(spectra(&reach));
        }),
        {
            let mut reach = [0.0; REACH];
            cost("the spectra and speech or not", size_of::<Voice>(), |frame| {
                let sound = slide(&mut reach, frame);
                black_box(voice.hear(frame.at, &sound, &spectra(&reach), g711::QUIETEST_DBFS));
            })
        },
        {
            let mut reach = [0.0; REACH];
            cost("the spectra and prosody", size_of::<Prosody>(), |frame| {
                slide(&mut reach, frame);
                black_box(prosody.hear(frame.at, &reach, &spectra(&reach)));
            })
        },
    ];
    for (step, whose) in
        [("the whole ear of others", Whose::Other), ("the whole ear of the prospect", Whose::Prospect)]
    {
        let (mut ear, talk) = (ear(whose)?, Conversation::default());
        let bytes = ear.bytes();
        costs.push(cost(step, bytes, |frame| {
            black_box(ear.hear(frame, g711::QUIETEST_DBFS, &talk));
        }));
    }
    Ok(costs)
}

/// As a person reads it.
pub fn text(costs: &[Cost]) -> String {
    let mut text =
        format!("{:<34}{:>12}{:>12}{:>14}\n", "a frame of 20 ms", "median, µs", "p99.9, µs", "state, bytes");
    for Cost { step, median_us, p999_us, state_bytes } in costs {
        let _ = writeln!(text, "{step:<34}{median_us:>12.2}{p999_us:>12.2}{state_bytes:>14}");
    }
    text
}

fn cost(step: &'static str, state_bytes: usize, mut hear: impl FnMut(&Frame)) -> Cost {
    let mut talker = Talker::default();
    let mut took: Vec<Duration> = Vec::with_capacity(FRAMES);
    for n in 0..WARM_UP + FRAMES {
        let frame = talker.frame();
        let from = clock::now();
        hear(&frame);
        let until = clock::now();
        if n >= WARM_UP {
            took.push(until - from);
        }
    }
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_nanos() as f64 / 1_000.0;
    Cost { step, median_us: at(0.5), p999_us: at(0.999), state_bytes }
}

fn slide(reach: &mut [f32; REACH], frame: &Frame) -> [i16; FRAME_SAMPLES] {
    let sound: [i16; FRAME_SAMPLES] = std::array::from_fn(|n| g711::DECODED[frame.sound[n] as usize]);
    reach.copy_within(FRAME_SAMPLES.., 0);
    for (place, &sample) in reach[REACH - FRAME_SAMPLES..].iter_mut().zip(&sound) {
        *place = f32::from(sample);
    }
    sound
}

/// 3 s of pause.
const PAUSE: usize = 150;

/// A second, in which caches and branches settle.
const WARM_UP: usize = 50;

/// Ten minutes.
const FRAMES: usize = 30_000;
