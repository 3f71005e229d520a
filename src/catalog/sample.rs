//! From a snapshot to samples: walks the subjects of a series' level and gives each the labels of
//! its place.

use std::fmt::Write as _;

use super::doubt::{self, Doubt, Graded};
use super::{Kind, Options, Read, Series, Tally};
use crate::model::{ClusterSnapshot, GroupSnapshot, PartitionView, Snapshot, Timestamp};

/// A label: name, value.
pub(super) type Label<'a> = (&'a str, &'a str);

/// Most labels that a sample has; a test holds it.
const MOST_LABELS: usize = 12;

/// Where a series puts its samples: it knows the labels of the subject's place.
pub struct Emit<'a> {
    /// The instant as of which ages stand.
    pub at: Timestamp,
    snapshot: &'a Snapshot,
    options: &'a Options,
    labels: &'a [Label<'a>],
    sink: &'a mut dyn FnMut(&[Label<'_>], f64),
}

impl<'a> Emit<'a> {
    /// For a subject with these labels.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        options: &'a Options,
        labels: &'a [Label<'a>],
        sink: &'a mut dyn FnMut(&[Label<'_>], f64),
    ) -> Self {
        Self {
            at: snapshot.at,
            snapshot,
            options,
            labels,
            sink,
        }
    }
}

impl Emit<'_> {
    /// One sample with the labels of the place.
    pub fn value(&mut self, value: f64) {
        (self.sink)(self.labels, value);
    }

    /// A sample if there is a value: unknown is absent.
    pub fn maybe(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.value(value);
        }
    }

    /// One sample with labels of its own beside those of the place.
    pub fn labelled(&mut self, own: &[Label<'_>], value: f64) {
        let mut labels = [("", ""); MOST_LABELS];
        let count = (self.labels.len() + own.len()).min(MOST_LABELS);
        let all = self.labels.iter().chain(own);
        for (slot, label) in labels.iter_mut().zip(all) {
            *slot = *label;
        }
        (self.sink)(&labels[..count], value);
    }

    /// What the snapshots come from.
    pub fn source(&self) -> &str {
        &self.options.source
    }

    /// How many members the group of this place is advised to run.
    pub fn advised_members(&self) -> Option<f64> {
        let [cluster, group, ..] = self.labels else {
            return None;
        };
        let advised = self.snapshot.advised(cluster.1, group.1)?;
        Some(f64::from(advised.members))
    }

    /// What is exported and what is left out, where an exporter asks.
    pub fn tally(&self) -> Option<&Tally> {
        self.options.tally.as_ref()
    }
}

impl Series {
    /// Gives every sample that this series has in `snapshot` to `sink`, in name order.
    pub fn samples(
        &self,
        snapshot: &Snapshot,
        options: &Options,
        sink: &mut dyn FnMut(&[Label<'_>], f64),
    ) {
        self.walk(snapshot, options, false, &mut |labels, graded| {
            if let Some(value) = graded.value {
                sink(labels, value);
            }
        });
    }

    /// The same with how sure each is, and with those that are missing only because they are not
    /// known (of series with no labels of their own).
    pub fn graded(
        &self,
        snapshot: &Snapshot,
        options: &Options,
        sink: &mut dyn FnMut(&[Label<'_>], Graded),
    ) {
        self.walk(snapshot, options, true, sink);
    }

    fn walk(
        &self,
        snapshot: &Snapshot,
        options: &Options,
        graded: bool,
        sink: &mut dyn FnMut(&[Label<'_>], Graded),
    ) {
        let mut walk = Walk {
            snapshot,
            options,
            series: self,
            graded,
            sink,
            number: String::new(),
        };
        if let Read::Laggard(read) = self.read {
            walk.visit(&[], || Doubt::None, |emit| read(snapshot, emit));
        }
        for cluster in &snapshot.clusters {
            if let Read::OnCluster(read) = self.read {
                let place = (options.cluster_label.as_str(), cluster.cluster.as_str());
                let doubt = || doubt::on_cluster(self.name);
                walk.visit(&[place], doubt, |emit| read(snapshot, cluster, emit));
            }
            self.cluster(cluster, &mut walk);
        }
    }

    fn cluster(&self, cluster: &ClusterSnapshot, walk: &mut Walk<'_>) {
        let place = (
            walk.options.cluster_label.as_str(),
            cluster.cluster.as_str(),
        );
        let groups = cluster.groups.iter();
        match self.read {
            Read::Laggard(_) | Read::OnCluster(_) => {}
            Read::Cluster(read) => {
                walk.visit(&[place], || Doubt::None, |emit| read(cluster, emit));
            }
            Read::Topic(read) => {
                for topic in &cluster.topics {
                    let labels = [place, ("topic", topic.topic.as_str())];
                    walk.visit(&labels, || doubt::topic(topic), |emit| read(topic, emit));
                }
            }
            Read::TopicPartition(read) => {
                let wanted = walk.options.partitions_of.is_some();
                for topic in cluster.topics.iter().filter(|_| wanted) {
                    let place = [place, ("topic", topic.topic.as_str())];
                    for log in &topic.partitions {
                        let doubt = || doubt::topic_partition(log);
                        walk.partition(&place, log.partition, doubt, |emit| read(log, emit));
                    }
                }
            }
            Read::Group(read) => groups.for_each(|group| {
                let labels = [place, ("group", group.group.as_str())];
                let doubt = || doubt::group(self.name, group);
                walk.visit(&labels, doubt, |emit| read(group, emit));
            }),
            Read::GroupTopic(read) => groups.for_each(|group| {
                for_each_topic(group, |rows| {
                    let topic = rows[0].topic().topic.as_str();
                    let labels = [place, ("group", group.group.as_str()), ("topic", topic)];
                    walk.visit(
                        &labels,
                        || doubt::group_topic(rows),
                        |emit| read(rows, emit),
                    );
                });
            }),
            Read::Partition(read) => groups
                .filter(|g| walk.options.wants_partitions(g))
                .for_each(|group| {
                    for view in group.partitions() {
                        let topic = view.topic().topic.as_str();
                        let labels = [place, ("group", group.group.as_str()), ("topic", topic)];
                        let doubt = || doubt::partition(self.name, &view);
                        walk.partition(&labels, view.partition(), doubt, |emit| read(&view, emit));
                    }
                }),
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

struct Walk<'a> {
    snapshot: &'a Snapshot,
    options: &'a Options,
    series: &'a Series,
    graded: bool,
    sink: &'a mut dyn FnMut(&[Label<'_>], Graded),
    number: String,
}

impl Walk<'_> {
    /// One subject: what it emits goes on with its doubt, and so does that it emits nothing.
    fn visit(
        &mut self,
        labels: &[Label<'_>],
        doubt: impl FnOnce() -> Doubt,
        read: impl FnOnce(&mut Emit<'_>),
    ) {
        let doubt = if self.graded { doubt() } else { Doubt::None };
        let states = self.series.kind == Kind::StateSet;
        let (sink, mut any) = (&mut *self.sink, false);
        read(&mut Emit {
            at: self.snapshot.at,
            snapshot: self.snapshot,
            options: self.options,
            labels,
            sink: &mut |labels, value| {
                any = true;
                // Of states, the one that is in force is the worst that is known: it stands. The
                // others may only be hidden.
                let stands = states && value > 0.0 && doubt < Doubt::Unknown;
                let graded = Graded {
                    value: Some(value),
                    doubt: if stands { Doubt::None } else { doubt },
                };
                sink(labels, graded);
            },
        });
        if !any && doubt == Doubt::Unknown && self.series.labels.is_empty() {
            sink(labels, Graded { value: None, doubt });
        }
    }

    /// A subject whose place ends in a partition's number.
    fn partition(
        &mut self,
        place: &[Label<'_>],
        number: i32,
        doubt: impl FnOnce() -> Doubt,
        read: impl FnOnce(&mut Emit<'_>),
    ) {
        let mut text = std::mem::take(&mut self.number);
        text.clear();
        // Writing to a string cannot fail.
        let _ = write!(text, "{number}");
        let mut labels = [("", ""); 4];
        let end = place.len().min(3);
        labels[..end].copy_from_slice(&place[..end]);
        labels[end] = ("partition", &text);
        self.visit(&labels[..=end], doubt, read);
        self.number = text;
    }
}

impl Options {
    /// Whether this group's partitions are exported one by one.
    pub fn wants_partitions(&self, group: &GroupSnapshot) -> bool {
        let pattern = self.partitions_of.as_ref();
        pattern.is_some_and(|p| p.matches(group.group.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::all;

    #[test]
    fn there_is_room_for_every_label() {
        for series in all() {
            let count = series.level().labels().len() + series.labels.len();
            assert!(count <= MOST_LABELS, "{} has {count} labels", series.name);
        }
    }
}
