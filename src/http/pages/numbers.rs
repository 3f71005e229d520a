//! A group's numbers: how far behind, how fast, who reads.

use std::fmt::{self, Write};

use super::html::{self, Text};
use crate::model::{Eta, GroupSnapshot, Loss, Reading, Span, TimeLag, Timestamp};
use crate::words::units;

type Numbers = Vec<(&'static str, String)>;

/// The list.
pub(super) fn numbers(out: &mut String, group: &GroupSnapshot, now: Timestamp) -> fmt::Result {
    out.write_str("<dl>\n")?;
    let all = [how_far(group, now), how_fast(group, now), who(group)];
    for (name, value) in all.into_iter().flatten() {
        writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    out.write_str("</dl>\n")
}

fn how_far(group: &GroupSnapshot, now: Timestamp) -> Numbers {
    let most = group
        .policy
        .max_lag
        .map(|l| units::count(i64::try_from(l).unwrap_or(i64::MAX)));
    let oldest = group.policy.max_time_lag.map(units::span);
    vec![
        (
            "Unread records",
            limited(html::reading(&group.effective_lag, now, units::count), most),
        ),
        ("Time lag", limited(time_lag(&group.time_lag, now), oldest)),
        (
            "Caught up",
            html::reading(&group.eta, now, |eta| until(eta, now)),
        ),
        (
            "First loss",
            html::reading(&group.loss_at, now, |l| loss(l, now)),
        ),
        (
            "Lost in the last hour",
            html::reading(&group.lost_lately, now, units::count),
        ),
    ]
}

fn how_fast(group: &GroupSnapshot, now: Timestamp) -> Numbers {
    vec![
        ("Coming in", per_second(&group.arrival_rate, now)),
        ("Being read", per_second(&group.consume_rate, now)),
    ]
}

fn who(group: &GroupSnapshot) -> Numbers {
    let members = group.members.as_ref();
    let partitions = group.rows.len();
    let owner = group.policy.owner.as_deref();
    vec![
        (
            "Members",
            members.map_or("unknown".to_owned(), |m| m.len().to_string()),
        ),
        (
            "Partitions",
            match group.unknown_partitions {
                0 => partitions.to_string(),
                unknown => format!("{partitions}<small>{unknown} unknown</small>"),
            },
        ),
        (
            "Owner",
            Text(owner.unwrap_or("nobody is named")).to_string(),
        ),
    ]
}

fn limited(value: String, limit: Option<String>) -> String {
    match limit {
        Some(limit) => format!("{value}<small>limit {limit}</small>"),
        None => value,
    }
}

fn time_lag(lag: &Reading<TimeLag>, now: Timestamp) -> String {
    let age = lag.age(now);
    let shown = html::reading(&age, now, units::span);
    match (age.low(), age.high()) {
        (Some(low), Some(high)) if low != high => format!(
            "{shown}<small>between {} and {}</small>",
            units::span(low),
            units::span(high)
        ),
        (Some(low), None) if age.value().is_some() => {
            format!("{shown}<small>at least {}</small>", units::span(low))
        }
        _ => shown,
    }
}

fn per_second(rate: &Reading<f64>, now: Timestamp) -> String {
    html::reading(rate, now, |r| format!("{}/s", units::rate(r)))
}

fn until(eta: Eta, now: Timestamp) -> String {
    match eta {
        Eta::CaughtUp => "it is".to_owned(),
        Eta::Never => "never at this rate".to_owned(),
        Eta::At { at, .. } => format!("in {}", units::span(now.age_at(at).max(Span::ZERO))),
    }
}

fn loss(loss: Loss, now: Timestamp) -> String {
    match loss.at() {
        None => "not while things stay so".to_owned(),
        Some(at) => format!("in {}", units::span(now.age_at(at).max(Span::ZERO))),
    }
}
