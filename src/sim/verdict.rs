//! Comparing what was heard with what a script expects, in sentences that a person can act on.

use std::time::Duration;

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
        let introduced = self.introduced(prospect, &lookup);
        for words in &self.prospect_never_hears {
            let clips = voices(words, &lookup);
            let before = clips.iter().find_map(|clip| {
                prospect.heard_before(clip, introduced).filter(|heard| heard.share > MOSTLY)
            });
            let nearly_whole =
                || clips.iter().find_map(|clip| hears(prospect, clip).filter(|heard| heard.share > WHOLE));
            if let Some(leaked) = before.or_else(nearly_whole) {
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

    /// When the prospect was put together with a person: from then on the same voices say some of the same words, so a
    /// leak is judged before. Where nobody may be introduced, all of the call is before.
    fn introduced(&self, prospect: &Ear, lookup: impl Fn(&str) -> Option<Clip>) -> Duration {
        let may_be = !self.prospect_never_hears.iter().any(|words| words == INTRODUCTION);
        let clip = may_be.then(|| lookup(INTRODUCTION)).flatten();
        clip.and_then(|clip| hears(prospect, &clip)).map_or(Duration::MAX, |heard| heard.when.start)
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

/// The clip with which prospect and rep are put together.
const INTRODUCTION: &str = "introduction";

/// Less than this share of a clip is a syllable that sounds alike.
const MOSTLY: f32 = 0.6;

/// After the introduction began, less may be another sentence of the same voice: some 70 % of the offer's pieces were
/// found where the introduction was said.
const WHOLE: f32 = 0.85;

/// A sentence of which half was heard was heard: a barge-in may cut its end.
const ENOUGH: f32 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::carrier::{CallStatus, LineSettings};
    use crate::sim::script::Script;
    use crate::sim::world::{World, WorldSettings};

    #[test]
    fn a_leak_of_most_of_a_sentence_is_found_before_the_introduction_and_a_likeness_after_it_is_none() {
        let whisper =
            spoken("a prospect is on the line who asks what forty seats would cost them", Pitch::REP);
        let introduction = spoken("I have a colleague of mine here with us on this call", Pitch::REP);
        let lookup = |name: &str| match name {
            "introduction" => Some(introduction.clone()),
            "whisper" => Some(whisper.clone()),
            _ => None,
        };
        let part = |clip: &Clip, share: f32| {
            let frames = (clip.frames() as f32 * share) as usize;
            (0..frames).filter_map(|n| clip.frame(n)).flatten().copied().collect::<Vec<u8>>()
        };
        let complaints = |never: &str, sounds: &[&Vec<u8>]| {
            let mut ear = Ear::default();
            for sound in sounds {
                ear.hear_all(sound);
                ear.hear_all(&[crate::audio::g711::SILENCE; 4_000]);
            }
            let expect = Expect { prospect_never_hears: vec![never.to_owned()], ..Expect::default() };
            expect.judge_ears(&ear, None, lookup).len()
        };
        let (introduced, leak, whole) = (part(&introduction, 1.0), part(&whisper, 0.75), part(&whisper, 1.0));
        assert_eq!(complaints("whisper", &[&introduced]), 0, "nothing leaked");
        assert_eq!(complaints("whisper", &[&leak, &introduced]), 1, "most of it, before");
        assert_eq!(complaints("whisper", &[&leak]), 1, "most of it, and nobody was introduced");
        assert_eq!(complaints("whisper", &[&introduced, &leak]), 0, "as much may be alike after it");
        assert_eq!(complaints("whisper", &[&introduced, &whole]), 1, "not all of it");
        assert_eq!(complaints("introduction", &[&introduced]), 1, "nobody may be introduced");
    }

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
