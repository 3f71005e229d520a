//! Asks: what the engine would like to know next. A live source answers with ordinary
//! observations, a recording ignores them; the engine is right, only wider, with no answer.

use serde::{Deserialize, Serialize};

use super::id::{ClusterName, GroupId, Offset, PartitionId, TopicName};
use super::time::Timestamp;

/// One wish. The list that a cut yields is ranked, most useful first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// The first record at or after `time` (ListOffsets by timestamp).
    OffsetForTime {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which topic.
        topic: TopicName,
        /// Which partition.
        partition: PartitionId,
        /// The timestamp.
        time: Timestamp,
    },
    /// The first record at or after an offset: only where an operator allows reading. Also tells
    /// whether there is one at all: transaction markers have offsets, and are no records.
    RecordAt {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which topic.
        topic: TopicName,
        /// Which partition.
        partition: PartitionId,
        /// The offset from which to look.
        offset: Offset,
    },
    /// Offsets of the records with the highest timestamps (ListOffsets −3).
    MaxTimestamps {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which topic.
        topic: TopicName,
        /// Which partitions.
        partitions: Vec<PartitionId>,
    },
    /// Topic id, leaders and configuration, now: something about it looks new.
    DescribeTopic {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which topic.
        topic: TopicName,
    },
    /// State, members and assignment, now.
    DescribeGroup {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which group.
        group: GroupId,
    },
    /// A second read of a group's commits: what the first one said is a loss if it stays.
    CommitsNow {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which group.
        group: GroupId,
    },
    /// Log ends, now: a commit newer than the last read of them has been seen.
    EndsNow {
        /// Of which cluster.
        cluster: ClusterName,
        /// Which topic.
        topic: TopicName,
        /// Which partitions.
        partitions: Vec<PartitionId>,
    },
}

impl Ask {
    /// The cluster whose source may answer it.
    pub fn cluster(&self) -> &ClusterName {
        match self {
            Self::OffsetForTime { cluster, .. }
            | Self::RecordAt { cluster, .. }
            | Self::MaxTimestamps { cluster, .. }
            | Self::DescribeTopic { cluster, .. }
            | Self::DescribeGroup { cluster, .. }
            | Self::CommitsNow { cluster, .. }
            | Self::EndsNow { cluster, .. } => cluster,
        }
    }
}
