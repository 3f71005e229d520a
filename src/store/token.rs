//! The token of commands, made at the first start and kept for its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::model::Secret;

/// Its name in the state directory.
const FILE: &str = "token";
/// Bytes of chance in it.
const BYTES: usize = 32;

/// The token in this directory, made if it is not there.
///
/// # Errors
///
/// What the system says, and a file that is empty.
pub(super) fn token(dir: &Path) -> io::Result<Secret> {
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
        Ok(_) => Err(io::Error::other(format!("{} is empty", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(error),
    }
}

fn make(path: &Path) -> io::Result<Secret> {
    let mut chance = [0_u8; BYTES];
    getrandom::fill(&mut chance).map_err(io::Error::other)?;
    let text = chance
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    // Under another name first: a start that is killed leaves no half of it.
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(Secret::new(text))
}
