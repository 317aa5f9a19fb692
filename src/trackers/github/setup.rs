//! What a run must know of the repository and its Project before it reads or writes: asked once, with the first page.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{Answer, Api, Failed};
use super::issue_fields::{IssueField, IssueFields};
use super::project::{self, DUE, Project};
use crate::config::{Instance, Mapping};
use crate::trackers::labels::OwnLabels;
use crate::trackers::{Error, Problem, Visibility};

/// Field names that are parts of the issue itself.
pub(super) const RESERVED: [&str; 3] = ["assignees", "milestone", "issue_type"];

/// What the mapping asks of the repository and its Project, without any of GitHub's answers.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The Project's number.
    pub(super) project_number: Option<u64>,
    /// The mapped fields that are not reserved, each once: severity, status, others.
    pub(super) fields: Vec<String>,
    /// The reserved fields that the mapping uses.
    pub(super) reserved: BTreeSet<&'static str>,
    /// Each field's values as the mapping writes them, where it does.
    pub(super) values: Vec<(String, String)>,
    /// Labels that every run may need.
    pub(super) labels: Vec<String>,
}

impl Wanted {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let reserved =
            RESERVED.into_iter().filter(|name| mapping.fields.iter().any(|rule| rule.field == *name)).collect();
        let named = [&mapping.severity.field, &mapping.status.field].map(String::as_str);
        let due = (!mapping.due.is_empty()).then_some(DUE);
        let rules = mapping.fields.iter().map(|rule| rule.field.as_str());
        let mut names: Vec<&str> = named.into_iter().chain(rules).chain(due).collect();
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        let mut values: Vec<(String, String)> = Vec::new();
        let mut fields: Vec<String> = Vec::new();
        for name in names {
            values.extend(mapping.literals(name).map(|value| (name.to_owned(), value.to_owned())));
            if !RESERVED.contains(&name) && !fields.iter().any(|known| project::same(known, name)) {
                fields.push(name.to_owned());
            }
        }
        let project_number = mapping.project.project_number;
        let mut labels = OwnLabels::new(mapping, super::LABELS).needed();
        labels.extend(mapping.labels.iter().cloned());
        if project_number.is_none() {
            let mapped =
                values.iter().filter(|(field, _)| !RESERVED.contains(&field.as_str()) && !project::is_due(field));
            labels.extend(mapped.map(|(field, value)| field_label(field, value)));
        }
        labels.sort();
        labels.dedup();
        Self { project_number, fields, reserved, values, labels }
    }

    /// The values that the mapping writes to a field.
    pub(super) fn values_of<'w>(&'w self, field: &'w str) -> impl Iterator<Item = &'w str> {
        self.values.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// A value in the mapping's own spelling, where it only differs in case.
    pub(super) fn spelled(&self, field: &str, value: String) -> String {
        let known = |(name, known): &&(String, String)| name == field && project::same(known, &value);
        self.values.iter().find(known).map(|(_, known)| known.clone()).unwrap_or(value)
    }
}

/// The longest name of a label; the API refuses more with 422.
pub(super) const MAX_LABEL: usize = 50;

pub(super) fn is_too_long(label: &str) -> bool {
    label.chars().count() > MAX_LABEL
}

/// The label that stands for a field's value where there is no Project.
pub(super) fn field_label(field: &str, value: &str) -> String {
    format!("{field}: {value}")
}

/// The value in a label that stands for a field.
pub(super) fn label_value<'a>(field: &str, label: &'a str) -> Option<&'a str> {
    let (name, value) = label.split_once(": ")?;
    project::same(name, field).then_some(value)
}

/// What GitHub answered.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) viewer: String,
    pub(super) repository: Repository,
    /// Those of [`Wanted::labels`] that are there, in lower case.
    pub(super) labels: BTreeSet<String>,
    /// The Project; `None` where none is mapped, or it cannot be seen.
    pub(super) project: Option<Project>,
    /// What GitHub says where the Project cannot be seen.
    pub(super) project_error: Option<String>,
    /// What the mapping's names mean of the organization's issue fields.
    pub(super) issue_fields: IssueFields,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repository {
    pub(super) name_with_owner: String,
    pub(super) visibility: String,
    pub(super) is_archived: bool,
    pub(super) has_issues_enabled: bool,
    #[serde(default)]
    pub(super) viewer_permission: Option<String>,
}

/// Parts of an answer that an issue is whole without: other boards that it is on, events.
const BESIDE: [&str; 2] = ["projectItems", "timelineItems"];

/// Pieces of a GraphQL document: what it declares, and what it selects where.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) declared: String,
    pub(super) variables: Map<String, Value>,
    pub(super) root: String,
    pub(super) repository: String,
    pub(super) fragments: String,
}

impl Document {
    /// A document about the repository.
    pub(super) fn new(api: &Api) -> Self {
        let mut document = Self::default();
        document.declare("owner", "String!", json!(api.address.owner));
        document.declare("name", "String!", json!(api.address.repository));
        document
    }

    pub(super) fn declare(&mut self, name: &str, kind: &str, value: Value) {
        self.declared.push_str(&format!("${name}: {kind} "));
        self.variables.insert(name.to_owned(), value);
    }

    /// Adds what [`Setup::read`] reads.
    pub(super) fn add_setup(&mut self, wanted: &Wanted) {
        self.root.push_str("viewer { login }\n");
        self.repository.push_str("nameWithOwner visibility isArchived hasIssuesEnabled viewerPermission\n");
        for (index, label) in wanted.labels.iter().enumerate() {
            self.declare(&format!("l{index}"), "String!", json!(label));
            self.repository.push_str(&format!("l{index}: label(name: $l{index}) {{ name }}\n"));
        }
        if let Some(number) = wanted.project_number {
            self.declare("project", "Int!", json!(number));
            self.root.push_str(&format!(
                "board: repositoryOwner(login: $owner) {{ ... on ProjectV2Owner {{ projectV2(number: $project) {{ {} }} }} }}\n",
                project::SELECTION
            ));
        }
    }

    pub(super) fn text(&self) -> String {
        let Self { declared, root, repository, fragments, .. } = self;
        format!(
            "query({declared}) {{\n{root}repository(owner: $owner, name: $name) {{\n{repository}}}\n}}\n{fragments}"
        )
    }

    /// Asks it. Errors are given back but for those of the Project, which `Setup` reports.
    pub(super) async fn ask(&self, api: &Api, what: &str) -> Result<Answer, Error> {
        let answer = api.query(what, &self.text(), Value::Object(self.variables.clone())).await?;
        let unseen = answer.data.get("repository").is_none_or(Value::is_null);
        let matters = |failed: &&Failed| !failed.is_at(&["board"]) && !failed.is_below(&BESIDE);
        for failed in answer.errors.iter().filter(|failed| failed.is_below(&BESIDE)) {
            tracing::info!(says = failed.says(), "GitHub does not show everything beside an issue");
        }
        match answer.errors.iter().find(matters) {
            // GitHub says so of a repository that is not there, and of one that the token may not see.
            Some(failed) if unseen && failed.is_not_found() => Err(api.no_repository()),
            Some(failed) => Err(failed.error(&api.service(), what)),
            None if unseen => Err(api.no_repository()),
            None => Ok(answer),
        }
    }
}

impl Setup {
    /// Reads the answer to a document with [`Document::add_setup`].
    pub(super) fn read(api: &Api, wanted: &Wanted, known: &[IssueField], answer: &Answer) -> Result<Self, Error> {
        let bad = |e: serde_json::Error| Error::Protocol {
            service: api.service(),
            what: "read the repository's settings".to_owned(),
            detail: e.to_string(),
        };
        let repository = &answer.data["repository"];
        let label = |index: usize| repository[format!("l{index}")]["name"].as_str();
        let project = Option::<Project>::deserialize(&answer.data["board"]["projectV2"]).map_err(bad)?;
        Ok(Self {
            issue_fields: IssueFields::new(known, wanted, project.as_ref()),
            viewer: answer.data["viewer"]["login"].as_str().unwrap_or_default().to_owned(),
            repository: Repository::deserialize(repository).map_err(bad)?,
            labels: (0..wanted.labels.len()).filter_map(label).map(str::to_lowercase).collect(),
            project,
            project_error: answer.errors.iter().find(|failed| failed.is_at(&["board"])).map(Failed::says),
        })
    }

    /// The fields that the Project keeps, or labels where none is mapped.
    pub(super) fn kept_elsewhere<'s>(&'s self, wanted: &'s Wanted) -> impl Iterator<Item = &'s String> {
        wanted.fields.iter().filter(move |name| !self.issue_fields.contains(name))
    }

    /// Labels that a run may need: those of fields that are kept elsewhere are not.
    pub(super) fn needed_labels<'s>(&'s self, wanted: &'s Wanted) -> impl Iterator<Item = &'s String> {
        let stands_for = move |label: &str, (field, value): &(String, String)| {
            self.issue_fields.contains(field) && field_label(field, value) == label
        };
        wanted.labels.iter().filter(move |label| !wanted.values.iter().any(|value| stands_for(label, value)))
    }

    pub(super) fn visibility(&self) -> Visibility {
        match self.repository.visibility.as_str() {
            "PRIVATE" => Visibility::Private,
            "INTERNAL" => Visibility::Internal,
            // A word that we do not know must not make a guard sleep.
            _ => Visibility::Public,
        }
    }

    /// What keeps the mapping from being carried out.
    pub(super) fn problems(&self, wanted: &Wanted, instance: &Instance) -> Vec<Problem> {
        let name = &self.repository.name_with_owner;
        let problem = |what: String, hint: &str| Problem { what, hint: hint.to_owned(), fixable: false };
        let mut problems = Vec::new();
        if self.repository.is_archived {
            problems.push(problem(
                format!("`{name}` is archived: nothing can be written"),
                "unarchive it, or take it out of the mapping",
            ));
        }
        // Disabled issues look like no issues.
        if !self.repository.has_issues_enabled {
            problems
                .push(problem(format!("issues are disabled in `{name}`"), "turn them on in the repository's settings"));
        }
        problems.extend(self.needed_labels(wanted).filter(|label| is_too_long(label)).map(|label| {
            problem(
                format!("`{label}` cannot be a label: it is longer than {MAX_LABEL} characters"),
                "choose a shorter name or value in the mapping",
            )
        }));
        problems.extend(self.issue_fields.problems(wanted));
        let Some(number) = wanted.project_number else {
            let is_nowhere = self.kept_elsewhere(wanted).any(|name| project::is_due(name));
            problems.extend(is_nowhere.then(project::no_due_date));
            return problems;
        };
        let Some(project) = &self.project else {
            let says = self.project_error.as_deref().map(|says| format!(" ({says})")).unwrap_or_default();
            problems.push(Problem {
                what: format!("cannot see Project {number} of `{}`{says}", instance.location),
                hint:
                    "check the number, and the token: a classic one needs the scope `project`, a fine-grained one the \
                       organization's permission Projects: read and write, an App Organization projects; the \
                       workflow's GITHUB_TOKEN cannot reach Projects"
                        .to_owned(),
                fixable: false,
            });
            return problems;
        };
        for name in self.kept_elsewhere(wanted) {
            let mut values = wanted.values_of(name).peekable();
            if project.field(name).is_none() || values.peek().is_none() {
                problems.extend(project.problem(name, None));
            } else {
                problems.extend(values.filter_map(|value| project.problem(name, Some(value))));
            }
        }
        problems.dedup();
        problems
    }
}
