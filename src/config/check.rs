//! What is missing to run, what is wrong, and what should be thought about: said before a call has to find out.

use std::fmt::Write as _;

use serde::Serialize;
use toml::{Table, Value};

use crate::config::load::{FREE_TABLES, Loaded, flat};
use crate::config::{Config, Span, VoiceBy};

/// One thing to say about the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub weight: Weight,
    /// Which key.
    pub key: &'static str,
    /// What is the matter, and what to do.
    pub words: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Baton does not start so.
    Wrong,
    /// Baton runs, and somebody will miss something.
    Advice,
}

impl Config {
    /// Everything to be said about these settings.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems(Vec::new());
        self.check_server(&mut problems);
        self.check_carrier(&mut problems);
        self.check_assistant(&mut problems);
        self.api.check(&mut problems);
        self.check_ear(&mut problems);
        self.check_words(&mut problems);
        self.check_handoff(&mut problems);
        self.check_fallback(&mut problems);
        problems.0.sort_by_key(|problem| problem.weight);
        problems.0
    }

    /// What is to be said where so many files may be open.
    pub fn problems_with(&self, open_files: u64) -> Vec<Problem> {
        let mut problems = Problems(self.problems());
        let needed = self.server.files_needed();
        if open_files < needed {
            let words = format!(
                "of {} need {needed} open files and this process may have {open_files}: raise its limit \
                 (ulimit -Hn {needed}, LimitNOFILE={needed}) or take fewer calls",
                self.server.calls
            );
            problems.advice("server.calls", &words);
        }
        problems.0
    }

    /// Our own origin, without a slash at the end.
    pub fn public_origin(&self) -> String {
        if self.server.public_url.is_empty() {
            format!("http://{}", self.server.listen)
        } else {
            self.server.public_url.trim_end_matches('/').to_owned()
        }
    }

    fn check_server(&self, problems: &mut Problems) {
        let public = &self.server.public_url;
        let loopback = self.server.listen.ip().is_loopback();
        if public.is_empty() {
            if !loopback {
                problems.wrong(
                    "server.public_url",
                    "is missing: set the https:// origin under which the carrier reaches Baton",
                );
            }
        } else {
            match url::Url::parse(public) {
                Ok(url) if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
                    problems.wrong(
                        "server.public_url",
                        "must be an origin such as https://baton.example.com, without a path",
                    );
                }
                Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && loopback) => {}
                Ok(url) if url.scheme() == "http" => {
                    problems.wrong(
                        "server.public_url",
                        "must be https://: the carrier connects streams over wss only",
                    );
                }
                Ok(_) | Err(_) => {
                    problems.wrong("server.public_url", "is no URL such as https://baton.example.com");
                }
            }
        }
        if self.server.calls == 0 {
            problems.wrong("server.calls", "is 0, so no call would be taken");
        }
        let (sockets, calls) = (self.server.sockets, self.server.calls);
        if sockets > 0 && sockets < calls.saturating_mul(2) {
            problems.advice(
                "server.sockets",
                "is less than two for each of server.calls: prospects may be refused before all lines are busy",
            );
        }
        if self.server.operator_keys.is_empty() {
            problems.advice(
                "server.operator_keys",
                "is empty: the control API is open to assistants only, each for its own call",
            );
        }
        if self.server.operator_keys.iter().any(|key| key.reveal().len() < 16) {
            problems
                .wrong("server.operator_keys", "holds a key of less than 16 characters: make longer ones");
        }
        if self.log.level.parse::<tracing::Level>().is_err() {
            problems.wrong("log.level", "must be error, warn, info, debug or trace");
        }
    }

    fn check_fallback(&self, problems: &mut Problems) {
        let fallback = &self.fallback;
        if fallback.number.is_empty() {
            problems.advice(
                "fallback.number",
                "is empty: a prospect whom nobody can carry hears fallback.words and is hung up on",
            );
        }
        if fallback.url.is_empty() {
            problems.advice(
                "fallback.url",
                "is empty: while Baton is down the carrier tells prospects of an error and hangs up; put what \
                 `baton twilio fallback` prints somewhere else, name its URL here, and run `baton twilio setup`",
            );
        } else if fallback.rep_url.is_empty() && !fallback.number.is_empty() {
            problems.advice(
                "fallback.rep_url",
                "is empty: should Baton die, a rep on the phone may be put through to fallback.number, where the \
                 prospect goes; put what `baton twilio fallback --rep` prints somewhere else and name its URL here",
            );
        }
        let own = self.public_origin() + "/";
        for (key, url) in [("fallback.url", &fallback.url), ("fallback.rep_url", &fallback.rep_url)] {
            if url.is_empty() {
                continue;
            }
            check_url(key, url, &["http", "https"], problems);
            if url.starts_with(&own) {
                problems.wrong(key, "leads to Baton itself: it is for when Baton is not there");
            }
        }
    }

    fn check_carrier(&self, problems: &mut Problems) {
        let twilio = &self.carrier.twilio;
        let rest = !self.reps.is_empty();
        if !twilio.validate && !self.server.listen.ip().is_loopback() {
            problems.wrong(
                "carrier.twilio.validate",
                "is false while Baton listens to more than this machine: anybody could make calls",
            );
        }
        if twilio.validate && !twilio.require_sha256 && twilio.auth_token.is_empty() {
            problems.wrong(
                "carrier.twilio.auth_token",
                "is missing: without it no signature of the carrier's can be checked",
            );
        }
        if twilio.validate && twilio.require_sha256 && twilio.shared_keys.is_empty() {
            problems.wrong("carrier.twilio.shared_keys", "is empty while only SHA-256 signatures are taken");
        }
        if twilio.account_sid.is_empty() && (twilio.validate || rest) {
            problems
                .wrong("carrier.twilio.account_sid", "is missing: the account whose calls these are, AC…");
        }
        let digits = twilio.account_sid.strip_prefix("AC").unwrap_or_default();
        let whole = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !twilio.account_sid.is_empty() && !whole {
            problems.wrong(
                "carrier.twilio.account_sid",
                "is no account: it is AC and 32 hexadecimal digits, as the carrier's console shows it",
            );
        }
        if rest && twilio.number.is_empty() {
            problems.wrong(
                "carrier.twilio.number",
                "is missing: the number that reps see when they are rung, +1…",
            );
        }
        if rest && twilio.auth_token.is_empty() && twilio.api_key.is_empty() {
            problems.wrong("carrier.twilio.api_key", "is missing, and so is auth_token: reps cannot be rung");
        }
        if twilio.api_key.is_empty() != twilio.api_secret.is_empty() {
            problems.wrong("carrier.twilio.api_secret", "goes together with api_key: set both or none");
        }
        if !twilio.region.is_empty() && twilio.region != "us1" && twilio.api_key.is_empty() {
            problems.advice(
                "carrier.twilio.region",
                "needs credentials of its own: an api_key made in that region",
            );
        }
        for part in twilio.overrides.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let number: Option<u32> = value.parse().ok();
            let good = match name {
                "rc" => number.is_some_and(|n| n <= 5),
                "ct" | "rt" => number.is_some(),
                "tt" => number.is_some_and(|n| n <= 15_000),
                "rp" | "e" => !value.is_empty(),
                _ => false,
            };
            if !good {
                problems.wrong(
                    "carrier.twilio.overrides",
                    "takes ct, rt, tt (at most 15000 ms), rc (at most 5), rp and e, as in rc=2&ct=2000",
                );
            }
        }
        let name = &twilio.stream_name;
        if name.is_empty()
            || name.len() > 64
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        {
            problems.wrong("carrier.twilio.stream_name", "must be 1 to 64 letters, digits, - or _");
        }
    }

    fn check_assistant(&self, problems: &mut Problems) {
        let assistant = &self.assistant;
        match (assistant.stream_url.as_str(), assistant.webhook_url.as_str()) {
            ("", "") => problems.wrong(
                "assistant.stream_url",
                "is missing, and so is assistant.webhook_url: set one of them to your assistant",
            ),
            ("", webhook) => check_url("assistant.webhook_url", webhook, &["http", "https"], problems),
            (stream, "") => check_url("assistant.stream_url", stream, &["ws", "wss"], problems),
            (_, _) => {
                problems.wrong("assistant.stream_url", "and assistant.webhook_url are both set: keep one");
            }
        }
        if assistant.webhook_within.0.as_secs() >= 14 {
            problems.wrong("assistant.webhook_within", "must stay below 14s: the carrier hangs up after 15s");
        }
        if assistant.message_limit < 65_536 {
            problems.wrong(
                "assistant.message_limit",
                "must be at least 65536 bytes: assistants send whole sentences at once",
            );
        }
        if assistant.ahead_at_carrier > Span::secs(540) {
            problems.wrong(
                "assistant.ahead_at_carrier",
                "must be at most 9m: the carrier throws away what is more than ten minutes ahead",
            );
        }
        for (name, value) in &assistant.parameters {
            if name.len() + value.len() >= 500 {
                problems.wrong(
                    "assistant.parameters",
                    "holds one whose name and value have 500 characters and more",
                );
            }
        }
        let spans = [
            ("assistant.connect", assistant.connect),
            ("assistant.redial_first", assistant.redial_first),
            ("assistant.redial_most", assistant.redial_most),
            ("assistant.give_up", assistant.give_up),
            ("assistant.mute", assistant.mute),
            ("assistant.ping_every", assistant.ping_every),
            ("assistant.ping_answer", assistant.ping_answer),
            ("assistant.slow", assistant.slow),
            ("assistant.ahead_at_carrier", assistant.ahead_at_carrier),
            ("assistant.ahead_here", assistant.ahead_here),
        ];
        not_zero(&spans, problems);
        if assistant.mute_limit <= assistant.mute {
            problems.wrong("assistant.mute_limit", "must be longer than assistant.mute");
        }
    }

    fn check_ear(&self, problems: &mut Problems) {
        let ear = &self.ear;
        if ear.turn_over < Span::millis(500) || ear.turn_over > Span::secs(1) {
            problems.wrong(
                "ear.turn_over",
                "must be between 500ms and 1s: shorter is a pause, longer is a silence",
            );
        }
        if ear.mood && ear.voice == VoiceBy::Level {
            problems.wrong("ear.mood", "needs ear.voice = \"ear\": loudness alone tells nothing of a mood");
        }
        if ear.mood && ear.announcement.is_empty() {
            let words = "is empty while ear.mood is on: make sure that nobody has to be told that their voice is analysed";
            problems.advice("ear.announcement", words);
        }
    }

    fn check_handoff(&self, problems: &mut Problems) {
        let handoff = &self.handoff;
        if !matches!(handoff.key.as_bytes(), [] | [b'0'..=b'9' | b'*' | b'#']) {
            problems.wrong("handoff.key", "must be one of 0-9, * and #, or empty");
        }
        if handoff.ring > Span::secs(600) || handoff.ring < Span::secs(5) {
            problems.wrong("handoff.ring", "must be between 5s and 600s, which is what the carrier takes");
        }
        let spans = [
            ("handoff.seek", handoff.seek),
            ("handoff.accept", handoff.accept),
            ("handoff.join", handoff.join),
            ("handoff.brief", handoff.brief),
            ("handoff.introduction", handoff.introduction),
            ("handoff.search", handoff.search),
            ("handoff.away", handoff.away),
            ("carrier.twilio.line_lost", self.carrier.twilio.line_lost),
        ];
        not_zero(&spans, problems);
        if self.reps.is_empty() {
            problems.advice("reps", "is empty: whoever asks for a person stays with the assistant");
        }
        let mut names = std::collections::BTreeSet::new();
        for rep in &self.reps {
            let good = rep.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if rep.name.is_empty() || rep.name.len() > 63 || !good {
                problems.wrong("reps.name", "must be lower-case letters, digits and dashes");
            }
            if !names.insert(&rep.name) {
                problems.wrong("reps.name", "is there twice: each rep has a name of their own");
            }
            let digits = rep.phone.strip_prefix('+').unwrap_or_default();
            if digits.len() < 8 || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                problems.wrong("reps.phone", "must be written as +15550100123");
            }
        }
    }
}

/// What `baton check` prints.
pub struct Report {
    /// For people.
    pub text: String,
    /// For machines.
    pub json: String,
    /// Whether Baton would start.
    pub ready: bool,
}

/// The settings as they are, with secrets hidden, and what is to be said about them where so many files may be open.
///
/// `in_files` is what is to be said of the files that the settings name.
pub fn report(loaded: &Loaded, open_files: u64, in_files: Vec<Problem>) -> Report {
    let mut problems = loaded.config.problems_with(open_files);
    problems.extend(in_files);
    problems.sort_by_key(|problem| problem.weight);
    let ready = problems.iter().all(|problem| problem.weight != Weight::Wrong);
    let mut text = rendered(loaded);
    text.push('\n');
    for Problem { weight, key, words } in &problems {
        let weight = match weight {
            Weight::Wrong => "wrong ",
            Weight::Advice => "advice",
        };
        let _ = writeln!(text, "{weight}  {key} {words}");
    }
    let verdict =
        if ready { "Baton can run with these settings." } else { "Baton cannot run with these settings." };
    let _ = writeln!(text, "{verdict}");
    let json = serde_json::json!({ "ready": ready, "problems": problems, "settings": hidden(&loaded.config), "sources": loaded.sources });
    Report { text, json: format!("{json:#}\n"), ready }
}

fn rendered(loaded: &Loaded) -> String {
    let table = hidden(&loaded.config);
    let mut text = String::new();
    let mut section = String::new();
    for (key, value) in flat(&table, "") {
        if key == "reps" {
            continue;
        }
        let (in_section, name) = key.rsplit_once('.').unwrap_or(("", &key));
        if in_section != section {
            in_section.clone_into(&mut section);
            let _ = writeln!(text, "{}[{section}]", if text.is_empty() { "" } else { "\n" });
        }
        let source = loaded.sources.get(&key).map(|source| format!("  # from {source}")).unwrap_or_default();
        let _ = writeln!(text, "{name} = {value}{source}");
    }
    for rep in &loaded.config.reps {
        let masked = crate::phone_number::PhoneNumber::new(rep.phone.clone());
        let _ = writeln!(text, "\n[[reps]]\nname = {:?}\nphone = \"{masked}\"", rep.name);
    }
    text
}

/// The settings as a table in which no secret and no whole number of a person's phone can be read.
fn hidden(config: &Config) -> Table {
    let mut table = Table::try_from(config).expect("settings are plain values: they came from a file");
    if let Some(Value::Array(reps)) = table.get_mut("reps") {
        for rep in reps.iter_mut().filter_map(Value::as_table_mut) {
            if let Some(Value::String(phone)) = rep.get_mut("phone") {
                *phone = crate::phone_number::PhoneNumber::new(phone.clone()).to_string();
            }
        }
    }
    debug_assert!(FREE_TABLES.iter().all(|free| flat(&table, "").contains_key(*free)));
    table
}

/// The problems found so far.
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn wrong(&mut self, key: &'static str, words: &str) {
        self.0.push(Problem { weight: Weight::Wrong, key, words: words.to_owned() });
    }

    pub(super) fn advice(&mut self, key: &'static str, words: &str) {
        self.0.push(Problem { weight: Weight::Advice, key, words: words.to_owned() });
    }
}

fn check_url(key: &'static str, text: &str, schemes: &[&str], problems: &mut Problems) {
    match url::Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) => {}
        Ok(_) | Err(_) => {
            problems.wrong(key, &format!("must be a URL that begins with {}://", schemes.join(":// or ")));
        }
    }
}

fn not_zero(spans: &[(&'static str, Span)], problems: &mut Problems) {
    for (key, span) in spans {
        if span.0.is_zero() {
            problems.wrong(key, "is zero, so it would always be too late");
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
