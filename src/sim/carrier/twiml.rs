//! Reading the documents that tell the carrier what to do with a call (PROTOCOLS.md §3).

use std::time::Duration;

use roxmltree::{Document, Node};

use crate::sim::carrier::transcription::TranscriptionNoun;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Say {
        words: String,
        times: u32,
    },
    Play {
        url: String,
        times: u32,
    },
    PlayKeys(String),
    Pause(Duration),
    Hangup,
    Reject {
        busy: bool,
    },
    Redirect(Target),
    Connect {
        action: Option<Target>,
        stream: StreamNoun,
    },
    Dial {
        action: Option<Target>,
        timeout: Duration,
        number: String,
    },
    Gather {
        action: Option<Target>,
        timeout: Duration,
        digits: usize,
        prompts: Vec<Verb>,
    },
    /// Begin to transcribe, and go on at once.
    Transcribe(TranscriptionNoun),
    /// Something that takes no time here (`<Start>` of something else, `<Stop>`).
    Passed(String),
}

/// Where to ask next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) get: bool,
}

/// `<Stream>` within `<Connect>` (§1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamNoun {
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) status_callback: Option<Target>,
    pub(crate) parameters: Vec<(String, String)>,
}

/// A document, and what the carrier would warn of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Instructions {
    pub(crate) verbs: Vec<Verb>,
    pub(crate) warnings: Vec<(u32, String)>,
}

/// Why a document cannot be followed: the carrier's error number and a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadDocument(pub(crate) u32, pub(crate) String);

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Instructions, BadDocument> {
    if text.len() > LONGEST {
        return Err(BadDocument(11_750, "response body too large".into()));
    }
    if text.trim().is_empty() {
        return Err(BadDocument(11_770, "empty response".into()));
    }
    let document = Document::parse(text).map_err(|error| BadDocument(12_100, error.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() != "Response" {
        return Err(BadDocument(12_102, format!("root element is <{}>", root.tag_name().name())));
    }
    let mut instructions = Instructions::default();
    for node in root.children().filter(Node::is_element) {
        let verb = verb(node, &mut instructions.warnings)?;
        instructions.verbs.extend(verb);
    }
    Ok(instructions)
}

fn verb(node: Node<'_, '_>, warnings: &mut Vec<(u32, String)>) -> Result<Option<Verb>, BadDocument> {
    let name = node.tag_name().name();
    let Some((_, known)) = ATTRIBUTES.iter().find(|(verb, _)| *verb == name) else {
        warnings.push((12_200, format!("unknown element <{name}>")));
        return Ok(None);
    };
    check_attributes(node, known, warnings);
    let text = || node.text().unwrap_or_default().trim().to_owned();
    let seconds =
        |name: &str, default: u64| Duration::from_secs(number(node, name).map_or(default, u64::from));
    let times = number(node, "loop").unwrap_or(1).max(1);
    Ok(Some(match name {
        "Say" => Verb::Say { words: all_text(node), times },
        "Play" if node.attribute("digits").is_some() => {
            Verb::PlayKeys(node.attribute("digits").unwrap_or_default().to_owned())
        }
        "Play" => Verb::Play { url: text(), times },
        "Pause" => Verb::Pause(seconds("length", 1)),
        "Hangup" | "Leave" => Verb::Hangup,
        "Reject" => Verb::Reject { busy: node.attribute("reason") == Some("busy") },
        "Redirect" => Verb::Redirect(Target { url: text(), get: node.attribute("method") == Some("GET") }),
        "Connect" => Verb::Connect { action: action(node), stream: stream(node, warnings)? },
        "Dial" => dial(node, &text(), seconds("timeout", 30), warnings)?,
        "Gather" => {
            let mut prompts = Vec::new();
            for child in node.children().filter(Node::is_element) {
                prompts.extend(verb(child, warnings)?);
            }
            let digits = number(node, "numDigits").map_or(usize::MAX, |n| n as usize);
            Verb::Gather { action: action(node), timeout: seconds("timeout", 5), digits, prompts }
        }
        "Start" => match node.children().find(|child| child.has_tag_name("Transcription")) {
            Some(noun) => Verb::Transcribe(transcription(noun, warnings)),
            None => Verb::Passed(name.to_owned()),
        },
        other => Verb::Passed(other.to_owned()),
    }))
}

fn stream(node: Node<'_, '_>, warnings: &mut Vec<(u32, String)>) -> Result<StreamNoun, BadDocument> {
    let noun = node
        .children()
        .find(|child| child.has_tag_name("Stream"))
        .ok_or_else(|| BadDocument(12_100, "<Connect> without <Stream> is not simulated".into()))?;
    check_attributes(noun, STREAM_ATTRIBUTES, warnings);
    let mut stream = StreamNoun {
        url: noun.attribute("url").unwrap_or_default().trim().to_owned(),
        name: noun.attribute("name").map(str::to_owned),
        status_callback: noun.attribute("statusCallback").map(|url| Target {
            url: url.to_owned(),
            get: noun.attribute("statusCallbackMethod") == Some("GET"),
        }),
        parameters: Vec::new(),
    };
    for parameter in noun.children().filter(|child| child.has_tag_name("Parameter")) {
        let name = parameter.attribute("name").unwrap_or_default();
        let value = parameter.attribute("value").unwrap_or_default();
        // §1.5: name and value below 500 characters each.
        if name.len() >= 500 || value.len() >= 500 {
            warnings.push((12_200, format!("parameter {name:.20} is too long")));
        }
        stream.parameters.push((name.to_owned(), value.to_owned()));
    }
    Ok(stream)
}

fn transcription(noun: Node<'_, '_>, warnings: &mut Vec<(u32, String)>) -> TranscriptionNoun {
    check_attributes(noun, TRANSCRIPTION_ATTRIBUTES, warnings);
    TranscriptionNoun {
        name: noun.attribute("name").map(str::to_owned),
        callback: noun.attribute("statusCallbackUrl").map(|url| Target {
            url: url.to_owned(),
            get: noun.attribute("statusCallbackMethod") == Some("GET"),
        }),
        partial: noun.attribute("partialResults") == Some("true"),
        language: noun.attribute("languageCode").unwrap_or("en-US").to_owned(),
    }
}

fn dial(
    node: Node<'_, '_>,
    text: &str,
    timeout: Duration,
    warnings: &mut Vec<(u32, String)>,
) -> Result<Verb, BadDocument> {
    if node.children().any(|child| child.has_tag_name("Conference")) {
        return Err(BadDocument(12_100, "<Conference> is not simulated".into()));
    }
    let noun = node.children().find(|child| child.has_tag_name("Number"));
    if let Some(noun) = noun {
        check_attributes(noun, NUMBER_ATTRIBUTES, warnings);
    }
    let number = noun.and_then(|number| number.text()).unwrap_or(text).trim().to_owned();
    // §3: 5 to 600 seconds.
    let timeout = timeout.clamp(Duration::from_secs(5), Duration::from_mins(10));
    Ok(Verb::Dial { action: action(node), timeout, number })
}

fn action(node: Node<'_, '_>) -> Option<Target> {
    let url = node.attribute("action")?.to_owned();
    Some(Target { url, get: node.attribute("method") == Some("GET") })
}

fn number(node: Node<'_, '_>, name: &str) -> Option<u32> {
    node.attribute(name)?.parse().ok()
}

fn all_text(node: Node<'_, '_>) -> String {
    let words: Vec<&str> = node.descendants().filter(Node::is_text).filter_map(|part| part.text()).collect();
    words.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check_attributes(node: Node<'_, '_>, known: &str, warnings: &mut Vec<(u32, String)>) {
    for attribute in node.attributes() {
        // §3: an unknown attribute is 12200, a warning.
        if !known.split(' ').any(|name| name == attribute.name()) {
            let element = node.tag_name().name();
            warnings.push((12_200, format!("unknown attribute {} of <{element}>", attribute.name())));
        }
    }
}

/// 64 KiB, the size limit of a TwiML document.
const LONGEST: usize = 64 * 1024;

/// The verbs and their attributes (PROTOCOLS.md §3).
const ATTRIBUTES: &[(&str, &str)] = &[
    ("Say", "voice loop language"),
    ("Play", "loop digits"),
    ("Pause", "length"),
    ("Hangup", ""),
    ("Leave", ""),
    ("Reject", "reason"),
    ("Redirect", "method"),
    ("Connect", "action method"),
    ("Start", ""),
    ("Stop", ""),
    (
        "Dial",
        "action method timeout hangupOnStar timeLimit callerId record trim recordingStatusCallback \
         recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack recordingConfigurationId \
         answerOnBridge ringTone sequential referUrl referMethod events passports",
    ),
    (
        "Gather",
        "input action method timeout speechTimeout maxSpeechTime profanityFilter finishOnKey numDigits \
         partialResultCallback partialResultCallbackMethod language hints bargeIn debug actionOnEmptyResult \
         speechModel enhanced",
    ),
];
/// The attributes of `<Stream>` (§1.5).
const STREAM_ATTRIBUTES: &str =
    "url name track statusCallback statusCallbackMethod connectorName audioFormat sampleRate";
/// The attributes of `<Transcription>` (§3).
const TRANSCRIPTION_ATTRIBUTES: &str = "name track statusCallbackUrl statusCallbackMethod inboundTrackLabel outboundTrackLabel partialResults \
     languageCode transcriptionEngine profanityFilter speechModel hints enableAutomaticPunctuation \
     intelligenceService enableProviderData conversationConfiguration conversationId";
/// The attributes of `<Number>` (§3).
const NUMBER_ATTRIBUTES: &str = "url method sendDigits statusCallback statusCallbackEvent \
                                 statusCallbackMethod machineDetection amdStatusCallback";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_document_is_read() {
        let text = r#"<?xml version="1.0"?><Response><Connect action="/ended"><Stream url="wss://b/media/t"
            name="baton" statusCallback="https://b/stream"><Parameter name="call" value="a&amp;b"/></Stream>
            </Connect><Dial timeout="20">+14155550111</Dial><Hangup/></Response>"#;
        let instructions = read(text).unwrap();
        assert_eq!(instructions.warnings, []);
        let stream = StreamNoun {
            url: "wss://b/media/t".into(),
            name: Some("baton".into()),
            status_callback: Some(Target { url: "https://b/stream".into(), get: false }),
            parameters: vec![("call".into(), "a&b".into())],
        };
        let action = Some(Target { url: "/ended".into(), get: false });
        let dial =
            Verb::Dial { action: None, timeout: Duration::from_secs(20), number: "+14155550111".into() };
        assert_eq!(instructions.verbs, [Verb::Connect { action, stream }, dial, Verb::Hangup]);
    }

    #[test]
    fn what_cannot_be_followed_has_the_carriers_number() {
        let code = |text| read(text).unwrap_err().0;
        assert_eq!(code(""), 11_770);
        assert_eq!(code("<Response><Say>hello</Response>"), 12_100);
        assert_eq!(code("<html/>"), 12_102);
        let warned = read(r#"<Response><Sing/><Pause seconds="3"/></Response>"#).unwrap();
        assert_eq!(warned.warnings.len(), 2);
        assert_eq!(warned.verbs, [Verb::Pause(Duration::from_secs(1))]);
    }
}
