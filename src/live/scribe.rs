//! Reads what legs tapped of a call, gives it to whoever makes words of sound, and tells the call what they heard.
//!
//! It runs beside the call: however slow a recogniser is, or however it ends, no frame and no event waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::conversation::{Piece, Speaker};
use crate::live::clock;
use crate::live::lane::Lane;
use crate::live::live_call::LiveCall;
use crate::live::tap::Tap;
use crate::ports::{BLOCK_SAMPLES, Block, MICROS_A_SAMPLE, Sound, Transcriber};

/// Listens to this call until it is over.
pub(crate) async fn run(live: Arc<LiveCall>, tap: Arc<Tap>, transcribers: Vec<Arc<dyn Transcriber>>) {
    let (words, mut heard) = mpsc::channel::<Piece>(PIECES);
    // Dropped with this task, and each on its own: a fault in one ends no other.
    let mut listening = JoinSet::new();
    let mut listeners = Vec::new();
    for transcriber in transcribers {
        let (sound, takes) = mpsc::channel(BLOCKS);
        listeners.push(sound);
        listening.spawn(transcriber.listen(live.id, takes, words.clone()));
    }
    drop(words);
    let mut scribe = Scribe {
        live,
        tap,
        listeners,
        at: None,
        prospect: Lane::default(),
        other: Lane::default(),
        who: Speaker::Assistant,
    };
    let mut beat = interval(BLOCK);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !scribe.live.is_over() && !scribe.live.teller.nobody_listens() {
        tokio::select! {
            piece = heard.recv() => match piece {
                Some(piece) => scribe.told(piece).await,
                // Nobody of them is left.
                None => return,
            },
            _ = beat.tick() => scribe.read(),
        }
    }
    scribe.listeners.clear();
    let last_words = async {
        while let Some(piece) = heard.recv().await {
            scribe.told(piece).await;
        }
    };
    // Whoever is not done by then is dropped.
    let _ = timeout(LAST_WORDS, last_words).await;
}

struct Scribe {
    live: Arc<LiveCall>,
    tap: Arc<Tap>,
    listeners: Vec<mpsc::Sender<Sound>>,
    /// Where the next block begins, in samples since the tap began; none before anybody was heard.
    at: Option<u64>,
    prospect: Lane,
    other: Lane,
    /// Whom the prospect heard last.
    who: Speaker,
}

impl Scribe {
    async fn told(&self, piece: Piece) {
        // False only where the call is over: then nobody wants to know.
        self.live.teller.words(piece).await;
    }

    /// All blocks that are complete by now.
    fn read(&mut self) {
        let now = self.tap.micros(clock::now()) / MICROS_A_SAMPLE;
        let Some(mut at) = self.at.or_else(|| (!self.tap.is_empty()).then(|| now.saturating_sub(LAG))) else {
            return;
        };
        if now.saturating_sub(at) > MOST_BEHIND {
            // This machine has slept.
            at = now.saturating_sub(LAG);
        }
        while at + LAG + BLOCK_SAMPLES as u64 <= now {
            let mut block = Block {
                at: self.live.clock.at(self.tap.moment(at * MICROS_A_SAMPLE)),
                prospect: [0; BLOCK_SAMPLES],
                other: [0; BLOCK_SAMPLES],
                other_is: self.who,
            };
            let tap = &self.tap;
            self.prospect.fill(at, &mut block.prospect, || tap.next_of_prospect());
            self.other.drop_if(|waits| tap.was_dropped(waits));
            if let Some(who) = self.other.fill(at, &mut block.other, || tap.next_of_other()) {
                self.who = who;
                block.other_is = who;
            }
            self.give(&Sound::Block(Arc::new(block)));
            at += BLOCK_SAMPLES as u64;
        }
        self.at = Some(at);
        while let Some(turn) = self.tap.next_turn() {
            let (from, until) = (self.live.clock.at(turn.from), self.live.clock.at(turn.until));
            self.give(&Sound::Turn { by: turn.by, from, until });
        }
    }

    fn give(&mut self, sound: &Sound) {
        self.listeners.retain(|listener| match listener.try_send(sound.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                metrics::counter!("baton_recogniser_blocks_skipped_total").increment(1);
                true
            }
            Err(TrySendError::Closed(_)) => false,
        });
    }
}

/// How often one reads.
const BLOCK: Duration = Duration::from_millis(100);

/// 200 ms: the network delivers most frames within it, and a recogniser is later than that itself.
const LAG: u64 = 1_600;

/// Ten seconds; blocks of what is longer ago are worth nobody's money.
const MOST_BEHIND: u64 = 80_000;

/// Five seconds of sound may wait for somebody.
const BLOCKS: usize = 50;

/// More pieces than are heard in a second.
const PIECES: usize = 64;

/// What was said last takes a recogniser a second or two.
const LAST_WORDS: Duration = Duration::from_secs(5);
