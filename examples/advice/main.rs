//! What advice is worth: simulated clusters in which it is followed, beside the same ones in which nobody does
//! anything, and beside autoscalers.
//!
//! `cargo run --release --example advice` runs every scenario for some seeds and writes `docs/advice.md`. The runs are
//! deterministic. `--help` says what else it takes.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a program that prints, and modules that it shares with the tests"
)]

mod report;
#[path = "../common/side_by_side.rs"]
mod side_by_side;
#[allow(dead_code, reason = "comparing figures is the tests' part")]
mod trial;

use std::time::Instant;

use anyhow::{Context, bail};
use clap::Parser;
use laggard::sim::spec::SECOND;

use crate::side_by_side::side_by_side;
use crate::trial::adding::{Added, add};
use crate::trial::figures::{Figures, Scalings};
use crate::trial::following::{Followed, follow};
use crate::trial::outcome::Outcomes;
use crate::trial::scaling::{SCALED, Scaler, scale};
use crate::trial::short::short;
use crate::trial::{Run, scenarios};

/// How big a measurement is.
#[derive(Debug, Parser)]
#[command(name = "advice", about = "Measures what Laggard's advice is worth")]
struct Size {
    /// Seeds for each scenario.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Only the scenarios whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// Runs that go on at a time.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Seconds between two polls.
    #[arg(long, default_value_t = 30)]
    interval: i64,
    /// Runs the short size of the tests and writes its figures to `tests/advice.json`.
    #[arg(long)]
    short: bool,
    /// Prints instead of writing, with each act, harm and missed target.
    #[arg(long)]
    explain: bool,
}

/// What is run: the advice followed, or an autoscaler.
#[derive(Clone, Copy)]
enum Trial {
    Follow(Run),
    Scale(Run, Scaler),
}

enum Result {
    Followed(Box<(Followed, Vec<Added>)>),
    Scaled(Outcomes),
}

fn main() -> anyhow::Result<()> {
    let size = Size::parse();
    if size.short {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/advice.json");
        let text = serde_json::to_string_pretty(&short())?;
        return std::fs::write(path, text + "\n").with_context(|| format!("cannot write {path}"));
    }
    let trials = trials(&size);
    if trials.is_empty() {
        bail!("no scenario of that name");
    }
    let started = Instant::now();
    let (figures, scalings) = measure(&trials, &size);
    eprintln!("{} runs in {:.1?}", trials.len(), started.elapsed());
    let text = report::report(&figures, &scalings, &size);
    if size.explain {
        println!("{text}");
        return Ok(());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/advice.md");
    std::fs::write(path, text).with_context(|| format!("cannot write {path}"))
}

fn trials(size: &Size) -> Vec<Trial> {
    let wanted = |name: &&str| size.only.as_deref().is_none_or(|part| name.contains(part));
    let run = |scenario, seed| Run::new(scenario, seed, size.interval * SECOND);
    let seeds = || 1..=size.seeds;
    let followed = scenarios()
        .filter(wanted)
        .flat_map(|name| seeds().map(move |seed| Trial::Follow(run(name, seed))));
    let scaled = SCALED.into_iter().filter(wanted).flat_map(|name| {
        let each = move |seed| Scaler::ALL.map(|scaler| Trial::Scale(run(name, seed), scaler));
        seeds().flat_map(each)
    });
    followed.chain(scaled).collect()
}

fn carry_out(trial: Trial) -> Result {
    match trial {
        Trial::Follow(run) => {
            let followed = follow(&run);
            let added = add(&run, &followed);
            Result::Followed(Box::new((followed, added)))
        }
        Trial::Scale(run, scaler) => Result::Scaled(scale(&run, scaler)),
    }
}

/// Runs all, so many at a time.
fn measure(trials: &[Trial], size: &Size) -> (Figures, Scalings) {
    let done = side_by_side(trials, size.threads, |trial| carry_out(*trial));
    let (mut figures, mut scalings) = (Figures::new(), Scalings::new());
    for (trial, result) in trials.iter().zip(done) {
        match (trial, result) {
            (Trial::Follow(run), Result::Followed(result)) => {
                let (followed, added) = *result;
                if size.explain {
                    explain(run, &followed, &added);
                }
                let figure = figures.entry(run.scenario.to_owned()).or_default();
                figure.take(&followed, &added);
            }
            (Trial::Scale(run, scaler), Result::Scaled(outcomes)) => {
                let key = (run.scenario.to_owned(), scaler.name());
                scalings.entry(key).or_default().take(&outcomes);
            }
            _ => {}
        }
    }
    (figures, scalings)
}

fn explain(run: &Run, followed: &Followed, added: &[Added]) {
    let minutes = |t: i64| (t - trial::EPOCH) / 60_000;
    for (at, act) in &followed.acts {
        println!(
            "{} {}: at {} m {:?}: {} ({})",
            run.scenario,
            run.seed,
            minutes(*at),
            act.remedy,
            act.advice.title,
            act.said
        );
    }
    for harm in followed.harmed() {
        println!("{} {}: HARM {harm:?}", run.scenario, run.seed);
    }
    for scaled in followed.scaled.iter().filter(|s| !s.reached) {
        println!("{} {}: MISSED {scaled:?}", run.scenario, run.seed);
    }
    for added in added {
        println!(
            "{} {}: helps {} {added:?}",
            run.scenario,
            run.seed,
            added.helps()
        );
    }
}
