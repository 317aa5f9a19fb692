//! Whose stamps count: our own account's, those of people who may edit every issue of the project, and those of the
//! project's former bots.

use std::collections::{BTreeMap, BTreeSet};

use gitlab::api::projects::members::AllProjectMembers;

use tokio::sync::{Mutex, OnceCell};

use super::client::{Api, Get};
use super::wire::{Group, Member, PLANNER, Project, User};
use super::{Error, built};
use crate::issue::Actor;

/// How somebody stands to the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Their stamps count: our own account, whoever may edit every issue, a bot of the project's.
    Counts,
    /// A member who may not edit what others wrote.
    Guest,
    /// No member, perhaps not any more.
    NoMember,
}

/// What is known of authors so far.
#[derive(Debug, Default)]
pub(super) struct People {
    known: Mutex<BTreeMap<u64, Standing>>,
    /// The groups that the project is below, by their ids.
    groups: OnceCell<BTreeSet<u64>>,
}

impl People {
    /// How these authors of stamped issues (id and name) stand to the project. Asks about each stranger once.
    pub(super) async fn standings(
        &self,
        api: &Api,
        project: &Project,
        me: &User,
        authors: &BTreeMap<u64, String>,
    ) -> Result<BTreeMap<u64, Standing>, Error> {
        let mut known = self.known.lock().await;
        known.insert(me.id, Standing::Counts);
        let new: BTreeSet<u64> = authors.keys().copied().filter(|id| !known.contains_key(id)).collect();
        if !new.is_empty() {
            let members = AllProjectMembers::builder().project(project.id).user_ids(new.iter().copied()).build();
            let members: Vec<Member> = api.all("list the project's members", built(members)?).await?;
            for id in new {
                let name = authors.get(&id).map(String::as_str).unwrap_or_default();
                let role = members.iter().filter(|member| member.id == id).map(|member| member.access_level).max();
                let standing = match role {
                    Some(role) if role >= PLANNER => Standing::Counts,
                    _ if self.is_our_bots_name(api, project, name).await? && is_bot(api, id).await? => Standing::Counts,
                    Some(_) => Standing::Guest,
                    None => Standing::NoMember,
                };
                known.insert(id, standing);
            }
        }
        Ok(known.clone())
    }

    /// Whether a name is that of an access token of the project, or of a group that it is below. When a token ends, its
    /// bot is no member any more, but the issues that it wrote stay.
    async fn is_our_bots_name(&self, api: &Api, project: &Project, name: &str) -> Result<bool, Error> {
        if bot_of(name, "project") == Some(project.id) {
            return Ok(true);
        }
        let Some(group) = bot_of(name, "group") else { return Ok(false) };
        if project.group() == Some(group) {
            return Ok(true);
        }
        let ask = async || -> Result<BTreeSet<u64>, Error> {
            let endpoint = Get { path: format!("projects/{}/groups", project.id), query: Vec::new() };
            match api.all::<Group>("list the groups above the project", endpoint).await {
                Ok(groups) => Ok(groups.into_iter().map(|group| group.id).collect()),
                Err(Error::NotFound { .. } | Error::Forbidden { .. }) => Ok(BTreeSet::new()),
                Err(error) => Err(error),
            }
        };
        Ok(self.groups.get_or_try_init(ask).await?.contains(&group))
    }
}

impl User {
    /// Whether GitLab put what a deleted account wrote under this name.
    ///
    /// <https://docs.gitlab.com/user/profile/account/delete_account/#associated-records>
    pub(super) fn is_ghost(&self) -> bool {
        self.username == "ghost" || self.username.starts_with("ghost") && self.bot == Some(true)
    }

    /// What kind of account it is. Bots are told by the names that GitLab gives them, as lists say no more: one with a
    /// name of its own counts as a person.
    pub(super) fn actor(&self) -> Actor {
        if self.bot == Some(true) || is_automatic_name(&self.username) { Actor::Bot } else { Actor::Person }
    }
}

/// Whether GitLab gave a name itself, to an access token, a service account or a part of its own.
///
/// <https://docs.gitlab.com/administration/internal_users/>
fn is_automatic_name(name: &str) -> bool {
    const OWN: [&str; 7] = [
        "alert-bot",
        "support-bot",
        "gitlab-security-bot",
        "gitlab-automation-bot",
        "gitlab-admin-bot",
        "gitlab-migration-bot",
        "gitlab-llm-bot",
    ];
    let name = name.to_lowercase();
    OWN.contains(&name.as_str())
        || name.starts_with("service_account_")
        || ["project", "group"].into_iter().any(|kind| bot_of(&name, kind).is_some())
}

/// The id of the project or group whose access token has this name.
fn bot_of(name: &str, kind: &str) -> Option<u64> {
    let (id, rest) = name.strip_prefix(kind)?.strip_prefix('_')?.split_once("_bot")?;
    let is_bot = rest.is_empty() || rest.starts_with('_') || rest.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| is_bot)
}

/// Whether GitLab says that an account is a bot: anybody can register under a name that looks like one.
async fn is_bot(api: &Api, id: u64) -> Result<bool, Error> {
    let endpoint = Get { path: format!("users/{id}"), query: Vec::new() };
    match api.ask::<User>("look up an author", &endpoint).await {
        Ok(user) => Ok(user.bot == Some(true)),
        Err(Error::NotFound { .. } | Error::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_bots_from_people() {
        let actor = |username: &str| User { id: 1, username: username.to_owned(), bot: None }.actor();
        for bot in ["project_42_bot_9c1d", "group_7_bot", "service_account_8f", "GitLab-Security-Bot"] {
            assert_eq!(actor(bot), Actor::Bot, "{bot}");
        }
        for person in ["maria", "project_bot", "ghost", "project_42_botanist"] {
            assert_eq!(actor(person), Actor::Person, "{person}");
        }
    }

    #[test]
    fn knows_whose_bot_a_name_is() {
        for name in ["project_42_bot", "project_42_bot1", "project_42_bot_0f3a"] {
            assert_eq!((bot_of(name, "project"), bot_of(name, "group")), (Some(42), None), "{name}");
        }
        assert_eq!(bot_of("group_7_bot_0f3a", "group"), Some(7));
        for name in ["project_421_botanist", "project__bot", "project_x_bot", "root"] {
            assert_eq!(bot_of(name, "project"), None, "{name}");
        }
    }
}
