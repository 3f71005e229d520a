//! What a server receives, over real sockets on this machine.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::catalog::Profile;
use crate::model::Pattern;
use crate::model::testing::World;

fn statsd(address: &str, dialect: Dialect) -> Statsd {
    Statsd {
        address: address.parse().unwrap(),
        dialect,
        template: Template::default(),
        prefix: String::new(),
        packet_bytes: None,
        interval: Duration::from_secs(10),
        options: Options::default(),
    }
}

const HOSTILE: &str = "a:1|g\nlaggard_up:0|g|#x,y=z;w@\u{0}é%20";

fn world(groups: usize) -> Snapshot {
    World::new()
        .cluster("prod", |c| {
            c.topic("orders.v1", &[(0, 100), (0, 50)]);
            c.group(HOSTILE, |g| g.commits("orders.v1", &[Some(90)]));
            c.group("empty", |_| ());
            for i in 0..groups {
                c.group(&format!("g{i}"), |g| {
                    g.member("web.1", "/10.0.0.1", &[("orders.v1", &[0])]);
                    g.commits("orders.v1", &[Some(40), Some(50)]);
                });
            }
        })
        .build()
}

/// What a server on UDP gets, line by line: `name (with what stands before the colon)` → value.
fn receive(mut statsd: Statsd, snapshot: &Snapshot) -> (BTreeMap<String, f64>, Sent, usize) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    statsd.address = Address::Udp(server.local_addr().unwrap().to_string());
    let most = statsd.packet_bytes.unwrap_or(1432);
    let reader = thread::spawn(move || {
        let (mut lines, mut packets) = (Vec::new(), 0);
        let mut packet = vec![0; 65_536];
        while let Ok(size) = server.recv(&mut packet) {
            assert!(size <= most, "a packet of {size} bytes");
            packets += 1;
            let text = std::str::from_utf8(&packet[..size]).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        (lines, packets)
    });
    let sent = statsd.send(snapshot, None);
    let (lines, packets) = reader.join().unwrap();
    let mut gauges = BTreeMap::new();
    for line in &lines {
        let (head, rest) = line.split_once(':').unwrap();
        let mut rest = rest.split('|');
        let value = rest.next().unwrap();
        assert!(value.starts_with(|c: char| c.is_ascii_digit()), "{line}");
        assert_eq!(rest.next(), Some("g"), "{line}");
        let tags = rest.next().unwrap_or_default();
        let before = gauges.insert(format!("{head}{tags}"), value.parse().unwrap());
        assert_eq!(before, None, "{line} stands twice");
    }
    assert_eq!(lines.len() as u64, sent.lines);
    (gauges, sent, packets)
}

#[test]
fn all_arrives_in_full_packets_whatever_the_names() {
    for dialect in Dialect::ALL {
        let (gauges, sent, packets) = receive(statsd("h:1", dialect), &world(300));
        assert_eq!(
            (sent.dropped, sent.packets as usize),
            (0, packets),
            "{dialect:?}"
        );
        assert!(
            sent.bytes as usize / packets > 1_200,
            "{dialect:?}: packets are filled"
        );
        assert!(gauges.len() > 300 * 8);
        assert_eq!(gauges.values().filter(|v| **v < 0.0).count(), 0);
    }
}

#[test]
fn each_dialect_writes_labels_its_own_way() {
    let of = |dialect, name: &str| {
        receive(statsd("h:1", dialect), &world(1))
            .0
            .get(name)
            .copied()
    };
    assert_eq!(of(Dialect::Plain, "laggard_group_lag.prod.g0"), Some(60.0));
    assert_eq!(
        of(
            Dialect::Plain,
            "laggard_group_topic_lag.prod.g0.orders_2Ev1"
        ),
        Some(60.0)
    );
    assert_eq!(
        of(
            Dialect::Plain,
            "laggard_cluster_cycle_requests.prod.ListOffsets"
        ),
        Some(3.0)
    );
    assert_eq!(
        of(
            Dialect::Dogstatsd,
            "laggard_group_lag#kafka_cluster:prod,group:g0"
        ),
        Some(60.0)
    );
    assert_eq!(
        of(
            Dialect::Influx,
            "laggard_group_lag,kafka_cluster=prod,group=g0"
        ),
        Some(60.0)
    );
    assert_eq!(
        of(
            Dialect::Graphite,
            "laggard_group_lag;kafka_cluster=prod;group=g0"
        ),
        Some(60.0)
    );
}

#[test]
fn names_of_ruby_kafka_and_datadog_and_own_templates() {
    let with = |dialect| {
        let mut it = statsd("h:1", dialect);
        it.options.profiles = vec![Profile::RubyKafka, Profile::Datadog];
        it.template = "kafka.{cluster}.{name}.{group}.{topic}.{partition}.{labels}"
            .parse()
            .unwrap();
        it.prefix = "x.".to_owned();
        receive(it, &world(1)).0
    };
    let plain = with(Dialect::Plain);
    assert!((plain["x.consumer.web_2E1.g0.orders_2Ev1.0.lag"] - 60.0).abs() < 1e-9);
    assert!((plain["x.consumer.web_2E1.g0.orders_2Ev1.0.time_lag"] - 30_000.0).abs() < 1e-9);
    assert!((plain["x.consumer.none.g0.orders_2Ev1.1.lag"] - 0.0).abs() < 1e-9);
    assert!((plain["x.kafka.prod.laggard_group_lag.g0"] - 60.0).abs() < 1e-9);
    assert!(
        !plain.keys().any(|k| k.contains("consumer_lag")),
        "Datadog's need tags"
    );
    let tagged = with(Dialect::Dogstatsd);
    let tags = "kafka_cluster:prod,consumer_group:g0,topic:orders.v1,partition:0";
    assert!((tagged[&format!("x.kafka.consumer_lag#{tags}")] - 60.0).abs() < 1e-9);
    let tags = "kafka_cluster:prod,group_id:g0,topic:orders.v1,partition:0,client:web.1";
    assert!((tagged[&format!("x.ruby_kafka.consumer.lag#{tags}")] - 60.0).abs() < 1e-9);
}

#[test]
fn partitions_are_sent_only_for_the_groups_that_are_named() {
    let mut it = statsd("h:1", Dialect::Plain);
    it.options.partitions_of = Some(Pattern::new("g1").unwrap());
    let gauges = receive(it, &world(3)).0;
    assert!(gauges.contains_key("laggard_group_partition_lag.prod.g1.orders_2Ev1.0"));
    assert!(
        !gauges
            .keys()
            .any(|k| k.starts_with("laggard_group_partition_lag.prod.g2"))
    );
}

#[test]
fn a_unix_socket_takes_larger_packets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("statsd.sock");
    let server = UnixDatagram::bind(&path).unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let reader = thread::spawn(move || {
        let (mut packet, mut sizes) = (vec![0; 65_536], Vec::new());
        while let Ok(size) = server.recv(&mut packet) {
            sizes.push(size);
        }
        sizes
    });
    let sent = statsd(&format!("unix:{}", path.display()), Dialect::Plain).send(&world(300), None);
    let sizes = reader.join().unwrap();
    assert_eq!((sent.dropped, sizes.len() as u64), (0, sent.packets));
    assert!(
        sizes.iter().all(|s| *s <= 8192) && sizes[0] > 8000,
        "{sizes:?}"
    );
}

#[test]
fn a_server_that_is_gone_costs_counted_drops_alone() {
    let sent = statsd("unix:/nowhere/at/all.sock", Dialect::Plain).send(&world(10), None);
    assert_eq!(sent.lines, 0);
    assert!(sent.dropped > 100 && sent.why.is_some(), "{sent:?}");
}

#[test]
fn a_server_that_reads_nothing_is_given_up_within_the_interval() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("statsd.sock");
    let _deaf = UnixDatagram::bind(&path).unwrap();
    let mut it = statsd(&format!("unix:{}", path.display()), Dialect::Plain);
    it.interval = Duration::from_millis(200);
    let before = Instant::now();
    let sent = it.send(&world(3_000), None);
    assert!(
        before.elapsed() < Duration::from_secs(20),
        "{:?}",
        before.elapsed()
    );
    assert!(sent.dropped > 0 && sent.why.is_some(), "{sent:?}");
}

/// Waits for 300 ms after each 100 packets, as one does that is busy with something else: the usual
/// receive buffer holds 90.
#[cfg(target_os = "linux")]
#[test]
fn a_server_here_that_is_busy_now_and_then_gets_every_gauge() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let address = server.local_addr().unwrap().to_string();
    let reader = thread::spawn(move || {
        let (mut packet, mut lines, mut packets) = (vec![0; 65_536], 0, 0);
        while let Ok(size) = server.recv(&mut packet) {
            lines += packet[..size].split(|b| *b == b'\n').count() as u64;
            packets += 1;
            if packets % 100 == 0 {
                thread::sleep(Duration::from_millis(300));
            }
        }
        lines
    });
    let sent = statsd(&address, Dialect::Plain).send(&world(900), None);
    assert!(sent.packets > 500 && sent.dropped == 0, "{sent:?}");
    assert_eq!(reader.join().unwrap(), sent.lines, "{sent:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_server_here_never_reads_is_counted_as_dropped() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut it = statsd(&deaf.local_addr().unwrap().to_string(), Dialect::Plain);
    it.interval = Duration::from_secs(1);
    let before = Instant::now();
    let sent = it.send(&world(600), None);
    assert!(before.elapsed() < Duration::from_secs(20));
    assert!(sent.dropped > sent.lines, "{sent:?}");
    let why = sent.why.as_deref();
    assert_eq!(why, Some("the server takes them too slowly"), "{sent:?}");
}

#[test]
fn a_line_too_long_for_a_packet_is_dropped_alone() {
    let mut it = statsd("h:1", Dialect::Plain);
    it.packet_bytes = Some(64);
    let (gauges, sent, _) = receive(it, &world(1));
    assert!(
        sent.dropped > 0 && gauges.contains_key("laggard_group_lag.prod.g0"),
        "{sent:?}"
    );
}

#[test]
fn it_runs_until_it_is_told_to_stop() {
    let (stop, stopped) = mpsc::channel();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut it = statsd(&server.local_addr().unwrap().to_string(), Dialect::Plain);
    it.interval = Duration::from_millis(50);
    let running = thread::spawn(move || {
        let snapshot = Arc::new(world(1));
        it.run(|| Arc::clone(&snapshot), &stopped);
    });
    let mut packet = vec![0; 2048];
    for _ in 0..3 {
        server.recv(&mut packet).unwrap();
    }
    drop(stop);
    running.join().unwrap();
}
