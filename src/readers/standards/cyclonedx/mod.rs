//! CycloneDX 1.2 to 1.7, JSON and XML: the vulnerabilities that a bill of materials carries, and their analysis.
//! <https://cyclonedx.org/docs/1.6/json/>

mod model;
mod rating;
mod scanned;
mod xml;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use serde_json::Value;

use super::lenient::{self, Object};
use super::sarif;
use crate::finding::{
    self, BomLink, ComponentIds, Finding, Fix, Kind, Location, Scan, Severity, Status, Versions, image_name,
};
use crate::readers::normalise::resource;
use crate::readers::{Format, Input, Probe, ReadError, Reader, identifiers, purl};
use crate::redact::without_values;
use model::{Affect, Analysis, Bom, Component, Tools, Vulnerability};

/// Deeper than any real tree of components.
const MAX_DEPTH: usize = 64;

/// Tools whose inventories have an empty list of vulnerabilities, as if they had looked for some: Trivy does so only with
/// `--scanners vuln`. <https://trivy.dev/latest/docs/supply-chain/sbom/#cyclonedx>
const INVENTORIES_LIST_NOTHING: &[&str] = &["trivy"];

/// Reads CycloneDX.
pub(crate) struct CycloneDx;

impl Reader for CycloneDx {
    fn name(&self) -> &str {
        "cyclonedx"
    }

    fn title(&self) -> &str {
        "CycloneDX 1.2 to 1.7 with vulnerabilities, JSON or XML"
    }

    fn kind(&self) -> Kind {
        Kind::Dependency
    }

    fn homepage(&self) -> &str {
        "https://cyclonedx.org/specification/overview/"
    }

    fn recognises(&self, probe: &Probe) -> bool {
        match probe.format() {
            Format::Json => probe.text("bomFormat").is_some_and(|format| format.eq_ignore_ascii_case("cyclonedx")),
            Format::Xml => probe
                .get("")
                .and_then(Value::as_object)
                .and_then(|root| root.iter().next())
                .is_some_and(|(name, root)| name.rsplit(':').next() == Some("bom") && is_cyclonedx(root)),
            _ => false,
        }
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        if !input.text.trim_start().starts_with('<') {
            let bom: Object<Bom<'_>> = lenient::parse(input.path, input.text)?;
            let format = bom.bom_format.get().unwrap_or_default();
            if !format.eq_ignore_ascii_case("cyclonedx") {
                return Err(ReadError::malformed(input.path, "`bomFormat` is not `CycloneDX`"));
            }
            return Ok(vec![finished(scan(&bom))?]);
        }
        let document = xml::read(input.path, input.text)?;
        let bom: Result<Object<Bom<'_>>, _> = serde_path_to_error::deserialize(&document);
        let bom = bom.map_err(|error| {
            ReadError::malformed(input.path, format!("`{}`: {}", error.path(), without_values(error.inner())))
        })?;
        Ok(vec![finished(scan(&bom))?])
    }
}

/// What scanners of configurations write is about resources: their checks are no vulnerabilities of packages.
fn finished(mut scan: Scan) -> Result<Scan, ReadError> {
    if sarif::kind_of_tool(&scan.scanner)? == Some(Kind::Infrastructure) {
        let is_check =
            |finding: &&mut Finding| finding.identifiers.iter().all(|id| identifiers::vulnerability(id).is_none());
        scan.findings.iter_mut().filter(is_check).for_each(as_check);
    }
    Ok(scan)
}

/// Checkov's components are resources: `pkg:terraform/acme/shop/main.tf/aws_s3_bucket.logs@sha1:…`, the repository first.
fn as_check(finding: &mut Finding) {
    finding.kind = Kind::Infrastructure;
    finding.identifiers.retain(|id| id.starts_with("CWE-"));
    if finding.cvss.is_empty() && finding.severity == Severity::Info {
        finding.severity = Severity::Medium;
    }
    let Some(resource) = finding.component.take() else { return };
    let parts = resource.purl.as_deref().and_then(finding::purl::parts);
    let (kind, named) = parts.map(|parts| (parts.kind, parts.name)).unwrap_or_default();
    // `Resource: aws_s3_bucket.logs. Ensure …`
    let description = finding.description.clone().filter(|text| !text.contains('\n'));
    let told = description.as_deref().and_then(|text| text.strip_prefix("Resource: ")?.split_once(". "));
    let told = told.filter(|(name, _)| named.is_empty() || named.ends_with(name.trim_start_matches('/')));
    if let Some(text) = &description {
        finding.title = told.map_or(text.as_str(), |(_, title)| title).to_owned();
    }
    let name = told.map_or(resource.name.as_str(), |(name, _)| name).trim_start_matches('/');
    let file = told.and_then(|_| named.strip_suffix(name));
    let file = file.or_else(|| named.rsplit_once('/').map(|(file, _)| file));
    let file = file.and_then(|file| file.trim_end_matches('/').splitn(3, '/').nth(2));
    finding.location.path = finding.location.path.take().or(file.map(str::to_owned));
    // A step's number and an instruction's name are no resources.
    if !resource::is_counted(&kind) {
        finding.location.resource = Some(name.rsplit('/').next().unwrap_or_default().to_owned());
    }
}

/// Whether one of an XML element's namespaces is CycloneDX's.
fn is_cyclonedx(root: &Value) -> bool {
    root.as_object().is_some_and(|members| {
        members.iter().any(|(name, value)| {
            let is_namespace = name.trim_start_matches('@').starts_with("xmlns");
            is_namespace && value.as_str().is_some_and(|uri| uri.contains("cyclonedx.org/schema/bom"))
        })
    })
}

/// The components and services of a document by their references.
type Components<'r, 'a> = HashMap<&'r str, &'r Component<'a>>;

/// All components, nested ones and the one that the document is about too.
fn components<'r, 'a>(bom: &'r Bom<'a>) -> Components<'r, 'a> {
    let mut all = HashMap::new();
    let mut open: Vec<(usize, &Component<'a>)> = vec![(0, &bom.metadata.component)];
    open.extend(bom.components.iter().chain(bom.services.iter()).map(|component| (0, &**component)));
    while let Some((depth, component)) = open.pop() {
        if let Some(reference) = component.bom_ref.get() {
            all.insert(reference, component);
        }
        if depth < MAX_DEPTH {
            let inner = component.components.iter().chain(component.services.iter());
            open.extend(inner.map(|component| (depth + 1, &**component)));
        }
    }
    all
}

/// What a vulnerability affects.
struct Affected<'r, 'a> {
    /// The component, where the document lists it.
    listed: Option<&'r Component<'a>>,
    package: Option<finding::Component>,
    ids: ComponentIds,
    /// The manifest or lockfile that leads to it.
    manifest: Option<&'r str>,
}

/// What a reference means: a `bom-ref`, a BOM-Link (`urn:cdx:…#ref`), or a package URL that is not listed.
fn resolve<'r, 'a>(
    bom: &Bom<'_>,
    components: &Components<'r, 'a>,
    manifests: &HashMap<&'r str, &'r str>,
    reference: &str,
) -> Affected<'r, 'a> {
    let link = BomLink::parse(reference);
    let linked = link.as_ref().and_then(|link| link.reference.as_deref());
    // Some write the serial number as it is (`urn:uuid:…/1#ref`).
    let written = linked.or_else(|| reference.strip_prefix("urn:uuid:")?.split_once('#').map(|(_, part)| part));
    let listed = components.get(written.unwrap_or(reference)).copied();
    let by_name = || Some(finding::Component { name: linked?.to_owned(), ..finding::Component::default() });
    let by_purl = || purl::component(linked.unwrap_or(reference));
    let mut ids = listed.map(scanned::ids).unwrap_or_default();
    let package = listed.and_then(named).or_else(by_purl).or_else(by_name);
    let manifest = manifests.get(linked.unwrap_or(reference)).copied();
    ids.bom_link = link.or_else(|| scanned::link(bom, Some(reference)));
    Affected { listed, package, ids, manifest }
}

/// The manifest or lockfile that needs each component, itself or by way of others: Trivy lists these files as applications.
fn manifests<'r>(bom: &'r Bom<'_>, components: &Components<'r, '_>) -> HashMap<&'r str, &'r str> {
    let is_manifest = |component: &Component<'_>| {
        let is_class = |name: Option<&str>, value: Option<&str>| {
            name == Some("aquasecurity:trivy:Class") && value == Some("lang-pkgs")
        };
        component.kind.get() == Some("application")
            && component.properties.iter().any(|property| is_class(property.name.get(), property.value.get()))
    };
    let files = components.iter().filter(|(_, component)| is_manifest(component));
    let mut files: Vec<(&str, &str)> =
        files.filter_map(|(reference, component)| Some((component.name.get()?, *reference))).collect();
    let mut found = HashMap::new();
    if files.is_empty() {
        return found;
    }
    files.sort_unstable();
    let needs = bom.dependencies.iter().filter_map(|one| Some((one.component.get()?, &one.depends_on)));
    let needs: HashMap<&str, _> = needs.collect();
    for (file, reference) in files {
        let mut open = vec![reference];
        while let Some(reference) = open.pop() {
            for needed in needs.get(reference).into_iter().flat_map(|needed| needed.iter()) {
                // The first file keeps what several need.
                if let Entry::Vacant(free) = found.entry(needed) {
                    free.insert(file);
                    open.push(needed);
                }
            }
        }
    }
    found
}

fn named(component: &Component<'_>) -> Option<finding::Component> {
    let by_purl = component.purl.get().and_then(purl::component);
    let name = component.name.get().map(|name| match component.group.get() {
        Some(group) => {
            let is_maven = component.purl.get().is_some_and(|purl| purl.starts_with("pkg:maven/"));
            format!("{group}{}{name}", if is_maven { ":" } else { "/" })
        }
        None => name.to_owned(),
    });
    let version = component.version.owned().or_else(|| by_purl.as_ref()?.version.clone());
    Some(finding::Component {
        purl: component.purl.owned(),
        name: by_purl.map(|component| component.name).or(name)?,
        version,
    })
}

fn scan(bom: &Bom<'_>) -> Scan {
    let components = components(bom);
    let manifests = manifests(bom, &components);
    let subject = &bom.metadata.component;
    let image = subject.name.get().filter(|_| subject.kind.get() == Some("container"));
    let target = match image {
        Some(image) => image_name(image).to_owned(),
        None => subject.name.get().filter(|name| *name != ".").unwrap_or_default().to_owned(),
    };
    let mut findings = Vec::new();
    for vulnerability in bom.vulnerabilities.iter().flat_map(|list| list.iter()) {
        // An affected component is a finding each; the extension has one reference instead of a list.
        let extended = vulnerability.component.get().filter(|_| vulnerability.affects.is_empty());
        if extended.is_none() && vulnerability.affects.is_empty() {
            findings.push(finding(
                vulnerability,
                Affected { listed: None, package: None, ids: ComponentIds::default(), manifest: None },
                image,
            ));
        }
        if let Some(reference) = extended {
            findings.push(finding(vulnerability, resolve(bom, &components, &manifests, reference), image));
        }
        for affect in vulnerability.affects.iter() {
            let Some(reference) = affect.component.get() else { continue };
            let affected = resolve(bom, &components, &manifests, reference);
            let version = affected.package.as_ref().and_then(|package| package.version.clone());
            let versions = affected.package.as_ref().map(scanned::versions).unwrap_or_default();
            let mut finding = finding(vulnerability, affected, image);
            // What somebody decided about it is said of the version that the document is about.
            if is_affected(affect, &versions) || finding.status != Status::Active {
                if let Some(unaffected) = version.and_then(|_| unaffected(affect)) {
                    finding.fix.get_or_insert_default().version = Some(unaffected);
                }
                findings.push(finding);
            }
        }
    }
    let mut open: Vec<&Component<'_>> = bom.components.iter().map(|component| &**component).collect();
    let mut is_extended = false;
    // The extension may also stand inside the components.
    while let Some(component) = open.pop() {
        for vulnerability in component.vulnerabilities.iter().flat_map(|list| list.iter()) {
            let mut ids = scanned::ids(component);
            ids.bom_link = scanned::link(bom, component.bom_ref.get());
            let affected = Affected { listed: Some(component), package: named(component), ids, manifest: None };
            findings.push(finding(vulnerability, affected, image));
        }
        is_extended |= component.vulnerabilities.is_some();
        open.extend(component.components.iter().map(|component| &**component));
    }
    let scanner = scanner(bom).unwrap_or("CycloneDX");
    // A plain inventory is read, but it vouches for nothing.
    let lists_nothing = bom.vulnerabilities.as_ref().is_some_and(|list| list.is_empty());
    let is_inventory = bom.vulnerabilities.is_none() && !is_extended
        || lists_nothing && INVENTORIES_LIST_NOTHING.iter().any(|name| scanner.eq_ignore_ascii_case(name));
    Scan {
        reader: "cyclonedx".to_owned(),
        scanner: scanner.to_owned(),
        target,
        artifact: Arc::new(scanned::artifact(bom, &components)),
        complete: !is_inventory,
        failure: is_inventory.then(|| {
            "this is an inventory without `vulnerabilities`: nothing was examined; give it to a scanner first"
                .to_owned()
        }),
        findings,
        ..Scan::default()
    }
}

/// The first tool that says its name, but for libraries that write documents.
fn scanner<'r>(bom: &'r Bom<'_>) -> Option<&'r str> {
    let of = |tools: &'r Tools<'_>| {
        let names: Vec<&str> = match tools {
            Tools::List(tools) => tools.iter().filter_map(|tool| tool.name.get()).collect(),
            Tools::Object(tools) => {
                tools.components.iter().chain(tools.services.iter()).filter_map(|tool| tool.name.get()).collect()
            }
            Tools::None(()) => Vec::new(),
        };
        let is_library = |name: &str| name.to_ascii_lowercase().starts_with("cyclonedx");
        names.iter().find(|name| !is_library(name)).or(names.first()).copied()
    };
    of(&bom.metadata.tools).or_else(|| of(&bom.vulnerabilities.as_ref()?.first()?.tools))
}

/// Whether a version is affected: one of those that are listed so; where only others are listed, none of those. What
/// cannot be compared counts as affected. `installed` is one version in all its spellings.
fn is_affected(affect: &Affect<'_>, installed: &[String]) -> bool {
    let (mut affected, mut unaffected) = (Versions::default(), Versions::default());
    for entry in affect.versions.iter() {
        let list = if entry.status.get() == Some("unaffected") { &mut unaffected } else { &mut affected };
        if let Some(version) = entry.version.get() {
            list.add_exact(version);
        } else if let Some(range) = entry.range.get() {
            list.add_range(range);
        } else if entry.status.get() != Some("unaffected") {
            return true;
        }
    }
    let holds = |list: &Versions| {
        let each: Vec<_> = installed.iter().map(|version| list.contain(Some(version))).collect();
        if each.contains(&Some(true)) { Some(true) } else { each.last().copied().flatten() }
    };
    let is_listed = |list: &Versions| (!list.is_empty()).then(|| holds(list));
    match (is_listed(&affected), is_listed(&unaffected)) {
        (Some(holds), _) => holds != Some(false),
        (None, Some(holds)) => holds != Some(true),
        (None, None) => true,
    }
}

fn finding(vulnerability: &Vulnerability<'_>, affected: Affected<'_, '_>, image: Option<&str>) -> Finding {
    let Affected { listed: place, package: component, ids: component_ids, manifest } = affected;
    let id = vulnerability.id.get().or_else(|| vulnerability.references.first()?.id.get());
    let mut identifiers: Vec<String> = id.map(str::to_owned).into_iter().collect();
    identifiers::extend(&mut identifiers, vulnerability.references.iter().filter_map(|reference| reference.id.owned()));
    identifiers::extend(&mut identifiers, vulnerability.cwes.iter().flat_map(identifiers::cwes));
    let mut locations = place.map(occurrences).unwrap_or_default();
    let mut location = if locations.is_empty() { Location::default() } else { locations.remove(0) };
    location.path = location.path.take().or_else(|| manifest.map(str::to_owned));
    location.image = image.map(str::to_owned);
    let (status, justification) = status(&vulnerability.analysis);
    let texts = [&vulnerability.description, &vulnerability.detail];
    let description = texts.iter().filter_map(|text| text.get()).collect::<Vec<_>>().join("\n\n");
    let advised = [&vulnerability.recommendation, &vulnerability.workaround];
    let advised: Vec<&str> =
        advised.iter().filter_map(|text| text.get()).chain(vulnerability.recommendations.iter()).collect();
    let mut references: Vec<String> = vulnerability.source.url.owned().into_iter().collect();
    identifiers::extend(
        &mut references,
        vulnerability.advisories.iter().filter_map(|one| one.url().map(str::to_owned)),
    );
    let (severity, cvss) = rating::rate(vulnerability);
    let name = id.unwrap_or("vulnerability without id");
    Finding {
        title: match &component {
            Some(component) => format!("{name} in {}", component.name),
            None => name.to_owned(),
        },
        severity,
        status,
        kind: Kind::Dependency,
        rule: id.map(str::to_owned),
        identifiers,
        location,
        locations,
        component,
        component_ids,
        fix: (!advised.is_empty()).then(|| Fix { version: None, text: Some(advised.join("\n\n")) }),
        cvss,
        references,
        description: Some(description).filter(|text| !text.is_empty()),
        justification,
        first_seen: vulnerability.analysis.first_issued.owned(),
        ..Finding::default()
    }
}

/// The versions that are listed as unaffected, and those from which ranges of them start; the next above the installed
/// one is the fix.
fn unaffected(affect: &Affect<'_>) -> Option<String> {
    let listed = affect.versions.iter().filter(|version| version.status.get() == Some("unaffected"));
    let versions = listed.flat_map(|version| {
        let range = version.range.get().and_then(|range| range.split_once('/')).map_or("", |(_, range)| range);
        version.version.get().into_iter().chain(range.split('|').filter_map(|bound| bound.strip_prefix(">=")))
    });
    Some(versions.collect::<Vec<_>>().join(", ")).filter(|versions| !versions.is_empty())
}

/// Where a component was found: occurrences, or what Syft, Trivy and cdxgen write into properties.
fn occurrences(component: &Component<'_>) -> Vec<Location> {
    let mut places: Vec<Location> = component
        .evidence
        .occurrences
        .iter()
        .filter_map(|one| {
            Some(Location { path: Some(one.location.owned()?), start_line: one.line.line(), ..Location::default() })
        })
        .collect();
    if places.is_empty() {
        let is_path = |name: &str| {
            matches!(name, "aquasecurity:trivy:FilePath" | "SrcFile")
                || (name.starts_with("syft:location:") && name.ends_with(":path"))
        };
        let paths = component.properties.iter().filter(|property| property.name.get().is_some_and(is_path));
        let paths = paths.filter_map(|property| property.value.owned());
        places.extend(paths.map(|path| Location { path: Some(path), ..Location::default() }));
    }
    places
}

/// What the analysis makes of a vulnerability, and why. What is exploitable stays so, whatever the response will be, as
/// does what nobody has decided.
fn status(analysis: &Analysis<'_>) -> (Status, Option<String>) {
    let status = match analysis.state.get() {
        Some("not_affected" | "false_positive") => Status::FalsePositive,
        Some("resolved" | "resolved_with_pedigree") => Status::Closed,
        _ => return (Status::Active, None),
    };
    (status, Some(reason(analysis)))
}

/// The words for a decision: state or justification, responses, detail.
fn reason(analysis: &Analysis<'_>) -> String {
    let words = |word: &str| word.replace('_', " ");
    let first = analysis.justification.get().or_else(|| analysis.state.get()).map(words);
    let responses = analysis.response.iter().map(words).collect::<Vec<_>>().join(", ");
    let parts = [first, Some(responses), analysis.detail.owned()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
