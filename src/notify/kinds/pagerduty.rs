//! PagerDuty's Events API v2: an event an alert, so that each is acknowledged and resolved by
//! itself. `dedup_key` is the alert's fingerprint: telling it again makes no second incident.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Unmade, idempotent, post};
use crate::model::{Alert, AlertState, Secret, Timestamp};
use crate::notify::call::Call;
use crate::notify::letter::{CLUSTER, Circumstances, GROUP, Letter};
use crate::notify::receiver::{Links, Receiver};
use crate::notify::text;

/// The most characters of a summary.
const MOST: usize = 1_024;

pub(super) fn calls(
    receiver: &Receiver,
    letter: &Letter,
    links: &Links,
) -> Result<Vec<Call>, Unmade> {
    let Some(key) = &receiver.key else {
        return Err("it has no routing key".to_owned());
    };
    let key = key()?;
    let at = letter.notification.at;
    let events = letter
        .alerts()
        .map(|(alert, known)| event(alert, &known, at, links, &key));
    let call = |event: Json| {
        let mut call = post(receiver, &event)?;
        idempotent(&mut call, letter);
        Ok(call)
    };
    events.map(call).collect()
}

pub(super) fn event(
    alert: &Arc<Alert>,
    known: &Circumstances,
    at: Timestamp,
    links: &Links,
    key: &Secret,
) -> Json {
    let over = alert.state == AlertState::Resolved;
    let mut event = json!({
        "routing_key": key.reveal(),
        "event_action": if over { "resolve" } else { "trigger" },
        "dedup_key": alert.fingerprint(),
    });
    if over {
        return event;
    }
    let annotations = text::annotations(alert, known, at, links);
    let label = |name: &str| alert.labels.get(name).map(ToString::to_string);
    let page = text::page(alert, links);
    let open = |name: &str, text: &str| json!({ "href": name, "text": text });
    let mut shown: Vec<_> = page.iter().map(|p| open(p, "Laggard's page")).collect();
    let runbook = annotations
        .get("runbook_url")
        .filter(|r| r.starts_with("http"));
    shown.extend(runbook.map(|r| open(r, "Runbook")));
    let summary: String = text::summary(alert).chars().take(MOST).collect();
    event["payload"] = json!({
        "summary": summary,
        "source": label(CLUSTER).unwrap_or_else(|| "laggard".to_owned()),
        "severity": severity(alert),
        "timestamp": alert.starts_at(),
        "component": label(GROUP),
        "class": alert.name,
        "custom_details": { "labels": alert.labels, "annotations": annotations },
    });
    event["client"] = json!("Laggard");
    event["client_url"] = json!(page);
    event["links"] = json!(shown);
    event
}

fn severity(alert: &Alert) -> &'static str {
    match alert.labels.get("severity").map(|s| &**s) {
        Some("page" | "critical") => "critical",
        Some("info") => "info",
        Some("error") => "error",
        _ => "warning",
    }
}
