//! What if: a group with other members, another assignor or more partitions, worked out by `advice`.
//!
//! In: keys, and the group as the snapshot shown has it. Out: who would carry what. It is worked out
//! anew when either changes, not for each frame, and changes nothing anywhere.

use std::sync::Arc;

use super::state::{GroupKey, Screen, State};
use super::text::shell;
use crate::advice::Situation;
use crate::advice::assign::Assignor;
use crate::advice::what_if::{Change, Partitions, WhatIf, what_if};
use crate::model::{AdviceKind, Broker, GroupSnapshot, GroupType};

/// More members than this are nobody's plan.
const MOST_MEMBERS: usize = 10_000;
/// Kafka takes more partitions a topic; a screen of them says nothing.
const MOST_PARTITIONS: u32 = 10_000;

/// What is tried on a group; what is not said stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trial {
    /// On which group.
    pub(super) key: GroupKey,
    /// So many members.
    pub(super) members: Option<usize>,
    /// Dealt out by this assignor.
    pub(super) assignor: Option<Assignor>,
    /// So many partitions of each topic.
    pub(super) partitions: Option<u32>,
    /// The first member that is shown.
    pub(super) top: usize,
}

impl Trial {
    /// Nothing is changed yet.
    pub(super) fn of(key: GroupKey) -> Self {
        Self {
            key,
            members: None,
            assignor: None,
            partitions: None,
            top: 0,
        }
    }

    fn change(&self) -> Change {
        Change {
            members: self.members,
            assignor: self.assignor,
            partitions: self
                .partitions
                .map(|count| Partitions { topic: None, count }),
            skew: None,
        }
    }

    /// The command that says the same elsewhere.
    pub(super) fn command(&self) -> String {
        let mut out = format!("laggard what-if {}", shell(self.key.1.as_str()));
        let members = self.members.map(|n| format!(" --members {n}"));
        let assignor = self.assignor.map(|a| format!(" --assignor {}", a.name()));
        let partitions = self.partitions.map(|n| format!(" --partitions {n}"));
        out.extend([members, assignor, partitions].into_iter().flatten());
        out
    }
}

/// A trial with what came of it.
pub(super) struct Worked {
    made_for: (Arc<GroupSnapshot>, Change),
    /// What it would do, or why nothing can be said.
    pub(super) found: Result<WhatIf, String>,
}

impl State {
    /// Opens the panel on the group that keys act on; on an advice with what it advises.
    pub(super) fn try_out(&mut self, members: Option<usize>) {
        let advice = self.lists.short.advice.get(self.ui.advice.index());
        let advice = advice.filter(|_| self.ui.screen == Screen::Advice);
        let key = match advice {
            Some(a) => Some((a.cluster.clone(), a.group.clone())),
            None => self.acting_group(),
        };
        // A plan with another assignor or more partitions is more than a number of members.
        let scales = advice.filter(|a| a.kind == AdviceKind::Scale);
        let advised = scales.and_then(|a| a.plan.as_ref()).map(|p| p.after.len());
        match key {
            Some(key) => {
                self.ui.trial = Some(Trial {
                    members: members.or(advised),
                    ..Trial::of(key)
                });
            }
            None => self.say("select a group first", false),
        }
    }

    /// What the panel's group is now: its type, its members, the partitions of its widest topic.
    fn tried(&self) -> Option<(GroupType, usize, u32)> {
        let (_, group) = self.group(&self.ui.trial.as_ref()?.key)?;
        let members = group.members.as_ref().map_or(0, |m| m.len());
        let widest = group.topics.iter().map(|t| t.partitions.len()).max();
        let widest = u32::try_from(widest.unwrap_or(0)).unwrap_or(MOST_PARTITIONS);
        Some((group.group_type.clone(), members, widest))
    }

    pub(super) fn try_members(&mut self, by: isize) {
        let Some((_, now, _)) = self.tried() else {
            return;
        };
        if let Some(trial) = &mut self.ui.trial {
            let members = trial.members.unwrap_or(now).saturating_add_signed(by);
            trial.members = Some(members.clamp(1, MOST_MEMBERS));
        }
    }

    pub(super) fn try_partitions(&mut self, by: i32) {
        let Some((_, _, now)) = self.tried() else {
            return;
        };
        if let Some(trial) = &mut self.ui.trial {
            let count = trial.partitions.unwrap_or(now).saturating_add_signed(by);
            // Kafka takes none away.
            trial.partitions =
                Some(count.clamp(now, MOST_PARTITIONS.max(now))).filter(|n| *n > now);
        }
    }

    /// The next assignor that such a group may run under, beginning with its own.
    pub(super) fn try_assignor(&mut self) {
        let Some((kind, _, _)) = self.tried() else {
            return;
        };
        let all = Assignor::all_of(&kind);
        let own = self.own_assignor();
        if let Some(trial) = &mut self.ui.trial {
            let now = trial.assignor.or(own);
            let at = now.and_then(|now| all.iter().position(|a| *a == now));
            let next = all[at.map_or(0, |at| (at + 1) % all.len())];
            trial.assignor = Some(next).filter(|next| Some(*next) != own);
        }
    }

    fn own_assignor(&self) -> Option<Assignor> {
        let (_, group) = self.group(&self.ui.trial.as_ref()?.key)?;
        Assignor::of_group(&group.group_type, group.assignor.as_deref()?)
    }

    /// As it is now again.
    pub(super) fn try_nothing(&mut self) {
        if let Some(trial) = &mut self.ui.trial {
            *trial = Trial::of(trial.key.clone());
        }
    }

    /// Works it out, if it has not been for this group and this change.
    pub(super) fn refresh_trial(&mut self) {
        let Some(trial) = &self.ui.trial else {
            self.lists.trial = None;
            return;
        };
        let Some((cluster, group)) = self.group(&trial.key) else {
            self.lists.trial = None;
            return;
        };
        let group = Arc::clone(group);
        let change = trial.change();
        let fresh = |w: &Worked| Arc::ptr_eq(&w.made_for.0, &group) && w.made_for.1 == change;
        if !self.lists.trial.as_ref().is_some_and(fresh) {
            let found = work_out(&group, &cluster.brokers, &change);
            self.lists.trial = Some(Worked {
                found,
                made_for: (group, change),
            });
        }
        let members = self.tried_members();
        if let Some(trial) = &mut self.ui.trial {
            trial.top = trial.top.min(members.saturating_sub(1));
        }
    }

    /// Lines of the panel's table: members that stay, go and come.
    pub(super) fn tried_members(&self) -> usize {
        let found = self
            .lists
            .trial
            .as_ref()
            .and_then(|w| w.found.as_ref().ok());
        found.map_or(0, |found| pairs(found).len())
    }
}

fn work_out(group: &GroupSnapshot, brokers: &[Broker], change: &Change) -> Result<WhatIf, String> {
    let situation = Situation::of(group).map_err(|why| why.to_string())?;
    let situation = situation.among(brokers);
    what_if(&situation, change).map_err(|why| match why {
        // The panel has a key for it.
        crate::advice::what_if::WrongChange::MembersUnsaid => {
            "it has no members now; + gives it some".to_owned()
        }
        crate::advice::what_if::WrongChange::OwnAssignor(name) => {
            format!("its assignor {name:?} is none of Kafka's own; a tries one of those")
        }
        why => why.to_string(),
    })
}

/// Members by their places before and after; those of before first.
pub(super) fn pairs(found: &WhatIf) -> Vec<(Option<usize>, Option<usize>)> {
    let (before, after) = (&found.before.members, &found.after.members);
    let place: std::collections::HashMap<&str, usize> = after
        .iter()
        .enumerate()
        .map(|(i, m)| (&*m.member, i))
        .collect();
    let mut stays = vec![false; after.len()];
    let mut out: Vec<_> = (0..)
        .zip(before)
        .map(|(i, m)| {
            let then = place.get(&*m.member).copied();
            if let Some(then) = then {
                stays[then] = true;
            }
            (Some(i), then)
        })
        .collect();
    let new = (0..after.len()).filter(|i| !stays[*i]);
    out.extend(new.map(|i| (None, Some(i))));
    out
}
