//! Pages from snapshots written by hand: what stands on them, and that no name breaks out.

use std::sync::Arc;

use super::{group, index};
use crate::model::testing::World;
use crate::model::{EventKind, Evidence, Policy, Snapshot, Span, Status};

const HOSTILE: &str = "</b><script>alert('x')</script>\"\u{1b}[31m\n";

fn world() -> Snapshot {
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
    group::page(&snapshot, cluster, group, Some("http://laggard:9550/x"))
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
    assert!(page.contains("no &lt;broker&gt; answers") && !page.contains(">well<"));
}

#[test]
fn a_groups_page_tells_what_why_since_when_and_how_bad() {
    let page = page_of("payments");
    for part in [
        "stalled</b> since 10m ago",
        "the group has 3 members and none of them owns this partition",
        "<svg",
        "limit 5",
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
        group::lost(HOSTILE, HOSTILE),
    ] {
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}'),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}
