//! What alert rules would have done over a recording: as a table, JSON, or a timeline.

use std::io::{self, Write};

use super::table::{self, names, words};
use crate::model::{BackTest, Course, Span, Timestamp};
use crate::words::text::{cut_middle, escape, width};

/// The form of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackTestForm {
    /// A line an alert; so many cells wide at the most, if that is known.
    Table(Option<usize>),
    /// All of it.
    Json,
    /// A line an alert, drawn over time.
    Timeline(Option<usize>),
}

/// Cells of a timeline where the width is not known.
const USUAL: usize = 100;
/// The widest a name is drawn beside a timeline.
const NAME: usize = 40;

/// Prints it.
///
/// # Errors
///
/// What `out` says.
pub fn backtest(test: &BackTest, form: BackTestForm, out: &mut dyn Write) -> io::Result<()> {
    match form {
        BackTestForm::Json => {
            serde_json::to_writer_pretty(&mut *out, test)?;
            writeln!(out)
        }
        BackTestForm::Table(most) => {
            summary(test, out)?;
            if test.alerts.is_empty() {
                return Ok(());
            }
            let columns = [
                names("ALERT"),
                words("SEVERITY"),
                names("ON"),
                words("PENDING"),
                words("FIRED"),
                words("HELD"),
                words("RESOLVED"),
                words("FIRED FOR"),
            ];
            let rows: Vec<_> = test.alerts.iter().map(|c| row(c, test.to)).collect();
            table::write(&columns, &rows, most, out)
        }
        BackTestForm::Timeline(most) => {
            summary(test, out)?;
            timeline(test, most.unwrap_or(USUAL), out)
        }
    }
}

fn summary(test: &BackTest, out: &mut dyn Write) -> io::Result<()> {
    let fired = test.alerts.iter().filter(|c| c.fired.is_some()).count();
    let pages = test.alerts.iter().filter(|c| c.fired.is_some());
    let pages = pages.filter(|c| severity(c) == "page").count();
    let of = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    writeln!(
        out,
        "{} to {}, {}: {} fired ({}), {} only pending",
        second(test.from),
        second(test.to),
        test.to - test.from,
        of(fired, "alert"),
        of(pages, "page"),
        test.alerts.len() - fired
    )
}

fn row(course: &Course, to: Timestamp) -> Vec<String> {
    let none = || "-".to_owned();
    let ended = course.ended.filter(|_| course.fired.is_some());
    let held = course.held.iter().map(|s| s.to.unwrap_or(to) - s.from);
    let held = held.fold(Span::ZERO, |sum, one| sum + one);
    vec![
        escape(&course.name, false).into_owned(),
        severity(course).to_owned(),
        on(course),
        second(course.pending),
        course.fired.map_or_else(none, second),
        if course.held.is_empty() {
            none()
        } else {
            held.to_string()
        },
        ended.map_or_else(none, second),
        course
            .fired
            .map_or_else(none, |f| (course.ended.unwrap_or(to) - f).to_string()),
    ]
}

fn severity(course: &Course) -> &str {
    course.labels.get("severity").map_or("", |s| &**s)
}

/// What it is about: cluster and group, where it has them.
fn on(course: &Course) -> String {
    let of = |name| {
        course
            .labels
            .get(name)
            .map(|v| escape(v, false).into_owned())
    };
    let parts: Vec<_> = [of("kafka_cluster"), of("group"), of("topic")]
        .into_iter()
        .flatten()
        .collect();
    parts.join("/")
}

/// To the second: nothing is evaluated more finely.
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('.')
        .map_or_else(|| text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// `.` nothing, `-` pending, `#` firing, `h` held; what was for less than a cell is seen all the
/// same: the worst of a cell is drawn.
fn timeline(test: &BackTest, most: usize, out: &mut dyn Write) -> io::Result<()> {
    let name = |c: &Course| format!("{} {}", escape(&c.name, false), on(c));
    let names: Vec<_> = test
        .alerts
        .iter()
        .map(|c| cut_middle(&name(c), NAME, "…").into_owned())
        .collect();
    let widest = names.iter().map(|n| width(n)).max().unwrap_or(0);
    let cells = most.saturating_sub(widest + 2).max(10);
    for (name, course) in names.iter().zip(&test.alerts) {
        let pad = " ".repeat(widest - width(name));
        let drawn: String = (0..cells).map(|i| cell(course, test, i, cells)).collect();
        writeln!(out, "{name}{pad}  {drawn}")?;
    }
    if !names.is_empty() {
        writeln!(out, ". nothing  - pending  # firing  h held")?;
    }
    Ok(())
}

fn cell(course: &Course, test: &BackTest, i: usize, cells: usize) -> char {
    let whole = (test.to - test.from).as_millis().max(1);
    let edge = |i: usize| test.from + Span::from_millis(whole * i as i64 / cells as i64);
    let (from, to) = (
        edge(i),
        if i + 1 == cells {
            test.to + Span::from_millis(1)
        } else {
            edge(i + 1)
        },
    );
    let touches =
        |begin: Timestamp, end: Option<Timestamp>| begin < to && end.is_none_or(|e| e > from);
    if course.held.iter().any(|s| touches(s.from, s.to)) {
        'h'
    } else if course.fired.is_some_and(|f| touches(f, course.ended)) {
        '#'
    } else if touches(course.pending, course.fired.or(course.ended)) {
        '-'
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stretch;
    use crate::model::testing::ago;

    fn test() -> BackTest {
        let course =
            |group: &str, severity: &str, pending, fired: Option<i64>, ended: Option<i64>| Course {
                name: "LaggardLate".into(),
                labels: [
                    ("kafka_cluster", "prod"),
                    ("group", group),
                    ("severity", severity),
                ]
                .map(|(n, v)| (n.into(), v.into()))
                .into(),
                pending: ago(pending),
                fired: fired.map(ago),
                held: Vec::new(),
                ended: ended.map(ago),
                annotations: std::collections::BTreeMap::new(),
            };
        let mut held = course("held", "page", 3000, Some(2700), Some(600));
        held.held.push(Stretch {
            from: ago(1800),
            to: Some(ago(900)),
        });
        BackTest {
            from: ago(3600),
            to: ago(0),
            snapshots: 360,
            rules: 3,
            notifications: 0,
            alerts: vec![
                course("blip", "ticket", 3540, None, Some(3480)),
                held,
                course("going on", "ticket", 600, Some(300), None),
            ],
        }
    }

    fn printed(form: BackTestForm) -> String {
        let mut out = Vec::new();
        backtest(&test(), form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_and_a_timeline_tell_when_each_fired_was_held_and_resolved() {
        insta::assert_snapshot!(printed(BackTestForm::Table(None)));
        insta::assert_snapshot!(printed(BackTestForm::Timeline(Some(90))));
        let json: serde_json::Value = serde_json::from_str(&printed(BackTestForm::Json)).unwrap();
        assert_eq!(
            json["alerts"][1]["held"][0]["from"],
            "2026-11-20T17:30:00.000Z"
        );
    }
}
