//! Writing: one JSON Patch with everything, bound to the revision that was read; more only where the process demands
//! states on the way.

use serde_json::Value;

use super::client::Scope;
use super::fields::{Place, Type};
use super::list::{Known, is_id};
use super::wire::{Operation, Relation, WorkItem};
use super::work_item_types::{Types, WorkType};
use super::{AzureDevOps, description, fields, links};
use crate::finding::Status;
use crate::issue::{Edit, FieldEdit, Issue, IssueId, New, Stamp, State};
use crate::trackers::labels::left_behind;
use crate::trackers::{Error, Found, labels_for};

/// Tags that an item may have.
const MOST_TAGS: usize = 100;

/// A patch without whom or what the service does not know (a person who left, an area that was renamed), where that is
/// not what matters: an item that nobody has is better than none.
fn without_refused(mut patch: Vec<Operation>, error: Error) -> Result<Vec<Operation>, Error> {
    if !matches!(error, Error::Refused { .. } | Error::NotFound { .. }) {
        return Err(error);
    }
    let (says, is_missing) = (error.to_string(), matches!(error, Error::NotFound { .. }));
    let Some(refused) = patch.iter().position(|operation| operation.is_refused(&says, is_missing)) else {
        return Err(explained(error));
    };
    let operation = patch.remove(refused);
    tracing::warn!(says, "left out what Azure DevOps does not take: {operation:?}");
    Ok(patch)
}

/// A refusal, with what to do about a field that the process requires.
fn explained(error: Error) -> Error {
    match error {
        Error::Refused { what, detail } if detail.contains("Required") || detail.contains("cannot be empty") => {
            let field = detail.split(':').next().unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned();
            let detail = format!(
                "{detail} (the process requires it: give it a value in the mapping, `fields: [{{ field: {field}, value: … }}]`)"
            );
            Error::Refused { what, detail }
        }
        error => error,
    }
}

impl AzureDevOps {
    pub(super) async fn create(&self, new: &New) -> Result<IssueId, Error> {
        let types = self.types().await?;
        let work_type = types.chosen();
        let goal = self.goal(types, work_type, &new.fields, Some(new.state), Some(new.stamp.status));
        let first = goal.as_deref().filter(|state| work_type.begins_in(state));
        let mut stamp = new.stamp.clone();
        if goal.is_some() && first.is_none() {
            // What takes a second request is announced in the first one, so that the next run can make it good.
            (stamp.state, stamp.pending) = (State::Open, vec![self.mapping.status.field.clone()]);
        }
        let mut patch = self.first_patch(work_type, new, &stamp, first).await?;
        let item = loop {
            match self.client.create(&work_type.name, &self.query(), &patch).await {
                Ok(item) => break item,
                Err(error) => patch = without_refused(patch, error)?,
            }
        };
        let id = IssueId { number: item.id, url: self.client.web_url(item.id), handle: String::new() };
        self.remember(|memory| {
            memory.mine.insert(item.id);
            memory.known.insert(item.id, Known::from(&item));
        });
        let way = goal.map(|goal| work_type.way(item.text(fields::STATE), &goal)).unwrap_or_default();
        if way.is_empty() && stamp.pending.is_empty() {
            return Ok(id);
        }
        let relations = match item.relations.is_empty() {
            true => self.known_now(item.id).await.map(|known| known.relations),
            false => Ok(item.relations),
        };
        let moved = match relations {
            Ok(relations) => {
                let mut links = links::Changes::default();
                links.hold(&relations, &new.stamp);
                let mut steps: Vec<_> = way.iter().map(|s| vec![Operation::add(fields::STATE, s.as_str())]).collect();
                match steps.last_mut() {
                    Some(last) => last.extend(links.into_operations()),
                    None => steps.push(links.into_operations().collect()),
                }
                self.walk(Scope::Project, item.id, item.rev, steps).await
            }
            Err(error) => Err(error),
        };
        match moved {
            Ok(()) => Ok(id),
            Err(error) => {
                let what = format!("move it to `{}`: {error}", way.last().map_or("its state", String::as_str));
                Err(Error::Partly { number: item.id, url: id.url, what })
            }
        }
    }

    /// What creates an item.
    async fn first_patch(
        &self,
        work_type: &WorkType,
        new: &New,
        stamp: &Stamp,
        state: Option<&str>,
    ) -> Result<Vec<Operation>, Error> {
        let of_fields = self.field_tags(work_type, &new.fields);
        let own = self.own_labels.put_on(&new.own_labels);
        let tags = own.iter().chain(&new.labels).chain(&of_fields).take(MOST_TAGS);
        let mut patch = vec![
            Operation::add("System.Title", description::title_to_service(&new.title)),
            Operation::add(work_type.body_field(), description::to_service(&new.body)),
            Operation::add("System.Tags", tags.map(String::as_str).collect::<Vec<_>>().join("; ")),
        ];
        patch.extend(state.map(|state| Operation::add(fields::STATE, state)));
        let mut links = links::Changes::default();
        patch.extend(self.set_fields(work_type, &new.fields, &[], &mut links).await?);
        links.hold(&[], stamp);
        patch.extend(links.into_operations());
        Ok(patch)
    }

    pub(super) async fn change(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let types = self.types().await?;
        let known = self.known(issue).await?;
        let work_type = types.named(&known.work_item_type);
        // An item that is open or closed as asked stays in the state that people moved it to.
        let state = edit.state.filter(|state| types.state(&work_type.name, &known.state) != *state);
        let goal = self.goal(types, work_type, &edit.fields, state, edit.stamp.as_ref().map(|stamp| stamp.status));
        let way = goal.map(|goal| work_type.way(&known.state, &goal)).unwrap_or_default();
        let mut patch = Vec::new();
        patch.extend(
            edit.title.as_deref().map(|title| Operation::add("System.Title", description::title_to_service(title))),
        );
        patch.extend(
            edit.body.as_deref().map(|body| Operation::add(work_type.body_field(), description::to_service(body))),
        );
        patch.extend(self.set_tags(work_type, &known.tags, issue, edit));
        let mut links = links::Changes::default();
        patch.extend(self.set_fields(work_type, &edit.fields, &known.relations, &mut links).await?);
        if let Some(stamp) = &edit.stamp {
            links.hold(&known.relations, stamp);
        }
        if let Some(other) = &edit.duplicate_of {
            links.add(&known.relations, links::DUPLICATE_OF, &self.client.item_url(&other.number.to_string()));
        }
        patch.extend(links.into_operations());
        let comment = edit.comment.as_ref().map(|comment| Operation::add("System.History", comment.text.as_str()));
        let mut steps: Vec<Vec<Operation>> =
            way.iter().map(|state| vec![Operation::add(fields::STATE, state.as_str())]).collect();
        // With the step that opens or closes the item, so that it is said with it or not at all: no marker is needed.
        let is_there = |state: &String| edit.state.is_some_and(|s| s == types.state(&work_type.name, state));
        let telling = way.iter().position(is_there).unwrap_or(way.len().saturating_sub(1));
        match steps.get_mut(telling) {
            Some(step) => step.extend(comment),
            None => patch.extend(comment),
        }
        match steps.last_mut() {
            Some(last) => last.extend(patch),
            None if patch.is_empty() => return Ok(()),
            None => steps.push(patch),
        }
        // Where the mapping names its project by id, no item tells whether it is another one's.
        let is_here = !is_id(self.client.project()) && !self.is_another(&known.project);
        let scope = if is_here { Scope::Project } else { Scope::Organization };
        self.walk(scope, issue.id.number, known.rev, steps).await
    }

    /// Writes one step after the other, each to the revision that the one before made.
    async fn walk(&self, scope: Scope, id: u64, mut rev: u64, steps: Vec<Vec<Operation>>) -> Result<(), Error> {
        for mut step in steps {
            step.insert(0, Operation::test_rev(rev));
            rev = self.update(scope, id, step).await?.rev;
        }
        Ok(())
    }

    async fn update(&self, scope: Scope, id: u64, mut patch: Vec<Operation>) -> Result<WorkItem, Error> {
        let written = loop {
            match self.client.update(scope, id, &self.query(), &patch).await {
                Ok(item) => break Ok(item),
                Err(error) => match without_refused(patch, error) {
                    Ok(rest) => patch = rest,
                    Err(error) => break Err(error),
                },
            }
        };
        // What we knew is no longer true, or not for certain.
        self.remember(|memory| memory.known.remove(&id));
        match written {
            Err(Error::NotFound { .. }) => Err(Error::Gone),
            Err(Error::Forbidden { what, detail }) if self.may_write_elsewhere().await => {
                Err(Error::Refused { what, detail })
            }
            other => other,
        }
    }

    /// Whether the token may write at all, tried once, where it may not write an item: rights are given by area, so what
    /// is so of one need not be so of the next.
    async fn may_write_elsewhere(&self) -> bool {
        let ask = async {
            let types = self.types().await?;
            let patch = [Operation::add("System.Title", "findsync")];
            match self.client.try_to_create(&types.chosen().name, &self.query(), &patch).await {
                Err(Error::Forbidden { .. } | Error::Unauthorized { .. }) => Ok(false),
                Ok(()) | Err(Error::Refused { .. } | Error::NotFound { .. }) => Ok(true),
                Err(error) => Err(error),
            }
        };
        self.may_write.get_or_try_init(|| ask).await.copied().unwrap_or_else(|error| {
            tracing::info!(%error, "cannot tell whether the token may write other work items");
            true
        })
    }

    /// What the item was when the issue was read; read again where that is no longer remembered.
    async fn known(&self, issue: &Issue) -> Result<Known, Error> {
        let remembered = self.remember(|memory| memory.known.get(&issue.id.number).cloned());
        if let Some(known) = remembered.filter(|known| Some(known.rev) == issue.revision) {
            return Ok(known);
        }
        let known = self.known_now(issue.id.number).await?;
        if Some(known.rev) == issue.revision { Ok(known) } else { Err(Error::Conflict) }
    }

    /// What the item is now.
    async fn known_now(&self, number: u64) -> Result<Known, Error> {
        match self.find(number).await? {
            Found::Here(_) => self.remember(|memory| memory.known.get(&number).cloned()).ok_or(Error::Conflict),
            Found::Moved(to) => Err(Error::Moved(to)),
            Found::Gone => Err(Error::Gone),
        }
    }

    /// The state to come to: the status field's value where that is the state; else, where the item has to be opened or
    /// closed, the mapping's state for its status, or the type's own for open and closed.
    fn goal(
        &self,
        types: &Types,
        work_type: &WorkType,
        edits: &[FieldEdit],
        state: Option<State>,
        status: Option<Status>,
    ) -> Option<String> {
        let by_value = edits.iter().rev().find(|edit| Place::of(&edit.name, work_type).is_state());
        if let Some(value) = by_value.and_then(|edit| edit.value.as_deref()) {
            return Some(types.here(work_type, value).to_owned());
        }
        let state = state?;
        let mapped = status.filter(|_| self.status_is_state()).map(|status| self.mapping.status.value(status));
        match mapped.filter(|value| value.open == (state == State::Open)) {
            Some(value) => Some(types.here(work_type, &value.value).to_owned()),
            None => work_type.plain_state(state).map(str::to_owned),
        }
    }

    /// Fields but for the state, each in its type; the parent as a relation.
    pub(super) async fn set_fields(
        &self,
        work_type: &WorkType,
        edits: &[FieldEdit],
        relations: &[Relation],
        links: &mut links::Changes,
    ) -> Result<Vec<Operation>, Error> {
        let mut operations = Vec::new();
        for edit in edits {
            let value = edit.value.as_deref().unwrap_or_default();
            match Place::of(&edit.name, work_type) {
                Place::Field(_) if Place::of(&edit.name, work_type).is_state() => {}
                Place::Field(reference) => {
                    let value = self.typed(&edit.name, &reference, value).await?;
                    operations.push(Operation::add(&reference, value));
                }
                Place::Parent => {
                    let id = value.trim().trim_start_matches('#');
                    let url = (!id.is_empty()).then(|| self.client.item_url(id));
                    links.set(relations, links::PARENT, url.as_deref());
                }
                // With all other tags, as they are one field.
                Place::Tags => {}
            }
        }
        Ok(operations)
    }

    /// A value in its field's type.
    async fn typed(&self, name: &str, reference: &str, value: &str) -> Result<Value, Error> {
        let of = match Type::well_known(reference) {
            Some(of) => of,
            None => self.field_type(reference).await?,
        };
        let project = match of {
            Type::Tree if is_id(self.client.project()) => self.project_details().await?.name,
            _ => self.client.project().to_owned(),
        };
        // Markup that the mapping itself writes is meant.
        if of == Type::Html && self.mapping.literals(name).any(|literal| literal.trim() == value) {
            return Ok(value.into());
        }
        of.write(value, &project).ok_or_else(|| Error::Refused {
            what: format!("set `{name}`"),
            detail: format!("it takes {}, and `{value}` is not one", of.wants()),
        })
    }

    /// The tags as they should be. To take one away, all others are written anew, which the revision makes safe.
    fn set_tags(&self, work_type: &WorkType, now: &[String], issue: &Issue, edit: &Edit) -> Option<Operation> {
        let has = |tags: &[String], tag: &str| tags.iter().any(|t| t.eq_ignore_ascii_case(tag));
        let of_fields = self.field_tags(work_type, &edit.fields);
        let edited = edit.fields.iter().filter(|field| Place::of(&field.name, work_type) == Place::Tags);
        let old: Vec<String> =
            edited.filter_map(|field| issue.fields.get(&field.name)).flat_map(|old| fields::tags(old)).collect();
        let mut gone = self.own_labels.all_spelled(&edit.remove_labels);
        // No tag stands for a field's value.
        gone.extend(
            left_behind(issue.stamp.as_ref(), &self.own_labels, now, |_, _| None, |_| true).into_iter().cloned(),
        );
        let goes = |tag: &str| has(&gone, tag) || has(&old, tag) && !has(&of_fields, tag);
        let kept = now.iter().filter(|tag| !goes(tag)).cloned();
        let mut tags: Vec<String> = kept.collect();
        let removes = tags.len() < now.len();
        let add = self.own_labels.put_on(&edit.add_labels);
        let wanted = add.iter().chain(&of_fields);
        let missing: Vec<String> = wanted.filter(|tag| !has(&tags, tag)).cloned().collect();
        tags.extend(missing);
        if tags.len() > MOST_TAGS {
            tracing::warn!(issue = issue.id.url, "left out tags: a work item has at most {MOST_TAGS}");
            tags.truncate(MOST_TAGS);
        }
        let text = tags.join("; ");
        match (removes, tags.len() > now.len() || removes) {
            (_, false) => None,
            (true, true) => Some(Operation::replace("System.Tags", text)),
            (false, true) => Some(Operation::add("System.Tags", text)),
        }
    }

    /// The tags that fields of the mapping stand for.
    fn field_tags(&self, work_type: &WorkType, edits: &[FieldEdit]) -> Vec<String> {
        let tags = |FieldEdit { name, value }: &FieldEdit| {
            let value = value.as_deref().unwrap_or_default().trim();
            let one = fields::is_tag(value).then(|| value.to_owned());
            labels_for(&self.mapping, name, value, fields::tags(value), one)
        };
        edits.iter().filter(|edit| Place::of(&edit.name, work_type) == Place::Tags).flat_map(tags).collect()
    }

    /// The query of a write.
    pub(super) fn query(&self) -> Vec<(&'static str, &'static str)> {
        let mut query = vec![("$expand", "relations")];
        if self.mapping.project.suppress_notifications {
            query.push(("suppressNotifications", "true"));
        }
        query
    }
}
