//! The house voice: every phrase and the sound of waiting, made beforehand.

use std::collections::BTreeMap;
use std::path::Path;

use crate::audio::clip::{Clip, ClipError};
use crate::handoff::Phrase;

/// Everything that the house voice can say, and the hold.
#[derive(Clone, Debug)]
pub struct HouseVoice {
    phrases: BTreeMap<Phrase, Clip>,
    hold: Clip,
}

/// Why an operator's clip cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HouseVoiceError {
    /// The file is there but cannot be read.
    #[error("{file}: {source}")]
    Clip {
        /// The file's name.
        file: String,
        /// Why.
        source: ClipError,
    },
    /// The folder cannot be read.
    #[error("{folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What is in a folder of clips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipsFound {
    /// Clips that are not there: the built-in ones are heard.
    pub missing: Vec<String>,
    /// Sounds that are no clip of ours.
    pub strange: Vec<String>,
}

impl HouseVoice {
    /// The built-in clips.
    pub fn built_in() -> Self {
        let read = |wav: &[u8]| {
            Clip::from_wav(wav).expect("the built-in clips are of the right kind: a test reads them")
        };
        let phrases = Phrase::ALL.into_iter().map(|phrase| (phrase, read(built_in(phrase)))).collect();
        Self { phrases, hold: read(include_bytes!("../../fixtures/audio/house/hold.wav")) }
    }

    /// The built-in clips, with those in this folder in their place (`offer.wav`, …, `hold.wav`).
    pub fn with_clips(folder: &Path) -> Result<Self, HouseVoiceError> {
        let mut voice = Self::built_in();
        std::fs::read_dir(folder)
            .map_err(|source| HouseVoiceError::Folder { folder: folder.display().to_string(), source })?;
        for phrase in Phrase::ALL {
            if let Some(clip) = clip(folder, phrase.name())? {
                voice.phrases.insert(phrase, clip);
            }
        }
        if let Some(hold) = clip(folder, "hold")? {
            voice.hold = hold;
        }
        Ok(voice)
    }

    /// What is in a folder of clips: which are missing, and which files are none of ours. An error where one cannot be used.
    pub fn look_into(folder: &Path) -> Result<ClipsFound, HouseVoiceError> {
        Self::with_clips(folder)?;
        let unreadable = |source| HouseVoiceError::Folder { folder: folder.display().to_string(), source };
        let mut there = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            there.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
        }
        there.sort();
        let names = Phrase::ALL.into_iter().map(Phrase::name).chain(["hold"]);
        let ours: Vec<String> = names.map(|name| format!("{name}.wav")).collect();
        let missing = ours.iter().filter(|name| !there.contains(name)).cloned().collect();
        there.retain(|name| !ours.contains(name) && name.to_lowercase().ends_with(".wav"));
        Ok(ClipsFound { missing, strange: there })
    }

    /// The sound of this phrase.
    pub fn phrase(&self, phrase: Phrase) -> &Clip {
        &self.phrases[&phrase]
    }

    /// The sound of waiting, to be looped.
    pub fn hold(&self) -> &Clip {
        &self.hold
    }
}

/// What a phrase asks the prospect, where it asks something: their answer is understood by it.
pub(crate) fn question_of(phrase: Phrase) -> Option<&'static str> {
    match phrase {
        Phrase::Proposal => Some(
            "I could bring in somebody from our team, who can help you with this right now. Would you like that? Just say \
             yes, or no.",
        ),
        Phrase::Offer
        | Phrase::NotUnderstood
        | Phrase::Whisper
        | Phrase::Introduction
        | Phrase::RepLeft
        | Phrase::OneMoment
        | Phrase::ProspectLeft
        | Phrase::TooLate
        | Phrase::Withdrawn => None,
    }
}

fn clip(folder: &Path, name: &str) -> Result<Option<Clip>, HouseVoiceError> {
    let file = folder.join(format!("{name}.wav"));
    let shown = file.display().to_string();
    match std::fs::File::open(&file) {
        Ok(wav) => match Clip::from_wav(std::io::BufReader::new(wav)) {
            Ok(clip) => Ok(Some(clip)),
            Err(source) => Err(HouseVoiceError::Clip { file: shown, source }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(HouseVoiceError::Folder { folder: shown, source }),
    }
}

fn built_in(phrase: Phrase) -> &'static [u8] {
    match phrase {
        Phrase::Proposal => include_bytes!("../../fixtures/audio/house/proposal.wav"),
        Phrase::Offer => include_bytes!("../../fixtures/audio/house/offer.wav"),
        Phrase::NotUnderstood => include_bytes!("../../fixtures/audio/house/not_understood.wav"),
        Phrase::Whisper => include_bytes!("../../fixtures/audio/house/whisper.wav"),
        Phrase::Introduction => include_bytes!("../../fixtures/audio/house/introduction.wav"),
        Phrase::RepLeft => include_bytes!("../../fixtures/audio/house/rep_left.wav"),
        Phrase::OneMoment => include_bytes!("../../fixtures/audio/house/one_moment.wav"),
        Phrase::ProspectLeft => include_bytes!("../../fixtures/audio/house/prospect_left.wav"),
        Phrase::TooLate => include_bytes!("../../fixtures/audio/house/too_late.wav"),
        Phrase::Withdrawn => include_bytes!("../../fixtures/audio/house/withdrawn.wav"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_built_in_clip_is_there_and_the_whisper_is_short() {
        let voice = HouseVoice::built_in();
        for phrase in Phrase::ALL {
            assert!(voice.phrase(phrase).frames() > 50, "{phrase:?}");
        }
        assert!(voice.phrase(Phrase::Whisper).duration() <= Duration::from_secs(8));
        assert!(voice.hold().duration() >= Duration::from_secs(5));
    }

    #[test]
    fn what_a_folder_lacks_and_what_nobody_plays_is_named() {
        let folder = std::env::temp_dir().join(format!("baton-clips-{:032x}", crate::live::chance::bits()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("offer.wav"), include_bytes!("../../fixtures/audio/house/offer.wav"))
            .unwrap();
        std::fs::write(folder.join("offr.wav"), "").unwrap();
        std::fs::write(folder.join("notes.txt"), "").unwrap();
        let found = HouseVoice::look_into(&folder).unwrap();
        std::fs::write(folder.join("hold.wav"), "no sound").unwrap();
        let broken = HouseVoice::look_into(&folder).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((found.missing.len(), found.strange), (Phrase::ALL.len(), vec!["offr.wav".to_owned()]));
        assert!(!found.missing.contains(&"offer.wav".to_owned()));
        assert!(broken.contains("hold.wav"), "{broken}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = HouseVoice::with_clips(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all"), "{error}");
    }
}
