//! Generic findings.

use findsync::finding::{Kind, Severity, Status};

use super::{error, findings, fixture, read, survives_mutation};

#[test]
fn none() {
    let scans = read("generic", r#"{"findings": []}"#).unwrap();
    assert!(scans[0].complete && scans[0].findings.is_empty());
}

#[test]
fn many() {
    let scans = fixture("generic/many.json");
    let scan = &scans[0];
    assert_eq!((scan.reader.as_str(), scan.scanner.as_str()), ("generic", "Acme Scan"));
    let told: Vec<_> = scan.findings.iter().map(|f| (f.title.as_str(), f.severity, f.status, f.kind)).collect();
    assert_eq!(
        told,
        [
            ("SQL injection", Severity::High, Status::Active, Kind::Code),
            ("Old library", Severity::Critical, Status::Active, Kind::Dependency),
            ("Missing header", Severity::Info, Status::Active, Kind::Dynamic),
            ("False", Severity::Low, Status::FalsePositive, Kind::Other),
            ("Accepted", Severity::Low, Status::RiskAccepted, Kind::Other),
            ("Mitigated", Severity::Low, Status::Closed, Kind::Other),
            ("Duplicate", Severity::Low, Status::Closed, Kind::Infrastructure),
            ("Inactive", Severity::Low, Status::Closed, Kind::Dependency),
        ]
    );
    let [sql, lodash, header, ..] = &scan.findings[..] else { unreachable!() };
    assert_eq!(sql.identifiers, ["CWE-89", "CWE-79", "CWE-22"]);
    assert_eq!((sql.location.start_line, sql.locations[0].start_line), (Some(42), Some(3)));
    assert_eq!(sql.description.as_deref(), Some("Text.\n\nImpact: All data."));
    assert_eq!((sql.rule.as_deref(), sql.first_seen.as_deref()), (Some("S1"), Some("2024-05-06")));
    assert_eq!(sql.tags, ["web", "known-exploited"]);
    assert_eq!((sql.references.len(), sql.cvss[0].score), (2, Some(9.8)));
    assert_eq!(lodash.rule.as_deref(), Some("CVE-2021-23337"));
    assert_eq!(lodash.component.as_ref().unwrap().purl.as_deref(), Some("pkg:npm/lodash@4.17.20"));
    assert_eq!(lodash.fix.as_ref().unwrap().version.as_deref(), Some("4.17.21"));
    assert_eq!(header.location.url.as_deref(), Some("https://a.example/x"));
    assert_eq!(header.locations[0].url.as_deref(), Some("http://b.example:8080/y?z=1"));
    assert_eq!((header.location.start_line, header.identifiers.len()), (None, 0));
}

#[test]
fn many_in_csv() {
    let scans = fixture("generic/many.csv");
    let told: Vec<_> = scans[0].findings.iter().map(|f| (f.title.as_str(), f.severity, f.status, f.kind)).collect();
    assert_eq!(
        told,
        [
            ("Comma, and \"quote\"", Severity::Low, Status::Active, Kind::Dynamic),
            ("Old", Severity::Medium, Status::FalsePositive, Kind::Code),
            ("Bare", Severity::Info, Status::Active, Kind::Other),
        ]
    );
    let dates: Vec<_> = scans[0].findings.iter().map(|f| f.first_seen.as_deref()).collect();
    assert_eq!(dates, [Some("2024-01-30"), Some("2024-02-28"), None]);
    assert_eq!(scans[0].findings[1].identifiers, ["CVE-2021-1234"]);
}

#[test]
fn errors_name_the_finding_and_the_field() {
    for (text, part) in [
        (r#"{"name": "x"}"#, "`findings` is missing"),
        (r#"{"findings": [{"title": "a", "severity": "Low"}, {"severity": "Low"}]}"#, "`findings[1].title` is missing"),
        (r#"{"findings": [{"title": "a"}]}"#, "`findings[0].severity` is missing"),
        (r#"{"findings": [{"title": "a", "severity": "bad"}]}"#, "`findings[0].severity` is none"),
        (r#"{"findings": [{"title": "a", "severity": "Low", "file-path": "b"}]}"#, "did you mean `file_path`?"),
        (r#"{"findings": [{"title": "a", "severity": "Low", "kind": "sast"}]}"#, "`findings[0].kind` is wrong"),
        (r#"{"findings": [["a"]]}"#, "`findings[0]`: invalid type: sequence"),
        ("Title,Description\na,b\n", "there is no column `severity`"),
        ("Title,Severity\na,Low\n,High\n", "line 3: `title` is missing"),
        ("Title,Severity\na,bad\n", "line 2: `severity` is none"),
    ] {
        let error = error("generic", text);
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn severities_are_read_in_any_case() {
    let found = findings("generic", r#"{"findings": [{"title": "a", "severity": "MODERATE"}]}"#);
    assert_eq!(found[0].severity, Severity::Medium);
}

#[test]
fn mutated() {
    survives_mutation("generic", include_str!("../fixtures/generic/many.json"));
    survives_mutation("generic", include_str!("../fixtures/generic/many.csv"));
}

#[test]
fn csv_of_spreadsheets_is_separated_by_semicolons() {
    let text = "Title;Severity;Description\nA;High;\"one, two; three\"\n";
    let found = findings("generic", text);
    assert_eq!(found[0].description.as_deref(), Some("one, two; three"));
}

#[test]
fn what_is_known_of_exploits_is_kept() {
    let text = r#"{"findings": [{"title": "a", "severity": "High", "epss_score": 0.97, "epss_percentile": 0.99, "known_exploited": true,
        "kev_date": "2024-05-01", "ransomware_used": true, "scanner_confidence": "2"}, {"title": "b", "severity": "Low"}]}"#;
    let found = findings("generic", text);
    let epss = found[0].facts.epss.unwrap();
    assert_eq!((epss.score, epss.percentile), (0.97, Some(0.99)));
    let exploited = found[0].facts.known_exploited.as_ref().unwrap();
    assert_eq!((exploited.since.as_deref(), exploited.ransomware), (Some("2024-05-01"), Some(true)));
    assert!(found[1].facts.is_empty());
}
