//! One observation that may matter, with its strength and its place.

use serde::{Deserialize, Serialize};

use crate::time::CallTime;

/// One observation that may matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What was observed.
    pub kind: SignalKind,
    /// How clearly, in hundredths.
    pub strength: u8,
    /// When in the call.
    pub at: CallTime,
    /// In which turn; none where no words stand behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// The words that say so, as they were said; empty where none do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// What it is about, in a word or two: a topic, a competitor, a fact; empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// What was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalKind {
    // ── a person is wanted, or not ──
    /// The prospect asks for a person.
    AskedForPerson,
    /// The prospect says that they need none.
    WantsNoPerson,
    /// The prospect takes back what they wanted.
    NeverMind,
    /// The prospect says yes to what they were offered or asked.
    SaidYes,
    /// The prospect says no to it.
    SaidNo,
    // ── how the talk goes ──
    /// The prospect asks something.
    Questioned,
    /// They ask it again, in these words or others.
    AskedAgain,
    /// What they asked has not been answered.
    Unanswered,
    /// They ask several things at once.
    MultiPart,
    /// They go deep into technical matters.
    Deep,
    /// They ask what the assistant was never taught.
    OffKnowledge,
    /// The assistant fell back: it did not understand, or said something empty.
    AssistantFellBack,
    /// The assistant said again what it had said.
    AssistantRepeated,
    /// The assistant is not sure.
    AssistantUnsure,
    /// The prospect says again what they had said.
    RepeatedSelf,
    // ── what only a person may answer for ──
    /// They want other terms: a discount, a better price.
    Negotiates,
    /// They ask about a contract: its terms, its length, its end.
    ContractAsked,
    /// They ask what the law or a lawyer must answer.
    LegalAsked,
    /// They ask for a security review or its papers.
    SecurityAsked,
    /// They ask about their purchasing, our registration as a supplier, an order.
    ProcurementAsked,
    /// They complain formally.
    Complained,
    /// They want to cancel or have money back.
    WantsToCancel,
    /// They say what should not be said here: card numbers, health.
    SensitiveSaid,
    /// They want something outside the rules.
    ExceptionAsked,
    // ── interest ──
    /// They ask what it costs.
    PricingAsked,
    /// They ask about packages, roll-out, suitability, integrations: what one asks before buying.
    BuyingQuestion,
    /// They ask for something special.
    CustomNeed,
    /// They want to buy, or to start.
    BuyingIntent,
    /// They want a demo or a meeting.
    MeetingWanted,
    /// They name a competitor.
    CompetitorNamed,
    /// They are pleased with what they hear.
    Pleased,
    // ── worth ──
    /// They are known to be important.
    KnownAccount,
    /// They are large, or would use a lot of it.
    LargeSize,
    /// It is urgent for them.
    Urgent,
    /// They decide, or sit with those who do.
    Decides,
    // ── feeling, in words ──
    /// They are a little cross.
    AnnoyedMildly,
    /// They are angry.
    AnnoyedStrongly,
    /// They waver.
    Wavered,
    /// They have something against it.
    Objected,
    /// They want it, and not now.
    NotNow,
    /// They thank, and are content.
    Thanked,
    /// They say goodbye.
    Goodbye,
    // ── unclear ──
    /// They want something and do not say what.
    Vague,
    /// They mix several needs.
    MixedNeeds,
    // ── by the voice ──
    /// The voice is excited, whichever way.
    VoiceActivated,
    /// The voice and the timing speak of frustration.
    VoiceFrustrated,
    /// They speak of hesitation.
    VoiceHesitant,
    /// They speak of interest.
    VoiceInterested,
}

impl SignalKind {
    /// Every one.
    pub const ALL: [Self; 48] = [
        Self::AskedForPerson,
        Self::WantsNoPerson,
        Self::NeverMind,
        Self::SaidYes,
        Self::SaidNo,
        Self::Questioned,
        Self::AskedAgain,
        Self::Unanswered,
        Self::MultiPart,
        Self::Deep,
        Self::OffKnowledge,
        Self::AssistantFellBack,
        Self::AssistantRepeated,
        Self::AssistantUnsure,
        Self::RepeatedSelf,
        Self::Negotiates,
        Self::ContractAsked,
        Self::LegalAsked,
        Self::SecurityAsked,
        Self::ProcurementAsked,
        Self::Complained,
        Self::WantsToCancel,
        Self::SensitiveSaid,
        Self::ExceptionAsked,
        Self::PricingAsked,
        Self::BuyingQuestion,
        Self::CustomNeed,
        Self::BuyingIntent,
        Self::MeetingWanted,
        Self::CompetitorNamed,
        Self::Pleased,
        Self::KnownAccount,
        Self::LargeSize,
        Self::Urgent,
        Self::Decides,
        Self::AnnoyedMildly,
        Self::AnnoyedStrongly,
        Self::Wavered,
        Self::Objected,
        Self::NotNow,
        Self::Thanked,
        Self::Goodbye,
        Self::Vague,
        Self::MixedNeeds,
        Self::VoiceActivated,
        Self::VoiceFrustrated,
        Self::VoiceHesitant,
        Self::VoiceInterested,
    ];

    /// In one word, as files, settings and the API write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AskedForPerson => "asked-for-person",
            Self::WantsNoPerson => "wants-no-person",
            Self::NeverMind => "never-mind",
            Self::SaidYes => "said-yes",
            Self::SaidNo => "said-no",
            Self::Questioned => "questioned",
            Self::AskedAgain => "asked-again",
            Self::Unanswered => "unanswered",
            Self::MultiPart => "multi-part",
            Self::Deep => "deep",
            Self::OffKnowledge => "off-knowledge",
            Self::AssistantFellBack => "assistant-fell-back",
            Self::AssistantRepeated => "assistant-repeated",
            Self::AssistantUnsure => "assistant-unsure",
            Self::RepeatedSelf => "repeated-self",
            Self::Negotiates => "negotiates",
            Self::ContractAsked => "contract-asked",
            Self::LegalAsked => "legal-asked",
            Self::SecurityAsked => "security-asked",
            Self::ProcurementAsked => "procurement-asked",
            Self::Complained => "complained",
            Self::WantsToCancel => "wants-to-cancel",
            Self::SensitiveSaid => "sensitive-said",
            Self::ExceptionAsked => "exception-asked",
            Self::PricingAsked => "pricing-asked",
            Self::BuyingQuestion => "buying-question",
            Self::CustomNeed => "custom-need",
            Self::BuyingIntent => "buying-intent",
            Self::MeetingWanted => "meeting-wanted",
            Self::CompetitorNamed => "competitor-named",
            Self::Pleased => "pleased",
            Self::KnownAccount => "known-account",
            Self::LargeSize => "large-size",
            Self::Urgent => "urgent",
            Self::Decides => "decides",
            Self::AnnoyedMildly => "annoyed-mildly",
            Self::AnnoyedStrongly => "annoyed-strongly",
            Self::Wavered => "wavered",
            Self::Objected => "objected",
            Self::NotNow => "not-now",
            Self::Thanked => "thanked",
            Self::Goodbye => "goodbye",
            Self::Vague => "vague",
            Self::MixedNeeds => "mixed-needs",
            Self::VoiceActivated => "voice-activated",
            Self::VoiceFrustrated => "voice-frustrated",
            Self::VoiceHesitant => "voice-hesitant",
            Self::VoiceInterested => "voice-interested",
        }
    }
}
