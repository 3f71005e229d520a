//! What the client answered, in the model's words.

use std::sync::Arc;

use super::super::ffi::{self, ResourceConfigs, TopicOffsets};
use super::groups::{model_state, model_type};
use super::subscriptions::Subscriptions;
use super::why::why;
use crate::model::{
    AssignedTopic, CleanupPolicy, CommitRead, GroupDescription, GroupId, GroupState, GroupType,
    Member, MemberId, Span, Subscription, TopicCommits, TopicConfig, TopicName,
};

/// A group's commits on one topic.
pub(super) fn commits(topic: TopicOffsets, broker: i32) -> TopicCommits {
    let read = |row: ffi::Offset| CommitRead {
        partition: row.partition,
        offset: match row.error {
            0 => Ok((row.offset >= 0).then_some(row.offset)),
            code => Err(why(code, broker)),
        },
        committed_at: None,
    };
    TopicCommits {
        topic: TopicName::from(topic.topic),
        partitions: topic.offsets.into_iter().map(read).collect(),
    }
}

/// A group described.
pub(super) fn description(
    group: ffi::GroupDescription,
    subscriptions: &Subscriptions,
) -> GroupDescription {
    let classic = group.group_type == ffi::GroupType::Classic;
    let told = |id: &str| subscriptions.of(&group.group, id).filter(|_| classic);
    let with = |m: ffi::MemberDescription| {
        let subscription = told(&m.member_id);
        member(m, subscription)
    };
    let mut members: Vec<Member> = group.members.into_iter().map(with).collect();
    members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
    GroupDescription {
        group: GroupId::from(group.group),
        group_type: model_type(group.group_type),
        state: model_state(group.state),
        protocol_type: group.simple.then(|| Arc::from("")),
        assignor: Some(group.assignor).filter(|name| !name.is_empty()),
        coordinator: group.coordinator,
        members: Some(members),
    }
}

/// A group of which nothing but its type was learned.
pub(super) fn only_type(
    group: &Arc<str>,
    group_type: &GroupType,
    coordinator: i32,
) -> GroupDescription {
    GroupDescription {
        group: GroupId::from(Arc::clone(group)),
        group_type: group_type.clone(),
        state: GroupState::Unknown,
        protocol_type: None,
        assignor: None,
        coordinator: (coordinator >= 0).then_some(coordinator),
        members: None,
    }
}

fn member(member: ffi::MemberDescription, subscription: Option<Arc<Subscription>>) -> Member {
    let mut assigned = member.assigned;
    assigned.sort();
    let mut assignment: Vec<AssignedTopic> = Vec::new();
    for (topic, partition) in assigned {
        match assignment.last_mut() {
            Some(last) if last.topic.as_str() == &*topic => last.partitions.push(partition),
            _ => assignment.push(AssignedTopic {
                topic: TopicName::from(topic),
                partitions: vec![partition],
            }),
        }
    }
    Member {
        member_id: MemberId::from(member.member_id),
        client_id: member.client_id,
        host: member.host,
        group_instance_id: member.group_instance_id,
        assignment,
        subscription,
    }
}

/// What matters of a topic's configuration.
pub(super) fn topic_config(config: &ResourceConfigs) -> TopicConfig {
    let value = |name: &str| {
        let entry = config.entries.iter().find(|entry| entry.name == name);
        entry.and_then(|entry| entry.value.as_deref())
    };
    let number = |name: &str| {
        value(name)
            .and_then(|text| text.parse::<i64>().ok())
            .filter(|n| *n >= 0)
    };
    let policy = value("cleanup.policy").unwrap_or("delete");
    let part = |name: &str| policy.split(',').any(|part| part.trim() == name);
    TopicConfig {
        cleanup_policy: match (part("compact"), part("delete")) {
            (true, true) => CleanupPolicy::CompactDelete,
            (true, false) => CleanupPolicy::Compact,
            _ => CleanupPolicy::Delete,
        },
        retention: number("retention.ms").map(Span::from_millis),
        retention_bytes: number("retention.bytes").map(i64::unsigned_abs),
        segment_bytes: number("segment.bytes").map(i64::unsigned_abs),
        segment: number("segment.ms").map(Span::from_millis),
        remote_storage: value("remote.storage.enable") == Some("true"),
        log_append_time: value("message.timestamp.type") == Some("LogAppendTime"),
    }
}
