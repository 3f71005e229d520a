//! How long a group usually keeps silent between commits.
//!
//! Commits come in sessions: runs with gaps of at most max(5·g, 60 s), g the group's typical gap.
//! What of the gaps between sessions something lay unread is what is usual; a verdict on silence is
//! passed only on a longer one. (Who has nothing to read is silent for any time, and that tells
//! nothing of how long it lets records lie.) Before two sessions or two hours of history nothing is
//! known to be usual. A gap in which nobody looked is none.

use serde::{Deserialize, Serialize};

use crate::model::{Policy, Span, Timestamp};

use super::now::Now;
use super::spells::{ENOUGH_HISTORY, Spells};

/// A pause shorter than this starts no new session.
pub(super) const SESSION_GAP: Span = Span::from_secs(60);

/// What has been learned of one group's rhythm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Silence {
    first_seen: Option<Timestamp>,
    last_commit: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    /// Smoothed gap within sessions, in milliseconds; 0 until one was seen.
    typical_gap: f64,
    /// Gaps between sessions.
    gaps: Spells,
}

/// What is usual, and whether that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    /// The longest silence that is taken as usual.
    pub(super) silence: Span,
    /// False: not known yet.
    pub(super) learned: bool,
    /// Set by a policy: no floor applies.
    pub(super) by_policy: bool,
}

impl Silence {
    /// The group was read, whether or not anything moved.
    pub(super) fn seen(&mut self, at: Timestamp) {
        self.first_seen.get_or_insert(at);
        self.last_seen = self.last_seen.max(Some(at));
    }

    /// The same by a clock that was set back.
    pub(super) fn set_back(self, by: Span) -> Self {
        let earlier = |t: Option<Timestamp>| t.map(|t| t - by);
        Self {
            first_seen: earlier(self.first_seen),
            last_commit: earlier(self.last_commit),
            last_seen: earlier(self.last_seen),
            gaps: self.gaps.set_back(by),
            ..self
        }
    }

    /// When it was last read.
    pub(super) fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }

    /// A commit of the group moved; what it moved over had lain unread since `waiting`, if that is
    /// known; `trouble`: of this silence it was said that it is none of the usual ones. Returns the
    /// pause when it began a new session.
    pub(super) fn commit(
        &mut self,
        at: Timestamp,
        waiting: Option<Timestamp>,
        trouble: bool,
    ) -> Option<Span> {
        let last = self
            .last_commit
            .replace(self.last_commit.map_or(at, |l| l.max(at)))?;
        let gap = at - last;
        if gap <= Span::ZERO {
            return None;
        }
        if gap > Span::from_millis((self.typical_gap * 5.0) as i64).max(SESSION_GAP) {
            if self
                .last_seen
                .is_some_and(|seen| (at - seen).times(2) > gap)
            {
                return None;
            }
            let began = waiting.map_or(last, |since| since.clamp(last, at));
            self.gaps.push(began, at - began, trouble);
            return Some(at - began);
        }
        let gap = gap.as_millis() as f64;
        self.typical_gap = if self.typical_gap == 0.0 {
            gap
        } else {
            self.typical_gap * 0.8 + gap * 0.2
        };
        None
    }

    /// The typical gap between commits of a session: the g of the formulas. Zero when unknown.
    pub(super) fn typical_gap(&self) -> Span {
        Span::from_millis(self.typical_gap as i64)
    }

    /// How far apart its commits are, for whoever needs several of them: the typical gap, or where
    /// each commit is a session of its own, the middle one of their pauses. Zero when unknown.
    pub(super) fn pace(&self) -> Span {
        match self.typical_gap() {
            Span::ZERO => self.gaps.middle(),
            gap => gap,
        }
    }

    /// What is usual for the group at `now`.
    pub(super) fn usual(&self, policy: &Policy, now: &mut Now) -> Usual {
        if let Some(silence) = policy.max_silence {
            return Usual {
                silence,
                learned: true,
                by_policy: true,
            };
        }
        // One gap is one pause between two sessions.
        let enough = !self.gaps.is_empty()
            || self
                .first_seen
                .is_some_and(|first| now.reached(first + ENOUGH_HISTORY));
        Usual {
            silence: self.gaps.longest(self.first_seen),
            learned: enough,
            by_policy: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn usual(s: &Silence, secs: i64) -> Usual {
        let mut now = Now::new(at(secs), Span::from_secs(10), Span::from_secs(900));
        s.usual(&Policy::default(), &mut now)
    }

    #[test]
    fn a_cron_consumers_pauses_are_usual() {
        let mut s = Silence::default();
        s.seen(at(0));
        for hour in 0..3 {
            for commit in 0..720 {
                if commit < 60 {
                    s.commit(at(hour * 3600 + commit * 5), None, false);
                }
                s.seen(at(hour * 3600 + commit * 5));
            }
        }
        let u = usual(&s, 7300);
        assert!(u.learned);
        assert_eq!(u.silence, Span::from_secs(3600 - 59 * 5));
        assert_eq!(s.typical_gap(), Span::from_secs(5));
    }

    /// Commits each 5 s for `hours`, then none for `silence`, then again.
    fn after_a_pause(hours: i64, silence: i64, watched: bool) -> Silence {
        let mut s = Silence::default();
        for t in (0..hours * 3600).step_by(5) {
            s.commit(at(t), None, false);
            s.seen(at(t));
        }
        for t in (hours * 3600..hours * 3600 + silence).step_by(5) {
            if watched {
                s.seen(at(t));
            }
        }
        s.commit(at(hours * 3600 + silence), None, false);
        s
    }

    #[test]
    fn one_incident_teaches_nothing_and_a_second_does() {
        let mut s = after_a_pause(10, 1200, true);
        assert_eq!(usual(&s, 40_000).silence, Span::ZERO);
        for t in (37_200..39_200).step_by(5) {
            s.seen(at(t));
        }
        s.commit(at(39_200), None, false);
        assert_eq!(usual(&s, 40_000).silence, Span::from_secs(2000));
        // A night after a day's work may well be usual.
        assert!(
            usual(&after_a_pause(16, 8 * 3600, true), 90_000).silence
                > Span::from_secs(8 * 3600 - 10)
        );
    }

    /// Silent for so many hours each time, and told of as trouble.
    fn in_trouble(begins: &[i64], hours: i64) -> Silence {
        let mut s = Silence::default();
        for t in (0..60 * 3600).step_by(60) {
            let out = |b: &i64| (*b * 3600..(*b + hours) * 3600).contains(&t);
            s.seen(at(t));
            if !begins.iter().any(out) {
                s.commit(at(t), None, begins.contains(&(t / 3600 - hours)));
            }
        }
        s
    }

    #[test]
    fn trouble_teaches_nothing_but_by_a_timetable() {
        let silence = |begins: &[i64]| usual(&in_trouble(begins, 3), 60 * 3600).silence;
        assert!(silence(&[10]) < Span::from_secs(60));
        assert!(silence(&[10, 15, 20, 31, 50]) < Span::from_secs(60));
        assert!(silence(&[10, 34]) > Span::from_secs(3 * 3600 - 120));
    }

    #[test]
    fn a_gap_in_which_nobody_looked_is_none() {
        let s = after_a_pause(1, 1200, false);
        assert!(!usual(&s, 4800).learned);
    }

    /// Traffic by day, none by night; the first commit of a day is five seconds after its first
    /// record.
    #[test]
    fn a_night_with_nothing_to_read_teaches_nothing() {
        let mut s = Silence::default();
        for day in 0..4 {
            let morning = day * 86_400;
            s.commit(at(morning + 5), Some(at(morning)), false);
            for t in (5..36_000).step_by(5) {
                s.commit(at(morning + t), Some(at(morning + t - 5)), false);
                s.seen(at(morning + t));
            }
            for t in (36_000..86_400).step_by(5) {
                s.seen(at(morning + t));
            }
        }
        let u = usual(&s, 4 * 86_400);
        assert_eq!((u.silence, u.learned), (Span::from_secs(5), true));
    }

    #[test]
    fn whoever_commits_each_ten_minutes_has_a_pace_too() {
        let mut s = Silence::default();
        for commit in 0..4 {
            s.commit(at(commit * 600), Some(at(commit * 600 - 595)), false);
            s.seen(at(commit * 600));
            s.seen(at(commit * 600 + 590));
        }
        assert_eq!(
            (s.typical_gap(), s.pace()),
            (Span::ZERO, Span::from_secs(595))
        );
    }

    #[test]
    fn a_newcomer_is_being_learned_until_two_hours_have_passed() {
        let mut s = Silence::default();
        s.seen(at(0));
        s.commit(at(5), None, false);
        s.commit(at(10), None, false);
        assert!(!usual(&s, 7199).learned);
        assert_eq!(
            usual(&s, 7200),
            Usual {
                silence: Span::ZERO,
                learned: true,
                by_policy: false
            }
        );
    }

    #[test]
    fn a_policy_needs_no_learning() {
        let policy = Policy {
            max_silence: Some(Span::from_secs(7)),
            ..Policy::default()
        };
        let mut now = Now::new(at(0), Span::from_secs(10), Span::from_secs(900));
        let u = Silence::default().usual(&policy, &mut now);
        assert_eq!(
            u,
            Usual {
                silence: Span::from_secs(7),
                learned: true,
                by_policy: true
            }
        );
    }
}
