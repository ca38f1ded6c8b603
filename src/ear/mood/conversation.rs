//! What voice and conversation together say: frustration, interest, hesitation.
//!
//! A voice tells how excited somebody is; whether they are angry or glad it hardly tells (among strangers in another
//! language 57 to 75 of 100). How they take part in the talk decides that: who interrupts is not delighted, who answers at
//! once and at length is not bored. Hesitation is a matter of time alone. No recording with such labels went into these
//! rules; they are the directions that the literature agrees on, with small and equal steps, and their confidence says so.

use crate::ear::mood::heads::logistic;

/// How somebody takes part in the talk, so far or in the last minutes: what the turns of both parties show.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conversation {
    /// Turns that they have had; nothing of the following counts before the second.
    pub turns: u32,
    /// How much later than usual for them they answered lately, in spreads; negative is sooner.
    pub latency_z: f32,
    /// How often a minute they began while the other party spoke on.
    pub interruptions_per_min: f32,
    /// Share of their speech that lies over the other party's.
    pub overlap_share: f32,
    /// How often a minute they said "mm-hm".
    pub back_channels_per_min: f32,
    /// Share of their turns that is pauses.
    pub pause_share: f32,
    /// The longest of these lately, in seconds.
    pub longest_pause_s: f32,
    /// How often a minute a sound was drawn out ("sooo", "uhhh").
    pub prolongations_per_min: f32,
    /// How long their turns are, in seconds.
    pub turn_s: f32,
}

/// What the voice alone says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VoiceSays {
    /// How excited, 0 to 1.
    pub(super) activation: f32,
    /// Anger-like (1) or joy-like (0).
    pub(super) tone: f32,
    /// Syllables a second, against usual.
    pub(super) rate_z: f32,
    /// Voiced share of speech, against usual.
    pub(super) voiced_z: f32,
    /// How far that is to be believed.
    pub(super) confidence: f32,
}

/// A value and how far it is to be believed, both 0 to 1.
pub(super) type Believed = (f32, f32);

impl Conversation {
    /// How much evidence the talk is, 0 to 1.
    fn evidence(&self) -> f32 {
        let counted = self.turns.saturating_sub(1) as f32;
        counted / (counted + HALF_THE_TURNS)
    }
}

/// Excitement that is of the angry kind, or goes with pushing in.
pub(super) fn frustration(voice: &VoiceSays, talk: &Conversation) -> Believed {
    let told = talk.evidence();
    let pushing = sound(talk.interruptions_per_min, 0.0, 3.0)
        + sound(talk.overlap_share, 0.0, 0.3) * 5.0
        + sound(-talk.latency_z, 0.0, 3.0) * 0.5
        - sound(talk.back_channels_per_min, 0.0, 3.0) * 0.5;
    let lean = angry(voice.tone) + told * (pushing - USUAL_PUSHING);
    (voice.activation * logistic(lean), voice.confidence * split(told))
}

/// Excitement that is of the joyful kind or goes with taking part; or no excitement, but answers that come at once.
pub(super) fn interest(voice: &VoiceSays, talk: &Conversation) -> Believed {
    let told = talk.evidence();
    let prompt = sound(-talk.latency_z, -3.0, 3.0) * 0.5;
    let taking_part = prompt
        + sound(talk.back_channels_per_min, 0.0, 3.0) * 0.5
        + sound(talk.turn_s - USUAL_TURN_S, -3.0, 6.0) * 0.2
        - sound(talk.interruptions_per_min, 0.0, 3.0) * 0.5;
    let excited = voice.activation * logistic(told * taking_part - angry(voice.tone));
    let awake = 1.0 - (voice.activation - 0.5).abs() * 2.0;
    let attentive = told * 0.7 * awake * logistic(2.0 * prompt - 1.0);
    (excited.max(attentive), voice.confidence * split(told))
}

/// Late answers, pauses, slow and drawn-out speech; excitement has no part in it.
pub(super) fn hesitation(voice: Option<&VoiceSays>, talk: &Conversation) -> Option<Believed> {
    let told = talk.evidence();
    let (pace, heard) = voice.map_or((0.0, 0.0), |voice| {
        let slow = sound(-voice.rate_z, -2.0, 3.0) * 0.4 + sound(-voice.voiced_z, -2.0, 3.0) * 0.2;
        (slow * voice.confidence, voice.confidence)
    });
    let waiting = sound(talk.latency_z, -2.0, 4.0) * 0.6
        + (sound(talk.pause_share, 0.0, 0.6) - USUAL_PAUSES) * 5.0
        + sound(talk.longest_pause_s - LONG_PAUSE_S, 0.0, 3.0) * 0.7
        + sound(talk.prolongations_per_min - USUAL_PROLONGED, 0.0, 8.0) * 0.3;
    let confidence = TIMING_SHARE * told + (1.0 - TIMING_SHARE) * heard;
    (confidence > 0.0).then(|| (logistic(told * waiting + pace + AT_EASE), confidence))
}

/// How much a tone leans to anger; what a voice can tell of that is half a step at most.
fn angry(tone: f32) -> f32 {
    (tone - 0.5) * 2.0
}

/// How far the split of excitement into frustration and interest is to be believed: never far, by the voice alone hardly.
fn split(told: f32) -> f32 {
    BY_VOICE + BY_TALK * told
}

/// A number within its range; what is no number is the nearest to none.
fn sound(x: f32, least: f32, most: f32) -> f32 {
    if x.is_nan() { 0.0_f32.clamp(least, most) } else { x.clamp(least, most) }
}

/// After so many counted turns the talk is half of all the evidence it will ever be.
const HALF_THE_TURNS: f32 = 3.0;

/// People who are not angry interrupt and overlap too: about a step of it is usual.
const USUAL_PUSHING: f32 = 1.0;

/// A usual turn on a call of this kind.
const USUAL_TURN_S: f32 = 3.0;

/// Read and fluent speech has about an eighth of pauses.
const USUAL_PAUSES: f32 = 0.125;

/// A longer pause than this within a turn is one that listeners notice (1 s reads as trouble).
const LONG_PAUSE_S: f32 = 1.0;

/// Spontaneous speech draws a sound out about so often a minute without any doubt behind it.
const USUAL_PROLONGED: f32 = 2.0;

/// Nobody hesitates unless something says so: one in six.
const AT_EASE: f32 = -1.6;

/// How much of what can be known of hesitation is time, not voice.
const TIMING_SHARE: f32 = 0.7;

/// The split by voice alone is right 57 to 75 times in 100, so it is worth a quarter of full confidence; with the talk as
/// a witness, and nothing but directions from the literature to weigh it by, no more than six tenths.
const BY_VOICE: f32 = 0.25;
const BY_TALK: f32 = 0.35;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn excited(tone: f32) -> VoiceSays {
        VoiceSays { activation: 0.9, tone, rate_z: 0.0, voiced_z: 0.0, confidence: 0.8 }
    }

    fn talk() -> Conversation {
        Conversation {
            turns: 8,
            turn_s: 3.0,
            pause_share: 0.1,
            prolongations_per_min: 1.0,
            ..Conversation::default()
        }
    }

    #[test]
    fn who_pushes_in_is_frustrated_and_who_takes_part_is_interested() {
        let pushing =
            Conversation { interruptions_per_min: 2.0, overlap_share: 0.2, latency_z: -1.0, ..talk() };
        let joining = Conversation { back_channels_per_min: 2.0, latency_z: -1.5, turn_s: 6.0, ..talk() };
        let voice = excited(0.5);
        assert!(frustration(&voice, &pushing).0 > 0.6 && interest(&voice, &pushing).0 < 0.5);
        assert!(interest(&voice, &joining).0 > 0.6 && frustration(&voice, &joining).0 < 0.4);
    }

    #[test]
    fn the_voice_alone_splits_little_and_is_believed_little() {
        let nothing = Conversation::default();
        let (angry, glad) = (frustration(&excited(0.8), &nothing), frustration(&excited(0.2), &nothing));
        assert!(angry.0 > glad.0 && angry.0 < 0.7);
        assert!(angry.1 <= 0.25 && interest(&excited(0.2), &talk()).1 <= 0.6);
    }

    #[test]
    fn without_excitement_there_is_no_frustration_but_there_may_be_interest() {
        let calm = VoiceSays { activation: 0.1, ..excited(0.9) };
        assert!(frustration(&calm, &Conversation { interruptions_per_min: 3.0, ..talk() }).0 <= 0.1);
        let awake = VoiceSays { activation: 0.45, ..excited(0.5) };
        let prompt = Conversation { latency_z: -2.0, ..talk() };
        let late = Conversation { latency_z: 2.0, ..talk() };
        assert!(interest(&awake, &prompt).0 > 0.3 && interest(&awake, &late).0 < 0.2);
    }

    #[test]
    fn late_slow_and_broken_speech_is_hesitation_however_excited() {
        let slow = VoiceSays { rate_z: -2.0, voiced_z: -1.0, ..excited(0.5) };
        let broken = Conversation {
            latency_z: 2.0,
            pause_share: 0.35,
            longest_pause_s: 2.0,
            prolongations_per_min: 6.0,
            ..talk()
        };
        let (hesitating, confidence) = hesitation(Some(&slow), &broken).unwrap();
        assert!(hesitating > 0.8 && (0.5..=1.0).contains(&confidence), "{hesitating}");
        let (fluent, _) = hesitation(Some(&excited(0.5)), &talk()).unwrap();
        assert!(fluent < 0.3, "{fluent}");
        let calm = VoiceSays { activation: 0.0, ..slow };
        assert_eq!(hesitation(Some(&calm), &broken), hesitation(Some(&slow), &broken));
    }

    #[test]
    fn before_anything_was_heard_nothing_is_said_of_hesitation() {
        assert_eq!(hesitation(None, &Conversation::default()), None);
        assert_eq!(hesitation(None, &Conversation { turns: 1, ..talk() }), None);
        assert!(hesitation(None, &talk()).is_some());
    }

    proptest! {
        #[test]
        fn whatever_the_talk_is_all_lies_between_0_and_1(
            turns in any::<u32>(),
            figures in any::<[f32; 8]>(),
            voice in (0.0_f32..=1.0, 0.0_f32..=1.0, -6.0_f32..6.0, -6.0_f32..6.0, 0.0_f32..=1.0),
        ) {
            let [latency_z, interruptions_per_min, overlap_share, back_channels_per_min, pause_share, longest_pause_s,
                prolongations_per_min, turn_s] = figures;
            let talk = Conversation { turns, latency_z, interruptions_per_min, overlap_share, back_channels_per_min,
                pause_share, longest_pause_s, prolongations_per_min, turn_s };
            let (activation, tone, rate_z, voiced_z, confidence) = voice;
            let voice = VoiceSays { activation, tone, rate_z, voiced_z, confidence };
            let said = [Some(frustration(&voice, &talk)), Some(interest(&voice, &talk)),
                hesitation(Some(&voice), &talk), hesitation(None, &talk)];
            for (value, confidence) in said.into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&value) && (0.0..=1.0).contains(&confidence), "{value} {confidence}");
            }
        }
    }
}
