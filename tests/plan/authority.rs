//! Of what a scan may say that it is gone, and what is told of the rest.

use std::collections::BTreeSet;

use findsync::finding::{Run, Scan, Severity, Source};

use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of, told};
use crate::places::{Places, lines};

/// A finding in `a.py` that a run with this checkout does not report, where the scan did not examine a file.
fn missing(checkout: &[&str], unexamined: &str, also: &str) -> String {
    let mut bench = Bench::default();
    bench.run(&[lines("Semgrep", &format!("src/a.py:10 run\n{also}"))]);
    bench.checkout = Some(checkout.iter().map(ToString::to_string).collect());
    let scan = Scan { unexamined: vec![unexamined.into()], ..lines("Semgrep", also) };
    told(&bench.run(&[scan]))
}

#[test]
fn a_file_that_is_no_more_may_be_one_that_was_not_examined() {
    let closed = "close: gone from Semgrep on shop";
    let held = "held close: not reported, but Semgrep on shop (`src/b.py` was not examined, and may be what `src/a.py` \
                is called now)";
    assert_eq!(missing(&["src/b.py"], "src/b.py", ""), held);
    assert_eq!(missing(&["src/a.py", "src/b.py"], "src/b.py", ""), closed, "the file is still there");
    assert_eq!(missing(&["src/b.js"], "src/b.js", ""), closed, "a file of another kind");
    assert_eq!(missing(&["src/c.py"], "src/b.py", ""), closed, "the checkout is not that of the code");
    assert_eq!(missing(&["src/c.py"], "src/b.py", "src/c.py:20 stop"), closed, "there is no such file");
    assert_eq!(missing(&["src/b.py", "src/c.py"], "src/b.py", "src/c.py:20 stop"), held);
}

#[test]
fn a_checkout_is_that_of_the_code_only_where_it_holds_what_the_scan_names() {
    let checkout = |paths: &[&str]| Some(paths.iter().map(ToString::to_string).collect::<BTreeSet<String>>());
    // A manifest of that name is in many repositories.
    let with_a_package = |text: &str| {
        let mut findings = lines("Semgrep", text).findings;
        findings.push(dependency(&cve(1), Severity::High));
        [Scan { complete: false, ..scan_of("Semgrep", &findings) }]
    };
    for (paths, became) in [(&["package-lock.json"][..], "new b; open: a"), (&["package-lock.json", "b.py"], "a b")] {
        let mut places = Places::on(Bench::default(), &with_a_package("a.py:10 one two"));
        places.bench.checkout = checkout(paths);
        assert_eq!(places.run(&with_a_package("b.py:10 one two")), became, "{paths:?}");
    }
    // A pipeline that reads reports of another repository has that one's code nowhere.
    let of_another = |text: &str| {
        let mut scan = Scan { complete: false, ..lines("Semgrep", text) };
        scan.origin.source = Source::named("github.com/acme/security");
        scan.repository = Some(Source::named("github.com/acme/shop"));
        [scan]
    };
    let mut places = Places::on(Bench::default(), &of_another("a.py:10 one two"));
    places.bench.checkout = checkout(&["b.py"]);
    assert_eq!(places.run(&of_another("b.py:10 one two")), "new; open: a");
}

fn of_target(target: &str, numbers: &[u32]) -> Scan {
    Scan { target: target.into(), ..found("Trivy", numbers) }
}

/// What a plan tells of scopes that were not read.
fn unread(plan: &findsync::plan::Plan) -> Vec<&str> {
    plan.notes.iter().map(String::as_str).filter(|note| note.contains("not read in this run")).collect()
}

#[test]
fn scopes_with_open_issues_that_nobody_read_are_named() {
    let mut bench = Bench::default();
    bench.run(&[of_target("api", &[1, 2]), of_target("web", &[3])]);
    let plan = bench.run(&[found("Grype", &[])]);
    assert_eq!(
        unread(&plan),
        [
            "Trivy on api: not read in this run, so its 2 open issues stay as they are",
            "Trivy on web: not read in this run, so its open issue stays as it is",
        ]
    );
    // A scan of the same scanner may be one of them by another name.
    let plan = bench.run(&[of_target("shop", &[])]);
    let hint = "; if `shop` is its new name, say so by `formerly: [\"api\"]`";
    assert!(unread(&plan)[0].ends_with(hint), "{}", told(&plan));
    // What another scope of the same issue told is not unread, nor what is closed.
    let plan = bench.run(&[of_target("api", &[1]), of_target("web", &[])]);
    assert!(unread(&plan).is_empty(), "{}", told(&plan));
    let plan = bench.run(&[of_target("api", &[1])]);
    assert!(unread(&plan).is_empty(), "{}", told(&plan));
}

#[test]
fn an_issue_that_one_of_its_scopes_reports_is_not_unread() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    assert!(unread(&bench.run(&[found("Trivy", &[1])])).is_empty());
    let plan = bench.run(&[found("Trivy", &[])]);
    assert_eq!(unread(&plan), ["Grype on shop: not read in this run, so its open issue stays as it is"]);
}

#[test]
fn scopes_of_other_branches_are_not_told_of() {
    let mut bench = Bench::default();
    let mut release = found("Trivy", &[1]);
    release.origin.branch = "release/1".into();
    bench.run(&[release]);
    assert!(unread(&bench.run(&[found("Grype", &[])])).is_empty());
}

#[test]
fn of_many_scopes_that_were_not_read_five_are_named() {
    for (scopes, more) in [(5, None), (6, Some("1 more")), (7, Some("2 more"))] {
        let mut bench = Bench::default();
        let all: Vec<Scan> = (1..=scopes).map(|number| of_target(&format!("part-{number}"), &[number])).collect();
        bench.run(&all);
        let plan = bench.run(&[found("Grype", &[])]);
        let named = plan.notes.iter().filter(|note| note.contains("not read in this run, so")).count();
        assert_eq!(named, 5, "{}", told(&plan));
        let rest = plan.notes.iter().find(|note| note.contains("more scopes"));
        let want = more.map(|more| format!("{more} scopes with open issues were not read in this run"));
        assert_eq!(rest, want.as_ref());
    }
}

#[test]
fn the_newest_run_of_a_scope_makes_older_ones_late() {
    let mut bench = Bench { next: 5, ..Bench::default() };
    bench.run(&[found("Trivy", &[1])]);
    bench.run(&[found("Trivy", &[1, 2])]);
    let late = "note: Trivy on shop: run 5 is older than run 6, which has reported it already, so it changes nothing";
    assert_eq!(told(&bench.run_as(5, &[found("Trivy", &[])])), late);
    assert_eq!(bench.open(), [1, 2]);
    assert!(!told(&bench.run_as(5, &[found("Grype", &[])])).contains("older"), "another scope");
    // The same run may report again, another attempt of it, too.
    assert_eq!(told(&bench.run_as(6, &[found("Trivy", &[1, 2])])), "-");
    let again = |attempt| {
        let mut scan = found("Trivy", &[1, 2]);
        scan.origin.run = Some(Run { line: "pipeline".into(), number: 6, attempt });
        told(&bench.apply_with(&[scan], &bench.board).0)
    };
    assert_eq!(again(2), "-");
    // Where no run is known, none is late.
    let unnamed = found("Trivy", &[1]);
    assert!(told(&bench.apply_with(&[unnamed], &bench.board).0).starts_with("close: gone from Trivy on shop"));
}
