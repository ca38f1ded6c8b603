//! The whole world in one value: a carrier and an assistant, telling one story.

use std::net::SocketAddr;
use std::time::Duration;

use crate::sim::assistant::{Assistant, AssistantScript};
use crate::sim::carrier::{Carrier, CarrierSettings, LineSettings, PhoneCall, StaticFallback};
use crate::sim::person::{Person, Phone};
use crate::sim::script::Cast;
use crate::sim::story::Story;

/// What the world is like.
#[derive(Clone, Debug, Default)]
pub struct WorldSettings {
    /// The carrier and its network.
    pub carrier: CarrierSettings,
    /// What the assistant says and does.
    pub assistant: AssistantScript,
}

/// Everything around Baton; it ends when dropped.
#[derive(Debug)]
pub struct World {
    /// The telephone side.
    pub carrier: Carrier,
    /// The assistant's side.
    pub assistant: Assistant,
    story: Story,
}

impl World {
    /// Starts a carrier and an assistant on free ports; Baton is then started against their URLs.
    pub async fn start(settings: WorldSettings) -> std::io::Result<Self> {
        Self::start_at(settings, ([127, 0, 0, 1], 0).into()).await
    }

    /// Starts them with the assistant's websocket at this address.
    pub async fn start_at(settings: WorldSettings, assistant: SocketAddr) -> std::io::Result<Self> {
        let story = Story::default();
        let carrier = Carrier::start_telling(settings.carrier, story.clone()).await?;
        let assistant = Assistant::start_at(assistant, settings.assistant, story.clone()).await?;
        Ok(Self { carrier, assistant, story })
    }

    /// Points our number at a Baton that listens at this base URL (`http://127.0.0.1:8080`).
    pub fn point_at(&self, baton: &str) {
        self.carrier.point_number_at(line_to(baton));
    }

    /// The same, with a document that outlives that Baton as the number's fallback.
    pub fn point_at_with(&self, baton: &str, fallback: &StaticFallback) {
        let fallback_url = Some(fallback.url().to_owned());
        self.carrier.point_number_at(LineSettings { fallback_url, ..line_to(baton) });
    }

    /// Puts a rep's phone where the carrier can ring it.
    pub fn rep(&self, number: &str, person: Person) {
        self.carrier.install(Phone { number: number.to_owned(), person });
    }

    /// Lets a prospect dial our number.
    pub fn prospect_calls(&self, number: &str, person: Person) -> PhoneCall {
        self.carrier.place(Phone { number: number.to_owned(), person })
    }

    /// Gives everybody of a script their phone and lets the prospect dial.
    pub fn play(&self, cast: Cast) -> PhoneCall {
        self.assistant.now_follow(cast.assistant);
        for rep in cast.reps {
            self.carrier.install(rep);
        }
        self.prospect_calls(PROSPECT, cast.prospect)
    }

    /// The call that reaches this rep, as soon as there is one.
    pub async fn call_to_rep(&self, number: &str, limit: Duration) -> Option<PhoneCall> {
        self.carrier.call_with(number, limit).await
    }

    /// What happens, as it happens.
    pub fn story(&self) -> &Story {
        &self.story
    }
}

fn line_to(baton: &str) -> LineSettings {
    let baton = baton.trim_end_matches('/');
    LineSettings {
        voice_url: format!("{baton}/twilio/voice"),
        status_url: Some(format!("{baton}/twilio/status")),
        ..LineSettings::default()
    }
}

/// The number of a script's prospect; 555-01xx is kept free for stories.
const PROSPECT: &str = "+14155550123";
