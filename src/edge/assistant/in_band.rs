//! Words between an assistant and Baton on the assistant's own socket: `{"event":"baton","baton":{"type":…}}`.
//!
//! An assistant that says `hello` is told what becomes of its call; to all others nothing is said that Twilio would not say.

use serde_json::{Value, json};

use crate::edge::api::news::News;
use crate::edge::api::told::{self, Wrong};
use crate::live::line::{FromAssistant, ToFollower};
use crate::live::telling::Telling;

/// Reads one message of the kind.
pub fn read(message: &str) -> FromAssistant {
    match word(message) {
        Ok(Word::Tells(telling)) => FromAssistant::Told(Box::new(telling)),
        Ok(Word::Hello) => FromAssistant::Follows,
        Err(Wrong(why)) => FromAssistant::Misunderstood(why),
    }
}

/// What is to be sent for this, message by message: not all that happens is news here.
pub fn written(word: &ToFollower<'_>) -> Vec<Value> {
    match word {
        ToFollower::Welcome(call, now) => {
            vec![json!({ "type": "hello", "call": call, "now_ms": now.as_micros() / 1_000 })]
        }
        ToFollower::News(watched) => {
            let turning_points = News::of(watched).into_iter().filter(|news| news.kind.is_a_turning_point());
            turning_points.map(|news| news.json()).collect()
        }
        ToFollower::Refused(why) => vec![json!({ "type": "refused", "error": why })],
    }
}

enum Word {
    Hello,
    Tells(Telling),
}

fn word(message: &str) -> Result<Word, Wrong> {
    let mut message: Value = serde_json::from_str(message).map_err(|error| Wrong(error.to_string()))?;
    let mut word = message.get_mut("baton").map(Value::take).unwrap_or_default();
    let kind = word.as_object_mut().and_then(|word| word.remove("type"));
    let read = match kind.as_ref().and_then(Value::as_str) {
        Some("hello") => return Ok(Word::Hello),
        Some("turn") => told::turn,
        Some("fact") => told::fact,
        Some("signal") => told::signal,
        Some("handoff") => told::handoff,
        Some("proposal-answer") => told::proposal,
        Some("call-off") => return Ok(Word::Tells(Telling::PersonNotNeeded)),
        Some(_) | None => return Err(Wrong(UNKNOWN.to_owned())),
    };
    read(word).map(Word::Tells)
}

/// What one hears that tells more than anybody could say.
pub const TOO_MUCH: &str = "you tell more than anybody says: this was not taken; send less";

const UNKNOWN: &str = "baton.type must be hello, turn, fact, signal, handoff, call-off or proposal-answer";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::WhyAsked;
    use crate::conversation::{FactName, Note};
    use crate::escalation::Answer;
    use crate::time::CallTime;

    fn said(word: &Value) -> FromAssistant {
        read(&json!({ "event": "baton", "streamSid": "MZ1", "baton": word }).to_string())
    }

    #[test]
    fn the_same_is_understood_as_over_the_control_api() {
        let refused = Telling::ProposalAnswered(Answer::Refused);
        let seats = Telling::Note(Note::Fact(FactName::CompanySize, "40".to_owned()));
        for (word, meant) in [
            (json!({"type": "proposal-answer", "answer": "refused"}), refused),
            (json!({"type": "fact", "name": "company-size", "value": "40"}), seats),
            (json!({"type": "signal", "kind": "fell-back"}), Telling::Note(Note::FellBack)),
            (json!({"type": "handoff"}), Telling::PersonAsked(WhyAsked::default())),
            (json!({"type": "call-off"}), Telling::PersonNotNeeded),
        ] {
            assert!(matches!(said(&word), FromAssistant::Told(told) if *told == meant), "{word}");
        }
        let turn = json!({"type": "turn", "by": "prospect", "text": "hello", "ago_ms": 400});
        assert!(
            matches!(said(&turn), FromAssistant::Told(told) if matches!(&*told, Telling::Turn(turn) if turn.words == "hello"))
        );
        assert!(matches!(said(&json!({"type": "hello"})), FromAssistant::Follows));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_reason() {
        let why = |from: FromAssistant| match from {
            FromAssistant::Misunderstood(why) => why,
            other => panic!("{other:?}"),
        };
        for word in [json!({"type": "singing"}), json!({}), json!(null), json!([1]), json!({"type": 5})] {
            assert_eq!(why(said(&word)), UNKNOWN);
        }
        assert!(why(said(&json!({"type": "turn", "text": "hello"}))).contains("missing field `by`"));
        assert!(why(read(r#"{"event":"baton"}"#)).contains("baton.type"));
        assert!(why(read(r#"{"event":"baton","baton":}"#)).contains("expected value"));
    }

    #[test]
    fn one_that_follows_is_welcomed_and_told_why_it_was_refused() {
        let call = crate::id::CallId::from_bits(7);
        let welcome = written(&ToFollower::Welcome(call, CallTime::from_millis(1_500)));
        assert_eq!(welcome, [json!({"type": "hello", "call": call.to_string(), "now_ms": 1_500})]);
        let refused = written(&ToFollower::Refused("text is empty"));
        assert_eq!(refused, [json!({"type": "refused", "error": "text is empty"})]);
    }
}
