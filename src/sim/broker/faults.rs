//! What can be made to go wrong with the embedded cluster, on demand and never by default.
//!
//! In: orders from a test or a demo. Out: a table that each request reads once. Faults live in the brokers, not in the
//! world: they say what the network and the brokers do, while the truth goes on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::watch;

use super::topology::Leadership;
use crate::sim::world::{OFFSETS_TOPIC, offsets_partition};

/// What a request that a rule matches meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This error code, in the part of the answer that the rule names.
    Error(ResponseError),
    /// The answer comes this much later.
    Slow(Duration),
    /// The answer says that the client was throttled for so long.
    Throttled(Duration),
    /// No answer, and none to what follows on the connection.
    Hung,
    /// Half an answer, then the connection is closed.
    Truncated,
    /// The connection is closed instead of an answer.
    Closed,
}

/// Where trouble strikes; what is left open matches everything.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Only at this broker.
    pub broker: Option<i32>,
    /// Only for this API.
    pub api: Option<ApiKey>,
    /// Only for this group (errors only).
    pub group: Option<String>,
    /// Only for this topic (errors only).
    pub topic: Option<String>,
    /// Only for this partition of the topic (errors only).
    pub partition: Option<i32>,
    /// Only so often.
    pub times: Option<u32>,
    /// What happens.
    pub trouble: Trouble,
}

impl Rule {
    /// Everywhere, for good.
    pub fn new(trouble: Trouble) -> Self {
        Self {
            broker: None,
            api: None,
            group: None,
            topic: None,
            partition: None,
            times: None,
            trouble,
        }
    }

    /// Only at this broker.
    #[must_use]
    pub fn at(mut self, broker: i32) -> Self {
        self.broker = Some(broker);
        self
    }

    /// Only for this API.
    #[must_use]
    pub fn on(mut self, api: ApiKey) -> Self {
        self.api = Some(api);
        self
    }

    /// Only for this group.
    #[must_use]
    pub fn for_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Only for this partition.
    #[must_use]
    pub fn for_partition(mut self, topic: impl Into<String>, partition: i32) -> Self {
        (self.topic, self.partition) = (Some(topic.into()), Some(partition));
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The handle on a cluster's faults.
pub struct Faults {
    table: RwLock<Arc<Table>>,
    down: Vec<watch::Sender<bool>>,
}

/// All faults in force.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub(super) down: FxHashSet<i32>,
    pub(super) moved: FxHashMap<String, FxHashMap<i32, Leadership>>,
    /// Brokers whose partitions the next replica leads.
    pub(super) replaced: FxHashSet<i32>,
    /// How often the partitions that prefer a broker have changed leaders for its sake.
    pub(super) elections: FxHashMap<i32, i32>,
    rules: Vec<Arc<Active>>,
}

struct Active {
    rule: Rule,
    left: AtomicU32,
}

impl Faults {
    pub(super) fn new(brokers: i32) -> Self {
        Self {
            table: RwLock::default(),
            down: (0..brokers).map(|_| watch::Sender::new(false)).collect(),
        }
    }

    /// Adds a rule.
    pub fn inject(&self, rule: Rule) {
        let left = AtomicU32::new(rule.times.unwrap_or(u32::MAX));
        self.change(|table| table.rules.push(Arc::new(Active { rule, left })));
    }

    /// Takes all rules away; moved leaders stay where they are, brokers that are down stay down.
    pub fn clear(&self) {
        self.change(|table| table.rules.clear());
    }

    /// Closes a broker's port and its connections; its partitions have no leader.
    pub fn down(&self, broker: i32) {
        self.change(|table| {
            table.down.insert(broker);
        });
        self.announce(broker, true);
    }

    /// Opens a broker's port again.
    pub fn up(&self, broker: i32) {
        self.change(|table| {
            table.down.remove(&broker);
        });
        self.announce(broker, false);
    }

    /// Closes a broker's port and its connections; the next replica leads its partitions, in a new epoch.
    pub fn fail_over(&self, broker: i32) {
        self.elect(broker, true);
        self.down(broker);
    }

    /// Gives a broker back the partitions that prefer it, in a new epoch.
    pub fn elect_preferred(&self, broker: i32) {
        self.elect(broker, false);
    }

    fn elect(&self, broker: i32, away: bool) {
        self.change(|table| {
            let changed = if away {
                table.replaced.insert(broker)
            } else {
                table.replaced.remove(&broker)
            };
            *table.elections.entry(broker).or_default() += i32::from(changed);
        });
    }

    /// Gives a partition another leader, in a new epoch.
    pub fn move_leader(&self, topic: &str, partition: i32, broker: i32) {
        self.change(|table| {
            let place = table
                .moved
                .entry(topic.to_owned())
                .or_default()
                .entry(partition);
            let place = place.or_insert(Leadership {
                leader: broker,
                epoch: 0,
            });
            *place = Leadership {
                leader: broker,
                epoch: place.epoch + 1,
            };
        });
    }

    /// Gives a group (and all that share its partition of `__consumer_offsets`) another coordinator.
    pub fn move_coordinator(&self, group: &str, broker: i32) {
        self.move_leader(OFFSETS_TOPIC, offsets_partition(group), broker);
    }

    pub(super) fn watch_down(&self, broker: i32) -> watch::Receiver<bool> {
        match self.down.get((broker - 1) as usize) {
            Some(sender) => sender.subscribe(),
            None => watch::channel(false).1,
        }
    }

    pub(super) fn table(&self) -> Arc<Table> {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut Table)) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut table));
    }

    fn announce(&self, broker: i32, down: bool) {
        if let Some(sender) = self.down.get((broker - 1) as usize) {
            sender.send_replace(down);
        }
    }
}

/// What one request is about, as far as rules care.
#[derive(Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) partition: Option<(&'a str, i32)>,
}

impl Table {
    /// Whether every partition is where it belongs.
    pub(super) fn is_calm(&self) -> bool {
        self.moved.is_empty() && self.down.is_empty() && self.elections.is_empty()
    }

    pub(super) fn moved_to(&self, topic: &str, partition: i32) -> Option<Leadership> {
        self.moved.get(topic)?.get(&partition).copied()
    }

    /// Troubles of the transport that a request meets, in the order in which they were made.
    pub(super) fn transport(&self, broker: i32, api: ApiKey) -> Vec<Trouble> {
        let transport = |active: &&Arc<Active>| !matches!(active.rule.trouble, Trouble::Error(_));
        let matching = self
            .rules
            .iter()
            .filter(transport)
            .filter(|active| active.rule.covers(broker, api));
        matching
            .filter(|active| active.spend())
            .map(|active| active.rule.trouble)
            .collect()
    }

    /// The error code that a part of an answer gets; 0: none.
    pub(super) fn error(&self, broker: i32, api: ApiKey, subject: Subject<'_>) -> i16 {
        if self.rules.is_empty() {
            return 0;
        }
        for active in &self.rules {
            let Trouble::Error(error) = active.rule.trouble else {
                continue;
            };
            if active.rule.covers(broker, api) && active.rule.concerns(subject) && active.spend() {
                return error.code();
            }
        }
        0
    }
}

impl Rule {
    fn covers(&self, broker: i32, api: ApiKey) -> bool {
        self.broker.is_none_or(|only| only == broker) && self.api.is_none_or(|only| only == api)
    }

    fn concerns(&self, subject: Subject<'_>) -> bool {
        let group = self
            .group
            .as_deref()
            .is_none_or(|only| subject.group == Some(only));
        let topic = self
            .topic
            .as_deref()
            .is_none_or(|only| subject.partition.is_some_and(|(topic, _)| topic == only));
        let partition = self
            .partition
            .is_none_or(|only| subject.partition.is_some_and(|(_, number)| number == only));
        group && topic && partition
    }
}

impl Active {
    fn spend(&self) -> bool {
        if self.rule.times.is_none() {
            return true;
        }
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}
