//! The fake's GraphQL mutations.

use apollo_compiler::resolvers::FieldError;
use serde_json::{Value, json};

use super::graphql::{Context, failed};
use super::world::{Field, Item, Role, World};

/// Runs one mutation and gives its payload's plain values.
pub fn run(context: &Context<'_>, name: &str, input: &Value) -> Result<Value, FieldError> {
    let account = context.account;
    let mut world = context.world.borrow_mut();
    let world: &mut World = &mut world;
    let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
    if name == "updateIssue" {
        if !account.token.writes_issues() || account.role < Role::Triage {
            return Err(failed("FORBIDDEN", account.token.refusal()));
        }
        let issue = world.by_node(&text("id")).ok_or_else(|| failed("NOT_FOUND", "Could not resolve to a node"))?;
        if let Some(title) = input["title"].as_str() {
            issue.title = title.to_owned();
        }
        if let Some(body) = input["body"].as_str() {
            if body.chars().count() > 65_536 {
                return Err(failed("UNPROCESSABLE", "Body is too long (maximum is 65536 characters)"));
            }
            issue.body = body.to_owned();
        }
        return Ok(json!({ "clientMutationId": null }));
    }
    if !account.token.reaches_projects() || account.role < Role::Write {
        return Err(failed("FORBIDDEN", account.token.refusal()));
    }
    if name != "updateProjectV2Field" && input["projectId"] != "PVT_7" {
        return Err(failed("NOT_FOUND", "Could not resolve to a node with the global id of the Project"));
    }
    match name {
        "addProjectV2ItemById" => add(world, &text("contentId")),
        "unarchiveProjectV2Item" => {
            item(world, &text("itemId"))?.archived = false;
            Ok(json!({ "clientMutationId": null }))
        }
        "updateProjectV2ItemFieldValue" => {
            let field = field(world, &text("fieldId"))?.clone();
            if world.issue_fields.iter().any(|known| known.name == field.name) {
                let mutation = "updateProjectV2ItemFieldValue";
                return Err(failed(
                    "VALIDATION",
                    format!("Issue field values cannot be updated using the {mutation} mutation"),
                ));
            }
            if !fits(&field, &input["value"]) {
                return Err(failed("VALIDATION", "The value is not valid for the field"));
            }
            let item = item(world, &text("itemId"))?;
            if item.archived {
                return Err(failed("UNPROCESSABLE", "The item is archived and cannot be updated"));
            }
            item.values.insert(field.id, input["value"].clone());
            Ok(json!({ "clientMutationId": null }))
        }
        "clearProjectV2ItemFieldValue" => {
            let field = field(world, &text("fieldId"))?.id.clone();
            item(world, &text("itemId"))?.values.remove(&field);
            Ok(json!({ "clientMutationId": null }))
        }
        "createProjectV2Field" => {
            let id = world.id("F");
            let kind = if input["dataType"] == "SINGLE_SELECT" { "SINGLE_SELECT" } else { "TEXT" };
            let options = options(world, input);
            if kind == "SINGLE_SELECT" && options.is_empty() {
                return Err(failed("UNPROCESSABLE", "A single-select field needs options"));
            }
            let project = world.project.as_mut().expect("a Project");
            if project.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&text("name"))) {
                return Err(failed("UNPROCESSABLE", "Name has already been taken"));
            }
            project.fields.push(Field { id, name: text("name"), kind, options });
            Ok(json!({ "clientMutationId": null }))
        }
        "updateProjectV2Field" => {
            let new = options(world, input);
            let project = world.project.as_mut().expect("a Project");
            let id = text("fieldId");
            let field = project.fields.iter_mut().find(|field| field.id == id);
            let field = field.ok_or_else(|| failed("NOT_FOUND", "Could not resolve to a node"))?;
            // Options that are not sent again are gone.
            field.options = new;
            Ok(json!({ "clientMutationId": null }))
        }
        _ => Err(FieldError { message: format!("unexpected mutation {name}") }),
    }
}

/// The options as sent; one that has the name of an old one keeps its id.
fn options(world: &mut World, input: &Value) -> Vec<(String, String, String)> {
    let old: Vec<_> = world
        .project
        .iter()
        .flat_map(|project| &project.fields)
        .filter(|field| Some(field.id.as_str()) == input["fieldId"].as_str())
        .flat_map(|field| field.options.clone())
        .collect();
    let sent = input["singleSelectOptions"].as_array().cloned().unwrap_or_default();
    sent.iter()
        .map(|option| {
            let text = |key: &str| option[key].as_str().unwrap_or_default().to_owned();
            let id = old.iter().find(|(_, name, _)| *name == text("name")).map(|(id, ..)| id.clone());
            (id.unwrap_or_else(|| world.id("o")), text("name"), text("color"))
        })
        .collect()
}

fn add(world: &mut World, node: &str) -> Result<Value, FieldError> {
    let missing = || failed("NOT_FOUND", "Could not resolve to a node with the global id of the issue");
    let number = world.by_node(node).ok_or_else(missing)?.number;
    let id = world.id("PVTI");
    let (lag, requests) = (world.project_lag, world.requests);
    let project = world.project.as_mut().expect("a Project");
    let on_add = project.on_add;
    let known = project.items.iter().find(|item| item.issue == number).map(|item| item.id.clone());
    let id = known.clone().unwrap_or(id);
    if known.is_none() {
        let visible_from = requests + lag;
        project.items.push(Item {
            id: id.clone(),
            issue: number,
            archived: false,
            values: Default::default(),
            visible_from,
        });
        if let Some(status) = on_add {
            world.set_field(number, "Status", status);
        }
    }
    Ok(json!({ "clientMutationId": null, "item": { "id": id } }))
}

fn item<'w>(world: &'w mut World, id: &str) -> Result<&'w mut Item, FieldError> {
    let items = world.project.iter_mut().flat_map(|project| &mut project.items);
    items.into_iter().find(|item| item.id == id).ok_or_else(|| failed("NOT_FOUND", "Could not resolve to an item"))
}

fn field<'w>(world: &'w World, id: &str) -> Result<&'w Field, FieldError> {
    let mut fields = world.project.iter().flat_map(|project| &project.fields);
    fields.find(|field| field.id == id).ok_or_else(|| failed("NOT_FOUND", "Could not resolve to a field"))
}

fn fits(field: &Field, value: &Value) -> bool {
    let option = |key: &str| field.options.iter().any(|(id, ..)| value[key].as_str() == Some(id));
    match field.kind {
        "SINGLE_SELECT" => option("singleSelectOptionId"),
        "ITERATION" => option("iterationId"),
        "TEXT" => value["text"].is_string(),
        "NUMBER" => value["number"].is_number(),
        "DATE" => value["date"].as_str().is_some_and(|date| date.len() == 10),
        _ => false,
    }
}
