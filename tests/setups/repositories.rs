//! Several repositories write to one board.

use crate::kit::{Board, Repository};
use crate::reports::{result_of, semgrep, trivy};
use crate::{FIRST, SECOND};

#[test]
fn what_one_repository_reports_is_never_closed_by_another() {
    let board = Board::new();
    let (shop, pay) = (Repository::new(&board, "acme/shop"), Repository::new(&board, "acme/pay"));
    shop.run(1).apply(&[("trivy.json", trivy(&[FIRST]))]);
    let idle = pay.run(1).apply(&[("trivy.json", trivy(&[]))]);
    assert!(idle.changes().is_empty(), "a clean report of another repository: {:#?}", idle.changes());
    // The same vulnerability in the same manifest: one issue for each repository, closed by its own.
    pay.run(2).apply(&[("trivy.json", trivy(&[FIRST]))]);
    assert_eq!(board.open(), [1, 2]);
    shop.run(2).apply(&[("trivy.json", trivy(&[]))]);
    assert_eq!(board.open(), [2]);
    pay.run(3).apply(&[("trivy.json", trivy(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn at_a_desk_the_remote_names_the_repository() {
    let board = Board::new();
    let (shop, pay) = (Repository::new(&board, "-"), Repository::new(&board, "-"));
    shop.clone_from("https://github.com/acme/shop.git");
    pay.clone_from("git@github.com:acme/pay.git");
    let report = semgrep(&[result_of("sql", "src/db.py", 3, "query(name)")]);
    shop.at_a_desk().apply(&[("report.sarif", report.clone())]);
    let idle = pay.at_a_desk().apply(&[("report.sarif", semgrep(&[]))]);
    assert!(idle.changes().is_empty(), "{:#?}", idle.changes());
    // Another address of the same repository is the same repository: the pipeline goes on with what a desk began.
    shop.clone_from("ssh://git@github.com/acme/shop");
    let same = shop.at_a_desk().apply(&[("report.sarif", report)]);
    assert!(same.changes().is_empty(), "{:#?}", same.changes());
    let pipeline = Repository::new(&board, "acme/shop");
    pipeline.run(1).apply(&[("report.sarif", semgrep(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn a_renamed_repository_keeps_its_issues() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let id = ("GITHUB_REPOSITORY_ID", "42");
    shop.run(1).variable(id.0, id.1).apply(&[("trivy.json", trivy(&[FIRST, SECOND]))]);
    let renamed = shop.run(2).variable(id.0, id.1).variable("GITHUB_REPOSITORY", "acme/store");
    let printed = renamed.apply(&[("trivy.json", trivy(&[FIRST]))]);
    assert_eq!((printed.count("open"), printed.count("close")), (0, 1), "{:#?}", printed.changes());
    assert_eq!(board.open(), [board.about(FIRST).number]);
}

#[test]
fn a_repository_that_took_a_deleted_ones_name_is_another_one() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).variable("GITHUB_REPOSITORY_ID", "42").apply(&[("trivy.json", trivy(&[FIRST]))]);
    let new = Repository::new(&board, "acme/shop");
    let printed = new.run(1).variable("GITHUB_REPOSITORY_ID", "43").apply(&[("trivy.json", trivy(&[]))]);
    assert!(printed.changes().is_empty() && board.open() == [1], "{:#?}", printed.changes());
}
