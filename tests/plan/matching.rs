//! Which finding is which: what carries an issue to another place, and what must not.

use findsync::finding::{Kind, Scan};
use findsync::plan::Action;

use crate::board::Act;
use crate::contract::code;
use crate::kit::{Bench, scan_of, told};
use crate::places::{Places, became, became_of_decided, check, lines};

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

#[test]
fn equal_lines_are_told_apart_by_what_stands_around_then_by_their_order() {
    check(
        became,
        &[
            ("a.py:10 run before:x\na.py:20 run before:y", "a.py:10 run before:y\na.py:20 run before:x", "b a"),
            ("a.py:10 run after:x\na.py:20 run after:y", "a.py:10 run after:y\na.py:20 run after:x", "b a"),
            ("a.py:10 run before:x\na.py:20 run before:y", "a.py:11 run before:y", "b"),
            ("a.py:10 run\na.py:20 run", "a.py:9 run\na.py:19 run\na.py:29 run", "a b new"),
            ("a.py:10 run\na.py:20 run", "a.py:18 run", "b"),
            ("a.py:10 run\na.py:20 run", "a.py:12 run", "a"),
            ("a.py:10 run\na.py:20 run", "a.py:20 run", "b"),
            ("a.py:10 run\na.py:30 run", "a.py:5 run\na.py:12 run\na.py:32 run", "new a b"),
            // The one with more neighbours, however far.
            ("a.py:10 run before:x after:y\na.py:30 run before:y", "a.py:32 run before:x after:z", "a"),
            // What cannot have passed a line that is known to have moved is another, however near.
            ("a.py:59 run\na.py:60 run before:x\na.py:80 run", "a.py:30 run before:x\na.py:31 run", "b c"),
            ("a.py:40 run\na.py:60 run before:x\na.py:61 run", "a.py:29 run\na.py:30 run before:x", "a b"),
            // What they stand under.
            (
                "a.py:10 run before:x under:class_A\na.py:20 run before:x under:class_B",
                "a.py:20 run before:x under:class_A\na.py:30 run before:x under:class_B",
                "a b",
            ),
            ("a.py:10 run under:class_A\na.py:20 run under:class_B", "a.py:21 run under:class_A", "a"),
            // What they say.
            ("a.py:10 run says:x\na.py:20 run says:y", "a.py:11 run says:y", "b"),
            ("a.py:10 run says:x\na.py:10 run says:y", "a.py:10 run says:y", "b"),
            ("a.py:10 run says:x before:p\na.py:20 run says:y before:p", "a.py:13 run says:y before:p", "b"),
            ("a.py run says:x\na.py run says:y", "a.py run says:y", "b"),
            ("a.py run says:x before:p\na.py run says:y before:p", "a.py run says:y before:p after:q", "b"),
            // Their columns, where they are known.
            ("a.py:10:1 run\na.py:10:9 run", "a.py:10:9 run", "b"),
            ("a.py:10:1 run\na.py:10:9 run", "a.py:10:9 run before:x", "b"),
            ("a.py:10:1 run before:x\na.py:20:1 run before:y", "a.py:10 run before:y\na.py:11 run before:x", "b a"),
        ],
    );
}

#[test]
fn an_equal_line_takes_a_decision_along_only_where_something_says_that_it_is_the_same() {
    let with_a_copy = |before: &str, after: &str| {
        became_of_decided(&format!("{before}\nc.py:1 run"), &format!("{after}\nc.py:1 run"))
    };
    let rows = [
        // By its place: where the lines that are known to have moved say that it should be.
        ("a.py:10 run", "a.py:11 run", "a b"),
        ("a.py:10 run", "a.py:9 run", "a b"),
        ("a.py:10 run", "a.py:12 run", "new b"),
        ("a.py:10 run", "a.py:8 run", "new b"),
        ("a.py:10 run before:x\na.py:20 run", "a.py:110 run before:x\na.py:121 run", "a b c"),
        ("a.py:10 run before:x\na.py:20 run", "a.py:110 run before:x\na.py:122 run", "a new c"),
        ("a.py:10 run before:x\na.py:20 run", "a.py:110 run before:x\na.py:20 run", "a b c"),
        (
            "a.py:10 run before:x\na.py:48 run\na.py:50 run before:y",
            "a.py:15 run before:x\na.py:68 run\na.py:70 run before:y",
            "a b c d",
        ),
        // By a neighbour.
        ("a.py:10 run before:x", "a.py:300 run before:x", "a b"),
        ("a.py:10 run before:x after:y", "a.py:300 run before:x after:z", "a b"),
        ("a.py:10 run under:class_A", "a.py:300 run under:class_A", "a b"),
        ("a.py:10 run before:x", "a.py:300 run before:y", "new b"),
        ("a.py:10 run before:x", "a.py:10 run before:y", "new b"),
        ("a.py:10 run before:x", "a.py:10 run after:y", "new b"),
        ("a.py:10 run", "a.py:10 run before:x", "a b"),
        ("a.py:10 run before:x", "a.py:10 run", "a b"),
        // By what it says, where there is no line.
        ("a.py run says:x\na.py run says:y", "a.py run says:y", "b c"),
        ("a.py run says:x before:p", "a.py run says:x before:q", "a b"),
        ("a.py run says:x before:p", "a.py:90 run says:x before:q", "new b"),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .map(|(before, after, want)| (before, after, want, with_a_copy(before, after)))
        .filter(|(.., want, got)| got != *want)
        .map(|(before, after, want, got)| format!("{before}\n→ {after}\n  want {want}, got {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_scan_that_does_not_vouch_takes_no_far_line_for_the_one_that_it_does_not_report() {
    let partial = |text: &str| [Scan { complete: false, ..lines("Semgrep", text) }];
    for (after, became) in [
        ("a.py:90 run", "new; open: a"),
        ("a.py:12 run", "new; open: a"),
        ("a.py:11 run", "a"),
        ("a.py:10 run before:x", "a"),
    ] {
        assert_eq!(Places::of("a.py:10 run").run(&partial(after)), became, "{after}");
    }
    assert_eq!(Places::of("a.py:10 run before:x").run(&partial("a.py:90 run before:x")), "a");
}

fn on_branch(text: &str) -> [Scan; 1] {
    let mut scan = lines("Semgrep", text);
    scan.origin.branch = "release/1".into();
    [scan]
}

#[test]
fn on_another_branch_a_finding_is_the_same_where_nothing_speaks_against_it() {
    let mut wrong = Vec::new();
    for (before, after, want) in [
        // One that stands alone may have moved.
        ("a.py:10 run", "a.py:10 run", "a"),
        ("a.py:10 run", "a.py:300 run", "a"),
        ("a.py:10 run before:x", "a.py:300 run", "a"),
        ("a.py:10 run", "a.py:300 run before:x", "a"),
        ("a.py:10 run before:x", "a.py:300 run before:x", "a"),
        ("a.py:10 run before:x", "a.py:10 run before:y", "new; open: a"),
        ("a.py run says:x", "a.py run says:x\na.py run says:y", "a new"),
        ("a.py run about:logs", "a.py run about:logs", "a"),
        ("a.py run about:logs", "a.py run about:data", "new; open: a"),
        // Of several the one at its place, or between the same lines.
        ("a.py:10 run", "a.py:10 run\na.py:300 run", "a new"),
        ("a.py:10 run", "a.py:11 run\na.py:300 run", "new new; open: a"),
        ("a.py:10 run before:x", "a.py:200 run before:x\na.py:300 run before:y", "a new"),
        ("a.py:10 run\na.py:20 run", "a.py:20 run", "b; open: a"),
        ("a.py:10 run\na.py:20 run", "a.py:30 run", "new; open: a b"),
        // Two that are the same on both.
        ("a.py:10 run before:x\na.py:20 run before:y", "a.py:30 run before:y\na.py:40 run before:x", "b a"),
    ] {
        let got = Places::of(before).run(&on_branch(after));
        if got != want {
            wrong.push(format!("{before}\n→ {after}\n  want {want}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_branch_follows_its_own_lines() {
    let mut places = Places::of("a.py:10 run before:x");
    assert_eq!(places.run(&on_branch("a.py:50 run before:x")), "a");
    assert_eq!(places.run(&on_branch("a.py:51 run before:y\na.py:50 run before:x")), "new a");
    assert_eq!(places.then("a.py:10 run before:x"), "a");
    assert_eq!(places.run(&on_branch("")), "; open: a");
    assert_eq!(places.then(""), "");
}

#[test]
fn what_comes_back_is_what_it_was_where_nothing_speaks_against_it() {
    let again = |before: &str, after: &str| {
        let mut places = Places::of(before);
        assert_eq!(places.then(""), "");
        places.then(after)
    };
    for (before, after, became) in [
        ("a.py:10 run", "a.py:10 run", "a"),
        ("a.py:10 run", "a.py:300 run", "a"),
        ("a.py:10 run", "a.py:300 run\na.py:400 run", "new new"),
        ("a.py:10 run before:x", "a.py:10 run before:y", "new"),
        ("a.py:10 run before:x\na.py:20 run before:y", "a.py:20 run before:x", "a"),
        ("a.py:10 run", "b.py:10 run", "new"),
        ("a.py:10 one two three", "a.py:10 one two four", "new"),
    ] {
        assert_eq!(again(before, after), became, "{before} → {after}");
    }
}

#[test]
fn a_changed_line_that_is_changed_back_is_known_by_its_neighbours() {
    let back = |after: &str| {
        let mut places = Places::of("a.py:10 one two three before:x after:y");
        assert_eq!(places.then("a.py:10 one two four before:x after:y"), "a");
        places.then(after)
    };
    assert_eq!(back("a.py:300 one two three before:x after:y"), "a");
    assert_eq!(back("a.py:300 one two three"), "a", "it stands alone");
    assert_eq!(back("a.py:300 one two three before:p after:q"), "new");
    assert_eq!(back("a.py:300 one two three\na.py:400 one two three"), "new new");
    assert_eq!(back("a.py:300 one two three before:x after:y\na.py:400 one two three before:p"), "a new");
}

#[test]
fn a_former_key_that_another_finding_bears_now_names_only_that() {
    let mut places = Places::of("a.py:10 one two three before:x after:y").decided();
    let changed = "a.py:10 one two four before:x after:y\na.py:300 one two three before:p after:q";
    assert_eq!(places.then(changed), "a new");
    let back = "a.py:300 one two three before:p after:q\na.py:500 one two three before:x after:y";
    assert_eq!(places.then(back), "new new");
}

#[test]
fn a_secret_whose_value_is_known_is_one_finding_wherever_it_stands() {
    assert_eq!(became("a.py:10 key secret:1", "b.py:5 key secret:1\nc.py:9 other secret:1"), "a a");
    let mut places = Places::of("a.py:10 key secret:1\nb.py:5 key secret:1\nb.py:5 key secret:2");
    assert_eq!(places.bench.open().len(), 2);
    assert_eq!(places.then("b.py:5 key secret:1"), "a");
    assert_eq!(places.then("b.py:5 key secret:2"), "c");
}

#[test]
fn a_finding_that_is_reported_twice_at_one_place_is_one() {
    let mut places = Places::of("a.py:10 run\na.py:10 run\na.py:20 run");
    assert_eq!(places.bench.open().len(), 2);
    assert_eq!(places.then("a.py:10 run\na.py:20 run\na.py:20 run"), "a c c");
}

#[test]
fn what_two_scanners_see_at_one_place_in_one_run_is_one_finding() {
    let issues = |one: &str, other: &str| {
        let mut bench = Bench::default();
        bench.run(&[lines("Semgrep", one), lines("Opengrep", other)]);
        bench.open().len()
    };
    assert_eq!(issues("a.py:10 run before:x", "a.py:10 run before:x"), 1);
    assert_eq!(issues("a.py:10 run", "a.py:11 run"), 1);
    assert_eq!(issues("a.py:10 run before:x", "a.py:10 run before:y"), 2);
    assert_eq!(issues("a.py:10 run before:x\na.py:20 run before:y", "a.py:20 run before:y"), 2);
    assert_eq!(issues("a.py:10 key secret:1", "b.py:20 key secret:1"), 1);
    // A known one that both see elsewhere moved once.
    let mut places = Places::of("a.py:10 one two three");
    let both = |text: &str| [lines("Semgrep", text), lines("Opengrep", text)];
    assert_eq!(places.run(&both("a.py:12 one two four")), "a");
    assert_eq!(places.bench.issues().len(), 1);
}

#[test]
fn each_scanner_follows_the_lines_that_it_saw_itself() {
    for (one, other) in [("Semgrep", "Opengrep"), ("Opengrep", "Semgrep")] {
        let mut places = Places::on(Bench::default(), &[lines(one, "a.py:10 run"), lines(other, "a.py:16 run")]);
        assert_eq!(places.bench.open(), [1]);
        assert_eq!(places.run(&[lines(other, "a.py:14 run\na.py:16 run")]), "new a", "{other}");
    }
}

#[test]
fn twins_of_racing_runs_at_one_place_are_joined() {
    let mut bench = Bench::default();
    bench.run(&[lines("Semgrep", "a.py:10 run\na.py:20 run")]);
    bench.board.adopt(bench.issue(1));
    bench.run(&[lines("Semgrep", "a.py:10 run\na.py:20 run")]);
    assert_eq!(bench.open(), [1, 2]);
    bench.run(&[lines("Semgrep", "a.py:20 run")]);
    assert_eq!(bench.open(), [2]);
}
