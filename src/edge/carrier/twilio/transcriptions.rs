//! The transcriptions that the carrier makes of the running calls: each callback goes to its call as a piece of words.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::conversation::Speaker;
use crate::edge::carrier::twilio::transcription::{Heard, Told, Track, Transcribing};
use crate::handoff::Sounds;
use crate::id::CallId;
use crate::live::live_call::LiveCall;
use crate::live::switchboard::Switchboard;

/// The transcriptions of the running calls.
#[derive(Debug, Default)]
pub struct Transcriptions(Mutex<HashMap<CallId, Transcribing>>);

impl Transcriptions {
    /// The carrier told this of one of these calls; `field` finds what its form calls so.
    pub async fn told<'a>(
        &self,
        switchboard: &Switchboard,
        live: &LiveCall,
        field: impl Fn(&str) -> Option<&'a str>,
    ) {
        let event = match Told::read(field) {
            Ok(Told::Heard(heard)) => {
                self.heard(switchboard, live, heard).await;
                "content"
            }
            Ok(Told::Started) => "started",
            Ok(Told::Stopped) => "stopped",
            Ok(Told::Failed(code, error)) => {
                tracing::warn!(call.id = %live.id, transcription.code = code, transcription.error = error, "the carrier's transcription does not work");
                "error"
            }
            Err(why) => {
                tracing::debug!(call.id = %live.id, %why, "a callback of the carrier's transcription says nothing");
                "unreadable"
            }
        };
        metrics::counter!("baton_carrier_transcription_total", "event" => event).increment(1);
    }

    async fn heard(&self, switchboard: &Switchboard, live: &LiveCall, heard: Heard) {
        let Some(by) = speaker(live, heard.track) else {
            metrics::counter!("baton_words_ignored_total", "why" => "not a party's").increment(1);
            return;
        };
        let at = heard.at.map_or_else(|| live.clock.now(), |at| live.clock.at_wall(at));
        let piece = {
            let mut calls = self.calls();
            if calls.len() > KEPT {
                calls.retain(|call, _| switchboard.call(*call).is_some());
            }
            calls.entry(live.id).or_default().piece(&heard, by, at)
        };
        if let Some(piece) = piece {
            // False only where the call is over: then nobody wants to know.
            live.teller.words(piece).await;
        }
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, Transcribing>> {
        // What is behind it is whole after every statement, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who speaks on this side now; nobody where Baton itself is heard there.
fn speaker(live: &LiveCall, track: Track) -> Option<Speaker> {
    match track {
        Track::Inbound => Some(Speaker::Prospect),
        Track::Outbound => {
            let hears = live.patchbay.now().hearing.prospect;
            if hears.has(Sounds::REP) {
                Some(Speaker::Rep)
            } else {
                hears.has(Sounds::ASSISTANT).then_some(Speaker::Assistant)
            }
        }
    }
}

/// Beyond this many, those of calls long over are forgotten.
const KEPT: usize = 1_024;
