//! Reports as scanners write them, as small as they can be.

use serde_json::{Value, json};

/// A vulnerability of lodash in Trivy's report.
pub(crate) fn vulnerability(id: &str, severity: &str) -> Value {
    json!({
        "VulnerabilityID": id, "PkgName": "lodash", "InstalledVersion": "4.17.20", "FixedVersion": "4.17.21",
        "Severity": severity, "Title": "lodash: trouble", "PkgIdentifier": {"PURL": "pkg:npm/lodash@4.17.20"}
    })
}

/// Trivy's report of a manifest with these vulnerabilities.
pub(crate) fn trivy(ids: &[&str]) -> Value {
    trivy_of(&[("package-lock.json", ids)])
}

/// Trivy's report of several manifests.
pub(crate) fn trivy_of(manifests: &[(&str, &[&str])]) -> Value {
    let result = |(manifest, ids): &(&str, &[&str])| {
        let all: Vec<Value> = ids.iter().map(|id| vulnerability(id, "HIGH")).collect();
        trivy_result(manifest, &all)
    };
    trivy_report(manifests.iter().map(result).collect())
}

/// Trivy's report of a manifest with vulnerabilities as they are given.
pub(crate) fn trivy_with(vulnerabilities: &[Value]) -> Value {
    trivy_report(vec![trivy_result("package-lock.json", vulnerabilities)])
}

fn trivy_result(manifest: &str, vulnerabilities: &[Value]) -> Value {
    json!({"Target": manifest, "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": vulnerabilities})
}

fn trivy_report(results: Vec<Value>) -> Value {
    json!({"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": results})
}

/// Grype's report of the same package, which knows it by an advisory alone.
pub(crate) fn grype(ids: &[&str]) -> Value {
    let found = |id: &&str| {
        json!({
            "vulnerability": {"id": id, "severity": "High", "namespace": "github:language:javascript",
                "fix": {"versions": ["4.17.21"], "state": "fixed"}},
            "relatedVulnerabilities": [], "matchDetails": [],
            "artifact": {"name": "lodash", "version": "4.17.20", "type": "npm", "purl": "pkg:npm/lodash@4.17.20",
                "locations": [{"path": "package-lock.json"}]}
        })
    };
    json!({
        "matches": ids.iter().map(found).collect::<Vec<_>>(), "distro": {},
        "source": {"type": "directory", "target": "."}, "descriptor": {"name": "grype", "version": "0.90.0"}
    })
}

/// A result of SARIF: rule, path, line and message.
pub(crate) fn result(rule: &str, path: &str, line: u32, message: &str) -> Value {
    json!({
        "ruleId": rule, "level": "error", "message": {"text": message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}]
    })
}

/// The same with the reported line itself.
pub(crate) fn result_of(rule: &str, path: &str, line: u32, text: &str) -> Value {
    let mut result = result(rule, path, line, "It is dangerous.");
    result["locations"][0]["physicalLocation"]["region"]["snippet"] = json!({"text": text});
    result
}

/// Semgrep's report.
pub(crate) fn semgrep(results: &[Value]) -> Value {
    sarif(&[("Semgrep OSS", results)])
}

/// A SARIF log with a run for each tool.
pub(crate) fn sarif(runs: &[(&str, &[Value])]) -> Value {
    let run = |(tool, results): &(&str, &[Value])| json!({"tool": {"driver": {"name": tool}}, "results": results});
    json!({"version": "2.1.0", "runs": runs.iter().map(run).collect::<Vec<_>>()})
}

/// Gitleaks' report of one secret.
pub(crate) fn gitleaks(secret: &str) -> Value {
    json!([{
        "RuleID": "generic-api-key", "Description": "Generic API Key", "StartLine": 5, "EndLine": 5, "StartColumn": 1,
        "EndColumn": 30, "Match": format!("key = \"{secret}\""), "Secret": secret, "File": "settings.py",
        "SymlinkFile": "", "Commit": "", "Entropy": 4.0, "Author": "", "Email": "", "Date": "", "Message": "",
        "Tags": [], "Fingerprint": "settings.py:generic-api-key:5"
    }])
}

/// An OpenVEX document with one statement about lodash.
pub(crate) fn openvex(id: &str, status: &str) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/1", "author": "acme",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{"vulnerability": {"name": id}, "products": [{"@id": "pkg:npm/lodash@4.17.20"}], "status": status}]
    })
}
