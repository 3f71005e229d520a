//! Groups: ListGroups, DescribeGroups (classic), ConsumerGroupDescribe (KIP-848).

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup as ConsumerGroup, Member as ConsumerMember, TopicPartitions,
};
use kafka_protocol::messages::consumer_protocol_assignment::TopicPartition;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerProtocolAssignment,
    ConsumerProtocolSubscription, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse, TopicName,
};
use kafka_protocol::protocol::{Encodable, StrBytes};
use uuid::Uuid;

use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::world::{GroupView, Member, OFFSETS_PARTITIONS, Row, offsets_partition};

impl Context<'_> {
    pub(super) fn list_groups(&self, request: &ListGroupsRequest) -> ListGroupsResponse {
        let error = self.error();
        if error != 0 {
            return ListGroupsResponse::default().with_error_code(error);
        }
        let mine = (0..OFFSETS_PARTITIONS)
            .filter(|partition| self.shared.coordinator(self.table, *partition) == self.broker)
            .flat_map(|partition| self.shared.world.groups_in(partition));
        let groups = mine
            .filter_map(|group| self.listed(*group, request))
            .collect();
        ListGroupsResponse::default().with_groups(groups)
    }

    fn listed(&self, group: usize, request: &ListGroupsRequest) -> Option<ListedGroup> {
        let world = &self.shared.world;
        if !world.group_exists(group, self.now) {
            return None;
        }
        let brief = world.brief(group, self.now);
        let among = |filter: &[StrBytes], value: &str| {
            filter.is_empty()
                || filter
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        (among(&request.states_filter, brief.state)
            && among(&request.types_filter, brief.group_type))
        .then(|| {
            ListedGroup::default()
                .with_group_id(self.shared.groups[group].clone())
                .with_protocol_type(StrBytes::from_static_str(brief.protocol_type))
                .with_group_state(StrBytes::from_static_str(brief.state))
                .with_group_type(StrBytes::from_static_str(brief.group_type))
        })
    }

    /// The group of this id if it exists, or the error that this broker gives.
    pub(super) fn group(&self, id: &str) -> Result<Option<usize>, i16> {
        let error = self.group_error(id);
        if error != 0 {
            return Err(error);
        }
        if self.shared.coordinator(self.table, offsets_partition(id)) != self.broker {
            return Err(ResponseError::NotCoordinator.code());
        }
        let found = self.shared.world.group_named(id);
        Ok(found.filter(|group| self.shared.world.group_exists(*group, self.now)))
    }

    pub(super) fn describe(&self, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
        let groups = request
            .groups
            .into_iter()
            .map(|id| self.described(id))
            .collect();
        DescribeGroupsResponse::default().with_groups(groups)
    }

    fn described(&self, id: GroupId) -> DescribedGroup {
        let found = self.group(&id);
        let answer = DescribedGroup::default().with_group_id(id);
        match found {
            Err(error) => answer.with_error_code(error),
            Ok(Some(group)) if self.shared.world.brief(group, self.now).group_type == "classic" => {
                self.classic(group, answer)
            }
            Ok(_) => {
                let answer = answer.with_group_state(StrBytes::from_static_str("Dead"));
                if self.version < 6 {
                    return answer;
                }
                answer
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(Some(StrBytes::from_static_str(
                        "No classic group of this id.",
                    )))
            }
        }
    }

    fn classic(&self, group: usize, answer: DescribedGroup) -> DescribedGroup {
        let view = self.shared.world.view(group, self.now);
        let rows = self.shared.world.rows(group);
        let subscription = self.subscription(&rows);
        let settled = view.brief.state == "Stable";
        let member = |member: &Member| {
            DescribedGroupMember::default()
                .with_member_id(text(&member.member_id))
                .with_group_instance_id(member.instance.as_deref().map(text))
                .with_client_id(text(&member.client_id))
                .with_client_host(text(&member.host))
                .with_member_metadata(if settled {
                    subscription.clone()
                } else {
                    Bytes::new()
                })
                .with_member_assignment(if settled {
                    self.assignment(&rows, member)
                } else {
                    Bytes::new()
                })
        };
        answer
            .with_group_state(StrBytes::from_static_str(view.brief.state))
            .with_protocol_type(StrBytes::from_static_str(view.brief.protocol_type))
            .with_protocol_data(StrBytes::from_static_str(if settled {
                view.assignor
            } else {
                ""
            }))
            .with_members(view.members.iter().map(member).collect())
    }

    fn subscription(&self, rows: &[Row]) -> Bytes {
        let mut topics: Vec<u32> = rows.iter().map(|row| row.topic).collect();
        topics.dedup();
        let names = topics
            .into_iter()
            .map(|topic| self.row_topic(topic).0)
            .collect();
        let subscription = ConsumerProtocolSubscription::default().with_topics(names);
        versioned(&subscription, 1)
    }

    fn assignment(&self, rows: &[Row], member: &Member) -> Bytes {
        let parts = by_topic(rows, &member.rows)
            .into_iter()
            .map(|(topic, partitions)| {
                TopicPartition::default()
                    .with_topic(self.row_topic(topic))
                    .with_partitions(partitions)
            });
        versioned(
            &ConsumerProtocolAssignment::default().with_assigned_partitions(parts.collect()),
            1,
        )
    }

    fn row_topic(&self, topic: u32) -> TopicName {
        self.shared.topic_name(TopicRef::Plain(topic as usize))
    }

    pub(super) fn describe_consumer(
        &self,
        request: ConsumerGroupDescribeRequest,
    ) -> ConsumerGroupDescribeResponse {
        let groups = request
            .group_ids
            .into_iter()
            .map(|id| self.described_consumer(id))
            .collect();
        ConsumerGroupDescribeResponse::default().with_groups(groups)
    }

    fn described_consumer(&self, id: GroupId) -> ConsumerGroup {
        let found = self.group(&id);
        let answer = ConsumerGroup::default().with_group_id(id);
        match found {
            Err(error) => answer.with_error_code(error),
            Ok(Some(group))
                if self.shared.world.brief(group, self.now).group_type == "consumer" =>
            {
                self.consumer(group, answer)
            }
            Ok(_) => answer
                .with_error_code(ResponseError::GroupIdNotFound.code())
                .with_error_message(Some(StrBytes::from_static_str(
                    "No consumer group of this id.",
                )))
                .with_group_state(StrBytes::from_static_str("Dead")),
        }
    }

    fn consumer(&self, group: usize, answer: ConsumerGroup) -> ConsumerGroup {
        let view: GroupView = self.shared.world.view(group, self.now);
        let rows = self.shared.world.rows(group);
        let mut topics: Vec<u32> = rows.iter().map(|row| row.topic).collect();
        topics.dedup();
        let names: Vec<TopicName> = topics
            .into_iter()
            .map(|topic| self.row_topic(topic))
            .collect();
        let member = |member: &Member| {
            let assignment = self.consumer_assignment(&rows, member);
            ConsumerMember::default()
                .with_member_id(text(&member.member_id))
                .with_instance_id(member.instance.as_deref().map(text))
                .with_member_epoch(view.generation)
                .with_client_id(text(&member.client_id))
                .with_client_host(text(&member.host))
                .with_subscribed_topic_names(names.clone())
                .with_target_assignment(assignment.clone())
                .with_assignment(assignment)
                .with_member_type(1)
        };
        answer
            .with_group_state(StrBytes::from_static_str(view.brief.state))
            .with_group_epoch(view.generation)
            .with_assignment_epoch(view.generation)
            .with_assignor_name(StrBytes::from_static_str(view.assignor))
            .with_members(view.members.iter().map(member).collect())
    }

    fn consumer_assignment(&self, rows: &[Row], member: &Member) -> Assignment {
        let parts = by_topic(rows, &member.rows)
            .into_iter()
            .map(|(topic, partitions)| {
                let id = self
                    .shared
                    .topic_id(TopicRef::Plain(topic as usize), self.now)
                    .unwrap_or(0);
                TopicPartitions::default()
                    .with_topic_id(Uuid::from_u128(id))
                    .with_topic_name(self.row_topic(topic))
                    .with_partitions(partitions)
            });
        Assignment::default().with_topic_partitions(parts.collect())
    }
}

/// A consumer protocol message with the version that stands before it.
fn versioned<M: Encodable>(message: &M, version: i16) -> Bytes {
    let mut buffer = BytesMut::new();
    buffer.put_i16(version);
    if message.encode(&mut buffer, version).is_err() {
        buffer.clear();
    }
    buffer.freeze()
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn by_topic(rows: &[Row], owned: &[usize]) -> Vec<(u32, Vec<i32>)> {
    let mut topics: Vec<(u32, Vec<i32>)> = Vec::new();
    for row in owned.iter().filter_map(|row| rows.get(*row)) {
        match topics.last_mut() {
            Some((topic, partitions)) if *topic == row.topic => partitions.push(row.partition),
            _ => topics.push((row.topic, vec![row.partition])),
        }
    }
    topics
}
