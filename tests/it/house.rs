//! The house itself: its floors, the size of its rooms, and what nobody may do in it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file that is still one room.
const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` whose name ends so, dependencies of others apart.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// The floor of each module of the library, as the comments of `src/lib.rs` have it.
fn floors() -> HashMap<String, u32> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut floors = HashMap::new();
    let mut floor = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("// Floor ") {
            let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            floor = Some(number.parse().unwrap());
        } else if let Some(name) = line.strip_prefix("pub mod ") {
            let floor = floor.expect("each module stands on a floor");
            floors.insert(name.trim_end_matches(';').to_owned(), floor);
        }
    }
    floors
}

/// The modules on the way from `src` to a file: `doors`, `ops`, `push`.
fn modules(file: &Path) -> Vec<String> {
    let path = file.strip_prefix(root().join("src")).unwrap();
    let path = path.with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.collect()
}

/// The paths that a file names in its `use crate::…;` lines, its tests apart.
fn imports(file: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().map(str::trim_start);
    let paths = lines.filter_map(|line| {
        let rest = line.split_once("use ")?.1;
        rest.strip_prefix("crate::")
    });
    let words = |path: &str| {
        path.split("::")
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_'))
            .map(str::to_owned)
            .collect()
    };
    paths.map(words).collect()
}

fn sources() -> impl Iterator<Item = PathBuf> {
    let sources = files("src", "rs").into_iter();
    sources.filter(|file| !file.ends_with("tests.rs"))
}

#[test]
fn imports_point_down() {
    let floors = floors();
    assert!(floors.len() > 10, "{floors:?}");
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = floors.get(&modules(&file)[0]) else {
            // The roof: the binaries and the library's own front page.
            continue;
        };
        for import in imports(&file) {
            let other = floors.get(&import[0]);
            let other = other.unwrap_or_else(|| panic!("{import:?} in {}", file.display()));
            if other > own {
                wrong.push(format!("{} uses {}", file.display(), import.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_of_one_floor_form_no_ring() {
    let mut uses: HashMap<String, Vec<String>> = HashMap::new();
    for file in sources() {
        let own = modules(&file).swap_remove(0);
        let others = imports(&file)
            .into_iter()
            .map(|mut path| path.swap_remove(0));
        let others = others.filter(|other| *other != own);
        uses.entry(own.clone()).or_default().extend(others);
    }
    // A module that uses only what has been taken away can be taken away: in a ring none can.
    while let Some(free) = uses
        .iter()
        .find(|(_, others)| !others.iter().any(|other| uses.contains_key(other)))
        .map(|(name, _)| name.clone())
    {
        uses.remove(&free);
    }
    let mut ring: Vec<_> = uses.keys().collect();
    ring.sort_unstable();
    assert!(ring.is_empty(), "in a ring, or above one: {ring:?}");
}

#[test]
fn doors_do_not_import_each_other() {
    for file in sources() {
        let own = modules(&file);
        if own[0] != "doors" || own.len() < 2 {
            continue;
        }
        for import in imports(&file) {
            let stranger = import[0] == "doors" && import.get(1) != own.get(1);
            assert!(!stranger, "{} uses {}", file.display(), import.join("::"));
        }
    }
}

#[test]
fn nothing_in_the_library_knows_the_sandbox() {
    let sandbox = root().join("src/bin");
    for file in sources().filter(|file| !file.starts_with(&sandbox)) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("sandbox"), "{}", file.display());
    }
}

#[test]
fn no_room_is_too_large_to_tidy() {
    for folder in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        for file in files(folder, "rs") {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= MOST_LINES, "{}: {lines}", file.display());
        }
    }
}

#[test]
fn nobody_dozes_in_these_tests() {
    let pause = ["sleep", "("].concat();
    for file in files("tests/it", "rs") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&pause), "{}", file.display());
    }
}
