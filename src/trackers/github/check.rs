//! `check` and `check --fix`: everything that would fail later, and making what is missing.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::list::split_logins;
use super::project::{Field, is_due, same};
use super::setup::{Setup, Wanted, is_too_long};
use crate::config::Credential;
use crate::finding::Severity;
use crate::trackers::error::{found, missing_token};
use crate::trackers::http::{Kind, Request};
use crate::trackers::{Error, Problem};

/// Colours of severity labels and options, from Info to Critical.
const LABEL_COLOURS: [&str; 5] = ["c5def5", "0e8a16", "fbca04", "d93f0b", "b60205"];
const OPTION_COLOURS: [&str; 5] = ["GRAY", "GREEN", "YELLOW", "ORANGE", "RED"];

impl GitHub {
    pub(super) async fn problems(&self) -> Result<Vec<Problem>, Error> {
        let problem = |what: String, hint: &str| Problem { what, hint: hint.to_owned(), fixable: false };
        let setup = match self.ask_setup(&self.wanted).await {
            // A classic token without the scope for Projects gets no answer at all where one is asked for.
            Err(Error::Forbidden { detail, .. }) if self.wanted.project_number.is_some() => {
                let without = Wanted { project_number: None, ..self.wanted.clone() };
                let setup = self.ask_setup(&without).await;
                setup.map(|setup| Setup { project_error: Some(detail), ..setup })
            }
            answer => answer,
        };
        let setup = match setup {
            Ok(setup) => setup,
            // Nothing else can be asked without these, so they are the whole list.
            Err(Error::Unauthorized { .. }) if self.instance.credential == Credential::None => {
                return Ok(vec![missing_token(
                    "in a workflow, hand `GITHUB_TOKEN: ${{ github.token }}` to the step; else make a fine-grained token \
                     with Issues: read and write (https://github.com/settings/personal-access-tokens/new), and set the \
                     variable that the mapping file names",
                )]);
            }
            Err(error @ (Error::Unauthorized { .. } | Error::NotFound { .. })) => {
                return Ok(vec![problem(error.to_string(), &error.hint().unwrap_or_default())]);
            }
            Err(error @ Error::Forbidden { .. }) => {
                let hint = "a classic token needs the scope `repo`, any other Issues: read and write";
                return Ok(vec![problem(error.to_string(), hint)]);
            }
            Err(error) => return Ok(found(Err(error))),
        };
        let mut problems = Vec::new();
        // Apps and GITHUB_TOKEN have no role, and the API says nothing of theirs.
        if matches!(setup.repository.viewer_permission.as_deref(), Some("READ")) {
            problems.push(problem(
                format!("the token may only read `{}`: its issues would get no labels", self.api.address.project),
                "give the token's account the role Triage or Write, and the token Issues: read and write",
            ));
        }
        problems.extend(found(self.scope_problems(&setup).await));
        problems.extend(found(self.unwritable().await));
        problems.extend(setup.problems(&self.wanted, &self.instance));
        if let Some(board) = &setup.project {
            if board.closed {
                problems.push(problem("the Project is closed".to_owned(), "reopen it, or name another one"));
            }
            if !board.viewer_can_update {
                problems.push(problem(
                    "the token may not write to the Project".to_owned(),
                    "give the token's account the role Write in the Project, and the token its scope `project` or the \
                     organization's permission Projects: read and write",
                ));
            }
        }
        problems.extend(found(self.reserved_problems().await));
        problems.dedup();
        Ok(problems)
    }

    /// Whether issues can be written at all, tried with one that has no title and so is never made: only of classic
    /// tokens does GitHub say what they may.
    async fn unwritable(&self) -> Result<Vec<Problem>, Error> {
        let what = "try whether issues can be opened";
        let request = Request::new(Kind::Read, Method::POST, what, self.api.address.repo(&["issues"]));
        match self.api.call(request.json(&json!({ "title": "" }))).await {
            Err(Error::Forbidden { detail, .. }) => Ok(vec![Problem {
                what: format!("the token may not write issues of `{}`: {detail}", self.api.address.project),
                hint: "in a workflow, give the job `permissions: issues: write`; a fine-grained token and an App need \
                       Issues: read and write"
                    .to_owned(),
                fixable: false,
            }]),
            // Refused for want of a title: that is as it should be. What else is wrong is said elsewhere.
            Ok(_) | Err(Error::Refused { .. } | Error::NotFound { .. } | Error::Gone | Error::Redirected { .. }) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Issue types that the mapping names and the organization does not have: GitHub refuses some, and drops others
    /// without a word.
    async fn missing_types(&self) -> Result<Vec<Problem>, Error> {
        #[derive(Deserialize)]
        struct Type {
            name: String,
        }
        let wanted: Vec<&String> =
            self.wanted.values.iter().filter(|(field, _)| field == "issue_type").map(|(_, value)| value).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let url = self.api.address.organization(&["issue-types"]);
        let known: Vec<Type> = match self.api.call(Request::get("list the issue types", url)).await {
            Ok(response) => response.json()?,
            Err(Error::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let names: Vec<&str> = known.iter().map(|kind| kind.name.as_str()).collect();
        let unknown = wanted.into_iter().filter(|name| !names.iter().any(|known| same(known, name)));
        Ok(unknown
            .map(|name| Problem {
                what: format!("`{}` has no issue type `{name}`", self.api.address.owner),
                hint: if names.is_empty() {
                    "issue types belong to organizations: take `issue_type` out of the mapping".to_owned()
                } else {
                    format!("it has {}", list(&names))
                },
                fixable: false,
            })
            .collect())
    }

    /// What a classic token lacks: only those tell their scopes.
    async fn scope_problems(&self, setup: &Setup) -> Result<Vec<Problem>, Error> {
        let response = self.api.call(Request::get("read the repository", self.api.address.repo(&[]))).await?;
        let Some(scopes) = response.header("x-oauth-scopes") else { return Ok(Vec::new()) };
        let scopes: Vec<_> = scopes.split(',').map(str::trim).collect();
        // GitHub App tokens send the header, too, but empty.
        if scopes == [""] {
            return Ok(Vec::new());
        }
        let has = |scope: &str| scopes.contains(&scope);
        let public = setup.repository.visibility == "PUBLIC" && has("public_repo");
        let lacks = |scope: &str, why: &str| Problem {
            what: format!("the token lacks the scope `{scope}`: {why}"),
            hint: format!("add the scope `{scope}` to the token, or make one that has it"),
            fixable: false,
        };
        let mut problems = Vec::new();
        if !has("repo") && !public {
            problems.push(lacks("repo", "it cannot write issues"));
        }
        if self.wanted.project_number.is_some() && !has("project") {
            problems.push(lacks("project", "it cannot write to Projects"));
        }
        Ok(problems)
    }

    /// What is wrong with fields that are parts of the issue itself.
    async fn reserved_problems(&self) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        problems.extend(found(self.missing_milestones().await));
        problems.extend(found(self.unassignable().await));
        problems.extend(found(self.missing_types().await));
        Ok(problems)
    }

    /// The repository's milestones and their numbers, asked once.
    pub(super) async fn milestones(&self) -> Result<&[(String, u64)], Error> {
        #[derive(Deserialize)]
        struct Milestone {
            title: String,
            number: u64,
        }
        let ask = async {
            let mut url = self.api.address.repo(&["milestones"]);
            url.set_query(Some("state=all&per_page=100"));
            let all: Vec<Milestone> = self.api.pages("list milestones", url).await?;
            Ok(all.into_iter().map(|milestone| (milestone.title, milestone.number)).collect())
        };
        self.milestones.get_or_try_init(|| ask).await.map(Vec::as_slice)
    }

    /// Milestones that the mapping names and that are not there.
    async fn missing_milestones(&self) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        for (_, title) in self.wanted.values.iter().filter(|(field, _)| field == "milestone") {
            if !self.milestones().await?.iter().any(|(known, _)| same(known, title)) {
                problems.push(self.no_milestone(title));
            }
        }
        Ok(problems)
    }

    pub(super) fn no_milestone(&self, title: &str) -> Problem {
        Problem {
            what: format!("`{}` has no milestone `{title}`", self.api.address.project),
            hint: format!("make the milestone `{title}`, or name another one in the mapping"),
            fixable: false,
        }
    }

    /// Fails where a milestone that the mapping names is missing; asks nothing where it names none.
    pub(super) async fn require_milestones(&self) -> Result<(), Error> {
        let problems = self.missing_milestones().await?;
        if problems.is_empty() { Ok(()) } else { Err(Error::Setup(problems)) }
    }

    /// Assignees that the mapping names and that the repository does not know.
    async fn unassignable(&self) -> Result<Vec<Problem>, Error> {
        #[derive(Deserialize)]
        struct User {
            login: String,
        }
        let wanted = self.wanted.values.iter().filter(|(field, _)| field == "assignees");
        let wanted: Vec<String> = wanted.flat_map(|(_, value)| split_logins(value)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut url = self.api.address.repo(&["assignees"]);
        url.set_query(Some("per_page=100"));
        let known: Vec<User> = self.api.pages("list who can be assigned", url).await?;
        let unknown = wanted.iter().filter(|login| !known.iter().any(|user| same(&user.login, login)));
        Ok(unknown
            .map(|login| Problem {
                what: format!("`{login}` cannot be assigned to issues of `{}`", self.api.address.project),
                hint: "give the account access to the repository, or name another one in the mapping".to_owned(),
                fixable: false,
            })
            .collect())
    }

    pub(super) async fn make_missing(&self) -> Result<Vec<String>, Error> {
        let setup = self.ask_setup(&self.wanted).await?;
        let mut done = Vec::new();
        let missing = |label: &&String| !setup.labels.contains(&label.to_lowercase()) && !is_too_long(label);
        for label in setup.needed_labels(&self.wanted).filter(missing) {
            self.create_label(label).await?;
            done.push(format!("created the label `{label}`"));
        }
        done.extend(self.add_issue_field_options(&setup.issue_fields).await?);
        // What was asked before is no longer so.
        self.forget_setup().await;
        let Some(project) = &setup.project else { return Ok(done) };
        for name in setup.kept_elsewhere(&self.wanted).filter(|name| !is_due(name)) {
            let mut values: Vec<&str> = Vec::new();
            for (_, value) in self.wanted.values.iter().filter(|(field, _)| field == name) {
                if !values.iter().any(|known| same(known, value)) {
                    values.push(value);
                }
            }
            match project.field(name) {
                // The organization keeps it.
                Some(field) if field.is_elsewhere() => {}
                None => {
                    self.create_field(&project.id, name, &values).await?;
                    done.push(format!("created the field `{name}` with {}", list(&values)));
                }
                Some(field) if field.data_type == "SINGLE_SELECT" => {
                    values.retain(|value| field.input(value).is_none());
                    if !values.is_empty() {
                        self.add_options(field, &values).await?;
                        done.push(format!("added {} to the field `{name}`", list(&values)));
                    }
                }
                Some(_) => {}
            }
        }
        Ok(done)
    }

    async fn create_field(&self, project: &str, name: &str, values: &[&str]) -> Result<(), Error> {
        const DOCUMENT: &str = "mutation($input: CreateProjectV2FieldInput!) {
  createProjectV2Field(input: $input) { clientMutationId } }";
        let mut input = json!({ "projectId": project, "name": name, "dataType": "TEXT" });
        if !values.is_empty() {
            input["dataType"] = json!("SINGLE_SELECT");
            let options = values.iter().map(|value| self.option(name, value));
            input["singleSelectOptions"] = options.collect();
        }
        self.run(&format!("create the field `{name}`"), DOCUMENT, input).await
    }

    /// Adds options to a field. The API replaces all options, so those that are there are sent again, with their ids
    /// where this GitHub takes ids: that keeps the values of all items for certain.
    async fn add_options(&self, field: &Field, values: &[&str]) -> Result<(), Error> {
        const DOCUMENT: &str = "mutation($input: UpdateProjectV2FieldInput!) {
  updateProjectV2Field(input: $input) { clientMutationId } }";
        const TAKES_IDS: &str = "{ __type(name: \"ProjectV2SingleSelectFieldOptionInput\") { inputFields { name } } }";
        let answer = self.api.query("ask how options are written", TAKES_IDS, json!({})).await?;
        let takes_ids = answer.data["__type"]["inputFields"]
            .as_array()
            .is_some_and(|fields| fields.iter().any(|field| field["name"] == "id"));
        let there = field.options.iter().map(|option| {
            let mut input = json!({ "name": option.name, "color": option.color, "description": option.description });
            if takes_ids {
                input["id"] = json!(option.id);
            }
            input
        });
        let options: Value = there.chain(values.iter().map(|value| self.option(&field.name, value))).collect();
        let input = json!({ "fieldId": field.id, "singleSelectOptions": options });
        self.run(&format!("add options to the field `{}`", field.name), DOCUMENT, input).await
    }

    fn option(&self, field: &str, value: &str) -> Value {
        let (color, description) = self.option_style(field, value);
        json!({ "name": value, "color": color, "description": description })
    }

    /// The colour and description of a new option.
    pub(super) fn option_style(&self, field: &str, value: &str) -> (&'static str, String) {
        let rank = self.rank(field, value);
        let description = rank.map_or_else(String::new, |rank| format!("findsync: {}", Severity::ALL[rank]));
        (rank.map_or("GRAY", |rank| OPTION_COLOURS[rank]), description)
    }

    /// Which severity a value stands for; the highest where several share it.
    fn rank(&self, field: &str, value: &str) -> Option<usize> {
        let severity = &self.mapping.severity;
        severity.values.iter().rposition(|known| same(&severity.field, field) && same(known, value))
    }

    async fn run(&self, what: &str, document: &str, input: Value) -> Result<(), Error> {
        let answer = self.api.mutate(what, document, json!({ "input": input })).await?;
        answer.errors.first().map_or(Ok(()), |failed| Err(failed.error(&self.api.service(), what)))
    }

    /// Makes the labels that are not there yet, once a run, and takes out those that cannot be. Where the token may not,
    /// GitHub drops them silently, which is told when the issue is written; only our own label must be there.
    pub(super) async fn ensure_labels(&self, setup: &Setup, labels: &mut Vec<String>) -> Result<(), Error> {
        labels.retain(|label| {
            let fits = !is_too_long(label);
            if !fits {
                tracing::warn!(label, "left out a label: GitHub takes no longer ones than 50 characters");
            }
            fits
        });
        let mut made = self.made_labels.lock().await;
        for label in labels.iter() {
            let folded = label.to_lowercase();
            if setup.labels.contains(&folded) || made.contains(&folded) {
                continue;
            }
            match self.create_label(label).await {
                Err(Error::Forbidden { detail, .. }) if !self.own_labels.is_own(label) => {
                    tracing::warn!(label, detail, "cannot create the label");
                }
                // Whether it was made is unclear: once more, as there cannot be two of a name.
                Err(Error::Unclear { .. }) => self.create_label(label).await?,
                other => other?,
            }
            made.insert(folded);
        }
        Ok(())
    }

    async fn create_label(&self, label: &str) -> Result<(), Error> {
        let (field, value) = label.split_once(": ").unwrap_or_default();
        let (color, description) = match self.rank(field, value) {
            _ if self.own_labels.is_own(label) => {
                ("1d76db", "Kept in step with security scanners by findsync".to_owned())
            }
            _ if same(label, &self.own_labels.decided()) => {
                ("1d76db", "A decision keeps it closed (set by findsync)".to_owned())
            }
            _ if self.own_labels.is_ours(label) => {
                ("1d76db", "Whose findings it is about (set by findsync)".to_owned())
            }
            Some(rank) => (LABEL_COLOURS[rank], format!("Severity: {}", Severity::ALL[rank])),
            None if same(field, &self.mapping.status.field) => ("5319e7", "Status, set by findsync".to_owned()),
            None => ("ededed", "Set by findsync".to_owned()),
        };
        let what = format!("create the label `{label}`");
        let body = json!({ "name": label, "color": color, "description": description });
        let request = Request::new(Kind::Write, Method::POST, what.clone(), self.api.address.repo(&["labels"]));
        match self.api.call(request.json(&body)).await {
            Ok(_) => Ok(()),
            // Somebody was faster, which is as good.
            Err(Error::Refused { detail, .. }) if detail.contains("already_exists") => Ok(()),
            // For writes GitHub says "not found" to those who may read only.
            Err(Error::NotFound { .. }) => Err(Error::Forbidden {
                what,
                detail: "the token's account needs the role Write in the repository".to_owned(),
            }),
            Err(error) => Err(error),
        }
    }
}

fn list(values: &[&str]) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}
