//! VEX documents against reports, the whole way: what a statement is about, and what it says nothing about.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

const ID: &str = "CVE-2026-1000";
/// Issues that a plan would open.
const OPEN: u64 = 1;
/// Nothing is opened: people have decided.
const DECIDED: u64 = 0;

/// How many issues would be opened for a report beside VEX documents.
fn opened(report: &Value, vex: &[Value]) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    write("report.json", report.to_string());
    let names: Vec<String> = (0..vex.len()).map(|number| format!("{number}.vex.json")).collect();
    names.iter().zip(vex).for_each(|(name, document)| write(name, document.to_string()));
    let mapping = json!({"reports": [{"path": "report.json"}], "vex": names, "mappings": [{"label": "m", "instance": "here"}],
        "instances": [{"label": "here", "type": "local", "location": "issues"}], "routes": [{"mapping": "m"}]});
    write(".findsync.yml", mapping.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    let output = command.args(["plan", "--format", "json"]).current_dir(dir.path()).env_clear().output().unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    plan["mappings"][0]["counts"]["open"].as_u64().unwrap()
}

/// Each row: what it is about, the report, the VEX document, what comes out.
fn check(rows: &[(&str, Value, Value, u64)]) {
    let mut seen = HashSet::new();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(about, report, vex, wanted)| {
            if seen.insert(report.to_string()) {
                assert_eq!(opened(report, &[]), OPEN, "{about}: without VEX");
            }
            let got = opened(report, std::slice::from_ref(vex));
            (got != *wanted).then(|| format!("{about}: {got} opened, not {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A CycloneDX report of an application with one vulnerable package.
fn application(name: &str, version: &str) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:0000-AB", "version": 2,
        "metadata": {"component": {"type": "application", "name": name, "version": version, "bom-ref": "main"}},
        "components": [{"type": "library", "bom-ref": "lib", "name": "lib", "version": "1.4.0", "purl": "pkg:npm/lib@1.4.0",
            "cpe": "cpe:2.3:a:acme:lib:1.4.0:*:*:*:*:*:*:*", "hashes": [{"alg": "SHA-1", "content": "AB12"}]}],
        "vulnerabilities": [{"id": ID, "ratings": [{"severity": "high"}], "affects": [{"ref": "lib"}]}]})
}

/// A CycloneDX VEX document about an application; the vulnerability affects what is given.
fn analysis(main: Value, state: &str, affects: Value) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": main},
        "components": [{"type": "library", "bom-ref": "lib", "name": "lib", "version": "1.4.0", "purl": "pkg:npm/lib@1.4.0"},
            {"type": "library", "bom-ref": "old", "name": "lib", "version": "1.3.0", "purl": "pkg:npm/lib@1.3.0"}],
        "vulnerabilities": [{"id": ID, "analysis": {"state": state}, "affects": affects}]})
}

fn shop(version: Option<&str>) -> Value {
    let mut main = json!({"type": "application", "name": "shop", "bom-ref": "main"});
    if let Some(version) = version {
        main["version"] = version.into();
    }
    main
}

fn main_versions(versions: Value) -> Value {
    json!([{"ref": "main", "versions": versions}])
}

#[test]
fn a_document_is_about_its_application_and_the_versions_that_it_lists() {
    let report = || application("shop", "2.5");
    let about = |main, affects| analysis(main, "not_affected", affects);
    let main = || json!([{"ref": "main"}]);
    let anything = || json!([]);
    let range = |range: &str| main_versions(json!([{"range": range, "status": "unaffected"}]));
    check(&[
        ("the application", report(), about(shop(Some("2.5")), main()), DECIDED),
        ("all of its versions", report(), about(shop(None), main()), DECIDED),
        ("another version", report(), about(shop(Some("2.4")), main()), OPEN),
        (
            "another application",
            report(),
            about(json!({"name": "desk", "version": "2.5", "bom-ref": "main"}), main()),
            OPEN,
        ),
        ("its package", report(), about(shop(None), json!([{"ref": "lib"}])), DECIDED),
        ("its package in another version", report(), about(shop(None), json!([{"ref": "old"}])), OPEN),
        (
            "the package in another application",
            application("desk", "1"),
            about(shop(None), json!([{"ref": "lib"}])),
            OPEN,
        ),
        ("what leads nowhere", report(), about(shop(None), json!([{"ref": "gone"}])), OPEN),
        ("nothing affected: the application", report(), about(shop(None), anything()), DECIDED),
        ("nothing affected: another application", application("desk", "1"), about(shop(None), anything()), OPEN),
        ("a range", report(), about(shop(None), range("vers:generic/>=2.0|<=2.5")), DECIDED),
        ("a range that ends before", report(), about(shop(None), range("vers:generic/>=1.0|<2.5")), OPEN),
        ("a range that cannot be compared", report(), about(shop(None), range("vers:deb/>=1.0-1|<2.5-2")), OPEN),
        (
            "one of several",
            report(),
            about(shop(None), main_versions(json!([{"version": "2.4"}, {"version": "2.5"}]))),
            DECIDED,
        ),
        (
            "none of several",
            report(),
            about(shop(None), main_versions(json!([{"version": "2.4"}, {"version": "2.6"}]))),
            OPEN,
        ),
        ("a version without one", report(), about(shop(None), main_versions(json!([{"status": "unaffected"}]))), OPEN),
        (
            "unaffected beside exploitable",
            report(),
            analysis(
                shop(None),
                "exploitable",
                main_versions(
                    json!([{"version": "2.4", "status": "affected"}, {"version": "2.5", "status": "unaffected"}]),
                ),
            ),
            DECIDED,
        ),
        ("resolved", report(), analysis(shop(None), "resolved", main_versions(json!([{"version": "2.5"}]))), DECIDED),
        ("in triage", report(), analysis(shop(None), "in_triage", main()), OPEN),
        (
            "found in no known application",
            {
                let mut report = application("shop", "2.5");
                report["metadata"] = json!({});
                report
            },
            about(shop(None), main()),
            OPEN,
        ),
    ]);
}

#[test]
fn a_bom_link_is_about_one_document() {
    let linked = |reference: &str| {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "vulnerabilities": [{"id": ID, "analysis": {"state": "not_affected"}, "affects": [{"ref": reference}]}]})
    };
    let report = || application("shop", "2.5");
    let mut trivy = trivy("filesystem", ".");
    trivy["Results"][0]["Vulnerabilities"][0]["PkgIdentifier"] = json!({"PURL": "pkg:npm/lib@1.4.0"});
    check(&[
        ("its component", report(), linked("urn:cdx:0000-ab/2#lib"), DECIDED),
        ("what it is about", report(), linked("urn:cdx:0000-ab/2#main"), DECIDED),
        ("the whole document", report(), linked("urn:cdx:0000-ab/2"), DECIDED),
        ("another component", report(), linked("urn:cdx:0000-ab/2#other"), OPEN),
        ("another version of the document", report(), linked("urn:cdx:0000-ab/1#lib"), OPEN),
        ("another document", report(), linked("urn:cdx:1111-ab/2#lib"), OPEN),
        ("a report that is not of it", trivy, linked("urn:cdx:0000-ab/2#pkg:npm/lib@1.4.0"), OPEN),
    ]);
}

const DIGEST: &str = "sha256:aaaa";

/// Trivy's report with one vulnerable package.
fn trivy(kind: &str, name: &str) -> Value {
    let metadata = json!({"RepoTags": ["reg.example/acme/web:1.2"], "RepoDigests": [format!("reg.example/acme/web@{DIGEST}")],
        "ImageID": "sha256:cccc", "ImageConfig": {"architecture": "amd64"}});
    json!({"SchemaVersion": 2, "ArtifactName": name, "ArtifactType": kind,
        "Metadata": if kind == "container_image" { metadata } else { json!({}) },
        "Results": [{"Target": "t", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
            {"VulnerabilityID": ID, "PkgName": "bash", "InstalledVersion": "5.3", "Severity": "HIGH", "Title": "x",
             "PkgIdentifier": {"PURL": "pkg:deb/debian/bash@5.3?arch=amd64&distro=debian-12.5"}}]}]})
}

fn image() -> Value {
    trivy("container_image", "reg.example/acme/web:1.2")
}

/// An OpenVEX document about products.
fn openvex(products: Value, status: &str, day: &str) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "Acme", "timestamp": format!("{day}T00:00:00Z"),
        "statements": [{"vulnerability": {"name": ID}, "products": products, "status": status}]})
}

fn product(name: &str) -> Value {
    openvex(json!([{"@id": name}]), "not_affected", "2026-01-01")
}

fn part(name: &str, part: &str) -> Value {
    openvex(json!([{"@id": name, "subcomponents": [{"@id": part}]}]), "not_affected", "2026-01-01")
}

#[test]
fn a_digest_or_tag_names_one_image() {
    let nameless = || {
        let mut report = trivy("container_image", "reg.example/acme/web");
        report["Metadata"] = json!({});
        report
    };
    let with_url = |version: &str, url: &str| format!("pkg:oci/web{version}?repository_url={url}");
    check(&[
        ("any", image(), product("pkg:oci/web"), DECIDED),
        ("its digest", image(), product("pkg:oci/web@sha256%3Aaaaa"), DECIDED),
        ("the digest of its configuration", image(), product("pkg:oci/web@sha256%3Acccc"), DECIDED),
        ("another digest", image(), product("pkg:oci/web@sha256%3Abbbb"), OPEN),
        ("an unknown digest", nameless(), product("pkg:oci/web@sha256%3Aaaaa"), OPEN),
        ("its tag", image(), product("pkg:oci/web?tag=1.2"), DECIDED),
        ("another tag", image(), product("pkg:oci/web?tag=1.3"), OPEN),
        ("a tag as version", image(), product("pkg:docker/acme/web@1.2"), DECIDED),
        ("another one", image(), product("pkg:docker/acme/web@1.3"), OPEN),
        ("a reference", image(), product("reg.example/acme/web:1.2"), DECIDED),
        ("another reference", image(), product("reg.example/acme/web:1.3"), OPEN),
        ("an unknown tag", nameless(), product("reg.example/acme/web:1.2"), OPEN),
        ("its registry", image(), product(&with_url("", "reg.example/acme/web")), DECIDED),
        ("another registry", image(), product(&with_url("", "other.example/acme/web")), OPEN),
        ("its architecture", image(), product("pkg:oci/web?arch=amd64"), DECIDED),
        ("another architecture", image(), product("pkg:oci/web?arch=arm64"), OPEN),
        ("an unknown architecture", nameless(), product("pkg:oci/web?arch=amd64"), OPEN),
        ("a package of that name", image(), product("pkg:npm/web"), OPEN),
        ("the end of its name only", trivy("container_image", "acme/superweb"), product("pkg:oci/eb"), OPEN),
        ("a package in it", image(), part("pkg:oci/web@sha256%3Aaaaa", "pkg:deb/debian/bash"), DECIDED),
        ("another package in it", image(), part("pkg:oci/web", "pkg:deb/debian/zsh"), OPEN),
        ("a package in another one", image(), part("pkg:oci/web@sha256%3Abbbb", "pkg:deb/debian/bash"), OPEN),
    ]);
}

#[test]
fn sarif_and_cyclonedx_know_their_image_too() {
    let sarif = json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [{"id": ID}]}},
        "properties": {"imageName": "reg.example/acme/web:1.2", "imageID": "sha256:cccc", "repoTags": null,
            "repoDigests": [format!("reg.example/acme/web@{DIGEST}")]},
        "results": [{"ruleId": ID, "level": "error", "message": {"text": "Package: bash\nInstalled Version: 5.3\nVulnerability CVE-2026-1"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "acme/web"}, "region": {"startLine": 1}}}]}]}]});
    let mut bom = application("reg.example/acme/web", DIGEST);
    bom["metadata"]["component"]["type"] = "container".into();
    let grype = json!({"descriptor": {"name": "grype"}, "source": {"type": "image", "target": {"userInput": "reg.example/acme/web:1.2",
            "imageID": "sha256:cccc", "manifestDigest": DIGEST, "tags": [], "repoDigests": []}},
        "matches": [{"vulnerability": {"id": ID, "severity": "High"}, "artifact": {"name": "bash", "version": "5.3", "purl": "pkg:deb/debian/bash@5.3"}}]});
    for report in [sarif, bom, grype] {
        check(&[
            ("its digest", report.clone(), product("pkg:oci/web@sha256%3Aaaaa"), DECIDED),
            ("another digest", report, product("pkg:oci/web@sha256%3Abbbb"), OPEN),
        ]);
    }
}

#[test]
fn what_a_package_url_names_must_agree() {
    let of_maven = || {
        let mut report = image();
        report["Results"][0]["Vulnerabilities"][0]["PkgIdentifier"] = json!({"PURL": "pkg:maven/a/bash@5.3"});
        report
    };
    check(&[
        ("all versions", image(), product("pkg:deb/debian/bash"), DECIDED),
        ("its version", image(), product("pkg:deb/debian/bash@5.3"), DECIDED),
        ("another version", image(), product("pkg:deb/debian/bash@5.2"), OPEN),
        ("its architecture", image(), product("pkg:deb/debian/bash@5.3?arch=amd64"), DECIDED),
        ("another architecture", image(), product("pkg:deb/debian/bash@5.3?arch=arm64"), OPEN),
        ("its distribution", image(), product("pkg:deb/debian/bash?distro=debian-12.5"), DECIDED),
        ("the release of it", image(), product("pkg:deb/debian/bash?distro=debian-12"), DECIDED),
        ("another release", image(), product("pkg:deb/debian/bash?distro=debian-1"), OPEN),
        ("what the report does not say", image(), product("pkg:deb/debian/bash?epoch=1"), OPEN),
        ("a path in it", image(), product("pkg:deb/debian/bash#usr"), OPEN),
        ("another ecosystem", image(), product("pkg:npm/bash"), OPEN),
        ("what is true of each jar", of_maven(), product("pkg:maven/a/bash@5.3?type=jar"), DECIDED),
        ("another type", of_maven(), product("pkg:maven/a/bash@5.3?type=war"), OPEN),
    ]);
}

#[test]
fn a_product_known_only_by_cpe_or_hash_is_neither_everything_nor_the_whole() {
    let report = || application("shop", "2.5");
    let named = |product: Value| openvex(json!([product]), "not_affected", "2026-01-01");
    let cpe = |cpe: &str| json!({"identifiers": {"cpe23": cpe}});
    let hash = |hash: &str| json!({"hashes": {"sha-1": hash}});
    let in_shop = |part: Value| json!({"@id": "pkg:generic/shop", "subcomponents": [part]});
    check(&[
        ("a CPE", report(), named(cpe("cpe:2.3:a:acme:lib:1.4.0:*:*:*:*:*:*:*")), DECIDED),
        ("of any version", report(), named(json!({"identifiers": {"cpe22": "cpe:/a:acme:lib"}})), DECIDED),
        ("of another version", report(), named(cpe("cpe:2.3:a:acme:lib:1.3.0:*:*:*:*:*:*:*")), OPEN),
        ("of another product", report(), named(cpe("cpe:2.3:a:acme:other:*:*:*:*:*:*:*:*")), OPEN),
        ("a hash", report(), named(hash("ab12")), DECIDED),
        ("another hash", report(), named(hash("cd34")), OPEN),
        ("nothing at all", report(), named(json!({})), OPEN),
        ("a part by CPE", report(), named(in_shop(cpe("cpe:2.3:a:acme:lib:*:*:*:*:*:*:*:*"))), DECIDED),
        ("another part by CPE", report(), named(in_shop(cpe("cpe:2.3:a:acme:other:*:*:*:*:*:*:*:*"))), OPEN),
        ("a part by another hash", report(), named(in_shop(hash("cd34"))), OPEN),
        (
            "parts for all products",
            report(),
            {
                let mut old = named(json!("pkg:generic/shop"));
                old["statements"][0]["subcomponents"] = json!(["pkg:npm/other"]);
                old
            },
            OPEN,
        ),
    ]);
}

/// Trivy's report of a module `app` whose package `c` is vulnerable.
fn modules(needs: &[(&str, &[&str])]) -> Value {
    let purl = |id: &str| format!("pkg:golang/acme/{id}@v1.0.0");
    let packages: Vec<Value> = needs
        .iter()
        .map(|(id, needs)| json!({"ID": id, "Identifier": {"PURL": purl(id)}, "DependsOn": needs}))
        .collect();
    json!({"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "repository", "Results": [
        {"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod", "Packages": packages, "Vulnerabilities": [
            {"VulnerabilityID": ID, "PkgName": "acme/c", "InstalledVersion": "v1.0.0", "Severity": "HIGH", "Title": "x",
             "PkgIdentifier": {"PURL": purl("c")}}]}]})
}

#[test]
fn a_package_that_is_there_only_because_of_a_product_is_part_of_it() {
    let single: &[(&str, &[&str])] = &[("app", &["b"]), ("b", &["c"]), ("c", &[])];
    let double: &[(&str, &[&str])] = &[("app", &["b", "d"]), ("b", &["c"]), ("d", &["c"]), ("c", &[])];
    let (b, c) = ("pkg:golang/acme/b@v1.0.0", "pkg:golang/acme/c");
    let mut bom = application("x", "1");
    bom["components"].as_array_mut().unwrap().push(json!({"bom-ref": "mid", "name": "mid", "purl": "pkg:npm/mid@1"}));
    bom["dependencies"] = json!([{"ref": "main", "dependsOn": ["mid"]}, {"ref": "mid", "dependsOn": ["lib"]}]);
    check(&[
        ("the only way", modules(single), part(b, c), DECIDED),
        ("one of two ways", modules(double), part(b, c), OPEN),
        ("the only way, without a part", modules(single), product(b), DECIDED),
        ("the root of both ways", modules(double), part("pkg:golang/acme/app", c), DECIDED),
        ("another version", modules(single), part("pkg:golang/acme/b@v2.0.0", c), OPEN),
        ("another part", modules(single), part(b, "pkg:golang/acme/d"), OPEN),
        ("no ways known", modules(&[]), part(b, c), OPEN),
        ("CycloneDX", bom, part("pkg:npm/mid", "pkg:npm/lib"), DECIDED),
    ]);
}

#[test]
fn csaf_products_have_branches_and_parts() {
    let csaf = |products: Value, relations: Value, id: &str| {
        json!({"document": {"category": "csaf_vex", "csaf_version": "2.0", "tracking": {"id": "A-1", "current_release_date": "2026-01-01T00:00:00Z"}},
            "product_tree": {"branches": [{"category": "vendor", "name": "Acme", "branches": products}], "relationships": relations},
            "vulnerabilities": [{"cve": ID, "product_status": {"known_not_affected": [id]}}]})
    };
    let branch = |category: &str, name: &str| {
        json!([{"category": "product_name", "name": "shop", "branches": [
            {"category": category, "name": name, "product": {"product_id": "P", "name": "Acme shop"}}]}])
    };
    let family = |name: &str| json!([{"category": "product_family", "name": name, "product": {"product_id": "P", "name": "Acme shops"}}]);
    let in_family =
        json!([{"category": "product_family", "name": "shop", "branches": branch("product_version", "2.5")}]);
    let named = |product: &str| {
        json!([{"category": "product_family", "name": "shop", "branches": [
        {"category": "product_name", "name": product, "product": {"product_id": "P", "name": "Acme product"}}]}])
    };
    let by_cpe = json!([{"category": "product_version", "name": "1", "product": {"product_id": "P", "name": "Acme OS 1",
        "product_identification_helper": {"cpe": "cpe:/o:acme:os:1"}}},
        {"category": "product_version", "name": "1.4.0", "product": {"product_id": "L", "name": "lib",
        "product_identification_helper": {"purl": "pkg:npm/lib@1.4.0"}}}]);
    let relation = json!([{"product_reference": "L", "relates_to_product_reference": "P", "category": "default_component_of",
        "full_product_name": {"product_id": "P:L", "name": "lib in Acme OS 1"}}]);
    let report = || application("shop", "2.5");
    check(&[
        ("its version", report(), csaf(branch("product_version", "2.5"), json!([]), "P"), DECIDED),
        ("another version", report(), csaf(branch("product_version", "2.4"), json!([]), "P"), OPEN),
        ("a range", report(), csaf(branch("product_version_range", "vers:generic/<2.6"), json!([]), "P"), DECIDED),
        ("another range", report(), csaf(branch("product_version_range", "vers:generic/<2.5"), json!([]), "P"), OPEN),
        ("its family", report(), csaf(family("shop"), json!([]), "P"), DECIDED),
        ("another family", report(), csaf(family("desks"), json!([]), "P"), OPEN),
        ("its version in a family", report(), csaf(in_family, json!([]), "P"), DECIDED),
        ("another product of a family of its name", report(), csaf(named("till"), json!([]), "P"), OPEN),
        ("a package", report(), csaf(by_cpe.clone(), json!([]), "L"), DECIDED),
        ("a package of a product that is known by its CPE", report(), csaf(by_cpe, relation, "P:L"), OPEN),
    ]);
}

#[test]
fn the_newest_statement_holds() {
    let says = |status: &str, day: &str| openvex(json!([{"@id": "pkg:npm/lib"}]), status, day);
    let report = application("shop", "2.5");
    let (settled, later) = (says("not_affected", "2026-01-01"), says("affected", "2026-02-01"));
    assert_eq!(opened(&report, &[settled.clone(), later.clone()]), OPEN);
    assert_eq!(opened(&report, &[later.clone(), settled.clone()]), OPEN, "wherever it stands");
    assert_eq!(opened(&report, &[later, says("fixed", "2026-03-01")]), DECIDED);
    let same_day = says("affected", "2026-01-01");
    assert_eq!(opened(&report, &[same_day.clone(), settled.clone()]), OPEN, "documents that disagree settle nothing");
    assert_eq!(opened(&report, &[settled.clone(), same_day.clone()]), OPEN);
    let mut one = same_day;
    one["statements"].as_array_mut().unwrap().push(settled["statements"][0].clone());
    assert_eq!(opened(&report, &[one]), DECIDED, "of one document the last");
    let unknown = openvex(json!([{"@id": "pkg:npm/lib?arch=arm64"}]), "affected", "2026-02-01");
    assert_eq!(opened(&report, &[settled, unknown]), OPEN, "what may be affected stays");
}

#[test]
fn a_rule_that_names_vulnerability_and_package_is_known_by_the_vulnerability() {
    // Grype's SARIF.
    let report = |id: &str| {
        let text =
            format!("A high vulnerability in deb package: bash, version 5.3 was found in image nginx:1 at: /lib/{id}");
        json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Grype", "rules": [{"id": format!("{id}-bash")}]}},
            "results": [{"ruleId": format!("{id}-bash"), "message": {"text": text}, "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": "lib"}, "region": {"startLine": 1}}}]}]}]})
    };
    check(&[
        ("the image", report(ID), product("pkg:oci/nginx"), DECIDED),
        ("its tag", report(ID), product("pkg:oci/nginx?tag=1"), DECIDED),
        ("another image", report(ID), product("pkg:oci/httpd"), OPEN),
        ("another vulnerability", report("CVE-2026-10001"), product("pkg:oci/nginx"), OPEN),
    ]);
}
