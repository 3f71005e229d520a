//! A short size of the scoreboard: no figure may be worse than the committed one.
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
    let now = figures(&short());
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
    }
    assert!(worse.is_empty(), "{worse:#?}");
}
