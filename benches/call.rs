//! What a call decides: a turn of a conversation, and a whole handoff.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use baton::call::{Call, Event, Heard, Terms};
use baton::conversation::{Context, Shape, Signal, SignalKind, Source, Speaker, Turn, Wording};
use baton::escalation::{Engine, Policy};
use baton::handoff::Phrase;
use baton::id::{AttemptId, LegId, RepId};
use baton::time::CallTime;
use criterion::{Criterion, criterion_group, criterion_main};

fn begun() -> Call {
    let terms = Terms {
        person_key: Some('0'),
        reps: vec![RepId::new("sam")],
        away: Duration::from_secs(15),
        ..Terms::default()
    };
    let mut call = Call::new(terms.clone());
    for event in [Event::Began(Box::new(terms)), Event::ProspectArrived, Event::AssistantConnected] {
        let _ = call.handle(CallTime::ZERO, event);
    }
    call
}

fn deciding(criterion: &mut Criterion) {
    let turn = [
        (LegId::Assistant, Heard::TurnBegan),
        (LegId::Assistant, Heard::TurnEnded),
        (LegId::Prospect, Heard::TurnBegan),
        (LegId::Prospect, Heard::TurnEnded),
    ];
    let mut call = begun();
    criterion.bench_function("call/a turn of each", |bencher| {
        bencher.iter(|| {
            turn.map(|(leg, what)| call.handle(CallTime::ZERO, black_box(Event::Heard { leg, what })).len())
        });
    });

    let attempt = AttemptId(1);
    let handed_over = [
        Event::KeyPressed { leg: LegId::Prospect, key: '0' },
        Event::RepReserved { attempt, rep: RepId::new("sam") },
        Event::RepRang(attempt),
        Event::RepArrived(attempt),
        Event::Played { leg: LegId::Rep(attempt), phrase: Phrase::Offer },
        Event::KeyPressed { leg: LegId::Rep(attempt), key: '1' },
        Event::ClaimCommitted(attempt),
        Event::Played { leg: LegId::Rep(attempt), phrase: Phrase::Whisper },
        Event::Played { leg: LegId::Prospect, phrase: Phrase::Introduction },
        Event::RepLeft { attempt, why: baton::handoff::End::LeftAfter },
    ];
    criterion.bench_function("call/a whole handoff", |bencher| {
        bencher.iter_batched_ref(
            begun,
            |call| {
                for event in handed_over.clone() {
                    black_box(call.handle(CallTime::ZERO, event));
                }
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

/// A lively talk of as many turns as an engine keeps in mind, each of which tells three signals.
fn weighing(criterion: &mut Criterion) {
    let mut engine = Engine::new(Arc::new(Policy::default()), &Context::default());
    let mut number = 0;
    criterion.bench_function("call/a turn is weighed", |bencher| {
        bencher.iter(|| {
            number += 1;
            let at = CallTime::from_millis(u64::from(number) * 5_000);
            let turn = Turn {
                number,
                by: Speaker::Prospect,
                from: at,
                until: at,
                words: String::new(),
                confidence: None,
                wording: Wording::Final,
                source: Source::Script,
            };
            let kind = |n: u32| SignalKind::ALL[(number * 7 + n * 11) as usize % SignalKind::ALL.len()];
            let signal = |n: u32| Signal {
                kind: kind(n),
                strength: 60,
                at,
                turn: Some(number),
                words: "what does it cost".to_owned(),
                about: String::new(),
            };
            black_box(engine.said(&turn, &[signal(0), signal(1), signal(2)], &Shape::default()))
        });
    });
}

criterion_group!(benches, deciding, weighing);
criterion_main!(benches);
