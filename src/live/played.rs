//! How loud it is at an ear right now, by what was sent there and when it will have been played.
//!
//! A telephone has no echo canceller of its own: some of what we play comes back, and must not be taken for its owner's voice.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::live::playout::length;

/// What is on its way to an ear, in blocks. Their number is fixed: the more there is, the coarser they are.
#[derive(Debug)]
pub(super) struct Played {
    blocks: VecDeque<Block>,
    /// How long a block is.
    length: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    until: Instant,
    lasts: Duration,
    loudest_dbfs: f32,
    /// Mean power; 1 is full scale.
    power: f32,
}

/// How loud it is at an ear.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loud {
    /// The loudest of what may be played there now; -96 when nothing is.
    pub(super) loudest_dbfs: f32,
    /// The mean power of that; 1 is full scale.
    pub(super) power: f32,
}

impl Default for Played {
    fn default() -> Self {
        Self { blocks: VecDeque::with_capacity(BLOCKS), length: SHORTEST_BLOCK }
    }
}

impl Played {
    /// This was sent, and will have been played by then.
    pub(super) fn sent(&mut self, until: Instant, sound: &[u8]) {
        let mut left = length(sound.len());
        for frame in sound.chunks(FRAME_SAMPLES) {
            let lasts = length(frame.len());
            left = left.saturating_sub(lasts);
            let until = until.checked_sub(left).unwrap_or(until);
            let loudest_dbfs = g711::level_dbfs(frame);
            self.one(Block { until, lasts, loudest_dbfs, power: libm::exp10f(loudest_dbfs / 10.0) });
        }
    }

    fn one(&mut self, new: Block) {
        match self.blocks.back_mut() {
            Some(last) if last.lasts < self.length && new.until >= last.until => last.take_in(&new),
            Some(_) | None => {
                if self.blocks.len() == BLOCKS {
                    self.be_coarser();
                }
                self.blocks.push_back(new);
            }
        }
    }

    fn be_coarser(&mut self) {
        for pair in 0..BLOCKS / 2 {
            let mut both = self.blocks[2 * pair];
            both.take_in(&self.blocks[2 * pair + 1]);
            self.blocks[pair] = both;
        }
        self.blocks.truncate(BLOCKS / 2);
        self.length *= 2;
    }

    /// What was sent and has not been played will not be.
    pub(super) fn cleared(&mut self) {
        self.blocks.clear();
        self.length = SHORTEST_BLOCK;
    }

    /// How loud it is there now.
    pub(super) fn loud(&mut self, now: Instant) -> Loud {
        while self.blocks.front().is_some_and(|block| block.until < now) {
            self.blocks.pop_front();
        }
        if self.blocks.is_empty() {
            self.length = SHORTEST_BLOCK;
        }
        match self.blocks.front() {
            Some(block) if block.until.saturating_duration_since(now) <= block.lasts + ON_THE_WAY => {
                Loud { loudest_dbfs: block.loudest_dbfs, power: block.power }
            }
            Some(_) | None => Loud { loudest_dbfs: g711::QUIETEST_DBFS, power: 0.0 },
        }
    }
}

impl Block {
    /// What comes next belongs to it as well.
    fn take_in(&mut self, next: &Self) {
        let (mine, theirs) = (self.lasts.as_secs_f32(), next.lasts.as_secs_f32());
        self.power = (self.power * mine + next.power * theirs) / (mine + theirs).max(f32::MIN_POSITIVE);
        self.until = next.until;
        self.lasts += next.lasts;
        self.loudest_dbfs = self.loudest_dbfs.max(next.loudest_dbfs);
    }
}

/// 160 ms: what echoes was played some time in these.
const SHORTEST_BLOCK: Duration = Duration::from_millis(160);

/// Ten seconds of the shortest; four minutes, as much as an assistant may have queued at the carrier, are blocks of 5 s.
const BLOCKS: usize = 64;

/// What is said to be played a little later may be heard by now: the reckoning is not that exact.
const ON_THE_WAY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock;

    const MILLI: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn it_is_as_loud_as_what_is_played_now_and_not_as_what_is_queued() {
        let now = clock::now();
        let mut played = Played::default();
        assert!(played.loud(now).loudest_dbfs <= g711::QUIETEST_DBFS, "nothing was sent");
        // A second of loud sound after a second of silence, all sent at once.
        played.sent(now + 1_000 * MILLI, &[g711::SILENCE; 8_000]);
        played.sent(now + 2_000 * MILLI, &[0x80; 8_000]);
        assert!(played.loud(now + 500 * MILLI).loudest_dbfs <= g711::QUIETEST_DBFS);
        assert!(played.loud(now + 1_500 * MILLI).loudest_dbfs > -1.0);
        assert!(played.loud(now + 2_500 * MILLI).loudest_dbfs <= g711::QUIETEST_DBFS, "it is over");
        played.sent(now + 3_000 * MILLI, &[0x80; 4_000]);
        played.cleared();
        assert!(played.loud(now + 2_800 * MILLI).loudest_dbfs <= g711::QUIETEST_DBFS, "it never came");
    }

    #[tokio::test(start_paused = true)]
    async fn frames_one_by_one_take_little_room() {
        let now = clock::now();
        let mut played = Played::default();
        for n in 1..=500 {
            played.sent(now + n * 20 * MILLI, &[0x90; FRAME_SAMPLES]);
            assert!(played.loud(now + n * 20 * MILLI - 10 * MILLI).loudest_dbfs > -20.0, "frame {n}");
        }
        assert!(played.blocks.len() <= 2, "{}", played.blocks.len());
    }

    #[tokio::test(start_paused = true)]
    async fn four_minutes_at_once_take_no_more_room_and_their_end_is_still_known() {
        let now = clock::now();
        let mut played = Played::default();
        let room = played.blocks.capacity();
        for n in 1..=240 {
            let byte = if n <= 120 { 0x80 } else { g711::SILENCE };
            played.sent(now + n * 1_000 * MILLI, &[byte; 8_000]);
        }
        assert_eq!(played.blocks.capacity(), room);
        assert!(played.loud(now + 60_000 * MILLI).loudest_dbfs > -1.0);
        assert!(
            played.loud(now + 130_000 * MILLI).loudest_dbfs <= g711::QUIETEST_DBFS,
            "ten seconds after the last loud one"
        );
        assert!(played.loud(now + 250_000 * MILLI).loudest_dbfs <= g711::QUIETEST_DBFS);
        assert_eq!(played.length, SHORTEST_BLOCK, "fine again");
    }
}
