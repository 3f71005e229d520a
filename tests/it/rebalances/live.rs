//! Groups in whose lives members come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use laggard::advice::Situation;
use laggard::advice::assign::{Assignor, Slot};
use laggard::model::{GroupSnapshot, GroupState, GroupType};

use super::clients::{Clients, Subscriptions};
use super::tally::{Foretold, Tally};
use crate::support::inside::Inside;
use crate::support::kafka::KafkaCluster;
use crate::support::{eventually, unique};

/// A rebalance is over when the same has been seen for so long: longer than a follow-up takes to begin.
const SETTLED: Duration = Duration::from_millis(3_500);
const PATIENCE: Duration = Duration::from_mins(4);
const MOST_MEMBERS: usize = 12;
/// Rebalances of one group; then another one with other topics.
const A_LIFE: usize = 5;
/// A machine that stalls lets sessions time out: no more often than this in one life.
const MOST_DISTURBED: usize = 3;
/// Partitions of the topics of a group.
const TOPICS: [&[i32]; 5] = [&[5, 3, 8], &[7], &[6, 2, 9, 1], &[4, 9], &[3, 5, 1, 8, 4]];

/// What a group is like.
pub struct Shape {
    pub topics: Vec<String>,
    /// Each member that joins subscribes to other topics.
    mixed: bool,
    /// Members that are there before anything is foretold.
    first: usize,
    rebalances: usize,
    dice: u64,
}

/// The lives that make so many rebalances under an assignor; the same at each run, others for each assignor.
pub fn shapes(
    cluster: &KafkaCluster,
    assignor: Assignor,
    rebalances: usize,
    mixed: bool,
) -> Vec<Shape> {
    let fitting = |partitions: &&&[i32]| !mixed || partitions.len() >= 3;
    let fitting: Vec<_> = TOPICS.iter().filter(fitting).collect();
    let lives = rebalances.div_ceil(A_LIFE);
    (0..lives)
        .map(|life| {
            let partitions = fitting[(assignor as usize + life) % fitting.len()];
            let name = |partitions: &i32| {
                let name = unique("deal");
                cluster.create_topic(&name, *partitions);
                name
            };
            Shape {
                topics: partitions.iter().map(name).collect(),
                mixed,
                // The first begins with one member, the others in the middle and near the end of the range.
                first: [1, 4, 9, 6][life % 4],
                rebalances: (rebalances - life * A_LIFE).min(A_LIFE),
                dice: (assignor as u64 * 10 + life as u64) * 1_000_003 + 7,
            }
        })
        .collect()
}

/// One group's members with what they were told to read.
struct Group<'a> {
    clients: &'a mut dyn Clients,
    shape: &'a Shape,
    joined: usize,
    subscriptions: Subscriptions,
}

impl Group<'_> {
    fn join(&mut self) {
        self.joined += 1;
        let name = format!("{}-{}", self.shape.topics[0], self.joined);
        let topics = if self.shape.mixed {
            differing(&self.shape.topics, self.joined)
        } else {
            self.shape.topics.clone()
        };
        self.clients.join(&name, &topics);
        if self.shape.mixed {
            self.subscriptions.insert(name, topics);
        }
    }

    /// One member comes or goes.
    fn change(&mut self, dice: u64) {
        let count = self.clients.count();
        if count > 1 && (count >= MOST_MEMBERS || (dice >> 60).is_multiple_of(3)) {
            // Where subscriptions differ, the first stays: somebody must read each topic.
            let first = usize::from(self.shape.mixed);
            self.clients
                .leave(first + (dice >> 40) as usize % (count - first));
        } else {
            self.join();
        }
    }
}

/// What the member that joins as so-manieth subscribes to where subscriptions differ. The first has all topics, so that
/// none is ever without a reader.
fn differing(topics: &[String], turn: usize) -> Vec<String> {
    match turn % 4 {
        0 => topics[..2].to_vec(),
        2 => topics[1..].to_vec(),
        3 => topics[2..].to_vec(),
        _ => topics.to_vec(),
    }
}

/// Lets members come and go, and compares.
pub fn live(
    clients: &mut dyn Clients,
    (watched, group): (&Inside, &str),
    assignor: Assignor,
    shape: &Shape,
) -> Tally {
    let mut tally = Tally::default();
    let most = clients.most(assignor);
    let mut here = Group {
        clients,
        shape,
        joined: 0,
        subscriptions: Subscriptions::new(),
    };
    (0..shape.first).for_each(|_| here.join());
    let (mut seen, mut before) = settled(watched, group, shape.first);
    subscribed(&mut before, &seen, &here.subscriptions);
    let mut dice = shape.dice;
    while tally.rebalances() < shape.rebalances {
        dice = dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        here.change(dice);
        let count = here.clients.count();
        let (now_seen, mut after) = settled(watched, group, count);
        subscribed(&mut after, &now_seen, &here.subscriptions);
        if is_one_change(&before, &after) {
            Foretold::of(&seen, count).hold(&mut tally, &after, !shape.mixed);
            tally.compare(&before, &after, assignor, most);
        } else {
            tally.disturbed += 1;
            assert!(tally.disturbed <= MOST_DISTURBED, "{assignor:?}: {tally:?}");
        }
        (seen, before) = (now_seen, after);
    }
    tally
}

/// Whether one member came or went, and the others are the same.
fn is_one_change(before: &Situation, after: &Situation) -> bool {
    let (before, after) = (owners(before), owners(after));
    let gone = before.keys().filter(|id| !after.contains_key(*id)).count();
    let come = after.keys().filter(|id| !before.contains_key(*id)).count();
    gone + come == 1
}

/// By member id: what it owns.
type Owners = BTreeMap<String, Vec<Slot>>;

pub fn owners(situation: &Situation) -> Owners {
    let members = situation.group.members.iter();
    members
        .map(|m| (m.id.to_string(), m.owned.clone()))
        .collect()
}

/// Waits until the group has so many members, all partitions are owned, it is told what they subscribe to (by those of
/// a KIP-848 group never), and that stays so.
fn settled(watched: &Inside, group: &str, members: usize) -> (Arc<GroupSnapshot>, Situation) {
    let mut since: Option<(Owners, Instant)> = None;
    eventually(PATIENCE, || {
        let snapshot = watched.latest();
        let group = snapshot.clusters[0]
            .group(group)
            .ok_or("no such group yet")?;
        let situation = Situation::of(group).map_err(|e| e.to_string())?;
        let mut owned: Vec<Slot> = owners(&situation).into_values().flatten().collect();
        owned.sort_unstable();
        let whole = group.state.known() == Some(GroupState::Stable)
            && situation.group.members.len() == members
            && owned == situation.group.slots()
            && (situation.told || group.group_type == GroupType::Consumer);
        if !whole {
            since = None;
            return Err(format!(
                "{:?} with {} members of {members}, {} partitions owned of {}",
                group.state,
                situation.group.members.len(),
                owned.len(),
                situation.partitions()
            ));
        }
        let now = owners(&situation);
        match &since {
            Some((before, at)) if *before == now && at.elapsed() >= SETTLED => {
                Ok((Arc::clone(group), situation))
            }
            Some((before, _)) if *before == now => Err("not yet for long".to_owned()),
            _ => {
                since = Some((now, Instant::now()));
                Err("just now".to_owned())
            }
        }
    })
}

/// Who subscribes to what, which members of a KIP-848 group do not tell; what the others told must be just that.
fn subscribed(situation: &mut Situation, seen: &GroupSnapshot, subscriptions: &Subscriptions) {
    let names: Vec<_> = situation
        .group
        .topics
        .iter()
        .map(|t| t.name.clone())
        .collect();
    let known = seen.members.as_deref().unwrap();
    for member in &mut situation.group.members {
        let it = known
            .iter()
            .find(|m| m.member_id.as_str() == &*member.id)
            .unwrap();
        if let Some(topics) = subscriptions.get(&*it.client_id) {
            let subscribes = |i: &u32| topics.iter().any(|t| **t == *names[*i as usize]);
            let topics: Vec<u32> = (0..names.len() as u32).filter(subscribes).collect();
            assert!(!situation.told || member.topics == topics, "{it:?}");
            member.topics = topics;
        }
    }
}
