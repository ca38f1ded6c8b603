//! The assistant's leg with a line on paper.

use std::sync::{Arc, Mutex};

use super::*;
use crate::handoff::Hearing;
use crate::id::CallId;
use crate::live::clock::CallClock;
use crate::live::patchbay::Patchbay;
use crate::live::seat::{LegLimits, Teller, ToCall};
use crate::time::MediaTime;

/// A line to nobody: notes when a frame left, and its first sample.
#[derive(Clone, Default)]
struct FakeLine {
    left: Arc<Mutex<Vec<(Instant, u8)>>>,
    stuck: bool,
}

impl FakeLine {
    fn stuck() -> Self {
        Self { stuck: true, ..Self::default() }
    }

    fn left(&self) -> Vec<(Instant, u8)> {
        self.left.lock().unwrap().clone()
    }

    async fn write(&self) -> Result<(), LineBroke> {
        if self.stuck { std::future::pending().await } else { Ok(()) }
    }
}

impl AssistantLine for FakeLine {
    async fn next(&mut self) -> FromAssistant {
        std::future::pending().await
    }

    async fn send_frame(&mut self, sound: &[u8; FRAME_SAMPLES]) -> Result<(), LineBroke> {
        self.write().await?;
        self.left.lock().unwrap().push((clock::now(), sound[0]));
        Ok(())
    }

    async fn send_played(&mut self, _name: &str) -> Result<(), LineBroke> {
        self.write().await
    }

    async fn send_key(&mut self, _key: char) -> Result<(), LineBroke> {
        self.write().await
    }

    async fn send_word(&mut self, _word: ToFollower<'_>) -> Result<(), LineBroke> {
        self.write().await
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        self.write().await
    }

    async fn stop(&mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.write()).await;
    }
}

/// A call in which prospect and assistant hear each other.
struct Stage {
    line: FakeLine,
    patchbay: Arc<Patchbay>,
    told: mpsc::Receiver<ToCall>,
    _commands: mpsc::Sender<AssistantCommand>,
    _speech: mpsc::Receiver<Speech>,
}

impl Stage {
    fn with(line: FakeLine) -> Self {
        let patchbay = Arc::new(Patchbay::default());
        patchbay.set(1, Hearing::outside_handoff(Sounds::ASSISTANT), false);
        let (teller, told) = mpsc::channel(16);
        let (address, commands) = mpsc::channel(16);
        let (speech, speech_out) = mpsc::channel(16);
        let seat = AssistantSeat {
            call: CallId::from_bits(1),
            patchbay: patchbay.clone(),
            teller: Teller::new(teller),
            commands,
            address: address.clone(),
            speech,
            clock: CallClock::start(),
            watchers: Arc::default(),
            limits: LegLimits { ping_every: Duration::from_secs(3_600), ..LegLimits::default() },
        };
        tokio::spawn(run(line.clone(), seat));
        Self { line, patchbay, told, _commands: address, _speech: speech_out }
    }

    /// The prospect's frames come as they should, for so many frames.
    async fn frames(&self, count: usize, sound: u8) {
        for _ in 0..count {
            tokio::time::sleep(FRAME).await;
            self.burst(1, sound).await;
        }
    }

    /// So many of the prospect's frames come at once.
    async fn burst(&self, count: usize, sound: u8) {
        for _ in 0..count {
            let frame = Frame { at: MediaTime(0), sound: [sound; FRAME_SAMPLES] };
            self.patchbay.carry(LegId::Prospect, frame);
            // As the prospect's leg does: a burst is no reason to drop what can be read.
            while self.patchbay.is_crowded(LegId::Prospect) {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn is_told(&mut self) -> Event {
        match self.told.recv().await {
            Some(ToCall::Happened(event)) => event,
            other => panic!("{other:?}"),
        }
    }
}

const SPEECH: u8 = 0x10;

/// The prospect's line while they say nothing: not audible, and not the silence that we put in.
const QUIET: u8 = 0xfe;

#[tokio::test(start_paused = true)]
async fn after_a_stall_of_the_prospect_the_assistant_is_on_time_again() {
    let stage = Stage::with(FakeLine::default());
    stage.frames(50, QUIET).await;
    let began = stage.line.left()[0].0;
    let stalled = clock::now();
    tokio::time::sleep(Duration::from_millis(700)).await;
    tokio::task::yield_now().await;
    let during: Vec<_> = stage.line.left().into_iter().filter(|(at, _)| *at > stalled).collect();
    assert!((29..=31).contains(&during.len()), "silence takes the place: {}", during.len());
    assert!(during.iter().all(|(_, sound)| *sound == g711::SILENCE));
    let gaps = during.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert_eq!(gaps.max(), Some(FRAME), "every 20 ms");

    // What was late comes at once: a word, and the quiet around it.
    stage.burst(15, QUIET).await;
    stage.burst(10, SPEECH).await;
    stage.burst(10, QUIET).await;
    stage.frames(100, QUIET).await;
    tokio::task::yield_now().await;
    let left = stage.line.left();
    assert_eq!(left.iter().filter(|(_, sound)| *sound == SPEECH).count(), 10, "no speech is lost");
    let beats = (clock::now() - began).as_millis() as usize / 20;
    assert!((beats - 3..=beats + 4).contains(&left.len()), "{} frames in {beats} beats", left.len());
    assert!(stage.patchbay.pipe(LegId::Assistant).is_empty(), "nothing waits");

    // And what the prospect says then is heard at once.
    stage.frames(1, SPEECH).await;
    tokio::task::yield_now().await;
    assert_eq!(stage.line.left().last(), Some(&(clock::now(), SPEECH)));
}

#[tokio::test(start_paused = true)]
async fn after_frames_of_the_prospect_were_lost_each_of_the_next_is_heard() {
    let stage = Stage::with(FakeLine::default());
    stage.frames(50, QUIET).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let back = clock::now();
    stage.frames(50, QUIET).await;
    tokio::task::yield_now().await;
    let after: Vec<_> = stage.line.left().into_iter().filter(|(at, _)| *at > back).collect();
    let own = after.iter().filter(|(_, sound)| *sound == QUIET).count();
    assert_eq!((own, after.len() - own), (50, 0), "of 50 frames, and silence in none's place");
}

#[tokio::test(start_paused = true)]
async fn an_assistant_that_takes_nothing_is_given_up_before_the_goodbye_that_it_does_not_take_either() {
    let mut stage = Stage::with(FakeLine::stuck());
    assert_eq!(stage.is_told().await, Event::AssistantConnected);
    let connected = clock::now();
    assert_eq!(stage.is_told().await, Event::AssistantBroke(AssistantFault::Slow));
    let took = clock::now() - connected;
    let slow = LegLimits::default().slow;
    assert!((slow..=slow + STALL).contains(&took), "{took:?}");
}
