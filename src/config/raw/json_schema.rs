//! The mapping file's JSON schema, for editors.

use serde_json::Value;

/// The JSON schema (draft 2020-12) of the mapping file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(super::File).to_value();
    drop_empty_defaults(&mut schema);
    schema
}

/// A list that may be left out says so by not being required; `default: []` would only be noise in editors.
fn drop_empty_defaults(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("default").is_some_and(|default| *default == Value::Array(Vec::new()) || default.is_object()) {
                map.remove("default");
            }
            map.values_mut().for_each(drop_empty_defaults);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_empty_defaults),
        _ => {}
    }
}
