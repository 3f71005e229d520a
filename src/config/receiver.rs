//! Who is told of alerts: `[[notify.receiver]]`.
//!
//! In: what was written. Out: receivers as `notify` takes them. What is a secret may not stand in a
//! file in plain text, and no error shows it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::held::Held;
use super::notify::{NOTIFY, ROUTES, entries};
use super::place::Place;
use super::problem::{Problem, did_you_mean};
use super::settings::Config;
use super::tree::{Entry, Node, Table, find};
use super::value::{Refusal, Scalar, quoted};
use crate::model::Span;
use crate::notify::{GIVE_UP_AFTER, Kind};

/// The list of receivers in `[notify]`.
pub(crate) const RECEIVER: &str = "receiver";
/// PagerDuty's own address.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// One receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiverSettings {
    /// What it is called.
    pub name: Option<Arc<str>>,
    /// What speaks there.
    pub kind: Option<Kind>,
    /// Where it is; all of these.
    pub url: Vec<Held>,
    /// PagerDuty's key.
    pub routing_key: Option<Held>,
    /// What a webhook is signed with.
    pub signing_key: Option<Held>,
    /// For the `Authorization` header.
    pub bearer_token: Option<Held>,
    /// Certificates that are trusted instead of the usual ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Span,
    /// How long what could not be delivered is kept.
    pub give_up_after: Span,
    /// Whether it is told that something is over.
    pub send_resolved: bool,
    /// How often a heartbeat is sent.
    pub interval: Span,
    /// The alert that must fire for it.
    pub alert: Arc<str>,
}

impl Default for ReceiverSettings {
    fn default() -> Self {
        Self {
            name: None,
            kind: None,
            url: Vec::new(),
            routing_key: None,
            signing_key: None,
            bearer_token: None,
            ca_file: None,
            timeout: Span::from_secs(10),
            give_up_after: GIVE_UP_AFTER,
            send_resolved: true,
            interval: Span::from_secs(60),
            alert: "LaggardWatchdog".into(),
        }
    }
}

impl ReceiverSettings {
    /// Where it is, PagerDuty's own address where none is set.
    pub fn urls(&self) -> Vec<Held> {
        match (self.kind, self.url.is_empty()) {
            (Some(Kind::Pagerduty), true) => {
                vec![Held::Literal(crate::model::Secret::new(PAGERDUTY))]
            }
            _ => self.url.clone(),
        }
    }
}

impl Scalar for Kind {
    const WHAT: &'static str = "a kind of receiver";
    const MANY: &'static str = "kinds of receivers";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|k| k.name() == text.trim());
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let advice = did_you_mean(text.trim(), &names);
            Refusal::Value(format!(
                "`{}` is no kind of receiver: {advice}",
                text.trim()
            ))
        })
    }

    fn show(&self) -> String {
        quoted(self.name())
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::name) })
    }
}

/// What is wrong with receivers, beyond each value alone.
pub(crate) fn judge(config: &Config, tree: &Table, problems: &mut Vec<Problem>) {
    let receivers = &config.receivers;
    let entries = entries(tree, RECEIVER);
    for (n, (receiver, entry)) in receivers.iter().zip(&entries).enumerate() {
        let Node::Table(table) = &entry.node else {
            continue;
        };
        let mut of = Of {
            entry,
            table,
            problems,
        };
        of.names(receiver, &receivers[..n]);
        of.kind(receiver);
        of.addresses(receiver);
        of.secrets(receiver);
        of.others(receiver);
    }
    judge_names(config, tree, problems);
}

/// Those whom routes name must be there, and be told by letter.
fn judge_names(config: &Config, tree: &Table, problems: &mut Vec<Problem>) {
    let letters = config
        .receivers
        .iter()
        .filter(|r| r.kind.is_none_or(Kind::takes_letters));
    let letters: Vec<_> = letters.filter_map(|r| r.name.as_deref()).collect();
    let mut check = |names: &[Arc<str>], place: Option<&Entry>| {
        for name in names.iter().filter(|n| !letters.contains(&&***n)) {
            let Some(entry) = place else { continue };
            let stands = config
                .receivers
                .iter()
                .any(|r| r.name.as_ref() == Some(name));
            let message = if stands {
                format!("`{name}` is told of all alerts as they stand: no route leads there")
            } else {
                format!("there is no [[notify.receiver]] `{name}`")
            };
            let hint = (!stands).then(|| did_you_mean(name, &letters));
            problems.push(Problem::error(entry.place.clone(), message).maybe_hint(hint));
        }
    };
    check(&config.notify.receivers, find(tree, &[NOTIFY, "receivers"]));
    for (route, entry) in config.notify.routes.iter().zip(entries(tree, ROUTES)) {
        let place = match &entry.node {
            Node::Table(table) => table.get("receivers"),
            _ => None,
        };
        check(&route.receivers, place);
    }
}

/// One receiver as it was written, and what is found wrong.
struct Of<'a> {
    entry: &'a Entry,
    table: &'a Table,
    problems: &'a mut Vec<Problem>,
}

impl Of<'_> {
    fn wrong(&mut self, key: &str, message: impl Into<String>, hint: Option<&str>) {
        let place = self.table.get(key).map_or(&self.entry.key, |e| &e.key);
        let problem = Problem::error(place.clone(), message);
        self.problems
            .push(problem.maybe_hint(hint.map(str::to_owned)));
    }

    fn names(&mut self, receiver: &ReceiverSettings, before: &[ReceiverSettings]) {
        match receiver.name.as_deref() {
            None if !self.table.contains_key("name") => self.wrong(
                "name",
                "this [[notify.receiver]] has no name",
                Some("add a line like this: name = \"night\""),
            ),
            Some(name) if name.is_empty() || name.contains(char::is_control) => {
                self.wrong("name", "a receiver's name must be a plain word", None);
            }
            Some(name) if before.iter().any(|r| r.name.as_deref() == Some(name)) => {
                self.wrong("name", format!("two receivers are called `{name}`"), None);
            }
            _ => {}
        }
    }

    fn kind(&mut self, receiver: &ReceiverSettings) {
        if receiver.kind.is_none() && !self.table.contains_key("kind") {
            let names = Kind::ALL.map(Kind::name).join(", ");
            let hint = format!("there are: {names}");
            self.wrong("kind", "this [[notify.receiver]] has no kind", Some(&hint));
        }
    }

    fn addresses(&mut self, receiver: &ReceiverSettings) {
        let Some(kind) = receiver.kind else { return };
        let written = self.table.contains_key("url");
        if receiver.urls().is_empty() && !written {
            let hint = "add a line like this: url = \"https://example.com/laggard\", or \
                        \"env:NAME\" or \"file:PATH\" where it is a secret";
            self.wrong("url", "this [[notify.receiver]] has no url", Some(hint));
        }
        if receiver.url.len() > 1 && kind != Kind::Alertmanager {
            let hint = "write one [[notify.receiver]] for each";
            self.wrong("url", "only Alertmanagers may be several", Some(hint));
        }
        for held in &receiver.url {
            self.address(kind, held);
        }
    }

    fn address(&mut self, kind: Kind, held: &Held) {
        let url = match held.read() {
            Ok(url) => url,
            Err(error) => return self.wrong("url", format!("`url`: {error}"), None),
        };
        if let Some(why) = wrong_url(url.reveal()) {
            return self.wrong("url", format!("`url` is no address: {why}"), None);
        }
        let secret = matches!(kind, Kind::Slack | Kind::Teams | Kind::Heartbeat)
            || url.reveal().contains(['@', '?']);
        if secret && matches!(held, Held::Literal(_)) {
            self.in_plain_text("url", "url");
        }
    }

    /// An error where it stands in a file; the environment is where secrets may stand.
    fn in_plain_text(&mut self, key: &str, name: &str) {
        let place = self.table.get(key).map_or(&self.entry.key, |e| &e.key);
        if matches!(place, Place::Variable(_)) {
            return;
        }
        let hint = format!("write {name} = \"env:NAME\" or \"file:PATH\"");
        let message = format!("`{key}` is a secret, and must not stand in this file");
        self.wrong(key, message, Some(&hint));
    }

    fn secrets(&mut self, receiver: &ReceiverSettings) {
        let held = [
            ("routing_key", &receiver.routing_key),
            ("signing_key", &receiver.signing_key),
            ("bearer_token", &receiver.bearer_token),
        ];
        for (key, held) in held {
            let Some(held) = held else { continue };
            if matches!(held, Held::Literal(_)) {
                self.in_plain_text(key, key);
            }
            match held.read() {
                Err(error) => self.wrong(key, format!("`{key}`: {error}"), None),
                Ok(secret) if secret.reveal().trim().is_empty() => {
                    self.wrong(key, format!("`{key}` is empty"), None);
                }
                Ok(secret) if secret.reveal().contains(char::is_control) => {
                    self.wrong(key, format!("`{key}` must be one line"), None);
                }
                Ok(_) => {}
            }
        }
        let wants = receiver.kind == Some(Kind::Pagerduty) && receiver.routing_key.is_none();
        if wants && !self.table.contains_key("routing_key") {
            let hint = "add a line like this: routing_key = \"env:PAGERDUTY_KEY\"";
            self.wrong("kind", "pagerduty needs a routing_key", Some(hint));
        }
    }

    fn others(&mut self, receiver: &ReceiverSettings) {
        let Some(kind) = receiver.kind else { return };
        for (key, of) in [
            ("routing_key", Kind::Pagerduty),
            ("signing_key", Kind::Webhook),
            ("interval", Kind::Heartbeat),
            ("alert", Kind::Heartbeat),
        ] {
            if of != kind && self.table.contains_key(key) {
                let message = format!("`{key}` is for the kind {} alone", of.name());
                self.wrong(key, message, None);
            }
        }
        if let Some(path) = &receiver.ca_file
            && let Err(error) = std::fs::File::open(path)
        {
            let message = format!("`ca_file`: {} cannot be read: {error}", path.display());
            self.wrong("ca_file", message, None);
        }
        for (key, span, least) in [
            ("timeout", receiver.timeout, Span::from_millis(100)),
            ("give_up_after", receiver.give_up_after, Span::from_secs(60)),
            ("interval", receiver.interval, Span::from_secs(1)),
        ] {
            if span < least {
                self.wrong(key, format!("`{key}` must be at least {least}"), None);
            }
        }
    }
}

/// What is wrong with an address, in words that show nothing of it.
fn wrong_url(url: &str) -> Option<&'static str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("it must begin with https:// or http://");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Some("it names no host");
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c)) {
        return Some("a character in it must be written as %XX");
    }
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']'));
    if port.is_some_and(|(_, port)| port.parse::<u16>().is_err()) {
        return Some("its port is no number from 1 to 65535");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_or_it_is_said_why_not() {
        for fine in [
            "http://a",
            "https://a:8443/b?c=d",
            "http://[::1]:9093/",
            "https://me:pw@h/x",
        ] {
            assert_eq!(wrong_url(fine), None, "{fine}");
        }
        for wrong in [
            "a:9093",
            "ftp://a",
            "http://",
            "http://:80",
            "http://a b",
            "http://a:x/",
        ] {
            assert!(wrong_url(wrong).is_some(), "{wrong}");
        }
    }
}
