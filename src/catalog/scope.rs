//! What of a snapshot an exporter writes: groups left out, folded or cut, levels opted in.
//!
//! In: a [`Snapshot`] and [`Options`]. Out: every series that is to be written, by its name and
//! labels in each profile, and its samples. Alert rules never see this: they read the whole
//! snapshot.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::budget::{self, Tally};
use super::fold;
use super::sample::{Emit, Label};
use super::{Level, Naming, Options, Profile, Read, Series, all};
use crate::model::{ClusterSnapshot, GroupSnapshot, PartitionView, Snapshot, Timestamp};

/// What is written of a snapshot.
pub struct Scope<'a> {
    snapshot: &'a Snapshot,
    options: Options,
    pub(super) clusters: Vec<InCluster<'a>>,
    /// Levels that `max_series` has left out.
    pub(super) without: Vec<Level>,
}

pub(super) struct InCluster<'a> {
    pub(super) whole: &'a ClusterSnapshot,
    pub(super) groups: Vec<InGroup<'a>>,
    /// Topics whose partitions are exported one by one.
    topics: BTreeSet<&'a str>,
}

pub(super) struct InGroup<'a> {
    pub(super) part: Cow<'a, GroupSnapshot>,
    /// Several groups as one: it has no partitions of its own.
    pub(super) folded: bool,
    /// Its partitions are exported one by one under the own names too.
    pub(super) partitions: bool,
}

/// A series as it is written: with the names of a profile.
#[derive(Clone, Copy)]
pub struct Exported {
    /// The series.
    pub series: &'static Series,
    /// How the labels of its place are called.
    pub naming: &'static Naming,
    /// Whose name it is; none: Laggard's own.
    pub profile: Option<Profile>,
}

impl<'a> Scope<'a> {
    /// What `options` leave of `snapshot`.
    pub fn new(snapshot: &'a Snapshot, options: &Options) -> Self {
        let mut tally = Tally::default();
        let clusters = snapshot.clusters.iter();
        let clusters = clusters.map(|c| in_cluster(c, options, &mut tally));
        let mut scope = Self {
            clusters: clusters.collect(),
            snapshot,
            options: options.clone(),
            without: Vec::new(),
        };
        budget::keep_to(options.max_series, &mut scope, &mut tally);
        scope.options.tally = Some(tally);
        scope
    }

    /// The instant as of which its samples stand.
    pub fn at(&self) -> Timestamp {
        self.snapshot.at
    }

    /// What is left out, and how many samples there may be.
    pub fn tally(&self) -> Tally {
        self.options.tally.unwrap_or_default()
    }

    /// Every series that is written, own names first.
    pub fn series(&self) -> impl Iterator<Item = Exported> {
        let profiles = self.options.profiles.clone();
        own().chain(profiles.into_iter().flat_map(Exported::of))
    }

    /// Gives every sample of a series to `sink`, in name order.
    pub fn samples(&self, exported: Exported, sink: &mut dyn FnMut(&[Label<'_>], f64)) {
        let level = exported.series.level();
        if self.without.contains(&level) {
            return;
        }
        let mut walk = Walk {
            snapshot: self.snapshot,
            options: &self.options,
            naming: exported.naming,
            own: exported.profile.is_none(),
            sink,
            number: String::new(),
        };
        if let Read::Laggard(read) = exported.series.read {
            walk.emit(&[], |emit| read(self.snapshot, emit));
        }
        for cluster in &self.clusters {
            walk.cluster(exported.series, cluster, self.snapshot);
        }
    }
}

/// Laggard's own names.
pub(super) fn own() -> impl Iterator<Item = Exported> {
    all().map(|series| Exported {
        series,
        naming: &Naming::OWN,
        profile: None,
    })
}

impl Exported {
    /// The names of a profile.
    pub fn of(profile: Profile) -> impl Iterator<Item = Self> {
        profile.series().iter().map(move |series| Self {
            series,
            naming: profile.naming(),
            profile: Some(profile),
        })
    }
}

fn in_cluster<'a>(
    cluster: &'a ClusterSnapshot,
    options: &Options,
    tally: &mut Tally,
) -> InCluster<'a> {
    let mut kept: Vec<&GroupSnapshot> = Vec::with_capacity(cluster.groups.len());
    for group in &cluster.groups {
        let name = group.group.as_str();
        if options.left_out.as_ref().is_some_and(|p| p.matches(name)) {
            tally.excluded_groups += 1;
        } else {
            kept.push(group);
        }
    }
    let groups = fold::groups(kept, options, tally);
    let topics = groups.iter().filter(|g| g.partitions);
    let topics = topics.flat_map(|g| match &g.part {
        Cow::Borrowed(group) => group.topics.as_slice(),
        Cow::Owned(_) => &[],
    });
    InCluster {
        whole: cluster,
        topics: topics.map(|t| t.topic.as_str()).collect(),
        groups,
    }
}

impl InCluster<'_> {
    /// Whether a topic's partitions are exported one by one under the own names.
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.topics.contains(topic)
    }
}

impl InGroup<'_> {
    /// Whether its partitions are exported one by one.
    pub(super) fn wants_partitions(&self, own: bool) -> bool {
        !self.folded && (self.partitions || !own)
    }
}

struct Walk<'a> {
    snapshot: &'a Snapshot,
    options: &'a Options,
    naming: &'static Naming,
    own: bool,
    sink: &'a mut dyn FnMut(&[Label<'_>], f64),
    number: String,
}

impl Walk<'_> {
    fn emit(&mut self, labels: &[Label<'_>], read: impl FnOnce(&mut Emit<'_>)) {
        read(&mut Emit::new(
            self.snapshot,
            self.options,
            labels,
            self.sink,
        ));
    }

    /// With a place that ends in a partition's number.
    fn partition(&mut self, place: &[Label<'_>], number: i32, read: impl FnOnce(&mut Emit<'_>)) {
        let mut text = std::mem::take(&mut self.number);
        text.clear();
        // Writing to a string cannot fail.
        let _ = write!(text, "{number}");
        let mut labels = [("", ""); 4];
        let end = place.len().min(3);
        labels[..end].copy_from_slice(&place[..end]);
        labels[end] = (self.naming.partition, &text);
        self.emit(&labels[..=end], read);
        self.number = text;
    }

    fn cluster(&mut self, series: &Series, cluster: &InCluster<'_>, beside: &Snapshot) {
        let names = self.naming;
        let label = names.cluster.unwrap_or(&self.options.cluster_label);
        let place = (label, cluster.whole.cluster.as_str());
        match series.read {
            Read::Laggard(_) => {}
            Read::Cluster(read) => self.emit(&[place], |emit| read(cluster.whole, emit)),
            Read::OnCluster(read) => {
                self.emit(&[place], |emit| read(beside, cluster.whole, emit));
            }
            Read::Topic(read) => {
                for topic in &cluster.whole.topics {
                    let labels = [place, (names.topic, topic.topic.as_str())];
                    self.emit(&labels, |emit| read(topic, emit));
                }
            }
            Read::TopicPartition(read) => {
                let (own, topics) = (self.own, cluster.whole.topics.iter());
                for topic in topics.filter(|t| !own || cluster.wants(t.topic.as_str())) {
                    let place = [place, (names.topic, topic.topic.as_str())];
                    for log in &topic.partitions {
                        self.partition(&place, log.partition, |emit| read(log, emit));
                    }
                }
            }
            Read::Group(_) | Read::GroupTopic(_) | Read::Partition(_) => {
                for group in &cluster.groups {
                    self.group(series, place, group);
                }
            }
        }
    }

    fn group(&mut self, series: &Series, place: Label<'_>, group: &InGroup<'_>) {
        let (names, part) = (self.naming, &*group.part);
        let labels = [place, (names.group, part.group.as_str())];
        match series.read {
            Read::Group(read) => self.emit(&labels, |emit| read(part, emit)),
            Read::GroupTopic(read) => for_each_topic(part, |rows| {
                let topic = rows[0].topic().topic.as_str();
                let labels = [labels[0], labels[1], (names.topic, topic)];
                self.emit(&labels, |emit| read(rows, emit));
            }),
            Read::Partition(read) if group.wants_partitions(self.own) => {
                for view in part.partitions() {
                    let topic = view.topic().topic.as_str();
                    let labels = [labels[0], labels[1], (names.topic, topic)];
                    self.partition(&labels, view.partition(), |emit| read(&view, emit));
                }
            }
            _ => {}
        }
    }
}

/// Calls `read` with the rows of each topic of `group`.
fn for_each_topic(group: &GroupSnapshot, mut read: impl FnMut(&[PartitionView<'_>])) {
    let mut views = Vec::new();
    for rows in group.rows.chunk_by(|a, b| a.topic == b.topic) {
        views.clear();
        views.extend(rows.iter().map(|row| group.view(row)));
        read(&views);
    }
}
