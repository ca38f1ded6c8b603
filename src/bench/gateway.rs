//! The gateway that is measured: a child process of this very program, Baton or the floor.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::bench::load::Load;
use crate::live::{chance, clock};

/// Which gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `baton serve`.
    Baton,
    /// A bare bridge that does nothing but pass messages on.
    Floor,
}

/// A gateway that runs, until this is dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    folder: Scratch,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What the gateway has used of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Of the processors, since it began.
    pub cpu: Duration,
    /// Of the memory, in bytes.
    pub rss: u64,
}

impl Gateway {
    /// Starts it and waits until it takes calls.
    pub async fn start(
        which: Which,
        under: &[String],
        assistant: SocketAddr,
        load: Load,
    ) -> anyhow::Result<Self> {
        let folder = Scratch(std::env::temp_dir().join(format!("baton-bench-{:032x}", chance::bits())));
        std::fs::create_dir(&folder.0).context("no folder for the gateway could be made")?;
        let address = free_address().await?;
        let program = std::env::current_exe().context("who am I?")?;
        let mut command = match under {
            [] => Command::new(program),
            [watcher, its @ ..] => {
                let mut command = Command::new(watcher);
                command.args(its).arg(program);
                command
            }
        };
        match which {
            Which::Baton => {
                let file = folder.0.join("baton.toml");
                std::fs::write(&file, settings(address, assistant, load, &folder.0))?;
                command.arg("serve").arg("--config").arg(file);
            }
            Which::Floor => {
                command.args(["floor", "--listen", &address.to_string()]);
                command.args(["--assistant", &stream_url(assistant)]);
            }
        }
        for (name, _) in std::env::vars_os() {
            // Settings of whoever measures are not those of what is measured.
            if name.to_string_lossy().starts_with("BATON_") {
                command.env_remove(name);
            }
        }
        let log = std::fs::File::create(folder.0.join(LOG))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the gateway could not be started")?;
        let mut gateway = Self { child, folder, address };
        gateway.ready().await?;
        Ok(gateway)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let client = crate::edge::http::client()?;
        let url = format!("http://{}/readyz", self.address);
        let until = clock::now() + READY_WITHIN;
        loop {
            if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the gateway ended at once ({status}): {}", self.last_words());
            }
            anyhow::ensure!(clock::now() < until, "the gateway is not ready: {}", self.last_words());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What it has used so far.
    pub fn used(&self) -> anyhow::Result<Used> {
        let pid = self.child.id().with_context(|| format!("the gateway died: {}", self.last_words()))?;
        let proc = |name: &str| {
            let file = format!("/proc/{pid}/{name}");
            std::fs::read_to_string(&file).with_context(|| format!("{file} is needed to measure"))
        };
        Ok(Used {
            cpu: cpu(&proc("stat")?).context("/proc/…/stat is not as expected")?,
            rss: rss(&proc("smaps_rollup")?).context("/proc/…/smaps_rollup is not as expected")?,
        })
    }

    /// Ends it in good order, so that whoever watches it can write down what was seen. Asked once, it would wait for its
    /// calls; asked again, it lets go of them.
    pub async fn end(mut self) -> anyhow::Result<()> {
        for patience in [LETS_GO, READY_WITHIN] {
            let Some(pid) = self.child.id() else { return Ok(()) };
            Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await?;
            if let Ok(ended) = tokio::time::timeout(patience, self.child.wait()).await {
                ended?;
                return Ok(());
            }
        }
        anyhow::bail!("the gateway does not end: {}", self.last_words())
    }

    /// The end of what it logged.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.0.join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    }
}

/// User and system time of a process, children not counted.
fn cpu(stat: &str) -> Option<Duration> {
    // The name in parentheses may hold anything; the numbers begin behind it.
    let mut numbers = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = numbers.next()?.parse::<u64>().ok()? + numbers.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * MILLIS_PER_TICK))
}

fn rss(smaps: &str) -> Option<u64> {
    let line = smaps.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

fn settings(listen: SocketAddr, assistant: SocketAddr, load: Load, folder: &Path) -> String {
    let (calls, mood) = (load.calls, load.ears);
    let voice = if load.ears { "ear" } else { "level" };
    // Whoever follows a call has a connection, and so has whoever tells of it.
    let followed = if load.words {
        format!("sockets = {}\noperator_keys = [\"{OPERATOR_KEY}\"]\n", 4 * u32::from(calls) + 64)
    } else {
        String::new()
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "[server]\nlisten = \"{listen}\"\ncalls = {calls}\n{followed}\
         [ear]\nvoice = \"{voice}\"\nmood = {mood}\n\
         [store]\ndata = \"{}\"\n\
         [carrier.twilio]\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\nnumber = \"{LINE}\"\n\
         [assistant]\nstream_url = \"{}\"\n\
         [log]\nlevel = \"warn\"\n",
        folder.join("store").display(),
        stream_url(assistant),
    );
    text
}

fn stream_url(assistant: SocketAddr) -> String {
    format!("ws://{assistant}/assistant")
}

/// An address that nobody listens on, for a child that must be told which.
async fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()
}

/// A folder that is gone when the gateway is.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The account of the load's carrier.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// What it signs with.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The number that the load's prospects dial.
pub const LINE: &str = "+15550100100";

/// The key of whoever tells what is said.
pub const OPERATOR_KEY: &str = "operator-key-of-the-load";

const LOG: &str = "gateway.log";

/// Before it is told a second time to end.
const LETS_GO: Duration = Duration::from_secs(2);

/// A new database on a slow disk is made meanwhile.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Linux counts processor time in hundredths of a second wherever a program can see it (`USER_HZ`).
const MILLIS_PER_TICK: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_process_is_read() {
        let stat = "17 (a name) (x) S 1 17 17 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 4 0 12345 1000 200";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        let smaps = "5600-7fff ---p 00000000 00:00 0 [rollup]\nRss:               12345 kB\nPss: 1 kB\n";
        assert_eq!(rss(smaps), Some(12_345 * 1_024));
        assert_eq!(rss("Pss: 1 kB"), None);
    }

    #[test]
    fn a_baton_of_these_settings_is_ready_to_run() {
        let at = SocketAddr::from(([127, 0, 0, 1], 8080));
        let load = Load { calls: 100, window: Duration::from_secs(1), ears: true, words: true };
        let text = settings(at, at, load, Path::new("/nowhere"));
        let folder = Scratch(std::env::temp_dir().join(format!("baton-bench-{:032x}", chance::bits())));
        std::fs::create_dir(&folder.0).unwrap();
        let file = folder.0.join("baton.toml");
        std::fs::write(&file, text).unwrap();
        let loaded = crate::config::load(Some(&file), std::iter::empty(), &[]).unwrap();
        assert!(crate::config::check::report(&loaded, u64::MAX, Vec::new()).ready);
        assert_eq!(loaded.config.server.calls, 100);
        assert!(loaded.config.ear.mood);
        assert_eq!(loaded.config.server.sockets, 464);
    }
}
