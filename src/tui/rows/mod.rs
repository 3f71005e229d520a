//! What lists show, in which order: derived from the snapshot shown, cached for as long as
//! neither it nor what was asked for changes. A key press that only moves costs no sorting.

pub(super) mod groups;
pub(super) mod logs;
pub(super) mod topics;

use std::sync::Arc;

use super::areas;
use super::state::{Screen, State};
use super::update::cluster_of;
use super::what_if::Worked;
use crate::model::{Advice, Alert, Snapshot};

pub(super) use groups::{GroupRows, Totals};
pub(super) use logs::LogRows;
pub(super) use topics::TopicRows;

/// The lists of all screens.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) groups: GroupRows,
    pub(super) totals: Totals,
    pub(super) topics: TopicRows,
    pub(super) alerts: Vec<Arc<Alert>>,
    pub(super) advice: Vec<Arc<Advice>>,
    pub(super) logs: LogRows,
    /// What if, worked out.
    pub(super) trial: Option<Worked>,
}

/// Which snapshot a list was made for: it is held, so that none other can take its place.
#[derive(Clone, Debug)]
pub(super) struct Stamp(Arc<Snapshot>);

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

pub(super) fn stamp(snapshot: &Arc<Snapshot>) -> Stamp {
    Stamp(Arc::clone(snapshot))
}

/// An alert's identity.
pub(super) fn alert_key(alert: &Alert) -> String {
    format!("{}{:?}", alert.name, alert.labels)
}

/// An advice's identity.
pub(super) fn advice_key(advice: &Advice) -> String {
    format!("{}/{}/{}", advice.cluster, advice.group, advice.title)
}

impl State {
    /// Brings the lists up to date and finds the selections again. After any change.
    pub(super) fn refresh(&mut self) {
        self.refresh_groups();
        // Rows are places in a snapshot: those of a screen that is not shown are not kept.
        if self.ui.screen == Screen::Topics {
            self.refresh_topics();
        } else {
            self.lists.topics = TopicRows::default();
        }
        if self.ui.screen == Screen::Logs {
            self.refresh_logs();
        } else {
            self.lists.logs = LogRows::default();
        }
        self.refresh_short();
        self.settle();
        self.refresh_trial();
    }

    /// Alerts and advice are few: no cache.
    fn refresh_short(&mut self) {
        let filter = &self.ui.filters[Screen::Alerts as usize];
        let alerts = self.alerts().filter(|a| filter.passes(&alert_key(a)));
        self.lists.alerts = alerts.cloned().collect();
        let filter = &self.ui.filters[Screen::Advice as usize];
        let advice = self.advice().filter(|a| filter.passes(&advice_key(a)));
        self.lists.advice = advice.cloned().collect();
    }

    /// Alerts of the clusters in scope, and those on none.
    pub(super) fn alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let scope = self.ui.scope.as_ref();
        let in_scope = move |a: &&Arc<Alert>| {
            let of = cluster_of(&a.labels);
            scope.is_none_or(|s| of.is_none_or(|c| c == s.as_str()))
        };
        self.shown.alerts.iter().filter(in_scope)
    }

    /// Advice on the clusters in scope.
    pub(super) fn advice(&self) -> impl Iterator<Item = &Arc<Advice>> {
        let scope = self.ui.scope.as_ref();
        let in_scope = move |a: &&Arc<Advice>| scope.is_none_or(|s| *s == a.cluster);
        self.shown.advice.iter().filter(in_scope)
    }

    fn settle(&mut self) {
        let height = areas::list_height(self);
        let (ui, lists, shown) = (&mut self.ui, &self.lists, &self.shown);
        let g = &lists.groups;
        ui.groups.settle(
            g.rows.len(),
            height,
            |key| g.find(shown, key),
            |i| g.key(shown, g.rows[i]),
        );
        let t = &lists.topics;
        ui.topics.settle(
            t.rows.len(),
            height,
            |key| t.rows.iter().position(|r| r.key(shown) == *key),
            |i| t.rows[i].key(shown),
        );
        let a = &lists.alerts;
        ui.alerts.settle(
            a.len(),
            height / 2,
            |key| a.iter().position(|x| alert_key(x) == *key),
            |i| alert_key(&a[i]),
        );
        let a = &lists.advice;
        ui.advice.settle(
            a.len(),
            height,
            |key| a.iter().position(|x| advice_key(x) == *key),
            |i| advice_key(&a[i]),
        );
        let l = &lists.logs.rows;
        ui.logs.settle(
            l.len(),
            height,
            |key| l.iter().position(|x| x.key == *key),
            |i| l[i].key.clone(),
        );
        self.settle_partitions();
        self.settle_readers();
    }

    fn settle_partitions(&mut self) {
        let height = areas::partition_height(self);
        let Some((_, group)) = self.open_group() else {
            return;
        };
        let group = Arc::clone(group);
        let rows = groups::partition_order(&group);
        let key = |i: usize| groups::partition_key(&group, rows[i]);
        self.ui.partitions.settle(
            rows.len(),
            height,
            |k| (0..rows.len()).find(|i| key(*i) == *k),
            key,
        );
    }

    fn settle_readers(&mut self) {
        let height = areas::reader_height(self);
        let Some(key) = self.ui.open_topic.clone() else {
            return;
        };
        let readers = self.readers(&key);
        self.ui.readers.settle(
            readers.len(),
            height,
            |k| readers.iter().position(|r| r == k),
            |i| readers[i].clone(),
        );
    }
}
