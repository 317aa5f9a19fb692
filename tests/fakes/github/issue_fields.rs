//! Issue fields of the fake's organization, and their values, after the documentation:
//! <https://docs.github.com/en/rest/orgs/issue-fields>, <https://docs.github.com/en/rest/issues/issue-field-values>.

use axum::http::Method;
use serde_json::{Value, json};

use super::Answer;
use super::rest::{Call, find, validation};
use super::world::{Account, Issue, Role, TokenKind, World};

/// A field of every issue in the organization.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueField {
    pub id: u64,
    pub name: String,
    /// `single_select`, `text`, `number`, `date`.
    pub kind: &'static str,
    /// Id, name, colour.
    pub options: Vec<(u64, String, String)>,
}

impl IssueField {
    pub fn new(id: u64, name: &str, kind: &'static str, options: &[&str]) -> Self {
        let options = options.iter().zip(id * 100..).map(|(name, id)| (id, (*name).to_owned(), "gray".to_owned()));
        Self { id, name: name.to_owned(), kind, options: options.collect() }
    }

    fn json(&self) -> Value {
        let option = |(id, name, color): &(u64, String, String)| json!({ "id": id, "name": name, "color": color });
        let mut field = json!({ "id": self.id, "node_id": "IF_1", "name": self.name, "data_type": self.kind });
        if self.kind == "single_select" {
            field["options"] = self.options.iter().map(option).collect();
        }
        field
    }

    fn takes(&self, value: &Value) -> bool {
        match self.kind {
            "single_select" => self.options.iter().any(|(_, name, _)| *value == json!(name)),
            "number" => value.is_number(),
            "date" => value.as_str().is_some_and(|day| day.len() == 10),
            _ => value.is_string(),
        }
    }
}

/// The organization's fields: everybody in it lists them, its owners change them.
pub fn of_organization(world: &mut World, account: &Account, owner: &str, rest: &[&str], call: &Call<'_>) -> Answer {
    if !owner.eq_ignore_ascii_case(world.owner) || account.role == Role::None || account.bot {
        return Answer::message(404, "Not Found");
    }
    match (call.method, rest) {
        (&Method::GET, []) => Answer::new(200, world.issue_fields.iter().map(IssueField::json).collect()),
        (&Method::PATCH, [id]) => {
            let is_owner = matches!(account.token, TokenKind::Classic(scopes) if scopes.contains("admin:org"));
            let field = world.issue_fields.iter_mut().find(|field| field.id.to_string() == *id);
            let Some(field) = field.filter(|_| is_owner) else { return Answer::message(404, "Not Found") };
            let body = call.json();
            let mut options = Vec::new();
            for (at, option) in body["options"].as_array().into_iter().flatten().enumerate() {
                let text = |key: &str| option[key].as_str().unwrap_or_default().to_owned();
                if text("name").is_empty() || text("color").is_empty() || !option["priority"].is_u64() {
                    return validation("Validation Failed", json!([]));
                }
                // One without its id is another one, and the values of the old one are gone.
                let id = option["id"].as_u64().unwrap_or(field.id * 1_000 + at as u64);
                options.push((id, text("name"), text("color")));
            }
            field.options = options;
            Answer::new(200, field.json())
        }
        _ => Answer::message(404, "Not Found"),
    }
}

/// Values of one issue: `POST` adds and changes, `DELETE` takes one away.
pub fn of_issue(world: &mut World, account: &Account, number: &str, rest: &[&str], call: &Call<'_>) -> Answer {
    let number = match find(world, number) {
        Ok(issue) => issue.number,
        Err(answer) => return answer,
    };
    if *call.method != Method::GET && account.role < Role::Write {
        return Answer::message(403, account.token.refusal());
    }
    match (call.method, rest) {
        (&Method::POST, []) => {
            if let Err(refusal) = set(world, number, &call.json()["issue_field_values"]) {
                return refusal;
            }
        }
        (&Method::DELETE, [field]) => {
            let values = &mut world.issue(number).expect("it is there").field_values;
            let removed = field.parse().ok().and_then(|id: u64| values.remove(&id));
            return match removed {
                Some(_) => Answer::new(204, Value::Null),
                None => Answer::message(404, "Not Found"),
            };
        }
        (&Method::GET, []) => {}
        _ => return Answer::message(404, "Not Found"),
    }
    let issue = world.issue(number).expect("it is there").clone();
    Answer::new(200, values(world, &issue))
}

/// Sets values; nothing where one of them is refused.
pub fn set(world: &mut World, number: u64, values: &Value) -> Result<(), Answer> {
    let mut taken = Vec::new();
    for value in values.as_array().into_iter().flatten() {
        let field = world.issue_fields.iter().find(|field| value["field_id"] == json!(field.id));
        match field.filter(|field| field.takes(&value["value"])) {
            Some(field) => taken.push((field.id, value["value"].clone())),
            None => return Err(validation("Validation Failed", json!(["The value is not valid for the issue field"]))),
        }
    }
    world.issue(number).expect("it is there").field_values.extend(taken);
    Ok(())
}

/// An issue's values, as REST shows them.
pub fn values(world: &World, issue: &Issue) -> Value {
    let shown = issue.field_values.iter().filter_map(|(id, value)| {
        let field = world.issue_fields.iter().find(|field| field.id == *id)?;
        let mut shown = json!({ "issue_field_id": id, "issue_field_name": field.name, "node_id": "IFV_1",
            "data_type": field.kind, "value": value });
        if let Some((id, name, color)) = field.options.iter().find(|(_, name, _)| *value == json!(name)) {
            shown["single_select_option"] = json!({ "id": id, "name": name, "color": color });
        }
        Some(shown)
    });
    shown.collect()
}

/// The same as nodes of GraphQL: each one's type and fields.
pub fn nodes<'w>(world: &'w World, issue: &'w Issue) -> impl Iterator<Item = (&'static str, Value)> + use<'w> {
    issue.field_values.iter().filter_map(|(id, value)| {
        let field = world.issue_fields.iter().find(|field| field.id == *id)?;
        let kind = match field.kind {
            "single_select" => "IssueFieldSingleSelectValue",
            "number" => "IssueFieldNumberValue",
            "date" => "IssueFieldDateValue",
            _ => "IssueFieldTextValue",
        };
        Some((kind, json!({ "value": value, "name": value, "field": { "name": field.name } })))
    })
}

/// The type of what stands below a plain node.
pub fn kind(value: &str) -> Option<&'static str> {
    Some(match value {
        "IssueFieldSingleSelectValue" => "IssueFieldSingleSelect",
        "IssueFieldNumberValue" => "IssueFieldNumber",
        "IssueFieldDateValue" => "IssueFieldDate",
        "IssueFieldTextValue" => "IssueFieldText",
        "TransferredEvent" => "Repository",
        _ => return None,
    })
}
