//! Where an alert goes: the routes that take it, and the group in which it is told there.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::model::{Notify, Quoted, Route, Timestamp};

use super::super::template::LabelMap;

/// In `group_by`: every alert is a group of its own.
const EACH: &str = "...";
/// The severity of alerts that are for programs: only a route takes them.
const FOR_PROGRAMS: &str = "none";

/// A group of a receiver.
pub(super) struct Place {
    pub(super) receiver: Arc<str>,
    pub(super) group_key: Arc<str>,
    pub(super) labels: LabelMap,
    /// Which route; `None`: none took it.
    pub(super) route: Option<usize>,
}

/// All groups that an alert with these labels belongs to.
pub(super) fn places(settings: &Notify, labels: &LabelMap) -> Vec<Place> {
    let shared = shared(settings, labels);
    let place = |route: Option<usize>, receivers: &[Arc<str>]| {
        let group_key = group_key(route.map(|r| &settings.routes[r]), &shared);
        let place = |receiver: &Arc<str>| Place {
            receiver: Arc::clone(receiver),
            group_key: Arc::clone(&group_key),
            labels: shared.clone(),
            route,
        };
        receivers.iter().map(place).collect::<Vec<_>>()
    };
    let mut places = Vec::new();
    let mut taken = false;
    for (at, route) in settings.routes.iter().enumerate() {
        if route.matchers.iter().all(|m| m.holds(labels)) {
            taken = true;
            places.extend(place(Some(at), &route.receivers));
            if !route.r#continue {
                break;
            }
        }
    }
    let severity = labels.get("severity").map(|s| &**s);
    if !taken && severity != Some(FOR_PROGRAMS) {
        places.extend(place(None, &settings.receivers));
    }
    places
}

/// Which routes are muted.
pub(super) fn muted(settings: &Notify, at: Timestamp) -> Vec<bool> {
    let is = |name: &Arc<str>| {
        let mut named = settings.recurring.iter().filter(|r| r.name == *name);
        named.any(|r| r.contains(at))
    };
    let routes = settings.routes.iter();
    routes
        .map(|r| r.mute_time_intervals.iter().any(is))
        .collect()
}

/// The labels that an alert is grouped by, as far as it has them.
fn shared(settings: &Notify, labels: &LabelMap) -> LabelMap {
    if settings.group_by.iter().any(|l| **l == *EACH) {
        return labels.clone();
    }
    let named = labels
        .iter()
        .filter(|(name, _)| settings.group_by.contains(name));
    named
        .map(|(name, value)| (Arc::clone(name), Arc::clone(value)))
        .collect()
}

/// `{}/{severity="page"}:{kafka_cluster="prod", owner="pay"}`.
fn group_key(route: Option<&Route>, labels: &LabelMap) -> Arc<str> {
    let mut key = "{}".to_owned();
    if let Some(route) = route {
        let matchers: Vec<_> = route.matchers.iter().map(ToString::to_string).collect();
        // Writing to a string cannot fail.
        let _ = write!(key, "/{{{}}}", matchers.join(","));
    }
    let labels = labels.iter().map(|(n, v)| format!("{n}={}", Quoted(v)));
    let labels: Vec<_> = labels.collect();
    let _ = write!(key, ":{{{}}}", labels.join(", "));
    key.into()
}
