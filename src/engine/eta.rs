//! When a row, and a group, will have caught up: lag ÷ the rate by which it shrinks, where that is
//! above 0 for certain.

use crate::model::{Eta, Reading, Span, Status, Timestamp, Why};

use super::rate::Slope;

/// The ETA of a row whose lag grows by `growth` (records a second), as of its read at `read_at`.
pub(super) fn of_row(
    effective: &Reading<i64>,
    growth: Option<Slope>,
    status: Status,
    read_at: Timestamp,
) -> Reading<Eta> {
    let Some(lag) = effective.known() else {
        return Reading::unknown(effective.why().cloned().unwrap_or(Why::NO_ANSWER));
    };
    if lag == 0 || matches!(status, Status::Ok | Status::Idle) {
        return Reading::Known(Eta::CaughtUp);
    }
    match growth {
        None if matches!(status, Status::Stopped | Status::Stalled) => Reading::Known(Eta::Never),
        None => Reading::unknown(Why::TOO_FEW_POINTS),
        Some(slope) if slope.median >= 0.0 => Reading::Known(Eta::Never),
        Some(slope) if slope.high >= 0.0 => {
            Reading::unknown(Why::text("it is not certain that lag shrinks"))
        }
        Some(slope) => {
            let after =
                |shrinks_by: f64| read_at + Span::from_secs_f64((lag as f64 / shrinks_by).min(1e9));
            Reading::Known(Eta::At {
                at: after(-slope.median),
                earliest: after(-slope.low),
                latest: Some(after(-slope.high)),
            })
        }
    }
}

/// The latest of the partitions' ends: never is later than any, unknown hides all but never.
#[derive(Default)]
pub(super) struct Latest {
    latest: Option<Eta>,
    unknown: Option<Why>,
}

impl Latest {
    /// Adds a partition's.
    pub(super) fn add(&mut self, part: &Reading<Eta>) {
        let Some(eta) = part.value() else {
            self.unknown = self.unknown.take().or_else(|| part.why().cloned());
            return;
        };
        self.latest = Some(self.latest.map_or(eta, |before| later(before, eta)));
    }

    /// The group's.
    pub(super) fn reading(self) -> Reading<Eta> {
        match (self.latest, self.unknown) {
            (Some(Eta::Never), _) => Reading::Known(Eta::Never),
            (Some(eta), None) => Reading::Known(eta),
            (_, why) => Reading::unknown(why.unwrap_or(Why::NOT_READ_YET)),
        }
    }
}

fn later(one: Eta, other: Eta) -> Eta {
    match (one, other) {
        (Eta::Never, _) | (_, Eta::Never) => Eta::Never,
        (Eta::CaughtUp, other) => other,
        (one, Eta::CaughtUp) => one,
        (
            Eta::At {
                at: a,
                earliest: e,
                latest: l,
            },
            Eta::At {
                at,
                earliest,
                latest,
            },
        ) => Eta::At {
            at: a.max(at),
            earliest: e.max(earliest),
            latest: l.zip(latest).map(|(x, y)| x.max(y)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn eta(low: f64, median: f64, high: f64) -> Reading<Eta> {
        let slope = Slope { median, low, high };
        of_row(&Reading::Known(600), Some(slope), Status::Recovering, at(0))
    }

    #[test]
    fn it_is_told_only_where_lag_shrinks_for_certain() {
        assert_eq!(
            eta(-20.0, -10.0, -5.0),
            Reading::Known(Eta::At {
                at: at(60),
                earliest: at(30),
                latest: Some(at(120)),
            })
        );
        assert!(eta(-20.0, -10.0, 1.0).is_unknown());
        assert_eq!(eta(-1.0, 2.0, 5.0), Reading::Known(Eta::Never));
    }

    #[test]
    fn a_group_is_as_late_as_its_last_partition() {
        let mut latest = Latest::default();
        latest.add(&eta(-20.0, -10.0, -5.0));
        latest.add(&eta(-10.0, -5.0, -4.0));
        latest.add(&Reading::Known(Eta::CaughtUp));
        let Some(Eta::At {
            at: eta, latest, ..
        }) = latest.reading().value()
        else {
            panic!("no eta");
        };
        assert_eq!((eta, latest), (at(120), Some(at(150))));
        let mut hidden = Latest::default();
        hidden.add(&Reading::unknown(Why::TOO_FEW_POINTS));
        hidden.add(&Reading::Known(Eta::CaughtUp));
        assert!(hidden.reading().is_unknown());
    }
}
