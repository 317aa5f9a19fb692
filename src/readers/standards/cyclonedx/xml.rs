//! CycloneDX XML → the JSON of the same document, so that there is one model.
//!
//! The two schemas mirror one another: an XML element whose name is in `LISTS` holds a list, attributes are members.

use serde_json::{Map, Value};

use crate::readers::ReadError;
use crate::readers::load::document;

/// Elements whose children are the elements of a list. All others that matter are objects or texts.
const LISTS: &[&str] = &[
    "components",
    "services",
    "vulnerabilities",
    "references",
    "ratings",
    "cwes",
    "recommendations",
    "advisories",
    "affects",
    "versions",
    "responses",
    "occurrences",
    "properties",
    "dependencies",
    "hashes",
];

/// Reads a document; the root element's value.
pub(super) fn read(path: &str, text: &str) -> Result<Value, ReadError> {
    match document::xml(path, text, false)? {
        Value::Object(root) => root.into_iter().next().map(|(name, value)| mirror(&name, value)),
        _ => None,
    }
    .ok_or_else(|| ReadError::malformed(path, "there is no element"))
}

/// The engine's form of an element as CycloneDX writes it in JSON.
fn mirror(name: &str, value: Value) -> Value {
    // Before 1.5 `tools` held `tool`s; since then `components` and `services`.
    let is_list = LISTS.contains(&name) || (name == "tools" && value.get("tool").is_some());
    let members = match value {
        Value::Object(members) => members,
        _ if is_list => return Value::Array(Vec::new()),
        // An empty element is as good as absent.
        Value::String(text) if text.is_empty() => return Value::Null,
        leaf => return leaf,
    };
    if is_list {
        let children = members.into_iter().filter(|(name, _)| !name.starts_with('@'));
        return children.flat_map(|(name, value)| each(value).map(move |one| mirror(&name, one))).collect();
    }
    let mirrored = members.into_iter().map(|(member, value)| match member.strip_prefix('@') {
        Some(attribute) => (attribute.to_owned(), value),
        // A property has its name as an attribute and its value as text.
        None if member == "#text" => ("value".to_owned(), value),
        None => {
            let first = each(value).next().unwrap_or_default();
            let value = mirror(&member, first);
            (member, value)
        }
    });
    Value::Object(mirrored.collect::<Map<_, _>>())
}

/// Equal siblings: an array where there are several.
fn each(value: Value) -> impl Iterator<Item = Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
    .into_iter()
}
