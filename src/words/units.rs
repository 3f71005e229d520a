//! Numbers as people read them at a glance: three digits and a unit, never wider than a column.
//!
//! A positive number is never written as 0.

use crate::model::{Span, Timestamp};

const UNITS: [(f64, &str); 6] = [
    (1e3, "k"),
    (1e6, "M"),
    (1e9, "G"),
    (1e12, "T"),
    (1e15, "P"),
    (1e18, "E"),
];

/// Records: `999`, `12.0k`, `1.28M`; five characters at the most, six with a sign.
pub fn count(records: i64) -> String {
    let sign = if records < 0 { "-" } else { "" };
    let n = records.unsigned_abs();
    if n < 1000 {
        return format!("{sign}{n}");
    }
    format!("{sign}{}", scaled(n as f64))
}

/// Records a second: `0`, `<0.1`, `4.2`, `640`, `1.20k`.
pub fn rate(per_second: f64) -> String {
    let sign = if per_second < 0.0 { "-" } else { "" };
    let n = per_second.abs();
    let text = if !n.is_finite() {
        return "?".to_owned();
    } else if n == 0.0 {
        return "0".to_owned();
    } else if n < 0.1 {
        "<0.1".to_owned()
    } else if n < 9.95 {
        format!("{n:.1}")
    } else if n < 999.5 {
        format!("{n:.0}")
    } else {
        scaled(n)
    };
    format!("{sign}{text}")
}

/// A rate with its sign always shown: `+3.10k`, `-120`.
pub fn growth(per_second: f64) -> String {
    let text = rate(per_second);
    if per_second > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

fn scaled(n: f64) -> String {
    for (unit, suffix) in UNITS {
        let x = n / unit;
        if x < 9.995 {
            return format!("{x:.2}{suffix}");
        } else if x < 99.95 {
            return format!("{x:.1}{suffix}");
        } else if x < 999.5 {
            return format!("{x:.0}{suffix}");
        }
    }
    format!("{n:.0e}")
}

/// A span as a screen shows it: no milliseconds.
pub fn span(span: Span) -> String {
    match span.as_millis() {
        0 => "0s".to_owned(),
        1..1000 => "<1s".to_owned(),
        _ => span.to_string(),
    }
}

/// A share as a percentage: `71%`, `<1%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 {
        return "<1%".to_owned();
    }
    format!("{percent:.0}%")
}

/// Time of day: `12:04:31`.
pub fn clock(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    in_zone(at, zone).map_or_else(|| "--:--:--".to_owned(), |t| t.strftime("%T").to_string())
}

/// Time of day, with the date when that is not `now`'s.
pub fn moment(at: Timestamp, now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    match (in_zone(at, zone), in_zone(now, zone)) {
        (Some(t), Some(n)) if t.date() == n.date() => t.strftime("%T").to_string(),
        (Some(t), _) => t.strftime("%m-%d %H:%M").to_string(),
        _ => "--:--:--".to_owned(),
    }
}

fn in_zone(at: Timestamp, zone: &jiff::tz::TimeZone) -> Option<jiff::Zoned> {
    let t = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(t.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_three_digits() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.00k"),
            (12_000, "12.0k"),
            (412_345, "412k"),
            (999_499, "999k"),
            (999_500, "1.00M"),
            (1_284_000, "1.28M"),
            (-40, "-40"),
        ] {
            assert_eq!(count(n), text, "{n}");
        }
        for n in [i64::MAX, i64::MIN, 99_950, 9_995, 1] {
            assert!(count(n).len() <= 6, "{}", count(n));
            assert_ne!(count(n), "0");
        }
    }

    #[test]
    fn rates_never_round_to_nothing() {
        for (n, text) in [
            (0.0, "0"),
            (0.004, "<0.1"),
            (4.21, "4.2"),
            (9.97, "10"),
            (640.2, "640"),
            (999.9, "1.00k"),
            (-120.0, "-120"),
            (f64::NAN, "?"),
        ] {
            assert_eq!(rate(n), text, "{n}");
        }
        assert_eq!(
            (growth(3100.0).as_str(), growth(0.0).as_str()),
            ("+3.10k", "0")
        );
    }

    #[test]
    fn days_other_than_today_are_named() {
        let at = |t: &str| t.parse::<Timestamp>().unwrap();
        let now = at("2026-11-20T12:04:31Z");
        let utc = jiff::tz::TimeZone::UTC;
        assert_eq!(moment(at("2026-11-20T01:02:03Z"), now, &utc), "01:02:03");
        assert_eq!(moment(at("2026-11-19T23:02:03Z"), now, &utc), "11-19 23:02");
    }
}
