//! Plan: which changes would bring the tracker in step. Pure: the same scans, issues and day give the same plan.
//!
//! What one run says about its slice of the world is never taken for the truth about an issue: each scope's last word stands
//! in the stamp, a run writes only the words of the scopes that it read, and what an issue should be is a function of all.
//! `matching`, `carry` and `dependencies` find out which member a finding is, `twins` joins what is one, `words` writes what
//! scopes say, `settle` gives members their issues, `compose` makes changes of that, `edit` decides what is written.

mod align;
mod authority;
mod carry;
mod compose;
mod dependencies;
mod describe;
pub(crate) mod duplicates;
mod edit;
mod guard;
mod matching;
mod people;
pub(crate) mod placement;
mod reasons;
mod scans;
pub(crate) mod sources;
mod words;
mod world;

pub use guard::Refusal;
pub use scans::ScanFacts;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use crate::finding::{Digest, Id, Key, Kind, Observation, Run, Scope, Severity, Source, Status};
use crate::issue::{
    Draft, Edit, GroupStamp, Issue, IssueId, Limits, New, Note, StatusTarget, Update, Verdict, value_digest,
};

use world::World;

/// The key of no finding.
const NO_KEY: Key = Key { version: 0, kind: None, digest: Digest([0; 12]) };

/// A finding of this run, and the member that it was found to be.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// Index of the scan.
    pub scan: usize,
    /// Index of the finding in the scan.
    pub finding: usize,
    /// The keys that the member has or had.
    pub keys: &'a BTreeSet<Digest>,
    /// The member's name.
    pub uid: u64,
    /// Ids that are known to be the same as the member's.
    pub ids: &'a BTreeSet<Id>,
    /// The id by which the finding names the member; of dependencies only. A finding may name several.
    pub name: Option<Id>,
}

/// What the configuration says about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// False Positive or Risk Accepted; Closed where a VEX document says that it is fixed; Active where a decision has run
    /// out.
    pub status: Status,
    /// Why. Untrusted.
    pub reason: Option<String>,
}

/// Whether a finding gets an issue here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It does.
    Here,
    /// It does, but must not be opened now: why.
    Withheld(String),
    /// It goes elsewhere.
    Elsewhere,
}

/// What planning asks of the configuration and of whoever writes texts. `reports` are pairs of scan and finding.
pub trait Policy: Send + Sync {
    /// What the configuration decides about a finding; `None` where nothing.
    fn decide(&self, reported: &Reported<'_>) -> Option<Decision>;
    /// Where a finding goes that has no open issue.
    fn route(&self, reports: &[(usize, usize)]) -> Route;
    /// The group of a finding; `None` where it has an issue of its own.
    fn group(&self, reports: &[(usize, usize)]) -> Option<GroupStamp>;
    /// The text, labels and fields of an issue.
    fn render(&self, subject: &Subject) -> Draft;
    /// The line that names a finding.
    fn title(&self, reports: &[(usize, usize)]) -> String;
    /// Who sees it, and where, in a few words.
    fn seen_by(&self, reports: &[(usize, usize)]) -> String;
    /// Path and line of a finding, for annotations.
    fn place(&self, reports: &[(usize, usize)]) -> Option<(String, Option<u32>)>;
    /// Whether a file or folder is in the checkout; `None` where there is none.
    fn exists(&self, path: &str) -> Option<bool>;
    /// Whether an issue whose stamp cannot be read may be about a finding.
    fn resembles(&self, reports: &[(usize, usize)], issue: &Issue) -> bool;
}

/// What an issue is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The finding's or the group's key.
    pub key: Key,
    /// The group, where it is one.
    pub group: Option<GroupStamp>,
    /// The status that the issue should be in.
    pub status: Status,
    /// The highest severity of what is active, else of all.
    pub severity: Severity,
    /// Why it is in that status.
    pub reason: Option<String>,
    /// The findings: active ones first, the worst first.
    pub members: Vec<MemberView>,
}

/// One finding of an issue.
#[derive(Debug, Clone)]
pub struct MemberView {
    /// The name that it has from birth on.
    pub uid: u64,
    /// Its key.
    pub key: Key,
    /// The repository whose finding it is.
    pub owner: Source,
    /// The kind.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// This run's findings: scan and finding.
    pub reports: Vec<(usize, usize)>,
    /// Whether the scope whose view counts most reports it in this run, so that the text can be written anew.
    pub lead_is_read: bool,
    /// What that scope saw.
    pub facts: Option<Arc<Observation>>,
    /// What each scope says.
    pub words: Vec<(Arc<Scope>, Verdict)>,
    /// Whether another finding has the same key.
    pub has_equals: bool,
}

/// What planning follows, beside the scans.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mapping's label.
    pub mapping: String,
    /// The day, for scopes that were not read for long.
    pub today: NaiveDate,
    /// What the tracker can hold.
    pub tracker: Limits,
    /// The status field's value and the state that goes with it, in the order of [`Status::ALL`].
    pub statuses: [StatusTarget; 4],
    /// Who wins where a person changed the status field's value.
    pub update_status: Update,
    /// Issues to open at once; the rest waits.
    pub max_open: usize,
    /// Share of the open issues of the covered scopes that may be closed at once, from 10 issues on.
    pub max_close_percent: u8,
    /// Days after which a scope that is not read no longer counts.
    pub scope_ttl: u32,
    /// Whether findings share issues.
    pub grouped: bool,
    /// Open a fresh issue where a finding comes back, instead of reopening.
    pub new_on_return: bool,
    /// Leave an issue closed that a person closed as done.
    pub keep_manual_close: bool,
    /// Open closed issues for findings that are decided from the start.
    pub record_decisions: bool,
    /// Whether everybody can read the project and the mapping does not say what may be published there.
    pub publishing_unasked: bool,
    /// Whether several repositories share the project.
    pub shared: bool,
    /// Old names of the repository.
    pub formerly: Vec<String>,
    /// findsync's own label on closed issues that some scope still reports.
    pub decided_label: String,
    /// findsync's own label, by which issues are listed, and with which labels of repositories begin.
    pub own_label: String,
    /// Whether another mapping of the same file leads to the same project.
    pub has_siblings: bool,
    /// The newest run of this run's line that has finished, where the CI was asked.
    pub newest_finished: Option<Run>,
    /// Where the mapping keeps what its issues have, as names and values. Stamps remember them, so that issues follow a
    /// mapping that changes.
    pub marks: Vec<(&'static str, String)>,
    /// All fields that the mapping names.
    pub fields: BTreeSet<String>,
}

impl Settings {
    /// What stamps remember of where things are kept.
    pub(super) fn marks(&self) -> impl Iterator<Item = (String, u64)> {
        self.marks.iter().map(|(name, value)| ((*name).to_owned(), value_digest(value)))
    }

    /// Whether a stamp's note on a field still means something.
    pub(super) fn knows_field(&self, name: &str) -> bool {
        matches!(name, edit::TITLE | edit::BODY | edit::ATTRIBUTION)
            || self.fields.contains(name)
            || self.marks.iter().any(|(mark, _)| *mark == name)
    }

    /// What a status means in the tracker.
    #[must_use]
    pub fn target(&self, status: Status) -> &StatusTarget {
        &self.statuses[status as usize]
    }

    /// The label of a repository's issues in a shared project.
    #[must_use]
    pub fn source_label(&self, source: &Source) -> Option<String> {
        (self.shared && !source.name.is_empty()).then(|| source_label(&self.own_label, source))
    }
}

/// The longest label that every service takes, in characters.
const MAX_LABEL: usize = 50;

/// The label of a repository's issues: the prefix and its path, shortened where it is too long to be a label.
#[must_use]
pub fn source_label(prefix: &str, source: &Source) -> String {
    let path = source.name.split_once('/').map_or(source.name.as_str(), |(_, path)| path);
    let path: String =
        path.chars().map(|c| if matches!(c, ',' | ';' | '>') || c.is_control() { '-' } else { c }).collect();
    let label = format!("{prefix}:{path}");
    if label.chars().count() <= MAX_LABEL {
        return label;
    }
    let mark: String = crate::finding::digest([("source", source.name.as_str())]).to_string().chars().take(8).collect();
    let room = MAX_LABEL.saturating_sub(prefix.chars().count() + mark.len() + 2);
    let end: Vec<char> = path.chars().rev().take(room).collect();
    format!("{prefix}:{mark}-{}", end.into_iter().rev().collect::<String>())
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

/// One finding of this run, for gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// How bad it is.
    pub severity: Severity,
    /// How it stood.
    pub presence: Presence,
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
    /// How each finding of this run stood.
    pub outlooks: Vec<Outlook>,
    /// What people should know: late runs, jobs that share a scope, scopes that no longer count.
    pub notes: Vec<String>,
    /// Why the whole plan is refused, where it is.
    pub refusal: Option<Refusal>,
}

/// Everything that a plan is made from, beside the issues.
#[derive(Clone, Copy)]
pub struct Planner<'a> {
    /// What this run saw.
    pub scans: &'a [ScanFacts],
    /// What the configuration and the templates say.
    pub policy: &'a dyn Policy,
    /// What planning follows.
    pub settings: &'a Settings,
}

impl std::fmt::Debug for Planner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").field("scans", &self.scans.len()).finish_non_exhaustive()
    }
}

impl Planner<'_> {
    /// Makes the plan from all issues that were listed.
    #[must_use]
    pub fn plan(&self, issues: &[Issue]) -> Plan {
        let mut world = World::new(self, issues);
        // What came later has seen all that there is to settle.
        if world.scans.is_empty() && !self.scans.is_empty() {
            return Plan { notes: world.notes, ..Plan::default() };
        }
        world.merge_copies();
        world.match_all();
        world.merge_twins();
        world.speak();
        world.expire();
        world.settle();
        let mut plan = Plan::default();
        world.compose(&mut plan);
        world.note_unread();
        plan.outlooks = world.outlooks();
        plan.withheld.append(&mut world.withheld);
        plan.notes.append(&mut world.notes);
        plan.refusal = guard::check(&plan, &world);
        plan.withheld.sort_by(|a, b| (&a.issue, a.key, &a.reason).cmp(&(&b.issue, b.key, &b.reason)));
        plan
    }

    /// Plans the change of one issue anew, as it is now, where somebody changed it in the meantime.
    #[must_use]
    pub fn replan(&self, issues: &[Issue], now: &Issue) -> Option<Change> {
        let current = |issue: &Issue| if issue.id.number == now.id.number { now.clone() } else { issue.clone() };
        let mut issues: Vec<Issue> = issues.iter().map(current).collect();
        if !issues.iter().any(|issue| issue.id.number == now.id.number) {
            issues.push(now.clone());
        }
        let of_issue = |change: &Change| change.issue().is_some_and(|id| id.number == now.id.number);
        self.plan(&issues).changes.into_iter().find(of_issue)
    }

    /// This run's findings that have an open issue among these, or one that people closed for good: scan and finding.
    #[must_use]
    pub fn at_home(&self, issues: &[Issue]) -> BTreeSet<(usize, usize)> {
        let mut world = World::new(self, issues);
        world.merge_copies();
        world.match_all();
        world.at_home()
    }
}

impl Plan {
    /// How many changes do this.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}
