//! What every call of a process shares: the ports to the world, and what calls are run by.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::call::Terms;
use crate::conversation::Context;
use crate::id::RepId;
use crate::live::house_voice::HouseVoice;
use crate::live::listening::Ears;
use crate::live::recorder::Recorder;
use crate::live::seat::{Assistants, CallFacts, LegLimits};
use crate::live::tickets::Tickets;
use crate::live::watching::Watched;
use crate::live::words::Words;
use crate::phone_number::PhoneNumber;
use crate::ports::{Calls, Carrier, Reps};

/// What every call of this process shares.
pub struct World {
    /// The telephone network.
    pub carrier: Arc<dyn Carrier>,
    /// The way to assistants.
    pub assistants: Arc<dyn Assistants>,
    /// The record of calls, for what must be written before it is tried.
    pub calls: Arc<dyn Calls>,
    /// Who may be asked.
    pub reps: Arc<dyn Reps>,
    /// The record of calls, for everything else.
    pub recorder: Recorder,
    /// What Baton can say.
    pub voice: Arc<HouseVoice>,
    /// How legs listen.
    pub ears: Ears,
    /// Where words come from, and what they mean.
    pub words: Words,
    /// The limits of legs.
    pub limits: LegLimits,
    /// What calls are run by.
    pub terms: Terms,
    /// The rights to take a leg's place.
    pub tickets: Tickets,
    /// Where the reps are reached.
    pub phones: BTreeMap<RepId, PhoneNumber>,
    /// Whoever wants to watch: every entry of every timeline as it comes about.
    pub watchers: broadcast::Sender<Watched>,
}

impl World {
    /// What a call of these facts is run by.
    pub(crate) fn terms_for(&self, facts: &CallFacts) -> Terms {
        Terms { context: self.context_of(facts), ..self.terms.clone() }
    }

    /// What is known of a call before anybody has said a word; its language, where nobody says it, is the usual one.
    pub(crate) fn context_of(&self, facts: &CallFacts) -> Context {
        let mut context = facts.context.clone();
        if context.language.is_empty() {
            context.language.clone_from(&self.terms.context.language);
        }
        context
    }
}
