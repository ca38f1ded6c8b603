//! The numbers that an operator sees, of a program of its own: each counts what happened, and nothing else.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use baton::config::{Config, Rep};
use baton::sim::carrier::CarrierSettings;
use baton::sim::world::{World, WorldSettings};

use crate::stage::{PROSPECT, SAM, Stage, patient_prospect, patient_rep, prospect_in_a_hurry, s};

/// `baton serve` as an operator runs it, in a world of its own.
pub(crate) struct Program {
    pub(crate) world: World,
    base: String,
    folder: PathBuf,
    _process: tokio::process::Child,
}

impl Program {
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let settings =
            WorldSettings { carrier: CarrierSettings::default(), assistant: Stage::kind_assistant() };
        let world = World::start(settings).await.unwrap();
        let folder = std::env::temp_dir().join(format!("baton-counted-{:032x}", baton::live::chance::bits()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut config = Config::default();
        // Free a moment ago.
        config.server.listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        config.store.data = folder.display().to_string();
        let twilio = &mut config.carrier.twilio;
        let carrier = world.carrier.settings();
        twilio.account_sid.clone_from(&carrier.account_sid);
        twilio.number.clone_from(&carrier.number);
        world.carrier.api_url().clone_into(&mut twilio.api_url);
        world.assistant.url().clone_into(&mut config.assistant.stream_url);
        config.reps = vec![Rep { name: "sam".into(), phone: SAM.into() }];
        change(&mut config);
        let base = format!("http://{}", config.server.listen);
        std::fs::write(folder.join("baton.toml"), toml::to_string(&config).unwrap()).unwrap();
        let mut process = baton(&["serve"], &folder, &carrier.auth_token);
        let process = process.stderr(Stdio::null()).spawn().unwrap();
        let program = Self { world, base, folder, _process: process };
        program.world.point_at(&program.base);
        for _ in 0..200 {
            if client().get(format!("{}/readyz", program.base)).send().await.is_ok() {
                return program;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program does not listen");
    }

    /// Runs another command with the same settings.
    pub(crate) async fn run(&self, arguments: &[&str]) -> std::process::Output {
        let token = &self.world.carrier.settings().auth_token;
        baton(arguments, &self.folder, token).output().await.unwrap()
    }

    /// The sum of all counts of this name with all of these labels.
    async fn count(&self, name: &str, labels: &[&str]) -> f64 {
        let numbers = client().get(format!("{}/metrics", self.base)).send().await.unwrap();
        let numbers = numbers.text().await.unwrap();
        let lines = numbers.lines().filter(|line| {
            let rest = line.strip_prefix(name).unwrap_or_default();
            rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
        });
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    async fn comes_to(&self, name: &str, labels: &[&str], wish: f64) {
        let mut count = f64::NAN;
        for _ in 0..100 {
            count = self.count(name, labels).await;
            // Counts are whole.
            if (count - wish).abs() < 0.5 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{name} {labels:?} is {count}, not {wish}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program with the settings of this folder; secrets do not stand in its file.
fn baton(arguments: &[&str], folder: &Path, token: &str) -> tokio::process::Command {
    let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_baton"));
    process.args(arguments).arg("--config").arg(folder.join("baton.toml")).kill_on_drop(true);
    process.env("BATON_CARRIER__TWILIO__AUTH_TOKEN", token);
    process
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    baton::edge::http::client().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_of_a_prospect_and_each_refusal_is_counted_once() {
    let program = Program::start(|config| config.server.calls = 1).await;
    for name in
        ["baton_calls_total", "baton_calls_running", "baton_refused_total", "baton_calls_refused_total"]
    {
        program.comes_to(name, &[], 0.0).await;
    }
    let prospect = program.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.is_streaming(s(8)).await);
    program.comes_to("baton_calls_total", &[], 1.0).await;
    program.comes_to("baton_calls_running", &[], 1.0).await;
    program.comes_to("baton_carrier_streams_total", &["event=\"started\""], 1.0).await;

    let second = program.world.prospect_calls("+15550100143", patient_prospect());
    assert!(second.is_over(s(20)).await.is_some(), "there is room for one");
    program.comes_to("baton_calls_refused_total", &["why=\"full\""], 1.0).await;
    let unsigned = client().post(format!("{}/twilio/voice", program.base)).send().await.unwrap();
    assert_eq!(unsigned.status().as_u16(), 403);
    program.comes_to("baton_refused_total", &["door=\"signature\"", "why=\"no signature\""], 1.0).await;

    prospect.hang_up();
    assert!(prospect.is_over(s(8)).await.is_some());
    program.comes_to("baton_calls_running", &[], 0.0).await;
    program.comes_to("baton_carrier_streams_total", &["event=\"stopped\""], 1.0).await;
    program.comes_to("baton_calls_total", &[], 1.0).await;
    program.comes_to("baton_refused_total", &[], 1.0).await;
    program.comes_to("baton_calls_failed_total", &[], 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_of_a_rep_goes_on_with_the_document_that_outlives_baton() {
    let lost = "https://static.example.com/lost.xml";
    let program = Program::start(|config| {
        config.fallback.url = "https://static.example.com/fallback.xml".into();
        config.fallback.rep_url = lost.into();
    })
    .await;
    program.world.rep(SAM, patient_rep());
    let prospect = program.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let rep = program.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    prospect.hang_up();
    assert!(rep.is_over(s(15)).await.is_some());
    let requests = program.world.carrier.requests();
    let created = requests.iter().find(|request| request.path.ends_with("/Calls.json")).unwrap();
    let given = |name: &str| created.form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!((given("FallbackUrl"), given("FallbackMethod")), (Some(lost), Some("GET")));
    let document = crate::twilio_spec::TwilioSpec::load();
    let complaints = document.map(|d| d.judge_request(&created.method, &created.path, &created.form));
    assert_eq!(complaints.unwrap_or_default(), Vec::<String>::new());
}
