//! The standards' readers against real reports, where the corpus is at hand: every report that the peer reads is read,
//! with as many findings, and what it refuses is refused.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed unwrap fails the test; a skipped one says so")]

use std::collections::BTreeMap;
use std::path::Path;

use findsync::config::ReportSource;
use findsync::readers::{ReadOptions, read_reports};
use serde_json::Value;

/// The peer's name for a parser, and our reader.
const TOOLS: &[(&str, &str)] = &[
    ("sarif", "sarif"),
    ("cyclonedx", "cyclonedx"),
    ("gitlab_sast", "gitlab"),
    ("gitlab_dast", "gitlab"),
    ("gitlab_dep_scan", "gitlab"),
    ("gitlab_container_scan", "gitlab"),
    ("gitlab_secret_detection_report", "gitlab"),
    ("gitlab_api_fuzzing", "gitlab"),
];

/// Reports that say so little that no reader can be sure: they need `--reader`.
const NOT_RECOGNISED: &[&str] = &["gitlab_dast/gitlab_dast_zero_vul.json"];

/// What we count otherwise on purpose. A SARIF result with several locations is one weakness that is mended only by a
/// change at each of them (§3.27.12); the peer makes a finding of each.
const COUNTED_OTHERWISE: &[(&str, u64)] = &[("sarif/njsscan.sarif", 2)];

#[test]
fn reads_what_the_peer_reads() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: there is no {}", corpus.display());
        return;
    }
    let mut wrong = Vec::new();
    for (tool, reader) in TOOLS {
        let expected = std::fs::read_to_string(corpus.join(format!("expected/{tool}.json"))).unwrap();
        let expected: BTreeMap<String, Value> = serde_json::from_str(&expected).unwrap();
        assert!(!expected.is_empty());
        for (report, peer) in expected {
            let mut options = ReadOptions::new(corpus.join("samples"));
            options.reader = NOT_RECOGNISED.contains(&report.as_str()).then(|| (*reader).to_owned());
            let source = ReportSource { path: report.clone(), ..ReportSource::default() };
            let ours = COUNTED_OTHERWISE.iter().find(|(name, _)| *name == report).map(|(_, count)| *count);
            match (read_reports(&[source], &options), ours.or(peer["count"].as_u64())) {
                (Ok(scans), Some(count)) => {
                    let ours: usize = scans.iter().map(|scan| scan.findings.len()).sum();
                    if scans.iter().any(|scan| scan.reader != *reader) || ours as u64 != count {
                        wrong.push(format!("{report}: {ours} findings instead of {count}"));
                    }
                }
                (Err(error), Some(_)) => wrong.push(format!("{report}: {error}")),
                (Ok(_), None) => wrong.push(format!("{report}: read, but it is broken")),
                (Err(error), None) => assert!(error.to_string().contains(&report), "{error}"),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
