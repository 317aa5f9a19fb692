//! Findings that share an issue.

use serde_json::Value;

use crate::kit::{Board, Repository};
use crate::reports::{result_of, semgrep, trivy, trivy_of, trivy_with, vulnerability};
use crate::{FIRST, SECOND, THIRD};

const BY_COMPONENT: &str = ", group_by: [component]";

fn shop<'b>(board: &'b Board, mapping: &str) -> Repository<'b> {
    let mut shop = Repository::new(board, "acme/shop");
    shop.configure(mapping, "");
    shop
}

#[test]
fn a_group_is_closed_when_all_its_members_are() {
    let board = Board::new();
    let mut shop = shop(&board, "");
    let decided = format!("decisions:\n  - {{ match: {{ id: {FIRST} }}, status: false_positive, reason: unused }}\n");
    shop.configure(BY_COMPONENT, &decided);
    let (api, web) = ("api/package-lock.json", "web/package-lock.json");
    shop.run(1).apply(&[("web/t.json", trivy_of(&[(web, &[SECOND])]))]);
    shop.run(2).apply(&[("api/t.json", trivy_of(&[(api, &[FIRST])]))]);
    assert_eq!(board.open(), [1], "one member is active");
    shop.run(3).apply(&[("web/t.json", trivy_of(&[(web, &[])]))]);
    assert!(board.open().is_empty(), "one is fixed, the other was never to be dealt with");
}

#[test]
fn a_decision_about_a_group_covers_what_was_there() {
    for by_label in [false, true] {
        let board = Board::new();
        let shop = shop(&board, BY_COMPONENT);
        let low = vulnerability(FIRST, "LOW");
        shop.run(1).apply(&[("t.json", trivy_with(std::slice::from_ref(&low)))]);
        if by_label {
            board.label(1, "risk-accepted")
        } else {
            board.close(1, "not_planned")
        }
        shop.run(2).apply(&[("t.json", trivy_with(std::slice::from_ref(&low)))]);
        assert!(board.open().is_empty(), "by label: {by_label}");
        let more = trivy_with(&[low.clone(), vulnerability(SECOND, "CRITICAL")]);
        let printed = shop.run(3).ends(&[("t.json", more.clone())], &["--fail-on", "high"]);
        assert_eq!((board.open().len(), printed.code), (1, 1), "by label: {by_label}: {}", printed.text());
        shop.run(4).apply(&[("t.json", more)]);
        // The new one is fixed: what is left is decided.
        shop.run(5).apply(&[("t.json", trivy_with(&[low]))]);
        assert!(board.open().is_empty(), "by label: {by_label}");
    }
}

#[test]
fn groups_make_no_aliases() {
    let board = Board::new();
    let mut shop = shop(&board, BY_COMPONENT);
    for (number, ids) in (1..).zip([&[FIRST][..], &[SECOND], &[FIRST, SECOND]]) {
        shop.run(number).apply(&[("t.json", trivy(ids))]);
    }
    shop.configure("", "");
    shop.run(4).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    assert_eq!(board.open().len(), 2, "they shared an issue, and are two");
    shop.run(5).apply(&[("t.json", trivy(&[SECOND]))]);
    assert_eq!(board.open().len(), 1);
}

#[test]
fn a_group_shows_what_all_its_scans_report() {
    let board = Board::new();
    let shop = shop(&board, BY_COMPONENT);
    let api = trivy_with(&[vulnerability(FIRST, "CRITICAL"), vulnerability(SECOND, "HIGH")]);
    shop.run(1).apply(&[("api/t.json", api)]);
    shop.run(2).apply(&[("web/t.json", trivy_with(&[vulnerability(THIRD, "LOW")]))]);
    let text = board.about(THIRD).text;
    for told in [FIRST, SECOND, "Critical"] {
        assert!(text.contains(told), "`{told}` is missing in {text}");
    }
}

#[test]
fn regrouping_closes_nothing_that_is_not_fixed() {
    let board = Board::new();
    let mut shop = shop(&board, ", group_by: [rule]");
    let place = |n: u32| result_of("todo", &format!("src/f{}.py", n / 10), (n % 10) * 3 + 1, &format!("todo_{n}(x)"));
    let report = semgrep(&(0..40).map(place).collect::<Vec<Value>>());
    shop.run(1).apply(&[("r.sarif", report.clone())]);
    assert_eq!(board.open(), [1]);
    for (number, mapping, open) in [(2, "", 40), (3, ", group_by: [file]", 4), (4, ", group_by: [rule]", 1)] {
        shop.configure(mapping, "");
        let printed = shop.run(number).apply(&[("r.sarif", report.clone())]);
        assert_eq!((printed.count("close"), board.open().len()), (0, open), "`{mapping}`: {:#?}", printed.changes());
        assert!(board.issue(1).open, "the issue that was there first stays");
    }
}
