//! Laggard itself.

use crate::catalog::{Kind, Level, Read, Series, Unit};

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
];
