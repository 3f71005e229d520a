//! Groups to try advice on.

use crate::model::testing::World;
use crate::model::{GroupSnapshot, MemberLoad, PartitionId, Reading, Why};

/// A stable range group over topics with `partitions` each, members with `owned` partitions of each topic in
/// ranges, `arrival` records a second and `lag` unread records on each partition.
pub(super) fn grouped(
    partitions: &[PartitionId],
    owned: &[PartitionId],
    arrival: f64,
    lag: i64,
) -> GroupSnapshot {
    let names: Vec<String> = (0..partitions.len())
        .map(|i| format!("topic-{i}"))
        .collect();
    let world = World::new().cluster("c", |c| {
        for (name, count) in names.iter().zip(partitions) {
            c.topic(name, &vec![(0, 10_000 + lag); *count as usize]);
            c.change_topic(name, |t| {
                for p in &mut t.partitions {
                    p.arrival_rate = Reading::Known(arrival);
                }
            });
        }
        c.group("g", |g| {
            let mut next = 0;
            for (i, count) in owned.iter().enumerate() {
                let range: Vec<PartitionId> = (next..next + count).collect();
                next += count;
                let assigned: Vec<(&str, &[PartitionId])> =
                    names.iter().map(|n| (n.as_str(), &range[..])).collect();
                g.member(&format!("m{i}"), &format!("/10.0.0.{i}"), &assigned);
            }
            for (name, count) in names.iter().zip(partitions) {
                g.commits(name, &vec![Some(10_000); *count as usize]);
            }
        });
    });
    let snapshot = world.build();
    GroupSnapshot::clone(&snapshot.clusters[0].groups[0])
}

/// The same with what members can do: seen busy at so many records a second, or (`None`) only seen to read
/// as much as comes in.
pub(super) fn busy(mut group: GroupSnapshot, capacity: &[Option<f64>]) -> GroupSnapshot {
    let arrival = group.topics.iter().flat_map(|t| &t.partitions);
    let each: f64 =
        arrival.filter_map(|p| p.arrival_rate.value()).sum::<f64>() / capacity.len() as f64;
    let load = |c: &Option<f64>| MemberLoad {
        consume_rate: Reading::Known(c.unwrap_or(each)),
        capacity: c.map_or_else(
            || Reading::at_least(each, Why::text("it was never seen busy")),
            Reading::Known,
        ),
    };
    group.loads = capacity.iter().map(load).collect();
    group
}
