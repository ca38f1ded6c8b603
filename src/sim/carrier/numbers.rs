//! `IncomingPhoneNumbers`: what our number is set to do, as the REST API shows and changes it.

use serde_json::{Value, json};

use crate::sim::carrier::account::Account;
use crate::sim::carrier::create::{check_names, field};
use crate::sim::carrier::rest::Refusal;
use crate::sim::carrier::settings::LineSettings;

/// The numbers of the account of which the filter is a part, with their settings.
pub(crate) fn list(account: &Account, query: &[(String, String)]) -> Result<Value, Refusal> {
    check_names(query, LIST_FIELDS)?;
    let number = &account.settings.number;
    // A filter may be a part of a number, with * for any digits; without one all are listed.
    let mut pieces = field(query, "PhoneNumber").unwrap_or_default().split('*');
    let fits = pieces.all(|piece| number.contains(piece));
    let numbers: Vec<Value> = fits.then(|| resource(account)).into_iter().collect();
    let uri = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", account.settings.account_sid);
    Ok(json!({
        "incoming_phone_numbers": numbers, "page": 0, "page_size": 50, "start": 0, "end": 0,
        "uri": uri, "first_page_uri": uri, "next_page_uri": null, "previous_page_uri": null,
    }))
}

/// Changes what the number is set to do: only what is named.
pub(crate) fn update(account: &Account, form: &[(String, String)]) -> Result<(), Refusal> {
    check_names(form, UPDATE_FIELDS)?;
    let mut line = account.line();
    let url = |name: &str| match field(form, name) {
        Some(text) if !text.is_empty() && url::Url::parse(text).is_err() => {
            Err(Refusal::bad(21_402, &format!("{name} is not a valid URL")))
        }
        given => Ok(given.map(str::to_owned)),
    };
    let get = |name: &str, before: bool| match field(form, name) {
        None => Ok(before),
        Some("GET") => Ok(true),
        Some("POST") => Ok(false),
        Some(_) => Err(Refusal::bad(21_403, &format!("{name} is not a valid HTTP method"))),
    };
    if let Some(given) = url("VoiceUrl")? {
        line.voice_url = given;
    }
    if let Some(given) = url("VoiceFallbackUrl")? {
        line.fallback_url = Some(given).filter(|url| !url.is_empty());
    }
    if let Some(given) = url("StatusCallback")? {
        line.status_url = Some(given).filter(|url| !url.is_empty());
    }
    line.voice_get = get("VoiceMethod", line.voice_get)?;
    line.fallback_get = get("VoiceFallbackMethod", line.fallback_get)?;
    line.status_get = get("StatusCallbackMethod", line.status_get)?;
    if line.fallback_url.is_some() && line.voice_url.is_empty() {
        return Err(Refusal::bad(21_405, "Cannot set VoiceFallbackUrl without setting Url"));
    }
    account.set_line(line);
    Ok(())
}

/// The number as the API shows it; what is not set is an empty text.
pub(crate) fn resource(account: &Account) -> Value {
    let LineSettings { voice_url, voice_get, fallback_url, fallback_get, status_url, status_get } =
        account.line();
    let method = |get: bool| if get { "GET" } else { "POST" };
    json!({
        "sid": SID,
        "account_sid": account.settings.account_sid,
        "friendly_name": account.settings.number,
        "phone_number": account.settings.number,
        "voice_url": voice_url,
        "voice_method": method(voice_get),
        "voice_fallback_url": fallback_url.unwrap_or_default(),
        "voice_fallback_method": method(fallback_get),
        "voice_caller_id_lookup": false,
        "voice_application_sid": null,
        "status_callback": status_url.unwrap_or_default(),
        "status_callback_method": method(status_get),
        "sms_url": "",
        "sms_method": "POST",
        "trunk_sid": null,
        "capabilities": {"voice": true, "sms": false, "mms": false, "fax": false},
        "api_version": "2010-04-01",
        "beta": false,
        "origin": "twilio",
        "uri": format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{SID}.json", account.settings.account_sid),
    })
}

/// The account has one number.
pub(crate) const SID: &str = "PN00000000000000000000000000000001";

/// The API's own list, as far as calls are concerned.
const UPDATE_FIELDS: &str = "AccountSid ApiVersion FriendlyName VoiceUrl VoiceMethod VoiceFallbackUrl VoiceFallbackMethod \
     VoiceCallerIdLookup VoiceReceiveMode StatusCallback StatusCallbackMethod";

/// The API's own list.
const LIST_FIELDS: &str = "Beta FriendlyName PhoneNumber Origin PageSize Page PageToken";
