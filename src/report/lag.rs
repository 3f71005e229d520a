//! `lag` as a table: a line a group, and a line a partition for groups that were asked for.

use std::io::{self, Write};
use std::sync::Arc;

use crate::model::{ClusterSnapshot, GroupSnapshot, Reading, Snapshot, Timestamp};
use crate::words::text::{escape, name};

use super::by_trouble;
use super::table::{Column, names, numbers, words, write};
use super::value::{age, eta, rate, records};

/// Writes the groups, and with `detail` their partitions.
pub(super) fn table(
    snapshot: &Snapshot,
    detail: bool,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let several = snapshot.clusters.len() > 1;
    let mut columns = vec![
        words("STATUS"),
        names("GROUP"),
        words("STATE"),
        numbers("LAG"),
        numbers("BEHIND"),
        numbers("IN/s"),
        numbers("OUT/s"),
        numbers("ETA"),
    ];
    if several {
        columns.insert(1, words("CLUSTER"));
    }
    let groups = by_trouble(snapshot);
    let rows: Vec<_> = groups
        .iter()
        .map(|(c, g)| group_row(several.then_some(*c), g, snapshot.at))
        .collect();
    if rows.is_empty() {
        // Only a complete listing says that there is none.
        let listed = |c: &Arc<ClusterSnapshot>| c.health.last_complete_listing.is_some();
        let all = !snapshot.clusters.is_empty() && snapshot.clusters.iter().all(listed);
        if all && !detail {
            writeln!(out, "no consumer group is visible")?;
        }
        return Ok(());
    }
    write(&columns, &rows, width, out)?;
    if detail {
        for (_, group) in groups {
            writeln!(out)?;
            partitions(group, snapshot.at, width, out)?;
        }
    }
    Ok(())
}

fn group_row(cluster: Option<&ClusterSnapshot>, g: &GroupSnapshot, now: Timestamp) -> Vec<String> {
    let mut row = vec![
        g.status.status.word().to_owned(),
        name(g.group.as_str(), false).into_owned(),
        state(g),
        records(&g.effective_lag),
        age(&g.time_lag, now),
        rate(&g.arrival_rate),
        rate(&g.consume_rate),
        eta(g, now),
    ];
    if let Some(cluster) = cluster {
        row.insert(1, escape(cluster.cluster.as_str(), false).into_owned());
    }
    row
}

fn state(g: &GroupSnapshot) -> String {
    let mark = if g.state.is_stale() { "~" } else { "" };
    g.state
        .value()
        .map_or_else(|| "-".to_owned(), |s| format!("{mark}{s:?}"))
}

const PARTITION_COLUMNS: [Column; 7] = [
    words("STATUS"),
    names("PARTITION"),
    numbers("COMMITTED"),
    numbers("END"),
    numbers("LAG"),
    numbers("BEHIND"),
    names("OWNER"),
];

fn partitions(
    g: &GroupSnapshot,
    now: Timestamp,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{}", name(g.group.as_str(), false))?;
    if let Some(evidence) = &g.status.evidence {
        writeln!(
            out,
            "{}: {}",
            g.status.status.name(),
            escape(&evidence.sentence(now), false)
        )?;
    }
    if let Some(cause) = g.diagnosis.cause() {
        writeln!(out, "why: {}", escape(&cause.sentence(now), false))?;
    }
    for issue in &g.issues {
        writeln!(out, "note: {}", escape(&issue.text, false))?;
    }
    if g.rows.is_empty() {
        let why = g
            .effective_lag
            .why()
            .map_or_else(String::new, |w| format!(" ({w})"));
        return writeln!(out, "no partitions{why}");
    }
    let rows: Vec<Vec<String>> = g
        .partitions()
        .map(|p| {
            let topic = escape(p.topic().topic.as_str(), false);
            let owner = p.owner().map_or_else(
                || "-".to_owned(),
                |m| format!("{}{}", escape(&m.client_id, false), escape(&m.host, false)),
            );
            vec![
                p.status()
                    .map_or("outside", crate::model::Status::word)
                    .to_owned(),
                format!("{topic}-{}", p.partition()),
                offset(&p.row().committed_offset),
                offset(&p.log_end_offset()),
                records(&p.row().effective_lag),
                age(&p.row().time_lag, now),
                owner,
            ]
        })
        .collect();
    write(&PARTITION_COLUMNS, &rows, width, out)
}

fn offset(reading: &Reading<i64>) -> String {
    records(reading)
}
