//! `POST Calls.json`: what the carrier accepts, and what then happens to a call that was ordered (PROTOCOLS.md §4.1).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Call, CallStatus, Direction, Order, Origin, Source};
use crate::sim::carrier::follow::Follower;
use crate::sim::carrier::progress::{Milestone, Progress};
use crate::sim::carrier::rest::Refusal;
use crate::sim::carrier::ring;
use crate::sim::carrier::twiml::Target;
use crate::sim::person::Person;

/// Checks the order and starts the call; it may have to wait for its turn.
pub(crate) fn create(account: &Arc<Account>, form: &[(String, String)]) -> Result<Arc<Call>, Refusal> {
    check_names(form, CREATE_FIELDS)?;
    let to = field(form, "To").ok_or_else(|| Refusal::bad(21_201, "No 'To' number is specified"))?;
    let from = field(form, "From").ok_or_else(|| Refusal::bad(21_213, "'From' is required"))?;
    check_numbers(account, to, from)?;
    let source = source(account, form)?;
    let patience = match field(form, "Timeout").map(str::parse::<u64>) {
        None => DEFAULT_TIMEOUT,
        Some(Ok(seconds @ 1..=600)) => Duration::from_secs(seconds),
        Some(_) => return Err(Refusal::bad(21_208, "Timeout is out of range")),
    };
    let target = |url: &str, method: &str| Target {
        url: field(form, url).unwrap_or_default().to_owned(),
        get: field(form, method) == Some("GET"),
    };
    let origin = Origin {
        direction: Direction::OutboundApi,
        from: from.to_owned(),
        to: to.to_owned(),
        parent: None,
        progress: progress(form, target("StatusCallback", "StatusCallbackMethod"))?,
        fallback: field(form, "FallbackUrl").map(|_| target("FallbackUrl", "FallbackMethod")),
    };
    let person = account.person_at(to).unwrap_or_else(|| Person::new("nobody"));
    Ok(start(account, origin, person, source, patience))
}

/// Starts an outbound call as soon as the calls-per-second limit lets it.
pub(crate) fn start(
    account: &Arc<Account>,
    origin: Origin,
    person: Person,
    source: Source,
    patience: Duration,
) -> Arc<Call> {
    let (call, mut orders) = account.enter(origin, person);
    let (account, outgoing) = (Arc::clone(account), Arc::clone(&call));
    account.clone().spawn(async move {
        // §4.5: the excess is queued, one call a second by default.
        let turn = account.next_dial();
        tokio::select! {
            biased;
            _ = orders.recv() => return ring::over(&account, &outgoing, CallStatus::Canceled),
            () = sleep_until(turn) => {}
        }
        dial_and_follow(account, outgoing, orders, source, patience).await;
    });
    call
}

async fn dial_and_follow(
    account: Arc<Account>,
    call: Arc<Call>,
    mut orders: mpsc::Receiver<Order>,
    source: Source,
    patience: Duration,
) {
    if ring::ring(&account, &call, &mut orders, patience).await {
        Follower { account, call, orders }.follow(source).await;
    }
}

/// The value of this field, if it was given.
pub(crate) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// Refuses fields that the API does not know (20001).
pub(crate) fn check_names(form: &[(String, String)], known: &str) -> Result<(), Refusal> {
    match form.iter().find(|(name, _)| !known.split_whitespace().any(|field| field == name)) {
        Some((name, _)) => Err(Refusal::bad(20_001, &format!("Unknown parameter {name}"))),
        None => Ok(()),
    }
}

/// §4.1: at most 4000 characters (32018).
pub(crate) fn check_twiml(twiml: &str) -> Result<(), Refusal> {
    if twiml.chars().count() > 4_000 {
        return Err(Refusal::bad(32_018, "Twiml is too large"));
    }
    Ok(())
}

fn source(account: &Account, form: &[(String, String)]) -> Result<Source, Refusal> {
    match (field(form, "Url"), field(form, "Twiml")) {
        (Some(url), twiml) => {
            if twiml.is_some() {
                account.notice("", 32_019, "Twiml is ignored because Url is given");
            }
            if url::Url::parse(url).is_err() {
                return Err(Refusal::bad(21_205, "Url is not a valid URL"));
            }
            let get = field(form, "Method") == Some("GET");
            Ok(Source::Web(Target { url: url.to_owned(), get }, Vec::new()))
        }
        (None, Some(twiml)) => check_twiml(twiml).map(|()| Source::Inline(twiml.to_owned())),
        (None, None) => Err(Refusal::bad(21_205, "Url or Twiml is required")),
    }
}

/// §4.7: the magic numbers; and a `From` must be the account's own.
fn check_numbers(account: &Account, to: &str, from: &str) -> Result<(), Refusal> {
    let number = |text: &str| {
        text.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let (code, message) = match (to, from) {
        (_, "+15005550001") => (21_212, "Invalid 'From' number"),
        ("+15005550001", _) => (21_217, "Phone number does not appear to be valid"),
        ("+15005550002", _) => (21_214, "'To' phone number cannot be reached"),
        ("+15005550003", _) => (21_215, "Geo permission required"),
        ("+15005550004", _) => (21_216, "Call blocked by Twilio"),
        _ if !number(from) => (21_212, "Invalid 'From' number"),
        _ if !number(to) => (21_211, "Invalid 'To' number"),
        _ if from != account.settings.number && from != "+15005550006" => (21_210, "'From' is not verified"),
        _ => return Ok(()),
    };
    Err(Refusal::bad(code, message))
}

fn progress(form: &[(String, String)], target: Target) -> Result<Option<Progress>, Refusal> {
    if target.url.is_empty() {
        return Ok(None);
    }
    let mut events = Vec::new();
    // §4.1: repeat the parameter; one comma list is not understood.
    for (_, word) in form.iter().filter(|(name, _)| name == "StatusCallbackEvent") {
        let event = Milestone::read(word)
            .ok_or_else(|| Refusal::bad(20_001, &format!("Unknown StatusCallbackEvent {word}")))?;
        events.push(event);
    }
    if events.is_empty() {
        events.push(Milestone::Completed);
    }
    Ok(Some(Progress::new(target, events)))
}

/// §4.1.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
/// §4.1.
const CREATE_FIELDS: &str = "To From Url Twiml ApplicationSid Method FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod \
     StatusCallbackEvent SendDigits Timeout Record RecordingChannels RecordingTrack RecordingStatusCallback \
     RecordingStatusCallbackMethod RecordingStatusCallbackEvent Trim CallerId CallReason CallToken Byoc \
     TimeLimit SipAuthUsername SipAuthPassword ClientNotificationUrl MachineDetection \
     MachineDetectionTimeout MachineDetectionSpeechThreshold MachineDetectionSpeechEndThreshold \
     MachineDetectionSilenceTimeout AsyncAmd AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod";
