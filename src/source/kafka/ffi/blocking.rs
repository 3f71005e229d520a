//! The two reads that librdkafka offers only in a form that blocks: whole
//! metadata, and the older listing that knows groups of every protocol type.
//!
//! Call them off the asynchronous threads.

use super::handle::Handle;
use super::sys;
use super::text::{KafkaFailure, Names, owned};
use rdkafka::bindings as c;
use std::ffi::c_int;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerNode {
    /// Its id.
    pub id: i32,
    /// The host that it advertises.
    pub host: String,
    /// The port that it advertises.
    pub port: i32,
}

/// A partition in the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The partition.
    pub partition: i32,
    /// Its leader; none while it has none.
    pub leader: Option<i32>,
    /// Its error, 0 for none.
    pub error: i32,
    /// How many replicas it has.
    pub replicas: u16,
    /// How many of them are in sync.
    pub in_sync: u16,
}

/// A topic in the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMetadata {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its error, 0 for none.
    pub error: i32,
    /// Its partitions.
    pub partitions: Vec<PartitionMetadata>,
}

/// All that one may see of a cluster's topics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterMetadata {
    /// The brokers that are up.
    pub brokers: Vec<BrokerNode>,
    /// The topics.
    pub topics: Vec<TopicMetadata>,
}

/// A group in the older listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// The group id.
    pub group: Arc<str>,
    /// Its error, 0 for none.
    pub error: i32,
    /// Its state; `Dead` for a group that the broker describes only by another API.
    pub state: String,
    /// `consumer`, `connect` …; empty for a group that the broker describes
    /// only by another API.
    pub protocol_type: String,
    /// Its members, of a consumer group alone.
    pub members: Vec<MemberInfo>,
    /// Its coordinator.
    pub broker: i32,
}

/// A member in the older listing, which alone tells what it said of itself when it joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberInfo {
    /// The member id.
    pub member_id: Arc<str>,
    /// Its part of the consumer protocol, as the client wrote it: any bytes at all.
    pub metadata: Vec<u8>,
}

fn locked(names: &Mutex<Names>) -> std::sync::MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

impl Handle {
    /// Fetches whole metadata. Blocks up to the time-out. This is also what
    /// cures `ListOffsets` of a leader epoch that is over.
    pub fn metadata(
        &self,
        names: &Mutex<Names>,
        timeout: Duration,
    ) -> Result<ClusterMetadata, KafkaFailure> {
        let mut answer = ptr::null();
        // SAFETY: the client lives; on success the answer is ours to destroy.
        unsafe {
            let code = sys::rd_kafka_metadata(
                self.client(),
                1,
                ptr::null_mut(),
                &raw mut answer,
                millis(timeout),
            );
            if code != 0 || answer.is_null() {
                return Err(KafkaFailure::of(code));
            }
            let metadata = read_metadata(&*answer, &mut locked(names));
            c::rd_kafka_metadata_destroy(answer);
            Ok(metadata)
        }
    }

    /// Lists groups of every protocol type, described by the classic API.
    /// Blocks up to the time-out. May silently lack the groups of a broker
    /// that is loading, so it serves to learn of a group, never to miss one.
    pub fn all_groups(
        &self,
        names: &Mutex<Names>,
        timeout: Duration,
    ) -> Result<Vec<GroupInfo>, KafkaFailure> {
        let mut answer = ptr::null();
        // SAFETY: the client lives; a non-null answer, given also with
        // "partial", is ours to destroy.
        unsafe {
            let code = sys::rd_kafka_list_groups(
                self.client(),
                ptr::null(),
                &raw mut answer,
                millis(timeout),
            );
            if answer.is_null() {
                return Err(KafkaFailure::of(code));
            }
            let groups = read_groups(&*answer, &mut locked(names));
            c::rd_kafka_group_list_destroy(answer);
            Ok(groups)
        }
    }
}

/// A C array as a slice.
///
/// # Safety
/// `array` is null or holds `count` live elements for `'a`.
unsafe fn slice<'a, T>(array: *const T, count: c_int) -> &'a [T] {
    match usize::try_from(count) {
        Ok(count) if count > 0 && !array.is_null() => unsafe {
            std::slice::from_raw_parts(array, count)
        },
        _ => &[],
    }
}

/// The error field as the integer that it is in memory.
///
/// # Safety
/// `error` points to a live field.
unsafe fn code(error: *const c::rd_kafka_resp_err_t) -> i32 {
    unsafe { error.cast::<i32>().read() }
}

unsafe fn read_metadata(metadata: &c::rd_kafka_metadata, names: &mut Names) -> ClusterMetadata {
    unsafe {
        let brokers = slice(metadata.brokers, metadata.broker_cnt)
            .iter()
            .map(|broker| BrokerNode {
                id: broker.id,
                host: owned(broker.host),
                port: broker.port,
            })
            .collect();
        let topics = raw_elements(metadata.topics, metadata.topic_cnt)
            .map(|topic| read_topic(topic, names))
            .collect();
        ClusterMetadata { brokers, topics }
    }
}

/// Pointers to the elements of an array, without making references to
/// elements that hold an error code the enum may not know.
fn raw_elements<T>(array: *const T, count: c_int) -> impl Iterator<Item = *const T> {
    let count = if array.is_null() {
        0
    } else {
        usize::try_from(count).unwrap_or(0)
    };
    (0..count).map(move |index| array.wrapping_add(index))
}

unsafe fn read_topic(topic: *const c::rd_kafka_metadata_topic, names: &mut Names) -> TopicMetadata {
    unsafe {
        let partitions = raw_elements((*topic).partitions, (*topic).partition_cnt)
            .map(|partition| PartitionMetadata {
                partition: (*partition).id,
                leader: Some((*partition).leader).filter(|leader| *leader >= 0),
                error: code(&raw const (*partition).err),
                replicas: u16::try_from((*partition).replica_cnt).unwrap_or(0),
                in_sync: u16::try_from((*partition).isr_cnt).unwrap_or(0),
            })
            .collect();
        TopicMetadata {
            topic: names.share_c((*topic).topic),
            error: code(&raw const (*topic).err),
            partitions,
        }
    }
}

unsafe fn read_groups(list: &c::rd_kafka_group_list, names: &mut Names) -> Vec<GroupInfo> {
    unsafe {
        raw_elements(list.groups, list.group_cnt)
            .map(|group| {
                let protocol_type = owned((*group).protocol_type);
                let members = match protocol_type.as_str() {
                    "consumer" => read_members(group, names),
                    _ => Vec::new(),
                };
                GroupInfo {
                    group: names.share_c((*group).group),
                    error: code(&raw const (*group).err),
                    state: owned((*group).state),
                    protocol_type,
                    members,
                    broker: (*group).broker.id,
                }
            })
            .collect()
    }
}

unsafe fn read_members(group: *const c::rd_kafka_group_info, names: &mut Names) -> Vec<MemberInfo> {
    unsafe {
        slice((*group).members.cast_const(), (*group).member_cnt)
            .iter()
            .map(|member| MemberInfo {
                member_id: names.share_c(member.member_id),
                metadata: slice(
                    member.member_metadata.cast::<u8>().cast_const(),
                    member.member_metadata_size,
                )
                .to_vec(),
            })
            .collect()
    }
}
