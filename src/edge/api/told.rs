//! What an assistant tells of its call, read from JSON: the same over the control API and on the assistant's own socket.
//!
//! Whoever wrote what cannot be read is a person at work: each refusal says what is wrong with it, and what would be right.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::WhyAsked;
use crate::conversation::{FactName, Note, Speaker, Wording};
use crate::edge::budget::Budget;
use crate::escalation::Answer;
use crate::escalation::{Reason, Urgency};
use crate::live::clock;
use crate::live::telling::{Began, Telling, ToldTurn};
use crate::time::CallTime;

/// What is wrong with what was told, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

/// One thing or a list of things of one kind; of a list in which one is wrong, none is taken.
pub fn one_or_many(
    value: Value,
    what: &str,
    read: impl Fn(Value) -> Result<Telling, Wrong>,
) -> Result<Vec<Telling>, Wrong> {
    let values = match value {
        Value::Array(values) => values,
        one => return Ok(vec![read(one)?]),
    };
    if values.is_empty() || values.len() > MOST_AT_ONCE {
        return Err(Wrong(format!("send 1 to {MOST_AT_ONCE} {what}s at once; these are {}", values.len())));
    }
    let numbered = values.into_iter().zip(1..);
    numbered
        .map(|(value, number)| read(value).map_err(|Wrong(why)| Wrong(format!("{what} {number}: {why}"))))
        .collect()
}

/// A turn: `{by, text, started_ms | ago_ms, ended_ms, confidence, partial, id}`.
pub fn turn(value: Value) -> Result<Telling, Wrong> {
    let told: TurnTold = part(value)?;
    let words = text(&told.text, "text", LONGEST_TEXT)?;
    let name = told.id.map(|id| text(&id, "id", LONGEST_NAME)).transpose()?;
    if told.partial && name.is_none() {
        return Err(Wrong("a partial turn needs an id, or nothing could take its place later".to_owned()));
    }
    let began = match (told.started_ms, told.ago_ms) {
        (None, None) => Began::JustNow,
        (Some(started), None) => Began::At(call_time(started, "started_ms")?),
        (None, Some(ago)) => Began::Ago(Duration::from_millis(ago)),
        (Some(_), Some(_)) => {
            return Err(Wrong("started_ms and ago_ms say the same in two ways: send one of them".to_owned()));
        }
    };
    Ok(Telling::Turn(ToldTurn {
        by: told.by,
        words,
        began,
        ended: told.ended_ms.map(|ended| call_time(ended, "ended_ms")).transpose()?,
        confidence: told.confidence.map(hundredths).transpose()?,
        wording: if told.partial { Wording::Partial } else { Wording::Final },
        name,
    }))
}

/// Something that the assistant learned of the prospect: `{name, value}`.
pub fn fact(value: Value) -> Result<Telling, Wrong> {
    let told: FactTold = part(value)?;
    Ok(Telling::Note(Note::Fact(told.name, text(&told.value, "value", LONGEST_VALUE)?)))
}

/// How the assistant itself is doing: `{kind, confidence}`.
pub fn signal(value: Value) -> Result<Telling, Wrong> {
    let told: SignalTold = part(value)?;
    let confidence = told.confidence.map(hundredths).transpose()?;
    Ok(Telling::Note(match told.kind {
        SignalWord::Unsure => Note::Unsure(confidence),
        SignalWord::FellBack | SignalWord::Unanswered if confidence.is_some() => {
            return Err(Wrong("confidence goes with kind \"unsure\" only".to_owned()));
        }
        SignalWord::FellBack => Note::FellBack,
        SignalWord::Unanswered => Note::Unanswered,
    }))
}

/// A person is wanted: `{reason, urgency, note, ask_first}`, each of them optional.
pub fn handoff(value: Value) -> Result<Telling, Wrong> {
    let told: HandoffTold = part(value)?;
    let urgency = told.urgency.map(|urgency| match urgency {
        UrgencyWord::Immediate => Urgency::Immediate,
        UrgencyWord::Normal => Urgency::Normal,
    });
    let note = told.note.unwrap_or_default();
    let note = if note.trim().is_empty() { String::new() } else { text(&note, "note", LONGEST_NOTE)? };
    let why = WhyAsked { reason: told.reason, urgency, note };
    Ok(if told.ask_first { Telling::PersonProposed(why) } else { Telling::PersonAsked(why) })
}

/// What the prospect said to the offer of a person: `{answer}`.
pub fn proposal(value: Value) -> Result<Telling, Wrong> {
    let told: ProposalTold = part(value)?;
    Ok(Telling::ProposalAnswered(match told.answer {
        AnswerWord::Agreed => Answer::Agreed,
        AnswerWord::Refused => Answer::Refused,
        AnswerWord::NoAnswer => Answer::NoAnswer,
    }))
}

/// How much may be told of one call, whichever way: an hour's turns at once, and more than anybody says from then on.
pub fn budget() -> Budget {
    Budget::new(TOLD_AT_ONCE, TOLD_A_SECOND, clock::now())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnTold {
    by: Speaker,
    text: String,
    started_ms: Option<u64>,
    ago_ms: Option<u64>,
    ended_ms: Option<u64>,
    confidence: Option<f64>,
    #[serde(default)]
    partial: bool,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactTold {
    name: FactName,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalTold {
    kind: SignalWord,
    confidence: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SignalWord {
    FellBack,
    Unanswered,
    Unsure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandoffTold {
    reason: Option<Reason>,
    urgency: Option<UrgencyWord>,
    note: Option<String>,
    #[serde(default)]
    ask_first: bool,
}

/// Asking first, or not in this call, is no asking for a person.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UrgencyWord {
    Immediate,
    Normal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalTold {
    answer: AnswerWord,
}

/// To call it off is no answer of the prospect's.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnswerWord {
    Agreed,
    Refused,
    NoAnswer,
}

/// A value as what it should be.
pub(super) fn part<T: DeserializeOwned>(value: Value) -> Result<T, Wrong> {
    if !value.is_object() {
        return Err(Wrong("this must be a JSON object".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| Wrong(error.to_string()))
}

/// A text without blanks around it, which says something and is not endless.
pub(super) fn text(text: &str, name: &str, longest: usize) -> Result<String, Wrong> {
    let text = text.trim();
    let long = text.chars().count();
    if text.is_empty() {
        Err(Wrong(format!("{name} is empty")))
    } else if long > longest {
        Err(Wrong(format!("{name} has {long} characters; {longest} are the most")))
    } else {
        Ok(text.to_owned())
    }
}

fn call_time(millis: u64, name: &str) -> Result<CallTime, Wrong> {
    // More than a hundred years would not fit into microseconds.
    if millis > MOST_MILLIS {
        return Err(Wrong(format!("{name} is no time in a call: send milliseconds since the call began")));
    }
    Ok(CallTime::from_millis(millis))
}

fn hundredths(share: f64) -> Result<u8, Wrong> {
    if (0.0..=1.0).contains(&share) {
        Ok((share * 100.0).round() as u8)
    } else {
        Err(Wrong(format!("confidence is a share from 0 to 1, not {share}")))
    }
}

/// What a conversation of twenty minutes has.
pub(super) const MOST_AT_ONCE: usize = 100;

/// A conversation of an hour or two, by an assistant that sends it late.
const TOLD_AT_ONCE: u32 = 400;

/// Two recognisers that send each word as they hear it.
const TOLD_A_SECOND: u32 = 20;

/// Five minutes of speech without a breath.
pub(super) const LONGEST_TEXT: usize = 4_000;

/// Longer than any identity that somebody makes up.
pub(super) const LONGEST_NAME: usize = 100;

/// A fact is a few words.
pub(super) const LONGEST_VALUE: usize = 500;

/// As much as a rep could read before they say hello.
pub(super) const LONGEST_NOTE: usize = 1_000;

/// Far beyond every call and every clock.
const MOST_MILLIS: u64 = u64::MAX / 1_000_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(read: impl Fn(Value) -> Result<Telling, Wrong>, value: Value) -> String {
        read(value).unwrap_err().0
    }

    #[test]
    fn a_turn_is_read_with_all_that_may_be_said_of_it() {
        let told = turn(json!({
            "by": "prospect", "text": " what does it cost? ", "started_ms": 12_000, "ended_ms": 13_500,
            "confidence": 0.914, "partial": true, "id": "item_7"
        }));
        assert_eq!(
            told,
            Ok(Telling::Turn(ToldTurn {
                by: Speaker::Prospect,
                words: "what does it cost?".to_owned(),
                began: Began::At(CallTime::from_millis(12_000)),
                ended: Some(CallTime::from_millis(13_500)),
                confidence: Some(91),
                wording: Wording::Partial,
                name: Some("item_7".to_owned()),
            }))
        );
        let Ok(Telling::Turn(short)) = turn(json!({"by": "assistant", "text": "hello", "ago_ms": 900}))
        else {
            panic!("not read")
        };
        assert_eq!((short.began, short.wording), (Began::Ago(Duration::from_millis(900)), Wording::Final));
    }

    #[test]
    fn what_is_wrong_with_a_turn_is_said() {
        let whole = json!({"by": "prospect", "text": "hello"});
        let with = |name: &str, value: Value| {
            let mut turn = whole.clone();
            turn[name] = value;
            turn
        };
        for (told, said) in [
            (json!("hello"), "must be a JSON object"),
            (json!({"text": "hello"}), "missing field `by`"),
            (with("by", json!("customer")), "expected one of `prospect`, `assistant`, `rep`"),
            (with("text", json!(" \n")), "text is empty"),
            (with("text", json!("é".repeat(4_001))), "text has 4001 characters; 4000 are the most"),
            (with("txt", json!("hello")), "unknown field `txt`"),
            (with("started_ms", json!(-5)), "-5"),
            (with("started_ms", json!(u64::MAX)), "started_ms is no time in a call"),
            (with("confidence", json!(91)), "confidence is a share from 0 to 1, not 91"),
            (with("partial", json!(true)), "a partial turn needs an id"),
            (with("id", json!("x".repeat(101))), "id has 101 characters"),
        ] {
            let why = wrong(turn, told);
            assert!(why.contains(said), "{why:?} does not say {said:?}");
        }
        let both = json!({"by": "prospect", "text": "hello", "started_ms": 1, "ago_ms": 1});
        assert!(wrong(turn, both).contains("send one of them"));
    }

    #[test]
    fn of_many_of_which_one_is_wrong_none_is_taken_and_its_number_is_said() {
        let good = json!({"by": "prospect", "text": "hello"});
        assert_eq!(one_or_many(good.clone(), "turn", turn).unwrap().len(), 1);
        assert_eq!(one_or_many(json!([good, good]), "turn", turn).unwrap().len(), 2);
        let why = one_or_many(json!([good, {"by": "prospect"}]), "turn", turn).unwrap_err();
        assert_eq!(why.0, "turn 2: missing field `text`");
        assert!(one_or_many(json!([]), "turn", turn).is_err());
        let many = Value::Array(vec![good; 101]);
        assert_eq!(
            one_or_many(many, "turn", turn).unwrap_err().0,
            "send 1 to 100 turns at once; these are 101"
        );
    }

    #[test]
    fn facts_signals_wishes_and_answers_are_read_or_it_is_said_why_not() {
        let seats = Telling::Note(Note::Fact(FactName::CompanySize, "40 people".to_owned()));
        assert_eq!(fact(json!({"name": "company-size", "value": "40 people"})), Ok(seats));
        assert!(wrong(fact, json!({"name": "shoe-size", "value": "9"})).contains("`company-size`"));
        assert_eq!(signal(json!({"kind": "fell-back"})), Ok(Telling::Note(Note::FellBack)));
        let unsure = Ok(Telling::Note(Note::Unsure(Some(30))));
        assert_eq!(signal(json!({"kind": "unsure", "confidence": 0.3})), unsure);
        assert!(wrong(signal, json!({"kind": "unanswered", "confidence": 0.3})).contains("unsure"));
        assert_eq!(handoff(json!({})), Ok(Telling::PersonAsked(WhyAsked::default())));
        let why = WhyAsked {
            reason: Some(Reason::HumanOnlyTopic),
            urgency: Some(Urgency::Immediate),
            note: "wants to talk about the contract".to_owned(),
        };
        let told = json!({"reason": "human-only-topic", "urgency": "immediate", "note": why.note});
        assert_eq!(handoff(told), Ok(Telling::PersonAsked(why)));
        let offered = handoff(json!({"ask_first": true, "urgency": "normal"}));
        let pressing_little = WhyAsked { urgency: Some(Urgency::Normal), ..WhyAsked::default() };
        assert_eq!(offered, Ok(Telling::PersonProposed(pressing_little)));
        assert!(wrong(handoff, json!({"urgency": "nurture"})).contains("`immediate` or `normal`"));
        assert!(wrong(handoff, json!({"reason": "bored"})).contains("`explicit-request`"));
        let no_answer = Ok(Telling::ProposalAnswered(Answer::NoAnswer));
        assert_eq!(proposal(json!({"answer": "no-answer"})), no_answer);
        assert!(wrong(proposal, json!({"answer": "maybe"})).contains("`agreed`"));
    }
}
