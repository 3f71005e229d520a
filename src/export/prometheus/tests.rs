//! What Prometheus would read, from snapshots written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use proptest::prelude::*;

use super::Format;
use crate::catalog::{self, Folder, Options, Profile, Scope};
use crate::model::testing::{World, ago, behind};
use crate::model::{Eta, Pattern, Policy, Reading, Severity, Snapshot, Span, Status, Why};

/// Sample → value, as a scraper would parse them.
fn scrape(snapshot: &Snapshot, options: &Options) -> BTreeMap<String, f64> {
    let text = body(snapshot, options);
    let samples = text.lines().filter(|l| !l.starts_with('#'));
    let mut found = BTreeMap::new();
    for line in samples {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let before = found.insert(series.to_owned(), value.parse().unwrap());
        assert_eq!(before, None, "{series} stands twice");
    }
    found
}

fn write(
    snapshot: &Snapshot,
    options: &Options,
    internals: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    super::write(&Scope::new(snapshot, options), Format::Text, internals, out)
}

fn body(snapshot: &Snapshot, options: &Options) -> String {
    let mut out = Vec::new();
    write(snapshot, options, "", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn open_metrics(snapshot: &Snapshot, options: &Options) -> String {
    let mut out = Vec::new();
    let internals = "# TYPE x_total counter\nx_total 1\n";
    super::write(
        &Scope::new(snapshot, options),
        Format::OpenMetrics,
        internals,
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

fn by_partition() -> Options {
    Options {
        partitions_of: Some(Pattern::new(".*").unwrap()),
        ..Options::default()
    }
}

fn world() -> Snapshot {
    World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(40, 100), (0, 50)]);
            c.change_topic("orders", |t| {
                t.partitions[0].last_stable_offset = Reading::Known(95);
            });
            c.group("payments", |g| {
                g.member("app", "/10.0.0.1", &[("orders", &[0])]);
                g.commits("orders", &[Some(90), None]);
                g.verdict(Status::Stalled);
                g.rates(12.5, 0.0);
                g.group.eta = Reading::Known(Eta::Never);
                g.group.policy = Arc::new(Policy {
                    max_time_lag: Some(Span::from_secs(60)),
                    owner: Some("team \"pay\"".into()),
                    severity: Some(Severity::Page),
                    ..Policy::default()
                });
            });
        })
        .build()
}

#[test]
fn the_whole_text_of_a_small_world() {
    insta::assert_snapshot!(body(&world(), &by_partition()));
}

#[test]
fn unknown_is_absent_and_stale_stays_beside_its_staleness() {
    let snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 100)]);
            c.group("never", |g| g.commits("orders", &[None]));
            c.group("stale", |g| {
                g.commits("orders", &[Some(10)]);
                g.stale(40, "broker 2 is down");
            });
        })
        .build();
    let samples = scrape(&snapshot, &Options::default());
    let of = |name: &str, group: &str| {
        let series = format!("{name}{{kafka_cluster=\"prod\",group=\"{group}\"}}");
        samples.get(&series).copied()
    };
    assert_eq!(of("laggard_group_lag", "never"), None);
    assert_eq!(of("laggard_group_effective_lag", "never"), None);
    assert_eq!(of("laggard_group_time_lag_seconds", "never"), None);
    assert_eq!(of("laggard_group_staleness_seconds", "never"), None);
    assert_eq!(of("laggard_group_unknown_partitions", "never"), Some(1.0));
    assert_eq!(of("laggard_group_effective_lag", "stale"), Some(90.0));
    assert_eq!(of("laggard_group_staleness_seconds", "stale"), Some(40.0));
}

#[test]
fn a_stale_time_lag_is_frozen_at_its_last_read() {
    let snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 100)]);
            c.group("g", |g| {
                g.commits("orders", &[Some(10)]);
                g.group.time_lag = Reading::stale(behind(100, 5), ago(40), Why::NO_ANSWER);
            });
        })
        .build();
    let samples = scrape(&snapshot, &Options::default());
    let series = r#"laggard_group_time_lag_seconds{kafka_cluster="prod",group="g"}"#;
    assert_eq!(samples.get(series).copied(), Some(60.0));
}

#[test]
fn partitions_stand_only_where_they_are_asked_for() {
    let snapshot = world();
    let has = |options: &Options, name: &str| {
        scrape(&snapshot, options)
            .keys()
            .any(|k| k.starts_with(name))
    };
    assert!(!has(&Options::default(), "laggard_group_partition_"));
    assert!(!has(&Options::default(), "laggard_topic_partition_"));
    assert!(has(&by_partition(), "laggard_group_partition_lag{"));
    assert!(has(
        &by_partition(),
        "laggard_topic_partition_log_end_offset{"
    ));
    let others = Options {
        partitions_of: Some(Pattern::new("other").unwrap()),
        ..Options::default()
    };
    assert!(!has(&others, "laggard_group_partition_"));
}

#[test]
fn the_cluster_label_can_be_renamed() {
    let options = Options {
        cluster_label: "kafka".to_owned(),
        ..Options::default()
    };
    let samples = scrape(&world(), &options);
    assert!(samples.contains_key(r#"laggard_cluster_up{kafka="prod"}"#));
}

#[test]
fn a_cluster_that_is_down_says_so_and_one_not_reached_yet_says_nothing() {
    let snapshot = World::new()
        .cluster("a", |c| c.down("no broker answers"))
        .cluster("b", |c| {
            c.cluster.health.state = crate::model::HealthState::Connecting;
        })
        .build();
    let samples = scrape(&snapshot, &Options::default());
    let up = samples.get(r#"laggard_cluster_up{kafka_cluster="a"}"#);
    assert_eq!(up.copied(), Some(0.0));
    assert!(!samples.contains_key(r#"laggard_cluster_up{kafka_cluster="b"}"#));
}

#[test]
fn what_is_gone_from_the_snapshot_is_gone_from_the_text() {
    let text = body(&World::new().build(), &by_partition());
    let names: BTreeSet<_> = text
        .lines()
        .filter_map(|l| l.strip_prefix("# TYPE "))
        .collect();
    assert!(names.iter().all(|n| n.starts_with("laggard_")));
    assert!(!text.contains("kafka_cluster"), "{text}");
}

#[test]
fn open_metrics_has_the_same_samples_with_its_own_heads() {
    let options = Options {
        profiles: vec![Profile::KafkaExporter],
        ..by_partition()
    };
    let (text, open) = (body(&world(), &options), open_metrics(&world(), &options));
    let samples = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|l| !l.starts_with('#') && !l.starts_with("x_total"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(samples(&text), samples(&open));
    assert!(
        open.contains("\n# TYPE laggard_group info\nlaggard_group_info{"),
        "{open}"
    );
    assert!(open.contains("\n# UNIT laggard_group_time_lag_seconds seconds\n"));
    assert!(
        open.ends_with("\n# TYPE x counter\nx_total 1\n# EOF\n"),
        "{open}"
    );
}

#[test]
fn groups_left_out_and_folded_are_so_in_exports_alone() {
    let snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 100), (0, 100)]);
            c.group("console-consumer-12345", |g| {
                g.commits("orders", &[Some(1)]);
            });
            c.group("job-1700000000000", |g| g.commits("orders", &[Some(90)]));
            c.group("job-1700000000001", |g| {
                g.commits("orders", &[Some(95), Some(99)]);
            });
            c.group("billing-v2", |g| g.commits("orders", &[Some(100)]));
        })
        .build();
    let suffix = Pattern::new("-[0-9]{10,}").unwrap();
    let options = Options {
        left_out: Some(Pattern::new("console-consumer-.*").unwrap()),
        fold: Folder::new(&[suffix]),
        ..by_partition()
    };
    let samples = scrape(&snapshot, &options);
    let of = |series: &str| samples.get(series).copied();
    assert_eq!(
        of(r#"laggard_group_lag{kafka_cluster="prod",group="job*"}"#),
        Some(16.0)
    );
    assert_eq!(
        of(r#"laggard_group_topic_lag{kafka_cluster="prod",group="job*",topic="orders"}"#),
        Some(16.0)
    );
    assert_eq!(
        of(r#"laggard_group_lag{kafka_cluster="prod",group="billing-v2"}"#),
        Some(0.0)
    );
    assert!(
        !samples
            .keys()
            .any(|k| k.contains("console-") || k.contains("1700000000000"))
    );
    assert!(
        !samples
            .keys()
            .any(|k| k.contains("job*") && k.contains("partition="))
    );
    assert_eq!(of("laggard_groups_folded"), Some(2.0));
    assert_eq!(of("laggard_groups_left_out"), Some(1.0));
    // Rules see all.
    let mut groups = BTreeSet::new();
    let lag = catalog::find("laggard_group_lag").unwrap();
    lag.samples(&snapshot, &options, &mut |labels, _| {
        groups.insert(labels[1].1.to_owned());
    });
    assert_eq!(groups.len(), 4);
}

#[test]
fn a_limit_leaves_out_the_finest_levels_first_and_says_so() {
    let build = || {
        World::new().cluster("prod", |c| {
            c.topic("orders", &[(0, 100), (0, 100)]);
            for i in 0..10_i64 {
                c.group(&format!("g{i}"), |g| {
                    g.commits("orders", &[Some(i), Some(i)]);
                    if i == 7 {
                        g.group.policy = Arc::new(Policy {
                            max_lag: Some(1),
                            ..Policy::default()
                        });
                    }
                });
            }
        })
    };
    let snapshot = build().build();
    let all = scrape(&snapshot, &by_partition());
    let most = Scope::new(&snapshot, &by_partition()).tally().series;
    assert!(most >= all.len() as u64, "{most} < {}", all.len());
    let (mut before, mut without) = (u64::MAX, Vec::new());
    for limit in (0..=most).rev().step_by(3) {
        let options = Options {
            max_series: Some(limit),
            ..by_partition()
        };
        let samples = scrape(&snapshot, &options);
        let series = samples["laggard_series"];
        assert!(series <= limit as f64 || limit < 130, "{series} > {limit}");
        assert!(samples.len() as f64 <= series);
        assert!(samples.len() as u64 <= before);
        before = samples.len() as u64;
        for level in [
            "group_partition",
            "topic_partition",
            "group_topic",
            "topic",
            "group",
        ] {
            let left_out = samples[&format!("laggard_series_left_out{{level=\"{level}\"}}")];
            if left_out > 0.0 && !without.contains(&level) {
                without.push(level);
            }
        }
        let lag = |g: &str| {
            samples.contains_key(&format!(
                "laggard_group_lag{{kafka_cluster=\"prod\",group=\"{g}\"}}"
            ))
        };
        assert!(
            lag("g7") || (0..10).all(|i| !lag(&format!("g{i}"))),
            "the one with a limit goes last"
        );
        assert!(lag("g0") || !lag("g9"), "the smaller lag goes first");
    }
    assert_eq!(
        without,
        [
            "group_partition",
            "topic_partition",
            "group_topic",
            "topic",
            "group"
        ]
    );
}

#[test]
fn profiles_stand_beside_the_own_names_with_their_labels() {
    let options = Options {
        profiles: Profile::ALL.into_iter().filter(|p| p.is_text()).collect(),
        ..Options::default()
    };
    let samples = scrape(&world(), &options);
    let of = |series: &str| samples.get(series).copied();
    assert_eq!(
        of(
            r#"kafka_consumergroup_lag{kafka_cluster="prod",consumergroup="payments",topic="orders",partition="0"}"#
        ),
        Some(10.0)
    );
    assert_eq!(
        of(
            r#"kafka_consumergroup_lag{kafka_cluster="prod",consumergroup="payments",topic="orders",partition="1"}"#
        ),
        None
    );
    assert_eq!(
        of(
            r#"kafka_topic_partition_current_offset{kafka_cluster="prod",topic="orders",partition="0"}"#
        ),
        Some(100.0)
    );
    assert_eq!(
        of(
            r#"kafka_consumergroup_group_lag{cluster_name="prod",group="payments",topic="orders",partition="0",member_host="10.0.0.1",consumer_id="app-1",client_id="app"}"#
        ),
        Some(10.0)
    );
    assert_eq!(
        of(r#"kafka_consumergroup_group_max_lag{cluster_name="prod",group="payments"}"#),
        Some(10.0)
    );
    assert_eq!(
        of(
            r#"kminion_kafka_consumer_group_topic_lag{kafka_cluster="prod",group_id="payments",topic_name="orders"}"#
        ),
        Some(10.0)
    );
    assert_eq!(
        of(r#"kminion_kafka_consumer_group_members{kafka_cluster="prod",group_id="payments"}"#),
        Some(1.0)
    );
    assert_eq!(
        of(r#"burrow_kafka_consumer_status{cluster="prod",consumer_group="payments"}"#),
        Some(3.0)
    );
    assert_eq!(
        of(
            r#"burrow_kafka_topic_partition_status{cluster="prod",consumer_group="payments",topic="orders",partition="0"}"#
        ),
        Some(5.0)
    );
    assert!(
        !samples
            .keys()
            .any(|k| k.starts_with("laggard_group_partition_"))
    );
}

#[test]
fn each_series_of_the_catalog_has_its_labels_and_no_others() {
    let snapshot = world();
    for series in catalog::all() {
        let mut expected: Vec<_> = series.level().labels().to_vec();
        expected.extend(series.labels);
        series.samples(&snapshot, &by_partition(), &mut |labels, _| {
            let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, expected, "{}", series.name);
        });
    }
}

#[test]
fn it_is_written_in_pieces_and_a_broken_writer_ends_it() {
    struct Pieces(Vec<usize>);
    impl io::Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            if self.0.len() == 3 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 9)]);
            for i in 0..2_000 {
                c.group(&format!("g{i}"), |g| g.commits("orders", &[Some(1)]));
            }
        })
        .build();
    let mut pieces = Pieces(Vec::new());
    let result = write(&snapshot, &Options::default(), "", &mut pieces);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert!(pieces.0.len() == 3 && pieces.0.iter().all(|n| *n < 64 * 1024));
}

#[test]
fn the_process_own_metrics_come_last() {
    let mut out = Vec::new();
    write(
        &world(),
        &Options::default(),
        "# TYPE x counter\nx 1\n",
        &mut out,
    )
    .unwrap();
    assert!(
        String::from_utf8(out)
            .unwrap()
            .ends_with("\n# TYPE x counter\nx 1\n")
    );
}

/// Undoes the text format's escapes; `None` where the text is not of that format.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            },
            '"' | '\n' | '\0' => return None,
            c => c,
        });
    }
    Some(out)
}

proptest! {
    #[test]
    fn any_name_survives_its_escapes(name in "(\\PC|[\n\r\t\"\\\\\u{1b}\u{7f}\u{85}\u{2028}]){0,20}") {
        let mut line = Vec::new();
        super::text::sample(&mut line, "x", &[("l", &name)], 1.0);
        let line = String::from_utf8(line).unwrap();
        let value = line.strip_prefix("x{l=\"").and_then(|l| l.strip_suffix("\"} 1\n")).unwrap();
        prop_assert_eq!(unescape(value), Some(name));
    }
}
