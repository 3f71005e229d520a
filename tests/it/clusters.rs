//! Several clusters in one pipeline: one that goes down, was never there, or whose source breaks takes nothing from the others, and comes back.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use laggard::app::session::Feed;
use laggard::model::{
    Ask, ClusterSnapshot, HealthState, Observation, Reading, Snapshot, Timestamp,
};
use laggard::sim::scenario;
use laggard::source::kafka::{KafkaConfig, Properties};
use laggard::source::{Running, Source, SourceError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::embedded::Embedded;
use crate::support::eventually;
use crate::support::inside::Inside;

const NOW: i64 = 1_800_000_000_000;
const GROUPS: usize = 30;
const SOON: Duration = Duration::from_secs(40);

fn embedded() -> Embedded {
    Embedded::still(&scenario::bulk(GROUPS, 60, 3), NOW)
}

fn config(name: &str, bootstrap: &str) -> KafkaConfig {
    KafkaConfig {
        poll_interval: Duration::from_secs(1),
        request_timeout: Duration::from_secs(2),
        ..KafkaConfig::new(name.into(), Properties::bootstrap(bootstrap))
    }
}

/// Each group's lag.
fn lags(cluster: &ClusterSnapshot) -> BTreeMap<String, Reading<i64>> {
    let groups = cluster.groups.iter();
    groups
        .map(|group| (group.group.to_string(), group.lag.clone()))
        .collect()
}

/// Each group's lag, all of them known.
fn known(snapshot: &Snapshot, name: &str) -> Result<BTreeMap<String, i64>, String> {
    let cluster = snapshot.cluster(name).ok_or("not there")?;
    let lags = lags(cluster);
    let known = |(name, lag): (String, Reading<i64>)| {
        lag.known()
            .map(|known| (name.clone(), known))
            .ok_or(format!("{name}: {lag:?}"))
    };
    if cluster.health.state != HealthState::Up || lags.len() != GROUPS {
        return Err(format!("{} groups, {:?}", lags.len(), cluster.health));
    }
    lags.into_iter().map(known).collect()
}

/// The reason for which a cluster is down.
fn down(snapshot: &Snapshot, name: &str) -> Result<String, String> {
    let health = &snapshot.cluster(name).ok_or("not there")?.health;
    match (&health.state, &health.why) {
        (HealthState::Down, Some(why)) => Ok(why.to_string()),
        _ => Err(format!("{health:?}")),
    }
}

/// That a cluster was up, and read, and right in every snapshot, and no two of them lay far apart.
#[track_caller]
fn never_suffered(seen: &[Arc<Snapshot>], name: &str, truth: &BTreeMap<String, i64>) {
    assert!(seen.len() > 5);
    for snapshot in seen {
        assert_eq!(known(snapshot, name).as_ref(), Ok(truth));
    }
    let read = |snapshot: &Arc<Snapshot>| snapshot.cluster(name).unwrap().health.last_success;
    for pair in seen.windows(2) {
        let gap = pair[0].at.age_at(pair[1].at);
        assert!(gap.as_millis() < 3000, "no snapshot for {gap:?}");
        let age = read(&pair[1]).unwrap().age_at(pair[1].at);
        assert!(age.as_millis() < 3000, "not read for {age:?}");
    }
}

#[test]
fn a_cluster_that_goes_down_is_told_grows_stale_and_comes_back_alone() {
    let (steady, shaky) = (embedded(), embedded());
    let configs = vec![
        config("steady", &steady.bootstrap()),
        config("shaky", &shaky.bootstrap()),
    ];
    let inside = Inside::of(configs, Vec::new());
    let both = || known(&inside.latest(), "steady").and(known(&inside.latest(), "shaky"));
    let truth = eventually(SOON, both);
    let seen = inside.record();

    let before = inside.latest().at;
    (1..=3).for_each(|broker| shaky.faults().down(broker));
    let why = eventually(SOON, || down(&inside.latest(), "shaky"));
    assert!(why.contains("no broker"), "{why}");
    // Its last readings stay to be seen, as old as they are.
    let since = eventually(SOON, || all_stale(&inside.latest(), &truth));
    for lag_since in since.values() {
        assert!(
            *lag_since >= before - laggard::model::Span::from_secs(5),
            "stale too long"
        );
    }
    let first = inside.latest().at;
    eventually(SOON, || {
        let snapshot = inside.latest();
        let again = all_stale(&snapshot, &truth)?;
        assert_eq!(again, since, "an instant, which does not move");
        let later = first.age_at(snapshot.at).as_millis() >= 3000;
        later.then_some(()).ok_or("not yet".to_owned())
    });
    down(&inside.latest(), "shaky").unwrap();

    (1..=3).for_each(|broker| shaky.faults().up(broker));
    let again = eventually(SOON, || known(&inside.latest(), "shaky"));
    assert_eq!(again, truth);
    never_suffered(&seen.lock().unwrap(), "steady", &truth);
}

/// Since when each lag is stale, all with their last value.
fn all_stale(
    snapshot: &Snapshot,
    truth: &BTreeMap<String, i64>,
) -> Result<BTreeMap<String, Timestamp>, String> {
    let cluster = snapshot.cluster("shaky").unwrap();
    let stale = |(name, lag): (String, Reading<i64>)| {
        let since = lag.is_stale().then(|| lag.stale_since()).flatten();
        let since = since.ok_or(format!("{name}: {lag:?}"))?;
        assert_eq!(lag.value(), truth.get(&name).copied());
        assert!(lag.why().is_some());
        Ok((name, since))
    };
    lags(cluster).into_iter().map(stale).collect()
}

#[test]
fn a_cluster_that_was_not_there_comes_up_later_and_one_that_never_is_stays_down() {
    let steady = embedded();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let configs = vec![
        config("steady", &steady.bootstrap()),
        config("late", &port.to_string()),
        config("never", "127.0.0.1:1"),
        config("nameless", "no-such-host.invalid:9092"),
    ];
    let inside = Inside::of(configs, Vec::new());
    let truth = eventually(SOON, || known(&inside.latest(), "steady"));
    let seen = inside.record();
    for (name, words) in [
        ("late", "no broker can be reached"),
        ("never", "no broker can be reached"),
        ("nameless", "cannot be resolved"),
    ] {
        let why = eventually(SOON, || down(&inside.latest(), name));
        assert!(why.contains(words), "{name}: {why}");
    }
    let late = Embedded::listening(&scenario::bulk(GROUPS, 60, 1), NOW, port);
    let of_late = eventually(SOON, || known(&inside.latest(), "late"));
    assert_eq!(of_late.len(), GROUPS);
    down(&inside.latest(), "never").unwrap();
    down(&inside.latest(), "nameless").unwrap();
    never_suffered(&seen.lock().unwrap(), "steady", &truth);
    drop(inside);
    drop(late);
}

/// A source with a fault of its own.
struct Broken(Arc<AtomicUsize>);

impl Source for Broken {
    fn label(&self) -> String {
        "broken".into()
    }

    fn run(
        &self,
        _: mpsc::Sender<Observation>,
        _: mpsc::Receiver<Ask>,
        _: CancellationToken,
    ) -> Running {
        let life = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if life == 0 {
                return Err(SourceError::Unusable("its first life".into()));
            }
            // As a panic, without the noise of one.
            std::panic::resume_unwind(Box::new("on purpose"))
        })
    }
}

#[test]
fn a_source_that_breaks_is_told_of_started_again_and_harms_no_other() {
    let steady = embedded();
    let lives = Arc::new(AtomicUsize::new(0));
    let broken = Feed {
        cluster: "broken".into(),
        source: Box::new(Broken(Arc::clone(&lives))),
    };
    let inside = Inside::beside(vec![config("steady", &steady.bootstrap())], broken);
    let truth = eventually(SOON, || known(&inside.latest(), "steady"));
    let seen = inside.record();
    for words in ["its first life", "a fault of Laggard"] {
        eventually(SOON, || {
            let why = down(&inside.latest(), "broken")?;
            why.contains(words).then_some(()).ok_or(why)
        });
    }
    eventually(SOON, || {
        let lived = lives.load(Ordering::Relaxed);
        (lived >= 4).then_some(()).ok_or(format!("{lived} lives"))
    });
    never_suffered(&seen.lock().unwrap(), "steady", &truth);
}
