//! Whether the demo went as its story says, by what the ears heard and the store holds.

use std::fmt::Write as _;
use std::time::Duration;

use crate::ports::StoredCall;
use crate::sim::carrier::PhoneCall;
use crate::sim::world::World;

use super::cast::Cast;

/// The end of the demo.
pub(super) struct Verdict {
    /// Whether everything is as it should be.
    pub(super) as_told: bool,
    /// What to show.
    pub(super) text: String,
}

/// Looks at what everybody heard, and at what is written.
pub(super) fn judge(
    cast: &Cast,
    world: &World,
    prospect: &PhoneCall,
    rep: Option<&PhoneCall>,
    written: Option<&StoredCall>,
) -> Verdict {
    let mut verdict = Verdict { as_told: true, text: "\n".to_owned() };
    let outcome = written
        .and_then(|call| call.handoffs.first())
        .map(|h| (h.outcome.as_str(), h.rep.as_ref().map(ToString::to_string)));
    verdict.check(
        "the store says: handed over to sam",
        outcome == Some(("handed-over", Some("sam".to_owned()))),
    );
    let ear = prospect.ear();
    let introduced = ear.heard(cast.introduction());
    verdict.check("the prospect heard the introduction", introduced.is_some());
    let before = introduced.map_or(Duration::MAX, |introduction| introduction.when.start);
    for (name, clip) in cast.private() {
        verdict
            .check(&format!("the rep heard {name}"), rep.is_some_and(|rep| rep.ear().heard(clip).is_some()));
        // It would have been heard before the introduction; after it, the same voice says some of the same words.
        let leaked = ear.heard_before(clip, before).is_some_and(|heard| heard.share > MOSTLY);
        verdict.check(&format!("the prospect never heard {name}"), !leaked);
    }
    if let Some(rep) = rep {
        let mut latencies = Vec::new();
        for (who, listener, phrase) in cast.talk(rep, prospect) {
            let heard = listener.ear().heard(&phrase.clip);
            verdict.check(&format!("{} heard “{}”", listener.name(), phrase.name), heard.is_some());
            let said = who.said().into_iter().find(|(_, said)| said.name == phrase.name);
            if let (Some(heard), Some((said, _))) = (heard, said) {
                latencies.push((listener.ear().began() + heard.when.start).saturating_sub(said));
            }
        }
        latencies.sort();
        if let Some(median) = latencies.get(latencies.len() / 2) {
            let network = 2 * world.carrier.settings().network.delay;
            let _ = writeln!(
                verdict.text,
                "  · mouth to ear across the bridge: {} ms, of which {} ms are the simulated network",
                median.as_millis(),
                network.as_millis()
            );
        }
    }
    let notices = world.carrier.notices();
    verdict.check(
        "the carrier could read everything that Baton sent",
        notices.iter().all(|n| !(31_950..=31_951).contains(&n.code)),
    );
    let nothing = longest_wait(prospect);
    verdict.check(
        &format!("the longest that the prospect waited in silence: {} ms", nothing.as_millis()),
        nothing <= NOTHING_AT_MOST,
    );
    let words = if verdict.as_told {
        "The call ended as the story says."
    } else {
        "The call did not go as the story says."
    };
    let _ = writeln!(verdict.text, "{words}");
    verdict
}

/// The longest stretch of nothing in the prospect's ear while it was not their own turn.
fn longest_wait(prospect: &PhoneCall) -> Duration {
    let ear = prospect.ear();
    let in_ear = |at: Duration| at.saturating_sub(ear.began());
    let said = prospect.said();
    let ends = said.iter().map(|(at, phrase)| in_ear(*at) + phrase.clip.duration());
    let begins = said.iter().map(|(at, _)| in_ear(*at)).chain([ear.duration()]);
    let waits = [Duration::ZERO].into_iter().chain(ends).zip(begins);
    let longest = |(from, to)| {
        let nothing = ear.longest_nothing_within(from..to);
        nothing.end.saturating_sub(nothing.start)
    };
    waits.map(longest).max().unwrap_or_default()
}

impl Verdict {
    fn check(&mut self, what: &str, holds: bool) {
        self.as_told &= holds;
        let _ = writeln!(self.text, "  {} {what}", if holds { "✓" } else { "✗" });
    }
}

/// Less than this share of a clip is a syllable that sounds alike.
const MOSTLY: f32 = 0.6;

/// Promise 1.
const NOTHING_AT_MOST: Duration = Duration::from_secs(2);
