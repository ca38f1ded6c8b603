//! What follows from decisions, call by call.

use super::*;
use crate::call::call::Terms;
use crate::call::event::Event;
use crate::conversation::{FactName, Shape, Signal, Source, StageOfTalk};
use crate::id::RepId;
use SignalKind::{AnnoyedStrongly, AskedForPerson, Vague};

/// A call in which a turn of the prospect's comes every five seconds.
struct Talk {
    call: Call,
    turn: u32,
}

impl Talk {
    fn with_reps(names: &[&str]) -> Self {
        let reps = names.iter().map(|name| RepId::new(name)).collect();
        let mut call = Call::new(Terms { reps, ..Terms::default() });
        let _ = call.handle(CallTime::ZERO, Event::ProspectArrived);
        let _ = call.handle(CallTime::ZERO, Event::AssistantConnected);
        Self { call, turn: 0 }
    }

    fn says(&mut self, kinds: &[SignalKind]) -> Vec<Effect> {
        self.turn += 1;
        self.says_again(Wording::Final, kinds)
    }

    /// The same turn, as it is known by now.
    fn says_again(&mut self, wording: Wording, kinds: &[SignalKind]) -> Vec<Effect> {
        let at = CallTime::from_millis(u64::from(self.turn) * 5_000);
        let words = "as it was said".to_owned();
        let turn = Turn {
            number: self.turn,
            by: Speaker::Prospect,
            from: CallTime::from_millis(u64::from(self.turn) * 5_000 - 2_000),
            until: at,
            words: words.clone(),
            confidence: None,
            wording,
            source: Source::Assistant,
        };
        let signal = |kind: &SignalKind| Signal {
            kind: *kind,
            strength: 100,
            at,
            turn: Some(self.turn),
            words: words.clone(),
            about: String::new(),
        };
        let missing = vec![FactName::UseCase];
        let shape = Shape { stage: StageOfTalk::Fit, prospect_turns: 6, missing, ..Shape::default() };
        let said = Said { turn, signals: kinds.iter().map(signal).collect(), facts: Vec::new(), shape };
        self.call.handle(at, Event::Said(Box::new(said)))
    }
}

fn next(effects: &[Effect]) -> Option<Follows> {
    let decided = |effect: &Effect| if let Effect::Decide(decided) = effect { decided.next } else { None };
    effects.iter().find_map(decided)
}

fn outcome(effects: &[Effect]) -> Option<&Outcome> {
    effects.iter().find_map(|effect| {
        if let Effect::FileHandoff { outcome, .. } = effect { Some(outcome) } else { None }
    })
}

#[test]
fn who_asks_for_a_person_is_heard_although_the_assistant_was_to_ask_something_first() {
    let mut talk = Talk::with_reps(&["sam"]);
    talk.says(&[Vague]);
    assert_eq!(next(&talk.says(&[Vague])), Some(Follows::AssistantAsks));
    let effects = talk.says(&[AskedForPerson]);
    assert_eq!(next(&effects), Some(Follows::RepSought));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Reserve { .. })), "{effects:#?}");
}

#[test]
fn nobody_is_offered_and_no_words_are_given_where_no_rep_could_come() {
    let mut talk = Talk::with_reps(&[]);
    let effects = talk.says(&[AnnoyedStrongly]);
    assert_eq!(next(&effects), Some(Follows::NobodyCouldCome));
    let [Effect::Decide(decided)] = effects.as_slice() else { panic!("nothing else is done: {effects:#?}") };
    assert!(decided.words.is_empty(), "{decided:#?}");
    assert!(!talk.call.handoff_is_open());
    let mut served = Talk::with_reps(&["sam"]);
    let effects = served.says(&[AnnoyedStrongly]);
    assert_eq!(next(&effects), Some(Follows::Offered));
    assert!(served.call.handoff_is_open());
}

#[test]
fn a_decision_on_early_words_is_called_off_by_final_ones_that_say_something_else_and_by_none_other() {
    let mut talk = Talk::with_reps(&["sam"]);
    talk.turn = 1;
    assert_eq!(next(&talk.says_again(Wording::Partial, &[AskedForPerson])), Some(Follows::RepSought));
    assert_eq!(outcome(&talk.says_again(Wording::Partial, &[])), None, "that may still change");
    assert_eq!(outcome(&talk.says_again(Wording::Final, &[AskedForPerson])), None, "it was right");
    assert_eq!(outcome(&talk.says_again(Wording::Final, &[])), None, "it was final once");

    let mut misheard = Talk::with_reps(&["sam"]);
    misheard.turn = 1;
    misheard.says_again(Wording::Partial, &[AskedForPerson]);
    assert_eq!(outcome(&misheard.says_again(Wording::Final, &[])), Some(&Outcome::CalledOff));
    assert_eq!(
        next(&misheard.says(&[AskedForPerson])),
        Some(Follows::RepSought),
        "nothing is held against them"
    );
}
