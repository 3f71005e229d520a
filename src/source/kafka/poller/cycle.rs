//! The order of one cycle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::job::{Class, Job, Kind, Query};
use super::topology::{Topic, UNREAD};
use super::{End, Poller};
use crate::model::{Ask, Cycle, Fact, HealthState, Span, Why};

/// Leaders, new topics.
const METADATA_EACH: Duration = Duration::from_mins(1);
/// Ids of topics that groups read.
const IDS_EACH: Duration = Duration::from_mins(1);
const CONFIGS_EACH: Duration = Duration::from_mins(10);
const CLUSTER_EACH: Duration = Duration::from_mins(10);
/// Groups of other protocols, and what members subscribe to: a heavy call, all groups are described for it.
const FOREIGN_EACH: Duration = Duration::from_mins(5);
/// Where somebody has joined meanwhile, it is made again after this long for each group that there is.
const FOREIGN_A_GROUP: Duration = Duration::from_millis(60);
/// Up to here the heavy call is part of the first cycle.
const FOREIGN_AT_ONCE: usize = 5000;
/// Up to so many partitions last stable offsets are read in every cycle.
const ALL_STABLE: usize = 10_000;
/// Above that: each minute, and in every cycle for this long after they differed.
const STABLE_EACH: Duration = Duration::from_mins(1);
const TRANSACTIONAL_FOR: Duration = Duration::from_mins(10);
/// Before the new coordinator of a group is looked for.
const MOVED: Duration = Duration::from_millis(250);
/// After this long a trouble that will not pass by itself is told without waiting for time-outs.
const ENOUGH: Duration = Duration::from_millis(1500);
const TOPICS_A_CALL: usize = 200;
const CONFIGS_A_CALL: usize = 100;
/// Few enough that the commits of the next cycle never wait long behind them on a connection.
const GROUPS_A_CALL: usize = 100;

/// Whether something read at `at` is to be read again.
fn due(at: Option<Instant>, each: Duration, now: Instant) -> bool {
    at.is_none_or(|at| now.duration_since(at) >= each)
}

type Asks = mpsc::Receiver<Ask>;

impl Poller {
    /// One cycle. The interval until the next one, or why the cluster is down.
    pub(super) async fn cycle(&mut self, asks: &mut Asks) -> Result<Result<Duration, Why>, End> {
        self.begin();
        // Once: a cluster that is down stays down until it answers.
        if self.told.is_none() {
            self.health(HealthState::Connecting, None).await?;
        }
        if let Some(down) = self.refresh_if_due(asks).await? {
            return Ok(Err(down));
        }
        self.ask_groups_and_starts(asks).await?;
        if !self.anybody_answers(asks).await? {
            return Ok(Err(self.why_down()));
        }
        self.pulse.clear();
        self.health(HealthState::Up, None).await?;
        self.ask_commits(asks).await?;
        self.ask_ends(asks).await?;
        self.ask_again(asks).await?;
        self.ask_rare(asks).await?;
        let interval = self.finish().await?;
        self.describe_by_turn();
        Ok(Ok(interval))
    }

    fn begin(&mut self) {
        self.count.started = Instant::now();
        self.count.answers = 0;
        self.count.failed_parts = 0;
        self.count.throttled = Duration::ZERO;
        for topic in self.topology.topics.values_mut() {
            topic
                .partitions
                .iter_mut()
                .for_each(|partition| partition.max_commit = UNREAD);
        }
    }

    /// Whether anybody has answered, or does before the first calls have timed out.
    async fn anybody_answers(&mut self, asks: &mut Asks) -> Result<bool, End> {
        while self.count.answers == 0
            && (self.lanes_busy(Class::Listing) || self.lanes_busy(Class::Starts))
        {
            self.turn(Instant::now() + super::LOOK, asks).await?;
        }
        Ok(self.count.answers > 0)
    }

    /// Why nobody answers: what the client said, else that nobody did.
    fn why_down(&self) -> Why {
        match self.pulse.trouble() {
            Some(trouble) => Why::text(trouble.to_string()),
            None => Why::text("no broker answers in time"),
        }
    }

    async fn refresh_if_due(&mut self, asks: &mut Asks) -> Result<Option<Why>, End> {
        let now = Instant::now();
        if !self.topology.stale && !due(self.topology.fetched, METADATA_EACH, now) {
            return Ok(None);
        }
        if self.topology.fetched.is_some() {
            self.refresh(asks).await?;
            return Ok(None);
        }
        self.first_metadata(asks).await
    }

    /// The first read has nothing to go on with: it is waited for to its end, and what keeps it from
    /// coming is told meanwhile.
    async fn first_metadata(&mut self, asks: &mut Asks) -> Result<Option<Why>, End> {
        self.push_metadata();
        let mut told = None;
        while self.lanes.busy((Class::Metadata, -1)) && self.topology.fetched.is_none() {
            let wait = self.launch().unwrap_or(super::LOOK);
            self.turn(Instant::now() + wait.min(super::LOOK), asks)
                .await?;
            let enough = self.count.started.elapsed() > ENOUGH;
            if enough && self.pulse.decisive() {
                break;
            }
            let trouble = self.pulse.trouble();
            let kind = trouble.as_ref().map(|trouble| trouble.kind);
            if kind != told && self.told == Some(HealthState::Connecting) {
                told = kind;
                let why = trouble.map(|trouble| Why::text(trouble.to_string()));
                self.health(HealthState::Connecting, why).await?;
            }
        }
        Ok(self.topology.fetched.is_none().then(|| self.why_down()))
    }

    fn push_metadata(&mut self) {
        if !self.lanes.busy((Class::Metadata, -1)) {
            self.push(Job::new(Class::Metadata, None, Query::Metadata));
        }
    }

    /// Fetches whole metadata, unless that is under way already.
    pub(super) async fn refresh(&mut self, asks: &mut Asks) -> Result<(), End> {
        self.push_metadata();
        self.settle(&[Class::Metadata], asks).await
    }

    async fn ask_groups_and_starts(&mut self, asks: &mut Asks) -> Result<(), End> {
        if due(self.cluster_read, CLUSTER_EACH, Instant::now())
            && !self.lanes.busy((Class::Rare, -1))
        {
            self.push(Job::new(Class::Rare, None, Query::Cluster));
        }
        self.ask_listing();
        let owing = self.owing(Class::Starts);
        self.ask_offsets(Kind::Start, &owing, |_| true);
        self.settle(&[Class::Listing, Class::Starts], asks).await?;
        self.heal_if_hurt(asks).await?;
        let now = Instant::now();
        if self.is_foreign_due(now) && self.listed_so_far() <= FOREIGN_AT_ONCE {
            self.foreign_read = Some(now);
            self.push(Job::new(Class::Rare, None, Query::AllGroups));
            self.settle(&[Class::Rare], asks).await?;
        }
        self.tell_groups().await
    }

    fn is_foreign_due(&self, now: Instant) -> bool {
        let groups = u32::try_from(self.groups.known.len()).unwrap_or(u32::MAX);
        let each = if self.groups.subscriptions.is_behind() {
            FOREIGN_EACH.min(FOREIGN_A_GROUP.saturating_mul(groups))
        } else {
            FOREIGN_EACH
        };
        due(self.foreign_read, each, now)
    }

    async fn ask_commits(&mut self, asks: &mut Asks) -> Result<(), End> {
        let now = Instant::now();
        let names: Vec<Arc<str>> = self.groups.known.keys().cloned().collect();
        for group in names {
            let partitions = self
                .groups
                .big_topics(&group, now)
                .map(|topics| self.partitions_of(topics));
            self.ask_group(group, partitions, false);
        }
        self.settle(&[Class::Commits], asks).await?;
        self.follow_moved(asks).await?;
        if std::mem::take(&mut self.unknown_topic) {
            self.refresh(asks).await?;
        }
        Ok(())
    }

    /// Asks again for groups whose coordinator moved, once it is known where to.
    async fn follow_moved(&mut self, asks: &mut Asks) -> Result<(), End> {
        for _ in 0..2 {
            if self.moved.is_empty() {
                return Ok(());
            }
            self.idle(Instant::now() + MOVED, asks).await?;
            self.refresh(asks).await?;
            self.locate_groups(asks).await?;
            for job in std::mem::take(&mut self.moved) {
                self.again(job);
            }
            self.settle(&[Class::Commits], asks).await?;
        }
        Ok(())
    }

    /// Asks for one group's commits, unless that is under way.
    pub(super) fn ask_group(
        &mut self,
        group: Arc<str>,
        partitions: Option<Vec<(Arc<str>, i32)>>,
        second: bool,
    ) {
        let Some(coordinator) = self.coordinator(&group) else {
            return;
        };
        if self.commits_flying.insert(Arc::clone(&group)) {
            let query = Query::Commits {
                group,
                partitions,
                second,
            };
            self.push(Job::new(Class::Commits, Some(coordinator), query));
        }
    }

    fn partitions_of(&self, topics: &[Arc<str>]) -> Vec<(Arc<str>, i32)> {
        let known = topics
            .iter()
            .filter_map(|topic| Some((topic, self.topology.topics.get(topic)?)));
        known
            .flat_map(|(name, topic)| {
                (0..)
                    .zip(&topic.partitions)
                    .map(move |(n, _)| (Arc::clone(name), n))
            })
            .collect()
    }

    async fn ask_ends(&mut self, asks: &mut Asks) -> Result<(), End> {
        let owing = self.owing(Class::Ends);
        let now = Instant::now();
        let partitions: usize = self
            .topology
            .topics
            .values()
            .map(|topic| topic.partitions.len())
            .sum();
        let sweep = partitions <= ALL_STABLE || due(self.stable_swept, STABLE_EACH, now);
        if sweep {
            self.stable_swept = Some(now);
        }
        let lately = |topic: &Topic| {
            topic
                .transactional
                .is_some_and(|at| now.duration_since(at) < TRANSACTIONAL_FOR)
        };
        // Before the ends on each connection: a last stable offset lies at or below the end.
        self.ask_offsets(Kind::StableEnd, &owing, |topic| sweep || lately(topic));
        self.ask_offsets(Kind::End, &owing, |_| true);
        self.settle(&[Class::Ends], asks).await?;
        self.heal_if_hurt(asks).await
    }

    /// Second reads: commits below the log start, ends below a commit.
    async fn ask_again(&mut self, asks: &mut Asks) -> Result<(), End> {
        let mut by_group = std::collections::BTreeMap::<Arc<str>, Vec<(Arc<str>, i32)>>::new();
        for (group, topic, partition) in std::mem::take(&mut self.losses) {
            by_group.entry(group).or_default().push((topic, partition));
        }
        for (group, mut partitions) in by_group {
            partitions.sort();
            partitions.dedup();
            self.ask_group(group, Some(partitions), true);
        }
        self.ask_low_ends();
        self.settle(&[Class::Commits, Class::Ends], asks).await?;
        self.heal_if_hurt(asks).await
    }

    async fn ask_rare(&mut self, asks: &mut Asks) -> Result<(), End> {
        let now = Instant::now();
        self.ask_ids(now);
        self.ask_configs(now);
        let groups = self.not_owing(self.groups.to_describe());
        self.describe(groups, 0);
        if self.is_foreign_due(now) && self.groups.known.len() > FOREIGN_AT_ONCE {
            self.foreign_read = Some(now);
            self.push(Job::new(Class::Rare, None, Query::AllGroups));
        }
        self.settle(&[Class::Describe, Class::Rare], asks).await
    }

    /// Groups in which nothing seems to have changed are looked at in the pause before the next
    /// cycle, a share of them each: no number waits for them.
    fn describe_by_turn(&mut self) {
        let interval = self.config.poll_interval;
        let groups = self.not_owing(self.groups.by_turn(interval, Instant::now()));
        self.describe(groups, 0);
    }

    /// Those whose coordinator does not owe a description still.
    fn not_owing(&self, mut groups: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let owing = self.owing(Class::Describe);
        groups.retain(|group| {
            let coordinator = self.coordinator(group);
            coordinator.is_none_or(|coordinator| !owing.contains(&coordinator))
        });
        groups
    }

    /// Describes groups, a coordinator a call, so that a hung one fails alone.
    pub(super) fn describe(&mut self, groups: Vec<Arc<str>>, tries: u8) {
        let mut by_coordinator = std::collections::BTreeMap::<i32, Vec<Arc<str>>>::new();
        for group in groups {
            if let Some(coordinator) = self.coordinator(&group) {
                by_coordinator.entry(coordinator).or_default().push(group);
            }
        }
        for (coordinator, groups) in by_coordinator {
            for chunk in groups.chunks(GROUPS_A_CALL) {
                let query = Query::Describe(chunk.to_vec());
                self.push(Job {
                    tries,
                    ..Job::new(Class::Describe, Some(coordinator), query)
                });
            }
        }
    }

    fn lanes_busy(&self, class: Class) -> bool {
        let coordinators = self
            .topology
            .brokers
            .iter()
            .map(|broker| broker.id)
            .chain([-1]);
        coordinators
            .into_iter()
            .any(|broker| self.lanes.busy((class, broker)))
    }

    fn ask_ids(&mut self, now: Instant) {
        let suspects = std::mem::take(&mut self.suspects);
        let mut topics: Vec<Arc<str>> = suspects.into_iter().collect();
        for (name, topic) in &mut self.topology.topics {
            let regular = (topic.read || topic.id.is_none()) && due(topic.described, IDS_EACH, now);
            if regular && !topics.contains(name) {
                topic.described = Some(now);
                topics.push(Arc::clone(name));
            }
        }
        for chunk in topics.chunks(TOPICS_A_CALL) {
            self.push(Job::new(Class::Rare, None, Query::Topics(chunk.to_vec())));
        }
    }

    fn ask_configs(&mut self, now: Instant) {
        let mut topics = Vec::new();
        for (name, topic) in &mut self.topology.topics {
            if due(topic.configured, CONFIGS_EACH, now) {
                topic.configured = Some(now);
                topics.push(Arc::clone(name));
            }
        }
        for chunk in topics.chunks(CONFIGS_A_CALL) {
            self.push(Job::new(Class::Rare, None, Query::Configs(chunk.to_vec())));
        }
    }

    /// What was sent since the last call: in the pause before the cycle and in it.
    fn requests(&mut self) -> Vec<(Arc<str>, u64)> {
        let sent = self.admin.sent();
        let before = std::mem::replace(&mut self.count.sent_before, sent.clone());
        sent.into_iter()
            .map(|(api, sent)| (Arc::from(api), sent - before.get(api).copied().unwrap_or(0)))
            .filter(|(_, sent)| *sent > 0)
            .collect()
    }

    /// Tells what the cycle cost; the interval until the next one.
    async fn finish(&mut self) -> Result<Duration, End> {
        let wished = self.config.poll_interval;
        let least = self.budget.least_interval();
        let interval = wished.max(least);
        let rate = self.budget.rate().unwrap_or_default();
        let lengthened = (least > wished).then(|| {
            Why::text(format!(
                "a budget of {rate} requests a second cannot meet an interval of {} s",
                wished.as_secs_f64()
            ))
        });
        let requests = self.requests();
        let now = Instant::now();
        let cycle = Cycle {
            took: span(now.duration_since(self.count.started)),
            interval: span(interval),
            lengthened,
            requests,
            throttled: span(self.count.throttled),
            failed_parts: self.count.failed_parts,
        };
        self.emit(Fact::Cycle(cycle), self.count.started, now)
            .await?;
        Ok(interval)
    }
}

fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
