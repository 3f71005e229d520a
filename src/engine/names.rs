//! Names to slots: in name order for what is shown, by hash for what is folded.
//!
//! In: names and the slots of what bears them. Out: the slot of a name, and all in name order. A fold
//! looks names up ten thousand times a cycle: a walk down an ordered map would cost more than what
//! is folded.

use std::collections::BTreeMap;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names to slots.
#[derive(Clone, Debug)]
pub(super) struct Names<N, K> {
    ordered: BTreeMap<N, K>,
    by_hash: FxHashMap<N, K>,
}

impl<N, K> Default for Names<N, K> {
    fn default() -> Self {
        Self {
            ordered: BTreeMap::new(),
            by_hash: FxHashMap::default(),
        }
    }
}

impl<N: Clone + Ord + Hash, K: Copy> Names<N, K> {
    /// The slot of a name.
    pub(super) fn get(&self, name: &N) -> Option<K> {
        self.by_hash.get(name).copied()
    }

    /// From now on the name means this slot.
    pub(super) fn insert(&mut self, name: N, slot: K) {
        self.ordered.insert(name.clone(), slot);
        self.by_hash.insert(name, slot);
    }

    /// The name means nothing any more.
    pub(super) fn remove(&mut self, name: &N) {
        self.ordered.remove(name);
        self.by_hash.remove(name);
    }

    /// All in name order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&N, K)> {
        self.ordered.iter().map(|(name, slot)| (name, *slot))
    }

    /// All slots in name order.
    pub(super) fn slots(&self) -> impl Iterator<Item = K> {
        self.ordered.values().copied()
    }
}

impl<N: Serialize, K: Serialize> Serialize for Names<N, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ordered.serialize(serializer)
    }
}

impl<'de, N, K> Deserialize<'de> for Names<N, K>
where
    N: Deserialize<'de> + Clone + Ord + Hash,
    K: Deserialize<'de> + Copy,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ordered = BTreeMap::<N, K>::deserialize(deserializer)?;
        let by_hash = ordered.iter().map(|(n, k)| (n.clone(), *k)).collect();
        Ok(Self { ordered, by_hash })
    }
}
