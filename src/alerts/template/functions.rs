//! The functions that a template may call.

use std::sync::Arc;

use super::super::duration;
use super::print::{digits, print, printf, println};
use super::texts;
use super::value::Value;

/// All of them.
const ALL: [&str; 38] = [
    "and",
    "eq",
    "first",
    "ge",
    "gt",
    "html",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "index",
    "label",
    "le",
    "len",
    "lt",
    "match",
    "ne",
    "not",
    "or",
    "parseDuration",
    "print",
    "printf",
    "println",
    "query",
    "reReplaceAll",
    "safeHtml",
    "slice",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "title",
    "toLower",
    "toTime",
    "toUpper",
    "urlquery",
    "value",
];

/// Prometheus' others, and why they are not here.
const REFUSED: [(&[&str], &str); 4] = [
    (
        &["externalURL", "pathPrefix"],
        "rules are judged without knowing Laggard's own address; each message has the group's page in it, as `page`",
    ),
    (
        &["graphLink", "tableLink"],
        "it leads to a page of Prometheus' that is not here; each message has the group's page in it, as `page`",
    ),
    (
        &["args", "tmpl"],
        "it is for templates that are defined beside others, and each text is a template of its own",
    ),
    (
        &["now", "toDuration", "call", "js", "urlQueryEscape"],
        "Prometheus 2 has it not, or not for rules",
    ),
];

/// Whether there is such a function.
pub(super) fn is_known(name: &str) -> bool {
    ALL.contains(&name)
}

/// The error for one that there is not.
pub(super) fn unknown(name: &str) -> String {
    let refused = REFUSED.iter().find(|(names, _)| names.contains(&name));
    if let Some((_, why)) = refused {
        return format!("`{name}` is not evaluated here: {why}");
    }
    let near = ALL.iter().map(|f| (strsim::osa_distance(f, name), f)).min();
    match near {
        Some((distance, near)) if distance <= 2 => {
            format!("there is no function `{name}`; did you mean `{near}`?")
        }
        _ => format!(
            "there is no function `{name}`; there are: {}",
            ALL.join(", ")
        ),
    }
}

/// Why a function gives nothing.
pub(super) enum Failure {
    /// It can never be right: the function, or what it is given.
    Form(String),
    /// What labels and samples happen to hold does not fit. With what it could have given.
    Data(String, Value),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Form(why)
    }
}

/// Calls a function (all but `query`, `and` and `or`, which need more than values).
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    match (name, arguments) {
        ("humanize", [x]) => Ok(Value::text(humanize(number(x)?, 1000.0))),
        ("humanize1024", [x]) => Ok(Value::text(humanize1024(number(x)?))),
        ("humanizeDuration", [x]) => Ok(Value::text(humanize_duration(number(x)?))),
        ("humanizePercentage", [x]) => {
            Ok(Value::text(format!("{}%", digits(number(x)? * 100.0, 4))))
        }
        ("humanizeTimestamp", [x]) => {
            let number = number(x)?;
            if number.is_finite() {
                return Ok(Value::text(time(number)?.print()));
            }
            Ok(Value::text(digits(number, 4)))
        }
        ("toTime", [x]) => match number(x) {
            Ok(number) => time(number),
            Err(failure) => Err(failure.giving(Value::Time(0))),
        },
        ("parseDuration", [Value::Text(text)]) => match duration::parse(text) {
            Ok(span) => Ok(Value::Float(span.as_secs_f64())),
            Err(why) => Err(Failure::Data(why, Value::Float(1.5))),
        },
        ("slice", [Value::Text(text), ends @ ..]) => match texts::slice(text, ends) {
            Ok(part) => Ok(Value::text(part)),
            Err(why) => Err(Failure::Data(why, Value::text(""))),
        },
        ("index", [of, at]) => index(of, at),
        ("first", [Value::Samples(samples)]) => samples
            .first()
            .map(|(labels, value)| Value::Sample(Arc::new(labels.clone()), *value))
            .ok_or_else(|| {
                "first() called on vector with no elements"
                    .to_owned()
                    .into()
            }),
        ("sortByLabel", [Value::Text(name), Value::Samples(samples)]) => {
            let mut sorted = samples.to_vec();
            sorted.sort_by(|(a, _), (b, _)| a.get(name).cmp(&b.get(name)));
            Ok(Value::Samples(sorted.into()))
        }
        _ => simple(name, arguments).map_err(Failure::Form),
    }
}

impl Failure {
    /// The same, with another value that could have been.
    fn giving(self, instead: Value) -> Self {
        match self {
            Self::Data(why, _) => Self::Data(why, instead),
            form @ Self::Form(_) => form,
        }
    }
}

/// As a number; what is written in a label may be none.
fn number(value: &Value) -> Result<f64, Failure> {
    value.number().map_err(|why| match value {
        Value::Text(_) => Failure::Data(why, Value::text("")),
        _ => Failure::Form(why),
    })
}

/// Those whose only failure is to be called wrongly.
fn simple(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("printf", [Value::Text(format), rest @ ..]) => printf(format, rest).map(Value::text),
        ("print", rest) => Ok(Value::text(print(rest))),
        ("println", rest) => Ok(Value::text(println(rest))),
        ("stripPort", [Value::Text(text)]) => Ok(Value::text(texts::strip_port(text))),
        ("stripDomain", [Value::Text(text)]) => Ok(Value::text(texts::strip_domain(text))),
        ("safeHtml", [Value::Text(text)]) => Ok(Value::Text(Arc::clone(text))),
        ("html", rest) => Ok(Value::text(texts::html(&print(rest)))),
        ("urlquery", rest) => Ok(Value::text(texts::url_query(&print(rest)))),
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
        ("eq" | "ne" | "lt" | "le" | "gt" | "ge", [a, b]) => compare(name, a, b).map(Value::Bool),
        // Whether the first is any of the others.
        ("eq", [a, others @ ..]) if others.len() > 1 => {
            let mut is = false;
            for other in others {
                is |= compare(name, a, other)?;
            }
            Ok(Value::Bool(is))
        }
        ("value", [Value::Sample(_, value)]) => Ok(Value::Float(*value)),
        ("strvalue", [Value::Sample(labels, _)]) => Ok(Value::Text(
            labels.get("__value__").cloned().unwrap_or_default(),
        )),
        ("label", [Value::Text(name), Value::Sample(labels, _)]) => {
            Ok(Value::Text(labels.get(name).cloned().unwrap_or_default()))
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

/// Seconds since 1970 as an instant: Prometheus' times have milliseconds.
fn time(seconds: f64) -> Result<Value, Failure> {
    let nanos = seconds * 1e9;
    // The range of Prometheus' own: nanoseconds in 64 bits.
    if !nanos.is_finite() || nanos.abs() >= 9.223_372_036_854_776e18 {
        let why = format!("{} is no time", digits(seconds, 17));
        return Err(Failure::Data(why, Value::Time(0)));
    }
    Ok(Value::Time(nanos as i64 / 1_000_000))
}

fn index(of: &Value, at: &Value) -> Result<Value, Failure> {
    match (of, at) {
        (Value::Samples(samples), Value::Int(at)) => {
            let found = usize::try_from(*at).ok().and_then(|at| samples.get(at));
            let found =
                found.map(|(labels, value)| Value::Sample(Arc::new(labels.clone()), *value));
            found.ok_or_else(|| {
                let why = format!("`index`: there is no sample {at}");
                Failure::Data(why, Value::Sample(Arc::default(), 1.5))
            })
        }
        (Value::Labels(labels), Value::Text(name)) => {
            Ok(Value::Text(labels.get(name).cloned().unwrap_or_default()))
        }
        (of, at) => Err(format!("`index` does not take {}, {}", of.kind(), at.kind()).into()),
    }
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
fn compare(name: &str, a: &Value, b: &Value) -> Result<bool, String> {
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
    Ok(match name {
        "eq" => order.is_some_and(std::cmp::Ordering::is_eq),
        "ne" => !order.is_some_and(std::cmp::Ordering::is_eq),
        "lt" => order.is_some_and(std::cmp::Ordering::is_lt),
        "le" => order.is_some_and(std::cmp::Ordering::is_le),
        "gt" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    })
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
