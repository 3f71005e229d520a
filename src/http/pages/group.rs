//! A group's page: what is the matter, since when and why, then the numbers.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::chart::{Chart, Point};
use super::html::{self, Text};
use crate::model::{
    AdviceSeverity, ClusterSnapshot, Eta, GroupSnapshot, Loss, PartitionView, Reading, Snapshot,
    Span, TimeLag, Timestamp,
};
use crate::words::text::shell;
use crate::words::units;

/// Partitions and events that are shown.
const SHOWN: usize = 12;

/// The page; `url` is where whoever asks has found this server.
pub(super) fn page(
    snapshot: &Snapshot,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
    url: Option<&str>,
) -> String {
    let mut out = String::new();
    let page = Page {
        snapshot,
        cluster,
        group,
        now: snapshot.at,
        url,
    };
    // Writing to a string cannot fail.
    let _ = page.write(&mut out);
    out
}

/// The page of a group that is not there.
pub(super) fn lost(cluster: &str, group: &str) -> String {
    let mut out = String::new();
    let _ = html::head(&mut out, "No such group");
    let _ = writeln!(
        out,
        "<h1>No such group</h1><p>Nothing called <b>{}</b> is seen on <b>{}</b>: it may have been \
         deleted, or its name is written otherwise.</p><p><a href=\"../../\">All clusters</a></p>\
         </body></html>",
        Text(group),
        Text(cluster)
    );
    out
}

struct Page<'a> {
    snapshot: &'a Snapshot,
    cluster: &'a ClusterSnapshot,
    group: &'a GroupSnapshot,
    now: Timestamp,
    url: Option<&'a str>,
}

impl Page<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let name = self.group.group.as_str();
        html::head(out, &format!("{name}: Laggard"))?;
        let cluster = Text(self.cluster.cluster.as_str());
        writeln!(
            out,
            "<p><a href=\"../../\">All clusters</a></p>\n<h1>{}</h1>\n\
             <p class=\"dim\">on {cluster}, as of {}</p>",
            Text(name),
            self.now
        )?;
        self.verdict(out)?;
        self.numbers(out)?;
        self.charts(out)?;
        self.advice(out)?;
        self.partitions(out)?;
        self.events(out)?;
        self.terminal(out)?;
        self.links(out)
    }

    fn verdict(&self, out: &mut String) -> fmt::Result {
        let (group, now) = (self.group, self.now);
        write!(
            out,
            "<p class=\"say\">{} since {}",
            html::status(group.status.status),
            html::ago(group.status.since, now)
        )?;
        if group.breaches(now) {
            out.write_str(", <b class=\"bad\">over its limit</b>")?;
        }
        if let Some(evidence) = &group.status.evidence {
            write!(out, ": {}", Text(&evidence.sentence(now)))?;
        }
        out.write_str(".</p>\n")?;
        let more = [
            group.diagnosis.sentence(now),
            group.storm.as_ref().map(|s| s.sentence()),
        ];
        for sentence in more.into_iter().flatten() {
            writeln!(out, "<p class=\"say\">{}.</p>", Text(&sentence))?;
        }
        for issue in &group.issues {
            writeln!(
                out,
                "<p class=\"warn\">{}: {}</p>",
                Text(&issue.subject),
                Text(&issue.text)
            )?;
        }
        Ok(())
    }

    fn numbers(&self, out: &mut String) -> fmt::Result {
        let (group, now) = (self.group, self.now);
        let policy = &group.policy;
        let shown: [(&str, String); 10] = [
            (
                "Unread records",
                limited(
                    html::reading(&group.effective_lag, now, units::count),
                    policy
                        .max_lag
                        .map(|l| units::count(i64::try_from(l).unwrap_or(i64::MAX))),
                ),
            ),
            (
                "Oldest unread record",
                limited(
                    time_lag(&group.time_lag, now),
                    policy.max_time_lag.map(units::span),
                ),
            ),
            ("Coming in", per_second(&group.arrival_rate, now)),
            ("Being read", per_second(&group.consume_rate, now)),
            (
                "Caught up",
                html::reading(&group.eta, now, |eta| until(eta, now)),
            ),
            (
                "Unread records deleted",
                html::reading(&group.loss_at, now, |l| loss(l, now)),
            ),
            (
                "Lost in the last hour",
                html::reading(&group.lost_lately, now, units::count),
            ),
            (
                "Members",
                group
                    .members
                    .as_ref()
                    .map_or("unknown".to_owned(), |m| m.len().to_string()),
            ),
            (
                "Partitions",
                match group.unknown_partitions {
                    0 => group.rows.len().to_string(),
                    unknown => format!("{}<small>{unknown} unknown</small>", group.rows.len()),
                },
            ),
            (
                "Owner",
                Text(policy.owner.as_deref().unwrap_or("nobody is named")).to_string(),
            ),
        ];
        out.write_str("<dl>\n")?;
        for (name, value) in shown {
            writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
        }
        out.write_str("</dl>\n")
    }

    fn charts(&self, out: &mut String) -> fmt::Result {
        let trend = &self.group.trend;
        let lag: Vec<_> = trend
            .iter()
            .map(|p| Point {
                at: p.at,
                value: p.effective_lag.map(|l| l as f64),
            })
            .collect();
        let chart = Chart {
            title: "Unread records",
            colour: "--lag",
            points: &lag,
            limit: self.group.policy.max_lag.map(|l| l as f64),
            show: |v| units::count(v as i64),
        };
        chart.draw(out)
    }

    fn advice(&self, out: &mut String) -> fmt::Result {
        let here = |a: &&std::sync::Arc<crate::model::Advice>| {
            a.cluster == self.cluster.cluster && a.group == self.group.group
        };
        let mut advice = self.snapshot.advice.iter().filter(here).peekable();
        if advice.peek().is_none() {
            return Ok(());
        }
        out.write_str("<h2>What would help</h2>\n<ul>\n")?;
        for advice in advice {
            let urgent = match advice.severity {
                AdviceSeverity::Urgent => "<b class=\"bad\">now</b>: ",
                AdviceSeverity::Useful | AdviceSeverity::Hint => "",
            };
            write!(out, "<li>{urgent}{}", Text(&advice.title))?;
            for line in advice
                .evidence
                .iter()
                .chain(&advice.gain)
                .chain(&advice.caveats)
            {
                write!(out, "<br><span class=\"dim\">{}</span>", Text(line))?;
            }
            if let Some(command) = &advice.command {
                write!(out, "<pre>{}</pre>", Text(command))?;
            }
            out.write_str("</li>\n")?;
        }
        out.write_str("</ul>\n")
    }

    fn partitions(&self, out: &mut String) -> fmt::Result {
        let mut rows: Vec<_> = self
            .group
            .partitions()
            .filter(|p| p.row().verdict.is_some())
            .collect();
        if rows.is_empty() {
            return out.write_str("<h2>Partitions</h2>\n<p>None is read.</p>\n");
        }
        rows.sort_by_key(|p| (p.status(), Reverse(p.row().effective_lag.value())));
        out.write_str(
            "<h2>Worst partitions</h2>\n<div class=\"wide\"><table><tr><th>topic</th>\
             <th class=\"n\">partition</th><th>status</th><th class=\"n\">lag</th>\
             <th class=\"n\">time lag</th><th class=\"n\">read/s</th><th>member</th></tr>\n",
        )?;
        for row in rows.iter().take(SHOWN) {
            self.partition(out, row)?;
        }
        out.write_str("</table></div>\n")?;
        match rows.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(out, "<p class=\"dim\">and {more} more</p>"),
        }
    }

    fn partition(&self, out: &mut String, view: &PartitionView<'_>) -> fmt::Result {
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
            "<tr><td class=\"name\">{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            Text(view.topic().topic.as_str()),
            view.partition(),
            view.status().map_or(String::new(), html::status),
            html::cell(&view.row().effective_lag, units::count),
            html::cell(&view.row().time_lag.age(self.now), units::span),
            html::cell(&view.row().consume_rate, units::rate),
            owner.unwrap_or_else(|| "<span class=\"dim\">nobody</span>".to_owned()),
        )
    }

    fn events(&self, out: &mut String) -> fmt::Result {
        let events = &self.group.events;
        if events.is_empty() {
            return Ok(());
        }
        out.write_str("<h2>What happened</h2>\n<ul>\n")?;
        for event in events.iter().rev().take(SHOWN) {
            writeln!(
                out,
                "<li><span class=\"dim\">{}</span> {}</li>",
                html::ago(event.at, self.now),
                Text(&event.text)
            )?;
        }
        out.write_str("</ul>\n")
    }

    /// The command that shows the same in a terminal: now, and scrolled to the page's own time.
    fn terminal(&self, out: &mut String) -> fmt::Result {
        let Some(url) = self.url else { return Ok(()) };
        let command = format!(
            "laggard top --attach {} --cluster {} --group {}",
            shell(url),
            shell(self.cluster.cluster.as_str()),
            shell(self.group.group.as_str())
        );
        let (now, then) = (Text(&command), format!("{command} --at {}", self.now));
        writeln!(
            out,
            "<h2>In a terminal</h2>\n<pre>{now}</pre>\n<p class=\"dim\">As it was when this page was made:</p>\n<pre>{}</pre>",
            Text(&then)
        )
    }

    fn links(&self, out: &mut String) -> fmt::Result {
        out.write_str("<p>")?;
        if let Some(runbook) = self.group.policy.runbook.as_deref() {
            // Only what a browser fetches is a link; anything else is text.
            if runbook.starts_with("https://") || runbook.starts_with("http://") {
                write!(out, "<a href=\"{}\">Runbook</a> · ", Text(runbook))?;
            } else {
                write!(out, "Runbook: {} · ", Text(runbook))?;
            }
        }
        let part =
            |name| percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        writeln!(
            out,
            "<a href=\"../../api/v1/snapshot?cluster={}&amp;group={}\">as JSON</a></p>\n</body></html>",
            part(self.cluster.cluster.as_str()),
            part(self.group.group.as_str())
        )
    }
}

fn limited(value: String, limit: Option<String>) -> String {
    match limit {
        Some(limit) => format!("{value}<small>limit {limit}</small>"),
        None => value,
    }
}

fn time_lag(lag: &Reading<TimeLag>, now: Timestamp) -> String {
    let age = lag.age(now);
    let shown = html::reading(&age, now, units::span);
    match (age.low(), age.high()) {
        (Some(low), Some(high)) if low != high => format!(
            "{shown}<small>between {} and {}</small>",
            units::span(low),
            units::span(high)
        ),
        (Some(low), None) if age.value().is_some() => {
            format!("{shown}<small>at least {}</small>", units::span(low))
        }
        _ => shown,
    }
}

fn per_second(rate: &Reading<f64>, now: Timestamp) -> String {
    html::reading(rate, now, |r| format!("{}/s", units::rate(r)))
}

fn until(eta: Eta, now: Timestamp) -> String {
    match eta {
        Eta::CaughtUp => "it is".to_owned(),
        Eta::Never => "never at this rate".to_owned(),
        Eta::At { at, .. } => format!("in {}", units::span(now.age_at(at).max(Span::ZERO))),
    }
}

fn loss(loss: Loss, now: Timestamp) -> String {
    match loss.at() {
        None => "not while things stay so".to_owned(),
        Some(at) => format!("in {}", units::span(now.age_at(at).max(Span::ZERO))),
    }
}
