//! The commands of Kafka's own tools, ready to copy. Each that would change something is a dry run first.

use super::About;
use super::text::word;
use crate::model::{Offset, PartitionId};

/// What turns a dry run into the change.
const EXECUTE: &str =
    "# reads right? Stop the group's members, then again with --execute in place of --dry-run";

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

    /// Set the offset of one partition.
    pub(super) fn set_offset(&self, topic: &str, partition: PartitionId, to: Offset) -> String {
        let place = word(&format!("{topic}:{partition}"));
        let reset = format!("--reset-offsets --topic {place} --to-offset {to} --dry-run");
        format!("{}\n{EXECUTE}", self.groups_tool(&reset))
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
        self.groups_tool(&format!("--delete-offsets --topic {}", word(topic)))
    }

    /// Delete the group.
    pub(super) fn delete_group(&self) -> String {
        self.groups_tool("--delete")
    }

    /// Look at the group's members.
    pub(super) fn members(&self) -> String {
        self.groups_tool("--describe --members --verbose")
    }

    /// Keep a topic's records for so many milliseconds.
    pub(super) fn retain(&self, topic: &str, millis: i64) -> String {
        format!(
            "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config retention.ms={millis}",
            self.servers,
            word(topic)
        )
    }

    /// Find transactions that nobody ends.
    pub(super) fn hanging(&self, topic: &str, partition: PartitionId, start: Offset) -> String {
        let (servers, topic) = (self.servers, word(topic));
        format!(
            "kafka-transactions.sh --bootstrap-server {servers} describe-producers --topic {topic} --partition {partition}\n\
             # the producer is gone? Then:\n\
             kafka-transactions.sh --bootstrap-server {servers} abort --topic {topic} --partition {partition} --start-offset {start}"
        )
    }

    /// Give a topic more partitions.
    pub(super) fn widen(&self, topic: &str, partitions: usize) -> String {
        format!(
            "kafka-topics.sh --bootstrap-server {} --alter --topic {} --partitions {partitions}",
            self.servers,
            word(topic)
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
