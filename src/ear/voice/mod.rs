//! One party's voice, a frame at a time: is it speech, since when, and since when no longer.
//!
//! A small network says how much a frame sounds like speech; the frame's level beside the line's own noise, beside what
//! may come back of our own sound, and a look for machines' tones say what of that to believe.

mod clocks;
mod echo;
mod floor;
mod network;
mod periodic;
mod still;
mod tone;

use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::spectrum::Power;
use crate::time::MediaTime;

pub use clocks::{Change, LONG_SILENCE_MILLIS, PAUSED_MILLIS, TURN_OVER_MILLIS};

/// Hears one party.
pub struct Voice {
    network: network::Network,
    floor: floor::Floor,
    tone: tone::Tone,
    still: still::Still,
    periodic: periodic::Periodic,
    echo: echo::Echo,
    clocks: clocks::Clocks,
    odds: f32,
    quick: f32,
    noise_odds: f32,
    noise_dev: f32,
    evidence: u32,
    /// How long the frames before this have been loud enough, back to back.
    loud: u64,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voiced {
    /// How much it is speech, 0 to 1.
    pub score: f32,
    /// Its level; -96 when there is no sound at all.
    pub level_dbfs: f32,
    /// The level of the line's own noise.
    pub floor_dbfs: f32,
    /// It shows a machine's tone.
    pub tone: bool,
    /// Somebody is speaking, short gaps between words included.
    pub speaking: bool,
    /// What this frame changed.
    pub change: Option<Change>,
}

impl Default for Voice {
    fn default() -> Self {
        Self::new(TURN_OVER_MILLIS)
    }
}

impl Voice {
    /// An ear to which a turn may be over after so many milliseconds of silence, 500 to 1000.
    pub fn new(turn_over_millis: u64) -> Self {
        Self {
            network: network::Network::default(),
            floor: floor::Floor::default(),
            tone: tone::Tone::default(),
            still: still::Still::default(),
            periodic: periodic::Periodic::default(),
            echo: echo::Echo::default(),
            clocks: clocks::Clocks::new(turn_over_millis),
            odds: ODDS_AT_FIRST,
            quick: ODDS_AT_FIRST,
            noise_odds: -1.0,
            noise_dev: 0.2,
            evidence: 0,
            loud: 0,
        }
    }

    /// Hears the next frame: its sound, the spectra of the windows that end with its two halves, and how loud we play
    /// to this party meanwhile (-96 or less when we do not).
    pub fn hear(
        &mut self,
        at: MediaTime,
        frame: &[i16; FRAME_SAMPLES],
        spectra: &[Power; 2],
        playing_dbfs: f32,
    ) -> Voiced {
        let level = floor::level_dbfs(frame);
        let alone = self.network.hear(frame);
        let tonal = self.tone.hear(spectra);
        let echo = self.echo.hear(playing_dbfs, level);
        // What has no voice in it is noise, whatever the network thinks of it.
        self.floor.hear(level, if self.periodic.noise() { 0.0 } else { alone });
        let gate = self.floor.gate().max(echo);
        let open = level >= gate;
        self.still.hear(spectra, open);
        self.periodic.hear(spectra, open);
        let noise = self.periodic.noise();
        let machine = noise || self.still.machine() || tonal.hops >= TONE_HOPS;

        let odds = log_odds(alone);
        if !self.clocks.speaking() || level < self.floor.noise() + 3.0 {
            let off = (odds - self.noise_odds).clamp(-2.0, 2.0);
            self.noise_odds += off * 0.02;
            self.noise_dev += (off.abs() - self.noise_dev) * 0.02;
        }
        let noisiness = self.floor.noisiness().min((self.noise_odds + 2.0 * self.noise_dev + 0.2).clamp(0.0, 1.0));
        self.odds += (odds - self.odds) * between(SMOOTHING, noisiness);
        // Nearly straight from the network on a quiet line, so that no word is late.
        self.quick += (odds - self.quick) * between(QUICK, noisiness);
        let doubt = self.floor.doubt(level);
        let seems = share_of(self.quick - doubt);
        let score = if machine || level < echo { 0.0 } else { share_of(self.odds - doubt) };

        self.loud = if open { self.loud + 1 } else { 0 };
        let begins = open && seems >= between(START, noisiness) && tonal.since >= TONE_OVER_HOPS;
        // The network is late by a frame or two: a loud frame before is evidence as well.
        let loud = open && tonal.since >= TONE_OVER_HOPS && level >= gate + 9.0 && noisiness < 0.5;
        self.evidence = if begins || loud { self.evidence + 1 } else { 0 };
        let voice = if self.clocks.speaking() {
            open && seems >= between(STAY, noisiness)
        } else {
            begins && self.evidence >= START_FRAMES && self.still.alive()
        };
        let heard = if machine {
            clocks::Heard::Machine { since: back(at, u64::from(tonal.hops)) }
        } else if voice {
            clocks::Heard::Voice { from: back(at, 2 * (self.loud - 1).min(5)) }
        } else {
            clocks::Heard::Silence
        };
        let change = self.clocks.hear(at, heard);
        Voiced {
            score,
            level_dbfs: level,
            floor_dbfs: self.floor.dbfs(),
            tone: tonal.now || (machine && !noise),
            speaking: self.clocks.speaking(),
            change,
        }
    }

    /// A frame went by that was made up to cover a loss: everything stays as it was.
    pub fn skip(&mut self) {
        self.echo.skip();
    }
}

/// So many hops of 10 ms earlier.
fn back(at: MediaTime, hops: u64) -> MediaTime {
    MediaTime(at - MediaTime(hops * 80))
}

fn between((quiet, noisy): (f32, f32), noisiness: f32) -> f32 {
    quiet + (noisy - quiet) * noisiness
}

fn log_odds(share: f32) -> f32 {
    let share = share.clamp(1e-4, 1.0 - 1e-4);
    libm::logf(share / (1.0 - share))
}

fn share_of(odds: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-odds))
}

/// The score that speech begins at, on a quiet line and in noise.
const START: (f32, f32) = (0.50, 0.72);

/// The score that it goes on at.
const STAY: (f32, f32) = (0.45, 0.68);

/// 40 ms: longer than a click.
const START_FRAMES: u32 = 2;

/// 100 ms of nothing but lines that stand still: no voice does that.
const TONE_HOPS: u32 = 10;

/// After lines alone so much else must have been heard before it can be a voice.
const TONE_OVER_HOPS: u32 = 2;

/// How far the score goes towards the newest frame, on a quiet line and in noise.
const SMOOTHING: (f32, f32) = (0.5, 0.33);

/// The same for what begins and ends speech.
const QUICK: (f32, f32) = (1.0, 0.33);

/// Silence.
const ODDS_AT_FIRST: f32 = -5.0;

#[cfg(test)]
mod made;

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
