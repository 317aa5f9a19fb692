//! Why there is no plan.

use crate::template::TemplateError;
use crate::trackers;
use crate::triage::GlobError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tracker could not be read.
    #[error("cannot read the issues of mapping `{mapping}`: {source}")]
    Tracker {
        /// The mapping's label.
        mapping: String,
        /// What happened.
        source: trackers::Error,
    },
    /// A template of the mapping file does not work.
    #[error("mapping `{mapping}`: {source}")]
    Template {
        /// The mapping's label.
        mapping: String,
        /// What is wrong.
        source: TemplateError,
    },
    /// A decision names a key that several findings bear.
    #[error("the key `{key}` of a decision names several findings: {}", members.join(", "))]
    AmbiguousKey {
        /// The key.
        key: String,
        /// What names each of them.
        members: Vec<String>,
    },
    /// A glob of the mapping file does not work.
    #[error(transparent)]
    Glob(#[from] GlobError),
}
