//! Following a server that answers by a script, breaks off, comes back as another.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto, pki_types,
};

use super::{AttachError, Client, Follower, Options};
use crate::model::document::{Delta, removed};
use crate::model::testing::{NOW, World};
use crate::model::{Clock, Generation, Snapshot, Span, Timestamp};

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
            let beside = if body.starts_with(b"{}") {
                String::new()
            } else {
                format!("laggard-version: 9.9.9\r\nlaggard-time: {}\r\n", there())
            };
            let _ = write!(
                socket,
                "HTTP/1.1 {status} x\r\nlaggard-source: prod\r\n{beside}connection: close\r\ncontent-length: {length}\r\n\r\n"
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

/// Since the tests began.
fn elapsed() -> Span {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    Span::from_millis(STARTED.elapsed().as_millis() as i64)
}

fn clock() -> Clock {
    Arc::new(|| NOW + elapsed())
}

/// The time of the servers: an hour ahead.
fn there() -> Timestamp {
    NOW + Span::from_secs(3600) + elapsed()
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
    let text = error.to_string();
    assert!(text.contains("does not say that it is Laggard"), "{text}");
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

#[test]
fn another_version_is_named_and_a_newer_document_that_fits_is_read() {
    let world = world("a", 5, &[("ads", 3)]);
    let mut document: serde_json::Value =
        serde_json::from_slice(&json(&Delta::all(&world))).unwrap();
    // What a later version may add is passed over.
    document["mood"] = "good".into();
    document["changed"]["mood"] = "good".into();
    document["changed"]["clusters"][0]["mood"] = "good".into();
    document["changed"]["clusters"][0]["groups"][0]["mood"] = "good".into();
    document["changed"]["clusters"][0]["groups"][0]["partitions"][0]["mood"] = 1.into();
    let fits = document.to_string().into_bytes();
    // What this one cannot read is said, and who sent it.
    document["changed"]["clusters"][0]["groups"][0]["status"]["value"] = "daydreaming".into();
    let differs = document.to_string().into_bytes();
    let address = serve(local(), move |head| {
        if head.contains("since=none") {
            (200, fits.clone())
        } else {
            (200, differs.clone())
        }
    });
    let client = client(address);
    let (delta, _) = client.delta(None).unwrap();
    assert_eq!(
        *delta.onto(&Arc::new(Snapshot::empty("x".into(), NOW))),
        *world
    );
    let error = client.delta(Some(&world.generation)).unwrap_err();
    let text = error.to_string();
    let here = env!("CARGO_PKG_VERSION");
    let named = format!("it is Laggard 9.9.9, this is {here}; not a snapshot: ");
    assert!(
        text.contains(&named) && text.contains("daydreaming"),
        "{text}"
    );
    assert!(!error.may_pass());
}

#[test]
fn ages_are_told_by_the_clock_there() {
    let world = world("a", 5, &[("ads", 3)]);
    let address = serve(local(), move |_| (200, json(&Delta::all(&world))));
    // `serve` answers with a clock that is an hour ahead.
    let clock = clock();
    let follower = Follower::start(client(address), Arc::clone(&clock)).unwrap();
    wait("the first", || {
        follower.snapshots.borrow().generation.n == 5
    });
    let ahead = (follower.clock()() - clock()).as_secs_f64();
    assert!((3590.0..3610.0).contains(&ahead), "{ahead}");
    let answered = follower.link.borrow().answered.unwrap();
    assert!((follower.clock()() - answered).as_secs_f64() < 30.0);
}

#[test]
fn one_that_does_not_answer_is_known_to_be_waited_for() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let world = world("a", 5, &[("ads", 3)]);
    let address = serve(local(), move |_| {
        let _until_it_may = held.lock().unwrap().recv();
        (200, json(&Delta::all(&world)))
    });
    let follower = Follower::start(client(address), clock()).unwrap();
    wait("the question", || follower.link.borrow().asked.is_some());
    assert!(follower.link.borrow().answered.is_none());
    hold.send(()).unwrap();
    wait("the answer", || {
        follower.snapshots.borrow().generation.n == 5
    });
}

/// A server that answers one who shows this certificate.
fn secret_server(own: &CertifiedKey<KeyPair>, admitted: &CertifiedKey<KeyPair>) -> SocketAddr {
    let provider = Arc::new(crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(admitted.cert.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let key = pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let (config, listener) = (Arc::new(config), local());
    let address = listener.local_addr().unwrap();
    let world = world("a", 5, &[("ads", 3)]);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(socket) = socket else { return };
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(connection, socket));
            let (mut line, mut any) = (String::new(), false);
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                (any, line) = (true, String::new());
            }
            if any {
                let body = json(&Delta::all(&world));
                let length = body.len();
                let out = reader.get_mut();
                let _ = write!(
                    out,
                    "HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                let _ = out.write_all(&body);
                out.conn.send_close_notify();
                let _ = out.flush();
            }
        }
    });
    address
}

#[test]
fn both_sides_show_certificates() {
    let made = || generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (server, friend, stranger) = (made(), made(), made());
    let address = secret_server(&server, &friend);
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let pair = |name: &str, of: &CertifiedKey<KeyPair>| {
        (
            file(&format!("{name}.pem"), of.cert.pem()),
            file(&format!("{name}.key"), of.signing_key.serialize_pem()),
        )
    };
    let (own, friends, strangers) = (
        pair("server", &server).0,
        pair("friend", &friend),
        pair("stranger", &stranger),
    );
    let ask = |ca: &std::path::PathBuf, pair: Option<&(_, _)>| {
        let client = Client::new(&Options {
            url: format!("https://{address}"),
            ca_file: Some(ca.clone()),
            cert_and_key: pair.cloned(),
            ..Options::default()
        });
        client
            .unwrap()
            .delta(None)
            .map(|(delta, _)| delta.changed.generation.n)
    };
    assert_eq!(ask(&own, Some(&friends)).unwrap(), 5);
    for (ca, pair) in [
        (&own, None),
        (&own, Some(&strangers)),
        (&strangers.0, Some(&friends)),
    ] {
        let refused = ask(ca, pair).unwrap_err();
        assert!(
            matches!(refused, AttachError::Unreachable { .. }),
            "{refused}"
        );
    }
}
