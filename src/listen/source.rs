//! Files of sound as they are met, turned into frames of 8 kHz: WAV of every usual kind, raw µ-law, A-law and 16 bits.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Heard, Plan};
use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::resample::{Resampler, to_sample};
use crate::audio::wav::{self, Coding, Header, WavError};

/// How a file without a header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawFormat {
    /// G.711 µ-law, a byte a sample.
    Ulaw,
    /// G.711 A-law.
    Alaw,
    /// 16 bits, least byte first.
    S16,
}

/// A frame of one channel.
pub(super) type Samples = [i16; FRAME_SAMPLES];

/// The one or two channels of a recording, frame by frame.
pub(super) struct Source {
    inputs: Vec<Input>,
    /// What is odd and should be known.
    pub(super) notes: Vec<String>,
    pub(super) files: Vec<Heard>,
}

/// One file that is being read.
struct Input {
    name: String,
    from: Box<dyn BufRead>,
    header: Header,
    /// Bytes of sound still to come, as far as that is known.
    left: Option<u64>,
    /// The channels that go out; several lists are several channels, several in one list are mixed.
    picks: Vec<Vec<usize>>,
    lanes: Vec<Lane>,
    bytes: Vec<u8>,
    /// All bytes of sound, when known.
    length: Option<u64>,
    over: bool,
}

/// One channel that goes out.
struct Lane {
    resampler: Resampler,
    scratch: Vec<f32>,
    ready: Vec<f32>,
    used: usize,
}

impl Source {
    pub(super) fn open(plan: &Plan) -> anyhow::Result<Self> {
        let mut notes = Vec::new();
        let mut inputs = Vec::new();
        match plan.files.as_slice() {
            [] => bail!("name a file to listen to"),
            [one] => inputs.push(Input::open(one, plan, false, &mut notes)?),
            [_, _] if !plan.channels.is_empty() => {
                bail!("--channels chooses among the channels of one file; of two files each is a channel")
            }
            [one, two] => {
                inputs.push(Input::open(one, plan, true, &mut notes)?);
                inputs.push(Input::open(two, plan, true, &mut notes)?);
            }
            more => bail!("{} files: one with both parties, or one for each of the two", more.len()),
        }
        let files = inputs.iter().map(Input::heard).collect();
        Ok(Self { inputs, notes, files })
    }

    /// How many channels go out: one or two.
    pub(super) fn channels(&self) -> usize {
        self.inputs.iter().map(|input| input.lanes.len()).sum()
    }

    /// How many seconds there will be, if the files say so.
    pub(super) fn length(&self) -> Option<f64> {
        self.inputs.iter().map(Input::seconds).try_fold(0.0, |longest, seconds| Some(seconds?.max(longest)))
    }

    /// The next frame of every channel, and how many of its samples are sound; none when all is heard.
    pub(super) fn next(&mut self, frames: &mut [Samples]) -> anyhow::Result<Option<usize>> {
        let mut longest = 0;
        let mut frames = frames.iter_mut();
        for input in &mut self.inputs {
            input.fill(&mut self.notes)?;
            for (lane, frame) in input.lanes.iter_mut().zip(&mut frames) {
                longest = longest.max(lane.take(frame));
            }
        }
        Ok((longest > 0).then_some(longest))
    }
}

impl Input {
    fn open(path: &Path, plan: &Plan, mixed: bool, notes: &mut Vec<String>) -> anyhow::Result<Self> {
        let name = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
        };
        let (mut from, size) = opened(path)?;
        let mut from: Box<dyn BufRead> = {
            // What a pipe gives at first may be less than what tells the kind.
            let mut beginning = vec![0; PEEK];
            let had =
                wav::fill(&mut from, &mut beginning).with_context(|| format!("{name} cannot be read"))?;
            beginning.truncate(had);
            Box::new(BufReader::with_capacity(AT_A_TIME, std::io::Cursor::new(beginning).chain(from)))
        };
        let beginning = from.fill_buf()?.to_vec();
        if beginning.is_empty() {
            bail!("{name} is empty: there is nothing to hear");
        }
        let raw = match plan.format {
            Some(format) => Some(format),
            None if wav::looks_like_wav(&beginning) => None,
            None => Some(raw_by_name(path, &name, &beginning)?),
        };
        let header = if let Some(format) = raw {
            if wav::looks_like_wav(&beginning) {
                notes.push(format!("{name} looks like a WAV file and was read without its header, as told"));
            }
            let coding = match format {
                RawFormat::Ulaw => Coding::Ulaw,
                RawFormat::Alaw => Coding::Alaw,
                RawFormat::S16 => Coding::Signed16,
            };
            Header { coding, channels: 1, rate: plan.rate.unwrap_or(TELEPHONE), bytes: None }
        } else {
            if plan.rate.is_some() {
                notes.push(format!("{name} says its own rate; --rate is for files without a header"));
            }
            Header::read(&mut from).map_err(|e| explained(&name, &e))?
        };
        let picks = picks(&name, header.channels, &plan.channels, mixed, notes)?;
        let lane = |_: &Vec<usize>| -> anyhow::Result<Lane> {
            let resampler =
                Resampler::new(header.rate, TELEPHONE).with_context(|| format!("{name} cannot be heard"))?;
            Ok(Lane { resampler, scratch: Vec::new(), ready: Vec::new(), used: 0 })
        };
        let lanes = picks.iter().map(lane).collect::<Result<_, _>>()?;
        // A header may claim more than there is.
        let length = match (header.bytes, size) {
            (Some(claimed), Some(size)) => Some(claimed.min(size)),
            (claimed, size) => claimed.or(size),
        };
        Ok(Self {
            name,
            from,
            left: header.bytes,
            header,
            picks,
            lanes,
            bytes: Vec::new(),
            length,
            over: false,
        })
    }

    fn heard(&self) -> Heard {
        Heard {
            name: self.name.clone(),
            coding: self.header.coding.to_string(),
            rate: self.header.rate,
            channels: self.header.channels,
        }
    }

    fn seconds(&self) -> Option<f64> {
        Some(self.length? as f64 / self.header.step() as f64 / f64::from(self.header.rate))
    }

    /// Reads until every channel has a frame, or there is no more.
    fn fill(&mut self, notes: &mut Vec<String>) -> anyhow::Result<()> {
        while !self.over && self.lanes.iter().any(|lane| lane.ready.len() - lane.used < FRAME_SAMPLES) {
            let step = self.header.step();
            let room = self.left.map_or(AT_A_TIME, |left| left.min(AT_A_TIME as u64) as usize);
            let room = (room / step).max(1) * step;
            self.bytes.resize(room, 0);
            let had = wav::fill(&mut self.from, &mut self.bytes)
                .with_context(|| format!("{} cannot be read", self.name))?;
            let whole = &self.bytes[..had / step * step];
            for (lane, pick) in self.lanes.iter_mut().zip(&self.picks) {
                lane.push(whole, self.header, pick);
            }
            if let Some(left) = &mut self.left {
                *left = left.saturating_sub(had as u64);
                if had < room && *left >= step as u64 {
                    let missing = *left as f64 / step as f64 / f64::from(self.header.rate);
                    notes.push(format!(
                        "{} was cut off: {missing:.1} s fewer than its header says",
                        self.name
                    ));
                }
            }
            if had < room || self.left.is_some_and(|left| left < step as u64) {
                self.over = true;
                for lane in &mut self.lanes {
                    lane.resampler.finish(&mut lane.ready);
                }
            }
        }
        Ok(())
    }
}

impl Lane {
    fn push(&mut self, bytes: &[u8], header: Header, pick: &[usize]) {
        self.ready.drain(..self.used);
        self.used = 0;
        self.scratch.clear();
        let width = header.coding.bytes();
        self.scratch.extend(bytes.chunks_exact(header.step()).map(|all| {
            let sum: f32 = pick.iter().map(|channel| header.coding.sample(&all[channel * width..])).sum();
            sum / pick.len() as f32
        }));
        self.resampler.push(&self.scratch, &mut self.ready);
    }

    /// The next frame, filled up with silence, and how much of it is sound.
    fn take(&mut self, frame: &mut Samples) -> usize {
        let ready = &self.ready[self.used..];
        let count = ready.len().min(FRAME_SAMPLES);
        *frame = [0; FRAME_SAMPLES];
        for (sample, &value) in frame.iter_mut().zip(&ready[..count]) {
            *sample = to_sample(value);
        }
        self.used += count;
        count
    }
}

/// The file, and its size when it has one.
fn opened(path: &Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown} cannot be opened"))?;
    let about = file.metadata().with_context(|| format!("{shown} cannot be read"))?;
    if about.is_dir() {
        bail!("{shown} is a folder: name the one or two files in it to listen to");
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// Which channels go out.
fn picks(
    name: &str,
    there: u16,
    wanted: &[u16],
    mixed: bool,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<Vec<usize>>> {
    if mixed {
        if there > 1 {
            notes.push(format!(
                "{name} has {there} channels, mixed into one: of two files each is one party's"
            ));
        }
        return Ok(vec![(0..usize::from(there)).collect()]);
    }
    if wanted.len() > 2 {
        bail!("--channels names one channel or two, the prospect's first");
    }
    if let Some(absent) = wanted.iter().find(|&&channel| channel == 0 || channel > there) {
        bail!("{name} has no channel {absent}: it has {there}, counted from 1");
    }
    if !wanted.is_empty() {
        return Ok(wanted.iter().map(|&channel| vec![usize::from(channel) - 1]).collect());
    }
    if there > 2 {
        notes.push(format!(
            "{name} has {there} channels; the first two were heard, --channels 3,4 takes others"
        ));
    }
    Ok((0..usize::from(there.min(2))).map(|channel| vec![channel]).collect())
}

fn raw_by_name(path: &Path, name: &str, beginning: &[u8]) -> anyhow::Result<RawFormat> {
    if let Some((_, kind)) = OTHERS.iter().find(|(magic, _)| beginning.starts_with(magic)) {
        bail!(
            "{name} is {kind}, which is not read here: ffmpeg -i {name} -c:a pcm_s16le out.wav makes a WAV file of it"
        );
    }
    if beginning.get(4..8) == Some(b"ftyp") {
        bail!(
            "{name} is MP4/M4A, which is not read here: ffmpeg -i {name} -c:a pcm_s16le out.wav makes a WAV file of it"
        );
    }
    let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("ulaw" | "ul" | "mulaw" | "pcmu" | "raw") => Ok(RawFormat::Ulaw),
        Some("alaw" | "al" | "pcma") => Ok(RawFormat::Alaw),
        Some("s16" | "s16le" | "sw" | "pcm") => Ok(RawFormat::S16),
        Some("wav" | "wave") => Err(explained(name, &WavError::NotWav)),
        _ => bail!(
            "{name} is no WAV file, and its name does not say what else it is: for sound without a header say --format ulaw, alaw or s16"
        ),
    }
}

fn explained(name: &str, error: &WavError) -> anyhow::Error {
    let todo = match error {
        WavError::NotWav => "; if it is sound without a header, say --format ulaw, alaw or s16",
        WavError::CutOff => "; if its recorder still holds the rest, let it finish",
        WavError::Unreadable(_) => "; ffmpeg -i FILE -c:a pcm_s16le out.wav makes one that can be read",
        WavError::Nonsense(_) => "; if you know what it holds, say it by --format",
        WavError::Without(_) | WavError::Io(_) => "",
    };
    anyhow::anyhow!("{name} is not to be heard: {error}{todo}")
}

/// How files begin that people take for sound, and are, but not ours to read.
const OTHERS: [(&[u8], &str); 10] = [
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg (Vorbis or Opus)"),
    (b"FORM", "AIFF"),
    (b".snd", "a Sun AU file"),
    (b"caff", "a Core Audio file"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (b"RIFX", "a WAV file of the other byte order"),
];

/// The telephone's rate.
const TELEPHONE: u32 = 8_000;

/// What tells one kind of file from another.
const PEEK: usize = 16;

/// Two seconds of stereo at 8 kHz: little memory, few reads.
const AT_A_TIME: usize = 64 * 1_024;
