//! Which versions of each API the brokers speak, heard from librdkafka's log: it asks every broker
//! at its first connection but offers no call that tells.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::ApiVersions;

/// What was heard: the highest of the lowest and the lowest of the highest versions, by key.
#[derive(Default)]
pub(super) struct Versions(Mutex<BTreeMap<i16, (i16, i16)>>);

impl Versions {
    /// Hears a line of the log; whether it told a version.
    pub(super) fn hear(&self, line: &str) -> bool {
        let Some((key, min, max)) = parse(line) else {
            return false;
        };
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let common = heard.entry(key).or_insert((min, max));
        *common = (common.0.max(min), common.1.min(max));
        true
    }

    /// What all brokers that were heard have in common, by key.
    pub(super) fn common(&self) -> Vec<ApiVersions> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = heard.iter();
        versions
            .map(|(&key, &(min, max))| ApiVersions { key, min, max })
            .collect()
    }
}

/// `… ApiKey ListOffsets (2) Versions 0..10`
fn parse(line: &str) -> Option<(i16, i16, i16)> {
    let (_, rest) = line.split_once("ApiKey ")?;
    let (name, versions) = rest.split_once(" Versions ")?;
    let (_, key) = name.strip_suffix(')')?.rsplit_once('(')?;
    let (min, max) = versions.trim_end().split_once("..")?;
    Some((key.parse().ok()?, min.parse().ok()?, max.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_all_brokers_have() {
        let versions = Versions::default();
        assert!(versions.hear("[thrd:b1]: b1:   ApiKey ListOffsets (2) Versions 0..10"));
        assert!(versions.hear("[thrd:b2]: b2:   ApiKey ListOffsets (2) Versions 1..7"));
        assert!(versions.hear("ApiKey Unknown-75? (75) Versions 0..0"));
        for other in [
            "Broker API support:",
            "ApiKey x (y) Versions 1..2",
            "Enabling feature x",
        ] {
            assert!(!versions.hear(other), "{other}");
        }
        let expected = [(2, 1, 7), (75, 0, 0)].map(|(key, min, max)| ApiVersions { key, min, max });
        assert_eq!(versions.common(), expected);
    }
}
