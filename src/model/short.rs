//! The short written forms of reads by partition, as recordings and people write them.
//!
//! In: log ends by partition, commits by topic and partition. Out: JSON in which the usual case is
//! a bare number at its partition's place: `[100, 200]`; and back, exactly. What is not usual is an
//! object in its place: `{"partition": 7, "offset": 12}`, `{"error": "broker 3 is down"}`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{Offset, PartitionId, TopicName};
use super::observation::{CommitRead, OffsetRead, TopicCommits};
use super::reading::Why;
use super::time::Timestamp;

/// One partition's read as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    /// An offset, or none, at its partition's place.
    Plain(Option<Offset>),
    /// Partition and offset.
    Pair(PartitionId, Option<Offset>),
    /// Everything else.
    Full(Full),
}

/// A read with all that it may carry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Full {
    /// When it is not the one at whose place this stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<PartitionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Why>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leader_epoch: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    committed_at: Option<Timestamp>,
}

impl Entry {
    /// A commit; `place`: the partition at whose place it stands, if places count.
    pub(crate) fn of_commit(read: &CommitRead, place: Option<usize>) -> Self {
        let at_its_place = place.is_some_and(|p| PartitionId::try_from(p) == Ok(read.partition));
        match (&read.offset, read.committed_at) {
            (Ok(offset), None) if at_its_place => Self::Plain(*offset),
            (Ok(offset), None) if place.is_none() => Self::Pair(read.partition, *offset),
            (offset, committed_at) => Self::Full(Full {
                partition: (!at_its_place).then_some(read.partition),
                offset: offset.as_ref().ok().copied().flatten(),
                error: offset.as_ref().err().cloned(),
                committed_at,
                leader_epoch: None,
            }),
        }
    }

    fn of_offset(read: &OffsetRead, place: usize) -> Self {
        let at_its_place = PartitionId::try_from(place) == Ok(read.partition);
        match (&read.offset, read.leader_epoch) {
            (Ok(offset), None) if at_its_place => Self::Plain(Some(*offset)),
            (offset, leader_epoch) => Self::Full(Full {
                partition: (!at_its_place).then_some(read.partition),
                offset: offset.as_ref().ok().copied(),
                error: offset.as_ref().err().cloned(),
                leader_epoch,
                committed_at: None,
            }),
        }
    }

    /// The commit that it says; `place` as in [`Entry::of_commit`].
    pub(crate) fn commit(self, place: Option<usize>) -> Result<CommitRead, &'static str> {
        let (partition, full) = self.parts(place)?;
        Ok(CommitRead {
            partition,
            offset: full.error.map_or(Ok(full.offset), Err),
            committed_at: full.committed_at,
        })
    }

    fn offset(self, place: usize) -> Result<OffsetRead, &'static str> {
        let (partition, full) = self.parts(Some(place))?;
        let offset = match (full.error, full.offset) {
            (Some(why), _) => Err(why),
            (None, Some(offset)) => Ok(offset),
            (None, None) => return Err("a partition needs an `offset` or an `error`"),
        };
        Ok(OffsetRead {
            partition,
            offset,
            leader_epoch: full.leader_epoch,
        })
    }

    fn parts(self, place: Option<usize>) -> Result<(PartitionId, Full), &'static str> {
        let (named, full) = match self {
            Self::Plain(offset) => (
                None,
                Full {
                    offset,
                    ..Full::default()
                },
            ),
            Self::Pair(partition, offset) => (
                Some(partition),
                Full {
                    offset,
                    ..Full::default()
                },
            ),
            Self::Full(full) => (full.partition, full),
        };
        let placed = || place.and_then(|p| PartitionId::try_from(p).ok());
        let partition = named.or_else(placed).ok_or("which partition is not said")?;
        Ok((partition, full))
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(offset) => offset.serialize(serializer),
            Self::Pair(partition, offset) => {
                let mut pair = serializer.serialize_tuple(2)?;
                pair.serialize_element(partition)?;
                pair.serialize_element(offset)?;
                pair.end()
            }
            Self::Full(full) => full.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an offset, null, [partition, offset], or an object with an offset or an error")
    }

    fn visit_i64<E: Error>(self, offset: i64) -> Result<Entry, E> {
        Ok(Entry::Plain(Some(offset)))
    }

    fn visit_u64<E: Error>(self, offset: u64) -> Result<Entry, E> {
        let offset = Offset::try_from(offset).map_err(|_| E::custom("an offset beyond 2^63"))?;
        Ok(Entry::Plain(Some(offset)))
    }

    fn visit_unit<E: Error>(self) -> Result<Entry, E> {
        Ok(Entry::Plain(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Entry, A::Error> {
        let missing = || A::Error::custom("a pair is [partition, offset]");
        let partition = pair.next_element()?.ok_or_else(missing)?;
        let offset = pair.next_element()?.ok_or_else(missing)?;
        if pair.next_element::<serde::de::IgnoredAny>()?.is_some() {
            return Err(missing());
        }
        Ok(Entry::Pair(partition, offset))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        Full::deserialize(MapAccessDeserializer::new(map)).map(Entry::Full)
    }
}

/// For `#[serde(with)]`: log ends or starts.
pub(super) mod offsets {
    use super::{Deserialize, Deserializer, Entry, Error, OffsetRead, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        reads: &[OffsetRead],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let entries = reads.iter().enumerate();
        serializer.collect_seq(entries.map(|(place, read)| Entry::of_offset(read, place)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<OffsetRead>, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?.into_iter();
        let reads = entries.enumerate().map(|(place, e)| e.offset(place));
        reads.map(|r| r.map_err(D::Error::custom)).collect()
    }
}

/// For `#[serde(with)]`: commits as an object of topics.
pub(super) mod commits {
    use super::{ByTopic, Deserialize, Deserializer, Entry, Error, Serializer, TopicCommits};

    pub(crate) fn serialize<S: Serializer>(
        topics: &[TopicCommits],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let entries = |t: &TopicCommits| -> Vec<Entry> {
            let reads = t.partitions.iter().enumerate();
            reads
                .map(|(place, read)| Entry::of_commit(read, Some(place)))
                .collect()
        };
        serializer.collect_map(topics.iter().map(|t| (&t.topic, entries(t))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<TopicCommits>, D::Error> {
        let topics = ByTopic::deserialize(deserializer)?.0.into_iter();
        let commits = topics.map(|(topic, entries)| {
            let reads = entries.into_iter().enumerate();
            let partitions = reads.map(|(place, e)| e.commit(Some(place)));
            Ok(TopicCommits {
                topic,
                partitions: partitions.collect::<Result<_, _>>()?,
            })
        });
        commits
            .map(|c: Result<_, &str>| c.map_err(D::Error::custom))
            .collect()
    }
}

/// Entries by topic, in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ByTopic(pub(crate) Vec<(TopicName, Vec<Entry>)>);

impl Serialize for ByTopic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(topic, entries)| (topic, entries)))
    }
}

impl<'de> Deserialize<'de> for ByTopic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByTopicVisitor)
    }
}

struct ByTopicVisitor;

impl<'de> Visitor<'de> for ByTopicVisitor {
    type Value = ByTopic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of topics, each with its partitions' offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByTopic, A::Error> {
        let mut topics = Vec::new();
        while let Some(topic) = map.next_entry()? {
            topics.push(topic);
        }
        Ok(ByTopic(topics))
    }
}
