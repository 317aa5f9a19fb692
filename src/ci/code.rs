//! Where the code that was scanned can be read.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Service;

/// Where the code can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHost {
    /// Which service: each addresses files and lines in its own way.
    pub service: Service,
    /// The repository's address, encoded, without a slash at its end.
    pub repository_url: String,
    /// The commit.
    pub commit: String,
}

const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path in a URL.
pub(super) fn encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

impl CodeHost {
    /// `None` where the commit is not known, or is no name of a commit.
    pub(super) fn new(service: Service, server: &str, repository: Option<&str>, commit: Option<&str>) -> Option<Self> {
        let commit = commit.filter(|commit| !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let repository_url = format!("{}/{}", server.trim_end_matches('/'), encode(repository?));
        Some(Self { service, repository_url, commit: commit.to_owned() })
    }
}
