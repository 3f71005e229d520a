//! Which of the wishes to know more of a record's age are asked at a cut: the widest brackets
//! first, within a budget.
//!
//! In: the rows of groups whose time lag is not sure enough. Out: asks, each time of a partition
//! once. What is not asked now is wished for again at the next cut.

use slotmap::SlotMap;

use crate::model::{Ask, ClusterName, PartitionId, Span, Timestamp};

use super::group::{Group, TopicKey};
use super::time_lag::{Wish, wish};
use super::topic::Topic;

/// Times that a cut asks about at the most.
const BUDGET: usize = 500;
/// An answer that has not come after so many intervals never will.
const PATIENCE: i64 = 2;

struct Wanted {
    key: TopicKey,
    partition: PartitionId,
    wish: Wish,
}

/// Asks where the records of a time begin, for the groups whose brackets are wide.
pub(super) fn for_times<'a>(
    groups: impl Iterator<Item = &'a Group>,
    topics: &mut SlotMap<TopicKey, Topic>,
    cluster: &ClusterName,
    (at, interval): (Timestamp, Span),
) -> Vec<Ask> {
    let mut wanted: Vec<Wanted> = groups
        .filter(|group| group.wide)
        .flat_map(|group| wishes(group, topics, at, interval))
        .collect();
    wanted.sort_by(|a, b| {
        let urgent = b.wish.urgency.total_cmp(&a.wish.urgency);
        urgent.then_with(|| (a.key, a.partition).cmp(&(b.key, b.partition)))
    });
    let mut asks = Vec::new();
    for one in wanted {
        if asks.len() + one.wish.times.len() > BUDGET {
            break;
        }
        let Some(topic) = topics.get_mut(one.key) else {
            continue;
        };
        topic.note_asked(one.partition, one.wish.times.len(), at);
        asks.extend(one.wish.times.into_iter().map(|time| Ask::OffsetForTime {
            cluster: cluster.clone(),
            topic: topic.name.clone(),
            partition: one.partition,
            time,
        }));
    }
    asks
}

fn wishes(
    group: &Group,
    topics: &SlotMap<TopicKey, Topic>,
    at: Timestamp,
    interval: Span,
) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for rows in &group.topics {
        let Some(topic) = topics.get(rows.key) else {
            continue;
        };
        for row in &rows.rows {
            let log = topic.partition(row.partition);
            let (Some(log), Some(committed)) = (log, row.offset()) else {
                continue;
            };
            if !log.anchors.may_ask(at, interval.times(PATIENCE)) {
                continue;
            }
            let first = log.start.offset().map_or(committed, |b| b.max(committed));
            if let Some(wish) = wish(first, log, at, interval) {
                wanted.push(Wanted {
                    key: rows.key,
                    partition: row.partition,
                    wish,
                });
            }
        }
    }
    wanted
}
