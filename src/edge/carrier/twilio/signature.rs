//! Whether a request is the carrier's, and signing our own as the carrier would.
//!
//! `base64(HMAC-SHA1(token, url + Σ name + value))` over the URL as it was written in the TwiML: scheme, host, path and query
//! untouched, the fragment left out, the port in or out as the signer felt that day. SharedKeys sign with SHA-256.
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security>

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What the carrier may sign with. Prints no secret.
#[derive(Clone, Default)]
pub struct Keys {
    /// The account's auth tokens: the current one first, then the old one while it is being replaced.
    pub tokens: Vec<String>,
    /// The secrets of SharedKeys, by the key's name.
    pub shared_keys: BTreeMap<String, String>,
    /// Whether only SharedKeys are good enough.
    pub require_sha256: bool,
}

/// What is known of a request that claims to be the carrier's.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The public URL as the carrier was told it, with the query as it came.
    pub url: &'a str,
    /// The form fields, decoded; none for a GET or an upgrade.
    pub form: &'a [(String, String)],
    /// The body, if it is not a form.
    pub other_body: Option<&'a [u8]>,
    /// `X-Twilio-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Twilio-Webhooks-Signature-Settings`.
    pub settings: Option<&'a str>,
}

/// Why a request is not taken for the carrier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not signed.
    #[error("no signature")]
    Missing,
    /// It is signed by someone else, or was changed, or the public URL is not what the carrier was told.
    #[error("signature does not match")]
    Wrong,
    /// It says that it is signed in a way that nobody has heard of.
    #[error("unknown signature algorithm")]
    UnknownAlgorithm,
    /// It is signed with a SharedKey that we do not have.
    #[error("unknown shared key")]
    UnknownKey,
    /// It is signed with SHA-1, and the account was set to SHA-256.
    #[error("signature weaker than required")]
    DowngradeRefused,
    /// Its body is no form, and nothing was said about the body.
    #[error("body not covered by the signature")]
    BodyUnsigned,
    /// Its body is not the one that was signed.
    #[error("body does not match its signed hash")]
    BodyChanged,
}

impl Keys {
    /// Whether the carrier sent this.
    pub fn verify(&self, request: &Request<'_>) -> Result<(), SignatureError> {
        let signature = request.signature.ok_or(SignatureError::Missing)?;
        let form = if request.other_body.is_some() { &[] } else { request.form };
        let genuine = match request.settings {
            None if self.require_sha256 => return Err(SignatureError::DowngradeRefused),
            None => self.signed_with_a_token(request.url, form, signature),
            Some(settings) => {
                let secret = self.shared_key(settings)?.as_bytes();
                matches(request.url, |url| STANDARD.encode(mac::<Hmac<Sha256>>(secret, url, form)), signature)
            }
        };
        if !bool::from(genuine) {
            return Err(SignatureError::Wrong);
        }
        request.other_body.map_or(Ok(()), |body| verify_body(request.url, body))
    }

    fn signed_with_a_token(&self, url: &str, form: &[(String, String)], signature: &str) -> Choice {
        // An empty token is a setting left out, and anybody can sign with it.
        let tokens = self.tokens.iter().filter(|token| !token.is_empty());
        tokens.fold(Choice::from(0), |genuine, token| {
            genuine | matches(url, |url| sign_exactly(token, url, form), signature)
        })
    }

    fn shared_key(&self, settings: &str) -> Result<&str, SignatureError> {
        let of = |wanted: &str| {
            let mut pairs = settings.split(',').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        match of("algorithm") {
            Some("HMAC_SHA256") => {}
            Some("HMAC_SHA1") if self.require_sha256 => return Err(SignatureError::DowngradeRefused),
            _ => return Err(SignatureError::UnknownAlgorithm),
        }
        let secret = of("key").and_then(|key| self.shared_keys.get(key)).filter(|secret| !secret.is_empty());
        secret.map(String::as_str).ok_or(SignatureError::UnknownKey)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("tokens", &vec!["•••"; self.tokens.len()])
            .field("shared_keys", &self.shared_keys.keys())
            .field("require_sha256", &self.require_sha256)
            .finish()
    }
}

/// The signature that the carrier would put under a request to this URL with this form.
pub fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    sign_exactly(token, without_fragment(url), form)
}

fn sign_exactly(token: &str, url: &str, form: &[(String, String)]) -> String {
    STANDARD.encode(mac::<Hmac<Sha1>>(token.as_bytes(), url, form))
}

/// Whether any way of writing the URL gives this signature.
fn matches(url: &str, sign: impl Fn(&str) -> String, signature: &str) -> Choice {
    spellings(url)
        .iter()
        .fold(Choice::from(0), |genuine, url| genuine | sign(url).as_bytes().ct_eq(signature.as_bytes()))
}

/// The ways in which a signer may have written this URL: as it is, without a port, and with each standard one.
///
/// Signers disagree about the port, and the official libraries take wss for a scheme of port 80.
fn spellings(url: &str) -> Vec<String> {
    let url = without_fragment(url);
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        // What follows a colon inside brackets is part of an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bare = format!("{scheme}://{host}{path}");
    if port.is_some_and(|port| !STANDARD_PORTS.contains(&port)) {
        return vec![url.to_owned(), bare];
    }
    let with_ports = STANDARD_PORTS.iter().map(|port| format!("{scheme}://{host}:{port}{path}"));
    std::iter::once(bare).chain(with_ports).collect()
}

/// Connection overrides (`#rc=2`) are for the sender of a request; they are neither sent nor signed.
fn without_fragment(url: &str) -> &str {
    url.split_once('#').map_or(url, |(url, _)| url)
}

fn mac<M: Mac + KeyInit>(key: &[u8], url: &str, form: &[(String, String)]) -> impl AsRef<[u8]> {
    let mut fields: Vec<&(String, String)> = form.iter().collect();
    // By code point, which for UTF-8 is by byte; each value of a name once.
    fields.sort();
    fields.dedup();
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes()
}

/// A body that is no form is covered by its hash, which the carrier appends to the query before it signs.
fn verify_body(url: &str, body: &[u8]) -> Result<(), SignatureError> {
    let query = without_fragment(url).split_once('?').map_or("", |(_, query)| query);
    let signed = query.rsplit('&').find_map(|pair| pair.strip_prefix("bodySHA256="));
    let signed = signed.ok_or(SignatureError::BodyUnsigned)?;
    let hash = Sha256::digest(body).iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes all that is written to it");
        hex
    });
    if hash.as_bytes().ct_eq(signed.as_bytes()).into() { Ok(()) } else { Err(SignatureError::BodyChanged) }
}

/// The ports that a URL need not name.
const STANDARD_PORTS: [&str; 2] = ["443", "80"];

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const STATUS: &str = "https://baton.example.com/twilio/status?leg=rep&call=42";
    const MEDIA: &str = "wss://baton.example.com/twilio/media";
    const JSON_URL: &str = "https://baton.example.com/twilio/json?bodySHA256=88782db250308f42647493116ad852bba8679abafc477205de806dddcea948cf";
    const JSON_BODY: &[u8] = br#"{"CallSid":"CA00000000000000000000000000000002","event":"test"}"#;

    fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn status_form() -> Vec<(String, String)> {
        form(&[
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("ApiVersion", "2010-04-01"),
            ("CallDuration", "12"),
            ("CallSid", "CA00000000000000000000000000000002"),
            ("CallStatus", "completed"),
            ("CallbackSource", "call-progress-events"),
            ("Called", "+14155550123"),
            ("Caller", "+14155550100"),
            ("Direction", "outbound-api"),
            ("Duration", "1"),
            ("From", "+14155550100"),
            ("SequenceNumber", "3"),
            ("Timestamp", "Mon, 05 Oct 2026 17:04:05 +0000"),
            ("To", "+14155550123"),
        ])
    }

    fn keys() -> Keys {
        Keys { tokens: vec![TOKEN.to_owned()], ..Keys::default() }
    }

    fn request<'a>(url: &'a str, form: &'a [(String, String)], signature: &'a str) -> Request<'a> {
        Request { url, form, other_body: None, signature: Some(signature), settings: None }
    }

    #[test]
    fn the_published_signatures_are_made() {
        let published = form(&[
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
        ]);
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign("12345", url, &published), "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "V0");
        assert_eq!(sign(TOKEN, STATUS, &status_form()), "QDW0Dxkq2laqpsX7+UpeXz0USFs=", "V1");
        let with_port = STATUS.replace(".com/", ".com:443/");
        assert_eq!(sign(TOKEN, &with_port, &status_form()), "YdoHlzqNeNjE2QJFSRRT17gFNmE=", "V1p");
        for (url, signature) in [
            ("wss://baton.example.com/twilio/media", "VlM+cudFkvQyn2egMILDU//KL9o="),
            ("https://baton.example.com/twilio/media", "KIgd5jQAjRYMYZrtH8mMi+O0djY="),
            ("wss://baton.example.com/twilio/media/", "fsih9Hu6FyLayL0HoFct2rol1T0="),
            ("wss://baton.example.com:443/twilio/media", "XMEqbUm4eISodFxCGSSkXubEJAo="),
            ("wss://baton.example.com:80/twilio/media", "0VwEKXUS/AqD/Z4zf74UblqqM0k="),
            (JSON_URL, "dDnhnT77PTVcRA0sH8l8HKWqZS4="),
        ] {
            assert_eq!(sign(TOKEN, url, &[]), signature, "{url}");
        }
        let x = "https://baton.example.com/x";
        let doubled =
            [("StatusCallbackEvent", "b"), ("StatusCallbackEvent", "a"), ("StatusCallbackEvent", "a")];
        assert_eq!(sign(TOKEN, x, &form(&doubled)), "zdudWOgMLY4RBMJ/CFtLkDyD5VY=", "V5");
        let cased = form(&[("b", "2"), ("B", "1"), ("a_", "é"), ("_a", "")]);
        assert_eq!(sign(TOKEN, x, &cased), "1mcAj2UKj1UorkVHDMgOZxXyJCg=", "V6");
    }

    #[test]
    fn a_genuine_request_is_taken_with_and_without_its_port() {
        let form = status_form();
        for signature in ["QDW0Dxkq2laqpsX7+UpeXz0USFs=", "YdoHlzqNeNjE2QJFSRRT17gFNmE="] {
            for url in [STATUS, &STATUS.replace(".com/", ".com:443/"), &format!("{STATUS}#rc=2&rt=500")] {
                assert_eq!(keys().verify(&request(url, &form, signature)), Ok(()), "{url}");
            }
        }
        let elsewhere = sign(TOKEN, "https://b.example:8443/x", &[]);
        let without = sign(TOKEN, "https://b.example/x", &[]);
        for (url, signature, verdict) in [
            ("https://b.example:8443/x", &elsewhere, Ok(())),
            ("https://b.example:8443/x", &without, Ok(())),
            ("https://b.example/x", &elsewhere, Err(SignatureError::Wrong)),
        ] {
            assert_eq!(keys().verify(&request(url, &[], signature)), verdict, "{url}");
        }
    }

    #[test]
    fn an_upgrade_is_taken_as_wss_and_as_nothing_else() {
        for (vector, signature, verdict) in [
            ("V2", "VlM+cudFkvQyn2egMILDU//KL9o=", Ok(())),
            ("V2a", "KIgd5jQAjRYMYZrtH8mMi+O0djY=", Err(SignatureError::Wrong)),
            ("V2b", "fsih9Hu6FyLayL0HoFct2rol1T0=", Err(SignatureError::Wrong)),
            ("V2c", "XMEqbUm4eISodFxCGSSkXubEJAo=", Ok(())),
            ("V2d", "0VwEKXUS/AqD/Z4zf74UblqqM0k=", Ok(())),
        ] {
            assert_eq!(keys().verify(&request(MEDIA, &[], signature)), verdict, "{vector}");
        }
    }

    #[test]
    fn a_changed_request_is_refused() {
        let signature = sign(TOKEN, STATUS, &status_form());
        let wrong = Err(SignatureError::Wrong);
        let mut form = status_form();
        form[4].1 = "busy".to_owned();
        assert_eq!(keys().verify(&request(STATUS, &form, &signature)), wrong);
        assert_eq!(keys().verify(&request(STATUS, &status_form()[1..], &signature)), wrong);
        let form = status_form();
        for url in
            [&STATUS.replace("42", "43"), &STATUS.replace("baton", "Baton"), "", "://", "https://", "x"]
        {
            assert_eq!(keys().verify(&request(url, &form, &signature)), wrong, "{url}");
        }
        for forged in ["", "=", &signature[1..], &signature.to_lowercase(), &format!("{signature} ")] {
            assert_eq!(keys().verify(&request(STATUS, &form, forged)), wrong, "{forged}");
        }
        let unsigned = Request { signature: None, ..request(STATUS, &form, "") };
        assert_eq!(keys().verify(&unsigned), Err(SignatureError::Missing));
    }

    #[test]
    fn both_tokens_are_good_while_one_replaces_the_other() {
        let keys = Keys { tokens: vec!["new".into(), "old".into(), String::new()], ..Keys::default() };
        for (token, verdict) in [
            ("new", Ok(())),
            ("old", Ok(())),
            ("", Err(SignatureError::Wrong)),
            ("other", Err(SignatureError::Wrong)),
        ] {
            assert_eq!(keys.verify(&request(MEDIA, &[], &sign(token, MEDIA, &[]))), verdict, "{token}");
        }
        let none = Keys::default();
        assert_eq!(none.verify(&request(MEDIA, &[], &sign("", MEDIA, &[]))), Err(SignatureError::Wrong));
    }

    #[test]
    fn a_shared_key_signs_with_sha_256_and_cannot_be_talked_down() {
        let form = status_form();
        let v4 = "75ENlaAGecl9KTWUcYYzeMq672vI9DbjrbIJrP4wymw=";
        let shared =
            BTreeMap::from([("K1".into(), "shared-key-secret".into()), ("K2".into(), String::new())]);
        let strict = Keys { shared_keys: shared, require_sha256: true, ..keys() };
        let lax = Keys { require_sha256: false, ..strict.clone() };
        let sha1 = sign(TOKEN, STATUS, &form);
        for (settings, signature, strictly, laxly) in [
            (Some("key=K1,algorithm=HMAC_SHA256"), v4, Ok(()), Ok(())),
            (Some("algorithm=HMAC_SHA256, key=K1"), v4, Ok(()), Ok(())),
            (
                Some("key=K1,algorithm=HMAC_SHA256"),
                &*sha1,
                Err(SignatureError::Wrong),
                Err(SignatureError::Wrong),
            ),
            (
                Some("key=K3,algorithm=HMAC_SHA256"),
                v4,
                Err(SignatureError::UnknownKey),
                Err(SignatureError::UnknownKey),
            ),
            (
                Some("key=K2,algorithm=HMAC_SHA256"),
                v4,
                Err(SignatureError::UnknownKey),
                Err(SignatureError::UnknownKey),
            ),
            (
                Some("algorithm=HMAC_SHA256"),
                v4,
                Err(SignatureError::UnknownKey),
                Err(SignatureError::UnknownKey),
            ),
            (
                Some("key=K1,algorithm=none"),
                v4,
                Err(SignatureError::UnknownAlgorithm),
                Err(SignatureError::UnknownAlgorithm),
            ),
            (Some(""), &*sha1, Err(SignatureError::UnknownAlgorithm), Err(SignatureError::UnknownAlgorithm)),
            (
                Some("key=K1,algorithm=HMAC_SHA1"),
                &*sha1,
                Err(SignatureError::DowngradeRefused),
                Err(SignatureError::UnknownAlgorithm),
            ),
            (None, &*sha1, Err(SignatureError::DowngradeRefused), Ok(())),
            (None, v4, Err(SignatureError::DowngradeRefused), Err(SignatureError::Wrong)),
        ] {
            let request = Request { settings, ..request(STATUS, &form, signature) };
            assert_eq!(strict.verify(&request), strictly, "strict, {settings:?}");
            assert_eq!(lax.verify(&request), laxly, "lax, {settings:?}");
        }
    }

    #[test]
    fn a_body_that_is_no_form_is_held_to_its_signed_hash() {
        let signature = "dDnhnT77PTVcRA0sH8l8HKWqZS4=";
        let stray = form(&[("a", "b")]);
        let json = Request { other_body: Some(JSON_BODY), ..request(JSON_URL, &stray, signature) };
        assert_eq!(keys().verify(&json), Ok(()), "V3");
        for changed in [&b"{}"[..], b""] {
            let json = Request { other_body: Some(changed), ..json };
            assert_eq!(keys().verify(&json), Err(SignatureError::BodyChanged));
        }
        let bare = "https://baton.example.com/twilio/json";
        let signature = sign(TOKEN, bare, &[]);
        let unsigned = Request { url: bare, signature: Some(&signature), ..json };
        assert_eq!(keys().verify(&unsigned), Err(SignatureError::BodyUnsigned));
    }

    #[test]
    fn an_address_of_the_sixth_version_keeps_its_colons() {
        assert_eq!(
            spellings("wss://[::1]/a:1"),
            ["wss://[::1]/a:1", "wss://[::1]:443/a:1", "wss://[::1]:80/a:1"]
        );
        assert_eq!(spellings("wss://[::1]:9/"), ["wss://[::1]:9/", "wss://[::1]/"]);
    }

    #[test]
    fn keys_print_no_secret() {
        let keys = Keys { shared_keys: BTreeMap::from([("K1".into(), "secret".into())]), ..keys() };
        assert_eq!(
            format!("{keys:?}"),
            r#"Keys { tokens: ["•••"], shared_keys: ["K1"], require_sha256: false }"#
        );
    }
}
