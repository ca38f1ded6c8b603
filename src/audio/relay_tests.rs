//! A voice on its way to a far side that plays in real time, judged as the ear there would: delay, steps, level, what went.

use std::ops::Range;

use super::*;
use crate::audio::made_up::{CLICK, Chance, conversation, largest_step, talk};

/// The way of a voice: when each frame comes, and the far side.
struct Way {
    relay: Relay,
    /// What the far side has yet to play.
    queue: VecDeque<u8>,
    heard: Vec<u8>,
    dry: Vec<u64>,
    owed: f64,
    parts_per_million: f64,
    stands_still: Range<u64>,
    on_the_way: Vec<u8>,
    /// Milliseconds of delay at the ear, by the second.
    delays: Vec<f64>,
}

impl Way {
    fn new() -> Self {
        Self {
            relay: Relay::default(),
            queue: VecDeque::new(),
            heard: Vec::new(),
            dry: Vec::new(),
            owed: 0.0,
            parts_per_million: 0.0,
            stands_still: 0..0,
            on_the_way: Vec::new(),
            delays: Vec::new(),
        }
    }

    /// Lets the voice pass, a millisecond at a time; `comes` says when a frame comes, if ever.
    fn carry(&mut self, voice: &[[u8; FRAME_SAMPLES]], comes: impl Fn(usize) -> Option<u64>) {
        let mut due: Vec<(u64, usize)> =
            (0..voice.len()).filter_map(|n| comes(n).map(|at| (at.max(n as u64 * 20 + 20), n))).collect();
        due.sort_unstable();
        let mut due = due.into_iter().peekable();
        let mut begun = false;
        for milli in 0..voice.len() as u64 * 20 {
            let still = self.stands_still.contains(&milli);
            if !still {
                let arrived = std::mem::take(&mut self.on_the_way);
                self.queue.extend(arrived);
            }
            while let Some((_, n)) = due.next_if(|(at, _)| *at <= milli) {
                begun = true;
                let mut frame = Frame::silence(MediaTime(n as u64 * FRAME_SAMPLES as u64));
                frame.sound = voice[n];
                self.relay.came(frame);
            }
            if begun {
                self.ask(milli, still);
                self.play(milli);
                if milli % 100 == 0 {
                    self.measure(milli);
                }
            }
        }
    }

    fn ask(&mut self, milli: u64, still: bool) {
        loop {
            let backlog = span(self.queue.len() + self.on_the_way.len());
            // A stall is noticed when a mark is overdue: after 300 ms.
            let noticed = still && milli >= self.stands_still.start + 300;
            let state = if noticed { FarState::StandsStill } else { FarState::Takes };
            let far = Far { backlog, jitter: Duration::ZERO, state };
            let Some(piece) = self.relay.next(Duration::from_millis(milli), far) else { return };
            assert!(!piece.is_empty());
            if still {
                self.on_the_way.extend_from_slice(piece);
            } else {
                self.queue.extend(piece);
            }
        }
    }

    fn play(&mut self, milli: u64) {
        self.owed += 8.0 * (1.0 + self.parts_per_million / 1e6);
        while self.owed >= 1.0 {
            self.owed -= 1.0;
            match self.queue.pop_front() {
                Some(byte) => self.heard.push(byte),
                None => self.dry.push(milli),
            }
        }
    }

    /// How old the voice is that is heard now.
    fn measure(&mut self, milli: u64) {
        let passed = self.relay.next_at.map_or(0, |at| at.0) + self.relay.covered;
        let heard = passed as f64 - (self.queue.len() + self.on_the_way.len()) as f64;
        self.delays.push((milli as f64 * 8.0 - heard) / 8.0);
    }

    fn delay_at(&self, second: f64) -> f64 {
        self.delays[(second * 10.0) as usize]
    }
}

fn steady(n: usize) -> u64 {
    n as u64 * 20 + 20
}

/// As a stall of the speaker's line delivers it: nothing, then everything at once.
fn stalled(n: usize, stall: Range<u64>) -> u64 {
    let at = steady(n);
    if stall.contains(&at) { stall.end } else { at }
}

fn speech_samples(voice: &[[u8; FRAME_SAMPLES]]) -> usize {
    voice.iter().filter(|frame| g711::level_dbfs(*frame) > -50.0).count() * FRAME_SAMPLES
}

#[test]
fn while_all_is_steady_a_voice_passes_untouched_and_at_once() {
    let voice = talk(20, 1_500, 800);
    let mut way = Way::new();
    way.carry(&voice, |n| Some(steady(n)));
    let sent: Vec<u8> = voice.concat();
    let begin = way.heard.len().min(400);
    let made_up = way.relay.take_deeds();
    assert_eq!(made_up, Deeds { made_up: 160, ..Deeds::default() }, "only a little room at the beginning");
    // After the first blend it is the same to the byte.
    assert_eq!(way.heard[begin..way.heard.len() - 200], sent[begin - 160..way.heard.len() - 360]);
    assert_eq!(way.dry.len(), 0);
    assert!(way.delays[1..].iter().all(|delay| *delay <= 41.0), "{:?}", way.delays);
}

#[test]
fn after_a_stall_of_the_speaker_the_delay_is_back_within_60_ms_in_3_s_without_a_click() {
    let voice = conversation(60);
    let own = largest_step(&voice.concat());
    // Wherever in speech and pauses it falls.
    for begin in (10_000..12_500).step_by(125) {
        let mut way = Way::new();
        way.carry(&voice, |n| Some(stalled(n, begin..begin + 2_000)));
        let before = way.delay_at(9.0);
        let back = way.delay_at((begin + 2_000) as f64 / 1_000.0 + 3.0);
        let deeds = way.relay.take_deeds();
        let share = deeds.speech_trimmed as f64 / speech_samples(&voice) as f64;
        assert!(back <= before + 60.0, "stall at {begin}: {before} ms became {back} ms");
        assert_eq!(way.dry.len(), 0, "stall at {begin}");
        let step = largest_step(&way.heard);
        assert!(step as f64 <= own as f64 * CLICK, "stall at {begin}: a step of {step}, its own are {own}");
        assert!(share <= 0.01, "stall at {begin}: {share} of the speech was trimmed, {deeds:?}");
    }
}

#[test]
fn after_a_stall_of_the_listener_the_delay_is_back_within_60_ms_in_3_s_without_a_click() {
    let voice = conversation(60);
    let own = largest_step(&voice.concat());
    for begin in (10_000..12_500).step_by(125) {
        let mut way = Way::new();
        way.stands_still = begin..begin + 2_000;
        way.carry(&voice, |n| Some(steady(n)));
        let before = way.delay_at(9.0);
        let back = way.delay_at((begin + 2_000) as f64 / 1_000.0 + 3.0);
        let deeds = way.relay.take_deeds();
        let share = deeds.speech_trimmed as f64 / speech_samples(&voice) as f64;
        assert!(back <= before + 60.0, "stall at {begin}: {before} ms became {back} ms");
        let outside = way.dry.iter().filter(|milli| !way.stands_still.contains(milli)).count();
        assert_eq!(outside, 0, "it ran dry only while it could not be reached");
        assert!(share <= 0.01, "stall at {begin}: {share} of the speech was trimmed, {deeds:?}");
        // The hole is left out of what was heard, and its two edges: no more than that may step.
        let steps = way
            .heard
            .windows(2)
            .filter(|pair| {
                i32::from(g711::decode(pair[1])) - i32::from(g711::decode(pair[0]))
                    > (f64::from(own) * CLICK) as i32
            })
            .count();
        assert!(steps <= 1, "stall at {begin}: {steps} steps are larger than its own {own}");
    }
}

#[test]
fn somebody_who_speaks_without_a_pause_loses_only_what_cannot_be_caught_up_with() {
    let voice = talk(30, 30_000, 0);
    let own = largest_step(&voice.concat());
    let mut way = Way::new();
    way.carry(&voice, |n| Some(stalled(n, 10_000..12_000)));
    let (before, back) = (way.delay_at(9.0), way.delay_at(15.0));
    assert!(back <= before + 60.0, "{before} ms became {back} ms");
    let deeds = way.relay.take_deeds();
    let lost = (deeds.speech_trimmed + deeds.silence_trimmed) / 8;
    assert!((1_800..2_050).contains(&lost), "{deeds:?}");
    assert!(f64::from(largest_step(&way.heard)) <= f64::from(own) * CLICK);
}

#[test]
fn a_lost_frame_is_concealed_and_no_delay_comes_of_it() {
    let voice = talk(30, 1_500, 800);
    let own = largest_step(&voice.concat());
    let mut way = Way::new();
    way.carry(&voice, |n| (n % 37 != 36).then_some(n as u64 * 20 + 20));
    let deeds = way.relay.take_deeds();
    assert_eq!(way.dry.len(), 0);
    assert!(way.delays[1..].iter().all(|delay| *delay <= 41.0), "{:?}", way.delays);
    let step = largest_step(&way.heard);
    assert!(f64::from(step) <= f64::from(own) * CLICK, "a step of {step}, its own are {own}");
    assert!((40 * 160..44 * 160).contains(&deeds.made_up), "{deeds:?}");
}

#[test]
fn who_falls_silent_in_the_network_is_concealed_for_50_ms_and_then_noise_is_heard() {
    let voice = talk(20, 20_000, 0);
    let mut way = Way::new();
    let loud = (450..500).find(|&n| g711::level_dbfs(&voice[n]) > -21.0).unwrap();
    let begin = loud as u64 * 20 + 30;
    way.carry(&voice, |n| Some(stalled(n, begin..begin + 900)));
    assert_eq!(way.dry.len(), 0);
    let levels: Vec<f32> = way.heard.chunks(FRAME_SAMPLES).map(g711::level_dbfs).collect();
    // The little room is a frame; the fade is over three frames later.
    for (n, level) in levels.iter().enumerate().take(loud + 43).skip(loud + 5) {
        assert!((-71.0..-54.0).contains(level), "frame {n}: {level} dBFS");
    }
    let fading = &levels[loud + 1..loud + 5];
    assert!(fading[0] > -25.0 && fading[1] > -32.0 && fading[3] < -35.0, "{fading:?}");
}

#[test]
fn jitter_costs_a_little_delay_and_then_nothing() {
    let voice = talk(60, 1_500, 800);
    let own = largest_step(&voice.concat());
    let mut way = Way::new();
    let mut chance = Chance(4);
    let late: Vec<u64> = voice.iter().map(|_| chance.below(30)).collect();
    // In order, as TCP keeps it.
    way.carry(&voice, |n| (0..4.min(n + 1)).map(|b| (n - b) as u64 * 20 + 20 + late[n - b]).max());
    assert_eq!(way.dry.len(), 0);
    assert!(way.delays.iter().all(|delay| *delay <= 100.0), "{:?}", way.delays);
    assert!(largest_step(&way.heard) as f64 <= f64::from(own) * CLICK);
    let deeds = way.relay.take_deeds();
    assert!(deeds.made_up + deeds.stretched < 1_600 && deeds.speech_trimmed < 160, "{deeds:?}");
}

#[test]
fn an_hour_of_a_clock_that_is_200_ppm_off_is_absorbed_without_a_click() {
    let voice = talk(3_600, 1_500, 800);
    let own = largest_step(&voice[..50 * 60].concat());
    for parts_per_million in [200.0, -200.0] {
        let mut way = Way::new();
        way.parts_per_million = parts_per_million;
        way.carry(&voice, |n| Some(steady(n)));
        let deeds = way.relay.take_deeds();
        assert_eq!(way.dry.len(), 0, "{parts_per_million} ppm");
        let most = way.delays[1..].iter().fold(0.0_f64, |most, delay| most.max(*delay));
        assert!(most <= 101.0, "{parts_per_million} ppm: {most} ms");
        let step = largest_step(&way.heard);
        assert!(f64::from(step) <= f64::from(own) * CLICK, "{parts_per_million} ppm: {step}, its own {own}");
        let share = deeds.speech_trimmed as f64 / speech_samples(&voice) as f64;
        assert!(share <= 0.01, "{parts_per_million} ppm: {share} of the speech went");
        // 0.72 s in an hour.
        let absorbed = deeds.stretched as i64 - deeds.silence_trimmed as i64 - deeds.speech_trimmed as i64;
        let drift = (parts_per_million * 3_600.0 * 8_000.0 / 1e6) as i64;
        assert!((absorbed - drift).abs() < 640, "{parts_per_million} ppm: {absorbed} samples for {drift}");
    }
}
