//! The short size that CI runs: every scenario for one seed, polled each half minute.

use laggard::sim::spec::{HOUR, SECOND};

use super::adding::add;
use super::figures::{Figure, Figures};
use super::following::follow;
use super::{Run, scenarios};

/// Runs it.
pub fn short() -> Figures {
    let mut figures = Figures::new();
    for scenario in scenarios() {
        let run = Run {
            end: 2 * HOUR,
            ..Run::new(scenario, 1, 30 * SECOND)
        };
        let followed = follow(&run);
        let added = add(&run, &followed);
        let figure: &mut Figure = figures.entry(scenario.to_owned()).or_default();
        figure.take(&followed, &added);
    }
    figures
}
