//! `mark`, `silence` and `reload`: what is ordered of a running `serve`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{Exit, MarkArgs, OrderArgs, SilenceCommand};
use crate::model::Silence;
use crate::remote::{AttachError, Client};

use super::super::envoy::{self, MARKS, SILENCES, seconds};
use super::super::setup::{self, Refusal};
use super::{print, tell};

/// Where `serve` listens unless told otherwise.
const HERE: &str = "http://127.0.0.1:9550";

/// `mark`.
pub(super) fn mark(args: &MarkArgs) -> Result<Exit, Refusal> {
    let order = &args.order;
    let mark = json!({
        "cluster": order.source.cluster.first(),
        "group": args.group,
        "for": seconds(args.during),
        "why": args.why,
        "author": author(order),
    });
    let answer = send(order, MARKS, &mark)?;
    if let Some(note) = answer["note"].as_str() {
        tell(&format!("warning: {note}"));
    }
    let until = answer["until"].as_str().unwrap_or_default();
    print(format!("{} is marked until {until}\n", args.group).as_bytes())
}

/// `silence`.
pub(super) fn silence(command: &SilenceCommand) -> Result<Exit, Refusal> {
    match command {
        SilenceCommand::Add {
            matchers,
            during,
            why,
            order,
        } => {
            let silence = json!({
                "matchers": matchers,
                "for": seconds(*during),
                "why": why,
                "author": author(order),
            });
            let answer = send(order, SILENCES, &silence)?;
            let id = answer["id"].as_str().unwrap_or_default();
            print(format!("{id}\n").as_bytes())
        }
        SilenceCommand::List { order } => {
            let answer = client(order)?.ask(SILENCES).map_err(|e| refused(&e))?;
            print(list(answer)?.as_bytes())
        }
        SilenceCommand::Expire { id, order } => {
            let path = envoy::expire(plain(id)?);
            send(order, &path, &json!({ "author": author(order) }))?;
            print(b"")
        }
    }
}

/// `reload`.
pub(super) fn reload(order: &OrderArgs) -> Result<Exit, Refusal> {
    let answer = send(order, "/api/v1/reload", &json!({ "author": author(order) }))?;
    for note in answer["notes"].as_array().into_iter().flatten() {
        tell(note.as_str().unwrap_or_default());
    }
    print(b"the configuration was read anew and is in force\n")
}

/// A line each: id, until, by whom, of what, why.
fn list(answer: Value) -> Result<String, Refusal> {
    let silences: Vec<Silence> = serde_json::from_value(answer)
        .map_err(|e| Refusal::failed(format!("error: this is no list of silences: {e}")))?;
    let mut text = String::new();
    for silence in silences {
        let matchers: Vec<_> = silence.matchers.iter().map(ToString::to_string).collect();
        let (id, until, author, why) = (silence.id, silence.until, silence.author, silence.why);
        let there = silence.alertmanagers.iter().map(|a| &*a.receiver);
        let there = there.collect::<Vec<_>>().join(", ");
        let there = if there.is_empty() {
            String::new()
        } else {
            format!("  (in {there})")
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{id}  until {until}  {}  {author}: {why}{there}",
            matchers.join(", ")
        );
    }
    Ok(text)
}

/// An id goes into a path as it is.
fn plain(id: &str) -> Result<&str, Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !id.is_empty() && id.chars().all(fits) {
        return Ok(id);
    }
    Err(Refusal::usage(format!(
        "error: `{id}` is no silence's id; `laggard silence list` has them"
    )))
}

fn author(order: &OrderArgs) -> String {
    envoy::author(order.author.as_deref())
}

fn client(order: &OrderArgs) -> Result<Client, Refusal> {
    let url = order.source.attach.as_deref().unwrap_or(HERE);
    setup::client(url, &order.source)
}

fn send(order: &OrderArgs, path: &str, body: &Value) -> Result<Value, Refusal> {
    let Some(file) = &order.token_file else {
        return Err(Refusal::usage(
            "error: orders need a token: --token-file FILE names the file that holds it, such as \
             `token` in the state directory of `laggard serve`",
        ));
    };
    let token = envoy::token(file)?;
    client(order)?
        .order(path, &token, body)
        .map_err(|e| refused(&e))
}

/// What was not carried out is a failure of the command's own work; one that cannot be reached is
/// not known to be there.
fn refused(error: &AttachError) -> Refusal {
    let exit = match error {
        AttachError::Usage(_) => Exit::Usage,
        AttachError::Unreachable { .. } => Exit::Unknown,
        _ => Exit::Breach,
    };
    Refusal {
        text: format!("error: {error}"),
        exit,
    }
}
