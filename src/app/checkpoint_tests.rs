//! A pipeline that is taken up from a checkpoint goes on as the one that wrote it, on every
//! workload of `sim`.

use std::sync::Arc;

use crate::model::document::to_json;
use crate::model::{
    BootId, ClusterSettings, Observation, Pattern, Policy, PolicyRule, Settings, Snapshot, Span,
    Timestamp,
};
use crate::pipeline::Pipeline;
use crate::sim::scenario;
use crate::sim::watch::Watch;
use crate::sim::world::World;

const EPOCH: i64 = 1_800_000_000_000;
const CYCLES: i64 = 16;
const EACH: i64 = 60_000;

fn json(snapshot: &Snapshot) -> String {
    let mut text = Vec::new();
    to_json(snapshot, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn opening() -> [Observation; 2] {
    let at = Timestamp::from_millis(EPOCH - CYCLES * EACH);
    let policy = Policy {
        max_lag: Some(500),
        owner: Some("team".into()),
        ..Policy::default()
    };
    let all = || Pattern::new(".*").unwrap();
    let settings = Settings {
        clusters: vec![ClusterSettings::named("demo".into())],
        policies: vec![PolicyRule {
            cluster: all(),
            group: all(),
            policy: Arc::new(policy),
        }],
        ..Settings::default()
    };
    let boot = BootId::from("b");
    [
        Observation::Boot { at, boot },
        Observation::Configured {
            at,
            settings: Arc::new(settings),
        },
    ]
}

/// Cycles with ticks in between too, at which nothing but time has moved.
pub(super) fn observations(name: &str, seed: u64) -> Vec<Observation> {
    let scenario = scenario::named(name).unwrap();
    let world = Arc::new(World::new(&scenario, seed, EPOCH));
    let mut watch = Watch::new(world, "demo".into(), Vec::new());
    let mut all = opening().to_vec();
    for cycle in 0..CYCLES {
        let begins = EPOCH - (CYCLES - cycle) * EACH;
        all.extend(watch.cycle(begins, Span::from_secs(60)));
        let mut tick = |after: i64| {
            let at = Timestamp::from_millis(begins + after);
            all.push(Observation::Tick { at });
        };
        tick(100);
        tick(30_100);
    }
    all
}

#[test]
fn from_a_checkpoint_in_the_middle_every_later_snapshot_is_the_same_byte_for_byte() {
    for (name, _) in scenario::names() {
        let observations = observations(name, 3);
        // In the middle of a cycle, too: what was read and not yet cut must come with it.
        let (middle, other) = (observations.len() / 2, observations.len() * 2 / 3);
        let mut whole = Pipeline::new();
        let mut taken_up: Option<Pipeline> = None;
        let mut compared = 0;
        for (i, observation) in observations.iter().enumerate() {
            let cut = whole.fold(observation);
            let again = taken_up.as_mut().map(|p| p.fold(observation));
            if let (Some(cut), Some(Some(again))) = (cut, again) {
                let (is, was) = (json(&again.snapshot), json(&cut.snapshot));
                assert!(is == was, "{name}: {is}\n\n{was}");
                assert_eq!(again.asks, cut.asks, "{name}");
                compared += 1;
            }
            if i == middle || i == other {
                // The second one is of a pipeline that was itself taken up.
                let from = taken_up.as_ref().unwrap_or(&whole);
                let bytes = from.checkpoint().unwrap();
                let next = Pipeline::from_checkpoint(Pipeline::CHECKPOINT_FORM, &bytes);
                taken_up = Some(next.unwrap());
            }
        }
        assert!(compared > CYCLES / 2, "{name}: {compared}");
    }
}

#[test]
fn a_damaged_checkpoint_or_one_of_another_form_is_refused() {
    let mut pipeline = Pipeline::new();
    for observation in observations("poison", 1) {
        pipeline.fold(&observation);
    }
    let bytes = pipeline.checkpoint().unwrap();
    let refused = |form, bytes: &[u8]| {
        let read = Pipeline::from_checkpoint(form, bytes);
        read.map(|_| ()).unwrap_err().to_string()
    };
    let form = Pipeline::CHECKPOINT_FORM;
    assert!(refused(form + 1, &bytes).contains(&format!("form {}", form + 1)));
    assert!(refused(form, &bytes[..bytes.len() / 2]).contains("cannot be read"));
    assert!(refused(form, b"").contains("cannot be read"));
}
