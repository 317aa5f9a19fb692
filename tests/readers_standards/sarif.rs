//! SARIF 2.1.0.

use findsync::finding::{Kind, Severity, Status};

use super::{error, findings, fixture, read, survives_mutation};

#[test]
fn none() {
    let scans = fixture("sarif/none.sarif");
    assert_eq!(scans.len(), 1);
    assert_eq!((scans[0].reader.as_str(), scans[0].scanner.as_str()), ("sarif", "Lint"));
    assert!(scans[0].complete && scans[0].findings.is_empty());
}

#[test]
fn one() {
    let scans = fixture("sarif/one.sarif");
    let scan = &scans[0];
    assert_eq!((scan.scanner.as_str(), scan.target.as_str()), ("CodeQL", "/language:javascript"));
    let [finding] = &scan.findings[..] else { panic!("{:?}", scan.findings) };
    assert_eq!(finding.title, "Uncontrolled data used in path expression");
    assert_eq!((finding.severity, finding.status, finding.kind), (Severity::High, Status::Active, Kind::Code));
    assert_eq!(finding.identifiers, ["CWE-22", "CWE-73"]);
    assert_eq!(finding.location.path.as_deref(), Some("services/shop/a b.js"));
    assert_eq!((finding.location.start_line, finding.location.resource.as_deref()), (Some(12), Some("shop.read")));
    assert_eq!(finding.locations.len(), 1);
    assert_eq!(finding.locations[0].path.as_deref(), Some("services/shop/in.js"));
    assert_eq!(
        finding.description.as_deref(),
        Some("This path depends on a user-provided value.\n\nAccessing paths that users control can expose files.")
    );
    assert_eq!(finding.references, ["https://example.com/js/path-injection"]);
    assert_eq!(finding.fix.as_ref().unwrap().text.as_deref(), Some("Check the path against a list."));
    assert_eq!(finding.cvss[0].score, Some(7.5));
    assert_eq!(finding.evidence.fingerprints[0].name, "primaryLocationLineHash");
    let snippet = finding.evidence.snippet.as_ref().unwrap();
    assert_eq!(snippet.lines.trim(), "fs.readFile(p);");
    assert_eq!(snippet.before.as_deref(), Some("const p = req.query.p;"));
    assert_eq!(snippet.after.as_deref(), Some("done();"));
}

#[test]
fn a_proposed_fix_is_what_it_writes() {
    for (fixes, wanted) in [
        (r#"{"description": {"text": "Use a list."}}"#, Some("Use a list.")),
        (
            r#"{"description": {"text": "bad"}, "artifactChanges": [{"replacements": [{"insertedContent": {"text": "safe(x)"}}]}]}"#,
            Some("Replace by:\nsafe(x)"),
        ),
        (r#"{"artifactChanges": [{"replacements": [{"deletedRegion": {"startLine": 1}}]}]}"#, Some("Remove it.")),
        ("{}", None),
    ] {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "Lint"}}}}, "results": [{{"ruleId": "a", "message": {{"text": "bad"}}, "fixes": [{fixes}]}}]}}]}}"#
        );
        let found = findings("sarif", &text);
        assert_eq!(found[0].fix.as_ref().and_then(|fix| fix.text.as_deref()), wanted, "{fixes}");
    }
}

#[test]
fn many() {
    let scans = fixture("sarif/many.sarif");
    assert_eq!(scans.len(), 2);
    let lint = &scans[0];
    assert!(lint.complete && lint.failure.is_none());
    let told: Vec<_> = lint.findings.iter().map(|f| (f.title.as_str(), f.severity, f.status)).collect();
    assert_eq!(
        told,
        [
            // Its message lacks an argument.
            ("L1/md5", Severity::Medium, Status::Active),
            ("Shared words for you.", Severity::Low, Status::Active),
            ("accepted", Severity::High, Status::RiskAccepted),
            ("no weakness", Severity::Info, Status::FalsePositive),
            ("under review", Severity::Info, Status::Active),
            ("rejected", Severity::Medium, Status::Active),
            ("to be reviewed", Severity::Medium, Status::Active),
            ("still there", Severity::Medium, Status::Active),
        ]
    );
    let cwes: Vec<_> = lint.findings.iter().map(|f| f.identifiers.join(" ")).collect();
    assert_eq!(cwes, ["CWE-327", "CWE-89", "", "", "", "CWE-1 CWE-22", "", ""]);
    assert_eq!(lint.findings[2].justification.as_deref(), Some("suppressed in the source"));
    assert_eq!(lint.findings[3].justification.as_deref(), Some("False-positive: see #1"));
    let dynamic = &lint.findings[7];
    assert_eq!(
        (dynamic.kind, dynamic.location.url.as_deref()),
        (Kind::Dynamic, Some("https://shop.example/login?x=1"))
    );

    let trivy = &scans[1];
    assert_eq!((trivy.complete, trivy.failure.as_deref()), (false, Some("out of memory")));
    assert_eq!(trivy.target, "registry.example:5000/shop/web");
    let kinds: Vec<_> = trivy.findings.iter().map(|f| (f.kind, f.severity)).collect();
    assert_eq!(
        kinds,
        [(Kind::Dependency, Severity::High), (Kind::Infrastructure, Severity::High), (Kind::Secret, Severity::High)]
    );
    let lodash = &trivy.findings[0];
    let component = lodash.component.as_ref().unwrap();
    assert_eq!((component.name.as_str(), component.version.as_deref()), ("lodash", Some("4.17.20")));
    assert_eq!(component.purl.as_deref(), Some("pkg:npm/lodash@4.17.20"));
    assert_eq!(lodash.fix.as_ref().unwrap().version.as_deref(), Some("4.17.21"));
    assert_eq!(lodash.identifiers, ["CVE-2021-23337"]);
}

fn run(members: &str) -> String {
    format!(r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "T"}}}}, {members}}}]}}"#)
}

#[test]
fn what_did_not_run_vouches_for_nothing() {
    for (members, failure) in [
        (r#""invocations": []"#, "no `results`"),
        (r#""results": null"#, "no `results`"),
        (r#""results": [], "invocations": [{"executionSuccessful": false}]"#, "not successful"),
        (
            r#""results": [], "invocations": [{"executionSuccessful": true,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": "parser crashed"}}]}]"#,
            "parser crashed",
        ),
    ] {
        let scans = read("sarif", &run(members)).unwrap();
        assert!(!scans[0].complete);
        assert!(scans[0].failure.as_deref().is_some_and(|text| text.contains(failure)), "{:?}", scans[0].failure);
    }
}

#[test]
fn a_file_that_was_not_examined_is_named() {
    let text = run(r#""results": [], "artifacts": [{"location": {"uri": "src/b.py"}}], "invocations": [
        {"executionSuccessful": true, "toolExecutionNotifications": [
            {"level": "error", "message": {"text": "x"}, "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": "./src/a%20b.py"}}},
                {"physicalLocation": {"artifactLocation": {"index": 0}}}]},
            {"level": "note", "message": {"text": "fine"}, "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": "src/c.py"}}}]}]}]"#);
    let scans = read("sarif", &text).unwrap();
    assert_eq!((scans[0].complete, scans[0].failure.as_deref()), (true, None));
    assert_eq!(scans[0].unexamined, ["src/a b.py", "src/b.py"]);

    // A rule that could not be loaded was looked for nowhere.
    let text = text.replace("toolExecutionNotifications", "toolConfigurationNotifications");
    let scans = read("sarif", &text).unwrap();
    assert_eq!((scans[0].failure.as_deref(), scans[0].unexamined.len()), (Some("x"), 0));
}

#[test]
fn what_is_no_sarif_is_an_error() {
    for (text, part) in [
        (r#"{"version": "2.1.0"}"#.to_owned(), "`runs` is missing"),
        (r#"{"version": "2.1.0", "runs": []}"#.to_owned(), "`runs` is empty"),
        (r#"{"version": "2.0.0", "runs": []}"#.to_owned(), "this is SARIF 2.0.0"),
        // Whatever else is other there, the version is what is wrong.
        (r#"{"version": "2.2", "runs": []}"#.to_owned(), "this is SARIF 2.2,"),
        (
            r#"{"version": "1.0.0", "runs": [{"logicalLocations": {"a": {}}, "tool": {"name": "FxCop"}}]}"#.to_owned(),
            "this is SARIF 1.0.0, and only 2.1.0 is read",
        ),
        (
            r#"{"runs": [{"originalUriBaseIds": {"SRCROOT": "file:///a/"}}], "version": "2.0.0-csd.2.beta.2018-09-26"}"#
                .to_owned(),
            "this is SARIF 2.0.0,",
        ),
        (r#"{"version": "2.1.0", "runs": {}}"#.to_owned(), "`runs`: invalid type: map"),
        (r#"{"version": "2.1.0", "runs": [{}]}"#.to_owned(), "`runs[0].tool.driver.name` is missing"),
        (run(r#""results": [{"message": {"text": "a"}}, {}]"#), "`runs[0].results[1]` has neither"),
        (run(r#""results": [{"locations": 7}]"#), "`runs[0].results[0].locations`: invalid type"),
        (
            run(r#""externalPropertyFileReferences": {"results": [{"location": {"uri": "r.json"}}]}"#),
            "`runs[0].externalPropertyFileReferences.results` says that they are in another file, which is not read",
        ),
        (
            run(r#""externalPropertyFileReferences": {"driver": {"guid": "1"}}, "results": []"#),
            "externalPropertyFileReferences.driver` says that they are in another file",
        ),
    ] {
        assert!(error("sarif", &text).contains(part), "{}", error("sarif", &text));
    }
}

#[test]
fn leaves_of_wrong_types_are_absent() {
    let text = run(
        r#""results": [{"ruleId": ["x"], "level": 3, "message": {"text": "a"}, "ruleIndex": "no", "rank": {},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": 5, "index": -1}, "region": {"startLine": "x"}}}],
            "suppressions": null, "partialFingerprints": {"a": 1, "b": null}}]"#,
    );
    let findings = findings("sarif", &text);
    assert_eq!((findings[0].title.as_str(), findings[0].severity), ("a", Severity::Medium));
    assert_eq!(findings[0].location.start_line, None);
    assert_eq!(findings[0].evidence.fingerprints.len(), 1);
}

#[test]
fn base_ids_that_run_in_circles_end() {
    let text = run(
        r#""originalUriBaseIds": {"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}},
        "results": [{"message": {"text": "a"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "x.c", "uriBaseId": "A"}}}]}]"#,
    );
    assert!(findings("sarif", &text)[0].location.path.as_deref().unwrap().ends_with("b/a/x.c"));
}

#[test]
fn a_root_below_the_repository_counts() {
    let text = run(
        r#""originalUriBaseIds": {"REPO": {"uri": "file:///ci/work/"}, "SRC": {"uri": "file:///ci/work/api/"}},
        "versionControlProvenance": [{"repositoryUri": "https://example.com", "mappedTo": {"uriBaseId": "REPO"}}],
        "results": [{"message": {"text": "a"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "x.c", "uriBaseId": "SRC"}}}]}]"#,
    );
    assert_eq!(findings("sarif", &text)[0].location.path.as_deref(), Some("api/x.c"));
}

#[test]
fn secrets_leave_only_their_hash() {
    let secret = "ghp_0123456789abcdefXYZ";
    for snippet in [secret.to_owned(), format!("token = \\\"{secret}\\\"")] {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "gitleaks"}}}}, "results": [{{"ruleId": "github-pat",
            "message": {{"text": "github-pat has detected secret {secret} for file .env."}}, "locations": [{{"physicalLocation": {{
            "artifactLocation": {{"uri": ".env"}}, "region": {{"startLine": 1, "snippet": {{"text": "{snippet}"}}}}}}}}]}}]}}]}}"#
        );
        let found = findings("sarif", &text);
        assert_eq!(found[0].kind, Kind::Secret);
        assert_eq!(found[0].evidence.secret_hash.is_some(), snippet == secret);
        let shown = serde_json::to_string(&found).unwrap();
        assert!(
            secret.as_bytes().windows(8).all(|part| !shown.contains(std::str::from_utf8(part).unwrap())),
            "{shown}"
        );
    }
}

#[test]
fn mutated() {
    for text in [include_str!("../fixtures/sarif/one.sarif"), include_str!("../fixtures/sarif/many.sarif")] {
        survives_mutation("sarif", text);
    }
}

#[test]
fn invocations_override_the_level_of_rules() {
    let text = r#"{"version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "T", "rules": [{"id": "A"}, {"id": "B", "defaultConfiguration": {"level": "note"}}]}},
        "invocations": [{"executionSuccessful": true, "ruleConfigurationOverrides": [
            {"descriptor": {"id": "A"}, "configuration": {"level": "error"}},
            {"descriptor": {"index": 1}, "configuration": {"level": "error"}}]}],
        "results": [
            {"ruleId": "A", "message": {"text": "by id"}},
            {"ruleId": "B", "ruleIndex": 1, "message": {"text": "by index"}},
            {"ruleId": "A", "level": "note", "message": {"text": "its own"}},
            {"ruleId": "B", "message": {"text": "of another run"}, "provenance": {"invocationIndex": 7}}]}]}"#;
    let severities: Vec<_> = findings("sarif", text).iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::High, Severity::High, Severity::Info, Severity::Info]);
}

#[test]
fn the_version_may_be_forgotten() {
    let text = r#"{"runs": [{"tool": {"driver": {"name": "T"}}, "results": [{"message": {"text": "x"}}]}]}"#;
    assert_eq!(findings("sarif", text).len(), 1);
    assert!(error("sarif", &text.replacen('{', r#"{"version": "1.0.0", "#, 1)).contains("1.0.0"));
}

#[test]
fn what_a_baseline_calls_absent_is_gone_and_all_else_is_there() {
    let found = |state: &str| {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "x"}}}}, "results": [
            {{"ruleId": "R", "baselineState": {state}, "message": {{"text": "m"}}}}]}}]}}"#
        );
        let scans = read("sarif", &text).unwrap();
        (scans[0].findings.len(), scans[0].complete)
    };
    for (state, count) in [("\"absent\"", 0), ("\"new\"", 1), ("\"unchanged\"", 1), ("\"updated\"", 1), ("null", 1)] {
        assert_eq!(found(state), (count, true), "{state}");
    }
}
