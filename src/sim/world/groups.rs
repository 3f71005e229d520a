//! A world's groups at any instant: which there are, their commits, their state and members.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::World;
use super::cell::Cell;
use super::filler::{self, FillerGroup};
use super::group::{Brief, Commit, GroupView, Member, Row};
use super::simulated::Simulated;
use super::topic::Topic;
use crate::sim::random::{derive, mix};
use crate::sim::spec::{DAY, Event, Filler, GroupSpec, MemberSpec, Millis, Protocol, Scenario};

/// One group of a world.
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) body: Body,
}

/// How a group comes about.
pub(super) enum Body {
    /// In closed form.
    Filler(FillerGroup),
    /// By simulation: the cell, and which of its groups.
    Simulated(usize, usize),
}

impl World {
    /// How many groups there are, those that do not exist at some instants included.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// A group's id.
    pub fn group_name(&self, group: usize) -> &Arc<str> {
        &self.groups[group].name
    }

    /// Index of a group.
    pub fn group_named(&self, name: &str) -> Option<usize> {
        self.group_names.get(name).copied()
    }

    /// Whether the group exists at `t`.
    pub fn group_exists(&self, group: usize, t: Millis) -> bool {
        let t = self.relative(t);
        match self.groups[group].body {
            Body::Filler(_) => t > -10 * DAY,
            Body::Simulated(cell, index) => {
                self.cells[cell].at(&self.topics, t).groups[index].exists(t)
            }
        }
    }

    /// What a group may commit: its rows, in the order of [`World::commits`].
    pub fn rows(&self, group: usize) -> Vec<Row> {
        match self.groups[group].body {
            Body::Filler(filler) => {
                let partitions = self.topics[filler.topic as usize].partitions;
                (0..partitions)
                    .map(|partition| Row {
                        topic: filler.topic,
                        partition,
                    })
                    .collect()
            }
            Body::Simulated(cell, index) => self.cells[cell].rows(index).to_vec(),
        }
    }

    /// How many rows a group has.
    pub fn row_count(&self, group: usize) -> usize {
        match self.groups[group].body {
            Body::Filler(filler) => self.topics[filler.topic as usize].partitions as usize,
            Body::Simulated(cell, index) => self.cells[cell].rows(index).len(),
        }
    }

    /// The newest commit of each row at `t`, into `out`; none where there is none.
    pub fn commits(&self, group: usize, t: Millis, out: &mut Vec<Option<Commit>>) {
        out.clear();
        let t = self.relative(t);
        match self.groups[group].body {
            Body::Filler(filler) => {
                let topic = &self.topics[filler.topic as usize];
                let at = filler.last_commit(t);
                let commit = |partition| Commit {
                    offset: filler.offset(topic, partition, at),
                    at: at + self.epoch,
                };
                out.extend((0..topic.partitions).map(|partition| Some(commit(partition))));
            }
            Body::Simulated(cell, index) => {
                let inner = self.cells[cell].at(&self.topics, t);
                let group = &inner.groups[index];
                let absolute = |commit: Commit| Commit {
                    at: commit.at + self.epoch,
                    ..commit
                };
                out.extend((0..group.rows.len()).map(|row| group.committed(row, t).map(absolute)));
            }
        }
    }

    /// State and type of a group at `t`, without its members.
    pub fn brief(&self, group: usize, t: Millis) -> Brief {
        match self.groups[group].body {
            Body::Filler(_) => Brief {
                state: "Stable",
                group_type: "classic",
                protocol_type: "consumer",
            },
            Body::Simulated(cell, index) => {
                let t = self.relative(t);
                brief(&self.cells[cell].at(&self.topics, t).groups[index], t)
            }
        }
    }

    /// State and members of a group at `t`.
    pub fn view(&self, group: usize, t: Millis) -> GroupView {
        match self.groups[group].body {
            Body::Filler(_) => self.filler_view(group),
            Body::Simulated(cell, index) => {
                let t = self.relative(t);
                self.simulated_view(&self.cells[cell].at(&self.topics, t).groups[index], t)
            }
        }
    }

    /// Makes something more happen to a simulated group: what a person does about it, for instance. All that followed
    /// from `event.from` on is worked out anew; what came before stays as it was. False: no such group, or one of the
    /// filler's.
    pub fn intervene(&self, group: &str, event: Event) -> bool {
        let Some(Body::Simulated(cell, index)) = self
            .group_named(group)
            .map(|group| &self.groups[group].body)
        else {
            return false;
        };
        self.cells[*cell].intervene(*index, event, &self.topics);
        true
    }

    /// Frees what is not needed to answer about `t` and later, so that weeks can be simulated. Not for a world that
    /// brokers serve: the log of commits would lose its beginning.
    pub fn forget_before(&self, t: Millis) {
        for cell in &self.cells {
            cell.forget_before(self.relative(t));
        }
    }

    fn filler_view(&self, group: usize) -> GroupView {
        let name = &self.groups[group].name;
        let rows = self.rows(group).len();
        let member = |k: usize| Member {
            member_id: member_id(self.seed, name, &format!("{name}-{k}"), k, 1),
            client_id: format!("{name}-{k}").into(),
            host: format!("/10.9.{}.{}", group / 200 % 200, 10 + group % 200).into(),
            instance: None,
            rows: (k * rows / 2..(k + 1) * rows / 2).collect(),
        };
        let brief = Brief {
            state: "Stable",
            group_type: "classic",
            protocol_type: "consumer",
        };
        GroupView {
            brief,
            assignor: "range",
            generation: 1,
            members: vec![member(0), member(1)],
        }
    }

    fn simulated_view(&self, group: &Simulated, t: Millis) -> GroupView {
        let brief = brief(group, t);
        let (spec, segment) = (&group.spec, group.timeline.at(t));
        let assignor = match spec.protocol_at(segment.at) {
            Protocol::Classic(assignor) | Protocol::Consumer(assignor) => assignor.name(),
            Protocol::Manual => "",
        };
        let member = |(member, joined): &(usize, u32)| {
            let able = spec.members.get(*member).cloned();
            let able = able.unwrap_or_else(|| MemberSpec::new(&spec.name, *member, 0.0));
            let owned = segment
                .owners
                .iter()
                .enumerate()
                .filter(|(_, owner)| **owner == Some(*member));
            Member {
                member_id: member_id(self.seed, &spec.name, &able.client_id, *member, *joined),
                client_id: able.client_id.into(),
                host: able.host.into(),
                instance: able.instance.map(Into::into),
                rows: owned.map(|(row, _)| row).collect(),
            }
        };
        let hidden = group.is_manual();
        GroupView {
            brief,
            assignor: if hidden || segment.present.is_empty() {
                ""
            } else {
                assignor
            },
            generation: segment.generation,
            members: if hidden {
                Vec::new()
            } else {
                segment.present.iter().map(member).collect()
            },
        }
    }
}

fn brief(group: &Simulated, t: Millis) -> Brief {
    let segment = group.timeline.at(t);
    let consumer = matches!(group.spec.protocol, Protocol::Consumer(_));
    let settling = t < segment.settles;
    let early = t - segment.at < (segment.settles - segment.at) * 3 / 5;
    let state = match (
        segment.present.is_empty() || group.is_manual(),
        settling,
        consumer,
    ) {
        (true, ..) => "Empty",
        (_, false, _) => "Stable",
        (_, true, true) if early => "Assigning",
        (_, true, true) => "Reconciling",
        (_, true, false) if early => "PreparingRebalance",
        (_, true, false) => "CompletingRebalance",
    };
    Brief {
        state,
        group_type: if consumer { "consumer" } else { "classic" },
        protocol_type: if group.is_manual() { "" } else { "consumer" },
    }
}

/// An id such as a coordinator gives: the client's name and a UUID of its own for each time it joins.
fn member_id(seed: u64, group: &str, client: &str, member: usize, joined: u32) -> Arc<str> {
    let draw = mix(
        derive(seed, group),
        (member as u64) << 32 | u64::from(joined),
    );
    let id = uuid::Uuid::from_u64_pair(draw, mix(draw, 1));
    format!("{client}-{id}").into()
}

/// Puts the scenario's groups into cells: those that share a downstream into one.
pub(super) fn simulate(
    scenario: &Scenario,
    seed: u64,
    topics: &[Topic],
    groups: &mut Vec<Group>,
) -> Vec<Cell> {
    let names: FxHashMap<Arc<str>, usize> = topics
        .iter()
        .enumerate()
        .map(|(k, topic)| (topic.name.clone(), k))
        .collect();
    let mut cells: Vec<(Option<&str>, Vec<&GroupSpec>)> = Vec::new();
    for spec in &scenario.groups {
        let shared = spec.downstream.as_deref();
        let place = cells
            .iter()
            .position(|(downstream, _)| shared.is_some() && *downstream == shared);
        let place = place.unwrap_or_else(|| {
            cells.push((shared, Vec::new()));
            cells.len() - 1
        });
        let name = spec.name.as_str().into();
        groups.push(Group {
            name,
            body: Body::Simulated(place, cells[place].1.len()),
        });
        cells[place].1.push(spec);
    }
    let build = |(downstream, specs): (Option<&str>, Vec<&GroupSpec>)| {
        let downstream = scenario
            .downstreams
            .iter()
            .find(|spec| Some(spec.name.as_str()) == downstream);
        Cell::new(&specs, downstream.cloned(), &names, topics, seed)
    };
    cells.into_iter().map(build).collect()
}

/// Adds the filler's topics and groups.
pub(super) fn fill(filler: Filler, seed: u64, topics: &mut Vec<Topic>, groups: &mut Vec<Group>) {
    let first = topics.len();
    topics.extend(
        filler::topics(filler, seed)
            .iter()
            .map(|spec| Topic::new(spec, seed)),
    );
    let count = topics.len() - first;
    if count == 0 {
        return;
    }
    groups.extend((0..filler.groups).map(|number| Group {
        name: filler::name(number).into(),
        body: Body::Filler(FillerGroup::new(
            seed,
            number as u64,
            (first + number % count) as u32,
        )),
    }));
}
