//! The scoreboard: simulated days through the real pipeline, beside the truth and beside the methods that others use.
//!
//! `cargo run --release --example accuracy` runs every workload for some seeds and writes `docs/accuracy.md`. The runs are
//! deterministic. `--help` says what else it takes.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a program that prints, and modules that it shares with the tests"
)]

mod report;
#[allow(dead_code, reason = "comparing figures is the tests' part")]
mod score;
#[path = "../common/side_by_side.rs"]
mod side_by_side;

use std::time::Instant;

use anyhow::{Context, bail};
use clap::Parser;
use laggard::sim::scenario::{Purpose, over_days};
use laggard::sim::spec::{DAY, Millis, SECOND};

use crate::score::Scores;
use crate::score::figures::figures;
use crate::score::run::{Run, run};
use crate::score::short::short;
use crate::side_by_side::side_by_side;

/// How big a measurement is.
#[derive(Debug, Parser)]
#[command(name = "accuracy", about = "Measures Laggard against known truth")]
struct Size {
    /// Seeds for each workload.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Days of a workload in which a consumer pauses.
    #[arg(long, default_value_t = 2)]
    days: i64,
    /// Days of a healthy workload.
    #[arg(long, default_value_t = 7)]
    healthy_days: i64,
    /// Only the workloads whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// Runs that go on at a time.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Seconds between two polls.
    #[arg(long, default_value_t = 10)]
    interval: i64,
    /// Runs the short size of the tests and writes its figures to `tests/accuracy.json`.
    #[arg(long)]
    short: bool,
    /// Prints instead of writing, with each false alarm.
    #[arg(long)]
    explain: bool,
}

fn main() -> anyhow::Result<()> {
    let size = Size::parse();
    if size.short {
        return write_figures();
    }
    let runs = runs(&size);
    if runs.is_empty() {
        bail!("no workload of that name");
    }
    let started = Instant::now();
    let scores = measure(&runs, size.threads);
    let simulated: Millis = runs.iter().map(|run| run.length).sum();
    let took = started.elapsed();
    eprintln!(
        "{} runs, {} simulated days in {took:.1?}",
        runs.len(),
        simulated / DAY
    );
    let text = report::report(&scores, &size);
    if size.explain {
        println!("{text}");
        for ((_, name), score) in &scores {
            report::explain(name, score);
        }
        return Ok(());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/accuracy.md");
    std::fs::write(path, text).with_context(|| format!("cannot write {path}"))
}

fn write_figures() -> anyhow::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/accuracy.json");
    let text = serde_json::to_string_pretty(&figures(&short()))?;
    std::fs::write(path, text + "\n").with_context(|| format!("cannot write {path}"))
}

fn runs(size: &Size) -> Vec<Run> {
    let wanted = |name: &str| size.only.as_deref().is_none_or(|part| name.contains(part));
    let named = over_days().filter(|(name, _)| wanted(name));
    named
        .flat_map(|(workload, purpose)| {
            let length = match purpose {
                Purpose::Pauses => size.days * DAY,
                Purpose::Healthy => size.healthy_days * DAY,
                Purpose::Trouble => DAY * 3 / 8,
            };
            (size.first_seed..size.first_seed + size.seeds).map(move |seed| Run {
                workload,
                purpose,
                seed,
                length,
                interval: size.interval * SECOND,
            })
        })
        .collect()
}

/// Runs all, `threads` at a time.
fn measure(runs: &[Run], threads: usize) -> Scores {
    let done = side_by_side(runs, threads, |one| run(*one));
    let mut scores = Scores::new();
    for (one, score) in runs.iter().zip(done) {
        let kept = scores.entry((one.purpose, one.workload)).or_default();
        if let Some(score) = score {
            kept.add(&score);
        }
    }
    scores
}
