//! A draft: the issue that a finding or a finding group should have.

use super::{CloseReason, Place, State};
use crate::finding::{Digest, Key, Kind, Scope, Severity, Status};

/// One finding in a draft, with what is needed to know it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// All its keys, the canonical one first.
    pub keys: Vec<Key>,
    /// The scopes that report it now.
    pub scopes: Vec<Scope>,
    /// Evidence for carry-forward.
    pub place: Place,
}

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

/// The issue that a finding or a finding group should have.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The canonical key: a finding's, or the group's.
    pub key: Key,
    /// The findings in it: one, or the group's. Active ones, or those whose decision the status tells.
    pub members: Vec<Member>,
    /// Keys of findings of the group that are decided and so are not among the members.
    pub excluded: Vec<Key>,
    /// The status that triage gave.
    pub status: Status,
    /// Why that status: the justification of the decision, or why an acceptance has run out. Untrusted.
    pub reason: Option<String>,
    /// Whether an acceptance has run out, so that a closed issue is reopened.
    pub expired: bool,
    /// The highest severity of the members.
    pub severity: Severity,
    /// The kinds of the members, for the guard against publishing.
    pub kinds: Vec<Kind>,
    /// Title, escaped and cut.
    pub title: String,
    /// Our part of the body, escaped and cut, without markers and stamp.
    pub body: String,
    /// Digest of our part without what changes from run to run (the commit in links).
    pub content: Digest,
    /// Labels of the mapping.
    pub labels: Vec<String>,
    /// The severity field, then others. The status field comes from the mapping's [`StatusTarget`]s.
    pub fields: Vec<DraftField>,
    /// The policy for titles.
    pub update_title: Update,
    /// The policy for bodies.
    pub update_body: Update,
    /// Why it must not be opened now although it is Active (a route's filter); updates are made all the same.
    pub held: Option<String>,
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

impl Draft {
    /// All keys by which its issue may be known.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        std::iter::once(self.key).chain(self.members.iter().flat_map(|member| member.keys.iter().copied()))
    }
}
