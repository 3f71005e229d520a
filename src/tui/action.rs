//! The action table: what can be done, where, with which keys, and how help says it.
//!
//! Keys, the hint line, the help screen, `KEYS.md` and the test against collisions all come from
//! [`BINDINGS`]; nothing else binds a key.

use super::keys::Key;
use super::keys::Key::{
    BackTab, Backspace, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right,
    Tab, Up,
};
use super::state::Screen;

/// Something that a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Stop, as a shell's job.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// The help screen.
    Help,
    /// One step back: overlay, filter, detail. Never quits.
    Back,
    /// Open the selected row.
    Open,
    /// Selection up.
    Up,
    /// Selection down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// First row.
    Top,
    /// Last row.
    Bottom,
    /// A screen.
    Show(Screen),
    /// The next screen.
    NextScreen,
    /// The screen before.
    PrevScreen,
    /// Edit the filter.
    Filter,
    /// Write a command.
    Command,
    /// The next way of sorting.
    Sort,
    /// Sort by the column to the left.
    SortLeft,
    /// Sort by the column to the right.
    SortRight,
    /// Turn the order round.
    Invert,
    /// Pause, or live again.
    Pause,
    /// Earlier, while paused.
    Earlier,
    /// Later, while paused.
    Later,
    /// A recording: twice as fast.
    Faster,
    /// A recording: half as fast.
    Slower,
    /// A longer window of charts.
    Wider,
    /// A shorter window of charts.
    Narrower,
    /// The next cluster, or all.
    Cluster,
    /// Inactive groups shown or folded.
    Inactive,
    /// Members × partitions.
    HeatMap,
    /// What other members, another assignor, more partitions would do.
    WhatIf,
    /// What if: one member more.
    MoreMembers,
    /// What if: one member less.
    FewerMembers,
    /// What if: the next assignor.
    Assignor,
    /// What if: one partition more.
    MorePartitions,
    /// What if: one partition less.
    FewerPartitions,
    /// What if: as it is now.
    AsItIs,
    /// Cursor left in the heat map.
    CellLeft,
    /// Cursor right in the heat map.
    CellRight,
    /// Copy the name.
    CopyName,
    /// Copy the row as JSON.
    CopyJson,
    /// Write the incident down.
    Summary,
    /// Silence the selected alert, or end its silence.
    Silence,
    /// The next theme.
    Theme,
    /// Prompt: done.
    Accept,
    /// Prompt: never mind.
    Cancel,
    /// Prompt: erase a character.
    Erase,
    /// Prompt: erase a word.
    EraseWord,
    /// Prompt: erase all.
    EraseAll,
    /// Prompt: complete.
    Complete,
    /// Prompt: the line before.
    Recall,
}

/// Where a key means something; a set of these is a `u16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Place {
    /// The list of groups.
    Groups = 1,
    /// One group.
    Group = 2,
    /// One group's heat map.
    Heat = 4,
    /// The list of topics.
    Topics = 8,
    /// One topic.
    Topic = 16,
    /// Alerts.
    Alerts = 32,
    /// Advice.
    Advice = 64,
    /// Logs.
    Logs = 128,
    /// While a line is being written.
    Prompt = 256,
    /// The help screen.
    Help = 512,
    /// What if.
    WhatIf = 1024,
}

impl Place {
    /// All of them.
    pub(super) const ALL: [Self; 11] = [
        Self::Groups,
        Self::Group,
        Self::Heat,
        Self::Topics,
        Self::Topic,
        Self::Alerts,
        Self::Advice,
        Self::Logs,
        Self::Prompt,
        Self::Help,
        Self::WhatIf,
    ];
}

const LISTS: u16 = Place::Groups as u16
    | Place::Topics as u16
    | Place::Alerts as u16
    | Place::Advice as u16
    | Place::Logs as u16;
const DETAILS: u16 = Place::Group as u16 | Place::Heat as u16 | Place::Topic as u16;
const WHAT_IF: u16 = Place::WhatIf as u16;
const BROWSE: u16 = LISTS | DETAILS | WHAT_IF;
const SORTED: u16 = Place::Groups as u16 | Place::Topics as u16;
const ROWS: u16 = (LISTS | DETAILS) & !(Place::Logs as u16);
const GROUP: u16 = Place::Group as u16 | Place::Heat as u16;
const CHARTS: u16 = GROUP | Place::Groups as u16;
const TRIED: u16 = GROUP | Place::Advice as u16;
const OPENS: u16 = LISTS & !(Place::Logs as u16) | Place::Topic as u16;
const PROMPT: u16 = Place::Prompt as u16;
const HELP: u16 = Place::Help as u16;

/// A line of the table.
pub(super) struct Binding {
    /// What is done.
    pub action: Action,
    /// By which keys; the first is the one that hints name.
    pub keys: &'static [Key],
    /// Where.
    pub places: u16,
    /// Under which heading help has it.
    pub section: &'static str,
    /// What help says.
    pub help: &'static str,
    /// The hint line's word, where it has one.
    pub hint: Option<&'static str>,
}

macro_rules! table {
    ($($section:literal { $($action:expr, [$($key:expr),+], $places:expr, $help:literal $(, $hint:literal)?;)+ })+) => {
        &[$($(Binding {
            action: $action,
            keys: &[$($key),+],
            places: $places,
            section: $section,
            help: $help,
            hint: table!(@hint $($hint)?),
        }),+),+]
    };
    (@hint $hint:literal) => { Some($hint) };
    (@hint) => { None };
}

/// The table. Hints are shown in this order as far as the line is wide.
pub(super) const BINDINGS: &[Binding] = table! {
    "Open and leave" {
        Action::Open, [Enter], OPENS, "open the selected row", "open";
        Action::Back, [Esc], LISTS, "one step back; never quits";
        Action::Back, [Esc], DETAILS | WHAT_IF, "one step back; never quits", "back";
        Action::HeatMap, [Char('h')], GROUP, "heat map of members and partitions", "heat";
        Action::WhatIf, [Char('m')], TRIED, "what if it had other members, another assignor, more partitions", "what if";
    }
    "Find" {
        Action::Filter, [Char('/')], LISTS, "filter by a regular expression; ! first inverts it", "filter";
        Action::Command, [Char(':')], BROWSE, "write a command", "cmd";
        Action::Inactive, [Char('i')], Place::Groups as u16, "show or fold inactive groups";
        Action::Cluster, [Char('c')], LISTS, "the next cluster, then all of them";
    }
    "Sort" {
        Action::Sort, [Char('s')], SORTED, "sort by the next column; trouble comes first", "sort";
        Action::SortLeft, [Char('<')], SORTED, "sort by the column to the left";
        Action::SortRight, [Char('>')], SORTED, "sort by the column to the right";
        Action::Invert, [Char('I')], SORTED, "turn the order round";
    }
    "What if" {
        Action::MoreMembers, [Char('+'), Char('=')], WHAT_IF, "one member more", "member";
        Action::FewerMembers, [Char('-')], WHAT_IF, "one member less", "less";
        Action::Assignor, [Char('a')], WHAT_IF, "the next assignor", "assignor";
        Action::MorePartitions, [Char('p')], WHAT_IF, "one partition more, of each topic", "partition";
        Action::FewerPartitions, [Char('P')], WHAT_IF, "one partition less, but none of those that there are";
        Action::AsItIs, [Char('0')], WHAT_IF, "as it is now", "as it is";
        Action::CopyName, [Char('y')], WHAT_IF, "copy the command that says the same", "copy";
    }
    "Time" {
        Action::Pause, [Char(' ')], BROWSE, "pause; again to go live; a recording stands still, and goes on", "pause";
        Action::Earlier, [Left], BROWSE & !(Place::Heat as u16), "while paused: earlier; a recording: a minute back";
        Action::Later, [Right], BROWSE & !(Place::Heat as u16), "while paused: later; a recording: a minute on";
        Action::Earlier, [Char('[')], BROWSE, "while paused: earlier, in the heat map too";
        Action::Later, [Char(']')], BROWSE, "while paused: later, in the heat map too";
        Action::Slower, [Char(',')], BROWSE, "a recording: half as fast";
        Action::Faster, [Char('.')], BROWSE, "a recording: twice as fast";
        Action::Narrower, [Char('-')], CHARTS, "a shorter window of the charts";
        Action::Wider, [Char('='), Char('+')], CHARTS, "a longer window of the charts";
    }
    "Copy and keep" {
        Action::CopyName, [Char('y')], ROWS | Place::Logs as u16, "copy the name (an advice's command, a line of the log)", "copy";
        Action::CopyJson, [Char('Y')], ROWS, "copy the row as JSON";
        Action::Summary, [Char('w')], CHARTS, "write a plain-text summary of the group to a file", "write up";
    }
    "Tell nobody" {
        Action::Silence, [Char('S')], Place::Alerts as u16, "attached to a serve: silence the alert for so long and why, or end its silence", "silence";
    }
    "Move" {
        Action::Down, [Char('j'), Down], BROWSE, "down";
        Action::Up, [Char('k'), Up], BROWSE, "up";
        Action::PageDown, [PageDown, Ctrl('f')], BROWSE, "a page down";
        Action::PageUp, [PageUp, Ctrl('b')], BROWSE, "a page up";
        Action::Top, [Char('g'), Home], BROWSE, "first row; the selection follows the top again";
        Action::Bottom, [Char('G'), End], BROWSE, "last row";
        Action::CellLeft, [Left], Place::Heat as u16, "heat map: a partition to the left";
        Action::CellRight, [Right], Place::Heat as u16, "heat map: a partition to the right";
    }
    "Screens" {
        Action::Show(Screen::Groups), [Char('1')], BROWSE, "Groups";
        Action::Show(Screen::Topics), [Char('2')], BROWSE, "Topics";
        Action::Show(Screen::Alerts), [Char('3')], BROWSE, "Alerts";
        Action::Show(Screen::Advice), [Char('4')], BROWSE, "Advice";
        Action::Show(Screen::Logs), [Char('5')], BROWSE, "Logs";
        Action::NextScreen, [Tab], BROWSE, "the next screen";
        Action::PrevScreen, [BackTab], BROWSE, "the screen before";
    }
    "Program" {
        Action::Help, [Char('?')], BROWSE, "help; type to search it", "help";
        Action::Quit, [Char('q')], BROWSE, "quit", "quit";
        Action::Quit, [Ctrl('c')], BROWSE | PROMPT | HELP, "quit from anywhere";
        Action::Theme, [Char('t')], BROWSE, "the next theme: dark, light, mono";
        Action::Redraw, [Ctrl('l')], BROWSE | PROMPT | HELP, "draw everything anew";
        Action::Suspend, [Ctrl('z')], BROWSE | PROMPT | HELP, "stop; `fg` continues";
    }
    "While writing a filter or a command" {
        Action::Accept, [Enter], PROMPT, "done", "done";
        Action::Cancel, [Esc], PROMPT, "as it was before", "cancel";
        Action::Complete, [Tab], PROMPT, "complete a command or a name", "complete";
        Action::Recall, [Up], PROMPT, "the line before", "last";
        Action::Erase, [Backspace], PROMPT, "erase a character";
        Action::EraseWord, [Ctrl('w')], PROMPT, "erase a word";
        Action::EraseAll, [Ctrl('u')], PROMPT, "erase all";
    }
    "On the help screen" {
        Action::Cancel, [Esc, Enter], HELP, "close help", "close";
        Action::Down, [Down], HELP, "down", "further";
        Action::Up, [Up], HELP, "up";
        Action::PageDown, [PageDown], HELP, "a page down";
        Action::PageUp, [PageUp], HELP, "a page up";
        Action::Erase, [Backspace], HELP, "erase a character of the search";
        Action::EraseAll, [Ctrl('u')], HELP, "erase the search";
    }
};

/// What `key` does at `place`.
pub(super) fn lookup(place: Place, key: Key) -> Option<Action> {
    BINDINGS
        .iter()
        .find(|b| b.places & place as u16 != 0 && b.keys.contains(&key))
        .map(|b| b.action)
}

/// The hints at `place`, in order: key and word, at most `width` cells with two between them.
/// Where they do not all fit, those that one can do without go first, then the last ones.
pub(super) fn hints(place: Place, width: usize) -> Vec<(Key, &'static str)> {
    let all = BINDINGS.iter().filter(|b| b.places & place as u16 != 0);
    let mut out: Vec<(Key, &'static str, bool)> = all
        .filter_map(|b| Some((*b.keys.first()?, b.hint?, is_needed(b.action))))
        .collect();
    let needs = |hints: &[(Key, &str, bool)]| -> usize {
        let each = |(key, word, _): &(Key, &str, bool)| key.to_string().len() + word.len() + 3;
        hints.iter().map(each).sum()
    };
    while needs(&out) > width + 2 {
        match out.iter().rposition(|(_, _, needed)| !needed) {
            Some(i) => drop(out.remove(i)),
            None => drop(out.pop()),
        }
    }
    out.into_iter().map(|(key, word, _)| (key, word)).collect()
}

const fn is_needed(action: Action) -> bool {
    !matches!(
        action,
        Action::CopyName
            | Action::Summary
            | Action::Sort
            | Action::Command
            | Action::Pause
            | Action::WhatIf
            | Action::AsItIs
    )
}

/// `KEYS.md`.
pub fn keys_md() -> String {
    use std::fmt::Write;
    let mut out = String::from(
        "# Keys of `laggard top`\n\nMade from the action table in `src/tui/action.rs` by a test: run\n`INSTA_UPDATE=always cargo test --lib keys_md` after a change.\n",
    );
    let mut section = "";
    for b in BINDINGS {
        if b.section != section {
            section = b.section;
            let _ = write!(
                out,
                "\n## {section}\n\n| keys | what they do | where |\n|---|---|---|\n"
            );
        }
        let keys: Vec<_> = b.keys.iter().map(|k| format!("`{k}`")).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            keys.join(" "),
            b.help,
            places(b.places)
        );
    }
    out.push_str("\n## Commands\n\n| command | what it does |\n|---|---|\n");
    for c in super::command::COMMANDS {
        let _ = writeln!(out, "| `:{}` | {} |", c.usage.replace('|', "\\|"), c.help);
    }
    out
}

fn places(set: u16) -> String {
    if set & BROWSE == BROWSE {
        return "everywhere".to_owned();
    }
    if set == WHAT_IF {
        return "what if".to_owned();
    }
    if set == LISTS {
        return "lists".to_owned();
    }
    let names: Vec<_> = Place::ALL
        .iter()
        .filter(|p| set & **p as u16 != 0)
        .map(|p| match p {
            Place::WhatIf => "what if".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        })
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice_at_one_place() {
        for place in Place::ALL {
            let mut seen = std::collections::HashMap::new();
            for b in BINDINGS.iter().filter(|b| b.places & place as u16 != 0) {
                for key in b.keys {
                    if let Some(other) = seen.insert(*key, b.help) {
                        panic!("{key} at {place:?}: `{other}` and `{}`", b.help);
                    }
                }
            }
        }
    }

    #[test]
    fn every_place_can_be_left_and_knows_how_to_quit() {
        for place in Place::ALL {
            assert_eq!(lookup(place, Ctrl('c')), Some(Action::Quit));
            assert!(
                lookup(place, Esc).is_some_and(|a| a != Action::Quit),
                "{place:?}"
            );
        }
    }

    #[test]
    fn keys_md_is_fresh() {
        crate::held::file("KEYS.md", &keys_md());
    }
}
