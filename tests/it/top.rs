//! The dashboard in a real terminal: keys, sizes, signals and a panic, after each of which the terminal is as it was before.

use std::net::TcpListener;
use std::time::Duration;

use crate::played;
use crate::support::kafka::{KafkaCluster, Options};
use crate::support::laggard::{binary, laggard};
use crate::support::process::{run_dir, signal};
use crate::support::terminal::Terminal;
use crate::support::{eventually, unique};

/// A terminal whose settings are noted, with the dashboard on the demo in it.
pub struct Top {
    pub terminal: Terminal,
    notes: String,
}

impl Top {
    pub fn start(columns: u16, rows: u16, environment: &str) -> Self {
        Self::run(columns, rows, environment, "top --demo")
    }

    pub fn run(columns: u16, rows: u16, environment: &str, arguments: &str) -> Self {
        let terminal = Terminal::open(columns, rows);
        let notes = run_dir().join(unique("stty")).to_str().unwrap().to_owned();
        terminal.line(&format!("stty -a > {notes}.before; echo main screen"));
        terminal.wait("the main screen", |s| s.lines().any(|l| l == "main screen"));
        terminal.line(&format!(
            "env RUST_BACKTRACE=0 LC_ALL=C.UTF-8 {environment} {} {arguments}; echo left with $?",
            binary().display()
        ));
        let top = Self { terminal, notes };
        top.terminal.wait("a first frame", |s| {
            s.contains("1 Groups") || s.contains("too small")
        });
        assert_eq!(top.modes(), "1 0", "the other screen, no cursor");
        top
    }

    /// Whether the other screen is on and the cursor shown.
    fn modes(&self) -> String {
        self.terminal.ask("#{alternate_on} #{cursor_flag}")
    }

    fn pid(&self) -> u32 {
        let shell = self.terminal.ask("#{pane_pid}");
        eventually(Duration::from_secs(5), || {
            let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
            let child = children.unwrap_or_default();
            let child = child
                .split_whitespace()
                .next()
                .and_then(|pid| pid.parse().ok());
            child.ok_or_else(|| "the shell has no child".to_owned())
        })
    }

    /// Waits until the program has left, with a code, and holds the terminal against its notes.
    #[track_caller]
    pub fn has_left(&self, code: &str) -> String {
        // The typed line holds the words too, but no number behind them.
        let left = |line: &str| {
            let number = line.strip_prefix("left with ").unwrap_or_default();
            number.starts_with(|c: char| c.is_ascii_digit()) && number.starts_with(code)
        };
        let screen = self.terminal.wait("code on the main screen", |s| {
            s.contains("main screen") && s.lines().any(left)
        });
        assert_eq!(self.modes(), "0 1", "the main screen, with a cursor");
        self.is_as_before();
        screen
    }

    #[track_caller]
    fn is_as_before(&self) {
        let (before, after) = (
            format!("{}.before", self.notes),
            format!("{}.after", self.notes),
        );
        let done = unique("noted");
        self.terminal
            .line(&format!("stty -a > {after}; echo {done}"));
        self.terminal.wait("notes", |s| {
            let typed = |l: &&str| l.contains("stty");
            let mut lines = s.lines().filter(|l| !typed(l));
            lines.any(|l| l.ends_with(&done))
        });
        let read = |file: &str| std::fs::read_to_string(file).unwrap();
        assert_eq!(read(&before), read(&after), "the terminal's settings");
    }
}

/// What stands in a group's row under a heading that is set to the right.
pub fn cell(screen: &str, group: &str, heading: &str) -> Option<String> {
    let mut lines = screen.lines();
    let titles = lines.find(|l| l.contains(heading) && l.contains("STATUS"))?;
    let end = titles[..titles.find(heading)?].chars().count() + heading.chars().count();
    let row = lines.find(|l| l.contains(group))?;
    let up_to: String = row.chars().take(end).collect();
    let word = up_to.rsplit(' ').next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

#[test]
fn whatever_ends_it_the_terminal_is_as_before() {
    require!(tmux);
    let top = Top::start(80, 24, "");
    top.terminal.keys(&["q"]);
    top.has_left("0");

    let top = Top::start(80, 24, "");
    top.terminal.keys(&["C-c"]);
    top.has_left("0");

    for (name, code) in [("TERM", "143"), ("HUP", "129"), ("QUIT", "131")] {
        let top = Top::start(80, 24, "");
        signal(top.pid(), name);
        top.has_left(code);
    }
}

#[test]
fn a_panic_while_drawing_leaves_the_terminal_and_its_message() {
    require!(tmux);
    let top = Top::start(80, 24, "LAGGARD_TEST_HOOKS=1");
    top.terminal.line(":panic");
    let screen = top.has_left("101");
    assert!(screen.contains("a panic for tests"), "{screen}");
}

#[test]
fn it_stops_and_continues_as_a_job_of_the_shell() {
    require!(tmux);
    let top = Top::start(80, 24, "");
    for by_key in [true, false] {
        if by_key {
            top.terminal.keys(&["C-z"]);
        } else {
            signal(top.pid(), "TSTP");
        }
        eventually(Duration::from_secs(20), || match top.modes().as_str() {
            "0 1" => Ok(()),
            modes => Err(modes.to_owned()),
        });
        top.is_as_before();
        top.terminal.line("fg");
        top.terminal
            .wait("its screen again", |s| s.contains("1 Groups"));
        assert_eq!(top.modes(), "1 0");
    }
    top.terminal.keys(&["C-l", "q"]);
    eventually(Duration::from_secs(20), || match top.modes().as_str() {
        "0 1" => Ok(()),
        modes => Err(modes.to_owned()),
    });
    top.is_as_before();
}

#[test]
fn any_size_will_do() {
    require!(tmux);
    let top = Top::start(80, 24, "");
    top.terminal.resize(20, 5);
    top.terminal
        .wait("word on the size", |s| s.contains("too small"));
    top.terminal.resize(300, 100);
    let wide = top
        .terminal
        .wait("the wide screen", |s| s.contains("q quit"));
    assert!(wide.lines().count() >= 90, "{wide}");
    top.terminal.resize(40, 8);
    top.terminal
        .wait("the narrow screen", |s| s.contains("1 Groups"));
    top.terminal.resize(80, 24);
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

#[test]
fn what_terminals_cannot_do_is_not_asked_of_them() {
    require!(tmux);
    for (environment, ascii, colour) in [
        ("TERM=xterm", false, true),
        ("TERM=xterm-256color", false, true),
        ("TERM=screen", false, true),
        ("TERM=linux", true, true),
        ("TERM=xterm LC_ALL=C", true, true),
        ("TERM=xterm-256color NO_COLOR=1", false, false),
    ] {
        let top = Top::start(80, 24, environment);
        let screen = top.terminal.screen_with_colours();
        assert_eq!(screen.is_ascii(), ascii, "{environment}: {screen}");
        // 30 to 38 and 90 to 97 are colours; 39 is none.
        let coloured = ["\x1b[3", "\x1b[9"].iter().any(|start| {
            let after = screen.split(start).skip(1);
            after.filter(|rest| !rest.starts_with('9')).count() > 0
        });
        assert_eq!(coloured, colour, "{environment}: {screen:?}");
        top.terminal.keys(&["q"]);
        top.has_left("0");
    }
}

#[test]
fn where_nothing_can_be_drawn_one_table_is_printed_as_lag_prints_it() {
    let file = played::recording();
    let [top, lag] = ["top", "lag"].map(|command| laggard([command, "--replay", &file]));
    assert_eq!((top.code, lag.code), (Some(0), Some(0)), "{top:#?}");
    assert!(
        top.stdout.contains("billing") && top.stdout == lag.stdout,
        "{top:#?}"
    );
    assert!(!top.stdout.contains('\x1b'), "{top:#?}");

    require!(tmux);
    // As over ssh into an editor's shell: a terminal that cannot place a cursor.
    let terminal = Terminal::open(80, 24);
    let program = binary().display().to_string();
    terminal.line(&format!(
        "TERM=dumb {program} top --replay {file}; echo left with $?"
    ));
    let screen = terminal.wait("its end", |s| s.lines().any(|l| l == "left with 0"));
    assert!(
        screen.contains("billing") && !screen.contains("1 Groups"),
        "{screen}"
    );
    terminal.line(&format!(
        "clear; {program} top --replay {file} | cat; echo left $?"
    ));
    let screen = terminal.wait("its end", |s| s.lines().any(|l| l == "left 0"));
    assert!(
        screen.contains("billing") && !screen.contains("1 Groups"),
        "{screen}"
    );
}

#[test]
fn keys_find_what_is_in_trouble() {
    require!(tmux);
    let top = Top::start(120, 36, "");
    // The demo's past is folded first: in a debug build that takes a while.
    eventually(Duration::from_mins(3), || match top.terminal.screen() {
        s if s.contains("LIVE") => Ok(()),
        s => Err(s),
    });
    let first = top.terminal.screen();
    let row = first.lines().nth(3).unwrap_or_default();
    assert!(row.starts_with('!'), "trouble comes first: {first}");
    let group = row.split_whitespace().nth(2).unwrap().to_owned();

    top.terminal.keys(&["Enter"]);
    let detail = top.terminal.wait("the group", |s| s.contains("PARTITION"));
    assert!(detail.contains(&group), "{detail}");
    top.terminal.keys(&["h"]);
    top.terminal
        .wait("the heat map", |s| s.contains("share of unread records"));
    top.terminal.keys(&["Escape"]);
    top.terminal
        .wait("the partitions", |s| s.contains("COMMITTED"));
    top.terminal.keys(&["Escape"]);
    top.terminal.wait("the list", |s| s.contains("STATUS"));

    top.terminal.line("/fraud");
    let filtered = top.terminal.wait("one row", |s| s.contains("filtered out"));
    assert!(
        filtered
            .lines()
            .nth(3)
            .is_some_and(|row| row.contains("fraud")),
        "{filtered}"
    );
    top.terminal.keys(&["Escape"]);
    top.terminal.line(":topics");
    top.terminal.wait("the topics", |s| s.contains("HEADROOM"));
    top.terminal.line(":gruop x");
    top.terminal
        .wait("a mild word", |s| s.contains("did you mean :group?"));
    top.terminal.keys(&["1", " "]);
    top.terminal.wait("the pause", |s| s.contains("PAUSED"));
    top.terminal.keys(&["Left", "Left", " "]);
    top.terminal.wait("life", |s| s.contains("LIVE"));
    top.terminal.keys(&["?"]);
    top.terminal.line("heat");
    top.terminal.wait("the list again", |s| s.contains("GROUP"));
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

#[test]
fn a_broker_that_dies_meanwhile_is_said_and_keys_go_on_working() {
    require!(kafka, tmux);
    let cluster = KafkaCluster::start(1, &Options::default());
    let (topic, group) = (unique("dies"), unique("dies"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 4)]);
    let line = format!(
        "top --poll-interval 1s --cluster here --bootstrap-server {}",
        cluster.bootstrap()
    );
    let top = Top::run(100, 20, "", &line);
    let lag = |s: &str| cell(s, &group, "LAG");
    let live = |s: &str| s.contains("LIVE") && lag(s).as_deref() == Some("6");
    top.terminal.wait("group that is read", live);

    let id = cluster.ids().next().unwrap();
    cluster.kill(id);
    let down = top
        .terminal
        .wait("word on the cluster", |s| s.contains("DOWN"));
    // The last number stays, and has an age as soon as its own read has failed; it is no bound of
    // what is certain now.
    assert_eq!(lag(&down).as_deref(), Some("6"), "{down}");
    assert!(!down.contains("LIVE"), "{down}");
    let old = top.terminal.wait("the number's age", |s| {
        let mut rows = s.lines().filter(|l| l.contains(&group));
        rows.any(|row| row.contains("s old "))
    });
    assert_eq!(lag(&old).as_deref(), Some("6"), "{old}");
    assert!(!old.contains('≥'), "{old}");
    top.terminal.keys(&["Enter"]);
    top.terminal.wait("the group", |s| s.contains("PARTITION"));
    top.terminal.keys(&["Escape", "5"]);
    top.terminal.wait("the log", |s| s.contains("here"));
    top.terminal.keys(&["1"]);

    cluster.restart(id);
    top.terminal.wait("group that is read again", live);
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

/// A broker that takes connections and never answers: what is drawn, is drawn before any answer.
/// `benches/tui` has how long it takes.
#[test]
fn a_first_frame_comes_before_any_broker_has_answered() {
    require!(tmux);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let top = Top::run(80, 24, "", &format!("top --bootstrap-server {address}"));
    let screen = top.terminal.screen();
    assert!(
        screen.contains("READING") && screen.contains(&format!("connecting to {address}")),
        "{screen}"
    );
    // It was asked, so that it could have answered; and keys are taken while it does not.
    let (_asked, _) = silent.accept().unwrap();
    top.terminal.keys(&["?"]);
    top.terminal.wait("help", |s| s.contains("type to search"));
    top.terminal.keys(&["Escape"]);
    top.terminal
        .wait("the first screen", |s| s.contains("reading"));
    // Nothing stands still that nobody has seen.
    top.terminal.keys(&[" "]);
    top.terminal
        .wait("word on it", |s| s.contains("nothing was read yet"));
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

/// As over a slow line: escape and the key after it in one piece.
#[test]
fn escape_and_a_key_that_arrive_together_are_both_taken() {
    require!(tmux);
    let file = played::recording();
    let top = Top::run(80, 24, "", &format!("top --replay {file}"));
    top.terminal.wait("a group", |s| s.contains("billing"));
    top.terminal.keys(&["Enter"]);
    top.terminal.wait("the group", |s| s.contains("PARTITION"));
    top.terminal.keys(&["Escape", "2"]);
    top.terminal.wait("the topics", |s| s.contains("HEADROOM"));
    top.terminal.keys(&["1"]);
    let list = top.terminal.wait("the list", |s| s.contains("STATUS"));
    assert!(!list.contains("PARTITION"), "{list}");
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

#[test]
fn a_name_is_copied_through_the_terminal() {
    require!(tmux);
    let file = played::recording();
    let top = Top::run(80, 24, "", &format!("top --replay {file}"));
    top.terminal.takes_clipboard();
    top.terminal.wait("a group", |s| s.contains("billing"));
    top.terminal.keys(&["y"]);
    top.terminal
        .wait("word on it", |s| s.contains("copied, 7 bytes"));
    eventually(Duration::from_secs(20), || match top.terminal.clipboard() {
        copied if copied == "billing" => Ok(()),
        copied => Err(copied),
    });
    top.terminal.keys(&["q"]);
    top.has_left("0");
}
