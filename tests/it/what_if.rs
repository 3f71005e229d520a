//! `what-if` on the embedded cluster and on a real one, as a user runs it.

use std::time::Duration;

use laggard::advice::resets::{Reset, csv};

use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::shared;
use crate::support::laggard::laggard;
use crate::support::process::run_dir;
use crate::support::{eventually, unique};

#[test]
fn a_demos_group_is_dealt_out_anew() {
    let line = [
        "what-if",
        "image-resizer",
        "--members",
        "9",
        "--demo",
        "too-few",
    ];
    let ended = laggard([&line[..], &["--output", "json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let plan = &ended.json()[0];
    let owned = |side: &str| -> Vec<u64> {
        let members = plan[side]["members"].as_array().unwrap();
        members
            .iter()
            .map(|m| m["partitions"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        (owned("before"), owned("after")),
        (vec![3; 3], vec![1; 9]),
        "{plan:#}"
    );
    assert_eq!(plan["certainty"], "loads", "{plan:#}");
    let text = laggard(line);
    assert_eq!(text.code, Some(0), "{text:#?}");
    for part in ["members         3 → 9", "new member 6", "how sure", "3 → 1"] {
        assert!(text.stdout.contains(part), "no {part} in {}", text.stdout);
    }
}

#[test]
fn groups_that_cannot_be_planned_are_told_apart() {
    require!(kafka);
    let (cluster, topic, alone) = (shared(), unique("single"), unique("alone"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 4);
    let member = Member::join(cluster, &alone, &[&topic], &MemberOptions::classic());
    member.wait_records(4);
    let ask = |group: &str, rest: &[&str]| {
        let bootstrap = cluster.bootstrap();
        let source = ["--bootstrap-server", &bootstrap, "--for", "1s"];
        laggard([&["what-if", group][..], rest, &source].concat())
    };
    let one = ask(&alone, &["--members", "3"]);
    assert_eq!(one.code, Some(0), "{one:#?}");
    assert!(
        one.stdout
            .contains("2 of 3 members would have nothing to do: 1 partition is shared out"),
        "{one:#?}"
    );

    let missing = ask(&format!("{alone}x"), &["--members", "3"]);
    assert_eq!(missing.code, Some(2), "{missing:#?}");
    assert!(
        missing.stderr.contains(&format!("did you mean `{alone}`?")),
        "{missing:#?}"
    );

    let fewer = ask(
        &alone,
        &["--partitions", &format!("{topic}=1"), "--members", "1"],
    );
    assert_eq!(fewer.code, Some(0), "{fewer:#?}");
    let other = ask(&alone, &["--partitions", "orders=9"]);
    assert_eq!(other.code, Some(3), "{other:#?}");
    assert!(
        other.stderr.contains(&format!("it reads {topic}")),
        "{other:#?}"
    );
}

#[test]
fn advice_on_a_poison_record_names_it_and_health_gets_none() {
    let line = [
        "advise",
        "billing-export",
        "--demo",
        "poison",
        "--output",
        "json",
    ];
    let ended = laggard(line);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let advice = &ended.json()[0];
    assert_eq!(advice["kind"], "skip_record", "{advice:#}");
    let command = advice["command"].as_str().unwrap();
    assert!(
        command.contains("--topic invoices.issued:5") && command.contains("--dry-run"),
        "{command}"
    );

    let none = laggard(["advise", "inventory-sync", "--demo", "plain"]);
    assert_eq!(
        (none.code, &*none.stdout),
        (Some(0), "nothing to advise on the group\n"),
        "{none:#?}"
    );
    let missing = laggard(["advise", "billing-exprt", "--demo", "poison"]);
    assert_eq!(missing.code, Some(2), "{missing:#?}");
    assert!(
        missing.stderr.contains("did you mean `billing-export`?"),
        "{missing:#?}"
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_what_does() {
    let ask = |line: &[&str]| laggard([&["what-if"][..], line, &["--demo", "plain"]].concat());
    let none = ask(&["inventory-sync", "--members", "0"]);
    assert_eq!(none.code, Some(3), "{none:#?}");
    assert!(
        none.stderr.contains("with 0 members nobody reads"),
        "{none:#?}"
    );

    let unknown = ask(&["inventory-sync", "--assignor", "cooperative-stiky"]);
    assert_eq!(unknown.code, Some(3), "{unknown:#?}");
    assert!(
        unknown.stderr.contains("did you mean cooperative-sticky?"),
        "{unknown:#?}"
    );

    let fewer = ask(&["inventory-sync", "--partitions", "3"]);
    assert_eq!(fewer.code, Some(3), "{fewer:#?}");
    assert!(fewer.stderr.contains("Kafka takes none away"), "{fewer:#?}");
}

#[test]
fn an_empty_group_is_told_apart_from_one_that_is_not_there() {
    require!(kafka);
    let (cluster, topic, empty) = (shared(), unique("left"), unique("left"));
    cluster.create_topic(&topic, 2);
    cluster.produce(&topic, 0, 5);
    cluster.commit(&empty, &[(&topic, 0, 2), (&topic, 1, 0)]);
    let bootstrap = cluster.bootstrap();
    let ask = |rest: &[&str]| {
        let source = ["--bootstrap-server", &bootstrap, "--for", "1s"];
        laggard([&["what-if", &empty][..], rest, &source].concat())
    };
    let unsaid = ask(&["--assignor", "range"]);
    assert_eq!(unsaid.code, Some(3), "{unsaid:#?}");
    assert!(
        unsaid
            .stderr
            .contains("it has no members now; say how many"),
        "{unsaid:#?}"
    );
    let two = ask(&["--members", "2"]);
    assert_eq!(two.code, Some(0), "{two:#?}");
    assert!(two.stdout.contains("new member 2"), "{two:#?}");
}

const GROUPS_TOOL: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// Kafka's own tool has understood that these partitions are to be set to 0.
fn dry_run_sets(dry: &str, (group, topic): (&str, &str), partitions: &[i32]) {
    for partition in partitions {
        let planned = dry.lines().any(|line| {
            line.split_whitespace().collect::<Vec<_>>()
                == [group, topic, &partition.to_string(), "0"]
        });
        assert!(planned, "partition {partition}: {dry}");
    }
}

#[test]
fn offsets_that_advice_would_set_go_through_kafkas_own_tool() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("beyond"), unique("beyond"));
    cluster.create_topic(&topic, 3);
    for partition in 0..3 {
        cluster.produce(&topic, partition, 30);
    }
    // Two commits lead to no record.
    cluster.commit(
        &group,
        &[(&topic, 0, 100), (&topic, 1, 10), (&topic, 2, 200)],
    );
    let bootstrap = cluster.bootstrap();
    // That a commit leads to no record counts only if a second read still shows it.
    let line = ["advise", &group, "--output", "json", "--for", "40s"];
    let line = [&line[..], &["--bootstrap-server", &bootstrap]].concat();
    let command = eventually(Duration::from_mins(3), || {
        let ended = laggard(line.clone());
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let command = ended.json()[0]["command"].as_str().map(str::to_owned);
        command.ok_or_else(|| ended.stdout.clone())
    });
    // Nothing of it was quoted: the names are plain.
    let typed = command.lines().next().unwrap();
    let words: Vec<&str> = typed.split_whitespace().skip(1).collect();
    assert!(
        typed.contains("--to-datetime") && words.contains(&"--dry-run"),
        "{typed}"
    );
    assert!(words.contains(&&*format!("{topic}:0,2")), "{typed}");
    // The records came in lately, so that the first of them is the first to be read.
    dry_run_sets(
        &cluster.tool(GROUPS_TOOL, &words[2..]).stdout,
        (&group, &topic),
        &[0, 2],
    );

    let to_start = |partition| Reset {
        topic: topic.as_str().into(),
        partition,
        offset: 0,
    };
    for several in [false, true] {
        let text = csv([(&*group, vec![to_start(0), to_start(2)])], several);
        let file = run_dir().join(unique("offsets")).with_extension("csv");
        std::fs::write(&file, text).unwrap();
        let rest = [
            "--reset-offsets",
            "--from-file",
            file.to_str().unwrap(),
            "--dry-run",
        ];
        let of_group = ["--group", &group];
        let dry = cluster.tool(GROUPS_TOOL, &[&of_group[..], &rest].concat());
        dry_run_sets(&dry.stdout, (&group, &topic), &[0, 2]);
    }
    let unchanged = cluster.describe_group(&group);
    assert!(
        unchanged
            .iter()
            .any(|row| row.committed_offset == Some(200)),
        "{unchanged:#?}"
    );
}
