//! One group as facts: its listing, its description, its commits, its rhythm.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;

use crate::model::{
    Event, EventKind, GroupDescription, GroupId, GroupSnapshot, GroupState, GroupType, ListedGroup,
    Member, Offset, PartitionId, Policy, Reading, Span, Timestamp, TopicCommits, TopicName,
    TrendPoint, Why,
};

use super::capacity::{Loads, Standing};
use super::fact::staleness;
use super::flow::{Change, Flow, Sums};
use super::lateness::Lateness;
use super::lost::Lost;
use super::now::Now;
use super::rate::spacing;
use super::row::{CommitAt, Row, Took};
use super::silence::{SESSION_GAP, Silence};
use super::topic::Topic;
use super::turnover::Turnover;

/// Events that are kept.
const EVENTS: usize = 50;
/// Points of the trend that are kept …
const TREND: usize = 60;
/// … and how close together at the most, lest many reads make it a short one.
const TREND_EACH: Span = Span::from_secs(10);
/// After members came or went, growth says nothing for this long.
pub(super) const SETTLE: Span = Span::from_secs(180);

/// Change points among the events that are kept.
const CHANGES: usize = 10;
/// Reads further apart than this, and than three intervals, leave a gap.
const LONGEST_PAUSE: Span = Span::from_secs(60);

slotmap::new_key_type! {
    /// A topic's slot, freed with the topic.
    pub(super) struct TopicKey;
    /// A group's slot, freed with the group.
    pub(super) struct GroupKey;
}

/// A group's rows of one topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TopicRows {
    pub(super) topic: TopicName,
    pub(super) key: TopicKey,
    /// In order of partition.
    pub(super) rows: Vec<Row>,
    /// The version of the topic's facts within which each commit was seen to lie: while it is this
    /// one, a commit that is told again changes nothing.
    #[serde(skip)]
    within: Option<u64>,
}

/// What was measured when all that was unread was old: it is the same until something moves.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// The topics' versions, added up: none of them ever falls.
    versions: u64,
    gap: Span,
    sums: Sums,
    oldest: Option<Timestamp>,
}

/// A look at all rows that take part.
#[derive(Default)]
struct Look {
    sums: Sums,
    /// Where each member stands.
    standings: Vec<Standing>,
    /// Since when the oldest unread record has been there.
    oldest: Option<Timestamp>,
    /// Something unread is too young to be a backlog: with time alone it will be one.
    young: bool,
}

/// A group's facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) group_type: GroupType,
    pub(super) protocol_type: Arc<str>,
    state: Option<(GroupState, Timestamp)>,
    listing_failed: Option<Why>,
    pub(super) description: Option<Arc<GroupDescription>>,
    pub(super) members: Option<Arc<[Member]>>,
    pub(super) describe_failed: Option<(Timestamp, Why)>,
    pub(super) commits_failed: Option<(Timestamp, Why)>,
    /// Whether its commits have ever been read.
    pub(super) commits_read: bool,
    /// The oldest answer that a row rests on, once looked for.
    oldest_answer: Option<Timestamp>,
    /// Rows that the read under way has answered.
    fresh: usize,
    /// The last listing that named it, as its cluster counts them.
    #[serde(skip)]
    pub(super) listing: u64,
    /// Its members' partitions may have no rows yet.
    #[serde(default = "yes")]
    may_lack_rows: bool,
    #[serde(skip)]
    measured: Option<Measured>,
    pub(super) topics: Vec<TopicRows>,
    pub(super) silence: Silence,
    /// Since when evidence is gathered anew, after a start or a gap in which nobody looked.
    pub(super) warming_from: Option<Timestamp>,
    /// Laggard was started since it was last read.
    started: bool,
    pub(super) flow: Flow,
    pub(super) loads: Loads,
    pub(super) turnover: Turnover,
    pub(super) lost: Lost,
    /// The cause that was last shown, by name, and since when.
    pub(super) diagnosed: Option<(String, Timestamp)>,
    pub(super) members_changed_at: Option<Timestamp>,
    /// Since when members have come and gone with no rest in between.
    restless_since: Option<Timestamp>,
    #[serde(default)]
    pub(super) lateness: Lateness,
    pub(super) last_active: Timestamp,
    pub(super) trend: VecDeque<TrendPoint>,
    pub(super) events: VecDeque<Event>,
    /// Complete listings in a row that did not name it.
    pub(super) missing: u8,
    /// What the settings say; looked up anew where a checkpoint is taken up.
    #[serde(skip)]
    pub(super) policy: Arc<Policy>,
    pub(super) status: Option<(crate::model::Status, Timestamp)>,
    pub(super) dirty: bool,
    /// Some row's lag is so small that it may be markers only.
    pub(super) near_end: bool,
    /// Some row's time lag is less sure than it could be made.
    pub(super) wide: bool,
    pub(super) lively: bool,
    /// An answer was overdue when it was last rebuilt.
    was_overdue: bool,
    pub(super) wake_at: Option<Timestamp>,
    /// The generation at which its part was last built; 0: never.
    pub(super) generation: u64,
    /// Made anew where a checkpoint is taken up.
    #[serde(skip)]
    pub(super) snapshot: Option<Arc<GroupSnapshot>>,
}

fn yes() -> bool {
    true
}

fn is_rebalancing(state: GroupState) -> bool {
    use GroupState::{Assigning, CompletingRebalance, PreparingRebalance, Reconciling};
    matches!(
        state,
        PreparingRebalance | CompletingRebalance | Assigning | Reconciling
    )
}

/// A mark by which a member is told from another; never 0.
fn mark_of(member: &Member) -> u32 {
    let mut hasher = rustc_hash::FxHasher::default();
    std::hash::Hasher::write(&mut hasher, member.member_id.as_str().as_bytes());
    (std::hash::Hasher::finish(&hasher) >> 32) as u32 | 1
}

/// What a fold of commits calls for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FoldedCommits {
    /// A loss was seen once: read the commits again.
    pub(super) confirm: bool,
}

impl Group {
    pub(super) fn new(id: GroupId, at: Timestamp, policy: Arc<Policy>) -> Self {
        Self {
            id,
            group_type: GroupType::Unknown,
            protocol_type: Arc::from(""),
            state: None,
            listing_failed: None,
            description: None,
            members: None,
            describe_failed: None,
            commits_failed: None,
            commits_read: false,
            oldest_answer: None,
            fresh: 0,
            listing: 0,
            may_lack_rows: true,
            measured: None,
            topics: Vec::new(),
            silence: Silence::default(),
            warming_from: None,
            started: false,
            flow: Flow::default(),
            loads: Loads::default(),
            turnover: Turnover::default(),
            lost: Lost::default(),
            diagnosed: None,
            members_changed_at: None,
            restless_since: None,
            lateness: Lateness::default(),
            last_active: at,
            trend: VecDeque::new(),
            events: VecDeque::new(),
            missing: 0,
            policy,
            status: None,
            dirty: true,
            near_end: false,
            wide: false,
            lively: true,
            was_overdue: false,
            wake_at: None,
            generation: 0,
            snapshot: None,
        }
    }

    /// The clock was set back by about `by`, to `at`: what has its place in time goes. How it behaves
    /// stays, and what happened to it.
    pub(super) fn set_back(&mut self, at: Timestamp, by: Span) {
        let mut anew = Self::new(self.id.clone(), at, Arc::clone(&self.policy));
        std::mem::swap(self, &mut anew);
        let before = anew;
        self.group_type = before.group_type;
        self.topics = before.topics;
        for rows in &mut self.topics {
            rows.rows.iter_mut().for_each(|row| row.set_back(at, by));
            rows.within = None;
        }
        self.protocol_type = before.protocol_type;
        self.listing = before.listing;
        self.silence = before.silence.set_back(by);
        self.lateness = before.lateness.set_back(by);
        self.status = before.status.map(|(status, since)| (status, since - by));
        let events = before.events.into_iter();
        self.events = events.map(|e| Event { at: e.at - by, ..e }).collect();
        self.started = true;
    }

    /// Takes in its line of a listing.
    pub(super) fn list(&mut self, listed: &ListedGroup, at: Timestamp) {
        self.missing = 0;
        self.dirty |= self.listing_failed.take().is_some();
        if listed.group_type != GroupType::Unknown && self.group_type != listed.group_type {
            self.group_type = listed.group_type.clone();
            self.dirty = true;
        }
        if self.protocol_type != listed.protocol_type {
            self.protocol_type = Arc::clone(&listed.protocol_type);
            self.dirty = true;
        }
        if listed.state != GroupState::Unknown {
            self.take_state(listed.state, at);
        }
        if listed.state == GroupState::Empty && self.members.as_ref().is_some_and(|m| !m.is_empty())
        {
            // The listing is newer than the description: nobody is left.
            self.take_members(Some(Vec::new()), at);
        }
    }

    /// A listing that was not complete did not name it.
    pub(super) fn not_listed(&mut self, why: &Why) {
        self.dirty |= self.listing_failed.is_none();
        self.listing_failed.get_or_insert_with(|| why.clone());
    }

    fn take_state(&mut self, state: GroupState, at: Timestamp) {
        if self.state.is_none_or(|(_, read_at)| at >= read_at) {
            // Whoever told it, it is read anew: that a listing left the group out counts no more.
            self.dirty |= self.listing_failed.take().is_some();
        }
        match &mut self.state {
            Some((old, read_at)) if *old == state => *read_at = at.max(*read_at),
            Some((_, read_at)) if *read_at > at => {}
            before => {
                let was = before.replace((state, at)).map(|(old, _)| old);
                self.dirty = true;
                if let Some(was) = was {
                    self.event(at, EventKind::State, format!("{was:?} → {state:?}"));
                    if is_rebalancing(state) && !is_rebalancing(was) {
                        self.turnover.rebalances(at);
                    }
                }
            }
        }
    }

    /// Takes in a description.
    pub(super) fn describe(&mut self, description: &Arc<GroupDescription>, answered: Timestamp) {
        self.dirty |= self.describe_failed.take().is_some();
        if description.state != GroupState::Unknown {
            self.take_state(description.state, answered);
        }
        let same = self.description.as_deref() == Some(&**description);
        if same {
            return;
        }
        if description.group_type != GroupType::Unknown {
            self.group_type = description.group_type.clone();
        }
        if let Some(protocol) = &description.protocol_type {
            self.protocol_type = Arc::clone(protocol);
        }
        self.take_members(description.members.clone(), answered);
        self.description = Some(Arc::clone(description));
        self.dirty = true;
    }

    fn take_members(&mut self, members: Option<Vec<Member>>, at: Timestamp) {
        let was = self.members.take();
        self.members = members.map(Arc::from);
        self.loads
            .rename(self.members.as_deref().unwrap_or_default());
        // That it is told now what they subscribe to changes no place.
        let places = |all: &[Member]| -> Vec<_> {
            let place = |m: &Member| (m.member_id.clone(), m.assignment.clone());
            all.iter().map(place).collect()
        };
        if let (Some(was), Some(is)) = (was, self.members.clone())
            && *was != *is
            && places(&was) != places(&is)
        {
            self.members_changed(&was, &is, at);
        }
        self.assign_owners();
        self.may_lack_rows = true;
        self.dirty = true;
    }

    fn members_changed(&mut self, was: &[Member], is: &[Member], at: Timestamp) {
        let missing = |from: &[Member], of: &[Member]| {
            of.iter()
                .filter(|m| !from.iter().any(|f| f.member_id == m.member_id))
                .count()
        };
        let (joined, left) = (missing(was, is), missing(is, was));
        if !self.turns_over(at) {
            self.restless_since = Some(at);
        }
        self.members_changed_at = Some(at);
        self.turnover.members(was, is, at);
        if joined > 0 {
            self.event(
                at,
                EventKind::Joined,
                format!("{joined} joined, {} members", is.len()),
            );
        }
        if left > 0 {
            self.event(
                at,
                EventKind::Left,
                format!("{left} left, {} members", is.len()),
            );
        }
        if joined == 0 && left == 0 {
            self.event(
                at,
                EventKind::Rebalanced,
                "partitions changed hands".to_owned(),
            );
        }
    }

    /// Sets each row's owner from the members' assignments.
    fn assign_owners(&mut self) {
        self.measured = None;
        for rows in &mut self.topics {
            rows.rows.iter_mut().for_each(|r| r.owner = None);
        }
        let members = self.members.clone();
        for (index, member) in members.iter().flat_map(|m| m.iter()).enumerate() {
            let mark = mark_of(member);
            for assigned in &member.assignment {
                let Ok(place) = self
                    .topics
                    .binary_search_by(|t| t.topic.cmp(&assigned.topic))
                else {
                    continue;
                };
                let rows = &mut self.topics[place].rows;
                for partition in &assigned.partitions {
                    if let Ok(i) = rows.binary_search_by_key(partition, |r| r.partition) {
                        rows[i].owner = u32::try_from(index).ok();
                        rows[i].owned_by(mark);
                    }
                }
            }
        }
    }

    /// Partitions that its members own and for which there is no row yet, with their topics. It looks
    /// only where one may have come to lack: whoever asks adds them.
    pub(super) fn assigned_without_row(&mut self) -> Vec<(TopicName, PartitionId)> {
        if !std::mem::take(&mut self.may_lack_rows) {
            return Vec::new();
        }
        let members = self.members.iter().flat_map(|m| m.iter());
        let mut missing = Vec::new();
        for assigned in members.flat_map(|m| &m.assignment) {
            let lacks = |p: &&PartitionId| self.row(&assigned.topic, **p).is_none();
            let lacking = assigned.partitions.iter().filter(lacks);
            missing.extend(lacking.map(|p| (assigned.topic.clone(), *p)));
        }
        missing
    }

    fn row(&self, topic: &TopicName, partition: PartitionId) -> Option<&Row> {
        let rows = &self.topics[self.topics.binary_search_by(|t| t.topic.cmp(topic)).ok()?].rows;
        rows.binary_search_by_key(&partition, |r| r.partition)
            .ok()
            .map(|i| &rows[i])
    }

    /// A row for a partition that a member owns: its commit is still to be read, or there is none.
    pub(super) fn add_row(
        &mut self,
        topic: &TopicName,
        key: TopicKey,
        partition: PartitionId,
        at: Timestamp,
    ) {
        let read = self.commits_read;
        let TopicRows { rows, within, .. } = self.rows_of(topic, key);
        *within = None;
        if let Err(place) = rows.binary_search_by_key(&partition, |r| r.partition) {
            let mut row = Row::new(partition, at);
            if read {
                row.commit = super::row::Commit::Never;
            }
            rows.insert(place, row);
            self.dirty = true;
        }
    }

    /// Owners of rows that were added after the members were read.
    pub(super) fn refresh_owners(&mut self) {
        // What grew row by row takes up to twice what it needs.
        self.topics.iter_mut().for_each(|t| t.rows.shrink_to_fit());
        self.assign_owners();
    }

    /// The slot of a topic that it has rows of.
    pub(super) fn key_of(&self, topic: &TopicName) -> Option<TopicKey> {
        let place = self.topics.binary_search_by(|t| t.topic.cmp(topic)).ok()?;
        Some(self.topics[place].key)
    }

    fn rows_of(&mut self, topic: &TopicName, key: TopicKey) -> &mut TopicRows {
        let place = match self.topics.binary_search_by(|t| t.topic.cmp(topic)) {
            Ok(place) => place,
            Err(place) => {
                self.dirty = true;
                let rows = TopicRows {
                    topic: topic.clone(),
                    key,
                    rows: Vec::new(),
                    within: None,
                };
                self.topics.insert(place, rows);
                place
            }
        };
        &mut self.topics[place]
    }

    /// Takes in the commits on one topic. `log` gives a partition's facts.
    pub(super) fn take_commits(
        &mut self,
        commits: &TopicCommits,
        key: TopicKey,
        topic: &Topic,
        (asked, answered): (Timestamp, Timestamp),
    ) -> FoldedCommits {
        let mut folded = FoldedCommits::default();
        let (mut changed, mut moved, mut added) = (false, false, false);
        let (mut lost, mut back, mut fresh) = (0, Vec::new(), 0);
        let (mut skipped, mut waiting) = (Vec::new(), None::<Timestamp>);
        let (mut leapt, mut was_stuck) = (Vec::new(), false);
        let expires = topic.expires();
        let spacing = spacing(self.silence.pace());
        let TopicRows { rows, within, .. } = self.rows_of(&commits.topic, key);
        let calm = *within == Some(topic.version);
        rows.reserve_exact(commits.partitions.len().saturating_sub(rows.len()));
        let mut next = 0;
        for read in &commits.partitions {
            // Answers come in order: look where the last one was found first.
            let place = match rows.get(next) {
                Some(row) if row.partition == read.partition => next,
                _ => match rows.binary_search_by_key(&read.partition, |r| r.partition) {
                    Ok(place) => place,
                    Err(place) => {
                        rows.insert(place, Row::new(read.partition, answered));
                        added = true;
                        place
                    }
                },
            };
            next = place + 1;
            if calm && rows[place].is_told_again(&read.offset, (asked, answered)) {
                fresh += 1;
                continue;
            }
            let log = topic.partition(read.partition);
            let commit = CommitAt {
                offset: &read.offset,
                committed_at: read.committed_at,
                asked,
                answered,
                expires,
            };
            let took: Took = rows[place].take(commit, log, spacing);
            fresh += usize::from(took.fresh);
            changed |= took.changed;
            moved |= took.moved;
            waiting = match (waiting, took.waiting) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            folded.confirm |= took.confirm;
            lost += took.lost;
            if took.skipped > 0 {
                skipped.push((rows[place].owner, took.skipped));
            }
            was_stuck |= took.was_stuck && took.moved;
            leapt.extend(took.leapt.map(|(from, to)| (read.partition, from, to)));
            back.extend(took.went_back.map(|(from, to)| (read.partition, from, to)));
        }
        if changed || added {
            *within = None;
        } else if !calm {
            let mut all = rows.iter();
            let inside = all.all(|r| r.lies_within(topic.partition(r.partition)));
            *within = inside.then_some(topic.version);
        }
        if changed || moved {
            self.measured = None;
        }
        if added {
            self.assign_owners();
        }
        self.fresh += fresh;
        self.note_losses(&commits.topic, lost, answered);
        self.note_resets(&commits.topic, &back, answered);
        self.note_leaps(&commits.topic, &leapt, answered);
        self.note_skipped(&skipped);
        if moved {
            self.silence.commit(answered, waiting, was_stuck);
            self.last_active = answered;
        }
        self.dirty |= changed || added || self.lively;
        folded
    }

    fn note_losses(&mut self, topic: &TopicName, lost: i64, at: Timestamp) {
        if lost > 0 && self.lost.note(at, lost) {
            let text = format!("{lost} records of {topic} were deleted unread");
            self.event(at, EventKind::Lost, text);
        }
        self.dirty |= lost > 0;
    }

    fn note_resets(
        &mut self,
        topic: &TopicName,
        back: &[(PartitionId, Offset, Offset)],
        at: Timestamp,
    ) {
        let text = match back {
            [] => return,
            [(partition, from, to)] => {
                format!("partition {partition} of {topic} went back from {from} to {to}")
            }
            many => {
                let records: i64 = many.iter().map(|(_, from, to)| from - to).sum();
                let count = many.len();
                format!("{count} partitions of {topic} went back, {records} records in all")
            }
        };
        self.lateness.interrupt();
        self.event(at, EventKind::Reset, text);
    }

    fn note_leaps(
        &mut self,
        topic: &TopicName,
        leapt: &[(PartitionId, Offset, Offset)],
        at: Timestamp,
    ) {
        let (which, records) = match leapt {
            [] => return,
            [(partition, from, to)] => (
                format!("partition {partition} of {topic} went ahead from {from} to {to}"),
                to - from,
            ),
            many => (
                format!("{} partitions of {topic} went ahead", many.len()),
                many.iter().map(|(_, from, to)| to - from).sum(),
            ),
        };
        let text = format!(
            "{which} at one stroke: {records} records were skipped, or read far faster than ever seen"
        );
        self.lateness.interrupt();
        self.event(at, EventKind::Reset, text);
    }

    /// What was passed over because it was gone is nothing that flowed, and nothing that a member
    /// has read.
    fn note_skipped(&mut self, skipped: &[(Option<u32>, i64)]) {
        for (owner, records) in skipped {
            self.flow.skip(*records);
            if let Some(owner) = owner {
                self.loads.skip(*owner as usize, *records);
            }
            self.lateness.interrupt();
        }
    }

    /// Forgets what spares the next fold a closer look.
    pub(super) fn forget_shortcuts(&mut self) {
        (self.may_lack_rows, self.measured) = (true, None);
        self.topics.iter_mut().for_each(|t| t.within = None);
    }

    /// Laggard was started: what was known is from before.
    pub(super) fn start(&mut self) {
        self.started = true;
    }

    /// Notes whether this read comes after a start, or after a gap in which nobody looked.
    fn note_gap(&mut self, answered: Timestamp, interval: Span) {
        let longest = interval.times(3).max(LONGEST_PAUSE);
        let gap = self
            .silence
            .last_seen()
            .is_some_and(|seen| answered - seen > longest);
        if gap || std::mem::take(&mut self.started) {
            self.warming_from = Some(answered);
            self.dirty = true;
        }
    }

    /// Takes measure of what flows and what members bear, once a bin has passed.
    pub(super) fn measure(
        &mut self,
        topics: &SlotMap<TopicKey, Topic>,
        at: Timestamp,
        interval: Span,
    ) {
        if !self.flow.is_due(at, interval) {
            return;
        }
        let gap = self.silence.typical_gap().max(interval);
        let recent = at - gap.times(2);
        let versions = self.versions(topics);
        let same = self.measured;
        let same = same.filter(|m| m.versions == versions && m.gap == gap);
        // Where nothing moved and nothing is young, another look would see the same.
        let (sums, oldest) = if let Some(same) = same {
            (same.sums, same.oldest)
        } else {
            let look = self.standings(topics, recent);
            self.loads.note(&look.standings, gap);
            let (sums, oldest) = (look.sums, look.oldest);
            self.measured = (!look.young).then_some(Measured {
                versions,
                gap,
                sums,
                oldest,
            });
            (sums, oldest)
        };
        let moving = self.last_active >= recent - SESSION_GAP && !self.turns_over(at);
        if moving {
            let age = oldest.map_or(Span::ZERO, |oldest| oldest.age_at(at));
            self.lateness.note(at, age, gap.times(2));
        } else {
            self.lateness.interrupt();
        }
        let (came, read) = self.flow.note(at, sums);
        self.dirty |= self.flow.moves();
        self.note_change(came, EventKind::ArrivalRate, at);
        self.note_change(read, EventKind::ConsumeRate, at);
    }

    /// The versions of its topics' facts, added up.
    fn versions(&self, topics: &SlotMap<TopicKey, Topic>) -> u64 {
        let of = |rows: &TopicRows| topics.get(rows.key).map_or(0, |t| t.version);
        self.topics.iter().map(of).sum()
    }

    /// What flowed over all rows that take part. What was written before `recent` and is unread is a
    /// backlog.
    fn standings(&self, topics: &SlotMap<TopicKey, Topic>, recent: Timestamp) -> Look {
        let mut look = Look {
            standings: vec![Standing::default(); self.loads.len()],
            ..Look::default()
        };
        let rows = |t: &TopicRows| t.rows.iter().any(|r| r.owner.is_some());
        let owns_something = self.topics.iter().any(rows);
        for in_topic in self.topics.iter().filter(|t| !owns_something || rows(t)) {
            let Some(topic) = topics.get(in_topic.key) else {
                continue;
            };
            for row in &in_topic.rows {
                let log = topic.partition(row.partition);
                let (Some(c), Some(end)) = (row.offset(), log.and_then(|l| l.end.offset())) else {
                    continue;
                };
                look.sums.parts += 1;
                look.sums.came = look.sums.came.saturating_add(end);
                look.sums.read = look.sums.read.saturating_add(c);
                let unread = log.and_then(|l| l.history.bracket(c));
                let since = unread.map(|b| b.until.when);
                look.oldest = look.oldest.into_iter().chain(since).min();
                look.young |= since.is_some_and(|since| since > recent);
                let member = row.owner.map(|owner| owner as usize);
                if let Some(member) = member.and_then(|m| look.standings.get_mut(m)) {
                    member.at = member.at.max(row.moved_at.unwrap_or(row.first_seen));
                    member.done = member.done.saturating_add(c);
                    member.rows += 1;
                    member.backlogged += u32::from(since.is_some_and(|since| since <= recent));
                }
            }
        }
        look
    }

    fn note_change(&mut self, change: Option<Change>, kind: EventKind, seen: Timestamp) {
        let Some(change) = change else {
            return;
        };
        // A restless group's changes must not crowd out what else happened.
        let is_change =
            |e: &Event| matches!(e.kind, EventKind::ArrivalRate | EventKind::ConsumeRate);
        if self.events.iter().filter(|e| is_change(e)).count() >= CHANGES
            && let Some(oldest) = self.events.iter().position(is_change)
        {
            self.events.remove(oldest);
        }
        let what = if kind == EventKind::ArrivalRate {
            "come in"
        } else {
            "are read"
        };
        let since = change.at.age_at(seen);
        let text = format!(
            "{:.1} records/s {what} since {since} before, {:.1} until then",
            change.to, change.from
        );
        self.event(seen, kind, text);
    }

    /// The whole of its commits was read: rows that were not named have none.
    pub(super) fn commits_done(
        &mut self,
        named: &[TopicCommits],
        complete: bool,
        (asked, answered): (Timestamp, Timestamp),
        interval: Span,
    ) {
        self.note_gap(answered, interval);
        self.dirty |= self.commits_failed.take().is_some() || !self.commits_read;
        self.commits_read = true;
        self.silence.seen(answered);
        // Nearly always all of them were answered now: no need to look at each.
        let fresh = std::mem::take(&mut self.fresh);
        let rows: usize = self.topics.iter().map(|t| t.rows.len()).sum();
        self.oldest_answer = (fresh == rows).then_some(answered);
        if !complete || fresh == rows {
            return;
        }
        for rows in &mut self.topics {
            let found = named.binary_search_by(|n| n.topic.cmp(&rows.topic)).ok();
            let read = found.map_or(&[][..], |i| &named[i].partitions[..]);
            if read.len() == rows.rows.len() {
                continue;
            }
            for row in &mut rows.rows {
                if read
                    .binary_search_by_key(&row.partition, |r| r.partition)
                    .is_err()
                {
                    let none = CommitAt {
                        offset: &Ok(None),
                        committed_at: None,
                        asked,
                        answered,
                        expires: true,
                    };
                    let changed = row.take(none, None, Span::ZERO).changed;
                    if changed {
                        (rows.within, self.measured) = (None, None);
                    }
                    self.dirty |= changed;
                }
            }
        }
    }

    /// Its commits could not be read.
    pub(super) fn commits_not_read(&mut self, at: Timestamp, why: &Why) {
        if self.commits_failed.as_ref().is_none_or(|(_, w)| w != why) {
            self.commits_failed = Some((at, why.clone()));
            self.dirty = true;
        }
    }

    /// Its description could not be read.
    pub(super) fn not_described(&mut self, at: Timestamp, why: &Why) {
        if self.describe_failed.as_ref().is_none_or(|(_, w)| w != why) {
            self.describe_failed = Some((at, why.clone()));
            self.dirty = true;
        }
    }

    /// A topic is no more: what was read of it goes with it.
    pub(super) fn forget_topic(&mut self, key: TopicKey, at: Timestamp) {
        if let Some(i) = self.topics.iter().position(|t| t.key == key) {
            let gone = self.topics.remove(i);
            (self.may_lack_rows, self.measured) = (true, None);
            self.event(
                at,
                EventKind::Topic,
                format!("topic {} was deleted", gone.topic),
            );
            self.dirty = true;
        }
    }

    /// A topic's log is another one now: its id, or else its ends, said so at this instant.
    pub(super) fn wipe_topic(&mut self, key: TopicKey, made_anew: bool, at: Timestamp) {
        let Some(rows) = self.topics.iter_mut().find(|t| t.key == key) else {
            return;
        };
        rows.rows.iter_mut().for_each(Row::wipe);
        rows.within = None;
        let text = if made_anew {
            format!("topic {} was deleted and made anew", rows.topic)
        } else {
            format!(
                "a log of topic {} ends before where it ended: records were cut off, or it is another one",
                rows.topic
            )
        };
        self.event(at, EventKind::Topic, text);
    }

    /// Notes an event.
    pub(super) fn event(&mut self, at: Timestamp, kind: EventKind, text: String) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event {
            at,
            kind,
            text: text.into(),
        });
        self.dirty = true;
    }

    /// Kafka's state of it, with its honesty.
    pub(super) fn state(&self, now: &mut Now) -> Reading<GroupState> {
        let Some((state, read_at)) = self.state else {
            return Reading::unknown(self.listing_failed.clone().unwrap_or(Why::NOT_READ_YET));
        };
        staleness(self.listing_failed.as_ref(), read_at, now)
            .map_or(Reading::Known(state), |s| s.reading(state))
    }

    /// The state as last read.
    pub(super) fn last_state(&self) -> Option<GroupState> {
        self.state.map(|(state, _)| state)
    }

    /// Since when members have been coming and going, if the last did so lately that growth says
    /// nothing.
    pub(super) fn settling(&self, now: &mut Now) -> Option<Timestamp> {
        self.restless_since.filter(|_| {
            self.members_changed_at
                .is_some_and(|at| !now.reached(at + SETTLE))
        })
    }

    fn turns_over(&self, at: Timestamp) -> bool {
        self.members_changed_at
            .is_some_and(|last| at < last + SETTLE)
    }

    /// Whether it must be rebuilt at `now` with no new fact.
    pub(super) fn is_due(&mut self, now: &Now) -> bool {
        let woken = self.wake_at.is_some_and(|w| w <= now.at);
        // The state is read with each listing; rows are read together, or fail on their own.
        let state_at = self.state.map(|(_, at)| at);
        let oldest = *self.oldest_answer.get_or_insert_with(|| {
            let rows = self.topics.iter().flat_map(|t| &t.rows);
            rows.map(|r| r.answered)
                .min()
                .unwrap_or(Timestamp::from_millis(i64::MAX / 2))
        });
        let overdue = now.overdue(oldest) || state_at.is_some_and(|at| now.overdue(at));
        std::mem::replace(&mut self.was_overdue, overdue) || overdue || woken
    }

    /// Adds a point to the trend if it says something else than the last. A point per interval at
    /// the most: the last one moves until then.
    pub(super) fn note_trend(&mut self, point: TrendPoint, interval: Span) {
        if self.trend.back().is_some_and(|p| p.says_the_same(point)) {
            return;
        }
        let crowded = self.trend.len() >= 2 && {
            let before = self.trend[self.trend.len() - 2];
            point.at - before.at < interval.max(TREND_EACH)
        };
        if crowded {
            self.trend.pop_back();
        } else if self.trend.len() == TREND {
            self.trend.pop_front();
        }
        self.trend.push_back(point);
    }
}
