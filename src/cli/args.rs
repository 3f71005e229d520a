//! The syntax of the command line. What a flag means stands in its help text and nowhere else.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::{Matcher, Span, Timestamp};

use super::exit::TABLE;

const EXAMPLES: &str = "Examples:
  laggard demo                                          an embedded cluster, nothing else needed
  laggard --bootstrap-server kafka:9092                 the dashboard on a real cluster
  laggard lag payments --output json --bootstrap-server kafka:9092
  laggard check payments --max-time-lag 5m --config laggard.toml
  laggard what-if image-resizer --members 6 --demo      what a change would do, before it is made
  laggard config example > laggard.toml                 every setting, explained";

/// Finds slow Kafka consumers before their users do, says why they are slow, and what to do.
#[derive(Debug, Parser)]
#[command(name = "laggard", version, subcommand_precedence_over_arg = true)]
#[command(after_help = format!("{EXAMPLES}\n\n{TABLE}"))]
pub struct Cli {
    /// What to do; without one: `top`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// `top`'s own.
    #[command(flatten)]
    pub top: TopArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The terminal dashboard (the default). If the output is no terminal: one table, as `lag`.
    Top(TopArgs),
    /// Without a screen: metrics, health and snapshots over HTTP.
    Serve(ServeArgs),
    /// Lag of groups, once: reads one complete cycle and prints it.
    Lag(LagArgs),
    /// Holds groups to limits, for scripts: exits with 1 on a breach, with 2 if it is not known.
    Check(CheckArgs),
    /// What would help groups that are in trouble, by how much, and the exact command.
    Advise(AdviseArgs),
    /// What another number of members, assignor or number of partitions would do to a group.
    WhatIf(WhatIfArgs),
    /// Writes down everything that is observed, to be replayed.
    Record(RecordArgs),
    /// What may be read of a cluster, what is lost without each right, and the commands that give it.
    Doctor(DoctorArgs),
    /// The dashboard on an embedded cluster where everything goes wrong, with `serve` beside it.
    Demo(DemoArgs),
    /// The configuration: check it, or print every setting.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Alert rules: whether files of them are right, and what they would have done.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Tells a running `serve` that something is being done to a group on purpose, such as a deploy.
    Mark(MarkArgs),
    /// Silences of a running `serve`: nobody is told of alerts that are known.
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Has a running `serve` read its configuration and rule files anew.
    Reload(ReloadArgs),
    /// A completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, as roff.
    Man,
}

/// Where the numbers come from: the same flags on every command, before its name or after it.
/// What cannot go together is judged in the module `source` beside this one, where both places are at hand.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    /// A Kafka cluster: its brokers, separated by commas.
    #[arg(long, value_name = "HOST:PORT,…")]
    #[arg(visible_alias = "bootstrap-servers")]
    pub bootstrap_server: Option<String>,
    /// A Kafka client's properties file, as Kafka's own tools take it.
    #[arg(long, value_name = "FILE")]
    pub command_config: Option<PathBuf>,
    /// The configuration: a TOML file, or a directory of them.
    #[arg(
        long,
        value_name = "FILE",
        env = "LAGGARD_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Only this cluster of the configuration; may be given several times. With
    /// --bootstrap-server: what to call the cluster.
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
    /// An embedded cluster instead of a real one.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "demo")]
    pub demo: Option<String>,
    /// A recording, or the directory of a flight recorder, instead of a cluster.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// The snapshots of a running `laggard serve` instead of a cluster: its address, such as
    /// http://laggard:9550.
    #[arg(long, value_name = "URL")]
    pub attach: Option<String>,
    /// With --attach: a header to send along; its value may be env:VARIABLE or file:PATH.
    #[arg(long, value_name = "NAME: VALUE")]
    pub attach_header: Vec<String>,
    /// With --attach: certificates to trust instead of the system's, as PEM.
    #[arg(long, value_name = "FILE")]
    pub attach_ca: Option<PathBuf>,
    /// With --attach: a client certificate, as PEM.
    #[arg(long, value_name = "FILE", requires = "attach_key")]
    pub attach_cert: Option<PathBuf>,
    /// With --attach-cert: its key, as PEM.
    #[arg(long, value_name = "FILE", requires = "attach_cert")]
    pub attach_key: Option<PathBuf>,
    /// With --replay or --attach: the time to show, as 2026-11-20T18:44:00Z.
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// With --replay: so many times as fast as it was.
    #[arg(long, value_name = "N", value_parser = speed)]
    pub speed: Option<f64>,
    /// How often a cluster is read.
    #[arg(long, value_name = "DURATION")]
    pub poll_interval: Option<Span>,
    /// What to log: off, error, warn, info, debug, trace, or tracing's directives.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// `top`.
#[derive(Args, Clone, Debug, Default)]
pub struct TopArgs {
    /// Open this group at once.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Tell receivers of alerts: without it only `serve` does.
    #[arg(long)]
    pub deliver: bool,
    /// With --attach: the file that holds the token of commands, for silences and marks; `serve`
    /// keeps its own as `token` in its state directory.
    #[arg(
        long,
        value_name = "FILE",
        env = "LAGGARD_TOKEN_FILE",
        hide_env_values = true
    )]
    pub token_file: Option<PathBuf>,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `serve`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  laggard serve --config laggard.toml
  laggard serve --bootstrap-server kafka:9092 --listen 0.0.0.0:9550")]
pub struct ServeArgs {
    /// Where to listen for HTTP: 127.0.0.1:9550 when it is nowhere said.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Tell receivers of a recording's or an embedded cluster's alerts, too: real clusters' are told
    /// anyway.
    #[arg(long)]
    pub deliver: bool,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// The snapshot document.
    Json,
    /// A line a partition.
    Csv,
}

/// `lag`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  laggard lag --bootstrap-server kafka:9092
  laggard lag billing payments --config laggard.toml --output csv")]
pub struct LagArgs {
    /// Which groups; none: all.
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,
    /// In which form: table, json or csv.
    #[arg(
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub output: Output,
    /// How long to wait for a complete reading.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub timeout: Span,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `check`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "A limit that is not given is that of the configuration's [[group]] policies.

What is certain decides. Readings have bounds where Kafka does not tell the whole: time lag is
known to within a poll, and with some partitions unknown a lag is a lower bound. It is a breach
when the lowest that it can be lies above the limit, fine when the highest does not, and unknown
in between: so is a stale value, a group that is not there, and any cluster that cannot be read
(--cluster names those to look at). A script that pages asks for 1; one that lets a release
through asks for 0.

Examples:
  laggard check billing --max-lag 10000 --bootstrap-server kafka:9092
  laggard check billing payments --max-time-lag 5m --config laggard.toml

Exit codes: 0 within the limits; 1 a limit is breached; 2 not known; 3 wrong usage or
configuration. A breach beats unknown."
)]
#[command(group = clap::ArgGroup::new("limit").required(false).multiple(true))]
pub struct CheckArgs {
    /// Which groups.
    #[arg(required = true, value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Most unread records that are fine; overrides the configuration.
    #[arg(long, value_name = "RECORDS", group = "limit", value_parser = records)]
    pub max_lag: Option<u64>,
    /// Oldest unread record that is fine; overrides the configuration.
    #[arg(long, value_name = "DURATION", group = "limit")]
    pub max_time_lag: Option<Span>,
    /// Hold them to the limits of the configuration alone.
    #[arg(long, conflicts_with = "limit")]
    pub policy: bool,
    /// In which form: table, json or csv.
    #[arg(
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub output: Output,
    /// How long to wait for a complete reading.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub timeout: Span,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `record`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  laggard record -o incident.jsonl.zst --for 10m --bootstrap-server kafka:9092
  laggard top --replay incident.jsonl.zst --speed 60
  laggard lag --replay incident.jsonl.zst --at 2026-11-20T18:44:00Z")]
pub struct RecordArgs {
    /// Into which file, which is made anew; compressed when its name ends in .zst.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How long; until it is interrupted when it is not said.
    #[arg(long = "for", value_name = "DURATION")]
    pub during: Option<Span>,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `doctor`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  laggard doctor --bootstrap-server kafka:9092 --command-config client.properties
  laggard doctor --config laggard.toml --output json

Exit codes: 0 all that lag needs may be read; 2 not reached, or a right is missing without which
lag cannot be known.")]
pub struct DoctorArgs {
    /// In which form: table or json.
    #[arg(
        long,
        value_name = "FORM",
        value_parser = doctor_form,
        default_value = "table"
    )]
    pub output: Output,
    /// How long one probe may take.
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub timeout: Span,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `advise`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "Laggard changes nothing itself: commands are for you to read and to run. On a secured cluster Kafka's
own tools want --command-config too.

Examples:
  laggard advise --demo
  laggard advise payments --config laggard.toml --output json"
)]
pub struct AdviseArgs {
    /// Which groups; none: all.
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Prints the offsets that the advice would set, and nothing else, as kafka-consumer-groups takes them with
    /// --reset-offsets --from-file: topic, partition and offset for one group, the group before them for several.
    #[arg(long, conflicts_with = "output")]
    pub reset_csv: bool,
    /// How it is watched and printed.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// How long a command may watch before it answers, and in which form it does.
#[derive(Args, Clone, Debug, Default)]
pub struct WatchArgs {
    /// Watch for so long at the most, if rates are not known at once.
    #[arg(long = "for", value_name = "DURATION", default_value = "2m")]
    pub watch: Span,
    /// In which form: table or json.
    #[arg(long, value_name = "FORM", value_parser = doctor_form, default_value = "table")]
    pub output: Output,
    /// How long to wait for a complete reading.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub timeout: Span,
}

/// `what-if`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "Loads before and after are told by the rules of Kafka's own assignors, and each answer says how sure
it is: exact, exact in how many partitions each member gets, or an estimate.

Examples:
  laggard what-if image-resizer --members 6 --demo too-few
  laggard what-if payments --assignor cooperative-sticky --config laggard.toml
  laggard what-if payments --members 24 --partitions orders=48 --config laggard.toml"
)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct WhatIfArgs {
    /// Which group.
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// So many members.
    #[arg(long, value_name = "N", group = "change", value_parser = members)]
    pub members: Option<usize>,
    /// Dealt out by this assignor: range, roundrobin, sticky, cooperative-sticky, uniform.
    #[arg(long, value_name = "ASSIGNOR", group = "change")]
    pub assignor: Option<String>,
    /// More partitions: of each topic that the group reads, or of one.
    #[arg(long, value_name = "[TOPIC=]N", group = "change", value_parser = partitions)]
    pub partitions: Option<(Option<String>, u32)>,
    /// What comes in on a topic is spread by Zipf's law with this exponent: 0 evenly, 1 very unevenly.
    #[arg(long, value_name = "EXPONENT", group = "change", value_parser = skew)]
    pub skew: Option<f64>,
    /// How it is watched and printed.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// How orders reach a running `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct OrderArgs {
    /// The file that holds the token of commands: `serve` keeps its own as `token` in its state
    /// directory.
    #[arg(
        long,
        value_name = "FILE",
        env = "LAGGARD_TOKEN_FILE",
        hide_env_values = true
    )]
    pub token_file: Option<PathBuf>,
    /// By whom; the user who is logged in when it is not said.
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Where it goes: --attach, else http://127.0.0.1:9550.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `mark`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "While a mark stands, alerts that a group has stopped or rebalances again and again are held. Alerts
that it is late or loses records are not.

Examples:
  laggard mark billing --for 10m --why 'deploy 4.2' --token-file /var/lib/laggard/token
  laggard mark billing --for 10m --why deploy --attach https://laggard.example.com --token-file token"
)]
pub struct MarkArgs {
    /// Which group.
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// For how long from now.
    #[arg(long = "for", value_name = "DURATION")]
    pub during: Span,
    /// What is being done.
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// How it gets there.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// `silence`.
#[derive(Clone, Debug, Subcommand)]
pub enum SilenceCommand {
    /// Makes one and prints its id.
    #[command(after_help = "Examples:
  laggard silence add 'group=\"billing\"' --for 2h --why 'known, ticket 311' --token-file token")]
    Add {
        /// Which alerts: conditions on their labels, all of which must hold.
        #[arg(value_name = "MATCHER", required = true)]
        matchers: Vec<Matcher>,
        /// For how long from now.
        #[arg(long = "for", value_name = "DURATION")]
        during: Span,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// How it gets there.
        #[command(flatten)]
        order: Box<OrderArgs>,
    },
    /// Lists those in force.
    List {
        /// Where it asks.
        #[command(flatten)]
        order: Box<OrderArgs>,
    },
    /// Ends one before its time.
    Expire {
        /// Which.
        #[arg(value_name = "ID")]
        id: String,
        /// How it gets there.
        #[command(flatten)]
        order: Box<OrderArgs>,
    },
}

/// `reload`.
#[derive(Args, Clone, Debug, Default)]
pub struct ReloadArgs {
    /// How it gets there.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// `demo`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  laggard demo
  laggard demo poison
  laggard demo --cluster-listen 127.0.0.1:19092     and elsewhere: kcat -b 127.0.0.1:19092 -L")]
pub struct DemoArgs {
    /// What to show; `list` names all.
    #[arg(value_name = "SCENARIO", default_value = "demo")]
    pub scenario: String,
    /// Of everything that chance decides.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Where to listen for HTTP: 127.0.0.1:9550 when it is nowhere said.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Tell the receivers that the environment names (`LAGGARD_NOTIFY__RECEIVER__0__URL` and so on).
    #[arg(long)]
    pub deliver: bool,
    /// Where the first broker listens, the others on the ports after it: for kcat and Kafka's own
    /// tools.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub cluster_listen: Option<SocketAddr>,
    /// Quiet groups beside those of the scenario, up to so many in all.
    #[arg(long, value_name = "N", value_parser = count)]
    pub groups: Option<NonZeroUsize>,
    /// Partitions, up to so many in all.
    #[arg(long, value_name = "N", value_parser = count)]
    pub partitions: Option<NonZeroUsize>,
    /// So many brokers.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub brokers: Option<u8>,
    /// No screen: serve alone.
    #[arg(long)]
    pub headless: bool,
    /// How often the embedded cluster is read: 5s when it is not said.
    #[arg(long, value_name = "DURATION")]
    pub poll_interval: Option<Span>,
    /// What to log.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// `config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Reads the configuration and prints what is in force, or every error at once.
    Check {
        /// The source.
        #[command(flatten)]
        source: Box<SourceArgs>,
    },
    /// Prints a file with every setting, explained, at its default.
    Example,
    /// Prints the JSON Schema of a configuration file.
    Schema,
    /// Writes the dashboards for Grafana and the rules for Prometheus that go with a configuration.
    #[command(after_help = "Examples:
  laggard config files .                       dashboards/ and alerts/ as they come
  laggard config files /etc/laggard --config laggard.toml
                                               the cluster's label called as metrics.cluster_label says")]
    Files {
        /// Where to: into dashboards/ and alerts/ below it, over files of the same names.
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
        /// The source.
        #[command(flatten)]
        source: Box<SourceArgs>,
    },
}

/// `doctor` has no rows to write as CSV.
fn doctor_form(text: &str) -> Result<Output, String> {
    match text {
        "table" => Ok(Output::Table),
        "json" => Ok(Output::Json),
        _ => Err("write table or json".to_owned()),
    }
}

/// How fast a recording is played.
fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    speed
        .filter(|s| (0.01..=10_000.0).contains(s))
        .ok_or_else(|| "write a number from 0.01 to 10000, for example 60".to_owned())
}

/// `rules`.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesCommand {
    /// Reads Prometheus rule files as Laggard does and prints every error with its place.
    Check {
        /// Rule files, or directories of them; none: the rules that come with Laggard.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Replays a recording and tells when each alert would have fired, been held and resolved.
    #[command(after_help = "Examples:
  laggard rules test --replay incident.jsonl.zst
  laggard rules test my-rules.yml --replay /var/lib/laggard/flight-recorder --output timeline")]
    Test {
        /// Rule files, or directories of them; none: the rules that were recorded.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A recording, or the directory of a flight recorder.
        #[arg(long, value_name = "FILE")]
        replay: PathBuf,
        /// A configuration whose policies are gone by instead of the recorded ones.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// In which form: table, timeline or json.
        #[arg(
            long,
            value_name = "FORM",
            value_enum,
            default_value_t,
            hide_possible_values = true
        )]
        output: CourseOutput,
    },
}

/// The form of a back-test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CourseOutput {
    /// A line an alert.
    #[default]
    Table,
    /// Drawn over time.
    Timeline,
    /// For programs.
    Json,
}

/// A number of records.
fn records(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    digits
        .parse()
        .map_err(|_| "write a whole number of records, for example 10000".to_owned())
}

/// At least one of something.
fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "write a whole number, 1 or more".to_owned())
}

/// At least one member.
fn members(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("with 0 members nobody reads; write 1 or more".to_owned()),
        Ok(n @ 1..=100_000) => Ok(n),
        _ => Err("write a whole number from 1 to 100000".to_owned()),
    }
}

/// `24`, or `orders=24`.
fn partitions(text: &str) -> Result<(Option<String>, u32), String> {
    let (topic, count) = match text.rsplit_once('=') {
        Some((topic, count)) if !topic.is_empty() => (Some(topic.to_owned()), count),
        _ => (None, text),
    };
    match count.parse() {
        Ok(n @ 1..=1_000_000) => Ok((topic, n)),
        _ => Err("write a number of partitions, 24, or a topic and a number, orders=24".to_owned()),
    }
}

/// An exponent of Zipf's law.
fn skew(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(s) if (0.0..=3.0).contains(&s) => Ok(s),
        _ => Err("write a number from 0 (even) to 3".to_owned()),
    }
}

/// Where to listen.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.replacen("localhost", "127.0.0.1", 1)
        .parse()
        .map_err(|_| "write an address and a port, for example 127.0.0.1:19092".to_owned())
}
