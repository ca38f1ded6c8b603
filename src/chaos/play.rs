//! One call of the plan, played: the prospect dials, things go wrong at their moments, and everybody hangs up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sim::assistant::Fault as Trouble;
use crate::sim::carrier::PhoneCall;

use super::people;
use super::plan::{Fault, Moment, PlannedCall, PlannedFault};
use super::stage::Stage;
use super::watch::{self as watching, Seen};

/// A call that was played.
pub(super) struct Played {
    pub(super) plan: PlannedCall,
    pub(super) prospect: PhoneCall,
    /// What went wrong, and when, since the world began.
    pub(super) faults: Vec<Done>,
    /// It did not end by itself.
    pub(super) had_to_be_ended: bool,
}

/// A fault that was done, or could not be.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) moment: Moment,
    pub(super) fault: Fault,
    pub(super) at: Option<Duration>,
    /// Why the run cannot go on.
    pub(super) broken: Option<String>,
}

/// Plays the call; gives up on it when it does not end.
pub(super) async fn play(stage: Arc<Stage>, plan: PlannedCall) -> Played {
    tokio::time::sleep(plan.dials_after).await;
    let story = stage.world.story().follow();
    let phone = people::prospect(&plan);
    let prospect = stage.world.prospect_calls(&phone.number, phone.person);
    let (seen, moments) = watch::channel(Seen::default());
    let mut going_wrong = JoinSet::new();
    for fault in plan.faults.clone() {
        let (stage, prospect, moments) = (Arc::clone(&stage), prospect.clone(), moments.clone());
        going_wrong.spawn(async move { go_wrong(&stage, &prospect, moments, fault).await });
    }
    let watching = watching::watch(&stage.world, story, &prospect, &seen);
    let at_most = plan.leaves_at + RUNS_ON_AFTER;
    let ended = tokio::time::timeout(at_most, async {
        tokio::join!(watching, prospect.is_over(at_most));
    })
    .await;
    let had_to_be_ended = ended.is_err() && !prospect.status().is_over();
    if had_to_be_ended {
        prospect.give_up();
        prospect.is_over(LETS_GO).await;
    }
    // Whoever waits for a moment sees that none will come.
    drop(seen);
    let mut faults = Vec::new();
    while let Some(done) = going_wrong.join_next().await {
        faults.extend(done);
    }
    faults.sort_by_key(|done| done.at);
    Played { plan, prospect, faults, had_to_be_ended }
}

async fn go_wrong(
    stage: &Stage,
    prospect: &PhoneCall,
    mut moments: watch::Receiver<Seen>,
    planned: PlannedFault,
) -> Done {
    let PlannedFault { moment, after, fault } = planned;
    let mut done = Done { moment, fault, at: None, broken: None };
    let came = async {
        let began = moments.wait_for(|seen| seen.began(moment).is_some()).await.ok()?.began(moment)?;
        Some(began + after)
    };
    let due = came.await;
    if let Some(wait) = due.and_then(|due| due.checked_sub(stage.now())) {
        tokio::time::sleep(wait).await;
    }
    let rep = || watching::rep_call(&stage.world, moments.borrow().rep.as_deref()?);
    if let Fault::Kill(away) = fault {
        // A kill is done even where its moment never came: the plan says how many there are.
        match stage.kill(away).await {
            Ok(at) => done.at = Some(at),
            Err(error) => done.broken = Some(format!("{error:#}")),
        }
        return done;
    }
    if due.is_none() || prospect.status().is_over() {
        return done;
    }
    let now = stage.now();
    let act: Option<()> = match fault {
        Fault::CutProspect => {
            prospect.cut_stream();
            Some(())
        }
        Fault::CloseProspect => {
            prospect.close_stream();
            Some(())
        }
        Fault::StallProspect(span) => {
            prospect.stall_stream(span);
            Some(())
        }
        Fault::CutRep => rep().map(|rep| rep.cut_stream()),
        Fault::StallRep(span) => rep().map(|rep| rep.stall_stream(span)),
        Fault::AssistantVanishes => trouble(stage, prospect, Trouble::Vanishes),
        Fault::AssistantHangs => trouble(stage, prospect, Trouble::Hangs),
        Fault::LateCallbacks(late) => {
            let legs = std::iter::once(prospect.clone()).chain(rep());
            legs.for_each(|leg| leg.callbacks_come(late, 2));
            Some(())
        }
        Fault::Kill(_) => None,
    };
    done.at = act.map(|()| now);
    done
}

fn trouble(stage: &Stage, prospect: &PhoneCall, trouble: Trouble) -> Option<()> {
    watching::visit(&stage.world, prospect.number()).map(|visit| visit.misbehave(trouble))
}

/// A call that goes on for so long after its prospect was to hang up runs on.
const RUNS_ON_AFTER: Duration = Duration::from_secs(20);
/// To be told that it is over.
const LETS_GO: Duration = Duration::from_secs(5);
