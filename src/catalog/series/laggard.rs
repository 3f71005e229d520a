//! Laggard itself.

use super::seconds;
use crate::catalog::{Emit, Kind, Level, Read, Series, Unit};
use crate::model::{ReceiverHealth, Snapshot, Timestamp};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_up",
        help: "1 while Laggard answers.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| emit.value(1.0)),
    },
    Series {
        name: "laggard_info",
        help: "Laggard's version and what its snapshots come from.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["version", "source"],
        read: Read::Laggard(|_, emit| {
            let source = emit.source().to_owned();
            let version = env!("CARGO_PKG_VERSION");
            emit.labelled(&[("version", version), ("source", &source)], 1.0);
        }),
    },
    Series {
        name: "laggard_snapshot_generation",
        help: "Which snapshot this is, counted since the start.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| emit.value(snapshot.generation.n as f64)),
    },
    Series {
        name: "laggard_snapshot_timestamp_seconds",
        help: "The instant as of which every sample here stands.",
        unit: Unit::UnixSeconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| emit.value(snapshot.at.as_secs_f64())),
    },
    Series {
        name: "laggard_series",
        help: "The most samples that this output can have of this snapshot.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| emit.maybe(emit.tally().map(|t| t.series as f64))),
    },
    Series {
        name: "laggard_series_limit",
        help: "The most samples that are allowed; absent without a limit.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| {
            emit.maybe(emit.tally().and_then(|t| t.limit).map(|l| l as f64));
        }),
    },
    Series {
        name: "laggard_series_left_out",
        help: "Samples that the limit leaves out, by level; all 0 while everything fits.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &["level"],
        read: Read::Laggard(|_, emit| {
            let left_out = emit.tally().map(|t| t.left_out);
            for (level, samples) in Level::ALL.iter().zip(left_out.iter().flatten()) {
                emit.labelled(&[("level", level.name())], *samples as f64);
            }
        }),
    },
    Series {
        name: "laggard_groups_left_out",
        help: "Groups that are not exported, by their name.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| emit.maybe(emit.tally().map(|t| t.excluded_groups as f64))),
    },
    Series {
        name: "laggard_groups_folded",
        help: "Groups exported as part of another, because their names end in something generated.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| emit.maybe(emit.tally().map(|t| t.folded_groups as f64))),
    },
    Series {
        name: "laggard_receiver_failing",
        help: "1 while the last try to tell this receiver of alerts failed.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &["receiver"],
        read: Read::Laggard(|snapshot, emit| {
            each(snapshot, emit, |r| {
                Some(f64::from(u8::from(r.failing_since.is_some())))
            });
        }),
    },
    Series {
        name: "laggard_receiver_waiting",
        help: "Notifications that wait for this receiver.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &["receiver"],
        read: Read::Laggard(|snapshot, emit| each(snapshot, emit, |r| Some(r.waiting as f64))),
    },
    Series {
        name: "laggard_receiver_oldest_waiting_seconds",
        help: "How long the oldest notification waits for this receiver; absent when none does.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &["receiver"],
        read: Read::Laggard(|snapshot, emit| {
            let at = snapshot.at;
            let age = |since: Timestamp| seconds(since.age_at(at)).max(0.0);
            each(snapshot, emit, |r| r.oldest_waiting_since.map(age));
        }),
    },
    Series {
        name: "laggard_receiver_given_up",
        help: "Notifications given up since the start: refused as they are, or too old.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &["receiver"],
        read: Read::Laggard(|snapshot, emit| each(snapshot, emit, |r| Some(r.given_up as f64))),
    },
];

/// A value of each receiver that has one.
fn each(snapshot: &Snapshot, emit: &mut Emit<'_>, value: impl Fn(&ReceiverHealth) -> Option<f64>) {
    for receiver in snapshot.receivers.iter() {
        if let Some(value) = value(receiver) {
            emit.labelled(&[("receiver", &receiver.receiver)], value);
        }
    }
}
