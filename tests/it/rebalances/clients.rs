//! Members of one group by one kind of client: librdkafka in this process, or Java in a JVM that several groups share.
//!
//! In: a cluster, topics, what is to be different of each member. Out: members that join and leave in earnest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use laggard::advice::assign::{Assignor, Certainty};

use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::{KafkaCluster, quick_jvm};
use crate::support::process::{Running, guarded, run_dir};
use crate::support::unique;

/// Topics, by the client ids of the members that subscribe to these alone; the others subscribe to all.
pub type Subscriptions = BTreeMap<String, Vec<String>>;

/// Members of one group.
pub trait Clients {
    /// One more member, by this client id, of these topics.
    fn join(&mut self, name: &str, topics: &[String]);
    fn leave(&mut self, at: usize);
    fn count(&self) -> usize;
    /// The surest that is promised of this kind of client.
    fn most(&self, assignor: Assignor) -> Certainty {
        let _ = assignor;
        Certainty::Exact
    }
}

pub struct Librdkafka {
    cluster: &'static KafkaCluster,
    group: String,
    options: MemberOptions,
    members: Vec<Member>,
}

impl Librdkafka {
    pub fn new(cluster: &'static KafkaCluster, group: &str, options: &MemberOptions) -> Self {
        Self {
            cluster,
            group: group.to_owned(),
            options: options.clone(),
            members: Vec::new(),
        }
    }
}

impl Clients for Librdkafka {
    /// Its cooperative-sticky is another rule than Java's under the same name.
    fn most(&self, assignor: Assignor) -> Certainty {
        match assignor {
            Assignor::CooperativeSticky => Certainty::Loads,
            _ => Certainty::Exact,
        }
    }

    fn join(&mut self, name: &str, topics: &[String]) {
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let options = self.options.clone().with("client.id", name);
        let member = Member::join(self.cluster, &self.group, &topics, &options);
        self.members.push(member);
    }

    fn leave(&mut self, at: usize) {
        drop(self.members.remove(at));
    }

    fn count(&self) -> usize {
        self.members.len()
    }
}

/// A JVM in which members of any group live.
pub struct Jvm(Mutex<(Running, ChildStdin)>);

impl Jvm {
    /// Waits until it takes orders: on a busy machine the compiler alone takes long.
    pub fn start() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Members.java");
        let log = File::create(run_dir().join(unique("members")).with_extension("log")).unwrap();
        let mut command = guarded("java");
        command
            .args(quick_jvm())
            .args(["-Xmx512m", "-Dlaggard.log=ERROR"])
            .arg(source);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut jvm = Running::start(command).unwrap();
        let orders = jvm.child().stdin.take().unwrap();
        let out = BufReader::new(jvm.child().stdout.take().unwrap());
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            out.lines().for_each(|line| {
                // Nobody listens any more once it is ready.
                let _ = said.send(line);
            });
        });
        let first = heard.recv_timeout(Duration::from_mins(5));
        assert!(
            matches!(&first, Ok(Ok(line)) if line == "ready"),
            "{first:?}"
        );
        Self(Mutex::new((jvm, orders)))
    }

    fn order(&self, line: &str) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (jvm, orders) = &mut *both;
        assert!(jvm.is_running(), "the JVM of the members has ended");
        writeln!(orders, "{line}")
            .and_then(|()| orders.flush())
            .unwrap();
    }
}

pub struct Java {
    jvm: Arc<Jvm>,
    /// Words of a `join` between the name and the topics.
    rest: String,
    names: Vec<String>,
}

impl Java {
    /// `way`: the protocol and the assignor as `Members.java` takes them.
    pub fn new(jvm: Arc<Jvm>, cluster: &KafkaCluster, group: &str, way: &str) -> Self {
        Self {
            jvm,
            rest: format!("{} {group} {way}", cluster.bootstrap()),
            names: Vec::new(),
        }
    }
}

impl Clients for Java {
    fn join(&mut self, name: &str, topics: &[String]) {
        let line = format!("join {name} {} {}", self.rest, topics.join(","));
        self.jvm.order(&line);
        self.names.push(name.to_owned());
    }

    fn leave(&mut self, at: usize) {
        let name = self.names.remove(at);
        self.jvm.order(&format!("leave {name}"));
    }

    fn count(&self) -> usize {
        self.names.len()
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        while !self.names.is_empty() && !std::thread::panicking() {
            self.leave(0);
        }
    }
}
