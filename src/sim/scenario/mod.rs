//! Ready scenarios.

use super::spec::{Filler, Scenario};

/// A big quiet cluster: so many groups over so many partitions on so many brokers.
pub fn bulk(groups: usize, partitions: usize, brokers: i32) -> Scenario {
    Scenario {
        name: "bulk".to_owned(),
        brokers,
        filler: Some(Filler { groups, partitions }),
        ..Scenario::default()
    }
}
