//! Basic auth with bcrypt, and bearer tokens.
//!
//! A password that was right is remembered, for bcrypt is slow by design; wrong ones are tried one
//! at a time, so that guessing takes one core at the most. A user that is not there takes as long
//! as one that is.

use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::model::Secret;

/// A hash of nothing that anyone has, of Prometheus' usual cost.
const NOBODY: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
/// Right passwords that are remembered.
const REMEMBERED: usize = 64;

/// Who may come in.
pub(crate) struct Gate {
    users: Vec<(String, Secret)>,
    tokens: Vec<Secret>,
    right: Mutex<Vec<Vec<u8>>>,
    one: Semaphore,
}

impl Gate {
    /// Users with bcrypt hashes, and tokens.
    pub(super) fn new(users: Vec<(String, Secret)>, tokens: Vec<Secret>) -> Result<Self, String> {
        for (user, hash) in &users {
            if user.contains(':') {
                return Err(format!("a user's name has no colon: `{user}`"));
            }
            if hash.reveal().parse::<bcrypt::HashParts>().is_err() {
                return Err(format!("the password of `{user}` is no bcrypt hash"));
            }
        }
        Ok(Self {
            users,
            tokens,
            right: Mutex::default(),
            one: Semaphore::new(1),
        })
    }

    /// What a client is asked for.
    pub(crate) fn challenge(&self) -> &'static str {
        if self.users.is_empty() {
            "Bearer"
        } else {
            "Basic realm=\"Laggard\", charset=\"UTF-8\""
        }
    }

    /// Whether a request may go on.
    pub(crate) async fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(header) = headers
            .get(AUTHORIZATION)
            .map(axum::http::HeaderValue::as_bytes)
        else {
            return false;
        };
        let Some(space) = header.iter().position(|b| *b == b' ') else {
            return false;
        };
        let (scheme, rest) = (&header[..space], header[space + 1..].trim_ascii());
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return self
                .tokens
                .iter()
                .any(|t| same(t.reveal().as_bytes(), rest));
        }
        if !scheme.eq_ignore_ascii_case(b"basic") || self.users.is_empty() {
            return false;
        }
        match STANDARD.decode(rest) {
            Ok(pair) => self.knows(pair).await,
            Err(_) => false,
        }
    }

    async fn knows(&self, pair: Vec<u8>) -> bool {
        if self.is_remembered(&pair) {
            return true;
        }
        let Some(colon) = pair.iter().position(|b| *b == b':') else {
            return false;
        };
        let (user, password) = (&pair[..colon], pair[colon + 1..].to_vec());
        let found = self
            .users
            .iter()
            .find(|(name, _)| same(name.as_bytes(), user));
        let hash = found.map_or(NOBODY, |(_, hash)| hash.reveal()).to_owned();
        let Ok(_one) = self.one.acquire().await else {
            return false;
        };
        let verify = move || bcrypt::verify(&password, &hash).unwrap_or(false);
        let right = tokio::task::spawn_blocking(verify).await.unwrap_or(false);
        let right = right && found.is_some();
        if right {
            let mut known = self.right.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() < REMEMBERED {
                known.push(pair);
            }
        }
        right
    }

    fn is_remembered(&self, pair: &[u8]) -> bool {
        let known = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|k| same(k, pair))
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
