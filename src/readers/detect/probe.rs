//! One look at a document, so that every reader can say whether it knows it.
//!
//! The outline is the document in the engine's JSON form (XML and CSV too, see `docs/adding-a-scanner.md`), with arrays
//! cut to their first element, long objects, long texts and great depths cut off.

use bytes::Bytes;
use serde_json::Value;

use super::outline::{SkimError, Skimmer};
use crate::readers::ReadError;
use crate::readers::load::document;
use crate::redact::plain_name;

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON value.
    Json,
    /// JSON values, one after another, mostly one a line.
    Jsonl,
    /// XML.
    Xml,
    /// Rows of values with a header.
    Csv,
    /// YAML that is not JSON.
    Yaml,
    /// Anything else.
    Text,
}

/// One look at a document.
#[derive(Debug, Clone)]
pub struct Probe {
    format: Format,
    outline: Value,
    /// How prose begins, or what looks like CSV or YAML and may be prose.
    beginning: Option<String>,
    /// The text without numbers that the parsers do not take, where it has any.
    rewritten: Option<Bytes>,
}

impl Probe {
    /// Looks at a document.
    ///
    /// # Errors
    /// Where it is broken: cut off, nested too deep, a number without end.
    pub fn new(path: &str, text: &str) -> Result<Self, ReadError> {
        let start = text.trim_start();
        if start.starts_with('<') {
            let outline = document::xml(path, text, true)?;
            return Ok(Self { format: Format::Xml, outline, beginning: None, rewritten: None });
        }
        // A log's line begins with a time: `[05:01:52] …`.
        let is_log = start.as_bytes().first() == Some(&b'[') && start.as_bytes().get(3) == Some(&b':');
        if !is_log && start.starts_with(['{', '[', '"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
            match json(path, text) {
                // `--- ` begins YAML, `"a","b"` and `1,2` CSV: only what must be JSON is broken JSON.
                Err(error) if start.starts_with(['{', '[']) || !start.contains('\n') => return Err(error),
                Err(_) => {}
                Ok(probe) => return Ok(probe),
            }
        }
        let beginning = beginning(text);
        let (format, outline) = document::csv_outline(text)
            .map(|outline| (Format::Csv, outline))
            .or_else(|| document::yaml_outline(text).map(|outline| (Format::Yaml, outline)))
            .unwrap_or_else(|| (Format::Text, beginning.clone().into()));
        Ok(Self { format, outline, beginning: Some(beginning), rewritten: None })
    }

    /// What the document is written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text with numbers beyond any float as texts, where it has any.
    pub(crate) fn rewritten(&self) -> Option<(&str, &Bytes)> {
        let bytes = self.rewritten.as_ref()?;
        Some((std::str::from_utf8(bytes).ok()?, bytes))
    }

    /// The outline of the document.
    #[must_use]
    pub fn outline(&self) -> &Value {
        &self.outline
    }

    /// The outline's value at a path such as `runs[].tool.driver.name`; `[]` is an array's first element, or an
    /// object's first value. JSON and JSON lines begin with the (first) value, XML with the root element's name
    /// (`OWASPZAPReport.site.@name`), CSV with the first row (`severity`). The empty path is the whole, of which plain
    /// text has the beginning.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.outline, |value, segment| {
            let key = segment.trim_end_matches("[]");
            let value = if key.is_empty() { value } else { value.get(key)? };
            (0..(segment.len() - key.len()) / 2).try_fold(value, |value, _| match value {
                Value::Array(items) => items.first(),
                Value::Object(members) => members.values().next(),
                _ => None,
            })
        })
    }

    /// Whether there is anything at a path, null too.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// The text at a path. At the empty path it is the beginning of what is no JSON or XML, also where that looks like
    /// something else than plain text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        let beginning = self.beginning.as_deref().filter(|_| path.is_empty());
        beginning.or_else(|| self.get(path)?.as_str())
    }

    /// What it looks like, for people.
    pub(crate) fn looks(&self) -> String {
        let names = |value: &Value| match value {
            Value::Object(members) => {
                // A header that is none, and members that are keys, are values.
                let names: Vec<_> = members.keys().take(6).map(|name| plain_name(name).unwrap_or("…")).collect();
                let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
                format!(" with {}", if names.is_empty() { "no members".to_owned() } else { names.join(", ") })
            }
            _ => String::new(),
        };
        match (self.format, &self.outline) {
            (Format::Xml, Value::Object(members)) => {
                format!(
                    "XML with the root element `{}`",
                    members.keys().next().and_then(|name| plain_name(name)).unwrap_or("…")
                )
            }
            (Format::Json, Value::Array(items)) => match items.first() {
                Some(first) => format!("a JSON array of {}{}", kind(first), names(first)),
                None => "an empty JSON array, which does not say whose it is".to_owned(),
            },
            (Format::Json, value) => format!("JSON, {}{}", kind(value), names(value)),
            (Format::Jsonl, value) => format!("JSON lines, the first {}{}", kind(value), names(value)),
            (Format::Csv, value) => format!("CSV of {} columns", value.as_object().map_or(0, serde_json::Map::len)),
            (Format::Yaml, value) => format!("YAML{}", names(value)),
            _ => "plain text".to_owned(),
        }
    }
}

/// Enough of a plain text to know it by.
fn beginning(text: &str) -> String {
    text.trim_start().chars().take(1024).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
    }
}

fn json(path: &str, text: &str) -> Result<Probe, ReadError> {
    let broken = |error: SkimError| document::broken(path, text, error.at, error.what);
    let mut skimmer = Skimmer::new(text);
    let outline = skimmer.next_value().map_err(broken)?.unwrap_or_default();
    let mut format = Format::Json;
    while skimmer.next_value().map_err(broken)?.is_some() {
        format = Format::Jsonl;
    }
    Ok(Probe { format, outline, beginning: None, rewritten: skimmer.rewritten().map(Bytes::from) })
}
