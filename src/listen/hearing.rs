//! The way of a recording through the ear, frame by frame, into what the outputs are made from.

use super::progress::Progress;
use super::source::{Samples, Source};
use super::{Analysis, Channel, Event, Segment, Track, TurnAt};
use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::audio::g711;
use crate::audio::voice::{self, Voice};
use crate::ear::talk::{Change, Happening, Party, Shape, Talk};
use crate::time::CallTime;

use super::analysis::Side;

/// Listens to all of it; of each channel so many bytes of sound are kept for the page, all channels together.
pub(super) fn listen(source: &mut Source, keep: usize, progress: &mut Progress) -> anyhow::Result<Analysis> {
    let count = source.channels();
    let mut frames = vec![[0; FRAME_SAMPLES]; count];
    let mut ears: Vec<Ear> =
        [Party::Prospect, Party::Other][..count].iter().map(|&who| Ear::of(who)).collect();
    let mut samples = 0_u64;
    let mut same = count == 2;
    while let Some(sound) = source.next(&mut frames)? {
        for (ear, frame) in ears.iter_mut().zip(&frames) {
            ear.hear(frame);
            let channel = &mut ear.channel;
            let room = (keep / count).saturating_sub(channel.sound.len()).min(sound);
            channel.sound.extend(frame[..room].iter().map(|&sample| g711::encode(sample)));
            channel.peaks.extend(frame.chunks(HOP).map(peak));
        }
        same = same && frames[0] == frames[1];
        samples += sound as u64;
        progress.heard(samples as f64 / RATE);
    }
    let seconds = samples as f64 / RATE;
    if samples == 0 {
        anyhow::bail!("{} holds no sound", source.files[0].name);
    }
    let mut analysis = Analysis {
        version: Analysis::VERSION,
        files: source.files.clone(),
        seconds,
        notes: std::mem::take(&mut source.notes),
        channels: ears.into_iter().map(|ear| ear.finish(seconds)).collect(),
        ..Analysis::default()
    };
    if same {
        let note = "both channels hold the same sound: who speaks cannot be told; --channels 1 hears it as one voice";
        analysis.notes.push(note.to_owned());
    }
    for channel in &analysis.channels {
        if channel.segments.is_empty() {
            analysis.notes.push(format!("nobody speaks in the channel of the {}", channel.name));
        }
    }
    talk_over(&mut analysis);
    Ok(analysis)
}

/// The ear of one channel, and what it has heard.
struct Ear {
    voice: Voice,
    frames: u64,
    began: Option<f64>,
    channel: Channel,
}

impl Ear {
    fn of(who: Party) -> Self {
        let track = |name| Track { name, values: Vec::new() };
        let tracks = vec![track("score"), track("level_dbfs")];
        let channel = Channel { name: name(who), tracks, ..Channel::default() };
        Self { voice: Voice::default(), frames: 0, began: None, channel }
    }

    /// The one place where a frame is heard: what an ear finds in it goes into the channel.
    fn hear(&mut self, frame: &Samples) {
        let change = self.voice.hear(&frame.map(g711::encode));
        self.frames += 1;
        let now = self.frames as f64 * FRAME_MILLIS as f64 / 1_000.0;
        match change {
            Some(voice::Change::Began) => self.began = Some(now - self.voice.spoken().as_secs_f64()),
            Some(voice::Change::Ended) => {
                let ended = now - voice::TURN_OVER.as_secs_f64();
                self.channel.segments.extend(self.began.take().map(|from_s| Segment { from_s, to_s: ended }));
            }
            None => {}
        }
        let score = f32::from(u8::from(self.voice.speaking()));
        for half in frame.chunks(HOP) {
            self.channel.tracks[0].values.push(score);
            self.channel.tracks[1].values.push(level_dbfs(half));
        }
    }

    fn finish(mut self, seconds: f64) -> Channel {
        self.channel.segments.extend(self.began.map(|from_s| Segment { from_s, to_s: seconds }));
        // The last frame was filled up.
        let hops = (seconds * 100.0).ceil() as usize;
        self.channel.tracks.iter_mut().for_each(|track| track.values.truncate(hops));
        self.channel.peaks.truncate(hops);
        self.channel
    }
}

/// Turns and what happened between the two, from when each spoke.
fn talk_over(analysis: &mut Analysis) {
    let mut changes: Vec<(f64, Party, Change)> = Vec::new();
    for (who, channel) in [Party::Prospect, Party::Other].into_iter().zip(&analysis.channels) {
        for segment in &channel.segments {
            changes.push((segment.from_s, who, Change::Began { at: time(segment.from_s) }));
            changes.push((segment.to_s, who, Change::Paused { since: time(segment.to_s) }));
        }
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut talk = Talk::default();
    let mut changes = changes.into_iter().peekable();
    let frames = (analysis.seconds * 50.0).ceil() as u64;
    for frame in 0..=frames {
        let now = CallTime::from_millis(frame * FRAME_MILLIS);
        while let Some((_, who, change)) = changes.next_if(|(at, ..)| time(*at) <= now) {
            talk.hear(who, change);
        }
        talk.pass(now);
        while let Some(happening) = talk.take() {
            note(happening, analysis);
        }
    }
    talk.finish(time(analysis.seconds));
    while let Some(happening) = talk.take() {
        note(happening, analysis);
    }
    analysis.events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    for (who, channel) in [Party::Prospect, Party::Other].into_iter().zip(&mut analysis.channels) {
        channel.shape = side(&talk.so_far(who));
    }
}

fn note(happening: Happening, analysis: &mut Analysis) {
    let mut event = |at, who: Option<Party>, kind, says: String| {
        analysis.events.push(Event { at_s: seconds(at), who: who.map(name), kind, says });
    };
    match happening {
        Happening::TurnBegan(_) => {}
        Happening::TurnEnded(turn) => {
            let latency_s = turn.latency_millis.map(|millis| millis as f32 / 1_000.0);
            if let Some(slow) = latency_s.filter(|&latency| latency >= SLOW_ANSWER_S) {
                let says = format!("{} answers after {slow:.1} s", name(turn.who));
                event(turn.began, Some(turn.who), "slow_answer", says);
            }
            analysis.turns.push(TurnAt {
                who: name(turn.who),
                from_s: seconds(turn.began),
                to_s: seconds(turn.ended),
                latency_s,
                pauses: turn.pauses,
                longest_pause_s: turn.longest_pause.as_secs_f32(),
            });
        }
        Happening::BargedIn { who: party, at, yielded } => {
            let (who, other) = (name(party), name(party.other()));
            let says = if yielded {
                format!("{who} barges in, and the {other} stops")
            } else {
                format!("{who} talks over the {other}, who goes on")
            };
            event(at, Some(party), "barged_in", says);
        }
        Happening::BackChannel { who, at, lasted } => {
            let says = format!("{} says something short ({} ms) meanwhile", name(who), lasted.as_millis());
            event(at, Some(who), "back_channel", says);
        }
        Happening::LongSilence { since, after } => {
            let whose = after.map_or(String::new(), |who| format!(" after the {} spoke", name(who)));
            event(since, None, "long_silence", format!("nobody speaks for 2 s and more{whose}"));
        }
    }
}

fn side(shape: &Shape) -> Side {
    Side {
        speech_share: shape.speech_share,
        talk_share: shape.talk_share,
        overlap_share: shape.overlap_share,
        turns: shape.turns,
        latency_s: shape.latency.map(|latency| latency.median_millis as f32 / 1_000.0),
        answers: shape.latency.map_or(0, |latency| latency.answers),
        interruptions_made: shape.interruptions_made,
        interruptions_suffered: shape.interruptions_suffered,
        back_channels: shape.back_channels,
        pauses: shape.pauses,
        longest_pause_s: shape.longest_pause.as_secs_f32(),
        pause_share: shape.pause_share,
        silences_left: shape.silences_left,
    }
}

fn name(who: Party) -> &'static str {
    match who {
        Party::Prospect => "prospect",
        Party::Other => "other",
    }
}

fn time(seconds: f64) -> CallTime {
    CallTime::from_micros((seconds * 1e6).round() as u64)
}

fn seconds(time: CallTime) -> f64 {
    time.as_micros() as f64 / 1e6
}

fn level_dbfs(sound: &[i16]) -> f32 {
    let sum: i64 = sound.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum();
    let mean = sum as f32 / sound.len() as f32;
    if mean < 1.0 { g711::QUIETEST_DBFS } else { 10.0 * libm::log10f(mean / (32_768.0 * 32_768.0)) }
}

fn peak(sound: &[i16]) -> u8 {
    sound.iter().map(|sample| (sample.unsigned_abs() >> 7).min(255) as u8).max().unwrap_or_default()
}

/// Samples a second.
const RATE: f64 = 8_000.0;

/// 10 ms.
const HOP: usize = FRAME_SAMPLES / 2;

/// On the phone 1.86 s before an answer is heard as a "no" (DSP.md §3.4); from 1.5 s it is worth a mark.
const SLOW_ANSWER_S: f32 = 1.5;
