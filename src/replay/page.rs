//! The page of one call: what was said, what it told, every score against its threshold, every decision; one file, no network.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use crate::call::in_words;
use crate::conversation::SignalKind;
use crate::escalation::Reading;
use crate::listen::Analysis;
use crate::listen::page as sister;
use crate::replay::course::Course;
use crate::replay::text::why_not;

/// What the page is told.
#[derive(Serialize)]
struct Shown<'a> {
    course: &'a Course,
    sound: Option<ShownSound>,
    mood: Vec<ShownMood>,
    /// By trigger, why it did not fire.
    why_not: BTreeMap<&'a str, String>,
    /// What somebody did by saying a signal of this kind.
    says: BTreeMap<&'static str, &'static str>,
}

/// The largest sample of each stretch of a channel, as bytes in base64.
#[derive(Serialize)]
struct ShownSound {
    step_s: f64,
    channels: Vec<(&'static str, String)>,
}

/// One mood along the call: seconds, value, confidence.
#[derive(Serialize)]
struct ShownMood {
    name: &'static str,
    points: Vec<(f64, Option<(u8, u8)>)>,
}

/// Writes the page.
pub(super) fn write(course: &Course, sound: Option<&Analysis>, out: &mut dyn Write) -> io::Result<()> {
    let title = if course.title.is_empty() { &course.name } else { &course.title };
    let shown = Shown {
        course,
        sound: sound.map(shown_sound),
        mood: shown_mood(course),
        why_not: course.triggers.iter().map(|trigger| (&*trigger.trigger, why_not(trigger))).collect(),
        says: SignalKind::ALL.into_iter().map(|kind| (kind.word(), in_words::says(kind))).collect(),
    };
    let style = format!("{}{STYLE}", sister::STYLE);
    let shown = sister::in_a_script(&serde_json::to_string(&shown)?);
    let parts =
        [("title", &*sister::escaped(title)), ("style", &style), ("replayed", &shown), ("script", SCRIPT)];
    sister::fill(PAGE, &parts, out)
}

fn shown_sound(sound: &Analysis) -> ShownSound {
    let hops = sound.channels.iter().map(|channel| channel.peaks.len()).max().unwrap_or_default();
    let every = hops.div_ceil(MOST_PEAKS).max(1);
    let peaks = |peaks: &[u8]| -> Vec<u8> {
        peaks.chunks(every).map(|some| some.iter().copied().max().unwrap_or(0)).collect()
    };
    let channels = sound.channels.iter().map(|channel| (channel.name, BASE64.encode(peaks(&channel.peaks))));
    ShownSound { step_s: every as f64 / 100.0, channels: channels.collect() }
}

fn shown_mood(course: &Course) -> Vec<ShownMood> {
    let names = ["activation", "frustration", "interest", "hesitation"];
    let points = |n: usize| -> Vec<(f64, Option<(u8, u8)>)> {
        let told = course.happenings.iter().filter_map(|happening| Some((happening.at, happening.voice?)));
        told.map(|(at, voice)| {
            let read = [voice.activation, voice.frustration, voice.interest, voice.hesitation][n];
            (at.as_micros() as f64 / 1e6, read.map(|Reading { value, confidence }| (value, confidence)))
        })
        .collect()
    };
    let all = names.into_iter().enumerate().map(|(n, name)| ShownMood { name, points: points(n) });
    all.filter(|mood| mood.points.iter().any(|(_, read)| read.is_some())).collect()
}

/// More than this no screen is wide.
const MOST_PEAKS: usize = 2_400;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_anywhere() {
        for part in [PAGE, STYLE, SCRIPT] {
            for foreign in [
                "http:",
                "https:",
                "@import",
                "src=",
                "url(",
                "fetch(",
                "innerHTML",
                "eval(",
                "document.write",
            ] {
                // The name of a drawing's language is written like an address and is none.
                let part = part.replace("http://www.w3.org/2000/svg", "");
                assert!(!part.contains(foreign), "{foreign}");
            }
        }
        assert!(!SCRIPT.contains("</") && !STYLE.contains("</"), "it would end its own element");
    }

    #[test]
    fn every_element_is_closed_in_its_order() {
        let mut open = Vec::new();
        let mut rest = PAGE;
        while let Some((_, tag)) = rest.split_once('<') {
            let (tag, after) = tag.split_once('>').expect("each tag ends");
            rest = after;
            let name = tag.split_whitespace().next().unwrap();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed)),
                None if ["!doctype", "meta", "input", "br", "link"].contains(&name) => {}
                None => open.push(name),
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}
