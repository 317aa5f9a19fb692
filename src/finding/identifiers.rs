//! Public identifiers: which name one vulnerability, and which of them is canonical.

use super::Finding;

/// Prefixes of ids that name one vulnerability, the canonical first. Advisories that bundle several (RHSA, USN, DSA,
/// ALAS …) are not among them: they are aliases of nothing.
const ONE_VULNERABILITY: &[&str] = &[
    "CVE-",
    "GHSA-",
    "PYSEC-",
    "RUSTSEC-",
    "GO-",
    "OSV-",
    "MAL-",
    "GSD-",
    "BIT-",
    "HSEC-",
    "RSEC-",
    "JLSEC-",
    "SNYK-",
    "SONATYPE-",
    "XRAY-",
    "TEMP-",
    "GMS-",
    "PRISMA-",
];

/// The rank of an id: lower is more canonical; `None` where it does not name one vulnerability.
#[must_use]
pub fn rank(id: &str) -> Option<usize> {
    ONE_VULNERABILITY
        .iter()
        .position(|prefix| id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// An id as its database writes it: GHSA's in small letters behind the prefix, all others in capitals.
#[must_use]
pub fn canonical(id: &str) -> String {
    let upper = id.trim().to_ascii_uppercase();
    match upper.strip_prefix("GHSA-") {
        Some(rest) => format!("GHSA-{}", rest.to_ascii_lowercase()),
        None => upper,
    }
}

/// Sorts identifiers: the canonical first, CWEs last, otherwise as they were.
pub fn sort(ids: &mut [String]) {
    ids.sort_by_key(|id| rank(id).unwrap_or(if id.starts_with("CWE-") { usize::MAX } else { ONE_VULNERABILITY.len() }));
}

/// One vulnerability that a finding speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name: the CVE, else the best id, else the rule.
    pub name: String,
    /// All ids that this finding gives it, its name among them, sorted.
    pub ids: Vec<String>,
}

/// The vulnerabilities that a finding speaks for: the CVE that its rule names, else each CVE that it lists, else the one
/// that its best id or its rule names.
pub(super) fn names(finding: &Finding) -> Vec<Named> {
    let mut ids: Vec<String> = finding
        .identifiers
        .iter()
        .chain(&finding.rule)
        .filter(|id| rank(id).is_some())
        .map(|id| id.to_ascii_uppercase())
        .collect();
    ids.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    ids.dedup();
    let (cves, aliases): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| is_cve(id));
    let by_rule = finding.rule.as_ref().map(|rule| rule.to_ascii_uppercase()).filter(|rule| cves.contains(rule));
    let names = match (by_rule, cves.is_empty()) {
        (Some(rule), _) => vec![rule],
        (None, false) => cves,
        (None, true) => {
            let rule = || finding.rule.clone().unwrap_or_else(|| finding.title.clone());
            vec![aliases.first().cloned().unwrap_or_else(rule)]
        }
    };
    let named = |name: String| {
        let mut ids = aliases.clone();
        ids.push(name.clone());
        ids.sort_unstable();
        ids.dedup();
        Named { name, ids }
    };
    names.into_iter().map(named).collect()
}

/// Whether an id is a CVE's.
#[must_use]
pub fn is_cve(id: &str) -> bool {
    id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("CVE-"))
}
