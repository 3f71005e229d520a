//! The ring: a directory of segments, the oldest of which go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::Timestamp;

/// A segment's name ends so.
const ENDING: &str = ".jsonl.zst";

/// A ring of segments in a directory.
#[derive(Clone, Debug)]
pub struct Ring {
    dir: PathBuf,
    next: u64,
    /// The oldest segments go when all are larger than this, in bytes on disk.
    pub max_bytes: u64,
    /// A segment is ended after this long …
    pub segment_time: Duration,
    /// … or after so many bytes (before compression) behind its checkpoint.
    pub segment_bytes: u64,
}

/// A segment: a recording that begins with a checkpoint, or with a first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number: later ones have higher ones.
    pub number: u64,
    /// The time of its beginning.
    pub from: Timestamp,
    /// Where it is.
    pub path: PathBuf,
}

impl Ring {
    /// A ring in `dir`, which is made if it is not there; it goes on behind the segments there.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or read.
    pub fn open(dir: &Path, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let last = segments(dir)?.last().map_or(0, |s| s.number);
        Ok(Self {
            dir: dir.to_owned(),
            next: last + 1,
            max_bytes,
            segment_time: Duration::from_mins(15),
            segment_bytes: 64 << 20,
        })
    }

    /// The path of the next segment.
    pub(super) fn next_segment(&mut self, from: Timestamp) -> PathBuf {
        let name = format!("{:08}-{}{ENDING}", self.next, from.as_millis());
        self.next += 1;
        self.dir.join(name)
    }

    /// Deletes the oldest segments until the rest keeps to the limit.
    pub(super) fn make_room(&self) -> io::Result<()> {
        let sized = segments(&self.dir)?.into_iter().map(|s| {
            let bytes = fs::metadata(&s.path).map_or(0, |m| m.len());
            (s, bytes)
        });
        let sized: Vec<_> = sized.collect();
        let mut total: u64 = sized.iter().map(|(_, bytes)| bytes).sum();
        for (segment, bytes) in sized {
            if total <= self.max_bytes {
                break;
            }
            fs::remove_file(&segment.path)?;
            total -= bytes;
        }
        Ok(())
    }
}

/// The segments in a directory, oldest first.
///
/// # Errors
///
/// When it cannot be read.
pub fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let parts = name
            .to_str()
            .and_then(|n| n.strip_suffix(ENDING))
            .and_then(|n| n.split_once('-'));
        let Some((number, from)) = parts else {
            continue;
        };
        if let (Ok(number), Ok(from)) = (number.parse(), from.parse()) {
            found.push(Segment {
                number,
                from: Timestamp::from_millis(from),
                path: entry.path(),
            });
        }
    }
    found.sort_by_key(|s| s.number);
    Ok(found)
}
