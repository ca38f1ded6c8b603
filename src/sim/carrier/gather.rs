//! `<Gather>`: prompts, and keys until there are enough of them or nobody presses any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::sim::carrier::call::Source;
use crate::sim::carrier::follow::{Follower, Next};
use crate::sim::carrier::twiml::{Target, Verb};
use crate::sim::sound::{Pitch, spoken};

/// Plays the prompts, collects keys, asks `action` with them; without a key goes on with the next verb.
pub(crate) async fn gather(
    follower: &mut Follower,
    prompts: Vec<Verb>,
    patience: Duration,
    wanted: usize,
    action: Option<Target>,
) -> Next {
    let call = Arc::clone(&follower.call);
    let (pressed, mut keys) = mpsc::channel(KEYS);
    call.line.collect_keys(Some(pressed));
    for prompt in prompts {
        if let Verb::Say { words, times } = prompt {
            let next = follower.prompt(&words, &spoken(&words, Pitch::CARRIER), times).await;
            if next != Next::Verb {
                call.line.collect_keys(None);
                return next;
            }
        }
    }
    let mut digits = String::new();
    while digits.len() < wanted {
        match follower.meanwhile(timeout(patience, keys.recv())).await {
            Ok(Ok(Some('#') | None) | Err(_)) => break,
            Ok(Ok(Some(key))) => digits.push(key),
            Err(next) => {
                call.line.collect_keys(None);
                return next;
            }
        }
    }
    call.line.collect_keys(None);
    match action {
        Some(action) if !digits.is_empty() => {
            Next::Document(Source::Web(action, vec![("Digits".to_owned(), digits)]))
        }
        _ => Next::Verb,
    }
}

/// Nobody presses more in one go.
const KEYS: usize = 32;
