//! The house plan: who may import whom, how long a file may be, where printing and the environment are allowed.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may use. `docs/architecture.md` shows the same table.
const MAY_USE: &[(&str, &[&str])] = &[
    ("finding", &[]),
    ("redact", &[]),
    ("disk", &[]),
    ("worker", &[]),
    ("issue", &["finding"]),
    ("ci", &["finding", "disk"]),
    ("config", &["finding", "ci", "disk"]),
    ("readers", &["finding", "config", "ci", "redact", "disk", "worker"]),
    ("triage", &["finding", "config", "redact"]),
    ("template", &["finding", "issue", "triage", "config", "ci", "worker"]),
    ("plan", &["finding", "issue"]),
    ("trackers", &["finding", "issue", "ci", "config", "disk"]),
    ("apply", &["finding", "issue", "plan", "trackers"]),
    ("reports", &["finding", "issue", "plan", "apply", "trackers", "readers", "init", "error", "redact"]),
    ("sync", &["finding", "issue", "ci", "config", "triage", "template", "plan", "apply", "trackers"]),
    ("init", &["ci", "config"]),
    ("error", &["config", "readers", "sync", "template", "trackers", "init", "triage"]),
];

fn sources(dir: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The part of a file that is not its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned()
}

fn is_test(path: &Path) -> bool {
    path.file_stem().unwrap().to_str().unwrap().ends_with("tests")
}

#[test]
fn rooms_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for path in sources("src").iter().filter(|path| !is_test(path)) {
        let own = room(path);
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == own) else { continue };
        for piece in code(path).split("crate::").skip(1) {
            let used: String = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if used != own && !used.is_empty() && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses `crate::{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let outside = ["main", "lib", "cli", "commands"];
    let rooms: BTreeSet<String> = sources("src").iter().map(|path| room(path)).collect();
    let known: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| *name).chain(outside).map(str::to_owned).collect();
    assert_eq!(rooms, known);
}

#[test]
fn no_file_is_over_500_lines() {
    let long: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > 500).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let mute: Vec<_> =
        sources("src").into_iter().filter(|path| !is_test(path) && !code(path).starts_with("//!")).collect();
    assert!(mute.is_empty(), "{mute:#?}");
}

#[test]
fn the_environment_and_the_console_have_their_places() {
    let mut wrong = Vec::new();
    for path in sources("src").iter().filter(|path| !is_test(path)) {
        let (own, text) = (room(path), code(path));
        if text.contains("std::env") && !["cli", "ci", "config", "commands"].contains(&own.as_str()) {
            wrong.push(format!("{} reads the environment", path.display()));
        }
        if ["println!", "print!(", "eprint"].iter().any(|call| text.contains(call)) && own != "reports" {
            wrong.push(format!("{} prints", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
