//! Whether `__consumer_offsets` may be read, which takes Read where all else takes Describe: one
//! fetch at the end of one of its partitions.
//!
//! In: the client's properties. Out: a [`Grant`]. The consumer assigns itself the partition; it
//! joins no group, commits nothing, and looks at no record.

use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::model::{Grant, Why};
use crate::source::kafka::config::KafkaConfig;

/// Where brokers keep commits.
pub(super) const TOPIC: &str = "__consumer_offsets";

/// What the consumer is told beside the user's own: as little as there is, and to say where the
/// log ends.
const PROPERTIES: [(&str, &str); 4] = [
    ("enable.partition.eof", "true"),
    ("fetch.wait.max.ms", "20"),
    ("fetch.message.max.bytes", "1024"),
    ("queued.min.messages", "1"),
];

/// Tries it, `timeout` at the most. Blocks.
pub(super) fn may_read(config: &KafkaConfig, timeout: Duration) -> Grant {
    match first_answer(config, timeout) {
        Ok(true) => Grant::Given { tried: 0 },
        Ok(false) => Grant::Unclear(Why::text("no answer in time")),
        Err(error) => judge(error.rdkafka_error_code()),
    }
}

/// By the code alone: a message may quote what the broker was told.
fn judge(code: Option<RDKafkaErrorCode>) -> Grant {
    use RDKafkaErrorCode as Code;
    match code {
        Some(Code::TopicAuthorizationFailed) => Grant::Refused {
            refused: 0,
            tried: 0,
            example: None,
        },
        Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
            Grant::Unclear(Why::text(
                "there is no such topic yet: no group has ever committed",
            ))
        }
        Some(code) => Grant::Unclear(Why::text(format!("the try failed: {code:?}"))),
        None => Grant::Unclear(Why::text("the try failed")),
    }
}

/// Whether a fetch was answered at all: with a record, or with the log's end.
fn first_answer(config: &KafkaConfig, timeout: Duration) -> KafkaResult<bool> {
    let mut client = ClientConfig::new();
    client.extend(config.properties.for_client());
    client.extend(PROPERTIES.map(|(name, value)| (name.to_owned(), value.to_owned())));
    client.set_log_level(RDKafkaLogLevel::Emerg);
    let consumer: BaseConsumer = client.create()?;
    let until = Instant::now() + timeout;
    let (_, end) = consumer.fetch_watermarks(TOPIC, 0, timeout)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(TOPIC, 0, Offset::Offset(end))?;
    consumer.assign(&list)?;
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(true),
            // librdkafka looks for the coordinator of the group that it never joins.
            Some(Err(error))
                if error.rdkafka_error_code()
                    == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {}
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_is_a_refusal() {
        use RDKafkaErrorCode as Code;
        assert!(matches!(
            judge(Some(Code::TopicAuthorizationFailed)),
            Grant::Refused { .. }
        ));
        for code in [
            Some(Code::UnknownTopicOrPartition),
            Some(Code::BrokerTransportFailure),
            None,
        ] {
            assert!(matches!(judge(code), Grant::Unclear(_)), "{code:?}");
        }
    }
}
