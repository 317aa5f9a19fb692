//! Runs that end in another order than they began, and runs that must not write.

use serde_json::json;

use crate::kit::{Board, Repository};
use crate::reports::trivy;
use crate::{FIRST, SECOND};

#[test]
fn an_older_run_neither_closes_nor_reopens() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(10).apply(&[("t.json", trivy(&[FIRST]))]);
    shop.run(12).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    // An older run ends after the newer one.
    let late = shop.run(11).apply(&[("t.json", trivy(&[FIRST]))]);
    assert_eq!(board.open(), [1, 2]);
    assert!(late.text().contains("older than run 1012"), "it names the newer one: {}", late.text());
    // An older run is started again after a fix.
    shop.run(13).apply(&[("t.json", trivy(&[SECOND]))]);
    shop.run(12).attempt(2).apply(&[("t.json", trivy(&[FIRST, SECOND]))]);
    assert_eq!(board.open(), [board.about(SECOND).number]);
}

#[test]
fn an_older_run_of_another_scan_still_counts() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(12).apply(&[("web/t.json", trivy(&[FIRST]))]);
    shop.run(11).apply(&[("api/t.json", trivy(&[SECOND]))]);
    assert_eq!(board.open(), [1, 2], "order is that of one scope");
}

#[test]
fn outside_of_a_pipeline_there_is_no_order() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.clone_from("https://github.com/acme/shop");
    shop.run(12).apply(&[("t.json", trivy(&[FIRST]))]);
    shop.at_a_desk().apply(&[("t.json", trivy(&[]))]);
    assert!(board.open().is_empty());
}

#[test]
fn runs_about_what_is_not_merged_write_nothing() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    shop.run(1).apply(&[("t.json", trivy(&[FIRST]))]);
    let before = board.issues();
    let repository = json!({"default_branch": "main", "full_name": "acme/shop"});
    let fork = json!({"full_name": "eve/shop"});
    let request =
        json!({"number": 7, "head": {"repo": fork.clone()}, "base": {"repo": repository.clone(), "ref": "main"}});
    for (event, payload) in [
        (
            "issue_comment",
            json!({"action": "created", "issue": {"number": 7, "pull_request": {"url": "x"}}, "comment": {"body": "/scan"}}),
        ),
        ("pull_request_target", json!({"number": 7, "pull_request": request})),
        (
            "workflow_run",
            json!({"workflow_run": {"event": "pull_request", "head_branch": "main", "head_sha": "b", "head_repository": fork}}),
        ),
        ("merge_group", json!({"merge_group": {"base_ref": "refs/heads/main", "head_sha": "b"}})),
        ("check_run", json!({"action": "completed"})),
        ("repository_dispatch", json!({"action": "scan", "client_payload": {"sha": "b"}})),
    ] {
        let mut payload = payload;
        payload["repository"] = repository.clone();
        for report in [trivy(&[]), trivy(&[FIRST, SECOND])] {
            let printed = shop.run(2).event(event, &payload).ends(&[("t.json", report)], &[]);
            assert_eq!(board.issues(), before, "{event}: {}", printed.text());
            assert_ne!(printed.code, 4, "{event}: {}", printed.text());
        }
    }
}
