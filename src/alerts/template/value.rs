//! What a template computes with.

use std::sync::Arc;

use super::{LabelMap, print};

/// A value of Go's kinds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Arc<str>),
    Float(f64),
    Int(i64),
    Bool(bool),
    Labels(Arc<LabelMap>),
    Sample(Arc<LabelMap>, f64),
    Samples(Arc<[(LabelMap, f64)]>),
    /// An instant, in milliseconds since 1970.
    Time(i64),
    /// The alert at hand: `.Labels`, `.Value`.
    Alert,
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// What it is, for errors.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Float(_) => "a number",
            Self::Int(_) => "a whole number",
            Self::Bool(_) => "true or false",
            Self::Labels(_) => "labels",
            Self::Sample(..) => "a sample",
            Self::Samples(_) => "samples",
            Self::Time(_) => "a time",
            Self::Alert => "the alert",
        }
    }

    /// Go's truth: not empty, not 0.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Float(number) => *number != 0.0,
            Self::Int(number) => *number != 0,
            Self::Bool(is) => *is,
            Self::Labels(labels) => !labels.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            Self::Sample(..) | Self::Time(_) | Self::Alert => true,
        }
    }

    /// As Go prints it.
    pub(super) fn print(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Float(number) => print::float(*number),
            Self::Int(number) => number.to_string(),
            Self::Bool(is) => is.to_string(),
            Self::Labels(labels) => print_labels(labels),
            Self::Sample(labels, value) => {
                format!("{{{} {}}}", print_labels(labels), print::float(*value))
            }
            Self::Samples(samples) => format!("{} samples", samples.len()),
            Self::Time(millis) => print::time(*millis),
            Self::Alert => String::new(),
        }
    }

    /// What `range` goes over: keys and values, in order.
    pub(super) fn turns(&self) -> Result<Vec<(Self, Self)>, String> {
        match self {
            Self::Samples(samples) => {
                let each = samples.iter().enumerate();
                let each = each.map(|(n, (labels, value))| {
                    let sample = Self::Sample(Arc::new(labels.clone()), *value);
                    (Self::Int(n as i64), sample)
                });
                Ok(each.collect())
            }
            Self::Labels(labels) => {
                let each = labels.iter();
                let text = |text: &Arc<str>| Self::Text(Arc::clone(text));
                Ok(each.map(|(n, v)| (text(n), text(v))).collect())
            }
            other => Err(format!("`range` does not go over {}", other.kind())),
        }
    }

    /// As a number, as Prometheus' functions take one: a text may hold it.
    pub(super) fn number(&self) -> Result<f64, String> {
        match self {
            Self::Float(number) => Ok(*number),
            Self::Int(number) => Ok(*number as f64),
            Self::Text(text) => text.parse().map_err(|_| format!("{text:?} is no number")),
            other => Err(format!("{} is no number", other.kind())),
        }
    }
}

fn print_labels(labels: &LabelMap) -> String {
    let pairs: Vec<_> = labels.iter().map(|(n, v)| format!("{n}:{v}")).collect();
    format!("map[{}]", pairs.join(" "))
}
