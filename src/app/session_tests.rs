//! A session on sources written by hand: one order, a snapshot where one is due, an end that is
//! told.

use crate::model::{ClusterSettings, Cycle, HealthState, Span, Timestamp};
use crate::source::{Running, Source, SourceError};

use super::*;

const WITHIN: Duration = Duration::from_secs(20);

/// Says what it was given, then waits, or ends with an error.
struct Script {
    says: Vec<Observation>,
    then: Option<String>,
}

impl Source for Script {
    fn label(&self) -> String {
        "script".to_owned()
    }

    fn run(
        &self,
        out: mpsc::Sender<Observation>,
        _asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> Running {
        let (says, then) = (self.says.clone(), self.then.clone());
        Box::pin(async move {
            for observation in says {
                out.send(observation)
                    .await
                    .map_err(|_| SourceError::Closed)?;
            }
            if let Some(why) = then {
                return Err(SourceError::Unusable(why));
            }
            stop.cancelled().await;
            Ok(())
        })
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

fn read(seconds: i64, fact: Fact) -> Observation {
    Observation::Read {
        cluster: "it".into(),
        asked: at(seconds),
        answered: at(seconds),
        fact,
    }
}

fn up(seconds: i64) -> Observation {
    let state = HealthState::Up;
    read(seconds, Fact::Health { state, why: None })
}

/// A cycle that took so many seconds, by which it is known again.
fn cycle(seconds: i64, took: i64) -> Observation {
    let took = Span::from_secs(took);
    let cycle = Cycle {
        took,
        ..Cycle::default()
    };
    read(seconds, Fact::Cycle(cycle))
}

fn took(snapshot: &Snapshot) -> Option<Span> {
    snapshot
        .clusters
        .first()?
        .health
        .cycle
        .as_ref()
        .map(|c| c.took)
}

/// A session that makes a snapshot by itself only at its start.
fn start(past: Box<dyn Iterator<Item = Observation> + Send>, scripts: Vec<Script>) -> Session {
    let feed = |script| Feed {
        cluster: "it".into(),
        source: Box::new(script) as Box<dyn Source>,
    };
    Session::start(Start {
        settings: Arc::new(Settings {
            clusters: vec![ClusterSettings::named("it".into())],
            ..Settings::default()
        }),
        begin: Box::new(Pipeline::new),
        past,
        keep: None,
        feeds: scripts.into_iter().map(feed).collect(),
        cut_each: Duration::from_hours(1),
        clock: Arc::new(|| at(100)),
        tap: None,
        telling: None,
        stop: CancellationToken::new(),
    })
}

fn nothing() -> Box<dyn Iterator<Item = Observation> + Send> {
    Box::new(std::iter::empty())
}

async fn wait(session: &mut Session, pleases: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let mut snapshots = session.snapshots.clone();
    let found = snapshots.wait_for(|snapshot| pleases(snapshot));
    let found = tokio::time::timeout(WITHIN, found).await;
    Arc::clone(&found.expect("in time").expect("a snapshot"))
}

#[tokio::test]
async fn the_end_of_a_cycle_makes_a_snapshot_at_once_with_all_before_it() {
    let says = vec![up(1), cycle(2, 1), up(3), cycle(4, 2)];
    let mut session = start(nothing(), vec![Script { says, then: None }]);
    let last = wait(&mut session, |s| took(s) == Some(Span::from_secs(2))).await;
    assert_eq!(last.clusters[0].health.state, HealthState::Up);
    // One each for what calls for a cut, and perhaps the tick at the start.
    assert!(
        (4..=5).contains(&last.generation.n),
        "{:?}",
        last.generation
    );
    session.shut_down(WITHIN).await;
}

#[tokio::test]
async fn the_past_is_folded_before_what_is_live() {
    let past = Box::new([up(-20), cycle(-10, 1)].into_iter());
    let script = Script {
        says: vec![up(1)],
        then: None,
    };
    let mut session = start(past, vec![script]);
    // What is live makes one snapshot, and none comes behind it: the past must be in that one.
    wait(&mut session, |s| took(s) == Some(Span::from_secs(1))).await;
    session.shut_down(WITHIN).await;
}

#[tokio::test]
async fn a_source_that_can_never_work_is_a_cluster_that_is_down_with_its_reason() {
    let then = Some("no such property".to_owned());
    let says = vec![up(1)];
    let mut session = start(nothing(), vec![Script { says, then }]);
    let down = wait(&mut session, |snapshot| {
        let mut clusters = snapshot.clusters.iter();
        clusters.any(|c| c.health.state == HealthState::Down)
    });
    let down = down.await;
    let why = down.clusters[0]
        .health
        .why
        .as_ref()
        .map(ToString::to_string);
    assert!(
        why.is_some_and(|why| why.contains("no such property")),
        "{:?}",
        down.clusters[0].health
    );
    session.shut_down(WITHIN).await;
}

#[tokio::test]
async fn an_end_need_not_wait_for_the_past() {
    // Longer than anybody lives.
    let past = Box::new((0..).map(|second| up(second % 1_000)));
    let session = start(
        past,
        vec![Script {
            says: Vec::new(),
            then: None,
        }],
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ending = session.shut_down(Duration::from_hours(1));
    tokio::time::timeout(WITHIN, ending).await.expect("ended");
}

#[tokio::test]
async fn a_silent_source_leaves_a_session_that_ticks() {
    let script = Script {
        says: Vec::new(),
        then: None,
    };
    let mut session = start(nothing(), vec![script]);
    let first = wait(&mut session, |snapshot| snapshot.generation.n == 1).await;
    assert_eq!(first.clusters[0].health.state, HealthState::Connecting);
    assert_eq!(first.at, at(100));
    session.shut_down(WITHIN).await;
}
