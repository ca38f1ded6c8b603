//! Labelled sound: a folder whose `manifest.json` names every file, how it is stored and what was said where.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::audio::g711;

/// A folder of labelled sound.
#[derive(Clone, Debug)]
pub struct Corpus {
    root: PathBuf,
    items: Vec<Item>,
}

/// One file of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    /// Its path below the corpus, with `/`.
    pub file: String,
    /// How it is stored, in words.
    #[serde(default)]
    pub format: String,
    /// How many samples at 8 kHz it holds.
    pub samples: u64,
    /// Which of the manifest's sources it came from.
    #[serde(default)]
    pub source: String,
    /// What is known of it.
    #[serde(default)]
    pub labels: Labels,
}

/// What is known of a file; what a file does not have is absent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Labels {
    /// Who speaks.
    pub speaker: Option<String>,
    /// Where somebody speaks, from and to in seconds; empty when nobody does, absent when nobody marked it.
    pub speech: Option<Vec<(f64, f64)>>,
    /// What a made-up sound is.
    pub kind: Option<String>,
    /// `agent` or `caller`, of the two channels of a call.
    pub role: Option<String>,
    /// What the speaker acted.
    pub emotion: Option<String>,
    /// How far the noise lies below the speech.
    pub snr_db: Option<f64>,
    /// Syllables a second of speech, counted by hand.
    pub syllables_per_s: Option<f64>,
    /// From where to where a vowel was stretched, in seconds.
    pub prolongation: Option<(f64, f64)>,
    /// The reference track of a clip of speech.
    pub reference: Option<String>,
    /// All the others, by name.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

/// Why a corpus, or a file of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// There is no file where one should be.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The list of files is not what it should be.
    #[error("{} is no manifest of labelled sound: {cause}", path.display())]
    BadManifest {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// A name in the manifest leads out of the corpus.
    #[error("the manifest names {0:?}, which does not lie in the corpus")]
    OutsideCorpus(String),
    /// A WAV file that is none.
    #[error("{file} is not a readable WAV file: {cause}")]
    BadWav {
        /// Which.
        file: String,
        /// Why.
        cause: hound::Error,
    },
    /// A WAV file of another kind than the corpus keeps.
    #[error("{file} must be 8 kHz, mono, 16-bit PCM; it is {rate} Hz, {channels} channels, {bits} bits")]
    WrongKind {
        /// Which.
        file: String,
        /// Samples a second.
        rate: u32,
        /// Channels.
        channels: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// A file whose name says neither of the two ways of storing sound.
    #[error("{0} is neither .wav nor .ulaw")]
    UnknownFormat(String),
    /// A file that is shorter or longer than the manifest says.
    #[error("{file} holds {found} samples, the manifest says {said}")]
    WrongLength {
        /// Which.
        file: String,
        /// As the manifest has it.
        said: u64,
        /// As it is.
        found: u64,
    },
}

#[derive(Deserialize)]
struct Manifest {
    items: Vec<Item>,
}

impl Corpus {
    /// Reads the list of files of the corpus in this folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, CorpusError> {
        let root = root.into();
        let path = root.join("manifest.json");
        let bytes = read(&path)?;
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|cause| CorpusError::BadManifest { path, cause })?;
        Ok(Self { root, items: manifest.items })
    }

    /// The corpus that `BATON_CORPUS` names, or the one beside the package; none when there is no folder there.
    pub fn nearby() -> Result<Option<Self>, CorpusError> {
        let root = std::env::var_os("BATON_CORPUS").map_or_else(|| PathBuf::from(BESIDE), PathBuf::from);
        if root.join("manifest.json").exists() { Self::open(root).map(Some) } else { Ok(None) }
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All its files.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The files of one folder of it, such as `tones`.
    pub fn folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.folder() == folder)
    }

    /// What a file of it holds, by its path below the corpus.
    pub fn bytes(&self, file: &str) -> Result<Vec<u8>, CorpusError> {
        let below = Path::new(file);
        if !below.components().all(|part| matches!(part, std::path::Component::Normal(_))) {
            return Err(CorpusError::OutsideCorpus(file.to_owned()));
        }
        read(&self.root.join(below))
    }

    /// The sound of one of its files, at 8 kHz.
    pub fn sound(&self, item: &Item) -> Result<Vec<i16>, CorpusError> {
        let bytes = self.bytes(&item.file)?;
        let sound = match Path::new(&item.file).extension().and_then(|ending| ending.to_str()) {
            Some("wav") => wav(&item.file, &bytes)?,
            Some("ulaw") => bytes.iter().map(|&byte| g711::decode(byte)).collect(),
            _ => return Err(CorpusError::UnknownFormat(item.file.clone())),
        };
        if sound.len() as u64 == item.samples {
            Ok(sound)
        } else {
            let (file, said, found) = (item.file.clone(), item.samples, sound.len() as u64);
            Err(CorpusError::WrongLength { file, said, found })
        }
    }
}

impl Item {
    /// The folder it lies in.
    pub fn folder(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its name without folder and ending.
    pub fn stem(&self) -> &str {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// How long it is.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / 8_000.0
    }

    /// Where somebody speaks, in order, overlapping stretches made one; nothing when nobody marked it.
    pub fn speech(&self) -> Vec<(f64, f64)> {
        let mut marked = self.labels.speech.clone().unwrap_or_default();
        marked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(marked.len());
        for (from, to) in marked {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CorpusError> {
    std::fs::read(path).map_err(|cause| CorpusError::Unreadable { path: path.to_owned(), cause })
}

fn wav(file: &str, bytes: &[u8]) -> Result<Vec<i16>, CorpusError> {
    let bad = |cause| CorpusError::BadWav { file: file.to_owned(), cause };
    let mut reader = hound::WavReader::new(bytes).map_err(bad)?;
    let spec = reader.spec();
    let (rate, channels, bits) = (spec.sample_rate, spec.channels, spec.bits_per_sample);
    if (rate, channels, bits, spec.sample_format) != (8_000, 1, 16, hound::SampleFormat::Int) {
        return Err(CorpusError::WrongKind { file: file.to_owned(), rate, channels, bits });
    }
    reader.samples::<i16>().collect::<Result<_, _>>().map_err(bad)
}

/// Where the corpus lies when nobody says otherwise, from the package's own folder.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/speech");

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus_of(name: &str, items: &str, files: &[(&str, &[u8])]) -> Corpus {
        let root = std::env::temp_dir().join(format!("baton-corpus-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("manifest.json"), format!("{{\"items\":[{items}]}}")).unwrap();
        for (file, bytes) in files {
            std::fs::write(root.join(file), bytes).unwrap();
        }
        Corpus::open(root).unwrap()
    }

    fn wav_of(rate: u32, samples: &[i16]) -> Vec<u8> {
        let sample_format = hound::SampleFormat::Int;
        let spec = hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn both_ways_of_storing_sound_are_read_and_overlapping_speech_is_one() {
        let items = r#"{"file":"a.ulaw","samples":3,"labels":{"speech":[[2,3],[0.5,1],[2.5,4]],"digits":[1]}},
                       {"file":"b.wav","samples":2,"labels":{"kind":"hum"}}"#;
        let corpus =
            corpus_of("both", items, &[("a.ulaw", &[0xff, 0x80, 0]), ("b.wav", &wav_of(8_000, &[1, -2]))]);
        let [raw, wav] = corpus.items() else { panic!("two files") };
        assert_eq!(corpus.sound(raw).unwrap(), [0, 32_124, -32_124]);
        assert_eq!(raw.speech(), [(0.5, 1.0), (2.0, 4.0)]);
        assert_eq!(raw.labels.rest["digits"][0], 1);
        assert_eq!(corpus.sound(wav).unwrap(), [1, -2]);
        assert_eq!((wav.stem(), wav.folder(), wav.speech().len()), ("b", "", 0));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let says = |corpus: &Corpus| corpus.sound(&corpus.items()[0]).unwrap_err().to_string();
        let one = |file: &str| format!("{{\"file\":\"{file}\",\"samples\":2}}");
        let fast = corpus_of("fast", &one("a.wav"), &[("a.wav", &wav_of(16_000, &[1, 2]))]);
        assert!(says(&fast).contains("must be 8 kHz"), "{}", says(&fast));
        let short = corpus_of("short", &one("a.ulaw"), &[("a.ulaw", &[1])]);
        assert_eq!(says(&short), "a.ulaw holds 1 samples, the manifest says 2");
        assert!(
            says(&corpus_of("torn", &one("b.wav"), &[("b.wav", b"RIFF")])).contains("not a readable WAV")
        );
        assert!(says(&corpus_of("absent", &one("none.wav"), &[])).contains("cannot read"));
        assert!(says(&corpus_of("outside", &one("../a.wav"), &[])).contains("does not lie in the corpus"));
        assert!(says(&corpus_of("odd", &one("a.mp3"), &[("a.mp3", b"")])).contains("neither .wav nor .ulaw"));
        assert!(Corpus::open("/nowhere").unwrap_err().to_string().contains("/nowhere/manifest.json"));
    }
}
