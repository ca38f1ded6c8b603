//! What is to be said about where words come from: without any, most reasons for a person are not heard.

use std::collections::BTreeSet;

use crate::config::check::Problems;
use crate::config::{Config, Span, VoiceBy};
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
        if !words.deepgram.key.is_empty() {
            check_far_url("words.deepgram.url", &words.deepgram.url, ["wss", "ws"], problems);
            if !words.deepgram.key.reveal().bytes().all(|letter| letter.is_ascii_graphic()) {
                problems.wrong("words.deepgram.key", "has letters that no key has");
            }
        }
        if words.clips.url.is_empty() && !words.clips.key.is_empty() {
            problems.wrong("words.clips.url", "is missing, and words.clips.key is set");
        }
        if !words.clips.url.is_empty() {
            check_far_url("words.clips.url", &words.clips.url, ["https", "http"], problems);
            if self.ear.voice == VoiceBy::Level {
                let why = "needs ear.voice = \"ear\": by loudness alone no turn is found that could be sent";
                problems.wrong("words.clips.url", why);
            }
            if words.clips.model.is_empty() {
                problems.wrong("words.clips.model", "is missing: the model that is to make words of turns");
            }
            if words.clips.within < Span::secs(1) || words.clips.within > Span::secs(30) {
                problems.wrong("words.clips.within", "must be between 1s and 30s: later words are of no use");
            }
        }
        let llm = &words.llm;
        if llm.url.is_empty() && !llm.key.is_empty() {
            problems.wrong("words.llm.url", "is missing, and words.llm.key is set");
        }
        if !llm.url.is_empty() {
            check_far_url("words.llm.url", &llm.url, ["https", "http"], problems);
            if llm.model.is_empty() {
                problems.wrong("words.llm.model", "is missing: the model that is to be asked");
            }
            if llm.every == 0 || llm.most == 0 {
                problems.wrong(
                    "words.llm.every",
                    "and words.llm.most must be 1 at least, or the model is never asked",
                );
            }
            if llm.within < Span::secs(1) || llm.within > Span::secs(15) {
                problems.wrong("words.llm.within", "must be between 1s and 15s: later answers are of no use");
            }
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

/// What people say goes there: encrypted, or no further than this machine.
fn check_far_url(key: &'static str, text: &str, [safe, plain]: [&str; 2], problems: &mut Problems) {
    match url::Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() => {
            problems.wrong(key, "must hold no password and no fragment: the key has a setting of its own");
        }
        Ok(url) if url.scheme() == safe => {}
        Ok(url) if url.scheme() == plain && is_here(&url) => {}
        Ok(_) | Err(_) => {
            problems.wrong(
                key,
                &format!("must be a URL that begins with {safe}://; {plain}:// on this machine only"),
            );
        }
    }
}

fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
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
        let deepgram = |url: &str, key: &str| {
            let change = |c: &mut Config| {
                c.words.deepgram.url = url.into();
                c.words.deepgram.key = Secret::new(key);
            };
            said(change, Weight::Wrong)
        };
        assert_eq!(deepgram("nonsense", ""), Vec::<&str>::new(), "it is not used");
        assert_eq!(deepgram("ws://127.0.0.1:9/v1/listen", "key"), Vec::<&str>::new());
        for far in ["ws://d.example.com", "https://d.example.com", "wss://a:b@d.example.com", ""] {
            assert_eq!(deepgram(far, "key"), ["words.deepgram.url"], "{far}");
        }
        assert_eq!(deepgram("wss://d.example.com", "a\nb"), ["words.deepgram.key"]);
        let clips = |c: &mut Config| {
            c.words.clips.url = "http://t.example.com/v1".into();
            c.words.clips.model.clear();
            c.words.clips.within = Span::secs(0);
            c.ear.voice = VoiceBy::Level;
        };
        let all = ["words.clips.url", "words.clips.url", "words.clips.model", "words.clips.within"];
        assert_eq!(wrong(clips), all);
        assert_eq!(wrong(|c| c.words.clips.key = Secret::new("key")), ["words.clips.url"]);
        let llm = |c: &mut Config| {
            c.words.llm.url = "https://l.example.com/v1".into();
            c.words.llm.every = 0;
            c.words.llm.within = Span::secs(60);
        };
        assert_eq!(wrong(llm), ["words.llm.model", "words.llm.every", "words.llm.within"]);
    }

    #[test]
    fn an_operator_without_a_source_is_told_what_baton_is_blind_to() {
        assert_eq!(said(|_| {}, Weight::Advice), ["words"]);
        assert_eq!(said(|c| c.words.carrier = true, Weight::Advice), Vec::<&str>::new());
    }
}
