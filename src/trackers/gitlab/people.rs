//! Whose stamps count: our own account's, those of people who may edit every issue of the project, and those of the
//! project's former bots.

use std::collections::{BTreeMap, BTreeSet};

use gitlab::api::projects::members::AllProjectMembers;

use tokio::sync::Mutex;

use super::api::{Api, Get};
use super::wire::{Member, PLANNER, Project, User};
use super::{Error, built};
use crate::issue::Actor;

/// What is known of authors so far.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<BTreeMap<u64, bool>>);

impl People {
    /// Of these authors of stamped issues (id and name), those whose stamps count. Asks about each stranger once.
    pub(super) async fn trusted(
        &self,
        api: &Api,
        project: &Project,
        me: &User,
        authors: &BTreeMap<u64, String>,
    ) -> Result<BTreeSet<u64>, Error> {
        let mut known = self.0.lock().await;
        known.insert(me.id, true);
        let new: BTreeSet<u64> = authors.keys().copied().filter(|id| !known.contains_key(id)).collect();
        if !new.is_empty() {
            let members = AllProjectMembers::builder().project(project.id).user_ids(new.iter().copied()).build();
            let members: Vec<Member> = api.all("list the project's members", built(members)?).await?;
            let may_edit = members.iter().filter(|member| member.access_level >= PLANNER).map(|member| member.id);
            let may_edit: BTreeSet<u64> = may_edit.collect();
            for id in new {
                let bot = authors.get(&id).is_some_and(|name| is_bots_name(name, project));
                let trusted = may_edit.contains(&id) || bot && is_bot(api, id).await?;
                known.insert(id, trusted);
            }
        }
        Ok(known.iter().filter(|(_, trusted)| **trusted).map(|(id, _)| *id).collect())
    }
}

impl User {
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
    let token = |kind: &str| {
        let rest = name.strip_prefix(kind)?.strip_prefix('_')?;
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("_bot")?;
        (rest.is_empty() || rest.starts_with('_') || rest.bytes().all(|b| b.is_ascii_digit())).then_some(())
    };
    OWN.contains(&name.as_str())
        || name.starts_with("service_account_")
        || ["project", "group"].into_iter().any(|kind| token(kind).is_some())
}

/// Whether a name is that of an access token of the project or its group. When a token expires, its bot is no member any
/// more, but the issues that it wrote stay.
fn is_bots_name(name: &str, project: &Project) -> bool {
    let of = |kind: &str, id: u64| {
        let rest = name.strip_prefix(&format!("{kind}_{id}_bot"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_') || rest.bytes().all(|b| b.is_ascii_digit()))
    };
    of("project", project.id) || project.group().is_some_and(|id| of("group", id))
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
    fn knows_the_names_of_its_own_bots_only() {
        let project: Project = serde_json::from_value(serde_json::json!({
            "id": 42, "path_with_namespace": "acme/shop", "namespace": { "id": 7, "kind": "group" }
        }))
        .expect("project");
        for name in ["project_42_bot", "project_42_bot1", "project_42_bot_0f3a", "group_7_bot_0f3a"] {
            assert!(is_bots_name(name, &project), "{name}");
        }
        for name in ["project_421_bot_0f3a", "project_42_botanist", "group_42_bot_1", "root"] {
            assert!(!is_bots_name(name, &project), "{name}");
        }
    }
}
