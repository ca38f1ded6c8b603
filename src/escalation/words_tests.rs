//! Offers of a person: what they never say, and when a name is said back.

use super::*;
use crate::time::CallTime;

fn decision(number: u32, reason: Reason, urgency: Urgency) -> Decision {
    Decision {
        number,
        at: CallTime::ZERO,
        reason,
        urgency,
        trigger: "x".to_owned(),
        score: 100,
        threshold: 100,
        evidence: Vec::new(),
        open_questions: Vec::new(),
    }
}

fn name(value: &str, standing: Standing) -> Fact {
    Fact { name: FactName::Name, value: value.to_owned(), standing, turn: Some(2) }
}

#[test]
fn no_offer_pushes_or_says_that_the_assistant_cannot() {
    for (number, reason) in (1..=2).flat_map(|n| Reason::ALL.map(|reason| (n, reason))) {
        for urgency in [Urgency::Immediate, Urgency::Normal, Urgency::AskFirst, Urgency::Nurture] {
            for language in ["en", "de"] {
                let words = proposal(&decision(number, reason, urgency), &[], language, &OwnWords::default());
                let low = words.to_lowercase();
                for never in
                    ["cannot", "can't", "unable", "kann ich nicht", "only today", "you must", "{", "}", "  "]
                {
                    assert!(!low.contains(never), "{words}");
                }
                assert!(words.ends_with(['?', '.']) && words.len() < 260, "{words}");
            }
        }
    }
}

#[test]
fn only_a_request_is_announced_and_everything_else_is_asked() {
    for reason in Reason::ALL {
        let words = proposal(&decision(1, reason, Urgency::Normal), &[], "en", &OwnWords::default());
        assert_eq!(words.ends_with('?'), reason != Reason::ExplicitRequest, "{words}");
    }
}

#[test]
fn a_name_is_said_back_only_where_the_prospect_said_it() {
    let offer = |facts: &[Fact]| {
        proposal(
            &decision(1, Reason::ExplicitRequest, Urgency::Immediate),
            facts,
            "en-GB",
            &OwnWords::default(),
        )
    };
    assert!(offer(&[name("Petra", Standing::Confirmed)]).starts_with("Of course, Petra."));
    assert!(offer(&[name("Petra", Standing::Inferred)]).starts_with("Of course."));
    assert!(offer(&[name(&"x".repeat(500), Standing::Confirmed)]).starts_with("Of course."));
    assert!(offer(&[name("{question}", Standing::Confirmed)]).starts_with("Of course."));
}

#[test]
fn what_is_missing_is_asked_for() {
    let mut ask = decision(1, Reason::MissingEvidence, Urgency::AskFirst);
    ask.open_questions = vec!["who does the nights?".to_owned(), "company-size".to_owned()];
    assert!(proposal(&ask, &[], "en", &OwnWords::default()).ends_with("how many people would be using it?"));
    assert!(proposal(&ask, &[], "de-AT", &OwnWords::default()).contains("wie viele Leute"));
}

#[test]
fn the_operators_words_go_first_in_their_language() {
    let own: OwnWords =
        toml::from_str("[en]\nfrustration = \"Sorry{name}! Dana will call.\"\n").expect("good words");
    let cross = decision(1, Reason::Frustration, Urgency::Immediate);
    assert_eq!(
        proposal(&cross, &[name("Lou", Standing::Confirmed)], "en", &own),
        "Sorry, Lou! Dana will call."
    );
    assert!(proposal(&cross, &[], "de", &own).starts_with("Das tut mir leid"));
    assert!(toml::from_str::<OwnWords>("[en]\nfrustraton = \"x\"\n").is_err());
}
