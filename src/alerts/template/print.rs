//! Numbers and `printf` as Go writes them.

use std::fmt::Write as _;

use super::value::Value;

/// A float as Go's `%v`: the shortest digits that mean it.
pub(crate) fn float(number: f64) -> String {
    special(number).unwrap_or_else(|| {
        let exponent = exponent(number);
        if number != 0.0 && !(-4..6).contains(&exponent) {
            scientific(&format!("{number:e}"))
        } else {
            format!("{number}")
        }
    })
}

fn special(number: f64) -> Option<String> {
    if number.is_nan() {
        Some("NaN".to_owned())
    } else if number.is_infinite() {
        Some(if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

fn exponent(number: f64) -> i32 {
    let text = format!("{number:e}");
    text.split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0)
}

/// A time as Go prints it: `2026-11-20 18:00:00.25 +0000 UTC`.
pub(super) fn time(millis: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(millis).map(|t| {
        let second = t.strftime("%Y-%m-%d %H:%M:%S");
        let part = format!(".{:03}", millis.rem_euclid(1000));
        format!("{second}{} +0000 UTC", without_zeros(&part))
    });
    text.unwrap_or_else(|_| millis.to_string())
}

/// `print`: as Go's `Sprint`, a space between two values neither of which is a text.
pub(super) fn print(values: &[Value]) -> String {
    let mut out = String::new();
    for (n, value) in values.iter().enumerate() {
        let texts = |v: &Value| matches!(v, Value::Text(_));
        if n > 0 && !texts(value) && !texts(&values[n - 1]) {
            out.push(' ');
        }
        out.push_str(&value.print());
    }
    out
}

/// `println`: a space between all, and a new line.
pub(super) fn println(values: &[Value]) -> String {
    let each: Vec<_> = values.iter().map(Value::print).collect();
    each.join(" ") + "\n"
}

/// Rust's `1.5e7` as Go's `1.5e+07`.
fn scientific(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// `%.Ng`: so many digits that count, no zeros at the end.
pub(super) fn digits(number: f64, precision: usize) -> String {
    if let Some(special) = special(number) {
        return special;
    }
    let precision = precision.max(1);
    let rounded = format!("{number:.*e}", precision - 1);
    let exponent: i32 = rounded
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let (mantissa, e) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        return scientific(&format!("{}e{e}", without_zeros(mantissa)));
    }
    let places = (precision as i32 - 1 - exponent).max(0) as usize;
    without_zeros(&format!("{number:.places$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// `printf`.
///
/// # Errors
///
/// A verb that is not understood, or does not fit its argument: Go would print its complaint in
/// the middle of the text.
pub(super) fn printf(format: &str, arguments: &[Value]) -> Result<String, String> {
    let mut arguments = arguments.iter();
    let (mut out, mut rest) = (String::new(), format);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = &rest[at + 1..];
        let length = spec
            .find(|c: char| c.is_ascii_alphabetic() || c == '%')
            .ok_or_else(|| format!("printf {format:?}: a `%` has no letter"))?;
        let (flags, verb) = (&spec[..length], spec.as_bytes()[length] as char);
        rest = &spec[length + 1..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        let argument = arguments
            .next()
            .ok_or_else(|| format!("printf {format:?} has more verbs than values"))?;
        out.push_str(&verb_text(flags, verb, argument)?);
    }
    if arguments.next().is_some() {
        return Err(format!("printf {format:?} has more values than verbs"));
    }
    out.push_str(rest);
    Ok(out)
}

fn verb_text(flags: &str, verb: char, argument: &Value) -> Result<String, String> {
    let wrong = || format!("printf: `%{flags}{verb}` does not fit {}", argument.kind());
    let (width, precision) = match flags.split_once('.') {
        Some((width, precision)) => (
            width,
            Some(if precision.is_empty() {
                0
            } else {
                precision.parse::<usize>().map_err(|_| wrong())?
            }),
        ),
        None => (flags, None),
    };
    if precision.is_some_and(|p| p > 100) {
        return Err(wrong());
    }
    let text = match (verb, argument) {
        ('v', any) => any.print(),
        ('s', Value::Text(text)) => {
            let most = precision.unwrap_or(usize::MAX);
            text.chars().take(most).collect()
        }
        ('q', Value::Text(text)) => quote(text),
        ('d', Value::Int(number)) => number.to_string(),
        ('f' | 'F', Value::Float(number)) => {
            let places = precision.unwrap_or(6);
            special(*number).unwrap_or_else(|| format!("{number:.places$}"))
        }
        ('g', Value::Float(number)) => {
            precision.map_or_else(|| float(*number), |precision| digits(*number, precision))
        }
        ('e', Value::Float(number)) => {
            let places = precision.unwrap_or(6);
            special(*number).unwrap_or_else(|| scientific(&format!("{number:.places$e}")))
        }
        ('t', Value::Bool(is)) => is.to_string(),
        _ => return Err(wrong()),
    };
    pad(text, width, verb).ok_or_else(wrong)
}

/// A text in quotes that PromQL reads back.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn pad(text: String, width: &str, verb: char) -> Option<String> {
    let plus = width.contains('+');
    let left = width.contains('-');
    let digits = width.trim_start_matches(['+', '-']);
    let zero = digits.starts_with('0') && !left;
    let width = if digits.is_empty() {
        0
    } else {
        digits.parse::<usize>().ok().filter(|w| *w <= 1000)?
    };
    let signed = plus && "dfFge".contains(verb) && !text.starts_with(['-', '+']);
    let text = if signed { format!("+{text}") } else { text };
    let missing = width.saturating_sub(text.chars().count());
    Some(if left {
        text + &" ".repeat(missing)
    } else if zero && "dfFge".contains(verb) {
        let sign = usize::from(text.starts_with(['-', '+']));
        format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
    } else {
        " ".repeat(missing) + &text
    })
}
