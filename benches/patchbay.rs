//! A frame through the patchbay to whoever hears it.

use std::hint::black_box;

use baton::audio::frame::Frame;
use baton::handoff::{Hearing, Sounds};
use baton::id::{AttemptId, LegId};
use baton::live::patchbay::Patchbay;
use baton::time::MediaTime;
use criterion::{Criterion, criterion_group, criterion_main};

fn carrying(criterion: &mut Criterion) {
    let frame = Frame::silence(MediaTime(0));
    let patchbay = Patchbay::default();
    let mut hearing = Hearing::outside_handoff(Sounds::ASSISTANT);
    hearing.assistant = Sounds::PROSPECT;
    patchbay.set(1, hearing, false);
    criterion.bench_function("patchbay/prospect to assistant", |bencher| {
        bencher.iter(|| {
            patchbay.carry(LegId::Prospect, black_box(frame));
            patchbay.pipe(LegId::Assistant).pop()
        });
    });
    let rep = AttemptId(1);
    let bridged = Hearing {
        prospect: Sounds::REP,
        assistant: Sounds::SILENCE,
        rep: Sounds::PROSPECT,
        on_line: Some(rep),
    };
    patchbay.set(2, bridged, false);
    criterion.bench_function("patchbay/rep to prospect", |bencher| {
        bencher.iter(|| {
            patchbay.carry(LegId::Rep(rep), black_box(frame));
            patchbay.pipe(LegId::Prospect).pop()
        });
    });
}

criterion_group!(benches, carrying);
criterion_main!(benches);
