//! Who is to be told of alerts that were evaluated elsewhere: those of a recording that is played.
//!
//! In: its snapshots. Out: notifications, by routes of one's own. It goes by the snapshots' time.

use super::grouping::Grouping;
use crate::model::{Notification, Notify, Snapshot, Timestamp};

/// Groups alerts that come with their snapshots.
#[derive(Debug)]
pub struct Teller {
    notify: Notify,
    grouping: Grouping,
    at: Timestamp,
}

impl Teller {
    /// One that has told nothing, by these routes.
    pub fn new(notify: Notify) -> Self {
        Self {
            notify,
            grouping: Grouping::default(),
            at: Timestamp::default(),
        }
    }

    /// Who is to be told of what. When the recording goes back, what was told is told anew.
    pub fn look(&mut self, snapshot: &Snapshot) -> Vec<Notification> {
        if snapshot.at < self.at {
            self.grouping = Grouping::default();
        }
        self.at = snapshot.at;
        self.grouping
            .cut(&self.notify, &snapshot.alerts, true, snapshot.at)
    }
}
