//! CycloneDX with vulnerabilities.

use findsync::finding::{Kind, Severity, Status};

use super::{error, findings, fixture, read, survives_mutation};

#[test]
fn none() {
    let scans = fixture("cyclonedx/none.json");
    assert_eq!((scans[0].reader.as_str(), scans[0].scanner.as_str()), ("cyclonedx", "depscan"));
    assert!(scans[0].complete && scans[0].findings.is_empty());
}

#[test]
fn one_in_xml() {
    let scans = fixture("cyclonedx/one.xml");
    assert_eq!(scans[0].scanner, "grype");
    let [finding] = &scans[0].findings[..] else { panic!("{:?}", scans[0].findings) };
    assert_eq!((finding.severity, finding.status), (Severity::Critical, Status::FalsePositive));
    assert_eq!(finding.justification.as_deref(), Some("false positive: update: not ours"));
    assert_eq!(finding.identifiers, ["CVE-2021-99999", "GHSA-aaaa-bbbb-cccc"]);
    let component = finding.component.as_ref().unwrap();
    assert_eq!((component.name.as_str(), component.version.as_deref()), ("a", Some("1.0")));
    assert_eq!(finding.references, ["https://example.com/1"]);
}

#[test]
fn the_extension_of_older_versions() {
    let scans = fixture("cyclonedx/extension.xml");
    assert_eq!(scans[0].scanner, "Acme Scan");
    assert!(scans[0].complete);
    let [finding] = &scans[0].findings[..] else { panic!("{:?}", scans[0].findings) };
    assert_eq!((finding.severity, finding.cvss[0].score), (Severity::Critical, Some(9.8)));
    assert_eq!(finding.identifiers, ["CVE-2018-7489", "CWE-184", "CWE-502"]);
    assert_eq!(finding.description.as_deref(), Some("Reads <anything>."));
    assert_eq!(finding.fix.as_ref().unwrap().text.as_deref(), Some("Upgrade"));
    assert_eq!(finding.component.as_ref().unwrap().purl.as_deref(), Some("pkg:npm/a@1.0"));
    assert_eq!(finding.references.len(), 3);
}

#[test]
fn many() {
    let scans = fixture("cyclonedx/many.json");
    let scan = &scans[0];
    assert_eq!((scan.scanner.as_str(), scan.target.as_str()), ("trivy", "registry.example:5000/shop"));
    let told: Vec<_> = scan.findings.iter().map(|f| (f.title.as_str(), f.severity, f.status)).collect();
    assert_eq!(
        told,
        [
            ("CVE-2021-23337 in lodash", Severity::High, Status::Active),
            ("CVE-2021-23337 in com.fasterxml:databind", Severity::High, Status::Active),
            ("CVE-2020-1 in com.fasterxml:databind", Severity::Critical, Status::FalsePositive),
            ("CVE-2020-2 in com.fasterxml:databind", Severity::Medium, Status::Closed),
            ("CVE-2020-3 in com.fasterxml:databind", Severity::Info, Status::Active),
            ("CVE-2020-5 in unlisted", Severity::Medium, Status::Active),
        ]
    );
    let lodash = &scan.findings[0];
    assert_eq!(lodash.kind, Kind::Dependency);
    assert_eq!(lodash.location.path.as_deref(), Some("app/node_modules/lodash/package.json"));
    assert_eq!(lodash.location.image.as_deref(), Some("registry.example:5000/shop:1.4"));
    assert_eq!(lodash.description.as_deref(), Some("Command injection.\n\nIn template."));
    assert_eq!(lodash.cvss[0].score, Some(7.2));
    assert_eq!(scan.findings[1].location.start_line, Some(3));
    assert_eq!(scan.findings[1].locations.len(), 1);
    assert_eq!(scan.findings[2].justification.as_deref(), Some("code not reachable: never called"));
}

#[test]
fn what_is_exploitable_or_undecided_stays_active() {
    let status = |state: &str, response: &str| {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [{{"id": "CVE-1",
            "analysis": {{"state": "{state}", "response": ["{response}"]}}}}]}}"#
        );
        read("cyclonedx", &text).unwrap()[0].findings[0].status
    };
    for response in ["can_not_fix", "will_not_fix", "update", "rollback", "workaround_available"] {
        assert_eq!((status("exploitable", response), status("in_triage", response)), (Status::Active, Status::Active));
        assert_eq!(status("not_affected", response), Status::FalsePositive);
    }
}

#[test]
fn versions_tell_whether_a_component_is_affected() {
    let found = |version: &str, versions: &str| {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.5",
            "components": [{{"bom-ref": "a", "name": "a", {version} "type": "library"}}],
            "vulnerabilities": [{{"id": "CVE-1", "affects": [{{"ref": "a", "versions": [{versions}]}}]}}]}}"#
        );
        read("cyclonedx", &text).unwrap()[0].findings.len()
    };
    let (two, unknown) = (r#""version": "2.0","#, "");
    let unaffected = r#"{"range": "vers:semver/>=2.0|<3.0", "status": "unaffected"}"#;
    for (version, versions, count) in [
        (two, "", 1),
        (two, r#"{"version": "2.0"}"#, 1),
        (two, r#"{"version": "1.0"}, {"version": "2.0", "status": "affected"}"#, 1),
        (two, r#"{"version": "1.0", "status": "affected"}"#, 0),
        (two, unaffected, 0),
        (r#""version": "3.1","#, unaffected, 1),
        (r#""version": "x","#, unaffected, 1),
        (unknown, unaffected, 1),
        (unknown, r#"{"version": "1.0"}"#, 1),
        (two, r#"{"version": "1.0", "status": "affected"}, {"version": "2.0", "status": "unaffected"}"#, 0),
    ] {
        assert_eq!(found(version, versions), count, "{version} {versions}");
    }
}

#[test]
fn an_epoch_may_stand_in_the_package_url() {
    let found = |epoch: &str, affected: &str| {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{{"bom-ref": "a", "type": "library",
                "name": "login", "version": "4.8.1-2", "purl": "pkg:deb/ubuntu/login@4.8.1-2?arch=amd64{epoch}"}}],
            "vulnerabilities": [{{"id": "CVE-1", "affects": [{{"ref": "a", "versions": [
                {{"version": "{affected}", "status": "affected"}}]}}]}}]}}"#
        );
        read("cyclonedx", &text).unwrap()[0].findings.len()
    };
    assert_eq!((found("&epoch=1", "1:4.8.1-2"), found("&epoch=1", "4.8.1-2"), found("", "4.8.1-2")), (1, 1, 1));
    assert_eq!((found("&epoch=1", "2:4.8.1-2"), found("", "1:4.8.1-2")), (0, 0));
}

#[test]
fn components_of_the_document_itself_are_linked_in_two_ways() {
    for link in
        ["urn:cdx:4e671687-395b-41f5-a30f-a58921a69b80/1#app", "urn:uuid:4e671687-395b-41f5-a30f-a58921a69b80/1#app"]
    {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6",
                "serialNumber": "urn:uuid:4e671687-395b-41f5-a30f-a58921a69b80", "version": 1,
                "metadata": {{"component": {{"bom-ref": "app", "type": "application", "name": "shop", "version": "1.0"}}}},
                "vulnerabilities": [{{"id": "CVE-1", "affects": [{{"ref": "{link}"}}]}}]}}"#
        );
        let scans = read("cyclonedx", &text).unwrap();
        let component = scans[0].findings[0].component.as_ref().expect(link);
        assert_eq!((component.name.as_str(), component.version.as_deref()), ("shop", Some("1.0")), "{link}");
    }
}

#[test]
fn the_next_unaffected_version_is_the_fix() {
    for (versions, wanted) in [
        (r#"{"version": "1.4", "status": "unaffected"}, {"version": "2.2", "status": "unaffected"}"#, Some("2.2")),
        (r#"{"range": "vers:semver/<1.5.0|>=7.0.0", "status": "unaffected"}"#, Some("7.0.0")),
        (r#"{"range": "vers:semver/<2.2", "status": "affected"}"#, None),
    ] {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{{"bom-ref": "a", "name": "core", "version": "2.0"}}],
            "vulnerabilities": [{{"id": "CVE-2026-10001", "affects": [{{"ref": "a", "versions": [{versions}]}}]}}]}}"#
        );
        let found = findings("cyclonedx", &text);
        assert_eq!(found[0].fix.as_ref().and_then(|fix| fix.version.as_deref()), wanted, "{versions}");
    }
}

#[test]
fn what_is_linked_in_other_documents_is_told_apart() {
    let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [{"id": "CVE-1", "affects": [
        {"ref": "urn:cdx:3e67/1#shop"}, {"ref": "urn:cdx:4f78/1#desk"}, {"ref": "urn:cdx:4f78/1#pkg:npm/a@1"}]}]}"#;
    let scans = read("cyclonedx", text).unwrap();
    let names: Vec<_> = scans[0].findings.iter().map(|f| f.component.as_ref().unwrap().name.as_str()).collect();
    assert_eq!(names, ["shop", "desk", "a"]);
}

#[test]
fn an_inventory_vouches_for_nothing() {
    for text in [
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.4", "components": []}"#,
        r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components/></bom>"#,
    ] {
        let scans = read("cyclonedx", text).unwrap();
        assert!(!scans[0].complete);
        assert!(scans[0].failure.as_deref().is_some_and(|why| why.contains("inventory")));
    }
}

#[test]
fn what_is_no_cyclonedx_is_an_error() {
    for (text, part) in [
        (r#"{"vulnerabilities": []}"#, "`bomFormat` is not `CycloneDX`"),
        (r#"{"bomFormat": "CycloneDX", "vulnerabilities": {}}"#, "`vulnerabilities`: invalid type: map"),
        (r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"affects": [3]}]}"#, "`vulnerabilities[0].affects[0]`"),
        (r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><vulnerabilities>x"#, "line 1"),
        (r#"<!DOCTYPE b [<!ENTITY x "y">]><bom><vulnerabilities>"#, "line 1"),
    ] {
        let error = error("cyclonedx", text);
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn mutated() {
    survives_mutation("cyclonedx", include_str!("../fixtures/cyclonedx/many.json"));
    survives_mutation("cyclonedx", include_str!("../fixtures/cyclonedx/extension.xml"));
}

#[test]
fn a_check_of_a_resource_is_no_vulnerable_package() {
    let text = serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.4",
        "metadata": {"tools": [{"vendor": "CycloneDX", "name": "cyclonedx-python-lib"}, {"vendor": "bridgecrew", "name": "checkov"}]},
        "components": [{"type": "application", "bom-ref": "r", "name": "aws_s3_bucket.logs",
            "purl": "pkg:terraform/acme/shop/infra/main.tf/aws_s3_bucket.logs@sha1:aa"}],
        "vulnerabilities": [{"id": "CKV_AWS_18", "ratings": [{"severity": "unknown"}], "description": "Ensure the bucket has access logging",
            "affects": [{"ref": "r"}]}]});
    let scan = read("cyclonedx", &text.to_string()).unwrap().remove(0);
    assert_eq!(scan.scanner, "checkov");
    let found = &scan.findings[0];
    assert_eq!((found.kind, found.severity, found.component.as_ref()), (Kind::Infrastructure, Severity::Medium, None));
    assert_eq!(found.title, "Ensure the bucket has access logging");
    assert_eq!(found.location.path.as_deref(), Some("infra/main.tf"));
    assert_eq!(found.location.resource.as_deref(), Some("aws_s3_bucket.logs"));
}

#[test]
fn trivys_inventory_with_an_empty_list_vouches_for_nothing() {
    let complete = |tool: &str| {
        let report = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {{"tools": {{"components": [{{"type": "application", "name": "{tool}"}}]}}}}, "components": [], "vulnerabilities": []}}"#
        );
        findsync::readers::read_bytes("bom.json", report.into_bytes(), None).unwrap()[0].complete
    };
    assert_eq!((complete("trivy"), complete("grype")), (false, true));
}

#[test]
fn what_is_decided_about_an_unaffected_version_stays_and_what_is_not_is_no_finding() {
    for (analysis, wanted) in [
        (r#""analysis": {"state": "false_positive"},"#, vec![Status::FalsePositive]),
        (r#""analysis": {"state": "exploitable"},"#, vec![]),
        ("", vec![]),
    ] {
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{{"bom-ref": "a", "name": "core", "version": "2.0"}}],
            "vulnerabilities": [{{"id": "CVE-2026-10001", {analysis}
                "affects": [{{"ref": "a", "versions": [{{"version": "2.0", "status": "unaffected"}}]}}]}}]}}"#
        );
        let found: Vec<Status> = findings("cyclonedx", &text).iter().map(|finding| finding.status).collect();
        assert_eq!(found, wanted, "{analysis}");
    }
}
