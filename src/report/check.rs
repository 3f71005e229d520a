//! `check`: groups held to limits, one line a group.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::model::{ClusterSnapshot, GroupSnapshot, Reading, Snapshot, Span, Timestamp};
use crate::words::text::escape;
use crate::words::units;

use super::{Asked, Form, Outcome, missing, unreadable};

/// What groups are held to; `None`: the group's own policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Most unread records.
    pub max_lag: Option<u64>,
    /// Oldest unread record.
    pub max_time_lag: Option<Span>,
}

/// One group held to one limit.
#[derive(Serialize)]
struct Finding {
    cluster: String,
    group: String,
    verdict: &'static str,
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
    match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, &findings)?;
            writeln!(out)?;
        }
        Form::Table(_) | Form::Csv => {
            for f in &findings {
                writeln!(
                    out,
                    "{:<8} {}  {}",
                    f.verdict,
                    escape(&f.group, false),
                    f.text
                )?;
            }
        }
    }
    let missing = missing(snapshot, asked.groups, notes)?;
    unreadable(snapshot, notes)?;
    let worst = findings
        .iter()
        .map(|f| f.outcome)
        .max()
        .unwrap_or(Outcome::Unknown);
    Ok(if missing {
        worst.max(Outcome::Unknown)
    } else {
        worst
    })
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
    if parts.is_empty() {
        parts.push((
            Outcome::Unknown,
            "no limit is given and no policy sets one".to_owned(),
        ));
    }
    let outcome = parts
        .iter()
        .map(|(o, _)| *o)
        .max()
        .unwrap_or(Outcome::Unknown);
    let texts: Vec<_> = parts.into_iter().map(|(_, t)| t).collect();
    Finding {
        cluster: cluster.cluster.to_string(),
        group: group.group.to_string(),
        verdict: match outcome {
            Outcome::Fine => "ok",
            Outcome::Unknown => "unknown",
            Outcome::Breach => "BREACH",
        },
        text: texts.join(", "),
        outcome,
    }
}

/// One reading against its limit: a breach by the low bound, fine by the high one, else unknown.
fn part<T: Copy + PartialOrd>(
    name: &str,
    reading: &Reading<T>,
    max: T,
    write: impl Fn(T) -> String,
) -> (Outcome, String) {
    let limit = write(max);
    let value = reading.value().map_or_else(|| "unknown".to_owned(), &write);
    let why = reading
        .why()
        .map_or_else(String::new, |w| format!(" ({w})"));
    if reading.low().is_some_and(|low| low > max) {
        return (Outcome::Breach, format!("{name} {value} > {limit}{why}"));
    }
    let within = reading.is_known()
        && (reading.high().is_some_and(|h| h <= max)
            || (reading.high().is_some() && reading.value().is_some_and(|v| v <= max)));
    if within {
        return (Outcome::Fine, format!("{name} {value} ≤ {limit}"));
    }
    if reading.is_known() && reading.high().is_some() {
        // The limit lies within the bounds: the best guess decides, and says so.
        return (Outcome::Breach, format!("{name} about {value} > {limit}"));
    }
    (
        Outcome::Unknown,
        format!("{name} {value}, limit {limit}{why}"),
    )
}
