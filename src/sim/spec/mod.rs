//! What a workload is: topics, producers, groups and what goes wrong, written down and not yet evaluated.
//!
//! Every instant in a specification is in milliseconds relative to the epoch, the moment at which the demo starts:
//! negative is the past. A specification says what happens to a system and never what a monitor should make of it.

mod group;
mod remedy;
mod topic;
mod vary;

pub use group::*;
pub use remedy::*;
pub use topic::*;

/// Milliseconds: a length of time, or an instant relative to the epoch.
pub type Millis = i64;

/// One second.
pub const SECOND: Millis = 1_000;
/// One minute.
pub const MINUTE: Millis = 60 * SECOND;
/// One hour.
pub const HOUR: Millis = 60 * MINUTE;
/// One day.
pub const DAY: Millis = 24 * HOUR;
/// How much past a scenario has before its epoch.
pub const PAST: Millis = 6 * HOUR;

/// A whole cluster: what is produced, who consumes, what goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// Its name, as `--demo NAME` takes it.
    pub name: String,
    /// How many brokers the cluster has.
    pub brokers: i32,
    /// Topics with their producers.
    pub topics: Vec<TopicSpec>,
    /// Consumer groups with their members and faults.
    pub groups: Vec<GroupSpec>,
    /// What handlers call and several groups may share.
    pub downstreams: Vec<DownstreamSpec>,
    /// Quiet bulk that makes a cluster big.
    pub filler: Option<Filler>,
}

/// Many plain healthy groups, cheap to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filler {
    /// Groups in all.
    pub groups: usize,
    /// Partitions in all, in topics of [`Filler::WIDTH`].
    pub partitions: usize,
}

impl Filler {
    /// Partitions a filler topic has, and rows a filler group has.
    pub const WIDTH: i32 = 20;
}

/// What went wrong with a group, in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Arrival grew beyond what the members can do together.
    TooFewConsumers,
    /// The service itself became slower.
    SlowService,
    /// One record cannot be handled.
    PoisonRecord,
    /// Nobody consumes.
    Stopped,
    /// Members are there, and none of them moves.
    Stuck,
    /// One partition gets far more than its share.
    HotKey,
    /// One member is slower than its peers.
    SickMember,
    /// All members on one host are slower than the others.
    SickHost,
    /// One broker hands out the records that it leads too slowly.
    SlowLeader,
    /// What all handlers call became slow.
    SlowDownstream,
    /// Members keep joining and leaving.
    RebalanceStorm,
    /// A producer left a transaction open.
    HangingTransaction,
    /// The group never commits.
    NeverCommits,
    /// Somebody set the offsets back.
    Rewound,
    /// A topic was deleted and made again.
    TopicRecreated,
}
