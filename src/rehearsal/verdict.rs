//! Whether a call went as its script expects: what the ears heard, and what Baton wrote down.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::handoff::Phrase as House;
use crate::sim::carrier::PhoneCall;
use crate::sim::script::Expect;
use crate::sim::story::{Happening, What};
use crate::sim::world::World;

use super::{Clips, LOOK_AGAIN, Rehearsal, client};

/// One call as it was played.
pub(super) struct Play<'a> {
    pub(super) prospect: &'a PhoneCall,
    pub(super) rep: Option<&'a PhoneCall>,
    pub(super) happened: &'a [Happening],
    pub(super) record: &'a Record,
}

/// How a call was.
pub(super) struct Verdict {
    outcome: Option<String>,
    to: Option<String>,
    waited: Option<Duration>,
    nothing: Duration,
    pub(super) complaints: Vec<String>,
}

/// What Baton wrote down of the latest call.
pub(super) enum Record {
    /// As the control API shows it.
    Written(Value),
    /// Nothing is expected of it, or it may not be read.
    Unasked,
    /// It could not be read, and why.
    Unread(String),
}

impl Record {
    /// Reads it, once it is written that the call is over.
    pub(super) async fn read(rehearsal: &Rehearsal, expect: &Expect) -> Self {
        if rehearsal.operator_key.is_empty() || (expect.outcome.is_none() && expect.to.is_none()) {
            return Self::Unasked;
        }
        let mut why = String::new();
        for _ in 0..TRIES {
            match latest(rehearsal).await {
                Ok(call) if !call["end"].is_null() => return Self::Written(call),
                Ok(_running) => "the call is not over there".clone_into(&mut why),
                Err(error) => why = format!("{error:#}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Self::Unread(why)
    }
}

async fn latest(rehearsal: &Rehearsal) -> anyhow::Result<Value> {
    let url = rehearsal.url.join("/v1/calls?limit=1")?;
    let answer = client()?.get(url).bearer_auth(&rehearsal.operator_key).send().await?;
    anyhow::ensure!(
        answer.status().is_success(),
        "the control API answered {}; is --operator-key one of server.operator_keys?",
        answer.status()
    );
    let list: Value = answer.json().await?;
    Ok(list["calls"][0].clone())
}

/// Judges one call.
pub(super) fn judge(expect: &Expect, play: &Play<'_>, world: &World, clips: &Clips) -> Verdict {
    let ear = play.prospect.ear();
    let rep_ear = play.rep.map(PhoneCall::ear);
    let mut complaints = expect.judge_ears(&ear, rep_ear.as_ref(), |name| clips.find(name));
    let introduced = ear.heard(clips.voice.phrase(House::Introduction));
    let asked = play.happened.iter().rev().find(|happening| {
        happening.who == play.prospect.name() && matches!(happening.what, What::Pressed(_))
    });
    let waited = asked.and_then(|asked| {
        let person = ear.began() + introduced.filter(|heard| heard.share > MOSTLY)?.when.start;
        person.checked_sub(asked.at)
    });
    if let Some(limit) = expect.prospect_waited_at_most {
        match waited {
            None => complaints.push("the prospect was never introduced to a person".to_owned()),
            Some(waited) if waited > limit => complaints
                .push(format!("the prospect waited {} ms, not {limit:?} at most", waited.as_millis())),
            Some(_in_time) => {}
        }
    }
    let (mut outcome, mut to) = (None, None);
    match play.record {
        Record::Written(call) => {
            let handoff = &call["handoffs"][0];
            outcome = handoff["outcome"].as_str().map(plain);
            to = handoff["rep"].as_str().map(str::to_owned);
            compare("outcome", expect.outcome.as_deref().map(plain), outcome.as_ref(), &mut complaints);
            compare("rep", expect.to.clone(), to.as_ref(), &mut complaints);
        }
        Record::Unasked => {}
        Record::Unread(why) => complaints.push(format!("what Baton wrote down could not be read: {why}")),
    }
    for notice in world.carrier.notices().iter().filter(|n| UNREADABLE.contains(&n.code)) {
        if notice.call_sid == play.prospect.sid() || play.rep.is_some_and(|rep| rep.sid() == notice.call_sid)
        {
            complaints.push(format!("the carrier noticed {}: {}", notice.code, notice.text));
        }
    }
    let nothing = ear.longest_nothing();
    Verdict { outcome, to, waited, nothing: nothing.end.saturating_sub(nothing.start), complaints }
}

fn compare(what: &str, wish: Option<String>, is: Option<&String>, complaints: &mut Vec<String>) {
    if let Some(wish) = wish
        && Some(&wish) != is
    {
        let is = is.map_or("none", String::as_str);
        complaints.push(format!("the {what} is {is}, not {wish}"));
    }
}

/// Scripts are written by people, records with dashes.
fn plain(words: &str) -> String {
    words.replace('-', " ")
}

/// For a person.
pub(super) fn text(verdicts: &[Verdict]) -> String {
    let mut text = String::from("\n");
    for (n, verdict) in verdicts.iter().enumerate() {
        let outcome = verdict.outcome.as_deref().unwrap_or("no outcome read");
        let to = verdict.to.as_ref().map(|rep| format!(" to {rep}")).unwrap_or_default();
        let waited = verdict.waited.map(|w| format!(", waited {} ms", w.as_millis())).unwrap_or_default();
        let _ = writeln!(
            text,
            "call {}: {outcome}{to}{waited}, longest moment of nothing {} ms",
            n + 1,
            verdict.nothing.as_millis()
        );
        for complaint in &verdict.complaints {
            let _ = writeln!(text, "  ✗ {complaint}");
        }
    }
    let good = verdicts.iter().filter(|verdict| verdict.complaints.is_empty()).count();
    let _ = writeln!(text, "{good} of {} went as the script expects.", verdicts.len());
    text
}

/// For a script.
pub(super) fn json(verdicts: &[Verdict]) -> String {
    let calls: Vec<Value> = verdicts
        .iter()
        .map(|verdict| {
            json!({
                "outcome": verdict.outcome,
                "to": verdict.to,
                "waited_ms": verdict.waited.map(|waited| waited.as_millis() as u64),
                "nothing_ms": verdict.nothing.as_millis() as u64,
                "complaints": verdict.complaints,
            })
        })
        .collect();
    let good = verdicts.iter().all(|verdict| verdict.complaints.is_empty());
    format!("{:#}\n", json!({ "as_expected": good, "calls": calls }))
}

/// Less than this share of a clip is a syllable that sounds alike.
const MOSTLY: f32 = 0.6;

/// What the carrier says of documents and messages that it cannot read (PROTOCOLS.md §1.7, §3).
const UNREADABLE: [u32; 7] = [11_750, 11_770, 12_100, 12_102, 12_200, 31_950, 31_951];

/// Six seconds for the last entry.
const TRIES: u32 = 20;
