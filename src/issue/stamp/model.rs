//! What a stamp holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::finding::{Digest, Id, Kind, Observation, Run, Scope, Severity, Source, Status};
use crate::issue::State;

/// What is stored in an issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    /// The label of the mapping that opened it: two mappings of one file may lead to the same project.
    pub mapping: String,
    /// The findings in the issue.
    pub members: Vec<Member>,
    /// The group that the issue stands for; `None` where it is one finding's.
    pub group: Option<GroupStamp>,
    /// The state that was last written.
    pub state: State,
    /// Whether others had closed the issue when this was written, and it was left so.
    pub left_closed: bool,
    /// The status that was last written.
    pub status: Status,
    /// Whether people moved the status field there themselves: then its value is their decision, not our echo.
    pub moved_by_people: bool,
    /// The severity that was last written.
    pub severity: Severity,
    /// Digests of what was last written, by field; `title` and `body` among them.
    pub fields: BTreeMap<String, u64>,
    /// Digest of our part of the body without what changes from run to run.
    pub content: u64,
    /// The labels that we wrote.
    pub labels: Vec<String>,
    /// How often the state was changed by us: it makes markers of comments unique.
    pub cycle: u32,
    /// Fields that were announced but not yet confirmed to be written (they live outside of the issue).
    pub pending: Vec<String>,
    /// Scopes that two jobs of one run share.
    pub contested: Vec<Contest>,
    /// The number of the issue that took over this one's findings.
    pub duplicate_of: Option<u64>,
}

/// What the findings of a group share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupStamp {
    /// Digest of the owner, of what findings are grouped by, and of the value that they share.
    pub digest: Digest,
    /// What they share, as the issue's title says it.
    pub title: String,
}

/// One weakness of one owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Given at birth, and kept when it moves to another issue; 48 bits.
    pub uid: u64,
    /// The repository whose finding it is.
    pub owner: Source,
    /// The kind.
    pub kind: Kind,
    /// The id that it was born with; of dependencies only.
    pub root: Option<Id>,
    /// Each scope's last word, sorted by scope.
    pub words: Vec<Word>,
    /// Keys that no word has any more, with what stood around.
    pub former: Vec<Former>,
    /// A person's decision about this very finding.
    pub people: Option<PeopleDecision>,
    /// Deciding labels (digests) that were on the issue before this member came or came back: not about it.
    pub exempt: Vec<u32>,
    /// Deciding labels (digests) that were on the issue when the member went.
    pub under: Vec<u32>,
}

/// What a scope last said of a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Who says it.
    pub scope: Arc<Scope>,
    /// What it says.
    pub verdict: Verdict,
    /// The run that wrote it; `None` outside of a CI.
    pub run: Option<Run>,
    /// Whether the scan was whole.
    pub whole: bool,
    /// The day on which it was written or renewed.
    pub day: NaiveDate,
    /// What the scope saw.
    pub facts: Arc<Observation>,
}

/// A scope's word about a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is there.
    Active,
    /// Missed once by a scope on probation: it counts as active.
    Missing,
    /// It is there, and decided for this scope: False Positive or Risk Accepted.
    Decided(Status),
    /// It is reported, and by the configuration it is fixed (VEX): gone, but its ids are still what this scope calls it.
    Fixed,
    /// It is not there.
    Gone,
}

impl Verdict {
    /// Whether the scope still has the finding.
    #[must_use]
    pub const fn is_live(self) -> bool {
        !self.is_gone()
    }

    /// Whether the scope has the finding no more, or it is fixed there.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Gone | Self::Fixed)
    }

    /// Whether it counts as active.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active | Self::Missing)
    }
}

/// A key that a member had, and what stood around it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Former {
    /// The key.
    pub key: Digest,
    /// Digest of the neighbours; for dependencies of the manifest or image.
    pub around: u32,
}

/// How people decided by closing an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClosedHow {
    /// As not planned.
    NotPlanned,
    /// As a duplicate.
    Duplicate,
    /// As done, where the mapping keeps that.
    Done,
}

/// A person's decision about the members that were there, frozen into each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeopleDecision {
    /// How it was said.
    pub how: ClosedHow,
    /// The ids that the member had then.
    pub ids: Vec<Id>,
}

/// Two jobs of one run that share a scope, or seem to.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// Whether it is certain: else one of them only reported less than the other, as after a fix.
    pub proven: bool,
    /// The scope.
    pub scope: Arc<Scope>,
    /// The run in which they disagreed.
    pub run: Run,
    /// The day.
    pub day: NaiveDate,
}

/// Text that looks like a stamp and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Not base64, not deflated, too long, or not the JSON that we write.
    #[error("the stamp is damaged: {0}")]
    Damaged(String),
    /// Written by a newer findsync.
    #[error("the stamp was written by a newer findsync (format {0})")]
    Newer(u32),
}
