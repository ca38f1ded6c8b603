//! The way of a recording through the ear, frame by frame, into what the outputs are made from.

use super::one_party::{OneParty, name};
use super::progress::Progress;
use super::source::Source;
use super::{Analysis, Event, TurnAt};
use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::audio::g711;
use crate::ear::mood::conversation::Conversation;
use crate::ear::taking_part;
use crate::ear::talk::{Happening, Party, Shape, Talk};
use crate::time::CallTime;

use super::analysis::Side;

/// Listens to all of it; of each channel so many bytes of sound are kept for the page, all channels together.
pub(super) fn listen(source: &mut Source, keep: usize, progress: &mut Progress) -> anyhow::Result<Analysis> {
    let count = source.channels();
    let mut frames = vec![[0; FRAME_SAMPLES]; count];
    let parties = [Party::Prospect, Party::Other];
    let mut ears = Vec::new();
    for who in &parties[..count] {
        ears.push(OneParty::new(*who)?);
    }
    let mut analysis = Analysis { version: Analysis::VERSION, ..Analysis::default() };
    let (mut talk, mut conversation) = (Talk::default(), Conversation::default());
    let (mut number, mut samples) = (0_u64, 0_u64);
    let mut same = count == 2;
    while let Some(sound) = source.next(&mut frames)? {
        number += 1;
        let now = CallTime::from_millis(number * FRAME_MILLIS);
        let levels: [f32; 2] =
            std::array::from_fn(|n| ears.get(n).map_or(g711::QUIETEST_DBFS, OneParty::level));
        for (n, (ear, frame)) in ears.iter_mut().zip(&frames).enumerate() {
            // What the other says is played to this one; some of it may come back.
            if let Some(change) = ear.hear(frame, levels[1 - n], &conversation, &mut analysis.events) {
                talk.hear(parties[n], change);
            }
            let channel = &mut ear.channel;
            let room = (keep / count).saturating_sub(channel.sound.len()).min(sound);
            channel.sound.extend(frame[..room].iter().map(|&sample| g711::encode(sample)));
            channel.peaks.extend(frame.chunks(HOP).map(peak));
        }
        talk.pass(now);
        while let Some(happening) = talk.take() {
            note(happening, &mut analysis);
        }
        if number.is_multiple_of(LOOK_EVERY) {
            conversation = taking_part::of_the_prospect(&talk, ears[0].stretches_a_minute());
        }
        same = same && frames[0] == frames[1];
        samples += sound as u64;
        progress.heard(samples as f64 / RATE);
    }
    if samples == 0 {
        anyhow::bail!("{} holds no sound", source.files[0].name);
    }
    analysis.seconds = samples as f64 / RATE;
    analysis.files.clone_from(&source.files);
    analysis.notes = std::mem::take(&mut source.notes);
    analysis.channels = ears.into_iter().map(|ear| ear.finish(analysis.seconds)).collect();
    if same {
        let note = "both channels hold the same sound: who speaks cannot be told; --channels 1 hears it as one voice";
        analysis.notes.push(note.to_owned());
    }
    for channel in &analysis.channels {
        if channel.segments.is_empty() {
            analysis.notes.push(format!("nobody speaks in the channel of the {}", channel.name));
        }
    }
    talk.finish(time(analysis.seconds));
    while let Some(happening) = talk.take() {
        note(happening, &mut analysis);
    }
    analysis.events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    for (who, channel) in parties.into_iter().zip(&mut analysis.channels) {
        channel.shape = side(&talk.so_far(who));
    }
    Ok(analysis)
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

fn time(seconds: f64) -> CallTime {
    CallTime::from_micros((seconds * 1e6).round() as u64)
}

fn seconds(time: CallTime) -> f64 {
    time.as_micros() as f64 / 1e6
}

fn peak(sound: &[i16]) -> u8 {
    sound.iter().map(|sample| (sample.unsigned_abs() >> 7).min(255) as u8).max().unwrap_or_default()
}

/// Samples a second.
const RATE: f64 = 8_000.0;

/// 10 ms.
const HOP: usize = FRAME_SAMPLES / 2;

/// Twice a second: as often as the mood is read.
const LOOK_EVERY: u64 = 25;

/// On the phone 1.86 s before an answer is heard as a "no" (DSP.md §3.4); from 1.5 s it is worth a mark.
const SLOW_ANSWER_S: f32 = 1.5;
