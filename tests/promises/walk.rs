//! The walk: every situation that a call can get into × everything that can happen in it, every promise checked at
//! each step. Time passes only from deadline to deadline, so the situations are finitely many.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use baton::call::{Asker, AssistantFault, AssistantTerms, Call, Effect, Event, Heard, Terms};
use baton::escalation::{Answer, Policy as Escalation};
use baton::handoff::{End, Pace, Phrase, Policy, Proposer};
use baton::id::{AttemptId, LegId, RepId};
use baton::time::CallTime;
use serde_json::Value;

use crate::defects::{DEFECTS, Defect};
use crate::ledger::Ledger;

#[test]
fn promises_1_to_4_hold_in_every_situation() {
    for scope in SCOPES {
        let walked = walk(scope, None, usize::MAX);
        println!("{}: {} situations, {} steps", scope.name, walked.situations, walked.steps);
        assert!(walked.broken.is_empty(), "broken promises, and the way to each: {:#?}", walked.broken);
        assert!(
            walked.situations > if scope.begins == Begins::Offered { 500 } else { 2_000 },
            "only {} situations: the walk has lost its way",
            walked.situations
        );
        for stage in STAGES {
            let rejoins = matches!(scope.breaks, Breaks::Rep | Breaks::Phones | Breaks::Everything);
            let possible = match (stage, scope.begins) {
                ("proposing", begins) => begins == Begins::Offered,
                ("seeking", _) => true,
                (_, Begins::Offered) => false,
                ("rejoining", Begins::Asked) => rejoins,
                (_, Begins::Asked) => true,
            };
            assert_eq!(walked.stages.contains(stage), possible, "situations that were {stage}");
        }
    }
}

#[test]
fn the_walk_catches_every_seeded_defect() {
    assert!(DEFECTS.len() >= 20);
    let mut missed = Vec::new();
    for defect in DEFECTS {
        let mut scopes = SCOPES.iter().filter(|scope| scope.begins == defect.begins);
        let found = scopes.find_map(|scope| walk(scope, Some(defect), 1).broken.pop_first());
        match found {
            Some((broken, _)) => println!("{:<70} caught: {broken}", defect.name),
            None => missed.push(defect.name),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}

/// What a walk takes in.
struct Scope {
    name: &'static str,
    reps: &'static [&'static str],
    /// How many handoffs a call may see.
    handoffs: u32,
    breaks: Breaks,
    begins: Begins,
}

/// How a handoff begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Somebody asks for a person.
    Asked,
    /// The prospect is offered one. What comes after their yes is the same, so nobody is free then.
    Offered,
}

/// What may break. Everything at once has more situations than a test has seconds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breaks {
    Nothing,
    /// The prospect's stream and the assistant, which may also finish.
    ProspectAndAssistant,
    /// The rep's stream.
    Rep,
    /// The prospect's stream and the rep's.
    Phones,
    /// The process, which takes the call up again.
    Everything,
}

const SCOPES: &[Scope] = &[
    Scope {
        name: "the prospect is offered a person, their line and the assistant may break",
        reps: &["sam"],
        handoffs: 1,
        breaks: Breaks::ProspectAndAssistant,
        begins: Begins::Offered,
    },
    Scope {
        name: "the prospect is offered a person twice, the process may be killed",
        reps: &["sam"],
        handoffs: 2,
        breaks: Breaks::Everything,
        begins: Begins::Offered,
    },
    Scope {
        name: "one rep, one handoff, the prospect's line and the assistant may break",
        reps: &["sam"],
        handoffs: 1,
        breaks: Breaks::ProspectAndAssistant,
        begins: Begins::Asked,
    },
    Scope {
        name: "two reps, one handoff, lines hold",
        reps: &["sam", "kim"],
        handoffs: 1,
        breaks: Breaks::Nothing,
        begins: Begins::Asked,
    },
    Scope {
        name: "one rep, two handoffs, lines hold",
        reps: &["sam"],
        handoffs: 2,
        breaks: Breaks::Nothing,
        begins: Begins::Asked,
    },
    Scope {
        name: "one rep, one handoff, the process may be killed",
        reps: &["sam"],
        handoffs: 1,
        breaks: Breaks::Everything,
        begins: Begins::Asked,
    },
    Scope {
        name: "one rep, one handoff, the rep's line may break",
        reps: &["sam"],
        handoffs: 1,
        breaks: Breaks::Rep,
        begins: Begins::Asked,
    },
    Scope {
        name: "one rep, one handoff, both phones' lines may break",
        reps: &["sam"],
        handoffs: 1,
        breaks: Breaks::Phones,
        begins: Begins::Asked,
    },
];

const STAGES: [&str; 10] = [
    "proposing",
    "seeking",
    "offering",
    "joining",
    "briefing",
    "cutting",
    "introducing",
    "bridging",
    "rejoining",
    "recovering",
];

struct Walked {
    situations: usize,
    steps: usize,
    stages: BTreeSet<&'static str>,
    /// Broken promises, each with the shortest way to it.
    broken: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Situation {
    at: CallTime,
    call: Call,
    ledger: Ledger,
    came_by: Option<Rc<Step>>,
}

/// How a situation was reached: the shortest way, since the walk goes breadth first.
struct Step {
    event: String,
    before: Option<Rc<Step>>,
}

fn walk(scope: &Scope, defect: Option<&Defect>, enough: usize) -> Walked {
    let reps = scope.reps.iter().map(|name| RepId::new(name)).collect();
    let terms = Terms { reps, escalation: Arc::new(undecided()), ..terms() };
    let mut first = Situation {
        at: CallTime::ZERO,
        call: Call::new(terms.clone()),
        ledger: Ledger::default(),
        came_by: None,
    };
    let mut walked = Walked { situations: 0, steps: 0, stages: BTreeSet::new(), broken: BTreeMap::new() };
    take(&mut first, &Event::Began(Box::new(terms)), defect, &mut walked.broken);
    let mut seen = HashSet::from([first.key()]);
    let mut ahead = VecDeque::from([first]);
    while let Some(situation) = ahead.pop_front() {
        walked.situations += 1;
        if let Some(handoff) = situation.call.handoff() {
            walked.stages.insert(handoff.stage().name());
        }
        check_that_it_ends(&situation, defect, &mut walked.broken);
        for (wait, event) in situation.possible(scope) {
            let mut next = situation.clone();
            next.at = next.at + wait;
            take(&mut next, &event, defect, &mut walked.broken);
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

fn take(
    situation: &mut Situation,
    event: &Event,
    defect: Option<&Defect>,
    broken: &mut BTreeMap<String, String>,
) {
    let before = situation.call.clone();
    situation.came_by = Some(Rc::new(Step { event: format!("{event:?}"), before: situation.came_by.take() }));
    let mut effects = Vec::new();
    if !defect.is_some_and(|d| (d.swallows)(&before, event)) {
        effects = situation.call.handle(situation.at, event.clone());
    }
    if let Some(defect) = defect {
        (defect.spoils)(&before, event, &mut effects);
    }
    for promise in situation.ledger.step(&before, event, &effects, &situation.call) {
        broken.entry(promise).or_insert_with(|| situation.way());
    }
    if *event == Event::Ticked && situation.call == before && effects.is_empty() && !before.is_over() {
        broken
            .entry(format!(
                "4: a deadline passed in {:?} and nothing was done",
                before.handoff().map(|h| h.stage().name())
            ))
            .or_insert_with(|| situation.way());
    }
}

/// If nobody ever says anything again, every handoff that is not a living bridge comes to rest.
fn check_that_it_ends(situation: &Situation, defect: Option<&Defect>, broken: &mut BTreeMap<String, String>) {
    let mut last = situation.clone();
    let mut unheeded = BTreeMap::new();
    for _ in 0..60 {
        let open =
            last.call.handoff().is_some_and(|h| h.outcome().is_none() && h.stage().name() != "bridging");
        if !open || last.call.is_over() {
            return;
        }
        let Some((at, _)) = last.call.deadline() else {
            broken.entry("4: a handoff waits for ever".to_owned()).or_insert_with(|| situation.way());
            return;
        };
        last.at = at.max(last.at);
        take(&mut last, &Event::Ticked, defect, &mut unheeded);
    }
    broken.entry("4: a handoff goes on for ever by itself".to_owned()).or_insert_with(|| situation.way());
}

impl Situation {
    fn way(&self) -> String {
        let mut events = Vec::new();
        let mut step = self.came_by.as_ref();
        while let Some(Step { event, before }) = step.map(Rc::as_ref) {
            events.push(event.as_str());
            step = before.as_ref();
        }
        events.pop();
        events.reverse();
        events.join(" → ")
    }

    /// Everything that can happen now, or at the next deadline.
    fn possible(&self, scope: &Scope) -> Vec<(Duration, Event)> {
        let mut events = vec![
            Event::ProspectArrived,
            Event::ProspectLeft,
            Event::AssistantConnected,
            Event::PersonNotNeeded,
            Event::ShuttingDown,
            Event::KeyPressed { leg: LegId::Prospect, key: '5' },
            Event::Played { leg: LegId::Prospect, phrase: Phrase::Introduction },
            Event::Played { leg: LegId::Prospect, phrase: Phrase::RepLeft },
            Event::Flowed { leg: LegId::Prospect, hearing: self.ledger.hearing_number() },
        ];
        if matches!(scope.breaks, Breaks::ProspectAndAssistant | Breaks::Phones) {
            let prospect = [Event::ProspectStreamBroke, Event::ProspectStreamClosed, Event::ProspectGivenUp];
            events.extend(prospect);
        }
        if scope.breaks == Breaks::ProspectAndAssistant {
            events.extend([Event::AssistantBroke(AssistantFault::BrokeOff), Event::AssistantFinished]);
        }
        if scope.breaks == Breaks::Everything {
            events.push(Event::CameBack);
        }
        if self.ledger.rested < scope.handoffs && scope.begins == Begins::Asked {
            events.push(Event::PersonAsked(Asker::Api));
            events.push(Event::KeyPressed { leg: LegId::Prospect, key: '0' });
        }
        for what in [Heard::TurnBegan, Heard::TookTheFloor, Heard::TurnEnded] {
            events.push(Event::Heard { leg: LegId::Prospect, what });
            events.push(Event::Heard { leg: LegId::Assistant, what });
        }
        for (&attempt, among) in &self.ledger.asked {
            let leg = LegId::Rep(attempt);
            // The store answers once; the phone of a rep is rung after that.
            if !self.ledger.answered.contains(&attempt) {
                if scope.begins == Begins::Asked {
                    events.extend(among.first().cloned().map(|rep| Event::RepReserved { attempt, rep }));
                }
                events.push(Event::NobodyFree(attempt));
            }
            events.extend([
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
                if matches!(scope.breaks, Breaks::Rep | Breaks::Phones) {
                    events.push(Event::RepStreamBroke(attempt));
                }
            }
        }
        if scope.begins == Begins::Offered {
            self.what_comes_of_an_offer(scope, &mut events);
        }
        events.push(Event::RepArrived(AttemptId(99)));
        let mut possible: Vec<_> = events.into_iter().map(|event| (Duration::ZERO, event)).collect();
        if let Some((at, _)) = self.call.deadline() {
            possible.push((at.since(self.at), Event::Ticked));
        }
        possible
    }

    fn what_comes_of_an_offer(&self, scope: &Scope, events: &mut Vec<Event>) {
        if self.ledger.rested < scope.handoffs {
            for pace in [Pace::AtOnce, Pace::AtTheNextPause] {
                events.push(Event::PersonProposed { by: Asker::Api, pace });
            }
        }
        let offered = self.call.handoff().is_some_and(|h| h.stage().name() == "proposing");
        if offered {
            events.push(Event::PersonAsked(Asker::Api));
        }
        events.push(Event::Played { leg: LegId::Prospect, phrase: Phrase::Proposal });
        for answer in [Answer::Agreed, Answer::Refused, Answer::NoAnswer] {
            events.push(Event::ProposalAnswered(answer));
        }
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
                !["terms", "policy", "hearings", "dialled", "attempts_made", "began"].contains(&name.as_str())
            });
            // An assistant that has stayed for ten seconds has come back for good: its trouble is forgotten.
            let settled = |since: u64| now.saturating_sub(since) >= 10_000_000;
            if fields.get("here_since").and_then(Value::as_u64).is_some_and(settled) {
                fields.insert("trouble".to_owned(), Value::Null);
            }
            for (name, field) in fields {
                if let ("trouble", Value::Array(trouble)) = (name.as_str(), &mut *field) {
                    let since = trouble[0].as_u64().unwrap_or_default();
                    trouble[0] = Value::from(now.saturating_sub(since).min(GIVE_UP.as_micros() as u64));
                    continue;
                }
                match (name.as_str(), field.as_u64()) {
                    ("until" | "told_at", Some(moment)) => *field = Value::from(moment.saturating_sub(now)),
                    // Only whether the search may go on counts.
                    ("seeks_since", Some(moment)) => {
                        *field = Value::from(now - moment >= SEARCH.as_micros() as u64);
                    }
                    ("here_since", Some(moment)) => *field = Value::from(settled(moment)),
                    ("owes_since", Some(moment)) => *field = Value::from(now.saturating_sub(moment)),
                    // Beyond the limit it is given up, however long ago it broke.
                    ("broken_since", Some(moment)) => {
                        *field = Value::from(now.saturating_sub(moment).min(GIVE_UP.as_micros() as u64));
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
pub(crate) fn terms() -> Terms {
    let s = Duration::from_secs;
    Terms {
        person_key: Some('0'),
        reps: vec![RepId::new("sam"), RepId::new("kim")],
        handoff: Policy {
            proposes: Proposer::House,
            propose: s(10),
            pause: s(10),
            seek: s(10),
            ring: s(10),
            accept: s(10),
            join: s(10),
            brief: s(10),
            patience: s(10),
            introduction: s(10),
            rejoin: s(10),
            search: SEARCH,
        },
        assistant: AssistantTerms {
            redial_first: s(10),
            redial_most: s(10),
            give_up: GIVE_UP,
            mute: s(10),
            mute_limit: s(20),
            keep_after_bridge: s(10),
        },
        away: s(10),
        alone: s(10),
        ..Terms::default()
    }
}

/// Offers are made by themselves here: a policy without triggers is quickly compared.
fn undecided() -> Escalation {
    Escalation { on: false, triggers: BTreeMap::new(), ..Escalation::default() }
}

const SEARCH: Duration = Duration::from_secs(40);

const GIVE_UP: Duration = Duration::from_secs(20);

/// Drops effects of one kind.
pub(crate) fn drop_effects(effects: &mut Vec<Effect>, dropped: impl Fn(&Effect) -> bool) {
    effects.retain(|effect| !dropped(effect));
}
