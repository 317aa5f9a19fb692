//! Code and packages that move, with what people decided about them.

use serde_json::Value;

use crate::FIRST;
use crate::kit::{Board, Repository};
use crate::reports::{result, result_of, semgrep, trivy_of};

/// A function around a dangerous line.
fn function(name: &str) -> String {
    format!("def {name}():\n    x = get_{name}()\n    eval(x)\n    done_{name}()\n\n")
}

/// What a scanner that tells rule, path and line alone reports of a file.
fn scan(path: &str, text: &str) -> Value {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains("eval(x)"));
    semgrep(&lines.map(|(number, _)| result("eval", path, number, "eval")).collect::<Vec<_>>())
}

#[test]
fn decided_findings_stay_decided_when_their_folder_is_renamed() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let code: String = (0..5).map(|n| format!("def f{n}():\n    run(a{n})\n\n")).collect();
    let report = |folder: &str| {
        let results = (0..5).map(|n| result_of("run", &format!("{folder}/m.py"), 3 * n + 2, &format!("run(a{n})")));
        semgrep(&results.collect::<Vec<_>>())
    };
    shop.write("old/m.py", &code);
    shop.run(1).apply(&[("r.sarif", report("old"))]);
    board.open().into_iter().for_each(|number| board.close(number, "not_planned"));
    shop.run(2).apply(&[("r.sarif", report("old"))]);
    shop.rename("old/m.py", "new/m.py");
    for number in 3..5 {
        shop.run(number).apply(&[("r.sarif", report("new"))]);
        assert!(board.open().is_empty(), "run {number}: {:#?}", board.open());
    }
    assert_eq!(board.issues().len(), 5);
}

#[test]
fn of_equal_lines_the_one_that_was_fixed_is_closed() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let both = [function("first"), function("second")].concat();
    shop.write("a.py", &both);
    shop.run(1).apply(&[("r.sarif", scan("a.py", &both))]);
    let (decided, other) = (board.about("a.py:3").number, board.about("a.py:8").number);
    board.close(decided, "not_planned");
    shop.run(2).apply(&[("r.sarif", scan("a.py", &both))]);
    let first = function("first") + "def second():\n    pass\n";
    shop.write("a.py", &first);
    shop.run(3).apply(&[("r.sarif", scan("a.py", &first))]);
    assert!(board.open().is_empty(), "the second one is fixed, the first one decided");
    assert_eq!(board.issue(decided).closed_as, "not_planned");
    assert!(board.issue(other).text.contains("no longer"), "{}", board.issue(other).text);
}

#[test]
fn a_new_equal_line_takes_no_decision_over() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let old = function("first");
    shop.write("a.py", &old);
    shop.run(1).apply(&[("r.sarif", scan("a.py", &old))]);
    board.close(1, "not_planned");
    shop.run(2).apply(&[("r.sarif", scan("a.py", &old))]);
    let more = [function("before"), old].concat();
    shop.write("a.py", &more);
    for number in 3..5 {
        shop.run(number).apply(&[("r.sarif", scan("a.py", &more))]);
        assert_eq!(board.open(), [2], "run {number}");
    }
    assert!(board.issue(2).text.contains("a.py:3"), "the new one is open: {}", board.issue(2).text);
}

#[test]
fn a_line_that_moved_alone_writes_nothing() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let old = function("first");
    shop.write("a.py", &old);
    shop.run(1).apply(&[("r.sarif", scan("a.py", &old))]);
    let before = board.issues();
    let moved = format!("{}{old}", "# a word\n".repeat(13));
    shop.write("a.py", &moved);
    shop.run(2).apply(&[("r.sarif", scan("a.py", &moved))]);
    assert_eq!(board.issues(), before);
}

#[test]
fn findings_of_one_line_are_told_apart_by_what_they_are_about() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let unused = |name: &str, column: u32| {
        let mut unused = result("no-unused-vars", "a.js", 1, &format!("'{name}' is assigned a value but never used."));
        unused["locations"][0]["physicalLocation"]["region"]["startColumn"] = column.into();
        unused
    };
    shop.write("a.js", "var alpha, beta;\n");
    let both = [unused("alpha", 5), unused("beta", 12)];
    shop.run(1).apply(&[("r.sarif", semgrep(&both))]);
    assert_eq!(board.open(), [1, 2]);
    // Another order of the report is no news.
    let turned = [both[1].clone(), both[0].clone()];
    let idle = shop.run(2).apply(&[("r.sarif", semgrep(&turned))]);
    assert!(idle.changes().is_empty(), "{:#?}", idle.changes());
    shop.write("a.js", "var beta;\n");
    shop.run(3).apply(&[("r.sarif", semgrep(&[unused("beta", 5)]))]);
    assert_eq!(board.open(), [board.about("'beta'").number]);
}

#[test]
fn one_vulnerability_in_two_manifests_is_two_issues_also_after_one_moved() {
    let board = Board::new();
    let shop = Repository::new(&board, "acme/shop");
    let (old, new) = ("a/package-lock.json", "c/package-lock.json");
    let ids: &[&str] = &[FIRST];
    shop.run(1).apply(&[("t.json", trivy_of(&[(old, ids)]))]);
    shop.run(2).apply(&[("t.json", trivy_of(&[(new, ids)]))]);
    assert_eq!(board.open().len(), 1, "it moved");
    shop.run(3).apply(&[("t.json", trivy_of(&[(old, ids), (new, ids)]))]);
    assert_eq!(board.open().len(), 2, "a move makes no alias");
    shop.run(4).apply(&[("t.json", trivy_of(&[(new, ids)]))]);
    assert_eq!(board.open().len(), 1);
}
