//! A call in a test's hand: what happens in it, and what its person and its network can be made to do.

use std::sync::Arc;
use std::time::Duration;

use crate::audio::clip::Clip;
use crate::sim::carrier::call::{Call, CallStatus, Callbacks, Direction, Order};
use crate::sim::carrier::stream::MediaEnd;
use crate::sim::carrier::tally::StreamTally;
use crate::sim::ear::Ear;
use crate::sim::person::{Answers, Step};
use crate::sim::recognise::HeardClip;
use crate::sim::sound::Phrase;
use crate::sim::waiting;

/// One call, cheap to share.
#[derive(Clone, Debug)]
pub struct PhoneCall {
    call: Arc<Call>,
}

impl PhoneCall {
    pub(crate) fn new(call: Arc<Call>) -> Self {
        Self { call }
    }

    /// Makes the person say this, at once or after what they are saying.
    pub fn say(&self, phrase: impl Into<Phrase>) {
        self.call.line.ask_person(Step::Say(phrase.into()));
    }

    /// Makes the person press a key.
    pub fn press(&self, key: char) {
        self.call.line.ask_person(Step::Press(key));
    }

    /// Makes the person hang up, after what they are saying.
    pub fn hang_up(&self) {
        self.call.line.ask_person(Step::HangUp);
    }

    /// Ends the call at this instant, whether it was answered or not, as a caller who gives up.
    pub fn give_up(&self) {
        self.call.order(Order::PersonHungUp);
    }

    /// Breaks the media connection: a TCP reset, no `stop`, no close.
    pub fn cut_stream(&self) {
        self.with_stream(MediaEnd::cut);
    }

    /// Closes the media connection with a close, but without `stop`, as a media server of the carrier's that is taken out
    /// of use; the call itself goes on, and `action` is asked.
    pub fn close_stream(&self) {
        self.with_stream(MediaEnd::close);
    }

    /// From the next one on, the status callbacks about this call come so much later, and so often.
    pub fn callbacks_come(&self, later: Duration, times: u32) {
        self.call.callbacks_come(Callbacks { later, times });
    }

    /// Lets nothing pass on the media connection for this long, then everything at once.
    pub fn stall_stream(&self, lasting: Duration) {
        self.with_stream(|end| end.stall(lasting));
    }

    /// From now on the clock that plays to the person goes faster than it should by this much, or slower.
    pub fn play_out_drifts(&self, parts_per_million: f64) {
        self.with_stream(|end| end.drift(parts_per_million));
    }

    /// `CA…`.
    pub fn sid(&self) -> &str {
        &self.call.sid
    }

    /// The person's number.
    pub fn number(&self) -> &str {
        self.call.person_number()
    }

    /// The person's name.
    pub fn name(&self) -> &str {
        &self.call.person.name
    }

    /// What the person does when their phone rings.
    pub fn answers(&self) -> Answers {
        self.call.person.answers
    }

    /// Which way the call goes.
    pub fn direction(&self) -> Direction {
        self.call.direction
    }

    /// How far it is.
    pub fn status(&self) -> CallStatus {
        self.call.status()
    }

    /// When it was answered, since the world began.
    pub fn answered_at(&self) -> Option<Duration> {
        self.call.times().answered
    }

    /// When it was over, since the world began.
    pub fn over_at(&self) -> Option<Duration> {
        self.call.times().over
    }

    /// What the person has heard so far.
    pub fn ear(&self) -> Ear {
        self.call.line.ear()
    }

    /// What the person has said so far, and when they began to, since the world began.
    pub fn said(&self) -> Vec<(Duration, Phrase)> {
        self.call.line.said()
    }

    /// What passed over its latest stream.
    pub fn stream(&self) -> Option<StreamTally> {
        self.call.streams().last().map(|end| end.tally())
    }

    /// What passed over all its streams, in order.
    pub fn streams(&self) -> Vec<StreamTally> {
        self.call.streams().iter().map(|end| end.tally()).collect()
    }

    /// Waits until this is true, looking whenever something changed in the call; false when the limit came first.
    pub async fn until(&self, limit: Duration, mut wish: impl FnMut(&Self) -> bool) -> bool {
        waiting::until(self.call.changes(), limit, || wish(self)).await
    }

    /// Waits until somebody picked up.
    pub async fn is_answered(&self, limit: Duration) -> bool {
        self.until(limit, |call| call.status() == CallStatus::InProgress).await
    }

    /// Waits until the call is over and says how it ended.
    pub async fn is_over(&self, limit: Duration) -> Option<CallStatus> {
        self.until(limit, |call| call.status().is_over()).await.then(|| self.status())
    }

    /// Waits until a stream is connected and has carried sound to the server.
    pub async fn is_streaming(&self, limit: Duration) -> bool {
        let streaming =
            |call: &Self| call.stream().is_some_and(|tally| tally.media_sent > 0 && tally.ended.is_none());
        self.until(limit, streaming).await
    }

    /// Waits until the person has heard this clip to its end.
    pub async fn hears(&self, clip: &Clip, limit: Duration) -> Option<HeardClip> {
        let mut heard = None;
        let mut looked_at = Duration::ZERO;
        let looks = |call: &Self| {
            let now = call.call.line.heard_for();
            // Recognising takes a moment: look a few times a second, and once more at the end.
            if now < looked_at + BETWEEN_LOOKS && !call.status().is_over() {
                return false;
            }
            looked_at = now;
            heard = call.ear().heard(clip).filter(|heard| heard.share > NEARLY_ALL);
            heard.is_some() || call.status().is_over()
        };
        self.until(limit, looks).await;
        heard
    }

    fn with_stream(&self, act: impl FnOnce(&MediaEnd)) {
        if let Some(end) = self.call.streams().last() {
            act(end);
        }
    }
}

/// Twice a second is soon enough for a test.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// The first and last piece may fall off.
const NEARLY_ALL: f32 = 0.85;
