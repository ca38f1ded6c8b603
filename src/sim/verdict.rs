//! Comparing what was heard with what a script expects, in sentences that a person can act on.

use crate::audio::clip::Clip;
use crate::sim::ear::Ear;
use crate::sim::recognise::HeardClip;
use crate::sim::script::Expect;
use crate::sim::sound::{Pitch, spoken};

impl Expect {
    /// What was not as expected, as far as ears can tell; nothing if all was well.
    pub fn judge_ears(
        &self,
        prospect: &Ear,
        rep: Option<&Ear>,
        lookup: impl Fn(&str) -> Option<Clip>,
    ) -> Vec<String> {
        let heard =
            |ear: &Ear, words: &str| voices(words, &lookup).iter().any(|clip| hears(ear, clip).is_some());
        let mut complaints = Vec::new();
        for words in self.prospect_hears.iter().filter(|words| !heard(prospect, words)) {
            complaints.push(format!("the prospect did not hear “{words}”"));
        }
        for words in &self.prospect_never_hears {
            let leaked = voices(words, &lookup)
                .iter()
                .find_map(|clip| hears(prospect, clip))
                .filter(|heard| heard.share > LEAKED);
            if let Some(leaked) = leaked {
                complaints.push(format!(
                    "the prospect heard {:.0} % of “{words}” at {:?} of their call",
                    leaked.share * 100.0,
                    leaked.when
                ));
            }
        }
        for words in self.rep_hears.iter().filter(|words| !rep.is_some_and(|rep| heard(rep, words))) {
            complaints.push(format!("the rep did not hear “{words}”"));
        }
        if let Some(limit) = self.prospect_hears_nothing_for_at_most {
            let nothing = prospect.longest_nothing();
            if nothing.end.saturating_sub(nothing.start) > limit {
                complaints.push(format!(
                    "the prospect heard nothing from {:?} to {:?}",
                    nothing.start, nothing.end
                ));
            }
        }
        complaints
    }
}

/// The clip of this name, or the words as anybody of this world would say them.
fn voices(words: &str, lookup: &impl Fn(&str) -> Option<Clip>) -> Vec<Clip> {
    let anybody = [Pitch::PROSPECT, Pitch::REP, Pitch::ASSISTANT];
    lookup(words)
        .map_or_else(|| anybody.iter().map(|&pitch| spoken(words, pitch)).collect(), |clip| vec![clip])
}

fn hears(ear: &Ear, clip: &Clip) -> Option<HeardClip> {
    ear.heard(clip).filter(|heard| heard.share > ENOUGH)
}

/// What leaks is heard nearly whole. Less may be another sentence of the same voice (some 70 % of the offer's pieces were
/// found where the introduction was said), so a leak of a few words cannot be told by this ear.
const LEAKED: f32 = 0.85;

/// A sentence of which half was heard was heard: a barge-in may cut its end.
const ENOUGH: f32 = 0.5;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::sim::carrier::{CallStatus, LineSettings};
    use crate::sim::script::Script;
    use crate::sim::world::{World, WorldSettings};

    #[tokio::test]
    async fn a_script_is_played_and_judged_by_what_was_heard() {
        let script = Script::read(
            r#"
            [[assistant]]
            says = "hello, how can I help you?"
            [[assistant]]
            says = "it costs forty dollars a month"
            [[prospect]]
            says = "what does it cost?"
            [[prospect]]
            hangs_up = true
            [expect]
            prospect_hears = ["hello, how can I help you?", "it costs forty dollars a month"]
            prospect_never_hears = ["a prospect is on the line"]
            rep_hears = ["a prospect is on the line"]
            prospect_hears_nothing_for_at_most = "100ms"
            "#,
        )
        .unwrap();
        let world = World::start(WorldSettings::default()).await.unwrap();
        let voice_url = world.assistant.voice_url().to_owned();
        world.carrier.point_number_at(LineSettings { voice_url, ..LineSettings::default() });
        let call = world.play(script.cast(|_| None).unwrap());
        assert_eq!(call.is_over(Duration::from_secs(20)).await, Some(CallStatus::Completed));
        let complaints = script.expect.judge_ears(&call.ear(), None, |_| None);
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].contains("the rep did not hear"), "{complaints:?}");
        assert!(complaints[1].contains("heard nothing"), "{complaints:?}");
    }
}
