//! What of a turn the sense learns from: its words, their families, what stands beside what, what is denied, how it begins.

use crate::conversation::senses::kin::Kin;
use crate::conversation::senses::reading::{Reading, Token, hashed};

/// One feature of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    /// By what it is known.
    pub(crate) hash: u32,
    /// What of it is looked at.
    pub(crate) form: Form,
    /// The words that make it.
    pub(crate) at: [u16; 3],
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// A stem.
    Word,
    /// A family, the first of its word or the second.
    Family(u8),
    /// Two stems side by side.
    Pair,
    /// Two side by side, as families.
    Kindred,
    /// Three side by side, as families.
    Three,
    /// Two with one to four words between them, as families.
    Apart,
    /// A word with a "not" before it, as a family.
    Denied,
    /// The first word of a sentence, as a family.
    First,
    /// The first two.
    FirstTwo,
    /// A word of a sentence that ends with a question mark, as a family.
    Asked,
    /// Four letters of a word, from this one on.
    Letters(u8),
}

impl Form {
    /// The letter that begins the name of such a feature.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Word => 'w',
            Self::Family(_) => 'k',
            Self::Pair => 'p',
            Self::Kindred => 'q',
            Self::Three => 't',
            Self::Apart => 's',
            Self::Denied => 'n',
            Self::First => 'f',
            Self::FirstTwo => 'g',
            Self::Asked => 'a',
            Self::Letters(_) => 'l',
        }
    }

    /// How much it counts beside others, in quarters.
    pub(crate) fn worth(self) -> i64 {
        match self {
            Self::Letters(_) => 2,
            Self::Apart | Self::Denied | Self::Asked => 3,
            _ => 4,
        }
    }
}

/// Every feature of these words, some of them more than once.
pub(crate) fn each(kin: &Kin, reading: &Reading, mut tell: impl FnMut(Feature)) {
    let tokens = &reading.tokens;
    for (place, token) in tokens.iter().enumerate() {
        let beside = |far: usize| tokens.get(place + far).filter(|other| other.sentence == token.sentence);
        let at = |far: usize| (place + far) as u16;
        let alone = [at(0); 3];
        let mut say = |form: Form, parts: &[u32], at: [u16; 3]| {
            tell(Feature { hash: joined(form.letter(), parts), form, at });
        };
        say(Form::Word, &[token.own], alone);
        for (number, &family) in token.kin.iter().enumerate() {
            say(Form::Family(number as u8), &[kin.hash(family)], alone);
        }
        let begins = place == 0 || tokens[place - 1].sentence != token.sentence;
        if begins {
            say(Form::First, &[token.folded], alone);
        }
        if token.denied {
            say(Form::Denied, &[token.folded], alone);
        }
        if token.asked {
            say(Form::Asked, &[token.folded], alone);
        }
        if let Some(next) = beside(1) {
            let two = [at(0), at(1), at(1)];
            say(Form::Pair, &[token.own, next.own], two);
            say(Form::Kindred, &[token.folded, next.folded], two);
            if begins {
                say(Form::FirstTwo, &[token.folded, next.folded], two);
            }
            if let Some(third) = beside(2) {
                say(Form::Three, &[token.folded, next.folded, third.folded], [at(0), at(1), at(2)]);
            }
        }
        for far in 2..=FAR {
            if let Some(other) = beside(far) {
                say(Form::Apart, &[token.folded, other.folded], [at(0), at(far), at(far)]);
            }
        }
        for (number, letters) in letters(token).enumerate() {
            say(Form::Letters(number as u8), &[hashed(letters)], alone);
        }
    }
}

fn joined(letter: char, parts: &[u32]) -> u32 {
    let begun = u32::from(letter).wrapping_mul(0x9e37_79b1);
    parts
        .iter()
        .fold(begun, |hash, part| (hash.rotate_left(5) ^ part).wrapping_mul(0x85eb_ca6b).rotate_left(13))
}

/// Each four letters of a longer word that stand side by side.
fn letters(token: &Token) -> impl Iterator<Item = &str> {
    let stem = token.stem.as_str();
    let long = stem.is_ascii() && stem.len() > LETTERS;
    let many = if long { stem.len() + 1 - LETTERS } else { 0 };
    (0..many).map(move |from| &stem[from..from + LETTERS])
}

/// What stands further apart has little to do with each other.
const FAR: usize = 5;

/// So many letters of a word are looked at together.
const LETTERS: usize = 4;
