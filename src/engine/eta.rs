//! When a row, and a group, will have caught up: lag ÷ the rate by which it shrinks, where that is
//! above 0 for certain.
//!
//! Between `earliest` and `latest` it comes nine times of ten, if nothing changes. What a member has
//! read of one partition it has no more to read of, and has the more time for the others: so the
//! earliest end of a group is that of the member with the most left, by what its partitions shrink
//! together.

use std::collections::BTreeMap;

use crate::model::{Eta, Reading, Span, Status, Timestamp, Why};

use super::rate::Course;

/// The ETA of a row whose lag grows by `course` (records a second), as of its read at `read_at`; `gap` is the typical
/// one between commits, before which nobody sees it. One that is well has all read but what came in just now, or no
/// more unread than it may.
pub(super) fn of_row(
    effective: &Reading<i64>,
    course: Option<Course>,
    (status, is_well): (Status, bool),
    read_at: Timestamp,
    gap: Span,
) -> Reading<Eta> {
    let Some(lag) = effective.known() else {
        return Reading::unknown(effective.why().cloned().unwrap_or(Why::NO_ANSWER));
    };
    if lag == 0 || is_well {
        return Reading::Known(Eta::CaughtUp);
    }
    if status == Status::Ok {
        return Reading::unknown(Why::text("it reads in runs, and rests between two"));
    }
    match course {
        None if matches!(status, Status::Stopped | Status::Stalled) => Reading::Known(Eta::Never),
        None => Reading::unknown(Why::TOO_FEW_POINTS),
        Some(course) if course.slope.median >= 0.0 => Reading::Known(Eta::Never),
        Some(course) if course.slope.high >= 0.0 => {
            Reading::unknown(Why::text("it is not certain that lag shrinks"))
        }
        Some(course) => Reading::Known(at(lag as f64, course, read_at, gap)),
    }
}

fn at(lag: f64, course: Course, read_at: Timestamp, gap: Span) -> Eta {
    let growth = course.over(lag / -course.slope.median);
    let after = |by: f64| read_at + Span::from_secs_f64((lag / by).min(1e9));
    let best = after(-growth.median);
    Eta::At {
        at: best,
        earliest: (after(-growth.low) - gap).max(read_at).min(best),
        latest: (growth.high < 0.0).then(|| after(-growth.high) + gap),
    }
}

/// The latest of the partitions' ends: never is later than any, unknown hides all but never.
#[derive(Default)]
pub(super) struct Latest {
    latest: Option<Eta>,
    unknown: Option<Why>,
    /// By owner: records, and how many of them are read at the most in a second.
    left: BTreeMap<Option<u32>, (f64, f64)>,
    read_at: Option<Timestamp>,
}

impl Latest {
    /// Adds a partition's, of so many records that `owner` still has to read, as of `read_at`.
    pub(super) fn add(
        &mut self,
        part: &Reading<Eta>,
        (owner, lag, read_at): (Option<u32>, Option<i64>, Timestamp),
    ) {
        let Some(eta) = part.value() else {
            self.unknown = self.unknown.take().or_else(|| part.why().cloned());
            return;
        };
        if let (Eta::At { earliest, .. }, Some(lag)) = (eta, lag) {
            let (records, rate) = self.left.entry(owner).or_default();
            *records += lag as f64;
            *rate += lag as f64 / (earliest - read_at).as_secs_f64().max(1e-3);
            self.read_at = self.read_at.max(Some(read_at));
        }
        self.latest = Some(self.latest.map_or(eta, |before| later(before, eta)));
    }

    /// The group's.
    pub(super) fn reading(self) -> Reading<Eta> {
        let earliest = self.earliest();
        match (self.latest, self.unknown) {
            (Some(Eta::Never), _) => Reading::Known(Eta::Never),
            (
                Some(Eta::At {
                    at,
                    earliest: own,
                    latest,
                }),
                None,
            ) => Reading::Known(Eta::At {
                at,
                earliest: earliest.map_or(own, |shared| shared.min(own)),
                latest,
            }),
            (Some(eta), None) => Reading::Known(eta),
            (_, why) => Reading::unknown(why.unwrap_or(Why::NOT_READ_YET)),
        }
    }

    /// The end of the member with the most left, if it spends all its time on what is left.
    fn earliest(&self) -> Option<Timestamp> {
        let ends = self.left.values().map(|(records, rate)| records / rate);
        let last = ends.fold(0.0, f64::max);
        self.read_at.map(|at| at + Span::from_secs_f64(last))
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
    use super::super::rate::Slope;
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn eta(low: f64, median: f64, high: f64) -> Reading<Eta> {
        moving(low, median, high, 0.0)
    }

    fn moving(low: f64, median: f64, high: f64, wandering: f64) -> Reading<Eta> {
        let course = Course {
            slope: Slope { median, low, high },
            wandering,
            seen: 60.0,
        };
        let lag = Reading::Known(600);
        of_row(
            &lag,
            Some(course),
            (Status::Recovering, false),
            at(0),
            Span::ZERO,
        )
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
        let of = |owner| (Some(owner), Some(600), at(0));
        latest.add(&eta(-20.0, -10.0, -5.0), of(0));
        latest.add(&eta(-10.0, -5.0, -4.0), of(1));
        latest.add(&Reading::Known(Eta::CaughtUp), of(2));
        let Some(Eta::At {
            at: eta, latest, ..
        }) = latest.reading().value()
        else {
            panic!("no eta");
        };
        assert_eq!((eta, latest), (at(120), Some(at(150))));
        let mut hidden = Latest::default();
        hidden.add(&Reading::unknown(Why::TOO_FEW_POINTS), of(0));
        hidden.add(&Reading::Known(Eta::CaughtUp), of(1));
        assert!(hidden.reading().is_unknown());
    }

    #[test]
    fn what_wanders_is_less_sure_and_may_be_open() {
        let Some(Eta::At {
            at: best,
            earliest,
            latest: Some(latest),
        }) = moving(-10.5, -10.0, -9.5, 60.0).value()
        else {
            panic!("no eta");
        };
        // σ·√(2/60) = √2; 10 ± 1.645·√2 records a second.
        assert_eq!(best, at(60));
        assert!(earliest > at(48) && earliest < at(49), "{earliest}");
        assert!(latest > at(78) && latest < at(79), "{latest}");
        let wild = moving(-10.5, -10.0, -9.5, 6000.0).value();
        assert!(
            matches!(wild, Some(Eta::At { latest: None, .. })),
            "{wild:?}"
        );
    }

    #[test]
    fn a_members_partitions_end_together_at_the_earliest() {
        let end = |owners: [u32; 2]| {
            let mut latest = Latest::default();
            latest.add(
                &eta(-60.0, -60.0, -60.0),
                (Some(owners[0]), Some(600), at(0)),
            );
            latest.add(
                &eta(-10.0, -10.0, -10.0),
                (Some(owners[1]), Some(600), at(0)),
            );
            let Some(Eta::At {
                at: best, earliest, ..
            }) = latest.reading().value()
            else {
                panic!("no eta");
            };
            (best, earliest)
        };
        // A tenth faster than 10 a second; and 1,200 records, a tenth faster than 70.
        let (best, earliest) = end([0, 1]);
        assert_eq!(best, at(60));
        assert!(earliest > at(54) && earliest < at(55), "{earliest}");
        let (best, earliest) = end([0, 0]);
        assert_eq!(best, at(60));
        assert!(earliest > at(15) && earliest < at(16), "{earliest}");
    }
}
