//! Commands over a real socket.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::commands::{Commands, Orders};
use super::tests::{Running, run_with};
use crate::model::testing::{NOW, World};
use crate::model::{Command, Elsewhere, Secret, Silence, Snapshot, Span};

/// Writes down what is ordered.
#[derive(Default)]
struct Noted(Mutex<Vec<Command>>);

impl Noted {
    fn taken(&self) -> Vec<Command> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Orders for Noted {
    fn command(&self, command: Command) -> BoxFuture<'_, Result<(), String>> {
        self.0.lock().unwrap().push(command);
        Box::pin(async { Ok(()) })
    }

    fn reload<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(async move {
            match by {
                "bob" => Err("a.toml:3: wrong".to_owned()),
                by => Ok(vec![format!("for {by}")]),
            }
        })
    }
}

fn snapshot() -> Snapshot {
    let mut snapshot = World::new()
        .cluster("eu", |c| {
            c.topic("orders", &[(0, 100)]);
            c.group("billing", |g| g.commits("orders", &[Some(90)]));
        })
        .build();
    Arc::make_mut(&mut snapshot.notices).silences.push(Silence {
        id: "s1".into(),
        matchers: vec!["group=\"billing\"".parse().unwrap()],
        since: NOW,
        until: NOW + Span::from_secs(60),
        author: "ann".into(),
        why: "known".into(),
        alertmanagers: vec![Elsewhere {
            receiver: "am".into(),
            id: "at-am".into(),
        }],
    });
    snapshot
}

async fn serving() -> (Running, Arc<Noted>) {
    let noted = Arc::new(Noted::default());
    let commands = Commands {
        token: Secret::new("sesame"),
        orders: Arc::clone(&noted) as Arc<dyn Orders>,
    };
    (run_with(snapshot(), Some(commands)).await, noted)
}

const JSON: &str = "Content-Type: application/json\r\n";
const BEARER: &str = "Authorization: Bearer sesame\r\n";

async fn post(server: &Running, path: &str, head: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!("POST {path} HTTP/1.0\r\n{head}Content-Length: {length}\r\n\r\n{body}");
    let (status, _, body) = server.ask(&request).await;
    (status, body)
}

async fn ordered(server: &Running, path: &str, body: &Value) -> (u16, Value) {
    let head = format!("{BEARER}{JSON}");
    let (status, body) = post(server, path, &head, &body.to_string()).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn nothing_is_taken_without_the_token_and_the_type() {
    let (server, noted) = serving().await;
    let mark = json!({"group": "billing", "for": "10m", "why": "deploy", "author": "ci"});
    let mark = mark.to_string();
    for (head, expected) in [
        (JSON.to_owned(), 401),
        (format!("Authorization: Bearer sesam\r\n{JSON}"), 401),
        (format!("Authorization: Basic sesame\r\n{JSON}"), 401),
        (BEARER.to_owned(), 415),
        (format!("{BEARER}Content-Type: text/plain\r\n"), 415),
        (
            format!("{BEARER}Content-Type: application/json; charset=utf-8\r\n"),
            200,
        ),
    ] {
        for path in [
            "/api/v1/marks",
            "/api/v1/silences",
            "/api/v1/silences/s1/expire",
            "/api/v1/reload",
        ] {
            let (status, body) = post(&server, path, &head, &mark).await;
            let expected = if expected == 200 && !path.ends_with("marks") {
                400
            } else {
                expected
            };
            assert_eq!(status, expected, "{path} {head} {body}");
        }
    }
    assert_eq!(noted.taken().len(), 1);
    let (status, _) = post(
        &run_with(snapshot(), None).await,
        "/api/v1/marks",
        BEARER,
        "{}",
    )
    .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_mark_becomes_a_command() {
    let (server, noted) = serving().await;
    let mark = |group: &str, during: &str| json!({"group": group, "for": during, "why": "deploy 4.2", "author": "ci"});
    let (status, answer) = ordered(&server, "/api/v1/marks", &mark("billing", "10m")).await;
    assert_eq!((status, &answer["data"]["note"]), (200, &Value::Null));
    let until = NOW + Span::from_secs(600);
    assert_eq!(
        noted.taken(),
        [Command::Mark {
            cluster: None,
            group: "billing".into(),
            until,
            why: "deploy 4.2".into(),
            author: "ci".into(),
        }]
    );
    let (status, answer) = ordered(&server, "/api/v1/marks", &mark("biling", "10m")).await;
    let note = "no cluster has a group biling now";
    assert_eq!((status, &answer["data"]["note"]), (200, &json!(note)));
    for (wrong, why) in [
        (mark("billing", "10"), "`for`"),
        (mark("billing", "0s"), "over already"),
        (mark("billing", "9000d"), "longer than"),
        (
            json!({"group": "billing", "why": "x", "author": "ci"}),
            "say `for`",
        ),
        (
            json!({"group": "billing", "for": "1m", "why": " ", "author": "ci"}),
            "`why`",
        ),
        (
            json!({"group": "billing", "for": "1m", "why": "x", "author": "ci", "by": 1}),
            "unknown field `by`",
        ),
    ] {
        let (status, answer) = ordered(&server, "/api/v1/marks", &wrong).await;
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.contains(why), "{status} {error}");
    }
}

#[tokio::test]
async fn silences_are_made_listed_and_ended() {
    let (server, noted) = serving().await;
    let silence = |matchers: &[&str]| json!({"matchers": matchers, "until": "2026-11-20T19:00:00Z", "why": "known", "author": "ann"});
    let (status, answer) = ordered(
        &server,
        "/api/v1/silences",
        &silence(&["group=\"billing\""]),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let taken = noted.taken();
    let [Command::Silence { id, matchers, .. }] = taken.as_slice() else {
        panic!("{taken:?}");
    };
    assert_eq!(answer["data"]["id"], json!(id));
    assert_eq!(matchers[0].to_string(), "group=\"billing\"");
    for (wrong, why) in [
        (silence(&[]), "must ask for something"),
        (
            silence(&["owner!=\"x\"", "group=~\".*\""]),
            "must ask for something",
        ),
        (silence(&["group"]), "is no matcher"),
    ] {
        let (status, answer) = ordered(&server, "/api/v1/silences", &wrong).await;
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.contains(why), "{status} {error}");
    }
    let (status, _, body) = server.get("/api/v1/silences").await;
    let list: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &list["data"][0]["id"]), (200, &json!("s1")));
    assert_eq!(list["data"][0]["matchers"], json!(["group=\"billing\""]));
    let by = json!({"author": "ann"});
    let (status, _) = ordered(&server, "/api/v1/silences/s1/expire", &by).await;
    let (missing, _) = ordered(&server, "/api/v1/silences/s2/expire", &by).await;
    assert_eq!((status, missing), (200, 404));
    let expire = Command::Expire {
        silence: "s1".into(),
        author: "ann".into(),
        alertmanagers: vec![Elsewhere {
            receiver: "am".into(),
            id: "at-am".into(),
        }],
    };
    assert_eq!(noted.taken(), [expire]);
}

#[tokio::test]
async fn a_reload_says_what_is_wrong() {
    let (server, _) = serving().await;
    let (status, answer) = ordered(&server, "/api/v1/reload", &json!({"author": "ann"})).await;
    assert_eq!(
        (status, &answer["data"]["notes"]),
        (200, &json!(["for ann"]))
    );
    let (status, answer) = ordered(&server, "/api/v1/reload", &json!({"author": "bob"})).await;
    assert_eq!((status, &answer["error"]), (422, &json!("a.toml:3: wrong")));
}
