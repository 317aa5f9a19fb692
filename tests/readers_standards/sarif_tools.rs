//! What tools put where in their SARIF: packages, severities, files that were not parsed, fingerprints.

use findsync::finding::{Finding, Kind, Scan, Severity};
use serde_json::{Value, json};

use super::read;

fn scans(text: &str) -> Vec<Scan> {
    read("sarif", text).unwrap()
}

fn run(driver: &str, rules: Value, results: Value) -> Value {
    json!({"tool": {"driver": {"name": driver, "rules": rules}}, "results": results})
}

fn report(run: &Value) -> String {
    json!({"version": "2.1.0", "runs": [run]}).to_string()
}

fn findings(driver: &str, rules: Value, results: Value) -> Vec<Finding> {
    scans(&report(&run(driver, rules, results))).remove(0).findings
}

fn result(rule: &str, message: &str, path: &str) -> Value {
    let place = json!({"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": 3}}});
    json!({"ruleId": rule, "level": "error", "message": {"text": message}, "locations": [place]})
}

#[test]
fn packages_are_found_where_each_tool_puts_them() {
    let table = "| CVE | Severity | Package | Version | Fix Status |\n|--|--|--|--|--|\n| CVE-2024-1 | high | zlib | 1.2.11 | fixed in 1.2.13 |";
    let with_table = json!([{"id": "CVE-2024-1000", "help": {"text": "", "markdown": table}}]);
    let with_urls = json!([{"id": "CVE-2024-1000", "properties": {"purls": ["pkg:deb/debian/zlib1g@1.2.13", "pkg:deb/debian/zlib@1.2.11"]}}]);
    let mut by_print = result("a:vulnerability", "zlib overflows", "Cargo.toml");
    by_print["partialFingerprints"] =
        json!({"cargo-deny/advisory-id": "RUSTSEC-2024-0001", "cargo-deny/krate": "zlib@1.2.11"});
    let mut by_place = result(
        "SNYK-LINUX-ZLIB-1",
        "This file introduces a vulnerable zlib package with a high severity vulnerability.",
        "Dockerfile",
    );
    by_place["locations"][0]["logicalLocations"] = json!([{"fullyQualifiedName": "zlib@1.2.11"}]);
    for (driver, rules, one, fixed) in [
        ("Prisma Cloud (twistcli)", with_table, result("CVE-2024-1000", "Overflow", "acme/web:1"), Some("1.2.13")),
        ("Docker Scout", with_urls, result("CVE-2024-1000", "Package: zlib\nVersion: 1.2.11", "acme/web"), None),
        ("cargo-deny", json!([]), by_print, None),
        ("Snyk Open Source", json!([]), by_place, None),
        (
            "osv-scanner",
            json!([]),
            result("CVE-2024-1000", "Package 'zlib@1.2.11' is vulnerable to 'CVE-2024-1000'.", "a.lock"),
            None,
        ),
        (
            "grype",
            json!([]),
            result(
                "CVE-2024-1000-zlib",
                "A low vulnerability in deb package: zlib, version 1.2.11 was found at: /x",
                "x",
            ),
            None,
        ),
        (
            "Trivy",
            json!([{"id": "CVE-2024-1000", "name": "OsPackageVulnerability"}]),
            result(
                "CVE-2024-1000",
                "Package: zlib\nInstalled Version: 1.2.11\nVulnerability CVE-2024-1000\nSeverity: LOW\nFixed Version: 1.2.13\nLink: x",
                "web",
            ),
            Some("1.2.13"),
        ),
    ] {
        let found = findings(driver, rules, json!([one])).remove(0);
        assert_eq!(found.kind, Kind::Dependency, "{driver}");
        let component = found.component.unwrap_or_else(|| panic!("{driver}: no component"));
        assert_eq!((component.name.as_str(), component.version.as_deref()), ("zlib", Some("1.2.11")), "{driver}");
        assert_eq!(found.fix.and_then(|fix| fix.version).as_deref(), fixed, "{driver}");
        let severity = if matches!(driver, "grype" | "Trivy") { Severity::Low } else { Severity::High };
        assert_eq!(found.severity, severity, "{driver}");
    }
}

#[test]
fn a_linter_of_a_package_manager_is_no_package_scanner() {
    for driver in ["npm-groovy-lint", "retirement-planner", "npmrc-lint"] {
        let found = findings(driver, json!([]), json!([result("NoDef", "no def", "Jenkinsfile")])).remove(0);
        assert_eq!((found.kind, found.component), (Kind::Code, None), "{driver}");
    }
}

#[test]
fn an_image_in_the_place_of_a_file_is_no_path() {
    let found =
        findings("Prisma Cloud (twistcli)", json!([]), json!([result("CVE-2024-1000", "x", "reg.test/web:1.2")]));
    assert_eq!(
        (found[0].location.path.as_deref(), found[0].location.image.as_deref()),
        (None, Some("reg.test/web:1.2"))
    );
}

#[test]
fn what_the_result_says_of_its_severity_beats_its_rule() {
    let rule = |score: &str| json!([{"id": "R", "defaultConfiguration": {"level": "error"}, "properties": {"security-severity": score}}]);
    let rated = |score: &str, change: &dyn Fn(&mut Value)| {
        let mut one = result("R", "x", "a.c");
        change(&mut one);
        findings("Any", rule(score), json!([one])).remove(0).severity
    };
    for odd in ["undefined", "null", "N/A", "NaN", "-", "", "11", "-1"] {
        assert_eq!(rated(odd, &|_| ()), Severity::High, "{odd}");
    }
    assert_eq!(rated("9.8", &|_| ()), Severity::Critical);
    assert_eq!(rated("9.8", &|one| one["level"] = json!("warning")), Severity::Medium);
    assert_eq!(rated("9.8", &|one| one["properties"] = json!({"issue_severity": "LOW"})), Severity::Low);
    assert_eq!(rated("9.8", &|one| one["properties"] = json!({"security-severity": "5.0"})), Severity::Medium);
}

#[test]
fn a_file_that_could_not_be_parsed_is_not_examined_and_no_finding() {
    for (driver, rule) in [
        ("Hadolint", "DL1000"),
        ("ruff", "invalid-syntax"),
        ("oxlint", "OXL0001"),
        ("ansible-lint", "syntax-check[specific]"),
    ] {
        let scans = scans(&report(&run(driver, json!([]), json!([result(rule, "cannot parse", "src/a")]))));
        assert_eq!(
            (scans[0].findings.len(), &scans[0].unexamined[..], scans[0].complete),
            (0, &["src/a".to_owned()][..], true),
            "{driver}"
        );
    }
}

#[test]
fn warnings_tell_what_was_not_looked_at() {
    let told = |driver: &str, level: &str, id: &str, text: &str| {
        let note = json!({"descriptor": {"id": id}, "level": level, "message": {"text": text}});
        let mut run = run(driver, json!([]), json!([]));
        run["invocations"] = json!([{"executionSuccessful": true, "toolExecutionNotifications": [note]}]);
        let scan = scans(&report(&run)).remove(0);
        (scan.complete, scan.unexamined)
    };
    let file = |path: &str| (true, vec![path.to_owned()]);
    let semgrep = "Semgrep OSS";
    assert_eq!(told(semgrep, "warning", "Syntax error", "Syntax error at line src/app.py:3:\n x"), file("src/app.py"));
    assert_eq!(told(semgrep, "warning", "Timeout", "Timeout when running rules.a on src/b.js:\n "), file("src/b.js"));
    assert_eq!(told(semgrep, "note", "Missing plugin", "Missing plugin for rule rules.apex:\n x"), (false, vec![]));
    assert_eq!(told("Any", "warning", "", "3 files could not be parsed"), (false, vec![]));
    assert_eq!(told("Any", "warning", "", "a new version is there"), (true, vec![]));
    assert_eq!(told("Any", "note", "", "no timeout was needed"), (true, vec![]));
}

#[test]
fn hashes_of_lines_are_no_fingerprints() {
    let kept = |driver: &str, value: &str| {
        let mut one = result("R", "x", "a.ex");
        one["partialFingerprints"] = json!({"primaryLocationLineHash": value});
        findings(driver, json!([]), json!([one])).remove(0).evidence.fingerprints.len()
    };
    assert_eq!(kept("CodeQL", "39fa2ee980eb94b0:1"), 1);
    assert_eq!(kept("Any", "70682D8B69026A9A067A0A275B96949D"), 0);
    assert_eq!(kept("Sobelow", "39fa2ee980eb94b0:1"), 0);
}

#[test]
fn levels_mean_what_the_tools_own_format_says() {
    for (driver, rule, level, severity) in [
        ("Checkov", "CKV_AWS_1", "error", Severity::Medium),
        ("Hadolint", "DL3002", "warning", Severity::High),
        ("Semgrep OSS", "a.b", "note", Severity::Low),
        ("gitleaks", "private-key", "error", Severity::Critical),
        ("gitleaks", "generic-api-key", "error", Severity::High),
        ("govulncheck", "GO-2024-1000", "warning", Severity::Low),
        ("Any", "a", "error", Severity::High),
    ] {
        let mut one = result(rule, "x", "a");
        one["level"] = json!(level);
        assert_eq!(findings(driver, json!([]), json!([one]))[0].severity, severity, "{driver} {rule}");
    }
}

#[test]
fn several_spellings_of_a_property_may_stand_together() {
    let mut one = result("CVE-2024-1000", "x", "a.lock");
    one["properties"] = json!({"cwe": "79", "CWE": ["CWE-80"], "packageName": "zlib", "pkgName": "zlib", "fixed_version": "2", "precision": "High"});
    let found = findings("grype", json!([]), json!([one])).remove(0);
    assert!(
        ["CWE-79", "CWE-80"].iter().all(|cwe| found.identifiers.iter().any(|id| id == cwe)),
        "{:?}",
        found.identifiers
    );
    assert_eq!(found.component.map(|component| component.name).as_deref(), Some("zlib"));
    assert_eq!(found.facts.confidence.as_deref(), Some("high"));
}

#[test]
fn older_sarif_is_told_by_its_version() {
    let text = json!({"version": "1.0.0", "runs": [{"tool": {"name": "Lint"}, "results": []}]}).to_string();
    let told = read("sarif", &text).unwrap_err().to_string();
    assert!(told.contains("this is SARIF 1.0.0, and only 2.1.0 is read"), "{told}");
}

#[test]
fn a_sentence_in_place_of_a_path_is_no_path() {
    let of_file = result("TokenPermissionsID", "score is 0: no topLevel permission", ".github/workflows/ci.yml");
    let of_all = result("LicenseID", "score is 0: license file not detected", "no file associated with this alert");
    let found = findings("Scorecard", json!([]), json!([of_file, of_all]));
    assert_eq!(found[0].location.path.as_deref(), Some(".github/workflows/ci.yml"));
    assert!(found[1].location.is_empty(), "{:?}", found[1].location);
}
