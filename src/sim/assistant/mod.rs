//! A scripted assistant that speaks Media Streams as a server, politely or not, and writes down all it was told.

mod door;
mod faults;
mod listener;
mod quiet_pong;
mod script;
mod speaker;
#[cfg(test)]
mod tests;
mod visit;
mod voice_url;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use script::{AfterLast, AssistantScript, Door, Fault, Pace, Planned};
pub use visit::{ClosedHow, Start, Visit};
pub use voice_url::Asked;

use crate::sim::clock;
use crate::sim::story::Story;

/// A running assistant; it stops when dropped.
#[derive(Debug)]
pub struct Assistant {
    url: String,
    voice_url: String,
    house: Arc<House>,
}

/// What all visits share.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) story: Story,
    script: Mutex<AssistantScript>,
    visits: Mutex<Vec<Visit>>,
    arrived: watch::Sender<usize>,
    asked: Mutex<Vec<Asked>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Assistant {
    /// Starts an assistant on free ports of this machine.
    pub async fn start(script: AssistantScript) -> std::io::Result<Self> {
        Self::start_telling(script, Story::default()).await
    }

    /// Starts an assistant that tells what happens as part of this story.
    pub async fn start_telling(script: AssistantScript, story: Story) -> std::io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0).into(), script, story).await
    }

    /// Starts an assistant whose websocket listens here.
    pub async fn start_at(at: SocketAddr, script: AssistantScript, story: Story) -> std::io::Result<Self> {
        let media = listen(at, &script)?;
        let voice = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}/assistant", media.local_addr()?);
        let voice_url = format!("http://{}/voice", voice.local_addr()?);
        let house = Arc::new(House {
            story,
            script: Mutex::new(script),
            visits: Mutex::default(),
            arrived: watch::channel(0).0,
            asked: Mutex::default(),
            tasks: Mutex::default(),
        });
        house.spawn(door::open(Arc::clone(&house), media));
        let router = voice_url::router(Arc::clone(&house), url.clone());
        house.spawn(async move {
            // It ends only when the assistant is dropped.
            let _ = axum::serve(voice, router).await;
        });
        Ok(Self { url, voice_url, house })
    }

    /// Its websocket, `ws://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its voice webhook, which answers with a document that leads to the websocket.
    pub fn voice_url(&self) -> &str {
        &self.voice_url
    }

    /// Changes what it does from the next connection on.
    pub fn now_follow(&self, script: AssistantScript) {
        *self.house.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    /// All connections so far, in order.
    pub fn visits(&self) -> Vec<Visit> {
        self.house.visits().clone()
    }

    /// The connection of this number, counted from 0, as soon as it has said `start`.
    pub async fn visit(&self, number: usize, limit: Duration) -> Option<Visit> {
        let deadline = clock::now() + limit;
        let mut arrived = self.house.arrived.subscribe();
        let there = tokio::time::timeout_at(deadline, arrived.wait_for(|count| *count > number)).await;
        there.ok()?.ok()?;
        let visit = self.house.visits().get(number).cloned()?;
        visit.until(deadline - clock::now(), |visit| visit.start().is_some()).await.then_some(visit)
    }

    /// What its voice webhook was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.house.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Listens here. One that will stop reading takes in little unread: its connections have what the listener has.
fn listen(at: SocketAddr, script: &AssistantScript) -> std::io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As `TcpListener::bind` does: the port of one that has just ended can be taken again.
    socket.set_reuseaddr(true)?;
    if script.faults.iter().any(|planned| planned.fault == Fault::StopsReading) {
        socket.set_recv_buffer_size(LITTLE)?;
    }
    socket.bind(at)?;
    socket.listen(WAITING)
}

impl Drop for Assistant {
    fn drop(&mut self) {
        self.house.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl House {
    /// Runs this beside everything else, until the assistant is dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// What it does at the moment.
    pub(crate) fn script(&self) -> AssistantScript {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets somebody in.
    pub(crate) fn welcome(&self, visit: Visit) {
        let count = {
            let mut visits = self.visits();
            visits.push(visit);
            visits.len()
        };
        self.arrived.send_replace(count);
    }

    /// Writes down what the webhook was asked.
    pub(crate) fn was_asked(&self, asked: Asked) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    }

    fn visits(&self) -> MutexGuard<'_, Vec<Visit>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A quarter of a second of sound as messages.
const LITTLE: u32 = 4 * 1024;

/// As many as `TcpListener::bind` lets wait.
const WAITING: u32 = 1_024;
