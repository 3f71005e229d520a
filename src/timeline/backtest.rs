//! What alert rules would have done over a recording.
//!
//! In: a tape, and rules or policies to go by instead of the recorded ones. Out: the course of each
//! alert. What is not replaced (policies, silences, marks) is as it was recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Head, Tape, TimelineError};
use crate::model::{
    Alert, AlertState, BackTest, Course, PolicyRule, RuleFile, Settings, Snapshot, Stretch,
    Timestamp,
};

/// What to go by instead of what was recorded.
#[derive(Clone, Debug, Default)]
pub struct Instead {
    /// These rules.
    pub rules: Option<Vec<RuleFile>>,
    /// These policies.
    pub policies: Option<Vec<PolicyRule>>,
}

impl Instead {
    /// Settings with these in their place.
    pub(super) fn of(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        if let Some(rules) = &self.rules {
            settings.rules.clone_from(rules);
        }
        if let Some(policies) = &self.policies {
            settings.policies.clone_from(policies);
        }
        settings
    }
}

/// Which alert: its labels have its name among them.
type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// Replays a tape from its beginning to its end. Beside the result, what could not be read.
///
/// # Errors
///
/// When it cannot be read or shows nothing.
pub fn backtest(tape: &Tape, instead: Instead) -> Result<(BackTest, Vec<String>), TimelineError> {
    let mut head = Head::at_start(tape)?.instead(instead);
    let (mut times, mut notifications) = ((0, Timestamp::default(), Timestamp::default()), 0);
    let mut rules = 0;
    let mut courses = Courses::default();
    while let Some(cut) = head.next_cut() {
        let snapshot = &cut.snapshot;
        times = match times {
            (0, ..) => (1, snapshot.at, snapshot.at),
            (count, from, _) => (count + 1, from, snapshot.at),
        };
        notifications += cut.notifications.len() as u64;
        rules = snapshot.rules.iter().map(|g| g.rules.len() as u64).sum();
        courses.look(snapshot);
    }
    let (snapshots, from, to) = times;
    if snapshots == 0 {
        let path = tape.path().to_owned();
        return Err(TimelineError::Empty { path });
    }
    let result = BackTest {
        from,
        to,
        snapshots,
        rules,
        notifications,
        alerts: courses.all(),
    };
    Ok((result, head.take_notes()))
}

/// Courses in the making.
#[derive(Default)]
struct Courses {
    open: BTreeMap<Labels, Course>,
    over: Vec<Course>,
}

impl Courses {
    fn look(&mut self, snapshot: &Snapshot) {
        let at = snapshot.at;
        let active = snapshot.alerts.iter();
        let now: BTreeMap<&Labels, &Arc<Alert>> = active
            .filter(|a| a.state != AlertState::Resolved)
            .map(|a| (&a.labels, a))
            .collect();
        let same = |course: &Course| {
            let alert = now.get(&course.labels);
            alert.is_some_and(|a| a.active_since == course.pending)
        };
        let over: Vec<_> = self
            .open
            .extract_if(.., |_, course| !same(course))
            .collect();
        self.over.extend(over.into_iter().map(|(_, mut course)| {
            course.ended = Some(at);
            release(&mut course, at);
            course
        }));
        for alert in now.into_values() {
            let labels = alert.labels.clone();
            let course = self.open.entry(labels).or_insert_with(|| begun(alert));
            step(course, alert, at);
        }
    }

    fn all(self) -> Vec<Course> {
        let mut all = self.over;
        all.extend(self.open.into_values());
        all.sort_by(|a, b| {
            let by = |c: &Course| (c.pending, Arc::clone(&c.name));
            by(a).cmp(&by(b)).then_with(|| a.labels.cmp(&b.labels))
        });
        all
    }
}

fn begun(alert: &Alert) -> Course {
    Course {
        name: Arc::clone(&alert.name),
        labels: alert.labels.clone(),
        pending: alert.active_since,
        fired: None,
        held: Vec::new(),
        ended: None,
        annotations: alert.annotations.clone(),
    }
}

fn step(course: &mut Course, alert: &Alert, at: Timestamp) {
    if course.fired.is_none() {
        course.annotations.clone_from(&alert.annotations);
        course.fired = alert.fired_at;
    }
    let is_held = course.held.last().is_some_and(|s| s.to.is_none());
    match (&alert.held, is_held) {
        (Some(_), false) => course.held.push(Stretch { from: at, to: None }),
        (None, true) => release(course, at),
        _ => {}
    }
}

fn release(course: &mut Course, at: Timestamp) {
    if let Some(last) = course.held.last_mut().filter(|s| s.to.is_none()) {
        last.to = Some(at);
    }
}
