//! The engine, decision by decision: each rule with a talk that shows it.

use super::*;
use crate::conversation::{Account, Direction, FactName, Source};
use crate::escalation::voice::{Reading, VoiceReadings, voice_signals};
use SignalKind::*;

/// A talk in which each turn comes ten seconds after the one before.
struct Talk {
    engine: Engine,
    shape: Shape,
    turn: u32,
}

impl Talk {
    fn with(policy: Policy, context: &Context) -> Self {
        let missing = vec![FactName::UseCase];
        let shape = Shape { stage: StageOfTalk::Fit, prospect_turns: 6, missing, ..Shape::default() };
        Self { engine: Engine::new(Arc::new(policy), context), shape, turn: 0 }
    }

    fn new() -> Self {
        Self::with(Policy::default(), &Context::default())
    }

    fn now(&self) -> CallTime {
        CallTime::from_millis(u64::from(self.turn) * 10_000)
    }

    /// The prospect says something that tells this.
    fn says(&mut self, signals: &[(SignalKind, u8)]) -> Option<Decision> {
        self.turn += 1;
        self.shape.prospect_turns += 1;
        self.says_again(Wording::Final, signals)
    }

    /// The same turn, as it is known by now.
    fn says_again(&mut self, wording: Wording, signals: &[(SignalKind, u8)]) -> Option<Decision> {
        let turn = turn(self.turn, self.now(), wording);
        let signals: Vec<Signal> = signals.iter().map(|(kind, clear)| signal(*kind, *clear, &turn)).collect();
        self.engine.said(&turn, &signals, &self.shape)
    }

    fn waits(&mut self, tens_of_seconds: u32) {
        self.turn += tens_of_seconds;
    }

    fn answers(&mut self, answer: Answer) {
        let now = self.now();
        self.engine.answered(now, answer);
    }

    fn shows(&mut self, readings: VoiceReadings) -> Option<Decision> {
        let now = self.now();
        self.engine.noticed(now, &voice_signals(now, readings))
    }

    fn held_back(&self, trigger: &str) -> String {
        let standings = self.engine.standings(self.now());
        standings
            .iter()
            .find(|standing| standing.trigger == trigger)
            .expect("it is there")
            .held_back
            .join("; ")
    }
}

fn turn(number: u32, at: CallTime, wording: Wording) -> Turn {
    let (by, words, source) = (Speaker::Prospect, String::new(), Source::Script);
    Turn { number, by, from: at, until: at, words, confidence: None, wording, source }
}

fn signal(kind: SignalKind, strength: u8, turn: &Turn) -> Signal {
    Signal {
        kind,
        strength,
        at: turn.until,
        turn: Some(turn.number),
        words: kind.word().to_owned(),
        about: String::new(),
    }
}

fn why(decision: Option<Decision>) -> Option<(Reason, Urgency)> {
    decision.map(|decision| (decision.reason, decision.urgency))
}

const ASKED: Option<(Reason, Urgency)> = Some((Reason::ExplicitRequest, Urgency::Immediate));
const CROSS: Option<(Reason, Urgency)> = Some((Reason::Frustration, Urgency::Immediate));
const INTERESTED: Option<(Reason, Urgency)> = Some((Reason::HighInterest, Urgency::Normal));

#[test]
fn a_request_is_heard_at_once_and_before_the_sentence_is_finished() {
    let mut talk = Talk::new();
    talk.turn = 1;
    assert_eq!(why(talk.says_again(Wording::Partial, &[(AskedForPerson, 90)])), ASKED);
    let mut talk = Talk::new();
    talk.turn = 1;
    assert_eq!(why(talk.says_again(Wording::Partial, &[(AnnoyedStrongly, 100)])), None);
    assert_eq!(why(talk.says_again(Wording::Final, &[(AnnoyedStrongly, 100)])), CROSS);
}

#[test]
fn a_corrected_turn_takes_its_first_words_back() {
    let mut talk = Talk::new();
    talk.says(&[(AnnoyedMildly, 90)]);
    talk.says_again(Wording::Final, &[]);
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), None);
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), CROSS);
}

#[test]
fn a_turn_that_is_told_again_decides_nothing_twice() {
    let mut talk = Talk::new();
    assert_eq!(why(talk.says(&[(AnnoyedStrongly, 100)])), CROSS);
    talk.answers(Answer::NoAnswer);
    let told = turn(1, CallTime::from_millis(10_000), Wording::Final);
    talk.waits(20);
    assert_eq!(
        why(talk.engine.said(&told, &[signal(AnnoyedStrongly, 100, &told)], &talk.shape.clone())),
        None
    );
    assert_eq!(why(talk.says(&[])), None);
}

#[test]
fn the_voice_alone_never_decides_and_makes_one_mild_word_enough() {
    let loud = Some(Reading { value: 100, confidence: 100 });
    let all = VoiceReadings { activation: loud, frustration: loud, interest: loud, hesitation: loud };
    let mut talk = Talk::new();
    assert_eq!(why(talk.shows(all)), None);
    assert!(
        talk.held_back("frustration").contains("the voice alone is not enough"),
        "{}",
        talk.held_back("frustration")
    );
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), CROSS);
    let mut calm = Talk::new();
    assert_eq!(why(calm.says(&[(AnnoyedMildly, 90)])), None);
    assert_eq!(why(calm.shows(all)), CROSS);
}

#[test]
fn an_operator_who_wants_words_only_gets_words_only() {
    let mut talk = Talk::with(Policy { words_at_least: 100, ..Policy::default() }, &Context::default());
    talk.says(&[(AnnoyedMildly, 90)]);
    let cross = VoiceReadings {
        frustration: Some(Reading { value: 100, confidence: 100 }),
        ..VoiceReadings::default()
    };
    assert_eq!(why(talk.shows(cross)), None);
}

#[test]
fn the_same_words_weigh_less_at_the_beginning() {
    let mut early = Talk::new();
    early.shape = Shape::default();
    let mut late = Talk::new();
    for n in 0..3 {
        assert_eq!(why(early.says(&[(PricingAsked, 85)])), None);
        assert_eq!(why(late.says(&[(PricingAsked, 85)])).is_some(), n == 2);
    }
}

#[test]
fn old_words_fade() {
    let mut talk = Talk::new();
    talk.says(&[(AnnoyedMildly, 90)]);
    talk.waits(30);
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), None);
}

#[test]
fn thanks_speak_against_and_never_mind_takes_back() {
    let mut talk = Talk::new();
    talk.says(&[(AnnoyedMildly, 90)]);
    talk.says(&[(Thanked, 90)]);
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), None);
    let mut talk = Talk::new();
    assert_eq!(why(talk.says(&[(AskedForPerson, 95), (NeverMind, 90)])), None);
    let mut talk = Talk::new();
    assert_eq!(why(talk.says(&[(NeverMind, 30), (AskedForPerson, 100)])), ASKED);
}

#[test]
fn one_decision_at_a_time_and_only_a_request_goes_over_a_softer_one() {
    let mut talk = Talk::new();
    assert_eq!(why(talk.says(&[(MeetingWanted, 95)])), INTERESTED);
    talk.waits(30);
    assert_eq!(why(talk.says(&[(AnnoyedStrongly, 100)])), None);
    assert!(talk.held_back("frustration").contains("waits for the answer"));
    assert_eq!(
        why(talk.says(&[(SaidYes, 90), (AskedForPerson, 95)])),
        None,
        "a yes to the offer is no request"
    );
    assert_eq!(why(talk.says(&[(AskedForPerson, 95)])), ASKED);
    assert_eq!(why(talk.says(&[(AskedForPerson, 100)])), None);
}

#[test]
fn after_an_answer_it_is_quiet_for_a_while() {
    let mut talk = Talk::new();
    talk.says(&[(MeetingWanted, 95)]);
    talk.answers(Answer::NoAnswer);
    assert_eq!(why(talk.says(&[(AnnoyedStrongly, 100)])), None);
    assert!(talk.held_back("frustration").starts_with("quiet for"), "{}", talk.held_back("frustration"));
    talk.waits(5);
    assert_eq!(why(talk.says(&[(AnnoyedMildly, 90)])), CROSS);
}

#[test]
fn what_was_said_while_it_was_quiet_counts_when_the_quiet_is_over() {
    let mut talk = Talk::new();
    talk.says(&[(AnnoyedStrongly, 100)]);
    talk.answers(Answer::NoAnswer);
    assert_eq!(why(talk.says(&[(MeetingWanted, 95)])), None);
    talk.waits(4);
    assert_eq!(why(talk.says(&[])), INTERESTED);
    assert_eq!(why(talk.says(&[])), None);
}

#[test]
fn who_evades_a_question_is_not_vague_about_what_they_want() {
    let evades = |about: &str| {
        let mut talk = Talk::new();
        let mut decision = None;
        for number in 1..=2 {
            let at = CallTime::from_millis(u64::from(number) * 10_000);
            let told = turn(number, at, Wording::Final);
            let vague = Signal { about: about.to_owned(), ..signal(Vague, 80, &told) };
            decision = talk.engine.said(&told, &[vague], &talk.shape.clone());
        }
        why(decision)
    };
    assert_eq!(evades(""), Some((Reason::Ambiguity, Urgency::AskFirst)));
    assert_eq!(evades("company-size"), None);
}

#[test]
fn no_answer_is_no_refusal() {
    let mut talk = Talk::new();
    talk.says(&[(MeetingWanted, 95)]);
    talk.answers(Answer::NoAnswer);
    talk.waits(5);
    assert_eq!(why(talk.says(&[(MeetingWanted, 75)])), INTERESTED);
}

#[test]
fn after_a_no_only_new_and_stronger_grounds_or_a_request_ask_again() {
    let mut talk = Talk::new();
    talk.says(&[(Wavered, 66)]);
    assert_eq!(why(talk.says(&[(Wavered, 66)])), Some((Reason::Hesitation, Urgency::Normal)));
    talk.answers(Answer::Refused);
    talk.waits(5);
    talk.says(&[(Wavered, 66)]);
    assert_eq!(why(talk.says(&[(Wavered, 66)])), None);
    assert!(talk.held_back("hesitation").contains("short of 110"), "{}", talk.held_back("hesitation"));
    assert_eq!(why(talk.says(&[(MeetingWanted, 95)])), INTERESTED);
    talk.answers(Answer::Refused);
    talk.waits(10);
    assert_eq!(why(talk.says(&[(AnnoyedStrongly, 100)])), None);
    assert!(talk.held_back("frustration").contains("only their own request counts"));
    assert_eq!(why(talk.says(&[(AskedForPerson, 90)])), ASKED);
}

#[test]
fn what_is_known_of_the_account_is_no_new_ground_after_a_no() {
    let account = Account { tier: "Enterprise".to_owned(), ..Account::default() };
    let mut talk = Talk::with(Policy::default(), &Context { account, ..Context::default() });
    assert_eq!(why(talk.says(&[(BuyingIntent, 85)])), Some((Reason::HighValue, Urgency::Normal)));
    talk.answers(Answer::Refused);
    talk.waits(10);
    assert_eq!(why(talk.says(&[(CustomNeed, 100), (Urgent, 60)])), None);
}

#[test]
fn a_need_whose_time_is_not_now_is_a_follow_up() {
    let mut talk = Talk::new();
    let nurture = Some((Reason::HighInterest, Urgency::Nurture));
    assert_eq!(why(talk.says(&[(BuyingIntent, 95), (NotNow, 80)])), nurture);
    assert_eq!(why(talk.says(&[(MeetingWanted, 95)])), None, "it is quiet after a follow-up, too");
    assert_eq!(why(talk.says(&[(AskedForPerson, 95)])), ASKED, "nobody has to answer a follow-up");
}

#[test]
fn what_fired_unanswered_must_fall_before_it_fires_again() {
    let mut policy = Policy { cool_down: crate::time::Span::secs(0), ..Policy::default() };
    policy.triggers.get_mut("ambiguity").unwrap().rearm = 10;
    let mut talk = Talk::with(policy, &Context::default());
    talk.says(&[(Vague, 90)]);
    let ask = Some((Reason::Ambiguity, Urgency::AskFirst));
    assert_eq!(why(talk.says(&[(Vague, 90)])), ask);
    talk.says(&[(Vague, 90)]);
    assert_eq!(why(talk.says(&[(Vague, 90)])), None);
    assert!(talk.held_back("ambiguity").contains("must fall below 10"), "{}", talk.held_back("ambiguity"));
    talk.waits(100);
    talk.says(&[(Vague, 90)]);
    assert_eq!(why(talk.says(&[(Vague, 90)])), ask);
}

#[test]
fn what_is_missing_is_named() {
    let mut talk = Talk::new();
    talk.shape.missing = vec![FactName::CompanySize, FactName::Role, FactName::Timeline];
    talk.shape.open_questions = vec!["does it do cellars?".to_owned()];
    talk.engine.policy = {
        let mut policy = Policy::default();
        policy.triggers.get_mut("ambiguity").unwrap().on = false;
        Arc::new(policy)
    };
    let mut decision = None;
    while decision.is_none() && talk.turn < 6 {
        decision = talk.says(&[(Vague, 90)]);
    }
    let decision = decision.expect("three evasive turns are enough");
    assert_eq!((decision.reason, decision.urgency), (Reason::MissingEvidence, Urgency::AskFirst));
    assert_eq!(decision.open_questions, ["does it do cellars?", "company-size", "role", "timeline"]);
}

#[test]
fn a_decision_says_what_it_stands_on_weightiest_first() {
    let mut talk = Talk::new();
    talk.says(&[(Pleased, 50), (AnnoyedMildly, 80)]);
    let decision =
        talk.says(&[(AnnoyedMildly, 90), (RepeatedSelf, 60)]).or_else(|| talk.says(&[(AnnoyedMildly, 90)]));
    let decision = decision.expect("twice mildly is enough");
    let weighed: Vec<i16> = decision.evidence.iter().map(|evidence| evidence.weighed).collect();
    assert!(weighed.is_sorted_by_key(|weighed| std::cmp::Reverse(weighed.abs())), "{weighed:?}");
    let sum: i32 = weighed.iter().map(|weighed| i32::from(*weighed)).sum();
    assert!((i32::from(decision.score) - sum).abs() <= 6, "{} beside {weighed:?}", decision.score);
    assert!(decision.score >= decision.threshold && decision.evidence[0].signal.words == "annoyed-mildly");
}

#[test]
fn directions_tiers_and_stages_are_conditions() {
    let mut policy = Policy::default();
    policy.outbound.triggers.entry("frustration".to_owned()).or_default().threshold = Some(200);
    let frustration = policy.triggers.get_mut("frustration").unwrap();
    frustration.tiers = vec!["gold".to_owned()];
    frustration.from_stage = StageOfTalk::Terms;
    let mut talk = Talk::with(policy, &Context { direction: Direction::Outbound, ..Context::default() });
    assert_eq!(why(talk.says(&[(AnnoyedStrongly, 100)])), None);
    let held = talk.held_back("frustration");
    for why in
        ["short of 200", "only for accounts of gold", "too early in the talk: fit, and not before terms"]
    {
        assert!(held.contains(why), "{held}");
    }
}

#[test]
fn switched_off_it_decides_nothing() {
    let mut talk = Talk::with(Policy { on: false, ..Policy::default() }, &Context::default());
    assert_eq!(why(talk.says(&[(AskedForPerson, 100)])), None);
    assert!(talk.held_back("explicit-request").contains("switched off"));
}

#[test]
fn a_note_beside_words_that_say_the_same_counts_once() {
    let mut talk = Talk::new();
    talk.says(&[(AssistantFellBack, 90)]);
    let fell_back = signal(AssistantFellBack, 100, &turn(1, talk.now(), Wording::Final));
    let noted = Signal { turn: None, ..fell_back };
    let now = talk.now();
    assert_eq!(why(talk.engine.noticed(now, std::slice::from_ref(&noted))), None);
    talk.waits(2);
    assert_eq!(why(talk.says(&[(AssistantFellBack, 95)])), Some((Reason::Loop, Urgency::Normal)));
}

#[test]
fn ten_thousand_turns_of_anything_stay_small_and_cost_little() {
    let mut talk = Talk::new();
    for n in 0..10_000_usize {
        let all: Vec<(SignalKind, u8)> = (0..n % 7)
            .map(|m| (SignalKind::ALL[(n * 31 + m * 7) % SignalKind::ALL.len()], (n % 256) as u8))
            .collect();
        if talk.says(&all).is_some() {
            talk.answers([Answer::Agreed, Answer::NoAnswer, Answer::CalledOff][n % 3]);
        }
    }
    let written = serde_json::to_string(&talk.engine).expect("it can be written");
    assert!(written.len() < 100_000, "{} bytes", written.len());
    let read: Engine = serde_json::from_str(&written).expect("and read");
    assert_eq!(read, talk.engine);
}

#[test]
fn hostile_turns_and_times_change_nothing_but_themselves() {
    let mut talk = Talk::new();
    for number in [u32::MAX, 0, 7, u32::MAX, 1] {
        let told = turn(number, CallTime::from_micros(u64::MAX), Wording::Final);
        let mut odd = signal(Vague, 255, &told);
        odd.words = "\u{1f600}".repeat(100_000);
        talk.engine.said(&told, &vec![odd; 500], &Shape::default());
    }
    assert!(serde_json::to_string(&talk.engine).expect("it can be written").len() < 200_000);
    talk.engine.standings(CallTime::ZERO);
}
