//! Requests turned into C calls, nothing left behind.

use super::conf::ErrorText;
use super::request::{ListedPartition, Request};
use super::text::KafkaFailure;
use rdkafka::bindings as c;
use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

const INVALID_ARGUMENT: i32 = -186;

/// The C objects that one call needs, given back at its end.
struct Call {
    client: *mut c::rd_kafka_t,
    queue: *mut c::rd_kafka_queue_t,
    options: *mut c::rd_kafka_AdminOptions_t,
}

impl Drop for Call {
    fn drop(&mut self) {
        // SAFETY: made in `Call::new`; the call has copied what it needs.
        unsafe { c::rd_kafka_AdminOptions_destroy(self.options) }
    }
}

/// Sends a request.
pub(super) fn send(
    client: *mut c::rd_kafka_t,
    queue: *mut c::rd_kafka_queue_t,
    request: &Request,
    token: usize,
    timeout: Duration,
) -> Result<(), KafkaFailure> {
    let call = Call::new(client, queue, request.op(), token, timeout)?;
    call.aim(request.broker())?;
    match request {
        Request::ListGroups { .. } => call.list_groups(),
        Request::DescribeCluster => call.describe_cluster(),
        Request::DescribeGroups { groups, .. } => call.describe_groups(groups)?,
        Request::GroupOffsets {
            group, partitions, ..
        } => {
            call.group_offsets(group, partitions.as_deref())?;
        }
        Request::ListOffsets {
            partitions,
            read_committed,
        } => call.list_offsets(partitions, *read_committed)?,
        Request::DescribeTopics(topics) => call.describe_topics(topics)?,
        Request::DescribeTopicConfigs(topics) => {
            call.describe_configs(c::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, topics)?;
        }
        Request::DescribeBrokerConfigs(broker) => {
            let broker = [Arc::from(broker.to_string())];
            call.describe_configs(
                c::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_BROKER,
                &broker,
            )?;
        }
    }
    Ok(())
}

fn c_string(text: &str) -> Result<CString, KafkaFailure> {
    CString::new(text)
        .map_err(|_| KafkaFailure::with(INVALID_ARGUMENT, "the name holds a NUL".into()))
}

fn c_strings(names: &[Arc<str>]) -> Result<Vec<CString>, KafkaFailure> {
    names.iter().map(|name| c_string(name)).collect()
}

fn pointers(names: &[CString]) -> Vec<*const c_char> {
    names.iter().map(|name| name.as_ptr()).collect()
}

impl Call {
    fn new(
        client: *mut c::rd_kafka_t,
        queue: *mut c::rd_kafka_queue_t,
        op: c::rd_kafka_admin_op_t,
        token: usize,
        timeout: Duration,
    ) -> Result<Self, KafkaFailure> {
        let mut text = ErrorText::new();
        let (buffer, size) = text.buffer();
        let millis = c_int::try_from(timeout.as_millis())
            .unwrap_or(3_600_000)
            .clamp(1, 3_600_000);
        // SAFETY: the client lives; the options are ours until the drop; the
        // token is an integer that C only hands back.
        unsafe {
            let options = c::rd_kafka_AdminOptions_new(client, op);
            let call = Self {
                client,
                queue,
                options,
            };
            let set = c::rd_kafka_AdminOptions_set_request_timeout(options, millis, buffer, size);
            if set != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(KafkaFailure::with(INVALID_ARGUMENT, text.text()));
            }
            c::rd_kafka_AdminOptions_set_opaque(options, ptr::without_provenance_mut(token));
            Ok(call)
        }
    }

    fn aim(&self, broker: Option<i32>) -> Result<(), KafkaFailure> {
        let Some(broker) = broker else { return Ok(()) };
        let mut text = ErrorText::new();
        let (buffer, size) = text.buffer();
        // SAFETY: the options live.
        let set =
            unsafe { c::rd_kafka_AdminOptions_set_broker(self.options, broker, buffer, size) };
        match set {
            c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
            _ => Err(KafkaFailure::with(INVALID_ARGUMENT, text.text())),
        }
    }

    fn list_groups(&self) {
        // SAFETY: all three objects live.
        unsafe { c::rd_kafka_ListConsumerGroups(self.client, self.options, self.queue) }
    }

    fn describe_cluster(&self) {
        // SAFETY: all three objects live.
        unsafe {
            destroy_error(c::rd_kafka_AdminOptions_set_include_authorized_operations(
                self.options,
                1,
            ));
        }
        // SAFETY: all three objects live.
        unsafe { c::rd_kafka_DescribeCluster(self.client, self.options, self.queue) }
    }

    fn describe_groups(&self, groups: &[Arc<str>]) -> Result<(), KafkaFailure> {
        let names = c_strings(groups)?;
        let mut list = pointers(&names);
        // SAFETY: the strings live during the call, which copies them.
        unsafe {
            c::rd_kafka_DescribeConsumerGroups(
                self.client,
                list.as_mut_ptr(),
                list.len(),
                self.options,
                self.queue,
            );
        }
        Ok(())
    }

    fn group_offsets(
        &self,
        group: &str,
        partitions: Option<&[(Arc<str>, i32)]>,
    ) -> Result<(), KafkaFailure> {
        let name = c_string(group)?;
        let list = match partitions {
            None => None,
            Some(partitions) => {
                let mut list = Partitions::new(partitions.len());
                for (topic, partition) in partitions {
                    list.add(topic, *partition, None)?;
                }
                Some(list)
            }
        };
        let partitions = list
            .as_ref()
            .map_or(ptr::null(), |list| list.0.cast_const());
        // SAFETY: everything lives during the call, which copies it; what was
        // made for the call is destroyed after it. Without the option the
        // answer would wait for pending transactions.
        unsafe {
            destroy_error(c::rd_kafka_AdminOptions_set_require_stable_offsets(
                self.options,
                0,
            ));
            let mut wanted = c::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), partitions);
            c::rd_kafka_ListConsumerGroupOffsets(
                self.client,
                &raw mut wanted,
                1,
                self.options,
                self.queue,
            );
            c::rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
        }
        Ok(())
    }

    fn list_offsets(
        &self,
        partitions: &[ListedPartition],
        committed: bool,
    ) -> Result<(), KafkaFailure> {
        let mut list = Partitions::new(partitions.len());
        for wanted in partitions {
            list.add(&wanted.topic, wanted.partition, Some(wanted.spec))?;
        }
        let level = if committed {
            c::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
        } else {
            c::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED
        };
        // SAFETY: the list lives during the call, which copies it.
        unsafe {
            destroy_error(c::rd_kafka_AdminOptions_set_isolation_level(
                self.options,
                level,
            ));
            c::rd_kafka_ListOffsets(self.client, list.0, self.options, self.queue);
        }
        Ok(())
    }

    fn describe_topics(&self, topics: &[Arc<str>]) -> Result<(), KafkaFailure> {
        let names = c_strings(topics)?;
        let mut list = pointers(&names);
        // SAFETY: the strings live during the call; the collection copies
        // them, the call copies the collection.
        unsafe {
            let wanted = c::rd_kafka_TopicCollection_of_topic_names(list.as_mut_ptr(), list.len());
            c::rd_kafka_DescribeTopics(self.client, wanted, self.options, self.queue);
            c::rd_kafka_TopicCollection_destroy(wanted);
        }
        Ok(())
    }

    fn describe_configs(
        &self,
        kind: c::rd_kafka_ResourceType_t,
        names: &[Arc<str>],
    ) -> Result<(), KafkaFailure> {
        let names = c_strings(names)?;
        // SAFETY: the resources are copied by the call and destroyed after it.
        unsafe {
            let mut wanted: Vec<_> = names
                .iter()
                .map(|name| c::rd_kafka_ConfigResource_new(kind, name.as_ptr()))
                .collect();
            wanted.retain(|resource| !resource.is_null());
            c::rd_kafka_DescribeConfigs(
                self.client,
                wanted.as_mut_ptr(),
                wanted.len(),
                self.options,
                self.queue,
            );
            for resource in wanted {
                c::rd_kafka_ConfigResource_destroy(resource);
            }
        }
        Ok(())
    }
}

/// # Safety
/// `error` is null or an owned error object.
unsafe fn destroy_error(error: *mut c::rd_kafka_error_t) {
    if !error.is_null() {
        unsafe { c::rd_kafka_error_destroy(error) }
    }
}

/// An owned partition list.
struct Partitions(*mut c::rd_kafka_topic_partition_list_t);

impl Partitions {
    fn new(size: usize) -> Self {
        // SAFETY: allocates; the size is a hint.
        Self(unsafe { c::rd_kafka_topic_partition_list_new(c_int::try_from(size).unwrap_or(0)) })
    }

    fn add(
        &mut self,
        topic: &str,
        partition: i32,
        offset: Option<i64>,
    ) -> Result<(), KafkaFailure> {
        let topic = c_string(topic)?;
        // SAFETY: the list lives, the string is copied, and the element that
        // is returned lives until the list grows again.
        unsafe {
            let element = c::rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition);
            if let Some(offset) = offset {
                (*element).offset = offset;
            }
        }
        Ok(())
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { c::rd_kafka_topic_partition_list_destroy(self.0) }
    }
}
