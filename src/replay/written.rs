//! A transcript as a file of JSON: `[{"by": "prospect", "text": "…", "from_ms": 800, "until_ms": 4100, "confidence": 0.86}]`.
//!
//! Who spoke may be said in the words of other programs; times that are missing are reckoned from the words, a confidence may be a
//! share or a percentage. An object with the list under `turns` may add `title`, and what was known beforehand as `context`.

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::conversation::{Context, Source, Speaker, Turn, Wording};
use crate::replay::recorded::{Recorded, Step, What};
use crate::time::CallTime;

/// A transcript with something about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    title: String,
    #[serde(default)]
    context: Context,
    turns: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(alias = "speaker", alias = "role", alias = "who")]
    by: String,
    #[serde(alias = "words", alias = "transcript", alias = "content")]
    text: String,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    confidence: Option<f64>,
}

/// Reads a transcript.
pub fn read(json: serde_json::Value) -> anyhow::Result<Recorded> {
    let written = if json.is_array() {
        Written { title: String::new(), context: Context::default(), turns: serde_json::from_value(json)? }
    } else {
        serde_json::from_value(json)?
    };
    let mut recorded = Recorded { title: written.title, context: written.context, ..Recorded::default() };
    let (mut from, mut reckoned) = (0, false);
    for (n, said) in (1_u32..).zip(written.turns) {
        let by = speaker(&said.by).with_context(|| {
            format!("turn {n}: {:?} speaks; it is the prospect, the assistant or the rep who does", said.by)
        })?;
        reckoned |= said.from_ms.is_none();
        let begins = said.from_ms.unwrap_or(from);
        let lasts = said.text.split_whitespace().count() as u64 * A_WORD_MILLIS;
        let until = said.until_ms.unwrap_or(begins.saturating_add(lasts));
        if until < begins {
            bail!("turn {n} ends at {until} ms, before it begins");
        }
        if until > LONGEST_MILLIS {
            bail!("turn {n} ends {until} ms into the call: no call lasts a week");
        }
        from = until + A_BREATH_MILLIS;
        let turn = Turn {
            number: n,
            by,
            from: CallTime::from_millis(begins),
            until: CallTime::from_millis(until),
            words: said.text,
            confidence: said.confidence.map(hundredths),
            wording: Wording::Final,
            source: Source::Script,
        };
        recorded.steps.push(Step { at: turn.until, what: What::Said(turn, None) });
    }
    if reckoned {
        recorded.notes.push("some turns have no times: theirs are reckoned from their words".to_owned());
    }
    // Who speaks at once with the other may be written before or behind them.
    recorded.steps.sort_by_key(|step| step.at);
    Ok(recorded)
}

/// Whoever it is called by.
fn speaker(name: &str) -> Option<Speaker> {
    match name.trim().to_ascii_lowercase().as_str() {
        "prospect" | "user" | "customer" | "caller" | "lead" | "human" => Some(Speaker::Prospect),
        "assistant" | "agent" | "bot" | "ai" | "system" | "other" => Some(Speaker::Assistant),
        "rep" | "representative" => Some(Speaker::Rep),
        _ => None,
    }
}

/// Recognisers give a share, or a percentage.
fn hundredths(confidence: f64) -> u8 {
    let share = if confidence > 1.0 { confidence / 100.0 } else { confidence };
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

/// People say two and a half words a second on the phone.
const A_WORD_MILLIS: u64 = 400;

/// Between two turns.
const A_BREATH_MILLIS: u64 = 400;

/// A week.
const LONGEST_MILLIS: u64 = 7 * 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_read_in_the_words_of_other_programs_as_well() {
        let json = serde_json::json!([
            {"by": "prospect", "text": "hello there", "from_ms": 800, "until_ms": 1900, "confidence": 0.86},
            {"role": "Agent", "content": "Hi, how can I help you?"},
            {"speaker": "customer", "text": "a person please", "confidence": 91},
        ]);
        let recorded = read(json).unwrap();
        let said: Vec<_> = recorded
            .steps
            .iter()
            .filter_map(|step| match &step.what {
                What::Said(turn, None) => Some((turn.by, turn.from, turn.until, turn.confidence)),
                _ => None,
            })
            .collect();
        let ms = CallTime::from_millis;
        assert_eq!(
            said,
            [
                (Speaker::Prospect, ms(800), ms(1_900), Some(86)),
                (Speaker::Assistant, ms(2_300), ms(4_700), None),
                (Speaker::Prospect, ms(5_100), ms(6_300), Some(91)),
            ]
        );
        assert!(recorded.notes[0].contains("reckoned"));
    }

    #[test]
    fn what_is_no_transcript_says_why() {
        for (json, says) in [
            (serde_json::json!([{"by": "nobody", "text": "x"}]), "turn 1: \"nobody\" speaks"),
            (
                serde_json::json!([{"by": "rep", "text": "x", "from_ms": 9, "until_ms": 3}]),
                "before it begins",
            ),
            (serde_json::json!([{"by": "rep", "text": "x", "from_ms": u64::MAX}]), "no call lasts a week"),
            (serde_json::json!([{"by": "rep"}]), "text"),
            (serde_json::json!({"turns": [], "titel": "x"}), "titel"),
        ] {
            let error = format!("{:#}", read(json).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
