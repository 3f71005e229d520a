//! The C library behind the source, made safe: the only `unsafe` code here.
//!
//! In: properties, [`Request`]s with a token, and a thread that may block for
//! the two calls that have no asynchronous form. Out: [`Event`]s whose content
//! is owned, one [`Event::Reply`] a token, in any order. Nothing borrowed from
//! C survives a call, and everything that C allocated is given back.
//!
//! The client is a consumer with a `group.id` that never subscribes. An
//! `AdminClient` (a producer inside) would crash the process when a
//! coordinator moves (librdkafka #5040): a consumer has the group handler that
//! the answer's parser reaches for. It never joins, fetches or commits, and no
//! call here changes a cluster.
//!
//! It must never block on the asynchronous path, hold a Rust reference to C
//! memory beyond a call, or read an error code through a Rust enum.
#![allow(unsafe_code)]

mod answers;
mod blocking;
mod call;
mod conf;
mod handle;
mod leave;
mod reply;
mod request;
mod sys;
mod text;

pub use answers::{
    ClusterDescription, ConfigEntry, GroupDescription, GroupListing, GroupOffsets, GroupState,
    GroupType, MemberDescription, Offset, Reply, ResourceConfigs, TopicDescription, TopicOffsets,
};
pub use blocking::{
    BrokerNode, ClusterMetadata, GroupInfo, MemberInfo, PartitionMetadata, TopicMetadata,
};
pub use conf::{PropertyError, check_properties, property_names};
pub use handle::{Event, Handle, Throttle, live_clients};
pub use leave::leave;
pub use request::{ListedPartition, Request};
pub use text::{KafkaFailure, Names, error_name};
