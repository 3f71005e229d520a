//! The screens' tests: what stands on them at which size, in which style, in which state.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::action::BINDINGS;
use super::samples;
use super::*;
use crate::model::testing::{NOW, ago};
use crate::model::{
    Eta, Method, Reading, Snapshot, Span, Status, TimeLag, Timestamp, TrendPoint, Why,
};

const SIZES: [(u16, u16); 5] = [(40, 8), (60, 16), (80, 24), (120, 40), (200, 60)];

/// A state that shows a snapshot, after some keys.
pub(super) fn state(snapshot: Snapshot, size: (u16, u16), keys: &[Key], options: Options) -> State {
    let logs = LogRing::default();
    logs.push(
        ago(3),
        tracing::Level::WARN,
        "laggard::source",
        "broker 3 does not answer",
    );
    logs.push(ago(2), tracing::Level::INFO, "laggard::app", "started");
    let mut state = State::new(options, logs, &Arc::new(snapshot), NOW);
    state.on(Event::Resize(size.0, size.1), NOW);
    for key in keys {
        state.on(Event::Key(*key), NOW);
    }
    state
}

fn options() -> Options {
    Options {
        source: "demo".into(),
        connecting_to: "kafka-1:9092, kafka-2:9092".into(),
        ..Options::default()
    }
}

fn typed(text: &str) -> Vec<Key> {
    text.chars()
        .map(|c| match c {
            '\n' => Key::Enter,
            c => Key::Char(c),
        })
        .collect()
}

/// The text of a buffer, lines without what is blank at their ends.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
            }
            skip = text::width(symbol).max(skip).saturating_sub(1);
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// The styles of a buffer: a letter a cell, the letters explained below.
fn styles(buffer: &Buffer) -> String {
    let mut known = Vec::new();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            let at = known.iter().position(|s| *s == style).unwrap_or_else(|| {
                known.push(style);
                known.len() - 1
            });
            out.push(char::from(b'a' + at as u8));
        }
        out.push('\n');
    }
    for (i, style) in known.iter().enumerate() {
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        let letter = char::from(b'a' + i as u8);
        let _ = writeln!(out, "{letter}: {fg} on {bg} {:?}", style.add_modifier);
    }
    out
}

fn at_sizes(make: impl Fn() -> Snapshot, keys: &[Key]) -> String {
    let mut out = String::new();
    for size in SIZES {
        let state = state(make(), size, keys, options());
        let _ = write!(out, "== {}x{}\n{}", size.0, size.1, text(&picture(&state)));
    }
    out
}

macro_rules! screens {
    ($($name:ident: $make:expr, $keys:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(at_sizes($make, &typed($keys)));
        })+
    };
}

screens! {
    groups_telling: samples::telling, "";
    logs_of_a_cluster: samples::stale, "5";
    groups_empty: samples::empty, "";
    groups_loading: samples::loading, "";
    groups_connecting: samples::connecting, "";
    groups_stale: samples::stale, "";
    groups_500: || samples::many(500), "G";
    groups_hostile: samples::hostile, "";
    groups_two_clusters: samples::two, "";
    groups_filtered: || samples::many(500), "/00[12]\n";
    groups_filter_broken: || samples::many(50), "/00(";
    group_telling: samples::telling, "\n";
    group_storm: samples::telling, "j\n";
    group_heat: samples::telling, "\nh";
    what_if_nothing: samples::planned, ":group orders-index\nm";
    what_if_more: samples::planned, ":group orders-index\nm++";
    what_if_fewer: samples::planned, ":group orders-index\nm-a";
    what_if_partitions: samples::planned, ":group orders-index\n:what-if 8\npp";
    what_if_nobody: samples::planned, ":group nobody-in\nm";
    what_if_no_plan: samples::planned, ":group shared\nm";
    what_if_hostile: samples::hostile, "jj\nm+";
    group_stale: samples::stale, "\n";
    group_hostile: samples::hostile, "\n";
    topics_telling: samples::telling, "2";
    topic_telling: samples::telling, "2\n";
    topic_hostile: samples::hostile, "2jjj\n";
    alerts_telling: samples::telling, "3";
    alerts_hostile: samples::hostile, "3jjj";
    advice_telling: samples::telling, "4";
    advice_with_a_plan: samples::telling, "4j";
    advice_hostile: samples::hostile, "4jj";
    alerts_silenced: samples::telling, "3jj";
    alerts_empty: samples::empty, "3";
    advice_empty: samples::empty, "4";
    logs_telling: samples::telling, "5";
    help: samples::telling, "?";
    help_search: samples::telling, "?sort";
    command_wrong: samples::telling, ":gruop x\n";
    command_typed: samples::telling, ":theme mo";
}

#[test]
fn styles_say_what_is_meant() {
    let mut out = String::new();
    for (name, theme, depth) in [
        ("dark true", ThemeName::Dark, Depth::True),
        ("light 256", ThemeName::Light, Depth::Indexed),
        ("dark 16", ThemeName::Dark, Depth::Sixteen),
        ("mono", ThemeName::Mono, Depth::True),
    ] {
        let options = Options {
            theme,
            depth,
            ..options()
        };
        let state = state(samples::telling(), (80, 20), &[], options);
        let _ = write!(out, "== {name}\n{}", styles(&picture(&state)));
    }
    insta::assert_snapshot!(out);
}

/// The styles of a line, as runs: `12a3b` is twelve cells of `a`, then three of `b`. Lines that are
/// alike are counted.
fn runs(buffer: &Buffer) -> String {
    let all = styles(buffer);
    let (grid, legend) = all.split_at(
        all.match_indices('\n')
            .nth(usize::from(buffer.area.height) - 1)
            .map_or(all.len(), |(at, _)| at + 1),
    );
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in grid.lines() {
        let cells: Vec<char> = line.chars().collect();
        let mut run = String::new();
        for alike in cells.chunk_by(|a, b| a == b) {
            let _ = write!(run, "{}{}", alike.len(), alike[0]);
        }
        match lines.last_mut() {
            Some((last, times)) if *last == run => *times += 1,
            _ => lines.push((run, 1)),
        }
    }
    let lines = lines.iter().map(|(run, times)| format!("{run} x{times}\n"));
    lines.collect::<String>() + legend
}

#[test]
fn styles_stand_at_every_size_in_every_state() {
    type Make = fn() -> Snapshot;
    let states: [(&str, Make, &str); 8] = [
        ("empty", samples::empty, ""),
        ("loading", samples::loading, ""),
        ("stale", samples::stale, ""),
        ("stale group", samples::stale, "\n"),
        ("500 groups", || samples::many(500), "G"),
        ("hostile", samples::hostile, ""),
        ("alerts", samples::telling, "3"),
        ("advice", samples::telling, "4j"),
    ];
    let mut out = String::new();
    for (name, make, keys) in states {
        for size in SIZES {
            let state = state(make(), size, &typed(keys), options());
            let shown = runs(&picture(&state));
            let _ = write!(out, "== {name} {}x{}\n{shown}", size.0, size.1);
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_if_has_its_styles_at_every_size_and_in_every_theme() {
    let panels = [
        ("more", ":group orders-index\nm++"),
        ("fewer", ":group orders-index\nm-a"),
        ("partitions", ":group orders-index\n:what-if 8\npp"),
        ("nobody", ":group nobody-in\nm"),
        ("no plan", ":group shared\nm"),
    ];
    let mut out = String::new();
    for (name, keys) in panels {
        for size in SIZES {
            let state = state(samples::planned(), size, &typed(keys), options());
            let shown = runs(&picture(&state));
            let _ = write!(out, "== {name} {}x{}\n{shown}", size.0, size.1);
        }
    }
    for (name, theme, depth) in [
        ("light 256", ThemeName::Light, Depth::Indexed),
        ("dark 16", ThemeName::Dark, Depth::Sixteen),
        ("mono", ThemeName::Mono, Depth::True),
        ("no colour", ThemeName::Dark, Depth::None),
    ] {
        let options = Options {
            theme,
            depth,
            ..options()
        };
        let keys = typed(":group orders-index\nm++");
        let state = state(samples::planned(), (80, 24), &keys, options);
        let _ = write!(out, "== {name} 80x24\n{}", runs(&picture(&state)));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_if_in_ascii_says_the_same() {
    let mut out = String::new();
    for keys in [
        ":group orders-index\nm++",
        ":group orders-index\nm-a",
        ":group shared\nm",
    ] {
        for size in SIZES {
            let options = Options {
                ascii: true,
                theme: ThemeName::Mono,
                ..options()
            };
            let state = state(samples::planned(), size, &typed(keys), options);
            let shown = text(&picture(&state));
            assert!(shown.is_ascii(), "{shown}");
            let _ = write!(out, "== {}x{}\n{shown}", size.0, size.1);
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_screen_that_is_too_small_says_so_in_what_room_there_is() {
    for (size, lines) in [
        ((20, 5), vec!["", "too small: 20x5", "needs 40x8", "", ""]),
        ((39, 2), vec!["too small: 39x2, needs 40x8", ""]),
        ((60, 4), vec!["", "too small: 60x4, needs 40x8", "", ""]),
        ((20, 1), vec!["too small: 20x1, ne…"]),
    ] {
        let state = state(samples::telling(), size, &[], options());
        assert_eq!(text(&picture(&state)).lines().collect::<Vec<_>>(), lines);
    }
}

#[test]
fn every_status_reads_apart_in_mono_and_in_two_colours() {
    for (theme, depth) in [
        (ThemeName::Mono, Depth::True),
        (ThemeName::Mono, Depth::Sixteen),
        (ThemeName::Dark, Depth::None),
    ] {
        let options = Options {
            theme,
            depth,
            ..options()
        };
        let buffer = picture(&state(samples::each_status(), (80, 24), &[], options));
        let colours: std::collections::BTreeSet<String> = buffer
            .content
            .iter()
            .flat_map(|cell| [format!("{:?}", cell.fg), format!("{:?}", cell.bg)])
            .collect();
        assert!(colours.len() <= 2, "{theme:?} {depth:?}: {colours:?}");
        let shown = text(&buffer);
        let words: std::collections::BTreeSet<_> = shown
            .lines()
            .filter(|line| line.contains("same-"))
            .map(|line| line[..8].trim_end().to_owned())
            .collect();
        assert_eq!(words.len(), Status::ALL.len(), "{shown}");
    }
}

#[test]
fn no_colour_leaves_no_colour_anywhere() {
    for keys in ["", "\n", "\nh", "\nm+", "2", "3", "4", "5", "?", "/x"] {
        let options = Options {
            depth: Depth::None,
            ..options()
        };
        let buffer = picture(&state(samples::telling(), (200, 60), &typed(keys), options));
        for cell in &buffer.content {
            let plain = ratatui::style::Color::Reset;
            assert_eq!((cell.fg, cell.bg), (plain, plain), "after {keys:?}");
        }
    }
}

#[test]
fn ascii_screens_are_ascii_and_every_status_reads_apart() {
    for keys in ["", "\n", "\nh", "\nm+", "2", "2\n", "3", "4", "5", "?", ":"] {
        for make in [
            samples::planned,
            samples::telling,
            samples::hostile,
            samples::stale,
            samples::each_status,
        ] {
            let options = Options {
                ascii: true,
                depth: Depth::None,
                ..options()
            };
            let shown = text(&picture(&state(make(), (200, 60), &typed(keys), options)));
            assert!(shown.is_ascii(), "after {keys:?}: {shown}");
        }
    }
    let options = Options {
        ascii: true,
        depth: Depth::None,
        ..options()
    };
    let shown = text(&picture(&state(
        samples::each_status(),
        (80, 24),
        &[],
        options,
    )));
    let words: std::collections::BTreeSet<_> = shown
        .lines()
        .filter(|line| line.contains("same-"))
        .map(|line| line[..8].trim_end().to_owned())
        .collect();
    assert_eq!(words.len(), Status::ALL.len(), "{shown}");
}

#[test]
fn a_hostile_name_never_reaches_the_terminal_as_it_is() {
    for keys in ["", "\n", "\nh", "\nm+", "2", "2\n", "3", "4", "4m", "5"] {
        for size in SIZES {
            let buffer = picture(&state(samples::hostile(), size, &typed(keys), options()));
            for cell in &buffer.content {
                let harmless = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
                assert!(cell.symbol().chars().all(harmless), "{:?}", cell.symbol());
            }
        }
    }
}

/// Where what is shown comes from matters less than what it is.
#[test]
fn a_long_source_or_name_takes_no_count_from_the_first_line() {
    for (source, size, kept) in [
        (
            "attached: https://laggard.example.org:9550/prod",
            80,
            "(attached: ",
        ),
        (
            "attached: https://laggard.example.org:9550/prod",
            60,
            "prod-eu  ",
        ),
        ("replay: incident-of-last-night.jsonl.zst", 80, "(replay: "),
    ] {
        let options = Options {
            source: source.into(),
            ..options()
        };
        let shown = text(&picture(&state(
            samples::telling(),
            (size, 24),
            &[],
            options,
        )));
        let line = shown.lines().next().unwrap();
        let all = text(&picture(&state(
            samples::telling(),
            (200, 24),
            &[],
            self::options(),
        )));
        let counts = all.lines().next().unwrap().split("   lag").next().unwrap();
        let counts = counts.split_once(')').unwrap().1;
        assert!(line.contains(counts) && line.contains(kept), "{line}");
        assert!(line.contains("lag") && line.ends_with("LIVE"), "{line}");
    }
    let mut named = samples::telling();
    let cluster = Arc::make_mut(&mut named.clusters[0]);
    cluster.cluster = "prod-eu-west-1-payments-and-everything-else".into();
    let shown = text(&picture(&state(named, (80, 24), &[], Options::default())));
    let line = shown.lines().next().unwrap();
    assert!(line.contains(" ok ") && line.contains("…"), "{line}");
}

#[test]
fn what_has_no_room_below_a_list_is_counted_and_the_command_is_there() {
    let mut snapshot = samples::telling();
    let advice = Arc::make_mut(&mut snapshot.advice[0]);
    advice.plan = None;
    advice.title = "calm its rebalances".into();
    advice.evidence = (0..20).map(|i| format!("evidence {i}").into()).collect();
    advice.command = Some("first line\nsecond line\nthird line".into());
    let shown = text(&picture(&state(
        snapshot.clone(),
        (80, 24),
        &typed("4"),
        options(),
    )));
    for part in [
        "calm its",
        "evidence 0",
        "lines more in a taller window",
        "$ first line",
        "third",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // A command that is longer than the room leaves room for what it is about.
    let long: Vec<_> = (0..30).map(|i| format!("line {i}")).collect();
    Arc::make_mut(&mut snapshot.advice[0]).command = Some(long.join("\n").into());
    let shown = text(&picture(&state(snapshot, (80, 24), &typed("4"), options())));
    for part in ["calm its", "evidence 0", "$ line 0", "lines more"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn nobody_is_no_name() {
    let shown = text(&picture(&state(
        samples::telling(),
        (300, 60),
        &[],
        options(),
    )));
    assert!(
        shown.contains("OWNER") && !shown.contains("\"\""),
        "{shown}"
    );
}

#[test]
fn why_a_group_lags_and_on_what_evidence_is_said_to_its_end_at_80_columns() {
    let snapshot = samples::telling();
    let group = snapshot.clusters[0].group("payments-settle").unwrap();
    let evidence = group.status.evidence.as_ref().unwrap().sentence(NOW);
    let why = format!("why: {}", group.diagnosis.sentence(NOW).unwrap());
    let shown = text(&picture(&state(
        snapshot,
        (80, 24),
        &[Key::Enter],
        options(),
    )));
    let joined = shown.lines().collect::<Vec<_>>().join(" ");
    let joined = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [why.as_str(), evidence.as_str(), "helps ", "lag 412k"] {
        assert!(joined.contains(part), "{part}: {shown}");
    }
    // And what was before has not given way to it: the charts, the partitions, what happened.
    for part in ["in ━ out ╌", "PARTITION", "what happened"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_topic_that_was_not_read_anew_is_not_shown_as_if_it_were() {
    for keys in ["2", "2\n"] {
        let buffer = picture(&state(samples::stale(), (120, 40), &typed(keys), options()));
        let shown = text(&buffer);
        assert!(shown.contains(" old"), "{shown}");
    }
}

#[test]
fn a_source_that_goes_quiet_is_said_to() {
    let mut state = state(samples::telling(), (100, 12), &[], options());
    state.on(Event::Tick, NOW + Span::from_secs(40));
    let first = text(&picture(&state)).lines().next().unwrap().to_owned();
    assert!(
        first.contains("NO NEWS 40s") && !first.contains("LIVE"),
        "{first}"
    );
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = BINDINGS.iter().flat_map(|b| b.keys).copied().collect();
    prop_oneof![
        4 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(Key::Char),
    ]
}

/// A reading of any kind, of a value that may be absurd.
fn any_reading<T: Copy + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> BoxedStrategy<Reading<T>> {
    let at = (0_i64..100_000).prop_map(ago);
    prop_oneof![
        value.clone().prop_map(Reading::Known),
        (value.clone(), at).prop_map(|(v, at)| Reading::stale(v, at, Why::NO_ANSWER)),
        value
            .clone()
            .prop_map(|v| Reading::at_least(v, Why::text("\u{1b}[2J"))),
        (value.clone(), value.clone(), value.clone()).prop_map(|(v, low, high)| Reading::bounded(
            v,
            Some(low),
            Some(high)
        )),
        Just(Reading::unknown(Why::WARMING)),
        value.prop_map(|v| Reading::unknown_since(v, ago(9), Why::STALE_FOR_EXCEEDED)),
    ]
    // Value trees are large: not on the stack.
    .boxed()
}

fn any_count() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![Just(0), Just(i64::MAX), Just(i64::MIN), -5_i64..2_000_000]
}

fn any_rate() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), Just(f64::NAN), Just(f64::INFINITY), -1e9..1e9]
}

fn any_instant() -> impl Strategy<Value = Timestamp> + Clone {
    let millis = prop_oneof![
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0),
        1_795_000_000_000_i64..1_796_000_000_000
    ];
    millis.prop_map(Timestamp::from_millis)
}

fn any_time_lag() -> impl Strategy<Value = TimeLag> + Clone {
    prop_oneof![
        Just(TimeLag::CaughtUp),
        (
            any_instant(),
            any_instant(),
            proptest::option::of(any_instant())
        )
            .prop_map(|(oldest_unread, until, after)| TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method: Method::Bracket,
            }),
    ]
}

prop_compose! {
    /// The telling snapshot with one group in which nothing makes sense.
    fn any_absurd()(
        (which, status, inactive) in (0_usize..12, proptest::sample::select(Status::ALL.to_vec()), any::<bool>()),
        (lag, effective_lag) in (any_reading(any_count()), any_reading(any_count())),
        (time_lag, arrival, consume) in (any_reading(any_time_lag()), any_reading(any_rate()), any_reading(any_rate())),
        (at, latest) in (any_instant(), proptest::option::of(any_instant())),
        trend in proptest::collection::vec((any_instant(), proptest::option::of(any_count())), 0..40),
        (since, row_lag, row_time) in (any_instant(), any_reading(any_count()), any_reading(any_time_lag())),
    ) -> Snapshot {
        let mut snapshot = samples::telling();
        let cluster = Arc::make_mut(&mut snapshot.clusters[0]);
        let group = Arc::make_mut(&mut cluster.groups[which]);
        (group.lag, group.effective_lag, group.time_lag) = (lag, effective_lag, time_lag);
        (group.arrival_rate, group.consume_rate) = (arrival, consume);
        group.eta = Reading::Known(Eta::At { at, earliest: at, latest });
        group.trend = trend
            .into_iter()
            .map(|(at, lag)| TrendPoint::new(at, lag, None))
            .collect();
        (group.status.status, group.status.since, group.inactive) = (status, since, inactive);
        for row in &mut group.rows {
            (row.effective_lag, row.time_lag) = (row_lag.clone(), row_time.clone());
        }
        snapshot
    }
}

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    prop_oneof![
        Just(samples::telling()),
        Just(samples::empty()),
        Just(samples::loading()),
        Just(samples::stale()),
        Just(samples::hostile()),
        Just(samples::two()),
        Just(samples::each_status()),
        Just(samples::planned()),
        (0_usize..60).prop_map(samples::many),
        any_absurd().boxed(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn nothing_panics_at_any_size_after_any_keys(
        first in any_snapshot(),
        then in proptest::collection::vec((any_snapshot(), 0_u16..220, 0_u16..70, proptest::collection::vec(any_key(), 0..12)), 1..5),
        ascii: bool,
    ) {
        let mut state = state(first, (80, 24), &[], Options { ascii, ..options() });
        for (n, (snapshot, width, height, keys)) in then.into_iter().enumerate() {
            let now = NOW + Span::from_secs(n as i64 * 5);
            let mut snapshot = snapshot;
            snapshot.at = now;
            snapshot.generation.n += 1 + n as u64;
            state.on(Event::Snapshot(Arc::new(snapshot)), now);
            state.on(Event::Resize(width, height), now);
            picture(&state);
            for key in keys {
                state.on(Event::Key(key), now);
                picture(&state);
            }
        }
    }
}
