//! A call as it was recorded, whatever it was recorded as: what was said and noted, how the voice was, what became of offers.

use crate::conversation::{Context, Fact, Note, Shape, Signal, Turn};
use crate::escalation::{Answer, Decision, Reading, VoiceReadings};
use crate::listen::{Analysis, Estimate};
use crate::time::CallTime;

/// A call as it was recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// What it was read from, without its folder.
    pub name: String,
    /// What it is about, where somebody wrote that down.
    pub title: String,
    /// What was known before the first word.
    pub context: Context,
    /// What happened, in its order.
    pub steps: Vec<Step>,
    /// What should be decided, in words, where somebody wrote that down.
    pub expected: Vec<String>,
    /// What was decided in the call itself, where that is on record.
    pub then: Vec<Decision>,
    /// What the ear found, where there is sound.
    pub sound: Option<Analysis>,
    /// What whoever looks at it should know.
    pub notes: Vec<String>,
    /// Whether its words were taken out: then only what they told then can be looked at.
    pub wordless: bool,
}

/// Something that happened in a recorded call.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When it was known.
    pub at: CallTime,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Somebody said this; and what it told then, where that is on record.
    Said(Turn, Option<Box<ToldThen>>),
    /// The assistant noted this; and what that told then.
    Noted(Note, Option<Vec<Signal>>),
    /// The voice was like this.
    Voice(VoiceReadings),
    /// This became of the last offer of a person.
    Answered(Answer),
}

/// What a turn told in the call itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToldThen {
    /// The signals.
    pub signals: Vec<Signal>,
    /// The facts.
    pub facts: Vec<Fact>,
    /// How the talk stood.
    pub shape: Shape,
}

impl Recorded {
    /// The time of the last thing that is known of it.
    pub fn until(&self) -> CallTime {
        let sound = self.sound.as_ref().map_or(0, |sound| (sound.seconds * 1e6) as u64);
        let last = self.steps.iter().map(|step| step.at).max().unwrap_or_default();
        last.max(CallTime::from_micros(sound))
    }

    /// How the prospect's voice was, each time that a running call would have been told: what the ear found in the sound.
    pub fn hear(&mut self, sound: Analysis) {
        let mut before = VoiceReadings::default();
        for mood in sound.channels.first().map(|channel| &*channel.mood).unwrap_or_default() {
            let reading = |estimate: Option<Estimate>| {
                estimate.map(|e| Reading { value: hundredths(e.value), confidence: hundredths(e.confidence) })
            };
            let shown = VoiceReadings {
                activation: reading(mood.activation),
                frustration: reading(mood.frustration),
                interest: reading(mood.interest),
                hesitation: reading(mood.hesitation),
            };
            if differs(shown, before) {
                let at = CallTime::from_micros((mood.at_s * 1e6) as u64);
                self.steps.push(Step { at, what: What::Voice(shown) });
                before = shown;
            }
        }
        self.steps.sort_by_key(|step| step.at);
        self.notes.extend(sound.notes.iter().cloned());
        self.sound = Some(sound);
    }
}

fn differs(now: VoiceReadings, before: VoiceReadings) -> bool {
    let pairs = [
        (now.activation, before.activation),
        (now.frustration, before.frustration),
        (now.interest, before.interest),
        (now.hesitation, before.hesitation),
    ];
    pairs.into_iter().any(|pair| match pair {
        (Some(now), Some(before)) => {
            now.value.abs_diff(before.value) >= WORTH_TELLING
                || now.confidence.abs_diff(before.confidence) >= WORTH_TELLING
        }
        (now, before) => now.is_some() != before.is_some(),
    })
}

fn hundredths(share: f32) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

/// A change that a running call is told of, in hundredths.
const WORTH_TELLING: u8 = 10;
