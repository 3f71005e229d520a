//! Verdicts beside the truth: how soon a trouble is told, and what is told of the healthy.

use std::collections::BTreeMap;

use laggard::model::{GroupSnapshot, Snapshot, Span, Status, Timestamp};
use laggard::sim::spec::{Cause, Millis};
use laggard::sim::world::World;

use super::burrow::{self, Burrow};
use super::implied::implied;
use super::observed::Seen;

/// Over this stretch the true time lag of a group must have grown …
const GROWTH_OVER: i64 = 300_000;
/// … by this share of it …
const GROWTH: f64 = 0.05;
/// … and be at least this old, in milliseconds, and older than what counts as well, for it to be falling behind.
const GROWN_TO: i64 = 30_000;
/// What is told of a group as a whole, beside its status.
const STORM: &str = "rebalancing_storm";

/// What is kept of verdicts.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// By what should be told: each time that it should have been.
    pub delays: BTreeMap<&'static str, Vec<Delay>>,
    /// By status: how often it was told of a group with which nothing was wrong.
    pub false_alarms: BTreeMap<Status, u64>,
    /// How often Burrow said of such a group that it was not OK.
    pub burrow_alarms: u64,
    /// How long healthy groups were watched, in seconds.
    pub healthy: f64,
    /// False alarms in words.
    pub examples: Vec<String>,
}

/// How long it took, in seconds, until something was told that was so.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    /// None: it was not told at all.
    pub told: Option<f64>,
    /// Until Burrow told anything.
    pub burrow: Option<f64>,
    /// How long the rules let it take.
    pub implied: f64,
}

impl Delay {
    /// Whether it was told in time.
    pub fn in_time(&self) -> bool {
        self.told.is_some_and(|told| told <= self.implied)
    }
}

impl Verdicts {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        for (what, delays) in &other.delays {
            self.delays.entry(what).or_default().extend(delays);
        }
        for (status, count) in &other.false_alarms {
            *self.false_alarms.entry(*status).or_default() += count;
        }
        self.burrow_alarms += other.burrow_alarms;
        self.healthy += other.healthy;
        self.examples.extend(other.examples.iter().cloned());
    }

    /// All false alarms.
    pub fn alarms(&self) -> u64 {
        self.false_alarms.values().sum()
    }
}

/// Follows one run's groups.
#[derive(Debug, Default)]
pub struct Follow {
    poll: Millis,
    /// Time between a member's commits, by group.
    gaps: BTreeMap<String, Millis>,
    groups: BTreeMap<usize, Followed>,
}

#[derive(Debug, Default)]
struct Followed {
    alarmed: bool,
    burrow_alarmed: bool,
    healthy: f64,
    last: Option<Timestamp>,
    ages: Vec<(Millis, Millis)>,
    wanted: Vec<Wanted>,
}

/// Something that is so in truth, and when it was told.
#[derive(Debug)]
struct Wanted {
    what: &'static str,
    since: Millis,
    implied: Millis,
    told: Option<Millis>,
    burrow: Option<Millis>,
}

/// What is wrong with a group, and how it is watched.
struct Trouble {
    group: usize,
    cause: Cause,
    began: Millis,
    poll: Millis,
    gap: Millis,
}

impl Follow {
    /// Groups that commit this often, read each `poll`.
    pub fn new(poll: Millis, gaps: BTreeMap<String, Millis>) -> Self {
        Self {
            poll,
            gaps,
            ..Self::default()
        }
    }

    /// Takes in a snapshot.
    pub fn sample(&mut self, snapshot: &Snapshot, seen: &Seen, world: &World, kept: &mut Verdicts) {
        let at = snapshot.at.as_millis();
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let Some(index) = world.group_named(group.group.as_str()) else {
                continue;
            };
            let followed = self.groups.entry(index).or_default();
            let not_ok = worst_by_burrow(seen, group.group.as_str(), snapshot.at) > Burrow::Ok;
            match world.conditions(index, at).as_slice() {
                [] => followed.healthy(group, not_ok, (world, index), snapshot.at, kept),
                [first, ..] => {
                    let trouble = Trouble {
                        group: index,
                        cause: first.cause,
                        began: first.began,
                        poll: self.poll,
                        gap: self.gaps.get(group.group.as_str()).copied().unwrap_or(0),
                    };
                    followed.want(world, at, &trouble);
                }
            }
            for wanted in &mut followed.wanted {
                if says(group, wanted.what) {
                    wanted.told.get_or_insert(at);
                }
                if not_ok {
                    wanted.burrow.get_or_insert(at);
                }
            }
            followed.alarmed = group.status.status.is_trouble();
            followed.burrow_alarmed = not_ok;
            followed.last = Some(snapshot.at);
        }
    }

    /// The run is over.
    pub fn finish(self, kept: &mut Verdicts) {
        for followed in self.groups.into_values() {
            kept.healthy += followed.healthy;
            for wanted in followed.wanted {
                let delay = |told: Option<Millis>| {
                    told.map(|told| (told - wanted.since).max(0) as f64 / 1e3)
                };
                kept.delays.entry(wanted.what).or_default().push(Delay {
                    told: delay(wanted.told),
                    burrow: delay(wanted.burrow),
                    implied: wanted.implied as f64 / 1e3,
                });
            }
        }
    }
}

/// Whether a group, or one of its partitions, is said to be that.
fn says(group: &GroupSnapshot, what: &str) -> bool {
    if what == STORM {
        return group.storm.is_some();
    }
    let mut rows = group.rows.iter().filter_map(|row| row.verdict.as_ref());
    group.status.status.name() == what || rows.any(|verdict| verdict.status.name() == what)
}

impl Followed {
    /// Nothing is wrong: what is told is a false alarm.
    fn healthy(
        &mut self,
        group: &GroupSnapshot,
        not_ok: bool,
        (world, index): (&World, usize),
        now: Timestamp,
        kept: &mut Verdicts,
    ) {
        let status = group.status.status;
        let step = self.last.map_or(Span::ZERO, |last| now - last);
        self.healthy += step.as_secs_f64();
        kept.burrow_alarms += u64::from(not_ok && !self.burrow_alarmed);
        if !status.is_trouble() || self.alarmed {
            return;
        }
        // Retention may overtake a healthy reader: what is gone is gone, even if it reads on before the next snapshot.
        let since = (now - step).as_millis();
        let mut instants = (since..=now.as_millis()).step_by(500);
        let lost = |t| world.truth(index, t).iter().any(|row| row.lost > 0);
        if status == Status::DataLoss && instants.any(lost) {
            return;
        }
        *kept.false_alarms.entry(status).or_default() += 1;
        let evidence = &group.status.evidence;
        let name = status.name();
        let example = format!("{} at {now}: {name} {evidence:?}", group.group);
        kept.examples.push(example);
    }

    /// Notes which verdicts the truth calls for by now.
    fn want(&mut self, world: &World, at: Millis, trouble: &Trouble) {
        let truth = world.truth(trouble.group, at);
        let unread = truth.iter().any(|row| row.effective_lag > Some(0));
        let lost = truth.iter().any(|row| row.lost > 0);
        let oldest = truth.iter().filter_map(|row| row.time_lag).max();
        // What was read up to two polls or commits ago is well by definition.
        let well = 2 * trouble.poll.max(trouble.gap);
        let grown = self.has_grown(at, oldest.unwrap_or(0), well);
        if lost {
            self.expect(Status::DataLoss.name(), at, trouble);
        }
        let began = trouble.began;
        match trouble.cause {
            Cause::Stopped if unread => self.expect(Status::Stopped.name(), at, trouble),
            Cause::Stuck | Cause::PoisonRecord if unread => {
                self.expect(Status::Stalled.name(), at, trouble);
            }
            Cause::Rewound => self.expect(Status::Rewound.name(), began, trouble),
            Cause::NeverCommits => self.expect(Status::NeverCommitted.name(), at, trouble),
            Cause::TopicRecreated => self.expect(Status::Recreated.name(), began, trouble),
            Cause::HangingTransaction => self.expect(Status::TxnBlocked.name(), began, trouble),
            Cause::TooFewConsumers
            | Cause::SlowService
            | Cause::HotKey
            | Cause::SickMember
            | Cause::SickHost
            | Cause::SlowLeader
            | Cause::SlowDownstream
            | Cause::RebalanceStorm
                if grown =>
            {
                self.expect(Status::FallingBehind.name(), at, trouble);
            }
            _ => {}
        }
        if trouble.cause == Cause::RebalanceStorm {
            self.expect(STORM, began, trouble);
        }
    }

    fn has_grown(&mut self, at: Millis, oldest: Millis, well: Millis) -> bool {
        self.ages.push((at, oldest));
        self.ages.retain(|(t, _)| at - t <= GROWTH_OVER);
        let (since, was) = self.ages[0];
        let whole = at - since >= GROWTH_OVER * 9 / 10;
        whole
            && oldest >= GROWN_TO.max(well)
            && (oldest - was) as f64 >= GROWTH * (at - since) as f64
    }

    fn expect(&mut self, what: &'static str, since: Millis, trouble: &Trouble) {
        if !self.wanted.iter().any(|wanted| wanted.what == what) {
            self.wanted.push(Wanted {
                what,
                since,
                implied: implied(what, trouble.cause, trouble.poll, trouble.gap),
                told: None,
                burrow: None,
            });
        }
    }
}

fn worst_by_burrow(seen: &Seen, group: &str, at: Timestamp) -> Burrow {
    let of_group = seen
        .commits
        .iter()
        .filter(|((name, _), _)| name.as_str() == group);
    let verdicts = of_group
        .filter_map(|((_, log), commit)| Some(burrow::judge(seen.logs.get(log)?, commit, at)));
    verdicts.max().unwrap_or(Burrow::Ok)
}
