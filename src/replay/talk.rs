//! Reads conversations that were written down by hand: who said what when, and which decisions are right
//! (`fixtures/conversations/README.md` says how such a file reads).

use crate::conversation::{Account, Context, Direction, FactName, Note, Source, Speaker, Turn, Wording};
use crate::escalation::{Answer, Reading, Reason, Urgency, VoiceReadings};
use crate::time::CallTime;

/// A conversation, and what is right to decide in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// What it is about.
    pub title: String,
    /// What is known before the first word.
    pub context: Context,
    /// The decisions that are right, in order.
    pub expected: Vec<Expected>,
    /// What happens, in order.
    pub lines: Vec<Line>,
}

/// A decision that is right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Expected {
    /// Each of these is as right as the other.
    pub reasons: Vec<Reason>,
    /// How soon.
    pub urgency: Urgency,
    /// The first turn that justifies it.
    pub at: u32,
}

/// Something that happens in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Somebody says something.
    Said(Turn),
    /// Something beside the words.
    Beside(CallTime, Beside),
}

/// Something beside the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// What the voice shows.
    Voice(VoiceReadings),
    /// What the assistant notes.
    Noted(Note),
    /// What became of the offer of a person.
    Answered(Answer),
}

/// Why a file is no conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadTalk {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl std::str::FromStr for Talk {
    type Err = BadTalk;

    fn from_str(text: &str) -> Result<Self, BadTalk> {
        if text.len() > LONGEST {
            return Err(BadTalk { line: 1, what: format!("longer than {LONGEST} bytes") });
        }
        let mut talk = Self::default();
        let mut before = CallTime::ZERO;
        let mut said_nothing_is_right = false;
        for (n, line) in text.lines().enumerate() {
            let bad = |what: String| BadTalk { line: n + 1, what };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let first = line.split_whitespace().next().unwrap_or_default();
            if first.starts_with(|c: char| c.is_ascii_digit()) {
                let read = talk.line(first, line[first.len()..].trim_start()).map_err(bad)?;
                let from = match &read {
                    Line::Said(turn) => turn.from,
                    Line::Beside(at, _) => *at,
                };
                if from + OVERLAP < before {
                    return Err(bad(format!("begins at {from}, long before the line above it")));
                }
                before = from;
                talk.lines.push(read);
            } else {
                let (key, value) =
                    line.split_once(':').ok_or_else(|| bad("neither a head nor a time".to_owned()))?;
                if !talk.lines.is_empty() {
                    return Err(bad("the head stands above the first turn".to_owned()));
                }
                said_nothing_is_right |= (key, value.trim()) == ("expect", "nothing");
                talk.head(key, value.trim()).map_err(bad)?;
            }
        }
        if said_nothing_is_right != talk.expected.is_empty() {
            return Err(BadTalk {
                line: 1,
                what: "says neither what is right to decide nor that nothing is".to_owned(),
            });
        }
        let last = talk.turns().last().map_or(0, |turn| turn.number);
        if let Some(beyond) = talk.expected.iter().find(|expected| expected.at > last) {
            let what = format!("expects something at turn {}, and has {last}", beyond.at);
            return Err(BadTalk { line: 1, what });
        }
        Ok(talk)
    }
}

impl Talk {
    /// What was said.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.lines.iter().filter_map(|line| match line {
            Line::Said(turn) => Some(turn),
            Line::Beside(..) => None,
        })
    }

    /// The last turn at which a decision that is right from this one on is not late.
    pub fn last_in_time(&self, at: u32) -> u32 {
        let next = self.turns().find(|turn| turn.number > at && turn.by == Speaker::Prospect);
        next.map_or(u32::MAX, |turn| turn.number)
    }

    fn head(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "title" => value.clone_into(&mut self.title),
            "language" => value.clone_into(&mut self.context.language),
            "direction" => {
                self.context.direction = match value {
                    "inbound" => Direction::Inbound,
                    "outbound" => Direction::Outbound,
                    other => return Err(format!("direction is inbound or outbound, not {other:?}")),
                }
            }
            "account" => self.context.account = account(value)?,
            "expect" if value == "nothing" => {}
            "expect" => self.expected.push(expected(value)?),
            other => return Err(format!("a head has no {other:?}")),
        }
        Ok(())
    }

    fn line(&self, times: &str, rest: &str) -> Result<Line, String> {
        let time = |text: &str| text.parse::<CallTime>().map_err(|error| error.to_string());
        if let Some(beside) = rest.strip_prefix('~') {
            return Ok(Line::Beside(time(times)?, read_beside(beside.trim())?));
        }
        let (from, until) =
            times.split_once('-').ok_or("a turn has a beginning and an end: 0:00.8-0:04.1")?;
        let (from, until) = (time(from)?, time(until)?);
        if until < from {
            return Err("ends before it begins".to_owned());
        }
        let (by, rest) = rest.split_once(char::is_whitespace).ok_or("says nothing")?;
        let by = Speaker::ALL.into_iter().find(|speaker| speaker.word() == by);
        let by = by.ok_or("a turn is the prospect's, the assistant's or the rep's")?;
        let rest = rest.trim_start();
        let surely = rest
            .split_once(char::is_whitespace)
            .and_then(|(first, words)| Some((hundredths(first)?, words.trim())));
        let (confidence, words) =
            surely.map_or((None, rest), |(confidence, words)| (Some(confidence), words));
        let number = u32::try_from(self.turns().count() + 1).map_err(|error| error.to_string())?;
        let (wording, source, words) = (Wording::Final, Source::Script, words.to_owned());
        Ok(Line::Said(Turn { number, by, from, until, words, confidence, wording, source }))
    }
}

/// `0.86` in hundredths.
fn hundredths(text: &str) -> Option<u8> {
    let (whole, fraction) = text.split_once('.')?;
    let whole: u8 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let fraction: u8 = fraction.parse().ok().filter(|_| fraction.len() == 2)?;
    (whole * 100).checked_add(fraction).filter(|all| *all <= 100)
}

fn account(value: &str) -> Result<Account, String> {
    let mut account = Account::default();
    for pair in value.split_whitespace() {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("{pair:?} is not of the form tier=enterprise"))?;
        match key {
            "tier" => value.clone_into(&mut account.tier),
            "seats" => {
                account.seats = Some(value.parse().map_err(|_| format!("{value:?} is no number of seats"))?);
            }
            "owner" => account.owner = value == "yes",
            "customer" => account.customer = value == "yes",
            "campaign" => value.clone_into(&mut account.campaign),
            "reason" => value.clone_into(&mut account.reason),
            // Whatever else an account system knows.
            _else => {}
        }
    }
    Ok(account)
}

fn expected(value: &str) -> Result<Expected, String> {
    let form = "an expectation reads: REASON, URGENCY, at TURN";
    let mut parts = value.split(',').map(str::trim);
    let (Some(reasons), Some(urgency), Some(at), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(form.to_owned());
    };
    let reason = |word: &str| named(word).ok_or_else(|| format!("there is no reason {word:?}"));
    let reasons = reasons.split(" or ").map(|word| reason(word.trim())).collect::<Result<_, _>>()?;
    let urgency = named(urgency).ok_or_else(|| format!("there is no urgency {urgency:?}"))?;
    let at = at.strip_prefix("at ").and_then(|turn| turn.trim().parse().ok()).ok_or(form)?;
    Ok(Expected { reasons, urgency, at })
}

fn read_beside(text: &str) -> Result<Beside, String> {
    let (what, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Ok(match what {
        "mood" => Beside::Voice(mood(rest)?),
        "fallback" => Beside::Noted(Note::FellBack),
        "unanswered" => Beside::Noted(Note::Unanswered),
        "low-confidence" => Beside::Noted(Note::Unsure(None)),
        "fact" => {
            let (name, value) = rest.trim().split_once('=').ok_or("a fact reads: fact company-size=250")?;
            Beside::Noted(fact(name, value))
        }
        "refused" => Beside::Answered(Answer::Refused),
        "agreed" => Beside::Answered(Answer::Agreed),
        "no-answer" => Beside::Answered(Answer::NoAnswer),
        other => return Err(format!("nothing beside the words is called {other:?}")),
    })
}

/// What is counted under a name of its own (`sites=41`) is a volume.
fn fact(name: &str, value: &str) -> Note {
    match FactName::ALL.into_iter().find(|fact| fact.word() == name) {
        Some(fact) => Note::Fact(fact, value.to_owned()),
        None => Note::Fact(FactName::Volume, format!("{value} {name}")),
    }
}

fn mood(text: &str) -> Result<VoiceReadings, String> {
    let mut shown = VoiceReadings::default();
    for pair in text.split_whitespace() {
        let form = || format!("{pair:?} is not of the form frustration=70/60");
        let (name, reading) = pair.split_once('=').ok_or_else(form)?;
        let (value, confidence) = reading.split_once('/').ok_or_else(form)?;
        let percent = |text: &str| text.parse::<u8>().ok().filter(|n| *n <= 100).ok_or_else(form);
        let reading = Some(Reading { value: percent(value)?, confidence: percent(confidence)? });
        match name {
            "activation" => shown.activation = reading,
            "frustration" => shown.frustration = reading,
            "interest" => shown.interest = reading,
            "hesitation" => shown.hesitation = reading,
            other => return Err(format!("no mood is called {other:?}")),
        }
    }
    Ok(shown)
}

/// A reason or an urgency by its name in the settings.
fn named<T: for<'de> serde::Deserialize<'de>>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// An hour of quick talk is a tenth of it.
const LONGEST: usize = 1 << 20;
/// Two may speak at once; a line that begins earlier than the one above it by more is in the wrong place.
const OVERLAP: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "title: A talk\ndirection: outbound\naccount: tier=vip seats=400 crm=x\n\
        expect: loop or complexity, normal, at 2\n# why\n\n0:00.8-0:04.1  assistant       Hi there\n\
        0:04.9-0:09.0  prospect  0.86  yeah 1.5 of it\n0:12.0         ~               mood frustration=70/60\n\
        0:13.0 ~ fact company-size=250\n0:14.0 ~ refused\n1:31.2-1:33.0  prospect bye\n";

    #[test]
    fn a_conversation_reads_as_it_was_written() {
        let talk: Talk = GOOD.parse().unwrap();
        assert_eq!(talk.context.direction, Direction::Outbound);
        assert_eq!((talk.context.account.tier.as_str(), talk.context.account.seats), ("vip", Some(400)));
        assert_eq!(talk.expected[0].reasons, [Reason::Loop, Reason::Complexity]);
        assert_eq!((talk.expected[0].urgency, talk.expected[0].at), (Urgency::Normal, 2));
        let turns: Vec<&Turn> = talk.turns().collect();
        assert_eq!(turns.iter().map(|turn| turn.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((turns[1].confidence, turns[1].words.as_str()), (Some(86), "yeah 1.5 of it"));
        assert_eq!((turns[0].confidence, turns[2].words.as_str()), (None, "bye"));
        assert_eq!(talk.lines.len(), 6);
        assert_eq!((talk.last_in_time(1), talk.last_in_time(2), talk.last_in_time(3)), (2, 3, u32::MAX));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |from: &str, to: &str| GOOD.replacen(from, to, 1).parse::<Talk>().unwrap_err().to_string();
        assert_eq!(
            said("outbound", "sideways"),
            "line 2: direction is inbound or outbound, not \"sideways\""
        );
        assert_eq!(said("loop or", "lop or"), "line 4: there is no reason \"lop\"");
        assert_eq!(said("at 2", "at two"), "line 4: an expectation reads: REASON, URGENCY, at TURN");
        assert!(said("at 2", "at 9").contains("expects something at turn 9, and has 3"));
        assert!(said("expect: loop or complexity, normal, at 2\n", "").contains("neither what is right"));
        assert!(said("assistant", "robot").starts_with("line 7: a turn is"));
        assert_eq!(said("0:00.8-0:04.1", "0:04.1-0:00.8"), "line 7: ends before it begins");
        assert!(said("70/60", "700/60").contains("frustration=70/60"));
        assert!(said("1:31.2-1:33.0", "0:01.2-0:02.0").contains("line 12: begins at 00:01.200, long before"));
        assert!(said("refused", "shrugged").contains("\"shrugged\""));
        assert!("\u{0}\u{feff}x".parse::<Talk>().is_err());
        assert!("x".repeat(2 << 20).parse::<Talk>().is_err());
    }
}
