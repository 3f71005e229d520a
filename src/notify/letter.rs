//! What stands in the outbox: a notification, and what was known of its alerts when it was made.
//!
//! The diagnosis and the advice are those of the moment, so that a letter says the same whenever it
//! gets through.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Alert, Notification, Snapshot};
use crate::store;

/// A notification with the circumstances of its alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// What is told.
    pub notification: Notification,
    /// In the order of its alerts.
    pub circumstances: Vec<Circumstances>,
}

/// What is known of an alert's group beside the alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Circumstances {
    /// Why the group lags, or how its status is known; a sentence.
    pub diagnosis: Option<Arc<str>>,
    /// The first piece of advice; a sentence.
    pub advice: Option<Arc<str>>,
    /// Its command, ready to copy.
    pub command: Option<Arc<str>>,
}

/// The label that names an alert's cluster.
pub(crate) const CLUSTER: &str = "kafka_cluster";
/// The label that names an alert's group.
pub(crate) const GROUP: &str = "group";

impl Circumstances {
    /// Those of an alert, as a snapshot shows them.
    pub fn of(alert: &Alert, snapshot: &Snapshot) -> Self {
        let (Some(cluster), Some(group)) = (alert.labels.get(CLUSTER), alert.labels.get(GROUP))
        else {
            return Self::default();
        };
        let of_group = |advice: &&Arc<crate::model::Advice>| {
            advice.cluster.as_str() == &**cluster && advice.group.as_str() == &**group
        };
        let advice = snapshot.advice.iter().find(of_group);
        let seen = snapshot.cluster(cluster).and_then(|c| c.group(group));
        let diagnosis = seen.and_then(|g| {
            let cause = g.diagnosis.cause().map(|c| c.sentence(snapshot.at));
            let evidence = g.status.evidence.as_deref();
            cause.or_else(|| evidence.map(|e| e.sentence(snapshot.at)))
        });
        Self {
            diagnosis: diagnosis.map(Arc::from),
            advice: advice.map(|a| Arc::clone(&a.title)),
            command: advice.and_then(|a| a.command.clone()),
        }
    }
}

impl Letter {
    /// A letter of what a cut calls for.
    pub fn new(notification: Notification, snapshot: &Snapshot) -> Self {
        let alerts = notification.alerts.iter();
        let circumstances = alerts.map(|a| Circumstances::of(a, snapshot)).collect();
        Self {
            notification,
            circumstances,
        }
    }

    /// For the ledger.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn to_entry(&self) -> Result<store::Letter, serde_json::Error> {
        let notification = &self.notification;
        Ok(store::Letter {
            receiver: Arc::clone(&notification.receiver),
            lane: Arc::clone(&notification.group_key),
            at: notification.at,
            body: serde_json::to_vec(self)?,
        })
    }

    /// From the ledger.
    ///
    /// # Errors
    ///
    /// When another version of Laggard wrote it.
    pub fn from_body(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// Each alert with its circumstances.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = (&Arc<Alert>, Circumstances)> {
        let known = self.circumstances.iter().cloned();
        let known = known.chain(std::iter::repeat_with(Circumstances::default));
        self.notification.alerts.iter().zip(known)
    }

    /// The same without what is over, for those who do not want to hear of it. `None`: nothing is
    /// left to tell.
    pub(crate) fn without_resolved(mut self) -> Option<Self> {
        let fires = |a: &Arc<Alert>| a.state == crate::model::AlertState::Firing;
        let mut kept = self.notification.alerts.iter().map(fires);
        self.circumstances.retain(|_| kept.next().unwrap_or(false));
        self.notification.alerts.retain(fires);
        (!self.notification.alerts.is_empty()).then_some(self)
    }
}
