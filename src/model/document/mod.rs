//! The one JSON document that `lag --output json`, `/api/v1/snapshot` and `--attach` speak.
//!
//! In: a [`Snapshot`]. Out: its JSON, and from that the same snapshot:
//! `from_json(to_json(s)) == s`. Times are RFC 3339, durations seconds, offsets records. Instants
//! are the truth; ages, lags and sentences stand beside them as of `at` and are not read back. A
//! group's topics are written once, in its cluster.
//!
//! It is written group by group, so its own memory is that of the largest group. It never builds
//! the document as a whole.

mod cause;
mod delta;
mod group;
mod member;
mod narrow;
mod partition;
mod schema;
mod time_lag;
mod topic;
mod verdict;

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    Advice, AdvisedMembers, Alert, Broker, ClusterHealth, ClusterName, ClusterSnapshot, Generation,
    GroupId, GroupSnapshot, Issue, MemberId, Notices, ReceiverHealth, RuleGroup, Snapshot,
    Timestamp, TopicName,
};
use group::GroupDocument;
use topic::TopicDocument;

pub use delta::{Delta, Removed, removed};
pub use narrow::Narrow;
pub use schema::schema;

/// A text that is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is no JSON, or not of the right shape.
    #[error("not a snapshot: {0}")]
    Json(#[from] serde_json::Error),
    /// A group reads a topic that stands nowhere.
    #[error(
        "not a snapshot: group {group:?} reads topic {topic:?}, which its cluster does not list"
    )]
    NoSuchTopic {
        /// The group.
        group: GroupId,
        /// The topic.
        topic: TopicName,
    },
    /// A partition is owned by a member that the group does not have.
    #[error("not a snapshot: group {group:?} has no member {member:?}, yet it owns a partition")]
    NoSuchMember {
        /// The group.
        group: GroupId,
        /// The member.
        member: MemberId,
    },
}

/// Everything that is true at one instant.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Snapshot")]
struct SnapshotDocument<C = Vec<ClusterDocument>> {
    /// Which snapshot: the n-th since a start.
    generation: Generation,
    /// The instant, as of which all ages stand.
    at: Timestamp,
    /// In name order.
    clusters: C,
    /// Most urgent first.
    advice: Vec<Arc<Advice>>,
    /// For groups of which that is known, by cluster and group.
    #[serde(default)]
    advised_members: Arc<[AdvisedMembers]>,
    /// Firing first, then pending, then lately resolved.
    alerts: Vec<Arc<Alert>>,
    /// The alert rules in force, in order of their files.
    #[serde(default)]
    rules: Arc<[RuleGroup]>,
    /// How telling receivers goes, in name order.
    #[serde(default)]
    receivers: Arc<[ReceiverHealth]>,
    /// What people ordered, what is missing, and what is wrong with Laggard itself.
    #[serde(default)]
    notices: Arc<Notices>,
}

/// One cluster.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Cluster")]
struct ClusterDocument<G = Vec<GroupDocument>, T = Vec<TopicDocument>> {
    /// Its name in the configuration.
    cluster: ClusterName,
    /// The generation at which anything in it last changed.
    generation: u64,
    /// Whether and how well it is read.
    health: ClusterHealth,
    /// In order of id.
    brokers: Vec<Broker>,
    /// In name order.
    groups: G,
    /// In name order.
    topics: T,
    /// What went wrong in reading it, newest last.
    issues: Vec<Issue>,
}

/// A sequence that is made while it is written.
struct Lazily<F>(F);

impl<F, I> Serialize for Lazily<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Writes the document, in small pieces: give it a buffered writer.
///
/// # Errors
///
/// What `out` says.
pub fn to_json(snapshot: &Snapshot, out: impl io::Write) -> io::Result<()> {
    let at = snapshot.at;
    let document = SnapshotDocument {
        generation: snapshot.generation.clone(),
        at,
        clusters: Lazily(|| snapshot.clusters.iter().map(|c| ClusterRef(c, at))),
        advice: snapshot.advice.clone(),
        advised_members: Arc::clone(&snapshot.advised_members),
        alerts: snapshot.alerts.clone(),
        rules: Arc::clone(&snapshot.rules),
        receivers: Arc::clone(&snapshot.receivers),
        notices: Arc::clone(&snapshot.notices),
    };
    serde_json::to_writer(out, &document).map_err(io::Error::from)
}

/// A cluster that is written as a [`ClusterDocument`].
struct ClusterRef<'a>(&'a ClusterSnapshot, Timestamp);

impl Serialize for ClusterRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(cluster, at) = *self;
        let groups = || {
            cluster
                .groups
                .iter()
                .map(|g| GroupDocument::of(g, cluster, at))
        };
        let topics = || cluster.topics.iter().map(|t| TopicDocument::of(t));
        let document = ClusterDocument {
            cluster: cluster.cluster.clone(),
            generation: cluster.generation,
            health: cluster.health.clone(),
            brokers: cluster.brokers.clone(),
            groups: Lazily(groups),
            topics: Lazily(topics),
            issues: cluster.issues.clone(),
        };
        document.serialize(serializer)
    }
}

/// Reads a document.
///
/// # Errors
///
/// Where and how it differs from one.
pub fn from_json(json: &[u8]) -> Result<Snapshot, DocumentError> {
    let document: SnapshotDocument = serde_json::from_slice(json)?;
    document.restore()
}

impl SnapshotDocument {
    fn restore(self) -> Result<Snapshot, DocumentError> {
        let clusters = self.clusters.into_iter().map(ClusterDocument::restore);
        Ok(Snapshot {
            generation: self.generation,
            at: self.at,
            clusters: clusters
                .map(|c| c.map(Arc::new))
                .collect::<Result<_, _>>()?,
            advice: self.advice,
            advised_members: self.advised_members,
            alerts: self.alerts,
            rules: self.rules,
            receivers: self.receivers,
            notices: self.notices,
        })
    }
}

impl ClusterDocument {
    fn restore(self) -> Result<ClusterSnapshot, DocumentError> {
        let topics = self.topics.into_iter().map(|t| Arc::new(t.restore()));
        let topics: Vec<_> = topics.collect();
        let listed: HashMap<_, _> = topics
            .iter()
            .map(|t| (t.topic.clone(), Arc::clone(t)))
            .collect();
        let groups = self.groups.into_iter().map(|g| g.restore(&listed));
        Ok(ClusterSnapshot {
            groups: groups
                .map(|g: Result<GroupSnapshot, _>| g.map(Arc::new))
                .collect::<Result<_, _>>()?,
            cluster: self.cluster,
            generation: self.generation,
            health: self.health,
            brokers: self.brokers,
            topics,
            issues: self.issues,
        })
    }
}
