//! The engine: folds observations into what is true of every cluster, topic and group.
//!
//! In: observations, in one order. Out: at each cut, the clusters' parts of a snapshot, rebuilt
//! only where something changed, and what the engine would like to know next. It does no IO and
//! reads no clock; the same observations always give the same parts. With no answer to its asks
//! it is right, only wider.

mod anchors;
mod asks;
mod capacity;
mod cluster;
mod diagnosis;
mod eta;
mod fact;
mod flow;
mod group;
mod group_view;
mod history;
mod lag;
mod lateness;
mod loss;
mod lost;
mod moves;
mod names;
mod now;
mod packed;
mod rate;
mod rates;
mod row;
mod row_view;
mod silence;
mod spells;
mod status;
mod time_lag;
mod topic;
mod turnover;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    Ask, ClusterName, ClusterSettings, ClusterSnapshot, Command, Observation, Settings, Span,
    Timestamp,
};

use cluster::Cluster;

/// The facts of all clusters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Engine {
    settings: Arc<Settings>,
    clusters: BTreeMap<ClusterName, Cluster>,
}

impl Engine {
    /// Takes in one observation. A tick changes nothing: see [`Engine::cut`].
    pub fn fold(&mut self, observation: &Observation) {
        match observation {
            Observation::Configured { at, settings } => self.configure(settings, *at),
            Observation::Commanded { at, command } => self.command(command, *at),
            Observation::Read {
                cluster,
                asked,
                answered,
                fact,
            } => {
                self.cluster(cluster, *asked).fold(fact, *asked, *answered);
            }
            Observation::Boot { .. } | Observation::Gap { .. } => {
                self.clusters.values_mut().for_each(Cluster::start);
            }
            Observation::Tick { .. }
            | Observation::ClockJump { .. }
            | Observation::Told { .. }
            | Observation::Refused { .. }
            | Observation::Unwritten { .. } => {}
        }
    }

    /// Forgets by what the next fold could tell that it need not look closely: it then takes the long
    /// way, to the same facts.
    pub fn forget_shortcuts(&mut self) {
        self.clusters
            .values_mut()
            .for_each(Cluster::forget_shortcuts);
    }

    /// Fills in what a checkpoint leaves out, after one was read that was written at `at`.
    pub fn take_up(&mut self, at: Timestamp) {
        for cluster in self.clusters.values_mut() {
            cluster.take_up(&self.settings, at);
        }
    }

    /// The clock was set back by about `by`, to `at`. What was observed before has no place in time any
    /// more, and goes; what was learned of how groups behave stays.
    pub fn set_back(&mut self, at: Timestamp, by: Span) {
        self.clusters
            .values_mut()
            .for_each(|cluster| cluster.set_back(at, by));
    }

    fn configure(&mut self, settings: &Arc<Settings>, at: Timestamp) {
        self.settings = Arc::clone(settings);
        self.clusters
            .retain(|name, _| settings.clusters.iter().any(|c| c.cluster == *name));
        for one in &settings.clusters {
            self.clusters
                .entry(one.cluster.clone())
                .or_insert_with(|| Cluster::new(one.clone(), Arc::clone(settings), at))
                .configure(one.clone(), settings);
        }
    }

    /// A recording may speak of a cluster that no settings name.
    fn cluster(&mut self, name: &ClusterName, at: Timestamp) -> &mut Cluster {
        let settings = &self.settings;
        self.clusters.entry(name.clone()).or_insert_with(|| {
            Cluster::new(
                ClusterSettings::named(name.clone()),
                Arc::clone(settings),
                at,
            )
        })
    }

    fn command(&mut self, command: &Command, at: Timestamp) {
        let Command::Mark {
            cluster,
            group,
            until,
            why,
            author,
        } = command
        else {
            return;
        };
        let text = format!("{why} (by {author}, until {until})");
        for (name, here) in &mut self.clusters {
            if cluster.as_ref().is_none_or(|c| c == name) {
                here.mark(group, at, &text);
            }
        }
    }

    /// The clusters' parts as the last cut left them.
    pub fn standing(&self) -> Vec<Arc<ClusterSnapshot>> {
        let clusters = self.clusters.values();
        clusters.filter_map(Cluster::standing).collect()
    }

    /// What is true at `at`, as generation `generation`, and what would help to know. Rebuilds
    /// what changed; everything when `all` (the two are equal but for generations).
    pub fn cut(
        &mut self,
        at: Timestamp,
        generation: u64,
        all: bool,
    ) -> (Vec<Arc<ClusterSnapshot>>, Vec<Ask>) {
        let parts = self
            .clusters
            .values_mut()
            .map(|c| c.cut(at, generation, all))
            .collect();
        let asks = self
            .clusters
            .values_mut()
            .flat_map(|c| c.asks(at))
            .collect();
        (parts, asks)
    }
}
