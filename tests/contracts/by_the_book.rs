//! A whole handoff, judged: each REST request by Twilio's own document, each document of ours by the attributes of
//! PROTOCOLS.md §3.

use baton::edge::carrier::twilio::signature::sign;
use baton::handoff::Phrase;

use crate::stage::{PROSPECT, SAM, Stage, prospect_who_wants_a_person, rep_who_presses, s};
use crate::twilio_spec::TwilioSpec;

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_asks_of_the_carrier_only_what_its_documents_allow() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_who_wants_a_person());
    let rep = stage.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    assert!(
        prospect.hears(stage.clip(Phrase::Introduction), s(40)).await.is_some(),
        "the two are introduced"
    );
    prospect.hang_up();
    assert!(rep.is_over(s(15)).await.is_some(), "the rep is let go");
    assert!(stage.record().await.end.is_some());

    let requests = stage.world.carrier.requests();
    assert!(requests.iter().any(|request| request.path.ends_with("/Calls.json")), "{requests:#?}");
    if let Some(document) = TwilioSpec::load() {
        for request in &requests {
            let complaints = document.judge_request(&request.method, &request.path, &request.form);
            assert!(complaints.is_empty(), "{request:#?}: {complaints:#?}");
        }
    }
    let inline = requests.iter().flat_map(|request| &request.form).filter(|(name, _)| name == "Twiml");
    for (_, document) in inline {
        judge(document);
        assert!(document.chars().count() <= INLINE_AT_MOST, "§3: an inline document has a limit");
    }

    for (path, form) in [
        ("/twilio/voice", vec![("CallSid", OTHER_CALL), ("Direction", "inbound"), ("From", PROSPECT)]),
        ("/twilio/connect-ended", vec![("CallSid", OTHER_CALL)]),
        ("/twilio/connect-ended", vec![("CallSid", prospect.sid())]),
        ("/twilio/fallback-ended", vec![("CallSid", OTHER_CALL), ("DialCallStatus", "no-answer")]),
    ] {
        judge(&ask(&stage, path, &form).await);
    }
    let unread: Vec<_> =
        stage.world.carrier.notices().into_iter().filter(|n| (11_750..=13_999).contains(&n.code)).collect();
    assert!(unread.is_empty(), "the carrier followed what Baton answered: {unread:#?}");
    stage.close().await;
}

/// What Baton answers a webhook of the carrier's.
async fn ask(stage: &Stage, path: &str, form: &[(&str, &str)]) -> String {
    let url = format!("{}{path}", stage.base);
    let settings = stage.world.carrier.settings();
    let mut owned: Vec<(String, String)> =
        form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    owned.push(("AccountSid".to_owned(), settings.account_sid.clone()));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&owned).finish();
    let answer = baton::edge::http::client()
        .unwrap()
        .post(&url)
        .header("X-Twilio-Signature", sign(&settings.auth_token, &url, &owned))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/xml") || kind.starts_with("application/xml"), "{path}: {kind}");
    answer.text().await.unwrap()
}

/// Parses, begins with `<Response>`, and uses nothing that the carrier does not know.
fn judge(document: &str) {
    let parsed = roxmltree::Document::parse(document).unwrap_or_else(|error| panic!("{error}: {document}"));
    assert_eq!(parsed.root_element().tag_name().name(), "Response", "{document}");
    for node in parsed.root_element().descendants().filter(roxmltree::Node::is_element).skip(1) {
        let parent = node.parent_element().expect("the root was skipped").tag_name().name();
        let name = node.tag_name().name();
        let known = KNOWN.iter().find(|(within, verb, _)| *within == parent && *verb == name);
        let (_, _, attributes) = known.unwrap_or_else(|| panic!("<{name}> within <{parent}>: {document}"));
        for attribute in node.attributes() {
            assert!(
                attributes.split(' ').any(|known| known == attribute.name()),
                "{}: {document}",
                attribute.name()
            );
            // §3: action URLs must be absolute when the document comes by REST.
            if ["action", "url", "statusCallback"].contains(&attribute.name()) {
                url::Url::parse(attribute.value()).unwrap_or_else(|error| panic!("{error}: {document}"));
            }
        }
    }
}

/// PROTOCOLS.md §1.5 and §3: what stands within what, with which attributes.
const KNOWN: &[(&str, &str, &str)] = &[
    ("Response", "Say", "voice loop language"),
    ("Response", "Play", "loop digits"),
    ("Response", "Pause", "length"),
    ("Response", "Hangup", ""),
    ("Response", "Redirect", "method"),
    ("Response", "Connect", "action method"),
    ("Connect", "Stream", "url name track statusCallback statusCallbackMethod"),
    ("Stream", "Parameter", "name value"),
    (
        "Response",
        "Dial",
        "action method timeout hangupOnStar timeLimit callerId record trim answerOnBridge ringTone sequential",
    ),
    ("Dial", "Number", "url method sendDigits statusCallback statusCallbackEvent statusCallbackMethod"),
];

/// §3: the longest `Twiml` of a REST request.
const INLINE_AT_MOST: usize = 4_000;

/// A call that the carrier never placed.
const OTHER_CALL: &str = "CA000000000000000000000000000000ff";
