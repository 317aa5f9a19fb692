//! VEX documents of each kind, and odd ones.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

/// The one statement that settles a vulnerability.
fn one(text: &str) -> Statement {
    let mut statements = read_vex("a.vex.json", text).unwrap();
    statements.retain(|statement| statement.status != Status::Active);
    assert_eq!(statements.len(), 1, "{statements:?}");
    statements.remove(0)
}

fn product(name: &str, part: Option<&str>) -> Product {
    Product { whole: Identity::named(name), part: part.map(Identity::named) }
}

#[test]
fn reads_openvex() {
    let found = one(
        r#"{"@context": "https://openvex.dev/ns/v0.2.0", "author": "Acme", "timestamp": "2023-01-08T18:02:03-06:00", "statements": [
        {"vulnerability": {"name": "CVE-2023-1234", "aliases": ["GHSA-1"]},
         "products": [{"@id": "pkg:oci/shop@sha256:1", "subcomponents": [{"@id": "pkg:npm/lodash@4.17.20"}]}],
         "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "unused"},
        {"vulnerability": {"name": "CVE-2023-2"}, "products": [{"@id": "pkg:npm/a"}], "status": "under_investigation"},
        {"vulnerability": {"name": "CVE-2023-3"}, "products": [], "status": "affected", "action_statement": "update"}]}"#,
    );
    assert_eq!(found.ids, ["CVE-2023-1234", "GHSA-1"]);
    assert_eq!(found.products, Some(vec![product("pkg:oci/shop@sha256:1", Some("pkg:npm/lodash@4.17.20"))]));
    assert_eq!(found.made.unwrap().to_rfc3339(), "2023-01-09T00:02:03+00:00");
    assert_eq!(found.status, Status::FalsePositive);
    assert_eq!(found.justification.as_deref(), Some("vulnerable code not in execute path: unused"));
    assert_eq!(found.source, "a.vex.json, by Acme");
}

#[test]
fn what_is_affected_or_examined_is_a_statement_too() {
    let found = read_vex(
        "a.json",
        r#"{"@context": "https://openvex.dev/ns", "timestamp": "2024-01-01T00:00:00Z", "statements": [
        {"vulnerability": "CVE-1", "products": ["pkg:npm/a@1"], "status": "affected", "timestamp": "2024-02-01T00:00:00Z"},
        {"vulnerability": "CVE-2", "status": "under_investigation"}, {"vulnerability": "CVE-2", "status": "odd"}]}"#,
    );
    let found: Vec<_> =
        found.unwrap().into_iter().map(|one| (one.status, one.made.unwrap().format("%F").to_string())).collect();
    assert_eq!(found, [(Status::Active, "2024-02-01".to_owned()), (Status::Active, "2024-01-01".to_owned())]);
}

#[test]
fn reads_csaf() {
    let found = one(r#"{"document": {"category": "csaf_vex", "csaf_version": "2.0", "tracking": {"id": "ACME-1"}},
        "product_tree": {"branches": [{"branches": [{"product": {"product_id": "P1", "name": "lodash 4",
            "product_identification_helper": {"purl": "pkg:npm/lodash@4.17.20"}}}]}],
          "full_product_names": [{"product_id": "OS", "name": "Acme OS"}],
          "relationships": [{"full_product_name": {"product_id": "OS:P1", "name": "lodash in Acme OS"},
            "product_reference": "P1", "relates_to_product_reference": "OS"}]},
        "vulnerabilities": [{"cve": "CVE-2023-1", "ids": [{"system_name": "x", "text": "ACME-BUG-1"}],
          "product_status": {"known_not_affected": ["OS:P1", "nowhere"], "known_affected": ["OS"]},
          "flags": [{"label": "component_not_present", "product_ids": ["OS:P1"]}],
          "threats": [{"category": "impact", "details": "not shipped", "product_ids": ["OS:P1"]}]}]}"#);
    assert_eq!(found.ids, ["CVE-2023-1", "ACME-BUG-1"]);
    assert_eq!(found.products, Some(vec![product("Acme OS", Some("pkg:npm/lodash@4.17.20"))]));
    assert_eq!(found.justification.as_deref(), Some("component not present: not shipped"));
    assert_eq!(found.source, "a.vex.json, ACME-1");
}

#[test]
fn reads_cyclonedx() {
    let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:3E67",
        "components": [{"bom-ref": "a", "name": "app", "components": [{"bom-ref": "b", "name": "b", "purl": "pkg:npm/b@1"}]}],
        "vulnerabilities": [
          {"id": "CVE-2023-1", "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
           "affects": [{"ref": "b"}, {"ref": "urn:cdx:3e67/1#pkg%3Anpm%2Fc%402"}, {"ref": "urn:cdx:other/1#pkg%3Anpm%2Fc%402"}]},
          {"id": "CVE-2023-2", "analysis": {"state": "not_affected"}, "affects": [{"ref": "nowhere"}]},
          {"id": "CVE-2023-3", "analysis": {"state": "in_triage"}}, {"id": "CVE-2023-4"}]}"#;
    let found = read_vex("a.vex.json", text).unwrap();
    assert_eq!(found.len(), 4, "{found:?}");
    let link = crate::finding::BomLink::parse("urn:cdx:other/1#pkg:npm/c@2");
    let ids = crate::finding::ComponentIds { bom_link: link, ..Default::default() };
    let linked = Product { whole: Identity { ids, ..Identity::default() }, part: None };
    let here = [product("pkg:npm/b@1", None), product("pkg:npm/c@2", None), linked];
    for (statement, product) in found.iter().zip(here) {
        assert_eq!((&statement.ids[..], &statement.products), (&["CVE-2023-1".to_owned()][..], &Some(vec![product])));
        assert_eq!(statement.justification.as_deref(), Some("code not reachable"));
    }
    assert_eq!((found[3].status, &found[3].products), (Status::Active, &None), "nothing named: everything");
}

#[test]
fn refuses_what_is_no_vex_and_names_the_place() {
    for (text, part) in [
        ("{}", "not a VEX document"),
        ("[", "EOF"),
        (r#"{"bomFormat": "CycloneDX"}"#, "not a VEX document"),
        (r#"{"@context": "https://openvex.dev/ns", "statements": {}}"#, "`statements` must be a list"),
        (r#"{"@context": "https://openvex.dev/ns", "statements": [1]}"#, "`statements[0]` must be an object"),
        (
            r#"{"document": {"category": "x"}, "vulnerabilities": [{"product_status": {"fixed": 1}}]}"#,
            "`vulnerabilities[0].product_status.fixed` must be a list",
        ),
    ] {
        let error = read_vex("a.vex.json", text).unwrap_err().to_string();
        assert!(error.contains("a.vex.json") && error.contains(part), "{error}");
    }
}
