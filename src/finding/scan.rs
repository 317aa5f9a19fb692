//! A scan: what one report says one scanner found on one target, and the scope it is the authority for.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{Artifact, Finding};

/// A repository: the one that a run is from, or whose findings a report holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Source {
    /// Host and path in one form, as `github.com/acme/shop`; empty where unknown.
    pub name: String,
    /// The forge's id of it, where the CI tells one: it stays when the repository is renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Source {
    /// A repository of which only host and path are known.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), id: None }
    }

    /// The host, in front of the path.
    #[must_use]
    pub fn host(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The repository's own name, the last part of its path.
    #[must_use]
    pub fn short(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// What stands in a scope's source between the repository whose pipeline reads reports and the one whose findings they are.
pub const READS: &str = " > ";

/// What orders two scans of one scope: only runs of one line can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// The line that counts: `github.com/acme/shop` with `GITHUB_RUN_ID`, a GitLab project's pipelines, an Azure
    /// organization's builds.
    pub line: String,
    /// The number in that line.
    pub number: u64,
    /// The attempt, from 1.
    pub attempt: u32,
}

impl Run {
    /// Whether this run is newer than another; `false` where they cannot be compared.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        self.line == other.line && (self.number, self.attempt) > (other.number, other.attempt)
    }
}

/// The run that brought a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The repository that the run is from.
    pub source: Source,
    /// The branch that was scanned; empty for the default branch.
    pub branch: String,
    /// Its place among the runs of its line; `None` outside of a CI.
    pub run: Option<Run>,
}

/// What was scanned, as people name it: without the part of the matrix that the job was.
#[must_use]
pub fn without_matrix_part(target: &str) -> &str {
    match target.split_once(" [") {
        Some((named, _)) if target.ends_with(']') => named,
        _ => target,
    }
}

/// The slice of the world that a scan is the authority for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The repository that the run is from.
    pub source: Source,
    /// The branch; empty for the default branch.
    pub branch: String,
    /// The scanner's name, without version.
    pub scanner: String,
    /// What was scanned, with the part of the matrix that the job was.
    pub target: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.scanner, self.target)?;
        if !self.branch.is_empty() {
            write!(f, " ({})", self.branch)?;
        }
        if let Some((reader, _)) = self.source.name.split_once(READS) {
            write!(f, ", read by {}", reader.split_once('/').map_or(reader, |(_, path)| path))?;
        }
        Ok(())
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
    /// What was scanned, as precisely as the report says.
    #[serde(skip)]
    pub artifact: Arc<Artifact>,
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
    /// The run that brought it.
    #[serde(skip)]
    pub origin: Origin,
    /// Whose findings these are, where it is not the repository that the run is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Source>,
    /// Folders from which the report's relative paths start, as it names them (the scanned folder, source folders).
    #[serde(skip)]
    pub roots: Vec<String>,
    /// What its target or its repository was called before: scopes of those names are this one's.
    #[serde(skip)]
    pub formerly: Vec<String>,
    /// What it found.
    pub findings: Vec<Finding>,
}

impl Scan {
    /// The scope that this scan is the authority for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let Origin { source, branch, .. } = &self.origin;
        let source = match &self.repository {
            // One pipeline that reads the reports of several repositories speaks for each of them.
            Some(owner) if owner.name != source.name => Source::named(&format!("{}{READS}{}", source.name, owner.name)),
            _ => source.clone(),
        };
        Scope { source, branch: branch.clone(), scanner: self.scanner.clone(), target: self.target.clone() }
    }

    /// Whose findings these are.
    #[must_use]
    pub fn owner(&self) -> &Source {
        self.repository.as_ref().unwrap_or(&self.origin.source)
    }
}

#[cfg(test)]
mod tests {
    use super::without_matrix_part;

    #[test]
    fn people_name_a_target_without_the_part_of_the_matrix() {
        for (target, named) in [
            ("shop", "shop"),
            ("shop [node=18 os=linux]", "shop"),
            ("image:shop [aws, eu: [1]]", "image:shop"),
            ("app/[slug]/page", "app/[slug]/page"),
        ] {
            assert_eq!(without_matrix_part(target), named);
        }
    }
}
