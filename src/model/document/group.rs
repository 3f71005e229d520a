//! A group as written. Its topics are names; the cluster's own list holds what they stand for.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    BrokerId, ClusterSnapshot, Eta, Event, GroupId, GroupSnapshot, GroupState, GroupType, Issue,
    Loss, Policy, Reading, Timestamp, TopicName, TopicSnapshot, TrendPoint,
};
use super::DocumentError;
use super::cause::{DiagnosisDocument, StormDocument};
use super::member::MemberDocument;
use super::partition::{Index, PartitionDocument};
use super::time_lag::TimeLagDocument;
use super::topic::TopicDocument;
use super::verdict::VerdictDocument;

/// A consumer group.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Group")]
pub(super) struct GroupDocument {
    /// Its id.
    group: GroupId,
    /// The generation at which it was last rebuilt.
    generation: u64,
    /// The protocol that it speaks.
    group_type: GroupType,
    /// Kafka's own state of it.
    state: Reading<GroupState>,
    /// `consumer` for consumers, else what the members call it; empty for committers alone.
    protocol_type: Arc<str>,
    /// The assignor's name.
    assignor: Option<Arc<str>>,
    /// The broker that coordinates it.
    coordinator: Option<BrokerId>,
    /// The verdict over its partitions.
    status: VerdictDocument,
    /// Sum of log end − committed offset, as Kafka's tools show it.
    lag: Reading<i64>,
    /// Sum of what can still be read.
    effective_lag: Reading<i64>,
    /// The oldest unread record over all partitions.
    time_lag: TimeLagDocument,
    /// Records a second coming in.
    arrival_rate: Reading<f64>,
    /// Records a second being read.
    consume_rate: Reading<f64>,
    /// When it will have caught up, if nothing changes.
    eta: Reading<Eta>,
    /// When its first unread record will be deleted, if nothing changes.
    loss_at: Reading<Loss>,
    /// Records that were deleted unread within the last hour, since it is watched.
    lost_lately: Reading<i64>,
    /// Why it lags.
    diagnosis: DiagnosisDocument,
    /// Set while it rebalances again and again.
    storm: Option<StormDocument>,
    /// How many of its partitions' lags are unknown.
    unknown_partitions: u32,
    /// Idle for so long that it stands outside totals and alerts.
    inactive: bool,
    /// What is expected of it.
    policy: Arc<Policy>,
    /// In order of member id; null: they cannot be read, or have not been.
    members: Option<Vec<MemberDocument>>,
    /// The topics that it reads, in name order.
    topics: Vec<TopicRef>,
    /// By topic, then partition.
    partitions: Vec<PartitionDocument>,
    /// Effective lag over the last minutes, oldest first.
    trend: Arc<[TrendPoint]>,
    /// What happened to it lately, oldest first.
    events: Arc<[Event]>,
    /// What went wrong in reading it.
    issues: Vec<Issue>,
}

/// A name in the cluster's list of topics, or the topic itself where that list has none like it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum TopicRef {
    /// The cluster's topic of that name.
    Listed(TopicName),
    /// One that the cluster's list does not have, such as one just deleted.
    Own(Box<TopicDocument>),
}

impl GroupDocument {
    pub(super) fn of(group: &GroupSnapshot, cluster: &ClusterSnapshot, at: Timestamp) -> Self {
        let topics = group.topics.iter().map(|t| TopicRef::of(t, cluster));
        let rows = group
            .partitions()
            .map(|row| PartitionDocument::of(&row, at));
        Self {
            group: group.group.clone(),
            generation: group.generation,
            group_type: group.group_type.clone(),
            state: group.state.clone(),
            protocol_type: Arc::clone(&group.protocol_type),
            assignor: group.assignor.clone(),
            coordinator: group.coordinator,
            status: VerdictDocument::of(&group.status, at),
            lag: group.lag.clone(),
            effective_lag: group.effective_lag.clone(),
            time_lag: TimeLagDocument::of(&group.time_lag, at),
            arrival_rate: group.arrival_rate.clone(),
            consume_rate: group.consume_rate.clone(),
            eta: group.eta.clone(),
            loss_at: group.loss_at.clone(),
            lost_lately: group.lost_lately.clone(),
            diagnosis: DiagnosisDocument::of(&group.diagnosis, at),
            storm: group.storm.as_deref().map(StormDocument::of),
            unknown_partitions: group.unknown_partitions,
            inactive: group.inactive,
            policy: Arc::clone(&group.policy),
            members: MemberDocument::all(group),
            topics: topics.collect(),
            partitions: rows.collect(),
            trend: Arc::clone(&group.trend),
            events: Arc::clone(&group.events),
            issues: group.issues.clone(),
        }
    }

    /// The group that was written, its topics taken from the cluster's.
    pub(super) fn restore(
        self,
        listed: &HashMap<TopicName, Arc<TopicSnapshot>>,
    ) -> Result<GroupSnapshot, DocumentError> {
        let group = &self.group;
        let topics = self.topics.into_iter().map(|t| t.restore(group, listed));
        let topics = topics.collect::<Result<Vec<_>, _>>()?;
        let (members, loads) = MemberDocument::restore(self.members);
        let index = Index::new(group, &topics, members.as_deref());
        let mut details = Vec::new();
        let rows = self.partitions.into_iter();
        let rows = rows.map(|row| row.restore(&index, &mut details));
        Ok(GroupSnapshot {
            rows: rows.collect::<Result<_, _>>()?,
            details,
            group: self.group.clone(),
            generation: self.generation,
            group_type: self.group_type,
            state: self.state,
            protocol_type: self.protocol_type,
            assignor: self.assignor,
            coordinator: self.coordinator,
            members,
            loads,
            policy: self.policy,
            status: self.status.restore(),
            unknown_partitions: self.unknown_partitions,
            inactive: self.inactive,
            lag: self.lag,
            effective_lag: self.effective_lag,
            time_lag: self.time_lag.restore(),
            arrival_rate: self.arrival_rate,
            consume_rate: self.consume_rate,
            eta: self.eta,
            loss_at: self.loss_at,
            lost_lately: self.lost_lately,
            diagnosis: self.diagnosis.restore(),
            storm: self.storm.map(|s| Box::new(s.restore())),
            trend: self.trend,
            events: self.events,
            topics,
            issues: self.issues,
        })
    }
}

impl TopicRef {
    fn of(topic: &Arc<TopicSnapshot>, cluster: &ClusterSnapshot) -> Self {
        match cluster.topic(topic.topic.as_str()) {
            Some(listed) if Arc::ptr_eq(listed, topic) || listed == topic => {
                Self::Listed(topic.topic.clone())
            }
            _ => Self::Own(Box::new(TopicDocument::of(topic))),
        }
    }

    fn restore(
        self,
        group: &GroupId,
        listed: &HashMap<TopicName, Arc<TopicSnapshot>>,
    ) -> Result<Arc<TopicSnapshot>, DocumentError> {
        match self {
            Self::Own(topic) => Ok(Arc::new(topic.restore())),
            Self::Listed(name) => match listed.get(&name) {
                Some(topic) => Ok(Arc::clone(topic)),
                None => Err(DocumentError::NoSuchTopic {
                    group: group.clone(),
                    topic: name,
                }),
            },
        }
    }
}
