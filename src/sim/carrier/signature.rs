//! How the simulated carrier signs what it asks: the second implementation of PROTOCOLS.md §2, written from the text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The `X-Twilio-Signature` of this URL and these form fields (none for a GET or an upgrade).
pub fn sign(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    // §2 step 1: connection overrides (the fragment) are not part of what is signed.
    let mut text = url.split('#').next().unwrap_or(url).to_owned();
    // §2 step 2: by name, then by value, each pair once, by code point.
    let mut pairs: Vec<_> = form.iter().collect();
    pairs.sort();
    pairs.dedup();
    for (name, value) in pairs {
        text.push_str(name);
        text.push_str(value);
    }
    let mut mac =
        Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_vectors_of_the_official_sdk_come_out() {
        let v0 = form(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]);
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign("12345", url, &v0), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert_eq!(sign("12345", &format!("{url}#rc=2&rt=500"), &v0), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");

        let token = "0123456789abcdef0123456789abcdef";
        let v2 = sign(token, "wss://baton.example.com/twilio/media", &[]);
        assert_eq!(v2, "VlM+cudFkvQyn2egMILDU//KL9o=");
        let v5 =
            form(&[("StatusCallbackEvent", "b"), ("StatusCallbackEvent", "a"), ("StatusCallbackEvent", "a")]);
        assert_eq!(sign(token, "https://baton.example.com/x", &v5), "zdudWOgMLY4RBMJ/CFtLkDyD5VY=");
        let v6 = form(&[("b", "2"), ("B", "1"), ("a_", "é"), ("_a", "")]);
        assert_eq!(sign(token, "https://baton.example.com/x", &v6), "1mcAj2UKj1UorkVHDMgOZxXyJCg=");
    }
}
