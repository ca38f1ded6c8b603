//! What the sense makes of sentences, of nonsense, and of what is meant to break it.

use std::fmt::Write as _;

use proptest::prelude::{any, prop_assert, proptest};

use super::*;
use crate::conversation::context::Context;
use crate::conversation::lexicon::Lexicon;
use crate::conversation::senses::weights::BadWeights;
use crate::conversation::turn::{Source, Turn, Wording};
use crate::conversation::understanding::Understanding;
use crate::time::CallTime;

fn english() -> Arc<Sense> {
    Sense::shipped("en-GB").unwrap()
}

fn kinds(words: &str) -> Vec<SignalKind> {
    english().sensed(Speaker::Prospect, words).iter().map(|sensed| sensed.kind).collect()
}

fn turn(words: &str) -> Turn {
    Turn {
        number: 1,
        by: Speaker::Prospect,
        from: CallTime::ZERO,
        until: CallTime::ZERO,
        words: words.to_owned(),
        confidence: None,
        wording: Wording::Final,
        source: Source::Script,
    }
}

fn told(lexicon: &Lexicon, language: &str, words: &str) -> Vec<SignalKind> {
    let context = Context { language: language.to_owned(), ..Context::default() };
    let told = Understanding::new(lexicon, context).hear(&turn(words));
    told.signals.iter().map(|signal| signal.kind).collect()
}

#[test]
fn whoever_asks_for_a_person_is_sensed_and_whoever_speaks_of_one_is_not() {
    for words in [
        "I'd sooner deal with somebody who has a pulse, if you can get me one of your people",
        "can you get a human on the line for me",
        "please just put someone real on, i want to talk to a person",
    ] {
        assert!(kinds(words).contains(&SignalKind::AskedForPerson), "{words}: {:?}", kinds(words));
    }
    for words in ["we are four people in the shop", "a person came in yesterday and bought the lot", "", "mm"]
    {
        assert!(!kinds(words).contains(&SignalKind::AskedForPerson), "{words}");
    }
}

#[test]
fn the_words_shown_are_those_that_speak_for_it() {
    let words =
        "right so our shop opened in nineteen ninety and anyway can you put me through to a real person";
    let sensed = english().sensed(Speaker::Prospect, words);
    let asked = sensed.iter().find(|sensed| sensed.kind == SignalKind::AskedForPerson).unwrap();
    let shown = &words[asked.from..asked.to];
    assert!(shown.contains("person") && !shown.contains("shop"), "{shown}");
    assert!((45..=70).contains(&asked.strength) && asked.likely >= 50, "{asked:?}");
}

#[test]
fn each_party_has_meanings_of_its_own_and_a_language_without_a_sense_has_none() {
    let unsure = "I'm afraid I don't know that, I would have to check";
    assert!(
        english().sensed(Speaker::Prospect, unsure).iter().all(|s| s.kind != SignalKind::AssistantUnsure)
    );
    assert!(
        english().sensed(Speaker::Assistant, unsure).iter().any(|s| s.kind == SignalKind::AssistantUnsure)
    );
    assert!(english().sensed(Speaker::Rep, "get me a human please").is_empty());
    assert!(Sense::shipped("de").is_none() && Sense::shipped("fr-CH").is_none());
}

#[test]
fn the_sense_adds_to_the_phrases_and_can_be_left_out() {
    let lexicon = Lexicon::shipped();
    let plain = lexicon.without_sense();
    let file = include_str!("../../../fixtures/sentences/seen/on-a-bad-line.tsv");
    let spoken = || file.lines().filter_map(|line| line.rsplit_once("\tprospect\t")).map(|(_, words)| words);
    let more = |words: &&str| {
        told(&lexicon, "en", words).iter().any(|kind| !told(&plain, "en", words).contains(kind))
    };
    let many = spoken().filter(more).count();
    assert!(many > 50, "{many}");
    let words = spoken().find(more).unwrap();
    assert_eq!(told(&lexicon, "", words), told(&lexicon, "en", words));
    assert_eq!(told(&lexicon, "de", words), told(&plain, "de", words), "no sense was learned of German");
    assert_eq!(told(&lexicon, "fr", words), told(&plain, "fr", words), "nor of what is not known at all");
}

#[test]
fn what_the_phrases_know_to_be_denied_or_told_of_others_is_not_sensed() {
    let lexicon = Lexicon::shipped();
    for words in [
        "I don't want to talk to a real person, I really don't need one",
        "my boss asked to speak to a manager last week and got nowhere",
    ] {
        assert!(!told(&lexicon, "en", words).contains(&SignalKind::AskedForPerson), "{words}");
    }
}

#[test]
fn what_means_to_break_it_breaks_nothing_and_takes_no_time() {
    let megabyte = "get me a human being please ".repeat(40_000);
    let glued = "person".repeat(200_000);
    let hostile = [
        "",
        " ",
        "…?!.,;",
        "人間と話したいのですが、担当者はいますか",
        "أريد التحدث إلى شخص حقيقي",
        "ẞßﬀ İ ı ǅ 'n't ' ’ ''s",
        "\u{0}\u{202e}person\u{feff}",
        "[human] [",
        "1,2,3.4.5 #3 @person w k",
        megabyte.as_str(),
        glued.as_str(),
    ];
    for words in hostile {
        for by in Speaker::ALL {
            for sensed in english().sensed(by, words) {
                assert!(words.get(sensed.from..sensed.to).is_some());
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_said_the_sense_finds_places_within_it(words in "\\PC{0,200}", by in any::<bool>()) {
        let by = if by { Speaker::Prospect } else { Speaker::Assistant };
        for sensed in english().sensed(by, &words) {
            prop_assert!(words.get(sensed.from..sensed.to).is_some_and(|shown| !shown.is_empty()));
            prop_assert!((1..=99).contains(&sensed.likely) && (45..=70).contains(&sensed.strength));
        }
        prop_assert!(english().sensed(by, &words) == english().sensed(by, &words));
    }

    #[test]
    fn words_of_the_corpus_in_any_order_break_nothing(order in proptest::collection::vec(0_usize..400, 0..60)) {
        let file = include_str!("../../../fixtures/sentences/seen/asking-and-anger.tsv");
        let all: Vec<&str> = file.split_whitespace().collect();
        let words: Vec<&str> = order.into_iter().filter_map(|place| all.get(place * 7).copied()).collect();
        let words = words.join(" ");
        for sensed in english().sensed(Speaker::Prospect, &words) {
            prop_assert!(words.get(sensed.from..sensed.to).is_some_and(|shown| !shown.is_empty()));
        }
    }
}

#[test]
fn the_same_sentence_has_the_same_sums_on_every_machine() {
    let sense = english();
    let mut sums = String::new();
    for words in
        ["can i talk to a human please", "what would that cost for 250 seats?", "no thanks, not today"]
    {
        let reading = Reading::of(&sense.kin, words);
        let features = sense.features(&reading);
        let _ = writeln!(sums, "{:?}", sense.sums(&reading, &features));
    }
    let again = Sense::with(Weights::read(WEIGHTS).unwrap());
    let reading = Reading::of(&again.kin, "can i talk to a human please");
    let first = format!("{:?}\n", again.sums(&reading, &again.features(&reading)));
    assert!(sums.starts_with(&first));
    // What makes features of words must not change beneath weights that were learned of it.
    let kin = Kin::default();
    let reading = Reading::of(&kin, "No, I can't pay 1,200 a month. Could somebody real call me?");
    let mut hash = 0_u32;
    each(&kin, &reading, |feature| hash = hash.rotate_left(3) ^ feature.hash);
    assert_eq!(
        hash, READ_AS,
        "the reading or the features have changed: train again, then write {hash:#x} to READ_AS"
    );
}

#[test]
fn the_shipped_weights_say_what_they_were_learned_of_and_how_well() {
    let head = &english().weights.head;
    assert_eq!(head.language, "en");
    assert!(head.turns >= 6_000 && head.files.len() >= 5 && head.features >= 10_000, "{head:?}");
    assert!(WEIGHTS.len() < 400_000, "{}", WEIGHTS.len());
    for learned in &head.meanings {
        let floor = if learned.meaning == SignalKind::AskedForPerson { 93 } else { 90 };
        assert!(learned.precision >= floor, "{learned:?}");
        assert!(learned.auc >= 85 && learned.examples >= 20, "{learned:?}");
        assert!(learned.likely_at.is_sorted() && learned.likely_at.len() == 19, "{learned:?}");
    }
    let recall =
        |kind: SignalKind| head.meanings.iter().find(|learned| learned.meaning == kind).unwrap().recall;
    // The few misleading sentences that rank highest move this one between 34 and 45 in a hundred from one training to the next.
    assert!(recall(SignalKind::AskedForPerson) >= 30);
    assert!(recall(SignalKind::NotNow) >= 40 && recall(SignalKind::Complained) >= 40);
    assert!(recall(SignalKind::AssistantFellBack) >= 75 && recall(SignalKind::AssistantUnsure) >= 75);
}

#[test]
fn weights_that_were_cut_off_or_are_of_another_form_are_refused() {
    assert!(matches!(Weights::read(b""), Err(BadWeights::Head(_))));
    assert!(matches!(Weights::read(b"{}\n--\n"), Err(BadWeights::Head(_))));
    assert!(matches!(Weights::read(&WEIGHTS[..WEIGHTS.len() - 1]), Err(BadWeights::Missing(1))));
    assert!(matches!(Weights::read(&WEIGHTS[..WEIGHTS.len() / 2]), Err(BadWeights::Missing(_))));
    let mut newer = WEIGHTS.to_vec();
    let place = newer.windows(11).position(|bytes| bytes == b"version\": 1").unwrap();
    newer[place + 10] = b'2';
    assert!(matches!(Weights::read(&newer), Err(BadWeights::Version(2))));
}

/// What the features of one sentence come to.
const READ_AS: u32 = 0xb848_d057;
