//! `/api/v1/alerts` and `/api/v1/rules`, in the shape that Prometheus gives them, so that what
//! reads Prometheus' reads ours. Beside it stand `held`: why an alert makes no step,
//! `silenced`: by whom and why, and `delivery`: how telling of it went the last time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;

use super::Shared;
use crate::model::{
    Alert, AlertState, Delivery, Rule, RuleGroup, RulePlace, Silenced, Snapshot, Span, Timestamp,
};

pub(super) const ALERTS: &str = "/api/v1/alerts";
pub(super) const RULES: &str = "/api/v1/rules";

#[derive(Serialize)]
pub(super) struct Answer<T> {
    status: &'static str,
    data: T,
}

impl<T> Answer<T> {
    const fn of(data: T) -> Json<Self> {
        Json(Self {
            status: "success",
            data,
        })
    }
}

type Labels = BTreeMap<Arc<str>, Arc<str>>;

#[derive(Serialize)]
pub(super) struct Alerts {
    alerts: Vec<One>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One {
    labels: Labels,
    annotations: Labels,
    state: &'static str,
    active_at: Timestamp,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Arc<str>>,
    /// Under which silence it lies: nobody is told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    silenced: Option<Silenced>,
    /// How telling somebody of it went the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
}

#[derive(Serialize)]
pub(super) struct Rules {
    groups: Vec<Group>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: Arc<str>,
    file: Arc<str>,
    rules: Vec<OneRule>,
    interval: f64,
    limit: u64,
    evaluation_time: f64,
    last_evaluation: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneRule {
    state: &'static str,
    name: Arc<str>,
    query: Arc<str>,
    duration: f64,
    keep_firing_for: f64,
    labels: Labels,
    annotations: Labels,
    alerts: Vec<One>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<Arc<str>>,
    evaluation_time: f64,
    last_evaluation: Timestamp,
    r#type: &'static str,
}

pub(super) async fn alerts(State(shared): State<Arc<Shared>>) -> Json<Answer<Alerts>> {
    let snapshot = shared.snapshot();
    let alerts = active(&snapshot).map(one).collect();
    Answer::of(Alerts { alerts })
}

/// Of Prometheus' parameters, the one that dashboards send.
#[derive(serde::Deserialize)]
pub(super) struct Which {
    /// `alert` or `record`: there are no recording rules.
    r#type: Option<String>,
}

pub(super) async fn rules(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Json<Answer<Rules>> {
    let snapshot = shared.snapshot();
    let mut by_rule: BTreeMap<_, Vec<&Alert>> = BTreeMap::new();
    for alert in active(&snapshot) {
        by_rule.entry(key(&alert.rule)).or_default().push(alert);
    }
    let mut groups: Vec<_> = snapshot.rules.iter().map(|g| group(g, &by_rule)).collect();
    if which.r#type.as_deref() == Some("record") {
        for group in &mut groups {
            group.rules.clear();
        }
    }
    Answer::of(Rules { groups })
}

/// Prometheus tells of no resolved ones.
fn active(snapshot: &Snapshot) -> impl Iterator<Item = &Alert> {
    let alerts = snapshot.alerts.iter().map(|a| &**a);
    alerts.filter(|a| a.state != AlertState::Resolved)
}

fn key(place: &RulePlace) -> (&str, &str, u32) {
    (&place.file, &place.group, place.index)
}

fn one(alert: &Alert) -> One {
    One {
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        state: state(alert.state),
        active_at: alert.active_since,
        value: alert.value.map_or_else(|| "NaN".to_owned(), scientific),
        held: alert.held.clone(),
        silenced: alert.silenced.clone(),
        delivery: alert.delivery.clone(),
    }
}

const fn state(state: AlertState) -> &'static str {
    match state {
        AlertState::Firing => "firing",
        AlertState::Pending => "pending",
        AlertState::Resolved => "inactive",
    }
}

/// Go's `1.5e+00`.
fn scientific(value: f64) -> String {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

fn group(group: &RuleGroup, by_rule: &BTreeMap<(&str, &str, u32), Vec<&Alert>>) -> Group {
    let rules = group.rules.iter().zip(0..).map(|(rule, index)| {
        let alerts = by_rule.get(&(&*group.file, &*group.name, index));
        one_rule(rule, alerts.map_or(&[], Vec::as_slice))
    });
    let evaluated = group.rules.iter().filter_map(|r| r.evaluated).max();
    Group {
        name: Arc::clone(&group.name),
        file: Arc::clone(&group.file),
        rules: rules.collect(),
        interval: group.interval.as_secs_f64(),
        limit: group.limit,
        evaluation_time: 0.0,
        last_evaluation: evaluated.unwrap_or_default(),
    }
}

fn one_rule(rule: &Rule, alerts: &[&Alert]) -> OneRule {
    // Firing ones come first.
    let worst = alerts.iter().map(|a| a.state).min();
    OneRule {
        state: worst.map_or("inactive", state),
        name: Arc::clone(&rule.name),
        query: Arc::clone(&rule.query),
        duration: rule.hold_for.as_secs_f64(),
        keep_firing_for: rule.keep_firing_for.as_secs_f64(),
        labels: rule.labels.clone(),
        annotations: rule.annotations.clone(),
        alerts: alerts.iter().map(|a| one(a)).collect(),
        health: match (&rule.error, rule.evaluated) {
            (Some(_), _) => "err",
            (None, Some(_)) => "ok",
            (None, None) => "unknown",
        },
        last_error: rule.error.clone(),
        evaluation_time: Span::ZERO.as_secs_f64(),
        last_evaluation: rule.evaluated.unwrap_or_default(),
        r#type: "alerting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        for (value, text) in [
            (1.0, "1e+00"),
            (1234.5, "1.2345e+03"),
            (0.001, "1e-03"),
            (0.0, "0e+00"),
        ] {
            assert_eq!(scientific(value), text);
        }
    }
}
