//! TLS, passwords and ACLs on real Kafka: whoever may see sees the truth; whoever may not is told so, without a secret in it.

use std::time::Duration;

use laggard::source::kafka::Properties;
use serde_json::Value;

use crate::support::inside::Inside;
use crate::support::kafka::{KafkaCluster, MONITOR, Options, STRANGER, User};
use crate::support::laggard::{Ended, group, laggard, partition};
use crate::support::{eventually, unique};

const WRONG: User = User {
    name: "monitor",
    password: "wrong-secret-0b1d",
};
const WITHIN: Duration = Duration::from_mins(1);

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

/// Sooner than a call's own time-out: what is known of the reason is told.
#[test]
fn a_one_shot_with_little_time_says_why_nobody_has_answered() {
    for (server, words) in [
        ("no-such-host.invalid:9092", "cannot be resolved"),
        ("127.0.0.1:1", "no broker can be reached"),
    ] {
        let ended = laggard(["lag", "--bootstrap-server", server, "--timeout", "3s"]);
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.stderr.contains(words), "{ended:#?}");
        assert!(ended.stdout.is_empty(), "{ended:#?}");
    }
}

/// `laggard doctor` with these arguments; whatever it says, it says no password.
#[track_caller]
fn doctor(arguments: &[&str]) -> Ended {
    let ended = laggard(["doctor", "--timeout", "15s"].iter().chain(arguments));
    for secret in [MONITOR.password, STRANGER.password, WRONG.password] {
        let told = ended.stdout.contains(secret) || ended.stderr.contains(secret);
        assert!(!told, "a secret is shown: {ended:#?}");
    }
    assert!(!ended.stderr.contains("panicked"), "{ended:#?}");
    ended
}

/// That it exits with 2 and says all of this.
#[track_caller]
fn says(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    for part in parts {
        assert!(ended.stdout.contains(part), "no `{part}` in {ended:#?}");
    }
}

#[test]
fn doctor_says_what_is_not_allowed_or_wrong_and_never_a_secret() {
    require!(kafka, openssl);
    let it = Secured::start();
    let sasl = it.cluster.bootstrap_sasl();
    let as_user = |user| {
        let file = it.cluster.sasl_properties(user, "PLAIN");
        let file = file.to_str().unwrap();
        doctor(&["--bootstrap-server", &sasl, "--command-config", file])
    };
    let acl = |right: &str| {
        format!(
            "kafka-acls --bootstrap-server {sasl} --command-config admin.properties --add --allow-principal User:stranger --operation {right}"
        )
    };
    let groups = acl("Describe --group '*'");
    let topics = acl("Describe --topic '*'");
    says(&as_user(STRANGER), &["lost without it", &groups, &topics]);

    let monitor = as_user(MONITOR);
    assert_eq!(monitor.code, Some(0), "{monitor:#?}");
    assert!(monitor.stdout.contains("User:monitor"), "{monitor:#?}");

    says(&as_user(WRONG), &["not reached", "user name or password"]);
    let mtls = it.cluster.bootstrap_mtls();
    let file = it.cluster.wrong_ca_properties();
    let file = file.to_str().unwrap();
    let wrong_ca = doctor(&["--bootstrap-server", &mtls, "--command-config", file]);
    says(&wrong_ca, &["not reached", "a CA that is not trusted"]);
}

#[test]
fn doctor_on_nobody_says_so_and_on_the_demo_reaches_it() {
    let nobody = doctor(&["--bootstrap-server", "127.0.0.1:1"]);
    says(&nobody, &["not reached", "no broker can be reached"]);
    let demo = doctor(&["--demo"]);
    assert_eq!(demo.code, Some(0), "{demo:#?}");
    assert!(demo.stdout.contains("ok   reached"), "{demo:#?}");
}
