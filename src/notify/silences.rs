//! Silences in Alertmanagers: made there, ended there, and read from there.
//!
//! The addresses of one receiver are peers of one cluster, which tell each other of silences: the
//! first that answers is asked, and no other. In: what is to be silenced. Out: what it is called
//! there. It waits for the network, and no error of it holds an address.
//!
//! Source: Alertmanager's API v2, `/silences` and `/silence/{id}`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Broken, Call, Verdict, judge};
use super::receiver::Receiver;
use super::transport::{Http, Verb};
use crate::model::{Elsewhere, Matcher, Secret, Silence, Timestamp};

/// The longest list of silences that is read, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;

/// The Alertmanagers of one receiver.
pub struct Peers {
    name: Arc<str>,
    peers: Vec<(Receiver, Http)>,
}

/// What one of them came to.
enum Outcome {
    Answered(Answer),
    /// It was refused, for good.
    Refused(String),
    /// It does not have it.
    NotThere,
}

impl Peers {
    /// The receiver's name, and its addresses as receivers of their own.
    pub fn new(name: Arc<str>, peers: Vec<(Receiver, Http)>) -> Self {
        Self { name, peers }
    }

    /// What people call the receiver.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Makes a silence from `now` on. What it is called there.
    ///
    /// # Errors
    ///
    /// When none of the peers answers, or it is refused.
    pub fn create(&self, silence: &Silence, now: Timestamp) -> Result<Elsewhere, String> {
        let matchers = silence.matchers.iter().map(|matcher| {
            let (value, is_regex, is_equal) = matcher.parts();
            json!({"name": matcher.label(), "value": value, "isRegex": is_regex, "isEqual": is_equal})
        });
        let body = json!({
            "matchers": matchers.collect::<Vec<_>>(),
            "startsAt": now,
            "endsAt": silence.until,
            "createdBy": silence.author,
            "comment": silence.why,
        });
        match self.ask(Verb::Post, "/api/v2/silences", &body, now)? {
            Outcome::Answered(answer) => {
                #[derive(Deserialize)]
                struct Made {
                    #[serde(rename = "silenceID")]
                    id: Arc<str>,
                }
                let made: Made = serde_json::from_str(&answer.text)
                    .map_err(|_| "it did not say what the silence is called".to_owned())?;
                Ok(Elsewhere {
                    receiver: Arc::clone(&self.name),
                    id: made.id,
                })
            }
            Outcome::Refused(why) => Err(why),
            Outcome::NotThere => Err("it has no API v2".to_owned()),
        }
    }

    /// Ends a silence. One that is over, or not there, is as it should be.
    ///
    /// # Errors
    ///
    /// When none of the peers answers, or it is refused.
    pub fn expire(&self, id: &str, now: Timestamp) -> Result<(), String> {
        let path = format!("/api/v2/silence/{id}");
        match self.ask(Verb::Delete, &path, &json!(null), now)? {
            Outcome::Answered(_) | Outcome::NotThere => Ok(()),
            Outcome::Refused(why) if why.contains("already expired") => Ok(()),
            Outcome::Refused(why) => Err(why),
        }
    }

    /// Those in force there.
    ///
    /// # Errors
    ///
    /// When none of the peers answers, or what it answers is no list of silences.
    pub fn list(&self, now: Timestamp) -> Result<Vec<Silence>, String> {
        match self.ask(Verb::Get, "/api/v2/silences", &json!(null), now)? {
            Outcome::Answered(answer) => {
                let all: Vec<There> = serde_json::from_str(&answer.text)
                    .map_err(|e| format!("what it answers is no list of silences: {e}"))?;
                Ok(all
                    .iter()
                    .filter_map(|one| one.silence(&self.name))
                    .collect())
            }
            Outcome::Refused(why) => Err(why),
            Outcome::NotThere => Err("it has no API v2".to_owned()),
        }
    }

    /// Asks one peer after the other, until one answers.
    fn ask(
        &self,
        verb: Verb,
        path: &str,
        body: &serde_json::Value,
        now: Timestamp,
    ) -> Result<Outcome, String> {
        let (mut why, mut missing) = (Vec::new(), false);
        for (peer, http) in &self.peers {
            let mut call = super::kinds::post(peer, body)?;
            let base = call.url.reveal().trim_end_matches('/');
            call.url = Secret::new(format!("{base}{path}"));
            match one(http, verb, &call, peer, now) {
                Ok(Outcome::NotThere) => missing = true,
                Ok(outcome) => {
                    tracing::debug!(receiver = %peer.name, path, "this Alertmanager answered");
                    return Ok(outcome);
                }
                Err(error) => why.push(format!("{}: {error}", peer.name)),
            }
        }
        if missing {
            return Ok(Outcome::NotThere);
        }
        Err(why.join("; "))
    }
}

/// Asks one peer. An error is one that another peer may not make.
fn one(
    http: &Http,
    verb: Verb,
    call: &Call,
    peer: &Receiver,
    now: Timestamp,
) -> Result<Outcome, String> {
    let answer: Result<Answer, Broken> = http.ask(verb, call, LONGEST);
    if matches!(&answer, Ok(a) if a.status == 404) {
        return Ok(Outcome::NotThere);
    }
    let token = peer.token.as_ref().and_then(|read| read().ok());
    let secrets: Vec<_> = token.into_iter().collect();
    match judge(call, answer.clone(), &secrets, now) {
        Verdict::Taken => answer.map(Outcome::Answered).map_err(|e| e.0),
        Verdict::Never(why) => Ok(Outcome::Refused(why)),
        // Alertmanager answers 500 about one that is over.
        Verdict::Later(why, _) if why.contains("already expired") => Ok(Outcome::Refused(why)),
        Verdict::Later(why, _) => Err(why),
    }
}

/// A silence as Alertmanager tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct There {
    id: Arc<str>,
    status: Status,
    matchers: Vec<TheirMatcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: Arc<str>,
    comment: Arc<str>,
}

#[derive(Deserialize)]
struct Status {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TheirMatcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl There {
    /// The same in our words, if it is in force and its matchers can be said in them.
    fn silence(&self, receiver: &Arc<str>) -> Option<Silence> {
        if self.status.state != "active" {
            return None;
        }
        let matcher =
            |m: &TheirMatcher| Matcher::of_parts(&m.name, &m.value, m.is_regex, m.is_equal).ok();
        Some(Silence {
            id: Arc::clone(&self.id),
            matchers: self.matchers.iter().map(matcher).collect::<Option<_>>()?,
            since: self.starts_at,
            until: self.ends_at,
            author: Arc::clone(&self.created_by),
            why: Arc::clone(&self.comment),
            alertmanagers: vec![Elsewhere {
                receiver: Arc::clone(receiver),
                id: Arc::clone(&self.id),
            }],
        })
    }
}
