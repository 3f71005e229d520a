//! What people ordered: silences and marks in force.
//!
//! In: commands, the time. Out: under which silence an alert lies, and what stands in snapshots.
//! A mark's effect is the rules' own: they ask for the series that it makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Command, Mark, Silence, Silenced, Timestamp};

use super::template::LabelMap;

/// The most of each that are kept: of more, those that end first go.
const MOST: usize = 1000;

/// All that is in force.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Orders {
    silences: BTreeMap<Arc<str>, Silence>,
    marks: Vec<Mark>,
}

impl Orders {
    /// Carries out a command.
    pub(super) fn take(&mut self, command: &Command, at: Timestamp) {
        match command.clone() {
            Command::Mark {
                cluster,
                group,
                until,
                why,
                author,
            } => {
                self.marks.push(Mark {
                    cluster,
                    group,
                    since: at,
                    until,
                    why,
                    author,
                });
                self.marks.sort_by(|a, b| {
                    let by = |m: &Mark| (m.group.clone(), m.cluster.clone(), m.since);
                    by(a).cmp(&by(b))
                });
                keep_latest(&mut self.marks, |m| m.until);
            }
            Command::Silence {
                id,
                matchers,
                until,
                why,
                author,
                alertmanagers,
            } => {
                let silence = Silence {
                    id: Arc::clone(&id),
                    matchers,
                    since: at,
                    until,
                    author,
                    why,
                    alertmanagers,
                };
                self.silences.insert(id, silence);
                let first = self.silences.values().min_by_key(|s| s.until);
                let first = first.map(|s| Arc::clone(&s.id));
                if self.silences.len() > MOST {
                    first.and_then(|id| self.silences.remove(&id));
                }
            }
            Command::Expire { silence, .. } => {
                self.silences.remove(&silence);
            }
        }
    }

    /// Lets go of what is over. Whether any silence was.
    pub(super) fn pass(&mut self, at: Timestamp) -> bool {
        let before = self.silences.len();
        self.silences.retain(|_, s| s.until > at);
        self.marks.retain(|m| m.until > at);
        self.silences.len() < before
    }

    /// The silence that an alert lies under: of several, the one that ends last.
    pub(super) fn silenced(&self, labels: &LabelMap) -> Option<Silenced> {
        let of = self.silences.values().filter(|s| s.is_for(labels));
        let last = of.max_by_key(|s| s.until)?;
        Some(Silenced {
            until: last.until,
            by: Arc::clone(&last.author),
            why: Arc::clone(&last.why),
        })
    }

    /// Silences in force, by id.
    pub(super) fn silences(&self) -> Vec<Silence> {
        self.silences.values().cloned().collect()
    }

    /// Marks in force, in order of their groups.
    pub(super) fn marks(&self) -> Vec<Mark> {
        self.marks.clone()
    }
}

/// Drops what ends first, if there are too many.
fn keep_latest<T>(list: &mut Vec<T>, until: impl Fn(&T) -> Timestamp) {
    if list.len() > MOST {
        let first = (0..list.len()).min_by_key(|i| until(&list[*i]));
        first.map(|i| list.remove(i));
    }
}
