//! A request, and what can come of it; the seam at which tests put a receiver of their own.

use std::fmt;

use crate::model::{Secret, Timestamp};

/// A request to a receiver.
#[derive(Clone)]
pub struct Call {
    /// Where to.
    pub url: Secret,
    /// `POST` with the body as JSON; else `GET`.
    pub post: bool,
    /// Beside the content type.
    pub headers: Vec<(&'static str, Secret)>,
    /// What is sent.
    pub body: Vec<u8>,
}

/// The body may hold a key.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a call with {} bytes", self.body.len())
    }
}

/// What a receiver answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's code.
    pub status: u16,
    /// `Retry-After`, as it was written.
    pub retry_after: Option<String>,
    /// How its answer begins.
    pub text: String,
}

/// There is no answer; why, in words that name no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// Sends requests, one at a time.
pub trait Transport: Send {
    /// Sends one, and waits for its answer.
    ///
    /// # Errors
    ///
    /// When there was none: whether it arrived is not known.
    fn send(&mut self, call: &Call) -> Result<Answer, Broken>;
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken.
    Taken,
    /// Again later: not before the instant, if the receiver named one.
    Later(String, Option<Timestamp>),
    /// It will never be taken as it is.
    Never(String),
}

/// Retrying is for what may pass: no answer, 408, 429, 5xx. 401 and 403 are about who asks and not
/// about what is asked, so that mending the secret must not lose what waits. Anything else would be
/// refused again.
pub(crate) fn judge(
    call: &Call,
    sent: Result<Answer, Broken>,
    more: &[Secret],
    now: Timestamp,
) -> Verdict {
    let answer = match sent {
        Ok(answer) => answer,
        Err(Broken(why)) => return Verdict::Later(why, None),
    };
    let status = answer.status;
    let said = redacted(&answer.text, call, more);
    let text = if said.is_empty() {
        format!("it answered {status}")
    } else {
        format!("it answered {status}: {said}")
    };
    match status {
        200..=299 => Verdict::Taken,
        401 | 403 | 408 | 429 | 500..=599 => {
            let after = answer.retry_after.as_deref();
            Verdict::Later(text, after.and_then(|after| retry_after(after, now)))
        }
        300..=399 => Verdict::Later(format!("{text} (redirections are not followed)"), None),
        _ => Verdict::Never(text),
    }
}

/// Seconds, or a date as HTTP writes it; at most an hour, so that a slip of the receiver's does not
/// silence it for good.
fn retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let millis = if let Ok(seconds) = text.parse::<i64>() {
        now.as_millis().saturating_add(seconds.saturating_mul(1000))
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        date.timestamp().as_millisecond()
    };
    let most = now.as_millis() + 3_600_000;
    Some(Timestamp::from_millis(millis.clamp(now.as_millis(), most)))
}

/// One line of an answer without anything of what was sent that could be a secret: servers like to
/// repeat the path that they were asked for.
fn redacted(text: &str, call: &Call, more: &[Secret]) -> String {
    const LONGEST: usize = 120;
    let url = call.url.reveal();
    let mut secrets = vec![url];
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    secrets.push(path);
    secrets.extend(path.split(['/', '?', '&', '=', '#']));
    let user = host.rsplit_once('@').map_or("", |(user, _)| user);
    secrets.extend(user.split(':'));
    secrets.extend(more.iter().map(Secret::reveal));
    secrets.extend(call.headers.iter().map(|(_, value)| value.reveal()));
    secrets.retain(|s| s.len() >= 6);
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let mut text: String = text.chars().take(4 * LONGEST).collect();
    for secret in secrets {
        text = text.replace(secret, "***");
    }
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.trim().chars().map(plain).take(LONGEST).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;
    use crate::model::testing::NOW;

    fn call() -> Call {
        Call {
            url: Secret::new(
                "https://me:pass-word@hooks.example.com/services/T000/B000/s3cr3t?k=v4lue77",
            ),
            post: true,
            headers: vec![("authorization", Secret::new("Bearer t0ken-of-mine"))],
            body: Vec::new(),
        }
    }

    fn answered(status: u16, retry_after: Option<&str>, text: &str) -> Verdict {
        let answer = Answer {
            status,
            retry_after: retry_after.map(str::to_owned),
            text: text.to_owned(),
        };
        judge(&call(), Ok(answer), &[Secret::new("routing-key-1")], NOW)
    }

    #[test]
    fn what_may_pass_is_tried_again_and_nothing_else_is() {
        assert_eq!(answered(204, None, ""), Verdict::Taken);
        for status in [301, 401, 403, 408, 429, 500, 502, 503, 504] {
            let verdict = answered(status, None, "");
            assert!(
                matches!(verdict, Verdict::Later(..)),
                "{status}: {verdict:?}"
            );
        }
        for status in [400, 404, 405, 410, 413, 422] {
            let verdict = answered(status, None, "");
            assert!(
                matches!(verdict, Verdict::Never(_)),
                "{status}: {verdict:?}"
            );
        }
        let broken = judge(&call(), Err(Broken("it took too long".into())), &[], NOW);
        assert_eq!(broken, Verdict::Later("it took too long".into(), None));
    }

    #[test]
    fn a_receiver_says_when_to_come_again() {
        let until = |text: &str| match answered(429, Some(text), "") {
            Verdict::Later(_, until) => until.map(|t| t - NOW),
            other => panic!("{other:?}"),
        };
        let secs = Span::from_secs;
        assert_eq!(until("30"), Some(secs(30)));
        assert_eq!(until("999999999999999999"), Some(secs(3600)));
        assert_eq!(until("-5"), Some(secs(0)));
        // NOW is 2026-11-20T18:00:00Z.
        assert_eq!(until("Fri, 20 Nov 2026 18:02:00 GMT"), Some(secs(120)));
        assert_eq!(until("soon"), None);
    }

    #[test]
    fn an_answer_is_told_without_what_could_be_a_secret() {
        let said = "no /services/T000/B000/s3cr3t here,\n v4lue77 pass-word routing-key-1 Bearer t0ken-of-mine";
        let Verdict::Never(text) = answered(404, None, said) else {
            panic!()
        };
        assert!(text.starts_with("it answered 404: no /"), "{text}");
        for secret in ["s3cr3t", "v4lue77", "pass-word", "routing-key-1", "t0ken"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
