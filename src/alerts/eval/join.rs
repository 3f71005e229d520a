//! Two vectors: matched one to one, many to one, or as sets.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::expr::{Binary, Card, Matching, Op, Set};
use super::super::frame::{Frame, Sample, SetId};
use super::filter;
use super::numbers::{math, math_doubt};
use crate::catalog::Doubt;

/// Arithmetic and comparison between samples that belong together.
///
/// # Errors
///
/// As Prometheus: when it cannot be told which sample belongs to which.
pub(super) fn join(
    binary: &Binary,
    left: Vec<Sample>,
    right: Vec<Sample>,
    frame: &mut Frame<'_>,
) -> Result<Vec<Sample>, String> {
    let swapped = binary.matching.card == Card::OneToMany;
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    // Prometheus looks no further where a side is empty.
    let none = |side: &[Sample]| side.iter().all(|s| s.value.is_none());
    let either_is_empty = none(&many) || none(&one);
    let ones = ones(binary, &one, swapped, either_is_empty, frame)?;
    let mut seen: FxHashMap<SetId, FxHashSet<SetId>> = FxHashMap::default();
    let mut joined = Vec::with_capacity(many.len().min(one.len()));
    for sample in many {
        let part = frame.part(sample.labels, &binary.matching.by);
        let Some(other) = ones.get(&part) else {
            continue;
        };
        let Some(mut result) = pair(binary, sample, *other, swapped) else {
            continue;
        };
        result.labels = labels(&binary.matching, sample, *other, part, frame);
        if result.value.is_some() {
            let known = seen.entry(part).or_default();
            let one_to_one = binary.matching.card == Card::OneToOne;
            if (one_to_one && !known.is_empty()) || !known.insert(result.labels) {
                return Err(if one_to_one {
                    "multiple matches for labels: many-to-one matching must be explicit \
                     (group_left/group_right)"
                        .to_owned()
                } else {
                    "multiple matches for labels: grouping labels must ensure unique matches"
                        .to_owned()
                });
            }
        }
        joined.push(result);
    }
    Ok(joined)
}

/// The side of which one sample at the most may belong to a match group.
fn ones(
    binary: &Binary,
    one: &[Sample],
    swapped: bool,
    either_is_empty: bool,
    frame: &mut Frame<'_>,
) -> Result<FxHashMap<SetId, Sample>, String> {
    let mut ones: FxHashMap<SetId, Sample> = FxHashMap::default();
    ones.reserve(one.len());
    for sample in one {
        let part = frame.part(sample.labels, &binary.matching.by);
        match ones.get(&part) {
            Some(there) if there.value.is_some() => {
                if sample.value.is_some() && !either_is_empty {
                    let side = if swapped { "left" } else { "right" };
                    return Err(format!(
                        "found duplicate series for the match group {} on the {side} hand-side \
                         of the operation: many-to-many matching not allowed",
                        named(part, frame)
                    ));
                }
            }
            _ => _ = ones.insert(part, *sample),
        }
    }
    Ok(ones)
}

fn named(set: SetId, frame: &Frame<'_>) -> String {
    let mut labels: Vec<_> = frame
        .texts(set)
        .map(|(n, v)| format!("{n}={v:?}"))
        .collect();
    labels.sort();
    format!("{{{}}}", labels.join(", "))
}

/// One result, its labels still those of the many.
fn pair(binary: &Binary, many: Sample, one: Sample, swapped: bool) -> Option<Sample> {
    let (l, r) = if swapped { (one, many) } else { (many, one) };
    let (Some(left), Some(right)) = (l.value, r.value) else {
        return Some(Sample {
            value: None,
            doubt: Doubt::Unknown,
            ..many
        });
    };
    match binary.op {
        Op::Math(op) => Some(Sample {
            value: Some(math(op, left, right)),
            doubt: math_doubt(op, l.doubt, r.doubt, left, right),
            ..many
        }),
        Op::Compare(op) => {
            let (sides, doubts) = ((left, right), (l.doubt, r.doubt));
            filter(op, binary.bool, many, sides, doubts, left)
        }
        Op::Set(_) => None,
    }
}

fn labels(
    matching: &Matching,
    many: Sample,
    one: Sample,
    part: SetId,
    frame: &mut Frame<'_>,
) -> SetId {
    match matching.card {
        // `on` keeps its labels alone, `ignoring` drops its own: just the part that was matched.
        Card::OneToOne => part,
        Card::ManyToOne | Card::OneToMany => {
            frame.include(many.labels, one.labels, &matching.include)
        }
    }
}

/// What a side has of one match group.
#[derive(Clone, Copy, Default)]
struct Has {
    value: bool,
    /// A value that is not in doubt.
    sure: bool,
}

fn groups(side: &[Sample], by: &Matching, frame: &mut Frame<'_>) -> FxHashMap<SetId, Has> {
    let mut groups: FxHashMap<SetId, Has> = FxHashMap::default();
    groups.reserve(side.len());
    for sample in side {
        let has = groups.entry(frame.part(sample.labels, &by.by)).or_default();
        has.value |= sample.value.is_some();
        has.sure |= sample.value.is_some() && sample.doubt == Doubt::None;
    }
    groups
}

/// `and`, `or`, `unless`.
pub(super) fn set(
    op: Set,
    matching: &Matching,
    left: Vec<Sample>,
    right: Vec<Sample>,
    frame: &mut Frame<'_>,
) -> Vec<Sample> {
    if op == Set::Or {
        return or(matching, left, right, frame);
    }
    let right_has = groups(&right, matching, frame);
    let mut doubts: FxHashMap<SetId, Doubt> = FxHashMap::default();
    for sample in &right {
        let part = frame.part(sample.labels, &matching.by);
        let least = doubts.entry(part).or_insert(sample.doubt);
        *least = (*least).min(sample.doubt);
    }
    let mut kept = Vec::new();
    for mut sample in left {
        let part = frame.part(sample.labels, &matching.by);
        let has = right_has.get(&part).copied();
        let doubt = doubts.get(&part).copied().unwrap_or_default();
        match (op, has) {
            (Set::And, None) | (Set::Unless, Some(Has { sure: true, .. })) => continue,
            (Set::And, Some(has)) => {
                sample.doubt = sample.doubt.max(doubt);
                sample.value = sample.value.filter(|_| has.value);
            }
            (_, Some(has)) if has.value => {
                sample.doubt = sample.doubt.max(Doubt::Stale);
                sample.value = None;
            }
            (_, Some(_)) => sample.doubt = sample.doubt.max(Doubt::Stale),
            (_, None) => {}
        }
        kept.push(sample);
    }
    kept
}

fn or(
    matching: &Matching,
    mut left: Vec<Sample>,
    right: Vec<Sample>,
    frame: &mut Frame<'_>,
) -> Vec<Sample> {
    let left_has = groups(&left, matching, frame);
    let has = |sample: &Sample, frame: &mut Frame<'_>| {
        let part = frame.part(sample.labels, &matching.by);
        left_has.get(&part).copied().unwrap_or_default()
    };
    for sample in right {
        let there = has(&sample, frame);
        if !there.value {
            left.push(sample);
        }
    }
    left
}
