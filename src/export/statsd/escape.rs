//! Names made harmless, each to a text of its own: no group or topic name can end a line, begin a
//! tag, add a part to a name, or become another one's name.

use std::fmt::Write as _;

/// What stands for an empty name; no other name is written so.
const EMPTY_PART: &str = "_5F";
const EMPTY_TAG: &str = "%";

/// A part of a plain name: letters, digits, `-` and `_` stay; any other byte is `_` and two
/// capital hexadecimal digits, and so is a `_` that would be taken for one of those. StatsD's own
/// clean-up leaves these characters alone.
pub(super) fn part(out: &mut String, name: &str) {
    underlined(out, name, false);
}

/// A tag's value for Graphite: as a part of a name, but with its dots. Etsy's statsd, which most
/// Graphites stand behind, takes all else away: `%3A` would become `3A`.
pub(super) fn graphite(out: &mut String, value: &str) {
    underlined(out, value, true);
}

fn underlined(out: &mut String, name: &str, dots: bool) {
    if name.is_empty() {
        out.push_str(EMPTY_PART);
    }
    let bytes = name.as_bytes();
    let hex = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b));
    for (at, byte) in bytes.iter().enumerate() {
        let looks_escaped = || hex(bytes.get(at + 1)) && hex(bytes.get(at + 2));
        match byte {
            b'_' if looks_escaped() => out.push_str("_5F"),
            b'.' if dots => out.push('.'),
            b'_' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "_{byte:02X}");
            }
        }
    }
}

/// A tag's value: letters and digits of any script, `_ - . /` stay, all else is percent-encoded.
pub(super) fn tag(out: &mut String, value: &str) {
    if value.is_empty() {
        out.push_str(EMPTY_TAG);
    }
    for c in value.chars() {
        if c.is_alphanumeric() || "_-./".contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_part(name: &str) -> String {
        let mut out = String::new();
        part(&mut out, name);
        out
    }

    fn as_tag(value: &str) -> String {
        let mut out = String::new();
        tag(&mut out, value);
        out
    }

    /// Undoes an escape that begins with `mark`.
    fn undo(text: &str, mark: u8) -> Vec<u8> {
        let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
        while at < bytes.len() {
            let digits = text.get(at + 1..at + 3).filter(|d| {
                bytes[at] == mark && d.bytes().all(|b| b"0123456789ABCDEF".contains(&b))
            });
            if let Some(digits) = digits {
                out.push(u8::from_str_radix(digits, 16).unwrap());
                at += 3;
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        out
    }

    #[test]
    fn plain_parts_stay_and_hostile_ones_are_harmless() {
        assert_eq!(as_part("payments-v2_eu"), "payments-v2_eu");
        assert_eq!(as_part("orders.v1"), "orders_2Ev1");
        assert_eq!(as_part("a:1|c\nb"), "a_3A1_7Cc_0Ab");
        assert_eq!(as_part("x_2E"), "x_5F2E");
        assert_ne!(as_part("orders.v1"), as_part("orders_2Ev1"));
        assert_ne!(as_part(""), as_part("_"));
        assert_eq!(as_tag("orders.v1/ü"), "orders.v1/ü");
        assert_eq!(as_tag("a,b=c|#d:e\n%"), "a%2Cb%3Dc%7C%23d%3Ae%0A%25");
    }

    proptest! {
        #[test]
        fn every_name_can_be_told_from_its_part(name in "(\\PC|[_.0-9A-F:|#\n]){1,16}") {
            let part = as_part(&name);
            prop_assert!(part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)));
            prop_assert_eq!(undo(&part, b'_'), name.as_bytes());
        }

        #[test]
        fn every_value_outlives_what_statsd_takes_away(name in "(\\PC|[_.0-9A-F:|#;=\n]){1,16}") {
            let mut value = String::new();
            graphite(&mut value, &name);
            prop_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)));
            prop_assert_eq!(undo(&value, b'_'), name.as_bytes());
        }

        #[test]
        fn every_value_can_be_told_from_its_tag(name in "(\\PC|[%=,;:|#@\n ]){1,16}") {
            let tag = as_tag(&name);
            prop_assert!(!tag.contains(|c: char| ",;=:|#@\n\r ".contains(c) || c.is_control()));
            prop_assert_eq!(undo(&tag, b'%'), name.as_bytes());
        }
    }
}
