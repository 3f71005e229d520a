//! What each kind of receiver is sent, to the letter.

use serde_json::{Value as Json, json};

use super::*;
use crate::model::AlertState;
use crate::model::testing::NOW;
use crate::notify::testing::{alert, letter, links, receiver};

fn made(kind: Kind, letter: &Letter) -> Vec<(Json, Vec<&'static str>)> {
    let calls = calls(&receiver(kind), letter, &links(), NOW).unwrap();
    let shown = calls.into_iter().map(|call| {
        let body = serde_json::from_slice(&call.body).unwrap();
        (body, call.headers.iter().map(|(name, _)| *name).collect())
    });
    shown.collect()
}

#[test]
fn a_webhook_gets_what_alertmanager_would_send() {
    let mut both = letter("payments", AlertState::Firing);
    both.notification
        .alerts
        .push(alert("billing", AlertState::Resolved));
    let calls = made(Kind::Webhook, &both);
    let (body, headers) = &calls[0];
    assert!(headers.contains(&"idempotency-key") && headers.contains(&"webhook-signature"));
    assert_eq!(body["version"], "4");
    assert_eq!(body["status"], "firing");
    assert_eq!(
        body["groupLabels"],
        json!({"kafka_cluster": "prod", "owner": "team-payments"})
    );
    assert_eq!(body["commonLabels"]["alertname"], "LaggardLate");
    assert_eq!(body["commonLabels"]["group"], Json::Null);
    assert_eq!(body["commonAnnotations"]["summary"], Json::Null);
    assert_eq!(body["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(body["alerts"][1]["status"], "resolved");
    insta::assert_snapshot!(format!("{body:#}"));
}

#[test]
fn slack_gets_a_text_and_blocks() {
    let mut letter = letter("payments", AlertState::Firing);
    letter.notification.truncated = 2;
    let (body, _) = &made(Kind::Slack, &letter)[0];
    insta::assert_snapshot!(format!("{body:#}"));
    let odd = &made(
        Kind::Slack,
        &self::letter("<!channel> & `x`", AlertState::Firing),
    )[0]
    .0;
    assert!(!odd.to_string().contains("<!channel>"), "{odd}");
}

fn letter_of(group: &str) -> Letter {
    letter(group, AlertState::Firing)
}

#[test]
fn teams_gets_a_card() {
    let (body, _) = &made(Kind::Teams, &letter_of("payments"))[0];
    insta::assert_snapshot!(format!("{body:#}"));
    // 28 KB is what Teams takes.
    let mut many = letter_of("payments");
    let one = many.notification.alerts[0].clone();
    many.notification.alerts = vec![one; 40];
    let (body, _) = &made(Kind::Teams, &many)[0];
    assert!(
        body.to_string().len() < 28_000,
        "{}",
        body.to_string().len()
    );
    assert!(body.to_string().contains("and 34 more"), "{body}");
}

#[test]
fn pagerduty_gets_an_event_an_alert() {
    let mut both = letter("payments", AlertState::Firing);
    both.notification
        .alerts
        .push(alert("billing", AlertState::Resolved));
    let calls = made(Kind::Pagerduty, &both);
    assert_eq!(calls.len(), 2);
    insta::assert_snapshot!(format!("{:#}\n{:#}", calls[0].0, calls[1].0));
    let of = |n: usize| both.notification.alerts[n].fingerprint().to_string();
    assert_eq!(
        (&calls[0].0["dedup_key"], &calls[1].0["dedup_key"]),
        (&json!(of(0)), &json!(of(1)))
    );
}

#[test]
fn a_secret_that_cannot_be_read_makes_no_request() {
    let mut without = receiver(Kind::Pagerduty);
    without.key = Some(std::sync::Arc::new(|| {
        Err("the file k cannot be read".to_owned())
    }));
    let made = calls(&without, &letter_of("a"), &links(), NOW);
    assert_eq!(made.unwrap_err(), "the file k cannot be read");
}
