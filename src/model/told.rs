//! How telling receivers goes: what was tried, what came of it, and what still waits.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::Delivery;
use super::notification::Fingerprint;
use super::time::Timestamp;

/// One try to tell a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whom.
    pub receiver: Arc<str>,
    /// Of which alerts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Fingerprint>,
    /// What came of it.
    pub result: TellResult,
    /// Why it failed, or was given up; never with a secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// How many notifications wait for the receiver now.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TellResult {
    /// It was taken.
    Delivered,
    /// It will be tried again.
    Failed,
    /// It will not be tried again: it is refused as it is, or too old.
    GivenUp,
    /// Nobody is told any more: the receiver is no longer configured.
    Gone,
}

/// How a receiver fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReceiverHealth {
    /// Its name.
    pub receiver: Arc<str>,
    /// Notifications that it took.
    pub delivered: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Notifications that were given up: refused as they are, or too old.
    pub given_up: u64,
    /// Notifications that wait for it.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_waiting_since: Option<Timestamp>,
    /// Since when every try has failed; `None`: the last one went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The last try.
    pub last: Delivery,
}
