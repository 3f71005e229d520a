//! Numbers as Prometheus reads them. Nearly all are whole: those are written without `fmt`.

use std::io::Write;

/// Whole numbers up to here are exact in an f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends `value`; not-a-number and the infinities as Prometheus spells them.
pub(super) fn number(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value.fract() == 0.0 && value.abs() <= EXACT {
        whole(out, value as i64);
    } else {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{value}");
    }
}

fn whole(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        number(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_read_as_prometheus_spells_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (-3.0, "-3"),
            (0.25, "0.25"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    proptest! {
        #[test]
        fn numbers_survive(value in prop_oneof![any::<f64>(), (-1e15..1e15).prop_map(f64::trunc)]) {
            prop_assume!(value.is_finite());
            let back: f64 = text(value).parse().unwrap();
            prop_assert_eq!(back.total_cmp(&(value + 0.0)), std::cmp::Ordering::Equal);
        }
    }
}
