//! Triage: what the configuration says about findings. Merges what several scans report of one finding, applies decisions,
//! routes to mappings, groups. Which reports are about one finding is for the plan to say.
//!
//! Pure: the day comes in as an argument.

mod decide;
mod group;
mod merge;
mod route;
mod vex;

pub use decide::{Case, Decided, Decisions};
pub use group::{Group, group};
pub use merge::merge;
pub use route::Routes;
pub use vex::{Identity, Product, Statement, Subject, VexError, read_vex};

use crate::finding::{Finding, Key, Scope, Severity, Source, Status};

/// A finding as all scans of this run together report it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The finding; texts from the scan that says most, lists from all.
    pub finding: Finding,
    /// The key that names it.
    pub key: Key,
    /// The name that it has from birth on, where the key alone does not name it.
    pub uid: Option<u64>,
    /// The repository whose finding it is, where several share the project.
    pub owner: Option<Source>,
    /// The repository that its code is in, where it is not the one that the run is from.
    pub elsewhere: Option<Source>,
    /// The scopes that report it in this run, sorted.
    pub scopes: Vec<Scope>,
    /// All versions of the component that were found, sorted.
    pub versions: Vec<String>,
    /// Where it stands, by all scopes' words.
    pub status: Status,
    /// The line that names it, where this run does not read it and knows only that.
    pub headline: Option<String>,
}

/// What has one issue in one mapping: a finding, or a finding group.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The finding's or the group's key.
    pub key: Key,
    /// What the findings share, as a title says it; `None` for a single finding.
    pub group: Option<String>,
    /// The findings: active ones first, the worst first.
    pub items: Vec<Item>,
    /// Which scope says what: scope, repository where it differs, and the verdict in words.
    pub attribution: Vec<(Scope, &'static str)>,
    /// The status that the issue should be in.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// The highest severity.
    pub severity: Severity,
}

/// A glob that cannot be read; `config` has refused it before.
#[derive(Debug, thiserror::Error)]
#[error("`{glob}` is not a glob: {source}")]
pub struct GlobError {
    glob: String,
    source: globset::Error,
}

/// A glob of the mapping file, in any case. Most are plain names, of which there may be thousands.
#[derive(Debug)]
enum Pattern {
    Name(String),
    Glob(globset::GlobMatcher),
}

impl Pattern {
    fn new(glob: &str) -> Result<Self, GlobError> {
        if !glob.contains(['*', '?', '[', '{', '\\']) {
            return Ok(Self::Name(glob.to_lowercase()));
        }
        globset::GlobBuilder::new(glob)
            .literal_separator(false)
            .case_insensitive(true)
            .build()
            .map(|glob| Self::Glob(glob.compile_matcher()))
            .map_err(|source| GlobError { glob: glob.to_owned(), source })
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Name(name) => text.eq_ignore_ascii_case(name) || text.to_lowercase() == *name,
            Self::Glob(glob) => glob.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests;
