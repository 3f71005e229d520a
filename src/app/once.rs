//! One-shot commands: wait until a cluster has been read once, and what was asked on top is in.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::model::{ClusterSnapshot, GroupSnapshot, HealthState, Snapshot, Span, TimeLag};

use super::session::{Session, SessionError};

/// A cluster that is down is given this long to come up: a client's first try may fail.
const COME_UP: Duration = Duration::from_secs(8);
/// Once nothing has become surer for so long, nothing more is waited for …
const ANSWERS: Duration = Duration::from_millis(1_500);
/// … nor, however much there is to ask, for longer than this after the cycle.
const ASKING: Duration = Duration::from_secs(10);

/// What a one-shot is about.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Groups; none: all.
    pub groups: &'a [String],
    /// Whether answers may come that no number of the snapshot waits for: records may be read.
    pub reads_records: bool,
}

/// Waits for a snapshot in which every cluster has been read to the end of a cycle, or is down, or
/// `patience` has passed; then for the answers to what the engine asks of the ages of records, as
/// long as they make the time lag of the wanted groups surer. Whatever is there by then is given:
/// what is missing is unknown in it.
///
/// # Errors
///
/// When the session ends by itself.
pub async fn complete(
    session: &mut Session,
    patience: Duration,
    wanted: Wanted<'_>,
) -> Result<Arc<Snapshot>, SessionError> {
    let started = Instant::now();
    let mut snapshots = session.snapshots.clone();
    let waiting = async {
        loop {
            if is_complete(&snapshots.borrow_and_update(), started.elapsed() >= COME_UP) {
                break;
            }
            // A cluster that stays down makes no snapshots: look again all the same.
            let _ = tokio::time::timeout(Duration::from_millis(200), snapshots.changed()).await;
        }
        if wanted.reads_records {
            sleep(ANSWERS).await;
        }
        let (cycle_ended, mut best, mut at) = (Instant::now(), u64::MAX, Instant::now());
        while cycle_ended.elapsed() < ASKING {
            let unsure = unsure(&snapshots.borrow_and_update(), wanted.groups);
            if unsure < best {
                (best, at) = (unsure, Instant::now());
            }
            if unsure == 0 || at.elapsed() >= ANSWERS {
                break;
            }
            let _ = tokio::time::timeout(ANSWERS, snapshots.changed()).await;
        }
    };
    let waited = timeout_at(started + patience, waiting);
    tokio::select! {
        _ = waited => {}
        ended = session.ended_early() => ended?,
    }
    let last = Arc::clone(&session.snapshots.borrow());
    Ok(last)
}

/// How unsure the time lag of the wanted groups is: seconds by which the bounds of all partitions
/// lie further apart than the engine asks for. An open one counts for a century.
fn unsure(snapshot: &Snapshot, groups: &[String]) -> u64 {
    let is_wanted =
        |g: &GroupSnapshot| groups.is_empty() || groups.iter().any(|w| w == g.group.as_str());
    let of_cluster = |c: &ClusterSnapshot| -> u64 {
        let interval = c.health.cycle.as_ref().map_or(Span::ZERO, |c| c.interval);
        let wanted = c.groups.iter().filter(|g| is_wanted(g));
        let lags = wanted.flat_map(|g| g.rows.iter().filter_map(|row| row.time_lag.known()));
        lags.map(|lag| excess(lag, interval.times(2))).sum()
    };
    snapshot.clusters.iter().map(|c| of_cluster(c)).sum()
}

fn excess(lag: TimeLag, fine: Span) -> u64 {
    const OPEN: u64 = 100 * 365 * 86_400;
    match lag {
        TimeLag::CaughtUp => 0,
        TimeLag::Behind { after: None, .. } => OPEN,
        TimeLag::Behind {
            after: Some(after),
            until,
            ..
        } => {
            let wide = (until - after).as_secs_f64() - fine.as_secs_f64();
            wide.max(0.0).ceil() as u64
        }
    }
}

fn is_complete(snapshot: &Snapshot, may_be_down: bool) -> bool {
    let done = |c: &ClusterSnapshot| match c.health.state {
        HealthState::Down => may_be_down,
        HealthState::Connecting => false,
        HealthState::Up => c.health.cycle.is_some(),
    };
    !snapshot.clusters.is_empty() && snapshot.clusters.iter().all(|c| done(c))
}
