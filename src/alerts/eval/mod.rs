//! Evaluation: from an expression and a frame of samples to the samples that it gives.
//!
//! What has a value is what Prometheus gives for the same samples. Beside it go those without
//! one: label sets that are missing only because a reading is not known, or that a filter dropped
//! on a reading in doubt. They never change a value; they tell which alerts have to be held.

mod aggregate;
mod join;
mod limit;
mod numbers;
#[cfg(test)]
mod tests;

pub(crate) use limit::limit;

use crate::catalog::Doubt;

use super::expr::{Absent, Binary, Compare, Expr, Op};
use super::frame::{Frame, Sample};
use numbers::{compare, compared_doubt, math, math_doubt};

/// What an expression gives.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// One number.
    Scalar(f64),
    /// Samples.
    Vector(Vec<Sample>),
}

/// Evaluates.
///
/// # Errors
///
/// What Prometheus turns away at evaluation: samples that match more than one.
pub(crate) fn evaluate(expr: &Expr, frame: &mut Frame<'_>) -> Result<Value, String> {
    Ok(match expr {
        Expr::Number(number) => Value::Scalar(*number),
        Expr::Select(selector) => Value::Vector(frame.select(selector)),
        Expr::Negate(inner) => negate(evaluate(inner, frame)?),
        Expr::Binary(binary) => self::binary(binary, frame)?,
        Expr::Aggregate(aggregate) => {
            let of = evaluate(&aggregate.of, frame)?;
            Value::Vector(aggregate::fold(aggregate, vector(of, frame), frame))
        }
        Expr::Absent(absent) => Value::Vector(self::absent(absent, frame)?),
    })
}

/// As samples: a number becomes one without labels, as it does for a rule.
pub(crate) fn vector(value: Value, frame: &mut Frame<'_>) -> Vec<Sample> {
    match value {
        Value::Vector(samples) => samples,
        Value::Scalar(number) => vec![Sample {
            labels: frame.labels(std::iter::empty()),
            value: Some(number),
            doubt: Doubt::None,
        }],
    }
}

fn negate(value: Value) -> Value {
    match value {
        Value::Scalar(number) => Value::Scalar(-number),
        Value::Vector(mut samples) => {
            for sample in &mut samples {
                sample.value = sample.value.map(|v| -v);
                sample.doubt = numbers::blurred(sample.doubt);
            }
            Value::Vector(samples)
        }
    }
}

fn binary(binary: &Binary, frame: &mut Frame<'_>) -> Result<Value, String> {
    let left = evaluate(&binary.left, frame)?;
    let right = evaluate(&binary.right, frame)?;
    match (left, right) {
        (Value::Scalar(l), Value::Scalar(r)) => Ok(Value::Scalar(match binary.op {
            Op::Math(op) => math(op, l, r),
            Op::Compare(op) => f64::from(u8::from(compare(op, l, r))),
            Op::Set(_) => return Err("a set operation between numbers".to_owned()),
        })),
        (Value::Vector(samples), Value::Scalar(number)) => {
            Ok(Value::Vector(with_number(binary, samples, number, false)))
        }
        (Value::Scalar(number), Value::Vector(samples)) => {
            Ok(Value::Vector(with_number(binary, samples, number, true)))
        }
        (Value::Vector(left), Value::Vector(right)) => {
            let joined = match binary.op {
                Op::Set(op) => join::set(op, &binary.matching, left, right, frame),
                _ => join::join(binary, left, right, frame)?,
            };
            Ok(Value::Vector(joined))
        }
    }
}

/// Samples on one side and a number on the other; `swapped`: the number is on the left.
fn with_number(binary: &Binary, samples: Vec<Sample>, number: f64, swapped: bool) -> Vec<Sample> {
    let sides = |value: f64| {
        if swapped {
            (number, value)
        } else {
            (value, number)
        }
    };
    let doubts = |doubt| {
        if swapped {
            (Doubt::None, doubt)
        } else {
            (doubt, Doubt::None)
        }
    };
    let one = |sample: Sample| {
        let (l, r) = doubts(sample.doubt);
        let Some(value) = sample.value else {
            return Some(sample);
        };
        let (left, right) = sides(value);
        match binary.op {
            Op::Math(op) => Some(Sample {
                value: Some(math(op, left, right)),
                doubt: math_doubt(op, l, r, left, right),
                ..sample
            }),
            Op::Compare(op) => filter(op, binary.bool, sample, (left, right), (l, r), value),
            Op::Set(_) => None,
        }
    };
    samples.into_iter().filter_map(one).collect()
}

/// A comparison: kept, dropped, or dropped though nobody knows.
fn filter(
    op: Compare,
    bool: bool,
    sample: Sample,
    (left, right): (f64, f64),
    (l, r): (Doubt, Doubt),
    kept: f64,
) -> Option<Sample> {
    let holds = compare(op, left, right);
    let doubt = compared_doubt(op, holds, l, r);
    if bool {
        return Some(Sample {
            value: Some(f64::from(u8::from(holds))),
            doubt,
            ..sample
        });
    }
    if holds {
        let value = Some(kept);
        return Some(Sample {
            value,
            doubt,
            ..sample
        });
    }
    (doubt != Doubt::None).then_some(Sample {
        value: None,
        doubt,
        ..sample
    })
}

fn absent(absent: &Absent, frame: &mut Frame<'_>) -> Result<Vec<Sample>, String> {
    let of = evaluate(&absent.of, frame)?;
    let of = vector(of, frame);
    let sure = of
        .iter()
        .any(|s| s.value.is_some() && s.doubt == Doubt::None);
    let there = of.iter().any(|s| s.value.is_some());
    if sure {
        return Ok(Vec::new());
    }
    let labels = absent.labels.iter().map(|(n, v)| (&**n, &**v));
    Ok(vec![Sample {
        labels: frame.labels(labels),
        value: (!there).then_some(1.0),
        doubt: if of.is_empty() {
            Doubt::None
        } else {
            Doubt::Stale
        },
    }])
}
