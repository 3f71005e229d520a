//! What must outlive the process about alerts: where each stands, and what is still to be told.
//!
//! In: a [`Batch`]: alert state, what is new in the outbox, what was delivered. It is written as
//! one transaction, on the disk when the call returns: after a crash there is all of it or nothing.
//! So a transition is never known without the notification that it calls for, nor the other way
//! round. Out: the same, after a restart. What state and letters say is not known here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
#[error("{0}")]
pub struct LedgerError(String);

/// Any of the database's own.
impl<E: Into<redb::Error>> From<E> for LedgerError {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
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

/// The database.
#[derive(Debug)]
pub struct Ledger {
    database: Database,
    next: AtomicU64,
}

impl Ledger {
    /// Opens the database, or makes it, and reads all of it once: what is damaged shows now.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is damaged.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        // A library that trips over damaged pages must not take `serve` down.
        let opened = catch_unwind(|| {
            let mut database = Database::create(path)?;
            // Whether every page is as it was written.
            database.check_integrity()?;
            Self::begin(database)
        });
        opened.unwrap_or_else(|_| Err(LedgerError("it is damaged".to_owned())))
    }

    /// One that is gone with the process.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn in_memory() -> Result<Self, LedgerError> {
        Self::begin(Database::builder().create_with_backend(InMemoryBackend::new())?)
    }

    fn begin(database: Database) -> Result<Self, LedgerError> {
        let ledger = Self {
            database,
            next: AtomicU64::new(0),
        };
        ledger.state()?;
        for waiting in ledger.waiting()? {
            ledger.letter(waiting.number)?;
            ledger.next.store(waiting.number + 1, Ordering::Relaxed);
        }
        Ok(ledger)
    }

    /// Writes a batch as one transaction, and returns once it is on the disk. Says which numbers
    /// the new letters got.
    ///
    /// # Errors
    ///
    /// What the disk says; nothing of the batch is then written.
    pub fn write(&self, batch: &Batch) -> Result<Vec<Waiting>, LedgerError> {
        let written = catch_unwind(AssertUnwindSafe(|| self.transact(batch)));
        written.unwrap_or_else(|_| Err(LedgerError("it is damaged".to_owned())))
    }

    fn transact(&self, batch: &Batch) -> Result<Vec<Waiting>, LedgerError> {
        let mut waiting = Vec::with_capacity(batch.letters.len());
        let transaction = self.database.begin_write()?;
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
        let transaction = self.database.begin_read()?;
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

    /// What waits, in the order in which it was written.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn waiting(&self) -> Result<Vec<Waiting>, LedgerError> {
        let transaction = self.database.begin_read()?;
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

    /// What a letter says; `None` once it is told.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn letter(&self, number: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(OUTBOX)?;
        Ok(table.get(number)?.map(|row| row.value().3.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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
