//! Numbers as people write them, and what a store has of them before and after.

use super::*;
use crate::edge::store::Store;
use crate::id::CallId;
use crate::ports::{Calls as _, CarrierCall, Record};
use crate::time::{CallTime, Timestamp};

#[test]
fn a_number_is_found_however_it_is_written() {
    for written in ["+15550100123", "+1 (555) 010-0123", " 001 555 010 0123 ", "+1.555.010.0123"] {
        assert_eq!(as_recorded(written).unwrap().reveal(), "+15550100123", "{written}");
    }
    assert_eq!(as_recorded("sip:jo@example.com").unwrap().reveal(), "sip:jo@example.com");
    for none in ["", "+", "12", "anonymous", "+1555'; --", "12345678901234567"] {
        assert_eq!(as_recorded(none), None, "{none}");
    }
}

fn talk(call: CallId) -> [Record; 2] {
    [
        Record::Opened {
            call,
            carrier_call: CarrierCall("CA1".into()),
            direction: "inbound",
            prospect: PhoneNumber::new("+15550100177"),
            line: PhoneNumber::new("+15550100100"),
            at: Timestamp(1_790_000_000_000),
            facts: String::new(),
        },
        Record::Entry {
            call,
            number: 0,
            at: CallTime::ZERO,
            json: "{\"event\":{\"said\":{\"turn\":{\"words\":\"pelican\"}}}}".into(),
        },
    ]
}

#[tokio::test]
async fn nothing_is_taken_out_without_a_yes_and_nothing_of_a_call_that_goes_on() {
    let folder = std::env::temp_dir().join(format!("baton forget {:032x}", chance::bits()));
    let store = Store::open(&folder).await.unwrap();
    let (over, running) = (CallId::from_bits(1), CallId::from_bits(2));
    store.write([talk(over), talk(running)].concat()).await.unwrap();
    let at = Timestamp(1_790_000_060_000);
    store.write(vec![Record::Closed { call: over, how: "prospect-left".into(), at }]).await.unwrap();
    let theirs = PhoneNumber::new("+15550100177");

    let looked = number(&store, &theirs, Consent::Look).await.unwrap();
    let said = looked.text(&theirs);
    assert_eq!((looked.over.len(), looked.running.len(), looked.complete()), (1, 1, false));
    assert!(said.contains("1 call of •••77 on record, 1 of them with words"), "{said}");
    assert!(said.contains("nothing was changed; --yes takes it out") && !said.contains("0177"), "{said}");
    assert!(store.timeline(over).await.unwrap()[0].json.contains("pelican"));

    let forgotten = number(&store, &theirs, Consent::Forget).await.unwrap();
    let said = forgotten.text(&theirs);
    let done = forgotten.done.as_ref().unwrap();
    assert_eq!((done.entries, done.calls, forgotten.complete()), (1, 1, false));
    assert!(said.contains("the words of 1 entry") && said.contains("still running: do this again"), "{said}");
    assert!(!store.timeline(over).await.unwrap()[0].json.contains("pelican"));
    assert!(store.timeline(running).await.unwrap()[0].json.contains("pelican"));
    assert_eq!(store.call(over).await.unwrap().unwrap().prospect.reveal(), done.mark);
    assert_eq!(store.call(running).await.unwrap().unwrap().prospect.reveal(), "+15550100177");

    store.write(vec![Record::Closed { call: running, how: "prospect-left".into(), at }]).await.unwrap();
    let again = number(&store, &theirs, Consent::Forget).await.unwrap();
    assert!(again.complete());
    assert_ne!(again.done.unwrap().mark, done.mark, "nothing leads from a number to its mark");
    let nothing = number(&store, &theirs, Consent::Forget).await.unwrap();
    assert_eq!(nothing.text(&theirs), "nothing is kept of •••77\n");
    let json = serde_json::to_value(&nothing).unwrap();
    assert_eq!(json, serde_json::json!({ "over": [], "running": [], "done": null }));
    std::fs::remove_dir_all(&folder).unwrap();
}
