//! Tables of what happens when: keys in, state and effects out.

use std::sync::Arc;

use super::super::screens::state;
use super::super::{Options, samples};
use super::*;
use crate::model::testing::NOW;
use crate::model::{Span, Status};

fn keys(text: &str) -> Vec<Key> {
    text.chars()
        .map(|c| match c {
            '\n' => Key::Enter,
            '\x1b' => Key::Esc,
            '\x08' => Key::Backspace,
            '\t' => Key::Tab,
            '←' => Key::Left,
            '→' => Key::Right,
            '↑' => Key::Up,
            c => Key::Char(c),
        })
        .collect()
}

fn after(text: &str) -> State {
    state(
        samples::telling(),
        (80, 24),
        &keys(text),
        Options::default(),
    )
}

fn selected(state: &State) -> String {
    state.acting_group().unwrap().1.as_str().to_owned()
}

#[test]
fn keys_move_between_places() {
    for (typed, place) in [
        ("", Place::Groups),
        ("\n", Place::Group),
        ("\nh", Place::Heat),
        ("\nh\x1b", Place::Group),
        ("\nh\x1b\x1b", Place::Groups),
        ("\x1b\x1b\x1b", Place::Groups),
        ("2", Place::Topics),
        ("2\n", Place::Topic),
        ("2\n\n", Place::Group),
        ("2\n\x1b", Place::Topics),
        ("3", Place::Alerts),
        ("3\n", Place::Group),
        ("4\n", Place::Group),
        ("5", Place::Logs),
        ("m", Place::Groups),
        ("\nm+-a\x1b", Place::Group),
        ("\nm", Place::WhatIf),
        ("\nm\x1b", Place::Group),
        ("\nhm\x1b", Place::Heat),
        ("\nm2", Place::Topics),
        ("\nm\t", Place::Topics),
        ("4m", Place::WhatIf),
        ("4m\x1b", Place::Advice),
        (":what-if 3\n", Place::WhatIf),
        ("2:what-if 3\n", Place::Topics),
        ("\t\t", Place::Alerts),
        ("\n11", Place::Groups),
        ("?", Place::Help),
        ("?\x1b", Place::Groups),
        ("/", Place::Prompt),
        ("/\x08", Place::Groups),
        ("/a\n", Place::Groups),
        (":topics\n", Place::Topics),
        (":topic pay\t\n", Place::Topic),
        (":group ledger\t\n", Place::Group),
        (":group ledger\n", Place::Group),
        (":group no-such\n", Place::Groups),
        (":help\n", Place::Help),
    ] {
        assert_eq!(after(typed).place(), place, "{typed:?}");
    }
}

#[test]
fn the_selection_is_what_keys_act_on() {
    for (typed, group) in [
        ("", "payments-settle"),
        ("j", "ledger-sync"),
        ("jjk", "ledger-sync"),
        ("G", "cron-report"),
        ("Gg", "payments-settle"),
        (":sort in\n", "payments-settle"),
        (":sort in\nI", "cron-report"),
        ("/bill\n", "billing-export"),
        ("/!payments\n", "ledger-sync"),
        ("iG", "old-3"),
        ("3\n", "payments-settle"),
        ("3j\n", "ledger-sync"),
        ("4j\n", "orders-index"),
        // From an open group, its own come first.
        (":group orders-index\n4\n", "orders-index"),
        (":group orders-index\n3\n", "orders-index"),
        (":group orders-index\n\x1b4\n", "payments-settle"),
    ] {
        assert_eq!(selected(&after(typed)), group, "{typed:?}");
    }
}

#[test]
fn a_selected_row_keeps_the_selection_when_the_order_changes() {
    let mut state = after("jj");
    assert_eq!(selected(&state), "orders-index");
    let mut next = samples::telling();
    next.generation.n += 1;
    next.at = NOW + Span::from_secs(10);
    worsen(&mut next, "orders-index");
    state.on(Event::Snapshot(Arc::new(next)), NOW + Span::from_secs(10));
    assert_eq!(
        (selected(&state).as_str(), state.ui.groups.index()),
        ("orders-index", 0)
    );
    // One that was never moved follows the top.
    let mut state = after("");
    let mut next = samples::telling();
    next.generation.n += 1;
    worsen(&mut next, "orders-index");
    next.at = NOW + Span::from_secs(10);
    state.on(Event::Snapshot(Arc::new(next)), NOW + Span::from_secs(10));
    assert_eq!(selected(&state), "orders-index");
}

fn worsen(snapshot: &mut Snapshot, name: &str) {
    let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
    let group = cluster.groups.iter_mut().find(|g| g.group.as_str() == name);
    let group = Arc::make_mut(group.unwrap());
    group.status.status = Status::DataLoss;
    group.policy = Arc::new(crate::model::Policy {
        max_lag: Some(1),
        ..crate::model::Policy::default()
    });
}

#[test]
fn trouble_comes_first_and_inactive_groups_are_folded() {
    let state = after("");
    let rows = &state.lists.groups.rows;
    let names: Vec<_> = rows
        .iter()
        .map(|r| {
            state
                .lists
                .groups
                .key(&state.shown, *r)
                .1
                .as_str()
                .to_owned()
        })
        .collect();
    // The breach of its own limit stands before a worse status.
    assert_eq!(
        names,
        [
            "payments-settle",
            "ledger-sync",
            "orders-index",
            "fraud-score",
            "never-read",
            "billing-export",
            "search-feed",
            "cron-report"
        ]
    );
    assert_eq!(state.lists.groups.folded, 4);
}

#[test]
fn unknown_numbers_come_last_whichever_way_they_are_sorted() {
    for typed in [":sort in\n", ":sort in\nI"] {
        let state = after(typed);
        let last: Vec<_> = state.lists.groups.rows[6..]
            .iter()
            .map(|r| {
                state
                    .lists
                    .groups
                    .key(&state.shown, *r)
                    .1
                    .as_str()
                    .to_owned()
            })
            .collect();
        assert_eq!(last, ["fraud-score", "never-read"], "{typed:?}");
    }
}

#[test]
fn effects_are_what_was_asked_for() {
    let effect = |typed: &str, key: Key| after(typed).on(Event::Key(key), NOW);
    assert_eq!(effect("", Key::Char('q')), [Effect::Quit]);
    assert_eq!(effect("?", Key::Char('q')), []);
    assert_eq!(effect("/x", Key::Ctrl('c')), [Effect::Quit]);
    assert_eq!(effect(":q", Key::Enter), [Effect::Quit]);
    assert_eq!(effect(":panic", Key::Enter), []);
    assert_eq!(effect("", Key::Ctrl('z')), [Effect::Suspend]);
    assert_eq!(effect("", Key::Ctrl('l')), [Effect::Redraw]);
    assert_eq!(
        effect("", Key::Char('y')),
        [Effect::Copy("payments-settle".to_owned())]
    );
    assert_eq!(
        effect("2", Key::Char('y')),
        [Effect::Copy("payments".to_owned())]
    );
    match effect("4", Key::Char('y')).as_slice() {
        [Effect::Copy(command)] => assert!(command.starts_with("kafka-consumer-groups")),
        other => panic!("{other:?}"),
    }
}

/// Members and their partitions before and after.
fn tried(typed: &str) -> Result<(Vec<usize>, Vec<usize>), String> {
    let typed = format!(":group orders-index\n{typed}");
    let state = state(
        samples::planned(),
        (100, 30),
        &keys(&typed),
        Options::default(),
    );
    let worked = state.lists.trial.as_ref().ok_or("nothing is tried")?;
    let found = worked.found.as_ref().map_err(Clone::clone)?;
    let owned =
        |side: &crate::advice::what_if::Side| side.members.iter().map(|m| m.partitions).collect();
    Ok((owned(&found.before), owned(&found.after)))
}

#[test]
fn what_if_is_worked_out_for_the_group_that_is_shown() {
    let now = vec![3, 3];
    for (typed, then) in [
        ("m", vec![3, 3]),
        ("m+", vec![2, 2, 2]),
        ("m++", vec![2, 2, 1, 1]),
        ("m-", vec![6]),
        ("m---", vec![6]),
        ("m+0", vec![3, 3]),
        (":what-if 6\n", vec![1; 6]),
        (":what-if 8\n", vec![1, 1, 1, 1, 1, 1, 0, 0]),
        ("m+ppp", vec![3, 3, 3]),
        ("m+pppPPPPP", vec![2, 2, 2]),
    ] {
        let (before, mut after) = tried(typed).unwrap();
        after.sort_by_key(|n| std::cmp::Reverse(*n));
        assert_eq!((before, after), (now.clone(), then), "{typed:?}");
    }
    assert!(tried("").is_err());
}

#[test]
fn what_if_goes_through_the_assignors_of_the_groups_own_protocol() {
    let command = |typed: &str| {
        let typed = format!(":group orders-index\n{typed}");
        let mut state = state(
            samples::planned(),
            (100, 30),
            &keys(&typed),
            Options::default(),
        );
        match state.on(Event::Key(Key::Char('y')), NOW).as_slice() {
            [Effect::Copy(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
    };
    for (typed, expected) in [
        ("m", "laggard what-if orders-index"),
        ("m+", "laggard what-if orders-index --members 3"),
        ("ma", "laggard what-if orders-index --assignor roundrobin"),
        (
            "maaa",
            "laggard what-if orders-index --assignor cooperative-sticky",
        ),
        ("maaaa", "laggard what-if orders-index"),
        (
            "m-pa",
            "laggard what-if orders-index --members 1 --assignor roundrobin --partitions 7",
        ),
    ] {
        assert_eq!(command(typed), expected, "{typed:?}");
    }
}

#[test]
fn what_if_follows_the_group_and_says_when_it_is_gone() {
    let typed = keys(":group orders-index\nm+");
    let mut state = state(samples::planned(), (100, 30), &typed, Options::default());
    let fullest = |state: &State| {
        let worked = state.lists.trial.as_ref()?;
        worked.found.as_ref().ok().map(|f| f.after.fullest)
    };
    let before = fullest(&state).unwrap();
    let mut next = samples::planned();
    next.generation.n += 1;
    let cluster = Arc::make_mut(&mut next.clusters[0]);
    let group = cluster
        .groups
        .iter_mut()
        .find(|g| g.group.as_str() == "orders-index");
    let group = Arc::make_mut(group.unwrap());
    let topic = Arc::make_mut(&mut group.topics[0]);
    for p in &mut topic.partitions {
        p.arrival_rate = crate::model::Reading::Known(1000.0);
    }
    state.on(Event::Snapshot(Arc::new(next.clone())), NOW);
    assert!(fullest(&state).unwrap() > before);
    Arc::make_mut(&mut next.clusters[0]).groups.clear();
    next.generation.n += 1;
    state.on(Event::Snapshot(Arc::new(next)), NOW);
    assert_eq!(fullest(&state), None);
    let shown = super::super::screens::text(&super::super::picture(&state));
    assert!(
        shown.contains("orders-index is not in this snapshot"),
        "{shown}"
    );
}

#[test]
fn a_row_is_copied_as_json() {
    for (typed, pointer, value) in [
        ("", "/group", "payments-settle"),
        ("2", "/topic", "payments"),
        ("3", "/state", "firing"),
        ("4", "/severity", "urgent"),
    ] {
        let effects = after(typed).on(Event::Key(Key::Char('Y')), NOW);
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(json.pointer(pointer).unwrap(), value, "{typed:?}");
    }
}

#[test]
fn a_summary_is_written_down() {
    let effects = after("").on(Event::Key(Key::Char('w')), NOW);
    let [Effect::Write(file, text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(file, "laggard-payments-settle-20261120T180000Z.txt");
    insta::assert_snapshot!(text);
    let effects = after("").on(Event::Key(Key::Char(':')), NOW);
    assert_eq!(effects, []);
}

#[test]
fn a_filter_is_in_force_while_it_is_written_and_gone_when_cancelled() {
    let rows = |typed: &str| after(typed).lists.groups.rows.len();
    assert_eq!(rows(""), 8);
    assert_eq!(rows("/pay"), 1);
    assert_eq!(rows("/pay\x1b"), 8);
    assert_eq!(rows("/pay\n"), 1);
    assert_eq!(rows("/pay\n\x1b"), 8);
    assert_eq!(rows("/pay\n/\x08\x08\x08\x08"), 1);
    // A broken one leaves the last good one in force, and is not accepted.
    assert_eq!(rows("/pay("), 1);
    assert_eq!(after("/pay(\n").place(), Place::Prompt);
}

#[test]
fn commands_are_completed_and_recalled() {
    let prompt = |typed: &str| after(typed).ui.prompt.map(|p| p.text).unwrap_or_default();
    assert_eq!(prompt(":th\t"), "theme ");
    assert_eq!(prompt(":theme m\t"), "theme mono");
    assert_eq!(prompt(":to\t"), "topic");
    assert_eq!(prompt(":group never\t"), "group never-read");
    assert_eq!(prompt(":group zzz\t"), "group zzz");
    assert_eq!(prompt(":sort lag\n:↑"), "sort lag");
}

fn at(n: i64) -> Arc<Snapshot> {
    let mut snapshot = samples::telling();
    snapshot.generation.n = 7 + n as u64;
    snapshot.at = NOW + Span::from_secs(10 * n);
    Arc::new(snapshot)
}

#[test]
fn while_paused_time_stands_still_and_can_be_gone_through() {
    let mut state = after("");
    for n in 1..=5 {
        state.on(Event::Snapshot(at(n)), NOW + Span::from_secs(10 * n));
    }
    let press = |state: &mut State, text: &str| {
        for key in keys(text) {
            state.on(Event::Key(key), NOW + Span::from_secs(55));
        }
        state.shown.generation.n
    };
    assert_eq!(press(&mut state, "←"), 12, "live: nothing moves");
    assert_eq!(press(&mut state, " ←←"), 10);
    assert_eq!(state.now(), NOW + Span::from_secs(30));
    // A new snapshot is kept, not shown.
    state.on(Event::Snapshot(at(6)), NOW + Span::from_secs(60));
    assert_eq!(state.shown.generation.n, 10);
    assert_eq!(press(&mut state, "→→→→→→"), 13);
    assert_eq!(press(&mut state, "←"), 12);
    assert_eq!(press(&mut state, " "), 13);
    assert_eq!(state.ui.paused, None);
    assert_eq!(press(&mut state, ":at -30s\n"), 9);
    assert_eq!(press(&mut state, ":live\n"), 13);
}

#[test]
fn a_message_goes_away_by_itself() {
    let mut state = after(":no\n");
    assert!(state.ui.toast.as_ref().unwrap().bad);
    state.on(Event::Tick, NOW + Span::from_secs(9));
    assert_eq!(state.ui.toast, None);
}

#[test]
fn clusters_are_gone_through_one_by_one() {
    let shown = |typed: &str| {
        let state = state(samples::two(), (80, 24), &keys(typed), Options::default());
        state.ui.scope.map(|s| s.as_str().to_owned())
    };
    assert_eq!(shown(""), None);
    assert_eq!(shown("c").as_deref(), Some("prod-eu"));
    assert_eq!(shown("cc").as_deref(), Some("prod-us"));
    assert_eq!(shown("ccc"), None);
    assert_eq!(shown(":cluster prod-us\n").as_deref(), Some("prod-us"));
    assert_eq!(shown("c:cluster\n"), None);
}

#[test]
fn alerts_and_advice_are_those_of_the_clusters_in_scope() {
    let mut two = samples::telling();
    let mut other = (*two.clusters[0]).clone();
    other.cluster = "prod-us".into();
    two.clusters.push(Arc::new(other));
    let counts = |typed: &str| {
        let state = state(two.clone(), (100, 24), &keys(typed), Options::default());
        (
            state.lists.short.alerts.len(),
            state.lists.short.advice.len(),
        )
    };
    assert_eq!(counts(""), (3, 2));
    assert_eq!(counts(":cluster prod-eu\n"), (3, 2));
    assert_eq!(counts(":cluster prod-us\n"), (0, 0));
}

#[test]
fn the_group_asked_for_at_the_start_is_opened_once() {
    let options = Options {
        group: Some("orders-index".into()),
        ..Options::default()
    };
    let mut state = state(samples::loading(), (80, 24), &[], options);
    assert_eq!(state.place(), Place::Groups);
    state.on(Event::Snapshot(at(1)), NOW);
    assert_eq!(selected(&state), "orders-index");
    assert_eq!(state.place(), Place::Group);
    state.on(Event::Key(Key::Esc), NOW);
    state.on(Event::Snapshot(at(2)), NOW);
    assert_eq!(state.place(), Place::Groups);
}

#[test]
fn a_paste_is_typed_without_its_control_characters() {
    let mut state = after("/");
    state.on(Event::Paste("pay\r\nments\x1b[A".to_owned()), NOW);
    assert_eq!(state.ui.prompt.unwrap().text, "payments[A");
}

#[test]
fn nothing_stands_still_before_anything_was_read() {
    let snapshot = samples::loading();
    let mut state = super::super::screens::state(snapshot, (80, 24), &[], Options::default());
    for key in keys(" :at -5m\n") {
        state.on(Event::Key(key), NOW);
        assert_eq!(state.ui.paused, None, "{key:?}");
    }
    let said = state.ui.toast.as_ref().map(|t| t.text.as_str());
    assert_eq!(said, Some("nothing was read yet that could stand still"));
    let mut first = samples::telling();
    first.generation.n = 7;
    state.on(Event::Snapshot(Arc::new(first)), NOW);
    assert!(!state.is_reading(), "what comes is shown");
}

#[test]
fn a_screen_begins_with_the_past_that_was_kept_for_it() {
    let past = super::super::Past::default();
    let earlier = |minutes: i64| {
        let mut snapshot = samples::telling();
        snapshot.generation.n = (100 - minutes) as u64;
        snapshot.at = NOW - Span::from_secs(60 * minutes);
        Arc::new(snapshot)
    };
    for minutes in (1..=30).rev() {
        past.add(&earlier(minutes));
    }
    let options = Options {
        past: Some(past),
        ..Options::default()
    };
    let mut state = super::super::screens::state(samples::loading(), (80, 24), &[], options);
    state.on(Event::Snapshot(earlier(0)), NOW);
    assert_eq!(state.shown.at, NOW);
    for key in keys(":at -20m\n") {
        state.on(Event::Key(key), NOW);
    }
    assert_eq!(state.shown.at, NOW - Span::from_secs(1200));
}

#[test]
fn all_partitions_of_a_topic_can_be_gone_through() {
    let snapshot = crate::model::testing::World::new()
        .cluster("prod", |c| {
            c.topic("wide", &[(0, 10); 100]);
            c.group("reader", |g| g.commits("wide", &[Some(1); 100]));
        })
        .build();
    let typed = keys("2\n");
    let mut state = super::super::screens::state(snapshot, (80, 24), &typed, Options::default());
    let shown = |state: &State| super::super::screens::text(&super::super::picture(state));
    let first = shown(&state);
    assert!(first.contains("partitions 1 to 6 of 100, pgdn"), "{first}");
    for _ in 0..40 {
        state.on(Event::Key(Key::PageDown), NOW);
    }
    let last = shown(&state);
    assert!(
        last.contains("partitions 95 to 100 of 100") && last.contains("\n       99 "),
        "{last}"
    );
    state.on(Event::Resize(80, 50), NOW);
    assert!(shown(&state).contains("\n       99 "), "{}", shown(&state));
    state.on(Event::Key(Key::PageUp), NOW);
    assert!(!shown(&state).contains("\n       99 "), "{}", shown(&state));
}

#[test]
fn a_text_that_few_terminals_take_is_said_to_be_one() {
    let snapshot = crate::model::testing::World::new()
        .cluster("prod", |c| {
            c.topic("wide", &vec![(0, 10); 2000]);
            c.group("reader", |g| g.commits("wide", &vec![Some(1); 2000]));
        })
        .build();
    let mut state = super::super::screens::state(snapshot, (80, 24), &[], Options::default());
    state.on(Event::Key(Key::Char('Y')), NOW);
    let said = state
        .ui
        .toast
        .as_ref()
        .map(|t| (t.bad, t.text.contains("many terminals")));
    assert_eq!(said, Some((true, true)));
    state.on(Event::Key(Key::Char('y')), NOW);
    assert_eq!(state.ui.toast.as_ref().map(|t| t.bad), Some(false));
}

#[test]
fn a_configuration_that_was_not_taken_stands_in_the_log() {
    let mut snapshot = samples::telling();
    let issue = crate::model::Issue {
        subject: "configuration".into(),
        text: "laggard.toml, line 3: no such key".into(),
        since: NOW,
    };
    Arc::make_mut(&mut snapshot.notices).issues = vec![issue];
    let typed = keys("5");
    let state = super::super::screens::state(snapshot, (100, 24), &typed, Options::default());
    let shown = super::super::screens::text(&super::super::picture(&state));
    assert!(
        shown.contains("laggard: configuration") && shown.contains("line 3"),
        "{shown}"
    );
}
