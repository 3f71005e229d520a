//! The scoreboard as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use laggard::model::Status;
use laggard::sim::scenario::Purpose;

use crate::Size;
use crate::score::diagnoses::Diagnoses;
use crate::score::errors::Errors;
use crate::score::figures::quantile;
use crate::score::foretold::{Came, Foretold, Told};
use crate::score::time_lag::TimeLags;
use crate::score::verdicts::{Delay, Verdicts};
use crate::score::{Score, Scores};

const MONTH: f64 = 30.0 * 86_400.0;

/// The page.
pub(crate) fn report(scores: &Scores, size: &Size) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "# How right Laggard is\n\n\
         Written by `cargo run --release --example accuracy -- --first-seed {} --seeds {} --days {} --healthy-days {} --interval {}`; the \
         runs are deterministic. Each workload of `sim` is watched by a simulated poller (each answer takes its time, up to \
         0.4 s) through the real pipeline, whose asks the simulated cluster answers. The truth is the simulation's own record \
         of what was appended and committed: of the first offset at or after the commit, a transaction's marker included.\n\n\
         The other methods work on the same observations: *lookup-60* interpolates over the last 60 log ends, as \
         kafka-lag-exporter does; *rate* is lag over the rate of production; *two anchors* is a line from the log's first \
         record to its end, as klag draws it; *Burrow* judges a ring of ten commits by its rules.\n",
        size.first_seed, size.seeds, size.days, size.healthy_days, size.interval
    );
    time_lags(&mut page, scores);
    bounds(&mut page, scores);
    delays(&mut page, scores);
    false_alarms(&mut page, scores);
    diagnoses(&mut page, scores);
    foretold(&mut page, scores);
    page
}

/// What was wrong in one workload's runs, to the terminal.
pub(crate) fn explain(name: &str, score: &Score) {
    let examples = score
        .verdicts
        .examples
        .iter()
        .chain(&score.diagnoses.examples);
    for example in examples {
        println!("{name}: {example}");
    }
    for ((truth, told), minutes) in &score.diagnoses.matrix {
        println!("{name}: {minutes} minutes of {truth}: {told}");
    }
    for (what, told) in [("eta", &score.foretold.eta), ("loss", &score.foretold.loss)] {
        println!("{name}: {what} | {} |", foretold_row(told));
    }
}

fn of(scores: &Scores, wanted: Purpose) -> impl Iterator<Item = (&'static str, &Score)> {
    scores
        .iter()
        .filter(move |((purpose, _), _)| *purpose == wanted)
        .map(|((_, name), score)| (*name, score))
}

fn seconds(value: f64) -> String {
    match value {
        v if v.is_nan() => "–".to_owned(),
        v if v < 10.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

fn quantiles(errors: &Errors) -> String {
    let of = |share| seconds(errors.quantile(share));
    format!("{} / {} / {}", of(0.5), of(0.95), of(1.0))
}

fn time_lags(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## Time lag\n\n\
         Absolute error in seconds of rows with something unread: p50 / p95 / greatest. The consumer pauses for minutes or \
         for most of a night, and works its backlog off.\n\n\
         | workload | samples | Laggard | lookup-60 | rate | two anchors | asks a poll |\n|---|---|---|---|---|---|---|"
    );
    for (name, score) in of(scores, Purpose::Pauses) {
        let lags = &score.time_lags;
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} | {:.2} |",
            lags.ours.count(),
            quantiles(&lags.ours),
            quantiles(&lags.lookup),
            quantiles(&lags.rate),
            quantiles(&lags.anchors),
            score.asks as f64 / score.cycles.max(1) as f64,
        );
    }
    page.push('\n');
    let _ = writeln!(
        page,
        "The same where nothing pauses:\n\n\
         | workload | samples | Laggard | lookup-60 | rate | two anchors |\n|---|---|---|---|---|---|"
    );
    let mut rest = TimeLags::default();
    for purpose in [Purpose::Healthy, Purpose::Trouble] {
        for (name, score) in of(scores, purpose) {
            beside(page, name, &score.time_lags);
            rest.add(&score.time_lags);
        }
    }
    beside(page, "**all**", &rest);
    page.push('\n');
}

fn beside(page: &mut String, name: &str, lags: &TimeLags) {
    let _ = writeln!(
        page,
        "| {name} | {} | {} | {} | {} | {} |",
        lags.ours.count(),
        quantiles(&lags.ours),
        quantiles(&lags.lookup),
        quantiles(&lags.rate),
        quantiles(&lags.anchors),
    );
}

fn bounds(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## Bounds\n\n\
         Samples of rows and groups. A bracket is *provable* when it is made of observed log ends alone; one that rests on \
         records' timestamps is only as true as these. *Older than* counts the samples of rows of which only a lower bound \
         was told: what came in before Laggard first looked, until the first asks are answered.\n\n\
         | workload | provable | truth outside | by timestamps | truth outside | older than | unread and no number |\n|---|---|---|---|---|---|---|"
    );
    for ((_, name), score) in scores {
        let lags = &score.time_lags;
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            lags.provable,
            lags.outside,
            lags.searched,
            lags.searched_outside,
            lags.open,
            lags.unknown
        );
        if let Some(first) = &lags.first_outside {
            eprintln!("{name}: {first}");
        }
    }
    page.push('\n');
}

/// How many of these delays are told, half of them and the slowest.
fn told(delays: impl Iterator<Item = Option<f64>>) -> String {
    let all: Vec<Option<f64>> = delays.collect();
    let told = || all.iter().filter_map(|delay| *delay);
    format!(
        "{} of {} | {} | {}",
        told().count(),
        all.len(),
        seconds(quantile(told(), 0.5)),
        seconds(quantile(told(), 1.0))
    )
}

fn delays(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## How soon troubles are told\n\n\
         Seconds from the instant at which it is so in truth to the snapshot that says so, and what the rules imply: what a \
         rule waits for (silence, a window, a transaction's time-out), a commit and two polls. Beside it, when Burrow first \
         says anything but OK.\n\n\
         | workload | what | told | p50 | slowest | implied | in time | Burrow: told | p50 | slowest |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut all: Vec<Delay> = Vec::new();
    for (name, score) in of(scores, Purpose::Trouble) {
        for (what, delays) in &score.verdicts.delays {
            let implied = delays.iter().map(|delay| delay.implied);
            let in_time = delays.iter().filter(|delay| delay.in_time()).count();
            let _ = writeln!(
                page,
                "| {name} | {what} | {} | {} | {in_time} of {} | {} |",
                told(delays.iter().map(|delay| delay.told)),
                seconds(quantile(implied, 1.0)),
                delays.len(),
                told(delays.iter().map(|delay| delay.burrow))
            );
            all.extend(delays);
        }
    }
    let in_time = all.iter().filter(|delay| delay.in_time()).count();
    let share = in_time as f64 * 100.0 / all.len().max(1) as f64;
    let _ = writeln!(
        page,
        "\n{in_time} of {} in time: {share:.1} %.\n",
        all.len()
    );
}

fn false_alarms(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## False alarms\n\n\
         How often a group with which nothing is wrong was said to be in trouble.\n\n\
         | workload | group-months | false alarms | of which | Burrow |\n|---|---|---|---|---|"
    );
    let mut all = Verdicts::default();
    for (name, score) in of(scores, Purpose::Healthy) {
        let verdicts = &score.verdicts;
        let kinds = kinds(&verdicts.false_alarms);
        let months = verdicts.healthy / MONTH;
        let _ = writeln!(
            page,
            "| {name} | {months:.2} | {} | {kinds} | {} |",
            verdicts.alarms(),
            verdicts.burrow_alarms
        );
        all.add(verdicts);
    }
    let months = all.healthy / MONTH;
    let a_month = |alarms: u64| alarms as f64 / months.max(1e-9);
    let _ = writeln!(
        page,
        "| **all** | {months:.2} | {} | {} | {} |\n\n{:.2} false alarms a group-month; Burrow {:.1}.\n",
        all.alarms(),
        kinds(&all.false_alarms),
        all.burrow_alarms,
        a_month(all.alarms()),
        a_month(all.burrow_alarms),
    );
}

fn kinds(alarms: &BTreeMap<Status, u64>) -> String {
    let each: Vec<String> = alarms
        .iter()
        .map(|(status, count)| format!("{count} {}", status.name()))
        .collect();
    each.join(", ")
}

fn diagnoses(page: &mut String, scores: &Scores) {
    let mut all = Diagnoses::default();
    for score in scores.values() {
        all.add(&score.diagnoses);
    }
    let columns: BTreeSet<&str> = all.matrix.keys().map(|(_, told)| *told).collect();
    let rows: BTreeSet<&str> = all.matrix.keys().map(|(truth, _)| *truth).collect();
    let (right, spoken) = all.shares();
    let _ = writeln!(
        page,
        "## Diagnoses\n\n\
         Minutes in which each was told, by what was wrong in truth once its lag had been there for ten minutes. Offsets \
         cannot tell a service that got slow from one whose downstream did: both are `slow_downstream`.\n\n\
         Right in {:.1} % of the {} minutes in which a cause was named, of healthy and of beginning troubles too. Named in \
         {:.1} % of the {} minutes of the knowable cases (one cause of the table, two members or more, ten minutes of lag); \
         at some time in {} of the {} cases.\n",
        right * 100.0,
        all.spoken,
        spoken * 100.0,
        all.knowable,
        all.cases.1,
        all.cases.0
    );
    let heads: Vec<&str> = columns.iter().copied().collect();
    let _ = writeln!(page, "| truth | {} |", heads.join(" | "));
    let _ = writeln!(page, "|---{}|", "|---".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = heads
            .iter()
            .map(|told| {
                let count = all.matrix.get(&(row, *told));
                count.map_or_else(String::new, u64::to_string)
            })
            .collect();
        let _ = writeln!(page, "| {row} | {} |", cells.join(" | "));
    }
    page.push('\n');
}

fn foretold(page: &mut String, scores: &Scores) {
    let mut all = Foretold::default();
    for score in scores.values() {
        all.add(&score.foretold);
    }
    let _ = writeln!(
        page,
        "## What was foretold\n\n\
         Each snapshot that foretold a group's catching up or its first loss, held against when it came: the error, as it is \
         and, of what was foretold half an hour before and more, as a share of how far off the event was; and where it came beside the interval told, which is meant to \
         hold nine of ten.\n\n\
         | | told and came | error p50 | p95 | as a share p50 | p95 | earlier | within | later | did not come within the run |\n\
         |---|---|---|---|---|---|---|---|---|---|"
    );
    for (what, told) in [("caught up", &all.eta), ("first loss", &all.loss)] {
        let _ = writeln!(page, "| {what} | {} |", foretold_row(told));
    }
}

fn foretold_row(told: &Told) -> String {
    let off = |share| seconds(quantile(told.came.iter().map(|c| f64::from(c.off)), share));
    let part = |came: &Came| f64::from(came.off / came.ahead) * 100.0;
    let far = || told.came.iter().filter(|came| came.ahead >= 1_800.0);
    let part = |share| quantile(far().map(part), share);
    format!(
        "{} | {} s | {} s | {:.0} % | {:.0} % | {:.0} % | {:.0} % | {:.0} % | {}",
        told.came.len(),
        off(0.5),
        off(0.95),
        part(0.5),
        part(0.95),
        told.share(-1) * 100.0,
        told.share(0) * 100.0,
        told.share(1) * 100.0,
        told.open
    )
}
