//! The Logs screen's lines: what the program logged and what went wrong in reading, newest first.

use super::super::filter::Filter;
use super::super::state::State;
use super::{Stamp, stamp};
use crate::model::{Issue, Timestamp};

/// One line.
#[derive(Clone, Debug)]
pub(in crate::tui) struct LogRow {
    /// Its identity.
    pub(in crate::tui) key: String,
    /// When, or since when.
    pub(in crate::tui) at: Timestamp,
    /// `ERROR`, `WARN`, … or `ISSUE`.
    pub(in crate::tui) level: &'static str,
    /// Who says so, or what it is about.
    pub(in crate::tui) subject: String,
    /// What.
    pub(in crate::tui) text: String,
}

/// The lines.
#[derive(Default)]
pub(in crate::tui) struct LogRows {
    /// Newest first.
    pub(in crate::tui) rows: Vec<LogRow>,
    made_for: Option<(Stamp, u64, Filter)>,
}

impl State {
    pub(super) fn refresh_logs(&mut self) {
        let filter = self.ui.filters[4].clone();
        let made_for = Some((stamp(&self.shown), self.log_count, filter.clone()));
        if self.lists.logs.made_for == made_for {
            return;
        }
        let mut rows: Vec<LogRow> = self.logs.lines().iter().map(logged).collect();
        for cluster in self.clusters() {
            let name = cluster.cluster.as_str();
            rows.extend(cluster.issues.iter().map(|i| issue(name, i)));
            for group in &cluster.groups {
                rows.extend(group.issues.iter().map(|i| issue(name, i)));
            }
        }
        // What is wrong with Laggard itself: a configuration that was not taken.
        let own = self.shown.notices.issues.iter();
        rows.extend(own.map(|i| issue("laggard", i)));
        rows.retain(|r| filter.passes(&format!("{} {} {}", r.level, r.subject, r.text)));
        rows.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
        self.lists.logs.rows = rows;
        self.lists.logs.made_for = made_for;
    }
}

fn logged(line: &super::super::logs::LogLine) -> LogRow {
    LogRow {
        key: format!("log {:020}", line.n),
        at: line.at,
        level: line.level.as_str(),
        subject: line.target.trim_start_matches("laggard::").to_owned(),
        text: line.text.clone(),
    }
}

fn issue(cluster: &str, issue: &Issue) -> LogRow {
    LogRow {
        key: format!("issue {cluster} {} {}", issue.subject, issue.text),
        at: issue.since,
        level: "ISSUE",
        subject: format!("{cluster}: {}", issue.subject),
        text: issue.text.to_string(),
    }
}
