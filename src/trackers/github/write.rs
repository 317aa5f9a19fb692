//! Writing: an issue, its comment, and what stands in one PATCH. Order is what makes a crash harmless: the stamp that
//! says "written" comes last.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::list::{Handle, split_logins};
use super::project::{is_due, same};
use super::setup::{self, RESERVED, Setup};
use super::{GitHub, LIMITS};
use crate::issue::{Body, CloseReason, Comment, Edit, FieldEdit, Issue, IssueId, New, Stamp, State};
use crate::trackers::http::{Kind, Request, Response};
use crate::trackers::{Error, Found, labels_for};

/// An issue as REST answers a write.
#[derive(Debug, Deserialize)]
struct Written {
    number: u64,
    node_id: String,
    html_url: String,
    #[serde(default)]
    labels: Vec<Name>,
    #[serde(default)]
    assignees: Vec<Login>,
    #[serde(default)]
    issue_field_values: Vec<WrittenValue>,
}

#[derive(Debug, Deserialize)]
struct WrittenValue {
    issue_field_id: u64,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Login {
    login: String,
}

/// Times that a change is sent where nobody else changed the issue meanwhile.
const LOOKS: usize = 5;

impl GitHub {
    pub(super) async fn create(&self, new: &New) -> Result<IssueId, Error> {
        let setup = &*self.setup().await?;
        self.require(setup)?;
        let fields = self.project_fields(setup, &new.fields)?;
        let mut labels = self.own_labels.put_on(&new.own_labels);
        labels.extend(new.labels.iter().cloned());
        labels.extend(self.field_labels(setup, &new.fields));
        let in_issue = setup.issue_fields.writes(&new.fields)?;
        self.ensure_labels(setup, &mut labels).await?;
        // What takes further requests is announced in the first one, so that the next run can make it good.
        let closes = new.state == State::Closed;
        let pending: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let announced = Stamp { state: State::Open, ..new.stamp.clone() };
        let body = match pending.is_empty() && !closes {
            true => new.body.clone(),
            false => with_pending(&new.body, &announced, pending),
        };
        let mut payload = self.reserved(&new.fields).await?;
        payload.retain(|_, value| !value.is_null());
        payload.insert("title".to_owned(), json!(new.title));
        payload.insert("body".to_owned(), json!(body));
        payload.insert("labels".to_owned(), json!(labels));
        if !in_issue.set.is_empty() {
            payload.insert("issue_field_values".to_owned(), json!(in_issue.set));
        }
        let request = Request::new(Kind::Create, Method::POST, "open an issue", self.api.address.repo(&["issues"]));
        let response = self.send_issue(request, &payload).await?;
        if response.status == StatusCode::GONE {
            return Err(self.issues_disabled());
        }
        let written: Written = response
            .ok()
            .map_err(super::client::clarify)?
            .json()
            .map_err(|e| Error::Unclear { what: "open an issue".to_owned(), detail: e.to_string() })?;
        let dropped = compare(&written, &payload);
        let mut id = IssueId { number: written.number, url: written.html_url, handle: written.node_id };
        let partly = |what: String| Error::Partly { number: id.number, url: id.url.clone(), what };
        if labels_lack(&dropped, &self.mapping.own_label) {
            return Err(partly(format!(
                "label it `{}`: the token's account may open issues but not label them (it needs the role Triage)",
                self.mapping.own_label
            )));
        }
        let finish = async {
            let mut handle = id.handle.clone();
            if !fields.is_empty() || (setup.project.is_some() && !in_issue.set.is_empty()) {
                let item = self.add_item(setup, &id.handle).await?;
                handle = Handle { issue: &id.handle, item: Some(&item), archived: false }.to_string();
                let last = (!closes).then_some((new.body.as_str(), &new.stamp));
                // Where only the organization keeps fields, the Project shows the issue, and there is nothing to set.
                if !fields.is_empty() {
                    self.set_fields(setup, &id, Handle::parse(&handle), &fields, last).await?;
                }
            }
            if closes {
                let mut payload = self.close(new.closed_as);
                payload.insert("body".to_owned(), json!(new.body));
                self.patch(&id, &payload).await?;
            }
            Ok::<_, Error>(handle)
        };
        match finish.await {
            Ok(handle) => {
                id.handle = handle;
                Ok(id)
            }
            Err(error) => Err(partly(format!("finish it: {error}"))),
        }
    }

    pub(super) async fn change(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let setup = &*self.setup().await?;
        self.require(setup)?;
        let mut fields = self.project_fields(setup, &edit.fields)?;
        let in_issue = setup.issue_fields.writes(&edit.fields)?;
        if !fields.is_empty() && self.is_off_the_board(setup, issue) {
            tracing::info!(issue = issue.id.url, "people took the issue off the Project: its fields are left alone");
            fields.clear();
        }
        let labels = self.label_changes(setup, issue, edit);
        // People may have written while this was on its way.
        let in_between = edit.comment.is_some() || !fields.is_empty() || !labels.is_empty() || !in_issue.is_empty();
        let mut payload = self.reserved(&edit.fields).await?;
        if let Some(comment) = &edit.comment {
            self.comment(issue, comment).await?;
        }
        let stamp = edit.stamp.clone().or_else(|| {
            let text = Body::parse(edit.body.as_ref()?).stamp?;
            Stamp::decode(&text).ok()
        });
        // A Project's workflows react to closing and reopening, so fields are best written after that. An issue that is
        // open will be looked at again, so there the stamp says in between what is still to come; a closed one may
        // never be, so it is closed last, and its status is written once more where a workflow may have another.
        let reopens = edit.state == Some(State::Open) && issue.state == State::Closed;
        let closes = edit.state == Some(State::Closed) && issue.state == State::Open;
        let fields_last = reopens && !fields.is_empty();
        let last = edit.body.as_deref().zip(stamp.as_ref()).filter(|_| fields_last);
        let body = match last {
            Some((body, stamp)) => {
                Some(with_pending(body, stamp, fields.iter().map(|field| field.name.clone()).collect()))
            }
            None => edit.body.clone(),
        };
        if !fields_last {
            self.change_fields(setup, issue, &fields, None).await?;
        }
        self.write_labels(setup, &issue.id, labels).await?;
        self.write_issue_fields(&issue.id, &in_issue).await?;
        if let Some(title) = &edit.title {
            payload.insert("title".to_owned(), json!(title));
        }
        if let Some(body) = body {
            payload.insert("body".to_owned(), json!(body));
        }
        match edit.state {
            Some(State::Open) => {
                payload.insert("state".to_owned(), json!("open"));
            }
            Some(State::Closed) => {
                let reason = if edit.duplicate_of.is_some() { Some(CloseReason::Duplicate) } else { edit.closed_as };
                payload.extend(self.close(reason));
            }
            None => {}
        }
        if !payload.is_empty() {
            self.patch_read(issue, edit, &payload, in_between).await?;
            // What follows goes with what was just written.
            self.readings.forget(issue.id.number);
        }
        if fields_last {
            self.change_fields(setup, issue, &fields, last).await?;
        } else if closes {
            self.settle_status(setup, issue, &edit.fields).await?;
        }
        Ok(())
    }

    /// Writes the status of an issue that was just closed once more, unless it is the one that GitHub's own workflow
    /// for closed items has from the start.
    async fn settle_status(&self, setup: &Setup, issue: &Issue, fields: &[FieldEdit]) -> Result<(), Error> {
        let is_status = |field: &&FieldEdit| field.name == self.mapping.status.field;
        let Some(status) = fields.iter().find(is_status) else { return Ok(()) };
        if status.value.as_deref().is_some_and(|value| same(value, "Done")) {
            return Ok(());
        }
        let status = self.project_fields(setup, std::slice::from_ref(status))?;
        if self.is_off_the_board(setup, issue) {
            return Ok(());
        }
        self.change_fields(setup, issue, &status, None).await
    }

    /// Sends an issue. Where GitHub refuses who it should be assigned to (somebody has left), it goes without: an issue
    /// that nobody has is better than none. [`compare`] tells who is missing.
    async fn send_issue(&self, request: Request, payload: &Map<String, Value>) -> Result<Response, Error> {
        let response = self.api.send(request.clone().json(payload)).await?;
        let refused = response.status == StatusCode::UNPROCESSABLE_ENTITY && response.says().contains("assignees");
        if !refused || !payload.contains_key("assignees") {
            return Ok(response);
        }
        let mut payload = payload.clone();
        payload.remove("assignees");
        self.api.send(request.json(&payload)).await
    }

    /// One PATCH. A refusal is told apart: the issue may be gone, moved, or not ours to change.
    pub(super) async fn patch(&self, id: &IssueId, payload: &Map<String, Value>) -> Result<(), Error> {
        let url = self.api.address.repo(&["issues", &id.number.to_string()]);
        let what = format!("update #{}", id.number);
        let request = self.based_on_reading(Request::new(Kind::Write, Method::PATCH, what.clone(), url), id);
        match self.send_issue(request, payload).await?.ok().map_err(super::client::clarify) {
            Ok(response) => {
                if let Ok(written) = response.json::<Written>() {
                    compare(&written, payload);
                }
                Ok(())
            }
            Err(error) => Err(self.refused(id, &what, error).await?),
        }
    }

    /// One PATCH of what was read, and of nothing that somebody else changed since: it is looked at again first where
    /// other requests came in between, and after each wait.
    async fn patch_read(
        &self,
        issue: &Issue,
        edit: &Edit,
        payload: &Map<String, Value>,
        mut look_first: bool,
    ) -> Result<(), Error> {
        for _ in 0..LOOKS {
            if look_first {
                let Found::Here(now) = self.find(&issue.id).await? else { break };
                let state = now.state == issue.state || Some(now.state) == edit.state;
                if !(state && now.title == issue.title && now.body == issue.body) {
                    break;
                }
            }
            match self.patch(&issue.id, payload).await {
                Err(Error::Conflict) => look_first = true,
                done => return done,
            }
        }
        Err(Error::Conflict)
    }

    /// Why an issue could not be changed: it may be gone, moved, or not ours to change.
    pub(super) async fn refused(&self, id: &IssueId, what: &str, error: Error) -> Result<Error, Error> {
        if !matches!(error, Error::NotFound { .. } | Error::Redirected { .. }) {
            return Ok(error);
        }
        Ok(match self.find(id).await? {
            Found::Moved(to) => Error::Moved(to),
            Found::Gone => Error::Gone,
            Found::Here(_) => Error::Forbidden {
                what: what.to_owned(),
                detail: "GitHub shows the issue but will not let it be changed: the token needs Issues: write"
                    .to_owned(),
            },
        })
    }

    /// Writes a comment, but never twice, and not where people locked the issue.
    async fn comment(&self, issue: &Issue, comment: &Comment) -> Result<(), Error> {
        let written = match &issue.comments {
            Some(markers) => markers.contains(&comment.marker),
            None => self.has_comment(issue, comment).await?,
        };
        if written {
            return Ok(());
        }
        let number = issue.id.number;
        let url = self.api.address.repo(&["issues", &number.to_string(), "comments"]);
        let text = format!("{}\n\n{}", comment.text, comment.hidden_marker());
        let request = Request::new(Kind::Create, Method::POST, format!("comment on #{number}"), url);
        match self.api.call(request.json(&json!({ "body": text }))).await {
            Ok(_) => Ok(()),
            Err(Error::Forbidden { detail, .. }) if detail.contains("locked") => {
                tracing::warn!(issue = issue.id.url, "people locked the issue: no comment was written");
                Ok(())
            }
            Err(Error::NotFound { .. }) => match self.find(&issue.id).await? {
                Found::Gone => Err(Error::Gone),
                Found::Moved(to) => Err(Error::Moved(to)),
                Found::Here(_) => Err(Error::NotFound { what: format!("issue #{number}") }),
            },
            Err(error) => Err(error),
        }
    }

    /// Looks through all comments of an issue.
    async fn has_comment(&self, issue: &Issue, comment: &Comment) -> Result<bool, Error> {
        #[derive(Deserialize)]
        struct Text {
            #[serde(default)]
            body: String,
            #[serde(default)]
            author_association: String,
            user: Option<User>,
        }
        #[derive(Deserialize)]
        struct User {
            login: String,
            #[serde(rename = "type", default)]
            kind: String,
        }
        let number = issue.id.number.to_string();
        let mut url = self.api.address.repo(&["issues", &number, "comments"]);
        url.set_query(Some("per_page=100"));
        let all: Vec<Text> = self.api.pages(&format!("list the comments of #{number}"), url).await?;
        let viewer = &self.setup().await?.viewer;
        Ok(all.iter().any(|text| {
            let ours = text.user.as_ref().is_some_and(|user| user.kind == "Bot" || same(&user.login, viewer))
                || matches!(text.author_association.as_str(), "OWNER" | "MEMBER" | "COLLABORATOR");
            ours && Comment::marker_in(&text.body) == Some(&comment.marker)
        }))
    }

    /// Labels that stand for fields where there is no Project.
    pub(super) fn field_labels(&self, setup: &Setup, fields: &[FieldEdit]) -> Vec<String> {
        if self.wanted.project_number.is_some() {
            return Vec::new();
        }
        let label = |field: &FieldEdit| {
            let FieldEdit { name, value: Some(value) } = field else { return Vec::new() };
            let label = setup::field_label(name, value);
            labels_for(&self.mapping, name, value, vec![label.clone()], Some(label))
        };
        let is_label = |field: &&FieldEdit| {
            !RESERVED.contains(&field.name.as_str())
                && !is_due(&field.name)
                && !setup.issue_fields.contains(&field.name)
        };
        fields.iter().filter(is_label).flat_map(label).collect()
    }

    /// The fields that are the issue's own, as a payload.
    async fn reserved(&self, fields: &[FieldEdit]) -> Result<Map<String, Value>, Error> {
        let mut payload = Map::new();
        for FieldEdit { name, value } in fields {
            match name.as_str() {
                "assignees" => {
                    payload.insert(name.clone(), json!(split_logins(value.as_deref().unwrap_or_default())));
                }
                "issue_type" => {
                    payload.insert("type".to_owned(), json!(value));
                }
                "milestone" => {
                    let number = match value {
                        Some(title) => Some(self.milestone(title).await?),
                        None => None,
                    };
                    payload.insert(name.clone(), json!(number));
                }
                _ => {}
            }
        }
        Ok(payload)
    }

    async fn milestone(&self, title: &str) -> Result<u64, Error> {
        let milestones = self.milestones().await?;
        let milestone = milestones.iter().find(|(known, _)| same(known, title));
        // Those that the mapping itself names were looked for at the start: this one is of this issue only.
        let refused = || Error::Refused { what: "set `milestone`".to_owned(), detail: self.no_milestone(title).what };
        milestone.map(|(_, number)| *number).ok_or_else(refused)
    }

    /// The part of a PATCH that closes.
    fn close(&self, reason: Option<CloseReason>) -> Map<String, Value> {
        let reason = match reason {
            None | Some(CloseReason::Completed) => "completed",
            Some(CloseReason::Duplicate) if self.knows_duplicates() => "duplicate",
            Some(CloseReason::NotPlanned | CloseReason::Duplicate) => "not_planned",
        };
        Map::from_iter([("state".to_owned(), json!("closed")), ("state_reason".to_owned(), json!(reason))])
    }

    pub(super) fn issues_disabled(&self) -> Error {
        Error::Forbidden {
            what: "open an issue".to_owned(),
            detail: format!("issues are disabled in `{}`: turn them on in its settings", self.api.address.project),
        }
    }
}

/// The body with a stamp that announces fields which are still to be written.
pub(super) fn with_pending(body: &str, stamp: &Stamp, pending: Vec<String>) -> String {
    let stamp = Stamp { pending, ..stamp.clone() };
    Body { stamp: Some(stamp.encode(LIMITS.stamp)), ..Body::parse(body) }.compose(&LIMITS)
}

/// What GitHub silently left out: without the rights it drops labels and assignees and says nothing.
fn compare(written: &Written, payload: &Map<String, Value>) -> Vec<String> {
    let asked =
        |name: &str| payload.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let labels = asked("labels").filter(|label| !written.labels.iter().any(|is| same(&is.name, label)));
    let logins = asked("assignees").filter(|login| !written.assignees.iter().any(|is| same(&is.login, login)));
    let values = payload.get("issue_field_values").and_then(Value::as_array).into_iter().flatten();
    let ids = values.filter_map(|value| value["field_id"].as_u64());
    let lost = ids.filter(|id| !written.issue_field_values.iter().any(|value| value.issue_field_id == *id));
    let lost = lost.map(|id| format!("issue field {id}"));
    let dropped: Vec<String> = labels.chain(logins).map(str::to_owned).chain(lost).collect();
    if !dropped.is_empty() {
        let dropped = dropped.join(", ");
        tracing::warn!(
            issue = written.html_url,
            dropped,
            "GitHub did not take all labels, assignees and fields: check the token's rights"
        );
    }
    dropped
}

fn labels_lack(dropped: &[String], own: &str) -> bool {
    dropped.iter().any(|name| same(name, own))
}
