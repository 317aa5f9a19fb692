//! Findings as SARIF 2.1.0, see <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{FindingView, FindingsView, LocationView, ScanView, json};
use crate::finding::{Severity, Status};

/// Writes a run for each scan.
///
/// # Errors
/// Where writing fails.
pub fn sarif(out: &mut dyn Write, view: &FindingsView<'_>) -> io::Result<()> {
    let runs: Vec<Value> = view.scans.iter().map(run).collect();
    json::json(
        out,
        &json!({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": runs}),
    )
}

fn run(scan: &ScanView<'_>) -> Value {
    let (mut rules, mut known): (Vec<(&str, FindingView<'_>)>, HashMap<&str, usize>) = Default::default();
    for finding in scan.findings.iter() {
        let id = rule_id(&finding);
        match known.get(id) {
            // A rule's severity is the highest of its results.
            Some(&at) if rules[at].1.severity < finding.severity => rules[at].1 = finding,
            Some(_) => {}
            None => {
                known.insert(id, rules.len());
                rules.push((id, finding));
            }
        }
    }
    json!({
        "tool": {"driver": {"name": scan.scanner, "rules": rules.iter().map(|(id, worst)| rule(id, worst)).collect::<Vec<_>>()}},
        "automationDetails": {"id": format!("{}/", scan.target)},
        "invocations": [invocation(scan)],
        "results": scan.findings.iter().map(|finding| result(&finding)).collect::<Vec<_>>(),
    })
}

fn invocation(scan: &ScanView<'_>) -> Value {
    let unexamined = |path: &String| {
        let location = json!({"physicalLocation": {"artifactLocation": {"uri": path}}});
        json!({"level": "error", "message": {"text": "not examined"}, "locations": [location]})
    };
    let mut invocation = json!({"executionSuccessful": scan.complete});
    if !scan.unexamined.is_empty() {
        invocation["toolExecutionNotifications"] = scan.unexamined.iter().map(unexamined).collect();
    }
    invocation
}

/// The rule of a finding; its title, where the scanner names none.
fn rule_id<'a>(finding: &FindingView<'a>) -> &'a str {
    finding.rule.or_else(|| finding.identifiers.first().map(String::as_str)).unwrap_or(finding.title)
}

fn rule(id: &str, worst: &FindingView<'_>) -> Value {
    let mut tags = vec!["security"];
    tags.extend(worst.identifiers.iter().map(String::as_str));
    let help = worst.references.first().filter(|url| url.starts_with("http"));
    let mut rule = json!({
        "id": id,
        "shortDescription": {"text": worst.title},
        "properties": {"security-severity": score(worst), "tags": tags},
    });
    if let Some(help) = help {
        rule["helpUri"] = json!(help);
    }
    rule
}

/// GitHub reads the severity from a score: the scanner's where it agrees with the severity, else the step's middle.
fn score(finding: &FindingView<'_>) -> String {
    let given = finding.cvss.first().and_then(|cvss| cvss.score);
    let middle = match finding.severity {
        Severity::Info => 0.0,
        Severity::Low => 2.0,
        Severity::Medium => 5.5,
        Severity::High => 8.0,
        Severity::Critical => 9.5,
    };
    format!("{:.1}", given.filter(|score| Severity::from_cvss(*score) == finding.severity).unwrap_or(middle))
}

fn result(finding: &FindingView<'_>) -> Value {
    let level = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    };
    let locations: Vec<Value> =
        std::iter::once(&finding.location).chain(&finding.locations).filter_map(location).collect();
    let mut result = json!({
        "ruleId": rule_id(finding),
        "level": level,
        "message": {"text": finding.description.unwrap_or(finding.title)},
        "locations": locations,
        "properties": {"severity": finding.severity, "status": finding.status, "kind": finding.kind},
    });
    if let Some(key) = &finding.key {
        result["partialFingerprints"] = json!({"findsync/v1": key});
    }
    if finding.status != Status::Active {
        result["suppressions"] =
            json!([{"kind": "external", "status": "accepted", "justification": finding.justification}]);
    }
    result
}

fn location(location: &LocationView<'_>) -> Option<Value> {
    let uri = location.path.or(location.url).or(location.image)?;
    let mut physical = json!({"artifactLocation": {"uri": uri}});
    if let Some(start) = location.start_line {
        physical["region"] = json!({"startLine": start, "endLine": location.end_line.unwrap_or(start)});
    }
    let mut place = json!({"physicalLocation": physical});
    if let Some(resource) = location.resource {
        place["logicalLocations"] = json!([{"fullyQualifiedName": resource}]);
    }
    Some(place)
}
