//! From a template's text to its tree.

use super::tokens::pipe;

/// A piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// As it stands.
    Text(String),
    /// `{{ … }}`: printed.
    Print(Pipe),
    /// `{{ $x := … }}`.
    Set(String, Pipe),
    /// `{{ $x = … }}`.
    Assign(String, Pipe),
    /// `{{ if … }} … {{ else }} … {{ end }}`.
    If(Subject, Vec<Node>, Vec<Node>),
    /// `{{ with … }} … {{ end }}`.
    With(Subject, Vec<Node>, Vec<Node>),
    /// `{{ range … }} … {{ end }}`.
    Range(Subject, Vec<Node>, Vec<Node>),
    /// `{{ break }}`, `{{ continue }}`.
    Leave(Leave),
}

/// What a block is about: `$x := …`, with no variable or, for `range`, up to two.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Names that it has inside.
    pub(super) names: Vec<String>,
    pub(super) pipe: Pipe,
}

/// How a turn of a loop ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// And the loop with it.
    Break,
    /// The next turn begins.
    Continue,
}

/// Commands, each given the result of the one before as its last argument.
pub(super) type Pipe = Vec<Command>;

/// A function with arguments, or one value.
pub(super) type Command = Vec<Term>;

/// A value in a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// A function's name.
    Name(String),
    /// `$labels.topic`: a variable and fields of it.
    Variable(String, Vec<String>),
    /// `.Labels.topic`: fields of what is at hand.
    Dot(Vec<String>),
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// true, false.
    Bool(bool),
    /// In parentheses.
    Pipe(Pipe),
    /// `(first …).Labels.topic`: fields of a value.
    Fields(Box<Term>, Vec<String>),
}

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser {
        pieces: pieces(text)?.into_iter(),
        depth: 0,
        ranges: 0,
    };
    let (nodes, end) = parser.block()?;
    match end {
        Closed::Text => Ok(nodes),
        Closed::End => Err("`{{ end }}` without a beginning".to_owned()),
        Closed::Else(_) => Err("`{{ else }}` without an `if`".to_owned()),
    }
}

enum Piece {
    Text(String),
    Action(String),
}

/// Splits at the braces; a dash inside them trims the space beside.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest, mut trim) = (Vec::new(), text, false);
    while let Some(start) = rest.find("{{") {
        let (mut before, after) = (&rest[..start], &rest[start + 2..]);
        let length = end_of_action(after)
            .ok_or_else(|| format!("`{{{{{}`: it has no closing `}}}}`", shorten(after)))?;
        let mut action = &after[..length];
        rest = &after[length + 2..];
        if trim {
            before = before.trim_start();
        }
        let is_space = |c: char| c.is_ascii_whitespace();
        if action == "-"
            || action
                .strip_prefix('-')
                .is_some_and(|a| a.starts_with(is_space))
        {
            (action, before) = (&action[1..], before.trim_end());
        }
        trim = action
            .strip_suffix('-')
            .is_some_and(|a| a.ends_with(is_space));
        if trim {
            action = &action[..action.len() - 1];
        }
        pieces.push(Piece::Text(before.to_owned()));
        let action = action.trim();
        if !(action.starts_with("/*") && action.ends_with("*/")) {
            pieces.push(Piece::Action(action.to_owned()));
        }
    }
    let last = if trim { rest.trim_start() } else { rest };
    pieces.push(Piece::Text(last.to_owned()));
    Ok(pieces)
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Where `}}` stands outside of texts.
fn end_of_action(text: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

enum Closed {
    Text,
    End,
    /// What follows `else`.
    Else(String),
}

/// Deepest nesting.
pub(super) const DEEPEST: usize = 16;

struct Parser<I> {
    pieces: I,
    depth: usize,
    /// How many of the blocks around are loops.
    ranges: usize,
}

impl<I: Iterator<Item = Piece>> Parser<I> {
    fn block(&mut self) -> Result<(Vec<Node>, Closed), String> {
        if self.depth > DEEPEST {
            return Err(format!("blocks nest deeper than {DEEPEST}"));
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let action = match piece {
                Piece::Text(text) => {
                    if !text.is_empty() {
                        nodes.push(Node::Text(text));
                    }
                    continue;
                }
                Piece::Action(action) => action,
            };
            let (word, rest) = action
                .split_once(char::is_whitespace)
                .unwrap_or((&action, ""));
            match word {
                "end" if rest.trim().is_empty() => return Ok((nodes, Closed::End)),
                "else" => return Ok((nodes, Closed::Else(rest.trim().to_owned()))),
                "if" | "with" | "range" => nodes.push(self.control(word, rest)?),
                "break" | "continue" if rest.trim().is_empty() => nodes.push(self.leave(word)?),
                "define" | "template" | "block" => {
                    return Err(format!(
                        "`{{{{ {action} }}}}`: `{word}` is not evaluated here: each text is a template of its own"
                    ));
                }
                _ => nodes.push(simple(&action)?),
            }
        }
        Ok((nodes, Closed::Text))
    }

    fn leave(&self, word: &str) -> Result<Node, String> {
        if self.ranges == 0 {
            return Err(format!("`{{{{ {word} }}}}` stands in no `range`"));
        }
        Ok(Node::Leave(match word {
            "break" => Leave::Break,
            _ => Leave::Continue,
        }))
    }

    fn control(&mut self, word: &str, condition: &str) -> Result<Node, String> {
        let unfinished = || format!("`{{{{ {word} {condition} }}}}` has no `{{{{ end }}}}`");
        let subject = subject(word, condition)?;
        let loops = usize::from(word == "range");
        (self.depth, self.ranges) = (self.depth + 1, self.ranges + loops);
        let (then, end) = self.block()?;
        self.ranges -= loops;
        let otherwise = match end {
            Closed::Text => return Err(unfinished()),
            Closed::End => Vec::new(),
            Closed::Else(rest) if rest.is_empty() => match self.block()? {
                (nodes, Closed::End) => nodes,
                _ => return Err(unfinished()),
            },
            Closed::Else(rest) => match rest.split_once(char::is_whitespace) {
                Some((same, condition)) if same == word && word != "range" => {
                    vec![self.control(word, condition)?]
                }
                _ => return Err(format!("`{{{{ else {rest} }}}}` is not understood")),
            },
        };
        self.depth -= 1;
        Ok(match word {
            "if" => Node::If(subject, then, otherwise),
            "with" => Node::With(subject, then, otherwise),
            _ => Node::Range(subject, then, otherwise),
        })
    }
}

fn subject(word: &str, text: &str) -> Result<Subject, String> {
    let (names, value) = match text.split_once(":=") {
        Some((names, value)) => match variables(names) {
            Some(names) => (names, value),
            None => (Vec::new(), text),
        },
        None => (Vec::new(), text),
    };
    if names.len() > 2 || names.len() > 1 && word != "range" {
        return Err(format!(
            "`{{{{ {word} {text} }}}}` names too many variables"
        ));
    }
    let pipe = pipe(value)?;
    Ok(Subject { names, pipe })
}

/// `$i, $x`: names of variables, if it is that.
fn variables(text: &str) -> Option<Vec<String>> {
    let name = |name: &str| {
        let name = name.trim().strip_prefix('$')?;
        let fits = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        fits.then(|| name.to_owned())
    };
    text.split(',').map(name).collect()
}

fn simple(action: &str) -> Result<Node, String> {
    let parts = |sign| {
        let (name, value) = action.split_once(sign)?;
        match variables(name)?.as_slice() {
            [name] => Some((name.clone(), value)),
            _ => None,
        }
    };
    if let Some((name, value)) = parts(":=") {
        return Ok(Node::Set(name, pipe(value)?));
    }
    if let Some((name, value)) = parts("=") {
        return Ok(Node::Assign(name, pipe(value)?));
    }
    if action.starts_with('$') && action.contains(":=") {
        return Err(format!("`{{{{ {action} }}}}`: that is no variable's name"));
    }
    pipe(action).map(Node::Print)
}
