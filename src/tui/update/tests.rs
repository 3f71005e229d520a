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
