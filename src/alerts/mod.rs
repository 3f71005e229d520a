//! Alert rules: Prometheus rule files, evaluated on a snapshot's series with no Prometheus at hand.
//!
//! In: rule files and snapshots. Out: alerts, pending, firing or resolved, and notifications. The evaluator is plain
//! Prometheus: known and stale values are samples, unknown is none. Beside it stands *hold*, which
//! only delays good news: while a reading that an alert rests on is stale, unknown or warming, the
//! alert makes no step towards resolved. Grouping says who is to be told of what, and when. It does
//! no IO and reads no clock, and delivers nothing.

mod duration;
mod eval;
mod expected;
mod expr;
mod frame;
mod grouping;
mod orders;
mod rules;
mod shipped;
mod state;
mod teller;
mod template;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Options;
use crate::model::{
    self, Alert, ClusterSnapshot, Command, Notices, Notification, Notify, Pattern, PolicyRule,
    RuleFile, RulePlace, Snapshot, Span, Timestamp,
};

use expected::Expected;
use frame::{Catalog, Frame};
use grouping::Grouping;
use orders::Orders;
use rules::RuleGroup;
use state::{RuleState, Surroundings, tell_alerts};

pub use rules::RuleError;
pub use shipped::shipped;
pub use teller::Teller;

/// Reads rule files only to see whether they are right.
///
/// # Errors
///
/// Every error in them.
pub fn check(files: &[RuleFile]) -> Result<Checked, Vec<RuleError>> {
    let groups = rules::load(files)?;
    Ok(Checked {
        groups: groups.len(),
        rules: groups.iter().map(|g| g.rules.len()).sum(),
    })
}

/// The names of the alerts that these files may raise; none of files with errors.
pub fn names(files: &[RuleFile]) -> BTreeSet<Arc<str>> {
    let groups = rules::load(files).unwrap_or_default();
    let rules = groups.iter().flat_map(|g| &g.rules);
    rules.map(|rule| Arc::clone(&rule.name)).collect()
}

/// What is in rule files that are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Groups.
    pub groups: usize,
    /// Rules.
    pub rules: usize,
}

/// Which rule of which group: what it was written as, and the how-many-th of those.
type RuleKey = (Arc<str>, Arc<str>, Arc<str>, u32);

/// All rules, and where each of their alerts stands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Alerting {
    files: Vec<RuleFile>,
    evaluated: BTreeMap<(Arc<str>, Arc<str>), Timestamp>,
    states: BTreeMap<RuleKey, RuleState>,
    #[serde(default)]
    notify: Notify,
    #[serde(default)]
    grouping: Grouping,
    #[serde(default)]
    orders: Orders,
    #[serde(default)]
    expected: Expected,
    #[serde(skip)]
    groups: Vec<RuleGroup>,
    /// The alerts may differ from those of the cut before.
    #[serde(skip)]
    renewed: bool,
    /// So that a restart must not forget it.
    #[serde(skip)]
    moved: bool,
    /// What the last evaluation came to.
    #[serde(skip)]
    alerts: Vec<Arc<Alert>>,
    #[serde(skip)]
    view: Arc<[model::RuleGroup]>,
}

impl Alerting {
    /// Puts these files in force. A rule that is in them as before keeps its alerts; the alerts of
    /// one that is gone are gone. Files with errors change nothing: what is in force stays.
    ///
    /// # Errors
    ///
    /// Every error in the files.
    pub fn load(&mut self, files: &[RuleFile]) -> Result<(), Vec<RuleError>> {
        if files == self.files && self.groups.is_empty() == files.is_empty() {
            return Ok(());
        }
        self.groups = rules::load(files)?;
        self.files = files.to_vec();
        let keys: Vec<_> = self.groups.iter().flat_map(keys).collect();
        self.states.retain(|key, _| keys.contains(key));
        self.gather();
        Ok(())
    }

    /// After having been read back: reads the rules anew.
    pub fn take_up(&mut self) {
        self.groups = rules::load(&self.files).unwrap_or_default();
        self.gather();
    }

    /// Puts routes and times in force.
    pub fn tell(&mut self, notify: &Notify) {
        if *notify != self.notify {
            notify.clone_into(&mut self.notify);
            self.grouping.keep_receivers(notify);
            self.renewed = true;
        }
    }

    /// Goes by these policies in what it expects to be there.
    pub fn expect(&mut self, policies: &[PolicyRule]) {
        self.expected.judge_by(policies);
    }

    /// Carries out what was ordered at `at`.
    pub fn command(&mut self, command: &Command, at: Timestamp) {
        self.orders.take(command, at);
        self.gather();
        self.moved = true;
    }

    /// What stands beside the clusters of a cut at `at`: to be asked before its evaluation.
    pub fn notices(&mut self, clusters: &[Arc<ClusterSnapshot>], at: Timestamp) -> Notices {
        if self.orders.pass(at) {
            self.gather();
            self.moved = true;
        }
        Notices {
            silences: self.orders.silences(),
            marks: self.orders.marks(),
            missing: self.expected.look(clusters, at),
            issues: Vec::new(),
        }
    }

    /// Who is to be told of what at `at`: to be asked once a cut, after its evaluation.
    pub fn notifications(&mut self, at: Timestamp) -> Vec<Notification> {
        let changed = std::mem::take(&mut self.renewed);
        let told = self.grouping.cut(&self.notify, &self.alerts, changed, at);
        self.moved |= !told.is_empty();
        told
    }

    /// Forgets who was told of what: nobody was. What still stands is told as new.
    pub fn tell_anew(&mut self) {
        self.grouping = Grouping::default();
        self.renewed = true;
    }

    /// Whether anything has changed, since this was asked last, that a restart must not forget.
    pub fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The rule files in force.
    pub fn files(&self) -> &[RuleFile] {
        &self.files
    }

    /// The rules in force and how they fare.
    pub fn rules(&self) -> Arc<[model::RuleGroup]> {
        Arc::clone(&self.view)
    }

    /// Evaluates the groups whose interval has come round and gives all alerts: firing ones first,
    /// then pending, then lately resolved.
    pub fn evaluate(&mut self, snapshot: &Snapshot) -> &[Arc<Alert>] {
        let at = snapshot.at;
        let due: Vec<usize> = (0..self.groups.len())
            .filter(|i| self.is_due(&self.groups[*i], at))
            .collect();
        if due.is_empty() {
            return &self.alerts;
        }
        let options = options();
        let source = Catalog {
            snapshot,
            options: &options,
        };
        let mut frame = Frame::new(&source);
        let surroundings = Surroundings {
            at,
            cluster_label: &options.cluster_label,
            unread: unread(&snapshot.clusters),
        };
        tell_alerts(self.states.values(), &mut frame);
        for i in due {
            let group = &self.groups[i];
            for (rule, key) in group.rules.iter().zip(keys(group)) {
                if rule.asks_alerts {
                    tell_alerts(self.states.values(), &mut frame);
                }
                let state = self.states.entry(key).or_default();
                state.evaluate(rule, group.limit, &surroundings, &mut frame);
            }
            let name = (Arc::clone(&group.file), Arc::clone(&group.name));
            self.evaluated.insert(name, at);
        }
        self.gather();
        &self.alerts
    }

    /// The alerts as the last evaluation left them.
    pub fn standing(&self) -> &[Arc<Alert>] {
        &self.alerts
    }

    /// The clock was set back by about `by`: what waits or lasts goes on as it was.
    pub fn set_back(&mut self, by: Span) {
        self.evaluated.clear();
        self.states.values_mut().for_each(|s| s.set_back(by));
        self.grouping.set_back(by);
        self.expected.set_back(by);
        (self.renewed, self.moved) = (true, true);
    }

    fn is_due(&self, group: &RuleGroup, at: Timestamp) -> bool {
        let name = (Arc::clone(&group.file), Arc::clone(&group.name));
        let round = |t: Timestamp| t.as_millis().div_euclid(group.interval.as_millis().max(1));
        self.evaluated
            .get(&name)
            .is_none_or(|last| round(at) > round(*last))
    }

    fn gather(&mut self) {
        let mut alerts = Vec::new();
        let mut view = Vec::new();
        for group in &self.groups {
            let keys = keys(group);
            let states = || keys.iter().map(|key| self.states.get(key));
            for (index, (rule, state)) in group.rules.iter().zip(states()).enumerate() {
                let place = RulePlace {
                    file: Arc::clone(&group.file),
                    group: Arc::clone(&group.name),
                    index: index as u32,
                };
                let of_rule = state.into_iter().flat_map(|s| s.alerts(rule, &place));
                alerts.extend(of_rule.map(|alert| {
                    let silenced = self.orders.silenced(&alert.labels);
                    Arc::new(Alert { silenced, ..alert })
                }));
            }
            view.push(view::group(group, states()));
        }
        alerts.sort_by(|a, b| {
            let first = (a.state, &a.name).cmp(&(b.state, &b.name));
            first.then_with(|| a.labels.cmp(&b.labels))
        });
        self.renewed = true;
        self.moved |= !same_states(&self.alerts, &alerts);
        (self.alerts, self.view) = (alerts, view.into());
    }
}

/// Whether the same alerts stand where they stood.
fn same_states(before: &[Arc<Alert>], now: &[Arc<Alert>]) -> bool {
    let stands = |a: &Alert| (a.state, a.active_since, a.fired_at, a.resolved_at);
    before.len() == now.len()
        && before
            .iter()
            .zip(now)
            .all(|(a, b)| stands(a) == stands(b) && a.labels == b.labels)
}

/// The keys of a group's rules, in order.
fn keys(group: &RuleGroup) -> Vec<RuleKey> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let key = |rule: &rules::Rule| {
        // As in Prometheus, a rule is the same while its name and labels are.
        let written = format!("{} {:?}", rule.name, rule.written_labels);
        let count = seen.entry(written.clone()).or_default();
        *count += 1;
        let (file, name) = (Arc::clone(&group.file), Arc::clone(&group.name));
        (file, name, Arc::from(written), *count)
    };
    group.rules.iter().map(key).collect()
}

/// Rules see the partitions of every group, exported or not.
fn options() -> Options {
    Options {
        partitions_of: Pattern::new(".*").ok(),
        ..Options::default()
    }
}

/// The clusters of which not everything that there is was seen yet.
fn unread(clusters: &[Arc<ClusterSnapshot>]) -> Vec<Arc<str>> {
    let unread = clusters
        .iter()
        .filter(|c| c.health.last_complete_listing.is_none());
    unread.map(|c| c.cluster.as_str().into()).collect()
}
