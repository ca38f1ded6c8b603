//! Is there a voice in it at all? Vocal cords write evenly spaced lines into the spectrum, at least every few syllables;
//! wind, engines, rain, keyboards and the hiss of a line never do, however much they sound like an "s".

use crate::ear::spectrum::{self, BINS, Power, WINDOW};

/// How long nothing periodic was heard.
pub(super) struct Periodic {
    /// Loud frames without a voice, less what voices since have made good.
    without: f32,
    /// Whether the line has been quiet for long enough to know that what is loud is not simply the line.
    quiet: u32,
}

impl Default for Periodic {
    fn default() -> Self {
        Self { without: NOISE_FRAMES, quiet: 0 }
    }
}

impl Periodic {
    /// Looks at the two windows of a frame that is loud enough to be somebody, or is not.
    pub(super) fn hear(&mut self, spectra: &[Power; 2], open: bool) {
        if open {
            let [first, second] = periodicity(spectra);
            let most = first.max(second);
            let step = if most > VOICED { (VOICED - most) * MAKES_GOOD } else { 1.0 };
            self.without = (self.without + step).clamp(0.0, MOST_FRAMES);
            self.quiet = self.quiet.max(QUIET_FRAMES + 1) * u32::from(self.quiet > QUIET_FRAMES);
        } else if self.quiet < QUIET_FRAMES {
            self.quiet += 1;
            if self.quiet == QUIET_FRAMES {
                self.without = self.without.min(AFTER_QUIET_FRAMES);
                self.quiet += 1;
            }
        }
    }

    /// So long without a voice that it is none.
    pub(super) fn noise(&self) -> bool {
        self.without >= NOISE_FRAMES
    }
}

/// How evenly the lines of both spectra are spaced, as voices of 70 to 400 Hz space theirs: 0 to 1.
fn periodicity(spectra: &[Power; 2]) -> [f32; 2] {
    let (mut re, mut im) = ([0.0; WINDOW], [0.0; WINDOW]);
    let norms = [(&mut re, &spectra[0]), (&mut im, &spectra[1])].map(|(lines, power)| even(lines, power));
    // Both are real and the same backwards: each comes out whole in its own part.
    spectrum::transform(&mut re, &mut im);
    [(&re, norms[0]), (&im, norms[1])].map(|(spaced, norm)| {
        let mut most = 0.0_f32;
        for &at in &spaced[SHORTEST_LAG..LONGEST_LAG] {
            most = most.max(at);
        }
        most * norm
    })
}

/// Lines as they stand out of their neighbours, whatever the timbre; what makes the strongest possible spacing one.
fn even(lines: &mut [f32; WINDOW], power: &Power) -> f32 {
    let mut flat = [0.0_f32; LINES];
    for (flat, power) in flat.iter_mut().zip(&power[FIRST_BIN..FIRST_BIN + LINES]) {
        *flat = power.sqrt().sqrt();
    }
    let mut sum: f32 = flat[..AROUND].iter().sum();
    let mut squares = 0.0;
    for n in 0..LINES {
        if n + AROUND < LINES {
            sum += flat[n + AROUND];
        }
        if n > AROUND {
            sum -= flat[n - AROUND - 1];
        }
        let count = (n + AROUND + 1).min(LINES) - n.saturating_sub(AROUND);
        let line = flat[n] - sum / count as f32;
        squares += line * line;
        lines[FIRST_BIN + n] = line;
        lines[WINDOW - FIRST_BIN - n] = line;
    }
    // Each line stands twice in the sum, and cosines have half the power of what they multiply.
    0.5 / (squares.max(f32::MIN_POSITIVE) * (LINES / 2) as f32).sqrt()
}

/// From 250 Hz, where the telephone begins, …
const FIRST_BIN: usize = 8;

/// … to 3.1 kHz.
const LINES: usize = 92;

/// A line stands out of what lies within 190 Hz to each side.
const AROUND: usize = 6;

/// The period of 400 Hz …
const SHORTEST_LAG: usize = 20;

/// … and that of 70 Hz.
const LONGEST_LAG: usize = 115;

/// Of noise, one window in a hundred is as periodic (0.48-0.50; two are looked at), of speech every third.
const VOICED: f32 = 0.47;

/// A clear vowel (0.6) makes good eight frames without.
const MAKES_GOOD: f32 = 60.0;

/// 0.8 s without a voice is none: stretches within speech are shorter 999 times of 1000.
const NOISE_FRAMES: f32 = 40.0;

/// And after a minute of rain a clear vowel is enough to be believed.
const MOST_FRAMES: f32 = 44.0;

/// A line that was quiet for 100 ms is known: what rises above it may be a word that begins with an "s".
const QUIET_FRAMES: u32 = 5;

/// Which has 0.4 s to become a voice.
const AFTER_QUIET_FRAMES: f32 = 20.0;

const _: () = assert!(FIRST_BIN + LINES <= BINS);
