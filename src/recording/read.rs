//! Lines to observations.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::Checkpoint;
use super::change::apply;
use super::line::{Change, CheckpointLine, Header, Kind, OwnedReadLine, VERSION};
use super::subject::{Subject, subject};
use crate::model::{Fact, Observation, Settings};

/// Issues that are kept with their text; more are counted.
const ISSUES: usize = 100;
/// zstd's magic number.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What one line said.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Something observed.
    Observation(Observation),
    /// The state of the pipeline as it stood here: it replaces all that was read before.
    Checkpoint(Checkpoint),
}

/// Something in the file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Issue {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong.
    pub text: String,
}

/// How far a [`Reader`] has read, with what it must know to go on from there.
#[derive(Clone)]
pub struct Place {
    /// Of the lines, as they stand uncompressed.
    bytes: u64,
    number: u64,
    last: HashMap<Subject, (u64, Fact)>,
    settings: Option<Arc<Settings>>,
}

/// Reads one recording, line by line. It never fails as a whole: what cannot be read is left out
/// and kept as an [`Issue`].
pub struct Reader {
    input: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    bytes: u64,
    number: u64,
    last: HashMap<Subject, (u64, Fact)>,
    issues: Vec<Issue>,
    more_issues: u64,
    unknown: BTreeMap<String, u64>,
    settings: Option<Arc<Settings>>,
    ended: bool,
}

impl Reader {
    /// Opens a file, compressed or not, whatever its name.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or its first bytes cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(File::open(path)?)
    }

    /// Reads `input`, compressed or not.
    ///
    /// # Errors
    ///
    /// When its first bytes cannot be read.
    pub fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let compressed = input.fill_buf()?.starts_with(&ZSTD);
        let input: Box<dyn BufRead + Send> = if compressed {
            let decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            Box::new(BufReader::with_capacity(1 << 16, decoder))
        } else {
            Box::new(input)
        };
        Ok(Self {
            input,
            line: Vec::new(),
            bytes: 0,
            number: 0,
            last: HashMap::new(),
            issues: Vec::new(),
            more_issues: 0,
            unknown: BTreeMap::new(),
            settings: None,
            ended: false,
        })
    }

    /// How far it has read.
    pub fn place(&self) -> Place {
        Place {
            bytes: self.bytes,
            number: self.number,
            last: self.last.clone(),
            settings: self.settings.clone(),
        }
    }

    /// Opens a file where another reader of it stood: what lies before is passed over, not read.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`]; or the file is shorter by now.
    pub fn open_at(path: &Path, place: &Place) -> io::Result<Self> {
        let mut reader = Self::open(path)?;
        let mut before = (&mut reader.input).take(place.bytes);
        if io::copy(&mut before, &mut io::sink())? < place.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (reader.bytes, reader.number) = (place.bytes, place.number);
        (reader.last, reader.settings) = (place.last.clone(), place.settings.clone());
        Ok(reader)
    }

    /// What could not be read so far; the first hundred of it.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// How many issues there are beyond those that are kept.
    pub fn more_issues(&self) -> u64 {
        self.more_issues
    }

    /// Lines of kinds that this version does not know, counted by kind.
    pub fn unknown_kinds(&self) -> &BTreeMap<String, u64> {
        &self.unknown
    }

    /// The settings that were in force where it begins, if its first line says so: what follows
    /// a checkpoint that cannot be read is judged by them.
    pub fn settings(&self) -> Option<&Arc<Settings>> {
        self.settings.as_ref()
    }

    fn issue(&mut self, text: impl Into<String>) {
        if self.issues.len() < ISSUES {
            self.issues.push(Issue {
                line: self.number,
                text: text.into(),
            });
        } else {
            self.more_issues += 1;
        }
    }

    /// The next line as it stands, without its end; `None` at the end of the file.
    fn next_line(&mut self) -> Option<()> {
        self.line.clear();
        self.number += 1;
        let read = self.input.read_until(b'\n', &mut self.line);
        let whole = self.line.last() == Some(&b'\n');
        self.bytes += self.line.len() as u64;
        match read {
            Ok(0) => None,
            Ok(_) if whole => Some(()),
            Ok(_) => {
                self.ended = true;
                // A person's last line may lack its end; a crash's is cut off somewhere.
                if serde_json::from_slice::<serde::de::IgnoredAny>(&self.line).is_err() {
                    self.issue("the file ends in the middle of a line");
                    return None;
                }
                Some(())
            }
            Err(error) => {
                self.ended = true;
                self.issue(match error.kind() {
                    io::ErrorKind::UnexpectedEof => {
                        "the file ends in the middle of a compressed block; what is before it was read".to_owned()
                    }
                    _ => format!("cannot be read, nor what follows: {error}"),
                });
                None
            }
        }
    }

    fn parse(&mut self) -> Result<Option<Item>, String> {
        let text = |e: serde_json::Error| e.to_string();
        if self.line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let kind: Kind = serde_json::from_slice(&self.line).map_err(text)?;
        let observation = match &*kind.kind {
            "recording" => {
                let header: Header = serde_json::from_slice(&self.line).map_err(text)?;
                if header.version > VERSION {
                    return Err(format!(
                        "written in version {} of the format; this Laggard reads {VERSION}, and what follows may be misread",
                        header.version
                    ));
                }
                self.settings = header.settings;
                return Ok(None);
            }
            "checkpoint" => {
                let line: CheckpointLine = serde_json::from_slice(&self.line).map_err(text)?;
                let checkpoint = line.checkpoint();
                return checkpoint
                    .map(|c| Some(Item::Checkpoint(c)))
                    .map_err(|e| format!("the checkpoint cannot be read: {e}"));
            }
            "change" => {
                let change = serde_json::from_slice(&self.line).map_err(text)?;
                self.changed(change)?
            }
            "boot" | "configured" | "tick" | "clock_jump" | "gap" | "commanded" | "told"
            | "refused" | "unwritten" => serde_json::from_slice(&self.line).map_err(text)?,
            // `read` is how reads are called inside; a line says which read.
            unknown @ "read" => {
                *self.unknown.entry(unknown.to_owned()).or_default() += 1;
                return Ok(None);
            }
            kind => {
                let read: OwnedReadLine = match serde_json::from_slice(&self.line) {
                    Ok(read) => read,
                    Err(e) if e.to_string().starts_with("unknown variant") => {
                        *self.unknown.entry(kind.to_owned()).or_default() += 1;
                        return Ok(None);
                    }
                    Err(e) => return Err(e.to_string()),
                };
                let v = read.v;
                let observation = read.observation();
                self.remember(&observation, v);
                observation
            }
        };
        Ok(Some(Item::Observation(observation)))
    }

    fn remember(&mut self, observation: &Observation, v: u64) {
        // A line without a number is written by hand: no change follows on it.
        if let Observation::Read { cluster, fact, .. } = observation
            && v > 0
            && let Some(subject) = subject(cluster, fact)
        {
            self.last.insert(subject, (v, fact.clone()));
        }
    }

    fn changed(&mut self, change: Change) -> Result<Observation, String> {
        let subject = Subject {
            cluster: change.cluster.clone(),
            of: change.of.clone(),
            name: change.subject.clone(),
        };
        let missing = || {
            format!(
                "a change of {} {:?}, of which the read before it was not read",
                change.of, change.subject
            )
        };
        let (v, before) = self.last.get_mut(&subject).ok_or_else(missing)?;
        if *v + 1 != change.v {
            return Err(missing());
        }
        let fact = apply(before, &change)?;
        *v = change.v;
        *before = fact.clone();
        Ok(Observation::Read {
            cluster: change.cluster,
            asked: change.at - change.waited,
            answered: change.at,
            fact,
        })
    }
}

impl Iterator for Reader {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while !self.ended {
            if self.next_line().is_none() {
                self.ended = true;
                break;
            }
            match self.parse() {
                Ok(Some(item)) => return Some(item),
                Ok(None) => {}
                Err(text) => self.issue(text),
            }
        }
        None
    }
}
