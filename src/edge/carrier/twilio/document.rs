//! What the assistant's own voice webhook answered: where its stream is, and what else it wants done before and after.
//!
//! The assistant believes that it talks to the carrier. Baton stands between the two, so every URL of the document is made
//! absolute against where it came from: what is passed on to the carrier then leads back to the assistant, not to us.

use std::collections::BTreeMap;
use std::fmt;

use roxmltree::{Node, ParsingOptions};
use url::Url;

use super::twiml::{Method, Verbs, put_attribute, put_text};

/// A document, by what it does with the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// It gives the call to an assistant.
    Stream {
        /// What it wants done first.
        before: Verbs,
        /// The assistant.
        stream: AssistantStream,
        /// What it wants done when the assistant has finished.
        after: After,
    },
    /// It sends the carrier to another document.
    Redirect {
        /// What it wants done first; mostly nothing, and then the redirect can be followed at once.
        before: Verbs,
        /// The other document.
        url: String,
        /// How to ask for it.
        method: Method,
    },
    /// It has no assistant that streams: for the carrier to perform as it is.
    Other(Verbs),
}

/// The assistant's websocket. Prints no values of parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct AssistantStream {
    /// Where to connect: `ws://` or `wss://`.
    pub url: String,
    /// What its first message must repeat.
    pub parameters: BTreeMap<String, String>,
}

impl fmt::Debug for AssistantStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssistantStream")
            .field("url", &self.url)
            .field("parameters", &self.parameters.keys())
            .finish()
    }
}

/// What follows when the assistant closes its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Ask this URL.
    Action {
        /// Absolute.
        url: String,
        /// How.
        method: Method,
    },
    /// Perform the verbs that follow.
    Verbs(Verbs),
    /// The call ends.
    Nothing,
}

/// Why a document cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There is nothing in it.
    #[error("empty document")]
    Empty,
    /// The carrier would not take it either (11750).
    #[error("document of more than {MAX_DOCUMENT} bytes")]
    TooLarge,
    /// It cannot be parsed.
    #[error("document is not XML: {0}")]
    NotXml(roxmltree::Error),
    /// It is XML, but not for the carrier.
    #[error("document's root is not <Response>")]
    NotResponse,
    /// No document for the carrier nests like this.
    #[error("document nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// It names a stream without saying where.
    #[error("<Stream> without a url")]
    StreamWithoutUrl,
    /// It names a stream where no websocket can be.
    #[error("<Stream> with a url that is no websocket's")]
    StreamUrl,
}

/// Reads the document that came from this URL.
pub fn read(xml: &str, source: &Url) -> Result<Document, DocumentError> {
    let xml = xml.trim_start_matches('\u{feff}').trim();
    if xml.is_empty() {
        return Err(DocumentError::Empty);
    }
    if xml.len() > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge);
    }
    let declared = with_prefixes_declared(xml)?;
    let parsed = parse(&declared)?;
    let response = parsed.root_element();
    if response.tag_name().name() != "Response" {
        return Err(DocumentError::NotResponse);
    }
    if deeper_than(response, MAX_DEPTH) {
        return Err(DocumentError::TooDeep);
    }
    let verbs: Vec<Node<'_, '_>> = response.children().filter(Node::is_element).collect();
    for (place, verb) in verbs.iter().enumerate() {
        let before = || serialized(&verbs[..place], source);
        match verb.tag_name().name() {
            "Redirect" => {
                let url = absolute(source, &text_of(*verb));
                return Ok(Document::Redirect { before: before(), url, method: method_of(*verb) });
            }
            "Connect" => {
                let nouns = verb.children();
                let Some(stream) = nouns.filter(Node::is_element).find(|n| n.tag_name().name() == "Stream")
                else {
                    continue;
                };
                let stream = read_stream(stream, source)?;
                let after = match verb.attribute("action") {
                    Some(action) => After::Action { url: absolute(source, action), method: method_of(*verb) },
                    None if verbs.len() == place + 1 => After::Nothing,
                    None => After::Verbs(serialized(&verbs[place + 1..], source)),
                };
                return Ok(Document::Stream { before: before(), stream, after });
            }
            _ => {}
        }
    }
    Ok(Document::Other(serialized(&verbs, source)))
}

fn read_stream(stream: Node<'_, '_>, source: &Url) -> Result<AssistantStream, DocumentError> {
    let given = stream.attribute("url").map(str::trim).filter(|url| !url.is_empty());
    let url = as_websocket(absolute(source, given.ok_or(DocumentError::StreamWithoutUrl)?));
    let parsed = Url::parse(&url).map_err(|_| DocumentError::StreamUrl)?;
    if !matches!(parsed.scheme(), "ws" | "wss") || !parsed.has_host() {
        return Err(DocumentError::StreamUrl);
    }
    let parameters = stream.children().filter(|child| child.tag_name().name() == "Parameter");
    let pairs = parameters.filter_map(|parameter| {
        let value = parameter.attribute("value").unwrap_or_default();
        parameter.attribute("name").map(|name| (name.to_owned(), value.to_owned()))
    });
    Ok(AssistantStream { url, parameters: pairs.collect() })
}

fn method_of(verb: Node<'_, '_>) -> Method {
    let get = verb.attribute("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("get"));
    if get { Method::Get } else { Method::Post }
}

/// The URL as seen from where the document came from. One that is absolute already stays to the letter: it may be signed.
fn absolute(source: &Url, url: &str) -> String {
    let url = url.trim();
    if Url::parse(url).is_ok() {
        return url.to_owned();
    }
    source.join(url).map_or_else(|_| url.to_owned(), Into::into)
}

fn as_websocket(url: String) -> String {
    for (http, ws) in [("https://", "wss://"), ("http://", "ws://")] {
        if url.get(..http.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(http)) {
            return format!("{ws}{}", &url[http.len()..]);
        }
    }
    url
}

fn serialized(verbs: &[Node<'_, '_>], source: &Url) -> Verbs {
    let mut into = String::new();
    for verb in verbs {
        put_element(&mut into, *verb, source);
    }
    Verbs(into)
}

fn put_element(into: &mut String, node: Node<'_, '_>, source: &Url) {
    let local = node.tag_name().name();
    let name = with_prefix(node, node.tag_name().namespace(), local);
    into.push('<');
    into.push_str(&name);
    for attribute in node.attributes() {
        let value = attribute_seen_from(source, local, attribute.name(), attribute.value());
        put_attribute(into, &with_prefix(node, attribute.namespace(), attribute.name()), &value);
    }
    if ASK_THEMSELVES.contains(&local) && !node.has_attribute("action") {
        put_attribute(into, "action", &absolute(source, ""));
    }
    into.push('>');
    if HOLD_A_URL.contains(&local) {
        let url = text_of(node);
        if !url.is_empty() || local == "Redirect" {
            put_text(into, &absolute(source, &url));
        }
    } else {
        for child in node.children() {
            if child.is_element() {
                put_element(into, child, source);
            } else if child.is_text() {
                put_text(into, child.text().unwrap_or_default());
            }
        }
    }
    into.push_str("</");
    into.push_str(&name);
    into.push('>');
}

fn attribute_seen_from(source: &Url, element: &str, name: &str, value: &str) -> String {
    // Every attribute that holds a URL is called one of these. An empty action is the document itself; any other empty
    // URL is the absence of one: `waitUrl=""` is silence.
    let holds_a_url = matches!(name, "action" | "url") || name.ends_with("Url") || name.ends_with("Callback");
    if !holds_a_url || (name != "action" && value.trim().is_empty()) {
        return value.to_owned();
    }
    let url = absolute(source, value);
    if name == "url" && HEARD_OVER_WEBSOCKETS.contains(&element) { as_websocket(url) } else { url }
}

fn with_prefix(node: Node<'_, '_>, namespace: Option<&str>, local: &str) -> String {
    match namespace.and_then(|namespace| node.lookup_prefix(namespace)) {
        Some(prefix) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}

fn text_of(node: Node<'_, '_>) -> String {
    let text: String = node.children().filter_map(|child| child.text()).collect();
    text.trim().to_owned()
}

fn deeper_than(node: Node<'_, '_>, levels: usize) -> bool {
    levels == 0 || node.children().filter(Node::is_element).any(|child| deeper_than(child, levels - 1))
}

/// The document with every prefix declared that it uses: the carrier takes `<amazon:effect>` as it is, XML does not.
fn with_prefixes_declared(xml: &str) -> Result<String, DocumentError> {
    let mut declared = xml.to_owned();
    for _ in 0..MAX_PREFIXES {
        let prefix = match parse(&declared) {
            Err(DocumentError::NotXml(roxmltree::Error::UnknownNamespace(prefix, _))) => prefix,
            Err(error) => return Err(error),
            Ok(_) => return Ok(declared),
        };
        let Some(root) = declared.find(ROOT) else { return Ok(declared) };
        declared.insert_str(root + ROOT.len(), &format!(" xmlns:{prefix}=\"urn:undeclared:{prefix}\""));
    }
    Ok(declared)
}

fn parse(xml: &str) -> Result<roxmltree::Document<'_>, DocumentError> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    roxmltree::Document::parse_with_options(xml, options).map_err(DocumentError::NotXml)
}

/// How a document for the carrier begins, declarations apart.
const ROOT: &str = "<Response";

/// Elements whose text is a URL.
const HOLD_A_URL: [&str; 2] = ["Play", "Redirect"];

/// Verbs that ask for the document they stand in, when nothing else is said
/// (<https://www.twilio.com/docs/voice/twiml/gather#action>, <https://www.twilio.com/docs/voice/twiml/record#action>).
const ASK_THEMSELVES: [&str; 2] = ["Gather", "Record"];

/// Elements whose `url` is a websocket.
const HEARD_OVER_WEBSOCKETS: [&str; 2] = ["Stream", "ConversationRelay"];

/// The carrier's own limit for a document, in bytes (<https://www.twilio.com/docs/api/errors/11750>).
pub const MAX_DOCUMENT: usize = 64 * 1_024;

/// Levels below the root: Gather > Say > half a dozen of SSML is the deepest that is documented, and twice that.
pub const MAX_DEPTH: usize = 16;

/// Elements, texts and comments: a document of [`MAX_DOCUMENT`] in which every one has 8 bytes.
const MAX_NODES: u32 = 8 * 1_024;

/// Prefixes used without a declaration: `amazon:` and `google:` are known, and twice that.
const MAX_PREFIXES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(verbs: &str) -> Result<Document, DocumentError> {
        let source = Url::parse("https://agent.example/voice/in?x=1").unwrap();
        super::read(&format!("<?xml version=\"1.0\"?>\n<Response>{verbs}</Response>"), &source)
    }

    fn passed_on(verbs: &str) -> String {
        match read(verbs).unwrap() {
            Document::Other(verbs) => verbs.as_str().to_owned(),
            other => panic!("{other:?} was not to be passed on"),
        }
    }

    fn stream(url: &str, parameters: &[(&str, &str)]) -> AssistantStream {
        let parameters = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        AssistantStream { url: url.to_owned(), parameters }
    }

    fn verbs(xml: &str) -> Verbs {
        Verbs(xml.to_owned())
    }

    #[test]
    fn an_assistants_stream_is_found() {
        let document = read(
            "<!-- hello --><Connect>
                <Stream url='wss://agent.example/media?k=v'>
                    <Parameter name='from' value='&lt;+1&gt; &amp; &quot;co&quot;'/>
                    <Parameter name='empty'/><Parameter value='nameless'/>
                </Stream>
            </Connect>",
        );
        assert_eq!(
            document,
            Ok(Document::Stream {
                before: Verbs::default(),
                stream: stream("wss://agent.example/media?k=v", &[("from", "<+1> & \"co\""), ("empty", "")]),
                after: After::Nothing,
            })
        );
        assert!(!format!("{document:?}").contains("+1"), "a parameter's value was printed");
    }

    #[test]
    fn what_comes_before_and_after_is_kept_with_absolute_urls() {
        let document = read(
            "<Say voice=\"x\">Tom &amp; <![CDATA[<Ann>]]></Say><Play>/hi.mp3</Play>
             <Start><Stream url=\"/fork\" statusCallback=\"../s\"/></Start>
             <Connect><Stream url=\"media\"/></Connect>
             <Dial action=\"done?a=1&amp;b=2\"><Number statusCallback=\"https://Other.example\">+1</Number></Dial>
             <Redirect>again</Redirect>",
        );
        assert_eq!(
            document,
            Ok(Document::Stream {
                before: verbs(
                    "<Say voice=\"x\">Tom &amp; &lt;Ann&gt;</Say><Play>https://agent.example/hi.mp3</Play>\
                     <Start><Stream url=\"wss://agent.example/fork\" statusCallback=\"https://agent.example/s\">\
                     </Stream></Start>"
                ),
                stream: stream("wss://agent.example/voice/media", &[]),
                after: After::Verbs(verbs(
                    "<Dial action=\"https://agent.example/voice/done?a=1&amp;b=2\">\
                     <Number statusCallback=\"https://Other.example\">+1</Number></Dial>\
                     <Redirect>https://agent.example/voice/again</Redirect>"
                )),
            })
        );
    }

    #[test]
    fn an_action_is_asked_rather_than_falling_through() {
        for (attributes, url, method) in [
            ("action='/ended'", "https://agent.example/ended", Method::Post),
            ("action='ended' method='get'", "https://agent.example/voice/ended", Method::Get),
            ("action=''", "https://agent.example/voice/in?x=1", Method::Post),
        ] {
            let document = read(&format!(
                "<Connect {attributes}><Stream url='wss://a.example'/></Connect><Say>not reached</Say>"
            ));
            let Ok(Document::Stream { after, .. }) = document else { panic!("{document:?}") };
            assert_eq!(after, After::Action { url: url.to_owned(), method }, "{attributes}");
        }
    }

    #[test]
    fn a_stream_is_always_a_websocket() {
        for (url, made) in [
            ("/media", "wss://agent.example/media"),
            ("//other.example/media", "wss://other.example/media"),
            ("https://Other.example/m", "wss://Other.example/m"),
            ("HTTP://other.example", "ws://other.example"),
            ("wss://other.example:8443/m/", "wss://other.example:8443/m/"),
        ] {
            let document = read(&format!("<Connect><Stream url=' {url} '/></Connect>"));
            let Ok(Document::Stream { stream, .. }) = document else { panic!("{url}: {document:?}") };
            assert_eq!(stream.url, made);
        }
        for (attributes, error) in [
            ("", DocumentError::StreamWithoutUrl),
            ("url='ftp://a.example/'", DocumentError::StreamUrl),
            ("url='wss://'", DocumentError::StreamUrl),
        ] {
            assert_eq!(
                read(&format!("<Connect><Stream {attributes}/></Connect>")),
                Err(error),
                "{attributes}"
            );
        }
        let plain = Url::parse("http://localhost:9000/voice").unwrap();
        let local =
            super::read("\u{feff}\n<Response><Connect><Stream url='/m'/></Connect></Response>", &plain);
        assert!(
            matches!(local, Ok(Document::Stream { stream, .. }) if stream.url == "ws://localhost:9000/m")
        );
    }

    #[test]
    fn a_redirect_is_reported_with_what_stands_before_it() {
        assert_eq!(
            read("<Redirect method='GET'> ../next?a=1&amp;b=2 </Redirect><Connect><Stream/></Connect>"),
            Ok(Document::Redirect {
                before: Verbs::default(),
                url: "https://agent.example/next?a=1&b=2".into(),
                method: Method::Get
            })
        );
        assert_eq!(
            read("<Pause/><Redirect/>"),
            Ok(Document::Redirect {
                before: verbs("<Pause></Pause>"),
                url: "https://agent.example/voice/in?x=1".into(),
                method: Method::Post
            })
        );
    }

    #[test]
    fn a_document_without_a_stream_is_passed_on_whole() {
        assert_eq!(
            passed_on("<Connect action='c'><ConversationRelay url='/relay'/></Connect><Hangup/>"),
            "<Connect action=\"https://agent.example/voice/c\"><ConversationRelay \
             url=\"wss://agent.example/relay\"></ConversationRelay></Connect><Hangup></Hangup>"
        );
        assert_eq!(
            passed_on(
                "<Dial><Conference waitUrl='' statusCallback='/c' eventCallbackUrl='e' participantLabel='/x'>r</Conference></Dial>"
            ),
            "<Dial><Conference waitUrl=\"\" statusCallback=\"https://agent.example/c\" \
             eventCallbackUrl=\"https://agent.example/voice/e\" participantLabel=\"/x\">r</Conference></Dial>"
        );
        assert_eq!(passed_on("<Play digits='1w2'/>"), "<Play digits=\"1w2\"></Play>");
    }

    #[test]
    fn verbs_that_ask_for_their_own_document_ask_the_assistant() {
        assert_eq!(
            passed_on("<Gather input='dtmf'><Play>a.mp3</Play></Gather><Record action='r'/>"),
            "<Gather input=\"dtmf\" action=\"https://agent.example/voice/in?x=1\">\
             <Play>https://agent.example/voice/a.mp3</Play></Gather>\
             <Record action=\"https://agent.example/voice/r\"></Record>"
        );
    }

    #[test]
    fn speech_markup_survives_declared_or_not() {
        let speech = "<Say><amazon:effect name=\"whispered\">a</amazon:effect> <google:style>b</google:style>\
                      <lang xml:lang=\"fr-FR\">c</lang></Say>";
        assert_eq!(passed_on(speech), speech);
        assert!(matches!(read("<a:a/><b:b/><c:c/><d:d/><e:e/>"), Err(DocumentError::NotXml(_))));
    }

    #[test]
    fn what_cannot_be_followed_says_why() {
        let source = Url::parse("https://agent.example/").unwrap();
        let fails = |xml: &str| super::read(xml, &source).unwrap_err();
        assert_eq!(fails(" \n"), DocumentError::Empty);
        assert_eq!(fails("<html><Response/></html>"), DocumentError::NotResponse);
        assert_eq!(fails(&"x".repeat(MAX_DOCUMENT + 1)), DocumentError::TooLarge);
        let deep =
            |levels: usize| format!("<Response>{}{}</Response>", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(super::read(&deep(MAX_DEPTH - 1), &source).is_ok());
        assert_eq!(fails(&deep(MAX_DEPTH)), DocumentError::TooDeep);
        for xml in [
            "hello",
            "<Response>",
            "<Response><Say>a & b</Say></Response>",
            "<Response><Say>&nbsp;</Say></Response>",
            "<!DOCTYPE r [<!ENTITY a 'b'>]><Response>&a;</Response>",
            "<!-- <Response --><x:y/>",
            &"<a>".repeat(MAX_DOCUMENT / 3),
            &"<a/>".repeat(MAX_DOCUMENT / 4),
        ] {
            assert!(matches!(fails(xml), DocumentError::NotXml(_)), "{}", &xml[..xml.len().min(60)]);
        }
    }

    #[test]
    fn what_is_passed_on_is_read_again_as_the_same() {
        let once = passed_on("<Say a='&#10;&lt;\"'>x &lt; y<!-- c --> &amp;amp;</Say><Gather action='g'/>");
        assert_eq!(passed_on(&once), once);
    }
}
