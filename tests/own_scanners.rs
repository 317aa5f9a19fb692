//! Scanner definitions that people write: what they are told of a mistake, and what is read of texts.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../docs/adding-a-scanner.md");

const DEFINITION: &str = r#"name: lint
title: Lint
kind: code
input: json
recognises:
  - has: [lints]
severity:
  map: {bad: High}
findings: |
  .lints[] | {title: .text, severity: .level, rule: .id, location: {path: .file, start_line: .line}}
"#;

const REPORT: &str = r#"{"lints": [{"text": "Use of eval", "level": "bad", "id": "eval", "file": "a.py", "line": 7}]}"#;

/// A workspace with a definition and a report.
fn workspace(definition: &str, report: (&str, &str)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".findsync/scanners")).unwrap();
    std::fs::write(folder.path().join(".findsync/scanners/lint.yml"), definition).unwrap();
    std::fs::write(folder.path().join(report.0), report.1).unwrap();
    folder
}

fn run(folder: &Path, arguments: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    let output = command.args(arguments.split(' ')).current_dir(folder).env_clear().output().unwrap();
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), shown)
}

/// What `scanners test` prints of a changed definition.
fn tried(from: &str, to: &str) -> String {
    assert!(DEFINITION.contains(from), "{from}");
    let folder = workspace(&DEFINITION.replace(from, to), ("r.json", REPORT));
    run(folder.path(), "scanners test .findsync/scanners/lint.yml r.json").1
}

#[test]
fn a_trial_shows_rule_and_place() {
    let shown = tried("", "");
    assert!(shown.starts_with("lint recognises it: 1 finding in 1 scan\n"), "{shown}");
    assert!(shown.contains("  High      Use of eval\n            eval  a.py:7  v1:code:"), "{shown}");
}

#[test]
fn a_mistake_is_named_with_its_place_and_what_was_meant() {
    for (from, to, told) in [
        ("severity:\n", "serverity:\n", "line 7, column 1: there is no such word here, did you mean `severity`?"),
        ("kind: code", "kind: codes", "line 3, column 7: there is no such word here, did you mean `code`?"),
        ("bad: High", "bad: Hihg", "line 8, column 14: there is no such word here, did you mean `High`?"),
        ("input: json", "input: jsn", "did you mean `json`?"),
        ("input: json", "input: [json, word]", "there are json, jsonl, xml, csv, yaml, text"),
        ("has: [lints]", "hass: [lints]", "did you mean `has`?"),
        (
            "severity: .level",
            "servity: .level",
            "findings[0].servity: there is no such field, did you mean `severity`?",
        ),
        (
            "path: .file",
            "file: .file",
            "findings[0].location.file: there is no such field; there are `path`, `start_line`",
        ),
    ] {
        let shown = tried(from, to);
        assert!(shown.contains(told), "{to}: {shown}");
    }
}

#[test]
fn a_trial_without_findings_says_where_to_look() {
    let shown = tried(".lints[] |", "list(.lint) |");
    assert!(shown.contains("0 findings in 1 scan") && shown.contains("nothing is found in it"), "{shown}");
}

#[test]
fn the_page_has_the_keys_of_a_finding() {
    let table = PAGE.split("## The keys of a finding").nth(1).unwrap();
    let cells = table.lines().filter(|line| line.starts_with("| `")).map(|line| line.split(" | ").next().unwrap());
    let keys: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let all: String = keys.iter().map(|key| format!("{key}: null, ")).collect();
    let shown = tried("rule: .id,", &all.replace("title: null, severity: null, ", "").replace("location: null, ", ""));
    assert!(keys.len() > 25 && shown.contains("1 finding in 1 scan"), "{shown}");
    // The line that names those that there are is cut.
    let shown = tried("rule: .id", "zzz: .id");
    let known: Vec<&str> = shown.split("there are ").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
    let whole: Vec<&&str> = known.iter().filter(|key| !key.contains('…')).collect();
    assert!(whole.len() > 12 && whole.iter().all(|key| keys.contains(*key)), "{shown}");
}

#[test]
fn prose_that_could_be_yaml_is_read_as_text() {
    let by_name = r#"name: lint
title: Lint
kind: code
input: text
recognises: []
severity: {default: Medium}
findings: |
  split("\n")[] | capture("^(?<path>[^:]+):(?<line>[0-9]+): error: (?<text>.+)$")
  | {title: .text, location: {path: .path, start_line: .line}}
"#;
    for (report, count) in [("a.py:3: error: Not defined\nFound: 1 error\n", 1), ("Success: no issues found\n", 0)] {
        let folder = workspace(by_name, ("lint.txt", report));
        let (code, shown) = run(folder.path(), "findings lint.txt --reader lint --format csv");
        assert_eq!((code, shown.lines().count()), (Some(0), 1 + count), "{shown}");
        let shown = run(folder.path(), "scanners test lint lint.txt").1;
        assert!(shown.starts_with("lint reads it where it is named"), "{shown}");
    }
    let by_its_beginning = by_name.replace("recognises: []", "recognises:\n  - starts: {\"\": \"Result: \"}");
    let folder = workspace(&by_its_beginning, ("lint.txt", "Result: bad\nNotes: none\n"));
    let (code, shown) = run(folder.path(), "findings lint.txt");
    assert!(code == Some(0) && shown.contains("(read as lint)"), "{shown}");
}

#[test]
fn what_nobody_knows_is_no_confidence() {
    let folder =
        workspace(&DEFINITION.replace("rule: .id", "rule: .id, confidence: \"UNDEFINED\""), ("r.json", REPORT));
    let (code, shown) = run(folder.path(), "findings r.json --format json");
    assert!(code == Some(0) && !shown.contains("\"confidence\""), "{shown}");
}
