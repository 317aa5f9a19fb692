//! The built-in scanner definitions: what they make of small reports, and what they say of wrong ones.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use findsync::config::ReportSource;
use findsync::finding::{Finding, Kind, KnownExploited, Scan, Severity, Status};
use findsync::readers::{ReadOptions, list, read_bytes, read_reports, try_definition};

fn fixture(path: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(path: &str) -> Vec<Scan> {
    read_bytes(path, fixture(path), None).unwrap_or_else(|error| panic!("{error}"))
}

fn findings(path: &str) -> Vec<Finding> {
    read(path).into_iter().flat_map(|scan| scan.findings).collect()
}

fn error(path: &str, text: &str) -> String {
    read_bytes(path, text.into(), None).unwrap_err().to_string()
}

#[test]
fn one_cve_in_four_scanners_is_told_alike() {
    for path in
        ["trivy/one.json", "grype/one.json", "osv_scanner/one.json", "npm_audit_7_plus/one.json", "npm_audit/one.json"]
    {
        let finding = &findings(path)[0];
        assert_eq!(
            (finding.kind, finding.severity, finding.status),
            (Kind::Dependency, Severity::High, Status::Active),
            "{path}"
        );
        assert!(finding.identifiers.contains(&"GHSA-35jh-r3h4-6jhm".to_owned()), "{path}: {:?}", finding.identifiers);
        let component = finding.component.as_ref().unwrap();
        assert_eq!(component.name, "lodash", "{path}");
        assert!(component.purl.as_deref().unwrap().starts_with("pkg:npm/lodash"), "{path}");
        assert!(!finding.keys.is_empty(), "{path}");
    }
    let trivy = &findings("trivy/one.json")[0];
    assert_eq!(trivy.identifiers, ["CVE-2021-23337", "GHSA-35jh-r3h4-6jhm", "CWE-94"]);
    assert_eq!(trivy.location.image.as_deref(), Some("registry.test/shop:1.4"));
    assert_eq!(trivy.fix.as_ref().unwrap().version.as_deref(), Some("4.17.21"));
}

#[test]
fn trivy_tells_kinds_apart() {
    let found = findings("trivy/many.json");
    let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::Dependency, Kind::Infrastructure, Kind::Secret]);
    assert_eq!(found[0].location.path.as_deref(), Some("web/package-lock.json"));
    assert_eq!(found[1].location.resource.as_deref(), Some("aws_s3_bucket.logs"));
    assert_eq!((found[1].location.start_line, found[1].location.end_line), (Some(3), Some(5)));
}

#[test]
fn parts_are_read_in_order_and_the_first_wrong_one_is_told() {
    let vulnerability = |n: usize| {
        let severity = if n == 1500 || n == 2500 { "\"Odd\"" } else { "\"High\"" };
        format!(r#"{{"VulnerabilityID":"CVE-2026-{n}","PkgName":"p","InstalledVersion":"1","Severity":{severity}}}"#)
    };
    let report = |count: usize| {
        let all = (0..count).map(vulnerability).collect::<Vec<_>>().join(",");
        format!(
            r#"{{"SchemaVersion":2,"ArtifactName":"shop","Results":[{{"Target":"a.lock","Vulnerabilities":[{all}]}}]}}"#
        )
    };
    let scans = read_bytes("trivy.json", report(1500).into(), None).unwrap();
    let rules: Vec<_> = scans[0].findings.iter().map(|finding| finding.rule.clone().unwrap()).collect();
    assert_eq!(rules, (0..1500).map(|n| format!("CVE-2026-{n}")).collect::<Vec<_>>());
    let told = error("trivy.json", &report(3000));
    assert!(told.contains("findings[1500].severity: a severity was expected") && !told.contains("Odd"), "{told}");
}

#[test]
fn suppressed_is_not_active() {
    let found = findings("semgrep/many.json");
    assert_eq!(found.iter().filter(|finding| finding.status == Status::RiskAccepted).count(), 1);
    assert_eq!(found[2].kind, Kind::Dependency);
    let checkov = findings("checkov/many.json");
    let skipped = checkov.iter().find(|finding| finding.status == Status::RiskAccepted).unwrap();
    assert_eq!(skipped.justification.as_deref(), Some("fine"));
}

#[test]
fn zap_reads_the_same_from_xml_and_json() {
    let (xml, json) = (findings("zap/one.xml"), findings("zap/one.json"));
    assert_eq!(xml[0].location, json[0].location);
    assert_eq!(xml[0].keys, json[0].keys);
    assert_eq!(xml[0].description.as_deref(), Some("XSS is <bad>"));
    assert_eq!(xml[0].references, ["https://owasp.test/xss"]);
    assert_eq!(findings("zap/many.xml")[0].locations.len(), 1);
}

#[test]
fn wrong_shapes_are_errors_that_name_the_place() {
    let semgrep = error(
        "s.json",
        r#"{"results":[{"check_id":"a","path":{"x":1},"start":{"line":1},"end":{"line":1},"extra":{}}],"errors":[]}"#,
    );
    assert!(
        semgrep.contains("`s.json`") && semgrep.contains("`semgrep`") && semgrep.contains("findings[0].location.path"),
        "{semgrep}"
    );
    assert!(semgrep.contains("a text was expected, got an object"), "{semgrep}");
    let trivy = error("t.json", r#"{"SchemaVersion":2,"ArtifactName":"a","Results":{"oops":1}}"#);
    assert!(trivy.contains("an array was expected, got object"), "{trivy}");
    let severity = error(
        "g.json",
        r#"{"matches":[{"vulnerability":{"id":"X","severity":"spicy"},"artifact":{"name":"a","version":"1"}}],"descriptor":{"name":"grype"}}"#,
    );
    assert!(
        severity.contains("findings[0].severity: a severity was expected") && !severity.contains("spicy"),
        "{severity}"
    );
    let pip = error("p.json", r#"[{"name":"a","version":"1","vulns":"none"}]"#);
    assert!(pip.contains("an array was expected"), "{pip}");
}

#[test]
fn what_is_no_report_is_never_an_empty_list() {
    assert_eq!(error("a.json", " \n"), "`a.json` is empty: the scanner wrote nothing");
    assert!(
        error("a.json", "{\"SchemaVersion\": 2, ").contains("line 1, column 22"),
        "{}",
        error("a.json", "{\"SchemaVersion\": 2, ")
    );
    let foreign = error("a.json", r#"{"results": 1, "shop": true}"#);
    assert!(foreign.contains("no reader recognises `a.json`") && foreign.contains("`results`, `shop`"), "{foreign}");
    assert!(error("a.txt", "hello there").contains("plain text"));
    assert!(error("a.bin", "\0\u{1}\u{2}").contains("not a text file"));
    let unknown = read_bytes("a.json", b"{}".to_vec(), Some("trivi")).unwrap_err().to_string();
    assert!(unknown.contains("did you mean `trivy`?"), "{unknown}");
}

#[test]
fn names_of_defectdojo_choose_readers() {
    for name in ["anchore_grype", "grype"] {
        assert_eq!(read_bytes("r", fixture("grype/one.json"), Some(name)).unwrap()[0].reader, "grype");
    }
}

#[test]
fn names_of_tools_find_their_way_to_what_they_write() {
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Bandit"}}, "results": []}]}"#;
    for name in ["sarif", "codeql", "CodeQL", "bandit", "bandit-sarif", "eslint", "eslint_sarif", "trivy", "some-sarif"]
    {
        let scans = read_bytes("r.json", sarif.into(), Some(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(scans[0].reader, "sarif", "{name}");
    }
    let error = read_bytes("r.json", b"{}".to_vec(), Some("codeql")).unwrap_err().to_string();
    assert!(!error.contains("no reader is called"), "{error}");
    assert!(read_bytes("r.json", sarif.into(), Some("codeqll")).unwrap_err().to_string().contains("codeqll"));
}

#[test]
fn words_are_translated_by_the_tables_of_a_definition() {
    let dir = tempfile::tempdir().unwrap();
    let yaml = r#"
name: ours
title: Ours
homepage: https://ours.test
kind: dependency
input: json
recognises: []
severity:
  map: {Blocker: High, "level_1": Low, "7": Critical}
  default: Medium
status:
  map: {WONT-FIX: Risk Accepted, done: Closed}
  default: Active
ecosystem:
  map: {node_js: npm}
helpers: |
  def words: [.a, .b];
findings: |
  .[] | {title: "x", severity: words, status: .s, cvss: [{score: .c}], component: {name: "n", ecosystem: .e}}
"#;
    fs::write(dir.path().join("ours.yml"), yaml).unwrap();
    let rows = r#"[{"a": "BLOCKER", "s": "wont fix", "e": "Node.js"}, {"a": "odd", "b": "level 1", "s": "Done", "e": "node-js"},
        {"a": 7}, {"a": "8", "c": 2}, {"a": "odd", "s": "odd"}, {"a": "unknown", "c": 9.5, "s": "false_positive"}, {"b": "critical"}]"#;
    fs::write(dir.path().join("r.json"), rows).unwrap();
    let trial = |yaml: &str| {
        fs::write(dir.path().join("ours.yml"), yaml).unwrap();
        try_definition("ours.yml", "r.json", &ReadOptions::new(dir.path()))
    };
    let found = trial(yaml).unwrap().scans.remove(0).findings;
    let told: Vec<_> = found.iter().map(|finding| (finding.severity, finding.status)).collect();
    assert_eq!(
        told,
        [
            (Severity::High, Status::RiskAccepted),
            (Severity::Low, Status::Closed),
            (Severity::Critical, Status::Active),
            (Severity::Low, Status::Active),
            (Severity::Medium, Status::Active),
            (Severity::Critical, Status::FalsePositive),
            (Severity::Critical, Status::Active),
        ]
    );
    let purl = |at: usize| found[at].component.as_ref().and_then(|component| component.purl.as_deref());
    assert_eq!((purl(0), purl(1)), (None, Some("pkg:npm/n")));
    assert!(trial(yaml).unwrap().lacking.is_empty(), "without `recognises` there is nothing to lack");
    let other =
        trial(&yaml.replace("recognises: []", "recognises:\n  - has: [\"[].a\", \"[].z\"]\n    lacks: [\"[].s\"]"));
    assert_eq!(other.unwrap().lacking, ["[].z", "[].s"]);
    let strict = trial(&yaml.replace("  default: Medium\n", "")).unwrap_err().to_string();
    assert!(strict.contains("findings[3].severity: a severity was expected"), "{strict}");
    let broken = trial(&yaml.replace("def words:", "def words")).unwrap_err().to_string();
    assert!(broken.contains("`helpers`"), "{broken}");
    let twice = trial(&yaml.replace("done: Closed", "done: Closed, DONE: Active")).unwrap_err().to_string();
    assert!(twice.contains("differ only in case"), "{twice}");
}

#[test]
fn a_workspace_has_its_own_definitions() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join(".findsync/scanners");
    fs::create_dir_all(&own).unwrap();
    let yaml = "name: ours\ntitle: Ours\nhomepage: https://ours.test\nkind: code\ninput: json\nrecognises:\n  - has: [issues]\n\
                findings: '.issues[] | {title: .t, severity: .s, location: {path: .p, start_line: .l}}'\n";
    fs::write(own.join("ours.yml"), yaml).unwrap();
    fs::write(dir.path().join("r.json"), r#"{"issues":[{"t":"a","s":9.8,"p":"./x\\y.py","l":"2"}]}"#).unwrap();
    fs::create_dir(dir.path().join("x")).unwrap();
    fs::write(dir.path().join("x/y.py"), "one\ntwo\nthree\n").unwrap();
    let options = ReadOptions::new(dir.path());
    let source = |path: &str| ReportSource { path: path.to_owned(), ..ReportSource::default() };
    let scans = read_reports(&[source("*.json")], &options).unwrap();
    let finding = &scans[0].findings[0];
    assert_eq!(
        (scans[0].reader.as_str(), scans[0].target.as_str(), finding.severity),
        ("ours", "r.json", Severity::Critical)
    );
    assert_eq!(finding.location.path.as_deref(), Some("x/y.py"));
    let snippet = finding.evidence.snippet.as_ref().unwrap();
    assert_eq!(
        (snippet.before.as_deref(), snippet.lines.as_str(), snippet.after.as_deref()),
        (Some("one"), "two", Some("three"))
    );
    assert!(list(dir.path()).unwrap().iter().any(|info| info.name == "ours"));

    let trial = try_definition(".findsync/scanners/ours.yml", "r.json", &options).unwrap();
    assert!(
        trial.recognised
            && trial.never_filled.contains(&"fix.version")
            && !trial.never_filled.contains(&"location.path")
    );

    // A name that the report does not have makes every finding Info, and must not go unnoticed.
    fs::write(own.join("ours.yml"), yaml.replace("severity: .s", "severity: .sevrity")).unwrap();
    fs::write(dir.path().join("two.json"), r#"{"issues":[{"t":"a","p":"a.c"},{"t":"b"}]}"#).unwrap();
    let trial = try_definition(".findsync/scanners/ours.yml", "two.json", &options).unwrap();
    assert!(trial.never_filled.contains(&"severity") && !trial.never_filled.contains(&"title"));
    assert!(trial.sometimes_lacking.contains(&("location.path", 1)), "{:?}", trial.sometimes_lacking);

    fs::write(own.join("ours.yml"), yaml.replace("title: .t", "titel: .t")).unwrap();
    let typo = read_reports(&[source("r.json")], &options).unwrap_err().to_string();
    assert!(typo.contains("findings[0].titel: there is no such field, did you mean `title`?"), "{typo}");
    fs::write(own.join("ours.yml"), yaml.replace(".issues[]", ".issues[ | nope")).unwrap();
    let broken = read_reports(&[source("r.json")], &options).unwrap_err().to_string();
    assert!(broken.contains("scanner definition `ours`") && broken.contains("jq"), "{broken}");
    fs::write(own.join("ours.yml"), yaml.replace(".issues[]", "env | .issues[]")).unwrap();
    assert!(read_reports(&[source("r.json")], &options).unwrap_err().to_string().contains("not available"));

    let missing = read_reports(&[source("none/*.json")], &options).unwrap_err().to_string();
    assert!(missing.contains("`none/*.json` matches no file"), "{missing}");
    assert!(read_reports(&[source("x")], &options).unwrap_err().to_string().contains("is a directory"));
}

#[test]
fn a_scanner_that_failed_vouches_for_nothing() {
    let told = |level: &str| {
        let error =
            serde_json::json!({"level": level, "type": "InvalidRuleSchemaError", "message": "no rule is valid"});
        let report = serde_json::json!({"version": "1.1", "results": [], "errors": [error], "paths": {"scanned": []}});
        let scans = read_bytes("s.json", report.to_string().into(), None).unwrap();
        (scans[0].complete, scans[0].failure.clone())
    };
    assert_eq!(told("error"), (false, Some("no rule is valid".to_owned())));
    assert_eq!(told("warn"), (true, None));
}

#[test]
fn what_was_not_looked_at_is_vouched_for_by_nobody() {
    let told = |path: &str| {
        let scans = read(path).into_iter();
        scans.map(|scan| (scan.target, scan.complete, scan.failure, scan.findings.len())).collect::<Vec<_>>()
    };
    let failed = |target: &str, why: &str| (target.to_owned(), false, Some(why.to_owned()), 0);
    assert_eq!(
        told("nmap/down.xml"),
        [failed("192.0.2.1", "the host is down"), ("192.0.2.2".to_owned(), true, None, 1)]
    );
    assert_eq!(told("nmap/nobody.xml"), [failed("nmap/nobody.xml", "no host is up")]);
    let nikto = "ERROR: Cannot resolve hostname 'shop.example.com' because 'Name does not resolve'.";
    assert_eq!(told("nikto/failed.json"), [failed("shop.example.com:443", nikto)]);
    assert!(read("nikto/failed.xml")[0].failure.is_some());
    assert_eq!(told("kics/failed.json"), [("kics/failed.json".to_owned(), false, None, 0)]);
    let exception = "org.example.UpdateException: the NVD could not be updated";
    for path in ["dependency_check/failed.json", "dependency_check/failed.xml"] {
        assert_eq!(told(path), [failed("shop", exception)]);
    }
    assert_eq!(told("zap/unreached.xml"), [failed("zap/unreached.xml", "no site was reached")]);
}

#[test]
fn a_new_tag_is_no_new_target() {
    for path in ["trivy/tag.json", "grype/ignored.json"] {
        assert_eq!(read(path)[0].target, "registry.test:5000/acme/shop", "{path}");
    }
    let own = |program: &str, field: &str| {
        let dir = tempfile::tempdir().unwrap();
        let yaml = format!(
            "name: ours\ntitle: Ours\nhomepage: https://ours.test\nkind: other\ninput: json\nrecognises: []\n\
             scope: '{program}'\nfindings: '{{title: \"a\", severity: \"low\", {field}}}'\n"
        );
        fs::write(dir.path().join("ours.yml"), yaml).unwrap();
        fs::write(dir.path().join("r.json"), "{}").unwrap();
        let trial = try_definition("ours.yml", "r.json", &ReadOptions::new(dir.path())).unwrap();
        trial.scans.into_iter().map(|scan| (scan.target, scan.findings.len())).collect::<Vec<_>>()
    };
    assert_eq!(own("{image: \"a.test:5000/b:1\"}", "image: \"a.test:5000/b:2\""), [("a.test:5000/b".to_owned(), 1)]);
    assert_eq!(own("{image: null, target: \"http://a.test:80\"}", "image: null"), [("http://a.test:80".to_owned(), 1)]);
}

#[test]
fn an_empty_array_is_no_scanners_own() {
    let nobodys = error("a.json", "[]");
    assert!(nobodys.contains("does not say whose it is") && nobodys.contains("`reader: NAME`"), "{nobodys}");
    for reader in ["gitleaks", "pip_audit", "prowler"] {
        let scans = read_bytes("a.json", b"[]".to_vec(), Some(reader)).unwrap();
        assert!(scans.len() == 1 && scans[0].complete && scans[0].findings.is_empty(), "{reader}");
    }
}

#[test]
fn a_clean_report_is_its_whose_name_its_path_has() {
    for (path, reader) in [
        ("gitleaks-report.json", Some("gitleaks")),
        ("out/GitLeaks/clean.json", Some("gitleaks")),
        ("reports/CFN lint_1.json", Some("cfn_lint")),
        ("reports/prowler/pip-audit.json", Some("pip_audit")),
        ("recommendations.json", None),
        ("gitleaks/of/old.json", None),
        ("gitleaks-and-whispers.json", None),
        ("sarif.json", None),
    ] {
        let read = read_bytes(path, b"[ ]".to_vec(), None).ok();
        assert_eq!(read.as_ref().map(|scans| scans[0].reader.as_str()), reader, "{path}");
        assert!(read.is_none_or(|scans| scans[0].complete && scans[0].findings.is_empty()), "{path}");
    }
    assert!(read_bytes("gitleaks.json", b"{}".to_vec(), None).is_err());
}

#[test]
fn what_a_report_without_findings_holds_must_be_known() {
    for (reader, text, told) in [
        ("pmd", r#"<pmd version="7"><other x="1"/></pmd>"#, "`pmd.other`"),
        ("pmd", r#"<pmd version="7"><file name="a.java"><other x="1"/></file></pmd>"#, "`pmd.file.other`"),
        ("trivy", r#"{"message": "rate limited"}"#, "nothing else that it writes"),
        (
            "trivy",
            r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "a", "Vulns": [{}]}]}"#,
            "`Results.Vulns`",
        ),
    ] {
        let error = read_bytes("report", text.into(), Some(reader)).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    for (reader, text) in [
        ("pmd", r#"<pmd version="7"/>"#),
        ("pmd", r#"<pmd version="7"><file name="a.java"/></pmd>"#),
        ("trivy", r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "a", "Packages": [{}]}]}"#),
    ] {
        let scans = read_bytes("report", text.into(), Some(reader)).unwrap();
        assert!(scans[0].complete && scans[0].findings.is_empty(), "{text}");
    }
}

#[test]
fn a_header_of_equal_names_is_read_soon() {
    let start = std::time::Instant::now();
    assert!(read_bytes("r.csv", "a,".repeat(100_000).into(), None).is_err());
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn facts_that_help_to_decide_are_read() {
    let grype = r#"{"descriptor": {"name": "grype"}, "source": {"type": "directory", "target": "."}, "matches": [
        {"vulnerability": {"id": "CVE-2024-1000", "severity": "High", "epss": [{"cve": "CVE-2024-1000", "epss": 0.9, "percentile": 0.98}],
          "knownExploited": [{"cve": "CVE-2024-1000", "dateAdded": "2024-05-01", "dueDate": "2024-05-22", "knownRansomwareCampaignUse": "Unknown"}],
          "fix": {"versions": ["1.2", "2.1"]}}, "artifact": {"name": "a", "version": "2.0"}, "matchDetails": []},
        {"vulnerability": {"id": "CVE-2024-1001", "severity": "High"}, "artifact": {"name": "a", "version": "2.0"}}]}"#;
    let found = &read_bytes("grype.json", grype.into(), None).unwrap()[0].findings;
    assert_eq!(found[0].facts.epss.map(|epss| epss.score), Some(0.9));
    let exploited = found[0].facts.known_exploited.as_ref().unwrap();
    assert_eq!((exploited.due.as_deref(), exploited.ransomware), (Some("2024-05-22"), None), "unknown is not no");
    assert_eq!(found[0].fix.as_ref().unwrap().version.as_deref(), Some("2.1"));
    assert!(found[1].facts.is_empty());

    let osv = |called: &str| {
        let text = format!(
            r#"{{"results": [{{"source": {{"path": "go.mod"}}, "packages": [{{"package": {{"name": "a", "version": "1", "ecosystem": "Go"}},
            "vulnerabilities": [{{"id": "GO-2024-1000", "database_specific": {{"severity": "HIGH"}}}}],
            "groups": [{{"ids": ["GO-2024-1000"] {called}}}]}}]}}]}}"#
        );
        let finding = read_bytes("osv.json", text.into(), None).unwrap().remove(0).findings.remove(0);
        (finding.severity, finding.facts.reachability)
    };
    let analysis = |called: bool| format!(r#", "experimentalAnalysis": {{"GO-2024-1000": {{"called": {called}}}}}"#);
    assert_eq!(osv(&analysis(false)), (Severity::Low, Some("not called".to_owned())));
    assert_eq!(osv(&analysis(true)), (Severity::High, Some("called".to_owned())));
    assert_eq!(osv(""), (Severity::High, None));
}

#[test]
fn facts_are_read_wherever_a_report_has_them() {
    let known = |since: Option<&str>, due: Option<&str>| {
        Some(KnownExploited { since: since.map(str::to_owned), due: due.map(str::to_owned), ransomware: None })
    };
    let nuclei = |tags: &str| {
        format!(
            r#"{{"template-id": "CVE-2024-1000", "matched-at": "https://a.example/", "type": "http", "info": {{"name": "a",
            "severity": "high", "tags": {tags}, "classification": {{"epss-score": 0.5, "epss-percentile": 0.9}}}}}}"#
        )
    };
    let check = r#"{"reportSchema": "1.1", "scanInfo": {}, "projectInfo": {"name": "a"}, "dependencies": [{"fileName": "a.jar",
        "filePath": "/a.jar", "vulnerabilities": [{"name": "CVE-2024-1000", "severity": "HIGH",
        "knownExploitedVulnerability": {"dateAdded": "2024-05-01", "dueDate": "2024-05-22"}}]}]}"#;
    for (reader, text, epss, exploited) in [
        ("nuclei", nuclei(r#"["cve", "kev"]"#), Some((0.5, Some(0.9))), known(None, None)),
        ("nuclei", nuclei(r#"["cve"]"#), Some((0.5, Some(0.9))), None),
        ("dependency_check", check.to_owned(), None, known(Some("2024-05-01"), Some("2024-05-22"))),
        ("dependency_check", check.replace("knownExploitedVulnerability", "x"), None, None),
    ] {
        let facts = read_bytes("a.json", text.into(), Some(reader)).unwrap().remove(0).findings.remove(0).facts;
        assert_eq!(facts.epss.map(|epss| (epss.score, epss.percentile)), epss, "{reader}");
        assert_eq!(facts.known_exploited, exploited, "{reader}");
    }
    let confidence = |reader: &str, text: &str| {
        read_bytes("a.json", text.into(), Some(reader)).unwrap().remove(0).findings.remove(0).facts.confidence
    };
    let gosec = |word: &str| {
        format!(
            r#"{{"Issues": [{{"severity": "HIGH", "confidence": "{word}", "rule_id": "G101", "details": "a", "file": "a.go",
            "code": "1: a", "line": "1", "column": "1"}}], "Golang errors": {{}}, "Stats": {{"found": 1}}}}"#
        )
    };
    assert_eq!(confidence("gosec", &gosec("LOW")).as_deref(), Some("low"));
    assert_eq!(confidence("gosec", &gosec("UNDEFINED")), None, "undefined is no confidence");
}

#[test]
fn rules_are_called_without_the_machines_path() {
    for (written, rule) in [
        ("builds.acme.shop.rules.eval", "rules.eval"),
        ("home.runner.work.shop.shop.rules.eval", "rules.eval"),
        ("python.lang.security.eval", "python.lang.security.eval"),
    ] {
        let json = format!(
            r#"{{"results": [{{"check_id": "{written}", "path": "a.py", "start": {{"line": 1}}, "end": {{"line": 1}}, "extra": {{"severity": "ERROR"}}}}], "errors": []}}"#
        );
        let sarif = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "Semgrep OSS"}}}}, "results": [{{"ruleId": "{written}", "level": "error", "message": {{"text": "x"}}}}]}}]}}"#
        );
        for text in [json, sarif] {
            let finding = read_bytes("s.json", text.into(), None).unwrap().remove(0).findings.remove(0);
            assert_eq!(finding.rule.as_deref(), Some(rule));
        }
    }
}

#[test]
fn a_title_does_not_tell_what_is_missing() {
    let text = r#"{"matches": [{"vulnerability": {"id": "CVE-2024-1000"}, "artifact": {"name": "a"}}], "descriptor": {"name": "grype"}}"#;
    let title = |text: &str| read_bytes("g.json", text.into(), None).unwrap().remove(0).findings.remove(0).title;
    assert_eq!(title(text), "CVE-2024-1000 in a");
    assert_eq!(title(&text.replace(r#""name": "a""#, r#""version": "1""#)), "CVE-2024-1000 in 1");
}
