//! What the rules look at: a group's partitions with what each gets, what is read of it, and how
//! late it is.

use std::sync::Arc;

use crate::model::{
    BrokerId, Evidence, GroupState, Member, Offset, PartitionId, PartitionRow, Policy, Span,
    Status, TimeLag, Timestamp, TopicSnapshot,
};

use super::super::group::Group;
use super::super::group_view::Shared;
use super::super::now::Now;
use super::super::row::Row;
use super::super::row_view::usual;

/// Lateness below this is no lag to explain.
const LATE: Span = Span::from_secs(60);

/// Under one owner alone, a frozen partition is put down to a record only after this long.
const LONG: Span = Span::from_secs(600);
/// Over so long the whole group's rates are taken.
const EVIDENCE: Span = Span::from_secs(300);

/// One partition.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Index into the group's topics.
    pub(super) topic: u32,
    pub(super) partition: PartitionId,
    /// Index into the group's members.
    pub(super) owner: Option<u32>,
    pub(super) leader: Option<BrokerId>,
    pub(super) committed: Offset,
    pub(super) effective_lag: i64,
    /// It is later than is fine, for certain.
    pub(super) lagging: bool,
    /// Age of its oldest unread record in seconds, when the group last committed anything.
    pub(super) late: f64,
    /// It does not move although something is unread: since then.
    pub(super) frozen: Option<Timestamp>,
    /// It has stood for so long that one owner is enough to tell.
    pub(super) frozen_long: bool,
    /// When its commit last moved.
    pub(super) moved_at: Option<Timestamp>,
    /// Owners that it has had since, the present one included.
    pub(super) owners: u32,
    /// Records a second coming in.
    pub(super) arrival: Option<f64>,
    /// Records a second being read.
    pub(super) consume: Option<f64>,
}

/// A group that lags.
pub(super) struct Picture<'a> {
    pub(super) parts: Vec<Part>,
    pub(super) topics: &'a [Arc<TopicSnapshot>],
    pub(super) members: &'a [Member],
    /// Records a second that were read and that came in, over the last minutes.
    pub(super) flow: Option<(f64, f64)>,
    /// The most that all members together have been seen to read.
    pub(super) most: Option<f64>,
    /// What as many members read while they kept up.
    pub(super) calm: Option<f64>,
    /// What each member has been seen to read under load, or at the most.
    pub(super) capacities: Vec<Option<f64>>,
    /// The most that each member has been seen to read, older sights counting less.
    pub(super) seen: Vec<Option<f64>>,
}

impl<'a> Picture<'a> {
    /// The picture of a group that lags and whose members are there; `None`: there is nothing to
    /// explain, or its status says all.
    pub(super) fn of(
        group: &'a Group,
        rows: &[PartitionRow],
        topics: &'a [Arc<TopicSnapshot>],
        shared: &Shared,
        now: &mut Now,
    ) -> Option<Self> {
        let members = group.members.as_deref().filter(|m| !m.is_empty())?;
        if matches!(
            group.last_state(),
            None | Some(GroupState::Empty | GroupState::Dead)
        ) {
            return None;
        }
        let fine = lateness(&group.policy, shared);
        // Nearly all groups end here.
        let needs_a_cause =
            |r: &PartitionRow| is_explained_by_lag(r).then(|| late_since(r)).flatten();
        if !rows
            .iter()
            .any(|r| needs_a_cause(r).is_some_and(|t| now.reached(t + fine)))
        {
            return None;
        }
        let shown = |name| topics.binary_search_by(|t| t.topic.cmp(name)).is_ok();
        let facts = group.topics.iter().filter(|t| shown(&t.topic));
        let facts = facts.flat_map(|t| &t.rows);
        let parts: Vec<Part> = rows
            .iter()
            .zip(facts)
            .filter_map(|(row, fact)| {
                row.verdict.as_ref()?;
                let log = topics.get(row.topic as usize)?.partition(row.partition);
                // What is committed rarely is late only beyond its own pauses.
                let own = lateness_of(fact, &group.policy, shared).max(fine);
                let frozen = frozen(row, fact.moved_at.unwrap_or(fact.first_seen));
                Some(Part {
                    topic: row.topic,
                    partition: row.partition,
                    owner: row.owner,
                    leader: log.and_then(|l| l.leader),
                    committed: row.committed_offset.value()?,
                    effective_lag: row.effective_lag.value()?,
                    lagging: needs_a_cause(row).is_some_and(|t| now.reached(t + own)),
                    late: row
                        .time_lag
                        .value()
                        .map_or(0.0, |t| t.age(group.last_active).as_secs_f64()),
                    frozen,
                    frozen_long: frozen.is_some_and(|t| now.reached(t + LONG)),
                    moved_at: fact.moved_at,
                    owners: u32::from(fact.owner_changes) + 1,
                    arrival: log.and_then(|l| l.arrival_rate.value()),
                    consume: row.consume_rate.value(),
                })
            })
            .collect();
        if !parts.iter().any(|part| part.lagging) {
            return None;
        }
        let flow = group.flow.rates_over(EVIDENCE);
        let capacity = |m: usize| group.loads.capacity(m).value();
        Some(Self {
            parts,
            topics,
            members,
            flow: flow.map(|(came, read)| (read, came)),
            most: group.loads.most(group.last_active),
            calm: group.loads.calm(),
            capacities: (0..members.len()).map(capacity).collect(),
            seen: group.loads.seen(group.last_active),
        })
    }

    /// The name of a part's topic.
    pub(super) fn topic(&self, part: &Part) -> crate::model::TopicName {
        self.topics[part.topic as usize].topic.clone()
    }

    /// How many lag.
    pub(super) fn lagging(&self) -> usize {
        self.parts.iter().filter(|p| p.lagging).count()
    }

    /// How many members own something.
    pub(super) fn members_at_work(&self) -> f64 {
        distinct(self.parts.iter())
    }

    /// How many own something that lags.
    pub(super) fn members_late(&self) -> f64 {
        distinct(self.parts.iter().filter(|p| p.lagging))
    }

    /// What all of these read together, and what comes in for them; unknown if any is.
    pub(super) fn rates<'p>(parts: impl Iterator<Item = &'p Part>) -> Option<(f64, f64)> {
        parts
            .map(|p| p.consume.zip(p.arrival))
            .try_fold((0.0, 0.0), |sum, one| {
                let (consume, arrival) = one?;
                Some((sum.0 + consume, sum.1 + arrival))
            })
    }

    /// Why no rule speaks.
    pub(super) fn what_is_missing(&self) -> String {
        let (lagging, all) = (self.lagging(), self.parts.len());
        if self.calm.is_none() && lagging * 5 >= all * 4 {
            return format!(
                "{lagging} of {all} partitions lag, and what its members can read when all is well was not seen"
            );
        }
        format!("{lagging} of {all} partitions lag, and their numbers fit no single cause")
    }
}

/// How many members own these; nobody's count as one more.
fn distinct<'p>(parts: impl Iterator<Item = &'p Part>) -> f64 {
    let owners: std::collections::BTreeSet<Option<u32>> = parts.map(|p| p.owner).collect();
    owners.len() as f64
}

/// How late is late: what its policy says, else beyond what polls, commits and quiet spells make.
fn lateness(policy: &Policy, shared: &Shared) -> Span {
    let usual = Span::from_millis(shared.usual.silence.as_millis() / 4 * 5);
    policy
        .max_time_lag
        .unwrap_or_else(|| LATE.max(shared.gap.times(6)).max(usual))
}

/// How late is late for one partition, by its own pauses: a member that commits rarely does so at
/// other times than the others.
fn lateness_of(row: &Row, policy: &Policy, shared: &Shared) -> Span {
    let usual = usual(shared, row).silence;
    match policy.max_time_lag {
        Some(_) => Span::ZERO,
        None => Span::from_millis(usual.as_millis() / 4 * 5),
    }
}

/// Whether its status is one that some cause must explain, and not a cause itself, as an open
/// transaction is.
fn is_explained_by_lag(row: &PartitionRow) -> bool {
    row.verdict.as_ref().is_some_and(|v| {
        let held_back = matches!(v.evidence.as_deref(), Some(Evidence::HeldBack { .. }));
        !held_back
            && matches!(
                v.status,
                Status::Stalled
                    | Status::FallingBehind
                    | Status::Suspect
                    | Status::Steady
                    | Status::DataLoss
                    | Status::Unknown
            )
    })
}

/// When its oldest unread record came in, at the latest.
fn late_since(row: &PartitionRow) -> Option<Timestamp> {
    match row.time_lag.known()? {
        TimeLag::Behind { until, .. } => Some(until),
        TimeLag::CaughtUp => None,
    }
}

/// Since when it stands although something is unread, if its status says that it does.
fn frozen(row: &PartitionRow, since: Timestamp) -> Option<Timestamp> {
    let status = row.verdict.as_ref()?.status;
    matches!(status, Status::Stalled | Status::Suspect).then_some(since)
}
