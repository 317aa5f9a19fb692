//! A draft: the text, labels and fields that an issue should have.

use super::{CloseReason, State};
use crate::finding::{Digest, Kind, Status};

/// When a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// When the issue is opened, and never again.
    Create,
    /// When the issue is opened, and whenever it drifted.
    Update,
    /// When the issue comes to a status.
    Status(Status),
}

/// Who wins where a person changed a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Update {
    /// Update only what is still as findsync wrote it.
    #[default]
    IfUnedited,
    /// Update always.
    Always,
    /// Write once and never again.
    Never,
}

/// A mapped field's wanted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftField {
    /// The name as the mapping gives it.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// When it is written.
    pub on: On,
    /// Who wins where a person changed it.
    pub update: Update,
}

/// The text, labels and fields that an issue should have.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Title, escaped and cut; `None` where this run does not know what it should be.
    pub title: Option<String>,
    /// Our part of the body, escaped and cut, without markers and stamp; `None` where this run does not know it.
    pub body: Option<String>,
    /// Digest of that without what changes from run to run (commits and lines).
    pub content: Digest,
    /// The end of our part of the body: which scope says what. It is known in every run.
    pub attribution: String,
    /// Labels of the mapping.
    pub labels: Vec<String>,
    /// The severity field, then others. The status field comes from the mapping's [`StatusTarget`]s.
    pub fields: Vec<DraftField>,
    /// The kinds of the findings, for the guard against publishing.
    pub kinds: Vec<Kind>,
    /// The policy for titles.
    pub update_title: Update,
    /// The policy for bodies.
    pub update_body: Update,
    /// Whether it must not be readable by everybody, where the tracker can do that.
    pub confidential: bool,
    /// Where it was seen, by what, for people: `Trivy in package-lock.json`. Untrusted.
    pub seen_by: String,
}

/// What a status means in the tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusTarget {
    /// The status field's name.
    pub field: String,
    /// The value of the status field.
    pub value: String,
    /// Open or closed.
    pub state: State,
    /// Why closed, where it is.
    pub closed_as: Option<CloseReason>,
}
