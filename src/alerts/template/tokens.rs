//! From the text between two braces to commands and their values.

use super::parse::{DEEPEST, Pipe, Term};

/// Reads commands: `first (query "up") | value | humanize`.
pub(super) fn pipe(text: &str) -> Result<Pipe, String> {
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
            Token::Fields(path) => {
                *rest = after;
                let Some(of) = command.pop() else {
                    return Err("a field of nothing".to_owned());
                };
                command.push(Term::Fields(Box::new(of), path.clone()));
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
