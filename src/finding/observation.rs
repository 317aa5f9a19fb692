//! Observation: what one scan saw of one weakness, in digests. Planning and stamps know findings by these alone, so that a
//! stamp tells strangers nothing that the text does not.

use std::sync::Arc;

use super::identity::{dependency_place, is_named_by_key};
use super::{Digest, Finding, Kind, Scan, Severity, Status, digest, fold_code, fold_url, identifiers, purl, sketch};

/// Words, and letters and digits in them, from which on a block's first line tells it from others: `try {` does not,
/// `class A:` does.
const WORDS_OF_A_HEAD: usize = 2;
const LETTERS_OF_A_HEAD: usize = 5;

/// An identifier of a vulnerability, as a digest whose lowest bit tells CVEs from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl Id {
    /// The digest of an identifier, in any case.
    #[must_use]
    pub fn of(id: &str) -> Self {
        let text = id.to_ascii_uppercase();
        let hash = u64::from_be_bytes(digest([("id", text.as_str())]).short());
        Self((hash & !1) | u64::from(identifiers::is_cve(&text)))
    }

    /// Whether it is a CVE's.
    #[must_use]
    pub const fn is_cve(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Evidence of where a finding is: digests, in which 0 is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationEvidence {
    /// Digest of the rule.
    pub rule: u32,
    /// Digest of the path; for dependencies of the manifest or image, for dynamic findings of the host.
    pub path: u32,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1.
    pub column: u32,
    /// Digest of the message, where it says more than the rule.
    pub message: u32,
    /// Digest of the reported lines, white space folded; for dependencies of the component without version.
    pub lines: u32,
    /// Digest of what must be the same for the finding to be the same: the resource, the hash of the secret.
    pub subject: u32,
    /// Digest of the line before.
    pub before: u32,
    /// Digest of the line after.
    pub after: u32,
    /// Digest of the line that they stand under.
    pub heading: u32,
    /// Sketch of the reported lines' words.
    pub words: u64,
}

impl LocationEvidence {
    /// The digest of a part; 0 where there is nothing, or only white space.
    #[must_use]
    pub fn part(text: Option<&str>) -> u32 {
        text.filter(|text| !text.trim().is_empty()).map_or(0, |text| {
            let [a, b, c, d, ..] = digest([("text", text)]).short();
            u32::from_be_bytes([a, b, c, d]).max(1)
        })
    }

    /// The neighbours in one digest; 0 where neither is known.
    #[must_use]
    pub fn neighbours(&self) -> u32 {
        if self.before == 0 && self.after == 0 {
            return 0;
        }
        let [before, after] = [self.before, self.after].map(|part| part.to_string());
        Self::part(Some(&format!("{before} {after}")))
    }
}

/// What one scan saw of one weakness.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// The kind.
    pub kind: Kind,
    /// The keys that name it, the canonical one first.
    pub keys: Vec<Digest>,
    /// Whether findings with an equal key are one, wherever they are; others are told apart by place.
    pub named_by_key: bool,
    /// The ids that one finding gives together, sorted; of dependencies only.
    pub ids: Vec<Id>,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub evidence: LocationEvidence,
    /// The path, or what stands for it, for people.
    pub place: String,
    /// One line that names it, where the issue has to list findings that a run does not read.
    pub title: String,
}

impl Observation {
    /// The canonical key.
    #[must_use]
    pub fn key(&self) -> Digest {
        self.keys.first().copied().unwrap_or(Digest([0; 12]))
    }

    /// Whether a key names it.
    #[must_use]
    pub fn has_key(&self, key: &Digest) -> bool {
        self.keys.contains(key)
    }
}

/// One weakness that a finding of a report speaks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The finding, as an index into [`Scan::findings`].
    pub finding: usize,
    /// What the scan saw.
    pub facts: Arc<Observation>,
    /// The id that names it; of dependencies only.
    pub name: Option<Id>,
    /// The decision that the report itself tells (a suppression).
    pub suppressed: Option<Status>,
}

/// What a scan saw, without what it calls closed. Its findings must have their keys. `title` gives the line that names a
/// finding, where issues list it.
#[must_use]
pub fn sightings(scan: &Scan, title: &dyn Fn(&Finding) -> String) -> Vec<Sighting> {
    let mut all = Vec::with_capacity(scan.findings.len());
    for (index, finding) in scan.findings.iter().enumerate() {
        if finding.status == Status::Closed || finding.keys.is_empty() {
            continue;
        }
        let suppressed = (finding.status != Status::Active).then_some(finding.status);
        let facts = |keys: Vec<Digest>, ids: Vec<Id>| Observation {
            kind: finding.kind,
            keys,
            named_by_key: is_named_by_key(finding),
            ids,
            severity: finding.severity,
            evidence: evidence(finding, &scan.target),
            place: place(finding, &scan.target),
            title: title(finding),
        };
        if finding.kind == Kind::Dependency {
            for (key, named) in finding.keys.iter().zip(identifiers::names(finding)) {
                let mut ids: Vec<Id> = named.ids.iter().map(|id| Id::of(id)).collect();
                ids.sort_unstable();
                ids.dedup();
                let facts = Arc::new(facts(vec![key.digest], ids));
                all.push(Sighting { finding: index, facts, name: Some(Id::of(&named.name)), suppressed });
            }
        } else {
            let facts = Arc::new(facts(finding.keys.iter().map(|key| key.digest).collect(), Vec::new()));
            all.push(Sighting { finding: index, facts, name: None, suppressed });
        }
    }
    all
}

fn place(finding: &Finding, target: &str) -> String {
    match finding.kind {
        Kind::Dependency => dependency_place(finding, target),
        kind => finding.location.short(kind).unwrap_or_default(),
    }
}

/// Whether a block's first line tells it from others.
fn tells_a_block(head: &str) -> bool {
    let words = || head.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words().count() >= WORDS_OF_A_HEAD && words().map(|word| word.chars().count()).sum::<usize>() >= LETTERS_OF_A_HEAD
}

/// A dependency's content is its component, its path the place it is declared in; a dynamic finding's is what stands
/// behind the host.
fn evidence(finding: &Finding, target: &str) -> LocationEvidence {
    let part = |text: &str| LocationEvidence::part(Some(text));
    let location = &finding.location;
    let rule = part(finding.rule.as_deref().unwrap_or(&finding.title));
    if finding.kind == Kind::Dependency {
        return LocationEvidence {
            rule,
            path: part(&dependency_place(finding, target)),
            lines: finding.component.as_ref().map(purl::identity).map_or(0, |component| part(&component)),
            ..LocationEvidence::default()
        };
    }
    if let (Kind::Dynamic, Some(url)) = (finding.kind, &location.url) {
        let (host, path) = fold_url(url);
        return LocationEvidence { rule, path: part(&host), lines: part(&path), ..LocationEvidence::default() };
    }
    let around = |line: Option<&String>| line.map_or(0, |line| part(&fold_code(line)));
    let snippet = finding.evidence.snippet.as_ref();
    let shown = snippet.map(|snippet| snippet.lines.as_str()).filter(|lines| !lines.trim().is_empty());
    // A block is known by its head, where that says something: what stands in it comes and goes.
    let head = shown.and_then(|lines| lines.trim().split_once('\n')).map(|(head, _)| head);
    let subject =
        finding.evidence.secret_hash.as_ref().or(location.resource.as_ref().filter(|_| finding.kind != Kind::Code));
    let content = head
        .filter(|head| tells_a_block(head))
        .or(shown)
        .map(fold_code)
        .or_else(|| subject.cloned())
        .or_else(|| finding.evidence.trusted_fingerprint().map(|print| print.value.clone()));
    let secret = finding.kind == Kind::Secret;
    LocationEvidence {
        rule,
        path: location.path.as_deref().map_or(0, part),
        line: location.start_line.unwrap_or(0),
        column: finding.evidence.column.unwrap_or(0),
        message: if secret { 0 } else { part(finding.evidence.message.as_deref().unwrap_or(&finding.title)) },
        lines: content.as_deref().map_or(0, part),
        subject: subject.map_or(0, |subject| part(subject)),
        before: around(snippet.and_then(|snippet| snippet.before.as_ref())),
        after: around(snippet.and_then(|snippet| snippet.after.as_ref())),
        heading: around(snippet.and_then(|snippet| snippet.heading.as_ref())),
        words: shown.filter(|_| !secret).map_or(0, sketch),
    }
}

#[cfg(test)]
mod tests {
    use super::tells_a_block;

    #[test]
    fn a_blocks_head_tells_it_from_others_where_it_names_something() {
        for head in ["class A:", "def main():", "resource \"azurerm_key_vault_key\" \"generated\" {", "if (user) {"] {
            assert!(tells_a_block(head), "{head}");
        }
        for head in ["try {", "else {", "{", "if (x) {", "resource {"] {
            assert!(!tells_a_block(head), "{head}");
        }
    }
}
