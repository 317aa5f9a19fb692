#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::*;
use crate::config::{Config, Decision, DecisionMatch, Filter, GroupBy, Mapping, Route};
use crate::finding::{Component, Id, Kind, Location, Scan, assign_keys};

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

/// What is decided about a scan's findings, by nothing but what they say themselves.
fn decided(scan: &Scan, config: &Config, vex: &[Statement], today: &str) -> Vec<Option<Status>> {
    let decisions = Decisions::new(&config.decisions, vex, day(today)).unwrap();
    let decide = |finding: &Finding| {
        let keys = finding.keys.iter().map(|key| key.digest).collect();
        let case = Case { finding, scan, keys: &keys, uid: 7, ids: &BTreeSet::new(), name: None };
        decisions.decide(&case).map(|decided| decided.status)
    };
    scan.findings.iter().map(decide).collect()
}

fn item(scan: &Scan, finding: usize) -> Item {
    let finding = &scan.findings[finding];
    merge(vec![(finding, scan.scope())], finding.keys[0]).unwrap()
}

#[test]
fn one_finding_says_what_all_its_reports_say() {
    let trivy = scan("Trivy", vec![dependency(&["CVE-1-1", "GHSA-A"], "a", Severity::Low)]);
    let mut other = dependency(&["GHSA-A", "PYSEC-1"], "a", Severity::High);
    other.fix = Some(crate::finding::Fix { version: Some("2.0".into()), text: None });
    let grype = scan("Grype", vec![other]);
    let key = trivy.findings[0].keys[0];
    let mut reports = vec![(&trivy.findings[0], trivy.scope()), (&grype.findings[0], grype.scope())];
    for _ in 0..2 {
        reports.reverse();
        let merged = merge(reports.clone(), key).unwrap();
        assert_eq!(merged.finding.severity, Severity::High);
        assert_eq!(merged.finding.identifiers, ["CVE-1-1", "GHSA-A", "PYSEC-1"]);
        assert_eq!(merged.finding.fix.and_then(|fix| fix.version).as_deref(), Some("2.0"));
        assert_eq!(merged.scopes.len(), 2);
    }
    assert!(merge(Vec::new(), key).is_none());
}

#[test]
fn the_report_that_says_most_speaks_for_all_and_takes_what_it_lacks_from_the_others() {
    let cvss = |vector: &str| crate::finding::Cvss { vector: Some(vector.into()), score: None };
    let place = |line| Location { path: Some("a.lock".into()), start_line: Some(line), ..Location::default() };
    let of = |severity, line| Finding { location: place(line), ..dependency(&["CVE-1-1"], "a", severity) };
    let suppressed = Finding { status: Status::RiskAccepted, cvss: vec![cvss("3.1")], ..of(Severity::Critical, 1) };
    let bare = Finding { component: None, cvss: Vec::new(), ..of(Severity::High, 2) };
    let mut nameless = Finding { cvss: vec![cvss("4.0")], locations: vec![place(2), place(4)], ..of(Severity::Low, 3) };
    nameless.component.as_mut().unwrap().purl = None;
    let mut full = Finding { description: Some("All of it.".into()), ..of(Severity::Low, 3) };
    full.component.as_mut().unwrap().version = Some("1.1.0".into());
    let scans = [scan("A", vec![suppressed]), scan("B", vec![bare]), scan("C", vec![nameless]), scan("D", vec![full])];
    let merged = |which: &[usize]| {
        let reports = which.iter().map(|&at| (&scans[at].findings[0], scans[at].scope())).collect();
        merge(reports, scans[0].findings[0].keys[0]).unwrap()
    };
    let Item { finding, status, versions, .. } = merged(&[0, 1, 2, 3]);
    assert_eq!(
        (status, finding.severity),
        (Status::Active, Severity::Critical),
        "one that is active is not suppressed"
    );
    assert_eq!(finding.location, place(2));
    assert_eq!(finding.locations, [place(3), place(4), place(1)], "each further place once");
    assert_eq!(finding.description.as_deref(), Some("All of it."));
    assert_eq!(finding.cvss, [cvss("4.0")], "of one report, not of several");
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    // Who names no package takes it from another; so does who does not know its package URL.
    let component = |which: &[usize]| merged(which).finding.component;
    assert_eq!(component(&[1, 3]).unwrap().version.as_deref(), Some("1.1.0"));
    assert_eq!(component(&[2, 0]).unwrap().purl.as_deref(), Some("pkg:npm/a@1.0.0"));
    assert_eq!(component(&[1, 2]).unwrap().purl, None);
    let other = Finding {
        component: Some(Component { purl: Some("pkg:npm/b@2".into()), ..Component::default() }),
        ..of(Severity::Low, 9)
    };
    let scan = scan("E", vec![other]);
    let reports = vec![(&scans[3].findings[0], scans[3].scope()), (&scan.findings[0], scan.scope())];
    let kept = merge(reports, scans[0].findings[0].keys[0]).unwrap().finding.component.unwrap();
    assert_eq!(kept.purl.as_deref(), Some("pkg:npm/a@1.0.0"), "it keeps its own");
}

#[test]
fn one_finding_lists_so_many_references_and_no_more() {
    let with = |from: usize, to: usize| Finding {
        references: (from..to).map(|number| format!("https://h/{number}")).collect(),
        ..dependency(&["CVE-1-1"], "a", Severity::Low)
    };
    let scans = [scan("A", vec![with(0, 15)]), scan("B", vec![with(10, 40)])];
    let reports = scans.iter().map(|scan| (&scan.findings[0], scan.scope())).collect();
    let merged = merge(reports, scans[0].findings[0].keys[0]).unwrap();
    assert_eq!(merged.finding.references, with(0, 20).references);
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
    let on = |today: &str| decided(&scans[0], &config, &[], today);
    assert_eq!(on("2026-11-24"), [Some(Status::RiskAccepted), None]);
    assert_eq!(on("2026-11-25"), [Some(Status::Active), None], "it has run out, which people are told");
}

#[test]
fn decisions_by_id_hold_for_what_is_known_to_be_the_same() {
    let matches = DecisionMatch { id: Some("cve-1-1".into()), ..DecisionMatch::default() };
    let decision = Decision {
        matches,
        status: Status::FalsePositive,
        reason: None,
        until: None,
        source: ".findsync.yml:1".into(),
    };
    let scan = scan("Grype", vec![dependency(&["GHSA-A"], "a", Severity::Low)]);
    let (finding, all) = (&scan.findings[0], [decision]);
    let decisions = Decisions::new(&all, &[], day("2026-11-24")).unwrap();
    let with = |ids: &[&str]| {
        let ids = ids.iter().map(|id| Id::of(id)).collect();
        decisions
            .decide(&Case { finding, scan: &scan, keys: &BTreeSet::new(), uid: 7, ids: &ids, name: None })
            .is_some()
    };
    assert_eq!((with(&[]), with(&["CVE-1-1"]), with(&["CVE-1-2"])), (false, true, false));
}

#[test]
fn decisions_by_key_hold_for_every_key_that_a_finding_had_or_for_one_of_several() {
    let scan = scan("Semgrep", vec![dependency(&["CVE-1-1"], "a", Severity::Low)]);
    let finding = &scan.findings[0];
    let former = scan.findings[0].keys[0];
    let with = |text: String, uid| {
        let matches = DecisionMatch { key: Some(text), ..DecisionMatch::default() };
        let all = [Decision { matches, status: Status::FalsePositive, reason: None, until: None, source: "x".into() }];
        let decisions = Decisions::new(&all, &[], day("2026-11-24")).unwrap();
        let keys = BTreeSet::from([crate::finding::digest([("now", "x")]), former.digest]);
        decisions.decide(&Case { finding, scan: &scan, keys: &keys, uid, ids: &BTreeSet::new(), name: None })
    };
    assert_eq!(with(former.to_string(), 7).and_then(|decided| decided.by_key), Some(former));
    assert_eq!(with(former.of_member(7), 7).map(|decided| decided.by_key), Some(None), "it names one");
    assert_eq!(with(former.of_member(7), 8), None);
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
    let scan = Scan { target: "reg.example/acme/web".into(), ..scan("Trivy", vec![finding]) };
    let status =
        |statements: &[Statement]| decided(&scan, &config(1), statements, "2026-11-24")[0].unwrap_or(Status::Active);
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
fn filters_hold_back_opening_and_routes_lead() {
    let route = |mapping, when| Route { mapping, when };
    let medium = Filter { min_severity: Some(Severity::Medium), ..Filter::default() };
    let only_a = Filter { components: vec!["a*".into()], ..Filter::default() };
    let config = Config { routes: vec![route(0, medium), route(1, only_a)], ..config(2) };
    let scan = scan(
        "T",
        vec![dependency(&["CVE-1-1"], "abc", Severity::Low), dependency(&["CVE-1-2"], "xyz", Severity::High)],
    );
    let (low, high) = (item(&scan, 0), item(&scan, 1));
    let routes = Routes::new(&config).unwrap();
    let held = "below the route's `min_severity: medium`".to_owned();
    assert_eq!(routes.mappings(&low, &[]), [(0, Some(held)), (1, None)]);
    assert_eq!(routes.mappings(&high, &[]), [(0, None)]);
    // A finding that has its issue in the second mapping stays there when only the first is routed to.
    let elsewhere = Config { routes: vec![route(0, Filter::default())], ..config };
    let routes = Routes::new(&elsewhere).unwrap();
    assert_eq!(routes.mappings(&high, &[1]), []);
    assert_eq!(routes.mappings(&high, &[0, 1]), [(0, None)]);
}

#[test]
fn of_two_routes_to_a_mapping_one_that_lets_it_is_enough() {
    let route = |when| Route { mapping: 0, when };
    let strict = Filter { min_severity: Some(Severity::Critical), ..Filter::default() };
    let config = Config { routes: vec![route(strict), route(Filter::default())], ..config(1) };
    let scan = scan("T", vec![dependency(&["CVE-1-1"], "a", Severity::Low)]);
    assert_eq!(Routes::new(&config).unwrap().mappings(&item(&scan, 0), &[]), [(0, None)]);
}

#[test]
fn a_filter_lets_its_own_severity_pass_and_asks_whether_there_is_a_fix() {
    let finding = |version: Option<&str>, text: Option<&str>| {
        let fix = crate::finding::Fix { version: version.map(Into::into), text: text.map(Into::into) };
        Finding { fix: Some(fix), ..dependency(&["CVE-1-1"], "a", Severity::Medium) }
    };
    let unfixed = Finding { fix: None, ..finding(None, None) };
    let all = [unfixed, finding(None, None), finding(Some("2"), None), finding(None, Some("Update it."))];
    let scan = scan("T", all.into());
    let held = |when: Filter| {
        let config = Config { routes: vec![Route { mapping: 0, when }], ..config(1) };
        let routes = Routes::new(&config).unwrap();
        [0, 1, 2, 3].map(|at| routes.mappings(&item(&scan, at), &[])[0].1.clone())
    };
    let least = |severity| Filter { min_severity: Some(severity), ..Filter::default() };
    assert_eq!(held(least(Severity::Medium)), [None, None, None, None]);
    assert!(held(least(Severity::High)).iter().all(Option::is_some));
    let fix = |wanted| Filter { fix_available: Some(wanted), ..Filter::default() };
    let why = |wanted| Some(format!("the route asks for `fix_available: {wanted}`"));
    assert_eq!(held(fix(true)), [why(true), why(true), None, None]);
    assert_eq!(held(fix(false)), [None, None, why(false), why(false)]);
}

#[test]
fn a_route_that_leads_no_finding_anywhere_is_unused() {
    let only = |components: &[&str]| Route {
        mapping: 0,
        when: Filter {
            components: components.iter().map(|&name| name.into()).collect(),
            min_severity: Some(Severity::Critical),
            ..Filter::default()
        },
    };
    let config = Config { routes: vec![only(&["a"]), only(&["b"]), only(&["c"])], ..config(1) };
    let routes = Routes::new(&config).unwrap();
    let found =
        |names: &[&str]| scan("T", names.iter().map(|name| dependency(&["CVE-1-1"], name, Severity::Low)).collect());
    assert_eq!(routes.unused(&[found(&["a"]), found(&["c"])]), [1], "whatever their filters hold back");
    assert_eq!(routes.unused(&[found(&[])]), [0; 0], "nothing was found, so nothing can be said");
}

#[test]
fn groups_are_of_one_repository_and_of_what_the_mapping_names() {
    let scan = scan(
        "T",
        vec![
            dependency(&["CVE-1-1"], "a", Severity::Low),
            dependency(&["CVE-1-2"], "a", Severity::Low),
            dependency(&["CVE-1-3"], "b", Severity::Low),
        ],
    );
    let [first, second, third] = [0, 1, 2].map(|at| item(&scan, at));
    let (shop, other) = (Source::named("h/shop"), Source::named("h/other"));
    let of = |item: &Item, by: &[GroupBy], owner: &Source| group(item, by, owner).map(|group| group.digest);
    let by = [GroupBy::Component];
    assert_eq!(of(&first, &by, &shop), of(&second, &by, &shop));
    assert_ne!(of(&first, &by, &shop), of(&third, &by, &shop));
    assert_ne!(of(&first, &by, &shop), of(&first, &by, &other));
    assert_ne!(of(&first, &by, &shop), of(&first, &[GroupBy::Component, GroupBy::Kind], &shop));
    assert_eq!(of(&first, &[], &shop), None);
    assert!(of(&first, &[GroupBy::Component, GroupBy::Target, GroupBy::Rule], &shop).is_some());
    let nothing = Item { finding: Finding::default(), ..first };
    assert_eq!(of(&nothing, &by, &shop), None, "what has no component stays alone");
    assert_eq!(group(&second, &by, &shop).unwrap().title, "Findings in a");
}
