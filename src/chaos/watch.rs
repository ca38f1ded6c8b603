//! What can be seen of one call from outside while it goes on: when its moments begin, and who its rep is.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::sim::assistant::Visit;
use crate::sim::carrier::PhoneCall;
use crate::sim::story::{Happening, What};
use crate::sim::world::World;

use super::plan::Moment;

/// When the moments of a call began, since the world did, and the rep whom it reached last.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) rep: Option<String>,
    dialled: Option<Duration>,
    answered: Option<Duration>,
    asked: Option<Duration>,
    rang: Option<Duration>,
    picked_up: Option<Duration>,
    accepted: Option<Duration>,
}

impl Seen {
    /// When what this moment is counted from was seen.
    pub(super) fn began(&self, moment: Moment) -> Option<Duration> {
        match moment {
            Moment::Dialling => self.dialled,
            Moment::Talking => self.answered,
            Moment::Seeking => self.asked,
            Moment::Ringing => self.rang,
            Moment::Asked => self.picked_up,
            Moment::Briefed | Moment::Introduced | Moment::Bridged => self.accepted,
        }
    }
}

/// Watches the call of this prospect, whose number is known, until it is over.
pub(super) async fn watch(
    world: &World,
    mut story: Receiver<Happening>,
    prospect: &PhoneCall,
    seen: &watch::Sender<Seen>,
) {
    loop {
        let happening = match story.recv().await {
            Ok(happening) => happening,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let at = Some(happening.at);
        if happening.who == prospect.name() {
            match happening.what {
                What::Dialled => seen.send_modify(|seen| seen.dialled = at),
                What::Answered => seen.send_modify(|seen| seen.answered = at),
                What::Pressed('0') => seen.send_modify(|seen| seen.asked = at),
                What::Over(_) => return,
                _ => {}
            }
            continue;
        }
        match happening.what {
            What::Rings if is_rung_for(world, &happening.who, prospect) => {
                seen.send_modify(|seen| {
                    seen.rep = Some(happening.who);
                    (seen.rang, seen.picked_up, seen.accepted) = (at, None, None);
                });
            }
            What::Answered if is_rep(seen, &happening.who) => seen.send_modify(|seen| seen.picked_up = at),
            What::Pressed('1') if is_rep(seen, &happening.who) => {
                seen.send_modify(|seen| seen.accepted = seen.accepted.or(at));
            }
            _ => {}
        }
    }
}

fn is_rep(seen: &watch::Sender<Seen>, who: &str) -> bool {
    seen.borrow().rep.as_deref() == Some(who)
}

/// The latest call to this person, if it was ordered for this prospect's call.
fn is_rung_for(world: &World, who: &str, prospect: &PhoneCall) -> bool {
    let Some(rep) = rep_call(world, who) else { return false };
    let Some(call) = baton_call(world, prospect.number()) else { return false };
    let requests = world.carrier.requests();
    let order = requests.iter().rev().find(|request| value(&request.form, "To") == Some(rep.number()));
    order.is_some_and(|order| value(&order.form, "StatusCallback").is_some_and(|url| url.contains(&call)))
}

/// The latest call to the person of this name.
pub(super) fn rep_call(world: &World, name: &str) -> Option<PhoneCall> {
    world.carrier.calls().into_iter().rev().find(|call| call.name() == name)
}

/// The latest connection to the assistant for the prospect of this number.
pub(super) fn visit(world: &World, number: &str) -> Option<Visit> {
    visits(world, number).pop()
}

/// All connections to the assistant for the prospect of this number, in order.
pub(super) fn visits(world: &World, number: &str) -> Vec<Visit> {
    let is_theirs = |visit: &Visit| {
        visit.start().is_some_and(|start| value(&start.parameters, "from_number") == Some(number))
    };
    world.assistant.visits().into_iter().filter(is_theirs).collect()
}

/// What Baton calls the call of the prospect with this number.
pub(super) fn baton_call(world: &World, number: &str) -> Option<String> {
    let start = visit(world, number)?.start()?;
    value(&start.parameters, "baton_call").map(str::to_owned)
}

/// The value of this name.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}
