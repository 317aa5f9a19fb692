//! The published OpenAPI document, where it is there: requests and the fake's own answers are held against it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Map, Value, json};

use super::Answer;
use super::rest::Call;

/// A file of `../shared/contracts`, beside the crate.
pub fn file(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts").join(name);
    // Worktrees lie one level deeper.
    let deeper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/contracts").join(name);
    // For trying what a plain clone does.
    let wanted = std::env::var_os("WITHOUT_CONTRACTS").is_none();
    let text = std::fs::read_to_string(path).or_else(|_| std::fs::read_to_string(deeper)).ok().filter(|_| wanted);
    if text.is_none() {
        eprintln!("skipped: no {name}, so nothing is held against GitHub's published contract");
    }
    text
}

fn document() -> Option<&'static Value> {
    static DOCUMENT: OnceLock<Option<Value>> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let mut document = serde_json::from_str(&file("github-rest.openapi.json")?).expect("the contract is JSON");
            as_json_schema(&mut document);
            Some(document)
        })
        .as_ref()
}

/// OpenAPI 3.0 says `nullable` where JSON Schema names the type `null`.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(as_json_schema),
        Value::Object(map) => {
            map.values_mut().for_each(as_json_schema);
            map.remove("example");
            if map.remove("nullable") == Some(Value::Bool(true)) {
                if let Some(Value::Array(values)) = map.get_mut("enum") {
                    values.push(Value::Null);
                }
                let inner = Value::Object(std::mem::take(map));
                map.insert("anyOf".to_owned(), json!([{ "type": "null" }, inner]));
            }
        }
        _ => {}
    }
}

fn resolve(document: &'static Value, value: &'static Value) -> &'static Value {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// What a published schema requires, filled with something of the right type.
pub fn filled(schema: &str) -> Value {
    let Some(document) = document() else { return json!({}) };
    let schema = &document["components"]["schemas"][schema];
    let mut filled = Map::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let property = resolve(document, &schema["properties"][name]);
        let value = match property["type"].as_str() {
            Some("string") if property["format"] == "date-time" => json!("2026-11-24T09:00:00Z"),
            Some("string") => json!("https://example.com/"),
            Some("integer") => json!(0),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => Value::Null,
        };
        filled.insert(name.to_owned(), value);
    }
    Value::Object(filled)
}

/// What the published contract has against a request and its answer.
pub fn check(call: &Call<'_>, answer: &Answer) -> Vec<String> {
    let name = format!("{} {}", call.method, call.path);
    let Some(document) = document() else {
        let known = answer.status != 404 || ["/repos/", "/orgs/"].iter().any(|known| call.path.starts_with(known));
        return if known { Vec::new() } else { vec![format!("{name}: unexpected")] };
    };
    let Some(path) = path(document, call.path) else {
        return if is_documented(call) { Vec::new() } else { vec![format!("{name}: no such path")] };
    };
    let operation = &path[call.method.as_str().to_lowercase()];
    if operation.is_null() {
        return vec![format!("{name}: no such method")];
    }
    let mut violations = Vec::new();
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|p| resolve(document, p));
    let queries: Vec<&Value> = parameters.filter(|parameter| parameter["in"] == "query").collect();
    for (key, value) in url::form_urlencoded::parse(call.query.as_bytes()) {
        match queries.iter().find(|parameter| parameter["name"] == *key) {
            None => violations.push(format!("{name}: no query parameter `{key}`")),
            Some(parameter) => {
                let typed = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
                let typed = if parameter["schema"]["type"] == "string" { json!(value) } else { typed };
                violations.extend(hold(document, &parameter["schema"], &typed, &format!("{name}?{key}")));
            }
        }
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !schema.is_null() {
        match serde_json::from_slice::<Value>(call.body) {
            Ok(body) => {
                violations.extend(hold(document, schema, &body, &name));
                let known = schema["properties"].as_object();
                let unknown = body.as_object().into_iter().flat_map(|body| body.keys());
                let unknown = unknown.filter(|key| known.is_some_and(|known| !known.contains_key(*key)));
                violations.extend(unknown.map(|key| format!("{name}: no property `{key}`")));
            }
            Err(error) => violations.push(format!("{name}: the body is no JSON: {error}")),
        }
    }
    let response = &operation["responses"][answer.status.to_string()];
    // 401, limits and redirects are possible anywhere and seldom written down.
    if response.is_null() && !matches!(answer.status, 301 | 307 | 401 | 403 | 429) {
        violations.push(format!("{name}: the fake's answer {} is not in the contract", answer.status));
    }
    let schema = &resolve(document, response)["content"]["application/json"]["schema"];
    if !schema.is_null() {
        violations.extend(hold(document, schema, &answer.body, &format!("the fake's answer to {name}")));
    }
    violations
}

/// Whether a request is one that the excerpt of the contract lacks and the documentation has:
/// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>,
/// <https://docs.github.com/en/rest/orgs/issue-fields#update-issue-field-for-an-organization>,
/// <https://docs.github.com/en/rest/issues/issue-field-values#delete-an-issue-field-value-from-an-issue>
fn is_documented(call: &Call<'_>) -> bool {
    let parts: Vec<&str> = call.path.split('/').collect();
    matches!(
        (call.method.as_str(), &parts[..]),
        ("GET", ["", "repos", _, _, "collaborators", _, "permission"])
            | ("PATCH", ["", "orgs", _, "issue-fields", _])
            | ("DELETE", ["", "repos", _, _, "issues", _, "issue-field-values", _])
    )
}

fn path(document: &'static Value, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let matches = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == parts.len()
            && template.iter().zip(&parts).all(|(want, is)| want == is || (want.starts_with('{') && !is.is_empty()))
    };
    document["paths"].as_object()?.iter().find(|(template, _)| matches(template)).map(|(_, item)| item)
}

fn hold(document: &'static Value, schema: &'static Value, value: &Value, name: &str) -> Vec<String> {
    // By address: the document stays where it is, and its schemas are long to compare.
    static VALIDATORS: Mutex<BTreeMap<usize, Arc<jsonschema::Validator>>> = Mutex::new(BTreeMap::new());
    let validator = VALIDATORS
        .lock()
        .expect("validators")
        .entry(std::ptr::from_ref(schema) as usize)
        .or_insert_with(|| {
            let whole = json!({ "allOf": [schema], "components": document["components"] });
            Arc::new(jsonschema::validator_for(&whole).expect("the contract's schemas are schemas"))
        })
        .clone();
    validator.iter_errors(value).map(|error| format!("{name}: {error} at {}", error.instance_path())).take(5).collect()
}
