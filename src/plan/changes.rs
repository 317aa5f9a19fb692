//! A plan: the changes, what is withheld, and how each finding stood.

use serde::Serialize;

use crate::finding::{DecidedBy, Digest, Key, Kind, Severity, Status};
use crate::issue::{Edit, Issue, IssueId, New, Note};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Closes it as a duplicate. First, so that after a crash the issue that stays is still the one.
    Merge,
    /// Brings an issue up to date.
    Update,
    /// Closes it, or moves it to the status of a decision.
    Close,
    /// Reopens it.
    Reopen,
    /// Creates it.
    Open,
}

/// A field's change, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// The field's name.
    pub field: String,
    /// What it is now.
    pub from: Option<String>,
    /// What it will be.
    pub to: Option<String>,
}

/// What is written.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new issue.
    New(Box<New>),
    /// A change to this issue.
    Edit(Box<Issue>, Box<Edit>),
}

/// One change, as data.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it does.
    pub action: Action,
    /// The finding's or group's key.
    pub key: Key,
    /// The issue's title, as it will be.
    pub title: String,
    /// The severity, as it was last known where the finding is gone.
    pub severity: Severity,
    /// The status that the finding has now.
    pub status: Status,
    /// Why, for people.
    pub reason: String,
    /// Fields that change.
    pub fields: Vec<FieldChange>,
    /// What is written.
    pub write: Write,
    /// What is said in a comment.
    pub note: Option<Note>,
    /// Where to look: path and line, for annotations.
    pub place: Option<(String, Option<u32>)>,
    /// This run's findings in it: scan and finding.
    pub reports: Vec<(usize, usize)>,
    /// Digest of the text that is written, but for what differs from run to run; `None` where no text is.
    pub content: Option<Digest>,
    /// The kinds of the findings of an issue that is opened.
    pub kinds: Vec<Kind>,
    /// When it is made: those that give members to issues (0) before those that take some (1) and those that retire
    /// issues (2), so that a crash duplicates and never loses.
    pub phase: u8,
    /// Members that the issue gets.
    pub gives: Vec<u64>,
    /// Members that the issue loses: only once they have been given.
    pub takes: Vec<u64>,
    /// The member whose issue takes the place of this one.
    pub keeper: Option<u64>,
}

impl Change {
    /// The issue that is changed; `None` where it is opened.
    #[must_use]
    pub fn issue(&self) -> Option<&IssueId> {
        match &self.write {
            Write::New(_) => None,
            Write::Edit(issue, _) => Some(&issue.id),
        }
    }
}

/// A change that was withheld, with the reason: a careful run never looks like a clean one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The finding's or group's key.
    pub key: Key,
    /// The issue's title, where there is one.
    pub title: Option<String>,
    /// The severity, as it was last known where the finding is gone.
    pub severity: Severity,
    /// The status that the finding has now.
    pub status: Status,
    /// What would be done.
    pub action: Action,
    /// The issue, where there is one.
    pub issue: Option<IssueId>,
    /// Why nothing is done.
    pub reason: String,
    /// Whether a route's filter says so, and nothing else.
    pub filtered: bool,
    /// This run's findings: scan and finding.
    pub reports: Vec<(usize, usize)>,
}

/// How a finding stood in the tracker before the plan, for gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has no issue, or one that is to be open again.
    New,
    /// It has an issue.
    Known,
    /// It is decided: by people in the tracker, or by the configuration.
    Decided,
}

/// What a plan does about a finding of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// An issue is opened for it.
    Open,
    /// Its issue is reopened.
    Reopen,
    /// Its issue is brought up to date.
    Update,
    /// Its issue is as it should be.
    Unchanged,
    /// No issue is opened for it now: `max_open`, a route's filter, an issue whose stamp cannot be read.
    Withheld,
    /// It is a false positive, an accepted risk, or fixed, as somebody decided.
    Decided,
    /// No route leads it here.
    NotRouted,
}

/// What becomes of a finding of this run: every one is accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its key.
    pub key: Key,
    /// How bad it is.
    pub severity: Severity,
    /// How it stood before the plan.
    pub presence: Presence,
    /// What the plan does about it.
    pub fate: Fate,
    /// Its issue, where it has one already.
    pub issue: Option<IssueId>,
    /// Who decided about it, where somebody did.
    pub decided_by: Option<DecidedBy>,
    /// Where that stands: file and line, or the VEX document. Untrusted.
    pub decided_in: Option<String>,
    /// Why it is withheld or decided. Untrusted.
    pub reason: Option<String>,
    /// The name that the finding has from birth on.
    pub uid: u64,
    /// Where this run reports it: scan and finding.
    pub reports: Vec<(usize, usize)>,
}

/// The list of changes that would bring the tracker in step.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What to do, in the order in which to do it.
    pub changes: Vec<Change>,
    /// What is not done, and why.
    pub withheld: Vec<Withheld>,
    /// How many issues are as they should be.
    pub unchanged: usize,
    /// What becomes of each finding of this run.
    pub accounts: Vec<Account>,
    /// What people should know: late runs, jobs that share a scope, scopes that no longer count.
    pub notes: Vec<String>,
    /// Why the whole plan is refused, where it is.
    pub refusal: Option<Refusal>,
}

impl Plan {
    /// How many changes do this.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// Why a whole plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The rule: `max_close_percent` or `public`.
    pub rule: &'static str,
    /// What would have happened.
    pub detail: String,
    /// Which setting lets it pass, and how to go on.
    pub hint: String,
}
