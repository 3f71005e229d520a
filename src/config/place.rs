//! Where a setting was written, so that an error can point at it.
//!
//! In: files with the byte ranges of their secrets. Out: `file:line:column` and the line itself.
//! It must never show a secret: a line is masked before it leaves this module.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration file as it was read.
pub(crate) struct SourceFile {
    /// As the user names it.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) text: Arc<str>,
    /// The bytes that no error may show.
    pub(crate) hidden: Vec<Range<usize>>,
    /// It did not parse, so that `hidden` may be incomplete: lines that could hold a secret are
    /// not shown at all.
    pub(crate) damaged: bool,
}

/// Only its name: the text may hold secrets.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, f)
    }
}

/// Where something was written.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file, at these bytes.
    File(Arc<SourceFile>, Range<usize>),
    /// A key in a file whose value must not be shown: nobody knows what it is.
    Key(Arc<SourceFile>, Range<usize>),
    /// A file or directory as a whole.
    Path(PathBuf),
    /// An environment variable.
    Variable(Arc<str>),
    /// A command-line flag, or several.
    Flag(&'static str),
}

/// A line of a file, fit to be shown.
pub(crate) struct ShownLine {
    /// Counted from 1.
    pub(crate) number: usize,
    /// With secrets masked and control characters escaped.
    pub(crate) text: String,
    /// The characters to underline; empty when they are masked.
    pub(crate) mark: Range<usize>,
}

impl Place {
    /// The layer that it belongs to: the higher one's settings stand.
    pub(crate) fn layer(&self) -> u8 {
        match self {
            Self::File(..) | Self::Key(..) | Self::Path(_) => 0,
            Self::Variable(_) => 1,
            Self::Flag(_) => 2,
        }
    }

    /// The directory that a relative path written here starts from; the working directory unless
    /// it stands in a file.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Self::File(file, _) | Self::Key(file, _) => file.path.parent(),
            _ => None,
        }
    }

    /// `file:line:column`, the variable's or the flag's name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(file, span) | Self::Key(file, span) => {
                let (line, column) = file.line_and_column(span.start);
                format!("{}:{line}:{column}", file.path.display())
            }
            Self::Path(path) => path.display().to_string(),
            Self::Variable(name) => name.to_string(),
            Self::Flag(flag) => (*flag).to_owned(),
        }
    }

    /// The line to show, if there is one.
    pub(crate) fn line(&self) -> Option<ShownLine> {
        match self {
            Self::File(file, span) => Some(file.shown_line(span)),
            Self::Key(file, span) => {
                let mut line = file.shown_line(span);
                let kept = line.text.char_indices().nth(line.mark.end);
                if let Some((end, _)) = kept.filter(|_| !line.mark.is_empty()) {
                    line.text.truncate(end);
                    line.text.push_str(" …");
                }
                Some(line)
            }
            _ => None,
        }
    }

    /// The file and the byte in it.
    pub(crate) fn position(&self) -> Option<(&Path, usize)> {
        match self {
            Self::File(file, span) | Self::Key(file, span) => Some((&file.path, span.start)),
            _ => None,
        }
    }

    /// The same place, with only the key shown.
    pub(crate) fn keys_only(self) -> Self {
        match self {
            Self::File(file, span) => Self::Key(file, span),
            other => other,
        }
    }
}

impl SourceFile {
    fn line_range(&self, at: usize) -> Range<usize> {
        let at = at.min(self.text.len());
        let bytes = self.text.as_bytes();
        let start = bytes[..at]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |i| i + 1);
        let end = bytes[at..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(bytes.len(), |i| at + i);
        start..end
    }

    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.line_range(at);
        let number = self.text[..line.start].matches('\n').count() + 1;
        let at = at.clamp(line.start, line.end);
        let column = String::from_utf8_lossy(&self.text.as_bytes()[line.start..at])
            .chars()
            .count()
            + 1;
        (number, column)
    }

    fn shown_line(&self, span: &Range<usize>) -> ShownLine {
        let line = self.line_range(span.start);
        let (number, _) = self.line_and_column(span.start);
        let until = if self.damaged {
            self.shown_until(&line)
        } else {
            Some(self.before_comment_on_hidden(&line))
        };
        let Some(until) = until else {
            let text = "(not shown: it may hold a secret)".to_owned();
            return ShownLine {
                number,
                text,
                mark: 0..0,
            };
        };
        let (mut text, mut mark, mut masked) = (String::new(), 0..0, false);
        for (offset, c) in self.text[line.clone()].char_indices() {
            let at = line.start + offset;
            if at == span.start {
                mark = text.chars().count()..text.chars().count();
            }
            let hidden = at >= until || self.hidden.iter().any(|h| h.contains(&at));
            match (hidden, masked) {
                (true, true) => {}
                (true, false) => text.push_str("***"),
                (false, _) => push_visible(&mut text, c),
            }
            masked = hidden;
            if at >= span.start && at < span.end {
                mark.end = text.chars().count();
            }
        }
        if span.start >= line.end {
            mark = text.chars().count()..text.chars().count();
        }
        ShownLine { number, text, mark }
    }

    /// Where a comment after a hidden value begins: people keep the old password there, or write the
    /// `#` too early. The line's end if there is none.
    fn before_comment_on_hidden(&self, line: &Range<usize>) -> usize {
        let here = |h: &&Range<usize>| h.start < line.end && h.end > line.start;
        let ends = self.hidden.iter().filter(here).map(|h| h.end.min(line.end));
        ends.min()
            .and_then(|end| Some(end + self.text[end..line.end].find('#')?))
            .unwrap_or(line.end)
    }

    /// For a file that did not parse: from where on this line is not shown. `None`: not at all.
    ///
    /// Spans are not to be trusted then, so that the text itself decides: what stands in quotes,
    /// among a client's properties, beside a secret's name or on a line that sets nothing (it may
    /// go on from a line before) is not shown.
    fn shown_until(&self, line: &Range<usize>) -> Option<usize> {
        let (before, text) = (&self.text[..line.start], &self.text[line.clone()]);
        let open = |quotes| before.matches(quotes).count() % 2 == 1;
        if crate::model::is_secret(text) || open("\"\"\"") || open("'''") {
            return None;
        }
        if text.trim_start().starts_with('[') {
            return Some(line.end);
        }
        let equals = text.find('=')? + 1;
        let header = before
            .lines()
            .rev()
            .find(|l| l.trim_start().starts_with('['));
        let of_a_client = |l: &str| l.contains("properties");
        let hidden = if of_a_client(text) || header.is_some_and(of_a_client) {
            0
        } else {
            text[equals..]
                .find(['"', '\''])
                .unwrap_or(text.len() - equals)
        };
        Some(line.start + equals + hidden)
    }
}

fn push_visible(text: &mut String, c: char) {
    match c {
        '\t' => text.push(' '),
        '\r' => {}
        c if c.is_control() => text.extend(c.escape_default()),
        c => text.push(c),
    }
}

/// A text by others, fit for one line of a terminal.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut shown, c));
    shown
}
