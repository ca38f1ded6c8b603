//! Sentences as people say them and recognisers hear them, and what each tells.

use proptest::prelude::*;

use super::*;
use crate::conversation::context::Account;
use crate::conversation::turn::Source;

fn turn(number: u32, by: Speaker, words: &str) -> Turn {
    let at = CallTime::from_millis(u64::from(number) * 4_000);
    let words = words.to_owned();
    Turn {
        number,
        by,
        from: at,
        until: at,
        words,
        confidence: None,
        wording: Wording::Final,
        source: Source::Script,
    }
}

fn listening(language: &str) -> Understanding {
    let context = Context { language: language.to_owned(), ..Context::default() };
    Understanding::new(&Lexicon::shipped(), context)
}

fn kinds(told: &Told) -> Vec<SignalKind> {
    told.signals.iter().map(|signal| signal.kind).collect()
}

fn told_by(words: &str) -> Told {
    listening("en").hear(&turn(1, Speaker::Prospect, words))
}

#[test]
fn a_person_is_asked_for_in_many_words() {
    for words in [
        "can i um can i talk to like a sails rep please",
        "Could you put me through to your manager?",
        "I'd prefer to discuss this with a human being",
        "get me a supervisor",
        "no i want a real person",
        "i do not want to talk to a machine i want a person",
        "Why can't I just talk to somebody?",
        "let me speak to the person in charge",
        "hook me up with somebody who knows SIP",
        "representative please",
    ] {
        assert!(kinds(&told_by(words)).contains(&SignalKind::AskedForPerson), "{words:?} tells nothing");
    }
}

#[test]
fn who_denies_quotes_or_only_thinks_of_it_asks_for_nobody() {
    for words in [
        "no no I don't need a person",
        "i don't need to speak to anyone or anything",
        "my manager said talk to a rep",
        "if I wanted to talk to someone could I, later",
        "we need a representative sample of the calls",
        "I'm from human resources",
        "I said to them, this is ridiculous, I want to speak to a human being. And they hung up!",
        "can i talk to, oh, never mind, i can see it",
        "i have to speak with my colleagues about it",
        "this is Osei from the port authority, operations",
        "I spoke with a colleague of yours yesterday",
    ] {
        let told = told_by(words);
        assert!(!kinds(&told).contains(&SignalKind::AskedForPerson), "{words:?} tells {:?}", told.signals);
    }
}

#[test]
fn topics_count_where_they_are_asked_of_us() {
    for (words, kind) in [
        ("can you knock ten percent off if we sign this week", SignalKind::Negotiates),
        ("can you send us the contract so legal can review it", SignalKind::ContractAsked),
        ("do you have a SOC 2 report", SignalKind::SecurityAsked),
        ("what is the prizing for forty seats", SignalKind::PricingAsked),
        ("I want to cancel my subscription and get my money back", SignalKind::WantsToCancel),
        ("we'd like a demo next week", SignalKind::MeetingWanted),
        ("this is ridiculous", SignalKind::AnnoyedStrongly),
    ] {
        let told = told_by(words);
        assert!(kinds(&told).contains(&kind), "{words:?} does not tell {kind:?}: {:?}", told.signals);
    }
    for words in
        ["our legal team is slow", "i type contracts all day from dictation", "she has got no complaints"]
    {
        assert_eq!(told_by(words).signals, [], "{words:?}");
    }
}

#[test]
fn numbers_are_heard_as_they_are_spoken() {
    let told = told_by("we have two hundred and fifty users in forty sites");
    let sizes = told.signals.iter().filter(|signal| signal.kind == SignalKind::LargeSize);
    let abouts: Vec<&str> = sizes.map(|signal| signal.about.as_str()).collect();
    assert_eq!(abouts, ["250 seats", "40 sites"]);
    let size = told.facts.iter().find(|fact| fact.name == FactName::CompanySize).unwrap();
    assert_eq!((size.value.as_str(), size.standing), ("250", Standing::Confirmed));
}

#[test]
fn what_was_said_wrong_is_put_right() {
    let mut talk = listening("en");
    talk.hear(&turn(1, Speaker::Prospect, "we are fourteen people"));
    talk.hear(&turn(3, Speaker::Prospect, "no it's forty not fourteen"));
    let size = talk.facts().into_iter().find(|fact| fact.name == FactName::CompanySize).unwrap();
    assert_eq!((size.value.as_str(), size.turn), ("40", Some(3)));
}

#[test]
fn names_and_addresses_are_learned_and_cards_are_not() {
    let told = told_by("my name is jo smith from Acme Voice and my email is jo at example dot com");
    let value =
        |name| told.facts.iter().find(|f| f.name == name).map(|f| f.value.clone()).unwrap_or_default();
    assert_eq!(value(FactName::Name), "Jo Smith");
    assert_eq!(value(FactName::Company), "Acme Voice");
    assert_eq!(value(FactName::Email), "jo@example.com");

    let told = told_by("it is four one one one one one one one one one one one one one one one");
    let card = told.signals.iter().find(|signal| signal.kind == SignalKind::SensitiveSaid).unwrap();
    assert!(card.words.is_empty() && told.facts.is_empty(), "a card number was kept: {told:?}");
}

#[test]
fn yes_and_no_answer_the_offer_of_a_person() {
    for (answer, kind) in [
        ("yeah go on then", SignalKind::SaidYes),
        ("um no no i'd rather sleep on it thanks", SignalKind::SaidNo),
    ] {
        let mut talk = listening("en");
        talk.hear(&turn(1, Speaker::Assistant, "Shall I ask whether one of my colleagues is free?"));
        let told = talk.hear(&turn(2, Speaker::Prospect, answer));
        let said = told.signals.iter().find(|signal| signal.kind == kind).unwrap();
        assert_eq!(said.about, "a person", "{answer:?}");
    }
}

#[test]
fn a_question_that_is_asked_again_was_not_answered() {
    let mut talk = listening("en");
    talk.hear(&turn(1, Speaker::Prospect, "Does it still open when the internet is down?"));
    let told = talk.hear(&turn(
        2,
        Speaker::Assistant,
        "That is a great question. We work with a wide range of locks.",
    ));
    assert!(kinds(&told).contains(&SignalKind::Unanswered), "{:?}", told.signals);
    let told = talk.hear(&turn(3, Speaker::Prospect, "but does the door open when the internet's down"));
    assert!(kinds(&told).contains(&SignalKind::AskedAgain), "{:?}", told.signals);
    assert_eq!(told.shape.open_questions.len(), 1);
}

#[test]
fn a_turn_of_a_known_number_takes_its_place() {
    let mut talk = listening("en");
    talk.hear(&turn(1, Speaker::Prospect, "we have nineteen people"));
    let told = talk.hear(&turn(1, Speaker::Prospect, "we have ninety people"));
    assert_eq!(told.shape.prospect_turns, 1);
    assert_eq!(talk.facts()[0].value, "90");
}

#[test]
fn a_partial_turn_tells_only_what_more_words_cannot_take_back() {
    let partial = |words: &str| Turn { wording: Wording::Partial, ..turn(1, Speaker::Prospect, words) };
    let mut talk = listening("en");
    assert_eq!(talk.hear(&partial("i want to talk to a person")).signals, []);
    let told = talk.hear(&partial("i want to talk to a person now"));
    assert_eq!(kinds(&told), [SignalKind::AskedForPerson]);
}

#[test]
fn the_account_tells_at_the_first_word() {
    let account = Account { tier: "enterprise".to_owned(), seats: Some(1_400), ..Account::default() };
    let mut talk = Understanding::new(&Lexicon::shipped(), Context { account, ..Context::default() });
    let told = talk.hear(&turn(1, Speaker::Prospect, "hello there"));
    assert_eq!(kinds(&told), [SignalKind::KnownAccount, SignalKind::LargeSize]);
    assert_eq!(talk.hear(&turn(2, Speaker::Prospect, "hello there")).signals, []);
}

#[test]
fn german_is_understood_as_well() {
    for (words, kind) in [
        ("kann ich bitte mit einem menschen sprechen", SignalKind::AskedForPerson),
        ("ich brauche keinen Mitarbeiter danke", SignalKind::WantsNoPerson),
        ("was kostet das für vierzig plätze", SignalKind::PricingAsked),
        ("das ist lächerlich", SignalKind::AnnoyedStrongly),
    ] {
        let told = listening("de-AT").hear(&turn(1, Speaker::Prospect, words));
        assert!(kinds(&told).contains(&kind), "{words:?} does not tell {kind:?}: {:?}", told.signals);
    }
}

#[test]
fn an_operator_adds_words_and_is_told_what_is_wrong_with_them() {
    let lexicon = Lexicon::with("competitors = [\"Ringster\"]\n").unwrap();
    let mut talk = Understanding::new(&lexicon, Context::default());
    let told = talk.hear(&turn(1, Speaker::Prospect, "my brother has ringster"));
    assert_eq!(told.signals[0].about, "Ringster");

    for (file, complaint) in [
        (
            "[[phrases]]\nmeans = \"pleased\"\nsay = [\n\"* is it\"]\n",
            "line 4: \"* is it\": it must begin with",
        ),
        ("[[phrases]]\nmeans = \"pleasd\"\nsay = [\"wow\"]\n", "line 2: \"pleasd\": means nothing"),
        ("[[phrases]]\nmeans = \"pleased\"\nsay = [\"<wow>\"]\n", "no class is called <wow>"),
        ("without = [\"no such phrase\"]\n", "no shipped phrase reads so"),
        ("colour = 3\n", "unknown field `colour`"),
    ] {
        let wrong = Lexicon::with(file).unwrap_err().to_string();
        assert!(wrong.contains(complaint), "{file:?}: {wrong}");
    }
}

#[test]
fn ten_thousand_turns_are_remembered_by_what_they_add_up_to() {
    let mut talk = listening("en");
    talk.hear(&turn(1, Speaker::Prospect, "we are forty people"));
    for number in 2..10_000 {
        let told = talk.hear(&turn(number, Speaker::Prospect, "and how much does it cost for a year"));
        assert_eq!(told.shape.prospect_turns, number);
    }
    assert_eq!((talk.turns.len(), talk.facts()[0].value.as_str()), (KEPT, "40"));
}

proptest! {
    #[test]
    fn nothing_that_is_said_breaks_it(
        words in proptest::collection::vec("\\PC{0,12}|[a-z]{1,9}|[0-9]{1,20}|i want|a person|not|\\?|dot|at", 0..40),
        confidence in proptest::option::of(any::<u8>()),
        number in any::<u32>(),
    ) {
        let mut talk = listening("en");
        for by in [Speaker::Prospect, Speaker::Assistant, Speaker::Prospect] {
            let told = talk.hear(&Turn { confidence, ..turn(number, by, &words.join(" ")) });
            prop_assert!(told.signals.iter().all(|signal| signal.strength <= 100));
        }
    }
}

#[test]
fn an_enormous_turn_is_looked_at_only_so_far() {
    let told = told_by(&"i want a person 你好 \u{0} \u{1f600} ".repeat(40_000));
    assert!(kinds(&told).contains(&SignalKind::AskedForPerson));
}
