//! How telling receivers goes, as the tries say that were observed.
//!
//! In: [`Told`]s. Out: how each receiver fares since the start, and on each alert its last try.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Alert, Delivery, Fingerprint, ReceiverHealth, TellResult, Timestamp, Told};

type Alerts = Vec<Arc<Alert>>;

/// What is known of receivers and tries.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Telling {
    receivers: BTreeMap<Arc<str>, ReceiverHealth>,
    alerts: BTreeMap<Fingerprint, Delivery>,
    /// What the last call of `mark` was given, and what it gave: between two evaluations both are
    /// the same.
    #[serde(skip)]
    cached: Option<(Alerts, Alerts)>,
}

impl Telling {
    /// A start: receivers are counted anew, as all counters are.
    pub(super) fn boot(&mut self) {
        self.receivers.clear();
    }

    pub(super) fn fold(&mut self, at: Timestamp, told: &Told) {
        self.cached = None;
        if told.result == TellResult::Gone {
            self.receivers.remove(&told.receiver);
            return;
        }
        let delivery = Delivery {
            at,
            receiver: Arc::clone(&told.receiver),
            failure: match (told.result, &told.why) {
                (TellResult::Delivered | TellResult::Gone, _) => None,
                (TellResult::Failed, why) => Some(why.clone().unwrap_or_default()),
                (TellResult::GivenUp, why) => {
                    Some(format!("given up: {}", why.as_deref().unwrap_or_default()).into())
                }
            },
        };
        for alert in &told.alerts {
            self.alerts.insert(*alert, delivery.clone());
        }
        let name = Arc::clone(&told.receiver);
        let health = self
            .receivers
            .entry(name)
            .or_insert_with(|| ReceiverHealth {
                receiver: Arc::clone(&told.receiver),
                delivered: 0,
                failed: 0,
                given_up: 0,
                waiting: 0,
                oldest_waiting_since: None,
                failing_since: None,
                last: delivery.clone(),
            });
        match told.result {
            TellResult::Delivered => health.delivered += 1,
            TellResult::Failed => health.failed += 1,
            TellResult::GivenUp => health.given_up += 1,
            TellResult::Gone => {}
        }
        health.failing_since = delivery
            .failure
            .as_ref()
            .map(|_| health.failing_since.unwrap_or(at));
        (health.waiting, health.oldest_waiting_since) = (told.waiting, told.oldest);
        health.last = delivery;
    }

    /// How each receiver fares, in name order.
    pub(super) fn receivers(&self) -> Arc<[ReceiverHealth]> {
        self.receivers.values().cloned().collect()
    }

    /// The alerts with their last tries. What is known of alerts that are gone is forgotten.
    pub(super) fn mark(&mut self, alerts: &[Arc<Alert>]) -> Vec<Arc<Alert>> {
        if self.alerts.is_empty() {
            return alerts.to_vec();
        }
        if let Some((given, marked)) = &self.cached
            && given.len() == alerts.len()
            && given.iter().zip(alerts).all(|(a, b)| Arc::ptr_eq(a, b))
        {
            return marked.clone();
        }
        let marked = self.marked(alerts);
        let seen: BTreeSet<_> = alerts.iter().map(|a| a.fingerprint()).collect();
        self.alerts.retain(|of, _| seen.contains(of));
        self.cached = Some((alerts.to_vec(), marked.clone()));
        marked
    }

    /// The same, and nothing is forgotten.
    pub(super) fn marked(&self, alerts: &[Arc<Alert>]) -> Vec<Arc<Alert>> {
        let with = |alert: &Arc<Alert>| {
            let Some(delivery) = self.alerts.get(&alert.fingerprint()) else {
                return Arc::clone(alert);
            };
            let mut marked = Alert::clone(alert);
            marked.delivery = Some(delivery.clone());
            Arc::new(marked)
        };
        alerts.iter().map(with).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::testing::{NOW, ago};
    use crate::model::{AlertState, RulePlace};

    fn alert(group: &str) -> Arc<Alert> {
        Arc::new(Alert {
            name: "Late".into(),
            state: AlertState::Firing,
            rule: RulePlace::default(),
            labels: [("group".into(), group.into())].into(),
            annotations: BTreeMap::new(),
            value: None,
            active_since: NOW,
            fired_at: None,
            resolved_at: None,
            held: None,
            threshold: None,
            silenced: None,
            delivery: None,
        })
    }

    fn told(result: TellResult, alerts: &[&Arc<Alert>]) -> Told {
        Told {
            receiver: "night".into(),
            alerts: alerts.iter().map(|a| a.fingerprint()).collect(),
            result,
            why: (result != TellResult::Delivered).then(|| "it answered 500".into()),
            waiting: 3,
            oldest: Some(ago(60)),
        }
    }

    #[test]
    fn the_last_try_stands_on_the_alert_and_the_receiver_s_count_goes_on() {
        let (a, b) = (alert("a"), alert("b"));
        let mut telling = Telling::default();
        telling.fold(ago(9), &told(TellResult::Failed, &[&a]));
        telling.fold(ago(5), &told(TellResult::Failed, &[&a]));
        let marked = telling.mark(&[Arc::clone(&a), Arc::clone(&b)]);
        let delivery = marked[0].delivery.as_ref().unwrap();
        assert_eq!(delivery.failure.as_deref(), Some("it answered 500"));
        assert_eq!((delivery.at, marked[1].delivery.is_none()), (ago(5), true));
        assert_eq!(telling.receivers()[0].failing_since, Some(ago(9)));
        // Asked again, it gives the same.
        let again = telling.mark(&[Arc::clone(&a), Arc::clone(&b)]);
        assert!(Arc::ptr_eq(&again[0], &marked[0]));
        telling.fold(ago(1), &told(TellResult::GivenUp, &[&b]));
        telling.fold(NOW, &told(TellResult::Delivered, &[&a]));
        let marked = telling.mark(&[a, Arc::clone(&b)]);
        assert_eq!(marked[0].delivery.as_ref().unwrap().failure, None);
        let given_up = marked[1].delivery.clone().unwrap().failure;
        assert_eq!(given_up.as_deref(), Some("given up: it answered 500"));
        let health = &telling.receivers()[0];
        assert_eq!(
            (health.delivered, health.failed, health.given_up),
            (1, 2, 1)
        );
        assert_eq!((health.waiting, health.failing_since), (3, None));
        // What is gone is forgotten.
        telling.mark(&[]);
        assert!(telling.mark(&[b])[0].delivery.is_none());
        telling.fold(NOW, &told(TellResult::Gone, &[]));
        assert!(telling.receivers().is_empty(), "it is no longer configured");
        telling.fold(NOW, &told(TellResult::Failed, &[]));
        telling.boot();
        assert!(telling.receivers().is_empty());
    }
}
