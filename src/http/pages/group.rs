//! A group's page: what is the matter, since when and why, then the numbers.

use std::fmt::{self, Write};

use super::html::{self, Text};
use super::{course, notes, numbers, partitions};
use crate::model::{ClusterSnapshot, GroupSnapshot, Missing, Snapshot, Timestamp};
use crate::words::text::shell;
use crate::words::units;

/// Events that are shown.
const SHOWN: usize = 12;

/// What is shown, and to whom.
pub(super) struct Page<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) cluster: &'a ClusterSnapshot,
    pub(super) group: &'a GroupSnapshot,
    /// The way to the root of all pages.
    pub(super) up: &'a str,
    /// Where whoever asks has found this server.
    pub(super) url: Option<&'a str>,
}

/// The page of a group that is not there, though it may be expected.
pub(super) fn lost(snapshot: &Snapshot, (cluster, group): (&str, &str), up: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_lost(&mut out, snapshot, (cluster, group), up);
    out
}

/// Whether a group must be there and is not.
pub(super) fn missing<'a>(
    snapshot: &'a Snapshot,
    cluster: &str,
    group: &str,
) -> Option<&'a Missing> {
    let missing = snapshot.notices.missing.iter();
    let mut here = missing.filter(|m| m.cluster.as_str() == cluster && m.group.as_str() == group);
    here.next()
}

fn write_lost(
    out: &mut String,
    snapshot: &Snapshot,
    (cluster, group): (&str, &str),
    up: &str,
) -> fmt::Result {
    html::head(out, "No such group")?;
    let (on, named) = (Text(cluster), html::Name(group));
    writeln!(
        out,
        "<p><a href=\"{up}\">All clusters</a></p>\n<h1>{named}</h1>"
    )?;
    if let Some(missing) = missing(snapshot, cluster, group) {
        let past = units::span(missing.since.age_at(snapshot.at));
        let owner = missing.policy.owner.as_deref().unwrap_or("nobody is named");
        writeln!(
            out,
            "<p class=\"say\"><b class=\"bad\">missing</b> for {past}: it must be on {on}, by its policy, \
             and is not seen there.</p>\n<p>Owner: {}</p>",
            Text(owner)
        )?;
    } else {
        writeln!(
            out,
            "<p class=\"say\">Nothing called so is seen on <b>{on}</b>: it may have been deleted, or its \
             name is written otherwise.</p>"
        )?;
    }
    notes::alerts(out, notes::of_group(snapshot, cluster, group), snapshot.at)?;
    out.write_str("</body></html>\n")
}

impl Page<'_> {
    /// The page.
    pub(super) fn html(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let (snapshot, cluster, group) = (self.snapshot, self.cluster, self.group);
        let (on, named, now) = (&cluster.cluster, &group.group, self.snapshot.at);
        html::head(out, &format!("{}: Laggard", named.as_str()))?;
        writeln!(
            out,
            "<p><a href=\"{}\">All clusters</a></p>\n<h1>{}</h1>\n\
             <p class=\"dim\">on {}, as of {}</p>",
            self.up,
            html::Name(named.as_str()),
            Text(on.as_str()),
            html::moment(now)
        )?;
        self.verdict(out, now)?;
        notes::marks(out, snapshot, on, named)?;
        numbers::numbers(out, group, now)?;
        course::draw(out, group, cluster.health.poll_interval, now)?;
        let alerts = notes::of_group(snapshot, on.as_str(), named.as_str());
        notes::alerts(out, alerts, now)?;
        notes::advice(out, snapshot, on, named)?;
        partitions::partitions(out, group, now)?;
        self.events(out, now)?;
        self.terminal(out, now)?;
        self.links(out)
    }

    fn verdict(&self, out: &mut String, now: Timestamp) -> fmt::Result {
        let group = self.group;
        write!(
            out,
            "<p class=\"say\">{} for {}",
            html::status(group.status.status),
            units::span(group.status.since.age_at(now))
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

    fn events(&self, out: &mut String, now: Timestamp) -> fmt::Result {
        let events = &self.group.events;
        if events.is_empty() {
            return Ok(());
        }
        out.write_str("<h2>What happened</h2>\n<ul>\n")?;
        for event in events.iter().rev().take(SHOWN) {
            writeln!(
                out,
                "<li><span class=\"dim\">{}</span> {}</li>",
                html::ago(event.at, now),
                Text(&event.text)
            )?;
        }
        out.write_str("</ul>\n")
    }

    /// The command that shows the same in a terminal: now, and scrolled to the page's own time.
    fn terminal(&self, out: &mut String, now: Timestamp) -> fmt::Result {
        let Some(url) = self.url else { return Ok(()) };
        let command = format!(
            "laggard top --attach {} --cluster {} --group {}",
            shell(url),
            shell(self.cluster.cluster.as_str()),
            shell(self.group.group.as_str())
        );
        let (now, then) = (Text(&command), format!("{command} --at {now}"));
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
            "<a href=\"{}api/v1/snapshot?cluster={}&amp;group={}\">as JSON</a></p>\n</body></html>",
            self.up,
            part(self.cluster.cluster.as_str()),
            part(self.group.group.as_str())
        )
    }
}
