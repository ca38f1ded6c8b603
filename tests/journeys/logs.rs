//! All that Baton logs at INFO in all journeys: no number and no word of a conversation may be in it.

use baton::sim::sound::{Phrase as Said, Pitch};

use crate::stage::{PROSPECT, SAM, Stage, kept_log, s};

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_prospect_is_handed_over_and_no_log_line_says_who_they_are_or_what_was_said() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, rep) = stage.bridged().await;
    prospect.say(Said::spoken("my number is five five five", Pitch::PROSPECT));
    rep.say(Said::spoken("thank you I have written it down", Pitch::REP));
    prospect.hang_up();
    rep.is_over(s(10)).await.expect("the rep is let go");
    stage.record().await;
    stage.close().await;
    let written = kept_log::written();
    assert!(written.contains("the handoff moved on"), "what happens is logged");
    let words = ["five five", "written it down", "how can I help", "sam"];
    for private in [&PROSPECT[1..], &SAM[1..], "5550100"].iter().chain(&words) {
        assert!(!written.contains(private), "{private:?} is in the logs:\n{written}");
    }
}
