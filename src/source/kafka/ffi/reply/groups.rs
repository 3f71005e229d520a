//! Groups: listings, descriptions, members.

use std::sync::Arc;

use rdkafka::bindings as c;

use super::super::answers::{
    GroupDescription, GroupListing, GroupState, GroupType, MemberDescription, Reply,
};
use super::super::text::{failure, optional};
use super::{Reader, elements, node, partitions};

#[allow(
    clippy::missing_safety_doc,
    reason = "private; each takes a live event of its kind"
)]
impl Reader<'_> {
    pub(super) unsafe fn groups(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let (mut valid, mut failed) = (0, 0);
        unsafe {
            let result = c::rd_kafka_event_ListConsumerGroups_result(event);
            if result.is_null() {
                return None;
            }
            let groups = c::rd_kafka_ListConsumerGroups_result_valid(result, &raw mut valid);
            let errors = c::rd_kafka_ListConsumerGroups_result_errors(result, &raw mut failed);
            let listed = elements(groups, valid)
                .iter()
                .map(|&group| self.listing(group))
                .collect();
            let failures = elements(errors, failed)
                .iter()
                .filter_map(|&error| failure(error))
                .collect();
            Some(Reply::Groups { listed, failures })
        }
    }

    unsafe fn listing(&mut self, group: *const c::rd_kafka_ConsumerGroupListing_t) -> GroupListing {
        unsafe {
            GroupListing {
                group: self
                    .names
                    .share_c(c::rd_kafka_ConsumerGroupListing_group_id(group)),
                state: state(c::rd_kafka_ConsumerGroupListing_state(group)),
                group_type: group_type(c::rd_kafka_ConsumerGroupListing_type(group)),
                simple: c::rd_kafka_ConsumerGroupListing_is_simple_consumer_group(group) != 0,
            }
        }
    }

    pub(super) unsafe fn descriptions(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeConsumerGroups_result(event);
            if result.is_null() {
                return None;
            }
            let groups = c::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
            let described = elements(groups, count)
                .iter()
                .map(|&group| self.description(group))
                .collect();
            Some(Reply::GroupDescriptions(described))
        }
    }

    unsafe fn description(
        &mut self,
        group: *const c::rd_kafka_ConsumerGroupDescription_t,
    ) -> GroupDescription {
        unsafe {
            let count = c::rd_kafka_ConsumerGroupDescription_member_count(group);
            let members = (0..count)
                .map(|index| c::rd_kafka_ConsumerGroupDescription_member(group, index))
                .filter(|member| !member.is_null())
                .map(|member| self.member(member))
                .collect();
            GroupDescription {
                group: self
                    .names
                    .share_c(c::rd_kafka_ConsumerGroupDescription_group_id(group)),
                failure: failure(c::rd_kafka_ConsumerGroupDescription_error(group)),
                state: state(c::rd_kafka_ConsumerGroupDescription_state(group)),
                group_type: group_type(c::rd_kafka_ConsumerGroupDescription_type(group)),
                simple: c::rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0,
                assignor: self.names.share_c(
                    c::rd_kafka_ConsumerGroupDescription_partition_assignor(group),
                ),
                coordinator: node(c::rd_kafka_ConsumerGroupDescription_coordinator(group)),
                members,
            }
        }
    }

    unsafe fn member(
        &mut self,
        member: *const c::rd_kafka_MemberDescription_t,
    ) -> MemberDescription {
        unsafe {
            let instance = c::rd_kafka_MemberDescription_group_instance_id(member);
            let target = c::rd_kafka_MemberDescription_target_assignment(member);
            MemberDescription {
                member_id: self
                    .names
                    .share_c(c::rd_kafka_MemberDescription_consumer_id(member)),
                client_id: self
                    .names
                    .share_c(c::rd_kafka_MemberDescription_client_id(member)),
                host: self
                    .names
                    .share_c(c::rd_kafka_MemberDescription_host(member)),
                group_instance_id: optional(instance).map(|name| self.names.share(&name)),
                assigned: self.assignment(c::rd_kafka_MemberDescription_assignment(member)),
                target: (!target.is_null()).then(|| self.assignment(target)),
            }
        }
    }

    unsafe fn assignment(
        &mut self,
        assignment: *const c::rd_kafka_MemberAssignment_t,
    ) -> Vec<(Arc<str>, i32)> {
        if assignment.is_null() {
            return Vec::new();
        }
        unsafe {
            partitions(c::rd_kafka_MemberAssignment_partitions(assignment))
                .iter()
                .map(|element| (self.names.share_c(element.topic), element.partition))
                .collect()
        }
    }
}

fn state(state: c::rd_kafka_consumer_group_state_t) -> GroupState {
    use c::rd_kafka_consumer_group_state_t as s;
    match state {
        s::RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE => GroupState::PreparingRebalance,
        s::RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE => GroupState::CompletingRebalance,
        s::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE => GroupState::Stable,
        s::RD_KAFKA_CONSUMER_GROUP_STATE_DEAD => GroupState::Dead,
        s::RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY => GroupState::Empty,
        s::RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN | s::RD_KAFKA_CONSUMER_GROUP_STATE__CNT => {
            GroupState::Unknown
        }
    }
}

fn group_type(group_type: c::rd_kafka_consumer_group_type_t) -> GroupType {
    use c::rd_kafka_consumer_group_type_t as t;
    match group_type {
        t::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER => GroupType::Consumer,
        t::RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC => GroupType::Classic,
        t::RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN | t::RD_KAFKA_CONSUMER_GROUP_TYPE__CNT => {
            GroupType::Unknown
        }
    }
}
