//! Opening and changing issues: one request an issue where REST can say it all.

use std::collections::BTreeMap;

use gitlab::api::projects::issues::notes::CreateIssueNote;
use gitlab::api::projects::issues::{CreateIssue, EditIssue, IssueStateEvent};
use tokio::time::Instant;

use super::client::With;
use super::fields::{Slot, state_of};
use super::resolve::Changes;
use super::work_items::Item;
use super::{Error, GitLab, LIMITS, Setup, built, markers, promoted_to, wire};
use crate::issue::{Body, Edit, FieldEdit, Issue, IssueId, New, Stamp, State};

/// Times that a change is sent where nobody else changed the issue meanwhile.
const LOOKS: usize = 5;

impl GitLab {
    pub(super) async fn create(&self, new: &New) -> Result<IssueId, Error> {
        let _turn = self.opening.lock().await;
        let setup = self.setup().await?;
        let mut changes = self.changes(setup, &new.fields, &BTreeMap::new()).await?;
        let mut labels = self.own_labels.put_on(&new.own_labels);
        for label in new.labels.iter().cloned().chain(std::mem::take(&mut changes.add)) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        self.ensure_labels(setup, &mut labels).await?;

        // What takes a second request is announced in the first one, so that the next run can make it good.
        let in_steps = !changes.item.is_empty() || new.state == State::Closed;
        let body = if in_steps { announcing(new, &changes) } else { new.body.clone() };
        let endpoint = CreateIssue::builder()
            .project(setup.project.id)
            .title(&new.title)
            .description(body)
            .labels(labels.iter().map(String::as_str))
            .confidential(new.confidential)
            .build();
        let endpoint = With { endpoint: built(endpoint)?, extra: changes.params.clone() };
        let issue: wire::Issue = self.api.ask("open an issue", &endpoint).await?;
        let id = IssueId { number: issue.iid, url: issue.web_url.clone(), handle: issue.id.to_string() };
        let partly = |what: String| Error::Partly { number: id.number, url: id.url.clone(), what };

        if in_steps {
            let finish = async {
                if !changes.item.is_empty() {
                    self.api.update_item(issue.id, &changes.item.clone().into(), None).await?;
                }
                let edit = Edit {
                    body: Some(new.body.clone()),
                    state: (new.state == State::Closed).then_some(State::Closed),
                    ..Edit::default()
                };
                self.put(setup, issue.iid, &edit, &Changes::default()).await
            };
            finish.await.map_err(|error| partly(format!("finish it: {error}")))?;
        }
        let ignored = ignored(setup, new, &labels, &issue);
        if ignored.is_empty() {
            Ok(id)
        } else {
            Err(partly(format!("set {}: GitLab ignored it (role or tier)", ignored.join(", "))))
        }
    }

    pub(super) async fn update(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let setup = self.setup().await?;
        let mut changes = self.changes(setup, &edit.fields, &issue.fields).await?;
        let mut edit = self.with_own_label(issue, edit);
        edit.add_labels = self.own_labels.all_spelled(&edit.add_labels);
        for labels in [&mut edit.add_labels, &mut changes.add] {
            self.ensure_labels(setup, labels).await?;
        }
        let edit = &edit;
        self.comment(setup, issue, edit).await?;
        if !changes.item.is_empty() {
            let id = match issue.id.handle.parse() {
                Ok(id) => id,
                Err(_) => self.global_id(setup, issue.id.number).await?,
            };
            let read_at = self.readings.get(issue.id.number);
            self.api.update_item(id, &changes.item.clone().into(), read_at).await?;
        }
        // What people changed stays, so what is overwritten is looked at again where other requests came in between, and
        // after each wait. Labels are added and taken away one by one.
        // Labels that were added may have had to be made.
        let adds = !edit.add_labels.is_empty() || !changes.add.is_empty();
        let mut look_first = adds || edit.comment.is_some() || !changes.item.is_empty();
        for _ in 0..LOOKS {
            if look_first && !self.is_as_read(setup, issue, edit).await? {
                break;
            }
            match self.put(setup, issue.id.number, edit, &changes).await {
                Err(Error::Conflict) => look_first = true,
                done => return done,
            }
        }
        Err(Error::Conflict)
    }

    /// Whether title, text and state are what was read, or what this edit makes of them.
    async fn is_as_read(&self, setup: &Setup, issue: &Issue, edit: &Edit) -> Result<bool, Error> {
        use gitlab::api::projects::issues::Issue as Endpoint;
        let begun = Instant::now();
        let endpoint = built(Endpoint::builder().project(setup.project.id).issue(issue.id.number).build())?;
        let now: wire::Issue = self.api.ask("read the issue", &endpoint).await.map_err(gone)?;
        self.readings.note(issue.id.number, begun);
        let state = state_of(&now);
        let body = now.description.as_deref().unwrap_or_default();
        Ok((now.title == issue.title || edit.title.as_ref() == Some(&now.title))
            && (body == issue.body || edit.body.as_deref() == Some(body))
            && (state == issue.state || edit.state == Some(state)))
    }

    /// Writes the comment, unless it is there, or the issue became an epic and so is closed for good.
    async fn comment(&self, setup: &Setup, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let iid = issue.id.number;
        let reopens = edit.state == Some(State::Open);
        let mut there = issue.comments.clone();
        if reopens || there.is_none() && edit.comment.is_some() {
            let notes = self.notes(setup, iid).await?;
            if let Some(epic) = promoted_to(&notes) {
                return Err(Error::Moved(format!("the epic {epic}")));
            }
            there = Some(markers(&notes, &setup.me));
        }
        let Some(comment) = edit.comment.as_ref().filter(|c| !there.is_some_and(|there| there.contains(&c.marker)))
        else {
            return Ok(());
        };
        // The marker last: a text's first line would otherwise no longer be what its author escaped.
        let body = format!("{}\n\n{}", comment.text, comment.hidden_marker());
        let note = CreateIssueNote::builder().project(setup.project.id).issue(iid).body(body).build();
        let _: serde_json::Value = self.api.ask("comment", &built(note)?).await.map_err(gone)?;
        Ok(())
    }

    /// The one request that changes title, body, labels, state and what else REST knows.
    async fn put(&self, setup: &Setup, iid: u64, edit: &Edit, changes: &Changes) -> Result<(), Error> {
        let mut endpoint = EditIssue::builder();
        endpoint.project(setup.project.id).issue(iid);
        let mut anything = !changes.params.is_empty();
        if let Some(title) = &edit.title {
            endpoint.title(title);
            anything = true;
        }
        if let Some(body) = &edit.body {
            endpoint.description(body);
            anything = true;
        }
        if let Some(state) = edit.state {
            endpoint.state_event(match state {
                State::Open => IssueStateEvent::Reopen,
                State::Closed => IssueStateEvent::Close,
            });
            anything = true;
        }
        let (add, remove) = (&edit.add_labels, &edit.remove_labels);
        let (add, remove) = (self.own_labels.all_spelled(add), self.own_labels.all_spelled(remove));
        let adds: Vec<&String> = add.iter().chain(&changes.add).collect();
        for label in &adds {
            endpoint.add_label(label.as_str());
            anything = true;
        }
        let removed = remove.iter().chain(&changes.remove).map(|label| self.spellings.on(iid, label));
        for label in removed.filter(|label| !adds.contains(&label)) {
            endpoint.remove_label(label);
            anything = true;
        }
        if !anything {
            return Ok(());
        }
        let endpoint = With { endpoint: built(endpoint.build())?, extra: changes.params.clone() };
        let read_at = self.readings.get(iid);
        let issue: wire::Issue = self.api.ask_based_on("change the issue", &endpoint, read_at).await.map_err(gone)?;
        self.readings.forget(iid);
        match edit.state {
            Some(state) if state != state_of(&issue) => {
                let verb = if state == State::Open { "reopen" } else { "close" };
                Err(Error::Refused { what: format!("{verb} the issue"), detail: "GitLab left it as it was".to_owned() })
            }
            _ => Ok(()),
        }
    }

    async fn global_id(&self, setup: &Setup, iid: u64) -> Result<u64, Error> {
        use gitlab::api::projects::issues::Issue as Endpoint;
        let endpoint = built(Endpoint::builder().project(setup.project.id).issue(iid).build())?;
        let issue: wire::Issue = self.api.ask("read the issue", &endpoint).await.map_err(gone)?;
        Ok(issue.id)
    }
}

/// The body of a new issue that is not finished yet: its stamp says what is still to be written.
fn announcing(new: &New, changes: &Changes) -> String {
    let stamp = Stamp { pending: changes.elsewhere.clone(), state: State::Open, ..new.stamp.clone() };
    let mut body = Body::parse(&new.body);
    body.stamp = Some(stamp.encode(LIMITS.stamp));
    body.compose(&LIMITS)
}

/// What GitLab left out of a new issue without a word, as it does where a role or a tier does not have it.
fn ignored(setup: &Setup, new: &New, labels: &[String], issue: &wire::Issue) -> Vec<String> {
    let there = setup.fields.read(issue, &Item::default(), &setup.abilities);
    let lost_label = |label: &&String| !issue.labels.contains(label);
    let lost_field = |edit: &&FieldEdit| {
        let in_place = |slot| !matches!(slot, Slot::State | Slot::Scoped | Slot::Plain) && !Slot::is_elsewhere(slot);
        let wanted = edit.value.as_deref().map(str::trim).filter(|value| !value.is_empty());
        setup.fields.get(&edit.name).is_some_and(|field| in_place(field.slot))
            && wanted.is_some()
            && !there.contains_key(&edit.name)
    };
    let labels = labels.iter().filter(lost_label).map(|label| format!("label `{label}`"));
    // An issue that nobody has is better than none: people leave.
    let has_left = |edit: &&FieldEdit| {
        let leaves = setup.fields.get(&edit.name).is_some_and(|field| field.slot == Slot::Assignees);
        if leaves {
            tracing::warn!(issue = issue.web_url, assignees = edit.value, "GitLab assigned it to nobody");
        }
        leaves
    };
    let fields = new.fields.iter().filter(lost_field).filter(|edit| !has_left(edit));
    let fields = fields.map(|edit| format!("`{}`", edit.name));
    let open_to_all = (new.confidential && !issue.confidential).then(|| "`confidential`".to_owned());
    labels.chain(fields).chain(open_to_all).collect()
}

/// An issue that is not found any more was deleted, or moved out of our sight.
fn gone(error: Error) -> Error {
    if matches!(error, Error::NotFound { .. }) { Error::Gone } else { error }
}
