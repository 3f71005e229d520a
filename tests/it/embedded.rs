//! The embedded cluster as others see it: Kafka's own tool and kcat read from it what its world says is true.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use laggard::sim::scenario;
use laggard::sim::spec::Scenario;
use laggard::sim::world::World;
use serde_json::Value;

use crate::support::embedded::Embedded;
use crate::support::eventually;
use crate::support::kafka::tools::{GROUPS, GroupRow, parse_groups, run_tool};
use crate::support::laggard::{Served, as_group_rows, lag_at, laggard};

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

/// What Kafka's own tool shows of all groups.
#[track_caller]
fn by_tool(bootstrap: &str) -> Vec<GroupRow> {
    let arguments = [
        "--bootstrap-server",
        bootstrap,
        "--describe",
        "--all-groups",
    ];
    let printed = run_tool(GROUPS, &arguments);
    assert_eq!(printed.code, 0, "{printed:#?}");
    let mut seen = parse_groups(&printed.stdout);
    seen.sort();
    assert!(seen.len() >= 12, "{seen:#?}");
    seen
}

fn kafkas_own_tool_reads_the_truth_from(cluster: &Embedded) {
    assert_eq!(by_tool(&cluster.bootstrap()), truth(cluster.world()));
}

/// What `laggard lag --output json` shows, but for what the tool leaves out: a partition that nobody owns and nobody has committed on. And where
/// the tool shows a lag below 0, there is none.
#[track_caller]
fn by_laggard(bootstrap: &str) -> Vec<GroupRow> {
    let mut rows = as_group_rows(&lag_at(bootstrap, &[]));
    rows.retain(|row| row.committed_offset.is_some() || row.member_id.is_some());
    rows
}

fn without_lag_below_0(mut rows: Vec<GroupRow>) -> Vec<GroupRow> {
    for row in &mut rows {
        row.lag = row.lag.filter(|lag| *lag >= 0);
    }
    rows
}

#[test]
fn laggard_equals_kafkas_own_tool_row_for_row() {
    require!(kafka);
    for scenario in [scenario::bulk(30, 60, 3), scenario::demo()] {
        let cluster = still(&scenario);
        let tool = without_lag_below_0(by_tool(&cluster.bootstrap()));
        assert_eq!(by_laggard(&cluster.bootstrap()), tool);
    }
}

/// The demo's cluster moves on between two looks: what stood still while Laggard looked has to be the same, all else lie between.
#[test]
fn laggard_equals_kafkas_own_tool_on_the_demo() {
    require!(kafka);
    let listen = free_ports_in_a_row(3);
    let demo = Served::demo(&listen);
    let key = |row: &GroupRow| (row.group.clone(), row.topic.clone(), row.partition);
    let by_key = |rows: Vec<GroupRow>| -> BTreeMap<_, _> {
        rows.into_iter().map(|row| (key(&row), row)).collect()
    };
    let before = by_key(without_lag_below_0(by_tool(&listen)));
    let ours = by_key(by_laggard(&listen));
    let after = by_key(without_lag_below_0(by_tool(&listen)));
    let (mut same, mut moved) = (0, 0);
    for (key, was) in &before {
        let Some(is) = after.get(key) else { continue };
        let seen = ours
            .get(key)
            .unwrap_or_else(|| panic!("{key:?} is missing"));
        if was == is {
            assert_eq!(seen, was);
            same += 1;
            continue;
        }
        let between = |name: &str, of: fn(&GroupRow) -> Option<i64>| {
            if let (Some(was), Some(is)) = (of(was), of(is)) {
                let seen = of(seen).unwrap_or_else(|| panic!("{key:?} has no {name}"));
                assert!(
                    (was.min(is)..=was.max(is)).contains(&seen),
                    "{key:?} {name}: {seen} between {was} and {is}"
                );
            }
        };
        between("committed offset", |row| row.committed_offset);
        between("log end offset", |row| row.log_end_offset);
        if was.member_id == is.member_id {
            assert_eq!(seen.member_id, was.member_id, "{key:?}");
        }
        if let (Some(lag), Some(end)) = (seen.lag, seen.log_end_offset) {
            assert_eq!(Some(end - lag), seen.committed_offset, "{key:?}");
        }
        moved += 1;
    }
    assert!(
        ours.keys()
            .all(|key| before.contains_key(key) || after.contains_key(key))
    );
    eprintln!("{same} rows stood still, {moved} moved");
    assert!(
        same > 5 && moved > 5,
        "{same} rows stood still, {moved} moved"
    );
    drop(demo);
}

/// An address after which so many ports are free.
fn free_ports_in_a_row(count: u16) -> String {
    eventually(Duration::from_secs(5), || {
        let first = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = first.local_addr().unwrap().port();
        let others: Result<Vec<_>, _> = (1..count)
            .map(|n| TcpListener::bind(("127.0.0.1", port.saturating_add(n))))
            .collect();
        others.map_err(|error| error.to_string())?;
        Ok(format!("127.0.0.1:{port}"))
    })
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

/// A record's age is asked for by timestamp: a cold look waits for the answers, and judges by them.
#[test]
fn a_cold_check_of_time_lag_breaches_is_fine_and_never_guesses() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    drop(taken);
    let _demo = Served::demo(&listen);
    let look = |limit: &str| {
        let ended = laggard([
            "check",
            "search-indexer",
            "--max-time-lag",
            limit,
            "--bootstrap-server",
            &listen,
        ]);
        ended.code.unwrap_or_else(|| panic!("{ended:#?}"))
    };
    // It stopped some nine minutes before the demo began.
    assert_eq!(look("5m"), 1);
    assert_eq!(look("24h"), 0);
    let document = lag_at(&listen, &[]);
    let groups = document["clusters"][0]["groups"].as_array().unwrap();
    assert!(groups.len() > 20);
    for group in groups {
        for row in group["partitions"].as_array().unwrap() {
            let unread = row["effective_lag"]["value"].as_i64().unwrap_or(0);
            let age = &row["time_lag"];
            // Where only the latest instant is known, there is no value, least of all one near 0.
            let open = age["high"].is_null() && age["low"].is_number();
            assert!(unread == 0 || !open || age["value"].is_null(), "{row:#}");
        }
    }
}
