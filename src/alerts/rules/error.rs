//! What is wrong with a rule file, and where.

use std::fmt;
use std::sync::Arc;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line of the YAML, from 1.
    pub line: usize,
    /// The group, if it is in one.
    pub group: Option<Arc<str>>,
    /// The rule, if it is in one.
    pub rule: Option<Arc<str>>,
    /// What is wrong, with the offending part.
    pub what: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(group) = &self.group {
            write!(f, "group `{group}`")?;
            f.write_str(if self.rule.is_some() { ", " } else { ": " })?;
        }
        if let Some(rule) = &self.rule {
            write!(f, "alert `{rule}`: ")?;
        }
        f.write_str(&self.what)
    }
}
