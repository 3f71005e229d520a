//! README's first command in a real terminal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::embedded::REFUSED;
use crate::support::laggard::binary;
use crate::support::process::run_dir;
use crate::support::terminal::Terminal;
use crate::support::{eventually, unique};

/// A group's line on the groups screen.
fn line<'a>(screen: &'a str, group: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.contains(group))
}

#[test]
fn it_shows_groups_that_move_and_leaves_the_terminal_as_it_was() {
    require!(tmux);
    let terminal = Terminal::open(120, 40);
    terminal.line("stty -g | cksum; echo before");
    terminal.wait("first checksum", |screen| screen.contains("\nbefore"));
    let log = run_dir().join(unique("demo")).with_extension("log");
    terminal.line(&format!(
        "LAGGARD_LOG__FILE={} {} demo; echo ended with $?",
        log.display(),
        binary().display()
    ));
    let first = terminal.wait("groups", |screen| line(screen, "payments-settle").is_some());
    assert!(first.contains("STATUS") && !first.contains('$'), "{first}");
    // Numbers move: a group's line is another one soon.
    let before = line(&first, "payments-settle").unwrap().to_owned();
    eventually(Duration::from_secs(45), || {
        let screen = terminal.screen();
        match line(&screen, "payments-settle") {
            Some(now) if now != before => Ok(()),
            _ => Err(format!("nothing has moved on\n{screen}")),
        }
    });
    terminal.resize(80, 24);
    terminal.wait("groups at 80 columns", |screen| {
        line(screen, "payments-settle").is_some_and(|line| line.chars().count() <= 80)
    });
    terminal.keys(&["q"]);
    let after = terminal.wait("end", |screen| screen.contains("ended with 0"));
    assert!(
        after.contains("before") && !after.contains("STATUS"),
        "the screen is not as it was:\n{after}"
    );
    terminal.line("stty -g | cksum; echo after");
    let after = terminal.wait("second checksum", |screen| screen.contains("\nafter"));
    let modes: Vec<_> = ["before", "after"]
        .map(|word| line_before(&after, word))
        .into();
    assert_eq!(modes[0], modes[1], "{after}");
    assert_only_reads(&log);
}

/// That it wrote a log, and no embedded broker refused anything in it.
#[track_caller]
fn assert_only_reads(log: &Path) {
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains(REFUSED), "{log}");
}

/// The line above the one that is this word.
fn line_before(screen: &str, word: &str) -> String {
    let lines: Vec<_> = screen.lines().collect();
    let at = lines.iter().position(|line| *line == word).unwrap();
    lines[at - 1].to_owned()
}
