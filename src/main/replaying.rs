//! `baton replay`: which calls by which settings, from the store or from files.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use baton::config::{self, Loaded};
use baton::conversation::Direction;
use baton::id::CallId;
use baton::ports::Calls as _;
use baton::replay;
use baton::replay::recorded::Recorded;
use baton::replay::run::{Judgement, Signals};

use crate::arguments::{ReplayArguments, Settings};
use crate::{misconfigured, no_such_call, store};

/// Runs one call, or a folder of them.
pub(crate) fn replay_calls(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let plan = replay::Plan {
        signals: if arguments.as_stored { Signals::AsStored } else { Signals::Anew },
        json: arguments.json,
        html: arguments.html.clone(),
    };
    let call = &arguments.call;
    // What is in the files of the settings, and on top what is named here.
    let judgement = |loaded: Loaded| -> anyhow::Result<Judgement> {
        let words = &loaded.config.words;
        let mut lexicon = words.lexicon()?;
        for file in &arguments.phrases {
            let named = || format!("the phrases of {}", file.display());
            let more = std::fs::read_to_string(file).with_context(named)?;
            lexicon = Arc::new(lexicon.and(&more).with_context(named)?);
        }
        let language = words.language.clone();
        Ok(Judgement { lexicon, policy: Arc::new(loaded.config.escalation), language })
    };
    if let [old, new] = arguments.compare.as_slice() {
        anyhow::ensure!(
            call.is_dir(),
            "--compare goes over the calls of a folder, and {} is none",
            call.display()
        );
        // What the environment sets would be the same for both, and hide what the files say.
        let load = |file| config::load(Some(file), std::iter::empty(), &[]);
        return match (load(old), load(new)) {
            (Ok(old), Ok(new)) => {
                let (old, new) = (judgement(old)?, judgement(new)?);
                print_all(|out| replay::show_comparison(call, &old, &new, &plan, out))
            }
            (Err(error), _) | (_, Err(error)) => Ok(misconfigured(&error)),
        };
    }
    let by = match arguments.settings.load() {
        Ok(loaded) => judgement(loaded)?,
        Err(error) => return Ok(misconfigured(&error)),
    };
    if call.is_dir() {
        anyhow::ensure!(plan.html.is_none(), "a page shows one call, and {} is a folder", call.display());
        return print_all(|out| replay::show_folder(call, &by, &plan, out));
    }
    let recorded = match call.to_str().and_then(|id| id.parse::<CallId>().ok()).filter(|_| !call.exists()) {
        Some(id) => stored(&arguments.settings, id)?,
        None => replay::source::open(call, arguments.words.as_deref())?,
    };
    print_all(|out| replay::show(&recorded, &by, &plan, out))
}

fn print_all(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    replay::printed(write).map(|()| ExitCode::SUCCESS)
}

/// A call of the store, as it is replayed.
fn stored(settings: &Settings, id: CallId) -> anyhow::Result<Recorded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = store(settings).await?;
        let call = store.call(id).await?.with_context(|| no_such_call(id))?;
        let entries = store.timeline(id).await?;
        let entries: Vec<serde_json::Value> =
            entries.iter().filter_map(|entry| serde_json::from_str(&entry.json).ok()).collect();
        let mut recorded = replay::stored::read(&entries.iter().collect::<Vec<_>>())?;
        recorded.name = id.to_string();
        if call.direction == "outbound" {
            recorded.context.direction = Direction::Outbound;
        }
        Ok(recorded)
    })
}
