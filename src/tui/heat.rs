//! Members × partitions: where a group's unread records lie.
//!
//! A row a member and, if any partition has no owner, one for those; a column a partition. A
//! cell's shade is the partition's share of the group's unread records.

use super::view::member_label;
use crate::model::{GroupSnapshot, PartitionView};

/// The map of one group.
pub(super) struct HeatMap<'a> {
    group: &'a GroupSnapshot,
    total: i64,
}

/// How a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    /// The member does not own the partition.
    Elsewhere,
    /// It is not known what is unread.
    Unknown,
    /// 0 (nothing unread) to 4 (half of the group's backlog or more).
    Level(u8),
}

impl<'a> HeatMap<'a> {
    /// For a group.
    pub(super) fn of(group: &'a GroupSnapshot) -> Self {
        let total = group.rows.iter().filter_map(|r| r.effective_lag.value());
        Self {
            group,
            total: total.fold(0, i64::saturating_add),
        }
    }

    /// How many rows it has.
    pub(super) fn rows(group: &GroupSnapshot) -> usize {
        let members = group.members.as_ref().map_or(0, |m| m.len());
        members + usize::from(group.rows.iter().any(|r| r.owner.is_none()))
    }

    /// What a row is called.
    pub(super) fn label(&self, row: usize) -> String {
        match self.group.members.as_deref().and_then(|m| m.get(row)) {
            Some(member) => member_label(member),
            None if self.group.members.is_none() => "members unknown".to_owned(),
            None => "unassigned".to_owned(),
        }
    }

    /// The partition of a column.
    pub(super) fn column(&self, column: usize) -> Option<PartitionView<'a>> {
        self.group.partitions().nth(column)
    }

    /// How a cell looks.
    pub(super) fn shade(&self, row: usize, column: usize) -> Shade {
        let Some(partition) = self.group.rows.get(column) else {
            return Shade::Elsewhere;
        };
        let members = self.group.members.as_ref().map_or(0, |m| m.len());
        let owner = partition.owner.map_or(members, |o| o as usize);
        if owner != row {
            return Shade::Elsewhere;
        }
        match partition.effective_lag.value() {
            None => Shade::Unknown,
            Some(lag) if lag <= 0 || self.total <= 0 => Shade::Level(0),
            Some(lag) => Shade::Level(level(lag as f64 / self.total as f64)),
        }
    }
}

/// Anything unread is at least the lightest shade.
fn level(share: f64) -> u8 {
    match share {
        s if s >= 0.5 => 4,
        s if s >= 0.2 => 3,
        s if s >= 0.05 => 2,
        _ => 1,
    }
}
