//! The receivers of the configuration, each on a thread of its own.
//!
//! In: settings, the ledger, snapshots that are written down. Out: running threads, which tell, and
//! what came of each try as an observation. They end when the desk is closed: what is under way is
//! ended, what waits stays in the ledger for the next start.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::desk::{self, Desk, Written};
use super::setup::Refusal;
use crate::catalog::internal;
use crate::config::{Config, Held, ReceiverSettings};
use crate::model::{Clock, Notify, Observation, Route, TellResult, Timestamp, Told};
use crate::notify::{
    Alertmanager, Heartbeat, Http, Kept, Kind, Links, Next, Post, Receiver, Report, Worker,
};
use crate::store::{Batch, Ledger};

/// How often those look who tell of alerts as they stand.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// What came of tries and waits for the session.
const REPORTS: usize = 1024;

/// What runs.
pub(super) struct Telling {
    threads: Vec<JoinHandle<()>>,
}

/// All that the threads share.
struct Shared {
    links: Links,
    clock: Clock,
    reports: mpsc::Sender<Observation>,
}

/// Starts a thread a receiver, and the desk before them. What waited in the ledger is taken up.
///
/// # Errors
///
/// When certificates cannot be read.
pub(super) fn start(
    settings: &[ReceiverSettings],
    links: Links,
    clock: Clock,
    ledger: Arc<Ledger>,
) -> Result<(Telling, Desk, mpsc::Receiver<Observation>), Refusal> {
    let (reports, observations) = mpsc::channel(REPORTS);
    let shared = Shared {
        links,
        clock,
        reports,
    };
    let mut transports = Vec::new();
    for one in settings {
        for receiver in receivers(one) {
            let http = Http::new(receiver.timeout, receiver.ca_file.as_deref());
            let http = http.map_err(|why| {
                Refusal::usage(format!("error: the receiver `{}`: {why}", receiver.name))
            })?;
            transports.push((receiver, one, http));
        }
    }
    let mut inboxes: BTreeMap<Arc<str>, Sender<Post>> = BTreeMap::new();
    let (mut threads, mut standing) = (Vec::new(), Vec::new());
    for (receiver, one, http) in transports {
        if !receiver.kind.takes_letters() {
            standing.push((receiver, http));
            continue;
        }
        let (post, inbox) = channel();
        let name = Arc::clone(&receiver.name);
        let report = shared.report();
        let worker = Worker::new(
            receiver,
            shared.links.clone(),
            Box::new(http),
            seed(&name),
            report,
        );
        let worker = worker.giving_up_after(one.give_up_after);
        let clock = Arc::clone(&shared.clock);
        threads.extend(spawn(&name, move || drain(worker, &inbox, &clock)));
        inboxes.insert(name, post);
    }
    take_up(&ledger, &inboxes);
    let hand = move |post: Post| {
        // One whose receiver is not among the settings is told to nobody.
        if let Some(inbox) = inboxes.get(&post.head.receiver) {
            let _ended = inbox.send(post);
        } else {
            strike(&post.ledger, post.head.number);
        }
    };
    let (desk, written, scribe) = desk::open(ledger, Box::new(hand));
    threads.push(scribe);
    for (receiver, http) in standing {
        threads.extend(shared.stand(receiver, http, written.clone()));
    }
    Ok((Telling { threads }, desk, observations))
}

/// A letter that waited for a receiver which is no longer configured is told to nobody.
fn take_up(ledger: &Arc<Ledger>, inboxes: &BTreeMap<Arc<str>, Sender<Post>>) {
    let waiting = ledger.waiting().unwrap_or_default();
    if !waiting.is_empty() {
        tracing::info!(
            "{} notifications were not delivered before the end",
            waiting.len()
        );
    }
    for head in waiting {
        if let Some(inbox) = inboxes.get(&head.receiver) {
            let ledger = Arc::clone(ledger);
            let _ended = inbox.send(Post { ledger, head });
        } else {
            tracing::warn!(receiver = %head.receiver, "a notification is dropped: there is no such receiver any more");
            strike(ledger, head.number);
        }
    }
}

fn strike(ledger: &Ledger, number: u64) {
    let batch = Batch {
        done: vec![number],
        ..Batch::default()
    };
    if let Err(error) = ledger.write(&batch) {
        tracing::warn!("a notification cannot be struck: {error}");
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let named = std::thread::Builder::new().name(format!("tell {name}"));
    named
        .spawn(run)
        .inspect_err(|error| tracing::error!("no thread for {name}: {error}"))
        .ok()
}

/// Waits differ from receiver to receiver and from start to start of the machine's many.
fn seed(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, std::process::id()).hash(&mut hasher);
    hasher.finish()
}

/// Tells until the inbox is closed.
fn drain(mut worker: Worker, inbox: &Inbox<Post>, clock: &Clock) {
    loop {
        let wait = match worker.turn(clock()) {
            Next::Now => Duration::ZERO,
            Next::At(at) => (at - clock()).to_std(),
            Next::Idle => Duration::from_hours(1),
        };
        match inbox.recv_timeout(wait) {
            Ok(post) => {
                worker.take(post, clock());
                for post in inbox.try_iter() {
                    worker.take(post, clock());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Shared {
    /// Counts what came of a try and makes it an observation.
    fn report(&self) -> Report {
        let reports = self.reports.clone();
        Box::new(move |at: Timestamp, told: Told| {
            let name = match told.result {
                TellResult::Delivered => internal::NOTIFY_DELIVERED,
                TellResult::Failed => internal::NOTIFY_FAILED,
                TellResult::GivenUp => internal::NOTIFY_GIVEN_UP,
            };
            metrics::counter!(name, "receiver" => told.receiver.to_string()).increment(1);
            let _ended = reports.blocking_send(Observation::Told { at, told });
        })
    }

    /// A thread that tells of alerts as they stand. It ends with the desk.
    fn stand(&self, receiver: Receiver, http: Http, written: Written) -> Option<JoinHandle<()>> {
        let (name, clock) = (Arc::clone(&receiver.name), Arc::clone(&self.clock));
        let (links, report) = (self.links.clone(), self.report());
        let (seed, http) = (seed(&name), Box::new(http));
        if receiver.kind == Kind::Heartbeat {
            let mut heart = Heartbeat::new(receiver, http, seed, report);
            return spawn(&name, move || {
                watch(&written, |snapshot| heart.turn(snapshot, clock()));
            });
        }
        let mut manager = Alertmanager::new(receiver, links, http, seed, report);
        spawn(&name, move || {
            watch(&written, |snapshot| manager.turn(snapshot, clock()));
        })
    }
}

/// Looks at the newest snapshot each second, and goes on at once while there is more to do.
fn watch(written: &Written, mut turn: impl FnMut(&crate::model::Snapshot) -> Next) {
    while !written.is_closed() {
        let next = written.newest().map(|snapshot| turn(&snapshot));
        if next != Some(Next::Now) {
            std::thread::sleep(LOOK_EACH);
        }
    }
}

/// As `notify` takes them: of several addresses, each is a receiver.
fn receivers(of: &ReceiverSettings) -> Vec<Receiver> {
    let (Some(name), Some(kind)) = (&of.name, of.kind) else {
        return Vec::new();
    };
    let urls = of.urls();
    let several = urls.len() > 1;
    let kept = |held: &Held| -> Kept {
        let held = held.clone();
        Arc::new(move || held.read().map_err(|e| e.to_string()))
    };
    let one = |(n, url): (usize, &Held)| Receiver {
        name: if several {
            format!("{name}/{}", n + 1).into()
        } else {
            Arc::clone(name)
        },
        kind,
        url: kept(url),
        key: of
            .routing_key
            .as_ref()
            .or(of.signing_key.as_ref())
            .map(kept),
        token: of.bearer_token.as_ref().map(kept),
        ca_file: of.ca_file.clone(),
        timeout: of.timeout,
        send_resolved: of.send_resolved,
        interval: of.interval,
        alert: Arc::clone(&of.alert),
    };
    urls.iter().enumerate().map(one).collect()
}

/// Who is told of which alerts: as configured, and where nothing is said, all receivers of all but
/// the watchdog, which is for heartbeats.
pub(super) fn routes(config: &Config) -> Notify {
    let mut notify = config.notify.clone();
    if notify.receivers.is_empty() {
        let letters = config.receivers.iter();
        let letters = letters.filter(|r| r.kind.is_some_and(Kind::takes_letters));
        notify.receivers = letters.filter_map(|r| r.name.clone()).collect();
    }
    let matchers = "severity=\"none\"".parse().into_iter().collect();
    notify.routes.push(Route {
        matchers,
        ..Route::default()
    });
    notify
}

/// The same for a process that tells nobody: it makes no notifications.
pub(super) fn no_routes() -> Notify {
    Notify::default()
}

/// Who is told, in words.
pub(super) fn in_words(settings: &[ReceiverSettings]) -> String {
    let words = |r: &ReceiverSettings| Some(format!("{} ({})", r.name.as_ref()?, r.kind?.name()));
    settings
        .iter()
        .filter_map(words)
        .collect::<Vec<_>>()
        .join(", ")
}

impl Telling {
    /// Waits until what is under way has ended: the session must have.
    pub(super) async fn land(self) {
        let joined = tokio::task::spawn_blocking(move || {
            for thread in self.threads {
                let _broke = thread.join();
            }
        });
        let _broke = joined.await;
    }
}
