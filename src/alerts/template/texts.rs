//! What templates make of texts: hosts, escapes, pieces.

use std::net::IpAddr;

use super::value::Value;

/// A host without its port, as Go's `SplitHostPort` parts them; what is not of that form stays.
pub(super) fn strip_port(text: &str) -> &str {
    split(text).map_or(text, |(host, _)| host)
}

/// A host without its domain; an address stays as it is.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let host = host.split('.').next().unwrap_or_default();
    if port.is_empty() {
        return host.to_owned();
    }
    format!("{host}:{port}")
}

/// `host:port`, `[host]:port`.
fn split(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let plain = |part: &str| !part.contains(['[', ']']);
    (plain(host) && plain(port)).then_some((host, port))
}

/// For HTML, as Go's `html` escapes.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// For the query of an address, as Go's `QueryEscape` does it.
pub(super) fn url_query(text: &str) -> String {
    let escaped = |b: u8| match b {
        b' ' => "+".to_owned(),
        b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// The bytes of a text from one place up to another.
///
/// # Errors
///
/// When they are not in it, or cut a character in two.
pub(super) fn slice<'a>(text: &'a str, ends: &[Value]) -> Result<&'a str, String> {
    let place = |value: &Value| match value {
        Value::Int(at) => usize::try_from(*at).ok(),
        _ => None,
    };
    let part = match ends {
        [] => Some(text),
        [from] => place(from).and_then(|from| text.get(from..)),
        [from, to] => place(from)
            .zip(place(to))
            .and_then(|(from, to)| text.get(from..to)),
        _ => None,
    };
    part.ok_or_else(|| {
        format!(
            "`slice`: there is no such part of a text of {} bytes",
            text.len()
        )
    })
}
