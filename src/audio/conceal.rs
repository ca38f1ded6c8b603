//! What would have come: a voice that breaks off goes on for a moment, then fades into the noise of its line.
//!
//! The design is that of spandsp's `plc`, made for 20 ms packets and without delay: the last pitch period is found by the
//! average magnitude difference, its end is overlapped with the period before so that it can be repeated, the first
//! quarter is overlapped with the reversed past, and it fades within 50 ms. When sound comes back, both are blended.

use crate::audio::g711;
use crate::audio::noise::{Floor, Noise};

/// Keeps the last of what passed, and goes on from there when nothing follows.
#[derive(Clone, Debug)]
pub struct Concealer {
    past: [u8; PAST],
    period: [f32; LONGEST_PERIOD],
    length: usize,
    made: usize,
    noise: Noise,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            past: [g711::SILENCE; PAST],
            period: [0.0; LONGEST_PERIOD],
            length: SHORTEST_PERIOD,
            // Nothing was heard that could go on.
            made: FADED,
            noise: Noise::default(),
        }
    }
}

impl Concealer {
    /// This passed; it is µ-law of at most a few frames.
    pub fn passed(&mut self, sound: &[u8]) {
        self.made = 0;
        let kept = sound.len().min(PAST);
        self.past.copy_within(kept.., 0);
        self.past[PAST - kept..].copy_from_slice(&sound[sound.len() - kept..]);
    }

    /// Makes what would have come next.
    pub fn make_up(&mut self, floor: Floor, into: &mut [f32]) {
        if self.made == 0 {
            self.find_period();
        }
        let overlap = self.length / 4;
        for sample in into {
            let mut voice = self.period[self.made % self.length];
            if self.made < overlap {
                let new = (self.made + 1) as f32 / (overlap + 1) as f32;
                voice = voice * new + decoded(self.past[PAST - 1 - self.made]) * (1.0 - new);
            }
            let gain = (1.0 - self.made as f32 / FADED as f32).max(0.0);
            *sample = voice * gain + self.noise.sample(floor) * (1.0 - gain);
            self.made += 1;
        }
    }

    /// Sound came back that does not follow from what passed: its first 5 ms are blended.
    pub fn blend(&mut self, floor: Floor, sound: &mut [f32]) {
        let mut made_up = [0.0; BLEND];
        let length = sound.len().min(BLEND);
        self.make_up(floor, &mut made_up[..length]);
        for (n, (sample, old)) in sound.iter_mut().zip(made_up).enumerate() {
            let new = (n + 1) as f32 / (BLEND + 1) as f32;
            *sample = *sample * new + old * (1.0 - new);
        }
    }

    /// Whether the voice has faded away, so that only noise is left.
    pub fn has_faded(&self) -> bool {
        self.made >= FADED
    }

    fn find_period(&mut self) {
        self.length = self.pitch();
        let (last, overlap) = (PAST - self.length, self.length / 4);
        for n in 0..self.length {
            let here = decoded(self.past[last + n]);
            let into_overlap = (n + overlap + 1).saturating_sub(self.length);
            let old = into_overlap as f32 / (overlap + 1) as f32;
            self.period[n] = here * (1.0 - old) + decoded(self.past[last - self.length + n]) * old;
        }
    }

    /// The shift at which the last 20 ms differ least from what was before.
    fn pitch(&self) -> usize {
        let (mut best, mut least) = (SHORTEST_PERIOD, i64::MAX);
        let from = PAST - SPAN;
        for shift in SHORTEST_PERIOD..=LONGEST_PERIOD {
            let differs = |n: usize| {
                let (here, before) = (self.past[from + n], self.past[from + n - shift]);
                (i64::from(g711::decode(here)) - i64::from(g711::decode(before))).abs()
            };
            let difference: i64 = (0..SPAN).map(differs).sum();
            if difference < least {
                (best, least) = (shift, difference);
            }
        }
        best
    }
}

fn decoded(byte: u8) -> f32 {
    f32::from(g711::decode(byte))
}

/// 5 ms: the shortest pitch period that is looked for (DSP.md §6).
const SHORTEST_PERIOD: usize = 40;

/// 15 ms: the longest.
const LONGEST_PERIOD: usize = 120;

/// 20 ms are compared, as in spandsp.
const SPAN: usize = 160;

/// The span and the longest period before it; two of the longest periods fit as well.
const PAST: usize = SPAN + LONGEST_PERIOD;

/// 50 ms: longer, a repeated period is a drone.
const FADED: usize = 400;

/// 5 ms: a quarter of the deepest period, so that also a voice that begins anew does not click.
const BLEND: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::made_up::{largest_jump, voiced};

    fn heard(concealer: &mut Concealer, hertz: f32, samples: usize) -> Vec<f32> {
        let sound: Vec<u8> = (0..samples).map(|n| g711::encode(voiced(hertz, n) as i16)).collect();
        for frame in sound.chunks(160) {
            concealer.passed(frame);
        }
        sound.into_iter().map(decoded).collect()
    }

    fn level_dbfs(sound: &[f32]) -> f32 {
        let coded: Vec<u8> = sound.iter().map(|&s| g711::encode(s as i16)).collect();
        g711::level_dbfs(&coded)
    }

    #[test]
    fn a_voice_that_breaks_off_goes_on_fades_within_50_ms_and_never_clicks() {
        for hertz in [70.0, 92.0, 118.0, 143.0, 186.0, 199.0] {
            // It may break off anywhere in its period.
            for cut in (1_600..1_720).step_by(7) {
                let mut concealer = Concealer::default();
                let mut sound = heard(&mut concealer, hertz, cut);
                let own = largest_jump(&sound);
                let before = level_dbfs(&sound[cut - 160..]);
                let mut made = [0.0; 1_600];
                concealer.make_up(Floor::default(), &mut made);
                sound.extend(made);
                let mut back: Vec<f32> = (0..160).map(|n| voiced(hertz, n + 31)).collect();
                concealer.blend(Floor::default(), &mut back);
                sound.extend(back);
                let step = largest_jump(&sound);
                assert!(step < own * 1.35, "{hertz} Hz, cut at {cut}: a step of {step}, its own are {own}");
                let first = level_dbfs(&made[..160]);
                assert!((before - 6.0..before + 1.5).contains(&first), "{hertz} Hz: {before} then {first}");
                assert!(level_dbfs(&made[240..400]) < before - 5.0);
                let after = level_dbfs(&made[400..]);
                assert!((-70.0..-60.0).contains(&after), "after 50 ms there is noise: {after} dBFS");
            }
        }
    }

    #[test]
    fn the_pitch_is_kept() {
        for hertz in [92.0, 118.0, 186.0] {
            let mut concealer = Concealer::default();
            heard(&mut concealer, hertz, 1_600);
            let mut made = [0.0; 200];
            concealer.make_up(Floor::default(), &mut made);
            // Two periods of a high voice are as good as one.
            let period = 8_000.0 / hertz;
            let periods = concealer.length as f32 / period;
            assert!(
                (periods - periods.round()).abs() < 0.06,
                "{hertz} Hz became {} samples",
                concealer.length
            );
            assert!(periods > 0.9);
        }
    }

    #[test]
    fn made_up_in_pieces_it_is_the_same() {
        let (mut once, mut twice) = (Concealer::default(), Concealer::default());
        heard(&mut once, 118.0, 1_600);
        heard(&mut twice, 118.0, 1_600);
        let (mut whole, mut pieces) = ([0.0; 480], [0.0; 480]);
        once.make_up(Floor::default(), &mut whole);
        pieces.chunks_mut(80).for_each(|piece| twice.make_up(Floor::default(), piece));
        assert!(whole.iter().zip(&pieces).all(|(a, b)| (a - b).abs() < f32::EPSILON));
        assert!(once.has_faded());
    }

    #[test]
    fn where_nothing_was_heard_there_is_noise_and_no_hole() {
        let mut made = [0.0; 160];
        Concealer::default().make_up(Floor::default(), &mut made);
        assert!(level_dbfs(&made[..40]) > -96.0);
        let mut concealer = Concealer::default();
        concealer.make_up(Floor::default(), &mut [0.0; 400]);
        concealer.make_up(Floor::default(), &mut made);
        assert!((-70.0..-60.0).contains(&level_dbfs(&made)));
    }
}
