//! `advise` and `what-if`: watch until rates are known, then say what would help or what a change would do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::advice::assign::Assignor;
use crate::advice::what_if::{Change, Partitions};
use crate::cli::{AdviseArgs, Exit, SourceArgs, WatchArgs, WhatIfArgs};
use crate::model::{
    ClusterSnapshot, Evidence, GroupSnapshot, GroupType, HealthState, Reading, Snapshot, Verdict,
    Why,
};
use crate::report::{self, Asked};

use super::super::once::{self, Wanted};
use super::super::session::Session;
use super::super::setup::Refusal;
use super::oneshot::{CUT_EACH, PATIENCE, attached, form, past, quiet, reported};
use super::tell;

/// So long without news before a person is told that it is being watched.
const QUIET_FOR: Duration = Duration::from_secs(3);

/// `advise`.
pub(super) async fn advise(args: &AdviseArgs) -> Result<Exit, Refusal> {
    let snapshot = watch(&args.source, &args.watch, &args.groups).await?;
    let asked = Asked {
        groups: &args.groups,
    };
    if args.reset_csv {
        return reported(|out, notes| report::resets(&snapshot, &asked, out, notes));
    }
    reported(|out, notes| report::advise(&snapshot, &asked, form(args.watch.output), out, notes))
}

/// `what-if`.
pub(super) async fn what_if(args: &WhatIfArgs) -> Result<Exit, Refusal> {
    // A name that is unknown for every protocol is refused before anything is connected to.
    if let Some(name) = &args.assignor {
        Assignor::asked(&GroupType::Classic, name).map_err(wrong)?;
    }
    let groups = std::slice::from_ref(&args.group);
    let snapshot = watch(&args.source, &args.watch, groups).await?;
    let plans = report::plans(&snapshot, &args.group, |group| change(args, group))
        .map_err(|e| wrong(format!("group `{}`: {e}", args.group)))?;
    let form = form(args.watch.output);
    reported(|out, notes| report::what_if(&snapshot, &args.group, &plans, form, out, notes))
}

fn wrong(error: impl std::fmt::Display) -> Refusal {
    Refusal::usage(format!("error: {error}"))
}

fn change(args: &WhatIfArgs, group: &GroupSnapshot) -> Change {
    let asked = |name: &String| Assignor::asked(&group.group_type, name).ok();
    let partitions = |(topic, count): &(Option<String>, u32)| Partitions {
        topic: topic.clone(),
        count: *count,
    };
    Change {
        members: args.members,
        assignor: args.assignor.as_ref().and_then(asked),
        partitions: args.partitions.as_ref().map(partitions),
        skew: args.skew,
    }
}

/// Reads until the asked groups' rates and verdicts are known, for as long as was allowed.
async fn watch(
    source: &SourceArgs,
    watch: &WatchArgs,
    groups: &[String],
) -> Result<Arc<Snapshot>, Refusal> {
    let mut setup = quiet(source)?;
    if let Some(replay) = setup.replay.take() {
        return past(replay).await;
    }
    if let Some(attach) = setup.attach.take() {
        return attached(attach, &setup.clock).await;
    }
    let (mut session, demo) = setup.start(Some(CUT_EACH))?;
    let failed = |error: super::super::session::SessionError| Refusal {
        text: format!("error: {error}"),
        exit: Exit::Unknown,
    };
    let wanted = Wanted {
        groups,
        reads_records: false,
    };
    once::complete(&mut session, watch.timeout.to_std(), wanted)
        .await
        .map_err(failed)?;
    until_known(&mut session, watch.watch.to_std(), groups)
        .await
        .map_err(failed)?;
    let last = Arc::clone(&session.snapshots.borrow());
    session.shut_down(PATIENCE).await;
    drop(demo);
    Ok(last)
}

async fn until_known(
    session: &mut Session,
    patience: Duration,
    groups: &[String],
) -> Result<(), super::super::session::SessionError> {
    let (started, mut snapshots) = (Instant::now(), session.snapshots.clone());
    let mut told = false;
    let waiting = async {
        while !are_known(&snapshots.borrow_and_update(), groups) {
            if !told && started.elapsed() > QUIET_FOR {
                told = true;
                let most = patience.as_secs();
                tell(&format!(
                    "laggard: watching for {most} s at the most, until rates are known"
                ));
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), snapshots.changed()).await;
        }
    };
    let waited = timeout_at(started + patience, waiting);
    tokio::select! {
        _ = waited => Ok(()),
        ended = session.ended_early() => ended,
    }
}

/// Whether time alone would tell no more of the asked groups: a rate that is unknown for another reason than
/// that too little has been seen stays so.
fn are_known(snapshot: &Snapshot, groups: &[String]) -> bool {
    // What is known of the past of a cluster is not all that there is to know while it is being reached.
    let reached = |c: &Arc<ClusterSnapshot>| c.health.state != HealthState::Connecting;
    if !snapshot.clusters.iter().all(reached) {
        return false;
    }
    let asked =
        |g: &GroupSnapshot| groups.is_empty() || groups.iter().any(|a| a == g.group.as_str());
    let mut all = snapshot.groups().filter(|(_, g)| asked(g) && !g.inactive);
    all.all(|(_, g)| is_said(&g.arrival_rate) && is_said(&g.consume_rate) && is_judged(&g.status))
}

/// Whether there is a verdict, or none for a reason that a longer look does not take away.
fn is_judged(verdict: &Verdict) -> bool {
    let early = [
        Why::TOO_FEW_POINTS,
        Why::NOT_READ_YET,
        Why::WARMING,
        Why::STALE_FOR_EXCEEDED,
    ];
    !matches!(verdict.evidence.as_deref(), Some(Evidence::NotKnown { why }) if early.contains(why))
}

fn is_said(rate: &Reading<f64>) -> bool {
    let early = [Why::TOO_FEW_POINTS, Why::NOT_READ_YET, Why::WARMING];
    !rate.is_unknown() || !rate.why().is_some_and(|w| early.contains(w))
}
