//! One look at a document, so that every reader can say whether it knows it.
//!
//! The outline is the document in the engine's JSON form (XML and CSV too, see `docs/adding-a-scanner.md`), with arrays
//! cut to their first element, long objects, long texts and great depths cut off.

use serde_json::Value;

use super::ReadError;

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
}

impl Probe {
    /// Looks at a document.
    ///
    /// # Errors
    /// Where it is broken: cut off, nested too deep, a number without end.
    pub fn new(path: &str, text: &str) -> Result<Self, ReadError> {
        let outline: Value = serde_json::from_str(text).map_err(|e| ReadError::malformed(path, e))?;
        Ok(Self { format: Format::Json, outline })
    }

    /// What the document is written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The outline of the document.
    #[must_use]
    pub fn outline(&self) -> &Value {
        &self.outline
    }

    /// The outline's value at a path such as `runs[].tool.driver.name`; `[]` is an array's first element, or an
    /// object's first value. JSON and JSON lines begin with the (first) value, XML with the root element's name
    /// (`OWASPZAPReport.site.@name`), CSV with the first row (`severity`).
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

    /// The text at a path.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }
}
