//! Several branches of one repository write.

use crate::kit::{Board, Repository};
use crate::reports::trivy;
use crate::{FIRST, SECOND};

fn shop(board: &Board) -> Repository<'_> {
    let mut shop = Repository::new(board, "acme/shop");
    shop.configure("", "branches: [\"release/*\"]\n");
    shop
}

#[test]
fn an_issue_stays_open_while_one_branch_has_the_finding() {
    let board = Board::new();
    let shop = shop(&board);
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    shop.run(2).on("release/1").apply(&[("t.json", trivy(&[SECOND]))]);
    assert_eq!(board.open(), [1, 2]);
    let idle = shop.run(3).apply(&[("t.json", trivy(&[FIRST]))]);
    assert!(idle.changes().is_empty(), "what the release has is no news to the default branch: {:#?}", idle.changes());
    // Both branches have both; the default branch mends them, then the release.
    shop.run(4).on("release/1").apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    shop.run(5).apply(&[("t.json", trivy(&[]))]);
    assert_eq!(board.open(), [1, 2], "the release still has them");
    shop.run(6).on("release/1").apply(&[("t.json", trivy(&[SECOND]))]);
    assert_eq!(board.open(), [2]);
    shop.run(7).on("release/1").apply(&[("t.json", trivy(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn branches_that_nobody_names_only_plan() {
    let board = Board::new();
    let shop = shop(&board);
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    for branch in ["feature/x", "release/1/fix"] {
        let run = shop.run(2).on(branch);
        let printed = run.ends(&[("t.json", trivy(&[SECOND]))], &[]);
        assert_eq!(printed.code, 0, "{}", printed.text());
        assert_eq!((board.open(), board.issues().len()), (vec![1], 1), "{branch}: {}", printed.text());
    }
}

#[test]
fn a_branch_that_is_scanned_no_more_stops_counting_after_a_while() {
    let board = Board::new();
    let mut shop = shop(&board);
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    shop.run(2).on("release/1").apply(&[("t.json", trivy(&[FIRST]))]);
    shop.run(3).apply(&[("t.json", trivy(&[]))]);
    // Thirty days are counted from the day on which the other branch reported it as gone.
    shop.today = "2026-07-01";
    shop.run(4).apply(&[("t.json", trivy(&[]))]);
    assert_eq!(board.open(), [1]);
    shop.today = "2026-07-02";
    let printed = shop.run(5).apply(&[("t.json", trivy(&[]))]);
    assert!(board.open().is_empty());
    assert!(printed.text().contains("release/1"), "it names what no longer counts: {}", printed.text());
}
