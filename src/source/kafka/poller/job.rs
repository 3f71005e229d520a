//! One request as a piece of work: what is asked, of whom, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::admin::{Admin, GroupsListed};
use super::super::ffi::{
    ClusterDescription, ClusterMetadata, GroupDescription, GroupInfo, KafkaFailure,
    ListedPartition, ResourceConfigs, TopicDescription, TopicOffsets,
};

/// Which offsets of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Log start offset.
    Start,
    /// High watermark.
    End,
    /// Last stable offset.
    StableEnd,
    /// The first record at or after a time.
    ForTime,
    /// The record with the greatest timestamp.
    MaxTimestamp,
}

impl Kind {
    /// `ListOffsets`' spec; none where each partition has its own.
    pub(super) fn spec(self) -> i64 {
        match self {
            Self::Start => -2,
            Self::End | Self::StableEnd => -1,
            Self::MaxTimestamp => -3,
            Self::ForTime => 0,
        }
    }
}

/// Work that shares a window and whose end is waited for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    Metadata,
    Listing,
    Starts,
    Commits,
    Ends,
    /// What the engine asked for beside the cycle, lest it keep a leader's lane busy.
    Asked,
    Describe,
    Rare,
}

/// Who answers: a broker's id, or −1 where the client chooses.
pub(super) type Lane = (Class, i32);

/// A request to be sent.
#[derive(Debug, Clone)]
pub(super) enum Query {
    Metadata,
    Listing,
    AllGroups,
    Cluster,
    Offsets {
        kind: Kind,
        wanted: Vec<ListedPartition>,
    },
    Commits {
        group: Arc<str>,
        partitions: Option<Vec<(Arc<str>, i32)>>,
        second: bool,
    },
    Describe(Vec<Arc<str>>),
    Topics(Vec<Arc<str>>),
    Configs(Vec<Arc<str>>),
}

/// A request with its way.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) lane: Lane,
    pub(super) query: Query,
    /// How often it has been sent already.
    pub(super) tries: u8,
}

impl Job {
    pub(super) fn new(class: Class, broker: Option<i32>, query: Query) -> Self {
        Self {
            lane: (class, broker.unwrap_or(-1)),
            query,
            tries: 0,
        }
    }

    /// Requests that it costs, as far as the client tells.
    pub(super) fn cost(&self, brokers: usize) -> f64 {
        match &self.query {
            Query::AllGroups => 2.0 * brokers.max(1) as f64,
            Query::Describe(groups) => 2.0 * groups.len() as f64,
            _ => 1.0,
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub(super) enum Answer {
    Metadata(ClusterMetadata),
    Listing(GroupsListed),
    AllGroups(Vec<GroupInfo>),
    Cluster(ClusterDescription),
    Offsets(Vec<TopicOffsets>),
    Commits(Vec<TopicOffsets>),
    Describe(Vec<GroupDescription>),
    Topics(Vec<TopicDescription>),
    Configs(Vec<ResourceConfigs>),
}

/// A job that has ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) asked: Instant,
    pub(super) answered: Instant,
    pub(super) result: Result<Answer, KafkaFailure>,
}

/// Partitions of a group in one explicit call.
const EXPLICIT: usize = 1000;

/// Sends the job and waits for its answer.
pub(super) async fn execute(admin: Admin, job: Job, timeout: Duration) -> Done {
    let asked = Instant::now();
    let result = perform(&admin, job.lane.1, job.query.clone(), timeout).await;
    Done {
        job,
        asked,
        answered: Instant::now(),
        result,
    }
}

async fn perform(
    admin: &Admin,
    broker: i32,
    query: Query,
    timeout: Duration,
) -> Result<Answer, KafkaFailure> {
    Ok(match query {
        Query::Metadata => Answer::Metadata(admin.metadata(timeout).await?),
        Query::Listing => Answer::Listing(admin.list_groups(broker, timeout).await?),
        Query::AllGroups => Answer::AllGroups(admin.all_groups(timeout).await?),
        Query::Cluster => Answer::Cluster(admin.describe_cluster(timeout).await?),
        Query::Offsets { kind, wanted } => Answer::Offsets(
            admin
                .list_offsets(wanted, kind == Kind::StableEnd, timeout)
                .await?,
        ),
        Query::Commits {
            group,
            partitions: Some(partitions),
            ..
        } if partitions.len() > EXPLICIT => {
            Answer::Commits(in_parts(admin, broker, group, partitions, timeout).await?)
        }
        Query::Commits {
            group, partitions, ..
        } => Answer::Commits(
            admin
                .group_offsets(broker, group, partitions, timeout)
                .await?,
        ),
        Query::Describe(groups) => {
            Answer::Describe(admin.describe_groups(broker, groups, timeout).await?)
        }
        Query::Topics(topics) => Answer::Topics(admin.describe_topics(topics, timeout).await?),
        Query::Configs(topics) => Answer::Configs(admin.topic_configs(topics, timeout).await?),
    })
}

/// A big group in explicit lists: parsing one list takes time in the square of its length.
async fn in_parts(
    admin: &Admin,
    broker: i32,
    group: Arc<str>,
    partitions: Vec<(Arc<str>, i32)>,
    timeout: Duration,
) -> Result<Vec<TopicOffsets>, KafkaFailure> {
    let mut by_topic: BTreeMap<Arc<str>, TopicOffsets> = BTreeMap::new();
    for part in partitions.chunks(EXPLICIT) {
        for topic in admin
            .group_offsets(broker, Arc::clone(&group), Some(part.to_vec()), timeout)
            .await?
        {
            by_topic
                .entry(Arc::clone(&topic.topic))
                .or_insert_with(|| TopicOffsets {
                    topic: topic.topic,
                    offsets: Vec::new(),
                })
                .offsets
                .extend(topic.offsets);
        }
    }
    Ok(by_topic.into_values().collect())
}
