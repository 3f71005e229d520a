//! A real Kafka cluster on loopback: combined `KRaft` nodes, each a JVM. In: a number of brokers and options. Out: addresses, faults on demand, and
//! (in the sibling modules) clients and Kafka's own tools. It must never leave a JVM behind.

pub mod clients;
pub mod members;
mod node;
mod security;
mod toolbox;
pub mod tools;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::process::{Running, run_dir};
use super::{eventually, unique};
use node::Node;
pub use node::quick_jvm;
pub use security::{MONITOR, STRANGER, User};

/// What a cluster is like beyond its number of brokers.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Adds `SASL_SSL`, mutual TLS and ACLs beside the open listener. See `security`.
    pub secured: bool,
    /// Broker properties of one's own; they win over the harness's.
    pub properties: Vec<(String, String)>,
}

impl Options {
    pub fn secured() -> Self {
        Self {
            secured: true,
            ..Self::default()
        }
    }

    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// A running cluster; dropped, it is killed and its directory removed.
pub struct KafkaCluster {
    directory: PathBuf,
    nodes: Vec<Node>,
    brokers: Vec<Mutex<Option<Running>>>,
}

/// Three brokers for all tests of this binary, started by the first that asks. Break brokers of your own cluster, not these.
pub fn shared() -> &'static KafkaCluster {
    static SHARED: OnceLock<KafkaCluster> = OnceLock::new();
    SHARED.get_or_init(|| KafkaCluster::start(3, &Options::default()))
}

impl KafkaCluster {
    /// Formats the storage of `count` nodes, starts them and waits until each knows all. Takes about 8 s for three.
    pub fn start(count: usize, options: &Options) -> Self {
        let directory = run_dir().join(unique("kafka"));
        fs::create_dir_all(&directory).unwrap();
        if options.secured {
            security::make_certificates(&directory);
        }
        let nodes = Node::plan(&directory, count, &free_ports(count * 4), options);
        // Each format is a JVM start, so they run side by side.
        thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(|| node.format(options.secured));
            }
        });
        let brokers = nodes
            .iter()
            .map(|node| Mutex::new(Some(node.start())))
            .collect();
        let cluster = Self {
            directory,
            nodes,
            brokers,
        };
        cluster.wait_until_ready(Duration::from_secs(90));
        if options.secured {
            cluster.grant_monitor();
        }
        cluster
    }

    /// `host:port,…` of the listener that asks for nothing.
    pub fn bootstrap(&self) -> String {
        self.addresses(|node| node.ports.plain)
    }

    /// The same of one broker.
    pub fn bootstrap_of(&self, id: usize) -> String {
        format!("127.0.0.1:{}", self.nodes[id - 1].ports.plain)
    }

    /// `host:port,…` of the `SASL_SSL` listener (PLAIN and SCRAM-SHA-512).
    pub fn bootstrap_sasl(&self) -> String {
        self.addresses(|node| node.ports.sasl)
    }

    /// `host:port,…` of the listener that asks for a client certificate.
    pub fn bootstrap_mtls(&self) -> String {
        self.addresses(|node| node.ports.mtls)
    }

    fn addresses(&self, port: impl Fn(&Node) -> u16) -> String {
        self.nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", port(node)))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// Broker ids: 1, 2, …
    pub fn ids(&self) -> impl Iterator<Item = usize> + use<> {
        1..=self.nodes.len()
    }

    /// The cluster's own directory, for files that a test needs beside it.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The process id of a broker; panics if it is not running.
    pub fn pid(&self, id: usize) -> u32 {
        self.brokers[id - 1]
            .lock()
            .unwrap()
            .as_ref()
            .expect("the broker runs")
            .id()
    }

    /// SIGKILL: the broker is gone without a word.
    pub fn kill(&self, id: usize) {
        drop(self.brokers[id - 1].lock().unwrap().take());
    }

    /// SIGTERM: an orderly shutdown, leaders moved away first. Falls back to SIGKILL after 30 s.
    pub fn stop(&self, id: usize) {
        if let Some(mut broker) = self.brokers[id - 1].lock().unwrap().take() {
            broker.signal("TERM");
            broker.wait(Duration::from_secs(30));
        }
    }

    /// SIGSTOP: the broker hangs with its connections open.
    pub fn hang(&self, id: usize) {
        super::process::signal(self.pid(id), "STOP");
    }

    /// SIGCONT after [`Self::hang`].
    pub fn wake(&self, id: usize) {
        super::process::signal(self.pid(id), "CONT");
    }

    /// Starts a broker again on its old ports and storage; returns at once.
    pub fn restart(&self, id: usize) {
        let mut broker = self.brokers[id - 1].lock().unwrap();
        drop(broker.take());
        *broker = Some(self.nodes[id - 1].start());
    }

    /// Waits until every node that runs answers, and knows every other one that runs.
    pub fn wait_until_ready(&self, within: Duration) {
        let expected = self
            .brokers
            .iter()
            .filter(|broker| broker.lock().unwrap().is_some())
            .count();
        for (node, broker) in self.nodes.iter().zip(&self.brokers) {
            if broker.lock().unwrap().is_none() {
                continue;
            }
            eventually(within, || {
                if let Some(broker) = broker.lock().unwrap().as_mut() {
                    assert!(
                        broker.is_running(),
                        "broker {} ended:\n{}",
                        node.id,
                        node.log_tail()
                    );
                }
                let seen = brokers_seen(&format!("127.0.0.1:{}", node.ports.plain))?;
                if seen == expected {
                    Ok(())
                } else {
                    Err(format!(
                        "broker {} knows {seen} of {expected}\n{}",
                        node.id,
                        node.log_tail()
                    ))
                }
            });
        }
    }
}

impl Drop for KafkaCluster {
    fn drop(&mut self) {
        for broker in &self.brokers {
            // Even a poisoned lock holds a child to kill.
            drop(
                broker
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .take(),
            );
        }
        if std::env::var_os("LAGGARD_KEEP").is_none() {
            let _left_to_the_watchdog = fs::remove_dir_all(&self.directory);
        }
    }
}

/// How many brokers the one at `address` knows.
pub fn brokers_seen(address: &str) -> Result<usize, String> {
    let consumer: BaseConsumer = clients::config(address)
        .create()
        .map_err(|error| error.to_string())?;
    let metadata = consumer
        .fetch_metadata(None, Duration::from_secs(2))
        .map_err(|error| error.to_string())?;
    Ok(metadata.brokers().len())
}

/// Ports below the range that the kernel gives to outgoing connections, so that a broker that was killed finds its own free again.
fn free_ports(count: usize) -> Vec<u16> {
    let mut port =
        10_000 + u16::try_from((std::process::id() * 37 + clients::jitter()) % 20_000).unwrap();
    let mut held = Vec::new();
    while held.len() < count {
        port = if port >= 32_000 { 10_000 } else { port + 1 };
        held.extend(TcpListener::bind(("127.0.0.1", port)));
    }
    held.iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect()
}
