//! One language: what its words are made of, which of them carry something, and the phrases that are looked for in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use rust_stemmers::{Algorithm, Stemmer};

use crate::conversation::numbers::Counting;
use crate::conversation::rules::Rules;
use crate::conversation::text::{Pause, Word};
use crate::conversation::written::{Important, Qualification, Written};

/// Words as recognisers write them, and what was meant by them.
struct Misheard {
    heard: Vec<String>,
    meant: Vec<String>,
}

/// One language, ready to be listened to.
pub(crate) struct Tongue {
    /// Its short name: `en`.
    pub(crate) name: String,
    stems: Algorithm,
    fillers: HashMap<String, Vec<Filler>>,
    endings: Vec<(String, Vec<String>)>,
    heard: HashMap<String, Vec<Misheard>>,
    /// Stems that say too little to compare by.
    pub(crate) empty: BTreeSet<String>,
    /// Words that end a name.
    pub(crate) ends_name: BTreeSet<String>,
    /// Everyday words that no name consists of.
    no_names: BTreeSet<String>,
    /// Stems that stand for another when questions are compared.
    pub(crate) same: BTreeMap<String, String>,
    /// The phrases.
    pub(crate) rules: Rules,
    /// What the assistant was taught, as stems.
    pub(crate) knowledge: BTreeSet<String>,
    /// How numbers are spoken, and what is counted.
    pub(crate) counting: Counting,
    /// When an account is important.
    pub(crate) important: Important,
    /// What makes a prospect a qualified one.
    pub(crate) qualification: Qualification,
}

/// A filler of one or more words, and the words after which it is none.
struct Filler {
    words: Vec<String>,
    not_after: Vec<String>,
}

impl fmt::Debug for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tongue({})", self.name)
    }
}

impl Tongue {
    /// The words of a language, still without its phrases.
    pub(crate) fn of_words(written: &Written, stems: Algorithm) -> Self {
        let mut tongue = Self {
            name: written.language.clone(),
            stems,
            fillers: HashMap::new(),
            endings: written.endings.iter().map(|(end, words)| (end.clone(), split(words))).collect(),
            heard: HashMap::new(),
            empty: BTreeSet::new(),
            ends_name: written.ends_name.iter().cloned().collect(),
            no_names: written.no_names.iter().cloned().collect(),
            same: BTreeMap::new(),
            rules: Rules::default(),
            knowledge: BTreeSet::new(),
            counting: Counting::default(),
            important: written.account.clone(),
            qualification: written.qualification.clone().unwrap_or_default(),
        };
        // The longest ending first: "n't" before "t".
        tongue.endings.sort_by_key(|(end, _)| std::cmp::Reverse(end.len()));
        for (heard, meant) in &written.heard {
            let words = split(heard);
            if let Some(first) = words.first() {
                tongue
                    .heard
                    .entry(first.clone())
                    .or_default()
                    .push(Misheard { heard: words, meant: split(meant) });
            }
        }
        tongue
            .heard
            .values_mut()
            .for_each(|all| all.sort_by_key(|misheard| std::cmp::Reverse(misheard.heard.len())));
        for (filler, not_after) in &written.fillers {
            let words = split(filler);
            if let Some(first) = words.first() {
                let not_after = not_after.clone();
                tongue.fillers.entry(first.clone()).or_default().push(Filler { words, not_after });
            }
        }
        tongue.empty = written.empty.iter().map(|word| tongue.stem(word)).collect();
        for family in &written.same {
            let stems: Vec<String> = family.iter().map(|word| tongue.stem(word)).collect();
            for stem in stems.iter().skip(1) {
                tongue.same.insert(stem.clone(), stems[0].clone());
            }
        }
        tongue
    }

    /// Whether this is a word like any other: no name consists of such.
    pub(crate) fn is_everyday(&self, plain: &str) -> bool {
        self.no_names.contains(plain)
            || self.ends_name.contains(plain)
            || self.empty.contains(&self.stem(plain))
    }

    /// The stem of a word in lower case.
    pub(crate) fn stem(&self, plain: &str) -> String {
        if plain.starts_with(|c: char| c.is_ascii_digit()) {
            return plain.to_owned();
        }
        Stemmer::create(self.stems).stem(plain).into_owned()
    }

    /// Every word with its endings spelled out, and letters that were spelled put together.
    pub(crate) fn spelled_out(&self, words: &[Word]) -> Vec<Word> {
        let mut out: Vec<Word> = Vec::with_capacity(words.len() + 8);
        for word in together(words) {
            let ends = |end: &str| word.plain.len() > end.len() && word.plain.ends_with(end);
            let ending = self.endings.iter().find(|(end, _)| ends(end));
            let Some((end, meant)) = ending else {
                out.push(word);
                continue;
            };
            let stem = word.plain[..word.plain.len() - end.len()].to_owned();
            let (from, to) = (word.from, word.to);
            out.push(Word { from, to, plain: stem, then: Pause::None });
            out.extend(meant.iter().map(|plain| Word { from, to, plain: plain.clone(), then: Pause::None }));
            if let Some(last) = out.last_mut() {
                last.then = word.then;
            }
        }
        out
    }

    /// What was meant by what was heard.
    pub(crate) fn meant(&self, words: &[Word]) -> Vec<Word> {
        let mut out: Vec<Word> = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let known = self.heard.get(&words[at].plain);
            let fits = known.and_then(|all| all.iter().find(|misheard| fits(words, at, &misheard.heard)));
            let Some(Misheard { heard, meant }) = fits else {
                out.push(words[at].clone());
                at += 1;
                continue;
            };
            let (from, last) = (words[at].from, &words[at + heard.len() - 1]);
            let (to, then) = (last.to, last.then);
            out.extend(meant.iter().map(|plain| Word { from, to, plain: plain.clone(), then: Pause::None }));
            if let Some(last) = out.last_mut() {
                last.then = last.then.max(then);
            }
            at += heard.len();
        }
        out
    }

    /// Places of the words that carry something.
    pub(crate) fn carrying(&self, words: &[Word]) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let before = at.checked_sub(1).map_or("", |before| words[before].plain.as_str());
            let known = self.fillers.get(&words[at].plain);
            let filler = known.and_then(|all| {
                let mut fitting = all.iter().filter(|filler| fits(words, at, &filler.words));
                fitting.rfind(|filler| !filler.not_after.iter().any(|word| word == before))
            });
            if let Some(filler) = filler {
                at += filler.words.len();
            } else {
                kept.push(at);
                at += 1;
            }
        }
        kept
    }

    /// What a stem is compared as.
    pub(crate) fn alike<'a>(&'a self, stem: &'a str) -> &'a str {
        self.same.get(stem).map_or(stem, String::as_str)
    }
}

/// Whether these words stand here, with no pause between them longer than a comma.
fn fits(words: &[Word], at: usize, wanted: &[String]) -> bool {
    let Some(there) = words.get(at..at + wanted.len()) else { return false };
    let unbroken = there.iter().rev().skip(1).all(|word| word.then < Pause::Stop);
    unbroken && there.iter().zip(wanted).all(|(word, wanted)| word.plain == *wanted)
}

/// Letters said one by one, put together: "m q t t". A lone "a" or "i" is a word, and stays one at the edges.
fn together(words: &[Word]) -> Vec<Word> {
    let letter = |word: &Word| word.plain.chars().count() == 1 && word.plain.chars().all(char::is_alphabetic);
    let lone = |word: &Word| matches!(word.plain.as_str(), "a" | "i");
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let mut until = at;
        while words.get(until).is_some_and(letter) && (until == at || words[until - 1].then == Pause::None) {
            until += 1;
        }
        let spelled = until - at;
        if spelled < 2 || spelled == 2 && words[at..until].iter().any(lone) || lone(&words[at]) {
            out.push(words[at].clone());
            at += 1;
            continue;
        }
        let plain = words[at..until].iter().map(|word| word.plain.as_str()).collect();
        out.push(Word { from: words[at].from, to: words[until - 1].to, plain, then: words[until - 1].then });
        at = until;
    }
    out
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}
