//! The whole ear of one leg: its sound in, frame by frame, and out what each frame changed.
//!
//! Of every party it is known whether they speak and since when. What a voice is like is looked at where somebody wants to
//! know, and how its owner is only for the prospect.

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::g711;
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::heads::Heads;
use crate::ear::mood::{self, Mood, Reading};
use crate::ear::prolonged::{Prolonged, Stretch};
use crate::ear::prosody::{Hop, Prosody};
use crate::ear::spectrum::{REACH, spectra};
use crate::ear::syllables::Syllables;
use crate::ear::voice::{Voice, Voiced};
use crate::time::MediaTime;

/// The ear of one leg.
pub struct Ear {
    reach: [f32; REACH],
    voice: Voice,
    /// In places of their own: most legs have neither.
    manner: Option<Box<Manner>>,
    mood: Option<Box<Mood>>,
    next: Option<MediaTime>,
}

/// How somebody speaks.
#[derive(Default)]
struct Manner {
    prosody: Prosody,
    syllables: Syllables,
    prolonged: Prolonged,
}

/// What was heard with a frame.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Whether it is speech, and what that changed.
    pub voiced: Voiced,
    /// What is known by now of two hops of a little while ago.
    pub hops: [Option<Hop>; 2],
    /// How many syllables were found.
    pub syllables: u8,
    /// A stretched sound that has just ended.
    pub stretch: Option<Stretch>,
    /// How they are, twice a second.
    pub reading: Option<Reading>,
}

impl Ear {
    /// Hears when somebody speaks, and no more. A turn may be over after so many milliseconds of silence.
    pub fn of_voice(turn_over_millis: u64) -> Self {
        let voice = Voice::new(turn_over_millis);
        Self { reach: [0.0; REACH], voice, manner: None, mood: None, next: None }
    }

    /// Hears what their voice is like as well.
    pub fn of_manner(turn_over_millis: u64) -> Self {
        Self { manner: Some(Box::default()), ..Self::of_voice(turn_over_millis) }
    }

    /// Hears how they are as well.
    pub fn of_mood(turn_over_millis: u64, heads: Heads) -> Self {
        Self { mood: Some(Box::new(Mood::new(heads))), ..Self::of_manner(turn_over_millis) }
    }

    /// Hears the next frame. `playing_dbfs` is how loud we play to this party meanwhile, -96 when we do not; `talk` is how
    /// the conversation goes. What never came before this frame is passed over: nobody is judged by sound that was lost.
    pub fn hear(&mut self, frame: &Frame, playing_dbfs: f32, talk: &Conversation) -> Heard {
        let lost = self.next.map_or(0, |next| frame.at - next);
        self.next = Some(frame.at + FRAME_SAMPLES as u64);
        let mut stretch = None;
        if lost > TOLERATED {
            let frames = (lost / FRAME_SAMPLES as u64).clamp(1, SKIPPED_AT_MOST);
            (0..frames).for_each(|_| self.voice.skip());
            if let Some(manner) = &mut self.manner {
                manner.prosody.skip();
                manner.syllables.skip();
                stretch = manner.prolonged.skip();
            }
        }
        let sound: [i16; FRAME_SAMPLES] = std::array::from_fn(|n| g711::DECODED[frame.sound[n] as usize]);
        self.reach.copy_within(FRAME_SAMPLES.., 0);
        for (place, &sample) in self.reach[REACH - FRAME_SAMPLES..].iter_mut().zip(&sound) {
            *place = f32::from(sample);
        }
        let spectra = spectra(&self.reach);
        let voiced = self.voice.hear(frame.at, &sound, &spectra, playing_dbfs);
        let mut heard = Heard { voiced, hops: [None; 2], syllables: 0, stretch, reading: None };
        let Some(manner) = &mut self.manner else { return heard };
        heard.hops = manner.prosody.hear(frame.at, &self.reach, &spectra);
        for hop in heard.hops.iter().flatten() {
            let syllable = manner.syllables.hear(hop, voiced.speaking).is_some();
            heard.syllables += u8::from(syllable);
            // A tone is flat as well, and nobody hesitates in it.
            heard.stretch = manner.prolonged.hear(hop).filter(|_| voiced.speaking).or(heard.stretch);
            if let Some(mood) = &mut self.mood {
                let of = mood::Heard { speaking: voiced.speaking, floor_dbfs: voiced.floor_dbfs, syllable };
                heard.reading = mood.hear(hop, of, talk).or(heard.reading);
            }
        }
        heard
    }

    /// How many bytes this ear keeps.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.manner.as_ref().map_or(0, |_| size_of::<Manner>())
            + self.mood.as_ref().map_or(0, |_| size_of::<Mood>())
    }
}

/// Half a frame: carriers round their stamps.
const TOLERATED: u64 = FRAME_SAMPLES as u64 / 2;

/// A second; whoever was away for longer begins anew in any case.
const SKIPPED_AT_MOST: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ear_fits_into_its_leg() {
        let prospects = Ear::of_mood(700, Heads::shipped().unwrap()).bytes();
        assert!(prospects < 32 * 1_024, "{prospects} bytes");
        let others = Ear::of_voice(700).bytes();
        assert!(others < 16 * 1_024, "{others} bytes");
    }
}
