//! The binary under test, run as a user would. In: arguments. Out: exit code, standard output, standard error.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::time::Duration;

use super::process::{Running, guarded, run_dir};
use super::unique;

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
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:#?}"))
    }
}

/// Runs `laggard` to its end. Panics if it takes more than a minute.
#[track_caller]
pub fn laggard<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    let base = run_dir().join(unique("laggard"));
    let (stdout, stderr) = (base.with_extension("out"), base.with_extension("err"));
    let mut command = guarded(env!("CARGO_BIN_EXE_laggard"));
    command
        .args(arguments)
        .stdout(File::create(&stdout).unwrap())
        .stderr(File::create(&stderr).unwrap());
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
    ended
}
