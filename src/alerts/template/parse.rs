//! From a template's text to its tree.

/// A piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// As it stands.
    Text(String),
    /// `{{ … }}`: printed.
    Print(Pipe),
    /// `{{ $x := … }}`.
    Set(String, Pipe),
    /// `{{ if … }} … {{ else }} … {{ end }}`.
    If(Pipe, Vec<Node>, Vec<Node>),
    /// `{{ with … }} … {{ end }}`.
    With(Pipe, Vec<Node>, Vec<Node>),
    /// `{{ range … }} … {{ end }}`.
    Range(Pipe, Vec<Node>, Vec<Node>),
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
}

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = block(&mut pieces, 0)?;
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
        if action.starts_with("- ") || action == "-" {
            (action, before) = (&action[1..], before.trim_end());
        }
        trim = action.ends_with(" -");
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
const DEEPEST: usize = 16;

fn block(
    pieces: &mut impl Iterator<Item = Piece>,
    depth: usize,
) -> Result<(Vec<Node>, Closed), String> {
    if depth > DEEPEST {
        return Err(format!("blocks nest deeper than {DEEPEST}"));
    }
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
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
            "if" | "with" | "range" => nodes.push(control(word, rest, pieces, depth)?),
            "define" | "template" | "block" | "break" | "continue" => {
                return Err(format!(
                    "`{{{{ {action} }}}}`: `{word}` is not evaluated here"
                ));
            }
            _ => nodes.push(simple(&action)?),
        }
    }
    Ok((nodes, Closed::Text))
}

fn control(
    word: &str,
    condition: &str,
    pieces: &mut impl Iterator<Item = Piece>,
    depth: usize,
) -> Result<Node, String> {
    let unfinished = || format!("`{{{{ {word} {condition} }}}}` has no `{{{{ end }}}}`");
    let pipe = pipe(condition)?;
    let (then, end) = block(pieces, depth + 1)?;
    let otherwise = match end {
        Closed::Text => return Err(unfinished()),
        Closed::End => Vec::new(),
        Closed::Else(rest) if rest.is_empty() => match block(pieces, depth + 1)? {
            (nodes, Closed::End) => nodes,
            _ => return Err(unfinished()),
        },
        Closed::Else(rest) => match rest.split_once(char::is_whitespace) {
            Some(("if", condition)) if word == "if" => {
                vec![control("if", condition, pieces, depth + 1)?]
            }
            _ => return Err(format!("`{{{{ else {rest} }}}}` is not understood")),
        },
    };
    Ok(match word {
        "if" => Node::If(pipe, then, otherwise),
        "with" => Node::With(pipe, then, otherwise),
        _ => Node::Range(pipe, then, otherwise),
    })
}

fn simple(action: &str) -> Result<Node, String> {
    if let Some((name, value)) = action.split_once(":=")
        && let Some(name) = name.trim().strip_prefix('$')
    {
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!(
                "`{{{{ {action} }}}}`: `${name}` is no variable's name"
            ));
        }
        return Ok(Node::Set(name.to_owned(), pipe(value)?));
    }
    pipe(action).map(Node::Print)
}

fn pipe(text: &str) -> Result<Pipe, String> {
    let wrong = |why: String| format!("`{{{{ {} }}}}`: {why}", text.trim());
    let tokens = tokens(text).map_err(wrong)?;
    let mut rest = &tokens[..];
    let pipe = commands(&mut rest, 0).map_err(wrong)?;
    if rest.is_empty() {
        Ok(pipe)
    } else {
        Err(wrong("a closing parenthesis too many".to_owned()))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Bar,
    Term(Term),
    /// Fields of what stands right before it.
    Fields(Vec<String>),
}

fn commands(rest: &mut &[Token], depth: usize) -> Result<Pipe, String> {
    if depth > DEEPEST {
        return Err(format!("parentheses nest deeper than {DEEPEST}"));
    }
    let (mut pipe, mut command) = (Vec::new(), Vec::new());
    while let Some((token, after)) = rest.split_first() {
        match token {
            Token::Close if depth == 0 => break,
            Token::Close => break,
            Token::Bar => {
                *rest = after;
                if command.is_empty() {
                    return Err("nothing stands before `|`".to_owned());
                }
                pipe.push(std::mem::take(&mut command));
            }
            Token::Open => {
                *rest = after;
                let inner = commands(rest, depth + 1)?;
                let Some((Token::Close, after)) = rest.split_first() else {
                    return Err("a closing parenthesis is missing".to_owned());
                };
                *rest = after;
                command.push(Term::Pipe(inner));
            }
            Token::Fields(_) => {
                return Err("a field of a parenthesis is not evaluated here".to_owned());
            }
            Token::Term(term) => {
                *rest = after;
                command.push(term.clone());
            }
        }
    }
    if command.is_empty() {
        return Err("a value is missing".to_owned());
    }
    pipe.push(command);
    Ok(pipe)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '(' => one(&mut tokens, Token::Open),
            ')' => one(&mut tokens, Token::Close),
            '|' => one(&mut tokens, Token::Bar),
            '"' | '`' => {
                let (text, length) = quoted(rest, c)?;
                tokens.push(Token::Term(Term::Text(text)));
                length
            }
            _ => {
                let stops = |c: char| c.is_whitespace() || "()|\"`".contains(c);
                let length = rest.find(stops).unwrap_or(rest.len());
                let after_close = tokens.last() == Some(&Token::Close) && text_touches(text, rest);
                tokens.push(word(&rest[..length], after_close)?);
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn one(tokens: &mut Vec<Token>, token: Token) -> usize {
    tokens.push(token);
    1
}

/// Whether no space stands before `rest`, the end of `text`.
fn text_touches(text: &str, rest: &str) -> bool {
    text[..text.len() - rest.len()].ends_with(')')
}

fn quoted(rest: &str, quote: char) -> Result<(String, usize), String> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            let inner = &rest[1..at];
            let text = if quote == '"' {
                unescape(inner)?
            } else {
                inner.to_owned()
            };
            return Ok((text, at + 1));
        }
    }
    Err(format!("a text has no closing {quote}"))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut chars = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(same @ ('\\' | '"' | '\'')) => same,
                other => return Err(format!("`\\{}` is not understood", other.unwrap_or(' '))),
            },
            c => c,
        });
    }
    Ok(out)
}

fn word(word: &str, after_close: bool) -> Result<Token, String> {
    let fields = |path: &str| -> Result<Vec<String>, String> {
        let fields: Vec<_> = path.split('.').filter(|f| !f.is_empty()).collect();
        let is_name = |f: &&str| f.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !fields.iter().all(is_name) || path.ends_with('.') && !fields.is_empty() {
            return Err(format!("`{word}` is not understood"));
        }
        Ok(fields.into_iter().map(str::to_owned).collect())
    };
    if after_close && word.starts_with('.') {
        return fields(word).map(Token::Fields);
    }
    let term = match word.chars().next() {
        Some('$') => {
            let (name, path) = word[1..].split_once('.').unwrap_or((&word[1..], ""));
            Term::Variable(name.to_owned(), fields(path)?)
        }
        Some('.') => Term::Dot(fields(word)?),
        Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => number(word)?,
        _ if word == "true" || word == "false" => Term::Bool(word == "true"),
        Some(c) if c.is_alphabetic() && word.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            Term::Name(word.to_owned())
        }
        _ => return Err(format!("`{word}` is not understood")),
    };
    Ok(Token::Term(term))
}

fn number(word: &str) -> Result<Term, String> {
    if let Ok(int) = word.parse() {
        return Ok(Term::Int(int));
    }
    let float = word.parse().map_err(|_| format!("`{word}` is no number"))?;
    Ok(Term::Float(float))
}
