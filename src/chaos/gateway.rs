//! The gateway as a process of its own: started, killed with -9, started again with the same folder and address.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};

use crate::live::clock;
use crate::sim::carrier::StaticFallback;
use crate::sim::person::Phone;
use crate::sim::world::World;

use super::people::CANNOT_TAKE;

/// The gateway: its program, its folder, and the process while there is one.
#[derive(Debug)]
pub(super) struct Gateway {
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    log: File,
    running: Option<Child>,
    client: reqwest::Client,
}

impl Gateway {
    /// Writes its settings and starts it for the first time.
    pub(super) async fn start(
        program: &Path,
        folder: &Path,
        world: &World,
        fallback: &StaticFallback,
        reps: &[Phone],
    ) -> anyhow::Result<Self> {
        // Asked for and given back: the gateway takes it in a moment, and again after each kill.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        std::fs::write(folder.join(SETTINGS), settings(address, folder, world, fallback, reps))
            .context("the gateway's settings cannot be written")?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG))?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build()?;
        let mut gateway = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            address,
            log,
            running: None,
            client,
        };
        gateway.begin().await?;
        Ok(gateway)
    }

    /// Where it listens, as a URL.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts the process and waits until it is ready to take calls.
    pub(super) async fn begin(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BATON_"))
        {
            command.env_remove(name);
        }
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(self.folder.join(SETTINGS))
            .stdin(Stdio::null())
            .stdout(self.log.try_clone()?)
            .stderr(self.log.try_clone()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))?;
        let child = self.running.insert(child);
        let ready = format!("http://{}/readyz", self.address);
        let deadline = clock::now() + READY_WITHIN;
        while !self.client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("the gateway ended by itself ({status}); its log says why");
            }
            anyhow::ensure!(clock::now() < deadline, "the gateway was not ready within {READY_WITHIN:?}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.take() {
            anyhow::ensure!(child.try_wait()?.is_none(), "the gateway had ended before it was killed");
            child.kill().await.context("the gateway cannot be killed")?;
        }
        Ok(())
    }
}

fn settings(
    address: SocketAddr,
    folder: &Path,
    world: &World,
    fallback: &StaticFallback,
    reps: &[Phone],
) -> String {
    let carrier = world.carrier.settings();
    let data = folder.join("store").display().to_string();
    let mut toml = String::new();
    for (table, settings) in [
        ("server", &[("listen", address.to_string().as_str())][..]),
        ("store", &[("data", &data)]),
        (
            "carrier.twilio",
            &[
                ("account_sid", &carrier.account_sid),
                ("auth_token", &carrier.auth_token),
                ("number", &carrier.number),
                ("api_url", world.carrier.api_url()),
            ],
        ),
        ("assistant", &[("stream_url", world.assistant.url())]),
        // The reps' calls have the same document as the number: it asks again what failed, whoever's it was.
        ("fallback", &[("words", CANNOT_TAKE), ("url", fallback.url())]),
    ] {
        let _ = writeln!(toml, "[{table}]");
        for (key, value) in settings {
            let _ = writeln!(toml, "{key} = {value:?}");
        }
    }
    for rep in reps {
        let _ = writeln!(toml, "[[reps]]\nname = {:?}\nphone = {:?}", rep.person.name, rep.number);
    }
    toml
}

const SETTINGS: &str = "baton.toml";
const LOG: &str = "gateway.log";
/// The promise is about five seconds; a loaded machine gets more, and the report says how long it took.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Often enough to know within a frame or two.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
