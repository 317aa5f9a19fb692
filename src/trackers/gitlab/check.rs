//! What would fail later, said beforehand: token, scope, role, project, tier, and what the mapping names.

use gitlab::api::personal_access_tokens::PersonalAccessTokenSelf;
use gitlab::api::projects::members::AllProjectMember;

use super::fields::{Fields, Slot, bad_label, state_word};
use super::resolve::{health, refused};
use super::wire::{Member, PLANNER, Project, Token, User};
use super::{Error, GitLab, Setup, built};
use crate::config::{Credential, Mapping};
use crate::finding::Status;
use crate::trackers::Problem;
use crate::trackers::error::{found, missing_token};

const TOKEN_HINT: &str = "create a project access token with the role Reporter and the scope `api` (Settings > Access \
    tokens), and set it as a masked CI/CD variable";

fn problem(what: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem { what: what.into(), hint: hint.into(), fixable: false }
}

impl GitLab {
    pub(super) async fn problems(&self) -> Result<Vec<Problem>, Error> {
        let me = match self.me().await {
            Ok(me) => me,
            Err(Error::Unauthorized { detail, .. }) => return Ok(vec![self.bad_token(&detail)]),
            Err(Error::Forbidden { detail, .. }) => {
                return Ok(vec![problem(format!("the token lacks a scope: {detail}"), TOKEN_HINT)]);
            }
            Err(error) => return Ok(found(Err(error))),
        };
        let mut problems = found(self.scope_problems().await);
        let project = match self.find_project().await {
            Ok(project) => project,
            Err(Error::NotFound { what }) => {
                problems.push(problem(
                    format!("cannot find {what}, or the token may not see it"),
                    format!("check the path in the mapping file, and that `{}` is a member", me.username),
                ));
                return Ok(problems);
            }
            Err(Error::Unauthorized { detail, .. }) => return Ok(vec![self.bad_token(&detail)]),
            Err(Error::Forbidden { detail, .. }) => {
                problems.push(problem(format!("may not read the project: {detail}"), TOKEN_HINT));
                return Ok(problems);
            }
            Err(Error::Settings { what, hint }) => {
                problems.push(problem(what, hint));
                return Ok(problems);
            }
            Err(error) => {
                problems.extend(found(Err(error)));
                return Ok(problems);
            }
        };
        problems.extend(found(self.project_problems(&project, &me).await));
        let abilities = match self.abilities(&project).await {
            Ok(abilities) => abilities,
            Err(error) => {
                problems.extend(found(Err(error)));
                return Ok(problems);
            }
        };
        let fields = Fields::new(&self.mapping, &abilities);
        let setup = Setup { project, me, abilities, fields };
        problems.extend(missing_fields(&self.mapping, &setup));
        problems.extend(found(self.missing_names(&setup).await));
        Ok(problems)
    }

    fn bad_token(&self, detail: &str) -> Problem {
        match self.credential {
            Credential::None => missing_token(TOKEN_HINT),
            Credential::JobToken(_) => problem(
                format!("the CI job token does not reach issues ({detail})"),
                format!(
                    "CI_JOB_TOKEN suffices for `--to DIR` and other runs without GitLab's issues only: {TOKEN_HINT}"
                ),
            ),
            _ => problem(format!("{} does not accept the token: {detail}", self.api.host()), TOKEN_HINT),
        }
    }

    /// What the token itself says. An OAuth or job token has no such page.
    async fn scope_problems(&self) -> Result<Vec<Problem>, Error> {
        if !matches!(self.credential, Credential::Token(_)) {
            return Ok(Vec::new());
        }
        let endpoint = built(PersonalAccessTokenSelf::builder().build())?;
        let token: Token = match self.api.ask("read the token's scopes", &endpoint).await {
            Ok(token) => token,
            Err(
                Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::NotFound { .. } | Error::Refused { .. },
            ) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut problems = Vec::new();
        if !token.scopes.is_empty() && !token.scopes.iter().any(|scope| scope == "api") {
            let has = token.scopes.join("`, `");
            problems.push(problem(format!("the token has the scopes `{has}`, but not `api`"), TOKEN_HINT));
        }
        if let Some(day) = token.expires_at {
            tracing::debug!(%day, "the token expires");
        }
        Ok(problems)
    }

    async fn project_problems(&self, project: &Project, me: &User) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let path = &project.path_with_namespace;
        problems.extend(unwritable(project));
        let role = match project.role() {
            Some(role) if role >= PLANNER => Some(role),
            direct => self.inherited_role(project, me).await?.max(direct),
        };
        if role.is_none_or(|role| role < PLANNER) {
            let name = match role {
                Some(10..) => "Guest",
                Some(_) => "Minimal Access",
                None => "no",
            };
            problems.push(problem(
                format!("`{}` has {name} role in `{path}`, which may not label, edit and close issues", me.username),
                "give it the role Reporter (or Planner)",
            ));
        }
        Ok(problems)
    }

    /// The role that comes from a group, which the project does not tell of all of them.
    async fn inherited_role(&self, project: &Project, me: &User) -> Result<Option<u64>, Error> {
        let endpoint = built(AllProjectMember::builder().project(project.id).user(me.id).build())?;
        match self.api.ask::<Member>("read our role", &endpoint).await {
            Ok(member) => Ok(Some(member.access_level)),
            Err(Error::NotFound { .. } | Error::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Users, milestones and epics that the mapping names literally and that are not there.
    async fn missing_names(&self, setup: &Setup) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        for field in &setup.fields.fields {
            for value in &field.values {
                let known = match field.slot {
                    Slot::Assignees => match self.assignees(value).await?.1.as_slice() {
                        [] => Ok(()),
                        missing => Err(refused(&field.name, format!("there is no user `{}`", missing.join("`, `")))),
                    },
                    Slot::Milestone => self.milestone(setup, Some(value)).await.map(drop),
                    Slot::Epic => self.epic(setup, Some(value)).await.map(drop),
                    _ => Ok(()),
                };
                match known {
                    Ok(()) => {}
                    Err(Error::Refused { detail, .. }) => {
                        problems.push(problem(detail, format!("check `{}` in the mapping file", field.name)));
                    }
                    Err(error) => problems.extend(found(Err(error))),
                }
            }
        }
        Ok(problems)
    }

    /// Makes the labels that the mapping names and that are missing.
    pub(super) async fn make_labels(&self) -> Result<Vec<String>, Error> {
        let setup = self.setup().await?;
        let mut wanted = self.own_labels.needed();
        wanted.extend(self.mapping.labels.iter().cloned());
        wanted.extend(setup.fields.fields.iter().flat_map(|field| {
            let words = |value: &&String| setup.fields.is_status(field) && state_word(value).is_some();
            field.values.iter().filter(move |value| !words(value)).flat_map(|value| field.labels(value))
        }));
        let made = self.ensure_labels(setup, &mut wanted).await?;
        Ok(made.into_iter().map(|label| format!("made the label `{label}`")).collect())
    }
}

/// Why a project takes no issue from anybody.
pub(super) fn unwritable(project: &Project) -> Vec<Problem> {
    let path = &project.path_with_namespace;
    let archived = problem(
        format!("`{path}` is archived, so that nothing can be written"),
        "unarchive it in Settings > General > Advanced, or take the mapping away",
    );
    let disabled = problem(
        format!("issues are disabled in `{path}`"),
        "enable them in Settings > General > Visibility, project features, permissions",
    );
    [(project.archived, archived), (!project.has_issues(), disabled)]
        .into_iter()
        .filter_map(|(is_so, problem)| is_so.then_some(problem))
        .collect()
}

/// What the mapping names and the project's tier or settings do not have.
pub(super) fn missing_fields(mapping: &Mapping, setup: &Setup) -> Vec<Problem> {
    let mut problems = Vec::new();
    let abilities = &setup.abilities;
    let lacks = |widget: &str| !abilities.widgets.is_empty() && !abilities.widgets.contains(widget);
    let known = |names: Vec<&str>| format!("use one of: {}", names.join(", "));
    for field in &setup.fields.fields {
        let tier = match field.slot {
            Slot::Weight if lacks("WEIGHT") => Some("Premium"),
            Slot::Epic if lacks("HIERARCHY") => Some("Premium"),
            Slot::Health if lacks("HEALTH_STATUS") => Some("Ultimate"),
            _ => None,
        };
        if let Some(tier) = tier {
            problems.push(problem(
                format!("issues of `{}` have no `{}`", setup.project.path_with_namespace, field.name),
                format!("it needs GitLab {tier}; choose another name in the mapping file to have a label"),
            ));
            continue;
        }
        for value in &field.values {
            if setup.fields.is_status(field) && state_word(value).is_some() {
                continue;
            }
            let bad = |hint: String| problem(format!("`{}` has no value `{value}`", field.name), hint);
            match field.slot {
                Slot::Weight if value.trim().parse::<u64>().is_err() => {
                    problems.push(bad("a weight is a whole number".to_owned()));
                }
                Slot::Health if health(value).is_none() => {
                    problems.push(bad(known(vec!["on track", "needs attention", "at risk"])));
                }
                Slot::WorkStatus if !abilities.statuses.iter().any(|s| s.name.eq_ignore_ascii_case(value)) => {
                    problems.push(bad(known(abilities.statuses.iter().map(|s| s.name.as_str()).collect())));
                }
                Slot::Custom(at) => {
                    if let Some(custom) = abilities.custom.get(at).filter(|field| field.input(Some(value)).is_err()) {
                        let options = custom.select_options.iter().flatten().map(|option| option.value.as_str());
                        problems.push(bad(known(options.collect())));
                    }
                }
                Slot::Scoped | Slot::Plain => problems.extend(field.labels(value).iter().find_map(|l| bad_label(l))),
                _ => {}
            }
        }
    }
    problems.extend(contradictions(mapping, setup));
    let labels = mapping.labels.iter().chain([&mapping.own_label]);
    problems.extend(labels.filter_map(|label| bad_label(label)));
    problems
}

/// Statuses whose category says the opposite of what the mapping says of the issue's state: GitLab opens and closes with
/// the status, so that the two would take turns.
fn contradictions(mapping: &Mapping, setup: &Setup) -> Vec<Problem> {
    let contradiction = |status: Status| {
        let wanted = mapping.status.value(status);
        let known = setup.abilities.statuses.iter().find(|known| known.name.eq_ignore_ascii_case(&wanted.value))?;
        let open = known.open()?;
        let state = |open: bool| if open { "open" } else { "closed" };
        (open != wanted.open).then(|| {
            problem(
                format!("an issue with the status `{}` is {} in GitLab", known.name, state(open)),
                format!("write `{{ value: {}, state: {} }}` in the mapping file", known.name, state(open)),
            )
        })
    };
    if setup.fields.fields.iter().any(|field| field.slot == Slot::WorkStatus) {
        Status::ALL.into_iter().filter_map(contradiction).collect()
    } else {
        Vec::new()
    }
}
