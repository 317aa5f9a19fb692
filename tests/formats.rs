//! The formats of one tool agree: one scan, written in several formats, is one set of findings with one severity each.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use findsync::config::ReportSource;
use findsync::finding::Severity;
use findsync::readers::{ReadOptions, read_reports};
use serde_json::Value;
use tempfile::TempDir;

/// What a report says: severities by key, and what was not examined.
type Reading = (BTreeMap<String, Vec<Severity>>, BTreeSet<String>);

fn pairs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pairs")
}

/// A checkout of what was scanned: formats that do not show the code are completed from it.
fn checkout() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let eslint: Value = serde_json::from_slice(&fs::read(pairs().join("eslint/eslint.json")).unwrap()).unwrap();
    let script = eslint[1]["source"].as_str().unwrap();
    let views = format!("{}    return hashlib.md5(cmd.encode()).hexdigest()\n", "\n".repeat(17));
    for (path, text) in [("web/server.js", script), ("app/views.py", &views)] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn reading(path: &Path) -> Reading {
    let shown = path.file_name().unwrap().to_string_lossy().into_owned();
    let dir = checkout();
    fs::copy(path, dir.path().join(&shown)).unwrap();
    let options = ReadOptions::new(dir.path());
    let source = ReportSource { path: shown.clone(), ..ReportSource::default() };
    let scans = read_reports(&[source], &options).unwrap_or_else(|error| panic!("{error}"));
    let mut severities: BTreeMap<String, Vec<Severity>> = BTreeMap::new();
    for finding in scans.iter().flat_map(|scan| &scan.findings) {
        severities.entry(finding.keys[0].to_string()).or_default().push(finding.severity);
    }
    severities.values_mut().for_each(|all| all.sort());
    assert!(scans.iter().all(|scan| scan.complete), "{shown}");
    (severities, scans.into_iter().flat_map(|scan| scan.unexamined).collect())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn formats_of_one_tool_agree() {
    let tools = entries(&pairs());
    assert!(tools.len() > 10);
    let mut wrong = Vec::new();
    for tool in tools {
        let reports = entries(&tool);
        assert!(reports.len() > 1, "{}", tool.display());
        let first = reading(&reports[0]);
        assert!(!first.0.is_empty(), "{}", tool.display());
        for other in &reports[1..] {
            let other_reading = reading(other);
            if other_reading != first {
                wrong.push(format!("{}\n{first:?}\n{other_reading:?}", other.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
