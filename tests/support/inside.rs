//! Source and pipeline inside the test process, with nothing between them and a real cluster. In: a cluster. Out: snapshots, in the documented JSON
//! form as far as tests look at it.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use laggard::model::{
    BootId, ClusterName, ClusterSettings, GroupSnapshot, Observation, Settings, Snapshot, Span,
};
use laggard::pipeline::Pipeline;
use laggard::source::Source as _;
use laggard::source::kafka::{Filter, KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::eventually;
use super::kafka::KafkaCluster;

/// A cluster under watch, read each second; ends when dropped.
pub struct Inside {
    latest: Arc<Mutex<Option<Arc<Snapshot>>>>,
    stop: CancellationToken,
}

impl Inside {
    /// Begins, and waits for the first complete cycle.
    #[track_caller]
    pub fn start(cluster: &KafkaCluster) -> Self {
        Self::start_with(cluster, None)
    }

    /// The same, allowed to read single records of these topics.
    #[track_caller]
    pub fn start_with(cluster: &KafkaCluster, read_records: Option<Filter>) -> Self {
        let inside = Self::open(Properties::bootstrap(&cluster.bootstrap()), read_records);
        eventually(Duration::from_secs(30), || match inside.latest() {
            Some(snapshot)
                if snapshot
                    .clusters
                    .iter()
                    .any(|cluster| cluster.health.last_success.is_some()) =>
            {
                Ok(())
            }
            other => Err(format!("no complete cycle: {other:?}")),
        });
        inside
    }

    /// Begins with these properties of librdkafka and waits for nothing.
    pub fn open(properties: Properties, read_records: Option<Filter>) -> Self {
        let name = ClusterName::from("it");
        let config = KafkaConfig {
            poll_interval: Duration::from_secs(1),
            read_records,
            ..KafkaConfig::new(name.clone(), properties)
        };
        let settings = ClusterSettings {
            poll_interval: Span::from_secs(1),
            ..ClusterSettings::named(name)
        };
        let latest = Arc::new(Mutex::new(None));
        let stop = CancellationToken::new();
        let (shared, token) = (Arc::clone(&latest), stop.clone());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(watch(config, settings, &shared, token));
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        Self { latest, stop }
    }

    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.latest.lock().unwrap().clone()
    }

    /// The newest snapshot in the documented form.
    pub fn snapshot(&mut self) -> Value {
        document(&self.latest().unwrap())
    }

    #[expect(clippy::unused_self, reason = "as the served one")]
    pub fn log(&self) -> String {
        String::new()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn watch(
    config: KafkaConfig,
    settings: ClusterSettings,
    latest: &Mutex<Option<Arc<Snapshot>>>,
    stop: CancellationToken,
) {
    let stamper = Stamper::new();
    let (out, mut observations) = mpsc::channel(4096);
    let (asks, inbox) = mpsc::channel(4096);
    let source = Box::new(KafkaSource::new(config, stamper)).run(out, inbox, stop.clone());
    let source = tokio::spawn(source);
    let mut pipeline = Pipeline::new();
    let settings = Arc::new(Settings {
        clusters: vec![settings],
        ..Settings::default()
    });
    pipeline.fold(&Observation::Boot {
        at: stamper.now(),
        boot: BootId::from("it"),
    });
    pipeline.fold(&Observation::Configured {
        at: stamper.now(),
        settings,
    });
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        let observation = tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => Observation::Tick { at: stamper.now() },
            Some(observation) = observations.recv() => observation,
        };
        if let Some(cut) = pipeline.fold(&observation) {
            *latest.lock().unwrap() = Some(cut.snapshot);
            for ask in cut.asks {
                let _full_is_no_harm = asks.try_send(ask);
            }
        }
    }
    drop(observations);
    let _ended = source.await;
}

/// The documented form, as far as tests look at it.
pub fn document(snapshot: &Snapshot) -> Value {
    let clusters = snapshot.clusters.iter().map(|cluster| {
        let groups: Vec<_> = cluster.groups.iter().map(|group| of_group(group)).collect();
        json!({"cluster": cluster.cluster, "groups": groups, "issues": cluster.issues, "health": cluster.health})
    });
    json!({"at": snapshot.at, "clusters": clusters.collect::<Vec<_>>()})
}

fn of_group(group: &GroupSnapshot) -> Value {
    let partitions = group.partitions().map(|row| {
        json!({
            "topic": row.topic().topic, "partition": row.partition(), "member_id": row.owner().map(|owner| &owner.member_id),
            "committed_offset": row.row().committed_offset, "log_start_offset": row.log_start_offset(), "log_end_offset": row.log_end_offset(),
            "last_stable_offset": row.last_stable_offset(), "lag": row.lag(), "effective_lag": row.row().effective_lag,
            "status": row.row().verdict,
        })
    });
    let members: Vec<_> = group
        .members
        .iter()
        .flat_map(|members| members.iter())
        .collect();
    json!({
        "group": group.group, "group_type": group.group_type, "state": group.state, "lag": group.lag, "effective_lag": group.effective_lag,
        "status": group.status, "members": members, "partitions": partitions.collect::<Vec<_>>(), "issues": group.issues,
    })
}

/// One look, as `laggard lag` takes it.
#[track_caller]
pub fn lag(cluster: &KafkaCluster, _groups: &[&str]) -> Value {
    Inside::start(cluster).snapshot()
}
