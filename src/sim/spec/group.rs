//! Groups: their members, how they commit, and what goes wrong with them.

use super::{Cause, MINUTE, Millis, SECOND};

/// A consumer group.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    /// Its id.
    pub name: String,
    /// How it shares partitions out.
    pub protocol: Protocol,
    /// What it subscribes to.
    pub topics: Vec<String>,
    /// Its members at the start.
    pub members: Vec<MemberSpec>,
    /// Whether its consumers are `read_committed`.
    pub read_committed: bool,
    /// Time between a member's commits.
    pub commit_every: Millis,
    /// When it is there at all.
    pub schedule: Schedule,
    /// When it first appeared; none: long ago.
    pub since: Option<Millis>,
    /// Where it starts at `since`.
    pub start: Start,
    /// How long a rebalance holds up the partitions that it concerns.
    pub rebalance: Millis,
    /// The downstream that each record calls.
    pub downstream: Option<String>,
    /// What goes wrong, and what only looks like it.
    pub events: Vec<Event>,
}

impl GroupSpec {
    /// A classic group with the range assignor that commits every 5 s, as Java's consumers do by themselves.
    pub fn new(name: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            protocol: Protocol::Classic(Assignor::Range),
            topics: vec![topic.into()],
            members: Vec::new(),
            read_committed: false,
            commit_every: 5 * SECOND,
            schedule: Schedule::Always,
            since: None,
            start: Start::Latest,
            rebalance: 4 * SECOND,
            downstream: None,
            events: Vec::new(),
        }
    }

    /// With `count` members, each able to handle `per_second` records, on hosts of their own.
    #[must_use]
    pub fn members(mut self, count: usize, per_second: f64) -> Self {
        let first = self.members.len();
        for index in first..first + count {
            self.members
                .push(MemberSpec::new(&self.name, index, per_second));
        }
        self
    }

    /// Also subscribed to this.
    #[must_use]
    pub fn also_reads(mut self, topic: impl Into<String>) -> Self {
        self.topics.push(topic.into());
        self
    }

    /// With members `these` on one host.
    #[must_use]
    pub fn on_one_host(mut self, these: &[usize], host: &str) -> Self {
        for index in these {
            if let Some(member) = self.members.get_mut(*index) {
                host.clone_into(&mut member.host);
            }
        }
        self
    }

    /// With this protocol.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Something happens at `from`, until `until` or for good.
    #[must_use]
    pub fn event(mut self, from: Millis, until: Option<Millis>, kind: EventKind) -> Self {
        self.events.push(Event { from, until, kind });
        self
    }

    /// How it shares partitions out at `t`.
    pub fn protocol_at(&self, t: Millis) -> Protocol {
        let changes = self.events.iter().filter(|event| event.from <= t);
        let last = changes.filter_map(|event| match event.kind {
            EventKind::Reassign { assignor, .. } => Some((event.from, assignor)),
            _ => None,
        });
        match (self.protocol, last.max_by_key(|(from, _)| *from)) {
            (Protocol::Classic(_), Some((_, assignor))) => Protocol::Classic(assignor),
            (Protocol::Consumer(_), Some((_, assignor))) => Protocol::Consumer(assignor),
            (protocol, _) => protocol,
        }
    }

    /// How many members it is meant to have at `t`.
    pub fn members_at(&self, t: Millis) -> usize {
        let last = self.scalings().filter(|(from, _)| *from <= t);
        let last = last.max_by_key(|(from, _)| *from);
        last.map_or(self.members.len(), |(_, members)| members)
    }

    /// The most members that it is ever meant to have.
    pub fn most_members(&self) -> usize {
        let scaled = self.scalings().map(|(_, members)| members);
        scaled.fold(self.members.len(), usize::max)
    }

    fn scalings(&self) -> impl Iterator<Item = (Millis, usize)> {
        self.events.iter().filter_map(|event| match event.kind {
            EventKind::Scale { members } => Some((event.from, members)),
            _ => None,
        })
    }

    /// With this time between commits.
    #[must_use]
    pub fn commits_every(mut self, every: Millis) -> Self {
        self.commit_every = every;
        self
    }

    /// Calling this downstream for each record.
    #[must_use]
    pub fn calls(mut self, downstream: impl Into<String>) -> Self {
        self.downstream = Some(downstream.into());
        self
    }
}

/// How a group shares partitions out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The classic protocol with a client-side assignor.
    Classic(Assignor),
    /// KIP-848, with a server-side assignor.
    Consumer(Assignor),
    /// Nobody joins: `assign()` and commits by hand, as Flink does. Such a group is Empty and yet alive.
    Manual,
}

/// A rule that shares partitions out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// Contiguous runs, topic by topic.
    Range,
    /// One after the other over all topics.
    RoundRobin,
    /// Even, moving as little as it can; all stop while it does.
    Sticky,
    /// Even, moving as little as it can; only what moves stops.
    CooperativeSticky,
    /// KIP-848's default.
    Uniform,
}

impl Assignor {
    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
            Self::Uniform => "uniform",
        }
    }
}

/// A member.
#[derive(Clone, Debug)]
pub struct MemberSpec {
    /// `client.id`.
    pub client_id: String,
    /// The address it comes from.
    pub host: String,
    /// `group.instance.id`, if membership is static.
    pub instance: Option<String>,
    /// Records a second it can handle.
    pub per_second: f64,
}

impl MemberSpec {
    /// The `index`-th member of `group`.
    pub fn new(group: &str, index: usize, per_second: f64) -> Self {
        let street = crate::sim::random::derive(0, group) % 200;
        Self {
            client_id: format!("{group}-{index}"),
            host: format!("/10.42.{street}.{}", 10 + index),
            instance: None,
            per_second,
        }
    }
}

/// When a group is there at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Always.
    Always,
    /// For `length` each `every`, beginning `phase` into the cycle.
    Windows {
        /// Length of a cycle.
        every: Millis,
        /// How long it is there.
        length: Millis,
        /// When in the cycle it comes.
        phase: Millis,
    },
}

/// Where a new group starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the log end.
    Latest,
    /// At the log start.
    Earliest,
}

/// Something that happens to a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Since when.
    pub from: Millis,
    /// Until when, if it ends.
    pub until: Option<Millis>,
    /// What.
    pub kind: EventKind,
}

/// What can happen to a group.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// All members go from full speed to `factor` of it over `over`: a leak, a slow code path.
    Slower {
        /// What remains of their capacity.
        factor: f64,
        /// How long it takes to get there.
        over: Millis,
    },
    /// One member has only `factor` of its capacity.
    SickMember {
        /// Which.
        member: usize,
        /// What remains of its capacity.
        factor: f64,
    },
    /// All members on this host have only `factor` of their capacity.
    SickHost {
        /// Which, as its members' addresses have it.
        host: String,
        /// What remains of their capacity.
        factor: f64,
    },
    /// A broker with a sick disk hands out only so many records a second of each partition that it leads.
    SlowLeader {
        /// Which.
        broker: i32,
        /// Records a second and partition.
        per_second: f64,
    },
    /// The next record of this partition can't be handled: its handler tries it for ever.
    Poison {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// The owner gives up and restarts this often, so that another gets it.
        restarts: Option<Millis>,
    },
    /// All members leave.
    Stopped,
    /// Members stay and heartbeat, and nothing moves.
    Stuck,
    /// Each `every`, the next member drops out for `away` and comes back.
    Storm {
        /// Time between two drop-outs.
        every: Millis,
        /// How long one is away.
        away: Millis,
    },
    /// Members are replaced one after the other.
    RollingDeploy {
        /// Time between two members.
        gap: Millis,
        /// How long a new one takes to come up.
        boot: Millis,
    },
    /// All members go; all come back after `boot`.
    RecreateDeploy {
        /// How long it takes.
        boot: Millis,
    },
    /// The group's positions are set back.
    Rewind(Rewind),
    /// It reads and never commits.
    NeverCommits,
    /// It has this many members from now on, as able as the first.
    Scale {
        /// How many.
        members: usize,
    },
    /// All members go; all come back after `boot` and deal partitions out by another assignor.
    Reassign {
        /// Which.
        assignor: Assignor,
        /// How long it takes.
        boot: Millis,
    },
    /// These members go; as many come in their place after `boot`.
    Replace {
        /// Which.
        members: Vec<usize>,
        /// How long it takes.
        boot: Millis,
    },
    /// Somebody sets committed offsets, while no members are there.
    SetOffsets {
        /// Of this topic.
        topic: String,
        /// Of this partition; none: of all.
        partition: Option<i32>,
        /// To this offset; none: to the log start.
        to: Option<i64>,
    },
}

impl EventKind {
    /// What this does to a group; none if it is ordinary life.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Slower { .. } => Some(Cause::SlowService),
            Self::SickMember { .. } => Some(Cause::SickMember),
            Self::SickHost { .. } => Some(Cause::SickHost),
            Self::SlowLeader { .. } => Some(Cause::SlowLeader),
            Self::Poison { .. } => Some(Cause::PoisonRecord),
            Self::Stopped => Some(Cause::Stopped),
            Self::Stuck => Some(Cause::Stuck),
            Self::Storm { .. } => Some(Cause::RebalanceStorm),
            Self::Rewind(_) => Some(Cause::Rewound),
            Self::NeverCommits => Some(Cause::NeverCommits),
            Self::RollingDeploy { .. }
            | Self::RecreateDeploy { .. }
            | Self::Scale { .. }
            | Self::Reassign { .. }
            | Self::Replace { .. }
            | Self::SetOffsets { .. } => None,
        }
    }
}

/// Where offsets are set back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewind {
    /// The log start.
    Earliest,
    /// This long before.
    Back(Millis),
}

/// Something that handlers call, shared by all groups that name it.
#[derive(Clone, Debug)]
pub struct DownstreamSpec {
    /// Its name.
    pub name: String,
    /// Calls a second it can take.
    pub per_second: f64,
    /// From when to when it takes only this many.
    pub outages: Vec<Outage>,
}

/// A downstream's bad time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outage {
    /// Since when.
    pub from: Millis,
    /// Until when, if it ends.
    pub until: Option<Millis>,
    /// Calls a second it still takes.
    pub per_second: f64,
}

/// How long the coordinator waits for a dead member's heartbeat.
pub const SESSION_TIMEOUT: Millis = 45 * SECOND;
/// How long before the past a simulation starts, so that it has settled.
pub const SETTLING: Millis = 15 * MINUTE;
