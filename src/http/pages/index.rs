//! The page at `/`: the clusters, the groups in trouble, and links to all that there is.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::html::{self, Text};
use super::notes::{self, more};
use crate::model::{ClusterSnapshot, GroupSnapshot, HealthState, Snapshot, group_page};
use crate::words::units;

/// Groups in trouble that are shown.
const SHOWN: usize = 100;

const LINKS: &str = r#"<h2>For programs</h2>
<ul>
<li><a href="metrics">/metrics</a>: for Prometheus</li>
<li><a href="api/v1/snapshot">/api/v1/snapshot</a>: everything as JSON; <code>?cluster=</code> and <code>?group=</code> narrow it</li>
<li><a href="api/v1/alerts">/api/v1/alerts</a>, <a href="api/v1/rules">/api/v1/rules</a>: as Prometheus gives them</li>
<li><a href="v3/kafka">/v3/kafka</a>: Burrow's API</li>
<li><a href="healthz">/healthz</a>, <a href="readyz">/readyz</a></li>
</ul>
</body></html>
"#;

/// The page.
pub(super) fn page(snapshot: &Snapshot, source: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = body(&mut out, snapshot, source);
    out.push_str(LINKS);
    out
}

fn body(out: &mut String, snapshot: &Snapshot, source: &str) -> fmt::Result {
    html::head(out, "Laggard")?;
    let version = env!("CARGO_PKG_VERSION");
    writeln!(
        out,
        "<h1>Laggard</h1>\n<p class=\"dim\">Version {version}, source {}, as of {}.</p>",
        Text(source),
        html::moment(snapshot.at)
    )?;
    for issue in &snapshot.notices.issues {
        let (subject, text) = (Text(&issue.subject), Text(&issue.text));
        writeln!(out, "<p class=\"warn\">{subject}: {text}</p>")?;
    }
    clusters(out, snapshot)?;
    missing(out, snapshot)?;
    troubles(out, snapshot)?;
    notes::firing(out, snapshot)
}

fn clusters(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    out.write_str(
        "<h2>Clusters</h2>\n<table><tr><th>cluster</th><th>state</th>\
         <th class=\"n\">groups</th><th class=\"n\">in trouble</th><th class=\"n\">over limit</th>\
         <th class=\"n\">last read</th></tr>\n",
    )?;
    for cluster in &snapshot.clusters {
        let active = || cluster.groups.iter().filter(|g| !g.inactive);
        let trouble = active().filter(|g| g.status.status.is_trouble()).count();
        let over = active().filter(|g| g.breaches(snapshot.at)).count();
        let read = cluster.health.last_success;
        writeln!(
            out,
            "<tr><td class=\"name\"><b>{}</b></td><td>{}</td><td class=\"n\" data-is=\"groups\">{}</td>\
             <td class=\"n\" data-is=\"in trouble\">{trouble}</td>\
             <td class=\"n\" data-is=\"over limit\">{over}</td>\
             <td class=\"n\" data-is=\"last read\">{}</td></tr>",
            Text(cluster.cluster.as_str()),
            state(cluster),
            cluster.groups.len(),
            read.map_or_else(|| "never".to_owned(), |at| html::ago(at, snapshot.at)),
        )?;
    }
    out.write_str("</table>\n")
}

fn state(cluster: &ClusterSnapshot) -> String {
    let why = cluster.health.why.as_ref();
    let why = why.map_or(String::new(), |w| format!(" ({})", Text(w.as_str())));
    match cluster.health.state {
        HealthState::Connecting => format!("connecting{why}"),
        HealthState::Up => format!("<span class=\"good\">up</span>{why}"),
        HealthState::Down => format!("<b class=\"bad\">down</b>{why}"),
    }
}

/// Groups that must be there and are not.
fn missing(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let missing = &snapshot.notices.missing;
    if missing.is_empty() {
        return Ok(());
    }
    out.write_str("<h2>Groups that are missing</h2>\n<ul>\n")?;
    for group in missing.iter().take(SHOWN) {
        let (cluster, id) = (group.cluster.as_str(), group.group.as_str());
        writeln!(
            out,
            "<li><a href=\"{}\">{}</a> <span class=\"dim\">on {}, for {}</span></li>",
            Text(&group_page(cluster, id)),
            html::Name(id),
            Text(cluster),
            units::span(group.since.age_at(snapshot.at))
        )?;
    }
    out.write_str("</ul>\n")?;
    more(out, missing.len().saturating_sub(SHOWN))
}

fn troubles(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let now = snapshot.at;
    let bad = |g: &GroupSnapshot| !g.inactive && (g.status.status.is_trouble() || g.breaches(now));
    let mut groups: Vec<_> = snapshot.groups().filter(|(_, g)| bad(g)).collect();
    groups.sort_by_key(|(_, g)| {
        let lag = g.effective_lag.value().unwrap_or(0);
        (!g.breaches(now), g.status.status, Reverse(lag))
    });
    out.write_str("<h2>Groups in trouble</h2>\n")?;
    if groups.is_empty() {
        return out.write_str("<p>None.</p>\n");
    }
    out.write_str(
        "<table><tr><th>group</th><th>status</th><th class=\"n\">for</th>\
         <th class=\"n\">unread</th><th class=\"n\">time lag</th><th>owner</th></tr>\n",
    )?;
    for (cluster, group) in groups.iter().take(SHOWN) {
        row(out, snapshot, cluster, group)?;
    }
    out.write_str("</table>\n")?;
    more(out, groups.len().saturating_sub(SHOWN))
}

fn row(
    out: &mut String,
    snapshot: &Snapshot,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
) -> fmt::Result {
    let now = snapshot.at;
    let (in_cluster, id) = (cluster.cluster.as_str(), group.group.as_str());
    let over = if group.breaches(now) {
        "<small class=\"bad\">over its limit</small>"
    } else {
        ""
    };
    writeln!(
        out,
        "<tr><td class=\"name\"><a href=\"{}\">{}</a>{}</td><td>{}{over}</td>\
         <td class=\"n\" data-is=\"for\">{}</td><td class=\"n\" data-is=\"unread\">{}</td>\
         <td class=\"n\" data-is=\"time lag\">{}</td><td data-is=\"owner\">{}</td></tr>",
        Text(&group_page(in_cluster, id)),
        html::Name(id),
        if snapshot.clusters.len() > 1 {
            format!(" <span class=\"dim\">on {}</span>", Text(in_cluster))
        } else {
            String::new()
        },
        html::status(group.status.status),
        units::span(group.status.since.age_at(now)),
        html::cell(&group.effective_lag, units::count),
        html::cell(&group.time_lag.age(now), units::span),
        Text(group.policy.owner.as_deref().unwrap_or("")),
    )
}
