//! What the value of an alert is held against, where a rule says that with a number.

use super::super::expr::{Binary, Compare, Expr, Math, Op, Set};
use super::numbers::math;

/// The number that the value of an expression was compared with when it was let through; none where it
/// was compared with another series, or where that cannot be told. Of two ways to be let through
/// (`or`), one that anything finite goes is no limit.
pub(crate) fn limit(expr: &Expr) -> Option<f64> {
    compared(expr).filter(|n| n.is_finite())
}

fn compared(expr: &Expr) -> Option<f64> {
    let Expr::Binary(binary) = expr else {
        return None;
    };
    match binary.op {
        Op::Compare(Compare::Equal | Compare::NotEqual) => None,
        Op::Compare(_) if binary.bool => None,
        // With a number on the left, it is the other side that is let through.
        Op::Compare(_) => number(&binary.right).or_else(|| number(&binary.left)),
        Op::Set(Set::And | Set::Unless) => compared(&binary.left),
        Op::Set(Set::Or) => either(compared(&binary.left)?, compared(&binary.right)?),
        Op::Math(Math::Multiply) if is_info(&binary.right) => compared(&binary.left),
        Op::Math(_) => None,
    }
}

fn either(left: f64, right: f64) -> Option<f64> {
    match (left.is_finite(), right.is_finite()) {
        (true, true) => (left.to_bits() == right.to_bits()).then_some(left),
        (true, false) => Some(left),
        _ => Some(right),
    }
}

/// Series of that name are 1: what they are multiplied with gets their labels and stays as it is.
fn is_info(expr: &Expr) -> bool {
    matches!(expr, Expr::Select(selector) if selector.name.ends_with("_info"))
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Number(number) => Some(*number),
        Expr::Negate(inner) => number(inner).map(|n| -n),
        Expr::Binary(binary) => {
            let Binary {
                op: Op::Math(op),
                left,
                right,
                ..
            } = &**binary
            else {
                return None;
            };
            Some(math(*op, number(left)?, number(right)?))
        }
        Expr::Select(_) | Expr::Aggregate(_) | Expr::Absent(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::expr::compile;
    use super::*;

    #[test]
    fn a_number_that_the_value_was_compared_with_is_its_limit() {
        for (text, expected) in [
            ("a > 5", Some(5.0)),
            ("5 < a", Some(5.0)),
            ("a < 4 * 3600", Some(14_400.0)),
            ("a > -1 unless on (g) b == 1", Some(-1.0)),
            (
                "(a < 9 or a < Inf and on (g) b > 0) * on (g) group_left (o) c_info",
                Some(9.0),
            ),
            ("sum by (g) (a) >= 3", Some(3.0)),
            // It could have been either, or is another number by now, or no limit at all.
            ("a > 5 or b > 6", None),
            ("a > 5 or b > on (g) c", None),
            ("(a > 5) * 2", None),
            ("(a > 5) * on (g) b", None),
            ("a > bool 5", None),
            ("a == 1", None),
            ("a < Inf", None),
            ("a > on (g) b", None),
            ("a", None),
        ] {
            assert_eq!(limit(&compile(text).unwrap()), expected, "{text}");
        }
    }
}
