//! What the integration tests stand on: real Kafka brokers, Kafka's own tools, the `laggard` binary, and a way to skip in plain words.
//!
//! A test begins with what it needs, `require!(kafka)`, and then takes `kafka::shared()` (three brokers for the whole test binary; use names of
//! your own, see [`unique`]) or, to break brokers, a [`kafka::KafkaCluster`] of its own. Nothing that is started here outlives the test
//! process, even when that is killed.
#![allow(
    dead_code,
    reason = "each helper is used by the tests that need it, not by all"
)]

pub mod alertmanager;
pub mod embedded;
pub mod gate;
pub mod hook;
pub mod inside;
pub mod kafka;
pub mod kept;
pub mod laggard;
pub mod needs;
pub mod process;
pub mod prometheus;
pub mod terminal;

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Ends the test, counted as skipped, if a component is missing; fails it when `CI=true`.
#[macro_export]
macro_rules! require {
    ($($component:ident),+) => {
        $(if $crate::support::needs::absent(stringify!($component)) { return; })+
    };
}

/// A name that no other test of this run uses: `prefix-<process id>-<n>`.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{prefix}-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Tries again, four times a second, until `attempt` gives a value; panics with its last complaint when the time is up.
#[track_caller]
pub fn eventually<T>(within: Duration, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + within;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(complaint) if Instant::now() >= deadline => {
                panic!("not within {within:?}: {complaint}")
            }
            Err(_) => sleep(Duration::from_millis(250)),
        }
    }
}
