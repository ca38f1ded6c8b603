//! What a phrase can mean: a signal, a fact, or something that other phrases are judged by.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use crate::conversation::signal::SignalKind;
use crate::conversation::turn::FactName;

/// What a phrase can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This signal.
    Signal(SignalKind),
    /// This fact; its value is what the phrase takes.
    Fact(FactName),
    /// The assistant asks for this fact.
    Asks(FactName),
    /// Something that other phrases are judged by.
    Grammar(Grammar),
    /// What the phrases of one group are judged by, under its number.
    Mark(u32),
}

/// What other phrases are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grammar {
    /// What is never meant: "representative sample".
    NeverIt,
    /// What follows is not so.
    Not,
    /// A "not" that is none: "can't I …".
    NoNot,
    /// From here on it is another clause.
    NewClause,
    /// What follows is told of somebody else.
    ToldOfOthers,
    /// What came before was told of somebody else.
    WasToldOfOthers,
    /// They speak for themselves again.
    BackToSelf,
    /// It is only thought of.
    Hypothetical,
    /// Something is asked of us.
    Request,
    /// A question begins.
    Question,
    /// A question that is none.
    IdleQuestion,
    /// Loud, and glad.
    Joy,
    /// Loud, and not at us.
    NotAtUs,
    /// Yes.
    Yes,
    /// No.
    No,
    /// What was said is put right.
    Correction,
    /// The assistant offers a person.
    Offer,
    /// The assistant answers past the question.
    Evades,
    /// The assistant answers: what begins so meets a question.
    Answers,
    /// A word of the trade.
    Deep,
    /// Who does something: behind it a verb begins no question.
    Subject,
    /// "And", "or": another question may follow.
    Joins,
    /// It was, and is no more; or it is somebody else's.
    NotTheirs,
    /// Something is to begin, to be needed or to end: a date beside it is one of theirs.
    Plans,
    /// What an answer begins with and does not say: "it is", "we are called".
    LeadIn,
    /// A question is not answered: "it depends", "hang on".
    NoAnswer,
}

impl Meaning {
    /// The meaning of this name, where there is one.
    pub(crate) fn of(name: &str) -> Option<Self> {
        if let Some(fact) = name.strip_prefix("fact-") {
            return FactName::ALL.into_iter().find(|known| known.word() == fact).map(Self::Fact);
        }
        if let Some(fact) = name.strip_prefix("asks-") {
            return FactName::ALL.into_iter().find(|known| known.word() == fact).map(Self::Asks);
        }
        let of_words = |kind: &SignalKind| !BY_VOICE.contains(kind);
        let signal = SignalKind::deserialize(IntoDeserializer::<Error>::into_deserializer(name)).ok();
        let grammar = || Grammar::deserialize(IntoDeserializer::<Error>::into_deserializer(name)).ok();
        signal.filter(of_words).map(Self::Signal).or_else(|| grammar().map(Self::Grammar))
    }
}

/// What no words can say.
const BY_VOICE: [SignalKind; 4] = [
    SignalKind::VoiceActivated,
    SignalKind::VoiceFrustrated,
    SignalKind::VoiceHesitant,
    SignalKind::VoiceInterested,
];
