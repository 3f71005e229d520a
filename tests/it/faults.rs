//! Brokers that are killed, hung and brought back while a session in this process and `laggard serve` watch the same cluster: in every snapshot
//! of both, what healthy brokers answer for stays known and fresh, the broken one's own turns stale with the reason and comes back, and nothing
//! is ever shown that was not so.

mod judge;
mod truth;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use laggard::model::Snapshot;
use laggard::model::document::from_json;
use laggard::source::kafka::{KafkaConfig, Properties};

use self::judge::{Fault, Judge};
use self::truth::{Truth, now};
use crate::support::inside::Inside;
use crate::support::kafka::{KafkaCluster, Options};
use crate::support::laggard::Served;
use crate::support::{eventually, unique};

/// A fifth of the default: two of them are how old a reading may be.
const POLL: Duration = Duration::from_secs(2);
/// Spreads a cycle over a part of its interval, so that a fault can fall into the middle of a poll.
const REQUESTS_PER_SECOND: f64 = 30.0;
const SOON: Duration = Duration::from_mins(1);

/// How many faults; the full run is 30.
fn faults() -> usize {
    std::env::var("LAGGARD_FAULTS").map_or(3, |count| count.parse().unwrap())
}

type Seen = Arc<Mutex<Vec<Arc<Snapshot>>>>;

/// Who watches, and every snapshot that it has shown.
struct Watcher {
    name: &'static str,
    seen: Seen,
}

impl Watcher {
    fn latest(&self) -> Result<Arc<Snapshot>, String> {
        let seen = self.seen.lock().unwrap();
        seen.last().cloned().ok_or("no snapshot yet".to_owned())
    }
}

fn inside(cluster: &KafkaCluster) -> (Inside, Watcher) {
    let properties = Properties::bootstrap(&cluster.bootstrap());
    let config = KafkaConfig {
        poll_interval: POLL,
        requests_per_second: Some(REQUESTS_PER_SECOND),
        ..KafkaConfig::new("it".into(), properties)
    };
    let inside = Inside::of(vec![config], Vec::new());
    let seen = inside.record();
    let name = "in process";
    (inside, Watcher { name, seen })
}

/// The process as a user runs it, looked at five times a second.
fn served(cluster: &KafkaCluster) -> Watcher {
    let served = Served::with(&[
        (
            "LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS",
            &cluster.bootstrap(),
        ),
        (
            "LAGGARD_CLUSTERS__IT__POLL_INTERVAL",
            &format!("{}s", POLL.as_secs()),
        ),
        (
            "LAGGARD_CLUSTERS__IT__REQUESTS_PER_SECOND",
            &REQUESTS_PER_SECOND.to_string(),
        ),
    ]);
    let seen = Seen::default();
    let kept = Arc::downgrade(&seen);
    thread::spawn(move || {
        while let Some(kept) = kept.upgrade() {
            // A process that died shows as snapshots that no longer come.
            if let Ok(text) = served.get("/api/v1/snapshot") {
                let snapshot = from_json(text.as_bytes()).unwrap();
                let mut kept = kept.lock().unwrap();
                if kept.last().is_none_or(|last| last.at < snapshot.at) {
                    kept.push(Arc::new(snapshot));
                }
            }
            thread::sleep(Duration::from_millis(200));
        }
    });
    let name = "serve";
    Watcher { name, seen }
}

#[test]
fn brokers_that_die_and_hang_in_turn_spoil_only_their_own_readings() {
    require!(kafka);
    let options = Options::default().with("auto.leader.rebalance.enable", "false");
    let cluster = KafkaCluster::start(3, &options);
    let truth = Truth::start(&cluster, &unique("faults"));
    let (_session, here) = inside(&cluster);
    let watchers = [here, served(&cluster)];
    let judge = Judge::new(&truth, POLL);
    wait(&watchers, |snapshot| judge.all_known(snapshot));
    for n in 0..faults() {
        let fault = bring_about(n, &cluster, &truth, &watchers, &judge);
        for watcher in &watchers {
            let snapshots = watcher.seen.lock().unwrap();
            let told = judge.judge(&fault, &snapshots);
            eprintln!("fault {n}, {}: {told}", watcher.name);
        }
    }
}

/// One fault from the last calm moment to the next one.
fn bring_about(
    n: usize,
    cluster: &KafkaCluster,
    truth: &Truth,
    watchers: &[Watcher],
    judge: &Judge<'_>,
) -> Fault {
    let (broker, hangs) = (n % 3 + 1, n % 2 == 1);
    let healthy = cluster.bootstrap_of(broker % 3 + 1);
    let led = truth.led_by(broker, &healthy);
    truth.spare(Some(broker));
    in_mid_poll(&watchers[0]);
    let began = now();
    if hangs {
        cluster.hang(broker);
    } else {
        cluster.kill(broker);
    }
    eventually(SOON, || truth.leads_nothing(broker, &healthy));
    let moved = now();
    wait(watchers, |snapshot| {
        judge.only_its_own_is_not_known(snapshot, broker)
    });
    while !judge.has_long_begun(began, now()) {
        thread::sleep(Duration::from_millis(100));
    }
    let returned = now();
    if hangs {
        cluster.wake(broker);
    } else {
        cluster.restart(broker);
    }
    cluster.wait_until_ready(SOON);
    wait(watchers, |snapshot| judge.all_known(snapshot));
    let elected = now();
    cluster.elect_preferred_leaders();
    eventually(SOON, || truth.leads_again(broker, &led, &healthy));
    // What the election spoiled may not have shown yet.
    thread::sleep(2 * POLL);
    wait(watchers, |snapshot| judge.all_known(snapshot));
    truth.spare(None);
    Fault {
        broker,
        hangs,
        led,
        began,
        moved,
        returned,
        elected,
        healed: now(),
    }
}

/// Waits for the end of a cycle, then until the next one is half done.
#[track_caller]
fn in_mid_poll(watcher: &Watcher) {
    let latest = || watcher.latest().unwrap();
    let cycle = |snapshot: &Snapshot| {
        let health = &snapshot.cluster("it").unwrap().health;
        health.cycle.as_ref().unwrap().took.to_std()
    };
    let before = latest().at;
    let took = eventually(SOON, || {
        let snapshot = latest();
        if snapshot.at > before {
            Ok(cycle(&snapshot))
        } else {
            Err("no cycle ends".to_owned())
        }
    });
    thread::sleep(POLL.saturating_sub(took / 2));
}

/// Waits until the newest snapshot of each watcher pleases.
#[track_caller]
fn wait(watchers: &[Watcher], pleases: impl Fn(&Snapshot) -> Result<(), String>) {
    for watcher in watchers {
        eventually(SOON, || {
            let told = watcher.latest().and_then(|snapshot| pleases(&snapshot));
            told.map_err(|complaint| format!("{}: {complaint}", watcher.name))
        });
    }
}
