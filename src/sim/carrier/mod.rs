//! A carrier like Twilio, as unkind as it is: a second implementation of the wire, written from PROTOCOLS.md alone.
//!
//! ```text
//! place / REST ─▶ ring ─▶ follow (TwiML) ─▶ media ─▶ connection ⇄ Baton
//!                              │ dial, gather            │ stream, playout
//!                              └── line: every 20 ms a frame to the ear and one from the mouth
//! ```

mod account;
mod call;
mod connection;
mod create;
mod dial;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod fallback_tests;
mod follow;
mod gather;
mod line;
mod media;
mod messages;
mod numbers;
mod phone_call;
mod playout;
mod progress;
mod rest;
#[cfg(test)]
mod rest_tests;
mod ring;
mod settings;
mod signature;
mod static_fallback;
mod stream;
mod tally;
#[cfg(test)]
mod tests;
mod told;
mod transcription;
mod twiml;
mod web;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use account::{Notice, RestRequest, Webhook};
pub use call::{CallStatus, Direction};
pub use phone_call::PhoneCall;
pub use settings::{CarrierSettings, LineSettings, Network, Stalls};
pub use signature::sign;
pub use static_fallback::{FallbackDocument, StaticFallback};
pub use tally::StreamTally;
pub use transcription::{TranscriptionFault, TranscriptionSettings};

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Origin, Source};
use crate::sim::carrier::follow::Follower;
use crate::sim::carrier::progress::{Milestone, Progress};
use crate::sim::carrier::twiml::Target;
use crate::sim::clock;
use crate::sim::person::Phone;
use crate::sim::story::{Story, What};

/// A running carrier with one account; it stops when dropped.
#[derive(Debug)]
pub struct Carrier {
    account: Arc<Account>,
    api_url: String,
}

impl Carrier {
    /// Starts a carrier whose REST API listens where its settings say.
    pub async fn start(settings: CarrierSettings) -> std::io::Result<Self> {
        Self::start_telling(settings, Story::default()).await
    }

    /// Starts a carrier that tells what happens as part of this story.
    pub async fn start_telling(settings: CarrierSettings, story: Story) -> std::io::Result<Self> {
        // Somebody may have installed one already; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(settings.rest).await?;
        let api_url = format!("http://{}", listener.local_addr()?);
        let account = Arc::new(Account::open(settings, story));
        let router = rest::router(Arc::clone(&account));
        account.spawn(async move {
            // It ends only when the carrier is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { account, api_url })
    }

    /// Where its REST API is, without a path: what Twilio's `https://api.twilio.com` is.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// What it was started with.
    pub fn settings(&self) -> &CarrierSettings {
        &self.account.settings
    }

    /// Points our number at these URLs.
    pub fn point_number_at(&self, line: LineSettings) {
        self.account.set_line(line);
    }

    /// What our number is set to do.
    pub fn line(&self) -> LineSettings {
        self.account.line()
    }

    /// Makes a phone reachable, for REST and for `<Dial>`.
    pub fn install(&self, phone: Phone) {
        self.account.install(phone);
    }

    /// Lets this person dial our number.
    pub fn place(&self, phone: Phone) -> PhoneCall {
        let line = self.account.line();
        let origin = Origin {
            direction: Direction::Inbound,
            from: phone.number.clone(),
            to: self.account.settings.number.clone(),
            parent: None,
            // An inbound call reports only its end.
            progress: line
                .status_url
                .map(|url| Progress::new(Target { url, get: line.status_get }, vec![Milestone::Completed])),
            fallback: line.fallback_url.map(|url| Target { url, get: line.fallback_get }),
        };
        let number = phone.number.clone();
        self.account.install(phone.clone());
        let (call, orders) = self.account.enter(origin, phone.person);
        self.account.engage(&number);
        call.set_status(CallStatus::Ringing, &self.account.story);
        self.account.story.tell(&call.person.name, What::Dialled);
        let voice = Source::Web(Target { url: line.voice_url, get: line.voice_get }, Vec::new());
        let follower = Follower { account: Arc::clone(&self.account), call: Arc::clone(&call), orders };
        self.account.spawn(follower.follow(voice));
        claimed(call)
    }

    /// Rings this person as an outbound call whose document comes from our number's voice URL.
    pub fn ring(&self, phone: Phone) -> PhoneCall {
        let line = self.account.line();
        let all = vec![Milestone::Initiated, Milestone::Ringing, Milestone::Answered, Milestone::Completed];
        let origin = Origin {
            direction: Direction::OutboundApi,
            from: self.account.settings.number.clone(),
            to: phone.number.clone(),
            parent: None,
            progress: line.status_url.map(|url| Progress::new(Target { url, get: line.status_get }, all)),
            fallback: line.fallback_url.map(|url| Target { url, get: line.fallback_get }),
        };
        self.account.install(phone.clone());
        let voice = Source::Web(Target { url: line.voice_url, get: line.voice_get }, Vec::new());
        claimed(create::start(&self.account, origin, phone.person, voice, RING))
    }

    /// The next call to or from this number that nobody has asked for yet, as soon as there is one.
    pub async fn call_with(&self, number: &str, limit: Duration) -> Option<PhoneCall> {
        let deadline = clock::now() + limit;
        let mut changed = self.account.calls_changed.subscribe();
        loop {
            changed.borrow_and_update();
            let calls = self.account.calls();
            let new = |call: &&Arc<call::Call>| call.person_number() == number && call.take();
            if let Some(call) = calls.iter().find(new) {
                return Some(PhoneCall::new(Arc::clone(call)));
            }
            tokio::time::timeout_at(deadline, changed.changed()).await.ok()?.ok()?;
        }
    }

    /// All calls so far, in the order they began.
    pub fn calls(&self) -> Vec<PhoneCall> {
        self.account.calls().into_iter().map(PhoneCall::new).collect()
    }

    /// What was asked of the REST API so far.
    pub fn requests(&self) -> Vec<RestRequest> {
        self.account.requests()
    }

    /// What the carrier asked web servers so far, each try on its own.
    pub fn webhooks(&self) -> Vec<Webhook> {
        self.account.webhooks()
    }

    /// What its debugger shows so far.
    pub fn notices(&self) -> Vec<Notice> {
        self.account.notices()
    }

    /// What happens, as it happens.
    pub fn story(&self) -> &Story {
        &self.account.story
    }
}

/// A call that its maker holds is not found again by `call_with`.
fn claimed(call: Arc<call::Call>) -> PhoneCall {
    call.take();
    PhoneCall::new(call)
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.account.close();
    }
}

/// PROTOCOLS.md §4.1: the default `Timeout`.
const RING: Duration = Duration::from_mins(1);
