//! What is told, when and to whom.

use super::*;
use crate::model::{Recurring, Route, RulePlace, Silenced, Span};

const MINUTE: i64 = 60;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000) + Span::from_secs(secs)
}

/// An alert in a world of its own: `group/owner`, firing since a second.
fn alert(name: &str, owner: &str, state: AlertState, since: i64) -> Alert {
    let labels = [
        ("alertname", "Late"),
        ("kafka_cluster", "prod"),
        ("group", name),
        ("owner", owner),
        ("severity", "page"),
    ];
    Alert {
        name: "Late".into(),
        state,
        rule: RulePlace::default(),
        labels: labels.map(|(n, v)| (n.into(), v.into())).into(),
        annotations: LabelMap::new(),
        value: None,
        active_since: at(since),
        fired_at: Some(at(since)),
        resolved_at: None,
        held: None,
        threshold: None,
        silenced: None,
        delivery: None,
    }
}

fn firing(name: &str) -> Alert {
    alert(name, "pay", AlertState::Firing, 0)
}

fn resolved(name: &str) -> Alert {
    alert(name, "pay", AlertState::Resolved, 0)
}

fn silenced(alert: Alert) -> Alert {
    let silenced = Silenced {
        until: at(9999),
        by: "ann".into(),
        why: "known".into(),
    };
    Alert {
        silenced: Some(silenced),
        ..alert
    }
}

fn to(receivers: &[&str]) -> Notify {
    Notify {
        receivers: receivers.iter().map(|r| (*r).into()).collect(),
        ..Notify::default()
    }
}

fn route(matcher: &str, receivers: &[&str]) -> Route {
    Route {
        matchers: vec![matcher.parse().unwrap()],
        receivers: receivers.iter().map(|r| (*r).into()).collect(),
        ..Route::default()
    }
}

/// Each minute's alerts in turn, cut every 30 s; what was told: `minute receiver reason: group…`,
/// a resolved one with a minus.
fn told(settings: &Notify, minutes: &[(i64, Vec<Alert>)], until: i64) -> Vec<String> {
    let mut grouping = Grouping::default();
    let (mut lines, mut now) = (Vec::new(), Vec::new());
    for step in 0..=until * 2 {
        let secs = step * 30;
        let new = minutes.iter().find(|(minute, _)| minute * MINUTE == secs);
        if let Some((_, alerts)) = new {
            now = alerts.iter().cloned().map(Arc::new).collect();
        }
        for n in grouping.cut(settings, &now, new.is_some(), at(secs)) {
            assert_eq!(n.at, at(secs));
            let is_firing = n.firing().next().is_some();
            assert_eq!(is_firing, n.status == NotificationStatus::Firing);
            let names = n.alerts.iter().map(|a| {
                let minus = if a.state == AlertState::Resolved {
                    "-"
                } else {
                    ""
                };
                format!(" {minus}{}", a.labels["group"])
            });
            let reason = format!("{:?}", n.reason).to_lowercase();
            let names: String = names.collect();
            lines.push(format!(
                "{} {} {reason}:{names}",
                secs as f64 / 60.0,
                n.receiver
            ));
        }
        // What lies between two cuts survives its text.
        let bytes = rmp_serde::to_vec_named(&grouping).unwrap();
        grouping = rmp_serde::from_slice(&bytes).unwrap();
    }
    lines
}

#[test]
fn a_group_waits_is_told_is_told_of_changes_and_of_its_end() {
    let minutes = [
        (1, vec![firing("a")]),
        (3, vec![firing("a"), firing("b")]),
        (8, vec![firing("a"), firing("b"), firing("c")]),
        (9, vec![firing("a"), firing("b")]),
        (15, vec![firing("b"), resolved("a")]),
        (25, vec![resolved("b"), resolved("a")]),
    ];
    let lines = told(&to(&["night"]), &minutes, 60);
    // Looked at from 1.5 on each five minutes. What came and went in between is not told of.
    assert_eq!(
        lines,
        [
            "1.5 night first: a",
            "6.5 night changed: b a",
            "16.5 night changed: b -a",
            "26.5 night resolved: -b"
        ]
        .map(sorted)
    );
}

/// The order of alerts in a line is that of their fingerprints: the test's own lines are put into it.
fn sorted(line: &str) -> String {
    let (head, names) = line.split_once(": ").unwrap();
    let mut names: Vec<_> = names.split(' ').collect();
    let of = |name: &str| firing(name.trim_start_matches('-')).fingerprint();
    names.sort_by_key(|n| (n.starts_with('-'), of(n)));
    format!("{head}: {}", names.join(" "))
}

#[test]
fn what_does_not_change_is_told_again_after_a_while() {
    let settings = Notify {
        repeat_interval: Span::from_secs(30 * MINUTE),
        ..to(&["night"])
    };
    let lines = told(&settings, &[(0, vec![firing("a")])], 70);
    assert_eq!(
        lines,
        [
            "0.5 night first: a",
            "30.5 night repeat: a",
            "60.5 night repeat: a"
        ]
    );
}

#[test]
fn a_blip_within_the_wait_is_not_told() {
    let minutes = [
        (1, vec![firing("a")]),
        (2, vec![firing("b")]),
        (3, vec![resolved("b")]),
    ];
    let settings = Notify {
        group_wait: Span::from_secs(5 * MINUTE),
        ..to(&["night"])
    };
    assert_eq!(told(&settings, &minutes, 30), Vec::<String>::new());
}

#[test]
fn a_silence_tells_nothing_and_loses_no_end() {
    // Told, silenced, resolved under the silence, the silence ends: the end is told then.
    let minutes = [
        (0, vec![firing("a")]),
        (2, vec![silenced(firing("a"))]),
        (8, vec![silenced(resolved("a"))]),
        (20, vec![resolved("a")]),
    ];
    let lines = told(&to(&["night"]), &minutes, 60);
    assert_eq!(lines, ["0.5 night first: a", "20.5 night resolved: -a"]);
    // Silenced before it was told: nothing, until the silence ends while it fires.
    let minutes = [(0, vec![silenced(firing("a"))]), (12, vec![firing("a")])];
    let lines = told(&to(&["night"]), &minutes, 60);
    assert_eq!(lines, ["12.5 night first: a"]);
}

#[test]
fn what_is_gone_was_resolved() {
    let minutes = [(0, vec![firing("a")]), (7, vec![])];
    let lines = told(&to(&["night"]), &minutes, 60);
    assert_eq!(lines, ["0.5 night first: a", "10.5 night resolved: -a"]);
}

#[test]
fn groups_are_made_by_cluster_and_owner() {
    let other = alert("b", "ads", AlertState::Firing, 0);
    let lines = told(&to(&["night"]), &[(0, vec![firing("a"), other])], 1);
    assert_eq!(lines, ["0.5 night first: b", "0.5 night first: a"]);
    let each = Notify {
        group_by: vec!["...".into()],
        ..to(&["night"])
    };
    let mut lines = told(&each, &[(0, vec![firing("a"), firing("b")])], 1);
    lines.sort();
    assert_eq!(lines, ["0.5 night first: a", "0.5 night first: b"]);
}

#[test]
fn the_first_route_that_matches_takes_an_alert() {
    let mut settings = to(&["mail"]);
    let night = route("severity=\"page\"", &["night", "board"]);
    settings.routes = vec![
        route("owner=\"ads\"", &[]),
        night,
        route("severity=~\".+\"", &["all"]),
    ];
    let ticket = Alert {
        labels: {
            let mut labels = firing("t").labels;
            labels.insert("severity".into(), "ticket".into());
            labels
        },
        ..firing("t")
    };
    let ads = alert("b", "ads", AlertState::Firing, 0);
    let none = Alert {
        labels: [
            ("alertname".into(), "Watchdog".into()),
            ("severity".into(), "none".into()),
        ]
        .into(),
        ..firing("w")
    };
    let alerts = vec![firing("a"), ads, ticket.clone()];
    let mut lines = told(&settings, &[(0, alerts)], 1);
    lines.sort();
    let board = "0.5 board first: a";
    assert_eq!(lines, ["0.5 all first: t", board, "0.5 night first: a"]);
    // It goes on where it is told to.
    settings.routes[1].r#continue = true;
    let mut lines = told(&settings, &[(0, vec![firing("a")])], 1);
    lines.sort();
    assert_eq!(lines, ["0.5 all first: a", board, "0.5 night first: a"]);
    // What no route takes goes to the others; but not what is for programs.
    settings.routes.truncate(2);
    let lines = told(&settings, &[(0, vec![ticket, none])], 1);
    assert_eq!(lines, ["0.5 mail first: t"]);
}

#[test]
fn a_muted_route_tells_when_its_time_is_over() {
    let mut settings = to(&[]);
    let night = Route {
        mute_time_intervals: vec!["lunch".into()],
        ..route("severity=\"page\"", &["night"])
    };
    settings.routes = vec![night];
    // 1,800,000,000 is 08:00 UTC.
    let lunch = r#"{"name":"lunch","time_intervals":[{"times":[{"start_time":"08:00","end_time":"08:20"}]}]}"#;
    settings.recurring = vec![serde_json::from_str::<Recurring>(lunch).unwrap()];
    let lines = told(&settings, &[(0, vec![firing("a")])], 40);
    assert_eq!(lines, ["20.5 night first: a"]);
}

#[test]
fn of_too_many_the_rest_is_told_next() {
    let alerts: Vec<_> = (0..MOST + 5).map(|i| firing(&format!("g{i}"))).collect();
    let all = alerts.iter().cloned().map(Arc::new).collect::<Vec<_>>();
    let (settings, mut grouping) = (to(&["night"]), Grouping::default());
    let mut seen = std::collections::BTreeSet::new();
    let mut truncated = Vec::new();
    for (i, secs) in [0, 30, 330, 630].into_iter().enumerate() {
        for n in grouping.cut(&settings, &all, i == 0, at(secs)) {
            assert!(n.alerts.len() <= MOST);
            truncated.push((secs, n.truncated));
            seen.extend(n.alerts.iter().map(|a| a.fingerprint()));
        }
    }
    assert_eq!((truncated, seen.len()), (vec![(30, 5), (330, 5)], MOST + 5));
}

#[test]
fn another_route_ends_nothing_that_fires() {
    let (mut settings, mut grouping) = (to(&["night", "board"]), Grouping::default());
    let all = [Arc::new(firing("a"))];
    grouping.cut(&settings, &all, true, at(0));
    assert_eq!(grouping.cut(&settings, &all, false, at(30)).len(), 2);
    settings.routes = vec![route("severity=\"page\"", &["night"])];
    settings.receivers.clear();
    grouping.keep_receivers(&settings);
    let mut lines = Vec::new();
    for secs in (60..1200).step_by(30) {
        let told = grouping.cut(&settings, &all, true, at(secs));
        lines.extend(told.into_iter().map(|n| (n.receiver, n.reason)));
    }
    assert_eq!(lines, [("night".into(), NotificationReason::First)]);
}
