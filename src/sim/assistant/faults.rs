//! The ways in which an assistant goes wrong, each of which Baton must survive.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use crate::sim::assistant::script::{Fault, Pace};
use crate::sim::assistant::speaker::{Speaker, Then};
use crate::sim::clock;
use crate::sim::sound::{Phrase, Pitch, speech};

impl Speaker {
    /// Goes wrong from here on.
    pub(super) fn misbehave(&mut self, fault: Fault) -> Then {
        match fault {
            Fault::Closes => return Then::Close,
            Fault::Vanishes => return Then::Vanish,
            Fault::Mute => {
                self.mute = true;
                self.queue.clear();
            }
            Fault::Hangs => self.hung = true,
            Fault::StopsReading => self.reads = false,
            Fault::NoPong => self.quiet.store(true, Ordering::Relaxed),
            Fault::ReadsSlowly(millis) => self.reads_slowly = Duration::from_millis(millis),
            Fault::Floods(seconds) => {
                for minute in 0..seconds.div_ceil(60) {
                    let length = Duration::from_secs((seconds - minute * 60).min(60));
                    let flood = Phrase::new("a flood", speech(length, Pitch::ASSISTANT, minute));
                    let pace = std::mem::replace(&mut self.script.pace, Pace::at_once());
                    self.say(&flood);
                    self.script.pace = pace;
                }
            }
            Fault::TalksRubbish => {
                for rubbish in RUBBISH {
                    self.queue.push_back((clock::now(), Message::text(*rubbish)));
                }
            }
            Fault::SendsBinary => self.queue.push_back((clock::now(), Message::binary(vec![0xff; 160]))),
            Fault::SendsHuge(bytes) => {
                self.queue.push_back((clock::now(), self.media(&vec![0xff; bytes])));
            }
        }
        Then::GoOn
    }
}

/// Everything that PROTOCOLS.md §1.3 does not allow.
const RUBBISH: &[&str] = &[
    "",
    "{",
    "null",
    r#"{"event":"media"}"#,
    r#"{"event":"media","streamSid":"MZ00000000000000000000000000000000","media":{"payload":"////"}}"#,
    r#"{"event":"media","media":{"payload":"not base64!"}}"#,
    r#"{"event":"mark","mark":{}}"#,
    r#"{"event":"singing","streamSid":"MZ"}"#,
];
