//! Child processes that never outlive the tests, and the directory that they work in. In: commands. Out: [`Running`] handles.
//!
//! Three nets, since a test may pass, panic, or be killed: `Drop` kills the child; the kernel kills it when the process that started it dies
//! (`setpriv --pdeathsig`); a watchdog, which notices by a closed pipe, removes the run's directory.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A child process that is killed when this is dropped.
pub struct Running {
    child: Child,
}

/// A command whose process the kernel kills once the tests are gone. Start it with [`Running::start`].
pub fn guarded(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(program)
        .stdin(Stdio::null());
    command
}

impl Running {
    /// Starts a command made by [`guarded`]. The kernel's signal comes when the *thread* that forked ends, and each test has a thread of its
    /// own, so one thread that never ends forks for all.
    pub fn start(command: Command) -> io::Result<Self> {
        type Order = (Command, mpsc::Sender<io::Result<Child>>);
        static NURSERY: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
            let (orders, inbox) = mpsc::channel::<Order>();
            thread::spawn(move || {
                for (mut command, reply) in inbox {
                    let _gone = reply.send(command.spawn());
                }
            });
            orders
        });
        let (reply, answer) = mpsc::channel();
        NURSERY.send((command, reply)).unwrap();
        answer.recv().unwrap().map(|child| Self { child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal by name: `STOP`, `CONT`, `TERM`, `HUP`, …
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// Waits for the end; `None` when the time is up first.
    pub fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process through the shell's own `kill`.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{name} {pid}"))
        .status()
        .unwrap();
    assert!(status.success(), "cannot send SIG{name} to {pid}");
}

/// Whether a process is alive (one that has ended and waits to be reaped is not).
pub fn is_alive(pid: u32) -> bool {
    // The state is the first word behind the name, which stands in brackets and may hold anything.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// The directory of this run, `target/tmp/run-<pid>`, removed when the process ends in whatever way (kept if `LAGGARD_KEEP` is set).
pub fn run_dir() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        if env::var_os("LAGGARD_KEEP").is_none() {
            watch_over(&directory);
        }
        directory
    })
}

/// Starts the watchdog: it reads from a pipe whose other end only this process holds, so it wakes when the process is gone. It has a process
/// group of its own, lest a Ctrl-C at the terminal end it with the tests.
fn watch_over(directory: &Path) {
    // A moment for the brokers to die, then twice, since one may still have been writing.
    const SCRIPT: &str =
        r#"cat >/dev/null; sleep 0.5; rm -rf "$0" 2>/dev/null || { sleep 1; rm -rf "$0"; }"#;
    let watchdog = Command::new("sh")
        .args(["-c", SCRIPT])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    // Never dropped: the pipe closes when the process ends.
    std::mem::forget(watchdog);
}
