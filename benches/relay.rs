//! A frame each way through both legs of a call, from message to message, without sockets.

use baton::bench::relay::Messages;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn relaying(criterion: &mut Criterion) {
    const FRAMES: u32 = 1_000;
    let messages = Messages::written(FRAMES);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let mut group = criterion.benchmark_group("relay");
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    group.sample_size(20);
    group.bench_function("1000 frames each way", |bencher| {
        bencher.iter(|| runtime.block_on(messages.relay(FRAMES)).expect("every frame comes out"));
    });
    group.finish();
}

criterion_group!(benches, relaying);
criterion_main!(benches);
