//! What passed over a media stream, counted, so that a test can say "and nothing else".

/// What passed over a stream, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTally {
    /// `MZ…`.
    pub stream_sid: String,
    /// Media messages sent to the server.
    pub media_sent: u64,
    /// Frames of the person that the phone network lost.
    pub frames_lost: u64,
    /// Media messages received.
    pub media_received: u64,
    /// Bytes of sound received.
    pub bytes_received: u64,
    /// Marks received.
    pub marks_received: u64,
    /// Marks sent back.
    pub marks_echoed: u64,
    /// `clear`s received.
    pub clears: u64,
    /// 31930: the server did not read and media was dropped.
    pub overflowed: u64,
    /// 31931: more than ten minutes were queued and media was dropped.
    pub discarded: u64,
    /// 31950: binary messages.
    pub malformed: u64,
    /// 31951: bad JSON, unknown events, missing or extra keys, a wrong stream.
    pub invalid: u64,
    /// Why the first of those were not accepted.
    pub complaints: Vec<String>,
    /// Milliseconds of sound that wait to be played.
    pub backlog_millis: u64,
    /// How it ended, if it has.
    pub ended: Option<String>,
}

impl StreamTally {
    /// How many messages the carrier would have complained about.
    pub fn faults(&self) -> u64 {
        self.malformed + self.invalid + self.discarded
    }

    /// Remembers why a message was not accepted.
    pub(crate) fn complain(&mut self, complaint: &str) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint.to_owned());
        }
    }
}

/// As many as a person would read.
const COMPLAINTS: usize = 10;
