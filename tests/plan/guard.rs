//! The guard: what it counts, and what it must not let pass.

use findsync::config::GroupBy;
use findsync::finding::{Scan, Severity};

use crate::contract::{code, dependency};
use crate::kit::{Bench, found, scan_of, told};

/// Twenty findings that two scanners see, and twenty of a third, with a limit of half of what is open.
fn twenty() -> Bench {
    let mut bench = Bench { adjust: |settings| settings.max_close_percent = 50, ..Bench::default() };
    let all: Vec<u32> = (1..=20).collect();
    let others: Vec<u32> = (21..=40).collect();
    bench.run(&[found("Trivy", &all), found("Grype", &all), found("Snyk", &others)]);
    assert_eq!(bench.open().len(), 40);
    bench
}

fn from(scanner: &str, first: u32) -> Scan {
    found(scanner, &(first..=20).collect::<Vec<_>>())
}

#[test]
fn what_waits_for_another_scanner_is_no_closing() {
    let mut bench = twenty();
    let plan = bench.run(&[from("Trivy", 12)]);
    assert_eq!((plan.refusal, bench.open().len()), (None, 40), "Grype still has all of them");
}

#[test]
fn the_share_is_of_what_the_scans_that_were_read_had_open() {
    for (first, refused) in [(11, false), (12, true)] {
        let mut bench = twenty();
        bench.run(&[from("Trivy", first)]);
        let plan = bench.plan(&[from("Grype", first)]);
        let gone = first - 1;
        assert_eq!(plan.refusal.is_some(), refused, "{gone} of 20, whatever else is open: {}", told(&plan));
        if let Some(refusal) = plan.refusal {
            assert_eq!(refusal.rule, "max_close_percent");
            assert!(refusal.detail.starts_with("11 of 20 "), "{}", refusal.detail);
            assert!(refusal.hint.contains("max_close_percent: 55"), "{}", refusal.hint);
        }
    }
}

#[test]
fn few_issues_may_all_be_closed() {
    for (count, refused) in [(9, false), (10, true)] {
        let mut bench = Bench { adjust: |settings| settings.max_close_percent = 50, ..Bench::default() };
        bench.run(&[found("Trivy", &(1..=count).collect::<Vec<_>>())]);
        let plan = bench.plan(&[found("Trivy", &[])]);
        assert_eq!(plan.refusal.is_some(), refused, "{count}");
    }
}

#[test]
fn a_group_with_one_finding_of_our_own_is_not_published() {
    let findings = |with_code: bool| {
        let own = with_code.then(|| code("db.py", 3, "db.run(query)"));
        let all: Vec<_> = [dependency("CVE-2026-0001", Severity::High)].into_iter().chain(own).collect();
        scan_of("Semgrep", &all)
    };
    for (with_code, public, refused) in [(true, true, true), (false, true, false), (true, false, false)] {
        let mut bench = Bench::default();
        bench.setup.group = Some(GroupBy::Target);
        if public {
            bench.adjust = |settings| settings.publishing_unasked = true;
        }
        let plan = bench.plan(&[findings(with_code)]);
        assert_eq!(plan.changes.len(), 1, "one group: {}", told(&plan));
        let rule = plan.refusal.map(|refusal| refusal.rule);
        assert_eq!(rule, refused.then_some("public"), "with code: {with_code}, public: {public}");
    }
}

#[test]
fn the_worst_are_opened_first_where_not_all_may_be() {
    let mut bench = Bench::default();
    bench.setup.max_open = Some(1);
    let severities = [Severity::Low, Severity::Critical, Severity::Medium];
    let each = severities.iter().zip(1..).map(|(severity, n)| dependency(&format!("CVE-2026-{n:04}"), *severity));
    let scan = scan_of("Trivy", &each.collect::<Vec<_>>());
    for worst in [Severity::Critical, Severity::Medium, Severity::Low] {
        let plan = bench.plan(std::slice::from_ref(&scan));
        let opened: Vec<Severity> = plan.changes.iter().map(|change| change.severity).collect();
        assert_eq!(opened, [worst], "{}", told(&plan));
        bench.apply_with(std::slice::from_ref(&scan), &bench.board);
    }
    assert!(bench.plan(&[scan]).changes.is_empty());
}
