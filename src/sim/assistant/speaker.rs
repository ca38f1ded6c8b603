//! The assistant in one connection: greets, listens for turns, answers, yields, and goes wrong when told to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::sim::assistant::House;
use crate::sim::assistant::listener::{Heard, Listener};
use crate::sim::assistant::quiet_pong::QuietPong;
use crate::sim::assistant::script::{AfterLast, AssistantScript, Fault};
use crate::sim::assistant::visit::{ClosedHow, Visit, Wish};
use crate::sim::clock;
use crate::sim::sound::Phrase;
use crate::sim::story::What;

/// The assistant in one connection.
pub(crate) struct Speaker {
    house: Arc<House>,
    visit: Visit,
    listener: Listener,
    pub(super) script: AssistantScript,
    pub(super) quiet: Arc<AtomicBool>,
    pub(super) queue: VecDeque<(Instant, Message)>,
    next_due: Instant,
    speaks_until: Instant,
    answered: usize,
    marks: u64,
    answers_at: Option<Instant>,
    pub(super) mute: bool,
    pub(super) hung: bool,
    pub(super) reads: bool,
    pub(super) reads_slowly: Duration,
}

/// The assistant's end of a websocket.
pub(crate) type Socket = WebSocketStream<QuietPong>;

/// Whether the connection goes on.
pub(crate) enum Then {
    GoOn,
    Close,
    Vanish,
}

impl Speaker {
    /// An assistant that has yet to hear `start`.
    pub(crate) fn new(
        house: &Arc<House>,
        visit: Visit,
        script: AssistantScript,
        quiet: Arc<AtomicBool>,
    ) -> Self {
        Self {
            house: Arc::clone(house),
            listener: Listener::new(visit.clone(), house.story.clone()),
            visit,
            script,
            quiet,
            queue: VecDeque::new(),
            next_due: clock::now(),
            speaks_until: clock::now(),
            answered: 0,
            marks: 0,
            answers_at: None,
            mute: false,
            hung: false,
            reads: true,
            reads_slowly: Duration::ZERO,
        }
    }

    /// Holds the conversation until the connection ends.
    pub(crate) async fn run(mut self, socket: Socket, mut wishes: mpsc::Receiver<Wish>) {
        let (mut sink, mut stream) = socket.split();
        let mut unflushed = false;
        let mut faults: VecDeque<(Instant, Fault)> = VecDeque::new();
        loop {
            let due = self.queue.front().map(|(due, _)| *due);
            let fault = faults.front().map(|(at, _)| *at);
            let then = tokio::select! {
                biased;
                Some(wish) = wishes.recv() => self.grant(wish),
                () = sleep_until(fault.unwrap_or_else(far)), if fault.is_some() => {
                    faults.pop_front().map_or(Then::GoOn, |(_, fault)| self.misbehave(fault))
                }
                flushed = turn(&mut sink, unflushed, due), if !self.hung => {
                    unflushed = false;
                    match flushed {
                        Ok(()) => {
                            let (_, message) = self.queue.pop_front().expect("a turn is taken for a message");
                            unflushed = sink.start_send_unpin(message).is_ok();
                        }
                        // Reading will tell how it ended.
                        Err(_) => self.queue.clear(),
                    }
                    Then::GoOn
                }
                () = sleep_until(self.answers_at.unwrap_or_else(far)), if self.answers_at.is_some() => {
                    self.answer()
                }
                message = stream.next(), if self.reads && !self.hung => {
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let heard = self.listener.take(text.as_str());
                            if heard == Some(Heard::Started) {
                                let begin = clock::now();
                                faults = self.script.faults.iter().map(|p| (begin + p.after, p.fault)).collect();
                                faults.make_contiguous().sort_by_key(|(at, _)| *at);
                            }
                            self.react(heard);
                            if !self.reads_slowly.is_zero() {
                                sleep(self.reads_slowly).await;
                            }
                            Then::GoOn
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Then::GoOn,
                        Some(Ok(Message::Binary(_))) => {
                            self.visit.write(|record| record.oddities.push("binary message".to_owned()));
                            Then::GoOn
                        }
                        Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => {
                            return self.over(ClosedHow::ByThem);
                        }
                        Some(Err(_)) | None => return self.over(ClosedHow::TheyVanished),
                    }
                }
            };
            match then {
                Then::GoOn => {}
                Then::Vanish => return self.over(ClosedHow::ByUs),
                Then::Close => {
                    let _ = sink.close().await;
                    self.over(ClosedHow::ByUs);
                    // The other side answers the close.
                    while let Some(Ok(_)) = stream.next().await {}
                    return;
                }
            }
        }
    }

    fn over(&self, how: ClosedHow) {
        let now = self.house.story.elapsed();
        self.visit.write(|record| record.closed = Some((now, how)));
        self.house.story.tell(WHO, What::StreamEnded(format!("{how:?}")));
    }

    fn react(&mut self, heard: Option<Heard>) {
        match heard {
            Some(Heard::Started) => {
                self.house.story.tell(WHO, What::StreamBegan);
                if let Some(greeting) = self.script.greeting.clone() {
                    self.say(&greeting);
                }
            }
            Some(Heard::SomebodySpeaks) => {
                self.answers_at = None;
                if self.script.yields && clock::now() < self.speaks_until {
                    self.clear();
                }
            }
            Some(Heard::TurnEnded) => self.answers_at = Some(clock::now() + self.script.thinks),
            None => {}
        }
    }

    fn answer(&mut self) -> Then {
        self.answers_at = None;
        let answers = &self.script.answers;
        let number = match self.script.after_last {
            AfterLast::BeginsAgain if !answers.is_empty() => self.answered % answers.len(),
            AfterLast::Closes if self.answered >= answers.len() => return Then::Close,
            AfterLast::BeginsAgain | AfterLast::StaysQuiet | AfterLast::Closes => self.answered,
        };
        self.answered += 1;
        if let Some(answer) = answers.get(number).cloned() {
            self.say(&answer);
        }
        Then::GoOn
    }

    fn grant(&mut self, wish: Wish) -> Then {
        match wish {
            Wish::Say(phrase) => self.say(&phrase),
            Wish::Clear => self.clear(),
            Wish::Send(message) => self.queue.push_back((clock::now(), Message::text(message))),
            Wish::Misbehave(fault) => return self.misbehave(fault),
        }
        Then::GoOn
    }

    /// Queues a phrase in chunks, as fast as the script says, and a mark behind it.
    pub(super) fn say(&mut self, phrase: &Phrase) {
        if self.mute {
            return;
        }
        let now = clock::now();
        self.house.story.tell(WHO, What::Said(phrase.name.to_string()));
        let at = self.house.story.elapsed();
        self.visit.write(|record| record.said.push((at, phrase.clone())));
        let sound: Vec<u8> =
            (0..phrase.clip.frames()).filter_map(|n| phrase.clip.frame(n)).flatten().copied().collect();
        let pace = self.script.pace;
        self.next_due = self.next_due.max(now);
        for chunk in sound.chunks((pace.chunk.as_millis() as usize * 8).max(1)) {
            self.queue.push_back((self.next_due, self.media(chunk)));
            let length = chunk.len() as f64 / 8_000.0;
            self.next_due += Duration::from_secs_f64(length / pace.times_real_time);
            if self.script.marks && self.script.marks_every_chunk {
                self.mark();
            }
        }
        if self.script.marks && !self.script.marks_every_chunk {
            self.mark();
        }
        self.speaks_until = self.speaks_until.max(now) + phrase.clip.duration();
    }

    fn clear(&mut self) {
        self.queue.clear();
        let now = clock::now();
        self.next_due = now;
        self.speaks_until = now;
        self.queue.push_back((
            now,
            Message::text(json!({"event": "clear", "streamSid": self.stream_sid()}).to_string()),
        ));
        let at = self.house.story.elapsed();
        self.visit.write(|record| record.cleared.push(at));
        self.house.story.tell(WHO, What::Cleared);
    }

    fn mark(&mut self) {
        self.marks += 1;
        let mark = json!({"event": "mark", "streamSid": self.stream_sid(), "mark": {"name": format!("m{}", self.marks)}});
        self.queue.push_back((self.next_due, Message::text(mark.to_string())));
    }

    pub(super) fn media(&self, sound: &[u8]) -> Message {
        let payload = STANDARD.encode(sound);
        let media = json!({"event": "media", "streamSid": self.stream_sid(), "media": {"payload": payload}});
        Message::text(media.to_string())
    }

    fn stream_sid(&self) -> String {
        self.visit.start().map(|start| start.stream_sid).unwrap_or_default()
    }
}

/// Waits until what was written has left and the next message is due; reading goes on meanwhile.
async fn turn(
    sink: &mut SplitSink<Socket, Message>,
    unflushed: bool,
    due: Option<Instant>,
) -> Result<(), Error> {
    if unflushed {
        sink.flush().await?;
    }
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
    Ok(())
}

fn far() -> Instant {
    clock::now() + Duration::from_hours(1)
}

/// What the story calls it.
const WHO: &str = "assistant";
