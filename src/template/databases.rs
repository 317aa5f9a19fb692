//! Where well-known databases describe identifiers.

/// Where a well-known database describes an identifier.
pub(super) fn database(id: &str) -> Option<String> {
    let upper = id.to_ascii_uppercase();
    let sane = id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let (prefix, rest) = upper.split_once('-').filter(|_| sane)?;
    Some(match prefix {
        "CVE" => format!("https://nvd.nist.gov/vuln/detail/{upper}"),
        "GHSA" => format!("https://github.com/advisories/GHSA-{}", rest.to_ascii_lowercase()),
        "CWE" if rest.bytes().all(|b| b.is_ascii_digit()) => {
            format!("https://cwe.mitre.org/data/definitions/{rest}.html")
        }
        "RUSTSEC" | "PYSEC" | "GO" | "OSV" | "MAL" => format!("https://osv.dev/vulnerability/{upper}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_databases() {
        assert_eq!(database("CWE-79").as_deref(), Some("https://cwe.mitre.org/data/definitions/79.html"));
        assert_eq!(
            database("GHSA-35JH-R3H4-6JHM").as_deref(),
            Some("https://github.com/advisories/GHSA-35jh-r3h4-6jhm")
        );
        assert_eq!(database("CVE-2021-1)](http://evil"), None);
        assert_eq!(database("ACME-1"), None);
    }
}
