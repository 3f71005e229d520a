//! Who waits for whom: a queue and a window for each broker and class of work.
//!
//! A broker that hangs fills its own window and nobody else's. When its calls time out in a row,
//! what is still queued for it comes back unasked, and in later cycles two probes go first.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::job::{Class, Job, Lane};

/// Time-outs in a row after which a lane is taken for hung.
const HUNG_AFTER: u32 = 4;
/// Jobs that a lane thought hung is tried with.
const PROBES: usize = 2;

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Job>,
    flying: usize,
    timeouts: u32,
    /// How many may fly at once as experience has it: halved by a time-out, grown by a window of
    /// answers.
    limit: f64,
    moved: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            flying: 0,
            timeouts: 0,
            limit: f64::INFINITY,
            moved: None,
            paused_until: None,
        }
    }
}

impl Queue {
    fn learn(&mut self, timed_out: bool) {
        if timed_out {
            self.timeouts += 1;
            let flown = self.limit.min((self.flying + 1) as f64);
            self.limit = (flown / 2.0).max(PROBES as f64);
        } else {
            self.timeouts = 0;
            self.limit += 1.0 / self.limit;
        }
    }

    fn width(&self, window: usize) -> usize {
        let window = if self.hung() {
            PROBES.min(window)
        } else {
            window
        };
        window.min(self.limit as usize)
    }

    fn hung(&self) -> bool {
        self.timeouts >= HUNG_AFTER
    }

    fn stuck(&self, now: Instant, patience: Duration) -> bool {
        self.flying > 0
            && self
                .moved
                .is_some_and(|moved| now.duration_since(moved) >= patience)
    }
}

/// All queues.
#[derive(Debug)]
pub(super) struct Lanes {
    queues: BTreeMap<Lane, Queue>,
    offset_window: usize,
}

impl Lanes {
    pub(super) fn new(offset_window: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            offset_window: offset_window.max(1),
        }
    }

    pub(super) fn push(&mut self, job: Job) {
        self.queues
            .entry(job.lane)
            .or_default()
            .waiting
            .push_back(job);
    }

    /// Whether a lane has work left from before.
    pub(super) fn busy(&self, lane: Lane) -> bool {
        self.queues
            .get(&lane)
            .is_some_and(|queue| queue.flying > 0 || !queue.waiting.is_empty())
    }

    /// How many commits may be read at once from each coordinator that has any to read.
    fn commits_window(&self) -> usize {
        let commits = (Class::Commits, i32::MIN)..=(Class::Commits, i32::MAX);
        let active = self.queues.range(commits);
        let active = active
            .filter(|(_, queue)| queue.flying > 0 || !queue.waiting.is_empty())
            .count();
        (self.offset_window / active.max(1)).max(8)
    }

    /// Whether anything of a cycle waits to be sent.
    pub(super) fn cycle_waits(&self) -> bool {
        let mut queues = self.queues.iter();
        queues.any(|((class, _), queue)| *class != Class::Asked && !queue.waiting.is_empty())
    }

    /// Takes a job that may be sent now; of what was asked for beside the cycle only where that is
    /// to be.
    pub(super) fn take(&mut self, now: Instant, beside: bool) -> Option<Job> {
        let commits = self.commits_window();
        let window = |class: Class| match class {
            Class::Metadata | Class::Listing => 1,
            Class::Starts | Class::Ends => 8,
            Class::Describe | Class::Rare | Class::Asked => 3,
            Class::Commits => commits,
        };
        self.queues.iter_mut().find_map(|((class, _), queue)| {
            let full = queue.flying >= queue.width(window(*class));
            let later = *class == Class::Asked && !beside;
            if full || later || queue.paused_until.is_some_and(|until| until > now) {
                return None;
            }
            let job = queue.waiting.pop_front()?;
            if queue.flying == 0 {
                queue.moved = Some(now);
            }
            queue.flying += 1;
            Some(job)
        })
    }

    /// A job ended. The jobs that now come back unasked, where its broker seems hung.
    pub(super) fn ended(&mut self, lane: Lane, timed_out: bool, now: Instant) -> Vec<Job> {
        let Some(queue) = self.queues.get_mut(&lane) else {
            return Vec::new();
        };
        queue.flying = queue.flying.saturating_sub(1);
        queue.learn(timed_out);
        if !timed_out {
            queue.moved = Some(now);
        }
        if queue.hung() {
            queue.waiting.drain(..).collect()
        } else {
            Vec::new()
        }
    }

    /// A broker asked for a pause: none of its lanes sends before that is over.
    pub(super) fn pause(&mut self, broker: i32, until: Instant) {
        for ((_, of), queue) in &mut self.queues {
            if *of == broker {
                queue.paused_until = Some(until);
            }
        }
    }

    /// Whether these classes have nothing left to wait for: every lane is empty, or stuck.
    pub(super) fn settled(&self, classes: &[Class], now: Instant, patience: Duration) -> bool {
        self.queues
            .iter()
            .filter(|((class, _), _)| classes.contains(class))
            .all(|(_, queue)| {
                (queue.flying == 0 && queue.waiting.is_empty()) || queue.stuck(now, patience)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::Query;
    use super::*;

    fn job(class: Class, broker: i32) -> Job {
        Job::new(class, Some(broker), Query::Listing)
    }

    #[test]
    fn a_stuck_broker_holds_up_only_its_own_lane() {
        let (now, patience) = (Instant::now(), Duration::from_secs(1));
        let mut lanes = Lanes::new(16);
        for n in 0..40 {
            lanes.push(job(Class::Commits, n % 2));
        }
        let mut answered = 0;
        loop {
            let mut flown = Vec::new();
            while let Some(job) = lanes.take(now, true) {
                flown.push(job.lane);
            }
            let answers: Vec<_> = flown.iter().filter(|(_, broker)| *broker == 0).collect();
            if answers.is_empty() {
                break;
            }
            answered += answers.len();
            for lane in answers {
                assert!(lanes.ended(*lane, false, now).is_empty());
            }
        }
        assert_eq!(answered, 20, "all of the healthy broker's");
        assert!(!lanes.settled(&[Class::Commits], now, patience));
        assert!(
            lanes.settled(&[Class::Commits], now + patience, patience),
            "the other is not waited for"
        );
    }

    #[test]
    fn time_outs_in_a_row_give_the_rest_back_and_probes_open_it_again() {
        let now = Instant::now();
        let mut lanes = Lanes::new(8);
        for _ in 0..20 {
            lanes.push(job(Class::Commits, 1));
        }
        let flown = std::iter::from_fn(|| lanes.take(now, true)).count();
        assert_eq!(flown, 8);
        let back: usize = (0..4)
            .map(|_| lanes.ended((Class::Commits, 1), true, now).len())
            .sum();
        assert_eq!(back, 12);
        for _ in 0..4 {
            lanes.ended((Class::Commits, 1), true, now);
        }
        for _ in 0..5 {
            lanes.push(job(Class::Commits, 1));
        }
        assert_eq!(
            std::iter::from_fn(|| lanes.take(now, true)).count(),
            2,
            "two probes"
        );
        lanes.ended((Class::Commits, 1), false, now);
        assert!(lanes.take(now, true).is_some(), "open again, with care");
    }

    #[test]
    fn throttling_pauses_one_broker() {
        let now = Instant::now();
        let mut lanes = Lanes::new(8);
        lanes.push(job(Class::Ends, 1));
        lanes.push(job(Class::Ends, 2));
        lanes.pause(1, now + Duration::from_secs(1));
        assert_eq!(lanes.take(now, true).unwrap().lane.1, 2);
        assert!(lanes.take(now, true).is_none());
        assert_eq!(
            lanes
                .take(now + Duration::from_secs(1), true)
                .unwrap()
                .lane
                .1,
            1
        );
    }
}
