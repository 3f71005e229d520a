//! When members join and leave, as schedules and events have it.

use crate::sim::spec::{EventKind, GroupSpec, Millis, SECOND, Schedule};

/// How long after another a member of the same group starts.
const STAGGER: Millis = SECOND;

/// A change of membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This member joins.
    Join(usize),
    /// This member leaves.
    Leave(usize),
    /// The owner of a row fails and comes back.
    Fail(usize),
}

/// All joins and leaves in `(from, to]`.
pub(super) fn changes(
    spec: &GroupSpec,
    poisoned: &[(usize, usize)],
    from: Millis,
    to: Millis,
) -> Vec<(Millis, Change)> {
    let mut all = Vec::new();
    let members = spec.members.len();
    let everyone = |all: &mut Vec<(Millis, Change)>, at: Millis, join: bool| {
        for member in 0..spec.members_at(at) {
            let change = if join {
                (at + member as Millis * STAGGER, Change::Join(member))
            } else {
                (at, Change::Leave(member))
            };
            all.push(change);
        }
    };
    if let Some(since) = spec.since.filter(|_| spec.schedule == Schedule::Always) {
        everyone(&mut all, since, true);
    }
    if let Schedule::Windows {
        every,
        length,
        phase,
    } = spec.schedule
    {
        for cycle in (from - length - every).div_euclid(every)..=to.div_euclid(every) {
            let start = cycle * every + phase;
            everyone(&mut all, start, true);
            everyone(&mut all, start + length, false);
        }
    }
    for (index, event) in spec.events.iter().enumerate() {
        let end = event.until.unwrap_or(Millis::MAX).min(to);
        match event.kind {
            EventKind::Stopped => {
                everyone(&mut all, event.from, false);
                if let Some(until) = event.until {
                    everyone(&mut all, until, true);
                }
            }
            EventKind::Storm { every, away } => {
                let first = ((from - away - event.from) / every.max(1)).max(0);
                for turn in first.. {
                    let at = event.from + turn * every.max(1);
                    if at > end {
                        break;
                    }
                    let member = turn as usize % members.max(1);
                    all.push((at, Change::Leave(member)));
                    all.push((at + away, Change::Join(member)));
                }
            }
            EventKind::RollingDeploy { gap, boot } => {
                for member in 0..spec.members_at(event.from) {
                    let at = event.from + member as Millis * gap;
                    all.push((at, Change::Leave(member)));
                    all.push((at + boot, Change::Join(member)));
                }
            }
            EventKind::Replace {
                members: ref these,
                boot,
            } => {
                for member in these {
                    all.push((event.from, Change::Leave(*member)));
                    all.push((event.from + boot, Change::Join(*member)));
                }
            }
            EventKind::RecreateDeploy { boot } | EventKind::Reassign { boot, .. } => {
                everyone(&mut all, event.from, false);
                everyone(&mut all, event.from + boot, true);
            }
            EventKind::Scale { members: wanted } => {
                // Who is there already stays, whatever scalings there were before.
                let new = (0..wanted).map(|m| {
                    let turn = m.saturating_sub(members) as Millis;
                    (event.from + turn * STAGGER, Change::Join(m))
                });
                all.extend(new);
                let most = spec.most_members();
                all.extend((wanted..most).map(|m| (event.from, Change::Leave(m))));
            }
            EventKind::Poison {
                restarts: Some(every),
                ..
            } => {
                let rows = poisoned.iter().filter(|(event, _)| *event == index);
                for (_, row) in rows {
                    for turn in ((from - event.from) / every.max(1)).max(1).. {
                        let at = event.from + turn * every.max(1);
                        if at > end {
                            break;
                        }
                        all.push((at, Change::Fail(*row)));
                    }
                }
            }
            _ => {}
        }
    }
    all.retain(|(at, _)| *at > from && *at <= to);
    all
}
