//! Signals, reasons and evidence in the words of whoever reads them.

use crate::conversation::{Note, Signal, SignalKind, Speaker, Turn};
use crate::escalation::{Answer, Evidence, VoiceReadings};
use crate::time::CallTime;

/// What a piece of evidence says: "at 02:14 the prospect said "…": asked about a contract, +60".
pub fn evidence(evidence: &Evidence, turns: &[Turn]) -> String {
    let Evidence { signal, weighed } = evidence;
    let turn = signal.turn.and_then(|number| turns.iter().find(|turn| turn.number == number));
    // A signal that stands in a turn tells whose it is, also where the turn itself is not at hand.
    let by = turn.map(|turn| turn.by).or_else(|| signal.turn.map(|_| speaker(signal.kind)));
    let words = match turn {
        Some(turn) if signal.words.is_empty() => &turn.words,
        _ => &signal.words,
    };
    let source = match (by, words.as_str()) {
        // What was not answered stands in an earlier turn.
        (Some(_), words) if signal.kind == SignalKind::Unanswered && !words.is_empty() => {
            format!("\"{}\" {}", shortened(words), says(signal.kind))
        }
        (Some(by), words) if !words.is_empty() => {
            format!("the {} said \"{}\": {}", by.word(), shortened(words), says(signal.kind))
        }
        (Some(by), _) => format!("the {} {}", by.word(), says(signal.kind)),
        (None, _) if is_voice(signal.kind) => format!("the voice {}", says(signal.kind)),
        (None, _) if signal.kind == SignalKind::KnownAccount => {
            "the account is known as important".to_owned()
        }
        (None, _) => format!("noted: {}", says(signal.kind)),
    };
    let about =
        if signal.about.is_empty() { String::new() } else { format!(" ({})", one_line(&signal.about)) };
    format!("at {} {source}{about}, {weighed:+}", clock(signal.at))
}

/// A signal in short: its kind, what it is about, and how clear it is.
pub fn signal(signal: &Signal) -> String {
    let about =
        if signal.about.is_empty() { String::new() } else { format!(" ({})", one_line(&signal.about)) };
    format!("{}{about} {}", signal.kind.word(), signal.strength)
}

/// What somebody did by saying it.
pub fn says(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::AskedForPerson => "asked for a person",
        SignalKind::WantsNoPerson => "needs no person",
        SignalKind::NeverMind => "took it back",
        SignalKind::SaidYes => "said yes",
        SignalKind::SaidNo => "said no",
        SignalKind::Questioned => "asked something",
        SignalKind::AskedAgain => "asked it again",
        SignalKind::Unanswered => "was not answered",
        SignalKind::MultiPart => "asked several things at once",
        SignalKind::Deep => "went deep into technical matters",
        SignalKind::OffKnowledge => "asked what the assistant was never taught",
        SignalKind::AssistantFellBack => "fell back: it did not understand, or said nothing of use",
        SignalKind::AssistantRepeated => "said the same again",
        SignalKind::AssistantUnsure => "was not sure",
        SignalKind::RepeatedSelf => "said it again",
        SignalKind::Negotiates => "wants other terms",
        SignalKind::ContractAsked => "asked about a contract",
        SignalKind::LegalAsked => "asked what a lawyer must answer",
        SignalKind::SecurityAsked => "asked for a security review",
        SignalKind::ProcurementAsked => "asked about purchasing",
        SignalKind::Complained => "complained",
        SignalKind::WantsToCancel => "wants to cancel",
        SignalKind::SensitiveSaid => "said what should not be said here",
        SignalKind::ExceptionAsked => "asked for an exception",
        SignalKind::PricingAsked => "asked what it costs",
        SignalKind::BuyingQuestion => "asked what one asks before buying",
        SignalKind::CustomNeed => "needs something special",
        SignalKind::BuyingIntent => "wants to buy or to start",
        SignalKind::MeetingWanted => "wants a demo or a meeting",
        SignalKind::CompetitorNamed => "named a competitor",
        SignalKind::Pleased => "is pleased",
        SignalKind::KnownAccount => "is known as important",
        SignalKind::LargeSize => "is large",
        SignalKind::Urgent => "is in a hurry",
        SignalKind::Decides => "decides, or sits with those who do",
        SignalKind::AnnoyedMildly => "is a little cross",
        SignalKind::AnnoyedStrongly => "is angry",
        SignalKind::Wavered => "wavers",
        SignalKind::Objected => "has something against it",
        SignalKind::NotNow => "wants it, and not now",
        SignalKind::Thanked => "gave thanks",
        SignalKind::Goodbye => "said goodbye",
        SignalKind::Vague => "left open what they want",
        SignalKind::MixedNeeds => "mixed several needs",
        SignalKind::VoiceActivated => "is excited",
        SignalKind::VoiceFrustrated => "and the timing speak of frustration",
        SignalKind::VoiceHesitant => "and the timing speak of hesitation",
        SignalKind::VoiceInterested => "and the timing speak of interest",
    }
}

/// Whose turns tell this.
fn speaker(kind: SignalKind) -> Speaker {
    use SignalKind::{AssistantFellBack, AssistantRepeated, AssistantUnsure};
    if [AssistantFellBack, AssistantRepeated, AssistantUnsure].contains(&kind) {
        Speaker::Assistant
    } else {
        Speaker::Prospect
    }
}

fn is_voice(kind: SignalKind) -> bool {
    use SignalKind::{VoiceActivated, VoiceFrustrated, VoiceHesitant, VoiceInterested};
    [VoiceActivated, VoiceFrustrated, VoiceHesitant, VoiceInterested].contains(&kind)
}

/// How the voice was.
pub fn voice(shown: VoiceReadings) -> String {
    let named = [
        ("activation", shown.activation),
        ("frustration", shown.frustration),
        ("interest", shown.interest),
        ("hesitation", shown.hesitation),
    ];
    let read: Vec<String> = named
        .iter()
        .filter_map(|(name, reading)| {
            reading.map(|reading| format!("{name} {} (sure {})", reading.value, reading.confidence))
        })
        .collect();
    if read.is_empty() {
        "the voice shows nothing".to_owned()
    } else {
        format!("the voice: {}", read.join(", "))
    }
}

/// What the assistant noted.
pub fn note(note: &Note) -> String {
    match note {
        Note::FellBack => "the assistant says that it fell back".to_owned(),
        Note::Unanswered => "the assistant says that it could not answer".to_owned(),
        Note::Unsure(None) => "the assistant says that it is not sure".to_owned(),
        Note::Unsure(Some(sure)) => format!("the assistant says that it is not sure ({sure} of 100)"),
        Note::Fact(name, value) => format!("the assistant notes {}: {}", name.word(), one_line(value)),
    }
}

/// What became of an offer.
pub fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Agreed => "the prospect agreed to a person",
        Answer::Refused => "the prospect refused a person",
        Answer::NoAnswer => "the offer of a person was not answered",
        Answer::CalledOff => "the wish for a person was called off",
    }
}

/// Minutes and tenths of seconds.
pub fn clock(at: CallTime) -> String {
    let tenths = at.as_micros() / 100_000;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// What a terminal can show on one line, whatever somebody said.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() || is_turning(c) { '\u{fffd}' } else { c };
    text.replace(['\n', '\r', '\t'], " ").chars().map(shown).collect()
}

/// Marks that turn the direction of what stands around them.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn shortened(words: &str) -> String {
    let line = one_line(words);
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Letters of a quotation: enough to find it again in the transcript.
const QUOTED: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Source, Wording};

    fn turn(words: &str) -> Turn {
        Turn {
            number: 4,
            by: Speaker::Prospect,
            from: CallTime::from_millis(130_000),
            until: CallTime::from_millis(134_000),
            words: words.to_owned(),
            confidence: None,
            wording: Wording::Final,
            source: Source::Script,
        }
    }

    fn stands_on(kind: SignalKind, turn: Option<u32>, words: &str, about: &str) -> Evidence {
        let signal = Signal {
            kind,
            strength: 100,
            at: CallTime::from_millis(134_000),
            turn,
            words: words.to_owned(),
            about: about.to_owned(),
        };
        Evidence { signal, weighed: 60 }
    }

    #[test]
    fn evidence_reads_as_somebody_would_tell_it() {
        let turns = [turn("well what about the contract then")];
        let contract = stands_on(SignalKind::ContractAsked, Some(4), "what about the contract", "contract");
        assert_eq!(
            evidence(&contract, &turns),
            "at 02:14.0 the prospect said \"what about the contract\": asked about a contract (contract), +60"
        );
        // The same where only the signal is at hand.
        assert_eq!(evidence(&contract, &[]), evidence(&contract, &turns));
        let again = stands_on(SignalKind::AssistantRepeated, Some(5), "as i said", "");
        assert!(evidence(&again, &[]).contains("the assistant said \"as i said\": said the same again"));
        let voice = stands_on(SignalKind::VoiceFrustrated, None, "", "");
        assert_eq!(evidence(&voice, &turns), "at 02:14.0 the voice and the timing speak of frustration, +60");
        let noted = stands_on(SignalKind::AssistantFellBack, None, "", "");
        assert!(evidence(&noted, &turns).contains("noted: fell back"));
        // Words that were taken out since.
        assert!(
            evidence(&stands_on(SignalKind::Urgent, Some(4), "", ""), &[turn("")])
                .contains("the prospect is in a hurry")
        );
    }

    #[test]
    fn nothing_that_was_said_moves_a_terminals_cursor() {
        assert_eq!(one_line("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb c\u{fffd}d");
        assert_eq!(shortened(&"é".repeat(200)).chars().count(), QUOTED + 1);
    }
}
