//! A session inside the test process: the source, the pipeline and the document, with nothing between them and a real cluster but the wiring
//! that the binary has too. In: a cluster or librdkafka's properties. Out: snapshots as JSON.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use laggard::app::session::{Feed, Session, Start};
use laggard::model::document::{from_json, to_json};
use laggard::model::{
    Clock, ClusterSettings, Pattern, Policy, PolicyRule, Settings, Snapshot, Span,
};
use laggard::source::kafka::{Filter, KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::eventually;
use super::kafka::KafkaCluster;

/// A cluster under watch, read each second; ends when dropped.
pub struct Inside {
    session: Option<Session>,
    runtime: Runtime,
}

impl Inside {
    /// Begins, and waits for the first complete cycle.
    #[track_caller]
    pub fn start(cluster: &KafkaCluster) -> Self {
        Self::start_with(cluster, None)
    }

    /// The same, read at this interval.
    #[track_caller]
    pub fn start_each(cluster: &KafkaCluster, poll_interval: Duration) -> Self {
        let properties = Properties::bootstrap(&cluster.bootstrap());
        let config = KafkaConfig {
            poll_interval,
            ..KafkaConfig::new("it".into(), properties)
        };
        Self::of(vec![config], Vec::new()).after_a_cycle()
    }

    /// The same, allowed to read single records of these topics.
    #[track_caller]
    pub fn start_with(cluster: &KafkaCluster, read_records: Option<Filter>) -> Self {
        Self::open(Properties::bootstrap(&cluster.bootstrap()), read_records).after_a_cycle()
    }

    /// The same, with what is expected of all groups.
    #[track_caller]
    pub fn start_expecting(cluster: &KafkaCluster, policy: Policy) -> Self {
        let all = || Pattern::new(".*").unwrap();
        let rule = PolicyRule {
            cluster: all(),
            group: all(),
            policy: Arc::new(policy),
        };
        Self::run(
            Properties::bootstrap(&cluster.bootstrap()),
            None,
            vec![rule],
        )
        .after_a_cycle()
    }

    #[track_caller]
    fn after_a_cycle(self) -> Self {
        let inside = self;
        eventually(Duration::from_secs(30), || {
            let snapshot = inside.latest();
            let read =
                |cluster: &Arc<laggard::model::ClusterSnapshot>| cluster.health.cycle.is_some();
            if snapshot.clusters.iter().any(read) {
                Ok(())
            } else {
                Err(format!("no complete cycle: {snapshot:?}"))
            }
        });
        inside
    }

    /// Begins with these properties of librdkafka and waits for nothing.
    pub fn open(properties: Properties, read_records: Option<Filter>) -> Self {
        Self::run(properties, read_records, Vec::new())
    }

    fn run(
        properties: Properties,
        read_records: Option<Filter>,
        policies: Vec<PolicyRule>,
    ) -> Self {
        let config = KafkaConfig {
            poll_interval: Duration::from_secs(1),
            read_records,
            ..KafkaConfig::new("it".into(), properties)
        };
        Self::of(vec![config], policies)
    }

    /// Begins with these clusters in one pipeline and waits for nothing.
    pub fn of(configs: Vec<KafkaConfig>, policies: Vec<PolicyRule>) -> Self {
        Self::all(configs, None, policies)
    }

    /// The same with one more, whose source is not Kafka's.
    pub fn beside(configs: Vec<KafkaConfig>, feed: Feed) -> Self {
        Self::all(configs, Some(feed), Vec::new())
    }

    fn all(configs: Vec<KafkaConfig>, other: Option<Feed>, policies: Vec<PolicyRule>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let stamper = Stamper::new();
        let settings = |config: &KafkaConfig| ClusterSettings {
            poll_interval: Span::from_millis(
                i64::try_from(config.poll_interval.as_millis()).unwrap(),
            ),
            ..ClusterSettings::named(config.cluster.clone())
        };
        let others = other
            .iter()
            .map(|feed| ClusterSettings::named(feed.cluster.clone()));
        let clusters = configs.iter().map(settings).chain(others).collect();
        let feed = |config: KafkaConfig| Feed {
            cluster: config.cluster.clone(),
            source: Box::new(KafkaSource::new(config, stamper)),
        };
        let feeds = configs.into_iter().map(feed).chain(other).collect();
        let clock: Clock = Arc::new(move || stamper.now());
        let guard = runtime.enter();
        let session = Session::start(Start {
            settings: Arc::new(Settings {
                clusters,
                policies,
                ..Settings::default()
            }),
            begin: Box::new(laggard::pipeline::Pipeline::new),
            past: Box::new(std::iter::empty()),
            keep: None,
            feeds,
            cut_each: laggard::app::session::AT_LEAST_EACH,
            clock,
            tap: None,
            telling: None,
            stop: CancellationToken::new(),
        });
        drop(guard);
        Self {
            session: Some(session),
            runtime,
        }
    }

    /// Keeps every snapshot from now on.
    pub fn record(&self) -> Arc<Mutex<Vec<Arc<Snapshot>>>> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let mut snapshots = self.session.as_ref().unwrap().snapshots.clone();
        let keeps = Arc::clone(&kept);
        self.runtime.spawn(async move {
            while snapshots.changed().await.is_ok() {
                let snapshot = Arc::clone(&snapshots.borrow_and_update());
                keeps.lock().unwrap().push(snapshot);
            }
        });
        kept
    }

    pub fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.session.as_ref().unwrap().snapshots.borrow())
    }

    /// The newest snapshot as its document; which has to be read back as the same snapshot.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        let (snapshot, mut json) = (self.latest(), Vec::new());
        to_json(&snapshot, &mut json).unwrap();
        assert_eq!(from_json(&json).unwrap(), *snapshot);
        serde_json::from_slice(&json).unwrap()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.runtime
                .block_on(session.shut_down(Duration::from_secs(5)));
        }
    }
}
