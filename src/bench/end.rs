//! One end of a stream in the load: takes the frames that the pace hands it, and reads what comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use crate::bench::histogram::Histogram;
use crate::bench::note::Note;
use crate::bench::wire::{self, Came, Side};
use crate::live::clock;

/// What is sent and received in a measurement, and when it is on.
#[derive(Debug)]
pub(super) struct Tally {
    began: Instant,
    from: AtomicU64,
    until: AtomicU64,
    at_carrier: Mutex<Heard>,
    at_assistant: Mutex<Heard>,
}

/// What came to one side of the gateway while it was measured.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// From leaving one end to reaching the other.
    pub latency: Histogram,
    /// From leaving one end to being played at the other.
    pub playout: Histogram,
    /// How many frames.
    pub frames: u64,
}

impl Tally {
    /// Nothing is measured yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: clock::now(),
            from: AtomicU64::new(u64::MAX),
            until: AtomicU64::new(u64::MAX),
            at_carrier: Mutex::default(),
            at_assistant: Mutex::default(),
        })
    }

    /// The clock of the load.
    pub(super) fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.began)
    }

    /// This moment of the load's clock.
    pub(super) fn moment(&self, at: Duration) -> Instant {
        self.began + at
    }

    /// Frames that leave between these two moments count.
    pub(super) fn measure(&self, from: Duration, until: Duration) {
        self.until.store(nanos(until), Ordering::SeqCst);
        self.from.store(nanos(from), Ordering::SeqCst);
    }

    /// Whether a frame that left then counts.
    pub(super) fn counts(&self, sent: Duration) -> bool {
        let sent = nanos(sent);
        sent >= self.from.load(Ordering::Relaxed) && sent < self.until.load(Ordering::Relaxed)
    }

    /// What came to this side.
    pub(super) fn heard(&self, side: Side) -> MutexGuard<'_, Heard> {
        let heard = match side {
            Side::Carrier => &self.at_carrier,
            Side::Assistant => &self.at_assistant,
        };
        heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanos(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

/// The half of an end that sends.
#[derive(Debug)]
pub(super) struct Mouth {
    side: Side,
    socket: OwnedWriteHalf,
    unsent: Mutex<Vec<u8>>,
}

/// Splits a connected stream.
pub(super) fn split(socket: TcpStream, side: Side) -> (Arc<Mouth>, Ear) {
    let (reading, writing) = socket.into_split();
    let mouth = Arc::new(Mouth { side, socket: writing, unsent: Mutex::default() });
    let ear = Ear { mouth: mouth.clone(), socket: reading, buffer: vec![0; IN], filled: 0 };
    (mouth, ear)
}

impl Mouth {
    /// On which side it is.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// Sends a message.
    pub(super) fn say(&self, text: &str) {
        let mut frame = Vec::new();
        wire::put_frame(&mut frame, self.side, wire::TEXT, text.as_bytes());
        self.put(&frame);
    }

    /// Sends a frame, or what stands before the first, without waiting: what the socket does not take now goes before the next one.
    pub(super) fn put(&self, frame: &[u8]) {
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        if unsent.is_empty() {
            let written = self.socket.try_write(frame).unwrap_or(0);
            unsent.extend_from_slice(&frame[written..]);
            return;
        }
        unsent.extend_from_slice(frame);
        let written = self.socket.try_write(&unsent).unwrap_or(0);
        unsent.drain(..written);
    }
}

/// The half of an end that listens.
#[derive(Debug)]
pub(super) struct Ear {
    mouth: Arc<Mouth>,
    socket: OwnedReadHalf,
    buffer: Vec<u8>,
    filled: usize,
}

/// What an end heard of one other end.
#[derive(Clone, Copy, Debug, Default)]
struct Heading {
    last: Option<u32>,
    played_until: Duration,
}

impl Ear {
    /// The head of a request or an answer; what comes behind it is kept.
    pub(super) async fn head(&mut self) -> std::io::Result<String> {
        loop {
            let here = &self.buffer[..self.filled];
            if let Some(end) = here.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&here[..end + 4]).into_owned();
                self.forget(end + 4);
                return Ok(head);
            }
            self.read().await?;
        }
    }

    /// Waits for the `start` of the stream: its name.
    pub(super) async fn start(&mut self) -> std::io::Result<String> {
        loop {
            while let Some((came, length)) = wire::take_frame(&mut self.buffer[..self.filled]) {
                let name = match came {
                    Came::Text(text) => wire::started(text).map(str::to_owned),
                    Came::Ping(_) | Came::Close | Came::Other => None,
                };
                self.forget(length);
                if let Some(name) = name {
                    return Ok(name);
                }
            }
            self.read().await?;
        }
    }

    /// Listens until the stream ends.
    pub(super) async fn listen(mut self, tally: Arc<Tally>) {
        let mut headings = HashMap::new();
        loop {
            let mut at = 0;
            while let Some((came, length)) = wire::take_frame(&mut self.buffer[at..self.filled]) {
                match came {
                    Came::Text(text) => self.mouth.heard(text, &tally, &mut headings),
                    Came::Ping(payload) => {
                        let mut pong = Vec::new();
                        wire::put_frame(&mut pong, self.mouth.side, wire::PONG, payload);
                        self.mouth.put(&pong);
                    }
                    Came::Close => return,
                    Came::Other => {}
                }
                at += length;
            }
            self.forget(at);
            if self.read().await.is_err() {
                return;
            }
        }
    }

    async fn read(&mut self) -> std::io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        match self.socket.read(&mut self.buffer[self.filled..]).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }

    fn forget(&mut self, length: usize) {
        self.buffer.copy_within(length..self.filled, 0);
        self.filled -= length;
    }
}

impl Mouth {
    fn heard(&self, text: &[u8], tally: &Tally, headings: &mut HashMap<u16, Heading>) {
        let arrived = tally.now();
        let Some(note) = wire::begin_of_sound(text).and_then(|sound| Note::read(&sound)) else { return };
        let heading = headings.entry(note.from).or_default();
        if heading.last.is_some_and(|last| note.number <= last) {
            return;
        }
        heading.last = Some(note.number);
        if !tally.counts(note.sent) {
            return;
        }
        // The far side plays in real time and never catches up.
        let played = arrived.max(heading.played_until);
        heading.played_until = played + FRAME;
        let mut heard = tally.heard(self.side);
        heard.frames += 1;
        heard.latency.note(arrived.saturating_sub(note.sent));
        heard.playout.note(played.saturating_sub(note.sent));
    }
}

const FRAME: Duration = Duration::from_millis(20);

/// Ten messages.
const IN: usize = 4 * 1024;
