//! The mapping file's schema and documentation, held against the parser.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use findsync::ci::{Ci, Service};
use findsync::config::{Config, Given, schema};
use findsync::template::{Sources, Templates};
use serde_json::Value;

const DOCS: &str = include_str!("../docs/mapping-file.md");

fn parse(text: &str) -> Result<Config, String> {
    let ci = Ci {
        service: Some(Service::GitHub),
        server_url: Some("https://github.com".to_owned()),
        repository: Some("acme/shop".to_owned()),
        ..Ci::default()
    };
    let read = |path: &Path| match path.extension() {
        Some(_) => Ok("{{ title }}".to_owned()),
        None => Err(io::ErrorKind::NotFound.into()),
    };
    let given = Given {
        env: &|_| Some("value".to_owned()),
        read: &read,
        template: &findsync::template::check,
        ci: &ci,
        tokens_needed: true,
    };
    Config::parse(text.as_bytes(), ".findsync.yml", given).map_err(|e| e.to_string())
}

/// The blocks of YAML in the documentation; those that show a part are whole sections of a mapping file.
fn blocks() -> Vec<&'static str> {
    DOCS.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn errors(text: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let value: Value = serde_yaml::from_str(text).unwrap();
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_checked_in_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/findsync.schema.json");
    let checked_in = std::fs::read_to_string(path).unwrap();
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    assert!(checked_in == now, "run `findsync schema config > schema/findsync.schema.json`");
}

#[test]
fn every_example_is_read_and_fits_the_schema() {
    assert!(blocks().len() > 10);
    for text in blocks().into_iter().chain([include_str!("fixtures/config/full.yml")]) {
        let config = parse(text).unwrap_or_else(|e| panic!("{e}\nin\n{text}"));
        for mapping in &config.mappings {
            let fields: Vec<_> = mapping.fields.iter().map(|f| (f.field.as_str(), f.value.as_str())).collect();
            let (title, body) = (mapping.title_template.as_deref(), mapping.body_template.as_deref());
            Templates::new(&Sources { title, body, fields: &fields }).unwrap_or_else(|e| panic!("{e}\nin\n{text}"));
        }
        assert_eq!(errors(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    for text in [
        "mapping: []",
        "reports: [{target: x}]",
        "reports: a.sarif",
        "instances: [{label: a, type: githob}]",
        "mappings: [{status: {active: {value: New, stat: open}}}]",
        "limits: {max_open: many}",
        "routes: [{when: {min_severity: hihg}}]",
    ] {
        assert!(parse(text).is_err(), "{text}");
        assert!(!errors(text).is_empty(), "{text}");
    }
}

/// All keys of the schema, with the definition that has them.
fn keys(schema: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let definitions = schema["$defs"].as_object().unwrap();
    let all = definitions.iter().map(|(name, definition)| (name.as_str(), definition)).chain([("File", schema)]);
    for (name, definition) in all {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(
                property["description"].is_string() || property["$ref"].is_string(),
                "{name}.{key} is not described"
            );
            found.insert((name.to_owned(), key.clone()));
        }
    }
    found
}

#[test]
fn the_documentation_names_every_key_and_shows_it_in_use() {
    let schema = schema();
    let examples = blocks().concat();
    for (definition, key) in keys(&schema) {
        assert!(DOCS.contains(&format!("`{key}`")), "docs/mapping-file.md does not explain `{key}` of {definition}");
        assert!(
            examples.contains(&format!("{key}:")),
            "no example of docs/mapping-file.md uses `{key}` of {definition}"
        );
    }
}

#[test]
fn the_documentation_tells_every_word() {
    fn words(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                let list = map.get("enum").and_then(Value::as_array).into_iter().flatten();
                found.extend(list.filter_map(|word| word.as_str().map(str::to_owned)));
                map.values().for_each(|value| words(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| words(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    words(&schema(), &mut found);
    assert!(found.contains("risk_accepted"));
    for word in found {
        assert!(DOCS.contains(&format!("`{word}`")), "docs/mapping-file.md does not name `{word}`");
    }
}
