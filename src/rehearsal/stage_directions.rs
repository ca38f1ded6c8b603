//! What a Baton must be set to so that it takes part in a rehearsal: as lines for a shell and as a file.

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::sim::script::Cast;
use crate::sim::world::World;

use super::{Rehearsal, Show};

/// Says which settings Baton needs, and writes them to the file where one is named.
pub(super) fn give(rehearsal: &Rehearsal, world: &World, cast: &Cast, show: &Show) -> anyhow::Result<()> {
    let mut settings = vec![
        ("carrier.twilio", "account_sid", text(&rehearsal.account_sid)),
        ("carrier.twilio", "auth_token", text(&rehearsal.auth_token)),
        ("carrier.twilio", "number", text(&rehearsal.number)),
        ("carrier.twilio", "api_url", text(world.carrier.api_url())),
    ];
    if rehearsal.assistant.is_some() {
        settings.push(("assistant", "stream_url", text(world.assistant.url())));
    }
    let mut server = Vec::new();
    if !rehearsal.operator_key.is_empty() {
        server.push(("server", "operator_keys", format!("[{}]", text(&rehearsal.operator_key))));
    }
    if let Some(listen) = listens(rehearsal) {
        server.push(("server", "listen", text(&listen)));
    }
    server.push(("server", "public_url", text(rehearsal.url.as_str().trim_end_matches('/'))));
    settings.splice(0..0, server);

    let mut lines = String::from("# the settings that Baton needs, for its environment:\n");
    for (table, key, value) in &settings {
        let name = format!("{table}.{key}").replace('.', "__").to_uppercase();
        let value = if value.starts_with('[') { format!("'{value}'") } else { value.clone() };
        let _ = writeln!(lines, "export BATON_{name}={value}");
    }
    let mut reps = String::new();
    for phone in &cast.reps {
        let _ =
            write!(reps, "[[reps]]\nname = {}\nphone = {}\n", text(&phone.person.name), text(&phone.number));
    }
    if !reps.is_empty() {
        let _ = write!(lines, "# and for its file of settings, which alone names reps:\n{reps}");
    }
    lines.push('\n');
    show.line(&lines);
    let Some(file) = &rehearsal.settings else { return Ok(()) };
    let mut toml = String::new();
    let mut begun = "";
    for (table, key, value) in &settings {
        if *table != begun {
            let _ = writeln!(toml, "[{table}]");
            begun = table;
        }
        let _ = writeln!(toml, "{key} = {value}");
    }
    toml.push_str(&reps);
    std::fs::write(file, toml).with_context(|| format!("could not write {}", file.display()))?;
    show.line(&format!("in another terminal: baton serve --config {}\n", file.display()));
    Ok(())
}

/// The address that Baton listens on, where it runs on this machine.
fn listens(rehearsal: &Rehearsal) -> Option<String> {
    let address = rehearsal.url.socket_addrs(|| None).ok()?.into_iter().find(|at| at.ip().is_loopback())?;
    Some(address.to_string())
}

/// A text as TOML, and as a shell takes it: our values hold no quotes.
fn text(value: &str) -> String {
    format!("{value:?}")
}
