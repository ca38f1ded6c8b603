//! What was heard in a recording: the plain form that every output is made from.
//!
//! Times are seconds from the beginning of the recording. What was not measured is absent, never zero.

use serde::{Serialize, Serializer};

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Analysis {
    /// The form of this, for whoever reads it by a program.
    pub version: u32,
    /// What was read.
    pub files: Vec<Heard>,
    /// How long it is.
    #[serde(serialize_with = "rounded_long")]
    pub seconds: f64,
    /// What whoever looks at the figures should know of how they came about.
    pub notes: Vec<String>,
    /// Each party's.
    pub channels: Vec<Channel>,
    /// The turns of both, in their order.
    pub turns: Vec<TurnAt>,
    /// What happened, in its order.
    pub events: Vec<Event>,
}

/// A file as it was found.
#[derive(Clone, Debug, Serialize)]
pub struct Heard {
    /// Its name, without its folder.
    pub name: String,
    /// How its samples are written.
    pub coding: String,
    /// Samples a second.
    pub rate: u32,
    /// How many channels it has.
    pub channels: u16,
}

/// One party's voice.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Channel {
    /// `prospect` or `other`.
    pub name: &'static str,
    /// When they spoke.
    pub segments: Vec<Segment>,
    /// Their side of the conversation.
    pub shape: Side,
    /// What was measured every 10 ms.
    pub tracks: Vec<Track>,
    /// What was made of the last seconds of speech, every half second.
    pub features: Vec<FeaturesAt>,
    /// The estimates of their mood.
    pub mood: Vec<MoodAt>,
    /// The largest sample of each 10 ms, of 255; for the page.
    #[serde(skip)]
    pub peaks: Vec<u8>,
    /// The sound in µ-law at 8 kHz, as much of it as the page may hold.
    #[serde(skip)]
    pub sound: Vec<u8>,
}

/// A stretch of speech.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// From here.
    #[serde(serialize_with = "rounded_long")]
    pub from_s: f64,
    /// To here.
    #[serde(serialize_with = "rounded_long")]
    pub to_s: f64,
}

/// The figures of one party's side of the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// The part of the time in which they spoke.
    #[serde(serialize_with = "rounded")]
    pub speech_share: f32,
    /// Their part of all that was said.
    #[serde(serialize_with = "rounded")]
    pub talk_share: f32,
    /// The part of all speech in which both spoke.
    #[serde(serialize_with = "rounded")]
    pub overlap_share: f32,
    /// Turns.
    pub turns: u32,
    /// How fast they answered: the median, in seconds.
    #[serde(serialize_with = "rounded_maybe")]
    pub latency_s: Option<f32>,
    /// Of how many answers.
    pub answers: u32,
    /// How often they barged in.
    pub interruptions_made: u32,
    /// How often the other did.
    pub interruptions_suffered: u32,
    /// How often they said something short while the other went on.
    pub back_channels: u32,
    /// Pauses inside their turns.
    pub pauses: u32,
    /// The longest.
    #[serde(serialize_with = "rounded")]
    pub longest_pause_s: f32,
    /// The part of their turns that is pause.
    #[serde(serialize_with = "rounded")]
    pub pause_share: f32,
    /// How often it was theirs to speak and nobody did for 2 s.
    pub silences_left: u32,
}

/// One figure every 10 ms, the first at the beginning.
#[derive(Clone, Debug, Serialize)]
pub struct Track {
    /// `score` (0 to 1: how surely it is speech), `f0_hz` (0: unvoiced), `voicing` (0 to 1), `level_dbfs`, and what else there is.
    pub name: &'static str,
    /// Each value; one that is not finite is not known.
    #[serde(serialize_with = "rounded_all")]
    pub values: Vec<f32>,
}

/// Features of the last seconds of speech.
#[derive(Clone, Debug, Serialize)]
pub struct FeaturesAt {
    /// When the window ends.
    #[serde(serialize_with = "rounded_long")]
    pub at_s: f64,
    /// Each with its name.
    pub values: Vec<(&'static str, f32)>,
}

/// The estimates at a time. An absent one is "no evidence yet".
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MoodAt {
    /// When.
    #[serde(serialize_with = "rounded_long")]
    pub at_s: f64,
    /// How activated.
    pub activation: Option<Estimate>,
    /// Angry rather than joyful; by design of low confidence.
    pub tone: Option<Estimate>,
    /// How frustrated.
    pub frustration: Option<Estimate>,
    /// How interested.
    pub interest: Option<Estimate>,
    /// How hesitant.
    pub hesitation: Option<Estimate>,
}

/// A number and how far it can be trusted, both from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    #[serde(serialize_with = "rounded")]
    pub value: f32,
    /// How far it can be trusted.
    #[serde(serialize_with = "rounded")]
    pub confidence: f32,
}

/// A turn of the conversation.
#[derive(Clone, Debug, Serialize)]
pub struct TurnAt {
    /// Whose: the channel's name.
    pub who: &'static str,
    /// From here.
    #[serde(serialize_with = "rounded_long")]
    pub from_s: f64,
    /// To here.
    #[serde(serialize_with = "rounded_long")]
    pub to_s: f64,
    /// From the other's last word to their first; negative when they overlap. None: it answers nothing.
    #[serde(serialize_with = "rounded_maybe")]
    pub latency_s: Option<f32>,
    /// Pauses inside.
    pub pauses: u32,
    /// The longest.
    #[serde(serialize_with = "rounded")]
    pub longest_pause_s: f32,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// When.
    #[serde(serialize_with = "rounded_long")]
    pub at_s: f64,
    /// Who did it, by the channel's name; none: nobody.
    pub who: Option<&'static str>,
    /// `barged_in`, `back_channel`, `long_silence`, and what else the ear marks.
    pub kind: &'static str,
    /// The same for a person.
    pub says: String,
}

impl Analysis {
    /// The form that is written now.
    pub const VERSION: u32 = 1;
}

impl Channel {
    /// The values of a track.
    pub fn track(&self, name: &str) -> Option<&[f32]> {
        self.tracks.iter().find(|track| track.name == name).map(|track| &*track.values)
    }
}

impl MoodAt {
    /// Each estimate with its name.
    pub fn named(&self) -> [(&'static str, Option<Estimate>); 5] {
        [
            ("activation", self.activation),
            ("tone", self.tone),
            ("frustration", self.frustration),
            ("interest", self.interest),
            ("hesitation", self.hesitation),
        ]
    }
}

/// A thousandth is finer than anything here is measured.
pub(super) fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn rounded_long<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(thousandths(*value))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn rounded<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    rounded_long(&f64::from(*value), serializer)
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn rounded_maybe<S: Serializer>(value: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(|value| thousandths(f64::from(value))).serialize(serializer)
}

fn rounded_all<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|&value| thousandths(f64::from(value))))
}
