//! From one rate to another: files, voices and recognisers have rates that are not the telephone's.
//!
//! rubato's FFT resampler in chunks of 20 ms: flat to 3.4 kHz, what would fold back is 140 dB down, and its delay is known
//! (10 ms in each direction) and taken off at the beginning, so that a place in what comes out is the same moment of what
//! went in. It chooses its instructions by the processor, so the last bits may differ between machines; the analysis
//! path of a call, which is at 8 kHz already, has none of it.

use std::time::Duration;

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// Turns one channel of sound at one rate into the same sound at another, chunk by chunk.
pub struct Resampler {
    from: u32,
    to: u32,
    /// None: the rates are the same.
    engine: Option<Engine>,
    taken: u64,
    given: u64,
}

struct Engine {
    fft: Fft<f32>,
    chunk: Vec<f32>,
    filled: usize,
    made: Vec<f32>,
    /// What of the delay has yet to be dropped.
    to_drop: usize,
}

/// A rate that no sound of ours has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} samples a second is no rate of speech: {LOWEST_RATE} to {HIGHEST_RATE} are taken")]
pub struct BadRate(pub u32);

impl Resampler {
    /// From this rate to that one, both in samples a second.
    pub fn new(from: u32, to: u32) -> Result<Self, BadRate> {
        for rate in [from, to] {
            if !(LOWEST_RATE..=HIGHEST_RATE).contains(&rate) {
                return Err(BadRate(rate));
            }
        }
        let engine = if from == to {
            None
        } else {
            let (rate_in, rate_out) = (from as usize, to as usize);
            let chunk = chunk(rate_in, rate_out);
            let fft = Fft::new(rate_in, rate_out, chunk, 1, FixedSync::Both).map_err(|_| BadRate(from))?;
            let (size_in, size_out) = (fft.input_frames_max(), fft.output_frames_max());
            let to_drop = fft.output_delay();
            Some(Engine { fft, chunk: vec![0.0; size_in], filled: 0, made: vec![0.0; size_out], to_drop })
        };
        Ok(Self { from, to, engine, taken: 0, given: 0 })
    }

    /// How much later than its sound went in a sample can come out: the filter's own delay and the chunk that must be full.
    pub fn delay(&self) -> Duration {
        let Some(engine) = &self.engine else { return Duration::ZERO };
        let seconds = |samples: usize, rate: u32| Duration::from_secs(samples as u64) / rate;
        seconds(engine.fft.output_delay(), self.to) + seconds(engine.chunk.len(), self.from)
    }

    /// Takes sound and appends what it became, as far as that is certain.
    pub fn push(&mut self, sound: &[f32], out: &mut Vec<f32>) {
        self.taken += sound.len() as u64;
        let before = out.len();
        match &mut self.engine {
            None => out.extend_from_slice(sound),
            Some(engine) => engine.push(sound, out),
        }
        self.given += (out.len() - before) as u64;
    }

    /// The sound is over: appends the rest, so that all of it is exactly as long as it was. Then another sound may begin.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let whole = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from));
        let owed = whole.saturating_sub(self.given) as usize;
        if let Some(engine) = &mut self.engine {
            let end = out.len() + owed;
            while out.len() < end {
                let room = [0.0; 64];
                engine.push(&room[..room.len().min(engine.chunk.len() - engine.filled)], out);
            }
            out.truncate(end);
            engine.fft.reset();
            engine.filled = 0;
            engine.to_drop = engine.fft.output_delay();
        }
        (self.taken, self.given) = (0, 0);
    }
}

impl Engine {
    fn push(&mut self, mut sound: &[f32], out: &mut Vec<f32>) {
        while !sound.is_empty() {
            let (now, later) = sound.split_at(sound.len().min(self.chunk.len() - self.filled));
            self.chunk[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            sound = later;
            if self.filled < self.chunk.len() {
                return;
            }
            self.filled = 0;
            let (size_in, size_out) = (self.chunk.len(), self.made.len());
            let taken =
                SequentialSlice::new(&self.chunk, 1, size_in).expect("the slice is as long as it says");
            let mut made = SequentialSlice::new_mut(&mut self.made, 1, size_out)
                .expect("the slice is as long as it says");
            let (_, count) = self
                .fft
                .process_into_buffer(&taken, &mut made, None)
                .expect("chunks are of the engine's own sizes");
            let dropped = self.to_drop.min(count);
            self.to_drop -= dropped;
            out.extend_from_slice(&self.made[dropped..count]);
        }
    }
}

/// Samples of the rate that come in at a time: those of a whole number of samples at the other, about 20 ms. An even number
/// of such steps, because half of a chunk is the delay, and half a sample of it could not be taken off.
fn chunk(rate_in: usize, rate_out: usize) -> usize {
    let (mut divisor, mut rest) = (rate_in, rate_out);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let step = 2 * rate_in / divisor;
    (rate_in * CHUNK_MILLIS / 1_000).div_ceil(step) * step
}

/// A whole sound at another rate.
pub fn whole(from: u32, to: u32, sound: &[f32]) -> Result<Vec<f32>, BadRate> {
    let mut resampler = Resampler::new(from, to)?;
    let mut out = Vec::with_capacity(sound.len() * to as usize / from as usize + to as usize / 10);
    resampler.push(sound, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

/// The nearest sample of 16 bits; what is louder than full scale is full scale, what is no number is silence.
pub fn to_sample(value: f32) -> i16 {
    // A float that is out of range becomes the nearest end, and NaN zero.
    value.round() as i16
}

/// 20 ms: a frame's length, at which the filter is still flat to 3.4 kHz (a quarter of it is 18 dB down at 3 kHz).
const CHUNK_MILLIS: usize = 20;

/// Below half of the telephone's rate there is no speech left to hear.
pub const LOWEST_RATE: u32 = 4_000;

/// Twice the highest rate that recorders offer.
pub const HIGHEST_RATE: u32 = 384_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        let step = 2.0 * std::f64::consts::PI * hertz / f64::from(rate);
        (0..(seconds * f64::from(rate)) as usize)
            .map(|n| (8_000.0 * (step * n as f64).sin()) as f32)
            .collect()
    }

    /// Level against the sine that went in, in dB, without the ends.
    fn gain_db(sound: &[f32]) -> f64 {
        let inner = &sound[sound.len() / 4..sound.len() * 3 / 4];
        let mean = inner.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / inner.len() as f64;
        10.0 * (mean / 32e6 + 1e-20).log10()
    }

    const RATES: [u32; 11] =
        [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

    #[test]
    fn a_sound_keeps_its_length_its_place_and_its_shape_at_every_rate() {
        for from in RATES {
            for to in [8_000, 16_000, 24_000, 48_000] {
                let made = whole(from, to, &sine(700.0, from, 0.48)).unwrap();
                assert_eq!(made.len(), (to * 12 / 25) as usize, "{from} to {to}");
                let expected = sine(700.0, to, 0.48);
                let inside = to as usize / 20..made.len() - to as usize / 20;
                let error = inside.map(|n| (made[n] - expected[n]).abs()).fold(0.0, f32::max);
                assert!(error < 8.0, "{from} to {to}: off by {error} of 8000, so it is late or bent");
            }
        }
    }

    #[test]
    fn speech_passes_unharmed_and_what_would_fold_back_is_gone() {
        for (from, to) in
            [(8_000, 16_000), (8_000, 48_000), (16_000, 8_000), (24_000, 8_000), (48_000, 8_000)]
        {
            for hertz in [200.0, 1_000.0, 3_000.0, 3_400.0] {
                let gain = gain_db(&whole(from, to, &sine(hertz, from, 0.5)).unwrap());
                assert!(gain.abs() < 0.1, "{from} to {to}: {hertz} Hz by {gain} dB");
            }
        }
        for from in [16_000, 24_000, 44_100, 48_000, 96_000] {
            for hertz in [4_600.0, 5_500.0, 7_400.0] {
                let gain = gain_db(&whole(from, 8_000, &sine(hertz, from, 0.5)).unwrap());
                assert!(gain < -90.0, "{from}: {hertz} Hz is {gain} dB in what a telephone gets");
            }
        }
    }

    #[test]
    fn it_does_not_matter_in_what_pieces_the_sound_comes() {
        let sound = sine(440.0, 44_100, 0.3);
        let at_once = whole(44_100, 8_000, &sound).unwrap();
        let mut resampler = Resampler::new(44_100, 8_000).unwrap();
        for size in [1, 7, 160, 882, 5_000] {
            let mut made = Vec::new();
            sound.chunks(size).for_each(|piece| resampler.push(piece, &mut made));
            resampler.finish(&mut made);
            assert!(made == at_once, "in pieces of {size}, and after another sound");
        }
    }

    #[test]
    fn the_delay_that_is_stated_is_the_delay_that_is_there() {
        for (from, to) in
            [(8_000, 16_000), (8_000, 24_000), (8_000, 48_000), (16_000, 8_000), (48_000, 8_000)]
        {
            let mut resampler = Resampler::new(from, to).unwrap();
            assert_eq!(resampler.delay(), Duration::from_millis(30), "20 ms of chunk, 10 of filter");
            let frame = vec![1.0; from as usize / 50];
            let mut made = Vec::new();
            for n in 1..=50 {
                resampler.push(&frame, &mut made);
                assert_eq!(
                    made.len(),
                    (to as usize / 50) * n - to as usize / 100,
                    "{from} to {to}, frame {n}"
                );
            }
        }
        assert_eq!(Resampler::new(8_000, 8_000).unwrap().delay(), Duration::ZERO);
    }

    #[test]
    fn odd_rates_and_short_sounds_work_or_are_refused() {
        assert_eq!(whole(44_056, 8_000, &sine(500.0, 44_056, 1.0)).unwrap().len(), 8_000);
        assert!(whole(48_000, 8_000, &[]).unwrap().is_empty());
        assert_eq!(whole(48_000, 8_000, &[1.0; 5]).unwrap().len(), 1);
        assert_eq!(whole(8_000, 8_000, &[5.0; 3]).unwrap(), [5.0; 3]);
        for bad in [0, 3_999, 400_000] {
            assert_eq!(whole(bad, 8_000, &[0.0]).unwrap_err(), BadRate(bad));
        }
    }

    #[test]
    fn samples_are_rounded_and_stay_within_16_bits() {
        let made = [0.4, -0.6, 40_000.0, -1e9, f32::NAN, f32::INFINITY].map(to_sample);
        assert_eq!(made, [0, -1, i16::MAX, i16::MIN, 0, i16::MAX]);
    }
}
