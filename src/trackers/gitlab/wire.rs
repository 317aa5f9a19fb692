//! GitLab's answers, as far as we need them. Whatever is not named here may change without harm.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

/// Least role that may edit everybody's issues: Planner. Reporter is 20.
///
/// <https://docs.gitlab.com/user/permissions/>
pub(super) const PLANNER: u64 = 15;

/// `GET /user`, and an issue's author or assignee.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub id: u64,
    pub username: String,
    #[serde(default)]
    pub bot: Option<bool>,
}

/// `GET /job`, for a job token.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    pub user: User,
}

/// `GET /projects/:id`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Project {
    pub id: u64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub path: String,
    pub path_with_namespace: String,
    /// Absent for those who may see the project only in part.
    #[serde(default)]
    pub visibility: Option<String>,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub issues_enabled: Option<bool>,
    #[serde(default)]
    pub issues_access_level: Option<String>,
    #[serde(default)]
    pub permissions: Option<Permissions>,
    #[serde(default)]
    pub namespace: Option<Namespace>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Namespace {
    pub id: u64,
    #[serde(default)]
    pub kind: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub project_access: Option<Access>,
    #[serde(default)]
    pub group_access: Option<Access>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Access {
    pub access_level: u64,
}

impl Project {
    /// Our role in the project, where GitLab tells. Membership in a group above the parent is not told here.
    pub(super) fn role(&self) -> Option<u64> {
        let permissions = self.permissions.as_ref()?;
        [&permissions.project_access, &permissions.group_access].into_iter().flatten().map(|a| a.access_level).max()
    }

    /// The group that the project is in; `None` for a user's own project.
    pub(super) fn group(&self) -> Option<u64> {
        self.namespace.as_ref().filter(|namespace| namespace.kind == "group").map(|namespace| namespace.id)
    }

    pub(super) fn has_issues(&self) -> bool {
        self.issues_access_level.as_deref() != Some("disabled") && self.issues_enabled != Some(false)
    }
}

/// A group that a project is below.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub id: u64,
}

/// A member of a project, inherited membership included.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Member {
    pub id: u64,
    pub access_level: u64,
}

/// An issue of a list, or a single one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Issue {
    pub id: u64,
    pub iid: u64,
    pub title: String,
    #[serde(default)]
    pub description: Option<String>,
    pub state: String,
    #[serde(default)]
    pub labels: Vec<String>,
    /// Absent where the account was removed without a trace.
    #[serde(default)]
    pub author: Option<User>,
    pub web_url: String,
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub closed_by: Option<User>,
    #[serde(default)]
    pub moved_to_id: Option<u64>,
    #[serde(default)]
    pub confidential: bool,
    #[serde(default)]
    pub issue_type: Option<String>,
    #[serde(default)]
    pub due_date: Option<NaiveDate>,
    #[serde(default)]
    pub assignees: Vec<User>,
    #[serde(default)]
    pub milestone: Option<Titled>,
    /// Premium and up.
    #[serde(default)]
    pub weight: Option<u64>,
    /// Ultimate.
    #[serde(default)]
    pub health_status: Option<String>,
    /// Premium and up.
    #[serde(default)]
    pub epic: Option<Epic>,
    #[serde(default)]
    pub user_notes_count: Option<u64>,
    #[serde(default, rename = "_links")]
    pub links: Links,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    pub closed_as_duplicate_of: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Titled {
    #[serde(default)]
    pub id: u64,
    pub title: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Epic {
    pub id: u64,
    pub iid: u64,
}

/// A label of the project or of a group above it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    pub name: String,
}

/// A comment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default)]
    pub system: bool,
}

/// `GET /personal_access_tokens/self`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub expires_at: Option<NaiveDate>,
}
