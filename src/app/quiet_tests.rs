//! The shipped rules over days of what looks like trouble and is none: deploys each day, a cron
//! consumer, a backfill, batches. Nobody is paged; and where something is wrong, somebody is.
//!
//! Limits are those that people would set who know the group's habit. Two days in the daily run;
//! `LAGGARD_DAYS=30 cargo test --release --lib app::quiet_tests` looks at a month.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::alerts::shipped;
use crate::model::{
    AlertState, ClusterSettings, Observation, Pattern, Policy, PolicyRule, Settings, Severity,
    Snapshot, Span, Timestamp,
};
use crate::pipeline::Pipeline;
use crate::sim::scenario::{Purpose, for_days};
use crate::sim::spec::{DAY, FeedSpec, GroupSpec, MINUTE, Scenario, Shape, TopicSpec};
use crate::sim::watch::Watch;
use crate::sim::world::World;

pub(super) const EPOCH: i64 = 1_800_000_000_000;
pub(super) const INTERVAL: Span = Span::from_secs(30);

/// Workloads that are well, with the limit on time lag that somebody would set, in minutes.
const WELL: [(&str, i64); 9] = [
    ("rolling deploys", 10),
    ("recreate deploys", 10),
    ("cron", 90),
    ("hourly sink", 90),
    ("batches", 30),
    ("backfill", 10),
    ("replay from earliest", 10),
    ("memberless", 10),
    ("rare commits", 30),
];

fn days() -> i64 {
    let days = std::env::var("LAGGARD_DAYS").ok();
    days.and_then(|d| d.parse().ok()).unwrap_or(2)
}

/// An export each night that takes a quarter of an hour to read.
fn nightly() -> Scenario {
    let shape = Shape::Bursts {
        every: DAY,
        records: 400_000.0,
        length: [20 * MINUTE, 40 * MINUTE],
        late: 10 * MINUTE,
    };
    let feed = FeedSpec::new(shape).unsteady(0.0);
    Scenario {
        name: "nightly batch".to_owned(),
        brokers: 3,
        topics: vec![TopicSpec::new("ledger.days", 6).fed(feed)],
        groups: vec![GroupSpec::new("ledger-loader", "ledger.days").members(3, 150.0)],
        downstreams: Vec::new(),
        filler: None,
    }
}

/// Every group's policy: a page, and a limit on time lag.
fn paging(limit: Span) -> Settings {
    shipped_for_all(Policy {
        max_time_lag: Some(limit),
        severity: Some(Severity::Page),
        owner: Some("team".into()),
        ..Policy::default()
    })
}

/// The simulated cluster, all of its groups with this policy, under the shipped rules.
pub(super) fn shipped_for_all(policy: Policy) -> Settings {
    let all = || Pattern::new(".*").unwrap();
    Settings {
        clusters: vec![ClusterSettings {
            poll_interval: INTERVAL,
            ..ClusterSettings::named("sim".into())
        }],
        policies: vec![PolicyRule {
            cluster: all(),
            group: all(),
            policy: Arc::new(policy),
        }],
        rules: shipped(),
        ..Settings::default()
    }
}

/// What fired, as `severity rule group`.
fn fired(scenario: &Scenario, settings: Settings, length: i64) -> BTreeSet<String> {
    let world = Arc::new(World::new(scenario, 7, EPOCH));
    let mut pipeline = Pipeline::new();
    let at = Timestamp::from_millis(EPOCH);
    pipeline.fold(&Observation::Configured {
        at,
        settings: Arc::new(settings),
    });
    let mut watch = Watch::new(world, "sim".into(), Vec::new());
    let mut fired = BTreeSet::new();
    let mut t = EPOCH;
    while t < EPOCH + length {
        for observation in watch.cycle(t, INTERVAL) {
            pipeline.fold(&observation);
        }
        let at = Timestamp::from_millis(t + 100);
        if let Some(cut) = pipeline.fold(&Observation::Tick { at }) {
            fired.extend(firing(&cut.snapshot));
        }
        t += INTERVAL.as_millis();
    }
    fired
}

fn firing(snapshot: &Snapshot) -> impl Iterator<Item = String> {
    let firing = snapshot
        .alerts
        .iter()
        .filter(|a| a.state == AlertState::Firing);
    let told = firing.filter(|a| &*a.name != "LaggardWatchdog");
    told.map(|alert| {
        let of = |name: &str| alert.labels.get(name).map_or("", |v| &**v);
        format!("{} {} {}", of("severity"), alert.name, of("group"))
    })
}

#[test]
fn what_is_well_pages_nobody() {
    let length = days() * DAY;
    let mut pages = Vec::new();
    let well = WELL.iter().map(|(name, limit)| {
        let scenario = for_days(name, Purpose::Healthy, 7, length);
        (scenario.expect("a workload"), *limit)
    });
    for (scenario, limit) in well.chain([(nightly(), 60)]) {
        let limit = Span::from_secs(limit * 60);
        let fired = fired(&scenario, paging(limit), length);
        println!("{}: {fired:?}", scenario.name);
        let of_pages = fired.into_iter().filter(|f| f.starts_with("page"));
        pages.extend(of_pages.map(|f| format!("{}: {f}", scenario.name)));
    }
    assert!(pages.is_empty(), "{pages:#?}");
}

/// Else the test above would hold of rules that never fire.
#[test]
fn what_is_wrong_pages_somebody() {
    for name in ["too-few", "slow-service"] {
        let scenario = for_days(name, Purpose::Trouble, 7, DAY).expect("a workload");
        let fired = fired(&scenario, paging(Span::from_secs(300)), DAY / 2);
        let late = fired.iter().any(|f| f.starts_with("page LaggardLate"));
        assert!(late, "{name}: {fired:?}");
    }
}
