//! One party's frames laid side by side in time, block by block: what comes in bursts and with gaps becomes one even sound.

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::conversation::Speaker;
use crate::live::tap::Tapped;
use crate::ports::{BLOCK_SAMPLES, MICROS_A_SAMPLE};

/// One party's sound as blocks.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// A frame that is not, or not wholly, in a block yet; and where in it the rest begins.
    waits: Option<(Tapped, usize)>,
    /// Up to where there is sound, in samples since the tap began; none where there was none yet.
    written: Option<u64>,
}

impl Lane {
    /// The block that begins there, of what comes next; and whose voice was in it last, if any was.
    pub(super) fn fill(
        &mut self,
        from: u64,
        block: &mut [u8; BLOCK_SAMPLES],
        mut next: impl FnMut() -> Option<Tapped>,
    ) -> Option<Speaker> {
        block.fill(g711::SILENCE);
        let end = from + BLOCK_SAMPLES as u64;
        let mut by = None;
        loop {
            let Some((tapped, offset)) = self.waits.take().or_else(|| next().map(|tapped| (tapped, 0)))
            else {
                return by;
            };
            let rest = &tapped.sound()[offset..];
            let own = tapped.at / MICROS_A_SAMPLE + offset as u64;
            let begins = match self.written {
                Some(written) if offset > 0 => written,
                // A burst after a stall is caught up with where nobody speaks.
                Some(written) if written > own + BEHIND && g711::level_dbfs(rest) < QUIET_DBFS => continue,
                Some(written) if own <= written + NEXT_TO => written,
                Some(_) | None => own,
            }
            .max(from);
            if begins >= end {
                self.waits = Some((tapped, offset));
                return by;
            }
            let place = (begins - from) as usize;
            let fits = rest.len().min(BLOCK_SAMPLES - place);
            block[place..place + fits].copy_from_slice(&rest[..fits]);
            self.written = Some(begins + fits as u64);
            by = Some(tapped.by);
            if fits < rest.len() {
                self.waits = Some((tapped, offset + fits));
            }
        }
    }

    /// Forgets the frame that waits, where it is not to be heard any more.
    pub(super) fn drop_if(&mut self, dropped: impl Fn(&Tapped) -> bool) {
        if self.waits.as_ref().is_some_and(|(tapped, _)| dropped(tapped)) {
            self.waits = None;
        }
    }
}

/// Frames that come within 60 ms of where they belong follow each other: a network is not more even.
const NEXT_TO: u64 = 3 * FRAME_SAMPLES as u64;

/// Half a second behind is worth catching up with.
const BEHIND: u64 = 25 * FRAME_SAMPLES as u64;

/// Nobody speaks so low.
const QUIET_DBFS: f32 = -45.0;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audio::frame::Frame;
    use crate::live::clock;
    use crate::live::tap::Tap;
    use crate::time::MediaTime;

    const MILLI: Duration = Duration::from_millis(1);

    fn loud(block: &[u8; BLOCK_SAMPLES]) -> Vec<bool> {
        block.chunks(FRAME_SAMPLES).map(|frame| g711::level_dbfs(frame) > QUIET_DBFS).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn frames_that_come_unevenly_are_one_even_sound() {
        let now = clock::now();
        let tap = Tap::new(now);
        let frame = Frame { at: MediaTime(0), sound: [0x20; FRAME_SAMPLES] };
        for (number, late) in [0, 14, 3, 19, 8].into_iter().enumerate() {
            tap.prospect(now + (20 * number as u32 + late) * MILLI, &frame);
        }
        let (mut lane, mut block) = (Lane::default(), [0; BLOCK_SAMPLES]);
        let by = lane.fill(0, &mut block, || tap.next_of_prospect());
        assert_eq!(by, Some(Speaker::Prospect));
        assert!(block.iter().all(|sample| *sample == 0x20), "no gap between them");
    }

    #[tokio::test(start_paused = true)]
    async fn speech_that_is_sent_ahead_is_heard_when_it_is_played_and_not_when_it_was_dropped() {
        let now = clock::now();
        let tap = Tap::new(now);
        tap.sent(Speaker::Assistant, now, now + 40 * MILLI, &[0x20; 3 * FRAME_SAMPLES + 80]);
        tap.cleared(now + 80 * MILLI);
        tap.sent(Speaker::Assistant, now + 150 * MILLI, now + 180 * MILLI, &[0x20; FRAME_SAMPLES]);
        let (mut lane, mut block) = (Lane::default(), [0; BLOCK_SAMPLES]);
        lane.fill(0, &mut block, || tap.next_of_other());
        assert_eq!(loud(&block), [false, false, true, true, false]);
        lane.fill(BLOCK_SAMPLES as u64, &mut block, || tap.next_of_other());
        assert_eq!(loud(&block), [false, false, false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stall_nothing_said_is_lost_and_silence_makes_up_for_it() {
        let now = clock::now();
        let tap = Tap::new(now);
        let frame = |level| Frame { at: MediaTime(0), sound: [level; FRAME_SAMPLES] };
        // Two seconds at once: 300 ms of speech, silence, 300 ms of speech.
        for number in 0..100 {
            let speaks = !(15..85).contains(&number);
            tap.prospect(now + 2_000 * MILLI, &frame(if speaks { 0x20 } else { g711::SILENCE }));
        }
        let (mut lane, mut block, mut heard) = (Lane::default(), [0; BLOCK_SAMPLES], Vec::new());
        for number in 0..40 {
            lane.fill(number * BLOCK_SAMPLES as u64, &mut block, || tap.next_of_prospect());
            heard.extend(loud(&block));
        }
        assert_eq!(heard.iter().filter(|loud| **loud).count(), 30);
        let last = heard.iter().rposition(|loud| *loud).unwrap();
        assert!(last < 100 + 15 + 26 + 15 + 1, "the silence in between is half a second: {last}");
    }
}
