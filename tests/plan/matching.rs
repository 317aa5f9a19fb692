//! Which finding is which: what carries an issue to another place, and what must not.

use findsync::finding::{Kind, Scan};
use findsync::plan::Action;

use crate::board::Act;
use crate::contract::code;
use crate::kit::{Bench, scan_of, told};

const LINE: &str = "db.run(query)";

fn at(scanner: &str, places: &[(&str, u32)]) -> Scan {
    scan_of(scanner, &places.iter().map(|(path, line)| code(path, *line, LINE)).collect::<Vec<_>>())
}

/// Where each scanner saw the only finding of an issue.
fn places(bench: &Bench, number: u64) -> Vec<(String, String)> {
    let members = bench.issue(number).stamp.unwrap().members;
    let words = members.iter().flat_map(|member| &member.words);
    words.map(|word| (word.scope.scanner.clone(), word.facts.place.clone())).collect()
}

#[test]
fn a_renamed_file_takes_its_issues_along_for_each_scanner_that_saw_it() {
    let mut bench = Bench::default();
    bench.run(&[at("Semgrep", &[("a.py", 3)]), at("Opengrep", &[("a.py", 3)])]);
    let plan = bench.run(&[at("Semgrep", &[("b.py", 3)])]);
    assert_eq!((plan.count(Action::Open), plan.count(Action::Close)), (0, 0), "{}", told(&plan));
    // What the other one saw stays where it saw it, until it is read again.
    let seen = |scanner: &str, path: &str| (scanner.to_owned(), path.to_owned());
    assert_eq!(places(&bench, 1), [seen("Opengrep", "a.py"), seen("Semgrep", "b.py")]);
    bench.run(&[at("Opengrep", &[("b.py", 3)])]);
    assert_eq!((bench.issues().len(), bench.open()), (1, vec![1]));
    assert_eq!(places(&bench, 1), [seen("Opengrep", "b.py"), seen("Semgrep", "b.py")]);
}

#[test]
fn what_is_still_reported_carries_nothing() {
    let mut bench = Bench::default();
    bench.run(&[at("Semgrep", &[("a.py", 3)])]);
    bench.run(&[at("Semgrep", &[("a.py", 3), ("b.py", 3)])]);
    assert_eq!(bench.open(), [1, 2], "a copy of the code is a second finding");
    assert_eq!(places(&bench, 1)[0].1, "a.py");
}

#[test]
fn what_one_scanner_no_longer_reports_carries_nothing_to_another() {
    let mut bench = Bench::default();
    bench.run(&[at("Semgrep", &[("a.py", 3)])]);
    bench.run(&[at("Semgrep", &[]), at("Opengrep", &[("b.py", 3)])]);
    assert_eq!(bench.open(), [2], "nothing says that the code moved");
}

#[test]
fn what_a_scan_that_does_not_vouch_leaves_out_carries_nothing() {
    let mut bench = Bench::default();
    bench.run(&[at("Semgrep", &[("a.py", 3)])]);
    bench.run(&[Scan { complete: false, ..at("Semgrep", &[("b.py", 3)]) }]);
    assert_eq!(bench.open(), [1, 2]);
}

#[test]
fn a_decided_finding_whose_file_is_renamed_stays_decided() {
    let mut bench = Bench::default();
    bench.run(&[at("Semgrep", &[("a.py", 3)])]);
    assert!(bench.board.act(1, Act::NotPlanned));
    for _ in 0..2 {
        bench.run(&[at("Semgrep", &[("b.py", 3)])]);
        assert_eq!((bench.issues().len(), bench.open()), (1, vec![]));
    }
}

#[test]
fn another_secret_at_the_same_place_is_another_finding() {
    let secret = |hash: &str| {
        let mut finding = code("settings.py", 5, "key = REDACTED");
        finding.kind = Kind::Secret;
        finding.evidence.secret_hash = Some(hash.repeat(64));
        scan_of("Gitleaks", &[finding])
    };
    let mut bench = Bench::default();
    bench.run(&[secret("a")]);
    bench.run(&[secret("b")]);
    assert_eq!(bench.open(), [2], "the first one is gone");
}

#[test]
fn another_resource_of_the_same_rule_is_another_finding() {
    let bucket = |name: &str, line: u32| {
        let mut finding = code("main.tf", line, "acl = \"public-read\"");
        finding.kind = Kind::Infrastructure;
        finding.location.resource = Some(format!("aws_s3_bucket.{name}"));
        finding
    };
    let mut bench = Bench::default();
    bench.run(&[scan_of("Checkov", &[bucket("logs", 3)])]);
    assert!(bench.board.act(1, Act::NotPlanned));
    bench.run(&[scan_of("Checkov", &[bucket("data", 3)])]);
    assert_eq!(bench.open(), [2], "the accepted bucket hides no other");
}

#[test]
fn of_two_equal_lines_that_both_moved_each_keeps_its_issue() {
    let two = |first: u32, second: u32| at("Semgrep", &[("a.py", first), ("a.py", second)]);
    let mut bench = Bench::default();
    bench.run(&[two(10, 50)]);
    let line = |bench: &Bench, number| bench.issue(number).stamp.unwrap().members[0].words[0].facts.evidence.line;
    let before = [line(&bench, 1), line(&bench, 2)];
    bench.run(&[two(17, 57)]);
    let after = [line(&bench, 1), line(&bench, 2)];
    assert_eq!(before.map(|line| line + 7), after);
    assert_eq!(bench.open(), [1, 2]);
}
