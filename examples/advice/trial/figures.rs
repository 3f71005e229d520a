//! The figures that may not get worse, as a small file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::adding::Added;
use super::following::Followed;
use super::outcome::Outcomes;
use super::scaling::Scaler;

/// One scenario's, over its seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Runs.
    pub runs: u64,
    /// What was done, by the advice's kind.
    pub acts: BTreeMap<String, u64>,
    /// Groups whose time lag was worse with the advice followed.
    pub harmed: u64,
    /// p99 time lag in seconds of the worst group, from the first act on, in the worst run in which it is known.
    pub with: i64,
    /// The same without.
    pub without: i64,
    /// Runs in which a group's p99 time lag was not known: its commits lead to no record.
    pub unknown_with: u64,
    /// The same without.
    pub unknown_without: u64,
    /// Records that were deleted unread with the advice followed.
    pub lost_with: i64,
    /// … and without.
    pub lost_without: i64,
    /// Scale-up advice that was judged.
    pub scaled: u64,
    /// … and that reached its target.
    pub reached: u64,
    /// Advice not to add consumers.
    pub told_not_to: u64,
    /// … where they would have helped.
    pub would_have_helped: u64,
    /// … where they would have ended the trouble.
    pub would_have_ended: u64,
}

/// By scenario.
pub type Figures = BTreeMap<String, Figure>;

impl Figure {
    /// Takes in a run.
    pub fn take(&mut self, followed: &Followed, added: &[Added]) {
        self.runs += 1;
        for (_, act) in &followed.acts {
            *self
                .acts
                .entry(format!("{:?}", act.advice.kind))
                .or_default() += 1;
        }
        self.harmed += followed.harmed().len() as u64;
        self.scaled += followed.scaled.len() as u64;
        self.reached += followed.scaled.iter().filter(|s| s.reached).count() as u64;
        self.told_not_to += added.len() as u64;
        self.would_have_helped += added.iter().filter(|a| a.helps()).count() as u64;
        self.would_have_ended += added.iter().filter(|a| a.ends()).count() as u64;
        let Some(from) = followed.first_act() else {
            return;
        };
        let worst = |outcomes: &Outcomes| {
            let ages = outcomes.groups.iter().map(|group| group.p99(from));
            ages.max().filter(|age| *age < i64::MAX)
        };
        match worst(&followed.with) {
            Some(age) => self.with = self.with.max(age / 1_000),
            None => self.unknown_with += 1,
        }
        match worst(&followed.without) {
            Some(age) => self.without = self.without.max(age / 1_000),
            None => self.unknown_without += 1,
        }
        let lost = |outcomes: &Outcomes| outcomes.groups.iter().map(|g| g.lost(from)).sum::<i64>();
        self.lost_with += lost(&followed.with);
        self.lost_without += lost(&followed.without);
    }

    /// What is worse than in `before`, in words.
    pub fn worse_than(&self, before: &Self) -> Vec<String> {
        let mut worse = Vec::new();
        let mut hold =
            |what: &str, is_worse: bool, now: &dyn std::fmt::Debug, then: &dyn std::fmt::Debug| {
                if is_worse {
                    worse.push(format!("{what}: {now:?}, was {then:?}"));
                }
            };
        hold(
            "harmed",
            self.harmed > before.harmed,
            &self.harmed,
            &before.harmed,
        );
        let missed = |f: &Self| f.scaled - f.reached;
        hold(
            "missed targets",
            missed(self) > missed(before),
            &missed(self),
            &missed(before),
        );
        let helped = (self.would_have_ended, before.would_have_ended);
        hold(
            "wrongly told not to add",
            helped.0 > helped.1,
            &helped.0,
            &helped.1,
        );
        // Another platform's sines differ in the last bit.
        let unknown = (self.unknown_with, before.unknown_with);
        hold("unknown", unknown.0 > unknown.1, &unknown.0, &unknown.1);
        let slower = self.with as f64 > 1.1 * before.with as f64 + 30.0;
        hold(
            "p99 with the advice followed",
            slower,
            &self.with,
            &before.with,
        );
        let lost = self.lost_with as f64 > 1.1 * before.lost_with as f64 + 100.0;
        hold("lost", lost, &self.lost_with, &before.lost_with);
        let fewer = before.acts.keys().any(|kind| !self.acts.contains_key(kind));
        hold("acts", fewer, &self.acts, &before.acts);
        worse
    }
}

/// What an autoscaler made of a scenario's runs, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scaled {
    /// Member-hours.
    pub member_hours: f64,
    /// Group-hours above the target.
    pub hours_above: f64,
    /// Rebalances.
    pub rebalances: i64,
}

/// By scenario and autoscaler.
pub type Scalings = BTreeMap<(String, &'static str), Scaled>;

impl Scaled {
    /// Takes in a run.
    pub fn take(&mut self, outcomes: &Outcomes) {
        for group in &outcomes.groups {
            self.member_hours += group.member_hours();
            self.hours_above += group.hours_above();
            self.rebalances += i64::from(group.rebalances());
        }
    }

    /// Adds another scenario's.
    pub fn add(&mut self, other: &Self) {
        self.member_hours += other.member_hours;
        self.hours_above += other.hours_above;
        self.rebalances += other.rebalances;
    }
}

/// The name of a scaler and what it made of each scenario.
pub fn of(scalings: &Scalings, scaler: Scaler) -> impl Iterator<Item = (&str, &Scaled)> {
    let named = scalings
        .iter()
        .filter(move |((_, name), _)| *name == scaler.name());
    named.map(|((scenario, _), scaled)| (scenario.as_str(), scaled))
}
