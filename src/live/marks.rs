//! Marks that the carrier has yet to return, in the order in which they were sent.
//!
//! Every mark that reaches the carrier is ours, by number; what the assistant called it is kept here. A mark whose
//! sound was dropped on the way stays in the line without being sent, so that the assistant gets all of its marks
//! back in order.

use std::collections::VecDeque;

use crate::handoff::Phrase;

/// What a mark stands for; `M` is a mark of the assistant.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning<M> {
    /// The assistant set it, and wants it back.
    Assistant(M),
    /// The house voice has said this.
    Said(Phrase),
}

/// Marks that the carrier has yet to return.
#[derive(Debug)]
pub struct Marks<M> {
    next: u32,
    waiting: VecDeque<Waiting<M>>,
}

#[derive(Debug)]
struct Waiting<M> {
    number: Option<u32>,
    place: u64,
    meaning: Meaning<M>,
}

impl<M> Default for Marks<M> {
    fn default() -> Self {
        Self { next: 0, waiting: VecDeque::new() }
    }
}

impl<M> Marks<M> {
    /// A mark is about to be sent, behind so many samples: its number.
    pub fn send(&mut self, place: u64, meaning: Meaning<M>) -> u32 {
        let number = self.number();
        self.waiting.push_back(Waiting { number: Some(number), place, meaning });
        number
    }

    /// The number of a mark that is not kept here: its sender alone knows what it means.
    pub fn number(&mut self) -> u32 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// A mark of the assistant whose sound was dropped: it comes back when those before it have.
    pub fn skip(&mut self, mark: M) -> Vec<M> {
        self.waiting.push_back(Waiting { number: None, place: 0, meaning: Meaning::Assistant(mark) });
        self.skipped_at_the_front()
    }

    /// The carrier returned this number: the place it stood at, and what it and those that go with it mean. Unknown
    /// numbers mean nothing: they were taken back.
    pub fn returned(&mut self, number: u32) -> Option<(u64, Vec<Meaning<M>>)> {
        let index = self.waiting.iter().position(|w| w.number == Some(number))?;
        let place = self.waiting[index].place;
        // A carrier returns them in order: those before it were lost on the way.
        let mut meanings: Vec<Meaning<M>> = self.waiting.drain(..=index).map(|w| w.meaning).collect();
        meanings.extend(self.skipped_at_the_front().into_iter().map(Meaning::Assistant));
        Some((place, meanings))
    }

    /// Takes back every mark that waits: the assistant's, with their places, in order. The house voice's are gone.
    pub fn take_back(&mut self) -> Vec<(u64, M)> {
        self.waiting
            .drain(..)
            .filter_map(|w| match w.meaning {
                Meaning::Assistant(mark) => Some((w.place, mark)),
                Meaning::Said(_) => None,
            })
            .collect()
    }

    /// Forgets the house voice's marks: what they stood for was broken off.
    pub fn break_off(&mut self) {
        self.waiting.retain(|w| matches!(w.meaning, Meaning::Assistant(_)));
    }

    /// Whether any waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    fn skipped_at_the_front(&mut self) -> Vec<M> {
        let mut skipped = Vec::new();
        while self.waiting.front().is_some_and(|w| w.number.is_none()) {
            if let Some(Waiting { meaning: Meaning::Assistant(mark), .. }) = self.waiting.pop_front() {
                skipped.push(mark);
            }
        }
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_in_order_also_when_some_were_never_sent() {
        let mut marks = Marks::default();
        let first = marks.send(160, Meaning::Assistant("a"));
        let second = marks.send(320, Meaning::Assistant("b"));
        assert!(marks.skip("c").is_empty());
        assert_eq!(marks.returned(first), Some((160, vec![Meaning::Assistant("a")])));
        assert_eq!(marks.returned(first), None);
        let both = vec![Meaning::Assistant("b"), Meaning::Assistant("c")];
        assert_eq!(marks.returned(second), Some((320, both)));
        assert_eq!(marks.skip("d"), ["d"]);
        assert!(marks.is_empty());
    }

    #[test]
    fn marks_from_before_a_cut_are_taken_back_and_mean_nothing_later() {
        let mut marks = Marks::default();
        let old = marks.send(160, Meaning::Assistant("a"));
        marks.send(320, Meaning::Said(Phrase::Offer));
        assert_eq!(marks.take_back(), [(160, "a")]);
        assert_eq!(marks.returned(old), None);
    }
}
