//! Answers copied out of C's events.

use std::ffi::c_void;
use std::sync::Arc;

use rdkafka::bindings as c;

use super::answers::{
    ClusterDescription, ConfigEntry, GroupDescription, GroupListing, GroupOffsets, GroupState,
    GroupType, MemberDescription, Offset, Reply, ResourceConfigs, TopicDescription, TopicOffsets,
};
use super::sys;
use super::text::{KafkaFailure, Names, failure, optional, owned};

const KINDS: [i32; 7] = [
    c::RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT,
    c::RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT,
    c::RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT,
    c::RD_KAFKA_EVENT_LISTOFFSETS_RESULT,
    c::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT,
    c::RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
    c::RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT,
];

/// Whether an event of this kind answers a request.
pub(super) fn is_reply(kind: i32) -> bool {
    KINDS.contains(&kind)
}

/// Reads an answer.
///
/// # Safety
/// `event` is a live event of this kind and has no error of its own.
pub(super) unsafe fn read(
    event: *mut c::rd_kafka_event_t,
    kind: i32,
    names: &mut Names,
) -> Result<Reply, KafkaFailure> {
    let mut reader = Reader { names };
    // SAFETY: each result pointer comes from an event of its own kind and is
    // used only while the event lives.
    let reply = unsafe {
        match kind {
            c::RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT => reader.groups(event),
            c::RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT => reader.descriptions(event),
            c::RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => reader.group_offsets(event),
            c::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => Some(reader.list_offsets(event)),
            c::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => reader.topics(event),
            c::RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT => reader.configs(event),
            c::RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT => Reader::cluster(event),
            _ => None,
        }
    };
    reply.ok_or_else(|| {
        KafkaFailure::with(
            -199,
            "the answer is not of the kind that was asked for".into(),
        )
    })
}

/// The elements of a C array of pointers.
///
/// # Safety
/// `array` is null or holds `count` pointers that live for `'a`.
unsafe fn elements<'a, T>(array: *mut *const T, count: usize) -> &'a [*const T] {
    if array.is_null() || count == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(array, count) }
}

/// The elements of a partition list.
///
/// # Safety
/// `list` is null or a live list for `'a`.
unsafe fn partitions<'a>(list: *const c::rd_kafka_topic_partition_list_t) -> &'a [RawPartition] {
    if list.is_null() {
        return &[];
    }
    let (elements, count) = unsafe { ((*list).elems, usize::try_from((*list).cnt).unwrap_or(0)) };
    if elements.is_null() || count == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(elements.cast(), count) }
}

/// `rd_kafka_topic_partition_t` with its error as a plain integer: a broker's
/// newer code would not be a value of the bindings' enum.
#[repr(C)]
struct RawPartition {
    topic: *mut std::ffi::c_char,
    partition: i32,
    offset: i64,
    metadata: *mut c_void,
    metadata_size: usize,
    opaque: *mut c_void,
    error: i32,
    private: *mut c_void,
}

const _: () = assert!(size_of::<RawPartition>() == size_of::<c::rd_kafka_topic_partition_t>());

struct Reader<'a> {
    names: &'a mut Names,
}

#[allow(
    clippy::missing_safety_doc,
    reason = "private; each takes a live event of its kind"
)]
impl Reader<'_> {
    unsafe fn groups(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
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

    unsafe fn descriptions(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
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

    unsafe fn group_offsets(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_ListConsumerGroupOffsets_result(event);
            if result.is_null() {
                return None;
            }
            let groups = c::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
            let group = *elements(groups, count).first()?;
            let rows = partitions(c::rd_kafka_group_result_partitions(group));
            Some(Reply::GroupOffsets(GroupOffsets {
                group: self.names.share_c(c::rd_kafka_group_result_name(group)),
                failure: failure(c::rd_kafka_group_result_error(group)),
                topics: self.by_topic(rows.iter().map(|row| (row, -1))),
            }))
        }
    }

    unsafe fn list_offsets(&mut self, event: *mut c::rd_kafka_event_t) -> Reply {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_ListOffsets_result(event);
            if result.is_null() {
                return Reply::Offsets(Vec::new());
            }
            let infos = c::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            let rows = elements(infos, count).iter().filter_map(|&info| {
                let row =
                    c::rd_kafka_ListOffsetsResultInfo_topic_partition(info).cast::<RawPartition>();
                Some((
                    row.as_ref()?,
                    c::rd_kafka_ListOffsetsResultInfo_timestamp(info),
                ))
            });
            Reply::Offsets(self.by_topic(rows))
        }
    }

    /// Rows of one topic that stand together become one entry: a name is
    /// looked up once a run, not once a row.
    unsafe fn by_topic<'r>(
        &mut self,
        rows: impl Iterator<Item = (&'r RawPartition, i64)>,
    ) -> Vec<TopicOffsets> {
        let mut topics: Vec<TopicOffsets> = Vec::new();
        for (row, timestamp) in rows {
            let offset = Offset {
                partition: row.partition,
                offset: row.offset,
                timestamp,
                error: row.error,
            };
            let bytes = if row.topic.is_null() {
                &[]
            } else {
                unsafe { std::ffi::CStr::from_ptr(row.topic) }.to_bytes()
            };
            match topics.last_mut() {
                Some(last) if last.topic.as_bytes() == bytes => last.offsets.push(offset),
                _ => topics.push(TopicOffsets {
                    topic: unsafe { self.names.share_c(row.topic) },
                    offsets: vec![offset],
                }),
            }
        }
        topics
    }

    unsafe fn topics(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeTopics_result(event);
            if result.is_null() {
                return None;
            }
            let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            Some(Reply::Topics(
                elements(topics, count)
                    .iter()
                    .map(|&topic| self.topic(topic))
                    .collect(),
            ))
        }
    }

    unsafe fn topic(&mut self, topic: *const c::rd_kafka_TopicDescription_t) -> TopicDescription {
        let mut count = 0;
        unsafe {
            let id = c::rd_kafka_TopicDescription_topic_id(topic);
            let infos = c::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
            TopicDescription {
                topic: self.names.share_c(c::rd_kafka_TopicDescription_name(topic)),
                failure: failure(c::rd_kafka_TopicDescription_error(topic)),
                topic_id: if id.is_null() {
                    (0, 0)
                } else {
                    (
                        c::rd_kafka_Uuid_most_significant_bits(id),
                        c::rd_kafka_Uuid_least_significant_bits(id),
                    )
                },
                internal: c::rd_kafka_TopicDescription_is_internal(topic) != 0,
                partitions: elements(infos, count)
                    .iter()
                    .map(|&info| {
                        let leader = node(c::rd_kafka_TopicPartitionInfo_leader(info));
                        (c::rd_kafka_TopicPartitionInfo_partition(info), leader)
                    })
                    .collect(),
            }
        }
    }

    unsafe fn configs(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeConfigs_result(event);
            if result.is_null() {
                return None;
            }
            let resources = c::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
            Some(Reply::Configs(
                elements(resources, count)
                    .iter()
                    .map(|&r| self.resource(r))
                    .collect(),
            ))
        }
    }

    unsafe fn resource(
        &mut self,
        resource: *const c::rd_kafka_ConfigResource_t,
    ) -> ResourceConfigs {
        let mut count = 0;
        unsafe {
            let code = sys::rd_kafka_ConfigResource_error(resource);
            let text = owned(c::rd_kafka_ConfigResource_error_string(resource));
            let entries = c::rd_kafka_ConfigResource_configs(resource, &raw mut count);
            ResourceConfigs {
                name: self
                    .names
                    .share_c(c::rd_kafka_ConfigResource_name(resource)),
                failure: (code != 0).then(|| KafkaFailure::with(code, text)),
                entries: elements(entries, count)
                    .iter()
                    .map(|&entry| ConfigEntry {
                        name: owned(c::rd_kafka_ConfigEntry_name(entry)),
                        value: optional(c::rd_kafka_ConfigEntry_value(entry)),
                    })
                    .collect(),
            }
        }
    }

    unsafe fn cluster(event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeCluster_result(event);
            if result.is_null() {
                return None;
            }
            let nodes = c::rd_kafka_DescribeCluster_result_nodes(result, &raw mut count);
            let mut operations = 0;
            let allowed = c::rd_kafka_DescribeCluster_result_authorized_operations(
                result,
                &raw mut operations,
            );
            Some(Reply::Cluster(ClusterDescription {
                may_describe: may_describe(allowed, operations),
                cluster_id: optional(c::rd_kafka_DescribeCluster_result_cluster_id(result)),
                controller: node(c::rd_kafka_DescribeCluster_result_controller(result)),
                brokers: elements(nodes, count)
                    .iter()
                    .map(|&n| {
                        let host = owned(c::rd_kafka_Node_host(n));
                        (
                            c::rd_kafka_Node_id(n),
                            host,
                            c::rd_kafka_Node_port(n),
                            optional(c::rd_kafka_Node_rack(n)),
                        )
                    })
                    .collect(),
            }))
        }
    }
}

/// Whether Describe is among the operations allowed; none when the broker did not tell any.
unsafe fn may_describe(allowed: *const c::rd_kafka_AclOperation_t, count: usize) -> Option<bool> {
    use c::rd_kafka_AclOperation_t as op;
    if allowed.is_null() {
        return None;
    }
    let wanted = [
        op::RD_KAFKA_ACL_OPERATION_DESCRIBE as u32,
        op::RD_KAFKA_ACL_OPERATION_ALL as u32,
    ];
    // Read as numbers: a later broker may name an operation that this enum does not have.
    let allowed = unsafe { std::slice::from_raw_parts(allowed.cast::<u32>(), count) };
    Some(allowed.iter().any(|operation| wanted.contains(operation)))
}

/// A node's id; none for null and for −1.
unsafe fn node(node: *const c::rd_kafka_Node_t) -> Option<i32> {
    if node.is_null() {
        return None;
    }
    Some(unsafe { c::rd_kafka_Node_id(node) }).filter(|id| *id >= 0)
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
