//! The mapping file's JSON schema, for editors.

/// The JSON schema (draft 2020-12) of the mapping file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(super::written::File).to_value()
}
