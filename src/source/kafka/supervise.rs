//! One cluster's source: makes the client, runs the poller on it, ends both in bounded time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::admin::Admin;
use super::config::KafkaConfig;
use super::poller::{End, Parts, Poller};
use super::pulse::Pulse;
use crate::model::{Ask, Observation};
use crate::source::stamp::Stamper;
use crate::source::{Running, Source, SourceError};

/// How long closing a client may take before the process goes on without it.
const CLOSE: Duration = Duration::from_secs(3);

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
        &self,
        out: mpsc::Sender<Observation>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> Running {
        let life = Life {
            config: Arc::clone(&self.config),
            stamper: self.stamper,
            out,
            stop,
        };
        Box::pin(life.run(asks))
    }
}

/// One life of a poller.
struct Life {
    config: Arc<KafkaConfig>,
    stamper: Stamper,
    out: mpsc::Sender<Observation>,
    stop: CancellationToken,
}

impl Life {
    async fn run(self, mut asks: mpsc::Receiver<Ask>) -> Result<(), SourceError> {
        let cluster = self.config.cluster.clone();
        let pulse = Arc::new(Pulse::new(
            cluster.to_string(),
            self.config.properties.scrubber(),
        ));
        let admin = Admin::new(
            &self.config.properties.for_client(),
            Arc::clone(&pulse) as _,
        )
        .map_err(|error| SourceError::Unusable(pulse.scrub(&error.to_string())))?;
        let parts = Parts {
            config: self.config,
            admin: admin.clone(),
            pulse,
            stamper: self.stamper,
            out: self.out,
            stop: self.stop,
        };
        // On a task of its own, so that the client is closed even when it breaks.
        let life = tokio::spawn(async move { Poller::new(parts).run(&mut asks).await });
        let ended = life.await;
        if !admin.close(CLOSE).await {
            tracing::info!(target: "laggard::kafka", %cluster, "the client is still closing");
        }
        match ended {
            Ok(End::Stopped) => Ok(()),
            Ok(End::Closed) => Err(SourceError::Closed),
            Err(error) => Err(SourceError::Broke(format!("the poller broke: {error}"))),
        }
    }
}
