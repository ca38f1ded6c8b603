//! What comes back of what we play: the telephone network cancels no echo of ours, and an echo is speech to any ear.
//!
//! The rule: whatever we played within the last [`LONGEST_FRAMES`] may come back, weaker by at least [`WEAKEST_LOSS_DB`].
//! A frame counts as the party's own only when it is louder than that. Where the line shows while we speak that less
//! comes back, less is asked for.

/// What was played lately, and how much of it comes back at most.
pub(super) struct Echo {
    played: [f32; LONGEST_FRAMES],
    frame: usize,
    playing: usize,
    loudest: f32,
    in_block: usize,
    blocks: [f32; BLOCKS],
    block: usize,
    last: f32,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            played: [NOTHING_DBFS; LONGEST_FRAMES],
            frame: 0,
            playing: 0,
            loudest: NOTHING_DBFS,
            in_block: 0,
            blocks: [-WEAKEST_LOSS_DB; BLOCKS],
            block: 0,
            last: NOTHING_DBFS,
        }
    }
}

impl Echo {
    /// Hears how loud we play now and how loud the party's frame is; the level that an echo may have now.
    pub(super) fn hear(&mut self, playing: f32, level: f32) -> f32 {
        self.play(playing);
        let loudest = self.played.iter().copied().fold(NOTHING_DBFS, f32::max);
        if loudest < AUDIBLE_DBFS {
            self.playing = 0;
            return NOTHING_DBFS;
        }
        self.playing += 1;
        if self.playing > LONGEST_FRAMES {
            self.learn(level - loudest);
        }
        loudest + self.returns() + MARGIN_DB
    }

    /// A frame went by that was not heard: what we play now may come back all the same.
    pub(super) fn skip(&mut self) {
        self.play(self.last);
    }

    fn play(&mut self, playing: f32) {
        // Not a number is no level: nothing.
        self.last = playing.clamp(NOTHING_DBFS, 0.0).max(NOTHING_DBFS);
        self.played[self.frame % LONGEST_FRAMES] = self.last;
        self.frame = (self.frame + 1) % LONGEST_FRAMES;
    }

    /// A second at a time: how close the line came to what we played. What is least in several of the
    /// last seconds is the line's own, for nobody speaks in all of them.
    fn learn(&mut self, beside: f32) {
        self.loudest = self.loudest.max(beside);
        self.in_block += 1;
        if self.in_block == BLOCK_FRAMES {
            self.blocks[self.block % BLOCKS] = self.loudest;
            self.block = (self.block + 1) % BLOCKS;
            self.loudest = NOTHING_DBFS;
            self.in_block = 0;
        }
    }

    /// How far below what we played the loudest echo lies: the second least of the last seconds, for one may be odd.
    fn returns(&self) -> f32 {
        let (mut least, mut second) = (-WEAKEST_LOSS_DB, -WEAKEST_LOSS_DB);
        for &block in &self.blocks {
            second = second.min(block.max(least));
            least = least.min(block);
        }
        second
    }
}

/// 560 ms: echo comes 50 to 500 ms late, and an ear's frame lies across two of what was played.
const LONGEST_FRAMES: usize = 28;

/// The least that a network takes from what it sends back.
const WEAKEST_LOSS_DB: f32 = 15.0;

/// Frames' levels differ by this when one hears across two of the other.
const MARGIN_DB: f32 = 3.0;

/// What is quieter leaves no echo that is heard.
const AUDIBLE_DBFS: f32 = -55.0;

/// Nothing is played.
const NOTHING_DBFS: f32 = -96.0;

/// One second of our speech holds loud vowels.
const BLOCK_FRAMES: usize = 50;

/// Five seconds are longer than anybody speaks over us.
const BLOCKS: usize = 5;
