//! Records and what transactions make of them: markers, what is aborted, what consumers never see.

use super::topic::{Life, Topic};
use crate::sim::spec::Millis;

/// A record as a log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, relative to the epoch.
    pub at: Millis,
    /// What it is.
    pub kind: RecordKind,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Written outside any transaction.
    Plain,
    /// Written in a transaction.
    Transactional,
    /// The marker that ends a transaction.
    Commit,
    /// The marker that aborts the hanging transaction.
    Abort,
    /// The one record of the hanging transaction.
    Hanging,
}

impl RecordKind {
    /// Whether consumers never see it.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Commit | Self::Abort)
    }
}

impl Topic {
    /// The first and the last offset of an aborted transaction of this partition, once it is aborted.
    pub fn aborted(&self, partition: i32, t: Millis) -> Option<(i64, i64)> {
        let hanging = self
            .hanging
            .filter(|hanging| hanging.partition == partition)?;
        let end = hanging.aborted.filter(|end| *end <= t)?;
        let life = self.life(t)?;
        let last = |at| self.count(life, partition, at) - 1;
        Some((last(hanging.opened), last(end)))
    }

    /// The offset after the last record at or below `offset` that a consumer sees: markers before it are left out.
    pub fn after_data(&self, partition: i32, offset: i64, t: Millis) -> i64 {
        let mut after = offset;
        while self.is_transactional()
            && self
                .record(partition, after - 1, t)
                .is_some_and(|record| record.kind.is_control())
        {
            after -= 1;
        }
        after
    }

    /// How many records before `offset` consumers never see.
    pub fn controls_before(&self, partition: i32, offset: i64, t: Millis) -> i64 {
        let Some(life) = self
            .life(t)
            .filter(|_| self.is_transactional() && offset > 0)
        else {
            return 0;
        };
        let at = self.appended(life, partition, offset - 1, t);
        let (upto, before) = (
            self.controls(life, partition, at),
            self.controls(life, partition, at - 1),
        );
        upto - (self.count(life, partition, at) - offset).clamp(0, upto - before)
    }

    fn controls(&self, life: &Life, partition: i32, t: Millis) -> i64 {
        let aborted = self
            .hanging
            .filter(|hanging| hanging.partition == partition)
            .and_then(|hanging| hanging.aborted);
        life.feeds.iter().map(|feed| feed.markers(t)).sum::<i64>()
            + i64::from(aborted.is_some_and(|end| t >= end))
    }

    pub(super) fn kind(
        &self,
        life: &Life,
        partition: i32,
        offset: i64,
        appended: Millis,
    ) -> RecordKind {
        if !life.transactional && self.hanging.is_none() {
            return RecordKind::Plain;
        }
        let after = self.count(life, partition, appended) - 1 - offset;
        let hanging = self
            .hanging
            .filter(|hanging| hanging.partition == partition);
        let mut late = 0;
        if hanging.is_some_and(|hanging| hanging.aborted == Some(appended)) {
            if after == late {
                return RecordKind::Abort;
            }
            late += 1;
        }
        if hanging.is_some_and(|hanging| hanging.opened == appended) {
            if after == late {
                return RecordKind::Hanging;
            }
            late += 1;
        }
        let markers = life
            .feeds
            .iter()
            .filter(|feed| feed.marks_at(appended))
            .count() as i64;
        if after < late + markers {
            RecordKind::Commit
        } else if life.transactional {
            RecordKind::Transactional
        } else {
            RecordKind::Plain
        }
    }
}
