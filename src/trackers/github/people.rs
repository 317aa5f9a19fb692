//! Whose issues count: our own account's, those of people who may write to the repository, and of bots and accounts
//! that are gone where somebody with rights has put our label on.
//!
//! An association is no proof: a member of the organization may only read the repository, and one whose membership is
//! private is a contributor to an App or a workflow's token. So GitHub is asked, once a person.

use std::collections::HashMap;

use serde::Deserialize;
use tokio::sync::Mutex;

use super::GitHub;
use crate::issue::Issue;
use crate::trackers::Error;
use crate::trackers::http::Request;

/// What decides whether an issue's stamp counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is known already.
    Known(bool),
    /// Whether this person may write decides; where GitHub does not say, the association's word.
    Ask {
        /// Who.
        login: String,
        /// What the association says.
        likely: bool,
    },
}

/// Who may write, as far as GitHub was asked.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<HashMap<String, Option<bool>>>);

impl GitHub {
    /// Makes each issue's stamp count or not.
    pub(super) async fn judge(&self, found: Vec<(Issue, Standing)>) -> Result<Vec<Issue>, Error> {
        let mut issues = Vec::with_capacity(found.len());
        for (mut issue, standing) in found {
            let is_stamped = issue.stamp.is_some() || issue.stamp_error.is_some();
            issue.trusted = match standing {
                Standing::Known(counts) => counts,
                Standing::Ask { login, likely } if is_stamped => self.may_write(&login).await?.unwrap_or(likely),
                Standing::Ask { likely, .. } => likely,
            };
            issues.push(issue);
        }
        Ok(issues)
    }

    /// Whether a person may write to the repository; `None` where GitHub does not say.
    ///
    /// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
    async fn may_write(&self, login: &str) -> Result<Option<bool>, Error> {
        #[derive(Deserialize)]
        struct Permission {
            permission: String,
        }
        let mut known = self.people.0.lock().await;
        if let Some(known) = known.get(login) {
            return Ok(*known);
        }
        let url = self.api.address.repo(&["collaborators", login, "permission"]);
        let answer = match self.api.call(Request::get(format!("ask what `{login}` may do"), url)).await {
            Ok(response) => {
                let may: Permission = response.json()?;
                Some(matches!(may.permission.as_str(), "admin" | "maintain" | "write"))
            }
            // No account of this name, or none that ever had to do with the repository.
            Err(Error::NotFound { .. }) => Some(false),
            Err(error @ (Error::Forbidden { .. } | Error::Refused { .. })) => {
                tracing::info!(login, %error, "GitHub does not say what somebody may do");
                None
            }
            Err(error) => return Err(error),
        };
        known.insert(login.to_owned(), answer);
        Ok(answer)
    }
}
