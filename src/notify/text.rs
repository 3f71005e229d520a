//! What a person reads at night, whoever brings it: what, how bad against what limit, since when,
//! why, what to do first, whose it is, and where to look.
//!
//! In: a letter. Out: a title and, for each alert, a few labelled lines. Receivers only wrap it in
//! what they can show. Names come from others: control characters are written out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::letter::{CLUSTER, Circumstances, GROUP, Letter};
use super::receiver::Links;
use crate::model::{Alert, AlertState, NotificationReason, Span, Timestamp, group_page};
use crate::words::text::shell;

/// The most alerts that are told one by one.
pub(crate) const MOST_STORIES: usize = 10;

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// One line.
    pub(crate) title: String,
    /// An alert each.
    pub(crate) stories: Vec<Story>,
    /// How many more there are.
    pub(crate) more: u64,
}

/// One alert in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    /// What is the matter, or no longer.
    pub(crate) headline: String,
    /// Whether it is over.
    pub(crate) is_over: bool,
    /// What there is to say, most urgent first.
    pub(crate) lines: Vec<Line>,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it is about.
    pub(crate) label: &'static str,
    /// What is said.
    pub(crate) text: String,
    /// How it is to be shown.
    pub(crate) form: Form,
}

/// How a line is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Prose,
    /// An address to open.
    Link,
    /// A command to copy.
    Command,
}

impl Message {
    pub(crate) fn of(letter: &Letter, links: &Links) -> Self {
        let at = letter.notification.at;
        let told = letter.alerts().take(MOST_STORIES);
        let stories: Vec<_> = told
            .map(|(alert, known)| story(alert, &known, at, links))
            .collect();
        let left_out = letter.notification.alerts.len() - stories.len();
        Self {
            title: title(letter),
            stories,
            more: letter.notification.truncated + left_out as u64,
        }
    }

    /// All of it as plain text.
    pub(crate) fn plain(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = self.title.clone();
        for story in &self.stories {
            text.push_str("\n\n");
            text.push_str(&story.headline);
            for line in &story.lines {
                let _ = write!(text, "\n{}: {}", line.label, line.text);
            }
        }
        if let Some(more) = self.and_more() {
            let _ = write!(text, "\n\n{more}");
        }
        text
    }

    /// What is left out, in words.
    pub(crate) fn and_more(&self) -> Option<String> {
        (self.more > 0).then(|| format!("and {} more", self.more))
    }
}

/// `FIRING payments is late (prod, team-payments)`, or of several the first and how many more.
fn title(letter: &Letter) -> String {
    let notification = &letter.notification;
    let (firing, resolved) = (
        notification.firing().count(),
        notification.resolved().count(),
    );
    let word = match (firing, notification.reason) {
        (0, _) => "RESOLVED",
        (_, NotificationReason::Repeat) => "STILL FIRING",
        _ => "FIRING",
    };
    let first = notification.firing().chain(notification.resolved()).next();
    let first = first.map_or_else(|| "nothing".to_owned(), |a| summary(a));
    let others = (firing + resolved).saturating_sub(1) as u64 + notification.truncated;
    let others = match others {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let shared = notification.group_labels.values();
    let shared: Vec<_> = shared
        .filter(|v| !v.is_empty())
        .map(|v| visible(v))
        .collect();
    let shared = if shared.is_empty() {
        String::new()
    } else {
        format!(" ({})", shared.join(", "))
    };
    format!("{word} {first}{others}{shared}")
}

/// What is the matter, in a few words.
pub(crate) fn summary(alert: &Alert) -> String {
    let said = alert
        .annotations
        .get("summary")
        .filter(|s| !s.trim().is_empty());
    said.map_or_else(|| visible(&alert.name), |s| visible(s.trim()))
}

fn story(alert: &Alert, known: &Circumstances, at: Timestamp, links: &Links) -> Story {
    let is_over = alert.state == AlertState::Resolved;
    let severity = alert.labels.get("severity").map_or("", |s| &**s);
    let headline = match (is_over, severity) {
        (true, _) => format!("{}: over", summary(alert)),
        (false, "" | "none") => summary(alert),
        (false, severity) => format!("{} [{}]", summary(alert), visible(severity)),
    };
    let mut lines = Lines(Vec::new());
    if !is_over {
        lines.prose("How bad", annotation(alert, "description"));
    }
    lines.prose("Since", Some(since(alert, at)));
    if !is_over {
        lines.prose("Seen", alert.held.as_deref().map(visible));
        let status = annotation(alert, "why").filter(|status| status != "ok");
        let status = || status.map(|status| format!("its status is {status}"));
        lines.prose(
            "Why",
            known.diagnosis.as_deref().map(visible).or_else(status),
        );
        lines.prose("First", known.advice.as_deref().map(visible));
        lines.typed(known.command.as_deref().unwrap_or_default());
    }
    let owner = alert
        .labels
        .get("owner")
        .map(|o| visible(o))
        .filter(|o| !o.is_empty());
    lines.prose("Owner", owner.or_else(|| annotation(alert, "owner")));
    if !is_over {
        lines.push("Runbook", annotation(alert, "runbook_url"), Form::Link);
    }
    lines.push("Page", page(alert, links), Form::Link);
    lines.push("Look", look(alert, at, links), Form::Command);
    Story {
        headline,
        is_over,
        lines: lines.0,
    }
}

struct Lines(Vec<Line>);

impl Lines {
    fn prose(&mut self, label: &'static str, text: Option<String>) {
        self.push(label, text, Form::Prose);
    }

    /// What is to be typed, a line each, and the remarks between. What begins with a remark is no command but lines of
    /// a configuration.
    fn typed(&mut self, command: &str) {
        let label = if command.starts_with('#') {
            "Setting"
        } else {
            "Command"
        };
        for line in command.lines() {
            match line.strip_prefix('#') {
                Some(remark) => self.prose("Note", Some(visible(remark.trim()))),
                None => self.push(label, Some(visible(line)), Form::Command),
            }
        }
    }

    fn push(&mut self, label: &'static str, text: Option<String>, form: Form) {
        if let Some(text) = text.filter(|t| !t.is_empty()) {
            self.0.push(Line { label, text, form });
        }
    }
}

fn annotation(alert: &Alert, name: &str) -> Option<String> {
    let text = alert.annotations.get(name)?.trim();
    (!text.is_empty()).then(|| visible(text))
}

/// The instant, and how long ago or how long it lasted.
fn since(alert: &Alert, at: Timestamp) -> String {
    let began = alert.starts_at();
    match alert
        .resolved_at
        .filter(|_| alert.state == AlertState::Resolved)
    {
        Some(end) => format!(
            "{} to {}, {}",
            moment(began),
            moment(end),
            lasting(end - began)
        ),
        None => format!("{}, {}", moment(began), lasting(at - began)),
    }
}

fn moment(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.as_millis());
    time.map_or_else(
        |_| at.to_string(),
        |t| t.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

fn lasting(span: Span) -> String {
    let seconds = (span.as_millis() / 1000).max(0);
    match seconds {
        0 => "just now".to_owned(),
        1..60 => format!("for {seconds} s"),
        60..7200 => format!("for {} min", seconds / 60),
        7200..172_800 => format!("for {} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("for {} days", seconds / 86_400),
    }
}

/// The page of an alert's group, else of all.
pub(crate) fn page(alert: &Alert, links: &Links) -> Option<String> {
    let base = links.base.trim_end_matches('/');
    match (alert.labels.get(CLUSTER), alert.labels.get(GROUP)) {
        _ if base.is_empty() => None,
        (Some(cluster), Some(group)) => Some(format!("{base}/{}", group_page(cluster, group))),
        _ => Some(format!("{base}/")),
    }
}

/// The command that shows the group as it was then.
pub(crate) fn look(alert: &Alert, at: Timestamp, links: &Links) -> Option<String> {
    let base = links.base.trim_end_matches('/');
    let (cluster, group) = (alert.labels.get(CLUSTER)?, alert.labels.get(GROUP));
    if base.is_empty() {
        return None;
    }
    let group = group.map_or_else(String::new, |g| format!(" --group {}", shell(g)));
    let (base, cluster) = (shell(base), shell(cluster));
    Some(format!(
        "laggard top --attach {base} --cluster {cluster}{group} --at {at}"
    ))
}

/// One line, with control characters written out.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(' '),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// An alert's annotations with what else is known, for programs.
pub(crate) fn annotations(
    alert: &Alert,
    known: &Circumstances,
    at: Timestamp,
    links: &Links,
) -> BTreeMap<Arc<str>, Arc<str>> {
    let mut all = alert.annotations.clone();
    let mut add = |name: &str, text: Option<Arc<str>>| {
        if let Some(text) = text.filter(|t| !t.is_empty()) {
            all.insert(name.into(), text);
        }
    };
    add("diagnosis", known.diagnosis.clone());
    add("advice", known.advice.clone());
    add("advice_command", known.command.clone());
    add("page", page(alert, links).map(Arc::from));
    add("command", look(alert, at, links).map(Arc::from));
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::{letter, links};
    use super::*;
    use crate::model::testing::NOW;

    #[test]
    fn a_person_reads_what_how_bad_since_when_why_and_what_to_do() {
        let letter = letter("payments", AlertState::Firing);
        insta::assert_snapshot!(Message::of(&letter, &links()).plain());
    }

    #[test]
    fn what_is_over_is_told_in_short() {
        let letter = letter("payments", AlertState::Resolved);
        insta::assert_snapshot!(Message::of(&letter, &links()).plain());
    }

    #[test]
    fn of_many_the_first_are_told() {
        let mut letter = letter("payments", AlertState::Firing);
        let one = letter.notification.alerts[0].clone();
        letter.notification.alerts = vec![one; 12];
        letter.notification.truncated = 3;
        let message = Message::of(&letter, &links());
        assert_eq!((message.stories.len(), message.more), (10, 5));
        assert!(message.title.contains(" and 14 more"), "{}", message.title);
        assert!(message.plain().ends_with("and 5 more"));
    }

    #[test]
    fn a_name_by_others_breaks_neither_a_line_nor_a_shell() {
        let letter = letter("pay\n'; rm -rf /\u{7}", AlertState::Firing);
        let message = Message::of(&letter, &links());
        let text = message.plain();
        assert!(!text.contains('\u{7}'), "{text}");
        let look = message.stories[0].lines.iter().find(|l| l.label == "Look");
        let group = look.unwrap().text.split(" --group ").nth(1).unwrap();
        assert_eq!(group, format!(r"$'pay\n\'; rm -rf /\x07' --at {NOW}"));
    }
}
