//! The prospect's talk with whoever they hear: who has the turn, how they take part, and how they are.
//!
//! It is followed by the prospect's own leg, which hears the one and plays the other.

use tokio::time::Instant;

use crate::call::{Event, Felt, MoodHeard, TurnHeard};
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::{self, Reading};
use crate::ear::taking_part;
use crate::ear::talk::{Change, Happening, Party, Talk, Turn};
use crate::ear::voice;
use crate::ear::whole::Heard;
use crate::id::LegId;
use crate::live::playout::length;
use crate::time::{CallTime, MediaTime};

/// A talk as the prospect's leg follows it. Its times are those since the leg began.
pub(super) struct TalkOfTwo {
    began: Instant,
    talk: Talk,
    other: LegId,
    other_speaks: bool,
    conversation: Conversation,
    /// Sounds that were drawn out in the last minute, fading.
    stretches: f32,
    frames: u32,
    /// The prospect's level where they spoke, since their last turn.
    loudness: Loudness,
    /// The other's where they spoke, as it was played to the prospect, since their last turn.
    others_loudness: Loudness,
    /// A turn that was taken while the other spoke.
    barged_in: Option<Party>,
    told: MoodHeard,
}

#[derive(Clone, Copy, Debug, Default)]
struct Loudness {
    power: f32,
    frames: u32,
}

impl TalkOfTwo {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            talk: Talk::default(),
            other: LegId::Assistant,
            other_speaks: false,
            conversation: Conversation::default(),
            stretches: 0.0,
            frames: 0,
            loudness: Loudness::default(),
            others_loudness: Loudness::default(),
            barged_in: None,
            told: MoodHeard::default(),
        }
    }

    /// How the prospect takes part in it.
    pub(super) fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// A frame of the prospect was heard, which ended there in their stream, while sound of this power was played to them;
    /// what is certain now is put to the news.
    pub(super) fn prospect(
        &mut self,
        now: Instant,
        end: MediaTime,
        heard: &Heard,
        playing: f32,
        news: &mut Vec<Event>,
    ) {
        let time = self.time(now);
        let back = |place: MediaTime| earlier(time, end - place);
        let change = match heard.voiced.change {
            Some(voice::Change::Began { at }) => Some(Change::Began { at: back(at) }),
            Some(
                voice::Change::Paused { since }
                | voice::Change::TurnMayBeOver { since }
                | voice::Change::LongSilence { since },
            ) => Some(Change::Paused { since: back(since) }),
            None => None,
        };
        if let Some(change) = change {
            self.talk.hear(Party::Prospect, change);
        }
        if heard.voiced.speaking {
            self.loudness.hear(libm::exp10f(heard.voiced.level_dbfs / 10.0));
        }
        if self.other_speaks && playing > AUDIBLE {
            self.others_loudness.hear(playing);
        }
        self.stretches = self.stretches * A_MINUTE_FADES + f32::from(u8::from(heard.stretch.is_some()));
        self.talk.pass(time);
        while let Some(happening) = self.talk.take() {
            self.happened(time, &happening, news);
        }
        self.frames += 1;
        if self.frames.is_multiple_of(LOOK_EVERY) {
            self.conversation = taking_part::of_the_prospect(&self.talk, self.stretches);
        }
        if let Some(reading) = &heard.reading {
            self.read(reading, news);
        }
    }

    /// The one whom the prospect hears began to speak, or fell silent, then.
    pub(super) fn other(&mut self, who: LegId, speaks: bool, at: Instant) {
        self.other = who;
        self.other_speaks = speaks;
        let at = self.time(at);
        let change = if speaks { Change::Began { at } } else { Change::Paused { since: at } };
        self.talk.hear(Party::Other, change);
    }

    fn time(&self, at: Instant) -> CallTime {
        CallTime::ZERO + at.saturating_duration_since(self.began)
    }

    fn happened(&mut self, now: CallTime, happening: &Happening, news: &mut Vec<Event>) {
        match happening {
            Happening::BargedIn { who, .. } => self.barged_in = Some(*who),
            Happening::TurnEnded(turn) => news.push(Event::TurnHeard(self.turn(now, turn))),
            Happening::TurnBegan(_) | Happening::BackChannel { .. } | Happening::LongSilence { .. } => {}
        }
    }

    fn turn(&mut self, now: CallTime, turn: &Turn) -> TurnHeard {
        let (leg, loudness) = match turn.who {
            Party::Prospect => (LegId::Prospect, &mut self.loudness),
            Party::Other => (self.other, &mut self.others_loudness),
        };
        let level_dbfs = std::mem::take(loudness).mean();
        let barged_in = self.barged_in.take_if(|who| *who == turn.who).is_some();
        let millis = |span: std::time::Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        TurnHeard {
            leg,
            lasted_millis: millis(turn.ended.since(turn.began)),
            ended_ago_millis: millis(now.since(turn.ended)),
            latency_millis: turn.latency_millis,
            pauses: turn.pauses,
            level_dbfs,
            barged_in,
        }
    }

    /// Tells how they are where that is news: twice a second nobody reads it, and a record of it would be all of the record.
    fn read(&mut self, reading: &Reading, news: &mut Vec<Event>) {
        let now = MoodHeard {
            activation: reading.activation.map(in_hundredths),
            frustration: reading.frustration.map(in_hundredths),
            interest: reading.interest.map(in_hundredths),
            hesitation: reading.hesitation.map(in_hundredths),
        };
        let pairs = [
            (now.activation, self.told.activation),
            (now.frustration, self.told.frustration),
            (now.interest, self.told.interest),
            (now.hesitation, self.told.hesitation),
        ];
        if pairs.iter().any(|(now, told)| differs(*now, *told)) {
            self.told = now;
            news.push(Event::MoodHeard(now));
        }
    }
}

impl Loudness {
    fn hear(&mut self, power: f32) {
        self.power += power;
        self.frames += 1;
    }

    fn mean(self) -> Option<i8> {
        let mean = self.power / self.frames.max(1) as f32;
        (self.frames > 0).then(|| (10.0 * libm::log10f(mean.max(1e-12))).round() as i8)
    }
}

fn in_hundredths(felt: mood::Felt) -> Felt {
    let hundredths = |share: f32| (share.clamp(0.0, 1.0) * 100.0).round() as u8;
    Felt { value: hundredths(felt.value), confidence: hundredths(felt.confidence), acting: felt.acting }
}

fn differs(now: Option<Felt>, told: Option<Felt>) -> bool {
    match (now, told) {
        (None, None) => false,
        (Some(now), Some(told)) => {
            now.acting != told.acting
                || now.value.abs_diff(told.value) >= WORTH_TELLING
                || now.confidence.abs_diff(told.confidence) >= CONFIDENCE_WORTH_TELLING
        }
        (Some(_), None) | (None, Some(_)) => true,
    }
}

fn earlier(time: CallTime, samples: u64) -> CallTime {
    let back = length(usize::try_from(samples).unwrap_or(usize::MAX)).as_micros() as u64;
    CallTime::from_micros(time.as_micros().saturating_sub(back))
}

/// Twice a second: as often as the mood is read.
const LOOK_EVERY: u32 = 25;

/// What is left of a drawn-out sound after 20 ms, so that a minute of them counts as what it was.
const A_MINUTE_FADES: f32 = 1.0 - 1.0 / 3_000.0;

/// -50 dBFS: between two words it is quieter.
const AUDIBLE: f32 = 1e-5;

/// A tenth; less is no news to a person.
const WORTH_TELLING: u8 = 10;

/// A quarter: confidence wobbles with every pause, and only tells how far to believe what was told.
const CONFIDENCE_WORTH_TELLING: u8 = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AttemptId;
    use crate::live::clock;

    /// Both speak in turn, four seconds each; whoever does not is silent.
    #[test]
    fn turns_of_both_say_how_loud_they_were() {
        let now = clock::now();
        let mut talk = TalkOfTwo::new(now);
        let mut news = Vec::new();
        let mut heard = Heard {
            voiced: voice::Voiced {
                score: 0.0,
                level_dbfs: -60.0,
                floor_dbfs: -60.0,
                tone: false,
                speaking: false,
                change: None,
            },
            hops: [None; 2],
            syllables: 0,
            stretch: None,
            reading: None,
        };
        for frame in 0..700_u64 {
            let at = now + std::time::Duration::from_millis(20 * frame);
            let (end, second) = (MediaTime(160 * (frame + 1)), frame / 50);
            match frame {
                0 => talk.other(LegId::Rep(AttemptId(7)), true, at),
                200 => talk.other(LegId::Rep(AttemptId(7)), false, at),
                _ => {}
            }
            heard.voiced.speaking = (5..9).contains(&second);
            heard.voiced.level_dbfs = if heard.voiced.speaking { -30.0 } else { -60.0 };
            heard.voiced.change = match frame {
                250 => Some(voice::Change::Began { at: MediaTime(160 * 250) }),
                460 => Some(voice::Change::Paused { since: MediaTime(160 * 450) }),
                _ => None,
            };
            // Every fourth frame of theirs is a gap; hold music is nobody's voice.
            let playing = if second < 4 && frame % 4 == 0 { 1e-7 } else { 1e-2 };
            talk.prospect(at, end, &heard, playing, &mut news);
        }
        let levels: Vec<_> = news
            .iter()
            .filter_map(|event| match event {
                Event::TurnHeard(turn) => Some((turn.leg, turn.level_dbfs)),
                _ => None,
            })
            .collect();
        assert_eq!(levels, [(LegId::Rep(AttemptId(7)), Some(-20)), (LegId::Prospect, Some(-30))]);
    }

    const fn felt(value: u8, confidence: u8) -> Felt {
        Felt { value, confidence, acting: false }
    }

    fn differs(now: impl Into<Option<Felt>>, told: impl Into<Option<Felt>>) -> bool {
        super::differs(now.into(), told.into())
    }

    #[test]
    fn a_mood_is_told_when_it_changed_and_not_when_its_confidence_wobbles() {
        let told = felt(40, 50);
        for confidence in [26, 40, 60, 74] {
            assert!(!differs(felt(45, confidence), told), "{confidence}");
        }
        assert!(differs(felt(50, 50), told) && differs(felt(40, 75), told) && differs(felt(40, 20), told));
        assert!(differs(Felt { acting: true, ..told }, told));
        assert!(differs(None, told) && differs(told, None) && !differs(None, None));
    }
}
