//! A short size of the scoreboard: no figure may be worse than the committed one, each trouble is told in time, and causes
//! are right.
//! `cargo run --release --example accuracy -- --short` writes them anew.

#[path = "../../examples/accuracy/score/mod.rs"]
#[allow(dead_code, reason = "the page needs more than the figures")]
mod score;

use std::path::Path;

use self::score::figures::{Figures, figures};
use self::score::short::short;

#[test]
fn no_figure_is_worse_than_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accuracy.json");
    let text = std::fs::read_to_string(&path).expect("tests/accuracy.json");
    let before: Figures = serde_json::from_str(&text).expect("figures");
    let scores = short();
    let now = figures(&scores);
    let names = |figures: &Figures| figures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&now), "a workload has no figures yet");
    let mut worse = Vec::new();
    for ((workload, was), is) in before.iter().zip(now.values()) {
        let found = is.worse_than(was);
        worse.extend(found.into_iter().map(|what| format!("{workload}: {what}")));
        assert_eq!(
            is.outside, 0,
            "{workload}: truth outside of provable bounds"
        );
        let late: Vec<_> = is.late.iter().filter(|(_, late)| **late > 0).collect();
        assert!(
            late.is_empty(),
            "{workload}: told later than the rules imply: {late:?}, {:?}",
            is.delay
        );
    }
    assert!(worse.is_empty(), "{worse:#?}");
    let (right, spoken) = all(&scores).shares();
    assert!(
        right >= 0.95,
        "causes are right in {right:.3} of what is said"
    );
    assert!(
        spoken >= 0.85,
        "causes are named in {spoken:.3} of the cases"
    );
}

fn all(scores: &score::Scores) -> score::diagnoses::Diagnoses {
    let mut all = score::diagnoses::Diagnoses::default();
    for score in scores.values() {
        all.add(&score.diagnoses);
    }
    all
}
