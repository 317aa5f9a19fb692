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

/// The ids that all name the finding's vulnerability, the canonical one first.
///
/// A finding that lists several CVEs is a bundle: its ids are no aliases of one another, so only its rule counts, or
/// all of them together.
pub(super) fn aliases(finding: &Finding) -> Vec<String> {
    let mut ids: Vec<String> = finding
        .identifiers
        .iter()
        .chain(&finding.rule)
        .filter(|id| rank(id).is_some())
        .map(|id| id.to_ascii_uppercase())
        .collect();
    ids.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    ids.dedup();
    if ids.iter().filter(|id| id.starts_with("CVE-")).count() <= 1 {
        return ids;
    }
    match finding.rule.as_ref().filter(|rule| rank(rule).is_some()) {
        Some(rule) => vec![rule.to_ascii_uppercase()],
        None => vec![ids.join(" ")],
    }
}
