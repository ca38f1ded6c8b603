//! A person's telephone line: every 20 ms a frame to their ear and one from their mouth, to whatever they are connected to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::audio::clip::Clip;
use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::sim::carrier::stream::MediaEnd;
use crate::sim::ear::Ear;
use crate::sim::handset::{Did, Handset};
use crate::sim::person::Step;
use crate::sim::sound::Phrase;

/// One line.
#[derive(Debug)]
pub(crate) struct Line(Mutex<State>);

#[derive(Debug)]
struct State {
    handset: Handset,
    ear: Ear,
    said: Vec<(Duration, Phrase)>,
    connected: Connected,
    keys: Option<mpsc::Sender<char>>,
}

impl Line {
    /// The line that this handset hangs on.
    pub(crate) fn new(handset: Handset) -> Self {
        Self(Mutex::new(State {
            handset,
            ear: Ear::default(),
            said: Vec::new(),
            connected: Connected::Nothing,
            keys: None,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody picked up: the ear begins to listen.
    pub(crate) fn picked_up(&self, now: Duration) {
        self.state().ear = Ear::listening_from(now);
    }

    /// Lets 20 ms pass; says what the person did besides.
    pub(crate) fn beat(&self, now: Duration) -> Option<Did> {
        let mut state = self.state();
        let frame = state.connected.play();
        state.ear.hear(&frame);
        let moment = state.handset.beat(&frame);
        state.connected.speak(&moment.mic);
        match &moment.did {
            Some(Did::Began(phrase)) => state.said.push((now, phrase.clone())),
            Some(Did::Pressed(key)) => {
                state.connected.press(*key);
                if let Some(keys) = &state.keys {
                    let _ = keys.try_send(*key);
                }
            }
            Some(Did::HungUp) | None => {}
        }
        moment.did
    }

    /// Connects the line to something else.
    pub(crate) fn connect(&self, to: Connected) {
        self.state().connected = to;
    }

    /// Plays this to the person; the receiver hears when it is over.
    pub(crate) fn prompt(&self, words: &str, clip: Clip) -> oneshot::Receiver<()> {
        let (over, told) = oneshot::channel();
        let mut state = self.state();
        state.ear.understand(words);
        state.connected = Connected::Prompt { clip, next: 0, over: Some(over) };
        told
    }

    /// Sends the keys that are pressed here too.
    pub(crate) fn collect_keys(&self, keys: Option<mpsc::Sender<char>>) {
        self.state().keys = keys;
    }

    /// Asks the person to do this as soon as possible.
    pub(crate) fn ask_person(&self, step: Step) {
        self.state().handset.also(step);
    }

    /// What the ear has heard so far.
    pub(crate) fn ear(&self) -> Ear {
        self.state().ear.clone()
    }

    /// How long the ear has listened.
    pub(crate) fn heard_for(&self) -> Duration {
        self.state().ear.duration()
    }

    /// What the person said, and when they began to.
    pub(crate) fn said(&self) -> Vec<(Duration, Phrase)> {
        self.state().said.clone()
    }
}

/// What a line is connected to.
#[derive(Debug, Default)]
pub(crate) enum Connected {
    /// To nothing.
    #[default]
    Nothing,
    /// To a sound that the carrier plays, which says when it is over; with nobody to tell it loops.
    Prompt {
        /// What is played.
        clip: Clip,
        /// The next frame of it.
        next: usize,
        /// Who waits for its end.
        over: Option<oneshot::Sender<()>>,
    },
    /// To a media stream.
    Stream(Arc<MediaEnd>),
    /// To another line.
    Line {
        /// Where this line's sound goes.
        mouth: Wire,
        /// Where the other line's sound comes from.
        ear: Wire,
    },
}

impl Connected {
    fn play(&mut self) -> [u8; FRAME_SAMPLES] {
        let frame = match self {
            Self::Nothing => None,
            Self::Prompt { clip, next, over } => {
                *next += 1;
                let frame = clip.frame(*next - 1).copied();
                if frame.is_none() {
                    match over.take() {
                        Some(over) => {
                            // The verb may have been called off.
                            let _ = over.send(());
                        }
                        None => *next = 0,
                    }
                }
                frame
            }
            Self::Stream(end) => Some(end.play()),
            Self::Line { ear, .. } => ear.take(),
        };
        frame.unwrap_or([g711::SILENCE; FRAME_SAMPLES])
    }

    fn speak(&self, mic: &[u8; FRAME_SAMPLES]) {
        match self {
            Self::Nothing | Self::Prompt { .. } => {}
            Self::Stream(end) => end.speak(mic),
            Self::Line { mouth, .. } => mouth.put(*mic),
        }
    }

    fn press(&self, key: char) {
        match self {
            Self::Stream(end) => end.press(key),
            Self::Nothing | Self::Prompt { .. } | Self::Line { .. } => {}
        }
    }
}

/// Sound on its way from one line to another within the carrier.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<VecDeque<[u8; FRAME_SAMPLES]>>>);

impl Wire {
    fn put(&self, frame: [u8; FRAME_SAMPLES]) {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if frames.len() == ON_A_WIRE {
            frames.pop_front();
        }
        frames.push_back(frame);
    }

    fn take(&self) -> Option<[u8; FRAME_SAMPLES]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// 100 ms: two beats never drift further apart than that.
const ON_A_WIRE: usize = 5;
