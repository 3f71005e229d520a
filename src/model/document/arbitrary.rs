//! Arbitrary snapshots, for the property that a document survives its text.

use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::super::*;

/// Names as hostile as Kafka lets them be.
fn name() -> impl Strategy<Value = Arc<str>> {
    "\\PC{0,6}[\n\t\u{1b}\"\\\\]?[a-z]{1,3}".prop_map(|s| Arc::from(s.as_str()))
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_i64).prop_map(Timestamp::from_millis)
}

fn span() -> impl Strategy<Value = Span> {
    (-1_000_000_000..1_000_000_000_000_i64).prop_map(Span::from_millis)
}

fn why() -> impl Strategy<Value = Why> {
    prop_oneof![Just(Why::NEVER_COMMITTED), name().prop_map(Why::text)]
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![-1e12..1e12, Just(0.0), Just(1.0 / 3.0)]
}

/// Every kind of reading of `value`.
fn reading<T, S>(value: impl Fn() -> S + Clone + 'static) -> BoxedStrategy<Reading<T>>
where
    T: Copy + std::fmt::Debug + 'static,
    S: Strategy<Value = T> + 'static,
{
    let v = value.clone();
    let sides = move || (option::of(v()), option::of(v()));
    prop_oneof![
        4 => value().prop_map(Reading::Known),
        1 => (value(), sides()).prop_map(|(v, (l, h))| Reading::bounded(v, l, h)),
        1 => (value(), why()).prop_map(|(v, w)| Reading::at_least(v, w)),
        1 => (value(), instant(), why()).prop_map(|(v, t, w)| Reading::stale(v, t, w)),
        1 => why().prop_map(Reading::unknown),
        1 => (value(), instant(), why()).prop_map(|(v, t, w)| Reading::unknown_since(v, t, w)),
        1 => (value(), sides(), instant(), why())
            .prop_map(|(v, (l, h), t, w)| Reading::bounded(v, l, h).into_stale(t, w)),
        1 => (why(), sides()).prop_map(|(w, (l, h))| Reading::unknown(w).with_bounds(l, h)),
    ]
    .boxed()
}

fn offset() -> BoxedStrategy<Reading<i64>> {
    reading(|| 0..i64::MAX)
}

fn time_lag() -> impl Strategy<Value = TimeLag> {
    let method = prop_oneof![
        Just(Method::Bracket),
        Just(Method::TimestampSearch),
        Just(Method::Record)
    ];
    prop_oneof![
        Just(TimeLag::CaughtUp),
        (instant(), option::of(instant()), instant(), method).prop_map(
            |(oldest_unread, after, until, method)| TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method
            }
        )
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let leaf = prop_oneof![
        (any::<i64>(), any::<i32>(), any::<bool>()).prop_map(|(lost, c, at_first_sight)| {
            Evidence::LostRecords {
                lost,
                committed_offset: i64::from(c),
                log_start_offset: 1,
                at_first_sight,
            }
        }),
        (instant(), span(), any::<bool>()).prop_map(|(since, usual_silence, owned)| {
            Evidence::NotMoved {
                since,
                effective_lag: 3,
                usual_silence,
                owned,
            }
        }),
        (rate(), rate(), span()).prop_map(|(growth, growth_low, window)| Evidence::Growing {
            growth,
            growth_low,
            window
        }),
        why().prop_map(|why| Evidence::NotKnown { why }),
        any::<u32>().prop_map(|members| Evidence::NoOwner { members }),
    ];
    leaf.prop_recursive(2, 3, 1, |inner| {
        (any::<u32>(), option::of(inner)).prop_map(|(count, worst)| Evidence::Partitions {
            count,
            of: 20,
            unknown: 1,
            worst: worst.map(Box::new),
        })
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let status = proptest::sample::select(Status::ALL.to_vec());
    (status, instant(), option::of(evidence())).prop_map(|(status, since, evidence)| Verdict {
        status,
        since,
        evidence: evidence.map(Box::new),
    })
}

fn topic(name: TopicName) -> impl Strategy<Value = Arc<TopicSnapshot>> {
    let config = (option::of(span()), option::of(any::<u64>()), any::<bool>());
    let config = config.prop_map(|(retention, retention_bytes, remote_storage)| {
        Arc::new(TopicConfig {
            cleanup_policy: CleanupPolicy::CompactDelete,
            retention,
            retention_bytes,
            remote_storage,
            ..TopicConfig::default()
        })
    });
    let log = (
        option::of(0..9),
        offset(),
        offset(),
        offset(),
        reading(rate),
    );
    let fields = (
        option::of(any::<u128>()),
        any::<u64>(),
        option::of(config),
        vec(log, 0..3),
        reading(rate),
    );
    fields.prop_map(move |(id, generation, config, logs, arrival_rate)| {
        let partitions =
            (0..)
                .zip(logs)
                .map(|(partition, (leader, b, h, s, rate))| TopicPartition {
                    partition,
                    leader,
                    replicas: leader.map(|_| Replicas { all: 3, in_sync: 2 }),
                    log_start_offset: b,
                    log_end_offset: h,
                    last_stable_offset: s,
                    arrival_rate: rate,
                });
        Arc::new(TopicSnapshot {
            topic: name.clone(),
            topic_id: id.map(TopicId::from_bits),
            generation,
            config,
            partitions: partitions.collect(),
            arrival_rate,
        })
    })
}

/// Topics of differing names, in name order.
fn topics() -> impl Strategy<Value = Vec<Arc<TopicSnapshot>>> {
    let topics = btree_map(name(), topic("?".into()), 0..3);
    topics.prop_map(|topics| {
        let named = topics.into_iter().map(|(name, topic)| {
            let mut topic = TopicSnapshot::clone(&topic);
            topic.topic = name.into();
            Arc::new(topic)
        });
        named.collect()
    })
}

fn members() -> impl Strategy<Value = Option<Arc<[Member]>>> {
    let subscription =
        (vec(name(), 0..3), option::of(name())).prop_map(|(topics, rack)| Subscription {
            topics: topics.into_iter().map(Into::into).collect(),
            rack,
        });
    let owned = (name(), vec(0..9, 0..3), option::of(subscription));
    let member = (name(), name(), option::of(name()), owned);
    option::of(btree_map(name(), member, 0..3)).prop_map(|members| {
        let members =
            members?
                .into_iter()
                .map(|(id, (client, host, instance, (topic, p, told)))| Member {
                    member_id: id.into(),
                    client_id: client,
                    host,
                    group_instance_id: instance,
                    assignment: vec![AssignedTopic {
                        topic: topic.into(),
                        partitions: p,
                    }],
                    subscription: told.map(Arc::new),
                });
        Some(members.collect())
    })
}

type Draft = (u32, i32, u32, Reading<i64>, Reading<i64>, Reading<TimeLag>);

fn rows() -> impl Strategy<Value = Vec<(Draft, Option<Verdict>, Reading<f64>)>> {
    let draft = (
        any::<u32>(),
        0..5,
        any::<u32>(),
        offset(),
        offset(),
        reading(time_lag),
    );
    vec((draft, option::of(verdict()), reading(rate)), 0..4)
}

fn policy() -> impl Strategy<Value = Arc<Policy>> {
    let severity = option::of(Just(Severity::Page));
    (
        option::of(any::<u64>()),
        option::of(span()),
        option::of(name()),
        severity,
    )
        .prop_map(|(max_lag, max_time_lag, owner, severity)| {
            Arc::new(Policy {
                max_lag,
                max_time_lag,
                owner,
                severity,
                ..Policy::default()
            })
        })
}

fn eta() -> impl Strategy<Value = Eta> {
    prop_oneof![
        Just(Eta::CaughtUp),
        Just(Eta::Never),
        (instant(), instant(), option::of(instant())).prop_map(|(at, earliest, latest)| Eta::At {
            at,
            earliest,
            latest
        }),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    let by = prop_oneof![Just(Retention::Time), Just(Retention::Size)];
    prop_oneof![
        Just(Loss::Never),
        (instant(), instant(), option::of(instant()), by).prop_map(|(at, earliest, latest, by)| {
            Loss::At {
                at,
                earliest,
                latest,
                by,
            }
        }),
    ]
}

fn cause() -> impl Strategy<Value = Cause> {
    let counts = || (any::<u32>(), any::<u32>(), any::<u32>());
    prop_oneof![
        (name(), 0..9, 0..i64::MAX, instant(), counts()).prop_map(
            |(topic, partition, offset, since, (others_moved, owners, _))| Cause::PoisonRecord {
                topic: topic.into(),
                partition,
                offset,
                since,
                others_moved,
                owners,
            }
        ),
        (name(), name(), name(), counts()).prop_map(
            |(id, client_id, host, (lagging, others_lagging, others))| Cause::SickMember {
                member_id: id.into(),
                client_id,
                host,
                lagging,
                others_lagging,
                others,
            }
        ),
        (name(), 0..9, rate(), rate(), rate()).prop_map(
            |(topic, partition, arrival_rate, median_arrival_rate, consume_rate)| {
                Cause::HotPartition {
                    topic: topic.into(),
                    partition,
                    arrival_rate,
                    median_arrival_rate,
                    consume_rate,
                }
            }
        ),
        (counts(), rate(), rate()).prop_map(|((members, lagging, of), consume_rate, capacity)| {
            Cause::SlowDownstream {
                members,
                consume_rate,
                capacity,
                lagging,
                of,
            }
        }),
    ]
}

fn diagnosis() -> impl Strategy<Value = Diagnosis> {
    prop_oneof![
        Just(Diagnosis::NotNeeded),
        why().prop_map(|why| Diagnosis::Abstains { why }),
        (cause(), instant(), 0.0..1.0).prop_map(|(cause, since, confidence)| {
            Diagnosis::Found {
                cause,
                since,
                confidence,
            }
        }),
    ]
}

fn storm() -> impl Strategy<Value = Storm> {
    (instant(), any::<u32>(), span(), rate()).prop_map(|(since, rebalances, window, rate)| Storm {
        since,
        rebalances,
        window,
        rejoining: 3,
        consume_rate: rate,
        arrival_rate: 1.5,
    })
}

/// What is said beside the group's sums: time to loss, records lost, why it lags, a storm.
type Judged = (Reading<Loss>, Reading<i64>, Diagnosis, Option<Storm>);

fn judged() -> impl Strategy<Value = Judged> {
    (reading(loss), offset(), diagnosis(), option::of(storm()))
}

/// A group that reads some of the cluster's topics and perhaps one that the cluster has not.
fn group(listed: Vec<Arc<TopicSnapshot>>) -> impl Strategy<Value = GroupSnapshot> {
    let own = option::of(topic("~gone".into()));
    let readings = (
        offset(),
        offset(),
        reading(time_lag),
        reading(rate),
        reading(eta),
    );
    let told = (
        vec((instant(), option::of(any::<i64>())), 0..3),
        vec((instant(), name()), 0..2),
        vec((instant(), name(), name()), 0..2),
    );
    let state = reading(|| prop_oneof![Just(GroupState::Empty), Just(GroupState::Reconciling)]);
    let fixed = (name(), option::of(name()), state, policy(), verdict());
    let beside = vec(option::of((reading(loss), reading(rate))), 4);
    let load = (reading(rate), reading(rate));
    let load = load.prop_map(|(consume_rate, capacity)| MemberLoad {
        consume_rate,
        capacity,
    });
    let loads = vec(load, 3);
    let parts = (rows(), beside, members(), loads, judged());
    (own, readings, told, fixed, parts).prop_map(
        move |(
            own,
            (lag, effective_lag, time_lag, arrival_rate, eta),
            told,
            fixed,
            (rows, beside, members, mut loads, judged),
        )| {
            let (loss_at, lost_lately, diagnosis, storm) = judged;
            loads.truncate(members.as_deref().map_or(0, <[_]>::len));
            let topics: Vec<_> = listed.iter().cloned().chain(own).collect();
            let (trend, events, issues) = told;
            let (protocol_type, assignor, state, policy, status) = fixed;
            let rows = place(rows, topics.len(), members.as_deref().map_or(0, <[_]>::len));
            GroupSnapshot {
                group: "?".into(),
                generation: 3,
                group_type: GroupType::Consumer,
                state,
                protocol_type,
                assignor,
                coordinator: Some(2),
                policy,
                status,
                unknown_partitions: 1,
                inactive: false,
                lag,
                effective_lag,
                time_lag,
                consume_rate: arrival_rate.clone(),
                arrival_rate,
                eta,
                trend: trend
                    .into_iter()
                    .map(|(at, lag)| TrendPoint::new(at, lag, lag.map(|_| at)))
                    .collect(),
                events: events
                    .into_iter()
                    .map(|(at, text)| Event {
                        at,
                        kind: EventKind::Rebalanced,
                        text,
                    })
                    .collect(),
                details: details(&rows, beside),
                rows,
                loss_at,
                lost_lately,
                diagnosis,
                storm: storm.map(Box::new),
                loads,
                members,
                topics,
                issues: issues
                    .into_iter()
                    .map(|(since, subject, text)| Issue {
                        since,
                        subject,
                        text,
                    })
                    .collect(),
            }
        },
    )
}

fn place(
    drafts: Vec<(Draft, Option<Verdict>, Reading<f64>)>,
    topics: usize,
    members: usize,
) -> Vec<PartitionRow> {
    let drafts = drafts.into_iter().filter(|_| topics > 0);
    let rows = drafts.map(
        |((t, partition, o, committed_offset, lag, time_lag), verdict, rate)| PartitionRow {
            topic: t % topics as u32,
            partition,
            owner: o.checked_rem(members as u32).filter(|_| o % 3 > 0),
            committed_offset,
            effective_lag: lag,
            time_lag,
            consume_rate: rate,
            verdict,
        },
    );
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|r| (r.topic, r.partition));
    rows.dedup_by_key(|r| (r.topic, r.partition));
    rows
}

/// What is said beside some of the rows.
fn details(
    rows: &[PartitionRow],
    beside: Vec<Option<(Reading<Loss>, Reading<f64>)>>,
) -> Vec<RowDetail> {
    let with = rows.iter().zip(beside);
    let with = with.filter_map(|(row, beside)| {
        let (loss_at, event_time_speed) = beside?;
        Some(RowDetail {
            topic: row.topic,
            partition: row.partition,
            loss_at,
            event_time_speed,
        })
    });
    with.collect()
}

fn health() -> impl Strategy<Value = ClusterHealth> {
    let cycle = (span(), vec((name(), any::<u64>()), 0..3), option::of(why()));
    let cycle = cycle.prop_map(|(took, requests, lengthened)| Cycle {
        took,
        lengthened,
        requests,
        ..Cycle::default()
    });
    (
        option::of(why()),
        instant(),
        option::of(instant()),
        option::of(cycle),
        span(),
    )
        .prop_map(
            |(why, since, last_success, cycle, poll_interval)| ClusterHealth {
                state: HealthState::Down,
                why,
                since,
                last_success,
                last_complete_listing: last_success,
                cluster_id: None,
                controller: Some(1),
                cycle,
                poll_interval,
            },
        )
}

fn cluster() -> impl Strategy<Value = ClusterSnapshot> {
    let with_groups = topics().prop_flat_map(|topics| {
        let groups = btree_map(name(), group(topics.clone()), 0..3);
        (Just(topics), groups)
    });
    (with_groups, health(), any::<u64>()).prop_map(|((topics, groups), health, generation)| {
        let groups = groups.into_iter().map(|(id, mut group)| {
            group.group = id.into();
            Arc::new(group)
        });
        ClusterSnapshot {
            cluster: "?".into(),
            generation,
            health,
            brokers: vec![],
            groups: groups.collect(),
            topics,
            issues: vec![],
        }
    })
}

fn alert() -> impl Strategy<Value = Arc<Alert>> {
    let labels = btree_map(name(), name(), 0..3);
    (
        name(),
        labels,
        option::of(rate()),
        instant(),
        option::of(name()),
    )
        .prop_map(|(name, labels, value, active_since, held)| {
            Arc::new(Alert {
                name,
                state: AlertState::Firing,
                rule: RulePlace::default(),
                labels,
                annotations: [("summary".into(), "x".into())].into(),
                value,
                active_since,
                fired_at: Some(active_since),
                resolved_at: None,
                silenced: held.clone().map(|by| Silenced {
                    until: active_since,
                    by: by.clone(),
                    why: by,
                }),
                delivery: held.clone().map(|receiver| Delivery {
                    at: active_since,
                    failure: Some(receiver.clone()),
                    receiver,
                }),
                threshold: value,
                held,
            })
        })
}

fn advice() -> impl Strategy<Value = Arc<Advice>> {
    (name(), vec(name(), 0..2), option::of(name())).prop_map(|(title, evidence, command)| {
        Arc::new(Advice {
            cluster: "c".into(),
            group: "g".into(),
            severity: AdviceSeverity::Useful,
            kind: AdviceKind::Scale,
            confidence: 0.8,
            title,
            evidence,
            gain: None,
            caveats: vec![],
            plan: command.clone().map(|member| Plan {
                before: vec![Load {
                    member,
                    partitions: 3,
                    arrival: 0.5,
                    use_of_capacity: None,
                }],
                after: Vec::new(),
            }),
            command,
        })
    })
}

/// Any snapshot.
pub(super) fn snapshot() -> impl Strategy<Value = Snapshot> {
    let clusters = btree_map(name(), cluster(), 0..3);
    (
        clusters,
        instant(),
        any::<u64>(),
        vec(advice(), 0..2),
        vec(alert(), 0..2),
    )
        .prop_map(|(clusters, at, n, advice, alerts)| Snapshot {
            generation: Generation {
                boot: "boot".into(),
                n,
            },
            at,
            clusters: clusters
                .into_iter()
                .map(|(name, mut cluster)| {
                    cluster.cluster = name.into();
                    Arc::new(cluster)
                })
                .collect(),
            advised_members: advice
                .iter()
                .map(|advice: &Arc<Advice>| AdvisedMembers {
                    cluster: advice.cluster.clone(),
                    group: advice.group.clone(),
                    members: 3,
                    since: at,
                })
                .collect(),
            advice,
            alerts,
            rules: [RuleGroup {
                file: "r.yml".into(),
                name: "g".into(),
                interval: Span::from_secs(30),
                limit: 0,
                rules: Vec::new(),
            }]
            .into(),
            receivers: [ReceiverHealth {
                receiver: "night".into(),
                delivered: n,
                failed: 1,
                given_up: 0,
                waiting: 2,
                oldest_waiting_since: Some(at),
                failing_since: None,
                last: Delivery {
                    at,
                    receiver: "night".into(),
                    failure: None,
                },
            }]
            .into(),
            notices: Arc::new(Notices {
                silences: vec![Silence {
                    id: "s".into(),
                    matchers: vec![Matcher::equal("group", "a\"b")],
                    since: at,
                    until: at + Span::from_secs(60),
                    author: "ann".into(),
                    why: "known".into(),
                    alertmanagers: vec![Elsewhere {
                        receiver: "am".into(),
                        id: "a-1".into(),
                    }],
                }],
                marks: vec![Mark {
                    cluster: None,
                    group: "g".into(),
                    since: at,
                    until: at + Span::from_secs(60),
                    why: "deploy".into(),
                    author: "ci".into(),
                }],
                missing: vec![Missing {
                    cluster: "c".into(),
                    group: "gone".into(),
                    since: at,
                    policy: Arc::default(),
                }],
                issues: vec![Issue {
                    since: at,
                    subject: "configuration".into(),
                    text: "wrong".into(),
                }],
            }),
        })
}
