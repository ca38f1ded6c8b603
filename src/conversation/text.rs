//! Words as they were said made into words that can be compared: lower case, spelled out, without fillers and stutters, stemmed.
//!
//! A recogniser writes no punctuation or wrong punctuation, doubles words, hears "sails rep", spells "m q t t"; people begin a
//! sentence twice. What is compared is therefore a line of stems of the words that carry something, and each stem knows the stretch
//! of the turn that it came from.

use crate::conversation::tongue::Tongue;

/// A turn's words, ready to be compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    /// Every word, fillers included.
    pub(crate) all: Vec<Word>,
    /// Which of them carry something: places in `all`.
    pub(crate) kept: Vec<usize>,
    /// Their stems with a space around each; a dot where a sentence ends.
    pub(crate) line: String,
    /// Where in the line each of `kept` begins.
    starts: Vec<usize>,
    /// From which kept word each sentence runs to which, and whether it ends with a question mark.
    pub(crate) sentences: Vec<Sentence>,
}

/// A stretch of kept words that belongs together, as far as punctuation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Its first kept word.
    pub(crate) from: usize,
    /// Behind its last.
    pub(crate) to: usize,
    /// What ends it.
    pub(crate) end: Pause,
}

/// One word of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where in the turn it begins, in bytes.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// In lower case, spelled out.
    pub(crate) plain: String,
    /// What follows it.
    pub(crate) then: Pause,
}

/// What stands between two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pause {
    /// Nothing.
    None,
    /// A comma or the like.
    Comma,
    /// A full stop.
    Stop,
    /// A question mark.
    Asked,
}

impl Text {
    /// These words, as this language reads them. Only the first [`LONGEST`] bytes are looked at.
    pub(crate) fn read(tongue: &Tongue, said: &str) -> Self {
        let words = tongue.meant(&tongue.spelled_out(&cut_up(shortened(said))));
        let kept = without_stutters(&words, tongue.carrying(&words));
        let mut text = Self { kept, all: words, ..Self::default() };
        text.line.push(' ');
        let mut from = 0;
        for place in 0..text.kept.len() {
            text.starts.push(text.line.len());
            let stem = tongue.stem(&text.all[text.kept[place]].plain);
            text.line.push_str(&stem);
            text.line.push(' ');
            let until = text.kept.get(place + 1).copied().unwrap_or(text.all.len());
            let between = text.all[text.kept[place]..until].iter().map(|word| word.then);
            let end = between.max().unwrap_or(Pause::None);
            if end >= Pause::Stop || place + 1 == text.kept.len() {
                text.line.push_str(". ");
                text.sentences.push(Sentence { from, to: place + 1, end });
                from = place + 1;
            }
        }
        text
    }

    /// How many words carry something.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// A kept word in lower case.
    pub(crate) fn plain(&self, place: usize) -> &str {
        &self.all[self.kept[place]].plain
    }

    /// The stem of a kept word.
    pub(crate) fn stem(&self, place: usize) -> &str {
        self.line[self.starts[place]..].split(' ').next().unwrap_or_default()
    }

    /// The kept word that begins at this place of the line.
    pub(crate) fn at(&self, start: usize) -> Option<usize> {
        self.starts.binary_search(&start).ok()
    }

    /// What stands before a kept word: the strongest pause since the one before.
    pub(crate) fn pause_before(&self, place: usize) -> Pause {
        if place == 0 {
            return Pause::Stop;
        }
        let between = &self.all[self.kept[place - 1]..self.kept[place]];
        between.iter().map(|word| word.then).max().unwrap_or(Pause::None)
    }

    /// Whether an article or a filler stands before a kept word.
    pub(crate) fn skips_before(&self, place: usize) -> bool {
        place > 0 && self.kept[place] > self.kept[place - 1] + 1
    }

    /// The sentence of a kept word.
    pub(crate) fn sentence(&self, place: usize) -> Sentence {
        let whole = Sentence { from: 0, to: self.len(), end: Pause::None };
        self.sentences.iter().find(|s| place < s.to).copied().unwrap_or(whole)
    }

    /// A stretch of kept words as it was said.
    pub(crate) fn said<'a>(&self, said: &'a str, from: usize, to: usize) -> &'a str {
        if from >= to || to > self.len() {
            return "";
        }
        let (first, last) = (&self.all[self.kept[from]], &self.all[self.kept[to - 1]]);
        said.get(first.from..last.to).unwrap_or_default()
    }
}

/// As much of it as is looked at.
fn shortened(said: &str) -> &str {
    if said.len() <= LONGEST {
        return said;
    }
    let end = (0..=LONGEST).rev().find(|&at| said.is_char_boundary(at)).unwrap_or(0);
    &said[..end]
}

/// The words between what is no word, in lower case; what stands in square brackets is a recogniser's remark.
fn cut_up(said: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut remark = false;
    let mut began: Option<usize> = None;
    let mut letters = said.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, letter)) = letters.next() {
        let after = letters.peek().map_or(' ', |&(_, next)| next);
        let inside = began.is_some()
            && after.is_alphanumeric()
            && before.is_alphanumeric()
            && (matches!(letter, '\'' | '’' | '@' | '_')
                || (letter == '.' && !(before.is_numeric() ^ after.is_numeric()))
                || (letter == ',' && before.is_numeric() && after.is_numeric()));
        let sign = matches!(letter, '$' | '€' | '£' | '%' | '&' | '+');
        if (letter.is_alphanumeric() || inside) && !remark {
            began.get_or_insert(at);
        } else {
            if let Some(from) = began.take() {
                push(&mut words, said, from, at);
            }
            match letter {
                '[' => remark = true,
                ']' => remark = false,
                _ if remark => {}
                _ if sign => push(&mut words, said, at, at + letter.len_utf8()),
                _ => pause(&mut words, letter),
            }
        }
        before = letter;
    }
    if let Some(from) = began {
        push(&mut words, said, from, said.len());
    }
    words
}

fn push(words: &mut Vec<Word>, said: &str, from: usize, to: usize) {
    if to - from > LONGEST_WORD {
        return;
    }
    let plain = said[from..to].replace('’', "'").to_lowercase();
    words.push(Word { from, to, plain, then: Pause::None });
}

fn pause(words: &mut [Word], letter: char) {
    let pause = match letter {
        ',' | ':' | '–' | '—' | '(' | ')' => Pause::Comma,
        '.' | '!' | ';' | '…' | '。' => Pause::Stop,
        '?' | '？' => Pause::Asked,
        _ => Pause::None,
    };
    if let Some(last) = words.last_mut() {
        last.then = last.then.max(pause);
    }
}

/// Places of the words that carry something, without those that only repeat the one, two or three words before them.
fn without_stutters(words: &[Word], carrying: Vec<usize>) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::with_capacity(carrying.len());
    for place in carrying {
        kept.push(place);
        for many in 1..=LONGEST_STUTTER {
            let Some(split) = kept.len().checked_sub(2 * many) else { break };
            let plain = |at: usize| words[kept[at]].plain.as_str();
            let again = (split..split + many).all(|at| plain(at) == plain(at + many));
            let counted = plain(split).starts_with(|c: char| c.is_ascii_digit());
            let ended = words[kept[split + many - 1]].then >= Pause::Stop;
            if again && !counted && !ended {
                kept.truncate(split + many);
                break;
            }
        }
    }
    kept
}

/// The most bytes of a turn that are looked at: ten minutes of unbroken speech.
const LONGEST: usize = 8_000;

/// No word of any language we read is longer; what is, is no word.
const LONGEST_WORD: usize = 64;

/// People begin again with up to so many words: "i want to i want to".
const LONGEST_STUTTER: usize = 3;
