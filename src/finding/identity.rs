//! How keys are built from a finding's parts (scheme v1). Each kind has its own parts; none of them moves with lines,
//! versions, severities or wording.

use std::collections::HashMap;

use super::fold::{fold_code, fold_ids, fold_numbers, fold_url, image_name};
use super::{Finding, Key, Kind, Location, Scan, digest, identifiers, purl};

/// The scheme that is written.
const VERSION: u8 = 1;
/// Places of a dynamic finding that give it a key.
const MAX_PLACES: usize = 32;

/// What a finding's identity is built from, beside its public fields. Never printed.
#[derive(Clone, Default, PartialEq)]
pub struct Evidence {
    /// Fingerprints that the scanner gives, by their names, in the report's order.
    pub fingerprints: Vec<Fingerprint>,
    /// The reported lines, from the report or the checked-out source.
    pub snippet: Option<Snippet>,
    /// The value of a found secret, as its SHA-256 in hex; readers hash it at once and keep nothing else of it.
    pub secret_hash: Option<String>,
    /// The algorithm, where a scanner gives no secret but a digest of its own, which the hash is then of.
    pub secret_digest: Option<String>,
    /// The scanner's message for this very place, where the title is more general.
    pub message: Option<String>,
    /// Whether a dynamic finding stands for its rule on the whole host: its places are only examples.
    pub sitewide: bool,
    /// The first column of the place, from 1.
    pub column: Option<u32>,
}

impl Evidence {
    /// The first fingerprint that is known to stay with the code.
    #[must_use]
    pub fn trusted_fingerprint(&self) -> Option<&Fingerprint> {
        let trusted =
            |print: &&Fingerprint| TRUSTED.iter().any(|name| print.name.starts_with(name)) && opaque(&print.value);
        self.fingerprints.iter().find(trusted)
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence(…)")
    }
}

/// A fingerprint by the scanner's name for it (`primaryLocationLineHash`, `matchBasedId/v1`, `gitlab:scope_offset` …).
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The scanner's name for the algorithm.
    pub name: String,
    /// Its value, opaque.
    pub value: String,
}

/// Source lines around a finding.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The lines that the finding spans.
    pub lines: String,
    /// The line before, where known.
    pub before: Option<String>,
    /// The line after, where known.
    pub after: Option<String>,
    /// The line that they stand under: the last one above that is indented less (a function's head, a key), where known.
    pub heading: Option<String>,
}

/// Fingerprints that hold neither line, commit nor date, by the start of their names: known from their tools' sources
/// or documentation.
const TRUSTED: &[&str] = &[
    "primaryLocationLineHash",
    "matchBasedId",
    "gitlab:scope_offset",
    "gitlab:hash",
    "brakeman",
    "bearer",
    "similarityId",
    "contextHash",
    "issueHash",
    "codeFlowHash",
    "fortify/iid",
    "sonarqube/key",
    "coverity/",
    "spotbugs/instanceHash",
    "veracode/",
    "xygeni/uniqueHash",
];

/// Gives every finding of a scan its keys. The scan's target must be set.
///
/// Findings with equal keys are told apart by place where a plan is made: no key holds a line or an ordinal. A dependency
/// has a key for each CVE that it speaks for, a dynamic finding one for each of its places.
pub fn assign_keys(scan: &mut Scan) {
    let mut times_used: HashMap<(String, String), usize> = HashMap::new();
    for finding in &scan.findings {
        for print in &finding.evidence.fingerprints {
            *times_used.entry((print.name.clone(), print.value.clone())).or_default() += 1;
        }
    }
    let unique = |print: &Fingerprint| times_used.get(&(print.name.clone(), print.value.clone())) == Some(&1);
    let keys: Vec<Vec<Key>> = scan
        .findings
        .iter()
        .map(|finding| {
            let lists = parts(finding, &scan.scanner, &scan.target, &unique);
            lists.iter().map(|parts| key(finding.kind, parts)).collect()
        })
        .collect();
    for (finding, keys) in scan.findings.iter_mut().zip(keys) {
        finding.keys = keys;
    }
}

/// Whether findings with an equal key are one, wherever they are; others are told apart by place.
#[must_use]
pub(super) fn is_named_by_key(finding: &Finding) -> bool {
    match finding.kind {
        Kind::Dependency | Kind::Dynamic => true,
        Kind::Secret => finding.evidence.secret_hash.is_some(),
        Kind::Code | Kind::Infrastructure | Kind::Other => false,
    }
}

/// Where a dependency is declared or installed: its manifest; else the image's name without tag, with the file inside of it
/// that holds the package; else the target's.
pub(super) fn dependency_place(finding: &Finding, target: &str) -> String {
    let (image, path) = match (&finding.location.image, &finding.location.path) {
        (Some(image), path) => (image_name(image), path),
        (None, Some(path)) => return path.clone(),
        (None, None) => return image_name(target),
    };
    let component = finding.component.as_ref();
    let of_distribution = component.is_some_and(purl::is_of_distribution);
    let Some(path) = path.as_ref().filter(|path| !of_distribution && !is_package_database(path)) else { return image };
    // `…/django-4.2.1.dist-info/METADATA`, `lib/log4j-core-2.14.1.jar`: the version is no part of the place.
    let version = component.and_then(|component| component.version.as_deref());
    let version = version.filter(|version| version.len() > 1 && version.contains(|c: char| c.is_ascii_digit()));
    format!("{image}: {}", version.map_or_else(|| path.clone(), |version| path.replace(version, "*")))
}

/// Files in which distributions keep the list of their packages, as scanners name them for each of these packages.
fn is_package_database(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    ["var/lib/dpkg/", "lib/apk/db/", "var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/doc/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        || path == "pkgdb"
}

type Part = (&'static str, String);

fn key(kind: Kind, parts: &[Part]) -> Key {
    let parts = std::iter::once(("kind", kind.name())).chain(parts.iter().map(|(name, value)| (*name, value.as_str())));
    Key { version: VERSION, kind: Some(kind), digest: digest(parts) }
}

/// The parts of each of a finding's keys, the canonical key first.
fn parts(finding: &Finding, scanner: &str, target: &str, unique: &dyn Fn(&Fingerprint) -> bool) -> Vec<Vec<Part>> {
    let location = &finding.location;
    // What has no place at all is in the target.
    let path = if location.is_empty() { image_name(target) } else { location.path.clone().unwrap_or_default() };
    let rule = rule(finding);
    match finding.kind {
        Kind::Dependency => {
            let place = dependency_place(finding, target);
            let component = finding.component.as_ref().map(purl::identity).unwrap_or_default();
            let list = |id: String| vec![("id", id), ("component", component.clone()), ("place", place.clone())];
            identifiers::names(finding).into_iter().map(|named| list(named.name)).collect()
        }
        Kind::Secret => vec![match &finding.evidence.secret_hash {
            Some(hash) => vec![("rule", rule), ("secret", hash.clone())],
            None => vec![("rule", rule), ("path", path), ("anchor", anchor(finding, unique))],
        }],
        Kind::Code => vec![vec![("rule", rule), ("path", path), ("anchor", anchor(finding, unique))]],
        Kind::Infrastructure => vec![match (&location.resource, &location.image) {
            (Some(resource), _) => vec![("rule", rule), ("path", path), ("resource", resource.clone())],
            (None, Some(image)) => vec![("rule", rule), ("path", path), ("image", image_name(image))],
            (None, None) => vec![("rule", rule), ("path", path), ("anchor", anchor(finding, unique))],
        }],
        Kind::Dynamic => {
            let address = |at: &Location| fold_url(at.url.as_deref().unwrap_or(target));
            if finding.evidence.sitewide {
                return vec![vec![("rule", rule), ("host", address(location).0)]];
            }
            // It is the same as long as one of its places is.
            let list = |at: &Location| {
                let (host, path) = address(at);
                vec![
                    ("rule", rule.clone()),
                    ("method", at.method.as_deref().unwrap_or("GET").to_ascii_uppercase()),
                    ("url", format!("{host}/{path}")),
                    ("parameter", at.parameter.clone().unwrap_or_default()),
                ]
            };
            let mut lists: Vec<_> = std::iter::once(location).chain(&finding.locations).map(list).collect();
            lists.sort_unstable();
            lists.dedup();
            lists.truncate(MAX_PLACES);
            lists
        }
        Kind::Other => {
            let place = [&location.path, &location.url, &location.resource].into_iter().flatten().next();
            let place = place.map_or_else(|| image_name(target), |place| fold_ids(place));
            vec![vec![("scanner", scanner.to_owned()), ("rule", rule), ("place", place)]]
        }
    }
}

/// The rule, or what comes nearest to it.
fn rule(finding: &Finding) -> String {
    let cwe = || finding.identifiers.iter().find(|id| id.starts_with("CWE-")).filter(|_| finding.kind == Kind::Dynamic);
    finding.rule.as_ref().or_else(cwe).cloned().unwrap_or_else(|| fold_numbers(&finding.title))
}

/// What stays with the code when it moves.
fn anchor(finding: &Finding, unique: &dyn Fn(&Fingerprint) -> bool) -> String {
    let Evidence { fingerprints, snippet, message, .. } = &finding.evidence;
    if let Some(print) = finding.evidence.trusted_fingerprint() {
        return format!("{}={}", print.name, without_ordinal(print));
    }
    // Neighbours are no part of it: they change more often than equal lines are told apart wrongly by their order, and
    // planning looks at them for that.
    if let Some(Snippet { lines, .. }) = snippet
        && !lines.trim().is_empty()
    {
        return format!("lines={}", fold_code(lines));
    }
    let line = finding.location.start_line;
    let steady = |print: &&Fingerprint| opaque(&print.value) && unique(print) && !names_a_moment(&print.value, line);
    if let Some(print) = fingerprints.iter().find(steady) {
        return format!("{}={}", print.name, print.value);
    }
    fold_numbers(message.as_deref().unwrap_or(&finding.title))
}

/// CodeQL and Semgrep count equal fingerprints themselves; by place that can be done better.
fn without_ordinal(print: &Fingerprint) -> &str {
    let split = match print.name.as_str() {
        name if name.starts_with("primaryLocationLineHash") => ':',
        name if name.starts_with("matchBasedId") => '_',
        _ => return &print.value,
    };
    match print.value.rsplit_once(split) {
        Some((value, ordinal)) if ordinal.bytes().all(|byte| byte.is_ascii_digit()) => value,
        _ => &print.value,
    }
}

/// Whether a fingerprint is one (Semgrep's open edition writes `requires login` there).
fn opaque(value: &str) -> bool {
    value.len() >= 8 && !value.contains(char::is_whitespace)
}

/// Whether an unknown fingerprint spells out a line or a date.
fn names_a_moment(value: &str, line: Option<u32>) -> bool {
    let line = line.map(|line| line.to_string());
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        Some(part) == line.as_deref() || (part.len() == 4 && part.starts_with("20") && part.parse::<u16>().is_ok())
    })
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
