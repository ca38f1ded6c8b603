//! Conversations made up, labelled, and out of all order.

use proptest::prelude::*;

use super::*;

type Spans = Vec<(f64, f64)>;

fn time(seconds: f64) -> CallTime {
    CallTime::from_micros((seconds * 1e6).round() as u64)
}

fn seconds(time: CallTime) -> f64 {
    time.as_micros() as f64 / 1e6
}

/// Both speak in these spans, and the changes come as late as a voice tells them.
fn talked(prospect: &[(f64, f64)], other: &[(f64, f64)], end: f64) -> (Talk, Vec<Happening>) {
    let mut coming = Vec::new();
    for (who, spans) in [(Party::Prospect, prospect), (Party::Other, other)] {
        for &(from, to) in spans {
            coming.push((from + 0.1, who, Change::Began { at: time(from) }));
            coming.push((to + 0.3, who, Change::Paused { since: time(to) }));
        }
    }
    coming.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut coming = coming.into_iter().peekable();
    let mut talk = Talk::default();
    let mut happened = Vec::new();
    for frame in 0..(end * 50.0) as u64 {
        let now = CallTime::from_millis(frame * 20);
        while let Some((_, who, change)) = coming.next_if(|(at, ..)| time(*at) <= now) {
            talk.hear(who, change);
        }
        talk.pass(now);
        happened.extend(std::iter::from_fn(|| talk.take()));
    }
    coming.for_each(|(_, who, change)| talk.hear(who, change));
    talk.finish(time(end));
    happened.extend(std::iter::from_fn(|| talk.take()));
    (talk, happened)
}

fn turns(happened: &[Happening]) -> Vec<Turn> {
    let ended = |what: &Happening| if let Happening::TurnEnded(turn) = what { Some(*turn) } else { None };
    happened.iter().filter_map(ended).collect()
}

fn barge_ins(happened: &[Happening]) -> Vec<(Party, bool)> {
    let barged = |what: &Happening| {
        if let Happening::BargedIn { who, yielded, .. } = what { Some((*who, *yielded)) } else { None }
    };
    happened.iter().filter_map(barged).collect()
}

fn back_channels(happened: &[Happening]) -> usize {
    happened.iter().filter(|what| matches!(what, Happening::BackChannel { .. })).count()
}

const P: Party = Party::Prospect;
const O: Party = Party::Other;

#[test]
fn question_and_answer_are_two_turns_and_the_gap_is_the_latency() {
    let (talk, happened) = talked(&[(3.3, 5.0)], &[(0.5, 3.0), (5.6, 7.0)], 8.0);
    let turns = turns(&happened);
    let found: Vec<_> = turns.iter().map(|turn| (turn.who, turn.latency_millis)).collect();
    assert_eq!(found, [(O, None), (P, Some(300)), (O, Some(600))]);
    assert_eq!((turns[1].began, turns[1].ended), (time(3.3), time(5.0)));
    let shape = talk.so_far(P);
    assert!((shape.talk_share - 1.7 / 5.6).abs() < 0.01, "{shape:?}");
    assert!(shape.overlap_share < 1e-6);
    assert_eq!(shape.latency.unwrap().latest_millis, 300);
    assert_eq!(talk.so_far(O).latency.unwrap().latest_millis, 600);
    assert_eq!((shape.turns, shape.interruptions_made, shape.back_channels), (1, 0, 0));
}

#[test]
fn a_short_word_over_the_other_is_a_back_channel_and_takes_no_turn() {
    let (talk, happened) = talked(&[(2.0, 2.35), (4.0, 4.4)], &[(0.5, 8.0)], 9.0);
    assert_eq!(turns(&happened).len(), 1);
    assert_eq!((back_channels(&happened), barge_ins(&happened)), (2, vec![]));
    assert_eq!(talk.so_far(P).back_channels, 2);
    assert!(talk.so_far(P).overlap_share > 0.08);
    assert!((talk.so_far(O).overlap_share - talk.so_far(P).overlap_share).abs() < 1e-6);
    // Also where the other breathes for a moment behind it.
    let (_, happened) = talked(&[(2.0, 2.35)], &[(0.5, 2.1), (2.45, 8.0)], 9.0);
    assert_eq!((turns(&happened).len(), back_channels(&happened)), (1, 1));
    // A click is nothing at all.
    let (_, happened) = talked(&[(2.0, 2.06)], &[(0.5, 8.0)], 9.0);
    assert_eq!((turns(&happened).len(), back_channels(&happened)), (1, 0));
}

#[test]
fn a_short_answer_in_silence_is_a_turn() {
    let (_, happened) = talked(&[(3.3, 3.55)], &[(0.5, 3.0), (4.0, 5.0)], 7.0);
    assert_eq!(turns(&happened).iter().map(|turn| turn.who).collect::<Vec<_>>(), [O, P, O]);
    assert_eq!(back_channels(&happened), 0);
}

#[test]
fn who_takes_the_turn_over_the_others_words_barged_in_and_the_other_suffered_it() {
    let (talk, happened) = talked(&[(2.0, 5.0)], &[(0.5, 2.6)], 6.0);
    assert_eq!(barge_ins(&happened), [(P, true)]);
    assert_eq!(turns(&happened)[1].latency_millis, Some(-600));
    assert_eq!((talk.so_far(P).interruptions_made, talk.so_far(P).interruptions_suffered), (1, 0));
    assert_eq!((talk.so_far(O).interruptions_made, talk.so_far(O).interruptions_suffered), (0, 1));
    // Quick is not rude.
    let (_, happened) = talked(&[(2.45, 5.0)], &[(0.5, 2.6)], 6.0);
    assert_eq!(barge_ins(&happened), []);
    assert_eq!(turns(&happened)[1].latency_millis, Some(-150));
}

#[test]
fn who_talks_over_the_other_in_vain_barged_in_without_a_turn() {
    let (talk, happened) = talked(&[(2.0, 3.6)], &[(0.5, 8.0)], 9.0);
    assert_eq!(barge_ins(&happened), [(P, false)]);
    assert_eq!((turns(&happened).len(), back_channels(&happened)), (1, 0));
    assert_eq!(talk.so_far(O).interruptions_suffered, 1);
    // Too long for a back-channel, too short for a bid that was meant: neither.
    let (_, happened) = talked(&[(2.0, 2.8)], &[(0.5, 8.0)], 9.0);
    assert_eq!((barge_ins(&happened).len(), back_channels(&happened)), (0, 0));
}

#[test]
fn pauses_stay_inside_the_turn_until_the_silence_is_long() {
    let (talk, happened) = talked(&[(0.5, 1.5), (2.0, 3.0), (4.2, 5.0), (9.0, 10.0)], &[], 13.0);
    let turns = turns(&happened);
    assert_eq!(turns.len(), 2);
    assert_eq!(
        (turns[0].pauses, turns[0].longest_pause, turns[0].ended),
        (2, Duration::from_millis(1_200), time(5.0))
    );
    assert_eq!(turns[1].latency_millis, None);
    let silences: Vec<_> = happened
        .iter()
        .filter_map(|what| {
            if let Happening::LongSilence { since, after } = what { Some((*since, *after)) } else { None }
        })
        .collect();
    assert_eq!(silences, [(time(5.0), Some(P)), (time(10.0), Some(P))]);
    assert_eq!((talk.so_far(P).silences_left, talk.so_far(O).silences_left), (0, 2));
    let shape = talk.so_far(P);
    assert_eq!((shape.pauses, shape.longest_pause), (2, Duration::from_millis(1_200)));
    assert!((shape.pause_share - 1.7 / (1.7 + 3.8)).abs() < 0.01, "{shape:?}");
}

#[test]
fn the_last_minute_forgets_what_was_before_it() {
    let (talk, _) = talked(&[(3.3, 5.0), (100.0, 110.0)], &[(0.5, 3.0), (60.0, 90.0)], 112.0);
    let (lately, so_far) = (talk.lately(O), talk.so_far(O));
    assert_eq!((lately.turns, so_far.turns), (1, 2));
    assert_eq!(lately.over, Duration::from_secs(60));
    assert!((lately.speech_share - 30.0 / 60.0).abs() < 0.02, "from 52 s to 112 s they spoke 30: {lately:?}");
    assert_eq!(talk.lately(P).turns, 1);
}

#[test]
fn nothing_is_known_of_what_nobody_listened_to() {
    let mut talk = Talk::default();
    talk.hear(P, Change::Began { at: time(1.0) });
    talk.pass(time(5.0));
    talk.pass(CallTime::from_micros(u64::MAX));
    talk.pass(time(6.0));
    assert!(talk.so_far(P).over < Duration::from_secs(130));
}

#[test]
fn turns_of_a_labelled_call_are_found_where_people_put_them() {
    let folder = std::env::var_os("BATON_CORPUS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/speech"),
        std::path::PathBuf::from,
    );
    let Ok(manifest) = std::fs::read(folder.join("manifest.json")) else {
        println!("skipped: no corpus at {}", folder.display());
        return;
    };
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let labels = |file: &str| {
        manifest["items"].as_array().unwrap().iter().find(|item| item["file"] == file).unwrap()["labels"]
            .clone()
    };
    let (caller, callee) = (labels("call40/caller.ulaw"), labels("call40/agent.ulaw"));
    let spans = |labels: &serde_json::Value| -> Spans {
        let spans = labels["speech"].as_array().unwrap().iter();
        spans.map(|span| (span[0].as_f64().unwrap(), span[1].as_f64().unwrap())).collect()
    };
    let (talk, happened) = talked(&spans(&caller), &spans(&callee), 245.4);
    let found: Vec<Turn> =
        turns(&happened).into_iter().filter(|turn| turn.latency_millis.is_some()).collect();
    let wanted = caller["turn_events"].as_array().unwrap();
    let mut both = 0;
    let (mut latencies, mut labelled) = (Vec::new(), Vec::new());
    for event in wanted {
        let (at, gap) = (event["t"].as_f64().unwrap(), event["fto_s"].as_f64().unwrap());
        labelled.push((gap * 1_000.0).round() as i32);
        let who = if event["by"] == "caller" { P } else { O };
        let same = found.iter().find(|turn| turn.who == who && (seconds(turn.began) - at).abs() < 0.05);
        match same {
            Some(turn) => {
                both += 1;
                latencies.push(turn.latency_millis.unwrap());
                assert!(
                    (latencies.last().unwrap() - labelled.last().unwrap()).abs() <= 20,
                    "{event}: {turn:?}"
                );
            }
            None => println!("not found: {event}"),
        }
    }
    for turn in &found {
        let known =
            wanted.iter().any(|event| (event["t"].as_f64().unwrap() - seconds(turn.began)).abs() < 0.05);
        if !known {
            println!("not labelled: {turn:?}");
        }
    }
    latencies.sort_unstable();
    labelled.sort_unstable();
    let (ours, theirs) = (latencies[latencies.len() / 2], labelled[labelled.len() / 2]);
    println!(
        "{both} of {} labelled turns found, {} in all; median gap {ours} ms, labelled {theirs} ms",
        wanted.len(),
        found.len()
    );
    println!("{:?}\n{:?}", talk.so_far(P), talk.so_far(O));
    assert!(both >= wanted.len() - 1, "{both} of {}", wanted.len());
    assert!(found.len() <= wanted.len() + 2, "{} turns", found.len());
    assert!((ours - theirs).abs() <= 50, "{ours} ms instead of {theirs}");
    let takeovers = wanted.iter().filter(|event| event["kind"] == "overlap_takeover").count();
    let over = found.iter().filter(|turn| turn.latency_millis < Some(0)).count();
    assert_eq!(over, takeovers);
}

fn any_changes() -> impl Strategy<Value = Vec<(bool, bool, u64, u64)>> {
    // Whose, whether it begins, how much later than the one before it is told, how far back it happened (ms).
    prop::collection::vec((any::<bool>(), any::<bool>(), 0_u64..900, 0_u64..700), 0..200)
}

fn fed(changes: &[(bool, bool, u64, u64)], mirrored: bool) -> (Talk, Vec<Happening>) {
    let mut talk = Talk::default();
    let mut happened = Vec::new();
    let mut now = 0;
    for &(prospect, begins, later, back) in changes {
        now += later;
        let at = CallTime::from_millis(u64::saturating_sub(now, back));
        let who = if prospect == mirrored { O } else { P };
        talk.hear(who, if begins { Change::Began { at } } else { Change::Paused { since: at } });
        talk.pass(CallTime::from_millis(now));
        happened.extend(std::iter::from_fn(|| talk.take()));
    }
    talk.finish(CallTime::from_millis(now));
    happened.extend(std::iter::from_fn(|| talk.take()));
    (talk, happened)
}

fn mirror(happening: Happening) -> Happening {
    let turned = |turn: Turn| Turn { who: turn.who.other(), ..turn };
    match happening {
        Happening::TurnBegan(turn) => Happening::TurnBegan(turned(turn)),
        Happening::TurnEnded(turn) => Happening::TurnEnded(turned(turn)),
        Happening::BargedIn { who, at, yielded } => Happening::BargedIn { who: who.other(), at, yielded },
        Happening::BackChannel { who, at, lasted } => Happening::BackChannel { who: who.other(), at, lasted },
        Happening::LongSilence { since, after } => {
            Happening::LongSilence { since, after: after.map(Party::other) }
        }
    }
}

proptest! {
    #[test]
    fn any_order_of_changes_gives_figures_that_can_be(changes in any_changes()) {
        let (talk, happened) = fed(&changes, false);
        for who in [P, O] {
            for shape in [talk.lately(who), talk.so_far(who)] {
                for share in [shape.talk_share, shape.speech_share, shape.overlap_share, shape.pause_share] {
                    prop_assert!((0.0..=1.0).contains(&share), "{shape:?}");
                }
                prop_assert!(shape.longest_pause <= LONG_SILENCE);
                prop_assert!(shape.pauses == 0 || shape.longest_pause >= SHORTEST_PAUSE);
            }
            prop_assert!((talk.so_far(P).talk_share + talk.so_far(O).talk_share - 1.0).abs() < 1e-5);
        }
        let mut turn: Option<Turn> = None;
        let mut last_end = CallTime::ZERO;
        for what in happened {
            match what {
                Happening::TurnBegan(began) => {
                    prop_assert!(turn.is_none(), "two at once");
                    turn = Some(began);
                }
                Happening::TurnEnded(ended) => {
                    let began = turn.take();
                    prop_assert_eq!(began.map(|turn| (turn.who, turn.began)), Some((ended.who, ended.began)));
                    prop_assert!(ended.ended >= ended.began && ended.ended >= last_end, "{:?}", ended);
                    prop_assert!(ended.paused <= ended.ended.since(ended.began));
                    last_end = ended.ended;
                }
                _ => {}
            }
        }
        prop_assert!(turn.is_none());
    }

    #[test]
    fn it_does_not_matter_which_of_the_two_is_called_the_prospect(changes in any_changes()) {
        let ((talk, happened), (mirrored, other_way)) = (fed(&changes, false), fed(&changes, true));
        prop_assert_eq!(happened, other_way.into_iter().map(mirror).collect::<Vec<_>>());
        for who in [P, O] {
            prop_assert_eq!(talk.so_far(who), mirrored.so_far(who.other()));
            prop_assert_eq!(talk.lately(who), mirrored.lately(who.other()));
            prop_assert_eq!(talk.so_far(who).interruptions_made, mirrored.so_far(who).interruptions_suffered);
        }
    }
}

#[test]
fn it_fits_beside_the_rest_of_the_ear() {
    assert!(size_of::<Talk>() <= 8 * 1_024, "{} bytes", size_of::<Talk>());
}
