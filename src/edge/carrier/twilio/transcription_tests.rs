//! Callbacks of a transcription as the carrier documents them, and in every order.

use std::collections::BTreeMap;

use super::*;
use crate::conversation::Transcript;

fn read(form: &[(&str, &str)]) -> Result<Told, NotTold> {
    let form: BTreeMap<&str, &str> = form.iter().copied().collect();
    Told::read(|name| form.get(name).copied())
}

fn heard(track: Track, sequence: u64, words: &str, wording: Wording) -> Heard {
    let run = "GT1".to_owned();
    Heard { run, sequence, track, at: None, words: words.to_owned(), confidence: None, wording }
}

fn ms(millis: u64) -> CallTime {
    CallTime::from_millis(millis)
}

#[test]
fn a_callback_reads_as_the_carrier_documents_it() {
    let form = [
        ("TranscriptionEvent", "transcription-content"),
        ("TranscriptionSid", "GT00000000000000000000000000000001"),
        ("SequenceId", "7"),
        ("Timestamp", "2026-10-05T17:04:05.250Z"),
        ("Track", "inbound_track"),
        ("Final", "true"),
        ("TranscriptionData", r#"{"transcript":"can I talk to a person","confidence":0.9234}"#),
    ];
    let Ok(Told::Heard(heard)) = read(&form) else { panic!("{:?}", read(&form)) };
    assert_eq!((heard.sequence, heard.track, heard.wording), (7, Track::Inbound, Wording::Final));
    assert_eq!((heard.words.as_str(), heard.confidence), ("can I talk to a person", Some(92)));
    assert_eq!(heard.at, Some(Timestamp(1_791_219_845_250)));
    let error = [
        ("TranscriptionEvent", "transcription-error"),
        ("TranscriptionErrorCode", "32655"),
        ("TranscriptionError", "no engine"),
    ];
    assert_eq!(read(&error), Ok(Told::Failed("32655".into(), "no engine".into())));
    assert_eq!(read(&[("TranscriptionEvent", "transcription-started")]), Ok(Told::Started));
    assert_eq!(read(&[("TranscriptionEvent", "transcription-stopped")]), Ok(Told::Stopped));
}

#[test]
fn a_broken_callback_says_why_it_says_nothing() {
    let with = |name: &'static str, value: &'static str| {
        let mut form = vec![
            ("TranscriptionEvent", "transcription-content"),
            ("SequenceId", "7"),
            ("Track", "outbound_track"),
            ("TranscriptionData", r#"{"transcript":"x"}"#),
        ];
        form.retain(|(known, _)| *known != name);
        form.push((name, value));
        read(&form)
    };
    assert!(matches!(with("Timestamp", "yesterday"), Ok(Told::Heard(Heard { at: None, .. }))));
    assert_eq!(with("TranscriptionEvent", "transcription-sung"), Err(NotTold::Event));
    assert_eq!(with("Track", "both_tracks"), Err(NotTold::Track));
    assert_eq!(with("SequenceId", "-1"), Err(NotTold::Sequence));
    for broken in ["", "null", "{", "[]", r#"{"transcript":7}"#, r#"{"confidence":1}"#] {
        assert_eq!(with("TranscriptionData", broken), Err(NotTold::Words), "{broken}");
    }
}

#[test]
fn words_that_may_change_and_those_that_stand_are_one_turn() {
    let (mut transcribing, mut transcript) = (Transcribing::default(), Transcript::default());
    let mut told = Vec::new();
    for (sequence, at, words, wording) in [
        (1, 10_800, "can I just", Wording::Partial),
        (2, 11_600, "can I just talk to", Wording::Partial),
        (3, 13_000, "Can I just talk to somebody?", Wording::Final),
        // Tried again, and overtaken.
        (3, 13_400, "Can I just talk to somebody?", Wording::Final),
        (2, 13_500, "can I just talk to", Wording::Partial),
        (4, 16_000, "Hello?", Wording::Final),
    ] {
        let heard = heard(Track::Inbound, sequence, words, wording);
        let piece = transcribing.piece(&heard, Speaker::Prospect, ms(at));
        told.extend(piece.into_iter().flat_map(|piece| transcript.put(piece)));
    }
    let turns: Vec<_> = transcript.turns().map(|turn| (turn.number, turn.words.as_str())).collect();
    assert_eq!(turns, [(1, "Can I just talk to somebody?"), (2, "Hello?")]);
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(told[0].from >= ms(10_000) && told[0].from < ms(10_400), "{:?}", told[0]);
    assert_eq!(told[2].until, ms(12_100), "a word after what was heard last");
}

#[test]
fn both_sides_count_on_their_own_and_another_transcription_counts_anew() {
    let mut transcribing = Transcribing::default();
    let mut of = |run: &str, track, sequence, words| {
        let heard = Heard { run: run.to_owned(), ..heard(track, sequence, words, Wording::Final) };
        let by = if track == Track::Inbound { Speaker::Prospect } else { Speaker::Assistant };
        transcribing.piece(&heard, by, ms(sequence * 5_000)).map(|piece| piece.name)
    };
    assert_eq!(of("GT1", Track::Inbound, 5, "five").as_deref(), Some("1-5"));
    assert_eq!(of("GT1", Track::Outbound, 3, "three").as_deref(), Some("1-3"));
    assert_eq!(of("GT2", Track::Inbound, 3, "three again").as_deref(), Some("2-3"));
}

#[test]
fn the_verb_says_what_is_wanted_and_nothing_else() {
    let wanted = Wanted { language: "en-US".into(), engine: "deepgram".into(), model: String::new() };
    assert_eq!(
        wanted.verb("https://b.example/t?call=1&leg=prospect"),
        "<Start><Transcription name=\"baton\" track=\"both_tracks\" \
         statusCallbackUrl=\"https://b.example/t?call=1&amp;leg=prospect\" partialResults=\"true\" \
         languageCode=\"en-US\" transcriptionEngine=\"deepgram\"/></Start>"
    );
}
