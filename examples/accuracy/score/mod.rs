//! The measuring instrument: simulated days through the real pipeline, beside the truth and beside others' methods.
//!
//! In: a workload, a seed, a length. Out: errors, delays, false alarms. The truth is the simulation's own record of what
//! was appended and committed; the engine is asked for nothing but its snapshots. Shared with the tests, which run a
//! short size of the same.

mod burrow;
pub mod diagnoses;
pub mod errors;
pub mod figures;
pub mod foretold;
mod implied;
pub mod observed;
mod others;
#[path = "../../common/poller.rs"]
#[allow(clippy::duplicate_mod, reason = "the tests run both measurements")]
mod poller;
pub mod run;
pub mod short;
pub mod time_lag;
pub mod verdicts;

use std::collections::BTreeMap;

use laggard::sim::scenario::Purpose;

/// All that is kept of one workload's runs.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Time lags.
    pub time_lags: time_lag::TimeLags,
    /// Verdicts.
    pub verdicts: verdicts::Verdicts,
    /// Diagnoses.
    pub diagnoses: diagnoses::Diagnoses,
    /// What was foretold.
    pub foretold: foretold::Foretold,
    /// Asks that were sent, by the cluster's cycles.
    pub asks: u64,
    /// Cycles.
    pub cycles: u64,
}

impl Score {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        self.time_lags.add(&other.time_lags);
        self.verdicts.add(&other.verdicts);
        self.diagnoses.add(&other.diagnoses);
        self.foretold.add(&other.foretold);
        self.asks += other.asks;
        self.cycles += other.cycles;
    }
}

/// Scores by workload.
pub type Scores = BTreeMap<(Purpose, &'static str), Score>;
