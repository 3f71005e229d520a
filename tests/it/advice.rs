//! A short size of what advice is worth: nobody who follows it is worse off, and no figure is worse than the committed
//! one. `cargo run --release --example advice -- --short` writes them anew.

#[path = "../../examples/advice/trial/mod.rs"]
#[allow(dead_code, reason = "the page needs more than the figures")]
mod trial;

use std::path::Path;

use self::trial::figures::Figures;
use self::trial::short::short;

#[test]
fn following_advice_does_no_harm_and_helps_as_it_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advice.json");
    let text = std::fs::read_to_string(&path).expect("tests/advice.json");
    let before: Figures = serde_json::from_str(&text).expect("figures");
    let now = short();
    let names = |figures: &Figures| figures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&now), "a scenario has no figures yet");
    let mut worse = Vec::new();
    for ((scenario, was), is) in before.iter().zip(now.values()) {
        let found = is.worse_than(was);
        worse.extend(found.into_iter().map(|what| format!("{scenario}: {what}")));
        assert_eq!(is.harmed, 0, "{scenario}: somebody was worse off");
    }
    assert!(worse.is_empty(), "{worse:#?}");
}
