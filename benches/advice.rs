//! What planning costs: 10,000 partitions dealt out to 200 members, improved from what is there, and sized.
//!
//! `cargo bench --bench advice` prints milliseconds and how far the fullest member is above the lower bound.
//! It fails when dealing out takes more than 50 ms; a unit test holds the quality.

#![allow(missing_docs, clippy::print_stdout, reason = "a program that prints")]

use std::time::{Duration, Instant};

use laggard::advice::plan::{improve, lower_bound, lpt, spread, testing::workloads};

const PARTITIONS: usize = 10_000;
const MEMBERS: usize = 200;
const RUNS: u32 = 9;

fn main() {
    let mut slowest = Duration::ZERO;
    println!("{PARTITIONS} partitions, {MEMBERS} members; median of {RUNS}");
    for (name, work) in workloads(PARTITIONS) {
        let bound = lower_bound(&work, MEMBERS);
        let spread_in = median(|| drop(spread(&work, MEMBERS)));
        slowest = slowest.max(spread_in);
        let round_robin: Vec<usize> = (0..PARTITIONS).map(|p| p % MEMBERS).collect();
        let improved_in = median(|| drop(improve(&work, &round_robin, MEMBERS)));
        let above = |fullest: f64| 100.0 * (fullest / bound - 1.0);
        let improved = improve(&work, &round_robin, MEMBERS);
        println!(
            "{name:>10}: spread {:6.2} ms, {:.3} % above the bound (LPT alone {:.3} %); improved from round-robin {:6.2} ms, {:.1} % (was {:.1} %), {} moved",
            1e3 * spread_in.as_secs_f64(),
            above(spread(&work, MEMBERS).fullest()),
            above(lpt(&work, MEMBERS).fullest()),
            1e3 * improved_in.as_secs_f64(),
            above(improved.packing.fullest()),
            above(improved.fullest_before),
            improved.moved.len(),
        );
    }
    assert!(slowest <= Duration::from_millis(50), "{slowest:?}");
}

fn median(run: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
