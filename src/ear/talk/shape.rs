//! The figures of a conversation as one of its parties would see them.

use std::time::Duration;

/// How a conversation goes for one party, over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// How much time that is.
    pub over: Duration,
    /// Their part of what both said; a half while nobody has spoken.
    pub talk_share: f32,
    /// The part of the time in which they spoke.
    pub speech_share: f32,
    /// The part of all speech in which both spoke at once.
    pub overlap_share: f32,
    /// Their turns.
    pub turns: u32,
    /// How fast they answer.
    pub latency: Option<Latency>,
    /// How often they spoke into the other's turn as if it were theirs.
    pub interruptions_made: u32,
    /// How often that was done to them.
    pub interruptions_suffered: u32,
    /// How often they said something short while the other went on.
    pub back_channels: u32,
    /// Pauses inside their turns.
    pub pauses: u32,
    /// The longest of them.
    pub longest_pause: Duration,
    /// The part of their turns that is pause.
    pub pause_share: f32,
    /// How often it was theirs to speak and nobody did for 2 s.
    pub silences_left: u32,
}

/// From the other's last word to one's first, in milliseconds; negative when turns overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// As many are slower as are faster.
    pub median_millis: i32,
    /// The latest one.
    pub latest_millis: i32,
    /// Of how many.
    pub answers: u32,
}

/// A part of something; nothing of nothing is nothing.
pub(super) fn share(part: f32, all: f32) -> f32 {
    if all > 0.0 { (part / all).clamp(0.0, 1.0) } else { 0.0 }
}
