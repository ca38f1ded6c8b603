//! What the voice shows, as signals: only where it is clear, and only as strong as it is to be believed.

use crate::conversation::{Signal, SignalKind};
use crate::time::CallTime;

/// One reading of the voice: a value and how far it is to be believed, both in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// From 0 to 100.
    pub value: u8,
    /// From 0 to 100.
    pub confidence: u8,
}

/// What the voice shows at one moment; each: none where there is no evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoiceReadings {
    /// Excited or calm.
    pub activation: Option<Reading>,
    /// Cross.
    pub frustration: Option<Reading>,
    /// Wanting to know more.
    pub interest: Option<Reading>,
    /// Wavering.
    pub hesitation: Option<Reading>,
}

/// The signals in it: one of each kind that was read, at strength 0 where there is too little to go by, so that what was shown
/// before no longer counts.
pub fn voice_signals(at: CallTime, shown: VoiceReadings) -> Vec<Signal> {
    let read = [
        (SignalKind::VoiceActivated, shown.activation),
        (SignalKind::VoiceFrustrated, shown.frustration),
        (SignalKind::VoiceInterested, shown.interest),
        (SignalKind::VoiceHesitant, shown.hesitation),
    ];
    let signal = |(kind, reading): (SignalKind, Option<Reading>)| {
        let strength = strength(reading?);
        Some(Signal { kind, strength, at, turn: None, words: String::new(), about: String::new() })
    };
    read.into_iter().filter_map(signal).collect()
}

fn strength(Reading { value, confidence }: Reading) -> u8 {
    if value < CLEAR || confidence < BELIEVED {
        return 0;
    }
    let believed = u16::from(confidence.min(100)).saturating_mul(100) / SURE;
    u8::try_from(u16::from(value.min(100)) * believed.min(100) / 100).unwrap_or(100)
}

/// Half is what a voice shows that shows nothing.
const CLEAR: u8 = 55;
/// Below this confidence the readings of quite calm people are as high.
const BELIEVED: u8 = 30;
/// From this confidence on a reading counts in full: the ear's own estimates seldom go beyond.
const SURE: u16 = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_counts_only_as_far_as_it_is_to_be_believed() {
        let strength_of = |value, confidence| {
            let shown = VoiceReadings {
                frustration: Some(Reading { value, confidence }),
                ..VoiceReadings::default()
            };
            voice_signals(CallTime::ZERO, shown)[0].strength
        };
        assert_eq!(strength_of(80, 70), 80);
        assert_eq!(strength_of(80, 35), 40);
        assert_eq!(strength_of(95, 20), 0, "a loud van");
        assert_eq!(strength_of(40, 90), 0, "a calm person");
        assert_eq!(strength_of(255, 255), 100);
    }

    #[test]
    fn what_was_not_read_is_not_told() {
        assert_eq!(voice_signals(CallTime::ZERO, VoiceReadings::default()), []);
    }
}
