//! What every store must do, whatever database is behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;

use crate::call::{Entry, Event, Terms};
use crate::conversation::{Account, Context, Direction};
use crate::edge::store::{Store, StoreError};
use crate::escalation::Policy;
use crate::id::{AttemptId, CallId, RepId};
use crate::live::retention::take_out;
use crate::live::{chance, clock};
use crate::phone_number::PhoneNumber;
use crate::ports::{
    Announcement, Announcements, Calls, CarrierCall, Forgets, Listed, Record, Reps, RungPhone, Unfinished,
};
use crate::time::{CallTime, Timestamp};

struct InFolder {
    store: Store,
    folder: std::path::PathBuf,
}

impl InFolder {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("baton store {:032x}", chance::bits()));
        Self { store: Store::open(&folder).await.unwrap(), folder }
    }

    /// As another process does after this one has ended.
    async fn reopen(&mut self) {
        self.store.pool.close().await;
        // What a process holds is let go when it ends; here the handle is dropped first.
        self.store = Store { pool: self.store.pool.clone(), _lock: None };
        self.store = Store::open(&self.folder).await.unwrap();
    }
}

impl Drop for InFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn records(call: CallId) -> Vec<Record> {
    let number = PhoneNumber::new("+15550100123");
    let sam = RepId::new("sam");
    let at = Timestamp(1_790_000_000_000);
    let carrier_call = CarrierCall("CA1".into());
    vec![
        Record::Opened {
            call,
            carrier_call,
            direction: "inbound",
            prospect: number.clone(),
            line: number,
            at,
            facts: "{\"f\":1}".into(),
        },
        Record::Entry { call, number: 0, at: CallTime::ZERO, json: "{\"a\":1}".into() },
        Record::AttemptIntended { call, attempt: AttemptId(1), rep: sam.clone(), at },
        Record::Entry { call, number: 1, at: CallTime::from_millis(20), json: "{\"b\":\"é\"}".into() },
        Record::AttemptNamed { call, attempt: AttemptId(1), carrier_call: CarrierCall("CA2".into()) },
        Record::AttemptEnded { call, attempt: AttemptId(1), end: "served".into() },
        Record::HandoffOver {
            call,
            number: 1,
            outcome: "handed-over".into(),
            reason: String::new(),
            rep: Some(sam),
            began: CallTime::from_millis(10),
            ended: CallTime::from_millis(30),
        },
        Record::Closed { call, how: "prospect-left".into(), at: at + Duration::from_secs(60) },
    ]
}

#[tokio::test]
async fn what_is_written_is_read_back_and_writing_twice_does_no_harm() {
    let place = InFolder::new().await;
    let calls: &dyn Calls = &place.store;
    let call = CallId::from_bits(7);
    for _ in 0..2 {
        calls.write(records(call)).await.unwrap();
    }
    let stored = calls.call(call).await.unwrap().unwrap();
    assert_eq!((stored.end.as_deref(), stored.prospect.reveal()), (Some("prospect-left"), "+15550100123"));
    assert_eq!(stored.handoffs[0].outcome, "handed-over");
    assert_eq!(stored.handoffs[0].ended_us, CallTime::from_millis(30));
    assert_eq!((stored.attempts.len(), stored.attempts[0].end.as_deref()), (1, Some("served")));
    let timeline: Vec<_> = calls.timeline(call).await.unwrap().into_iter().map(|e| (e.at, e.json)).collect();
    assert_eq!(
        timeline,
        [(CallTime::ZERO, "{\"a\":1}".into()), (CallTime::from_millis(20), "{\"b\":\"é\"}".into())]
    );
    assert_eq!(calls.latest(5).await.unwrap(), [stored]);
    assert_eq!(calls.call(CallId::from_bits(8)).await.unwrap(), None);
}

#[tokio::test]
async fn a_policy_is_kept_once_and_every_timeline_begins_with_it_whole() {
    let place = InFolder::new().await;
    let terms = Terms { escalation: Arc::new(Policy::default()), ..Terms::default() };
    let began = Entry { at: CallTime::ZERO, event: Event::Began(Box::new(terms)), effects: Vec::new() };
    let json = serde_json::to_string(&began).unwrap();
    for bits in [1, 2] {
        let mut all = records(CallId::from_bits(bits));
        all[1] = Record::Entry {
            call: CallId::from_bits(bits),
            number: 0,
            at: CallTime::ZERO,
            json: json.clone(),
        };
        place.store.write(all).await.unwrap();
    }
    for bits in [1, 2] {
        assert_eq!(place.store.timeline(CallId::from_bits(bits)).await.unwrap()[0].json, json);
    }
    let sql = "SELECT (SELECT COUNT(*) FROM policies) AS kept, MAX(LENGTH(json)) AS longest FROM entries";
    let row = sqlx::query(sql).fetch_one(&place.store.pool).await.unwrap();
    let (kept, longest): (i64, i64) = (row.try_get("kept").unwrap(), row.try_get("longest").unwrap());
    assert_eq!(kept, 1);
    assert!(longest < 2_000, "{longest} bytes of one entry");
    let bite = place.store.take_words(CallId::from_bits(1), 0).await.unwrap();
    assert_eq!((bite.changed, bite.next), (0, None), "a policy is nobody's words");
}

#[tokio::test]
async fn promise_10_what_was_written_is_there_when_the_store_is_opened_again() {
    let mut place = InFolder::new().await;
    let call = CallId::from_bits(9);
    place.store.write(records(call)).await.unwrap();
    place.store.reserve(call, AttemptId(1), vec![RepId::new("sam")], Duration::from_secs(60)).await.unwrap();
    assert!(
        matches!(Store::open(&place.folder).await, Err(StoreError::InUse { .. })),
        "one process at a time"
    );
    place.reopen().await;
    assert!(place.store.call(call).await.unwrap().is_some());
    let other = CallId::from_bits(10);
    assert_eq!(place.store.unfinished().await.unwrap(), [], "that call was closed");
    let again = place
        .store
        .reserve(other, AttemptId(1), vec![RepId::new("sam")], Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(again, Some(RepId::new("sam")), "a dead process holds nobody for a call that is over");
}

#[tokio::test]
async fn promise_10_a_call_that_was_never_closed_is_found_and_keeps_its_rep() {
    let mut place = InFolder::new().await;
    let call = CallId::from_bits(11);
    let mut unclosed = records(call);
    unclosed.truncate(5);
    place.store.write(unclosed).await.unwrap();
    let sam = || vec![RepId::new("sam")];
    place.store.reserve(call, AttemptId(1), sam(), Duration::from_secs(60)).await.unwrap();
    place.reopen().await;
    let left = place.store.unfinished().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].call, &*left[0].facts), (call, "{\"f\":1}"));
    let (attempt, carrier_call) = (AttemptId(1), Some(CarrierCall("CA2".into())));
    assert_eq!(left[0].phones, [RungPhone { attempt, rep: RepId::new("sam"), carrier_call }]);
    assert_eq!(left[0].entries, 2);
    let other = CallId::from_bits(12);
    let taken = place.store.reserve(other, AttemptId(1), sam(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(taken, None, "nobody else gets the rep of a call that is taken up");
    assert!(place.store.commit(call, AttemptId(1)).await.unwrap());
}

#[tokio::test]
async fn promise_3_a_lease_that_runs_out_frees_the_rep_and_a_commit_after_it_is_lost() {
    let place = InFolder::new().await;
    let reps: &dyn Reps = &place.store;
    let (one, other) = (CallId::from_bits(1), CallId::from_bits(2));
    let sam = || vec![RepId::new("sam")];
    let taken = |call, lease| reps.reserve(call, AttemptId(1), sam(), lease);
    assert_eq!(taken(one, Duration::ZERO).await.unwrap(), Some(RepId::new("sam")));
    // A lease of no time has run out at once.
    assert_eq!(taken(other, Duration::from_secs(60)).await.unwrap(), Some(RepId::new("sam")));
    assert!(!reps.commit(one, AttemptId(1)).await.unwrap(), "the lease was lost to another");
    assert!(reps.commit(other, AttemptId(1)).await.unwrap());
    assert!(reps.commit(other, AttemptId(1)).await.unwrap(), "a commit may be repeated");
    assert_eq!(
        taken(other, Duration::ZERO).await.unwrap(),
        Some(RepId::new("sam")),
        "the same try keeps its rep"
    );
    assert_eq!(taken(one, Duration::from_secs(60)).await.unwrap(), None);
    reps.release(other, AttemptId(1)).await.unwrap();
    assert_eq!(taken(one, Duration::from_secs(60)).await.unwrap(), Some(RepId::new("sam")));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_of_a_thousand_who_reserve_at_once_no_two_get_the_same_rep() {
    let place = Arc::new(InFolder::new().await);
    let roster: Vec<RepId> = ["ana", "bo", "sam"].into_iter().map(RepId::new).collect();
    let tries = (0..1_000_u128).map(|n| {
        let (place, roster) = (place.clone(), roster.clone());
        tokio::spawn(async move {
            place.store.reserve(CallId::from_bits(n), AttemptId(1), roster, Duration::from_secs(60)).await
        })
    });
    let mut winners = BTreeMap::new();
    for taken in futures_util::future::join_all(tries).await {
        // A store that is asked by a thousand at once may answer some of them with "later".
        if let Ok(Some(rep)) = taken.unwrap() {
            *winners.entry(rep).or_insert(0) += 1;
        }
    }
    assert_eq!(winners.into_values().collect::<Vec<_>>(), [1, 1, 1]);
}

/// A call of this number in which so many turns were said.
fn talk(call: CallId, prospect: &str, turns: u64) -> Vec<Record> {
    let mut all = records(call);
    let Some(Record::Opened { prospect: number, facts, .. }) = all.first_mut() else { panic!("it opens") };
    *number = PhoneNumber::new(prospect);
    *facts = format!("{{\"prospect\":\"{prospect}\"}}");
    let closed = all.pop().unwrap();
    all.extend((0..turns).map(|n| Record::Entry {
        call,
        number: 2 + n,
        at: CallTime::from_millis(100 + n),
        json: format!("{{\"event\":{{\"said\":{{\"turn\":{{\"number\":{n},\"words\":\"pelican {n}\"}}}}}}}}"),
    }));
    all.push(closed);
    all
}

/// Everything that lies in the folder.
fn bytes(place: &InFolder) -> Vec<u8> {
    let files = std::fs::read_dir(&place.folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|some| some == what.as_bytes())
}

#[tokio::test]
async fn words_are_taken_out_in_bites_and_the_timeline_keeps_its_entries() {
    let place = InFolder::new().await;
    let (old, late) = (CallId::from_bits(20), CallId::from_bits(21));
    place.store.write(talk(old, "+15550100123", 250)).await.unwrap();
    let mut unclosed = talk(late, "+15550100123", 3);
    unclosed.pop();
    place.store.write(unclosed).await.unwrap();
    let ended = Timestamp(1_790_000_060_000);
    assert_eq!(place.store.wordy(ended, 9).await.unwrap(), [], "it ended then, not before");
    let after = ended + Duration::from_millis(1);
    assert_eq!(place.store.wordy(after, 9).await.unwrap(), [old], "a call that goes on is needed as it is");
    let (mut from, mut changed, mut bites) = (Some(0), 0, 0);
    while let Some(next) = from {
        let bite = place.store.take_words(old, next).await.unwrap();
        (from, changed, bites) = (bite.next, changed + bite.changed, bites + 1);
    }
    assert_eq!((changed, bites), (250, 3));
    assert_eq!(place.store.wordy(after, 9).await.unwrap(), []);
    let timeline = place.store.timeline(old).await.unwrap();
    assert_eq!(timeline.len(), 252);
    assert_eq!(timeline[5].json, "{\"event\":{\"said\":{\"turn\":{\"number\":3,\"words\":\"\"}}}}");
    assert!(place.store.call(old).await.unwrap().unwrap().words_gone_ms.is_some());
    // Whoever asks for a running call all the same changes nothing in it.
    place.store.take_words(late, 0).await.unwrap();
    assert!(place.store.timeline(late).await.unwrap()[4].json.contains("pelican 2"));
    assert_eq!(place.store.call(late).await.unwrap().unwrap().words_gone_ms, None);
    assert_eq!(place.store.unfinished().await.unwrap()[0].facts, "{\"prospect\":\"+15550100123\"}");
}

#[tokio::test]
async fn a_forgotten_number_and_its_words_are_nowhere_in_the_folder_any_more() {
    let place = InFolder::new().await;
    let (theirs, other) = (CallId::from_bits(22), CallId::from_bits(23));
    place.store.write(talk(theirs, "+15550100177", 40)).await.unwrap();
    place.store.write(talk(other, "+15550100188", 2)).await.unwrap();
    let number = PhoneNumber::new("+15550100177");
    let account = Account { reason: "heron".to_owned(), ..Account::default() };
    let context = Context { account, ..Context::default() };
    let announced = Announcement { prospect: number.clone(), context, until: Timestamp(i64::MAX) };
    place.store.announce(announced).await.unwrap();
    let before = bytes(&place);
    assert!(["+15550100177", "pelican 39", "heron"].iter().all(|word| holds(&before, word)));
    // As the command does, beside the process that has the store open.
    let beside = Store::open_beside(&place.folder).await.unwrap();
    assert_eq!(beside.calls_of(&number).await.unwrap().len(), 1);
    assert_eq!(take_out(&beside, theirs).await.unwrap(), 40);
    assert_eq!(beside.strike_out(&number, "forgotten-1").await.unwrap(), 1);
    let stored = place.store.call(theirs).await.unwrap().unwrap();
    assert_eq!(stored.prospect.reveal(), "forgotten-1");
    let (other, left) = (place.store.timeline(other).await.unwrap(), bytes(&place));
    assert!(other[2].json.contains("pelican 0"), "others are not touched");
    let gone = ["+15550100177", "pelican 39", "heron"].iter().all(|word| !holds(&left, word));
    assert!(gone, "not even in what was deleted, nor in what was announced of a call to come");
    assert_eq!(beside.calls_of(&number).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_written_and_forgotten_in_at_once_and_both_get_through() {
    let place = InFolder::new().await;
    let number = PhoneNumber::new("+15550100123");
    place.store.write(talk(CallId::from_bits(30), number.reveal(), 2_000)).await.unwrap();
    let writer = place.store.clone();
    let writing = tokio::spawn(async move {
        for n in 0..60 {
            writer.write(talk(CallId::from_bits(100 + n), "+15550100199", 20)).await.unwrap();
        }
    });
    let beside = Store::open_beside(&place.folder).await.unwrap();
    assert_eq!(take_out(&beside, CallId::from_bits(30)).await.unwrap(), 2_000);
    assert_eq!(beside.strike_out(&number, "forgotten-1").await.unwrap(), 1);
    writing.await.unwrap();
    assert_eq!(place.store.calls_of(&PhoneNumber::new("+15550100199")).await.unwrap().len(), 60);
}

#[tokio::test]
async fn a_store_of_an_older_baton_is_not_changed_by_whoever_works_beside() {
    let place = InFolder::new().await;
    sqlx::query("DELETE FROM migrations WHERE number > 2").execute(&place.store.pool).await.unwrap();
    let refused = Store::open_beside(&place.folder).await.unwrap_err();
    assert!(matches!(refused, StoreError::Older { .. }), "{refused}");
}

#[tokio::test]
async fn calls_are_listed_by_direction_beginning_and_whether_they_run() {
    let place = InFolder::new().await;
    let calls: &dyn Calls = &place.store;
    for (bits, direction, began, over) in [
        (1, "inbound", 100, true),
        (2, "outbound", 200, true),
        (3, "inbound", 300, false),
        (4, "outbound", 400, false),
    ] {
        let mut these = records(CallId::from_bits(bits));
        these.retain(|record| {
            matches!(record, Record::Opened { .. }) || (over && matches!(record, Record::Closed { .. }))
        });
        if let Record::Opened { direction: dialled, at, .. } = &mut these[0] {
            (*dialled, *at) = (direction, Timestamp(began));
        }
        calls.write(these).await.unwrap();
    }
    let all = Listed::latest(10);
    for (which, expected) in [
        (all, vec![4, 3, 2, 1]),
        (Listed { limit: 1, ..all }, vec![4]),
        (Listed { direction: Some("inbound"), ..all }, vec![3, 1]),
        (Listed { since: Some(Timestamp(200)), ..all }, vec![4, 3, 2]),
        (Listed { running: Some(true), ..all }, vec![4, 3]),
        (Listed { running: Some(false), direction: Some("outbound"), ..all }, vec![2]),
        (Listed { since: Some(Timestamp(401)), ..all }, vec![]),
    ] {
        let listed: Vec<CallId> =
            calls.list(which).await.unwrap().into_iter().map(|call| call.call).collect();
        let expected: Vec<CallId> = expected.into_iter().map(CallId::from_bits).collect();
        assert_eq!(listed, expected, "{which:?}");
    }
}

#[tokio::test]
async fn what_was_announced_is_there_once_for_its_number_and_not_for_ever() {
    let mut place = InFolder::new().await;
    let context = |campaign: &str| Context {
        direction: Direction::Outbound,
        account: Account { campaign: campaign.to_owned(), seats: Some(40), ..Account::default() },
        language: String::new(),
    };
    let prospect = || PhoneNumber::new("+15550100142");
    let now = clock::wall();
    let announced =
        |campaign: &str, until| Announcement { prospect: prospect(), context: context(campaign), until };
    for campaign in ["spring", "autumn"] {
        place.store.announce(announced(campaign, now + Duration::from_secs(60))).await.unwrap();
    }
    place.reopen().await;
    let other = PhoneNumber::new("+15550100143");
    assert_eq!(place.store.take(other, now).await.unwrap(), None, "that one was not announced");
    assert_eq!(
        place.store.take(prospect(), now).await.unwrap(),
        Some(context("autumn")),
        "the later word counts"
    );
    assert_eq!(place.store.take(prospect(), now).await.unwrap(), None, "once");
    place.store.announce(announced("winter", now + Duration::from_secs(60))).await.unwrap();
    let late = now + Duration::from_secs(60);
    assert_eq!(place.store.take(prospect(), late).await.unwrap(), None, "its time is over");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_none() {
    let folder = std::env::temp_dir().join(format!("baton store {:032x}", chance::bits()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("baton.db"),
        "this is no database, and it is long enough to look like one".repeat(100),
    )
    .unwrap();
    let error = Store::open(&folder).await.unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(error.contains("not a database"), "{error}");
}
