//! GitLab security reports, schemas 14 and 15 (and what older analyzers wrote): sast, dependency, container, cluster
//! image, dast, secret, api fuzzing and coverage fuzzing.
//! <https://gitlab.com/gitlab-org/security-products/security-report-schemas>

mod model;

use std::collections::HashMap;

use super::lenient::{self, Object};
use super::sarif;
use crate::finding::identifiers::rank;
use crate::finding::{Component, Cvss, Evidence, Finding, Fingerprint, Fix, Kind, Location, Scan, Severity, Snippet};
use crate::readers::normalise::redact;
use crate::readers::{Input, Probe, ReadError, Reader, identifiers, purl};
use model::{Identifier, Location as Place, Report, ScanInfo, Vulnerability};

/// Report types.
const TYPES: &[(&str, Kind)] = &[
    ("sast", Kind::Code),
    ("secret_detection", Kind::Secret),
    ("dependency_scanning", Kind::Dependency),
    ("container_scanning", Kind::Dependency),
    ("cluster_image_scanning", Kind::Dependency),
    ("dast", Kind::Dynamic),
    ("api_fuzzing", Kind::Dynamic),
    ("coverage_fuzzing", Kind::Code),
];

/// Types of identifiers that name a class or a collection of weaknesses, never the rule that found one.
const CLASSES: &[&str] = &["cwe", "owasp", "wasc", "capec", "hackerone"];

/// Tags of a finding that its analyzer doubts.
const LIKELY_FALSE: &str = "likely false positive";
const LOW_CONFIDENCE: &str = "confidence: low";

/// Reads GitLab security reports.
pub(crate) struct GitLab;

impl Reader for GitLab {
    fn name(&self) -> &str {
        "gitlab"
    }

    fn title(&self) -> &str {
        "GitLab security reports"
    }

    fn aliases(&self) -> Vec<&str> {
        vec![
            "gitlab_sast",
            "gitlab_dast",
            "gitlab_dep_scan",
            "gitlab_container_scan",
            "gitlab_secret_detection_report",
            "gitlab_api_fuzzing",
        ]
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn homepage(&self) -> &str {
        "https://docs.gitlab.com/user/application_security/"
    }

    fn recognises(&self, probe: &Probe) -> bool {
        let is_type = probe.text("scan.type").is_some_and(|kind| TYPES.iter().any(|(known, _)| *known == kind));
        let has_list = probe.get("vulnerabilities").is_some_and(serde_json::Value::is_array);
        // Before schema 14 there was no `scan`.
        let is_old = || probe.has("version") && probe.get("remediations").is_some_and(serde_json::Value::is_array);
        let has_findings =
            || probe.has("vulnerabilities[].identifiers[].type") && probe.has("vulnerabilities[].location");
        is_type || (has_list && (is_old() || has_findings()))
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        let malformed = |detail: String| ReadError::malformed(input.path, detail);
        let report: Object<Report<'_>> = lenient::parse(input.path, input.text)?;
        let vulnerabilities = report.vulnerabilities.as_ref();
        let vulnerabilities = vulnerabilities.ok_or_else(|| malformed("`vulnerabilities` is missing".to_owned()))?;
        let mut remedies = HashMap::new();
        for remediation in &report.remediations.0 {
            for fixed in &remediation.fixes.0 {
                let names = [fixed.id.get(), fixed.cve.get()];
                remedies.extend(names.into_iter().flatten().zip(std::iter::repeat(remediation.summary.get())));
            }
        }
        let findings = vulnerabilities.iter().enumerate().map(|(index, vulnerability)| {
            let remedy = [&vulnerability.id, &vulnerability.cve]
                .into_iter()
                .find_map(|name| remedies.get(name.get()?).copied().flatten());
            finding(&report.scan, vulnerability, remedy).ok_or_else(|| {
                malformed(format!("`vulnerabilities[{index}]` has neither name, message nor identifiers"))
            })
        });
        let findings = findings.collect::<Result<Vec<_>, _>>()?;
        let failure = failure(&report.scan);
        Ok(vec![Scan {
            reader: self.name().to_owned(),
            scanner: scanner(&report),
            // A differential scan has looked only at what has changed.
            complete: failure.is_none() && report.scan.partial_scan.mode.get().is_none(),
            failure,
            findings,
            // No target, so it is the report's path: a clean report does not name the image.
            ..Scan::default()
        }])
    }
}

fn scanner(report: &Report<'_>) -> String {
    let first = report.vulnerabilities.as_ref().and_then(|list| list.first()).map(|one| &one.scanner);
    let named = [Some(&report.scan.scanner), first, Some(&report.scan.analyzer)];
    let name = named.into_iter().flatten().find_map(|named| named.name.owned().or_else(|| named.id.owned()));
    name.unwrap_or_else(|| format!("GitLab {}", report.scan.kind.get().unwrap_or("scan").replace('_', " ")))
}

/// What Checkov writes for a description and a solution that it does not have.
const NO_LINK: &str = "Further info can be found None";

/// Analyzers that call a scan a failure because it has found something.
const FAILS_ON_FINDINGS: &[&str] = &["bearer"];

fn failure(scan: &ScanInfo<'_>) -> Option<String> {
    let failed = scan.status.get().is_some_and(|status| status.eq_ignore_ascii_case("failure"));
    let found_something = || {
        let names = [scan.analyzer.id.get(), scan.scanner.id.get()].into_iter().flatten();
        scan.messages.is_empty()
            && names.into_iter().any(|name| FAILS_ON_FINDINGS.contains(&name.to_lowercase().as_str()))
    };
    (failed && !found_something()).then(|| {
        let fatal = scan.messages.iter().find(|note| matches!(note.level.get(), Some("fatal" | "error")));
        fatal
            .or(scan.messages.first())
            .and_then(|note| note.value.owned())
            .unwrap_or_else(|| "`scan.status` is `failure`".to_owned())
    })
}

fn finding(scan: &ScanInfo<'_>, vulnerability: &Vulnerability<'_>, remedy: Option<&str>) -> Option<Finding> {
    let kind = kind(scan, vulnerability);
    let component = component(&vulnerability.location);
    let (identifiers, rule) = identifiers(&vulnerability.identifiers, kind);
    let name = || {
        let first = rule.as_deref().or(identifiers.first().map(String::as_str))?;
        Some(component.as_ref().map_or_else(|| first.to_owned(), |component| format!("{first} in {}", component.name)))
    };
    // Packages are named by their vulnerability; what else has no name says in its description what it is.
    let described = || vulnerability.description.get().and_then(first_line).map(str::to_owned);
    let unnamed = || if kind == Kind::Dependency { name().or_else(described) } else { described().or_else(name) };
    let title = vulnerability.name.owned().or_else(|| vulnerability.message.owned()).or_else(unnamed)?;
    let mut references = Vec::new();
    let urls =
        vulnerability.links.iter().map(|link| &link.url).chain(vulnerability.identifiers.iter().map(|id| &id.url));
    identifiers::extend(&mut references, urls.filter_map(lenient::Text::owned));
    let says = |text: &&str| *text != "No solution provided" && !text.starts_with(NO_LINK);
    let solution = vulnerability.solution.get().filter(says);
    let message = vulnerability.message.get().filter(|message| *message != title);
    let described = [message, vulnerability.description.get(), vulnerability.evidence.summary.get()];
    let flagged = vulnerability.flags.iter().filter_map(|flag| flag.description.get());
    let mut description: Vec<&str> = Vec::new();
    for part in described.into_iter().flatten().chain(flagged) {
        // The evidence of a secret scanner, and of a fuzzer's requests, may be what must not be shown.
        if !description.contains(&part) && kind != Kind::Secret && !part.starts_with(NO_LINK) {
            description.push(part);
        }
    }
    if kind == Kind::Secret {
        description.extend(vulnerability.description.get());
    }
    let vectors = vulnerability.cvss_vectors.iter().filter_map(|one| one.vector.owned());
    let cvss: Vec<Cvss> = vectors.map(|vector| Cvss { vector: Some(vector), score: None }).collect();
    // What rates nothing checks configurations: Medium, as in other formats.
    let unrated = if kind == Kind::Infrastructure { Severity::Medium } else { Severity::default() };
    let said = vulnerability.severity.get().filter(|word| !Severity::is_unrated(word)).and_then(Severity::from_word);
    Some(Finding {
        title,
        severity: said.or_else(|| Severity::from_ratings(&cvss)).unwrap_or(unrated),
        kind,
        rule,
        identifiers,
        location: location(vulnerability, kind),
        component,
        fix: solution.or(remedy).map(|text| Fix { version: None, text: Some(text.to_owned()) }),
        cvss,
        references,
        description: Some(description.join("\n\n")).filter(|text| !text.is_empty()),
        first_seen: vulnerability.discovered_at.owned(),
        tags: doubts(vulnerability),
        evidence: evidence(vulnerability, kind),
        ..Finding::default()
    })
}

/// The analyzer's doubts (`flagged-as-likely-false-positive`) are no decision: only people dismiss a finding.
fn doubts(vulnerability: &Vulnerability<'_>) -> Vec<String> {
    let is_doubt = |kind: &&str| kind.contains("false-positive");
    let is_flagged = vulnerability.flags.iter().any(|flag| flag.kind.get().as_ref().is_some_and(is_doubt));
    if is_flagged { vec![LIKELY_FALSE.to_owned(), LOW_CONFIDENCE.to_owned()] } else { Vec::new() }
}

/// The first line that says something and is no heading.
fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Trivy's template writes `Unknown` for what it does not know.
fn known(text: &lenient::Text<'_>) -> Option<String> {
    text.owned().filter(|text| !text.eq_ignore_ascii_case("unknown"))
}

fn kind(scan: &ScanInfo<'_>, vulnerability: &Vulnerability<'_>) -> Kind {
    // KICS, GitLab's analyzer for infrastructure as code, and Checkov write SAST reports.
    let scanners = [vulnerability.scanner.id.get(), scan.scanner.id.get(), scan.analyzer.id.get()];
    let is_infrastructure = |name: &str| matches!(sarif::kind_of_tool(name), Ok(Some(Kind::Infrastructure)));
    if scanners.into_iter().flatten().any(|id| id.contains("kics") || is_infrastructure(id)) {
        return Kind::Infrastructure;
    }
    let written = [vulnerability.category.get(), scan.kind.get()];
    let known = |written: &str| TYPES.iter().find(|(name, _)| *name == written).map(|(_, kind)| *kind);
    let Place { dependency, hostname, .. } = &*vulnerability.location;
    let by_place = || match (dependency.package.name.get(), hostname.get()) {
        (Some(_), _) => Kind::Dependency,
        (_, Some(_)) => Kind::Dynamic,
        _ => Kind::Code,
    };
    written.into_iter().flatten().find_map(known).unwrap_or_else(by_place)
}

fn component(place: &Place<'_>) -> Option<Component> {
    let name = place.dependency.package.name.owned()?;
    let version = place.dependency.version.owned();
    let by_file = place.file.get().and_then(|file| purl::of_manifest(file, &name, version.as_deref()));
    let by_system = || purl::of_distribution(&known(&place.operating_system)?, &name, version.as_deref());
    Some(Component { purl: by_file.or_else(by_system), name, version })
}

fn location(vulnerability: &Vulnerability<'_>, kind: Kind) -> Location {
    let place = &vulnerability.location;
    let request = &vulnerability.evidence.request;
    let is_dynamic = kind == Kind::Dynamic;
    let url = || match (place.hostname.get(), place.path.get()) {
        (Some(host), path) => Some(format!("{}{}", host.trim_end_matches('/'), slashed(path.unwrap_or_default()))),
        (None, path) => request.url.owned().or(path.map(str::to_owned)),
    };
    let resource = &place.kubernetes_resource;
    let resource: Vec<&str> = [&resource.kind, &resource.namespace, &resource.name, &resource.container_name]
        .into_iter()
        .filter_map(|part| part.get())
        .collect();
    let function = [place.class.get(), place.method.get().filter(|_| !is_dynamic)];
    let function = function.into_iter().flatten().collect::<Vec<_>>().join(".");
    let crash = place.crash_state.get().and_then(|state| state.lines().next()).map(str::to_owned);
    Location {
        path: place.file.owned(),
        start_line: place.start_line.line(),
        end_line: place.end_line.line(),
        url: if is_dynamic { url() } else { None },
        method: place.method.owned().filter(|_| is_dynamic).or_else(|| request.method.owned()),
        parameter: place.param.owned(),
        resource: [resource.join("/"), function].into_iter().find(|text| !text.is_empty()).or(crash),
        image: known(&place.image),
    }
}

fn slashed(path: &str) -> String {
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The public identifiers, and the rule: the analyzer's own id; for packages the vulnerability's.
fn identifiers(list: &[Object<Identifier<'_>>], kind: Kind) -> (Vec<String>, Option<String>) {
    let mut public = Vec::new();
    let mut own = None;
    for identifier in list {
        let written = [identifier.value.get(), identifier.name.get()];
        let class = identifier.kind.get().unwrap_or_default().to_ascii_lowercase();
        if class == "cwe" {
            identifiers::extend(
                &mut public,
                written.into_iter().flatten().find_map(|text| identifiers::cwes(text).next()),
            );
        } else if let Some(id) = written.into_iter().flatten().find(|text| rank(text).is_some()) {
            identifiers::extend(&mut public, [id.to_owned()]);
        } else if matches!(class.as_str(), "usn" | "rhsa" | "elsa") {
            identifiers::extend(&mut public, identifier.value.owned());
        } else if !CLASSES.contains(&class.as_str()) && own.is_none() {
            // Some analyzers write a sentence for a value.
            let is_word = |text: &&str| !text.contains(char::is_whitespace);
            own = written.into_iter().flatten().find(is_word).or(identifier.value.get()).map(str::to_owned);
        }
    }
    let vulnerability = public.iter().find(|id| rank(id).is_some()).cloned();
    let rule = if kind == Kind::Dependency { vulnerability.or(own) } else { own.or(vulnerability) };
    (public, rule)
}

/// What tells a finding apart from others of its rule at its place: the message, which schema 15 no longer has, else what
/// the description says of this very finding.
fn distinguishing_text(vulnerability: &Vulnerability<'_>) -> Option<String> {
    let said = vulnerability.message.owned().or_else(|| vulnerability.location.crash_type.owned());
    said.or_else(|| vulnerability.description.owned()).or_else(|| vulnerability.name.owned())
}

fn evidence(vulnerability: &Vulnerability<'_>, kind: Kind) -> Evidence {
    let mut fingerprints = Vec::new();
    for item in &vulnerability.tracking.items.0 {
        for signature in &item.signatures.0 {
            if let (Some(name), Some(value)) = (signature.algorithm.get(), signature.value.get()) {
                let file = item.file.get().filter(|file| !value.starts_with(file));
                let value = file.map_or_else(|| value.to_owned(), |file| format!("{file}|{value}"));
                fingerprints.push(Fingerprint { name: format!("gitlab:{name}"), value });
            }
        }
    }
    let source = vulnerability.raw_source_code_extract.raw();
    let is_secret = kind == Kind::Secret;
    let hash = |secret: &str| redact::hash([secret.trim()]);
    Evidence {
        fingerprints,
        snippet: source.map(|lines| Snippet { lines: lines.to_owned(), ..Snippet::default() }),
        secret_hash: source.filter(|_| is_secret).map(hash),
        message: distinguishing_text(vulnerability),
        ..Evidence::default()
    }
}
