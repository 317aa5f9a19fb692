//! Issue fields: an organization's own fields of issues (public preview), which stand beside the fields of Projects and
//! take their place where both have one of a name.
//!
//! <https://docs.github.com/en/rest/orgs/issue-fields>, <https://docs.github.com/en/rest/issues/issue-field-values>

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::project::{Project, same, spellings};
use super::setup::Wanted;
use crate::issue::{FieldEdit, IssueId};
use crate::trackers::http::{Kind, Request};
use crate::trackers::{Error, Problem};

/// What a query must select below an issue. GitHub gives `value` in a type of its own for each kind.
pub(super) const VALUES: &str = "  issueFieldValues(first: 100) { nodes {
    ... on IssueFieldSingleSelectValue { text: name field { ... on IssueFieldSingleSelect { name } } }
    ... on IssueFieldTextValue { text: value field { ... on IssueFieldText { name } } }
    ... on IssueFieldNumberValue { number: value field { ... on IssueFieldNumber { name } } }
    ... on IssueFieldDateValue { text: value field { ... on IssueFieldDate { name } } }
  } }\n";

/// An issue field as the API gives it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct IssueField {
    id: u64,
    name: String,
    data_type: String,
    #[serde(default)]
    options: Option<Vec<FieldOption>>,
}

/// An option of a single-select field.
#[derive(Debug, Clone, Deserialize)]
struct FieldOption {
    id: u64,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    color: Option<String>,
}

impl IssueField {
    /// A value as the API takes it; `None` where the field cannot hold it.
    fn input(&self, value: &str) -> Option<Value> {
        match self.data_type.as_str() {
            "single_select" => self.options().find(|option| same(&option.name, value)).map(|o| json!(o.name)),
            "text" => Some(json!(value)),
            "number" => Some(json!(value.trim().parse::<f64>().ok().filter(|number| number.is_finite())?)),
            "date" => Some(json!(value.trim().parse::<chrono::NaiveDate>().ok()?.to_string())),
            _ => None,
        }
    }

    fn options(&self) -> impl Iterator<Item = &FieldOption> {
        self.options.iter().flatten()
    }

    /// What keeps a value from being written, where something does.
    fn problem(&self, value: &str) -> Option<Problem> {
        let name = &self.name;
        let (what, hint, fixable) = match (self.input(value), self.data_type.as_str()) {
            (Some(_), _) => return None,
            (None, "single_select") => (
                format!("the organization's issue field `{name}` has no option `{value}`"),
                format!(
                    "add the option `{value}` in the organization's settings (Planning > Issue fields), or run \
                     `findsync check --fix` with a token of one of its owners (classic: the scope `admin:org`)"
                ),
                true,
            ),
            (None, kind @ ("number" | "date")) => (
                format!("`{value}` is not a value for the organization's issue field `{name}`"),
                format!("write a {}", if kind == "date" { "date as YYYY-MM-DD" } else { "number" }),
                false,
            ),
            (None, kind) => (
                format!("the organization's issue field `{name}` is of a kind that cannot be set: {kind}"),
                "use a single-select, text, number or date field".to_owned(),
                false,
            ),
        };
        Some(Problem { what, hint, fixable })
    }
}

/// The issue fields that the mapping's names mean.
#[derive(Debug, Clone, Default)]
pub(super) struct IssueFields {
    /// By the mapping's name.
    used: BTreeMap<String, IssueField>,
    /// Those of which the mapping names no option, so that its values stay where they were.
    unused: BTreeMap<String, IssueField>,
    /// Whether GraphQL gives their values; else REST is asked.
    pub(super) in_graphql: bool,
}

impl IssueFields {
    /// Finds what each name means. A field of which the mapping names no option at all is meant only where the values
    /// have no other place: every organization gets a `Priority` when issue fields are switched on, and a mapping that
    /// worked before must not stop for that.
    pub(super) fn new(known: &[IssueField], wanted: &Wanted, project: Option<&Project>) -> Self {
        let mut fields = Self::default();
        for name in &wanted.fields {
            let named = |field: &&IssueField| spellings(name).any(|spelling| same(&field.name, spelling));
            let Some(field) = known.iter().find(named) else { continue };
            let mut values = wanted.values_of(name).peekable();
            let fits = values.peek().is_none() || values.any(|value| field.input(value).is_some());
            let has_no_other_place =
                project.is_some_and(|project| project.field(name).is_none_or(|f| f.is_elsewhere()));
            let list = if fits || has_no_other_place { &mut fields.used } else { &mut fields.unused };
            list.insert(name.clone(), field.clone());
        }
        fields
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.used.contains_key(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// What keeps the mapping's values from being written.
    pub(super) fn problems(&self, wanted: &Wanted) -> Vec<Problem> {
        let of_field =
            |(name, field): (&String, &IssueField)| wanted.values_of(name).filter_map(|v| field.problem(v)).collect();
        self.used.iter().flat_map(|entry| -> Vec<Problem> { of_field(entry) }).collect()
    }

    /// Which of its places a name means, for people.
    pub(super) fn meaning(&self, name: &str, place: &str) -> String {
        if let Some(field) = self.used.get(name) {
            return format!("`{name}` is the organization's issue field `{}`", field.name);
        }
        match self.unused.get(name) {
            Some(field) => format!(
                "`{name}` is {place}: the organization's issue field `{}` has none of the mapping's values as option",
                field.name
            ),
            None => format!("`{name}` is {place}"),
        }
    }

    /// The values of an issue, by the mapping's names.
    pub(super) fn read(&self, values: Vec<FieldValue>) -> impl Iterator<Item = (&String, String)> {
        self.used.iter().filter_map(move |(name, field)| {
            let value = values.iter().find(|value| value.name().is_some_and(|known| same(known, &field.name)))?;
            Some((name, value.text()?))
        })
    }

    /// Values to set, as the API takes them, and the fields to empty. What the mapping itself names was looked for at
    /// the start: a refusal is of this issue only.
    pub(super) fn writes(&self, edits: &[FieldEdit]) -> Result<FieldWrites, Error> {
        let mut writes = FieldWrites::default();
        let mut problems = Vec::new();
        for edit in edits {
            let Some(field) = self.used.get(&edit.name) else { continue };
            match edit.value.as_deref().filter(|value| !value.trim().is_empty()) {
                None => writes.clear.push(field.id),
                Some(value) => match field.input(value) {
                    Some(value) => writes.set.push(json!({ "field_id": field.id, "value": value })),
                    None => problems.extend(field.problem(value).map(|problem| problem.what)),
                },
            }
        }
        match problems.is_empty() {
            true => Ok(writes),
            false => Err(Error::Refused { what: "set issue fields".to_owned(), detail: problems.join("; ") }),
        }
    }
}

/// What is to be written to issue fields.
#[derive(Debug, Default)]
pub(super) struct FieldWrites {
    /// `issue_field_values`.
    pub(super) set: Vec<Value>,
    clear: Vec<u64>,
}

impl FieldWrites {
    pub(super) const fn is_empty(&self) -> bool {
        self.set.is_empty() && self.clear.is_empty()
    }
}

/// A value, as GraphQL or REST gives it.
#[derive(Debug, Deserialize)]
pub(super) struct FieldValue {
    #[serde(default)]
    field: Option<FieldName>,
    #[serde(default)]
    issue_field_name: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    number: Option<f64>,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    single_select_option: Option<FieldName>,
}

#[derive(Debug, Deserialize)]
struct FieldName {
    name: String,
}

impl FieldValue {
    fn name(&self) -> Option<&str> {
        self.issue_field_name.as_deref().or(self.field.as_ref().map(|field| field.name.as_str()))
    }

    fn text(&self) -> Option<String> {
        let option = self.single_select_option.as_ref().map(|option| option.name.clone());
        let plain = self.value.as_ref().and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            // Rust writes 5.0 as `5`, as people do.
            Value::Number(number) => number.as_f64().map(|number| number.to_string()),
            _ => None,
        });
        let text = option.or_else(|| self.text.clone()).or_else(|| self.number.map(|n| n.to_string())).or(plain);
        text.filter(|text| !text.is_empty())
    }
}

impl GitHub {
    /// The organization's issue fields, asked once; none where it has none, or the token may not see them.
    pub(super) async fn known_issue_fields(&self) -> Result<&[IssueField], Error> {
        let ask = async {
            if self.wanted.fields.is_empty() {
                return Ok(Vec::new());
            }
            let url = self.api.address.organization(&["issue-fields"]);
            match self.api.call(Request::get("list the organization's issue fields", url)).await {
                // What a newer GitHub has may have another shape.
                Ok(response) => Ok(response
                    .json::<Vec<Value>>()?
                    .into_iter()
                    .filter_map(|field| IssueField::deserialize(field).ok())
                    .collect()),
                Err(error @ (Error::NotFound { .. } | Error::Forbidden { .. })) => {
                    tracing::debug!(%error, "no issue fields");
                    Ok(Vec::new())
                }
                Err(error) => Err(error),
            }
        };
        self.issue_fields.get_or_try_init(|| ask).await.map(Vec::as_slice)
    }

    /// Whether GraphQL knows issue fields: a public preview that a server may lack.
    pub(super) async fn knows_field_values(&self) -> Result<bool, Error> {
        const DOCUMENT: &str = "{ __type(name: \"Issue\") { fields { name } } }";
        let answer = self.api.query("ask whether GraphQL has issue fields", DOCUMENT, json!({})).await?;
        let fields = answer.data["__type"]["fields"].as_array();
        Ok(fields.is_some_and(|fields| fields.iter().any(|field| field["name"] == "issueFieldValues")))
    }

    /// Whether the mapping may mean issue fields, so that more must be known before the first page.
    pub(super) async fn may_mean_issue_fields(&self) -> Result<bool, Error> {
        let known = self.known_issue_fields().await?;
        let is_named =
            |name: &String| known.iter().any(|field| spellings(name).any(|spelling| same(&field.name, spelling)));
        Ok(self.wanted.fields.iter().any(is_named))
    }

    /// Writes issue fields of an issue that was read: those that are named, and no others.
    pub(super) async fn write_issue_fields(&self, id: &IssueId, writes: &FieldWrites) -> Result<(), Error> {
        let number = id.number.to_string();
        let what = format!("set issue fields of #{number}");
        let mut requests = Vec::new();
        if !writes.set.is_empty() {
            let url = self.api.address.repo(&["issues", &number, "issue-field-values"]);
            let body = json!({ "issue_field_values": writes.set });
            requests.push(Request::new(Kind::Write, Method::POST, what.clone(), url).json(&body));
        }
        for field in &writes.clear {
            let url = self.api.address.repo(&["issues", &number, "issue-field-values", &field.to_string()]);
            requests.push(Request::new(Kind::Write, Method::DELETE, what.clone(), url));
        }
        for request in requests {
            let empties = request.is_delete();
            match self.api.call(self.based_on_reading(request, id)).await {
                Ok(_) => {}
                // It is empty already, or there is no such issue, as the next request will say.
                Err(Error::NotFound { .. }) if empties => {}
                Err(error) => return Err(self.refused(id, &what, error).await?),
            }
        }
        Ok(())
    }

    /// Adds the options that the mapping names to issue fields. The API replaces all options, so those that are there
    /// are sent again, with their ids. Only owners may: others are told what is missing.
    pub(super) async fn add_issue_field_options(&self, fields: &IssueFields) -> Result<Vec<String>, Error> {
        let mut done = Vec::new();
        for (name, field) in fields.used.iter().filter(|(_, field)| field.data_type == "single_select") {
            let mut missing: Vec<&str> = Vec::new();
            for value in self.wanted.values_of(name) {
                if field.input(value).is_none() && !missing.iter().any(|known| same(known, value)) {
                    missing.push(value);
                }
            }
            if missing.is_empty() {
                continue;
            }
            let there = field.options().map(|option| {
                json!({ "id": option.id, "name": option.name, "description": option.description,
                    "color": option.color.as_deref().unwrap_or("gray") })
            });
            let new = missing.iter().map(|value| {
                let (color, description) = self.option_style(name, value);
                json!({ "name": value, "color": color.to_lowercase(), "description": description })
            });
            let mut options: Vec<Value> = there.chain(new).collect();
            for (priority, option) in options.iter_mut().enumerate() {
                option["priority"] = json!(priority + 1);
            }
            let url = self.api.address.organization(&["issue-fields", &field.id.to_string()]);
            let what = format!("add options to the organization's issue field `{}`", field.name);
            let request = Request::new(Kind::Write, Method::PATCH, what, url).json(&json!({ "options": options }));
            match self.api.call(request).await {
                Ok(_) => {
                    let missing = missing.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
                    done.push(format!("added {missing} to the organization's issue field `{}`", field.name));
                }
                Err(error @ (Error::Forbidden { .. } | Error::NotFound { .. })) => {
                    tracing::warn!(%error, "the token may not add options to issue fields");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}
