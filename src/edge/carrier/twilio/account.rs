//! One account at the carrier, as the operator set it: who we are to it, and which URLs of ours it is given.

use crate::edge::carrier::twilio::signature::Keys;
use crate::edge::carrier::twilio::transcription::Wanted;
use crate::edge::carrier::twilio::twiml;
use crate::id::{CallId, LegId};

/// One account at the carrier.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account's name; empty where none is set and any is taken.
    pub sid: String,
    /// What its signatures are checked with.
    pub keys: Keys,
    /// Whether they are checked.
    pub validate: bool,
    /// Our number, which reps see ringing them.
    pub number: String,
    /// Our own origin as the carrier knows it, `https://…`, without a slash at the end.
    pub public_url: String,
    /// How the carrier is to connect, wait and try again: the fragment of every webhook URL that it is given.
    pub overrides: String,
    /// What somebody hears whose stream broke, before they are connected again, if they had time to wonder.
    pub reconnect_words: String,
    /// What a prospect hears before their sound is connected, where the law asks for it.
    pub announcement: String,
    /// What our streams are called.
    pub stream_name: String,
    /// How the carrier is to transcribe prospects' calls; none: it is not to.
    pub transcription: Option<Wanted>,
}

impl Account {
    /// Our origin for websockets.
    pub fn ws_origin(&self) -> String {
        match self.public_url.split_once("://") {
            Some(("http", host)) => format!("ws://{host}"),
            Some((_, host)) => format!("wss://{host}"),
            None => self.public_url.clone(),
        }
    }

    /// Where a leg's stream connects. No overrides: they are for webhooks, and websocket clients refuse fragments.
    pub fn media_url(&self, ticket: &str) -> String {
        format!("{}/twilio/media/{ticket}", self.ws_origin())
    }

    /// What the carrier asks when a leg's stream has ended.
    pub fn connect_ended_url(&self, call: CallId, leg: LegId) -> String {
        self.webhook_url("connect-ended", call, leg)
    }

    /// Where the carrier says how a leg is doing.
    pub fn status_url(&self, call: CallId, leg: LegId) -> String {
        self.webhook_url("status", call, leg)
    }

    /// Where the carrier says how a leg's stream is doing.
    pub fn stream_url(&self, call: CallId, leg: LegId) -> String {
        self.webhook_url("stream", call, leg)
    }

    /// Starts the transcription of this call, where one is wanted.
    pub fn start_transcription(&self, call: CallId) -> String {
        let url = || self.webhook_url("transcription", call, LegId::Prospect);
        self.transcription.as_ref().map(|wanted| wanted.verb(&url())).unwrap_or_default()
    }

    fn webhook_url(&self, door: &str, call: CallId, leg: LegId) -> String {
        let url = format!("{}/twilio/{door}?call={call}&leg={leg}", self.public_url);
        twiml::with_overrides(&url, &self.overrides)
    }
}

/// The fallback of a prospect whom nobody of ours can carry.
#[derive(Clone, Debug)]
pub struct Fallback {
    /// The number that is dialled; none: the words are said instead.
    pub number: Option<String>,
    /// What is said where there is no number, or where it does not answer.
    pub words: String,
}

impl Fallback {
    /// What the carrier is told to do.
    pub fn document(&self, account: &Account) -> String {
        match &self.number {
            Some(number) => {
                let action = twiml::with_overrides(
                    &format!("{}/twilio/fallback-ended", account.public_url),
                    &account.overrides,
                );
                let caller_id = (!account.number.is_empty()).then_some(account.number.as_str());
                twiml::dial(number, caller_id, &action)
            }
            None => twiml::say_and_hang_up(&self.words),
        }
    }
}
