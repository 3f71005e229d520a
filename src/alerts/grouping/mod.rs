//! Which receivers are to be told of which alerts, and when: Alertmanager's grouping, in the
//! pipeline's own time.
//!
//! In: the alerts of a cut, the routes. Out: notifications. A group waits `group_wait` from its first
//! alert, is looked at each `group_interval` from then on, and is told of when more fires or some of
//! it no longer does, else each `repeat_interval`. What was told as firing is remembered until its
//! end was told, too: a silence, a muted time or a rule file that is gone delay that, and lose it
//! never. It delivers nothing.
//!
//! Source: `dispatch.go` and `notify.go` of Alertmanager. Differences: an end is told of alerts that
//! were told of alone, and it is told after a silence, not lost in it.

mod route;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    Alert, AlertState, Fingerprint, Notification, NotificationReason, NotificationStatus, Notify,
    Span, Timestamp,
};

use super::template::LabelMap;
use route::{Place, places};

/// The most alerts of one notification. What has not been told yet comes first; the rest is told of
/// when the group is looked at next.
const MOST: usize = 1000;

/// A receiver's group.
type Key = (Arc<str>, Arc<str>);

/// All groups, and what was told of each.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grouping {
    groups: BTreeMap<Key, Group>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Group {
    labels: LabelMap,
    /// When it is looked at next.
    due: Timestamp,
    /// When it was told of last.
    last: Option<Timestamp>,
    /// What was told as firing, and not yet as resolved; as it was last seen.
    told: BTreeMap<Fingerprint, Arc<Alert>>,
}

/// The alerts of a group, now.
#[derive(Default)]
struct Members {
    firing: BTreeMap<Fingerprint, Arc<Alert>>,
    resolved: BTreeMap<Fingerprint, Arc<Alert>>,
    silenced: BTreeMap<Fingerprint, Arc<Alert>>,
    muted: bool,
    labels: LabelMap,
}

impl Grouping {
    /// What is to be told at `at`. `changed`: whether the alerts may differ from those of the cut
    /// before.
    pub(crate) fn cut(
        &mut self,
        settings: &Notify,
        alerts: &[Arc<Alert>],
        changed: bool,
        at: Timestamp,
    ) -> Vec<Notification> {
        let due = self.groups.values().any(|g| g.due <= at);
        if !changed && !due || settings.tells_nobody() && self.groups.is_empty() {
            return Vec::new();
        }
        let mut members = gather(settings, alerts, at);
        for (key, now) in &members {
            if !now.firing.is_empty() && !self.groups.contains_key(key) {
                let group = Group::new(now.labels.clone(), at + settings.group_wait);
                self.groups.insert(key.clone(), group);
            }
        }
        let elsewhere = firing(alerts);
        let mut notifications = Vec::new();
        self.groups.retain(|key, group| {
            if group.due > at {
                return true;
            }
            group.due = at + settings.group_interval;
            let now = members.remove(key).unwrap_or_default();
            // Routed otherwise since: whoever is told of it now will be told of its end.
            group
                .told
                .retain(|of, _| now.has(*of) || !elsewhere.contains(of));
            notifications.extend(group.look(key, &now, settings, at));
            !group.told.is_empty() || !now.firing.is_empty() || !now.silenced.is_empty()
        });
        notifications
    }

    /// The clock was set back.
    pub(crate) fn set_back(&mut self, by: Span) {
        for group in self.groups.values_mut() {
            group.due = group.due - by;
            group.last = group.last.map(|t| t - by);
        }
    }

    /// Forgets the groups of receivers that are no longer configured.
    pub(crate) fn keep_receivers(&mut self, settings: &Notify) {
        let named = |name: &Arc<str>| {
            let of_routes = settings.routes.iter().flat_map(|r| &r.receivers);
            of_routes.chain(&settings.receivers).any(|n| n == name)
        };
        self.groups.retain(|(receiver, _), _| named(receiver));
    }
}

/// The alerts by receiver and group.
fn gather(settings: &Notify, alerts: &[Arc<Alert>], at: Timestamp) -> BTreeMap<Key, Members> {
    let muted = route::muted(settings, at);
    let mut members: BTreeMap<Key, Members> = BTreeMap::new();
    for alert in alerts.iter().filter(|a| a.state != AlertState::Pending) {
        for Place {
            receiver,
            group_key,
            labels,
            route,
        } in places(settings, &alert.labels)
        {
            let now = members.entry((receiver, group_key)).or_default();
            now.labels = labels;
            now.muted = route.is_some_and(|route| muted[route]);
            now.add(alert);
        }
    }
    members
}

/// All that fires.
fn firing(alerts: &[Arc<Alert>]) -> BTreeSet<Fingerprint> {
    let firing = alerts.iter().filter(|a| a.state == AlertState::Firing);
    firing.map(|a| a.fingerprint()).collect()
}

impl Members {
    fn add(&mut self, alert: &Arc<Alert>) {
        let list = match (&alert.silenced, alert.state) {
            (Some(_), _) => &mut self.silenced,
            (None, AlertState::Firing) => &mut self.firing,
            (None, _) => &mut self.resolved,
        };
        list.insert(alert.fingerprint(), Arc::clone(alert));
    }

    fn has(&self, of: Fingerprint) -> bool {
        [&self.firing, &self.resolved, &self.silenced]
            .iter()
            .any(|list| list.contains_key(&of))
    }
}

impl Group {
    fn new(labels: LabelMap, due: Timestamp) -> Self {
        Self {
            labels,
            due,
            last: None,
            told: BTreeMap::new(),
        }
    }

    /// What is to be told of it now, if anything is.
    fn look(
        &mut self,
        key: &Key,
        now: &Members,
        settings: &Notify,
        at: Timestamp,
    ) -> Option<Notification> {
        if now.muted {
            return None;
        }
        let ended = self.ended(now, at);
        let reason = self.reason(now, !ended.is_empty(), settings, at)?;
        let (alerts, truncated) = self.pick(now, ended);
        for alert in &alerts {
            match alert.state {
                AlertState::Firing => self.told.insert(alert.fingerprint(), Arc::clone(alert)),
                _ => self.told.remove(&alert.fingerprint()),
            };
        }
        self.last = Some(at);
        let fires = !now.firing.is_empty();
        Some(Notification {
            receiver: Arc::clone(&key.0),
            group_key: Arc::clone(&key.1),
            group_labels: self.labels.clone(),
            status: if fires {
                NotificationStatus::Firing
            } else {
                NotificationStatus::Resolved
            },
            reason,
            at,
            alerts,
            truncated,
        })
    }

    /// What was told as firing and fires no longer. What lies under a silence is left as it is.
    fn ended(&self, now: &Members, at: Timestamp) -> Vec<Arc<Alert>> {
        let told = self
            .told
            .iter()
            .filter(|(of, _)| !now.firing.contains_key(*of) && !now.silenced.contains_key(*of));
        let ended = told.map(|(of, alert)| match now.resolved.get(of) {
            Some(resolved) => Arc::clone(resolved),
            None => Arc::new(Alert {
                state: AlertState::Resolved,
                resolved_at: Some(at),
                held: None,
                ..Alert::clone(alert)
            }),
        });
        ended.collect()
    }

    fn reason(
        &self,
        now: &Members,
        ended: bool,
        settings: &Notify,
        at: Timestamp,
    ) -> Option<NotificationReason> {
        let new = now.firing.keys().any(|of| !self.told.contains_key(of));
        if now.firing.is_empty() {
            return ended.then_some(NotificationReason::Resolved);
        }
        if new && self.told.is_empty() {
            return Some(NotificationReason::First);
        }
        if new || ended {
            return Some(NotificationReason::Changed);
        }
        let long_ago = self
            .last
            .is_none_or(|last| at - last >= settings.repeat_interval);
        long_ago.then_some(NotificationReason::Repeat)
    }

    /// What one notification tells: all, if it has room; and of how many the next one tells.
    fn pick(&self, now: &Members, ended: Vec<Arc<Alert>>) -> (Vec<Arc<Alert>>, u64) {
        let (known, new): (Vec<_>, Vec<_>) = now
            .firing
            .iter()
            .partition(|(of, _)| self.told.contains_key(*of));
        let new = new.into_iter().map(|(_, a)| Arc::clone(a));
        let known = known.into_iter().map(|(_, a)| Arc::clone(a));
        let mut alerts: Vec<_> = new.chain(ended).chain(known).collect();
        let truncated = alerts.len().saturating_sub(MOST) as u64;
        alerts.truncate(MOST);
        alerts.sort_by_cached_key(|a| (a.state, a.fingerprint()));
        (alerts, truncated)
    }
}

#[cfg(test)]
mod tests;
