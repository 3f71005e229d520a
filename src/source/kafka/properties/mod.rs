//! librdkafka's properties for one cluster.

use std::collections::BTreeMap;
use std::fmt;

use super::secret::{Scrubber, Secret};

/// What is set whatever the user says: Laggard reads and leaves no trace.
const ALWAYS: [(&str, &str); 3] = [
    ("enable.metrics.push", "false"),
    ("allow.auto.create.topics", "false"),
    ("isolation.level", "read_uncommitted"),
];

/// What is set unless the user says otherwise. The group is never joined.
const DEFAULTS: [(&str, &str); 6] = [
    ("client.id", "laggard"),
    ("group.id", "laggard-reads-only"),
    ("enable.auto.commit", "false"),
    ("socket.timeout.ms", "10000"),
    ("reconnect.backoff.max.ms", "2000"),
    ("log.connection.close", "false"),
];

/// Properties by name. Values that may be secret print as `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Secret>);

/// Whether a property's value must not be seen.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "secret",
        "jaas",
        "token",
        "key.pem",
        "keystore.key",
        "assertion",
    ]
    .iter()
    .any(|part| name.contains(part))
}

impl Properties {
    /// Only where to connect to.
    pub fn bootstrap(servers: &str) -> Self {
        let mut properties = Self::default();
        properties.set("bootstrap.servers", servers);
        properties
    }

    /// Sets one.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Secret::new(value));
    }

    /// One property's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::reveal)
    }

    /// What librdkafka is given: the user's, with Laggard's own.
    pub fn for_client(&self) -> Vec<(String, String)> {
        let mut all: BTreeMap<&str, &str> = DEFAULTS.into_iter().collect();
        all.extend(
            self.0
                .iter()
                .map(|(name, value)| (name.as_str(), value.reveal())),
        );
        all.extend(ALWAYS);
        all.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Takes the secret values out of texts.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber::new(
            self.0
                .iter()
                .filter(|(name, _)| is_secret(name))
                .map(|(_, value)| value.clone()),
        )
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| {
            let value = if is_secret(name) {
                "***"
            } else {
                value.reveal()
            };
            (name, value)
        });
        f.debug_map().entries(shown).finish()
    }
}
