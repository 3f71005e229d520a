//! The resolved configuration: what the rest of Laggard is told. Defaults stand here, once.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::export::{ExternalUrl, Metrics, RoutePrefix, Statsd};
use super::held::Held;
use super::properties::Properties;
use super::receiver::ReceiverSettings;
use crate::model::{
    ClusterName, ClusterSettings, Notify, Pattern, Policy, PolicyRule, Settings, Span,
};

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The clusters, in name order.
    pub clusters: Vec<Cluster>,
    /// What is expected of groups; the first match wins.
    pub policies: Vec<GroupPolicy>,
    /// Alert rules.
    pub alerts: Alerts,
    /// Who is told of which alerts, and when.
    pub notify: Notify,
    /// Who is told of alerts.
    pub receivers: Vec<ReceiverSettings>,
    /// Where `serve` keeps what must outlive it.
    pub state_dir: Option<PathBuf>,
    /// What `serve` keeps of its past.
    pub flight_recorder: FlightRecorder,
    /// The HTTP server.
    pub http: Http,
    /// What is exported.
    pub metrics: Metrics,
    /// StatsD.
    pub statsd: Statsd,
    /// Laggard's own log.
    pub log: Log,
}

/// One cluster: how it is reached and read.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// What Laggard calls it, in every label and on every screen.
    pub name: ClusterName,
    /// Where to connect first.
    pub bootstrap_servers: Vec<Server>,
    /// A Kafka client's properties file, as Kafka's own tools take it.
    pub command_config: Option<PathBuf>,
    /// librdkafka's properties; they win over `command_config`.
    pub properties: Properties,
    /// How often it is read.
    pub poll_interval: Span,
    /// How long a stale reading keeps its value.
    pub stale_for: Span,
    /// How long a group may be idle before it stands outside totals and alerts.
    pub inactive_after: Span,
    /// How long one request may take.
    pub request_timeout: Span,
    /// Requests a second at most; none: no limit.
    pub requests_per_second: Option<f64>,
    /// Requests for committed offsets in flight at once.
    pub window: u64,
    /// Which groups are read.
    pub groups: Names,
    /// Which topics are read.
    pub topics: Names,
    /// Whether Kafka's own topics are read too.
    pub internal_topics: bool,
    /// Topics of which single records may be read, for their offsets and timestamps alone.
    pub read_records: Vec<Pattern>,
}

impl Cluster {
    /// The defaults for a cluster of this name, with no server yet.
    pub fn named(name: ClusterName) -> Self {
        let judged_by = ClusterSettings::named(name);
        Self {
            name: judged_by.cluster,
            bootstrap_servers: Vec::new(),
            command_config: None,
            properties: Properties::default(),
            poll_interval: judged_by.poll_interval,
            stale_for: judged_by.stale_for,
            inactive_after: judged_by.inactive_after,
            request_timeout: Span::from_secs(5),
            requests_per_second: None,
            window: 256,
            groups: Names::default(),
            topics: Names::default(),
            internal_topics: false,
            read_records: Vec::new(),
        }
    }

    /// `bootstrap.servers` as Kafka's clients take it.
    pub fn bootstrap(&self) -> String {
        let servers: Vec<_> = self.bootstrap_servers.iter().map(Server::as_str).collect();
        servers.join(",")
    }
}

/// Names that some `include` matches (all, if there is none) and no `exclude`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// Any of these.
    pub include: Vec<Pattern>,
    /// None of these.
    pub exclude: Vec<Pattern>,
}

/// A `[[group]]`: what is expected of the groups that it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPolicy {
    /// On which clusters.
    pub cluster: Pattern,
    /// Which groups; any of these.
    pub groups: Vec<Pattern>,
    /// What is expected.
    pub policy: Policy,
}

/// What `serve` keeps of its past, in the state directory.
#[derive(Clone, Debug, PartialEq)]
pub struct FlightRecorder {
    /// At most so many bytes on disk, the newest segment aside.
    pub max_size: u64,
}

impl Default for FlightRecorder {
    fn default() -> Self {
        Self { max_size: 1 << 30 }
    }
}

/// Alert rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    /// Whether the rules that come with Laggard are in force.
    pub shipped: bool,
    /// Rule files, or directories of them, beside those.
    pub rules: Vec<PathBuf>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            shipped: true,
            rules: Vec::new(),
        }
    }
}

/// The HTTP server of `serve` and `demo`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http {
    /// Where it listens.
    pub listen: Listen,
    /// TLS, basic auth and bearer tokens, in Prometheus' format.
    pub web_config: Option<PathBuf>,
    /// What a client must know to order anything; none: one that is made and kept in the state
    /// directory.
    pub token: Option<Held>,
    /// Where it is reached from outside.
    pub external_url: Option<ExternalUrl>,
    /// What every path begins with, if not the path of `external_url`.
    pub route_prefix: Option<RoutePrefix>,
}

impl Http {
    /// What every path begins with: empty, or `/a/b` with no slash at its end.
    pub fn prefix(&self) -> &str {
        match (&self.route_prefix, &self.external_url) {
            (Some(prefix), _) => prefix.as_str(),
            (None, Some(url)) => url.path(),
            (None, None) => "",
        }
    }
}

/// Laggard's own log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// What is logged.
    pub level: LogFilter,
    /// To this file instead of standard error.
    pub file: Option<PathBuf>,
}

impl Config {
    /// The part that the pipeline judges by.
    pub fn settings(&self) -> Settings {
        let judged_by = |c: &Cluster| ClusterSettings {
            cluster: c.name.clone(),
            poll_interval: c.poll_interval,
            stale_for: c.stale_for,
            inactive_after: c.inactive_after,
        };
        let rules = |p: &GroupPolicy| {
            let (cluster, policy) = (p.cluster.clone(), Arc::new(p.policy.clone()));
            let rule = move |group: &Pattern| PolicyRule {
                cluster: cluster.clone(),
                group: group.clone(),
                policy: Arc::clone(&policy),
            };
            p.groups.iter().map(rule).collect::<Vec<_>>()
        };
        Settings {
            clusters: self.clusters.iter().map(judged_by).collect(),
            policies: self.policies.iter().flat_map(rules).collect(),
            rules: Vec::new(),
            notify: self.notify.clone(),
        }
    }
}

/// A broker's `HOST:PORT`, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server(Arc<str>);

impl Server {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // librdkafka takes `SASL_SSL://host:port` too.
        let address = text.split_once("://").map_or(text, |(_, rest)| rest);
        let bare_v6 = address.matches(':').count() > 1 && !address.starts_with('[');
        let (host, port) = address.rsplit_once(':').ok_or_else(|| {
            format!("`{text}` has no port: write HOST:PORT, for example {text}:9092")
        })?;
        if bare_v6 {
            return Err(format!(
                "`{text}`: write an IPv6 address in brackets, for example [::1]:9092"
            ));
        }
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == ',') {
            return Err(format!(
                "`{text}` has no host: write HOST:PORT, for example kafka-1:9092"
            ));
        }
        match port.parse::<u16>() {
            Ok(1..) => Ok(Self(text.into())),
            _ => Err(format!(
                "`{text}`: the port must be a number from 1 to 65535"
            )),
        }
    }
}

/// Where the HTTP server listens: on loopback unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, 9550)))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        }
        if let Some(port) = text.strip_prefix(':') {
            return Err(format!(
                "`{text}` does not say who may connect: 127.0.0.1:{port} is for this machine, \
                 0.0.0.0:{port} for all"
            ));
        }
        text.replacen("localhost", "127.0.0.1", 1)
            .parse()
            .map(Self)
            .map_err(|_| {
                format!("`{text}` is no address to listen on: write it like 127.0.0.1:9550")
            })
    }
}

/// What is logged: a level, or tracing's directives (`info,laggard::source=debug`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(Arc<str>);

impl LogFilter {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".into())
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let directives = text.split(',').map(str::trim);
        for directive in directives {
            let level = directive.rsplit_once('=').map_or(directive, |(_, l)| l);
            if !levels.contains(&level.to_ascii_lowercase().as_str()) {
                return Err(format!(
                    "`{level}` is no log level: there are {}",
                    levels.join(", ")
                ));
            }
        }
        tracing_subscriber::EnvFilter::try_new(text)
            .map(|_| Self(text.into()))
            .map_err(|error| format!("`{text}` is no log filter: {error}"))
    }
}
