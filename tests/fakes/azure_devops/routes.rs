//! The operations: who may call them, and what they answer.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::Request;
use super::patch::{self, Refusal};
use super::wiql::Query;
use super::world::{Account, World};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn json(body: &Value) -> Self {
        let headers = vec![("X-RateLimit-Limit", "200".to_owned()), ("X-RateLimit-Remaining", "190".to_owned())];
        Self { status: 200, kind: "application/json; charset=utf-8; api-version=7.1", body: body.to_string(), headers }
    }

    fn list(values: Vec<Value>) -> Self {
        Self::json(&json!({"count": values.len(), "value": values}))
    }

    pub(crate) fn page(status: u16, body: &str) -> Self {
        Self { status, kind: "text/html; charset=utf-8", body: body.to_owned(), headers: Vec::new() }
    }

    pub(crate) fn sign_in(status: u16) -> Self {
        let page = Self::page(status, "<html><title>Azure DevOps Services | Sign In</title></html>");
        if status == 302 { page.with("Location", "http://127.0.0.1:1/_signin") } else { page }
    }

    pub(crate) fn refuse(status: u16, key: &str, message: &str) -> Self {
        Self::refusal(&Refusal { status, key: "", message: message.to_owned(), rules: Vec::new() }, key)
    }

    fn refusal(refusal: &Refusal, key: &str) -> Self {
        let mut body = json!({
            "$id": "1", "innerException": null, "message": refusal.message, "typeName": key, "typeKey": key,
            "errorCode": 0, "eventId": 3200,
        });
        if !refusal.rules.is_empty() {
            let rule = |(field, message): &(String, String)| json!({"fieldReferenceName": field, "fieldStatusFlags": "invalid", "errorMessage": message});
            let rules: Vec<Value> = refusal.rules.iter().map(rule).collect();
            body["customProperties"] = json!({"RuleValidationErrors": rules});
        }
        Self { status: refusal.status, ..Self::json(&body) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status).header("content-type", self.kind);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).expect("a response")
    }
}

/// Carries out a request.
pub(crate) fn answer(world: &mut World, request: &Request, authorization: &str, kind: &str, base: &str) -> Answer {
    let account = match account(world, authorization) {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if let Some(refused) = version(world, request) {
        return refused;
    }
    let segments: Vec<String> = request.path.trim_matches('/').split('/').map(str::to_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some((&"acme", rest)) = segments.split_first() else {
        return Answer::page(404, "<html>no such organization</html>");
    };
    if let ["_apis", "projects", name] = rest {
        return project(world, request, name);
    }
    let (project, rest) = match rest {
        ["_apis", ..] => (None, rest),
        [project, "_apis", ..] => (Some(*project), &rest[1..]),
        [project, _, "_apis", ..] => (Some(*project), &rest[2..]),
        _ => return Answer::page(404, "<html>page not found</html>"),
    };
    if project.is_some_and(|p| p != world.project.to_lowercase() && p != world.project_id) {
        let message = format!("TF200016: The following project does not exist: {}.", project.unwrap_or_default());
        return Answer::refuse(404, "ProjectDoesNotExistWithNameException", &message);
    }
    let result = match (request.method.as_str(), &rest[2..]) {
        ("GET", ["workitemtypes"]) => Ok(Answer::list(world.types.iter().map(super::process::Type::json).collect())),
        ("GET", ["workitemtypes", name, rest @ ..]) => work_item_type(world, name, rest),
        ("GET", ["fields"]) => {
            let fields: BTreeMap<_, _> =
                world.types.iter().flat_map(|t| &t.fields).map(|f| (f.reference.clone(), f.definition())).collect();
            Ok(Answer::list(fields.into_values().collect()))
        }
        ("GET", ["fields", name]) => match world.field(name) {
            Some(field) => Ok(Answer::json(&field.definition())),
            None => {
                Err(Refusal::new(404, "WorkItemTrackingFieldDefinitionNotFoundException", "TF51535: Cannot find field"))
            }
        },
        ("GET", ["tags"]) => Ok(Answer::list(world.tags.iter().map(|t| json!({"name": t})).collect())),
        ("GET", ["classificationnodes", "areas" | "iterations", path @ ..]) => node(world, rest[3], &path.join("\\")),
        ("POST", ["wiql"]) => query(world, request, project.is_some(), &account),
        ("POST", ["workitemsbatch"]) => batch(world, request, base),
        ("GET", ["workitems", id]) => get(world, request, id, project.is_some(), base),
        ("POST", ["workitems", name]) if name.starts_with('$') => {
            create(world, request, &name[1..], &account, kind, base)
        }
        ("PATCH", ["workitems", id]) => update(world, request, id, project.is_some(), &account, kind, base),
        _ => Err(Refusal::new(405, "HttpMethodNotSupported", "the fake does not know this operation")),
    };
    result.unwrap_or_else(|refusal| Answer::refusal(&refusal, refusal.key))
}

fn account(world: &World, authorization: &str) -> Result<Account, Answer> {
    let token = match authorization.split_once(' ') {
        Some(("Basic", code)) => {
            let text = decode_base64(code);
            text.split_once(':').map(|(_, token)| token.to_owned()).unwrap_or_default()
        }
        Some(("Bearer", token)) => token.to_owned(),
        _ => return Err(Answer::sign_in(302)),
    };
    match (world.accounts.get(&token), authorization.starts_with("Bearer")) {
        (Some(account), _) => Ok(account.clone()),
        (None, true) => {
            Err(Answer::refuse(401, "Unauthorized", "TF400813: The user '' is not authorized to access this resource."))
        }
        (None, false) => Err(Answer::sign_in(203)),
    }
}

fn decode_base64(code: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(code).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn flag(request: &Request, name: &str) -> bool {
    parameter(request, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn version(world: &World, request: &Request) -> Option<Answer> {
    let Some(asked) = parameter(request, "api-version") else {
        let message = "No api-version was supplied for the request.";
        return Some(Answer::refuse(400, "VssVersionNotSpecifiedException", message));
    };
    let parsed = asked.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (major, minor) = world.version;
    match parsed {
        Some(version) if version <= world.version => None,
        _ => Some(Answer::refuse(
            400,
            "VssVersionOutOfRangeException",
            &format!(
                "The requested REST API version of {asked} is out of range for this server. \
                 The latest REST API version this server supports is {major}.{minor}."
            ),
        )),
    }
}

fn project(world: &World, request: &Request, name: &str) -> Answer {
    if name != world.project.to_lowercase() && name != world.project_id {
        return Answer::refuse(404, "ProjectDoesNotExistWithNameException", "TF200016: The project does not exist.");
    }
    let mut shown = json!({
        "id": world.project_id, "name": world.project, "state": "wellFormed", "visibility": world.visibility,
    });
    if flag(request, "includeCapabilities") {
        shown["capabilities"] = json!({"processTemplate": {"templateName": world.process.name()}});
    }
    Answer::json(&shown)
}

fn work_item_type(world: &World, name: &str, rest: &[&str]) -> Result<Answer, Refusal> {
    let missing = || {
        Refusal::new(404, "WorkItemTypeNotFoundException", format!("VS402323: Work item type {name} does not exist"))
    };
    let found = world.work_item_type(name).ok_or_else(missing)?;
    match rest {
        [] => Ok(Answer::json(&found.json())),
        ["states"] => Ok(Answer::list(found.states_json().as_array().cloned().unwrap_or_default())),
        ["fields"] => {
            let shown = |f: &super::process::Field| {
                let mut shown = f.instance();
                shown["allowedValues"] = json!(f.allowed);
                shown
            };
            Ok(Answer::list(found.fields.iter().map(shown).collect()))
        }
        _ => Err(missing()),
    }
}

fn node(world: &World, group: &str, path: &str) -> Result<Answer, Refusal> {
    let nodes = if group == "areas" { &world.areas } else { &world.iterations };
    let wanted = format!("{}\\{path}", world.project);
    let found = nodes.iter().find(|n| n.eq_ignore_ascii_case(wanted.trim_end_matches('\\')));
    let missing = || Refusal::new(404, "ClassificationNodeNotFoundException", format!("VS402485: no node {path}"));
    found.map(|name| Answer::json(&json!({"name": name.rsplit('\\').next(), "path": name}))).ok_or_else(missing)
}

fn query(world: &World, request: &Request, in_project: bool, account: &Account) -> Result<Answer, Refusal> {
    let refused = |message: String| Refusal::new(400, "QueryException", message);
    let text = request.body["query"].as_str().ok_or_else(|| refused("VS403429: no query".to_owned()))?;
    let parsed = Query::parse(text, world).map_err(refused)?;
    let project = in_project.then_some(world.project.as_str());
    let mut ids = parsed.run(world, project, &account.user).map_err(refused)?;
    let top: Option<usize> = parameter(request, "$top").and_then(|top| top.parse().ok());
    let spared = world.top_helps && top.is_some_and(|top| top < world.query_limit);
    if ids.len() > world.query_limit && !spared {
        let limit = world.query_limit;
        let message = format!("VS402337: The number of work items returned exceeds the size limit of {limit}.");
        return Err(Refusal::new(400, "WorkItemTrackingQueryResultSizeLimitExceededException", message));
    }
    ids.truncate(top.unwrap_or(usize::MAX));
    let found: Vec<Value> = ids.iter().map(|id| json!({"id": id, "url": ""})).collect();
    Ok(Answer::json(&json!({"queryType": "flat", "queryResultType": "workItem", "workItems": found, "columns": []})))
}

fn batch(world: &World, request: &Request, base: &str) -> Result<Answer, Refusal> {
    let ids: Vec<u64> = request.body["ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let fields: Option<Vec<String>> = serde_json::from_value(request.body["fields"].clone()).unwrap_or_default();
    let expand = request.body["$expand"].as_str().unwrap_or("none").to_lowercase();
    if ids.is_empty() || ids.len() > 200 {
        return Err(Refusal::new(400, "VssPropertyValidationException", "VS403474: ask for 1 to 200 work items"));
    }
    if fields.is_some() && expand != "none" {
        let message = "TF400714 / VS403315: The expand parameter can not be used with the fields parameter.";
        return Err(Refusal::new(400, "ConflictingParametersException", message));
    }
    if let Some(unknown) = fields.iter().flatten().find(|name| world.field(name).is_none()) {
        return Err(Refusal::new(
            400,
            "WorkItemTrackingQueryException",
            format!("TF51535: Cannot find field {unknown}."),
        ));
    }
    let omit = request.body["errorPolicy"].as_str().is_some_and(|p| p.eq_ignore_ascii_case("omit"));
    let mut values = Vec::new();
    for id in ids {
        match world.items.get(&id).filter(|item| !item.deleted) {
            Some(item) => values.push(world.show(item, fields.as_deref(), &expand, base)),
            None if omit => values.push(Value::Null),
            None => return Err(missing(id)),
        }
    }
    Ok(Answer::list(values))
}

fn missing(id: impl std::fmt::Display) -> Refusal {
    let message = format!("TF401232: Work item {id} does not exist, or you do not have permissions to read it.");
    Refusal::new(404, "WorkItemUnauthorizedAccessException", message)
}

/// An item's id, if it is there and (where the address names the project) in the project.
fn here(world: &World, id: &str, in_project: bool) -> Result<u64, Refusal> {
    let item = id.parse().ok().and_then(|id: u64| world.items.get(&id)).filter(|item| !item.deleted);
    let item = item.filter(|item| !in_project || item.text("System.TeamProject") == world.project);
    item.map(|item| item.id).ok_or_else(|| missing(id))
}

fn get(world: &World, request: &Request, id: &str, in_project: bool, base: &str) -> Result<Answer, Refusal> {
    let id = here(world, id, in_project)?;
    let expand = parameter(request, "$expand").unwrap_or("none").to_lowercase();
    Ok(Answer::json(&world.show(&world.items[&id], None, &expand, base)))
}

fn may_write(world: &World, request: &Request, account: &Account, kind: &str) -> Result<(), Refusal> {
    if !kind.starts_with("application/json-patch+json") {
        return Err(Refusal::new(415, "VssRequestContentTypeNotSupportedException", "VS402392: use json-patch+json"));
    }
    if !account.write {
        return Err(Refusal::new(401, "Unauthorized", "TF400813: the token lacks the scope vso.work_write"));
    }
    if flag(request, "bypassRules") || (flag(request, "suppressNotifications") && !account.quiet) {
        let message = format!("TF401405: You need the permission in project {}.", world.project);
        return Err(Refusal::new(403, "AccessDeniedException", message));
    }
    Ok(())
}

/// Rights are given by area.
fn may_save(world: &World, item: &super::Item) -> Result<(), Refusal> {
    if world.locked_areas.contains(&item.text("System.AreaPath")) {
        let message =
            "TF237111: The current user does not have permissions to save work items under the specified area path.";
        return Err(Refusal::new(403, "WorkItemUnauthorizedAccessException", message));
    }
    Ok(())
}

fn create(
    world: &mut World,
    request: &Request,
    name: &str,
    account: &Account,
    kind: &str,
    base: &str,
) -> Result<Answer, Refusal> {
    may_write(world, request, account, kind)?;
    if world.work_item_type(name).is_none_or(|t| t.disabled) {
        return Err(Refusal::new(404, "WorkItemTypeNotFoundException", format!("VS402323: no type {name}")));
    }
    let tags = world.tags.clone();
    let id = world.blank(name, &account.user);
    let blank = world.items.remove(&id).expect("just made");
    let made = patch::apply(world, &blank, &request.body, account);
    if made.is_err() || flag(request, "validateOnly") {
        world.next_id = id;
        world.tags = tags;
    }
    let mut made = made?;
    may_save(world, &made)?;
    world.date(&blank, &mut made, &account.user);
    save(world, made, request, base)
}

fn update(
    world: &mut World,
    request: &Request,
    id: &str,
    in_project: bool,
    account: &Account,
    kind: &str,
    base: &str,
) -> Result<Answer, Refusal> {
    may_write(world, request, account, kind)?;
    let before = world.items[&here(world, id, in_project)?].clone();
    let mut after = patch::apply(world, &before, &request.body, account)?;
    may_save(world, &before)?;
    may_save(world, &after)?;
    world.date(&before, &mut after, &account.user);
    save(world, after, request, base)
}

fn save(world: &mut World, mut item: super::Item, request: &Request, base: &str) -> Result<Answer, Refusal> {
    let expand = parameter(request, "$expand").unwrap_or("relations").to_lowercase();
    item.rev += 1;
    item.notifications += usize::from(!flag(request, "suppressNotifications"));
    item.fields.insert("System.CommentCount".to_owned(), json!(item.comments.len()));
    let mut shown = world.show(&item, None, &expand, base);
    if !flag(request, "validateOnly") {
        world.items.insert(item.id, item);
    } else if item.rev == 1 {
        // What was never saved has no number.
        shown["id"] = json!(-1);
    }
    Ok(Answer::json(&shown))
}
