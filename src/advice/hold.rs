//! The number of members that a group is advised to run, for autoscalers: held until the load asks for another one.
//!
//! In: a group's snapshot, what was held before, an instant. Out: what is held now. Up where the fullest member would
//! bear more than [`UP`] of what a member can do, down where it would bear less than [`DOWN`] for long: between the two
//! nothing moves, so a number that was just followed is not taken back. Whatever more members would not help (a slow
//! downstream, a hot key, a record that cannot be handled, a storm) holds the number where it is. Never a number for a
//! group without members, nor a larger one where no member was ever seen busy.

use serde::{Deserialize, Serialize};

use super::assign::{Assignor, Slot, predict};
use super::plan::{Limit, Sought, members, work};
use super::situation::{Capacity, Situation};
use super::what_if::{EAGER_PAUSE, INCREMENTAL_PAUSE};
use crate::model::{Cause, Diagnosis, GroupId, GroupSnapshot, GroupState, Span, Status, Timestamp};

/// Above this share of a member's capacity the number goes up, so far that no member has more …
pub const UP: f64 = 0.8;
/// … and below this share it goes down …
pub const DOWN: f64 = 0.4;
/// … so far that no member has more than this: the middle, from which neither is near.
const SETTLED: f64 = 0.6;

/// A backlog counts as work to be done within this.
const TARGET: Span = Span::from_secs(1_800);
/// The load must ask for more for so long …
const UP_AFTER: Span = Span::from_secs(60);
/// … and for less for so long.
const DOWN_AFTER: Span = Span::from_secs(900);
/// After a change, members come and partitions move for so long: no further one.
const SETTLING: Span = Span::from_secs(180);
/// How often a group is looked at.
const EACH: Span = Span::from_secs(30);

/// What is held for a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// When it is looked at next; none: it has not been looked at yet.
    due: Option<Timestamp>,
    held: Option<Held>,
    /// What the group's load asks for where so many are held, once reckoned; inside, none: there is
    /// no load to go by.
    #[serde(skip)]
    asks: Option<(u32, Option<Wanted>)>,
}

/// How many members a load asks for; none: for no change.
type Wanted = Option<u32>;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    members: u32,
    since: Timestamp,
    /// Since when the load has asked for more, or for less.
    asking: Option<Asking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Asking {
    up: bool,
    since: Timestamp,
    /// The largest number that it asked for meanwhile.
    most: u32,
}

impl Hold {
    /// How many members are advised, and since when.
    pub fn advised(&self) -> Option<(u32, Timestamp)> {
        self.held.map(|held| (held.members, held.since))
    }

    /// Looks at the group if it is time.
    pub fn look(&mut self, group: &GroupSnapshot, at: Timestamp) {
        self.asks = None;
        self.look_again(group, at);
    }

    /// Looks at a group that is the same as when it was looked at last, if it is time.
    pub fn look_again(&mut self, group: &GroupSnapshot, at: Timestamp) {
        let Some(due) = self.due else {
            // Not all groups in the same cut.
            self.due = Some(at + phase(&group.group));
            return;
        };
        if at < due {
            return;
        }
        self.due = Some(at + EACH);
        self.held = self.renewed(group, at);
    }

    fn renewed(&mut self, group: &GroupSnapshot, at: Timestamp) -> Option<Held> {
        let present = group.members.as_ref()?.len() as u32;
        if group.inactive || present == 0 {
            return None;
        }
        let held = self.held.unwrap_or(Held {
            members: present,
            since: at,
            asking: None,
        });
        let known = self.asks.filter(|(of, _)| *of == held.members);
        let (_, wanted) = *self.asks.insert(known.unwrap_or_else(|| {
            // While members come and go, what is seen is not what will be.
            let stable = group.state.known() == Some(GroupState::Stable);
            let load = stable.then(|| load_of(group)).flatten();
            (
                held.members,
                load.map(|load| load.wanted(held.members, group)),
            )
        }));
        match wanted {
            Some(wanted) => Some(held.asked(wanted, at)),
            None => self.held,
        }
    }
}

/// When within [`EACH`] a group's turn is: by its name, so that it is the same in each run.
fn phase(group: &GroupId) -> Span {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = group.as_str().bytes().fold(0x811c_9dc5, step);
    Span::from_millis(i64::from(hash) % EACH.as_millis())
}

impl Held {
    /// After the load has asked for `wanted` at `at`; none: for nothing else.
    fn asked(self, wanted: Wanted, at: Timestamp) -> Self {
        let Some(wanted) = wanted.filter(|w| *w != self.members) else {
            return Self {
                asking: None,
                ..self
            };
        };
        let up = wanted > self.members;
        let before = self.asking.filter(|asking| asking.up == up);
        let asking = Asking {
            up,
            since: before.map_or(at, |asking| asking.since),
            most: before.map_or(wanted, |asking| asking.most.max(wanted)),
        };
        let patience = if up { UP_AFTER } else { DOWN_AFTER };
        let long = asking.since.age_at(at) >= patience;
        if !long || self.since.age_at(at) < SETTLING {
            return Self {
                asking: Some(asking),
                ..self
            };
        }
        Self {
            // Up: what is asked for now. Down: no lower than at any time meanwhile.
            members: if up { wanted } else { asking.most },
            since: at,
            asking: None,
        }
    }
}

/// A group's load as an assignor deals it out.
struct Load {
    situation: Situation,
    assignor: Assignor,
    capacity: f64,
    /// Whether a member was seen busy: else it may be able to do more.
    seen: bool,
}

fn load_of(group: &GroupSnapshot) -> Option<Load> {
    let situation = Situation::of(group).ok()?;
    let (capacity, seen) = match situation.capacity {
        Capacity::Seen(capacity) => (capacity, true),
        Capacity::AtLeast(capacity) => (capacity, false),
        Capacity::Unknown => return None,
    };
    let assignor = situation.assignor?;
    (situation.unknown == 0 && capacity > 0.0).then_some(Load {
        situation,
        assignor,
        capacity,
        seen,
    })
}

impl Load {
    /// What the load asks for where `held` are advised; none: for no change.
    fn wanted(&self, held: u32, group: &GroupSnapshot) -> Wanted {
        let share = self.fullest(held as usize) / self.capacity;
        if share > UP && self.seen && more_may_help(group) {
            return Some(self.least(UP, held).max(held));
        }
        let calm = matches!(
            group.status.status,
            Status::Ok | Status::Idle | Status::Steady
        );
        (share < DOWN && calm && held > 1).then(|| self.least(SETTLED, held).min(held))
    }

    fn work(&self, slot: Slot) -> f64 {
        let pause = if self.assignor.is_incremental() {
            INCREMENTAL_PAUSE
        } else {
            EAGER_PAUSE
        };
        let flow = self.situation.flow(slot);
        work(flow.arrival, flow.lag, pause, TARGET)
    }

    /// The fullest member's work among so many.
    fn fullest(&self, members: usize) -> f64 {
        let group = self.situation.group.resized(members);
        let owners = predict(self.assignor, &group).owners;
        let load = |owned: &Vec<Slot>| owned.iter().map(|s| self.work(*s)).sum::<f64>();
        owners.iter().map(load).fold(0.0, f64::max)
    }

    /// The fewest members that leave nobody more than this share of what a member can do; where no number does, the
    /// most that get a partition, or, where one partition is the limit, `held`.
    fn least(&self, share: f64, held: u32) -> u32 {
        let sizing = members(&Sought {
            group: &self.situation.group,
            assignor: self.assignor,
            work: &|slot| self.work(slot),
            capacity: self.capacity,
            share,
        });
        match sizing.members {
            Ok(n) => n as u32,
            Err(Limit::Partitions { most }) => most as u32,
            Err(Limit::Partition { .. }) => held,
        }
    }
}

/// Whether nothing is known that more members would not help against, or would make worse.
fn more_may_help(group: &GroupSnapshot) -> bool {
    let cause = match &group.diagnosis {
        Diagnosis::Found { cause, .. } => matches!(cause, Cause::TooFewConsumers { .. }),
        Diagnosis::Abstains { .. } | Diagnosis::NotNeeded => true,
    };
    let reads = matches!(
        group.status.status,
        Status::Ok
            | Status::Idle
            | Status::Steady
            | Status::Recovering
            | Status::FallingBehind
            | Status::Rewound
    );
    cause && reads && group.storm.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::{busy, grouped};
    use crate::model::Verdict;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// A calm group of two members that can do 100 records/s each, over twelve partitions.
    fn group(arrival: f64) -> GroupSnapshot {
        let mut group = busy(
            grouped(&[12], &[6, 6], arrival / 12.0, 0),
            &[Some(100.0); 2],
        );
        group.status = Verdict::plain(Status::Ok, START);
        group
    }

    /// What is held after so many seconds of each load in turn, looked at every ten seconds.
    fn after(stretches: &[(i64, &GroupSnapshot)]) -> (Option<u32>, usize) {
        let (mut hold, mut at, mut changes) = (Hold::default(), START, 0);
        for (seconds, group) in stretches {
            let end = at + Span::from_secs(*seconds);
            while at < end {
                let before = hold.advised().map(|a| a.0);
                hold.look(group, at);
                let now = hold.advised().map(|a| a.0);
                changes += usize::from(before.is_some() && now != before);
                at = at + Span::from_secs(10);
            }
        }
        (hold.advised().map(|a| a.0), changes)
    }

    #[test]
    fn a_load_within_the_band_keeps_what_is_there() {
        // 50 % and 79 % of what two can do, back and forth.
        let (low, high) = (group(100.0), group(157.0));
        let day: Vec<_> = (0..50).map(|i| (700, [&low, &high][i % 2])).collect();
        assert_eq!(after(&day), (Some(2), 0));
    }

    #[test]
    fn more_is_advised_within_minutes_and_less_after_long() {
        let (usual, busy) = (group(100.0), group(260.0));
        assert_eq!(after(&[(300, &usual), (50, &busy)]).0, Some(2));
        // Four would bear 65 % each.
        assert_eq!(after(&[(300, &usual), (200, &busy)]), (Some(4), 1));
        let quiet = group(60.0);
        assert_eq!(
            after(&[(300, &usual), (600, &busy), (800, &quiet)]).0,
            Some(4)
        );
        assert_eq!(
            after(&[(300, &usual), (600, &busy), (1_200, &quiet)]),
            (Some(2), 2)
        );
    }

    #[test]
    fn a_peak_within_the_quiet_stretch_begins_it_anew() {
        let (busy, quiet, usual) = (group(260.0), group(60.0), group(200.0));
        let day = [(900, &busy), (700, &quiet), (100, &usual), (700, &quiet)];
        assert_eq!(after(&day).0, Some(4));
    }

    #[test]
    fn what_more_members_would_not_help_holds_the_number() {
        let usual = group(100.0);
        let mut slow = group(260.0);
        slow.diagnosis = Diagnosis::Found {
            cause: Cause::SlowDownstream {
                members: 2,
                consume_rate: 100.0,
                capacity: 200.0,
                lagging: 12,
                of: 12,
            },
            since: START,
            confidence: 0.9,
        };
        assert_eq!(after(&[(300, &usual), (3_600, &slow)]).0, Some(2));
        let hot = {
            let mut hot = group(100.0);
            let topic = std::sync::Arc::make_mut(&mut hot.topics[0]);
            topic.partitions[3].arrival_rate = crate::model::Reading::Known(300.0);
            hot
        };
        assert_eq!(after(&[(300, &usual), (3_600, &hot)]).0, Some(2));
    }

    #[test]
    fn never_busy_gets_no_more_and_may_get_less() {
        let never = |arrival: f64, members: usize| {
            let owned = vec![12 / members as i32; members];
            let mut group = busy(
                grouped(&[12], &owned, arrival / 12.0, 0),
                &vec![None; members],
            );
            group.status = Verdict::plain(Status::Ok, START);
            group
        };
        assert_eq!(after(&[(3_600, &never(500.0, 2))]).0, Some(2));
        // Each of six was seen to do ten times what comes in now.
        let mut six = never(600.0, 6);
        let topic = std::sync::Arc::make_mut(&mut six.topics[0]);
        for partition in &mut topic.partitions {
            partition.arrival_rate = crate::model::Reading::Known(5.0);
        }
        assert_eq!(after(&[(3_600, &six)]).0, Some(2));
    }

    #[test]
    fn nobody_there_is_no_number() {
        let mut gone = group(100.0);
        gone.members = Some(std::sync::Arc::from([]));
        assert_eq!(after(&[(300, &group(100.0)), (300, &gone)]).0, None);
    }
}
