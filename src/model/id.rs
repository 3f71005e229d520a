//! Names and numbers that Kafka gives to things, each its own type so that none is taken for
//! another. Names are shared: a clone costs a count, not a copy.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A record's position in a partition. Kafka's −1 ("none") never stands in one.
pub type Offset = i64;

/// A partition's number in its topic.
pub type PartitionId = i32;

/// A broker's `node.id`.
pub type BrokerId = i32;

macro_rules! shared_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        #[schemars(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as Kafka spells it: untrusted text, control characters included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name.into())
            }
        }

        impl From<Arc<str>> for $name {
            fn from(name: Arc<str>) -> Self {
                Self(name)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

shared_name! {
    /// What the configuration calls a cluster.
    ClusterName
}
shared_name! {
    /// A consumer group's id. May hold any UTF-8, newlines too.
    GroupId
}
shared_name! {
    /// A topic's name. Two topics, one deleted and one created anew, may bear it in turn.
    TopicName
}
shared_name! {
    /// A group member's id, as its coordinator gave it.
    MemberId
}
shared_name! {
    /// One start of Laggard: generations count within it.
    BootId
}

/// A topic's identity (KIP-516): a topic deleted and created anew has another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicId(u128);

impl TopicId {
    /// From the two halves of a Kafka UUID, most significant first.
    pub const fn from_halves(most: i64, least: i64) -> Self {
        Self(((most as u64 as u128) << 64) | least as u64 as u128)
    }

    /// From the 128 bits of a UUID.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits of the UUID.
    pub const fn bits(self) -> u128 {
        self.0
    }
}

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// As Kafka prints it: 22 characters of URL-safe base64.
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 128 bits are 21 digits of six bits and one of two, padded with zeros on the right.
        for digit in 0..22 {
            let shift = 122_i32 - 6 * digit;
            let six = if shift >= 0 {
                self.0 >> shift
            } else {
                self.0 << -shift
            };
            fmt::Write::write_char(f, BASE64_URL[(six & 63) as usize] as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<TopicId> for String {
    fn from(id: TopicId) -> Self {
        id.to_string()
    }
}

/// A text that is no topic id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a topic id: 22 characters of URL-safe base64")]
pub struct NotATopicId(String);

impl TryFrom<String> for TopicId {
    type Error = NotATopicId;
    fn try_from(text: String) -> Result<Self, NotATopicId> {
        text.parse()
    }
}

impl std::str::FromStr for TopicId {
    type Err = NotATopicId;
    fn from_str(text: &str) -> Result<Self, NotATopicId> {
        let bad = || NotATopicId(text.to_owned());
        if text.len() != 22 {
            return Err(bad());
        }
        let mut bits = 0_u128;
        for (i, c) in text.bytes().enumerate() {
            let six = BASE64_URL.iter().position(|b| *b == c).ok_or_else(bad)? as u128;
            bits = if i == 21 {
                (bits << 2) | (six >> 4)
            } else {
                (bits << 6) | six
            };
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_topic_id_is_printed_as_kafka_prints_it() {
        // org.apache.kafka.common.Uuid: 0, 1 and the metadata topic's id.
        assert_eq!(
            TopicId::from_halves(0, 1).to_string(),
            "AAAAAAAAAAAAAAAAAAAAAQ"
        );
        assert_eq!(TopicId::from_bits(0).to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    }

    proptest! {
        #[test]
        fn topic_ids_survive_their_text(bits: u128) {
            let id = TopicId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<TopicId>().unwrap(), id);
        }
    }
}
