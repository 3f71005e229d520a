//! What has to hold in every snapshot around a fault.
//!
//! Two kinds of reading get a grace, and only they: a replicated partition that the broken broker led, and the commits of a group that it
//! coordinated. Nobody can answer for them until the cluster itself has named another leader; then a call that still hangs has to time out, and
//! two intervals are what any reading may be old. All else that healthy brokers answer for has to be known throughout.

use std::sync::Arc;
use std::time::Duration;

use laggard::model::{HealthState, PartitionView, Reading, Snapshot, Span, Timestamp};

use super::truth::{BEFORE, COMMITTED, Led, PARTITIONS, Truth};

/// `request_timeout`'s default.
const TIMEOUT: Span = Span::from_secs(5);
/// From the true end of a partition to the answer that tells it, and from a cut to its reader, on a machine with other things to do.
const SLACK: Span = Span::from_secs(1);

/// A fault and its course.
pub(super) struct Fault {
    pub(super) broker: usize,
    pub(super) hangs: bool,
    pub(super) led: Led,
    pub(super) began: Timestamp,
    /// All that has other replicas had another leader.
    pub(super) moved: Timestamp,
    /// It was woken or started again.
    pub(super) returned: Timestamp,
    /// Preferred leaders began to be elected back.
    pub(super) elected: Timestamp,
    pub(super) healed: Timestamp,
}

impl Fault {
    /// Whether what it led may be without an answer.
    fn is_grace(&self, at: Timestamp, poll: Span) -> bool {
        let follow = |since: Timestamp| since + TIMEOUT + poll.times(2);
        (self.began..=follow(self.moved)).contains(&at)
            || (self.elected..=follow(self.elected)).contains(&at)
    }
}

pub(super) struct Judge<'a> {
    truth: &'a Truth,
    poll: Span,
}

/// One row of a snapshot, with its names.
struct Row<'a> {
    at: Timestamp,
    group: usize,
    topic: &'a str,
    partition: i32,
    view: PartitionView<'a>,
}

impl Row<'_> {
    fn name(&self) -> String {
        let (at, group) = (self.at.as_millis(), self.group + 1);
        format!(
            "at {at}, group of broker {group}, {}-{}",
            self.topic, self.partition
        )
    }

    fn readings(&self) -> [(&'static str, Reading<i64>); 4] {
        let row = self.view.row();
        [
            ("committed_offset", row.committed_offset.clone()),
            ("log_end_offset", self.view.log_end_offset()),
            ("lag", self.view.lag()),
            ("effective_lag", row.effective_lag.clone()),
        ]
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(truth: &'a Truth, poll: Duration) -> Self {
        let poll = Span::from_millis(i64::try_from(poll.as_millis()).unwrap());
        Self { truth, poll }
    }

    fn rows<'s>(&'s self, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, String> {
        let cluster = snapshot.cluster("it").ok_or("no cluster")?;
        let mut rows = Vec::new();
        for (number, name) in self.truth.groups.iter().enumerate() {
            let group = cluster.group(name).ok_or_else(|| format!("no {name}"))?;
            for topic in [&*self.truth.pinned, &*self.truth.replicated] {
                for partition in 0..PARTITIONS {
                    let view = group.partitions().find(|view| {
                        view.topic().topic.as_str() == topic && view.partition() == partition
                    });
                    let view = view.ok_or_else(|| format!("{name} lacks {topic}-{partition}"))?;
                    rows.push(Row {
                        at: snapshot.at,
                        group: number,
                        topic,
                        partition,
                        view,
                    });
                }
            }
        }
        Ok(rows)
    }

    fn is_own(&self, row: &Row<'_>, broker: usize) -> bool {
        row.topic == self.truth.pinned && usize::try_from(row.partition).unwrap() == broker - 1
    }

    /// From here on nothing that the broken broker said may count as known.
    fn silent_from(&self, began: Timestamp) -> Timestamp {
        began + TIMEOUT + self.poll.times(2) + SLACK
    }

    /// Whether a fault has gone on long enough to see that all stays as it is.
    pub(super) fn has_long_begun(&self, began: Timestamp, now: Timestamp) -> bool {
        now >= self.silent_from(began) + self.poll
    }

    /// Everything is known.
    pub(super) fn all_known(&self, snapshot: &Snapshot) -> Result<(), String> {
        for row in self.rows(snapshot)? {
            for (field, reading) in row.readings() {
                if !reading.is_known() {
                    return Err(format!("{}: {field} is {reading:?}", row.name()));
                }
            }
        }
        Ok(())
    }

    /// Everything is known but the broken broker's own partition, which is stale for a reason that names the fault.
    pub(super) fn only_its_own_is_not_known(
        &self,
        snapshot: &Snapshot,
        broker: usize,
    ) -> Result<(), String> {
        for row in self.rows(snapshot)? {
            let end = row.view.log_end_offset();
            if self.is_own(&row, broker) {
                let why = end.why().map_or("", |why| why.as_str());
                let named =
                    why.contains(&format!("broker {broker}")) || why.contains("has no leader");
                if !end.is_stale() || !row.view.lag().is_stale() || !named {
                    return Err(format!("{}: {end:?}", row.name()));
                }
            } else if !row.view.lag().is_known() {
                return Err(format!("{}: {:?}", row.name(), row.view.lag()));
            }
        }
        Ok(())
    }

    /// Holds every snapshot from the fault's beginning to its end against the truth; what was seen, in words.
    #[track_caller]
    pub(super) fn judge(&self, fault: &Fault, snapshots: &[Arc<Snapshot>]) -> String {
        let around =
            |snapshot: &&Arc<Snapshot>| (fault.began..=fault.healed).contains(&snapshot.at);
        let (mut last, mut count) = (fault.began, 0);
        let (mut longest, mut took) = (Span::ZERO, Span::ZERO);
        for snapshot in snapshots.iter().filter(around) {
            let gap = last.age_at(snapshot.at);
            assert!(
                gap <= self.poll.times(2) + SLACK,
                "no snapshot for {gap:?} before {}",
                snapshot.at.as_millis()
            );
            (last, count, longest) = (snapshot.at, count + 1, longest.max(gap));
            let health = &snapshot.cluster("it").unwrap().health;
            assert_eq!(health.state, HealthState::Up, "{health:?}");
            let cycle = health.cycle.as_ref().unwrap();
            assert_eq!(cycle.interval, self.poll, "two of it are what is fresh");
            took = took.max(cycle.took);
            for row in self.rows(snapshot).unwrap() {
                self.judge_row(fault, &row);
            }
        }
        assert!(last.age_at(fault.healed) <= self.poll.times(2) + SLACK);
        format!(
            "broker {} {}, {count} snapshots in {:?}, the longest gap {longest:?}, the longest cycle {took:?}",
            fault.broker,
            if fault.hangs { "hung" } else { "killed" },
            fault.began.age_at(fault.healed),
        )
    }

    #[track_caller]
    fn judge_row(&self, fault: &Fault, row: &Row<'_>) {
        self.is_true(row);
        let own = self.is_own(row, fault.broker);
        let [_, (_, end), (_, lag), _] = row.readings();
        if own {
            if (self.silent_from(fault.began)..=fault.returned).contains(&row.at) {
                assert!(
                    !end.is_known() && !lag.is_known(),
                    "{}: {end:?}",
                    row.name()
                );
            }
            return;
        }
        let grace = fault.is_grace(row.at, self.poll);
        let led =
            row.topic == self.truth.replicated && fault.led.partitions.contains(&row.partition);
        let coordinated = row.group + 1 == fault.broker;
        if !(led && grace) {
            assert!(end.is_known(), "{}: {end:?}", row.name());
        }
        if !((led || coordinated) && grace) {
            let [(_, committed), ..] = row.readings();
            assert!(committed.is_known(), "{}: {committed:?}", row.name());
            assert!(lag.is_known(), "{}: {lag:?}", row.name());
        }
    }

    /// Each number is the true one, as of two intervals ago at the most if it is known; each other reading gives a reason.
    #[track_caller]
    fn is_true(&self, row: &Row<'_>) {
        let [(_, committed), (_, end), (_, lag), (_, effective)] = row.readings();
        for (field, reading) in row.readings() {
            let told =
                reading.is_known() || reading.why().is_some_and(|why| !why.as_str().is_empty());
            assert!(told, "{}: {field} gives no reason", row.name());
        }
        assert!(
            committed.value().is_none_or(|c| c == COMMITTED),
            "{}: {committed:?}",
            row.name()
        );
        for lag in [&lag, &effective] {
            let shown = lag.value();
            assert!(
                shown.is_none_or(|lag| Some(lag + COMMITTED) == end.value()),
                "{}: {lag:?}",
                row.name()
            );
        }
        let (least, most) = if row.topic == self.truth.pinned {
            let oldest = row.at - self.poll.times(2) - SLACK;
            let now = self.truth.end_at(row.partition, row.at + SLACK);
            (self.truth.end_at(row.partition, oldest), now + 1)
        } else {
            (BEFORE, BEFORE)
        };
        if let Some(end) = end.value() {
            assert!(
                (BEFORE..=most).contains(&end),
                "{}: {end} of {most}",
                row.name()
            );
        }
        if let Some(end) = end.known() {
            assert!(
                end >= least,
                "{}: {end}, but {least} was there two intervals ago",
                row.name()
            );
        }
    }
}
