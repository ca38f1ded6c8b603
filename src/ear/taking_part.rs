//! How the prospect takes part in the talk, as the mood sees it: the figures of the last minute beside those of the call.

use crate::ear::mood::conversation::Conversation;
use crate::ear::talk::{Latency, Party, Talk};

/// The prospect's part in this talk; `stretches` is how often in the last minute they drew a sound out.
pub fn of_the_prospect(talk: &Talk, stretches: f32) -> Conversation {
    let (lately, so_far) = (talk.lately(Party::Prospect), talk.so_far(Party::Prospect));
    let minutes = (lately.over.as_secs_f32() / 60.0).max(SHORTEST_MINUTES);
    let speech_s = lately.speech_share * lately.over.as_secs_f32();
    Conversation {
        turns: so_far.turns,
        latency_z: later_than_usual(lately.latency, so_far.latency),
        interruptions_per_min: lately.interruptions_made as f32 / minutes,
        overlap_share: lately.overlap_share,
        back_channels_per_min: lately.back_channels as f32 / minutes,
        pause_share: lately.pause_share,
        longest_pause_s: lately.longest_pause.as_secs_f32(),
        prolongations_per_min: stretches,
        turn_s: if lately.turns > 0 { speech_s / lately.turns as f32 } else { 0.0 },
    }
}

/// Between the latest answer and the usual one, in spreads.
fn later_than_usual(lately: Option<Latency>, so_far: Option<Latency>) -> f32 {
    match (lately, so_far.filter(|usual| usual.answers >= USUAL_FROM)) {
        (Some(lately), Some(usual)) => (lately.latest_millis - usual.median_millis) as f32 / SPREAD_MILLIS,
        _too_few_answers => 0.0,
    }
}

/// A call that has just begun is not one of many interruptions a minute.
const SHORTEST_MINUTES: f32 = 0.5;

/// Before the third answer nobody has a usual latency.
const USUAL_FROM: u32 = 3;

/// How far one person's answers lie apart: most gaps between turns lie between -0.1 and 0.6 s (DSP.md §6).
const SPREAD_MILLIS: f32 = 400.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::talk::Change;
    use crate::time::CallTime;

    /// The other speaks for two seconds, then the prospect answers so late, for three seconds.
    fn talk(latencies: &[u64]) -> Talk {
        let mut talk = Talk::default();
        let mut at = 0;
        let time = CallTime::from_millis;
        for latency in latencies {
            talk.hear(Party::Other, Change::Began { at: time(at) });
            talk.hear(Party::Other, Change::Paused { since: time(at + 2_000) });
            let from = at + 2_000 + latency;
            talk.hear(Party::Prospect, Change::Began { at: time(from) });
            talk.hear(Party::Prospect, Change::Paused { since: time(from + 3_000) });
            at = from + 3_500;
            talk.pass(time(at));
            while talk.take().is_some() {}
        }
        talk
    }

    #[test]
    fn who_answers_later_than_usual_is_later_than_usual() {
        let prompt = of_the_prospect(&talk(&[300, 320, 280, 300, 310]), 0.0);
        assert!(prompt.latency_z.abs() < 0.5, "{prompt:?}");
        assert!(prompt.turns >= 4 && (2.0..4.0).contains(&prompt.turn_s), "{prompt:?}");
        let late = of_the_prospect(&talk(&[300, 320, 280, 300, 1_800]), 2.0);
        assert!(late.latency_z > 2.0, "{late:?}");
        assert!(late.prolongations_per_min > 1.9);
    }

    #[test]
    fn nobody_has_a_usual_latency_at_once() {
        assert!(of_the_prospect(&talk(&[200, 1_900]), 0.0).latency_z.abs() < f32::EPSILON);
    }
}
