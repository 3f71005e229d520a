//! Alerts, letters, and receivers that misbehave, in time that only tests move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;

use super::call::{Answer, Broken, Call, Transport};
use super::letter::{Circumstances, Letter};
use super::receiver::{Kind, Links, Receiver};
use crate::model::testing::{NOW, ago};
use crate::model::{
    Alert, AlertState, Notification, NotificationReason, NotificationStatus, RulePlace, Secret,
    Span, Timestamp,
};

pub(crate) fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
    let pairs = pairs.iter();
    pairs.map(|(n, v)| ((*n).into(), (*v).into())).collect()
}

/// Ten minutes late, or over since a minute.
pub(crate) fn alert(group: &str, state: AlertState) -> Arc<Alert> {
    Arc::new(Alert {
        name: "LaggardLate".into(),
        state,
        rule: RulePlace::default(),
        labels: labels(&[
            ("alertname", "LaggardLate"),
            ("group", group),
            ("kafka_cluster", "prod"),
            ("owner", "team-payments"),
            ("severity", "page"),
        ]),
        annotations: labels(&[
            ("summary", &format!("{group} is late")),
            (
                "description",
                "Its oldest unread record is at least 12m 0s old (limit 5m 0s).",
            ),
            ("why", "stopped"),
            ("owner", "team-payments"),
            ("runbook_url", "https://wiki.example.com/payments-lag"),
        ]),
        value: Some(720.0),
        active_since: ago(900),
        fired_at: Some(ago(600)),
        resolved_at: (state == AlertState::Resolved).then(|| ago(60)),
        held: None,
        threshold: Some(300.0),
        silenced: None,
        delivery: None,
    })
}

pub(crate) fn notification(alerts: Vec<Arc<Alert>>) -> Notification {
    let firing = alerts.iter().any(|a| a.state == AlertState::Firing);
    Notification {
        receiver: "night".into(),
        group_key: "{}:{kafka_cluster=\"prod\", owner=\"team-payments\"}".into(),
        group_labels: labels(&[("kafka_cluster", "prod"), ("owner", "team-payments")]),
        status: if firing {
            NotificationStatus::Firing
        } else {
            NotificationStatus::Resolved
        },
        reason: NotificationReason::First,
        at: NOW,
        alerts,
        truncated: 0,
    }
}

pub(crate) fn letter(group: &str, state: AlertState) -> Letter {
    Letter {
        notification: notification(vec![alert(group, state)]),
        circumstances: vec![Circumstances {
            diagnosis: Some("No member reads: the group has been empty since 17:45.".into()),
            advice: Some("Start the consumers of the group.".into()),
            command: Some("kubectl -n payments rollout restart deploy/payments".into()),
        }],
    }
}

pub(crate) fn links() -> Links {
    Links {
        base: "https://laggard.example.com".into(),
    }
}

pub(crate) fn receiver(kind: Kind) -> Receiver {
    let kept = |text: &'static str| -> super::Kept { Arc::new(move || Ok(Secret::new(text))) };
    Receiver {
        name: "night".into(),
        kind,
        url: kept("https://hooks.example.com/services/s3cr3t-part"),
        key: Some(kept("r0uting-key")),
        token: None,
        ca_file: None,
        timeout: Span::from_secs(10),
        send_resolved: true,
        interval: Span::from_secs(60),
        alert: "LaggardWatchdog".into(),
    }
}

/// Time that only tests move.
#[derive(Clone)]
pub(crate) struct Hands(Arc<Mutex<Timestamp>>);

impl Hands {
    pub(crate) fn at(at: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(at)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    pub(crate) fn to(&self, at: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = (*now).max(at);
    }

    pub(crate) fn on(&self, by: Span) {
        self.to(self.now() + by);
    }
}

/// What a receiver does with a request.
pub(crate) enum Does {
    /// It takes it.
    Takes,
    /// It answers this, and does nothing.
    Answers(u16, Option<&'static str>),
    /// It never answers; whether it took it is the flag.
    Hangs(bool),
    /// It cuts the connection; whether it took it is the flag.
    Cuts(bool),
}

/// What a receiver took, with the time, and how often it did so without an answer.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) bodies: Vec<(Timestamp, Json)>,
    pub(crate) keys: Vec<String>,
    pub(crate) unanswered: usize,
    pub(crate) tries: usize,
}

/// A receiver that does as a test says.
pub(crate) struct Stage<F> {
    pub(crate) hands: Hands,
    pub(crate) taken: Arc<Mutex<Taken>>,
    pub(crate) does: F,
}

impl<F: FnMut(Timestamp, usize) -> Does + Send> Stage<F> {
    fn take(&self, call: &Call, answered: bool) {
        let mut taken = self.taken.lock().unwrap();
        let body = serde_json::from_slice(&call.body).unwrap_or(Json::Null);
        taken.bodies.push((self.hands.now(), body));
        let key = call.headers.iter().find(|(n, _)| *n == "idempotency-key");
        let key = key.map_or("", |(_, v)| v.reveal()).to_owned();
        taken.keys.push(key);
        taken.unanswered += usize::from(!answered);
    }
}

impl<F: FnMut(Timestamp, usize) -> Does + Send> Transport for Stage<F> {
    fn send(&mut self, call: &Call) -> Result<Answer, Broken> {
        // A request takes its time.
        self.hands.on(Span::from_millis(20));
        let tries = {
            let mut taken = self.taken.lock().unwrap();
            taken.tries += 1;
            taken.tries
        };
        let answer = |status, retry_after: Option<&str>| Answer {
            status,
            retry_after: retry_after.map(str::to_owned),
            text: String::new(),
        };
        match (self.does)(self.hands.now(), tries) {
            Does::Takes => {
                self.take(call, true);
                Ok(answer(200, None))
            }
            Does::Answers(status, after) => Ok(answer(status, after)),
            Does::Hangs(took) => {
                if took {
                    self.take(call, false);
                }
                self.hands.on(Span::from_secs(10));
                Err(Broken("no answer within 10s".to_owned()))
            }
            Does::Cuts(took) => {
                if took {
                    self.take(call, false);
                }
                Err(Broken("connection reset by peer".to_owned()))
            }
        }
    }
}
