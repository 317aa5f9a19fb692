//! Links into the code at the commit that was scanned. Built only from what the CI tells, never from a report.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Service;

/// What stands for the commit where a text must not hang on it.
/// What stands for the newest commit of the default branch.
const NEWEST: &str = "HEAD";
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path in a URL, in a form that means nothing in Markdown.
pub(super) fn encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// Where the scanned code can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLinks {
    /// Which service: each addresses files and lines in its own way.
    pub service: Service,
    /// The repository's address, encoded, without a slash at its end: `https://github.com/acme/shop`.
    pub repository: String,
    /// The commit's id.
    pub commit: String,
}

impl CodeLinks {
    /// `None` where the commit is not known, or is no name of a commit.
    pub(super) fn new(service: Service, server: &str, repository: Option<&str>, commit: Option<&str>) -> Option<Self> {
        let commit = commit.filter(|commit| !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let repository = format!("{}/{}", server.trim_end_matches('/'), encode(repository?));
        Some(Self { service, repository, commit: commit.to_owned() })
    }

    /// The same of another repository of the same service, at the newest commit of its default branch; `None` where it is
    /// elsewhere. `name` is host and path: `github.com/acme/pay`.
    #[must_use]
    pub fn elsewhere(&self, name: &str) -> Option<Self> {
        let (scheme, rest) = self.repository.split_once("://")?;
        let host = rest.split('/').next().unwrap_or_default();
        let path = name.strip_prefix(host)?.strip_prefix('/')?;
        let path = match (self.service, path.rsplit_once('/')) {
            (Service::AzureDevOps, Some((project, repository))) => format!("{project}/_git/{repository}"),
            _ => path.to_owned(),
        };
        let repository = format!("{scheme}://{host}/{}", encode(&path));
        Some(Self { service: self.service, repository, commit: NEWEST.to_owned() })
    }

    /// The address of some lines of a file.
    #[must_use]
    pub fn url(&self, path: &str, start: Option<u32>, end: Option<u32>) -> String {
        let Self { service, repository, commit } = self;
        let path = encode(path.trim_start_matches('/'));
        let end = end.filter(|end| start.is_some_and(|start| *end > start));
        let (blob, to) = match service {
            Service::GitHub => ("blob", "-L"),
            Service::GitLab => ("-/blob", "-"),
            Service::AzureDevOps => {
                let lines = start.map_or_else(String::new, |line| {
                    let last = end.unwrap_or(line).saturating_add(1);
                    format!("&line={line}&lineEnd={last}&lineStartColumn=1&lineEndColumn=1")
                });
                let version = if commit == NEWEST { String::new() } else { format!("&version=GC{commit}") };
                return format!("{repository}?path=/{path}{version}{lines}");
            }
        };
        let start = start.map_or_else(String::new, |line| format!("#L{line}"));
        let end = end.map_or_else(String::new, |line| format!("{to}{line}"));
        format!("{repository}/{blob}/{commit}/{path}{start}{end}")
    }

    /// The same without a commit, for comparing texts of different runs.
    #[must_use]
    pub fn without_commit(&self) -> Self {
        Self { commit: NO_COMMIT.to_owned(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lines_as_each_service_does() {
        let links =
            |service, repository: &str| CodeLinks { service, repository: repository.into(), commit: "abc".into() };
        assert_eq!(
            links(Service::GitHub, "https://github.com/acme/shop").url("src/a b).rs", Some(3), Some(5)),
            "https://github.com/acme/shop/blob/abc/src/a%20b%29.rs#L3-L5"
        );
        assert_eq!(
            links(Service::GitLab, "https://gitlab.com/acme/shop").url("a.rs", Some(3), Some(5)),
            "https://gitlab.com/acme/shop/-/blob/abc/a.rs#L3-5"
        );
        assert_eq!(
            links(Service::AzureDevOps, "https://dev.azure.com/acme/shop/_git/shop").url("a.rs", Some(3), None),
            "https://dev.azure.com/acme/shop/_git/shop?path=/a.rs&version=GCabc&line=3&lineEnd=4&lineStartColumn=1&lineEndColumn=1"
        );
        assert_eq!(
            links(Service::GitHub, "https://github.com/acme/shop").url("a.rs", None, None),
            "https://github.com/acme/shop/blob/abc/a.rs"
        );
    }

    #[test]
    fn what_another_repository_holds_is_looked_at_there() {
        let at = |service, repository: &str, name: &str| {
            let links = CodeLinks { service, repository: repository.into(), commit: "abc".into() };
            links.elsewhere(name).map(|links| links.url("a.rs", Some(3), None))
        };
        let hub = "https://github.com/acme/shop";
        let github = at(Service::GitHub, hub, "github.com/acme/pay");
        assert_eq!(github.as_deref(), Some("https://github.com/acme/pay/blob/HEAD/a.rs#L3"));
        let azure = "https://dev.azure.com/acme/shop/_git/shop";
        assert_eq!(
            at(Service::AzureDevOps, azure, "dev.azure.com/acme/shop/pay").as_deref(),
            Some(
                "https://dev.azure.com/acme/shop/_git/pay?path=/a.rs&line=3&lineEnd=4&lineStartColumn=1&lineEndColumn=1"
            )
        );
        assert_eq!(at(Service::GitHub, hub, "gitlab.com/acme/pay"), None);
        assert_eq!(at(Service::GitHub, hub, "github.community/acme/pay"), None);
    }
}
