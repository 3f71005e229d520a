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
use laggard::advice::what_if::{ASSUMED_SUBSCRIPTIONS, Change, what_if};
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
    /// Topics, by the client ids of the members that subscribe to these alone; the others subscribe to all.
    fn subscriptions(&self) -> &Subscriptions;
    fn count(&self) -> usize;
    /// The surest that is promised of this kind of client.
    fn most(&self, assignor: Assignor) -> Certainty {
        let _ = assignor;
        Certainty::Exact
    }
}

/// Topics by client id.
type Subscriptions = BTreeMap<String, Vec<String>>;

/// What the member that joins as so-manieth subscribes to where subscriptions differ. The first has all topics, so that
/// none is ever without a reader.
fn differing(topics: &[String], turn: usize) -> Vec<String> {
    match turn % 4 {
        0 => topics[..2].to_vec(),
        2 => topics[1..].to_vec(),
        3 => topics[2..].to_vec(),
        _ => topics.to_vec(),
    }
}

struct Librdkafka<'a> {
    cluster: &'a KafkaCluster,
    group: String,
    topics: Vec<String>,
    options: MemberOptions,
    members: Vec<Member>,
    mixed: bool,
    joined: usize,
    subscriptions: Subscriptions,
}

impl<'a> Librdkafka<'a> {
    fn new(cluster: &'a KafkaCluster, group: &str, options: &MemberOptions) -> Self {
        Self {
            cluster,
            group: group.to_owned(),
            topics: topics(cluster),
            options: options.clone(),
            members: Vec::new(),
            mixed: false,
            joined: 0,
            subscriptions: Subscriptions::new(),
        }
    }
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
        self.joined += 1;
        let name = format!("rdkafka-{}", self.joined);
        let mut topics = self.topics.clone();
        if self.mixed {
            topics = differing(&topics, self.joined);
            self.subscriptions.insert(name.clone(), topics.clone());
        }
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let options = self.options.clone().with("client.id", &name);
        let member = Member::join(self.cluster, &self.group, &topics, &options);
        self.members.push(member);
    }

    fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
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
    /// Words of a `join` between the name and the topics.
    rest: String,
    topics: Vec<String>,
    names: Vec<String>,
    next: usize,
    mixed: bool,
    subscriptions: Subscriptions,
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
            rest: format!("{} {group} {way}", cluster.bootstrap()),
            topics: topics.to_vec(),
            names: Vec::new(),
            next: 0,
            mixed: false,
            subscriptions: Subscriptions::new(),
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
        let mut topics = self.topics.clone();
        if self.mixed {
            topics = differing(&topics, self.next);
            self.subscriptions.insert(name.clone(), topics.clone());
        }
        let line = format!("join {name} {} {}", self.rest, topics.join(","));
        self.order(&line);
        self.names.push(name);
    }

    fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
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
    /// What `what-if` said beforehand, by how sure it was.
    foretold: BTreeMap<Certainty, usize>,
    /// Of these: other loads than it said, where it also said that it assumes equal subscriptions and they differ.
    assumed_wrongly: usize,
}

/// Lets members come and go, and compares.
fn live(clients: &mut dyn Clients, watched: &Inside, group: &str, assignor: Assignor) -> Tally {
    let mut tally = Tally::default();
    // Another life for each assignor, the same at each run.
    let mut dice = assignor as u64 * 1_000_003 + 7;
    clients.join();
    let (mut seen, mut before) = settled(watched, group, 1);
    for _ in 0..rounds() {
        dice = dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let mixed = !clients.subscriptions().is_empty();
        let leave = clients.count() > 1
            && (clients.count() >= MOST_MEMBERS || (dice >> 60).is_multiple_of(3));
        if leave {
            // Where subscriptions differ, the first stays: somebody must read each topic.
            let first = usize::from(mixed);
            let at = first + (dice >> 40) as usize % (clients.count() - first);
            clients.leave(at);
        } else {
            clients.join();
        }
        let (now_seen, mut after) = settled(watched, group, clients.count());
        let foretold = Foretold::of(&seen, clients.count());
        foretold.hold(&mut tally, &after, !mixed);
        subscribed(&mut after, &now_seen, clients.subscriptions());
        compare(
            &mut tally,
            &before,
            &after,
            assignor,
            clients.most(assignor),
        );
        (seen, before) = (now_seen, after);
    }
    tally
}

/// Who subscribes to what, which Kafka does not tell.
fn subscribed(situation: &mut Situation, seen: &GroupSnapshot, subscriptions: &Subscriptions) {
    let names: Vec<_> = situation
        .group
        .topics
        .iter()
        .map(|t| t.name.clone())
        .collect();
    let known = seen.members.as_deref().unwrap();
    for member in &mut situation.group.members {
        let it = known
            .iter()
            .find(|m| m.member_id.as_str() == &*member.id)
            .unwrap();
        if let Some(topics) = subscriptions.get(&*it.client_id) {
            let subscribes = |i: &u32| topics.iter().any(|t| **t == *names[*i as usize]);
            member.topics = (0..names.len() as u32).filter(subscribes).collect();
        }
    }
}

/// What `what-if` says of another number of members, as a user gets it: with what Kafka tells and no more.
struct Foretold {
    certainty: Certainty,
    /// Members that there were.
    present: usize,
    /// It says that it rests on equal subscriptions.
    assumes: bool,
    loads: Vec<usize>,
}

impl Foretold {
    fn of(seen: &GroupSnapshot, members: usize) -> Self {
        let change = Change {
            members: Some(members),
            ..Change::default()
        };
        let found = what_if(&Situation::of(seen).unwrap(), &change).unwrap();
        let mut loads: Vec<usize> = found.after.members.iter().map(|m| m.partitions).collect();
        loads.sort_unstable();
        let mut notes = found.notes.iter();
        Self {
            present: seen.members.as_deref().unwrap().len(),
            assumes: notes.any(|note| note.starts_with(ASSUMED_SUBSCRIPTIONS)),
            certainty: found.certainty,
            loads,
        }
    }

    /// Where subscriptions differ, `equal` is false, and what was said to rest on them is only counted.
    fn hold(&self, tally: &mut Tally, after: &Situation, equal: bool) {
        *tally.foretold.entry(self.certainty).or_default() += 1;
        let mut real: Vec<usize> = after.group.members.iter().map(|m| m.owned.len()).collect();
        real.sort_unstable();
        if self.certainty == Certainty::Estimate || self.loads == real {
            return;
        }
        // What somebody who comes subscribes to nobody can know beforehand: `what-if` takes it to be what the first does.
        let newcomer = after.group.members.len() > self.present;
        if (self.assumes || newcomer) && !equal {
            tally.assumed_wrongly += 1;
        } else {
            tally.broken.push(format!(
                "what-if said {:?}: {:?}; real {real:?}",
                self.certainty, self.loads
            ));
        }
    }
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
            "{kind} {assignor:?}: {} rebalances, {} said exact; same sets {}, same loads {}, worst member off by {:.2}, {} broken promises; what-if said {:?}, {} of them on equal subscriptions in vain",
            t.rebalances,
            t.said_exact,
            t.same_sets,
            t.same_loads,
            t.off as f64 / t.rebalances.max(1) as f64,
            t.broken.len(),
            t.foretold,
            t.assumed_wrongly
        );
    }
    let broken: Vec<_> = tallies
        .iter()
        .flat_map(|(a, t)| t.broken.iter().map(move |b| format!("{a:?}: {b}")))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Members that subscribe to different topics: the rules know how sure they are when they know the subscriptions, and
/// `what-if`, which cannot, claims no more than holds.
#[test]
fn members_of_different_subscriptions_are_promised_no_more_than_holds() {
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
    let java = side_by_side(&ways, |assignor, way| {
        let group = unique("mixed");
        let mut clients = Java::new(cluster, &group, &topics(cluster), way);
        clients.mixed = true;
        live(&mut clients, &watched, &group, assignor)
    });
    report("Java, mixed", &java);
    let strategy =
        |name: &str| MemberOptions::classic().with("partition.assignment.strategy", name);
    let remote = |name: &str| MemberOptions::consumer().with("group.remote.assignor", name);
    let ways = [
        (Assignor::Range, strategy("range")),
        (Assignor::RoundRobin, strategy("roundrobin")),
        (Assignor::Uniform, remote("uniform")),
    ];
    let librdkafka = side_by_side(&ways, |assignor, options| {
        let group = unique("mixed");
        let mut clients = Librdkafka::new(cluster, &group, options);
        clients.mixed = true;
        live(&mut clients, &watched, &group, assignor)
    });
    report("librdkafka, mixed", &librdkafka);
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
        let mut clients = Librdkafka::new(cluster, &group, options);
        live(&mut clients, &watched, &group, assignor)
    });
    report("librdkafka", &tallies);
}
