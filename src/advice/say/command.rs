//! The commands of Kafka's own tools, ready to copy. What would change something is a dry run, or stands behind a remark
//! after a command that only looks: whoever pastes all of it has changed nothing.

use super::About;
use super::text::word;
use crate::advice::resets::{Reset, csv};
use crate::model::{Offset, PartitionId};

/// What turns a dry run into the change.
const EXECUTE: &str =
    "# reads right? Stop the group's members, then again with --execute in place of --dry-run";

/// A file of more lines is not written out.
const MOST_LINES: usize = 30;

impl About<'_> {
    fn groups_tool(&self, rest: &str) -> String {
        let group = word(self.group.group.as_str());
        format!(
            "kafka-consumer-groups.sh --bootstrap-server {} --group {group} {rest}",
            self.servers
        )
    }

    /// Look at one record.
    pub(super) fn look(&self, topic: &str, partition: PartitionId, offset: Offset) -> String {
        format!(
            "kafka-console-consumer.sh --bootstrap-server {} --topic {} --partition {partition} --offset {offset} --max-messages 1",
            self.servers,
            word(topic)
        )
    }

    /// See which keys a partition's newest records have.
    pub(super) fn keys(&self, topic: &str, partition: PartitionId) -> String {
        format!(
            "kafka-console-consumer.sh --bootstrap-server {} --topic {} --partition {partition} --offset latest --max-messages 1000 \
             --property print.key=true --property print.value=false | sort | uniq -c | sort -rn | head",
            self.servers,
            word(topic)
        )
    }

    /// Set the offset of one partition.
    pub(super) fn set_offset(&self, topic: &str, partition: PartitionId, to: Offset) -> String {
        let place = word(&format!("{topic}:{partition}"));
        let reset = format!("--reset-offsets --topic {place} --to-offset {to} --dry-run");
        format!("{}\n{EXECUTE}", self.groups_tool(&reset))
    }

    /// Set the offsets of several partitions at once, by a file.
    pub(super) fn set_all(&self, resets: &[Reset]) -> String {
        if let [one] = resets {
            return self.set_offset(one.topic.as_str(), one.partition, one.offset);
        }
        let reset = self.groups_tool("--reset-offsets --from-file offsets.csv --dry-run");
        if resets.len() > MOST_LINES {
            let group = word(self.group.group.as_str());
            return format!(
                "laggard advise {group} --reset-csv --attach http://127.0.0.1:9550 > offsets.csv   # a running serve knows them\n{reset}\n{EXECUTE}"
            );
        }
        // In one line, which a prompt or an indent in front does not break, as it would a here-document.
        let lines = csv([("", resets.to_vec())], false);
        let lines: Vec<String> = lines.lines().map(word).collect();
        let lines = lines.join(" ");
        format!("printf '%s\\n' {lines} > offsets.csv\n{reset}\n{EXECUTE}")
    }

    /// Set the offsets of a topic, `to` as the tool takes it: `earliest`, `latest`.
    pub(super) fn set_offsets(&self, topic: &str, to: &str) -> String {
        let reset = format!(
            "--reset-offsets --topic {} --to-{to} --dry-run",
            word(topic)
        );
        format!("{}\n{EXECUTE}", self.groups_tool(&reset))
    }

    /// Delete a topic's offsets.
    pub(super) fn delete_offsets(&self, topic: &str) -> String {
        let delete = self.groups_tool(&format!("--delete-offsets --topic {}", word(topic)));
        format!(
            "{}\n# it reads that topic no more? Then: {delete}",
            self.groups_tool("--describe")
        )
    }

    /// Delete the group.
    pub(super) fn delete_group(&self) -> String {
        format!(
            "{}\n# nobody needs it? Then: {}",
            self.groups_tool("--describe"),
            self.groups_tool("--delete")
        )
    }

    /// Look at the group's members.
    pub(super) fn members(&self) -> String {
        self.groups_tool("--describe --members --verbose")
    }

    /// See how a topic is configured.
    pub(super) fn show_topic(&self, topic: &str) -> String {
        format!(
            "kafka-configs.sh --bootstrap-server {} --describe --all --entity-type topics --entity-name {}",
            self.servers,
            word(topic)
        )
    }

    /// Change a setting of a topic, such as `retention.ms=3600000`.
    pub(super) fn set_topic(&self, topic: &str, setting: &str) -> String {
        let tool = format!("kafka-configs.sh --bootstrap-server {}", self.servers);
        let place = format!("--entity-type topics --entity-name {}", word(topic));
        format!(
            "{tool} --describe {place}\n# there is room on the disks? Then: {tool} --alter {place} --add-config {setting}"
        )
    }

    /// Find transactions that nobody ends.
    pub(super) fn hanging(&self, topic: &str, partition: PartitionId, start: Offset) -> String {
        let (servers, topic) = (self.servers, word(topic));
        format!(
            "kafka-transactions.sh --bootstrap-server {servers} describe-producers --topic {topic} --partition {partition}\n\
             # the producer is gone? Then: kafka-transactions.sh --bootstrap-server {servers} abort --topic {topic} --partition {partition} --start-offset {start}"
        )
    }

    /// Give a topic more partitions.
    pub(super) fn widen(&self, topic: &str, partitions: usize) -> String {
        let tool = format!("kafka-topics.sh --bootstrap-server {}", self.servers);
        let topic = word(topic);
        format!(
            "{tool} --describe --topic {topic}\n# keys may move? Then: {tool} --alter --topic {topic} --partitions {partitions}"
        )
    }

    /// See what another number of members would do.
    pub(super) fn what_if(&self, rest: &str) -> String {
        let group = word(self.group.group.as_str());
        format!(
            "laggard what-if {group} {rest} --bootstrap-server {}",
            self.servers
        )
    }
}
