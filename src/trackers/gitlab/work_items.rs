//! What only GraphQL knows of an issue: work-item status, custom fields, health status. Asked for only where the mapping
//! names one of them.
//!
//! <https://docs.gitlab.com/api/graphql/reference/#workitemupdateinput>

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Error;
use super::client::Api;
use crate::trackers::http::Kind;

const TYPES: &str = "query($path: ID!) { namespace(fullPath: $path) { workItemTypes(name: ISSUE) { nodes { \
    widgetDefinitions { type \
    ... on WorkItemWidgetDefinitionStatus { allowedStatuses { id name category } } \
    ... on WorkItemWidgetDefinitionCustomFields { customFieldValues { customField { \
    id name fieldType selectOptions { id value } } } } } } } } }";

const ITEMS: &str = "query($path: ID!, $labels: [String!], $state: IssuableState, $iids: [String!], $after: String) { \
    project(fullPath: $path) { workItems(labelName: $labels, state: $state, iids: $iids, first: 100, after: $after) { \
    pageInfo { hasNextPage endCursor } nodes { iid widgets { type WIDGETS } } } } }";

const STATUS: &str = "... on WorkItemWidgetStatus { status { name } }";
const HEALTH: &str = "... on WorkItemWidgetHealthStatus { healthStatus }";
/// The values' types differ, so that they need names of their own.
const CUSTOM: &str = "... on WorkItemWidgetCustomFields { customFieldValues { customField { id } \
    ... on WorkItemTextFieldValue { text: value } ... on WorkItemNumberFieldValue { number: value } \
    ... on WorkItemSelectFieldValue { selectedOptions { value } } DATE } }";
const DATE: &str = "... on WorkItemDateFieldValue { date: value }";

const UPDATE: &str = "mutation($input: WorkItemUpdateInput!) { workItemUpdate(input: $input) { errors } }";

/// What issues of this project can have: it depends on the tier and on the settings of the group.
#[derive(Debug, Default)]
pub(super) struct Abilities {
    /// Names of widgets: `WEIGHT`, `STATUS`, `HEALTH_STATUS`, `CUSTOM_FIELDS` … Empty where GitLab does not tell.
    pub widgets: BTreeSet<String>,
    /// Work-item statuses.
    pub statuses: Vec<Status>,
    /// Custom fields.
    pub custom: Vec<CustomField>,
}

impl Abilities {
    /// The parts of a query for what there is: an older server refuses a query that names a newer type.
    fn widgets_to_read(&self) -> String {
        let mut widgets = Vec::new();
        if !self.statuses.is_empty() {
            widgets.push(STATUS.to_owned());
        }
        if self.widgets.contains("HEALTH_STATUS") {
            widgets.push(HEALTH.to_owned());
        }
        if !self.custom.is_empty() {
            let dates = self.custom.iter().any(|field| field.field_type.eq_ignore_ascii_case("date"));
            widgets.push(CUSTOM.replace("DATE", if dates { DATE } else { "" }));
        }
        widgets.join(" ")
    }
}

/// A work-item status.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub id: String,
    pub name: String,
    /// `triage`, `to_do`, `in_progress`, `done`, `canceled`.
    #[serde(default)]
    pub category: Option<String>,
}

impl Status {
    /// Whether an issue with this status is open, where GitLab tells.
    pub(super) fn open(&self) -> Option<bool> {
        self.category.as_deref().map(|category| !matches!(category.to_lowercase().as_str(), "done" | "canceled"))
    }
}

/// A custom field of the group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomField {
    pub id: String,
    pub name: String,
    /// `SINGLE_SELECT`, `MULTI_SELECT`, `NUMBER`, `TEXT`, `DATE`.
    #[serde(default)]
    pub field_type: String,
    #[serde(default)]
    pub select_options: Option<Vec<SelectOption>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct SelectOption {
    pub id: String,
    pub value: String,
}

impl CustomField {
    fn is_select(&self) -> bool {
        self.field_type.to_uppercase().ends_with("SELECT")
    }

    /// The part of a mutation that sets the field; `Err` where the value is none that it can have.
    pub(super) fn input(&self, value: Option<&str>) -> Result<Value, String> {
        let mut input = json!({ "customFieldId": self.id });
        let kind = self.field_type.to_uppercase();
        let (name, value) = match value {
            _ if self.is_select() => {
                let named = value.into_iter().flat_map(|value| value.split(',')).map(str::trim);
                let options = self.select_options.as_deref().unwrap_or_default();
                let ids = named.map(|name| {
                    let option = options.iter().find(|option| option.value.eq_ignore_ascii_case(name));
                    option.map(|option| option.id.clone()).ok_or_else(|| name.to_owned())
                });
                ("selectedOptionIds", json!(ids.collect::<Result<Vec<_>, String>>()?))
            }
            None => (if kind == "NUMBER" { "numberValue" } else { "textValue" }, Value::Null),
            Some(value) if kind == "NUMBER" => {
                ("numberValue", json!(value.trim().parse::<f64>().map_err(|_| value.to_owned())?))
            }
            Some(value) if kind == "DATE" => ("dateValue", json!(value)),
            Some(value) => ("textValue", json!(value)),
        };
        input[name] = value;
        Ok(input)
    }
}

/// What GraphQL says of one issue.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub status: Option<String>,
    pub health: Option<String>,
    /// Values by the field's id.
    pub custom: BTreeMap<String, String>,
}

impl Api {
    /// Asks what issues of a project can have. A server without GraphQL, or too old for it, can have nothing. Any other
    /// failure is one: fields would otherwise turn into labels for one run.
    pub(super) async fn abilities(&self, path: &str) -> Result<Abilities, Error> {
        let answer = self.graphql(Kind::Read, "ask for work-item fields", TYPES, &json!({ "path": path })).await;
        let data = match answer {
            Ok(data) => data,
            Err(Error::Refused { detail, .. }) if is_too_old(&detail) => {
                tracing::debug!(detail, "this GitLab does not know work-item fields");
                return Ok(Abilities::default());
            }
            Err(Error::NotFound { .. }) => return Ok(Abilities::default()),
            Err(error) => return Err(error),
        };
        let mut abilities = Abilities::default();
        let types = &data["namespace"]["workItemTypes"]["nodes"];
        let widgets = types.as_array().into_iter().flatten().flat_map(|kind| kind["widgetDefinitions"].as_array());
        for widget in widgets.flatten() {
            abilities.widgets.extend(widget["type"].as_str().map(str::to_uppercase));
            abilities.statuses.extend(list(&widget["allowedStatuses"]));
            let fields = widget["customFieldValues"].as_array().into_iter().flatten();
            abilities.custom.extend(fields.filter_map(|value| CustomField::deserialize(&value["customField"]).ok()));
        }
        Ok(abilities)
    }

    /// Reads what GraphQL knows of the issues of a filter, by their number.
    pub(super) async fn items(
        &self,
        path: &str,
        abilities: &Abilities,
        filter: &Value,
    ) -> Result<BTreeMap<u64, Item>, Error> {
        let query = ITEMS.replace("WIDGETS", &abilities.widgets_to_read());
        let mut items = BTreeMap::new();
        let mut variables = json!({ "path": path });
        if let (Some(variables), Some(filter)) = (variables.as_object_mut(), filter.as_object()) {
            variables.extend(filter.clone());
        }
        let mut paging = self.paging("list work items");
        loop {
            let data = self.graphql(Kind::Read, "list work items", &query, &variables).await?;
            let page = &data["project"]["workItems"];
            items.extend(page["nodes"].as_array().into_iter().flatten().filter_map(item));
            let info = &page["pageInfo"];
            if info["hasNextPage"] != true || info["endCursor"] == variables["after"] {
                return Ok(items);
            }
            paging.go_on(&info["endCursor"])?;
            variables["after"] = info["endCursor"].clone();
        }
    }

    /// Changes what only GraphQL can.
    pub(super) async fn update_item(&self, id: u64, input: &Value, read_at: Option<Instant>) -> Result<(), Error> {
        let what = "set work-item fields";
        let mut input = input.clone();
        input["id"] = json!(format!("gid://gitlab/WorkItem/{id}"));
        let data = self.graphql_based_on(Kind::Write, what, UPDATE, &json!({ "input": input }), read_at).await?;
        let errors: Vec<String> = list(&data["workItemUpdate"]["errors"]);
        if data["workItemUpdate"].is_null() || !errors.is_empty() {
            return Err(Error::Refused { what: what.to_owned(), detail: errors.join("; ") });
        }
        Ok(())
    }
}

/// Whether GraphQL refused a query for names that a newer version knows.
fn is_too_old(detail: &str) -> bool {
    ["doesn't exist on type", "No such type", "doesn't accept argument"].iter().any(|text| detail.contains(text))
}

fn list<T: for<'de> Deserialize<'de>>(value: &Value) -> Vec<T> {
    value.as_array().into_iter().flatten().filter_map(|entry| T::deserialize(entry).ok()).collect()
}

fn item(node: &Value) -> Option<(u64, Item)> {
    let iid = node["iid"].as_str()?.parse().ok()?;
    let mut item = Item::default();
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())),
        _ => None,
    };
    for widget in node["widgets"].as_array()? {
        item.status = item.status.or_else(|| text(&widget["status"]["name"]));
        item.health = item.health.or_else(|| text(&widget["healthStatus"]));
        for value in widget["customFieldValues"].as_array().into_iter().flatten() {
            let options = value["selectedOptions"].as_array().map(|options| {
                options.iter().filter_map(|option| option["value"].as_str()).collect::<Vec<_>>().join(", ")
            });
            let plain = ["text", "number", "date"].iter().find_map(|name| text(&value[*name]));
            if let (Some(id), Some(value)) = (value["customField"]["id"].as_str(), plain.or(options)) {
                item.custom.insert(id.to_owned(), value);
            }
        }
    }
    item.custom.retain(|_, value| !value.is_empty());
    Some((iid, item))
}
