//! What lists show, in which order: derived from the snapshot shown, cached for as long as
//! neither it nor what was asked for changes. A key press that only moves costs no sorting.

pub(super) mod groups;
pub(super) mod logs;
pub(super) mod ready;
pub(super) mod short;
pub(super) mod topics;

use std::sync::Arc;

use super::areas;
use super::state::{Screen, State};
use super::what_if::Worked;
use crate::model::Snapshot;

pub(super) use groups::{GroupRows, Totals};
pub(super) use logs::LogRows;
pub(super) use short::ShortLists;
pub(super) use topics::TopicRows;

/// The lists of all screens.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) groups: GroupRows,
    pub(super) totals: Totals,
    pub(super) topics: TopicRows,
    pub(super) short: ShortLists,
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
        let keys = &lists.short.alert_keys;
        ui.alerts.settle(
            keys.len(),
            height,
            |key| keys.iter().position(|k| k == key),
            |i| Arc::clone(&keys[i]),
        );
        let keys = &lists.short.advice_keys;
        ui.advice.settle(
            keys.len(),
            height,
            |key| keys.iter().position(|k| k == key),
            |i| Arc::clone(&keys[i]),
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
        let all = self.topic(&key).map_or(0, |(_, t)| t.partitions.len());
        let most = all.saturating_sub(areas::topic_height(self));
        self.ui.topic_top = self.ui.topic_top.min(most);
        let readers = self.readers(&key);
        self.ui.readers.settle(
            readers.len(),
            height,
            |k| readers.iter().position(|r| r == k),
            |i| readers[i].clone(),
        );
    }
}
