//! What people and rules say of groups: alerts, marks, advice.
//!
//! In: the snapshot. Out: lists for pages; nothing where nothing is said.

use std::fmt::{self, Write};

use super::html::{self, Text};
use crate::model::{
    Advice, AdviceSeverity, Alert, AlertState, ClusterName, GroupId, Mark, Snapshot, Timestamp,
    group_page,
};
use crate::words::units;

/// Alerts that are shown of all on the front page.
const SHOWN: usize = 20;

/// The labels that tell which group an alert is about: rules see them by these names, whatever the
/// exported ones are called.
const CLUSTER: &str = "kafka_cluster";
const GROUP: &str = "group";

fn about(alert: &Alert) -> Option<(&str, &str)> {
    let label = |name: &str| alert.labels.get(name).map(|v| &**v);
    Some((label(CLUSTER)?, label(GROUP)?))
}

/// The alerts of one group, firing ones first.
pub(super) fn of_group<'a>(
    snapshot: &'a Snapshot,
    cluster: &'a str,
    group: &'a str,
) -> impl Iterator<Item = &'a Alert> {
    let alerts = snapshot.alerts.iter().map(|a| &**a);
    alerts.filter(move |a| about(a) == Some((cluster, group)))
}

/// What fires, of everything, with links to the groups' pages.
pub(super) fn firing(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let firing = || {
        let alerts = snapshot.alerts.iter().map(|a| &**a);
        alerts.filter(|a| a.state == AlertState::Firing)
    };
    if firing().next().is_none() {
        return Ok(());
    }
    out.write_str("<h2>Alerts that fire</h2>\n<ul>\n")?;
    for alert in firing().take(SHOWN) {
        out.write_str("<li>")?;
        if let Some((cluster, group)) = about(alert) {
            let (page, name) = (group_page(cluster, group), html::Name(group));
            write!(out, "<a href=\"{}\">{name}</a>: ", Text(&page))?;
        }
        one(out, alert, snapshot.at)?;
        out.write_str("</li>\n")?;
    }
    out.write_str("</ul>\n")?;
    more(out, firing().count().saturating_sub(SHOWN))
}

/// A list of a group's alerts.
pub(super) fn alerts<'a>(
    out: &mut String,
    alerts: impl Iterator<Item = &'a Alert>,
    now: Timestamp,
) -> fmt::Result {
    let mut alerts = alerts.peekable();
    if alerts.peek().is_none() {
        return Ok(());
    }
    out.write_str("<h2>Alerts</h2>\n<ul>\n")?;
    for alert in alerts {
        out.write_str("<li>")?;
        one(out, alert, now)?;
        out.write_str("</li>\n")?;
    }
    out.write_str("</ul>\n")
}

fn one(out: &mut String, alert: &Alert, now: Timestamp) -> fmt::Result {
    let (class, state, since) = match alert.state {
        AlertState::Firing => ("bad", "fires", alert.fired_at.unwrap_or(alert.active_since)),
        AlertState::Pending => ("warn", "pending", alert.active_since),
        AlertState::Resolved => (
            "good",
            "resolved",
            alert.resolved_at.unwrap_or(alert.active_since),
        ),
    };
    let past = html::ago(since, now);
    write!(
        out,
        "<b>{}</b> <span class=\"{class}\">{state}</span> <span class=\"dim\">since {past}</span>",
        Text(&alert.name)
    )?;
    for name in ["summary", "description"] {
        if let Some(text) = alert.annotations.get(name).filter(|t| !t.trim().is_empty()) {
            write!(out, "<small>{}</small>", Text(text))?;
        }
    }
    if let Some(why) = &alert.held {
        write!(out, "<small>held: {}</small>", Text(why))?;
    }
    if let Some(silence) = &alert.silenced {
        let left = units::span(now.age_at(silence.until));
        let (by, why) = (Text(&silence.by), Text(&silence.why));
        write!(
            out,
            "<small>silenced for {left} more by {by}: {why}</small>"
        )?;
    }
    Ok(())
}

/// The marks on a group that stand.
pub(super) fn marks(
    out: &mut String,
    snapshot: &Snapshot,
    cluster: &ClusterName,
    group: &GroupId,
) -> fmt::Result {
    let here = |m: &&Mark| m.group == *group && m.cluster.as_ref().is_none_or(|c| c == cluster);
    for mark in snapshot.notices.marks.iter().filter(here) {
        let left = units::span(snapshot.at.age_at(mark.until));
        writeln!(
            out,
            "<p class=\"warn\">Marked by {} for {left} more: {}</p>",
            Text(&mark.author),
            Text(&mark.why)
        )?;
    }
    Ok(())
}

/// What would help a group.
pub(super) fn advice(
    out: &mut String,
    snapshot: &Snapshot,
    cluster: &ClusterName,
    group: &GroupId,
) -> fmt::Result {
    let advice = snapshot.advice.iter().map(|a| &**a);
    let mut advice = advice
        .filter(|a| a.cluster == *cluster && a.group == *group)
        .peekable();
    if advice.peek().is_none() {
        return Ok(());
    }
    out.write_str("<h2>What would help</h2>\n<ul>\n")?;
    for advice in advice {
        one_advice(out, advice)?;
    }
    out.write_str("</ul>\n")
}

fn one_advice(out: &mut String, advice: &Advice) -> fmt::Result {
    let urgent = match advice.severity {
        AdviceSeverity::Urgent => "<b class=\"bad\">now</b>: ",
        AdviceSeverity::Useful | AdviceSeverity::Hint => "",
    };
    write!(out, "<li>{urgent}{}", Text(&advice.title))?;
    let lines = (advice.evidence.iter())
        .chain(&advice.gain)
        .chain(&advice.caveats);
    for line in lines {
        write!(out, "<small>{}</small>", Text(line))?;
    }
    if let Some(command) = &advice.command {
        write!(out, "<pre>{}</pre>", Text(command))?;
    }
    out.write_str("</li>\n")
}

/// How many are not shown.
pub(super) fn more(out: &mut String, more: usize) -> fmt::Result {
    match more {
        0 => Ok(()),
        more => writeln!(out, "<p class=\"dim\">and {more} more</p>"),
    }
}
