//! What must outlive the process about alerts: where each stands, and what is still to be told.
//!
//! In: a [`Batch`]: alert state, what is new in the outbox, what was delivered. It is written as
//! one transaction, on the disk when the call returns: after a crash there is all of it or nothing.
//! So a transition is never known without the notification that it calls for, nor the other way
//! round. Out: the same, after a restart. What state and letters say is not known here.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use crate::model::Timestamp;

/// The one row: the form of the state, and the state.
const STATE: TableDefinition<'_, (), (u32, &[u8])> = TableDefinition::new("alert_state");
/// Receiver, lane, since when (milliseconds), and the letter.
type Row = (&'static str, &'static str, i64, &'static [u8]);
/// By number, in the order in which they were written.
const OUTBOX: TableDefinition<'_, u64, Row> = TableDefinition::new("outbox");

/// What went wrong, in the database's own words.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The disk refuses, for now at least: nothing of the file is known to be wrong.
    #[error("{0}")]
    Refused(String),
    /// What stands in the file is not what was written.
    #[error("{0}")]
    Damaged(String),
}

impl LedgerError {
    fn damaged() -> Self {
        Self::Damaged("it is damaged".to_owned())
    }

    /// Whether what stands in the file is of no use.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}

/// Any of the database's own.
impl<E: Into<redb::Error>> From<E> for LedgerError {
    fn from(error: E) -> Self {
        let error = error.into();
        let text = error.to_string();
        let damage = match &error {
            redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) => true,
            redb::Error::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ),
            _ => false,
        };
        if damage {
            Self::Damaged(text)
        } else {
            Self::Refused(text)
        }
    }
}

/// Where alerts stand, in a form that only its writer understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Which form.
    pub form: u32,
    /// In that form.
    pub bytes: Vec<u8>,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub receiver: Arc<str>,
    /// Letters of one lane are told in order.
    pub lane: Arc<str>,
    /// Since when it waits.
    pub at: Timestamp,
    /// What.
    pub body: Vec<u8>,
}

/// A letter that waits: all but its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number: later ones are higher.
    pub number: u64,
    /// To whom.
    pub receiver: Arc<str>,
    /// Letters of one lane are told in order.
    pub lane: Arc<str>,
    /// Since when it waits.
    pub at: Timestamp,
}

/// What is written at once.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Where alerts stand now; `None`: as before.
    pub state: Option<State>,
    /// What is new.
    pub letters: Vec<Letter>,
    /// What was told, or given up.
    pub done: Vec<u64>,
}

impl Batch {
    /// Whether it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.letters.is_empty() && self.done.is_empty()
    }
}

/// How the database is opened, at the start and once more after the disk refused.
type Opener = Box<dyn Fn() -> Result<Database, LedgerError> + Send + Sync>;

/// The database.
pub struct Ledger {
    /// None while it could not be opened again.
    database: RwLock<Option<Database>>,
    opener: Opener,
    /// Where it is; none in memory.
    path: Option<PathBuf>,
    next: AtomicU64,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the database, or makes it, and reads all of it once: what is damaged shows now.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is damaged.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let (at, path) = (path.to_owned(), path.to_owned());
        let opener = move || {
            let mut database = Database::create(&at)?;
            // Whether every page is as it was written.
            database.check_integrity()?;
            Ok(database)
        };
        Self::begin(Box::new(opener), Some(path))
    }

    /// One that is gone with the process.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let opener = || Ok(Database::builder().create_with_backend(InMemoryBackend::new())?);
        Self::begin(Box::new(opener), None)
    }

    fn begin(opener: Opener, path: Option<PathBuf>) -> Result<Self, LedgerError> {
        let ledger = Self {
            database: RwLock::new(None),
            opener,
            path,
            next: AtomicU64::new(0),
        };
        ledger.mend()?;
        Ok(ledger)
    }

    /// Opens the database anew: after the disk has refused once, it takes nothing before that.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is damaged.
    pub fn mend(&self) -> Result<(), LedgerError> {
        let mut held = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        self.open_into(&mut held)?;
        drop(held);
        self.state()?;
        for waiting in self.waiting()? {
            self.letter(waiting.number)?;
            self.next.fetch_max(waiting.number + 1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn open_into(&self, held: &mut Option<Database>) -> Result<(), LedgerError> {
        // A library that trips over damaged pages must not take `serve` down.
        let closed = catch_unwind(AssertUnwindSafe(|| *held = None));
        let opened = catch_unwind(AssertUnwindSafe(|| (self.opener)()));
        *held = Some(opened.unwrap_or_else(|_| Err(LedgerError::damaged()))?);
        closed.map_err(|_| LedgerError::damaged())
    }

    /// Sets a damaged file aside under a name with `now` in it, and begins a new one. Under which.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn begin_anew(&self, now: Timestamp) -> Result<PathBuf, LedgerError> {
        let Some(path) = &self.path else {
            return Err(LedgerError::damaged());
        };
        let mut held = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = catch_unwind(AssertUnwindSafe(|| *held = None));
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".damaged-{}", now.as_millis()));
        let aside = path.with_file_name(name);
        std::fs::rename(path, &aside)?;
        self.open_into(&mut held)?;
        Ok(aside)
    }

    /// The number that the next letter gets.
    pub fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Does something with the database, whatever it trips over.
    fn with<T>(
        &self,
        run: impl FnOnce(&Database) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let held = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = held.as_ref() else {
            return Err(LedgerError::Refused(
                "it could not be opened again".to_owned(),
            ));
        };
        let done = catch_unwind(AssertUnwindSafe(|| run(database)));
        done.unwrap_or_else(|_| Err(LedgerError::damaged()))
    }

    /// Writes a batch as one transaction, and returns once it is on the disk. Says which numbers
    /// the new letters got.
    ///
    /// # Errors
    ///
    /// What the disk says; nothing of the batch is then written.
    pub fn write(&self, batch: &Batch) -> Result<Vec<Waiting>, LedgerError> {
        self.with(|database| self.transact(database, batch))
    }

    fn transact(&self, database: &Database, batch: &Batch) -> Result<Vec<Waiting>, LedgerError> {
        let mut waiting = Vec::with_capacity(batch.letters.len());
        let transaction = database.begin_write()?;
        {
            if let Some(state) = &batch.state {
                let mut table = transaction.open_table(STATE)?;
                table.insert((), (state.form, state.bytes.as_slice()))?;
            }
            let mut table = transaction.open_table(OUTBOX)?;
            for number in &batch.done {
                table.remove(number)?;
            }
            for letter in &batch.letters {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let at = letter.at.as_millis();
                let row = (&*letter.receiver, &*letter.lane, at, &*letter.body);
                table.insert(number, row)?;
                waiting.push(Waiting {
                    number,
                    receiver: Arc::clone(&letter.receiver),
                    lane: Arc::clone(&letter.lane),
                    at: letter.at,
                });
            }
        }
        transaction.commit()?;
        Ok(waiting)
    }

    /// Where alerts stood when that was last written.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn state(&self) -> Result<Option<State>, LedgerError> {
        self.with(read_state)
    }

    /// What waits, in the order in which it was written.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn waiting(&self) -> Result<Vec<Waiting>, LedgerError> {
        self.with(read_waiting)
    }

    /// What a letter says; `None` once it is told.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn letter(&self, number: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        self.with(|database| {
            let transaction = database.begin_read()?;
            let table = match transaction.open_table(OUTBOX) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(table.get(number)?.map(|row| row.value().3.to_vec()))
        })
    }
}

fn read_state(database: &Database) -> Result<Option<State>, LedgerError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(STATE) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(table.get(())?.map(|row| {
        let (form, bytes) = row.value();
        State {
            form,
            bytes: bytes.to_vec(),
        }
    }))
}

fn read_waiting(database: &Database) -> Result<Vec<Waiting>, LedgerError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(OUTBOX) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut waiting = Vec::new();
    for row in table.iter()? {
        let (number, row) = row?;
        let (receiver, lane, at, _) = row.value();
        waiting.push(Waiting {
            number: number.value(),
            receiver: receiver.into(),
            lane: lane.into(),
            at: Timestamp::from_millis(at),
        });
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use redb::StorageBackend;

    use super::*;

    /// A file in memory whose disk can be full, or lose what was written.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        full: Arc<AtomicBool>,
    }

    impl Disk {
        fn ask(&self) -> io::Result<()> {
            if self.full.load(Ordering::SeqCst) {
                return Err(io::Error::from_raw_os_error(28));
            }
            Ok(())
        }

        fn ledger(&self) -> Result<Ledger, LedgerError> {
            let disk = self.clone();
            let opener = move || Ok(Database::builder().create_with_backend(disk.clone())?);
            Ledger::begin(Box::new(opener), None)
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.lock().unwrap().len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let (bytes, at) = (self.bytes.lock().unwrap(), offset as usize);
            let from = bytes.get(at..at + out.len());
            out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.ask()?;
            self.bytes.lock().unwrap().resize(len as usize, 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.ask()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.ask()?;
            let (mut bytes, at) = (self.bytes.lock().unwrap(), offset as usize);
            bytes[at..at + data.len()].copy_from_slice(data);
            Ok(())
        }
    }

    /// What was written while it ran is gone from the disk: it is set aside, and a new one begun.
    #[test]
    fn one_that_is_damaged_while_it_runs_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.redb");
        let ledger = Ledger::open(&path).unwrap();
        let batch = Batch {
            letters: vec![letter("a", "x", "1")],
            ..Batch::default()
        };
        let first = ledger.write(&batch).unwrap();
        fs::write(&path, "no database").unwrap();
        assert!(ledger.mend().unwrap_err().is_damage());
        assert!(ledger.write(&batch).is_err(), "nothing is taken meanwhile");
        let aside = ledger.begin_anew(Timestamp::from_millis(7)).unwrap();
        assert!(aside.ends_with("a.redb.damaged-7") && aside.exists());
        let second = ledger.write(&batch).unwrap();
        assert!(second[0].number > first[0].number);
        assert_eq!(ledger.waiting().unwrap(), second);
    }

    /// A full disk takes nothing and loses nothing; once there is room, it goes on where it stood.
    #[test]
    fn a_disk_that_was_full_takes_up_where_it_stood() {
        let disk = Disk::default();
        let ledger = disk.ledger().unwrap();
        let batch = |body: &str| Batch {
            state: Some(state(body)),
            letters: vec![letter("a", "x", body)],
            done: Vec::new(),
        };
        let first = ledger.write(&batch("1")).unwrap();
        disk.full.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            let refused = ledger.write(&batch("2")).unwrap_err();
            assert!(!refused.is_damage(), "{refused}");
            let _ = ledger.mend();
        }
        disk.full.store(false, Ordering::SeqCst);
        ledger.mend().unwrap();
        assert_eq!(ledger.state().unwrap(), Some(state("1")));
        assert_eq!(ledger.waiting().unwrap(), first);
        let second = ledger.write(&batch("2")).unwrap();
        assert!(second[0].number > first[0].number);
        assert_eq!(ledger.waiting().unwrap().len(), 2);
        assert_eq!(ledger.state().unwrap(), Some(state("2")));
    }

    fn letter(receiver: &str, lane: &str, body: &str) -> Letter {
        Letter {
            receiver: receiver.into(),
            lane: lane.into(),
            at: Timestamp::from_millis(5),
            body: body.into(),
        }
    }

    fn state(text: &str) -> State {
        State {
            form: 3,
            bytes: text.into(),
        }
    }

    #[test]
    fn a_batch_is_there_after_a_restart_and_numbers_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.redb");
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.state().unwrap(), None);
        assert_eq!(ledger.waiting().unwrap(), []);
        let first = Batch {
            state: Some(state("one")),
            letters: vec![letter("a", "x", "1"), letter("b", "x", "2")],
            done: Vec::new(),
        };
        let written = ledger.write(&first).unwrap();
        assert_eq!(written, ledger.waiting().unwrap());
        drop(ledger);
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.waiting().unwrap(), written);
        assert_eq!(ledger.state().unwrap(), Some(state("one")));
        let body = ledger.letter(written[1].number).unwrap();
        assert_eq!(body.as_deref(), Some(b"2".as_slice()));
        let second = Batch {
            letters: vec![letter("a", "y", "3")],
            done: vec![written[0].number],
            state: None,
        };
        let more = ledger.write(&second).unwrap();
        assert!(more[0].number > written[1].number);
        let left: Vec<_> = ledger.waiting().unwrap();
        assert_eq!(left, [written[1].clone(), more[0].clone()]);
        assert_eq!(ledger.letter(written[0].number).unwrap(), None);
        assert_eq!(ledger.state().unwrap(), Some(state("one")));
    }

    #[test]
    fn one_in_memory_does_the_same() {
        let ledger = Ledger::in_memory().unwrap();
        let batch = Batch {
            state: Some(state("s")),
            letters: vec![letter("a", "x", "1")],
            done: Vec::new(),
        };
        ledger.write(&batch).unwrap();
        assert_eq!(ledger.waiting().unwrap().len(), 1);
        assert_eq!(ledger.state().unwrap(), Some(state("s")));
    }

    /// Whatever is wrong with the file, opening it is an error or gives what stood there: it neither
    /// panics nor makes something up.
    #[test]
    fn a_damaged_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.redb");
        let ledger = Ledger::open(&path).unwrap();
        let letters = (0..50).map(|i| letter("a", "x", &format!("{i}").repeat(100)));
        let batch = Batch {
            state: Some(state("s")),
            letters: letters.collect(),
            done: Vec::new(),
        };
        let written = ledger.write(&batch).unwrap();
        drop(ledger);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, "no database").unwrap();
        assert!(Ledger::open(&path).is_err());
        let mut refused = 0;
        for at in (0..whole.len().min(200_000)).step_by(4096) {
            let mut damaged = whole.clone();
            let end = (at + 64).min(damaged.len());
            damaged[at..end].fill(0xA5);
            fs::write(&path, &damaged).unwrap();
            match Ledger::open(&path) {
                Ok(ledger) => {
                    let known = ledger.waiting().unwrap();
                    assert!(known.iter().all(|w| written.contains(w)), "{at}");
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 0);
    }
}
