//! `top --replay` in a real terminal: play, pause, seek, speed, the end.

use std::fmt::Write as _;

use crate::support::process::run_dir;
use crate::support::unique;
use crate::top::{Top, cell};

/// Twenty minutes of a group that reads nothing while ten records a minute come in.
pub fn recording() -> String {
    let mut text = "{\"kind\":\"recording\",\"version\":1}\n".to_owned();
    for minute in 0..20 {
        let end = 100 + minute * 10;
        let _ = writeln!(
            text,
            "{{\"kind\":\"log_ends\",\"at\":\"2026-11-20T18:{minute:02}:00Z\",\"topic\":\"orders\",\"offsets\":[{end}]}}\n\
             {{\"kind\":\"commits\",\"at\":\"2026-11-20T18:{minute:02}:01Z\",\"group\":\"billing\",\"commits\":{{\"orders\":[90]}}}}\n\
             {{\"kind\":\"tick\",\"at\":\"2026-11-20T18:{minute:02}:02Z\"}}"
        );
    }
    let path = run_dir().join(unique("played")).with_extension("jsonl");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_recording_is_played_paused_sought_and_ends() {
    require!(tmux);
    let file = recording();
    let line = format!("top --replay {file} --at 2026-11-20T18:05:30Z --speed 0.5");
    let top = Top::run(110, 24, "TZ=UTC", &line);
    let shows = |lag: &str, mode: &str| {
        let (lag, mode) = (lag.to_owned(), mode.to_owned());
        move |s: &str| s.contains(&mode) && cell(s, "billing", "LAG").as_deref() == Some(&lag)
    };
    let wait = |what: &str, lag: &str, mode: &str| top.terminal.wait(what, shows(lag, mode));
    let begun = wait("its place", "60", "REPLAY 0.5x");
    let name = file.rsplit('/').next().unwrap();
    assert!(
        begun.contains(&format!("replay: {name}")),
        "the source is named: {begun}"
    );
    top.terminal.keys(&["."]);
    wait("its speed", "60", "REPLAY 1x");
    top.terminal.keys(&[","]);
    wait("its speed", "60", "REPLAY 0.5x");
    top.terminal.keys(&[" "]);
    let paused = wait("the pause", "60", "REPLAY PAUSED");
    assert!(paused.contains("18:05:"), "its own time: {paused}");
    // Back and on, a minute a press; the pause stays.
    top.terminal.keys(&["Left", "Left"]);
    wait("two minutes before", "40", "REPLAY PAUSED");
    top.terminal.keys(&["Right"]);
    wait("a minute on", "50", "REPLAY PAUSED");
    top.terminal.line(":at 18:15:30");
    wait("a time that was asked for", "160", "REPLAY PAUSED");
    top.terminal.line(":at 2026-11-20T18:01:30Z");
    wait("one of before", "20", "REPLAY PAUSED");
    top.terminal.keys(&["Left", "Left", "Left"]);
    wait("the beginning", "10", "REPLAY PAUSED");
    let keys = [".", ".", ".", ".", ".", ".", ".", ".", ".", ".", ".", " "];
    top.terminal
        .wait("the list again", |s| s.contains("STATUS"));
    top.terminal.keys(&keys);
    wait("the end", "200", "REPLAY ENDED");
    top.terminal.keys(&["Left"]);
    top.terminal.wait("back from the end", |s| {
        !s.contains("ENDED") || s.contains("200")
    });
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

#[test]
fn a_recording_that_cannot_be_shown_is_refused_before_the_screen() {
    let refused = crate::support::laggard::laggard(["top", "--replay", "/nowhere.jsonl"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused.stderr.contains("cannot read /nowhere.jsonl"),
        "{refused:#?}"
    );
}

#[test]
fn charts_reach_back_to_before_what_was_played() {
    require!(tmux);
    let file = recording();
    let line = format!("top --replay {file} --at 2026-11-20T18:15:30Z --speed 0.01");
    let top = Top::run(110, 40, "TZ=UTC", &line);
    top.terminal.wait("the group", |s| s.contains("billing"));
    top.terminal.keys(&["Enter", "="]);
    // A quarter of the hour, of half the screen.
    top.terminal.wait("a line of the time before", |s| {
        let dots = |l: &&str| l.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
        let longest = s.lines().filter(dots).map(|l| {
            let dot = |c: &char| ('\u{2801}'..='\u{28ff}').contains(c);
            l.chars().filter(dot).count()
        });
        longest.max() > Some(8)
    });
    top.terminal.keys(&["q"]);
    top.has_left("0");
}
