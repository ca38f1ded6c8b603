//! Whether what was written is whole: each call its record, each handoff its outcome, each try its end, each rep one call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::call::{Effect, Entry};
use crate::id::RepId;

use crate::sim::assistant::Visit;
use crate::sim::carrier::Direction;
use crate::sim::world::World;

use super::books::{Book, Claim};
use super::play::Played;
use super::stage::Outage;
use super::watch;

/// What the books of a run come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    pub(super) records: usize,
    /// How the handoffs came to rest, and how often each.
    pub(super) outcomes: BTreeMap<String, usize>,
    pub(super) tries: usize,
    pub(super) claims: usize,
    /// What kills left without an end: calls, handoffs and tries that did not come back.
    pub(super) left_open: [usize; 3],
    /// Where the handoffs of the calls were when a kill hit them.
    pub(super) stages: BTreeMap<&'static str, usize>,
    /// By the number of the call; 0 where it is about no one call.
    pub(super) complaints: Vec<(u32, String)>,
}

/// Compares the books with what was played.
pub(super) fn audit(world: &World, books: &[Book], played: &[Played], outages: &[Outage]) -> Audit {
    let mut audit = Audit { records: books.len(), ..Audit::default() };
    for call in played {
        let sid = call.prospect.sid();
        let theirs: Vec<&Book> = books.iter().filter(|book| book.carrier_call == sid).collect();
        match theirs[..] {
            // Where no stream ever began the carrier may never have reached the gateway.
            [] if call.prospect.streams().is_empty() => {}
            [] => audit.complain(call, "promise 10: the carrier's call has no record"),
            [book] => audit.book(book, call, outages),
            [..] => audit.complain(call, &format!("one call of the carrier's has {} records", theirs.len())),
        }
    }
    let strangers = books.iter().filter(|b| played.iter().all(|call| call.prospect.sid() != b.carrier_call));
    for book in strangers {
        audit.complaints.push((0, format!("{} is a record of a call that nobody made", book.id)));
    }
    audit.nothing_was_lost(books, outages, played);
    audit.reps_are_in_one_call(books, outages);
    audit.reps_are_let_go(world, books, played, outages);
    audit.assistants_are_told(world, played);
    audit
}

impl Audit {
    fn complain(&mut self, call: &Played, what: &str) {
        self.complaints.push((call.plan.number, what.to_owned()));
    }

    fn book(&mut self, book: &Book, call: &Played, outages: &[Outage]) {
        let hit = outages.iter().any(|outage| outage.written.calls.iter().any(|open| open.id == book.id));
        let (entries, value) = match book.timeline() {
            Ok(timeline) => timeline,
            Err(why) => return self.complain(call, &format!("promise 9: {}: {why}", book.id)),
        };
        self.tries += book.attempts.len();
        for (_, outcome) in &book.handoffs {
            *self.outcomes.entry(outcome.clone()).or_default() += 1;
        }
        let filed: Vec<i64> = filed(&entries);
        let written: Vec<i64> = book.handoffs.iter().map(|(number, _)| *number).collect();
        let numbered = written.iter().enumerate().all(|(n, number)| *number == n as i64 + 1);
        if filed != written || !numbered {
            self.complain(
                call,
                &format!("promise 4: handoffs {filed:?} came to rest, and {written:?} have an outcome"),
            );
        }
        let open_handoff = value.handoff().is_some_and(|handoff| handoff.stage().name() != "over");
        let open_tries = book.attempts.iter().filter(|(_, end)| end.is_none()).count();
        if book.end.is_some() || !hit {
            if book.end.is_none() {
                self.complain(call, "promise 10: the record has no end");
            }
            if open_handoff {
                self.complain(call, "promise 4: a handoff has no outcome");
            }
            if open_tries > 0 {
                self.complain(call, &format!("promise 4: {open_tries} tries have no end"));
            }
            return;
        }
        self.left_open[0] += 1;
        self.left_open[1] += usize::from(open_handoff);
        self.left_open[2] += open_tries;
    }

    /// What was there when a kill hit is there still, word for word.
    fn nothing_was_lost(&mut self, books: &[Book], outages: &[Outage], played: &[Played]) {
        for outage in outages {
            for then in &outage.written.calls {
                let call = played.iter().find(|call| call.prospect.sid() == then.carrier_call);
                let number = call.map_or(0, |call| call.plan.number);
                let running =
                    call.is_some_and(|call| call.prospect.over_at().is_none_or(|over| over > outage.from));
                if running {
                    *self.stages.entry(then.stage()).or_default() += 1;
                }
                let now = books.iter().find(|book| book.id == then.id);
                if now.is_none_or(|now| !now.entries.starts_with(&then.entries)) {
                    let what = format!("promise 10: {} was changed or lost by a kill", then.id);
                    self.complaints.push((number, what));
                }
            }
        }
    }

    /// No phone rings, and nobody is kept on the line, for a prospect who has left.
    fn reps_are_let_go(&mut self, world: &World, books: &[Book], played: &[Played], outages: &[Outage]) {
        let orders = world.carrier.requests();
        let mut taken = BTreeSet::new();
        for rep in world.carrier.calls().iter().filter(|call| call.direction() == Direction::OutboundApi) {
            // The orders for one number and the calls to it come in the same order.
            let order = orders.iter().enumerate().find(|(n, order)| {
                order.status == 201
                    && watch::value(&order.form, "To") == Some(rep.number())
                    && taken.insert(*n)
            });
            let url = order.and_then(|(_, order)| watch::value(&order.form, "StatusCallback"));
            let book = url.and_then(|url| books.iter().find(|book| url.contains(&book.id)));
            let call = book.and_then(|b| played.iter().find(|call| call.prospect.sid() == b.carrier_call));
            let (Some(call), Some(over)) = (call, rep.over_at()) else { continue };
            let Some(left) = call.prospect.over_at() else { continue };
            if over > by_when(left, outages) {
                let what = format!(
                    "{} was on the line, or rung, for {} ms after the prospect had left",
                    rep.name(),
                    over.saturating_sub(left).as_millis()
                );
                self.complain(call, &what);
            }
        }
    }

    /// An assistant that is dialled again is told so.
    fn assistants_are_told(&mut self, world: &World, played: &[Played]) {
        for call in played {
            let visits = watch::visits(world, call.prospect.number());
            let starts = visits.iter().filter_map(Visit::start);
            let told: Vec<u32> = starts
                .filter_map(|start| watch::value(&start.parameters, "baton_dialled")?.parse().ok())
                .collect();
            if told.len() != visits.len() || !told.windows(2).all(|pair| pair[0] < pair[1]) {
                self.complain(call, &format!("the assistant was told that it was dialled {told:?} times"));
            }
        }
    }

    /// Promise 3, by the claims: from the commit to the end of the try, or to the kill that left it open.
    fn reps_are_in_one_call(&mut self, books: &[Book], outages: &[Outage]) {
        let mut claims: BTreeMap<RepId, Vec<Claim>> = BTreeMap::new();
        for claim in books.iter().flat_map(Book::claims) {
            claims.entry(claim.rep.clone()).or_default().push(claim);
        }
        for (rep, mut theirs) in claims {
            self.claims += theirs.len();
            theirs.sort_by_key(|claim| claim.from_ms);
            for pair in theirs.windows(2) {
                let killed = outages.iter().map(|o| o.written.at_ms).find(|at| *at >= pair[0].from_ms);
                if pair[0].until_ms.or(killed).is_none_or(|until| until > pair[1].from_ms) {
                    self.complaints.push((0, format!("promise 3: {rep} was in two calls at once")));
                }
            }
        }
    }
}

/// When a rep must be let go whose prospect left then. While the gateway is away nobody tells it; it then waits for the
/// prospect before it gives up on them, and begins anew with that when it is killed meanwhile.
fn by_when(left: Duration, outages: &[Outage]) -> Duration {
    let mut by = left + LETS_GO;
    for outage in outages.iter().filter(|outage| outage.until + LETS_GO > left) {
        if outage.from < by {
            by = by.max(outage.until + LETS_GO + WAITS_FOR_PROSPECT);
        }
    }
    by
}

/// Which handoffs the timeline says came to rest.
fn filed(entries: &[Entry]) -> Vec<i64> {
    let effects = entries.iter().flat_map(|entry| &entry.effects);
    effects
        .filter_map(|effect| match effect {
            Effect::FileHandoff { number, .. } => Some(i64::from(*number)),
            _ => None,
        })
        .collect()
}

/// The news travels, and the rep is told why before the line ends.
const LETS_GO: Duration = Duration::from_secs(10);
/// As `handoff.away`.
const WAITS_FOR_PROSPECT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chaos::books::Snapshot;

    #[test]
    fn a_rep_is_let_go_soon_and_later_where_the_gateway_was_away() {
        let s = Duration::from_secs;
        let away =
            |from, until| Outage { from: s(from), until: s(until), written: Arc::new(Snapshot::default()) };
        assert_eq!(by_when(s(100), &[]), s(110));
        assert_eq!(by_when(s(100), &[away(50, 53), away(150, 153)]), s(110));
        assert_eq!(by_when(s(100), &[away(99, 103)]), s(128));
        assert_eq!(by_when(s(100), &[away(99, 103), away(120, 122), away(160, 162)]), s(147));
    }
}
