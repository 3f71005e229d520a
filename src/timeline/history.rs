//! One group over a stretch of time, for charts and the API.

use std::sync::Arc;

use serde::Serialize;

use super::{Head, Tape, TimelineError};
use crate::model::{GroupSnapshot, Reading, Snapshot, Span, Status, Timestamp};

/// Most points that are given; more are thinned evenly.
const POINTS: usize = 1000;

/// A group at one instant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryPoint {
    /// The snapshot's instant.
    pub at: Timestamp,
    /// The verdict.
    pub status: Status,
    /// As Kafka's tools show it, in records.
    pub lag: Reading<i64>,
    /// What can still be read, in records.
    pub effective_lag: Reading<i64>,
    /// Age of the oldest unread record, in seconds.
    pub time_lag: Reading<Span>,
    /// Records a second coming in.
    pub arrival_rate: Reading<f64>,
    /// Records a second being read.
    pub consume_rate: Reading<f64>,
}

impl HistoryPoint {
    fn of(group: &GroupSnapshot, at: Timestamp) -> Self {
        Self {
            at,
            status: group.status.status,
            lag: group.lag.clone(),
            effective_lag: group.effective_lag.clone(),
            time_lag: group.time_lag.age(at),
            arrival_rate: group.arrival_rate.clone(),
            consume_rate: group.consume_rate.clone(),
        }
    }
}

/// A group of a cluster (of any, if none is named) from `from` to `to`, oldest first; a thousand
/// points at the most.
///
/// # Errors
///
/// When the tape cannot be read.
pub fn history(
    tape: &Tape,
    cluster: Option<&str>,
    group: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<HistoryPoint>, TimelineError> {
    let mut head = Head::near(tape, from)?;
    let (mut points, mut each, mut seen) = (Vec::new(), 1, 0_usize);
    let mut next = head.standing();
    loop {
        if let Some(snapshot) = next.filter(|s| s.at >= from) {
            if snapshot.at > to {
                return Ok(points);
            }
            if let Some(found) = find(&snapshot, cluster, group) {
                if seen.is_multiple_of(each) {
                    points.push(HistoryPoint::of(&found, snapshot.at));
                }
                seen += 1;
            }
            if points.len() > POINTS {
                let mut keep = false;
                points.retain(|_| {
                    keep = !keep;
                    keep
                });
                each *= 2;
            }
        }
        match head.next_cut() {
            Some(cut) => next = Some(cut.snapshot),
            None => return Ok(points),
        }
    }
}

fn find(snapshot: &Snapshot, cluster: Option<&str>, group: &str) -> Option<Arc<GroupSnapshot>> {
    let mut clusters = snapshot.clusters.iter();
    let wanted = |name: &str| cluster.is_none_or(|c| c == name);
    clusters.find_map(|c| {
        let group = wanted(c.cluster.as_str()).then(|| c.group(group)).flatten();
        group.cloned()
    })
}
