//! Several jobs of one run.

use crate::kit::{Board, Repository};
use crate::reports::trivy;
use crate::{FIRST, SECOND};

#[test]
fn each_leg_of_a_matrix_speaks_for_itself() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let leg = |number, node: u32| {
        let matrix = format!("{{\"node\": {node}}}");
        shop.run(number).variable("FINDSYNC_MATRIX", &matrix)
    };
    for number in 1..=2 {
        leg(number, 18).apply(&[("t.json", trivy(&[FIRST]))]);
        leg(number, 20).apply(&[("t.json", trivy(&[SECOND]))]);
        assert_eq!(board.open(), [1, 2], "run {number}");
    }
    leg(3, 18).apply(&[("t.json", trivy(&[]))]);
    assert_eq!(board.open(), [2]);
}

#[test]
fn jobs_whose_reports_have_their_own_paths_need_nothing() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    for number in 1..=2 {
        shop.run(number).apply(&[("api/t.json", trivy(&[FIRST]))]);
        shop.run(number).apply(&[("web/t.json", trivy(&[SECOND]))]);
    }
    assert_eq!(board.open(), [1, 2]);
    shop.run(3).apply(&[("api/t.json", trivy(&[]))]);
    assert_eq!(board.open(), [2]);
}

#[test]
fn jobs_that_share_a_path_by_mistake_are_found_out() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let (api, web) = (trivy(&[FIRST]), trivy(&[SECOND]));
    let mut printed = String::new();
    for number in 1..=5 {
        for report in [&api, &web] {
            printed += &shop.run(number).apply_once(&[("t.json", report.clone())]).text();
        }
        if number > 1 {
            assert_eq!(board.open(), [1, 2], "nothing flaps for longer than two runs: run {number}");
        }
    }
    assert!(printed.contains("`target`"), "the log names what to do: {printed}");
    let idle = shop.run(6).apply_once(&[("t.json", api)]);
    assert!(idle.changes().is_empty(), "{:#?}", idle.changes());
}

#[test]
fn a_job_that_is_started_again_after_a_fix_closes() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    shop.run(1).attempt(2).apply(&[("t.json", trivy(&[SECOND]))]);
    assert_eq!(board.open(), [board.about(SECOND).number], "an attempt is newer than the one before it");
}
