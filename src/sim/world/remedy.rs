//! What comes of an act: the same world, but for what somebody does about a group and all that follows from it.
//!
//! In: a world, an instant, a [`Remedy`]. Out: another world with the same past. An act mends what it is an act against:
//! a broker that is well is not made better by looking at it, and an offset set before a poisoned record leads back to
//! it. Nothing here knows what anybody would advise.

use super::World;
use super::groups::Body;
use crate::sim::spec::{
    BOOT, Event, EventKind, GroupSpec, MINUTE, Millis, Protocol, Remedy, Retention, Scenario,
};

/// How long it takes to mend a broker.
const MENDED_AFTER: Millis = 10 * MINUTE;

impl World {
    /// The world in which somebody does this about `group` at `t`; none where there is no such group. What was done by
    /// [`World::intervene`] is not part of it.
    pub fn after(&self, group: &str, t: Millis, remedy: &Remedy) -> Option<Self> {
        let at = self.relative(t);
        let mut scenario = self.scenario.clone();
        let poison = match remedy {
            Remedy::SetOffset {
                topic, partition, ..
            } => self.poison_at(group, topic, *partition, at),
            _ => None,
        };
        change_topics(&mut scenario, at, remedy);
        let spec = scenario.groups.iter_mut().find(|spec| spec.name == group)?;
        change_group(spec, at, remedy, poison);
        Some(Self::new(&scenario, self.seed, self.epoch))
    }

    /// The record of a partition that the group cannot handle at `at`.
    fn poison_at(&self, group: &str, topic: &str, partition: i32, at: Millis) -> Option<i64> {
        let Body::Simulated(cell, index) = self.groups[self.group_named(group)?].body else {
            return None;
        };
        let inner = self.cells[cell].at(&self.topics, at);
        let group = &inner.groups[index];
        let row = group.rows.iter().position(|row| {
            row.partition == partition && *self.topics[row.topic as usize].name == *topic
        })?;
        group.poison[row]
    }
}

fn change_topics(scenario: &mut Scenario, at: Millis, remedy: &Remedy) {
    let (Remedy::Abort { topic, .. } | Remedy::Retain { topic, .. }) = remedy else {
        return;
    };
    let mut all = scenario.topics.iter_mut();
    let Some(spec) = all.find(|spec| spec.name == *topic) else {
        return;
    };
    match remedy {
        Remedy::Abort { partition, .. } => {
            let open = spec.hanging.as_mut().filter(|hanging| {
                hanging.partition == *partition && hanging.aborted.is_none() && hanging.opened <= at
            });
            if let Some(hanging) = open {
                hanging.aborted = Some(at);
            }
        }
        Remedy::Retain { time, .. } => {
            let last = spec.retained.last();
            let keeps = last.map_or(spec.retention, |(_, keeps)| *keeps);
            let longer = Retention {
                time: Some(*time),
                ..keeps
            };
            spec.retained.push((at, longer));
        }
        _ => {}
    }
}

fn change_group(spec: &mut GroupSpec, at: Millis, remedy: &Remedy, poison: Option<i64>) {
    let redeploy = EventKind::RecreateDeploy { boot: BOOT };
    match remedy {
        Remedy::Members(members) => scale(spec, at, *members),
        Remedy::Assignor { assignor, members } => {
            let (assignor, boot) = (*assignor, BOOT);
            happens(spec, at, EventKind::Reassign { assignor, boot });
            let members = *members;
            happens(spec, at + BOOT, EventKind::Scale { members });
        }
        Remedy::Replace { client_id } => {
            let Some(member) = member(spec, client_id) else {
                return;
            };
            ends(
                spec,
                at,
                |kind| matches!(kind, EventKind::SickMember { member: sick, .. } if *sick == member),
            );
            replace(spec, at, vec![member]);
        }
        Remedy::LeaveHost { host } => {
            let there = |k: &usize| spec.members[*k].host == *host;
            let these = (0..spec.members.len()).filter(there).collect();
            ends(
                spec,
                at,
                |kind| matches!(kind, EventKind::SickHost { host: sick, .. } if sick == host),
            );
            replace(spec, at, these);
        }
        Remedy::MendBroker { broker } => ends(
            spec,
            at + MENDED_AFTER,
            |kind| matches!(kind, EventKind::SlowLeader { broker: slow, .. } if slow == broker),
        ),
        Remedy::Calm => {
            ends(spec, at, |kind| matches!(kind, EventKind::Storm { .. }));
            happens(spec, at, redeploy);
        }
        Remedy::Restart => {
            ends(spec, at, |kind| matches!(kind, EventKind::Stuck));
            happens(spec, at, redeploy);
        }
        Remedy::Start => ends(spec, at + BOOT, |kind| matches!(kind, EventKind::Stopped)),
        Remedy::SetOffset {
            topic,
            partition,
            offset,
        } => {
            if poison.is_some_and(|poison| *offset > poison) {
                let it = (topic, *partition);
                ends(
                    spec,
                    at,
                    |kind| matches!(kind, EventKind::Poison { topic, partition, .. } if (topic, *partition) == it),
                );
            }
            set(spec, at, topic, Some(*partition), Some(*offset));
        }
        Remedy::ToEarliest { topic } => set(spec, at, topic, None, None),
        Remedy::Commit => {
            ends(spec, at, |kind| matches!(kind, EventKind::NeverCommits));
            happens(spec, at, redeploy);
        }
        // Done to topics.
        Remedy::Abort { .. } | Remedy::Retain { .. } => {}
    }
}

fn happens(spec: &mut GroupSpec, from: Millis, kind: EventKind) {
    spec.events.push(Event {
        from,
        until: None,
        kind,
    });
}

/// What goes on at `at` and is one of these ends then.
fn ends(spec: &mut GroupSpec, at: Millis, is_one: impl Fn(&EventKind) -> bool) {
    let on = |event: &&mut Event| event.from <= at && event.until.is_none_or(|until| at < until);
    for event in spec.events.iter_mut().filter(on) {
        if is_one(&event.kind) {
            event.until = Some(at);
        }
    }
}

fn scale(spec: &mut GroupSpec, at: Millis, members: usize) {
    let more = members > spec.members_at(at);
    let from = if more { at + BOOT } else { at };
    happens(spec, from, EventKind::Scale { members });
}

fn replace(spec: &mut GroupSpec, at: Millis, members: Vec<usize>) {
    let boot = BOOT;
    happens(spec, at, EventKind::Replace { members, boot });
}

/// Kafka sets offsets only of a group without members.
fn set(spec: &mut GroupSpec, at: Millis, topic: &str, partition: Option<i32>, to: Option<i64>) {
    if spec.protocol != Protocol::Manual {
        happens(spec, at, EventKind::RecreateDeploy { boot: 2 * BOOT });
    }
    let topic = topic.to_owned();
    let set = EventKind::SetOffsets {
        topic,
        partition,
        to,
    };
    happens(spec, at + BOOT, set);
}

/// A member's index: those that came with a scaling are called as the first are.
fn member(spec: &GroupSpec, client_id: &str) -> Option<usize> {
    let known = spec.members.iter().position(|m| m.client_id == client_id);
    known.or_else(|| {
        let number = client_id.strip_prefix(spec.name.as_str())?;
        number.strip_prefix('-')?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::scenario;
    use crate::sim::spec::{HOUR, SECOND};

    const EPOCH: Millis = 1_800_000_000_000;

    fn oldest(world: &World, group: &str, t: Millis) -> Millis {
        let index = world.group_named(group).expect("a group");
        let truth = world.truth(index, EPOCH + t);
        let ages = truth.iter().map(|row| row.time_lag.unwrap_or(Millis::MAX));
        ages.max().unwrap_or(0)
    }

    /// Worlds with and without the remedy, which agree before it.
    fn with(name: &str, group: &str, remedy: &Remedy) -> (World, World) {
        let scenario = scenario::named(name).expect("a scenario");
        let world = World::new(&scenario, 1, EPOCH);
        let after = world.after(group, EPOCH, remedy).expect("a group");
        for t in [-HOUR, -10 * MINUTE, -SECOND] {
            assert_eq!(
                world.truth(0, EPOCH + t),
                after.truth(0, EPOCH + t),
                "{name}"
            );
        }
        (world, after)
    }

    /// The right act ends the trouble within an hour; without it, it goes on.
    fn mends(name: &str, group: &str, remedy: &Remedy) {
        let (world, after) = with(name, group, remedy);
        let (alone, helped) = (oldest(&world, group, HOUR), oldest(&after, group, HOUR));
        assert!(
            helped < 5 * MINUTE && helped < alone / 3,
            "{name}: {helped} with it, {alone} without"
        );
    }

    #[test]
    fn each_trouble_has_an_act_that_ends_it() {
        let host = "/10.42.7.90".to_owned();
        let topic = |name: &str| name.to_owned();
        let client_id = "shipment-tracker-2".to_owned();
        mends("too-few", "image-resizer", &Remedy::Members(9));
        mends(
            "sick-member",
            "shipment-tracker",
            &Remedy::Replace { client_id },
        );
        mends("sick-host", "meter-billing", &Remedy::LeaveHost { host });
        mends(
            "slow-leader",
            "ticket-router",
            &Remedy::MendBroker { broker: 2 },
        );
        mends("stopped", "search-indexer", &Remedy::Start);
        mends("stuck", "invoice-mailer", &Remedy::Restart);
        mends("rebalance-storm", "recommendation-features", &Remedy::Calm);
        mends("never-commits", "crm-import", &Remedy::Commit);
        let positions = topic("devices.positions");
        mends(
            "recreated-topic",
            "geo-enricher",
            &Remedy::ToEarliest { topic: positions },
        );
        let entries = Remedy::Abort {
            topic: topic("ledger.entries"),
            partition: 3,
        };
        mends("hanging-transaction", "ledger-poster", &entries);
    }

    #[test]
    fn a_poisoned_record_is_skipped_only_by_an_offset_beyond_it() {
        let world = World::new(&scenario::named("poison").expect("poison"), 1, EPOCH);
        let at = world.poison_at("billing-export", "invoices.issued", 5, 0);
        let at = at.expect("a poisoned record");
        let skip = |offset| Remedy::SetOffset {
            topic: "invoices.issued".to_owned(),
            partition: 5,
            offset,
        };
        mends("poison", "billing-export", &skip(at + 1));
        let (world, same) = with("poison", "billing-export", &skip(at));
        let (alone, tried) = (
            oldest(&world, "billing-export", HOUR),
            oldest(&same, "billing-export", HOUR),
        );
        assert_eq!(alone, tried);
    }

    #[test]
    fn the_wrong_act_mends_nothing() {
        let client_id = "shipment-tracker-0".to_owned();
        let wrong = Remedy::Replace { client_id };
        let (world, after) = with("sick-member", "shipment-tracker", &wrong);
        let group = "shipment-tracker";
        let (alone, tried) = (oldest(&world, group, HOUR), oldest(&after, group, HOUR));
        assert!(tried > alone / 2, "{tried} {alone}");
    }

    #[test]
    fn what_is_kept_for_longer_is_not_lost() {
        let kept = Remedy::Retain {
            topic: "clicks.raw".to_owned(),
            time: 12 * HOUR,
        };
        let group = "clickstream-archiver";
        let (world, after) = with("retention", group, &kept);
        let index = world.group_named(group).expect("a group");
        let start = |world: &World, t| {
            let rows = world.rows(index);
            world.log_start(rows[0].topic as usize, 0, EPOCH + t)
        };
        assert_eq!(start(&after, HOUR), start(&world, 0));
        assert!(start(&world, 3 * HOUR) > start(&after, 3 * HOUR));
        assert!(oldest(&after, group, 4 * HOUR) > oldest(&world, group, 4 * HOUR));
    }

    #[test]
    fn another_assignor_is_in_force_once_all_are_back() {
        let remedy = Remedy::Assignor {
            assignor: crate::sim::spec::Assignor::CooperativeSticky,
            members: 5,
        };
        let (_, after) = with("too-few", "image-resizer", &remedy);
        let index = after.group_named("image-resizer").expect("a group");
        let view = after.view(index, EPOCH + 10 * MINUTE);
        assert_eq!(
            (view.assignor, view.members.len()),
            ("cooperative-sticky", 5)
        );
        assert_eq!(after.view(index, EPOCH - MINUTE).assignor, "range");
    }

    #[test]
    fn scalings_follow_each_other() {
        let world = World::new(&scenario::named("too-few").expect("too-few"), 1, EPOCH);
        let index = world.group_named("image-resizer").expect("a group");
        for (minute, members) in [(0, 7), (10, 5), (20, 2), (30, 4)] {
            let more = Event {
                from: minute * MINUTE,
                until: None,
                kind: EventKind::Scale { members },
            };
            assert!(world.intervene("image-resizer", more));
            let view = world.view(index, EPOCH + minute * MINUTE + 5 * MINUTE);
            assert_eq!(view.members.len(), members, "at {minute}");
        }
        let view = world.view(index, EPOCH + 15 * MINUTE);
        assert_eq!(view.members.len(), 5, "the past stays");
    }
}
