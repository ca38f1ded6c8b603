//! A frame's way through the ear, step by step and whole, while somebody talks and pauses.

use std::hint::black_box;

use baton::audio::g711;
use baton::bench::ear::{Talker, Whose, ear};
use baton::ear::mood::conversation::Conversation;
use baton::ear::prosody::Prosody;
use baton::ear::spectrum::{REACH, spectra};
use baton::ear::voice::Voice;
use baton::time::MediaTime;
use criterion::{Criterion, criterion_group, criterion_main};

fn reach() -> [f32; REACH] {
    let mut talker = Talker::default();
    let frames: Vec<_> = (0..60).map(|_| talker.frame()).collect();
    let sound: Vec<f32> =
        frames.iter().flat_map(|f| f.sound.map(|b| f32::from(g711::DECODED[b as usize]))).collect();
    std::array::from_fn(|n| sound[sound.len() - REACH + n])
}

fn steps(criterion: &mut Criterion) {
    let reach = reach();
    criterion.bench_function("ear/spectra", |bencher| bencher.iter(|| spectra(black_box(&reach))));
    let (power, mut at) = (spectra(&reach), 0);
    let frame = std::array::from_fn(|n| reach[REACH - 160 + n] as i16);
    let mut voice = Voice::default();
    criterion.bench_function("ear/speech or not", |bencher| {
        bencher.iter(|| {
            at += 160;
            voice.hear(MediaTime(at), black_box(&frame), &power, g711::QUIETEST_DBFS)
        });
    });
    let mut prosody = Prosody::default();
    criterion.bench_function("ear/prosody", |bencher| {
        bencher.iter(|| {
            at += 160;
            prosody.hear(MediaTime(at), black_box(&reach), &power)
        });
    });
}

fn whole(criterion: &mut Criterion) {
    for (name, whose) in
        [("ear/whole, others'", Whose::Other), ("ear/whole, the prospect's", Whose::Prospect)]
    {
        let mut ear = ear(whose).expect("the shipped weights are good");
        let (mut talker, talk) = (Talker::default(), Conversation::default());
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| ear.hear(&talker.frame(), g711::QUIETEST_DBFS, &talk));
        });
    }
}

criterion_group!(benches, steps, whole);
criterion_main!(benches);
