//! How the prospect is, twice a second: excited or calm, frustrated, interested, hesitating; against their own voice a
//! minute ago, and with a confidence that says how much there was to go by.

pub mod acting;
pub mod baseline;
pub mod conversation;
pub mod functionals;
pub mod heads;

use crate::ear::mood::acting::Acting;
use crate::ear::mood::baseline::{Baseline, Figures};
use crate::ear::mood::conversation::{Conversation, VoiceSays, frustration, hesitation, interest};
use crate::ear::mood::functionals::{Functionals, Window};
use crate::ear::mood::heads::Heads;
use crate::ear::prosody::Hop;
use crate::time::MediaTime;

/// What was heard in a hop besides its prosody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// They are speaking.
    pub speaking: bool,
    /// How loud it is when they are not.
    pub floor_dbfs: f32,
    /// A syllable's peak was found with this hop.
    pub syllable: bool,
}

impl Heard {
    /// The hop is speech, and not the pause between two words.
    pub fn audible(&self, hop: &Hop) -> bool {
        self.speaking && hop.level_db >= self.floor_dbfs + AUDIBLE_DB
    }
}

/// A value, and how far it is to be believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Felt {
    /// 0 (not at all) to 1.
    pub value: f32,
    /// 0 (a guess) to 1: seconds of clear voice in the window, how well the speaker's usual is known, how fresh it is.
    pub confidence: f32,
    /// The value has been high for two seconds and not yet low for two.
    pub acting: bool,
}

/// How the prospect is at a moment. `None` is an answer: there is no evidence yet.
///
/// `activation` is what a voice can tell. `tone`, and with it which part of the excitement is `frustration` and which
/// `interest`, is told badly by any voice (right 57 to 75 times in 100 among strangers): the confidence of these three is
/// low by design, highest when the turns of the talk speak too, and never above 0.6.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The newest hop that it knows of.
    pub at: MediaTime,
    /// Excited or calm, by the voice.
    pub activation: Option<Felt>,
    /// Anger-like (1) or joy-like (0) if excited, by the voice.
    pub tone: Option<Felt>,
    /// By voice and talk.
    pub frustration: Option<Felt>,
    /// By voice and talk.
    pub interest: Option<Felt>,
    /// By the talk's timing, and the pace of the voice.
    pub hesitation: Option<Felt>,
    /// The voice that all this is read from, when there is enough of it.
    pub voice: Option<Unusual>,
}

/// A window of voice and how far it is from the speaker's usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unusual {
    /// What was measured.
    pub window: Window,
    /// Each figure's distance from usual, in spreads.
    pub z: Figures,
    /// How likely excitement is by this window and its newest half, before it is smoothed.
    pub activation: f32,
    /// How anger-like that is, before it is smoothed.
    pub tone: f32,
    /// How far it is to be believed while it is fresh.
    pub confidence: f32,
}

/// The running estimate of one prospect.
#[derive(Clone, Debug)]
pub struct Mood {
    heads: Heads,
    functionals: Functionals,
    baseline: Baseline,
    hops: u8,
    fresh: u8,
    voice: Option<Unusual>,
    smooth: Option<[f32; 2]>,
    stale_s: f32,
    acting: [Acting; 5],
}

impl Mood {
    /// Nobody has been heard yet.
    pub fn new(heads: Heads) -> Self {
        Self {
            heads,
            functionals: Functionals::default(),
            baseline: Baseline::default(),
            hops: 0,
            fresh: 0,
            voice: None,
            smooth: None,
            stale_s: 0.0,
            acting: [Acting::default(); 5],
        }
    }

    /// 10 ms more; every half second a reading.
    pub fn hear(&mut self, hop: &Hop, heard: Heard, talk: &Conversation) -> Option<Reading> {
        if heard.audible(hop) {
            self.functionals.hear(hop, heard.syllable);
            self.fresh += 1;
        } else {
            self.functionals.pause();
        }
        self.hops += 1;
        if self.hops < HOPS {
            return None;
        }
        self.hops = 0;
        self.look();
        Some(self.reading(hop.at, talk))
    }

    /// Reads the window when it has changed.
    fn look(&mut self) {
        self.stale_s = (self.stale_s + READING_S).min(FORGOTTEN_S);
        if self.fresh < WORTH_A_LOOK {
            return;
        }
        let Some(window) = self.functionals.window() else { return };
        let fresh_s = f32::from(std::mem::take(&mut self.fresh)) * 0.01;
        let mut read = unusual(&self.heads, &self.baseline, window);
        if let Some(newest) = self.functionals.newest() {
            // What is newest counts twice: so a change is seen sooner, and its end too.
            let newest = unusual(&self.heads, &self.baseline, newest);
            read.activation = f32::midpoint(read.activation, newest.activation);
            read.tone = f32::midpoint(read.tone, newest.tone);
        }
        self.baseline.learn(&window.features, &read.z, fresh_s);
        let now = [read.activation, read.tone];
        let smooth = self.smooth.get_or_insert(now);
        for (smooth, now) in smooth.iter_mut().zip(now) {
            *smooth += NEWEST * (now - *smooth);
        }
        self.voice = Some(read);
        self.stale_s = 0.0;
    }

    /// What is believed now.
    fn reading(&mut self, at: MediaTime, talk: &Conversation) -> Reading {
        let known = self.baseline.learned_s() >= HELD_BACK_S;
        let voice = self.voice.zip(self.smooth).filter(|_| known).map(|(read, [activation, tone])| {
            let [rate_z, voiced_z] = [RATE, VOICED].map(|figure| read.z[figure]);
            let confidence = read.confidence / (1.0 + self.stale_s / STALE_S);
            VoiceSays { activation, tone, rate_z, voiced_z, confidence }
        });
        let said = [
            voice.map(|voice| (voice.activation, voice.confidence)),
            voice.map(|voice| (voice.tone, voice.confidence * OF_TONE * voice.activation)),
            voice.map(|voice| frustration(&voice, talk)),
            voice.map(|voice| interest(&voice, talk)),
            hesitation(voice.as_ref(), talk),
        ];
        let mut acting = self.acting.iter_mut();
        let [activation, tone, frustration, interest, hesitation] = said.map(|believed| {
            let acting = acting.next().is_some_and(|acting| acting.weigh(believed));
            believed.map(|(value, confidence)| Felt { value, confidence, acting })
        });
        Reading { at, activation, tone, frustration, interest, hesitation, voice: self.voice }
    }
}

/// A window as this speaker's usual and the heads see it.
pub(crate) fn unusual(heads: &Heads, baseline: &Baseline, window: Window) -> Unusual {
    let z = baseline.z(&heads.population, &window.features);
    let confidence = believed(baseline, &window);
    Unusual { window, z, activation: heads.activation(&z), tone: heads.tone(&z), confidence }
}

/// How far a window is to be believed: seconds of voice, how clear it is, how well the usual is known.
pub(crate) fn believed(baseline: &Baseline, window: &Window) -> f32 {
    let evidence = (window.voiced_s / FULL_VOICED_S).min(1.0);
    let clear = ((window.voicing - UNCLEAR) / (CLEAR - UNCLEAR)).clamp(0.0, 1.0);
    let known = baseline.learned_s() / (baseline.learned_s() + HALF_KNOWN_S);
    evidence * clear * known
}

/// Hops from reading to reading, and the seconds that they take.
pub(crate) const HOPS: u8 = 50;
const READING_S: f32 = 0.5;

/// A tenth of a second of new speech is a syllable; with less the window is what it was.
pub(crate) const WORTH_A_LOOK: u8 = 10;

/// A hop that is not this far above the floor is the pause between two words.
const AUDIBLE_DB: f32 = 6.0;

/// The newest window's share of the smoothed value. Windows overlap by five sixths, so slower smoothing hardly steadies
/// them (measured over lines of chance: the area is the same at 0.4) and finds excitement half a second later.
const NEWEST: f32 = 0.6;

/// Before so many seconds of speech there is no usual to differ from, and the answer is: no evidence yet.
const HELD_BACK_S: f32 = 4.0;

/// With so much speech the usual is half known. Together with the doubt in the baseline's own spread this keeps the first
/// eight to ten seconds uncertain.
const HALF_KNOWN_S: f32 = 5.0;

/// So much voiced speech in a window of three seconds is all that one can expect.
const FULL_VOICED_S: f32 = 1.5;

/// Voicing of a voice that is hardly one, and of a clear one.
const UNCLEAR: f32 = 0.4;
const CLEAR: f32 = 0.75;

/// Half of the belief in the tone is gone before a word is heard: see [`Reading`].
const OF_TONE: f32 = 0.5;

/// Who was silent for so long may be in another mood by now: half of the belief is gone.
const STALE_S: f32 = 10.0;

/// After ten minutes nothing more is lost.
const FORGOTTEN_S: f32 = 600.0;

/// Places of the two figures that hesitation shows in.
const RATE: usize = 8;
const VOICED: usize = 14;

#[cfg(test)]
#[path = "mood_tests.rs"]
mod tests;
