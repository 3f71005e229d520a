//! Generated files of the repository, held to their source by a test each.
//!
//! One variable writes all of them anew, those that insta keeps too: `INSTA_UPDATE=always`.

use std::fs;
use std::path::Path;

/// Whether what is generated is to be written instead of compared.
pub(crate) fn updating() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always")
}

/// Whether the file, named from the root of the repository, is as it should be: it is after it
/// was written anew.
pub(crate) fn is_fresh(file: &str, fresh: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if updating() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fresh).unwrap();
    }
    fs::read_to_string(path).unwrap_or_default() == fresh
}

/// Fails if the file is not as it should be.
#[track_caller]
pub(crate) fn file(file: &str, fresh: &str) {
    assert!(
        is_fresh(file, fresh),
        "{file} is out of step: INSTA_UPDATE=always cargo test --lib writes it anew"
    );
}
