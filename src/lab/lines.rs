//! The telephone lines that a staged call may come over: louder or softer, noisy, brighter or duller, levelled by a
//! carrier, and other throats than those in the corpus; always the same line from the first to the last sample of a call.

use crate::audio::g711;
use crate::lab::score::Chance;

/// What a line does to a voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Speed of playing, 1 as recorded: other length of throat, other pitch, other pace.
    pub speed: f32,
    /// Gain in dB.
    pub gain_db: f32,
    /// Share of the sample before that is added (duller) or taken away (brighter), -0.6 to 0.6.
    pub tilt: f32,
    /// White and low noise in dB below full scale.
    pub noise_dbfs: f32,
    /// Levels loud and soft out as carriers do, within a second.
    pub levelled: bool,
}

impl Line {
    /// The line of the recordings.
    pub const PLAIN: Self = Self { speed: 1.0, gain_db: 0.0, tilt: 0.0, noise_dbfs: -96.0, levelled: false };

    /// Some line: every property by chance, within what is usual.
    pub fn by_chance(chance: &mut Chance) -> Self {
        let mut between = |low: f32, high: f32| low + (high - low) * chance.below(1_001) as f32 / 1_000.0;
        Self {
            speed: between(0.88, 1.14),
            gain_db: between(-14.0, 6.0),
            tilt: between(-0.35, 0.35),
            noise_dbfs: between(-72.0, -45.0),
            levelled: between(0.0, 1.0) < 0.35,
        }
    }

    /// The sound as it comes out at the other end, through G.711.
    pub fn carry(&self, sound: &[i16], chance: &mut Chance) -> Vec<i16> {
        let gain = power_of_ten(self.gain_db / 20.0);
        let noise = power_of_ten(self.noise_dbfs / 20.0) * 32_768.0;
        let mut before = 0.0;
        let (mut level, mut hum) = (LEVEL_WANTED, 0.0);
        paced(sound, self.speed)
            .into_iter()
            .map(|sample| {
                let tilted = (sample + self.tilt * before) / (1.0 + self.tilt.abs() * 0.5);
                before = sample;
                let mut loud = tilted * gain;
                if self.levelled {
                    // The level of the last second of sound that is any, brought to what is wanted.
                    if loud.abs() > LEVEL_LEAST {
                        level += (loud.abs() - level) * LEVEL_STEP;
                    }
                    loud *= (LEVEL_WANTED / level).clamp(0.35, 3.0);
                }
                let mut dice = || chance.below(20_001) as f32 / 10_000.0 - 1.0;
                let white = dice();
                hum += (dice() - hum) * 0.1;
                let sum = loud + noise * (white * 1.2 + hum * 4.0);
                g711::decode(g711::encode(sum.clamp(-32_768.0, 32_767.0) as i16))
            })
            .collect()
    }
}

/// The sound played faster or slower, between samples by a curve through four of them (Catmull and Rom).
fn paced(sound: &[i16], speed: f32) -> Vec<f32> {
    let at = |n: i64| usize::try_from(n).ok().and_then(|n| sound.get(n)).map_or(0.0, |&s| f32::from(s));
    let many = (sound.len() as f64 / f64::from(speed)) as usize;
    (0..many)
        .map(|n| {
            let place = n as f64 * f64::from(speed);
            let (whole, part) = (place as i64, place.fract() as f32);
            let [a, b, c, d] = [at(whole - 1), at(whole), at(whole + 1), at(whole + 2)];
            let (first, second) = (a - 2.5 * b + 2.0 * c - 0.5 * d, 0.5 * (d - a) + 1.5 * (b - c));
            b + part * (0.5 * (c - a) + part * (first + part * second))
        })
        .collect()
}

fn power_of_ten(x: f32) -> f32 {
    libm::powf(10.0, x)
}

/// Mean of the samples' size that a carrier wants: about -20 dBm0.
const LEVEL_WANTED: f32 = 1_500.0;

/// A sample below this is a pause and teaches the carrier nothing.
const LEVEL_LEAST: f32 = 200.0;

/// A level is followed within about a second of loud samples.
const LEVEL_STEP: f32 = 1.0 / 4_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32) -> Vec<i16> {
        (0..8_000)
            .map(|n| (8_000.0 * (std::f32::consts::TAU * hz * n as f32 / 8_000.0).sin()) as i16)
            .collect()
    }

    fn crossings(sound: &[i16]) -> usize {
        sound.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count()
    }

    fn rms(sound: &[i16]) -> f64 {
        (sound.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>() / sound.len() as f64).sqrt()
    }

    #[test]
    fn the_plain_line_only_rounds() {
        let sound = tone(300.0);
        let carried = Line::PLAIN.carry(&sound, &mut Chance(1));
        assert_eq!(carried.len(), sound.len());
        assert!(carried.iter().zip(&sound).all(|(a, b)| a.abs_diff(*b) < 300));
    }

    #[test]
    fn gain_speed_tilt_and_levelling_do_what_they_say() {
        let line = |line: Line, sound: &[i16]| line.carry(sound, &mut Chance(1));
        let sound = tone(300.0);
        let soft = line(Line { gain_db: -12.0, ..Line::PLAIN }, &sound);
        assert!((rms(&sound) / rms(&soft) - 4.0).abs() < 0.1, "{}", rms(&soft));
        let fast = line(Line { speed: 1.1, ..Line::PLAIN }, &sound);
        assert!(fast.len().abs_diff(7_272) < 3 && crossings(&fast).abs_diff(300) < 4, "{}", crossings(&fast));
        let bright = Line { tilt: -0.3, ..Line::PLAIN };
        let ratio = |line_of: Line| rms(&line(line_of, &tone(3_000.0))) / rms(&line(line_of, &sound));
        assert!(ratio(bright) > 1.5 * ratio(Line::PLAIN));
        let levelled = Line { levelled: true, ..Line::PLAIN };
        let step: Vec<i16> = sound.iter().map(|s| s / 8).chain(sound.iter().copied()).collect();
        let out = line(levelled, &step);
        assert!(rms(&out[15_000..]) / rms(&out[6_000..7_500]) < 4.0, "8 times as loud before");
    }
}
