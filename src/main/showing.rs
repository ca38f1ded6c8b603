//! `baton calls` and `baton show`: what the store has of calls, for an operator and for a script.

use std::fmt::Write as _;
use std::process::ExitCode;

use baton::call::{Entry, Event, story};
use baton::id::CallId;
use baton::ports::{Calls as _, StoredCall, StoredEntry, StoredHandoff};
use baton::time::CallTime;

use crate::arguments::Settings;
use crate::{no_such_call, print, store};

/// Lists the latest calls.
pub(crate) async fn list_calls(settings: &Settings, limit: u32, json: bool) -> anyhow::Result<ExitCode> {
    let calls = store(settings).await?.latest(limit).await?;
    if json {
        print(&format!("{:#}\n", serde_json::to_value(&calls)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    if calls.is_empty() {
        print("no calls yet\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = row("CALL", "BEGAN", "DIRECTION", "END", "HANDOFFS");
    for call in &calls {
        let handoffs: Vec<String> = call.handoffs.iter().map(in_short).collect();
        let handoffs = if handoffs.is_empty() { "-".to_owned() } else { handoffs.join(", ") };
        text += &row(&call.call.to_string(), &began(call), call.direction.as_str(), end(call), &handoffs);
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows one call: how it ended, and entry by entry what happened and what was done.
pub(crate) async fn show_call(settings: &Settings, id: CallId, json: bool) -> anyhow::Result<ExitCode> {
    let store = store(settings).await?;
    let Some(call) = store.call(id).await? else {
        eprintln!("{}", no_such_call(id));
        return Ok(ExitCode::FAILURE);
    };
    let entries = store.timeline(id).await?;
    if json {
        let timeline: Vec<serde_json::Value> =
            entries.iter().filter_map(|e| serde_json::from_str(&e.json).ok()).collect();
        print(&format!("{:#}\n", serde_json::json!({ "call": call, "timeline": timeline })))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&in_full(&call, &entries))?;
    Ok(ExitCode::SUCCESS)
}

fn in_full(call: &StoredCall, entries: &[StoredEntry]) -> String {
    let mut text = format!("{}\n{}, began {}, {}\n", call.call, call.direction, began(call), end(call));
    let last = entries.last().map(|entry| entry.at).unwrap_or_default();
    for handoff in &call.handoffs {
        let rep = handoff.rep.as_ref().map(|rep| format!(", {rep}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "handoff {}: {}{rep} (from {} to {})",
            handoff.number,
            in_short(handoff),
            clock(handoff.began_us),
            clock(handoff.ended_us)
        );
    }
    let _ = writeln!(text, "{} entries in {}\n", entries.len(), clock(last));
    for entry in entries {
        match serde_json::from_str::<Entry>(&entry.json) {
            Ok(read) => write_entry(&mut text, &read),
            Err(_of_another_version) => {
                let _ = writeln!(
                    text,
                    "{}  (this version cannot read what happened; --json shows it)",
                    clock(entry.at)
                );
            }
        }
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry) {
    // That sound flows, and that a limit may have passed, is of use only where something came of it.
    let dull = matches!(entry.event, Event::Flowed { .. } | Event::Ticked);
    if dull && entry.effects.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}  {}", clock(entry.at), story::happened(&entry.event));
    let tells = story::tells(&entry.event);
    if !tells.is_empty() {
        let _ = writeln!(text, "{INDENT}· {tells}");
    }
    for effect in &entry.effects {
        for (n, line) in story::done(effect).iter().enumerate() {
            let _ = writeln!(text, "{INDENT}{} {line}", if n == 0 { "→" } else { " " });
        }
    }
}

fn row(call: &str, began: &str, direction: &str, end: &str, handoffs: &str) -> String {
    format!("{call:<WIDE$}  {began:<20}  {direction:<9}  {end:<22}  {handoffs}\n")
}

fn began(call: &StoredCall) -> String {
    jiff::Timestamp::from_millisecond(call.began_ms.0).map(|t| format!("{t:.0}")).unwrap_or_default()
}

fn end(call: &StoredCall) -> &str {
    call.end.as_deref().unwrap_or("running, or cut short")
}

fn in_short(handoff: &StoredHandoff) -> String {
    match handoff.reason.as_str() {
        "" => handoff.outcome.clone(),
        reason => format!("{} ({reason})", handoff.outcome),
    }
}

/// Minutes and thousandths of seconds.
fn clock(at: CallTime) -> String {
    let millis = at.as_micros() / 1_000;
    format!("{:02}:{:02}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
}

/// As long as a call's name.
const WIDE: usize = 37;

/// Under what happened, beside the times.
const INDENT: &str = "           ";
