//! What is to be said about where words come from: without any, most reasons for a person are not heard.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::check::Problems;
use crate::conversation::Source;

impl Config {
    pub(super) fn check_words(&self, problems: &mut Problems) {
        let words = &self.words;
        if words.prefer.contains(&Source::Script) {
            problems.wrong("words.prefer", "takes assistant, recogniser, carrier and clips");
        }
        if words.prefer.iter().collect::<BTreeSet<_>>().len() < words.prefer.len() {
            problems.wrong("words.prefer", "names a source twice");
        }
        if !matches!(words.carrier_engine.as_str(), "" | "google" | "deepgram") {
            problems.wrong("words.carrier_engine", "must be google or deepgram, or empty");
        }
        if words.carrier_engine.is_empty() && !words.carrier_model.is_empty() {
            problems
                .wrong("words.carrier_model", "is a model of an engine: set words.carrier_engine as well");
        }
        if words.carrier && words.carrier_language.is_empty() {
            problems
                .wrong("words.carrier_language", "is missing: the language that callers speak, as in en-US");
        }
        if words.sources().is_empty() {
            problems.advice(
                "words",
                "names no source of words: unless the assistant tells its turns, only keys, the assistant's notes and \
                 the voice can ask for a person",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check::Weight;

    fn said(change: impl FnOnce(&mut Config), weight: Weight) -> Vec<&'static str> {
        let mut config = Config::default();
        change(&mut config);
        let problems = config.problems().into_iter().filter(|problem| problem.weight == weight);
        problems.map(|problem| problem.key).filter(|key| key.starts_with("words")).collect()
    }

    #[test]
    fn nonsense_about_words_is_refused_by_its_key() {
        let wrong = |change: fn(&mut Config)| said(change, Weight::Wrong);
        assert_eq!(wrong(|_| {}), Vec::<&str>::new());
        assert_eq!(wrong(|c| c.words.prefer.push(Source::Carrier)), ["words.prefer"]);
        assert_eq!(wrong(|c| c.words.prefer = vec![Source::Script]), ["words.prefer"]);
        assert_eq!(wrong(|c| c.words.carrier_engine = "siri".into()), ["words.carrier_engine"]);
        assert_eq!(wrong(|c| c.words.carrier_model = "nova-3".into()), ["words.carrier_model"]);
        let mute = |c: &mut Config| {
            c.words.carrier = true;
            c.words.carrier_language.clear();
        };
        assert_eq!(wrong(mute), ["words.carrier_language"]);
    }

    #[test]
    fn an_operator_without_a_source_is_told_what_baton_is_blind_to() {
        assert_eq!(said(|_| {}, Weight::Advice), ["words"]);
        assert_eq!(said(|c| c.words.carrier = true, Weight::Advice), Vec::<&str>::new());
    }
}
