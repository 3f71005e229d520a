//! The embedded cluster: several brokers on loopback in one process that speak Kafka's protocol about a [`World`].
//!
//! In: a world, an injected clock, an address to listen on, faults on demand. Out: answers over TCP that any Kafka
//! client reads, and the list of what clients asked that a read-only tool must not ask. It never changes the world: a
//! request outside [`ALLOWED`] is refused and recorded.

mod batch;
mod configs;
mod connection;
mod faults;
mod fetch;
mod groups;
mod listener;
mod log;
mod metadata;
mod offsets;
#[cfg(test)]
mod tests;
mod topology;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kafka_protocol::messages::{ApiKey, GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use tokio::runtime::Runtime;

pub use self::faults::{Faults, Rule, Trouble};
use super::world::{OFFSETS_TOPIC, World};
use crate::model::{Broker, Clock};

/// What may be asked: nothing here changes a cluster.
pub const ALLOWED: [ApiKey; 12] = [
    ApiKey::ApiVersions,
    ApiKey::Metadata,
    ApiKey::DescribeCluster,
    ApiKey::DescribeTopicPartitions,
    ApiKey::FindCoordinator,
    ApiKey::ListGroups,
    ApiKey::DescribeGroups,
    ApiKey::ConsumerGroupDescribe,
    ApiKey::OffsetFetch,
    ApiKey::ListOffsets,
    ApiKey::DescribeConfigs,
    ApiKey::Fetch,
];

/// How a cluster is started.
#[derive(Clone)]
pub struct Options {
    /// Where the first broker listens; the others on the ports after it. Port 0: any free ports.
    pub listen: SocketAddr,
    /// The time.
    pub clock: Clock,
    /// Threads that answer.
    pub threads: usize,
}

impl Options {
    /// On free loopback ports, by this clock.
    pub fn new(clock: Clock) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock,
            threads: 1,
        }
    }
}

/// Something that a client asked and must not ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The API's key.
    pub api_key: i16,
    /// The version it came in.
    pub version: i16,
    /// Which broker was asked.
    pub broker: i32,
}

/// A running cluster; it stops when dropped.
pub struct Cluster {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// What all connections share.
struct Shared {
    world: Arc<World>,
    clock: Clock,
    addresses: Vec<SocketAddr>,
    faults: Faults,
    forbidden: Mutex<Vec<Forbidden>>,
    requests: [AtomicU64; 128],
    topics: Vec<TopicName>,
    offsets_topic: TopicName,
    groups: Vec<GroupId>,
    cluster_id: StrBytes,
}

impl Cluster {
    /// Starts all brokers of `world`.
    ///
    /// # Errors
    /// When a port cannot be had or threads cannot be started.
    pub fn start(world: Arc<World>, options: Options) -> io::Result<Self> {
        let listeners = listener::bind(options.listen, world.brokers())?;
        let addresses = listeners
            .iter()
            .map(std::net::TcpListener::local_addr)
            .collect::<io::Result<Vec<_>>>()?;
        let name = |name: &Arc<str>| StrBytes::from_string(name.to_string());
        let shared = Arc::new(Shared {
            clock: options.clock,
            faults: Faults::new(world.brokers()),
            forbidden: Mutex::default(),
            requests: [const { AtomicU64::new(0) }; 128],
            topics: world
                .topics()
                .iter()
                .map(|topic| TopicName(name(&topic.name)))
                .collect(),
            offsets_topic: TopicName(StrBytes::from_static_str(OFFSETS_TOPIC)),
            groups: (0..world.group_count())
                .map(|group| GroupId(name(world.group_name(group))))
                .collect(),
            cluster_id: StrBytes::from_string(world.cluster_id()),
            addresses,
            world,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads.max(1))
            .thread_name("embedded-kafka")
            .enable_all()
            .build()?;
        for (listener, broker) in listeners.into_iter().zip(1..) {
            runtime.spawn(listener::serve(shared.clone(), broker, listener));
        }
        Ok(Self {
            shared,
            runtime: Some(runtime),
        })
    }

    /// `host:port` of each broker, comma-separated, as `--bootstrap-server` takes it.
    pub fn bootstrap(&self) -> String {
        let each: Vec<String> = self
            .shared
            .addresses
            .iter()
            .map(|address| advertised(*address))
            .collect();
        each.join(",")
    }

    /// Its brokers as clients see them.
    pub fn brokers(&self) -> Vec<Broker> {
        let broker = |(address, id): (&SocketAddr, i32)| Broker {
            id,
            host: host(*address).into(),
            port: address.port(),
            rack: Some(metadata::rack_name(id).into()),
        };
        self.shared.addresses.iter().zip(1..).map(broker).collect()
    }

    /// What can go wrong with it.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What was asked that must not be.
    pub fn forbidden(&self) -> Vec<Forbidden> {
        self.shared
            .forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How often an API was asked, over all brokers.
    pub fn requests(&self, api: ApiKey) -> u64 {
        self.shared
            .requests
            .get(api as usize)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// What it serves.
    pub fn world(&self) -> &Arc<World> {
        &self.shared.world
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn address(&self, broker: i32) -> Option<(StrBytes, i32)> {
        let address = *self.addresses.get(usize::try_from(broker - 1).ok()?)?;
        Some((
            StrBytes::from_string(host(address)),
            i32::from(address.port()),
        ))
    }

    fn refuse(&self, forbidden: Forbidden) {
        tracing::error!(
            target: "laggard::sim",
            api_key = forbidden.api_key,
            version = forbidden.version,
            broker = forbidden.broker,
            "the embedded cluster refuses a request that is not on the read-only list"
        );
        self.forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(forbidden);
    }

    fn counted(&self, api: ApiKey) {
        if let Some(count) = self.requests.get(api as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn advertised(address: SocketAddr) -> String {
    format!("{}:{}", host(address), address.port())
}

/// A name under which clients on this machine reach it.
fn host(address: SocketAddr) -> String {
    let any = address.ip().is_unspecified();
    if any {
        "127.0.0.1".to_owned()
    } else {
        address.ip().to_string()
    }
}
