//! From a snapshot to samples: walks the subjects of a series' level and gives each the labels of
//! its place.

use std::fmt::Write as _;

use super::{Options, Read, Series};
use crate::model::{ClusterSnapshot, GroupSnapshot, PartitionView, Snapshot, Timestamp};

/// A label: name, value.
pub(super) type Label<'a> = (&'a str, &'a str);

/// Most labels that a sample has; a test holds it.
const MOST_LABELS: usize = 12;

/// Where a series puts its samples: it knows the labels of the subject's place.
pub struct Emit<'a> {
    /// The instant as of which ages stand.
    pub at: Timestamp,
    options: &'a Options,
    labels: &'a [Label<'a>],
    sink: &'a mut dyn FnMut(&[Label<'_>], f64),
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
}

impl Series {
    /// Gives every sample that this series has in `snapshot` to `sink`, in name order.
    pub fn samples(
        &self,
        snapshot: &Snapshot,
        options: &Options,
        sink: &mut dyn FnMut(&[Label<'_>], f64),
    ) {
        let mut walk = Walk {
            at: snapshot.at,
            options,
            sink,
            number: String::new(),
        };
        if let Read::Laggard(read) = self.read {
            read(snapshot, &mut walk.emit(&[]));
        }
        for cluster in &snapshot.clusters {
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
            Read::Laggard(_) => {}
            Read::Cluster(read) => read(cluster, &mut walk.emit(&[place])),
            Read::Topic(read) => {
                for topic in &cluster.topics {
                    read(
                        topic,
                        &mut walk.emit(&[place, ("topic", topic.topic.as_str())]),
                    );
                }
            }
            Read::TopicPartition(read) => {
                let wanted = walk.options.partitions_of.is_some();
                for topic in cluster.topics.iter().filter(|_| wanted) {
                    let place = [place, ("topic", topic.topic.as_str())];
                    for log in &topic.partitions {
                        walk.partition(&place, log.partition, |emit| read(log, emit));
                    }
                }
            }
            Read::Group(read) => groups.for_each(|group| {
                read(
                    group,
                    &mut walk.emit(&[place, ("group", group.group.as_str())]),
                );
            }),
            Read::GroupTopic(read) => groups.for_each(|group| {
                for_each_topic(group, |rows| {
                    let topic = rows[0].topic().topic.as_str();
                    let labels = [place, ("group", group.group.as_str()), ("topic", topic)];
                    read(rows, &mut walk.emit(&labels));
                });
            }),
            Read::Partition(read) => groups
                .filter(|g| walk.options.wants_partitions(g))
                .for_each(|group| {
                    for view in group.partitions() {
                        let topic = view.topic().topic.as_str();
                        let labels = [place, ("group", group.group.as_str()), ("topic", topic)];
                        walk.partition(&labels, view.partition(), |emit| read(&view, emit));
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
    at: Timestamp,
    options: &'a Options,
    sink: &'a mut dyn FnMut(&[Label<'_>], f64),
    number: String,
}

impl Walk<'_> {
    fn emit<'b>(&'b mut self, labels: &'b [Label<'b>]) -> Emit<'b> {
        Emit {
            at: self.at,
            options: self.options,
            labels,
            sink: self.sink,
        }
    }

    /// Calls `read` with a place that ends in a partition's number.
    fn partition(&mut self, place: &[Label<'_>], number: i32, read: impl FnOnce(&mut Emit<'_>)) {
        self.number.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.number, "{number}");
        let mut labels = [("", ""); 4];
        let end = place.len().min(3);
        labels[..end].copy_from_slice(&place[..end]);
        labels[end] = ("partition", &self.number);
        read(&mut Emit {
            at: self.at,
            options: self.options,
            labels: &labels[..=end],
            sink: self.sink,
        });
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
