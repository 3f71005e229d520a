//! Notifications: what a receiver is to be told of a group of alerts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::alert::{Alert, AlertState};
use super::time::Timestamp;

/// Something that a receiver is to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Who: a receiver's name.
    pub receiver: Arc<str>,
    /// Which group of alerts: the route and the labels that they share, as Alertmanager writes it.
    pub group_key: Arc<str>,
    /// The labels that they are grouped by.
    pub group_labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Firing while any of them is.
    pub status: NotificationStatus,
    /// What it is told for.
    pub reason: NotificationReason,
    /// When it was decided.
    pub at: Timestamp,
    /// The firing ones, then those resolved since the last time; each by fingerprint.
    pub alerts: Vec<Arc<Alert>>,
    /// How many more there are. What was never told before comes first, here or in the next one.
    pub truncated: u64,
}

/// Whether anything of a group still fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// Something does.
    Firing,
    /// Nothing does any more.
    Resolved,
}

impl fmt::Display for NotificationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        })
    }
}

/// What a notification is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationReason {
    /// Nothing of the group was told before.
    First,
    /// More fires, or some of it no longer does.
    Changed,
    /// Nothing has changed for as long as `repeat_interval`.
    Repeat,
    /// All of it is resolved.
    Resolved,
}

/// The identity of an alert: of its labels alone, whoever evaluated it and in whichever run. It is
/// Alertmanager's own (FNV-1a over the sorted labels), so that both call an alert alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// The identity of an alert with these labels.
///
/// Source: `LabelSet.Fingerprint` of prometheus/common.
pub fn fingerprint(labels: &BTreeMap<Arc<str>, Arc<str>>) -> Fingerprint {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    const SEPARATOR: u8 = 0xff;
    let bytes = labels.iter().flat_map(|(name, value)| {
        let (name, value) = (name.bytes(), value.bytes());
        name.chain([SEPARATOR]).chain(value).chain([SEPARATOR])
    });
    Fingerprint(bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    }))
}

/// Sixteen hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl Alert {
    /// Its identity.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.labels)
    }

    /// When it began to fire: Alertmanager's `startsAt`.
    pub fn starts_at(&self) -> Timestamp {
        self.fired_at.unwrap_or(self.active_since)
    }
}

/// Names the keys of notifications among all name-based UUIDs.
const KEYS: Uuid = Uuid::from_u128(0x6b1f_52ce_8f0d_4c38_9a3e_2d54_71c0_9b17);

impl Notification {
    /// The firing ones.
    pub fn firing(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let is = |a: &&Arc<Alert>| a.state == AlertState::Firing;
        self.alerts.iter().filter(is)
    }

    /// Those resolved since the last time.
    pub fn resolved(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let is = |a: &&Arc<Alert>| a.state == AlertState::Resolved;
        self.alerts.iter().filter(is)
    }

    /// The same whenever the same thing is told: a UUID of the group's key, of which alerts fire and
    /// which are resolved, and of when each began. A receiver that has seen it has been told. A
    /// reminder (`repeat`) has the key of what it reminds of: `at` tells them apart.
    pub fn idempotency_key(&self) -> Uuid {
        let mut name = format!("{}\n{}", self.group_key, self.status);
        let mut add = |state, alert: &Alert| {
            use std::fmt::Write as _;
            let (of, since) = (alert.fingerprint(), alert.starts_at().as_millis());
            // Writing to a string cannot fail.
            let _ = write!(name, "\n{state} {of} {since}");
        };
        self.firing().for_each(|a| add("firing", a));
        self.resolved().for_each(|a| add("resolved", a));
        Uuid::new_v5(&KEYS, name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
        let pairs = pairs.iter();
        pairs.map(|(n, v)| ((*n).into(), (*v).into())).collect()
    }

    fn alert(group: &str, state: AlertState, since: i64) -> Arc<Alert> {
        let at = Timestamp::from_millis(since);
        Arc::new(Alert {
            name: "Late".into(),
            state,
            rule: crate::model::RulePlace::default(),
            labels: labels(&[("alertname", "Late"), ("group", group)]),
            annotations: BTreeMap::new(),
            value: None,
            active_since: at,
            fired_at: Some(at),
            resolved_at: None,
            held: None,
            threshold: None,
            silenced: None,
            delivery: None,
        })
    }

    fn notification(alerts: Vec<Arc<Alert>>) -> Notification {
        Notification {
            receiver: "night".into(),
            group_key: "{}:{}".into(),
            group_labels: BTreeMap::new(),
            status: NotificationStatus::Firing,
            reason: NotificationReason::First,
            at: Timestamp::from_millis(1),
            alerts,
            truncated: 0,
        }
    }

    #[test]
    fn a_fingerprint_is_alertmanagers() {
        // The empty set's is FNV's offset, as in prometheus/common's own test.
        assert_eq!(
            fingerprint(&labels(&[])).to_string(),
            format!("{:016x}", 14_695_981_039_346_656_037_u64)
        );
        let of = fingerprint(&labels(&[("alertname", "Late"), ("group", "pay")]));
        let json = serde_json::to_string(&of).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), of);
        let other = labels(&[("alertnam", "eLate"), ("group", "pay")]);
        assert_ne!(fingerprint(&other), of);
    }

    #[test]
    fn a_key_tells_what_is_told_and_not_when_or_why() {
        use AlertState::{Firing, Resolved};
        let of = |alerts| notification(alerts).idempotency_key();
        let both = vec![alert("a", Firing, 5), alert("b", Firing, 6)];
        let mut again = notification(both.clone());
        (again.reason, again.at) = (NotificationReason::Repeat, Timestamp::from_millis(9));
        assert_eq!(again.idempotency_key(), of(both.clone()));
        for other in [
            vec![alert("a", Firing, 5)],
            vec![alert("a", Firing, 5), alert("b", Resolved, 6)],
            vec![alert("a", Firing, 5), alert("b", Firing, 7)],
        ] {
            assert_ne!(of(other), of(both.clone()));
        }
        let mut elsewhere = notification(both.clone());
        elsewhere.group_key = "{}:{owner=\"x\"}".into();
        assert_ne!(elsewhere.idempotency_key(), of(both));
    }
}
