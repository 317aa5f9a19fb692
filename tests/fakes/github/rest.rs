//! The fake's REST API: what findsync needs of it, with GitHub's refusals.

use axum::http::Method;
use base64::Engine as _;
use serde_json::{Value, json};

use super::Answer;
use super::contract;
use super::issue_fields;
use super::labels::{add_labels, remove_label};
use super::world::{Account, Author, Comment, Issue, Label, Role, World};

/// A request below `/api/v3`.
pub struct Call<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
}

impl Call<'_> {
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// An App's own calls, which its JWT authorises: by its App ID or its client id, for ten minutes at most.
pub fn app(world: &mut World, method: &Method, path: &str, token: &str) -> Option<Answer> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts[..] else { return None };
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let time = |name: &str| claims[name].as_i64().unwrap_or_default();
    let now = chrono::Utc::now().timestamp();
    let in_time = time("iat") <= now && (now..=now + 600).contains(&time("exp"));
    if !in_time || !["4711", "Iv23liFindsync"].iter().any(|id| claims["iss"] == *id) {
        return Some(Answer::message(401, "A JSON web token could not be decoded"));
    }
    let installation = format!("/api/v3/repos/{}/installation", world.full_name());
    if path == installation && method == Method::GET {
        return Some(Answer::new(200, json!({ "id": 42 })));
    }
    if path == "/api/v3/app/installations/42/access_tokens" && method == Method::POST {
        return Some(Answer::new(201, json!({ "token": "ghs_workflow00", "expires_at": "2099-01-01T00:00:00Z" })));
    }
    Some(Answer::message(401, "A JSON web token could not be decoded"))
}

pub fn answer(world: &mut World, account: &Account, call: &Call<'_>) -> Answer {
    let parts: Vec<String> = call
        .path
        .split('/')
        .skip(1)
        .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let ["orgs", owner, "issue-types"] = parts.as_slice() {
        let seen = owner.eq_ignore_ascii_case(world.owner) && !world.issue_types.is_empty();
        let kind = |name: &&str| json!({ "id": 1, "node_id": "IT_1", "name": name, "description": null });
        let kinds = world.issue_types.iter().map(kind).collect();
        return if seen { Answer::new(200, kinds) } else { Answer::message(404, "Not Found") };
    }
    if let ["orgs", owner, "issue-fields", rest @ ..] = parts.as_slice() {
        return issue_fields::of_organization(world, account, owner, rest, call);
    }
    let ["repos", owner, name, rest @ ..] = parts.as_slice() else { return Answer::message(404, "Not Found") };
    if world.old_name.is_some_and(|old| old == *name) {
        let mut moved = Answer::message(if *call.method == Method::GET { 301 } else { 307 }, "Moved Permanently");
        let path = [&["", "api", "v3", "repos", world.owner, world.repository], rest].concat().join("/");
        moved.headers.push(("location", format!("{}{path}?{}", world.base, call.query)));
        return moved;
    }
    let here = owner.eq_ignore_ascii_case(world.owner) && name.eq_ignore_ascii_case(world.repository);
    if !here || (account.role == Role::None && !world.public) {
        // Where issues were moved to.
        if let ["issues", number] = rest
            && let Some(issue) =
                world.issues.iter().find(|issue| issue.moved.is_some_and(|to| to == format!("{owner}/{name}")))
        {
            let moved =
                json!({ "number": number.parse::<u64>().unwrap_or(0), "repository": { "full_name": issue.moved } });
            return Answer::new(200, issue_json(world, issue, Some(&moved)));
        }
        return Answer::message(404, "Not Found");
    }
    let writes = *call.method != Method::GET;
    if writes && world.archived {
        return Answer::message(403, "Repository was archived so is read-only.");
    }
    if writes && !account.token.writes_issues() {
        return Answer::message(403, account.token.refusal());
    }
    match (call.method, rest) {
        (&Method::GET, []) => Answer::new(200, repository_json(world)),
        (&Method::GET, ["issues"]) => list(world, call),
        (&Method::POST, ["issues"]) => create(world, account, call),
        (&Method::GET, ["issues", number]) => match find(world, number) {
            Ok(issue) => Answer::new(200, issue_json(world, &issue.clone(), None)),
            Err(answer) => answer,
        },
        (&Method::PATCH, ["issues", number]) => update(world, account, number, call),
        (&Method::POST, ["issues", number, "labels"]) => add_labels(world, account, number, call),
        (&Method::DELETE, ["issues", number, "labels", label]) => remove_label(world, account, number, label),
        (_, ["issues", number, "issue-field-values", rest @ ..]) => {
            issue_fields::of_issue(world, account, number, rest, call)
        }
        (&Method::GET, ["issues", number, "comments"]) => match find(world, number) {
            Ok(issue) => {
                let issue = issue.clone();
                let all = issue.comments.iter().enumerate();
                let all = all.map(|(index, comment)| comment_json(issue.number, index, comment)).collect();
                page(world, call, all)
            }
            Err(answer) => answer,
        },
        (&Method::POST, ["issues", number, "comments"]) => comment(world, account, number, call),
        (&Method::GET, ["collaborators", login, "permission"]) => permission(world, login),
        (&Method::GET, ["labels"]) => page(world, call, world.labels.iter().map(label_json).collect()),
        (&Method::POST, ["labels"]) => create_label(world, account, call),
        (&Method::GET, ["assignees"]) => {
            let user =
                |login: &&str| user_json(&Author { login: (*login).to_owned(), bot: false, association: "MEMBER" });
            page(world, call, world.assignable.iter().map(user).collect())
        }
        (&Method::GET, ["milestones"]) => {
            let all = (1..=world.milestones.len() as u64).map(|number| milestone_json(world, number)).collect();
            page(world, call, all)
        }
        _ => Answer::message(404, "Not Found"),
    }
}

pub fn find<'w>(world: &'w World, number: &str) -> Result<&'w Issue, Answer> {
    let number: u64 = number.parse().map_err(|_| Answer::message(404, "Not Found"))?;
    match world.issues.iter().find(|issue| issue.number == number) {
        None => Err(Answer::message(404, "Not Found")),
        Some(issue) if issue.deleted => Err(Answer::message(410, "This issue was deleted")),
        Some(issue) => match issue.moved {
            Some(to) => {
                let mut answer = Answer::message(301, "Moved Permanently");
                answer.headers.push(("location", format!("/api/v3/repos/{to}/issues/{number}")));
                Err(answer)
            }
            None => Ok(issue),
        },
    }
}

fn list(world: &World, call: &Call<'_>) -> Answer {
    if !world.issues_enabled {
        return Answer::message(410, "Issues has been disabled in this repository.");
    }
    let labels = call.parameter("labels").unwrap_or_default();
    let labels: Vec<&str> = labels.split(',').filter(|label| !label.is_empty()).collect();
    let state = call.parameter("state").unwrap_or_else(|| "open".to_owned());
    let matches = |issue: &&Issue| {
        !issue.deleted
            && issue.moved.is_none()
            && (state == "all" || (state == "open") == issue.open)
            && labels.iter().all(|label| issue.labels.iter().any(|has| has.eq_ignore_ascii_case(label)))
    };
    page(world, call, world.issues.iter().rev().filter(matches).map(|issue| issue_json(world, issue, None)).collect())
}

/// One page, with the `Link` to the next.
fn page(world: &World, call: &Call<'_>, all: Vec<Value>) -> Answer {
    let number =
        |name: &str, default: usize| call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (size, page) = (number("per_page", 30).min(100), number("page", 1).max(1));
    let more = all.len() > size * page;
    let items: Vec<Value> = all.into_iter().skip(size * (page - 1)).take(size).collect();
    let mut answer = Answer::new(200, Value::Array(items));
    if more {
        let kept = url::form_urlencoded::parse(call.query.as_bytes()).filter(|(key, _)| key != "page");
        let rest: String = kept.map(|(key, value)| format!("{key}={value}&")).collect();
        answer
            .headers
            .push(("link", format!("<{}/api/v3{}?{rest}page={}>; rel=\"next\"", world.base, call.path, page + 1)));
    }
    answer
}

pub fn validation(message: &str, errors: Value) -> Answer {
    Answer::new(
        422,
        json!({ "message": message, "errors": errors, "documentation_url": "https://docs.github.com/rest" }),
    )
}

/// What GitHub refuses in an issue, whoever writes it.
fn refuse(world: &World, body: &Value) -> Option<Answer> {
    let knows = |login: &String| world.assignable.iter().any(|known| known.eq_ignore_ascii_case(login));
    if let Some(login) = strings(&body["assignees"]).iter().find(|login| !knows(login)) {
        let error = json!([{ "resource": "Issue", "field": "assignees", "code": "invalid", "value": login }]);
        return Some(validation("Validation Failed", error));
    }
    if let Some(label) = strings(&body["labels"]).iter().find(|label| label.chars().count() > 50) {
        let error = json!([{ "resource": "Label", "field": "name", "code": "too_long", "value": label }]);
        return Some(validation("Validation Failed", error));
    }
    refuse_text(body)
}

fn refuse_text(body: &Value) -> Option<Answer> {
    let field = |field: &str, message: String| {
        let error = json!([{ "resource": "Issue", "field": field, "code": "custom", "message": message }]);
        Some(validation("Validation Failed", error))
    };
    let too_long = |name: &str, max: usize| body[name].as_str().is_some_and(|text| text.chars().count() > max);
    if too_long("title", 256) {
        return field("title", "title is too long (maximum is 256 characters)".to_owned());
    }
    if too_long("body", 65_536) {
        return field("body", "body is too long (maximum is 65536 characters)".to_owned());
    }
    if body.get("title").is_some_and(|title| title.as_str().is_some_and(|text| text.trim().is_empty())) {
        return field("title", "title can't be blank".to_owned());
    }
    None
}

/// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
fn permission(world: &World, login: &str) -> Answer {
    let account = world.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login));
    let role = account.map(|account| account.role).or_else(|| world.roles.get(login).copied());
    let (permission, role) = match role {
        Some(Role::Write) => ("write", "write"),
        Some(Role::Triage) => ("read", "triage"),
        Some(Role::Read) => ("read", "read"),
        None if world.public => ("read", "read"),
        Some(Role::None) | None => ("none", "none"),
    };
    let user = user_json(&Author { login: login.to_owned(), bot: false, association: "NONE" });
    Answer::new(200, json!({ "permission": permission, "role_name": role, "user": user }))
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Labels as they take: those that are not there are made, where the account may.
pub fn take_labels(world: &mut World, account: &Account, labels: &Value) -> Vec<String> {
    let mut taken = Vec::new();
    for name in strings(labels) {
        if !world.has_label(&name) && account.role >= Role::Write {
            world.labels.push(Label { name: name.clone(), color: "ededed".to_owned(), description: None });
        }
        if let Some(label) = world.labels.iter().find(|label| label.name.eq_ignore_ascii_case(&name)) {
            taken.push(label.name.clone());
        }
    }
    taken
}

fn create(world: &mut World, account: &Account, call: &Call<'_>) -> Answer {
    if !world.issues_enabled {
        return Answer::message(410, "Issues has been disabled in this repository.");
    }
    let body = call.json();
    if let Some(refusal) = refuse(world, &body) {
        return refusal;
    }
    let title = body["title"].as_str().unwrap_or_default().to_owned();
    // Without rights, these are dropped, and nothing is said.
    let rights = account.role >= Role::Triage;
    let labels = if rights { take_labels(world, account, &body["labels"]) } else { Vec::new() };
    let number = world.add_issue(Author::from(account), &title, body["body"].as_str().unwrap_or_default(), &[]);
    let issue = world.issue(number).expect("just made");
    issue.labels = labels;
    if rights {
        issue.assignees = strings(&body["assignees"]);
        issue.milestone = body["milestone"].as_u64();
        issue.kind = body["type"].as_str().map(str::to_owned);
    }
    if rights && let Err(refusal) = issue_fields::set(world, number, &body["issue_field_values"]) {
        world.issues.pop();
        return refusal;
    }
    let issue = world.issue(number).expect("just made").clone();
    Answer::new(201, issue_json(world, &issue, None))
}

fn update(world: &mut World, account: &Account, number: &str, call: &Call<'_>) -> Answer {
    let issue = match find(world, number) {
        Ok(issue) => issue.clone(),
        Err(answer) => return answer,
    };
    let author = issue.author.login == account.login;
    if account.role < Role::Triage && !author {
        return Answer::message(403, "Must have admin rights to Repository.");
    }
    let body = call.json();
    if let Some(refusal) = refuse(world, &body) {
        return refusal;
    }
    let reason = body["state_reason"].as_str();
    if reason.is_some() && body["state"].as_str().is_none() || reason == Some("duplicate") && !world.knows_duplicates {
        return validation(
            "Validation Failed",
            json!([{ "resource": "Issue", "field": "state_reason", "code": "invalid" }]),
        );
    }
    let labels = (account.role >= Role::Triage && body["labels"].is_array())
        .then(|| take_labels(world, account, &body["labels"]));
    if let Some(state) = body["state"].as_str() {
        world.set_state(issue.number, state == "open", reason, &Author::from(account));
    }
    let changed = world.issue(issue.number).expect("it is there");
    if let Some(title) = body["title"].as_str() {
        changed.title = title.to_owned();
    }
    if let Some(text) = body["body"].as_str() {
        changed.body = text.to_owned();
    }
    if let Some(labels) = labels {
        changed.labels = labels;
    }
    if body["assignees"].is_array() {
        changed.assignees = strings(&body["assignees"]);
    }
    if body.get("milestone").is_some() {
        changed.milestone = body["milestone"].as_u64();
    }
    if let Some(kind) = body["type"].as_str() {
        changed.kind = Some(kind.to_owned());
    }
    let changed = changed.clone();
    Answer::new(200, issue_json(world, &changed, None))
}

fn comment(world: &mut World, account: &Account, number: &str, call: &Call<'_>) -> Answer {
    let issue = match find(world, number) {
        Ok(issue) => issue.clone(),
        Err(answer) => return answer,
    };
    if issue.locked && account.role < Role::Write {
        return Answer::message(403, "Unable to create comment because issue is locked.");
    }
    let text = call.json()["body"].as_str().unwrap_or_default().to_owned();
    if text.is_empty() || text.chars().count() > 65_536 {
        return validation(
            "Validation Failed",
            json!([{ "resource": "IssueComment", "field": "body", "code": "custom", "message": "body is too long (maximum is 65536 characters)" }]),
        );
    }
    let comment = Comment { author: Author::from(account), body: text };
    let comments = &mut world.issue(issue.number).expect("it is there").comments;
    comments.push(comment.clone());
    Answer::new(201, comment_json(issue.number, comments.len() - 1, &comment))
}

fn create_label(world: &mut World, account: &Account, call: &Call<'_>) -> Answer {
    if account.role < Role::Write {
        return Answer::message(404, "Not Found");
    }
    let body = call.json();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let name = text("name").unwrap_or_default();
    let error = |field: &str, code: &str| {
        validation("Validation Failed", json!([{ "resource": "Label", "code": code, "field": field }]))
    };
    if world.has_label(&name) {
        return error("name", "already_exists");
    }
    let color = text("color").unwrap_or_else(|| "ededed".to_owned());
    if name.is_empty() || name.chars().count() > 50 {
        return error("name", "invalid");
    }
    if color.len() != 6 || !color.chars().all(|c| c.is_ascii_hexdigit()) {
        return error("color", "invalid");
    }
    let description = text("description");
    if description.as_ref().is_some_and(|text| text.chars().count() > 100) {
        return error("description", "too_long");
    }
    let label = Label { name, color, description };
    let answer = label_json(&label);
    world.labels.push(label);
    Answer::new(201, answer)
}

const TIME: &str = "2026-11-24T09:00:00Z";

fn user_json(author: &Author) -> Value {
    let filled = contract::filled("simple-user");
    merge(
        filled,
        json!({
            "login": author.login, "id": 1, "node_id": "U_1", "type": if author.bot { "Bot" } else { "User" }, "site_admin": false
        }),
    )
}

pub fn label_json(label: &Label) -> Value {
    json!({
        "id": 1, "node_id": "LA_1", "url": "https://api.github.com/labels/1", "name": label.name, "color": label.color,
        "description": label.description, "default": false
    })
}

fn milestone_json(world: &World, number: u64) -> Value {
    let title = &world.milestones[number as usize - 1];
    merge(
        contract::filled("milestone"),
        json!({
            "id": number, "number": number, "title": title, "state": "open", "creator": null, "created_at": TIME,
            "updated_at": TIME, "due_on": null, "closed_at": null, "description": null
        }),
    )
}

fn comment_json(number: u64, index: usize, comment: &Comment) -> Value {
    json!({
        "id": number * 1_000 + index as u64, "node_id": "IC_1", "body": comment.body, "user": user_json(&comment.author),
        "author_association": comment.author.association, "created_at": TIME, "updated_at": TIME,
        "url": "https://api.github.com/c", "html_url": "https://github.com/c", "issue_url": "https://api.github.com/i"
    })
}

fn issue_json(world: &World, issue: &Issue, instead: Option<&Value>) -> Value {
    let (full, number) = match instead {
        Some(moved) => (issue.moved.unwrap_or_default().to_owned(), moved["number"].as_u64().unwrap_or(0)),
        None => (world.full_name(), issue.number),
    };
    let labels: Vec<Value> = issue
        .labels
        .iter()
        .map(|name| world.labels.iter().find(|label| label.name == *name).map_or(json!(name), label_json))
        .collect();
    let assignees: Vec<Value> = issue
        .assignees
        .iter()
        .map(|login| user_json(&Author { login: login.clone(), bot: false, association: "MEMBER" }))
        .collect();
    let url = format!("https://api.github.com/repos/{full}/issues/{number}");
    let mut answer = json!({
        "id": 1_000 + number, "node_id": issue.node_id(), "number": number, "title": issue.title, "body": issue.body,
        "state": if issue.open { "open" } else { "closed" }, "state_reason": issue.reason, "labels": labels,
        "user": user_json(&issue.author), "author_association": issue.author.association, "assignees": assignees,
        "assignee": null, "milestone": issue.milestone.map(|number| milestone_json(world, number)),
        "locked": issue.locked, "comments": issue.comments.len(), "created_at": TIME, "updated_at": TIME,
        "closed_at": if issue.open { Value::Null } else { json!(TIME) }, "url": url,
        "repository_url": format!("https://api.github.com/repos/{full}"), "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
        "html_url": format!("https://github.com/{full}/issues/{number}")
    });
    if !world.issue_fields.is_empty() {
        answer["issue_field_values"] = issue_fields::values(world, issue);
    }
    if let Some(kind) = &issue.kind {
        answer["type"] = json!({ "id": 1, "node_id": "IT_1", "name": kind, "description": null });
    }
    if issue.pull_request {
        answer["pull_request"] = json!({ "url": url, "html_url": url, "diff_url": url, "patch_url": url });
    }
    answer
}

fn repository_json(world: &World) -> Value {
    let owner = Author { login: world.owner.to_owned(), bot: false, association: "OWNER" };
    merge(
        contract::filled("full-repository"),
        json!({
            "id": 1, "name": world.repository, "full_name": world.full_name(), "private": !world.public,
            "archived": world.archived, "has_issues": world.issues_enabled, "owner": user_json(&owner),
            "license": null, "created_at": TIME, "updated_at": TIME, "pushed_at": TIME
        }),
    )
}

fn merge(mut base: Value, over: Value) -> Value {
    if let (Value::Object(base), Value::Object(over)) = (&mut base, over) {
        base.extend(over);
    }
    base
}
