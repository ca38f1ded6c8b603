//! The documents that tell the carrier what to do with a call.
//!
//! Everything that comes from elsewhere is escaped; URLs must be absolute, or an update of a live call is refused (15004).
//! <https://www.twilio.com/docs/voice/twiml>

use std::collections::BTreeMap;
use std::fmt;

/// Play the call's sound to this websocket and its answers to the call, until the websocket closes.
#[derive(Clone, Copy)]
pub struct ConnectStream<'a> {
    /// What to ask for when the stream has ended: without it a broken websocket ends the prospect's call.
    pub action: &'a str,
    /// The websocket.
    pub stream_url: &'a str,
    /// The stream's name within its call.
    pub name: &'a str,
    /// Who is told that the stream began, ended or failed.
    pub status_callback: Option<&'a str>,
    /// What the stream's first message repeats.
    pub parameters: &'a BTreeMap<String, String>,
    /// Verbs to perform before it, as XML.
    pub before: &'a str,
}

/// Why a document cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TwimlError {
    /// The carrier would refuse or cut it.
    #[error("stream parameter of {0} characters, {MAX_PARAMETER} or more")]
    ParameterTooLong(usize),
    /// The carrier would not connect (31920).
    #[error("stream URL with a query")]
    StreamUrlWithQuery,
}

/// How the carrier asks for a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// With the call's facts in the query.
    Get,
    /// With the call's facts as a form.
    #[default]
    Post,
}

impl Method {
    /// As HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Verbs as XML, without the document around them. Prints its length only: they may speak to the prospect by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Verbs(pub(super) String);

impl Verbs {
    /// The XML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verbs({} bytes)", self.0.len())
    }
}

/// The document that plays a call to a websocket.
pub fn connect_stream(connect: &ConnectStream<'_>) -> Result<String, TwimlError> {
    if connect.stream_url.contains('?') {
        return Err(TwimlError::StreamUrlWithQuery);
    }
    let mut verbs = connect.before.to_owned();
    verbs.push_str("<Connect");
    put_attribute(&mut verbs, "action", connect.action);
    verbs.push_str("><Stream");
    put_attribute(&mut verbs, "url", connect.stream_url);
    put_attribute(&mut verbs, "name", connect.name);
    if let Some(callback) = connect.status_callback {
        put_attribute(&mut verbs, "statusCallback", callback);
    }
    verbs.push('>');
    for (name, value) in connect.parameters {
        let length = name.chars().count() + value.chars().count();
        if length >= MAX_PARAMETER {
            return Err(TwimlError::ParameterTooLong(length));
        }
        verbs.push_str("<Parameter");
        put_attribute(&mut verbs, "name", name);
        put_attribute(&mut verbs, "value", value);
        verbs.push_str("/>");
    }
    verbs.push_str("</Stream></Connect>");
    Ok(document(&verbs))
}

/// The document that puts a call through to a number without us; `action` is asked for when that is over.
pub fn dial(number: &str, caller_id: Option<&str>, action: &str) -> String {
    let mut verbs = "<Dial".to_owned();
    if let Some(caller_id) = caller_id {
        put_attribute(&mut verbs, "callerId", caller_id);
    }
    put_attribute(&mut verbs, "action", action);
    verbs.push_str("><Number>");
    put_text(&mut verbs, number);
    verbs.push_str("</Number></Dial>");
    document(&verbs)
}

/// The document that puts a call through to a number and asks nobody how that went: afterwards it says this.
pub fn dial_then_say(number: &str, caller_id: Option<&str>, text: &str) -> String {
    let mut verbs = "<Dial".to_owned();
    if let Some(caller_id) = caller_id {
        put_attribute(&mut verbs, "callerId", caller_id);
    }
    verbs.push_str("><Number>");
    put_text(&mut verbs, number);
    verbs.push_str("</Number></Dial><Say>");
    put_text(&mut verbs, text);
    verbs.push_str("</Say><Hangup/>");
    document(&verbs)
}

/// The document that says this and ends the call.
pub fn say_and_hang_up(text: &str) -> String {
    document(&format!("{}<Hangup/>", say(text)))
}

/// The verb that says this; none where there is nothing to say.
pub fn say(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut verb = "<Say>".to_owned();
    put_text(&mut verb, text);
    verb.push_str("</Say>");
    verb
}

/// The document that ends the call.
pub fn hang_up() -> String {
    document("<Hangup/>")
}

/// The document that sends the carrier to another one.
pub fn redirect(url: &str, method: Method) -> String {
    let mut verbs = "<Redirect".to_owned();
    put_attribute(&mut verbs, "method", method.as_str());
    verbs.push('>');
    put_text(&mut verbs, url);
    verbs.push_str("</Redirect>");
    document(&verbs)
}

/// The document of these verbs, which are XML already.
pub fn document(verbs: &str) -> String {
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>"#)
}

/// The URL with connection overrides (`rc=2&rt=500`: how often and how long the carrier tries). What the URL overrides itself
/// stays; what is not fetched over HTTP is left alone.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
pub fn with_overrides(url: &str, overrides: &str) -> String {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let over_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    if !over_http {
        return url.to_owned();
    }
    let (bare, own) = url.split_once('#').unwrap_or((url, ""));
    let name = |pair: &str| pair.split('=').next().unwrap_or(pair).to_owned();
    let set: Vec<String> = own.split('&').map(name).collect();
    let ours = overrides.trim_start_matches('#').split('&').filter(|pair| !set.contains(&name(pair)));
    let all: Vec<&str> = own.split('&').chain(ours).filter(|pair| !pair.is_empty()).collect();
    if all.is_empty() { bare.to_owned() } else { format!("{bare}#{}", all.join("&")) }
}

/// Appends ` name="value"`.
pub(super) fn put_attribute(into: &mut String, name: &str, value: &str) {
    into.push(' ');
    into.push_str(name);
    into.push_str("=\"");
    put_text(into, value);
    into.push('"');
}

/// Appends text so that it stays text, inside an element or an attribute. What XML cannot say at all is left out.
pub(super) fn put_text(into: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&apos;"),
            // Bare, a parser makes spaces of them in an attribute.
            '\t' => into.push_str("&#9;"),
            '\n' => into.push_str("&#10;"),
            '\r' => into.push_str("&#13;"),
            // https://www.w3.org/TR/xml/#charsets
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            plain => into.push(plain),
        }
    }
}

/// A stream parameter's name and value together stay below this many characters
/// (<https://www.twilio.com/docs/voice/twiml/stream#custom-parameters>).
pub const MAX_PARAMETER: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</Say><Dial>+1</Dial>\"'&amp;\u{0}\u{b}\t\n\r]]>é";
    const HOSTILE_SHOWN: &str = "</Say><Dial>+1</Dial>\"'&amp;\t\n\r]]>é";

    fn connect(parameters: &BTreeMap<String, String>) -> ConnectStream<'_> {
        ConnectStream {
            action: "https://b.example/ended?a=1&b=2",
            stream_url: "wss://b.example/media/x",
            name: "baton",
            status_callback: Some("https://b.example/stream"),
            parameters,
            before: "<Say>One moment</Say>",
        }
    }

    #[test]
    fn a_call_is_connected_to_a_stream() {
        let parameters = BTreeMap::from([("call".to_owned(), "call-1".to_owned())]);
        assert_eq!(
            connect_stream(&connect(&parameters)).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>One moment</Say>\
             <Connect action=\"https://b.example/ended?a=1&amp;b=2\">\
             <Stream url=\"wss://b.example/media/x\" name=\"baton\" statusCallback=\"https://b.example/stream\">\
             <Parameter name=\"call\" value=\"call-1\"/></Stream></Connect></Response>"
        );
    }

    #[test]
    fn a_parameter_that_the_carrier_would_cut_is_an_error() {
        let of = |length: usize| BTreeMap::from([("é".to_owned(), "ü".repeat(length - 1))]);
        assert!(connect_stream(&connect(&of(499))).is_ok());
        assert_eq!(connect_stream(&connect(&of(500))), Err(TwimlError::ParameterTooLong(500)));
        let none = BTreeMap::new();
        let query = ConnectStream { stream_url: "wss://b.example/media?call=1", ..connect(&none) };
        assert_eq!(connect_stream(&query), Err(TwimlError::StreamUrlWithQuery));
    }

    #[test]
    fn hostile_text_stays_text() {
        let parameters = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
        let hostile = ConnectStream {
            action: HOSTILE,
            stream_url: HOSTILE,
            name: HOSTILE,
            status_callback: Some(HOSTILE),
            parameters: &parameters,
            before: "",
        };
        for (twiml, elements, texts) in [
            (connect_stream(&hostile).unwrap(), 4, 6),
            (dial(HOSTILE, Some(HOSTILE), HOSTILE), 3, 3),
            (say_and_hang_up(HOSTILE), 3, 1),
            (redirect(HOSTILE, Method::Get), 2, 1),
        ] {
            let read = roxmltree::Document::parse(&twiml).unwrap();
            let found: Vec<_> = read.descendants().filter(roxmltree::Node::is_element).collect();
            assert_eq!(found.len(), elements, "{twiml}");
            let attributes = found.iter().flat_map(roxmltree::Node::attributes).map(|a| a.value().to_owned());
            let inner = found.iter().filter_map(roxmltree::Node::text).map(str::to_owned);
            assert_eq!(
                attributes.chain(inner).filter(|text| text == HOSTILE_SHOWN).count(),
                texts,
                "{twiml}"
            );
        }
    }

    #[test]
    fn the_short_documents_are_as_the_carrier_documents_them() {
        let of =
            |verbs: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>");
        assert_eq!(hang_up(), of("<Hangup/>"));
        assert_eq!(say_and_hang_up("Bye."), of("<Say>Bye.</Say><Hangup/>"));
        assert_eq!(
            redirect("https://b/x", Method::Post),
            of("<Redirect method=\"POST\">https://b/x</Redirect>")
        );
        assert_eq!(
            dial("+14155550123", None, "https://b/x"),
            of("<Dial action=\"https://b/x\"><Number>+14155550123</Number></Dial>")
        );
        assert_eq!(
            dial("+14155550123", Some("+14155550100"), "https://b/x"),
            of("<Dial callerId=\"+14155550100\" action=\"https://b/x\"><Number>+14155550123</Number></Dial>")
        );
    }

    #[test]
    fn overrides_join_what_the_url_says_itself() {
        for (url, overrides, result) in [
            ("https://b/x?a=1", "rc=2&rt=500", "https://b/x?a=1#rc=2&rt=500"),
            ("HTTP://b/x", "#rc=2", "HTTP://b/x#rc=2"),
            ("https://b/x#rc=5&ct=100", "rc=2&rt=500", "https://b/x#rc=5&ct=100&rt=500"),
            ("https://b/x#", "rc=2", "https://b/x#rc=2"),
            ("https://b/x#top", "", "https://b/x#top"),
            ("https://b/x", "", "https://b/x"),
            ("wss://b/x", "rc=2", "wss://b/x"),
            ("/x", "rc=2", "/x"),
        ] {
            assert_eq!(with_overrides(url, overrides), result, "{url} with {overrides}");
        }
    }

    #[test]
    fn promise_8_verbs_print_their_length_and_no_more() {
        assert_eq!(format!("{:?}", Verbs("<Say>Hello Ann</Say>".into())), "Verbs(20 bytes)");
    }
}
