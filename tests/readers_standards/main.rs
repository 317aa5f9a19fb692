//! The readers of the standards: reports with none, one and many findings, and odd ones.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cvss;
mod cyclonedx;
mod generic;
mod gitlab;
mod sarif;
mod sarif_tools;

use std::path::Path;

use findsync::config::ReportSource;
use findsync::finding::{Finding, Scan};
use findsync::readers::{ReadError, ReadOptions, read_reports};

/// Reads a fixture, unasked.
fn fixture(path: &str) -> Vec<Scan> {
    let options = ReadOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    read_reports(&[ReportSource { path: path.to_owned(), ..ReportSource::default() }], &options).unwrap()
}

/// Reads a text by a reader.
fn read(reader: &str, text: &str) -> Result<Vec<Scan>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("report"), text).unwrap();
    let source = ReportSource { path: "report".to_owned(), reader: Some(reader.to_owned()), ..ReportSource::default() };
    read_reports(&[source], &ReadOptions::new(folder.path()))
}

/// The findings of a text's only scan.
fn findings(reader: &str, text: &str) -> Vec<Finding> {
    let mut scans = read(reader, text).unwrap();
    assert_eq!(scans.len(), 1);
    scans.remove(0).findings
}

/// The message of the error that a text must give; it names the file.
fn error(reader: &str, text: &str) -> String {
    let error = read(reader, text).unwrap_err().to_string();
    assert!(error.contains("`report`"), "{error}");
    error
}

/// Every text cut off at any place, and with every value replaced, gives findings or an error, and never a panic.
fn survives_mutation(reader: &str, text: &str) {
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(7) {
        let _ = read(reader, &text[..end]);
    }
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else { return };
    let mut places = Vec::new();
    collect(&document, String::new(), &mut places);
    for place in places {
        for wrong in
            [serde_json::json!(null), serde_json::json!([1]), serde_json::json!({"a": []}), serde_json::json!(-1e300)]
        {
            let mut mutated = document.clone();
            *mutated.pointer_mut(&place).unwrap() = wrong;
            let _ = read(reader, &mutated.to_string());
        }
    }
}

fn collect(value: &serde_json::Value, place: String, places: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            collect(value, format!("{place}/{name}"), places);
        }),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| collect(value, format!("{place}/{index}"), places));
        }
        _ => {}
    }
    places.push(place);
}
