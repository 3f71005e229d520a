//! Observations: everything that Laggard ever learns, as facts with their times.
//!
//! A source makes them, a recorder may write them, the pipeline folds them in one order. A fact
//! carries a whole read: a topic's log ends by partition, a group's commits. A part that failed
//! stands in it with its reason, so that no failure is ever silent and none spoils its neighbours.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::id::{
    BootId, BrokerId, ClusterName, GroupId, MemberId, Offset, PartitionId, TopicId, TopicName,
};
use super::reading::Why;
use super::settings::Settings;
use super::short;
use super::time::{Span, Timestamp};
use super::told::Told;

/// One thing learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Observation {
    /// A start: everything known before is from another process.
    Boot {
        /// When.
        at: Timestamp,
        /// Which.
        boot: BootId,
    },
    /// What to watch and what is expected of it; again at each reload.
    Configured {
        /// When.
        at: Timestamp,
        /// The settings in force from here on.
        settings: Arc<Settings>,
    },
    /// Time has come to this instant: the only thing that makes a snapshot.
    Tick {
        /// When.
        at: Timestamp,
    },
    /// The wall clock was set; sources go on with their monotonic time.
    ClockJump {
        /// When, by the monotonic time.
        at: Timestamp,
        /// By how much the wall clock differs from it now.
        by: Span,
    },
    /// Something was observed and could not be kept: what follows does not join what was before.
    Gap {
        /// When the gap ended.
        at: Timestamp,
        /// How many observations are missing; 0 when that is not known.
        #[serde(default)]
        lost: u64,
    },
    /// A person's or a program's order, accepted.
    Commanded {
        /// When.
        at: Timestamp,
        /// What.
        command: Command,
    },
    /// A try to tell a receiver of alerts.
    Told {
        /// When it was over.
        at: Timestamp,
        /// What came of it.
        told: Told,
    },
    /// A configuration that was not taken: the one before stays in force.
    Refused {
        /// When.
        at: Timestamp,
        /// What is wrong with it.
        why: Arc<str>,
    },
    /// Whether where alerts stand can be written down: nobody is told of anything before it is.
    Unwritten {
        /// When.
        at: Timestamp,
        /// What is in the way; `None`: it is written again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// One read of a cluster.
    Read {
        /// Of which cluster.
        cluster: ClusterName,
        /// When the request went out.
        asked: Timestamp,
        /// When the answer was in.
        answered: Timestamp,
        /// What it said.
        fact: Fact,
    },
}

impl Observation {
    /// The instant at which it was known.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Boot { at, .. }
            | Self::Configured { at, .. }
            | Self::Tick { at }
            | Self::ClockJump { at, .. }
            | Self::Gap { at, .. }
            | Self::Commanded { at, .. }
            | Self::Told { at, .. }
            | Self::Refused { at, .. }
            | Self::Unwritten { at, .. } => *at,
            Self::Read { answered, .. } => *answered,
        }
    }
}

/// What one read of a cluster said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fact {
    /// Whether the cluster can be read at all.
    Health {
        /// Up or down.
        state: HealthState,
        /// What keeps it from being read, as far as it is known, in words for a person; none while up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },
    /// The brokers that there are.
    Brokers {
        /// Kafka's own id of the cluster.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cluster_id: Option<Arc<str>>,
        /// The active controller, as far as brokers tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        controller: Option<BrokerId>,
        /// All brokers, by id.
        brokers: Vec<Broker>,
    },
    /// Topics with their partitions and leaders.
    Topics {
        /// Those named.
        topics: Vec<TopicMetadata>,
        /// Whether these are all that may be seen: then a topic that is missing is gone.
        #[serde(default = "yes")]
        complete: bool,
    },
    /// A topic's configuration.
    TopicConfig {
        /// Which.
        topic: TopicName,
        /// What matters here of it.
        config: TopicConfig,
    },
    /// The groups that there are.
    Groups {
        /// Those listed, after filters.
        groups: Vec<ListedGroup>,
        /// Whether every coordinator answered without an error.
        #[serde(default = "yes")]
        complete: bool,
        /// What went wrong, one line a broker.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failures: Vec<Why>,
    },
    /// One group described.
    Group {
        /// The description.
        description: Arc<GroupDescription>,
    },
    /// A group's read that failed as a whole.
    GroupFailed {
        /// Which.
        group: GroupId,
        /// Which read.
        part: GroupPart,
        /// Why.
        why: Why,
    },
    /// A group's committed offsets.
    Commits {
        /// Which.
        group: GroupId,
        /// By topic, in name order.
        #[serde(with = "short::commits", rename = "commits")]
        topics: Vec<TopicCommits>,
        /// Whether these are all that the group ever committed: then a partition that is missing
        /// has no commit.
        #[serde(default = "yes")]
        complete: bool,
    },
    /// Log start offsets of one topic's partitions.
    LogStarts {
        /// Which.
        topic: TopicName,
        /// In order of partition.
        #[serde(with = "short::offsets")]
        offsets: Vec<OffsetRead>,
    },
    /// Log end offsets of one topic's partitions.
    LogEnds {
        /// Which.
        topic: TopicName,
        /// High watermarks or last stable offsets.
        #[serde(default)]
        isolation: Isolation,
        /// In order of partition.
        #[serde(with = "short::offsets")]
        offsets: Vec<OffsetRead>,
    },
    /// The first record at or after a timestamp (an answer to `OffsetForTime`).
    OffsetForTime {
        /// Which topic.
        topic: TopicName,
        /// Which partition.
        partition: PartitionId,
        /// The timestamp asked for.
        time: Timestamp,
        /// Offset and timestamp of the record found; `None`: no record is that young.
        found: Option<(Offset, Timestamp)>,
    },
    /// The first record at or after an offset (an answer to `RecordAt`).
    RecordAt {
        /// Which topic.
        topic: TopicName,
        /// Which partition.
        partition: PartitionId,
        /// The offset asked for.
        offset: Offset,
        /// Offset and timestamp of the record found; `None`: there is none up to `log_end_offset`.
        found: Option<(Offset, Timestamp)>,
        /// The log end that the read had come to or knew of.
        log_end_offset: Offset,
    },
    /// The offset of the record with the highest timestamp (ListOffsets −3). Kafka counts
    /// transaction markers as records here, and names the first of several.
    MaxTimestamps {
        /// Which topic.
        topic: TopicName,
        /// Offsets; an empty partition is left out.
        #[serde(with = "short::offsets")]
        offsets: Vec<OffsetRead>,
    },
    /// A cycle has ended.
    Cycle(Cycle),
}

fn yes() -> bool {
    true
}

fn no_text() -> Arc<str> {
    Arc::from("")
}

/// Whether a cluster can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Not reached yet since the start.
    Connecting,
    /// At least one broker answers.
    Up,
    /// No broker answers, or none lets us in.
    Down,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Broker {
    /// Its `node.id`.
    pub id: BrokerId,
    /// Its advertised host.
    pub host: Arc<str>,
    /// Its advertised port.
    pub port: u16,
    /// Its rack, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<Arc<str>>,
}

/// A topic's partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicMetadata {
    /// Its name.
    pub topic: TopicName,
    /// Its identity, once it has been described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<TopicId>,
    /// In order of partition.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionMetadata {
    /// Its number.
    pub partition: PartitionId,
    /// The broker that leads it; `None` while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<BrokerId>,
    /// How many replicas it has; 0 when the source does not say.
    #[serde(default)]
    pub replicas: u16,
    /// How many of them are in sync.
    #[serde(default)]
    pub in_sync: u16,
}

/// How old records leave a topic.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CleanupPolicy {
    /// By age or size.
    #[default]
    Delete,
    /// All but the last of each key.
    Compact,
    /// Both.
    CompactDelete,
}

/// What of a topic's configuration matters to its readers. `None`: unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `retention.ms`.
    pub retention: Option<Span>,
    /// `retention.bytes`, per partition.
    pub retention_bytes: Option<u64>,
    /// `segment.bytes`.
    pub segment_bytes: Option<u64>,
    /// `segment.ms`: a segment is closed when it is that old, if it is not full before.
    #[serde(default)]
    pub segment: Option<Span>,
    /// `remote.storage.enable`.
    pub remote_storage: bool,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub log_append_time: bool,
}

/// The protocol that a group speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupType {
    /// Assignment by the members (JoinGroup, SyncGroup).
    Classic,
    /// Assignment by the coordinator (KIP-848).
    Consumer,
    /// A share group (KIP-932): its lag is not committed − end.
    Share,
    /// A streams group (KIP-1071).
    Streams,
    /// The broker does not say.
    #[default]
    Unknown,
}

/// Kafka's own state of a group.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum GroupState {
    /// Members have their partitions.
    Stable,
    /// No members; offsets may be there.
    Empty,
    /// Classic: members are joining.
    PreparingRebalance,
    /// Classic: members wait for their assignment.
    CompletingRebalance,
    /// KIP-848: the coordinator computes an assignment.
    Assigning,
    /// KIP-848: members move to their assignment.
    Reconciling,
    /// Nothing is left of it.
    Dead,
    /// A state that this version of Laggard does not know.
    #[default]
    Unknown,
}

/// A group in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedGroup {
    /// Its id.
    pub group: GroupId,
    /// Its protocol.
    #[serde(default)]
    pub group_type: GroupType,
    /// Its state.
    #[serde(default)]
    pub state: GroupState,
    /// `consumer` for consumers; `connect` and others; empty for committers without members.
    #[serde(default = "no_text")]
    pub protocol_type: Arc<str>,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDescription {
    /// Its id.
    pub group: GroupId,
    /// Its protocol.
    #[serde(default)]
    pub group_type: GroupType,
    /// Its state.
    #[serde(default)]
    pub state: GroupState,
    /// See [`ListedGroup::protocol_type`]; `None` when the describing API does not tell it.
    pub protocol_type: Option<Arc<str>>,
    /// The assignor's name; `None` when there is none yet.
    pub assignor: Option<Arc<str>>,
    /// The broker that coordinates it.
    pub coordinator: Option<BrokerId>,
    /// By member id. `None`: members cannot be read for this kind of group.
    pub members: Option<Vec<Member>>,
}

/// A group's member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Member {
    /// As the coordinator calls it.
    pub member_id: MemberId,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub host: Arc<str>,
    /// `group.instance.id` of a static member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_instance_id: Option<Arc<str>>,
    /// The partitions that it owns, by topic.
    pub assignment: Vec<AssignedTopic>,
    /// What it told the others when it joined; `None`: not known, as for all members of a KIP-848 group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Arc<Subscription>>,
}

/// What a member of a classic consumer group asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Subscription {
    /// The topics that it subscribes to, in name order; they need not exist.
    pub topics: Vec<TopicName>,
    /// `client.rack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<Arc<str>>,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AssignedTopic {
    /// The topic.
    pub topic: TopicName,
    /// Ascending.
    pub partitions: Vec<PartitionId>,
}

/// Which read of a group failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupPart {
    /// State, members, assignment.
    Description,
    /// Committed offsets.
    Commits,
}

/// A group's commits on one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCommits {
    /// The topic.
    pub topic: TopicName,
    /// In order of partition.
    pub partitions: Vec<CommitRead>,
}

/// A committed offset as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRead {
    /// Which partition.
    pub partition: PartitionId,
    /// The offset; `Ok(None)`: there is no commit; `Err`: it could not be read.
    pub offset: Result<Option<Offset>, Why>,
    /// When it was committed, where the offsets topic tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
}

/// Which log end.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// The high watermark.
    #[default]
    ReadUncommitted,
    /// The last stable offset.
    ReadCommitted,
}

/// An offset as read from a partition's leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRead {
    /// Which partition.
    pub partition: PartitionId,
    /// The offset, or why it could not be read (after the retry within the cycle).
    pub offset: Result<Offset, Why>,
    /// The leader's epoch, where told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_epoch: Option<i32>,
}

/// What a cycle cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cycle {
    /// From its first request to its last answer (or time-out).
    pub took: Span,
    /// The interval in force: longer than configured when the request budget cannot meet that.
    pub interval: Span,
    /// Why the interval is longer than configured, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengthened: Option<Why>,
    /// Requests sent, by API, in name order (counted as calls where the client hides requests).
    pub requests: Vec<(Arc<str>, u64)>,
    /// Throttle time that brokers asked for, summed.
    pub throttled: Span,
    /// Parts that failed after their retries.
    pub failed_parts: u64,
}
