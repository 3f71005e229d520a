//! One JVM that runs Kafka's command-line tools one after another (`tests/kafka/Toolbox.java`): a call costs a tenth of a second instead of a JVM
//! start. In: a main class and arguments. Out: what the tool printed.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::super::process::{Running, guarded, run_dir};
use super::super::unique;
use super::node::quick_jvm;

/// What a tool printed, and its exit code.
#[derive(Debug, Clone)]
pub struct Printed {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

struct Toolbox {
    running: Running,
    answers: mpsc::Receiver<Printed>,
}

/// Runs a tool by its main class, for instance `org.apache.kafka.tools.TopicCommand`. Panics if it takes more than a minute.
#[track_caller]
pub fn run_tool(main_class: &str, arguments: &[&str]) -> Printed {
    static TOOLBOX: Mutex<Option<Toolbox>> = Mutex::new(None);
    let mut toolbox = TOOLBOX.lock().unwrap_or_else(PoisonError::into_inner);
    let ready = toolbox.get_or_insert_with(Toolbox::start);
    if let Some(printed) = ready.call(main_class, arguments) {
        return printed;
    }
    // A tool that hangs keeps its JVM busy: the next call gets a new one.
    *toolbox = None;
    panic!("{main_class} {arguments:?} did not end within a minute")
}

impl Toolbox {
    fn start() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Toolbox.java");
        let log = File::create(run_dir().join(unique("toolbox")).with_extension("log")).unwrap();
        let mut command = guarded("java");
        command
            .args(quick_jvm())
            .args(["-Xmx256m", "-Dlaggard.log=ERROR"])
            .arg(source);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut running = Running::start(command).unwrap();
        let mut pipe = BufReader::new(running.child().stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            while let Some(printed) = read_answer(&mut pipe) {
                if sender.send(printed).is_err() {
                    return;
                }
            }
        });
        Self { running, answers }
    }

    fn call(&mut self, main_class: &str, arguments: &[&str]) -> Option<Printed> {
        let words: Vec<_> = std::iter::once(&main_class)
            .chain(arguments)
            .map(|word| word.replace('\n', "\u{2}"))
            .collect();
        let pipe = self.running.child().stdin.as_mut().unwrap();
        writeln!(pipe, "{}", words.join("\u{1}"))
            .and_then(|()| pipe.flush())
            .ok()?;
        self.answers.recv_timeout(Duration::from_mins(1)).ok()
    }
}

/// `CODE OUT_BYTES ERR_BYTES\n` and the bytes; `None` at the end of the pipe.
fn read_answer(pipe: &mut impl std::io::BufRead) -> Option<Printed> {
    let mut head = String::new();
    pipe.by_ref().read_line(&mut head).ok()?;
    let numbers: Vec<i32> = head
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let [code, out, err] = numbers[..] else {
        return None;
    };
    let mut take = |count: i32| {
        let mut bytes = vec![0; usize::try_from(count).ok()?];
        pipe.read_exact(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    Some(Printed {
        code,
        stdout: take(out)?,
        stderr: take(err)?,
    })
}
