//! What a partition asks of its owner, and what a rebalance costs.

use crate::model::Span;

/// Of what a group can do, so much must be to spare before a time is reckoned from it: less is within what rates are wrong
/// by.
pub const LEAST_SPARE: f64 = 0.01;
/// Nothing further off than this has a time: ten years.
pub const FURTHEST: Span = Span::from_secs(10 * 365 * 86_400);

/// Records a second that a partition's owner must do so that the backlog is gone within `target`, with one
/// rebalance in between: λ + (L + λ·t_reb) ÷ T_target. Rates in records a second, `lag` in records.
pub fn work(arrival: f64, lag: f64, rebalance: Span, target: Span) -> f64 {
    let target = target.as_secs_f64().max(1.0);
    let backlog = lag.max(0.0) + arrival.max(0.0) * rebalance.as_secs_f64();
    arrival.max(0.0) + backlog / target
}

/// What a rebalance costs while it lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RebalanceCost {
    /// How long nobody reads the partitions that stand still.
    pub pause: Span,
    /// Records that come in on them meanwhile.
    pub records: f64,
    /// How long the group then takes to work these off with what it can do beyond what comes in; `None`:
    /// it has nothing to spare.
    pub recovery: Option<Span>,
}

/// The cost of a rebalance in which partitions with `stopped` of `arrival` records a second stand still for
/// `pause`, with a group that can do `capacity` records a second.
pub fn rebalance_cost(stopped: f64, arrival: f64, capacity: f64, pause: Span) -> RebalanceCost {
    let records = stopped.max(0.0) * pause.as_secs_f64();
    let spare = capacity - arrival;
    let recovery = (spare > LEAST_SPARE * capacity)
        .then(|| Span::from_secs_f64(records / spare))
        .filter(|span| *span <= FURTHEST);
    RebalanceCost {
        pause,
        records,
        recovery,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_is_worked_off_within_the_target() {
        let w = work(100.0, 60_000.0, Span::from_secs(10), Span::from_secs(600));
        assert!((w - (100.0 + 61_000.0 / 600.0)).abs() < 1e-9);
        assert!((work(-1.0, -5.0, Span::ZERO, Span::ZERO)).abs() < 1e-9);
    }

    #[test]
    fn a_rebalance_costs_what_comes_in_meanwhile() {
        let cost = rebalance_cost(50.0, 100.0, 150.0, Span::from_secs(10));
        assert!((cost.records - 500.0).abs() < 1e-9);
        assert_eq!(cost.recovery, Some(Span::from_secs(10)));
        assert_eq!(
            rebalance_cost(50.0, 100.0, 90.0, Span::from_secs(10)).recovery,
            None
        );
        // A rate that equals another but for its last digit is no spare.
        assert_eq!(
            rebalance_cost(50.0, 100.0, 100.000_000_1, Span::from_secs(10)).recovery,
            None
        );
    }
}
