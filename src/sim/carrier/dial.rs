//! `<Dial>`: rings another phone and connects the two directly, without a media server.

use std::sync::Arc;
use std::time::Duration;

use crate::audio::clip::Clip;
use crate::sim::carrier::call::{CallStatus, Direction, Origin, Source};
use crate::sim::carrier::follow::{Follower, Next};
use crate::sim::carrier::line::{Connected, Wire};
use crate::sim::carrier::ring;
use crate::sim::carrier::twiml::Target;
use crate::sim::person::Person;

/// Dials the number and talks until one of the two hangs up; then `action`, or the next verb (PROTOCOLS.md §3).
pub(crate) async fn dial(
    follower: &mut Follower,
    number: &str,
    patience: Duration,
    action: Option<Target>,
) -> Next {
    let (account, call) = (Arc::clone(&follower.account), Arc::clone(&follower.call));
    let origin = Origin {
        direction: Direction::OutboundDial,
        from: account.settings.number.clone(),
        to: number.to_owned(),
        parent: Some(call.sid.clone()),
        progress: None,
        fallback: None,
    };
    let person = account.person_at(number).unwrap_or_else(|| Person::new("nobody"));
    let (other, mut other_orders) = account.enter(origin, person);

    call.line.connect(Connected::Prompt { clip: ringback(), next: 0, over: None });
    let ringing = ring::ring(&account, &other, &mut other_orders, patience);
    let rung = follower.meanwhile(ringing).await;
    call.line.connect(Connected::Nothing);
    let answered = match rung {
        Ok(answered) => answered,
        Err(next) => {
            ring::over(&account, &other, CallStatus::Canceled);
            return next;
        }
    };
    if answered {
        let (mouth, ear) = (Wire::default(), Wire::default());
        other.line.connect(Connected::Line { mouth: ear.clone(), ear: mouth.clone() });
        call.line.connect(Connected::Line { mouth, ear });
        let talked = follower.meanwhile(other_orders.recv()).await;
        call.line.connect(Connected::Nothing);
        ring::over(&account, &other, CallStatus::Completed);
        if let Err(next) = talked {
            return next;
        }
    }
    let Some(action) = action else { return Next::Verb };
    let times = other.times();
    let seconds = match (times.answered, times.over) {
        (Some(from), Some(until)) => until.saturating_sub(from).as_secs(),
        _ => 0,
    };
    let told = [
        ("DialCallStatus", other.status().as_str().to_owned()),
        ("DialCallSid", other.sid.clone()),
        ("DialCallDuration", seconds.to_string()),
        ("DialBridged", answered.to_string()),
    ];
    let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Next::Document(Source::Web(action, told))
}

/// What a caller hears while the other phone rings: 440 and 480 Hz, two seconds of six.
fn ringback() -> Clip {
    let tone = |n: usize, hertz: f32| (std::f32::consts::TAU * hertz * n as f32 / 8_000.0).sin() * 2_000.0;
    let mut samples: Vec<i16> = (0..2 * 8_000).map(|n| (tone(n, 440.0) + tone(n, 480.0)) as i16).collect();
    samples.resize(6 * 8_000, 0);
    Clip::from_samples(&samples)
}
