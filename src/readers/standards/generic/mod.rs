//! The generic findings format of DefectDojo, JSON and CSV: what any script can write for us.
//! <https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/>

mod fields;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lenient::{self, List, Object, Text};
use crate::finding::{
    Component, Cvss, Epss, Evidence, Facts, Finding, Fingerprint, Fix, Kind, KnownExploited, Location, Scan, Severity,
    Status,
};
use crate::readers::load::document;
use crate::readers::{Format, Input, Probe, ReadError, Reader, identifiers, purl};
use crate::redact::plain_name;
use fields::{FIELDS, Fields};

/// What DefectDojo calls this format where a report does not name its scanner.
const UNNAMED: &str = "Generic Findings Import";

/// Reads generic findings.
pub(crate) struct Generic;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    dynamic_tool: lenient::Flag,
    static_tool: lenient::Flag,
    findings: Option<List<Object<Map<String, Value>>>>,
}

impl Reader for Generic {
    fn name(&self) -> &str {
        "generic"
    }

    fn title(&self) -> &str {
        "Generic findings, JSON or CSV"
    }

    fn kind(&self) -> Kind {
        Kind::Other
    }

    fn homepage(&self) -> &str {
        "https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/"
    }

    fn recognises(&self, probe: &Probe) -> bool {
        match probe.format() {
            Format::Json => recognises_json(probe),
            Format::Csv => {
                let columns = probe.outline().as_object().into_iter().flat_map(Map::keys);
                let known: Vec<_> = columns.filter_map(|column| fields::of_column(column)).collect();
                ["title", "description", "severity"].iter().all(|field| known.contains(field))
                    && 2 * known.len() > probe.outline().as_object().map_or(0, Map::len)
            }
            _ => false,
        }
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        if input.text.trim_start().starts_with('{') { json(input) } else { csv(input) }
    }
}

/// Many tools have `findings` with a title; ours are those in which most fields are the format's.
fn recognises_json(probe: &Probe) -> bool {
    const MEMBERS: &[&str] =
        &["name", "type", "version", "description", "dynamic_tool", "static_tool", "soc", "title", "findings"];
    let Some(report) = probe.outline().as_object() else { return false };
    let Some(findings) = report.get("findings").and_then(Value::as_array) else { return false };
    if !report.keys().all(|key| MEMBERS.contains(&key.as_str())) {
        return false;
    }
    match findings.first() {
        None => report.contains_key("type") || report.contains_key("name"),
        Some(finding) => finding.as_object().is_some_and(|finding| {
            let known = finding.keys().filter(|key| FIELDS.contains(&key.as_str())).count();
            finding.contains_key("title") && 2 * known > finding.len()
        }),
    }
}

fn json(input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
    let report: Object<Report<'_>> = lenient::parse(input.path, input.text)?;
    let findings = report.findings.as_ref();
    let findings = findings.ok_or_else(|| ReadError::malformed(input.path, "`findings` is missing"))?;
    let findings = findings.iter().enumerate().map(|(index, fields)| {
        if let Some((name, nearest)) = fields::unknown(fields) {
            let hint = nearest.map(|field| format!(", did you mean `{field}`?")).unwrap_or_default();
            let name = plain_name(name).unwrap_or("…");
            return Err(ReadError::malformed(input.path, format!("`findings[{index}].{name}` is not a field{hint}")));
        }
        let wrong = |field: &str, detail: &str| {
            ReadError::malformed(input.path, format!("`findings[{index}].{field}` {detail}"))
        };
        let severity = severity(&Fields(fields), wrong)?;
        if severity.is_none() && Fields(fields).text("severity").is_none() {
            return Err(wrong("severity", "is missing"));
        }
        let kind = match (report.dynamic_tool.is_set(), report.static_tool.is_set()) {
            (true, false) => Some(Kind::Dynamic),
            _ => None,
        };
        finding(&Fields(fields), severity, kind, wrong)
    });
    let named = report.kind.get().map(|kind| kind.trim_end_matches("(Generic Findings Import)").trim());
    let scanner = named.filter(|kind| *kind != UNNAMED && !kind.is_empty()).or(report.name.get()).unwrap_or("Generic");
    Ok(vec![scan(scanner, findings.collect::<Result<_, _>>()?)])
}

fn csv(input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(document::separator(input.text.trim_start().lines().next().unwrap_or_default()).unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(input.text.as_bytes());
    let malformed = |error: csv::Error| ReadError::unparsed(input.path, &error);
    let columns: Vec<_> = reader.headers().map_err(malformed)?.iter().map(fields::of_column).collect();
    if let Some(missing) = ["title", "severity"].iter().find(|field| !columns.contains(&Some(**field))) {
        return Err(ReadError::malformed(input.path, format!("there is no column `{missing}`")));
    }
    if document::ends_in_quotes(input.text) {
        return Err(ReadError::malformed(input.path, document::CUT));
    }
    let mut findings = Vec::new();
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = columns.iter().zip(record.iter()).filter(|(_, cell)| !cell.trim().is_empty());
        let row: Map<String, Value> =
            cells.filter_map(|(field, cell)| Some(((*field)?.to_owned(), Value::String(cell.to_owned())))).collect();
        if row.is_empty() {
            continue;
        }
        let wrong =
            |field: &str, detail: &str| ReadError::malformed(input.path, format!("line {line}: `{field}` {detail}"));
        // In CSV the severity may be left out.
        let severity = severity(&Fields(&row), wrong)?;
        findings.push(finding(&Fields(&row), severity, None, wrong)?);
    }
    Ok(vec![scan("Generic", findings)])
}

fn scan(scanner: &str, findings: Vec<Finding>) -> Scan {
    Scan { reader: "generic".to_owned(), scanner: scanner.to_owned(), complete: true, findings, ..Scan::default() }
}

fn severity(fields: &Fields<'_>, wrong: impl Fn(&str, &str) -> ReadError) -> Result<Option<Severity>, ReadError> {
    let Some(word) = fields.text("severity").filter(|word| !Severity::is_unrated(word)) else { return Ok(None) };
    let known = Severity::from_word(&word);
    known.map(Some).ok_or_else(|| wrong("severity", "is none: write Info, Low, Medium, High or Critical"))
}

fn finding(
    fields: &Fields<'_>,
    severity: Option<Severity>,
    kind: Option<Kind>,
    wrong: impl Fn(&str, &str) -> ReadError,
) -> Result<Finding, ReadError> {
    let title = fields.text("title").ok_or_else(|| wrong("title", "is missing"))?;
    let mut identifiers: Vec<String> = fields.text("cve").into_iter().collect();
    identifiers::extend(&mut identifiers, fields.texts("vulnerability_ids").iter().flat_map(|ids| words(ids)));
    let vulnerability = identifiers.first().cloned();
    for field in ["cwe", "cwes"] {
        identifiers::extend(
            &mut identifiers,
            fields
                .texts(field)
                .iter()
                .flat_map(|cwes| words(cwes))
                .flat_map(|cwe| identifiers::cwes(&cwe).collect::<Vec<_>>()),
        );
    }
    let (location, locations) = places(fields);
    let component = component(fields, location.path.as_deref());
    let kind = match fields.text("kind") {
        Some(word) => word.parse().map_err(|error| wrong("kind", &format!("is wrong: {error}")))?,
        None if component.is_some() => Kind::Dependency,
        None => kind.unwrap_or(match (&location.path, &location.url) {
            _ if fields.is("dynamic_finding") && !fields.is("static_finding") => Kind::Dynamic,
            (Some(_), _) => Kind::Code,
            (None, Some(_)) => Kind::Dynamic,
            (None, None) => Kind::Other,
        }),
    };
    let (status, justification) = status(fields);
    let known_exploited = fields.is("known_exploited").then(|| "known-exploited".to_owned());
    let print = |value| Fingerprint { name: "unique_id_from_tool".to_owned(), value };
    let (version, text) = (fields.text("fix_version"), fields.text("mitigation"));
    let version = version.or_else(|| fields.text("planned_remediation_version"));
    let cvss = ["cvssv3", "cvssv4"].map(|name| Cvss {
        vector: fields.text(name),
        score: fields.number(&format!("{name}_score")).0.filter(|score| (0.0..=10.0).contains(score)),
    });
    let cvss: Vec<Cvss> = cvss.into_iter().filter(|cvss| *cvss != Cvss::default()).collect();
    Ok(Finding {
        title,
        severity: severity.or_else(|| Severity::from_ratings(&cvss)).unwrap_or_default(),
        status,
        kind,
        rule: fields.text("vuln_id_from_tool").or(vulnerability.filter(|_| kind == Kind::Dependency)),
        identifiers,
        location,
        locations,
        component,
        fix: (version.is_some() || text.is_some()).then_some(Fix { version, text }),
        cvss,
        facts: facts(fields),
        references: fields.texts("references").iter().flat_map(|text| lines(text)).collect(),
        description: description(fields),
        justification,
        first_seen: fields.text("date").and_then(|date| day(&date)),
        tags: fields.texts("tags").into_iter().chain(known_exploited).collect(),
        evidence: Evidence {
            fingerprints: fields.text("unique_id_from_tool").map(print).into_iter().collect(),
            ..Evidence::default()
        },
        ..Finding::default()
    })
}

/// EPSS and known exploitation; what is not there is unknown.
fn facts(fields: &Fields<'_>) -> Facts {
    let share = |name: &str| fields.number(name).0.filter(|share| (0.0..=1.0).contains(share));
    let since = fields.text("kev_date").and_then(|date| day(&date));
    let is_exploited = fields.is("known_exploited") || since.is_some() || fields.is("ransomware_used");
    Facts {
        epss: share("epss_score").map(|score| Epss { score, percentile: share("epss_percentile") }),
        known_exploited: is_exploited.then(|| KnownExploited {
            since,
            due: None,
            ransomware: fields.flag("ransomware_used"),
        }),
        confidence: fields.text("scanner_confidence"),
        ..Facts::default()
    }
}

fn component(fields: &Fields<'_>, manifest: Option<&str>) -> Option<Component> {
    let by_url = fields.text("component_purl").and_then(|url| purl::component(&url));
    let version = fields.text("component_version");
    let by_name = || {
        let name = fields.text("component_name")?;
        let purl = manifest.and_then(|path| purl::of_manifest(path, &name, version.as_deref()));
        Some(Component { purl, name, version: version.clone() })
    };
    by_url.or_else(by_name)
}

/// The file and the first endpoint are the main place; the other endpoints and the flow's source are further ones.
fn places(fields: &Fields<'_>) -> (Location, Vec<Location>) {
    let endpoints = fields.get("endpoints").or_else(|| fields.get("locations"));
    let endpoints: Vec<&Value> = match endpoints {
        Some(Value::Array(list)) => list.iter().collect(),
        other => other.into_iter().collect(),
    };
    let mut urls = endpoints.into_iter().filter_map(url);
    let parameter = fields.text("param");
    let main = Location {
        path: fields.text("file_path"),
        start_line: fields.number("line").line(),
        url: urls.next(),
        parameter: parameter.clone(),
        ..Location::default()
    };
    let mut further: Vec<Location> =
        urls.map(|url| Location { url: Some(url), parameter: parameter.clone(), ..Location::default() }).collect();
    if let Some(path) = fields.text("sast_source_file_path") {
        let source =
            Location { path: Some(path), start_line: fields.number("sast_source_line").line(), ..Location::default() };
        if (&source.path, source.start_line) != (&main.path, main.start_line) {
            further.push(source);
        }
    }
    (main, further)
}

/// An endpoint: an address, or its parts.
fn url(endpoint: &Value) -> Option<String> {
    let Some(parts) = endpoint.as_object() else {
        let text = endpoint.as_str()?.trim();
        return (!text.is_empty()).then(|| text.to_owned());
    };
    let fields = Fields(parts);
    let text = |name: &str, before: &str| fields.text(name).map(|text| format!("{before}{text}")).unwrap_or_default();
    let host = fields.text("url").or_else(|| fields.text("host"))?;
    let protocol = fields.text("protocol").map(|protocol| format!("{protocol}://")).unwrap_or_default();
    let path = fields.text("path").map(|path| format!("/{}", path.trim_start_matches('/'))).unwrap_or_default();
    Some(format!("{protocol}{host}{}{path}{}{}", text("port", ":"), text("query", "?"), text("fragment", "#")))
}

/// What the report says of the finding's state. A finding is active unless it says otherwise.
fn status(fields: &Fields<'_>) -> (Status, Option<String>) {
    let states = [
        ("false_p", Status::FalsePositive, "marked as false positive"),
        ("risk_accepted", Status::RiskAccepted, "marked as accepted risk"),
        ("out_of_scope", Status::RiskAccepted, "marked as out of scope"),
        ("is_mitigated", Status::Closed, "marked as mitigated"),
        ("duplicate", Status::Closed, "marked as a duplicate"),
    ];
    match states.into_iter().find(|(field, ..)| fields.is(field)) {
        Some((_, status, reason)) => (status, Some(reason.to_owned())),
        None if fields.flag("active") == Some(false) => (Status::Closed, Some("marked as not active".to_owned())),
        None => (Status::Active, None),
    }
}

fn description(fields: &Fields<'_>) -> Option<String> {
    let sections = [
        ("impact", "Impact"),
        ("steps_to_reproduce", "Steps to reproduce"),
        ("payload", "Payload"),
        ("severity_justification", "Severity"),
    ];
    let named = sections.iter().filter_map(|(name, label)| Some(format!("{label}: {}", fields.text(name)?)));
    let parts: Vec<String> = fields.text("description").into_iter().chain(named).collect();
    Some(parts.join("\n\n")).filter(|text| !text.is_empty())
}

/// A day as RFC 3339 writes it; with slashes the month comes first, unless there is no such month.
fn day(text: &str) -> Option<String> {
    if text.get(..10).is_some_and(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()) {
        return Some(text.to_owned());
    }
    let formats = ["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d"];
    let day = formats.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    Some(day.format("%Y-%m-%d").to_string())
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split([',', ';', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}
