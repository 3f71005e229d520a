//! Verdicts beside the truth: how soon a trouble is told, and what is told of the healthy.

use std::collections::BTreeMap;

use laggard::model::{Snapshot, Span, Status, Timestamp};
use laggard::sim::spec::Cause;
use laggard::sim::world::World;

use super::burrow::{self, Burrow};
use super::observed::Seen;

/// Over this stretch the true time lag of a group must have grown …
const GROWTH_OVER: i64 = 300_000;
/// … by this share of it …
const GROWTH: f64 = 0.05;
/// … and be at least this old, in milliseconds, for it to be falling behind.
const GROWN_TO: i64 = 30_000;

/// What is kept of verdicts.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// By expected status: delays in seconds; none where it was not told at all.
    pub delays: BTreeMap<Status, Vec<Option<f64>>>,
    /// The same of Burrow's (any status but OK), where Laggard's was expected.
    pub burrow_delays: BTreeMap<Status, Vec<Option<f64>>>,
    /// By status: how often it was told of a group with which nothing was wrong.
    pub false_alarms: BTreeMap<Status, u64>,
    /// How often Burrow said of such a group that it was not OK.
    pub burrow_alarms: u64,
    /// How long healthy groups were watched, in seconds.
    pub healthy: f64,
    /// False alarms in words.
    pub examples: Vec<String>,
}

impl Verdicts {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        for (status, delays) in &other.delays {
            self.delays.entry(*status).or_default().extend(delays);
        }
        for (status, delays) in &other.burrow_delays {
            self.burrow_delays
                .entry(*status)
                .or_default()
                .extend(delays);
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
    groups: BTreeMap<usize, Followed>,
}

#[derive(Debug, Default)]
struct Followed {
    alarmed: bool,
    burrow_alarmed: bool,
    healthy: f64,
    last: Option<Timestamp>,
    ages: Vec<(i64, i64)>,
    /// Status, since when it is so in truth, when it was told, when Burrow told anything.
    wanted: Vec<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    status: Status,
    since: i64,
    told: Option<i64>,
    burrow: Option<i64>,
}

impl Follow {
    /// Takes in a snapshot.
    pub fn sample(&mut self, snapshot: &Snapshot, seen: &Seen, world: &World, kept: &mut Verdicts) {
        let at = snapshot.at.as_millis();
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let Some(index) = world.group_named(group.group.as_str()) else {
                continue;
            };
            let followed = self.groups.entry(index).or_default();
            let status = group.status.status;
            let not_ok = worst_by_burrow(seen, group.group.as_str(), snapshot.at) > Burrow::Ok;
            let conditions = world.conditions(index, at);
            if conditions.is_empty() {
                // Retention may overtake a healthy reader: what is gone is gone.
                let lost = || world.truth(index, at).iter().any(|row| row.lost > 0);
                if status.is_trouble()
                    && !followed.alarmed
                    && !(status == Status::DataLoss && lost())
                {
                    *kept.false_alarms.entry(status).or_default() += 1;
                    kept.examples.push(format!(
                        "{} at {}: {} {:?}",
                        group.group,
                        snapshot.at,
                        status.name(),
                        group.status.evidence
                    ));
                }
                kept.burrow_alarms += u64::from(not_ok && !followed.burrow_alarmed);
                let step = followed.last.map_or(Span::ZERO, |last| snapshot.at - last);
                followed.healthy += step.as_secs_f64();
            } else {
                followed.want(world, index, at, conditions[0].cause, conditions[0].began);
            }
            for wanted in &mut followed.wanted {
                let told = status == wanted.status
                    || group.rows.iter().any(|row| {
                        row.verdict
                            .as_ref()
                            .is_some_and(|v| v.status == wanted.status)
                    });
                if told {
                    wanted.told.get_or_insert(at);
                }
                if not_ok {
                    wanted.burrow.get_or_insert(at);
                }
            }
            followed.alarmed = status.is_trouble();
            followed.burrow_alarmed = not_ok;
            followed.last = Some(snapshot.at);
        }
    }

    /// The run is over.
    pub fn finish(self, kept: &mut Verdicts) {
        for followed in self.groups.into_values() {
            kept.healthy += followed.healthy;
            for wanted in followed.wanted {
                let delay =
                    |told: Option<i64>| told.map(|told| (told - wanted.since).max(0) as f64 / 1e3);
                kept.delays
                    .entry(wanted.status)
                    .or_default()
                    .push(delay(wanted.told));
                kept.burrow_delays
                    .entry(wanted.status)
                    .or_default()
                    .push(delay(wanted.burrow));
            }
        }
    }
}

impl Followed {
    /// Notes which verdicts the truth calls for by now.
    fn want(&mut self, world: &World, group: usize, at: i64, cause: Cause, began: i64) {
        let truth = world.truth(group, at);
        let unread = truth.iter().any(|row| row.effective_lag > Some(0));
        let lost = truth.iter().any(|row| row.lost > 0);
        let oldest = truth
            .iter()
            .filter_map(|row| row.time_lag)
            .max()
            .unwrap_or(0);
        let grown = self.has_grown(at, oldest);
        if lost {
            self.expect(Status::DataLoss, at);
        }
        match cause {
            Cause::Stopped if unread => self.expect(Status::Stopped, at),
            Cause::Stuck | Cause::PoisonRecord if unread => self.expect(Status::Stalled, at),
            Cause::Rewound => self.expect(Status::Rewound, began),
            Cause::NeverCommits => self.expect(Status::NeverCommitted, at),
            Cause::TopicRecreated => self.expect(Status::Recreated, began),
            Cause::HangingTransaction => self.expect(Status::TxnBlocked, began),
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
                self.expect(Status::FallingBehind, at);
            }
            _ => {}
        }
    }

    fn has_grown(&mut self, at: i64, oldest: i64) -> bool {
        self.ages.push((at, oldest));
        self.ages.retain(|(t, _)| at - t <= GROWTH_OVER);
        let (since, was) = self.ages[0];
        let whole = at - since >= GROWTH_OVER * 9 / 10;
        whole && oldest >= GROWN_TO && (oldest - was) as f64 >= GROWTH * (at - since) as f64
    }

    fn expect(&mut self, status: Status, since: i64) {
        if !self.wanted.iter().any(|wanted| wanted.status == status) {
            self.wanted.push(Wanted {
                status,
                since,
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
