//! Debian's Alertmanager, which sends on what it is told to a hook. In: a hook. Out: its address, and what `amtool` says.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::hook::Hook;
use super::process::{Running, guarded, run_dir};
use super::prometheus::free_address;
use super::{eventually, unique};

/// A running Alertmanager.
pub struct Alertmanager {
    _running: Running,
    address: String,
}

impl Alertmanager {
    /// Groups by cluster, waits a second, and sends to `hook`. Returns once it answers.
    #[track_caller]
    pub fn start(hook: &Hook) -> Self {
        let directory = run_dir().join(unique("alertmanager"));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("alertmanager.yml");
        let config = format!(
            "route:\n  receiver: hook\n  group_by: [kafka_cluster]\n  group_wait: 1s\n  group_interval: 1s\n\
             receivers:\n- name: hook\n  webhook_configs:\n  - url: {}\n",
            hook.url("/from-alertmanager")
        );
        fs::write(&file, config).unwrap();
        let address = free_address();
        let mut command = guarded("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.path={}",
                directory.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let alertmanager = Self {
            _running: Running::start(command).unwrap(),
            address,
        };
        eventually(Duration::from_secs(30), || {
            let ready = ureq::get(format!("{}/-/ready", alertmanager.url())).call();
            ready.map(drop).map_err(|error| error.to_string())
        });
        alertmanager
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `amtool alert query`: the alerts that it knows, with all their labels, a line each.
    pub fn query(&self) -> String {
        let output = Command::new("amtool")
            .args(["alert", "query", "--output=extended"])
            .arg(format!("--alertmanager.url={}", self.url()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
