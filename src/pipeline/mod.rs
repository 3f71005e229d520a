//! The one synchronous pipeline: fold → cut → advice → snapshot.
//!
//! In: observations, in the one order in which they are recorded. Out: at each tick a [`Cut`]: the
//! snapshot, what the engine would like to know, and who is to be told of which alerts. It does no IO and reads no clock; the same
//! observations give the same snapshots. Several clusters go through one pipeline.

mod advising;
mod checkpoint;
mod telling;

use std::sync::Arc;

use crate::alerts::Alerting;
use crate::engine::Engine;
use crate::model::{
    Advice, Ask, BootId, ClusterSnapshot, Generation, Issue, Notices, Notification, Observation,
    Snapshot, Span, Timestamp,
};

#[cfg(test)]
mod tests;

use advising::Advising;
pub use checkpoint::{CheckpointError, Frozen};
use telling::Telling;

/// What a tick yields.
#[derive(Debug)]
pub struct Cut {
    /// What is true.
    pub snapshot: Arc<Snapshot>,
    /// What would help to know, most useful first.
    pub asks: Vec<Ask>,
    /// Who is to be told of what. Whoever delivers writes these down together with
    /// [`Pipeline::alert_state`].
    pub notifications: Vec<Notification>,
    /// Whether that state has changed in what a restart must not forget.
    pub alerts_moved: bool,
}

/// All state that lies between two observations.
#[derive(Debug)]
pub struct Pipeline {
    engine: Engine,
    alerting: Alerting,
    telling: Telling,
    advising: Advising,
    boot: BootId,
    n: u64,
    at: Timestamp,
    /// What is wrong with Laggard itself.
    issues: Vec<Issue>,
    /// What stood beside the last cut.
    notices: Arc<Notices>,
    /// Generations count anew: none of the run before may be taken for one of this.
    rebooted: bool,
    rebuild_all: bool,
}

/// An issue's subject: a configuration that was not taken.
const CONFIGURATION: &str = "configuration";
/// An issue's subject: the clock was set back.
const CLOCK: &str = "clock";
/// So long it is told.
const CLOCK_TOLD: Span = Span::from_secs(3600);
/// By less than this, the clock may be set back: time waits until it has been caught up with.
const SET_BACK: Span = Span::from_secs(60);
/// An issue's subject: where alerts stand cannot be written down.
const LEDGER: &str = "state directory";

impl Pipeline {
    /// A pipeline that has seen nothing.
    pub fn new() -> Self {
        Self {
            engine: Engine::default(),
            alerting: Alerting::default(),
            telling: Telling::default(),
            advising: Advising::default(),
            boot: BootId::from("none"),
            n: 0,
            at: Timestamp::default(),
            issues: Vec::new(),
            notices: Arc::default(),
            rebooted: false,
            rebuild_all: false,
        }
    }

    /// The same, but every cut rebuilds every part: what incremental cuts must equal.
    pub fn rebuilding_all() -> Self {
        Self {
            rebuild_all: true,
            ..Self::new()
        }
    }

    /// Nobody was told of what the cuts up to here called for: what still stands is told as new.
    pub fn tell_anew(&mut self) {
        self.alerting.tell_anew();
    }

    /// Takes in one observation; a tick yields a cut. Time goes on, and waits where the clock was set
    /// back a little: a tick from before the last one cuts at the last one's instant. Where it was set
    /// back further, by a tick or a start, what was observed before has no place in time any more: it
    /// goes, and time goes on from there.
    pub fn fold(&mut self, observation: &Observation) -> Option<Cut> {
        match observation {
            Observation::Boot { at, boot } => {
                self.mind_the_clock(*at);
                self.boot = boot.clone();
                self.n = 0;
                self.rebooted = true;
                self.advising.reboot();
                self.telling.boot();
                self.issues.retain(|i| *i.subject != *LEDGER);
            }
            Observation::Told { at, told } => self.telling.fold(*at, told),
            Observation::Tick { at } => {
                self.mind_the_clock(*at);
                self.at = self.at.max(*at);
                return Some(self.cut());
            }
            Observation::Configured { settings, .. } => {
                // Whoever configures has checked the files and shown what is wrong with them; files
                // with errors leave those in force that stand.
                let _ = self.alerting.load(&settings.rules);
                self.alerting.tell(&settings.notify);
                self.alerting.expect(&settings.policies);
                self.issues.retain(|i| *i.subject != *CONFIGURATION);
            }
            Observation::Commanded { at, command } => self.alerting.command(command, *at),
            Observation::Refused { at, why } => {
                self.note(CONFIGURATION, *at, Some(why));
            }
            Observation::Unwritten { at, why } => self.note(LEDGER, *at, why.as_ref()),
            _ => {}
        }
        if self.rebuild_all {
            self.engine.forget_shortcuts();
        }
        self.engine.fold(observation);
        None
    }

    fn mind_the_clock(&mut self, at: Timestamp) {
        let told = |i: &Issue| *i.subject != *CLOCK || i.since + CLOCK_TOLD > at;
        self.issues.retain(told);
        let by = self.at - at;
        if by <= SET_BACK {
            return;
        }
        self.at = at;
        self.engine.set_back(at, by);
        self.alerting.set_back(by);
        self.advising = Advising::default();
        let text = format!("the clock was set back by {by}: what was observed before is set aside");
        self.note(CLOCK, at, Some(&text.into()));
    }

    /// What is wrong with Laggard itself, of one kind; `None`: nothing any more.
    fn note(&mut self, subject: &str, at: Timestamp, why: Option<&Arc<str>>) {
        let before = self.issues.iter().find(|i| *i.subject == *subject);
        let since = before.map_or(at, |i| i.since);
        self.issues.retain(|i| *i.subject != *subject);
        self.issues.extend(why.map(|why| Issue {
            since: if subject == LEDGER { since } else { at },
            subject: subject.into(),
            text: Arc::clone(why),
        }));
    }

    fn cut(&mut self) -> Cut {
        self.n += 1;
        let all = self.rebuild_all || std::mem::take(&mut self.rebooted);
        let (clusters, asks) = self.engine.cut(self.at, self.n, all);
        let advice = self.advising.cut(&clusters, self.at);
        self.notices = Arc::new(Notices {
            issues: self.issues.clone(),
            ..self.alerting.notices(&clusters, self.at)
        });
        let mut snapshot = self.snapshot(clusters, advice);
        snapshot.alerts = self.telling.mark(self.alerting.evaluate(&snapshot));
        snapshot.rules = self.alerting.rules();
        Cut {
            snapshot: Arc::new(snapshot),
            asks,
            notifications: self.alerting.notifications(self.at),
            alerts_moved: self.alerting.has_moved(),
        }
    }

    /// When the last cut was; the beginning of time before the first.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The snapshot of the last cut once more; `None` before the first.
    pub fn standing(&self) -> Option<Arc<Snapshot>> {
        (self.n > 0).then(|| {
            let clusters = self.engine.standing();
            // What is said hangs on what is shown alone.
            let advice = Advising::default().cut(&clusters, self.at);
            let mut snapshot = self.snapshot(clusters, advice);
            snapshot.alerts = self.telling.marked(self.alerting.standing());
            Arc::new(snapshot)
        })
    }

    fn snapshot(&self, clusters: Vec<Arc<ClusterSnapshot>>, advice: Vec<Arc<Advice>>) -> Snapshot {
        Snapshot {
            generation: Generation {
                boot: self.boot.clone(),
                n: self.n,
            },
            at: self.at,
            clusters,
            advice,
            advised_members: self.advising.advised(),
            alerts: Vec::new(),
            rules: self.alerting.rules(),
            receivers: self.telling.receivers(),
            notices: Arc::clone(&self.notices),
        }
    }
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}
