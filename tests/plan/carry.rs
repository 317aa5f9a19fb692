//! What a finding that changed carries along: its issue, where place, content and neighbours say that it is the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use findsync::finding::{Scan, Source};

use crate::kit::Bench;
use crate::places::{Places, became, became_of_decided, check, lines};

#[test]
fn a_line_that_changed_a_little_keeps_its_issue() {
    check(
        became,
        &[
            ("a.py:10 one two three", "a.py:10 one two four", "a"),
            ("a.py:10 one two three", "a.py:20 one two four", "a"),
            ("a.py:20 one two three", "a.py:10 one two four", "a"),
            ("a.py:10 one two three", "a.py:21 one two four", "new"),
            // Of the words, half must stay; fewer where a neighbour stays, too, and any where two do.
            ("a.py:10 one two three", "a.py:10 one five eight", "new"),
            ("a.py:10 one two three before:x", "a.py:10 one five eight before:x", "a"),
            ("a.py:10 one two three after:x", "a.py:10 one five eight after:x", "a"),
            ("a.py:10 one two three under:class_A", "a.py:10 one five eight under:class_A", "a"),
            ("a.py:10 one two three before:x", "a.py:10 one five eight before:y", "new"),
            ("a.py:10 one two three before:x", "a.py:10 one five eight seven before:x", "new"),
            ("a.py:10 one two three before:x after:y", "a.py:10 one five eight seven before:x after:y", "a"),
            ("a.py:10 one two three before:x after:y", "a.py:10 five eight before:x after:y", "new"),
            // What has no line, no path, or nothing that is known of it is nowhere near.
            ("a.py one two three", "a.py one two four", "new"),
            ("- one two three", "- one two four", "new"),
            ("a.py:10 says:one_two_three before:x after:y", "a.py:10 says:one_two_four before:x after:y", "new"),
            // Nor is it the same in another file, or of another rule or kind.
            ("a.py:10 one two three", "b.py:10 one two four", "new"),
            ("a.py:10 one two three", "a.py:10 one two four rule:xss", "new"),
            ("a.py:10 one two three", "a.py:10 one two four of:bucket", "new"),
        ],
    );
}

#[test]
fn of_several_lines_that_changed_the_likest_is_it() {
    check(
        became,
        &[
            ("a.py:10 one two three four", "a.py:10 one two five eight\na.py:10 one two three five", "new a"),
            ("a.py:10 one two three", "a.py:12 one two four\na.py:11 one two five", "new a"),
            ("a.py:10 one two three before:x", "a.py:10 one two four\na.py:14 one two five before:x", "new a"),
            ("a.py:10 one two three says:x\na.py:10 one two three says:y", "a.py:10 one two four says:y", "b"),
            ("a.py:10 one two three says:x\na.py:10 one two three says:y", "a.py:10 one two four says:x", "a"),
            // Two lines stay in their order.
            ("a.py:10 one two three\na.py:12 one two four", "a.py:10 one two five\na.py:12 one two eight", "a b"),
            ("a.py:10 one two three\na.py:20 four five eight", "a.py:15 four five seven", "b"),
        ],
    );
}

#[test]
fn lines_that_are_known_to_have_moved_tell_where_a_changed_one_went() {
    check(
        became,
        &[
            // By what a key still names.
            ("a.py:10 start\na.py:20 one two three", "a.py:110 start\na.py:120 one two four", "a b"),
            ("a.py:10 start\na.py:20 one two three", "a.py:10 start\na.py:120 one two four", "a new"),
            ("b.py:10 start\na.py:20 one two three", "b.py:110 start\na.py:120 one two four", "a new"),
            // By what the same content names.
            ("a.py:10 start print:1\na.py:20 one two three", "a.py:110 start print:2\na.py:120 one two four", "a b"),
        ],
    );
}

#[test]
fn equal_lines_under_another_fingerprint_are_the_same() {
    check(
        became,
        &[
            ("a.py:10 one print:1", "a.py:10 one print:2", "a"),
            ("a.py:10 one print:1", "a.py:300 one print:2", "a"),
            ("- one print:1", "- one print:2", "new"),
            // Of several the one with the same neighbours, then the nearest, wherever a like one stands.
            ("a.py:10 one print:1", "a.py:20 one print:2\na.py:15 one print:3", "new a"),
            ("a.py:10 one print:1 before:x", "a.py:11 one print:2\na.py:60 one print:3 before:x", "new a"),
            ("a.py:10 one print:1 before:x", "a.py:11 one print:2 before:y\na.py:10 one print:3 before:x", "new a"),
            (
                "a.py:10 one two print:1 says:x",
                "a.py:10 one two three print:2 says:x\na.py:40 one two print:3",
                "new a",
            ),
        ],
    );
}

#[test]
fn a_decision_goes_along_only_where_nothing_else_can_be_meant() {
    check(
        became_of_decided,
        &[
            // A changed line between the same two lines.
            ("a.py:10 one two three before:x after:y", "a.py:10 one two four before:x after:y", "a"),
            ("a.py:10 one two three before:x", "a.py:10 one two four before:x", "new"),
            ("a.py:10 one two three", "a.py:10 one two four", "new"),
            // An equal line at its place, or between the same lines.
            ("a.py:10 one print:1\nc.py:1 one", "a.py:11 one print:2\nc.py:1 one", "a b"),
            ("a.py:10 one print:1\nc.py:1 one", "a.py:12 one print:2\nc.py:1 one", "new b"),
            ("a.py:10 one print:1\nc.py:1 one", "a.py:9 one print:2\nc.py:1 one", "a b"),
            ("a.py:10 one print:1\nc.py:1 one", "a.py:8 one print:2\nc.py:1 one", "new b"),
            // Or one that stands nowhere else.
            ("a.py:10 one print:1", "a.py:12 one print:2", "a"),
            ("a.py:10 one print:1 before:x", "a.py:300 one print:2 before:x", "a"),
            ("a.py:10 one print:1 before:x", "a.py:10 one print:2 before:y", "new"),
            ("a.py:10 one print:1 after:x", "a.py:10 one print:2 after:y", "new"),
            ("a.py:10 one print:1 before:x", "a.py:10 one print:2", "a"),
            ("a.py:10 one print:1", "a.py:10 one print:2 after:x", "a"),
            ("a.py one print:1", "a.py one print:2", "a"),
            // In a renamed file all lines may have moved.
            ("a.py:10 one", "b.py:300 one", "a"),
            ("a.py:10 one before:x", "b.py:10 one before:y", "new"),
        ],
    );
}

#[test]
fn a_secret_that_changed_is_another_secret() {
    check(
        became,
        &[
            (
                "a.py:10 key is red before:x after:y secret:masked",
                "a.py:10 key is blue before:x after:y secret:masked",
                "new",
            ),
            // Equal lines may hold different ones, where a report masks them.
            ("a.py:10 key print:1 before:x secret:masked", "a.py:10 key print:2 before:x secret:masked", "a"),
            ("a.py:10 key print:1 before:x secret:masked", "a.py:10 key print:2 before:y secret:masked", "new"),
            // Whether a masked one is the one whose value is known cannot be told.
            ("a.py:10 key before:x secret:1", "a.py:10 key before:x secret:masked", "new"),
            ("a.py:10 key before:x secret:masked", "a.py:10 key before:x secret:1", "new"),
            ("a.py:10 key before:x secret:1", "b.py:90 other secret:1", "a"),
        ],
    );
}

#[test]
fn what_is_known_to_be_of_another_resource_is_another_finding() {
    check(
        became,
        &[
            ("a.tf:10 acl is public before:x after:y of:logs", "a.tf:10 acl is public before:x after:y of:data", "new"),
            ("a.tf:10 acl is public before:x after:y of:logs", "a.tf:10 acl is free before:x after:y of:data", "new"),
            ("a.tf:10 acl is public before:x of:logs", "b.tf:10 acl is public before:x of:data", "new"),
            ("a.tf:10 acl is public before:x of:logs", "b.tf:10 acl is public before:x of:logs", "a"),
        ],
    );
}

#[test]
fn a_renamed_file_takes_along_what_changed_in_it() {
    check(
        became,
        &[
            ("a.py:10 start\na.py:20 one two three", "b.py:10 start\nb.py:20 one two four", "a b"),
            ("a.py:10 start\na.py:20 one two three", "b.py:110 start\nb.py:120 one two four", "a b"),
            ("a.py:10 start\na.py:20 one two three", "b.py:10 start\nb.py:70 one two four", "a new"),
            // What is still there is not renamed.
            ("a.py:10 start\na.py:20 one two three", "a.py:10 start\nb.py:20 one two four", "a new"),
            // Of two files with the same content the one with the same name, of two with the same name the fuller one.
            (
                "src/a.py:10 start\nsrc/a.py:20 one two three",
                "lib/b.py:10 start\nlib/a.py:10 start\nlib/a.py:20 one two four",
                "new a b",
            ),
            (
                "src/a.py:10 start\nsrc/a.py:20 end\nsrc/a.py:30 one two three",
                "lib/a.py:10 start\nlib/b.py:10 start\nlib/b.py:20 end\nlib/b.py:30 one two four",
                "new a b c",
            ),
            (
                "x/src/a.py:10 start\nx/src/a.py:20 one two three",
                "lib/a.py:10 start\ny/src/a.py:10 start\ny/src/a.py:20 one two four",
                "new a b",
            ),
            // Where two are as good, neither.
            (
                "src/a.py:10 start\nsrc/a.py:20 one two three",
                "lib/a.py:10 start\netc/a.py:10 start\netc/a.py:20 one two four",
                "new new new",
            ),
            // Two that swap their names swap their issues.
            ("a.py:10 one two\nb.py:10 three four", "b.py:10 one two\na.py:10 three four", "a b"),
            ("a.py:10 start\nb.py:10 start\nb.py:20 end", "c.py:10 start\nc.py:20 end", "b c"),
            // The path must be known.
            ("-:10 one two three", "b.py:10 one two three", "new"),
            ("a.py:10 one two three", "-:10 one two three", "new"),
        ],
    );
}

#[test]
fn content_that_is_new_in_a_hundred_files_tells_of_none_where_it_came_from() {
    for (files, became) in [(99, "a"), (100, "new")] {
        let mut after = String::from("lib/a.py:10 start\n");
        (1..files).for_each(|file| writeln!(after, "f{file}.py:10 start").unwrap());
        let told = Places::of("src/a.py:10 start").then(&after);
        assert_eq!(told.split(' ').next(), Some(became), "{files}");
    }
}

#[test]
fn a_file_that_is_split_takes_its_issues_along() {
    check(
        became,
        &[
            ("a.py:10 start\na.py:20 end", "p.py:50 start\nq.py:60 end", "a b"),
            // Content that stands elsewhere as well needs a neighbour that went along.
            ("a.py:10 start\na.py:20 end\nc.py:1 start", "p.py:10 start\nq.py:20 end\nc.py:1 start", "new b c"),
            (
                "a.py:10 start before:x\na.py:20 end\nc.py:1 start",
                "p.py:10 start before:x\nq.py:20 end\nc.py:1 start",
                "a b c",
            ),
            (
                "a.py:10 start before:x\na.py:20 end\nc.py:1 start",
                "p.py:10 start before:y\nq.py:20 end\nc.py:1 start",
                "new b c",
            ),
            // A resource is what it is: it has no line.
            (
                "a.tf start of:logs\na.tf end of:data\nc.tf start of:logs",
                "p.tf start of:logs\nq.tf end of:data\nc.tf start of:logs",
                "a b c",
            ),
            // Of two the one with more neighbours, then the one whose line is nearer; of two that are as good, neither.
            (
                "a.py:10 start before:x after:y\na.py:20 end",
                "p.py:10 start before:x\nr.py:90 start before:x after:y\nq.py:20 end",
                "new a b",
            ),
            (
                "a.py:10 start before:x\na.py:20 end",
                "p.py:15 start before:x\nr.py:12 start before:x\nq.py:20 end",
                "new a b",
            ),
            (
                "a.py:10 start before:x\na.py:20 end",
                "p.py:12 start before:x\nr.py:12 start before:x\nq.py:20 end",
                "new new b",
            ),
            // Two findings became one: the nearer one did.
            (
                "a.py:10 start before:x\na.py:20 end\nb.py:30 start before:x\nb.py:40 stop",
                "p.py:29 start before:x\nq.py:20 end\nr.py:40 stop",
                "c b d",
            ),
            // Nothing is known of what has no content or no path.
            ("a.py:10 says:start before:x\na.py:20 end", "p.py:10 says:start before:x\nq.py:20 end", "new b"),
            ("a.py:10 start\na.py:20 end", "-:10 start\nq.py:20 end", "new b"),
            // Other rules' content is another.
            ("a.py:10 start\na.py:20 end", "p.py:10 start rule:xss\nq.py:20 end", "new b"),
        ],
    );
}

#[test]
fn a_decision_goes_along_to_another_file_only_where_nothing_speaks_against_it() {
    check(
        became_of_decided,
        &[
            ("a.py:10 start\na.py:20 end", "p.py:50 start\nq.py:60 end", "a b"),
            ("a.py:10 start before:x\na.py:20 end", "p.py:50 start before:y\nq.py:60 end", "new b"),
            ("a.py:10 start after:x\na.py:20 end", "p.py:50 start after:y\nq.py:60 end", "new b"),
            ("a.py:10 start before:x after:y\na.py:20 end", "p.py:50 start before:x after:z\nq.py:60 end", "a b"),
            ("a.py:10 start before:x\na.py:20 end", "p.py:50 start\nq.py:60 end", "a b"),
        ],
    );
}

#[test]
fn a_finding_that_names_no_rule_and_no_title_is_carried_nowhere() {
    let nameless = |text: &str| {
        let mut scan = lines("Semgrep", text);
        scan.findings.iter_mut().for_each(|finding| (finding.rule, finding.title) = (None, " ".into()));
        scan
    };
    let mut places = Places::on(Bench::default(), &[nameless("a.py:10 one two three")]);
    assert_eq!(places.run(&[nameless("a.py:10 one two four")]), "new");
}

/// A bench with a checkout that holds these files.
fn checkout(paths: &[&str]) -> Bench {
    let checkout: BTreeSet<String> = paths.iter().map(ToString::to_string).collect();
    Bench { checkout: Some(checkout), ..Bench::default() }
}

#[test]
fn what_another_scanner_saw_in_a_file_that_is_no_more_is_carried() {
    let seen = |files: &[&str]| Places::on(checkout(files), &[lines("Semgrep", "a.py:10 one two")]);
    let other = [lines("Opengrep", "b.py:10 one two")];
    assert_eq!(seen(&["b.py"]).run(&other), "a");
    assert_eq!(seen(&["a.py", "b.py"]).run(&other), "new; open: a", "the file is still there");
    assert_eq!(seen(&[]).run(&other), "new; open: a", "the checkout is not that of the code");
    let mut places = seen(&[]);
    places.bench.checkout = None;
    assert_eq!(places.run(&other), "new; open: a", "nothing is known of the files");
}

#[test]
fn a_scan_that_does_not_vouch_carries_what_the_checkout_proves_to_be_gone() {
    let partial = |text: &str| [Scan { complete: false, ..lines("Semgrep", text) }];
    let seen = |files: &[&str]| Places::on(checkout(files), &[lines("Semgrep", "a.py:10 one two")]);
    assert_eq!(seen(&["b.py"]).run(&partial("b.py:10 one two")), "a");
    assert_eq!(seen(&["a.py", "b.py"]).run(&partial("b.py:10 one two")), "new; open: a");
    assert_eq!(seen(&["a.py", "b.py"]).run(&partial("a.py:10 one two three")), "new; open: a");
    let skipped = |text: &str, path: &str| [Scan { unexamined: vec![path.into()], ..lines("Semgrep", text) }];
    assert_eq!(seen(&["a.py", "b.py"]).run(&skipped("b.py:10 one two", "a.py")), "new; open: a");
    assert_eq!(seen(&["a.py", "b.py"]).run(&skipped("b.py:10 one two", "c.py")), "a");
}

#[test]
fn what_another_branch_has_carries_nothing() {
    let branch = |name: &str, text: &str| {
        let mut scan = lines("Semgrep", text);
        scan.origin.branch = name.into();
        [scan]
    };
    let mut places = Places::on(Bench::default(), &branch("release/1", "a.py:10 one two three"));
    assert_eq!(places.run(&branch("", "a.py:10 one two four")), "new; open: a");
    let mut places = Places::on(checkout(&["b.py"]), &branch("release/1", "a.py:10 one two"));
    assert_eq!(places.run(&branch("", "b.py:10 one two")), "new; open: a");
}

#[test]
fn what_another_repository_of_the_same_name_had_carries_nothing() {
    let of = |id: &str, text: &str| {
        let mut scan = lines("Semgrep", text);
        scan.repository = Some(Source { name: "github.com/acme/shop".into(), id: Some(id.into()) });
        [scan]
    };
    let mut places = Places::on(Bench::default(), &of("1", "a.py:10 one two three"));
    assert_eq!(places.run(&of("1", "a.py:10 one two four")), "a");
    assert!(places.run(&of("2", "a.py:10 one two five")).starts_with("new"));
    let mut places = Places::on(Bench::default(), &of("1", "a.py:10 one two three"));
    assert!(places.run(&of("2", "a.py:10 one two three")).starts_with("new"), "nor do equal keys");
}

#[test]
fn a_scope_that_carried_has_the_new_place_and_others_keep_the_old_one() {
    let mut bench = Bench::default();
    bench.run(&[lines("Semgrep", "a.py:10 one two three"), lines("Opengrep", "a.py:10 one two three")]);
    bench.run(&[lines("Semgrep", "a.py:14 one two four")]);
    assert_eq!(bench.open(), [1]);
    let members = bench.issue(1).stamp.unwrap().members;
    let seen: Vec<u32> = members[0].words.iter().map(|word| word.facts.evidence.line).collect();
    assert_eq!((members.len(), seen), (1, vec![10, 14]));
    bench.run(&[lines("Semgrep", "a.py:14 one two four"), lines("Opengrep", "a.py:14 one two four")]);
    assert_eq!(bench.issues().len(), 1);
}
