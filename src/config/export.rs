//! What is exported, where, and under which address: `[metrics]`, `[statsd]`, parts of `[http]`.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::place::Place;
use super::statsd::{PacketBytes, Prefix};
use super::value::{Refusal, Scalar, quoted};
use crate::catalog::{self, Folder, GENERATED, Profile};
use crate::export::statsd::{Address, Dialect, Template};
use crate::model::{Pattern, Span};

/// What of the catalog is exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// The label of the cluster.
    pub cluster_label: LabelName,
    /// Groups whose partitions are exported one by one.
    pub partitions_of: Vec<Pattern>,
    /// Groups that are not exported.
    pub exclude_groups: Vec<Pattern>,
    /// Endings of names that only a program gives.
    pub fold_suffixes: Vec<Pattern>,
    /// The most samples.
    pub max_series: Option<u64>,
    /// Names of other tools.
    pub profile: Vec<Profile>,
}

impl Default for Metrics {
    fn default() -> Self {
        let patterns = |texts: &[&str]| texts.iter().filter_map(|t| Pattern::new(t).ok()).collect();
        Self {
            cluster_label: LabelName::default(),
            partitions_of: Vec::new(),
            exclude_groups: patterns(&["console-consumer-.*"]),
            fold_suffixes: patterns(&GENERATED),
            max_series: Some(500_000),
            profile: Vec::new(),
        }
    }
}

impl Metrics {
    /// As the catalog takes it, for Prometheus.
    pub fn options(&self, source: &str) -> catalog::Options {
        let suffixes = self.fold_suffixes.iter();
        let suffixes: Vec<_> = suffixes
            .filter(|s| !s.as_str().is_empty())
            .cloned()
            .collect();
        catalog::Options {
            cluster_label: self.cluster_label.as_str().to_owned(),
            partitions_of: any(&self.partitions_of),
            source: source.to_owned(),
            left_out: any(&self.exclude_groups),
            fold: Folder::new(&suffixes),
            profiles: self
                .profile
                .iter()
                .copied()
                .filter(|p| p.is_text())
                .collect(),
            max_series: self.max_series,
            tally: None,
        }
    }

    /// The same for StatsD: all profiles, partitions as it wants them.
    pub fn statsd_options(&self, statsd: &Statsd, source: &str) -> catalog::Options {
        catalog::Options {
            partitions_of: any(&statsd.partitions_of),
            profiles: self.profile.clone(),
            ..self.options(source)
        }
    }
}

/// One pattern that matches what any of these does.
fn any(patterns: &[Pattern]) -> Option<Pattern> {
    let texts: Vec<_> = patterns
        .iter()
        .map(|p| format!("(?:{})", p.as_str()))
        .collect();
    if texts.is_empty() {
        return None;
    }
    Pattern::new(&texts.join("|")).ok()
}

/// Gauges to a StatsD server.
#[derive(Clone, Debug, PartialEq)]
pub struct Statsd {
    /// Where they go; none: nowhere.
    pub address: Option<Address>,
    /// How labels are written.
    pub dialect: Dialect,
    /// How often all are sent.
    pub interval: Span,
    /// What every name begins with.
    pub prefix: Prefix,
    /// How plain names are made.
    pub template: Template,
    /// Groups whose partitions are sent one by one.
    pub partitions_of: Vec<Pattern>,
    /// The most bytes of a packet.
    pub packet_bytes: Option<PacketBytes>,
}

impl Default for Statsd {
    fn default() -> Self {
        Self {
            address: None,
            dialect: Dialect::default(),
            interval: Span::from_secs(10),
            prefix: Prefix::default(),
            template: Template::default(),
            partitions_of: Vec::new(),
            packet_bytes: None,
        }
    }
}

/// The name of a label of Prometheus'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelName(Arc<str>);

impl LabelName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LabelName {
    fn default() -> Self {
        Self("kafka_cluster".into())
    }
}

impl FromStr for LabelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let first = |c: char| c == '_' || c.is_ascii_alphabetic();
        let plain = text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit());
        if !plain || text.starts_with("__") {
            return Err(format!(
                "`{text}` is no name of a label: letters, digits and _, and no digit first"
            ));
        }
        // Prometheus' own of each target come first there: ours would be renamed.
        if catalog::is_taken(text) || ["job", "instance"].contains(&text) {
            return Err(format!("the label `{text}` holds something else already"));
        }
        Ok(Self(text.into()))
    }
}

/// Where the listener is reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUrl {
    text: Arc<str>,
    path_at: usize,
}

impl ExternalUrl {
    /// With no slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its path: empty, or `/a/b` with no slash at its end.
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }
}

impl FromStr for ExternalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let scheme = ["http://", "https://"]
            .into_iter()
            .find(|s| text.starts_with(s));
        let rest = scheme.map(|s| &text[s.len()..]).unwrap_or_default();
        let bad = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '"' | '<' | '>')
        };
        if rest.is_empty() || rest.starts_with('/') || rest.contains(bad) {
            return Err(format!(
                "`{text}` is no address: write it like https://example.com/laggard/"
            ));
        }
        let path_at = text.len() - rest.len() + rest.find('/').unwrap_or(rest.len());
        Ok(Self {
            text: text.into(),
            path_at,
        })
    }
}

/// What every path begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutePrefix(Arc<str>);

impl RoutePrefix {
    /// Empty, or `/a/b` with no slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoutePrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.trim().trim_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
        if !path.chars().all(plain) || path.contains("//") {
            return Err(format!("`{text}` is no path: write it like /laggard"));
        }
        let slash = if path.is_empty() { "" } else { "/" };
        Ok(Self(format!("{slash}{path}").into()))
    }
}

/// Scalars that are read by their own `FromStr` and shown as quoted text.
macro_rules! text {
    ($type:ty, $what:literal, $many:literal, $show:expr, $schema:expr) => {
        impl Scalar for $type {
            const WHAT: &'static str = $what;
            const MANY: &'static str = $many;

            fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
                text.parse().map_err(Refusal::Value)
            }

            fn show(&self) -> String {
                let show: fn(&$type) -> String = $show;
                quoted(&show(self))
            }

            fn schema() -> Json {
                $schema
            }
        }
    };
}

text!(
    LabelName,
    "a label's name",
    "names of labels",
    |l| l.0.to_string(),
    json!({ "type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$" })
);
text!(
    ExternalUrl,
    "an address",
    "addresses",
    |u| u.text.to_string(),
    json!({ "type": "string", "pattern": "^https?://" })
);
text!(
    RoutePrefix,
    "a path",
    "paths",
    |p| if p.0.is_empty() {
        "/".to_owned()
    } else {
        p.0.to_string()
    },
    json!({ "type": "string" })
);
text!(
    Address,
    "a StatsD server's address",
    "addresses",
    ToString::to_string,
    json!({ "type": "string" })
);
text!(
    Template,
    "a template",
    "templates",
    ToString::to_string,
    json!({ "type": "string" })
);
text!(
    Dialect,
    "one of \"plain\", \"dogstatsd\", \"influx\", \"graphite\"",
    "dialects",
    |d| d.name().to_owned(),
    json!({ "enum": Dialect::ALL.map(Dialect::name) })
);

impl Scalar for Profile {
    const WHAT: &'static str = "the name of a profile";
    const MANY: &'static str = "names of profiles";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|p| p.name() == text.trim());
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Refusal::Value(format!("`{text}` is no profile: there are {names}"))
        })
    }

    fn show(&self) -> String {
        quoted(self.name())
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_outside_has_a_path() {
        let url: ExternalUrl = "https://example.com:8443/a/laggard/".parse().unwrap();
        assert_eq!(url.as_str(), "https://example.com:8443/a/laggard");
        assert_eq!(url.path(), "/a/laggard");
        assert_eq!("http://h".parse::<ExternalUrl>().unwrap().path(), "");
        for wrong in [
            "example.com",
            "http://",
            "http:///x",
            "http://a b",
            "http://a?b",
        ] {
            assert!(wrong.parse::<ExternalUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_must_be_one_and_free() {
        assert!("kafka".parse::<LabelName>().is_ok());
        for wrong in ["", "9a", "a-b", "__x", "group", "status"] {
            assert!(wrong.parse::<LabelName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn prefixes_have_a_slash_before_and_none_behind() {
        let of = |t: &str| t.parse::<RoutePrefix>().map(|p| p.as_str().to_owned());
        assert_eq!(of("/").as_deref(), Ok(""));
        assert_eq!(of("a/b/").as_deref(), Ok("/a/b"));
        assert!(of("/a b").is_err() && of("/{x}").is_err());
    }
}
