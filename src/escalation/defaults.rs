//! The triggers as they are without touching: what speaks for a person, how much, and why these numbers.
//!
//! All of them fire at 100. A weight of 100 and more says: one clear signal is enough; of 55: two are needed; of 37: three.
//! They were worked out on `fixtures/conversations/seen` only.

use std::collections::BTreeMap;

use crate::conversation::FactName;
use crate::conversation::SignalKind::{
    self, AnnoyedMildly, AnnoyedStrongly, AskedAgain, AskedForPerson, AssistantFellBack, AssistantRepeated,
    AssistantUnsure, BuyingIntent, BuyingQuestion, CompetitorNamed, Complained, ContractAsked, CustomNeed,
    Decides, Deep, ExceptionAsked, KnownAccount, LargeSize, LegalAsked, MeetingWanted, MixedNeeds, MultiPart,
    Negotiates, NeverMind, Objected, OffKnowledge, Pleased, PricingAsked, ProcurementAsked, RepeatedSelf,
    SecurityAsked, SensitiveSaid, Thanked, Unanswered, Urgent, Vague, VoiceActivated, VoiceFrustrated,
    VoiceHesitant, VoiceInterested, WantsNoPerson, WantsToCancel, Wavered,
};
use crate::escalation::decision::{Reason, Urgency};
use crate::escalation::policy::Changes;
use crate::escalation::trigger::Trigger;
use crate::time::Span;

pub(crate) fn triggers() -> BTreeMap<String, Trigger> {
    let all = [
        ("explicit-request", explicit_request()),
        ("human-only-topic", human_only_topic()),
        ("frustration", frustration()),
        ("exception", exception()),
        ("high-value", high_value()),
        ("loop", repetition()),
        ("complexity", complexity()),
        ("hesitation", hesitation()),
        ("high-interest", high_interest()),
        ("buying-questions", buying_questions()),
        ("missing-evidence", missing_evidence()),
        ("ambiguity", ambiguity()),
    ];
    BTreeMap::from(all.map(|(name, trigger)| (name.to_owned(), trigger)))
}

pub(crate) fn inbound() -> Changes {
    Changes::default()
}

/// Whom we ring did not ask for it: it takes more to ask again after a "no".
pub(crate) fn outbound() -> Changes {
    Changes { after_refusal: Some(125), ..Changes::default() }
}

/// One clear request is enough, at any time, and counts before the sentence is finished; it is forgotten soon.
fn explicit_request() -> Trigger {
    Trigger {
        half_life: Span::secs(30),
        on_partial_words: true,
        ..Trigger::plain(
            Reason::ExplicitRequest,
            Urgency::Immediate,
            10,
            &[(AskedForPerson, 150), (WantsNoPerson, -150), (NeverMind, -100)],
        )
    }
}

/// One clear wish that only a person may grant is enough.
fn human_only_topic() -> Trigger {
    Trigger {
        half_life: Span::secs(60),
        ..Trigger::plain(
            Reason::HumanOnlyTopic,
            Urgency::Immediate,
            20,
            &[
                (Negotiates, 145),
                (ContractAsked, 145),
                (LegalAsked, 145),
                (SecurityAsked, 145),
                (ProcurementAsked, 145),
                (Complained, 145),
                (WantsToCancel, 145),
                (SensitiveSaid, 145),
                (WantsNoPerson, -60),
                (NeverMind, -100),
            ],
        )
    }
}

/// Once strongly, twice mildly, or once mildly with a voice that agrees.
fn frustration() -> Trigger {
    Trigger {
        half_life: Span::secs(120),
        ..Trigger::plain(
            Reason::Frustration,
            Urgency::Immediate,
            30,
            &[
                (AnnoyedStrongly, 130),
                (AnnoyedMildly, 82),
                (Complained, 30),
                (WantsToCancel, 30),
                (RepeatedSelf, 20),
                (AskedAgain, 10),
                (AssistantFellBack, 10),
                (VoiceFrustrated, 80),
                (VoiceActivated, 20),
                (Pleased, -40),
                (Thanked, -50),
                (WantsNoPerson, -40),
            ],
        )
    }
}

/// Something outside the rules that may be worth it.
fn exception() -> Trigger {
    Trigger {
        half_life: Span::secs(120),
        ..Trigger::plain(
            Reason::Exception,
            Urgency::Normal,
            40,
            &[
                (ExceptionAsked, 135),
                (CustomNeed, 25),
                (BuyingIntent, 20),
                (LargeSize, 20),
                (WantsNoPerson, -80),
                (NeverMind, -100),
            ],
        )
    }
    .needing(&[ExceptionAsked])
}

/// A known important account shows need, or what they say of size, volume or urgency makes them one.
fn high_value() -> Trigger {
    Trigger {
        half_life: Span::secs(300),
        ..Trigger::plain(
            Reason::HighValue,
            Urgency::Normal,
            50,
            &[
                (KnownAccount, 60),
                (LargeSize, 118),
                (Decides, 15),
                (Urgent, 50),
                (BuyingIntent, 50),
                (MeetingWanted, 40),
                (BuyingQuestion, 25),
                (PricingAsked, 25),
                (CustomNeed, 45),
                (WantsNoPerson, -80),
                (Thanked, -20),
            ],
        )
    }
    .needing(&[KnownAccount, LargeSize])
    .firing_on(&[
        LargeSize,
        Urgent,
        BuyingIntent,
        MeetingWanted,
        BuyingQuestion,
        PricingAsked,
        CustomNeed,
    ])
}

/// The assistant has fallen back or repeated itself twice, or the prospect says the same for the third time.
fn repetition() -> Trigger {
    Trigger {
        half_life: Span::secs(120),
        ..Trigger::plain(
            Reason::Loop,
            Urgency::Normal,
            60,
            &[
                (AssistantFellBack, 70),
                (AssistantRepeated, 64),
                (AskedAgain, 72),
                (RepeatedSelf, 60),
                (Unanswered, 10),
                (VoiceFrustrated, 20),
                (Thanked, -60),
                (Pleased, -40),
                (WantsNoPerson, -60),
            ],
        )
    }
    .over_turns(2)
}

/// Two questions that it could not answer, or one of several deep parts that it meets with generalities.
fn complexity() -> Trigger {
    Trigger {
        half_life: Span::secs(150),
        ..Trigger::plain(
            Reason::Complexity,
            Urgency::Normal,
            70,
            &[
                (Unanswered, 65),
                (AssistantUnsure, 40),
                (OffKnowledge, 35),
                (Deep, 15),
                (MultiPart, 15),
                (AssistantFellBack, 30),
                (Thanked, -60),
                (Pleased, -40),
                (WantsNoPerson, -60),
            ],
        )
    }
    .firing_on(&[Unanswered, AssistantUnsure, AssistantFellBack])
    .over_turns(2)
}

/// Doubts over more than one turn; a voice that agrees makes one turn enough.
fn hesitation() -> Trigger {
    Trigger {
        half_life: Span::secs(150),
        ..Trigger::plain(
            Reason::Hesitation,
            Urgency::Normal,
            80,
            &[
                (Wavered, 82),
                (Objected, 25),
                (VoiceHesitant, 80),
                (CompetitorNamed, 10),
                (WantsNoPerson, -60),
                (Thanked, -20),
                (NeverMind, -40),
            ],
        )
    }
    .needing(&[Wavered])
}

/// They want to go on: to see it, to meet, to buy.
fn high_interest() -> Trigger {
    Trigger {
        half_life: Span::secs(300),
        by_stage: true,
        ..Trigger::plain(
            Reason::HighInterest,
            Urgency::Normal,
            90,
            &[
                (BuyingIntent, 115),
                (MeetingWanted, 150),
                (PricingAsked, 36),
                (BuyingQuestion, 36),
                (CustomNeed, 25),
                (Decides, 5),
                (Urgent, 15),
                (Pleased, 3),
                (CompetitorNamed, 10),
                (VoiceInterested, 25),
                (WantsNoPerson, -80),
                (NeverMind, -60),
                (Objected, -15),
                (Vague, -35),
                (MixedNeeds, -35),
            ],
        )
    }
    .firing_on(&[BuyingIntent, MeetingWanted])
}

/// Three and more questions of the kind that one asks before buying.
fn buying_questions() -> Trigger {
    Trigger {
        half_life: Span::secs(300),
        by_stage: true,
        ..Trigger::plain(
            Reason::HighInterest,
            Urgency::Normal,
            92,
            &[
                (PricingAsked, 60),
                (BuyingQuestion, 60),
                (CustomNeed, 40),
                (BuyingIntent, 40),
                (Urgent, 10),
                (WantsNoPerson, -80),
                (NeverMind, -60),
                (Objected, -15),
                (Vague, -15),
            ],
        )
    }
    .firing_on(&[PricingAsked, BuyingQuestion, CustomNeed])
    .over_turns(3)
}

/// It may be worth a person's time, but nothing that would tell has been said although there was room for it.
fn missing_evidence() -> Trigger {
    Trigger {
        half_life: Span::secs(300),
        prospect_turns: 4,
        facts_missing: 3,
        ..Trigger::plain(
            Reason::MissingEvidence,
            Urgency::AskFirst,
            95,
            &[(Vague, 60), (BuyingIntent, 30), (BuyingQuestion, 15), (MixedNeeds, 20), (WantsNoPerson, -80)],
        )
    }
    .over_turns(3)
}

/// They want something real, but two turns leave open what.
fn ambiguity() -> Trigger {
    Trigger {
        half_life: Span::secs(150),
        unknown: vec![FactName::UseCase],
        ..Trigger::plain(
            Reason::Ambiguity,
            Urgency::AskFirst,
            98,
            &[(Vague, 90), (MixedNeeds, 60), (BuyingIntent, 15), (Thanked, -40), (WantsNoPerson, -80)],
        )
    }
    .over_turns(2)
}

impl Trigger {
    fn needing(self, kinds: &[SignalKind]) -> Self {
        Self { one_of: kinds.to_vec(), ..self }
    }

    fn firing_on(self, kinds: &[SignalKind]) -> Self {
        Self { fires_on: kinds.to_vec(), ..self }
    }

    fn over_turns(self, turns: u32) -> Self {
        Self { different_turns: turns, ..self }
    }
}
