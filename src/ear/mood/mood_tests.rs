//! Made voices and made hops: calm, excited, little, strange.

use proptest::prelude::*;

use super::*;
use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::made_voice::{A, E as EH, I, MadeVoice, O};
use crate::ear::prosody::Prosody;
use crate::ear::spectrum::{REACH, spectra};
use crate::ear::syllables::Syllables;

/// How somebody made speaks.
#[derive(Clone, Copy)]
struct Manner {
    hz: f64,
    /// Semitones up and down.
    lively: f64,
    /// Share of the sample before that is taken away: a strained voice is brighter.
    bright: f32,
    syllable_s: f64,
}

const CALM: Manner = Manner { hz: 115.0, lively: 1.5, bright: 0.0, syllable_s: 0.2 };
const EXCITED: Manner = Manner { hz: 190.0, lively: 5.0, bright: 0.5, syllable_s: 0.16 };

/// Syllables of changing vowels and pitch with short gaps, and a pause after every twelfth.
fn speech(manner: Manner, seconds: f64) -> Vec<i16> {
    let mut sound = Vec::new();
    let mut number = 0_usize;
    while (sound.len() as f64) < seconds * 8_000.0 {
        let formants = [A, I, O, EH][number % 4];
        let loud = [2_500.0, 1_700.0, 3_200.0][number % 3];
        let from = [0.2, -0.6, 1.0, -1.0, 0.5][number % 5] * manner.lively;
        let to = [0.8, 0.1, -0.7, 0.4, -0.9][number % 5] * manner.lively;
        let length = manner.syllable_s * [0.9, 1.1, 1.0][number % 3];
        let pitch = |at: f64| manner.hz * ((from + (to - from) * at / length) / 12.0).exp2();
        sound.extend(MadeVoice { formants, loud, ..MadeVoice::default() }.say(length, pitch));
        sound.extend(vec![0; if number % 12 == 11 { 3_200 } else { 400 }]);
        number += 1;
    }
    let mut before = 0.0;
    let brightened = sound.into_iter().map(|sample| {
        let now = f32::from(sample);
        let bright = (now - manner.bright * before) * (1.0 + manner.bright);
        before = now;
        bright.clamp(-32_768.0, 32_767.0) as i16
    });
    brightened.collect()
}

fn hops(sound: &[i16]) -> Vec<(Hop, Heard)> {
    let (mut prosody, mut syllables) = (Prosody::default(), Syllables::default());
    let mut reach = [0.0; REACH];
    let mut hops = Vec::new();
    for (number, frame) in sound.chunks_exact(FRAME_SAMPLES).enumerate() {
        reach.copy_within(FRAME_SAMPLES.., 0);
        reach[REACH - FRAME_SAMPLES..]
            .iter_mut()
            .zip(frame)
            .for_each(|(to, sample)| *to = f32::from(*sample));
        let at = MediaTime((number * FRAME_SAMPLES) as u64);
        for hop in prosody.hear(at, &reach, &spectra(&reach)).into_iter().flatten() {
            let syllable = syllables.hear(&hop, true).is_some();
            hops.push((hop, Heard { speaking: true, floor_dbfs: -65.0, syllable }));
        }
    }
    hops
}

fn mood() -> Mood {
    Mood::new(Heads::shipped().unwrap())
}

fn readings(mood: &mut Mood, hops: &[(Hop, Heard)]) -> Vec<Reading> {
    hops.iter().filter_map(|(hop, heard)| mood.hear(hop, *heard, &Conversation::default())).collect()
}

fn activation(reading: &Reading) -> f32 {
    reading.activation.expect("there is evidence").value
}

#[test]
fn a_voice_that_rises_and_brightens_is_excited_against_its_own_usual_and_acts_after_two_seconds() {
    let mut mood = mood();
    let calm = readings(&mut mood, &hops(&speech(CALM, 20.0)));
    let excited = readings(&mut mood, &hops(&speech(EXCITED, 8.0)));
    let last = calm.last().unwrap();
    assert!(activation(last) < 0.4 && !last.activation.unwrap().acting, "{last:?}");
    let found = excited.iter().position(|r| activation(r) > 0.6).expect("found");
    assert!(found < 6, "within three seconds: {found}");
    let acts = excited.iter().position(|r| r.activation.unwrap().acting).expect("acts");
    assert!((found + 3..found + 6).contains(&acts), "{found} {acts}");
    let again = readings(&mut mood, &hops(&speech(CALM, 8.0)));
    let last = again.last().unwrap();
    assert!(activation(last) < 0.4 && !last.activation.unwrap().acting, "{last:?}");
}

#[test]
fn who_always_speaks_so_is_not_excited() {
    let mut mood = mood();
    // High and lively from the beginning: that is how this person speaks.
    let steady = readings(&mut mood, &hops(&speech(Manner { hz: 215.0, lively: 3.0, ..CALM }, 60.0)));
    let settled = &steady[40..];
    let high = settled.iter().filter(|r| activation(r) > 0.6).count();
    assert!(high * 10 <= settled.len(), "{high} of {}", settled.len());
}

#[test]
fn a_minute_of_excitement_is_still_excitement() {
    let mut mood = mood();
    readings(&mut mood, &hops(&speech(CALM, 20.0)));
    let excited = readings(&mut mood, &hops(&speech(EXCITED, 60.0)));
    assert!(activation(excited.last().unwrap()) > 0.6, "{:?}", excited.last());
}

#[test]
fn with_little_speech_there_is_no_evidence_and_confidence_grows_with_what_is_heard() {
    let mut mood = mood();
    let silence = vec![0; 40_000];
    for reading in readings(&mut mood, &hops(&silence)) {
        assert_eq!((reading.activation, reading.frustration, reading.hesitation), (None, None, None));
    }
    let calm = readings(&mut mood, &hops(&speech(CALM, 30.0)));
    assert!(calm[..5].iter().all(|r| r.activation.is_none()), "two and a half seconds");
    let confidence: Vec<f32> = calm.iter().filter_map(|r| r.activation).map(|felt| felt.confidence).collect();
    let (first, last) = (confidence[0], *confidence.last().unwrap());
    assert!(first < 0.55 && last > 0.6 && last > first + 0.2, "{first} {last}");
    // Half a minute of silence: what was believed is old.
    let old = readings(&mut mood, &hops(&vec![0; 240_000]));
    let felt = old.last().unwrap().activation.unwrap();
    assert!(felt.confidence < last / 2.0, "{felt:?}");
}

#[test]
fn the_tone_is_believed_less_than_the_excitement() {
    let mut mood = mood();
    readings(&mut mood, &hops(&speech(CALM, 20.0)));
    for reading in readings(&mut mood, &hops(&speech(EXCITED, 6.0))) {
        let [activation, tone, frustration, interest] =
            [reading.activation, reading.tone, reading.frustration, reading.interest]
                .map(|felt| felt.unwrap());
        assert!(tone.confidence <= 0.5 * activation.confidence);
        assert!(frustration.confidence <= 0.6 && interest.confidence <= 0.6);
    }
}

#[test]
fn the_same_sound_gives_the_same_readings() {
    let sound = hops(&speech(EXCITED, 10.0));
    assert_eq!(readings(&mut mood(), &sound), readings(&mut mood(), &sound));
}

#[test]
fn it_fits_beside_the_rest_of_the_ear() {
    // The whole ear has 32 KiB, of which the network takes 8.
    assert!(size_of::<Mood>() < 14 * 1_024, "{} bytes", size_of::<Mood>());
}

proptest! {
    #[test]
    fn whatever_is_heard_readings_are_between_0_and_1_and_little_is_believed_of_little(
        hops in proptest::collection::vec((any::<[f32; 9]>(), any::<bool>(), any::<bool>(), 40.0_f32..600.0), 1..900),
        floor_dbfs in any::<f32>(),
        talk in any::<[f32; 8]>(),
        turns in 0_u32..40,
    ) {
        let mut mood = mood();
        let [latency_z, interruptions_per_min, overlap_share, back_channels_per_min, pause_share, longest_pause_s,
            prolongations_per_min, turn_s] = talk;
        let talk = Conversation { turns, latency_z, interruptions_per_min, overlap_share, back_channels_per_min,
            pause_share, longest_pause_s, prolongations_per_min, turn_s };
        for (n, ([f0_hz, voicing, level_db, alpha_db, hammarberg_db, slope_db, flux, centroid_hz, hnr_db], likely, syllable, hz)) in hops.into_iter().enumerate() {
            let f0_hz = if likely { hz } else { f0_hz };
            let (voicing, level_db) = if likely { (0.9, -20.0) } else { (voicing, level_db) };
            let at = MediaTime(n as u64 * 80);
            let hop = Hop { at, f0_hz, voicing, level_db, alpha_db, hammarberg_db, slope_db, flux, centroid_hz, hnr_db };
            let heard = Heard { speaking: true, floor_dbfs: floor_dbfs.clamp(-96.0, 0.0).min(-40.0), syllable };
            let Some(reading) = mood.hear(&hop, heard, &talk) else { continue };
            let all = [reading.activation, reading.tone, reading.frustration, reading.interest, reading.hesitation];
            for felt in all.into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&felt.value) && (0.0..=1.0).contains(&felt.confidence), "{:?}", felt);
            }
            if let Some(felt) = reading.activation {
                let heard_s = (n + 1) as f32 * 0.01;
                prop_assert!(felt.confidence <= heard_s / (heard_s + 4.9), "{:?} after {}", felt, heard_s);
            }
        }
    }
}
