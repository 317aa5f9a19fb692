//! Plan: which changes would bring the tracker in step. Pure: the same drafts, issues and day give the same plan.
//!
//! The decision table of DESIGN §4 is in `decide`, what an issue's new text, fields and stamp are in `edit` and
//! `stamp`, which issue belongs to which draft in `matching`, and what is refused as a whole in `guard`.

mod align;
mod carry;
mod coverage;
mod decide;
mod edit;
mod guard;
mod matching;
mod stamp;

pub use coverage::Coverage;
pub use guard::Refusal;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use crate::finding::{Key, Severity, Status};
use crate::issue::{Draft, DraftField, Edit, Issue, IssueId, Limits, New, Note, State, StatusTarget, Update};

/// What planning follows, beside the drafts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mapping's label.
    pub mapping: String,
    /// Labels of other mappings of the same file that lead to the same project: their issues are theirs.
    pub siblings: Vec<String>,
    /// The day, for scopes that were not read for long.
    pub today: NaiveDate,
    /// What the tracker can hold.
    pub tracker: Limits,
    /// The status field's value and the state that goes with it, in the order of [`Status::ALL`].
    pub statuses: [StatusTarget; 4],
    /// Who wins where a person changed the status field's value.
    pub update_status: Update,
    /// Fields to set where an issue is closed because its finding is gone.
    pub closing_fields: Vec<DraftField>,
    /// Issues to open at once; the rest waits.
    pub max_open: usize,
    /// Share of the open issues of the covered scopes that may be closed at once, from 10 issues on.
    pub max_close_percent: u8,
    /// Days after which a scope that is not read no longer counts.
    pub scope_ttl: u32,
    /// Open a fresh issue where a finding comes back, instead of reopening.
    pub new_on_return: bool,
    /// Leave an issue closed that a person closed as done.
    pub keep_manual_close: bool,
    /// Open closed issues for findings that are decided from the start.
    pub record_decisions: bool,
    /// Whether everybody can read the project and the mapping does not say what may be published there.
    pub publishing_unasked: bool,
}

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

impl Settings {
    /// What a status means in the tracker.
    #[must_use]
    pub fn target(&self, status: Status) -> &StatusTarget {
        &self.statuses[status as usize]
    }
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
    /// The draft that it serves, as an index; `None` where the finding is gone.
    pub draft: Option<usize>,
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

/// A change that was held back, with the reason: a careful run never looks like a clean one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The finding's or group's key.
    pub key: Key,
    /// The issue's title.
    pub title: String,
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
}

/// How a draft stood in the tracker before the plan, for gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has no issue, or one that is to be open again.
    New,
    /// It has an issue.
    Known,
    /// People decided in the tracker that it is accepted, or a false positive.
    Decided,
}

/// The list of changes that would bring the tracker in step.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What to do, in the order in which to do it.
    pub changes: Vec<Change>,
    /// What is not done, and why.
    pub held: Vec<Held>,
    /// How many issues are as they should be.
    pub unchanged: usize,
    /// How each draft stood, in the order of the drafts.
    pub standings: Vec<Standing>,
    /// Why the whole plan is refused, where it is.
    pub refusal: Option<Refusal>,
}

/// What came of looking at one issue.
#[derive(Debug)]
pub enum Verdict {
    /// It needs a change.
    Change(Box<Change>),
    /// It is left alone although something could be done.
    Held(Held),
    /// It is as it should be.
    Unchanged,
    /// It is none of this run's business.
    NotOurs,
}

/// Everything a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Planner<'a> {
    /// How the issues should be.
    pub drafts: &'a [Draft],
    /// What was read in this run.
    pub coverage: &'a Coverage,
    /// What planning follows.
    pub settings: &'a Settings,
}

/// Whether the closed issues must be listed: some draft that would be opened or reopened has no open issue.
#[must_use]
pub fn needs_closed<'d>(drafts: impl IntoIterator<Item = &'d Draft>, open: &[Issue], record_decisions: bool) -> bool {
    let known: BTreeSet<Key> = matching::ours(open).flat_map(|(_, stamp)| stamp.keys()).collect();
    let wanted = |draft: &&Draft| draft.status == Status::Active || record_decisions;
    drafts.into_iter().filter(wanted).any(|draft| !draft.keys().any(|key| known.contains(&key)))
}

/// Whether an issue is closed and stays so although its finding is there: people decided it.
#[must_use]
pub fn stays_closed(issue: &Issue, keep_manual_close: bool) -> bool {
    matching::ours(std::slice::from_ref(issue)).any(|(issue, stamp)| {
        let by_person = keep_manual_close && stamp.state == State::Open;
        issue.state == State::Closed && (by_person || decide::standing_decision(issue, stamp).is_some())
    })
}

impl Planner<'_> {
    /// Makes the plan from all issues that were listed (open and, where needed, closed ones).
    #[must_use]
    pub fn plan(&self, issues: &[Issue]) -> Plan {
        let mut plan = Plan::default();
        let matched = matching::match_drafts(self, issues);
        let suspects = matching::suspects(issues);
        for (at, draft) in self.drafts.iter().enumerate() {
            plan.standings.push(self.standing(matched.issue_of[at]));
            let verdict = match matched.issue_of[at] {
                Some(issue) => self.with_issue(at, draft, issue, matched.heirs(at)),
                None => self.without_issue(at, draft, draft.keys().find_map(|key| suspects.get(&key).copied())),
            };
            plan.add(verdict);
        }
        for &(issue, keeper) in &matched.duplicates {
            plan.add(Verdict::Change(Box::new(self.merge(issue, keeper))));
        }
        for &issue in &matched.orphans {
            plan.add(self.without_draft(issue, Some(&matched.claimed)));
        }
        for &issue in &matched.displaced {
            plan.add(self.without_draft(issue, None));
        }
        // A key that goes from one issue to another is taken from the first before the second gets it, as far as writes
        // come one after another.
        let displaced: BTreeSet<u64> = matched.displaced.iter().map(|issue| issue.id.number).collect();
        plan.changes.sort_by_key(|change| {
            let number = change.issue().map(|id| id.number);
            let leaves = number.is_some_and(|number| displaced.contains(&number));
            (!leaves, change.action, std::cmp::Reverse(change.severity), number, change.key)
        });
        guard::check(&mut plan, self, issues);
        plan.held.sort_by(|a, b| (&a.issue, a.key).cmp(&(&b.issue, b.key)));
        plan
    }

    /// Plans one change anew against the issue as it is now, where somebody changed it in the meantime.
    #[must_use]
    pub fn again(&self, change: &Change, now: &Issue) -> Verdict {
        match (change.draft, &change.note) {
            (_, Some(Note::Duplicate { of })) if now.state == State::Open => {
                Verdict::Change(Box::new(self.merge(now, of)))
            }
            (_, Some(Note::Duplicate { .. })) => Verdict::Unchanged,
            (Some(at), _) => self.with_issue(at, &self.drafts[at], now, &[]),
            (None, _) => self.without_draft(now, Some(&BTreeSet::new())),
        }
    }
}

impl Plan {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Change(change) => self.changes.push(*change),
            Verdict::Held(held) => self.held.push(held),
            Verdict::Unchanged => self.unchanged += 1,
            Verdict::NotOurs => {}
        }
    }

    /// How many changes do this.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

#[cfg(test)]
mod tests;
