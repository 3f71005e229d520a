//! Consumer groups.

use super::{flag, freshness, seconds, staleness, status_code, until_loss, until_loss_low, whole};
use crate::catalog::{Emit, Kind, Read, Series, Unit};
use crate::model::{Eta, EventKind, GroupSnapshot, GroupType, Severity, Span, Status, Timestamp};

/// How far back rebalances are counted.
const LATELY: Span = Span::from_secs(3600);

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_group_info",
        help: "What the group is and who cares for it.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &[
            "group_type",
            "protocol_type",
            "assignor",
            "owner",
            "severity",
            "runbook",
        ],
        read: Read::Group(info),
    },
    Series {
        name: "laggard_group_state_info",
        help: "Kafka's own state of the group.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["state"],
        read: Read::Group(|group, emit| {
            if let Some(state) = group.state.value() {
                emit.labelled(&[("state", &format!("{state:?}"))], 1.0);
            }
        }),
    },
    Series {
        name: "laggard_group_status",
        help: "1 for the status that the group is in, 0 for the others.",
        unit: Unit::Flag,
        kind: Kind::StateSet,
        labels: &["status"],
        read: Read::Group(|group, emit| {
            for status in Status::ALL {
                let is = group.status.status == status;
                emit.labelled(&[("status", status.name())], flag(is));
            }
        }),
    },
    Series {
        name: "laggard_group_status_code",
        help: "The status as a number, the higher the worse: for outputs that have no state sets.",
        unit: Unit::Code,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(f64::from(status_code(group.status.status)))),
    },
    Series {
        name: "laggard_group_status_since_timestamp_seconds",
        help: "Since when the group is in its status.",
        unit: Unit::UnixSeconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(group.status.since.as_secs_f64())),
    },
    Series {
        name: "laggard_group_diagnosis_info",
        help: "Why the group lags, where its numbers say so.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["cause"],
        read: Read::Group(|group, emit| {
            if let Some(cause) = group.diagnosis.cause() {
                emit.labelled(&[("cause", cause.name())], 1.0);
            }
        }),
    },
    Series {
        name: "laggard_group_lag",
        help: "Log end minus committed offset, summed, as Kafka's own tools show it.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(whole(&group.lag))),
    },
    Series {
        name: "laggard_group_effective_lag",
        help: "Records that can still be read, summed; a lower bound beside unknown partitions.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(whole(&group.effective_lag))),
    },
    Series {
        name: "laggard_group_effective_lag_low",
        help: "The effective lag is at least this.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.effective_lag.low().map(|l| l as f64))),
    },
    Series {
        name: "laggard_group_last_stable_lag",
        help: "Last stable offset minus committed offset, summed; only where it differs from the lag.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(last_stable_lag(group))),
    },
    Series {
        name: "laggard_group_lag_limit",
        help: "The effective lag that the group may have, by its policy.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.policy.max_lag.map(|l| l as f64))),
    },
    Series {
        name: "laggard_group_time_lag_seconds",
        help: "Age of the oldest unread record, best guess; 0 when nothing is unread.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            emit.maybe(group.time_lag.age(emit.at).value().map(seconds));
        }),
    },
    Series {
        name: "laggard_group_time_lag_low_seconds",
        help: "The oldest unread record is at least this old, by the partitions that were read anew.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(time_lag_low(group, emit.at))),
    },
    Series {
        name: "laggard_group_time_lag_high_seconds",
        help: "The oldest unread record is at most this old; absent where that is open.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            emit.maybe(group.time_lag.age(emit.at).high().map(seconds));
        }),
    },
    Series {
        name: "laggard_group_time_lag_limit_seconds",
        help: "The age that the oldest unread record may have, by the group's policy.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.policy.max_time_lag.map(seconds))),
    },
    Series {
        name: "laggard_group_over_limit",
        help: "1 if the group is over one of its limits for certain, else 0; absent without a limit.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            let limited = group.policy.has_limit();
            emit.maybe(limited.then(|| flag(group.breaches(emit.at))));
        }),
    },
    Series {
        name: "laggard_group_expected",
        help: "1 if the group must be there, by its policy; absent where nobody said so.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.policy.expected.then_some(1.0))),
    },
    Series {
        name: "laggard_group_arrival_records_per_second",
        help: "Records coming in to the partitions that the group reads.",
        unit: Unit::RecordsPerSecond,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.arrival_rate.value())),
    },
    Series {
        name: "laggard_group_consume_records_per_second",
        help: "Records that the group reads.",
        unit: Unit::RecordsPerSecond,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(group.consume_rate.value())),
    },
    Series {
        name: "laggard_group_eta_seconds",
        help: "Until the group has caught up, if nothing changes; 0 when it has, +Inf for never.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(eta(group, emit.at))),
    },
    Series {
        name: "laggard_group_time_to_loss_seconds",
        help: "Until Kafka deletes the first record that the group has not read, if nothing changes; +Inf for never.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            // A stale one stands still: nobody knows whether it comes nearer.
            let at = group.loss_at.stale_since().unwrap_or(emit.at);
            emit.maybe(group.loss_at.value().map(|l| until_loss(l, at)));
        }),
    },
    Series {
        name: "laggard_group_time_to_loss_low_seconds",
        help: "Until then at the least; absent while that could not be read anew.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            emit.maybe(group.loss_at.known().map(|l| until_loss_low(l, emit.at)));
        }),
    },
    Series {
        name: "laggard_group_lost_records",
        help: "Records deleted unread within the last hour.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.maybe(whole(&group.lost_lately))),
    },
    Series {
        name: "laggard_group_members",
        help: "Members of the group; absent where they cannot be read.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            emit.maybe(group.members.as_ref().map(|m| m.len() as f64));
        }),
    },
    Series {
        name: "laggard_group_advised_members",
        help: "Members that the group is advised to run, a hint for autoscalers; absent where that is not known.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|_, emit| emit.maybe(emit.advised_members())),
    },
    Series {
        name: "laggard_group_recent_rebalances",
        help: "Rebalances seen within the last hour, as far as events are kept.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(recent_rebalances(group, emit.at))),
    },
    Series {
        name: "laggard_group_rebalance_storm",
        help: "1 while the group rebalances again and again instead of reading.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(flag(group.storm.is_some()))),
    },
    Series {
        name: "laggard_group_partitions",
        help: "Partitions that the group reads or has committed offsets for.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(group.rows.len() as f64)),
    },
    Series {
        name: "laggard_group_unknown_partitions",
        help: "Partitions of the group whose lag is unknown.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(f64::from(group.unknown_partitions))),
    },
    Series {
        name: "laggard_group_staleness_seconds",
        help: "Since when the group's lag or time lag could not be read again; 0 while both are fresh.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| {
            // A time lag may be unknown for lack of history while the lag is fresh.
            let time_lag = (false, group.time_lag.stale_since());
            emit.maybe(staleness(
                &[freshness(&group.effective_lag), time_lag],
                emit.at,
            ));
        }),
    },
    Series {
        name: "laggard_group_inactive",
        help: "1 if the group has been idle for so long that it stands outside totals and alerts.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Group(|group, emit| emit.value(flag(group.inactive))),
    },
];

fn info(group: &GroupSnapshot, emit: &mut Emit<'_>) {
    let policy = &group.policy;
    let severity = policy.severity.map_or("", Severity::name);
    let group_type = match group.group_type {
        GroupType::Classic => "classic",
        GroupType::Consumer => "consumer",
        GroupType::Share => "share",
        GroupType::Streams => "streams",
        GroupType::Unknown => "unknown",
    };
    let labels = [
        ("group_type", group_type),
        ("protocol_type", &*group.protocol_type),
        ("assignor", group.assignor.as_deref().unwrap_or("")),
        ("owner", policy.owner.as_deref().unwrap_or("")),
        ("severity", severity),
        ("runbook", policy.runbook.as_deref().unwrap_or("")),
    ];
    emit.labelled(&labels, 1.0);
}

/// What is certain: of a stale aggregate only what its fresh parts bear.
fn time_lag_low(group: &GroupSnapshot, now: Timestamp) -> Option<f64> {
    if !group.time_lag.is_stale() {
        return group.time_lag.age(now).low().map(seconds);
    }
    let rows = group.rows.iter().filter(|row| row.verdict.is_some());
    let fresh = rows.filter(|row| row.time_lag.is_known());
    let low = fresh.map(|row| row.time_lag.age(now).low().unwrap_or(Span::ZERO));
    low.max().map(seconds)
}

/// Summed over the partitions that take part; `None` where it tells nothing new.
fn last_stable_lag(group: &GroupSnapshot) -> Option<f64> {
    let rows = group.partitions().filter(|p| p.row().verdict.is_some());
    let (mut lag, mut stable) = (0, 0);
    for row in rows {
        if let (Some(l), Some(s)) = (row.lag().value(), row.last_stable_lag().value()) {
            lag += l;
            stable += s;
        }
    }
    (lag != stable).then_some(stable as f64)
}

fn eta(group: &GroupSnapshot, now: Timestamp) -> Option<f64> {
    Some(match group.eta.value()? {
        Eta::CaughtUp => 0.0,
        Eta::At { at, .. } => seconds(now.age_at(at)),
        Eta::Never => f64::INFINITY,
    })
}

fn recent_rebalances(group: &GroupSnapshot, now: Timestamp) -> f64 {
    let rebalanced = group
        .events
        .iter()
        .filter(|e| e.kind == EventKind::Rebalanced);
    let recent = rebalanced.filter(|e| e.at.age_at(now) <= LATELY);
    recent.count() as f64
}
