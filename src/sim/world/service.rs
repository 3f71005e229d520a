//! What members can do: capacity, shared downstreams, and how a member's work falls on its partitions.

use crate::sim::random::{mix, wander};
use crate::sim::spec::{DownstreamSpec, Event, EventKind, GroupSpec, Millis};

/// Records that a member can handle between `a` and `b`.
pub(super) fn capacity(spec: &GroupSpec, member: usize, seed: u64, a: Millis, b: Millis) -> f64 {
    // Members that came with a scaling are like the first.
    let Some(able) = spec.members.get(member).or_else(|| spec.members.first()) else {
        return 0.0;
    };
    let own = mix(seed, member as u64);
    let pace =
        1.0 + 0.3 * wander(own, a as f64 / 37_000.0) + 0.1 * wander(own ^ 1, a as f64 / 460_000.0);
    let left: f64 = spec
        .events
        .iter()
        .filter(|event| event.covers(a))
        .map(|event| share(&event.kind, member, &able.host, a - event.from))
        .product();
    able.per_second * pace * left * (b - a) as f64 / 1e3
}

/// What an event leaves of a member's capacity after `age`.
fn share(kind: &EventKind, member: usize, host: &str, age: Millis) -> f64 {
    match kind {
        EventKind::Slower { factor, over } => {
            let progress = if *over > 0 {
                (age as f64 / *over as f64).min(1.0)
            } else {
                1.0
            };
            1.0 + (factor - 1.0) * progress
        }
        EventKind::SickMember {
            member: sick,
            factor,
        } if *sick == member => *factor,
        EventKind::SickHost { host: sick, factor } if sick == host => *factor,
        EventKind::Stuck => 0.0,
        _ => 1.0,
    }
}

/// Records of a partition that its leader hands out between `a` and `b`.
pub(super) fn served(spec: &GroupSpec, leader: i32, a: Millis, b: Millis) -> f64 {
    let slow = |event: &Event| match event.kind {
        EventKind::SlowLeader { broker, per_second } if broker == leader => Some(per_second),
        _ => None,
    };
    let slowest = spec
        .events
        .iter()
        .filter(|event| event.covers(a))
        .filter_map(slow);
    slowest.fold(f64::INFINITY, f64::min) * (b - a) as f64 / 1e3
}

/// Calls that a downstream takes between `a` and `b`.
pub(super) fn downstream(spec: &DownstreamSpec, seed: u64, a: Millis, b: Millis) -> f64 {
    let out = spec
        .outages
        .iter()
        .rfind(|outage| outage.from <= a && outage.until.is_none_or(|until| a < until));
    let pace = 1.0 + 0.2 * wander(seed, a as f64 / 53_000.0);
    out.map_or(spec.per_second, |outage| outage.per_second) * pace * (b - a) as f64 / 1e3
}

/// Shares `work` out over backlogs: all get the same, and what one cannot use goes to the others.
pub(super) fn share_out(
    mut work: f64,
    backlogs: &mut [(usize, f64)],
    mut give: impl FnMut(usize, f64),
) {
    backlogs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut left = backlogs.len();
    for (row, backlog) in backlogs.iter() {
        let take = backlog.min(work / left as f64);
        give(*row, take);
        work -= take;
        left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_work_is_shared_out() {
        let mut got = [0.0_f64; 4];
        share_out(
            10.0,
            &mut [(0, 1.0), (1, 100.0), (2, 2.0), (3, 100.0)],
            |row, take| got[row] += take,
        );
        let whole: Vec<i64> = got.iter().map(|take| (take * 10.0) as i64).collect();
        assert_eq!(whole, [10, 35, 20, 35]);
    }

    #[test]
    fn a_slow_decline_ends_at_its_factor() {
        let spec = GroupSpec::new("g", "t").members(1, 100.0).event(
            0,
            None,
            EventKind::Slower {
                factor: 0.5,
                over: 1_000_000,
            },
        );
        let before = capacity(&spec, 0, 1, -1_000, 0);
        let after = capacity(&spec, 0, 1, 2_000_000, 2_001_000);
        assert!((80.0..=120.0).contains(&before), "{before}");
        assert!((40.0..=60.0).contains(&after), "{after}");
    }
}
