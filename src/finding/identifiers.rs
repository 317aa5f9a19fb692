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
    let rule = finding.rule.as_deref().unwrap_or_default().to_ascii_uppercase();
    let identifiers = || finding.identifiers.iter().map(|id| id.to_ascii_uppercase());
    let is_longer = identifiers().any(|id| id != rule && begins_with(&rule, &id));
    let by_rule = (!is_longer && !rule.is_empty()).then(|| rule.clone());
    let mut ids: Vec<String> = identifiers().chain(by_rule).filter(|id| rank(id).is_some()).collect();
    ids.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    ids.dedup();
    let (cves, aliases): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| is_cve(id));
    let by_rule = cves.iter().find(|cve| begins_with(&rule, cve)).cloned();
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

/// Whether a rule is an id, alone or with more behind it: Grype's SARIF has a rule for each vulnerability and package,
/// `CVE-2024-1234-zlib`.
fn begins_with(rule: &str, id: &str) -> bool {
    rule.strip_prefix(id).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Whether an id is a CVE's.
#[must_use]
pub fn is_cve(id: &str) -> bool {
    id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("CVE-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_goes_on_behind_an_id_names_no_other_vulnerability() {
        let named = |rule: &str, identifiers: &[&str]| {
            let identifiers = identifiers.iter().map(|id| (*id).to_owned()).collect();
            let finding = Finding { rule: Some(rule.to_owned()), identifiers, ..Finding::default() };
            names(&finding).into_iter().map(|named| (named.name, named.ids)).collect::<Vec<_>>()
        };
        let one = |name: &str| vec![(name.to_owned(), vec![name.to_owned()])];
        assert_eq!(named("CVE-2024-1234-zlib", &["CVE-2024-1234"]), one("CVE-2024-1234"));
        assert_eq!(named("cve-2024-1234-zlib", &["CVE-2024-1234", "CVE-2024-5"]), one("CVE-2024-1234"));
        assert_eq!(named("GHSA-aaaa-bbbb-cccc-zlib", &["GHSA-aaaa-bbbb-cccc"]), one("GHSA-AAAA-BBBB-CCCC"));
        assert_eq!(named("CVE-2024-12345", &["CVE-2024-1234"])[0].0, "CVE-2024-12345");
        assert_eq!(named("CVE-2024-1234", &[]), one("CVE-2024-1234"));
    }
}
