//! The commands of Kafka's own tools, ready to copy. What would change something is a dry run, or stands behind a remark
//! after a command that only looks: whoever pastes all of it has changed nothing.

use super::About;
use crate::advice::resets::{Reset, csv};
use crate::model::{GroupType, Offset, PartitionId, Timestamp};
use crate::words::text::shell;

/// What turns a dry run into the change.
const EXECUTE: &str =
    "# reads right? Stop all of its members, then again with --execute in place of --dry-run";

/// A file of more lines is not written out.
const MOST_LINES: usize = 30;

impl About<'_> {
    fn groups_tool(&self, rest: &str) -> String {
        let group = shell(self.group.group.as_str());
        let tool = match self.group.group_type {
            GroupType::Streams => "kafka-streams-groups.sh",
            GroupType::Share => "kafka-share-groups.sh",
            _ => "kafka-consumer-groups.sh",
        };
        format!(
            "{tool} --bootstrap-server {} --group {group} {rest}",
            self.servers
        )
    }

    /// Look at one record.
    pub(super) fn look(&self, topic: &str, partition: PartitionId, offset: Offset) -> String {
        format!(
            "kafka-console-consumer.sh --bootstrap-server {} --topic {} --partition {partition} --offset {offset} --max-messages 1 \
             --property print.offset=true",
            self.servers,
            shell(topic)
        )
    }

    /// See which keys a partition's newest records have.
    pub(super) fn keys(&self, topic: &str, partition: PartitionId) -> String {
        format!(
            "kafka-console-consumer.sh --bootstrap-server {} --topic {} --partition {partition} --offset latest --max-messages 1000 \
             --property print.key=true --property print.value=false | sort | uniq -c | sort -rn | head",
            self.servers,
            shell(topic)
        )
    }

    /// Set the offset of one partition.
    pub(super) fn set_offset(&self, topic: &str, partition: PartitionId, to: Offset) -> String {
        let place = format!("{topic}:{partition}");
        let place = shell(&place);
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
            let ours = format!(
                "laggard advise --reset-csv --cluster {} --attach http://127.0.0.1:9550 -- {} > offsets.csv",
                shell(self.cluster.as_str()),
                shell(self.group.group.as_str())
            );
            return format!(
                "# a running serve knows them, here or elsewhere:\n{ours}\n{reset}\n{EXECUTE}"
            );
        }
        // In one line, which a prompt or an indent in front does not break, as it would a here-document.
        let lines = csv([("", resets.to_vec())], false);
        let lines: Vec<_> = lines.lines().map(shell).collect();
        let lines = lines.join(" ");
        format!("printf '%s\\n' {lines} > offsets.csv\n{reset}\n{EXECUTE}")
    }

    /// Set the offsets of a topic, `to` as the tool takes it: `earliest`, `latest`.
    pub(super) fn set_offsets(&self, topic: &str, to: &str) -> String {
        let reset = format!(
            "--reset-offsets --topic {} --to-{to} --dry-run",
            shell(topic)
        );
        format!("{}\n{EXECUTE}", self.groups_tool(&reset))
    }

    /// Set the offsets of a topic to where the records of a time begin.
    pub(super) fn set_offsets_by_time(&self, topic: &str, at: Timestamp) -> String {
        let reset = format!(
            "--reset-offsets --topic {} --to-datetime {at} --dry-run",
            shell(topic)
        );
        format!("{}\n{EXECUTE}", self.groups_tool(&reset))
    }

    /// Delete a topic's offsets.
    pub(super) fn delete_offsets(&self, topic: &str) -> String {
        let delete = self.groups_tool(&format!("--delete-offsets --topic {}", shell(topic)));
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
            shell(topic)
        )
    }

    /// Change a setting of a topic, such as `retention.ms=3600000`.
    pub(super) fn set_topic(&self, topic: &str, setting: &str) -> String {
        let tool = format!("kafka-configs.sh --bootstrap-server {}", self.servers);
        let place = format!("--entity-type topics --entity-name {}", shell(topic));
        format!(
            "{tool} --describe {place}\n# there is room on the disks? Then: {tool} --alter {place} --add-config {setting}"
        )
    }

    /// Find transactions that nobody ends.
    pub(super) fn hanging(&self, topic: &str, partition: PartitionId, start: Offset) -> String {
        let (servers, topic) = (self.servers, shell(topic));
        format!(
            "kafka-transactions.sh --bootstrap-server {servers} describe-producers --topic {topic} --partition {partition}\n\
             # the producer is gone? Then: kafka-transactions.sh --bootstrap-server {servers} abort --topic {topic} --partition {partition} --start-offset {start}"
        )
    }

    /// Give a topic more partitions.
    pub(super) fn widen(&self, topic: &str, partitions: usize) -> String {
        let tool = format!("kafka-topics.sh --bootstrap-server {}", self.servers);
        // This tool takes a pattern, in which a dot is any character.
        let topic = topic.replace('.', "\\.");
        let topic = shell(&topic);
        format!(
            "{tool} --describe --topic {topic}\n# keys may move? Then: {tool} --alter --topic {topic} --partitions {partitions}"
        )
    }

    /// See what another number of members would do.
    pub(super) fn what_if(&self, rest: &str) -> String {
        let group = self.group.group.as_str();
        // What begins with a dash would be taken for a flag.
        if group.starts_with('-') {
            return format!(
                "laggard what-if {rest} --bootstrap-server {} -- {}",
                self.servers,
                shell(group)
            );
        }
        format!(
            "laggard what-if {} {rest} --bootstrap-server {}",
            shell(group),
            self.servers
        )
    }
}
