//! Who hears whom, as one atomic word, and the pipes that carry it out. Nothing here waits or locks.
//!
//! The call task sets the word; each leg reads it for every frame. Cuts are counted apart, before the word is set,
//! so that a leg that missed a hearing does not miss its cut.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::audio::frame::Frame;
use crate::call::Heard;
use crate::handoff::{Hearing, Sounds};
use crate::id::{AttemptId, LegId};
use crate::live::clock;
use crate::live::pipe::Pipe;

/// The patchbay of one call.
#[derive(Debug)]
pub struct Patchbay {
    word: AtomicU64,
    cuts: AtomicU32,
    assistant_clears: AtomicU32,
    prospect: Pipe,
    assistant: Pipe,
    rep: Pipe,
    began: Instant,
    /// When the rep last began to speak or fell silent, in microseconds since then, twice; one more: they speak. 0: never.
    rep_voice: AtomicU64,
}

/// When somebody began to speak or fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoke {
    /// Whether they speak.
    pub speaks: bool,
    /// Since when.
    pub at: Instant,
}

/// A hearing as a leg reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patched {
    /// Which hearing of the call this is; wraps after 65,536.
    pub number: u16,
    /// Who hears whom.
    pub hearing: Hearing,
}

impl Default for Patchbay {
    fn default() -> Self {
        let first = Patched { number: 0, hearing: Hearing::outside_handoff(Sounds::HOLD) };
        Self {
            word: AtomicU64::new(first.packed()),
            cuts: AtomicU32::new(0),
            assistant_clears: AtomicU32::new(0),
            prospect: Pipe::new(PERSON_FRAMES),
            assistant: Pipe::new(ASSISTANT_FRAMES),
            rep: Pipe::new(PERSON_FRAMES),
            began: clock::now(),
            rep_voice: AtomicU64::new(0),
        }
    }
}

impl Patchbay {
    /// From now on, who hears whom is this.
    pub fn set(&self, number: u32, hearing: Hearing, cut: bool) {
        if cut {
            self.cuts.fetch_add(1, Ordering::Release);
        }
        self.word.store(Patched { number: number as u16, hearing }.packed(), Ordering::Release);
    }

    /// Who hears whom now.
    pub fn now(&self) -> Patched {
        Patched::unpacked(self.word.load(Ordering::Acquire))
    }

    /// How often what the prospect's carrier has queued was to be cleared.
    pub fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::Acquire)
    }

    /// The assistant cleared what it had said.
    pub fn assistant_cleared(&self) -> u32 {
        self.assistant_clears.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// How often the assistant cleared what it had said.
    pub fn assistant_clears(&self) -> u32 {
        self.assistant_clears.load(Ordering::Acquire)
    }

    /// Carries a frame of this leg to everybody who hears it; how many frames had to go for it.
    pub fn carry(&self, from: LegId, frame: Frame) -> u32 {
        let hearing = self.now().hearing;
        let mut dropped = 0;
        match from {
            LegId::Prospect => {
                if hearing.assistant.has(Sounds::PROSPECT) {
                    dropped += u32::from(self.assistant.push(frame));
                }
                if hearing.rep.has(Sounds::PROSPECT) {
                    dropped += u32::from(self.rep.push(frame));
                }
            }
            LegId::Rep(attempt) => {
                if hearing.on_line == Some(attempt) && hearing.prospect.has(Sounds::REP) {
                    dropped += u32::from(self.prospect.push(frame));
                }
            }
            // The assistant's speech is not live sound: it goes by `live::speech`.
            LegId::Assistant => {}
        }
        dropped
    }

    /// The rep's leg heard this of their voice just now.
    pub fn rep_spoke(&self, now: Instant, what: Heard) {
        let speaks = match what {
            Heard::TurnBegan => true,
            Heard::TurnEnded => false,
            Heard::TookTheFloor => return,
        };
        let micros = now.saturating_duration_since(self.began).as_micros() as u64;
        self.rep_voice.store(micros.max(1) << 1 | u64::from(speaks), Ordering::Release);
    }

    /// When the rep began to speak or fell silent, as far as their leg has said.
    pub fn when_rep_spoke(&self) -> Option<Spoke> {
        let voice = self.rep_voice.load(Ordering::Acquire);
        let at = self.began + Duration::from_micros(voice >> 1);
        (voice != 0).then_some(Spoke { speaks: voice & 1 == 1, at })
    }

    /// The frames that wait for this leg's ear.
    pub fn pipe(&self, to: LegId) -> &Pipe {
        match to {
            LegId::Prospect => &self.prospect,
            LegId::Assistant => &self.assistant,
            LegId::Rep(_) => &self.rep,
        }
    }

    /// Whether somebody who hears this leg has fallen behind, so that its reader should let them run.
    pub fn is_crowded(&self, from: LegId) -> bool {
        match from {
            LegId::Prospect => self.assistant.is_crowded() || self.rep.is_crowded(),
            LegId::Rep(_) => self.prospect.is_crowded(),
            LegId::Assistant => false,
        }
    }
}

impl Patched {
    /// What reaches this leg's ear.
    pub fn ear(&self, leg: LegId) -> Sounds {
        match leg {
            LegId::Prospect => self.hearing.prospect,
            LegId::Assistant => self.hearing.assistant,
            LegId::Rep(attempt) if self.hearing.on_line == Some(attempt) => self.hearing.rep,
            LegId::Rep(_) => Sounds::HOUSE,
        }
    }

    fn packed(&self) -> u64 {
        let Hearing { prospect, assistant, rep, on_line } = self.hearing;
        // Tries are numbered from 1, so 0 is nobody.
        let on_line = on_line.map_or(0, |attempt| attempt.0 as u16);
        u64::from(prospect.bits())
            | u64::from(assistant.bits()) << 8
            | u64::from(rep.bits()) << 16
            | u64::from(on_line) << 32
            | u64::from(self.number) << 48
    }

    fn unpacked(word: u64) -> Self {
        let on_line = (word >> 32) as u16;
        let hearing = Hearing {
            prospect: Sounds::from_bits(word as u8),
            assistant: Sounds::from_bits((word >> 8) as u8),
            rep: Sounds::from_bits((word >> 16) as u8),
            on_line: (on_line != 0).then_some(AttemptId(u32::from(on_line))),
        };
        Self { number: (word >> 48) as u16, hearing }
    }
}

/// 2.5 s: what a stall holds back comes at once, and the reader decides which of it is worth hearing. On a busy machine
/// the whole of it comes before the reader runs.
const PERSON_FRAMES: usize = 128;

/// 640 ms: an assistant takes a burst as it comes, and a recogniser should not miss a word of it.
const ASSISTANT_FRAMES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MediaTime;

    fn bridged() -> Hearing {
        Hearing {
            prospect: Sounds::REP,
            assistant: Sounds::SILENCE,
            rep: Sounds::PROSPECT,
            on_line: Some(AttemptId(3)),
        }
    }

    #[test]
    fn the_word_holds_a_whole_hearing() {
        let patched = Patched { number: 40_000, hearing: bridged() };
        assert_eq!(Patched::unpacked(patched.packed()), patched);
    }

    #[test]
    fn promise_2_a_rep_who_is_not_on_the_line_reaches_nobody_and_hears_only_the_house_voice() {
        let patchbay = Patchbay::default();
        patchbay.set(1, bridged(), true);
        let frame = Frame::silence(MediaTime(0));
        patchbay.carry(LegId::Rep(AttemptId(2)), frame);
        assert!(patchbay.pipe(LegId::Prospect).is_empty());
        patchbay.carry(LegId::Rep(AttemptId(3)), frame);
        assert_eq!(patchbay.pipe(LegId::Prospect).len(), 1);
        assert_eq!(patchbay.now().ear(LegId::Rep(AttemptId(2))), Sounds::HOUSE);
        assert_eq!(patchbay.cuts(), 1);
    }

    #[test]
    fn promise_2_the_assistant_hears_nothing_of_the_bridge() {
        let patchbay = Patchbay::default();
        patchbay.set(1, bridged(), true);
        patchbay.carry(LegId::Prospect, Frame::silence(MediaTime(0)));
        assert!(patchbay.pipe(LegId::Assistant).is_empty());
        assert_eq!(patchbay.pipe(LegId::Rep(AttemptId(3))).len(), 1);
    }
}
