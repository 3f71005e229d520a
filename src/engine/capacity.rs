//! What each member of a group can read.
//!
//! A member that keeps up reads what comes in, however much more it could: only a stretch at both
//! ends of which all its partitions had a backlog shows what it can do. Capacity is the p90 of its
//! rate over such stretches; without any, at least the most that was seen.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Member, MemberId, MemberLoad, Offset, Reading, Span, Timestamp, Why};

/// Stretches that are kept.
const STRETCHES: usize = 16;
/// Fewest stretches under load that tell.
const ENOUGH: usize = 3;
/// Shortest stretch.
const STRETCH: Span = Span::from_secs(60);
/// After this long, what was seen once counts half.
const FADES: Span = Span::from_secs(3 * 24 * 3600);

/// What was seen of all members of a group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Loads {
    /// In the order of the members.
    members: Vec<Load>,
    /// Records a second that one member read while it kept up, smoothed over all of them.
    calm: Option<f64>,
    /// Members that own a partition.
    working: u32,
}

/// What was seen of one member.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Load {
    member_id: MemberId,
    client_id: Arc<str>,
    host: Arc<str>,
    began: Option<Standing>,
    /// Rates under load, oldest first.
    busy: Vec<f32>,
    /// The highest rate, and when.
    most: Option<(f32, Timestamp)>,
}

/// Where a member's partitions stand together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// When the last of its commits moved.
    pub(super) at: Timestamp,
    /// Sum of its commits.
    pub(super) done: Offset,
    /// Partitions.
    pub(super) rows: u32,
    /// Of which so many had a backlog.
    pub(super) backlogged: u32,
}

impl Loads {
    /// The members are these now. One that comes back under another id is known by its client id
    /// and host.
    pub(super) fn rename(&mut self, members: &[Member]) {
        let mut before = std::mem::take(&mut self.members);
        let mut take = |same: &dyn Fn(&Load) -> bool| {
            let found = before.iter().position(same)?;
            Some(before.swap_remove(found))
        };
        self.members = members
            .iter()
            .map(|m| {
                let again = take(&|l| l.member_id == m.member_id)
                    .or_else(|| take(&|l| l.client_id == m.client_id && l.host == m.host));
                let known = again.map_or((Vec::new(), None), |l| (l.busy, l.most));
                Load {
                    member_id: m.member_id.clone(),
                    client_id: Arc::clone(&m.client_id),
                    host: Arc::clone(&m.host),
                    // Its partitions are others: a stretch begins with them.
                    began: None,
                    busy: known.0,
                    most: known.1,
                }
            })
            .collect();
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes in where the members' partitions stand, in the order of the members. `gap` is the
    /// typical one between commits.
    pub(super) fn note(&mut self, standings: &[Standing], gap: Span) {
        let least = STRETCH.max(gap.times(6));
        let share = 0.2 / self.members.len().max(1) as f64;
        self.working = standings.iter().filter(|s| s.rows > 0).count() as u32;
        for (load, now) in self.members.iter_mut().zip(standings) {
            if let Some((rate, true)) = load.note(*now, least) {
                let calm = self.calm.unwrap_or(rate);
                self.calm = Some(calm + (rate - calm) * share);
            }
        }
    }

    /// So many records of a member's partitions were passed over, and not read.
    pub(super) fn skip(&mut self, member: usize, records: i64) {
        if let Some(began) = self.members.get_mut(member).and_then(|m| m.began.as_mut()) {
            began.done = began.done.saturating_add(records);
        }
    }

    /// A member's capacity.
    pub(super) fn capacity(&self, member: usize) -> Reading<f64> {
        let Some(load) = self.members.get(member) else {
            return Reading::unknown(Why::TOO_FEW_POINTS);
        };
        match (load.under_load(), load.most) {
            (Some(rate), _) => Reading::Known(rate),
            (None, Some((most, _))) => {
                Reading::at_least(f64::from(most), Why::text("it was never seen busy"))
            }
            (None, None) => Reading::unknown(Why::TOO_FEW_POINTS),
        }
    }

    /// What a member reads and can read.
    pub(super) fn load(&self, member: usize, consume_rate: Reading<f64>) -> MemberLoad {
        MemberLoad {
            consume_rate,
            capacity: self.capacity(member),
        }
    }

    /// The most that all members together have been seen to read, older sights counting less; a
    /// member of which nothing was seen counts as the others do.
    pub(super) fn most(&self, now: Timestamp) -> Option<f64> {
        let seen: Vec<f64> = self.members.iter().filter_map(|l| l.faded(now)).collect();
        let sum: f64 = seen.iter().sum();
        (!seen.is_empty()).then(|| sum / seen.len() as f64 * f64::from(self.working))
    }

    /// The most that each member has been seen to read, older sights counting less.
    pub(super) fn seen(&self, now: Timestamp) -> Vec<Option<f64>> {
        self.members.iter().map(|l| l.faded(now)).collect()
    }

    /// What as many members read while the group kept up.
    pub(super) fn calm(&self) -> Option<f64> {
        self.calm.map(|each| each * f64::from(self.working))
    }
}

impl Load {
    /// The rate of a stretch that has ended, and whether no partition had a backlog in it.
    fn note(&mut self, now: Standing, least: Span) -> Option<(f64, bool)> {
        let Some(began) = self.began else {
            self.began = (now.rows > 0).then_some(now);
            return None;
        };
        if now.rows != began.rows || now.done < began.done {
            self.began = (now.rows > 0).then_some(now);
            return None;
        }
        if now.at - began.at < least {
            return None;
        }
        self.began = Some(now);
        let rate = (now.done - began.done) as f64 / (now.at - began.at).as_secs_f64();
        if began.backlogged == began.rows && now.backlogged == now.rows {
            if self.busy.len() == STRETCHES {
                self.busy.remove(0);
            }
            self.busy.push(rate as f32);
        }
        if self.faded(now.at).is_none_or(|most| rate >= most) {
            self.most = Some((rate as f32, now.at));
        }
        Some((rate, began.backlogged + now.backlogged == 0))
    }

    fn under_load(&self) -> Option<f64> {
        if self.busy.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.busy.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        Some(f64::from(sorted[(sorted.len() * 9).div_ceil(10) - 1]))
    }

    fn faded(&self, now: Timestamp) -> Option<f64> {
        let (most, at) = self.most?;
        let halvings = at.age_at(now).as_secs_f64() / FADES.as_secs_f64();
        Some(f64::from(most) * 0.5_f64.powf(halvings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, client: &str) -> Member {
        Member {
            member_id: id.into(),
            client_id: client.into(),
            host: "/h".into(),
            group_instance_id: None,
            assignment: Vec::new(),
            subscription: None,
        }
    }

    fn standing(secs: i64, done: i64, backlogged: u32) -> Standing {
        Standing {
            at: Timestamp::from_millis(secs * 1000),
            done,
            rows: 2,
            backlogged,
        }
    }

    fn seen(rate: i64, backlogged: u32, minutes: i64) -> Loads {
        let mut loads = Loads::default();
        loads.rename(&[member("a-1", "a")]);
        for m in 0..=minutes {
            loads.note(&[standing(m * 60, m * 60 * rate, backlogged)], Span::ZERO);
        }
        loads
    }

    #[test]
    fn one_that_keeps_up_shows_only_what_it_can_at_least() {
        let capacity = seen(50, 1, 10).capacity(0);
        assert_eq!((capacity.value(), capacity.high()), (Some(50.0), None));
        assert_eq!(capacity.low(), Some(50.0));
        assert_eq!(seen(50, 2, 10).capacity(0), Reading::Known(50.0));
        assert!(seen(50, 2, 0).capacity(0).is_unknown());
    }

    #[test]
    fn a_member_that_comes_back_is_known_again() {
        let mut loads = seen(50, 2, 10);
        loads.rename(&[member("b-1", "b"), member("a-2", "a")]);
        assert!(loads.capacity(0).is_unknown());
        assert_eq!(loads.capacity(1), Reading::Known(50.0));
    }

    #[test]
    fn what_it_reads_in_calm_and_at_the_most_is_remembered() {
        let mut loads = seen(50, 0, 10);
        assert_eq!(loads.calm(), Some(50.0));
        for m in 11..20 {
            loads.note(&[standing(m * 60, 30_000 + (m - 10) * 600, 2)], Span::ZERO);
        }
        assert_eq!(loads.calm(), Some(50.0));
        assert_eq!(loads.capacity(0), Reading::Known(10.0));
        let most = loads.most(Timestamp::from_millis(20 * 60_000)).unwrap();
        assert!((49.0..=50.0).contains(&most), "{most}");
    }
}
