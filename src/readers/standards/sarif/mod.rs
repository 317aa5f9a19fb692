//! SARIF 2.1.0: each run is a scan.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

mod fix;
mod message;
mod model;
mod package;
mod place;
mod rules;
mod shortcoming;
mod template;
mod text;
mod tools;

use std::sync::Arc;

use serde::Deserialize;

use super::lenient::{self, Object, Text};
use crate::finding::{
    Artifact, Evidence, Facts, Finding, Fingerprint, Kind, Scan, Secrets, Source, Status, image_name,
};
use crate::readers::definitions::jq::functions;
use crate::readers::normalise::redact;
use crate::readers::{Input, Probe, ReadError, Reader, identifiers};
use model::{Log, Map, Message, ResultObject, Run, RunProperties, Suppression};
use package::Told;
use rules::Rules;
use tools::Tool;

/// Reads SARIF.
pub(crate) struct Sarif;

impl Reader for Sarif {
    fn name(&self) -> &str {
        "sarif"
    }

    fn title(&self) -> &str {
        "SARIF 2.1.0"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn homepage(&self) -> &str {
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"
    }

    fn recognises(&self, probe: &Probe) -> bool {
        let schema = probe.text("$schema").is_some_and(|schema| schema.to_ascii_lowercase().contains("sarif"));
        probe.has("runs")
            && (schema
                || probe.has("runs[].tool.driver")
                || probe.has("runs[].tool.name")
                || probe.text("version") == Some("2.1.0"))
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        let malformed = |detail: &str| ReadError::malformed(input.path, detail);
        let log: Object<Log<'_>> = match lenient::parse(input.path, input.text) {
            Ok(log) => log,
            // Other versions have other shapes: what is wrong with those is the version.
            Err(error) => {
                let header = lenient::parse::<Object<Header<'_>>>(input.path, input.text);
                let other = header.ok().and_then(|header| other_version(&header.version));
                return Err(other.map_or(error, |other| malformed(&other)));
            }
        };
        if let Some(other) = other_version(&log.version) {
            return Err(malformed(&other));
        }
        let runs = log.0.runs.ok_or_else(|| malformed("`runs` is missing: this is no SARIF 2.1.0"))?;
        if runs.is_empty() {
            return Err(malformed("`runs` is empty: no scanner has run"));
        }
        runs.0.into_iter().enumerate().map(|(index, run)| scan(input.path, index, run.0)).collect()
    }
}

/// What tells the version of a document that has another shape.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Header<'a> {
    #[serde(borrow)]
    version: Text<'a>,
}

/// What is to be said of a document of another version. Some tools forget the version; the drivers that every run must
/// name tell that it is no older SARIF.
fn other_version(version: &Text<'_>) -> Option<String> {
    let version = version.get().filter(|version| !version.starts_with("2.1"))?;
    // `2.0.0-csd.2.beta.2019-02-20`: a draft.
    let number = version.split('-').next().unwrap_or_default();
    if number.is_empty() || number.len() > 9 || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Some("this is no version of SARIF".to_owned());
    }
    let advice = "have the scanner write 2.1.0, or convert it with `sarif-multitool transform`";
    Some(format!("this is SARIF {number}, and only 2.1.0 is read: {advice}"))
}

/// The kind of a tool's findings, by its name; other formats name the same tools.
pub(crate) fn kind_of_tool(name: &str) -> Result<Option<Kind>, ReadError> {
    Ok(tools::find(without_version(name))?.kind)
}

/// Whether the lines of a tool's findings tell the resource, where the report does not.
pub(crate) fn lines_name_resources(name: &str) -> Result<bool, ReadError> {
    Ok(tools::find(without_version(name))?.lines_name_resources)
}

fn scan(path: &str, index: usize, mut run: Run<'_>) -> Result<Scan, ReadError> {
    let malformed = |detail: String| ReadError::malformed(path, detail);
    let driver = run.tool.driver.name.owned();
    let driver = driver.ok_or_else(|| malformed(format!("`runs[{index}].tool.driver.name` is missing")))?;
    // §3.15: what stands elsewhere must not be taken for absent.
    if let Some((property, _)) = run.external_property_file_references.first() {
        return Err(malformed(format!(
            "`runs[{index}].externalPropertyFileReferences.{property}` says that they are in another file, which is not read: \
             have the scanner write everything into one file"
        )));
    }
    let tool = tools::find(without_version(&driver))?;
    let (failure, mut unexamined) = shortcoming::find(&run, tool);
    let results = run.results.take().unwrap_or_default().0;
    let run = &run;
    let rules = Rules::new(run);
    let mut findings = Vec::with_capacity(results.len());
    for (at, result) in results.into_iter().enumerate() {
        let place = || format!("runs[{index}].results[{at}]");
        let Object(result) = lenient::parse_part::<Object<ResultObject<'_>>>(path, result.get(), place)?;
        if rules::id(&result).is_some_and(|rule| tool.is_unparsed(rule)) {
            unexamined.extend(place::places(run, &result).0.path);
        } else if is_finding(&result) {
            let finding = finding(run, &rules, tool, &result);
            let nameless = || malformed(format!("`{}` has neither a message nor a rule", place()));
            findings.push(finding.ok_or_else(nameless)?);
        }
    }
    Ok(Scan {
        reader: "sarif".to_owned(),
        scanner: without_version(&driver).to_owned(),
        target: target(run),
        artifact: Arc::new(artifact(run)),
        complete: failure.is_none(),
        failure,
        unexamined,
        repository: repository(run),
        findings,
        ..Scan::default()
    })
}

/// The category: what stands before the run's own part of `automationDetails.id` (§3.17.3); else the scanned image.
fn target(run: &Run<'_>) -> String {
    let category = run.automation_details.id.get().and_then(|id| id.rsplit_once('/')).map(|(category, _)| category);
    let image = || run.properties.image_name.get().map(|image| image_name(image).to_owned());
    category.filter(|category| !category.is_empty()).map(str::to_owned).or_else(image).unwrap_or_default()
}

/// The repository that was scanned (§3.14.13), as the report writes it. A run about several says nothing of whose they are.
fn repository(run: &Run<'_>) -> Option<Source> {
    let mut uris = run.version_control_provenance.iter().filter_map(|control| control.repository_uri.get());
    let first = uris.next().filter(|uri| !uri.trim().is_empty())?;
    uris.all(|other| other == first).then(|| Source::named(first))
}

/// The image that Trivy scanned.
fn artifact(run: &Run<'_>) -> Artifact {
    let RunProperties { image_name, image_id, repo_digests, repo_tags } = &*run.properties;
    let names = image_name.get().into_iter().chain(repo_tags.iter()).chain(repo_digests.iter());
    Artifact {
        names: names.map(str::to_owned).collect(),
        digests: image_id.owned().into_iter().collect(),
        ..Artifact::default()
    }
}

fn without_version(driver: &str) -> &str {
    let is_version = |word: &str| {
        let digits = word.trim_start_matches(['v', 'V']);
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.contains('.')
    };
    match driver.rsplit_once(' ') {
        Some((name, version)) if is_version(version) => name.trim_end(),
        _ => driver,
    }
}

/// Whether a result says that something is there and wrong (§3.27.9, §3.27.24).
fn is_finding(result: &ResultObject<'_>) -> bool {
    !matches!(result.kind.get(), Some("pass" | "notApplicable" | "informational"))
        && result.baseline_state.get() != Some("absent")
}

fn finding(run: &Run<'_>, rules: &Rules<'_, '_>, tool: &Tool, result: &ResultObject<'_>) -> Option<Finding> {
    let rule = rules.of(result);
    let rule_id = rules::id(result).or_else(|| rule.and_then(|rule| rule.id.get()));
    let rule_id = rule_id.map(|id| id.strip_prefix(tool.rule_prefix.as_str()).unwrap_or(id));
    let rule_id = rule_id.map(|id| if tool.rule_ids_are_paths { functions::without_checkout(id) } else { id });
    let strings: Vec<&Map<'_, Object<Message<'_>>>> = rule
        .map(|rule| &rule.message_strings)
        .into_iter()
        .chain([&run.tool.driver.global_message_strings])
        .chain(run.tool.extensions.iter().map(|extension| &extension.global_message_strings))
        .collect();
    let message = message::render(&result.message, &strings);
    let message = message.as_deref();
    let told = Told::new(tool, rule, result, message);
    let (mut location, locations, snippet) = place::places(run, result);
    let mut kind = package::kind(tool, rule, result, &location);
    place::put_into_image(&mut location, tool, &told, run.properties.image_name.get());
    let (component, fixed) = match kind {
        Kind::Dependency => package::package(tool, &told, rule, result, &location, message),
        _ => (None, None),
    };
    let (severity, cvss) = rules.severity(tool, &told, rule, result);
    let (status, justification) = status(&result.suppressions);
    let mut identifiers: Vec<String> = told.get("id").into_iter().chain(rule_id).flat_map(identifiers::find).collect();
    if kind == Kind::Dependency {
        identifiers::extend(&mut identifiers, text::aliases(message));
    }
    if tool.tags_are_ids {
        identifiers::extend(
            &mut identifiers,
            rules::bags(rule, result).flat_map(|bag| bag.tags.iter()).flat_map(identifiers::find),
        );
    }
    identifiers::extend(&mut identifiers, rules.cwes(rule, result));
    // A check of a package manager, or a linter of one: what it is about is known by its place and words.
    if kind == Kind::Dependency && component.is_none() && identifiers.iter().all(|id| id.starts_with("CWE-")) {
        kind = Kind::Code;
    }
    identifiers::extend(&mut identifiers, tool.identifiers.iter().cloned());
    let mut tags = Vec::new();
    identifiers::extend(&mut tags, rules::bags(rule, result).flat_map(|bag| bag.tags.iter()).map(str::to_owned));
    let title = text::title(rule, message, rule_id, kind)?;
    let mut finding = Finding {
        severity,
        status,
        kind,
        rule: rule_id.map(str::to_owned),
        identifiers,
        component,
        fix: fix::fix(rule, result, fixed),
        cvss: cvss.into_iter().collect(),
        facts: Facts { confidence: rules::confidence(rule, result), ..Facts::default() },
        references: text::references(rule),
        description: text::description(rule, message, &title),
        justification,
        first_seen: result.provenance.first_detection_time_utc.owned(),
        tags,
        evidence: Evidence {
            fingerprints: fingerprints(tool, result),
            snippet,
            message: message.map(str::to_owned),
            column: place::column(result),
            ..Evidence::default()
        },
        title,
        location,
        locations,
        ..Finding::default()
    };
    if kind == Kind::Secret {
        name_bare_secret(&mut finding);
    }
    Some(finding)
}

/// The fingerprints, but for those that change with lines, commits or days.
fn fingerprints(tool: &Tool, result: &ResultObject<'_>) -> Vec<Fingerprint> {
    let prints = result.fingerprints.iter().chain(result.partial_fingerprints.iter());
    let stays = |name: &str, value: &str| {
        let is_ignored = tool.ignored_fingerprints.iter().any(|ignored| ignored == name);
        !is_ignored && !tool.fingerprints.contains_key(name) && (!name.starts_with(LINE_HASH) || is_line_hash(value))
    };
    let named = prints.filter_map(|(name, value)| Some((name.to_string(), value.owned()?)));
    named.filter(|(name, value)| stays(name, value)).map(|(name, value)| Fingerprint { name, value }).collect()
}

/// What CodeQL and GitHub's upload call the hash of a line's text; others call hashes of the line's number so.
/// <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>
const LINE_HASH: &str = "primaryLocationLineHash";

/// Whether a value is one of that algorithm: a hash of 64 bits, and the number among equals.
fn is_line_hash(value: &str) -> bool {
    value.split_once(':').is_some_and(|(hash, number)| {
        (1..=16).contains(&hash.len())
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Gitleaks writes the bare secret for a snippet: its hash tells secrets apart.
fn name_bare_secret(finding: &mut Finding) {
    let shown = finding.evidence.snippet.as_ref().map(|snippet| snippet.lines.trim());
    if let Some(shown) = shown.filter(|shown| redact::is_bare(shown)).map(str::to_owned) {
        finding.evidence.secret_hash = Some(redact::hash([shown.as_str()]));
        finding.secrets = Secrets(vec![shown]);
    }
}

/// A result is suppressed unless one of its suppressions is still under review or was rejected (§3.27.23, §3.35.3).
///
/// SARIF does not say whether the code is no weakness or one that people live with. The cautious reading is the
/// latter, unless the justification says otherwise.
fn status(suppressions: &[Object<Suppression<'_>>]) -> (Status, Option<String>) {
    let stands =
        |one: &Object<Suppression<'_>>| matches!(one.status.get().or_else(|| one.state.get()), None | Some("accepted"));
    if suppressions.is_empty() || !suppressions.iter().all(stands) {
        return (Status::Active, None);
    }
    let said = suppressions.iter().find_map(|one| one.justification.owned());
    let folded = said.as_deref().unwrap_or_default().to_ascii_lowercase().replace(['-', '_'], " ");
    let is_false = ["false positive", "falsepositive", "not a vulnerability", "not vulnerable"];
    let status =
        if is_false.iter().any(|word| folded.contains(word)) { Status::FalsePositive } else { Status::RiskAccepted };
    let by_kind = || match suppressions.first().and_then(|one| one.kind.get()) {
        Some("inSource") => "suppressed in the source".to_owned(),
        _ => "suppressed in the report".to_owned(),
    };
    (status, Some(said.unwrap_or_else(by_kind)))
}
