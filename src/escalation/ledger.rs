//! The signals that may still count, each once: bounded, in the order of what was said, and corrected when a turn is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::conversation::{Signal, SignalKind};

/// The signals that may still count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// By turn, and within one in the order of the words.
    kept: Vec<Kept>,
    /// The latest of each kind that the voice showed.
    voice: BTreeMap<SignalKind, Kept>,
    /// Turns up to this one have been dropped for space.
    dropped_until: u32,
    /// The latest turn that was told.
    latest: u32,
    /// Counts what was told …
    telling: u32,
    /// … and up to which telling it has been weighed with nothing holding all of it back: what came since is new.
    weighed: u32,
}

/// A signal that may still count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) signal: Signal,
    /// In which turn, or after which one it was noticed.
    pub(crate) turn: u32,
    /// What a word counts at this place of the talk, in percent.
    pub(crate) place: u8,
    /// It was noted beside the words.
    noted: bool,
    /// A decision was made on it, or after it was known.
    pub(crate) spent: bool,
    telling: u32,
}

impl Ledger {
    /// A turn says this; whatever it said before no longer counts. A signal that was decided on stays decided on.
    pub(crate) fn turn_said(&mut self, turn: u32, place: u8, signals: &[Signal]) {
        self.telling = self.telling.saturating_add(1);
        if turn <= self.dropped_until {
            return;
        }
        self.latest = self.latest.max(turn);
        let mut before: Vec<Kept> =
            self.kept.extract_if(.., |kept| kept.turn == turn && !kept.noted).collect();
        let place = before.first().map_or(place, |first| first.place);
        let from = self.kept.partition_point(|kept| kept.turn < turn);
        for (n, signal) in signals.iter().take(MOST_IN_A_TURN).enumerate() {
            let known = before.iter().position(|old| old.signal.kind == signal.kind);
            let spent = known.is_some_and(|known| before.swap_remove(known).spent);
            self.kept.insert(from + n, self.entry(signal, turn, place, Noted::No, spent));
        }
        self.make_room();
    }

    /// Something other than words says this: of the voice the latest of a kind counts, of the assistant's notes one of a kind
    /// with each turn.
    pub(crate) fn noticed(&mut self, place: u8, signals: &[Signal]) {
        self.telling = self.telling.saturating_add(1);
        for signal in signals.iter().take(MOST_IN_A_TURN) {
            let turn = self.latest;
            if is_of_the_voice(signal.kind) {
                let entry = self.entry(signal, turn, FULL, Noted::Yes, false);
                self.voice.insert(signal.kind, entry);
                continue;
            }
            self.kept.retain(|kept| !(kept.noted && kept.turn == turn && kept.signal.kind == signal.kind));
            let behind = self.kept.partition_point(|kept| kept.turn <= turn);
            self.kept.insert(behind, self.entry(signal, turn, place, Noted::Yes, false));
        }
        self.make_room();
    }

    /// Everything known by now has been decided on.
    pub(crate) fn spend_all(&mut self) {
        self.kept.iter_mut().chain(self.voice.values_mut()).for_each(|kept| kept.spent = true);
    }

    /// What speaks for this has been decided on.
    pub(crate) fn spend(&mut self, speaks_for: impl Fn(SignalKind) -> bool) {
        let all = self.kept.iter_mut().chain(self.voice.values_mut());
        all.filter(|kept| speaks_for(kept.signal.kind)).for_each(|kept| kept.spent = true);
    }

    /// Everything that counts, each observation once.
    pub(crate) fn counting(&self) -> impl Iterator<Item = &Kept> {
        let taken_back = self.kept.iter().rposition(|kept| kept.signal.kind == SignalKind::NeverMind);
        let counts = move |(n, kept): &(usize, &Kept)| {
            !(taken_back.is_some_and(|taken| *n < taken) && is_a_wish(kept.signal.kind))
                && self.is_counted_once(*n)
        };
        self.kept.iter().enumerate().filter(counts).map(|(_, kept)| kept).chain(self.voice.values())
    }

    /// Whether it has not been weighed yet.
    pub(crate) fn is_new(&self, kept: &Kept) -> bool {
        kept.telling > self.weighed
    }

    /// What was told by now has been weighed.
    pub(crate) fn weighed(&mut self) {
        self.weighed = self.telling;
    }

    /// Whether this turn says that, as it is known by now.
    pub(crate) fn says(&self, turn: u32, kind: SignalKind) -> bool {
        let from = self.kept.partition_point(|kept| kept.turn < turn);
        self.kept[from..].iter().take_while(|kept| kept.turn == turn).any(|kept| kept.signal.kind == kind)
    }

    /// One of a kind in a turn, the strongest; and what was noted counts only where the words beside it do not say the same.
    fn is_counted_once(&self, n: usize) -> bool {
        let this = &self.kept[n];
        let near = |other: &&Kept| other.turn.abs_diff(this.turn) <= 1;
        let before = self.kept[..n].iter().rev().take_while(near);
        let behind = self.kept[n + 1..].iter().take_while(near);
        let same = |other: &Kept| other.signal.kind == this.signal.kind;
        let weightier = |other: &Kept, earlier: bool| {
            same(other)
                && if this.noted && !other.noted {
                    true
                } else {
                    other.noted == this.noted
                        && other.turn == this.turn
                        && (other.signal.strength, earlier) > (this.signal.strength, !earlier)
                }
        };
        !before.into_iter().any(|other| weightier(other, true))
            && !behind.into_iter().any(|other| weightier(other, false))
    }

    fn entry(&self, signal: &Signal, turn: u32, place: u8, noted: Noted, spent: bool) -> Kept {
        let mut signal = Signal { strength: signal.strength.min(100), ..signal.clone() };
        // A size that nobody has said is known of the account.
        if signal.kind == SignalKind::LargeSize && signal.words.is_empty() {
            signal.kind = SignalKind::KnownAccount;
        }
        shorten(&mut signal.words);
        shorten(&mut signal.about);
        Kept { signal, turn, place, noted: noted == Noted::Yes, spent, telling: self.telling }
    }

    /// Drops the oldest turns, but for what stays true for the whole call.
    fn make_room(&mut self) {
        while self.kept.len() > MOST_KEPT {
            let oldest = self.kept.iter().position(|kept| !is_lasting(kept.signal.kind)).unwrap_or(0);
            self.dropped_until = self.kept.remove(oldest).turn;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Noted {
    Yes,
    No,
}

/// Whether the voice shows it, not words.
pub(crate) fn is_of_the_voice(kind: SignalKind) -> bool {
    use SignalKind::{VoiceActivated, VoiceFrustrated, VoiceHesitant, VoiceInterested};
    matches!(kind, VoiceActivated | VoiceFrustrated | VoiceHesitant | VoiceInterested)
}

/// Whether it stays true for the whole call, and counts once.
pub(crate) fn is_lasting(kind: SignalKind) -> bool {
    use SignalKind::{Decides, KnownAccount, LargeSize};
    matches!(kind, KnownAccount | LargeSize | Decides)
}

/// Whether "never mind" takes it back.
fn is_a_wish(kind: SignalKind) -> bool {
    use SignalKind::{
        AskedForPerson, BuyingIntent, BuyingQuestion, Complained, ContractAsked, CustomNeed, ExceptionAsked,
        LegalAsked, MeetingWanted, Negotiates, PricingAsked, ProcurementAsked, SecurityAsked, Urgent, Vague,
        WantsToCancel,
    };
    matches!(
        kind,
        AskedForPerson
            | BuyingIntent
            | BuyingQuestion
            | Complained
            | ContractAsked
            | CustomNeed
            | ExceptionAsked
            | LegalAsked
            | MeetingWanted
            | Negotiates
            | PricingAsked
            | ProcurementAsked
            | SecurityAsked
            | Urgent
            | Vague
            | WantsToCancel
    )
}

/// Evidence is read by people: a sentence or two is enough.
fn shorten(words: &mut String) {
    if words.len() > LONGEST_WORDS {
        words.truncate(words.floor_char_boundary(LONGEST_WORDS));
        words.push('…');
    }
}

/// Signals of one turn that are looked at: a sentence tells four or five.
const MOST_IN_A_TURN: usize = 24;
/// Signals that are kept: half an hour of lively talk, in which the first of them have long decayed.
const MOST_KEPT: usize = 192;
/// Bytes of words that are kept with a signal.
const LONGEST_WORDS: usize = 240;
/// What counts in full wherever it falls.
const FULL: u8 = 100;
