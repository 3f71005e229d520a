//! A `serve` that keeps its state, on an embedded cluster and by rules of a test's own. In: rules, a configuration. Out: the running server,
//! its files, and what its commands say.

use std::fs;
use std::path::PathBuf;

use laggard::sim::scenario;

use super::embedded::Embedded;
use super::laggard::{Ended, Served, laggard};
use super::process::run_dir;
use super::unique;

/// A running `serve` with a directory of its own.
pub struct Kept {
    pub served: Served,
    dir: PathBuf,
    head: String,
    _embedded: Embedded,
}

impl Kept {
    /// Some groups and topics, read each second, these rules alone, and more of a configuration.
    #[track_caller]
    pub fn start((groups, partitions): (usize, usize), rules: &str, more: &str) -> Self {
        let dir = run_dir().join(unique("kept"));
        fs::create_dir_all(&dir).unwrap();
        let bulk = scenario::bulk(groups, partitions, 1);
        let embedded = Embedded::still(&bulk, 1_800_000_000_000);
        fs::write(dir.join("rules.yml"), rules).unwrap();
        let head = format!(
            "state_dir = \"state\"\n[alerts]\nshipped = false\nrules = [\"rules.yml\"]\n\
             [clusters.it]\nbootstrap_servers = \"{}\"\npoll_interval = \"1s\"\n",
            embedded.bootstrap()
        );
        fs::write(dir.join("laggard.toml"), format!("{head}{more}")).unwrap();
        let config = dir.join("laggard.toml").display().to_string();
        Self {
            served: Served::with(&[("LAGGARD_CONFIG", &config)]),
            dir,
            head,
            _embedded: embedded,
        }
    }

    /// Starts it anew, by what is written now.
    #[track_caller]
    pub fn begin_again(&mut self) {
        let config = self.file("laggard.toml").display().to_string();
        self.served = Served::with(&[("LAGGARD_CONFIG", &config)]);
    }

    /// A file of its directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes the configuration anew, with more of it; it is not read yet.
    pub fn write(&self, more: &str) {
        let text = format!("{}{more}", self.head);
        fs::write(self.file("laggard.toml"), text).unwrap();
    }

    /// Runs a command against it.
    pub fn order(&self, arguments: &[&str]) -> Ended {
        let url = format!("http://{}", self.served.address());
        let token = self.file("state/token").display().to_string();
        let to = ["--attach", &url, "--token-file", &token, "--author", "ann"];
        laggard(arguments.iter().copied().chain(to))
    }

    #[track_caller]
    pub fn reload(&self) {
        let reloaded = self.order(&["reload"]);
        assert_eq!(
            reloaded.code,
            Some(0),
            "{reloaded:#?}\n{}",
            self.served.log()
        );
    }
}
