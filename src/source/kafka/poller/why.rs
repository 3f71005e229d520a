//! What an error code calls for, and how it is told.

use super::super::admin::TIMED_OUT;
use super::super::ffi::{KafkaFailure, error_name};
use crate::model::Why;

/// What helps against a failure within the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The leader moved, or the client holds a stale epoch: fetch whole metadata, ask again.
    Metadata,
    /// It passes: ask again shortly.
    Again,
    /// Nothing: no right, no such thing, no answer.
    Nothing,
}

/// UNKNOWN_TOPIC_OR_PARTITION.
pub(super) const UNKNOWN_TOPIC: i32 = 3;
/// UNKNOWN_TOPIC_ID.
pub(super) const UNKNOWN_TOPIC_ID: i32 = 100;

/// The remedy for an error code.
pub(super) fn remedy(code: i32) -> Remedy {
    match code {
        // Unknown topic or partition, leader not available, not leader, no such listener, fenced
        // and unknown leader epochs, offset not available; unknown topic id; librdkafka's own
        // "unknown topic", "unknown partition", "no such entry".
        3 | 5 | 6 | 72 | 74 | 75 | 76 | 78 | 100 | -188 | -190 | -156 => Remedy::Metadata,
        // Request timed out at the broker, network, coordinator loading, not available, moved;
        // replica not available, unstable offsets; lost connection, no broker just now.
        7 | 9 | 13 | 14 | 15 | 16 | 56 | 88 | -195 | -180 | -153 | -137 => Remedy::Again,
        _ => Remedy::Nothing,
    }
}

/// Whether the code says that nobody answered.
pub(super) fn timed_out(code: i32) -> bool {
    code == TIMED_OUT || code == -192
}

/// An offset below −1 with error 0 is what librdkafka gives for a broker that never answered.
pub(super) fn element_failure(error: i32, offset: i64, none_is_minus_one: bool) -> Option<i32> {
    if error != 0 {
        return Some(error);
    }
    let valid = if none_is_minus_one {
        offset >= -1
    } else {
        offset >= 0
    };
    (!valid).then_some(TIMED_OUT)
}

/// A failure in words: what, and of which broker where that is known.
pub(super) fn why(code: i32, broker: i32) -> Why {
    let whom = match broker {
        -1 => "the cluster".to_owned(),
        id => format!("broker {id}"),
    };
    Why::text(match code {
        code if timed_out(code) => format!("{whom} did not answer in time"),
        5 => "the partition has no leader".to_owned(),
        29..=31 => format!("no right to read this ({})", error_name(code)),
        code => format!("{}: {whom}", error_name(code)),
    })
}

/// As [`why`], for a failure with a text of its own.
pub(super) fn why_failed(failure: &KafkaFailure, broker: i32) -> Why {
    why(failure.code, broker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_below_zero_without_an_error_is_a_failure() {
        assert_eq!(element_failure(0, -1001, false), Some(TIMED_OUT));
        assert_eq!(element_failure(0, -1, false), Some(TIMED_OUT));
        assert_eq!(element_failure(0, -1, true), None);
        assert_eq!(element_failure(0, 0, false), None);
        assert_eq!(element_failure(74, 17, false), Some(74));
    }

    #[test]
    fn reasons_name_the_broker() {
        assert_eq!(
            why(TIMED_OUT, 2).as_str(),
            "broker 2 did not answer in time"
        );
        assert_eq!(
            why(30, -1).as_str(),
            "no right to read this (GROUP_AUTHORIZATION_FAILED)"
        );
        assert_eq!(why(74, 3).as_str(), "FENCED_LEADER_EPOCH: broker 3");
    }
}
