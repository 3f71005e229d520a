//! What may be asked, as owned values.
//!
//! Each is on the read-only allow-list; there is no other.

use std::sync::Arc;

use rdkafka::bindings as c;

/// A partition asked of `ListOffsets`: −1 latest, −2 earliest, −3 the record
/// of the greatest timestamp, or a time in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Which offset is wanted.
    pub spec: i64,
}

/// What may be asked of a cluster.
#[derive(Debug, Clone)]
pub enum Request {
    /// The groups that one broker coordinates and that a consumer might be in.
    ListGroups {
        /// The broker.
        broker: i32,
    },
    /// Members and states; at most 1,000 groups.
    DescribeGroups {
        /// Their coordinator.
        broker: i32,
        /// The groups.
        groups: Vec<Arc<str>>,
    },
    /// The committed offsets of one group: of the partitions named, or (none)
    /// of all that it has.
    GroupOffsets {
        /// Its coordinator.
        broker: i32,
        /// The group.
        group: Arc<str>,
        /// Explicit partitions, or all.
        partitions: Option<Vec<(Arc<str>, i32)>>,
    },
    /// Offsets of partitions, which had better share a leader: at most 500,
    /// none twice.
    ListOffsets {
        /// The partitions.
        partitions: Vec<ListedPartition>,
        /// With it, "latest" is the last stable offset.
        read_committed: bool,
    },
    /// Topic ids, leaders, replicas.
    DescribeTopics(Vec<Arc<str>>),
    /// Configurations of topics.
    DescribeTopicConfigs(Vec<Arc<str>>),
    /// Configuration of one broker, asked of itself.
    DescribeBrokerConfigs(i32),
    /// Brokers, controller, cluster id.
    DescribeCluster,
}

impl Request {
    /// The Kafka API that the request becomes, for counting.
    pub fn api(&self) -> &'static str {
        match self {
            Self::ListGroups { .. } => "ListGroups",
            Self::DescribeGroups { .. } => "DescribeGroups",
            Self::GroupOffsets { .. } => "OffsetFetch",
            Self::ListOffsets { .. } => "ListOffsets",
            Self::DescribeTopics(_) => "DescribeTopics",
            Self::DescribeTopicConfigs(_) | Self::DescribeBrokerConfigs(_) => "DescribeConfigs",
            Self::DescribeCluster => "DescribeCluster",
        }
    }

    /// The broker that the request goes to, where that is not librdkafka's to find.
    ///
    /// Every call to a coordinator names it. Left to look the coordinator up itself, librdkafka
    /// (2.12.1) ends the process: a call that times out while the look-up is under way leaves a
    /// reference behind, and when the coordinator comes back, that reference is used after it was
    /// freed (`rd_kafka_admin_coord_request`, `rd_kafka_coord_req_fail`). It also saves the
    /// `FindCoordinator` request that each call would send.
    pub(super) fn broker(&self) -> Option<i32> {
        match self {
            Self::ListGroups { broker }
            | Self::DescribeGroups { broker, .. }
            | Self::GroupOffsets { broker, .. } => Some(*broker),
            _ => None,
        }
    }

    pub(super) fn op(&self) -> c::rd_kafka_admin_op_t {
        use c::rd_kafka_admin_op_t as op;
        match self {
            Self::ListGroups { .. } => op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS,
            Self::DescribeGroups { .. } => op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            Self::GroupOffsets { .. } => op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
            Self::ListOffsets { .. } => op::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
            Self::DescribeTopics(_) => op::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            Self::DescribeTopicConfigs(_) | Self::DescribeBrokerConfigs(_) => {
                op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS
            }
            Self::DescribeCluster => op::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
        }
    }
}
