//! One Alertmanager: told of alerts as they stand, over its API v2. It groups, repeats, silences and
//! routes by itself; several are all told, and settle among themselves who speaks.
//!
//! In: snapshots whose alert state is on the disk. Out: `POST /api/v2/alerts`, and a [`Told`] when
//! something was told for the first time, or when telling goes wrong or right again.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Next;
use super::call::{Call, Transport, Verdict, judge};
use super::letter::Circumstances;
use super::pause::Pause;
use super::receiver::{Links, Receiver};
use super::resend::Resend;
use super::text;
use super::worker::Report;
use crate::model::{Alert, Fingerprint, Secret, Snapshot, TellResult, Timestamp, Told};

/// The most alerts of a request: Prometheus' own.
const BATCH: usize = 64;

/// Tells one Alertmanager.
pub struct Alertmanager {
    receiver: Receiver,
    links: Links,
    transport: Box<dyn Transport>,
    report: Report,
    resend: Resend,
    pause: Pause,
    rests_until: Timestamp,
}

impl Alertmanager {
    /// One that was told nothing yet.
    pub fn new(
        receiver: Receiver,
        links: Links,
        transport: Box<dyn Transport>,
        seed: u64,
        report: Report,
    ) -> Self {
        Self {
            receiver,
            links,
            transport,
            report,
            resend: Resend::default(),
            pause: Pause::new(seed),
            rests_until: Timestamp::default(),
        }
    }

    /// Tells what is due as of a snapshot: one request at the most. Says when to come again.
    pub fn turn(&mut self, snapshot: &Snapshot, now: Timestamp) -> Next {
        let due = self.resend.due(&snapshot.alerts, snapshot.at);
        if due.is_empty() {
            return Next::Idle;
        }
        if now < self.rests_until {
            return Next::At(self.rests_until);
        }
        let batch = &due[..due.len().min(BATCH)];
        let verdict = match self.call(batch, snapshot) {
            Ok(call) => {
                let sent = self.transport.send(&call);
                let token = self.receiver.token.as_ref().and_then(|t| t().ok());
                judge(&call, sent, token.as_slice(), now)
            }
            Err(why) => Verdict::Later(why, None),
        };
        self.settle(verdict, batch, due.len(), snapshot.at, now)
    }

    fn settle(
        &mut self,
        verdict: Verdict,
        batch: &[Arc<Alert>],
        due: usize,
        at: Timestamp,
        now: Timestamp,
    ) -> Next {
        let failed = self.pause.failures() > 0;
        let left = due - batch.len();
        match verdict {
            Verdict::Later(why, after) => {
                let rest = now + self.pause.failed();
                self.rests_until = after.map_or(rest, |after| after.max(rest));
                let alerts = fingerprints(batch);
                self.tell(now, alerts, TellResult::Failed, Some(why), due);
                return Next::At(self.rests_until);
            }
            Verdict::Taken => {
                let new = self.resend.sent(batch, at);
                if failed || !new.is_empty() {
                    self.tell(now, new, TellResult::Delivered, None, left);
                }
            }
            // It took what was right of it; the rest is no better in a minute.
            Verdict::Never(why) => {
                self.resend.sent(batch, at);
                let alerts = fingerprints(batch);
                self.tell(now, alerts, TellResult::GivenUp, Some(why), left);
            }
        }
        self.pause.reset();
        self.rests_until = Timestamp::default();
        if left > 0 { Next::Now } else { Next::Idle }
    }

    fn call(&self, batch: &[Arc<Alert>], snapshot: &Snapshot) -> Result<Call, String> {
        let postable = |alert: &Arc<Alert>| postable(alert, snapshot, &self.links);
        let body = Json::Array(batch.iter().map(postable).collect());
        let mut call = super::kinds::post(&self.receiver, &body)?;
        let base = call.url.reveal().trim_end_matches('/');
        call.url = Secret::new(format!("{base}/api/v2/alerts"));
        Ok(call)
    }

    fn tell(
        &mut self,
        now: Timestamp,
        alerts: Vec<Fingerprint>,
        result: TellResult,
        why: Option<String>,
        waiting: usize,
    ) {
        if let Some(why) = &why {
            tracing::warn!(receiver = %self.receiver.name, why, "this Alertmanager is not told");
        }
        let told = Told {
            receiver: Arc::clone(&self.receiver.name),
            alerts,
            result,
            why: why.map(Arc::from),
            waiting: waiting as u64,
            oldest: None,
        };
        (self.report)(now, told);
    }
}

fn fingerprints(alerts: &[Arc<Alert>]) -> Vec<Fingerprint> {
    alerts.iter().map(|a| a.fingerprint()).collect()
}

/// Source: `postableAlert` of Alertmanager's API v2.
fn postable(alert: &Alert, snapshot: &Snapshot, links: &Links) -> Json {
    let known = Circumstances::of(alert, snapshot);
    json!({
        "labels": alert.labels,
        "annotations": text::annotations(alert, &known, alert.starts_at(), links),
        "startsAt": alert.starts_at(),
        "endsAt": Resend::ends_at(alert, snapshot.at),
        "generatorURL": text::page(alert, links).unwrap_or_default(),
    })
}
