//! `lag` and `check`: one complete reading, one report.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::{CheckArgs, Exit, LagArgs, Output, SourceArgs};
use crate::config::Log;
use crate::model::document::Narrow;
use crate::model::{Clock, ClusterSnapshot, HealthState, Snapshot, Span};
use crate::remote::AttachError;
use crate::report::{self, Asked, Form, Limits, Outcome};
use crate::timeline::snapshot_at;

use super::super::logging;
use super::super::once::{self, Wanted};
use super::super::setup::{Attach, Refusal, Replay, Setup, cannot_show, load, set_up};
use super::{print, tell};

/// A snapshot this often, so that an answer is not waited for longer than it takes.
pub(super) const CUT_EACH: Duration = Duration::from_millis(200);
/// What is served is told to be old after this.
const OLD: Span = Span::from_secs(60);
/// How long the end of a one-shot may take.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// `lag`.
pub(super) async fn lag(args: &LagArgs) -> Result<Exit, Refusal> {
    let snapshot = read(&args.source, args.timeout, &args.groups).await?;
    let asked = Asked {
        groups: &args.groups,
    };
    reported(|out, notes| report::lag(&snapshot, &asked, form(args.output), out, notes))
}

/// One table, as `lag` prints it: for `top` when the output is no terminal.
pub(super) async fn one_table(setup: Setup) -> Result<Exit, Refusal> {
    let snapshot = snapshot(setup, Span::from_secs(30), &[]).await?;
    let asked = Asked { groups: &[] };
    reported(|out, notes| report::lag(&snapshot, &asked, Form::Table(None), out, notes))
}

/// `check`.
pub(super) async fn check(args: &CheckArgs) -> Result<Exit, Refusal> {
    if args.source.replay.is_none() && args.source.attach.is_none() {
        has_a_limit(args)?;
    }
    let snapshot = read(&args.source, args.timeout, &args.groups).await?;
    let asked = Asked {
        groups: &args.groups,
    };
    let limits = Limits {
        max_lag: args.max_lag,
        max_time_lag: args.max_time_lag,
    };
    reported(|out, notes| report::check(&snapshot, &asked, limits, form(args.output), out, notes))
}

/// A check without any limit would always be fine.
fn has_a_limit(args: &CheckArgs) -> Result<(), Refusal> {
    let given = args.max_lag.is_some() || args.max_time_lag.is_some();
    let configured = || load(&args.source, &[]).map(|l| l.config.policies);
    if given || configured()?.iter().any(|p| p.policy.has_limit()) {
        return Ok(());
    }
    Err(Refusal::usage(
        "error: there is no limit to check against\n  \
         help: give one: --max-lag 10000, --max-time-lag 5m, or both;\n        \
         or set max_lag or max_time_lag in a [[group]] of the configuration",
    ))
}

async fn read(
    source: &SourceArgs,
    patience: Span,
    groups: &[String],
) -> Result<Arc<Snapshot>, Refusal> {
    let setup = quiet(source)?;
    snapshot(setup, patience, groups).await
}

/// Set up for a one-shot: only errors are logged, unless told otherwise.
pub(super) fn quiet(source: &SourceArgs) -> Result<Setup, Refusal> {
    let setup = set_up(source, &[])?;
    let level = source.log_level.as_deref().unwrap_or("error");
    logging::to_stderr(
        &Log {
            file: None,
            ..setup.config.log.clone()
        },
        level,
    )?;
    setup.warnings.iter().for_each(|w| tell(w));
    Ok(setup)
}

/// What a recording shows: at the time that is asked for, else at its end.
pub(super) async fn past(replay: Replay) -> Result<Arc<Snapshot>, Refusal> {
    let clusters = replay.clusters.clone();
    let looking = move || snapshot_at(&replay.tape, replay.at);
    let found = tokio::task::spawn_blocking(looking).await;
    let found = found.map_err(|error| Refusal::failed(format!("error: {error}")))?;
    let (snapshot, notes) = found.map_err(|error| cannot_show(&error))?;
    for note in &notes {
        tell(note);
    }
    of_clusters(&clusters, &snapshot)
}

/// The part of a recording that is asked for.
fn of_clusters(asked: &[String], snapshot: &Arc<Snapshot>) -> Result<Arc<Snapshot>, Refusal> {
    let there: Vec<&str> = snapshot
        .clusters
        .iter()
        .map(|c| c.cluster.as_str())
        .collect();
    if let Some(unknown) = asked.iter().find(|name| !there.contains(&name.as_str())) {
        return Err(Refusal::usage(format!(
            "error: the recording has no cluster `{unknown}`; it has {}",
            there.join(", ")
        )));
    }
    let narrow = Narrow {
        clusters: asked.iter().map(|name| name.as_str().into()).collect(),
        ..Narrow::default()
    };
    Ok(narrow.apply(snapshot))
}

/// What a running `serve` shows: at the time that is asked for, else now.
pub(super) async fn attached(attach: Attach, clock: &Clock) -> Result<Arc<Snapshot>, Refusal> {
    let narrow = Narrow {
        clusters: attach.clusters.iter().map(|c| c.as_str().into()).collect(),
        ..Narrow::default()
    };
    let (client, at) = (attach.client, attach.at);
    let asking = tokio::task::spawn_blocking(move || match at {
        Some(at) => client.at(at),
        None => client.delta(None).map(|(delta, _)| delta.changed),
    });
    let asked = asking.await;
    let asked = asked.map_err(|error| Refusal::failed(format!("error: {error}")))?;
    let snapshot = asked.map_err(|error| Refusal {
        text: format!("error: {error}"),
        exit: match error {
            AttachError::Usage(_) => Exit::Usage,
            _ => Exit::Unknown,
        },
    })?;
    let age = snapshot.at.age_at(clock());
    if at.is_none() && age > OLD {
        tell(&format!("laggard: what is served is {age} old"));
    }
    Ok(narrow.apply(&snapshot))
}

async fn snapshot(
    mut setup: Setup,
    patience: Span,
    groups: &[String],
) -> Result<Arc<Snapshot>, Refusal> {
    if let Some(replay) = setup.replay.take() {
        return past(replay).await;
    }
    if let Some(attach) = setup.attach.take() {
        return attached(attach, &setup.clock).await;
    }
    let reads_records = setup
        .config
        .clusters
        .iter()
        .any(|c| !c.read_records.is_empty());
    let wanted = Wanted {
        groups,
        reads_records,
    };
    let (mut session, demo) = setup.start(Some(CUT_EACH))?;
    let snapshot = once::complete(&mut session, patience.to_std(), wanted)
        .await
        .map_err(|error| Refusal {
            text: format!("error: {error}"),
            exit: Exit::Unknown,
        })?;
    // A recording's cluster may know no cycles; a live one's was cut short.
    let cut_short =
        |c: &&Arc<ClusterSnapshot>| c.health.state == HealthState::Up && c.health.cycle.is_none();
    for cluster in snapshot.clusters.iter().filter(cut_short) {
        tell(&format!(
            "laggard: cluster `{}` was not read to the end in the time that was given; more: --timeout",
            cluster.cluster
        ));
    }
    session.shut_down(PATIENCE).await;
    drop(demo);
    Ok(snapshot)
}

pub(super) fn form(output: Output) -> Form {
    match output {
        Output::Json => Form::Json,
        Output::Csv => Form::Csv,
        Output::Table => Form::Table(terminal_width()),
    }
}

/// How wide the terminal is that is written to; `None`: it is none.
pub(super) fn terminal_width() -> Option<usize> {
    let size = || crossterm::terminal::size().ok();
    let size = std::io::stdout().is_terminal().then(size).flatten();
    size.map(|(columns, _)| columns.into())
}

/// Makes a report in memory, then prints it: stdout gets all of it or none.
pub(super) fn reported(
    make: impl FnOnce(&mut dyn Write, &mut dyn Write) -> std::io::Result<Outcome>,
) -> Result<Exit, Refusal> {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let outcome = make(&mut out, &mut notes).map_err(|error| {
        Refusal::failed(format!("error: the report could not be made: {error}"))
    })?;
    print(&out)?;
    if !notes.is_empty() {
        tell(&String::from_utf8_lossy(&notes));
    }
    Ok(match outcome {
        Outcome::Fine => Exit::Ok,
        Outcome::Breach => Exit::Breach,
        Outcome::Unknown => Exit::Unknown,
    })
}
