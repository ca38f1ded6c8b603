//! The story that everything is for: a prospect asks for a person and gets one.

use baton::handoff::Phrase;
use baton::sim::sound::{Phrase as Said, Pitch};

use crate::stage::{
    PROSPECT, SAM, Stage, clearly_heard, greeting, prospect_who_wants_a_person, rep_who_presses, s,
};

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_prospect_presses_0_and_talks_to_the_rep_until_they_hang_up() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_who_wants_a_person());
    assert!(prospect.hears(&greeting().clip, s(6)).await.is_some(), "the assistant greets");
    let rep = stage.world.call_to_rep(SAM, s(12)).await.expect("the rep is rung");
    assert!(rep.hears(stage.clip(Phrase::Offer), s(8)).await.is_some(), "the rep is asked");
    assert!(rep.hears(stage.clip(Phrase::Whisper), s(14)).await.is_some(), "the rep is briefed");
    assert!(
        prospect.hears(stage.clip(Phrase::Introduction), s(12)).await.is_some(),
        "the prospect is introduced"
    );
    assert!(rep.hears(stage.clip(Phrase::Introduction), s(4)).await.is_some(), "so is the rep");
    stage.record_when(|call| !call.attempts.is_empty()).await;

    let (question, answer) = (
        Said::spoken("we are looking at forty seats", Pitch::PROSPECT),
        Said::spoken("that is what I look after", Pitch::REP),
    );
    tokio::time::sleep(s(1)).await;
    prospect.say(question.clone());
    assert!(rep.hears(&question.clip, s(6)).await.is_some(), "the rep hears the prospect");
    rep.say(answer.clone());
    assert!(prospect.hears(&answer.clip, s(6)).await.is_some(), "the prospect hears the rep");
    // Before the introduction began: in it, the same voice says some of the same words.
    let ear = prospect.ear();
    let introduced =
        ear.heard(stage.clip(Phrase::Introduction)).expect("the prospect is introduced").when.start;
    for private in [Phrase::Whisper, Phrase::Offer] {
        let leaked = ear.heard_before(stage.clip(private), introduced);
        assert!(leaked.is_none_or(|heard| heard.share < 0.6), "promise 2: the prospect heard {private:?}");
    }

    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some(), "the rep is let go");
    assert!(clearly_heard(&rep, stage.clip(Phrase::ProspectLeft)), "and told why");
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("prospect-left"));
    assert_eq!(record.handoffs.len(), 1);
    assert_eq!(record.handoffs[0].outcome, "handed-over");
    assert_eq!(record.attempts[0].end.as_deref(), Some("served"));
    stage.timeline(&record).await;
    stage.close().await;
}
