//! Writing: one JSON Patch with everything, bound to the revision that was read; more only where the process demands
//! states on the way.

use serde_json::Value;

use super::fields::{Place, Type};
use super::model::{Operation, Relation, WorkItem};
use super::read::{Known, is_id};
use super::types::WorkType;
use super::{AzureDevOps, fields, links, text};
use crate::issue::{Edit, FieldEdit, Issue, IssueId, New, Stamp, State};
use crate::trackers::{Error, Found};

impl AzureDevOps {
    pub(super) async fn create(&self, new: &New) -> Result<IssueId, Error> {
        let types = self.types().await?;
        let work_type = types.chosen();
        let goal = self.goal(work_type, &new.fields, Some(new.state));
        let first = goal.as_deref().filter(|state| work_type.begins_in(state));
        let mut stamp = new.stamp.clone();
        if goal.is_some() && first.is_none() {
            stamp.pending = vec![self.mapping.status.field.clone()];
        }
        let patch = self.first_patch(work_type, new, &stamp, first).await?;
        let item = self.client.create(&work_type.name, &self.query(&[]), &patch).await?;
        let id = IssueId { number: item.id, url: self.client.web_url(item.id), handle: String::new() };
        self.remember(|memory| {
            memory.mine.insert(item.id);
            memory.known.insert(item.id, Known::from(&item));
        });
        let way = goal.map(|goal| work_type.way(item.text(fields::STATE), &goal)).unwrap_or_default();
        if way.is_empty() && stamp.pending.is_empty() {
            return Ok(id);
        }
        let settled = Stamp { pending: Vec::new(), ..stamp };
        let relations = match item.relations.is_empty() {
            true => self.known_now(item.id).await.map(|known| known.relations),
            false => Ok(item.relations),
        };
        let moved = match relations {
            Ok(relations) => {
                let mut links = links::Changes::default();
                links.hold(&relations, &settled);
                self.walk(item.id, item.rev, &way, links.into_operations().collect()).await
            }
            Err(error) => Err(error),
        };
        match moved {
            Ok(_) => Ok(id),
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
        let tags = std::iter::once(&self.mapping.own_label).chain(&new.labels);
        let mut patch = vec![
            Operation::add("System.Title", new.title.as_str()),
            Operation::add(work_type.body_field(), text::to_service(&new.body)),
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
        let way = match self.goal(work_type, &edit.fields, edit.state) {
            Some(goal) => work_type.way(&known.state, &goal),
            None => Vec::new(),
        };
        let mut patch = Vec::new();
        patch.extend(edit.title.as_deref().map(|title| Operation::add("System.Title", title)));
        patch.extend(edit.body.as_deref().map(|body| Operation::add(work_type.body_field(), text::to_service(body))));
        patch.extend(self.set_tags(&known.tags, edit));
        let mut links = links::Changes::default();
        patch.extend(self.set_fields(work_type, &edit.fields, &known.relations, &mut links).await?);
        if let Some(stamp) = &edit.stamp {
            links.hold(&known.relations, stamp);
        }
        if let Some(other) = &edit.duplicate_of {
            links.add(&known.relations, links::DUPLICATE_OF, &self.client.item_url(&other.number.to_string()));
        }
        patch.extend(links.into_operations());
        // With the rest in one request, so that it is said once or not at all: no marker is needed.
        patch.extend(edit.comment.as_ref().map(|comment| Operation::add("System.History", comment.text.as_str())));
        if patch.is_empty() && way.is_empty() {
            return Ok(());
        }
        self.walk(issue.id.number, known.rev, &way, patch).await.map(|_| ())
    }

    /// Goes through states, the last one together with everything else.
    async fn walk(&self, id: u64, mut rev: u64, way: &[String], last: Vec<Operation>) -> Result<WorkItem, Error> {
        let (goal, on_the_way) = way.split_last().map_or((None, way), |(goal, before)| (Some(goal), before));
        for state in on_the_way {
            let patch = [Operation::test_rev(rev), Operation::add(fields::STATE, state.as_str())];
            rev = self.update(id, &patch).await?.rev;
        }
        let mut patch = vec![Operation::test_rev(rev)];
        patch.extend(goal.map(|state| Operation::add(fields::STATE, state.as_str())));
        patch.extend(last);
        self.update(id, &patch).await
    }

    async fn update(&self, id: u64, patch: &[Operation]) -> Result<WorkItem, Error> {
        let written = self.client.update(id, &self.query(&[]), patch).await;
        // What we knew is no longer true, or not for certain.
        self.remember(|memory| memory.known.remove(&id));
        match written {
            Err(Error::NotFound { .. }) => Err(Error::Gone),
            other => other,
        }
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

    /// The state to come to: the status field's value where that is the state, else what open or closed means.
    fn goal(&self, work_type: &WorkType, edits: &[FieldEdit], state: Option<State>) -> Option<String> {
        let by_value = edits.iter().rev().find(|edit| Place::of(&edit.name, work_type).is_state());
        if let Some(value) = by_value.and_then(|edit| edit.value.as_deref()) {
            return Some(work_type.spelled(value).to_owned());
        }
        let state = state.filter(|_| !self.status_is_state())?;
        work_type.plain_state(state).map(str::to_owned)
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
        of.write(value, &project).ok_or_else(|| Error::Refused {
            what: format!("set `{name}`"),
            detail: format!("it takes {}, and `{value}` is not one", of.wants()),
        })
    }

    /// The tags as they should be. To take one away, all others are written anew, which the revision makes safe.
    fn set_tags(&self, now: &[String], edit: &Edit) -> Option<Operation> {
        let has = |tags: &[String], tag: &str| tags.iter().any(|t| t.eq_ignore_ascii_case(tag));
        let kept = now.iter().filter(|tag| !has(&edit.remove_labels, tag)).cloned();
        let mut tags: Vec<String> = kept.collect();
        let removes = tags.len() < now.len();
        let wanted = std::iter::once(&self.mapping.own_label).chain(&edit.add_labels);
        let missing: Vec<String> = wanted.filter(|tag| !has(&tags, tag)).cloned().collect();
        tags.extend(missing);
        let text = tags.join("; ");
        match (removes, tags.len() > now.len() || removes) {
            (_, false) => None,
            (true, true) => Some(Operation::replace("System.Tags", text)),
            (false, true) => Some(Operation::add("System.Tags", text)),
        }
    }

    /// The query of a write.
    pub(super) fn query<'q>(&self, more: &[(&'q str, &'q str)]) -> Vec<(&'q str, &'q str)> {
        let mut query = vec![("$expand", "relations")];
        if self.mapping.project.suppress_notifications {
            query.push(("suppressNotifications", "true"));
        }
        query.extend(more);
        query
    }
}
