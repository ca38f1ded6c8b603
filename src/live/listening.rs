//! What a phone's leg makes of its person's voice: turns, who takes the floor, and, of the prospect, how they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES, Frame};
use crate::audio::voice as level;
use crate::call::{Event, Heard};
use crate::ear::mood::heads::Heads;
use crate::ear::voice::Change;
use crate::ear::whole::Ear;
use crate::id::LegId;
use crate::live::played::Played;
use crate::live::playout::length;
use crate::live::talk_of_two::TalkOfTwo;

/// How legs listen.
#[derive(Clone, Debug)]
pub struct Ears {
    /// What tells speech from everything else.
    pub by: VoiceBy,
    /// Silence after which a turn may be over.
    pub turn_over: Duration,
    /// What the mood is read by; none: it is not read.
    pub mood: Option<Arc<Heads>>,
}

/// What tells speech from everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceBy {
    /// The ear.
    Ear,
    /// Loudness alone.
    Level,
}

impl Default for Ears {
    fn default() -> Self {
        Self { by: VoiceBy::Ear, turn_over: level::TURN_OVER, mood: None }
    }
}

/// The listening of one leg.
pub(super) struct Listening {
    leg: LegId,
    floor: Duration,
    floor_taken: bool,
    voice: Detector,
}

enum Detector {
    Level(level::Voice),
    Ear(Box<ByEar>),
}

/// What only an ear can tell.
struct ByEar {
    ear: Ear,
    pace: Pace,
    played: Played,
    /// They have a turn that may not be over yet, and have spoken for so long in it.
    turn: Option<Duration>,
    /// The prospect's talk with whoever they hear.
    talk: Option<TalkOfTwo>,
}

impl Listening {
    /// Of this leg; speech of the length of `floor` takes the floor.
    pub(super) fn new(leg: LegId, ears: &Ears, floor: Duration, now: Instant) -> Self {
        let voice = match ears.by {
            VoiceBy::Level => Detector::Level(level::Voice::default()),
            VoiceBy::Ear => Detector::Ear(Box::new(ByEar::new(leg, ears, now))),
        };
        Self { leg, floor, floor_taken: false, voice }
    }

    /// The next frame of their voice; what it changed is put to the news.
    pub(super) fn hear(&mut self, now: Instant, frame: &Frame, news: &mut Vec<Event>) {
        let (change, spoken) = match &mut self.voice {
            Detector::Level(voice) => {
                let change = voice.hear(&frame.sound).map(|change| match change {
                    level::Change::Began => Heard::TurnBegan,
                    level::Change::Ended => Heard::TurnEnded,
                });
                (change, voice.spoken())
            }
            Detector::Ear(ear) => (ear.hear(now, frame, news), ear.turn.unwrap_or_default()),
        };
        if change == Some(Heard::TurnBegan) {
            self.floor_taken = false;
        }
        news.extend(change.map(|what| Event::Heard { leg: self.leg, what }));
        if !self.floor_taken && spoken >= self.floor {
            self.floor_taken = true;
            news.push(Event::Heard { leg: self.leg, what: Heard::TookTheFloor });
        }
    }

    /// This was sent to their ear, and will have been played by then.
    pub(super) fn sent(&mut self, until: Instant, sound: &[u8]) {
        if let Detector::Ear(ear) = &mut self.voice {
            ear.played.sent(until, sound);
        }
    }

    /// What was sent and has not been played will not be.
    pub(super) fn cleared(&mut self) {
        if let Detector::Ear(ear) = &mut self.voice {
            ear.played.cleared();
        }
    }

    /// The talk that this leg follows, if it follows one.
    pub(super) fn talk(&mut self) -> Option<&mut TalkOfTwo> {
        match &mut self.voice {
            Detector::Ear(ear) => ear.talk.as_mut(),
            Detector::Level(_) => None,
        }
    }
}

impl ByEar {
    fn new(leg: LegId, ears: &Ears, now: Instant) -> Self {
        let of_prospect = leg == LegId::Prospect;
        let turn_over = ears.turn_over.as_millis() as u64;
        let ear = match &ears.mood {
            Some(heads) if of_prospect => Ear::of_mood(turn_over, **heads),
            // Nobody reads how a rep is.
            Some(_) | None => Ear::of_voice(turn_over),
        };
        let talk = of_prospect.then(|| TalkOfTwo::new(now));
        Self { ear, pace: Pace::new(now), played: Played::default(), turn: None, talk }
    }

    fn hear(&mut self, now: Instant, frame: &Frame, news: &mut Vec<Event>) -> Option<Heard> {
        if !self.pace.takes(now) {
            return None;
        }
        let conversation = self.talk.as_mut().map(|talk| *talk.conversation()).unwrap_or_default();
        let playing = self.played.loud(now);
        let heard = self.ear.hear(frame, playing.loudest_dbfs, &conversation);
        let end = frame.at + FRAME_SAMPLES as u64;
        if let Some(talk) = &mut self.talk {
            talk.prospect(now, end, &heard, playing.power, news);
        }
        match heard.voiced.change {
            Some(Change::Began { at }) if self.turn.is_none() => {
                self.turn = Some(length((end - at) as usize));
                Some(Heard::TurnBegan)
            }
            Some(Change::TurnMayBeOver { .. } | Change::LongSilence { .. }) => {
                self.turn.take().map(|_| Heard::TurnEnded)
            }
            Some(Change::Began { .. } | Change::Paused { .. }) | None => {
                if let Some(spoken) = self.turn.as_mut().filter(|_| heard.voiced.speaking) {
                    *spoken += FRAME;
                }
                None
            }
        }
    }
}

/// Nobody speaks faster than time passes. A burst after a stall is heard; what a flood brings is not worth its cost.
struct Pace {
    left: f32,
    at: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { left: AT_ONCE, at: now }
    }

    fn takes(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f32();
        self.at = now;
        self.left = (self.left + passed * A_SECOND).min(AT_ONCE);
        let takes = self.left >= 1.0;
        if takes {
            self.left -= 1.0;
        }
        takes
    }
}

/// Frames of a stall of ten seconds.
const AT_ONCE: f32 = 500.0;

/// Twice as many as come.
const A_SECOND: f32 = 100.0;

const FRAME: Duration = Duration::from_millis(FRAME_MILLIS);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_heard_and_a_flood_is_not() {
        let now = clock::now();
        let mut pace = Pace::new(now);
        let taken = |pace: &mut Pace, at, frames: u32| (0..frames).filter(|_| pace.takes(at)).count();
        assert_eq!(taken(&mut pace, now, 500), 500, "ten seconds at once");
        assert_eq!(taken(&mut pace, now, 5_000), 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(taken(&mut pace, later, 5_000), 100);
    }
}
