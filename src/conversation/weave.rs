//! How pieces that are close in time become turns: whose words stand, and what belongs together.

use std::time::Duration;

use crate::conversation::piece::Piece;
use crate::conversation::turn::{Source, Speaker, Turn, Wording};
use crate::time::CallTime;

/// A piece, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Strand {
    pub(super) piece: Piece,
    /// The turn that it goes into.
    pub(super) number: Option<u32>,
    /// The assistant was cut off then.
    pub(super) heard_until: Option<CallTime>,
}

/// Strands that are one turn.
pub(super) struct Group {
    /// Without a number yet.
    pub(super) turn: Turn,
    /// All of them, by their places, those included whose words do not count.
    pub(super) members: Vec<usize>,
}

impl Strand {
    pub(super) fn new(piece: Piece) -> Self {
        Self { piece, number: None, heard_until: None }
    }

    /// Whether the piece is of the same speech, as its source calls it.
    pub(super) fn is_of(&self, piece: &Piece) -> bool {
        self.piece.name == piece.name && self.piece.source == piece.source && self.piece.by == piece.by
    }

    /// From when to when, as the source has it.
    pub(super) fn span(&self) -> (CallTime, CallTime) {
        (self.piece.from, self.piece.until)
    }

    /// Where it stands among the others, whenever it came.
    pub(super) fn order(&self) -> (CallTime, CallTime, &str, Source, Speaker, &str) {
        let Piece { from, until, words, source, by, name, .. } = &self.piece;
        (*from, *until, words, *source, *by, name)
    }

    /// When the last of it was heard.
    fn until(&self) -> CallTime {
        self.heard_until.unwrap_or(self.piece.until).clamp(self.piece.from, self.piece.until)
    }

    /// What of it was heard: as many of its words as its time allows.
    fn words(&self) -> &str {
        let words = self.piece.words.as_str();
        let (heard, all) = (self.until().since(self.piece.from), self.piece.until.since(self.piece.from));
        if heard >= all {
            return words;
        }
        let letters = words.chars().count() as u128;
        let share =
            usize::try_from(letters * heard.as_micros() / all.as_micros().max(1)).unwrap_or(usize::MAX);
        let (mut end, mut passed) = (0, 0);
        for word in words.split_inclusive(' ') {
            let length = word.chars().count();
            // A word of which less than half was said was not said.
            if passed + length.div_ceil(2) > share {
                break;
            }
            passed += length;
            end += word.len();
        }
        words[..end].trim_end()
    }
}

/// The turns that these strands of one speaker are. They stand in the order of time.
pub(super) fn group(strands: &[&Strand], prefer: &[Source], cuts: &[CallTime]) -> Vec<Group> {
    let heard: Vec<usize> = (0..strands.len()).filter(|place| !strands[*place].words().is_empty()).collect();
    let rank = |place: &usize| {
        let Piece { wording, source, .. } = &strands[*place].piece;
        let preferred = prefer.iter().position(|one| one == source).unwrap_or(prefer.len());
        (*wording == Wording::Partial, preferred, strands[*place].order())
    };
    let mut by_rank = heard.clone();
    by_rank.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let mut ranks = vec![usize::MAX; strands.len()];
    for (rank, place) in by_rank.iter().enumerate() {
        ranks[*place] = rank;
    }
    let mut standing: Vec<usize> = Vec::new();
    let mut filled: Vec<usize> = Vec::new();
    for place in by_rank {
        if is_told_already(strands, place, &standing) {
            filled.push(place);
        } else {
            standing.push(place);
        }
    }
    standing.sort_unstable();
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for place in standing {
        match runs.last_mut() {
            Some(run) if goes_on(strands, run, place, cuts) => run.push(place),
            Some(_) | None => runs.push(vec![place]),
        }
    }
    let turns = runs.iter().map(|run| turn(strands, run, &ranks)).collect::<Vec<_>>();
    // What another told better goes where most of it was told, so that the turn keeps its number.
    let mut members = runs;
    for place in filled {
        let (from, until) = (strands[place].piece.from, strands[place].until());
        let overlap = |turn: &Turn| {
            let apart = turn.from.since(until) + from.since(turn.until);
            (turn.until.min(until).since(turn.from.max(from)), std::cmp::Reverse(apart))
        };
        let best = (0..turns.len()).max_by_key(|run| (overlap(&turns[*run]), std::cmp::Reverse(*run)));
        if let Some(best) = best {
            members[best].push(place);
        }
    }
    turns.into_iter().zip(members).map(|(turn, members)| Group { turn, members }).collect()
}

/// Whether this speech is told already by strands that stand: most of its time by others', or itself in other words.
fn is_told_already(strands: &[&Strand], place: usize, standing: &[usize]) -> bool {
    let own = strands[place];
    let (from, until) = (own.piece.from, own.until().max(own.piece.from + SHORTEST));
    let mut spans: Vec<(CallTime, CallTime)> = Vec::new();
    for better in standing.iter().map(|better| strands[*better]) {
        let same_source = better.piece.source == own.piece.source;
        let corrected = own.piece.wording == Wording::Partial && better.piece.wording == Wording::Final;
        if same_source && !corrected && better.piece.words != own.piece.words {
            continue;
        }
        // One source has one clock: only what others say may be off by its error.
        let error = if same_source { Duration::ZERO } else { CLOCKS_DIFFER };
        let begins = earlier(better.piece.from, error).max(from);
        let ends = (better.until().max(better.piece.from + SHORTEST) + error).min(until);
        if begins < ends {
            spans.push((begins, ends));
        }
    }
    spans.sort_unstable();
    let (mut told, mut reached) = (Duration::ZERO, from);
    for (begins, ends) in spans {
        told += ends.since(begins.max(reached));
        reached = reached.max(ends);
    }
    told * 2 >= until.since(from)
}

/// Whether this strand goes on with the turn that the run is.
fn goes_on(strands: &[&Strand], run: &[usize], place: usize, cuts: &[CallTime]) -> bool {
    let next = strands[place];
    let speaks_in_turns = |strand: &Strand| matches!(strand.piece.source, Source::Assistant | Source::Script);
    let (Some(first), Some(until)) =
        (run.first().map(|first| strands[*first]), run.iter().map(|one| strands[*one].until()).max())
    else {
        return false;
    };
    let cut_between = next.piece.by == Speaker::Assistant
        && cuts.iter().any(|cut| first.piece.from < *cut && *cut <= next.piece.from);
    let letters: usize = run.iter().map(|one| strands[*one].piece.words.len()).sum();
    !cut_between
        && !speaks_in_turns(next)
        && !run.iter().any(|one| speaks_in_turns(strands[*one]))
        && next.piece.from <= until + PAUSE
        && next.until().since(first.piece.from) <= LONGEST_TURN
        && letters + next.piece.words.len() <= LONGEST_TURN_LETTERS
}

fn turn(strands: &[&Strand], run: &[usize], ranks: &[usize]) -> Turn {
    let pieces = || run.iter().map(|place| strands[*place]);
    let words: Vec<&str> = pieces().map(Strand::words).collect();
    let partial = pieces().any(|strand| strand.piece.wording == Wording::Partial);
    let best = run.iter().min_by_key(|place| ranks[**place]);
    let (mut sure, mut of) = (0_u64, 0_u64);
    for strand in pieces() {
        let weight = strand.piece.words.len() as u64;
        if let Some(confidence) = strand.piece.confidence {
            sure += u64::from(confidence) * weight;
            of += weight;
        }
    }
    Turn {
        number: 0,
        by: pieces().next().map_or(Speaker::Prospect, |strand| strand.piece.by),
        from: pieces().map(|strand| strand.piece.from).min().unwrap_or_default(),
        until: pieces().map(Strand::until).max().unwrap_or_default(),
        words: words.join(" "),
        confidence: (of > 0).then(|| u8::try_from(sure / of.max(1)).unwrap_or(100)),
        wording: if partial { Wording::Partial } else { Wording::Final },
        source: best.map_or(Source::Script, |best| strands[*best].piece.source),
    }
}

fn earlier(at: CallTime, by: Duration) -> CallTime {
    CallTime::ZERO + at.since_start().saturating_sub(by)
}

/// A pause that is no end of a turn: as long as the ear waits before a turn may be over.
const PAUSE: Duration = Duration::from_millis(700);

/// By how much the times of two sources differ for the same speech.
const CLOCKS_DIFFER: Duration = Duration::from_millis(300);

/// A word without a length takes as long as the shortest has.
const SHORTEST: Duration = Duration::from_millis(100);

/// Who talks longer has said more than one thing.
const LONGEST_TURN: Duration = Duration::from_secs(60);

/// A minute of fast talk is 1,200 letters.
const LONGEST_TURN_LETTERS: usize = 2_000;
