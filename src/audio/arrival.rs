//! Where an arriving chunk of sound belongs: sound does not come as a metronome.
//!
//! Chunks are placed by the carrier's timestamp. What was had already is dropped, what is missing is counted;
//! a steady run is what leaves. A stamp that makes no sense (far ahead, or the stream's clock began again) is
//! believed only after the next chunk agrees with it.

use crate::time::MediaTime;

/// What to do with a chunk that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It belongs next; this many samples before it never came.
    Next {
        /// Samples missing between the last chunk and this one.
        missing: u64,
    },
    /// It was had before, or its moment has passed.
    Past,
}

/// The place of each chunk of one stream.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    next: Option<MediaTime>,
    leaped_to: Option<MediaTime>,
}

impl Arrival {
    /// Places a chunk of so many samples, stamped so.
    pub fn place(&mut self, stamp: MediaTime, samples: u64) -> Place {
        let Some(next) = self.next else {
            self.next = Some(stamp + samples);
            return Place::Next { missing: 0 };
        };
        // Stamps are whole milliseconds and some carriers round them: within half a frame is "in its place".
        if stamp.0 + TOLERANCE < next.0 {
            if next - stamp > LEAP && self.leaped_to.take() == Some(stamp) {
                return self.begin_again(stamp, samples);
            }
            self.leaped_to = (next - stamp > LEAP).then_some(stamp + samples);
            return Place::Past;
        }
        let missing = stamp - next;
        if missing > LEAP {
            if self.leaped_to.take() == Some(stamp) {
                return self.begin_again(stamp, samples);
            }
            // Taken for sound (it is somebody's voice), not for its stamp.
            self.leaped_to = Some(stamp + samples);
            self.next = Some(next + samples);
            return Place::Next { missing: 0 };
        }
        self.leaped_to = None;
        self.next = Some(if missing <= TOLERANCE { next + samples } else { stamp + samples });
        Place::Next { missing: if missing <= TOLERANCE { 0 } else { missing } }
    }

    fn begin_again(&mut self, stamp: MediaTime, samples: u64) -> Place {
        self.next = Some(stamp + samples);
        Place::Next { missing: 0 }
    }
}

/// Half a frame of samples.
const TOLERANCE: u64 = 80;

/// A step of the clock that no stall explains: a minute.
const LEAP: u64 = 60 * 8_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn placed(stamps: &[u64]) -> Vec<Place> {
        let mut arrival = Arrival::default();
        stamps.iter().map(|&ms| arrival.place(MediaTime::from_millis(ms), 160)).collect()
    }

    const STEADY: Place = Place::Next { missing: 0 };

    #[test]
    fn a_steady_stream_stays_as_it_is() {
        assert_eq!(placed(&[5, 25, 45, 65]), [STEADY; 4]);
        assert_eq!(placed(&[0, 21, 39, 62]), [STEADY; 4]);
    }

    #[test]
    fn doubles_and_latecomers_are_dropped_and_gaps_are_counted() {
        assert_eq!(
            placed(&[0, 20, 20, 60, 40, 80]),
            [STEADY, STEADY, Place::Past, Place::Next { missing: 160 }, Place::Past, STEADY]
        );
    }

    #[test]
    fn a_stamp_from_nowhere_is_not_believed_alone() {
        assert_eq!(placed(&[0, 20, 999_999_999, 60, 80]), [STEADY; 5]);
    }

    #[test]
    fn a_clock_that_begins_again_is_followed() {
        let back = placed(&[100_000, 100_020, 0, 20, 40]);
        assert_eq!(back[2..], [Place::Past, STEADY, STEADY]);
        assert_eq!(placed(&[0, 20, 500_000, 500_020, 500_040]), [STEADY; 5]);
    }

    proptest! {
        /// Whatever stamps come, no sound has two places, and a stream in order stays whole.
        #[test]
        fn places_never_overlap_and_never_run_away(
            chunks in prop::collection::vec((0_u64..2_000_000_000, 0_u64..4_000), 1..300),
            steady in 1_usize..300,
        ) {
            let mut arrival = Arrival::default();
            let (mut run, mut sent) = (0_u64, 0_u64);
            for (stamp, samples) in chunks {
                if let Place::Next { missing } = arrival.place(MediaTime::from_millis(stamp), samples) {
                    prop_assert!(missing <= LEAP, "a gap of {missing} samples is no gap");
                    run += missing + samples;
                    sent += samples;
                }
            }
            prop_assert!(run >= sent);
            // A clock that has begun anew is believed from its second chunk on, whatever came before.
            let stamps = (0..steady as u64 + 2).map(|n| MediaTime::from_millis(3_000_000_000 + 20 * n));
            let places: Vec<Place> = stamps.map(|stamp| arrival.place(stamp, 160)).collect();
            prop_assert!(places[2..].iter().all(|place| *place == Place::Next { missing: 0 }), "{places:?}");
        }

        /// Late, lost and doubled chunks of one stream come out in their order, each once.
        #[test]
        fn a_shaken_stream_becomes_one_run(
            fates in prop::collection::vec((0_u8..10, 0_usize..4), 2..200),
        ) {
            let mut order: Vec<(usize, u64)> = Vec::new();
            for (n, (fate, late)) in fates.iter().enumerate() {
                match fate {
                    0 => {}
                    1 => order.extend([(n, n as u64), (n + late, n as u64)]),
                    _ => order.push((n + if *fate < 4 { *late } else { 0 }, n as u64)),
                }
            }
            order.sort_by_key(|(at, _)| *at);
            let mut arrival = Arrival::default();
            let mut last = None;
            for (_, n) in order {
                if let Place::Next { missing } = arrival.place(MediaTime::from_millis(20 * n), 160) {
                    let step = last.map_or(1, |last| n - last);
                    prop_assert!(last.is_none_or(|last| n > last), "{n} after {last:?}");
                    prop_assert_eq!(missing, 160 * (step - 1));
                    last = Some(n);
                }
            }
        }
    }
}
