//! The command line behind `:`. One table: parsing, completion and help come from it.

use super::columns::GroupColumn;
use super::order::{self, Wanted};
use super::state::Screen;
use super::theme::ThemeName;
use crate::model::{Span, Timestamp};

/// A command's line in help.
pub(super) struct CommandHelp {
    /// Its name.
    pub name: &'static str,
    /// With its arguments.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
}

macro_rules! commands {
    ($($name:literal, $usage:literal, $help:literal;)+) => {
        &[$(CommandHelp { name: $name, usage: $usage, help: $help }),+]
    };
}

/// All commands.
pub(super) const COMMANDS: &[CommandHelp] = commands! {
    "groups", "groups", "the Groups screen";
    "topics", "topics", "the Topics screen";
    "alerts", "alerts", "the Alerts screen";
    "advice", "advice", "the Advice screen";
    "logs", "logs", "the Logs screen";
    "group", "group NAME", "open a group";
    "topic", "topic NAME", "open a topic";
    "what-if", "what-if [MEMBERS]", "what if the group had so many members";
    "cluster", "cluster [NAME]", "show one cluster; with no name all of them";
    "filter", "filter [REGEX]", "filter the list; with nothing show all";
    "sort", "sort COLUMN", "sort by trouble or a column: lag, behind, in, out, eta, group …";
    "columns", "columns [A,B,…]", "which columns the list of groups has; with nothing the usual ones";
    "window", "window 5m|1h|6h", "how far back charts reach";
    "silence", "silence [MATCHER…] FOR WHY", "attached: tell nobody of the selected alert or group, or of all that match";
    "unsilence", "unsilence", "attached: end the silences of the selected alert";
    "mark", "mark FOR WHY", "attached: something is being done to the group, such as a deploy";
    "at", "at TIME|-AGO", "pause at a time (12:04, 2026-11-20T12:04:00Z) or so long ago (-5m)";
    "live", "live", "go live again";
    "theme", "theme dark|light|mono", "the colours";
    "write", "write [FILE]", "write a plain-text summary of the group";
    "help", "help", "help";
    "quit", "quit", "quit; so does :q";
};

/// A command, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// A screen.
    Show(Screen),
    /// Open a group.
    Group(String),
    /// Open a topic.
    Topic(String),
    /// What if the group had so many members.
    WhatIf(Option<usize>),
    /// One cluster, or all.
    Cluster(Option<String>),
    /// Filter the list.
    Filter(String),
    /// Sort; `None` is by trouble.
    Sort(Option<GroupColumn>),
    /// Choose columns; empty: the usual ones.
    Columns(Vec<GroupColumn>),
    /// How far back charts reach.
    Window(Span),
    /// Tell nobody of these alerts.
    Silence(Wanted),
    /// End the silences of the selected alert.
    Unsilence,
    /// Something is being done to the group.
    Mark(Span, String),
    /// Pause at a time.
    At(At),
    /// Go live.
    Live,
    /// Colours.
    Theme(ThemeName),
    /// Write a summary.
    Write(Option<String>),
    /// Help.
    Help,
    /// Quit.
    Quit,
    /// Panic, where tests allow it.
    Panic,
}

/// A time as it was typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    /// So long ago.
    Ago(Span),
    /// An instant.
    Instant(Timestamp),
    /// Hour, minute, second: the last time that the clock showed them.
    Clock(i8, i8, i8),
}

/// Understands a line.
///
/// # Errors
///
/// What is wrong, in one line, with what would be right.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let optional = || (!rest.is_empty()).then(|| rest.to_owned());
    let needed = |what: &str| optional().ok_or_else(|| format!(":{name} needs {what}"));
    Ok(match full_name(name)? {
        "groups" => Command::Show(Screen::Groups),
        "topics" => Command::Show(Screen::Topics),
        "alerts" => Command::Show(Screen::Alerts),
        "advice" => Command::Show(Screen::Advice),
        "logs" => Command::Show(Screen::Logs),
        "group" => Command::Group(needed("a group's name")?),
        "topic" => Command::Topic(needed("a topic's name")?),
        "what-if" => Command::WhatIf(optional().map(|n| members(&n)).transpose()?),
        "cluster" => Command::Cluster(optional()),
        "filter" => Command::Filter(rest.to_owned()),
        "sort" => Command::Sort(sort(&needed("a column")?)?),
        "columns" => Command::Columns(columns(rest)?),
        "window" => Command::Window(window(&needed("a span: 5m, 1h or 6h")?)?),
        "silence" => Command::Silence(order::silence(rest)?),
        "unsilence" => Command::Unsilence,
        "mark" => {
            let (during, why) = order::during_and_why(rest, name, "10m deploy 4.2")?;
            Command::Mark(during, why)
        }
        "at" => Command::At(at(&needed("a time")?)?),
        "live" => Command::Live,
        "theme" => Command::Theme(theme(&needed("dark, light or mono")?)?),
        "write" => Command::Write(optional()),
        "help" => Command::Help,
        "panic" => Command::Panic,
        _ => Command::Quit,
    })
}

/// A name may be cut short as long as one command begins so; `:q` is as old as `ed`.
fn full_name(name: &str) -> Result<&'static str, String> {
    match name {
        "q" | "q!" => return Ok("quit"),
        "w" => return Ok("write"),
        "panic" => return Ok("panic"),
        _ => {}
    }
    if let Some(c) = COMMANDS.iter().find(|c| c.name == name) {
        return Ok(c.name);
    }
    let close: Vec<_> = COMMANDS
        .iter()
        .filter(|c| !name.is_empty() && c.name.starts_with(name))
        .map(|c| c.name)
        .collect();
    match close.as_slice() {
        [one] => Ok(one),
        [] => Err(unknown(name)),
        many => Err(format!("`{name}` could be {}", many.join(", "))),
    }
}

fn unknown(name: &str) -> String {
    let best = COMMANDS
        .iter()
        .map(|c| (strsim::damerau_levenshtein(name, c.name), c.name))
        .min();
    match best {
        Some((distance, like)) if distance <= 2 && !name.is_empty() => {
            format!("no command `{name}`; did you mean :{like}?")
        }
        _ => format!("no command `{name}`; ? lists them"),
    }
}

fn members(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=10_000).contains(&n) => Ok(n),
        _ => Err(format!("`{text}` is no number of members: 1 to 10000")),
    }
}

fn sort(name: &str) -> Result<Option<GroupColumn>, String> {
    if name == "trouble" {
        return Ok(None);
    }
    GroupColumn::named(name)
        .map(Some)
        .ok_or_else(|| no_column(name))
}

fn columns(list: &str) -> Result<Vec<GroupColumn>, String> {
    list.split([',', ' '])
        .filter(|name| !name.is_empty())
        .map(|name| GroupColumn::named(name).ok_or_else(|| no_column(name)))
        .collect()
}

fn no_column(name: &str) -> String {
    let names: Vec<_> = GroupColumn::ALL.iter().map(|c| c.name()).collect();
    format!("no column `{name}`: {}", names.join(", "))
}

fn window(text: &str) -> Result<Span, String> {
    let span = text.parse::<Span>().map_err(|e| e.to_string())?;
    if (Span::from_secs(60)..=Span::from_secs(7 * 86_400)).contains(&span) {
        Ok(span)
    } else {
        Err("a window is 1m to 7d long".to_owned())
    }
}

fn theme(name: &str) -> Result<ThemeName, String> {
    ThemeName::named(name).ok_or_else(|| format!("no theme `{name}`: dark, light or mono"))
}

fn at(text: &str) -> Result<At, String> {
    if let Some(ago) = text.strip_prefix('-') {
        return ago
            .parse()
            .map(At::Ago)
            .map_err(|e: <Span as std::str::FromStr>::Err| e.to_string());
    }
    if let Ok(instant) = text.parse() {
        return Ok(At::Instant(instant));
    }
    let parts: Option<Vec<i8>> = text.split(':').map(|p| p.parse().ok()).collect();
    match parts.as_deref() {
        Some([h @ 0..=23, m @ 0..=59]) => Ok(At::Clock(*h, *m, 0)),
        Some([h @ 0..=23, m @ 0..=59, s @ 0..=59]) => Ok(At::Clock(*h, *m, *s)),
        _ => Err(format!(
            "`{text}` is no time: 12:04, 2026-11-20T12:04:00Z or -5m"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood() {
        for (line, command) in [
            ("q", Command::Quit),
            ("qui", Command::Quit),
            ("group pay ments", Command::Group("pay ments".to_owned())),
            ("cluster", Command::Cluster(None)),
            ("sort trouble", Command::Sort(None)),
            ("sort lag", Command::Sort(Some(GroupColumn::Lag))),
            (
                "columns lag, eta",
                Command::Columns(vec![GroupColumn::Lag, GroupColumn::Eta]),
            ),
            ("window 1h", Command::Window(Span::from_secs(3600))),
            ("at -5m", Command::At(At::Ago(Span::from_secs(300)))),
            ("at 12:04", Command::At(At::Clock(12, 4, 0))),
            ("what-if", Command::WhatIf(None)),
            ("what-if 4", Command::WhatIf(Some(4))),
            ("theme mono", Command::Theme(ThemeName::Mono)),
            ("w", Command::Write(None)),
            ("unsilence", Command::Unsilence),
            (
                "mark 10m deploy 4.2",
                Command::Mark(Span::from_secs(600), "deploy 4.2".to_owned()),
            ),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let messages: Vec<_> = [
            "",
            "gruop x",
            "t",
            "group",
            "theme pink",
            "at noon",
            "window 1s",
            "sort x",
            "silence",
            "silence 2h",
            "mark deploy",
        ]
        .iter()
        .map(|line| format!(":{line} -> {}", parse(line).unwrap_err()))
        .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
