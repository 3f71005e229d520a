//! Checkpoints: all that lies between two observations, as bytes, and back.
//!
//! In: a pipeline. Out: bytes from which another one goes on as if it had folded the same
//! observations: every later snapshot is equal, generations too. The form is of this version of
//! Laggard's own making (MessagePack with the fields' names, the engine's facts last): what cannot be read is refused, and
//! its reader falls back on an older one or on nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alerts::Alerting;
use crate::engine::Engine;
use crate::model::{BootId, Issue, Notices, Timestamp};

use super::Pipeline;
use super::advising::Advising;
use super::telling::Telling;

/// A checkpoint that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It was written by a version of Laggard that keeps other facts.
    #[error("a checkpoint of form {0}; this version reads form {form}", form = Pipeline::CHECKPOINT_FORM)]
    Form(u32),
    /// It could not be written.
    #[error("the checkpoint cannot be written: {0}")]
    Write(#[from] rmp_serde::encode::Error),
    /// It is damaged, or differs in shape.
    #[error("the checkpoint cannot be read: {0}")]
    Read(#[from] rmp_serde::decode::Error),
}

/// All but the engine's facts, which follow it.
#[derive(Serialize)]
struct Written<'a> {
    boot: &'a BootId,
    n: u64,
    at: Timestamp,
    issues: &'a [Issue],
    notices: &'a Notices,
    rebooted: bool,
    alerting: &'a Alerting,
    telling: &'a Telling,
    advising: &'a Advising,
}

#[derive(Deserialize)]
struct Read {
    boot: BootId,
    n: u64,
    at: Timestamp,
    #[serde(default)]
    issues: Vec<Issue>,
    #[serde(default)]
    notices: Notices,
    rebooted: bool,
    alerting: Alerting,
    #[serde(default)]
    telling: Telling,
    #[serde(default)]
    advising: Advising,
}

/// A pipeline as it stood at one instant, still to be made bytes of: that takes long where facts are
/// many, and can be done beside the pipeline, which goes on.
pub struct Frozen {
    head: Vec<u8>,
    engine: Engine,
}

impl Frozen {
    /// The bytes that [`Pipeline::from_checkpoint`] reads.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn into_bytes(self) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = self.head;
        write(&self.engine, &mut bytes)?;
        Ok(bytes)
    }
}

fn write(engine: &Engine, bytes: &mut Vec<u8>) -> Result<(), CheckpointError> {
    let mut out = rmp_serde::Serializer::new(bytes).with_struct_map();
    Ok(engine.serialize(&mut out)?)
}

impl Pipeline {
    /// The form of checkpoints that this version writes and reads: to be counted up whenever a
    /// field changes its meaning but not its name.
    pub const CHECKPOINT_FORM: u32 = 3;

    /// Everything that it knows.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn checkpoint(&self) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = self.head()?;
        write(&self.engine, &mut bytes)?;
        Ok(bytes)
    }

    /// The same, to be written elsewhere: what takes long is left to whoever writes it.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::checkpoint`].
    pub fn freeze(&self) -> Result<Frozen, CheckpointError> {
        Ok(Frozen {
            head: self.head()?,
            engine: self.engine.clone(),
        })
    }

    fn head(&self) -> Result<Vec<u8>, CheckpointError> {
        let written = Written {
            boot: &self.boot,
            n: self.n,
            at: self.at,
            issues: &self.issues,
            notices: &self.notices,
            rebooted: self.rebooted,
            alerting: &self.alerting,
            telling: &self.telling,
            advising: &self.advising,
        };
        Ok(rmp_serde::to_vec_named(&written)?)
    }

    /// Where each alert stands and what was told of it: the part of a checkpoint that whoever delivers
    /// keeps together with what is still to be delivered.
    ///
    /// # Errors
    ///
    /// Hardly ever: memory is all that it needs.
    pub fn alert_state(&self) -> Result<Vec<u8>, CheckpointError> {
        Ok(rmp_serde::to_vec_named(&self.alerting)?)
    }

    /// Takes that part over from whoever kept it: it wins over a checkpoint's, which may be older.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged; what stood before then stays.
    pub fn take_alert_state(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.alerting = rmp_serde::from_slice(bytes)?;
        self.alerting.take_up();
        Ok(())
    }

    /// A pipeline that goes on where the one that wrote `bytes`, of this form, stood.
    ///
    /// # Errors
    ///
    /// When the form is another one or the bytes are damaged.
    pub fn from_checkpoint(form: u32, bytes: &[u8]) -> Result<Self, CheckpointError> {
        if form != Self::CHECKPOINT_FORM {
            return Err(CheckpointError::Form(form));
        }
        let mut bytes = rmp_serde::Deserializer::from_read_ref(bytes);
        let read = Read::deserialize(&mut bytes)?;
        let mut engine = Engine::deserialize(&mut bytes)?;
        engine.take_up(read.at);
        let mut alerting = read.alerting;
        alerting.take_up();
        let mut advising = read.advising;
        advising.share();
        Ok(Self {
            engine,
            alerting,
            telling: read.telling,
            advising,
            boot: read.boot,
            n: read.n,
            at: read.at,
            issues: read.issues,
            notices: Arc::new(read.notices),
            rebooted: read.rebooted,
            rebuild_all: false,
        })
    }
}
