//! Predicted assignments against what real clients do on a real Kafka: members join and leave, and each time who
//! owns what is compared with what was foretold from the ownership before.
//!
//! `LAGGARD_REBALANCES=N` sets how many a kind of client and assignor (default 2); CONTRIBUTING.md names the long run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use laggard::advice::Situation;
use laggard::advice::assign::{Assignor, Certainty, Slot, predict};
use laggard::model::{GroupSnapshot, GroupState};

use crate::support::inside::Inside;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::{KafkaCluster, quick_jvm, shared};
use crate::support::process::{Running, guarded, run_dir};
use crate::support::{eventually, unique};

/// A rebalance is over when the same has been seen for so long: longer than a follow-up takes to begin.
const SETTLED: Duration = Duration::from_millis(3_500);
const PATIENCE: Duration = Duration::from_secs(90);
const MOST_MEMBERS: usize = 12;

/// Members of one group, by one kind of client.
trait Clients {
    fn join(&mut self);
    fn leave(&mut self, at: usize);
    fn count(&self) -> usize;
    /// The surest that is promised of this kind of client.
    fn most(&self, assignor: Assignor) -> Certainty {
        let _ = assignor;
        Certainty::Exact
    }
}

struct Librdkafka<'a> {
    cluster: &'a KafkaCluster,
    group: String,
    topics: Vec<String>,
    options: MemberOptions,
    members: Vec<Member>,
}

impl Clients for Librdkafka<'_> {
    /// Its cooperative-sticky is another rule than Java's under the same name.
    fn most(&self, assignor: Assignor) -> Certainty {
        match assignor {
            Assignor::CooperativeSticky => Certainty::Loads,
            _ => Certainty::Exact,
        }
    }

    fn join(&mut self) {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let member = Member::join(self.cluster, &self.group, &topics, &self.options);
        self.members.push(member);
    }

    fn leave(&mut self, at: usize) {
        drop(self.members.remove(at));
    }

    fn count(&self) -> usize {
        self.members.len()
    }
}

struct Java {
    jvm: Running,
    orders: ChildStdin,
    /// Words of a `join` behind the name.
    rest: String,
    names: Vec<String>,
    next: usize,
}

impl Java {
    fn new(cluster: &KafkaCluster, group: &str, topics: &[String], way: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Members.java");
        let log = File::create(run_dir().join(unique("members")).with_extension("log")).unwrap();
        let mut command = guarded("java");
        command
            .args(quick_jvm())
            .args(["-Xmx256m", "-Dlaggard.log=ERROR"])
            .arg(source);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut jvm = Running::start(command).unwrap();
        let orders = jvm.child().stdin.take().unwrap();
        let out = BufReader::new(jvm.child().stdout.take().unwrap());
        std::thread::spawn(move || out.lines().for_each(drop));
        Self {
            jvm,
            orders,
            rest: format!("{} {group} {way} {}", cluster.bootstrap(), topics.join(",")),
            names: Vec::new(),
            next: 0,
        }
    }

    fn order(&mut self, line: &str) {
        assert!(self.jvm.is_running(), "the JVM of the members has ended");
        writeln!(self.orders, "{line}")
            .and_then(|()| self.orders.flush())
            .unwrap();
    }
}

impl Clients for Java {
    fn join(&mut self) {
        self.next += 1;
        let name = format!("java-{}", self.next);
        self.order(&format!("join {name} {}", self.rest.clone()));
        self.names.push(name);
    }

    fn leave(&mut self, at: usize) {
        let name = self.names.remove(at);
        self.order(&format!("leave {name}"));
    }

    fn count(&self) -> usize {
        self.names.len()
    }
}

/// By member id: what it owns.
type Owners = BTreeMap<String, Vec<Slot>>;

fn owners(situation: &Situation) -> Owners {
    let members = situation.group.members.iter();
    members
        .map(|m| (m.id.to_string(), m.owned.clone()))
        .collect()
}

/// Waits until the group has so many members, all partitions are owned, and that stays so.
fn settled(watched: &Inside, group: &str, members: usize) -> (Arc<GroupSnapshot>, Situation) {
    let mut since: Option<(Owners, Instant)> = None;
    eventually(PATIENCE, || {
        let snapshot = watched.latest();
        let group = snapshot.clusters[0]
            .group(group)
            .ok_or("no such group yet")?;
        let situation = Situation::of(group).map_err(|e| e.to_string())?;
        let mut owned: Vec<Slot> = owners(&situation).into_values().flatten().collect();
        owned.sort_unstable();
        let whole = group.state.known() == Some(GroupState::Stable)
            && situation.group.members.len() == members
            && owned == situation.group.slots();
        if !whole {
            since = None;
            return Err(format!(
                "{:?} with {} members",
                group.state,
                situation.group.members.len()
            ));
        }
        let now = owners(&situation);
        match &since {
            Some((before, at)) if *before == now && at.elapsed() >= SETTLED => {
                Ok((Arc::clone(group), situation))
            }
            Some((before, _)) if *before == now => Err("not yet for long".to_owned()),
            _ => {
                since = Some((now, Instant::now()));
                Err("just now".to_owned())
            }
        }
    })
}

#[derive(Default, Debug)]
struct Tally {
    rebalances: usize,
    said_exact: usize,
    same_sets: usize,
    same_loads: usize,
    off: usize,
    broken: Vec<String>,
}

/// Lets members come and go, and compares.
fn live(clients: &mut dyn Clients, watched: &Inside, group: &str, assignor: Assignor) -> Tally {
    let mut tally = Tally::default();
    // Another life for each assignor, the same at each run.
    let mut dice = assignor as u64 * 1_000_003 + 7;
    clients.join();
    let (_, mut before) = settled(watched, group, 1);
    for _ in 0..rounds() {
        dice = dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let leave = clients.count() > 1
            && (clients.count() >= MOST_MEMBERS || (dice >> 60).is_multiple_of(3));
        if leave {
            let at = (dice >> 40) as usize % clients.count();
            clients.leave(at);
        } else {
            clients.join();
        }
        let (_, after) = settled(watched, group, clients.count());
        compare(
            &mut tally,
            &before,
            &after,
            assignor,
            clients.most(assignor),
        );
        before = after;
    }
    tally
}

fn compare(
    tally: &mut Tally,
    before: &Situation,
    after: &Situation,
    assignor: Assignor,
    most: Certainty,
) {
    let owned = owners(before);
    let mut group = after.group.clone();
    for member in &mut group.members {
        member.owned = owned.get(&*member.id).cloned().unwrap_or_default();
    }
    let predicted = predict(assignor, &group);
    let claimed = predicted.certainty.max(most);
    let real: Vec<&Vec<Slot>> = after.group.members.iter().map(|m| &m.owned).collect();
    let pairs = || predicted.owners.iter().zip(&real);
    let same_sets = pairs().all(|(a, b)| a == *b);
    let off = pairs()
        .map(|(a, b)| a.len().abs_diff(b.len()))
        .max()
        .unwrap_or(0);
    tally.rebalances += 1;
    tally.said_exact += usize::from(claimed == Certainty::Exact);
    tally.same_sets += usize::from(same_sets);
    tally.same_loads += usize::from(off == 0);
    tally.off += off;
    let sorted = |lens: Vec<usize>| {
        let mut lens = lens;
        lens.sort_unstable();
        lens
    };
    let sorted_loads = sorted(pairs().map(|(a, _)| a.len()).collect())
        == sorted(pairs().map(|(_, b)| b.len()).collect());
    let kept = match claimed {
        Certainty::Exact => same_sets,
        Certainty::Loads => sorted_loads,
        Certainty::Estimate => true,
    };
    if !kept {
        tally.broken.push(format!(
            "{claimed:?} of {group:#?}\n  predicted {:?}\n  real {real:?}",
            predicted.owners
        ));
    }
}

/// Each way in a group of its own, all at once: most of the time is waiting.
fn side_by_side<W: Sync>(
    ways: &[(Assignor, W)],
    run: impl Fn(Assignor, &W) -> Tally + Sync,
) -> Vec<(Assignor, Tally)> {
    let run = &run;
    std::thread::scope(|scope| {
        let start = |(assignor, way)| (assignor, scope.spawn(move || run(assignor, way)));
        let running: Vec<_> = ways.iter().map(|(a, way)| start((*a, way))).collect();
        running
            .into_iter()
            .map(|(a, t)| (a, t.join().unwrap()))
            .collect()
    })
}

fn rounds() -> usize {
    std::env::var("LAGGARD_REBALANCES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2)
}

fn topics(cluster: &KafkaCluster) -> Vec<String> {
    let topics = [5, 3, 8].map(|partitions| {
        let name = unique("deal");
        cluster.create_topic(&name, partitions);
        name
    });
    topics.into()
}

fn report(kind: &str, tallies: &[(Assignor, Tally)]) {
    for (assignor, t) in tallies {
        eprintln!(
            "{kind} {assignor:?}: {} rebalances, {} said exact; same sets {}, same loads {}, worst member off by {:.2}, {} broken promises",
            t.rebalances,
            t.said_exact,
            t.same_sets,
            t.same_loads,
            t.off as f64 / t.rebalances.max(1) as f64,
            t.broken.len()
        );
    }
    let broken: Vec<_> = tallies
        .iter()
        .flat_map(|(a, t)| t.broken.iter().map(move |b| format!("{a:?}: {b}")))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn java_clients_own_what_was_foretold() {
    require!(kafka);
    let cluster = shared();
    let watched = Inside::start(cluster);
    let classic = |name: &str| format!("classic org.apache.kafka.clients.consumer.{name}");
    let ways = [
        (Assignor::Range, classic("RangeAssignor")),
        (Assignor::RoundRobin, classic("RoundRobinAssignor")),
        (Assignor::Sticky, classic("StickyAssignor")),
        (
            Assignor::CooperativeSticky,
            classic("CooperativeStickyAssignor"),
        ),
        (Assignor::Uniform, "consumer uniform".to_owned()),
        (Assignor::ServerRange, "consumer range".to_owned()),
    ];
    let tallies = side_by_side(&ways, |assignor, way| {
        let group = unique("java");
        let mut clients = Java::new(cluster, &group, &topics(cluster), way);
        live(&mut clients, &watched, &group, assignor)
    });
    report("Java", &tallies);
}

#[test]
fn librdkafka_clients_own_what_was_foretold() {
    require!(kafka);
    let cluster = shared();
    let watched = Inside::start(cluster);
    let strategy =
        |name: &str| MemberOptions::classic().with("partition.assignment.strategy", name);
    let remote = |name: &str| MemberOptions::consumer().with("group.remote.assignor", name);
    let ways = [
        (Assignor::Range, strategy("range")),
        (Assignor::RoundRobin, strategy("roundrobin")),
        (Assignor::CooperativeSticky, strategy("cooperative-sticky")),
        (Assignor::Uniform, remote("uniform")),
        (Assignor::ServerRange, remote("range")),
    ];
    let tallies = side_by_side(&ways, |assignor, options| {
        let group = unique("rdkafka");
        let mut clients = Librdkafka {
            cluster,
            group: group.clone(),
            topics: topics(cluster),
            options: options.clone(),
            members: Vec::new(),
        };
        live(&mut clients, &watched, &group, assignor)
    });
    report("librdkafka", &tallies);
}
