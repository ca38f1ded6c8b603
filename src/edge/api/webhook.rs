//! The operator's webhook: decisions, the handoff's stages and the ends of calls, posted and signed as Standard Webhooks
//! says. It follows the calls from beside: when it cannot keep up, posts are lost and counted, and no call notices.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use url::Url;

use crate::edge::api::news::News;
use crate::edge::seldom::Seldom;
use crate::id::CallId;
use crate::live::clock;
use crate::live::watching::Watched;

/// Where to post, and signed with what.
#[derive(Clone)]
pub struct Webhook {
    /// Where.
    pub url: Url,
    /// With what.
    pub secret: SigningKey,
    /// The way there; it follows no redirects.
    pub http: reqwest::Client,
}

/// The key of the signatures.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

/// Not a secret as Standard Webhooks writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and the base64 of 24 to 64 random bytes: `echo whsec_$(openssl rand -base64 32)`")]
pub struct BadSecret;

impl SigningKey {
    /// The key of this secret.
    pub fn read(secret: &str) -> Result<Self, BadSecret> {
        let key = secret.strip_prefix("whsec_").and_then(|base64| STANDARD.decode(base64).ok());
        key.filter(|key| (24..=64).contains(&key.len())).map(Self).ok_or(BadSecret)
    }

    /// The signature of a message of this id, sent at this second.
    pub fn sign(&self, id: &str, second: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(format!("{id}.{second}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// One post that is still to be made.
struct Post {
    call: CallId,
    id: String,
    body: String,
}

impl Post {
    fn of(news: &News) -> Self {
        let (kind, call, number) = (news.kind.word(), news.call, news.number);
        let now = jiff::Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
        let body = json!({ "type": kind, "timestamp": now.to_string(), "data": news.json() });
        Self { call, id: format!("{call}-{number}-{kind}"), body: body.to_string() }
    }
}

/// Posts what watchers are told, until nothing comes any more. `waiting` shows how many posts are still to be made.
pub async fn run(webhook: Webhook, mut watched: Receiver<Watched>, waiting: watch::Sender<usize>) {
    let mut queue = Queue::default();
    let mut posting: FuturesUnordered<BoxFuture<'static, CallId>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            watched = watched.recv() => match watched {
                Ok(watched) => {
                    let news = News::of(&watched);
                    for news in news.iter().filter(|news| news.kind.is_a_turning_point()) {
                        queue.put(Post::of(news));
                    }
                }
                Err(RecvError::Lagged(missed)) => queue.lost(missed),
                Err(RecvError::Closed) => return,
            },
            Some(call) = posting.next(), if !posting.is_empty() => queue.done(call),
        }
        while posting.len() < AT_ONCE
            && let Some(post) = queue.next()
        {
            let webhook = webhook.clone();
            posting.push(Box::pin(async move { webhook.deliver(post).await }));
        }
        waiting.send_replace(queue.many + posting.len());
    }
}

/// Posts that wait. Those of one call are made one after the other, so that they arrive in order.
#[derive(Default)]
struct Queue {
    calls: HashMap<CallId, VecDeque<Post>>,
    /// Calls of which one is being posted.
    busy: HashSet<CallId>,
    /// Calls with posts that could be made now, in the order in which they came.
    ready: VecDeque<CallId>,
    many: usize,
    lost_said: Seldom,
}

impl Queue {
    fn put(&mut self, post: Post) {
        if self.many >= MOST_WAITING {
            self.lost(1);
            return;
        }
        self.many += 1;
        let call = post.call;
        let posts = self.calls.entry(call).or_default();
        posts.push_back(post);
        if posts.len() == 1 && !self.busy.contains(&call) {
            self.ready.push_back(call);
        }
    }

    fn next(&mut self) -> Option<Post> {
        let call = self.ready.pop_front()?;
        let posts = self.calls.get_mut(&call)?;
        let post = posts.pop_front()?;
        if posts.is_empty() {
            self.calls.remove(&call);
        }
        self.many -= 1;
        self.busy.insert(call);
        Some(post)
    }

    fn done(&mut self, call: CallId) {
        self.busy.remove(&call);
        if self.calls.contains_key(&call) {
            self.ready.push_back(call);
        }
    }

    fn lost(&self, many: u64) {
        metrics::counter!("baton_webhook_lost_total").increment(many);
        if self.lost_said.may() {
            tracing::warn!("the webhook does not keep up, and posts are lost (said once a minute at most)");
        }
    }
}

impl Webhook {
    /// Posts until it is taken, or has failed too often; the call whose next post may be made then.
    async fn deliver(&self, post: Post) -> CallId {
        let mut pauses = PAUSES.iter();
        loop {
            let (outcome, again) = self.post(&post).await;
            metrics::counter!("baton_webhook_posts_total", "outcome" => outcome).increment(1);
            match (again, pauses.next()) {
                (Again::No, _) => break,
                (Again::Yes, Some(pause)) => tokio::time::sleep(*pause).await,
                (Again::Yes, None) => {
                    metrics::counter!("baton_webhook_lost_total").increment(1);
                    tracing::warn!(call.id = %post.call, outcome, "the webhook did not take a post, however often it was tried");
                    break;
                }
            }
        }
        post.call
    }

    async fn post(&self, post: &Post) -> (&'static str, Again) {
        let second = clock::wall().0 / 1_000;
        let request = self
            .http
            .post(self.url.clone())
            .timeout(WITHIN)
            .header("content-type", "application/json")
            .header("webhook-id", &post.id)
            .header("webhook-timestamp", second.to_string())
            .header("webhook-signature", self.secret.sign(&post.id, second, &post.body))
            .body(post.body.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => ("taken", Again::No),
            // It says that it never wants any again.
            Ok(answer) if answer.status().as_u16() == 410 => ("gone", Again::No),
            Ok(_refused) => ("refused", Again::Yes),
            Err(_unreachable) => ("unreachable", Again::Yes),
        }
    }
}

/// Whether a post is to be tried again.
enum Again {
    Yes,
    No,
}

/// Each try of a post may take so long.
const WITHIN: Duration = Duration::from_secs(10);

/// Between the tries of a post: a server that is deployed anew is back by then, and what is later is no news any more.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(90),
    Duration::from_secs(300),
];

/// Posts of so many calls at once: a server that takes a second each keeps up with some 200 calls.
const AT_ONCE: usize = 16;

/// Some 30 of each of 100 calls, of 1 KB each.
const MOST_WAITING: usize = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn post(call: u128, number: u64) -> Post {
        Post { call: CallId::from_bits(call), id: number.to_string(), body: String::new() }
    }

    #[test]
    fn a_signature_is_as_the_standard_s_own_example_has_it() {
        let key = SigningKey::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for bad in [
            "",
            "whsec_",
            "whsec_not base64 at all, really",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
        ] {
            assert!(SigningKey::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn posts_of_one_call_are_made_one_after_the_other_and_those_of_others_meanwhile() {
        let mut queue = Queue::default();
        for (call, number) in [(1, 1), (1, 2), (2, 3), (1, 4)] {
            queue.put(post(call, number));
        }
        let mut ids = || queue.next().map(|post| post.id);
        assert_eq!((ids().as_deref(), ids().as_deref(), ids()), (Some("1"), Some("3"), None));
        queue.done(CallId::from_bits(1));
        assert_eq!(queue.next().map(|post| post.id).as_deref(), Some("2"));
        queue.done(CallId::from_bits(2));
        assert!(queue.next().is_none(), "the first call's last waits for the one before it");
        queue.done(CallId::from_bits(1));
        assert_eq!(queue.next().map(|post| post.id).as_deref(), Some("4"));
        queue.done(CallId::from_bits(1));
        assert!(queue.calls.is_empty() && queue.busy.is_empty() && queue.many == 0, "nothing is kept");
    }

    #[test]
    fn more_than_may_wait_is_lost_and_nothing_grows() {
        let mut queue = Queue::default();
        for number in 0..2 * MOST_WAITING as u64 {
            queue.put(post(u128::from(number % 7), number));
        }
        assert_eq!(queue.many, MOST_WAITING);
    }
}
