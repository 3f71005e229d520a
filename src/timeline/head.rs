//! The head that moves along a tape: folds observations, stops at each tick.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Instead, Tape, TimelineError};
use crate::model::{Observation, Settings, Snapshot, Timestamp};
use crate::pipeline::{Cut, Pipeline};
use crate::recording::{Checkpoint, Item, Place, Reader};

/// A pipeline with what it is to fold next.
pub struct Head {
    pipeline: Pipeline,
    open: Option<Open>,
    next: VecDeque<PathBuf>,
    notes: Vec<String>,
    /// What it goes by instead of what was recorded.
    instead: Option<Instead>,
}

struct Open {
    reader: Reader,
    path: PathBuf,
    /// Whether anything was folded of it.
    begun: bool,
    /// Issues that were told already.
    told: usize,
}

/// Where a head stood at a tick, with all that it takes to go on from there.
pub(super) struct Mark {
    at: Timestamp,
    pipeline: Vec<u8>,
    file: PathBuf,
    place: Place,
}

impl Mark {
    /// The tick's instant.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// About how much memory it takes: the reader remembers about as much as the pipeline.
    pub(super) fn bytes(&self) -> usize {
        self.pipeline.len() * 2
    }
}

impl Head {
    /// Where it stands; `None` if that cannot be told.
    pub(super) fn mark(&self) -> Option<Mark> {
        let open = self.open.as_ref()?;
        let pipeline = self.pipeline.checkpoint();
        Some(Mark {
            at: self.at(),
            pipeline: pipeline.inspect_err(|e| tracing::debug!("{e}")).ok()?,
            file: open.path.clone(),
            place: open.reader.place(),
        })
    }

    /// A head at a mark.
    ///
    /// # Errors
    ///
    /// When the file is not there any more, or another one by now.
    pub(super) fn at_mark(tape: &Tape, mark: &Mark) -> Result<Self, TimelineError> {
        let gone = |error: std::io::Error| TimelineError::Open {
            path: mark.file.clone(),
            error,
        };
        let reader = Reader::open_at(&mark.file, &mark.place).map_err(gone)?;
        let pipeline = Pipeline::from_checkpoint(Pipeline::CHECKPOINT_FORM, &mark.pipeline)
            .map_err(|e| gone(std::io::Error::other(e)))?;
        let files = tape.files()?.into_iter().map(|(_, path)| path);
        let behind = files.skip_while(|path| *path != mark.file).skip(1);
        let mut open = Open::new(reader, &mark.file);
        open.begun = true;
        Ok(Self {
            pipeline,
            open: Some(open),
            next: behind.collect(),
            notes: Vec::new(),
            instead: tape.instead().cloned(),
        })
    }

    /// The instant of its last tick.
    pub(super) fn at(&self) -> Timestamp {
        self.pipeline.at()
    }

    /// At the beginning.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read.
    pub fn at_start(tape: &Tape) -> Result<Self, TimelineError> {
        let files = tape.files()?.into_iter();
        let head = Self::over(files.map(|(_, path)| path));
        Ok(match tape.instead() {
            Some(instead) => head.instead(instead.clone()),
            None => head,
        })
    }

    /// Before `at`, as late as a checkpoint allows; at the beginning, if there is none.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read.
    pub fn near(tape: &Tape, at: Timestamp) -> Result<Self, TimelineError> {
        Self::from_newest(tape, |from| from.is_none_or(|from| from <= at))
    }

    /// As late as a checkpoint allows.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read.
    pub fn near_the_end(tape: &Tape) -> Result<Self, TimelineError> {
        Self::from_newest(tape, |_| true)
    }

    /// From the newest file that `fits` and can be begun with. What could not be is noted.
    fn from_newest(
        tape: &Tape,
        fits: impl Fn(Option<Timestamp>) -> bool,
    ) -> Result<Self, TimelineError> {
        if tape.instead().is_some() {
            // The alerts of a checkpoint are those of the recorded rules.
            return Self::at_start(tape);
        }
        let files = tape.files()?;
        let mut notes = Vec::new();
        for (i, (_, path)) in files.iter().enumerate().rev().filter(|(_, f)| fits(f.0)) {
            match begin(path) {
                Ok(Some((pipeline, open))) => {
                    return Ok(Self {
                        pipeline,
                        open: Some(open),
                        next: files[i + 1..]
                            .iter()
                            .map(|(_, path)| path.clone())
                            .collect(),
                        notes,
                        instead: None,
                    });
                }
                Ok(None) => {}
                Err(why) => notes.push(format!("{}: {why}", path.display())),
            }
        }
        let mut head = Self::over(files.into_iter().map(|(_, path)| path));
        head.notes = notes;
        Ok(head)
    }

    fn over(files: impl Iterator<Item = PathBuf>) -> Self {
        Self {
            pipeline: Pipeline::new(),
            open: None,
            next: files.collect(),
            notes: Vec::new(),
            instead: None,
        }
    }

    /// The same, going by other rules or policies: to be asked at the beginning of a tape.
    pub(super) fn instead(mut self, instead: Instead) -> Self {
        // A recording need not say how it was configured.
        self.pipeline.fold(&Observation::Configured {
            at: Timestamp::default(),
            settings: Arc::new(instead.of(&Settings::default())),
        });
        self.instead = Some(instead);
        self
    }

    /// The snapshot at which it stands, before anything is folded: that of the tick before the
    /// checkpoint from which it begins.
    pub fn standing(&self) -> Option<Arc<Snapshot>> {
        self.pipeline.standing()
    }

    /// Folds up to the next tick; `None` at the end.
    pub fn next_cut(&mut self) -> Option<Cut> {
        loop {
            match self.next_item()? {
                Item::Observation(observation) => {
                    let observation = self.replaced(observation);
                    if let Some(cut) = self.pipeline.fold(&observation) {
                        return Some(cut);
                    }
                }
                Item::Checkpoint(checkpoint) => self.take_up(&checkpoint),
            }
        }
    }

    /// A configuration with what is gone by instead.
    fn replaced(&self, observation: Observation) -> Observation {
        match (&self.instead, observation) {
            (Some(instead), Observation::Configured { at, settings }) => Observation::Configured {
                at,
                settings: Arc::new(instead.of(&settings)),
            },
            (_, other) => other,
        }
    }

    fn take_up(&mut self, checkpoint: &Checkpoint) {
        // Its alerts are those of the recorded rules: what has been folded since the beginning
        // goes on instead.
        if self.instead.is_some() && self.pipeline.standing().is_some() {
            return;
        }
        match Pipeline::from_checkpoint(checkpoint.form, &checkpoint.bytes) {
            Ok(pipeline) => {
                self.pipeline = pipeline;
                self.reconfigure();
            }
            Err(error) => {
                let place = self.open.as_ref().map(|o| o.path.display().to_string());
                let place = place.unwrap_or_default();
                self.notes.push(format!("{place}: {error}"));
            }
        }
    }

    /// After a checkpoint, what is gone by instead of it.
    fn reconfigure(&mut self) {
        let settings = self.open.as_ref().and_then(|o| o.reader.settings());
        if let (Some(instead), Some(settings)) = (&self.instead, settings) {
            let settings = Arc::new(instead.of(settings));
            let at = self.pipeline.at();
            self.pipeline
                .fold(&Observation::Configured { at, settings });
        }
    }

    fn next_item(&mut self) -> Option<Item> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(item) = open.reader.next() {
                    let first = !std::mem::replace(&mut open.begun, true);
                    let settings = open.reader.settings().filter(|_| first).cloned();
                    if let (Some(settings), Item::Observation(next)) = (settings, &item) {
                        // It begins in the middle of a run, and its checkpoint cannot be read:
                        // at least it is judged by what was in force.
                        let at = next.at();
                        let configured = Observation::Configured { at, settings };
                        let configured = self.replaced(configured);
                        self.pipeline.fold(&configured);
                    }
                    return Some(item);
                }
                self.tell_issues();
                self.end_file();
            }
            let path = self.next.pop_front()?;
            match Reader::open(&path) {
                Ok(reader) => self.open = Some(Open::new(reader, &path)),
                Err(error) => self.notes.push(format!("{}: {error}", path.display())),
            }
        }
    }

    fn tell_issues(&mut self) {
        let Some(open) = &mut self.open else { return };
        let path = open.path.display();
        let issues = &open.reader.issues()[open.told..];
        self.notes
            .extend(issues.iter().map(|i| format!("{path}: {i}")));
        open.told += issues.len();
    }

    fn end_file(&mut self) {
        let Some(Open { reader, path, .. }) = self.open.take() else {
            return;
        };
        let path = path.display();
        if reader.more_issues() > 0 {
            let more = reader.more_issues();
            self.notes
                .push(format!("{path}: {more} more lines that could not be read"));
        }
        for (kind, count) in reader.unknown_kinds() {
            self.notes.push(format!(
                "{path}: {count} lines of kind {kind:?}, which this version does not know, were skipped"
            ));
        }
    }

    /// What could not be read since it was last asked, a line each.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.tell_issues();
        std::mem::take(&mut self.notes)
    }

    /// The pipeline as it stands.
    pub fn into_pipeline(self) -> Pipeline {
        self.pipeline
    }
}

impl Open {
    fn new(reader: Reader, path: &Path) -> Self {
        Self {
            reader,
            path: path.to_owned(),
            begun: false,
            told: 0,
        }
    }
}

/// Begins with a file that needs nothing before it: one with a checkpoint, or with a start of
/// Laggard. `Ok(None)`: it is neither.
fn begin(path: &Path) -> Result<Option<(Pipeline, Open)>, String> {
    let reader = Reader::open(path).map_err(|e| e.to_string())?;
    let mut open = Open::new(reader, path);
    open.begun = true;
    let pipeline = match open.reader.next() {
        Some(Item::Checkpoint(checkpoint)) => {
            Pipeline::from_checkpoint(checkpoint.form, &checkpoint.bytes)
                .map_err(|e| e.to_string())?
        }
        Some(Item::Observation(boot @ Observation::Boot { .. })) => {
            let mut pipeline = Pipeline::new();
            pipeline.fold(&boot);
            pipeline
        }
        Some(Item::Observation(_)) => return Ok(None),
        None => {
            let issue = open.reader.issues().first();
            return issue.map_or(Ok(None), |i| Err(i.to_string()));
        }
    };
    Ok(Some((pipeline, open)))
}
