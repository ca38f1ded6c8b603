//! What the carrier may write, and how it is read and written.

use serde_json::json;

use super::*;
use crate::edge::lenient::MAX_MESSAGE;

const START: &str = r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1",
    "accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",
    "sampleRate":8000,"channels":1},"customParameters":{"call":"call-1","n":5,"deep":{"a":[1]},"é\"":""}}}"#;

fn stream() -> Text<'static> {
    Text::from("MZ1")
}

#[test]
fn the_messages_of_the_documentation_are_read() {
    assert_eq!(
        read(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#),
        Ok(FromCarrier::Connected)
    );
    assert_eq!(
        read(
            r#"{"event":"media","sequenceNumber":"3","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}}"#
        ),
        Ok(FromCarrier::Media {
            stream: stream(),
            track_is_inbound: true,
            stamp: Some(MediaTime::from_millis(5)),
            payload: Text::from("//8="),
        })
    );
    assert_eq!(
        read(
            r#"{"event":"dtmf","sequenceNumber":"5","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"1"}}"#
        ),
        Ok(FromCarrier::Key { stream: stream(), digit: '1' })
    );
    assert_eq!(
        read(r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"g1-7"}}"#),
        Ok(FromCarrier::Mark { stream: stream(), name: Text::from("g1-7") })
    );
    assert_eq!(
        read(
            r#"{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}"#
        ),
        Ok(FromCarrier::Stop { stream: stream(), call: Some(Text::from("CA1")) })
    );
    assert_eq!(
        read(r#"{"event":"stop","streamSid":"MZ1"}"#),
        Ok(FromCarrier::Stop { stream: stream(), call: None })
    );
}

#[test]
fn a_start_is_read_with_its_parameters() {
    let Ok(FromCarrier::Start(start)) = read(START) else { panic!("the start was not read") };
    assert!(start.is_mu_law());
    assert_eq!((&*start.stream_sid, &*start.call_sid, &*start.account_sid), ("MZ1", "CA1", "AC1"));
    let parameters: Vec<_> = start.parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(parameters, [("call", "call-1"), ("deep", r#"{"a":[1]}"#), ("n", "5"), ("é\"", "")]);
    assert!(!format!("{start:?}").contains("call-1"), "a parameter's value was printed");
}

#[test]
fn a_frame_is_read_without_taking_memory() {
    let message = r#"{"event":"media","sequenceNumber":"3","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}}"#;
    let Ok(FromCarrier::Media { stream, payload, .. }) = read(message) else { panic!("not read") };
    assert!(stream.is_borrowed() && payload.is_borrowed());
}

#[test]
fn a_plain_frame_is_read_as_the_long_way_reads_it() {
    for media in [
        r#"{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}"#,
        r#"{"payload":"//8=","timestamp":5,"chunk":1,"track":"outbound"}"#,
        r#"{"payload":""}"#,
    ] {
        let text = format!(r#"{{"event":"media","sequenceNumber":"3","media":{media},"streamSid":"MZ1"}}"#);
        let short = plain_media(&text);
        assert!(short.is_some(), "{text} is plain");
        let message = object(&text, "message").unwrap();
        assert_eq!(short, read_media(&message).ok(), "{text}");
    }
}

#[test]
fn other_spellings_are_understood() {
    for (media, stamp) in [
        (r#"{"timestamp":5,"payload":""}"#, Some(5)),
        (r#"{"timestamp":5.0,"payload":""}"#, Some(5)),
        (r#"{"timestamp":"5.0","payload":"","chunk":{"no":"matter"}}"#, Some(5)),
        (r#"{"payload":"","track":null,"timestamp":null}"#, None),
    ] {
        let message = format!(r#" {{"media":{media},"streamSid":"MZ1","extra":[[{{}}]],"event":"media"}}"#);
        let Ok(FromCarrier::Media { stamp: read, track_is_inbound: true, .. }) = read(&message) else {
            panic!("{message} was not read");
        };
        assert_eq!(read, stamp.map(MediaTime::from_millis), "{message}");
    }
    assert_eq!(
        read(r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":5}}"#),
        Ok(FromCarrier::Key { stream: stream(), digit: '5' })
    );
    let escaped = read(r#"{"\u0065vent":"m\u0065dia","streamSid":"M\u005a1","media":{"payload":"\/\/8="}}"#);
    let Ok(FromCarrier::Media { stream, payload, .. }) = escaped else { panic!("not read") };
    assert_eq!((stream.as_str(), payload.as_str()), ("MZ1", "//8="));
}

#[test]
fn unknown_events_pass_whatever_they_carry() {
    for message in [
        r#"{"event":"weather","media":5,"start":[],"streamSid":{},"mark":null}"#,
        r#"{"event":"","x":1}"#,
        r#"{"event":7}"#,
    ] {
        assert_eq!(read(message), Ok(FromCarrier::Unknown), "{message}");
    }
}

#[test]
fn what_is_no_message_is_refused() {
    use WireError::{Malformed, Missing, TooLong};
    for (message, error) in [
        ("", Malformed("message")),
        ("nonsense", Malformed("message")),
        (r#"["media"]"#, Malformed("message")),
        (r#""media""#, Malformed("message")),
        (r#"{"event":"media""#, Malformed("message")),
        (r#"{"event":"connected"} {}"#, Malformed("message")),
        (r#"{"event":"connected","event":"stop"}"#, Malformed("message")),
        (r#"{"event":{}}"#, Malformed("message")),
        ("{}", Missing("event")),
        (r#"{"event":null}"#, Missing("event")),
        (r#"{"event":"media","streamSid":"MZ1"}"#, Missing("media")),
        (r#"{"event":"media","streamSid":"MZ1","media":5}"#, Malformed("media")),
        (r#"{"event":"media","streamSid":"MZ1","media":["inbound",5,""]}"#, Malformed("media")),
        (r#"{"event":"media","streamSid":"MZ1","media":{}}"#, Missing("media.payload")),
        (r#"{"event":"media","media":{"payload":""}}"#, Missing("streamSid")),
        (r#"{"event":"media","streamSid":"M Z","media":{"payload":""}}"#, Malformed("streamSid")),
        (r#"{"event":"media","streamSid":[],"media":{"payload":""}}"#, Malformed("streamSid")),
        (
            r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","timestamp":"soon"}}"#,
            Malformed("media"),
        ),
        (r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","timestamp":-1}}"#, Malformed("media")),
        (r#"{"event":"mark","streamSid":"MZ1","mark":{}}"#, Missing("mark.name")),
        (r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"12"}}"#, Malformed("dtmf.digit")),
        (r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"é"}}"#, Malformed("dtmf.digit")),
        (r#"{"event":"stop","streamSid":"MZ1","stop":{"callSid":"../x"}}"#, Malformed("stop.callSid")),
        (r#"{"event":"start","streamSid":"MZ1","start":{}}"#, Missing("start.callSid")),
        (&START.replace("\"CA1\"", "\"C/A\""), Malformed("start.callSid")),
        (&START.replace("\"AC1\"", "\"\""), Malformed("start.accountSid")),
        (&START.replace("8000", "\"fast\""), Malformed("start.mediaFormat")),
        (
            &format!(r#"{{"event":"mark","streamSid":"MZ1","mark":{{"name":"{}"}}}}"#, "x".repeat(1_025)),
            TooLong("mark.name"),
        ),
        (&" ".repeat(MAX_MESSAGE + 1), TooLong("message")),
        (&"[".repeat(100_000), Malformed("message")),
        (&r#"{"event":"x","y":"#.repeat(50_000), Malformed("message")),
    ] {
        assert_eq!(read(message), Err(error), "{}", &message[..message.len().min(100)]);
    }
}

#[test]
fn what_is_written_has_exactly_the_documented_keys() {
    let mut into = BytesMut::new();
    write_media(&mut into, "MZ1", &[0xff, 0x7f]);
    assert_eq!(&into[..], br#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#);
    into.clear();
    write_clear(&mut into, "MZ1");
    assert_eq!(&into[..], br#"{"event":"clear","streamSid":"MZ1"}"#);
    into.clear();
    write_mark(&mut into, "MZ1", "a\"b\\\n");
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&into).unwrap(),
        json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "a\"b\\\n"}})
    );
}

#[test]
fn a_buffer_that_is_large_enough_is_written_in_place() {
    let mut into = BytesMut::with_capacity(512);
    let place = into.as_ptr();
    for _ in 0..3 {
        into.clear();
        write_media(&mut into, "MZ1", &[0xff; 160]);
    }
    assert_eq!(into.as_ptr(), place);
}
