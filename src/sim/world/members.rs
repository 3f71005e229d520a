//! Who is in a group when, and who owns what: joins, leaves, rebalances, assignment.
//!
//! In: a [`GroupSpec`] and its rows. Out: segments of time with constant membership, built as far as they are needed.
//! Nothing here depends on how far the group has read.

use super::assign::assign;
use super::changes::{Change, changes};
use super::group::Row;
use crate::sim::spec::{Assignor, Event, EventKind, GroupSpec, Millis, Protocol, SECOND, Schedule};

/// How long an owner that gave up takes to come back.
const RESTART: Millis = 20 * SECOND;

/// A stretch of time in which nobody joins or leaves.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Since when.
    pub(super) at: Millis,
    /// When the rebalance that began it is over.
    pub(super) settles: Millis,
    /// Members by their index, with how often each has joined.
    pub(super) present: Vec<(usize, u32)>,
    /// The owner of each row.
    pub(super) owners: Vec<Option<usize>>,
    /// Which rows stand still until it settles.
    pub(super) paused: Vec<bool>,
    /// Which rows' last owner went without a commit.
    pub(super) abandoned: Vec<bool>,
    /// Rebalances so far.
    pub(super) generation: i32,
}

/// A group's segments, as far as they are built.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub(super) segments: Vec<Segment>,
    until: Millis,
    joins: Vec<u32>,
}

impl Timeline {
    /// From `start` on.
    pub(super) fn new(spec: &GroupSpec, rows: &[Row], start: Millis) -> Self {
        let there =
            spec.schedule == Schedule::Always && spec.since.is_none_or(|since| since <= start);
        let present: Vec<(usize, u32)> = if there {
            (0..spec.members.len()).map(|m| (m, 1)).collect()
        } else {
            vec![]
        };
        let owners = assign(
            spec.protocol_at(start),
            rows,
            &present,
            &vec![None; rows.len()],
        );
        let first = Segment {
            at: start,
            settles: start,
            present,
            owners,
            paused: vec![false; rows.len()],
            abandoned: vec![false; rows.len()],
            generation: 1,
        };
        Self {
            segments: vec![first],
            until: start,
            joins: vec![u32::from(there); spec.members.len()],
        }
    }

    /// The segment at `t`, which must lie within what is built.
    pub(super) fn at(&self, t: Millis) -> &Segment {
        let after = self.segments.partition_point(|segment| segment.at <= t);
        &self.segments[after.saturating_sub(1)]
    }

    /// Up to where it is built.
    pub(super) fn built(&self) -> Millis {
        self.until
    }

    /// Builds on up to `to`.
    pub(super) fn extend(
        &mut self,
        spec: &GroupSpec,
        rows: &[Row],
        poisoned: &[(usize, usize)],
        to: Millis,
    ) {
        if to <= self.until {
            return;
        }
        let mut changes = changes(spec, poisoned, self.until, to);
        changes.sort_by_key(|(at, change)| (*at, matches!(change, Change::Join(_))));
        let mut queue: std::collections::VecDeque<(Millis, Change)> = changes.into();
        while let Some((at, change)) = queue.pop_front() {
            if let Change::Fail(row) = change {
                if let Some(owner) = self.last().owners[row] {
                    self.change(spec, rows, at, Change::Leave(owner), false);
                    self.change(spec, rows, at + RESTART, Change::Join(owner), true);
                }
                continue;
            }
            let graceful = !spec
                .events
                .iter()
                .any(|event| matches!(event.kind, EventKind::Storm { .. }) && event.covers(at));
            self.change(spec, rows, at, change, graceful);
        }
        self.until = to;
    }

    /// Forgets segments that ended before `t`.
    pub(super) fn forget_before(&mut self, t: Millis) {
        let old = self
            .segments
            .partition_point(|segment| segment.at <= t)
            .saturating_sub(1);
        self.segments.drain(..old);
    }

    fn last(&self) -> &Segment {
        &self.segments[self.segments.len() - 1]
    }

    fn change(
        &mut self,
        spec: &GroupSpec,
        rows: &[Row],
        at: Millis,
        change: Change,
        graceful: bool,
    ) {
        let last = self.last();
        let at = at.max(last.at);
        let mut present = last.present.clone();
        match change {
            Change::Join(member) if !present.iter().any(|(m, _)| *m == member) => {
                if self.joins.len() <= member {
                    self.joins.resize(member + 1, 0);
                }
                self.joins[member] += 1;
                present.push((member, self.joins[member]));
                present.sort_unstable();
            }
            Change::Leave(member) if present.iter().any(|(m, _)| *m == member) => {
                present.retain(|(m, _)| *m != member);
            }
            _ => return,
        }
        let last = self.last();
        let protocol = spec.protocol_at(at);
        let owners = assign(protocol, rows, &present, &last.owners);
        let eager = matches!(protocol, Protocol::Classic(assignor) if assignor != Assignor::CooperativeSticky);
        let moves = |row: usize| owners[row] != last.owners[row];
        let left = match change {
            Change::Leave(member) => Some(member),
            _ => None,
        };
        let segment = Segment {
            at,
            settles: if spec.protocol == Protocol::Manual || present.is_empty() {
                at
            } else {
                at + spec.rebalance
            },
            paused: (0..rows.len()).map(|row| eager || moves(row)).collect(),
            abandoned: (0..rows.len())
                .map(|row| !graceful && left.is_some() && last.owners[row] == left)
                .collect(),
            present,
            owners,
            generation: last.generation + 1,
        };
        if last.at == at {
            // Several at once are one rebalance.
            let abandoned: Vec<bool> = last
                .abandoned
                .iter()
                .zip(&segment.abandoned)
                .map(|(a, b)| *a || *b)
                .collect();
            let paused: Vec<bool> = last
                .paused
                .iter()
                .zip(&segment.paused)
                .map(|(a, b)| *a || *b)
                .collect();
            let generation = last.generation;
            self.segments.pop();
            self.segments.push(Segment {
                paused,
                abandoned,
                generation,
                ..segment
            });
        } else {
            self.segments.push(segment);
        }
    }
}

impl Event {
    /// Whether it is going on at `t`.
    pub(super) fn covers(&self, t: Millis) -> bool {
        self.from <= t && self.until.is_none_or(|until| t < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::MINUTE;

    fn rows(count: i32) -> Vec<Row> {
        (0..count)
            .map(|partition| Row {
                topic: 0,
                partition,
            })
            .collect()
    }

    fn built(spec: &GroupSpec, count: i32) -> Timeline {
        let mut timeline = Timeline::new(spec, &rows(count), -MINUTE);
        timeline.extend(spec, &rows(count), &[], 30 * MINUTE);
        timeline
    }

    #[test]
    fn a_rolling_deploy_ends_as_it_began() {
        let spec = GroupSpec::new("g", "t").members(4, 10.0).event(
            0,
            None,
            EventKind::RollingDeploy {
                gap: MINUTE,
                boot: 20 * SECOND,
            },
        );
        let timeline = built(&spec, 8);
        let last = timeline.last();
        assert_eq!(last.present, [(0, 2), (1, 2), (2, 2), (3, 2)]);
        assert_eq!(last.generation, 9);
        assert!(last.owners.iter().all(Option::is_some));
    }

    #[test]
    fn a_recreate_deploy_leaves_nobody_for_a_while() {
        let spec = GroupSpec::new("g", "t").members(3, 10.0).event(
            0,
            None,
            EventKind::RecreateDeploy { boot: 90 * SECOND },
        );
        let timeline = built(&spec, 8);
        assert!(timeline.at(60 * SECOND).present.is_empty());
        assert_eq!(timeline.at(5 * MINUTE).present.len(), 3);
    }

    #[test]
    fn building_in_steps_gives_the_same() {
        let spec = GroupSpec::new("g", "t").members(3, 10.0).event(
            0,
            None,
            EventKind::Storm {
                every: 70 * SECOND,
                away: 25 * SECOND,
            },
        );
        let whole = built(&spec, 8);
        let mut steps = Timeline::new(&spec, &rows(8), -MINUTE);
        for minute in 0..=30 {
            steps.extend(&spec, &rows(8), &[], minute * MINUTE);
        }
        let seen = |timeline: &Timeline| {
            timeline
                .segments
                .iter()
                .map(|s| (s.at, s.owners.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&whole), seen(&steps));
    }
}
