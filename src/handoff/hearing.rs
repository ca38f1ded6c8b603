//! Who hears whom: a pure function of the stage, never set by hand.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::handoff::proposing::Proposal;
use crate::handoff::stage::Stage;
use crate::id::AttemptId;

/// The sounds that reach one ear, as a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sounds(u8);

impl Sounds {
    /// Nothing: silence frames.
    pub const SILENCE: Self = Self(0);
    /// The prospect's voice.
    pub const PROSPECT: Self = Self(1);
    /// The assistant's speech.
    pub const ASSISTANT: Self = Self(2);
    /// The rep's voice.
    pub const REP: Self = Self(4);
    /// Baton's own voice.
    pub const HOUSE: Self = Self(8);
    /// The sound of waiting.
    pub const HOLD: Self = Self(16);

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it is silence.
    pub const fn is_silence(self) -> bool {
        self.0 == 0
    }

    /// Whether the sound of waiting is all there is: the assistant is waited for, and what it says ends the wait.
    pub const fn awaits_assistant(self) -> bool {
        self.0 == Self::HOLD.0
    }

    /// The set as bits, for a place that can hold nothing else.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of these bits; unknown ones are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }
}

impl fmt::Display for Sounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::PROSPECT, "prospect"),
            (Self::ASSISTANT, "assistant"),
            (Self::REP, "rep"),
            (Self::HOUSE, "house voice"),
            (Self::HOLD, "hold"),
        ];
        let mut first = true;
        for (sound, name) in names {
            if self.has(sound) {
                f.write_str(if first { "" } else { " + " })?;
                f.write_str(name)?;
                first = false;
            }
        }
        if first { f.write_str("silence") } else { Ok(()) }
    }
}

impl fmt::Debug for Sounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who hears whom in the whole call. Reps who are not on the line hear only what the house voice says to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hearing {
    /// What reaches the prospect.
    pub prospect: Sounds,
    /// What reaches the assistant.
    pub assistant: Sounds,
    /// What reaches the rep who is on the line.
    pub rep: Sounds,
    /// Which try's rep is on the line.
    pub on_line: Option<AttemptId>,
}

impl Hearing {
    /// Who hears whom while no handoff is open; `assistant` is what the prospect hears where it says assistant.
    pub fn outside_handoff(assistant: Sounds) -> Self {
        Self { prospect: assistant, assistant: Sounds::PROSPECT, ..Self::default() }
    }

    /// Who hears whom in this stage.
    pub fn in_stage(stage: &Stage, assistant: Sounds) -> Self {
        match stage {
            Stage::Proposing { proposal: Proposal::IsSaid | Proposal::IsAsked, .. } => Self {
                prospect: Sounds::HOUSE,
                assistant: Sounds::SILENCE,
                rep: Sounds::SILENCE,
                on_line: None,
            },
            Stage::Proposing {
                proposal: Proposal::AwaitsTurn | Proposal::AwaitsGap | Proposal::IsLeftToAssistant,
                ..
            }
            | Stage::Seeking { .. }
            | Stage::Offering { .. }
            | Stage::Over(_) => Self::outside_handoff(assistant),
            Stage::Joining { attempt, .. }
            | Stage::Briefing { attempt, .. }
            | Stage::Cutting { attempt, .. } => {
                Self { rep: Sounds::HOUSE, on_line: Some(*attempt), ..Self::outside_handoff(assistant) }
            }
            Stage::Introducing { attempt, .. } => Self {
                prospect: Sounds::HOUSE.and(Sounds::REP),
                assistant: Sounds::SILENCE,
                rep: Sounds::HOUSE.and(Sounds::PROSPECT),
                on_line: Some(*attempt),
            },
            Stage::Bridging { attempt, .. } => Self {
                prospect: Sounds::REP,
                assistant: Sounds::SILENCE,
                rep: Sounds::PROSPECT,
                on_line: Some(*attempt),
            },
            Stage::Rejoining { attempt, .. } => Self {
                prospect: Sounds::HOUSE.and(Sounds::HOLD),
                assistant: Sounds::SILENCE,
                rep: Sounds::HOUSE,
                on_line: Some(*attempt),
            },
            Stage::Recovering { .. } => Self {
                prospect: Sounds::HOUSE,
                assistant: Sounds::SILENCE,
                rep: Sounds::SILENCE,
                on_line: None,
            },
        }
    }

    /// Whether what the prospect's carrier still has queued must be cleared when this follows `before`.
    ///
    /// Only assistants send far ahead, and what they sent must not be played into what follows. Their last words may
    /// end before hold begins, for they were said. What Baton or a person sends is never more than a moment ahead:
    /// clearing it would cut the voice that is mixed with it.
    pub fn cuts(&self, before: &Self) -> bool {
        let lost = before.prospect.without(self.prospect).has(Sounds::ASSISTANT);
        lost && self.prospect != Sounds::HOLD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assistant_is_cut_off_for_a_person_but_its_last_words_may_end_before_hold() {
        let hears = |prospect| Hearing { prospect, ..Hearing::default() };
        let cuts = |from, to| hears(to).cuts(&hears(from));
        assert!(cuts(Sounds::ASSISTANT, Sounds::HOUSE.and(Sounds::REP)));
        assert!(!cuts(Sounds::ASSISTANT, Sounds::HOLD));
        assert!(!cuts(Sounds::HOLD, Sounds::ASSISTANT));
        assert!(!cuts(Sounds::HOUSE.and(Sounds::REP), Sounds::REP));
        assert!(!cuts(Sounds::REP, Sounds::HOUSE.and(Sounds::REP)));
    }

    #[test]
    fn a_set_of_sounds_says_what_is_in_it() {
        assert_eq!(Sounds::HOUSE.and(Sounds::REP).to_string(), "rep + house voice");
        assert_eq!(Sounds::SILENCE.to_string(), "silence");
        assert_eq!(Sounds::from_bits(Sounds::HOLD.bits()), Sounds::HOLD);
    }
}
