//! The pace of the load: a thread of its own sends each end's frame every 20 ms, on absolute deadlines, and says how late
//! it was itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::bench::end::{Mouth, Tally};
use crate::bench::histogram::Histogram;
use crate::bench::note::{Note, Sound};
use crate::bench::wire::{self, Side};

/// An end that is to speak.
#[derive(Debug)]
pub(super) struct Speaker {
    /// Where it sends.
    pub(super) mouth: Arc<Mouth>,
    /// What its stream is called.
    pub(super) stream: String,
    /// Its place in the 20 ms, and its name in its notes.
    pub(super) place: u16,
}

/// What was sent while it was measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// How many frames.
    pub(super) frames: u64,
    /// How much later than due each left.
    pub(super) late: Histogram,
}

/// The running thread.
#[derive(Debug)]
pub(super) struct Pace {
    join: mpsc::Sender<Speaker>,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<thread::JoinHandle<Sent>>>,
}

impl Pace {
    /// Begins, with so many places spread evenly over the 20 ms.
    pub(super) fn start(places: u16, tally: Arc<Tally>) -> Self {
        let (join, joining) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || Beat::new(places, tally).run(&joining, &stopped));
        Self { join, stop, thread: Mutex::new(Some(thread)) }
    }

    /// From now on this end speaks.
    pub(super) fn join(&self, speaker: Speaker) {
        // A thread that has stopped needs nobody more.
        let _ = self.join.send(speaker);
    }

    /// Stops; what was sent.
    pub(super) fn stop(&self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Beat {
    tally: Arc<Tally>,
    places: Vec<Option<(Speaker, u32)>>,
    sent: Sent,
    text: Vec<u8>,
    frame: Vec<u8>,
}

impl Beat {
    fn new(places: u16, tally: Arc<Tally>) -> Self {
        let mut empty = Vec::new();
        empty.resize_with(usize::from(places), || None);
        Self { tally, places: empty, sent: Sent::default(), text: Vec::new(), frame: Vec::new() }
    }

    fn run(mut self, joining: &mpsc::Receiver<Speaker>, stopped: &AtomicBool) -> Sent {
        let step = FRAME / self.places.len().max(1) as u32;
        let mut begin = self.tally.now();
        while !stopped.load(Ordering::Relaxed) {
            for speaker in joining.try_iter() {
                let place = usize::from(speaker.place);
                self.places[place] = Some((speaker, 0));
            }
            for place in 0..self.places.len() {
                if self.places[place].is_some() {
                    self.speak(place, begin + step * place as u32);
                }
            }
            begin += FRAME;
            self.wait_for(begin);
        }
        self.sent
    }

    fn speak(&mut self, place: usize, due: Duration) {
        self.wait_for(due);
        let Some((speaker, number)) = &mut self.places[place] else { return };
        let sent = self.tally.now();
        let side = speaker.mouth.side();
        let note = Note { from: speaker.place, number: *number, sent };
        wire::write_media(
            &mut self.text,
            side,
            &speaker.stream,
            *number,
            &note.frame(sound(side, speaker.place, *number)),
        );
        self.frame.clear();
        wire::put_frame(&mut self.frame, side, wire::TEXT, &self.text);
        speaker.mouth.put(&self.frame);
        *number += 1;
        if self.tally.counts(sent) {
            self.sent.frames += 1;
            self.sent.late.note(sent.saturating_sub(due));
        }
    }

    fn wait_for(&self, due: Duration) {
        let left = due.saturating_sub(self.tally.now());
        if !left.is_zero() {
            thread::sleep(left);
        }
    }
}

/// The two of a call take turns, as people do; at first only the assistant speaks, so that nobody takes it for mute.
fn sound(side: Side, place: u16, number: u32) -> Sound {
    // The turns of different calls begin at different times.
    let in_turns = (number + u32::from(place / 2) * 7) % (2 * TURN);
    let speaks = match side {
        Side::Carrier => number >= GREETING && in_turns < TURN,
        Side::Assistant => number < GREETING || in_turns >= TURN,
    };
    if speaks { Sound::Speech } else { Sound::Silence }
}

const FRAME: Duration = Duration::from_millis(20);

/// Three seconds, in frames: the length of an ordinary turn.
const TURN: u32 = 150;

/// A second.
const GREETING: u32 = 50;
