//! How many members a group's present load takes: what comes in, and what is unread within a time.
//!
//! In: a situation, an assignor, what a member can do. Out: a sizing and the time that it is for. What is said and what
//! autoscalers are advised rest on the same numbers.

use super::assign::{Assignor, Slot, predict};
use super::plan::{Sizing, Sought, members, work};
use super::situation::Situation;
use super::what_if::{EAGER_PAUSE, INCREMENTAL_PAUSE};
use crate::model::Span;

/// What of a member's capacity is to be used at the most.
pub(super) const SHARE: f64 = 0.8;
/// A backlog is to be gone within this, unless a limit of the group says otherwise …
pub(super) const TARGET: Span = Span::from_secs(1_800);
/// … or, where that cannot be had, within this.
pub(super) const LONGEST: Span = Span::from_secs(24 * 3_600);

/// What members are to bear.
#[derive(Clone, Copy)]
pub(super) struct Bearing {
    /// Who deals out.
    pub(super) assignor: Assignor,
    /// Records a second that a member can do.
    pub(super) capacity: f64,
    /// The share of it that is to be used.
    pub(super) share: f64,
}

/// The sizing of a group's present load. A backlog that no number of members works off within `target` is given more
/// time; what comes in is not. With the time that it is sized for.
pub(super) fn size(situation: &Situation, bearing: Bearing, mut target: Span) -> (Sizing, Span) {
    loop {
        let sizing = members(&Sought {
            group: &situation.group,
            assignor: bearing.assignor,
            work: &|slot| work_of(situation, bearing.assignor, slot, target),
            capacity: bearing.capacity,
            share: bearing.share,
        });
        if sizing.members.is_ok() || target >= LONGEST {
            return (sizing, target);
        }
        target = target.times(2);
    }
}

/// The time within which so many members, bearing no more than their share, are through with what is unread; none: in
/// none that is spoken of.
pub(super) fn time_for(
    situation: &Situation,
    bearing: Bearing,
    members: usize,
    mut target: Span,
) -> Option<Span> {
    let bearable = bearing.capacity * bearing.share;
    while fullest(situation, bearing.assignor, members, target) > bearable {
        if target >= LONGEST {
            return None;
        }
        target = target.times(2);
    }
    Some(target)
}

/// The fullest member's work among so many, in records a second.
pub(super) fn fullest(
    situation: &Situation,
    assignor: Assignor,
    members: usize,
    target: Span,
) -> f64 {
    let owners = predict(assignor, &situation.group.resized(members)).owners;
    let work = |slot: &Slot| work_of(situation, assignor, *slot, target);
    let load = |owned: &Vec<Slot>| owned.iter().map(work).sum::<f64>();
    owners.iter().map(load).fold(0.0, f64::max)
}

fn work_of(situation: &Situation, assignor: Assignor, slot: Slot, target: Span) -> f64 {
    let pause = if assignor.is_incremental() {
        INCREMENTAL_PAUSE
    } else {
        EAGER_PAUSE
    };
    let flow = situation.flow(slot);
    work(flow.arrival, flow.lag, pause, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::{busy, grouped};

    #[test]
    fn a_backlog_gets_more_time_and_what_comes_in_does_not() {
        let bearing = Bearing {
            assignor: Assignor::Range,
            capacity: 150.0,
            share: SHARE,
        };
        let of = |arrival: f64, lag| {
            let group = busy(grouped(&[8], &[4, 4], arrival, lag), &[Some(150.0); 2]);
            let situation = Situation::of(&group).unwrap();
            let (sizing, target) = size(&situation, bearing, TARGET);
            let again = sizing.members.ok();
            let again = again.and_then(|n| time_for(&situation, bearing, n, TARGET));
            (sizing.members.is_ok(), target, again)
        };
        assert_eq!(of(50.0, 0), (true, TARGET, Some(TARGET)));
        let longer = TARGET.times(4);
        assert_eq!(of(50.0, 400_000), (true, longer, Some(longer)));
        assert!(!of(130.0, 0).0);
    }
}
