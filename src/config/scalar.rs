//! The types that a setting can have, each with its words, its example and its JSON Schema.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::place::Place;
use super::settings::{Listen, LogFilter, Server};
use super::tree::Node;
use super::value::{Refusal, Scalar, quoted};
use crate::model::{Pattern, Severity, Span};

impl Scalar for Span {
    const WHAT: &'static str = "a duration";
    const MANY: &'static str = "durations";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse::<Self>()
            .map_err(|error| Refusal::Value(error.to_string()))
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Text(text) | Node::Untyped(text) => Self::from_text(text, place),
            Node::Integer(n) => Err(Refusal::Type(Some(format!("\"{n}s\"")))),
            _ => Err(Refusal::Type(None)),
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", exact(*self))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$" })
    }
}

/// A span in full: `Display` keeps only two units.
fn exact(span: Span) -> String {
    let mut rest = span.as_millis().max(0);
    let mut text = String::new();
    for (unit, millis) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ] {
        // A day is shown as 24h: that is how limits are thought of.
        if rest >= millis && !(unit == "d" && rest < 2 * millis) {
            let _ = write!(text, "{}{unit}", rest / millis);
            rest %= millis;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

impl Scalar for u64 {
    const WHAT: &'static str = "a whole number";
    const MANY: &'static str = "whole numbers";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.trim().replace('_', "").parse().map_err(|_| {
            Refusal::Value(format!("`{text}` is no whole number: write it like 10000"))
        })
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Integer(n) => Self::try_from(*n)
                .map_err(|_| Refusal::Value(format!("{n} is less than 0, the least there can be"))),
            Node::Untyped(text) => Self::from_text(text, place),
            Node::Text(text) => Err(Refusal::Type(
                Self::from_text(text, place).ok().map(|n| n.to_string()),
            )),
            _ => Err(Refusal::Type(None)),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl Scalar for f64 {
    const WHAT: &'static str = "a number";
    const MANY: &'static str = "numbers";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.trim()
            .parse()
            .ok()
            .filter(|n: &Self| n.is_finite())
            .ok_or_else(|| Refusal::Value(format!("`{text}` is no number: write it like 50")))
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Integer(n) => Ok(*n as Self),
            Node::Float(n) if n.is_finite() => Ok(*n),
            Node::Untyped(text) => Self::from_text(text, place),
            _ => Err(Refusal::Type(None)),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "type": "number" })
    }
}

impl Scalar for bool {
    const WHAT: &'static str = "true or false";
    const MANY: &'static str = "flags";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::Value(format!(
                "`{text}` is neither true nor false"
            ))),
        }
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Flag(flag) => Ok(*flag),
            Node::Untyped(text) => Self::from_text(text, place),
            Node::Text(text) => Err(Refusal::Type(
                Self::from_text(text, place).ok().map(|b| b.to_string()),
            )),
            _ => Err(Refusal::Type(None)),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl Scalar for Arc<str> {
    const WHAT: &'static str = "a text";
    const MANY: &'static str = "texts";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        quoted(self)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

impl Scalar for PathBuf {
    const WHAT: &'static str = "a path";
    const MANY: &'static str = "paths";

    fn from_text(text: &str, place: &Place) -> Result<Self, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::Value("the path is empty".to_owned()));
        }
        let path = Self::from(text);
        Ok(match place.directory() {
            Some(directory) if path.is_relative() => directory.join(path),
            _ => path,
        })
    }

    fn show(&self) -> String {
        quoted(&self.display().to_string())
    }

    fn schema() -> Json {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl Scalar for Pattern {
    const WHAT: &'static str = "a regular expression";
    const MANY: &'static str = "regular expressions";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        Self::new(text).map_err(|error| Refusal::Value(regex_error(text, &error)))
    }

    fn show(&self) -> String {
        quoted(self.as_str())
    }

    fn schema() -> Json {
        json!({ "type": "string", "format": "regex" })
    }
}

/// The regex library's last line says what is wrong; the lines before it draw the pattern.
fn regex_error(text: &str, error: &regex::Error) -> String {
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default();
    let why = last.strip_prefix("error: ").unwrap_or(last);
    format!("`{text}` is no regular expression: {why}")
}

impl Scalar for Severity {
    const WHAT: &'static str = "one of \"info\", \"ticket\", \"page\"";
    const MANY: &'static str = "severities";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        match text {
            "info" => Ok(Self::Info),
            "ticket" => Ok(Self::Ticket),
            "page" => Ok(Self::Page),
            other => Err(Refusal::Value(format!(
                "`{other}` is no severity: there are info, ticket and page"
            ))),
        }
    }

    fn show(&self) -> String {
        let word = match self {
            Self::Info => "info",
            Self::Ticket => "ticket",
            Self::Page => "page",
        };
        format!("\"{word}\"")
    }

    fn schema() -> Json {
        json!({ "enum": ["info", "ticket", "page"] })
    }
}

impl Scalar for Server {
    const WHAT: &'static str = "a broker's HOST:PORT";
    const MANY: &'static str = "HOST:PORT";
    const SPLITS: bool = true;

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse().map_err(Refusal::Value)
    }

    fn show(&self) -> String {
        quoted(self.as_str())
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r":[0-9]+$" })
    }
}

impl Scalar for Listen {
    const WHAT: &'static str = "an address to listen on";
    const MANY: &'static str = "addresses";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse().map_err(Refusal::Value)
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Text(text) | Node::Untyped(text) => Self::from_text(text, place),
            Node::Integer(port) => {
                Err(Refusal::Type(u16::try_from(*port).ok().map(|port| {
                    quoted(&SocketAddr::from(([127, 0, 0, 1], port)).to_string())
                })))
            }
            _ => Err(Refusal::Type(None)),
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

impl Scalar for LogFilter {
    const WHAT: &'static str = "a log level";
    const MANY: &'static str = "log levels";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse().map_err(Refusal::Value)
    }

    fn show(&self) -> String {
        quoted(self.as_str())
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}
