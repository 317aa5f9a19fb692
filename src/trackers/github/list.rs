//! Reading: one GraphQL query a page gives issues, labels, the Project's field values and our comments' markers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::issue_fields::{self, FieldValue};
use super::people::Standing;
use super::project::{self, ItemValue};
use super::setup::{self, Document, Setup, Wanted};
use crate::config::Mapping;
use crate::issue::{Actor, Body, CloseReason, Comment, Issue, IssueId, Stamp, State, TrackerDecision, value_digest};
use crate::trackers::labels::{OwnLabels, SplitLabels};
use crate::trackers::{Visibility, closer};

/// How many of an issue's last comments come with the list.
const COMMENTS: usize = 5;
/// How many when a single issue is read.
const COMMENTS_OF_ONE: usize = 100;

/// An issue as the query gives it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    id: String,
    pub(super) number: u64,
    pub(super) url: String,
    title: String,
    body: String,
    state: String,
    #[serde(default)]
    state_reason: Option<String>,
    #[serde(flatten)]
    by: By,
    pub(super) repository: Named,
    labels: Nodes<Label>,
    comments: Comments,
    #[serde(default)]
    timeline_items: Nodes<Closed>,
    #[serde(default)]
    project_items: Nodes<Item>,
    #[serde(default)]
    assignees: Nodes<User>,
    #[serde(default)]
    milestone: Option<Titled>,
    #[serde(default)]
    issue_field_values: Nodes<FieldValue>,
}

/// Who wrote something.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct By {
    author: Option<Author>,
    author_association: String,
    viewer_did_author: bool,
}

#[derive(Debug, Deserialize)]
struct Author {
    #[serde(rename = "__typename")]
    kind: String,
    #[serde(default)]
    login: String,
}

/// The last time that it was closed.
#[derive(Debug, Deserialize)]
struct Closed {
    actor: Option<Closer>,
}

#[derive(Debug, Deserialize)]
struct Closer {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

impl Closer {
    fn actor(&self, viewer: &str, stamp: Option<&Stamp>) -> Actor {
        // A viewer that is an App has the ending, an actor does not.
        let is_app = self.kind == "Bot";
        let app = is_app.then(|| viewer.strip_suffix("[bot]")).flatten();
        let kind = if is_app { Actor::Bot } else { Actor::Person };
        closer(project::same(&self.login, app.unwrap_or(viewer)), kind, stamp)
    }
}

/// A connection's nodes. What the token may not see is null, and what a newer GitHub has may have another shape: both
/// are left out.
#[derive(Debug)]
pub(super) struct Nodes<T> {
    nodes: Vec<T>,
}

impl<T> Nodes<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        self.nodes
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.nodes.iter()
    }
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Nodes<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(from)?;
        Ok(Self { nodes: known(value["nodes"].take()) })
    }
}

/// The nodes that can be seen and understood.
fn known<T: serde::de::DeserializeOwned>(nodes: Value) -> Vec<T> {
    let known = |node: Value| {
        let node = if node.is_null() { None } else { Some(serde_json::from_value(node)) };
        node?
            .inspect_err(|error| tracing::info!(%error, "left out what this GitHub has and findsync does not know"))
            .ok()
    };
    let Value::Array(nodes) = nodes else { return Vec::new() };
    nodes.into_iter().filter_map(known).collect()
}

fn known_nodes<'de, T: serde::de::DeserializeOwned, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(known(Value::deserialize(from)?))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) name_with_owner: String,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Titled {
    title: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comments {
    /// More than there are nodes where the token may not see all of them.
    total_count: usize,
    #[serde(deserialize_with = "known_nodes")]
    nodes: Vec<CommentNode>,
}

#[derive(Debug, Deserialize)]
struct CommentNode {
    body: String,
    #[serde(flatten)]
    by: By,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    is_archived: bool,
    project: Identified,
    /// The mapped fields' values, as `f0`, `f1` …
    #[serde(flatten)]
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

impl By {
    /// Whether it is ours, or by somebody who may write to the repository.
    fn may_write(&self) -> bool {
        self.viewer_did_author || matches!(self.author_association.as_str(), "OWNER" | "MEMBER" | "COLLABORATOR")
    }

    /// Whether the issue's stamp counts. Only people with rights can set a label; but an issue form may set it for
    /// everybody who can open an issue, and in a private repository that is nobody without rights: who has none any
    /// more has left.
    fn standing(&self, labelled: bool, private: bool) -> Standing {
        let Some(author) = &self.author else {
            // The account was deleted.
            return Standing::Known(labelled);
        };
        if self.viewer_did_author || self.author_association == "OWNER" || labelled && private {
            Standing::Known(true)
        } else if self.is_app() {
            Standing::Known(labelled)
        } else {
            Standing::Ask { login: author.login.clone(), likely: self.may_write() }
        }
    }

    /// An App acts where the repository's owner has installed it, but anybody's comment may make it act; together
    /// with our label, which only people with rights can set, its word counts.
    fn is_app(&self) -> bool {
        self.author.as_ref().is_some_and(|author| author.kind == "Bot")
    }
}

/// Adds the fragment `issue` to a document.
pub(super) fn add_fragment(
    document: &mut Document,
    wanted: &Wanted,
    setup: Option<&Setup>,
    one: bool,
    knows_duplicates: bool,
) {
    let comments = if one { COMMENTS_OF_ONE } else { COMMENTS };
    let reason = if knows_duplicates { "stateReason(enableDuplicate: true)" } else { "stateReason" };
    let mut fragment = format!(
        "fragment issue on Issue {{
  id number url title body state {reason}
  author {{ __typename login }} authorAssociation viewerDidAuthor repository {{ nameWithOwner }}
  labels(first: 100) {{ nodes {{ name }} }}
  comments(last: {comments}) {{ totalCount nodes {{
    body author {{ __typename }} authorAssociation viewerDidAuthor }} }}
  timelineItems(itemTypes: CLOSED_EVENT, last: 1) {{ nodes {{ ... on ClosedEvent {{
    actor {{ __typename login }} }} }} }}\n"
    );
    if wanted.reserved.contains("assignees") {
        fragment.push_str("  assignees(first: 20) { nodes { login } }\n");
    }
    if wanted.reserved.contains("milestone") {
        fragment.push_str("  milestone { title }\n");
    }
    if setup.is_some_and(|setup| setup.issue_fields.in_graphql) {
        fragment.push_str(issue_fields::VALUES);
    }
    if wanted.project_number.is_some() {
        fragment.push_str("  projectItems(first: 20, includeArchived: true) { nodes { id isArchived project { id }\n");
        for (index, name) in wanted.fields.iter().enumerate() {
            let real = setup.and_then(|setup| setup.project.as_ref()?.field(name)).map_or(name, |field| &field.name);
            document.declare(&format!("f{index}"), "String!", json!(real));
            fragment.push_str(&format!("    f{index}: fieldValueByName(name: $f{index}) {{ {} }}\n", project::VALUE));
        }
        fragment.push_str("  } }\n");
    }
    fragment.push_str("}\n");
    document.fragments.push_str(&fragment);
}

/// One page of issues.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) page_info: PageInfo,
    pub(super) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

/// What a list is of.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// Only with this label.
    pub(super) label: Option<String>,
    /// And with this one. Several in `label`'s place would be any of them.
    pub(super) label_too: Option<String>,
    /// `OPEN`, `CLOSED`.
    pub(super) states: &'static [&'static str],
    /// Only by this account.
    pub(super) by: Option<String>,
    /// Of what comes, only what our own account wrote.
    pub(super) mine: bool,
    /// Newest first, down to this number.
    pub(super) newer_than: Option<u64>,
    /// Those that were changed last first, and only one page of them.
    pub(super) latest: bool,
}

impl Query {
    /// Adds the list itself to a document.
    pub(super) fn add(&self, document: &mut Document, size: usize, after: Option<&str>) {
        let order = match (self.latest, self.newer_than) {
            (true, _) => json!({ "field": "UPDATED_AT", "direction": "DESC" }),
            (false, Some(_)) => json!({ "field": "CREATED_AT", "direction": "DESC" }),
            (false, None) => json!({ "field": "CREATED_AT", "direction": "ASC" }),
        };
        document.declare("size", "Int!", json!(size));
        document.declare("after", "String", json!(after));
        document.declare("labels", "[String!]", json!(self.label.as_ref().map(|label| [label])));
        document.declare("states", "[IssueState!]", json!(self.states));
        document.declare("order", "IssueOrder", order);
        let mut filter = serde_json::Map::new();
        filter.extend(self.by.as_ref().map(|by| ("createdBy".to_owned(), json!(by))));
        filter.extend(self.label_too.as_ref().map(|label| ("labels".to_owned(), json!([label]))));
        let filter = if filter.is_empty() { Value::Null } else { Value::Object(filter) };
        document.declare("filter", "IssueFilters", filter);
        document.repository.push_str(
            "issues(first: $size, after: $after, labels: $labels, states: $states, orderBy: $order, filterBy: $filter) {
  pageInfo { hasNextPage endCursor } nodes { ...issue } }\n",
        );
    }
}

impl Node {
    /// Whether our own account wrote it.
    pub(super) const fn is_mine(&self) -> bool {
        self.by.viewer_did_author
    }

    /// Translates into our own words.
    pub(super) fn into_issue(
        self,
        mapping: &Mapping,
        own: &OwnLabels,
        wanted: &Wanted,
        setup: &Setup,
    ) -> (Issue, Standing) {
        let SplitLabels { labelled, own: own_labels, rest: mut labels } =
            own.split(self.labels.nodes.into_iter().map(|label| label.name));
        let standing = self.by.standing(labelled, setup.visibility() == Visibility::Private);
        let mut fields = BTreeMap::new();
        let mut handle = self.id;
        let in_issue = setup.issue_fields.read(self.issue_field_values.nodes);
        fields.extend(in_issue.map(|(name, text)| (name.clone(), wanted.spelled(name, text))));
        let mut at_old_place = BTreeMap::new();
        if let Some(project) = &setup.project {
            let ours = self.project_items.nodes.into_iter().find(|item| item.project.id == project.id);
            if let Some(item) = ours {
                handle = Handle { issue: &handle, item: Some(&item.id), archived: item.is_archived }.to_string();
                for (alias, value) in item.values {
                    let name =
                        alias.strip_prefix('f').and_then(|index| wanted.fields.get(index.parse::<usize>().ok()?));
                    let value = Option::<ItemValue>::deserialize(value).ok().flatten();
                    if let (Some(name), Some(text)) = (name, value.and_then(ItemValue::into_text)) {
                        let moved = setup.issue_fields.contains(name);
                        let there = if moved { &mut at_old_place } else { &mut fields };
                        there.insert(name.clone(), wanted.spelled(name, text));
                    }
                }
            }
        } else {
            for name in setup.kept_elsewhere(wanted) {
                if let Some(at) = labels.iter().position(|label| setup::label_value(name, label).is_some()) {
                    let label = labels.remove(at);
                    let value = setup::label_value(name, &label).unwrap_or_default().to_owned();
                    fields.insert(name.clone(), wanted.spelled(name, value));
                }
            }
        }
        let logins: Vec<_> = self.assignees.nodes.into_iter().map(|user| user.login).collect();
        if !logins.is_empty() {
            fields.insert("assignees".to_owned(), spelled_list(wanted, &logins));
        }
        if let Some(milestone) = self.milestone {
            fields.insert("milestone".to_owned(), wanted.spelled("milestone", milestone.title));
        }
        let markers = |comment: &CommentNode| {
            let marker = Comment::marker_in(&comment.body)?.to_owned();
            (comment.by.may_write() || comment.by.is_app()).then_some(marker)
        };
        let complete = self.comments.nodes.len() >= self.comments.total_count;
        let (mut stamp, stamp_error) = Body::read_stamp(&self.body);
        // What the Project keeps of a field that is the organization's now was written there by an earlier run.
        for (name, text) in at_old_place.iter().filter(|(name, _)| !fields.contains_key(*name)) {
            let is_ours = |stamp: &&mut Stamp| stamp.fields.get(name) == Some(&value_digest(text));
            if let Some(stamp) = stamp.as_mut().filter(is_ours).filter(|stamp| !stamp.pending.contains(name)) {
                stamp.pending.push(name.clone());
            }
        }
        let closed = self.timeline_items.nodes.into_iter().next_back().filter(|_| self.state == "CLOSED");
        let closed = closed.and_then(|closed| closed.actor);
        let issue = Issue {
            decisions: decisions(mapping, &labels, &fields),
            id: IssueId { number: self.number, url: self.url, handle },
            title: self.title,
            state: if self.state == "CLOSED" { State::Closed } else { State::Open },
            closed_as: closed_as(&self.state, self.state_reason.as_deref()),
            closed_by: closed.map(|closer| closer.actor(&setup.viewer, stamp.as_ref())),
            labels,
            own_labels,
            fields,
            stamp,
            stamp_error,
            trusted: false,
            labelled,
            comments: complete.then(|| self.comments.nodes.iter().filter_map(markers).collect()),
            body: self.body,
            revision: None,
        };
        (issue, standing)
    }
}

/// Logins in the mapping's own order and spelling, where they are the same people.
fn spelled_list(wanted: &Wanted, logins: &[String]) -> String {
    let fold = |logins: &[String]| {
        let mut folded: Vec<_> = logins.iter().map(|login| login.to_lowercase()).collect();
        folded.sort();
        folded
    };
    let is = fold(logins);
    let same = |(name, value): &&(String, String)| name == "assignees" && fold(&split_logins(value)) == is;
    wanted.values.iter().find(same).map_or_else(|| logins.join(", "), |(_, value)| value.clone())
}

/// Logins out of a field's value: comma separated, with or without `@`.
pub(super) fn split_logins(value: &str) -> Vec<String> {
    let login = |part: &str| part.trim().trim_start_matches('@').to_owned();
    value.split(',').map(login).filter(|login| !login.is_empty()).collect()
}

/// GitHub may add reasons; one that we do not know says only that it is closed.
fn closed_as(state: &str, reason: Option<&str>) -> Option<CloseReason> {
    match (state, reason) {
        ("CLOSED", Some("NOT_PLANNED")) => Some(CloseReason::NotPlanned),
        ("CLOSED", Some("DUPLICATE")) => Some(CloseReason::Duplicate),
        ("CLOSED", Some("COMPLETED")) => Some(CloseReason::Completed),
        _ => None,
    }
}

/// What people decided by a label or by moving the issue to a column.
fn decisions(mapping: &Mapping, labels: &[String], fields: &BTreeMap<String, String>) -> Vec<TrackerDecision> {
    let by_labels = labels.iter().filter_map(|label| {
        let status = mapping.decision_labels.decision(label)?;
        Some(TrackerDecision { status, by: format!("label `{label}`"), by_field: false })
    });
    let by_field = || {
        let field = &mapping.status.field;
        let value = fields.get(field)?;
        let status = mapping.status.decision(value)?;
        Some(TrackerDecision { status, by: format!("`{field}` is `{value}`"), by_field: true })
    };
    by_labels.chain(by_field()).collect()
}

/// What the API wants beside an issue's number: its node id and its item in the Project, in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle<'a> {
    pub(super) issue: &'a str,
    pub(super) item: Option<&'a str>,
    pub(super) archived: bool,
}

impl<'a> Handle<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut parts = text.split(' ');
        let issue = parts.next().unwrap_or_default();
        Self { issue, item: parts.next(), archived: parts.next() == Some("archived") }
    }
}

impl std::fmt::Display for Handle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.issue)?;
        if let Some(item) = self.item {
            write!(f, " {item}{}", if self.archived { " archived" } else { "" })?;
        }
        Ok(())
    }
}

/// Whether a query failed in a way that a smaller page may mend.
pub(super) fn is_too_heavy(detail: &str) -> bool {
    let marks = ["omething went wrong", "esource limits", "timed out"];
    detail.starts_with("HTTP 5") || marks.iter().any(|mark| detail.contains(mark))
}
