//! What people decide on the board.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use std::io::{Read as _, Write as _};

use crate::kit::{Board, Repository};
use crate::reports::{gitleaks, result, semgrep, trivy};
use crate::{FIRST, SECOND};

#[test]
fn closing_decides_by_who_closed_and_how() {
    for (reason, stays_closed) in
        [("", false), ("not_planned", true), ("duplicate", true), ("not_planned\nclosed_by: bot", false)]
    {
        let board = Board::new();
        let shop = Repository::new(&board, "acme/shop");
        shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
        board.close(1, reason);
        for number in 2..5 {
            shop.run(number).apply(&[("t.json", trivy(&[FIRST]))]);
            assert_eq!((board.open().is_empty(), board.issues().len()), (stays_closed, 1), "closed as `{reason}`");
        }
    }
}

#[test]
fn a_decision_that_is_taken_back_is_over() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    board.close(1, "not_planned");
    shop.run(2).apply(&[("t.json", trivy(&[FIRST]))]);
    board.reopen(1);
    shop.run(3).apply(&[("t.json", trivy(&[FIRST]))]);
    assert_eq!(board.open(), [1]);
    shop.run(4).apply(&[("t.json", trivy(&[]))]);
    assert!(board.open().is_empty(), "and it is closed when it is fixed");
}

#[test]
fn a_decision_stays_with_its_secret() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("gitleaks.json", gitleaks("EXAMPLE-dummy-000111"))]);
    board.label(1, "false-positive");
    shop.run(2).apply(&[("gitleaks.json", gitleaks("EXAMPLE-dummy-000111"))]);
    assert!(board.open().is_empty());
    // Somebody puts a real one in its place.
    shop.run(3).apply(&[("gitleaks.json", gitleaks("dfe7Qm2LpX9sKz4RtB8w"))]);
    assert_eq!(board.open(), [2]);
}

#[test]
fn a_decision_about_what_is_long_gone_hides_nothing() {
    let board = Board::new();
    let mut shop = Repository::new(&board, "acme/shop");
    shop.today = "2025-01-01";
    shop.run(1).apply(&[("r.sarif", semgrep(&[result("sql", "app/db.py", 40, "Query built from `name`")]))]);
    board.close(1, "not_planned");
    for (number, day) in [(2, "2025-02-01"), (3, "2025-12-01")] {
        shop.today = day;
        shop.run(number).apply(&[("r.sarif", semgrep(&[]))]);
    }
    shop.today = "2026-06-01";
    shop.run(4).apply(&[("r.sarif", semgrep(&[result("sql", "app/db.py", 49, "Statement of user input")]))]);
    assert_eq!(board.open(), [2], "another weakness nearby is another weakness");
}

#[test]
fn a_decision_on_one_finding_says_nothing_of_another() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    board.close(1, "not_planned");
    let printed = shop.run(2).ends(&[("t.json", trivy(&[FIRST, SECOND]))], &["--fail-on", "high"]);
    assert_eq!((board.open(), printed.code), (vec![2], 1), "the gate counts what is new: {}", printed.text());
    let printed = shop.run(3).ends(&[("t.json", trivy(&[FIRST]))], &["--fail-on", "high"]);
    assert_eq!(printed.code, 0, "what people decided trips no gate: {}", printed.text());
}

#[test]
fn a_column_that_a_person_moved_follows_when_the_finding_goes_and_comes_back() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    board.edit(1, "\nstatus: Active", "\nstatus: Blocked");
    shop.run(2).apply(&[("t.json", trivy(&[FIRST]))]);
    assert!(board.issue(1).text.contains("\nstatus: Blocked"), "it is the person's");
    shop.run(3).apply(&[("t.json", trivy(&[]))]);
    assert!(board.open().is_empty() && board.issue(1).text.contains("\nstatus: Closed"), "{}", board.issue(1).text);
    shop.run(4).apply(&[("t.json", trivy(&[FIRST]))]);
    assert!(board.open() == [1] && board.issue(1).text.contains("\nstatus: Active"), "{}", board.issue(1).text);
}

#[test]
fn a_label_in_another_case_is_the_same_label() {
    let board = Board::new();
    let mut shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    board.label(1, "Security");
    shop.configure(", labels: [security]", "");
    shop.run(2).apply(&[("t.json", trivy(&[FIRST]))]);
    let labels = board.issue(1).labels;
    assert!(labels.contains("Security") && !labels.contains("security"), "{labels}");
}

/// Changes the stamp in an issue's file.
fn restamp(board: &Board, number: u64, change: impl Fn(&mut Value)) {
    let text = board.issue(number).text;
    let encoded = text.split_once("<!-- findsync:end ").unwrap().1.split_once(" -->").unwrap().0;
    let mut json = Vec::new();
    let deflated = STANDARD_NO_PAD.decode(encoded).unwrap();
    flate2::read::DeflateDecoder::new(deflated.as_slice()).read_to_end(&mut json).unwrap();
    let mut stamp: Value = serde_json::from_slice(&json).unwrap();
    change(&mut stamp);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(stamp.to_string().as_bytes()).unwrap();
    board.edit(number, encoded, &STANDARD_NO_PAD.encode(encoder.finish().unwrap()));
}

#[test]
fn a_stamp_of_a_newer_version_holds_back_its_twin() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    restamp(&board, 1, |stamp| stamp["v"] = 99.into());
    let before = board.issue(1);
    let printed = shop.run(2).ends(&[("t.json", trivy(&[FIRST]))], &[]);
    assert_eq!(board.issues(), [before], "{}", printed.text());
    assert!(printed.text().contains("newer findsync"), "{}", printed.text());
}
