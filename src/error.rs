//! What can go wrong with a run: each kind with its exit code and what to do about it.

use std::path::PathBuf;

use crate::triage::VexError;
use crate::{config, readers, sync, trackers};

/// Done, nothing to complain about.
pub const DONE: u8 = 0;
/// Done, and the gate tripped.
pub const GATE: u8 = 1;
/// Usage, mapping file or a report is bad, or the tracker cannot be used; nothing changed.
pub const BAD_INPUT: u8 = 2;
/// The plan was refused as unsafe; nothing changed.
pub const REFUSED: u8 = 3;
/// Partly applied.
pub const PARTLY: u8 = 4;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mapping file.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A report.
    #[error(transparent)]
    Read(#[from] readers::ReadError),
    /// A tracker, while reading it.
    #[error(transparent)]
    Sync(#[from] sync::Error),
    /// A tracker, while connecting to it or checking it.
    #[error("mapping `{mapping}`: {source}")]
    Tracker {
        /// The mapping's label.
        mapping: String,
        /// What happened.
        source: trackers::Error,
    },
    /// A VEX document.
    #[error(transparent)]
    Vex(#[from] VexError),
    /// A name of VEX documents to which nothing belongs.
    #[error("no VEX document matches `{0}`")]
    NoVex(String),
    /// A name of VEX documents that cannot be followed.
    #[error("cannot find what `{pattern}` means: {source}")]
    VexFiles {
        /// The glob.
        pattern: String,
        /// Why not.
        source: config::FilesError,
    },
    /// No reports were named.
    #[error("no reports: neither the command line nor the mapping file names any")]
    NoReports,
    /// There is nowhere to keep issues.
    #[error("no tracker: there is no `.findsync.yml` here, and no CI environment was detected")]
    NoMapping,
    /// A tracker that this run must not ask.
    #[error(
        "instance `{0}` is not asked: nobody vouches for what this run works on, so it asks the CI's own server only"
    )]
    Withheld(String),
    /// Several repositories share a mapping's project, and nothing tells which one this run is about.
    #[error(
        "mapping `{0}` is `shared`, but nothing tells which repository this is: run in a checkout that has a remote, or name it in the report's entry, as `repository: github.com/acme/shop`"
    )]
    NoRepository(String),
    /// A file could not be read or written.
    #[error("failed to {what} `{path}`: {source}", path = path.display())]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A plan file is not one.
    #[error("`{path}` is not a plan that `findsync plan --out` wrote: {detail}", path = path.display())]
    PlanFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The world is not the one that the plan was made for.
    #[error("the plan is stale, so nothing was changed:\n{0}")]
    Moved(String),
    /// The result could not be printed.
    #[error("failed to print the result: {0}")]
    Print(#[from] std::io::Error),
    /// Issues were changed, and then the result could not be told.
    #[error("issues were changed, but what became of each is not told everywhere: {0}")]
    Untold(Box<Error>),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Tracker { source, .. } => return source.hint(),
            Self::Sync(sync::Error::Tracker { source, .. }) => return source.hint(),
            Self::NoReports => {
                "name a report (`findsync plan report.sarif`), or list `reports:` in `.findsync.yml`".to_owned()
            }
            Self::NoMapping => {
                "`findsync init` writes a first mapping file; `--to DIR` keeps issues as files in a folder instead"
                    .to_owned()
            }
            Self::PlanFile { .. } => "write it with `findsync plan --out FILE`".to_owned(),
            Self::Untold(error) => return error.hint(),
            Self::Moved(_) => "look at a new plan: `findsync plan --out FILE`".to_owned(),
            _ => return None,
        })
    }

    /// The exit code: only [`PARTLY`] is of a run that changed anything.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Moved(_) => REFUSED,
            Self::Untold(_) => PARTLY,
            _ => BAD_INPUT,
        }
    }
}
