//! What is to be tried on a group.

use crate::advice::assign::{Assignor, Group, Topic};
use crate::advice::situation::{Flow, Situation};

/// What members of a Kafka Streams application name as their assignor.
const KAFKA_STREAMS: &str = "stream";

/// How many partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partitions {
    /// Of this topic; none: of each that the group reads.
    pub topic: Option<String>,
    /// So many.
    pub count: u32,
}

/// What is to be tried; what is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// So many members.
    pub members: Option<usize>,
    /// Dealt out by this assignor.
    pub assignor: Option<Assignor>,
    /// More partitions.
    pub partitions: Option<Partitions>,
    /// What comes in on a topic is spread by Zipf's law with this exponent: 0 evenly, 1 very unevenly.
    pub skew: Option<f64>,
}

/// A change that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WrongChange {
    /// No members.
    #[error("with 0 members nobody reads; to stop a group is no plan. Ask for 1 or more")]
    NoMembers,
    /// The group has none, and none were asked for.
    #[error("it has no members now; say how many it is to have: --members N")]
    MembersUnsaid,
    /// Kafka takes no partitions away.
    #[error("{topic} has {now} partitions, and Kafka takes none away; ask for {now} or more")]
    FewerPartitions {
        /// Of which topic.
        topic: String,
        /// How many it has.
        now: u32,
    },
    /// The group does not read it.
    #[error("it does not read a topic {topic:?}; it reads {}", .reads.join(", "))]
    NoSuchTopic {
        /// What was asked for.
        topic: String,
        /// What it reads.
        reads: Vec<String>,
    },
    /// Not an exponent.
    #[error("a skew is a number from 0 (even) to 3, not {0}")]
    WrongSkew(f64),
    /// Tasks are dealt out by Kafka Streams itself.
    #[error(
        "it is an application of Kafka Streams, whose own assignor deals out tasks in a way that is not followed here; \
         num.stream.threads or more instances give its tasks more threads, one for each task at the most"
    )]
    Streams,
    /// An assignor that is not known here.
    #[error("its assignor {0:?} is none of Kafka's own; name one: --assignor range")]
    OwnAssignor(String),
}

/// A group after a change, before it is dealt out.
pub(super) struct Changed {
    pub(super) group: Group,
    pub(super) flows: Vec<Vec<Flow>>,
    pub(super) assignor: Assignor,
    pub(super) assumed: Vec<String>,
}

impl Changed {
    /// Whether anything changes that an assignor decides on.
    pub(super) fn deals_anew(&self, situation: &Situation) -> bool {
        let assignor = situation.assignor.is_some_and(|a| a != self.assignor);
        assignor || self.group != situation.group
    }
}

impl Change {
    pub(super) fn apply(&self, situation: &Situation) -> Result<Changed, WrongChange> {
        let mut assumed = Vec::new();
        let now = situation.group.members.len();
        let members = match self.members {
            Some(0) => return Err(WrongChange::NoMembers),
            Some(n) => n,
            None if now == 0 => return Err(WrongChange::MembersUnsaid),
            None => now,
        };
        let assignor = self.assignor(situation, &mut assumed)?;
        let mut changed = Changed {
            group: situation.group.resized(members),
            flows: situation.flows.clone(),
            assignor,
            assumed,
        };
        self.add_partitions(&mut changed)?;
        self.skew(&mut changed)?;
        Ok(changed)
    }

    fn assignor(
        &self,
        situation: &Situation,
        assumed: &mut Vec<String>,
    ) -> Result<Assignor, WrongChange> {
        if situation.assignor_name.as_deref() == Some(KAFKA_STREAMS) {
            return Err(WrongChange::Streams);
        }
        if let Some(asked) = self.assignor.or(situation.assignor) {
            return Ok(asked);
        }
        if let Some(name) = &situation.assignor_name {
            return Err(WrongChange::OwnAssignor(name.to_string()));
        }
        let why = if situation.group.members.is_empty() {
            "no assignor is known while nobody is in the group"
        } else {
            "which assignor the group has was not told"
        };
        assumed.push(format!("{why}: range is assumed, the clients' default"));
        Ok(Assignor::Range)
    }

    fn add_partitions(&self, changed: &mut Changed) -> Result<(), WrongChange> {
        let Some(asked) = &self.partitions else {
            return Ok(());
        };
        // A name without partitions that are known is none that the group reads.
        let concerns = |topic: &Topic| {
            topic.partitions > 0 && asked.topic.as_deref().is_none_or(|t| t == &*topic.name)
        };
        let topics = changed.group.topics.iter_mut().zip(&mut changed.flows);
        let (mut any, mut more) = (false, false);
        for (topic, flows) in topics.filter(|(t, _)| concerns(t)) {
            any = true;
            if asked.count == topic.partitions {
                continue;
            }
            more = true;
            if asked.count < topic.partitions {
                return Err(WrongChange::FewerPartitions {
                    topic: topic.name.to_string(),
                    now: topic.partitions,
                });
            }
            topic.partitions = asked.count;
            widen(flows, asked.count as usize);
        }
        if !any {
            return Err(WrongChange::NoSuchTopic {
                topic: asked.topic.clone().unwrap_or_default(),
                reads: changed
                    .group
                    .topics
                    .iter()
                    .filter(|t| t.partitions > 0)
                    .map(|t| t.name.to_string())
                    .collect(),
            });
        }
        if !more {
            return Ok(());
        }
        changed.assumed.push("what comes in is spread evenly over the new number of partitions, but for what one hot partition has beyond three times the median: that may be one key, and a key stays in one partition".to_owned());
        changed.assumed.push("records of one key go to another partition from then on: order is lost between those before and after, and a compacted topic keeps old keys in two partitions".to_owned());
        changed
            .assumed
            .push("what is unread now stays where it is".to_owned());
        Ok(())
    }

    fn skew(&self, changed: &mut Changed) -> Result<(), WrongChange> {
        let Some(skew) = self.skew else {
            return Ok(());
        };
        if !(0.0..=3.0).contains(&skew) {
            return Err(WrongChange::WrongSkew(skew));
        }
        for flows in &mut changed.flows {
            let total: f64 = flows.iter().map(|f| f.arrival).sum();
            // The partition that gets the most now gets the most then.
            let mut order: Vec<usize> = (0..flows.len()).collect();
            order.sort_by(|a, b| flows[*b].arrival.total_cmp(&flows[*a].arrival));
            let share = |rank: usize| 1.0 / ((rank + 1) as f64).powf(skew);
            let all: f64 = (0..flows.len()).map(share).sum();
            for (rank, partition) in order.into_iter().enumerate() {
                flows[partition].arrival = total * share(rank) / all;
            }
        }
        changed.assumed.push(format!(
            "what comes in on each topic is spread by Zipf's law with exponent {skew}"
        ));
        Ok(())
    }
}

/// Spreads arrivals over `count` partitions. A key cannot be split, so what a partition gets beyond three times the
/// median stays with it.
fn widen(flows: &mut Vec<Flow>, count: usize) {
    let mut sorted: Vec<f64> = flows.iter().map(|f| f.arrival).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let hot = |arrival: f64| (arrival - 3.0 * median).max(0.0);
    let stays: f64 = sorted.iter().map(|a| hot(*a)).sum();
    let even = (sorted.iter().sum::<f64>() - stays) / count.max(1) as f64;
    for flow in flows.iter_mut() {
        flow.arrival = even + hot(flow.arrival);
    }
    flows.resize(
        count,
        Flow {
            arrival: even,
            lag: 0.0,
        },
    );
}
