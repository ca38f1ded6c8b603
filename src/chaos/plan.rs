//! The seeded plan: which calls there are, what their people do, and what goes wrong when. The same seed, the same plan.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::sim::dice::Dice;

use super::Chaos;

/// Everything that is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) calls: Vec<PlannedCall>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedCall {
    /// Counted from 1.
    pub(super) number: u32,
    /// How long after the place became free the prospect dials.
    pub(super) dials_after: Duration,
    /// When the prospect asks for a person, if they do.
    pub(super) asks_at: Option<Duration>,
    /// When the prospect hangs up.
    pub(super) leaves_at: Duration,
    pub(super) faults: Vec<PlannedFault>,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedFault {
    pub(super) moment: Moment,
    /// How long after the moment began.
    pub(super) after: Duration,
    pub(super) fault: Fault,
}

/// Where in a call, as far as it can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// The prospect has dialled: the call is admitted, its stream connects, the assistant is dialled.
    Dialling,
    /// The prospect is with the assistant.
    Talking,
    /// The prospect has asked for a person: one is reserved, and the carrier is told to ring.
    Seeking,
    /// A rep's phone rings.
    Ringing,
    /// A rep has picked up and hears the question.
    Asked,
    /// The rep has said yes and hears the whisper.
    Briefed,
    /// Both hear the introduction.
    Introduced,
    /// They talk.
    Bridged,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The prospect's websocket is reset.
    CutProspect,
    /// The prospect's websocket is closed by the carrier, without a stop.
    CloseProspect,
    /// The rep's websocket is reset.
    CutRep,
    /// Nothing passes on the prospect's leg for so long; then everything at once.
    StallProspect(Duration),
    /// The same on the rep's.
    StallRep(Duration),
    /// The assistant's socket is gone.
    AssistantVanishes,
    /// The assistant reads and says nothing any more.
    AssistantHangs,
    /// The callbacks about this call, and the rep's, come so late, and twice.
    LateCallbacks(Duration),
    /// The gateway is killed with -9, and started again after so long.
    Kill(Duration),
}

impl Plan {
    /// The plan of this seed.
    pub(super) fn of(chaos: &Chaos) -> Self {
        let mut dice = Dice::new(chaos.seed);
        let mut calls: Vec<_> =
            (1..=chaos.calls).map(|number| PlannedCall::rolled(number, chaos.faults, &mut dice)).collect();
        for kill in 0..chaos.kills {
            // Spread over the calls, and over the moments of a handoff in turn.
            let call = (u64::from(kill) * u64::from(chaos.calls) / u64::from(chaos.kills)) as usize;
            let moment = Moment::ALL[(chaos.seed as usize).wrapping_add(kill as usize) % Moment::ALL.len()];
            if moment >= Moment::Seeking && calls[call].asks_at.is_none() {
                calls[call].asks_at = Some(dice.span(&ASKS));
            }
            let after = dice.span(&moment.lasting());
            let fault = Fault::Kill(dice.span(&AWAY));
            calls[call].faults.push(PlannedFault { moment, after, fault });
        }
        Self { calls }
    }
}

impl PlannedCall {
    fn rolled(number: u32, faults: u32, dice: &mut Dice) -> Self {
        let dials_after = dice.span(&(Duration::ZERO..Duration::from_secs(2)));
        let asks_at = dice.happens(ASKERS).then(|| dice.span(&ASKS));
        // Some lose patience while a phone rings.
        let leaves_at = if dice.happens(IMPATIENT) { dice.span(&LEAVES_EARLY) } else { dice.span(&LEAVES) };
        let count = (dice.unit() * f64::from(faults + 1)) as u32;
        let faults = (0..count).map(|_| PlannedFault::rolled(dice)).collect();
        Self { number, dials_after, asks_at, leaves_at, faults }
    }
}

impl PlannedFault {
    fn rolled(dice: &mut Dice) -> Self {
        let fault = match dice.roll() % 8 {
            0 => Fault::CutProspect,
            1 => Fault::CloseProspect,
            2 => Fault::CutRep,
            3 => Fault::StallProspect(dice.span(&STALLS)),
            4 => Fault::StallRep(dice.span(&STALLS)),
            5 => Fault::AssistantVanishes,
            6 => Fault::AssistantHangs,
            _ => Fault::LateCallbacks(dice.span(&LATE)),
        };
        let moments = match fault {
            // There must be a rep's leg.
            Fault::CutRep | Fault::StallRep(_) => &Moment::ALL[4..],
            // Late from the first ring on.
            Fault::LateCallbacks(_) => &Moment::ALL[1..4],
            // There must be a stream, and an assistant.
            _ => &Moment::ALL[1..],
        };
        let moment = moments[(dice.roll() % moments.len() as u64) as usize];
        Self { moment, after: dice.span(&moment.lasting()), fault }
    }
}

impl Moment {
    /// All of them, in the order of a call.
    pub(super) const ALL: [Self; 8] = [
        Self::Dialling,
        Self::Talking,
        Self::Seeking,
        Self::Ringing,
        Self::Asked,
        Self::Briefed,
        Self::Introduced,
        Self::Bridged,
    ];

    /// From when to when it lasts, after the thing that is seen of it: dialling, the prospect's picking up, their key, the
    /// first ring, the rep's picking up, the rep's key. The whisper has 6 s and the introduction as many.
    fn lasting(self) -> Range<Duration> {
        let (from, to) = match self {
            Self::Dialling => (0, 900),
            Self::Talking => (500, 12_000),
            Self::Seeking => (0, 700),
            Self::Ringing => (0, 900),
            Self::Asked => (100, 3_500),
            Self::Briefed => (100, 6_000),
            Self::Introduced => (6_500, 12_000),
            Self::Bridged => (14_000, 20_000),
        };
        Duration::from_millis(from)..Duration::from_millis(to)
    }

    /// Its name in a report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dialling => "dialling",
            Self::Talking => "talking",
            Self::Seeking => "seeking",
            Self::Ringing => "ringing",
            Self::Asked => "asked",
            Self::Briefed => "briefed",
            Self::Introduced => "introduced",
            Self::Bridged => "bridged",
        }
    }
}

impl Fault {
    /// Its kind, for counting.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::CutProspect | Self::CutRep => "cuts",
            Self::CloseProspect => "closes",
            Self::StallProspect(_) | Self::StallRep(_) => "stalls and bursts",
            Self::AssistantVanishes => "assistants gone",
            Self::AssistantHangs => "assistants hung",
            Self::LateCallbacks(_) => "late and doubled callbacks",
            Self::Kill(_) => "kills",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutProspect => f.write_str("the prospect's stream is cut"),
            Self::CloseProspect => f.write_str("the prospect's stream is closed"),
            Self::CutRep => f.write_str("the rep's stream is cut"),
            Self::StallProspect(span) => {
                write!(f, "the prospect's stream stalls for {} ms", span.as_millis())
            }
            Self::StallRep(span) => write!(f, "the rep's stream stalls for {} ms", span.as_millis()),
            Self::AssistantVanishes => f.write_str("the assistant vanishes"),
            Self::AssistantHangs => f.write_str("the assistant hangs"),
            Self::LateCallbacks(span) => {
                write!(f, "callbacks come {} ms late, and twice", span.as_millis())
            }
            Self::Kill(away) => write!(f, "kill -9, started again after {} ms", away.as_millis()),
        }
    }
}

/// Most prospects ask for a person: that is what is to be broken.
const ASKERS: f64 = 0.85;
/// As soon as they have heard whom they talk to.
const ASKS: Range<Duration> = Duration::from_millis(1_500)..Duration::from_millis(5_000);
/// One in eight leaves before a rep can be with them.
const IMPATIENT: f64 = 0.125;
const LEAVES_EARLY: Range<Duration> = Duration::from_secs(6)..Duration::from_secs(14);
/// Long enough for a handoff (some 25 s), what breaks it, and a talk.
const LEAVES: Range<Duration> = Duration::from_secs(38)..Duration::from_secs(55);
/// From a moment that nobody notices to one that everybody does; a line counts as lost after 10 s.
const STALLS: Range<Duration> = Duration::from_millis(200)..Duration::from_millis(2_500);
/// Longer than most of what they report lasts.
const LATE: Range<Duration> = Duration::from_millis(500)..Duration::from_secs(6);
/// The promise is about a restart within five seconds; starting takes some of it.
const AWAY: Range<Duration> = Duration::from_millis(100)..Duration::from_millis(3_500);

#[cfg(test)]
mod tests {
    use super::*;

    fn chaos(seed: u64) -> Chaos {
        Chaos { seed, calls: 40, kills: 32, faults: 2, ..Chaos::default() }
    }

    #[test]
    fn the_same_seed_plans_the_same_calls_and_the_same_faults() {
        assert_eq!(Plan::of(&chaos(7)), Plan::of(&chaos(7)));
        assert_ne!(Plan::of(&chaos(7)), Plan::of(&chaos(8)));
    }

    #[test]
    fn kills_are_as_many_as_asked_for_and_reach_every_moment_and_nearly_every_call() {
        let plan = Plan::of(&chaos(7));
        let kills: Vec<_> = plan
            .calls
            .iter()
            .flat_map(|call| call.faults.iter().map(move |fault| (call, fault)))
            .filter(|(_, fault)| matches!(fault.fault, Fault::Kill(_)))
            .collect();
        assert_eq!(kills.len(), 32);
        for moment in Moment::ALL {
            assert_eq!(kills.iter().filter(|(_, fault)| fault.moment == moment).count(), 4, "{moment:?}");
        }
        assert!(kills.iter().all(|(call, f)| f.moment < Moment::Seeking || call.asks_at.is_some()));
        assert!(kills.windows(2).all(|pair| pair[0].0.number != pair[1].0.number));
    }

    #[test]
    fn a_rep_is_cut_off_only_where_there_is_one() {
        let plan = Plan::of(&chaos(3));
        let mut faults = plan.calls.iter().flat_map(|call| &call.faults);
        assert!(faults.all(|fault| match fault.fault {
            Fault::CutRep | Fault::StallRep(_) => fault.moment >= Moment::Asked,
            _ => true,
        }));
    }
}
