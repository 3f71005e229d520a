//! `doctor`: what may be read, what is lost without each right and API, and the command that
//! gives it.

mod json;
mod needs;

use std::io::{self, Write};

use super::{Form, Outcome};
use crate::model::{ApiVersions, ClusterProbe, Grant, Others, Reached, Right};
use crate::words::text::escape;
use needs::{NEEDS, admins, command, essential, lost, name, principal};

/// Writes what the probes found. Unknown if a cluster cannot be reached or a right without which
/// lag cannot be known is missing.
///
/// # Errors
///
/// Those of the writer.
pub fn doctor(probes: &[ClusterProbe], form: Form, out: &mut dyn Write) -> io::Result<Outcome> {
    if form == Form::Json {
        json::write(probes, out)?;
    } else {
        for (i, probe) in probes.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            one(probe, out)?;
        }
    }
    let outcomes = probes.iter().map(outcome);
    Ok(outcomes.max().unwrap_or(Outcome::Fine))
}

/// What a cluster comes to.
fn outcome(probe: &ClusterProbe) -> Outcome {
    let refused = |(right, grant): &(Right, Grant)| {
        essential(*right) && matches!(grant, Grant::Refused { .. })
    };
    match &probe.reached {
        Ok(reached)
            if reached.unanswered.is_empty()
                && !sees_none(reached)
                && !probe.rights.iter().any(refused) =>
        {
            Outcome::Fine
        }
        _ => Outcome::Unknown,
    }
}

/// Whether there is nothing to see, and no telling whether there is nothing.
fn sees_none(reached: &Reached) -> bool {
    let blind =
        |seen: usize, left_out: usize, others| seen + left_out == 0 && others != Others::None;
    blind(
        reached.groups,
        reached.groups_left_out,
        reached.other_groups,
    ) || blind(
        reached.topics,
        reached.topics_left_out,
        reached.other_topics,
    )
}

fn one(probe: &ClusterProbe, out: &mut dyn Write) -> io::Result<()> {
    let (cluster, servers) = (
        escape(probe.cluster.as_str(), false),
        escape(&probe.servers, false),
    );
    writeln!(out, "cluster {cluster} ({servers})")?;
    let reached = match &probe.reached {
        Ok(reached) => reached,
        Err(why) => {
            return writeln!(out, "  NO   not reached: {}", escape(why.as_str(), false));
        }
    };
    greet(reached, out)?;
    hidden(probe, reached, out)?;
    writeln!(out, "  rights of {}", principal(probe))?;
    for (right, grant) in &probe.rights {
        write_right(probe, *right, grant, out)?;
    }
    apis(&probe.apis, out)
}

fn greet(reached: &Reached, out: &mut dyn Write) -> io::Result<()> {
    let id = reached.cluster_id.as_deref().unwrap_or("-");
    writeln!(
        out,
        "  ok   reached: cluster id {}, {}, {} and {} visible",
        escape(id, false),
        count(reached.brokers, "broker"),
        count(reached.groups, "group"),
        count(reached.topics, "topic"),
    )?;
    let (groups, topics) = (reached.groups_left_out, reached.topics_left_out);
    if groups + topics > 0 {
        let (groups, topics) = (count(groups, "group"), count(topics, "topic"));
        writeln!(
            out,
            "       beside {groups} and {topics} that the configuration leaves out"
        )?;
    }
    for why in &reached.unanswered {
        writeln!(out, "  NO   {}", escape(why.as_str(), false))?;
    }
    Ok(())
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Of what is not seen: that there is none, that it is hidden, or that nobody can tell; and how to
/// find out.
fn hidden(probe: &ClusterProbe, reached: &Reached, out: &mut dyn Write) -> io::Result<()> {
    let kinds = [
        (
            "group",
            reached.groups + reached.groups_left_out,
            reached.other_groups,
            "kafka-consumer-groups",
        ),
        (
            "topic",
            reached.topics + reached.topics_left_out,
            reached.other_topics,
            "kafka-topics",
        ),
    ];
    for (what, seen, others, tool) in kinds {
        let (sign, said) = unseen(what, seen, others);
        let Some(said) = said else { continue };
        writeln!(out, "  {sign:<4} {said}")?;
        if others != Others::None {
            let list = admins(tool, probe, "--list");
            writeln!(out, "       to find out, as somebody who may: {list}")?;
        }
    }
    Ok(())
}

fn unseen(what: &str, seen: usize, others: Others) -> (&'static str, Option<String>) {
    let said = match (seen, others) {
        (0, Others::None) => {
            let why = format!("there is no {what}: if there were one, this user would see it");
            return ("ok", Some(why));
        }
        (0, Others::Hidden) => {
            format!("no {what} is visible because this user may see none: there may be any number")
        }
        (0, Others::Unclear) => format!(
            "no {what} is visible: whether there is none or this user may not see them, the brokers do not tell"
        ),
        (_, Others::Hidden) => {
            let more =
                format!("there may be more {what}s: this user sees only those that it was given");
            return ("?", Some(more));
        }
        (_, Others::None | Others::Unclear) => return ("", None),
    };
    ("NO", Some(said))
}

fn write_right(
    probe: &ClusterProbe,
    right: Right,
    grant: &Grant,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = name(right);
    match grant {
        Grant::Given { tried: 0 } => return writeln!(out, "  ok   {name}"),
        Grant::Given { tried } => return writeln!(out, "  ok   {name} ({tried} tried)"),
        Grant::Refused {
            refused,
            tried,
            example,
        } => {
            write!(out, "  NO   {name}")?;
            if *tried > 0 {
                write!(out, ": refused for {refused} of {tried}")?;
            }
            if let Some(example) = example {
                write!(out, ", one of them `{}`", escape(example, false))?;
            }
            writeln!(out)?;
        }
        Grant::Unclear(why) => {
            writeln!(out, "  ?    {name}: {}", escape(why.as_str(), false))?;
        }
    }
    writeln!(out, "       lost without it: {}", lost(right))?;
    writeln!(out, "       {}", command(probe, right))
}

fn apis(spoken: &[ApiVersions], out: &mut dyn Write) -> io::Result<()> {
    if spoken.is_empty() {
        return writeln!(out, "  ?    APIs: no broker told which versions it speaks");
    }
    writeln!(out, "  APIs that all brokers speak")?;
    for need in NEEDS {
        let (spoken, missing) = need.judge(spoken);
        let versions = match spoken {
            Some(s) if s.min <= s.max => format!("{} to {}", s.min, s.max),
            Some(_) => "no version in common".to_owned(),
            None => "not spoken".to_owned(),
        };
        let sign = if missing.is_empty() { "ok" } else { "NO" };
        writeln!(out, "  {sign}   {:<22} {versions}", need.api)?;
        // Without the lowest there is nothing at all: the rest goes without saying.
        if missing.len() == need.from.len() {
            writeln!(out, "       lost: {}", need.from[0].1)?;
            continue;
        }
        for (from, lost) in missing {
            writeln!(out, "       lost below version {from}: {lost}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
