//! What waits for one receiver: which letter is next, and when.
//!
//! Letters of one lane (one group of alerts) go out in the order in which they were written. When
//! one fails, the receiver rests, and its lane goes behind all that wait: one that the receiver
//! chokes on holds up no other lane, and none is left out. Time comes in as an
//! argument. Only heads are kept here: a letter's body stays in the ledger until it is its turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::Next;
use super::pause::Pause;
use crate::model::{Span, Timestamp};
use crate::store::{Ledger, Waiting};

/// The most letters that wait for one receiver: of more, the oldest are given up.
pub(crate) const MOST: usize = 100_000;

/// A letter that waits.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    /// Where it is written.
    pub(crate) ledger: Arc<Ledger>,
    /// Its head.
    pub(crate) head: Waiting,
    /// Later ones are higher, whichever ledger they stand in.
    pub(crate) order: u64,
}

#[derive(Debug)]
struct Lane {
    slips: VecDeque<Slip>,
    pause: Pause,
    rests_until: Timestamp,
    /// Where it stands among the others: by its oldest letter, or behind all that waited when that
    /// failed.
    place: u64,
}

/// What waits for one receiver.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: BTreeMap<Arc<str>, Lane>,
    /// Lanes that may go, by their places.
    ready: BTreeSet<(u64, Arc<str>)>,
    /// Lanes that rest, by when they may go again.
    resting: BTreeSet<(Timestamp, Arc<str>)>,
    pause: Pause,
    rests_until: Timestamp,
    length: usize,
    order: u64,
    seed: u64,
}

impl Queue {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            lanes: BTreeMap::new(),
            ready: BTreeSet::new(),
            resting: BTreeSet::new(),
            pause: Pause::new(seed),
            rests_until: Timestamp::default(),
            length: 0,
            order: 0,
            seed,
        }
    }

    /// Takes a letter in. Gives back one that must go for it, where too many wait.
    pub(crate) fn push(&mut self, ledger: Arc<Ledger>, head: Waiting) -> Option<Slip> {
        let too_many = (self.length >= MOST).then(|| self.drop_oldest()).flatten();
        self.order += 1;
        let (order, name) = (self.order, Arc::clone(&head.lane));
        let lane = self.lanes.entry(Arc::clone(&name)).or_insert_with(|| Lane {
            slips: VecDeque::new(),
            pause: Pause::new(self.seed ^ order),
            rests_until: Timestamp::default(),
            place: order,
        });
        if lane.slips.is_empty() {
            self.ready.insert((order, name));
        }
        lane.slips.push_back(Slip {
            ledger,
            head,
            order,
        });
        self.length += 1;
        too_many
    }

    /// The letter whose turn it is; else when to come again.
    pub(crate) fn next(&mut self, now: Timestamp) -> Result<Slip, Next> {
        if self.length == 0 {
            return Err(Next::Idle);
        }
        if now < self.rests_until {
            return Err(Next::At(self.rests_until));
        }
        while let Some((until, name)) = self.resting.first().cloned() {
            if until > now {
                break;
            }
            self.resting.pop_first();
            if let Some(lane) = self.lanes.get(&name) {
                self.ready.insert((lane.place, name));
            }
        }
        if let Some(slip) = self.ready.first().and_then(|(_, name)| self.front(name)) {
            return Ok(slip.clone());
        }
        let wake = self
            .resting
            .first()
            .map_or(Next::Idle, |(at, _)| Next::At(*at));
        Err(wake)
    }

    fn front(&self, lane: &str) -> Option<&Slip> {
        self.lanes.get(lane).and_then(|lane| lane.slips.front())
    }

    /// It was told: the receiver is well.
    pub(crate) fn told(&mut self, slip: &Slip) {
        self.pause.reset();
        self.rests_until = Timestamp::default();
        self.strike(slip);
    }

    /// The receiver is another one than before: nothing rests.
    pub(crate) fn wake(&mut self) {
        self.pause.reset();
        self.rests_until = Timestamp::default();
        for (_, name) in std::mem::take(&mut self.resting) {
            if let Some(lane) = self.lanes.get_mut(&name) {
                lane.pause.reset();
                lane.rests_until = Timestamp::default();
                self.ready.insert((lane.place, name));
            }
        }
    }

    /// It goes without having been told.
    pub(crate) fn strike(&mut self, slip: &Slip) {
        let name = &slip.head.lane;
        let Some(lane) = self.lanes.get_mut(name) else {
            return;
        };
        let Some(at) = lane.slips.iter().position(|s| s.order == slip.order) else {
            return;
        };
        lane.slips.remove(at);
        self.length -= 1;
        self.ready.remove(&(lane.place, Arc::clone(name)));
        self.resting.remove(&(lane.rests_until, Arc::clone(name)));
        match lane.slips.front() {
            Some(next) => {
                lane.pause.reset();
                lane.rests_until = Timestamp::default();
                lane.place = next.order;
                self.ready.insert((lane.place, Arc::clone(name)));
            }
            None => {
                self.lanes.remove(name);
            }
        }
    }

    /// It failed: its lane and the receiver rest, until `after` at least.
    pub(crate) fn failed(&mut self, slip: &Slip, now: Timestamp, after: Option<Timestamp>) {
        let rest = now + self.pause.failed();
        self.rests_until = after.map_or(rest, |after| after.max(rest));
        let name = &slip.head.lane;
        let Some(lane) = self.lanes.get_mut(name) else {
            return;
        };
        self.ready.remove(&(lane.place, Arc::clone(name)));
        self.order += 1;
        lane.place = self.order;
        let rest = now + lane.pause.failed();
        lane.rests_until = rest.max(self.rests_until);
        self.resting.insert((lane.rests_until, Arc::clone(name)));
    }

    fn drop_oldest(&mut self) -> Option<Slip> {
        let fronts = self.lanes.values().filter_map(|l| l.slips.front());
        let oldest = fronts.min_by_key(|s| s.order)?.clone();
        self.strike(&oldest);
        Some(oldest)
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// Since when the oldest waits.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let fronts = self.lanes.values().filter_map(|l| l.slips.front());
        fronts.map(|s| s.head.at).min()
    }
}

/// Whether a letter has waited for too long.
pub(crate) fn is_stale(head: &Waiting, now: Timestamp, give_up_after: Span) -> bool {
    head.at.age_at(now) >= give_up_after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::NOW;

    fn queue(lanes: &[&str]) -> Queue {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let mut queue = Queue::new(3);
        for (number, lane) in lanes.iter().enumerate() {
            let head = Waiting {
                number: number as u64,
                receiver: "r".into(),
                lane: (*lane).into(),
                at: NOW + Span::from_secs(number as i64),
            };
            assert!(queue.push(Arc::clone(&ledger), head).is_none());
        }
        queue
    }

    fn later(secs: i64) -> Timestamp {
        NOW + Span::from_secs(secs)
    }

    #[test]
    fn the_oldest_goes_first_and_a_lane_keeps_its_order() {
        let mut queue = queue(&["a", "b", "a"]);
        let mut order = Vec::new();
        while let Ok(slip) = queue.next(NOW) {
            order.push(slip.head.number);
            queue.told(&slip);
        }
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(queue.next(NOW).unwrap_err(), Next::Idle);
        assert_eq!((queue.len(), queue.oldest()), (0, None));
    }

    #[test]
    fn one_that_is_choked_on_holds_up_its_own_lane_alone() {
        let mut queue = queue(&["a", "b", "a", "c"]);
        let choked = queue.next(NOW).unwrap();
        queue.failed(&choked, NOW, None);
        let Err(Next::At(again)) = queue.next(NOW) else {
            panic!("no rest");
        };
        assert!(again <= later(1), "{again}");
        let mut order = Vec::new();
        while let Ok(slip) = queue.next(later(1)) {
            if slip.head.lane == choked.head.lane {
                break;
            }
            order.push(slip.head.number);
            queue.told(&slip);
        }
        assert_eq!(order, [1, 3]);
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.oldest(), Some(NOW));
        let slip = queue.next(later(100)).unwrap();
        assert_eq!(slip.head.number, 0);
    }

    #[test]
    fn a_receiver_s_own_wish_is_kept() {
        let mut queue = queue(&["a", "b"]);
        let slip = queue.next(NOW).unwrap();
        queue.failed(&slip, NOW, Some(later(90)));
        assert_eq!(queue.next(later(89)).unwrap_err(), Next::At(later(90)));
        assert!(queue.next(later(90)).is_ok());
    }

    #[test]
    fn nothing_rests_once_the_receiver_is_another() {
        let mut queue = queue(&["a", "b"]);
        let slip = queue.next(NOW).unwrap();
        queue.failed(&slip, NOW, Some(later(90)));
        queue.wake();
        let mut order = Vec::new();
        while let Ok(slip) = queue.next(NOW) {
            order.push(slip.head.number);
            queue.told(&slip);
        }
        order.sort_unstable();
        assert_eq!(order, [0, 1]);
    }

    #[test]
    fn of_too_many_the_oldest_goes() {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let mut queue = Queue::new(3);
        let mut gone = Vec::new();
        for number in 0..MOST as u64 + 2 {
            let head = Waiting {
                number,
                receiver: "r".into(),
                lane: "a".into(),
                at: NOW,
            };
            gone.extend(queue.push(Arc::clone(&ledger), head).map(|s| s.head.number));
        }
        assert_eq!((gone, queue.len()), (vec![0, 1], MOST));
    }
}
