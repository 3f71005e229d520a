//! `advise`: what would help, most urgent first, with its evidence and the exact command.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use crate::advice::resets;
use crate::model::{Advice, AdviceSeverity, HealthState, Load, Plan, Snapshot, Status};
use crate::words::text::escape;
use crate::words::units;

use super::table::{Column, names, numbers, write};
use super::{Asked, Form, Outcome, missing, unreadable};

/// Members beyond these are summed up.
const MOST_ROWS: usize = 12;
/// In front of each line under a title.
const INDENT: &str = "  ";

/// Prints the advice for the asked groups. None is a good result, and said so.
///
/// # Errors
///
/// Those of the writers.
pub fn advise(
    snapshot: &Arc<Snapshot>,
    asked: &Asked<'_>,
    form: Form,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Outcome> {
    let is_asked =
        |a: &Advice| asked.groups.is_empty() || asked.groups.iter().any(|g| g == a.group.as_str());
    let found: Vec<&Advice> = snapshot
        .advice
        .iter()
        .map(|a| &**a)
        .filter(|a| is_asked(a))
        .collect();
    match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, &found)?;
            writeln!(out)?;
        }
        Form::Table(_) | Form::Csv if found.is_empty() => nothing(snapshot, asked, out)?,
        Form::Table(_) | Form::Csv => {
            let width = match form {
                Form::Table(width) => width,
                _ => None,
            };
            for (i, advice) in found.iter().enumerate() {
                if i > 0 {
                    writeln!(out)?;
                }
                one(advice, width, out)?;
            }
        }
    }
    ended(snapshot, asked, notes)
}

/// Prints the offsets that the advice would set for the asked groups, as Kafka's own tool reads them from a file.
///
/// # Errors
///
/// Those of the writers.
pub fn resets(
    snapshot: &Arc<Snapshot>,
    asked: &Asked<'_>,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Outcome> {
    let is_asked = |g: &str| asked.groups.is_empty() || asked.groups.iter().any(|asked| asked == g);
    let groups = snapshot
        .groups()
        .filter(|(_, g)| is_asked(g.group.as_str()));
    let found: Vec<_> = groups
        .map(|(cluster, g)| {
            (
                cluster.cluster.as_str(),
                (g.group.as_str(), resets::resets(g)),
            )
        })
        .filter(|(_, (_, resets))| !resets.is_empty())
        .collect();
    let clusters: BTreeSet<&str> = found.iter().map(|(cluster, _)| *cluster).collect();
    if clusters.len() > 1 {
        // Kafka's tool knows no clusters: of two lines on one partition it takes the last.
        let all: Vec<_> = clusters.iter().map(|c| escape(c, false)).collect();
        writeln!(
            notes,
            "laggard: offsets would be set on several clusters: name one with --cluster ({})",
            all.join(", ")
        )?;
        return Ok(Outcome::Unknown);
    }
    let found: Vec<_> = found.into_iter().map(|(_, of_group)| of_group).collect();
    if found.is_empty() {
        let asked = snapshot
            .groups()
            .filter(|(_, g)| is_asked(g.group.as_str()))
            .count();
        let unknown = match not_judged(snapshot, is_asked) {
            0 => String::new(),
            n => format!("; the status of {n} of {asked} is not known"),
        };
        writeln!(notes, "laggard: no advice sets an offset{unknown}")?;
    }
    let several = asked.groups.len() != 1;
    out.write_all(resets::csv(found, several).as_bytes())?;
    ended(snapshot, asked, notes)
}

fn ended(snapshot: &Snapshot, asked: &Asked<'_>, notes: &mut dyn Write) -> io::Result<Outcome> {
    let missing = missing(snapshot, asked.groups, notes)?;
    let unreadable = unreadable(snapshot, notes)?;
    let is_up = |s: &Snapshot| s.clusters.iter().any(|c| c.health.state == HealthState::Up);
    Ok(if missing || (unreadable && !is_up(snapshot)) {
        Outcome::Unknown
    } else {
        Outcome::Fine
    })
}

/// Groups of which nobody knows yet whether anything is wrong.
fn not_judged(snapshot: &Snapshot, is_asked: impl Fn(&str) -> bool) -> usize {
    let asked = snapshot
        .groups()
        .filter(|(_, g)| is_asked(g.group.as_str()));
    let unknown = asked.filter(|(_, g)| g.status.status == Status::Unknown);
    unknown.count()
}

fn nothing(snapshot: &Snapshot, asked: &Asked<'_>, out: &mut dyn Write) -> io::Result<()> {
    let of = |g: &str| asked.groups.is_empty() || asked.groups.iter().any(|a| a == g);
    let groups = snapshot
        .groups()
        .filter(|(_, g)| of(g.group.as_str()))
        .count();
    match (groups, not_judged(snapshot, of)) {
        (0, _) => Ok(()),
        (1, 0) => writeln!(out, "nothing to advise on the group"),
        (1, _) => writeln!(
            out,
            "nothing to advise on the group yet: its status is not known"
        ),
        (n, 0) => writeln!(out, "nothing to advise on any of {n} groups"),
        (n, unknown) => writeln!(
            out,
            "nothing to advise on any of {n} groups; the status of {unknown} is not known"
        ),
    }
}

fn one(advice: &Advice, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let severity = match advice.severity {
        AdviceSeverity::Urgent => "URGENT",
        AdviceSeverity::Useful => "USEFUL",
        AdviceSeverity::Hint => "HINT",
    };
    let (cluster, group) = (
        escape(advice.cluster.as_str(), false),
        escape(advice.group.as_str(), false),
    );
    writeln!(
        out,
        "{severity}  {cluster}: {group}: {}",
        escape(&advice.title, false)
    )?;
    for evidence in &advice.evidence {
        writeln!(out, "  because  {}", escape(evidence, false))?;
    }
    if let Some(gain) = &advice.gain {
        writeln!(out, "  gain     {}", escape(gain, false))?;
    }
    for caveat in &advice.caveats {
        writeln!(out, "  but      {}", escape(caveat, false))?;
    }
    writeln!(out, "  sure     {}", sure(advice.confidence))?;
    if let Some(plan) = &advice.plan {
        loads(plan, width, out)?;
    }
    match &advice.command {
        Some(command) => typed(command, out),
        None => Ok(()),
    }
}

const COLUMNS: [Column; 4] = [
    names("MEMBER"),
    numbers("PARTITIONS"),
    numbers("IN/s"),
    numbers("USE"),
];

/// What each member carries before and after. Members that come or go stand last on their side.
fn loads(plan: &Plan, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let all = plan.before.len().max(plan.after.len());
    let rows: Vec<Vec<String>> = (0..all.min(MOST_ROWS))
        .map(|i| load(plan.before.get(i), plan.after.get(i)))
        .collect();
    let mut table = Vec::new();
    let width = width.map(|w| w.saturating_sub(INDENT.len()));
    write(&COLUMNS, &rows, width, &mut table)?;
    for line in String::from_utf8_lossy(&table).lines() {
        writeln!(out, "{INDENT}{line}")?;
    }
    match all - rows.len() {
        0 => Ok(()),
        more => writeln!(
            out,
            "{INDENT}… and {more} members more (--output json has them all)"
        ),
    }
}

fn load(before: Option<&Load>, after: Option<&Load>) -> Vec<String> {
    let cell = |value: &dyn Fn(&Load) -> String| {
        let side = |m: Option<&Load>| m.map_or_else(|| "-".to_owned(), value);
        format!("{} → {}", side(before), side(after))
    };
    let name = before.or(after).map_or("", |m| &m.member);
    let used = |m: &Load| {
        m.use_of_capacity
            .map_or_else(|| "?".to_owned(), units::percent)
    };
    vec![
        escape(name, false).into_owned(),
        cell(&|m| m.partitions.to_string()),
        cell(&|m| units::rate(m.arrival)),
        cell(&used),
    ]
}

/// In words: the number is a score of how far this cause stands out, no probability.
fn sure(confidence: f64) -> &'static str {
    match confidence {
        c if c >= 0.85 => "by far the likeliest",
        c if c >= 0.65 => "likelier than anything else",
        _ => "just so: look at the evidence first",
    }
}

/// A snippet may have several lines, each escaped by itself. What begins with a remark is no command but text for a file.
fn typed(command: &str, out: &mut dyn Write) -> io::Result<()> {
    let shell = !command.starts_with('#');
    for line in command.lines() {
        let lead = match line.starts_with('#') {
            true => "  ",
            false if shell => "  $ ",
            false => "    ",
        };
        writeln!(out, "{lead}{}", escape(line, false))?;
    }
    Ok(())
}
