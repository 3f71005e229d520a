//! The binary under test, run as a user would. In: arguments. Out: exit code, standard output, standard error; for `serve`, its snapshots.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::embedded::REFUSED;
use super::kafka::KafkaCluster;
use super::kafka::tools::GroupRow;
use super::process::{Running, guarded, run_dir};
use super::{eventually, unique};

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:#?}"))
    }
}

/// The binary: `LAGGARD_TEST_BINARY`, else the one that cargo built with the tests.
pub fn binary() -> PathBuf {
    env::var_os("LAGGARD_TEST_BINARY").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_laggard")),
        PathBuf::from,
    )
}

/// The binary with nothing of this machine's configuration, and with its output in the two files.
fn command(stdout: &PathBuf, stderr: &PathBuf) -> Command {
    let mut command = guarded(binary());
    for (name, _) in
        env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"LAGGARD_"))
    {
        command.env_remove(name);
    }
    for name in [
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
    ] {
        command.env(name, run_dir().join("home"));
    }
    command
        .env_remove("RUST_BACKTRACE")
        .env_remove("RUST_LOG")
        .current_dir(run_dir());
    command
        .stdout(File::create(stdout).unwrap())
        .stderr(File::create(stderr).unwrap());
    command
}

/// Runs `laggard` to its end. Panics if it takes more than a minute.
#[track_caller]
pub fn laggard<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    let base = run_dir().join(unique("laggard"));
    let (stdout, stderr) = (base.with_extension("out"), base.with_extension("err"));
    let mut command = command(&stdout, &stderr);
    command.args(arguments);
    let mut running = Running::start(command).unwrap();
    let status = running.wait(Duration::from_mins(1));
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let ended = Ended {
        code: status.and_then(|status| status.code()),
        stdout: read(&stdout),
        stderr: read(&stderr),
    };
    assert!(
        status.is_some(),
        "laggard did not end within a minute: {ended:#?}"
    );
    assert!(!ended.stderr.contains(REFUSED), "{ended:#?}");
    ended
}

/// `laggard lag --output json` on a cluster's open listener, with more arguments.
#[track_caller]
pub fn lag(cluster: &KafkaCluster, arguments: &[&str]) -> Value {
    lag_at(&cluster.bootstrap(), arguments)
}

/// The same at an address.
#[track_caller]
pub fn lag_at(bootstrap: &str, arguments: &[&str]) -> Value {
    let ended = laggard(
        ["lag", "--bootstrap-server", bootstrap, "--output", "json"]
            .iter()
            .chain(arguments),
    );
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.json()
}

/// A running `laggard serve`.
pub struct Served {
    running: Running,
    address: String,
    stderr: PathBuf,
}

impl Served {
    /// Serves one cluster, called `it`, read each second. Waits until it is ready.
    #[track_caller]
    pub fn start(cluster: &KafkaCluster) -> Self {
        Self::of(&cluster.bootstrap())
    }

    /// The same at an address where a cluster need not be.
    #[track_caller]
    pub fn of(bootstrap: &str) -> Self {
        Self::with(&[
            ("LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS", bootstrap),
            ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
        ])
    }

    /// The same with settings of one's own, as environment variables.
    #[track_caller]
    pub fn with(environment: &[(&str, &str)]) -> Self {
        Self::run(&["serve"], environment)
    }

    /// `laggard demo` without its screen, the embedded cluster offered to others at this address and the ports after it.
    #[track_caller]
    pub fn demo(cluster_listen: &str) -> Self {
        Self::run(
            &["demo", "--headless", "--cluster-listen", cluster_listen],
            &[],
        )
    }

    /// `serve` with more arguments: on something else than clusters.
    #[track_caller]
    pub fn on(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let all: Vec<_> = ["serve"].iter().chain(arguments).copied().collect();
        Self::run(&all, environment)
    }

    /// With settings of one's own, and waits for nothing.
    pub fn begin_with(environment: &[(&str, &str)]) -> Self {
        Self::begin(&["serve"], environment)
    }

    #[track_caller]
    fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut served = Self::begin(arguments, environment);
        // A cluster that is down counts as ready after a minute.
        eventually(Duration::from_secs(75), || {
            served.assert_running();
            served.get("/readyz").map(drop)
        });
        served
    }

    fn begin(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let base = run_dir().join(unique("serve"));
        let (stdout, stderr) = (base.with_extension("out"), base.with_extension("err"));
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let mut command = command(&stdout, &stderr);
        command.args(arguments).args(["--listen", &address]);
        command.envs(environment.iter().copied());
        Self {
            running: Running::start(command).unwrap(),
            address,
            stderr,
        }
    }

    /// The demo with no screen, with these variables beside.
    #[track_caller]
    pub fn demo_with(variables: &[(&str, &str)]) -> Self {
        let arguments = ["demo", "--headless", "--poll-interval", "1s"];
        Self::run(&arguments, variables)
    }

    /// The same, telling its alerts.
    #[track_caller]
    pub fn demo_delivering(variables: &[(&str, &str)]) -> Self {
        let arguments = ["demo", "--headless", "--poll-interval", "1s", "--deliver"];
        Self::run(&arguments, variables)
    }

    /// A recording that stands as good as still at a time, with these variables beside.
    #[track_caller]
    pub fn paused(file: &str, at: &str, variables: &[(&str, &str)]) -> Self {
        let arguments = ["serve", "--replay", file, "--at", at, "--speed", "0.01"];
        Self::run(&arguments, variables)
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The body of a page.
    pub fn get(&self, path: &str) -> Result<String, String> {
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .timeout_global(Some(Duration::from_secs(10)))
                .build(),
        );
        let mut answer = agent
            .get(format!("http://{}{path}", self.address))
            .call()
            .map_err(|error| error.to_string())?;
        answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())
    }

    /// `/api/v1/snapshot`.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        let text = self
            .get("/api/v1/snapshot")
            .unwrap_or_else(|error| panic!("no snapshot: {error}\n{}", self.log()));
        serde_json::from_str(&text).unwrap()
    }

    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// What it wrote to its standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    #[track_caller]
    fn assert_running(&mut self) {
        assert!(
            self.running.is_running(),
            "laggard serve ended:\n{}",
            self.log()
        );
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let log = self.log();
            assert!(!log.contains(REFUSED), "{log}");
        }
    }
}

/// A group of a document; `Err` if it is not there.
pub fn group<'a>(document: &'a Value, name: &str) -> Result<&'a Value, String> {
    groups(document)
        .find(|group| group["group"] == name)
        .ok_or_else(|| format!("no group {name} in {document:#}"))
}

fn groups(document: &Value) -> impl Iterator<Item = &Value> {
    let clusters = document["clusters"].as_array().into_iter().flatten();
    clusters.flat_map(|cluster| cluster["groups"].as_array().into_iter().flatten())
}

/// A partition of a group; `Err` if it is not there.
pub fn partition<'a>(
    document: &'a Value,
    name: &str,
    topic: &str,
    partition: i32,
) -> Result<&'a Value, String> {
    let group = group(document, name)?;
    let mut partitions = group["partitions"].as_array().into_iter().flatten();
    partitions
        .find(|row| row["topic"] == topic && row["partition"] == partition)
        .ok_or_else(|| format!("no {topic}-{partition} in {group:#}"))
}

/// A document as rows of Kafka's own tool, sorted alike.
pub fn as_group_rows(document: &Value) -> Vec<GroupRow> {
    let mut rows: Vec<_> = groups(document).flat_map(rows_of_group).collect();
    rows.sort();
    rows
}

fn rows_of_group(group: &Value) -> impl Iterator<Item = GroupRow> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    group["partitions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(move |row| {
            let members = group["members"].as_array().into_iter().flatten();
            let owner = members.into_iter().find(|member| {
                row["member_id"].is_string() && member["member_id"] == row["member_id"]
            });
            let of_owner = |field: &str| owner.and_then(|owner| text(&owner[field]));
            GroupRow {
                group: text(&group["group"]).unwrap(),
                topic: text(&row["topic"]),
                partition: row["partition"]
                    .as_i64()
                    .map(|number| i32::try_from(number).unwrap()),
                committed_offset: row["committed_offset"]["value"].as_i64(),
                log_end_offset: row["log_end_offset"]["value"].as_i64(),
                lag: row["lag"]["value"].as_i64(),
                member_id: text(&row["member_id"]),
                // Kafka's tools write a host as Java does, with a slash before the address.
                host: of_owner("host").map(|host| host.trim_start_matches('/').to_owned()),
                client_id: of_owner("client_id"),
            }
        })
}
