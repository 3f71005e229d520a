//! A group's worst partitions as a table.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::html::{self, Text};
use super::notes::more;
use crate::model::{GroupSnapshot, PartitionView, Timestamp};
use crate::words::units;

/// Partitions that are shown.
const SHOWN: usize = 12;

/// The table; a sentence where nothing is read.
pub(super) fn partitions(out: &mut String, group: &GroupSnapshot, now: Timestamp) -> fmt::Result {
    let mut rows: Vec<_> = group
        .partitions()
        .filter(|p| p.row().verdict.is_some())
        .collect();
    if rows.is_empty() {
        return out.write_str("<h2>Partitions</h2>\n<p>None is read.</p>\n");
    }
    rows.sort_by_key(|p| (p.status(), Reverse(p.row().effective_lag.value())));
    out.write_str(
        "<h2>Worst partitions</h2>\n<table><tr><th>topic and partition</th><th>status</th>\
         <th class=\"n\">unread</th><th class=\"n\">time lag</th><th class=\"n\">read/s</th>\
         <th>member</th></tr>\n",
    )?;
    for row in rows.iter().take(SHOWN) {
        partition(out, row, now)?;
    }
    out.write_str("</table>\n")?;
    more(out, rows.len().saturating_sub(SHOWN))
}

fn partition(out: &mut String, view: &PartitionView<'_>, now: Timestamp) -> fmt::Result {
    let owner = view.owner().map(|m| {
        let host = m.host.trim_start_matches('/');
        format!(
            "{} <span class=\"dim\">{}</span>",
            Text(&m.client_id),
            Text(host)
        )
    });
    writeln!(
        out,
        "<tr><td class=\"name\">{} <b>{}</b></td><td>{}</td><td class=\"n\" data-is=\"unread\">{}</td>\
         <td class=\"n\" data-is=\"time lag\">{}</td><td class=\"n\" data-is=\"read/s\">{}</td>\
         <td data-is=\"member\">{}</td></tr>",
        Text(view.topic().topic.as_str()),
        view.partition(),
        view.status().map_or(String::new(), html::status),
        html::cell(&view.row().effective_lag, units::count),
        html::cell(&view.row().time_lag.age(now), units::span),
        html::cell(&view.row().consume_rate, units::rate),
        owner.unwrap_or_else(|| "<span class=\"dim\">nobody</span>".to_owned()),
    )
}
