//! One rule file: its groups, with Prometheus' own checks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::duration;
use super::error::RuleError;
use super::rule;
use super::yaml::{self, Data, Node};
use super::{DEFAULT_INTERVAL, Known, RuleGroup};
use crate::model::{RuleFile, Span};

/// Where something stands, for errors.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) group: Option<Arc<str>>,
    pub(super) rule: Option<Arc<str>>,
    pub(super) known: Known,
}

impl Place<'_> {
    pub(super) fn error(&self, line: usize, what: impl Into<String>) -> RuleError {
        RuleError {
            file: Arc::clone(self.file),
            line,
            group: self.group.clone(),
            rule: self.rule.clone(),
            what: what.into(),
        }
    }
}

/// Reads a file's groups; errors go to `errors`.
pub(super) fn read(file: &RuleFile, known: Known, errors: &mut Vec<RuleError>) -> Vec<RuleGroup> {
    let place = Place {
        file: &file.name,
        group: None,
        rule: None,
        known,
    };
    let root = match yaml::read(&file.text) {
        Ok(root) => root,
        Err((line, what)) => {
            errors.push(place.error(line, what));
            return Vec::new();
        }
    };
    let (mut groups, mut names) = (Vec::new(), BTreeSet::new());
    let all = root.as_ref().map(|root| fields(root, &place, errors));
    for (key, value) in all.unwrap_or_default() {
        if key != "groups" {
            errors.push(place.error(value.line, unknown(&key, &["groups"])));
            continue;
        }
        for node in items(value, &place, "groups", errors) {
            let Some(group) = group(node, &place, errors) else {
                continue;
            };
            if !names.insert(Arc::clone(&group.name)) {
                let what = format!("the group `{}` stands twice in the file", group.name);
                errors.push(place.error(node.line, what));
            }
            groups.push(group);
        }
    }
    groups
}

const GROUP: [&str; 5] = ["name", "interval", "limit", "labels", "rules"];

fn group(node: &Node, place: &Place<'_>, errors: &mut Vec<RuleError>) -> Option<RuleGroup> {
    let all = fields(node, place, errors);
    let Some((_, value)) = all.iter().find(|(key, _)| key == "name") else {
        errors.push(place.error(node.line, "a group has no `name`"));
        return None;
    };
    let name: Arc<str> = text(value, place, "name", errors)?.into();
    if name.is_empty() {
        errors.push(place.error(node.line, "a group's `name` is empty"));
    }
    let place = Place {
        group: Some(Arc::clone(&name)),
        ..place.clone()
    };
    let mut group = RuleGroup {
        file: Arc::clone(place.file),
        name,
        interval: DEFAULT_INTERVAL,
        limit: 0,
        rules: Vec::new(),
    };
    let labels = all.iter().find(|(key, _)| key == "labels");
    let labels = labels.map(|(_, node)| rule::labels(node, &place, errors));
    let labels = labels.unwrap_or_default();
    for (key, value) in all {
        match key.as_str() {
            "name" | "labels" => {}
            "interval" => {
                if let Some(interval) = span(value, &place, "interval", errors) {
                    group.interval = if interval == Span::ZERO {
                        DEFAULT_INTERVAL
                    } else {
                        interval
                    };
                }
            }
            "limit" => {
                let limit = text(value, &place, "limit", errors).map(str::parse);
                match limit {
                    Some(Ok(limit)) => group.limit = limit,
                    Some(Err(_)) => {
                        errors.push(place.error(value.line, "`limit` must be a whole number"));
                    }
                    None => {}
                }
            }
            "rules" => {
                for node in items(value, &place, "rules", errors) {
                    group
                        .rules
                        .extend(rule::read(node, &labels, &place, errors));
                }
            }
            other => errors.push(place.error(value.line, unknown(other, &GROUP))),
        }
    }
    Some(group)
}

/// A mapping's fields. Anything else is an error.
pub(super) fn fields<'a>(
    node: &'a Node,
    place: &Place<'_>,
    errors: &mut Vec<RuleError>,
) -> Vec<(String, &'a Node)> {
    match &node.data {
        Data::Null => Vec::new(),
        Data::Map(pairs) => pairs
            .iter()
            .filter_map(|(key, value)| {
                if let Data::Text(key) = &key.data {
                    return Some((key.clone(), value));
                }
                errors.push(place.error(key.line, "a key must be a text"));
                None
            })
            .collect(),
        _ => {
            errors.push(place.error(node.line, "here must stand fields, `name: value`"));
            Vec::new()
        }
    }
}

fn items<'a>(
    node: &'a Node,
    place: &Place<'_>,
    key: &str,
    errors: &mut Vec<RuleError>,
) -> &'a [Node] {
    match &node.data {
        Data::List(items) => items,
        Data::Null => &[],
        _ => {
            errors.push(place.error(node.line, format!("`{key}` must be a list")));
            &[]
        }
    }
}

/// A scalar, as it was written.
pub(super) fn text<'a>(
    node: &'a Node,
    place: &Place<'_>,
    key: &str,
    errors: &mut Vec<RuleError>,
) -> Option<&'a str> {
    match &node.data {
        Data::Text(text) => Some(text),
        Data::Null => Some(""),
        _ => {
            errors.push(place.error(node.line, format!("`{key}` must be a single value")));
            None
        }
    }
}

/// A duration.
pub(super) fn span(
    node: &Node,
    place: &Place<'_>,
    key: &str,
    errors: &mut Vec<RuleError>,
) -> Option<Span> {
    let text = text(node, place, key, errors)?;
    duration::parse(text)
        .map_err(|what| errors.push(place.error(node.line, format!("`{key}`: {what}"))))
        .ok()
}

/// For a key that there is not, with the nearest that there is.
pub(super) fn unknown(key: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|k| (strsim::osa_distance(k, key), k))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    match near {
        Some((_, near)) => format!("there is no `{key}` here; did you mean `{near}`?"),
        None => format!("there is no `{key}` here; there are: {}", known.join(", ")),
    }
}
