//! Where each alert of a rule stands: exactly as in Prometheus where nothing is held.
//!
//! Source: Prometheus' `AlertingRule.Eval`. An alert is pending once the expression gives its
//! labels, firing once it has for as long as `for`, and goes on firing for `keep_firing_for` after
//! the last time. A resolved one is kept for 15 minutes, so that it is told of more than once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::eval::{evaluate, vector};
use super::expr::{ALERTS, Expr, compile};
use super::frame::{Frame, Sample, SetId};
use super::rules::Rule;
use super::template::{LabelMap, Query};
use crate::catalog::Doubt;
use crate::model::{Alert, AlertState, RulePlace, Span, Timestamp};

/// How long a resolved alert is kept.
const RESOLVED_KEPT: Span = Span::from_secs(15 * 60);

/// What an evaluation needs to know beside the samples.
pub(crate) struct Surroundings<'a> {
    /// The instant.
    pub(crate) at: Timestamp,
    /// The label that names a cluster.
    pub(crate) cluster_label: &'a str,
    /// Clusters of which not everything was seen yet: what misses there is not gone.
    pub(crate) unread: Vec<Arc<str>>,
}

/// Puts the series `ALERTS` into a frame, as Prometheus makes it of each rule's alerts once the rule
/// is evaluated: so a rule sees its own as they were before.
pub(crate) fn tell_alerts<'s>(states: impl Iterator<Item = &'s RuleState>, frame: &mut Frame<'_>) {
    let active = states.flat_map(|state| &state.active);
    let told = active.filter_map(|(labels, instance)| {
        let state = match instance.state {
            AlertState::Pending => "pending",
            AlertState::Firing => "firing",
            AlertState::Resolved => return None,
        };
        let labels = labels.iter().map(|(n, v)| (&**n, &**v));
        Some(labels.chain([("alertstate", state)]))
    });
    frame.put(ALERTS, told);
}

/// The alerts of one rule, by their labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RuleState {
    active: BTreeMap<Arc<LabelMap>, Instance>,
    /// Why the last evaluation failed; the alerts are then as they were.
    pub(crate) error: Option<Arc<str>>,
    /// When it was last evaluated.
    pub(crate) evaluated: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Instance {
    /// The labels that the expression gave, the rule's own left out.
    series: LabelMap,
    annotations: LabelMap,
    value: f64,
    state: AlertState,
    active_at: Timestamp,
    fired_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    keep_firing_since: Option<Timestamp>,
    held: Option<Arc<str>>,
}

/// What the expression gives for one alert.
struct Fresh {
    series: LabelMap,
    annotations: LabelMap,
    value: f64,
    doubt: Doubt,
}

const HELD_FIRING: &str = "a reading that it rests on is not fresh, so it is not taken as resolved";
const HELD_PENDING: &str = "a reading that it rests on is not fresh, so it does not fire yet";
const UNREAD: &str = "not everything on the cluster was read yet, so it is not taken as resolved";

impl RuleState {
    /// Evaluates the rule and moves its alerts on.
    pub(crate) fn evaluate(
        &mut self,
        rule: &Rule,
        limit: usize,
        now: &Surroundings<'_>,
        frame: &mut Frame<'_>,
    ) {
        self.evaluated = Some(now.at);
        let found = evaluate(&rule.expr, frame)
            .map(|value| vector(value, frame))
            .and_then(|samples| Ok((fresh(rule, &samples, frame)?, ghosts(&samples))));
        match found {
            Ok((fresh, ghosts)) => {
                self.error = None;
                self.advance(rule, fresh, &ghosts, now, frame);
                if limit > 0 && self.counted() > limit {
                    let text = format!("exceeded limit of {limit} with {} alerts", self.counted());
                    self.error = Some(text.into());
                    self.active.clear();
                }
            }
            Err(why) => self.error = Some(why.into()),
        }
    }

    /// The clock was set back.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.evaluated = self.evaluated.map(|t| t - by);
        for i in self.active.values_mut() {
            i.active_at = i.active_at - by;
            for at in [
                &mut i.fired_at,
                &mut i.resolved_at,
                &mut i.keep_firing_since,
            ] {
                *at = at.map(|t| t - by);
            }
        }
    }

    fn counted(&self) -> usize {
        let active = self.active.values();
        active.filter(|i| i.state != AlertState::Resolved).count()
    }

    fn advance(
        &mut self,
        rule: &Rule,
        fresh: BTreeMap<Arc<LabelMap>, Fresh>,
        ghosts: &FxHashMap<SetId, Doubt>,
        now: &Surroundings<'_>,
        frame: &mut Frame<'_>,
    ) {
        self.active.retain(|labels, instance| {
            fresh.contains_key(labels) || instance.miss(rule, ghosts, now, frame)
        });
        for (labels, fresh) in fresh {
            let instance = match self.active.get_mut(&labels) {
                Some(instance) if instance.state != AlertState::Resolved => instance,
                _ => {
                    let new = Instance::new(fresh.series.clone(), now.at);
                    self.active.insert(Arc::clone(&labels), new);
                    let Some(new) = self.active.get_mut(&labels) else {
                        continue;
                    };
                    new
                }
            };
            instance.meet(rule, fresh, now.at);
        }
    }

    /// The alerts, in order of their labels.
    pub(crate) fn alerts<'a>(
        &'a self,
        rule: &'a Rule,
        place: &'a RulePlace,
    ) -> impl Iterator<Item = Alert> + 'a {
        self.active.iter().map(|(labels, instance)| Alert {
            name: Arc::clone(&rule.name),
            state: instance.state,
            rule: place.clone(),
            labels: LabelMap::clone(labels),
            annotations: instance.annotations.clone(),
            value: Some(instance.value).filter(|v| v.is_finite()),
            active_since: instance.active_at,
            fired_at: instance.fired_at,
            resolved_at: instance.resolved_at,
            held: instance.held.clone(),
            threshold: rule.limit,
            silenced: None,
            delivery: None,
        })
    }
}

impl Instance {
    fn new(series: LabelMap, at: Timestamp) -> Self {
        Self {
            series,
            annotations: LabelMap::new(),
            value: 0.0,
            state: AlertState::Pending,
            active_at: at,
            fired_at: None,
            resolved_at: None,
            keep_firing_since: None,
            held: None,
        }
    }

    /// The expression gives it.
    fn meet(&mut self, rule: &Rule, fresh: Fresh, at: Timestamp) {
        (self.series, self.annotations, self.value) =
            (fresh.series, fresh.annotations, fresh.value);
        (self.keep_firing_since, self.held) = (None, None);
        if self.state == AlertState::Pending && at - self.active_at >= rule.hold_for {
            // Only what is known makes an alert: its time goes on, but it does not fire.
            if fresh.doubt >= Doubt::Stale {
                self.held = Some(HELD_PENDING.into());
            } else {
                self.state = AlertState::Firing;
                self.fired_at = Some(at);
            }
        } else if self.state == AlertState::Firing && fresh.doubt >= Doubt::Stale {
            self.held = Some(HELD_FIRING.into());
        }
    }

    /// The expression does not give it. Whether it is kept at all.
    fn miss(
        &mut self,
        rule: &Rule,
        ghosts: &FxHashMap<SetId, Doubt>,
        now: &Surroundings<'_>,
        frame: &mut Frame<'_>,
    ) -> bool {
        if self.state == AlertState::Resolved {
            let kept = |at: Timestamp| now.at - at <= RESOLVED_KEPT;
            return self.resolved_at.is_none_or(kept);
        }
        if let Some(why) = self.held_by(ghosts, now, frame) {
            self.held = Some(why.into());
            return true;
        }
        self.held = None;
        if self.state == AlertState::Pending {
            return false;
        }
        if rule.keep_firing_for > Span::ZERO {
            let since = *self.keep_firing_since.get_or_insert(now.at);
            if now.at - since < rule.keep_firing_for {
                return true;
            }
        }
        (self.state, self.resolved_at) = (AlertState::Resolved, Some(now.at));
        true
    }

    /// Why it makes no step towards resolved, if it makes none.
    fn held_by(
        &self,
        ghosts: &FxHashMap<SetId, Doubt>,
        now: &Surroundings<'_>,
        frame: &mut Frame<'_>,
    ) -> Option<&'static str> {
        let cluster = self.series.get(now.cluster_label);
        if cluster.is_some_and(|c| now.unread.contains(c)) {
            return Some(UNREAD);
        }
        if ghosts.is_empty() {
            return None;
        }
        let set = frame.labels(self.series.iter().map(|(n, v)| (&**n, &**v)));
        ghosts.contains_key(&set).then_some(HELD_FIRING)
    }
}

/// Samples that are missing only because something is not known.
fn ghosts(samples: &[Sample]) -> FxHashMap<SetId, Doubt> {
    let missing = samples.iter().filter(|s| s.value.is_none());
    missing.map(|s| (s.labels, s.doubt)).collect()
}

fn fresh(
    rule: &Rule,
    samples: &[Sample],
    frame: &mut Frame<'_>,
) -> Result<BTreeMap<Arc<LabelMap>, Fresh>, String> {
    let mut all = BTreeMap::new();
    for sample in samples {
        let Some(value) = sample.value else { continue };
        let series: LabelMap = owned(frame, sample.labels);
        let mut labels = series.clone();
        for (name, template) in &rule.labels {
            let text = template.fill(&series, value, &mut Asking(frame));
            // An empty label is none.
            if text.is_empty() {
                labels.remove(name);
            } else {
                labels.insert(Arc::clone(name), text.into());
            }
        }
        labels.insert("alertname".into(), Arc::clone(&rule.name));
        let annotations = rule.annotations.iter().map(|(name, template)| {
            let text = template.fill(&series, value, &mut Asking(frame));
            (Arc::clone(name), text.into())
        });
        let fresh = Fresh {
            annotations: annotations.collect(),
            series,
            value,
            doubt: sample.doubt,
        };
        if all.insert(Arc::new(labels), fresh).is_some() {
            return Err(
                "vector contains metrics with the same labelset after applying alert labels"
                    .to_owned(),
            );
        }
    }
    Ok(all)
}

fn owned(frame: &Frame<'_>, set: SetId) -> LabelMap {
    let labels = frame.texts(set);
    labels
        .map(|(n, v)| (Arc::clone(n), Arc::clone(v)))
        .collect()
}

/// What templates may ask: the samples of the same evaluation.
struct Asking<'f, 's>(&'f mut Frame<'s>);

impl Query for Asking<'_, '_> {
    fn query(&mut self, expr: &str) -> Result<Vec<(LabelMap, f64)>, String> {
        let expr: Expr = compile(expr)?;
        let value = evaluate(&expr, self.0)?;
        let samples = vector(value, self.0);
        let with_value = samples.iter().filter_map(|s| Some((s.labels, s.value?)));
        let mut found: Vec<_> = with_value
            .map(|(labels, value)| (owned(self.0, labels), value))
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }
}
