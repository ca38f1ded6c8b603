//! The words with which a person is offered: helpful, with the reason why a person helps, once, and easy to decline.
//!
//! A plain function of the decision and of what the prospect has said; it claims nothing else. Where the operator has words of
//! their own, those are used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::conversation::{Fact, FactName, Standing};
use crate::escalation::decision::{Decision, Reason, Urgency};

/// The operator's own words, by language and occasion. `{name}` becomes a comma and the prospect's name where they have said it,
/// `{question}` the question to be asked first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnWords(BTreeMap<String, BTreeMap<Occasion, String>>);

/// What the words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// The prospect asked for a person.
    ExplicitRequest,
    /// Only a person may answer for this.
    HumanOnlyTopic,
    /// The prospect is cross.
    Frustration,
    /// The talk goes in circles.
    Loop,
    /// It has gone deeper than the assistant can follow.
    Complexity,
    /// The prospect wants to go on.
    HighInterest,
    /// The prospect is worth a person's time.
    HighValue,
    /// The prospect wavers.
    Hesitation,
    /// They want something outside the rules.
    Exception,
    /// Something is to be asked first.
    AskFirst,
    /// No person in this call: a follow-up is prepared.
    Nurture,
}

/// The words for a decision, in the language of the talk as far as there are words for it, else in English. The second offer in a
/// call is worded differently from the first.
pub fn proposal(decision: &Decision, facts: &[Fact], language: &str, own: &OwnWords) -> String {
    let language = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let language = if language.is_empty() { "en".to_owned() } else { language };
    let occasion = Occasion::of(decision);
    let tongue = Tongue::of(&language);
    let own = own.0.get(&language).and_then(|words| words.get(&occasion)).map(String::as_str);
    let text = own.unwrap_or_else(|| {
        let [first, second] = tongue.words(occasion, known(facts, FactName::Email).is_some());
        if decision.number % 2 == 1 { first } else { second }
    });
    let name = known(facts, FactName::Name).map(|name| format!(", {name}")).unwrap_or_default();
    text.replace("{name}", &name).replace("{question}", tongue.question(decision))
}

impl Occasion {
    fn of(decision: &Decision) -> Self {
        match (decision.urgency, decision.reason) {
            (Urgency::Nurture, _) => Self::Nurture,
            (Urgency::AskFirst, _) => Self::AskFirst,
            (_, Reason::ExplicitRequest) => Self::ExplicitRequest,
            (_, Reason::HumanOnlyTopic) => Self::HumanOnlyTopic,
            (_, Reason::Frustration) => Self::Frustration,
            (_, Reason::Loop) => Self::Loop,
            (_, Reason::Complexity) => Self::Complexity,
            (_, Reason::HighInterest) => Self::HighInterest,
            (_, Reason::HighValue) => Self::HighValue,
            (_, Reason::Hesitation) => Self::Hesitation,
            (_, Reason::Exception) => Self::Exception,
            (_, Reason::Ambiguity | Reason::MissingEvidence) => Self::AskFirst,
        }
    }
}

/// What the prospect has said of themselves, if it is short enough to be said back.
fn known(facts: &[Fact], name: FactName) -> Option<&str> {
    let said = facts.iter().rev().find(|fact| fact.name == name && fact.standing == Standing::Confirmed)?;
    let value = said.value.trim();
    (!value.is_empty() && value.chars().count() <= LONGEST_NAME && !value.contains(['{', '}']))
        .then_some(value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tongue {
    English,
    German,
}

impl Tongue {
    fn of(language: &str) -> Self {
        if language == "de" { Self::German } else { Self::English }
    }

    /// What is asked first: of what is missing, the first that the decision names; else what they want most.
    fn question(self, decision: &Decision) -> &'static str {
        let fact = decision
            .open_questions
            .iter()
            .find_map(|open| FactName::ALL.into_iter().find(|fact| fact.word() == open.as_str()));
        match (self, fact) {
            (Self::English, Some(FactName::CompanySize)) => "roughly how many people would be using it?",
            (Self::English, Some(FactName::Role)) => "what is your own part in this?",
            (Self::English, Some(FactName::UseCase)) => "what would you want it to do for you first?",
            (Self::English, Some(FactName::Timeline)) => "when would you like to have it running?",
            (Self::English, Some(FactName::Budget)) => "is there a budget that it has to fit into?",
            (Self::English, Some(FactName::Volume)) => "how much of it would there be in a month?",
            (Self::English, Some(FactName::Tools)) => "what do you use for it today?",
            (Self::English, Some(FactName::Company)) => "which company is it for?",
            (Self::English, _) => "what should be different first, once it works the way you want?",
            (Self::German, Some(FactName::CompanySize)) => "wie viele Leute würden ungefähr damit arbeiten?",
            (Self::German, Some(FactName::Role)) => "was ist Ihre eigene Aufgabe dabei?",
            (Self::German, Some(FactName::UseCase)) => "was soll es für Sie als Erstes tun?",
            (Self::German, Some(FactName::Timeline)) => "wann soll es laufen?",
            (Self::German, Some(FactName::Budget)) => "gibt es ein Budget, in das es passen muss?",
            (Self::German, Some(FactName::Volume)) => "wie viel davon fällt im Monat an?",
            (Self::German, Some(FactName::Tools)) => "womit machen Sie das heute?",
            (Self::German, Some(FactName::Company)) => "für welche Firma ist es?",
            (Self::German, _) => "was soll als Erstes anders sein, wenn es so läuft, wie Sie es wollen?",
        }
    }

    fn words(self, occasion: Occasion, knows_email: bool) -> [&'static str; 2] {
        match self {
            Self::English => english(occasion, knows_email),
            Self::German => german(occasion, knows_email),
        }
    }
}

fn english(occasion: Occasion, knows_email: bool) -> [&'static str; 2] {
    match occasion {
        Occasion::ExplicitRequest => [
            "Of course{name}. I'm asking who of our people is free, and I'll stay with you until they're here.",
            "Gladly{name}. I'm looking for one of our people for you right now.",
        ],
        Occasion::HumanOnlyTopic => [
            "That's something a colleague of mine can settle with you directly{name}. Shall I bring them in?",
            "A colleague of mine can give you a firm answer on that{name}. Would you like them on the line?",
        ],
        Occasion::Frustration => [
            "I'm sorry{name}, that was tiresome. A colleague of mine can take it from here, and you won't have to say it all \
             again. Shall I bring them in?",
            "You're right{name}. Let me bring in somebody who can sort this out with you. Is that all right?",
        ],
        Occasion::Loop => [
            "We're going round in circles, and that's my doing. A colleague of mine will get you to the point faster. Shall I \
             bring them in?",
            "Somebody from our team can answer that exactly{name}. Would you like them on the line?",
        ],
        Occasion::Complexity => [
            "Those are good questions{name}, and they deserve exact answers. Shall I see whether one of our specialists is free?",
            "One of our specialists can go through that with you point by point{name}. Would you like that?",
        ],
        Occasion::HighInterest => [
            "I'd love to get you going{name}. A colleague of mine can take the next steps with you right now. Would you like that?",
            "A colleague of mine can show you how it would look for you{name}, and answer whatever is left. Shall I bring them in?",
        ],
        Occasion::HighValue => [
            "That deserves a plan of its own{name}. A colleague of mine can make it with you right away. Shall I bring them in?",
            "There's somebody here who can look at the whole of it with you{name}. Would you like them on the line?",
        ],
        Occasion::Hesitation => [
            "It's a fair thing to weigh up{name}. A colleague of mine can go through it with you for a few minutes, and you decide \
             nothing today. Would that help?",
            "Some of this is easier to talk over with a person{name}. Shall I see whether somebody has a moment, with no strings?",
        ],
        Occasion::Exception => [
            "I'd like a colleague to look at that with you{name}: they can say what's possible. Shall I bring them in?",
            "That's worth asking somebody who may decide it{name}. Would you like them on the line?",
        ],
        Occasion::AskFirst => [
            "So that I bring in the right person for you{name}: {question}",
            "One thing, so that this goes the right way{name}: {question}",
        ],
        Occasion::Nurture if knows_email => [
            "Gladly{name}. I'll have something prepared for you, and we'll get in touch when the time is right.",
            "That's no problem at all{name}. You'll get something from us to read, and we'll talk again when it suits you.",
        ],
        Occasion::Nurture => [
            "Gladly{name}. I'll have something prepared for you, and we'll get in touch when the time is right. Which address may \
             it go to?",
            "That's no problem at all{name}. You'll get something from us to read, and we'll talk again when it suits you. Where \
             may it go?",
        ],
    }
}

fn german(occasion: Occasion, knows_email: bool) -> [&'static str; 2] {
    match occasion {
        Occasion::ExplicitRequest => [
            "Sehr gern{name}. Ich schaue, wer von unseren Leuten frei ist, und bleibe so lange bei Ihnen.",
            "Natürlich{name}. Ich hole jemanden von uns für Sie ans Telefon.",
        ],
        Occasion::HumanOnlyTopic => [
            "Das kann jemand aus unserem Team direkt mit Ihnen klären{name}. Soll ich sie dazuholen?",
            "Darauf bekommen Sie von uns eine verbindliche Antwort{name}, von Mensch zu Mensch. Möchten Sie das jetzt gleich?",
        ],
        Occasion::Frustration => [
            "Das tut mir leid{name}, das war mühsam. Jemand aus unserem Team kann es gleich übernehmen, und Sie müssen nichts \
             noch einmal erzählen. Ist Ihnen das recht?",
            "Sie haben recht{name}. Ich hole jemanden dazu, der das mit Ihnen in Ordnung bringt. Einverstanden?",
        ],
        Occasion::Loop => [
            "Wir drehen uns im Kreis, und das liegt an mir. Mit jemandem aus unserem Team kommen Sie schneller ans Ziel. Soll ich \
             fragen, wer frei ist?",
            "Das kann Ihnen jemand von uns genau sagen{name}. Möchten Sie kurz mit einem Menschen sprechen?",
        ],
        Occasion::Complexity => [
            "Das sind gute Fragen{name}, und sie verdienen genaue Antworten. Soll ich schauen, ob jemand aus der Technik frei ist?",
            "Jemand aus der Technik kann das Punkt für Punkt mit Ihnen durchgehen{name}. Möchten Sie das?",
        ],
        Occasion::HighInterest => [
            "Das freut mich{name}. Jemand aus unserem Team kann die nächsten Schritte gleich mit Ihnen machen. Möchten Sie das?",
            "Jemand von uns kann Ihnen zeigen, wie es bei Ihnen aussehen würde{name}. Soll ich fragen, wer frei ist?",
        ],
        Occasion::HighValue => [
            "Das verdient einen eigenen Plan{name}. Jemand aus unserem Team kann ihn gleich mit Ihnen machen. Ist Ihnen das recht?",
            "Bei uns gibt es jemanden, der sich das Ganze mit Ihnen ansieht{name}. Soll ich sie dazuholen?",
        ],
        Occasion::Hesitation => [
            "Das will überlegt sein{name}. Jemand aus unserem Team kann es ein paar Minuten mit Ihnen durchgehen, und Sie \
             entscheiden heute nichts. Würde das helfen?",
            "Manches bespricht sich leichter mit einem Menschen{name}. Soll ich schauen, ob jemand einen Moment hat, ganz \
             unverbindlich?",
        ],
        Occasion::Exception => [
            "Das soll sich jemand aus unserem Team mit Ihnen ansehen{name}: Dort weiß man, was möglich ist. Ist Ihnen das recht?",
            "Das fragen wir am besten jemanden, der es entscheiden darf{name}. Möchten Sie das jetzt gleich?",
        ],
        Occasion::AskFirst => [
            "Damit ich den richtigen Menschen für Sie finde{name}: {question}",
            "Eins noch, damit es gleich in die richtige Richtung geht{name}: {question}",
        ],
        Occasion::Nurture if knows_email => [
            "Gern{name}. Ich lasse Ihnen etwas zusammenstellen, und wir melden uns, wenn die Zeit dafür da ist.",
            "Das ist gar kein Problem{name}. Sie bekommen etwas zum Lesen von uns, und wir sprechen wieder, wenn es Ihnen passt.",
        ],
        Occasion::Nurture => [
            "Gern{name}. Ich lasse Ihnen etwas zusammenstellen, und wir melden uns, wenn die Zeit dafür da ist. Wohin darf es gehen?",
            "Das ist gar kein Problem{name}. Sie bekommen etwas zum Lesen von uns, und wir sprechen wieder, wenn es Ihnen passt. \
             An welche Adresse?",
        ],
    }
}

/// What is said back as a name; longer ones are not names.
const LONGEST_NAME: usize = 40;

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
