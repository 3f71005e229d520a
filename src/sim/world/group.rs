//! What a group looks like from outside at an instant.

use std::sync::Arc;

use crate::sim::spec::Millis;

/// One partition that a group may commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Index of the topic.
    pub topic: u32,
    /// Partition.
    pub partition: i32,
}

/// A committed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The offset of the next record to read.
    pub offset: i64,
    /// When it was committed, Unix milliseconds.
    pub at: Millis,
}

/// What a listing shows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Kafka's name of the state.
    pub state: &'static str,
    /// `classic` or `consumer`.
    pub group_type: &'static str,
    /// `consumer`, or empty for a group that nobody ever joined.
    pub protocol_type: &'static str,
}

/// State and members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// State and type.
    pub brief: Brief,
    /// The assignor in use; empty without members.
    pub assignor: &'static str,
    /// How many rebalances there were.
    pub generation: i32,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id that the coordinator gave it.
    pub member_id: Arc<str>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Where it comes from, as the broker writes it.
    pub host: Arc<str>,
    /// `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Which of the group's rows it owns.
    pub rows: Vec<usize>,
}
