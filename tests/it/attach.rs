//! `top --attach` in a real terminal: whatever becomes of the `serve` behind it, the screen says what it shows and how old that is.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use laggard::model::document::{Delta, to_json};
use laggard::model::testing::{NOW, World as Built};
use laggard::model::{Snapshot, Span, Timestamp};
use laggard::sim::scenario;

use crate::orders::World;
use crate::support::embedded::Embedded;
use crate::support::eventually;
use crate::support::gate::{Gate, Mode};
use crate::support::kafka::shared;
use crate::support::laggard::Served;
use crate::support::process::run_dir;
use crate::support::unique;
use crate::top::{Top, cell};

const WITHIN: Duration = Duration::from_mins(1);

/// An answer: its code, more of its head, its body.
type Answer = (u16, String, Vec<u8>);

/// Answers each request by its head. One who asks it to connect somewhere is answered in the place of that.
fn canned(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || speak(socket, &*answer));
        }
    });
    address
}

fn speak(mut socket: TcpStream, answer: &(dyn Fn(&str) -> Answer + Send + Sync)) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let mut before = String::new();
    loop {
        let Some(head) = head(&mut reader) else {
            return;
        };
        if head.starts_with("CONNECT ") {
            let _ = write!(socket, "HTTP/1.1 200 OK\r\n\r\n");
            before = head;
            continue;
        }
        let (code, more, body) = answer(&format!("{before}{head}"));
        let length = body.len();
        let _ = write!(
            socket,
            "HTTP/1.1 {code} x\r\n{more}content-length: {length}\r\n\r\n"
        );
        let _ = socket.write_all(&body);
    }
}

fn head(reader: &mut impl BufRead) -> Option<String> {
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        head += &line;
        line.clear();
    }
    (!head.is_empty()).then_some(head)
}

/// A cluster with a group that has not read so many records, as of some time after `NOW`.
fn world(after: Span, lag: i64) -> Snapshot {
    let mut snapshot = Built::new()
        .cluster("prod-eu", |c| {
            c.topic("orders", &[(0, 1000)]);
            c.group("billing", |g| g.commits("orders", &[Some(1000 - lag)]));
        })
        .build();
    snapshot.at = NOW + after;
    snapshot
}

/// As `serve` answers: the time there is its own.
fn told(time: Timestamp, body: Vec<u8>) -> Answer {
    let head = format!("laggard-version: 9.9.9\r\nlaggard-time: {time}\r\n");
    (200, head, body)
}

fn refused(code: u16, why: &str) -> Answer {
    let body = serde_json::json!({ "error": why }).to_string();
    (code, String::new(), body.into_bytes())
}

/// A server of snapshots whose time begins at `NOW`; each answer is a new one.
fn running(make: impl Fn(Span) -> Snapshot + Send + Sync + 'static) -> impl Fn(&str) -> Answer {
    let (started, count) = (Instant::now(), AtomicU64::new(1));
    move |_| {
        let passed = Span::from_millis(started.elapsed().as_millis() as i64);
        let mut snapshot = make(passed);
        snapshot.at = NOW + passed;
        snapshot.generation.n = count.fetch_add(1, Ordering::Relaxed);
        let mut body = Vec::new();
        Delta::all(&Arc::new(snapshot)).to_json(&mut body).unwrap();
        told(NOW + passed, body)
    }
}

fn attached(environment: &str, url: &str, more: &str) -> Top {
    Top::run(110, 24, environment, &format!("top --attach {url} {more}"))
}

fn leave(top: &Top) {
    top.terminal.keys(&["q"]);
    top.has_left("0");
}

#[test]
fn a_serve_that_is_cut_off_or_hangs_or_is_another_one_never_looks_alive() {
    require!(kafka, tmux);
    let (cluster, topic, group) = (shared(), unique("afar"), unique("afar"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 4)]);
    let served = Served::start(cluster);
    let gate = Gate::to(served.address());
    let top = attached("", &format!("http://{}", gate.address()), "");
    let lag = |s: &str| cell(s, &group, "LAG");
    let live = |s: &str, n: &str| s.contains("  LIVE") && lag(s).as_deref() == Some(n);
    top.terminal.wait("a live screen", |s| s.contains("LIVE"));
    // Other tests have groups there, too.
    top.terminal.line(&format!("/{group}"));
    top.terminal.wait("its lag", |s| live(s, "6"));

    gate.set(Mode::Cut);
    let cut = top
        .terminal
        .wait("word on the cut", |s| s.contains("NO CONTACT"));
    assert!(
        !cut.contains("LIVE") && lag(&cut).as_deref() == Some("6"),
        "{cut}"
    );
    assert!(cut.contains("what is shown is the last that came"), "{cut}");
    let seconds = |s: &str| {
        let (_, rest) = s.split_once("NO CONTACT ")?;
        rest.split_once('s')?.0.parse::<u32>().ok()
    };
    let before = seconds(&cut);
    top.terminal
        .wait("an age that grows", |s| seconds(s) > before);
    top.terminal.keys(&["Enter"]);
    top.terminal.wait("the group", |s| s.contains("PARTITION"));
    top.terminal.keys(&["Escape"]);
    gate.set(Mode::To(served.address().to_owned()));
    top.terminal.wait("life again", |s| live(s, "6"));

    gate.set(Mode::Hang);
    let hung = top
        .terminal
        .wait("word on the wait", |s| s.contains("NO ANSWER"));
    assert!(
        !hung.contains("LIVE") && lag(&hung).as_deref() == Some("6"),
        "{hung}"
    );
    top.terminal.keys(&["2"]);
    top.terminal
        .wait("keys that work", |s| s.contains("HEADROOM"));
    top.terminal.keys(&["1"]);
    gate.set(Mode::To(served.address().to_owned()));
    top.terminal.wait("life after the wait", |s| live(s, "6"));

    drop(served);
    top.terminal
        .wait("word on its end", |s| s.contains("NO CONTACT"));
    cluster.commit(&group, &[(&topic, 0, 7)]);
    let other = Served::start(cluster);
    gate.set(Mode::To(other.address().to_owned()));
    top.terminal.wait("the other one", |s| live(s, "3"));
    leave(&top);
}

#[test]
fn a_pages_command_opens_at_the_group_and_the_time_of_the_page() {
    require!(kafka, tmux);
    let (cluster, topic, group) = (shared(), unique("page"), unique("page"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 4)]);
    let state = run_dir().join(unique("state"));
    let served = Served::with(&[
        (
            "LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS",
            &cluster.bootstrap(),
        ),
        ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
        ("LAGGARD_STATE_DIR", state.to_str().unwrap()),
    ]);
    let page = crate::support::eventually(std::time::Duration::from_secs(30), || {
        let page = served.get(&format!("/groups/it/{group}"))?;
        page.contains("<dd>6")
            .then_some(page)
            .ok_or_else(|| "no lag of 6 yet".to_owned())
    });
    let commands: Vec<_> = page.split("<pre>laggard ").skip(1).collect();
    let command = |n: usize| commands[n].split_once("</pre>").unwrap().0;
    assert!(
        command(1).starts_with(&format!("top --attach http://{}", served.address())),
        "{page}"
    );
    cluster.commit(&group, &[(&topic, 0, 9)]);
    crate::support::eventually(std::time::Duration::from_secs(30), || {
        let page = served.get(&format!("/groups/it/{group}"))?;
        page.contains("<dd>1").then_some(()).ok_or(page)
    });

    let then = Top::run(110, 30, "", command(1));
    let shown = then.terminal.wait("the group as it was", |s| {
        s.contains("PAUSED -") && s.contains("PARTITION")
    });
    assert!(
        shown.contains(&group) && shown.contains("lag 6 "),
        "{shown}"
    );
    then.terminal.keys(&[" "]);
    then.terminal.wait("the group as it is", |s| {
        s.contains("LIVE") && s.contains("lag 1 ")
    });
    then.terminal.keys(&[" ", "["]);
    then.terminal
        .line(&format!(":at {}", command(1).rsplit_once(' ').unwrap().1));
    then.terminal.wait("the past again", |s| {
        s.contains("PAUSED -") && s.contains("lag 6 ")
    });
    leave(&then);

    let now = Top::run(110, 30, "", command(0));
    now.terminal.wait("the group now", |s| {
        s.contains("LIVE") && s.contains("lag 1 ") && s.contains(&group)
    });
    leave(&now);
}

#[test]
fn a_serve_without_a_past_says_so_and_the_present_is_one_key_away() {
    require!(tmux);
    let present = running(|after| world(after, 6));
    let address = canned(move |head| {
        if head.contains("?at=") {
            refused(
                404,
                "there is no flight recorder: `laggard serve` keeps one when state_dir is set",
            )
        } else {
            present(head)
        }
    });
    let at = NOW - Span::from_secs(3600);
    let top = attached(
        "",
        &address,
        &format!("--cluster prod-eu --group billing --at {at}"),
    );
    let missed = top
        .terminal
        .wait("why not", |s| s.contains("there is no flight recorder"));
    assert!(
        missed.contains("cannot show 2026-11-20T17:00:00") && !missed.contains("LIVE"),
        "{missed}"
    );
    top.terminal.keys(&[" "]);
    top.terminal.wait("the present", |s| {
        s.contains("LIVE") && s.contains("lag 6 ") && s.contains("PARTITION")
    });
    leave(&top);
}

#[test]
fn a_real_serve_without_a_flight_recorder_says_so_and_the_present_is_one_key_away() {
    require!(tmux);
    let embedded = Embedded::still(&scenario::bulk(2, 4, 1), 1_800_000_000_000);
    let served = Served::with(&[
        (
            "LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS",
            &embedded.bootstrap(),
        ),
        ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
    ]);
    let url = format!("http://{}", served.address());
    let top = attached("", &url, "--at 2026-01-02T03:04:05Z");
    let missed = top
        .terminal
        .wait("why not", |s| s.contains("there is no flight recorder"));
    assert!(!missed.contains("LIVE"), "{missed}");
    assert!(
        missed.contains("cannot show 2026-01-02T03:04:05"),
        "{missed}"
    );
    top.terminal.keys(&[" "]);
    top.terminal.wait("the present", |s| {
        s.contains("LIVE") && s.contains("STATUS")
    });
    // Back from the present, too, it is said, and what is kept here stays on the screen.
    top.terminal.line(":at 2026-01-02T03:04:05Z");
    top.terminal.wait("why not, again", |s| {
        s.contains("there is no flight recorder")
    });
    top.terminal.keys(&["2"]);
    top.terminal
        .wait("keys that work", |s| s.contains("HEADROOM"));
    leave(&top);
}

#[test]
fn a_past_that_is_never_to_be_had_is_told_of_and_asked_for_no_longer_than_it_is_wanted() {
    require!(tmux);
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let present = running(|after| world(after, 6));
    let why = "what was seen then is still being written; ask again in a second";
    let address = canned(move |head| {
        if !head.contains("?at=") {
            return present(head);
        }
        count.fetch_add(1, Ordering::Relaxed);
        refused(503, why)
    });
    let at = NOW - Span::from_secs(3600);
    let top = attached("", &address, &format!("--group billing --at {at}"));
    let waits = top.terminal.wait("word on the failure", |s| {
        s.contains("503 what was seen then")
    });
    assert!(
        waits.contains("FETCHING") && !waits.contains("LIVE"),
        "{waits}"
    );
    let tries = || asked.load(Ordering::Relaxed);
    eventually(WITHIN, || {
        (tries() >= 3)
            .then_some(())
            .ok_or_else(|| tries().to_string())
    });
    // It goes on being said, and keys go on working.
    top.terminal.keys(&["?"]);
    top.terminal.wait("help", |s| s.contains("type to search"));
    top.terminal.keys(&["Escape"]);
    top.terminal
        .wait("the reason still", |s| s.contains("503 what was seen then"));
    top.terminal.keys(&[" "]);
    top.terminal.wait("the present", |s| {
        s.contains("LIVE") && s.contains("lag 6 ") && !s.contains("503")
    });
    // One that was on its way may still be answered; then nothing more is asked for.
    std::thread::sleep(Duration::from_secs(1));
    let then = tries();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(tries(), then, "nobody wants it any more");
    leave(&top);
}

#[test]
fn alerts_are_silenced_and_groups_marked_from_the_screen() {
    require!(tmux);
    let orders = World::start();
    let url = format!("http://{}", orders.served.address());
    let token = orders.file("state/token");
    let top = attached(
        "USER=ann",
        &url,
        &format!("--token-file {}", token.display()),
    );
    top.terminal.wait("alerts", |s| s.contains("Alerts("));
    top.terminal.line(":alerts");
    top.terminal.line("/\"There\"");
    let firing = |s: &str| s.contains("FIRING") && s.contains("── There ─");
    top.terminal.wait("an alert that fires", firing);
    top.terminal.keys(&["S"]);
    top.terminal
        .wait("the question", |s| s.contains(":silence 2h"));
    top.terminal.line("the rebuild, ticket 311");
    top.terminal.wait("the silence on the alert", |s| {
        s.contains("silenced until") && s.contains("by ann: the rebuild, ticket 311")
    });
    let silences = || orders.served.get("/api/v1/silences").unwrap();
    let there = silences();
    assert!(there.contains(r#"alertname=\"There\""#), "{there}");
    top.terminal.keys(&["S"]);
    top.terminal
        .wait("the other question", |s| s.contains(":unsilence"));
    top.terminal.keys(&["Enter"]);
    top.terminal
        .wait("its end", |s| !s.contains("by ann: the rebuild"));
    eventually(WITHIN, || {
        let left = silences();
        (!left.contains("ticket 311")).then_some(()).ok_or(left)
    });
    top.terminal.keys(&["1"]);
    top.terminal.wait("groups", |s| s.contains("STATUS"));
    top.terminal.line(":mark 10m deploy 4.2");
    top.terminal
        .wait("the mark", |s| s.contains("is marked until"));
    let marks = orders.served.get("/api/v1/marks").unwrap();
    assert!(
        marks.contains("deploy 4.2") && marks.contains("ann"),
        "{marks}"
    );
    leave(&top);

    let top = attached("", &url, "");
    top.terminal.wait("alerts", |s| s.contains("Alerts("));
    top.terminal.keys(&["3", "S"]);
    top.terminal
        .wait("what is missing", |s| s.contains("orders need a token"));
    leave(&top);

    let wrong = run_dir().join(unique("token"));
    std::fs::write(&wrong, "guessed").unwrap();
    let top = attached("", &url, &format!("--token-file {}", wrong.display()));
    top.terminal.wait("alerts", |s| s.contains("Alerts("));
    top.terminal.keys(&["3", "S"]);
    top.terminal
        .wait("the question", |s| s.contains(":silence 2h"));
    top.terminal.line("x");
    top.terminal.wait("the refusal", |s| s.contains("401"));
    top.terminal.keys(&["5"]);
    top.terminal.wait("the refusal in full", |s| {
        s.contains("the order was not carried out")
    });
    leave(&top);
}

#[test]
fn a_past_that_does_not_come_is_asked_for_until_it_does() {
    require!(tmux);
    let (tries, gone) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let gone = Arc::new(gone);
    let asked = Arc::clone(&gone);
    let present = running(|after| world(after, 6));
    let address = canned(move |head| {
        let Some((_, at)) = head.split_once("?at=") else {
            return present(head);
        };
        let at = at.split_once(' ').unwrap().0.replace("%3A", ":");
        asked.lock().unwrap().push(at.clone());
        if tries.fetch_add(1, Ordering::Relaxed) == 0 {
            return refused(503, "busy");
        }
        let mut body = Vec::new();
        let at: Timestamp = at.parse().unwrap();
        to_json(&world(at - NOW, 40), &mut body).unwrap();
        told(NOW, body)
    });
    let at = NOW - Span::from_secs(3600);
    let top = attached("", &address, &format!("--group billing --at {at}"));
    top.terminal.wait("word on the failure", |s| {
        s.contains("503 busy") && s.contains("FETCHING")
    });
    top.terminal.wait("the past", |s| {
        s.contains("PAUSED -1h") && s.contains("lag 40 ")
    });
    // Each press is a minute, however long an answer takes.
    top.terminal.keys(&["Left", "Left", "Left"]);
    top.terminal.wait("three minutes before", |s| {
        s.contains("PAUSED -1h3m") && !s.contains("FETCHING")
    });
    let asked = gone.lock().unwrap().clone();
    assert!(
        asked.last().unwrap().starts_with("2026-11-20T16:57:00"),
        "{asked:?}"
    );
    leave(&top);
}

#[test]
fn headers_are_sent_along_and_a_refusal_is_shown() {
    require!(tmux);
    let present = running(|after| world(after, 6));
    let address = canned(move |head| {
        let head = head.to_lowercase();
        if head.contains("\r\nx-team: payments\r\n")
            && head.contains("\r\nauthorization: bearer hush\r\n")
        {
            present(&head)
        } else {
            refused(401, "who are you?")
        }
    });
    let top = attached("", &address, "");
    let refused = top
        .terminal
        .wait("the refusal", |s| s.contains("401 who are you?"));
    assert!(!refused.contains("LIVE"), "{refused}");
    leave(&top);
    let file = run_dir().join(unique("token"));
    std::fs::write(&file, "Bearer hush\n").unwrap();
    let headers = format!(
        "--attach-header 'X-Team: env:TEAM' --attach-header 'Authorization: file:{}'",
        file.display()
    );
    let top = attached("TEAM=payments", &address, &headers);
    top.terminal.wait("its answer", |s| s.contains("LIVE"));
    leave(&top);
}

#[test]
fn a_proxy_of_the_environment_is_gone_through() {
    require!(tmux);
    let present = running(|after| world(after, 6));
    let proxy = canned(move |head| {
        if head.contains("laggard.example:9550") {
            present(head)
        } else {
            refused(400, "not asked through the proxy")
        }
    });
    for variable in ["http_proxy", "ALL_PROXY"] {
        let environment = format!("no_proxy= NO_PROXY= {variable}=http://{proxy}");
        let top = attached(&environment, "http://laggard.example:9550", "");
        top.terminal.wait("its answer", |s| s.contains("LIVE"));
        leave(&top);
    }
}

#[test]
fn another_version_is_named_while_it_cannot_be_read_and_shown_once_it_can() {
    require!(tmux);
    let present = running(|after| world(after, 6));
    let count = AtomicU64::new(0);
    let address = canned(move |head| {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let (code, more, body) = present(head);
        let mut document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        document["changed"]["clusters"][0]["groups"][0]["mood"] = "good".into();
        if (3..8).contains(&n) {
            document["changed"]["clusters"][0]["groups"][0]["status"]["value"] =
                "daydreaming".into();
        }
        (code, more, document.to_string().into_bytes())
    });
    let top = attached("", &address, "");
    let lag = |s: &str| cell(s, "billing", "LAG");
    top.terminal.wait("a first answer", |s| s.contains("LIVE"));
    let other = top.terminal.wait("word on the version", |s| {
        s.contains("it is Laggard 9.9.9, this is ")
    });
    assert!(
        !other.contains("LIVE")
            && other.contains("NO CONTACT")
            && lag(&other).as_deref() == Some("6"),
        "{other}"
    );
    top.terminal
        .wait("one that can be read", |s| s.contains("LIVE"));
    leave(&top);
}

#[test]
fn ten_thousand_groups_are_followed() {
    require!(tmux);
    let groups = Built::new()
        .cluster("prod-eu", |c| {
            c.topic("orders", &[(0, 1000); 2]);
            for i in 0..10_000 {
                c.group(&format!("group-{i:05}"), |g| {
                    g.commits("orders", &[Some(1000 - i % 900), Some(1000)]);
                });
            }
        })
        .build();
    let whole = {
        let mut first = groups.clone();
        first.generation.n = 1;
        let mut body = Vec::new();
        Delta::all(&Arc::new(first)).to_json(&mut body).unwrap();
        body
    };
    let (started, count) = (Instant::now(), AtomicU64::new(2));
    let address = canned(move |head| {
        let passed = Span::from_millis(started.elapsed().as_millis() as i64);
        if head.contains("since=none") {
            return told(NOW + passed, whole.clone());
        }
        // Only time goes on.
        let n = count.fetch_add(1, Ordering::Relaxed);
        let since = head.split_once("since=").and_then(|(_, rest)| {
            let word = rest.split([' ', '&']).next()?;
            word.rsplit_once('-')?.1.parse().ok()
        });
        let mut next = Snapshot::clone(&groups);
        for cluster in &mut next.clusters {
            let cluster = Arc::make_mut(cluster);
            cluster.groups.truncate(3);
        }
        next.at = NOW + passed;
        next.generation.n = n;
        let mut body = Vec::new();
        Delta::since(&Arc::new(next), since.unwrap(), Vec::new())
            .to_json(&mut body)
            .unwrap();
        told(NOW + passed, body)
    });
    let top = attached("", &address, "");
    top.terminal.wait("all of them", |s| {
        s.contains("1 of 10000") && s.contains("LIVE")
    });
    top.terminal.keys(&["G"]);
    top.terminal
        .wait("the last one", |s| s.contains("10000 of 10000"));
    top.terminal.line("/077[12][0-9]");
    top.terminal.wait("those asked for", |s| {
        s.contains("of 20 ") && s.contains("LIVE")
    });
    leave(&top);
}
