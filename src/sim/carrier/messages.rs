//! What the carrier says on a media stream, with the types of PROTOCOLS.md §1.2: nearly every number is a string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use crate::audio::frame::FRAME_SAMPLES;

/// Which stream a message belongs to, and its place in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    pub(crate) stream_sid: &'a str,
    pub(crate) sequence: u64,
}

/// The very first message.
pub(crate) fn connected() -> String {
    json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}).to_string()
}

/// The second; here the sample rate and the channels are numbers.
pub(crate) fn start(
    stamp: &Stamp<'_>,
    account_sid: &str,
    call_sid: &str,
    parameters: &[(String, String)],
) -> String {
    let custom: Map<_, _> = parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let start = json!({
        "accountSid": account_sid,
        "streamSid": stamp.stream_sid,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": custom,
    });
    message("start", stamp, &start)
}

/// 20 ms of sound; written without a tree, for there are fifty a second.
pub(crate) fn media(stamp: &Stamp<'_>, chunk: u64, timestamp: u64, sound: &[u8; FRAME_SAMPLES]) -> String {
    let Stamp { stream_sid, sequence } = stamp;
    let payload = STANDARD.encode(sound);
    format!(
        r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{payload}"}},"streamSid":"{stream_sid}"}}"#
    )
}

/// A key; the track is `inbound_track` here, not `inbound`.
pub(crate) fn dtmf(stamp: &Stamp<'_>, key: char) -> String {
    message("dtmf", stamp, &json!({"track": "inbound_track", "digit": key.to_string()}))
}

/// A mark that was reached, or cleared.
pub(crate) fn mark(stamp: &Stamp<'_>, name: &str) -> String {
    message("mark", stamp, &json!({"name": name}))
}

/// The last message.
pub(crate) fn stop(stamp: &Stamp<'_>, account_sid: &str, call_sid: &str) -> String {
    message("stop", stamp, &json!({"accountSid": account_sid, "callSid": call_sid}))
}

fn message(event: &str, stamp: &Stamp<'_>, body: &serde_json::Value) -> String {
    let Stamp { stream_sid, sequence } = stamp;
    json!({"event": event, "sequenceNumber": sequence.to_string(), event: body, "streamSid": stream_sid})
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_message_is_the_documented_one() {
        let stamp = Stamp { stream_sid: "MZ1", sequence: 3 };
        let text = media(&stamp, 1, 5, &[0xff; FRAME_SAMPLES]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let payload = STANDARD.encode([0xff; FRAME_SAMPLES]);
        let expected = json!({
            "event": "media", "sequenceNumber": "3", "streamSid": "MZ1",
            "media": {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": payload},
        });
        assert_eq!(value, expected);
    }
}
