//! Prometheus' durations: `1h30m`, `5m`, `90s`, `250ms`, `0`.

use crate::model::Span;

const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration as Prometheus does: units from the largest to the smallest, each once.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Span, String> {
    let wrong = || {
        format!(
            "`{text}` is no duration: write it as Prometheus does, for example 5m, 1h30m or 90s"
        )
    };
    if text == "0" {
        return Ok(Span::ZERO);
    }
    let (mut rest, mut millis, mut units) = (text, 0_i64, &UNITS[..]);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |end| digits + end);
        let at = units
            .iter()
            .position(|(unit, _)| *unit == &rest[digits..unit_end])
            .ok_or_else(wrong)?;
        let length = number.checked_mul(units[at].1).ok_or_else(wrong)?;
        millis = millis.checked_add(length).ok_or_else(wrong)?;
        (rest, units) = (&rest[unit_end..], &units[at + 1..]);
    }
    if text.is_empty() {
        return Err(wrong());
    }
    Ok(Span::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_prometheus() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("90s", 90_000),
            ("1d", 86_400_000),
            ("1y2w3d4h5m6s7ms", 33_019_506_007),
        ] {
            assert_eq!(parse(text).unwrap().as_millis(), millis, "{text}");
        }
        for text in [
            "",
            "5",
            "m5",
            "5m1h",
            "1m1m",
            "-5m",
            "5 m",
            "1.5h",
            "99999999999999y",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
