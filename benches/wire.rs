//! Reading and writing the messages of a frame, on both sides.

use std::hint::black_box;
use std::time::Duration;

use baton::bench::note::{Note, Sound};
use baton::bench::wire::{Side, write_media};
use baton::edge::assistant::stream;
use baton::edge::assistant::wire::ToAssistant;
use baton::edge::carrier::twilio::{media, wire};
use baton::time::MediaTime;
use bytes::BytesMut;
use criterion::{Criterion, criterion_group, criterion_main};

const STREAM: &str = "MZ00000000000000000000000000000001";

fn message(side: Side, number: u32) -> String {
    let note = Note { from: 0, number, sent: Duration::ZERO };
    let mut text = Vec::new();
    write_media(&mut text, side, STREAM, number, &note.frame(Sound::Speech));
    String::from_utf8(text).expect("JSON is text")
}

fn reading(criterion: &mut Criterion) {
    let phone = message(Side::Carrier, 1);
    criterion.bench_function("wire/read the carrier's frame", |bencher| {
        bencher.iter(|| wire::read(black_box(&phone)).is_ok());
    });
    let assistant = message(Side::Assistant, 1);
    let mut incoming = stream::Incoming::default();
    criterion.bench_function("wire/read and unpack the assistant's frame", |bencher| {
        bencher.iter(|| incoming.read(STREAM, black_box(&assistant)).is_some());
    });
    let mut number = 0;
    let mut incoming = media::Incoming::of(STREAM);
    criterion.bench_function("wire/read, unpack and place the carrier's frame", |bencher| {
        bencher.iter_batched(
            || {
                number += 1;
                message(Side::Carrier, number)
            },
            |text| incoming.read(&text).is_some(),
            criterion::BatchSize::SmallInput,
        );
    });
}

fn writing(criterion: &mut Criterion) {
    let sound = Note { from: 0, number: 1, sent: Duration::ZERO }.frame(Sound::Speech);
    let mut out = BytesMut::with_capacity(2 * 1024);
    criterion.bench_function("wire/write a frame for the carrier", |bencher| {
        bencher.iter(|| {
            wire::write_media(&mut out, STREAM, black_box(&sound));
            out.split().freeze().len()
        });
    });
    let mut to = ToAssistant::new(STREAM, "CA1", "AC1");
    criterion.bench_function("wire/write a frame for the assistant", |bencher| {
        bencher.iter(|| {
            to.write_media(&mut out, MediaTime(0), black_box(&sound));
            out.split().freeze().len()
        });
    });
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
