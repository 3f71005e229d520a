//! The functions that a template may call.

use std::sync::Arc;

use super::print::{digits, printf};
use super::value::Value;

/// All of them.
const ALL: &str = "and, eq, first, ge, gt, humanize, humanize1024, humanizeDuration, \
                   humanizePercentage, label, le, len, lt, match, ne, not, or, print, printf, \
                   query, reReplaceAll, sortByLabel, strvalue, title, toLower, toUpper, value";

/// Whether there is such a function.
pub(super) fn is_known(name: &str) -> bool {
    ALL.split(", ").any(|known| known.trim() == name)
}

/// The error for one that there is not.
pub(super) fn unknown(name: &str) -> String {
    let list = ALL.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("the function `{name}` is not evaluated here; there are: {list}")
}

/// Calls a function (all but `query`, `and` and `or`, which need more than values).
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("humanize", [x]) => Ok(Value::text(humanize(x.number()?, 1000.0))),
        ("humanize1024", [x]) => Ok(Value::text(humanize1024(x.number()?))),
        ("humanizeDuration", [x]) => Ok(Value::text(humanize_duration(x.number()?))),
        ("humanizePercentage", [x]) => {
            Ok(Value::text(format!("{}%", digits(x.number()? * 100.0, 4))))
        }
        ("printf", [Value::Text(format), rest @ ..]) => printf(format, rest).map(Value::text),
        ("print", rest) => Ok(Value::text(
            rest.iter().map(Value::print).collect::<String>(),
        )),
        ("toUpper", [Value::Text(text)]) => Ok(Value::text(text.to_uppercase())),
        ("toLower", [Value::Text(text)]) => Ok(Value::text(text.to_lowercase())),
        ("title", [Value::Text(text)]) => Ok(Value::text(title(text))),
        ("match", [Value::Text(pattern), Value::Text(text)]) => {
            Ok(Value::Bool(regex(pattern)?.is_match(text)))
        }
        ("reReplaceAll", [Value::Text(pattern), Value::Text(with), Value::Text(text)]) => {
            let replaced = regex(pattern)?.replace_all(text, &**with).into_owned();
            Ok(Value::text(replaced))
        }
        ("not", [x]) => Ok(Value::Bool(!x.is_true())),
        ("len", [x]) => length(x),
        ("eq" | "ne" | "lt" | "le" | "gt" | "ge", [a, b]) => compare(name, a, b),
        ("first", [Value::Samples(samples)]) => samples
            .first()
            .map(|(labels, value)| Value::Sample(Arc::new(labels.clone()), *value))
            .ok_or_else(|| "first() called on vector with no elements".to_owned()),
        ("value", [Value::Sample(_, value)]) => Ok(Value::Float(*value)),
        ("strvalue", [Value::Sample(labels, _)]) => Ok(Value::Text(
            labels.get("__value__").cloned().unwrap_or_default(),
        )),
        ("label", [Value::Text(name), Value::Sample(labels, _)]) => {
            Ok(Value::Text(labels.get(name).cloned().unwrap_or_default()))
        }
        ("sortByLabel", [Value::Text(name), Value::Samples(samples)]) => {
            let mut sorted = samples.to_vec();
            sorted.sort_by(|(a, _), (b, _)| a.get(name).cmp(&b.get(name)));
            Ok(Value::Samples(sorted.into()))
        }
        _ if !is_known(name) => Err(unknown(name)),
        _ => {
            let given: Vec<_> = arguments.iter().map(Value::kind).collect();
            Err(format!(
                "`{name}` does not take {}",
                match given.as_slice() {
                    [] => "nothing".to_owned(),
                    given => given.join(", "),
                }
            ))
        }
    }
}

fn regex(pattern: &str) -> Result<regex::Regex, String> {
    regex::Regex::new(pattern).map_err(|_| format!("{pattern:?} is no regular expression"))
}

fn title(text: &str) -> String {
    let mut start = true;
    text.chars()
        .flat_map(|c| {
            let upper = std::mem::replace(&mut start, !c.is_alphanumeric() && c != '\'')
                && c.is_alphabetic();
            if upper {
                c.to_uppercase().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::Labels(labels) => labels.len(),
        Value::Samples(samples) => samples.len(),
        other => return Err(format!("`len` does not take {}", other.kind())),
    };
    Ok(Value::Int(length as i64))
}

/// Go compares only what is of one kind.
fn compare(name: &str, a: &Value, b: &Value) -> Result<Value, String> {
    let order = match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Bool(a), Value::Bool(b)) if matches!(name, "eq" | "ne") => Some(a.cmp(b)),
        _ => {
            let (a, b) = (a.kind(), b.kind());
            return Err(format!(
                "`{name}` cannot compare {a} with {b} (a number is written with a point: 5.0)"
            ));
        }
    };
    Ok(Value::Bool(match name {
        "eq" => order.is_some_and(std::cmp::Ordering::is_eq),
        "ne" => !order.is_some_and(std::cmp::Ordering::is_eq),
        "lt" => order.is_some_and(std::cmp::Ordering::is_lt),
        "le" => order.is_some_and(std::cmp::Ordering::is_le),
        "gt" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }))
}

fn humanize(number: f64, step: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return digits(number, 4);
    }
    if number.abs() >= 1.0 {
        return up(number, step, &["k", "M", "G", "T", "P", "E", "Z", "Y"]);
    }
    let (number, prefix) = down(number);
    format!("{}{prefix}", digits(number, 4))
}

fn up(mut number: f64, step: f64, prefixes: &[&str]) -> String {
    let mut prefix = "";
    for p in prefixes {
        if number.abs() < step {
            break;
        }
        (prefix, number) = (p, number / step);
    }
    format!("{}{prefix}", digits(number, 4))
}

fn down(mut number: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for p in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if number.abs() >= 1.0 {
            break;
        }
        (prefix, number) = (p, number * 1000.0);
    }
    (number, prefix)
}

fn humanize1024(number: f64) -> String {
    if number.abs() <= 1.0 || !number.is_finite() {
        return digits(number, 4);
    }
    up(
        number,
        1024.0,
        &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"],
    )
}

fn humanize_duration(number: f64) -> String {
    if !number.is_finite() {
        return digits(number, 4);
    }
    if number == 0.0 {
        return format!("{}s", digits(number, 4));
    }
    if number.abs() < 1.0 {
        let (number, prefix) = down(number);
        return format!("{}{prefix}s", digits(number, 4));
    }
    let (sign, number) = (if number < 0.0 { "-" } else { "" }, number.abs());
    let whole = number as i64;
    let (d, h, m, s) = (
        whole / 86_400,
        whole / 3600 % 24,
        whole / 60 % 60,
        whole % 60,
    );
    if d != 0 {
        format!("{sign}{d}d {h}h {m}m {s}s")
    } else if h != 0 {
        format!("{sign}{h}h {m}m {s}s")
    } else if m != 0 {
        format!("{sign}{m}m {s}s")
    } else {
        format!("{sign}{}s", digits(number, 4))
    }
}
