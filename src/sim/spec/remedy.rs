//! What a person does about a group: the acts that advice asks for, as they are done to a real system.

use super::{Assignor, Millis, SECOND};

/// From a decision to members that are up: a pod is scheduled, its image pulled, its process started.
pub const BOOT: Millis = 40 * SECOND;

/// One act. What comes of it the world decides: an act against something that is not wrong mends nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// So many members run from now on.
    Members(usize),
    /// All members restart with another assignor of their protocol; then so many run.
    Assignor {
        /// Which.
        assignor: Assignor,
        /// How many.
        members: usize,
    },
    /// The member with this `client.id` is replaced by one elsewhere.
    Replace {
        /// Which.
        client_id: String,
    },
    /// All members on this host are replaced by some elsewhere.
    LeaveHost {
        /// Which, as members' addresses have it.
        host: String,
    },
    /// Somebody looks at a broker and mends what is wrong with it.
    MendBroker {
        /// Which.
        broker: i32,
    },
    /// All members restart with settings that let them handle less between polls and take longer over it.
    Calm,
    /// All members restart as they are.
    Restart,
    /// Members that were stopped are started.
    Start,
    /// Members are stopped, one partition's offset is set, members are started.
    SetOffset {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// The next offset to read.
        offset: i64,
    },
    /// Members are stopped, a topic's offsets are set to its log starts, members are started.
    ToEarliest {
        /// Topic.
        topic: String,
    },
    /// A release that commits.
    Commit,
    /// The transaction that is open on a partition is aborted.
    Abort {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
    },
    /// A topic keeps its records for so long from now on.
    Retain {
        /// Topic.
        topic: String,
        /// `retention.ms`.
        time: Millis,
    },
}
