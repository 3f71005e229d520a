//! Lines of the text format, version 0.0.4.

use super::number::number;

/// HELP, TYPE, and UNIT where there is one. OpenMetrics escapes quotes in HELP too.
pub(super) fn head(out: &mut Vec<u8>, name: &str, help: &str, kind: &str, unit: &str, open: bool) {
    for part in ["# HELP ", name, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    escape(out, help, |byte| match byte {
        b'\\' => Some(b"\\\\"),
        b'\n' => Some(b"\\n"),
        b'"' if open => Some(b"\\\""),
        _ => None,
    });
    for part in ["\n# TYPE ", name, " ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if !unit.is_empty() {
        for part in ["# UNIT ", name, " ", unit, "\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// One sample, with no timestamp.
pub(super) fn sample(out: &mut Vec<u8>, name: &str, labels: &[(&str, &str)], value: f64) {
    out.extend_from_slice(name.as_bytes());
    let mut before = b'{';
    for (label, text) in labels {
        out.push(before);
        before = b',';
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(b"=\"");
        label_value(out, text);
        out.push(b'"');
    }
    if !labels.is_empty() {
        out.push(b'}');
    }
    out.push(b' ');
    number(out, value);
    out.push(b'\n');
}

/// A label's value may be any UTF-8. A NUL byte, which Prometheus' lexer takes for the end of the
/// text, is written as its symbol.
fn label_value(out: &mut Vec<u8>, text: &str) {
    escape(out, text, |byte| match byte {
        b'\\' => Some(b"\\\\"),
        b'\n' => Some(b"\\n"),
        b'"' => Some(b"\\\""),
        0 => Some("\u{2400}".as_bytes()),
        _ => None,
    });
}

/// Copies `text`, with some of its bytes replaced; all of these are ASCII.
fn escape(out: &mut Vec<u8>, text: &str, replace: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if let Some(instead) = replace(*byte) {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(instead);
            copied = at + 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}
