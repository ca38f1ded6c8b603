//! What a prospect heard across the faults: how long nothing, how the call ended, and whether it came back after a kill.

use std::ops::Range;
use std::time::Duration;

use crate::handoff::Phrase;
use crate::live::house_voice::HouseVoice;
use crate::sim::carrier::{Direction, PhoneCall};
use crate::sim::ear::Ear;
use crate::sim::story::{Happening, What};

use super::people::{APPLICATION_ERROR, CANNOT_TAKE};
use super::plan::Fault;
use super::play::Played;
use super::stage::Outage;

/// How a prospect fared.
#[derive(Clone, Debug, Default)]
pub(super) struct Fared {
    /// The longest stretch of nothing with a gateway that lived, and when it began, since the world did.
    pub(super) nothing: Duration,
    pub(super) nothing_from: Duration,
    /// The longest stretch of nothing that a kill had to do with.
    pub(super) gap: Duration,
    /// What became of the call after each kill that hit it.
    pub(super) after_kills: Vec<AfterKill>,
    pub(super) complaints: Vec<String>,
}

/// What became of a connected prospect whose gateway was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AfterKill {
    /// Their sound was connected to the gateway again.
    CameBack,
    /// They heard the fallback's words.
    FellBack,
    /// They hung up while they waited, as they would have done anyway.
    Left,
    /// None of these.
    Lost,
}

/// Looks at one call.
pub(super) fn fared(played: &Played, outages: &[Outage], happened: &[Happening]) -> Fared {
    let prospect = &played.prospect;
    let mut fared = Fared::default();
    let mut excused: Vec<Range<Duration>> = played
        .faults
        .iter()
        .filter_map(|done| {
            let from = done.at?;
            let until = match done.fault {
                Fault::StallProspect(span) | Fault::StallRep(span) => from + span + CATCHES_UP,
                Fault::AssistantHangs => from + NOTICED_HANGING,
                _ => return None,
            };
            Some(from..until)
        })
        .collect();
    let away: Vec<_> = outages.iter().map(|o| o.from.saturating_sub(FRAME)..o.until + RETRIES).collect();
    excused.extend(away.iter().cloned());
    fared.listen(prospect, &excused, &away);
    if fared.nothing > NOTHING_AT_MOST {
        fared.complaints.push(format!(
            "promise 1: the prospect heard nothing for {} ms from {} on",
            fared.nothing.as_millis(),
            shown(fared.nothing_from)
        ));
    }
    let mine: Vec<&Happening> = happened.iter().filter(|h| h.who == prospect.name()).collect();
    fared.after_kills = outages
        .iter()
        .filter(|outage| connected_at(&mine, outage.from))
        .map(|outage| after_kill(played, &mine, outage.from))
        .collect();
    fared.judge_end(played, outages);
    fared.overheard(prospect);
    fared
}

/// The longest stretch of nothing that a rep heard who had said yes, while the gateway lived and no line stalled; whose
/// it was, and when it began.
pub(super) fn longest_nothing_of_a_rep(
    calls: &[PhoneCall],
    played: &[Played],
    outages: &[Outage],
    happened: &[Happening],
) -> Option<(Duration, String)> {
    let stalls = played.iter().flat_map(|call| &call.faults).filter_map(|done| match done.fault {
        Fault::StallProspect(span) | Fault::StallRep(span) => {
            done.at.map(|from| from..from + span + CATCHES_UP)
        }
        _ => None,
    });
    let excused: Vec<_> = stalls.chain(outages.iter().map(|o| o.from..o.until + RETRIES)).collect();
    let reps = calls.iter().filter(|call| call.direction() == Direction::OutboundApi);
    let nothing = |rep: &PhoneCall| {
        let on_the_line = rep.answered_at()?..=rep.over_at()?;
        let theirs: Vec<&Happening> = happened.iter().filter(|h| h.who == rep.name()).collect();
        // A key that is pressed while nobody is connected is no yes.
        let said_yes = theirs.iter().find(|h| {
            h.what == What::Pressed('1') && on_the_line.contains(&h.at) && connected_at(&theirs, h.at)
        })?;
        let ear = rep.ear();
        let from = said_yes.at.saturating_sub(ear.began()) + CATCHES_UP;
        let heard = Silences::of(&ear, from, &excused, &[]);
        Some((heard.alone, format!("{} from {} on", rep.name(), shown(heard.alone_from))))
    };
    reps.filter_map(nothing).max()
}

/// The longest stretches of nothing in an ear.
struct Silences {
    /// For which nothing can be blamed.
    alone: Duration,
    alone_from: Duration,
    /// That a time in which the gateway was away had to do with.
    around: Duration,
}

impl Silences {
    fn of(ear: &Ear, from: Duration, excused: &[Range<Duration>], away: &[Range<Duration>]) -> Self {
        let mut longest = Self { alone: Duration::ZERO, alone_from: Duration::ZERO, around: Duration::ZERO };
        let (mut silent, mut alone) = (0, 0);
        let skipped = (from.as_millis() / FRAME.as_millis()) as usize;
        for (n, level) in ear.levels().iter().enumerate().skip(skipped) {
            let now = ear.began() + FRAME * n as u32;
            if *level > NOTHING_DBFS {
                (silent, alone) = (0, 0);
                continue;
            }
            silent += 1;
            alone = if excused.iter().any(|range| range.contains(&now)) { 0 } else { alone + 1 };
            if FRAME * alone > longest.alone {
                longest.alone = FRAME * alone;
                longest.alone_from = now.saturating_sub(longest.alone);
            }
            let length = FRAME * silent;
            let near = |o: &Range<Duration>| o.contains(&now) || o.contains(&now.saturating_sub(length));
            if length > longest.around && away.iter().any(near) {
                longest.around = length;
            }
        }
        longest
    }
}

impl Fared {
    /// Promise 2: what is for the rep alone must not be heard by the prospect, whatever breaks.
    fn overheard(&mut self, prospect: &PhoneCall) {
        let (ear, voice) = (prospect.ear(), HouseVoice::built_in());
        for phrase in [Phrase::Offer, Phrase::Whisper] {
            let heard = ear.heard(voice.phrase(phrase)).filter(|heard| heard.share > LEAKED);
            if let Some(heard) = heard {
                self.complaints.push(format!(
                    "promise 2: the prospect heard the {} from {} on",
                    phrase.name(),
                    shown(ear.began() + heard.when.start)
                ));
            }
        }
    }

    fn listen(&mut self, prospect: &PhoneCall, excused: &[Range<Duration>], away: &[Range<Duration>]) {
        let ear = prospect.ear();
        // Until the first sound the call is being set up.
        let Some(first) = ear.levels().iter().position(|level| *level > NOTHING_DBFS) else { return };
        let heard = Silences::of(&ear, FRAME * first as u32, excused, away);
        (self.nothing, self.nothing_from, self.gap) = (heard.alone, heard.alone_from, heard.around);
    }

    fn judge_end(&mut self, played: &Played, outages: &[Outage]) {
        let prospect = &played.prospect;
        if played.had_to_be_ended {
            self.complaints.push("the call ran on after its prospect was to hang up".to_owned());
            return;
        }
        if heard(prospect, APPLICATION_ERROR).is_some() {
            self.complaints
                .push("the prospect heard of an application error: no fallback reached them".to_owned());
        } else if !left_by_script(played) && heard(prospect, CANNOT_TAKE).is_none() {
            self.complaints.push("the prospect was hung up on without a word".to_owned());
        } else if !left_by_script(played) && !met_an_outage(prospect, outages) {
            self.complaints.push("the prospect was sent to the fallback with no kill to blame".to_owned());
        }
        if self.after_kills.contains(&AfterKill::Lost) {
            self.complaints
                .push("the prospect neither came back after a kill nor reached the fallback".to_owned());
        }
    }
}

/// Whether the gateway was away at any time of this call; from the dialling on, before anything was heard.
fn met_an_outage(prospect: &PhoneCall, outages: &[Outage]) -> bool {
    let (began, over) = (prospect.ear().began(), prospect.over_at().unwrap_or(Duration::MAX));
    outages.iter().any(|outage| outage.until + RETRIES > began && outage.from < over)
}

fn connected_at(mine: &[&Happening], at: Duration) -> bool {
    let before = mine.iter().rev().filter(|h| h.at <= at);
    let last = before.filter_map(|h| match h.what {
        What::StreamBegan => Some(true),
        What::StreamEnded(_) | What::Over(_) => Some(false),
        _ => None,
    });
    last.into_iter().next().unwrap_or(false)
}

/// What became of them in the end, whatever happened in between.
fn after_kill(played: &Played, mine: &[&Happening], kill: Duration) -> AfterKill {
    if mine.iter().any(|h| h.at > kill && h.what == What::StreamBegan) {
        AfterKill::CameBack
    } else if heard(&played.prospect, CANNOT_TAKE).is_some_and(|at| at > kill) {
        AfterKill::FellBack
    } else if left_by_script(played) {
        AfterKill::Left
    } else {
        AfterKill::Lost
    }
}

/// When these words of the carrier's began, since the world did.
fn heard(prospect: &PhoneCall, words: &str) -> Option<Duration> {
    let ear = prospect.ear();
    ear.words().iter().find(|heard| heard.words.contains(words)).map(|heard| ear.began() + heard.at)
}

/// Whether the prospect hung up themselves: nobody else ends a call at that time to the frame.
fn left_by_script(played: &Played) -> bool {
    let (answered, over) = (played.prospect.answered_at(), played.prospect.over_at());
    let lasted = answered.zip(over).map(|(answered, over)| over.saturating_sub(answered));
    lasted.is_some_and(|lasted| lasted + FRAME * 5 >= played.plan.leaves_at)
}

/// A time of the world as its story prints it.
pub(super) fn shown(at: Duration) -> String {
    let millis = at.as_millis();
    format!("{:02}:{:02}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
}

const FRAME: Duration = Duration::from_millis(20);
/// Below the faintest open microphone of the simulated world.
const NOTHING_DBFS: f32 = -75.0;
/// What leaks is heard nearly whole; less may be another sentence of the same voice.
const LEAKED: f32 = 0.85;
/// Promise 1.
const NOTHING_AT_MOST: Duration = Duration::from_secs(2);
/// A burst has to travel, and lines to be caught up with.
const CATCHES_UP: Duration = Duration::from_secs(1);
/// A hung assistant is known by a ping, every 5 s, that has no answer within 5 s more.
const NOTICED_HANGING: Duration = Duration::from_secs(11);
/// The carrier's way to a gateway that is there again: what it asked before still fails.
const RETRIES: Duration = Duration::from_millis(500);
