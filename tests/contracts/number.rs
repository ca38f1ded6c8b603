//! `baton twilio`, the program, against the simulated carrier's REST API; each request is judged by Twilio's document.

use std::path::PathBuf;
use std::process::Output;

use baton::sim::carrier::{Carrier, CarrierSettings, LineSettings, Network};
use serde_json::Value;

use crate::counted::Program;
use crate::stage::{PROSPECT, patient_prospect, s};
use crate::twilio_spec::TwilioSpec;

/// A carrier, and the settings of a Baton that has its account.
struct Desk {
    carrier: Carrier,
    settings: PathBuf,
}

const FALLBACK: &str = "https://static.example.com/fallback.xml";

impl Desk {
    async fn new(more: &str) -> Self {
        let carrier = CarrierSettings { network: Network::perfect(), ..CarrierSettings::default() };
        let carrier = Carrier::start(carrier).await.unwrap();
        carrier.point_number_at(LineSettings {
            voice_url: "https://demo.twilio.com/welcome/voice/".to_owned(),
            ..LineSettings::default()
        });
        let CarrierSettings { account_sid, auth_token, number, .. } = carrier.settings().clone();
        let twilio = format!(
            "[carrier.twilio]\naccount_sid = {account_sid:?}\nauth_token = {auth_token:?}\nnumber = {number:?}\napi_url = {:?}\n",
            carrier.api_url()
        );
        let settings =
            std::env::temp_dir().join(format!("baton-number-{:032x}.toml", baton::live::chance::bits()));
        std::fs::write(&settings, twilio + more).unwrap();
        Self { carrier, settings }
    }

    async fn baton(&self, arguments: &[&str]) -> Output {
        let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_baton"));
        program.arg("twilio").args(arguments).arg("--config").arg(&self.settings);
        program.kill_on_drop(true).output().await.unwrap()
    }

    /// Which requests were made; each is one that Twilio's own document allows.
    fn requests(&self) -> Vec<String> {
        let requests = self.carrier.requests();
        if let Some(document) = TwilioSpec::load() {
            for request in &requests {
                let complaints = document.judge_request(&request.method, &request.path, &request.form);
                assert!(complaints.is_empty(), "{request:#?}: {complaints:#?}");
            }
        }
        requests.into_iter().map(|request| request.method).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.settings);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn settings(more: &str) -> String {
    format!("[server]\npublic_url = \"https://baton.example.com\"\n{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn our_number_is_shown_first_and_set_up_only_when_told_to() {
    let desk = Desk::new(&settings(&format!("[fallback]\nurl = {FALLBACK:?}\n"))).await;
    let shown = desk.baton(&["setup"]).await;
    assert_eq!(shown.status.code(), Some(3), "{shown:?}");
    let wanted = "https://baton.example.com/twilio/voice#rc=5&ct=2000&rt=10000&tt=14000&rp=all";
    for words in ["https://demo.twilio.com/welcome/voice/", wanted, FALLBACK, "Nothing was changed"] {
        assert!(out(&shown).contains(words), "{words}: {}", out(&shown));
    }
    assert_eq!(desk.requests(), ["GET"], "to look changes nothing");

    let set = desk.baton(&["setup", "--yes", "--json"]).await;
    assert_eq!(set.status.code(), Some(0), "{set:?}");
    let set: Value = serde_json::from_str(&out(&set)).unwrap();
    assert_eq!((&set["changed"], &set["as_wanted"]), (&true.into(), &true.into()));
    assert_eq!(set["was"]["VoiceUrl"], "https://demo.twilio.com/welcome/voice/");
    assert_eq!(set["wanted"]["VoiceUrl"], wanted);
    assert_eq!(set["wanted"]["VoiceFallbackMethod"], "GET");
    assert_eq!(desk.requests(), ["GET", "GET", "POST"]);
    let form = desk.carrier.requests().remove(2).form;
    let given = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(given("VoiceFallbackUrl"), Some(FALLBACK));
    assert!(given("StatusCallback").is_some_and(|url| url.contains("/twilio/status#")));

    let again = desk.baton(&["setup", "--yes"]).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert!(out(&again).contains("as it should be"), "{}", out(&again));
    assert_eq!(desk.requests(), ["GET", "GET", "POST", "GET"], "what is right is not set again");
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_taken_once_the_number_is_set_up() {
    let program = Program::start(|_| {}).await;
    program.world.carrier.point_number_at(LineSettings::default());
    let set = program.run(&["twilio", "setup", "--yes"]).await;
    assert_eq!(set.status.code(), Some(0), "{set:?}");
    let line = program.world.carrier.line();
    assert!(line.voice_url.contains("/twilio/voice#rc=5"), "overrides included: {line:?}");
    let prospect = program.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.is_streaming(s(8)).await, "{:?}", program.world.carrier.notices());
    prospect.hang_up();
    assert!(prospect.is_over(s(8)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_somebody_else_set_is_left_alone_where_we_have_none() {
    let desk = Desk::new(&settings("")).await;
    desk.carrier.point_number_at(LineSettings {
        voice_url: "https://old.example.com/".to_owned(),
        fallback_url: Some("https://theirs.example.com/".to_owned()),
        ..LineSettings::default()
    });
    let set = desk.baton(&["setup", "--yes"]).await;
    assert_eq!(set.status.code(), Some(0), "{set:?}");
    assert!(out(&set).contains("fallback.url is empty"), "{}", out(&set));
    let form = desk.carrier.requests().remove(1).form;
    assert!(form.iter().all(|(name, _)| !name.starts_with("VoiceFallback")), "{form:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_number_from_being_set_up_is_said() {
    let desk = Desk::new(&settings("")).await;
    let text = std::fs::read_to_string(&desk.settings).unwrap();
    let with = async |from: &str, to: &str| {
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(&desk.settings, text.replace(from, to)).unwrap();
        let output = desk.baton(&["setup", "--yes"]).await;
        (output.status.code(), err(&output))
    };
    let (code, words) = with("auth_token = \"0123", "auth_token = \"9999").await;
    assert_eq!(code, Some(1));
    assert!(words.contains("does not know these credentials") && words.contains("401"), "{words}");
    assert!(!words.contains("9999"), "promise 8: {words}");
    let (code, words) = with("+14155550100", "+14155550199").await;
    assert_eq!(code, Some(1));
    assert!(words.contains("+14155550199 was not found"), "{words}");
    let (code, words) = with("number = \"+14155550100\"", "number = \"\"").await;
    assert_eq!(code, Some(64));
    assert!(words.contains("carrier.twilio.number is missing"), "{words}");
    let api = desk.carrier.api_url().to_owned();
    let (code, words) = with(&api, "http://127.0.0.1:9").await;
    assert_eq!(code, Some(1));
    assert!(words.contains("could not be asked"), "{words}");
    assert_eq!(desk.requests(), ["GET", "GET"], "and nothing was changed");

    // A real carrier is never pointed at nowhere, nor at an open line: it is not even asked.
    for (public, words) in [("", "server.public_url is missing"), ("http://b.example.com", "https://")] {
        let elsewhere =
            text.replace(&api, "https://api.example.invalid").replace("https://baton.example.com", public);
        std::fs::write(&desk.settings, elsewhere).unwrap();
        let output = desk.baton(&["setup", "--yes"]).await;
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(err(&output).contains(words), "{}", err(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_that_outlives_baton_dials_or_speaks_and_names_nothing_of_ours() {
    let desk =
        Desk::new(&settings("[fallback]\nnumber = \"+14155550199\"\nwords = \"call <again> later\"\n")).await;
    let prospects = out(&desk.baton(&["fallback"]).await);
    let document = roxmltree::Document::parse(prospects.trim()).unwrap();
    let verbs: Vec<_> = document.root_element().children().map(|verb| verb.tag_name().name()).collect();
    assert_eq!(verbs, ["Dial", "Say", "Hangup"]);
    let dial = document.root_element().first_element_child().unwrap();
    assert_eq!(dial.attribute("callerId"), Some("+14155550100"));
    assert_eq!(dial.first_element_child().unwrap().text(), Some("+14155550199"));
    assert!(prospects.contains("call &lt;again&gt; later"), "{prospects}");
    let reps = out(&desk.baton(&["fallback", "--rep"]).await);
    assert!(reps.contains("this call was lost") && !reps.contains("Dial"), "{reps}");
    for document in [prospects, reps] {
        assert!(!document.contains("baton.example.com"), "it must not need us: {document}");
    }
    let mute = Desk::new(&settings("")).await;
    let spoken = out(&mute.baton(&["fallback"]).await);
    assert!(spoken.contains("<Say>We are sorry") && spoken.contains("<Hangup/>"), "{spoken}");
}
