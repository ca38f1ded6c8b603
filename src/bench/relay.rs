//! A call without sockets: both legs as they run in a call, between lines that hand them messages as fast as they are
//! taken. What it costs is what Baton itself adds to a frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::BytesMut;
use tokio::sync::{Notify, mpsc};

use crate::audio::frame::FRAME_SAMPLES;
use crate::bench::note::{Note, Sound};
use crate::bench::wire::{Side, write_media};
use crate::edge::assistant::stream;
use crate::edge::assistant::wire::ToAssistant;
use crate::edge::carrier::twilio::{media, wire};
use crate::handoff::{Hearing, Sounds};
use crate::id::{CallId, LegId};
use crate::live::clock::CallClock;
use crate::live::house_voice::HouseVoice;
use crate::live::line::{AssistantLine, CarrierLine, FromAssistant, FromCarrier, LineBroke, ToFollower};
use crate::live::listening::{Ears, VoiceBy};
use crate::live::patchbay::Patchbay;
use crate::live::seat::{AssistantSeat, Berth, LegLimits, PhoneSeat, SeatNumber, Teller};
use crate::live::{assistant_leg, phone_leg};
use crate::time::MediaTime;

/// The messages of two ends, written beforehand: writing them is not what is measured.
#[derive(Clone, Debug)]
pub struct Messages {
    phone: Arc<[String]>,
    assistant: Arc<[String]>,
}

impl Messages {
    /// So many frames each way, all of them speech: silence that comes faster than it lasts is thrown away.
    pub fn written(frames: u32) -> Self {
        let written = |side: Side| {
            let mut text = Vec::new();
            let write = |number: u32| {
                let note = Note { from: 0, number, sent: Duration::ZERO };
                write_media(&mut text, side, STREAM, number, &note.frame(Sound::Speech));
                String::from_utf8_lossy(&text).into_owned()
            };
            (0..frames).map(write).collect()
        };
        Self { phone: written(Side::Carrier), assistant: written(Side::Assistant) }
    }

    /// Relays the first so many of them each way, from message to message.
    pub async fn relay(&self, frames: u32) -> anyhow::Result<()> {
        let passed = Arc::new(Passed::default());
        let patchbay = Arc::new(Patchbay::default());
        let mut hearing = Hearing::outside_handoff(Sounds::ASSISTANT);
        hearing.assistant = Sounds::PROSPECT;
        patchbay.set(1, hearing, false);
        let (teller, mut told) = mpsc::channel(64);
        let (speech, spoken) = mpsc::channel(16);
        let (_phone, phone_commands) = mpsc::channel(4);
        let (address, commands) = mpsc::channel(4);
        let call = CallId::from_bits(1);
        let (teller, limits) = (Teller::new(teller), LegLimits::default());
        let phone_seat = PhoneSeat {
            number: SeatNumber(0),
            leg: LegId::Prospect,
            call,
            patchbay: patchbay.clone(),
            teller: teller.clone(),
            commands: phone_commands,
            speech: Some(Berth::new(spoken)),
            voice: Arc::new(HouseVoice::built_in()),
            // What the ear costs is counted by itself.
            tap: None,
            ears: Ears { by: VoiceBy::Level, ..Ears::default() },
            limits,
        };
        let (clock, watchers) = (CallClock::start(), Arc::default());
        let assistant_seat =
            AssistantSeat { call, patchbay, teller, commands, address, speech, clock, watchers, limits };
        let line = |messages: &Arc<[String]>| Line {
            messages: messages.clone(),
            next: 0,
            frames: frames.min(messages.len() as u32),
            passed: passed.clone(),
            out: BytesMut::with_capacity(2 * 1024),
        };
        let phone = PhoneLine { line: line(&self.phone), incoming: media::Incoming::of(STREAM) };
        let assistant = AssistantEnd {
            line: line(&self.assistant),
            incoming: stream::Incoming::default(),
            to: ToAssistant::new(STREAM, "CA1", "AC1"),
        };
        let legs = [
            tokio::spawn(assistant_leg::run(assistant, assistant_seat)),
            tokio::spawn(phone_leg::run(phone, phone_seat)),
        ];
        let listening = tokio::spawn(async move { while told.recv().await.is_some() {} });
        let done = tokio::time::timeout(AT_MOST, passed.all_of(2 * frames)).await;
        legs.iter().for_each(tokio::task::JoinHandle::abort);
        listening.abort();
        done.context("frames were lost on the way")
    }
}

/// How many frames came out.
#[derive(Debug, Default)]
struct Passed {
    frames: AtomicU32,
    one: Notify,
}

impl Passed {
    fn note(&self, samples: usize) {
        self.frames.fetch_add((samples / FRAME_SAMPLES) as u32, Ordering::Relaxed);
        self.one.notify_one();
    }

    async fn all_of(&self, frames: u32) {
        while self.frames.load(Ordering::Relaxed) < frames {
            self.one.notified().await;
        }
    }
}

struct Line {
    messages: Arc<[String]>,
    next: u32,
    frames: u32,
    passed: Arc<Passed>,
    out: BytesMut,
}

impl Line {
    /// The next message once everybody else has had their turn, as on a socket.
    async fn message(&mut self) -> String {
        if self.next >= self.frames {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        self.next += 1;
        self.messages[self.next as usize - 1].clone()
    }

    fn sent(&mut self, samples: usize) {
        drop(self.out.split().freeze());
        self.passed.note(samples);
    }
}

struct PhoneLine {
    line: Line,
    incoming: media::Incoming,
}

impl CarrierLine for PhoneLine {
    async fn next(&mut self) -> FromCarrier {
        loop {
            let text = self.line.message().await;
            if let Some(from) = self.incoming.read(&text) {
                return from;
            }
        }
    }

    async fn send_sound(&mut self, sound: &[u8]) -> Result<(), LineBroke> {
        wire::write_media(&mut self.line.out, STREAM, sound);
        self.line.sent(sound.len());
        Ok(())
    }

    async fn send_mark(&mut self, _mark: u32) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn close(&mut self) {}
}

struct AssistantEnd {
    line: Line,
    incoming: stream::Incoming,
    to: ToAssistant,
}

impl AssistantLine for AssistantEnd {
    async fn next(&mut self) -> FromAssistant {
        loop {
            let text = self.line.message().await;
            if let Some(from) = self.incoming.read(STREAM, &text) {
                return from;
            }
        }
    }

    async fn send_frame(&mut self, sound: &[u8; FRAME_SAMPLES]) -> Result<(), LineBroke> {
        self.to.write_media(&mut self.line.out, MediaTime(0), sound);
        self.line.sent(sound.len());
        Ok(())
    }

    async fn send_played(&mut self, _name: &str) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn send_key(&mut self, _key: char) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn send_word(&mut self, _word: ToFollower<'_>) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn stop(&mut self) {}
}

/// Relays so many frames each way on a thread of its own: for the count of instructions.
pub fn run(frames: u32) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // As many messages whatever is relayed of them, so that writing them goes out with the difference of two counts.
    let messages = Messages::written(MOST.max(frames));
    runtime.block_on(messages.relay(frames))
}

const STREAM: &str = "MZ00000000000000000000000000000001";

const MOST: u32 = 2_500;

/// Also where each instruction is watched.
const AT_MOST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_frame_comes_out_at_the_other_end() {
        Messages::written(200).relay(200).await.unwrap();
    }
}
