//! Is there a voice in it at all? Vocal cords write evenly spaced lines into the spectrum, at least every few syllables;
//! wind, engines, rain, keyboards and the hiss of a line never do, however much they sound like an "s".

use crate::audio::frame::FRAME_SAMPLES;

/// How long nothing periodic was heard.
pub(super) struct Periodic {
    /// Loud frames without a voice, less what voices since have made good.
    without: f32,
    /// Quiet frames in a row, until there were enough to know that what is loud is not simply the line.
    quiet: u32,
    wave: Half,
    pulses: Half,
    last: f32,
    /// Which period the frame before repeated itself after best.
    before: usize,
}

impl Default for Periodic {
    fn default() -> Self {
        Self { without: NOISE_FRAMES, quiet: 0, wave: [0.0; 160], pulses: [0.0; 160], last: 0.0, before: 0 }
    }
}

impl Periodic {
    /// Hears a frame that is loud enough to be somebody, or is not, and what the network thinks of it.
    pub(super) fn hear(&mut self, frame: &[i16; FRAME_SAMPLES], open: bool, score: f32) {
        let most = self.periodicity(frame);
        if open {
            if most > VOICED {
                self.without = (self.without - (most - VOICED) * MAKES_GOOD).max(0.0);
            } else if score > TAKEN_FOR_SPEECH {
                self.without = (self.without + 1.0).min(MOST_FRAMES);
            }
            if self.quiet < QUIET_FRAMES {
                self.quiet = 0;
            }
        } else if self.quiet < QUIET_FRAMES {
            self.quiet += 1;
            if self.quiet == QUIET_FRAMES {
                self.without = self.without.min(AFTER_QUIET_FRAMES);
            }
        }
    }

    /// How periodic the last 40 ms were.
    fn periodicity(&mut self, frame: &[i16; FRAME_SAMPLES]) -> f32 {
        self.wave.copy_within(HALF_FRAME.., 0);
        self.pulses.copy_within(HALF_FRAME.., 0);
        let mut last = self.last;
        for (n, pair) in frame.as_chunks::<2>().0.iter().enumerate() {
            let [first, second] = pair.map(f32::from);
            let bright = [first - BRIGHTEN * last, second - BRIGHTEN * first];
            self.wave[HALF_FRAME + n] = bright[0] + bright[1];
            self.pulses[HALF_FRAME + n] = bright[0].abs() + bright[1].abs();
            last = second;
        }
        self.last = last;
        // The line takes the fundamental of low voices away; the pulses of their cords remain.
        let mean = self.pulses.iter().sum::<f32>() / self.pulses.len() as f32;
        let pulses = self.pulses.map(|pulse| pulse - mean);
        let mut like = repeats(&self.wave);
        for (wave, pulse) in like.iter_mut().zip(repeats(&pulses)) {
            *wave = 0.5 * (*wave + pulse);
        }
        // A period stands above its neighbours; what only swells or fades has none. And a voice still has it 20 ms later,
        // where noise has another one by chance.
        let (mut most, mut best, mut again) = (0.0_f32, 0, 0.0_f32);
        for (n, three) in like.windows(3).enumerate() {
            if three[1] >= three[0] && three[1] >= three[2] {
                if three[1] > most {
                    (most, best) = (three[1], LONGEST - 1 - n);
                }
                let period = LONGEST - 1 - n;
                if period.abs_diff(self.before) <= 1 + self.before / MOVES {
                    again = again.max(three[1]);
                }
            }
        }
        self.before = best;
        again
    }

    /// What this takes from a frame's score, in units of log odds, before anything begins or goes on by it.
    pub(super) fn doubt(&self) -> f32 {
        if self.noise() { DOUBT } else { 0.0 }
    }

    /// So long without a voice that it is none.
    pub(super) fn noise(&self) -> bool {
        self.without >= NOISE_FRAMES
    }
}

/// A sound at half the telephone's rate, the newest last: two frames of it.
type Half = [f32; 2 * HALF_FRAME];

/// How much a sound repeats itself after each period of a voice of 70 to 400 Hz: 1 for a period that comes again exactly.
fn repeats(sound: &Half) -> [f32; PERIODS] {
    let mut like = [0.0_f32; PERIODS];
    for n in 2 * HALF_FRAME - LOOK..2 * HALF_FRAME {
        let now = sound[n];
        for (like, &before) in like.iter_mut().zip(&sound[n - LONGEST..n - LONGEST + PERIODS]) {
            *like += now * before;
        }
    }
    let square = |from: usize| sound[from..from + LOOK].iter().map(|sample| sample * sample).sum::<f32>();
    let newest = square(2 * HALF_FRAME - LOOK);
    let mut before = square(2 * HALF_FRAME - LOOK - LONGEST);
    for (n, like) in like.iter_mut().enumerate() {
        let first = 2 * HALF_FRAME - LOOK - LONGEST + n;
        *like /= (newest * before).sqrt().max(EMPTY);
        before += sound[first + LOOK] * sound[first + LOOK] - sound[first] * sound[first];
        before = before.max(0.0);
    }
    like
}

/// Samples of a frame at half the rate.
const HALF_FRAME: usize = FRAME_SAMPLES / 2;

/// 25 ms are compared with 25 ms.
const LOOK: usize = 100;

/// The period of 69 Hz, in samples at half the rate.
const LONGEST: usize = 58;

/// Periods from 69 Hz to 400 Hz.
const PERIODS: usize = LONGEST - 9;

/// Below this there is nothing to compare.
const EMPTY: f32 = 1.0;

/// How much of the sample before is taken from each: dark noise (a road, a motor) would repeat itself for being slow.
const BRIGHTEN: f32 = 0.9;

/// A voice's period moves by an eighth at most in 20 ms.
const MOVES: usize = 8;

/// Of noise one frame in a hundred repeats itself by 0.28, of a fan's by 0.36; of speech most frames by more.
const VOICED: f32 = 0.45;

/// A clear vowel (0.6) makes good six frames without.
const MAKES_GOOD: f32 = 40.0;

/// 0.6 s without a voice is none: 999 of 1000 stretches without one within speech are shorter than 0.4 s.
const NOISE_FRAMES: f32 = 30.0;

/// And after a minute of rain a clear vowel is enough to be believed.
const MOST_FRAMES: f32 = 36.0;

/// Below this score a frame is not taken for speech anyway, and says nothing about those that are.
const TAKEN_FOR_SPEECH: f32 = 0.3;

/// A line that was quiet for 100 ms is known: what rises above it may be a word that begins with an "s" …
const QUIET_FRAMES: u32 = 5;

/// … which has 0.36 s to become a voice.
const AFTER_QUIET_FRAMES: f32 = 12.0;

/// A score of 0.9 made 0.3.
const DOUBT: f32 = 3.0;
