//! Following a call by server-sent events: first what is already there, then what becomes of it, until it is over.
//!
//! Each event has the number of its entry in the timeline, so that whoever comes back goes on where they were. One that
//! reads slower than the call goes on is sent away with a word: the call never waits for it.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::edge::api::news::{Kind, News};
use crate::edge::api::{Api, not_found, too_much, unavailable, wrong};
use crate::id::CallId;
use crate::live::watching::{Rewatched, Watched};
use crate::ports::{Fault, StoredEntry};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    from: Option<u64>,
}

/// The events of a call.
pub(super) async fn events(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    from: Result<Query<From>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let (call, live) = match api.allowed(&headers, &call) {
        Ok(allowed) => allowed,
        Err(refusal) => return refusal,
    };
    let last =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u64>().ok());
    let next = match (last, from) {
        (Some(last), _) => last.saturating_add(1),
        (None, Ok(Query(from))) => from.from.unwrap_or_default(),
        (None, Err(rejection)) => return wrong(&rejection.body_text()),
    };
    let Some(slot) = api.followers.let_in(call) else {
        metrics::counter!("baton_refused_total", "door" => "events", "why" => "too many").increment(1);
        let why = "too many follow already: close one of those, or take the webhook";
        return too_much(why, AGAIN_AFTER);
    };
    // First join, then read: what comes about in between is there twice, and told once.
    let coming = live.map(|live| live.watchers.join());
    let mut following =
        Following { api, call, next, there: VecDeque::new(), coming, events: VecDeque::new(), _slot: slot };
    match following.catch_up().await {
        Ok(Known::Call) => {}
        Ok(Known::Nothing) => return not_found(),
        Err(fault) => return unavailable(&fault),
    }
    let events = stream::unfold(following, async |mut following| {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    let kept = KeepAlive::new().interval(HEARTBEAT).text("still here");
    // Proxies that gather answers would keep them until the call is over.
    ([(HeaderName::from_static("x-accel-buffering"), "no")], Sse::new(events).keep_alive(kept))
        .into_response()
}

/// One who follows a call.
struct Following {
    api: Arc<Api>,
    call: CallId,
    /// The number of the next entry that they have not had.
    next: u64,
    /// What was there already, and is still to be told.
    there: VecDeque<Watched>,
    /// What comes about; none where nothing comes any more.
    coming: Option<Receiver<Watched>>,
    events: VecDeque<Event>,
    _slot: Slot,
}

/// Whether there is such a call.
enum Known {
    Call,
    Nothing,
}

impl Following {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if let Some(watched) = self.there.pop_front() {
                self.take(&watched);
                continue;
            }
            match self.coming.as_mut()?.recv().await {
                Ok(watched) if watched.number > self.next => {
                    // What was not written yet when we looked is written now.
                    let _ = self.catch_up().await;
                    self.there.retain(|there| there.number < watched.number);
                    self.there.push_back(watched);
                }
                Ok(watched) => self.take(&watched),
                Err(RecvError::Lagged(_)) => {
                    self.coming = None;
                    self.events.push_back(fell_behind());
                }
                // Its task has ended: what it left is written.
                Err(RecvError::Closed) => {
                    let _ = self.catch_up().await;
                    self.coming = None;
                }
            }
        }
    }

    /// Puts what is written and was not told yet before what comes.
    async fn catch_up(&mut self) -> Result<Known, Fault> {
        self.api.written().await;
        let entries = self.api.calls.timeline(self.call).await?;
        if entries.is_empty() && self.api.calls.call(self.call).await?.is_none() {
            return Ok(Known::Nothing);
        }
        self.there = rewatched(self.call, &entries).filter(|watched| watched.number >= self.next).collect();
        Ok(Known::Call)
    }

    fn take(&mut self, watched: &Watched) {
        if watched.number < self.next {
            return;
        }
        self.next = watched.number + 1;
        let news = News::of(watched);
        for (news, left) in news.iter().zip((0..news.len()).rev()) {
            let event = Event::default().event(news.kind.word()).data(news.json().to_string());
            // Only the last of an entry has its number: who breaks off before it gets them all again.
            self.events.push_back(if left == 0 { event.id(news.number.to_string()) } else { event });
            if news.kind == Kind::Ended {
                self.coming = None;
                self.there.clear();
            }
        }
    }
}

fn rewatched(call: CallId, entries: &[StoredEntry]) -> impl Iterator<Item = Watched> {
    let mut rewatched = Rewatched::new(call);
    // One that another version wrote and this one cannot read has no news for anybody.
    let entries = entries.iter().map_while(|entry| serde_json::from_str(&entry.json).ok());
    entries.map(move |entry| rewatched.entry(entry))
}

fn fell_behind() -> Event {
    metrics::counter!("baton_refused_total", "door" => "events", "why" => "slow").increment(1);
    let why = "you read slower than the call goes on: connect again with Last-Event-ID";
    Event::default().event("fell-behind").data(json!({ "error": why }).to_string())
}

/// All who follow calls: so many of each, and so many in all.
#[derive(Default)]
pub(super) struct Followers(Mutex<HashMap<CallId, usize>>);

/// A place among them, until it is dropped.
struct Slot {
    followers: Arc<Followers>,
    call: CallId,
}

impl Followers {
    fn let_in(self: &Arc<Self>, call: CallId) -> Option<Slot> {
        let mut calls = self.calls();
        let in_all: usize = calls.values().sum();
        let of_call = calls.get(&call).copied().unwrap_or_default();
        if of_call >= MOST_OF_ONE_CALL || in_all >= MOST_IN_ALL {
            return None;
        }
        calls.insert(call, of_call + 1);
        Some(Slot { followers: self.clone(), call })
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<CallId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut calls = self.followers.calls();
        if let Some(many) = calls.get_mut(&self.call) {
            *many -= 1;
            if *many == 0 {
                calls.remove(&self.call);
            }
        }
    }
}

/// Proxies close what is silent for a minute, some for half of one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The assistant, a console or two, and somebody who looks for a fault.
const MOST_OF_ONE_CALL: usize = 8;

/// Less than a third of the connections that so many calls need anyhow.
const MOST_IN_ALL: usize = 512;

/// Somebody who follows may have left by then.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::conversation::{Context, Piece, Source, Speaker, Wording};
    use crate::live::paper_world::PaperWorld;
    use crate::phone_number::PhoneNumber;
    use crate::ports::{Announcement, Announcements};
    use crate::time::{CallTime, Timestamp};

    /// Nothing is announced here.
    struct Nobody;

    impl Announcements for Nobody {
        fn announce(&self, _announcement: Announcement) -> BoxFuture<'_, Result<(), Fault>> {
            Box::pin(async { Ok(()) })
        }

        fn take(&self, _: PhoneNumber, _: Timestamp) -> BoxFuture<'_, Result<Option<Context>, Fault>> {
            Box::pin(async { Ok(None) })
        }
    }

    fn word(number: usize) -> Piece {
        Piece {
            source: Source::Assistant,
            name: format!("w{number}"),
            by: Speaker::Prospect,
            from: CallTime::from_millis(1_000 * number as u64),
            until: CallTime::from_millis(1_000 * number as u64 + 500),
            words: format!("word {number}"),
            confidence: None,
            wording: Wording::Final,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_reads_slower_than_the_call_goes_on_is_told_so_and_let_go_and_the_call_goes_on() {
        let world = PaperWorld::new();
        let (live, _prospect) = world.call(1).await;
        let (switchboard, calls) = (world.switchboard.clone(), world.world.clone());
        let keys = vec!["operator".to_owned()];
        let api = Arc::new(Api::new(switchboard, calls, Arc::new(Nobody), keys, Duration::from_secs(60)));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer operator".parse().unwrap());
        let from = Ok(Query(From { from: None }));
        let answer = events(State(api.clone()), Path(live.id.to_string()), from, headers).await;
        assert_eq!(answer.status().as_u16(), 200);
        let mut watching = world.watch();
        for number in 0..400 {
            assert!(live.teller.words(word(number)).await);
            watching.until(live.id, |entry| matches!(entry.event, crate::call::Event::Said(_))).await;
        }
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.contains("event: fell-behind") && last.contains("Last-Event-ID"), "{last}");
        assert!(text.starts_with("event: began"), "{text}");
        assert!(api.followers.calls().is_empty(), "its place is free");
        assert!(live.teller.words(word(400)).await, "the call goes on");
    }

    #[test]
    fn so_many_follow_one_call_and_a_place_is_free_again_when_one_leaves() {
        let followers = Arc::new(Followers::default());
        let (one, other) = (CallId::from_bits(1), CallId::from_bits(2));
        let mut slots: Vec<Slot> = (0..MOST_OF_ONE_CALL).filter_map(|_| followers.let_in(one)).collect();
        assert_eq!(slots.len(), MOST_OF_ONE_CALL);
        assert!(followers.let_in(one).is_none() && followers.let_in(other).is_some());
        slots.pop();
        assert!(followers.let_in(one).is_some());
        drop(slots);
        assert!(followers.calls().is_empty(), "nothing is kept of those who left");
        let all: Vec<Slot> = (0..1_000).filter_map(|n| followers.let_in(CallId::from_bits(n))).collect();
        assert_eq!(all.len(), MOST_IN_ALL);
    }
}
