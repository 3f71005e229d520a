//! What was recorded replays as it ran, from the beginning and from checkpoints, on every workload
//! of `sim`.

use std::sync::Arc;

use crate::model::document::to_json;
use crate::model::{
    BootId, ClusterSettings, Observation, Pattern, Policy, PolicyRule, RuleFile, Settings,
    Snapshot, Span, Timestamp,
};
use crate::pipeline::Pipeline;
use crate::recording::{Checkpoint, Recorder, Ring, Tap};
use crate::sim::scenario;
use crate::sim::watch::Watch;
use crate::sim::world::World;
use crate::timeline::{Head, Tape, resume, snapshot_at};

const EPOCH: i64 = 1_800_000_000_000;
const CYCLES: i64 = 8;
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
        rules: vec![RuleFile {
            name: "r.yml".into(),
            text: "groups:\n- name: g\n  rules:\n  - alert: Behind\n    expr: laggard_group_lag > 10\n    for: 2m\n".into(),
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

/// Folds and records as a session does; a checkpoint each so many ticks. The snapshots.
fn run(observations: &[Observation], tap: &mut Tap, checkpoint_each: usize) -> Vec<Arc<Snapshot>> {
    let mut pipeline = Pipeline::new();
    let mut snapshots = Vec::new();
    for observation in observations {
        tap.record_past(&Arc::new(observation.clone()));
        if let Some(cut) = pipeline.fold(observation) {
            snapshots.push(cut.snapshot);
            if snapshots.len().is_multiple_of(checkpoint_each) {
                let frozen = pipeline.freeze().unwrap();
                let make = move || {
                    Ok(Checkpoint {
                        form: Pipeline::CHECKPOINT_FORM,
                        bytes: frozen.into_bytes().unwrap(),
                    })
                };
                tap.checkpoint(make, pipeline.at());
            }
        }
    }
    snapshots
}

#[test]
fn a_recording_gives_the_snapshots_of_the_run_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    for (name, _) in scenario::names() {
        let observations = observations(name, 4);
        let path = dir.path().join(format!("{name}.jsonl.zst"));
        let (recorder, mut tap) = Recorder::file(&path).unwrap();
        let live = run(&observations, &mut tap, usize::MAX);
        drop(tap);
        assert_eq!(recorder.join().unwrap().lines as usize, observations.len());
        let mut head = Head::at_start(&Tape::open(&path).unwrap()).unwrap();
        for snapshot in &live {
            let replayed = head.next_cut().unwrap();
            assert!(json(&replayed.snapshot) == json(snapshot), "{name}");
        }
        assert!(head.next_cut().is_none());
        assert_eq!(head.take_notes(), Vec::<String>::new());
    }
}

#[test]
fn a_ring_shows_any_time_and_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let observations = observations("demo", 5);
    let (recorder, mut tap) = Recorder::ring(Ring::open(dir.path(), 1 << 30).unwrap()).unwrap();
    let live = run(&observations, &mut tap, 5);
    drop(tap);
    recorder.join().unwrap();
    let tape = Tape::open(dir.path()).unwrap();
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 1 + live.len() / 5);
    for snapshot in &live {
        let (shown, notes) = snapshot_at(&tape, Some(snapshot.at)).unwrap();
        assert!(json(&shown) == json(snapshot), "{}", snapshot.at);
        assert_eq!(notes, Vec::<String>::new());
    }
    let last = live.last().unwrap();
    assert!(json(&snapshot_at(&tape, None).unwrap().0) == json(last));
    let late = snapshot_at(&tape, Some(last.at + Span::from_secs(1))).unwrap_err();
    assert!(late.to_string().contains("ends at"), "{late}");
    let early = snapshot_at(&tape, Some(live[0].at - Span::from_secs(1))).unwrap_err();
    assert!(early.to_string().contains("begins at"), "{early}");
    let (pipeline, _) = resume(&tape);
    assert!(json(&pipeline.unwrap().standing().unwrap()) == json(last));

    // A damaged checkpoint: the segment before it serves, and what lies behind is still folded.
    let mut segments: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    segments.sort();
    let newest = segments.pop().unwrap();
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(&newest).unwrap()).unwrap())
        .unwrap();
    let damaged = text.replacen("\"state\":\"", "\"state\":\"AAAA", 1);
    std::fs::write(&newest, zstd::encode_all(damaged.as_bytes(), 1).unwrap()).unwrap();
    let (shown, notes) = snapshot_at(&tape, None).unwrap();
    assert_eq!(shown.at, last.at);
    assert!(
        notes
            .iter()
            .any(|n| n.contains("checkpoint cannot be read")),
        "{notes:?}"
    );
    let (pipeline, notes) = resume(&tape);
    assert!(pipeline.is_some() && !notes.is_empty());
}
