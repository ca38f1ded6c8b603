//! What a leg needs of its transport: a carrier's stream, or an assistant's. `edge/` has the real ones.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::audio::frame::Frame;
use crate::call::AssistantFault;
use crate::id::CallId;
use crate::live::telling::Telling;
use crate::live::watching::Watched;
use crate::time::CallTime;

/// What comes from a carrier's stream.
#[derive(Debug)]
pub enum FromCarrier {
    /// 20 ms of the person's sound.
    Sound(Frame),
    /// They pressed a key.
    Key(char),
    /// The carrier played everything up to this mark, or cleared it.
    Played(u32),
    /// The carrier's end is alive, and there is nothing else to say.
    Alive,
    /// The carrier says that the stream is over: the person hung up, or was taken elsewhere.
    Stopped,
    /// The stream ended without that word.
    Broke,
}

/// The transport is of no use any more.
#[derive(Debug, thiserror::Error)]
#[error("the line is broken")]
pub struct LineBroke;

/// Waits for a write, at most so long. Nearly every write is done at once: only one that is not gets a timer.
pub(crate) async fn in_time<T>(limit: Duration, write: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut write = pin!(write);
    let at_once = poll_fn(|context| match write.as_mut().poll(context) {
        Poll::Ready(written) => Poll::Ready(Some(written)),
        Poll::Pending => Poll::Ready(None),
    });
    match at_once.await {
        Some(written) => Ok(written),
        None => timeout(limit, write).await,
    }
}

/// A carrier's stream of one leg.
pub trait CarrierLine: Send {
    /// Waits for what comes next; may be dropped and called again.
    fn next(&mut self) -> impl Future<Output = FromCarrier> + Send;
    /// Queues µ-law sound at the carrier.
    fn send_sound(&mut self, sound: &[u8]) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Asks to be told when everything queued so far was played.
    fn send_mark(&mut self, mark: u32) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Drops everything queued.
    fn clear(&mut self) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Asks whether the carrier's end is alive.
    fn ping(&mut self) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Closes the stream cleanly.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// What comes from an assistant's stream.
#[derive(Debug)]
pub enum FromAssistant {
    /// µ-law speech, any length.
    Speech(Bytes),
    /// It wants to be told when everything it said so far was played.
    Mark(String),
    /// What it said and was not played yet is to be dropped.
    Clear,
    /// It tells its call something.
    Told(Box<Telling>),
    /// It wants to be told what becomes of the call.
    Follows,
    /// It said something to us that we do not understand, for this reason.
    Misunderstood(String),
    /// Its end is alive, and there is nothing else to say.
    Alive,
    /// A message that nobody can read.
    Rubbish,
    /// It closed cleanly: it has finished.
    Finished,
    /// It broke, and how.
    Broke(AssistantFault),
}

/// What we say to an assistant that follows its call.
#[derive(Debug)]
pub enum ToFollower<'a> {
    /// You follow this call now; this is its time.
    Welcome(CallId, CallTime),
    /// This happened.
    News(&'a Watched),
    /// What you said is not taken, for this reason.
    Refused(&'a str),
}

/// An assistant's stream.
pub trait AssistantLine: Send {
    /// Waits for what comes next; may be dropped and called again.
    fn next(&mut self) -> impl Future<Output = FromAssistant> + Send;
    /// Sends 20 ms of sound.
    fn send_frame(&mut self, sound: &[u8; 160]) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Tells it that its mark was reached.
    fn send_played(&mut self, name: &str) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Tells it that the prospect pressed a key.
    fn send_key(&mut self, key: char) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Tells it what becomes of the call: only one that asked for it understands.
    fn send_word(&mut self, word: ToFollower<'_>) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Asks whether its end is alive.
    fn ping(&mut self) -> impl Future<Output = Result<(), LineBroke>> + Send;
    /// Says `stop` and closes.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}
