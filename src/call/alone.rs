//! Whoever is left alone on the bridge, prospect or rep, because the other's line broke, is told so; a break that mends at
//! once nobody need hear of.

use serde::{Deserialize, Serialize};

use crate::call::call::Call;
use crate::call::effect::Effect;
use crate::handoff::{Phrase, Stage};
use crate::id::LegId;
use crate::time::CallTime;

/// Whether one of the two is alone on the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Alone {
    /// Nobody is.
    Nobody,
    /// Somebody is, and is told then.
    Since { told_at: CallTime },
    /// Somebody is, and was told.
    Told,
}

impl Call {
    pub(super) fn note_who_waits_alone(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.one_waits_alone = match (self.who_is_alone(), self.one_waits_alone) {
            (Some(_), Alone::Nobody) => Alone::Since { told_at: at + self.terms.alone },
            (Some(_), waits) => waits,
            (None, _) => Alone::Nobody,
        };
        self.tell_who_waits_alone(at, effects);
    }

    pub(super) fn tell_who_waits_alone(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        if let (Some(leg), Alone::Since { told_at }) = (self.who_is_alone(), self.one_waits_alone)
            && told_at <= at
        {
            self.one_waits_alone = Alone::Told;
            effects.push(Effect::Say { leg, phrase: Phrase::OneMoment });
        }
    }

    /// The one of prospect and rep who is there while the other is not.
    fn who_is_alone(&self) -> Option<LegId> {
        match (self.stage(), self.prospect_is_here()) {
            (Some(Stage::Introducing { attempt, .. } | Stage::Bridging { attempt }), false) => {
                Some(LegId::Rep(*attempt))
            }
            (Some(Stage::Rejoining { .. }), true) => Some(LegId::Prospect),
            _both_or_neither => None,
        }
    }
}
