//! The schema of the fake's GraphQL API, and the documents that were asked so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::contract;

pub fn schema() -> &'static Valid<Schema> {
    static SCHEMA: OnceLock<Valid<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = contract::file("github.graphql").unwrap_or_else(|| include_str!("schema.graphql").to_owned());
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
pub fn document(text: &str) -> Result<Document, String> {
    static DOCUMENTS: Mutex<BTreeMap<String, Result<Document, String>>> = Mutex::new(BTreeMap::new());
    let parse = || {
        let parsed = ExecutableDocument::parse_and_validate(schema(), text, "request.graphql");
        parsed.map(Arc::new).map_err(|errors| errors.errors.to_string())
    };
    DOCUMENTS.lock().expect("documents").entry(text.to_owned()).or_insert_with(parse).clone()
}
