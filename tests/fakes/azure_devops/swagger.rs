//! The contract: every request is held against Microsoft's swagger file, where it is beside the repository.

use std::path::Path;

use serde_json::Value;

/// The swagger file, reduced.
#[derive(Debug)]
pub(crate) struct Swagger(Value);

impl Swagger {
    /// Reads a file of the contracts; `None`, said aloud, where they are not there.
    pub(crate) fn contract(name: &str) -> Option<Value> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts").join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: no {}", path.display());
            return None;
        };
        Some(serde_json::from_str(&text).expect("the contract is JSON"))
    }

    pub(crate) fn load() -> Option<Self> {
        Self::contract("azure-devops.swagger.json").map(Self)
    }

    /// What is wrong with a request, by the contract.
    pub(crate) fn objections(
        &self,
        method: &str,
        path: &str,
        query: &[(String, String)],
        kind: &str,
        body: &Value,
    ) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("{method} {path} is not in the contract")];
        };
        let mut wrong = Vec::new();
        let parameters: Vec<&Value> =
            operation["parameters"].as_array().into_iter().flatten().map(|p| self.resolve(p)).collect();
        let in_query = |p: &&&Value| p["in"] == "query";
        for (name, value) in query {
            match parameters.iter().filter(in_query).find(|p| p["name"] == name.as_str()) {
                None => wrong.push(format!("{method} {path} knows no parameter {name}")),
                Some(p) if p["enum"].as_array().is_some_and(|among| !among.iter().any(|v| v == value.as_str())) => {
                    wrong.push(format!("{name}={value} is not among {}", p["enum"]));
                }
                Some(_) => {}
            }
        }
        for p in parameters.iter().filter(in_query).filter(|p| p["required"] == true) {
            if !query.iter().any(|(name, _)| p["name"] == name.as_str()) {
                wrong.push(format!("{method} {path} lacks {}", p["name"]));
            }
        }
        if let Some(p) = parameters.iter().find(|p| p["in"] == "body") {
            let consumes = operation["consumes"].as_array();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            if consumes.is_some_and(|kinds| !kinds.iter().any(|k| k == kind)) {
                wrong.push(format!("{method} {path} does not take {kind}"));
            }
            self.fits(&p["schema"], body, "body", &mut wrong);
        } else if !body.is_null() {
            wrong.push(format!("{method} {path} takes no body"));
        }
        wrong
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
            // `{team}` and `{project}` may be left out.
            let shorter = |drop: &[&str]| wanted.iter().filter(|w| !drop.contains(w)).copied().collect::<Vec<_>>();
            [vec![], vec!["{team}"], vec!["{project}"], vec!["{team}", "{project}"]].iter().any(|drop| {
                let wanted = shorter(drop);
                wanted.len() == asked.len() && wanted.iter().zip(&asked).all(|(w, a)| segment_fits(w, a))
            })
        };
        let paths = self.0["paths"].as_object()?;
        paths.iter().filter(|(template, _)| fits(template)).find_map(|(_, methods)| methods.get(method.to_lowercase()))
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            Some(pointer) => self.0.pointer(pointer).unwrap_or(value),
            None => value,
        }
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value, at, wrong);
        }
        match (schema["type"].as_str(), value) {
            (Some("array"), Value::Array(items)) => {
                for item in items {
                    self.fits(&schema["items"], item, at, wrong);
                }
            }
            (Some("array"), _) => wrong.push(format!("{at} must be an array")),
            (Some("string"), Value::String(_) | Value::Null) | (Some("integer"), Value::Number(_)) => {}
            (Some(kind @ ("string" | "integer")), _) => wrong.push(format!("{at} must be a {kind}")),
            _ => {}
        }
        if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) {
            for (name, value) in object {
                match properties.get(name) {
                    Some(schema) => self.fits(schema, value, &format!("{at}.{name}"), wrong),
                    None => wrong.push(format!("{at} knows no {name}")),
                }
            }
        }
        if schema["enum"].as_array().is_some_and(|among| !among.iter().any(|v| v == value)) {
            wrong.push(format!("{at} is {value}, not among {}", schema["enum"]));
        }
    }
}

fn segment_fits(wanted: &str, asked: &str) -> bool {
    match wanted.strip_prefix('$') {
        Some(_) => asked.starts_with('$'),
        None if wanted == "{id}" || wanted == "{workItemId}" => asked.parse::<u64>().is_ok(),
        None if wanted.starts_with('{') => !asked.is_empty() && !asked.starts_with(['$', '_']),
        None => wanted.eq_ignore_ascii_case(asked),
    }
}
