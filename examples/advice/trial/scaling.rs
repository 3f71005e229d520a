//! Autoscalers on one run: nobody, KEDA's lag ÷ threshold, and the advised number of members.
//!
//! All go through the same model of Kubernetes' HorizontalPodAutoscaler with its defaults, so that only the metric
//! differs. KEDA's Kafka scaler reads the lag as Kafka's tools show it, limits it to one consumer a partition, and
//! leaves the rest to the HPA.

use std::sync::Arc;

use laggard::sim::spec::{BOOT, Event, EventKind, MINUTE, Millis, SECOND};
use laggard::sim::world::World;

use super::Run;
use super::bench::Bench;
use super::outcome::Outcomes;
use super::poller::CLUSTER;

/// How often the autoscaler looks: KEDA's `pollingInterval`.
const SYNC: Millis = 30 * SECOND;
/// Kubernetes' defaults: no change within a tenth; down only to the most that was wanted within five minutes; up by
/// so many pods or by as many as there are, whichever is more, each 15 s, so twice a sync.
const TOLERANCE: f64 = 0.1;
const STABILIZED: Millis = 5 * MINUTE;
const PODS_A_PERIOD: usize = 4;

/// Who decides on the number of members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaler {
    /// Nobody.
    Nobody,
    /// KEDA's Kafka scaler with the `lagThreshold` that its documentation gives as the default.
    KedaDefault,
    /// KEDA's Kafka scaler with a `lagThreshold` of what one member does in ten seconds, as somebody who knows the
    /// service and wants a time lag well below a minute would set it.
    KedaTuned,
    /// `laggard_group_advised_members`.
    Advised,
}

impl Scaler {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nobody,
        Self::KedaDefault,
        Self::KedaTuned,
        Self::Advised,
    ];

    /// For the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::KedaDefault => "KEDA, lagThreshold 10",
            Self::KedaTuned => "KEDA, lagThreshold of ten seconds' work",
            Self::Advised => "advised members",
        }
    }
}

/// Scenarios in which the number of members is an autoscaler's to decide: its group is there all the time, and nothing
/// in it but members is switched on or off by hand.
pub const SCALED: [&str; 14] = [
    super::A_DAY,
    "plain",
    "diurnal",
    "hourly-batches",
    "rare-commits",
    "too-few",
    "retention",
    "slow-service",
    "hot-key",
    "sick-member",
    "slow-downstream",
    "poison",
    "rewind",
    "rebalance-storm",
];

/// Runs it under an autoscaler.
pub fn scale(run: &Run, scaler: Scaler) -> Outcomes {
    let world = run.world();
    let mut outcomes = Outcomes::default();
    let mut bench = (scaler == Scaler::Advised).then(|| Bench::new(&world, run));
    let mut pods: Vec<Hpa> = (0..world.group_count())
        .map(|g| Hpa::new(&world, g, run))
        .collect();
    let mut next = 0;
    for t in run.instants() {
        outcomes.look(&world, t);
        let snapshot = bench.as_mut().and_then(|bench| bench.cycle(t));
        if t < next || scaler == Scaler::Nobody {
            continue;
        }
        next = t + SYNC;
        for hpa in &mut pods {
            let metric = match scaler {
                Scaler::Nobody => None,
                Scaler::KedaDefault => Some((hpa.lag(&world, t, 10.0), 10.0)),
                Scaler::KedaTuned => Some((hpa.lag(&world, t, hpa.work), hpa.work)),
                Scaler::Advised => {
                    let advised = snapshot
                        .as_ref()
                        .and_then(|s| s.advised(CLUSTER, &hpa.group));
                    advised.map(|advised| (f64::from(advised.members), 1.0))
                }
            };
            hpa.sync(&world, t, run.interval, metric);
        }
    }
    outcomes
}

struct Hpa {
    group: Arc<str>,
    index: usize,
    partitions: usize,
    /// What one member does in ten seconds, in records.
    work: f64,
    replicas: usize,
    wanted: Vec<(Millis, usize)>,
}

impl Hpa {
    fn new(world: &World, index: usize, run: &Run) -> Self {
        let group = Arc::clone(world.group_name(index));
        let able = run.spec();
        let spec = able.groups.iter().find(|spec| *spec.name == *group);
        let first = spec.and_then(|spec| spec.members.first());
        Self {
            index,
            partitions: world.row_count(index),
            work: first.map_or(10.0, |member| 10.0 * member.per_second),
            replicas: spec.map_or(1, |spec| spec.members.len()),
            wanted: Vec::new(),
            group,
        }
    }

    /// The lag as KEDA counts it: of partitions with a commit, and no more than there can be consumers for.
    fn lag(&self, world: &World, t: Millis, threshold: f64) -> f64 {
        let truth = world.truth(self.index, t);
        let lag: i64 = truth.iter().filter_map(|row| row.lag).sum();
        (lag as f64).min(self.partitions as f64 * threshold)
    }

    /// One look of the HorizontalPodAutoscaler at a metric with a target of the type `AverageValue`.
    fn sync(&mut self, world: &World, t: Millis, step: Millis, metric: Option<(f64, f64)>) {
        let Some((value, target)) = metric else {
            return;
        };
        let ratio = value / (target * self.replicas as f64);
        let wanted = if (ratio - 1.0).abs() <= TOLERANCE {
            self.replicas
        } else {
            (value / target).ceil() as usize
        };
        let wanted = wanted.clamp(1, self.partitions.max(1));
        self.wanted.push((t, wanted));
        self.wanted.retain(|(at, _)| t - at <= STABILIZED);
        let stable = self.wanted.iter().map(|(_, wanted)| *wanted).max();
        let mut most = self.replicas;
        for _ in 0..SYNC / (15 * SECOND) {
            most += most.max(PODS_A_PERIOD);
        }
        let next = if wanted > self.replicas {
            wanted.min(most)
        } else {
            stable.unwrap_or(wanted).min(self.replicas)
        };
        if next == self.replicas {
            return;
        }
        // Pods that go leave at once; those that come have to start.
        let from = world.relative(t + step) + if next > self.replicas { BOOT } else { 0 };
        let kind = EventKind::Scale { members: next };
        world.intervene(
            &self.group,
            Event {
                from,
                until: None,
                kind,
            },
        );
        self.replicas = next;
    }
}
