//! Debian's Prometheus, or a newer one, scraping one target each second. In: an address. Out: answers to instant queries.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::process::{Running, guarded, run_dir};
use super::{eventually, unique};

/// An address of this machine that nobody listens on.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A running Prometheus.
pub struct Prometheus {
    _running: Running,
    address: String,
}

impl Prometheus {
    /// Scrapes `target`; returns once a scrape is in.
    #[track_caller]
    pub fn scraping(target: &str) -> Self {
        Self::evaluating(target, None)
    }

    /// The same, with a rule file.
    #[track_caller]
    pub fn evaluating(target: &str, rules: Option<&Path>) -> Self {
        Self::run(&PathBuf::from("prometheus"), target, rules)
    }

    /// Another binary that scrapes `target`.
    #[track_caller]
    pub fn of(binary: &Path, target: &str) -> Self {
        Self::run(binary, target, None)
    }

    #[track_caller]
    fn run(binary: &Path, target: &str, rules: Option<&Path>) -> Self {
        let directory = run_dir().join(unique("prometheus"));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("prometheus.yml");
        let rules = rules.map_or_else(String::new, |r| {
            format!("rule_files: ['{}']\n", r.display())
        });
        let config = format!(
            "global: {{scrape_interval: 1s}}\n{rules}scrape_configs:\n- job_name: laggard\n  static_configs:\n  - targets: ['{target}']\n"
        );
        fs::write(&file, config).unwrap();
        let address = free_address();
        let mut command = guarded(binary);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let prometheus = Self {
            _running: Running::start(command).unwrap(),
            address,
        };
        eventually(Duration::from_secs(40), || {
            match prometheus.try_query("up == 1")?.as_array() {
                Some(up) if !up.is_empty() => Ok(()),
                _ => Err(format!(
                    "nothing scraped: {:?}",
                    prometheus.get("targets", &[])
                )),
            }
        });
        prometheus
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn get(&self, what: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let mut request = ureq::get(format!("http://{}/api/v1/{what}", self.address));
        for (name, value) in parameters {
            request = request.query(*name, *value);
        }
        let request = request.config().http_status_as_error(false).build();
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let text = answer.body_mut().read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|_| text)
    }

    fn try_query(&self, expression: &str) -> Result<Value, String> {
        let answer = self.get("query", &[("query", expression)])?;
        if answer["status"] == "success" {
            Ok(answer["data"]["result"].clone())
        } else {
            Err(format!("{expression}: {}", answer["error"]))
        }
    }

    /// The samples that an expression has now: labels, value.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<(Value, f64)> {
        let result = self
            .try_query(expression)
            .unwrap_or_else(|error| panic!("{error}"));
        let samples = result.as_array().into_iter().flatten();
        samples
            .map(|s| {
                let value = s["value"][1].as_str().unwrap().parse().unwrap();
                (s["metric"].clone(), value)
            })
            .collect()
    }

    /// What went wrong with the last scrape; empty if nothing did.
    #[track_caller]
    pub fn scrape_error(&self) -> String {
        let targets = self.get("targets", &[]).unwrap();
        targets["data"]["activeTargets"][0]["lastError"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// `promtool check metrics`.
pub fn check_metrics(text: &str) -> Output {
    let file = run_dir().join(unique("metrics"));
    fs::write(&file, text).unwrap();
    Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap()
}
