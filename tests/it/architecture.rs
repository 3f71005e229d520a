//! Holds the rooms of `src/` to the table in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may use; `None`: all.
type Table = BTreeMap<String, Option<BTreeSet<String>>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table whose first cell is a room, such as `` `engine/` ``.
fn table(text: &str) -> Table {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix("| `")?.split('|').map(str::trim);
            let room = cells.next()?.strip_suffix("/`")?.to_owned();
            let may = cells.next_back().filter(|c| !c.is_empty()).or_else(|| {
                line.trim()
                    .trim_end_matches('|')
                    .rsplit('|')
                    .next()
                    .map(str::trim)
            })?;
            let rooms = match may {
                "all" => None,
                "nothing" => Some(BTreeSet::new()),
                list => Some(list.split(',').map(|r| r.trim().to_owned()).collect()),
            };
            Some((room, rooms))
        })
        .collect()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a source text names after `crate::` or after as many `super::` as lead from a file
/// `depth` modules deep (or from a module written inside it) to the same place; comments left out.
fn used(text: &str, depth: usize) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|l| l.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let out = "super::".repeat(depth);
    let code = code
        .replace(&out, "crate::")
        .replace("crate::super::", "crate::");
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => rooms.extend(first_word(rest)),
            Some(group) => rooms.extend(heads_of_group(group)),
        }
    }
    rooms
}

fn first_word(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The first words of the parts of a `{a::x, b::{y, z}}`, the opening brace taken off.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if c.is_whitespace() => {}
            _ if start => {
                heads.extend(first_word(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    heads
}

#[test]
fn rooms_use_only_the_rooms_that_the_table_gives_them() {
    let table = table(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.is_dir() {
            continue;
        }
        let room = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(may) = table.get(&room) else {
            wrong.push(format!(
                "src/{room} is no room of the table in ARCHITECTURE.md"
            ));
            continue;
        };
        let Some(may) = may else { continue };
        let mut files = Vec::new();
        rust_files(&dir, &mut files);
        for file in files {
            let inside = file.strip_prefix(root().join("src")).unwrap();
            let own = usize::from(!file.ends_with("mod.rs"));
            let depth = inside.parent().unwrap().iter().count() + own;
            for other in used(&fs::read_to_string(&file).unwrap(), depth) {
                if other != room && table.contains_key(&other) && !may.contains(&other) {
                    wrong.push(format!("{} uses `{other}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_table_stands() {
    for room in table(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()).keys() {
        assert!(
            root().join("src").join(room).is_dir(),
            "src/{room} is in the table only"
        );
    }
}

#[test]
fn the_reader_of_code_sees_what_it_should() {
    let text = "use crate::model::{A, B};\nuse crate::{\n    engine::C,\n    sim::{D, E}, tui,\n};\n// crate::http\nfn f() { crate::export::g() }";
    let rooms: Vec<_> = used(text, 2).into_iter().collect();
    assert_eq!(rooms, ["engine", "export", "model", "sim", "tui"]);
    let roundabout = "use super::part;\nuse super::super::http::A;\nmod tests { use super::super::super::cli::B; }";
    let rooms: Vec<_> = used(roundabout, 2).into_iter().collect();
    assert_eq!(rooms, ["cli", "http"]);
    let table = table(
        "| room | what | may use |\n|---|---|---|\n| `a/` | x \\| y | nothing |\n| `b/` | z | a, c |\n| `app/` | w | all |",
    );
    assert_eq!(table["a"], Some(BTreeSet::new()));
    assert_eq!(
        table["b"].as_ref().unwrap().iter().collect::<Vec<_>>(),
        ["a", "c"]
    );
    assert_eq!(table["app"], None);
}

#[test]
fn unsafe_code_stands_in_one_room() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let allowed = root().join("src/source/kafka/ffi");
    for file in files.iter().filter(|f| !f.starts_with(&allowed)) {
        let text = fs::read_to_string(file).unwrap();
        assert!(
            !text.contains("allow(unsafe_code)") && !text.contains("expect(unsafe_code"),
            "{}",
            file.display()
        );
    }
}
