//! An incident in plain text, to paste into a ticket: what, since when, how far, what happened.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::glyphs::ASCII;
use super::rows::groups::{partition_order, partition_view};
use super::state::GroupKey;
use super::text::escape;
use super::view::{at_length, how_long, member_label, reading};
use super::{units, update::subject};
use crate::model::{ClusterSnapshot, GroupId, GroupSnapshot, Reading, Snapshot, Timestamp};

/// Most partitions and events that are written.
const MOST: usize = 20;

/// The summary of a group; `None` if the snapshot has no such group.
pub(super) fn of(
    snapshot: &Snapshot,
    key: &GroupKey,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<String> {
    let cluster = snapshot.cluster(key.0.as_str())?;
    let group = cluster.group(key.1.as_str())?;
    let mut out = String::new();
    head(&mut out, cluster, group, now);
    partitions(&mut out, group, now);
    events(&mut out, group, now, zone);
    alerts_and_advice(&mut out, snapshot, key, now);
    let _ = writeln!(
        out,
        "\nMade by Laggard from its snapshot of {}.",
        snapshot.at
    );
    Some(out)
}

/// `laggard-payments-20261120T120431Z.txt`: only characters that every file system takes.
pub(super) fn file_name(group: &GroupId, now: Timestamp) -> String {
    let safe: String = group
        .as_str()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    let at: String = now
        .to_string()
        .chars()
        .take(19)
        .filter(|c| !"-:".contains(*c))
        .collect();
    format!("laggard-{safe}-{at}Z.txt")
}

fn head(out: &mut String, cluster: &ClusterSnapshot, group: &GroupSnapshot, now: Timestamp) {
    let name = escape(group.group.as_str(), false);
    let verdict = &group.status;
    let _ = writeln!(
        out,
        "{name} on {}: {} since {} ({})",
        escape(cluster.cluster.as_str(), false),
        verdict.status.word(),
        verdict.since,
        units::span(verdict.since.age_at(now)),
    );
    if let Some(why) = group.diagnosis.sentence(now) {
        let _ = writeln!(out, "why: {}", escape(&why, false));
    }
    if let Some(evidence) = &verdict.evidence {
        let _ = writeln!(out, "{}", escape(&evidence.sentence(now), false));
    }
    let g = &ASCII;
    let lag = at_length(&group.lag, g, now, units::count, |n| n as f64);
    let unit = if group.lag.is_known() { " records" } else { "" };
    let (age, secs) = (group.time_lag.age(now), crate::model::Span::as_secs_f64);
    let behind = at_length(&age, g, now, units::span, secs);
    let arrival = reading(&group.arrival_rate, g, units::rate).0;
    let consume = reading(&group.consume_rate, g, units::rate).0;
    let _ = writeln!(
        out,
        "\nlag        {lag}{unit}\nbehind     {behind}\nin         {arrival} records/s\nout        {consume} records/s\neta        {}",
        super::view::eta(group, now, g).0
    );
    let members = group
        .members
        .as_ref()
        .map_or("unknown".to_owned(), |m| m.len().to_string());
    let _ = writeln!(out, "members    {members}");
    for (label, value) in [
        ("owner", &group.policy.owner),
        ("runbook", &group.policy.runbook),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "{label:<10} {}", escape(value, false));
        }
    }
}

fn partitions(out: &mut String, group: &GroupSnapshot, now: Timestamp) {
    let order = partition_order(group);
    let _ = writeln!(
        out,
        "\nPartitions, worst first ({} of {}):",
        order.len().min(MOST),
        order.len()
    );
    for view in order
        .iter()
        .take(MOST)
        .filter_map(|i| partition_view(group, *i))
    {
        let row = view.row();
        let owner = view.owner().map_or_else(
            || "nobody".to_owned(),
            |m| escape(&member_label(m), false).into_owned(),
        );
        let _ = writeln!(
            out,
            "  {}-{}  {}  committed {}  end {}  lag {}  behind {}  owner {owner}{}",
            escape(view.topic().topic.as_str(), false),
            view.partition(),
            view.status().map_or("outside", crate::model::Status::word),
            reading(&row.committed_offset, &ASCII, |n| n.to_string()).0,
            reading(&view.log_end_offset(), &ASCII, |n| n.to_string()).0,
            reading(&view.lag(), &ASCII, |n| n.to_string()).0,
            reading(&row.time_lag.age(now), &ASCII, units::span).0,
            old(&row.effective_lag, now),
        );
    }
}

/// How old a row is that is not fresh.
fn old(lag: &Reading<i64>, now: Timestamp) -> String {
    let since = lag.stale_since();
    since.map_or_else(String::new, |since| {
        format!("  ({} old)", units::span(since.age_at(now)))
    })
}

fn events(out: &mut String, group: &GroupSnapshot, now: Timestamp, zone: &TimeZone) {
    if group.events.is_empty() {
        return;
    }
    out.push_str("\nWhat happened, newest first:\n");
    for event in group.events.iter().rev().take(MOST) {
        let at = units::moment(event.at, now, zone);
        let _ = writeln!(
            out,
            "  {at}  {:?}  {}",
            event.kind,
            escape(&event.text, false)
        );
    }
}

fn alerts_and_advice(out: &mut String, snapshot: &Snapshot, key: &GroupKey, now: Timestamp) {
    for alert in &snapshot.alerts {
        let about = subject(&alert.labels);
        if about.is_some_and(|(c, g)| g == key.1 && c.is_none_or(|c| c == key.0)) {
            let _ = writeln!(
                out,
                "\nAlert {} {:?} {}",
                escape(&alert.name, false),
                alert.state,
                how_long(alert, now)
            );
        }
    }
    for advice in &snapshot.advice {
        if advice.group == key.1 && advice.cluster == key.0 {
            let _ = writeln!(out, "\nAdvice: {}", escape(&advice.title, false));
            for line in &advice.evidence {
                let _ = writeln!(out, "  {}", escape(line, false));
            }
            if let Some(command) = &advice.command {
                let _ = writeln!(out, "  $ {}", escape(command, false));
            }
        }
    }
}
