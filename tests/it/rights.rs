//! TLS, passwords and ACLs on real Kafka: whoever may see sees the truth; whoever may not is told so, without a secret in it.

use std::time::Duration;

use laggard::source::kafka::Properties;
use serde_json::Value;

use crate::support::inside::Inside;
use crate::support::kafka::{KafkaCluster, MONITOR, Options, STRANGER, User};
use crate::support::laggard::{group, partition};
use crate::support::{eventually, unique};

const WRONG: User = User {
    name: "monitor",
    password: "wrong-secret-0b1d",
};
const WITHIN: Duration = Duration::from_secs(30);

/// A secured broker with one group on one partition: 10 records, 4 committed.
struct Secured {
    cluster: KafkaCluster,
    topic: String,
    group: String,
}

impl Secured {
    fn start() -> Self {
        let cluster = KafkaCluster::start(1, &Options::secured());
        let (topic, group) = (unique("rights"), unique("rights"));
        cluster.create_topic(&topic, 1);
        cluster.produce(&topic, 0, 10);
        cluster.commit(&group, &[(&topic, 0, 4)]);
        Self {
            cluster,
            topic,
            group,
        }
    }

    fn file(&self, name: &str) -> String {
        self.cluster
            .directory()
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    }

    fn sasl(&self, user: User, mechanism: &str) -> Properties {
        let mut properties = Properties::bootstrap(&self.cluster.bootstrap_sasl());
        properties.set("security.protocol", "SASL_SSL");
        properties.set("ssl.ca.location", &self.file("ca.pem"));
        properties.set("sasl.mechanism", mechanism);
        properties.set("sasl.username", user.name);
        properties.set("sasl.password", user.password);
        properties
    }

    fn mtls(&self, ca: &str) -> Properties {
        let mut properties = Properties::bootstrap(&self.cluster.bootstrap_mtls());
        properties.set("security.protocol", "SSL");
        properties.set("ssl.ca.location", &self.file(ca));
        properties.set("ssl.certificate.location", &self.file("client.crt"));
        properties.set("ssl.key.location", &self.file("client.key"));
        properties
    }
}

/// Waits until a snapshot pleases; no snapshot may show a password.
#[track_caller]
fn wait(properties: Properties, pleases: impl Fn(&Value) -> Result<(), String>) {
    let watched = Inside::open(properties, None);
    eventually(WITHIN, || {
        let document = watched.snapshot();
        let text = document.to_string();
        for secret in [MONITOR.password, STRANGER.password, WRONG.password] {
            assert!(!text.contains(secret), "a secret is shown: {text}");
        }
        pleases(&document)
    });
}

/// The cluster is down, and the reason has one of these words.
fn is_down(document: &Value, words: &[&str]) -> Result<(), String> {
    let health = &document["clusters"][0]["health"];
    let why = health["why"].as_str().unwrap_or_default().to_lowercase();
    let told = health["state"] == "down" && words.iter().any(|word| why.contains(word));
    if told {
        Ok(())
    } else {
        Err(format!("{health:#}"))
    }
}

#[test]
fn who_may_see_sees_and_who_may_not_is_told_so() {
    require!(kafka, openssl);
    let it = Secured::start();
    let sees = |document: &Value| match &partition(document, &it.group, &it.topic, 0)?["lag"]["value"]
    {
        lag if *lag == 6 => Ok(()),
        lag => Err(format!("lag {lag}")),
    };
    wait(it.sasl(MONITOR, "PLAIN"), sees);
    wait(it.sasl(MONITOR, "SCRAM-SHA-512"), sees);
    wait(it.mtls("ca.pem"), sees);

    wait(it.sasl(WRONG, "PLAIN"), |document| {
        is_down(document, &["authenticat"])
    });
    wait(it.sasl(WRONG, "SCRAM-SHA-512"), |document| {
        is_down(document, &["authenticat"])
    });
    wait(it.mtls("other-ca.pem"), |document| {
        is_down(document, &["certificate"])
    });

    // Kafka hides in silence what one may not see: that no group is visible is not that there is none.
    wait(it.sasl(STRANGER, "PLAIN"), |document| {
        let issues = &document["clusters"][0]["issues"];
        if issues.to_string().contains("no group is visible") {
            Ok(())
        } else {
            Err(format!("{document:#}"))
        }
    });

    // The group without its topic: no number, and surely no 0.
    it.cluster.allow(
        "User:stranger",
        &["--operation", "Describe", "--group", &it.group],
    );
    wait(it.sasl(STRANGER, "PLAIN"), |document| {
        let seen = group(document, &it.group)?;
        let lag = &seen["lag"];
        assert!(lag["value"].is_null() && lag["why"].is_string(), "{seen:#}");
        Ok(())
    });
}

#[test]
fn nobody_there_is_down_with_the_reason() {
    let words = ["refused", "127.0.0.1:1", "connect", "brokers"];
    wait(Properties::bootstrap("127.0.0.1:1"), |document| {
        is_down(document, &words)
    });
}
