//! GitLab security reports.

use findsync::finding::{Kind, Severity, Status};

use super::{error, findings, fixture, read, survives_mutation};

#[test]
fn none() {
    let scans = fixture("gitlab/none.json");
    assert_eq!((scans[0].reader.as_str(), scans[0].scanner.as_str()), ("gitlab", "Semgrep"));
    assert!(scans[0].complete && scans[0].findings.is_empty());
}

#[test]
fn one() {
    let scans = fixture("gitlab/one.json");
    let [finding] = &scans[0].findings[..] else { panic!("{:?}", scans[0].findings) };
    assert!(finding.title.starts_with("Improper neutralization"));
    assert_eq!((finding.severity, finding.kind), (Severity::Critical, Kind::Code));
    // The analyzer's doubt is no decision.
    assert_eq!((finding.status, finding.justification.as_deref()), (Status::Active, None));
    assert_eq!(finding.tags, ["likely false positive", "confidence: low"]);
    assert!(finding.description.as_deref().unwrap().contains("never reached"));
    assert_eq!(finding.rule.as_deref(), Some("eslint.detect-eval"));
    assert_eq!(finding.identifiers, ["CWE-95"]);
    let place = &finding.location;
    assert_eq!((place.path.as_deref(), place.start_line, place.end_line), (Some("src/eval.js"), Some(7), Some(9)));
    assert_eq!(place.resource.as_deref(), Some("Shop.run"));
    assert_eq!(finding.fix.as_ref().unwrap().text.as_deref(), Some("Use `JSON.parse`."));
    let prints: Vec<_> =
        finding.evidence.fingerprints.iter().map(|print| (print.name.as_str(), print.value.as_str())).collect();
    assert_eq!(
        prints,
        [("gitlab:scope_offset_compressed", "src/eval.js|run[0]:3"), ("gitlab:hash", "src/eval.js|abcdef")]
    );
    assert_eq!(finding.references.len(), 3);
}

#[test]
fn many() {
    let scans = fixture("gitlab/many.json");
    let scan = &scans[0];
    assert_eq!((scan.complete, scan.failure.as_deref()), (false, Some("no space left")));
    assert_eq!(scan.target, "gitlab/many.json", "a clean report would not name the image");
    let [libc, curl] = &scan.findings[..] else { panic!("{:?}", scan.findings) };
    assert_eq!((libc.title.as_str(), libc.rule.as_deref()), ("CVE-2023-4911 in libc6", Some("CVE-2023-4911")));
    assert!(libc.identifiers.contains(&"USN-6409-1".to_owned()));
    assert_eq!(libc.component.as_ref().unwrap().purl.as_deref(), Some("pkg:deb/debian/libc6@2.36-9"));
    assert_eq!(libc.location.image.as_deref(), Some("registry.example/shop:1.4"));
    assert_eq!(libc.cvss.len(), 1);
    assert_eq!((curl.severity, curl.kind, curl.rule.as_deref()), (Severity::Info, Kind::Dependency, Some("0a1b")));
    assert_eq!(curl.fix.as_ref().unwrap().text.as_deref(), Some("Upgrade curl"));
    assert_eq!(curl.location.resource.as_deref(), Some("Deployment/default/web/nginx"));
}

fn report(kind: &str, vulnerability: &str) -> String {
    format!(r#"{{"version": "14.0.0", "scan": {{"type": "{kind}"}}, "vulnerabilities": [{vulnerability}]}}"#)
}

#[test]
fn the_solution_names_the_fixed_version() {
    for (solution, wanted) in [
        ("Upgrade to version 4.17.21 or above.", Some("4.17.21")),
        ("Upgrade lodash to 3.10.2, 4.17.21", Some("4.17.21")),
        ("Upgrade express to 4.18.0", None),
        ("Upgrade to version 4.16.0", None),
    ] {
        let vulnerability = format!(
            r#"{{"name": "CVE-2021-23337", "severity": "High", "solution": "{solution}", "identifiers": [{{"type": "cve", "value": "CVE-2021-23337"}}],
            "location": {{"file": "package-lock.json", "dependency": {{"package": {{"name": "lodash"}}, "version": "4.17.20"}}}}}}"#
        );
        let found = findings("gitlab", &report("dependency_scanning", &vulnerability));
        let fix = found[0].fix.as_ref().unwrap();
        assert_eq!((fix.version.as_deref(), fix.text.as_deref()), (wanted, Some(solution)));
    }
}

#[test]
fn dynamic() {
    let found = findings(
        "gitlab",
        &report(
            "dast",
            r#"{"message": "XSS", "severity": "Low", "location": {"hostname": "https://shop.example/", "path": "login", "method": "POST", "param": "q"},
            "identifiers": [{"type": "ZAProxy_PluginId", "name": "XSS here", "value": "40012"}, {"type": "CWE", "value": 79}]}"#,
        ),
    );
    let place = &found[0].location;
    assert_eq!(found[0].kind, Kind::Dynamic);
    assert_eq!(place.url.as_deref(), Some("https://shop.example/login"));
    assert_eq!((place.method.as_deref(), place.parameter.as_deref()), (Some("POST"), Some("q")));
    assert_eq!((found[0].rule.as_deref(), &found[0].identifiers[..]), (Some("40012"), &["CWE-79".to_owned()][..]));
}

#[test]
fn secrets_leave_only_their_hash() {
    let secret = "AKIAIOSFODNN7EXAMPLE";
    let text = report(
        "secret_detection",
        &format!(
            r#"{{"name": "AWS access key", "severity": "Critical", "description": "Revoke it.", "raw_source_code_extract": "{secret}",
            "location": {{"file": ".env", "start_line": 1, "commit": {{"sha": "0000000"}}}},
            "identifiers": [{{"type": "gitleaks_rule_id", "name": "Gitleaks rule ID AWS", "value": "AWS"}}]}}"#
        ),
    );
    let found = findings("gitlab", &text);
    assert_eq!((found[0].kind, found[0].rule.as_deref()), (Kind::Secret, Some("AWS")));
    assert!(found[0].evidence.secret_hash.as_ref().is_some_and(|hash| hash.len() == 64));
    let shown = serde_json::to_string(&found).unwrap();
    assert!(!shown.contains(&secret[..8]) && found[0].evidence.snippet.is_none());
}

#[test]
fn what_a_report_repeats_of_a_secret_is_hidden() {
    let found = findings(
        "gitlab",
        &report(
            "secret_detection",
            r#"{"name": "Password hunter2pass", "description": "`hunter2pass` was found", "identifiers": [],
                "raw_source_code_extract": "password: \"hunter2pass\"", "location": {"file": "a.yml"}}"#,
        ),
    );
    assert_eq!(found[0].title, "Password [secret]");
    assert_eq!(found[0].description, None, "issues tell kind, place and hash only");
}

#[test]
fn unknown_is_no_image() {
    let of = |file: &str| {
        findings(
            "gitlab",
            &report(
                "container_scanning",
                &format!(
                    r#"{{"name": "CVE-2021-1 in lodash", "identifiers": [{{"type": "cve", "name": "CVE-2021-1", "value": "CVE-2021-1"}}],
                        "location": {{"image": "Unknown", "operating_system": "Unknown", "file": "{file}",
                        "dependency": {{"package": {{"name": "lodash"}}, "version": "4.17.4"}}}}}}"#
                ),
            ),
        )
        .remove(0)
    };
    let (front, back) = (of("front/package-lock.json"), of("back/package-lock.json"));
    assert_eq!(front.location.image, None);
    assert_ne!(front.keys, back.keys, "two folders are two places");
}

#[test]
fn fuzzing_and_infrastructure() {
    let crash = findings(
        "gitlab",
        &report(
            "coverage_fuzzing",
            r#"{"name": "crash", "location": {"crash_type": "Overflow", "crash_state": "parse\nmain"}}"#,
        ),
    );
    assert_eq!((crash[0].kind, crash[0].location.resource.as_deref()), (Kind::Code, Some("parse")));
    let kics = findings(
        "gitlab",
        &report("sast", r#"{"name": "open bucket", "scanner": {"id": "kics"}, "location": {"file": "a.tf"}}"#),
    );
    assert_eq!(kics[0].kind, Kind::Infrastructure);
}

#[test]
fn differential_scans_close_nothing() {
    let text = r#"{"scan": {"type": "sast", "partial_scan": {"mode": "differential"}}, "vulnerabilities": []}"#;
    assert!(!read("gitlab", text).unwrap()[0].complete);
}

#[test]
fn what_is_no_report_is_an_error() {
    for (text, part) in [
        (r#"{"scan": {"type": "sast"}}"#.to_owned(), "`vulnerabilities` is missing"),
        (r#"{"vulnerabilities": {}}"#.to_owned(), "`vulnerabilities`: invalid type: map"),
        (report("sast", "{}"), "`vulnerabilities[0]` has neither"),
        (report("sast", r#"{"name": "a", "location": "b"}"#), "`vulnerabilities[0].location`: invalid type: string"),
    ] {
        let error = error("gitlab", &text);
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn mutated() {
    for text in [include_str!("../fixtures/gitlab/one.json"), include_str!("../fixtures/gitlab/many.json")] {
        survives_mutation("gitlab", text);
    }
}
