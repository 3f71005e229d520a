//! Laggard.
