//! What the simulated carrier is like today: its account, its network, and how unkind it is.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::sim::carrier::transcription::TranscriptionSettings;

/// An account at the simulated carrier.
#[derive(Clone, Debug)]
pub struct CarrierSettings {
    /// `AC…`, also the user name of the REST API.
    pub account_sid: String,
    /// The password of the REST API and the key of every signature.
    pub auth_token: String,
    /// The number that prospects dial, and that outbound calls come from.
    pub number: String,
    /// Where its REST API listens; port 0 is any free one.
    pub rest: SocketAddr,
    /// What happens when that number is dialled.
    pub line: LineSettings,
    /// The way between the carrier and Baton.
    pub network: Network,
    /// How many calls the REST API starts in a second; more wait (PROTOCOLS.md §4.5).
    pub calls_per_second: f64,
    /// How late a status callback leaves.
    pub callback_delay: Range<Duration>,
    /// Whether each callback is late on its own account, so that they overtake each other (§5.1).
    pub callbacks_shuffled: bool,
    /// The share of callbacks that come twice.
    pub callbacks_doubled: f64,
    /// Whether `action` of `<Connect>` is asked when the person hung up.
    pub action_after_hang_up: bool,
    /// How long the carrier waits before it tries a webhook again. §4.5 and the carrier's own page name no pause: none is
    /// the unkind reading, for then a server that restarts is never reached by the retries alone.
    pub retry_pause: Duration,
    /// How it transcribes, where it is asked to.
    pub transcription: TranscriptionSettings,
    /// What all chance follows.
    pub seed: u64,
}

impl Default for CarrierSettings {
    fn default() -> Self {
        Self {
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "0123456789abcdef0123456789abcdef".to_owned(),
            number: "+14155550100".to_owned(),
            rest: ([127, 0, 0, 1], 0).into(),
            line: LineSettings::default(),
            network: Network::default(),
            calls_per_second: 1.0,
            callback_delay: Duration::from_millis(20)..Duration::from_millis(120),
            callbacks_shuffled: false,
            callbacks_doubled: 0.0,
            action_after_hang_up: true,
            retry_pause: Duration::ZERO,
            transcription: TranscriptionSettings::default(),
            seed: 1,
        }
    }
}

/// What is configured for our number.
#[derive(Clone, Debug, Default)]
pub struct LineSettings {
    /// Asked what to do with a call.
    pub voice_url: String,
    /// Whether that is asked by GET.
    pub voice_get: bool,
    /// Asked when the voice URL, or anything later in the call, fails.
    pub fallback_url: Option<String>,
    /// Whether that is asked by GET.
    pub fallback_get: bool,
    /// Told when a call is over.
    pub status_url: Option<String>,
    /// Whether that is told by GET.
    pub status_get: bool,
}

/// The way between the carrier and Baton.
#[derive(Clone, Debug)]
pub struct Network {
    /// How long a message travels one way.
    pub delay: Duration,
    /// By how much more it may take; order is kept, as TCP keeps it.
    pub jitter: Duration,
    /// The share of the person's frames that the phone network loses: gaps in the media timestamps.
    pub loss: f64,
    /// Stops of the whole connection, followed by a burst.
    pub stalls: Option<Stalls>,
}

/// How often and how long a connection stands still.
#[derive(Clone, Debug)]
pub struct Stalls {
    /// The mean time between two.
    pub every: Duration,
    /// How long one lasts.
    pub lasting: Range<Duration>,
}

impl Default for Network {
    fn default() -> Self {
        Self { delay: Duration::from_millis(60), jitter: Duration::from_millis(15), loss: 0.0, stalls: None }
    }
}

impl Network {
    /// A network on which nothing takes time and nothing gets lost.
    pub fn perfect() -> Self {
        Self { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, stalls: None }
    }
}
