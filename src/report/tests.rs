//! Reports on snapshots written by hand.

use std::sync::Arc;

use crate::model::testing::{World, behind};
use crate::model::{
    Advice, AdviceKind, AdviceSeverity, Evidence, Load, Plan, Policy, Reading, Snapshot, Span,
    Status, Verdict, document,
};

use super::{Asked, Form, Limits, Outcome, advise, check, lag, resets};

fn world() -> Arc<Snapshot> {
    let world = World::new().cluster("prod", |c| {
        c.topic("orders", &[(0, 1_234_567), (100, 500)]);
        c.topic("odd\ntopic,\"quoted\"", &[(0, 9)]);
        c.group("payments-settle", |g| {
            g.member("settle", "/10.0.0.7", &[("orders", &[0])]);
            g.commits("orders", &[Some(4_567), None]);
            g.verdict(Status::Stalled);
            g.rates(1200.0, 0.0);
        });
        c.group("evil\u{1b}[2J\ngroup", |g| {
            g.commits("odd\ntopic,\"quoted\"", &[Some(9)]);
        });
        c.group("stale-one", |g| {
            g.commits("orders", &[Some(1_234_000), Some(500)]);
            g.stale(90, "broker 2 is down");
        });
    });
    Arc::new(world.build())
}

/// What is printed, what is noted, and the outcome.
fn printed(groups: &[&str], form: Form) -> (String, String, Outcome) {
    let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let outcome = lag(
        &world(),
        &Asked { groups: &groups },
        form,
        &mut out,
        &mut notes,
    )
    .unwrap();
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(notes).unwrap(),
        outcome,
    )
}

#[test]
fn groups_stand_in_the_order_of_trouble_and_names_do_no_harm() {
    let (out, notes, outcome) = printed(&[], Form::Table(Some(80)));
    insta::assert_snapshot!(out);
    assert_eq!((notes.as_str(), outcome), ("", Outcome::Fine));
    assert!(out.lines().all(|l| l.chars().count() <= 80), "{out}");
}

#[test]
fn an_asked_group_is_shown_with_its_partitions() {
    insta::assert_snapshot!(printed(&["payments-settle"], Form::Table(Some(100))).0);
}

#[test]
fn csv_leaves_unknown_cells_empty_and_quotes_what_must_be() {
    insta::assert_snapshot!(printed(&[], Form::Csv).0.replace("\r\n", "\n"));
}

#[test]
fn json_is_the_snapshot_document() {
    let (out, ..) = printed(&["stale-one"], Form::Json);
    let back = document::from_json(out.as_bytes()).unwrap();
    assert_eq!(back.groups().count(), 1);
    assert_eq!(
        *back.clusters[0].groups[0],
        **world().clusters[0].group("stale-one").unwrap()
    );
}

#[test]
fn a_group_that_is_not_there_is_unknown_with_the_nearest_name() {
    let (_, notes, outcome) = printed(&["payment-settle"], Form::Table(None));
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(
        notes,
        "laggard: there is no group `payment-settle`; did you mean `payments-settle`?\n"
    );
}

#[test]
fn a_cluster_that_is_down_is_said_and_unknown() {
    let world = Arc::new(
        World::new()
            .cluster("prod", |c| c.down("broker 1 refused the connection"))
            .build(),
    );
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut down = (*world).clone();
    Arc::make_mut(&mut down.clusters[0]).health.last_success = None;
    let outcome = lag(
        &Arc::new(down),
        &Asked { groups: &[] },
        Form::Table(None),
        &mut out,
        &mut notes,
    )
    .unwrap();
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(
        String::from_utf8(notes).unwrap(),
        "laggard: cluster `prod` is down: broker 1 refused the connection\n"
    );
}

fn checked(group: &str, limits: Limits) -> (String, Outcome) {
    let groups = [group.to_owned()];
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let outcome = check(
        &world(),
        &Asked { groups: &groups },
        limits,
        Form::Table(None),
        &mut out,
        &mut notes,
    )
    .unwrap();
    (String::from_utf8(out).unwrap(), outcome)
}

#[test]
fn a_breach_beats_unknown_and_unknown_is_never_fine() {
    let lag = |max_lag| Limits {
        max_lag: Some(max_lag),
        max_time_lag: None,
    };
    // One of two partitions is unknown; the known one alone breaks the limit.
    assert_eq!(checked("payments-settle", lag(1_000)).1, Outcome::Breach);
    assert_eq!(
        checked("payments-settle", lag(10_000_000)).1,
        Outcome::Unknown
    );
    // Stale: the last value says nothing about now.
    assert_eq!(checked("stale-one", lag(10_000_000)).1, Outcome::Unknown);
    assert_eq!(checked("evil\u{1b}[2J\ngroup", lag(0)).1, Outcome::Fine);
    assert_eq!(checked("nowhere", lag(0)).1, Outcome::Unknown);
    let none = Limits {
        max_lag: None,
        max_time_lag: Some(Span::from_secs(5)),
    };
    assert_eq!(checked("evil\u{1b}[2J\ngroup", none).1, Outcome::Fine);
    assert_eq!(checked("stale-one", Limits::default()).1, Outcome::Unknown);
}

#[test]
fn a_groups_own_policy_holds_where_no_limit_is_given() {
    let mut snapshot = (*world()).clone();
    let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
    for group in &mut cluster.groups {
        Arc::make_mut(group).policy = Arc::new(Policy {
            max_lag: Some(5),
            ..Policy::default()
        });
    }
    let groups = ["payments-settle".to_owned()];
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let asked = Asked { groups: &groups };
    let outcome = check(
        &Arc::new(snapshot),
        &asked,
        Limits::default(),
        Form::Table(None),
        &mut out,
        &mut notes,
    )
    .unwrap();
    assert_eq!(outcome, Outcome::Breach);
    assert!(
        String::from_utf8(out)
            .unwrap()
            .starts_with("BREACH   prod: payments-settle  lag at least 1230000 > 5")
    );
}

/// One group, held to a time lag of five minutes, that is known to lie between these.
fn held_to_five_minutes(low: i64, high: i64) -> (String, Outcome) {
    let world = World::new().cluster("prod", |c| {
        c.topic("orders", &[(0, 10)]);
        c.group("slow", |g| {
            g.commits("orders", &[Some(3)]);
            let (mid, error) = (i64::midpoint(low, high), (high - low) / 2);
            g.group.time_lag = Reading::Known(behind(mid, error));
        });
    });
    let limits = Limits {
        max_lag: Some(100),
        max_time_lag: Some(Span::from_secs(300)),
    };
    let groups = ["slow".to_owned()];
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let asked = Asked { groups: &groups };
    let outcome = check(
        &Arc::new(world.build()),
        &asked,
        limits,
        Form::Table(None),
        &mut out,
        &mut notes,
    );
    (String::from_utf8(out).unwrap(), outcome.unwrap())
}

#[test]
fn a_limit_within_the_bounds_is_not_decided_by_a_guess() {
    assert_eq!(held_to_five_minutes(310, 330).1, Outcome::Breach);
    assert_eq!(held_to_five_minutes(280, 300).1, Outcome::Fine);
    for (low, high) in [(290, 350), (250, 310)] {
        let (line, outcome) = held_to_five_minutes(low, high);
        assert_eq!(outcome, Outcome::Unknown, "{line}");
        assert!(
            line.starts_with("unknown  prod: slow  lag 7 ≤ 100, behind about"),
            "{line}"
        );
    }
}

#[test]
fn a_check_names_its_cluster_and_one_that_is_down_leaves_it_unknown() {
    let snapshot = Arc::new(
        World::new()
            .cluster("east", |c| {
                c.topic("orders", &[(0, 10)]);
                c.group("a,b", |g| g.commits("orders", &[Some(10)]));
            })
            .cluster("west", |c| c.down("no route"))
            .build(),
    );
    let limits = Limits {
        max_lag: Some(1),
        max_time_lag: None,
    };
    let groups = ["a,b".to_owned()];
    let form = |form| {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let asked = Asked { groups: &groups };
        let outcome = check(&snapshot, &asked, limits, form, &mut out, &mut notes).unwrap();
        assert_eq!(outcome, Outcome::Unknown);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(form(Form::Table(None)), "ok       east: a,b  lag 0 ≤ 1\n");
    assert_eq!(
        form(Form::Csv),
        "cluster,group,verdict,text\r\neast,\"a,b\",ok,lag 0 ≤ 1\r\n"
    );
    let json: serde_json::Value = serde_json::from_str(&form(Form::Json)).unwrap();
    assert_eq!(json[0]["limits"][0]["reading"]["value"], 0);
    assert_eq!(json[0]["limits"][0]["max"], 1);
}

fn advised(confidence: f64, command: &str) -> String {
    let world = World::new().cluster("prod", |_| {}).advice(Advice {
        cluster: "prod".into(),
        group: "evil\u{1b}[2J".into(),
        severity: AdviceSeverity::Urgent,
        kind: AdviceKind::SkipRecord,
        confidence,
        title: "skip it".into(),
        evidence: vec!["it stands".into()],
        gain: Some("it moves".into()),
        caveats: vec!["one record is lost".into()],
        command: Some(command.into()),
        plan: None,
    });
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let asked = Asked { groups: &[] };
    let snapshot = Arc::new(world.build());
    advise(&snapshot, &asked, Form::Table(None), &mut out, &mut notes).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_piece_of_advice_is_told_with_how_sure_it_is_and_what_to_type() {
    assert_eq!(
        advised(0.9, "kafka --dry-run\n# right? Then:\nkafka --execute"),
        "URGENT  prod: evil\\x1b[2J: skip it\n  because  it stands\n  gain     it moves\n  but      one record is lost\n  \
         sure     by far the likeliest\n  $ kafka --dry-run\n  # right? Then:\n  $ kafka --execute\n"
    );
    let text = advised(0.5, "# in the configuration:\nmax.poll.records=100");
    assert!(text.contains("  sure     just so: look"), "{text}");
    assert!(
        text.ends_with("  # in the configuration:\n    max.poll.records=100\n"),
        "{text}"
    );
}

#[test]
fn advice_that_moves_load_is_told_with_each_members_before_and_after() {
    let side = |members: &[(&str, f64)]| -> Vec<Load> {
        let load = |(name, arrival): &(&str, f64)| Load {
            member: (*name).into(),
            partitions: 3,
            arrival: *arrival,
            use_of_capacity: (*arrival > 20.0).then_some(arrival / 100.0),
        };
        members.iter().map(load).collect()
    };
    let told = |before: &[(&str, f64)], after: &[(&str, f64)], width| {
        let world = World::new().cluster("prod", |_| {}).advice(Advice {
            cluster: "prod".into(),
            group: "g".into(),
            severity: AdviceSeverity::Urgent,
            kind: AdviceKind::Scale,
            confidence: 0.9,
            title: "run others".into(),
            evidence: Vec::new(),
            gain: None,
            caveats: Vec::new(),
            command: None,
            plan: Some(Plan {
                before: side(before),
                after: side(after),
            }),
        });
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let snapshot = Arc::new(world.build());
        let form = Form::Table(Some(width));
        advise(
            &snapshot,
            &Asked { groups: &[] },
            form,
            &mut out,
            &mut notes,
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        let table = text.lines().skip(2).map(str::to_owned);
        table.collect::<Vec<_>>()
    };
    let more = told(&[("a@h", 120.0)], &[("a@h", 60.0), ("new\u{1b}", 10.0)], 80);
    assert_eq!(
        more,
        [
            "  MEMBER   PARTITIONS      IN/s         USE",
            "  a@h           3 → 3  120 → 60  120% → 60%",
            "  new\\x1b       - → 3    - → 10       - → ?",
        ]
    );
    let fewer = told(&[("a", 30.0), ("b", 30.0)], &[("a", 60.0)], 80);
    assert_eq!(fewer[2], "  b            3 → -   30 → -    30% → -");
    let many: Vec<(String, f64)> = (0..200)
        .map(|i| (format!("{i}{}", "x".repeat(90)), 1.0))
        .collect();
    let many: Vec<(&str, f64)> = many.iter().map(|(n, a)| (&**n, *a)).collect();
    let many = told(&many, &many, 60);
    assert_eq!(many.len(), 14);
    assert!(many.iter().all(|l| l.chars().count() <= 60), "{many:#?}");
    assert!(many[13].contains("188 members more"), "{many:#?}");
}

#[test]
fn a_group_that_is_not_judged_yet_is_not_called_well() {
    let said = |status: Status| {
        let world = World::new().cluster("prod", |c| {
            c.topic("orders", &[(0, 10)]);
            c.group("g", |g| {
                g.commits("orders", &[Some(10)]);
                g.verdict(status);
            });
        });
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let asked = Asked { groups: &[] };
        let snapshot = Arc::new(world.build());
        advise(&snapshot, &asked, Form::Table(None), &mut out, &mut notes).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(said(Status::Ok), "nothing to advise on the group\n");
    assert_eq!(
        said(Status::Unknown),
        "nothing to advise on the group yet: its status is not known\n"
    );
}

#[test]
fn offsets_to_set_are_those_of_one_cluster() {
    let world = ["eu", "us"].iter().fold(World::new(), |world, name| {
        world.cluster(name, |c| {
            c.topic("pay", &[(0, 9_000)]);
            c.group("g", |g| {
                g.member("m", "/h", &[("pay", &[0])]);
                g.commits("pay", &[Some(10)]);
            });
        })
    });
    let mut snapshot = world.build();
    for cluster in &mut snapshot.clusters {
        let group = Arc::make_mut(&mut Arc::make_mut(cluster).groups[0]);
        let since = group.status.since;
        let went_back = Evidence::WentBack {
            at: since,
            from: 900,
            to: 10,
            to_log_start: false,
        };
        group.rows[0].verdict = Some(Verdict::because(Status::Rewound, since, went_back));
    }
    let snapshot = Arc::new(snapshot);
    let told = |snapshot: &Arc<Snapshot>| {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let asked = Asked {
            groups: &["g".to_owned()],
        };
        let outcome = resets(snapshot, &asked, &mut out, &mut notes).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (outcome, text(out), text(notes))
    };
    let (outcome, out, notes) = told(&snapshot);
    assert_eq!((outcome, &*out), (Outcome::Unknown, ""));
    assert!(notes.contains("--cluster (eu, us)"), "{notes}");
    let one = document::Narrow {
        clusters: ["us".into()].into(),
        ..document::Narrow::default()
    };
    let (outcome, out, _) = told(&one.apply(&snapshot));
    assert_eq!((outcome, &*out), (Outcome::Fine, "pay,0,900\n"));
}
