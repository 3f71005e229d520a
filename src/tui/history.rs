//! Snapshots kept to scroll back through, thinned so that their number and memory stay bounded:
//! close together just now, further apart the longer ago.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Snapshot, Timestamp};

/// Most snapshots kept.
const FRAMES: usize = 512;
/// Most group-partition rows kept over all of them: at about 128 B each, some 100 MB.
const ROWS: usize = 800_000;

/// Kept snapshots, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    frames: VecDeque<Frame>,
    rows: usize,
}

/// Snapshots of the time before a screen has its first own one, thinned alike. Whoever makes them adds
/// them; the screen begins with them.
#[derive(Clone, Debug, Default)]
pub struct Past(Arc<Mutex<History>>);

impl Past {
    /// Adds one, later than those before it.
    pub fn add(&self, snapshot: &Arc<Snapshot>) {
        let _ = self.lock().push(snapshot);
    }

    /// All of them, once.
    pub(super) fn take(&self) -> History {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Frame {
    snapshot: Arc<Snapshot>,
    /// Rows of the groups that it does not share with the snapshot that came before it.
    own_rows: usize,
}

impl History {
    /// Takes a snapshot in; one that is not later than the last is another run's or a repeat.
    /// Returns what is kept no longer.
    pub(super) fn push(&mut self, snapshot: &Arc<Snapshot>) -> Vec<Arc<Snapshot>> {
        self.push_counted(snapshot, None)
    }

    /// As `push`, where somebody has counted the rows that it does not share with another snapshot.
    pub(super) fn push_counted(
        &mut self,
        snapshot: &Arc<Snapshot>,
        counted: Option<(&Snapshot, usize)>,
    ) -> Vec<Arc<Snapshot>> {
        let mut gone = Vec::new();
        if let Some(last) = self.frames.back() {
            if last.snapshot.generation.boot != snapshot.generation.boot
                || snapshot.at < last.snapshot.at
            {
                gone.extend(self.frames.drain(..).map(|f| f.snapshot));
                self.rows = 0;
            } else if last.snapshot.generation == snapshot.generation {
                return gone;
            }
        }
        let before = self.frames.back().map(|f| &*f.snapshot);
        let counted = counted.filter(|(of, _)| before.is_some_and(|b| std::ptr::eq(b, *of)));
        let own_rows = counted.map_or_else(|| own_rows(before, snapshot), |(_, rows)| rows);
        self.rows += own_rows;
        self.frames.push_back(Frame {
            snapshot: Arc::clone(snapshot),
            own_rows,
        });
        while self.frames.len() > 3 && (self.frames.len() > FRAMES || self.rows > ROWS) {
            let Some(thinned) = self.thin() else { break };
            gone.push(thinned);
        }
        gone
    }

    /// The rows of all of it.
    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Drops the frame that is missed least: whose neighbours are closest to each other, seen
    /// from now. First and last stay.
    fn thin(&mut self) -> Option<Arc<Snapshot>> {
        let now = self.frames.back()?.snapshot.at.as_millis();
        let at = |i: usize| self.frames[i].snapshot.at.as_millis();
        let cost = |i: usize| (at(i + 1) - at(i - 1)) as f64 / (now - at(i)).max(1) as f64;
        let least = (1..self.frames.len() - 1).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let frame = self.frames.remove(least?)?;
        self.rows -= frame.own_rows;
        Some(frame.snapshot)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Snapshot>> {
        self.frames.iter().map(|f| &f.snapshot)
    }

    /// The last one before `at`.
    pub(super) fn before(&self, at: Timestamp) -> Option<&Arc<Snapshot>> {
        self.iter().rev().find(|s| s.at < at)
    }

    /// The first one after `at`.
    pub(super) fn after(&self, at: Timestamp) -> Option<&Arc<Snapshot>> {
        self.iter().find(|s| s.at > at)
    }

    /// The one that was true at `at`: the last that is not later, else the first.
    pub(super) fn nearest(&self, at: Timestamp) -> Option<&Arc<Snapshot>> {
        self.iter()
            .rev()
            .find(|s| s.at <= at)
            .or_else(|| self.iter().next())
    }

    /// From when to when it reaches.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = (self.frames.front()?, self.frames.back()?);
        Some((first.snapshot.at, last.snapshot.at))
    }
}

/// A group's part that was not rebuilt is shared, and costs nothing.
pub(super) fn own_rows(before: Option<&Snapshot>, snapshot: &Snapshot) -> usize {
    let shared = |cluster: &str, group: &Arc<crate::model::GroupSnapshot>| {
        before
            .and_then(|s| s.cluster(cluster)?.group(group.group.as_str()))
            .is_some_and(|old| Arc::ptr_eq(old, group))
    };
    let own = |(cluster, group): (&crate::model::ClusterSnapshot, &Arc<_>)| {
        if shared(cluster.cluster.as_str(), group) {
            0
        } else {
            // A group without rows is not free either.
            group.rows.len() + 8
        }
    };
    snapshot.groups().map(own).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BootId, Generation};

    fn snapshot(n: u64) -> Arc<Snapshot> {
        let mut s = Snapshot::empty(BootId::from("b"), Timestamp::from_millis(n as i64 * 1000));
        s.generation = Generation {
            boot: BootId::from("b"),
            n,
        };
        Arc::new(s)
    }

    #[test]
    fn a_day_of_seconds_is_kept_in_bounds_and_densest_at_its_end() {
        let mut history = History::default();
        (1..=20_000).for_each(|n| drop(history.push(&snapshot(n))));
        let at: Vec<_> = history.iter().map(|s| s.at.as_millis() / 1000).collect();
        assert!(at.len() <= FRAMES && at[0] == 1 && *at.last().unwrap() == 20_000);
        assert_eq!(at[at.len() - 2], 19_999);
        let gap = |from: i64, to: i64| {
            let inside: Vec<_> = at.iter().filter(|t| (from..=to).contains(*t)).collect();
            inside
                .windows(2)
                .map(|w| w[1] - w[0])
                .max()
                .unwrap_or(i64::MAX)
        };
        assert!(gap(19_900, 20_000) <= 4, "{}", gap(19_900, 20_000));
        assert!(gap(10_000, 20_000) <= 500, "{}", gap(10_000, 20_000));
    }

    #[test]
    fn neighbours_are_found_by_time() {
        let mut history = History::default();
        for n in [1, 2, 4] {
            history.push(&snapshot(n));
        }
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let n = |s: Option<&Arc<Snapshot>>| s.map(|s| s.generation.n);
        assert_eq!(n(history.before(at(4))), Some(2));
        assert_eq!(n(history.after(at(2))), Some(4));
        assert_eq!(n(history.nearest(at(3))), Some(2));
        assert_eq!(n(history.nearest(at(0))), Some(1));
    }

    #[test]
    fn another_run_begins_anew() {
        let mut history = History::default();
        history.push(&snapshot(5));
        history.push(&snapshot(1));
        assert_eq!(history.iter().count(), 1);
    }
}
