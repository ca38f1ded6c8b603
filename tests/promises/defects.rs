//! Defects that somebody could build into the table, to see that the walk would find them.

use baton::call::{Call, Effect, Event};
use baton::escalation::Answer;
use baton::handoff::{End, Phrase, Sounds, Stage};
use baton::id::LegId;

use crate::walk::{Begins, drop_effects};

/// One defect: it makes the call deaf to something, or spoils what it does.
#[derive(Clone, Copy)]
pub(crate) struct Defect {
    /// What somebody got wrong.
    pub(crate) name: &'static str,
    /// How the handoffs begin in which it shows.
    pub(crate) begins: Begins,
    /// Events that the call does not get.
    pub(crate) swallows: fn(&Call, &Event) -> bool,
    /// What happens to its effects.
    pub(crate) spoils: fn(&Call, &Event, &mut Vec<Effect>),
}

/// The list that the walk is held against.
pub(crate) const DEFECTS: &[Defect] = &[
    spoiled("no clear when the assistant is cut off", |_, _, effects| {
        for effect in effects {
            if let Effect::Hear { cut, .. } = effect {
                *cut = false;
            }
        }
    }),
    spoiled("hearing changes never reach the patchbay", |_, _, e| {
        drop_effects(e, |e| matches!(e, Effect::Hear { .. }));
    }),
    spoiled("the prospect hears the rep as soon as somebody answers", |_, event, effects| {
        if let Event::RepArrived(attempt) = event {
            let mut hearing = baton::handoff::Hearing::outside_handoff(Sounds::REP);
            hearing.on_line = Some(*attempt);
            effects.push(Effect::Hear { number: u32::MAX, hearing, cut: true });
        }
    }),
    spoiled("the whisper is said to whoever answers", |_, event, effects| {
        if let Event::RepArrived(attempt) = event {
            effects.push(Effect::Say { leg: LegId::Rep(*attempt), phrase: Phrase::Whisper });
        }
    }),
    spoiled("the prospect is told the whisper too", |_, _, effects| {
        if effects.iter().any(|e| matches!(e, Effect::Say { phrase: Phrase::Whisper, .. })) {
            effects.push(Effect::Say { leg: LegId::Prospect, phrase: Phrase::Whisper });
        }
    }),
    spoiled("the next hearing bears the number of the last", |_, _, effects| {
        for effect in effects {
            if let Effect::Hear { number, .. } = effect {
                *number = 1;
            }
        }
    }),
    spoiled("the rep keeps ringing when the prospect hangs up", |_, event, e| {
        if *event == Event::ProspectLeft {
            drop_effects(e, |e| matches!(e, Effect::EndAttempt { .. }));
        }
    }),
    spoiled("a try that passed is never ended", |_, _, e| {
        drop_effects(e, |e| matches!(e, Effect::EndAttempt { end: End::Passed, .. }));
    }),
    spoiled("a try without an answer is never ended", |_, _, e| {
        drop_effects(e, |e| matches!(e, Effect::EndAttempt { end: End::NoAnswer | End::NotVerified, .. }));
    }),
    spoiled("a try is ended twice", |_, _, effects| {
        if let Some(end) = effects.iter().find(|e| matches!(e, Effect::EndAttempt { .. })).cloned() {
            effects.push(end);
        }
    }),
    spoiled("the rep is rung when they answer, a second time", |_, event, effects| {
        if let Event::RepRang(attempt) = event {
            effects.push(Effect::Ring { attempt: *attempt, rep: baton::id::RepId::new("sam") });
        }
    }),
    spoiled("the claim is asked for when somebody answers", |_, event, effects| {
        if let Event::RepArrived(attempt) = event {
            effects.push(Effect::Commit(*attempt));
        }
    }),
    spoiled("a late yes commits again", |_, event, effects| {
        if let Event::KeyPressed { leg: LegId::Rep(attempt), key: '1' } = event {
            effects.push(Effect::Commit(*attempt));
        }
    }),
    spoiled("who answers too late is told nothing", |_, _, e| {
        drop_effects(e, |e| matches!(e, Effect::Dismiss { .. }));
    }),
    spoiled("a call is closed twice", |_, _, effects| {
        if let Some(close) = effects.iter().find(|e| matches!(e, Effect::Close(_))).cloned() {
            effects.push(close);
        }
    }),
    spoiled("a call is never closed", |_, _, e| drop_effects(e, |e| matches!(e, Effect::Close(_)))),
    spoiled("a rep who is reserved too late is kept", |_, event, effects| {
        if let Event::RepReserved { .. } = event {
            drop_effects(effects, |e| matches!(e, Effect::EndAttempt { .. }));
        }
    }),
    spoiled("a late decline cancels the try that goes on", |call, event, effects| {
        if let (Event::KeyPressed { leg: LegId::Rep(_), key: '2' }, Some(going_on)) =
            (event, call.handoff().and_then(|h| h.attempt()))
        {
            effects.push(Effect::EndAttempt { attempt: going_on.id, end: End::Passed, last_words: None });
        }
    }),
    of_an_offer(deaf("nobody looks at the clock while the prospect is offered a person", |call, event| {
        ticks_in(call, event, "proposing")
    })),
    of_an_offer(deaf("the prospect's no is not heard", |_, event| {
        matches!(event, Event::ProposalAnswered(Answer::Refused))
    })),
    of_an_offer(spoiled("the assistant answers the offer in the prospect's place", |call, _, effects| {
        let proposing = in_stage(call, "proposing");
        for effect in effects {
            if let (Effect::Hear { hearing, .. }, true) = (effect, proposing) {
                hearing.assistant = Sounds::PROSPECT;
            }
        }
    })),
    deaf("nobody looks at the clock while a rep is sought", |call, event| ticks_in(call, event, "seeking")),
    deaf("nobody looks at the clock while a rep is rung", |call, event| ticks_in(call, event, "offering")),
    deaf("nobody looks at the clock while the whisper is said", |call, event| {
        ticks_in(call, event, "briefing")
    }),
    deaf("nobody looks at the clock while the assistant speaks on", |call, event| {
        ticks_in(call, event, "cutting")
    }),
    deaf("nobody looks at the clock while they are introduced", |call, event| {
        ticks_in(call, event, "introducing")
    }),
    deaf("nobody looks at the clock while the prospect is told", |call, event| {
        ticks_in(call, event, "recovering")
    }),
    deaf("nobody looks at the clock while the rep's line is waited for", |call, event| {
        ticks_in(call, event, "rejoining")
    }),
    spoiled("the prospect is left listening to a rep's broken line", |_, event, effects| {
        if let Event::RepStreamBroke(_) = event {
            drop_effects(effects, |e| matches!(e, Effect::Hear { .. }));
        }
    }),
    deaf("the rep's hanging up in the bridge goes unnoticed", |call, event| {
        matches!(event, Event::RepLeft { .. }) && in_stage(call, "bridging")
    }),
    spoiled("a broken assistant is still heard while a rep is rung", |call, event, effects| {
        if matches!(event, Event::AssistantBroke(_)) && in_stage(call, "offering") {
            drop_effects(effects, |e| matches!(e, Effect::Hear { .. }));
        }
    }),
    spoiled("the assistant goes on hearing the prospect in the bridge", |_, _, effects| {
        for effect in effects {
            if let Effect::Hear { hearing, .. } = effect {
                hearing.assistant = Sounds::PROSPECT;
            }
        }
    }),
    deaf("a call does not notice that Baton stops", |_, event| *event == Event::ShuttingDown),
    spoiled("the prospect is sent nowhere when Baton stops", |_, event, effects| {
        if *event == Event::ShuttingDown {
            drop_effects(effects, |e| matches!(e, Effect::LetGo(_)));
        }
    }),
    spoiled("the rep's line stays when Baton stops", |_, event, effects| {
        if *event == Event::ShuttingDown {
            drop_effects(effects, |e| matches!(e, Effect::EndAttempt { .. }));
        }
    }),
    spoiled("the introduction is said before anybody is asked", |call, _, effects| {
        if matches!(call.handoff().map(baton::handoff::Handoff::stage), Some(Stage::Offering { .. })) {
            effects.push(Effect::Say { leg: LegId::Prospect, phrase: Phrase::Offer });
        }
    }),
];

const fn of_an_offer(defect: Defect) -> Defect {
    Defect { begins: Begins::Offered, ..defect }
}

const fn spoiled(name: &'static str, spoils: fn(&Call, &Event, &mut Vec<Effect>)) -> Defect {
    Defect { name, begins: Begins::Asked, swallows: |_, _| false, spoils }
}

const fn deaf(name: &'static str, swallows: fn(&Call, &Event) -> bool) -> Defect {
    Defect { name, begins: Begins::Asked, swallows, spoils: |_, _, _| {} }
}

fn in_stage(call: &Call, stage: &str) -> bool {
    call.handoff().is_some_and(|h| h.stage().name() == stage)
}

fn ticks_in(call: &Call, event: &Event, stage: &str) -> bool {
    *event == Event::Ticked && in_stage(call, stage)
}
