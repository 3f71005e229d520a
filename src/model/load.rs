//! What members can bear, and how often a group rebalances.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::time::{Span, Timestamp};

/// What one member reads, and what it could.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MemberLoad {
    /// Records a second that it reads, over all partitions that it owns.
    pub consume_rate: Reading<f64>,
    /// Records a second that it can read: seen while all its partitions had a backlog. Else only
    /// a lower bound (`why`: it was never seen busy), or unknown.
    pub capacity: Reading<f64>,
}

/// A group that rebalances again and again instead of reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Storm {
    /// When the first of the rebalances that are counted was seen.
    pub since: Timestamp,
    /// Rebalances within `window`.
    pub rebalances: u32,
    /// How far back they are counted.
    pub window: Span,
    /// Members that left and joined again in it.
    pub rejoining: u32,
    /// Records a second being read in it.
    pub consume_rate: f64,
    /// Records a second coming in.
    pub arrival_rate: f64,
}

impl Storm {
    /// The sentence.
    pub fn sentence(&self) -> String {
        format!(
            "{} rebalances within {}, {} members left and came back; {:.0} records/s are read while {:.0} come in",
            self.rebalances, self.window, self.rejoining, self.consume_rate, self.arrival_rate
        )
    }
}
