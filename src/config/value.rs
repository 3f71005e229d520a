//! What a setting's value can be: how it is read from a file or from the environment, how it is
//! shown, and how JSON Schema says it.
//!
//! The type of a field decides all of that; the table in `schema` only names the fields.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::place::Place;
use super::problem::Problem;
use super::tree::{Entry, Node};

/// A setting's value.
pub(crate) trait Value {
    /// Takes what was written. On problems the old value stays.
    fn read(&mut self, setting: Named<'_>, entry: &Entry, problems: &mut Vec<Problem>);
    /// As TOML, nothing if it is not set.
    fn show(&self) -> Option<String>;
    /// As JSON Schema.
    fn schema(&self) -> Json;
    /// What it is, in words, for the documentation: `duration`, `list of regular expressions`.
    fn kind(&self) -> String;
}

/// How a setting is called and written, for what is said of it.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    /// Its key.
    pub(crate) key: &'a str,
    /// A telling value, as TOML.
    pub(crate) example: &'a str,
}

/// A value that is written as one word or number.
pub(crate) trait Scalar: Sized {
    /// With its article: `a duration`.
    const WHAT: &'static str;
    /// In the plural: `durations`.
    const MANY: &'static str;
    /// Whether one TOML text may hold several, separated by commas.
    const SPLITS: bool = false;

    /// From a text: a TOML string, or a variable of the environment.
    fn from_text(text: &str, place: &Place) -> Result<Self, Refusal>;
    /// From any node; numbers and flags have their own.
    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        match node {
            Node::Text(text) | Node::Untyped(text) => Self::from_text(text, place),
            _ => Err(Refusal::Type(None)),
        }
    }
    /// As TOML.
    fn show(&self) -> String;
    /// As JSON Schema.
    fn schema() -> Json;
}

/// Why a value was not taken.
pub(crate) enum Refusal {
    /// It is of another type; perhaps with how to write it.
    Type(Option<String>),
    /// It is of the right type and wrong; why.
    Value(String),
}

/// TOML's own quoting.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains('\\') && !text.contains('\'') && !text.contains(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Nobody knows what a table holds where none belongs: only its key is shown.
fn shown(entry: &Entry) -> Place {
    match entry.node {
        Node::Table(_) => entry.key.clone().keys_only(),
        _ => entry.place.clone(),
    }
}

fn refused<T: Scalar>(setting: Named<'_>, entry: &Entry, refusal: Refusal) -> Problem {
    let name = setting.key;
    match refusal {
        Refusal::Type(advice) => {
            let example = advice.as_deref().unwrap_or(setting.example);
            Problem::error(
                shown(entry),
                format!(
                    "`{name}` must be {}, but this is {}",
                    T::WHAT,
                    entry.node.describe()
                ),
            )
            .hint(format!("write it like this: {name} = {example}"))
        }
        Refusal::Value(why) => Problem::error(entry.place.clone(), format!("`{name}`: {why}")),
    }
}

impl<T: Scalar> Value for T {
    fn read(&mut self, setting: Named<'_>, entry: &Entry, problems: &mut Vec<Problem>) {
        match T::from_node(&entry.node, &entry.place) {
            Ok(value) => *self = value,
            Err(refusal) => problems.push(refused::<T>(setting, entry, refusal)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(Scalar::show(self))
    }

    fn schema(&self) -> Json {
        T::schema()
    }

    fn kind(&self) -> String {
        T::WHAT.to_owned()
    }
}

impl<T: Scalar> Value for Option<T> {
    fn read(&mut self, setting: Named<'_>, entry: &Entry, problems: &mut Vec<Problem>) {
        match T::from_node(&entry.node, &entry.place) {
            Ok(value) => *self = Some(value),
            Err(refusal) => problems.push(refused::<T>(setting, entry, refusal)),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().map(Scalar::show)
    }

    fn schema(&self) -> Json {
        T::schema()
    }

    fn kind(&self) -> String {
        T::WHAT.to_owned()
    }
}

impl<T: Scalar> Value for Vec<T> {
    fn read(&mut self, setting: Named<'_>, entry: &Entry, problems: &mut Vec<Problem>) {
        let before = problems.len();
        let mut values = Vec::new();
        let mut take = |entry: &Entry| match T::from_node(&entry.node, &entry.place) {
            Ok(value) => values.push(value),
            Err(refusal) => problems.push(refused::<T>(setting, entry, refusal)),
        };
        match &entry.node {
            Node::List(list) => list.iter().for_each(&mut take),
            Node::Untyped(text) => items(text, entry).iter().for_each(&mut take),
            Node::Text(text) if T::SPLITS => items(text, entry).iter().for_each(&mut take),
            Node::Text(_) => take(entry),
            node => problems.push(
                Problem::error(
                    shown(entry),
                    format!(
                        "`{}` must be a list of {}, but this is {}",
                        setting.key,
                        T::MANY,
                        node.describe()
                    ),
                )
                .hint(format!(
                    "write it like this: {} = {}",
                    setting.key, setting.example
                )),
            ),
        }
        if problems.len() == before {
            *self = values;
        }
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().map(Scalar::show).collect();
        (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
    }

    fn schema(&self) -> Json {
        let one = T::schema();
        json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }

    fn kind(&self) -> String {
        format!("a list of {}", T::MANY)
    }
}

/// The items of a list in one text: separated by commas; `\,` is a comma in an item.
fn items(text: &str, entry: &Entry) -> Vec<Entry> {
    let mut items = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, items.last_mut()) {
            ('\\', Some(item)) if chars.peek() == Some(&',') => item.extend(chars.next()),
            (',', _) => items.push(String::new()),
            (c, Some(item)) => item.push(c),
            (_, None) => {}
        }
    }
    items
        .iter()
        .map(|item| item.trim())
        .filter(|item| !item.is_empty())
        .map(|item| Entry {
            node: Node::Untyped(item.to_owned()),
            ..entry.clone()
        })
        .collect()
}
