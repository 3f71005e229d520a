//! The face over a real socket, on snapshots written by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Commands, Http, Listener, Web, serve};
use crate::catalog::Options;
use crate::model::document::from_json;
use crate::model::testing::{NOW, World};
use crate::model::{AdvisedMembers, Pattern, Snapshot, Span};

const SOON: Duration = Duration::from_secs(20);

pub(super) struct Running {
    addr: SocketAddr,
    snapshots: watch::Sender<Arc<Snapshot>>,
    seconds: Arc<AtomicI64>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn run(snapshot: Snapshot) -> Running {
    run_as(snapshot, Web::default(), "").await
}

async fn run_as(snapshot: Snapshot, web: Web, prefix: &str) -> Running {
    run_all(snapshot, web, prefix, None).await
}

/// One that takes commands.
pub(super) async fn run_with(snapshot: Snapshot, commands: Option<Commands>) -> Running {
    run_all(snapshot, Web::default(), "", commands).await
}

async fn run_all(
    snapshot: Snapshot,
    web: Web,
    prefix: &str,
    commands: Option<Commands>,
) -> Running {
    let (snapshots, newest) = watch::channel(Arc::new(snapshot));
    let seconds = Arc::new(AtomicI64::new(0));
    let passed = Arc::clone(&seconds);
    let http = Http {
        snapshots: newest,
        clock: Arc::new(move || NOW + Span::from_secs(passed.load(Ordering::Relaxed))),
        options: Options {
            source: "demo".to_owned(),
            partitions_of: Some(Pattern::new(".*").unwrap()),
            ..Options::default()
        },
        past: None,
        internals: Arc::new(|| "# TYPE laggard_own counter\nlaggard_own 1\n".to_owned()),
        web,
        commands,
        prefix: prefix.to_owned(),
    };
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let cancel = CancellationToken::new();
    Running {
        addr: listener.addr(),
        snapshots,
        seconds,
        cancel: cancel.clone(),
        task: tokio::spawn(serve(listener, http, cancel)),
    }
}

impl Running {
    async fn send(&self, request: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.addr).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// Status, head, body.
    pub(super) async fn get(&self, path: &str) -> (u16, String, String) {
        self.ask(&format!("GET {path} HTTP/1.0\r\n\r\n")).await
    }

    pub(super) async fn ask(&self, request: &str) -> (u16, String, String) {
        let mut socket = self.send(request).await;
        let mut text = Vec::new();
        timeout(SOON, socket.read_to_end(&mut text))
            .await
            .unwrap()
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }
}

fn world() -> World {
    World::new()
        .cluster("eu", |c| {
            c.topic("orders", &[(0, 100)]);
            c.group("pay\n<b>", |g| g.commits("orders", &[Some(90)]));
            c.group("ads", |g| g.commits("orders", &[Some(1)]));
        })
        .cluster("us", |c| c.down("no <broker> answers"))
}

#[tokio::test]
async fn metrics_are_prometheus_text_with_its_media_type_and_the_process_own() {
    let server = run(world().build()).await;
    let (status, head, body) = server.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{head}"
    );
    assert!(body.contains("\nlaggard_info{version=\"0.1.0\",source=\"demo\"} 1\n"));
    assert!(body.contains("\nlaggard_group_lag{kafka_cluster=\"eu\",group=\"pay\\n<b>\"} 10\n"));
    assert!(body.ends_with("\nlaggard_own 1\n"));
}

#[tokio::test]
async fn an_autoscaler_reads_one_number_or_that_there_is_none() {
    let mut snapshot = world().build();
    snapshot.advised_members = [AdvisedMembers {
        cluster: "eu".into(),
        group: "ads".into(),
        members: 6,
        since: NOW,
    }]
    .into();
    let server = run(snapshot).await;
    let (status, _, body) = server.get("/api/v1/advised-members?group=ads").await;
    assert_eq!(status, 200);
    let found: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&found["members"], &found["cluster"]),
        (&6.into(), &"eu".into())
    );
    let (_, _, metrics) = server.get("/metrics").await;
    let series = "\nlaggard_group_advised_members{kafka_cluster=\"eu\",group=\"ads\"} 6\n";
    assert!(metrics.contains(series), "{metrics}");
    assert_eq!(
        metrics.matches("\nlaggard_group_advised_members{").count(),
        1
    );

    for (query, expected) in [
        ("?group=pay%0A%3Cb%3E", 503),
        ("?group=nobody", 404),
        ("?group=ads&cluster=us", 404),
        ("?grupo=ads", 400),
        ("", 400),
    ] {
        let (status, _, body) = server.get(&format!("/api/v1/advised-members{query}")).await;
        assert_eq!(status, expected, "{query}: {body}");
        assert!(body.starts_with("{\"error\":"), "{body}");
    }
}

#[tokio::test]
async fn the_document_is_the_newest_snapshot_and_can_be_narrowed() {
    let server = run(World::new().build()).await;
    let snapshot = world().build();
    server.snapshots.send(Arc::new(snapshot.clone())).unwrap();
    let (status, head, body) = server.get("/api/v1/snapshot").await;
    assert_eq!(status, 200);
    assert!(
        head.contains("laggard-source: demo") && head.contains("application/json"),
        "{head}"
    );
    assert_eq!(from_json(body.as_bytes()).unwrap(), snapshot);

    let (_, _, body) = server
        .get("/api/v1/snapshot?cluster=eu&group=pay%0A%3Cb%3E")
        .await;
    let part = from_json(body.as_bytes()).unwrap();
    let groups: Vec<_> = part.groups().map(|(_, g)| g.group.as_str()).collect();
    assert_eq!((groups, part.clusters.len()), (vec!["pay\n<b>"], 1));

    let (status, _, body) = server.get("/api/v1/snapshot?group=nobody").await;
    assert_eq!(
        (status, body.as_str()),
        (404, r#"{"error":"no such group: nobody"}"#)
    );
    let (status, _, body) = server.get("/api/v1/snapshot?grupo=x").await;
    assert_eq!(status, 400);
    assert!(body.contains("unknown parameter `grupo`"), "{body}");
}

#[tokio::test]
async fn a_generation_that_a_client_has_is_not_sent_again() {
    let server = run(world().build()).await;
    let (_, head, _) = server.get("/api/v1/snapshot").await;
    assert!(head.contains("etag: \"boot-1-7\""), "{head}");
    let request = "GET /api/v1/snapshot HTTP/1.0\r\nIf-None-Match: \"boot-1-7\"\r\n\r\n";
    let (status, _, body) = server.ask(request).await;
    assert_eq!((status, body.as_str()), (304, ""));
}

#[tokio::test]
async fn health_never_depends_on_kafka_and_readiness_waits_for_first_cycles() {
    let waiting = World::new().cluster("eu", |c| c.cluster.health.cycle = None);
    let server = run(waiting.build()).await;
    assert_eq!(server.get("/healthz").await.0, 200);
    let (status, _, body) = server.get("/readyz").await;
    assert_eq!((status, body.as_str()), (503, "waiting for \"eu\"\n"));
    server.snapshots.send(Arc::new(world().build())).unwrap();
    assert_eq!(server.get("/readyz").await.0, 200);
    // A cluster that comes later, or is down, never unsets it.
    let later = World::new().cluster("eu", |c| c.cluster.health.cycle = None);
    server.snapshots.send(Arc::new(later.build())).unwrap();
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn readiness_comes_after_a_minute_whatever_the_clusters_do() {
    let server = run(World::new().build()).await;
    assert_eq!(
        server.get("/readyz").await.2,
        "waiting for the first snapshot\n"
    );
    server.seconds.store(60, Ordering::Relaxed);
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn the_front_page_escapes_what_kafka_says() {
    let server = run(world().build()).await;
    let (status, head, body) = server.get("/").await;
    assert_eq!(status, 200);
    assert!(head.contains("text/html"));
    assert!(
        body.contains("<b class=\"bad\">down</b> (no &lt;broker&gt; answers)"),
        "{body}"
    );
    assert!(body.contains("href=\"metrics\"") && body.contains("href=\"api/v1/snapshot\""));
}

#[tokio::test]
async fn only_gets_are_answered_and_only_where_something_is() {
    let server = run(world().build()).await;
    for path in ["/", "/metrics", "/healthz", "/readyz", "/api/v1/snapshot"] {
        let (status, ..) = server.ask(&format!("POST {path} HTTP/1.0\r\n\r\n")).await;
        assert_eq!(status, 405, "{path}");
    }
    assert_eq!(server.get("/nothing").await.0, 404);
}

fn large() -> Snapshot {
    let ends = [(0, 1_000); 20];
    let commits = [Some(10); 20];
    World::new()
        .cluster("eu", |c| {
            c.topic("orders", &ends);
            for i in 0..4_000 {
                c.group(&format!("group-{i}"), |g| g.commits("orders", &commits));
            }
        })
        .build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_slow_scrapers_delay_nobody_and_a_fifth_is_turned_away() {
    let server = run(large()).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut socket = server
            .send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        let mut first = [0; 1];
        timeout(SOON, socket.read_exact(&mut first))
            .await
            .unwrap()
            .unwrap();
        slow.push(socket);
    }
    let (status, head, _) = server.get("/metrics").await;
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 1"), "{head}");
    assert_eq!(server.get("/healthz").await.0, 200);
    // The pipeline's side is never held up.
    server.snapshots.send(Arc::new(world().build())).unwrap();
    drop(slow);
    for _ in 0..200 {
        if server.get("/metrics").await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the room of those who left is not given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_told_even_with_a_client_that_reads_nothing() {
    let server = run(large()).await;
    let mut stuck = server
        .send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let mut first = [0; 1];
    timeout(SOON, stuck.read_exact(&mut first))
        .await
        .unwrap()
        .unwrap();
    server.cancel.cancel();
    timeout(SOON, server.task).await.unwrap().unwrap().unwrap();
    // What it did get is no whole body: chunks end with "0\r\n\r\n".
    let mut rest = Vec::new();
    let read = timeout(SOON, stuck.read_to_end(&mut rest)).await.unwrap();
    assert!(read.is_err() || !rest.ends_with(b"\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn it_ends_at_once_when_nobody_asks() {
    let server = run(world().build()).await;
    assert_eq!(server.get("/healthz").await.0, 200);
    server.cancel.cancel();
    timeout(Duration::from_secs(2), server.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_said_clearly() {
    let taken = Listener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.addr().to_string();
    let error = Listener::bind(&addr).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {addr}: another process does already; choose another with --listen HOST:PORT"
        )
    );
    let error = Listener::bind("nonsense").await.err().unwrap().to_string();
    assert!(error.starts_with("cannot listen on nonsense: "), "{error}");
    assert!(
        error.ends_with(
            "; write an address of this machine as HOST:PORT, for example 127.0.0.1:9550"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_scraper_gets_open_metrics_and_gzip_if_it_asks() {
    use std::io::Read as _;
    let server = run(world().build()).await;
    let (_, head, body) = server
        .ask("GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n\r\n")
        .await;
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    assert!(body.ends_with("\nlaggard_own 1\n# EOF\n"));

    let mut socket = server
        .send("GET /metrics HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
        .await;
    let mut bytes = Vec::new();
    timeout(SOON, socket.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
    assert!(
        head.contains("content-encoding: gzip") && head.contains("vary: accept"),
        "{head}"
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[at..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("\nlaggard_group_lag{") && text.ends_with("\nlaggard_own 1\n"));
}

#[tokio::test]
async fn pages_stand_below_a_prefix() {
    let server = run_as(world().build(), Web::default(), "/a/laggard").await;
    let (status, _, body) = server.get("/a/laggard/").await;
    assert!(
        status == 200 && body.contains("Groups in trouble"),
        "{body}"
    );
    assert_eq!(server.get("/a/laggard/metrics").await.0, 200);
    assert_eq!(
        server.get("/a/laggard/api/v1/snapshot?cluster=eu").await.0,
        200
    );
    let (status, head, _) = server.get("/a/laggard").await;
    assert!(
        status == 307 && head.contains("location: /a/laggard/"),
        "{head}"
    );
    for path in ["/metrics", "/a/laggardx", "/a"] {
        assert_eq!(server.get(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_groups_page_is_found_by_its_encoded_name() {
    let server = run(world().build()).await;
    let (status, head, body) = server.get("/groups/eu/pay%0A%3Cb%3E").await;
    assert!(status == 200 && head.contains("text/html"), "{head}");
    assert!(
        body.contains("pay\\n&lt;b&gt;") && !body.contains("<b>:"),
        "{body}"
    );
    assert_eq!(server.get("/groups/eu/nobody").await.0, 404);
    for group in ["", ".", "..", "a/b"] {
        let world = World::new().cluster("eu", |c| c.group(group, |_| ()));
        let server = run(world.build()).await;
        let page = crate::model::group_page("eu", group);
        assert_eq!(server.get(&format!("/{page}")).await.0, 200, "{page}");
    }
}

#[tokio::test]
async fn burrows_api_answers_in_its_words() {
    let server = run(world().build()).await;
    let ask = async |path: &str| {
        let (status, _, body) = server.get(path).await;
        (
            status,
            serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        )
    };
    let (_, body) = ask("/v3/kafka").await;
    assert_eq!(body["clusters"], serde_json::json!(["eu", "us"]));
    assert_eq!(body["request"]["url"], "/v3/kafka");
    assert_eq!(
        ask("/v3/kafka/eu/topic/orders").await.1["offsets"],
        serde_json::json!([100])
    );
    assert_eq!(
        ask("/v3/kafka/eu/topic/orders/consumers").await.1["consumers"],
        serde_json::json!(["ads", "pay\n<b>"])
    );
    let (_, body) = ask("/v3/kafka/eu/consumer/ads/lag").await;
    let status = &body["status"];
    assert_eq!(
        (&status["status"], &status["totallag"]),
        (&"OK".into(), &99.into())
    );
    assert_eq!(
        (&status["complete"], &status["maxlag"]["current_lag"]),
        (&1.0.into(), &99.into())
    );
    assert_eq!(status["partitions"][0]["end"]["offset"], 1);
    assert_eq!(
        ask("/v3/kafka/eu/consumer/ads/status").await.1["status"]["partitions"],
        serde_json::json!([])
    );
    assert_eq!(
        ask("/v3/kafka/eu/consumer/ads").await.1["topics"]["orders"][0]["current-lag"],
        99
    );
    for path in [
        "/v3/kafka/none",
        "/v3/kafka/eu/consumer/none/lag",
        "/v3/kafka/eu/topic/none",
    ] {
        let (status, body) = ask(path).await;
        assert_eq!((status, &body["error"]), (404, &true.into()), "{path}");
    }
}
