//! A group's last minutes as two charts: unread records, and the age of the oldest of them.
//!
//! In: the group's trend, whose points hold until the next. Out: lines. Nothing is drawn on after a
//! reading went stale.

use std::fmt;

use super::chart::{Chart, Point, end_of_count, end_of_time};
use crate::model::{EventKind, GroupSnapshot, Span, Timestamp, TrendPoint};
use crate::words::units;

/// What a point says at a time at which it holds.
type Say = fn(TrendPoint, Timestamp) -> Option<f64>;

/// Both charts; the group is read once an `interval`.
pub(super) fn draw(
    out: &mut String,
    group: &GroupSnapshot,
    interval: Span,
    now: Timestamp,
) -> fmt::Result {
    let marks: Vec<_> = (group.events.iter())
        .filter(|e| e.kind == EventKind::Mark)
        .map(|e| e.at)
        .collect();
    let lag = line(group, interval, now, |p, _| {
        p.effective_lag().map(|l| l as f64)
    });
    let time_lag = line(group, interval, now, |p, at| {
        p.time_lag(at).map(Span::as_secs_f64)
    });
    out.push_str("<div class=\"charts\">\n");
    Chart {
        title: "Unread records",
        line: "records that it can still read",
        colour: "--lag",
        points: &lag,
        limit: group.policy.max_lag.map(|l| l as f64),
        marks: &marks,
        show: |v| units::count(v as i64),
        end: end_of_count,
    }
    .draw(out)?;
    Chart {
        title: "Time lag",
        line: "age of its oldest unread record",
        colour: "--time",
        points: &time_lag,
        limit: group.policy.max_time_lag.map(Span::as_secs_f64),
        marks: &marks,
        show: |v| units::span(Span::from_secs_f64(v)),
        end: end_of_time,
    }
    .draw(out)?;
    out.push_str("</div>\n");
    Ok(())
}

/// The points, and where one held for longer than it takes to read anew, its value at its end too.
fn line(group: &GroupSnapshot, interval: Span, now: Timestamp, say: Say) -> Vec<Point> {
    let interval = usual_gap(group).max(interval);
    let mut points = Vec::with_capacity(group.trend.len() + 1);
    let mut push = |at, value| points.push(Point { at, value });
    for (point, next) in group.trend.iter().zip(group.trend.iter().skip(1)) {
        push(point.at, say(*point, point.at));
        let until = next.at - interval;
        if until - point.at > interval {
            push(until, say(*point, until));
        }
    }
    let Some(last) = group.trend.last() else {
        return points;
    };
    push(last.at, say(*last, last.at));
    let stale_since = group.effective_lag.stale_since();
    let until = stale_since.map_or(now, |since| since.min(now));
    if until > last.at {
        push(until, say(*last, until));
    }
    if now > until.max(last.at) {
        push(now, None);
    }
    points
}

/// What lies between most points that follow each other closely: a past that was folded anew is
/// coarser than what is read now.
fn usual_gap(group: &GroupSnapshot) -> Span {
    let trend = &group.trend;
    let mut gaps: Vec<_> = (trend.iter().zip(trend.iter().skip(1)))
        .map(|(point, next)| next.at - point.at)
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 4).copied().unwrap_or(Span::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::World;
    use crate::model::{Reading, Snapshot, Why};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn group(points: &[(i64, i64, i64)], stale: Option<i64>) -> Snapshot {
        let points = points.iter();
        let points =
            points.map(|(s, lag, old)| TrendPoint::new(at(*s), Some(*lag), Some(at(*old))));
        World::new()
            .cluster("prod", |c| {
                c.topic("orders", &[(0, 100)]);
                c.group("g", |g| {
                    g.commits("orders", &[Some(9)]);
                    g.group.trend = points.collect();
                    if let Some(since) = stale {
                        g.group.effective_lag = Reading::stale(7, at(since), Why::NO_ANSWER);
                    }
                });
            })
            .build()
    }

    fn ages(snapshot: &Snapshot) -> Vec<(i64, Option<i64>)> {
        let (_, group) = snapshot.groups().next().unwrap();
        let say: Say = |p, at| p.time_lag(at).map(Span::as_secs_f64);
        let points = line(group, Span::from_secs(10), NOW, say);
        let whole = |p: &Point| (p.at.as_millis() / 1000, p.value.map(|v| v as i64));
        points.iter().map(whole).collect()
    }

    #[test]
    fn what_is_not_read_grows_older_until_something_else_is_known() {
        // Nothing changes from 900 on, and from 950 on a younger record is the oldest.
        let snapshot = group(&[(890, 5, 880), (900, 7, 880), (950, 4, 945)], None);
        assert_eq!(
            ages(&snapshot),
            [
                (890, Some(10)),
                (900, Some(20)),
                (940, Some(60)),
                (950, Some(5)),
                (1000, Some(55))
            ]
        );
    }

    #[test]
    fn nothing_is_drawn_after_it_went_stale() {
        let snapshot = group(&[(890, 5, 880), (900, 7, 880)], Some(930));
        assert_eq!(
            ages(&snapshot),
            [
                (890, Some(10)),
                (900, Some(20)),
                (930, Some(50)),
                (1000, None)
            ]
        );
    }
}
