//! Snapshots for the screens' tests: the telling one, and those that are hard to draw.

use std::sync::Arc;

use crate::model::testing::{ClusterBuilder, GroupBuilder, NOW, World, ago, behind};
use crate::model::{
    Advice, AdviceKind, AdviceSeverity, Alert, AlertState, BootId, Cause, CleanupPolicy, Delivery,
    Diagnosis, Eta, EventKind, Evidence, GroupState, HealthState, Load, Loss, MemberLoad, Plan,
    Policy, Reading, Retention, Silenced, Snapshot, Span, Status, Storm, TopicConfig, Why,
};

/// Names that are no good will.
pub(super) const HOSTILE: [&str; 9] = [
    "",
    " ",
    "new\nline\ttab",
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "right\u{202e}left",
    "e\u{301}\u{301}\u{301}\u{301}zalgo\u{200b}\u{feff}",
    "日本語のとても長いコンシューマーグループの名前です",
    "👨‍👩‍👧‍👦 family ☁️ sky",
    "a-very-long-name-that-goes-on-and-on-and-tells-groups-apart-only-at-its-very-end-eu-west-1",
];

/// What is on the screen when things go wrong: one group for each way.
pub(super) fn telling() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            topics(c);
            settle(c);
            others(c);
            c.issue("broker 3", "no answer within 5 s; its 12 partitions are stale");
        })
        .alert(alert("GroupTimeLagHigh", AlertState::Firing, "payments-settle", 1860))
        .alert(alert("GroupStopped", AlertState::Firing, "ledger-sync", 600))
        .alert(alert("GroupFallingBehind", AlertState::Pending, "orders-index", 40))
        .advice(Advice {
            cluster: "prod-eu".into(),
            group: "payments-settle".into(),
            severity: AdviceSeverity::Urgent,
            kind: AdviceKind::SkipRecord,
            confidence: 0.8,
            title: "skip or mend the record at offset 481516 of payments-0".into(),
            evidence: vec![
                "payments-0 has not moved for 1h12m while its owner's other partitions do".into(),
                "three owners have tried".into(),
            ],
            gain: Some("412k records become readable".into()),
            caveats: vec!["skipping loses that one record".into()],
            command: Some("kafka-consumer-groups --group payments-settle --topic payments:0 --reset-offsets --to-offset 481517 --dry-run".into()),
            plan: None,
        })
        .advice(Advice {
            cluster: "prod-eu".into(),
            group: "orders-index".into(),
            severity: AdviceSeverity::Useful,
            kind: AdviceKind::Scale,
            confidence: 0.8,
            title: "run 4 members instead of 2".into(),
            evidence: vec!["both are at their capacity of 210 records/s".into()],
            gain: Some("caught up in 9 minutes instead of never".into()),
            caveats: vec![],
            command: Some("laggard what-if orders-index --members 4\n# where it runs as a Deployment: kubectl scale deployment NAME --replicas=4".into()),
            plan: Some(Plan {
                before: vec![load("index-a", 3, 330.0, Some(1.57)), load("index-b", 3, 310.0, Some(1.48))],
                after: (0..4).map(|i| load(&format!("index-{i}"), 2 - i / 2, 160.0, Some(0.76))).collect(),
            }),
        })
        .build()
}

fn load(member: &str, partitions: u32, arrival: f64, use_of_capacity: Option<f64>) -> Load {
    Load {
        member: member.into(),
        partitions,
        arrival,
        use_of_capacity,
    }
}

fn alert(name: &str, state: AlertState, group: &str, secs: i64) -> Alert {
    let pair = |(k, v): (&str, &str)| (Arc::from(k), Arc::from(v));
    Alert {
        name: name.into(),
        state,
        rule: crate::model::RulePlace::default(),
        labels: [
            ("kafka_cluster", "prod-eu"),
            ("group", group),
            ("severity", "page"),
        ]
        .map(pair)
        .into(),
        annotations: [("summary", "is more than 15 minutes behind")]
            .map(pair)
            .into(),
        value: Some(4320.0),
        active_since: ago(secs),
        fired_at: None,
        resolved_at: None,
        held: None,
        threshold: Some(900.0),
        silenced: (state == AlertState::Pending).then(|| Silenced {
            until: NOW + Span::from_secs(1800),
            by: group.into(),
            why: name.into(),
        }),
        delivery: (state == AlertState::Firing).then(|| Delivery {
            at: ago(secs / 2),
            receiver: "pager".into(),
            failure: (secs == 600).then(|| "503 Service Unavailable".into()),
        }),
    }
}

fn topics(c: &mut ClusterBuilder) {
    c.topic(
        "payments",
        &[(100_000, 893_516), (120_000, 410_000), (90_000, 388_000)],
    );
    c.topic("orders", &[(0, 1_200_000), (0, 1_180_000)]);
    c.topic("audit", &[(5, 5)]);
    for (topic, hours) in [("payments", 2), ("orders", 168)] {
        c.change_topic(topic, |t| {
            t.arrival_rate = Reading::Known(1240.0);
            t.config = Some(Arc::new(TopicConfig {
                cleanup_policy: CleanupPolicy::Delete,
                retention: Some(Span::from_secs(hours * 3600)),
                ..TopicConfig::default()
            }));
        });
    }
}

fn ramp(from: i64, to: i64) -> Vec<Option<i64>> {
    (0..60).map(|i| Some(from + (to - from) * i / 59)).collect()
}

fn settle(c: &mut ClusterBuilder) {
    c.group("payments-settle", |g| {
        g.group.policy = Arc::new(Policy {
            max_time_lag: Some(Span::from_secs(900)),
            owner: Some("team-payments".into()),
            runbook: Some("https://runbooks.example/settle".into()),
            ..Policy::default()
        });
        g.member("settle-a", "/10.1.0.4", &[("payments", &[0, 1])]);
        g.member("settle-b", "/10.1.0.5", &[("payments", &[2])]);
        g.commits("payments", &[Some(481_516), Some(410_000), Some(388_000)]);
        g.rates(1240.0, 0.0);
        g.trend(&ramp(2_000, 412_000));
        g.group.eta = Reading::Known(Eta::Never);
        g.group.time_lag = Reading::Known(behind(4330, 12));
        g.group.rows[0].time_lag = g.group.time_lag.clone();
        let evidence = Evidence::NotMoved {
            since: ago(4330),
            effective_lag: 412_000,
            usual_silence: Span::from_secs(35),
            owned: true,
        };
        g.group.rows[0].verdict = Some(crate::model::Verdict::because(
            Status::Stalled,
            ago(4030),
            evidence.clone(),
        ));
        let worst = Some(Box::new(evidence));
        let parts = Evidence::Partitions {
            count: 1,
            of: 3,
            unknown: 0,
            worst,
        };
        g.because(Status::Stalled, parts);
        g.group.diagnosis = Diagnosis::Found {
            cause: Cause::PoisonRecord {
                topic: "payments".into(),
                partition: 0,
                offset: 481_516,
                since: ago(4330),
                others_moved: 1,
                owners: 2,
            },
            since: ago(4000),
            confidence: 0.9,
        };
        g.group.loss_at = Reading::Known(Loss::At {
            at: NOW + Span::from_secs(2870),
            earliest: NOW + Span::from_secs(2800),
            latest: None,
            by: Retention::Time,
        });
        g.group.status.since = ago(4030);
        g.event(4390, EventKind::Mark, "deploy settle 4.2.0 by ci");
        g.event(4380, EventKind::Left, "settle-a@10.1.0.3");
        g.event(4371, EventKind::Joined, "settle-a@10.1.0.4");
        g.event(4370, EventKind::Rebalanced, "3 partitions changed hands");
    });
}

fn others(c: &mut ClusterBuilder) {
    plain(c, "orders-index", Status::FallingBehind, |g| {
        g.rates(640.0, 420.0);
        g.trend(&ramp(1000, 90_000));
        g.group.eta = Reading::Known(Eta::Never);
        g.group.time_lag = Reading::Known(behind(95, 4));
        g.group.diagnosis = Diagnosis::Abstains {
            why: Why::TOO_FEW_POINTS,
        };
        g.group.storm = Some(Box::new(Storm {
            since: ago(500),
            rebalances: 9,
            window: Span::from_secs(600),
            rejoining: 3,
            consume_rate: 420.0,
            arrival_rate: 640.0,
        }));
    });
    plain(c, "ledger-sync", Status::Stopped, |g| {
        g.group.state = Reading::Known(GroupState::Empty);
        g.rates(12.0, 0.0);
        g.group.eta = Reading::Known(Eta::Never);
        g.group.time_lag = Reading::Known(behind(7300, 900));
    });
    plain(c, "billing-export", Status::Recovering, |g| {
        g.rates(210.0, 640.0);
        g.trend(&ramp(120_000, 12_000));
        g.group.eta = Reading::Known(Eta::At {
            at: NOW + Span::from_secs(28),
            earliest: NOW + Span::from_secs(21),
            latest: None,
        });
    });
    plain(c, "search-feed", Status::Ok, |g| {
        g.rates(88.0, 88.0);
        let minutes = [Some(3), Some(0), None, None, Some(4), Some(0), Some(2)];
        g.trend(&minutes.map(|lag| [lag; 6]).concat());
        g.group.eta = Reading::Known(Eta::CaughtUp);
    });
    plain(c, "fraud-score", Status::Unknown, |g| {
        g.stale(200, "broker 3 does not answer");
        g.group.arrival_rate = Reading::unknown(Why::WARMING);
    });
    plain(c, "cron-report", Status::Idle, |g| {
        g.rates(0.0, 0.0);
        g.group.eta = Reading::Known(Eta::CaughtUp);
        g.group
            .rows
            .iter_mut()
            .for_each(|r| r.consume_rate = Reading::Known(0.0));
    });
    c.group("never-read", |g| {
        g.commits("orders", &[None, Some(1_179_000)]);
        g.group.status.status = Status::NeverCommitted;
    });
    for i in 0..4 {
        plain(c, &format!("old-{i}"), Status::Idle, |g| {
            g.group.inactive = true;
        });
    }
}

fn plain(
    c: &mut ClusterBuilder,
    name: &str,
    status: Status,
    change: impl FnOnce(&mut GroupBuilder<'_>),
) {
    c.group(name, |g| {
        g.member(name, "/10.1.0.9", &[("orders", &[0, 1])]);
        let behind = match status {
            Status::Ok | Status::Idle => 0,
            _ => 6_000,
        };
        g.commits(
            "orders",
            &[Some(1_200_000 - behind), Some(1_180_000 - behind)],
        );
        g.verdict(status);
        change(g);
    });
}

/// Before anything was read.
pub(super) fn loading() -> Snapshot {
    Snapshot::empty(BootId::from("boot-1"), NOW)
}

/// A cluster without groups.
pub(super) fn empty() -> Snapshot {
    World::new().cluster("prod-eu", |_| {}).build()
}

/// A cluster that has been down for minutes: all that is known is old.
pub(super) fn stale() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            topics(c);
            for name in ["billing-export", "orders-index"] {
                plain(c, name, Status::Unknown, |g| {
                    g.stale(240, "no broker answers");
                    g.group.arrival_rate = Reading::unknown(Why::NO_ANSWER);
                });
            }
            c.down("connection refused: kafka-1:9092, kafka-2:9092");
        })
        .build()
}

/// A group whose two members cannot keep up, with all that it takes to plan for it; one that nobody
/// is in, and one that no plan can be made for.
pub(super) fn planned() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            c.topic("orders", &[(0, 100_000); 6]);
            c.change_topic("orders", |t| {
                for p in &mut t.partitions {
                    p.arrival_rate = Reading::Known(f64::from(100 + p.partition * 10));
                }
            });
            c.group("orders-index", |g| {
                g.group.assignor = Some("range".into());
                g.member("index-a", "/10.1.0.4", &[("orders", &[0, 1, 2])]);
                g.member("index-b", "/10.1.0.5", &[("orders", &[3, 4, 5])]);
                g.commits("orders", &[Some(85_000); 6]);
                g.because(
                    Status::FallingBehind,
                    Evidence::NotKnown { why: Why::LEARNING },
                );
                let load = MemberLoad {
                    consume_rate: Reading::Known(210.0),
                    capacity: Reading::Known(210.0),
                };
                g.group.loads = vec![load.clone(), load];
            });
            c.group("nobody-in", |g| {
                g.group.state = Reading::Known(GroupState::Empty);
                g.group.assignor = None;
                g.commits("orders", &[Some(99_000); 6]);
            });
            c.group("shared", |g| {
                g.group.group_type = crate::model::GroupType::Share;
                g.commits("orders", &[Some(99_000); 6]);
            });
        })
        .build()
}

/// As many groups as are asked for, of all statuses.
pub(super) fn many(n: usize) -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            topics(c);
            for i in 0..n {
                let status = Status::ALL[i * 7 % Status::ALL.len()];
                plain(c, &format!("group-{i:04}"), status, |g| {
                    g.rates(i as f64, (i % 50) as f64);
                    g.trend(&ramp(i as i64, (i * i % 900) as i64));
                    g.group.inactive = i % 11 == 10;
                });
            }
        })
        .build()
}

/// Names that fight back, as cluster, topic, group, client, alert, advice and issue.
pub(super) fn hostile() -> Snapshot {
    let mut world = World::new();
    for name in &HOSTILE[2..5] {
        world = world.cluster(name, |c| {
            for topic in HOSTILE {
                c.topic(topic, &[(0, 50), (0, 80)]);
            }
            for group in HOSTILE {
                c.group(group, |g| {
                    g.member(group, group, &[(HOSTILE[3], &[0])]);
                    g.commits(HOSTILE[3], &[Some(10), None]);
                    g.event(50, EventKind::Mark, group);
                    g.verdict(Status::Stalled);
                });
            }
            c.issue(HOSTILE[3], HOSTILE[4]);
        });
    }
    for name in HOSTILE {
        world = world
            .alert(alert(name, AlertState::Firing, name, 60))
            .advice(Advice {
                cluster: HOSTILE[3].into(),
                group: name.into(),
                severity: AdviceSeverity::Hint,
                kind: AdviceKind::FewerMembers,
                confidence: 0.8,
                title: name.into(),
                evidence: vec![name.into()],
                gain: Some(name.into()),
                caveats: vec![name.into()],
                command: Some(name.into()),
                plan: Some(Plan {
                    before: vec![load(name, 9, f64::MAX, None); 50],
                    after: vec![load(name, 0, 0.0, Some(f64::INFINITY))],
                }),
            });
    }
    world.build()
}

/// Two clusters, one of them down.
pub(super) fn two() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            topics(c);
            others(c);
        })
        .cluster("prod-us", |c| {
            topics(c);
            settle(c);
            c.down("connection refused");
        })
        .build()
}

/// One group of each status.
pub(super) fn each_status() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            topics(c);
            for status in Status::ALL {
                plain(c, "same-name", status, |g| {
                    g.group.group = format!("same-{}", status as u8).into();
                    g.group.trend = Arc::new([]);
                });
            }
        })
        .build()
}

/// A cluster that is still being connected to.
pub(super) fn connecting() -> Snapshot {
    World::new()
        .cluster("prod-eu", |c| {
            c.cluster.health.state = HealthState::Connecting;
            c.cluster.health.since = ago(2);
            c.cluster.health.last_success = None;
        })
        .build()
}
