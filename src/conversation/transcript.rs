//! Pieces from whichever sources there are, put together into turns.
//!
//! Sources disagree, are late, overtake each other, say things twice, and correct themselves. What a turn says depends on the
//! pieces alone and not on the order in which they came; only the numbers of turns tell of that. Of what several sources heard
//! of the same speech the best one's words stand: words that stand before words that may change, then by the configured order.
//! The others fill its gaps.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conversation::piece::Piece;
use crate::conversation::turn::{Source, Speaker, Turn, Wording};
use crate::conversation::weave::{Strand, group};
use crate::time::CallTime;

/// What was said in a call, turn by turn.
#[derive(Clone, Debug)]
pub struct Transcript {
    prefer: Vec<Source>,
    /// By their beginnings.
    strands: Vec<Strand>,
    /// Every turn as it was told last.
    told: BTreeMap<u32, Turn>,
    numbers: u32,
    /// When the assistant was cut off.
    cuts: Vec<CallTime>,
    /// Before this all is forgotten but the turns themselves.
    horizon: CallTime,
    ignored: Ignored,
}

/// How many pieces said nothing, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Nothing in them, or nothing that can be read.
    pub empty: u64,
    /// Names or words longer than anybody's; of words, the rest was left out.
    pub too_long: u64,
    /// Words that may change, of speech whose words stand already or that is long past.
    pub late: u64,
    /// More at the same time than anybody says.
    pub too_many: u64,
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new(&PREFERRED)
    }
}

impl Transcript {
    /// Nothing was said yet; where sources disagree, the earlier in this order is believed.
    pub fn new(prefer: &[Source]) -> Self {
        Self {
            prefer: prefer.to_vec(),
            strands: Vec::new(),
            told: BTreeMap::new(),
            numbers: 0,
            cuts: Vec::new(),
            horizon: CallTime::ZERO,
            ignored: Ignored::default(),
        }
    }

    /// This turn was put together before the process was killed: its number is taken, and its words stand.
    pub fn known(&mut self, turn: &Turn) {
        self.numbers = self.numbers.max(turn.number);
        if turn.wording == Wording::Final {
            self.horizon = self.horizon.max(turn.until);
        }
        self.told.insert(turn.number, turn.clone());
    }

    /// The house voice says this from then on: nobody has to hear it to know it, and no cut of the assistant is meant for it.
    pub fn house_says(&mut self, from: CallTime, until: CallTime, words: &str) -> Turn {
        self.numbers = self.numbers.saturating_add(1);
        let turn = Turn {
            number: self.numbers,
            by: Speaker::Assistant,
            from,
            until,
            words: words.to_owned(),
            confidence: None,
            wording: Wording::Final,
            source: Source::Assistant,
        };
        self.told.insert(turn.number, turn.clone());
        turn
    }

    /// A source heard this: the turns that are new or have changed by it. One of them may have lost all its words, to another
    /// turn or because they were never said; it then tells nothing any more.
    pub fn put(&mut self, piece: Piece) -> Vec<Turn> {
        let by = piece.by;
        let known = self.strands.iter().position(|strand| strand.is_of(&piece));
        let before = known.map(|place| self.strands[place].span());
        let Some(piece) = self.cleaned(piece, known) else { return Vec::new() };
        let span = (piece.from, piece.until);
        let mut strand = match known {
            Some(place) => self.strands.remove(place),
            None => Strand::new(piece.clone()),
        };
        let vanished = piece.words.is_empty();
        strand.piece = piece;
        if strand.heard_until.is_none() {
            strand.heard_until = self.cut_within(by, span);
        }
        let mut lost = Vec::new();
        if vanished {
            lost.extend(strand.number);
        } else {
            let place = self.strands.partition_point(|other| other.order() < strand.order());
            self.strands.insert(place, strand);
        }
        let mut changed = self.weave(by, span, lost);
        if let Some(before) = before.filter(|before| *before != span) {
            changed.extend(self.weave(by, before, Vec::new()));
        }
        self.forget();
        changed
    }

    /// What the assistant had yet to say at this moment was never heard: the turns that have changed by it.
    pub fn cut(&mut self, at: CallTime) -> Vec<Turn> {
        if self.cuts.len() == CUTS {
            self.cuts.remove(0);
        }
        let place = self.cuts.partition_point(|cut| *cut < at);
        self.cuts.insert(place, at);
        let mut spans = Vec::new();
        for strand in self.strands.iter_mut().filter(|strand| strand.piece.by == Speaker::Assistant) {
            if strand.piece.until > at && strand.heard_until.is_none_or(|until| until > at) {
                spans.push(strand.span());
                strand.heard_until = Some(at);
            }
        }
        spans.into_iter().flat_map(|span| self.weave(Speaker::Assistant, span, Vec::new())).collect()
    }

    /// Every turn that says something, by its number.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.told.values().filter(|turn| !turn.words.is_empty())
    }

    /// How many pieces said nothing.
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// The piece as it can be used; `known` is where an earlier one of its name stands. Without words it takes that one back.
    fn cleaned(&mut self, mut piece: Piece, known: Option<usize>) -> Option<Piece> {
        if piece.name.len() > LONGEST_NAME {
            self.ignored.too_long += 1;
            return None;
        }
        piece.until = piece.until.max(piece.from).min(piece.from + LONGEST_PIECE);
        piece.confidence = piece.confidence.map(|confidence| confidence.min(100));
        let (words, cut_short) = plain(&piece.words);
        piece.words = words;
        self.ignored.too_long += u64::from(cut_short);
        let known = known.map(|place| &self.strands[place].piece);
        let late = piece.wording == Wording::Partial
            && known.is_some_and(|known| known.wording == Wording::Final || known.until > piece.until);
        if late || piece.until < self.horizon {
            self.ignored.late += 1;
            return None;
        }
        let takes_back = piece.wording == Wording::Final && known.is_some();
        if piece.words.is_empty() && !takes_back {
            self.ignored.empty += 1;
            return None;
        }
        if known.is_none() && self.crowd(&piece) >= CROWD {
            self.ignored.too_many += 1;
            return None;
        }
        Some(piece)
    }

    /// How many pieces are told of about the same time.
    fn crowd(&self, piece: &Piece) -> usize {
        let from = self.strands.partition_point(|strand| strand.piece.from + AT_THE_SAME_TIME < piece.from);
        let same = |strand: &&Strand| strand.piece.from <= piece.from + AT_THE_SAME_TIME;
        self.strands[from..].iter().take_while(same).count()
    }

    fn cut_within(&self, by: Speaker, (from, until): (CallTime, CallTime)) -> Option<CallTime> {
        let cuts = self.cuts.iter().filter(|_| by == Speaker::Assistant);
        cuts.copied().find(|cut| (from..until).contains(cut) && *cut > from)
    }

    /// Puts together anew what this speaker said around that time. These numbers have lost what they stood for.
    fn weave(&mut self, by: Speaker, around: (CallTime, CallTime), lost: Vec<u32>) -> Vec<Turn> {
        let places = self.together(by, around);
        let strands: Vec<&Strand> = places.iter().map(|place| &self.strands[*place]).collect();
        let groups = group(&strands, &self.prefer, &self.cuts);
        let mut unclaimed: Vec<u32> = strands.iter().filter_map(|strand| strand.number).chain(lost).collect();
        unclaimed.sort_unstable();
        unclaimed.dedup();
        // A number that a strand elsewhere goes by as well is not this place's to take back.
        let elsewhere = |number: &u32| {
            let mut others = self.strands.iter().enumerate().filter(|(place, _)| !places.contains(place));
            others.any(|(_, strand)| strand.number == Some(*number))
        };
        let shared: Vec<u32> = unclaimed.iter().copied().filter(elsewhere).collect();
        unclaimed.retain(|number| !shared.contains(number));
        let mut changed = Vec::new();
        for group in groups {
            let own = group.members.iter().filter_map(|member| strands[*member].number);
            let number = own.filter(|number| unclaimed.contains(number)).min().unwrap_or_else(|| {
                self.numbers = self.numbers.saturating_add(1);
                self.numbers
            });
            unclaimed.retain(|claimed| *claimed != number);
            changed.push((Turn { number, ..group.turn }, group.members));
        }
        for (turn, members) in &changed {
            for member in members {
                self.strands[places[*member]].number = Some(turn.number);
            }
        }
        let mut turns: Vec<Turn> = changed.into_iter().map(|(turn, _)| turn).collect();
        let emptied = unclaimed.iter().filter_map(|number| self.told.get(number)).map(emptied);
        turns.extend(emptied.collect::<Vec<_>>());
        turns.retain(|turn| self.told.get(&turn.number) != Some(turn));
        for turn in &turns {
            self.told.insert(turn.number, turn.clone());
        }
        turns
    }

    /// The places of all that this speaker said in one go with what they said then: nothing further away can matter to it.
    fn together(&self, by: Speaker, (from, until): (CallTime, CallTime)) -> Vec<usize> {
        let mut run: Vec<usize> = Vec::new();
        let mut end = CallTime::ZERO;
        for (place, strand) in self.strands.iter().enumerate().filter(|(_, strand)| strand.piece.by == by) {
            let (begins, ends) = strand.span();
            if !run.is_empty() && begins > end + APART {
                if end + APART >= from {
                    break;
                }
                run.clear();
            }
            if run.is_empty() && begins > until + APART {
                break;
            }
            end = if run.is_empty() { ends } else { end.max(ends) };
            run.push(place);
        }
        if end + APART < from { Vec::new() } else { run }
    }

    /// Lets the oldest go where there are more than a call has.
    fn forget(&mut self) {
        let more = self.strands.len().saturating_sub(MOST_PIECES);
        for strand in self.strands.drain(..more) {
            self.horizon = self.horizon.max(strand.piece.until);
        }
        while self.told.len() > MOST_PIECES {
            self.told.pop_first();
        }
    }
}

/// The words without what is no word, at most so many; whether some were left out.
fn plain(words: &str) -> (String, bool) {
    let mut plain = String::with_capacity(words.len().min(LONGEST_WORDS));
    for word in words.split(|letter: char| letter.is_whitespace() || is_no_letter(letter)) {
        if word.is_empty() {
            continue;
        }
        if plain.len() + 1 + word.len() > LONGEST_WORDS {
            return (plain, true);
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    (plain, false)
}

/// Control characters, and those that turn the direction of writing around or cannot be seen.
fn is_no_letter(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

/// The turn without its words: it tells nothing any more.
fn emptied(turn: &Turn) -> Turn {
    Turn { words: String::new(), confidence: None, wording: Wording::Final, ..turn.clone() }
}

/// The assistant knows best what was said to it and by it; one that listens along is there for nothing else; the carrier's
/// transcription has no times of its own; a turn by itself has no context.
pub const PREFERRED: [Source; 4] = [Source::Assistant, Source::Recogniser, Source::Carrier, Source::Clips];

/// Nobody says more without a breath; what a model makes of noise can be endless.
pub const LONGEST_WORDS: usize = 4_000;

/// Names are sequence numbers and identities.
const LONGEST_NAME: usize = 200;

/// Two minutes: a recogniser that says more in one piece has lost its clock.
const LONGEST_PIECE: Duration = Duration::from_secs(120);

/// An hour of talk in turns of four seconds, heard by two sources.
const MOST_PIECES: usize = 2_000;

/// Three sources, both speakers, each in pieces of half a second, and that four times over.
const CROWD: usize = 96;

/// Around the beginning of a piece.
const AT_THE_SAME_TIME: Duration = Duration::from_secs(2);

/// As many barge-ins as a long call has.
const CUTS: usize = 128;

/// What is further apart is never one turn, and never the same speech: the pause within a turn, and the error of both clocks.
pub(super) const APART: Duration = Duration::from_millis(1_300);

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
