//! `lag` as CSV (RFC 4180): a line a partition, an empty cell for what is unknown, and why beside it.

use std::io::{self, Write};

use crate::model::{
    ClusterSnapshot, GroupSnapshot, PartitionView, Reading, Snapshot, Span, Timestamp,
};

const HEAD: &str = "cluster,group,topic,partition,status,committed_offset,log_start_offset,\
log_end_offset,last_stable_offset,lag,effective_lag,time_lag_seconds,time_lag_low_seconds,\
time_lag_high_seconds,stale_since,why,member_id,client_id,host";

/// Writes all partitions of all groups.
pub(super) fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{HEAD}\r\n")?;
    for (cluster, group) in snapshot.groups() {
        for partition in group.partitions() {
            let cells = line(cluster, group, &partition, snapshot.at);
            let quoted: Vec<_> = cells.iter().map(|c| quote(c)).collect();
            write!(out, "{}\r\n", quoted.join(","))?;
        }
    }
    Ok(())
}

fn line(
    c: &ClusterSnapshot,
    g: &GroupSnapshot,
    p: &PartitionView<'_>,
    now: Timestamp,
) -> Vec<String> {
    let row = p.row();
    let effective = &row.effective_lag;
    let age = row.time_lag.age(now);
    let seconds = |s: Option<Span>| s.map_or_else(String::new, |s| s.as_secs_f64().to_string());
    let owner = p.owner();
    vec![
        c.cluster.to_string(),
        g.group.to_string(),
        p.topic().topic.to_string(),
        p.partition().to_string(),
        p.status()
            .map_or("unsubscribed", crate::model::Status::name)
            .to_owned(),
        number(&row.committed_offset),
        number(&p.log_start_offset()),
        number(&p.log_end_offset()),
        number(&p.last_stable_offset()),
        number(&p.lag()),
        number(effective),
        seconds(age.value()),
        seconds(age.low()),
        seconds(age.high()),
        effective
            .stale_since()
            .map_or_else(String::new, |t| t.to_string()),
        effective
            .why()
            .map_or_else(String::new, ToString::to_string),
        owner.map_or_else(String::new, |m| m.member_id.to_string()),
        owner.map_or_else(String::new, |m| m.client_id.to_string()),
        owner.map_or_else(String::new, |m| m.host.to_string()),
    ]
}

fn number(reading: &Reading<i64>) -> String {
    reading.value().map_or_else(String::new, |v| v.to_string())
}

/// Quoted where it must be, and where a spreadsheet would take a name for a formula.
pub(super) fn quote(cell: &str) -> String {
    let must = cell.contains([',', '"', '\n', '\r']) || cell.starts_with(['=', '+', '@']);
    if must {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
