//! The assistant's listening side: reads what Twilio would send, complains about what it would not, and hears turns.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::audio::g711;
use crate::sim::assistant::visit::{Start, Visit};
use crate::sim::ear::SPEECH_DBFS;
use crate::sim::story::Story;

/// Something worth a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The stream has started.
    Started,
    /// Somebody began to speak.
    SomebodySpeaks,
    /// They have finished.
    TurnEnded,
}

/// Listens to one connection.
#[derive(Debug)]
pub(crate) struct Listener {
    visit: Visit,
    story: Story,
    sequence: u64,
    speech_millis: u64,
    quiet_millis: u64,
    in_turn: bool,
}

impl Listener {
    /// Listens and writes down for this visit.
    pub(crate) fn new(visit: Visit, story: Story) -> Self {
        Self { visit, story, sequence: 0, speech_millis: 0, quiet_millis: 0, in_turn: false }
    }

    /// Takes a message.
    pub(crate) fn take(&mut self, text: &str) -> Option<Heard> {
        let now = self.story.elapsed();
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            self.odd(format!("not JSON: {text:.80}"));
            return None;
        };
        let event = message["event"].as_str().unwrap_or_default().to_owned();
        self.check(&event, &message);
        match event.as_str() {
            "connected" => self.visit.write(|_| {}),
            "start" => {
                let start = &message["start"];
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let parameters: BTreeMap<String, Value> =
                    serde_json::from_value(start["customParameters"].clone()).unwrap_or_default();
                let start = Start {
                    stream_sid: word(&message["streamSid"]),
                    call_sid: word(&start["callSid"]),
                    account_sid: word(&start["accountSid"]),
                    parameters: parameters.into_iter().map(|(name, value)| (name, word(&value))).collect(),
                    json: text.to_owned(),
                };
                self.visit.write(|record| record.start = Some(start));
                return Some(Heard::Started);
            }
            "media" => {
                let sound = STANDARD.decode(message["media"]["payload"].as_str().unwrap_or_default());
                let sound = sound.unwrap_or_default();
                let timestamp: Option<u64> =
                    message["media"]["timestamp"].as_str().and_then(|text| text.parse().ok());
                self.visit.write(|record| {
                    record.ear.hear_all(&sound);
                    record.media_at.push(now);
                    record.timestamps.extend(timestamp);
                });
                return self.hear(&sound);
            }
            "dtmf" => {
                let key = message["dtmf"]["digit"].as_str().and_then(|digit| digit.chars().next());
                self.visit.write(|record| record.keys.extend(key.map(|key| (now, key))));
            }
            "mark" => {
                let name = message["mark"]["name"].as_str().unwrap_or_default().to_owned();
                self.visit.write(|record| record.marks.push((now, name)));
            }
            "stop" => self.visit.write(|record| record.stopped_at = Some(now)),
            "baton" => self.visit.write(|record| record.words.push(message["baton"].clone())),
            other => self.odd(format!("unknown event {other:?}")),
        }
        None
    }

    fn hear(&mut self, sound: &[u8]) -> Option<Heard> {
        let millis = sound.len() as u64 / 8;
        if g711::level_dbfs(sound) > SPEECH_DBFS {
            self.speech_millis += millis;
            self.quiet_millis = 0;
            if !self.in_turn && self.speech_millis >= A_TURN_MILLIS {
                self.in_turn = true;
                return Some(Heard::SomebodySpeaks);
            }
        } else {
            self.quiet_millis += millis;
            if self.quiet_millis >= TURN_OVER_MILLIS {
                self.speech_millis = 0;
                if std::mem::take(&mut self.in_turn) {
                    return Some(Heard::TurnEnded);
                }
            }
        }
        None
    }

    /// Compares with PROTOCOLS.md §1.2: the order, the types, the counting.
    fn check(&mut self, event: &str, message: &Value) {
        let name = event.to_owned();
        let mut position = 0;
        self.visit.write(|record| {
            position = record.first_events.len();
            if position < 2 {
                record.first_events.push(name);
            }
        });
        match (position, event) {
            (0, "connected") | (1, "start") => {}
            (0 | 1, _) => self.odd(format!("message {position} is {event:?}")),
            (_, "connected" | "start") => self.odd(format!("{event:?} came twice")),
            _ => {}
        }
        if event == "connected" {
            return;
        }
        self.sequence += 1;
        if message["sequenceNumber"].as_str() != Some(&self.sequence.to_string()) {
            self.odd(format!(
                "sequenceNumber {} of {event}, not {:?}",
                message["sequenceNumber"], self.sequence
            ));
            self.sequence =
                message["sequenceNumber"].as_str().and_then(|n| n.parse().ok()).unwrap_or(self.sequence);
        }
        let stream_sid = message["streamSid"].as_str().unwrap_or_default();
        let known = self.visit.start().is_none_or(|start| start.stream_sid == stream_sid);
        if stream_sid.is_empty() || !known {
            self.odd(format!("streamSid {stream_sid:?} of {event}"));
        }
        let strings: &[(&str, &str)] = match event {
            "media" => {
                &[("media", "track"), ("media", "chunk"), ("media", "timestamp"), ("media", "payload")]
            }
            "dtmf" => &[("dtmf", "track"), ("dtmf", "digit")],
            "mark" => &[("mark", "name")],
            "stop" => &[("stop", "accountSid"), ("stop", "callSid")],
            "start" => &[("start", "accountSid"), ("start", "callSid"), ("start", "streamSid")],
            _ => &[],
        };
        for (object, key) in strings {
            if !message[object][key].is_string() {
                self.odd(format!("{object}.{key} is {}", message[object][key]));
            }
        }
        let format = &message["start"]["mediaFormat"];
        if event == "start" && !(format["sampleRate"].is_u64() && format["channels"].is_u64()) {
            self.odd(format!("mediaFormat is {format}"));
        }
    }

    fn odd(&self, text: String) {
        self.visit.write(|record| {
            if record.oddities.len() < ODDITIES {
                record.oddities.push(text);
            }
        });
    }
}

/// Longer than a click or a breath.
const A_TURN_MILLIS: u64 = 200;
/// What voice assistants commonly wait before they answer.
const TURN_OVER_MILLIS: u64 = 700;
/// As many as a person would read.
const ODDITIES: usize = 20;
