//! A step of consumption: what each member has before it, what it does, and the commits that fall into the step.

use super::group::Commit;
use super::service;
use super::simulated::Simulated;
use super::topic::{RETENTION_CHECK, Topic};
use crate::sim::random::{between, mix};
use crate::sim::spec::Millis;

/// What a member has to do in a step.
pub(super) struct Work {
    pub(super) member: usize,
    pub(super) demand: f64,
    pub(super) backlogs: Vec<(usize, f64)>,
}

impl Simulated {
    /// What each member has before it between `a` and `b`.
    pub(super) fn plan(&mut self, a: Millis, b: Millis, topics: &[Topic]) -> Vec<Work> {
        self.spot_poison(a);
        let segment = self.timeline.at(a);
        let settling = a < segment.settles;
        let mut plan: Vec<Work> = segment
            .present
            .iter()
            .map(|(member, _)| Work {
                member: *member,
                demand: 0.0,
                backlogs: Vec::new(),
            })
            .collect();
        for row in 0..self.rows.len() {
            let Some(owner) = segment.owners[row].filter(|_| !(settling && segment.paused[row]))
            else {
                continue;
            };
            let topic = &topics[self.rows[row].topic as usize];
            let Some(readable) = self.readable(row, topic, b) else {
                continue;
            };
            self.visible[row] = readable;
            if a.div_euclid(RETENTION_CHECK) != b.div_euclid(RETENTION_CHECK) {
                // Out of range below: the consumer is reset to the earliest record.
                let start = topic.log_start(self.rows[row].partition, b).unwrap_or(0) as f64;
                self.positions[row] = self.positions[row].max(start);
            }
            let leader = topic.preferred_leader(self.rows[row].partition);
            let backlog = (readable as f64 - self.positions[row])
                .min(service::served(&self.spec, leader, a, b));
            if backlog > 0.0
                && let Some(work) = plan.iter_mut().find(|work| work.member == owner)
            {
                work.backlogs.push((row, backlog));
            }
        }
        for work in &mut plan {
            let backlog: f64 = work.backlogs.iter().map(|(_, backlog)| backlog).sum();
            work.demand = backlog.min(service::capacity(&self.spec, work.member, self.seed, a, b));
        }
        plan
    }

    /// The end of what a row's consumer can get at `t`.
    fn readable(&self, row: usize, topic: &Topic, t: Millis) -> Option<i64> {
        let partition = self.rows[row].partition;
        let end = if self.spec.read_committed {
            topic.last_stable(partition, t)
        } else {
            topic.log_end(partition, t)
        }?;
        // Who was set beyond the record never meets it.
        let ahead = self.poison[row].filter(|poison| self.positions[row] <= *poison as f64);
        Some(ahead.map_or(end, |poison| end.min(poison)))
    }

    fn spot_poison(&mut self, a: Millis) {
        for (event, row) in &self.poisoned {
            let active = self.spec.events[*event].covers(a);
            let spotted = self.poison[*row];
            self.poison[*row] =
                active.then(|| spotted.unwrap_or(self.positions[*row].ceil() as i64 + 1));
        }
    }

    /// Does a step's work and the commits that fall into it.
    pub(super) fn work(
        &mut self,
        plan: Vec<Work>,
        share: f64,
        a: Millis,
        b: Millis,
        topics: &[Topic],
        before: &mut Vec<f64>,
    ) {
        before.clear();
        before.extend_from_slice(&self.positions);
        for mut work in plan {
            let positions = &mut self.positions;
            service::share_out(work.demand * share, &mut work.backlogs, |row, take| {
                positions[row] += take;
            });
        }
        if self.commits_at(a) {
            self.commit_step(a, b, topics, before);
        }
        self.seen.copy_from_slice(&self.visible);
    }

    fn commit_step(&mut self, a: Millis, b: Millis, topics: &[Topic], before: &[f64]) {
        let segment = self.timeline.at(a).clone();
        let settling = a < segment.settles;
        let every = self.spec.commit_every.max(100);
        for (member, _) in &segment.present {
            let phase = (between(mix(self.seed, *member as u64), 9, 0.0, every as f64)) as Millis;
            let mut at = (a - phase).div_euclid(every) * every + every + phase;
            while at <= b {
                for (row, was) in before.iter().enumerate() {
                    if segment.owners[row] == Some(*member) && !(settling && segment.paused[row]) {
                        let part = (at - a) as f64 / (b - a) as f64;
                        let position = was + (self.positions[row] - was) * part;
                        let moved = self.positions[row] > *was;
                        self.commit_read(row, position.floor() as i64, moved, at, topics);
                    }
                }
                at += every;
            }
        }
    }

    /// Commits a position within a step: not beyond what was there by then.
    fn commit_read(
        &mut self,
        row: usize,
        position: i64,
        moved: bool,
        at: Millis,
        topics: &[Topic],
    ) {
        let mut offset = position;
        // A position that lies beyond the log end and did not move is one from before the topic was made again.
        if moved && offset > self.seen[row] {
            match self.readable(row, &topics[self.rows[row].topic as usize], at) {
                Some(readable) => offset = offset.min(readable),
                None => return,
            }
        }
        self.commit(row, offset, at, topics);
    }

    pub(super) fn commit(&mut self, row: usize, offset: i64, at: Millis, topics: &[Topic]) {
        let (topic, partition) = (
            &topics[self.rows[row].topic as usize],
            self.rows[row].partition,
        );
        if topic.id(at).is_none() {
            return;
        }
        let last = self.commits[row].last().map_or(-1, |last| last.offset);
        let offset = if topic.is_transactional() {
            topic.after_data(partition, offset, at)
        } else {
            offset
        };
        self.commits[row].push(Commit {
            offset: offset.max(last),
            at,
        });
    }
}
