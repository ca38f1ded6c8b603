//! One party of a recording: what the ear finds in their voice, put into their channel.

use anyhow::Context as _;

use super::analysis::{Channel, Estimate, Event, FeaturesAt, MoodAt, Segment, Track};
use super::source::Samples;
use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::g711;
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::functionals::NAMES;
use crate::ear::mood::heads::Heads;
use crate::ear::mood::{Felt, Reading};
use crate::ear::prosody::Hop;
use crate::ear::talk::{self, Party};
use crate::ear::voice::{Change, TURN_OVER_MILLIS};
use crate::ear::whole::{Ear, Heard};
use crate::time::{CallTime, MediaTime};

/// The ear of one party, and what it has heard.
pub(super) struct OneParty {
    ear: Ear,
    next: MediaTime,
    level_dbfs: f32,
    began: Option<f64>,
    stretches: f32,
    acting: [bool; 4],
    pub(super) channel: Channel,
}

impl OneParty {
    /// Of the prospect the mood is read as well.
    pub(super) fn new(who: Party) -> anyhow::Result<Self> {
        let ear = match who {
            Party::Prospect => {
                let heads = Heads::shipped().context("the weights of the mood cannot be used")?;
                Ear::of_mood(TURN_OVER_MILLIS, heads)
            }
            Party::Other => Ear::of_manner(TURN_OVER_MILLIS),
        };
        let track = |name| Track { name, values: Vec::new() };
        let tracks = ["score", "level_dbfs", "f0_hz", "voicing"].map(track).to_vec();
        let channel = Channel { name: name(who), tracks, ..Channel::default() };
        Ok(Self {
            ear,
            next: MediaTime(0),
            level_dbfs: g711::QUIETEST_DBFS,
            began: None,
            stretches: 0.0,
            acting: [false; 4],
            channel,
        })
    }

    /// The level of the last frame.
    pub(super) fn level(&self) -> f32 {
        self.level_dbfs
    }

    /// How often in the last minute a sound was drawn out, fading.
    pub(super) fn stretches_a_minute(&self) -> f32 {
        self.stretches
    }

    /// The next frame: what the ear finds in it goes into the channel, and what a person should look at into the events.
    pub(super) fn hear(
        &mut self,
        samples: &Samples,
        playing_dbfs: f32,
        conversation: &Conversation,
        events: &mut Vec<Event>,
    ) -> Option<talk::Change> {
        let frame = Frame { at: self.next, sound: samples.map(g711::encode) };
        self.next = self.next + FRAME_SAMPLES as u64;
        let heard = self.ear.hear(&frame, playing_dbfs, conversation);
        self.level_dbfs = heard.voiced.level_dbfs;
        self.follow_tracks(&heard, samples);
        self.stretches *= A_MINUTE_FADES;
        if let Some(stretch) = heard.stretch {
            self.stretches += 1.0;
            let lasted = (stretch.to - stretch.from) / 8;
            let says = format!("{} draws a sound out ({lasted} ms)", self.channel.name);
            self.mark(stretch.from, "drawn_out", says, events);
        }
        if let Some(reading) = &heard.reading {
            self.read(reading, events);
        }
        match heard.voiced.change? {
            Change::Began { at } => {
                self.began = Some(seconds(at));
                Some(talk::Change::Began { at: call_time(at) })
            }
            Change::Paused { since } => {
                let to_s = seconds(since);
                self.channel.segments.extend(self.began.take().map(|from_s| Segment { from_s, to_s }));
                Some(talk::Change::Paused { since: call_time(since) })
            }
            // Said of a pause that was told already.
            Change::TurnMayBeOver { .. } | Change::LongSilence { .. } => None,
        }
    }

    pub(super) fn finish(mut self, seconds: f64) -> Channel {
        self.channel.segments.extend(self.began.map(|from_s| Segment { from_s, to_s: seconds }));
        // The last frame was filled up.
        let hops = (seconds * 100.0).ceil() as usize;
        self.channel.tracks.iter_mut().for_each(|track| track.values.truncate(hops));
        self.channel.peaks.truncate(hops);
        self.channel
    }

    fn follow_tracks(&mut self, heard: &Heard, samples: &Samples) {
        let [score, level, f0, voicing] = &mut self.channel.tracks[..] else { return };
        for half in samples.chunks(FRAME_SAMPLES / 2) {
            score.values.push(heard.voiced.score);
            level.values.push(level_dbfs(half));
            f0.values.push(f32::NAN);
            voicing.values.push(f32::NAN);
        }
        for Hop { at, f0_hz, voicing: clear, .. } in heard.hops.iter().flatten() {
            let place = (at.0 / (FRAME_SAMPLES as u64 / 2)) as usize;
            // A machine's tone has a pitch, and nobody's.
            let f0_hz = if heard.voiced.tone { 0.0 } else { *f0_hz };
            for (track, value) in [(&mut *f0, f0_hz), (&mut *voicing, *clear)] {
                if let Some(there) = track.values.get_mut(place) {
                    *there = value;
                }
            }
        }
    }

    fn read(&mut self, reading: &Reading, events: &mut Vec<Event>) {
        let at_s = seconds(reading.at);
        if let Some(voice) = &reading.voice {
            let values = NAMES.into_iter().zip(voice.window.features).collect();
            self.channel.features.push(FeaturesAt { at_s, values });
        }
        let estimate =
            |felt: Option<Felt>| felt.map(|felt| Estimate { value: felt.value, confidence: felt.confidence });
        self.channel.mood.push(MoodAt {
            at_s,
            activation: estimate(reading.activation),
            tone: estimate(reading.tone),
            frustration: estimate(reading.frustration),
            interest: estimate(reading.interest),
            hesitation: estimate(reading.hesitation),
        });
        let states = [
            ("activated", reading.activation),
            ("frustrated", reading.frustration),
            ("interested", reading.interest),
            ("hesitating", reading.hesitation),
        ];
        for (n, (kind, felt)) in states.into_iter().enumerate() {
            let Some(felt) = felt else { continue };
            if felt.acting && !self.acting[n] {
                let says = format!(
                    "{} may be {kind}: {:.2}, to be believed {:.2}",
                    self.channel.name, felt.value, felt.confidence
                );
                self.mark(reading.at, kind, says, events);
            }
            self.acting[n] = felt.acting;
        }
    }

    fn mark(&self, at: MediaTime, kind: &'static str, says: String, events: &mut Vec<Event>) {
        events.push(Event { at_s: seconds(at), who: Some(self.channel.name), kind, says });
    }
}

/// As the outputs call them.
pub(super) fn name(who: Party) -> &'static str {
    match who {
        Party::Prospect => "prospect",
        Party::Other => "other",
    }
}

fn seconds(place: MediaTime) -> f64 {
    place.0 as f64 / 8_000.0
}

fn call_time(place: MediaTime) -> CallTime {
    CallTime::from_micros(place.0 * 125)
}

fn level_dbfs(sound: &[i16]) -> f32 {
    let sum: i64 = sound.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum();
    let mean = sum as f32 / sound.len() as f32;
    if mean < 1.0 { g711::QUIETEST_DBFS } else { 10.0 * libm::log10f(mean / (32_768.0 * 32_768.0)) }
}

/// What is left of a drawn-out sound after 20 ms, so that a minute of them counts as what it was.
const A_MINUTE_FADES: f32 = 1.0 - 1.0 / 3_000.0;
