//! What scanners quote of secrets: cut out, hashed, and shown nowhere.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use findsync::finding::{Finding, Kind, Scan};
use findsync::readers::read_bytes;

fn fixture(path: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(path: &str) -> Vec<Scan> {
    read_bytes(path, fixture(path), None).unwrap_or_else(|error| panic!("{error}"))
}

fn findings(path: &str) -> Vec<Finding> {
    read(path).into_iter().flat_map(|scan| scan.findings).collect()
}

/// What a finding shows, and what its key is made of.
fn told(path: &str) -> String {
    let scans = read(path);
    let snippets = scans.iter().flat_map(|scan| &scan.findings).map(|finding| {
        let evidence = &finding.evidence;
        assert!(finding.kind == Kind::Secret || evidence.secret_hash.is_none(), "{path}: code is known by its code");
        format!("{:?}", evidence.snippet.as_ref().map(|snippet| &snippet.lines))
    });
    let snippets: String = snippets.collect();
    format!("{}{snippets}", serde_json::to_string(&scans).unwrap())
}

#[test]
fn secrets_leave_no_trace() {
    let planted = [
        "AKIAQWERTYUIOPASDFGH",
        "hunter2hunter2",
        "AKIAQWERTYUIOPASDFGH:abcd1234efgh5678",
        "xoxb-1234567890",
        "abcdefghijklmnop",
        "964a1afa20dd4a3723002560",
    ];
    for path in [
        "gitleaks/one.json",
        "gitleaks/many.json",
        "gitleaks/old.json",
        "trufflehog/one.json",
        "trufflehog/many.json",
        "trufflehog/old.json",
        "trufflehog3/one.json",
    ] {
        let scans = read(path);
        let shown = format!("{scans:?}{}", serde_json::to_string(&scans).unwrap());
        for finding in scans.iter().flat_map(|scan| &scan.findings) {
            assert_eq!(finding.kind, Kind::Secret);
            let snippet = finding.evidence.snippet.as_ref().map_or("", |snippet| snippet.lines.as_str());
            for secret in planted {
                for part in secret.as_bytes().windows(8) {
                    let part = std::str::from_utf8(part).unwrap();
                    assert!(!shown.contains(part) && !snippet.contains(part), "{path}: {part}");
                }
            }
        }
    }
    let found = findings("gitleaks/many.json");
    assert!(found[0].evidence.secret_hash.is_some());
    assert!(found[1].evidence.secret_hash.is_none(), "REDACTED is no value");
}

#[test]
fn what_other_scanners_quote_of_a_secret_is_not_shown() {
    for (path, secret) in [
        ("bandit/secret.json", "correct-horse-9"),
        ("horusec/secret.json", "correct-horse-9"),
        ("eslint/secret.json", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA"),
        ("checkov/secret.json", "25910f981e85ca04baf359199dd0bd4a3ae738b6"),
        ("nuclei/secret.json", "AKIAZZZZEXAMPLEZZZZ1"),
        ("dockle/many.json", "correct-horse-9"),
    ] {
        let told = told(path);
        for part in secret.as_bytes().windows(8) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!told.contains(part), "{path}: {part} in {told}");
        }
    }
    assert!(findings("nuclei/secret.json").iter().all(|finding| finding.first_seen.is_none()));
}

#[test]
fn secrets_are_cut_where_javascript_cuts_them() {
    let hash = |before: &str, from: usize| {
        let content = format!("{before}key = \\\"opaque-value-1\\\"\\n");
        let text = format!(
            r#"[{{"filePath": "a.js", "sourceContent": "{content}", "sourceContentType": "text", "messages": [{{"message": "found",
                "range": [{from}, {}], "ruleId": "r", "severity": "error", "loc": {{"start": {{"line": 1}}, "end": {{"line": 1}}}}}}]}}]"#,
            from + 14
        );
        let finding = read_bytes("s.json", text.into(), Some("secretlint")).unwrap().remove(0).findings.remove(0);
        finding.evidence.secret_hash.unwrap()
    };
    // An emoji is two of its units, and one character.
    assert_eq!(hash("", 7), hash("\u{1f600}\u{1f600} ", 12));
}

#[test]
fn a_scanners_digest_is_not_called_the_secret() {
    let digest = |path: &str| findings(path).remove(0).evidence.secret_digest;
    assert_eq!(digest("detect_secrets/one.json").as_deref(), Some("SHA-1"));
    assert_eq!(digest("gitleaks/one.json"), None);
}
