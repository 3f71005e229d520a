//! A world's state in the words of the model.

use std::sync::Arc;

use super::Watch;
use crate::model::{
    AssignedTopic, BrokerId, CleanupPolicy, CommitRead, Fact, GroupDescription, GroupId,
    GroupState, GroupType, Isolation, ListedGroup, Member, MemberId, OffsetRead, PartitionMetadata,
    Span, TopicCommits, TopicConfig, TopicId, TopicMetadata, TopicName, Why,
};
use crate::sim::spec::Millis;
use crate::sim::world::{self, Row};

/// What stands for the size of a record where a setting is in bytes.
const RECORD_BYTES: u64 = 1024;

impl Watch {
    pub(super) fn brokers_fact(&self) -> Fact {
        Fact::Brokers {
            cluster_id: Some(self.world.cluster_id().into()),
            controller: self.brokers.first().map(|broker| broker.id),
            brokers: self.brokers.clone(),
        }
    }

    /// Topics that exist at `t`.
    pub(super) fn topics_at(&self, t: Millis) -> impl Iterator<Item = usize> + use<'_> {
        let relative = self.world.relative(t);
        let topics = self.world.topics().iter().enumerate();
        topics
            .filter(move |(_, topic)| topic.id(relative).is_some())
            .map(|(index, _)| index)
    }

    fn topic_name(&self, topic: usize) -> TopicName {
        self.world.topics()[topic].name.clone().into()
    }

    pub(super) fn topics_fact(&self, t: Millis) -> Fact {
        let relative = self.world.relative(t);
        let mut topics: Vec<TopicMetadata> = self
            .topics_at(t)
            .map(|topic| TopicMetadata {
                topic: self.topic_name(topic),
                topic_id: self.world.topics()[topic]
                    .id(relative)
                    .map(TopicId::from_bits),
                partitions: (0..self.world.topics()[topic].partitions)
                    .map(|p| self.partition(topic, p))
                    .collect(),
            })
            .collect();
        topics.sort_by(|one, other| one.topic.cmp(&other.topic));
        Fact::Topics {
            topics,
            complete: true,
        }
    }

    fn partition(&self, topic: usize, partition: i32) -> PartitionMetadata {
        let replicas = self.world.replicas(topic, partition).len() as u16;
        PartitionMetadata {
            partition,
            leader: Some(self.world.preferred_leader(topic, partition)),
            replicas,
            in_sync: replicas,
        }
    }

    pub(super) fn config_fact(&self, topic: usize, t: Millis) -> Fact {
        let topic = &self.world.topics()[topic];
        let retention = topic.retention(self.world.relative(t));
        let config = TopicConfig {
            cleanup_policy: if topic.compacted {
                CleanupPolicy::Compact
            } else {
                CleanupPolicy::Delete
            },
            retention: retention.time.map(Span::from_millis),
            retention_bytes: retention
                .records
                .map(|records| records.unsigned_abs() * RECORD_BYTES),
            segment_bytes: Some(1 << 30),
            segment: Some(Span::from_millis(retention.segment)),
            ..TopicConfig::default()
        };
        Fact::TopicConfig {
            topic: topic.name.clone().into(),
            config,
        }
    }

    pub(super) fn starts_fact(&self, topic: usize, t: Millis) -> Fact {
        let start = |partition| self.world.log_start(topic, partition, t);
        Fact::LogStarts {
            topic: self.topic_name(topic),
            offsets: self.offsets(topic, start),
        }
    }

    pub(super) fn ends_fact(&self, topic: usize, isolation: Isolation, t: Millis) -> Fact {
        let end = |partition| match isolation {
            Isolation::ReadUncommitted => self.world.log_end(topic, partition, t),
            Isolation::ReadCommitted => self.world.last_stable(topic, partition, t),
        };
        Fact::LogEnds {
            topic: self.topic_name(topic),
            isolation,
            offsets: self.offsets(topic, end),
        }
    }

    fn offsets(&self, topic: usize, offset: impl Fn(i32) -> Option<i64>) -> Vec<OffsetRead> {
        // A topic may go between two reads of one cycle.
        let read = |partition| OffsetRead {
            partition,
            offset: offset(partition).ok_or_else(|| Why::text("unknown topic or partition")),
            leader_epoch: None,
        };
        (0..self.world.topics()[topic].partitions)
            .map(read)
            .collect()
    }

    pub(super) fn groups_fact(&self, groups: &[usize], t: Millis) -> Fact {
        let listed = |group: &usize| {
            let brief = self.world.brief(*group, t);
            ListedGroup {
                group: self.group_id(*group),
                group_type: group_type(brief.group_type),
                state: group_state(brief.state),
                protocol_type: brief.protocol_type.into(),
            }
        };
        Fact::Groups {
            groups: groups.iter().map(listed).collect(),
            complete: true,
            failures: Vec::new(),
        }
    }

    fn group_id(&self, group: usize) -> GroupId {
        self.world.group_name(group).clone().into()
    }

    pub(super) fn commits_fact(&self, group: usize, t: Millis) -> Fact {
        let rows = self.world.rows(group);
        let mut commits = Vec::new();
        self.world.commits(group, t, &mut commits);
        let mut topics: Vec<TopicCommits> = Vec::new();
        let mut last = None;
        for (row, commit) in rows.iter().zip(commits) {
            let Some(commit) = commit else { continue };
            if last != Some(row.topic) {
                topics.push(TopicCommits {
                    topic: self.topic_name(row.topic as usize),
                    partitions: Vec::new(),
                });
                last = Some(row.topic);
            }
            let read = CommitRead {
                partition: row.partition,
                offset: Ok(Some(commit.offset)),
                committed_at: None,
            };
            if let Some(topic) = topics.last_mut() {
                topic.partitions.push(read);
            }
        }
        topics.sort_by(|one, other| one.topic.cmp(&other.topic));
        Fact::Commits {
            group: self.group_id(group),
            topics,
            complete: true,
        }
    }

    pub(super) fn group_fact(&self, group: usize, t: Millis) -> Fact {
        let view = self.world.view(group, t);
        let rows = self.world.rows(group);
        let settled = view.brief.state == "Stable" || view.brief.group_type == "consumer";
        let mut members: Vec<Member> = view
            .members
            .iter()
            .map(|member| self.member(member, &rows, settled))
            .collect();
        members.sort_by(|one, other| one.member_id.cmp(&other.member_id));
        let description = GroupDescription {
            group: self.group_id(group),
            group_type: group_type(view.brief.group_type),
            state: group_state(view.brief.state),
            protocol_type: view.brief.protocol_type.is_empty().then(|| Arc::from("")),
            assignor: Some(view.assignor)
                .filter(|name| settled && !name.is_empty())
                .map(Arc::from),
            coordinator: Some(self.coordinator(group)),
            members: Some(members),
        };
        Fact::Group {
            description: Arc::new(description),
        }
    }

    fn coordinator(&self, group: usize) -> BrokerId {
        self.world
            .offsets_leader(world::offsets_partition(self.world.group_name(group)))
    }

    fn member(&self, member: &world::Member, rows: &[Row], settled: bool) -> Member {
        let mut assignment: Vec<AssignedTopic> = Vec::new();
        let mut last = None;
        for row in member
            .rows
            .iter()
            .filter(|_| settled)
            .filter_map(|row| rows.get(*row))
        {
            if last != Some(row.topic) {
                assignment.push(AssignedTopic {
                    topic: self.topic_name(row.topic as usize),
                    partitions: Vec::new(),
                });
                last = Some(row.topic);
            }
            if let Some(topic) = assignment.last_mut() {
                topic.partitions.push(row.partition);
            }
        }
        assignment.sort_by(|one, other| one.topic.cmp(&other.topic));
        Member {
            member_id: MemberId::from(member.member_id.clone()),
            client_id: member.client_id.clone(),
            host: member.host.clone(),
            group_instance_id: member.instance.clone(),
            assignment,
            subscription: None,
        }
    }
}

fn group_type(name: &str) -> GroupType {
    if name == "consumer" {
        GroupType::Consumer
    } else {
        GroupType::Classic
    }
}

fn group_state(name: &str) -> GroupState {
    match name {
        "Stable" => GroupState::Stable,
        "Empty" => GroupState::Empty,
        "PreparingRebalance" => GroupState::PreparingRebalance,
        "CompletingRebalance" => GroupState::CompletingRebalance,
        "Assigning" => GroupState::Assigning,
        "Reconciling" => GroupState::Reconciling,
        _ => GroupState::Unknown,
    }
}
