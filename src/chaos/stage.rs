//! The stage of a run: the simulated world, the gateway as a process, and when it was away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::sim::carrier::{CarrierSettings, StaticFallback};
use crate::sim::world::{World, WorldSettings};

use super::books::{self, Snapshot};
use super::gateway::Gateway;
use super::{Chaos, people};

/// Everything that calls are played on.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) folder: PathBuf,
    gateway: tokio::sync::Mutex<Gateway>,
    outages: Mutex<Vec<Outage>>,
    _fallback: StaticFallback,
}

/// A time in which there was no gateway, since the world began.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    /// When it was killed.
    pub(super) from: Duration,
    /// When it took calls again.
    pub(super) until: Duration,
    /// What was written when it was gone.
    pub(super) written: Arc<Snapshot>,
}

impl Outage {
    /// How long it was.
    pub(super) fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

impl Stage {
    /// Starts the world and the gateway, in this folder.
    pub(super) async fn set(chaos: &Chaos, folder: &Path) -> anyhow::Result<Arc<Self>> {
        let carrier = CarrierSettings {
            callbacks_shuffled: true,
            callbacks_doubled: CALLBACKS_DOUBLED,
            calls_per_second: CALLS_PER_SECOND,
            seed: chaos.seed,
            ..CarrierSettings::default()
        };
        let world = World::start(WorldSettings { carrier, assistant: people::assistant() })
            .await
            .context("the simulated world could not start")?;
        // Of six reps four take calls: there is one for each call, and not only such.
        let reps = people::reps(chaos.at_once * 2 + 1, chaos.seed);
        let fallback = StaticFallback::start(&people::fallback(chaos.fallback)).await?;
        let gateway = Gateway::start(&chaos.program, folder, &world, &fallback, &reps).await?;
        for phone in reps {
            world.carrier.install(phone);
        }
        world.point_at_with(&gateway.base(), &fallback);
        Ok(Arc::new(Self {
            world,
            folder: folder.to_owned(),
            gateway: tokio::sync::Mutex::new(gateway),
            outages: Mutex::default(),
            _fallback: fallback,
        }))
    }

    /// Kills the gateway and starts it again after so long; while it is away another kill waits. Says when it was killed.
    pub(super) async fn kill(&self, away: Duration) -> anyhow::Result<Duration> {
        let mut gateway = self.gateway.lock().await;
        let settled = self.outages().last().map(|outage| outage.until + SETTLES);
        if let Some(wait) = settled.and_then(|at| at.checked_sub(self.now())) {
            tokio::time::sleep(wait).await;
        }
        let from = self.now();
        gateway.kill().await?;
        let written = Arc::new(books::snapshot(&self.store()).await?);
        if let Some(rest) = (from + away).checked_sub(self.now()) {
            tokio::time::sleep(rest).await;
        }
        gateway.begin().await?;
        let until = self.now();
        self.lock().push(Outage { from, until, written });
        Ok(from)
    }

    /// Ends the gateway for good.
    pub(super) async fn strike(&self) -> anyhow::Result<()> {
        self.gateway.lock().await.kill().await
    }

    /// When the gateway was away so far.
    pub(super) fn outages(&self) -> Vec<Outage> {
        self.lock().clone()
    }

    /// Since the world began.
    pub(super) fn now(&self) -> Duration {
        self.world.story().elapsed()
    }

    /// The folder of the gateway's store.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Outage>> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As in the journeys: often enough to matter in every call.
const CALLBACKS_DOUBLED: f64 = 0.3;
/// More than the default, so that calls and not the carrier's queue are what is tried.
const CALLS_PER_SECOND: f64 = 5.0;
/// A gateway that is killed again at once shows only that it can be killed at once.
const SETTLES: Duration = Duration::from_secs(3);
