//! Following a server that answers by a script, breaks off, comes back as another.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{AttachError, Client, Follower, Options};
use crate::model::document::{Delta, removed};
use crate::model::testing::{NOW, World};
use crate::model::{Clock, Generation, Snapshot};

/// Answers each request with what `answer` makes of its first line and headers.
fn serve(
    listener: TcpListener,
    answer: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static,
) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let (mut head, mut line) = (String::new(), String::new());
            let mut reader = BufReader::new(socket.try_clone().unwrap());
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                head += &line;
                line.clear();
            }
            let (status, body) = answer(&head);
            if status == 0 {
                continue;
            }
            let length = body.len();
            let _ = write!(
                socket,
                "HTTP/1.1 {status} x\r\nlaggard-source: prod\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            let _ = socket.write_all(&body);
        }
    });
    address
}

fn local() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn client(address: SocketAddr) -> Client {
    Client::new(&Options {
        url: format!("http://{address}/"),
        headers: vec![("X-Team".to_owned(), "payments".to_owned())],
        ..Options::default()
    })
    .unwrap()
}

fn world(boot: &str, n: u64, groups: &[(&str, u64)]) -> Arc<Snapshot> {
    let mut snapshot = World::new()
        .cluster("eu", |c| {
            c.topic("orders", &[(0, 100)]);
            for (name, generation) in groups {
                c.group(name, |g| {
                    g.commits("orders", &[Some(*generation as i64)]);
                    g.group.generation = *generation;
                });
            }
        })
        .build();
    snapshot.generation = Generation {
        boot: boot.into(),
        n,
    };
    Arc::new(snapshot)
}

fn json(delta: &Delta) -> Vec<u8> {
    let mut text = Vec::new();
    delta.to_json(&mut text).unwrap();
    text
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn clock() -> Clock {
    let started = Instant::now();
    Arc::new(move || NOW + crate::model::Span::from_millis(started.elapsed().as_millis() as i64))
}

#[test]
fn it_asks_for_what_has_changed_and_makes_the_whole_of_it() {
    let first = world("a", 5, &[("ads", 3), ("billing", 5)]);
    let second = world("a", 9, &[("billing", 8), ("new", 9)]);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (heads, one, two) = (Arc::clone(&asked), Arc::clone(&first), Arc::clone(&second));
    let address = serve(local(), move |head| {
        heads.lock().unwrap().push(head.to_owned());
        let delta = if head.contains("since=none") {
            Delta::all(&one)
        } else if head.contains("since=a-5") {
            Delta::since(&two, 5, removed(&one, &two))
        } else {
            Delta::since(&two, 9, Vec::new())
        };
        (200, json(&delta))
    });
    let follower = Follower::start(client(address), clock()).unwrap();
    wait("the first", || {
        follower.snapshots.borrow().generation.n >= 5
    });
    wait("the second", || {
        *follower.snapshots.borrow().clone() == *second
    });
    assert_eq!(follower.link.borrow().source.as_deref(), Some("prod"));
    let heads = asked.lock().unwrap();
    assert!(
        heads[0].to_lowercase().contains("x-team: payments"),
        "{heads:?}"
    );
    assert!(
        heads[0].contains("GET /api/v1/snapshot?since=none "),
        "{heads:?}"
    );
}

#[test]
fn one_that_breaks_off_is_told_and_what_was_read_stays_until_another_answers() {
    let first = world("a", 5, &[("ads", 3)]);
    let other = world("b", 1, &[("ads", 1)]);
    let breaks = Arc::new(Mutex::new(0));
    let (state, one, two) = (Arc::clone(&breaks), Arc::clone(&first), Arc::clone(&other));
    let address = serve(local(), move |_| match *state.lock().unwrap() {
        0 => (200, json(&Delta::all(&one))),
        1 => (0, Vec::new()),
        2 => (503, b"{\"error\":\"busy\"}".to_vec()),
        // A change since a generation that we do not have: it must not be taken for one of ours.
        3 => (200, json(&Delta::since(&two, 0, Vec::new()))),
        _ => (200, json(&Delta::all(&two))),
    });
    let follower = Follower::start(client(address), clock()).unwrap();
    wait("the first", || {
        follower.snapshots.borrow().generation.n == 5
    });
    let broken = |part: &str| {
        let link = follower.link.borrow();
        link.broken
            .as_ref()
            .is_some_and(|(_, why)| why.contains(part))
    };
    *breaks.lock().unwrap() = 1;
    wait("the break", || broken(&address.to_string()));
    *breaks.lock().unwrap() = 2;
    wait("the refusal", || broken("503 busy"));
    assert_eq!(*follower.snapshots.borrow().clone(), *first);
    *breaks.lock().unwrap() = 3;
    wait("an answer", || follower.link.borrow().broken.is_none());
    assert_eq!(*follower.snapshots.borrow().clone(), *first);
    *breaks.lock().unwrap() = 4;
    wait("the other", || {
        *follower.snapshots.borrow().clone() == *other
    });
}

#[test]
fn what_cannot_be_asked_is_said() {
    let wrong = Client::new(&Options {
        url: "ftp://x".to_owned(),
        ..Options::default()
    });
    assert!(matches!(wrong.err(), Some(AttachError::Usage(_))));
    let address = serve(local(), |_| (200, b"{}".to_vec()));
    let error = client(address).delta(None).unwrap_err();
    assert!(matches!(error, AttachError::NotASnapshot { .. }), "{error}");
    let gone = local().local_addr().unwrap();
    let error = client(gone).at(NOW).unwrap_err();
    assert!(matches!(error, AttachError::Unreachable { .. }), "{error}");
    let missing = Options {
        url: "https://x".to_owned(),
        ca_file: Some("/nowhere.pem".into()),
        ..Options::default()
    };
    assert!(matches!(
        Client::new(&missing).err(),
        Some(AttachError::Usage(_))
    ));
}
