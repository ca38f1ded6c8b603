//! Chaos in small: a few calls while things go wrong to a seeded plan, the gateway's death among them.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use baton::chaos::{self, Chaos};

#[tokio::test(flavor = "multi_thread")]
async fn promise_10_prospects_come_back_or_reach_the_fallback_when_the_gateway_is_killed_and_started_again() {
    let chaos = Chaos {
        program: env!("CARGO_BIN_EXE_baton").into(),
        seed: 11,
        calls: 3,
        at_once: 3,
        kills: 2,
        faults: 1,
        ..Chaos::default()
    };
    let report = chaos::run(&chaos, |line| print!("{line}")).await.unwrap();
    println!("{}", report.text());
    assert!(report.kept(), "{}", report.text());
    assert_eq!((report.calls, report.kills), (3, 2));
    assert!(report.hit.all() > 0, "no kill hit anybody: {}", report.text());
    assert!(report.hit.came_back > 0, "nobody came back: {}", report.text());
    assert_eq!(report.hit.lost, 0);
}
