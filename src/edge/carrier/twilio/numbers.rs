//! Our number at the carrier: what it does with a call, and how that is changed.

use serde::Deserialize;

use crate::edge::carrier::twilio::account::Account;
use crate::edge::carrier::twilio::rest::{RestError, TwilioRest};
use crate::edge::carrier::twilio::twiml::{self, Method};
use crate::ports::Fault;

/// A number as the carrier has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// The carrier's name for it, `PN…`.
    pub sid: String,
    /// What it does with a call, in the order of [`NumberSettings`].
    pub settings: Vec<(&'static str, String)>,
    /// What leads its calls instead of its own settings, if anything does.
    pub led_by: Option<LedBy>,
}

/// What at the carrier can stand over a number's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedBy {
    /// An application, `AP…`.
    Application(String),
    /// A SIP trunk, `TK…`.
    Trunk(String),
}

/// What a number is to do with a call, as the REST API names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberSettings(pub Vec<(&'static str, String)>);

impl NumberSettings {
    /// What our number is to do: ask us, and where we cannot be had the document that outlives us, if there is one.
    pub fn wanted(account: &Account, fallback_url: Option<&str>) -> Self {
        let post = || Method::Post.as_str().to_owned();
        let ours =
            |path: &str| twiml::with_overrides(&format!("{}{path}", account.public_url), &account.overrides);
        let mut settings = vec![(VOICE_URL, ours("/twilio/voice")), (VOICE_METHOD, post())];
        if let Some(url) = fallback_url {
            settings.push((VOICE_FALLBACK_URL, url.to_owned()));
            settings.push((VOICE_FALLBACK_METHOD, FALLBACK_METHOD.as_str().to_owned()));
        }
        settings.push((STATUS_CALLBACK, ours("/twilio/status")));
        settings.push((STATUS_CALLBACK_METHOD, post()));
        Self(settings)
    }
}

impl TwilioRest {
    /// Our number as the carrier has it; none: it is not this account's.
    pub async fn our_number(&self) -> Result<Option<Number>, Fault> {
        // The filter takes parts of numbers as well, so that others may come with ours.
        let query = [("PhoneNumber", self.account.number.as_str())];
        let answer = self.get("IncomingPhoneNumbers.json", &query).await?;
        let list: List = answer.json().await.map_err(|_| Fault::permanent(RestError::NoNumber))?;
        let ours = list.incoming_phone_numbers.into_iter().find(|n| n.phone_number == self.account.number);
        Ok(ours.map(Resource::into_number))
    }

    /// Changes what this number does, and says what it does from now on.
    pub async fn set_number(&self, number: &Number, settings: &NumberSettings) -> Result<Number, Fault> {
        let form: Vec<_> = settings.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.post(&format!("IncomingPhoneNumbers/{}.json", number.sid), &form).await?;
        let resource: Resource = answer.json().await.map_err(|_| Fault::permanent(RestError::NoNumber))?;
        Ok(resource.into_number())
    }
}

#[derive(Deserialize)]
struct List {
    incoming_phone_numbers: Vec<Resource>,
}

/// Unset is an empty text or null, as the carrier likes.
#[derive(Deserialize)]
struct Resource {
    sid: String,
    phone_number: String,
    voice_url: Option<String>,
    voice_method: Option<String>,
    voice_fallback_url: Option<String>,
    voice_fallback_method: Option<String>,
    status_callback: Option<String>,
    status_callback_method: Option<String>,
    voice_application_sid: Option<String>,
    trunk_sid: Option<String>,
}

impl Resource {
    fn into_number(self) -> Number {
        let led_by = [
            self.trunk_sid.filter(|sid| !sid.is_empty()).map(LedBy::Trunk),
            self.voice_application_sid.filter(|sid| !sid.is_empty()).map(LedBy::Application),
        ];
        let settings = [
            (VOICE_URL, self.voice_url),
            (VOICE_METHOD, self.voice_method),
            (VOICE_FALLBACK_URL, self.voice_fallback_url),
            (VOICE_FALLBACK_METHOD, self.voice_fallback_method),
            (STATUS_CALLBACK, self.status_callback),
            (STATUS_CALLBACK_METHOD, self.status_callback_method),
        ];
        Number {
            sid: self.sid,
            settings: settings.map(|(name, value)| (name, value.unwrap_or_default())).into(),
            led_by: led_by.into_iter().flatten().next(),
        }
    }
}

impl std::fmt::Display for LedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Application(sid) => write!(f, "the application {sid}"),
            Self::Trunk(sid) => write!(f, "the SIP trunk {sid}"),
        }
    }
}

/// How the document that outlives us is asked for: a file on a plain web server refuses a POST, and nobody refuses a GET.
pub const FALLBACK_METHOD: Method = Method::Get;

// https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
const VOICE_URL: &str = "VoiceUrl";
const VOICE_METHOD: &str = "VoiceMethod";
const VOICE_FALLBACK_URL: &str = "VoiceFallbackUrl";
const VOICE_FALLBACK_METHOD: &str = "VoiceFallbackMethod";
const STATUS_CALLBACK: &str = "StatusCallback";
const STATUS_CALLBACK_METHOD: &str = "StatusCallbackMethod";
