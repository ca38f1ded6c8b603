//! What is to be said of the files that the settings name, before a call has to find out.

use std::path::Path;

use baton::config::Config;
use baton::config::check::{Problem, Weight};
use baton::live::house_voice::HouseVoice;

/// Everything to be said about them.
pub(crate) fn problems(config: &Config) -> Vec<Problem> {
    let mut problems = clips(config);
    if let Err(error) = config.words.lexicon() {
        problems.push(Problem { weight: Weight::Wrong, key: "words.phrases", words: error.in_short() });
    }
    problems
}

fn clips(config: &Config) -> Vec<Problem> {
    let folder = &config.voice.clips;
    if folder.is_empty() {
        return Vec::new();
    }
    let about = |weight, words| Problem { weight, key: "voice.clips", words };
    let inside = match HouseVoice::look_into(Path::new(folder)) {
        Ok(inside) => inside,
        Err(error) => return vec![about(Weight::Wrong, format!("cannot be used: {error}"))],
    };
    let mut problems = Vec::new();
    if !inside.missing.is_empty() {
        let words = format!(
            "{folder} has no {}: callers hear the built-in voice there, beside yours",
            inside.missing.join(", ")
        );
        problems.push(about(Weight::Advice, words));
    }
    if !inside.strange.is_empty() {
        let words = format!("{folder} has {}, which nothing plays", inside.strange.join(", "));
        problems.push(about(Weight::Advice, words));
    }
    problems
}
