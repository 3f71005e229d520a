//! What is true now, as the faces see it.
//!
//! A group's part is its own `Arc` with the generation at which it was last rebuilt, so a cut
//! costs what changed and a reader may keep an old one. A group's rows point into the topics'
//! parts, which all groups that read a topic share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::advice::{Advice, AdvisedMembers};
use super::alert::{Alert, RuleGroup};
use super::diagnosis::Diagnosis;
use super::id::{BootId, BrokerId, ClusterName, GroupId, Offset, PartitionId, TopicId, TopicName};
use super::load::{MemberLoad, Storm};
use super::loss::{Loss, RowDetail};
use super::notice::Notices;
use super::observation::{
    Broker, CleanupPolicy, Cycle, GroupState, GroupType, HealthState, Member, TopicConfig,
};
use super::policy::Policy;
use super::reading::{Reading, Why};
use super::status::{Status, Verdict};
use super::time::{Span, Timestamp};
use super::time_lag::TimeLag;
use super::told::ReceiverHealth;
use super::trend::TrendPoint;

/// Which snapshot: the n-th since a start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Generation {
    /// The start.
    pub boot: BootId,
    /// Counted from 1.
    pub n: u64,
}

/// Everything that is true at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which one.
    pub generation: Generation,
    /// The instant.
    pub at: Timestamp,
    /// In name order.
    pub clusters: Vec<Arc<ClusterSnapshot>>,
    /// Most urgent first.
    pub advice: Vec<Arc<Advice>>,
    /// For groups of which that is known, by cluster and group.
    pub advised_members: Arc<[AdvisedMembers]>,
    /// Firing first, then pending, then lately resolved.
    pub alerts: Vec<Arc<Alert>>,
    /// The alert rules in force, in order of their files.
    pub rules: Arc<[RuleGroup]>,
    /// How telling receivers goes, in name order.
    pub receivers: Arc<[ReceiverHealth]>,
    /// What people ordered, what is missing, and what is wrong with Laggard itself.
    pub notices: Arc<Notices>,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSnapshot {
    /// Its name in the configuration.
    pub cluster: ClusterName,
    /// The generation at which anything in it last changed.
    pub generation: u64,
    /// Whether and how well it is read.
    pub health: ClusterHealth,
    /// In order of id.
    pub brokers: Vec<Broker>,
    /// In name order.
    pub groups: Vec<Arc<GroupSnapshot>>,
    /// In name order.
    pub topics: Vec<Arc<TopicSnapshot>>,
    /// What went wrong in reading it, newest last.
    pub issues: Vec<Issue>,
}

/// How a cluster's reading goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClusterHealth {
    /// Up, down, or not reached yet.
    pub state: HealthState,
    /// What keeps it from being read, as far as it is known; none while it is up.
    pub why: Option<Why>,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When a cycle last brought anything.
    pub last_success: Option<Timestamp>,
    /// When a listing of groups last was complete.
    pub last_complete_listing: Option<Timestamp>,
    /// Kafka's own id of it.
    pub cluster_id: Option<Arc<str>>,
    /// The controller.
    pub controller: Option<BrokerId>,
    /// What the last cycle cost.
    pub cycle: Option<Cycle>,
    /// How often it is to be read.
    pub poll_interval: Span,
}

/// Something that went wrong in one part, with how to mend it where that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Issue {
    /// Since when.
    pub since: Timestamp,
    /// What it is about: `broker 2`, `group payments`, `topic orders`.
    pub subject: Arc<str>,
    /// What is wrong, and how to mend it.
    pub text: Arc<str>,
}

/// A topic's log ends and starts.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicSnapshot {
    /// Its name.
    pub topic: TopicName,
    /// Its identity, once described.
    pub topic_id: Option<TopicId>,
    /// The generation at which it was last rebuilt.
    pub generation: u64,
    /// What is configured, once read.
    pub config: Option<Arc<TopicConfig>>,
    /// In order of partition.
    pub partitions: Vec<TopicPartition>,
    /// Records a second coming in, over all partitions.
    pub arrival_rate: Reading<f64>,
}

impl TopicSnapshot {
    /// One partition's part.
    pub fn partition(&self, partition: PartitionId) -> Option<&TopicPartition> {
        // Partitions are nearly always 0, 1, 2 …: look there first.
        match usize::try_from(partition)
            .ok()
            .and_then(|i| self.partitions.get(i))
        {
            Some(p) if p.partition == partition => Some(p),
            _ => self
                .partitions
                .binary_search_by_key(&partition, |p| p.partition)
                .ok()
                .map(|i| &self.partitions[i]),
        }
    }
}

/// A partition's log.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartition {
    /// Its number.
    pub partition: PartitionId,
    /// The broker that leads it.
    pub leader: Option<BrokerId>,
    /// Its replicas; `None` where the source does not say.
    pub replicas: Option<Replicas>,
    /// The first offset that can still be read.
    pub log_start_offset: Reading<Offset>,
    /// The high watermark.
    pub log_end_offset: Reading<Offset>,
    /// Below it, no transaction is open.
    pub last_stable_offset: Reading<Offset>,
    /// Records a second coming in.
    pub arrival_rate: Reading<f64>,
}

/// How many brokers hold a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Replicas {
    /// How many are to.
    pub all: u16,
    /// How many of them are in sync.
    pub in_sync: u16,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSnapshot {
    /// Its id.
    pub group: GroupId,
    /// The generation at which it was last rebuilt.
    pub generation: u64,
    /// The protocol that it speaks.
    pub group_type: GroupType,
    /// Kafka's own state of it.
    pub state: Reading<GroupState>,
    /// `consumer` for consumers, else what the members call it; empty for committers alone.
    pub protocol_type: Arc<str>,
    /// The assignor's name.
    pub assignor: Option<Arc<str>>,
    /// The broker that coordinates it.
    pub coordinator: Option<BrokerId>,
    /// In order of member id. `None`: they cannot be read, or have not been.
    pub members: Option<Arc<[Member]>>,
    /// What is expected of it.
    pub policy: Arc<Policy>,
    /// The verdict over its partitions.
    pub status: Verdict,
    /// How many of its partitions' lags are unknown.
    pub unknown_partitions: u32,
    /// Idle for so long that it stands outside totals and alerts.
    pub inactive: bool,
    /// Sum of log end − commit, as Kafka's tools show it.
    pub lag: Reading<i64>,
    /// Sum of what can still be read.
    pub effective_lag: Reading<i64>,
    /// The oldest unread record over all partitions.
    pub time_lag: Reading<TimeLag>,
    /// Records a second coming in.
    pub arrival_rate: Reading<f64>,
    /// Records a second being read.
    pub consume_rate: Reading<f64>,
    /// When it will have caught up, if nothing changes.
    pub eta: Reading<Eta>,
    /// When its first unread record will be deleted, if nothing changes.
    pub loss_at: Reading<Loss>,
    /// Records that were deleted unread within the last hour. What was gone when it was first
    /// seen is not among them.
    pub lost_lately: Reading<i64>,
    /// Why it lags.
    pub diagnosis: Diagnosis,
    /// Set while it rebalances again and again.
    pub storm: Option<Box<Storm>>,
    /// What each member reads and can read, in the order of `members`.
    pub loads: Vec<MemberLoad>,
    /// How far behind it was over the last minutes, oldest first.
    pub trend: Arc<[TrendPoint]>,
    /// What happened to it lately, oldest first.
    pub events: Arc<[Event]>,
    /// The topics that it reads, in name order; rows point into this.
    pub topics: Vec<Arc<TopicSnapshot>>,
    /// By topic, then partition.
    pub rows: Vec<PartitionRow>,
    /// What is said of rows that are not plainly well, in the order of `rows`; read it through
    /// [`PartitionView`].
    pub details: Vec<RowDetail>,
    /// What went wrong in reading it.
    pub issues: Vec<Issue>,
}

/// A group's part of one partition, packed; read it through [`PartitionView`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionRow {
    /// Index into the group's topics.
    pub topic: u32,
    /// The partition.
    pub partition: PartitionId,
    /// Index into the group's members, of the owner.
    pub owner: Option<u32>,
    /// The committed offset.
    pub committed_offset: Reading<Offset>,
    /// What can still be read.
    pub effective_lag: Reading<i64>,
    /// The oldest unread record.
    pub time_lag: Reading<TimeLag>,
    /// Records a second being read.
    pub consume_rate: Reading<f64>,
    /// The verdict; `None` for a partition that stands outside (`unsubscribed`).
    pub verdict: Option<Verdict>,
}

/// When a group will have caught up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Eta {
    /// It has.
    CaughtUp,
    /// At about this instant.
    At {
        /// Best guess.
        at: Timestamp,
        /// Not before.
        earliest: Timestamp,
        /// Not after; `None`: open.
        latest: Option<Timestamp>,
    },
    /// Never at this rate.
    Never,
}

/// Something that happened to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Event {
    /// When it was seen.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// In words.
    pub text: Arc<str>,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Members joined.
    Joined,
    /// Members left.
    Left,
    /// Partitions changed hands.
    Rebalanced,
    /// A commit went back.
    Reset,
    /// Records were deleted unread.
    Lost,
    /// A topic was deleted, or deleted and made anew.
    Topic,
    /// The group's Kafka state changed.
    State,
    /// A deploy or other mark.
    Mark,
    /// Records come in faster or more slowly than before.
    ArrivalRate,
    /// Records are read faster or more slowly than before.
    ConsumeRate,
}

/// One row with what it points to.
#[derive(Clone, Copy, Debug)]
pub struct PartitionView<'a> {
    group: &'a GroupSnapshot,
    row: &'a PartitionRow,
}

impl Snapshot {
    /// Before anything was observed: generation 0, no clusters.
    pub fn empty(boot: BootId, at: Timestamp) -> Self {
        Self {
            generation: Generation { boot, n: 0 },
            at,
            clusters: Vec::new(),
            advice: Vec::new(),
            advised_members: Arc::default(),
            alerts: Vec::new(),
            rules: Arc::default(),
            receivers: Arc::default(),
            notices: Arc::default(),
        }
    }

    /// A cluster by name.
    pub fn cluster(&self, name: &str) -> Option<&Arc<ClusterSnapshot>> {
        self.clusters.iter().find(|c| c.cluster.as_str() == name)
    }

    /// How many members a group is advised to run, if that is known.
    pub fn advised(&self, cluster: &str, group: &str) -> Option<&AdvisedMembers> {
        let place = |a: &AdvisedMembers| {
            let at = a.cluster.as_str().cmp(cluster);
            at.then_with(|| a.group.as_str().cmp(group))
        };
        let found = self.advised_members.binary_search_by(place).ok()?;
        Some(&self.advised_members[found])
    }

    /// Every group with its cluster, by cluster and name.
    pub fn groups(&self) -> impl Iterator<Item = (&ClusterSnapshot, &Arc<GroupSnapshot>)> {
        self.clusters
            .iter()
            .flat_map(|c| c.groups.iter().map(move |g| (&**c, g)))
    }
}

impl ClusterSnapshot {
    /// A group by id.
    pub fn group(&self, id: &str) -> Option<&Arc<GroupSnapshot>> {
        self.groups
            .binary_search_by(|g| g.group.as_str().cmp(id))
            .ok()
            .map(|i| &self.groups[i])
    }

    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicSnapshot>> {
        self.topics
            .binary_search_by(|t| t.topic.as_str().cmp(name))
            .ok()
            .map(|i| &self.topics[i])
    }
}

impl GroupSnapshot {
    /// Its partitions, by topic and number.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionView<'_>> {
        self.rows
            .iter()
            .map(|row| PartitionView { group: self, row })
    }

    /// One of its rows with what it points to.
    pub fn view<'a>(&'a self, row: &'a PartitionRow) -> PartitionView<'a> {
        PartitionView { group: self, row }
    }

    /// Whether its own limit is broken for certain at `now`: by the low bounds, so that
    /// uncertainty breaks none.
    pub fn breaches(&self, now: Timestamp) -> bool {
        let over_lag = self
            .policy
            .max_lag
            .zip(self.effective_lag.low())
            .is_some_and(|(max, low)| i64::try_from(max).is_ok_and(|max| low > max));
        let over_time = self
            .policy
            .max_time_lag
            .zip(self.time_lag.age(now).low())
            .is_some_and(|(max, low)| low > max);
        over_lag || over_time
    }
}

impl<'a> PartitionView<'a> {
    /// The row itself.
    pub fn row(&self) -> &'a PartitionRow {
        self.row
    }

    /// The topic's part.
    pub fn topic(&self) -> &'a Arc<TopicSnapshot> {
        &self.group.topics[self.row.topic as usize]
    }

    /// The partition's number.
    pub fn partition(&self) -> PartitionId {
        self.row.partition
    }

    /// The partition's log, if its topic has such a partition.
    pub fn log(&self) -> Option<&'a TopicPartition> {
        self.topic().partition(self.row.partition)
    }

    /// The member that owns it.
    pub fn owner(&self) -> Option<&'a Member> {
        let members = self.group.members.as_deref()?;
        members.get(self.row.owner? as usize)
    }

    /// The log end.
    pub fn log_end_offset(&self) -> Reading<Offset> {
        self.log()
            .map_or_else(not_read, |l| l.log_end_offset.clone())
    }

    /// The log start.
    pub fn log_start_offset(&self) -> Reading<Offset> {
        self.log()
            .map_or_else(not_read, |l| l.log_start_offset.clone())
    }

    /// The last stable offset.
    pub fn last_stable_offset(&self) -> Reading<Offset> {
        self.log()
            .map_or_else(not_read, |l| l.last_stable_offset.clone())
    }

    /// Log end − commit, as Kafka's tools show it; never negative.
    pub fn lag(&self) -> Reading<i64> {
        let lag = distance(
            &self.row.committed_offset,
            &self.log_end_offset(),
            &self.log_start_offset(),
        );
        at_most(lag, self.topic().config.as_deref())
    }

    /// Last stable offset − commit: what a `read_committed` consumer can read. 0 when it has
    /// committed beyond the last stable offset but not beyond the log end.
    pub fn last_stable_lag(&self) -> Reading<i64> {
        let stable = self.last_stable_offset();
        if let (Some(c), Some(s), Some(h)) = (
            self.row.committed_offset.known(),
            stable.known(),
            self.log_end_offset().known(),
        ) && (s..=h).contains(&c)
        {
            return Reading::Known(0);
        }
        distance(
            &self.row.committed_offset,
            &stable,
            &self.log_start_offset(),
        )
    }

    /// What is said of it beside its row, if it is not plainly well.
    pub fn detail(&self) -> Option<&'a RowDetail> {
        let place = (self.row.topic, self.row.partition);
        let details = &self.group.details;
        let found = details.binary_search_by_key(&place, |d| (d.topic, d.partition));
        found.ok().map(|i| &details[i])
    }

    /// When its first unread record will be deleted, if nothing changes.
    pub fn loss_at(&self) -> Reading<Loss> {
        match (self.detail(), self.row.effective_lag.why()) {
            (Some(detail), _) => detail.loss_at.clone(),
            (None, Some(why)) if self.row.effective_lag.is_unknown() => {
                Reading::unknown(why.clone())
            }
            _ => Reading::Known(Loss::Never),
        }
    }

    /// The status, if the partition takes part in the group's verdict.
    pub fn status(&self) -> Option<Status> {
        self.row.verdict.as_ref().map(|v| v.status)
    }
}

fn not_read() -> Reading<Offset> {
    Reading::unknown(Why::NOT_READ_YET)
}

/// `end − committed` with the honesty of both. A commit beyond the end has no distance.
pub fn distance(
    committed: &Reading<Offset>,
    end: &Reading<Offset>,
    start: &Reading<Offset>,
) -> Reading<i64> {
    let (Some(c), Some(h)) = (committed.value(), end.value()) else {
        let why = if committed.value().is_none() {
            committed.why()
        } else {
            end.why()
        };
        let unknown = Reading::unknown(why.cloned().unwrap_or(Why::NOT_READ_YET));
        // With no commit, anything between nothing and the whole log may be unread.
        return match (committed.value(), end.known(), start.known()) {
            (None, Some(h), Some(b)) => unknown.with_bounds(Some(0), Some((h - b).max(0))),
            _ => unknown,
        };
    };
    if c > h {
        return Reading::unknown(Why::COMMIT_BEYOND_END);
    }
    let mut lag = Reading::Known(h - c);
    for part in [committed, end] {
        if let Some(since) = part.stale_since() {
            lag = lag.into_stale(since, part.why().cloned().unwrap_or(Why::NO_ANSWER));
        }
    }
    lag
}

/// The same distance, told to be an upper bound where compaction may have left fewer records than
/// offsets.
pub fn at_most(lag: Reading<i64>, config: Option<&TopicConfig>) -> Reading<i64> {
    let compacted = config.is_some_and(|c| c.cleanup_policy != CleanupPolicy::Delete);
    match lag {
        Reading::Known(lag) if compacted && lag > 1 => Reading::because(lag, Why::COMPACTED),
        lag => lag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_to_its_budget() {
        assert!(
            size_of::<PartitionRow>() <= 128,
            "{}",
            size_of::<PartitionRow>()
        );
    }

    #[test]
    fn distance_is_honest() {
        let known = Reading::Known;
        let at = Timestamp::from_millis(7);
        assert_eq!(distance(&known(10), &known(100), &known(50)), known(90));
        let beyond = distance(&known(100), &known(30), &known(0));
        assert_eq!(
            (beyond.value(), beyond.why()),
            (None, Some(&Why::COMMIT_BEYOND_END))
        );
        let never = distance(
            &Reading::unknown(Why::NEVER_COMMITTED),
            &known(100),
            &known(40),
        );
        assert_eq!(
            (never.value(), never.low(), never.high()),
            (None, Some(0), Some(60))
        );
        let stale = distance(
            &known(10),
            &Reading::stale(100, at, Why::NO_ANSWER),
            &known(0),
        );
        assert_eq!((stale.value(), stale.stale_since()), (Some(90), Some(at)));
        assert!(distance(&known(10), &Reading::unknown(Why::NOT_READ_YET), &known(0)).is_unknown());
    }
}
