//! The schema of the fake's GraphQL API, and the documents that were asked so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::contract;

/// The published schema; with issue fields, what a GitHub with that preview has beside it.
pub fn schema(has_issue_fields: bool) -> &'static Valid<Schema> {
    static SCHEMA: [OnceLock<Valid<Schema>>; 2] = [OnceLock::new(), OnceLock::new()];
    SCHEMA[usize::from(has_issue_fields)].get_or_init(|| {
        let mut text = contract::file("github.graphql").unwrap_or_else(|| include_str!("schema.graphql").to_owned());
        if has_issue_fields {
            text.push_str(include_str!("issue_fields.graphql"));
        }
        match Schema::parse_and_validate(text, "github.graphql") {
            Ok(schema) => schema,
            // The published schema defines two fields of `EnterpriseOwnerInfo` twice, which a strict engine minds.
            Err(found) if found.errors.iter().all(|e| e.to_string().contains("duplicate definitions")) => {
                Valid::assume_valid(found.partial)
            }
            Err(found) => panic!("{}", found.errors),
        }
    })
}

pub type Document = Arc<Valid<ExecutableDocument>>;

/// A document, parsed and validated once: with a schema this large, that is most of the work of a request.
pub fn document(text: &str, has_issue_fields: bool) -> Result<Document, String> {
    type Known = BTreeMap<(bool, String), Result<Document, String>>;
    static DOCUMENTS: Mutex<Known> = Mutex::new(BTreeMap::new());
    let parse = || {
        let parsed = ExecutableDocument::parse_and_validate(schema(has_issue_fields), text, "request.graphql");
        parsed.map(Arc::new).map_err(|errors| errors.errors.to_string())
    };
    let key = (has_issue_fields, text.to_owned());
    DOCUMENTS.lock().expect("documents").entry(key).or_insert_with(parse).clone()
}
