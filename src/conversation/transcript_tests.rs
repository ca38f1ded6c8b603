//! Pieces as sources tell them, and the turns that come of them.

use proptest::prelude::*;

use super::*;

fn ms(millis: u64) -> CallTime {
    CallTime::from_millis(millis)
}

fn piece(source: Source, by: Speaker, name: &str, from: u64, until: u64, words: &str) -> Piece {
    Piece {
        source,
        name: name.to_owned(),
        by,
        from: ms(from),
        until: ms(until),
        words: words.to_owned(),
        confidence: None,
        wording: Wording::Final,
    }
}

fn theirs(source: Source, name: &str, from: u64, until: u64, words: &str) -> Piece {
    piece(source, Speaker::Prospect, name, from, until, words)
}

fn partial(piece: Piece) -> Piece {
    Piece { wording: Wording::Partial, ..piece }
}

/// Number and words of each.
fn told(turns: &[Turn]) -> Vec<(u32, &str)> {
    turns.iter().map(|turn| (turn.number, turn.words.as_str())).collect()
}

fn all(transcript: &Transcript) -> Vec<(u32, &str)> {
    transcript.turns().map(|turn| (turn.number, turn.words.as_str())).collect()
}

#[test]
fn words_that_may_change_are_told_early_and_corrected_under_the_same_number() {
    let mut transcript = Transcript::default();
    let first = partial(theirs(Source::Carrier, "u1", 1_000, 1_600, "can I just"));
    assert_eq!(told(&transcript.put(first.clone())), [(1, "can I just")]);
    assert_eq!(transcript.put(first), [], "nothing new");
    let more = partial(theirs(Source::Carrier, "u1", 1_000, 2_600, "can I just talk to some"));
    assert_eq!(told(&transcript.put(more)), [(1, "can I just talk to some")]);
    let late = partial(theirs(Source::Carrier, "u1", 1_000, 2_000, "can I just talk"));
    assert_eq!(transcript.put(late), []);
    let words = theirs(Source::Carrier, "u1", 1_000, 3_000, "can I just talk to somebody");
    let turns = transcript.put(words);
    assert_eq!((told(&turns), turns[0].wording), (vec![(1, "can I just talk to somebody")], Wording::Final));
    let later = partial(theirs(Source::Carrier, "u1", 1_000, 3_500, "cannot undo it"));
    assert_eq!(transcript.put(later), []);
    assert_eq!(transcript.ignored().late, 2);
}

#[test]
fn one_source_says_it_better_and_the_other_fills_its_gaps() {
    let mut transcript = Transcript::default();
    let carrier = |name, from, until, words| theirs(Source::Carrier, name, from, until, words);
    let recogniser = |name, from, until, words| theirs(Source::Recogniser, name, from, until, words);
    assert_eq!(told(&transcript.put(carrier("c1", 1_200, 3_100, "who what does it cost"))).len(), 1);
    let better = transcript.put(recogniser("r1", 1_000, 2_900, "so what does it cost"));
    assert_eq!(told(&better), [(1, "so what does it cost")], "the number stays");
    assert_eq!(better[0].source, Source::Recogniser);
    // What only the carrier heard is a turn of its own.
    let only = transcript.put(carrier("c2", 9_000, 9_600, "hello"));
    assert_eq!(told(&only), [(2, "hello")]);
    // The other way round: what is told already is no news.
    transcript.put(recogniser("r2", 20_000, 22_000, "we are forty people"));
    assert_eq!(transcript.put(carrier("c3", 20_300, 22_400, "we are fourteen people")), []);
    let words = ["so what does it cost", "hello", "we are forty people"];
    assert_eq!(all(&transcript).iter().map(|(_, words)| *words).collect::<Vec<_>>(), words);
}

#[test]
fn words_that_stand_win_over_better_ones_that_never_came_to_stand() {
    let mut transcript = Transcript::default();
    transcript.put(partial(theirs(Source::Recogniser, "r1", 1_000, 1_500, "I wan")));
    let carrier = theirs(Source::Carrier, "c1", 1_000, 3_000, "I want to talk to a person");
    assert_eq!(told(&transcript.put(carrier)), [(1, "I want to talk to a person")]);
    let whole = theirs(Source::Recogniser, "r1", 1_000, 3_000, "I want to talk to a person please");
    assert_eq!(told(&transcript.put(whole)), [(1, "I want to talk to a person please")]);
}

#[test]
fn the_order_of_sources_is_the_operators() {
    let mut transcript = Transcript::new(&[Source::Carrier, Source::Recogniser]);
    transcript.put(theirs(Source::Recogniser, "r1", 1_000, 2_000, "mail me"));
    assert_eq!(
        told(&transcript.put(theirs(Source::Carrier, "c1", 1_000, 2_000, "tell me"))),
        [(1, "tell me")]
    );
}

#[test]
fn what_is_said_with_short_pauses_is_one_turn_and_grows() {
    let mut transcript = Transcript::default();
    let heard = |name: &str, from, until, words: &str| theirs(Source::Recogniser, name, from, until, words);
    assert_eq!(told(&transcript.put(heard("0", 1_000, 2_000, "I would like"))), [(1, "I would like")]);
    assert_eq!(told(&transcript.put(heard("1", 2_500, 3_500, "to talk"))), [(1, "I would like to talk")]);
    assert_eq!(told(&transcript.put(heard("2", 5_000, 6_000, "to a person"))), [(2, "to a person")]);
    // The piece between them comes last: now it is one turn, and the second number stands for nothing.
    let turns = transcript.put(heard("3", 3_700, 4_800, "you know"));
    assert_eq!(told(&turns), [(1, "I would like to talk you know to a person"), (2, "")]);
}

#[test]
fn an_assistants_turns_are_what_it_says_they_are() {
    let mut transcript = Transcript::default();
    let said = |name: &str, from, until, words: &str| {
        piece(Source::Assistant, Speaker::Assistant, name, from, until, words)
    };
    assert_eq!(told(&transcript.put(said("a", 0, 1_000, "Hello."))), [(1, "Hello.")]);
    assert_eq!(told(&transcript.put(said("b", 1_100, 2_000, "How can I help?"))), [(2, "How can I help?")]);
}

#[test]
fn what_an_assistant_had_yet_to_say_when_it_was_cut_off_was_not_heard() {
    let mut transcript = Transcript::default();
    let said = |name: &str, from, until, words: &str| {
        piece(Source::Assistant, Speaker::Assistant, name, from, until, words)
    };
    let words = "our plans begin at ten and go up to a hundred for each seat and month";
    transcript.put(said("a", 10_000, 14_000, words));
    transcript.put(said("b", 14_000, 16_000, "shall I send you the list"));
    let cut = transcript.cut(ms(12_000));
    assert_eq!(told(&cut), [(1, "our plans begin at ten and go up"), (2, "")]);
    assert_eq!(cut[0].until, ms(12_000));
    assert_eq!(transcript.cut(ms(13_000)), [], "all that is cut off already");
    // What comes late of it, or is corrected, is cut off as well; what is said later is not.
    assert_eq!(transcript.put(said("b", 14_000, 16_000, "shall I send you the price list")), []);
    assert_eq!(told(&transcript.put(said("c", 11_800, 12_800, "well well now then"))), [(3, "well")]);
    assert_eq!(told(&transcript.put(said("d", 13_100, 13_900, "go on please"))), [(4, "go on please")]);
}

#[test]
fn a_prospect_is_not_cut_off_with_the_assistant() {
    let mut transcript = Transcript::default();
    transcript.put(theirs(Source::Recogniser, "p", 1_000, 3_000, "wait wait wait"));
    assert_eq!(transcript.cut(ms(2_000)), []);
    assert_eq!(all(&transcript), [(1, "wait wait wait")]);
}

#[test]
fn two_speakers_at_once_are_two_turns() {
    let mut transcript = Transcript::default();
    transcript.put(theirs(Source::Recogniser, "1", 1_000, 3_000, "yes but"));
    let other = piece(Source::Recogniser, Speaker::Assistant, "1", 1_500, 3_500, "as I said");
    assert_eq!(told(&transcript.put(other)), [(2, "as I said")]);
}

#[test]
fn rubbish_is_left_out_and_counted() {
    let mut transcript = Transcript::default();
    let heard = |name: &str, words: &str| theirs(Source::Carrier, name, 1_000, 2_000, words);
    assert_eq!(transcript.put(heard("1", "")), []);
    assert_eq!(transcript.put(heard("2", " \u{0}\u{7}\u{202e}\n")), []);
    assert_eq!(transcript.put(heard(&"n".repeat(500), "hello")), []);
    assert_eq!(told(&transcript.put(heard("3", "a\u{0}b\tc\u{202e}d"))), [(1, "a b c d")]);
    let turns = transcript.put(theirs(Source::Carrier, "4", 9_000, 10_000, &"word ".repeat(100_000)));
    assert!(turns[0].words.len() <= LONGEST_WORDS);
    assert_eq!(transcript.ignored(), Ignored { empty: 2, too_long: 2, late: 0, too_many: 0 });
    // A recogniser that takes a word back says so with an empty one that stands.
    transcript.put(partial(theirs(Source::Carrier, "5", 20_000, 20_300, "uh")));
    let back = transcript.put(theirs(Source::Carrier, "5", 20_000, 20_300, ""));
    assert_eq!(told(&back), [(3, "")]);
    assert_eq!(all(&transcript).len(), 2);
}

#[test]
fn a_flood_of_pieces_is_bounded() {
    let mut transcript = Transcript::default();
    for n in 0..20_000_u64 {
        let at = 3 * n * 1_000;
        transcript.put(theirs(Source::Recogniser, &n.to_string(), at, at + 500, "again"));
        transcript.put(theirs(Source::Carrier, &n.to_string(), 0, 1, "at the same time"));
    }
    assert!(transcript.strands.len() <= MOST_PIECES && transcript.told.len() <= MOST_PIECES);
    let ignored = transcript.ignored();
    assert!(ignored.too_many + ignored.late > 19_000, "{ignored:?}");
    assert_eq!(all(&transcript).last(), Some(&(transcript.numbers, "again")));
}

/// A talk as sources hear it: each source every utterance, a little beside the others.
fn talk() -> impl Strategy<Value = Vec<Piece>> {
    let utterance = (0..4_u64, 1..9_u64, 0..3_usize, 0..4_u64, any::<bool>());
    prop::collection::vec(utterance, 1..14).prop_map(|utterances| {
        let sources = [Source::Recogniser, Source::Carrier, Source::Assistant];
        let mut pieces = Vec::new();
        let mut at = 1_000;
        for (number, (gap, length, source, shift, prospect)) in utterances.into_iter().enumerate() {
            let from = at + gap * 450;
            let until = from + length * 350;
            let by = if prospect { Speaker::Prospect } else { Speaker::Assistant };
            let words = "one two three four five six seven eight nine";
            let words: Vec<&str> = words.split(' ').take(length as usize).collect();
            let name = number.to_string();
            pieces.push(piece(sources[source], by, &name, from, until, &words.join(" ")));
            let other = sources[(source + 1) % 3];
            let later = from + shift * 80;
            pieces.push(piece(other, by, &name, later, until + shift * 80, &words.join(" ").to_uppercase()));
            at = until;
        }
        pieces
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Piece>, Vec<Piece>)> {
    talk().prop_flat_map(|pieces| {
        let doubled: Vec<Piece> = pieces.iter().chain(pieces.iter().step_by(3)).cloned().collect();
        (Just(pieces), Just(doubled).prop_shuffle())
    })
}

/// Everything but the numbers, in the order of time.
fn said(transcript: &Transcript) -> Vec<(Speaker, CallTime, CallTime, String, Source)> {
    let mut said: Vec<_> = transcript
        .turns()
        .map(|turn| (turn.by, turn.from, turn.until, turn.words.clone(), turn.source))
        .collect();
    said.sort();
    said
}

fn anything() -> impl Strategy<Value = Piece> {
    let sources = prop::sample::select(vec![
        Source::Assistant,
        Source::Carrier,
        Source::Recogniser,
        Source::Clips,
        Source::Script,
    ]);
    let who = prop::sample::select(Speaker::ALL.to_vec());
    let time = prop_oneof![0..8_000_u64, Just(u64::MAX / 1_000)];
    let rest = (time.clone(), time, "\\PC{0,12}|[a-c ]{0,9}", any::<Option<u8>>(), any::<bool>());
    (sources, who, 0..6_u8, rest).prop_map(|(source, by, name, (from, until, words, confidence, stands))| {
        let wording = if stands { Wording::Final } else { Wording::Partial };
        Piece { confidence, wording, ..piece(source, by, &name.to_string(), from, until, &words) }
    })
}

proptest! {
    #[test]
    fn the_order_in_which_words_come_changes_no_word((straight, shuffled) in shuffled()) {
        let mut one = Transcript::default();
        let mut other = Transcript::default();
        for piece in straight {
            one.put(piece);
        }
        for piece in shuffled {
            other.put(piece);
        }
        prop_assert_eq!(said(&one), said(&other));
        prop_assert_eq!(one.ignored(), other.ignored());
    }

    #[test]
    fn whatever_comes_nothing_breaks_and_what_was_told_is_what_is_known(
        pieces in prop::collection::vec((anything(), 0..40_u64), 0..40),
    ) {
        let mut transcript = Transcript::default();
        let mut heard: BTreeMap<u32, Turn> = BTreeMap::new();
        for (piece, cut) in pieces {
            let mut changed = transcript.put(piece);
            if cut < 8 {
                changed.extend(transcript.cut(ms(cut * 1_000)));
            }
            for turn in changed {
                prop_assert!(turn.until >= turn.from && turn.words.len() <= 2 * LONGEST_WORDS);
                heard.insert(turn.number, turn);
            }
        }
        heard.retain(|_, turn| !turn.words.is_empty());
        let known: Vec<Turn> = transcript.turns().cloned().collect();
        prop_assert_eq!(heard.into_values().collect::<Vec<_>>(), known.clone());
        // Each strand's words stand in one turn at most.
        let mut numbers: Vec<u32> = known.iter().map(|turn| turn.number).collect();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), known.len());
    }
}
