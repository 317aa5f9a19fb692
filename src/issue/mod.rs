//! An item in a tracker, whatever the tracker calls it: how it should be (`Draft`), how it is (`Issue`), and what we
//! write to bring the two together (`New`, `Edit`). Trackers speak only in these types.

mod body;
mod draft;
pub mod escape;
mod limits;
mod note;
mod stamp;

pub use body::{ATTRIBUTION, Body, cut, split_attribution, words};
pub(crate) use body::{entity, plain_text};
pub use draft::{Draft, DraftField, On, StatusTarget, Update};
pub use limits::{Limits, Markup};
pub use note::Note;
pub use stamp::{ClosedHow, Contest, Former, GroupStamp, Member, PeopleDecision, Stamp, StampError, Verdict, Word};

use std::collections::BTreeMap;

use serde::Serialize;

/// A tracker's handle for one issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct IssueId {
    /// The number that people see (GitHub number, GitLab iid, Azure DevOps id). The lowest is the oldest.
    pub number: u64,
    /// Where people look at it.
    pub url: String,
    /// What the tracker's API wants beside the number (a GraphQL node id); empty where nothing.
    #[serde(skip)]
    pub handle: String,
}

/// Open or closed, the one thing that all trackers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody should do something.
    Open,
    /// Nobody has to do anything.
    Closed,
}

/// Why an issue is closed, as far as the tracker can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Done, fixed.
    Completed,
    /// Not planned, won't do.
    NotPlanned,
    /// The same as another one.
    Duplicate,
}

/// Who did something in the tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// findsync: the account or app that it uses now, on an issue that its stamp says it left so. Where the stamp says
    /// otherwise, somebody else acted by that account: a person by their own token, the stale action as
    /// `github-actions[bot]`.
    Us,
    /// A person.
    Person,
    /// Any other bot, app or automation.
    Bot,
}

/// A decision that people took in the tracker itself, by a label, a close reason or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerDecision {
    /// False Positive or Risk Accepted.
    pub status: crate::finding::Status,
    /// How it was said, for people: ``label `false-positive` ``, `closed as not planned`.
    pub by: String,
    /// Whether it was said by the status field's value, where findsync may have put it itself.
    pub by_field: bool,
}

/// An issue as it is in the tracker now.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Its handle.
    pub id: IssueId,
    /// Its title.
    pub title: String,
    /// Its whole body in the tracker's markup, people's words included.
    pub body: String,
    /// Open or closed.
    pub state: State,
    /// Why it is closed, where the tracker says so.
    pub closed_as: Option<CloseReason>,
    /// Who closed it last; `None` where it is open, or nobody knows.
    pub closed_by: Option<Actor>,
    /// Labels or tags, without those that stand for a mapped field and without findsync's own.
    pub labels: Vec<String>,
    /// Which of findsync's own labels beside the mapping's `own_label` are on it: `findsync-decided`, and sources'
    /// `findsync:…`, as the mapping spells them.
    pub own_labels: Vec<String>,
    /// The mapped fields' values as the tracker has them now, by the name the mapping gives them. Empty values are absent.
    pub fields: BTreeMap<String, String>,
    /// The stamp, where there is one that can be read.
    pub stamp: Option<Stamp>,
    /// Why the stamp cannot be read (damaged, or a newer findsync's); `None` where there is none, or it could be.
    pub stamp_error: Option<StampError>,
    /// Whether the stamp counts: the issue was written by our account or by somebody who may write to the project.
    pub trusted: bool,
    /// Whether findsync's own label or tag is on it.
    pub labelled: bool,
    /// What people decided in the tracker by labels or columns (closing as "not planned" is in `closed_as`).
    pub decisions: Vec<TrackerDecision>,
    /// Markers of our own comments, as far as they came with the list; `None` where they have to be asked for.
    pub comments: Option<Vec<String>>,
    /// The revision to name in a conditional write, where the tracker has such.
    pub revision: Option<u64>,
}

/// What to create.
#[derive(Debug, Clone)]
pub struct New {
    /// Title, within the tracker's limit.
    pub title: String,
    /// The whole body, stamp included where the tracker keeps it there.
    pub body: String,
    /// The stamp, for trackers that keep it elsewhere.
    pub stamp: Stamp,
    /// The state to end in; closed only for recorded decisions.
    pub state: State,
    /// Why closed.
    pub closed_as: Option<CloseReason>,
    /// Labels of the mapping (findsync's own is added by the tracker).
    pub labels: Vec<String>,
    /// Others of findsync's own labels to put on, beside the mapping's `own_label`.
    pub own_labels: Vec<String>,
    /// Mapped fields, severity and status among them.
    pub fields: Vec<FieldEdit>,
    /// Whether it must not be readable by everybody, where the tracker can do that.
    pub confidential: bool,
}

/// What to change in one issue. What is `None` or empty stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// New title.
    pub title: Option<String>,
    /// New whole body, stamp included where the tracker keeps it there.
    pub body: Option<String>,
    /// New stamp, for trackers that keep it elsewhere.
    pub stamp: Option<Stamp>,
    /// New state.
    pub state: Option<State>,
    /// Why closed.
    pub closed_as: Option<CloseReason>,
    /// The issue that this one is a duplicate of.
    pub duplicate_of: Option<IssueId>,
    /// Labels to add, findsync's own among them.
    pub add_labels: Vec<String>,
    /// Labels to take away: only such that we wrote, findsync's own among them.
    pub remove_labels: Vec<String>,
    /// Mapped fields to set, severity and status among them.
    pub fields: Vec<FieldEdit>,
    /// A comment for people.
    pub comment: Option<Comment>,
}

/// A field's new value; `None` empties it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldEdit {
    /// The name as the mapping gives it. Reserved: `assignees` (comma separated), `milestone`, `due_date` (ISO), `issue_type`.
    pub name: String,
    /// The value as text.
    pub value: Option<String>,
}

/// A comment, with a marker by which it is known again: it is never written twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Short, unique in its issue: `close-3`.
    pub marker: String,
    /// Escaped text in the tracker's markup, without the marker.
    pub text: String,
}

/// The digest under which the stamp remembers a written value: case and white space are the tracker's to change.
#[must_use]
pub fn value_digest(value: &str) -> u64 {
    let folded = value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    u64::from_be_bytes(crate::finding::digest([("value", folded.as_str())]).short())
}

impl Comment {
    /// The hidden line by which the comment is found again, for trackers whose comments keep HTML comments.
    #[must_use]
    pub fn hidden_marker(&self) -> String {
        format!("<!-- findsync:comment {} -->", self.marker)
    }

    /// The marker in a comment's text, where it has one.
    #[must_use]
    pub fn marker_in(text: &str) -> Option<&str> {
        let (_, rest) = text.split_once("<!-- findsync:comment ")?;
        rest.split_once(" -->").map(|(marker, _)| marker)
    }
}
