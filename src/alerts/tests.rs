//! Alerts over time: pending, firing, kept, resolved, and held.

use super::*;
use crate::model::testing::World;
use crate::model::{AlertState, Reading, Span, Why};

const RULES: &str = "groups:
- name: g
  interval: 30s
  rules:
  - alert: Late
    expr: laggard_group_effective_lag > 100
    for: 1m
    keep_firing_for: 2m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.group }} has {{ $value }}'}
";

/// A group's effective lag; `None`: it is gone.
#[derive(Clone)]
struct Lag(Option<Reading<i64>>);

fn start() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn alerting(rules: &str) -> Alerting {
    let mut alerting = Alerting::default();
    let file = RuleFile {
        name: "r.yml".into(),
        text: rules.into(),
    };
    alerting.load(&[file]).unwrap();
    alerting
}

/// One group on one cluster.
fn world(secs: i64, Lag(lag): Lag) -> Snapshot {
    let mut snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(0, 1000)]);
            if lag.is_some() {
                c.group("billing", |g| g.commits("orders", &[Some(900)]));
            }
        })
        .build();
    snapshot.at = start() + Span::from_secs(secs);
    if let Some(lag) = lag {
        let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
        Arc::make_mut(&mut cluster.groups[0]).effective_lag = lag;
    }
    snapshot
}

/// `P`ending, `F`iring, `R`esolved, `-` none; small letters while held.
fn letters(alerting: &mut Alerting, lags: &[Lag]) -> String {
    let each = lags.iter().enumerate().map(|(i, lag)| {
        let alerts = alerting.evaluate(&world(i as i64 * 30, lag.clone()));
        assert!(alerts.len() <= 1);
        alerts.first().map_or('-', |alert| {
            let letter = match alert.state {
                AlertState::Pending => 'P',
                AlertState::Firing => 'F',
                AlertState::Resolved => 'R',
            };
            if alert.held.is_some() {
                letter.to_ascii_lowercase()
            } else {
                letter
            }
        })
    });
    each.collect()
}

fn known(lag: i64) -> Lag {
    Lag(Some(Reading::Known(lag)))
}

fn stale(lag: i64) -> Lag {
    Lag(Some(Reading::stale(lag, start(), Why::NO_ANSWER)))
}

fn unknown() -> Lag {
    Lag(Some(Reading::unknown(Why::STALE_FOR_EXCEEDED)))
}

fn bound(lag: i64) -> Lag {
    Lag(Some(Reading::at_least(
        lag,
        Why::text("1 of 2 partitions unknown"),
    )))
}

#[test]
fn an_alert_goes_its_way_as_in_prometheus() {
    let (h, l) = (|| known(500), || known(5));
    for (lags, states) in [
        // Pending for a minute, firing, kept for two minutes, resolved.
        (
            vec![l(), h(), h(), h(), h(), l(), l(), l(), l(), l()],
            "-PPFFFFFFR",
        ),
        // Pending ends without a trace.
        (vec![h(), h(), l(), h(), h(), h()], "PP-PPF"),
        // It comes back while it is kept: the two minutes begin anew.
        (
            vec![h(), h(), h(), l(), l(), h(), l(), l(), l(), l(), l()],
            "PPFFFFFFFFR",
        ),
        // A resolved one that comes back is a new one.
        (
            vec![h(), h(), h(), l(), l(), l(), l(), l(), h(), h(), h()],
            "PPFFFFFRPPF",
        ),
    ] {
        assert_eq!(letters(&mut alerting(RULES), &lags), states);
    }
}

#[test]
fn what_is_not_known_delays_good_news_alone() {
    let (h, l, g) = (|| known(500), || known(5), || Lag(None));
    for (lags, states) in [
        // Firing, then stale below the limit, then unknown: held. Known again: it resolves.
        (
            vec![
                h(),
                h(),
                h(),
                stale(5),
                unknown(),
                unknown(),
                unknown(),
                unknown(),
                l(),
                l(),
                l(),
                l(),
                l(),
            ],
            "PPFfffffFFFFR",
        ),
        // A stale value above the limit goes on firing as in Prometheus, but makes no alert fire.
        (vec![h(), h(), h(), stale(500), stale(500)], "PPFff"),
        (vec![h(), stale(500), stale(500), stale(500), h()], "PPppF"),
        // Pending: held, its time goes on.
        (vec![h(), unknown(), unknown(), h()], "PppF"),
        // Held as pending, then known to be well.
        (vec![h(), unknown(), l()], "Pp-"),
        // A lower bound makes it fire, and resolves nothing.
        (
            vec![
                bound(500),
                bound(500),
                bound(500),
                bound(5),
                bound(5),
                bound(5),
                bound(5),
                bound(5),
                bound(5),
            ],
            "PPFffffff",
        ),
        // What is deleted is not held.
        (
            vec![h(), h(), h(), unknown(), g(), g(), g(), g(), g()],
            "PPFfFFFFR",
        ),
    ] {
        assert_eq!(letters(&mut alerting(RULES), &lags), states);
    }
}

#[test]
fn after_a_restart_nothing_is_resolved_before_all_was_seen() {
    let mut alerting = alerting(RULES);
    letters(&mut alerting, &[known(500), known(500), known(500)]);
    let mut empty = world(90, Lag(None));
    Arc::make_mut(&mut empty.clusters[0])
        .health
        .last_complete_listing = None;
    for secs in [90, 120, 600] {
        empty.at = start() + Span::from_secs(secs);
        let alerts = alerting.evaluate(&empty);
        assert_eq!(alerts[0].state, AlertState::Firing, "{secs}");
        assert!(alerts[0].held.is_some());
    }
}

#[test]
fn the_text_is_filled_in_and_the_state_survives_being_written_down() {
    let mut one = alerting(RULES);
    letters(&mut one, &[known(500), known(500), known(500)]);
    let bytes = rmp_serde::to_vec_named(&one).unwrap();
    let mut other: Alerting = rmp_serde::from_slice(&bytes).unwrap();
    other.take_up();
    assert_eq!((&other.states, &other.alerts), (&one.states, &one.alerts));
    let later = world(120, known(5));
    assert_eq!(other.evaluate(&later), one.evaluate(&later));
    assert_eq!(one.rules()[0].rules[0].evaluated, Some(later.at));
    let alert = &one.alerts[0];
    assert_eq!(&*alert.annotations["summary"], "billing has 500");
    assert_eq!(&*alert.labels["severity"], "page");
    assert_eq!(alert.fired_at, Some(start() + Span::from_secs(60)));
}

#[test]
fn a_reload_keeps_the_alerts_of_rules_that_stay_and_errors_change_nothing() {
    let mut alerting = alerting(RULES);
    letters(&mut alerting, &[known(500), known(500), known(500)]);
    let load = |alerting: &mut Alerting, text: &str| {
        alerting.load(&[RuleFile {
            name: "r.yml".into(),
            text: text.into(),
        }])
    };
    load(&mut alerting, &RULES.replace("> 100", "> 200")).unwrap();
    assert_eq!(alerting.alerts[0].state, AlertState::Firing);
    load(
        &mut alerting,
        &RULES.replace("laggard_group", "laggard_grup"),
    )
    .unwrap_err();
    assert_eq!(alerting.alerts.len(), 1);
    load(
        &mut alerting,
        &RULES.replace("severity: page", "severity: ticket"),
    )
    .unwrap();
    assert_eq!(alerting.alerts.len(), 0);
}

#[test]
fn groups_are_evaluated_at_their_own_interval() {
    let mut alerting = alerting(&RULES.replace("interval: 30s", "interval: 1m"));
    let mut at = |secs| {
        alerting.evaluate(&world(secs, known(500)));
        alerting.evaluated.values().next().copied().unwrap() - start()
    };
    for (secs, evaluated) in [
        (0, 0),
        (10, 0),
        (50, 0),
        (61, 61),
        (70, 61),
        (119, 61),
        (120, 120),
    ] {
        assert_eq!(at(secs), Span::from_secs(evaluated));
    }
}

#[test]
fn an_expression_that_fails_leaves_the_alerts_as_they_are() {
    let text = "groups:
- name: g
  rules:
  - alert: Twice
    expr: laggard_group_effective_lag * on () laggard_group_status > 0
";
    let mut alerting = alerting(text);
    alerting.evaluate(&world(0, known(500)));
    let state = alerting.states.values().next().unwrap();
    assert!(state.error.as_deref().unwrap().contains("many-to-many"));
}

/// A deploy until a second.
fn marked(until: i64) -> Command {
    Command::Mark {
        cluster: None,
        group: "billing".into(),
        until: start() + Span::from_secs(until),
        why: "deploy".into(),
        author: "ann".into(),
    }
}

/// One cut: what stands beside the clusters first.
fn cut(alerting: &mut Alerting, mut snapshot: Snapshot) -> Vec<Arc<Alert>> {
    snapshot.notices = Arc::new(alerting.notices(&snapshot.clusters, snapshot.at));
    alerting.evaluate(&snapshot).to_vec()
}

/// States at each half minute, as [`letters`], with a mark between two of them.
fn marked_letters(lags: &[Lag], from: i64, until: i64) -> String {
    let rules = RULES.replace(
        "effective_lag > 100",
        "effective_lag > 100 unless on (kafka_cluster, group) laggard_group_mark_info",
    );
    let mut alerting = alerting(&rules);
    let each = lags.iter().enumerate().map(|(i, lag)| {
        let secs = i as i64 * 30;
        if secs == from {
            alerting.command(&marked(until), start() + Span::from_secs(secs));
        }
        let alerts = cut(&mut alerting, world(secs, lag.clone()));
        alerts
            .first()
            .map_or('-', |alert| match (alert.state, &alert.held) {
                (AlertState::Pending, None) => 'P',
                (AlertState::Pending, Some(_)) => 'p',
                (AlertState::Firing, None) => 'F',
                (AlertState::Firing, Some(_)) => 'f',
                (AlertState::Resolved, _) => 'R',
            })
    });
    each.collect()
}

#[test]
fn a_mark_holds_what_asks_for_it_and_neither_fires_nor_resolves_it() {
    let h = || known(500);
    let all = |n| (0..n).map(|_| h()).collect::<Vec<_>>();
    // Begun under the mark: its time begins when the mark is over.
    assert_eq!(marked_letters(&all(12), 0, 240), "--------PPFF");
    // Pending before: it waits, and its time goes on.
    assert_eq!(marked_letters(&all(9), 30, 180), "PpppppFFF");
    // Firing before: only what is known to be better ends it.
    let mut lags = all(4);
    lags.extend((0..8).map(|_| known(5)));
    assert_eq!(marked_letters(&lags, 90, 150), "PPFfFFFFRRRR");
    let mut still = all(4);
    still.extend((0..8).map(|_| h()));
    assert_eq!(marked_letters(&still, 90, 240), "PPFfffffFFFF");
}

#[test]
fn a_silence_is_filled_in_until_it_is_over_or_ended() {
    let mut one = alerting(RULES);
    let silenced = |one: &mut Alerting, secs| {
        let alerts = cut(one, world(secs, known(500)));
        alerts[0].silenced.as_ref().map(|s| s.by.to_string())
    };
    let order = |id: &str, matcher: &str, secs, author: &str| Command::Silence {
        id: id.into(),
        matchers: vec![matcher.parse().unwrap()],
        until: start() + Span::from_secs(secs),
        why: "known".into(),
        author: author.into(),
        alertmanagers: Vec::new(),
    };
    let at = |secs| start() + Span::from_secs(secs);
    assert_eq!(silenced(&mut one, 0), None);
    one.command(&order("a", "group=\"other\"", 500, "bob"), at(1));
    assert_eq!(silenced(&mut one, 1), None);
    one.command(&order("b", "group=\"billing\"", 100, "ann"), at(2));
    assert!(one.has_moved());
    // At once, not at the next evaluation.
    assert_eq!(silenced(&mut one, 3).as_deref(), Some("ann"));
    assert_eq!(silenced(&mut one, 99).as_deref(), Some("ann"));
    assert_eq!(silenced(&mut one, 100), None);
    one.command(&order("c", "severity=~\"pa.*\"", 900, "eve"), at(130));
    assert_eq!(silenced(&mut one, 131).as_deref(), Some("eve"));
    let bytes = rmp_serde::to_vec_named(&one).unwrap();
    let mut one: Alerting = rmp_serde::from_slice(&bytes).unwrap();
    one.take_up();
    assert_eq!(silenced(&mut one, 132).as_deref(), Some("eve"));
    let expire = Command::Expire {
        silence: "c".into(),
        author: "eve".into(),
        alertmanagers: Vec::new(),
    };
    one.command(&expire, at(140));
    assert_eq!(silenced(&mut one, 141), None);
    let left = one.notices(&[], at(142)).silences;
    assert_eq!(left.iter().map(|s| &*s.id).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn an_expected_group_is_missed_once_a_whole_listing_lacks_it() {
    let rule = |group: &str, expected| PolicyRule {
        cluster: Pattern::new("prod").unwrap(),
        group: Pattern::new(group).unwrap(),
        policy: Arc::new(model::Policy {
            expected,
            owner: Some("pay".into()),
            ..model::Policy::default()
        }),
    };
    let mut one = alerting(RULES);
    let there = |secs, name: &str| {
        let mut snapshot = world(secs, known(1));
        let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
        let group = Arc::make_mut(&mut cluster.groups[0]);
        (group.group, group.policy) = (name.into(), rule(name, true).policy);
        snapshot
    };
    let missing = |one: &mut Alerting, snapshot: &Snapshot| {
        let missing = one.notices(&snapshot.clusters, snapshot.at).missing;
        let names = missing.iter().map(|m| {
            let since = (m.since - start()).as_millis() / 1000;
            format!("{}/{} {since}", m.cluster, m.group)
        });
        names.collect::<Vec<_>>()
    };
    one.expect(&[
        rule("not-this", false),
        rule("bill.*|ship", true),
        rule("audit", true),
    ]);
    // Named outright and never seen; a pattern tells of no name.
    assert_eq!(missing(&mut one, &there(0, "billing")), ["prod/audit 0"]);
    let bytes = rmp_serde::to_vec_named(&one).unwrap();
    let mut one: Alerting = rmp_serde::from_slice(&bytes).unwrap();
    one.take_up();
    // Seen, and gone.
    let gone = there(30, "audit");
    assert_eq!(missing(&mut one, &gone), ["prod/billing 30"]);
    assert_eq!(missing(&mut one, &there(60, "audit")), ["prod/billing 30"]);
    // Nothing is gone while not all is listed.
    let mut unlisted = there(90, "audit");
    let health = &mut Arc::make_mut(&mut unlisted.clusters[0]).health;
    health.last_complete_listing = None;
    assert_eq!(missing(&mut one, &unlisted), Vec::<String>::new());
    // Nobody expects it any more.
    one.expect(&[rule("audit", true)]);
    assert_eq!(
        missing(&mut one, &there(120, "audit")),
        Vec::<String>::new()
    );
}

/// `ALERTS` is what a Prometheus makes of its own rules' alerts: a rule sees its own as they were before.
#[test]
fn a_rule_may_ask_what_fires() {
    let text = "groups:
- name: g
  interval: 30s
  rules:
  - alert: Late
    expr: |
      laggard_group_effective_lag > 100
      or laggard_group_effective_lag > 50 and on (group) ALERTS{alertname=\"Late\", alertstate=\"firing\"}
    for: 1m
  - alert: Told
    expr: ALERTS{alertname=\"Late\", alertstate=\"pending\"}
";
    let mut one = alerting(text);
    let lags = [70, 500, 500, 500, 70, 70, 20, 70];
    let states = lags.into_iter().enumerate().map(|(i, lag)| {
        let alerts = one.evaluate(&world(i as i64 * 30, known(lag)));
        let is = |name: &str, state| alerts.iter().any(|a| &*a.name == name && a.state == state);
        let late = match () {
            () if is("Late", AlertState::Firing) => 'F',
            () if is("Late", AlertState::Pending) => 'P',
            () => '-',
        };
        // The rule above has been evaluated when it looks.
        assert_eq!(is("Told", AlertState::Firing), late == 'P', "{i}");
        late
    });
    assert_eq!(states.collect::<String>(), "-PPFFF--");
}
