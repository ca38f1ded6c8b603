//! A turn's words as the sense reads them: stems, the families they belong to, and where sentences end.
//!
//! The phrases have a reading of their own (`text`), which an operator can change. What was learned was learned of this one, so it
//! depends on nothing but the words and the families.

use rust_stemmers::{Algorithm, Stemmer};

use crate::conversation::senses::kin::Kin;

/// A turn's words, in the order in which they were said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) tokens: Vec<Token>,
}

/// One word.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Where in the turn it begins, in bytes.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    pub(crate) stem: String,
    /// The hash of its stem.
    pub(crate) own: u32,
    /// The hash of its first family; of its stem where it has none.
    pub(crate) folded: u32,
    /// Its families, counted as [`Kin`] does.
    pub(crate) kin: Vec<u8>,
    /// A "not" stands a little before it.
    pub(crate) denied: bool,
    /// Which sentence of the turn it stands in.
    pub(crate) sentence: u32,
    /// Whether a question mark ends that sentence.
    pub(crate) asked: bool,
}

impl Reading {
    /// These words; only the first [`MOST_BYTES`] of them and the first [`MOST_WORDS`] are read.
    pub(crate) fn of(kin: &Kin, words: &str) -> Self {
        let mut reading = Self::default();
        let stemmer = Stemmer::create(Algorithm::English);
        let mut making = Making { reading: &mut reading, stemmer, kin, sentence: 0, denied_for: 0 };
        making.read(shortened(words));
        reading
    }
}

struct Making<'a> {
    reading: &'a mut Reading,
    stemmer: Stemmer,
    kin: &'a Kin,
    sentence: u32,
    /// So many words to come stand behind a "not".
    denied_for: u8,
}

impl Making<'_> {
    fn read(&mut self, words: &str) {
        let mut began: Option<usize> = None;
        let mut remark = false;
        let mut letters = words.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map_or(' ', |&(_, next)| next);
            let joins =
                matches!(letter, '\'' | '’' | '.' | ',' | '@') && began.is_some() && next.is_alphanumeric();
            let counted = || words[..at].ends_with(|c: char| c.is_ascii_digit()) && next.is_ascii_digit();
            let inside = joins && (matches!(letter, '\'' | '’' | '@') || counted());
            if !remark && (letter.is_alphanumeric() || inside) {
                began.get_or_insert(at);
                continue;
            }
            if let Some(from) = began.take() {
                self.word(&words[from..at], from);
            }
            match letter {
                '[' => remark = true,
                ']' => remark = false,
                _ if remark => {}
                '$' | '£' | '€' | '%' => self.word(&words[at..at + letter.len_utf8()], at),
                '.' | '!' | ';' | '…' => self.end(false),
                '?' => self.end(true),
                ',' => self.denied_for = 0,
                _ => {}
            }
            if self.reading.tokens.len() >= MOST_WORDS {
                return;
            }
        }
        if let Some(from) = began {
            self.word(&words[from..], from);
        }
    }

    /// A sentence ends here.
    fn end(&mut self, asked: bool) {
        let mine = self.reading.tokens.iter_mut().rev().take_while(|token| token.sentence == self.sentence);
        if asked {
            mine.for_each(|token| token.asked = true);
        }
        if self.reading.tokens.last().is_some_and(|token| token.sentence == self.sentence) {
            self.sentence += 1;
        }
        self.denied_for = 0;
    }

    fn word(&mut self, said: &str, from: usize) {
        if said.len() > LONGEST_WORD {
            return;
        }
        let plain = said.to_lowercase().replace('’', "'");
        let to = from + said.len();
        if plain.starts_with(|c: char| c.is_ascii_digit()) {
            let digits = plain.bytes().filter(u8::is_ascii_digit).count().min(6);
            self.token(COUNTED[digits], from, to);
            return;
        }
        if FILLERS.contains(&plain.as_str()) {
            return;
        }
        if let Some((_, meant)) = RUN_TOGETHER.iter().find(|(heard, _)| *heard == plain) {
            meant.split(' ').for_each(|word| self.token(word, from, to));
            return;
        }
        match plain.split_once('\'') {
            None => self.token(&plain, from, to),
            Some((stem, "t")) if stem.ends_with('n') && stem.len() > 2 => {
                self.token(&stem[..stem.len() - 1], from, to);
                self.token("not", from, to);
            }
            Some((stem, end)) => {
                self.token(stem, from, to);
                let end = ENDINGS.iter().find(|(short, _)| *short == end).map(|(_, meant)| *meant);
                if let Some(end) = end.filter(|end| !end.is_empty()) {
                    self.token(end, from, to);
                }
            }
        }
    }

    fn token(&mut self, plain: &str, from: usize, to: usize) {
        let counted = plain.starts_with('#');
        let stem = if counted { plain.to_owned() } else { self.stemmer.stem(plain).into_owned() };
        let (own, kin) = (hashed(&stem), self.kin.of(&stem).to_vec());
        let folded = kin.first().map_or(own, |&family| self.kin.hash(family));
        let again = self.reading.tokens.last().is_some_and(|t| t.own == own && t.sentence == self.sentence);
        if again && !counted {
            return;
        }
        let denied = self.denied_for > 0;
        self.denied_for = self.denied_for.saturating_sub(1);
        if NOTS.contains(&plain) {
            self.denied_for = REACH_OF_NOT;
        }
        let sentence = self.sentence;
        self.reading.tokens.push(Token { from, to, stem, own, folded, kin, denied, sentence, asked: false });
    }
}

fn shortened(words: &str) -> &str {
    let mut end = words.len().min(MOST_BYTES);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    &words[..end]
}

/// The hash by which a word is known (FNV-1a).
pub(crate) fn hashed(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A number in figures by how many it has: what counts is how large it is.
const COUNTED: [&str; 7] = ["#0", "#1", "#2", "#3", "#4", "#5", "#6"];

/// What is said while one thinks.
const FILLERS: [&str; 12] = ["um", "umm", "uh", "uhm", "er", "erm", "hm", "hmm", "mm", "ah", "oh", "ooh"];

/// What stands behind an apostrophe, and what it means.
const ENDINGS: [(&str, &str); 7] =
    [("m", "am"), ("re", "are"), ("s", ""), ("ve", "have"), ("ll", "will"), ("d", "would"), ("t", "not")];

/// Words that recognisers write without their apostrophe, and words run together.
const RUN_TOGETHER: [(&str, &str); 44] = [
    ("can't", "can not"),
    ("won't", "will not"),
    ("cannot", "can not"),
    ("cant", "can not"),
    ("wont", "will not"),
    ("dont", "do not"),
    ("didnt", "did not"),
    ("doesnt", "does not"),
    ("isnt", "is not"),
    ("wasnt", "was not"),
    ("arent", "are not"),
    ("werent", "were not"),
    ("havent", "have not"),
    ("hasnt", "has not"),
    ("hadnt", "had not"),
    ("wouldnt", "would not"),
    ("couldnt", "could not"),
    ("shouldnt", "should not"),
    ("aint", "is not"),
    ("ain't", "is not"),
    ("im", "i am"),
    ("ive", "i have"),
    ("ill", "i will"),
    ("id", "i would"),
    ("youre", "you are"),
    ("youve", "you have"),
    ("youll", "you will"),
    ("weve", "we have"),
    ("theyre", "they are"),
    ("theyve", "they have"),
    ("thats", "that"),
    ("whats", "what"),
    ("wheres", "where"),
    ("theres", "there"),
    ("hes", "he"),
    ("shes", "she"),
    ("lets", "let us"),
    ("gonna", "going to"),
    ("wanna", "want to"),
    ("gotta", "got to"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("dunno", "do not know"),
    ("kinda", "kind of"),
];

/// What denies what follows.
const NOTS: [&str; 8] = ["not", "no", "never", "without", "nobody", "neither", "nor", "hardly"];

/// A "not" reaches so many words ahead.
const REACH_OF_NOT: u8 = 4;

/// No word is longer; what is, is no word.
const LONGEST_WORD: usize = 40;

/// So much of a turn is read: as much as the control API takes of one.
const MOST_BYTES: usize = 4_000;

/// So many words of a turn are read.
const MOST_WORDS: usize = 400;
