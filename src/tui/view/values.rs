//! Readings as cells: known plain, stale dim, unknown `–` and never 0, open bounds as `≥`.

use super::super::glyphs::Glyphs;
use super::super::theme::Meaning;
use super::super::units;
use crate::model::{Eta, GroupSnapshot, Member, Reading, ReadingState, Timestamp, TrendPoint, Why};

/// A reading's text and what it means.
pub(in crate::tui) fn reading<T: Copy + PartialEq>(
    reading: &Reading<T>,
    glyphs: &Glyphs,
    text: impl Fn(T) -> String,
) -> (String, Meaning) {
    let Some(value) = reading.value() else {
        // Older than all that is known is worth more than a question mark.
        let older = reading.why() == Some(&Why::BEFORE_HISTORY);
        return match reading.low().filter(|_| older) {
            Some(low) => (format!("{}{}", glyphs.at_least, text(low)), Meaning::Plain),
            None => (glyphs.unknown.to_owned(), Meaning::Dim),
        };
    };
    // What is stale was that number: how much of it is certain now is another matter, and its age
    // stands beside it.
    if reading.is_stale() {
        return (text(value), Meaning::Dim);
    }
    let open = reading.bounds().is_some_and(|b| b.high.is_none());
    let text = if open {
        let low = reading.low().unwrap_or(value);
        format!("{}{}", glyphs.at_least, text(low))
    } else if reading.why() == Some(&Why::COMPACTED) {
        format!("{}{}", glyphs.at_most, text(value))
    } else {
        text(value)
    };
    (text, Meaning::Plain)
}

/// When a group will have caught up, in cells: empty when there is nothing to catch up with.
pub(in crate::tui) fn eta(
    group: &GroupSnapshot,
    now: Timestamp,
    glyphs: &Glyphs,
) -> (String, Meaning) {
    let stale = group.eta.is_stale();
    let (text, meaning) = match group.eta.value() {
        None => (glyphs.unknown.to_owned(), Meaning::Dim),
        Some(Eta::CaughtUp) => (String::new(), Meaning::Plain),
        Some(Eta::Never) => ("never".to_owned(), Meaning::Plain),
        // Overdue: the next reading will say more.
        Some(Eta::At { at, .. }) if at <= now => ("now".to_owned(), Meaning::Plain),
        Some(Eta::At { at, .. }) => (units::span(now.age_at(at)), Meaning::Plain),
    };
    (text, if stale { Meaning::Dim } else { meaning })
}

/// A reading at length: its bounds, its age, why it is not simply known.
pub(in crate::tui) fn at_length<T: Copy + PartialEq>(
    reading: &Reading<T>,
    glyphs: &Glyphs,
    now: Timestamp,
    text: impl Fn(T) -> String + Copy,
    size: impl Fn(T) -> f64,
) -> String {
    let mut out = self::reading(reading, glyphs, text).0;
    // Bounds that are close to each other say nothing that the value does not.
    if let Some(bounds) = reading.bounds()
        && let (Some(low), Some(high)) = (bounds.low, bounds.high)
        && size(high) - size(low) > 0.1 * size(high)
        && text(low) != text(high)
    {
        out = format!("{out} ({}{}{})", text(low), glyphs.range, text(high));
    }
    let why = reading.why().map(ToString::to_string).unwrap_or_default();
    match (reading.state(), reading.stale_since()) {
        (ReadingState::Known, _) if why == Why::COMPACTED.as_str() => {
            format!("{out} ({})", Why::COMPACTED.in_words())
        }
        (ReadingState::Known, _) => out,
        (ReadingState::Stale, Some(since)) => {
            format!("{out} ({} old: {why})", units::span(since.age_at(now)))
        }
        (_, since) => match (reading.last(), since) {
            (Some(last), Some(since)) => format!(
                "{out} ({why}; last {}, {} ago)",
                text(last),
                units::span(since.age_at(now))
            ),
            _ if why.is_empty() => out,
            _ => format!("{out} ({why})"),
        },
    }
}

/// What a group had not read when that was last known of all its partitions, and when that was, once
/// it is not known any more.
pub(in crate::tui) fn last_lag(group: &GroupSnapshot) -> Option<(i64, Timestamp)> {
    if !group.lag.is_unknown() || group.rows.is_empty() {
        return None;
    }
    let mut sum = (0_i64, None);
    for view in group.partitions() {
        let (committed, end) = (&view.row().committed_offset, view.log_end_offset());
        let lag = end.last()?.saturating_sub(committed.last()?).max(0);
        let since = [committed.stale_since(), end.stale_since()];
        sum.0 = sum.0.saturating_add(lag);
        sum.1 = since.into_iter().chain([sum.1]).flatten().min();
    }
    Some((sum.0, sum.1?))
}

/// `client@host`; a static member by its own id.
pub(in crate::tui) fn member_label(member: &Member) -> String {
    let id = member
        .group_instance_id
        .as_ref()
        .unwrap_or(&member.client_id);
    format!("{id}@{}", member.host.trim_start_matches('/'))
}

/// A cell of a trend.
const CELL: i64 = 60_000;

/// A group's effective lag over the last minutes, one a cell, up to now or to where it was
/// last known; a gap is a space. It is drawn from 0 to its own greatest, unless it never came near
/// 0: then from below its least, so that a change of a twentieth can be seen and noise still looks
/// flat.
pub(super) fn trend(
    group: &GroupSnapshot,
    now: Timestamp,
    width: usize,
    glyphs: &Glyphs,
) -> String {
    let known_until = group.effective_lag.stale_since().unwrap_or(now);
    let tops = cells(&group.trend, now, known_until, width);
    spark(&tops, glyphs)
}

fn spark(tops: &[Option<i64>], glyphs: &Glyphs) -> String {
    let most = tops.iter().flatten().max().copied().unwrap_or(0);
    let least = tops.iter().flatten().min().copied().unwrap_or(0);
    let base = if least > most / 2 {
        least
            .saturating_sub((most.saturating_sub(least)).max(most / 10).max(1))
            .max(0)
    } else {
        0
    };
    tops.iter()
        .map(|top| match top {
            None => " ",
            Some(0) => glyphs.heights[0],
            // 0 keeps the lowest height to itself.
            Some(n) => glyphs.heights[height(n.saturating_sub(base), most.saturating_sub(base))],
        })
        .collect()
}

fn height(n: i64, most: i64) -> usize {
    (1 + i128::from(n) * 7 / i128::from(most.max(1))).clamp(1, 7) as usize
}

/// The greatest value in each of the last `width` minutes by the clock, so that cells stand
/// still while time goes on. Points are where the value changed: in between it was what it was.
fn cells(
    points: &[TrendPoint],
    now: Timestamp,
    known_until: Timestamp,
    width: usize,
) -> Vec<Option<i64>> {
    let cell = |at: Timestamp| at.as_millis().div_euclid(CELL);
    let last = cell(now);
    let first = last.saturating_sub(width as i64 - 1);
    let before = points.iter().rev().find(|p| cell(p.at) < first);
    let mut value = before.and_then(|p| p.effective_lag());
    let mut points = points.iter().skip_while(|p| cell(p.at) < first).peekable();
    (first..=last)
        .map(|here| {
            let mut top = None;
            while let Some(point) = points.next_if(|p| cell(p.at) <= here) {
                value = point.effective_lag();
                top = top.max(value);
            }
            // What nobody has read since is not drawn on.
            top.or(value.filter(|_| here <= cell(known_until)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::glyphs::{ASCII, UNICODE};
    use super::*;
    use crate::model::Why;

    fn point(secs: i64, lag: Option<i64>) -> TrendPoint {
        TrendPoint::new(Timestamp::from_millis(secs * 1000), lag, None)
    }

    #[test]
    fn unknown_is_never_zero_and_bounds_are_said() {
        let g = &UNICODE;
        let unknown = Reading::<i64>::unknown(Why::NEVER_COMMITTED);
        assert_eq!(
            reading(&unknown, g, units::count),
            ("–".to_owned(), Meaning::Dim)
        );
        let open = Reading::at_least(412_000, Why::NO_ANSWER);
        assert_eq!(reading(&open, g, units::count).0, "≥412k");
        let stale = Reading::stale(7, Timestamp::from_millis(0), Why::NO_ANSWER);
        assert_eq!(
            reading(&stale, g, units::count),
            ("7".to_owned(), Meaning::Dim)
        );
        // A sum of stale parts: the last value, not what of it is certain now.
        let sum = stale.clone().with_bounds(Some(0), None);
        assert_eq!(
            reading(&sum, g, units::count),
            ("7".to_owned(), Meaning::Dim)
        );
        let now = Timestamp::from_millis(60_000);
        assert_eq!(
            at_length(&stale, g, now, units::count, |n| n as f64),
            "7 (1m old: no_answer)"
        );
        let last = Reading::unknown_since(7, Timestamp::from_millis(0), Why::STALE_FOR_EXCEEDED);
        assert_eq!(
            at_length(&last, &ASCII, now, units::count, |n| n as f64),
            "- (stale_for exceeded; last 7, 1m ago)"
        );
    }

    #[test]
    fn a_trend_keeps_its_gaps_and_what_did_not_change() {
        let trend = |points: &[TrendPoint], now: i64, until: i64, glyphs: &Glyphs| {
            let at = |secs| Timestamp::from_millis(secs * 1000);
            spark(&cells(points, at(now), at(until), 6), glyphs)
        };
        let points: Vec<_> = [Some(0), Some(50), None, Some(100)]
            .iter()
            .enumerate()
            .map(|(i, lag)| point(120 + 60 * i as i64, *lag))
            .collect();
        assert_eq!(trend(&points, 300, 300, &UNICODE), "  ▁▅ █");
        assert_eq!(trend(&points, 300, 300, &ASCII), "  _- #");
        // It stood at 100 since, as far as that was read.
        assert_eq!(trend(&points, 420, 420, &UNICODE), "▁▅ ███");
        assert_eq!(trend(&points, 420, 360, &UNICODE), "▁▅ ██ ");
        assert_eq!(trend(&points, 9_000, 9_000, &UNICODE), "██████");
        assert_eq!(trend(&points, 9_000, 360, &UNICODE), "      ");
        assert_eq!(trend(&[], 300, 300, &UNICODE), "      ");
        let flat: Vec<_> = (0..360).map(|i| point(i, Some(5))).collect();
        assert_eq!(trend(&flat, 359, 359, &UNICODE), "██████");
    }
}
