#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::*;
use crate::config::{Decision, DecisionMatch, Filter, GroupBy, Mapping, Route};
use crate::finding::{Component, Kind, Location, assign_keys};

fn dependency(ids: &[&str], name: &str, severity: Severity) -> Finding {
    Finding {
        kind: Kind::Dependency,
        title: format!("{} in {name}", ids[0]),
        severity,
        rule: Some(ids[0].into()),
        identifiers: ids.iter().map(|&id| id.into()).collect(),
        component: Some(Component {
            purl: Some(format!("pkg:npm/{name}@1.0.0")),
            name: name.into(),
            version: Some("1.0.0".into()),
        }),
        location: Location { path: Some("package-lock.json".into()), ..Location::default() },
        ..Finding::default()
    }
}

fn scan(scanner: &str, findings: Vec<Finding>) -> Scan {
    let mut scan = Scan { scanner: scanner.into(), target: "shop".into(), complete: true, findings, ..Scan::default() };
    assign_keys(&mut scan);
    scan
}

/// A configuration with as many mappings to a folder.
fn config(mappings: usize) -> Config {
    let mut config = Config::local("issues");
    let mapping: Mapping = config.mappings[0].clone();
    config.mappings = vec![mapping; mappings];
    config
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn tickets(scans: &[Scan], config: &Config) -> Vec<Ticket> {
    triage(scans, config, &[], &Known::default(), day("2026-11-24")).unwrap().remove(0)
}

#[test]
fn scanners_that_share_a_name_share_a_ticket() {
    let scans = [
        scan("Trivy", vec![dependency(&["CVE-1-1", "GHSA-A"], "a", Severity::Low)]),
        scan("Grype", vec![dependency(&["GHSA-A"], "a", Severity::High)]),
        scan("OSV", vec![dependency(&["CVE-1-1"], "a", Severity::Low), dependency(&["CVE-1-1"], "b", Severity::Low)]),
    ];
    let mut backwards = scans.to_vec();
    backwards.reverse();
    for scans in [scans.to_vec(), backwards] {
        let tickets = tickets(&scans, &config(1));
        assert_eq!(tickets.len(), 2, "another package is another ticket");
        let merged = tickets.iter().find(|ticket| ticket.items[0].scopes.len() == 3).unwrap();
        assert_eq!(merged.severity, Severity::High);
        assert_eq!(merged.items[0].finding.identifiers[..2], ["CVE-1-1", "GHSA-A"]);
        assert_eq!(merged.key, scan("x", vec![dependency(&["CVE-1-1"], "a", Severity::Low)]).findings[0].keys[0]);
    }
}

#[test]
fn what_earlier_runs_learned_joins_findings_that_share_no_name_now() {
    let cve = scan("Trivy", vec![dependency(&["CVE-1-1"], "a", Severity::Low)]);
    let ghsa = scan("Grype", vec![dependency(&["GHSA-A"], "a", Severity::Low)]);
    let aliases = vec![vec![cve.findings[0].keys[0], ghsa.findings[0].keys[0]]];
    let scans = [cve, ghsa];
    assert_eq!(tickets(&scans, &config(1)).len(), 2);
    let known = Known { aliases, ..Known::default() };
    assert_eq!(triage(&scans, &config(1), &[], &known, day("2026-11-24")).unwrap()[0].len(), 1);
}

#[test]
fn decisions_hold_until_their_last_day_and_for_what_they_match() {
    let decision = |matches| Decision {
        matches,
        status: Status::RiskAccepted,
        reason: Some("ADR 12".into()),
        until: Some(day("2026-11-24")),
        source: ".findsync.yml:1".into(),
    };
    let matches =
        DecisionMatch { id: Some("cve-1-1".into()), component: Some("lod*".into()), ..DecisionMatch::default() };
    let config = Config { decisions: vec![decision(matches)], ..config(1) };
    let scans = [scan(
        "Trivy",
        vec![dependency(&["CVE-1-1"], "lodash", Severity::Low), dependency(&["CVE-1-1"], "other", Severity::Low)],
    )];
    let on = |today: &str| {
        let mut found: Vec<_> = triage(&scans, &config, &[], &Known::default(), day(today)).unwrap().remove(0);
        found.sort_by_key(|ticket| ticket.items[0].finding.title.clone());
        (found[0].status, found[0].expired, found[1].status)
    };
    assert_eq!(on("2026-11-24"), (Status::RiskAccepted, false, Status::Active));
    assert_eq!(on("2026-11-25"), (Status::Active, true, Status::Active));
}

fn vex(product: Option<(&str, Option<&str>)>, status: Status, made: Option<&str>) -> Statement {
    let product = product.map(|(name, part)| Product { whole: Identity::named(name), part: part.map(Identity::named) });
    Statement {
        ids: vec!["CVE-1-1".into()],
        products: product.map(|product| vec![product]),
        status,
        justification: Some("vulnerable_code_not_present".into()),
        source: "vex.json".into(),
        made: made.map(|day| format!("{day}T00:00:00Z").parse().unwrap()),
    }
}

#[test]
fn vex_decides_where_the_mapping_file_does_not() {
    let finding = Finding {
        component: Some(Component {
            name: "lodash".into(),
            version: Some("1:1.0".into()),
            purl: Some("pkg:npm/lodash@1%3A1.0".into()),
        }),
        ..dependency(&["CVE-1-1"], "lodash", Severity::Low)
    };
    let scans = [Scan { target: "reg.example/acme/web".into(), ..scan("Trivy", vec![finding]) }];
    let status = |statements: &[Statement]| {
        triage(&scans, &config(1), statements, &Known::default(), day("2026-11-24")).unwrap()[0][0].status
    };
    let is_false = Status::FalsePositive;
    for (product, wanted) in [
        (None, is_false),
        (Some(("pkg:npm/lodash", None)), is_false),
        (Some(("pkg:npm/lodash@1%3A1.0", None)), is_false),
        (Some(("pkg:npm/lodash@2.0.0", None)), Status::Active),
        (Some(("pkg:npm/other", None)), Status::Active),
        (Some(("pkg:npm/web", None)), Status::Active),
        (Some(("pkg:oci/web?repository_url=reg.example/acme/web", None)), is_false),
        (Some(("pkg:oci/web?repository_url=other.example/acme/web", None)), Status::Active),
        (Some(("pkg:oci/web", Some("pkg:npm/lodash"))), is_false),
        (Some(("pkg:oci/web", Some("pkg:npm/other"))), Status::Active),
        (Some(("pkg:oci/api", Some("pkg:npm/lodash"))), Status::Active),
    ] {
        assert_eq!(status(&[vex(product, is_false, None)]), wanted, "{product:?}");
    }
    let (old, new) = (vex(None, is_false, Some("2023-01-01")), vex(None, Status::Active, Some("2024-01-01")));
    assert_eq!(status(&[new.clone(), old.clone()]), Status::Active, "the newest holds, wherever it stands");
    assert_eq!(status(&[old, new]), Status::Active);
}

#[test]
fn a_suppression_holds_only_where_nobody_else_sees_the_finding() {
    let mut suppressed = dependency(&["CVE-1-1"], "a", Severity::Low);
    (suppressed.status, suppressed.justification) = (Status::FalsePositive, Some("test code".into()));
    let alone = tickets(&[scan("A", vec![suppressed.clone()])], &config(1));
    assert_eq!((alone[0].status, alone[0].reason.as_deref()), (Status::FalsePositive, Some("test code")));
    let active = dependency(&["CVE-1-1"], "a", Severity::Low);
    assert_eq!(tickets(&[scan("A", vec![suppressed]), scan("B", vec![active])], &config(1))[0].status, Status::Active);
}

#[test]
fn filters_hold_back_opening_and_routes_lead() {
    let route = |mapping, when| Route { mapping, when };
    let medium = Filter { min_severity: Some(Severity::Medium), ..Filter::default() };
    let only_a = Filter { components: vec!["a*".into()], ..Filter::default() };
    let config = Config { routes: vec![route(0, medium), route(1, only_a)], ..config(2) };
    let scans = [scan(
        "T",
        vec![dependency(&["CVE-1-1"], "abc", Severity::Low), dependency(&["CVE-1-2"], "xyz", Severity::High)],
    )];
    let found = triage(&scans, &config, &[], &Known::default(), day("2026-11-24")).unwrap();
    let held = found[0].iter().find(|ticket| ticket.severity == Severity::Low).unwrap();
    assert!(held.held.as_ref().unwrap().contains("min_severity: medium"), "{:?}", held.held);
    assert_eq!((found[0].len(), found[1].len()), (2, 1));

    // A finding that has its issue in the second mapping stays there when only the first is routed to.
    let elsewhere = Config { routes: vec![route(0, Filter::default())], ..config };
    let key = scans[0].findings[1].keys[0];
    let known = Known { homes: vec![HashSet::new(), HashSet::from([key])], ..Known::default() };
    let found = triage(&scans, &elsewhere, &[], &known, day("2026-11-24")).unwrap();
    assert_eq!((found[0].len(), found[1].len()), (1, 1));
    assert_eq!(found[1][0].key, key);
}

#[test]
fn one_false_positive_in_a_group_hides_none_of_the_others() {
    let mut config = config(1);
    config.mappings[0].group_by = vec![GroupBy::Component];
    let mut wrong = dependency(&["CVE-1-2"], "a", Severity::Critical);
    wrong.status = Status::FalsePositive;
    let scans = [scan(
        "T",
        vec![dependency(&["CVE-1-1"], "a", Severity::Low), wrong, dependency(&["CVE-1-3"], "b", Severity::Low)],
    )];
    let found = tickets(&scans, &config);
    assert_eq!(found.len(), 2);
    let group = found.iter().find(|ticket| !ticket.excluded.is_empty()).unwrap();
    assert_eq!((group.status, group.severity, group.items.len()), (Status::Active, Severity::Low, 1));
    assert_eq!(group.key.kind, None);
}
