//! Pages from snapshots written by hand: what stands on them, and that no name breaks out.

use std::sync::Arc;

use super::{group, index};
use crate::model::testing::World;
use crate::model::{
    Alert, AlertState, EventKind, Evidence, Mark, Missing, Notices, Policy, RulePlace, Snapshot,
    Span, Status,
};

const HOSTILE: &str = "</b><script>alert('x')</script>\"\u{1b}[31m\n";

fn world() -> Snapshot {
    let mut world = groups();
    world.alerts = vec![
        alert("GroupIsLate", "payments", AlertState::Firing),
        alert("Elsewhere", "well", AlertState::Pending),
        alert("Hostile", HOSTILE, AlertState::Firing),
    ];
    let at = world.at;
    world.notices = Arc::new(Notices {
        marks: vec![Mark {
            cluster: None,
            group: "payments".into(),
            since: at - Span::from_secs(60),
            until: at + Span::from_secs(300),
            why: HOSTILE.into(),
            author: "ada".into(),
        }],
        missing: vec![Missing {
            cluster: "prod".into(),
            group: "..".into(),
            since: at - Span::from_secs(90),
            policy: Arc::default(),
        }],
        ..Notices::default()
    });
    world
}

fn alert(name: &str, group: &str, state: AlertState) -> Arc<Alert> {
    let labels = [("kafka_cluster", "prod"), ("group", group)];
    let at = groups().at - Span::from_secs(120);
    Arc::new(Alert {
        name: name.into(),
        state,
        rule: RulePlace::default(),
        labels: labels.map(|(n, v)| (n.into(), v.into())).into(),
        annotations: [("summary".into(), format!("{group} is late").into())].into(),
        value: Some(1.0),
        active_since: at,
        fired_at: Some(at),
        resolved_at: None,
        held: Some("a broker is away".into()),
        threshold: None,
        silenced: None,
        delivery: None,
    })
}

fn groups() -> Snapshot {
    World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 100), (0, 50)]);
            c.topic(HOSTILE, &[(0, 9)]);
            c.group("payments", |g| {
                g.member("app", "/10.0.0.1", &[("orders", &[0])]);
                g.commits("orders", &[Some(90), None]);
                g.because(Status::Stalled, Evidence::NoOwner { members: 3 });
                g.trend(&[Some(1), Some(5), None, Some(9), Some(10)]);
                g.event(30, EventKind::Rebalanced, "2 of 3 members changed");
                g.group.policy = Arc::new(Policy {
                    max_lag: Some(5),
                    max_time_lag: Some(Span::from_secs(60)),
                    owner: Some("team-pay".into()),
                    runbook: Some("javascript:alert(1)".into()),
                    ..Policy::default()
                });
            });
            c.group(HOSTILE, |g| {
                g.commits(HOSTILE, &[Some(1)]);
                g.verdict(Status::DataLoss);
                g.event(1, EventKind::State, HOSTILE);
            });
            c.group("well", |g| g.commits("orders", &[Some(100)]));
        })
        .cluster("down", |c| c.down("no <broker> answers"))
        .build()
}

fn page_of(id: &str) -> String {
    let snapshot = world();
    let cluster = snapshot.cluster("prod").unwrap();
    let group = cluster.group(id).unwrap();
    let page = group::Page {
        snapshot: &snapshot,
        cluster,
        group,
        up: "../../",
        url: Some("http://laggard:9550/x"),
    };
    page.html()
}

#[test]
fn the_front_page_names_clusters_and_groups_in_trouble_worst_first() {
    let page = index::page(&world(), "kafka");
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what}: {page}"));
    assert!(
        at("over its limit") < at("data loss"),
        "over a limit comes first"
    );
    assert!(page.contains("href=\"groups/prod/payments\""));
    assert!(
        page.contains("href=\"groups?cluster=prod&amp;group=..\""),
        "{page}"
    );
    assert!(page.contains("payments is late") && !page.contains("Elsewhere"));
    assert!(page.contains("no &lt;broker&gt; answers") && !page.contains(">well<"));
}

#[test]
fn a_groups_page_tells_what_why_since_when_and_how_bad() {
    let page = page_of("payments");
    for part in [
        "stalled</b> for 10m",
        "the group has 3 members and none of them owns this partition",
        "limit 5<",
        "limit 1m<",
        "GroupIsLate</b> <span class=\"bad\">fires</span> <span class=\"dim\">since 2m ago",
        "<small>held: a broker is away</small>",
        "Marked by ada for 5m more: ",
        "team-pay",
        "2 of 3 members changed",
        "10.0.0.1",
        "at least 25s",
        "api/v1/snapshot?cluster=prod&amp;group=payments",
        "laggard top --attach http://laggard:9550/x --cluster prod --group payments</pre>",
        "--group payments --at 2026-11-20T18:00:00",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("<svg").count(), 2, "lag and time lag: {page}");
    assert!(!page.contains("Elsewhere"), "an alert of another group");
    assert!(
        !page.contains("href=\"javascript:"),
        "only what a browser fetches is a link"
    );
}

#[test]
fn no_name_breaks_out_of_its_text() {
    for page in [
        index::page(&world(), HOSTILE),
        page_of(HOSTILE),
        group::lost(&world(), (HOSTILE, HOSTILE), "./"),
    ] {
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}'),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}
