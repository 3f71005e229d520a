//! Every configuration of `tests/config/invalid` says exactly what stands beside it.
//!
//! A case is a file or a directory; its message is in the `.txt` of the same name. A file's lines
//! `#env NAME=VALUE` are variables. `INSTA_UPDATE=always` rewrites the messages: read the
//! difference before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/invalid");
    let mut cases: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|e| e == "toml"))
        .collect();
    cases.sort();
    cases
}

fn variables(path: &Path) -> Environment {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("#env ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn each_invalid_configuration_says_what_is_wrong_and_how_to_mend_it() {
    let cases = cases();
    assert!(cases.len() > 20, "{cases:?}");
    let mut wrong = Vec::new();
    for case in cases {
        let loaded = load(Some(&case), &variables(&case), &[]);
        let dir = format!("{}/", case.parent().unwrap().display());
        let said = print(&loaded.problems).replace(&dir, "");
        assert!(!said.is_empty(), "{} is not invalid", case.display());
        let shown = loaded.show();
        assert!(
            !said.contains("hunter22") && !shown.contains("hunter22"),
            "{said}{shown}"
        );
        let expected = case.with_extension("txt");
        if crate::held::updating() {
            fs::write(&expected, &said).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("--- {}\n{said}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
