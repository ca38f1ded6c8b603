//! An entry of a timeline without what was said, what is known of the prospect, and how they felt.
//!
//! The entry stays, and with it that something was said, when, for how long and what kind of signal it was: an audit needs that,
//! and it says nothing of what a person said. It works on the JSON, so that entries of older and newer Batons lose theirs as well.

use serde_json::Value;

/// The entry without words, facts and mood; none where it holds none of them.
pub(super) fn wordless(json: &str) -> Option<String> {
    let Ok(mut entry) = serde_json::from_str(json) else {
        // What nobody can read nobody can vouch for.
        return (json != UNREADABLE).then(|| UNREADABLE.to_owned());
    };
    let before = Value::clone(&entry);
    clean(&mut entry);
    (entry != before).then(|| entry.to_string())
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    name if SAYS.contains(&name) => blank(value),
                    "about" => blank_unless_a_topic(value),
                    // The name of a fact is no secret; its value is.
                    "fact" => value.as_array_mut().into_iter().flatten().skip(1).for_each(blank),
                    "account" => blank_all_but_the_tier(value),
                    "mood-heard" => unfelt(value),
                    "noted" => clean_noted(value),
                    _ => clean(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every text in it is empty afterwards; how many there are stays.
fn blank(value: &mut Value) {
    match value {
        Value::String(text) => text.clear(),
        Value::Array(values) => values.iter_mut().for_each(blank),
        Value::Object(_) => clean(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What the assistant notes is one of our own words ("fell-back"), or a fact; elsewhere a note is free text.
fn clean_noted(noted: &mut Value) {
    for (name, value) in noted.as_object_mut().into_iter().flatten() {
        if name != "note" || value.is_object() {
            clean(value);
        }
    }
}

/// "security" is what a signal is about; "250 seats" and "jo@example.com" are what somebody said.
fn blank_unless_a_topic(value: &mut Value) {
    if let Value::String(text) = value
        && text.contains(|c: char| !(c.is_alphabetic() || c == ' ' || c == '-'))
    {
        text.clear();
    }
}

fn blank_all_but_the_tier(account: &mut Value) {
    for (name, value) in account.as_object_mut().into_iter().flatten() {
        if name != "tier" {
            blank(value);
        }
    }
}

fn unfelt(mood: &mut Value) {
    for (_, felt) in mood.as_object_mut().into_iter().flatten() {
        *felt = Value::Null;
    }
}

/// Fields that hold what somebody said, or what was made of it.
const SAYS: [&str; 7] = ["words", "value", "open_questions", "note", "text", "suggested_words", "outreach"];

/// What takes the place of an entry that is no JSON.
const UNREADABLE: &str = "null";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::event::WhyAsked;
    use crate::call::{Entry, Event, Felt, MoodHeard, Noted, Said, Terms};
    use crate::conversation::{
        Fact, FactName, Note, Shape, Signal, SignalKind, Source, Speaker, Standing, Turn, Wording,
    };
    use crate::escalation::{Decision, Evidence, Reason, Urgency};
    use crate::time::CallTime;

    const SECRET: &str = "SECRET 250";

    fn signal() -> Signal {
        Signal {
            kind: SignalKind::LargeSize,
            strength: 80,
            at: CallTime::from_millis(4_000),
            turn: Some(2),
            words: SECRET.to_owned(),
            about: SECRET.to_owned(),
        }
    }

    fn said() -> Event {
        let turn = Turn {
            number: 2,
            by: Speaker::Prospect,
            from: CallTime::from_millis(3_000),
            until: CallTime::from_millis(4_000),
            words: SECRET.to_owned(),
            confidence: Some(90),
            wording: Wording::Final,
            source: Source::Carrier,
        };
        let fact = Fact {
            name: FactName::Name,
            value: SECRET.to_owned(),
            standing: Standing::Confirmed,
            turn: Some(2),
        };
        let shape = Shape { open_questions: vec![SECRET.to_owned()], ..Shape::default() };
        Event::Said(Box::new(Said { turn, signals: vec![signal()], facts: vec![fact], shape }))
    }

    fn entry(event: Event) -> String {
        serde_json::to_string(&Entry { at: CallTime::ZERO, event, effects: Vec::new() }).unwrap()
    }

    #[test]
    fn of_what_was_said_the_shape_stays_and_the_words_go() {
        let fact = Note::Fact(FactName::Email, SECRET.to_owned());
        let noted = Event::Noted(Box::new(Noted { note: fact, signals: vec![signal()] }));
        for event in [said(), noted] {
            let json = entry(event);
            let left = wordless(&json).expect("it holds words");
            assert!(json.contains(SECRET) && !left.contains("SECRET"), "{left}");
            let again: Entry = serde_json::from_str(&left).expect("it is still an entry");
            assert_eq!(wordless(&left), None, "there is nothing left to take out of {again:?}");
        }
        let left: Entry = serde_json::from_str(&wordless(&entry(said())).unwrap()).unwrap();
        let Event::Said(said) = left.event else { panic!("it is another event") };
        assert_eq!(
            (said.turn.number, said.turn.from, said.turn.words.as_str()),
            (2, CallTime::from_millis(3_000), "")
        );
        assert_eq!((said.signals[0].kind, said.facts[0].name), (SignalKind::LargeSize, FactName::Name));
        assert_eq!(said.shape.open_questions, [""], "that a question was open is no secret");
    }

    #[test]
    fn what_the_assistant_notes_of_itself_stays_and_what_it_tells_the_rep_goes() {
        let fell_back = Noted { note: Note::FellBack, signals: Vec::new() };
        assert_eq!(wordless(&entry(Event::Noted(Box::new(fell_back)))), None);
        let why = WhyAsked { note: SECRET.to_owned(), ..WhyAsked::default() };
        let left = wordless(&entry(Event::WhyAsked(Box::new(why)))).unwrap();
        let left: Entry = serde_json::from_str(&left).unwrap();
        assert_eq!(left.event, Event::WhyAsked(Box::default()));
    }

    #[test]
    fn the_terms_of_a_call_stay_without_what_is_known_of_the_account() {
        let mut terms = Terms::default();
        terms.context.account.tier = "enterprise".to_owned();
        terms.context.account.reason = SECRET.to_owned();
        terms.context.account.outreach = vec![SECRET.to_owned()];
        let left = wordless(&entry(Event::Began(Box::new(terms.clone())))).unwrap();
        let left: Entry = serde_json::from_str(&left).unwrap();
        terms.context.account.reason.clear();
        terms.context.account.outreach = vec![String::new()];
        assert_eq!(left.event, Event::Began(Box::new(terms)), "and nothing else of them is changed");
    }

    #[test]
    fn a_mood_and_what_a_decision_stands_on_go_as_well() {
        let felt = Some(Felt { value: 80, confidence: 50, acting: true });
        let mood = MoodHeard { frustration: felt, ..MoodHeard::default() };
        let left: Entry = serde_json::from_str(&wordless(&entry(Event::MoodHeard(mood))).unwrap()).unwrap();
        assert_eq!(left.event, Event::MoodHeard(MoodHeard::default()));

        let decision = Decision {
            number: 1,
            at: CallTime::ZERO,
            reason: Reason::HighValue,
            urgency: Urgency::Normal,
            trigger: "high-value".to_owned(),
            score: 120,
            threshold: 100,
            evidence: vec![Evidence { signal: signal(), weighed: 80 }],
            open_questions: vec![SECRET.to_owned()],
        };
        let left = wordless(&serde_json::to_string(&decision).unwrap()).unwrap();
        let left: Decision = serde_json::from_str(&left).unwrap();
        assert_eq!((left.trigger.as_str(), left.score, left.evidence[0].weighed), ("high-value", 120, 80));
        assert_eq!(
            (left.evidence[0].signal.words.as_str(), left.evidence[0].signal.about.as_str()),
            ("", "")
        );
    }

    #[test]
    fn what_holds_no_words_stays_as_it_is_and_what_is_no_json_goes() {
        assert_eq!(wordless(&entry(Event::ProspectArrived)), None);
        let said = r#"{"signals":[{"kind":"competitor-named","about":"Acme Voice"}]}"#;
        assert_eq!(wordless(said), None, "a topic is no secret");
        assert_eq!(wordless("{\"words\":\"cut of").as_deref(), Some("null"));
        assert_eq!(wordless("null"), None);
        let account = r#"{"account":{"tier":"gold","reason":"SECRET","owner":true}}"#;
        assert_eq!(
            wordless(account).as_deref(),
            Some(r#"{"account":{"owner":true,"reason":"","tier":"gold"}}"#)
        );
    }
}
