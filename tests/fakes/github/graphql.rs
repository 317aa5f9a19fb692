//! The fake's GraphQL API: documents are parsed, validated and executed by a real engine.

use std::cell::{Ref, RefCell};
use std::sync::OnceLock;

use apollo_compiler::Name;
use apollo_compiler::collections::HashMap;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::Implementers;
use serde_json::{Value, json};

use super::documents::{document, schema};
use super::filter::{is_app, matches};
use super::world::{Account, Author, Field, Issue, Role, TokenKind, World};
use super::{Answer, issue_fields, mutations, odd};

/// What a field's resolver fails with: GitHub's type of error, and its words.
pub fn failed(kind: &str, message: impl std::fmt::Display) -> FieldError {
    FieldError { message: format!("{kind}|{message}") }
}

pub fn answer(world: &mut World, account: &Account, body: &[u8], violations: &mut Vec<String>) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = request["query"].as_str().unwrap_or_default();
    let refuse = |message: String, violations: &mut Vec<String>| {
        violations.push(format!("{message}\n{text}"));
        Answer::new(200, json!({ "errors": [{ "message": message }] }))
    };
    if !world.knows_duplicates && text.contains("enableDuplicate") {
        let message = "Field 'stateReason' doesn't accept argument 'enableDuplicate'";
        return Answer::new(200, json!({ "errors": [{ "message": message }] }));
    }
    let has_issue_fields = world.graphql_has_issue_fields;
    let schema = || schema(has_issue_fields);
    let document = match document(text, has_issue_fields) {
        Ok(document) => document,
        Err(errors) => return refuse(errors, violations),
    };
    let operation = document.operations.get(None).expect("one operation");
    let variables: JsonMap = serde_json::from_value(request["variables"].clone()).unwrap_or_default();
    let variables = match coerce_variable_values(schema(), operation, &variables) {
        Ok(variables) => variables,
        Err(error) => return refuse(error.message().to_string(), violations),
    };
    // Scopes of classic tokens are looked at before anything is executed.
    if matches!(account.token, TokenKind::Classic(_)) && !account.token.reaches_projects() && text.contains("rojectV2")
    {
        let message = "Your token has not been granted the required scopes to execute this query. The 'projectV2' \
                       field requires one of the following scopes: ['read:project'], but your token has only been \
                       granted the: ['repo'] scopes.";
        return Answer::new(200, json!({ "errors": [{ "type": "INSUFFICIENT_SCOPES", "message": message }] }));
    }
    let context = Context { world: RefCell::new(world), account };
    let root = Object { context: &context, kind: if operation.is_mutation() { Kind::Mutation } else { Kind::Query } };
    // Of a schema this large, that is most of the work of a request: once is enough.
    static IMPLEMENTERS: [OnceLock<HashMap<Name, Implementers>>; 2] = [OnceLock::new(), OnceLock::new()];
    let implementers = IMPLEMENTERS[usize::from(has_issue_fields)].get_or_init(|| schema().implementers_map());
    let execution =
        Execution::new(schema(), &document).enable_schema_introspection(true).implementers_map(implementers);
    let response = match execution.coerced_variable_values(&variables).execute_sync(&root) {
        Ok(response) => response,
        Err(error) => return refuse(error.message().to_string(), violations),
    };
    let mut response = serde_json::to_value(response).expect("a response is JSON");
    for error in response.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        let message = error["message"].as_str().unwrap_or_default().trim_start_matches("resolver error: ").to_owned();
        match message.split_once('|') {
            Some((kind, words)) => {
                error["type"] = json!(kind);
                error["message"] = json!(words);
            }
            None => violations.push(format!("{message}\n{text}")),
        }
    }
    Answer::new(200, odd::alter(world, response))
}

pub struct Context<'w> {
    pub world: RefCell<&'w mut World>,
    pub account: &'w Account,
}

impl Context<'_> {
    pub fn world(&self) -> Ref<'_, World> {
        Ref::map(self.world.borrow(), |world| &**world)
    }
}

/// An object of the graph, by what it stands for.
pub(super) struct Object<'c> {
    pub(super) context: &'c Context<'c>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Query,
    Mutation,
    Viewer,
    Repository,
    Owner,
    Project,
    Issue(Box<Issue>),
    Author(Author),
    /// The event of somebody closing the issue.
    Closed(Author),
    Comment(super::world::Comment),
    Item(usize),
    FieldOf(Field),
    /// The configuration of an iteration field.
    Iterations(Field),
    /// Anything whose fields are plain values: its type and they.
    Plain(&'static str, Value),
    /// A mutation's answer.
    Payload(String, Value),
    /// A connection: its type, its nodes, and how many there are in all.
    Connection(&'static str, Vec<Kind>, usize, Option<usize>),
}

pub(super) type Resolved<'a> = Result<ResolvedValue<'a>, FieldError>;

pub(super) fn leaf<'a>(value: impl serde::Serialize) -> Resolved<'a> {
    let value = serde_json::to_value(value).expect("JSON");
    Ok(ResolvedValue::leaf(serde_json::from_value::<JsonValue>(value).expect("JSON")))
}

/// Arguments as ordinary JSON.
pub(super) fn arguments(info: &ResolveInfo<'_>) -> Value {
    serde_json::to_value(info.arguments()).expect("JSON")
}

impl<'c> Object<'c> {
    pub(super) fn object<'a>(&self, kind: Kind) -> Resolved<'a>
    where
        'c: 'a,
    {
        Ok(ResolvedValue::object(Object { context: self.context, kind }))
    }

    /// A connection's page, as its arguments say.
    pub(super) fn page<'a>(&self, kind: &'static str, all: Vec<Kind>, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        self.page_of(kind, all, |node| node, info)
    }

    /// The same of anything that becomes nodes: only those on the page do.
    fn page_of<'a, T>(
        &self,
        kind: &'static str,
        all: Vec<T>,
        node: impl Fn(T) -> Kind,
        info: &ResolveInfo<'_>,
    ) -> Resolved<'a>
    where
        'c: 'a,
    {
        let arguments = arguments(info);
        let number = |name: &str| arguments[name].as_u64().map(|number| number as usize);
        let total = all.len();
        let (from, to) = match (number("first"), number("last")) {
            (Some(first), None) if first <= 100 => {
                let from = arguments["after"].as_str().map_or(0, |cursor| cursor.parse().expect("a cursor"));
                (from, (from + first).min(total))
            }
            (None, Some(last)) if last <= 100 => (total.saturating_sub(last), total),
            _ => return Err(failed("MISSING_PAGINATION_BOUNDARIES", "first or last, at most 100")),
        };
        let nodes = all.into_iter().take(to).skip(from).map(node).collect();
        self.object(Kind::Connection(kind, nodes, total, (to < total).then_some(to)))
    }

    fn query<'a>(&self, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let arguments = arguments(info);
        let world = self.context.world();
        match info.field_name() {
            "viewer" => self.object(Kind::Viewer),
            "nodes" => {
                let is_asked = |issue: &&Issue| {
                    arguments["ids"].as_array().is_some_and(|ids| ids.contains(&json!(issue.node_id())))
                };
                let found: Vec<Resolved<'a>> = world
                    .issues
                    .iter()
                    .filter(is_asked)
                    .map(|issue| self.object(Kind::Issue(Box::new(issue.clone()))))
                    .collect();
                Ok(ResolvedValue::List(Box::new(found.into_iter())))
            }
            "repository" => {
                let is =
                    |name: &str, value: &str| arguments[name].as_str().is_some_and(|is| is.eq_ignore_ascii_case(value));
                let seen = world.public || self.context.account.role > Role::None;
                let names = [Some(world.repository), world.old_name];
                if is("owner", world.owner) && names.iter().flatten().any(|name| is("name", name)) && seen {
                    self.object(Kind::Repository)
                } else {
                    Err(failed("NOT_FOUND", "Could not resolve to a Repository with that name."))
                }
            }
            "repositoryOwner" => self.object(Kind::Owner),
            _ => Err(self.unknown_field_error(info)),
        }
    }

    fn repository<'a>(&self, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let arguments = arguments(info);
        let world = self.context.world();
        match info.field_name() {
            "id" => leaf("R_1"),
            "nameWithOwner" => leaf(world.full_name()),
            "visibility" => leaf(if world.public { "PUBLIC" } else { "PRIVATE" }),
            "isArchived" => leaf(world.archived),
            "hasIssuesEnabled" => leaf(world.issues_enabled),
            "viewerPermission" => leaf(match self.context.account.role {
                _ if self.context.account.bot => None,
                Role::None => None,
                Role::Read => Some("READ"),
                Role::Triage => Some("TRIAGE"),
                Role::Write => Some("WRITE"),
            }),
            "label" => {
                let name = arguments["name"].as_str().unwrap_or_default();
                match world.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name)) {
                    Some(label) => self.object(Kind::Plain("Label", json!({ "name": label.name, "id": "LA_1" }))),
                    None => Ok(ResolvedValue::null()),
                }
            }
            "issue" => {
                let number = arguments["number"].as_u64();
                let there = |issue: &&Issue| Some(issue.number) == number && !issue.deleted && !issue.pull_request;
                match world.issues.iter().find(there).filter(|issue| issue.moved.is_none()) {
                    Some(issue) => self.object(Kind::Issue(Box::new(issue.clone()))),
                    None => Err(failed("NOT_FOUND", "Could not resolve to an Issue with that number.")),
                }
            }
            "issues" => {
                let nobody = !world.finds_apps && arguments["filterBy"]["createdBy"].as_str().is_some_and(is_app);
                let listed = |issue: &Issue| issue.listed_from <= world.requests;
                let filter = |issue: &&Issue| !nobody && listed(issue) && matches(&arguments, issue);
                let mut all: Vec<&Issue> = world.issues.iter().filter(filter).collect();
                if arguments["orderBy"]["field"] == "UPDATED_AT" {
                    all.sort_by_key(|issue| (issue.changed, issue.number));
                }
                if arguments["orderBy"]["direction"] == "DESC" {
                    all.reverse();
                }
                self.page_of("IssueConnection", all, |issue| Kind::Issue(Box::new(issue.clone())), info)
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }

    fn issue<'a>(&self, issue: &Issue, info: &ResolveInfo<'_>) -> Resolved<'a>
    where
        'c: 'a,
    {
        let world = self.context.world();
        let full = world.full_name();
        match info.field_name() {
            "id" => leaf(issue.node_id()),
            "number" => leaf(issue.number),
            "url" => leaf(format!("https://github.com/{full}/issues/{}", issue.number)),
            "title" => leaf(&issue.title),
            "body" => leaf(&issue.body),
            "state" => leaf(if issue.open { "OPEN" } else { "CLOSED" }),
            "stateReason" => {
                let reason = issue.reason.as_ref().map(|reason| reason.to_uppercase());
                let old = reason.as_deref() == Some("DUPLICATE") && arguments(info)["enableDuplicate"] != true;
                leaf(if old { Some("NOT_PLANNED".to_owned()) } else { reason })
            }
            "author" => self.object(Kind::Author(issue.author.clone())),
            "authorAssociation" => leaf(issue.author.association),
            "viewerDidAuthor" => leaf(issue.author.login == self.context.account.login),
            "repository" => match issue.moved {
                Some(to) => self.object(Kind::Plain("Repository", json!({ "nameWithOwner": to }))),
                None => self.object(Kind::Repository),
            },
            "labels" => {
                let plain = |name: &String| Kind::Plain("Label", json!({ "name": name }));
                self.page("LabelConnection", issue.labels.iter().map(plain).collect(), info)
            }
            "comments" => {
                self.page("IssueCommentConnection", issue.comments.iter().cloned().map(Kind::Comment).collect(), info)
            }
            "timelineItems" => {
                if arguments(info)["itemTypes"] == json!(["TRANSFERRED_EVENT"]) {
                    let from = json!({ "fromRepository": { "nameWithOwner": full } });
                    let events = issue.moved.iter().map(|_| Kind::Plain("TransferredEvent", from.clone())).collect();
                    return self.page("IssueTimelineItemsConnection", events, info);
                }
                let wanted = arguments(info)["itemTypes"] == json!(["CLOSED_EVENT"]);
                assert!(wanted, "the fake remembers no other events");
                let events = issue.closed_by.iter().cloned().map(Kind::Closed).collect();
                self.page("IssueTimelineItemsConnection", events, info)
            }
            "assignees" => {
                let plain = |login: &String| Kind::Plain("User", json!({ "login": login }));
                self.page("UserConnection", issue.assignees.iter().map(plain).collect(), info)
            }
            "milestone" => match issue.milestone {
                Some(number) => {
                    let title = &world.milestones[number as usize - 1];
                    self.object(Kind::Plain("Milestone", json!({ "title": title })))
                }
                None => Ok(ResolvedValue::null()),
            },
            "issueFieldValues" => {
                let values = issue_fields::nodes(&world, issue).map(|(kind, value)| Kind::Plain(kind, value));
                self.page("IssueFieldValueConnection", values.collect(), info)
            }
            "projectItems" => {
                let items = world.project.iter().flat_map(|project| project.items.iter().enumerate());
                let ours = items.filter(|(_, item)| item.issue == issue.number && item.visible_from <= world.requests);
                let seen = self.context.account.token.reaches_projects();
                let ours = ours.filter(|_| seen).map(|(index, _)| Kind::Item(index)).collect();
                self.page("ProjectV2ItemConnection", ours, info)
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        match &self.kind {
            Kind::Query => "Query",
            Kind::Mutation => "Mutation",
            Kind::Viewer => "User",
            Kind::Repository => "Repository",
            Kind::Owner => "Organization",
            Kind::Project => "ProjectV2",
            Kind::Issue(_) => "Issue",
            Kind::Author(author) => {
                if author.bot {
                    "Bot"
                } else {
                    "User"
                }
            }
            Kind::Closed(_) => "ClosedEvent",
            Kind::Comment(_) => "IssueComment",
            Kind::Item(_) => "ProjectV2Item",
            Kind::FieldOf(field) => match field.kind {
                "SINGLE_SELECT" => "ProjectV2SingleSelectField",
                "ITERATION" => "ProjectV2IterationField",
                _ => "ProjectV2Field",
            },
            Kind::Iterations(_) => "ProjectV2IterationFieldConfiguration",
            Kind::Payload(kind, _) => kind,
            Kind::Plain(kind, _) | Kind::Connection(kind, ..) => kind,
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match &self.kind {
            Kind::Query => self.query(info),
            Kind::Mutation => {
                let payload = mutations::run(self.context, info.field_name(), &arguments(info)["input"])?;
                self.object(Kind::Payload(info.field_definition().ty.inner_named_type().to_string(), payload))
            }
            Kind::Viewer => match info.field_name() {
                "login" => leaf(self.context.account.login),
                // Its issues in every repository, the last changed first.
                "issues" => {
                    let world = self.context.world();
                    let mine = |issue: &&Issue| issue.author.login == self.context.account.login && !issue.deleted;
                    let all: Vec<&Issue> = world.issues.iter().rev().filter(mine).collect();
                    self.page_of("IssueConnection", all, |issue| Kind::Issue(Box::new(issue.clone())), info)
                }
                _ => Err(self.unknown_field_error(info)),
            },
            Kind::Repository => self.repository(info),
            Kind::Owner => match info.field_name() {
                "projectV2" => {
                    let world = self.context.world();
                    let number = arguments(info)["number"].as_u64();
                    let there = world.project.as_ref().is_some_and(|project| Some(project.number) == number);
                    if there && self.context.account.token.reaches_projects() {
                        self.object(Kind::Project)
                    } else {
                        Err(failed("NOT_FOUND", "Could not resolve to a ProjectV2 with that number."))
                    }
                }
                _ => Err(self.unknown_field_error(info)),
            },
            Kind::Project => self.project(info),
            Kind::Issue(issue) => self.issue(issue, info),
            Kind::Closed(by) => self.object(Kind::Author(by.clone())),
            Kind::Author(author) => leaf(author.login.trim_end_matches("[bot]")),
            Kind::Comment(comment) => match info.field_name() {
                "body" => leaf(&comment.body),
                "author" => self.object(Kind::Author(comment.author.clone())),
                "authorAssociation" => leaf(comment.author.association),
                "viewerDidAuthor" => leaf(comment.author.login == self.context.account.login),
                _ => Err(self.unknown_field_error(info)),
            },
            Kind::Item(index) => self.item(*index, info),
            Kind::FieldOf(field) | Kind::Iterations(field) => self.field(field, info),
            Kind::Plain(_, value) | Kind::Payload(_, value) => match &value[info.field_name()] {
                Value::Object(map) => {
                    let kind = issue_fields::kind(self.type_name()).unwrap_or("ProjectV2Item");
                    self.object(Kind::Plain(kind, Value::Object(map.clone())))
                }
                value => leaf(value),
            },
            Kind::Connection(_, nodes, total, next) => match info.field_name() {
                "totalCount" => leaf(total),
                "pageInfo" => {
                    let page = json!({ "hasNextPage": next.is_some(), "endCursor": next.map(|next| next.to_string()) });
                    self.object(Kind::Plain("PageInfo", page))
                }
                "nodes" => {
                    let all: Vec<Resolved<'a>> = nodes.iter().map(|kind| self.object(kind.copy())).collect();
                    Ok(ResolvedValue::List(Box::new(all.into_iter())))
                }
                _ => Err(self.unknown_field_error(info)),
            },
        }
    }
}

impl Kind {
    /// A node, once more.
    fn copy(&self) -> Self {
        match self {
            Self::Issue(issue) => Self::Issue(issue.clone()),
            Self::Closed(by) => Self::Closed(by.clone()),
            Self::Comment(comment) => Self::Comment(comment.clone()),
            Self::Item(index) => Self::Item(*index),
            Self::FieldOf(field) => Self::FieldOf(field.clone()),
            Self::Plain(kind, value) => Self::Plain(kind, value.clone()),
            _ => unreachable!("no list has such nodes"),
        }
    }
}
