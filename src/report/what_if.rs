//! `what-if`: a group's members before and after a change.

use std::io::{self, Write};

use serde::Serialize;

use crate::advice::assign::Certainty;
use crate::advice::what_if::{
    Change, Drain, MemberSide, Side, WhatIf, WrongChange, what_if as work_out,
};
use crate::advice::{NoPlan, Situation};
use crate::model::{GroupSnapshot, Snapshot, Span};
use crate::words::text::escape;
use crate::words::units;

use super::table::{Column, names, numbers, write};
use super::{Form, Outcome, missing, unreadable};

/// More members than this are summed up.
const MOST_ROWS: usize = 40;

/// What a change would do to the group of one cluster.
#[derive(Serialize)]
pub struct Plan {
    cluster: String,
    group: String,
    #[serde(flatten)]
    found: Option<WhatIf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_plan: Option<String>,
}

/// Works out a change for the group of that name, on each cluster that has one.
///
/// # Errors
///
/// When the change makes no sense for it.
pub fn plans(
    snapshot: &Snapshot,
    group: &str,
    change: impl Fn(&GroupSnapshot) -> Change,
) -> Result<Vec<Plan>, WrongChange> {
    let clusters = snapshot.clusters.iter();
    let groups = clusters.filter_map(|c| Some((c, c.group(group)?)));
    let plan = |(cluster, group): (_, &std::sync::Arc<GroupSnapshot>)| {
        let cluster: &crate::model::ClusterSnapshot = cluster;
        let (found, no_plan) = match Situation::of(group) {
            Ok(situation) => {
                let situation = situation.among(&cluster.brokers);
                (Some(work_out(&situation, &change(group))?), None)
            }
            Err(why) => (None, Some(why)),
        };
        Ok(Plan {
            cluster: cluster.cluster.to_string(),
            group: group.group.to_string(),
            found,
            no_plan: no_plan.as_ref().map(NoPlan::to_string),
        })
    };
    groups.map(|(c, g)| plan((&**c, g))).collect()
}

/// Prints plans; notes about what is missing go to `notes`.
///
/// # Errors
///
/// Those of the writers.
pub fn what_if(
    snapshot: &Snapshot,
    group: &str,
    plans: &[Plan],
    form: Form,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> io::Result<Outcome> {
    match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, plans)?;
            writeln!(out)?;
        }
        Form::Table(width) => {
            for plan in plans {
                one(plan, width, out)?;
            }
        }
        Form::Csv => {}
    }
    let mut unknown = missing(snapshot, &[group.to_owned()], notes)?;
    for plan in plans {
        if let Some(why) = &plan.no_plan {
            unknown = true;
            let (cluster, group) = (escape(&plan.cluster, false), escape(&plan.group, false));
            writeln!(notes, "laggard: {cluster}: {group}: {why}")?;
        }
    }
    unreadable(snapshot, notes)?;
    Ok(if unknown {
        Outcome::Unknown
    } else {
        Outcome::Fine
    })
}

fn one(plan: &Plan, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let Some(found) = &plan.found else {
        return Ok(());
    };
    let (cluster, group) = (escape(&plan.cluster, false), escape(&plan.group, false));
    writeln!(out, "{cluster}: {group}")?;
    summary(found, out)?;
    writeln!(out)?;
    table(found, width, out)?;
    for note in &found.notes {
        writeln!(out, "note: {}", escape(note, false))?;
    }
    Ok(())
}

fn summary(found: &WhatIf, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (&found.before, &found.after);
    let of_capacity = |side: &Side| {
        side.fullest_use.map_or_else(String::new, |u| {
            format!(" ({} of what it can)", units::percent(u))
        })
    };
    writeln!(
        out,
        "  members         {} → {}, {} → {}",
        before.members.len(),
        after.members.len(),
        before.assignor,
        after.assignor
    )?;
    writeln!(
        out,
        "  fullest member  {}/s{} → {}/s{}; no assignor gets below {}/s",
        units::rate(before.fullest),
        of_capacity(before),
        units::rate(after.fullest),
        of_capacity(after),
        units::rate(found.best_possible)
    )?;
    writeln!(
        out,
        "  caught up       {} → {}",
        caught_up(before.drain),
        caught_up(after.drain)
    )?;
    writeln!(out, "  rebalance       {}", rebalance(found))?;
    writeln!(out, "  how sure        {}", sure(found.certainty))
}

fn rebalance(found: &WhatIf) -> String {
    if found.rebalances == 0 {
        return "none: each member keeps what it owns".to_owned();
    }
    let moved = match found.moved {
        None => String::new(),
        Some(1) => "1 partition changes hands, ".to_owned(),
        Some(n) => format!("{n} partitions change hands, "),
    };
    let pause = units::span(Span::from_secs_f64(found.cost.pause));
    let wait = units::count(found.cost.records.round() as i64);
    let back = found.cost.recovery.map_or_else(String::new, |s| {
        format!(", worked off in {}", units::span(Span::from_secs_f64(s)))
    });
    let rounds = match found.rebalances {
        1 => String::new(),
        n => format!("{n} rebalances, "),
    };
    format!("{moved}{rounds}about {pause} in which {wait} records wait{back}")
}

fn sure(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Exact => "exact: each member gets these partitions",
        Certainty::Loads => {
            "how many members get how many partitions is exact; who gets which is likely, so IN/s may differ"
        }
        Certainty::Estimate => "an estimate",
    }
}

fn caught_up(drain: Drain) -> String {
    let span = |s: f64| units::span(Span::from_secs_f64(s));
    match drain {
        Drain::Done => "now".to_owned(),
        Drain::In(s) => format!("in {}", span(s)),
        Drain::Within(s) => format!("within {}", span(s)),
        Drain::Never => "never".to_owned(),
        Drain::Unknown => "-".to_owned(),
    }
}

const COLUMNS: [Column; 5] = [
    names("MEMBER"),
    numbers("PARTITIONS"),
    numbers("IN/s"),
    numbers("LAG"),
    numbers("USE"),
];

fn table(found: &WhatIf, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (&found.before.members, &found.after.members);
    let find = |side: &'_ [MemberSide], name: &str| side.iter().position(|m| &*m.member == name);
    let mut rows: Vec<Vec<String>> = before
        .iter()
        .map(|m| {
            row(
                &m.member,
                Some(m),
                find(after, &m.member).map(|i| &after[i]),
            )
        })
        .collect();
    let new = after.iter().filter(|m| find(before, &m.member).is_none());
    rows.extend(new.map(|m| row(&m.member, None, Some(m))));
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    write(&COLUMNS, &rows, width, out)?;
    if more > 0 {
        writeln!(
            out,
            "… and {more} members more (--output json has them all)"
        )?;
    }
    Ok(())
}

fn row(name: &str, before: Option<&MemberSide>, after: Option<&MemberSide>) -> Vec<String> {
    let cell = |value: &dyn Fn(&MemberSide) -> String| {
        let side = |m: Option<&MemberSide>| m.map_or_else(|| "-".to_owned(), value);
        format!("{} → {}", side(before), side(after))
    };
    vec![
        escape(name, false).into_owned(),
        cell(&|m| m.partitions.to_string()),
        cell(&|m| units::rate(m.arrival)),
        cell(&|m| units::count(m.lag as i64)),
        cell(&|m| {
            m.use_of_capacity
                .map_or_else(|| "?".to_owned(), units::percent)
        }),
    ]
}
