//! A Project (v2): its fields and options, and how a value is written to one.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::DUE_DATE;
use crate::trackers::Problem;

/// What a query must select below `projectV2`.
pub(super) const SELECTION: &str = "id closed viewerCanUpdate fields(first: 100) { nodes {
    __typename
    ... on ProjectV2Field { id name dataType }
    ... on ProjectV2SingleSelectField { id name dataType options { id name color description } }
    ... on ProjectV2IterationField { id name dataType configuration {
      iterations { id title } completedIterations { id title } } }
  } }";

/// A Project as the API gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) closed: bool,
    pub(super) viewer_can_update: bool,
    fields: Fields,
}

#[derive(Debug, Clone, Deserialize)]
struct Fields {
    #[serde(deserialize_with = "known_fields")]
    nodes: Vec<Field>,
}

/// The fields of kinds that findsync knows; a newer GitHub has others.
fn known_fields<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Field>, D::Error> {
    let nodes = Option::<Vec<Value>>::deserialize(from)?.unwrap_or_default();
    let known = |node: Value| {
        let kind = node["__typename"].as_str().unwrap_or_default().to_owned();
        Field::deserialize(node)
            .inspect_err(|_| tracing::info!(kind, "left out a Project's field of a kind unknown"))
            .ok()
    };
    Ok(nodes.into_iter().filter_map(known).collect())
}

/// A field. What a kind of field does not have is empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data_type: String,
    #[serde(default)]
    pub(super) options: Vec<SelectOption>,
    #[serde(default)]
    configuration: Iterations,
}

/// An option of a single-select field.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SelectOption {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) color: String,
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iterations {
    #[serde(default)]
    iterations: Vec<Iteration>,
    #[serde(default)]
    completed_iterations: Vec<Iteration>,
}

#[derive(Debug, Clone, Deserialize)]
struct Iteration {
    id: String,
    title: String,
}

impl Project {
    /// A field by its name, in any case.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        spellings(name).find_map(|name| self.fields.nodes.iter().find(|field| same(&field.name, name)))
    }

    /// What keeps a value from being written to a field, where something does.
    pub(super) fn problem(&self, name: &str, value: Option<&str>) -> Option<Problem> {
        let problem = |what: String, hint: String, fixable| Some(Problem { what, hint, fixable });
        let Some(field) = self.field(name) else {
            if is_due(name) {
                return Some(no_due_date());
            }
            let hint = format!("add a single-select field `{name}` to the Project, or run `findsync check --fix`");
            return problem(format!("the Project has no field `{name}`"), hint, true);
        };
        let value = value?;
        match (field.input(value), field.data_type.as_str()) {
            (Some(_), _) => None,
            (None, "SINGLE_SELECT") if field.is_elsewhere() => problem(
                format!("the Project's field `{name}` is an issue field of the organization, which the token may not see"),
                "give a fine-grained token or an App the organization's permission Issue fields: read, a classic token the \
                 scope `read:org`; the workflow's GITHUB_TOKEN cannot see them"
                    .to_owned(),
                false,
            ),
            (None, "SINGLE_SELECT") => problem(
                format!("the Project's field `{name}` has no option `{value}`"),
                format!("add the option `{value}` to the field, or run `findsync check --fix`"),
                true,
            ),
            (None, "ITERATION") => problem(
                format!("the Project's field `{name}` has no iteration `{value}`"),
                format!("add the iteration `{value}` to the field"),
                false,
            ),
            (None, kind @ ("NUMBER" | "DATE")) => problem(
                format!("`{value}` is not a value for the Project's field `{name}`"),
                format!("write a {}", if kind == "DATE" { "date as YYYY-MM-DD" } else { "number" }),
                false,
            ),
            (None, kind) => problem(
                format!("the Project's field `{name}` is of a kind that cannot be set: {kind}"),
                "use a single-select, text, number, date or iteration field".to_owned(),
                false,
            ),
        }
    }
}

impl Field {
    /// Whether it only shows an organization's issue field: such a one has no options here, and cannot be written here.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.data_type == "SINGLE_SELECT" && self.options.is_empty()
    }

    /// A value as `ProjectV2FieldValue`; `None` where the field cannot hold it.
    pub(super) fn input(&self, value: &str) -> Option<Value> {
        match self.data_type.as_str() {
            "SINGLE_SELECT" => {
                let option = self.options.iter().find(|option| same(&option.name, value))?;
                Some(json!({ "singleSelectOptionId": option.id }))
            }
            "ITERATION" => {
                let Iterations { iterations, completed_iterations } = &self.configuration;
                let mut all = iterations.iter().chain(completed_iterations);
                Some(json!({ "iterationId": all.find(|iteration| same(&iteration.title, value))?.id }))
            }
            "TEXT" => Some(json!({ "text": value })),
            "NUMBER" => Some(json!({ "number": value.trim().parse::<f64>().ok().filter(|n| n.is_finite())? })),
            "DATE" => Some(json!({ "date": value.trim().parse::<chrono::NaiveDate>().ok()?.to_string() })),
            _ => None,
        }
    }
}

/// A field's value in an item, as text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemValue {
    name: Option<String>,
    text: Option<String>,
    number: Option<f64>,
    date: Option<String>,
    title: Option<String>,
}

/// What a query must select below `fieldValueByName`.
pub(super) const VALUE: &str = "... on ProjectV2ItemFieldSingleSelectValue { name }
      ... on ProjectV2ItemFieldTextValue { text }
      ... on ProjectV2ItemFieldNumberValue { number }
      ... on ProjectV2ItemFieldDateValue { date }
      ... on ProjectV2ItemFieldIterationValue { title }";

impl ItemValue {
    pub(super) fn into_text(self) -> Option<String> {
        // Rust writes 5.0 as `5`, as people do.
        let number = self.number.map(|number| number.to_string());
        self.name.or(self.text).or(self.date).or(self.title).or(number).filter(|text| !text.is_empty())
    }
}

/// The name by which findsync writes when an issue is due. GitHub's issues have no such part of their own.
pub(super) const DUE: &str = DUE_DATE;

/// Whether a name means when an issue is due.
pub(super) fn is_due(name: &str) -> bool {
    name.eq_ignore_ascii_case(DUE)
}

/// What a field of the mapping's may be called. `Target date` is what organizations have by default.
pub(super) fn spellings(name: &str) -> impl Iterator<Item = &str> {
    let due: &[&str] = if is_due(name) { &["Due date", "Target date", "Due"] } else { &[] };
    std::iter::once(name).chain(due.iter().copied())
}

/// There is nowhere to write when an issue is due.
pub(super) fn no_due_date() -> Problem {
    Problem {
        what: "there is no field for when an issue is due".to_owned(),
        hint:
            "add a date field `Target date` to the Project, or to the organization's issue fields; or leave `due` out"
                .to_owned(),
        fixable: false,
    }
}

/// GitHub's names of options, fields and labels do not tell upper from lower case apart.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.trim().to_lowercase()
}
