//! `check`: groups held to limits, one line a group. Only what is certain is a breach, only what is
//! certain is fine: what bounds leave open is unknown.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::model::{
    ClusterSnapshot, GroupSnapshot, HealthState, Reading, Snapshot, Span, Timestamp,
};
use crate::words::text::escape;
use crate::words::units;

use super::{Asked, Form, Outcome, csv, missing, unreadable};

/// What groups are held to; `None`: the group's own policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Most unread records.
    pub max_lag: Option<u64>,
    /// Oldest unread record.
    pub max_time_lag: Option<Span>,
}

/// One group held to its limits.
#[derive(Serialize)]
struct Finding {
    cluster: String,
    group: String,
    verdict: &'static str,
    text: String,
    limits: Vec<Held>,
    #[serde(skip)]
    outcome: Outcome,
}

/// One limit and what was read.
#[derive(Serialize)]
struct Held {
    limit: &'static str,
    verdict: &'static str,
    max: serde_json::Value,
    reading: serde_json::Value,
    #[serde(skip)]
    text: String,
    #[serde(skip)]
    outcome: Outcome,
}

/// Holds the asked groups to `limits`, and says of each what came of it. A breach that the known
/// part proves is one, whatever is unknown beside it.
///
/// # Errors
///
/// Those of the writers.
pub fn check(
    snapshot: &Arc<Snapshot>,
    asked: &Asked<'_>,
    limits: Limits,
    form: Form,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Outcome> {
    let findings: Vec<Finding> = asked
        .groups
        .iter()
        .flat_map(|id| {
            snapshot
                .clusters
                .iter()
                .filter_map(|c| Some((c, c.group(id)?)))
        })
        .map(|(c, g)| held(c, g, limits, snapshot.at))
        .collect();
    write(&findings, form, out)?;
    let missing = missing(snapshot, asked.groups, notes)?;
    unreadable(snapshot, notes)?;
    // In a cluster that does not answer there may be a group of that name, and nobody knows how it does.
    let all_up = snapshot
        .clusters
        .iter()
        .all(|c| c.health.state == HealthState::Up);
    let worst = findings
        .iter()
        .map(|f| f.outcome)
        .max()
        .unwrap_or(Outcome::Unknown);
    Ok(if missing || !all_up {
        worst.max(Outcome::Unknown)
    } else {
        worst
    })
}

fn write(findings: &[Finding], form: Form, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, findings)?;
            writeln!(out)
        }
        Form::Csv => {
            write!(out, "cluster,group,verdict,text\r\n")?;
            findings.iter().try_for_each(|f| {
                let cells = [&f.cluster, &f.group, f.verdict, &f.text];
                write!(out, "{}\r\n", cells.map(csv::quote).join(","))
            })
        }
        Form::Table(_) => findings.iter().try_for_each(|f| {
            let (cluster, group) = (escape(&f.cluster, false), escape(&f.group, false));
            writeln!(out, "{:<8} {cluster}: {group}  {}", f.verdict, f.text)
        }),
    }
}

fn held(
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
    limits: Limits,
    now: Timestamp,
) -> Finding {
    let max_lag = limits.max_lag.or(group.policy.max_lag);
    let max_time_lag = limits.max_time_lag.or(group.policy.max_time_lag);
    let mut parts = Vec::new();
    if let Some(max) = max_lag {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        parts.push(part("lag", &group.effective_lag, max, |v| v.to_string()));
    }
    if let Some(max) = max_time_lag {
        parts.push(part("behind", &group.time_lag.age(now), max, units::span));
    }
    let outcome = parts
        .iter()
        .map(|p| p.outcome)
        .max()
        .unwrap_or(Outcome::Unknown);
    let texts: Vec<_> = parts.iter().map(|p| p.text.as_str()).collect();
    Finding {
        cluster: cluster.cluster.to_string(),
        group: group.group.to_string(),
        verdict: verdict(outcome),
        text: match texts.as_slice() {
            [] => "no limit is given and no policy sets one".to_owned(),
            texts => texts.join(", "),
        },
        limits: parts,
        outcome,
    }
}

fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fine => "ok",
        Outcome::Unknown => "unknown",
        Outcome::Breach => "BREACH",
    }
}

/// The same, with what a program wants to know of it.
fn part<T: Copy + PartialOrd + Serialize>(
    name: &'static str,
    reading: &Reading<T>,
    max: T,
    write: impl Fn(T) -> String,
) -> Held {
    let (outcome, text) = compare(name, reading, max, write);
    let json = |value: serde_json::Result<_>| value.unwrap_or(serde_json::Value::Null);
    Held {
        limit: name,
        verdict: verdict(outcome),
        max: json(serde_json::to_value(max)),
        reading: json(serde_json::to_value(reading)),
        text,
        outcome,
    }
}

/// One reading against its limit: a breach by the low bound, fine by the high one of a known
/// reading. A limit that lies between the two is not decided by a best guess: a script that pages
/// somebody wants to know what is certain, and one that lets a release through does too.
fn compare<T: Copy + PartialOrd>(
    name: &str,
    reading: &Reading<T>,
    max: T,
    write: impl Fn(T) -> String,
) -> (Outcome, String) {
    let limit = write(max);
    let value = written(reading, &write);
    let why = reading
        .why()
        .map_or_else(String::new, |w| format!(" ({})", escape(w.as_str(), false)));
    if reading.low().is_some_and(|low| low > max) {
        return (Outcome::Breach, format!("{name} {value} > {limit}{why}"));
    }
    if reading.is_known() && reading.high().is_some_and(|high| high <= max) {
        return (Outcome::Fine, format!("{name} {value} ≤ {limit}"));
    }
    (
        Outcome::Unknown,
        format!("{name} {value}, limit {limit}{why}"),
    )
}

/// The value with its bounds, where these say more than it does.
fn written<T: Copy + PartialOrd>(reading: &Reading<T>, write: impl Fn(T) -> String) -> String {
    let Some(value) = reading.value() else {
        return "unknown".to_owned();
    };
    let bounds = reading
        .bounds()
        .map(|b| (b.low.map(&write), b.high.map(&write)));
    let value = write(value);
    match bounds {
        Some((Some(low), Some(high))) if low != high => {
            format!("about {value} (between {low} and {high})")
        }
        Some((Some(low), None)) => format!("at least {low}"),
        Some((None, Some(high))) => format!("at most {high}"),
        _ => value,
    }
}
