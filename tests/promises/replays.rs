//! Replaying a timeline yields the same timeline, after a trip through the store's format too.

use std::time::Duration;

use baton::call::timeline::{Unfaithful, replay};
use baton::call::{Asker, Call, Entry, Event, Heard};
use baton::handoff::{End, Phrase};
use baton::id::{AttemptId, LegId, RepId};
use baton::time::CallTime;
use proptest::prelude::*;

use crate::walk::terms;

fn any_event() -> impl Strategy<Value = Event> {
    let attempt = || (1..4_u32).prop_map(AttemptId);
    prop_oneof![
        Just(Event::ProspectArrived),
        Just(Event::ProspectStreamBroke),
        Just(Event::CameBack),
        attempt().prop_map(Event::RepStreamBroke),
        Just(Event::AssistantConnected),
        Just(Event::AssistantFinished),
        Just(Event::PersonAsked(Asker::Api)),
        Just(Event::Ticked),
        Just(Event::ShuttingDown),
        attempt().prop_map(|attempt| Event::RepReserved { attempt, rep: RepId::new("sam") }),
        attempt().prop_map(Event::RepArrived),
        attempt().prop_map(Event::ClaimCommitted),
        attempt().prop_map(|a| Event::KeyPressed { leg: LegId::Rep(a), key: '1' }),
        attempt().prop_map(|a| Event::Flowed { leg: LegId::Rep(a), hearing: 3 }),
        attempt().prop_map(|a| Event::Played { leg: LegId::Rep(a), phrase: Phrase::Whisper }),
        attempt().prop_map(|attempt| Event::RepLeft { attempt, why: End::NoAnswer }),
        Just(Event::Heard { leg: LegId::Prospect, what: Heard::TurnEnded }),
        Just(Event::Heard { leg: LegId::Assistant, what: Heard::TurnBegan }),
    ]
}

proptest! {
    #[test]
    fn promise_9_a_timeline_replays_as_it_was(events in proptest::collection::vec((0..20_000_u64, any_event()), 1..60)) {
        let mut call = Call::new(terms());
        let mut at = CallTime::ZERO;
        let began = Event::Began(Box::new(terms()));
        let mut timeline = vec![Entry { at, event: began.clone(), effects: call.handle(at, began) }];
        for (wait, event) in events {
            at = at + Duration::from_millis(wait);
            let effects = call.handle(at, event.clone());
            timeline.push(Entry { at, event, effects });
        }
        let stored: Vec<String> = timeline.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
        let read: Vec<Entry> = stored.iter().map(|json| serde_json::from_str(json).unwrap()).collect();
        prop_assert_eq!(&read, &timeline);
        prop_assert_eq!(replay(&read).unwrap(), call);
    }
}

#[test]
fn promise_9_a_timeline_that_was_tampered_with_is_found_out() {
    let mut call = Call::new(terms());
    let timeline: Vec<Entry> = [Event::Began(Box::new(terms())), Event::ProspectArrived]
        .into_iter()
        .map(|event| Entry { at: CallTime::ZERO, effects: call.handle(CallTime::ZERO, event.clone()), event })
        .collect();
    let mut changed = timeline.clone();
    changed[1].effects.pop();
    assert!(matches!(replay(&changed), Err(Unfaithful::Differs { number: 1, .. })));
    assert_eq!(replay(&timeline[1..]), Err(Unfaithful::NoBeginning));
}
