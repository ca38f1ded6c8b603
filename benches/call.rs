//! What a call decides: a turn of a conversation, and a whole handoff.

use std::hint::black_box;
use std::time::Duration;

use baton::call::{Call, Event, Heard, Terms};
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

criterion_group!(benches, deciding);
criterion_main!(benches);
