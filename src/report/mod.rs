//! What one-shot commands print: tables for people, CSV and JSON for programs, verdicts.
//!
//! In: a snapshot and what was asked. Out: text into one writer, and an [`Outcome`]. It reads
//! snapshots only, and never writes an unknown as 0.

mod advise;
mod backtest;
mod check;
mod csv;
mod doctor;
mod lag;
mod table;
mod value;
mod what_if;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::Arc;

use crate::model::{ClusterSnapshot, GroupSnapshot, HealthState, Snapshot, document};
use crate::words::text::escape;

pub use advise::{advise, resets};
pub use backtest::{BackTestForm, backtest};
pub use check::{Limits, check};
pub use doctor::doctor;
pub use what_if::{Plan, plans, what_if};

/// What a report came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All that was asked is known and within limits.
    Fine,
    /// Something that was asked cannot be known.
    Unknown,
    /// A limit is breached.
    Breach,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people; so many cells wide at the most, if that is known.
    Table(Option<usize>),
    /// The snapshot document.
    Json,
    /// A line a partition.
    Csv,
}

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Group ids; none: all groups.
    pub groups: &'a [String],
}

/// Prints the lag of the asked groups; notes about what is missing go to `notes`.
///
/// # Errors
///
/// Those of the writers.
pub fn lag(
    snapshot: &Arc<Snapshot>,
    asked: &Asked<'_>,
    form: Form,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Outcome> {
    let narrow = document::Narrow {
        groups: asked.groups.iter().map(|g| g.as_str().into()).collect(),
        ..document::Narrow::default()
    };
    let found = narrow.apply(snapshot);
    match form {
        Form::Table(width) => lag::table(&found, !asked.groups.is_empty(), width, out)?,
        Form::Json => {
            document::to_json(&found, &mut *out)?;
            writeln!(out)?;
        }
        Form::Csv => csv::write(&found, out)?,
    }
    let missing = missing(snapshot, asked.groups, notes)?;
    unreadable(snapshot, notes)?;
    let read_nothing = !snapshot
        .clusters
        .iter()
        .any(|c| c.health.last_success.is_some());
    // Kafka hides what one may not see: where no group is seen, none is known.
    let none_seen = found.groups().next().is_none();
    let unknown = missing || read_nothing || none_seen;
    Ok(if unknown {
        Outcome::Unknown
    } else {
        Outcome::Fine
    })
}

/// Says which asked groups are nowhere, with the nearest name that there is.
fn missing(snapshot: &Snapshot, asked: &[String], notes: &mut dyn Write) -> io::Result<bool> {
    let mut any = false;
    for id in asked {
        if snapshot.clusters.iter().any(|c| c.group(id).is_some()) {
            continue;
        }
        any = true;
        let names = snapshot.groups().map(|(_, g)| g.group.as_str());
        let near = names
            .map(|n| (strsim::damerau_levenshtein(n, id), n))
            .filter(|(distance, _)| *distance <= id.chars().count().div_ceil(3))
            .min();
        let hint = match near {
            Some((_, name)) => format!("; did you mean `{}`?", escape(name, false)),
            None => " (or this user may not see it: `laggard doctor` tells)".to_owned(),
        };
        let listed = |c: &Arc<ClusterSnapshot>| {
            c.health.state == HealthState::Up && c.health.last_complete_listing.is_some()
        };
        if snapshot.clusters.is_empty() || !snapshot.clusters.iter().all(listed) {
            let id = escape(id, false);
            writeln!(
                notes,
                "laggard: group `{id}` was not seen: not every cluster could be read"
            )?;
            continue;
        }
        writeln!(
            notes,
            "laggard: there is no group `{}`{hint}",
            escape(id, false)
        )?;
    }
    Ok(any)
}

/// Says what of the clusters could not be read.
fn unreadable(snapshot: &Snapshot, notes: &mut dyn Write) -> io::Result<bool> {
    let mut any = false;
    for cluster in &snapshot.clusters {
        let why = match cluster.health.state {
            HealthState::Up => None,
            HealthState::Down => Some("is down"),
            HealthState::Connecting => Some("has not answered yet"),
        };
        if let Some(what) = why {
            any = true;
            let why = cluster
                .health
                .why
                .as_ref()
                .map_or_else(String::new, |w| format!(": {w}"));
            writeln!(notes, "laggard: cluster `{}` {what}{why}", cluster.cluster)?;
        }
        for issue in &cluster.issues {
            writeln!(
                notes,
                "laggard: cluster `{}`: {}: {}",
                cluster.cluster,
                escape(&issue.subject, false),
                escape(&issue.text, false)
            )?;
        }
    }
    Ok(any)
}

/// Groups in the order of trouble: breach of their own limit, status, time lag.
fn by_trouble(snapshot: &Snapshot) -> Vec<(&ClusterSnapshot, &Arc<GroupSnapshot>)> {
    let mut groups: Vec<_> = snapshot.groups().collect();
    groups.sort_by_key(|(_, g)| {
        let age = g.time_lag.age(snapshot.at);
        let age = age.value().or(age.low());
        (
            !g.breaches(snapshot.at),
            g.status.status,
            std::cmp::Reverse(age),
        )
    });
    groups
}
