//! What producers do to consumers: a record nobody can handle, a transaction nobody ends.

use super::Part;
use crate::sim::spec::{EventKind, FeedSpec, GroupSpec, Hanging, MINUTE, SECOND, TopicSpec};

/// An invoice without lines; its handler fails, and so does the next owner's.
pub(super) fn poison() -> Part {
    let topic = TopicSpec::new("invoices.issued", 8).fed(FeedSpec::steady(40.0));
    let poison = EventKind::Poison {
        topic: "invoices.issued".to_owned(),
        partition: 5,
        restarts: Some(6 * MINUTE),
    };
    Part::new(
        topic,
        GroupSpec::new("billing-export", "invoices.issued")
            .members(3, 45.0)
            .event(-14 * MINUTE, None, poison),
    )
}

/// A posting service was killed between its write and its commit, with a transaction timeout of a day.
pub(super) fn hanging_transaction() -> Part {
    let mut topic =
        TopicSpec::new("ledger.entries", 6).fed(FeedSpec::steady(80.0).transactional(5 * SECOND));
    topic.hanging = Some(Hanging {
        partition: 3,
        opened: -22 * MINUTE - 1_700,
        aborted: None,
    });
    let mut group = GroupSpec::new("ledger-poster", "ledger.entries").members(3, 60.0);
    group.read_committed = true;
    Part::new(topic, group)
}
