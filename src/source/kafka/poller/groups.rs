//! What is known of groups: which there are, what changed, which to describe.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::config::KafkaConfig;
use super::super::ffi::{self, GroupInfo, GroupListing};
use super::subscriptions::Subscriptions;
use crate::model::{GroupId, GroupState, GroupType, ListedGroup};

/// A description is read again after this long, even if nothing seems to have changed: members
/// may come and go between two listings that both say Stable.
const DESCRIBE_EACH: Duration = Duration::from_mins(1);
/// So many groups are described in each cycle anyway.
const ALWAYS_DESCRIBED: usize = 200;
/// Above so many rows a group is asked for in explicit lists.
const BIG: usize = 2000;
/// A big group is asked for all that it has, lest a new topic is missed, this often.
const WHOLE_EACH: Duration = Duration::from_mins(10);

/// A group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) listed: ListedGroup,
    /// Only the classic API knows it: Connect, share, streams.
    pub(super) foreign: bool,
    /// The broker that listed it last.
    pub(super) coordinator: i32,
    described: Option<Instant>,
    changed: bool,
    rows: usize,
    topics: Vec<Arc<str>>,
    whole: Option<Instant>,
}

/// All groups that are read.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) known: BTreeMap<Arc<str>, Group>,
    foreign: BTreeMap<Arc<str>, (ListedGroup, i32)>,
    pub(super) subscriptions: Subscriptions,
    /// Commits below the log start that a second read confirmed.
    confirmed: FxHashMap<(Arc<str>, Arc<str>, i32), i64>,
}

fn state(state: ffi::GroupState) -> GroupState {
    match state {
        ffi::GroupState::Unknown => GroupState::Unknown,
        ffi::GroupState::PreparingRebalance => GroupState::PreparingRebalance,
        ffi::GroupState::CompletingRebalance => GroupState::CompletingRebalance,
        ffi::GroupState::Stable => GroupState::Stable,
        ffi::GroupState::Dead => GroupState::Dead,
        ffi::GroupState::Empty => GroupState::Empty,
    }
}

/// The state in the words of the classic API.
fn state_named(name: &str) -> GroupState {
    match name {
        "Stable" => GroupState::Stable,
        "Empty" => GroupState::Empty,
        "PreparingRebalance" => GroupState::PreparingRebalance,
        "CompletingRebalance" => GroupState::CompletingRebalance,
        "Dead" => GroupState::Dead,
        _ => GroupState::Unknown,
    }
}

/// The model's state for librdkafka's.
pub(super) fn model_state(of: ffi::GroupState) -> GroupState {
    state(of)
}

/// The model's type for librdkafka's.
pub(super) fn model_type(of: ffi::GroupType) -> GroupType {
    match of {
        ffi::GroupType::Unknown => GroupType::Unknown,
        ffi::GroupType::Consumer => GroupType::Consumer,
        ffi::GroupType::Classic => GroupType::Classic,
    }
}

impl Groups {
    /// Takes a listing in. Groups that an incomplete one lacks stay. Gives what was really listed.
    pub(super) fn take(
        &mut self,
        listing: Vec<(i32, GroupListing)>,
        complete: bool,
        config: &KafkaConfig,
    ) -> Vec<ListedGroup> {
        let mut seen = FxHashSet::default();
        for (broker, group) in listing {
            if !config.groups.admits(&group.group) {
                continue;
            }
            self.foreign.remove(&group.group);
            seen.insert(Arc::clone(&group.group));
            let listed = ListedGroup {
                group: GroupId::from(Arc::clone(&group.group)),
                group_type: model_type(group.group_type),
                state: state(group.state),
                protocol_type: Arc::from(if group.simple { "" } else { "consumer" }),
            };
            self.put(group.group, listed, broker, false);
        }
        for (name, (listed, broker)) in self.foreign.clone() {
            seen.insert(Arc::clone(&name));
            self.put(name, listed, broker, true);
        }
        if complete {
            self.known.retain(|name, _| seen.contains(name));
            self.confirmed
                .retain(|(group, _, _), _| seen.contains(group));
            self.subscriptions.keep(|group| seen.contains(group));
        }
        let seen = self.known.iter().filter(|(name, _)| seen.contains(*name));
        seen.map(|(_, group)| group.listed.clone()).collect()
    }

    fn put(&mut self, name: Arc<str>, listed: ListedGroup, broker: i32, foreign: bool) {
        let group = self.known.entry(name).or_insert_with(|| Group {
            listed: listed.clone(),
            foreign,
            coordinator: broker,
            described: None,
            changed: true,
            rows: 0,
            topics: Vec::new(),
            whole: None,
        });
        group.changed |= group.listed != listed;
        group.foreign = foreign;
        group.coordinator = broker;
        group.listed = listed;
    }

    /// Takes the classic listing in: groups of other protocols, and what members of consumer groups subscribe to.
    /// Groups that `ListGroups` gives to consumers are known already.
    pub(super) fn take_foreign(&mut self, groups: Vec<GroupInfo>, config: &KafkaConfig) {
        self.subscriptions
            .take(&groups, |group| config.groups.admits(group));
        let before = std::mem::take(&mut self.foreign);
        for group in groups {
            let ours = self
                .known
                .get(&group.group)
                .is_some_and(|known| !known.foreign);
            let consumer = group.protocol_type == "consumer";
            if ours || consumer || group.error == 30 || !config.groups.admits(&group.group) {
                continue;
            }
            let told = !group.protocol_type.is_empty();
            let known_type = before
                .get(&group.group)
                .map(|(listed, _)| listed.group_type.clone());
            let listed = ListedGroup {
                group: GroupId::from(Arc::clone(&group.group)),
                group_type: if told {
                    GroupType::Classic
                } else {
                    known_type.unwrap_or(GroupType::Unknown)
                },
                // The classic API calls groups of the newer protocols dead.
                state: if told {
                    state_named(&group.state)
                } else {
                    GroupState::Unknown
                },
                protocol_type: Arc::from(group.protocol_type.as_str()),
            };
            self.foreign.insert(group.group, (listed, group.broker));
        }
        for (name, (listed, broker)) in self.foreign.clone() {
            self.put(name, listed, broker, true);
        }
    }

    /// Learns the type of a group that only the classic listing has, from whether it has commits:
    /// that type, and whether it is news. None of a group whose type is told.
    ///
    /// No call of librdkafka tells the type of such a group. Streams groups commit offsets; share
    /// groups never do, they keep their state elsewhere. A streams group that has not committed
    /// anything yet is taken for a share group until its first commit.
    pub(super) fn learn_type(
        &mut self,
        group: &Arc<str>,
        commits: bool,
    ) -> Option<(GroupType, bool)> {
        let known = self.known.get_mut(group)?;
        if !known.foreign || !known.listed.protocol_type.is_empty() {
            return None;
        }
        let learned = if commits {
            GroupType::Streams
        } else {
            GroupType::Share
        };
        let before = std::mem::replace(&mut known.listed.group_type, learned.clone());
        if let Some((foreign, _)) = self.foreign.get_mut(group) {
            foreign.group_type = learned.clone();
        }
        let news = before != learned;
        Some((learned, news))
    }

    /// Groups to describe now: those that are new or have changed.
    pub(super) fn to_describe(&self) -> Vec<Arc<str>> {
        let news = |group: &Group| group.changed || group.described.is_none();
        let groups = self.known.iter().filter(|(_, group)| !group.foreign);
        groups
            .filter(|(_, group)| news(group))
            .map(|(name, _)| Arc::clone(name))
            .collect()
    }

    /// Groups whose description is oldest, so many that each has its turn in [`DESCRIBE_EACH`].
    pub(super) fn by_turn(&self, interval: Duration, now: Instant) -> Vec<Arc<str>> {
        let mut due: Vec<(Instant, &Arc<str>)> = self
            .known
            .iter()
            .filter(|(_, group)| !group.foreign && !group.changed)
            .filter(|(_, group)| group.listed.state != GroupState::Empty)
            .filter_map(|(name, group)| Some((group.described?, name)))
            .collect();
        due.sort_by_key(|(described, _)| *described);
        let share = due.len() as f64 * interval.as_secs_f64() / DESCRIBE_EACH.as_secs_f64();
        let most = (share.ceil() as usize).max(ALWAYS_DESCRIBED);
        due.into_iter()
            .take(most)
            .filter(|(at, _)| now > *at)
            .map(|(_, name)| Arc::clone(name))
            .collect()
    }

    /// It was described.
    pub(super) fn described(&mut self, group: &Arc<str>, now: Instant) {
        if let Some(group) = self.known.get_mut(group) {
            group.described = Some(now);
            group.changed = false;
        }
    }

    /// The topics of a big group, to be asked for partition by partition; none: ask for all.
    pub(super) fn big_topics(&self, group: &Arc<str>, now: Instant) -> Option<&[Arc<str>]> {
        let group = self.known.get(group)?;
        let fresh = group
            .whole
            .is_some_and(|at| now.duration_since(at) < WHOLE_EACH);
        (group.rows > BIG && fresh).then_some(group.topics.as_slice())
    }

    /// What a read of commits gave.
    pub(super) fn committed(
        &mut self,
        group: &Arc<str>,
        rows: usize,
        topics: Option<Vec<Arc<str>>>,
        now: Instant,
    ) {
        if let Some(group) = self.known.get_mut(group) {
            group.rows = rows;
            if let Some(topics) = topics {
                group.topics = topics;
                group.whole = Some(now);
            }
        }
    }

    /// Whether a commit below the log start still has to be read a second time.
    pub(super) fn doubts_loss(
        &self,
        group: &Arc<str>,
        topic: &Arc<str>,
        partition: i32,
        commit: i64,
    ) -> bool {
        let key = (Arc::clone(group), Arc::clone(topic), partition);
        self.confirmed.get(&key) != Some(&commit)
    }

    /// A second read still showed it.
    pub(super) fn confirm_loss(
        &mut self,
        group: &Arc<str>,
        topic: &Arc<str>,
        partition: i32,
        commit: i64,
    ) {
        self.confirmed
            .insert((Arc::clone(group), Arc::clone(topic), partition), commit);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::properties::Properties;
    use super::*;

    fn config() -> KafkaConfig {
        KafkaConfig::new("test".into(), Properties::default())
    }

    fn listing(name: &str, state: ffi::GroupState) -> (i32, GroupListing) {
        let group = GroupListing {
            group: Arc::from(name),
            state,
            group_type: ffi::GroupType::Classic,
            simple: false,
        };
        (1, group)
    }

    /// A complete listing of two groups.
    fn take_a_and_b(groups: &mut Groups, a: ffi::GroupState, b: ffi::GroupState) {
        let listed = vec![listing("a", a), listing("b", b)];
        groups.take(listed, true, &config());
    }

    fn a_and_b(a: ffi::GroupState, b: ffi::GroupState) -> Groups {
        let mut groups = Groups::default();
        take_a_and_b(&mut groups, a, b);
        groups
    }

    #[test]
    fn an_incomplete_listing_removes_nobody() {
        let mut groups = a_and_b(ffi::GroupState::Stable, ffi::GroupState::Empty);
        groups.take(
            vec![listing("a", ffi::GroupState::Stable)],
            false,
            &config(),
        );
        assert_eq!(groups.known.len(), 2);
        groups.take(vec![listing("a", ffi::GroupState::Stable)], true, &config());
        assert_eq!(groups.known.len(), 1);
    }

    #[test]
    fn changes_are_described_at_once_others_by_turn_and_empty_groups_once() {
        let now = Instant::now();
        let mut groups = a_and_b(ffi::GroupState::Stable, ffi::GroupState::Empty);
        let interval = Duration::from_secs(10);
        assert_eq!(groups.to_describe().len(), 2);
        assert_eq!(groups.by_turn(interval, now).len(), 0);
        for name in ["a", "b"] {
            groups.described(&Arc::from(name), now);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(groups.to_describe().len(), 0);
        assert_eq!(groups.by_turn(interval, later), [Arc::from("a")]);
        take_a_and_b(&mut groups, ffi::GroupState::Empty, ffi::GroupState::Stable);
        assert_eq!(groups.to_describe().len(), 2);
    }

    #[test]
    fn groups_of_other_protocols_are_kept_between_listings() {
        let mut groups = Groups::default();
        groups.take(vec![listing("a", ffi::GroupState::Stable)], true, &config());
        let info = |name: &str, protocol: &str, state: &str| GroupInfo {
            group: Arc::from(name),
            error: 0,
            state: state.into(),
            protocol_type: protocol.into(),
            members: Vec::new(),
            broker: 1,
        };
        let found = vec![
            info("a", "consumer", "Stable"),
            info("connect-sink", "connect", "Stable"),
            info("shared", "", "Dead"),
        ];
        groups.take_foreign(found, &config());
        for news in [true, false] {
            let learned = groups.learn_type(&Arc::from("shared"), false);
            assert_eq!(learned, Some((GroupType::Share, news)));
        }
        assert_eq!(groups.learn_type(&Arc::from("connect-sink"), false), None);
        let listed = groups.take(vec![listing("a", ffi::GroupState::Stable)], true, &config());
        let told: Vec<_> = listed
            .into_iter()
            .map(|g| (g.group.to_string(), g.group_type, g.state))
            .collect();
        assert_eq!(
            told,
            [
                ("a".to_owned(), GroupType::Classic, GroupState::Stable),
                (
                    "connect-sink".to_owned(),
                    GroupType::Classic,
                    GroupState::Stable
                ),
                ("shared".to_owned(), GroupType::Share, GroupState::Unknown),
            ]
        );
    }
}
