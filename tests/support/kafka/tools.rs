//! Kafka's own command-line tools, typed: the reference against which Laggard is held. In: a cluster. Out: rows.

pub use super::toolbox::{Printed, run_tool};

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::KafkaCluster;
use super::node::quick_jvm;
use crate::support::process::{Running, guarded};
use crate::support::{eventually, unique};

pub const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// A member of a share group (KIP-932): Kafka's console share consumer in a JVM of its own, since librdkafka has none. It reads and acknowledges
/// until dropped.
pub struct ShareMember(Running);

impl ShareMember {
    #[track_caller]
    pub fn join(cluster: &KafkaCluster, group: &str, topic: &str) -> Self {
        let log = File::create(
            cluster
                .directory()
                .join(unique("share"))
                .with_extension("log"),
        )
        .unwrap();
        let mut command = guarded("java");
        command.args(quick_jvm()).args([
            "-Xmx128m",
            "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
        ]);
        command.args([
            "--bootstrap-server",
            &cluster.bootstrap(),
            "--topic",
            topic,
            "--group",
            group,
        ]);
        command.stdout(Stdio::null()).stderr(log);
        let mut member = Self(Running::start(command).unwrap());
        eventually(Duration::from_secs(30), || {
            assert!(member.0.is_running(), "the share consumer ended");
            let arguments = [
                "--bootstrap-server",
                &cluster.bootstrap(),
                "--describe",
                "--group",
                group,
                "--members",
            ];
            let printed = run_tool(
                "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
                &arguments,
            );
            // A heading, then a line a member.
            let members = printed
                .stdout
                .lines()
                .filter(|line| line.starts_with(group))
                .count();
            if members > 0 {
                Ok(())
            } else {
                Err(format!("no member yet: {printed:#?}"))
            }
        });
        member
    }
}

/// A line of `ConsumerGroupCommand --describe --all-groups`; what the tool shows as `-` is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupRow {
    pub group: String,
    pub topic: Option<String>,
    pub partition: Option<i32>,
    pub committed_offset: Option<i64>,
    pub log_end_offset: Option<i64>,
    pub lag: Option<i64>,
    pub member_id: Option<String>,
    pub host: Option<String>,
    pub client_id: Option<String>,
}

impl KafkaCluster {
    /// Runs a tool against this cluster's open listener; panics if it fails.
    #[track_caller]
    pub fn tool(&self, main_class: &str, arguments: &[&str]) -> Printed {
        let bootstrap = self.bootstrap();
        let printed = run_tool(
            main_class,
            &[&["--bootstrap-server", &bootstrap], arguments].concat(),
        );
        assert_eq!(printed.code, 0, "{main_class} {arguments:?}: {printed:#?}");
        printed
    }

    /// Runs a tool against the `SASL_SSL` listener with a `client.properties`; the caller judges how it ended.
    #[track_caller]
    pub fn tool_as(&self, properties: &Path, main_class: &str, arguments: &[&str]) -> Printed {
        let (bootstrap, properties) = (self.bootstrap_sasl(), properties.to_str().unwrap());
        run_tool(
            main_class,
            &[
                &[
                    "--bootstrap-server",
                    &bootstrap,
                    "--command-config",
                    properties,
                ],
                arguments,
            ]
            .concat(),
        )
    }

    /// All groups' rows, in the order of group, topic, partition.
    #[track_caller]
    pub fn describe_all_groups(&self) -> Vec<GroupRow> {
        let mut rows = parse_groups(&self.tool(GROUPS, &["--describe", "--all-groups"]).stdout);
        rows.sort();
        rows
    }

    /// One group's rows, in the order of topic, partition.
    #[track_caller]
    pub fn describe_group(&self, group: &str) -> Vec<GroupRow> {
        let mut rows = parse_groups(&self.tool(GROUPS, &["--describe", "--group", group]).stdout);
        rows.sort();
        rows
    }

    /// Elects the preferred leaders of all partitions. A broker that has just come back is refused until it has caught up, hence the patience.
    #[track_caller]
    pub fn elect_preferred_leaders(&self) {
        let bootstrap = self.bootstrap();
        let arguments = [
            "--bootstrap-server",
            &bootstrap,
            "--election-type",
            "PREFERRED",
            "--all-topic-partitions",
        ];
        eventually(Duration::from_mins(1), || {
            let printed = run_tool("org.apache.kafka.tools.LeaderElectionCommand", &arguments);
            if printed.code == 0 {
                Ok(())
            } else {
                Err(printed.stderr)
            }
        });
    }

    /// Deletes the records of a partition below an offset, with Kafka's own tool. [`Self::delete_records`] is the quick way.
    #[track_caller]
    pub fn delete_records_by_tool(&self, topic: &str, partition: i32, before: i64) {
        let file = self
            .directory()
            .join(unique("delete"))
            .with_extension("json");
        let json = serde_json::json!({"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": before}]});
        fs::write(&file, json.to_string()).unwrap();
        self.tool(
            "org.apache.kafka.tools.DeleteRecordsCommand",
            &["--offset-json-file", file.to_str().unwrap()],
        );
    }

    /// Adds an ACL that allows: `allow("User:x", &["--operation", "Describe", "--group", "*"])`.
    #[track_caller]
    pub fn allow(&self, principal: &str, what: &[&str]) {
        self.tool(
            "org.apache.kafka.tools.AclCommand",
            &[&["--add", "--allow-principal", principal], what].concat(),
        );
    }

    /// Takes an ACL away again.
    #[track_caller]
    pub fn disallow(&self, principal: &str, what: &[&str]) {
        self.tool(
            "org.apache.kafka.tools.AclCommand",
            &[
                &["--remove", "--force", "--allow-principal", principal],
                what,
            ]
            .concat(),
        );
    }
}

const COLUMNS: [&str; 9] = [
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
];

/// Reads the tool's tables, one a group, each with a heading of its own.
pub fn parse_groups(text: &str) -> Vec<GroupRow> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.is_empty() || words == COLUMNS {
            continue;
        }
        let [
            group,
            topic,
            partition,
            committed,
            end,
            lag,
            member,
            host,
            client,
        ] = words[..]
        else {
            // The id of another test's group breaks the line: the tool escapes nothing.
            continue;
        };
        let text = |word: &str| (word != "-").then(|| word.to_owned());
        let number = |word: &str| (word != "-").then(|| word.parse::<i64>().unwrap());
        rows.push(GroupRow {
            group: group.to_owned(),
            topic: text(topic),
            partition: number(partition).map(|number| i32::try_from(number).unwrap()),
            committed_offset: number(committed),
            log_end_offset: number(end),
            lag: number(lag),
            member_id: text(member),
            host: text(host.trim_start_matches('/')),
            client_id: text(client),
        });
    }
    rows
}
