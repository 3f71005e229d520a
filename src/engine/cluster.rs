//! One cluster's facts: the fold of what was read, and the cut of what is true.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use slotmap::SlotMap;

use crate::model::{
    Ask, Broker, ClusterHealth, ClusterSettings, ClusterSnapshot, Cycle, Fact, GroupId, GroupPart,
    HealthState, Issue, ListedGroup, OffsetRead, Settings, Span, Timestamp, TopicCommits, TopicId,
    TopicMetadata, TopicName, Why,
};

use super::asks;
use super::group::{Group, GroupKey, TopicKey, TopicRows};
use super::group_view;
use super::lag::Tail;
use super::names::Names;
use super::now::Now;
use super::topic::{Folded, Topic};

/// Deleted topics whose ids are remembered, to tell one made anew.
const REMEMBERED_TOPICS: usize = 1000;
/// Asks of one cluster that a cut yields at the most.
const ASKS: usize = 1000;

/// A cluster's facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cluster {
    settings: ClusterSettings,
    #[serde(skip)]
    all_settings: Arc<Settings>,
    state: (HealthState, Timestamp),
    why_down: Option<Why>,
    cluster_id: Option<Arc<str>>,
    controller: Option<i32>,
    brokers: Vec<Broker>,
    last_success: Option<Timestamp>,
    last_complete_listing: Option<Timestamp>,
    listing_failures: Option<(Timestamp, Vec<Why>)>,
    no_group_visible: Option<Timestamp>,
    cycle: Option<Cycle>,
    topics: SlotMap<TopicKey, Topic>,
    topic_keys: Names<TopicName, TopicKey>,
    deleted_topics: HashMap<TopicName, Option<TopicId>>,
    groups: SlotMap<GroupKey, Group>,
    group_keys: Names<GroupId, GroupKey>,
    /// Listings so far, by which a group tells whether the newest one named it.
    #[serde(skip)]
    listings: u64,
    asks: Vec<Ask>,
    changed: bool,
    /// The spans by which the last cut judged what is overdue, stale and inactive.
    judged_by: Option<[Span; 3]>,
    /// The generation at which its part was last built; 0: never.
    generation: u64,
    /// Made anew where a checkpoint is taken up.
    #[serde(skip)]
    snapshot: Option<Arc<ClusterSnapshot>>,
}

impl Cluster {
    pub(super) fn new(settings: ClusterSettings, all: Arc<Settings>, at: Timestamp) -> Self {
        Self {
            settings,
            all_settings: all,
            state: (HealthState::Connecting, at),
            why_down: None,
            cluster_id: None,
            controller: None,
            brokers: Vec::new(),
            last_success: None,
            last_complete_listing: None,
            listing_failures: None,
            no_group_visible: None,
            cycle: None,
            topics: SlotMap::with_key(),
            topic_keys: Names::default(),
            deleted_topics: HashMap::new(),
            groups: SlotMap::with_key(),
            group_keys: Names::default(),
            listings: 0,
            asks: Vec::new(),
            changed: true,
            judged_by: None,
            generation: 0,
            snapshot: None,
        }
    }

    /// New settings are in force.
    pub(super) fn configure(&mut self, settings: ClusterSettings, all: &Arc<Settings>) {
        self.settings = settings;
        self.all_settings = Arc::clone(all);
        self.changed = true;
        for (_, group) in &mut self.groups {
            group.policy = all.policy(&self.settings.cluster, &group.id);
            group.dirty = true;
        }
    }

    /// Takes in one read.
    pub(super) fn fold(&mut self, fact: &Fact, asked: Timestamp, answered: Timestamp) {
        let times = (asked, answered);
        match fact {
            Fact::Health { state, why } => self.health(*state, why.as_ref(), answered),
            Fact::Brokers {
                cluster_id,
                controller,
                brokers,
            } => {
                self.succeeded(answered);
                self.changed |= self.brokers != *brokers || self.controller != *controller;
                self.cluster_id.clone_from(cluster_id);
                self.controller = *controller;
                self.brokers.clone_from(brokers);
            }
            Fact::Topics { topics, complete } => self.take_topics(topics, *complete, answered),
            Fact::TopicConfig { topic, config } => {
                let key = self.topic_key(topic);
                self.topics[key].configure(config);
            }
            Fact::Groups {
                groups,
                complete,
                failures,
            } => self.list(groups, *complete, failures, answered),
            Fact::Group { description } => {
                let key = self.group_key(&description.group, answered);
                self.groups[key].describe(description, answered);
                self.add_assigned(key, answered);
            }
            Fact::GroupFailed { group, part, why } => {
                let key = self.group_key(group, answered);
                let group = &mut self.groups[key];
                match part {
                    GroupPart::Commits => group.commits_not_read(answered, why),
                    GroupPart::Description => group.not_described(answered, why),
                }
            }
            Fact::Commits {
                group,
                topics,
                complete,
            } => self.take_commits(group, topics, *complete, times),
            Fact::LogStarts { topic, offsets } => {
                self.note_offsets(offsets, answered);
                let key = self.topic_key(topic);
                self.topics[key].take_starts(offsets, asked, answered);
            }
            Fact::LogEnds {
                topic,
                isolation,
                offsets,
            } => {
                self.note_offsets(offsets, answered);
                let key = self.topic_key(topic);
                let folded = self.topics[key].take_ends(*isolation, offsets, asked, answered);
                self.after(key, folded, (false, answered));
            }
            Fact::RecordAt {
                topic,
                partition,
                offset,
                found,
                log_end_offset,
            } => {
                let key = self.topic_key(topic);
                let tail = Tail {
                    from: *offset,
                    found: found.map(|(offset, _)| offset),
                    end: *log_end_offset,
                };
                self.topics[key].take_tail(*partition, tail, asked);
                if let Some(record) = *found {
                    let interval = self.interval();
                    self.topics[key].take_record(*partition, record, (asked, interval));
                }
            }
            Fact::OffsetForTime {
                topic,
                partition,
                time,
                found,
            } => {
                let interval = self.interval();
                let key = self.topic_key(topic);
                self.topics[key].take_offset_for_time(*partition, *time, *found, (asked, interval));
            }
            Fact::MaxTimestamps { .. } => {}
            Fact::Cycle(cycle) => {
                self.cycle = Some(cycle.clone());
                self.changed = true;
            }
        }
    }

    /// Laggard was started, or something is missing: what is known is from before.
    pub(super) fn start(&mut self) {
        self.groups.values_mut().for_each(Group::start);
    }

    /// The clock was set back by about `by`, to `at`: all that has its place in time goes. Which topics
    /// and groups there are stays, and how the groups behave.
    pub(super) fn set_back(&mut self, at: Timestamp, by: Span) {
        self.topics.values_mut().for_each(Topic::set_back);
        self.groups.values_mut().for_each(|g| g.set_back(at, by));
        self.state.1 = at;
        (self.last_success, self.last_complete_listing) = (None, None);
        (self.listing_failures, self.no_group_visible) = (None, None);
        self.asks.clear();
        self.changed = true;
    }

    pub(super) fn forget_shortcuts(&mut self) {
        self.groups.values_mut().for_each(Group::forget_shortcuts);
    }

    /// Notes a mark on a group, if it is here.
    pub(super) fn mark(&mut self, group: &GroupId, at: Timestamp, text: &str) {
        let key = self.group_keys.get(group);
        if let Some(group) = key.and_then(|key| self.groups.get_mut(key)) {
            group.event(at, crate::model::EventKind::Mark, text.to_owned());
        }
    }

    fn health(&mut self, state: HealthState, why: Option<&Why>, at: Timestamp) {
        if self.state.0 != state {
            self.state = (state, at);
        }
        self.why_down = why.cloned();
        self.changed = true;
    }

    fn succeeded(&mut self, at: Timestamp) {
        self.last_success = Some(self.last_success.map_or(at, |last| last.max(at)));
        if self.state.0 != HealthState::Up {
            self.health(HealthState::Up, None, at);
        }
        self.changed = true;
    }

    fn note_offsets(&mut self, reads: &[OffsetRead], at: Timestamp) {
        if reads.iter().any(|r| r.offset.is_ok()) {
            self.succeeded(at);
        }
    }

    fn topic_key(&mut self, name: &TopicName) -> TopicKey {
        if let Some(key) = self.topic_keys.get(name) {
            return key;
        }
        let key = self.topics.insert(Topic::new(name.clone()));
        self.topic_keys.insert(name.clone(), key);
        self.changed = true;
        key
    }

    fn group_key(&mut self, id: &GroupId, at: Timestamp) -> GroupKey {
        if let Some(key) = self.group_keys.get(id) {
            return key;
        }
        let policy = self.all_settings.policy(&self.settings.cluster, id);
        let key = self.groups.insert(Group::new(id.clone(), at, policy));
        self.group_keys.insert(id.clone(), key);
        self.changed = true;
        key
    }

    fn take_topics(&mut self, topics: &[TopicMetadata], complete: bool, at: Timestamp) {
        self.succeeded(at);
        for meta in topics {
            let key = self.topic_key(&meta.topic);
            let folded = self.topics[key].describe(meta.topic_id, &meta.partitions, at);
            if let Some(before) = self.deleted_topics.get(&meta.topic) {
                let another = meta.topic_id.is_none() || *before != meta.topic_id;
                if another && self.topics[key].recreated_at.is_none() {
                    self.topics[key].recreated_at = Some(at);
                }
                if meta.topic_id.is_some() {
                    self.deleted_topics.remove(&meta.topic);
                }
            }
            self.after(key, folded, (true, at));
        }
        if complete {
            self.forget_topics_but(topics, at);
        }
    }

    /// What a fold of a topic's facts calls for.
    fn after(&mut self, key: TopicKey, folded: Folded, (described, at): (bool, Timestamp)) {
        if folded.wiped {
            self.groups
                .values_mut()
                .for_each(|g| g.wipe_topic(key, described, at));
        }
        if folded.describe {
            self.asks.push(Ask::DescribeTopic {
                cluster: self.settings.cluster.clone(),
                topic: self.topics[key].name.clone(),
            });
        }
    }

    fn forget_topics_but(&mut self, topics: &[TopicMetadata], at: Timestamp) {
        let named: std::collections::HashSet<&TopicName> =
            topics.iter().map(|t| &t.topic).collect();
        let gone: Vec<(TopicName, TopicKey)> = self
            .topic_keys
            .iter()
            .filter(|(name, key)| self.topics[*key].visible && !named.contains(name))
            .map(|(name, key)| (name.clone(), key))
            .collect();
        for (name, key) in gone {
            self.topic_keys.remove(&name);
            let id = self.topics.remove(key).and_then(|t| t.id);
            if self.deleted_topics.len() < REMEMBERED_TOPICS {
                self.deleted_topics.insert(name, id);
            }
            self.groups
                .values_mut()
                .for_each(|g| g.forget_topic(key, at));
            self.changed = true;
        }
    }

    /// Answers about a topic that were still under way when it was deleted have named it anew. Where no
    /// group has a commit for it, nothing is left of it.
    fn drop_remains(&mut self) {
        let mut remains: Vec<(TopicName, TopicKey)> = self
            .deleted_topics
            .keys()
            .filter_map(|name| Some((name.clone(), self.topic_keys.get(name)?)))
            .filter(|(_, key)| !self.topics[*key].visible)
            .collect();
        // In an order of their own, whatever the map's is.
        remains.sort();
        for (name, key) in remains {
            let mut groups = self.groups.values_mut();
            if !groups.any(|g| g.topics.iter().any(|t| t.key == key)) {
                self.topic_keys.remove(&name);
                self.topics.remove(key);
                self.changed = true;
            }
        }
    }

    fn list(&mut self, groups: &[ListedGroup], complete: bool, failures: &[Why], at: Timestamp) {
        if complete || !groups.is_empty() {
            self.succeeded(at);
        }
        self.changed = true;
        self.listings += 1;
        for listed in groups {
            let key = self.group_key(&listed.group, at);
            let group = &mut self.groups[key];
            group.listing = self.listings;
            group.list(listed, at);
        }
        self.listing_failures = (!complete).then(|| (at, failures.to_vec()));
        self.no_group_visible = (complete && groups.is_empty()).then_some(at);
        let newest = self.listings;
        let left_out = self.groups.iter_mut().filter(|(_, g)| g.listing != newest);
        if complete {
            self.last_complete_listing = Some(at);
            let mut gone = Vec::new();
            for (key, group) in left_out {
                group.missing += 1;
                if group.missing >= 2 {
                    gone.push(key);
                }
            }
            for group in gone.into_iter().filter_map(|key| self.groups.remove(key)) {
                self.group_keys.remove(&group.id);
            }
        } else {
            let why = failures
                .first()
                .cloned()
                .unwrap_or_else(|| Why::text("the listing of groups was incomplete"));
            left_out.for_each(|(_, group)| group.not_listed(&why));
        }
    }

    fn add_assigned(&mut self, key: GroupKey, at: Timestamp) {
        let missing = self.groups[key].assigned_without_row();
        if missing.is_empty() {
            return;
        }
        for (topic, partition) in missing {
            let of = self.topic_key(&topic);
            self.groups[key].add_row(&topic, of, partition, at);
        }
        self.groups[key].refresh_owners();
    }

    fn take_commits(
        &mut self,
        id: &GroupId,
        topics: &[TopicCommits],
        complete: bool,
        times: (Timestamp, Timestamp),
    ) {
        self.succeeded(times.1);
        let key = self.group_key(id, times.1);
        let interval = self.interval();
        let mut confirm = false;
        for commits in topics {
            let known = self.groups[key].key_of(&commits.topic);
            let of = known.unwrap_or_else(|| self.topic_key(&commits.topic));
            let folded = self.groups[key].take_commits(commits, of, &self.topics[of], times);
            confirm |= folded.confirm;
        }
        self.groups[key].commits_done(topics, complete, times, interval);
        self.add_assigned(key, times.1);
        self.groups[key].measure(&self.topics, times.1, interval);
        if confirm {
            self.asks.push(Ask::CommitsNow {
                cluster: self.settings.cluster.clone(),
                group: id.clone(),
            });
        }
    }

    /// The interval in force: the configured one, or longer where a budget forces that.
    fn interval(&self) -> Span {
        let cycle = self.cycle.as_ref().map_or(Span::ZERO, |c| c.interval);
        self.settings.poll_interval.max(cycle)
    }

    /// What is true at `at`, rebuilt where something changed, or everywhere when `all`.
    pub(super) fn cut(
        &mut self,
        at: Timestamp,
        generation: u64,
        all: bool,
    ) -> Arc<ClusterSnapshot> {
        self.drop_remains();
        let mut now = Now::new(at, self.interval(), self.settings.stale_for);
        let spans = Some([now.interval, now.stale_for, self.settings.inactive_after]);
        // Other spans: what is overdue or stale may be so otherwise, everywhere.
        let all = std::mem::replace(&mut self.judged_by, spans) != spans || all;
        let mut changed = std::mem::take(&mut self.changed) || all;
        let mut rebuilt = false;
        for (_, topic) in &mut self.topics {
            if all {
                topic.look_again();
            }
            // Asked first and always: it notes what is overdue.
            let due = topic.is_due(&now);
            if all || due || topic.dirty || topic.snapshot.is_none() {
                topic.rebuild(&mut now, generation);
                rebuilt = true;
            }
        }
        changed |= rebuilt;
        for key in self.group_keys.slots() {
            let group = &mut self.groups[key];
            let moved = |g: &Group| {
                let of = |t: &TopicRows| self.topics.get(t.key);
                let anew = |t: &Topic| t.generation == generation;
                rebuilt && g.topics.iter().filter_map(of).any(anew)
            };
            let due = group.is_due(&now);
            if all || due || group.dirty || moved(group) {
                group_view::rebuild(group, &self.topics, &self.settings, &mut now, generation);
                changed = true;
            }
        }
        match &self.snapshot {
            Some(snapshot) if !changed => Arc::clone(snapshot),
            _ => {
                let snapshot = Arc::new(self.snapshot(generation));
                self.generation = generation;
                self.snapshot = Some(Arc::clone(&snapshot));
                snapshot
            }
        }
    }

    /// Its part as the last cut left it.
    pub(super) fn standing(&self) -> Option<Arc<ClusterSnapshot>> {
        self.snapshot.clone()
    }

    /// Fills in, after a checkpoint was read, what it leaves out: the settings, and the parts of
    /// the snapshot as they stood at `at`, each with the generation that it had. Copies are built,
    /// so that nothing of what was read changes.
    pub(super) fn take_up(&mut self, all: &Arc<Settings>, at: Timestamp) {
        self.all_settings = Arc::clone(all);
        let mut now = Now::new(at, self.interval(), self.settings.stale_for);
        for (_, topic) in &mut self.topics {
            if topic.generation > 0 {
                let mut copy = topic.clone();
                copy.rebuild(&mut now, topic.generation);
                topic.snapshot = copy.snapshot;
            }
        }
        for (_, group) in &mut self.groups {
            group.policy = all.policy(&self.settings.cluster, &group.id);
            for rows in &mut group.topics {
                if let Some(topic) = self.topics.get(rows.key) {
                    rows.topic = topic.name.clone();
                }
            }
            if group.generation > 0 {
                let (mut copy, generation) = (group.clone(), group.generation);
                group_view::rebuild(
                    &mut copy,
                    &self.topics,
                    &self.settings,
                    &mut now,
                    generation,
                );
                group.snapshot = copy.snapshot;
            }
        }
        if self.generation > 0 {
            self.snapshot = Some(Arc::new(self.snapshot(self.generation)));
        }
    }

    /// The groups in name order.
    fn in_order(&self) -> impl Iterator<Item = &Group> {
        self.group_keys.slots().map(|key| &self.groups[key])
    }

    fn snapshot(&self, generation: u64) -> ClusterSnapshot {
        ClusterSnapshot {
            cluster: self.settings.cluster.clone(),
            generation,
            health: ClusterHealth {
                state: self.state.0,
                why: self.why_down.clone(),
                since: self.state.1,
                last_success: self.last_success,
                last_complete_listing: self.last_complete_listing,
                cluster_id: self.cluster_id.clone(),
                controller: self.controller,
                cycle: self.cycle.clone(),
                poll_interval: self.settings.poll_interval,
            },
            brokers: self.brokers.clone(),
            groups: self.in_order().filter_map(|g| g.snapshot.clone()).collect(),
            topics: self
                .topic_keys
                .slots()
                .filter_map(|k| self.topics[k].snapshot.clone())
                .collect(),
            issues: self.issues(),
        }
    }

    fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut issue = |since, subject: &str, text: String| {
            issues.push(Issue {
                since,
                subject: subject.into(),
                text: text.into(),
            });
        };
        if let Some((at, failures)) = &self.listing_failures {
            for why in failures {
                issue(*at, "listing of groups", why.to_string());
            }
        }
        if let Some(at) = self.no_group_visible {
            let text = "no group is visible: either there is none, or this user lacks Describe on \
                        groups; `laggard doctor` tells which";
            issue(at, "listing of groups", text.to_owned());
        }
        if let Some(why) = self.cycle.as_ref().and_then(|c| c.lengthened.as_ref()) {
            issue(
                self.last_success.unwrap_or(self.state.1),
                "poll interval",
                why.to_string(),
            );
        }
        for topic in self.topics.values() {
            if let Some((by, at)) = topic.clock_skew() {
                let text = format!(
                    "clock_skew: timestamps of records differ by {by} from when they came; time lag \
                     rests on observed log ends alone"
                );
                issue(at, topic.name.as_str(), text);
            }
        }
        issues
    }

    /// What would help, ranked: what this fold called for, then the little that may be markers, then
    /// how old is what is unread.
    pub(super) fn asks(&mut self, at: Timestamp) -> Vec<Ask> {
        let mut asks = std::mem::take(&mut self.asks);
        self.ask_for_markers(at, &mut asks);
        let times = (at, self.interval());
        let keys = self.group_keys.slots();
        let (groups, topics) = (keys.map(|key| &self.groups[key]), &mut self.topics);
        asks.extend(asks::for_times(
            groups,
            topics,
            &self.settings.cluster,
            times,
        ));
        asks.truncate(ASKS);
        asks
    }

    /// A small lag that stands still may be transaction markers only: a read from the commit tells.
    fn ask_for_markers(&mut self, at: Timestamp, asks: &mut Vec<Ask>) {
        let still = at - self.interval();
        let mut wanted = Vec::new();
        for group in self.groups.values().filter(|g| g.near_end) {
            for rows in &group.topics {
                let commits = rows.rows.iter();
                wanted.extend(commits.filter_map(|r| Some((rows.key, r.partition, r.offset()?))));
            }
        }
        wanted.sort_unstable();
        for (key, partition, offset) in wanted {
            let Some(topic) = self.topics.get_mut(key) else {
                continue;
            };
            if asks.len() < ASKS && topic.wants_tail(partition, offset, still) {
                asks.push(Ask::RecordAt {
                    cluster: self.settings.cluster.clone(),
                    topic: topic.name.clone(),
                    partition,
                    offset,
                });
            }
        }
    }
}
