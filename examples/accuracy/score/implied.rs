//! How soon a trouble must be told: what its rule waits for, and the reads that it takes to see it.

use laggard::sim::spec::{Cause, MINUTE, Millis, SECOND};

/// Silence shorter than this makes nothing stopped.
const STOP_FLOOR: Millis = 2 * MINUTE;
/// Silence shorter than this makes nothing stalled.
const STALL_FLOOR: Millis = 5 * MINUTE;
/// So long members may turn over before growth counts all the same.
const TURNOVER: Millis = 10 * MINUTE;
/// A storm is told from what ten minutes show.
const STORM: Millis = 10 * MINUTE;
/// Brokers' default of `transaction.max.timeout.ms`.
const TRANSACTION: Millis = 15 * MINUTE;
/// How often topics' ids are read.
const METADATA: Millis = MINUTE;

/// The longest delay of `what` that the rules imply, in milliseconds, where log ends are read each `poll` and a member
/// commits each `gap`. Seeing anything takes a commit and a poll; being sure of it another poll.
pub fn implied(what: &str, cause: Cause, poll: Millis, gap: Millis) -> Millis {
    let seeing = gap + 2 * poll + 2 * SECOND;
    let window = (5 * gap.max(poll)).clamp(2 * MINUTE, 30 * MINUTE);
    seeing
        + match what {
            "stopped" => STOP_FLOOR.max(3 * poll),
            "stalled" => STALL_FLOOR.max(3 * poll),
            "falling_behind" if cause == Cause::RebalanceStorm => TURNOVER + window,
            "falling_behind" => window,
            "rebalancing_storm" => STORM,
            "txn_blocked" => TRANSACTION,
            "recreated" => METADATA,
            _ => 0,
        }
}
