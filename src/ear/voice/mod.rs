//! One party's voice, a frame at a time: is it speech, since when, and since when no longer.
//!
//! A small network says how much a frame sounds like speech. What of that to believe is said by the frame's level beside
//! the line's own noise and beside what may come back of our sound, by a look for the tones and the music of machines,
//! and by whether there was anything like a voice in it lately.

mod clocks;
mod echo;
mod floor;
mod network;
mod periodic;
mod still;
mod threshold;
mod tone;

use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::spectrum::Power;
use crate::time::MediaTime;

pub use clocks::{Change, LONG_SILENCE_MILLIS, PAUSED_MILLIS, TURN_OVER_MILLIS};

/// Hears one party.
pub struct Voice {
    network: network::Network,
    floor: floor::Floor,
    threshold: threshold::Threshold,
    tone: tone::Tone,
    still: still::Still,
    periodic: periodic::Periodic,
    echo: echo::Echo,
    clocks: clocks::Clocks,
    /// The network's log odds: smoothed for whoever wants to know, and hardly smoothed for the decision.
    odds: f32,
    quick: f32,
    /// Frames in a row that speak for a beginning, and frames in a row that are loud enough.
    evidence: u32,
    loud: u32,
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
    /// It shows a machine's tone, or music.
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
            threshold: threshold::Threshold::default(),
            tone: tone::Tone::default(),
            still: still::Still::default(),
            periodic: periodic::Periodic::default(),
            echo: echo::Echo::default(),
            clocks: clocks::Clocks::new(turn_over_millis),
            odds: ODDS_AT_FIRST,
            quick: ODDS_AT_FIRST,
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
        self.floor.hear(level, alone, self.periodic.noise());
        let gate = self.floor.gate().max(echo);
        let open = level >= gate;
        self.still.hear(spectra, open);
        self.periodic.hear(frame, open, alone);

        let odds = log_odds(alone);
        if !self.clocks.speaking() || level < self.floor.noise() + NEAR_NOISE_DB {
            self.threshold.hear(odds);
        }
        self.threshold.listen(self.floor.noisiness());
        self.odds += (odds - self.odds) * self.threshold.between(SMOOTHING);
        self.quick += (odds - self.quick) * self.threshold.between(QUICK);
        let doubt = self.floor.doubt(level);
        let machine = self.still.machine() || tonal.hops >= TONE_HOPS;
        let machines = if machine { MACHINE_DOUBT } else { 0.0 };
        let score = if level < echo { 0.0 } else { share_of(self.odds - doubt - machines) };

        let seems = share_of(self.quick - doubt - self.periodic.doubt());
        let bare = tonal.since < TONE_OVER_HOPS;
        let begins = open && !bare && seems >= self.threshold.between(START);
        // The network comes a frame or two late: on a quiet line a loud frame before is evidence as well.
        let loud = open && !bare && level >= gate + LOUD_DB && self.threshold.quiet();
        self.evidence = if begins || loud { self.evidence + 1 } else { 0 };
        self.loud = if open { self.loud + 1 } else { 0 };
        let voice = if self.clocks.speaking() {
            open && seems >= self.threshold.between(STAY)
        } else {
            begins && self.evidence >= START_FRAMES && self.still.alive()
        };
        let heard = if machine {
            clocks::Heard::Machine { since: back(at, tonal.hops / 2) }
        } else if voice {
            clocks::Heard::Voice { from: back(at, (self.loud - 1).min(LATE_FRAMES)) }
        } else {
            clocks::Heard::Silence
        };
        let change = self.clocks.hear(at, heard);
        let (floor_dbfs, speaking) = (self.floor.dbfs(), self.clocks.speaking());
        Voiced { score, level_dbfs: level, floor_dbfs, tone: tonal.now || machine, speaking, change }
    }

    /// A frame went by that was made up to cover a loss: everything stays as it was.
    pub fn skip(&mut self) {
        self.echo.skip();
    }
}

/// So many frames earlier.
fn back(at: MediaTime, frames: u32) -> MediaTime {
    MediaTime(at - MediaTime(u64::from(frames) * FRAME_SAMPLES as u64))
}

fn log_odds(share: f32) -> f32 {
    // A network that was fed something odd may say something odd.
    let share = if share.is_nan() { 0.0 } else { share.clamp(1e-4, 1.0 - 1e-4) };
    libm::logf((share / (1.0 - share)).max(1e-4))
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

/// Above the gate by this, a frame is no swelling of the noise.
const LOUD_DB: f32 = 9.0;

/// A voice is known 60 to 160 ms after it began: for so long back the loud frames before belong to it.
const LATE_FRAMES: u32 = 8;

/// 100 ms of nothing but lines that stand still: no voice does that.
const TONE_HOPS: u32 = 10;

/// After lines alone so much else must have been heard before it can be a voice.
const TONE_OVER_HOPS: u32 = 2;

/// A score of 0.95 made 0.26.
const MACHINE_DOUBT: f32 = 4.0;

/// So close to the noise a frame is noise, though somebody has just spoken.
const NEAR_NOISE_DB: f32 = 3.0;

/// How far the score goes towards the newest frame, on a quiet line and in noise.
const SMOOTHING: (f32, f32) = (0.5, 0.33);

/// The same for what begins and ends speech: straight from the network on a quiet line, so that no word is late.
const QUICK: (f32, f32) = (1.0, 0.33);

/// Silence.
const ODDS_AT_FIRST: f32 = -5.0;

#[cfg(test)]
pub(crate) mod made;

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
