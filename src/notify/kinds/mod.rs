//! What a letter is to each kind of receiver: the requests that bring it.
//!
//! In: a letter. Out: requests, in order; none where there is nothing that the receiver wants to
//! hear. Nothing is sent here.

mod pagerduty;
mod slack;
mod teams;
pub(super) mod webhook;

#[cfg(test)]
mod tests;

use super::call::Call;
use super::letter::Letter;
use super::receiver::{Kind, Links, Receiver};
use crate::model::{Secret, Timestamp};

/// Why no request could be made, for the log: never with a secret in it.
pub(super) type Unmade = String;

/// The requests that bring a letter to a receiver.
///
/// # Errors
///
/// When a secret of the receiver's cannot be read.
pub(super) fn calls(
    receiver: &Receiver,
    letter: &Letter,
    links: &Links,
    now: Timestamp,
) -> Result<Vec<Call>, Unmade> {
    let wanted = if receiver.send_resolved {
        Some(letter.clone())
    } else {
        letter.clone().without_resolved()
    };
    let Some(letter) = wanted else {
        return Ok(Vec::new());
    };
    match receiver.kind {
        Kind::Webhook => webhook::calls(receiver, &letter, links, now),
        Kind::Slack => slack::calls(receiver, &letter, links),
        Kind::Pagerduty => pagerduty::calls(receiver, &letter, links),
        Kind::Teams => teams::calls(receiver, &letter, links),
        // These are told of alerts as they stand, not by letter.
        Kind::Alertmanager | Kind::Heartbeat => Ok(Vec::new()),
    }
}

/// A request with what all of a receiver's have.
pub(super) fn post(receiver: &Receiver, body: &serde_json::Value) -> Result<Call, Unmade> {
    let mut headers = Vec::new();
    if let Some(token) = &receiver.token {
        let bearer = format!("Bearer {}", token()?.reveal());
        headers.push(("authorization", Secret::new(bearer)));
    }
    Ok(Call {
        url: (receiver.url)()?,
        post: true,
        headers,
        body: body.to_string().into_bytes(),
    })
}

/// A letter that is one message.
fn one_message(
    receiver: &Receiver,
    letter: &Letter,
    body: &serde_json::Value,
) -> Result<Vec<Call>, Unmade> {
    let mut call = post(receiver, body)?;
    idempotent(&mut call, letter);
    Ok(vec![call])
}

/// The header by which a receiver knows what it was told before.
pub(super) fn idempotent(call: &mut Call, letter: &Letter) {
    let key = letter.notification.idempotency_key().to_string();
    call.headers.push(("idempotency-key", Secret::new(key)));
}
