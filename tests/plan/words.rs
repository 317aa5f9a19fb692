//! What each scope last reported, and what follows where some of them are not read.

use findsync::config::{Decision, DecisionMatch};
use findsync::finding::{Scan, Severity, Status};
use findsync::issue::{Issue, State, Verdict};
use findsync::plan::Action;

use crate::contract::dependency;
use crate::kit::{Bench, cve, found, of_run, scan_of, told};

/// What a scanner last reported about the only finding of an issue, and when.
fn last_word(issue: &Issue, scanner: &str) -> (Verdict, String) {
    let members = &issue.stamp.as_ref().unwrap().members;
    let word = members[0].words.iter().find(|word| word.scope.scanner == scanner).unwrap();
    (word.verdict, word.day.to_string())
}

#[test]
fn a_scope_of_two_reports_vouches_only_where_both_are_whole() {
    let partial = Scan { complete: false, ..found("Trivy", &[]) };
    let whole = found("Trivy", &[]);
    for scans in [[partial.clone(), whole.clone()], [whole.clone(), partial]] {
        let mut bench = Bench::default();
        bench.run(&[found("Trivy", &[1])]);
        let plan = bench.run(&scans);
        assert_eq!(bench.open(), [1], "{}", told(&plan));
        bench.run(&[whole.clone(), whole.clone()]);
        assert!(bench.open().is_empty());
    }
}

#[test]
fn what_one_report_of_a_scope_has_is_not_gone_from_the_other() {
    for numbers in [[&[1][..], &[2][..]], [&[2][..], &[1][..]]] {
        let mut bench = Bench::default();
        let scans = numbers.map(|numbers| found("Trivy", numbers));
        bench.run(&scans);
        assert_eq!(bench.open(), [1, 2]);
        assert!(bench.run(&scans).changes.is_empty());
    }
}

#[test]
fn a_merged_twin_brings_what_its_scope_reported() {
    let mut racing = Bench::default();
    racing.run(&[found("Grype", &[1])]);
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    bench.board.adopt(racing.issue(1));
    let plan = bench.run(&[found("Trivy", &[1])]);
    assert_eq!((plan.count(Action::Merge), bench.open()), (1, vec![1]), "{}", told(&plan));
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(bench.open(), [1], "Grype still has it");
    bench.run(&[found("Grype", &[])]);
    assert!(bench.open().is_empty());
}

#[test]
fn a_scope_that_is_not_read_counts_until_others_have_waited_long_enough() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    bench.days_pass(31);
    assert!(bench.run(&[found("Trivy", &[1])]).changes.is_empty(), "nobody waits, so nothing is written");
    assert_eq!(last_word(&bench.issue(1), "Grype").0, Verdict::Active);
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(bench.open(), [1], "it waits for Grype from the day on which Trivy reported it as gone");
    bench.days_pass(30);
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(bench.open(), [1]);
    bench.days_pass(1);
    let plan = bench.run(&[found("Trivy", &[])]);
    assert!(bench.open().is_empty());
    assert!(plan.notes.iter().any(|note| note.contains("Grype on shop: not read for 30 days")), "{}", told(&plan));
}

#[test]
fn a_scope_that_others_wait_for_renews_its_day_twice_in_that_time() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    let first = last_word(&bench.issue(1), "Grype").1;
    bench.run(&[found("Trivy", &[])]);
    bench.run(&[found("Grype", &[1])]);
    bench.days_pass(14);
    assert!(bench.run(&[found("Grype", &[1])]).changes.is_empty());
    assert_eq!(last_word(&bench.issue(1), "Grype").1, first);
    bench.days_pass(1);
    assert_eq!(bench.run(&[found("Grype", &[1])]).changes.len(), 1);
    assert_eq!(last_word(&bench.issue(1), "Grype"), (Verdict::Active, bench.today.to_string()));
    // So it counts 30 days from here.
    bench.days_pass(30);
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(bench.open(), [1]);
}

#[test]
fn a_run_writes_only_what_its_own_scopes_report() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    bench.days_pass(1);
    let before = bench.issue(1).stamp.unwrap().members[0].words.clone();
    let worse = scan_of("Trivy", &[dependency(&cve(1), Severity::Critical)]);
    bench.run(&[worse]);
    let after = bench.issue(1).stamp.unwrap().members[0].words.clone();
    let grype = |words: &[findsync::issue::Word]| words.iter().find(|word| word.scope.scanner == "Grype").cloned();
    assert!(grype(&before).is_some());
    assert_eq!(grype(&before), grype(&after));
}

#[test]
fn the_severity_is_the_worst_that_any_scope_reports() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    let severity = |bench: &Bench| bench.issue(1).stamp.unwrap().severity;
    assert_eq!(severity(&bench), Severity::High);
    let trivy = |severity| scan_of("Trivy", &[dependency(&cve(1), severity)]);
    bench.run(&[trivy(Severity::Critical)]);
    assert_eq!(severity(&bench), Severity::Critical, "Grype was not read");
    bench.run(&[trivy(Severity::Low)]);
    assert_eq!(severity(&bench), Severity::High, "Grype's is the worst again");
    // A scope that has it no more has no say.
    bench.run(&[found("Grype", &[]), trivy(Severity::Low)]);
    assert_eq!(severity(&bench), Severity::Low);
}

#[test]
fn a_decision_for_one_scanner_is_no_decision_for_the_other() {
    let mut bench = Bench::default();
    bench.setup.config.decisions = vec![Decision {
        matches: DecisionMatch { scanner: Some("Trivy".into()), ..DecisionMatch::default() },
        status: Status::FalsePositive,
        reason: Some("noise".into()),
        until: None,
        source: ".findsync.yml:1".into(),
    }];
    for scans in
        [vec![found("Trivy", &[1]), found("Grype", &[1])], vec![found("Trivy", &[1])], vec![found("Grype", &[1])]]
    {
        bench.run(&scans);
        assert_eq!(bench.open(), [1]);
    }
    bench.run(&[found("Grype", &[])]);
    assert!(bench.open().is_empty());
    assert_eq!(bench.issue(1).stamp.unwrap().status, Status::FalsePositive, "what is left is decided");
}

#[test]
fn two_jobs_of_one_run_that_disagree_close_nothing() {
    let bench = Bench::default();
    let (api, web) = (found("Trivy", &[1]), found("Trivy", &[2]));
    let job = |number, scan: &Scan| bench.apply_with(&[of_run(scan, number)], &bench.board).0;
    job(1, &api);
    let plan = job(1, &web);
    assert_eq!(bench.open(), [1, 2], "{}", told(&plan));
    assert!(plan.notes.iter().any(|note| note.contains("`target`")), "{}", told(&plan));
    for number in 2..5 {
        job(number, &api);
        job(number, &web);
        assert_eq!(bench.open(), [1, 2], "run {number}");
    }
}

#[test]
fn a_shared_scope_closes_again_once_it_is_no_longer_shared() {
    let mut bench = Bench::default();
    for scan in [found("Trivy", &[1]), found("Trivy", &[2])] {
        bench.apply_with(&[of_run(&scan, 1)], &bench.board);
    }
    let only = |bench: &Bench, number| bench.apply_with(&[of_run(&found("Trivy", &[1]), number)], &bench.board).0;
    bench.days_pass(14);
    assert!(only(&bench, 2).changes.is_empty(), "for a while its silence says nothing");
    bench.days_pass(1);
    only(&bench, 2);
    assert_eq!(bench.open(), [1, 2], "missed once");
    bench.days_pass(15);
    only(&bench, 3);
    assert_eq!(bench.open(), [1], "no other job reported it for long enough");
}

#[test]
fn an_older_run_undoes_nothing_and_a_partial_one_makes_none_late() {
    let bench = Bench::default();
    let partial = |severity| {
        let scan = scan_of("Trivy", &[dependency(&cve(1), severity)]);
        [Scan { complete: false, ..scan }]
    };
    bench.run_as(10, &[found("Trivy", &[1, 2])]);
    let first = bench.issues().into_iter().find(|issue| issue.title.contains(&cve(1))).unwrap().id.number;
    bench.run_as(12, &partial(Severity::Critical));
    bench.run_as(11, &[found("Trivy", &[1])]);
    assert_eq!(bench.open(), [first], "the partial run does not speak for the whole, so the older one is not late");
    assert_eq!(bench.issue(first).stamp.unwrap().severity, Severity::Critical, "but it undoes nothing that is newer");
    bench.run_as(14, &[found("Trivy", &[1])]);
    let plan = bench.run_as(13, &partial(Severity::Low));
    assert!(plan.changes.is_empty(), "{}", told(&plan));
}

#[test]
fn the_newest_run_that_the_pipeline_knows_makes_older_ones_late() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    bench.adjust = |settings| {
        settings.newest_finished = Some(findsync::finding::Run { line: "pipeline".into(), number: 9, attempt: 1 });
    };
    let plan = bench.run_as(8, &[found("Trivy", &[])]);
    assert_eq!(bench.open(), [1]);
    assert!(plan.notes[0].contains("run 8 is older than run 9"), "{}", told(&plan));
    bench.run_as(9, &[found("Trivy", &[])]);
    assert!(bench.open().is_empty());
}

#[test]
fn a_scan_that_does_not_report_it_reopens_nothing_that_a_person_closed() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    assert!(bench.board.act(1, crate::board::Act::Done));
    bench.run(&[found("Grype", &[])]);
    assert!(bench.open().is_empty(), "Trivy was not read: it may be fixed there, too");
    bench.run(&[found("Trivy", &[1])]);
    assert_eq!(bench.open(), [1], "it is not");
}

#[test]
fn of_two_closed_issues_of_one_finding_the_newest_is_reopened() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    bench.run(&[found("Trivy", &[])]);
    let closed = bench.issue(1);
    bench.board.adopt(closed);
    bench.run(&[found("Trivy", &[1])]);
    let states: Vec<State> = bench.issues().iter().map(|issue| issue.state).collect();
    assert_eq!(states, [State::Closed, State::Open]);
}
