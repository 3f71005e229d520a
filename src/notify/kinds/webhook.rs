//! Alertmanager's webhook, version 4: what reads Alertmanager's reads ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Unmade, idempotent, post};
use crate::model::{Alert, AlertState, Timestamp};
use crate::notify::call::Call;
use crate::notify::letter::{Circumstances, Letter};
use crate::notify::receiver::{Links, Receiver};
use crate::notify::{sign, text};

/// Go's zero time: it goes on.
const OPEN_END: &str = "0001-01-01T00:00:00Z";

type Labels = BTreeMap<Arc<str>, Arc<str>>;

pub(super) fn calls(
    receiver: &Receiver,
    letter: &Letter,
    links: &Links,
    now: Timestamp,
) -> Result<Vec<Call>, Unmade> {
    let mut call = post(receiver, &body(letter, links))?;
    idempotent(&mut call, letter);
    if let Some(key) = &receiver.key {
        let notification = &letter.notification;
        // A reminder has the key of what it reminds of: the instant tells them apart.
        let (key_of, at) = (notification.idempotency_key(), notification.at.as_millis());
        let id = format!("{key_of}-{at}");
        call.headers
            .extend(sign::headers(&id, now, &call.body, &key()?));
    }
    Ok(vec![call])
}

/// Source: Alertmanager's `webhook.Message` and `template.Data`.
pub(super) fn body(letter: &Letter, links: &Links) -> Json {
    let notification = &letter.notification;
    let told = |(alert, known): (&Arc<Alert>, Circumstances)| {
        let annotations = text::annotations(alert, &known, notification.at, links);
        (Arc::clone(alert), annotations)
    };
    let told: Vec<_> = letter.alerts().map(told).collect();
    let message = text::Message::of(letter, links);
    json!({
        "version": "4",
        "receiver": notification.receiver,
        "status": notification.status,
        "groupKey": notification.group_key,
        "groupLabels": notification.group_labels,
        "commonLabels": common(told.iter().map(|(alert, _)| &alert.labels)),
        "commonAnnotations": common(told.iter().map(|(_, annotations)| annotations)),
        "externalURL": links.base,
        "truncatedAlerts": notification.truncated,
        "alerts": told.iter().map(|(a, annotations)| one(a, annotations, links)).collect::<Vec<_>>(),
        // Beside what Alertmanager sends: all of it in words.
        "title": message.title,
        "text": message.plain(),
    })
}

fn one(alert: &Alert, annotations: &Labels, links: &Links) -> Json {
    let over = alert
        .resolved_at
        .filter(|_| alert.state == AlertState::Resolved);
    json!({
        "status": if over.is_some() { "resolved" } else { "firing" },
        "labels": alert.labels,
        "annotations": annotations,
        "startsAt": alert.starts_at(),
        "endsAt": over.map_or_else(|| OPEN_END.to_owned(), |at| at.to_string()),
        "generatorURL": text::page(alert, links).unwrap_or_default(),
        "fingerprint": alert.fingerprint(),
    })
}

/// What all have alike.
fn common<'a>(mut all: impl Iterator<Item = &'a Labels>) -> Labels {
    let mut common = all.next().cloned().unwrap_or_default();
    for labels in all {
        common.retain(|name, value| labels.get(name) == Some(value));
    }
    common
}
