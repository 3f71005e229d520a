//! Arithmetic and comparison as Prometheus does them, and what becomes of doubt.

use super::super::expr::{Compare, Math};
use crate::catalog::Doubt;

pub(super) fn math(op: Math, left: f64, right: f64) -> f64 {
    match op {
        Math::Add => left + right,
        Math::Subtract => left - right,
        Math::Multiply => left * right,
        Math::Divide => left / right,
        Math::Modulo => left % right,
        Math::Power => left.powf(right),
    }
}

#[expect(clippy::float_cmp, reason = "PromQL compares exactly")]
pub(super) fn compare(op: Compare, left: f64, right: f64) -> bool {
    match op {
        Compare::Equal => left == right,
        Compare::NotEqual => left != right,
        Compare::Less => left < right,
        Compare::LessOrEqual => left <= right,
        Compare::Greater => left > right,
        Compare::GreaterOrEqual => left >= right,
    }
}

/// A bound from below that is turned round is none.
pub(super) fn blurred(doubt: Doubt) -> Doubt {
    match doubt {
        Doubt::LowerBound => Doubt::Stale,
        other => other,
    }
}

/// The doubt in a number made of two: a lower bound stays one where more on that side makes the
/// number greater.
pub(super) fn math_doubt(op: Math, l: Doubt, r: Doubt, left: f64, right: f64) -> Doubt {
    match op {
        Math::Add => l.max(r),
        Math::Subtract => l.max(blurred(r)),
        Math::Multiply if left >= 0.0 && right >= 0.0 => l.max(r),
        Math::Divide if right > 0.0 => l.max(blurred(r)),
        _ => blurred(l).max(blurred(r)),
    }
}

/// The doubt in a comparison's outcome. Where a lower bound is above, so is the truth.
pub(super) fn compared_doubt(op: Compare, holds: bool, l: Doubt, r: Doubt) -> Doubt {
    let (up, down) = (
        matches!(op, Compare::Greater | Compare::GreaterOrEqual),
        matches!(op, Compare::Less | Compare::LessOrEqual),
    );
    // `bears`: more on this side only makes the outcome surer.
    let settle = |doubt: Doubt, bears: bool| match doubt {
        Doubt::LowerBound if bears => Doubt::None,
        other => blurred(other),
    };
    settle(l, (up && holds) || (down && !holds)).max(settle(r, (down && holds) || (up && !holds)))
}
