//! What `doctor` finds out on real brokers, with and without rights.

use std::time::Duration;

use laggard::model::{ClusterProbe, Grant, Others, Right};
use laggard::report::{self, Form, Outcome};
use laggard::source::kafka::{KafkaConfig, Properties, probe};

use crate::support::kafka::{KafkaCluster, MONITOR, Options, STRANGER, User};
use crate::support::unique;

fn probed(properties: Properties) -> ClusterProbe {
    let config = KafkaConfig::new("here".into(), properties);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(probe(&config, Duration::from_secs(10)))
}

fn printed(found: ClusterProbe) -> (String, Outcome) {
    let mut out = Vec::new();
    let outcome = report::doctor(&[found], Form::Table(None), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), outcome)
}

fn grant(found: &ClusterProbe, right: Right) -> &Grant {
    let mut rights = found.rights.iter();
    &rights.find(|(r, _)| *r == right).unwrap().1
}

fn sasl(cluster: &KafkaCluster, user: User) -> Properties {
    let ca = cluster.directory().join("ca.pem");
    let mut properties = Properties::bootstrap(&cluster.bootstrap_sasl());
    properties.set("security.protocol", "SASL_SSL");
    properties.set("ssl.ca.location", ca.to_str().unwrap());
    properties.set("sasl.mechanism", "PLAIN");
    properties.set("sasl.username", user.name);
    properties.set("sasl.password", user.password);
    properties
}

#[test]
fn doctor_tells_each_right_apart_and_the_command_that_it_prints_gives_it() {
    require!(kafka, openssl);
    let cluster = KafkaCluster::start(1, &Options::secured());
    let (topic, group) = (unique("doctor"), unique("doctor"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 4)]);

    let found = probed(sasl(&cluster, MONITOR));
    assert_eq!(
        grant(&found, Right::DescribeCluster),
        &Grant::Given { tried: 0 }
    );
    assert_eq!(
        grant(&found, Right::DescribeGroups),
        &Grant::Given { tried: 1 }
    );
    assert_eq!(
        grant(&found, Right::DescribeTopics),
        &Grant::Given { tried: 1 }
    );
    assert!(matches!(
        grant(&found, Right::DescribeConfigs),
        Grant::Refused { refused: 1, .. }
    ));
    let (text, outcome) = printed(found);
    assert_eq!(outcome, Outcome::Fine, "{text}");
    assert!(!text.contains(MONITOR.password), "{text}");
    assert!(
        text.contains("--allow-principal User:monitor --operation DescribeConfigs --topic '*'")
    );
    for api in ["ListOffsets", "OffsetFetch", "ConsumerGroupDescribe"] {
        let line = text.lines().find(|l| l.contains(api) && l.contains(" to "));
        assert!(
            line.is_some_and(|l| l.starts_with("  ok")),
            "{api} in {text}"
        );
    }

    let found = probed(sasl(&cluster, STRANGER));
    assert!(
        matches!(grant(&found, Right::DescribeCluster), Grant::Refused { .. }),
        "{found:?}"
    );
    assert!(
        matches!(grant(&found, Right::DescribeGroups), Grant::Unclear(_)),
        "{found:?}"
    );
    assert!(
        matches!(grant(&found, Right::DescribeTopics), Grant::Unclear(_)),
        "{found:?}"
    );
    // Hidden, not absent: a made-up name is refused, too.
    let reached = found.reached.as_ref().unwrap();
    assert_eq!((reached.groups, reached.topics), (0, 0));
    assert_eq!(
        (reached.other_groups, reached.other_topics),
        (Others::Hidden, Others::Hidden)
    );
    assert!(
        matches!(grant(&found, Right::ReadOffsets), Grant::Refused { .. }),
        "{found:?}"
    );
    let (text, outcome) = printed(found);
    assert_eq!(outcome, Outcome::Unknown);
    assert!(text.contains("this user may see none"), "{text}");

    let read = ["--operation", "Read", "--topic", "__consumer_offsets"];
    cluster.allow("User:stranger", &read);
    cluster.allow("User:stranger", &["--operation", "Describe", "--cluster"]);
    let found = probed(sasl(&cluster, STRANGER));
    assert_eq!(
        grant(&found, Right::DescribeCluster),
        &Grant::Given { tried: 0 }
    );
    assert_eq!(
        grant(&found, Right::ReadOffsets),
        &Grant::Given { tried: 0 }
    );
    let reached = found.reached.as_ref().unwrap();
    assert_eq!(
        (reached.other_groups, reached.other_topics),
        (Others::None, Others::Hidden)
    );
    // Listed now, but still not to be read: refused, by name.
    assert_eq!(
        grant(&found, Right::DescribeGroups),
        &Grant::Refused {
            refused: 1,
            tried: 1,
            example: Some(group.as_str().into())
        }
    );
    assert_eq!(printed(found).1, Outcome::Unknown);
}

#[test]
fn doctor_says_why_a_cluster_is_not_reached() {
    let found = probed(Properties::bootstrap("127.0.0.1:1"));
    let (text, outcome) = printed(found);
    assert_eq!(outcome, Outcome::Unknown);
    assert!(
        text.contains("  NO   not reached: no broker can be reached"),
        "{text}"
    );
}

#[test]
fn doctor_tells_that_there_is_no_group_where_there_is_none() {
    require!(kafka);
    let cluster = KafkaCluster::start(1, &Options::default());
    let found = probed(Properties::bootstrap(&cluster.bootstrap()));
    let reached = found.reached.as_ref().unwrap();
    assert_eq!(
        (reached.groups, reached.other_groups, reached.other_topics),
        (0, Others::None, Others::None)
    );
    let (text, outcome) = printed(found);
    assert_eq!(outcome, Outcome::Fine, "{text}");
    assert!(text.contains("there is no group"), "{text}");
    // A broker that is asked for a coordinator makes the offsets topic, and librdkafka asks for its own client's, unused as it is.
    assert!(
        text.contains("no group has ever committed")
            || text.contains("ok   Read on __consumer_offsets"),
        "{text}"
    );
}
