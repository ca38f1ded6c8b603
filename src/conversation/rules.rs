//! Every phrase of a language in one automaton: a pass over a turn's stems finds the pieces of phrases, and what fits together is found.
//!
//! A phrase is a row of steps: stems, one of several, a number, any word; with room between them where the phrase says so. The
//! stems that stand side by side in a phrase are one needle of the automaton.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::conversation::meaning::Meaning;
use crate::conversation::numbers::Number;
use crate::conversation::text::{Pause, Text};
use crate::conversation::written::{By, Needs, Told};

/// Every phrase of a language.
#[derive(Default)]
pub(crate) struct Rules {
    automaton: Option<AhoCorasick>,
    /// Which sets each needle belongs to.
    needle_in: Vec<Vec<u32>>,
    rules: Vec<Rule>,
    groups: Vec<Spoken>,
    /// The rules whose first step is this set.
    by_first: HashMap<u32, Vec<u32>>,
}

/// What all phrases of a group have in common.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) meaning: Meaning,
    pub(crate) strength: u8,
    pub(crate) about: String,
    pub(crate) by: By,
    pub(crate) needs: Needs,
    /// Something of this mark must be close by …
    pub(crate) beside: Option<u32>,
    /// … and nothing of this one.
    pub(crate) unless: Option<u32>,
    pub(crate) negated: Negated,
    pub(crate) told: Told,
}

/// What becomes of a phrase with a "not" before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negated {
    /// It says nothing.
    Nothing,
    /// It says what it says.
    Same,
    /// It says this.
    Other(Meaning),
}

/// One phrase.
#[derive(Clone, Debug)]
struct Rule {
    group: u32,
    /// Only at the beginning of a clause.
    first: bool,
    /// Only at the end of a sentence.
    last: bool,
    steps: Vec<Step>,
}

/// One step of a phrase, and how many words may stand before it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    room: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// One of these needles.
    Set(u32),
    /// So many words at most, whichever they are.
    Any(usize),
}

/// A phrase that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    /// What it says.
    pub(crate) spoken: &'a Spoken,
    /// Its first kept word.
    pub(crate) from: usize,
    /// Behind its last.
    pub(crate) to: usize,
    /// What stood where the phrase takes any word.
    pub(crate) took: Option<(usize, usize)>,
}

/// A set of needles that was found: which, from where to where.
type Hits = Vec<(u32, usize, usize)>;

impl Rules {
    /// Every phrase in this text, in the order in which they begin. Names end where `ends_name` says.
    pub(crate) fn find<'a>(
        &'a self,
        text: &Text,
        numbers: &[Number],
        ends_name: &dyn Fn(&str) -> bool,
    ) -> Vec<Found<'a>> {
        let hits = self.hits(text, numbers);
        let reading = Reading { text, hits: &hits, ends_name };
        let mut found = Vec::new();
        for &(set, from, _) in &hits {
            for &rule in self.by_first.get(&set).map_or(&[][..], Vec::as_slice) {
                let rule = &self.rules[rule as usize];
                if rule.first && text.pause_before(from) == Pause::None {
                    continue;
                }
                let Some((to, took)) = reading.follow(&rule.steps, from, None) else { continue };
                if rule.last && text.sentence(to - 1).to != to {
                    continue;
                }
                found.push(Found { spoken: &self.groups[rule.group as usize], from, to, took });
            }
        }
        found
    }

    fn hits(&self, text: &Text, numbers: &[Number]) -> Hits {
        let mut hits: Hits = numbers.iter().map(|number| (NUMBER, number.from, number.to)).collect();
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(&text.line) {
                let Some(from) = text.at(hit.start() + 1) else { continue };
                let many = text.line[hit.start() + 1..hit.end() - 1].split(' ').count();
                for &set in &self.needle_in[hit.pattern().as_usize()] {
                    hits.push((set, from, from + many));
                }
            }
        }
        hits.sort_unstable_by_key(|&(set, from, to)| (from, set, std::cmp::Reverse(to)));
        hits.dedup_by_key(|&mut (set, from, to)| (set, from, to));
        hits
    }

    /// A new group; the phrases that are added next belong to it.
    pub(crate) fn group(&mut self, spoken: Spoken) {
        self.groups.push(spoken);
    }
}

struct Reading<'a> {
    text: &'a Text,
    hits: &'a Hits,
    ends_name: &'a dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    /// Where these steps end that begin here, and what they took on their way.
    fn follow(
        &self,
        steps: &[Step],
        at: usize,
        took: Option<(usize, usize)>,
    ) -> Option<(usize, Option<(usize, usize)>)> {
        let Some((step, rest)) = steps.split_first() else { return Some((at, took)) };
        for from in at..=at + step.room {
            if from > at && (from > self.text.len() || self.ends_at(from)) {
                return None;
            }
            let found = match step.what {
                What::Set(set) => {
                    let begin = self.hits.partition_point(|&(s, f, _)| (f, s) < (from, set));
                    let fitting = self.hits[begin..].iter().take_while(|&&(s, f, _)| (f, s) == (from, set));
                    fitting.into_iter().find_map(|&(_, _, to)| self.on(rest, to, took))
                }
                What::Any(most) => self.any(rest, from, most),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The next steps, unless a sentence ends before them.
    fn on(
        &self,
        rest: &[Step],
        to: usize,
        took: Option<(usize, usize)>,
    ) -> Option<(usize, Option<(usize, usize)>)> {
        if !rest.is_empty() && (to >= self.text.len() || self.ends_at(to)) {
            return None;
        }
        self.follow(rest, to, took)
    }

    /// Any words: as many as there are at the end of a phrase, else as few as fit.
    fn any(&self, rest: &[Step], from: usize, most: usize) -> Option<(usize, Option<(usize, usize)>)> {
        let mut to = from;
        let mut best = None;
        while to < self.text.len() && to - from < most && (to == from || !self.pauses_at(to)) {
            if (self.ends_name)(self.text.plain(to)) {
                break;
            }
            to += 1;
            if rest.is_empty() {
                best = Some((to, Some((from, to))));
            } else if let Some(found) = self.on(rest, to, Some((from, to))) {
                return Some(found);
            }
        }
        best
    }

    fn ends_at(&self, place: usize) -> bool {
        place >= self.text.len() || self.text.pause_before(place) >= Pause::Stop
    }

    fn pauses_at(&self, place: usize) -> bool {
        self.text.pause_before(place) >= Pause::Comma
    }
}

/// Phrases while they are put together.
#[derive(Default)]
pub(crate) struct Making {
    rules: Rules,
    needles: Vec<String>,
    needle_numbers: HashMap<String, u32>,
    sets: HashMap<Vec<String>, u32>,
}

/// One element of a written phrase, its words already as stems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// These stems, or those: each a row of stems with a space between.
    OneOf(Vec<String>),
    /// A number.
    Number,
    /// Any words, so many at most.
    Any(usize),
    /// Room for a few words.
    Room,
    /// The beginning of a clause.
    First,
    /// The end of a sentence.
    Last,
}

impl Making {
    /// A new group; the phrases that are added next belong to it.
    pub(crate) fn group(&mut self, spoken: Spoken) {
        self.rules.group(spoken);
    }

    /// One more phrase of the latest group. Fails where a phrase says nothing that can be looked for.
    pub(crate) fn phrase(&mut self, elements: &[Element]) -> Result<(), &'static str> {
        let (mut first, mut last, mut room) = (false, false, 0);
        let mut steps: Vec<Step> = Vec::new();
        let mut stems: Vec<String> = Vec::new();
        for element in elements {
            if last {
                return Err("nothing can stand behind its end, `$`");
            }
            if let Element::OneOf(words) = element
                && let [one] = words.as_slice()
                && room == 0
            {
                stems.push(one.clone());
                continue;
            }
            self.side_by_side(&mut stems, &mut steps);
            match element {
                Element::OneOf(words) => {
                    let what = What::Set(self.set(words.clone()));
                    steps.push(Step { room, what });
                    room = 0;
                }
                Element::Number => {
                    steps.push(Step { room, what: What::Set(NUMBER) });
                    room = 0;
                }
                Element::Any(most) => {
                    steps.push(Step { room, what: What::Any(*most) });
                    room = 0;
                }
                Element::Room => room += ROOM,
                Element::First if steps.is_empty() => first = true,
                Element::First => return Err("`^` stands only at its beginning"),
                Element::Last => last = true,
            }
        }
        self.side_by_side(&mut stems, &mut steps);
        let Some(Step { room: 0, what: What::Set(set) }) = steps.first() else {
            return Err("it must begin with a word, a class or a number");
        };
        let number = self.rules.rules.len() as u32;
        self.rules.by_first.entry(*set).or_default().push(number);
        let group = self.rules.groups.len().saturating_sub(1) as u32;
        self.rules.rules.push(Rule { group, first, last, steps });
        Ok(())
    }

    /// All of them in one automaton.
    pub(crate) fn made(mut self) -> Result<Rules, String> {
        let needles: Vec<String> = self.needles.iter().map(|needle| format!(" {needle} ")).collect();
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let built = AhoCorasick::builder().kind(kind).build(&needles).map_err(|e| e.to_string())?;
        self.rules.automaton = Some(built);
        Ok(self.rules)
    }

    fn side_by_side(&mut self, stems: &mut Vec<String>, steps: &mut Vec<Step>) {
        if !stems.is_empty() {
            let what = What::Set(self.set(vec![stems.join(" ")]));
            steps.push(Step { room: 0, what });
            stems.clear();
        }
    }

    fn set(&mut self, words: Vec<String>) -> u32 {
        let next = self.sets.len() as u32 + 1;
        if let Some(&known) = self.sets.get(&words) {
            return known;
        }
        for word in &words {
            let number = *self.needle_numbers.entry(word.clone()).or_insert_with(|| {
                self.needles.push(word.clone());
                self.rules.needle_in.push(Vec::new());
                self.needles.len() as u32 - 1
            });
            self.rules.needle_in[number as usize].push(next);
        }
        self.sets.insert(words, next);
        next
    }
}

/// The set that every number belongs to.
const NUMBER: u32 = 0;

/// So many words may stand where a phrase says `…`.
const ROOM: usize = 4;
