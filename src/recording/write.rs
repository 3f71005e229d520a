//! Observations to lines.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use super::Checkpoint;
use super::change::{Difference, difference};
use super::line::{Change, ChangeKind, CheckpointLine, Header, HeaderKind, ReadLine, VERSION};
use super::subject::{Subject, subject};
use crate::model::{BootId, ClusterName, Fact, Observation, Settings, Span, Timestamp};

/// A read is told in full after so many changes, so that a damaged line spoils no more than these.
const CHANGES: u32 = 60;
/// zstd's level: the best that costs next to nothing.
const LEVEL: i32 = 3;

/// Where lines go: plain, or compressed.
pub enum Sink<W: Write> {
    /// As they are.
    Plain(BufWriter<W>),
    /// Through zstd.
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<W>>),
}

impl Sink<std::fs::File> {
    /// Makes the file anew; compressed when its name ends in `.zst`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = std::fs::File::create(path)?;
        Self::new(file, path.extension().is_some_and(|e| e == "zst"))
    }
}

impl<W: Write> Sink<W> {
    /// Lines into `out`.
    ///
    /// # Errors
    ///
    /// When zstd cannot be set up.
    pub fn new(out: W, compressed: bool) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 16, out);
        Ok(if compressed {
            Self::Zstd(zstd::stream::write::Encoder::new(out, LEVEL)?)
        } else {
            Self::Plain(out)
        })
    }

    /// Ends the file: what was written is whole.
    fn finish(self) -> io::Result<W> {
        let out = match self {
            Self::Plain(out) => out,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}

/// The last read of a subject.
struct Last {
    v: u64,
    changes: u32,
    read: Arc<Observation>,
}

/// Writes one recording.
pub struct Writer<W: Write> {
    out: Sink<W>,
    line: Vec<u8>,
    last: HashMap<Subject, Last>,
    lines: u64,
    bytes: u64,
    checkpoint_at: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording: its first line says what it is; where it begins in the middle of a run,
    /// also of which, and what was in force.
    ///
    /// # Errors
    ///
    /// What the file says, here and below.
    pub fn begin(
        out: Sink<W>,
        boot: Option<&BootId>,
        settings: Option<&Arc<Settings>>,
    ) -> io::Result<Self> {
        let mut writer = Self {
            out,
            line: Vec::new(),
            last: HashMap::new(),
            lines: 0,
            bytes: 0,
            checkpoint_at: 0,
        };
        writer.line(&Header {
            kind: HeaderKind::Recording,
            version: VERSION,
            laggard: Some(env!("CARGO_PKG_VERSION").to_owned()),
            boot: boot.cloned(),
            settings: settings.cloned(),
        })?;
        Ok(writer)
    }

    /// Writes a checkpoint: what follows it needs nothing of what precedes it.
    ///
    /// # Errors
    ///
    /// As [`Writer::begin`].
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.line(&CheckpointLine::of(checkpoint)?)?;
        self.checkpoint_at = self.bytes;
        Ok(())
    }

    /// Writes one observation.
    ///
    /// # Errors
    ///
    /// As [`Writer::begin`].
    pub fn write(&mut self, observation: &Arc<Observation>) -> io::Result<()> {
        match &**observation {
            Observation::Read {
                cluster,
                asked,
                answered,
                fact,
            } => self.read(observation, cluster, *answered, *answered - *asked, fact),
            other => self.line(other),
        }
    }

    fn read(
        &mut self,
        observation: &Arc<Observation>,
        cluster: &ClusterName,
        at: Timestamp,
        waited: Span,
        fact: &Fact,
    ) -> io::Result<()> {
        let mut v = 0;
        if let Some(subject) = subject(cluster, fact) {
            let last = self.last.get(&subject);
            v = last.map_or(1, |l| l.v + 1);
            let difference = last
                .filter(|l| l.changes < CHANGES)
                .and_then(|l| match &*l.read {
                    Observation::Read { fact: before, .. } => difference(before, fact),
                    _ => None,
                });
            let changes = last.map_or(0, |l| l.changes);
            let told = difference.is_some();
            if let Some(difference) = difference {
                self.change(&subject, v, at, waited, difference)?;
            }
            let last = Last {
                v,
                changes: if told { changes + 1 } else { 0 },
                read: Arc::clone(observation),
            };
            self.last.insert(subject, last);
            if told {
                return Ok(());
            }
        }
        self.line(&ReadLine {
            at,
            waited,
            cluster,
            v,
            fact,
        })
    }

    fn change(
        &mut self,
        subject: &Subject,
        v: u64,
        at: Timestamp,
        waited: Span,
        difference: Difference,
    ) -> io::Result<()> {
        let (plus, commits) = match difference {
            Difference::Same => (None, None),
            Difference::Plus(plus) => (Some(plus), None),
            Difference::Commits(commits) => (None, Some(commits)),
        };
        self.line(&Change {
            kind: ChangeKind::Change,
            at,
            waited,
            cluster: subject.cluster.clone(),
            of: subject.of.clone(),
            subject: subject.name.clone(),
            v,
            plus,
            commits,
        })
    }

    fn line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.lines += 1;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes so far, before compression.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes since the last checkpoint, before compression.
    pub(super) fn since_checkpoint(&self) -> u64 {
        self.bytes - self.checkpoint_at
    }

    /// Makes all that was written readable for others, and safe from a crash of the process.
    ///
    /// # Errors
    ///
    /// As [`Writer::begin`].
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the recording.
    ///
    /// # Errors
    ///
    /// As [`Writer::begin`].
    pub fn finish(self) -> io::Result<W> {
        self.out.finish()
    }
}
