//! The harness itself, held against real brokers.

use std::time::Duration;

use crate::support::kafka::clients::{Member, MemberOptions, Transactions};
use crate::support::kafka::{KafkaCluster, Options, shared};
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
    assert!(
        pids.iter()
            .all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists()),
        "a broker lives on"
    );
    assert!(
        !directory.exists(),
        "the cluster's directory is still there"
    );
}
