//! Several scanners, reports and documents about the same code.

use serde_json::json;

use crate::kit::{Board, Repository};
use crate::reports::{grype, openvex, result, result_of, sarif, semgrep, trivy, trivy_with, vulnerability};
use crate::{ADVISORY, FIRST, SECOND};

#[test]
fn a_suppression_in_one_report_closes_nothing_that_another_scanner_reports() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let active = result_of("sql", "db.py", 1, "query(name)");
    let mut suppressed = active.clone();
    suppressed["suppressions"] = json!([{"kind": "inSource"}]);
    let opengrep = sarif(&[("Opengrep", &[active])]);
    shop.run(1).apply(&[("opengrep.sarif", opengrep.clone())]);
    shop.run(2).apply(&[("semgrep.sarif", semgrep(&[suppressed]))]);
    assert_eq!(board.open(), [1]);
    let idle = shop.run(3).apply(&[("opengrep.sarif", opengrep)]);
    assert_eq!((idle.count("close"), idle.count("reopen")), (0, 0), "{:#?}", idle.changes());
    // With the other scanner's finding goes the last that calls it active.
    shop.run(4).apply(&[("opengrep.sarif", sarif(&[("Opengrep", &[])]))]);
    assert!(board.open().is_empty());
}

#[test]
fn a_merged_duplicate_keeps_what_its_scanner_reported() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("trivy.json", trivy(&[FIRST]))]);
    shop.run(2).apply(&[("grype.json", grype(&[ADVISORY]))]);
    assert_eq!(board.open(), [1, 2], "nothing says yet that they are one");
    let mut known = vulnerability(FIRST, "HIGH");
    known["VendorIDs"] = json!([ADVISORY]);
    shop.run(3).apply(&[("trivy.json", trivy_with(&[known]))]);
    assert_eq!(board.open(), [1], "now a report names both");
    shop.run(4).apply(&[("trivy.json", trivy(&[]))]);
    assert_eq!(board.open(), [1], "Grype still reports it");
    shop.run(5).apply(&[("grype.json", grype(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn a_copy_by_a_run_at_the_same_time_is_merged_with_all_that_it_knows() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let both = [("trivy.json", trivy(&[FIRST])), ("npm/trivy.json", trivy(&[FIRST]))];
    shop.run(1).apply(&both);
    board.copy(1);
    shop.run(2).apply(&both[..1]);
    assert_eq!(board.open(), [1], "the older one stays");
    shop.run(3).apply(&[("trivy.json", trivy(&[]))]);
    assert_eq!(board.open(), [1], "the other report still has it");
    shop.run(4).apply(&[("npm/trivy.json", trivy(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn two_vulnerabilities_that_share_an_advisory_are_two_issues() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let known_as = |id: &str, advisory: Option<&str>| {
        let mut known = vulnerability(id, "HIGH");
        known["VendorIDs"] = json!(advisory.into_iter().collect::<Vec<_>>());
        known
    };
    let bundled = [known_as(FIRST, Some(ADVISORY)), known_as(SECOND, Some(ADVISORY))];
    shop.run(1).apply(&[("t.json", trivy_with(&bundled))]);
    assert_eq!(board.open(), [1, 2]);
    // The advisory was wrong for a day: nothing is left of it.
    shop.run(2).apply(&[("t.json", trivy_with(&[known_as(FIRST, None), known_as(SECOND, None)]))]);
    assert_eq!(board.open(), [1, 2]);
    shop.run(3).apply(&[("t.json", trivy(&[FIRST]))]);
    assert_eq!(board.open(), [board.about(FIRST).number]);
}

#[test]
fn a_document_that_calls_it_fixed_closes() {
    let board = Board::new();
    let mut shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    shop.write("vex/shop.openvex.json", &openvex(FIRST, "fixed").to_string());
    shop.configure("", "vex: [vex/*.json]\n");
    shop.run(2).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    assert_eq!(board.open(), [board.about(SECOND).number]);
    // The statement is taken back.
    shop.write("vex/shop.openvex.json", &openvex(FIRST, "affected").to_string());
    shop.run(3).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    assert_eq!(board.open(), [1, 2]);
}

#[test]
fn a_document_about_one_version_says_nothing_of_another() {
    let board = Board::new();
    let mut shop = Repository::new(&board, "acme/shop");
    shop.configure("", "vex: [vex/*.json]\n");
    let version = |version: &str| {
        let mut found = vulnerability(FIRST, "HIGH");
        found["InstalledVersion"] = json!(version);
        found["PkgIdentifier"]["PURL"] = json!(format!("pkg:npm/lodash@{version}"));
        found
    };
    let both = trivy_with(&[version("4.17.20"), version("3.10.1")]);
    shop.write("vex/shop.openvex.json", &openvex(FIRST, "not_affected").to_string());
    shop.run(1).apply(&[("t.json", both)]);
    assert_eq!(board.open(), [1], "one of two versions is affected");
    shop.run(2).apply(&[("t.json", trivy_with(&[version("4.17.20")]))]);
    assert!(board.open().is_empty(), "what is left is not affected");
}

#[test]
fn runs_of_one_report_count_together() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let line = |number: u32| if [10, 50].contains(&number) { "eval(x)".to_owned() } else { format!("y = {number}") };
    shop.write("a.py", &(1..60).map(line).collect::<Vec<_>>().join("\n"));
    let (first, last) = (result("eval", "a.py", 10, "eval"), result("eval", "a.py", 50, "eval"));
    let report = sarif(&[("Semgrep OSS", std::slice::from_ref(&first)), ("Semgrep OSS", &[last])]);
    shop.run(1).apply(&[("r.sarif", report)]);
    assert_eq!(board.open(), [1, 2], "two lines that read the same");
    let twice = sarif(&[("Semgrep OSS", std::slice::from_ref(&first)), ("Semgrep OSS", std::slice::from_ref(&first))]);
    shop.run(2).apply(&[("r.sarif", twice)]);
    assert_eq!(board.open().len(), 1, "one line that is reported twice");
}

#[test]
fn the_order_in_which_scanners_run_does_not_matter() {
    let mut ends = Vec::new();
    for turned in [false, true] {
        let board = Board::new();
        let shop = Repository::new(&board, "acme/shop");
        let mut known = vulnerability(FIRST, "HIGH");
        known["VendorIDs"] = json!([ADVISORY]);
        let mut reports = [("trivy.json", trivy_with(&[known])), ("grype.json", grype(&[ADVISORY]))];
        if turned {
            reports.reverse();
        }
        for (number, report) in (1..).zip(&reports) {
            shop.run(number).apply(std::slice::from_ref(report));
        }
        shop.run(3).apply(&reports[..1]);
        let open: Vec<String> =
            board.issues().into_iter().filter(|issue| issue.open).map(|issue| issue.title).collect();
        let seen_by = ["trivy.json", "grype.json"].map(|name| board.about(FIRST).text.contains(name));
        ends.push((open, seen_by));
    }
    assert_eq!(ends[0].1, [true, true], "one issue names both scanners");
    assert_eq!(ends[0], ends[1]);
}
