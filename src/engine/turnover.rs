//! How a group's members come and go, and whether that has become a storm.
//!
//! A storm: at least three generations within ten minutes, the same members leaving and coming
//! back, and less than half of what comes in being read. Classic groups tell no generation; changes
//! of the set of members and of Kafka's state, as polls see them, stand for it.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{Member, Span, Storm, Timestamp};

use super::flow::Flow;
use super::now::Now;

/// How far back generations are counted.
const WINDOW: Span = Span::from_secs(600);
/// Fewest generations of a storm.
const GENERATIONS: usize = 3;
/// Changes that polls see this close together are of one generation.
const ONE_CYCLE: Span = Span::from_secs(5);
/// Changes that are kept.
const KEPT: usize = 40;

/// What polls saw of one generation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Change {
    at: Timestamp,
    joined: Vec<String>,
    left: Vec<String>,
}

/// The generations of the last minutes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Turnover {
    changes: VecDeque<Change>,
}

/// A member is the same under another member id: by its instance id, else client id and host.
fn identity(member: &Member) -> String {
    match &member.group_instance_id {
        Some(instance) => instance.to_string(),
        None => format!("{}@{}", member.client_id, member.host),
    }
}

impl Turnover {
    /// The group's Kafka state says that it rebalances.
    pub(super) fn rebalances(&mut self, at: Timestamp) {
        self.change(at);
    }

    /// The members were these, and are those.
    pub(super) fn members(&mut self, was: &[Member], is: &[Member], at: Timestamp) {
        let but = |some: &[Member], others: &[Member]| -> Vec<String> {
            let missing = some
                .iter()
                .filter(|m| !others.iter().any(|o| o.member_id == m.member_id));
            missing.map(identity).collect()
        };
        let (joined, mut left) = (but(is, was), but(was, is));
        // One that joins anew while its former session still runs has left all the same.
        let replaced = joined
            .iter()
            .filter(|id| was.iter().any(|m| identity(m) == **id));
        left.extend(replaced.cloned());
        let change = self.change(at);
        change.joined.extend(joined);
        change.left.extend(left);
    }

    fn change(&mut self, at: Timestamp) -> &mut Change {
        let same = self
            .changes
            .back()
            .is_some_and(|last| at - last.at < ONE_CYCLE);
        if !same {
            if self.changes.len() == KEPT {
                self.changes.pop_front();
            }
            self.changes.push_back(Change {
                at,
                joined: Vec::new(),
                left: Vec::new(),
            });
        }
        let last = self.changes.len() - 1;
        &mut self.changes[last]
    }

    /// How many members left and came back since `from`.
    fn rejoining(&self, from: Timestamp) -> usize {
        let (mut left, mut back) = (BTreeSet::new(), BTreeSet::new());
        for change in self.changes.iter().filter(|c| c.at >= from) {
            left.extend(&change.left);
            back.extend(change.joined.iter().filter(|id| left.contains(id)));
        }
        back.len()
    }

    /// The storm, if there is one.
    pub(super) fn storm(&self, flow: &Flow, now: &mut Now) -> Option<Storm> {
        let from = now.at - WINDOW;
        let mut recent = self.changes.iter().filter(|c| c.at > from);
        let since = recent.next()?.at;
        // When the oldest no longer counts, it may be over.
        now.reached(since + WINDOW);
        let rebalances = recent.count() + 1;
        let rejoining = self.rejoining(from);
        if rebalances < GENERATIONS || rejoining == 0 {
            return None;
        }
        let (arrival_rate, consume_rate) = flow.rates_since(since)?;
        (consume_rate < arrival_rate / 2.0).then(|| Storm {
            since,
            rebalances: u32::try_from(rebalances).unwrap_or(u32::MAX),
            window: WINDOW,
            rejoining: u32::try_from(rejoining).unwrap_or(u32::MAX),
            consume_rate,
            arrival_rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::flow::Sums;
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn members(ids: &[&str]) -> Vec<Member> {
        let member = |id: &&str| Member {
            member_id: (*id).into(),
            client_id: id.split('-').next().unwrap_or_default().into(),
            host: "/h".into(),
            group_instance_id: None,
            assignment: Vec::new(),
            subscription: None,
        };
        ids.iter().map(member).collect()
    }

    fn storm(consumed: i64, changes: &[(&[&str], &[&str])]) -> Option<Storm> {
        let (mut turnover, mut flow) = (Turnover::default(), Flow::default());
        for t in 0..=20 {
            let sums = Sums {
                parts: 1,
                came: t * 3000,
                read: t * consumed * 30,
            };
            flow.note(at(t * 30), sums);
        }
        for (i, (was, is)) in (0..).zip(changes) {
            turnover.members(&members(was), &members(is), at(60 + i * 40));
        }
        let mut now = Now::new(at(600), Span::from_secs(10), Span::from_secs(900));
        turnover.storm(&flow, &mut now)
    }

    #[test]
    fn members_that_come_and_go_while_little_is_read_are_a_storm() {
        let changes: [(&[&str], &[&str]); 3] = [
            (&["a-1", "b-1"], &["b-1"]),
            (&["b-1"], &["a-2", "b-1"]),
            (&["a-2", "b-1"], &["a-2"]),
        ];
        let told = storm(30, &changes).unwrap();
        assert_eq!((told.rebalances, told.rejoining), (3, 1));
        assert_eq!(told.since, at(60));
        assert_eq!(storm(80, &changes), None, "most of what comes in is read");
        assert_eq!(storm(30, &changes[..2]), None, "two are a restart");
    }

    #[test]
    fn members_that_are_replaced_by_others_are_none() {
        let changes: [(&[&str], &[&str]); 3] = [
            (&["a-1", "b-1"], &["c-1", "b-1"]),
            (&["c-1", "b-1"], &["c-1", "d-1"]),
            (&["c-1", "d-1"], &["e-1", "d-1"]),
        ];
        assert_eq!(storm(30, &changes), None);
    }
}
