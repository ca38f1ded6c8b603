//! Words under load: what somebody says reaches Baton over the control API, and the decision that it justifies comes back to
//! whoever follows the call. How long that takes over real sockets, and what a turn costs without any.
//!
//! A thread of its own talks and follows, so that it does not wait behind the sound that the load reads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bench::gateway::OPERATOR_KEY;
use crate::bench::histogram::Histogram;
use crate::conversation::{Context, Lexicon, Source, Speaker, Turn, Understanding, Wording};
use crate::escalation::{Answer, Engine, Policy};
use crate::live::clock;
use crate::time::CallTime;

/// What came of the words.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// From the request that told the turn to the decision's arrival.
    pub decisions: Histogram,
    /// Decisions that never arrived.
    pub missed: u64,
}

/// Somebody who follows every call and has yet to say a word.
#[derive(Debug)]
pub(super) struct Talk {
    begin: oneshot::Sender<Duration>,
    ended: oneshot::Receiver<anyhow::Result<Spoken>>,
}

/// The same, while words are told.
#[derive(Debug)]
pub(super) struct Talking(oneshot::Receiver<anyhow::Result<Spoken>>);

impl Talk {
    /// Follows the calls that run on this gateway.
    pub(super) async fn follow(gateway: SocketAddr) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (begin, told) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        std::thread::spawn(move || {
            let spoken = runtime.block_on(async {
                let calls = Calls::followed(gateway).await?;
                let _ = ready.send(());
                calls.talk(told.await.context("the load ended before it began")?).await
            });
            // Who no longer waits for it has failed elsewhere.
            let _ = end.send(spoken);
        });
        match is_ready.await {
            Ok(()) => Ok(Self { begin, ended }),
            Err(_failed) => match ended.await.context("the thread that follows died")? {
                Ok(_) => anyhow::bail!("the talk was over before it began"),
                Err(error) => Err(error.context("the calls could not be followed")),
            },
        }
    }

    /// Now words are told, for so long.
    pub(super) fn begin(self, window: Duration) -> Talking {
        // A thread that died says so at the end.
        let _ = self.begin.send(window);
        Talking(self.ended)
    }
}

impl Talking {
    /// What came of it, once all that was told was answered or has taken too long.
    pub(super) async fn end(self) -> anyhow::Result<Spoken> {
        self.0.await.context("the thread that talks died")?
    }
}

/// The calls of a gateway, each followed.
struct Calls {
    client: Client,
    base: String,
    names: Vec<String>,
    following: Vec<Response>,
}

impl Calls {
    async fn followed(gateway: SocketAddr) -> anyhow::Result<Self> {
        let client = crate::edge::http::client()?;
        let base = format!("http://{gateway}/v1/calls");
        let listed = client.get(format!("{base}?live=true&limit={MOST}")).bearer_auth(OPERATOR_KEY);
        let listed: Value = listed.send().await?.error_for_status()?.json().await?;
        let calls = listed["calls"].as_array().context("no list of calls")?;
        let names: Vec<String> =
            calls.iter().filter_map(|call| call["call"].as_str()).map(str::to_owned).collect();
        anyhow::ensure!(!names.is_empty(), "no call is running");
        let mut following = Vec::new();
        for name in &names {
            let events = client.get(format!("{base}/{name}/events")).bearer_auth(OPERATOR_KEY);
            following.push(events.timeout(FOLLOWED).send().await?.error_for_status()?);
        }
        Ok(Self { client, base, names, following })
    }

    /// Spread over the window: in each call a turn of the assistant's, and one of the prospect's that justifies a decision.
    async fn talk(self, window: Duration) -> anyhow::Result<Spoken> {
        let Self { client, base, names, following } = self;
        let mut decided = JoinSet::new();
        for (call, events) in following.into_iter().enumerate() {
            decided.spawn(async move { (call, decision(events).await) });
        }
        let mut telling = JoinSet::new();
        let tell = |call: usize, turn: &Value| {
            let url = format!("{base}/{}/turns", names[call]);
            client.post(url).bearer_auth(OPERATOR_KEY).json(turn).send()
        };
        let (asks, cross) =
            (json!({"by": "assistant", "text": ASKS}), json!({"by": "prospect", "text": CROSS}));
        let begin = clock::now();
        let step = window / names.len() as u32;
        let mut told = Vec::with_capacity(names.len());
        for call in 0..names.len() {
            tokio::time::sleep_until(begin + step * call as u32).await;
            telling.spawn(tell((call + names.len() / 2) % names.len(), &asks));
            told.push(clock::now());
            telling.spawn(tell(call, &cross));
        }
        while let Some(answer) = telling.join_next().await {
            answer?.context("a turn was not told")?.error_for_status().context("a turn was refused")?;
        }
        let mut spoken = Spoken::default();
        let until = clock::now() + LATE;
        while let Ok(Some(one)) = tokio::time::timeout_at(until, decided.join_next()).await {
            let (call, at) = one?;
            match at {
                Some(at) => spoken.decisions.note(at.saturating_duration_since(told[call])),
                None => spoken.missed += 1,
            }
        }
        spoken.missed += decided.len() as u64;
        Ok(spoken)
    }
}

/// When the first decision of a call arrives; none: its events ended before.
async fn decision(mut events: Response) -> Option<Instant> {
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = events.chunk().await {
        let at = clock::now();
        text.extend_from_slice(&chunk);
        if text.windows(DECISION.len()).any(|window| window == DECISION) {
            return Some(at);
        }
        // A name is not longer than that, and may be cut in two.
        text.drain(..text.len().saturating_sub(DECISION.len()));
    }
    None
}

/// What a turn costs to be understood and weighed, along talks of sixty turns.
pub fn turn_cost() -> Histogram {
    let mut all = Histogram::default();
    let (lexicon, policy) = (Lexicon::shipped(), Arc::new(Policy::default()));
    for _ in 0..TALKS {
        let context = Context::default();
        let mut engine = Engine::new(policy.clone(), &context);
        let mut understanding = Understanding::new(&lexicon, context);
        for (number, (by, words)) in (1..=TURNS).zip(TALK.into_iter().cycle()) {
            let turn = turn(number, by, words);
            let began = clock::now();
            let told = understanding.hear(&turn);
            let decided = engine.said(&turn, &told.signals, &told.shape);
            all.note(clock::now().saturating_duration_since(began));
            if decided.is_some() {
                // So that the next one is weighed in full as well.
                engine.answered(turn.until, Answer::NoAnswer);
            }
        }
    }
    all
}

fn turn(number: u32, by: Speaker, words: &str) -> Turn {
    let from = CallTime::from_millis(u64::from(number) * 5_000);
    Turn {
        number,
        by,
        from,
        until: from + Duration::from_secs(4),
        words: words.to_owned(),
        confidence: Some(90),
        wording: Wording::Final,
        source: Source::Assistant,
    }
}

/// As many as a list has at once, and as may be followed.
const MOST: u32 = 500;

/// Longer than any measurement.
const FOLLOWED: Duration = Duration::from_secs(3_600);

/// What has not come by then never comes.
const LATE: Duration = Duration::from_secs(2);

const DECISION: &[u8] = b"event: decision";

const ASKS: &str = "Sure, I can help you with that. Which of the two plans did you have a look at?";

/// No rep is configured in what is measured: nobody is offered, and the sound of the call goes on as it is.
const CROSS: &str = "this is ridiculous you are useless i am sick of this stupid machine";

/// A second's worth of measuring on a slow machine.
const TALKS: usize = 40;
const TURNS: u32 = 60;

/// A talk as it goes: small talk, facts, questions, a price, a doubt, and a machine that gets it wrong.
const TALK: [(Speaker, &str); 12] = [
    (Speaker::Assistant, "Hi, this is the assistant of Example Phones, how can I help you today?"),
    (Speaker::Prospect, "hi um yeah we run three small clinics and the front desk is on the phone all day"),
    (Speaker::Assistant, "I see. About how many calls do you get in a day, and who answers them now?"),
    (Speaker::Prospect, "so maybe two hundred calls and there's four of us like Maria and two part timers"),
    (Speaker::Assistant, "Thank you. That fits our team plan, which takes up to five hundred calls a day."),
    (Speaker::Prospect, "and what does that cost per month and can we get a discount if we pay for a year"),
    (Speaker::Assistant, "It is ninety nine a month. Yearly plans are two months cheaper."),
    (Speaker::Prospect, "does it work with our calendar because the last vendor said yes and it never did"),
    (Speaker::Assistant, "I'm sorry, I don't have that at hand. Shall I tell you about our plans?"),
    (Speaker::Prospect, "no you already said that i asked whether it syncs with the calendar we use"),
    (Speaker::Assistant, "Our plans begin at forty nine a month. Which one would you like to hear about?"),
    (Speaker::Prospect, "okay look my manager would want to see the contract and the security papers first"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_of_the_talks_is_measured() {
        let cost = turn_cost();
        assert_eq!(cost.count(), TALKS as u64 * u64::from(TURNS));
        assert!(cost.spread().max > 0.0);
    }

    #[test]
    fn what_is_told_under_load_justifies_a_decision_by_itself() {
        let mut engine = Engine::new(Arc::default(), &Context::default());
        let mut understanding = Understanding::new(&Lexicon::shipped(), Context::default());
        let turn = turn(1, Speaker::Prospect, CROSS);
        let told = understanding.hear(&turn);
        assert!(engine.said(&turn, &told.signals, &told.shape).is_some(), "{told:?}");
    }
}
