//! Rule files: Prometheus' own format, read with the line of everything in it.
//!
//! In: texts with their names. Out: groups of alert rules, or every error at once, each with its
//! file, line, group and rule. It never evaluates.

mod error;
mod file;
mod rule;
#[cfg(test)]
mod tests;
mod yaml;

use std::sync::Arc;

use crate::model::{RuleFile, Span};

use super::expr::Expr;
use super::template::{LabelMap, Template};

pub use error::RuleError;

/// How often a group that does not say it is evaluated: Prometheus' default.
pub(crate) const DEFAULT_INTERVAL: Span = Span::from_secs(60);

/// Rules that are evaluated together.
#[derive(Clone, Debug)]
pub(crate) struct RuleGroup {
    pub(crate) file: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) interval: Span,
    /// The most alerts that a rule of it may have; 0: any number.
    pub(crate) limit: usize,
    pub(crate) rules: Vec<Rule>,
}

/// An alert rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    /// As it was written.
    pub(crate) text: Arc<str>,
    pub(crate) expr: Expr,
    /// What its value is held against, where that is a number.
    pub(crate) limit: Option<f64>,
    /// Whether it asks what fires.
    pub(crate) asks_alerts: bool,
    pub(crate) hold_for: Span,
    pub(crate) keep_firing_for: Span,
    pub(crate) labels: Vec<(Arc<str>, Template)>,
    pub(crate) annotations: Vec<(Arc<str>, Template)>,
    /// Labels and annotations as they were written.
    pub(crate) written_labels: LabelMap,
    pub(crate) written_annotations: LabelMap,
}

/// Reads rule files.
///
/// # Errors
///
/// Every error in them.
pub(crate) fn load(files: &[RuleFile]) -> Result<Vec<RuleGroup>, Vec<RuleError>> {
    load_with(files, Known::Catalog)
}

/// The same with series that need not be the catalog's.
///
/// # Errors
///
/// Every error in them.
pub(crate) fn load_any(files: &[RuleFile]) -> Result<Vec<RuleGroup>, Vec<RuleError>> {
    load_with(files, Known::Any)
}

/// Which series there are.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    /// The catalog's.
    Catalog,
    /// Any.
    Any,
}

fn load_with(files: &[RuleFile], known: Known) -> Result<Vec<RuleGroup>, Vec<RuleError>> {
    let (mut groups, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        let before = errors.len();
        groups.extend(file::read(file, known, &mut errors));
        errors[before..].sort_by_key(|e| e.line);
    }
    if errors.is_empty() {
        Ok(groups)
    } else {
        Err(errors)
    }
}
