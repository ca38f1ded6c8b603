//! Is it a tone, from a machine? A ringback, a dial tone, a keypad, a fax or a hum puts all its energy into one or two
//! lines of the spectrum; a voice has harmonics, breath and noise beside them.

use crate::ear::spectrum::{BINS, Power};

/// What the last windows have in common.
#[derive(Default)]
pub(super) struct Tone {
    /// Where the strongest line stood, in bins.
    place: f32,
    hops: u32,
    calm_hops: u32,
}

/// What a frame is in this respect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tonal {
    /// One of its windows shows nothing but lines: no evidence of a voice.
    pub(super) now: bool,
    /// For so many hops of 10 ms there was nothing but lines that stand still; 0 when not.
    pub(super) hops: u32,
    /// Hops since the last window of hardly more than lines.
    pub(super) since: u32,
}

impl Tone {
    /// Looks at the two windows of a frame.
    pub(super) fn hear(&mut self, spectra: &[Power; 2]) -> Tonal {
        let mut now = false;
        for power in spectra {
            let Lines { share, clump, place } = lines(power);
            let bare = share > LINES_ONLY;
            now |= bare;
            let stands = (place - self.place).abs() < STANDS_STILL_BINS;
            self.hops = if bare && (stands || self.hops == 0) { self.hops + 1 } else { u32::from(bare) };
            let whistles = clump > LINES_ONLY && place > HIGH_BINS;
            self.calm_hops =
                if share > HARDLY_MORE || whistles { 0 } else { self.calm_hops.saturating_add(1) };
            self.place = place;
        }
        Tonal { now, hops: self.hops, since: self.calm_hops }
    }
}

/// What a window's strongest lines are like.
struct Lines {
    /// Which share of its energy lies in the two strongest.
    share: f32,
    /// Which share lies within [`CLUMP`] of the strongest: of a siren all, for its line moves while it is looked at.
    clump: f32,
    /// Where the strongest stands, in bins.
    place: f32,
}

fn lines(power: &Power) -> Lines {
    let total: f32 = power.iter().sum();
    if total < EMPTY {
        return Lines { share: 0.0, clump: 0.0, place: 0.0 };
    }
    let first = strongest(power, BINS);
    let second = strongest(power, first);
    let (mut energy, mut moment) = (0.0, 0.0);
    for (k, power) in power.iter().enumerate().take(first + REACH + 1).skip(first.saturating_sub(REACH)) {
        energy += power;
        moment += power * k as f32;
    }
    let place = moment / energy;
    for (k, power) in power.iter().enumerate().take(second + REACH + 1).skip(second.saturating_sub(REACH)) {
        if k.abs_diff(first) > REACH {
            energy += power;
        }
    }
    let clump = power.iter().take(first + CLUMP + 1).skip(first.saturating_sub(CLUMP)).sum::<f32>();
    Lines { share: energy / total, clump: clump / total, place }
}

/// The strongest bin that is not part of this line.
fn strongest(power: &Power, but: usize) -> usize {
    let mut best = 0;
    let mut most = -1.0;
    for (k, &energy) in power.iter().enumerate() {
        if energy > most && k.abs_diff(but) > REACH {
            most = energy;
            best = k;
        }
    }
    best
}

/// The bins that a line fills to each side of its strongest (the main lobe of the Hann window).
const REACH: usize = 2;

/// The share that two lines have of a tone's energy, through a telephone; speech stays below it but for single windows.
const LINES_ONLY: f32 = 0.985;

/// With so much in two lines there is no evidence of a voice either (at 0.96 the first short answer is missed).
const HARDLY_MORE: f32 = 0.97;

/// 250 Hz: as far as the line of a fast siren moves to each side in a window.
const CLUMP: usize = 8;

/// 750 Hz: below it a voice may have all its energy in one place (an "oh", a child's first harmonic), above it never.
const HIGH_BINS: f32 = 750.0 / crate::ear::spectrum::BIN_HZ;

/// 12 Hz: a machine's tone stands, a voice moves.
const STANDS_STILL_BINS: f32 = 12.0 / crate::ear::spectrum::BIN_HZ;

/// Below this power there is no sound to speak of (a sine of half a step of 16 bits).
const EMPTY: f32 = 0.06;
