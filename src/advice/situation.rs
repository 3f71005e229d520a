//! A group as planning sees it: subscriptions, owners, what comes in and what is unread, what a member can do.
//!
//! In: a group's snapshot. Out: a [`Situation`], with what had to be assumed said beside it. What is unknown
//! is counted, never taken for 0 in silence.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assign::{Assignor, Group, Member, Slot, Topic, predict};
use crate::model::{
    Broker, GroupSnapshot, GroupState, GroupType, Reading, Subscription, TopicName,
};

/// What comes in on a partition and what is unread there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    /// Records a second.
    pub arrival: f64,
    /// Records.
    pub lag: f64,
}

/// What a member can do, in records a second.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "records_per_second")]
pub enum Capacity {
    /// Seen while it had more to do than it could.
    Seen(f64),
    /// It was never seen busy: it can do this, and perhaps more.
    AtLeast(f64),
    /// It was never seen to read anything.
    Unknown,
}

/// All that planning needs to know of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// Topics, members, owners.
    pub group: Group,
    /// By topic and partition.
    pub flows: Vec<Vec<Flow>>,
    /// Partitions of which something is not known; it counts as nothing in sums.
    pub unknown: usize,
    /// What a member can do of which nothing more is known, such as one that is to come: the median over those that were
    /// seen busy and those that do more than these without; else the most that any was seen to do.
    pub capacity: Capacity,
    /// What each of the group's members can do, in their order: as it was seen itself, else as the others.
    pub capacities: Vec<Capacity>,
    /// Who deals partitions out; `None`: a kind that is not known here.
    pub assignor: Option<Assignor>,
    /// The assignor's name as the group has it.
    pub assignor_name: Option<Arc<str>>,
    /// Whether what members subscribe to is known of all of them.
    pub told: bool,
    /// Whether subscriptions explain who owns what now: those that members told, else equal ones.
    pub explained: bool,
}

/// Why nothing can be planned for a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// Neither members nor partitions.
    #[error(
        "it is empty: it has no members and no committed offsets, so there is nothing to deal out"
    )]
    Empty,
    /// Not a group whose members share partitions.
    #[error(
        "it is a {0} group: its partitions are not dealt out by one of Kafka's consumer assignors"
    )]
    OtherKind(String),
}

impl Situation {
    /// The situation of a group.
    ///
    /// # Errors
    ///
    /// When its members do not share partitions by a consumer assignor, or there is nothing to share.
    pub fn of(snapshot: &GroupSnapshot) -> Result<Self, NoPlan> {
        kind(snapshot)?;
        let (group, flows, unknown) = parts(snapshot);
        if group.topics.is_empty() {
            return Err(NoPlan::Empty);
        }
        let name = snapshot.assignor.clone().filter(|n| !n.is_empty());
        let assignor = name
            .as_deref()
            .and_then(|n| Assignor::of_group(&snapshot.group_type, n));
        let stable = snapshot.state.value() == Some(GroupState::Stable);
        let told = is_told(snapshot);
        let explained = stable && assignor.is_some_and(|a| is_explained(a, &group, told));
        let capacity = capacity(snapshot);
        let each = |m: &Member| own_capacity(snapshot, &m.id, capacity);
        Ok(Self {
            capacities: group.members.iter().map(each).collect(),
            group,
            flows,
            unknown,
            capacity,
            assignor,
            assignor_name: name,
            told,
            explained,
        })
    }

    /// What a member of the group can do of which nothing more is known, whoever deals its partitions out.
    pub(super) fn able(snapshot: &GroupSnapshot) -> Capacity {
        capacity(snapshot)
    }

    /// The same on these brokers. Their racks say nothing where no member names one as its own; a KIP-848 group's
    /// members do not tell.
    #[must_use]
    pub fn among(mut self, brokers: &[Broker]) -> Self {
        let none_named = self.told && self.group.members.iter().all(|m| m.rack.is_none());
        self.group.unseen_racks = if none_named { 0 } else { racks(brokers) };
        self
    }

    /// The same with members that all can do this.
    #[must_use]
    pub fn with_capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = capacity;
        self.capacities.fill(capacity);
        self
    }

    /// What the member of this place can do; one that is to come, as members can of which nothing more is known.
    pub fn capacity_of(&self, member: usize) -> Capacity {
        self.capacities
            .get(member)
            .copied()
            .unwrap_or(self.capacity)
    }

    /// What comes in and is unread on a partition.
    pub fn flow(&self, slot: Slot) -> Flow {
        let topic = self.flows.get(slot.topic as usize);
        let flow = topic.and_then(|t| t.get(slot.partition as usize));
        flow.copied().unwrap_or_default()
    }

    /// Records a second that come in on all partitions.
    pub fn arrival(&self) -> f64 {
        self.flows.iter().flatten().map(|f| f.arrival).sum()
    }

    /// Unread records on all partitions.
    pub fn lag(&self) -> f64 {
        self.flows.iter().flatten().map(|f| f.lag).sum()
    }

    /// Partitions in all.
    pub fn partitions(&self) -> usize {
        self.flows.iter().map(Vec::len).sum()
    }
}

/// How many racks brokers stand in.
pub(super) fn racks(brokers: &[Broker]) -> usize {
    let named = brokers.iter().filter_map(|b| b.rack.as_deref());
    named.collect::<BTreeSet<_>>().len()
}

fn kind(snapshot: &GroupSnapshot) -> Result<(), NoPlan> {
    let other = |name: &str| Err(NoPlan::OtherKind(name.to_owned()));
    match snapshot.group_type {
        GroupType::Share => other("share"),
        GroupType::Streams => other("streams"),
        _ => match &*snapshot.protocol_type {
            "" | "consumer" => Ok(()),
            name => other(name),
        },
    }
}

/// Topics that the group reads, with members and flows; partitions that stand outside are left out with
/// their topics.
fn parts(snapshot: &GroupSnapshot) -> (Group, Vec<Vec<Flow>>, usize) {
    let reads = |index: u32| {
        let mut rows = snapshot.rows.iter().filter(|r| r.topic == index);
        rows.any(|r| r.verdict.is_some())
    };
    let kept: Vec<u32> = (0..snapshot.topics.len() as u32)
        .filter(|t| reads(*t))
        .collect();
    let mut unknown = 0;
    let mut flows = Vec::new();
    let mut topics = Vec::new();
    for old in &kept {
        let topic = &snapshot.topics[*old as usize];
        topics.push(Topic {
            name: topic.topic.as_str().into(),
            id: topic.topic_id,
            partitions: topic.partitions.len() as u32,
            racks: Vec::new(),
        });
        let arrivals = topic.partitions.iter().map(|p| p.arrival_rate.value());
        let mut of_topic: Vec<Flow> = arrivals
            .map(|rate| Flow {
                arrival: rate.unwrap_or(0.0).max(0.0),
                lag: 0.0,
            })
            .collect();
        let rates = topic.partitions.iter().map(|p| &p.arrival_rate);
        unknown += rates.filter(|r| r.is_unknown()).count();
        for row in snapshot.rows.iter().filter(|r| r.topic == *old) {
            if let Some(flow) = of_topic.get_mut(row.partition as usize) {
                flow.lag = row.effective_lag.value().unwrap_or(0).max(0) as f64;
            }
        }
        flows.push(of_topic);
    }
    add_unread(snapshot, &mut topics, &mut flows);
    let members = members(snapshot, &topics);
    let group = Group {
        topics,
        members,
        unseen_racks: 0,
    };
    (group, flows, unknown)
}

/// Whether all members have told what they subscribe to.
fn is_told(snapshot: &GroupSnapshot) -> bool {
    let all = snapshot.members.as_deref().unwrap_or_default();
    all.iter().all(|m| m.subscription.is_some())
}

/// Names that members subscribe to and that are none of the topics read: whether subscriptions are equal is decided
/// by them too. They have no partitions that are known.
fn add_unread(snapshot: &GroupSnapshot, topics: &mut Vec<Topic>, flows: &mut Vec<Vec<Flow>>) {
    let all = snapshot.members.as_deref().unwrap_or_default();
    let told = all.iter().filter_map(|m| m.subscription.as_deref());
    let names: BTreeSet<&TopicName> = told.flat_map(|s| &s.topics).collect();
    for name in names {
        if topics.iter().any(|t| &*t.name == name.as_str()) {
            continue;
        }
        let at = topics.partition_point(|t| &*t.name < name.as_str());
        topics.insert(
            at,
            Topic {
                name: name.as_str().into(),
                id: None,
                partitions: 0,
                racks: Vec::new(),
            },
        );
        flows.insert(at, Vec::new());
    }
}

/// Members with what they own and subscribe to; where that is not told, to all.
fn members(snapshot: &GroupSnapshot, topics: &[Topic]) -> Vec<Member> {
    let place = |name: &str| topics.iter().position(|t| &*t.name == name);
    let all = snapshot.members.as_deref().unwrap_or_default();
    let mut members: Vec<Member> = all
        .iter()
        .map(|m| {
            let owned = m.assignment.iter().filter_map(|a| {
                let topic = place(a.topic.as_str())? as u32;
                Some(a.partitions.iter().map(move |p| Slot {
                    topic,
                    partition: *p,
                }))
            });
            let mut owned: Vec<Slot> = owned.flatten().collect();
            owned.sort_unstable();
            Member {
                id: m.member_id.as_str().into(),
                instance: m.group_instance_id.clone(),
                rack: m.subscription.as_ref().and_then(|s| s.rack.clone()),
                topics: subscribed(m.subscription.as_deref(), topics),
                owned,
            }
        })
        .collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    members
}

/// Indices of topics, ascending.
fn subscribed(told: Option<&Subscription>, topics: &[Topic]) -> Vec<u32> {
    let reads = |topic: &Topic| match told {
        Some(told) => told.topics.iter().any(|t| t.as_str() == &*topic.name),
        None => true,
    };
    let all = (0..).zip(topics);
    all.filter(|(_, t)| reads(t)).map(|(at, _)| at).collect()
}

/// Whether the assignor would leave things as they are: with what members told, or else with equal subscriptions.
fn is_explained(assignor: Assignor, group: &Group, told: bool) -> bool {
    let predicted = predict(assignor, group).owners;
    let same = |(m, owned): (&Member, &Vec<Slot>)| m.owned == *owned;
    let stays = group.members.iter().zip(&predicted).all(same);
    stays
        && (told
            || !matches!(assignor, Assignor::Sticky | Assignor::CooperativeSticky)
            || !is_one_sided(group))
}

/// Whether somebody owns nothing of a topic of which another owns two or more. A sticky assignor keeps whatever is
/// balanced, so that nothing changes says little; but it deals each topic out over all who subscribe to it.
fn is_one_sided(group: &Group) -> bool {
    (0..group.topics.len() as u32).any(|topic| {
        let of_topic = |m: &Member| m.owned.iter().filter(|s| s.topic == topic).count();
        let counts = || group.members.iter().map(of_topic);
        counts().min() == Some(0) && counts().max() >= Some(2)
    })
}

impl Capacity {
    /// As it was read; none: nothing was seen.
    fn read(reading: &Reading<f64>) -> Option<Self> {
        let rate = reading.value().filter(|rate| *rate > 0.0)?;
        let bounded_below = reading.bounds().is_some_and(|b| b.high.is_none());
        Some(if bounded_below {
            Self::AtLeast(rate)
        } else {
            Self::Seen(rate)
        })
    }

    /// Records a second that it can do for certain; 0 where that is not known.
    pub fn low(self) -> f64 {
        match self {
            Self::Seen(rate) | Self::AtLeast(rate) => rate,
            Self::Unknown => 0.0,
        }
    }
}

fn median(mut rates: Vec<Capacity>) -> Option<Capacity> {
    rates.sort_by(|a, b| a.low().total_cmp(&b.low()));
    rates.get(rates.len().saturating_sub(1) / 2).copied()
}

/// What a member can do that was never seen busy hides above what it does. Where that is less than the median of those
/// that were, it tells nothing; where it is more, those that were seen busy are the slow ones, and it counts.
fn capacity(snapshot: &GroupSnapshot) -> Capacity {
    let all = snapshot.loads.iter();
    let all: Vec<Capacity> = all.filter_map(|l| Capacity::read(&l.capacity)).collect();
    let is_seen = |c: &&Capacity| matches!(c, Capacity::Seen(_));
    match median(all.iter().filter(is_seen).copied().collect()) {
        Some(seen) => {
            let tells = |c: &&Capacity| is_seen(c) || c.low() > seen.low();
            median(all.iter().filter(tells).copied().collect()).unwrap_or(seen)
        }
        None => all
            .into_iter()
            .max_by(|a, b| a.low().total_cmp(&b.low()))
            .unwrap_or(Capacity::Unknown),
    }
}

/// What one member can do: as seen, or what `others` can if it was never seen to do more.
fn own_capacity(snapshot: &GroupSnapshot, id: &str, others: Capacity) -> Capacity {
    let all = snapshot.members.as_deref().unwrap_or_default();
    let place = all.iter().position(|m| m.member_id.as_str() == id);
    let load = place.and_then(|at| snapshot.loads.get(at));
    match load.and_then(|l| Capacity::read(&l.capacity)) {
        Some(Capacity::AtLeast(c)) if others.low() >= c => others,
        Some(own) => own,
        None => others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::{busy, grouped};

    #[test]
    fn a_situation_adds_up_what_is_known() {
        let group = grouped(&[6, 6], &[3, 3, 3, 3], 10.0, 100);
        let found = Situation::of(&group).unwrap();
        assert_eq!((found.partitions(), found.unknown), (12, 0));
        assert!((found.arrival() - 120.0).abs() < 1e-9 && (found.lag() - 1200.0).abs() < 1e-9);
        assert_eq!(found.assignor, Some(Assignor::Range));
        assert_eq!(found.capacity, Capacity::Unknown);
    }

    #[test]
    fn a_median_of_those_seen_busy_else_the_most_seen() {
        let capacity = |group: &GroupSnapshot| Situation::of(group).unwrap().capacity;
        let group = busy(grouped(&[4], &[2, 2], 1.0, 0), &[Some(50.0), None]);
        assert_eq!(capacity(&group), Capacity::Seen(50.0));
        let group = busy(grouped(&[4], &[2, 2], 1.0, 0), &[None, None]);
        assert_eq!(capacity(&group), Capacity::AtLeast(2.0));
    }

    #[test]
    fn one_slow_member_is_not_the_measure_of_those_that_do_more_without_being_busy() {
        let slow = [Some(20.0), None, None, None];
        let group = busy(grouped(&[16], &[4; 4], 10.0, 0), &slow);
        let found = Situation::of(&group).unwrap();
        assert_eq!(found.capacity, Capacity::AtLeast(40.0));
        let at_least = [Capacity::AtLeast(40.0); 3];
        assert_eq!(found.capacities[0], Capacity::Seen(20.0));
        assert_eq!(found.capacities[1..], at_least);
        // Who does less than those that were seen busy hides what it can do.
        let group = busy(
            grouped(&[16], &[4; 4], 10.0, 0),
            &[Some(90.0), Some(80.0), None, None],
        );
        let found = Situation::of(&group).unwrap();
        assert_eq!(found.capacity, Capacity::Seen(80.0));
        assert_eq!(found.capacities[2], Capacity::Seen(80.0));
    }

    #[test]
    fn what_cannot_be_planned_says_why() {
        let mut group = grouped(&[], &[], 0.0, 0);
        assert_eq!(Situation::of(&group), Err(NoPlan::Empty));
        group.group_type = GroupType::Share;
        let error = Situation::of(&group).unwrap_err().to_string();
        assert!(error.contains("share group"), "{error}");
    }

    #[test]
    fn a_sticky_group_in_which_somebody_owns_nothing_of_a_topic_is_not_explained() {
        let mut group = grouped(&[4, 4], &[2, 2], 1.0, 0);
        group.assignor = Some("sticky".into());
        let explained = |g: &GroupSnapshot| Situation::of(g).unwrap().explained;
        assert!(explained(&group));
        // The same loads, a topic each.
        let mut members = group.members.as_deref().unwrap().to_vec();
        for (at, member) in members.iter_mut().enumerate() {
            member.assignment.remove(1 - at);
            member.assignment[0].partitions = (0..4).collect();
        }
        group.members = Some(members.into());
        assert!(!explained(&group));
    }

    /// What each member tells of itself: topics by number, and a rack.
    fn telling(mut group: GroupSnapshot, told: &[(&[&str], Option<&str>)]) -> GroupSnapshot {
        let mut members = group.members.as_deref().unwrap().to_vec();
        for (member, (topics, rack)) in members.iter_mut().zip(told) {
            member.subscription = Some(Arc::new(Subscription {
                topics: topics.iter().map(|t| (*t).into()).collect(),
                rack: rack.map(Into::into),
            }));
        }
        group.members = Some(members.into());
        group
    }

    #[test]
    fn what_members_told_explains_what_equal_subscriptions_do_not() {
        // Each reads a topic of its own.
        let mut group = grouped(&[4, 4], &[2, 2], 1.0, 0);
        group.assignor = Some("roundrobin".into());
        let mut members = group.members.as_deref().unwrap().to_vec();
        for (at, member) in members.iter_mut().enumerate() {
            member.assignment.remove(1 - at);
            member.assignment[0].partitions = (0..4).collect();
        }
        group.members = Some(members.into());
        let assumed = Situation::of(&group).unwrap();
        assert!(!assumed.told && !assumed.explained);
        let told = telling(group, &[(&["topic-0"], None), (&["topic-1"], None)]);
        let told = Situation::of(&told).unwrap();
        assert!(told.told && told.explained);
        assert_eq!(told.group.members[1].topics, [1]);
    }

    #[test]
    fn a_name_that_is_no_topic_makes_subscriptions_different_and_has_no_partitions() {
        let group = grouped(&[4], &[2, 2], 1.0, 0);
        let both: &[&str] = &["topic-0", "a-topic-to-come"];
        let told = telling(group, &[(both, None), (&["topic-0"], None)]);
        let found = Situation::of(&told).unwrap();
        assert!(!found.group.is_equal() && found.explained);
        assert_eq!((found.partitions(), found.flows.len()), (4, 2));
        assert!((found.arrival() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn racks_of_brokers_say_nothing_where_no_member_names_one() {
        let broker = |id: i32| Broker {
            id,
            host: "b".into(),
            port: 9092,
            rack: Some(format!("r{id}").into()),
        };
        let brokers = [broker(1), broker(2)];
        let seen = |group: &GroupSnapshot| {
            let found = Situation::of(group).unwrap().among(&brokers);
            found.group.unseen_racks
        };
        let group = grouped(&[4], &[2, 2], 1.0, 0);
        assert_eq!(seen(&group), 2, "nobody told");
        let topic: &[&str] = &["topic-0"];
        assert_eq!(
            seen(&telling(group.clone(), &[(topic, None), (topic, None)])),
            0
        );
        assert_eq!(
            seen(&telling(group, &[(topic, None), (topic, Some("r1"))])),
            2
        );
    }

    #[test]
    fn ranges_are_explained_by_range_and_not_by_roundrobin() {
        let mut group = grouped(&[6], &[3, 3], 1.0, 0);
        assert!(Situation::of(&group).unwrap().explained);
        group.assignor = Some("roundrobin".into());
        assert!(!Situation::of(&group).unwrap().explained);
    }
}
