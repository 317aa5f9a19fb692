//! OUT: trackers. Thin translators between `issue`'s types and each service's API; no decision is taken here.

pub mod azure_devops;
mod error;
pub mod github;
pub mod gitlab;
pub mod http;
mod labels;
pub mod local;
mod runs;

pub(crate) use error::found;
pub use error::{Error, Problem};
pub use runs::newer_run;

use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;

pub use crate::ci::Visibility;
use crate::config::{Instance, Mapping, Secret, TrackerKind};
use crate::issue::{Actor, Edit, Issue, IssueId, Limits, New, Stamp, State, TrackerDecision};

/// Which issues to list. All lists are of issues that carry findsync's label or tag, unless said otherwise; where the
/// mapping has a `source_label`, all but [`Which::NewerThan`] of those that carry that one, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The open ones.
    Open,
    /// The closed ones that bear the label for decided issues ([`Mapping::decided_label`]).
    Decided,
    /// Of the hundred closed ones that were changed last those that others closed since findsync wrote them: a person's
    /// closing that no list has shown yet.
    LatelyClosed,
    /// The other closed ones, and those of our own account that lost a label by which they are listed (open or closed).
    Closed,
    /// Those whose number is higher than this, open or closed: what was created since the list was read.
    NewerThan(u64),
}

/// What became of one issue.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is here.
    Here(Box<Issue>),
    /// It was moved to another project, to this address.
    Moved(String),
    /// It was deleted, or we may not see it.
    Gone,
}

/// An issue that people linked to what the service's own vulnerability report lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The vulnerability's names: `CVE-2021-44906`.
    pub names: Vec<String>,
    /// The file that it is in, where it is in one.
    pub file: Option<String>,
    /// The issue's address.
    pub issue: String,
}

/// What planning gets: it cannot write.
#[async_trait]
pub trait Read: Send + Sync {
    /// The service: `github`, `gitlab`, `azure_devops`, `local`.
    fn name(&self) -> &'static str;

    /// The project, as people write it: `acme/shop`.
    fn project(&self) -> &str;

    /// What the tracker can hold.
    fn limits(&self) -> Limits;

    /// How long a list may lack what was just written.
    fn lag(&self) -> Duration {
        Duration::ZERO
    }

    /// Where this mapping's issues keep what they have, as names and values: findsync's label, the Project. The stamp's
    /// `fields` remember them, so that issues follow a mapping that changes, and what stands at the old place goes.
    fn marks(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Everything that would fail later: token, permission, project, missing field or option, with what to do about each.
    async fn check(&self) -> Result<Vec<Problem>, Error>;

    /// Where the mapping's fields are kept, where a name could mean several places: for `check`.
    async fn meanings(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Who can read the project.
    async fn visibility(&self) -> Result<Visibility, Error>;

    /// Lists issues, each once. Fails with [`Error::Setup`] where a field or option that the mapping names is missing.
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error>;

    /// Reads one issue anew, with the markers of our comments in it.
    async fn issue(&self, id: &IssueId) -> Result<Found, Error>;

    /// Of closed issues, those that can never be opened again although no list says so: each one's number, and how
    /// people decided that. Costs requests, so it is asked only of those that would be reopened.
    async fn closed_for_good(&self, _closed: &[IssueId]) -> Result<Vec<(u64, TrackerDecision)>, Error> {
        Ok(Vec::new())
    }

    /// What the service's own vulnerability report links to issues, where it has such a report.
    async fn linked(&self) -> Result<Vec<Linked>, Error> {
        Ok(Vec::new())
    }

    /// The token that the tracker got for itself (a GitHub App's), once it did: no CI knows that it is a secret.
    async fn own_token(&self) -> Option<Secret> {
        None
    }
}

/// What apply gets: it can write as well.
#[async_trait]
pub trait Track: Read {
    /// Creates an issue. Where it was created but something after that failed (a project's field), the error is
    /// [`Error::Partly`], and the stamp in the issue says so, so that the next run goes on.
    /// Never repeated by itself: an unclear answer is [`Error::Unclear`].
    async fn open(&self, new: &New) -> Result<IssueId, Error>;

    /// Changes an issue: first the comment (unless its marker is there), then fields that live elsewhere, last, in one
    /// request, title, body, labels and state. The stamp is in that last one, so that a crash before it is made good.
    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error>;

    /// Creates what `check` found missing and can be created (labels, a field, an option); says what it did.
    async fn fix(&self) -> Result<Vec<String>, Error>;
}

/// Who closed an issue that is closed. Others may act by our account, a person by their own token or another step by a
/// workflow's: it was findsync only where the stamp says that findsync left the issue closed.
fn closer(is_our_account: bool, kind: Actor, stamp: Option<&Stamp>) -> Actor {
    if is_our_account && stamp.is_none_or(|stamp| stamp.state == State::Closed) { Actor::Us } else { kind }
}

/// How many closed issues [`Which::LatelyClosed`] looks at.
const LATELY: usize = 100;

/// Whether an issue was closed by others since findsync wrote it.
fn is_closed_by_others(issue: &Issue) -> bool {
    issue.state == State::Closed && issue.stamp.as_ref().is_some_and(|stamp| stamp.state == State::Open)
}

/// The labels that a field's value stands for. What the mapping itself writes may name several. What comes from a report
/// is one label, and none where the tracker cannot have it or it means something to findsync: no report decides about
/// itself.
fn labels_for(mapping: &Mapping, field: &str, value: &str, several: Vec<String>, one: Option<String>) -> Vec<String> {
    if value.is_empty() || mapping.literals(field).any(|literal| literal.trim() == value.trim()) {
        return several;
    }
    let one = one.filter(|label| !mapping.gives_meaning_to(field, label));
    if one.is_none() {
        tracing::warn!(field, "left out a label: a report may not set it, or the tracker cannot have it");
    }
    one.into_iter().collect()
}

/// Connects to the tracker of a mapping. Nothing is sent yet.
///
/// # Errors
/// Where settings cannot work: a bad location, an unreadable CA file.
pub fn connect(instance: &Instance, mapping: &Mapping, today: NaiveDate) -> Result<Box<dyn Track>, Error> {
    Ok(match instance.kind {
        TrackerKind::Local => Box::new(local::Local::new(instance.location.clone().into(), mapping, today)),
        TrackerKind::GitHub => Box::new(github::GitHub::connect(instance, mapping)?),
        TrackerKind::GitLab => Box::new(gitlab::GitLab::new(instance, mapping)?),
        TrackerKind::AzureDevOps => Box::new(azure_devops::AzureDevOps::new(instance, mapping)?),
    })
}
