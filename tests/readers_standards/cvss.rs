//! A finding that nobody rated in words: its CVSS vector tells, whatever the format. A word always wins.

use super::read;

const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

/// The severities of a report that says this word.
fn rated(reader: &str, report: &str, words: [&str; 2]) -> [String; 2] {
    words.map(|word| {
        let report = report.replace("WORD", word).replace("VECTOR", VECTOR);
        read(reader, &report).unwrap()[0].findings[0].severity.to_string()
    })
}

#[test]
fn a_vector_rates_what_no_word_does() {
    let cyclonedx = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [
        {"id": "CVE-2026-1", "ratings": [{"severity": "WORD", "method": "CVSSv31", "vector": "VECTOR"}]}]}"#;
    assert_eq!(rated("cyclonedx", cyclonedx, ["unknown", "low"]), ["Critical", "Low"]);
    let gitlab = r#"{"version": "15.0.7", "scan": {"type": "dependency_scanning"}, "vulnerabilities": [
        {"name": "x", "severity": "WORD", "cvss_vectors": [{"vendor": "NVD", "vector": "VECTOR"}],
         "identifiers": [{"type": "cve", "name": "CVE-2026-1", "value": "CVE-2026-1"}], "location": {}}]}"#;
    assert_eq!(rated("gitlab", gitlab, ["Unknown", "Info"]), ["Critical", "Info"]);
    let json = r#"{"findings": [{"title": "x", "severity": "WORD", "cvssv3": "VECTOR"}]}"#;
    assert_eq!(rated("generic", json, ["Undefined", "Info"]), ["Critical", "Info"]);
    assert_eq!(rated("generic", "title,severity,cvssv3\nx,WORD,VECTOR\n", ["", "Medium"]), ["Critical", "Medium"]);
    let grype = r#"{"matches": [{"artifact": {"name": "a", "version": "1"},
        "vulnerability": {"id": "CVE-2026-1", "severity": "WORD", "cvss": [{"vector": "VECTOR"}]}}]}"#;
    assert_eq!(rated("grype", grype, ["Unknown", "Negligible"]), ["Critical", "Info"]);
    let osv = r#"{"results": [{"source": {"path": "a.lock"}, "packages": [{"package": {"name": "a", "version": "1"},
        "vulnerabilities": [{"id": "CVE-2026-1", "severity": [{"type": "CVSS_V3", "score": "VECTOR"}],
        "database_specific": {"severity": "WORD"}}]}]}]}"#;
    assert_eq!(rated("osv_scanner", osv, ["", "MODERATE"]), ["Critical", "Medium"]);
}
