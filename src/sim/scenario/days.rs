//! Workloads that last for days: what is well and stays well, and consumers that pause under producers of every kind.
//!
//! In: a seed, a length. Out: scenarios whose events lie between the epoch and `length` after it. They are written from
//! how systems behave: people deploy by day, a pause may last minutes or a night. A trouble is one of the demo's, with
//! other numbers and at an hour of the seed's choosing.

use super::{Entry, Part, RARE, TROUBLES, habits, releases};
use crate::sim::random::{between, derive, mix};
use crate::sim::spec::{
    DAY, Event, EventKind, FeedSpec, GroupSpec, HOUR, MINUTE, Millis, SECOND, Scenario, Shape,
    Start, TopicSpec,
};

/// What a workload over days is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// A consumer that pauses: its time lag is of every size.
    Pauses,
    /// It is well, all the time, whatever it looks like.
    Healthy,
    /// Something goes wrong once, some hours after the epoch.
    Trouble,
}

type Build = fn(u64, Millis) -> Part;

const PAUSES: [(&str, Build); 7] = [
    ("steady", |seed, length| {
        paused(FeedSpec::steady(20.0), seed, length)
    }),
    ("diurnal wave", |seed, length| {
        let wave = Shape::Diurnal {
            mean: 20.0,
            swing: 0.9,
            peak: 14 * HOUR,
        };
        paused(FeedSpec::new(wave), seed, length)
    }),
    ("on and off", |seed, length| {
        let shape = Shape::Bursts {
            every: 50 * MINUTE,
            records: 40_000.0,
            length: [10 * MINUTE, 25 * MINUTE],
            late: 20 * MINUTE,
        };
        paused(FeedSpec::new(shape), seed, length)
    }),
    ("0.01 a second", |seed, length| {
        paused(FeedSpec::steady(0.01).unsteady(0.7), seed, length)
    }),
    ("spikes", |seed, length| {
        let shape = Shape::Bursts {
            every: 100 * MINUTE,
            records: 90_000.0,
            length: [15 * SECOND, 90 * SECOND],
            late: 80 * MINUTE,
        };
        let mut part = paused(FeedSpec::steady(5.0), seed, length);
        part.topics[0].feeds.push(FeedSpec::new(shape));
        part
    }),
    ("hourly batches", |seed, length| {
        let shape = Shape::Bursts {
            every: HOUR,
            records: 30_000.0,
            length: [MINUTE, 3 * MINUTE],
            late: 5 * MINUTE,
        };
        paused(FeedSpec::new(shape).unsteady(0.0), seed, length)
    }),
    ("clocks ahead", |seed, length| {
        let mut part = paused(FeedSpec::steady(10.0), seed, length);
        part.topics[0].clock_skew = 7 * MINUTE;
        part
    }),
];

const WELL: [(&str, Build); 13] = [
    ("auto-commit each 5 s", |_, _| habits::plain()),
    ("diurnal", |_, _| habits::diurnal()),
    ("idle", |_, _| habits::idle()),
    ("sparse", |_, _| habits::sparse()),
    ("batches", |_, _| habits::hourly_batches()),
    ("cron", |_, _| habits::cron()),
    ("hourly sink", |_, _| habits::hourly_sink()),
    ("memberless", |_, _| habits::memberless()),
    ("rare commits", |_, _| habits::rare_commits()),
    ("rolling deploys", |seed, length| {
        daily(releases::rolling(), seed, length)
    }),
    ("recreate deploys", |seed, length| {
        daily(releases::recreate(), seed, length)
    }),
    ("backfill", |seed, _| {
        let mut part = releases::backfill();
        for (group, k) in part.groups.iter_mut().zip(1..) {
            group.since = Some(between(seed, k, 0.5 * HOUR as f64, 8.0 * HOUR as f64) as Millis);
        }
        part
    }),
    ("replay from earliest", |seed, _| {
        let topic = TopicSpec::new("articles.published", 4).fed(FeedSpec::steady(12.0));
        let mut replay = GroupSpec::new("search-rebuild", "articles.published").members(2, 600.0);
        replay.since = Some(between(seed, 1, 0.5 * HOUR as f64, 8.0 * HOUR as f64) as Millis);
        replay.start = Start::Earliest;
        Part::new(topic, replay)
    }),
];

fn troubles() -> impl Iterator<Item = &'static Entry> {
    TROUBLES.iter().chain(&RARE)
}

/// All workloads over days, with what each is there to show.
pub fn over_days() -> impl Iterator<Item = (&'static str, Purpose)> {
    let pauses = PAUSES.iter().map(|(name, _)| (*name, Purpose::Pauses));
    let well = WELL.iter().map(|(name, _)| (*name, Purpose::Healthy));
    let troubles = troubles().map(|(name, ..)| (*name, Purpose::Trouble));
    pauses.chain(well).chain(troubles)
}

/// The workload of this name, with the seed's own numbers, over `length` from the epoch on.
pub fn for_days(name: &str, purpose: Purpose, seed: u64, length: Millis) -> Option<Scenario> {
    let seed = mix(seed, derive(0, name));
    let built = |list: &[(&str, Build)]| {
        let (_, build) = list.iter().find(|(known, _)| *known == name)?;
        Some(scenario(name, build(seed, length)).varied(seed))
    };
    match purpose {
        Purpose::Pauses => built(&PAUSES),
        Purpose::Healthy => built(&WELL),
        Purpose::Trouble => {
            let (.., part) = troubles().find(|(known, ..)| *known == name)?;
            let lead = between(seed, 3, 4.0 * HOUR as f64, 6.0 * HOUR as f64) as Millis;
            Some(scenario(name, part()).later(lead).varied(seed))
        }
    }
}

fn scenario(name: &str, part: Part) -> Scenario {
    Scenario {
        name: name.to_owned(),
        brokers: 3,
        topics: part.topics,
        groups: part.groups,
        downstreams: part.downstreams,
        filler: None,
    }
}

/// A consumer with four times the speed that it needs on average, which pauses now and then: for minutes, or for most of
/// a night.
fn paused(feed: FeedSpec, seed: u64, length: Millis) -> Part {
    let topic = TopicSpec::new("events", 4).fed(feed);
    let mut group = GroupSpec::new("reader", "events").members(2, 60.0);
    let mut at = between(seed, 10, HOUR as f64, 3.0 * HOUR as f64) as Millis;
    for k in 0.. {
        if at >= length {
            break;
        }
        let draw = mix(seed, k);
        // Evenly over the orders of magnitude.
        let pause = 5.0 * MINUTE as f64 * 100.0_f64.powf(between(draw, 11, 0.0, 1.0));
        let until = at + pause as Millis;
        group = group.event(at, Some(until), EventKind::Stopped);
        at = until + between(draw, 12, HOUR as f64, 4.0 * HOUR as f64) as Millis;
    }
    Part::new(topic, group)
}

/// The part's deploy each working day, some time between eight and eighteen o'clock.
fn daily(mut part: Part, seed: u64, length: Millis) -> Part {
    for group in &mut part.groups {
        let Some(deploy) = group.events.pop() else {
            continue;
        };
        let days = (0..).take_while(|day| day * DAY < length);
        group
            .events
            .extend(days.filter(|day| day % 7 < 5).map(|day| Event {
                from: day * DAY + (between(seed, day, 8.0, 18.0) * HOUR as f64) as Millis,
                ..deploy.clone()
            }));
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::World;

    const EPOCH: Millis = 1_800_000_000_000;

    #[test]
    fn every_name_is_a_workload_and_the_well_are_well() {
        for (name, purpose) in over_days() {
            let scenario = for_days(name, purpose, 1, DAY).unwrap_or_else(|| panic!("{name}"));
            assert!(!scenario.groups.is_empty(), "{name}");
            let events = scenario.groups.iter().flat_map(|group| &group.events);
            let feeds = scenario.topics.iter().flat_map(|topic| &topic.feeds);
            let faults = events.filter_map(|event| event.kind.cause()).count()
                + feeds.filter_map(|feed| feed.cause).count();
            assert!(purpose != Purpose::Healthy || faults == 0, "{name}");
        }
    }

    #[test]
    fn a_pause_ends_and_its_backlog_goes() {
        let scenario = for_days("steady", Purpose::Pauses, 3, DAY).expect("steady");
        let pause = scenario.groups[0].events[0].clone();
        let world = World::new(&scenario, 3, EPOCH);
        let until = pause.until.expect("an end");
        let worst = |t| {
            let truth = world.truth(0, EPOCH + t);
            truth.iter().filter_map(|row| row.time_lag).max()
        };
        assert!(worst(until) > Some(until - pause.from - MINUTE));
        assert!(worst(until + 30 * MINUTE) < worst(until));
    }
}
