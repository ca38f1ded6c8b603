//! The phrases of every language, read from their files and ready to be listened with.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use rust_stemmers::Algorithm;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use toml::Spanned;

use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::numbers::Counting;
use crate::conversation::rules::{Element, Making, Negated, Spoken};
use crate::conversation::senses::Sense;
use crate::conversation::signal::SignalKind;
use crate::conversation::text::Text;
use crate::conversation::tongue::Tongue;
use crate::conversation::written::{By, Group, Needs, Told, Written};

/// The phrases of every language.
#[derive(Debug)]
pub struct Lexicon {
    tongues: Vec<Arc<Tongue>>,
    written: Vec<Written>,
    sensing: Sensing,
}

/// Whether more than phrases is listened with.
#[derive(Clone, Debug, Default)]
enum Sensing {
    /// Phrases only.
    Off,
    /// The sense that Baton ships with, where it has one for the language.
    #[default]
    Shipped,
    /// This one, for every language.
    By(Arc<Sense>),
}

/// What is wrong with a file of phrases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLexicon {
    /// It is no such file.
    #[error("not a file of phrases: {0}")]
    Form(String),
    /// One of its phrases is of no use.
    #[error("line {line}: {phrase:?}: {what}")]
    Phrase {
        /// Counted from 1.
        line: usize,
        /// The phrase, class or name.
        phrase: String,
        /// What is wrong with it.
        what: String,
    },
    /// It is too much.
    #[error("{0} bytes of phrases; {LARGEST} are the most")]
    TooLarge(usize),
}

impl Lexicon {
    /// What Baton ships with.
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED)
    }

    /// Not a word of any language: what the shipped files are put on.
    fn none() -> Self {
        Self { tongues: Vec::new(), written: Vec::new(), sensing: Sensing::default() }
    }

    /// What Baton ships with, and an operator's file on top of the language that it names (`en` where it names none).
    pub fn with(extra_toml: &str) -> Result<Self, BadLexicon> {
        Self::shipped().and(extra_toml)
    }

    /// These, and one more file on top.
    pub fn and(&self, extra_toml: &str) -> Result<Self, BadLexicon> {
        if extra_toml.len() > LARGEST {
            return Err(BadLexicon::TooLarge(extra_toml.len()));
        }
        let mut extra: Written =
            toml::from_str(extra_toml).map_err(|e| BadLexicon::Form(e.to_string().trim_end().to_owned()))?;
        if extra.language.is_empty() {
            FIRST.clone_into(&mut extra.language);
        }
        let place = self.written.iter().position(|written| written.language == extra.language);
        let below = place.map_or_else(Written::default, |place| self.written[place].clone());
        let (shipped, language) = (below.phrases.len(), extra.language.clone());
        let mut whole = extra.on_top_of(below);
        whole.language = language;
        let tongue = compiled(&whole, shipped).map_err(|wrong| wrong.at(extra_toml))?;
        let mut more = Self {
            tongues: self.tongues.clone(),
            written: self.written.clone(),
            sensing: self.sensing.clone(),
        };
        if let Some(place) = place {
            (more.tongues[place], more.written[place]) = (Arc::new(tongue), whole);
        } else {
            more.tongues.push(Arc::new(tongue));
            more.written.push(whole);
        }
        Ok(more)
    }

    /// These phrases, and nothing beside them.
    #[must_use]
    pub fn without_sense(&self) -> Self {
        self.sensing(Sensing::Off)
    }

    /// These phrases, and this sense beside them.
    pub(crate) fn with_sense(&self, sense: Sense) -> Self {
        self.sensing(Sensing::By(Arc::new(sense)))
    }

    fn sensing(&self, sensing: Sensing) -> Self {
        Self { tongues: self.tongues.clone(), written: self.written.clone(), sensing }
    }

    /// What turns of this language are sensed with; nothing where none was learned of it.
    pub(crate) fn sense(&self, language: &str) -> Option<Arc<Sense>> {
        match &self.sensing {
            Sensing::Off => None,
            Sensing::Shipped => Sense::shipped(if language.is_empty() { FIRST } else { language }),
            Sensing::By(sense) => Some(Arc::clone(sense)),
        }
    }

    /// The languages that can be listened to.
    pub fn languages(&self) -> Vec<&str> {
        self.tongues.iter().map(|tongue| tongue.name.as_str()).collect()
    }

    /// The language of this name (`de` for `de-AT`); the first one where it is not known.
    pub(crate) fn tongue(&self, language: &str) -> Arc<Tongue> {
        let short = language.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        let known = self.tongues.iter().find(|tongue| tongue.name == short);
        Arc::clone(known.unwrap_or(&self.tongues[0]))
    }
}

/// What is wrong, and where in the file.
#[derive(Debug)]
struct Wrong {
    place: usize,
    phrase: String,
    what: String,
}

impl Wrong {
    fn new(phrase: &Spanned<String>, what: impl Into<String>) -> Self {
        Self { place: phrase.span().start, phrase: phrase.get_ref().clone(), what: what.into() }
    }

    fn at(self, file: &str) -> BadLexicon {
        let before = file.as_bytes().iter().take(self.place);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        BadLexicon::Phrase { line, phrase: self.phrase, what: self.what }
    }
}

/// A language from its file; of its phrases the first so many are shipped ones.
fn compiled(written: &Written, shipped: usize) -> Result<Tongue, Wrong> {
    let whole_file = |what: String| Wrong { place: 0, phrase: written.language.clone(), what };
    let stems = Algorithm::deserialize(IntoDeserializer::<Error>::into_deserializer(
        capitalised(&written.stems).as_str(),
    ))
    .map_err(|_| whole_file(format!("no stemmer is called {:?}; say stems = \"english\"", written.stems)))?;
    let mut tongue = Tongue::of_words(written, stems);
    tongue.counting = Counting::new(&written.numbers, &written.counted, |word| tongue.stem(word));
    let knowledge = written.knowledge.iter().flat_map(|topic| stems_of(&tongue, topic));
    tongue.knowledge = knowledge.filter(|stem| !tongue.empty.contains(stem)).collect();
    check_withouts(written)?;

    let mut classes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, entries) in &written.classes {
        let mut stems = Vec::new();
        for entry in entries {
            let words = spelled_out(written, entry, 0).map_err(|what| Wrong::new(entry, what))?;
            stems.extend(words.iter().map(|words| stems_of(&tongue, words).join(" ")));
        }
        stems.retain(|stems| !stems.is_empty());
        stems.sort();
        stems.dedup();
        classes.insert(name, stems);
    }
    let mut making = Making::default();
    for (number, group) in written.phrases.iter().enumerate() {
        let mut marks = Marks { next: 2 * number as u32, making: &mut making };
        let beside = marks.mark(&tongue, &classes, &group.beside)?;
        let unless = marks.mark(&tongue, &classes, &group.unless)?;
        making.group(Spoken { beside, unless, ..spoken(group)? });
        for phrase in &group.say {
            let unwanted = |without: &Spanned<String>| without.get_ref() == phrase.get_ref();
            if number < shipped && written.without.iter().any(unwanted) {
                continue;
            }
            for elements in elements(&tongue, &classes, phrase)? {
                making.phrase(&elements).map_err(|what| Wrong::new(phrase, what))?;
            }
        }
    }
    words_of_the_trade(written, &tongue, &mut making);
    tongue.rules = making.made().map_err(whole_file)?;
    Ok(tongue)
}

/// What the phrases of a group are judged by is looked for under numbers of its own.
struct Marks<'a> {
    next: u32,
    making: &'a mut Making,
}

impl Marks<'_> {
    /// These phrases under a number; none where there are none.
    fn mark(
        &mut self,
        tongue: &Tongue,
        classes: &BTreeMap<&str, Vec<String>>,
        say: &[Spanned<String>],
    ) -> Result<Option<u32>, Wrong> {
        self.next += 1;
        if say.is_empty() {
            return Ok(None);
        }
        self.making.group(Spoken {
            meaning: Meaning::Mark(self.next),
            strength: 100,
            about: String::new(),
            by: By::Anyone,
            needs: Needs::Nothing,
            beside: None,
            unless: None,
            negated: Negated::Same,
            told: Told::Counts,
        });
        for phrase in say {
            for elements in elements(tongue, classes, phrase)? {
                self.making.phrase(&elements).map_err(|what| Wrong::new(phrase, what))?;
            }
        }
        Ok(Some(self.next))
    }
}

/// An entry of a class in every way that it can be said: `real|live <human>` is many.
fn spelled_out(written: &Written, entry: &Spanned<String>, depth: usize) -> Result<Vec<String>, String> {
    let mut all = vec![String::new()];
    for word in entry.get_ref().split_whitespace() {
        let (bare, optional) = word.strip_suffix('?').map_or((word, false), |bare| (bare, true));
        let mut ways: Vec<String> = Vec::new();
        for choice in bare.split('|') {
            let Some(class) = choice.strip_prefix('<').and_then(|name| name.strip_suffix('>')) else {
                ways.push(choice.replace('_', " "));
                continue;
            };
            let entries =
                written.classes.get(class).ok_or_else(|| format!("no class is called <{class}>"))?;
            if depth == DEEPEST_CLASS {
                return Err(format!("<{class}> stands in classes of classes that never end"));
            }
            for entry in entries {
                ways.extend(spelled_out(written, entry, depth + 1)?);
            }
        }
        if optional {
            ways.push(String::new());
        }
        if all.len() * ways.len() > MOST_WAYS {
            return Err(format!("more than {MOST_WAYS} ways to say it: write two classes"));
        }
        all = all.iter().flat_map(|said| ways.iter().map(move |way| format!("{said} {way}"))).collect();
    }
    Ok(all)
}

fn check_withouts(written: &Written) -> Result<(), Wrong> {
    let known = |phrase: &Spanned<String>| {
        written.phrases.iter().flat_map(|group| &group.say).any(|said| said.get_ref() == phrase.get_ref())
    };
    match written.without.iter().find(|phrase| !known(phrase)) {
        Some(phrase) => Err(Wrong::new(phrase, "no shipped phrase reads so")),
        None => Ok(()),
    }
}

fn spoken(group: &Group) -> Result<Spoken, Wrong> {
    let meaning = |name: &Spanned<String>| {
        Meaning::of(name.get_ref())
            .ok_or_else(|| Wrong::new(name, "means nothing; the names stand at the head of phrases/en.toml"))
    };
    let negated = match &group.negated {
        None => Negated::Nothing,
        Some(same) if same.get_ref() == "same" => Negated::Same,
        Some(other) => Negated::Other(meaning(other)?),
    };
    if group.strength > 100 {
        return Err(Wrong::new(&group.means, "a strength is at most 100"));
    }
    Ok(Spoken {
        meaning: meaning(&group.means)?,
        strength: group.strength,
        about: group.about.clone(),
        by: group.by,
        needs: group.needs,
        beside: None,
        unless: None,
        negated,
        told: group.told,
    })
}

/// What an operator lists by name: competitors and the glossary.
fn words_of_the_trade(written: &Written, tongue: &Tongue, making: &mut Making) {
    let competitor = Meaning::Signal(SignalKind::CompetitorNamed);
    let named = written.competitors.iter().map(|name| (competitor, name, 90));
    let deep = written.glossary.iter().map(|word| (Meaning::Grammar(Grammar::Deep), word, 50));
    for (meaning, name, strength) in named.chain(deep) {
        let stems = stems_of(tongue, name);
        if stems.is_empty() {
            continue;
        }
        making.group(Spoken {
            meaning,
            strength,
            about: name.clone(),
            by: By::Anyone,
            needs: Needs::Nothing,
            beside: None,
            unless: None,
            negated: Negated::Same,
            told: Told::Counts,
        });
        making.phrase(&[Element::OneOf(vec![stems.join(" ")])]).expect("a name that has a stem is a phrase");
    }
}

/// A phrase in its elements, once for each choice of what may be left out.
fn elements(
    tongue: &Tongue,
    classes: &BTreeMap<&str, Vec<String>>,
    phrase: &Spanned<String>,
) -> Result<Vec<Vec<Element>>, Wrong> {
    let mut all: Vec<Vec<Element>> = vec![Vec::new()];
    let mut run: Vec<&str> = Vec::new();
    for word in phrase.get_ref().split_whitespace().chain([""]) {
        let (bare, optional) = word.strip_suffix('?').map_or((word, false), |bare| (bare, true));
        let special = matches!(bare, "" | "^" | "$" | "#" | "…" | "...")
            || bare.starts_with(['<', '*'])
            || bare.contains('|')
            || optional;
        if !special {
            run.push(word);
            continue;
        }
        for stem in stems_of(tongue, &run.join(" ")) {
            for row in &mut all {
                row.push(Element::OneOf(vec![stem.clone()]));
            }
        }
        run.clear();
        if bare.is_empty() {
            continue;
        }
        let is_filler = |choice: &str| {
            !choice.starts_with(['<', '*', '#', '^', '$', '…', '.'])
                && stems_of(tongue, &choice.replace('_', " ")).is_empty()
        };
        if bare.split('|').all(is_filler) {
            // A filler may always stand there.
            continue;
        }
        // "it|the|a": where a filler is enough, nothing is.
        let optional = optional || bare.split('|').any(is_filler);
        let element = element(tongue, classes, bare).map_err(|what| Wrong::new(phrase, what))?;
        let mut with = all.clone();
        for row in &mut with {
            row.push(element.clone());
        }
        if optional {
            all.extend(with);
        } else {
            all = with;
        }
        if all.len() > MOST_CHOICES {
            return Err(Wrong::new(phrase, "more than five things may be left out: write two phrases"));
        }
    }
    Ok(all)
}

fn element(tongue: &Tongue, classes: &BTreeMap<&str, Vec<String>>, word: &str) -> Result<Element, String> {
    Ok(match word {
        "^" => Element::First,
        "$" => Element::Last,
        "#" => Element::Number,
        "…" | "..." => Element::Room,
        "*" => Element::Any(1),
        _ if word.starts_with('*') => {
            let many = word[1..].parse().ok().filter(|many| (1..=9).contains(many));
            Element::Any(many.ok_or("write * for any word, *3 for up to three")?)
        }
        _ => {
            let mut stems: Vec<String> = Vec::new();
            for choice in word.split('|') {
                if let Some(class) = choice.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
                    let words = classes.get(class).ok_or_else(|| format!("no class is called <{class}>"))?;
                    stems.extend(words.iter().cloned());
                } else {
                    stems.push(stems_of(tongue, &choice.replace('_', " ")).join(" "));
                }
            }
            stems.retain(|stem| !stem.is_empty());
            stems.sort();
            stems.dedup();
            if stems.is_empty() {
                return Err(format!("{word:?} has no word in it that is looked for"));
            }
            Element::OneOf(stems)
        }
    })
}

fn stems_of(tongue: &Tongue, words: &str) -> Vec<String> {
    let text = Text::read(tongue, words);
    (0..text.len()).map(|place| text.stem(place).to_owned()).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

static SHIPPED: LazyLock<Arc<Lexicon>> = LazyLock::new(|| {
    let mut lexicon = Lexicon::none();
    for file in FILES {
        lexicon = lexicon.and(file).expect("the shipped phrases are right: a test reads them");
    }
    Arc::new(lexicon)
});

/// The files that ship; the first one's language is taken for any that is not known.
const FILES: [&str; 2] = [include_str!("phrases/en.toml"), include_str!("phrases/de.toml")];

/// The language of a file that names none.
const FIRST: &str = "en";

/// The largest file of phrases: many times what ships.
const LARGEST: usize = 1 << 20;

/// Classes stand in classes that stand in classes, and no deeper.
const DEEPEST_CLASS: usize = 4;

/// An entry of a class says so many things at most.
const MOST_WAYS: usize = 8_000;

/// Five things that may be left out of a phrase make so many phrases of it.
const MOST_CHOICES: usize = 32;
