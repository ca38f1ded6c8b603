//! No lag: two people who talk with each other over lines that stall and clocks that drift, judged at the ear.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use baton::audio::clip::Clip;
use baton::audio::g711;
use baton::handoff::Phrase as House;
use baton::id::LegId;
use baton::live::clock;
use baton::sim::carrier::PhoneCall;
use baton::sim::person::{Person, Step};
use baton::sim::sound::{self, Phrase, Pitch};

use tokio::time::Instant;

use crate::stage::{FIRST_REP, PROSPECT, SAM, Stage, s};

/// How people talk with each other: ITU-T P.59, means of a conversation.
const TALKSPURT: Duration = Duration::from_millis(1_000);
const PAUSE: Duration = Duration::from_millis(1_580);

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stall_of_2_s_the_delay_of_both_is_back_in_3_s_without_a_click_and_without_lost_words() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, rep) = two_who_talk(&stage, 14).await;
    let machine = Machine::watched();
    tokio::time::sleep(s(9)).await;
    let stalled_at = now_at(&prospect);
    prospect.stall_stream(s(2));
    let stall = stalled_at..stalled_at + s(2);
    tokio::time::sleep(s(14)).await;
    assert!(stage.numbers().await.contains("baton_live_samples_total"), "what is done to voices is counted");
    for (who, speaker, listener) in
        [("prospect to rep", &prospect, &rep), ("rep to prospect", &rep, &prospect)]
    {
        let mut judged = Judged::of(speaker, listener, &stall);
        machine.excuse(&mut judged.clicks, listener);
        println!("{who}: {judged:?}");
        assert!(judged.before.len() >= 2 && judged.after.len() >= 2, "{who}: {judged:?}");
        let before = judged.before.iter().max().unwrap();
        for delay in &judged.after {
            assert!(*delay <= *before + Duration::from_millis(60), "{who}: {before:?} became {delay:?}");
        }
        assert!(judged.clicks.is_empty(), "{who}: {judged:?}");
        assert!((0.99..1.06).contains(&judged.speech_heard), "{who}: {judged:?}");
    }
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_far_off_is_absorbed_without_a_click_and_without_lag() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, rep) = two_who_talk(&stage, 14).await;
    let machine = Machine::watched();
    tokio::time::sleep(s(4)).await;
    // Ten times what a clock may be off: 60 ms in half a minute. One plays too fast, one too slowly.
    prospect.play_out_drifts(2_000.0);
    rep.play_out_drifts(-2_000.0);
    let from = now_at(&prospect);
    tokio::time::sleep(s(30)).await;
    for (who, speaker, listener) in
        [("prospect to rep", &prospect, &rep), ("rep to prospect", &rep, &prospect)]
    {
        let mut judged = Judged::of(speaker, listener, &(from..from));
        machine.excuse(&mut judged.clicks, listener);
        println!("{who}: {judged:?}");
        let before = judged.before.iter().max().unwrap();
        for delay in &judged.after {
            assert!(*delay <= *before + Duration::from_millis(80), "{who}: {before:?} became {delay:?}");
        }
        assert!(judged.clicks.is_empty(), "{who}: {judged:?}");
    }
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

/// Two people, bridged, who talk at once and pause as people do.
async fn two_who_talk(stage: &Stage, turns: u64) -> (PhoneCall, PhoneCall) {
    stage.world.rep(
        SAM,
        talking(Person::new("sam").then(Step::Wait(s(4))).then(Step::Press('1')), Pitch::REP, turns),
    );
    let begins =
        Person::new("prospect").then(Step::Wait(Duration::from_millis(1_500))).then(Step::Press('0'));
    let prospect = stage.world.prospect_calls(PROSPECT, talking(begins, Pitch::PROSPECT, turns));
    let rep = stage.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    for leg in [LegId::Prospect, FIRST_REP] {
        stage.is_told(baton::call::Event::Played { leg, phrase: House::Introduction }).await;
    }
    (prospect, rep)
}

/// The same person, who once introduced talks in turns that nobody said before.
fn talking(person: Person, pitch: Pitch, turns: u64) -> Person {
    let listens =
        person.then(Step::WaitUntilHears(s(3))).then(Step::WaitForSilence(Duration::from_millis(900)));
    (0..turns).fold(listens, |person, turn| {
        let words = sound::hum(TALKSPURT, pitch, 1_000 + turn);
        person.then(Step::Say(Phrase::from(words))).then(Step::Wait(PAUSE))
    })
}

/// One direction of the conversation, as the listener's ear had it.
#[derive(Debug)]
struct Judged {
    /// From mouth to ear, turn by turn, before it happened.
    before: Vec<Duration>,
    /// The same from a little less than 3 s after it.
    after: Vec<Duration>,
    own_step: i32,
    clicks: Vec<Duration>,
    /// Of what was said and could be heard by the end.
    speech_heard: f64,
}

impl Judged {
    fn of(speaker: &PhoneCall, listener: &PhoneCall, happened: &Range<Duration>) -> Self {
        let ear = listener.ear();
        let mut judged = Self {
            before: Vec::new(),
            after: Vec::new(),
            own_step: 0,
            clicks: Vec::new(),
            speech_heard: 0.0,
        };
        let until = ear.began() + ear.duration();
        let (mut said, mut first, mut last) = (Duration::ZERO, None, Duration::ZERO);
        for (at, phrase) in speaker.said() {
            if phrase.clip.duration() > TALKSPURT + s(1) || at + s(3) > until {
                continue;
            }
            let around = at.saturating_sub(ear.began());
            first.get_or_insert(around);
            last = around;
            said += phrase.clip.duration();
            let heard = ear.heard_within(&phrase.clip, around..around + s(4));
            judged.own_step = judged.own_step.max(largest_step(&phrase.clip));
            let Some(heard) = heard else {
                continue;
            };
            let delay = (ear.began() + heard.when.start).saturating_sub(at);
            if at + s(2) < happened.start {
                judged.before.push(delay);
            } else if at + Duration::from_millis(200) > happened.end + s(3) {
                judged.after.push(delay);
            }
        }
        let from = first.unwrap_or_default();
        let heard = ear.speech_within(from..last + s(2));
        judged.speech_heard = heard.as_secs_f64() / said.as_secs_f64();
        // What cannot be reached runs dry: its two edges are the network's own.
        let clear = |at: Duration| at.saturating_sub(ear.began());
        let parts = [
            clear(happened.start.saturating_sub(s(4)))..clear(happened.start),
            clear(happened.end) + Duration::from_millis(300)..s(3_600),
        ];
        let louder = judged.own_step * 14 / 10;
        judged.clicks = parts.into_iter().flat_map(|part| ear.clicks_within(part, louder)).collect();
        judged
    }
}

/// The machine that all of this runs on, watched: while it stumbles, neither Baton nor the carrier keeps its time.
struct Machine {
    stumbled: Arc<Mutex<Vec<Instant>>>,
}

impl Machine {
    fn watched() -> Self {
        let stumbled = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::downgrade(&stumbled);
        thread::spawn(move || {
            while let Some(stumbled) = seen.upgrade() {
                let before = clock::now();
                thread::sleep(WATCHED_EVERY);
                if clock::now().duration_since(before) > WATCHED_EVERY + STUMBLE {
                    stumbled.lock().unwrap().push(before);
                }
            }
        });
        Self { stumbled }
    }

    /// Takes out what was heard within a second after a stumble.
    fn excuse(&self, clicks: &mut Vec<Duration>, listener: &PhoneCall) {
        let (now, heard_for) = (clock::now(), listener.ear().duration());
        for stumble in self.stumbled.lock().unwrap().iter() {
            let at = heard_for.saturating_sub(now.duration_since(*stumble));
            let excused = at.saturating_sub(Duration::from_millis(100))..at + s(1);
            clicks.retain(|click| !excused.contains(click));
        }
    }
}

/// A quarter of a frame.
const WATCHED_EVERY: Duration = Duration::from_millis(5);

/// Half the cushion that a voice has.
const STUMBLE: Duration = Duration::from_millis(15);

fn largest_step(clip: &Clip) -> i32 {
    let sound: Vec<i32> = (0..clip.frames())
        .filter_map(|n| clip.frame(n))
        .flatten()
        .map(|&b| i32::from(g711::decode(b)))
        .collect();
    sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap_or_default()
}

/// The time of the world at which this ear is now.
fn now_at(call: &PhoneCall) -> Duration {
    let ear = call.ear();
    ear.began() + ear.duration()
}
