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
}
