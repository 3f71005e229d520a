//! The receivers of the configuration, each on a thread of its own.
//!
//! In: settings, the ledger, snapshots that are written down. Out: running threads, which tell, and
//! what came of each try as an observation. They end when the desk is closed: what is under way is
//! ended, what waits stays in the ledger for the next start.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::desk::{self, Desk, Written};
use super::setup::Refusal;
use crate::catalog::internal;
use crate::config::{Config, Held, ReceiverSettings};
use crate::model::{Clock, Notify, Observation, Route, TellResult, Timestamp, Told};
use crate::notify::{
    Alertmanager, Heartbeat, Http, Kept, Kind, Links, Next, Peers, Post, Receiver, Report, Worker,
};
use crate::store::{Batch, Ledger};

/// How often those look who tell of alerts as they stand.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// What came of tries and waits for the session.
const REPORTS: usize = 1024;

/// What runs.
pub(super) struct Telling {
    scribe: JoinHandle<()>,
    roster: Arc<Roster>,
}

/// What comes to a receiver's thread.
enum Mail {
    Letter(Post),
    /// It is configured otherwise from now on.
    Change(Box<Ready>),
}

/// A receiver that can be told: its settings, and what its requests go through.
pub(super) struct Ready {
    settings: ReceiverSettings,
    receiver: Receiver,
    http: Http,
}

type Boxes = Arc<Mutex<BTreeMap<Arc<str>, Sender<Mail>>>>;

/// Who is told. A reload changes it while letters come and go.
pub(super) struct Roster {
    links: Links,
    clock: Clock,
    reports: mpsc::Sender<Observation>,
    ledger: Arc<Ledger>,
    written: Written,
    boxes: Boxes,
    list: Mutex<BTreeMap<Arc<str>, Listed>>,
    /// Threads of receivers that are no longer told: they may still be at their last try.
    ending: Mutex<BTreeMap<Arc<str>, Vec<JoinHandle<()>>>>,
}

/// A receiver that is told.
struct Listed {
    settings: ReceiverSettings,
    receiver: Receiver,
    /// It is no longer configured.
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Receivers that can be told, from their settings.
///
/// # Errors
///
/// When certificates cannot be read.
pub(super) fn ready(settings: &[ReceiverSettings]) -> Result<Vec<Ready>, String> {
    let each = settings.iter().flat_map(|one| {
        let settings = one.clone();
        receivers(one)
            .into_iter()
            .map(move |r| (settings.clone(), r))
    });
    each.map(|(settings, receiver)| {
        let http = Http::new(receiver.timeout, receiver.ca_file.as_deref());
        let http = http.map_err(|why| format!("the receiver `{}`: {why}", receiver.name))?;
        Ok(Ready {
            settings,
            receiver,
            http,
        })
    })
    .collect()
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
    let ready = ready(settings).map_err(|why| Refusal::usage(format!("error: {why}")))?;
    let (reports, observations) = mpsc::channel(REPORTS);
    let boxes = Boxes::default();
    drop_unknown(&ledger, &ready);
    let (desk, written, scribe) =
        desk::open(Arc::clone(&ledger), hand(&boxes), say(&reports, &clock));
    let roster = Arc::new(Roster {
        links,
        clock,
        reports,
        ledger,
        written,
        boxes,
        list: Mutex::default(),
        ending: Mutex::default(),
    });
    roster.put(ready);
    Ok((Telling { scribe, roster }, desk, observations))
}

/// Brings letters to their receivers. One whose receiver is not among them is told to nobody.
fn hand(boxes: &Boxes) -> desk::Hand {
    let boxes = Arc::clone(boxes);
    Box::new(move |post: Post| {
        if let Some(inbox) = locked(&boxes).get(&post.head.receiver) {
            let _ended = inbox.send(Mail::Letter(post));
        } else {
            // It went while the notification was being written.
            let receiver = &post.head.receiver;
            tracing::warn!(%receiver, "a notification is given up: there is no such receiver any more");
            count(internal::NOTIFY_GIVEN_UP, receiver, 1);
            strike(&post.ledger, vec![post.head.number]);
        }
    })
}

/// Says whether alerts can be written down, as an observation. It never waits: the session may be
/// waiting for the disk itself.
fn say(reports: &mpsc::Sender<Observation>, clock: &Clock) -> desk::Report {
    let (reports, clock) = (reports.clone(), Arc::clone(clock));
    Box::new(move |why| {
        let (at, why) = (clock(), why.map(Arc::from));
        let sent = reports.try_send(Observation::Unwritten { at, why });
        !matches!(sent, Err(mpsc::error::TrySendError::Full(_)))
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A letter that waited for a receiver which is no longer configured is told to nobody.
fn drop_unknown(ledger: &Arc<Ledger>, ready: &[Ready]) {
    let waiting = ledger.waiting().unwrap_or_default();
    if !waiting.is_empty() {
        tracing::info!(
            "{} notifications were not delivered before the end",
            waiting.len()
        );
    }
    let there = |name: &str| ready.iter().any(|r| *r.receiver.name == *name);
    let mut gone: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for head in waiting.iter().filter(|head| !there(&head.receiver)) {
        gone.entry(&head.receiver).or_default().push(head.number);
    }
    for (receiver, numbers) in gone {
        let many = numbers.len();
        tracing::warn!(
            receiver,
            "{many} notifications that waited for it are given up: there is no such receiver any more"
        );
        count(internal::NOTIFY_GIVEN_UP, receiver, many as u64);
        strike(ledger, numbers);
    }
}

fn count(what: &'static str, receiver: &str, many: u64) {
    metrics::counter!(what, "receiver" => receiver.to_owned()).increment(many);
}

impl Roster {
    /// Puts these receivers in the place of those before. What waits for one that stays is kept,
    /// also for one that is changed; what waits for one that goes stays in the ledger, and is told
    /// if it comes back.
    pub(super) fn put(&self, ready: Vec<Ready>) {
        let mut list = locked(&self.list);
        let stays = |name: &Arc<str>| ready.iter().any(|r| r.receiver.name == *name);
        let gone: Vec<_> = list.keys().filter(|name| !stays(name)).cloned().collect();
        for name in gone {
            self.end(&mut list, &name);
        }
        for one in ready {
            let name = Arc::clone(&one.receiver.name);
            match list.get_mut(&name) {
                Some(listed) if listed.settings == one.settings => {}
                Some(listed)
                    if listed.receiver.kind.takes_letters()
                        && one.receiver.kind.takes_letters() =>
                {
                    listed.settings = one.settings.clone();
                    listed.receiver = one.receiver.clone();
                    if let Some(inbox) = locked(&self.boxes).get(&name) {
                        let _ended = inbox.send(Mail::Change(Box::new(one)));
                    }
                }
                Some(_) => {
                    self.end(&mut list, &name);
                    self.begin(&mut list, one);
                }
                None => self.begin(&mut list, one),
            }
        }
    }

    fn end(&self, list: &mut BTreeMap<Arc<str>, Listed>, name: &Arc<str>) {
        let listed = list.remove(name);
        // Before its box is closed: the thread looks at this when it ends.
        if let Some(listed) = &listed {
            listed.stop.store(true, Ordering::Release);
        }
        locked(&self.boxes).remove(name);
        if let Some(listed) = listed {
            let mut ending = locked(&self.ending);
            let threads = ending.entry(Arc::clone(name)).or_default();
            threads.extend(listed.thread);
        }
    }

    fn begin(&self, list: &mut BTreeMap<Arc<str>, Listed>, one: Ready) {
        let (settings, receiver) = (one.settings.clone(), one.receiver.clone());
        let name = Arc::clone(&receiver.name);
        let stop = Arc::new(AtomicBool::new(false));
        // One of the same name may still be at its last try: nothing is told twice.
        let before = locked(&self.ending).remove(&name).unwrap_or_default();
        let thread = if receiver.kind.takes_letters() {
            self.letters(one, before, Arc::clone(&stop))
        } else {
            self.stand(one.receiver, one.http, Arc::clone(&stop))
        };
        let listed = Listed {
            settings,
            receiver,
            stop,
            thread,
        };
        list.insert(name, listed);
    }

    fn letters(
        &self,
        one: Ready,
        before: Vec<JoinHandle<()>>,
        stop: Arc<AtomicBool>,
    ) -> Option<JoinHandle<()>> {
        let (inbox, mail) = channel();
        let name = Arc::clone(&one.receiver.name);
        locked(&self.boxes).insert(Arc::clone(&name), inbox);
        let patience = one.settings.give_up_after;
        let http = Box::new(one.http);
        let worker = Worker::new(
            one.receiver,
            self.links.clone(),
            http,
            seed(&name),
            self.report(),
        );
        let mut drain = Drain {
            worker: worker.giving_up_after(patience),
            clock: Arc::clone(&self.clock),
            ledger: Arc::clone(&self.ledger),
            known: None,
        };
        let mut report = self.report();
        spawn(&Arc::clone(&name), move || {
            for thread in before {
                let _broke = thread.join();
            }
            drain.take_up(&name);
            drain.run(&mail);
            if stop.load(Ordering::Acquire) {
                report((drain.clock)(), gone(&name));
            }
        })
    }

    /// The Alertmanagers that are told, a receiver each.
    pub(super) fn alertmanagers(&self) -> Vec<Peers> {
        let mut all: Vec<ReceiverSettings> = Vec::new();
        for listed in locked(&self.list).values() {
            let is = listed.receiver.kind == Kind::Alertmanager;
            if is && !all.iter().any(|one| one.name == listed.settings.name) {
                all.push(listed.settings.clone());
            }
        }
        let peers = |one: &ReceiverSettings| {
            let ready = ready(std::slice::from_ref(one)).ok()?;
            let peers = ready.into_iter().map(|r| (r.receiver, r.http));
            Some(Peers::new(one.name.clone()?, peers.collect()))
        };
        all.iter().filter_map(peers).collect()
    }

    /// Lets all threads end, and gives them.
    fn close(&self) -> Vec<JoinHandle<()>> {
        locked(&self.boxes).clear();
        let listed = std::mem::take(&mut *locked(&self.list));
        let mut threads: Vec<_> = listed.into_values().filter_map(|l| l.thread).collect();
        threads.extend(
            std::mem::take(&mut *locked(&self.ending))
                .into_values()
                .flatten(),
        );
        threads
    }
}

fn strike(ledger: &Ledger, numbers: Vec<u64>) {
    let batch = Batch {
        done: numbers,
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

/// That a receiver is no longer told: after its last try.
fn gone(name: &Arc<str>) -> Told {
    Told {
        receiver: Arc::clone(name),
        alerts: Vec::new(),
        result: TellResult::Gone,
        why: None,
        waiting: 0,
        oldest: None,
    }
}

/// Tells one receiver what comes to it.
struct Drain {
    worker: Worker,
    clock: Clock,
    ledger: Arc<Ledger>,
    /// The last number that was taken up from the ledger: it may come by mail, too.
    known: Option<u64>,
}

impl Drain {
    /// What waited in the ledger.
    fn take_up(&mut self, name: &str) {
        let now = (self.clock)();
        for head in self.ledger.waiting().unwrap_or_default() {
            self.known = self.known.max(Some(head.number));
            if *head.receiver == *name {
                let ledger = Arc::clone(&self.ledger);
                self.worker.take(Post { ledger, head }, now);
            }
        }
    }

    /// Tells until the inbox is closed.
    fn run(&mut self, inbox: &Inbox<Mail>) {
        loop {
            let wait = match self.worker.turn((self.clock)()) {
                Next::Now => Duration::ZERO,
                Next::At(at) => (at - (self.clock)()).to_std(),
                Next::Idle => Duration::from_hours(1),
            };
            match inbox.recv_timeout(wait) {
                Ok(mail) => {
                    self.take(mail);
                    for mail in inbox.try_iter() {
                        self.take(mail);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, mail: Mail) {
        match mail {
            Mail::Letter(post) => {
                let known = Some(post.head.number) <= self.known;
                if !(known && Arc::ptr_eq(&post.ledger, &self.ledger)) {
                    self.worker.take(post, (self.clock)());
                }
            }
            Mail::Change(ready) => {
                let patience = ready.settings.give_up_after;
                self.worker
                    .change(ready.receiver, Box::new(ready.http), patience);
            }
        }
    }
}

impl Roster {
    /// Counts what came of a try and makes it an observation.
    fn report(&self) -> Report {
        let reports = self.reports.clone();
        Box::new(move |at: Timestamp, told: Told| {
            let name = match told.result {
                TellResult::Delivered => Some(internal::NOTIFY_DELIVERED),
                TellResult::Failed => Some(internal::NOTIFY_FAILED),
                TellResult::GivenUp => Some(internal::NOTIFY_GIVEN_UP),
                TellResult::Gone => None,
            };
            if let Some(name) = name {
                count(name, &told.receiver, 1);
            }
            let _ended = reports.blocking_send(Observation::Told { at, told });
        })
    }

    /// A thread that tells of alerts as they stand. It ends with the desk, or when it is stopped.
    fn stand(
        &self,
        receiver: Receiver,
        http: Http,
        stop: Arc<AtomicBool>,
    ) -> Option<JoinHandle<()>> {
        let (name, clock) = (Arc::clone(&receiver.name), Arc::clone(&self.clock));
        let (written, links) = (self.written.clone(), self.links.clone());
        let (tell, mut report) = (self.report(), self.report());
        let (seed, http) = (seed(&name), Box::new(http));
        let of = Arc::clone(&name);
        let over = move |at| {
            if stop.load(Ordering::Acquire) {
                report(at, gone(&of));
                return true;
            }
            false
        };
        if receiver.kind == Kind::Heartbeat {
            let mut heart = Heartbeat::new(receiver, http, seed, tell);
            return spawn(&name, move || {
                let now = Arc::clone(&clock);
                let mut over = over;
                watch(
                    &written,
                    || over(now()),
                    |snapshot| heart.turn(snapshot, clock()),
                );
            });
        }
        let mut manager = Alertmanager::new(receiver, links, http, seed, tell);
        spawn(&name, move || {
            let now = Arc::clone(&clock);
            let mut over = over;
            watch(
                &written,
                || over(now()),
                |snapshot| manager.turn(snapshot, clock()),
            );
        })
    }
}

/// Looks at the newest snapshot each second, and goes on at once while there is more to do.
fn watch(
    written: &Written,
    mut over: impl FnMut() -> bool,
    mut turn: impl FnMut(&crate::model::Snapshot) -> Next,
) {
    while !written.is_closed() && !over() {
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
    /// Who is told.
    pub(super) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Waits until what is under way has ended: the session must have.
    pub(super) async fn land(self) {
        let joined = tokio::task::spawn_blocking(move || {
            let _broke = self.scribe.join();
            for thread in self.roster.close() {
                let _broke = thread.join();
            }
        });
        let _broke = joined.await;
    }
}
