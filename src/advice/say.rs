//! What to tell people about a group: most urgent first, each piece with its evidence and a command.
//!
//! In: a group's snapshot, what is known of it beyond that, and how its cluster is reached. Out: [`Said`] pieces. A pure function of these: an
//! instant stands where an age would, so that what was said stays true until the group changes. A healthy
//! group gets none; where the evidence is thin, silence.

mod cause;
mod command;
mod lever;
mod limit;
mod offsets;
mod plan;
mod scale;
mod shape;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use super::hold::Memory;
use super::situation::Situation;
use crate::model::{
    Advice, AdviceKind, AdviceSeverity, Broker, ClusterName, GroupSnapshot, Plan, Timestamp,
};
use crate::words::text::shell;

/// A piece of advice, and from when on it is to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The piece.
    pub advice: Arc<Advice>,
    /// Not before this instant; none: at once.
    pub not_before: Option<Timestamp>,
}

/// Whom advice is for.
struct About<'a> {
    cluster: &'a ClusterName,
    /// What `--bootstrap-server` takes.
    servers: &'a str,
    brokers: &'a [Broker],
    group: &'a GroupSnapshot,
    memory: Memory,
}

impl About<'_> {
    fn situation(&self) -> Option<Situation> {
        Some(Situation::of(self.group).ok()?.among(self.brokers))
    }
}

/// A piece in the making.
struct Draft {
    kind: AdviceKind,
    severity: AdviceSeverity,
    confidence: f64,
    title: String,
    evidence: Vec<String>,
    gain: Option<String>,
    caveats: Vec<String>,
    command: Option<String>,
    plan: Option<Plan>,
    not_before: Option<Timestamp>,
}

impl Draft {
    fn new(kind: AdviceKind, severity: AdviceSeverity, title: String) -> Self {
        Self {
            kind,
            severity,
            confidence: 0.9,
            title,
            evidence: Vec::new(),
            gain: None,
            caveats: Vec::new(),
            command: None,
            plan: None,
            not_before: None,
        }
    }

    fn because(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    fn but(mut self, caveat: impl Into<String>) -> Self {
        self.caveats.push(caveat.into());
        self
    }

    fn but_if(self, holds: bool, caveat: &str) -> Self {
        if holds { self.but(caveat) } else { self }
    }

    fn gain(mut self, gain: impl Into<String>) -> Self {
        self.gain = Some(gain.into());
        self
    }

    fn run(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    fn plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    fn sure(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    fn finish(self, about: &About<'_>) -> Said {
        let shared = |texts: Vec<String>| texts.into_iter().map(Arc::from).collect();
        Said {
            advice: Arc::new(Advice {
                cluster: about.cluster.clone(),
                group: about.group.group.clone(),
                severity: self.severity,
                kind: self.kind,
                confidence: self.confidence,
                title: self.title.into(),
                evidence: shared(self.evidence),
                gain: self.gain.map(Arc::from),
                caveats: shared(self.caveats),
                command: self.command.map(Arc::from),
                plan: self.plan,
            }),
            not_before: self.not_before,
        }
    }
}

/// How commands reach a cluster: its first broker, else a variable to fill in.
fn servers(brokers: &[Broker]) -> String {
    brokers.first().map_or_else(
        || "$BOOTSTRAP".to_owned(),
        |b| shell(&format!("{}:{}", b.host, b.port)).into_owned(),
    )
}

/// All that is to be said of a group on these brokers, most urgent first.
pub fn say(
    cluster: &ClusterName,
    brokers: &[Broker],
    group: &GroupSnapshot,
    memory: Memory,
) -> Vec<Said> {
    let about = About {
        cluster,
        servers: &servers(brokers),
        brokers,
        group,
        memory,
    };
    let mut drafts = Vec::new();
    drafts.extend(offsets::drafts(&about));
    drafts.extend(cause::draft(&about).or_else(|| scale::standing(&about)));
    drafts.extend(shape::drafts(&about));
    drafts.sort_by_key(|d| (d.severity, d.kind));
    drafts.into_iter().map(|d| d.finish(&about)).collect()
}

/// The order of pieces for different groups: severity, kind, then names.
pub fn order(a: &Advice, b: &Advice) -> std::cmp::Ordering {
    let key = |x: &Advice| (x.severity, x.kind);
    key(a)
        .cmp(&key(b))
        .then_with(|| a.cluster.cmp(&b.cluster))
        .then_with(|| a.group.cmp(&b.group))
}
