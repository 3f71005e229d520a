//! Matchers: which alerts a route or a silence is for, written as Alertmanager writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::policy::Pattern;

/// A condition on one label: `severity="page"`, `owner!="ops"`, `group=~"payments-.*"`,
/// `group!~"test-.*"`. A label that an alert does not have is empty. Written as that text.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    label: Arc<str>,
    is: Is,
}

#[derive(Clone, Debug, PartialEq)]
enum Is {
    Equal(Arc<str>),
    NotEqual(Arc<str>),
    Matching(Pattern),
    NotMatching(Pattern),
}

/// A text that is no matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no matcher: {why}")]
pub struct NotAMatcher {
    text: String,
    why: String,
}

impl Matcher {
    /// That a label has exactly this value.
    pub fn equal(label: &str, value: &str) -> Self {
        Self {
            label: label.into(),
            is: Is::Equal(value.into()),
        }
    }

    /// Whether an alert with these labels fulfils it.
    pub fn holds(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        let value = labels.get(&self.label).map_or("", |v| &**v);
        match &self.is {
            Is::Equal(wanted) => **wanted == *value,
            Is::NotEqual(unwanted) => **unwanted != *value,
            Is::Matching(pattern) => pattern.matches(value),
            Is::NotMatching(pattern) => !pattern.matches(value),
        }
    }

    /// The label that it looks at.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// As Alertmanager's API has it: the value, whether that is a regular expression, and whether
    /// the label must match rather than must not.
    pub fn parts(&self) -> (&str, bool, bool) {
        match &self.is {
            Is::Equal(value) => (value, false, true),
            Is::NotEqual(value) => (value, false, false),
            Is::Matching(pattern) => (pattern.as_str(), true, true),
            Is::NotMatching(pattern) => (pattern.as_str(), true, false),
        }
    }

    /// From what Alertmanager's API has: the other way round of [`Self::parts`].
    ///
    /// # Errors
    ///
    /// When the name or the regular expression is none.
    pub fn of_parts(
        label: &str,
        value: &str,
        is_regex: bool,
        is_equal: bool,
    ) -> Result<Self, NotAMatcher> {
        let operator = match (is_regex, is_equal) {
            (false, true) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (true, false) => "!~",
        };
        format!("{label}{operator}{}", Quoted(value)).parse()
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, value) = match &self.is {
            Is::Equal(value) => ("=", &**value),
            Is::NotEqual(value) => ("!=", &**value),
            Is::Matching(pattern) => ("=~", pattern.as_str()),
            Is::NotMatching(pattern) => ("!~", pattern.as_str()),
        };
        write!(f, "{}{operator}{}", self.label, Quoted(value))
    }
}

/// A value in quotes, as Prometheus writes it.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        f.write_str("\"")
    }
}

impl FromStr for Matcher {
    type Err = NotAMatcher;

    fn from_str(text: &str) -> Result<Self, NotAMatcher> {
        parse(text.trim()).map_err(|why| NotAMatcher {
            text: text.trim().to_owned(),
            why,
        })
    }
}

fn parse(text: &str) -> Result<Matcher, String> {
    let how = "write it like severity=\"page\", owner!=\"ops\" or group=~\"payments-.*\"";
    let at = text.find(['=', '!']).ok_or(how)?;
    let (label, rest) = (text[..at].trim_end(), &text[at..]);
    if !is_label(label) {
        return Err(format!("`{label}` is no label's name; {how}"));
    }
    let operators = ["=~", "!~", "!=", "="];
    let operator = operators.into_iter().find(|o| rest.starts_with(o));
    let operator = operator.ok_or(how)?;
    let value = value(rest[operator.len()..].trim_start())?;
    let pattern = |text: &str| {
        Pattern::new(text).map_err(|error| {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            let why = last.strip_prefix("error: ").unwrap_or(last);
            format!("`{text}` is no regular expression: {why}")
        })
    };
    let is = match operator {
        "=~" => Is::Matching(pattern(&value)?),
        "!~" => Is::NotMatching(pattern(&value)?),
        "!=" => Is::NotEqual(value.into()),
        _ => Is::Equal(value.into()),
    };
    Ok(Matcher {
        label: label.into(),
        is,
    })
}

/// Whether it may be the name of a label.
pub(crate) fn is_label(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A value, in quotes or, where nothing in it can be mistaken, without.
fn value(text: &str) -> Result<String, String> {
    let Some(inner) = text.strip_prefix('"') else {
        let odd = text.find(['"', '{', '}', ',', '=', '~', '!']);
        return match odd {
            Some(_) => Err("put the value in quotation marks".to_owned()),
            None => Ok(text.to_owned()),
        };
    };
    let (mut out, mut chars) = (String::new(), inner.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.as_str().is_empty() => return Ok(out),
            '"' => return Err("something follows the closing quotation mark".to_owned()),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(same @ ('"' | '\\')) => out.push(same),
                // A regular expression's own.
                Some(other) => out.extend(['\\', other]),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err("the closing quotation mark is missing".to_owned())
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Matcher {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matcher".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A condition on a label: severity=\"page\", group=~\"payments-.*\".",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
        let pairs = pairs.iter();
        pairs.map(|(n, v)| ((*n).into(), (*v).into())).collect()
    }

    #[test]
    fn a_matcher_is_read_and_written_as_alertmanager_does() {
        let of = labels(&[("severity", "page"), ("group", "pay\"1")]);
        for (text, written, holds) in [
            ("severity=page", "severity=\"page\"", true),
            (" severity = \"page\" ", "severity=\"page\"", true),
            ("severity!=\"page\"", "severity!=\"page\"", false),
            ("severity=~\"pa.*|x\"", "severity=~\"pa.*|x\"", true),
            ("severity=~\"pa\"", "severity=~\"pa\"", false),
            ("severity!~\"t.*\"", "severity!~\"t.*\"", true),
            ("owner=\"\"", "owner=\"\"", true),
            ("owner!=\"\"", "owner!=\"\"", false),
            ("group=\"pay\\\"1\"", "group=\"pay\\\"1\"", true),
            ("group=~\"pay\\W\\\\d\"", "group=~\"pay\\\\W\\\\d\"", true),
        ] {
            let matcher: Matcher = text.parse().unwrap();
            assert_eq!(matcher.to_string(), written);
            assert_eq!(matcher.to_string().parse::<Matcher>().unwrap(), matcher);
            assert_eq!(matcher.holds(&of), holds, "{text}");
        }
    }

    #[test]
    fn what_is_no_matcher_says_why() {
        for (text, why) in [
            ("severity", "write it like"),
            ("=page", "no label's name"),
            ("a b=page", "no label's name"),
            ("a=\"page", "closing quotation mark is missing"),
            ("a=\"page\"x", "follows"),
            ("a=p,q", "quotation marks"),
            ("a==page", "quotation marks"),
            ("a=~\"(\"", "unclosed"),
        ] {
            let error = text.parse::<Matcher>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
