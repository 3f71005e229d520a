//! Templates of labels and annotations, as Prometheus has them: the part of Go's templates that
//! rules are written with.
//!
//! In: a text, the labels and value of an alert, and a way to ask for more samples (`query`).
//! Out: the text filled in, or what is wrong with it. What is not understood is an error when the
//! rules are loaded, never a surprise at night.

mod functions;
mod parse;
mod print;
mod run;
#[cfg(test)]
mod tests;
mod texts;
mod tokens;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use run::Run;

/// Labels by name.
pub(crate) type LabelMap = BTreeMap<Arc<str>, Arc<str>>;

/// A template, read.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    nodes: Arc<[parse::Node]>,
}

/// What `query` asks.
pub(crate) trait Query {
    /// The samples of an expression.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression.
    fn query(&mut self, expr: &str) -> Result<Vec<(LabelMap, f64)>, String>;
}

impl Template {
    /// Reads a template and tries it out.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(text: &str, check: &mut dyn Query) -> Result<Self, String> {
        let nodes: Arc<[_]> = parse::parse(text)?.into();
        let template = Self { nodes };
        // What a run would stumble over, such as a number where a text must be, shows now. Loops
        // and branches over what a query finds are walked as if it had found something.
        let trial = LabelMap::new();
        Run::new(&trial, 1.5, check, true).text(&template.nodes)?;
        Ok(template)
    }

    /// Fills it in. As in Prometheus, what goes wrong then stands in the text.
    pub(crate) fn fill(&self, labels: &LabelMap, value: f64, query: &mut dyn Query) -> String {
        Run::new(labels, value, query, false)
            .text(&self.nodes)
            .unwrap_or_else(|why| format!("<error expanding template: {why}>"))
    }
}
