//! From what was typed to what can be run: the configuration is read, clusters are chosen, and
//! every problem is said at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::{Exit, SourceArgs};
use crate::config::{self, Cluster, Config, Environment, FlagSetting, Loaded};
use crate::model::{
    Clock, ClusterSettings, Notify, Observation, Secret, Settings, Span, Timestamp,
};
use crate::pipeline::Pipeline;
use crate::recording::Tap;
use crate::remote::{self, Client, Follower};
use crate::sim::scenario;
use crate::source::kafka::{KafkaConfig, KafkaSource};
use crate::source::stamp::Stamper;
use crate::timeline::{Instead, Player, Tape, TimelineError};
use crate::tui::{self, Deck};

use super::demo::{Demo, INTERVAL, RunningDemo};
use super::envoy::Envoy;
use super::kafka::kafka_config;
use super::past::{Followed, Played};
use super::recall::{self, Recall};
use super::rules;
use super::session::{AT_LEAST_EACH, Desk, Feed, Session, Start};

/// What a command says when it cannot start.
#[derive(Debug)]
pub struct Refusal {
    /// For stderr.
    pub text: String,
    /// The code.
    pub exit: Exit,
}

impl Refusal {
    /// Usage or configuration.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            exit: Exit::Usage,
        }
    }

    /// The command's own work failed.
    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            exit: Exit::Breach,
        }
    }
}

/// Everything that a session needs, and what faces may print of it.
pub(super) struct Setup {
    /// The configuration in force.
    pub(super) config: Config,
    /// What is read, in a few words.
    pub(super) label: Arc<str>,
    /// Where it connects to, for the first frame.
    pub(super) connecting_to: Arc<str>,
    /// The time.
    pub(super) clock: Clock,
    /// Warnings about the configuration.
    pub(super) warnings: Vec<String>,
    /// How each cluster is reached, for `doctor`.
    pub(super) kafka: Vec<KafkaConfig>,
    /// Writes down what is observed.
    pub(super) tap: Option<Tap>,
    /// Takes what is to be told.
    pub(super) telling: Option<(Desk, mpsc::Receiver<Observation>)>,
    /// Where the pipeline begins, if not anew.
    pub(super) begin: Option<Box<dyn FnOnce() -> Pipeline + Send>>,
    /// What is replayed, instead of reading a cluster.
    pub(super) replay: Option<Replay>,
    /// What is followed, instead of reading a cluster.
    pub(super) attach: Option<Attach>,
    pub(super) settings: Settings,
    feeds: Vec<Feed>,
    demo: Option<RunningDemo>,
    /// Takes the snapshots of the time before.
    keep: Option<tui::Past>,
}

/// A recording to be shown.
pub(super) struct Replay {
    /// Which.
    pub(super) tape: Tape,
    /// From when; without it, faces that run begin at its beginning, others show its end.
    pub(super) at: Option<Timestamp>,
    /// The clusters that are asked for; none: all.
    pub(super) clusters: Vec<String>,
    speed: f64,
    player: Option<Player>,
}

/// A `serve` to be followed.
pub(super) struct Attach {
    /// How it is asked.
    pub(super) client: Client,
    /// The time to show; without it, now.
    pub(super) at: Option<Timestamp>,
    /// Only these clusters.
    pub(super) clusters: Vec<String>,
    /// What a screen's orders need.
    pub(super) token: Option<Secret>,
}

/// What must live as long as a session.
#[derive(Default)]
pub(super) struct Kept {
    /// What the screen may ask of a source with a past.
    pub(super) deck: Option<Deck>,
    _player: Option<Player>,
    _follower: Option<Follower>,
    _demo: Option<RunningDemo>,
}

/// What to say when there is nothing to connect to.
const NOTHING: &str = "error: there is nothing to connect to. One of these helps:

  laggard demo                                    an embedded cluster, to look around
  laggard --bootstrap-server HOST:PORT            a real cluster (--command-config FILE for TLS, SASL)
  laggard config example > laggard.toml           a file with every setting; then:
  laggard --config laggard.toml
";

/// Reads the configuration and chooses clusters.
///
/// # Errors
///
/// Every problem of the configuration at once; nothing to connect to; an unknown scenario.
pub(super) fn set_up(source: &SourceArgs, more: &[FlagSetting]) -> Result<Setup, Refusal> {
    set_up_in(&Environment::of_process(), source, more)
}

fn set_up_in(
    environment: &Environment,
    source: &SourceArgs,
    more: &[FlagSetting],
) -> Result<Setup, Refusal> {
    let stamper = Stamper::new();
    let clock: Clock = Arc::new(move || stamper.now());
    let loaded = load_in(environment, source, more)?;
    let mut warnings: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
    let mut config = loaded.config;
    if let Some(url) = &source.attach {
        return attach(url, source, config, clock);
    }
    if let Some(path) = &source.replay {
        // What stands in the environment is for all commands, and no reason to judge a recording
        // otherwise than it was.
        let named = source.config.is_some() && source.config != environment.config_path();
        return replay(path, source, config, named);
    }
    if let Some(name) = &source.demo {
        let mut asked = named_demo(name)?;
        read_demo_each(&mut asked, source.poll_interval)?;
        return demo(&asked, config);
    }
    read_each(&mut config, source.poll_interval)?;
    let clusters = chosen(&config, source)?;
    let (mut feeds, mut reached) = (Vec::new(), Vec::new());
    let mut problems = Vec::new();
    for cluster in &clusters {
        match kafka_config(cluster) {
            Ok(kafka) => {
                reached.push(kafka.clone());
                feeds.push(Feed {
                    cluster: cluster.name.clone(),
                    source: Box::new(KafkaSource::new(kafka, stamper)),
                });
            }
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(Refusal::usage(problems.join("\n")));
    }
    let mut settings = config.settings();
    settings.rules = rules::in_force(&config)?;
    warnings.extend(rules::never_beat(&config.receivers, &settings.rules));
    settings
        .clusters
        .retain(|s| clusters.iter().any(|c| c.name == s.cluster));
    let servers: Vec<_> = clusters.iter().map(Cluster::bootstrap).collect();
    let names: Vec<_> = clusters.iter().map(|c| c.name.to_string()).collect();
    Ok(Setup {
        label: names.join(", ").into(),
        connecting_to: servers.join(", ").into(),
        config,
        clock,
        warnings,
        kafka: reached,
        tap: None,
        telling: None,
        begin: None,
        replay: None,
        attach: None,
        settings,
        feeds,
        demo: None,
        keep: None,
    })
}

/// Everything for a `serve` that runs elsewhere.
fn attach(url: &str, source: &SourceArgs, config: Config, clock: Clock) -> Result<Setup, Refusal> {
    let client = client(url, source)?;
    let label: Arc<str> = format!("attached: {}", client.address()).into();
    Ok(Setup {
        connecting_to: client.address().into(),
        label,
        config,
        clock,
        warnings: Vec::new(),
        kafka: Vec::new(),
        tap: None,
        telling: None,
        begin: None,
        replay: None,
        attach: Some(Attach {
            client,
            at: source.at,
            clusters: source.cluster.clone(),
            token: None,
        }),
        settings: Settings::default(),
        feeds: Vec::new(),
        demo: None,
        keep: None,
    })
}

/// Who asks a `serve` that runs elsewhere.
///
/// # Errors
///
/// When its address, a header or a certificate cannot be used.
pub(super) fn client(url: &str, source: &SourceArgs) -> Result<Client, Refusal> {
    let headers = source.attach_header.iter().map(|h| header(h));
    let options = remote::Options {
        url: url.to_owned(),
        headers: headers.collect::<Result<_, _>>()?,
        ca_file: source.attach_ca.clone(),
        cert_and_key: source.attach_cert.clone().zip(source.attach_key.clone()),
    };
    Client::new(&options).map_err(|e| Refusal::usage(format!("error: {e}")))
}

/// A header as it was typed; its value may stand elsewhere, so that it is in no list of processes.
fn header(text: &str) -> Result<(String, String), Refusal> {
    let wrong = |why: String| Refusal::usage(format!("error: --attach-header: {why}"));
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| wrong("write it as NAME: VALUE".to_owned()))?;
    let value = value.trim();
    let value = if let Some(variable) = value.strip_prefix("env:") {
        std::env::var(variable).map_err(|_| wrong(format!("there is no variable {variable}")))?
    } else if let Some(path) = value.strip_prefix("file:") {
        let read = std::fs::read_to_string(path);
        read.map_err(|e| wrong(format!("{path}: {e}")))?
    } else {
        value.to_owned()
    };
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Everything for a recording: it is judged by the settings that it carries, or by the policies and
/// rules of a configuration that is named.
fn replay(
    path: &Path,
    source: &SourceArgs,
    config: Config,
    judge_anew: bool,
) -> Result<Setup, Refusal> {
    let mut tape = Tape::open(path).map_err(|error| Refusal::failed(format!("error: {error}")))?;
    if judge_anew {
        tape = tape.judged_by(Instead {
            rules: Some(rules::in_force(&config)?),
            policies: Some(config.settings().policies),
        });
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    let label: Arc<str> = format!("replay: {}", name.to_string_lossy()).into();
    Ok(Setup {
        connecting_to: Arc::clone(&label),
        label,
        config,
        clock: Arc::new(Timestamp::default),
        warnings: Vec::new(),
        kafka: Vec::new(),
        tap: None,
        telling: None,
        begin: None,
        replay: Some(Replay {
            tape,
            at: source.at,
            clusters: source.cluster.clone(),
            speed: source.speed.unwrap_or(1.0),
            player: None,
        }),
        attach: None,
        settings: Settings::default(),
        feeds: Vec::new(),
        demo: None,
        keep: None,
    })
}

/// Reads the configuration alone.
///
/// # Errors
///
/// Every error in it.
pub(super) fn load(source: &SourceArgs, more: &[FlagSetting]) -> Result<Loaded, Refusal> {
    load_in(&Environment::of_process(), source, more)
}

fn load_in(
    environment: &Environment,
    source: &SourceArgs,
    more: &[FlagSetting],
) -> Result<Loaded, Refusal> {
    let mut flags = flags(source);
    flags.extend(more.iter().cloned());
    let loaded = config::load(source.config.as_deref(), environment, &flags);
    if loaded.is_usable() {
        return Ok(loaded);
    }
    Err(Refusal::usage(config::print(&loaded.problems)))
}

/// The configuration of a demo: the parts that are not about clusters, from the environment.
///
/// # Errors
///
/// Every error in it.
pub(super) fn load_for_demo(source: &SourceArgs, more: &[FlagSetting]) -> Result<Config, Refusal> {
    let mut flags = flags(source);
    flags.extend(more.iter().cloned());
    let environment =
        Environment::of_process().only(&["http", "log", "metrics", "group", "notify"]);
    let loaded = config::load(None, &environment, &flags);
    if loaded.is_usable() {
        return Ok(loaded.config);
    }
    Err(Refusal::usage(config::print(&loaded.problems)))
}

/// What flags set, as settings: one place for each, whichever layer it comes from.
fn flags(source: &SourceArgs) -> Vec<FlagSetting> {
    let mut flags = Vec::new();
    let mut set = |flag, path: &[&str], value: String| {
        let path = path.iter().map(|p| (*p).to_owned()).collect();
        flags.push(FlagSetting { flag, path, value });
    };
    let name = source.cluster.first().map_or("kafka", String::as_str);
    if let Some(servers) = &source.bootstrap_server {
        set(
            "--bootstrap-server",
            &["clusters", name, "bootstrap_servers"],
            servers.clone(),
        );
        if let Some(file) = &source.command_config {
            let file = file.display().to_string();
            set(
                "--command-config",
                &["clusters", name, "command_config"],
                file,
            );
        }
    }
    if let Some(level) = &source.log_level {
        set("--log-level", &["log", "level"], level.clone());
    }
    flags
}

/// The clusters that are asked for.
fn chosen(config: &Config, source: &SourceArgs) -> Result<Vec<Cluster>, Refusal> {
    if source.bootstrap_server.is_some() {
        let name = source.cluster.first().map_or("kafka", String::as_str);
        return Ok(config
            .clusters
            .iter()
            .filter(|c| c.name.as_str() == name)
            .cloned()
            .collect());
    }
    if config.clusters.is_empty() {
        return Err(Refusal::usage(NOTHING));
    }
    let by_name: BTreeMap<_, _> = config
        .clusters
        .iter()
        .map(|c| (c.name.as_str(), c))
        .collect();
    let unknown: Vec<_> = source
        .cluster
        .iter()
        .filter(|n| !by_name.contains_key(n.as_str()))
        .collect();
    if let Some(name) = unknown.first() {
        let known: Vec<_> = by_name.keys().copied().collect();
        return Err(Refusal::usage(format!(
            "error: --cluster {name}: no such cluster is configured; there are: {}",
            known.join(", ")
        )));
    }
    let asked = |c: &&Cluster| {
        source.cluster.is_empty() || source.cluster.iter().any(|n| c.name.as_str() == n)
    };
    Ok(config.clusters.iter().filter(asked).cloned().collect())
}

/// `--poll-interval`, for every cluster: the source reads by it and the pipeline judges by it.
fn read_each(config: &mut Config, interval: Option<Span>) -> Result<(), Refusal> {
    let Some(interval) = interval else {
        return Ok(());
    };
    for cluster in &mut config.clusters {
        if interval < Span::from_secs(1) || cluster.stale_for < interval.times(2) {
            return Err(Refusal::usage(format!(
                "error: --poll-interval {interval}: write at least 1s, and at most half of stale_for ({}) of the cluster `{}`",
                cluster.stale_for, cluster.name
            )));
        }
        cluster.poll_interval = interval;
    }
    Ok(())
}

/// The demo of this name.
///
/// # Errors
///
/// With all names, if there is none.
pub(super) fn named_demo(name: &str) -> Result<Demo, Refusal> {
    let scenario = scenario::named(name).ok_or_else(|| {
        let names: Vec<_> = scenario::names()
            .map(|(n, shows)| format!("  {n:<22} {shows}"))
            .collect();
        let guess = crate::config::nearest(name, scenario::names().map(|(n, _)| n)).map_or_else(
            || ".".to_owned(),
            |near| format!("; did you mean `{near}`?"),
        );
        Refusal::usage(format!(
            "error: there is no scenario `{name}`{guess} There are:\n{}",
            names.join("\n")
        ))
    })?;
    Ok(Demo {
        scenario,
        seed: 7,
        listen: ([127, 0, 0, 1], 0).into(),
        interval: INTERVAL,
    })
}

/// `--poll-interval` of a demo.
///
/// # Errors
///
/// When its readings would be stale before the next ones.
pub(super) fn read_demo_each(demo: &mut Demo, interval: Option<Span>) -> Result<(), Refusal> {
    demo.interval = interval.unwrap_or(demo.interval);
    let stale_for = ClusterSettings::named("demo".into()).stale_for;
    if demo.interval < Span::from_secs(1) || stale_for < demo.interval.times(2) {
        return Err(Refusal::usage(format!(
            "error: --poll-interval {}: write at least 1s, and at most half of {stale_for}",
            demo.interval
        )));
    }
    Ok(())
}

/// Everything for an embedded cluster.
///
/// # Errors
///
/// When its ports cannot be had.
pub(super) fn demo(demo: &Demo, mut config: Config) -> Result<Setup, Refusal> {
    // Nobody wants a demo's numbers among the real ones.
    config.statsd.address = None;
    let stamper = Stamper::new();
    let clock: Clock = Arc::new(move || stamper.now());
    let running = RunningDemo::start(demo, clock.clone()).map_err(|error| {
        Refusal::failed(format!(
            "error: the embedded cluster cannot listen on {}: {error}",
            demo.listen
        ))
    })?;
    let Settings {
        policies, notify, ..
    } = config.settings();
    let rules = rules::in_force(&config)?;
    Ok(Setup {
        label: format!("demo: {}", demo.scenario.name).into(),
        connecting_to: running.bootstrap().into(),
        clock,
        warnings: Vec::new(),
        kafka: vec![running.kafka_config()],
        settings: Settings {
            clusters: vec![running.settings()],
            policies,
            rules,
            notify,
        },
        feeds: vec![running.feed(stamper)],
        tap: None,
        telling: None,
        begin: None,
        replay: None,
        attach: None,
        config,
        demo: Some(running),
        keep: None,
    })
}

impl Setup {
    /// Whether what is read is no cluster as it is now: a recording, or an embedded one.
    pub(super) fn is_unreal(&self) -> bool {
        self.replay.is_some() || self.demo.is_some()
    }

    /// Puts routes in force.
    pub(super) fn tell(&mut self, notify: Notify) {
        self.settings.notify = notify;
    }

    /// For screens: where snapshots of the time before its start will stand, if there are any.
    pub(super) fn keep_past(&mut self) -> tui::Past {
        self.keep.get_or_insert_default().clone()
    }

    /// For faces that run: puts the recording, if there is one, on, so that its clock is theirs.
    ///
    /// # Errors
    ///
    /// When it cannot be read or does not reach to the time asked for.
    pub(super) fn put_on(&mut self) -> Result<(), Refusal> {
        if let Some(replay) = &mut self.replay {
            let player = Player::start(replay.tape.clone(), replay.at, replay.speed);
            let player = player.map_err(|error| cannot_show(&error))?;
            self.clock = player.clock();
            replay.player = Some(player);
        }
        Ok(())
    }

    /// Starts reading. What is returned beside the session must live as long as it.
    ///
    /// # Errors
    ///
    /// Those of [`Setup::put_on`].
    pub(super) fn start(mut self, cut_each: Option<Duration>) -> Result<(Session, Kept), Refusal> {
        if self.replay.as_ref().is_some_and(|r| r.player.is_none()) {
            self.put_on()?;
        }
        let replay = self.replay.and_then(|r| Some((r.player?, r.tape)));
        if let Some((player, tape)) = replay {
            let session = Session::showing(player.snapshots.clone(), self.clock);
            let played = Played {
                position: player.position.clone(),
                orders: player.orders.clone(),
                recall: Recall::new(recall::Kept::Tape(tape)),
            };
            let kept = Kept {
                deck: Some(Deck(Arc::new(played))),
                _player: Some(player),
                ..Kept::default()
            };
            return Ok((session, kept));
        }
        if let Some(Attach { client, token, .. }) = self.attach {
            let follower = Follower::start(client.clone(), Arc::clone(&self.clock));
            let follower = follower.map_err(|e| Refusal::failed(format!("error: {e}")))?;
            let session = Session::showing(follower.snapshots.clone(), follower.clock());
            let envoy = Envoy::new(client.clone(), token);
            let followed = Followed::new(follower.link.clone(), client, envoy);
            let kept = Kept {
                deck: Some(Deck(Arc::new(followed))),
                _follower: Some(follower),
                ..Kept::default()
            };
            return Ok((session, kept));
        }
        let past: Box<dyn Iterator<Item = Observation> + Send> = match &self.demo {
            Some(demo) => Box::new(demo.past()),
            None => Box::new(std::iter::empty()),
        };
        let session = Session::start(Start {
            settings: Arc::new(self.settings),
            begin: self.begin.unwrap_or_else(|| Box::new(Pipeline::new)),
            past,
            keep: self.keep,
            feeds: self.feeds,
            cut_each: cut_each.unwrap_or(AT_LEAST_EACH),
            clock: self.clock,
            tap: self.tap,
            telling: self.telling,
            stop: CancellationToken::new(),
        });
        let kept = Kept {
            _demo: self.demo,
            ..Kept::default()
        };
        Ok((session, kept))
    }
}

/// What a recording cannot show is not known; one that cannot be read is a failure.
pub(super) fn cannot_show(error: &TimelineError) -> Refusal {
    let exit = match error {
        TimelineError::Open { .. } => Exit::Breach,
        _ => Exit::Unknown,
    };
    Refusal {
        text: format!("error: {error}"),
        exit,
    }
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
