//! A call as a text: who says, presses and does what, and what is expected of Baton (`fixtures/calls/*.toml`).
//!
//! A line with `at` waits for that time of the call; with `after`, so long after the line before; with neither, until the
//! other side has spoken and finished, as polite people do.

use std::time::Duration;

use serde::Deserialize;

use crate::audio::clip::Clip;
use crate::sim::assistant::{AfterLast, AssistantScript, Fault, Planned};
use crate::sim::person::{Answers, Person, Phone, Step};
use crate::sim::sound::{self, Phrase, Pitch};
use crate::time::CallTime;

/// A script as it was written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What the story is, in a sentence.
    #[serde(default)]
    pub title: String,
    /// What the prospect does, in order.
    #[serde(default)]
    pub prospect: Vec<Line>,
    /// What the assistant says, in order: the greeting, then an answer for each of the prospect's turns.
    #[serde(default)]
    pub assistant: Vec<AssistantLine>,
    /// Who may take over.
    #[serde(default)]
    pub rep: Vec<Rep>,
    /// What must come out.
    #[serde(default)]
    pub expect: Expect,
}

/// One thing that a person does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// When, as `00:12.0` since they are connected.
    pub at: Option<String>,
    /// How long after the line before.
    #[serde(default, deserialize_with = "span")]
    pub after: Option<Duration>,
    /// What they say: the name of a clip, or words.
    pub says: Option<String>,
    /// How they say it.
    #[serde(default)]
    pub voice: Voice,
    /// Which keys they press.
    pub presses: Option<String>,
    /// Whether they then hang up.
    #[serde(default)]
    pub hangs_up: bool,
}

/// How somebody speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// As always.
    #[default]
    Calm,
    /// Louder.
    Raised,
}

/// One thing that the assistant says or does wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssistantLine {
    /// What it says: the name of a clip, or words.
    pub says: Option<String>,
    /// What goes wrong: `vanishes`, `closes`, `mute`, `hangs`, `answers no ping`, `stops reading`, `talks
    /// rubbish`.
    pub fault: Option<String>,
    /// How long after its stream began that goes wrong.
    #[serde(default, deserialize_with = "span")]
    pub after: Option<Duration>,
}

/// Somebody who may take over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// Their name, as in the configuration.
    pub name: String,
    /// Their number; one is made up where it is missing.
    pub number: Option<String>,
    /// What they do with an offer: `ignored`, `busy`, `declined after 2s`, `refused after 3s`, `accepted after 4s`,
    /// `voicemail after 8s`.
    pub offers: String,
    /// What they do once they have accepted, in order.
    #[serde(default)]
    pub then: Vec<Line>,
}

/// What must come out; the simulated world judges what was heard, whoever runs it the rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The outcome of the handoff, in the words of the record.
    pub outcome: Option<String>,
    /// The rep who got the call.
    pub to: Option<String>,
    /// The longest time from asking for a person to hearing one.
    #[serde(default, deserialize_with = "span")]
    pub prospect_waited_at_most: Option<Duration>,
    /// The longest time in which the prospect may hear nothing at all.
    #[serde(default, deserialize_with = "span")]
    pub prospect_hears_nothing_for_at_most: Option<Duration>,
    /// Clips or words that the prospect must hear.
    #[serde(default)]
    pub prospect_hears: Vec<String>,
    /// Clips or words that the prospect must never hear.
    #[serde(default)]
    pub prospect_never_hears: Vec<String>,
    /// Clips or words that the rep must hear.
    #[serde(default)]
    pub rep_hears: Vec<String>,
}

/// Why a script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum BadScript {
    /// It is not of the right form.
    #[error("not a script: {0}")]
    Form(#[from] toml::de::Error),
    /// A word in it is not understood.
    #[error("{what} is not understood: {text:?}")]
    Word {
        /// Which kind of word.
        what: &'static str,
        /// The word.
        text: String,
    },
}

/// Everybody of a script, ready to take part.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Who calls.
    pub prospect: Person,
    /// Whose phones can be rung.
    pub reps: Vec<Phone>,
    /// What the assistant says.
    pub assistant: AssistantScript,
}

impl Script {
    /// Reads a script.
    pub fn read(text: &str) -> Result<Self, BadScript> {
        Ok(toml::from_str(text)?)
    }

    /// Hands out the parts; `lookup` knows recorded clips by name, all other words are made speech.
    pub fn cast(&self, lookup: impl Fn(&str) -> Option<Clip>) -> Result<Cast, BadScript> {
        let voices = Voices { lookup: &lookup };
        let mut prospect = Person::new("prospect");
        for line in &self.prospect {
            prospect.steps.extend(voices.steps(line, Pitch::PROSPECT)?);
        }
        let reps = self.rep.iter().enumerate().map(|(n, rep)| voices.rep(n, rep));
        let reps = reps.collect::<Result<_, _>>()?;
        Ok(Cast { prospect, reps, assistant: voices.assistant(&self.assistant)? })
    }

    /// The sound of this name or these words, as the person of this voice would say it.
    pub fn phrase(words: &str, pitch: Pitch, lookup: impl Fn(&str) -> Option<Clip>) -> Phrase {
        lookup(words).map_or_else(|| Phrase::spoken(words, pitch), |clip| Phrase::new(words, clip))
    }
}

struct Voices<'a> {
    lookup: &'a dyn Fn(&str) -> Option<Clip>,
}

impl Voices<'_> {
    fn steps(&self, line: &Line, pitch: Pitch) -> Result<Vec<Step>, BadScript> {
        let mut steps = Vec::new();
        match (&line.at, line.after) {
            (Some(at), _) => {
                let at: CallTime = at.parse().map_err(|_| bad("the time of a line", at))?;
                steps.push(Step::WaitUntil(at.since_start()));
            }
            (None, Some(after)) => steps.push(Step::Wait(after)),
            (None, None) => {
                steps.extend([Step::WaitUntilHears(POLITE_SPEECH), Step::WaitForSilence(POLITE_SILENCE)]);
            }
        }
        if let Some(words) = &line.says {
            let mut phrase = Script::phrase(words, pitch, self.lookup);
            if line.voice == Voice::Raised {
                phrase.clip = sound::louder(&phrase.clip);
            }
            steps.push(Step::Say(phrase));
        }
        for key in line.presses.iter().flat_map(|keys| keys.chars()) {
            if !matches!(key, '0'..='9' | '*' | '#') {
                return Err(bad("a key", &key.to_string()));
            }
            steps.push(Step::Press(key));
        }
        steps.extend(line.hangs_up.then_some(Step::HangUp));
        Ok(steps)
    }

    fn rep(&self, n: usize, rep: &Rep) -> Result<Phone, BadScript> {
        let (word, after) = rep.offers.split_once(" after ").unwrap_or((&rep.offers, "1s"));
        let after =
            humantime::parse_duration(after).map_err(|_| bad("what a rep does with offers", after))?;
        let person = Person::new(&rep.name);
        let listens = Step::WaitUntilHears(POLITE_SPEECH);
        let mut person = match word {
            "ignored" => person.who_answers(Answers::Never),
            "busy" => person.who_answers(Answers::Busy),
            "declined" => person.who_answers(Answers::Declines(after)),
            "refused" => person.then(listens).then(Step::Wait(after)).then(Step::Press('2')),
            "accepted" => person.then(listens).then(Step::Wait(after)).then(Step::Press('1')),
            "voicemail" => {
                let greeting = Script::phrase(VOICEMAIL, Pitch::REP, self.lookup);
                Person::voicemail(&rep.name, after, greeting)
            }
            _ => return Err(bad("what a rep does with offers", &rep.offers)),
        };
        for line in &rep.then {
            person.steps.extend(self.steps(line, Pitch::REP)?);
        }
        let number = rep.number.clone().unwrap_or_else(|| format!("+1415555{:04}", 170 + n));
        Ok(Phone { number, person })
    }

    fn assistant(&self, lines: &[AssistantLine]) -> Result<AssistantScript, BadScript> {
        let says = |line: &AssistantLine| {
            line.says.as_ref().map(|words| Script::phrase(words, Pitch::ASSISTANT, self.lookup))
        };
        let mut phrases = lines.iter().filter_map(says);
        let greeting = phrases.next();
        let mut faults = Vec::new();
        for line in lines {
            if let Some(word) = &line.fault {
                let fault = fault(word).ok_or_else(|| bad("a fault of the assistant", word))?;
                faults.push(Planned { after: line.after.unwrap_or_default(), fault });
            }
        }
        let answers = phrases.collect();
        Ok(AssistantScript {
            greeting,
            answers,
            faults,
            after_last: AfterLast::StaysQuiet,
            ..Default::default()
        })
    }
}

fn fault(word: &str) -> Option<Fault> {
    match word {
        "vanishes" => Some(Fault::Vanishes),
        "closes" => Some(Fault::Closes),
        "mute" => Some(Fault::Mute),
        "hangs" => Some(Fault::Hangs),
        "answers no ping" => Some(Fault::NoPong),
        "stops reading" => Some(Fault::StopsReading),
        "talks rubbish" => Some(Fault::TalksRubbish),
        _ => None,
    }
}

fn bad(what: &'static str, text: &str) -> BadScript {
    BadScript::Word { what, text: text.to_owned() }
}

fn span<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

/// Less is a cough or a click.
const POLITE_SPEECH: Duration = Duration::from_millis(600);
/// Longer than the pauses within a sentence of the recorded clips.
const POLITE_SILENCE: Duration = Duration::from_millis(900);
/// What a voicemail says where no clip has this name.
const VOICEMAIL: &str = "you have reached the voicemail of the person you called, please leave a message";

#[cfg(test)]
mod tests {
    use super::*;

    const LUNCH: &str = r#"
        title = "The second rep takes it. The first is at lunch and never notices."
        [[assistant]]
        says = "hello, how can I help you?"
        [[assistant]]
        says = "of course, one moment"
        [[assistant]]
        fault = "vanishes"
        after = "40s"
        [[prospect]]
        at = "00:12.0"
        says = "this is the third time I'm explaining this"
        voice = "raised"
        [[prospect]]
        after = "2s"
        presses = "0"
        [[prospect]]
        hangs_up = true
        [[rep]]
        name = "rep-1"
        offers = "ignored"
        [[rep]]
        name = "rep-2"
        number = "+14155550199"
        offers = "accepted after 4s"
        [[rep.then]]
        says = "hi, this is Sam"
        [expect]
        outcome = "handed over"
        to = "rep-2"
        prospect_waited_at_most = "40s"
    "#;

    #[test]
    fn a_script_becomes_people_who_do_as_it_says() {
        let script = Script::read(LUNCH).unwrap();
        let known = sound::spoken("recorded", Pitch::REP);
        let clip = known.clone();
        let cast = script.cast(move |name| name.starts_with("hi,").then(|| clip.clone())).unwrap();
        assert_eq!(cast.prospect.steps[0], Step::WaitUntil(Duration::from_secs(12)));
        assert_eq!(
            cast.prospect.steps[2..],
            [
                Step::Wait(Duration::from_secs(2)),
                Step::Press('0'),
                Step::WaitUntilHears(POLITE_SPEECH),
                Step::WaitForSilence(POLITE_SILENCE),
                Step::HangUp,
            ]
        );
        assert_eq!(cast.reps[0].person.answers, Answers::Never);
        assert_eq!(cast.reps[1].number, "+14155550199");
        assert_eq!(cast.reps[1].person.steps[1..3], [Step::Wait(Duration::from_secs(4)), Step::Press('1')]);
        assert_eq!(cast.reps[1].person.steps[5], Step::Say(Phrase::new("hi, this is Sam", known)));
        assert_eq!(&*cast.assistant.greeting.unwrap().name, "hello, how can I help you?");
        assert_eq!((cast.assistant.answers.len(), cast.assistant.faults.len()), (1, 1));
        assert_eq!(script.expect.prospect_waited_at_most, Some(Duration::from_secs(40)));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let cast = |text: &str| Script::read(text).and_then(|script| script.cast(|_| None)).map(|_| ());
        for (text, complaint) in [
            ("[[prospect]]\nsings = \"x\"", "sings"),
            ("[[prospect]]\nat = \"noon\"", "noon"),
            ("[[prospect]]\npresses = \"x\"", "a key"),
            ("[[rep]]\nname = \"r\"\noffers = \"eaten\"", "eaten"),
            ("[[assistant]]\nfault = \"burns\"", "burns"),
        ] {
            let error = cast(text).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
