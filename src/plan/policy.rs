//! What planning asks of the configuration and of whoever writes texts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::finding::{DecidedBy, Digest, Id, Key, Kind, Observation, Scope, Severity, Source, Status};
use crate::issue::{Draft, GroupStamp, Issue, Verdict};

/// The key of no finding.
pub(super) const NO_KEY: Key = Key { version: 0, kind: None, digest: Digest([0; 12]) };

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
    /// Whose decision it is.
    pub by: DecidedBy,
    /// Where it stands: file and line, or the VEX document.
    pub source: Option<String>,
}

/// Whether a finding gets an issue here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It does.
    Here,
    /// It does, but a filter says that it must not be opened: why.
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
