//! JSON Patch on a work item with the rules of its type: all or nothing, and all broken rules named at once.

use serde_json::{Value, json};

use super::html;
use super::process::{Field, Type};
use super::world::{Account, Item, World};

/// Why a patch was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) key: &'static str,
    pub(crate) message: String,
    /// Broken rules: field and message.
    pub(crate) rules: Vec<(String, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, key: &'static str, message: impl Into<String>) -> Self {
        Self { status, key, message: message.into(), rules: Vec::new() }
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "VssPropertyValidationException", message)
}

/// What a patch makes of an item; the world's tags grow with it. Revision and dates are the caller's.
pub(crate) fn apply(world: &mut World, before: &Item, document: &Value, account: &Account) -> Result<Item, Refusal> {
    let operations = document.as_array().filter(|ops| !ops.is_empty());
    let operations =
        operations.ok_or_else(|| invalid("You must pass a valid patch document in the body of the request."))?;
    let of_type = world.work_item_type(&before.text("System.WorkItemType")).cloned();
    let of_type = of_type.ok_or_else(|| invalid("the type is not known"))?;
    let mut after = before.clone();
    let mut broken = Vec::new();
    let mut gone = Vec::new();
    for operation in operations {
        let op = operation["op"].as_str().unwrap_or_default();
        let path = operation["path"].as_str().unwrap_or_default();
        let value = &operation["value"];
        if path == "/rev" && op == "test" {
            if value.as_u64() != Some(before.rev) {
                let message = "VS403351: Test Operation for path /rev failed.";
                return Err(Refusal::new(412, "TestPatchOperationFailedException", message));
            }
        } else if let Some(reference) = path.strip_prefix("/fields/") {
            set_field(world, &of_type, before, &mut after, (op, reference, value), account, &mut broken)?;
        } else if let Some(place) = path.strip_prefix("/relations/") {
            relate(world, before, &mut after, (op, place, value), &mut gone)?;
        } else {
            return Err(invalid(format!("The path {path} is not a path of a work item.")));
        }
    }
    gone.sort_unstable();
    gone.iter().rev().for_each(|&at: &usize| drop(after.relations.remove(at)));
    for field in of_type.fields.iter().filter(|f| f.required) {
        if after.text(&field.reference).is_empty() {
            broken.push((field.reference.clone(), "Required, InvalidEmpty".to_owned()));
        }
    }
    if broken.is_empty() {
        return Ok(after);
    }
    let said =
        |(field, code): &(String, String)| format!("TF401320: Rule Error for field {field}. Error code: {code}.");
    let rules: Vec<_> = broken.iter().map(|rule| (rule.0.clone(), said(rule))).collect();
    Err(Refusal { rules, ..Refusal::new(400, "RuleValidationException", said(&broken[0])) })
}

fn set_field(
    world: &mut World,
    of_type: &Type,
    before: &Item,
    after: &mut Item,
    (op, reference, value): (&str, &str, &Value),
    account: &Account,
    broken: &mut Vec<(String, String)>,
) -> Result<(), Refusal> {
    let Some(field) = of_type.field(reference) else {
        let message = format!("TF51535: Cannot find field {reference}.");
        return Err(Refusal::new(400, "WorkItemTrackingFieldDefinitionNotFoundException", message));
    };
    if field.read_only {
        broken.push((field.reference.clone(), "ReadOnly".to_owned()));
        return Ok(());
    }
    match op {
        "add" | "replace" => {}
        "remove" => {
            after.fields.remove(&field.reference);
            return Ok(());
        }
        other => return Err(invalid(format!("The operation {other} is not supported for {reference}."))),
    }
    if value.is_null() || value == "" {
        after.fields.remove(&field.reference);
        return Ok(());
    }
    let stored = match field.reference.as_str() {
        "System.History" => {
            after.comments.push((account.user.clone(), html::clean(value.as_str().unwrap_or_default())));
            return Ok(());
        }
        "System.Tags" => tags(world, after, op == "add", value, account)?,
        "System.State" => state(of_type, before, after, value, broken),
        _ => match typed(world, field, value) {
            Ok(stored) => stored,
            Err(code) => {
                broken.push((field.reference.clone(), code));
                return Ok(());
            }
        },
    };
    after.fields.insert(field.reference.clone(), stored);
    Ok(())
}

/// A state's own spelling, with the reason that follows it; or the broken rule.
fn state(of_type: &Type, before: &Item, after: &mut Item, value: &Value, broken: &mut Vec<(String, String)>) -> Value {
    let wanted = value.as_str().unwrap_or_default();
    let from = if before.rev == 0 { String::new() } else { before.text("System.State") };
    let known = of_type.state(wanted).unwrap_or_default().to_owned();
    if known != from && !of_type.next(&from).contains(&known) {
        broken.push(("System.State".to_owned(), "InvalidListValue, LimitedToValues, HasValues".to_owned()));
    } else if known != from {
        let reason = if before.rev == 0 { "New".to_owned() } else { format!("Moved to state {known}") };
        after.fields.insert("System.Reason".to_owned(), json!(reason));
    }
    json!(known)
}

/// `add` adds to the tags that are there, `replace` replaces them (see the examples of the contract).
fn tags(world: &mut World, item: &Item, adds: bool, value: &Value, account: &Account) -> Result<Value, Refusal> {
    let text = value.as_str().ok_or_else(|| invalid("System.Tags must be a string"))?;
    let mut tags = if adds { item.tags() } else { Vec::new() };
    for tag in text.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if tag.chars().count() > 400 {
            return Err(invalid("VS402489: a tag may have 400 characters"));
        }
        if !world.tags.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
            if !account.tags {
                let message = "TF401289: The current user does not have permissions to create tags.";
                return Err(Refusal::new(403, "AccessDeniedException", message));
            }
            world.tags.push(tag.to_owned());
        }
        if !tags.iter().any(|known: &String| known.eq_ignore_ascii_case(tag)) {
            tags.push(tag.to_owned());
        }
    }
    tags.sort_by_key(|tag| tag.to_lowercase());
    if tags.len() > 100 { Err(invalid("VS402490: an item may have 100 tags")) } else { Ok(json!(tags.join("; "))) }
}

/// The value as the field keeps it, or the code of the broken rule.
fn typed(world: &World, field: &Field, value: &Value) -> Result<Value, String> {
    let wrong = || "InvalidType".to_owned();
    let text = value.as_str();
    let stored = match field.kind.as_str() {
        "integer" => json!(value.as_i64().or_else(|| text?.trim().parse().ok()).ok_or_else(wrong)?),
        "double" => json!(value.as_f64().or_else(|| text?.trim().parse().ok()).ok_or_else(wrong)?),
        "boolean" => json!(value.as_bool().or_else(|| text?.to_lowercase().parse().ok()).ok_or_else(wrong)?),
        "dateTime" => date(text.ok_or_else(wrong)?).ok_or_else(|| "InvalidDate".to_owned())?,
        "treePath" => {
            let nodes = if field.reference.contains("Area") { &world.areas } else { &world.iterations };
            let node = nodes.iter().find(|n| Some(n.to_lowercase()) == text.map(str::to_lowercase));
            json!(node.ok_or_else(|| "InvalidPath (TF401347: Invalid tree name)".to_owned())?)
        }
        "html" => json!(html::clean(text.ok_or_else(wrong)?)),
        _ if field.identity => {
            let name = value["uniqueName"].as_str().or(text).ok_or_else(wrong)?;
            world.identity(name).ok_or_else(|| "InvalidValue, an unknown identity".to_owned())?
        }
        "string" if text.ok_or_else(wrong)?.encode_utf16().count() > 255 => return Err("InvalidTooLong".to_owned()),
        "string" if text.is_some_and(|t| t.contains(['\n', '\r'])) => return Err("InvalidCharacters".to_owned()),
        _ => value.clone(),
    };
    let among = |allowed: &Value| allowed.to_string().eq_ignore_ascii_case(&stored.to_string());
    if field.allowed.is_empty() || field.allowed.iter().any(among) {
        Ok(stored)
    } else {
        Err("InvalidListValue, LimitedToValues, HasValues, AllowsOldValue".to_owned())
    }
}

fn date(text: &str) -> Option<Value> {
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let parts: Vec<u32> = day.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [_, month, day_of_month] = parts[..] else { return None };
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day_of_month) && day.len() == 10;
    fits.then(|| {
        json!(format!("{day}T{}", time.trim_end_matches('Z').split('.').next().unwrap_or_default().to_owned() + "Z"))
    })
}

fn relate(
    world: &World,
    before: &Item,
    after: &mut Item,
    (op, place, value): (&str, &str, &Value),
    gone: &mut Vec<usize>,
) -> Result<(), Refusal> {
    match (op, place) {
        ("add", "-") => {
            let (rel, url) = (value["rel"].as_str().unwrap_or_default(), value["url"].as_str().unwrap_or_default());
            let comment = value["attributes"]["comment"].as_str().unwrap_or_default();
            if comment.chars().count() > 255 {
                return Err(invalid("VS403677: a link's comment may have 255 characters"));
            }
            let twin = |at: usize, r: &Value| r["rel"] == rel && r["url"] == url && !gone.contains(&at);
            if after.relations.iter().enumerate().any(|(at, r)| twin(at, r)) {
                return Err(invalid("TF201036 / VS403316: the relation already exists"));
            }
            match rel {
                "Hyperlink" if url.chars().count() > 2_048 || !url.starts_with("http") || !url.contains("://") => {
                    return Err(invalid(
                        "TF20086: A hyperlink must be an absolute address of at most 2,048 characters",
                    ));
                }
                "Hyperlink" => {}
                _ if rel.starts_with("System.LinkTypes.") => {
                    let id = url.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(0);
                    if !world.items.contains_key(&id) {
                        return Err(Refusal::new(
                            404,
                            "WorkItemUnauthorizedAccessException",
                            "TF401232: no such target",
                        ));
                    }
                    let single = rel == "System.LinkTypes.Hierarchy-Reverse";
                    if single
                        && after.relations.iter().enumerate().any(|(at, r)| r["rel"] == rel && !gone.contains(&at))
                    {
                        return Err(invalid("TF201036: a work item can have one parent only"));
                    }
                }
                _ => return Err(invalid(format!("VS402323: unknown relation type {rel}"))),
            }
            if after.relations.len() - gone.len() >= 1_000 {
                return Err(invalid("VS403329: a work item may have 1,000 relations"));
            }
            let attributes = json!({"comment": comment, "authorizedDate": "2026-01-01T00:00:00Z"});
            after.relations.push(json!({"rel": rel, "url": url, "attributes": attributes}));
        }
        ("remove", place) => {
            let at = place.parse().ok().filter(|&at: &usize| at < before.relations.len() && !gone.contains(&at));
            gone.push(at.ok_or_else(|| invalid(format!("there is no relation {place}")))?);
        }
        (op, place) => return Err(invalid(format!("{op} /relations/{place} is not supported by the fake"))),
    }
    Ok(())
}
