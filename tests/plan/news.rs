//! What is news of a finding, so that it is written down, and what several reports of one finding say together.

use std::collections::BTreeSet;

use findsync::finding::{Finding, Id, Scan, Severity, Status};
use findsync::issue::{State, Verdict, Word};
use findsync::plan::Plan;

use crate::contract::dependency;
use crate::kit::{Bench, cve, found, of_run, scan_of, told};
use crate::places::{Places, finding, lines};

/// Whether the second run writes anything.
fn writes(mut places: Places, after: &str) -> bool {
    !places.bench.run(&[lines("Semgrep", after)]).changes.is_empty()
}

#[test]
fn a_line_that_moved_is_written_only_where_equal_ones_are_told_apart_by_it() {
    for (before, after, is_news) in [
        ("a.py:10 run before:x", "a.py:50 run before:x", false),
        ("a.py:10 run", "a.py:50 run", false),
        ("a.py:10:1 run", "a.py:10:5 run", false),
        ("a.py:10 run\na.py:20 run", "a.py:12 run\na.py:22 run", true),
        ("a.py:10 run\na.py:20 run", "a.py:10 run\na.py:20 run", false),
        ("a.py:10 run before:x\na.py:20 run before:x", "a.py:12 run before:x\na.py:22 run before:x", true),
        ("a.py:10 run before:x\na.py:20 run before:y", "a.py:12 run before:x\na.py:22 run before:y", false),
        ("a.py:10 run after:x\na.py:20 run after:y", "a.py:12 run after:x\na.py:22 run after:y", false),
        ("a.py:10 run before:x\na.py:20 run before:y", "a.py:10 run before:x\na.py:20 run before:z", true),
        ("a.py:10 run\nb.py:20 run", "a.py:12 run\nb.py:22 run", false),
        // What it says is, and so are changed words.
        ("a.py:10 run says:x", "a.py:10 run says:y", true),
        ("a.py:10 one two three", "a.py:10 one two four", true),
        ("a.py:10 key secret:1", "a.py:50 key before:x secret:1", false),
        ("a.py:10 key secret:1", "b.py:10 key secret:1", true),
        // Changed neighbours are none.
        ("a.py:10 run before:x after:y", "a.py:10 run before:x after:z", false),
        ("a.py:10 run under:class_A", "a.py:10 run under:class_B", false),
        ("a.py:10 run", "a.py:10 run before:x", false),
    ] {
        assert_eq!(writes(Places::of(before), after), is_news, "{before}\n→ {after}");
    }
}

#[test]
fn changed_neighbours_are_written_where_a_decision_hangs_on_them() {
    for (before, after, is_news) in [
        ("a.py:10 run before:x after:y", "a.py:10 run before:x after:z", true),
        ("a.py:10 run before:x under:class_A", "a.py:10 run before:x under:class_B", true),
        ("a.py:10 run before:x after:y", "a.py:50 run before:x after:y", false),
    ] {
        let mut places = Places::of(before).decided();
        places.then(before);
        assert_eq!(writes(places, after), is_news, "{before}\n→ {after}");
    }
}

#[test]
fn a_new_severity_is_news() {
    let as_bad_as = |severity| Finding { severity, ..finding("a.py:10 run") };
    let mut bench = Bench::default();
    bench.run(&[scan_of("Semgrep", &[as_bad_as(Severity::High)])]);
    assert!(bench.run(&[scan_of("Semgrep", &[as_bad_as(Severity::High)])]).changes.is_empty());
    bench.run(&[scan_of("Semgrep", &[as_bad_as(Severity::Low)])]);
    assert_eq!(bench.issue(1).stamp.unwrap().severity, Severity::Low);
}

/// What the only scope says of the first issue's finding after a run with these.
fn word_of(findings: &[Finding]) -> Word {
    let mut bench = Bench::default();
    bench.setup.record_decisions = true;
    bench.run(&[scan_of("Trivy", findings)]);
    assert_eq!(bench.issues().len(), 1);
    bench.issue(1).stamp.unwrap().members[0].words[0].clone()
}

/// The same in either order.
fn words_of(one: &Finding, other: &Finding) -> Word {
    let word = word_of(&[one.clone(), other.clone()]);
    assert_eq!(word_of(&[other.clone(), one.clone()]), word, "the order of a report plays no part");
    word
}

#[test]
fn of_several_reports_of_one_finding_the_worst_that_is_not_suppressed_counts() {
    for base in [finding("a.py:10 run"), dependency(&cve(1), Severity::Low)] {
        let report = |severity, status| Finding { severity, status, ..base.clone() };
        let low = report(Severity::Low, Status::Active);
        let word = words_of(&low, &report(Severity::High, Status::Active));
        assert_eq!((word.verdict, word.facts.severity), (Verdict::Active, Severity::High));
        let word = words_of(&low, &report(Severity::Critical, Status::RiskAccepted));
        assert_eq!((word.verdict, word.facts.severity), (Verdict::Active, Severity::Low), "one is undecided");
        let accepted = report(Severity::High, Status::RiskAccepted);
        let word = words_of(&report(Severity::Low, Status::FalsePositive), &accepted);
        assert_eq!((word.verdict, word.facts.severity), (Verdict::Decided(Status::FalsePositive), Severity::High));
    }
}

#[test]
fn a_dependency_has_the_ids_of_all_reports_that_name_its_cve() {
    let named = |ids: &[&str]| Finding {
        identifiers: ids.iter().map(ToString::to_string).collect(),
        rule: Some(ids[0].into()),
        ..dependency(&cve(1), Severity::High)
    };
    let (cve, a, b, c) = (&*cve(1), "GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb", "GHSA-cccc-cccc-cccc");
    let ids = |one: &[&str], other: &[&str]| -> BTreeSet<Id> {
        words_of(&named(one), &named(other)).facts.ids.iter().copied().collect()
    };
    let all = |ids: &[&str]| -> BTreeSet<Id> { ids.iter().map(|id| Id::of(id)).collect() };
    assert_eq!(ids(&[cve, a], &[cve, b]), all(&[cve, a, b]));
    assert_eq!(ids(&[cve, a], &[cve]), all(&[cve, a]));
    assert_eq!(ids(&[cve, a], &[a, c]), all(&[cve, a]), "what names no CVE may speak of several");
    assert_eq!(ids(&[a], &[a, c]), all(&[a, c]));
}

fn verdict(bench: &Bench, number: u64, scanner: &str) -> Verdict {
    let members = bench.issue(number).stamp.unwrap().members;
    members[0].words.iter().find(|word| word.scope.scanner == scanner).unwrap().verdict
}

#[test]
fn what_is_decided_does_not_run_out_unread() {
    let mut bench = Bench::default();
    let accepted = Finding { status: Status::RiskAccepted, ..dependency(&cve(1), Severity::High) };
    bench.run(&[found("Trivy", &[1]), scan_of("Grype", &[accepted])]);
    bench.run(&[found("Trivy", &[])]);
    bench.days_pass(100);
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(verdict(&bench, 1, "Grype"), Verdict::Decided(Status::RiskAccepted));
    assert!(bench.open().is_empty());
}

/// The vulnerabilities that have an open issue.
fn open(bench: &Bench) -> Vec<u32> {
    let is_open = |number: &u32| {
        let mut issues = bench.issues().into_iter().filter(|issue| issue.state == State::Open);
        issues.any(|issue| issue.title.contains(&cve(*number)))
    };
    (1..=9).filter(is_open).collect()
}

fn job(bench: &Bench, number: u64, ids: &[u32]) -> Plan {
    bench.apply_with(&[of_run(&found("Trivy", ids), number)], &bench.board).0
}

#[test]
fn a_second_report_of_a_run_closes_what_was_fixed_in_between_but_not_time_and_again() {
    let bench = Bench::default();
    job(&bench, 1, &[1, 2, 3]);
    let plan = job(&bench, 1, &[1, 2]);
    assert_eq!(open(&bench), [1, 2], "it says only less: {}", told(&plan));
    assert!(plan.notes.is_empty(), "{}", told(&plan));
    job(&bench, 2, &[1, 2, 4]);
    let plan = job(&bench, 2, &[1, 2]);
    assert_eq!(open(&bench), [1, 2, 4], "so they are two jobs: {}", told(&plan));
    assert_eq!(plan.notes.len(), 1, "{}", told(&plan));
    job(&bench, 3, &[1]);
    assert_eq!(open(&bench), [1, 2, 4], "nothing is closed on its word");
}

#[test]
fn two_jobs_that_disagree_about_several_findings_are_named_once() {
    let bench = Bench::default();
    job(&bench, 1, &[1, 2, 3]);
    let plan = job(&bench, 1, &[4, 5]);
    let note = "Trivy on shop: two jobs of run 1 disagree about it, so nothing is closed on its word; give their reports a \
                `target` each";
    assert_eq!(plan.notes, [note]);
    assert_eq!(open(&bench), [1, 2, 3, 4, 5]);
}

#[test]
fn what_comes_back_within_one_run_shows_that_its_jobs_disagree() {
    let bench = Bench::default();
    job(&bench, 1, &[1, 2]);
    job(&bench, 2, &[1]);
    assert_eq!(open(&bench), [1]);
    let plan = job(&bench, 2, &[1, 2]);
    assert_eq!((open(&bench), plan.notes.len()), (vec![1, 2], 1), "{}", told(&plan));
    job(&bench, 3, &[1]);
    assert_eq!(open(&bench), [1, 2], "nothing is closed on its word");
    // What comes back in a later run shows nothing.
    let bench = Bench::default();
    job(&bench, 1, &[1, 2]);
    job(&bench, 2, &[1]);
    assert!(job(&bench, 3, &[1, 2]).notes.is_empty());
    job(&bench, 4, &[1]);
    assert_eq!(open(&bench), [1]);
}
