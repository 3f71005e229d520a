//! Snapshots written by hand, for the tests and benches of the faces.
//!
//! In: names and offsets. Out: a [`Snapshot`] whose sums are honest sums of its rows. It never
//! judges: a verdict is `ok` until a test says otherwise. Not part of what users may rely on.
//!
//! ```
//! use laggard::model::{Status, testing::World};
//! let snapshot = World::new()
//!     .cluster("prod", |c| {
//!         c.topic("orders", &[(0, 100), (0, 50)]);
//!         c.group("payments", |g| {
//!             g.commits("orders", &[Some(90), None]);
//!             g.verdict(Status::Stalled);
//!         });
//!     })
//!     .build();
//! let group = snapshot.clusters[0].group("payments").unwrap();
//! assert_eq!((group.lag.value(), group.unknown_partitions), (Some(10), 1));
//! ```

use std::sync::Arc;

use super::{
    Advice, Alert, AssignedTopic, BootId, Broker, Cause, ClusterHealth, ClusterSnapshot, Cycle,
    Diagnosis, Event, EventKind, Evidence, Generation, GroupId, GroupSnapshot, GroupState,
    GroupType, HealthState, Issue, Member, MemberLoad, Method, PartitionId, PartitionRow,
    PartitionView, Policy, Reading, Replicas, Snapshot, Span, Status, TimeLag, Timestamp, TopicId,
    TopicPartition, TopicSnapshot, TrendPoint, Verdict, Why,
};

/// The instant of hand-written snapshots: 2026-11-20T18:00:00Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_197_600_000);

/// `secs` seconds before [`NOW`].
pub fn ago(secs: i64) -> Timestamp {
    NOW - Span::from_secs(secs)
}

/// The oldest unread record is `secs` seconds old, give or take `error` seconds.
pub fn behind(secs: i64, error: i64) -> TimeLag {
    TimeLag::Behind {
        oldest_unread: ago(secs),
        after: Some(ago(secs + error)),
        until: ago((secs - error).max(0)),
        method: Method::Bracket,
    }
}

/// A snapshot in the making.
pub struct World {
    snapshot: Snapshot,
}

/// A cluster in the making; `cluster` may be changed at will.
pub struct ClusterBuilder {
    /// What is there so far. Groups get their sums when they are added.
    pub cluster: ClusterSnapshot,
}

/// A group in the making; `group` may be changed at will.
pub struct GroupBuilder<'a> {
    /// What is there so far.
    pub group: GroupSnapshot,
    topics: &'a [Arc<TopicSnapshot>],
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Generation 7 of boot `boot-1` at [`NOW`], with no clusters.
    pub fn new() -> Self {
        let mut snapshot = Snapshot::empty(BootId::from("boot-1"), NOW);
        snapshot.generation = Generation {
            boot: BootId::from("boot-1"),
            n: 7,
        };
        Self { snapshot }
    }

    /// Adds a cluster that is up and was read two seconds ago.
    #[must_use]
    pub fn cluster(mut self, name: &str, fill: impl FnOnce(&mut ClusterBuilder)) -> Self {
        let mut builder = ClusterBuilder {
            cluster: ClusterSnapshot {
                cluster: name.into(),
                generation: self.snapshot.generation.n,
                health: healthy(),
                brokers: vec![Broker {
                    id: 1,
                    host: "localhost".into(),
                    port: 9092,
                    rack: None,
                }],
                groups: Vec::new(),
                topics: Vec::new(),
                issues: Vec::new(),
            },
        };
        fill(&mut builder);
        let mut cluster = builder.cluster;
        cluster.groups.sort_by(|a, b| a.group.cmp(&b.group));
        self.snapshot.clusters.push(Arc::new(cluster));
        self.snapshot
            .clusters
            .sort_by(|a, b| a.cluster.cmp(&b.cluster));
        self
    }

    /// Adds a piece of advice.
    #[must_use]
    pub fn advice(mut self, advice: Advice) -> Self {
        self.snapshot.advice.push(Arc::new(advice));
        self
    }

    /// Adds an alert.
    #[must_use]
    pub fn alert(mut self, alert: Alert) -> Self {
        self.snapshot.alerts.push(Arc::new(alert));
        self
    }

    /// The snapshot.
    pub fn build(self) -> Snapshot {
        self.snapshot
    }
}

fn healthy() -> ClusterHealth {
    ClusterHealth {
        state: HealthState::Up,
        why: None,
        since: ago(3600),
        last_success: Some(ago(2)),
        last_complete_listing: Some(ago(2)),
        cluster_id: Some("4L6g3nShT-eMCtK--X86sw".into()),
        controller: Some(1),
        cycle: Some(Cycle {
            took: Span::from_millis(84),
            interval: Span::from_secs(10),
            lengthened: None,
            requests: vec![("ListOffsets".into(), 3), ("OffsetFetch".into(), 1)],
            throttled: Span::ZERO,
            failed_parts: 0,
        }),
        poll_interval: Span::from_secs(10),
    }
}

impl ClusterBuilder {
    /// Adds a topic with (log start, log end) of its partitions 0, 1, 2 …; nothing is open.
    pub fn topic(&mut self, name: &str, ends: &[(i64, i64)]) {
        let partitions = (0..)
            .zip(ends)
            .map(|(partition, &(start, end))| TopicPartition {
                partition,
                leader: Some(1),
                replicas: Some(Replicas { all: 3, in_sync: 3 }),
                log_start_offset: Reading::Known(start),
                log_end_offset: Reading::Known(end),
                last_stable_offset: Reading::Known(end),
                arrival_rate: Reading::Known(0.0),
            });
        let topic = TopicSnapshot {
            topic: name.into(),
            topic_id: Some(TopicId::from_bits(self.cluster.topics.len() as u128 + 1)),
            generation: self.cluster.generation,
            config: None,
            partitions: partitions.collect(),
            arrival_rate: Reading::Known(0.0),
        };
        self.cluster.topics.push(Arc::new(topic));
        self.cluster.topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    }

    /// Changes a topic that was added. Do this before adding the groups that read it.
    ///
    /// # Panics
    ///
    /// When there is no such topic, or a group shares it already.
    #[expect(clippy::expect_used, reason = "a test's own mistake")]
    pub fn change_topic(&mut self, name: &str, change: impl FnOnce(&mut TopicSnapshot)) {
        let topic = self
            .cluster
            .topics
            .iter_mut()
            .find(|t| t.topic.as_str() == name);
        change(
            Arc::get_mut(topic.expect("a topic of that name")).expect("a topic of no group yet"),
        );
    }

    /// Adds a stable classic group with no members and no commits; sums come from its rows after
    /// `fill`, except those that `fill` has set.
    pub fn group(&mut self, id: &str, fill: impl FnOnce(&mut GroupBuilder<'_>)) {
        let mut builder = GroupBuilder {
            group: blank_group(id, self.cluster.generation),
            topics: &self.cluster.topics,
        };
        fill(&mut builder);
        let mut group = builder.group;
        add_up(&mut group);
        self.cluster.groups.push(Arc::new(group));
    }

    /// Says that it is down since a minute, with `why`.
    pub fn down(&mut self, why: &str) {
        self.cluster.health.state = HealthState::Down;
        self.cluster.health.why = Some(Why::text(why));
        self.cluster.health.since = ago(60);
        self.cluster.health.last_success = Some(ago(60));
    }

    /// Adds an issue, a minute old.
    pub fn issue(&mut self, subject: &str, text: &str) {
        self.cluster.issues.push(Issue {
            since: ago(60),
            subject: subject.into(),
            text: text.into(),
        });
    }
}

/// Marks a sum that `fill` did not set.
fn unset<T: Copy>() -> Reading<T> {
    Reading::unknown(Why::NOT_READ_YET)
}

fn unknown_load() -> MemberLoad {
    MemberLoad {
        consume_rate: Reading::unknown(Why::TOO_FEW_POINTS),
        capacity: Reading::unknown(Why::TOO_FEW_POINTS),
    }
}

fn blank_group(id: &str, generation: u64) -> GroupSnapshot {
    GroupSnapshot {
        group: GroupId::from(id),
        generation,
        group_type: GroupType::Classic,
        state: Reading::Known(GroupState::Stable),
        protocol_type: "consumer".into(),
        assignor: Some("range".into()),
        coordinator: Some(1),
        members: Some(Arc::new([])),
        policy: Arc::new(Policy::default()),
        status: Verdict::plain(Status::Ok, ago(600)),
        unknown_partitions: 0,
        inactive: false,
        lag: unset(),
        effective_lag: unset(),
        time_lag: unset(),
        arrival_rate: unset(),
        consume_rate: unset(),
        eta: unset(),
        loss_at: unset(),
        lost_lately: Reading::Known(0),
        diagnosis: Diagnosis::NotNeeded,
        storm: None,
        loads: Vec::new(),
        trend: Arc::new([]),
        events: Arc::new([]),
        topics: Vec::new(),
        rows: Vec::new(),
        details: Vec::new(),
        issues: Vec::new(),
    }
}

impl GroupBuilder<'_> {
    /// Adds rows for a topic's partitions 0, 1, 2 …; `None` has never committed. Time lag is that
    /// of a caught-up partition where nothing is unread, else 30 s ± 5 s.
    ///
    /// # Panics
    ///
    /// When the cluster has no such topic.
    #[expect(clippy::expect_used, reason = "a test's own mistake")]
    pub fn commits(&mut self, topic: &str, committed: &[Option<i64>]) {
        let found = self.topics.iter().find(|t| t.topic.as_str() == topic);
        let topic = found.expect("a topic of that name");
        let index = self.group.topics.len() as u32;
        self.group.topics.push(Arc::clone(topic));
        for (partition, committed) in (0..).zip(committed) {
            let row = self.row_of(topic, index, partition, *committed);
            self.group.rows.push(row);
        }
    }

    fn row_of(
        &self,
        topic: &TopicSnapshot,
        index: u32,
        partition: PartitionId,
        committed: Option<i64>,
    ) -> PartitionRow {
        let committed_offset =
            committed.map_or_else(|| Reading::unknown(Why::NEVER_COMMITTED), Reading::Known);
        let log = topic.partition(partition);
        let (start, end) = log.map_or_else(
            || (unset(), unset()),
            |l| (l.log_start_offset.clone(), l.log_end_offset.clone()),
        );
        let readable_from = match (committed, start.value()) {
            (Some(c), Some(s)) => Reading::Known(c.max(s)),
            _ => committed_offset.clone(),
        };
        let effective_lag = super::distance(&readable_from, &end, &start);
        let time_lag = match effective_lag.value() {
            Some(0) => Reading::Known(TimeLag::CaughtUp),
            Some(_) => Reading::Known(behind(30, 5)),
            None => Reading::unknown(effective_lag.why().cloned().unwrap_or(Why::NOT_READ_YET)),
        };
        let status = match committed {
            Some(_) => Status::Ok,
            None => Status::NeverCommitted,
        };
        PartitionRow {
            topic: index,
            partition,
            owner: self.owner(topic, partition),
            committed_offset,
            effective_lag,
            time_lag,
            consume_rate: Reading::Known(0.0),
            verdict: Some(Verdict::plain(status, ago(600))),
        }
    }

    fn owner(&self, topic: &TopicSnapshot, partition: PartitionId) -> Option<u32> {
        let owns = |m: &Member| {
            let mut assigned = m.assignment.iter();
            assigned.any(|a| a.topic == topic.topic && a.partitions.contains(&partition))
        };
        let at = self.group.members.as_deref()?.iter().position(owns)?;
        Some(at as u32)
    }

    /// Adds a member `CLIENT-1` on `host`. Do this before [`GroupBuilder::commits`]: rows look up
    /// their owners.
    pub fn member(&mut self, client_id: &str, host: &str, assigned: &[(&str, &[PartitionId])]) {
        let assignment = assigned.iter().map(|(topic, partitions)| AssignedTopic {
            topic: (*topic).into(),
            partitions: partitions.to_vec(),
        });
        let mut members = self.group.members.as_deref().unwrap_or_default().to_vec();
        members.push(Member {
            member_id: format!("{client_id}-1").into(),
            client_id: client_id.into(),
            host: host.into(),
            group_instance_id: None,
            assignment: assignment.collect(),
            subscription: None,
        });
        members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
        self.group.loads = vec![unknown_load(); members.len()];
        self.group.members = Some(members.into());
    }

    /// Gives the group and all its rows that have a known lag this status, for ten minutes.
    pub fn verdict(&mut self, status: Status) {
        self.group.status = Verdict::plain(status, ago(600));
        for row in &mut self.group.rows {
            if row.effective_lag.value().is_some() {
                row.verdict = Some(Verdict::plain(status, ago(600)));
            }
        }
    }

    /// Gives the group a verdict with its evidence.
    pub fn because(&mut self, status: Status, evidence: Evidence) {
        self.group.status = Verdict::because(status, ago(600), evidence);
    }

    /// Says why it lags, for five minutes.
    pub fn diagnosis(&mut self, cause: Cause) {
        self.group.diagnosis = Diagnosis::Found {
            cause,
            since: ago(300),
            confidence: 0.9,
        };
    }

    /// Sets the rates in records a second: in, out.
    pub fn rates(&mut self, arrival: f64, consume: f64) {
        self.group.arrival_rate = Reading::Known(arrival);
        self.group.consume_rate = Reading::Known(consume);
    }

    /// Sets the trend: effective lags, ten seconds apart, the last one now; `None` is a gap. What was
    /// unread was appended half a minute before the first.
    pub fn trend(&mut self, lags: &[Option<i64>]) {
        let last = lags.len() as i64 - 1;
        let oldest = Some(ago(10 * last + 30));
        let points = (0..).zip(lags).map(|(i, lag)| {
            let oldest = lag.filter(|l| *l > 0).and(oldest);
            TrendPoint::new(ago(10 * (last - i)), *lag, oldest)
        });
        self.group.trend = points.collect();
    }

    /// Adds an event `secs` seconds ago.
    pub fn event(&mut self, secs: i64, kind: EventKind, text: &str) {
        let mut events = self.group.events.to_vec();
        events.push(Event {
            at: ago(secs),
            kind,
            text: text.into(),
        });
        self.group.events = events.into();
    }

    /// Makes every reading of the rows stale since `secs` seconds ago.
    pub fn stale(&mut self, secs: i64, why: &str) {
        let (since, why) = (ago(secs), Why::text(why));
        for row in &mut self.group.rows {
            row.committed_offset = row.committed_offset.clone().into_stale(since, why.clone());
            row.effective_lag = row.effective_lag.clone().into_stale(since, why.clone());
            row.time_lag = row.time_lag.clone().into_stale(since, why.clone());
        }
    }
}

/// Fills the sums that nobody set.
fn add_up(group: &mut GroupSnapshot) {
    let lags: Vec<_> = group.partitions().map(|p| p.lag()).collect();
    let effective: Vec<_> = group.rows.iter().map(|r| r.effective_lag.clone()).collect();
    let times: Vec<_> = group.rows.iter().map(|r| r.time_lag.clone()).collect();
    group.unknown_partitions = effective.iter().filter(|l| l.is_unknown()).count() as u32;
    let is_unset = |why: Option<&Why>| why == Some(&Why::NOT_READ_YET);
    if is_unset(group.lag.why()) {
        group.lag = total(&lags, |a, b| a + b);
    }
    if is_unset(group.effective_lag.why()) {
        group.effective_lag = total(&effective, |a, b| a + b);
    }
    if is_unset(group.time_lag.why()) {
        group.time_lag = total(&times, older);
    }
    sort_by_topic(group);
}

fn sort_by_topic(group: &mut GroupSnapshot) {
    let before = group.topics.clone();
    group.topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    for row in &mut group.rows {
        let name = &before[row.topic as usize].topic;
        let at = group.topics.binary_search_by(|t| t.topic.cmp(name));
        row.topic = at.unwrap_or_default() as u32;
    }
    for detail in &mut group.details {
        let name = &before[detail.topic as usize].topic;
        let at = group.topics.binary_search_by(|t| t.topic.cmp(name));
        detail.topic = at.unwrap_or_default() as u32;
    }
    group.rows.sort_by_key(|r| (r.topic, r.partition));
    group.details.sort_by_key(|d| (d.topic, d.partition));
}

fn older(a: TimeLag, b: TimeLag) -> TimeLag {
    if a.age(NOW) >= b.age(NOW) { a } else { b }
}

/// A sum (or maximum) of what has a value: a lower bound beside unknown parts, stale beside stale
/// ones.
fn total<T: Copy>(parts: &[Reading<T>], add: impl Fn(T, T) -> T) -> Reading<T> {
    let values = parts.iter().filter_map(Reading::value);
    let unknown = parts.iter().filter(|p| p.is_unknown()).count();
    let why = || Why::text(format!("{unknown} of {} partitions unknown", parts.len()));
    let Some(value) = values.reduce(add) else {
        return Reading::unknown(
            parts
                .iter()
                .find_map(Reading::why)
                .cloned()
                .unwrap_or_else(why),
        );
    };
    let sum = match unknown {
        0 => Reading::Known(value),
        _ => Reading::at_least(value, why()),
    };
    let stale = parts.iter().filter_map(|p| p.stale_since().zip(p.why()));
    match stale.min_by_key(|(since, _)| *since) {
        Some((since, why)) => sum.into_stale(since, why.clone()),
        None => sum,
    }
}

/// The rows of a group as views, for tests that look at one.
///
/// # Panics
///
/// When there is no such row.
#[expect(clippy::expect_used, reason = "a test's own mistake")]
pub fn row<'a>(group: &'a GroupSnapshot, topic: &str, partition: PartitionId) -> PartitionView<'a> {
    let mut rows = group.partitions();
    rows.find(|p| p.topic().topic.as_str() == topic && p.partition() == partition)
        .expect("a row of that topic and partition")
}
