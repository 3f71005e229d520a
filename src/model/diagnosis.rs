//! Why a group lags, with the numbers that say so and the sentence that they make.
//!
//! Offsets cannot tell everything: a handler that has crashed looks like one that waits for a
//! database. A cause says no more than its numbers do, and where they are thin there is none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{BrokerId, MemberId, Offset, PartitionId, TopicName};
use super::reading::Why;
use super::time::Timestamp;

/// What is the matter with the whole group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Diagnosis {
    /// Nothing is the matter that would need a cause.
    NotNeeded,
    /// One cause explains what is seen.
    Found {
        /// Which.
        cause: Cause,
        /// Since when it has been said.
        since: Timestamp,
        /// How far the numbers are beyond what the rule asks for: 0.5 just so, 1 by far.
        confidence: f64,
    },
    /// The group lags, and the numbers do not say why.
    Abstains {
        /// What is missing.
        why: Why,
    },
}

/// A cause of lag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Cause {
    /// A record that cannot be processed holds one partition.
    PoisonRecord {
        /// Of this topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionId,
        /// The offset at which it stands.
        offset: Offset,
        /// Since when it stands there.
        since: Timestamp,
        /// Other partitions of the same owner that moved meanwhile.
        others_moved: u32,
        /// Owners that it has had meanwhile (a restart makes another one).
        owners: u32,
    },
    /// All partitions of one member lag, and those of the others do not.
    SickMember {
        /// Which.
        member_id: MemberId,
        /// Its `client.id`.
        client_id: Arc<str>,
        /// Where it runs.
        host: Arc<str>,
        /// Partitions of it that lag.
        lagging: u32,
        /// Partitions of the others that lag.
        others_lagging: u32,
        /// Partitions that the others own.
        others: u32,
    },
    /// All partitions of all members of one host lag, and those of the others do not.
    SickHost {
        /// Which.
        host: Arc<str>,
        /// Members there.
        members: u32,
        /// Partitions there that lag.
        lagging: u32,
        /// Partitions elsewhere that lag.
        others_lagging: u32,
        /// Partitions elsewhere.
        others: u32,
    },
    /// One partition gets far more than the others, and its reader is at its limit.
    HotPartition {
        /// Of this topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionId,
        /// Records a second that come in there.
        arrival_rate: f64,
        /// The median over the group's partitions.
        median_arrival_rate: f64,
        /// Records a second that are read there.
        consume_rate: f64,
    },
    /// All members work as fast as they can, and it is not enough.
    TooFewConsumers {
        /// How many there are.
        members: u32,
        /// Records a second that they read.
        consume_rate: f64,
        /// Records a second that they can read.
        capacity: f64,
        /// Records a second that come in.
        arrival_rate: f64,
        /// Partitions that lag.
        lagging: u32,
        /// Of how many.
        of: u32,
    },
    /// All members read far less than they can: what they write to is slow, or brokers throttle.
    SlowDownstream {
        /// How many there are.
        members: u32,
        /// Records a second that they read.
        consume_rate: f64,
        /// Records a second that they have been seen to read.
        capacity: f64,
        /// Partitions that lag.
        lagging: u32,
        /// Of how many.
        of: u32,
    },
    /// No partition moves.
    GroupStuck {
        /// Partitions with unread records, none of which moves.
        partitions: u32,
        /// Since when the last of them stands.
        since: Timestamp,
        /// Unread records.
        effective_lag: i64,
    },
    /// The partitions that lag are those that one broker leads.
    SlowLeader {
        /// Which.
        broker: BrokerId,
        /// Partitions that it leads and that lag.
        lagging: u32,
        /// Partitions that it leads.
        led: u32,
        /// Partitions of other leaders that lag.
        others_lagging: u32,
        /// Partitions of other leaders.
        others: u32,
    },
}

impl Cause {
    /// The name in JSON, series and documentation.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PoisonRecord { .. } => "poison_record",
            Self::SickMember { .. } => "sick_member",
            Self::SickHost { .. } => "sick_host",
            Self::HotPartition { .. } => "hot_partition",
            Self::TooFewConsumers { .. } => "too_few_consumers",
            Self::SlowDownstream { .. } => "slow_downstream",
            Self::GroupStuck { .. } => "group_stuck",
            Self::SlowLeader { .. } => "slow_leader",
        }
    }

    /// The sentence, as of `now`.
    #[expect(clippy::too_many_lines, reason = "one sentence a cause")]
    pub fn sentence(&self, now: Timestamp) -> String {
        match self {
            Self::PoisonRecord {
                topic,
                partition,
                offset,
                since,
                others_moved,
                owners,
            } => format!(
                "partition {partition} of {topic} has not moved from offset {offset} for {} while its \
                 owner's other {} did{}: probably a record that cannot be processed",
                since.age_at(now),
                count(*others_moved, "partition"),
                if *owners > 1 {
                    format!(", under {owners} owners in turn")
                } else {
                    String::new()
                }
            ),
            Self::SickMember {
                client_id,
                host,
                lagging,
                others_lagging,
                others,
                ..
            } => format!(
                "all {} of member {client_id} on {host} lag, and {others_lagging} of the others' \
                 {others} do: that member is slow",
                count(*lagging, "partition"),
            ),
            Self::SickHost {
                host,
                members,
                lagging,
                others_lagging,
                others,
            } => format!(
                "all {} of the {} on {host} lag, and {others_lagging} of the {others} elsewhere do: \
                 that host is slow",
                count(*lagging, "partition"),
                count(*members, "member"),
            ),
            Self::HotPartition {
                topic,
                partition,
                arrival_rate,
                median_arrival_rate,
                consume_rate,
            } => format!(
                "partition {partition} of {topic} gets {} records/s, the median partition {}; its \
                 reader manages {}: a hot key, or keys spread badly",
                rate(*arrival_rate),
                rate(*median_arrival_rate),
                rate(*consume_rate),
            ),
            Self::TooFewConsumers {
                members,
                consume_rate,
                capacity,
                arrival_rate,
                lagging,
                of,
            } => format!(
                "{} read {} records/s, about all that they can ({}), while {} come in; {lagging} of \
                 {of} partitions lag: too few consumers",
                count(*members, "member"),
                rate(*consume_rate),
                rate(*capacity),
                rate(*arrival_rate),
            ),
            Self::SlowDownstream {
                members,
                consume_rate,
                capacity,
                lagging,
                of,
            } => format!(
                "{} read {} records/s together and have been seen to read {}; {lagging} of {of} \
                 partitions lag: what they write to is slow, or brokers throttle them",
                count(*members, "member"),
                rate(*consume_rate),
                rate(*capacity),
            ),
            Self::GroupStuck {
                partitions,
                since,
                effective_lag,
            } => format!(
                "none of its {} has moved for {} with {effective_lag} records unread: the whole \
                 group is stuck (crashed handlers and a blocked downstream look the same from here)",
                count(*partitions, "partition"),
                since.age_at(now),
            ),
            Self::SlowLeader {
                broker,
                lagging,
                led,
                others_lagging,
                others,
            } => format!(
                "{lagging} of the {} that broker {broker} leads lag, and {others_lagging} of the \
                 {others} that others lead do: that broker is slow",
                count(*led, "partition"),
            ),
        }
    }
}

impl Diagnosis {
    /// The sentence, as of `now`; `None` where nothing needs a cause.
    pub fn sentence(&self, now: Timestamp) -> Option<String> {
        match self {
            Self::NotNeeded => None,
            Self::Found { cause, .. } => Some(cause.sentence(now)),
            Self::Abstains { why } => Some(format!("no cause can be named: {why}")),
        }
    }

    /// The cause, if one was found.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Found { cause, .. } => Some(cause),
            Self::NotNeeded | Self::Abstains { .. } => None,
        }
    }
}

fn count(n: u32, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

fn rate(per_second: f64) -> String {
    if per_second < 10.0 {
        format!("{per_second:.1}")
    } else {
        format!("{per_second:.0}")
    }
}
