//! Writing to the Project: items and field values, several mutations in one GraphQL document.

use http::Method;
use serde_json::{Map, Value, json};

use super::GitHub;
use super::client::Api;
use super::list::Handle;
use super::setup::{RESERVED, Setup};
use super::write::with_pending;
use crate::issue::{FieldEdit, Issue, IssueId, Stamp};
use crate::trackers::Error;
use crate::trackers::http::{Kind, Request};

/// A value for one of the Project's fields.
pub(super) struct FieldWrite {
    /// The name as the mapping gives it.
    pub(super) name: String,
    field: String,
    /// `ProjectV2FieldValue`; `None` empties it.
    value: Option<Value>,
}

impl GitHub {
    /// What is to be written to the Project. Fails before anything is written where a field or option is missing.
    pub(super) fn project_fields(&self, setup: &Setup, fields: &[FieldEdit]) -> Result<Vec<FieldWrite>, Error> {
        let Some(project) = &setup.project else { return Ok(Vec::new()) };
        // What the mapping itself names was looked for at the start: these are of this issue only.
        let mut problems: Vec<String> = Vec::new();
        let mut writes = Vec::new();
        let is_ours =
            |field: &&FieldEdit| !RESERVED.contains(&field.name.as_str()) && !setup.issue_fields.contains(&field.name);
        for FieldEdit { name, value } in fields.iter().filter(is_ours) {
            if let Some(problem) = project.problem(name, value.as_deref()) {
                problems.push(problem.what);
            } else if let Some(field) = project.field(name) {
                let value = value.as_deref().and_then(|value| field.input(value));
                writes.push(FieldWrite { name: name.clone(), field: field.id.clone(), value });
            }
        }
        match problems.is_empty() {
            true => Ok(writes),
            false => Err(Error::Refused { what: "set the Project's fields".to_owned(), detail: problems.join("; ") }),
        }
    }

    /// Puts an issue into the Project. One that is there already stays as it is.
    pub(super) async fn add_item(&self, setup: &Setup, issue: &str) -> Result<String, Error> {
        const DOCUMENT: &str = "mutation($input: AddProjectV2ItemByIdInput!) {
  item: addProjectV2ItemById(input: $input) { item { id } } }";
        let what = "add the issue to the Project";
        let project = setup.project.as_ref().map(|project| project.id.as_str());
        let input = json!({ "input": { "projectId": project, "contentId": issue } });
        let answer = self.api.mutate(what, DOCUMENT, input).await?;
        if let Some(failed) = answer.errors.first() {
            return Err(failed.error(&self.api.service(), what));
        }
        answer.data["item"]["item"]["id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::Unclear { what: what.to_owned(), detail: "the answer names no item".to_owned() })
    }

    /// Whether people took an issue off the Project, or archived it there: so it stays.
    pub(super) fn is_off_the_board(&self, setup: &Setup, issue: &Issue) -> bool {
        let handle = Handle::parse(&issue.id.handle);
        let was_there = |stamp: &Stamp| {
            // What is still to be written was never there, or is on its way there from another place.
            let is_written = |name: &&String| stamp.fields.contains_key(*name);
            let is_pending = |name: &String| stamp.pending.contains(name);
            let kept = || setup.kept_elsewhere(&self.wanted);
            !kept().any(is_pending) && kept().any(|name| is_written(&name))
        };
        handle.archived || handle.item.is_none() && issue.stamp.as_ref().is_some_and(was_there)
    }

    /// Writes fields of an issue that was read, which is added to the Project first.
    pub(super) async fn change_fields(
        &self,
        setup: &Setup,
        issue: &Issue,
        fields: &[FieldWrite],
        last: Option<(&str, &Stamp)>,
    ) -> Result<(), Error> {
        if fields.is_empty() {
            return Ok(());
        }
        let mut handle = Handle::parse(&issue.id.handle);
        let added;
        if handle.item.is_none() {
            added = self.add_item(setup, handle.issue).await?;
            handle.item = Some(&added);
        }
        self.set_fields(setup, &issue.id, handle, fields, last).await
    }

    /// Writes fields, and last the body whose stamp says so.
    pub(super) async fn set_fields(
        &self,
        setup: &Setup,
        id: &IssueId,
        handle: Handle<'_>,
        fields: &[FieldWrite],
        last: Option<(&str, &Stamp)>,
    ) -> Result<(), Error> {
        let project = setup.project.as_ref().map(|project| project.id.as_str());
        let mut document = Mutations::default();
        let base = json!({ "projectId": project, "itemId": handle.item });
        for (index, write) in fields.iter().enumerate() {
            let mut input = base.clone();
            input["fieldId"] = json!(write.field);
            let alias = format!("f{index}");
            match &write.value {
                Some(value) => {
                    input["value"] = value.clone();
                    document.add(&alias, "updateProjectV2ItemFieldValue", "UpdateProjectV2ItemFieldValueInput!", input);
                }
                None => {
                    document.add(&alias, "clearProjectV2ItemFieldValue", "ClearProjectV2ItemFieldValueInput!", input)
                }
            }
        }
        if let Some((body, _)) = last {
            document.add("body", "updateIssue", "UpdateIssueInput!", json!({ "id": handle.issue, "body": body }));
        }
        let what = format!("set the Project's fields of #{}", id.number);
        let answer = self.api.run_graphql(self.based_on_reading(document.request(&self.api, &what), id)).await?;
        let Some(failed) = answer.errors.first() else { return Ok(()) };
        if let Some((body, stamp)) = last {
            // A failed mutation does not keep those after it from running: the stamp must not say what is not so.
            let failed_at = |index: usize| answer.errors.iter().any(|e| e.root() == Some(&format!("f{index}")));
            let names = fields.iter().enumerate().filter(|(index, _)| failed_at(*index));
            let pending: Vec<String> = names.map(|(_, write)| write.name.clone()).collect();
            let fine = pending.is_empty();
            let body = with_pending(body, stamp, pending);
            self.patch(id, &Map::from_iter([("body".to_owned(), json!(body))])).await?;
            if fine {
                return Ok(());
            }
        }
        Err(failed.error(&self.api.service(), &what))
    }
}

/// Several mutations in one document: they run in order.
#[derive(Default)]
struct Mutations {
    declared: String,
    selected: String,
    variables: Map<String, Value>,
}

impl Mutations {
    fn add(&mut self, alias: &str, mutation: &str, kind: &str, input: Value) {
        self.declared.push_str(&format!("${alias}: {kind} "));
        self.selected.push_str(&format!("  {alias}: {mutation}(input: ${alias}) {{ clientMutationId }}\n"));
        self.variables.insert(alias.to_owned(), input);
    }

    fn request(self, api: &Api, what: &str) -> Request {
        let request = Request::new(Kind::Write, Method::POST, what, api.address.graphql.clone());
        request.json(&json!({ "query": self.text(), "variables": self.variables }))
    }

    fn text(&self) -> String {
        format!("mutation({}) {{\n{}}}", self.declared, self.selected)
    }
}
