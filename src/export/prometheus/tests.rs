//! What Prometheus would read, from snapshots written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use proptest::prelude::*;

use super::write;
use crate::catalog::{self, Options};
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

fn body(snapshot: &Snapshot, options: &Options) -> String {
    let mut out = Vec::new();
    write(snapshot, options, "", &mut out).unwrap();
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
