//! The races of a handoff: who leaves, answers, fails or speaks in the wrong moment, and who hears of it.

use std::time::Duration;

use baton::call::{Effect, Event};
use baton::config::{Rep, Span};
use baton::handoff::{End, Phrase};
use baton::id::{AttemptId, LegId};
use baton::ports::{Calls as _, StoredCall};
use baton::sim::assistant::{AssistantScript, Pace};
use baton::sim::person::{Answers, Person};
use baton::sim::sound::{self, Phrase as Said, Pitch};

use crate::stage::{
    FIRST_REP, PROSPECT, SAM, Stage, answer, clearly_heard, greeting, patient_rep, prospect_in_a_hurry,
    rep_who_presses, s,
};

/// What is to be written of the only handoff, and how its tries ended.
fn assert_came_to(call: &StoredCall, outcome: &str, reason: &str, ends: &[&str]) {
    assert_eq!(call.handoffs.len(), 1, "a handoff has one outcome: {call:#?}");
    assert_eq!((&*call.handoffs[0].outcome, &*call.handoffs[0].reason), (outcome, reason));
    let written: Vec<_> = call.attempts.iter().map(|a| a.end.as_deref().unwrap_or("none")).collect();
    assert_eq!(written, ends);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_prospect_hangs_up_while_the_phone_of_the_rep_rings_and_it_stops_ringing() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep().who_answers(Answers::Never));
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    stored_before_it_is_tried(&stage).await;
    let rep = stage.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    stage.is_told(Event::RepRang(AttemptId(1))).await;
    prospect.give_up();
    assert!(rep.is_over(s(5)).await.is_some(), "the rep's phone stops");
    let rang_on = rep.over_at().unwrap().saturating_sub(prospect.over_at().unwrap());
    assert!(rang_on < Duration::from_millis(1_500), "it rang on for {rang_on:?}");
    let record = stage.record_when(|call| call.end.is_some() && call.attempts[0].end.is_some()).await;
    assert_came_to(&record, "abandoned", "", &["withdrawn"]);
    stage.timeline(&record).await;
    stage.close().await;
}

/// What was stored is read first, so that it cannot have been written after the request had arrived.
async fn stored_before_it_is_tried(stage: &Stage) {
    for _ in 0..4_000 {
        let stored = stage.store.latest(1).await.unwrap();
        if stage.world.carrier.requests().iter().any(|request| request.path.ends_with("/Calls.json")) {
            assert!(!stored[0].attempts.is_empty(), "promise 6: the carrier is asked before it is written");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the carrier was never asked to ring");
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hangs_up_while_the_rep_hears_the_question_and_the_rep_is_told() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.says(FIRST_REP, Phrase::Offer).await;
    tokio::time::sleep(s(1)).await;
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some(), "the rep is let go");
    assert!(clearly_heard(&rep, stage.clip(Phrase::ProspectLeft)), "and told why");
    let record = stage.record().await;
    assert_came_to(&record, "abandoned", "", &["withdrawn"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hangs_up_while_the_rep_is_briefed_and_the_rep_is_told() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.says(FIRST_REP, Phrase::Whisper).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some(), "the rep is let go");
    assert!(clearly_heard(&rep, stage.clip(Phrase::ProspectLeft)), "and told why");
    assert!(!clearly_heard(&rep, stage.clip(Phrase::Introduction)), "nobody is introduced to nobody");
    let record = stage.record().await;
    assert_came_to(&record, "abandoned", "", &["withdrawn"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_prospect_leaves_in_the_instant_in_which_the_rep_says_yes_and_there_is_one_outcome() {
    let offsets: [i64; 5] = [-40, -20, 0, 20, 40];
    let races: Vec<_> = offsets.into_iter().map(|offset| tokio::spawn(leaves_and_says_yes(offset))).collect();
    for race in races {
        race.await.unwrap();
    }
}

/// The rep presses 1 so many milliseconds after the prospect hung up.
async fn leaves_and_says_yes(offset: i64) {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.says(FIRST_REP, Phrase::Offer).await;
    let apart = Duration::from_millis(offset.unsigned_abs());
    if offset < 0 {
        rep.press('1');
        tokio::time::sleep(apart).await;
        prospect.give_up();
    } else {
        prospect.give_up();
        tokio::time::sleep(apart).await;
        rep.press('1');
    }
    assert!(rep.is_over(s(10)).await.is_some(), "{offset} ms: nobody is left on a line");
    assert!(prospect.is_over(s(5)).await.is_some());
    let record = stage.record_when(|call| call.end.is_some() && call.attempts[0].end.is_some()).await;
    assert_came_to(&record, "abandoned", "", &["withdrawn"]);
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_prospect_asks_for_a_person_and_a_voicemail_answers_and_learns_nothing() {
    let change = |config: &mut baton::config::Config| config.handoff.accept = Span::secs(3);
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let words = Said::spoken("please leave a message after the tone", Pitch::REP);
    stage.world.rep(SAM, Person::voicemail("mailbox", s(1), words));
    let (prospect, mailbox) = stage.rep_is_rung().await;
    assert!(mailbox.is_over(s(25)).await.is_some(), "the mailbox is left");
    for private in [Phrase::Whisper, Phrase::Introduction] {
        assert!(!clearly_heard(&mailbox, stage.clip(private)), "promise 2: a mailbox heard {private:?}");
    }
    assert!(!clearly_heard(&mailbox, &greeting().clip), "nor anything of the conversation");
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_came_to(&record, "returned-to-assistant", "nobody-took-it", &["not-verified"]);
    still_talks_with_the_assistant(&stage, &prospect).await;
    stage.close().await;
}

/// The prospect says something and is answered by the assistant.
async fn still_talks_with_the_assistant(stage: &Stage, prospect: &baton::sim::carrier::PhoneCall) {
    prospect.say(Said::spoken("then tell me more please", Pitch::PROSPECT));
    assert!(
        prospect.hears(&answer().clip, s(12)).await.is_some(),
        "the assistant answers: {}",
        stage.all_that_happened().await
    );
    prospect.hang_up();
    assert_eq!(stage.record().await.end.as_deref(), Some("prospect-left"));
}

async fn nobody_takes_it(answers: Answers, end: &str) {
    let change = |config: &mut baton::config::Config| config.handoff.ring = Span::secs(5);
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    stage.world.rep(SAM, patient_rep().who_answers(answers));
    let (prospect, rep) = stage.rep_is_rung().await;
    assert!(rep.is_over(s(20)).await.is_some(), "nobody's phone rings for ever");
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_came_to(&record, "returned-to-assistant", "nobody-took-it", &[end]);
    still_talks_with_the_assistant(&stage, &prospect).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_asks_for_a_person_who_does_not_answer_and_stays_with_the_assistant() {
    nobody_takes_it(Answers::Never, "no-answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_asks_for_a_person_who_is_busy_and_stays_with_the_assistant() {
    nobody_takes_it(Answers::Busy, "busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_asks_for_a_person_who_declines_and_stays_with_the_assistant() {
    // To the carrier, who declines is busy.
    nobody_takes_it(Answers::Declines(s(1)), "busy").await;
}

const KIM: &str = "+15550100102";

async fn with_two_reps(accept: u64) -> Stage {
    let change = |config: &mut baton::config::Config| {
        config.handoff.accept = Span::secs(accept);
        config.reps.push(Rep { name: "kim".into(), phone: KIM.into() });
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    stage.world.rep(KIM, rep_who_presses('1'));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_passed_on_by_the_first_rep_and_taken_by_the_second() {
    let stage = with_two_reps(10).await;
    stage.world.rep(SAM, rep_who_presses('2'));
    let (prospect, first) = stage.rep_is_rung().await;
    let second = stage.world.call_to_rep(KIM, s(20)).await.expect("the second rep is rung");
    assert!(first.is_over(s(5)).await.is_some(), "who passes is let go");
    assert!(second.hears(stage.clip(Phrase::Introduction), s(30)).await.is_some());
    stage.is_told(Event::Played { leg: LegId::Prospect, phrase: Phrase::Introduction }).await;
    prospect.hang_up();
    assert!(second.is_over(s(8)).await.is_some());
    assert_came_to(&stage.record().await, "handed-over", "", &["passed", "served"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_prospect_gets_the_second_rep_and_the_late_yes_of_the_first_changes_nothing() {
    let stage = with_two_reps(2).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, first) = stage.rep_is_rung().await;
    let end = |end| Effect::EndAttempt { attempt: AttemptId(1), end, last_words: Some(Phrase::TooLate) };
    stage.does(end(End::NotVerified)).await;
    first.press('1');
    let second = stage.world.call_to_rep(KIM, s(20)).await.expect("the second rep is rung");
    assert!(first.is_over(s(8)).await.is_some(), "the first is let go");
    assert!(clearly_heard(&first, stage.clip(Phrase::TooLate)), "and told that they were too late");
    assert!(second.hears(stage.clip(Phrase::Introduction), s(30)).await.is_some());
    stage.is_told(Event::Played { leg: LegId::Prospect, phrase: Phrase::Introduction }).await;
    prospect.hang_up();
    assert!(second.is_over(s(8)).await.is_some());
    assert_came_to(&stage.record().await, "handed-over", "", &["not-verified", "served"]);
    assert!(!clearly_heard(&first, stage.clip(Phrase::Whisper)), "the first learned nothing");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_the_assistant_when_the_line_of_the_rep_breaks_at_their_yes_and_does_not_come_back() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.says(FIRST_REP, Phrase::Offer).await;
    tokio::time::sleep(s(1)).await;
    rep.press('1');
    stage.is_told(Event::KeyPressed { leg: FIRST_REP, key: '1' }).await;
    rep.cut_stream();
    rep.give_up();
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    let end = record.attempts[0].end.as_deref();
    assert!(matches!(end, Some("left-before" | "never-joined")), "{end:?}");
    assert_eq!(record.handoffs[0].outcome, "returned-to-assistant");
    assert!(rep.is_over(s(8)).await.is_some(), "their call is ended");
    still_talks_with_the_assistant(&stage, &prospect).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_with_the_rep_and_neither_hears_the_assistant_talk_on_nor_does_it_hear_them() {
    let script = AssistantScript { greeting: Some(greeting()), ..AssistantScript::default() };
    let stage = Stage::start(script).await;
    let (prospect, rep) = stage.bridged().await;
    let visit = stage.world.assistant.visits().remove(0);
    let (heard_before, marks_before) = (visit.ear().duration(), visit.marks().len());
    let stale = Said::spoken("are you still there shall I go on", Pitch::ASSISTANT);
    visit.say(stale.clone());
    let question = Said::spoken("we are looking at forty seats", Pitch::PROSPECT);
    prospect.say(question.clone());
    assert!(rep.hears(&question.clip, s(8)).await.is_some(), "the rep hears the prospect");
    assert!(visit.until(s(8), |visit| visit.marks().len() > marks_before).await, "its marks come back");
    for (who, call) in [("prospect", &prospect), ("rep", &rep)] {
        assert!(!clearly_heard(call, &stale.clip), "the {who} heard the assistant after the bridge");
    }
    let loud = visit.ear().speech_within(heard_before + Duration::from_millis(500)..Duration::MAX);
    assert_eq!(loud, Duration::ZERO, "the assistant hears silence");
    assert!(visit.longest_gap() < Duration::from_millis(400), "{:?}", visit.longest_gap());
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_nothing_of_what_the_assistant_had_queued_once_the_introduction_began() {
    let long = Said::new("a long story", sound::speech(s(60), Pitch::ASSISTANT, 7));
    let script =
        AssistantScript { greeting: Some(long), pace: Pace::at_once(), ..AssistantScript::default() };
    let change = |config: &mut baton::config::Config| config.handoff.brief = Span::secs(1);
    let stage = Stage::start_with(Stage::unkind_carrier(), script, change).await;
    let (prospect, rep) = stage.bridged().await;
    let heard = prospect.hears(stage.clip(Phrase::Introduction), s(8)).await;
    let heard = heard.unwrap_or_else(|| panic!("the prospect is introduced"));
    assert!(heard.share > 0.9, "no timer cuts the introduction off: {heard:?}");
    assert!(rep.hears(stage.clip(Phrase::Introduction), s(4)).await.is_some());
    tokio::time::sleep(s(2)).await;
    let after = heard.when.end + Duration::from_millis(300);
    let stale = prospect.ear().speech_within(after..Duration::MAX);
    assert!(stale < Duration::from_millis(40), "{stale:?} of stale speech after the introduction");
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some());
    assert_came_to(&stage.record().await, "handed-over", "", &["served"]);
    stage.close().await;
}

async fn rep_leaves_the_bridge(keep: u64) {
    let change = |config: &mut baton::config::Config| config.assistant.keep_after_bridge = Span::secs(keep);
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let (prospect, rep) = stage.bridged().await;
    if keep == 0 {
        let visit = stage.world.assistant.visits().remove(0);
        assert!(visit.until(s(5), |visit| visit.stopped_at().is_some()).await, "it is let go");
    }
    rep.hang_up();
    assert!(prospect.hears(stage.clip(Phrase::RepLeft), s(12)).await.is_some(), "the prospect is told");
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_came_to(&record, "returned-to-assistant", "rep-left", &["left-after"]);
    let visits = if keep == 0 { 2 } else { 1 };
    assert!(stage.world.assistant.visit(visits - 1, s(8)).await.is_some(), "the assistant is there again");
    assert_eq!(stage.world.assistant.visits().len(), visits);
    still_talks_with_the_assistant(&stage, &prospect).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_told_that_the_rep_left_and_gets_the_assistant_back() {
    rep_leaves_the_bridge(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_gets_the_assistant_dialled_again_when_the_rep_leaves_after_it_was_let_go() {
    rep_leaves_the_bridge(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_not_handed_over_when_the_wish_is_called_off_and_the_rep_is_told() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let rep = stage.world.call_to_rep(SAM, s(12)).await.expect("the rep is rung");
    stage.says(FIRST_REP, Phrase::Offer).await;
    let call = stage.record_when(|_| true).await;
    let url = format!("{}/v1/calls/{}/handoff", stage.base, call.call);
    let client = baton::edge::http::client().unwrap();
    let answer = client.delete(url).bearer_auth(crate::stage::OPERATOR_KEY).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    assert!(rep.is_over(s(8)).await.is_some(), "the rep is let go");
    assert!(clearly_heard(&rep, stage.clip(Phrase::Withdrawn)), "and told why");
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_came_to(&record, "called-off", "", &["withdrawn"]);
    still_talks_with_the_assistant(&stage, &prospect).await;
    stage.close().await;
}
