//! Many samples made one for each set of labels, as Prometheus does it.

use rustc_hash::FxHashMap;

use super::super::expr::{Aggregate, Fold};
use super::super::frame::{Frame, Sample, SetId};
use crate::catalog::Doubt;

/// What a group has come to.
struct Sum {
    value: Option<f64>,
    count: f64,
    doubt: Doubt,
    /// A part without a value is missing.
    lacks: bool,
}

pub(super) fn fold(
    aggregate: &Aggregate,
    samples: Vec<Sample>,
    frame: &mut Frame<'_>,
) -> Vec<Sample> {
    let mut order: Vec<SetId> = Vec::new();
    let mut sums: FxHashMap<SetId, Sum> = FxHashMap::default();
    for sample in samples {
        let part = frame.part(sample.labels, &aggregate.by);
        let sum = sums.entry(part).or_insert_with(|| {
            order.push(part);
            Sum {
                value: None,
                count: 0.0,
                doubt: Doubt::None,
                lacks: false,
            }
        });
        sum.add(aggregate.op, sample);
    }
    order
        .into_iter()
        .filter_map(|labels| Some(sums.get(&labels)?.sample(aggregate.op, labels)))
        .collect()
}

impl Sum {
    fn add(&mut self, op: Fold, sample: Sample) {
        let Some(value) = sample.value else {
            self.lacks = true;
            return;
        };
        self.doubt = self.doubt.max(sample.doubt);
        self.count += 1.0;
        self.value = Some(match (self.value, op) {
            (None, Fold::Count) => 1.0,
            (None, _) => value,
            (Some(so_far), Fold::Sum) => so_far + value,
            (Some(so_far), Fold::Count) => so_far + 1.0,
            // Any number beats one that is none.
            (Some(so_far), Fold::Max) if so_far < value || so_far.is_nan() => value,
            (Some(so_far), Fold::Min) if so_far > value || so_far.is_nan() => value,
            (Some(so_far), Fold::Max | Fold::Min) => so_far,
            (Some(so_far), Fold::Avg) => mean(so_far, value, self.count),
        });
    }

    fn sample(&self, op: Fold, labels: SetId) -> Sample {
        let grows = matches!(op, Fold::Sum | Fold::Max | Fold::Count);
        let lacking = if !self.lacks {
            Doubt::None
        } else if grows && self.value.is_none_or(|v| v >= 0.0) {
            Doubt::LowerBound
        } else {
            Doubt::Stale
        };
        Sample {
            labels,
            value: self.value,
            doubt: if self.value.is_none() {
                Doubt::Unknown
            } else {
                self.doubt.max(lacking)
            },
        }
    }
}

/// The mean moved by one more value: Prometheus' own steps, which no sum can overflow.
fn mean(mean: f64, value: f64, count: f64) -> f64 {
    if mean.is_infinite()
        && (value.is_finite() || (value.is_infinite() && (mean > 0.0) == (value > 0.0)))
    {
        return mean;
    }
    mean + (value / count - mean / count)
}
