//! The record is written beside the call: a bounded queue, one writer, and nothing that a call would wait for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::handoff::Outcome;
use crate::id::CallId;
use crate::ports::{Calls, Record};
use crate::time::CallTime;

/// Where calls put what is to be written.
#[derive(Clone, Debug)]
pub struct Recorder(mpsc::Sender<ToWriter>);

#[derive(Debug)]
enum ToWriter {
    Write(Record),
    Flush(oneshot::Sender<()>),
}

impl Recorder {
    /// A recorder, and its writer, which is to be run.
    pub fn new(calls: Arc<dyn Calls>) -> (Self, impl Future<Output = ()> + Send) {
        let (to, from) = mpsc::channel(QUEUE);
        (Self(to), write_all(calls, from))
    }

    /// Puts a record into the queue; what does not fit is lost, counted, and somebody is called.
    pub fn put(&self, record: Record) {
        if self.0.try_send(ToWriter::Write(record)).is_err() {
            metrics::counter!("baton_records_lost_total").increment(1);
            tracing::error!("the store is so far behind that a record was lost; see whether its disk works");
        }
    }

    /// Waits until everything put so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.0.send(ToWriter::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }
}

/// The record of a handoff that came to rest.
pub(crate) fn handoff_over(
    call: CallId,
    number: u32,
    outcome: &Outcome,
    began: CallTime,
    ended: CallTime,
) -> Record {
    Record::HandoffOver {
        call,
        number,
        outcome: outcome.word().to_owned(),
        reason: outcome.reason().to_owned(),
        rep: outcome.rep().cloned(),
        began,
        ended,
    }
}

async fn write_all(calls: Arc<dyn Calls>, mut from: mpsc::Receiver<ToWriter>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while from.recv_many(&mut waiting, BATCH).await > 0 {
        // A commit waits for the disk: what comes at about the same time goes into the same one.
        tokio::time::sleep(GATHERED).await;
        while waiting.len() < BATCH
            && let Ok(message) = from.try_recv()
        {
            waiting.push(message);
        }
        let mut records = Vec::with_capacity(waiting.len());
        let mut flushes = Vec::new();
        for message in waiting.drain(..) {
            match message {
                ToWriter::Write(record) => records.push(record),
                ToWriter::Flush(done) => flushes.push(done),
            }
        }
        write(&*calls, records).await;
        for done in flushes {
            let _ = done.send(());
        }
    }
}

/// Writes a batch, again and again until the store takes it: the queue behind it waits meanwhile.
async fn write(calls: &dyn Calls, records: Vec<Record>) {
    if records.is_empty() {
        return;
    }
    let mut pause = FIRST_PAUSE;
    loop {
        match calls.write(records.clone()).await {
            Ok(()) => return,
            Err(fault) if fault.kind == crate::ports::FaultKind::Permanent => {
                metrics::counter!("baton_records_lost_total").increment(records.len() as u64);
                tracing::error!(%fault, records = records.len(), "the store refuses records; they are lost");
                return;
            }
            Err(fault) => {
                tracing::warn!(%fault, retry.after_ms = pause.as_millis(), "the store does not take records");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// An hour of one busy call, or a minute of sixty.
const QUEUE: usize = 8_192;

/// As many as one transaction writes in a few milliseconds.
const BATCH: usize = 256;

/// Nobody looks for a record sooner, and a crash at this moment would lose hardly more.
const GATHERED: Duration = Duration::from_millis(20);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
