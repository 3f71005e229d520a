//! Partitions as calls: one leader each, of a bounded size.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ffi::ListedPartition;
use super::job::Kind;
use super::topology::{Topic, Topology};

/// Partitions of one `ListOffsets` call. librdkafka's merge takes time in the square of it: at 400
/// it costs half as much again as at 200, below that the calls themselves begin to count.
const CHUNK: usize = 200;

impl Topology {
    /// Every partition of the topics that `wanted` accepts, as calls a leader: topics stay whole
    /// where they can.
    pub(super) fn by_leader(
        &self,
        kind: Kind,
        wanted: impl Fn(&Topic) -> bool,
    ) -> Vec<(Option<i32>, Vec<ListedPartition>)> {
        let all = self
            .topics
            .iter()
            .filter(|(_, topic)| wanted(topic))
            .flat_map(|(name, topic)| {
                let numbered = topic.partitions.iter().zip(0..);
                numbered.map(move |(partition, number)| {
                    let listed = ListedPartition {
                        topic: Arc::clone(name),
                        partition: number,
                        spec: kind.spec(),
                    };
                    (partition.leader, listed)
                })
            });
        chunked(all)
    }
}

/// Groups partitions by leader and cuts them into calls.
pub(super) fn chunked(
    partitions: impl Iterator<Item = (Option<i32>, ListedPartition)>,
) -> Vec<(Option<i32>, Vec<ListedPartition>)> {
    let mut by_leader: BTreeMap<Option<i32>, Vec<ListedPartition>> = BTreeMap::new();
    for (leader, partition) in partitions {
        by_leader.entry(leader).or_default().push(partition);
    }
    let mut calls = Vec::new();
    for (leader, partitions) in by_leader {
        calls.extend(
            partitions
                .chunks(CHUNK)
                .map(|chunk| (leader, chunk.to_vec())),
        );
    }
    calls
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::topology::tests::{config, metadata};
    use super::*;

    #[test]
    fn calls_have_one_leader_and_a_bounded_size() {
        let mut topology = Topology::default();
        topology.take(
            metadata(&[("big", 3000), ("small", 2)]),
            &config(),
            Instant::now(),
        );
        let calls = topology.by_leader(Kind::End, |_| true);
        let total: usize = calls.iter().map(|(_, partitions)| partitions.len()).sum();
        assert_eq!(total, 3002);
        for (leader, partitions) in &calls {
            assert!(partitions.len() <= CHUNK);
            assert!(partitions.iter().all(|p| Some(p.partition % 3) == *leader));
        }
    }
}
