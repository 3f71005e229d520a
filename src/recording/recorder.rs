//! The recorder: a thread that writes what is folded, behind a bounded queue.
//!
//! The folding thread hands over shared observations through a [`Tap`] and never waits: what finds
//! no room is counted, and the next line that does says so as a gap.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Checkpoint;
use super::ring::Ring;
use super::write::{Sink, Writer};
use crate::model::{BootId, Fact, Observation, Settings, Timestamp};

/// Observations that may wait for the recorder while it makes bytes of a big cluster's checkpoint …
const QUEUE: usize = 1 << 16;
/// … and partitions' readings in them: about 100 MB.
const WEIGHT: usize = 2_000_000;
/// Others can read what was written after this long at the most.
const FLUSH_EACH: Duration = Duration::from_secs(2);

enum Entry {
    Observation(Arc<Observation>, usize),
    /// With the instant that it stands at.
    Checkpoint(Unwritten, Timestamp),
}

/// A checkpoint that is still to be made bytes of, or why it cannot be.
type Unwritten = Box<dyn FnOnce() -> Result<Checkpoint, String> + Send>;

#[derive(Default)]
struct Shared {
    weight: AtomicUsize,
    wants_checkpoint: AtomicBool,
}

/// The folding thread's end.
pub struct Tap {
    entries: Option<SyncSender<Entry>>,
    shared: Arc<Shared>,
    lost: u64,
}

impl Tap {
    /// Hands over an observation, in the order of folding. It never waits.
    pub fn record(&mut self, observation: &Arc<Observation>) {
        if self.lost > 0 {
            let gap = Observation::Gap {
                at: observation.at(),
                lost: self.lost,
            };
            if self.offer(&Arc::new(gap)) {
                self.lost = 0;
                // What is known after a gap is not in the recording: a checkpoint brings it.
                self.shared.wants_checkpoint.store(true, Ordering::Relaxed);
            }
        }
        if self.lost > 0 || !self.offer(observation) {
            self.lost += 1;
        }
    }

    /// Hands over an observation of the past and waits for room: nothing live is held up yet.
    pub fn record_past(&mut self, observation: &Arc<Observation>) {
        let weight = weight(observation);
        self.shared.weight.fetch_add(weight, Ordering::Relaxed);
        let entry = Entry::Observation(Arc::clone(observation), weight);
        if self
            .entries
            .as_ref()
            .is_some_and(|e| e.send(entry).is_err())
        {
            self.entries = None;
        }
    }

    fn offer(&mut self, observation: &Arc<Observation>) -> bool {
        let Some(entries) = &self.entries else {
            return true;
        };
        let weight = weight(observation);
        if self.shared.weight.load(Ordering::Relaxed) + weight > WEIGHT {
            return false;
        }
        match entries.try_send(Entry::Observation(Arc::clone(observation), weight)) {
            Ok(()) => {
                self.shared.weight.fetch_add(weight, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Full(_)) => false,
            // The recorder has ended and said why: there is nothing to lose to any more.
            Err(TrySendError::Disconnected(_)) => {
                self.entries = None;
                true
            }
        }
    }

    /// Whether a checkpoint is due: hand one over right after a tick.
    pub fn wants_checkpoint(&self) -> bool {
        self.entries.is_some() && self.shared.wants_checkpoint.swap(false, Ordering::Relaxed)
    }

    /// Hands over a checkpoint of the state after all that was recorded; it stands at `at`, which
    /// for one taken up from a run before is older than anything recorded since. The recorder's
    /// thread makes it.
    pub fn checkpoint(
        &mut self,
        make: impl FnOnce() -> Result<Checkpoint, String> + Send + 'static,
        at: Timestamp,
    ) {
        let entry = Entry::Checkpoint(Box::new(make), at);
        if let Some(entries) = &self.entries
            && let Err(TrySendError::Full(_)) = entries.try_send(entry)
        {
            self.shared.wants_checkpoint.store(true, Ordering::Relaxed);
        }
    }
}

/// About how many partitions' readings an observation holds.
fn weight(observation: &Observation) -> usize {
    let Observation::Read { fact, .. } = observation else {
        return 1;
    };
    1 + match fact {
        Fact::LogEnds { offsets, .. } | Fact::LogStarts { offsets, .. } => offsets.len(),
        Fact::Commits { topics, .. } => topics.iter().map(|t| t.partitions.len()).sum(),
        Fact::Topics { topics, .. } => topics.iter().map(|t| t.partitions.len()).sum(),
        Fact::Groups { groups, .. } => groups.len(),
        Fact::Group { description } => description.members.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines.
    pub lines: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Observations that found no room.
    pub lost: u64,
}

/// Why a recorder ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Its thread broke: a fault of Laggard's own.
    #[error("the recorder broke; please report it with the log above")]
    Broke,
}

/// A running recorder. It ends when its [`Tap`] is dropped, or when it can write no more.
pub struct Recorder {
    thread: JoinHandle<Result<Summary, RecorderError>>,
}

impl Recorder {
    /// Records into one file, made anew.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn file(path: &Path) -> Result<(Self, Tap), RecorderError> {
        let failed = |error| RecorderError::Write {
            path: path.to_owned(),
            error,
        };
        let sink = Sink::create(path).map_err(failed)?;
        let out = Out {
            path: path.to_owned(),
            writer: Writer::begin(sink, None, None).map_err(failed)?,
        };
        Self::spawn(Target::File(Box::new(out)), false)
    }

    /// Records into a ring of segments. Asks for a checkpoint at once: the first segment begins
    /// with it.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub fn ring(ring: Ring) -> Result<(Self, Tap), RecorderError> {
        Self::spawn(Target::Ring(Box::new(Rolling::new(ring))), true)
    }

    fn spawn(target: Target, wants_checkpoint: bool) -> Result<(Self, Tap), RecorderError> {
        let shared = Arc::new(Shared::default());
        shared
            .wants_checkpoint
            .store(wants_checkpoint, Ordering::Relaxed);
        let (sender, entries) = sync_channel(QUEUE);
        let tap = Tap {
            entries: Some(sender),
            shared: Arc::clone(&shared),
            lost: 0,
        };
        let run = move || Run::new(target, shared).run(&entries);
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let thread = thread.spawn(run).map_err(|error| RecorderError::Write {
            path: PathBuf::from("a recording"),
            error,
        })?;
        Ok((Self { thread }, tap))
    }

    /// Whether it has ended, by itself or because its tap was dropped.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end: drop the tap first.
    ///
    /// # Errors
    ///
    /// When not everything could be written.
    pub fn join(self) -> Result<Summary, RecorderError> {
        self.thread.join().unwrap_or(Err(RecorderError::Broke))
    }
}

/// A file being written.
struct Out {
    path: PathBuf,
    writer: Writer<File>,
}

enum Target {
    File(Box<Out>),
    Ring(Box<Rolling>),
}

/// The newest segment of a ring, and what the next one's head must say.
struct Rolling {
    ring: Ring,
    out: Option<Out>,
    began: Instant,
    boot: Option<BootId>,
    settings: Option<Arc<Settings>>,
}

impl Rolling {
    fn new(ring: Ring) -> Self {
        Self {
            ring,
            out: None,
            began: Instant::now(),
            boot: None,
            settings: None,
        }
    }

    /// Begins the next segment.
    fn roll(&mut self, at: Timestamp) -> Result<&mut Out, RecorderError> {
        if let Some(out) = self.out.take() {
            finish(out)?;
        }
        let path = self.ring.next_segment(at);
        let failed = |error| RecorderError::Write {
            path: path.clone(),
            error,
        };
        self.ring.make_room().map_err(failed)?;
        let sink = Sink::create(&path).map_err(failed)?;
        let writer = Writer::begin(sink, self.boot.as_ref(), self.settings.as_ref());
        let writer = writer.map_err(failed)?;
        self.began = Instant::now();
        Ok(self.out.insert(Out { path, writer }))
    }

    fn is_full(&self) -> bool {
        let bytes = self.out.as_ref().map_or(0, |o| o.writer.since_checkpoint());
        self.began.elapsed() >= self.ring.segment_time || bytes >= self.ring.segment_bytes
    }
}

fn finish(out: Out) -> Result<(), RecorderError> {
    let Out { path, writer } = out;
    let ended = writer.finish().and_then(|file| file.sync_all());
    ended.map_err(|error| RecorderError::Write { path, error })
}

struct Run {
    target: Target,
    shared: Arc<Shared>,
    flushed: Instant,
    unflushed: bool,
    /// It has asked for the checkpoint with which the next segment begins.
    asked: bool,
    summary: Summary,
}

impl Run {
    fn new(target: Target, shared: Arc<Shared>) -> Self {
        Self {
            target,
            shared,
            flushed: Instant::now(),
            unflushed: false,
            asked: false,
            summary: Summary::default(),
        }
    }

    fn run(mut self, entries: &Receiver<Entry>) -> Result<Summary, RecorderError> {
        loop {
            match entries.recv_timeout(FLUSH_EACH) {
                Ok(Entry::Observation(observation, weight)) => {
                    self.write(&observation)?;
                    self.shared.weight.fetch_sub(weight, Ordering::Relaxed);
                }
                Ok(Entry::Checkpoint(make, at)) => match make() {
                    Ok(checkpoint) => self.checkpoint(&checkpoint, at)?,
                    Err(why) => {
                        tracing::warn!("{why}");
                        self.asked = false;
                    }
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            if self.unflushed && self.flushed.elapsed() >= FLUSH_EACH {
                self.flush()?;
            }
        }
    }

    fn write(&mut self, observation: &Arc<Observation>) -> Result<(), RecorderError> {
        if let Observation::Gap { lost, .. } = &**observation {
            self.summary.lost += lost;
            tracing::warn!("the recorder could not keep up: {lost} observations are not recorded");
        }
        let out = match &mut self.target {
            Target::File(out) => out,
            Target::Ring(rolling) => {
                match &**observation {
                    Observation::Boot { boot, .. } => rolling.boot = Some(boot.clone()),
                    Observation::Configured { settings, .. } => {
                        rolling.settings = Some(Arc::clone(settings));
                    }
                    _ => {}
                }
                // Once: until the checkpoint has come, what was folded before it is still written.
                if rolling.is_full() && !std::mem::replace(&mut self.asked, true) {
                    self.shared.wants_checkpoint.store(true, Ordering::Relaxed);
                }
                match rolling.out {
                    Some(ref mut out) => out,
                    None => rolling.roll(observation.at())?,
                }
            }
        };
        let before = (out.writer.lines(), out.writer.bytes());
        let written = out.writer.write(observation);
        written.map_err(|error| RecorderError::Write {
            path: out.path.clone(),
            error,
        })?;
        self.summary.lines += out.writer.lines() - before.0;
        self.summary.bytes += out.writer.bytes() - before.1;
        self.unflushed = true;
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint, at: Timestamp) -> Result<(), RecorderError> {
        let out = match &mut self.target {
            Target::File(out) => out,
            Target::Ring(rolling) => {
                self.asked = false;
                rolling.roll(at)?
            }
        };
        let written = out.writer.checkpoint(checkpoint);
        written.map_err(|error| RecorderError::Write {
            path: out.path.clone(),
            error,
        })?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), RecorderError> {
        self.unflushed = false;
        self.flushed = Instant::now();
        let out = match &mut self.target {
            Target::File(out) => Some(&mut **out),
            Target::Ring(rolling) => rolling.out.as_mut(),
        };
        let Some(out) = out else { return Ok(()) };
        out.writer.flush().map_err(|error| RecorderError::Write {
            path: out.path.clone(),
            error,
        })
    }

    fn end(self) -> Result<Summary, RecorderError> {
        match self.target {
            Target::File(out) => finish(*out)?,
            Target::Ring(rolling) => {
                if let Some(out) = rolling.out {
                    finish(out)?;
                }
            }
        }
        Ok(self.summary)
    }
}
