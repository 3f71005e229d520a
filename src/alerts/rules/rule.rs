//! One alert rule: its fields, each read and tried out.

use std::sync::Arc;

use super::super::eval::limit;
use super::super::expr::{self, Expr};
use super::super::template::{LabelMap, Query, Template};
use super::error::RuleError;
use super::file::{Place, fields, span, text, unknown};
use super::yaml::Node;
use super::{Known, Rule};
use crate::catalog;
use crate::model::{Span, is_label};

const RULE: [&str; 6] = [
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
];

/// Reads a rule; errors go to `errors`. `shared` are the labels of its group, over which its own win.
pub(super) fn read(
    node: &Node,
    shared: &Templates,
    place: &Place<'_>,
    errors: &mut Vec<RuleError>,
) -> Option<Rule> {
    let all = fields(node, place, errors);
    let field = |wanted: &str| all.iter().find(|(key, _)| key == wanted).map(|(_, v)| *v);
    if let Some(record) = field("record") {
        let what = "recording rules are not evaluated here: the catalog has what they would make";
        errors.push(place.error(record.line, what));
        return None;
    }
    let Some(alert) = field("alert") else {
        errors.push(place.error(node.line, "a rule has no `alert`"));
        return None;
    };
    let name: Arc<str> = text(alert, place, "alert", errors)?.into();
    let place = Place {
        rule: Some(Arc::clone(&name)),
        ..place.clone()
    };
    if name.is_empty() {
        errors.push(place.error(alert.line, "`alert` is empty"));
    }
    for (key, value) in &all {
        if !RULE.contains(&key.as_str()) {
            errors.push(place.error(value.line, unknown(key, &RULE)));
        }
    }
    let mut duration = |key: &str| {
        field(key)
            .and_then(|node| span(node, &place, key, errors))
            .unwrap_or(Span::ZERO)
    };
    let (hold_for, keep_firing_for) = (duration("for"), duration("keep_firing_for"));
    let compiled = expression(field("expr"), node.line, &place, errors);
    let own = field("labels").map_or_else(Default::default, |node| labels(node, &place, errors));
    let (labels, written_labels) = over(shared, own);
    let (annotations, written_annotations) = field("annotations")
        .map_or_else(Default::default, |node| {
            templates(node, &place, Kind::Annotation, errors)
        });
    let (text, expr) = compiled?;
    Some(Rule {
        name,
        text,
        limit: limit(&expr),
        asks_alerts: expr::names(&expr).contains(expr::ALERTS),
        expr,
        hold_for,
        keep_firing_for,
        labels,
        annotations,
        written_labels,
        written_annotations,
    })
}

fn expression(
    node: Option<&Node>,
    line: usize,
    place: &Place<'_>,
    errors: &mut Vec<RuleError>,
) -> Option<(Arc<str>, Expr)> {
    let Some(node) = node else {
        errors.push(place.error(line, "the rule has no `expr`"));
        return None;
    };
    let text = text(node, place, "expr", errors)?.trim();
    match check(text, place.known) {
        Ok(expr) => Some((text.into(), expr)),
        Err(what) => {
            errors.push(place.error(node.line, format!("`expr`: {what}")));
            None
        }
    }
}

/// Reads an expression, all of whose series must be there, and can have the labels asked for.
pub(super) fn check(text: &str, known: Known) -> Result<Expr, String> {
    let expr = expr::compile(text)?;
    let selectors = expr::selectors(&expr).into_iter();
    for selector in selectors.filter(|s| known == Known::Catalog && *s.name != *expr::ALERTS) {
        let series = catalog::find(&selector.name);
        let series = series.ok_or_else(|| unknown_series(&selector.name))?;
        let labels = || series.level().labels().iter().chain(series.labels);
        // Without the label, it is as empty: what asks for more never finds anything.
        let never = |m: &&expr::Matcher| labels().all(|l| **l != *m.label) && !m.is.holds("");
        if let Some(matcher) = selector.matchers.iter().find(never) {
            return Err(unknown_label(
                series.name,
                &matcher.label,
                labels().copied(),
            ));
        }
    }
    Ok(expr)
}

fn unknown_label<'a>(
    series: &str,
    label: &str,
    there: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let near = there
        .clone()
        .map(|l| (strsim::osa_distance(l, label), l))
        .min();
    match near {
        Some((distance, near)) if distance <= 2 => format!(
            "`{series}` has no label `{label}`, so nothing is ever selected; did you mean `{near}`?"
        ),
        _ => {
            let there: Vec<_> = there.collect();
            format!(
                "`{series}` has no label `{label}`, so nothing is ever selected; it has: {}",
                there.join(", ")
            )
        }
    }
}

fn unknown_series(name: &str) -> String {
    let near = catalog::all()
        .map(|series| (strsim::osa_distance(series.name, name), series.name))
        .min();
    match near {
        Some((distance, near)) if distance <= name.len() / 2 => {
            format!("there is no series `{name}`; did you mean `{near}`?")
        }
        _ => format!("there is no series `{name}`; docs/metrics.md lists all"),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Label,
    Annotation,
}

/// Templates by name, and what they were written as.
pub(super) type Templates = (Vec<(Arc<str>, Template)>, LabelMap);

/// Reads the labels of a rule or of a group.
pub(super) fn labels(node: &Node, place: &Place<'_>, errors: &mut Vec<RuleError>) -> Templates {
    templates(node, place, Kind::Label, errors)
}

/// A rule's own labels, and those of its group that it does not set.
fn over((shared, written_shared): &Templates, (mut labels, mut written): Templates) -> Templates {
    for (name, template) in shared {
        if let Some(text) = written_shared
            .get(name)
            .filter(|_| !written.contains_key(name))
        {
            labels.push((Arc::clone(name), template.clone()));
            written.insert(Arc::clone(name), Arc::clone(text));
        }
    }
    labels.sort_by(|(a, _), (b, _)| a.cmp(b));
    (labels, written)
}

fn templates(node: &Node, place: &Place<'_>, kind: Kind, errors: &mut Vec<RuleError>) -> Templates {
    let (mut templates, mut written) = (Vec::new(), LabelMap::new());
    for (key, value) in fields(node, place, errors) {
        let bad_name = !is_label(&key);
        let reserved = kind == Kind::Label && (key == "__name__" || key == "alertname");
        if bad_name || reserved {
            let what = if bad_name {
                "is no name of a label"
            } else {
                "is set by the rule itself"
            };
            errors.push(place.error(value.line, format!("`{key}` {what}")));
            continue;
        }
        let Some(text) = text(value, place, &key, errors) else {
            continue;
        };
        match Template::parse(text, &mut Checked(place.known)) {
            Ok(template) => {
                let key: Arc<str> = key.into();
                templates.push((Arc::clone(&key), template));
                written.insert(key, text.into());
            }
            Err(what) => errors.push(place.error(value.line, format!("`{key}`: {what}"))),
        }
    }
    // In the order of Prometheus: by name.
    templates.sort_by(|(a, _), (b, _)| a.cmp(b));
    (templates, written)
}

/// A template's queries are read, not evaluated.
struct Checked(Known);

impl Query for Checked {
    fn query(&mut self, expr: &str) -> Result<Vec<(LabelMap, f64)>, String> {
        check(expr, self.0).map(|_| Vec::new())
    }
}
