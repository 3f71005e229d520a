//! The terminal dashboard.
//!
//! In: snapshots, log lines, keys, the time. Out: cells on a terminal, and a few effects (a copy,
//! a file, leaving). It reads nothing but snapshots, so it works on any source; it never waits for
//! Kafka, never changes a cluster, never draws an unknown number as 0, and leaves the terminal as
//! it was.
//!
//! [`State`] changes only through [`State::on`], a pure function of what happened; [`picture`]
//! draws it. Keys stand in one table, `action.rs`.

mod action;
mod areas;
mod columns;
mod command;
mod filter;
mod glyphs;
mod heat;
mod history;
mod json;
mod keys;
mod logs;
mod options;
mod order;
mod pick;
mod rows;
mod run;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod screens;
mod state;
mod summary;
mod terminal;
mod theme;
mod transport;
mod update;
mod view;
mod what_if;

use crate::words::{text, units};

pub use action::{Action, keys_md};
pub use history::Past;
pub use keys::Key;
pub use logs::{LogLine, LogRing, RingLayer};
pub use options::Options;
pub use order::Order;
pub use rows::ready::{Asked, Litter, Ready};
pub use run::{Left, TuiError, changes, picture, run};
pub use state::{Screen, State};
pub use theme::{Depth, ThemeName};
pub use transport::{Course, CoursePoint, Deck, Doing, Missed, Stretch, Transport, Travel};
pub use update::{Effect, Event};
