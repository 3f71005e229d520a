//! `top`, `serve` and `demo`: what runs until it is told to stop.

use std::io::IsTerminal;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::alerts::Teller;
use crate::catalog;
use crate::cli::{DemoArgs, Exit, ServeArgs, SourceArgs, TopArgs};
use crate::config::{Config, FlagSetting, PacketBytes, ReceiverSettings};
use crate::export::statsd::Statsd;
use crate::http::{Commands, Http, Listener, Web, serve as serve_http};
use crate::model::{Notify, Observation, Snapshot};
use crate::notify::Links;
use crate::sim::scenario;
use crate::store::{Audit, Ledger, StateDir};
use crate::timeline::Tape;
use crate::tui;

use super::super::demo::Demo;
use super::super::desk::Desk;
use super::super::envoy;
use super::super::flight;
use super::super::logging;
use super::super::orders::{self, Clerk, Reloading};
use super::super::receivers::{self, Telling};
use super::super::session::Session;
use super::super::setup::{self, Refusal, Setup, set_up};
use super::{oneshot, print, tell};

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// `top`.
pub(super) async fn top(args: &TopArgs) -> Result<Exit, Refusal> {
    let mut setup = set_up(&args.source, &[])?;
    if !can_draw() {
        logging::to_stderr(&setup.config.log, "error")?;
        return oneshot::one_table(setup).await;
    }
    setup.put_on()?;
    let ring = logging::to_ring(&setup.config.log, setup.clock.clone())?;
    for warning in &setup.warnings {
        tracing::warn!("{warning}");
    }
    let mut options = screen(&setup, args);
    if let (Some(attach), Some(file)) = (&mut setup.attach, &args.token_file) {
        attach.token = Some(envoy::token(file)?);
    }
    let attach = setup.attach.as_ref();
    options.at = attach.and_then(|a| a.at);
    let cluster = attach.and_then(|a| a.clusters.first());
    options.cluster = cluster.map(|c| c.as_str().into());
    let deliver = Deliver::on_request(args.deliver);
    if deliver.wanted && setup.attach.is_some() {
        return Err(Refusal::usage(
            "error: --deliver and --attach: whoever evaluates the alerts tells of them, and that is the \
             `laggard serve` that is attached to",
        ));
    }
    options.past = Some(setup.keep_past());
    let telling = tell_receivers(&mut setup, None, "", deliver)?;
    let played = setup.telling.take_if(|_| setup.replay.is_some());
    let routes = setup.settings.notify.clone();
    let (mut session, demo) = setup.start(None)?;
    let played = played.map(|told| tell_of_played(told, routes, session.snapshots.clone()));
    let clock = session.clock.clone();
    options.deck.clone_from(&demo.deck);
    let left = show(&mut session, ring, clock, options, None).await;
    session.shut_down(PATIENCE).await;
    drop(demo);
    land(played, telling).await;
    left
}

/// Tells of the alerts in the snapshots of a recording, until it is aborted. What comes of it stands
/// in the log alone: the snapshots are as they were recorded.
fn tell_of_played(
    (mut desk, mut came): (Desk, tokio::sync::mpsc::Receiver<Observation>),
    routes: Notify,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
) -> JoinHandle<()> {
    let mut teller = Teller::new(routes);
    tokio::spawn(async move {
        loop {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let notifications = teller.look(&snapshot);
            tokio::task::block_in_place(|| desk.pass_on(snapshot, notifications));
            tokio::select! {
                changed = snapshots.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = async { while came.recv().await.is_some() {} } => return,
            }
        }
    })
}

/// Ends what tells receivers: the desk first, so that all of it is written.
async fn land(played: Option<JoinHandle<()>>, telling: Option<Telling>) {
    if let Some(played) = played {
        played.abort();
        let _ = played.await;
    }
    if let Some(telling) = telling {
        let _ = tokio::time::timeout(PATIENCE, telling.land()).await;
    }
}

/// Whether the output is a terminal that can place a cursor.
fn can_draw() -> bool {
    std::io::stdout().is_terminal() && tui::Options::can_draw(|name| std::env::var(name).ok())
}

fn screen(setup: &Setup, args: &TopArgs) -> tui::Options {
    tui::Options {
        source: Arc::clone(&setup.label),
        connecting_to: Arc::clone(&setup.connecting_to),
        group: args.group.as_deref().map(Arc::from),
        ..tui::Options::from_env(|name| std::env::var(name).ok())
    }
}

/// The screen, until it is left, or a part of the session or the HTTP server beside it ends.
async fn show(
    session: &mut Session,
    ring: tui::LogRing,
    clock: crate::model::Clock,
    options: tui::Options,
    http: Option<(Listener, Http)>,
) -> Result<Exit, Refusal> {
    let stop = session.stop.clone();
    let screen = tui::run(
        session.snapshots.clone(),
        ring,
        clock,
        options,
        stop.clone(),
    );
    let beside = async {
        match http {
            Some((listener, http)) => serve_http(listener, http, stop.child_token()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        left = screen => match left {
            Ok(tui::Left::Quit) => Ok(Exit::Ok),
            Ok(tui::Left::Signal(number)) => Ok(Exit::Signal(number)),
            Err(error) => Err(Refusal::failed(format!("error: {error}"))),
        },
        ended = session.ended_early() => Err(ended_badly(ended.err().map(|e| e.to_string()))),
        ended = beside => Err(ended_badly(ended.err().map(|e| format!("the HTTP server ended: {e}")))),
    }
}

fn ended_badly(why: Option<String>) -> Refusal {
    Refusal::failed(format!(
        "error: {}",
        why.unwrap_or_else(|| "a part of Laggard ended".to_owned())
    ))
}

/// `serve`.
pub(super) async fn serve(args: &ServeArgs) -> Result<Exit, Refusal> {
    let listen = listen_flag(args.listen.as_deref());
    let setup = set_up(&args.source, &listen)?;
    logging::to_stderr(&setup.config.log, setup.config.log.level.as_str())?;
    for warning in &setup.warnings {
        tracing::warn!("{warning}");
    }
    // A recording, or an embedded cluster, leaves nothing behind.
    let keeps = setup.replay.is_none() && args.source.demo.is_none();
    let state_dir = setup.config.state_dir.clone().filter(|_| keeps);
    let flight = match state_dir {
        Some(dir) => flight::board(&dir, setup.config.flight_recorder.max_size, &setup.clock)?,
        None => None,
    };
    let deliver = Deliver {
        wanted: keeps || args.deliver,
        how: "--deliver",
    };
    let reloading = Reloading::new(&args.source, &listen, &setup);
    headless(setup, flight, deliver, keeps.then_some(reloading)).await
}

/// Whether receivers are told by this process.
#[derive(Clone, Copy)]
struct Deliver {
    wanted: bool,
    /// The flag that makes it so.
    how: &'static str,
}

impl Deliver {
    /// For what tells only where that is asked for.
    const fn on_request(wanted: bool) -> Self {
        let how = "--deliver";
        Self { wanted, how }
    }
}

fn listen_flag(listen: Option<&str>) -> Vec<FlagSetting> {
    let setting = |value: &str| FlagSetting {
        flag: "--listen",
        path: vec!["http".to_owned(), "listen".to_owned()],
        value: value.to_owned(),
    };
    listen.map(setting).into_iter().collect()
}

/// Reads and serves until a signal.
async fn headless(
    mut setup: Setup,
    flight: Option<(flight::Flight, flight::Aboard)>,
    deliver: Deliver,
    reloading: Option<Reloading>,
) -> Result<Exit, Refusal> {
    setup.put_on()?;
    let offer = listen(&setup).await?;
    tracing::info!("reading {} ({})", setup.label, setup.connecting_to);
    tracing::info!(
        "{}/ (metrics, /api/v1/snapshot, /healthz, /readyz)",
        offer.address()
    );
    let (label, clock) = (Arc::clone(&setup.label), setup.clock.clone());
    let mut config = setup.config.clone();
    if setup.is_unreal() && !deliver.wanted {
        // What was, or never was, is not to be told to others as what is.
        config.statsd.address = None;
    }
    let replayed = setup.replay.as_ref().map(|r| r.tape.clone());
    let past = replayed.or_else(|| flight.as_ref().map(|(f, _)| f.tape.clone()));
    let mut ledger = None;
    let flight = flight.map(|(flight, aboard)| {
        setup.begin = Some(aboard.begin);
        setup.tap = Some(aboard.tap);
        ledger = Some(aboard.ledger);
        flight
    });
    let telling = tell_receivers(&mut setup, ledger, &offer.address(), deliver)?;
    let state = flight.as_ref().map(|f| &f.state);
    let token = orders::token(&config, state).map_err(|e| Refusal::usage(format!("error: {e}")))?;
    let audit = state.and_then(audit);
    let roster = telling.as_ref().filter(|_| deliver.wanted);
    let roster = roster.map(|telling| Arc::clone(telling.roster()));
    let played = setup.telling.take_if(|_| setup.replay.is_some());
    let routes = setup.settings.notify.clone();
    let (mut session, demo) = setup.start(None)?;
    let played = played.map(|told| tell_of_played(told, routes, session.snapshots.clone()));
    let clerk = session.orders.clone().zip(reloading);
    let clerk = clerk.map(|(out, reloading)| {
        let reloading = reloading.telling(roster);
        Clerk::new(clock.clone(), out, audit, reloading)
    });
    let clerk = clerk.map(Arc::new);
    let commands = token.zip(clerk.as_ref());
    let commands = commands.map(|(token, clerk)| orders::commands(token, clerk));
    let (listener, http) = offer.http(&session, clock, past, commands);
    let (stop_pushing, mut pushing) = push(&config, &label, &session);
    // Ended by a signal or by a failure: the listener drains either way.
    let cancel = CancellationToken::new();
    let mut serving = tokio::spawn(serve_http(listener, http, cancel.clone()));
    let ended = tokio::select! {
        number = ending_signal(clerk.as_deref()) => {
            tracing::info!("signal {number}: ending");
            Ok(Exit::Ok)
        }
        ended = session.ended_early() => Err(ended_badly(ended.err().map(|e| e.to_string()))),
        ended = &mut serving => Err(ended_badly(match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("the HTTP server ended: {error}")),
            Err(error) => Some(format!("the HTTP server broke: {error}")),
        })),
        ended = &mut pushing => Err(ended_badly(ended.err().map(|e| format!("StatsD broke: {e}")))),
    };
    cancel.cancel();
    drop(stop_pushing);
    if !serving.is_finished() {
        let _ = tokio::time::timeout(PATIENCE, serving).await;
    }
    session.shut_down(PATIENCE).await;
    drop(demo);
    land(played, telling).await;
    if let Some(flight) = flight {
        let _ = tokio::time::timeout(PATIENCE, flight.land()).await;
    }
    ended
}

/// Starts the receivers, and says at the start who tells whom.
fn tell_receivers(
    setup: &mut Setup,
    ledger: Option<Arc<Ledger>>,
    address: &str,
    deliver: Deliver,
) -> Result<Option<Telling>, Refusal> {
    let settings = setup.config.receivers.clone();
    let tells = deliver.wanted && !settings.is_empty();
    say_who_tells(&settings, tells, deliver);
    let ledger = match ledger {
        Some(ledger) => ledger,
        None if !deliver.wanted => return Ok(None),
        None => {
            let ledger = Ledger::in_memory();
            Arc::new(ledger.map_err(|e| Refusal::failed(format!("error: {e}")))?)
        }
    };
    let (told, routes) = if tells {
        (settings.as_slice(), receivers::routes(&setup.config))
    } else {
        (&[][..], receivers::no_routes())
    };
    setup.tell(routes);
    let links = Links {
        base: setup
            .config
            .http
            .external_url
            .as_ref()
            .map_or(address, |u| u.as_str())
            .into(),
    };
    let clock = setup.clock.clone();
    let (telling, desk, observations) = receivers::start(told, links, clock, ledger)?;
    setup.telling = Some((desk, observations));
    Ok(Some(telling))
}

fn say_who_tells(settings: &[ReceiverSettings], tells: bool, deliver: Deliver) {
    let who = receivers::in_words(settings);
    if settings.is_empty() {
        tracing::info!("alerts are evaluated and shown; no receiver is configured to be told");
    } else if tells {
        tracing::info!("this process tells of alerts: {who}");
    } else {
        let how = deliver.how;
        tracing::info!("this process tells nobody of alerts; {how} would tell {who}");
    }
}

/// A listener with all that its face needs but the snapshots.
struct Offer {
    listener: Listener,
    internals: PrometheusHandle,
    options: catalog::Options,
    web: Web,
    prefix: String,
}

impl Offer {
    /// Where it is, for people.
    fn address(&self) -> String {
        let scheme = if self.web.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.listener.addr(), self.prefix)
    }

    fn http(
        self,
        session: &Session,
        clock: crate::model::Clock,
        past: Option<Tape>,
        commands: Option<Commands>,
    ) -> (Listener, Http) {
        let internals = self.internals;
        let http = Http {
            snapshots: session.snapshots.clone(),
            clock,
            options: self.options,
            internals: Arc::new(move || internals.render()),
            past,
            web: self.web,
            commands,
            prefix: self.prefix,
        };
        (self.listener, http)
    }
}

async fn listen(setup: &Setup) -> Result<Offer, Refusal> {
    let http = &setup.config.http;
    let web = match &http.web_config {
        Some(path) => Web::load(path).map_err(|e| Refusal::usage(format!("error: {e}")))?,
        None => Web::default(),
    };
    let listener = Listener::bind(&http.listen.to_string())
        .await
        .map_err(|error| Refusal::failed(format!("error: {error}")))?;
    let internals = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| {
            Refusal::failed(format!("error: metrics of its own cannot be kept: {error}"))
        })?;
    for internal in catalog::internal::ALL {
        metrics::describe_counter!(internal.name, internal.help);
        if internal.labels.is_empty() {
            // There from the first scrape on, lest a rate begin with the first trouble.
            metrics::counter!(internal.name).increment(0);
        }
    }
    Ok(Offer {
        listener,
        internals,
        options: setup.config.metrics.options(&setup.label),
        web,
        prefix: http.prefix().to_owned(),
    })
}

/// Sends gauges until the sender that comes with it is dropped; never ends if nothing is to be
/// sent.
fn push(config: &Config, label: &str, session: &Session) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = mpsc::channel();
    let Some(address) = config.statsd.address.clone() else {
        return (stop, tokio::spawn(std::future::pending()));
    };
    let of = &config.statsd;
    let statsd = Statsd {
        address,
        dialect: of.dialect,
        template: of.template.clone(),
        prefix: of.prefix.as_str().to_owned(),
        packet_bytes: of.packet_bytes.map(PacketBytes::get),
        interval: of.interval.to_std(),
        options: config.metrics.statsd_options(of, label),
    };
    let snapshots = session.snapshots.clone();
    let newest = move || Arc::clone(&snapshots.borrow());
    (
        stop,
        tokio::task::spawn_blocking(move || statsd.run(newest, &stopped)),
    )
}

/// The audit log. Without one, commands are taken all the same, and the log says so.
fn audit(state: &StateDir) -> Option<Audit> {
    let opened = state.audit();
    let opened = opened.inspect_err(|e| tracing::warn!("there is no audit log: {e}"));
    opened.ok()
}

/// The number of the signal that ends the process. A handler that cannot be set is one less way
/// to end it, no reason to. Where something can be reloaded, SIGHUP does that and ends nothing.
pub(super) async fn ending_signal(clerk: Option<&Clerk>) -> i32 {
    let mut waits = vec![
        arrives(SignalKind::terminate()),
        arrives(SignalKind::interrupt()),
    ];
    let Some(clerk) = clerk else {
        waits.push(arrives(SignalKind::hangup()));
        return futures::future::select_all(waits).await.0;
    };
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        return futures::future::select_all(waits).await.0;
    };
    let reloads = async {
        while hangups.recv().await.is_some() {
            // What is wrong is logged there.
            let _ = clerk.reload_for("SIGHUP").await;
        }
        std::future::pending().await
    };
    tokio::select! {
        (number, ..) = futures::future::select_all(waits) => number,
        number = reloads => number,
    }
}

fn arrives(kind: SignalKind) -> futures::future::BoxFuture<'static, i32> {
    Box::pin(async move {
        match signal(kind) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
        kind.as_raw_value()
    })
}

/// `demo`: the dashboard on the embedded cluster, with the listeners of `serve` beside it.
pub(super) async fn demo(args: &DemoArgs) -> Result<Exit, Refusal> {
    if args.scenario == "list" {
        let lines: Vec<_> = scenario::names()
            .map(|(n, shows)| format!("{n:<22} {shows}\n"))
            .collect();
        return print(lines.concat().as_bytes());
    }
    let source = SourceArgs {
        log_level: args.log_level.clone(),
        ..SourceArgs::default()
    };
    let config = setup::load_for_demo(&source, &listen_flag(args.listen.as_deref()))?;
    let deliver = Deliver {
        wanted: args.deliver,
        how: "--deliver",
    };
    let mut setup = setup::demo(&wanted(args)?, config)?;
    if args.headless || !can_draw() {
        logging::to_stderr(&setup.config.log, setup.config.log.level.as_str())?;
        return headless(setup, None, deliver, None).await;
    }
    let ring = logging::to_ring(&setup.config.log, setup.clock.clone())?;
    // A screen is worth having although another Laggard holds the port; the log says so.
    let beside = match listen(&setup).await {
        Ok(offer) => Some(offer),
        Err(refusal) if args.listen.is_some() => return Err(refusal),
        Err(refusal) => {
            tracing::warn!("{}", refusal.text);
            None
        }
    };
    let mut options = screen(&setup, &TopArgs::default());
    options.past = Some(setup.keep_past());
    let clock = setup.clock.clone();
    tracing::info!("the embedded cluster listens on {}", setup.connecting_to);
    let address = beside.as_ref().map(Offer::address).unwrap_or_default();
    let telling = tell_receivers(&mut setup, None, &address, deliver)?;
    let (mut session, running) = setup.start(None)?;
    let address = beside.as_ref().map(Offer::address);
    let http = beside.map(|offer| offer.http(&session, clock.clone(), None, None));
    let left = show(&mut session, ring, clock, options, http).await;
    session.shut_down(PATIENCE).await;
    drop(running);
    land(None, telling).await;
    if let (Ok(Exit::Ok), Some(address)) = (&left, address) {
        tell(&format!(
            "While it ran, its metrics stood on {address}/metrics"
        ));
    }
    left
}

fn wanted(args: &DemoArgs) -> Result<Demo, Refusal> {
    let sized = args.groups.is_some() || args.partitions.is_some() || args.brokers.is_some();
    let mut demo = setup::named_demo(&args.scenario)?;
    if sized {
        let (groups, partitions) = (
            args.groups.map_or(1_000, usize::from),
            args.partitions.map_or(5_000, usize::from),
        );
        let brokers = args.brokers.unwrap_or(3).into();
        demo.scenario = demo.scenario.sized(groups, partitions, brokers);
    }
    demo.seed = args.seed;
    setup::read_demo_each(&mut demo, args.poll_interval)?;
    if let Some(listen) = args.cluster_listen {
        demo.listen = listen;
    }
    Ok(demo)
}
