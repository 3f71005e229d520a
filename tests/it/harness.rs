//! The harness itself, held against real brokers.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::kafka::brokers_seen;
use crate::support::kafka::clients::Transactions;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::tools::{GROUPS, ShareMember, run_tool};
use crate::support::kafka::{KafkaCluster, MONITOR, Options, STRANGER, shared};
use crate::support::process::is_alive;
use crate::support::{eventually, unique};

#[test]
fn a_groups_rows_are_what_was_produced_and_committed() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("rows"), unique("rows"));
    cluster.create_topic(&topic, 2);
    cluster.produce(&topic, 0, 10);
    cluster.produce(&topic, 1, 4);
    cluster.commit(&group, &[(&topic, 0, 7), (&topic, 1, 4)]);
    let rows = cluster.describe_group(&group);
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.partition,
                row.committed_offset,
                row.log_end_offset,
                row.lag,
            )
        })
        .collect();
    assert_eq!(
        numbers,
        [
            (Some(0), Some(7), Some(10), Some(3)),
            (Some(1), Some(4), Some(4), Some(0))
        ]
    );
    assert!(
        rows.iter()
            .all(|row| row.topic.as_ref() == Some(&topic) && row.member_id.is_none())
    );
}

#[test]
fn members_of_both_protocols_consume_and_leave() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("members"));
    cluster.create_topic(&topic, 2);
    cluster.produce(&topic, 0, 5);
    for options in [MemberOptions::classic(), MemberOptions::consumer()] {
        let group = unique("members");
        let member = Member::join(
            cluster,
            &group,
            &[&topic],
            &options.with("client.id", "the-member"),
        );
        member.wait_records(5);
        let row = &cluster.describe_group(&group)[0];
        assert_eq!(
            (row.lag, row.client_id.as_deref()),
            (Some(0), Some("the-member"))
        );
        drop(member);
        assert_eq!(cluster.describe_group(&group)[0].member_id, None);
    }
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset_back() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("open"));
    cluster.create_topic(&topic, 1);
    let producer = Transactions::new(cluster, &topic, 60_000);
    producer.begin();
    producer.produce(&topic, 0, 3);
    assert_eq!(cluster.watermarks(&topic, 0), (0, 3));
    producer.commit();
    // The marker has an offset of its own.
    eventually(Duration::from_secs(10), || {
        match cluster.watermarks(&topic, 0) {
            (0, 4) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    cluster.delete_records(&topic, 0, 2);
    assert_eq!(cluster.watermarks(&topic, 0), (2, 4));
}

#[test]
fn a_killed_broker_comes_back_and_leads_again() {
    require!(kafka);
    let cluster = KafkaCluster::start(3, &Options::default());
    let topic = unique("kill");
    cluster.create_topic(&topic, 3);
    cluster.kill(2);
    cluster.restart(2);
    cluster.wait_until_ready(Duration::from_mins(1));
    cluster.elect_preferred_leaders();
    (0..3).for_each(|partition| cluster.produce(&topic, partition, 1));
    let pids: Vec<_> = cluster.ids().map(|id| cluster.pid(id)).collect();
    let directory = cluster.directory().to_owned();
    drop(cluster);
    assert!(!pids.into_iter().any(is_alive), "a broker lives on");
    assert!(
        !directory.exists(),
        "the cluster's directory is still there"
    );
}

#[test]
fn a_broker_that_hangs_answers_again_when_it_wakes() {
    require!(kafka);
    let cluster = KafkaCluster::start(1, &Options::default());
    let topic = unique("hang");
    cluster.create_topic(&topic, 1);
    cluster.hang(1);
    let address = cluster.bootstrap();
    assert!(brokers_seen(&address).is_err(), "a stopped broker answered");
    cluster.wake(1);
    eventually(Duration::from_secs(30), || brokers_seen(&address).map(drop));
    cluster.produce(&topic, 0, 1);
}

#[test]
fn users_see_what_their_rights_let_them() {
    require!(kafka, openssl);
    let cluster = KafkaCluster::start(1, &Options::secured());
    let (topic, group) = (unique("acl"), unique("acl"));
    cluster.create_topic(&topic, 1);
    cluster.commit(&group, &[(&topic, 0, 0)]);
    let list = |properties: &Path| cluster.tool_as(properties, GROUPS, &["--list"]).stdout;
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        assert_eq!(
            list(&cluster.sasl_properties(MONITOR, mechanism)).trim(),
            group
        );
        // Kafka hides what one may not see, without a word.
        assert_eq!(
            list(&cluster.sasl_properties(STRANGER, mechanism)).trim(),
            ""
        );
    }
    let (mtls, certificate) = (cluster.bootstrap_mtls(), cluster.mtls_properties());
    let by_certificate = [
        "--bootstrap-server",
        &mtls,
        "--command-config",
        certificate.to_str().unwrap(),
        "--list",
    ];
    assert_eq!(run_tool(GROUPS, &by_certificate).stdout.trim(), group);
    cluster.allow(
        "User:stranger",
        &["--operation", "Describe", "--group", &group],
    );
    let stranger = cluster.sasl_properties(STRANGER, "PLAIN");
    eventually(Duration::from_secs(10), || {
        if list(&stranger).trim() == group {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    });
}

#[test]
fn a_share_group_has_a_member() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("share"), unique("share"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 3);
    let _member = ShareMember::join(cluster, &group, &topic);
    let printed = cluster.tool("org.apache.kafka.tools.GroupsCommand", &["--list"]);
    let line = printed
        .stdout
        .lines()
        .find(|line| line.starts_with(&group))
        .unwrap();
    assert!(line.contains("Share"), "{line}");
}

/// Runs itself a second time as a child that starts a broker and waits, then kills that child.
#[test]
fn nothing_outlives_a_test_process_that_is_killed() {
    const CHILD: &str = "LAGGARD_HARNESS_CHILD";
    require!(kafka);
    if env::var_os(CHILD).is_some() {
        let cluster = KafkaCluster::start(1, &Options::default());
        eprintln!(
            "broker {} {}",
            cluster.pid(1),
            cluster.directory().display()
        );
        thread::sleep(Duration::from_mins(2));
        return;
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "harness::nothing_outlives_a_test_process_that_is_killed",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let line = lines
        .find_map(|line| line.strip_prefix("broker ").map(str::to_owned))
        .unwrap();
    let (pid, directory) = line.split_once(' ').unwrap();
    let (pid, directory) = (pid.parse().unwrap(), Path::new(directory));
    assert!(is_alive(pid) && directory.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually(Duration::from_secs(20), || {
        match (is_alive(pid), directory.exists()) {
            (false, false) => Ok(()),
            (alive, files) => Err(format!(
                "the broker lives: {alive}, its files are there: {files}"
            )),
        }
    });
}
