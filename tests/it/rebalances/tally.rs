//! What was foretold beside what is, counted.

use std::collections::BTreeMap;

use laggard::advice::Situation;
use laggard::advice::assign::{Assignor, Certainty, Slot, predict};
use laggard::advice::what_if::{ASSUMED_SUBSCRIPTIONS, Change, what_if};
use laggard::model::GroupSnapshot;

use super::live::owners;

/// Rebalances, by how sure the rule was of them.
#[derive(Default, Debug)]
pub struct Tally {
    pub said: BTreeMap<Certainty, Held>,
    pub broken: Vec<String>,
    /// What `what-if` said beforehand, by how sure it was.
    pub foretold: BTreeMap<Certainty, usize>,
    /// Of these: other loads than it said, where it also said that it assumes equal subscriptions and they differ.
    pub assumed_wrongly: usize,
    /// Members that were there came back under other ids, so that more happened than was foretold: not compared.
    pub disturbed: usize,
    /// The most members and topics that a group had.
    pub most: (usize, usize),
}

#[derive(Default, Debug)]
pub struct Held {
    pub rebalances: usize,
    pub same_sets: usize,
    /// Member by member.
    pub same_loads: usize,
    /// Partitions of load that the worst-judged member is off, summed.
    pub off: usize,
}

impl Tally {
    pub fn rebalances(&self) -> usize {
        self.said.values().map(|held| held.rebalances).sum()
    }

    pub fn add(&mut self, other: Self) {
        for (certainty, held) in other.said {
            let sum = self.said.entry(certainty).or_default();
            sum.rebalances += held.rebalances;
            sum.same_sets += held.same_sets;
            sum.same_loads += held.same_loads;
            sum.off += held.off;
        }
        for (certainty, count) in other.foretold {
            *self.foretold.entry(certainty).or_default() += count;
        }
        self.broken.extend(other.broken);
        self.assumed_wrongly += other.assumed_wrongly;
        self.disturbed += other.disturbed;
        self.most = (self.most.0.max(other.most.0), self.most.1.max(other.most.1));
    }

    /// Compares a rebalance with what the rule makes of the ownership before it; `most` is the surest that is promised of
    /// such clients.
    pub fn compare(
        &mut self,
        before: &Situation,
        after: &Situation,
        assignor: Assignor,
        most: Certainty,
    ) {
        let owned = owners(before);
        let mut group = after.group.clone();
        for member in &mut group.members {
            member.owned = owned.get(&*member.id).cloned().unwrap_or_default();
        }
        let predicted = predict(assignor, &group);
        let claimed = predicted.certainty.max(most);
        let real: Vec<&Vec<Slot>> = after.group.members.iter().map(|m| &m.owned).collect();
        let pairs = || predicted.owners.iter().zip(&real);
        let same_sets = pairs().all(|(a, b)| a == *b);
        let off = pairs().map(|(a, b)| a.len().abs_diff(b.len()));
        let off = off.max().unwrap_or(0);
        let held = self.said.entry(claimed).or_default();
        held.rebalances += 1;
        held.same_sets += usize::from(same_sets);
        held.same_loads += usize::from(off == 0);
        held.off += off;
        let kept = match claimed {
            Certainty::Exact => same_sets,
            Certainty::Loads => {
                let mine = pairs().map(|(a, _)| a.len());
                sorted(mine) == sorted(real.iter().map(|o| o.len()))
            }
            Certainty::Estimate => true,
        };
        if !kept {
            self.broken.push(format!(
                "{claimed:?} of {group:#?}\n  predicted {:?}\n  real {real:?}",
                predicted.owners
            ));
        }
        self.most.0 = self.most.0.max(group.members.len());
        self.most.1 = self.most.1.max(group.topics.len());
    }
}

fn sorted(lens: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut lens: Vec<usize> = lens.collect();
    lens.sort_unstable();
    lens
}

/// What `what-if` says of another number of members, as a user gets it: with what Kafka tells and no more.
pub struct Foretold {
    certainty: Certainty,
    /// It says that it rests on equal subscriptions.
    assumes: bool,
    loads: Vec<usize>,
}

impl Foretold {
    pub fn of(seen: &GroupSnapshot, members: usize) -> Self {
        let change = Change {
            members: Some(members),
            ..Change::default()
        };
        let found = what_if(&Situation::of(seen).unwrap(), &change).unwrap();
        let mut notes = found.notes.iter();
        Self {
            assumes: notes.any(|note| note.starts_with(ASSUMED_SUBSCRIPTIONS)),
            certainty: found.certainty,
            loads: sorted(found.after.members.iter().map(|m| m.partitions)),
        }
    }

    /// Where subscriptions differ, `equal` is false, and what was said to rest on them is only counted.
    pub fn hold(&self, tally: &mut Tally, after: &Situation, equal: bool) {
        *tally.foretold.entry(self.certainty).or_default() += 1;
        let real = sorted(after.group.members.iter().map(|m| m.owned.len()));
        if self.certainty == Certainty::Estimate || self.loads == real {
            return;
        }
        if self.assumes && !equal {
            tally.assumed_wrongly += 1;
        } else {
            tally.broken.push(format!(
                "what-if said {:?}: {:?}; real {real:?}",
                self.certainty, self.loads
            ));
        }
    }
}
