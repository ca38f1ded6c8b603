//! A million broken messages of both directions, and many broken documents: no reader panics, and what is taken is sane.
//!
//! The mutations are drawn from a seed, so that a failure comes again; it names the round in which it came.

use baton::edge::assistant::wire::{self as assistant, FromAssistant};
use baton::edge::carrier::twilio::document::{self, After, Document};
use baton::edge::carrier::twilio::twiml;
use baton::edge::carrier::twilio::wire::{self as carrier, FromCarrier};
use baton::edge::lenient::{MAX_NAME, MAX_SOUND, decode_payload};
use baton::time::MediaTime;

#[test]
fn a_million_broken_messages_panic_no_reader_and_pass_nothing_insane() {
    let mut mutator = Mutator::new(MESSAGES, 0x00BA_7011);
    let mut sound = Vec::new();
    let (mut taken, mut media) = (0_u32, 0_u32);
    for round in 0..1_000_000 {
        let message = mutator.next();
        if let Ok(read) = carrier::read(&message) {
            taken += 1;
            media += u32::from(matches!(read, FromCarrier::Media { .. }));
            assert!(carriers_is_sane(&read, &mut sound), "round {round}: {message}");
        }
        if let Ok(read) = assistant::read(&message) {
            taken += 1;
            media += u32::from(matches!(read, FromAssistant::Media { .. }));
            assert!(assistants_is_sane(&read, &message, &mut sound), "round {round}: {message}");
        }
    }
    // Mutations that leave nothing whole would test one error path a million times.
    assert!(taken > 200_000 && media > 50_000, "only {taken} taken, {media} of them sound");
}

#[test]
fn broken_documents_panic_no_reader_and_what_is_passed_on_is_read_again() {
    let source = url::Url::parse("https://agent.example/voice/in").expect("a good URL");
    let mut mutator = Mutator::new(DOCUMENTS, 0x00BA_7012);
    let mut taken = 0_u32;
    for round in 0..50_000 {
        let xml = mutator.next();
        let Ok(read) = document::read(&xml, &source) else { continue };
        taken += 1;
        let passed_on = match read {
            Document::Stream { before, stream, after } => {
                assert!(stream.url.to_ascii_lowercase().starts_with("ws"), "round {round}: {xml}");
                match after {
                    After::Verbs(after) => vec![before, after],
                    After::Action { .. } | After::Nothing => vec![before],
                }
            }
            Document::Redirect { before, .. } => vec![before],
            Document::Other(verbs) => vec![verbs],
        };
        for verbs in passed_on {
            // URLs grow and may outgrow the limit; that is the carrier's to judge.
            if verbs.as_str().len() < document::MAX_DOCUMENT / 2 {
                let again = document::read(&twiml::document(verbs.as_str()), &source);
                assert!(again.is_ok(), "round {round}: {again:?} of {xml}");
            }
        }
    }
    assert!(taken > 3_000, "only {taken} taken");
}

fn carriers_is_sane(read: &FromCarrier<'_>, sound: &mut Vec<u8>) -> bool {
    match read {
        FromCarrier::Connected | FromCarrier::Unknown => true,
        FromCarrier::Start(start) => {
            let sids = [&start.stream_sid, &start.call_sid];
            // Some clients leave the account out.
            let account = start.account_sid.is_empty() || is_sid(&start.account_sid);
            account && sids.into_iter().all(|sid| is_sid(sid)) && start.sample_rate <= 1 << 53
        }
        FromCarrier::Media { stream, stamp, payload, .. } => {
            is_sid(stream.as_str())
                && stamp.is_none_or(|stamp| stamp <= MediaTime::from_millis(1 << 53))
                && unpacks_or_leaves_nothing(payload.as_str(), sound)
        }
        FromCarrier::Key { stream, digit } => is_sid(stream.as_str()) && "0123456789*#ABCD".contains(*digit),
        FromCarrier::Mark { stream, name } => is_sid(stream.as_str()) && name.as_str().len() <= MAX_NAME,
        FromCarrier::Stop { stream, call } => {
            is_sid(stream.as_str()) && call.as_ref().is_none_or(|call| is_sid(call.as_str()))
        }
    }
}

fn assistants_is_sane(read: &FromAssistant<'_>, message: &str, sound: &mut Vec<u8>) -> bool {
    match read {
        FromAssistant::Media { stream, payload } => {
            stream.as_ref().is_none_or(|stream| stream.as_str().len() <= MAX_NAME)
                && unpacks_or_leaves_nothing(payload.as_str(), sound)
        }
        FromAssistant::Mark { name, .. } => name.as_str().len() <= MAX_NAME,
        FromAssistant::Baton(whole) => whole.as_str() == message,
        FromAssistant::Clear { .. } | FromAssistant::Unknown => true,
    }
}

fn is_sid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn unpacks_or_leaves_nothing(payload: &str, sound: &mut Vec<u8>) -> bool {
    match decode_payload(payload, sound) {
        Ok(length) => length == sound.len() && length <= MAX_SOUND,
        Err(_) => sound.is_empty(),
    }
}

/// Draws broken texts from whole ones.
struct Mutator {
    seeds: &'static [&'static str],
    state: u64,
}

impl Mutator {
    fn new(seeds: &'static [&'static str], state: u64) -> Self {
        Self { seeds, state }
    }

    fn next(&mut self) -> String {
        let mut bytes = self.seed().as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            self.mutate(&mut bytes);
        }
        // The websocket refuses what is not UTF-8 before a reader sees it.
        String::from_utf8(bytes)
            .unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below(bytes.len() - at + 1).min(40);
        match self.below(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = b"\"\\{}[],:<>&=/0-\x00\xff"[self.below(17)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let slice = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                drop(bytes.splice(to..to, slice));
            }
            5 => {
                let other = self.seed().as_bytes();
                let from = self.below(other.len());
                let slice = &other[from..other.len().min(from + 60)];
                drop(bytes.splice(at..end, slice.iter().copied()));
            }
            6 if self.below(16) == 0 => {
                let nest =
                    [&b"["[..], br#"{"a":"#, b"<a>", b"AAAA"][self.below(4)].repeat(50 + self.below(400));
                drop(bytes.splice(at..at, nest));
            }
            7 => drop(bytes.splice(at..at, SALT[self.below(SALT.len())].bytes())),
            _ => self.replace_value(bytes, at),
        }
    }

    /// Puts something else where a JSON value or an attribute's value stands.
    fn replace_value(&mut self, bytes: &mut Vec<u8>, from: usize) {
        let Some(start) = bytes[from..].iter().position(|b| matches!(b, b':' | b'=')) else { return };
        let start = from + start + 1;
        let ends = |b: &u8| matches!(b, b',' | b'}' | b' ' | b'>');
        let end = bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length);
        let value = VALUES[self.below(VALUES.len())];
        if value.is_empty() {
            // A number becomes a string and the other way round.
            if bytes.get(start) == Some(&b'"') && end > start + 1 {
                bytes.remove(end - 1);
                bytes.remove(start);
            } else {
                bytes.insert(end, b'"');
                bytes.insert(start, b'"');
            }
        } else {
            drop(bytes.splice(start..end, value.bytes()));
        }
    }

    fn seed(&mut self) -> &'static str {
        self.seeds[self.below(self.seeds.len())]
    }

    /// Any number below this one; 0 below 0.
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64*: https://www.jstatsoft.org/article/view/v008i14
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let drawn = usize::try_from(self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0);
        drawn % limit.max(1)
    }
}

const MESSAGES: &[&str] = &[
    r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#,
    r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1","accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"call":"call-1","é":"\u00e9"}}}"#,
    r#"{"event":"media","sequenceNumber":"3","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eDf3t3c29rZ2NfW1dTT0tHQz87NzMvKycjHxsXEw8LBwA=="}}"#,
    r#"{"event":"media","sequenceNumber":4,"streamSid":"MZ1","media":{"track":"outbound","chunk":2,"timestamp":20.0,"payload":"\/\/\/\/"}}"#,
    r#"{"event":"dtmf","sequenceNumber":"5","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"1"}}"#,
    r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"g1-7"}}"#,
    r#"{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}"#,
    r#"{"event":"media","streamSid":"MZ1","media":{"payload":"//8="}}"#,
    r#"{"event":"mark","mark":{"name":"item_1:17"}}"#,
    r#"{"event":"clear","streamSid":"MZ1"}"#,
    r#"{"event":"baton","do":"escalate","why":{"reason":"asked","words":["a person"]}}"#,
    r#"{"event":"weather","media":5,"mark":[1,2,{"a":null}]}"#,
];

const DOCUMENTS: &[&str] = &[
    r#"<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="x">Hi &amp; <![CDATA[<you>]]></Say><Connect action="/ended" method="GET"><Stream url="wss://agent.example/media"><Parameter name="a" value="&#10;b"/></Stream></Connect></Response>"#,
    r#"<Response><!-- c --><Connect><Stream url="media"/></Connect><Dial action="done"><Number url="w">+1</Number></Dial></Response>"#,
    r#"<Response><Redirect method="POST">../next?a=1&amp;b=2</Redirect></Response>"#,
    r#"<Response><Gather input="speech"><Say><amazon:effect name="whispered">a</amazon:effect><lang xml:lang="fr">b</lang></Say><Play>a.mp3</Play></Gather><Record/></Response>"#,
];

/// What is put in between.
const SALT: &[&str] = &[
    "\\u0000",
    "\\ud800",
    "\"",
    "é",
    "\u{feff}",
    "&#0;",
    "&lt;",
    "<![CDATA[",
    "]]>",
    "xmlns:a=\"\" ",
    " ",
    "//",
];

/// What is put in place of a value; the empty one turns a number into a string and back.
const VALUES: &[&str] = &[
    "",
    "5",
    "\"5\"",
    "5.0",
    "-1",
    "1e309",
    "\"NaN\"",
    "9007199254740993",
    "99999999999999999999999999",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"\\u0041\"",
    "\"http://[\"",
    "\"//\"",
    "\"media\"",
];
