//! Answers copied out of C's events.

mod cluster;
mod groups;

use std::ffi::c_void;

use rdkafka::bindings as c;

use super::answers::{GroupOffsets, Offset, Reply, TopicOffsets};
use super::text::{KafkaFailure, Names, failure};

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
