//! Carries orders to a running `serve`: from the screen that is attached to it, and from the
//! commands that order one thing.
//!
//! In: an order, the token of commands. Out: what the `serve` answered, in words.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::setup::Refusal;
use crate::model::{Secret, Span};
use crate::remote::{AttachError, Client};
use crate::tui::Order;

/// Where orders go.
pub(super) const MARKS: &str = "/api/v1/marks";
pub(super) const SILENCES: &str = "/api/v1/silences";

/// The token of commands, from its file.
///
/// # Errors
///
/// When the file cannot be read.
pub(super) fn token(file: &Path) -> Result<Secret, Refusal> {
    let token = std::fs::read_to_string(file)
        .map_err(|e| Refusal::usage(format!("error: --token-file {}: {e}", file.display())))?;
    Ok(Secret::new(token.trim()))
}

/// Who orders: as named, else the user who is logged in.
pub(super) fn author(named: Option<&str>) -> String {
    let user = || {
        ["USER", "LOGNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
    };
    let named = named.map(str::to_owned);
    named.or_else(user).unwrap_or_else(|| "somebody".to_owned())
}

/// In full: a span's own text keeps two units.
pub(super) fn seconds(span: Span) -> String {
    format!("{}ms", span.as_millis())
}

/// Where a silence is ended.
pub(super) fn expire(id: &str) -> String {
    format!("{SILENCES}/{id}/expire")
}

/// Orders of a screen, a thread each: the screen never waits.
#[derive(Clone)]
pub(super) struct Envoy {
    client: Client,
    token: Option<Secret>,
    answers: Arc<Mutex<VecDeque<Result<String, String>>>>,
}

impl Envoy {
    pub(super) fn new(client: Client, token: Option<Secret>) -> Self {
        Self {
            client,
            token,
            answers: Arc::default(),
        }
    }

    /// Why nothing can be ordered.
    pub(super) fn refuses(&self) -> Option<Arc<str>> {
        let why = "orders need a token: start with --token-file FILE";
        self.token.is_none().then(|| why.into())
    }

    /// Sends an order; what comes of it is [`Envoy::answered`].
    pub(super) fn send(&self, order: Order) {
        let own = self.clone();
        let started = std::thread::Builder::new()
            .name("order".to_owned())
            .spawn(move || own.answer(own.carry(&order).map_err(|e| e.to_string())));
        if let Err(error) = started {
            self.answer(Err(error.to_string()));
        }
    }

    /// What came of an order, once.
    pub(super) fn answered(&self) -> Option<Result<String, String>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.pop_front()
    }

    fn answer(&self, answer: Result<String, String>) {
        // In full in the log: a line of the screen may be too short for it.
        match &answer {
            Ok(text) => tracing::info!("{text}"),
            Err(why) => tracing::warn!("the order was not carried out: {why}"),
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push_back(answer);
    }

    fn carry(&self, order: &Order) -> Result<String, AttachError> {
        let token = self.token.clone().unwrap_or_else(|| Secret::new(""));
        let post = |path: &str, body: &Value| self.client.order(path, &token, body);
        let author = author(None);
        let until = |answer: &Value| {
            let text = answer["until"].as_str().unwrap_or_default();
            // Its fractions of a second help nobody.
            let whole = text.split_once('.').map(|(whole, _)| format!("{whole}Z"));
            whole.unwrap_or_else(|| text.to_owned())
        };
        match order {
            Order::Silence {
                matchers,
                during,
                why,
            } => {
                let body = json!({
                    "matchers": matchers,
                    "for": seconds(*during),
                    "why": why,
                    "author": author,
                });
                let answer = post(SILENCES, &body)?;
                Ok(format!("silenced until {}", until(&answer)))
            }
            Order::Expire { ids } => {
                for id in ids {
                    post(&expire(id), &json!({ "author": author }))?;
                }
                let ended = match ids.len() {
                    1 => "the silence has ended".to_owned(),
                    n => format!("{n} silences have ended"),
                };
                Ok(ended)
            }
            Order::Mark {
                cluster,
                group,
                during,
                why,
            } => {
                let body = json!({
                    "cluster": cluster,
                    "group": group,
                    "for": seconds(*during),
                    "why": why,
                    "author": author,
                });
                let answer = post(MARKS, &body)?;
                Ok(format!("{group} is marked until {}", until(&answer)))
            }
        }
    }
}
