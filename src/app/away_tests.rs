//! A group's coordinator is away for fifteen minutes, and nothing of the group can be read anew: what
//! fires goes on, and nothing begins. Held for Laggard's own alerts, and for those of a Prometheus that
//! scrapes it: the same rules on the same series, with no hold.

use std::sync::Arc;

use super::quiet_tests::{EPOCH, INTERVAL, shipped_for_all};
use crate::alerts::shipped;
use crate::alerts::testing::{Given, OverTime};
use crate::model::{
    Alert, AlertState, Fact, GroupPart, Observation, Policy, Snapshot, Span, Timestamp, Why,
};
use crate::pipeline::Pipeline;
use crate::sim::scenario::{Purpose, for_days};
use crate::sim::spec::{HOUR, Millis};
use crate::sim::watch::Watch;
use crate::sim::world::World;

/// Looks in fifteen minutes.
const LOOKS: usize = 30;

/// A cluster, Laggard, and a Prometheus beside it.
struct Run {
    pipeline: Pipeline,
    watch: Watch,
    prometheus: OverTime,
    t: Millis,
    ours: Vec<Arc<Alert>>,
    theirs: Vec<Alert>,
}

impl Run {
    fn new(scenario: &str, policy: Policy, rules: &str) -> Self {
        let scenario = for_days(scenario, Purpose::Trouble, 7, 12 * HOUR).expect("a workload");
        let world = Arc::new(World::new(&scenario, 7, EPOCH));
        let mut pipeline = Pipeline::new();
        pipeline.fold(&Observation::Configured {
            at: Timestamp::from_millis(EPOCH),
            settings: Arc::new(shipped_for_all(policy)),
        });
        Self {
            pipeline,
            watch: Watch::new(world, "sim".into(), Vec::new()),
            prometheus: OverTime::new(rules).unwrap(),
            t: EPOCH + 2 * HOUR,
            ours: Vec::new(),
            theirs: Vec::new(),
        }
    }

    /// One cycle and a look at what it came to.
    fn look(&mut self, away: bool) {
        for mut observation in self.watch.cycle(self.t, INTERVAL) {
            if away {
                lose(&mut observation);
            }
            self.pipeline.fold(&observation);
        }
        let at = Timestamp::from_millis(self.t + 100);
        let cut = self.pipeline.fold(&Observation::Tick { at }).unwrap();
        self.judge(&cut.snapshot);
        self.t += INTERVAL.as_millis();
    }

    fn judge(&mut self, snapshot: &Snapshot) {
        self.theirs = self
            .prometheus
            .evaluate(snapshot.at, &Given::scraped(snapshot));
        self.ours = snapshot.alerts.clone();
    }

    /// How many alerts of `rule` are in `state`: in Laggard, in Prometheus.
    fn count(&self, rule: &str, state: AlertState) -> (usize, usize) {
        let is = |alert: &Alert| *alert.name == *rule && alert.state == state;
        (
            self.ours.iter().filter(|a| is(a)).count(),
            self.theirs.iter().filter(|a| is(a)).count(),
        )
    }

    /// Goes on until `rule` is in `state` in both.
    fn until(&mut self, rule: &str, state: AlertState) -> usize {
        for _ in 0..10 * 120 {
            self.look(false);
            let (ours, theirs) = self.count(rule, state);
            if ours > 0 && ours == theirs {
                return ours;
            }
        }
        panic!("{rule} never was {state:?}");
    }
}

/// What comes of a read that the coordinator would have answered.
fn lose(observation: &mut Observation) {
    let Observation::Read { fact, .. } = observation else {
        return;
    };
    let why = Why::text("broker 2 is down");
    *fact = match fact {
        Fact::Commits { group, .. } => Fact::GroupFailed {
            group: group.clone(),
            part: GroupPart::Commits,
            why,
        },
        Fact::Group { description } => Fact::GroupFailed {
            group: description.group.clone(),
            part: GroupPart::Description,
            why,
        },
        Fact::Groups { .. } => Fact::Groups {
            groups: Vec::new(),
            complete: false,
            failures: vec![why],
        },
        _ => return,
    };
}

fn time(limit: i64) -> Policy {
    Policy {
        max_time_lag: Some(Span::from_secs(limit)),
        ..Policy::default()
    }
}

fn lag(limit: u64) -> Policy {
    Policy {
        max_lag: Some(limit),
        ..Policy::default()
    }
}

fn rules() -> String {
    shipped()[0].text.to_string()
}

#[test]
fn what_fires_goes_on_while_the_coordinator_is_away() {
    let cases = [
        ("stopped", time(300), "LaggardLate"),
        ("stopped", lag(100), "LaggardLate"),
        ("stopped", Policy::default(), "LaggardStuck"),
        ("retention", Policy::default(), "LaggardWillLoseData"),
        (
            "hanging-transaction",
            Policy::default(),
            "LaggardHangingTransaction",
        ),
        (
            "rebalance-storm",
            Policy::default(),
            "LaggardRebalanceStorm",
        ),
        ("rewind", Policy::default(), "LaggardRewound"),
    ];
    for (scenario, policy, rule) in cases {
        let mut run = Run::new(scenario, policy, &rules());
        let firing = run.until(rule, AlertState::Firing);
        let held = |run: &Run| {
            let of_rule = |a: &&Arc<Alert>| *a.name == *rule && a.held.is_some();
            run.ours.iter().filter(of_rule).count()
        };
        for look in 1..=LOOKS {
            run.look(true);
            let still = run.count(rule, AlertState::Firing);
            assert_eq!(still, (firing, firing), "{scenario}, {rule}, look {look}");
        }
        assert_eq!(held(&run), firing, "{scenario}, {rule}: it is said");
        println!("{scenario}: {rule} fires on in both");
    }
}

/// Else the test above would hold of rules that do nothing for it.
#[test]
fn without_its_care_prometheus_would_take_it_as_resolved() {
    let careless = rules().replace("alertstate=\"firing\"", "alertstate=\"never\"");
    let mut run = Run::new("stopped", lag(100), &careless);
    let rule = "LaggardLate";
    run.until(rule, AlertState::Firing);
    for _ in 0..LOOKS {
        run.look(true);
    }
    assert_eq!(run.count(rule, AlertState::Firing), (1, 0));
}

#[test]
fn nothing_begins_to_fire_while_the_coordinator_is_away() {
    for (scenario, policy, rule) in [
        ("stopped", time(300), "LaggardLate"),
        ("stopped", lag(100), "LaggardLate"),
        ("stopped", Policy::default(), "LaggardStuck"),
        ("retention", Policy::default(), "LaggardWillLoseData"),
    ] {
        let mut run = Run::new(scenario, policy, &rules());
        let pending = run.until(rule, AlertState::Pending);
        for look in 1..=LOOKS {
            run.look(true);
            let firing = run.count(rule, AlertState::Firing);
            assert_eq!(firing, (0, 0), "{scenario}, {rule}, look {look}");
        }
        // It is read again, and was late all the while: now it fires.
        assert!(pending > 0);
        run.until(rule, AlertState::Firing);
    }
}
