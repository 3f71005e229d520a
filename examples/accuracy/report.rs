//! The scoreboard as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use laggard::model::Status;
use laggard::sim::scenario::Purpose;

use crate::Size;
use crate::score::errors::Errors;
use crate::score::figures::slowest;
use crate::score::foretold::Told;
use crate::score::time_lag::TimeLags;
use crate::score::verdicts::Verdicts;
use crate::score::{Score, Scores};

const MONTH: f64 = 30.0 * 86_400.0;

/// The page.
pub(crate) fn report(scores: &Scores, size: &Size) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "# How right Laggard is\n\n\
         Written by `cargo run --release --example accuracy -- --seeds {} --days {} --healthy-days {} --interval {}`; the \
         runs are deterministic. Each workload of `sim` is watched by a simulated poller (each answer takes its time, up to \
         0.4 s) through the real pipeline, whose asks the simulated cluster answers. The truth is the simulation's own record \
         of what was appended and committed: of the first offset at or after the commit, a transaction's marker included.\n\n\
         The other methods work on the same observations: *lookup-60* interpolates over the last 60 log ends, as \
         kafka-lag-exporter does; *rate* is lag over the rate of production; *two anchors* is a line from the log's first \
         record to its end, as klag draws it; *Burrow* judges a ring of ten commits by its rules.\n",
        size.seeds, size.days, size.healthy_days, size.interval
    );
    time_lags(&mut page, scores);
    bounds(&mut page, scores);
    delays(&mut page, scores);
    false_alarms(&mut page, scores);
    diagnoses(&mut page, scores);
    foretold(&mut page, scores);
    page
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
    let mut rest = TimeLags::default();
    for purpose in [Purpose::Healthy, Purpose::Trouble] {
        for (_, score) in of(scores, purpose) {
            rest.add(&score.time_lags);
        }
    }
    let _ = writeln!(
        page,
        "Over all other workloads, {} samples: Laggard {}, lookup-60 {}, rate {}, two anchors {}.\n",
        rest.ours.count(),
        quantiles(&rest.ours),
        quantiles(&rest.lookup),
        quantiles(&rest.rate),
        quantiles(&rest.anchors),
    );
}

fn bounds(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## Bounds\n\n\
         Samples of rows and groups. A bracket is *provable* when it is made of observed log ends alone; one that rests on \
         records' timestamps is only as true as these.\n\n\
         | workload | provable | truth outside | by timestamps | truth outside | unread and no number |\n|---|---|---|---|---|---|"
    );
    for ((_, name), score) in scores {
        let lags = &score.time_lags;
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} |",
            lags.provable, lags.outside, lags.searched, lags.searched_outside, lags.unknown
        );
        if let Some(first) = &lags.first_outside {
            eprintln!("{name}: {first}");
        }
    }
    page.push('\n');
}

/// Delays of one status in one workload: all told, and the words for them.
fn told(delays: &[Option<f64>]) -> String {
    let missed = delays.iter().filter(|d| d.is_none()).count();
    format!(
        "{} of {} | {} | {}",
        delays.len() - missed,
        delays.len(),
        seconds(slowest(delays, 0.5)),
        seconds(slowest(delays, 1.0))
    )
}

fn delays(page: &mut String, scores: &Scores) {
    let _ = writeln!(
        page,
        "## How soon troubles are told\n\n\
         Seconds from the instant at which it is so in truth to the snapshot that says so. Beside it, when Burrow first says \
         anything but OK.\n\n\
         | workload | status | told | p50 | slowest | Burrow: told | p50 | slowest |\n|---|---|---|---|---|---|---|---|"
    );
    for (name, score) in of(scores, Purpose::Trouble) {
        for (status, delays) in &score.verdicts.delays {
            let burrow = &score.verdicts.burrow_delays[status];
            let _ = writeln!(
                page,
                "| {name} | {} | {} | {} |",
                status.name(),
                told(delays),
                told(burrow)
            );
        }
    }
    page.push('\n');
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
    let mut matrix: BTreeMap<(String, String), u64> = BTreeMap::new();
    for score in scores.values() {
        for (pair, count) in &score.diagnoses.matrix {
            *matrix.entry(pair.clone()).or_default() += count;
        }
    }
    let columns: BTreeSet<&str> = matrix.keys().map(|(_, told)| told.as_str()).collect();
    let rows: BTreeSet<&str> = matrix.keys().map(|(truth, _)| truth.as_str()).collect();
    let _ = writeln!(
        page,
        "## Diagnoses\n\n\
         Minutes in which each was told, by what was wrong in truth for at least ten minutes.\n"
    );
    let heads: Vec<&str> = columns.iter().copied().collect();
    let _ = writeln!(page, "| truth | {} |", heads.join(" | "));
    let _ = writeln!(page, "|---{}|", "|---".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = heads
            .iter()
            .map(|told| {
                let count = matrix.get(&(row.to_owned(), (*told).to_owned()));
                count.map_or_else(String::new, u64::to_string)
            })
            .collect();
        let _ = writeln!(page, "| {row} | {} |", cells.join(" | "));
    }
    page.push('\n');
}

fn foretold(page: &mut String, scores: &Scores) {
    let mut all = crate::score::foretold::Foretold::default();
    for score in scores.values() {
        all.add(&score.foretold);
    }
    let _ = writeln!(
        page,
        "## What was foretold\n\n\
         Error as a share of how far off the event was when it was foretold.\n\n\
         | | told and came | p50 | p95 | between earliest and latest | told and did not come within the run |\n|---|---|---|---|---|---|"
    );
    for (what, told) in [("caught up", &all.eta), ("first loss", &all.loss)] {
        let _ = writeln!(page, "| {what} | {} |", foretold_row(told));
    }
}

fn foretold_row(told: &Told) -> String {
    let errors: Vec<Option<f64>> = told.errors.iter().map(|e| Some(e * 100.0)).collect();
    let came = errors.len();
    format!(
        "{came} | {:.0} % | {:.0} % | {:.0} % | {}",
        slowest(&errors, 0.5),
        slowest(&errors, 0.95),
        told.within as f64 * 100.0 / came.max(1) as f64,
        told.open
    )
}
