//! What there is to tell about a plan or an apply: the promise of `--format json`, and what all other writers read.

use schemars::JsonSchema;
use serde::Serialize;

use super::accounts::{AccountView, TotalsView};
use super::gate::GateView;
use crate::finding::{Severity, Status};
use crate::issue::IssueId;
use crate::plan::{Action, FieldChange};

/// The version of everything that machines read. It rises when a key vanishes or changes its meaning.
pub const VERSION: u8 = 1;

/// A plan, or what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(
    title = "findsync plan",
    description = "What `findsync plan` and `findsync apply` print with `--format json`."
)]
pub struct PlanView {
    /// The version of this format.
    pub version: u8,
    /// The exit code of the run.
    pub exit_code: u8,
    /// Why `--fail-on` made the run fail; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateView>,
    /// Why the plan was refused as unsafe; null where it was not.
    pub guard: Option<GuardView>,
    /// What people should know beside the changes: scans that failed, reports that are partial, runs that only plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many findings were read, and what becomes of them; null where the tracker was not read.
    pub totals: Option<TotalsView>,
    /// The mappings, in the order of the mapping file.
    pub mappings: Vec<MappingView>,
    /// What becomes of each finding, in the order of the reports.
    pub findings: Vec<AccountView>,
}

impl Default for PlanView {
    fn default() -> Self {
        Self {
            version: VERSION,
            exit_code: 0,
            gate: None,
            guard: None,
            notes: Vec::new(),
            totals: None,
            mappings: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// Why the plan was refused as unsafe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GuardView {
    /// Each reason, with the setting that lets the plan pass.
    pub refusals: Vec<Refusal>,
}

/// One reason to refuse a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// The mapping's label; null where it is about the whole run.
    pub mapping: Option<String>,
    /// What is suspicious: `would close 40 of 50 open issues`.
    pub reason: String,
    /// What lets the plan pass: the setting, in words.
    pub setting: String,
}

/// What one mapping has to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct MappingView {
    /// The mapping's label.
    pub label: String,
    /// The service: `github`, `gitlab`, `azure_devops`, `local`.
    pub tracker: String,
    /// The project as people write it.
    pub project: String,
    /// How many issues of which sort.
    pub counts: Counts,
    /// The changes, in the order in which they are made.
    pub changes: Vec<ChangeView>,
    /// What would be changed but for a reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldView>,
}

/// How many issues of which sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// To open.
    pub open: usize,
    /// To update.
    pub update: usize,
    /// To close.
    pub close: usize,
    /// To reopen.
    pub reopen: usize,
    /// To close as duplicates.
    pub merge: usize,
    /// Held back.
    pub held: usize,
    /// In step already.
    pub unchanged: usize,
}

impl Counts {
    /// How many changes there are.
    #[must_use]
    pub const fn changes(&self) -> usize {
        self.open + self.update + self.close + self.reopen + self.merge
    }

    /// The sums over all mappings.
    #[must_use]
    pub fn of(view: &PlanView) -> Self {
        view.mappings.iter().map(|mapping| mapping.counts).fold(Self::default(), Self::plus)
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            open: self.open + other.open,
            update: self.update + other.update,
            close: self.close + other.close,
            reopen: self.reopen + other.reopen,
            merge: self.merge + other.merge,
            held: self.held + other.held,
            unchanged: self.unchanged + other.unchanged,
        }
    }
}

/// An issue that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IssueRef {
    /// The number that people see.
    pub number: u64,
    /// Where people look at it.
    pub url: String,
}

impl From<&IssueId> for IssueRef {
    fn from(id: &IssueId) -> Self {
        Self { number: id.number, url: id.url.clone() }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ChangeView {
    /// What is done.
    pub action: Action,
    /// The issue; null where it is to be opened.
    pub issue: Option<IssueRef>,
    /// The finding's or the finding group's key.
    pub key: String,
    /// The issue's title, as plain text. Untrusted.
    pub title: String,
    /// The severity.
    pub severity: Severity,
    /// The status that the finding is in.
    pub status: Status,
    /// Why, for people. Untrusted.
    pub reason: String,
    /// What is changed in it.
    pub fields: Vec<FieldChange>,
    /// Of all that is written, text and comment included: where it differs, `apply --plan` refuses.
    pub digest: String,
    /// Where to look in the workspace: path and line, for annotations.
    #[serde(skip)]
    pub place: Option<(String, Option<u32>)>,
    /// What became of it; absent in a plan.
    #[serde(flatten)]
    pub outcome: Option<OutcomeView>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutcomeView {
    /// How it ended.
    pub outcome: Outcome,
    /// The issue's address, where it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Tried, without success.
    Failed,
    /// Not tried.
    Skipped,
}

/// A change that is held back.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HeldView {
    /// What would be done.
    pub action: Action,
    /// The issue; null where it would be opened.
    pub issue: Option<IssueRef>,
    /// The finding's or the finding group's key.
    pub key: String,
    /// The issue's title, as plain text. Untrusted.
    pub title: String,
    /// The severity.
    pub severity: Severity,
    /// Why nothing is done, for people. Untrusted.
    pub reason: String,
    /// Whether a route's filter says so: such findings are counted in text, and listed with `-v`.
    pub filtered: bool,
}

impl ChangeView {
    /// Whether it was tried without success.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.outcome == Outcome::Failed)
    }
}
