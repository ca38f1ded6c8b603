//! The power spectrum of 32 ms, every 10 ms: tone veto, tilt and flux all look at this one.
//!
//! A frame has two such windows. Both are real, so one complex transform of 256 points carries them: one as its real
//! part, one as its imaginary part.

use crate::audio::frame::FRAME_SAMPLES;

/// Samples that one spectrum looks at: 32 ms.
pub const WINDOW: usize = 256;

/// Samples from one spectrum to the next: 10 ms.
pub const HOP: usize = FRAME_SAMPLES / 2;

/// Samples that the two spectra of a frame look at together; the newest are the frame itself and stand last.
pub const REACH: usize = WINDOW + HOP;

/// Bins of a spectrum, 31.25 Hz apart, from 0 to 4 kHz.
pub const BINS: usize = WINDOW / 2 + 1;

/// Hertz from one bin to the next.
pub const BIN_HZ: f32 = 8_000.0 / WINDOW as f32;

/// Power at each bin, scaled so that a sine of amplitude `a` on a bin shows `a * a / 4` there.
pub type Power = [f32; BINS];

/// The spectra of the two windows that end with the first and the second half of a frame.
pub fn spectra(reach: &[f32; REACH]) -> [Power; 2] {
    let mut re = [0.0; WINDOW];
    let mut im = [0.0; WINDOW];
    for n in 0..WINDOW {
        re[n] = reach[n] * HANN[n];
        im[n] = reach[n + HOP] * HANN[n];
    }
    transform(&mut re, &mut im);
    let mut both = [[0.0; BINS]; 2];
    for k in 0..BINS {
        let mirror = (WINDOW - k) % WINDOW;
        let (even_re, odd_re) = (re[k] + re[mirror], re[k] - re[mirror]);
        let (even_im, odd_im) = (im[k] + im[mirror], im[k] - im[mirror]);
        both[0][k] = (even_re * even_re + odd_im * odd_im) * SCALE;
        both[1][k] = (even_im * even_im + odd_re * odd_re) * SCALE;
    }
    both
}

/// A complex transform in place, by four passes of radix 4 that leave the bins in order.
fn transform(re: &mut [f32; WINDOW], im: &mut [f32; WINDOW]) {
    let mut other_re = [0.0; WINDOW];
    let mut other_im = [0.0; WINDOW];
    pass::<1>(re, im, &mut other_re, &mut other_im);
    pass::<4>(&other_re, &other_im, re, im);
    pass::<16>(re, im, &mut other_re, &mut other_im);
    pass::<64>(&other_re, &other_im, re, im);
}

/// One pass: `STRIDE` transforms beside each other, their samples interleaved.
fn pass<const STRIDE: usize>(
    from_re: &[f32; WINDOW],
    from_im: &[f32; WINDOW],
    to_re: &mut [f32; WINDOW],
    to_im: &mut [f32; WINDOW],
) {
    const QUARTER: usize = WINDOW / 4;
    for p in 0..QUARTER / STRIDE {
        let [w1, w2, w3] = [1, 2, 3].map(|times| TURN[(times * p * STRIDE) % WINDOW]);
        for q in 0..STRIDE {
            let at = q + STRIDE * p;
            let (a_re, a_im) = (from_re[at], from_im[at]);
            let (b_re, b_im) = (from_re[at + QUARTER], from_im[at + QUARTER]);
            let (c_re, c_im) = (from_re[at + 2 * QUARTER], from_im[at + 2 * QUARTER]);
            let (d_re, d_im) = (from_re[at + 3 * QUARTER], from_im[at + 3 * QUARTER]);
            let (sum_re, sum_im) = (a_re + c_re, a_im + c_im);
            let (rest_re, rest_im) = (a_re - c_re, a_im - c_im);
            let (pair_re, pair_im) = (b_re + d_re, b_im + d_im);
            // b - d, turned by a quarter.
            let (turned_re, turned_im) = (b_im - d_im, d_re - b_re);
            let to = q + STRIDE * 4 * p;
            to_re[to] = sum_re + pair_re;
            to_im[to] = sum_im + pair_im;
            let mut put = |to: usize, re: f32, im: f32, (cos, sin): (f32, f32)| {
                to_re[to] = re * cos - im * sin;
                to_im[to] = re * sin + im * cos;
            };
            put(to + STRIDE, rest_re + turned_re, rest_im + turned_im, w1);
            put(to + 2 * STRIDE, sum_re - pair_re, sum_im - pair_im, w2);
            put(to + 3 * STRIDE, rest_re - turned_re, rest_im - turned_im, w3);
        }
    }
}

/// A quarter for the two halves that the mirrored bins are put together from, and the window's own sum squared.
const SCALE: f32 = 0.25 / ((WINDOW / 2) * (WINDOW / 2)) as f32;

static HANN: [f32; WINDOW] = {
    let mut window = [0.0; WINDOW];
    let mut n = 0;
    while n < WINDOW {
        window[n] = (0.5 - 0.5 * cos_of_turn(n)) as f32;
        n += 1;
    }
    window
};

/// Cosine and sine of minus `n` 256ths of a turn.
static TURN: [(f32, f32); WINDOW] = {
    let mut table = [(0.0, 0.0); WINDOW];
    let mut n = 0;
    while n < WINDOW {
        // The sine of an angle is the cosine of a quarter turn less.
        table[n] = (cos_of_turn(n) as f32, -cos_of_turn((n + WINDOW * 3 / 4) % WINDOW) as f32);
        n += 1;
    }
    table
};

/// The cosine of `n` 256ths of a turn, when the program is compiled: by its series, within the first quarter.
const fn cos_of_turn(n: usize) -> f64 {
    let half = WINDOW / 2;
    let folded = if n > half { WINDOW - n } else { n };
    let (quarter, sign) = if folded > half / 2 { (half - folded, -1.0) } else { (folded, 1.0) };
    let angle = quarter as f64 * (2.0 * std::f64::consts::PI / WINDOW as f64);
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1);
    while k < 14 {
        term *= -angle * angle / ((2 * k - 1) * (2 * k)) as f64;
        sum += term;
        k += 1;
    }
    sign * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slowly(samples: &[f32]) -> Vec<f32> {
        let tau = 2.0 * std::f64::consts::PI / WINDOW as f64;
        let bin = |k: usize| {
            let part = |f: fn(f64) -> f64| -> f64 {
                let hann = |n: usize| 0.5 - 0.5 * (tau * n as f64).cos();
                (0..WINDOW).map(|n| f64::from(samples[n]) * hann(n) * f(tau * (k * n) as f64)).sum()
            };
            let (re, im) = (part(f64::cos), part(f64::sin));
            ((re * re + im * im) / 128.0 / 128.0) as f32
        };
        (0..BINS).map(bin).collect()
    }

    #[test]
    fn both_spectra_are_those_of_the_definition() {
        let mut seed = 7_u32;
        let reach: [f32; REACH] = std::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as f32 - 32_768.0
        });
        let fast = spectra(&reach);
        for (spectrum, samples) in fast.iter().zip([&reach[..WINDOW], &reach[HOP..]]) {
            let loudest = spectrum.iter().copied().fold(0.0, f32::max);
            for (k, (fast, slow)) in spectrum.iter().zip(slowly(samples)).enumerate() {
                assert!((fast - slow).abs() <= 2e-5 * loudest, "bin {k}: {fast} instead of {slow}");
            }
        }
    }

    #[test]
    fn a_sine_on_a_bin_shows_the_quarter_of_its_amplitude_squared() {
        let sine = |n: usize| 1_000.0 * (2.0 * std::f32::consts::PI * 32.0 * n as f32 / WINDOW as f32).sin();
        let [first, second] = spectra(&std::array::from_fn(sine));
        for spectrum in [first, second] {
            assert!((spectrum[32] / 250_000.0 - 1.0).abs() < 1e-3, "{}", spectrum[32]);
            assert!(spectrum[40] < 1.0 && spectrum[0] < 1.0);
        }
    }
}
