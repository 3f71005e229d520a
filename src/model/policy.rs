//! What people expect of a group: limits, owner, what to do at night.

use std::sync::Arc;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{ClusterName, GroupId};
use super::time::Span;

/// How loud an alert on a group is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// In working hours.
    Ticket,
    /// Now.
    Page,
}

impl Severity {
    /// In labels and in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// What is expected of a group. `None`: nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Policy {
    /// Most unread records that are fine.
    pub max_lag: Option<u64>,
    /// Oldest unread record that is fine.
    pub max_time_lag: Option<Span>,
    /// Longest silence that is usual; replaces the learned one.
    pub max_silence: Option<Span>,
    /// Who cares for it.
    pub owner: Option<Arc<str>>,
    /// What to do when it is late: usually a link.
    pub runbook: Option<Arc<str>>,
    /// How loud.
    pub severity: Option<Severity>,
    /// It must be there.
    pub expected: bool,
}

impl Policy {
    /// Whether it sets a limit on lag or time lag.
    pub fn has_limit(&self) -> bool {
        self.max_lag.is_some() || self.max_time_lag.is_some()
    }
}

/// A policy and the groups that it is for. Of several rules the first match wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// Which clusters.
    pub cluster: Pattern,
    /// Which groups.
    pub group: Pattern,
    /// What is expected of them.
    pub policy: Arc<Policy>,
}

/// A regular expression that must match a whole name.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Arc<str>,
    regex: Regex,
}

impl Pattern {
    /// Compiles `text`, anchored at both ends.
    ///
    /// # Errors
    ///
    /// What the regex library says is wrong with it.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        // Compiled alone first, so that an error speaks of the text as it was written.
        Regex::new(text)?;
        let regex = Regex::new(&format!("^(?s:{text})$"))?;
        Ok(Self {
            text: text.into(),
            regex,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches the whole of `name`.
    pub fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// The policy of a group: that of the first rule that matches, else one that expects nothing.
pub(crate) fn policy_of(
    rules: &[PolicyRule],
    cluster: &ClusterName,
    group: &GroupId,
) -> Arc<Policy> {
    rules
        .iter()
        .find(|r| r.cluster.matches(cluster.as_str()) && r.group.matches(group.as_str()))
        .map_or_else(Arc::default, |r| Arc::clone(&r.policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_newlines_too() {
        let p = Pattern::new("pay.*|b").unwrap();
        assert!(p.matches("payments") && p.matches("pay\nments") && p.matches("b"));
        assert!(!p.matches("xpay") && !p.matches("bb"));
        assert!(
            Pattern::new("(")
                .unwrap_err()
                .to_string()
                .contains("unclosed")
        );
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rule = |group: &str, max_lag| PolicyRule {
            cluster: Pattern::new(".*").unwrap(),
            group: Pattern::new(group).unwrap(),
            policy: Arc::new(Policy {
                max_lag: Some(max_lag),
                ..Policy::default()
            }),
        };
        let rules = [rule("pay-.*", 1), rule(".*", 2)];
        let of = |g: &str| policy_of(&rules, &"prod".into(), &g.into()).max_lag;
        assert_eq!((of("pay-x"), of("other")), (Some(1), Some(2)));
        assert_eq!(
            policy_of(&rules[..1], &"prod".into(), &"other".into()).max_lag,
            None
        );
    }
}
