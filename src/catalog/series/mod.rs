//! The series themselves, level by level, and how they read numbers off readings.

mod cluster;
mod group;
mod group_topic;
mod laggard;
pub(super) mod notices;
mod partition;
mod topic;
mod unread;

use super::Series;
use crate::model::{Loss, Reading, Span, Status, Timestamp};

/// All of them, by level.
pub(super) static ALL: &[&[Series]] = &[
    laggard::ALL,
    notices::ALL,
    cluster::ALL,
    unread::ALL,
    topic::ALL,
    topic::PARTITIONS,
    group::ALL,
    group_topic::ALL,
    partition::ALL,
];

/// The number that stands for a status by partition: the higher, the worse. Numbers stay as they
/// are for good, so that dashboards do.
pub const fn status_code(status: Status) -> u8 {
    match status {
        Status::Idle => 0,
        Status::Ok => 1,
        Status::Steady => 2,
        Status::Recovering => 3,
        Status::CommitExpired => 4,
        Status::NeverCommitted => 5,
        Status::Unknown => 6,
        Status::Suspect => 7,
        Status::FallingBehind => 8,
        Status::Unassigned => 9,
        Status::Rewound => 10,
        Status::TxnBlocked => 11,
        Status::Stalled => 12,
        Status::Stopped => 13,
        Status::Recreated => 14,
        Status::Truncated => 15,
        Status::DataLoss => 16,
    }
}

/// A whole number, known or stale.
pub(in crate::catalog) fn whole(reading: &Reading<i64>) -> Option<f64> {
    reading.value().map(|v| v as f64)
}

pub(in crate::catalog) fn seconds(span: Span) -> f64 {
    span.as_secs_f64()
}

/// Seconds until a loss; +Inf for one that will not be.
fn until_loss(loss: Loss, now: Timestamp) -> f64 {
    let at = loss.at();
    at.map_or(f64::INFINITY, |at| seconds(now.age_at(at)).max(0.0))
}

/// Seconds until it at the least.
fn until_loss_low(loss: Loss, now: Timestamp) -> f64 {
    match loss {
        Loss::Never => f64::INFINITY,
        Loss::At { earliest, .. } => seconds(now.age_at(earliest)).max(0.0),
    }
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// How long ago the oldest of these was read: 0 while all are fresh. `None` once one has no value:
/// what is unknown has no age.
fn staleness(parts: &[(bool, Option<Timestamp>)], at: Timestamp) -> Option<f64> {
    if parts.iter().any(|(unknown, _)| *unknown) {
        return None;
    }
    let oldest = parts.iter().filter_map(|(_, since)| *since).min();
    Some(oldest.map_or(0.0, |since| seconds(since.age_at(at))))
}

/// Whether a reading is unknown, and since when it is stale.
fn freshness<T: Copy>(reading: &Reading<T>) -> (bool, Option<Timestamp>) {
    (reading.is_unknown(), reading.stale_since())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Options, find};
    use crate::model::testing::World;

    /// LaggardBlind goes by it, and a first cycle may never end.
    #[test]
    fn an_interval_is_told_before_the_first_cycle_has_ended() {
        let world = World::new().cluster("eu", |c| c.cluster.health.cycle = None);
        let interval = find("laggard_cluster_cycle_interval_seconds").unwrap();
        let mut told = Vec::new();
        interval.samples(&world.build(), &Options::default(), &mut |labels, value| {
            told.push((format!("{labels:?}"), value));
        });
        let eu = r#"[("kafka_cluster", "eu")]"#.to_owned();
        assert_eq!(told, [(eu, 10.0)]);
    }

    #[test]
    fn codes_follow_the_order_of_alarm() {
        let codes: Vec<_> = Status::ALL.iter().map(|s| status_code(*s)).collect();
        assert_eq!(codes, (0..=16).rev().collect::<Vec<_>>());
    }
}
