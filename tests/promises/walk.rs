//! The walk: every situation that a call can get into × everything that can happen in it, every promise checked at
//! each step. Time passes only from deadline to deadline, so the situations are finitely many.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use baton::call::{Asker, AssistantFault, AssistantTerms, Call, Effect, Event, Heard, Terms};
use baton::handoff::{End, Phrase, Policy};
use baton::id::{AttemptId, LegId, RepId};
use baton::time::CallTime;
use serde_json::Value;

use crate::defects::{DEFECTS, Defect};
use crate::ledger::Ledger;

#[test]
fn promises_1_to_4_hold_in_every_situation() {
    let walked = walk(None, usize::MAX);
    println!("the walk saw {} situations and took {} steps", walked.situations, walked.steps);
    assert_eq!(walked.broken, BTreeSet::new());
    assert!(walked.situations > 2_000, "only {} situations: the walk has lost its way", walked.situations);
    for stage in
        ["seeking", "offering", "joining", "briefing", "cutting", "introducing", "bridging", "recovering"]
    {
        assert!(walked.stages.contains(stage), "no situation was {stage}");
    }
}

#[test]
fn the_walk_catches_every_seeded_defect() {
    assert!(DEFECTS.len() >= 20);
    let mut missed = Vec::new();
    for defect in DEFECTS {
        let walked = walk(Some(defect), 1);
        match walked.broken.first() {
            Some(broken) => println!("{:<70} caught: {broken}", defect.name),
            None => missed.push(defect.name),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}

struct Walked {
    situations: usize,
    steps: usize,
    stages: BTreeSet<&'static str>,
    broken: BTreeSet<String>,
}

#[derive(Clone)]
struct Situation {
    at: CallTime,
    call: Call,
    ledger: Ledger,
}

fn walk(defect: Option<&Defect>, enough: usize) -> Walked {
    let terms = terms();
    let mut first =
        Situation { at: CallTime::ZERO, call: Call::new(terms.clone()), ledger: Ledger::default() };
    let mut walked = Walked { situations: 0, steps: 0, stages: BTreeSet::new(), broken: BTreeSet::new() };
    take(&mut first, Event::Began(Box::new(terms)), defect, &mut walked.broken);
    let mut seen = HashSet::from([first.key()]);
    let mut ahead = VecDeque::from([first]);
    while let Some(situation) = ahead.pop_front() {
        walked.situations += 1;
        if walked.situations % 5000 == 0 {
            eprintln!("{} seen {} ahead {}", walked.situations, seen.len(), ahead.len());
        }
        if let Some(handoff) = situation.call.handoff() {
            walked.stages.insert(handoff.stage().name());
        }
        check_that_it_ends(&situation, defect, &mut walked.broken);
        for (wait, event) in situation.possible() {
            let mut next = situation.clone();
            next.at = next.at + wait;
            take(&mut next, event, defect, &mut walked.broken);
            walked.steps += 1;
            if walked.broken.len() >= enough {
                return walked;
            }
            if seen.insert(next.key()) {
                ahead.push_back(next);
            }
        }
    }
    walked
}

fn take(situation: &mut Situation, event: Event, defect: Option<&Defect>, broken: &mut BTreeSet<String>) {
    let before = situation.call.clone();
    let mut effects = Vec::new();
    if !defect.is_some_and(|d| (d.swallows)(&before, &event)) {
        effects = situation.call.handle(situation.at, event.clone());
    }
    if let Some(defect) = defect {
        (defect.spoils)(&before, &event, &mut effects);
    }
    broken.extend(situation.ledger.step(&before, &event, &effects, &situation.call));
    if event == Event::Ticked && situation.call == before && effects.is_empty() && !before.is_over() {
        broken.insert(format!(
            "4: a deadline passed in {:?} and nothing was done",
            before.handoff().map(|h| h.stage().name())
        ));
    }
}

/// If nobody ever says anything again, every handoff that is not a living bridge comes to rest.
fn check_that_it_ends(situation: &Situation, defect: Option<&Defect>, broken: &mut BTreeSet<String>) {
    let mut last = situation.clone();
    let mut unheeded = BTreeSet::new();
    for _ in 0..60 {
        let open =
            last.call.handoff().is_some_and(|h| h.outcome().is_none() && h.stage().name() != "bridging");
        if !open || last.call.is_over() {
            return;
        }
        let Some((at, _)) = last.call.deadline() else {
            broken.insert("4: a handoff waits for ever".to_owned());
            return;
        };
        last.at = at.max(last.at);
        take(&mut last, Event::Ticked, defect, &mut unheeded);
    }
    broken.insert("4: a handoff goes on for ever by itself".to_owned());
}

impl Situation {
    /// Everything that can happen now, or at the next deadline.
    fn possible(&self) -> Vec<(Duration, Event)> {
        let mut events = vec![
            Event::ProspectArrived,
            Event::ProspectStreamBroke,
            Event::ProspectLeft,
            Event::ProspectStreamClosed,
            Event::AssistantConnected,
            Event::AssistantBroke(AssistantFault::BrokeOff),
            Event::AssistantFinished,
            Event::PersonNotNeeded,
            Event::KeyPressed { leg: LegId::Prospect, key: '5' },
            Event::Played { leg: LegId::Prospect, phrase: Phrase::Introduction },
            Event::Played { leg: LegId::Prospect, phrase: Phrase::RepLeft },
            Event::Flowed { leg: LegId::Prospect, hearing: self.ledger.hearing_number() },
        ];
        if self.ledger.rested < 2 {
            events.push(Event::PersonAsked(Asker::Api));
            events.push(Event::KeyPressed { leg: LegId::Prospect, key: '0' });
        }
        for what in [Heard::TurnBegan, Heard::TookTheFloor, Heard::TurnEnded] {
            events.push(Event::Heard { leg: LegId::Prospect, what });
            events.push(Event::Heard { leg: LegId::Assistant, what });
        }
        for (&attempt, among) in &self.ledger.asked {
            let leg = LegId::Rep(attempt);
            let rep = self.ledger.reserved.get(&attempt).or(among.first()).cloned();
            events.extend(rep.map(|rep| Event::RepReserved { attempt, rep }));
            events.extend([
                Event::NobodyFree(attempt),
                Event::RepRang(attempt),
                Event::ClaimCommitted(attempt),
                Event::ClaimLost(attempt),
                Event::RepLeft { attempt, why: End::NoAnswer },
                Event::Played { leg, phrase: Phrase::Offer },
                Event::Played { leg, phrase: Phrase::Whisper },
                Event::Played { leg, phrase: Phrase::Introduction },
            ]);
            // The ticket of a phone that was never rung was never given out.
            if self.ledger.rung.contains(&attempt) {
                events.push(Event::RepArrived(attempt));
            }
            if self.ledger.arrived.contains(&attempt) {
                events.extend(['1', '2', '9'].map(|key| Event::KeyPressed { leg, key }));
                events.push(Event::Flowed { leg, hearing: self.ledger.hearing_number() });
                events.push(Event::Heard { leg, what: Heard::TookTheFloor });
            }
        }
        events.push(Event::RepArrived(AttemptId(99)));
        let mut possible: Vec<_> = events.into_iter().map(|event| (Duration::ZERO, event)).collect();
        if let Some((at, _)) = self.call.deadline() {
            possible.push((at.since(self.at), Event::Ticked));
        }
        possible
    }

    /// What makes one situation differ from another: everything but the time that has passed and what only counts.
    fn key(&self) -> String {
        let mut call = serde_json::to_value(&self.call).expect("a call is plain values");
        relative(&mut call, self.at.as_micros());
        format!("{call} {:?}", self.ledger.without_counts())
    }
}

/// Makes every moment in it one relative to now.
fn relative(value: &mut Value, now: u64) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !["terms", "policy", "hearings", "dialled", "attempts_made"].contains(&name.as_str())
            });
            for (name, field) in fields {
                match (name.as_str(), field.as_u64()) {
                    ("until", Some(moment)) => *field = Value::from(moment.saturating_sub(now)),
                    // Only whether the search may go on counts.
                    ("began", Some(moment)) => {
                        *field = Value::from(now - moment >= SEARCH.as_micros() as u64)
                    }
                    ("owes_since" | "broken_since", Some(moment)) => {
                        *field = Value::from(now.saturating_sub(moment))
                    }
                    _ => relative(field, now),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relative(item, now)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Few distinct times, so that situations meet again.
pub fn terms() -> Terms {
    let s = Duration::from_secs;
    Terms {
        person_key: Some('0'),
        reps: vec![RepId::new("sam"), RepId::new("kim")],
        handoff: Policy {
            seek: s(10),
            ring: s(10),
            accept: s(10),
            join: s(10),
            brief: s(10),
            patience: s(10),
            introduction: s(10),
            search: SEARCH,
        },
        assistant: AssistantTerms {
            redial_first: s(10),
            redial_most: s(10),
            give_up: s(20),
            mute: s(10),
            mute_limit: s(20),
            keep_after_bridge: s(10),
        },
        away: s(10),
    }
}

const SEARCH: Duration = Duration::from_secs(40);

/// Drops effects of one kind.
pub fn drop_effects(effects: &mut Vec<Effect>, dropped: impl Fn(&Effect) -> bool) {
    effects.retain(|effect| !dropped(effect));
}
