//! Every finding of a run is accounted for, with what becomes of it and why.

use findsync::config::{Decision, DecisionMatch, Filter, GroupBy, Route};
use findsync::finding::{DecidedBy, Severity, Status};
use findsync::plan::{Fate, Plan, Presence};

use crate::board::Act;
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, of_run, scan_of};

/// What becomes of each finding, by its place in the run: `open`, `decided MappingFile: …`, with its issue's number.
fn fates(plan: &Plan) -> Vec<String> {
    let mut all: Vec<((usize, usize), String)> = Vec::new();
    for account in &plan.accounts {
        let issue = account.issue.as_ref().map(|issue| format!(" #{}", issue.number)).unwrap_or_default();
        let by = account.decided_by.map(|by| format!(" {by:?}")).unwrap_or_default();
        let why = account.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let fate = format!("{:?}{issue}{by}{why}", account.fate);
        all.extend(account.reports.iter().map(|at| (*at, fate.clone())));
    }
    all.sort();
    all.into_iter().map(|(_, fate)| fate).collect()
}

fn accepted(id: &str) -> Decision {
    Decision {
        matches: DecisionMatch { id: Some(id.into()), ..DecisionMatch::default() },
        status: Status::RiskAccepted,
        reason: Some("not used".into()),
        until: None,
        source: "decisions".into(),
    }
}

#[test]
fn what_is_new_what_stays_and_what_comes_back() {
    let mut bench = Bench::default();
    assert_eq!(fates(&bench.run(&[found("Trivy", &[1, 2])])), ["Open", "Open"]);
    assert_eq!(fates(&bench.run(&[found("Trivy", &[2])])), ["Unchanged #1"]);
    let plan = bench.run(&[found("Trivy", &[1, 2, 3])]);
    assert_eq!(fates(&plan), ["Reopen #2", "Unchanged #1", "Open"]);
    let presences: Vec<Presence> = plan.accounts.iter().map(|account| account.presence).collect();
    assert_eq!(presences, [Presence::Known, Presence::New, Presence::New]);
}

#[test]
fn a_changed_severity_is_an_update() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    let plan = bench.run(&[scan_of("Trivy", &[dependency(&cve(1), Severity::Low)])]);
    assert_eq!(fates(&plan), ["Update #1"]);
    assert_eq!(plan.accounts[0].severity, Severity::Low);
}

#[test]
fn what_waits_for_room_says_so_each_in_a_group_too() {
    let mut bench = Bench::default();
    bench.setup.max_open = Some(1);
    let waits = "Withheld: left for the next run: more than `max_open: 1` at once";
    assert_eq!(fates(&bench.plan(&[found("Trivy", &[1, 2])])), [waits, "Open"]);
    bench.setup.group = Some(GroupBy::Component);
    let mut findings: Vec<_> = (1..=4).map(|number| dependency(&cve(number), Severity::High)).collect();
    for finding in &mut findings[2..] {
        let component = finding.component.as_mut().unwrap();
        (component.purl, component.name) = (Some("pkg:npm/express@1.0.0".into()), "express".into());
    }
    let fates = fates(&bench.plan(&[scan_of("Trivy", &findings)]));
    assert_eq!(fates.iter().filter(|fate| *fate == "Open").count(), 2, "{fates:?}");
    assert_eq!(fates.iter().filter(|fate| *fate == waits).count(), 2, "{fates:?}");
}

#[test]
fn who_decided_is_named() {
    let mut bench = Bench::default();
    let mut suppressed = dependency(&cve(3), Severity::High);
    (suppressed.status, suppressed.justification) = (Status::FalsePositive, Some("test code".into()));
    let scan =
        scan_of("Trivy", &[dependency(&cve(1), Severity::High), dependency(&cve(2), Severity::High), suppressed]);
    bench.setup.config.decisions = vec![accepted(&cve(1))];
    let plan = bench.run(std::slice::from_ref(&scan));
    assert_eq!(fates(&plan), ["Decided MappingFile: not used", "Open", "Decided Report"]);
    assert!(bench.board.act(1, Act::Label));
    assert_eq!(
        fates(&bench.run(&[scan])),
        ["Decided MappingFile: not used", "Decided #1 Tracker: label `risk-accepted`", "Decided Report",]
    );
}

#[test]
fn what_a_route_filters_and_what_none_leads_here() {
    let mut bench = Bench::default();
    let high = Filter { min_severity: Some(Severity::High), ..Filter::default() };
    bench.setup.config.routes = vec![Route { mapping: 0, when: high }];
    let low = scan_of("Trivy", &[dependency(&cve(1), Severity::Low), dependency(&cve(2), Severity::High)]);
    let plan = bench.plan(std::slice::from_ref(&low));
    assert_eq!(fates(&plan), ["Withheld: below the route's `min_severity: high`", "Open"]);
    assert!(plan.withheld.iter().all(|withheld| withheld.filtered) && plan.withheld.len() == 1, "{:?}", plan.withheld);
    let other = Filter { scanners: vec!["Grype".into()], ..Filter::default() };
    bench.setup.config.routes = vec![Route { mapping: 0, when: other }];
    assert_eq!(fates(&bench.plan(&[low])), ["NotRouted", "NotRouted"]);
}

#[test]
fn a_finding_of_two_reports_is_accounted_for_in_both() {
    let bench = Bench::default();
    let plan = bench.plan(&[found("Trivy", &[1]), found("Grype", &[1, 2])]);
    assert_eq!(fates(&plan), ["Open", "Open", "Open"]);
    assert_eq!(plan.accounts.len(), 2, "one weakness each: {:?}", plan.accounts);
}

#[test]
fn a_late_run_accounts_for_nothing() {
    let mut bench = Bench { next: 2, ..Bench::default() };
    bench.run(&[found("Trivy", &[1])]);
    let late = of_run(&found("Trivy", &[1, 2]), 1);
    assert_eq!(bench.plan(&[late]).accounts, []);
    assert_eq!(fates(&bench.plan(&[of_run(&found("Trivy", &[1]), 3)])), [format!("{:?} #1", Fate::Unchanged)]);
}
