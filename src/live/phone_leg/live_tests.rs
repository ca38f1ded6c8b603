//! A prospect's leg in the bridge, on a clock that the test moves, over a line whose far side plays in real time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::*;
use crate::audio::g711;
use crate::audio::made_up::{CLICK, Chance, conversation, largest_step, line_noise};
use crate::handoff::{Hearing, Sounds};
use crate::id::{AttemptId, CallId};
use crate::live::house_voice::HouseVoice;
use crate::live::line::{FromCarrier, LineBroke};
use crate::live::patchbay::Patchbay;
use crate::live::phone_leg::run;
use crate::live::playout::length;
use crate::live::seat::{LegLimits, PhoneCommand, PhoneSeat, Teller, ToCall};
use crate::time::MediaTime;

/// What goes to the far side, and when it left.
enum Down {
    Sound(Vec<u8>),
    Mark(u32),
}

struct FakeLine {
    up: mpsc::Receiver<FromCarrier>,
    down: mpsc::Sender<(Instant, Down)>,
}

impl CarrierLine for FakeLine {
    async fn next(&mut self) -> FromCarrier {
        self.up.recv().await.unwrap_or(FromCarrier::Stopped)
    }

    async fn send_sound(&mut self, sound: &[u8]) -> Result<(), LineBroke> {
        self.down.try_send((clock::now(), Down::Sound(sound.to_vec()))).map_err(|_| LineBroke)
    }

    async fn send_mark(&mut self, mark: u32) -> Result<(), LineBroke> {
        self.down.try_send((clock::now(), Down::Mark(mark))).map_err(|_| LineBroke)
    }

    async fn clear(&mut self) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        Ok(())
    }

    async fn close(&mut self) {}
}

/// The prospect's leg, the rep whom it hears, and what the prospect hears.
struct Bridge {
    patchbay: Arc<Patchbay>,
    up: mpsc::Sender<FromCarrier>,
    down: mpsc::Receiver<(Instant, Down)>,
    events: mpsc::Receiver<ToCall>,
    _commands: mpsc::Sender<PhoneCommand>,
    began: Instant,
    chance: Chance,
    queue: VecDeque<u8>,
    marks: VecDeque<(u64, u32)>,
    returning: VecDeque<(Instant, u32)>,
    arriving: VecDeque<(Instant, Down)>,
    queued: u64,
    played: u64,
    owed: f64,
    heard: Vec<u8>,
    dry: Vec<Duration>,
    marks_sent: u32,
    most_piled_up: Duration,
    parts_per_million: f64,
    /// Nothing passes on the prospect's connection.
    stall: Range<Duration>,
    /// Nothing comes from the rep's, and then all at once.
    rep_stall: Range<Duration>,
}

impl Bridge {
    fn new(ear: Sounds) -> Self {
        let patchbay = Arc::new(Patchbay::default());
        let hearing = Hearing {
            prospect: ear,
            assistant: Sounds::SILENCE,
            rep: Sounds::PROSPECT,
            on_line: Some(AttemptId(1)),
        };
        patchbay.set(1, hearing, false);
        let (up, from_carrier) = mpsc::channel(1_024);
        let (to_carrier, down) = mpsc::channel(1_024);
        let (tell, events) = mpsc::channel(64);
        let (orders, commands) = mpsc::channel(8);
        let seat = PhoneSeat {
            number: crate::live::seat::SeatNumber(0),
            leg: LegId::Prospect,
            call: CallId::from_bits(7),
            patchbay: patchbay.clone(),
            teller: Teller::new(tell),
            commands,
            speech: None,
            voice: Arc::new(HouseVoice::built_in()),
            tap: None,
            ears: crate::live::listening::Ears::default(),
            limits: LegLimits::default(),
        };
        tokio::spawn(run(FakeLine { up: from_carrier, down: to_carrier }, seat));
        Self {
            patchbay,
            up,
            down,
            events,
            _commands: orders,
            began: clock::now(),
            chance: Chance(3),
            queue: VecDeque::new(),
            marks: VecDeque::new(),
            returning: VecDeque::new(),
            arriving: VecDeque::new(),
            queued: 0,
            played: 0,
            owed: 0.0,
            heard: Vec::new(),
            dry: Vec::new(),
            marks_sent: 0,
            most_piled_up: Duration::ZERO,
            parts_per_million: 0.0,
            stall: Duration::ZERO..Duration::ZERO,
            rep_stall: Duration::ZERO..Duration::ZERO,
        }
    }

    /// Lets the rep say this while the prospect is on an open line.
    async fn carry(&mut self, voice: &[[u8; FRAME_SAMPLES]]) {
        let mut held = VecDeque::new();
        for tick in 0..voice.len() as u64 * 4 {
            tokio::time::sleep(TICK).await;
            let at = clock::now() - self.began;
            if tick % 4 == 0 {
                let n = tick / 4;
                let mut frame = Frame::silence(MediaTime(n * FRAME_SAMPLES as u64));
                frame.sound = voice[n as usize];
                held.push_back(frame);
                if !self.rep_stall.contains(&at) {
                    for frame in held.drain(..) {
                        self.patchbay.carry(LegId::Rep(AttemptId(1)), frame);
                    }
                }
                if !self.stall.contains(&at) {
                    let frame = Frame { at: frame.at, sound: line_noise(&mut self.chance) };
                    let _ = self.up.try_send(FromCarrier::Sound(frame));
                }
            }
            self.play(at);
            while self.events.try_recv().is_ok() {}
        }
    }

    fn play(&mut self, at: Duration) {
        let now = clock::now();
        while let Ok(sent) = self.down.try_recv() {
            self.arriving.push_back(sent);
        }
        while !self.stall.contains(&at) && self.arriving.front().is_some_and(|(left, _)| *left + AWAY <= now)
        {
            match self.arriving.pop_front() {
                Some((_, Down::Sound(sound))) => {
                    self.queued += sound.len() as u64;
                    self.queue.extend(sound);
                }
                Some((_, Down::Mark(mark))) => {
                    self.marks_sent += 1;
                    self.marks.push_back((self.queued, mark));
                }
                None => {}
            }
        }
        self.most_piled_up = self.most_piled_up.max(self.backlog());
        self.owed += TICK.as_micros() as f64 / 125.0 * (1.0 + self.parts_per_million / 1e6);
        while self.owed >= 1.0 {
            self.owed -= 1.0;
            match self.queue.pop_front() {
                Some(byte) => {
                    self.played += 1;
                    self.heard.push(byte);
                }
                None => self.dry.push(at),
            }
        }
        while self.marks.front().is_some_and(|(place, _)| *place <= self.played) {
            self.returning.extend(self.marks.pop_front().map(|(_, mark)| (now + AWAY, mark)));
        }
        while !self.stall.contains(&at) && self.returning.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, mark)) = self.returning.pop_front() else { return };
            let _ = self.up.try_send(FromCarrier::Played(mark));
        }
    }

    /// What waits at the far side.
    fn backlog(&self) -> Duration {
        length(self.queue.len())
    }

    /// How old the voice is that was heard last, once it passes untouched again.
    fn delay(&self, voice: &[[u8; FRAME_SAMPLES]]) -> Duration {
        let (tail, said) = (&self.heard[self.heard.len() - 320..], voice.concat());
        let at = said.windows(320).rposition(|part| part == tail).expect("it passes untouched");
        (clock::now() - self.began).saturating_sub(length(at + 320))
    }

    fn dry_after(&self, at: Duration) -> usize {
        self.dry.iter().filter(|dry| **dry > at && !self.stall.contains(dry)).count()
    }
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_far_sides_clock_that_is_200_ppm_off_is_measured_by_marks_and_absorbed() {
    let voice = conversation(3_600);
    let own = largest_step(&voice[..5_000].concat());
    for parts_per_million in [200.0, -200.0] {
        let mut bridge = Bridge::new(Sounds::REP);
        bridge.parts_per_million = parts_per_million;
        bridge.carry(&voice).await;
        assert_eq!(bridge.dry_after(s(1)), 0, "{parts_per_million} ppm");
        let backlog = bridge.backlog();
        assert!(backlog < Duration::from_millis(100), "{parts_per_million} ppm: {backlog:?}");
        let step = largest_step(&bridge.heard);
        assert!(f64::from(step) < f64::from(own) * CLICK, "{parts_per_million} ppm: a step of {step}");
        // A mark a second is what it costs.
        assert!((3_500..3_700).contains(&bridge.marks_sent), "{} marks", bridge.marks_sent);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_piled_up_on_a_line_that_stands_still_and_afterwards_there_is_no_lag() {
    let voice = conversation(30);
    let own = largest_step(&voice.concat());
    let mut bridge = Bridge::new(Sounds::REP);
    bridge.carry(&voice[..9 * 50]).await;
    let before = bridge.delay(&voice);
    let mut bridge = Bridge::new(Sounds::REP);
    bridge.stall = s(10)..s(12);
    bridge.carry(&voice[..15 * 50]).await;
    let (after, dry) = (bridge.delay(&voice), bridge.dry_after(Duration::from_millis(12_100)));
    assert!(after < before + Duration::from_millis(60), "{before:?} became {after:?}, 3 s after the stall");
    let most = bridge.most_piled_up;
    assert!(most < Duration::from_millis(600), "{most:?} waited at the far side after the stall");
    assert_eq!(dry, 0);
    let step = largest_step(&bridge.heard[12 * 8_000 - 15_500..]);
    assert!(f64::from(step) < f64::from(own) * CLICK, "a step of {step}, its own are {own}");
}

#[tokio::test(start_paused = true)]
async fn promise_1_a_prospect_whose_rep_stalls_hears_the_line_and_then_hold_and_never_nothing() {
    let said = conversation(20);
    let mut bridge = Bridge::new(Sounds::REP);
    bridge.rep_stall = s(5)..s(12);
    bridge.carry(&said).await;
    assert_eq!(bridge.dry_after(s(1)), 0);
    let levels: Vec<f32> = bridge.heard.chunks(FRAME_SAMPLES).map(g711::level_dbfs).collect();
    let loud = |part: Range<usize>| levels[part].iter().filter(|level| **level > -45.0).count();
    assert!(levels[50..].iter().all(|level| *level > -75.0), "digital silence is nobody");
    assert!(loud(5 * 50 + 10..6 * 50 + 40) == 0, "at first there is the noise of the line");
    assert!(loud(7 * 50 + 10..12 * 50 - 10) > 200, "then the sound of waiting");
    let voice = largest_step(&said.concat());
    let hold = HouseVoice::built_in();
    let hold: Vec<u8> = (0..hold.hold().frames()).flat_map(|n| *hold.hold().frame_looped(n)).collect();
    let own = voice.max(largest_step(&hold));
    assert!(f64::from(largest_step(&bridge.heard)) < f64::from(own) * CLICK);
    let back = bridge.delay(&said);
    assert!(back < Duration::from_millis(180), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn while_nobody_is_heard_live_no_mark_of_ours_goes_out_but_the_first() {
    let mut bridge = Bridge::new(Sounds::ASSISTANT);
    bridge.carry(&conversation(10)).await;
    assert_eq!((bridge.marks_sent, bridge.heard.len()), (1, 0));
}

/// A quarter of a frame.
const TICK: Duration = Duration::from_millis(5);

/// One way.
const AWAY: Duration = Duration::from_millis(60);
