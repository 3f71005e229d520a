//! Advice: what would help, by how much, and the exact command.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{ClusterName, GroupId};
use super::time::Timestamp;

/// How much it matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AdviceSeverity {
    /// Do it now.
    Urgent,
    /// It would help.
    Useful,
    /// Good to know.
    Hint,
}

/// What is advised, as programs tell it: in the order in which pieces of equal severity are shown.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AdviceKind {
    /// Nobody reads: start the consumers.
    StartConsumers,
    /// End a transaction that holds readers back.
    EndTransaction,
    /// Set offsets that point beyond the end, or nowhere.
    ResetOffsets,
    /// Calm a group that rebalances again and again.
    CalmRebalances,
    /// Look at a record that holds a partition, and skip it.
    SkipRecord,
    /// Find out what all members wait for.
    FindBlock,
    /// More consumers would not help: what they write to is slow.
    DoNotAddConsumers,
    /// Replace a slow member.
    ReplaceMember,
    /// Look at a slow host.
    CheckHost,
    /// Spread a key.
    SpreadKey,
    /// Look at a slow broker.
    CheckBroker,
    /// Run so many members.
    #[default]
    Scale,
    /// Deal partitions out in another way.
    ChangeAssignor,
    /// The number of partitions is the limit.
    AddPartitions,
    /// Keep records for longer, until they are read.
    ExtendRetention,
    /// Let somebody own what nobody owns.
    AssignPartitions,
    /// Commit offsets.
    CommitOffsets,
    /// Offsets were set back.
    ReviewRewind,
    /// Members that cannot get a partition.
    FewerMembers,
    /// One member is no redundancy.
    SecondMember,
    /// Offsets of a topic that is no longer read.
    DeleteOffsets,
    /// A group that nobody uses.
    DeleteGroup,
}

/// One piece of advice. Laggard itself changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Advice {
    /// On which cluster.
    pub cluster: ClusterName,
    /// For which group.
    pub group: GroupId,
    /// How much it matters.
    pub severity: AdviceSeverity,
    /// What is advised.
    #[serde(default)]
    pub kind: AdviceKind,
    /// How sure it is that this is the thing to do: 0.5 just so, 1 by far.
    #[serde(default)]
    pub confidence: f64,
    /// What to do, in one sentence.
    pub title: Arc<str>,
    /// The numbers behind it, a sentence each.
    pub evidence: Vec<Arc<str>>,
    /// What it would bring, if that can be said.
    pub gain: Option<Arc<str>>,
    /// What could be wrong with it.
    pub caveats: Vec<Arc<str>>,
    /// The exact command to copy, if there is one.
    pub command: Option<Arc<str>>,
    /// Who would carry how much, where it moves load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

/// How many members a group is advised to run: a hint for autoscalers, which moves seldom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AdvisedMembers {
    /// On which cluster.
    pub cluster: ClusterName,
    /// For which group.
    pub group: GroupId,
    /// So many.
    pub members: u32,
    /// Since when it is that many.
    pub since: Timestamp,
}

/// A group's load before and after a change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// As it is.
    pub before: Vec<Load>,
    /// As it would be: the members of `before` in the same order, those that would go left out at its end, those that
    /// would come added there.
    pub after: Vec<Load>,
}

/// What one member carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Load {
    /// Its `group.instance.id` or `client.id`, with its host; `new member N` for one that is not there yet.
    pub member: Arc<str>,
    /// How many partitions it owns.
    pub partitions: u32,
    /// Records that arrive for it each second.
    pub arrival: f64,
    /// That as a share of what it can do, if that is known; above 1 it falls behind.
    pub use_of_capacity: Option<f64>,
}
