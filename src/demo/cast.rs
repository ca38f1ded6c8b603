//! Who plays in the demo, and what they say.

use crate::audio::clip::Clip;
use crate::handoff::Phrase as House;
use crate::live::house_voice::HouseVoice;
use crate::sim::assistant::{AfterLast, AssistantScript};
use crate::sim::carrier::PhoneCall;
use crate::sim::sound::Phrase;

/// The number that the prospect dials.
pub(super) const OUR_NUMBER: &str = "+15550100100";
/// The prospect's.
pub(super) const PROSPECT_NUMBER: &str = "+15550100142";
/// The rep's.
pub(super) const REP_NUMBER: &str = "+15550100101";

/// Everybody's lines.
pub(super) struct Cast {
    voice: HouseVoice,
    hello: Phrase,
    pricing: Phrase,
    company: Phrase,
    noted: Phrase,
    question: Phrase,
    person: Phrase,
    team: Phrase,
    rep_hello: Phrase,
    thanks: Phrase,
    rep_goodbye: Phrase,
}

macro_rules! line {
    ($file:literal, $words:literal) => {
        Phrase::new(
            $words,
            Clip::from_wav(&include_bytes!(concat!("../../fixtures/audio/demo/", $file, ".wav"))[..])
                .expect("the demo's clips are of the right kind: a test reads them"),
        )
    };
}

impl Cast {
    /// The cast with the built-in voices.
    pub(super) fn built_in() -> Self {
        Self {
            voice: HouseVoice::built_in(),
            hello: line!(
                "assistant_hello",
                "Hello, this is the assistant of Example Company. How can I help you today?"
            ),
            pricing: line!(
                "assistant_pricing",
                "Our team plan starts at forty seats, and includes support …"
            ),
            company: line!(
                "assistant_company",
                "Of course. While I look for a colleague, tell me more about your team."
            ),
            noted: line!("assistant_noted", "Thank you, noted."),
            question: line!(
                "prospect_question",
                "Hi. We are forty people in support; what about pricing for larger teams?"
            ),
            person: line!("prospect_person", "Can I please talk to a person about this?"),
            team: line!(
                "prospect_team",
                "We are mostly on the phone, and we need it running before the summer."
            ),
            rep_hello: line!(
                "rep_hello",
                "Hi, this is Sam. I look after larger teams. I heard you are looking at forty seats."
            ),
            thanks: line!("prospect_thanks", "Great, that is what I hoped for. Thank you, goodbye."),
            rep_goodbye: line!("rep_goodbye", "Perfect, I will send the offer this afternoon. Goodbye."),
        }
    }

    /// The assistant: greets, answers, and keeps the prospect company.
    pub(super) fn assistant(&self) -> AssistantScript {
        AssistantScript {
            greeting: Some(self.hello.clone()),
            answers: vec![self.pricing.clone(), self.company.clone(), self.noted.clone()],
            after_last: AfterLast::StaysQuiet,
            ..AssistantScript::default()
        }
    }

    /// What the prospect hears of the assistant, and says then.
    pub(super) fn before_a_person_is_asked_for(&self) -> [(&Phrase, &Phrase); 2] {
        [(&self.hello, &self.question), (&self.pricing, &self.person)]
    }

    /// What the assistant says while a rep is rung.
    pub(super) fn company(&self) -> &Phrase {
        &self.company
    }

    /// What the prospect tells meanwhile.
    pub(super) fn team(&self) -> &Phrase {
        &self.team
    }

    /// What the rep is asked.
    pub(super) fn question_to_rep(&self) -> &Clip {
        self.voice.phrase(House::Offer)
    }

    /// Who says what to whom once they are introduced.
    pub(super) fn talk<'a>(
        &'a self,
        rep: &'a PhoneCall,
        prospect: &'a PhoneCall,
    ) -> [(&'a PhoneCall, &'a PhoneCall, &'a Phrase); 3] {
        [(rep, prospect, &self.rep_hello), (prospect, rep, &self.thanks), (rep, prospect, &self.rep_goodbye)]
    }

    /// What both hear before they talk.
    pub(super) fn introduction(&self) -> &Clip {
        self.voice.phrase(House::Introduction)
    }

    /// What the rep alone hears.
    pub(super) fn private(&self) -> [(&'static str, &Clip); 2] {
        [
            ("the question to the rep", self.voice.phrase(House::Offer)),
            ("the whisper", self.voice.phrase(House::Whisper)),
        ]
    }
}
