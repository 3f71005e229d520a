//! How sure a series' number is: which reading it rests on.
//!
//! Beside the value of each sample, alert rules need to know whether the reading behind it was
//! fresh. `learning` is no doubt (only a verdict on silence waits for it), and neither is a
//! partition without a commit: nothing failed to be read there. Series on Laggard itself and on
//! clusters are never in doubt: they are what tells of the failures.

use super::series::notices::MARK;
use crate::model::{
    Evidence, GroupSnapshot, PartitionView, Reading, Status, TopicPartition, TopicSnapshot, Why,
};

/// How sure a sample is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Its reading is fresh.
    #[default]
    None,
    /// What is known bears it, but it may be more.
    LowerBound,
    /// Its reading is stale, or it is known no better than that.
    Stale,
    /// There is no value, for want of a reading.
    Unknown,
}

/// A sample as an alert rule wants it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Graded {
    /// The value that is exported; `None` for one that is missing because it is not known.
    pub value: Option<f64>,
    /// How sure that is.
    pub doubt: Doubt,
}

fn of<T: Copy>(reading: &Reading<T>) -> Doubt {
    if reading.is_unknown() {
        return match reading.why() {
            Some(why) if is_no_failure(why) => Doubt::None,
            _ => Doubt::Unknown,
        };
    }
    if reading.is_stale() {
        return Doubt::Stale;
    }
    match reading.bounds() {
        Some(bounds) if bounds.high.is_none() => Doubt::LowerBound,
        _ => Doubt::None,
    }
}

/// Reasons for which a value is missing although all was read.
fn is_no_failure(why: &Why) -> bool {
    [
        Why::LEARNING,
        Why::NEVER_COMMITTED,
        Why::COMMIT_EXPIRED,
        Why::COMMIT_BEYOND_END,
        Why::PROTOCOL,
    ]
    .contains(why)
}

/// An aggregate over a group's partitions. If all that it lacks are partitions without a commit,
/// then nothing failed to be read.
fn of_aggregate<T: Copy>(reading: &Reading<T>, group: &GroupSnapshot) -> Doubt {
    let doubt = of(reading);
    if doubt != Doubt::LowerBound {
        return doubt;
    }
    let mut lacking = group
        .rows
        .iter()
        .filter(|row| row.verdict.is_some() && row.effective_lag.is_unknown())
        .peekable();
    let explained = lacking.peek().is_some()
        && lacking.all(|row| row.effective_lag.why().is_some_and(is_no_failure))
        && group.rows.iter().all(|row| {
            row.effective_lag.is_unknown() || row.verdict.is_none() || row.time_lag.is_known()
        });
    if explained { Doubt::None } else { doubt }
}

/// A low bound of a stale aggregate is taken from its known parts alone: they bear it.
fn of_low(doubt: Doubt, low: bool) -> Doubt {
    match doubt {
        Doubt::Stale if low => Doubt::LowerBound,
        other => other,
    }
}

/// What the series `name` rests on, of what stands beside a cluster. While a mark stands, nobody knows whether a
/// group stands still of its own accord: what says so is held, neither fired nor resolved.
pub(super) fn on_cluster(name: &str) -> Doubt {
    if name == MARK {
        Doubt::Stale
    } else {
        Doubt::None
    }
}

/// What the series `name` rests on, of a group.
pub(super) fn group(name: &str, group: &GroupSnapshot) -> Doubt {
    match name.strip_prefix("laggard_group_").unwrap_or(name) {
        // Said by people, or about the reading itself.
        "info"
        | "lag_limit"
        | "time_lag_limit_seconds"
        | "inactive"
        | "staleness_seconds"
        | "unknown_partitions"
        | "partitions"
        | "expected" => Doubt::None,
        "lag" | "last_stable_lag" => of_aggregate(&group.lag, group),
        "effective_lag" => of_aggregate(&group.effective_lag, group),
        "effective_lag_low" => of_low(
            of_aggregate(&group.effective_lag, group),
            group.effective_lag.low().is_some(),
        ),
        "arrival_records_per_second" => of(&group.arrival_rate),
        "consume_records_per_second" => of(&group.consume_rate),
        "eta_seconds" => of(&group.eta),
        "state_info" | "members" | "rebalance_storm" | "recent_rebalances" => of(&group.state),
        "time_lag_low_seconds" if group.time_lag.is_stale() => {
            let mut parts = group.rows.iter().filter(|row| row.verdict.is_some());
            if parts.any(|row| row.time_lag.is_known()) {
                Doubt::LowerBound
            } else {
                Doubt::Unknown
            }
        }
        // Missing while it is stale.
        "time_to_loss_low_seconds" if group.loss_at.is_stale() => Doubt::Unknown,
        "time_to_loss_seconds" | "time_to_loss_low_seconds" => of(&group.loss_at),
        "lost_records" => of(&group.lost_lately),
        "status" => status(group),
        // A series that is not named here is in doubt when the group's reading is.
        _ => of_aggregate(&group.time_lag, group),
    }
}

/// A verdict that cannot be given: unless it is only not learned yet.
fn status(group: &GroupSnapshot) -> Doubt {
    if group.status.status != Status::Unknown {
        // The worst of what is known: what is not known may be worse, never better.
        return match of_aggregate(&group.effective_lag, group) {
            Doubt::None => Doubt::None,
            _ => Doubt::Stale,
        };
    }
    match group.status.evidence.as_deref() {
        Some(Evidence::NotKnown { why }) if *why == Why::LEARNING => Doubt::None,
        _ => Doubt::Unknown,
    }
}

/// What a series rests on, of a group's part of a topic.
pub(super) fn group_topic(rows: &[PartitionView<'_>]) -> Doubt {
    let parts = rows.iter().filter(|p| p.row().verdict.is_some());
    let of_row = |p: &PartitionView<'_>| of(&p.row().effective_lag).max(of(&p.row().time_lag));
    match parts.map(of_row).max() {
        Some(Doubt::Unknown) if rows.iter().any(|p| p.row().effective_lag.is_known()) => {
            Doubt::LowerBound
        }
        other => other.unwrap_or_default(),
    }
}

/// What a series rests on, of a group's part of a partition.
pub(super) fn partition(name: &str, view: &PartitionView<'_>) -> Doubt {
    let row = view.row();
    if name.ends_with("_staleness_seconds") {
        Doubt::None
    } else if name.contains("_time_lag_") {
        of(&row.time_lag)
    } else if name.contains("_committed_offset") {
        of(&row.committed_offset)
    } else if name.contains("_consume_") {
        of(&row.consume_rate)
    } else {
        of(&row.effective_lag)
    }
}

/// What a series rests on, of a topic.
pub(super) fn topic(topic: &TopicSnapshot) -> Doubt {
    let ends = topic.partitions.iter().map(|p| of(&p.log_end_offset));
    ends.max().unwrap_or_default()
}

/// What a series rests on, of a topic's partition.
pub(super) fn topic_partition(log: &TopicPartition) -> Doubt {
    of(&log.log_end_offset)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Options, find};
    use crate::model::Snapshot;
    use crate::model::testing::{World, ago};

    fn graded(name: &str, snapshot: &Snapshot) -> Vec<(Option<f64>, Doubt)> {
        let mut all = Vec::new();
        find(name)
            .unwrap()
            .graded(snapshot, &Options::default(), &mut |_, g| {
                all.push((g.value, g.doubt));
            });
        all
    }

    fn with(lag: Reading<i64>) -> Snapshot {
        let mut snapshot = World::new()
            .cluster("prod", |c| {
                c.topic("orders", &[(0, 100), (0, 100)]);
                c.group("billing", |g| g.commits("orders", &[Some(90), Some(90)]));
            })
            .build();
        let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
        Arc::make_mut(&mut cluster.groups[0]).effective_lag = lag;
        snapshot
    }

    #[test]
    fn an_unknown_value_is_told_where_a_scrape_has_nothing() {
        let name = "laggard_group_effective_lag";
        let of = |lag| graded(name, &with(lag));
        assert_eq!(of(Reading::Known(7)), [(Some(7.0), Doubt::None)]);
        let stale = Reading::stale(7, ago(60), Why::NO_ANSWER);
        assert_eq!(of(stale), [(Some(7.0), Doubt::Stale)]);
        let bound = Reading::at_least(7, Why::text("1 of 2 partitions unknown"));
        assert_eq!(of(bound), [(Some(7.0), Doubt::LowerBound)]);
        assert_eq!(
            of(Reading::unknown(Why::NO_ANSWER)),
            [(None, Doubt::Unknown)]
        );
        assert_eq!(of(Reading::unknown(Why::NEVER_COMMITTED)), []);
    }
}
