//! Links into the code at the commit that was scanned. Built only from what the CI tells, never from a report.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for the commit where a body must not hang on it.
pub(super) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How a service addresses lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeHost {
    /// `/blob/COMMIT/PATH#L1-L2`
    GitHub,
    /// `/-/blob/COMMIT/PATH#L1-2`
    GitLab,
    /// `?path=/PATH&version=GCCOMMIT&line=1`
    AzureDevOps,
}

/// Where the scanned code can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLinks {
    /// Which service.
    pub host: CodeHost,
    /// The repository's address, without a slash at its end: `https://github.com/acme/shop`.
    pub repository: String,
    /// The commit's id.
    pub commit: String,
}

impl CodeLinks {
    /// The address of some lines of a file, in a form that means nothing in Markdown.
    #[must_use]
    pub fn url(&self, path: &str, start: Option<u32>, end: Option<u32>) -> String {
        let Self { host, repository, commit } = self;
        let path = utf8_percent_encode(path.trim_start_matches('/'), PATH);
        let end = end.filter(|end| start.is_some_and(|start| *end > start));
        match host {
            CodeHost::GitHub | CodeHost::GitLab => {
                let blob = if *host == CodeHost::GitHub { "blob" } else { "-/blob" };
                let to = if *host == CodeHost::GitHub { "-L" } else { "-" };
                let start = start.map_or_else(String::new, |line| format!("#L{line}"));
                let end = end.map_or_else(String::new, |line| format!("{to}{line}"));
                format!("{repository}/{blob}/{commit}/{path}{start}{end}")
            }
            CodeHost::AzureDevOps => {
                let lines = start.map_or_else(String::new, |line| {
                    let last = end.unwrap_or(line).saturating_add(1);
                    format!("&line={line}&lineEnd={last}&lineStartColumn=1&lineEndColumn=1")
                });
                format!("{repository}?path=/{path}&version=GC{commit}{lines}")
            }
        }
    }

    /// The same without a commit, for comparing bodies of different runs.
    pub(super) fn without_commit(&self) -> Self {
        Self { commit: NO_COMMIT.to_owned(), ..self.clone() }
    }
}

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
    fn addresses_lines_as_each_service_does() {
        let links = |host, repository: &str| CodeLinks { host, repository: repository.into(), commit: "abc".into() };
        assert_eq!(
            links(CodeHost::GitHub, "https://github.com/acme/shop").url("src/a b).rs", Some(3), Some(5)),
            "https://github.com/acme/shop/blob/abc/src/a%20b%29.rs#L3-L5"
        );
        assert_eq!(
            links(CodeHost::GitLab, "https://gitlab.com/acme/shop").url("a.rs", Some(3), Some(5)),
            "https://gitlab.com/acme/shop/-/blob/abc/a.rs#L3-5"
        );
        assert_eq!(
            links(CodeHost::AzureDevOps, "https://dev.azure.com/acme/shop/_git/shop").url("a.rs", Some(3), None),
            "https://dev.azure.com/acme/shop/_git/shop?path=/a.rs&version=GCabc&line=3&lineEnd=4&lineStartColumn=1&lineEndColumn=1"
        );
        assert_eq!(
            links(CodeHost::GitHub, "https://github.com/acme/shop").url("a.rs", None, None),
            "https://github.com/acme/shop/blob/abc/a.rs"
        );
    }

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
