//! An estimate of what the far side has yet to play: carriers play what they are sent in real time.

use std::time::Duration;

use tokio::time::Instant;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// The play-out of one leg's far side.
#[derive(Clone, Copy, Debug)]
pub struct Playout {
    end: Instant,
    audible_end: Instant,
    sent: u64,
    cleared_at: u64,
}

impl Playout {
    /// Nothing is queued yet.
    pub fn new(now: Instant) -> Self {
        Self { end: now, audible_end: now, sent: 0, cleared_at: 0 }
    }

    /// A frame of somebody's live voice was sent.
    pub fn sent_live(&mut self, now: Instant, samples: usize) {
        self.end = self.end.max(now) + length(samples);
        self.sent += samples as u64;
    }

    /// This much speech was sent; what of it can be heard is noted.
    pub fn sent(&mut self, now: Instant, sound: &[u8]) {
        let start = self.end.max(now);
        self.end = start + length(sound.len());
        self.sent += sound.len() as u64;
        for (number, chunk) in sound.chunks(FRAME_SAMPLES).enumerate() {
            if g711::level_dbfs(chunk) > AUDIBLE_DBFS {
                self.audible_end = start + length((number + 1) * FRAME_SAMPLES);
            }
        }
    }

    /// What was queued was dropped.
    pub fn cleared(&mut self, now: Instant) {
        self.end = now;
        self.audible_end = self.audible_end.min(now);
        self.cleared_at = self.sent;
    }

    /// The far side has just played everything up to this place of what was sent.
    pub fn played_to(&mut self, now: Instant, place: u64) {
        if place <= self.cleared_at {
            // A mark that came back because it was cleared says nothing of time.
            return;
        }
        let left = length(usize::try_from(self.sent.saturating_sub(place)).unwrap_or(usize::MAX));
        let tail = self.end.saturating_duration_since(self.audible_end);
        self.end = now + left;
        self.audible_end = self.end.checked_sub(tail).unwrap_or(now).max(self.audible_end.min(now));
    }

    /// All that was sent will be played so much later than reckoned.
    pub fn is_later(&mut self, by: Duration) {
        self.end += by;
    }

    /// All that was sent will be played so much earlier than reckoned.
    pub fn is_earlier(&mut self, now: Instant, by: Duration) {
        self.end = self.end.checked_sub(by).unwrap_or(now).max(now.min(self.end));
    }

    /// When everything sent will have been played.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// When the last of it that anybody can hear will have been played.
    pub fn audible_end(&self) -> Instant {
        self.audible_end
    }

    /// Whether nothing was sent since the last clear.
    pub fn is_clear(&self) -> bool {
        self.sent == self.cleared_at
    }

    /// How much is queued.
    pub fn backlog(&self, now: Instant) -> Duration {
        self.end.saturating_duration_since(now)
    }

    /// How many samples were sent in all.
    pub fn place(&self) -> u64 {
        self.sent
    }
}

/// How long so many samples last.
pub fn length(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

/// Below this, no listener on a telephone hears anything: the level of its own noise.
const AUDIBLE_DBFS: f32 = -55.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock;

    #[tokio::test(start_paused = true)]
    async fn what_was_sent_plays_in_real_time_and_silence_at_the_end_is_not_heard() {
        let now = clock::now();
        let mut playout = Playout::new(now);
        let speech = [0x80_u8; 8_000];
        playout.sent(now, &speech);
        playout.sent(now, &[g711::SILENCE; 16_000]);
        assert_eq!(playout.backlog(now), Duration::from_secs(3));
        assert_eq!(playout.audible_end(), now + Duration::from_secs(1));
        // The mark after the speech comes back 200 ms later than reckoned: the rest is late as well.
        let late = now + Duration::from_millis(1_200);
        playout.played_to(late, 8_000);
        assert_eq!(playout.backlog(late), Duration::from_secs(2));
        assert_eq!(playout.audible_end(), late);
        playout.cleared(late);
        assert_eq!(playout.backlog(late), Duration::ZERO);
    }
}
