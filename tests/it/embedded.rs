//! The embedded cluster as others see it: Kafka's own tool and kcat read from it what its world says is true.

use std::fs;
use std::path::Path;
use std::process::Command;

use laggard::sim::scenario;
use laggard::sim::spec::Scenario;
use laggard::sim::world::World;
use serde_json::Value;

use crate::support::embedded::Embedded;
use crate::support::kafka::tools::{GROUPS, GroupRow, parse_groups, run_tool};

const NOW: i64 = 1_800_000_000_000;

fn still(scenario: &Scenario) -> Embedded {
    Embedded::still(scenario, NOW)
}

/// [`Embedded`] is the one way in, lest a test forgets to look for what must not be asked.
#[test]
fn no_test_starts_an_embedded_cluster_that_nobody_holds_to_reads() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut files = vec![tests];
    let mut looked = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let bare = [
                concat!("broker::", "Cluster"),
                concat!("RunningDemo::", "start"),
            ];
            for bare in bare {
                assert!(!text.contains(bare), "{} uses {bare}", path.display());
            }
            looked += 1;
        }
    }
    assert!(looked > 10);
}

/// What Kafka's own tool ought to show, from the world's own mouth.
fn truth(world: &World) -> Vec<GroupRow> {
    let mut rows = Vec::new();
    for group in 0..world.group_count() {
        let mut commits = Vec::new();
        world.commits(group, NOW, &mut commits);
        let view = world.view(group, NOW);
        // The tool leaves out members without partitions: a classic group's while it rebalances.
        let settled = view.brief.state == "Stable" || view.brief.group_type == "consumer";
        for (index, (row, commit)) in world.rows(group).iter().zip(commits).enumerate() {
            let owner = view
                .members
                .iter()
                .find(|member| settled && member.rows.contains(&index));
            let (committed, end) = (
                commit.map(|commit| commit.offset),
                world.log_end(row.topic as usize, row.partition, NOW),
            );
            if owner.is_none() && committed.is_none() {
                continue;
            }
            rows.push(GroupRow {
                group: world.group_name(group).to_string(),
                topic: Some(world.topics()[row.topic as usize].name.to_string()),
                partition: Some(row.partition),
                committed_offset: committed,
                log_end_offset: end,
                lag: end.zip(committed).map(|(end, committed)| end - committed),
                member_id: owner.map(|owner| owner.member_id.to_string()),
                host: owner.map(|owner| owner.host.trim_start_matches('/').to_owned()),
                client_id: owner.map(|owner| owner.client_id.to_string()),
            });
        }
    }
    rows.sort();
    rows
}

#[test]
fn kafkas_own_tool_reads_the_truth_from_it() {
    require!(kafka);
    for scenario in [scenario::bulk(12, 40, 3), scenario::demo()] {
        kafkas_own_tool_reads_the_truth_from(&still(&scenario));
    }
}

fn kafkas_own_tool_reads_the_truth_from(cluster: &Embedded) {
    let printed = run_tool(
        GROUPS,
        &[
            "--bootstrap-server",
            &cluster.bootstrap(),
            "--describe",
            "--all-groups",
        ],
    );
    assert_eq!(printed.code, 0, "{printed:#?}");
    let mut seen = parse_groups(&printed.stdout);
    seen.sort();
    assert!(seen.len() >= 12, "{seen:#?}");
    assert_eq!(seen, truth(cluster.world()));
}

#[test]
fn kcat_reads_its_topics_and_log_ends() {
    require!(kcat);
    let cluster = still(&scenario::bulk(12, 40, 3));
    let kcat = |arguments: &[&str]| {
        let output = Command::new("timeout")
            .args(["20", "kcat", "-b", &cluster.bootstrap()])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:#?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let metadata: Value = serde_json::from_str(&kcat(&["-L", "-J"])).unwrap();
    let topics: Vec<_> = metadata["topics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|topic| topic["topic"].as_str().unwrap())
        .collect();
    let world = cluster.world();
    for (index, topic) in world.topics().iter().enumerate() {
        assert!(
            topics.contains(&&*topic.name),
            "{} is not in {topics:?}",
            topic.name
        );
        let end = world.log_end(index, 0, NOW).unwrap();
        let answer = kcat(&["-Q", "-t", &format!("{}:0:-1", topic.name)]);
        assert_eq!(answer.trim(), format!("{} [0] offset {end}", topic.name));
    }
    let (name, end) = (&*world.topics()[0].name, world.log_end(0, 0, NOW).unwrap());
    let from = (end - 3).to_string();
    let records = kcat(&["-C", "-t", name, "-p", "0", "-o", &from, "-e", "-f", "%o\n"]);
    let expected: Vec<_> = (end - 3..end).map(|offset| offset.to_string()).collect();
    assert_eq!(records.lines().collect::<Vec<_>>(), expected);
}
