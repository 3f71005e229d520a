//! Answers as owned values, with an error an element.

use std::sync::Arc;

use super::text::KafkaFailure;

/// An answer, by the request that it answers.
#[derive(Debug)]
pub enum Reply {
    /// To `ListGroups`: what could be listed and, for each broker that could
    /// not be asked, why. With any failure the listing is incomplete.
    Groups {
        /// The groups.
        listed: Vec<GroupListing>,
        /// One a broker that failed.
        failures: Vec<KafkaFailure>,
    },
    /// To `DescribeGroups`.
    GroupDescriptions(Vec<GroupDescription>),
    /// To `GroupOffsets`.
    GroupOffsets(GroupOffsets),
    /// To `ListOffsets`.
    Offsets(Vec<TopicOffsets>),
    /// To `DescribeTopics`.
    Topics(Vec<TopicDescription>),
    /// To `DescribeTopicConfigs` and `DescribeBrokerConfigs`.
    Configs(Vec<ResourceConfigs>),
    /// To `DescribeCluster`.
    Cluster(ClusterDescription),
}

/// A group's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "Kafka's own names")]
pub enum GroupState {
    Unknown,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
    Empty,
}

/// A group's protocol, as the listing tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "Kafka's own names")]
pub enum GroupType {
    Unknown,
    Consumer,
    Classic,
}

/// One group of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupListing {
    /// The group id.
    pub group: Arc<str>,
    /// Its state; unknown before Kafka 2.6.
    pub state: GroupState,
    /// Its type; unknown before Kafka 3.8.
    pub group_type: GroupType,
    /// No protocol type: it only commits, with partitions of its own choice.
    pub simple: bool,
}

/// One group's description.
#[derive(Debug, Clone)]
pub struct GroupDescription {
    /// The group id.
    pub group: Arc<str>,
    /// Why it could not be described; the rest is then empty.
    pub failure: Option<KafkaFailure>,
    /// Its state. A group that does not exist is `Dead`.
    pub state: GroupState,
    /// Its type.
    pub group_type: GroupType,
    /// It only commits.
    pub simple: bool,
    /// The assignor's name; empty without members.
    pub assignor: Arc<str>,
    /// The coordinator's broker id.
    pub coordinator: Option<i32>,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member and what it owns.
#[derive(Debug, Clone)]
pub struct MemberDescription {
    /// The member id.
    pub member_id: Arc<str>,
    /// The client id.
    pub client_id: Arc<str>,
    /// The client's host.
    pub host: Arc<str>,
    /// The static membership's name.
    pub group_instance_id: Option<Arc<str>>,
    /// What it owns, in the order told.
    pub assigned: Vec<(Arc<str>, i32)>,
    /// What the coordinator wants it to own (KIP-848 only).
    pub target: Option<Vec<(Arc<str>, i32)>>,
}

/// One partition's offset in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// The partition.
    pub partition: i32,
    /// The offset; −1 is "none committed" or "no such record", below that it
    /// is no answer at all (a broker that hangs gives −1001 with error 0).
    pub offset: i64,
    /// The record's timestamp where one was asked for, else −1.
    pub timestamp: i64,
    /// The partition's own error, 0 for none.
    pub error: i32,
}

/// Offsets of one topic's partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicOffsets {
    /// The topic.
    pub topic: Arc<str>,
    /// Its partitions, in the order told.
    pub offsets: Vec<Offset>,
}

/// Committed offsets of one group.
#[derive(Debug, Clone)]
pub struct GroupOffsets {
    /// The group.
    pub group: Arc<str>,
    /// Why the whole group could not be read.
    pub failure: Option<KafkaFailure>,
    /// Its commits, by topic.
    pub topics: Vec<TopicOffsets>,
}

/// One topic's description.
#[derive(Debug, Clone)]
pub struct TopicDescription {
    /// The topic.
    pub topic: Arc<str>,
    /// Why it could not be described.
    pub failure: Option<KafkaFailure>,
    /// Its id, as two halves; all zero before Kafka 2.8.
    pub topic_id: (i64, i64),
    /// Kafka's own.
    pub internal: bool,
    /// Leaders by partition; none where there is no leader now.
    pub partitions: Vec<(i32, Option<i32>)>,
}

/// One entry of a configuration.
#[derive(Debug, Clone)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; none where the broker keeps it back.
    pub value: Option<String>,
}

/// A topic's or broker's configuration.
#[derive(Debug, Clone)]
pub struct ResourceConfigs {
    /// The topic's name or the broker's id.
    pub name: Arc<str>,
    /// Why it could not be described.
    pub failure: Option<KafkaFailure>,
    /// All entries.
    pub entries: Vec<ConfigEntry>,
}

/// The cluster's description.
#[derive(Debug, Clone)]
pub struct ClusterDescription {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// The controller's broker id.
    pub controller: Option<i32>,
    /// Brokers: id, host, port, rack.
    pub brokers: Vec<(i32, String, u16, Option<String>)>,
    /// Whether this user may Describe the cluster; none: the broker does not tell.
    pub may_describe: Option<bool>,
}
