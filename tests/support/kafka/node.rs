//! One combined broker and controller: its properties file, its storage, its process. In: a directory and ports. Out: a running JVM.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::needs::kafka_libs;
use super::super::process::{Running, guarded};
use super::Options;
use super::security;

const CLUSTER_ID: &str = "bGFnZ2FyZC10ZXN0cy0wMA";

#[derive(Debug, Clone, Copy)]
pub struct Ports {
    pub plain: u16,
    pub controller: u16,
    pub sasl: u16,
    pub mtls: u16,
}

#[derive(Debug)]
pub struct Node {
    pub id: usize,
    pub ports: Ports,
    directory: PathBuf,
}

impl Node {
    /// Writes the properties of each node; `ports` has four for each.
    pub fn plan(directory: &Path, count: usize, ports: &[u16], options: &Options) -> Vec<Self> {
        let node = |(index, ports): (usize, &[u16])| Self {
            id: index + 1,
            ports: Ports {
                plain: ports[0],
                controller: ports[1],
                sasl: ports[2],
                mtls: ports[3],
            },
            directory: directory.join(format!("broker-{}", index + 1)),
        };
        let nodes: Vec<_> = ports.chunks(4).enumerate().map(node).collect();
        assert_eq!(nodes.len(), count);
        let voters: Vec<_> = nodes
            .iter()
            .map(|node| format!("{}@127.0.0.1:{}", node.id, node.ports.controller))
            .collect();
        for node in &nodes {
            fs::create_dir_all(&node.directory).unwrap();
            fs::write(
                node.properties_file(),
                node.properties(&voters.join(","), count, directory, options),
            )
            .unwrap();
        }
        nodes
    }

    fn properties_file(&self) -> PathBuf {
        self.directory.join("broker.properties")
    }

    fn properties(&self, voters: &str, count: usize, shared: &Path, options: &Options) -> String {
        let Ports {
            plain,
            controller,
            sasl,
            mtls,
        } = self.ports;
        let replicas = count.min(3);
        let (id, data) = (self.id, self.directory.join("data"));
        let mut listeners = format!("PLAINTEXT://127.0.0.1:{plain}");
        if options.secured {
            write!(
                listeners,
                ",SASL_SSL://127.0.0.1:{sasl},SSL://127.0.0.1:{mtls}"
            )
            .unwrap();
        }
        let mut text = format!(
            "process.roles=broker,controller\nnode.id={id}\nbroker.rack=rack-{id}\n\
             controller.quorum.voters={voters}\ncontroller.listener.names=CONTROLLER\n\
             listeners={listeners},CONTROLLER://127.0.0.1:{controller}\nadvertised.listeners={listeners}\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL\n\
             inter.broker.listener.name=PLAINTEXT\nlog.dirs={data}\n\
             num.partitions=1\nauto.create.topics.enable=false\ndefault.replication.factor={replicas}\n\
             offsets.topic.num.partitions=8\noffsets.topic.replication.factor={replicas}\n\
             transaction.state.log.num.partitions=8\ntransaction.state.log.replication.factor={replicas}\ntransaction.state.log.min.isr=1\n\
             share.coordinator.state.topic.num.partitions=4\nshare.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr=1\n\
             group.initial.rebalance.delay.ms=0\n\
             log.segment.bytes=16777216\nlog.index.size.max.bytes=65536\nnum.network.threads=2\nnum.io.threads=4\n\
             broker.session.timeout.ms=6000\nbroker.heartbeat.interval.ms=1000\n",
            data = data.display(),
        );
        if options.secured {
            text.push_str(&security::broker_properties(shared));
        }
        for (key, value) in &options.properties {
            writeln!(text, "{key}={value}").unwrap();
        }
        text
    }

    /// Formats the storage; with users, if the cluster is secured.
    pub fn format(&self, secured: bool) {
        let mut command = Command::new("java");
        command
            .args(quick_jvm())
            .args([
                "-Xmx128m",
                "kafka.tools.StorageTool",
                "format",
                "-t",
                CLUSTER_ID,
                "-c",
            ])
            .arg(self.properties_file());
        if secured {
            command.args(security::scram_arguments());
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "cannot format the storage: {output:#?}"
        );
    }

    /// Starts the broker; its log goes on where it was.
    pub fn start(&self) -> Running {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let mut command = guarded("java");
        command
            .args(quick_jvm())
            .args(["-Xms128m", "-Xmx448m", "-Dlaggard.log=INFO", "kafka.Kafka"])
            .arg(self.properties_file());
        command.stdout(Stdio::null()).stderr(log);
        Running::start(command).unwrap()
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    /// The last lines of the broker's log, for a message that has to say why it did not start.
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// What every JVM here gets: little compiling, one collector thread, all jars.
pub fn quick_jvm() -> Vec<String> {
    let log4j = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/log4j2.properties");
    vec![
        "-XX:TieredStopAtLevel=1".to_owned(),
        "-XX:+UseSerialGC".to_owned(),
        "-XX:-UsePerfData".to_owned(),
        format!("-Dlog4j2.configurationFile={}", log4j.display()),
        "-cp".to_owned(),
        format!("{}/*", kafka_libs().display()),
    ]
}
