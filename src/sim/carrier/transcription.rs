//! `<Start><Transcription>`: what the person says is told word by word while they speak, and once more when they have spoken.
//!
//! The simulated carrier recognises perfectly, because it knows what its people say: the name of a phrase is its words. What it
//! is told to play it hears as its settings say (PROTOCOLS.md §5.3).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::audio::frame::FRAME_MILLIS;
use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::Call;
use crate::sim::carrier::twiml::Target;
use crate::sim::carrier::web::Question;
use crate::sim::clock;

/// How the carrier transcribes.
#[derive(Clone, Debug)]
pub struct TranscriptionSettings {
    /// How long after a word it is told.
    pub late: Duration,
    /// How sure it says it is.
    pub confidence: f64,
    /// What it hears of what it plays, and how long after it began to listen.
    pub played: Vec<(Duration, String)>,
    /// What goes wrong.
    pub fault: TranscriptionFault,
}

impl Default for TranscriptionSettings {
    fn default() -> Self {
        Self {
            late: Duration::from_millis(300),
            confidence: 0.92,
            played: Vec::new(),
            fault: TranscriptionFault::Nothing,
        }
    }
}

/// What goes wrong with a transcription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TranscriptionFault {
    /// Nothing does.
    #[default]
    Nothing,
    /// Before each callback comes one that says nothing that can be read, and each comes twice.
    Rubbish,
    /// It says that it cannot, and nothing more.
    Fails,
}

/// `<Transcription>` (§3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TranscriptionNoun {
    pub(crate) name: Option<String>,
    pub(crate) callback: Option<Target>,
    pub(crate) partial: bool,
    pub(crate) language: String,
}

/// Starts a transcription beside the call; another of the same name is refused.
pub(crate) fn start(account: &Arc<Account>, call: &Arc<Call>, noun: TranscriptionNoun) {
    let Some(target) = noun.callback.clone() else { return };
    if !call.transcribes_as(noun.name.as_deref().unwrap_or_default()) {
        account.notice(&call.sid, 32_650, "a transcription of this name runs already");
        return;
    }
    let transcription = Transcription {
        sid: account.sid("GT"),
        account: Arc::clone(account),
        call: Arc::clone(call),
        target,
        noun,
        sequence: 0,
    };
    account.spawn(transcription.run());
}

struct Transcription {
    sid: String,
    account: Arc<Account>,
    call: Arc<Call>,
    target: Target,
    noun: TranscriptionNoun,
    sequence: u64,
}

/// Something to be told, once it is time.
struct Due {
    at: Instant,
    track: &'static str,
    words: String,
    is_final: bool,
}

impl Transcription {
    async fn run(mut self) {
        let settings = self.account.settings.transcription.clone();
        self.tell("transcription-started", self.began()).await;
        if settings.fault == TranscriptionFault::Fails {
            let why =
                [("TranscriptionErrorCode", "32655"), ("TranscriptionError", "the engine is not there")];
            self.tell("transcription-error", owned(&why)).await;
            return;
        }
        let began = clock::now();
        let mut due: VecDeque<Due> = VecDeque::new();
        for (after, words) in &settings.played {
            let (at, words) = (began + *after + settings.late, words.clone());
            due.push_back(Due { at, track: "outbound_track", words, is_final: true });
        }
        let mut heard = self.call.line.said().len();
        while !self.call.status().is_over() {
            for (_, phrase) in self.call.line.said().into_iter().skip(heard) {
                heard += 1;
                let lasts = Duration::from_millis(phrase.clip.frames() as u64 * FRAME_MILLIS);
                let words: Vec<&str> = phrase.name.split_whitespace().collect();
                let said = |of: usize| words[..of].join(" ");
                let at = clock::now() + settings.late;
                let track = "inbound_track";
                for part in 1..3_u32 {
                    let some = said(words.len() * part as usize / 3);
                    if self.noun.partial && !some.is_empty() {
                        due.push_back(Due { at: at + lasts * part / 3, track, words: some, is_final: false });
                    }
                }
                due.push_back(Due { at: at + lasts, track, words: said(words.len()), is_final: true });
            }
            due.make_contiguous().sort_by_key(|due| due.at);
            while due.front().is_some_and(|due| due.at <= clock::now()) {
                if let Some(due) = due.pop_front() {
                    self.heard(&due, &settings).await;
                }
            }
            sleep(LOOK).await;
        }
        self.tell("transcription-stopped", Vec::new()).await;
    }

    fn began(&self) -> Vec<(String, String)> {
        owned(&[
            ("ProviderConfiguration", r#"{"profanityFilter":"true"}"#),
            ("TranscriptionEngine", "google"),
            ("Name", self.noun.name.as_deref().unwrap_or_default()),
            ("Track", "both_tracks"),
            ("PartialResults", if self.noun.partial { "true" } else { "false" }),
        ])
    }

    async fn heard(&mut self, due: &Due, settings: &TranscriptionSettings) {
        // No confidence while the words may change.
        let data = if due.is_final {
            json!({"transcript": due.words, "confidence": settings.confidence})
        } else {
            json!({"transcript": due.words})
        };
        let content = |data: &str| {
            let mut form = owned(&[
                ("Track", due.track),
                ("TranscriptionData", data),
                ("Final", if due.is_final { "true" } else { "false" }),
            ]);
            form.extend((!due.is_final).then(|| ("Stability".to_owned(), "0.9".to_owned())));
            form
        };
        if settings.fault == TranscriptionFault::Rubbish {
            for rubbish in ["{\"transcript\":", "[]", "", "{\"transcript\":null}"] {
                self.tell("transcription-content", content(rubbish)).await;
            }
            let again = self.sequence;
            self.tell("transcription-content", content(&data.to_string())).await;
            self.sequence = again;
        }
        self.tell("transcription-content", content(&data.to_string())).await;
    }

    /// Callbacks of one transcription come one after the other: within a track their order is kept.
    async fn tell(&mut self, event: &str, content: Vec<(String, String)>) {
        self.sequence += 1;
        let timestamp = clock::wall().to_string();
        let mut form = owned(&[
            ("AccountSid", &self.account.settings.account_sid),
            ("CallSid", &self.call.sid),
            ("TranscriptionSid", &self.sid),
            ("Timestamp", &timestamp),
            ("SequenceId", &self.sequence.to_string()),
            ("TranscriptionEvent", event),
            ("LanguageCode", &self.noun.language),
        ]);
        form.extend(content);
        let idempotency_token = self.account.sid("IT");
        let question =
            Question { url: self.target.url.clone(), get: self.target.get, form, idempotency_token };
        // A failed one is on the debugger already.
        let _ = self.account.ask(&self.call.sid, &question).await;
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Two frames: nobody hears words sooner.
const LOOK: Duration = Duration::from_millis(40);
