//! How much later than reckoned a far side plays what it is sent: measured by marks of ours that go with the sound.
//!
//! A mark comes back when everything before it was played. The shortest trip that any of them took is the network's
//! share; what exceeds it is sound that waits. A mark that is overdue says that the way there stands still.

use std::time::Duration;

use tokio::time::Instant;

use crate::live::playout::Playout;

/// Measures one leg's far side; one mark is on its way at a time.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    on_its_way: Option<Probe>,
    sent_last: Option<Instant>,
    network: Option<Duration>,
    surprises: u32,
    earlier_at_most: Duration,
    later_last: Option<i64>,
    jitter: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u32,
    sent: Instant,
    end: Instant,
    believed: Belief,
}

/// How much a mark may say that less waits than was reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Belief {
    /// The first after a while: what was reckoned meanwhile was a guess.
    All,
    /// As much as a clock may be off.
    Drift,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            on_its_way: None,
            sent_last: None,
            network: None,
            surprises: 0,
            earlier_at_most: EARLIER_AT_FIRST,
            later_last: None,
            jitter: Duration::ZERO,
        }
    }
}

impl Lag {
    /// Whether it is time for another mark; the carrier was last heard of at that moment.
    pub fn asks(&self, now: Instant, heard_of: Instant) -> bool {
        let quiet = now.saturating_duration_since(heard_of) >= QUIET;
        let since = self.sent_last.map(|sent| now.saturating_duration_since(sent));
        // Nothing is known of a carrier that never returned one: it may do so some day.
        let free = self.on_its_way.is_none() || (self.network.is_none() && since >= Some(FIRST_AGAIN));
        free && since.is_none_or(|since| since >= EVERY || (quiet && since >= WHEN_QUIET))
    }

    /// A mark with this number is sent now, behind everything that was sent.
    pub fn sent(&mut self, now: Instant, number: u32, playout: &Playout) {
        let lately = self.sent_last.is_some_and(|sent| now.saturating_duration_since(sent) < A_WHILE);
        let believed = if lately { Belief::Drift } else { Belief::All };
        self.on_its_way = Some(Probe { number, sent: now, end: playout.end().max(now), believed });
        self.sent_last = Some(now);
    }

    /// A mark came back: whether it was ours; the play-out is corrected by what it says.
    pub fn returned(&mut self, now: Instant, number: u32, playout: &mut Playout) -> bool {
        let Some(probe) = self.on_its_way.take_if(|probe| probe.number == number) else { return false };
        let trip = now.saturating_duration_since(probe.sent);
        let network = self.network.map_or(trip, |shortest| shortest.min(trip));
        self.network = Some(network);
        let waited = trip.saturating_sub(network);
        let reckoned = probe.end.saturating_duration_since(probe.sent);
        self.note_jitter(waited.as_micros() as i64 - reckoned.as_micros() as i64);
        self.earlier_at_most = (self.earlier_at_most + EARLIER_A_MARK).min(EARLIER_AT_FIRST);
        match waited.checked_sub(reckoned) {
            Some(later) if later > STALL => {
                self.surprises += 1;
                if self.surprises < SURPRISES {
                    playout.is_later(later);
                } else {
                    // What was left out did not help: the way there has become longer, nothing waits.
                    self.network = Some(network + later);
                    self.surprises = 0;
                }
            }
            Some(later) => {
                // The network's own moods look like sound that waits: believed slowly.
                self.surprises = 0;
                playout.is_later(later / BELIEVED);
                // Only what is left of it at the end is a clock's.
                self.earlier_at_most = (self.earlier_at_most + later / BELIEVED).min(EARLIER_AT_FIRST);
            }
            None => {
                self.surprises = 0;
                let earlier = reckoned.saturating_sub(waited);
                if probe.believed == Belief::All {
                    playout.is_earlier(now, earlier);
                } else {
                    let earlier = earlier.min(self.earlier_at_most);
                    self.earlier_at_most -= earlier;
                    playout.is_earlier(now, earlier);
                }
            }
        }
        true
    }

    /// By how much the way there is longer at one time than at another, of late.
    pub fn jitter(&self) -> Duration {
        self.jitter
    }

    /// Two trips one after the other: what they differ by is the network's, there and back; a stall is something else.
    fn note_jitter(&mut self, later_micros: i64) {
        let last = self.later_last.replace(later_micros).unwrap_or(later_micros);
        let differs = Duration::from_micros(later_micros.abs_diff(last));
        let half = if differs < STALL { differs / 2 } else { Duration::ZERO };
        self.jitter = half.max(self.jitter.mul_f64(FORGETS));
    }

    /// What was queued was dropped: the mark comes back for that reason.
    pub fn cleared(&mut self) {
        self.on_its_way = None;
    }

    /// Whether the way there stands still: the mark is overdue, and not because a carrier forgot it.
    pub fn stands_still(&mut self, now: Instant, heard_of: Instant) -> bool {
        let (Some(probe), Some(network)) = (self.on_its_way, self.network) else { return false };
        let overdue = now.saturating_duration_since(probe.end + network);
        if overdue < SLACK {
            return false;
        }
        if overdue > FORGOTTEN && now.saturating_duration_since(heard_of) < QUIET {
            self.on_its_way = None;
            return false;
        }
        true
    }

    /// When it must be looked at again although nothing happens.
    pub fn due(&self) -> Option<Instant> {
        let (probe, network) = (self.on_its_way?, self.network?);
        Some(probe.end + network + SLACK)
    }
}

/// While all is steady: a drift of 200 ppm moves the play-out by 0.2 ms in that time.
const EVERY: Duration = Duration::from_secs(1);

/// A carrier sends a frame each 20 ms; after three that did not come, it is asked.
const QUIET: Duration = Duration::from_millis(60);

/// How often it is asked while it is quiet.
const WHEN_QUIET: Duration = Duration::from_millis(200);

/// A mark later than any jitter explains.
const SLACK: Duration = Duration::from_millis(120);

/// Marks are sent while somebody is heard live; after so long without, little is known.
const A_WHILE: Duration = Duration::from_secs(5);

/// How long the very first is waited for.
const FIRST_AGAIN: Duration = Duration::from_secs(10);

/// A carrier that speaks but does not return a mark for so long has lost it.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// More than jitter: the far side stood still, and what was sent waits there.
const STALL: Duration = Duration::from_millis(60);

/// After so many marks that say so in spite of all that was left out, it is the network.
const SURPRISES: u32 = 3;

/// The share of a small delay that is believed at once: one in eight.
const BELIEVED: u32 = 8;

/// By how much the first marks may say that less waits than was reckoned.
const EARLIER_AT_FIRST: Duration = Duration::from_millis(100);

/// By how much each further mark may: more than clocks drift in a second. A carrier that returns marks before they
/// were played is believed no more than that.
const EARLIER_A_MARK: Duration = Duration::from_micros(300);

/// The share of the largest jitter that is remembered from one mark to the next.
const FORGETS: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock;

    /// A far side that is 50 ms away and plays in real time; what a mark does that is sent behind 20 ms of sound.
    fn round(lag: &mut Lag, playout: &mut Playout, now: &mut Instant, waits: Duration) {
        *now += Duration::from_secs(1);
        playout.sent_live(*now, 160);
        assert!(lag.asks(*now, *now));
        lag.sent(*now, 7, playout);
        assert!(!lag.asks(*now, *now), "one at a time");
        let returns = playout.end() + Duration::from_millis(50) + waits;
        assert!(!lag.returned(returns, 6, playout), "another's mark is not ours");
        assert!(lag.returned(returns, 7, playout));
    }

    #[tokio::test(start_paused = true)]
    async fn what_exceeds_the_shortest_trip_is_sound_that_waits() {
        let mut now = clock::now();
        let (mut lag, mut playout) = (Lag::default(), Playout::new(now));
        lag.sent(now, 7, &playout);
        assert!(lag.returned(now + Duration::from_millis(50), 7, &mut playout), "the network alone");
        round(&mut lag, &mut playout, &mut now, Duration::ZERO);
        assert_eq!(playout.backlog(now), Duration::from_millis(20));
        round(&mut lag, &mut playout, &mut now, Duration::from_secs(2));
        assert_eq!(playout.backlog(now), Duration::from_millis(2_020));
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_is_hardly_believed_and_a_way_that_became_longer_is_no_backlog_for_ever() {
        let mut now = clock::now();
        let (mut lag, mut playout) = (Lag::default(), Playout::new(now));
        lag.sent(now, 7, &playout);
        lag.returned(now + Duration::from_millis(50), 7, &mut playout);
        round(&mut lag, &mut playout, &mut now, Duration::from_millis(40));
        assert_eq!(playout.backlog(now), Duration::from_millis(25));
        for believed in [220, 220, 20, 20] {
            round(&mut lag, &mut playout, &mut now, Duration::from_millis(200));
            assert_eq!(playout.backlog(now), Duration::from_millis(believed));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_carrier_that_returns_marks_unplayed_is_not_believed_for_long() {
        let mut now = clock::now();
        let (mut lag, mut playout) = (Lag::default(), Playout::new(now));
        let mut denied = Duration::ZERO;
        lag.sent(now, 7, &playout);
        lag.returned(now, 7, &mut playout);
        now += Duration::from_secs(1);
        for _ in 0..60 {
            playout.sent_live(now, 8_000);
            let before = playout.backlog(now);
            lag.sent(now, 7, &playout);
            lag.returned(now, 7, &mut playout);
            denied += before.saturating_sub(playout.backlog(now));
            now += Duration::from_secs(1);
        }
        assert!(denied < Duration::from_millis(125), "it denied {denied:?} of a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_stands_still_when_its_mark_is_overdue_and_nothing_comes() {
        let now = clock::now();
        let (mut lag, mut playout) = (Lag::default(), Playout::new(now));
        let after = |millis| now + Duration::from_millis(millis);
        lag.sent(now, 7, &playout);
        assert!(
            !lag.stands_still(after(5_000), now),
            "of a carrier that never returned a mark nothing is known"
        );
        lag.returned(after(100), 7, &mut playout);
        assert!(lag.asks(after(301), after(240)), "a quiet line is asked sooner");
        lag.sent(after(301), 8, &playout);
        assert!(!lag.stands_still(after(510), after(240)));
        assert!(lag.stands_still(after(530), after(240)));
        assert!(lag.stands_still(after(3_000), after(240)), "for as long as it is quiet");
        assert!(lag.stands_still(after(1_300), after(1_290)), "it speaks: the mark may still come");
        assert!(!lag.stands_still(after(1_600), after(1_590)), "it speaks and has forgotten the mark");
        assert!(lag.asks(after(1_600), after(1_590)));
    }
}
