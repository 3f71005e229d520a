//! Burrow's rules over a ring of ten commits, on the same observations.

use laggard::model::Timestamp;

use super::observed::{SeenCommit, SeenLog};

/// What Burrow says of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Burrow {
    /// Nothing.
    Ok,
    /// Lag never fell from commit to commit.
    Warning,
    /// Commits come and do not move.
    Stall,
    /// Commits went back.
    Rewind,
    /// Commits no longer come.
    Stop,
}

/// Its evaluator's order: nothing unread is well; then stopped, rewound, and, if lag was never 0, stalled and growing.
pub fn judge(log: &SeenLog, commit: &SeenCommit, now: Timestamp) -> Burrow {
    let (Some(end), Some(first), Some(last)) = (log.end(), commit.ring.front(), commit.ring.back())
    else {
        return Burrow::Ok;
    };
    if end - last.1 <= 0 {
        return Burrow::Ok;
    }
    let stopped = now - last.0 > last.0 - first.0;
    let lately_zero = log.recent_ends.iter().any(|end| *end <= last.1);
    if stopped && !lately_zero {
        return Burrow::Stop;
    }
    let pairs = || commit.ring.iter().zip(commit.ring.iter().skip(1));
    if pairs().any(|(a, b)| b.1 < a.1) {
        return Burrow::Rewind;
    }
    if commit.ring.iter().any(|entry| entry.2 == 0) {
        return Burrow::Ok;
    }
    if commit.ring.len() > 1 && commit.ring.iter().all(|entry| entry.1 == first.1) {
        return Burrow::Stall;
    }
    if commit.ring.len() > 1 && pairs().all(|(a, b)| b.2 >= a.2) {
        return Burrow::Warning;
    }
    Burrow::Ok
}
