//! A scan: what one report says one scanner found on one target, and the scope it is the authority for.

use std::fmt;

use serde::Serialize;

use super::Finding;

/// The slice of the world that a scan is the authority for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The scanner's name, without version.
    pub scanner: String,
    /// What was scanned.
    pub target: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.scanner, self.target)
    }
}

/// What one report says one scanner found on one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scan {
    /// The name of the reader that read it.
    pub reader: String,
    /// The scanner's name as people know it (`Trivy`, `Semgrep OSS`), without version.
    pub scanner: String,
    /// What was scanned. Readers leave it empty where the report does not name it; then it becomes the report's path.
    pub target: String,
    /// The report's path as given.
    pub report: String,
    /// Whether the scan may vouch for what is absent: the report was read whole, is not partial, and did not fail.
    pub complete: bool,
    /// Why the scan itself says that it failed, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Files that the scan says it could not examine, written as findings' paths are; a folder ends with a slash. It
    /// vouches for nothing that is absent from them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unexamined: Vec<String>,
    /// What it found.
    pub findings: Vec<Finding>,
}

impl Scan {
    /// The scope that this scan is the authority for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope { scanner: self.scanner.clone(), target: self.target.clone() }
    }
}
