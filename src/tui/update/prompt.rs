//! The line at the bottom: a filter that is in force while it is written, or a command.

use super::super::command;
use super::super::filter::Filter;
use super::super::state::{Prompt, PromptKind, State};
use super::Effect;

/// Longest line.
const LONGEST: usize = 1000;

impl State {
    pub(super) fn prompt(&mut self, kind: PromptKind) {
        let before = self.filter().clone();
        let text = match kind {
            PromptKind::Filter => before.text().to_owned(),
            PromptKind::Command => String::new(),
        };
        self.ui.toast = None;
        self.ui.prompt = Some(Prompt {
            kind,
            text,
            error: None,
            before,
        });
    }

    /// Typed or pasted text goes to the prompt or to the search of help, control characters left out.
    pub(super) fn type_text(&mut self, text: &str) {
        let typed: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect();
        if let Some(prompt) = &mut self.ui.prompt {
            if prompt.text.len() + typed.len() <= LONGEST {
                prompt.text.push_str(&typed);
            }
        } else if let Some(help) = &mut self.ui.help {
            help.search.push_str(&typed);
            help.search.truncate(help.search.floor_char_boundary(80));
            help.top = 0;
        }
        self.apply_filter();
    }

    pub(super) fn erase(&mut self, count: usize) {
        if let Some(prompt) = &mut self.ui.prompt {
            if prompt.text.is_empty() && count == 1 {
                self.cancel();
                return;
            }
            drop_last(&mut prompt.text, count);
        } else if let Some(help) = &mut self.ui.help {
            drop_last(&mut help.search, count);
        }
        self.apply_filter();
    }

    pub(super) fn erase_word(&mut self) {
        if let Some(prompt) = &mut self.ui.prompt {
            let kept = prompt.text.trim_end();
            let end = kept.rfind(char::is_whitespace).map_or(0, |i| i + 1);
            prompt.text.truncate(end);
        }
        self.apply_filter();
    }

    /// The filter is in force while it is written; a broken one leaves the last good one.
    fn apply_filter(&mut self) {
        let screen = self.ui.screen as usize;
        let Some(prompt) = &mut self.ui.prompt else {
            return;
        };
        prompt.error = None;
        if prompt.kind == PromptKind::Filter {
            match Filter::new(&prompt.text) {
                Ok(filter) => self.ui.filters[screen] = filter,
                Err(why) => prompt.error = Some(why),
            }
        }
    }

    pub(super) fn accept(&mut self) -> Vec<Effect> {
        let Some(prompt) = self.ui.prompt.take() else {
            return Vec::new();
        };
        match prompt.kind {
            PromptKind::Filter if prompt.error.is_some() => {
                self.ui.prompt = Some(prompt);
                Vec::new()
            }
            PromptKind::Filter => Vec::new(),
            PromptKind::Command if prompt.text.trim().is_empty() => Vec::new(),
            PromptKind::Command => {
                self.ui.last_command.clone_from(&prompt.text);
                match command::parse(&prompt.text) {
                    Ok(command) => self.order(command),
                    Err(why) => {
                        self.say(why, true);
                        Vec::new()
                    }
                }
            }
        }
    }

    pub(super) fn cancel(&mut self) {
        if let Some(prompt) = self.ui.prompt.take() {
            if prompt.kind == PromptKind::Filter {
                self.ui.filters[self.ui.screen as usize] = prompt.before;
            }
        } else {
            self.ui.help = None;
        }
    }

    pub(super) fn recall(&mut self) {
        let last = self.ui.last_command.clone();
        if let Some(prompt) = &mut self.ui.prompt
            && prompt.kind == PromptKind::Command
        {
            prompt.text = last;
        }
    }

    /// Completes a command's name, or the name that it is about.
    pub(super) fn complete(&mut self) {
        let Some(prompt) = self.ui.prompt.as_ref() else {
            return;
        };
        let text = prompt.text.clone();
        let done = match (prompt.kind, text.split_once(' ')) {
            (PromptKind::Filter, _) => None,
            (PromptKind::Command, None) => {
                let names = || command::COMMANDS.iter().map(|c| c.name);
                common(&text, names()).map(|name| {
                    let one = names().filter(|n| n.starts_with(&name)).count() == 1;
                    if one { format!("{name} ") } else { name }
                })
            }
            (PromptKind::Command, Some((name, rest))) => self
                .complete_name(name, rest.trim_start())
                .map(|whole| format!("{name} {whole}")),
        };
        if let (Some(done), Some(prompt)) = (done, &mut self.ui.prompt) {
            prompt.text = done;
        }
    }

    fn complete_name(&self, command: &str, begun: &str) -> Option<String> {
        match command {
            "group" => common(
                begun,
                self.clusters()
                    .flat_map(|c| c.groups.iter().map(|g| g.group.as_str())),
            ),
            "topic" => common(
                begun,
                self.clusters()
                    .flat_map(|c| c.topics.iter().map(|t| t.topic.as_str())),
            ),
            "cluster" => common(
                begun,
                self.shown.clusters.iter().map(|c| c.cluster.as_str()),
            ),
            "theme" => common(begun, super::ThemeName::ALL.iter().map(|t| t.name())),
            "sort" => common(
                begun,
                super::super::columns::GroupColumn::ALL
                    .iter()
                    .map(|c| c.name())
                    .chain(["trouble"]),
            ),
            _ => None,
        }
    }
}

/// What all names that begin so have in common.
fn common<'a>(begun: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut fitting = names.filter(|n| n.starts_with(begun) && !n.contains(char::is_control));
    let mut shared = fitting.next()?;
    for name in fitting {
        let same = shared
            .char_indices()
            .zip(name.chars())
            .find(|((_, a), b)| a != b)
            .map_or(shared.len().min(name.len()), |((i, _), _)| i);
        shared = &shared[..same];
    }
    Some(shared.to_owned())
}

fn drop_last(text: &mut String, count: usize) {
    let kept = text.chars().count().saturating_sub(count);
    let end = text.char_indices().nth(kept).map_or(text.len(), |(i, _)| i);
    text.truncate(end);
}
