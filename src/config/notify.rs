//! `[notify]`: routes and recurring times, and what each of them alone cannot tell.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::place::Place;
use super::problem::{Problem, did_you_mean};
use super::schema::Field;
use super::settings::Config;
use super::tree::{Entry, Node, Table, find};
use super::value::{Refusal, Scalar, quoted};
use crate::model::{Matcher, Recurring, Route, Span, TimeInterval, is_label};

/// The table.
pub(crate) const NOTIFY: &str = "notify";
/// The list of routes in it.
pub(crate) const ROUTES: &str = "route";
/// The list of recurring times in it.
pub(crate) const RECURRING: &str = "time_interval";

/// `[[notify.route]]`.
pub(crate) const ROUTE: &[Field<Route>] = &[
    Field {
        key: "matchers",
        help: "Which alerts: conditions on their labels, all of which must hold, as Alertmanager \
               writes them (=, !=, =~, !~). All alerts when there is none.",
        example: "['severity=\"page\"', 'owner=~\"team-.*\"']",
        at: |r| &mut r.matchers,
    },
    Field {
        key: "receivers",
        help: "Who is told. Nobody when it is not set.",
        example: "[\"night\"]",
        at: |r| &mut r.receivers,
    },
    Field {
        key: "mute_time_intervals",
        help: "Recurring times at which nobody is told, by name; what still fires then is told \
               afterwards.",
        example: "[\"nights\"]",
        at: |r| &mut r.mute_time_intervals,
    },
    Field {
        key: "continue",
        help: "Whether the routes after it may take the alert, too.",
        example: "true",
        at: |r| &mut r.r#continue,
    },
];

/// `[[notify.time_interval]]`.
pub(crate) const TIME_INTERVAL: &[Field<Recurring>] = &[
    Field {
        key: "name",
        help: "What routes call it.",
        example: "\"nights\"",
        at: |r| &mut r.name,
    },
    Field {
        key: "time_intervals",
        help: "Alertmanager's time intervals, any of which may hold: times, weekdays, \
               days_of_month, months, years, and location, a time zone (UTC when it is not set).",
        example: "[{ times = [{ start_time = \"22:00\", end_time = \"24:00\" }, { start_time = \"00:00\", end_time = \"06:00\" }], location = \"Europe/Berlin\" }]",
        at: |r| &mut r.time_intervals,
    },
];

impl Scalar for Matcher {
    const WHAT: &'static str = "a matcher";
    const MANY: &'static str = "matchers";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse::<Self>()
            .map_err(|error| Refusal::Value(error.to_string()))
    }

    fn show(&self) -> String {
        let text = self.to_string();
        if text.contains('\'') || text.contains(char::is_control) {
            quoted(&text)
        } else {
            format!("'{text}'")
        }
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

impl Scalar for TimeInterval {
    const WHAT: &'static str = "a time interval";
    const MANY: &'static str = "time intervals";

    fn from_text(_: &str, _: &Place) -> Result<Self, Refusal> {
        Err(Refusal::Type(None))
    }

    fn from_node(node: &Node, _: &Place) -> Result<Self, Refusal> {
        if !matches!(node, Node::Table(_)) {
            return Err(Refusal::Type(None));
        }
        let interval: Self =
            serde_json::from_value(json_of(node)).map_err(|e| Refusal::Value(e.to_string()))?;
        match interval.times.iter().find_map(|range| range.wrong()) {
            Some(wrong) => Err(Refusal::Value(wrong)),
            None => Ok(interval),
        }
    }

    fn show(&self) -> String {
        serde_json::to_value(self).map_or_else(|_| String::new(), |json| toml_of(&json))
    }

    fn schema() -> Json {
        let texts = json!({ "type": "array", "items": { "type": ["string", "integer"] } });
        let time = json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$" });
        json!({
            "type": "object",
            "properties": {
                "times": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "start_time": time, "end_time": time },
                    "required": ["start_time", "end_time"],
                    "additionalProperties": false,
                } },
                "weekdays": texts,
                "days_of_month": texts,
                "months": texts,
                "years": texts,
                "location": { "type": "string" },
            },
            "additionalProperties": false,
        })
    }
}

/// Numbers may stand where their texts may: `years = [2026]`.
fn json_of(node: &Node) -> Json {
    match node {
        Node::Text(text) | Node::Untyped(text) | Node::Other(text) => json!(text),
        Node::Integer(n) => json!(n.to_string()),
        Node::Float(n) => json!(n.to_string()),
        Node::Flag(flag) => json!(flag),
        Node::List(list) => list.iter().map(|e| json_of(&e.node)).collect(),
        Node::Table(table) => {
            let pairs = table.iter().map(|(k, e)| (k.clone(), json_of(&e.node)));
            Json::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// Inline tables; what is empty is left out.
fn toml_of(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(list) => {
            let items: Vec<_> = list.iter().map(toml_of).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(map) => {
            let set = map
                .iter()
                .filter(|(_, v)| v.as_array().is_none_or(|a| !a.is_empty()));
            let mut text = String::new();
            for (key, value) in set {
                let comma = if text.is_empty() { "" } else { "," };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma} {key} = {}", toml_of(value));
            }
            if text.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{{text} }}")
            }
        }
        other => other.to_string(),
    }
}

/// The tables of a list in `[notify]`.
pub(crate) fn entries<'a>(tree: &'a Table, list: &str) -> Vec<&'a Entry> {
    match find(tree, &[NOTIFY, list]).map(|e| &e.node) {
        Some(Node::List(list)) => list
            .iter()
            .filter(|e| matches!(e.node, Node::Table(_)))
            .collect(),
        _ => Vec::new(),
    }
}

/// What stands against each other.
pub(crate) fn judge(config: &Config, tree: &Table, problems: &mut Vec<Problem>) {
    let notify = &config.notify;
    let mut demand = |setting: &str, holds: bool, what: String| {
        if let (false, Some(entry)) = (holds, find(tree, &[NOTIFY, setting])) {
            let message = format!("`{setting}` must be {what}");
            problems.push(Problem::error(entry.place.clone(), message));
        }
    };
    // "...": every alert is alone.
    let fits = |name: &std::sync::Arc<str>| **name == *"..." || is_label(name);
    demand(
        "group_by",
        notify.group_by.iter().all(fits),
        "names of labels, or [\"...\"]".into(),
    );
    let interval = notify.group_interval;
    demand(
        "group_interval",
        interval >= Span::from_secs(1),
        "at least 1s".into(),
    );
    demand(
        "repeat_interval",
        notify.repeat_interval >= interval,
        format!("at least group_interval ({interval})"),
    );
    judge_recurring(&notify.recurring, &entries(tree, RECURRING), problems);
    let names: Vec<&str> = notify.recurring.iter().map(|r| &*r.name).collect();
    for (route, entry) in notify.routes.iter().zip(entries(tree, ROUTES)) {
        let unknown = |name: &&std::sync::Arc<str>| !names.contains(&&***name);
        let Some(name) = route.mute_time_intervals.iter().find(unknown) else {
            continue;
        };
        let place = match &entry.node {
            Node::Table(table) => find(table, &["mute_time_intervals"]),
            _ => None,
        };
        let place = place.map_or(&entry.key, |e| &e.place);
        let message = format!("there is no [[notify.{RECURRING}]] `{name}`");
        problems.push(Problem::error(place.clone(), message).hint(did_you_mean(name, &names)));
    }
}

fn judge_recurring(recurring: &[Recurring], entries: &[&Entry], problems: &mut Vec<Problem>) {
    for (n, (one, entry)) in recurring.iter().zip(entries).enumerate() {
        if one.name.is_empty() {
            let message = format!("this [[notify.{RECURRING}]] has no name");
            let problem = Problem::error(entry.key.clone(), message);
            problems.push(problem.hint("add a line like this: name = \"nights\""));
        }
        let mut earlier = recurring.iter().zip(entries).take(n);
        if let Some((_, by)) = earlier.find(|(e, _)| e.name == one.name) {
            let message = format!("there are two [[notify.{RECURRING}]] `{}`", one.name);
            problems.push(Problem::error(entry.key.clone(), message).also(by.key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, load, print};

    #[test]
    fn what_alerts_are_grouped_by_is_a_label() {
        let said = |group_by: &str| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.toml");
            std::fs::write(&path, format!("[notify]\ngroup_by = {group_by}\n")).unwrap();
            let problems = load(Some(&path), &Environment::default(), &[]).problems;
            print(&problems).contains("`group_by` must be names of labels")
        };
        for (group_by, wrong) in [
            ("[]", false),
            (r#"["..."]"#, false),
            (r#"["kafka_cluster", "owner"]"#, false),
            (r#"["no-label"]"#, true),
            (r#"["2nd"]"#, true),
            (r#"[""]"#, true),
        ] {
            assert_eq!(said(group_by), wrong, "{group_by}");
        }
    }

    #[test]
    fn routes_and_recurring_times_are_read_and_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        let text = r#"[notify]
receivers = ["day"]
group_by = ["owner"]
repeat_interval = "12h"

[[notify.receiver]]
name = "day"
kind = "webhook"
url = "http://day"

[[notify.receiver]]
name = "night"
kind = "webhook"
url = "http://night"

[[notify.receiver]]
name = "board"
kind = "webhook"
url = "http://board"

[[notify.route]]
matchers = ['severity="page"', 'owner=~"team-.*"']
receivers = ["night", "board"]
mute_time_intervals = ["nights"]
continue = true

[[notify.time_interval]]
name = "nights"
time_intervals = [{ times = [{ start_time = "22:00", end_time = "24:00" }], location = "Europe/Berlin", weekdays = ["monday:friday"], years = [2026] }]
"#;
        std::fs::write(&path, text).unwrap();
        let loaded = load(Some(&path), &Environment::default(), &[]);
        assert!(loaded.is_usable(), "{}", print(&loaded.problems));
        let notify = &loaded.config.notify;
        assert_eq!(notify.routes.len(), 1);
        assert!(notify.routes[0].r#continue);
        assert_eq!(
            notify.routes[0].matchers[1].to_string(),
            "owner=~\"team-.*\""
        );
        let weekday = "2026-11-20T21:30:00Z".parse().unwrap();
        assert!(notify.recurring[0].contains(weekday));
        assert_eq!(loaded.config.settings().notify, *notify);
        // What is shown is read again as the same.
        let again = dir.path().join("b.toml");
        std::fs::write(&again, loaded.show()).unwrap();
        let again = load(Some(&again), &Environment::default(), &[]);
        assert_eq!(again.config.notify, *notify, "{}", loaded.show());
    }
}
