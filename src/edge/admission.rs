//! Whether another call may come in at all: not while Baton stops, and not when memory runs short. Whoever is turned
//! away here goes to the fallback, before those who are in would suffer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::edge::machine::Machine;
use crate::live::clock;

/// Whether another call may come in.
#[derive(Debug)]
pub struct Admission {
    closed: AtomicBool,
    machine: Machine,
    /// In bytes; none where nobody knows.
    memory: Option<u64>,
    looked: Mutex<Option<(Instant, bool)>>,
}

/// Why no call may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// Baton stops.
    #[error("shutting down")]
    ShuttingDown,
    /// As much memory is in use as may be.
    #[error("memory")]
    Memory,
}

impl Admission {
    /// Lets calls in while less than so many bytes are resident; 0: four fifths of what there is.
    pub fn new(machine: Machine, memory: u64) -> Self {
        let memory = match memory {
            0 => machine.memory().map(|all| all / 5 * 4),
            set => Some(set),
        };
        Self { closed: AtomicBool::new(false), machine, memory, looked: Mutex::default() }
    }

    /// Whether another call may come in; who may not is counted.
    pub fn admits(&self) -> Result<(), Shut> {
        let shut = if self.is_closed() {
            Shut::ShuttingDown
        } else if self.is_short_of_memory() {
            Shut::Memory
        } else {
            return Ok(());
        };
        metrics::counter!("baton_calls_refused_total", "why" => shut.to_string()).increment(1);
        Err(shut)
    }

    /// From now on nobody comes in.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether Baton stops.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn is_short_of_memory(&self) -> bool {
        let Some(memory) = self.memory else { return false };
        let now = clock::now();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, short)) = *looked
            && now.saturating_duration_since(at) < LOOK
        {
            return short;
        }
        let resident = self.machine.resident();
        let short = resident.is_some_and(|resident| resident >= memory);
        *looked = Some((now, short));
        if let Some(resident) = resident {
            metrics::gauge!("baton_resident_bytes").set(resident as f64);
        }
        short
    }
}

/// Memory does not run out faster than this by calls, and a hundred calls a second need not look each.
const LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::machine::tests::Paper;

    fn resident(mib: u64) -> String {
        format!("VmRSS:\t{} kB\n", mib * 1024)
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_no_call_comes_in_when_memory_runs_short_and_the_next_one_does_when_it_is_free_again() {
        let paper =
            Paper::new(&[("proc/meminfo", "MemTotal: 1024000 kB\n"), ("proc/self/status", &resident(799))]);
        let admission = Admission::new(paper.machine.clone(), 0);
        assert_eq!(admission.admits(), Ok(()));
        paper.write("proc/self/status", &resident(801));
        assert_eq!(admission.admits(), Ok(()), "it looks once a second");
        tokio::time::advance(LOOK).await;
        assert_eq!(admission.admits(), Err(Shut::Memory));
        paper.write("proc/self/status", &resident(700));
        tokio::time::advance(LOOK).await;
        assert_eq!(admission.admits(), Ok(()));
    }

    #[tokio::test]
    async fn a_limit_that_is_set_counts_and_where_nothing_is_known_nobody_is_turned_away() {
        let paper = Paper::new(&[("proc/self/status", &resident(64))]);
        assert_eq!(Admission::new(paper.machine.clone(), 64 << 20).admits(), Err(Shut::Memory));
        assert_eq!(Admission::new(paper.machine.clone(), 65 << 20).admits(), Ok(()));
        assert_eq!(Admission::new(Paper::new(&[]).machine.clone(), 0).admits(), Ok(()));
    }

    #[tokio::test]
    async fn nobody_comes_in_while_baton_stops() {
        let admission = Admission::new(Machine::default(), 0);
        assert_eq!((admission.admits(), admission.is_closed()), (Ok(()), false));
        admission.close();
        assert_eq!((admission.admits(), admission.is_closed()), (Err(Shut::ShuttingDown), true));
    }
}
