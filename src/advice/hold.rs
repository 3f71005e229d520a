//! The number of members that a group is advised to run, for autoscalers: held until the load asks for another one.
//!
//! In: a group's snapshot, what was held before, an instant. Out: what is held now. Up where the fullest member would
//! bear more than [`UP`] of what a member can do, down where it would bear less than [`DOWN`] for long: between the two
//! nothing moves, so a number that was just followed is not taken back. Whatever more members would not help (a slow
//! downstream, a hot key, a record that cannot be handled, a storm) holds the number where it is. Never a number for a
//! group without members, nor a larger one where no member was ever seen busy.

use serde::{Deserialize, Serialize};

mod pace;

use super::assign::Assignor;
use super::plan::{Limit, useful};
use super::situation::{Capacity, Situation};
use super::sizing::{Bearing, SHARE, TARGET, fullest, size};
use crate::model::{
    Cause, Diagnosis, EventKind, GroupId, GroupSnapshot, GroupState, Member, Span, Status,
    Timestamp,
};
use pace::Pace;

/// Above this share of a member's capacity the number goes up, so far that no member has more …
pub const UP: f64 = SHARE;
/// … and below this share it goes down …
pub const DOWN: f64 = 0.4;
/// … so far that no member has more than this: the middle, from which neither is near.
const SETTLED: f64 = 0.6;

/// The load must ask for more for so long …
const UP_AFTER: Span = Span::from_secs(60);
/// … and for less for so long.
const DOWN_AFTER: Span = Span::from_secs(900);
/// After a change, members come and partitions move for so long: no further one.
const SETTLING: Span = Span::from_secs(180);
/// How often a group is looked at.
const EACH: Span = Span::from_secs(30);
/// Members without a partition are too many once nobody has come or gone for so long: in a deploy some come before the
/// others go.
const IDLE_AFTER: Span = Span::from_secs(600);

/// What is known of a group beyond what is shown of it now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// How many members it is advised to run.
    pub members: Option<u32>,
    /// Whether it was found to have too few, and has not been well for long since.
    pub short: bool,
    /// Records a second that its members each were seen to read, where that is clearly more than they can now.
    pub faster: Option<f64>,
}

/// What is held for a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// When it is looked at next; none: it has not been looked at yet.
    due: Option<Timestamp>,
    held: Option<Held>,
    #[serde(default)]
    short: Option<Short>,
    #[serde(default)]
    pace: Pace,
    #[serde(default)]
    faster: Option<f64>,
    /// What the group's load asks for where so many are held, once reckoned; inside, none: there is
    /// no load to go by.
    #[serde(skip)]
    asks: Option<(Asked, Option<Wanted>)>,
}

/// For what it was reckoned: so many held, and whether members became slower.
type Asked = (u32, bool);

/// How many members a load asks for; none: for no change.
type Wanted = Option<u32>;

/// It was found to have too few members.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Short {
    /// Since when it has been well again.
    well: Option<Timestamp>,
}

impl Short {
    /// After another look at the group.
    fn seen(before: Option<Self>, group: &GroupSnapshot, at: Timestamp) -> Option<Self> {
        let status = group.status.status;
        let well = matches!(status, Status::Ok | Status::Idle);
        match &group.diagnosis {
            Diagnosis::Found { cause, .. } => {
                let too_few = matches!(cause, Cause::TooFewConsumers { .. });
                let began = too_few && status == Status::FallingBehind;
                return (began || (too_few && before.is_some())).then_some(Self { well: None });
            }
            _ if !reads(status) || group.storm.is_some() => return None,
            _ if !well => return before.map(|_| Self { well: None }),
            _ => {}
        }
        let since = before?.well.unwrap_or(at);
        (since.age_at(at) < DOWN_AFTER).then_some(Self { well: Some(since) })
    }
}

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

    /// What is known of the group beyond what is shown of it.
    pub fn memory(&self) -> Memory {
        Memory {
            members: self.held.map(|held| held.members),
            short: self.short.is_some(),
            faster: self.faster,
        }
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
        self.pace.note(group, at);
        self.held = self.renewed(group, at);
        self.short = match self.held {
            Some(_) => Short::seen(self.short, group, at),
            None => None,
        };
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
        self.faster = self.pace.faster(group, at);
        if let Some(enough) = enough(group, at).filter(|n| *n < held.members) {
            return Some(Held {
                members: enough,
                since: at,
                asking: None,
            });
        }
        let slower = self.faster.is_some();
        let known = self.asks.filter(|(of, _)| *of == (held.members, slower));
        let (_, wanted) = *self.asks.insert(known.unwrap_or_else(|| {
            // While members come and go, what is seen is not what will be.
            let stable = group.state.known() == Some(GroupState::Stable);
            let load = stable.then(|| load_of(group)).flatten();
            (
                (held.members, slower),
                load.map(|load| load.wanted(held.members, group, slower)),
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
    fn wanted(&self, held: u32, group: &GroupSnapshot, slower: bool) -> Wanted {
        let share = fullest(&self.situation, self.assignor, held as usize, TARGET) / self.capacity;
        if share > UP && self.seen && more_may_help(group, slower) {
            return Some(self.least(UP, held).max(held));
        }
        let calm = matches!(
            group.status.status,
            Status::Ok | Status::Idle | Status::Steady
        );
        (share < DOWN && calm && held > 1).then(|| self.least(SETTLED, held).min(held))
    }

    /// The fewest members that leave nobody more than this share of what a member can do; where no number does, the
    /// most that get a partition, or, where one partition is the limit, `held`.
    fn least(&self, share: f64, held: u32) -> u32 {
        let bearing = Bearing {
            assignor: self.assignor,
            capacity: self.capacity,
            share,
        };
        match size(&self.situation, bearing, TARGET).0.members {
            Ok(n) => n as u32,
            Err(Limit::Partitions { most }) => most as u32,
            Err(Limit::Partition { .. }) => held,
        }
    }
}

/// Members that no partition is left for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spare {
    /// How many have none.
    pub(super) idle: usize,
    /// How many could have one at the most.
    pub(super) most: usize,
    /// From when on that is no passing thing; none: nobody was seen to come or go.
    pub(super) from: Option<Timestamp>,
}

/// Members beyond those that an assignor can give a partition, in a group that keeps up.
pub(super) fn spare(
    group: &GroupSnapshot,
    situation: &Situation,
    assignor: Assignor,
) -> Option<Spare> {
    let most = useful(&situation.group, assignor);
    let members = &situation.group.members;
    let idle = members.iter().filter(|m| m.owned.is_empty()).count();
    let stable = group.state.known() == Some(GroupState::Stable);
    let troubled = !matches!(group.diagnosis, Diagnosis::NotNeeded)
        || group.status.status == Status::FallingBehind;
    if !stable || troubled || members.len() <= most || idle == 0 {
        return None;
    }
    let kinds = [EventKind::Joined, EventKind::Left, EventKind::Rebalanced];
    let moves = group.events.iter().filter(|e| kinds.contains(&e.kind));
    Some(Spare {
        idle,
        most,
        from: moves.map(|e| e.at + IDLE_AFTER).max(),
    })
}

/// How many members are enough, where some have long had nothing to do.
fn enough(group: &GroupSnapshot, at: Timestamp) -> Option<u32> {
    let members = group.members.as_deref()?;
    // Most groups have none such, and need no closer look.
    let has_none = |m: &&Member| m.assignment.iter().all(|a| a.partitions.is_empty());
    members.iter().find(has_none)?;
    let situation = Situation::of(group).ok()?;
    let spare = spare(group, &situation, situation.assignor?)?;
    let stands = spare.from.is_none_or(|from| from <= at);
    (stands && spare.idle < members.len()).then(|| (members.len() - spare.idle) as u32)
}

/// Whether nothing is known that more members would not help against, or would make worse. Members that became slower
/// for a reason that does not show are no case for more of them.
fn more_may_help(group: &GroupSnapshot, slower: bool) -> bool {
    let cause = match &group.diagnosis {
        Diagnosis::Found { cause, .. } => matches!(cause, Cause::TooFewConsumers { .. }),
        Diagnosis::Abstains { .. } | Diagnosis::NotNeeded => !slower,
    };
    cause && reads(group.status.status) && group.storm.is_none()
}

/// Whether it is a group that reads.
fn reads(status: Status) -> bool {
    matches!(
        status,
        Status::Ok
            | Status::Idle
            | Status::Steady
            | Status::Recovering
            | Status::FallingBehind
            | Status::Rewound
    )
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

    fn found(mut group: GroupSnapshot) -> GroupSnapshot {
        group.status = Verdict::plain(Status::FallingBehind, START);
        group.diagnosis = Diagnosis::Found {
            cause: Cause::TooFewConsumers {
                members: 2,
                consume_rate: 200.0,
                capacity: 200.0,
                arrival_rate: 260.0,
                lagging: 12,
                of: 12,
            },
            since: START,
            confidence: 0.9,
        };
        group
    }

    /// Members that each can do so much now, and do it.
    fn at_their_limit(capacity: f64, status: Status) -> GroupSnapshot {
        let mut group = group(240.0);
        for load in &mut group.loads {
            load.consume_rate = crate::model::Reading::Known(capacity);
            load.capacity = crate::model::Reading::Known(capacity);
        }
        group.status = Verdict::plain(status, START);
        group
    }

    #[test]
    fn members_that_became_slower_are_no_case_for_more_of_them_unless_a_cause_is_found() {
        let fast = at_their_limit(160.0, Status::Ok);
        let mut slow = at_their_limit(125.0, Status::FallingBehind);
        slow.diagnosis = Diagnosis::Abstains {
            why: crate::model::Why::text("their numbers fit no single cause"),
        };
        assert_eq!(after(&[(900, &fast), (3_600, &slow)]), (Some(2), 0));
        let mut hold = Hold::default();
        for (step, group) in (0..180).map(|i| (i, if i < 90 { &fast } else { &slow })) {
            hold.look(group, START + Span::from_secs(10 * step));
        }
        assert_eq!(hold.memory().faster, Some(160.0));
        // The same numbers, but nothing faster was ever seen.
        assert_eq!(after(&[(3_600, &slow)]).0, Some(3));
    }

    #[test]
    fn that_it_has_too_few_is_not_forgotten_while_it_goes_up_and_down() {
        let (short, mut better) = (found(group(260.0)), group(190.0));
        better.status = Verdict::plain(Status::Recovering, START);
        let well = group(150.0);
        let mut hold = Hold::default();
        let mut at = START;
        let mut shown = |group: &GroupSnapshot, seconds: i64| {
            let end = at + Span::from_secs(seconds);
            while at < end {
                hold.look(group, at);
                at = at + Span::from_secs(10);
            }
            hold.memory()
        };
        assert!(!shown(&well, 300).short);
        assert_eq!(shown(&short, 300).members, Some(4));
        for group in [&better, &short, &better, &well] {
            let memory = shown(group, 600);
            assert_eq!((memory.members, memory.short), (Some(4), true));
        }
        assert!(!shown(&well, 600).short, "well for twenty minutes");
    }

    #[test]
    fn members_that_get_nothing_are_too_many_once_nobody_comes_or_goes() {
        let mut six = vec![1; 6];
        six.resize(20, 0);
        let mut group = busy(grouped(&[6], &six, 10.0, 0), &[None; 20]);
        group.status = Verdict::plain(Status::Ok, START);
        assert_eq!(after(&[(100, &group)]).0, Some(6));
        let joined = crate::model::Event {
            at: START,
            kind: EventKind::Joined,
            text: "it came".into(),
        };
        group.events = [joined].into();
        assert_eq!(after(&[(500, &group)]).0, Some(20));
        assert_eq!(after(&[(700, &group)]).0, Some(6));
    }

    #[test]
    fn nobody_there_is_no_number() {
        let mut gone = group(100.0);
        gone.members = Some(std::sync::Arc::from([]));
        assert_eq!(after(&[(300, &group(100.0)), (300, &gone)]).0, None);
    }
}
