//! The order of groups, and the totals of the header.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::columns::GroupColumn;
use super::super::filter::Filter;
use super::super::glyphs::Urgency;
use super::super::state::{GroupKey, PartitionKey, State, Ui};
use super::{Stamp, stamp};
use crate::model::{
    ClusterName, ClusterSnapshot, Eta, GroupSnapshot, PartitionView, Snapshot, Span, Status,
    Timestamp,
};

/// Cluster and group by their places in the snapshot.
pub(in crate::tui) type Row = (u32, u32);

/// The list of groups.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct GroupRows {
    /// In order.
    pub(in crate::tui) rows: Vec<Row>,
    /// Inactive ones that are not shown.
    pub(in crate::tui) folded: usize,
    /// Those that the filter leaves out.
    pub(in crate::tui) filtered: usize,
    made_for: Option<(Stamp, Wanted)>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    filter: Filter,
    sort: Option<GroupColumn>,
    invert: bool,
    scope: Option<ClusterName>,
    inactive: bool,
}

/// Sums over the groups in scope, inactive ones left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::tui) struct Totals {
    /// How many groups of each urgency.
    pub(in crate::tui) urgencies: [usize; 6],
    /// Inactive ones.
    pub(in crate::tui) inactive: usize,
    /// Unread records, of those that are known or stale; `None` if of none.
    pub(in crate::tui) lag: Option<i64>,
    /// Some lag is not known: the sum is a lower bound.
    pub(in crate::tui) lag_open: bool,
    /// Some lag is stale.
    pub(in crate::tui) lag_stale: bool,
    /// By how many records a second it grows, of those that are known.
    pub(in crate::tui) growth: Option<f64>,
    /// The bytes of the longest name: at least the cells that it takes, or close to them.
    pub(in crate::tui) longest: usize,
    made_for: Option<(Stamp, Option<ClusterName>)>,
}

impl GroupRows {
    /// The group of a row.
    pub(in crate::tui) fn get(
        snapshot: &Snapshot,
        row: Row,
    ) -> (&Arc<ClusterSnapshot>, &Arc<GroupSnapshot>) {
        let cluster = &snapshot.clusters[row.0 as usize];
        (cluster, &cluster.groups[row.1 as usize])
    }

    /// The identity of a row.
    #[expect(clippy::unused_self, reason = "reads as a question to the list")]
    pub(in crate::tui) fn key(&self, snapshot: &Snapshot, row: Row) -> GroupKey {
        let (cluster, group) = Self::get(snapshot, row);
        (cluster.cluster.clone(), group.group.clone())
    }

    /// Where a group stands.
    pub(in crate::tui) fn find(&self, snapshot: &Snapshot, key: &GroupKey) -> Option<usize> {
        let c = snapshot.clusters.iter().position(|c| c.cluster == key.0)?;
        let g = snapshot.clusters[c]
            .groups
            .binary_search_by(|g| g.group.cmp(&key.1))
            .ok()?;
        let row = (c as u32, g as u32);
        self.rows.iter().position(|r| *r == row)
    }
}

impl GroupRows {
    /// Brings it up to date for a snapshot and what is asked for.
    pub(super) fn bring(&mut self, snapshot: &Arc<Snapshot>, wanted: Wanted) {
        let made_for = Some((stamp(snapshot), wanted));
        if self.made_for == made_for {
            return;
        }
        if let Some((_, wanted)) = &made_for {
            order(self, snapshot, wanted);
        }
        self.made_for = made_for;
    }
}

impl Wanted {
    pub(super) fn of(ui: &Ui) -> Self {
        Self {
            filter: ui.filters[0].clone(),
            sort: ui.sort,
            invert: ui.invert,
            scope: ui.scope.clone(),
            inactive: ui.inactive,
        }
    }
}

impl Totals {
    /// Brings it up to date for a snapshot and a cluster or all.
    pub(super) fn bring(&mut self, snapshot: &Arc<Snapshot>, scope: Option<&ClusterName>) {
        let made_for = Some((stamp(snapshot), scope.cloned()));
        if self.made_for != made_for {
            *self = totals(snapshot, scope);
            self.made_for = made_for;
        }
    }
}

impl State {
    pub(super) fn refresh_groups(&mut self) {
        let (ui, shown) = (&self.ui, &self.shown);
        self.lists.totals.bring(shown, ui.scope.as_ref());
        self.lists.groups.bring(shown, Wanted::of(ui));
    }
}

fn totals(snapshot: &Snapshot, scope: Option<&ClusterName>) -> Totals {
    let mut t = Totals::default();
    let clusters = snapshot.clusters.iter();
    let clusters = clusters.filter(|c| scope.is_none_or(|s| *s == c.cluster));
    for group in clusters.flat_map(|c| &c.groups) {
        t.longest = t.longest.max(group.group.as_str().len());
        if group.inactive {
            t.inactive += 1;
            continue;
        }
        t.urgencies[Urgency::of(group.status.status) as usize] += 1;
        match group.lag.value() {
            Some(lag) => t.lag = Some(t.lag.unwrap_or(0).saturating_add(lag)),
            None => t.lag_open = true,
        }
        t.lag_stale |= group.lag.is_stale();
        // A stale sum has no upper bound either, but its last value is what was.
        let open = group.lag.bounds().is_some_and(|b| b.high.is_none());
        t.lag_open |= open && (group.lag.is_known() || group.unknown_partitions > 0);
        if let (Some(arrival), Some(consume)) =
            (group.arrival_rate.known(), group.consume_rate.known())
        {
            *t.growth.get_or_insert(0.0) += arrival - consume;
        }
    }
    t
}

fn order(list: &mut GroupRows, snapshot: &Snapshot, wanted: &Wanted) {
    (list.folded, list.filtered) = (0, 0);
    let mut keyed: Vec<(SortKey, Row)> = Vec::new();
    for (c, cluster) in snapshot.clusters.iter().enumerate() {
        if wanted.scope.as_ref().is_some_and(|s| *s != cluster.cluster) {
            continue;
        }
        for (g, group) in cluster.groups.iter().enumerate() {
            if !wanted.filter.passes(group.group.as_str()) {
                list.filtered += 1;
            } else if group.inactive && !wanted.inactive {
                list.folded += 1;
            } else {
                let key = SortKey::of(group, cluster, wanted, snapshot.at);
                keyed.push((key, (c as u32, g as u32)));
            }
        }
    }
    // The place in the snapshot, which is in name order, decides between equals.
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0, wanted.invert).then(a.1.cmp(&b.1)));
    list.rows = keyed.into_iter().map(|(_, row)| row).collect();
}

/// What a row is sorted by.
enum SortKey {
    /// Breach of its own limit first, then the status, then the time lag in steps of a quarter,
    /// so that neighbours do not change places at each reading.
    Trouble(bool, bool, Status, i32),
    /// The greatest first; what is unknown last, however it is turned.
    Number(Option<f64>),
    /// As a dictionary has it.
    Text(Arc<str>),
}

impl SortKey {
    fn of(
        group: &GroupSnapshot,
        cluster: &ClusterSnapshot,
        wanted: &Wanted,
        at: Timestamp,
    ) -> Self {
        let behind = || {
            let age = group.time_lag.age(at);
            age.value().or(age.low()).map(Span::as_secs_f64)
        };
        let Some(column) = wanted.sort else {
            let steps = behind().map_or(-1, |secs| ((secs + 1.0).ln() / 0.223) as i32);
            return Self::Trouble(
                group.inactive,
                group.breaches(at),
                group.status.status,
                steps,
            );
        };
        match column {
            GroupColumn::Status => Self::Number(Some(-f64::from(group.status.status as u8))),
            GroupColumn::Lag => Self::Number(group.lag.value().map(|n| n as f64)),
            GroupColumn::Behind => Self::Number(behind()),
            GroupColumn::In => Self::Number(group.arrival_rate.value()),
            GroupColumn::Out => Self::Number(group.consume_rate.value()),
            GroupColumn::Eta => Self::Number(eta(group, at)),
            GroupColumn::Members => Self::Number(group.members.as_ref().map(|m| m.len() as f64)),
            GroupColumn::Cluster => Self::Text(cluster.cluster.as_str().into()),
            GroupColumn::State => Self::Text(format!("{:?}", group.state.value()).into()),
            GroupColumn::Owner => Self::Text(
                group
                    .policy
                    .owner
                    .clone()
                    .unwrap_or_else(|| "\u{10ffff}".into()),
            ),
            GroupColumn::Group | GroupColumn::Trend | GroupColumn::Skew => {
                Self::Text(group.group.as_str().into())
            }
        }
    }

    fn cmp(&self, other: &Self, invert: bool) -> Ordering {
        let turned = |o: Ordering| if invert { o.reverse() } else { o };
        match (self, other) {
            (
                Self::Trouble(ai, ab, a_status, a_steps),
                Self::Trouble(bi, bb, b_status, b_steps),
            ) => {
                let by = (bb.cmp(ab))
                    .then(a_status.cmp(b_status))
                    .then(b_steps.cmp(a_steps));
                ai.cmp(bi).then(turned(by))
            }
            (Self::Number(a), Self::Number(b)) => match (a, b) {
                (Some(a), Some(b)) => turned(b.total_cmp(a)),
                (None, None) => Ordering::Equal,
                (None, _) => Ordering::Greater,
                (_, None) => Ordering::Less,
            },
            (Self::Text(a), Self::Text(b)) => turned(a.cmp(b)),
            _ => Ordering::Equal,
        }
    }
}

fn eta(group: &GroupSnapshot, at: Timestamp) -> Option<f64> {
    Some(match group.eta.value()? {
        Eta::CaughtUp => 0.0,
        Eta::At { at: then, .. } => (then - at).as_secs_f64(),
        Eta::Never => f64::INFINITY,
    })
}

/// A group's partitions, the worst first: by status, then by what is unread.
pub(in crate::tui) fn partition_order(group: &GroupSnapshot) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..group.rows.len()).collect();
    rows.sort_by_key(|i| {
        let row = &group.rows[*i];
        let status = row.verdict.as_ref().map_or(Status::Idle, |v| v.status);
        let lag = row.effective_lag.value().unwrap_or(-1);
        (status, std::cmp::Reverse(lag))
    });
    rows
}

/// A partition's identity.
pub(in crate::tui) fn partition_key(group: &GroupSnapshot, row: usize) -> PartitionKey {
    let row = &group.rows[row];
    let topic = group.topics[row.topic as usize].topic.clone();
    (topic, row.partition)
}

/// One row of a group with what it points to.
pub(in crate::tui) fn partition_view(
    group: &GroupSnapshot,
    row: usize,
) -> Option<PartitionView<'_>> {
    group.partitions().nth(row)
}

/// The fullest member's unread records against the mean over members: 1 is even. `None` without
/// members, without lag, or where a lag is not known.
pub(in crate::tui) fn skew(group: &GroupSnapshot) -> Option<f64> {
    let members = group.members.as_ref().filter(|m| m.len() > 1)?;
    let mut lags = vec![0_i64; members.len()];
    for row in &group.rows {
        if let Some(owner) = row.owner {
            let sum = lags.get_mut(owner as usize)?;
            *sum = sum.saturating_add(row.effective_lag.value()?);
        }
    }
    let total = lags.iter().copied().fold(0, i64::saturating_add);
    let most = lags.iter().max()?;
    (total > 0).then(|| *most as f64 * lags.len() as f64 / total as f64)
}
