//! Keeps one cluster's poller alive: makes the client, starts it again after a failure, ends it
//! in bounded time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::admin::Admin;
use super::config::KafkaConfig;
use super::poller::{End, Parts, Poller};
use super::pulse::Pulse;
use crate::model::{Ask, Fact, HealthState, Observation, Why};
use crate::source::stamp::Stamper;
use crate::source::{Running, Source, SourceError};

/// How long closing a client may take before the process goes on without it.
const CLOSE: Duration = Duration::from_secs(3);
/// Before a client that could not be made, or a poller that broke, is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// One cluster's source.
pub struct KafkaSource {
    config: Arc<KafkaConfig>,
    stamper: Stamper,
}

impl KafkaSource {
    /// Reads this cluster, stamping with the process's stamper.
    pub fn new(config: KafkaConfig, stamper: Stamper) -> Self {
        Self {
            config: Arc::new(config),
            stamper,
        }
    }
}

impl Source for KafkaSource {
    fn label(&self) -> String {
        let servers = self
            .config
            .properties
            .get("bootstrap.servers")
            .unwrap_or("?");
        format!("{} ({servers})", self.config.cluster)
    }

    fn run(
        self: Box<Self>,
        out: mpsc::Sender<Observation>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> Running {
        Box::pin(async move {
            Supervisor {
                source: *self,
                out,
                stop,
            }
            .run(asks)
            .await
        })
    }
}

struct Supervisor {
    source: KafkaSource,
    out: mpsc::Sender<Observation>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(&self, asks: mpsc::Receiver<Ask>) -> Result<(), SourceError> {
        // Shared, so that a poller that breaks does not take it along.
        let asks = Arc::new(Mutex::new(asks));
        loop {
            match self.watch_one(Arc::clone(&asks)).await {
                Ok(End::Stopped) => return Ok(()),
                Ok(End::Closed) => return Err(SourceError::Closed),
                Err(why) => self.down(why).await?,
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// One life of a poller, on a task of its own so that a panic ends only that.
    async fn watch_one(&self, asks: Arc<Mutex<mpsc::Receiver<Ask>>>) -> Result<End, String> {
        let config = Arc::clone(&self.source.config);
        let pulse = Arc::new(Pulse::new(
            config.cluster.to_string(),
            config.properties.scrubber(),
        ));
        let admin = Admin::new(&config.properties.for_client(), Arc::clone(&pulse) as _)
            .map_err(|error| pulse.scrub(&error.to_string()))?;
        let parts = Parts {
            config,
            admin: admin.clone(),
            pulse,
            stamper: self.source.stamper,
            out: self.out.clone(),
            stop: self.stop.clone(),
        };
        let life =
            tokio::spawn(async move { Poller::new(parts).run(&mut *asks.lock().await).await });
        let ended = life.await;
        if !admin.close(CLOSE).await {
            tracing::info!(target: "laggard::kafka", cluster = %self.source.config.cluster, "the client is still closing");
        }
        ended.map_err(|error| format!("the poller broke and is started again: {error}"))
    }

    async fn down(&self, why: String) -> Result<(), SourceError> {
        tracing::warn!(target: "laggard::kafka", cluster = %self.source.config.cluster, why, "the cluster cannot be read");
        let now = self.source.stamper.at(Instant::now());
        let observation = Observation::Read {
            cluster: self.source.config.cluster.clone(),
            asked: now,
            answered: now,
            fact: Fact::Health {
                state: HealthState::Down,
                why: Some(Why::text(why)),
            },
        };
        self.out
            .send(observation)
            .await
            .map_err(|_| SourceError::Closed)
    }
}
