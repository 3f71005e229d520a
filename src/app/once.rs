//! One-shot commands: wait until a cluster has been read once, and what was asked on top is in.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::model::{HealthState, Snapshot};

use super::session::{Session, SessionError};

/// A cluster that is down is given this long to come up: a client's first try may fail.
const COME_UP: Duration = Duration::from_secs(8);
/// Answers to asks may take this long.
const ANSWERS: Duration = Duration::from_millis(1_500);

/// Waits for a snapshot in which every cluster has been read to the end of a cycle, or is down, or
/// `patience` has passed; where records may be read, also for what was asked of them. Whatever is there by then is given: what is missing is unknown in it.
///
/// # Errors
///
/// When the session ends by itself.
pub async fn complete(
    session: &mut Session,
    patience: Duration,
    reads_records: bool,
) -> Result<Arc<Snapshot>, SessionError> {
    let started = Instant::now();
    let mut snapshots = session.snapshots.clone();
    let asked = session.asked();
    let waiting = async {
        loop {
            if is_complete(&snapshots.borrow_and_update(), started.elapsed() >= COME_UP) {
                break;
            }
            // A cluster that stays down makes no snapshots: look again all the same.
            let _ = tokio::time::timeout(Duration::from_millis(200), snapshots.changed()).await;
        }
        if reads_records && asked.load(Ordering::Relaxed) {
            sleep(ANSWERS).await;
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

fn is_complete(snapshot: &Snapshot, may_be_down: bool) -> bool {
    let done = |c: &crate::model::ClusterSnapshot| match c.health.state {
        HealthState::Down => may_be_down,
        HealthState::Connecting => false,
        HealthState::Up => c.health.cycle.is_some(),
    };
    !snapshot.clusters.is_empty() && snapshot.clusters.iter().all(|c| done(c))
}
