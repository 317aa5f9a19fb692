//! What Azure DevOps sends and takes, as far as we use it. Lenient: what we do not need is not read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A list: `{"count": n, "value": […]}`, or the bare array that the specification names.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape<T> {
            Wrapped { value: Vec<T> },
            Bare(Vec<T>),
        }
        Shape::deserialize(deserializer).map(|shape| match shape {
            Shape::Wrapped { value } | Shape::Bare(value) => Self(value),
        })
    }
}

/// A work item with its relations.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WorkItem {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) rev: u64,
    #[serde(default)]
    pub(super) fields: Map<String, Value>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) relations: Vec<Relation>,
}

impl WorkItem {
    /// A field's value. Azure DevOps does not tell upper from lower case in reference names.
    pub(super) fn field(&self, reference: &str) -> Option<&Value> {
        let found = self.fields.get(reference);
        found.or_else(|| self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(reference)).map(|(_, v)| v))
    }

    /// A field's value where it is text.
    pub(super) fn text(&self, reference: &str) -> &str {
        self.field(reference).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its tags.
    pub(super) fn tags(&self) -> Vec<String> {
        self.text("System.Tags").split(';').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }
}

/// A link from a work item.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Relation {
    pub(super) rel: String,
    pub(super) url: String,
}

/// What a query finds: ids only.
#[derive(Debug, Deserialize)]
pub(super) struct QueryResult {
    #[serde(rename = "workItems", default, deserialize_with = "null_as_default")]
    pub(super) work_items: Vec<Reference>,
}

/// An id.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) id: u64,
}

/// A work item type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkItemType {
    pub(super) name: String,
    #[serde(default)]
    pub(super) is_disabled: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) states: Vec<StateColor>,
    /// From each state (the empty name: where an item may begin) to others.
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) transitions: BTreeMap<String, Vec<Transition>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) field_instances: Vec<FieldInstance>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) fields: Vec<FieldInstance>,
}

/// A state.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StateColor {
    pub(super) name: String,
    #[serde(default)]
    pub(super) category: Option<String>,
}

/// Where a state may go.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Transition {
    pub(super) to: String,
}

/// A field of a work item type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldInstance {
    pub(super) reference_name: String,
    #[serde(default)]
    pub(super) name: String,
}

/// A field's definition.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldDefinition {
    pub(super) reference_name: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) is_identity: bool,
}

/// A project.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Project {
    pub(super) name: String,
    #[serde(default)]
    pub(super) visibility: String,
}

/// One operation of a JSON Patch.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Operation {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

impl Operation {
    /// The patch holds only for this revision.
    pub(super) fn test_rev(rev: u64) -> Self {
        Self { op: "test", path: "/rev".to_owned(), value: Some(rev.into()) }
    }

    /// Sets a field; for `System.Tags`, adds to what is there.
    pub(super) fn add(reference: &str, value: impl Into<Value>) -> Self {
        Self { op: "add", path: format!("/fields/{reference}"), value: Some(value.into()) }
    }

    /// Sets a field that has a value.
    pub(super) fn replace(reference: &str, value: impl Into<Value>) -> Self {
        Self { op: "replace", path: format!("/fields/{reference}"), value: Some(value.into()) }
    }

    /// Whether this is what a refusal is about, and the item is whole without: who has it, where it is, what it is below.
    pub(super) fn is_refused(&self, says: &str, is_missing: bool) -> bool {
        const OPTIONAL: [(&str, &[&str]); 3] = [
            ("System.AssignedTo", &["'Assigned To'", "unknown identity"]),
            ("System.AreaPath", &["'Area Path'", "'Area ID'", "TF401347"]),
            ("System.IterationPath", &["'Iteration Path'", "'Iteration ID'", "TF401347"]),
        ];
        if let Some(reference) = self.path.strip_prefix("/fields/") {
            let mut known = OPTIONAL.iter().filter(|(name, _)| name.eq_ignore_ascii_case(reference));
            return known.any(|(name, words)| says.contains(name) || words.iter().any(|word| says.contains(word)));
        }
        let rel = self.value.as_ref().and_then(|value| value["rel"].as_str());
        let is_parent = rel.is_some_and(|rel| rel.eq_ignore_ascii_case(super::links::PARENT));
        is_parent && self.op == "add" && (is_missing || ["TF401232", "TF201036"].iter().any(|code| says.contains(code)))
    }

    /// Adds a relation.
    pub(super) fn relate(rel: &str, url: &str, comment: &str) -> Self {
        let value = serde_json::json!({"rel": rel, "url": url, "attributes": {"comment": comment}});
        Self { op: "add", path: "/relations/-".to_owned(), value: Some(value) }
    }

    /// Takes the relation at a place away.
    pub(super) fn unrelate(at: usize) -> Self {
        Self { op: "remove", path: format!("/relations/{at}"), value: None }
    }
}

/// What a refusal says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Refusal {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) message: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) type_key: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) custom_properties: CustomProperties,
}

/// The broken rules of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomProperties {
    #[serde(rename = "RuleValidationErrors", deserialize_with = "null_as_default")]
    pub(super) rules: Vec<BrokenRule>,
}

/// One broken rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BrokenRule {
    #[serde(default)]
    pub(super) field_reference_name: String,
    #[serde(default)]
    pub(super) error_message: String,
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
