//! The formats of one tool agree: one scan, written in several formats, is one set of findings with one severity each.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use findsync::finding::Severity;
use findsync::readers::read_bytes;

/// What a report says: severities by key, and what was not examined.
type Reading = (BTreeMap<String, Vec<Severity>>, BTreeSet<String>);

fn reading(path: &Path) -> Reading {
    let shown = path.file_name().unwrap().to_string_lossy().into_owned();
    let scans = read_bytes(&shown, fs::read(path).unwrap(), None).unwrap_or_else(|error| panic!("{error}"));
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
    let tools = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pairs"));
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
