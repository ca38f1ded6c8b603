//! A timeline in the words of whoever reads it: what happened, and what was done about it.

use crate::call::assistant::AssistantFault;
use crate::call::effect::{CallEnd, Decided, Effect, Follows, Next};
use crate::call::event::{Asker, Event, Felt, Heard, MoodHeard, Said, TurnHeard, WhyAsked};
use crate::call::in_words::{self, one_line};
use crate::conversation::Wording;
use crate::escalation::Urgency;
use crate::handoff::{Outcome, Pace, WhyReturned};
use crate::id::LegId;

/// What happened, in a line.
pub fn happened(event: &Event) -> String {
    match event {
        Event::Began(_) => "the call began".to_owned(),
        Event::ProspectArrived => "the prospect's sound is there".to_owned(),
        Event::ProspectStreamBroke => "the prospect's stream broke".to_owned(),
        Event::ProspectGivenUp => "the prospect's stream breaks again and again, and is given up".to_owned(),
        Event::ProspectLeft => "the prospect hung up".to_owned(),
        Event::ProspectStreamClosed => "the prospect's stream is closed".to_owned(),
        Event::AssistantConnected => "the assistant answered".to_owned(),
        Event::AssistantBroke(fault) => format!("the assistant failed: {}", faulty(*fault)),
        Event::AssistantFinished => "the assistant has finished".to_owned(),
        Event::PersonAsked(Asker::ProspectKey) => "the prospect asked for a person by key".to_owned(),
        Event::PersonAsked(Asker::Api) => "the assistant or an operator asked for a person".to_owned(),
        Event::PersonProposed { by: _, pace } => format!(
            "the prospect is to be asked whether they would like a person, {}",
            match pace {
                Pace::AtOnce => "at once",
                Pace::AtTheNextPause => "at the next pause",
            }
        ),
        Event::WhyAsked(why) => why_asked(why),
        Event::PersonNotNeeded => "no person is needed after all".to_owned(),
        Event::ProposalAnswered(answer) => format!("the assistant says: {}", in_words::answer(*answer)),
        Event::KeyPressed { leg, key } => format!("{} pressed {key}", who(*leg)),
        Event::RepReserved { attempt, rep } => format!("{rep} is reserved (try {})", attempt.0),
        Event::NobodyFree(attempt) => format!("no rep is free (try {})", attempt.0),
        Event::ClaimCommitted(attempt) => format!("the claim of try {} is stored", attempt.0),
        Event::ClaimLost(attempt) => format!("the claim of try {} is lost", attempt.0),
        Event::RepRang(attempt) => format!("the rep's phone rings (try {})", attempt.0),
        Event::RepArrived(attempt) => format!("the rep's sound is there (try {})", attempt.0),
        Event::RepStreamBroke(attempt) => format!("the rep's stream broke (try {})", attempt.0),
        Event::RepLeft { attempt, why } => {
            format!("the rep's line ended: {} (try {})", why.word(), attempt.0)
        }
        Event::Played { leg, phrase } => format!("{} has heard \"{}\"", who(*leg), phrase.name()),
        Event::Flowed { leg, hearing } => format!("{} is heard (hearing {hearing})", who(*leg)),
        Event::Heard { leg, what } => format!(
            "{} {}",
            who(*leg),
            match what {
                Heard::TurnBegan => "begins to speak",
                Heard::TookTheFloor => "has the floor",
                Heard::TurnEnded => "stops speaking",
            }
        ),
        Event::TurnHeard(turn) => turn_heard(turn),
        Event::MoodHeard(mood) => mood_heard(*mood),
        Event::Said(said) => said_so(said),
        Event::Noted(noted) => in_words::note(&noted.note),
        Event::CameBack => "Baton was killed and started again: the call is taken up".to_owned(),
        Event::Ticked => "a time is up".to_owned(),
        Event::ShuttingDown => "Baton stops, and waits for this call no longer".to_owned(),
    }
}

/// What a turn told, in short; empty where it told nothing.
pub fn tells(event: &Event) -> String {
    let signals = match event {
        Event::Said(said) => &said.signals,
        Event::Noted(noted) => &noted.signals,
        _without_signals => return String::new(),
    };
    signals.iter().map(in_words::signal).collect::<Vec<_>>().join(", ")
}

/// What was done, in lines: the first says what, the others why.
pub fn done(effect: &Effect) -> Vec<String> {
    let line = match effect {
        Effect::DialAssistant { time: 1 } => "dial the assistant".to_owned(),
        Effect::DialAssistant { time } => format!("dial the assistant again (time {time})"),
        Effect::CloseAssistant { fault: None } => "close the assistant's line".to_owned(),
        Effect::CloseAssistant { fault: Some(fault) } => {
            format!("close the assistant's line: {}", faulty(*fault))
        }
        Effect::PassKey(key) => format!("pass key {key} on to the assistant"),
        Effect::Hear { number, hearing: _, cut } => {
            let cleared = if *cut { ", what waits at the carrier is cleared" } else { "" };
            format!("who hears whom changes (hearing {number}{cleared})")
        }
        Effect::Say { leg, phrase } => format!("say \"{}\" to {}", phrase.name(), who(*leg)),
        Effect::Decide(decided) => return decision(decided),
        Effect::Reserve { attempt, among } => {
            let names: Vec<String> = among.iter().map(ToString::to_string).collect();
            let whom =
                if names.is_empty() { "nobody: no rep is configured".to_owned() } else { names.join(", ") };
            format!("reserve a rep among {whom} (try {})", attempt.0)
        }
        Effect::Ring { attempt, rep } => format!("ring {rep} (try {})", attempt.0),
        Effect::Commit(attempt) => format!("store the claim of try {}", attempt.0),
        Effect::EndAttempt { attempt, end, last_words: _ } => {
            format!("end try {}: {}", attempt.0, end.word())
        }
        Effect::Dismiss { attempt, last_words: _ } => {
            format!("tell the rep of try {} that they are late, and let them go", attempt.0)
        }
        Effect::FileHandoff { number, outcome, began: _ } => {
            format!("handoff {number} is over: {}", rest(outcome))
        }
        Effect::LetGo(Next::AssistantDocument) => {
            "let the prospect go to what the assistant's document says".to_owned()
        }
        Effect::LetGo(Next::Fallback) => "send the prospect to the fallback".to_owned(),
        Effect::Close(end) => format!("the call is over: {}", ended(*end)),
    };
    vec![line]
}

/// A decision: why, and what it stands on.
fn decision(decided: &Decided) -> Vec<String> {
    let decision = &decided.decision;
    let mut lines = vec![format!(
        "decision {}: {}, {} (trigger {}: {} of {})",
        decision.number,
        decision.reason.word(),
        decision.urgency.word(),
        decision.trigger,
        decision.score,
        decision.threshold
    )];
    lines.extend(decision.evidence.iter().map(|evidence| format!("  {}", in_words::evidence(evidence, &[]))));
    lines.extend(
        decision.open_questions.iter().map(|question| format!("  still open: {}", one_line(question))),
    );
    if !decided.words.is_empty() {
        lines.push(format!("  to be said: {}", one_line(&decided.words)));
    }
    lines.extend(decided.next.map(|next| format!("  so {}", follows(next))));
    lines
}

/// What is done about a decision.
pub fn follows(next: Follows) -> &'static str {
    match next {
        Follows::RepSought => "a rep is sought",
        Follows::Offered => "the prospect is offered a person",
        Follows::NobodyCouldCome => "nothing is done: no rep is there who could come, and nobody is offered",
        Follows::ProspectIsAway => "nothing is done: the prospect's line is broken",
        Follows::HandoffGoesOn => "nothing new is done: a handoff goes on already",
        Follows::AssistantAsks => "the assistant is to ask what is open",
        Follows::FollowedUp => "nothing is done in this call: somebody comes back to it",
    }
}

/// How a decision of this urgency is answered where nobody says what became of it.
pub fn unanswered(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate | Urgency::Normal => {
            "no answer is on record: it counts as waiting, and until the end only an explicit request goes over it"
        }
        Urgency::AskFirst => "nobody is offered yet: the assistant is to ask what is open",
        Urgency::Nurture => "nobody is offered in this call: somebody comes back to it",
    }
}

fn said_so(said: &Said) -> String {
    let turn = &said.turn;
    let still = match turn.wording {
        Wording::Partial => " (so far)",
        Wording::Final => "",
    };
    if turn.words.is_empty() {
        format!("turn {}: nothing was said after all, or its words were taken out", turn.number)
    } else {
        format!("the {}{still}: \"{}\"", turn.by.word(), one_line(&turn.words))
    }
}

fn why_asked(why: &WhyAsked) -> String {
    let mut parts = Vec::new();
    parts.extend(why.reason.map(|reason| reason.word().to_owned()));
    parts.extend(why.urgency.map(|urgency| urgency.word().to_owned()));
    parts.extend((!why.note.is_empty()).then(|| one_line(&why.note)));
    format!("why a person is asked for: {}", parts.join(", "))
}

fn turn_heard(turn: &TurnHeard) -> String {
    let seconds = |millis: u32| format!("{}.{} s", millis / 1_000, millis / 100 % 10);
    let mut parts = vec![format!("{} spoke for {}", who(turn.leg), seconds(turn.lasted_millis))];
    if turn.pauses > 0 {
        parts.push(format!("with {} pauses", turn.pauses));
    }
    parts.extend(turn.latency_millis.map(|latency| {
        if latency < 0 {
            "while the other still spoke".to_owned()
        } else {
            format!("{} after the other", seconds(latency.unsigned_abs()))
        }
    }));
    parts.extend(turn.barged_in.then(|| "cutting in".to_owned()));
    parts.join(", ")
}

fn mood_heard(mood: MoodHeard) -> String {
    let named = [
        ("activation", mood.activation),
        ("frustration", mood.frustration),
        ("interest", mood.interest),
        ("hesitation", mood.hesitation),
    ];
    let told = |(name, felt): (&str, Option<Felt>)| {
        felt.map(|felt| format!("{name} {} (sure {})", felt.value, felt.confidence))
    };
    let read: Vec<String> = named.into_iter().filter_map(told).collect();
    if read.is_empty() {
        "the voice shows nothing".to_owned()
    } else {
        format!("the voice: {}", read.join(", "))
    }
}

/// How a handoff came to rest.
pub fn rest(outcome: &Outcome) -> String {
    match outcome {
        Outcome::HandedOver { rep } => format!("{rep} took over"),
        Outcome::ReturnedToAssistant { why: WhyReturned::NobodyFree } => {
            "no rep could be asked, and the prospect is with the assistant".to_owned()
        }
        Outcome::ReturnedToAssistant { why: WhyReturned::NobodyTookIt } => {
            "no rep took it, and the prospect is with the assistant".to_owned()
        }
        Outcome::ReturnedToAssistant { why: WhyReturned::RepLeft } => {
            "the rep left, and the prospect is with the assistant again".to_owned()
        }
        Outcome::Declined => "the prospect said no".to_owned(),
        Outcome::Unanswered => "the prospect said neither yes nor no".to_owned(),
        Outcome::CalledOff => "it was called off before a rep had joined".to_owned(),
        Outcome::Abandoned => "the prospect left before a rep was there".to_owned(),
        Outcome::CutShort { rep: None } => "Baton stopped".to_owned(),
        Outcome::CutShort { rep: Some(rep) } => format!("Baton stopped while {rep} talked with the prospect"),
    }
}

/// How a call ended.
pub fn ended(end: CallEnd) -> &'static str {
    match end {
        CallEnd::ProspectLeft => "the prospect hung up",
        CallEnd::AssistantFinished => "the assistant finished",
        CallEnd::FellBack => "nobody could carry it, and the prospect was sent to the fallback",
        CallEnd::NeverCame => "the prospect's sound never came, or never came back",
        CallEnd::ShutDown => "Baton stopped, and the prospect was sent to the fallback",
    }
}

fn who(leg: LegId) -> String {
    match leg {
        LegId::Prospect => "the prospect".to_owned(),
        LegId::Assistant => "the assistant".to_owned(),
        LegId::Rep(attempt) => format!("the rep of try {}", attempt.0),
    }
}

fn faulty(fault: AssistantFault) -> &'static str {
    match fault {
        AssistantFault::Unreachable => "it could not be reached in time",
        AssistantFault::Refused => "it answered with something else than a websocket",
        AssistantFault::BrokeOff => "its line broke",
        AssistantFault::ClosedInError => "it closed and said that something was wrong",
        AssistantFault::Slow => "it does not take the sound",
        AssistantFault::Flooded => "it sent more sound than anybody could listen to",
        AssistantFault::Rubbish => "it sent what nobody can read",
        AssistantFault::NoPong => "it does not answer a ping",
        AssistantFault::Mute => "it said nothing for too long",
    }
}
