//! SARIF 2.1.0: each run is a scan.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

mod message;
mod model;
mod package;
mod place;
mod rules;

use std::sync::Arc;

use self::model::{Log, Map, Message, Notification, ResultObject, Rule, Run, RunProperties, Suppression};
use self::rules::Rules;
use super::leaf::{self, Object};
use super::{Input, Probe, ReadError, Reader, ids, redact};
use crate::finding::{Artifact, Evidence, Finding, Fingerprint, Fix, Kind, Scan, Source, Status, image_name};

/// Longer help texts are left to the link: they are written once for each finding.
const MAX_HELP: usize = 1500;

/// Reads SARIF.
pub(super) struct Sarif;

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
        probe.has("runs") && (schema || probe.has("runs[].tool.driver") || probe.text("version") == Some("2.1.0"))
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        let malformed = |detail: &str| ReadError::malformed(input.path, detail);
        let log: Object<Log<'_>> = leaf::parse(input.path, input.text)?;
        match log.version.get() {
            Some(version) if version.starts_with("2.1") => {}
            Some(version) => return Err(malformed(&format!("SARIF version `{version}` is not 2.1.0"))),
            // Some tools forget it; the drivers that every run must name tell that it is no older SARIF.
            None => {}
        }
        let runs = log.0.runs.ok_or_else(|| malformed("`runs` is missing: this is no SARIF 2.1.0"))?;
        if runs.is_empty() {
            return Err(malformed("`runs` is empty: no scanner has run"));
        }
        runs.0.into_iter().enumerate().map(|(index, run)| scan(input.path, index, run.0)).collect()
    }
}

fn scan(path: &str, index: usize, mut run: Run<'_>) -> Result<Scan, ReadError> {
    let malformed = |detail: String| ReadError::malformed(path, detail);
    let driver = run.tool.driver.name.owned();
    let driver = driver.ok_or_else(|| malformed(format!("`runs[{index}].tool.driver.name` is missing")))?;
    // §3.15: what stands elsewhere must not be taken for absent.
    if let Some((property, file)) = run.external_property_file_references.first() {
        let file = file.location.uri.get().map_or("another file".to_owned(), |uri| format!("`{uri}`"));
        return Err(malformed(format!(
            "`runs[{index}].externalPropertyFileReferences.{property}` says that they are in {file}, which is not read: \
             have the scanner write everything into one file"
        )));
    }
    let (failure, unexamined) = shortcomings(&run);
    let results = run.results.take().unwrap_or_default().0;
    let run = &run;
    let rules = Rules::new(run);
    let mut findings = Vec::with_capacity(results.len());
    for (at, result) in results.into_iter().enumerate() {
        let place = || format!("runs[{index}].results[{at}]");
        let Object(result) = leaf::parse_part::<Object<ResultObject<'_>>>(path, result.get(), place)?;
        if is_finding(&result) {
            let finding = finding(run, &rules, &driver, &result);
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

/// Why the run must not vouch for what it does not report (appendix I), and the files for which it must not.
///
/// An error of the execution that names files says only that it has not looked at those; one of the configuration, that
/// a rule was not looked for anywhere.
fn shortcomings(run: &Run<'_>) -> (Option<String>, Vec<String>) {
    let is_error = |note: &&Object<Notification<'_>>| note.level.get() == Some("error");
    let of_execution = run.invocations.iter().flat_map(|one| one.tool_execution_notifications.iter()).filter(is_error);
    let of_configuration = run.invocations.iter().flat_map(|one| one.tool_configuration_notifications.iter());
    let mut unexamined = Vec::new();
    let mut errors: Vec<&Message<'_>> = Vec::new();
    for error in of_execution {
        let files = place::files(run, error);
        if files.is_empty() {
            errors.push(&error.message);
        }
        unexamined.extend(files);
    }
    errors.extend(of_configuration.filter(is_error).map(|error| &*error.message));
    (failure(run, &errors), unexamined)
}

fn failure(run: &Run<'_>, errors: &[&Message<'_>]) -> Option<String> {
    let why = errors.iter().find_map(|message| message::render(message, &[]));
    if let Some(failed) = run.invocations.iter().find(|one| one.execution_successful.0 == Some(false)) {
        let why = failed.exit_code_description.owned().or(why);
        return Some(why.unwrap_or_else(|| "the scanner says that it was not successful".to_owned()));
    }
    if !errors.is_empty() {
        return why.or_else(|| Some("the scanner reports an error of its own".to_owned()));
    }
    // §3.14.23: absent or null where the tool did not get as far as looking.
    run.results.is_none().then(|| "the run has no `results`: nothing was scanned".to_owned())
}

/// Whether a result says that something is there and wrong (§3.27.9, §3.27.24).
fn is_finding(result: &ResultObject<'_>) -> bool {
    !matches!(result.kind.get(), Some("pass" | "notApplicable" | "informational"))
        && result.baseline_state.get() != Some("absent")
}

fn finding(run: &Run<'_>, rules: &Rules<'_, '_>, driver: &str, result: &ResultObject<'_>) -> Option<Finding> {
    let rule = rules.of(result);
    let rule_id = rules::id(result).or_else(|| rule.and_then(|rule| rule.id.get()));
    let strings: Vec<&Map<'_, Object<Message<'_>>>> = rule
        .map(|rule| &rule.message_strings)
        .into_iter()
        .chain([&run.tool.driver.global_message_strings])
        .chain(run.tool.extensions.iter().map(|extension| &extension.global_message_strings))
        .collect();
    let message = message::render(&result.message, &strings);
    let title = title(rule, message.as_deref(), rule_id)?;
    let (mut location, locations, snippet) = place::places(run, result);
    location.image = run.properties.image_name.owned();
    let kind = package::kind(driver, rule, result, &location);
    let (component, fixed) = match kind {
        Kind::Dependency => package::package(rule, result, &location, message.as_deref()),
        _ => (None, None),
    };
    let (severity, cvss) = rules.severity(rule, result);
    let (status, justification) = status(&result.suppressions);
    let mut identifiers: Vec<String> = rule_id.into_iter().flat_map(ids::find).collect();
    if kind == Kind::Dependency {
        ids::extend(&mut identifiers, aliases(message.as_deref()));
    }
    ids::extend(&mut identifiers, rules.cwes(rule, result));
    let mut tags = Vec::new();
    ids::extend(&mut tags, rules::bags(rule, result).flat_map(|bag| bag.tags.iter()).map(str::to_owned));
    let prints = result.fingerprints.iter().chain(result.partial_fingerprints.iter());
    let fingerprints = prints
        .filter_map(|(name, value)| Some(Fingerprint { name: name.to_string(), value: value.owned()? }))
        .collect();
    let mut finding = Finding {
        severity,
        status,
        kind,
        rule: rule_id.map(str::to_owned),
        identifiers,
        location,
        locations,
        component,
        fix: fix(rule, result, fixed),
        cvss: cvss.into_iter().collect(),
        references: references(rule),
        description: description(rule, message.as_deref(), &title),
        justification,
        first_seen: result.provenance.first_detection_time_utc.owned(),
        tags,
        evidence: Evidence { fingerprints, snippet, message, ..Evidence::default() },
        title,
        ..Finding::default()
    };
    if kind == Kind::Secret {
        hide(&mut finding);
    }
    Some(finding)
}

/// Hides what a secret scanner's source lines show. Gitleaks writes the bare secret for a snippet: its hash tells secrets
/// apart.
fn hide(finding: &mut Finding) {
    let Some(shown) = finding.evidence.snippet.as_ref().map(|snippet| snippet.lines.trim().to_owned()) else { return };
    if redact::is_bare(&shown) {
        finding.evidence.secret_hash = Some(redact::hash([shown.as_str()]));
    }
    redact::lines(finding, &shown);
}

/// The rule's short description: it is the same for all of its results and does not change with the place. Where it
/// says no more than the id, the message.
fn title(rule: Option<&Rule<'_>>, message: Option<&str>, rule_id: Option<&str>) -> Option<String> {
    let short = rule.and_then(|rule| message::words(&rule.short_description));
    let telling = short.filter(|short| rule_id.is_none_or(|id| !short.trim_end_matches('.').ends_with(id)));
    let first_line = |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let name = || rule.and_then(|rule| rule.name.get());
    telling
        .and_then(first_line)
        .or_else(|| message.and_then(first_line))
        .or_else(|| short.or_else(name).or(rule_id).map(str::to_owned))
}

/// What the message says of this place, then what the rule says in general.
fn description(rule: Option<&Rule<'_>>, message: Option<&str>, title: &str) -> Option<String> {
    let full = rule.and_then(|rule| message::words(&rule.full_description));
    let mut parts: Vec<&str> = Vec::new();
    for part in message.into_iter().chain(full) {
        if part != title && !parts.contains(&part) {
            parts.push(part);
        }
    }
    Some(parts.join("\n\n")).filter(|text| !text.is_empty())
}

fn fix(rule: Option<&Rule<'_>>, result: &ResultObject<'_>, version: Option<String>) -> Option<Fix> {
    let proposed: Vec<&str> = result.fixes.iter().filter_map(|fix| message::words(&fix.description)).collect();
    let help = || {
        let help = &rule?.help;
        help.markdown.get().or_else(|| help.text.get()).filter(|help| help.len() <= MAX_HELP && !is_link(help))
    };
    let text = Some(proposed.join("\n")).filter(|text| !text.is_empty()).or_else(|| help().map(str::to_owned));
    (version.is_some() || text.is_some()).then_some(Fix { version, text })
}

fn references(rule: Option<&Rule<'_>>) -> Vec<String> {
    let mut references = Vec::new();
    if let Some(rule) = rule {
        let help = rule.help.text.get().filter(|help| is_link(help));
        ids::extend(&mut references, rule.help_uri.get().into_iter().chain(help).map(str::to_owned));
    }
    references
}

fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_whitespace)
}

/// OSV-Scanner names the other ids of a vulnerability in the message: `(also known as 'GHSA-…', 'CVE-…')`.
fn aliases(message: Option<&str>) -> impl Iterator<Item = String> {
    let known_as = message.and_then(|message| message.split_once("also known as")).map(|(_, aliases)| aliases);
    known_as.and_then(|aliases| aliases.split(')').next()).into_iter().flat_map(ids::find)
}

/// A result is suppressed unless one of its suppressions is still under review or was rejected (§3.27.23, §3.35.3).
///
/// SARIF does not say whether the code is no weakness or one that people live with. The cautious reading is the
/// latter, unless the justification says otherwise.
fn status(suppressions: &[Object<Suppression<'_>>]) -> (Status, Option<String>) {
    let stands = |one: &Object<Suppression<'_>>| matches!(one.status.get(), None | Some("accepted"));
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
